/*
 * join_rows: see join_rows.h.
 */
#include "join/join_rows.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "value/json.h"
#include "value/key.h"
#include "value/record_read.h"
#include "runtime/entry.h"

#define ROW_KEY 8 /* bytes */

void
join_rows_init(struct join_rows *j, struct shapes *shapes, struct err *err)
{
	memset(j, 0, sizeof(*j));
	j->err = err;
	for (int s = 0; s < 2; s++)
		record_read_init(&j->reader[s], shapes);
}

void
join_rows_release(struct join_rows *j)
{
	for (int s = 0; s < 2; s++) {
		if (j->reader[s].shapes != NULL)
			record_read_release(&j->reader[s]);
		buf_release(&j->text[s]);
		join_index_clear(&j->index[s]);
	}
	join_store_release(&j->store);
}

/* The key of a row's entry. */
static void
row_key(char key[ROW_KEY], int side, uint64_t id)
{
	uint64_t w = htole64((id << 1 | (uint64_t)side) << 8 | 'R');

	memcpy(key, &w, ROW_KEY);
}

/* Names that rows may get.  (Those that are not kept take none.) */
static void
expect_names(const struct join_rows *j, int side, size_t n)
{
	char key[ROW_KEY];

	for (size_t i = 1; i <= n; i++) {
		row_key(key, side, j->next_id + i);
		state_expect(j->state, key, ROW_KEY);
	}
}

void
join_rows_ahead(const struct join_rows *j, int side, struct join_ahead *ahead,
	bool kept)
{
	const struct join_index *own = &j->index[side],
				*other = &j->index[!side];
	struct join_ahead_key *k = ahead->keys;

	for (size_t i = 0; i < ahead->n; i++) {
		join_index_expect(other, k[i].key.hash);
		if (kept)
			join_index_expect(own, k[i].key.hash);
	}
	if (kept && !j->unnamed)
		expect_names(j, side, ahead->n);
	for (size_t i = 0; i < ahead->n; i++) {
		k[i].met = join_index_fetch(other, k[i].key.hash);
		if (kept)
			join_index_fetch(own, k[i].key.hash);
	}
}

state_ref
join_rows_find(struct join_rows *j, int side, uint64_t id)
{
	char key[ROW_KEY];

	row_key(key, side, id);
	return state_find(j->state, key, ROW_KEY);
}

state_ref
join_rows_first(const struct join_rows *j, int side, const struct join_key *key)
{
	return join_index_first(&j->index[side], key);
}

state_ref
join_rows_met(const struct join_rows *j, int side, const struct join_key *key,
	state_ref met)
{
	return join_index_fetched(&j->index[side], key, met);
}

bool
join_rows_is(
	const struct join_rows *j, state_ref entry, int *side, uint64_t *id)
{
	size_t n;
	const char *key = state_key(j->state, entry, &n);
	uint64_t w;

	if (key[0] != 'R' || n != ROW_KEY)
		return false;
	memcpy(&w, key, ROW_KEY);
	w = le64toh(w) >> 8;
	*side = w & 1;
	*id = w >> 1;
	return true;
}

int
join_rows_record(struct join_rows *j, int side, state_ref row, struct record *r)
{
	struct buf *text = &j->text[side];
	size_t n;
	const char *p = join_store_text(&j->store, row, &n);

	if (!j->store.own) {
		buf_clear(text);
		buf_add(text, p, n);
		buf_need(text, JSON_PADDING);
		p = text->p;
	}
	*r = (struct record){.line = p, .nline = (uint32_t)n};
	return record_read(&j->reader[side], r, j->err);
}

/* Put a row at the end of those of its side and key. */
static void
link_row(struct join_rows *j, int side, const struct join_key *key,
	state_ref row)
{
	state_ref first = join_index_make(&j->index[side], key, row), last;
	struct join_row *head = join_store_row(&j->store, row);

	last = first == row ? row : join_store_row(&j->store, first)->before;
	head->before = last;
	head->after = STATE_NONE;
	if (first != row) {
		join_store_row(&j->store, last)->after = row;
		join_store_row(&j->store, first)->before = row;
	}
	j->count++;
	state_beside(j->state,
		join_index_bytes(&j->index[0]) +
			join_index_bytes(&j->index[1]) + j->store.bytes,
		j->store.count);
}

/* An entry for the row of this number. */
static state_ref
make_entry(struct join_rows *j, int side, uint64_t id,
	const struct join_key *key, bool matched)
{
	struct join_row head = {.nkey = key->n, .matched = matched};
	const struct buf *text = &j->text[side];
	size_t size = sizeof(head) + key->n + text->n;
	char name[ROW_KEY];
	state_ref row;
	bool made;
	char *p;

	row_key(name, side, id);
	row = j->unnamed
		? state_put(j->state, name, ROW_KEY, size, j->err)
		: state_make(j->state, name, ROW_KEY, size, &made, j->err);
	if (row == STATE_NONE)
		return STATE_NONE;
	p = state_change(j->state, row);
	memcpy(p, &head, sizeof(head));
	if (key->n > 0)
		memcpy(p + sizeof(head), key->p, key->n);
	memcpy(p + sizeof(head) + key->n, text->p, text->n);
	return row;
}

