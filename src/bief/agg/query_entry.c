/*
 * query_entry: the groups of an aggregation as entries of "bief state", and
 * back.  Apart from query.c, for no record comes here.
 *
 *	kind       key
 *	group      window_start, window_end, the key fields
 *	slice      slice_start, the key fields
 *	session    window_start, window_end, the key fields
 *
 * Without windows the first ones are not there; columns that are rolled up are
 * not either.  The value is that of the accumulators.
 */
#include <string.h>

#include "floor/err.h"
#include "value/json.h"
#include "value/key.h"
#include "runtime/entry.h"
#include "runtime/stage.h"
#include "agg/query.h"
#include "agg/session.h"

static bool
is_rolled_up(const struct query *q, uint16_t mask, size_t column)
{
	return groups_left_out(mask, q->nkeys + q->g.windowed - 1 - column);
}

static void
put_moment(struct buf *out, const char *name, bool there, int64_t us)
{
	buf_printf(out, "\"%s\":", name);
	if (there)
		entry_time(out, us);
	else
		buf_str(out, "null");
	buf_byte(out, ',');
}

static void
show_key(const struct query *q, const char *key, size_t n, const struct span *w,
	struct buf *out)
{
	struct row row = {.key = key, .nkey = (uint32_t)n};
	struct value v[GROUP_KEYS];
	uint16_t mask = groups_mask(&q->g, key);

	buf_str(out, ",\"key\":{");
	if (*key == GROUP_SLICE) {
		put_moment(out, "slice_start", w->there, w->start);
	} else if (q->g.windowed && !is_rolled_up(q, mask, 0)) {
		put_moment(out, "window_start", w->there, w->start);
		put_moment(out, "window_end", w->there, w->end);
	}
	rows_fields(&row, &q->g, v);
	for (size_t i = 0; i < q->nkeys; i++) {
		if (is_rolled_up(q, mask, i + q->g.windowed))
			continue;
		json_quote(out, q->names[i], strlen(q->names[i]));
		buf_byte(out, ':');
		value_print(&v[i], out);
		buf_byte(out, ',');
	}
	if (out->p[out->n - 1] == ',')
		out->n--;
	buf_byte(out, '}');
}

int
query_entry_show(
	struct query *q, struct stage *st, state_ref r, struct buf *out)
{
	size_t n;
	const char *key = state_key(st->state, r, &n);
	struct span w = groups_span(&q->g, key);
	struct blob b;

	if (*key == GROUP_SESSION)
		w.end = ((struct session *)state_value(st->state, r, NULL))
				->end;
	entry_kind(out,
		*key == GROUP_SESSION         ? "session"
			: *key == GROUP_SLICE ? "slice"
					      : "group");
	show_key(q, key, n, &w, out);
	buf_str(out, ",\"value\":");
	blob_state(&b, st->state, r);
	accums_show(&q->acc, &b, out);
	return 0;
}

/* ---- to take ---- */

static int
check_members(const struct query *q, const struct value *key, bool slice,
	struct err *err)
{
	const char *names[GROUP_KEYS + 3];
	size_t n = 0;

	if (q->g.windowed && slice) {
		names[n++] = "slice_start";
	} else if (q->g.windowed) {
		names[n++] = "window_start";
		names[n++] = "window_end";
	}
	for (size_t i = 0; i < q->nkeys; i++)
		names[n++] = q->names[i];
	names[n] = NULL;
	return entry_only(key, names, err);
}

/* Which columns are rolled up: those that are not there. */
static uint16_t
key_mask(const struct query *q, const struct value *key)
{
	size_t columns = q->nkeys + q->g.windowed;
	uint16_t mask = 0;
	struct value v;

	for (size_t i = 0; q->g.sets && i < columns; i++) {
		const char *name = i < q->g.windowed
			? "window_start"
			: q->names[i - q->g.windowed];

		if (!json_get(key, name, strlen(name), &v))
			mask |= (uint16_t)(1u << (columns - 1 - i));
	}
	return mask;
}

/* The window of a group; null: it is in none. */
static int
take_window(const struct value *key, struct span *w, struct err *err)
{
	struct value v;

	*w = (struct span){false, 0, 0};
	if (entry_get(key, "window_start", &v, err) == -1)
		return -1;
	if (v.type == VALUE_NULL)
		return 0;
	w->there = true;
	return entry_get_time(key, "window_start", &w->start, err) == -1
		? -1
		: entry_get_time(key, "window_end", &w->end, err);
}

static int
take_fields(struct query *q, const struct value *key, uint16_t mask,
	struct err *err)
{
	for (size_t i = 0; i < q->nkeys; i++) {
		struct value v;

		if (is_rolled_up(q, mask, i + q->g.windowed))
			continue;
		if (entry_get(key, q->names[i], &v, err) == -1)
			return -1;
		if (q->g.decimals >> i & 1 && v.type == VALUE_NUMBER)
			v = value_json_string(v.s, v.n, false);
		else if (q->g.decimals >> i & 1 && v.type != VALUE_NULL)
			return entry_wrong(err, q->names[i], "a number");
		key_encode(&v, &q->key);
	}
	return 0;
}

/* Into q->key. */
static int
take_key(struct query *q, const struct value *key, char kind, struct span *w,
	struct err *err)
{
	uint16_t mask = key_mask(q, key);
	struct span at;

	*w = (struct span){false, 0, 0};
	if (check_members(q, key, kind == GROUP_SLICE, err) == -1)
		return -1;
	if (kind == GROUP_SLICE) {
		w->there = true;
		if (entry_get_time(key, "slice_start", &w->start, err) == -1)
			return -1;
	} else if (q->g.windowed && !is_rolled_up(q, mask, 0) &&
		take_window(key, w, err) == -1)
		return -1;
	if (kind == GROUP_SESSION && w->end <= w->start)
		return entry_wrong(err, "window_end", "after window_start");
	at = *w;
	if (kind == GROUP_SESSION)
		at.end = 0;
	groups_begin(&q->g, &q->key, kind, mask, &at);
	return take_fields(q, key, mask, err);
}

int
query_entry_take(struct query *q, struct stage *st, const struct value *object,
	state_ref *made)
{
	struct value key, value;
	struct blob b;
	struct span w;
	char c;

	c = entry_of(object, "session") && q->session ? GROUP_SESSION
		: entry_of(object, "slice") && q->g.windowed && !q->g.sets
		? GROUP_SLICE
		: entry_of(object, "group") ? GROUP_PLAIN
					    : 0;
	if (c == 0)
		return entry_unknown(object, st->err);
	if (!q->decided)
		return err_as(st->err, STATUS_USAGE,
			"the stage has seen no "
			"record yet: what its groups are like is not known");
	if (entry_get_nested(object, "key", VALUE_OBJECT, &key, st->err) ==
			-1 ||
		entry_get_nested(
			object, "value", VALUE_OBJECT, &value, st->err) == -1 ||
		take_key(q, &key, c, &w, st->err) == -1 ||
		entry_make(st, q->key.p, q->key.n, q->acc.form.fixed, made) ==
			-1)
		return -1;
	if (c == GROUP_SESSION) {
		((struct session *)state_value(st->state, *made, NULL))
			->end = w.end;
		if (session_enter(st->state, &q->g, &q->key, &w, st->err) == -1)
			return -1;
	}
	blob_state(&b, st->state, *made);
	return accums_take(&q->acc, &b, &value, st->err);
}
