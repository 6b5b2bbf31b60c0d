/*
 * join_rows: see join_rows.h.
 */
#include "join/join_rows.h"

#include <string.h>

#include "floor/err.h"
#include "value/json.h"
#include "value/key.h"
#include "value/record_read.h"
#include "runtime/entry.h"

struct key_head {
	uint64_t first, last;
};

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
	}
	buf_release(&j->id);
	buf_release(&j->key);
}

void
join_rows_restore(struct join_rows *j, struct state *state)
{
	size_t n;

	j->state = state;
	j->count = 0;
	for (state_ref r = state_first(state); r != STATE_NONE;
		r = state_next(state, r))
		j->count += *(const char *)state_key(state, r, &n) == 'R';
}

static const struct buf *
row_key(struct join_rows *j, int side, uint64_t id)
{
	buf_clear(&j->id);
	buf_byte(&j->id, 'R');
	buf_byte(&j->id, (char)side);
	buf_add(&j->id, &id, sizeof(id));
	return &j->id;
}

static const struct buf *
list_key(struct join_rows *j, int side, const void *key, size_t n)
{
	buf_clear(&j->key);
	buf_byte(&j->key, 'K');
	buf_byte(&j->key, (char)side);
	buf_add(&j->key, key, n);
	return &j->key;
}

void
join_rows_expect(struct join_rows *j, int side, const struct buf *key)
{
	const struct buf *k = row_key(j, side, j->next_id + 1);

	state_expect(j->state, k->p, k->n);
	k = list_key(j, side, key->p, key->n);
	state_expect(j->state, k->p, k->n);
}

void
join_rows_ahead(struct join_rows *j, const struct buf *key)
{
	const struct buf *k;

	for (int side = 0; side < 2; side++) {
		k = list_key(j, side, key->p, key->n);
		state_expect(j->state, k->p, k->n);
	}
}

state_ref
join_rows_find(struct join_rows *j, int side, uint64_t id)
{
	const struct buf *k = row_key(j, side, id);

	return state_find(j->state, k->p, k->n);
}

const struct join_row *
join_rows_head(struct join_rows *j, state_ref row)
{
	size_t n;

	return state_value(j->state, row, &n);
}

void
join_rows_match(struct join_rows *j, state_ref row)
{
	((struct join_row *)state_change(j->state, row))->matched = 1;
}

uint64_t
join_rows_first(struct join_rows *j, int side, const struct buf *key)
{
	const struct buf *k = list_key(j, side, key->p, key->n);
	state_ref list = state_find(j->state, k->p, k->n);
	size_t n;

	return list == STATE_NONE
		? 0
		: ((const struct key_head *)state_value(j->state, list, &n))
			  ->first;
}

bool
join_rows_is(struct join_rows *j, state_ref entry, int *side, uint64_t *id)
{
	size_t n;
	const char *key = state_key(j->state, entry, &n);

	if (key[0] != 'R')
		return false;
	*side = key[1];
	memcpy(id, key + 2, sizeof(*id));
	return true;
}

int
join_rows_record(struct join_rows *j, int side, state_ref row, struct record *r)
{
	struct buf *text = &j->text[side];
	struct join_row head;
	size_t n;
	const char *p = state_value(j->state, row, &n);

	memcpy(&head, p, sizeof(head));
	p += sizeof(head) + head.nkey;
	n -= sizeof(head) + head.nkey;
	buf_clear(text);
	buf_add(text, p, n);
	buf_need(text, JSON_PADDING);
	*r = (struct record){.line = text->p, .nline = (uint32_t)n};
	return record_read(&j->reader[side], r, j->err);
}