/* The row of this number at the end of its key's, with what is in j->text. */
static state_ref
put_row(struct join_rows *j, int side, uint64_t id, const struct join_key *key,
	bool matched)
{
	state_ref row = j->store.own
		? join_store_put(&j->store, side, key->p, key->n,
			  &j->text[side], matched, j->err)
		: make_entry(j, side, id, key, matched);

	if (row != STATE_NONE)
		link_row(j, side, key, row);
	return row;
}

int
join_rows_keep(struct join_rows *j, int side, const struct join_key *key,
	const struct record *r, bool matched, int64_t due)
{
	state_ref row;

	buf_clear(&j->text[side]);
	record_print(r, &j->text[side]);
	row = put_row(j, side, ++j->next_id, key, matched);
	if (row == STATE_NONE)
		return -1;
	if (due != STATE_NEVER && !j->store.own)
		state_set_due(j->state, row, due);
	return 0;
}

/* The key of a row, whose bytes stand in it. */
static struct join_key
key_of(const struct join_row *head)
{
	return join_key_of((const char *)(head + 1), join_store_nkey(head));
}

/* Take a row out of those of its side and key: the first has the last before it,
 * behind which there is none. */
static void
unlink_row(struct join_rows *j, int side, state_ref row)
{
	const struct join_row *head = join_store_row(&j->store, row);
	state_ref before = head->before, after = head->after;
	bool first = join_store_row(&j->store, before)->after == STATE_NONE;
	struct join_key key = key_of(head);

	if (first)
		join_index_set(&j->index[side], &key, after);
	else
		join_store_row(&j->store, before)->after = after;
	if (after != STATE_NONE)
		join_store_row(&j->store, after)->before = before;
	else if (!first)
		join_store_row(&j->store, join_rows_first(j, side, &key))
			->before = before;
}

void
join_rows_drop(struct join_rows *j, int side, state_ref row)
{
	unlink_row(j, side, row);
	state_delete(j->state, row);
	j->count--;
}

/* ---- rows that were kept before ---- */

/* Older versions:
 *	'R' side id(8)     struct old_row, key bytes, the record's text
 *	'K' side key       first and last id of the rows of a key
 */
struct old_row {
	uint64_t before, after;
	uint32_t nkey, matched;
};
#define OLD_ROW_KEY 10

struct found_row {
	uint64_t id;
	state_ref ref;
	int side;
	bool old;
};

