/* Rows of a join: against a plain model, and as older versions have kept them. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "value/key.h"
#include "value/shape.h"
#include "join/join_rows.h"

static struct err err;

static struct join_key
key_of(int64_t i, struct buf *key)
{
	struct value v = value_int(i);

	buf_clear(key);
	key_encode(&v, key);
	return join_key_of(key->p, key->n);
}

/* ---- older versions ---- */

static void
old_row(struct state *s, int side, uint64_t id, uint64_t before, uint64_t after,
	int64_t k, int64_t due)
{
	struct buf key, name, value;
	char text[40];
	uint32_t head[2];
	state_ref r;
	bool made;

	buf_init(&key);
	buf_init(&name);
	buf_init(&value);
	key_of(k, &key);
	buf_byte(&name, 'R');
	buf_byte(&name, (char)side);
	buf_add(&name, &id, sizeof(id));
	head[0] = (uint32_t)key.n;
	head[1] = id == 3;
	buf_add(&value, &before, sizeof(before));
	buf_add(&value, &after, sizeof(after));
	buf_add(&value, head, sizeof(head));
	buf_add(&value, key.p, key.n);
	snprintf(text, sizeof(text), "{\"k\":%d,\"id\":%d}", (int)k, (int)id);
	buf_str(&value, text);
	r = state_make(s, name.p, name.n, value.n, &made, &err);
	memcpy(state_value(s, r, NULL), value.p, value.n);
	if (due != STATE_NEVER)
		state_set_due(s, r, due);
	buf_clear(&name);
	buf_byte(&name, 'K');
	buf_byte(&name, (char)side);
	buf_add(&name, key.p, key.n);
	state_make(s, name.p, name.n, 16, &made, &err);
	buf_release(&key);
	buf_release(&name);
	buf_release(&value);
}

static void
check_row(
	struct join_rows *j, int side, state_ref row, uint64_t id, int64_t due)
{
	struct record r;
	uint64_t got;
	int of;

	assert(row != STATE_NONE);
	assert(join_rows_is(j, row, &of, &got));
	assert(of == side && got == id);
	assert(join_rows_find(j, side, id) == row);
	assert(join_store_matched(&j->store, row) == (id == 3));
	assert(state_get_due(j->state, row) == due);
	assert(join_rows_record(j, side, row, &r) == 0);
	assert(r.shape->n == 2 && r.v[1].n == 1);
	assert(r.v[1].s[0] == (char)('0' + id));
}

static void
older(struct shapes *shapes)
{
	struct state *s = state_new(0);
	struct join_rows j;
	struct join_key key;
	struct buf bytes;
	state_ref row;
	bool made;

	old_row(s, 0, 3, 1, 0, 7, 50);
	old_row(s, 1, 2, 0, 0, 7, STATE_NEVER);
	old_row(s, 0, 1, 0, 3, 7, 40);
	old_row(s, 0, 4, 0, 0, 8, STATE_NEVER);
	state_make(s, "I", 1, 8, &made, &err);
	join_rows_init(&j, shapes, &err);
	assert(join_rows_restore(&j, s, false) == 0);
	assert(j.count == 4 && state_count(s) == 5);
	buf_init(&bytes);
	key = key_of(7, &bytes);
	row = join_rows_first(&j, 0, &key);
	check_row(&j, 0, row, 1, 40);
	row = join_store_row(&j.store, row)->after;
	check_row(&j, 0, row, 3, 50);
	assert(join_store_row(&j.store, row)->after == STATE_NONE);
	check_row(&j, 1, join_rows_first(&j, 1, &key), 2, STATE_NEVER);
	key = key_of(8, &bytes);
	check_row(&j, 0, join_rows_first(&j, 0, &key), 4, STATE_NEVER);
	assert(join_rows_first(&j, 1, &key) == STATE_NONE);
	/* Twice is as once. */
	assert(join_rows_restore(&j, s, false) == 0);
	assert(j.count == 4 && state_count(s) == 5);
	buf_release(&bytes);
	join_rows_release(&j);
	state_free(s);
}

/* ---- against a model ---- */

#define KEYS 300
#define ROWS 20000

static uint64_t seed = 42;

static uint32_t
pick(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(seed >> 33) % n;
}

static struct model {
	int side, k;
	bool there;
} model[ROWS + 1];