/* Put a row at the end of the list of its key. */
static int
link_row(struct join_rows *j, int side, const struct buf *key, uint64_t id,
	uint64_t *before)
{
	const struct buf *k = list_key(j, side, key->p, key->n);
	struct key_head *head;
	state_ref list;
	bool made;

	list = state_make(j->state, k->p, k->n, sizeof(*head), &made, j->err);
	if (list == STATE_NONE)
		return -1;
	head = state_change(j->state, list);
	*before = head->last;
	head->last = id;
	if (head->first == 0)
		head->first = id;
	if (*before != 0)
		((struct join_row *)state_change(
			 j->state, join_rows_find(j, side, *before)))
			->after = id;
	return 0;
}

/* The row of this number at the end of its key's, with what is in j->text. */
static state_ref
put_row(struct join_rows *j, int side, uint64_t id, const struct buf *key,
	bool matched)
{
	struct join_row head = {.nkey = (uint32_t)key->n, .matched = matched};
	const struct buf *text = &j->text[side], *k;
	state_ref row;
	bool made;
	char *p;

	if (link_row(j, side, key, id, &head.before) < 0)
		return STATE_NONE;
	k = row_key(j, side, id);
	row = state_make(j->state, k->p, k->n, sizeof(head) + key->n + text->n,
		&made, j->err);
	if (row == STATE_NONE)
		return STATE_NONE;
	p = state_change(j->state, row);
	memcpy(p, &head, sizeof(head));
	if (key->n > 0)
		memcpy(p + sizeof(head), key->p, key->n);
	memcpy(p + sizeof(head) + key->n, text->p, text->n);
	j->count++;
	return row;
}

int
join_rows_keep(struct join_rows *j, int side, const struct buf *key,
	const struct record *r, bool matched, int64_t due)
{
	state_ref row;

	buf_clear(&j->text[side]);
	record_print(r, &j->text[side]);
	row = put_row(j, side, ++j->next_id, key, matched);
	if (row == STATE_NONE)
		return -1;
	if (due != STATE_NEVER)
		state_set_due(j->state, row, due);
	return 0;
}

void
join_rows_drop(struct join_rows *j, int side, uint64_t id)
{
	state_ref row = join_rows_find(j, side, id), list;
	size_t n;
	const char *p = state_value(j->state, row, &n);
	const struct buf *k;
	struct join_row head;

	memcpy(&head, p, sizeof(head));
	k = list_key(j, side, p + sizeof(head), head.nkey);
	list = state_find(j->state, k->p, k->n);
	if (head.before == 0 && head.after == 0) {
		state_delete(j->state, list);
	} else {
		struct key_head *ends = state_change(j->state, list);

		if (head.before == 0)
			ends->first = head.after;
		if (head.after == 0)
			ends->last = head.before;
	}
	if (head.before != 0)
		((struct join_row *)state_change(
			 j->state, join_rows_find(j, side, head.before)))
			->after = head.after;
	if (head.after != 0)
		((struct join_row *)state_change(
			 j->state, join_rows_find(j, side, head.after)))
			->before = head.before;
	state_delete(j->state, row);
	j->count--;
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

/* In the lists rows stand in the order of their numbers. */
static bool
in_order(struct join_rows *j, int side, const struct buf *on, uint64_t id)
{
	const struct buf *k = list_key(j, side, on->p, on->n);
	state_ref list = state_find(j->state, k->p, k->n);

	return join_rows_find(j, side, id) == STATE_NONE &&
		(list == STATE_NONE ||
			((const struct key_head *)state_value(
				 j->state, list, NULL))
					->last < id);
}

int
join_rows_take(struct join_rows *j, int side, uint64_t id,
	const struct value *value, size_t nkeys)
{
	static const char *const names[] = {"matched", "on", "record", NULL};
	struct value matched, list, record;
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
	if (!in_order(j, side, &on, id)) {
		entry_wrong(j->err, "row", "above those of the lines before");
		goto out;
	}
	if (put_row(j, side, id, &on, matched.i) != STATE_NONE)
		ret = 0;
	if (id > j->next_id)
		j->next_id = id;
out:
	buf_release(&on);
	return ret;
}