static int
by_id(const void *a, const void *b)
{
	const struct found_row *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* Is it an entry of older versions?  *id is 0 if it is not a row. */
static bool
is_old(struct join_rows *j, state_ref entry, int *side, uint64_t *id)
{
	size_t n, nvalue;
	const char *key = state_key(j->state, entry, &n);

	*id = 0;
	if (key[0] == 'K')
		return true;
	state_value(j->state, entry, &nvalue);
	if (key[0] != 'R' || n != OLD_ROW_KEY ||
		nvalue < sizeof(struct old_row))
		return false;
	*side = key[1] & 1;
	memcpy(id, key + 2, sizeof(*id));
	return true;
}

/* A row of older versions as one of ours; STATE_NONE: there is no room. */
static state_ref
renew_row(struct join_rows *j, const struct found_row *old)
{
	struct old_row head;
	struct buf value;
	char key[ROW_KEY];
	int64_t due = state_get_due(j->state, old->ref);
	state_ref row;
	size_t n;
	bool made;
	const char *p = state_value(j->state, old->ref, &n);

	memcpy(&head, p, sizeof(head));
	buf_init(&value);
	buf_add(&value,
		&(struct join_row){.nkey = head.nkey, .matched = head.matched},
		sizeof(struct join_row));
	buf_add(&value, p + sizeof(head), n - sizeof(head));
	state_delete(j->state, old->ref);
	row_key(key, old->side, old->id);
	row = state_make(j->state, key, ROW_KEY, value.n, &made, j->err);
	if (row != STATE_NONE)
		memcpy(state_resize(j->state, row, value.n), value.p, value.n);
	if (row != STATE_NONE && due != STATE_NEVER)
		state_set_due(j->state, row, due);
	buf_release(&value);
	return row;
}

/* Find all rows; what else older versions have made is deleted. */
static size_t
find_rows(struct join_rows *j, struct found_row **rows)
{
	struct found_row row;
	struct buf found;

	buf_init(&found);
	for (state_ref r = state_first(j->state); r != STATE_NONE;
		r = state_next(j->state, r)) {
		row = (struct found_row){.ref = r};
		row.old = is_old(j, r, &row.side, &row.id);
		if (row.old && row.id == 0)
			state_delete(j->state, r);
		else if (row.old || join_rows_is(j, r, &row.side, &row.id))
			buf_add(&found, &row, sizeof(row));
	}
	*rows = (struct found_row *)(void *)found.p;
	return found.n / sizeof(row);
}

/* Take up a row that was found. */
static int
restore_row(struct join_rows *j, const struct found_row *found)
{
	state_ref row = found->old ? renew_row(j, found) : found->ref;
	const struct join_row *head;
	struct join_key key;
	size_t n;

	if (row == STATE_NONE)
		return -1;
	head = state_value(j->state, row, &n);
	if (n < sizeof(*head) || n - sizeof(*head) < head->nkey)
		return err_as(j->err, STATUS_DAMAGED,
			"a row in the checkpoint is not of this form");
	key = key_of(head);
	link_row(j, found->side, &key, row);
	return 0;
}

int
join_rows_restore(struct join_rows *j, struct state *state, bool own)
{
	struct found_row *rows;
	size_t n;
	int ret = 0;

	j->state = state;
	j->count = 0;
	j->unnamed |= own;
	join_store_init(&j->store, state, own);
	for (int s = 0; s < 2; s++) {
		join_index_clear(&j->index[s]);
		j->index[s].store = &j->store;
	}
	n = find_rows(j, &rows);
	if (n > 0)
		qsort(rows, n, sizeof(*rows), by_id);
	for (size_t i = 0; i < n && ret == 0; i++)
		ret = restore_row(j, &rows[i]);
	free(rows);
	return ret;
}

/* ---- for bief state ---- */

int
join_rows_show(struct join_rows *j, state_ref row, const char *const sides[2],
	struct buf *out)
{
	size_t n;
	const char *p = state_value(j->state, row, &n), *end = p + n, *text;
	struct join_row head;
	uint64_t id = 0;
	int side = 0;

	join_rows_is(j, row, &side, &id);
	memcpy(&head, p, sizeof(head));
	entry_kind(out, "row");
	buf_printf(out,
		",\"key\":{\"side\":\"%s\",\"row\":%llu},"
		"\"value\":{\"matched\":%s,\"on\":[",
		sides[side], (unsigned long long)id,
		head.matched ? "true" : "false");
	p += sizeof(head);
	for (text = p + head.nkey; p < text;) {
		if (entry_code(out, &p, text, j->err) < 0)
			return -1;
		if (p < text)
			buf_byte(out, ',');
	}
	buf_str(out, "],\"record\":");
	entry_record(out, text, (size_t)(end - text));
	buf_byte(out, '}');
	return 0;
}

/* What the rows of a key are joined on, as key bytes. */
static int
take_on(struct join_rows *j, const struct value *list, size_t nkeys,
	struct buf *on)
{
	struct json_iter it;
	struct value key, v;
	size_t n = 0;

	json_iter(&it, list);
	for (; json_next(&it, &key, &v); n++)
		key_encode(&v, on);
	return n == nkeys ? 0
			  : entry_wrong(j->err, "on",
				    "a value for each pair of fields "
				    "that is joined on");
}

/* Rows of a key stand in the order of their numbers. */
static bool
in_order(struct join_rows *j, int side, const struct join_key *on, uint64_t id)
{
	state_ref first = join_rows_first(j, side, on);
	uint64_t last = 0;
	int same;

	if (first != STATE_NONE)
		join_rows_is(j, join_store_row(&j->store, first)->before, &same,
			&last);
	return join_rows_find(j, side, id) == STATE_NONE && last < id;
}

int
join_rows_take(struct join_rows *j, int side, uint64_t id,
	const struct value *value, size_t nkeys)
{
	static const char *const names[] = {"matched", "on", "record", NULL};
	struct value matched, list, record;
	struct join_key key;
	struct buf on;
	int ret = -1;

	if (entry_only(value, names, j->err) < 0 ||
		entry_get(value, "matched", &matched, j->err) < 0 ||
		entry_get_nested(value, "on", VALUE_ARRAY, &list, j->err) < 0 ||
		entry_get_nested(
			value, "record", VALUE_OBJECT, &record, j->err) < 0)
		return -1;
	if (matched.type != VALUE_BOOL)
		return entry_wrong(j->err, "matched", "true or false");
	buf_init(&on);
	buf_clear(&j->text[side]);
	value_print(&record, &j->text[side]);
	if (take_on(j, &list, nkeys, &on) < 0)
		goto out;
	key = join_key_of(on.p, on.n);
	if (!in_order(j, side, &key, id)) {
		entry_wrong(j->err, "row", "above those of the lines before");
		goto out;
	}
	if (put_row(j, side, id, &key, matched.i) != STATE_NONE)
		ret = 0;
	if (id > j->next_id)
		j->next_id = id;
out:
	buf_release(&on);
	return ret;
}