static void
check_all(struct join_rows *j)
{
	struct join_key key;
	struct buf bytes;

	buf_init(&bytes);
	for (int side = 0; side < 2; side++)
		for (int k = 0; k < KEYS; k++) {
			state_ref row;
			uint64_t id = 0;
			int of;

			key = key_of(k, &bytes);
			row = join_rows_first(j, side, &key);
			for (uint64_t i = 1; i <= j->next_id; i++) {
				if (!model[i].there || model[i].side != side ||
					model[i].k != k)
					continue;
				assert(row != STATE_NONE);
				assert(join_rows_is(j, row, &of, &id));
				assert(of == side && id == i);
				row = join_store_row(&j->store, row)->after;
			}
			assert(row == STATE_NONE);
		}
	buf_release(&bytes);
}

static void
random_rows(struct shapes *shapes)
{
	struct state *s = state_new(0);
	struct record r = {.shape = shape_empty(shapes)};
	struct join_rows j;
	struct join_key key;
	struct buf bytes;

	buf_init(&bytes);
	join_rows_init(&j, shapes, &err);
	assert(join_rows_restore(&j, s, false) == 0);
	for (uint64_t id = 1; id <= ROWS; id++) {
		struct model *m = &model[id],
			     *old = &model[1 + pick((uint32_t)id)];

		m->side = (int)pick(2);
		m->k = (int)pick(1 + pick(KEYS));
		m->there = true;
		key = key_of(m->k, &bytes);
		assert(join_rows_keep(
			       &j, m->side, &key, &r, false, STATE_NEVER) == 0);
		if (pick(4) != 0 && old->there) {
			uint64_t at = (uint64_t)(old - model);

			join_rows_drop(&j, old->side,
				join_rows_find(&j, old->side, at));
			old->there = false;
		}
		if (id % 5000 == 0)
			check_all(&j);
	}
	assert(join_rows_restore(&j, s, false) == 0);
	check_all(&j);
	for (uint64_t id = 1; id <= ROWS; id++)
		if (model[id].there)
			join_rows_drop(&j, model[id].side,
				join_rows_find(&j, model[id].side, id));
	assert(j.count == 0 && state_count(s) == 0);
	assert(j.index[0].count == 0 && j.index[1].count == 0);
	buf_release(&bytes);
	join_rows_release(&j);
	state_free(s);
}

/* ---- in memory of their own ---- */

#define OWN 30000

/* As long as is told by its number: some are larger than a chunk, or two. */
static size_t
own_length(uint32_t i)
{
	return i % 5000 == 4999 ? (size_t)1 << (19 + i / 5000)
		: i % 100 == 0  ? 9000 + i
				: i % 90;
}

static void
check_own(const struct join_store *s, state_ref r, uint32_t i)
{
	const struct join_row *row = join_store_row(s, r);
	const char *text;
	size_t n;

	assert(join_store_side(s, r) == (int)(i & 1));
	assert(join_store_matched(s, r) == (i % 3 == 0));
	assert(join_store_nkey(row) == i % 9);
	assert(memcmp(row + 1, "keybytes", i % 9) == 0);
	text = join_store_text(s, r, &n);
	assert(n == own_length(i));
	for (size_t k = 0; k < n; k++)
		assert(text[k] == (char)('a' + i % 26));
}

static void
own_rows(void)
{
	struct state *state = state_new(0);
	struct join_store s = {.own = false};
	struct buf text;
	state_ref *rows = calloc(OWN, sizeof(*rows)), r;

	buf_init(&text);
	join_store_init(&s, state, true);
	assert(join_store_first(&s) == STATE_NONE);
	for (uint32_t i = 0; i < OWN; i++) {
		buf_clear(&text);
		memset(buf_need(&text, own_length(i) + 1), 'a' + (int)(i % 26),
			own_length(i));
		text.n = own_length(i);
		r = rows[i] = join_store_put(&s, (int)(i & 1), "keybytes",
			i % 9, &text, i % 6 == 0, &err);
		assert(r != STATE_NONE);
		join_store_row(&s, r)->before = r;
		if (i % 6 == 3)
			join_store_match(&s, r);
	}
	r = join_store_first(&s);
	for (uint32_t i = 0; i < OWN; i++, r = join_store_next(&s, r)) {
		assert(r == rows[i]);
		check_own(&s, r, i);
	}
	assert(r == STATE_NONE && s.count == OWN);
	join_store_init(&s, state, true);
	assert(join_store_first(&s) == STATE_NONE && s.bytes == 0);
	join_store_release(&s);
	buf_release(&text);
	free(rows);
	state_free(state);
}

int
main(void)
{
	struct shapes *shapes = shape_set_new();

	older(shapes);
	random_rows(shapes);
	own_rows();
	shape_set_free(shapes);
	return 0;
}
