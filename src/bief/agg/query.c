/*
 * query: see query.h.
 *
 * What agg does with groups whatever batch it is in, and whatever the watermark
 * says; when a group is late or closed is for agg.c to know.
 */
#include "agg/query.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "value/key.h"
#include "types/schema.h"
#include "recovery/state/state.h"
#include "runtime/plan/plan.h"
#include "runtime/stage.h"
#include "window/span.h"
#include "agg/session.h"

#define CUBE_MOST 12 /* columns of a cube */
#define AHEAD 8      /* rows whose groups memory is asked for */

static int
check_keys(const struct query *q, struct err *err)
{
	for (size_t i = 0; i < q->nkeys; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(q->names[i], q->names[j]) == 0)
				return err_as(err, STATUS_USAGE,
					"--by: two fields are named '%s'",
					q->names[i]);
	return 0;
}

int
query_init(struct query *q, const struct list *by, struct err *err)
{
	size_t n;

	accums_init(&q->acc);
	if (by->n > GROUP_KEYS)
		return err_as(err, STATUS_USAGE, "--by: %d fields at most",
			GROUP_KEYS);
	q->keys = mem_zalloc((by->n + 1) * sizeof *q->keys);
	q->names = mem_zalloc((by->n + 1) * sizeof *q->names);
	for (size_t i = 0; i < by->n; i++) {
		const char *name;

		field_init(&q->keys[i], by->s[i]);
		name = field_last(&q->keys[i], &n, &q->key);
		q->names[i] = mem_dup(name, n);
		q->nkeys++;
	}
	return check_keys(q, err);
}

/* The column has the name that is written for it. */
static void
name_whole(struct query *q, size_t i, const char *written)
{
	free(q->names[i]);
	q->names[i] = mem_dup(written, strlen(written));
	q->shape = NULL;
}

/* Keys that are decimals are kept by their digits. */
static void
bind_decimals(struct query *q, const struct plan *p)
{
	assert(q->decided);
	for (size_t i = 0; i < q->nkeys; i++) {
		const struct type *t = schema_type(p->fields, q->keys[i].path);

		if (t != NULL && t->kind == TYPE_DECIMAL)
			q->g.decimals |= UINT64_C(1) << i;
	}
}

int
query_bind(struct query *q, const struct plan *p, struct err *err)
{
	for (size_t i = 0; i < q->nkeys; i++) {
		struct field *f = &q->keys[i];
		char *written = mem_dup(f->path, strlen(f->path));
		bool whole;
		int ret = plan_bind(p, f, &whole, err);

		if (ret == 0 && whole)
			name_whole(q, i, written);
		free(written);
		if (ret == -1)
			return -1;
	}
	q->met = p->fields != NULL;
	if (p->fields != NULL)
		bind_decimals(q, p);
	return check_keys(q, err);
}

int
query_meet(struct query *q, const struct record *r, struct err *err)
{
	q->met = true;
	for (size_t i = 0; i < q->nkeys; i++)
		if (q->keys[i].steps.n > 1 &&
			field_whole(&q->keys[i], r->shape))
			name_whole(q, i, q->keys[i].path);
	return check_keys(q, err) == -1 ? -1 : query_check_names(q, err);
}

void
query_drop_window(struct query *q)
{
	for (size_t i = 0; i < q->nkeys; i++) {
		if (strcasecmp(q->keys[i].path, "window") != 0)
			continue;
		field_release(&q->keys[i]);
		free(q->names[i]);
		sets_drop(&q->sets, i);
		q->nkeys--;
		memmove(&q->keys[i], &q->keys[i + 1],
			(q->nkeys - i) * sizeof *q->keys);
		memmove(&q->names[i], &q->names[i + 1],
			(q->nkeys - i) * sizeof *q->names);
		i--;
	}
}

bool
query_tells_windows(const struct query *q)
{
	bool tells = false;

	for (size_t i = 0; i < q->nkeys; i++)
		tells |= strcasestr(q->keys[i].path, "window_") != NULL;
	for (size_t i = 0; i < q->acc.ninputs; i++)
		tells |= strcasestr(q->acc.in[i].field.path, "window_") != NULL;
	return tells;
}

static void
release_texts(struct query *q)
{
	for (size_t i = 0; i < q->ntexts; i++)
		buf_release(&q->texts[i]);
	free(q->texts);
	q->texts = NULL;
	q->ntexts = 0;
}

void
query_release(struct query *q)
{
	size_t i;

	for (i = 0; i < q->nkeys; i++) {
		field_release(&q->keys[i]);
		free(q->names[i]);
	}
	release_texts(q);
	free(q->masks);
	sets_release(&q->sets);
	free(q->keys);
	free(q->names);
	accums_release(&q->acc);
	rows_release(&q->rows);
	slots_release(&q->slots);
	buf_release(&q->key);
	buf_release(&q->merged);
}

void
query_watch(struct query *q, struct stage *st)
{
	stage_unwatch(st);
	for (size_t i = 0; i < q->nkeys; i++)
		stage_watch(st, &q->keys[i]);
	for (size_t i = 0; i < q->acc.ninputs; i++)
		stage_watch(st, &q->acc.in[i].field);
}

/* How many columns there may be, and must. */
static int
check_columns(const struct query *q, unsigned columns, struct err *err)
{
	bool sets = q->sets.text != NULL;
	const char *name = sets ? "grouping-sets" : q->cube ? "cube" : "rollup";
	unsigned most = sets ? SETS_MOST : CUBE_MOST;

	if (columns == 0)
		return err_as(err, STATUS_USAGE, "--%s needs --by", name);
	if (columns > most)
		return err_as(err, STATUS_USAGE, "--%s: %u columns at most",
			name, most);
	return 0;
}

static uint16_t
mask_of(const struct query *q, size_t i)
{
	if (q->sets.text != NULL)
		return sets_mask(&q->sets, i, q->nkeys, q->g.windowed);
	return (uint16_t)(q->cube ? i : (1u << i) - 1);
}

int
query_decide(struct query *q, bool windowed, struct err *err)
{
	unsigned columns = (unsigned)(q->nkeys + windowed);
	bool sets = q->cube || q->rollup || q->sets.text != NULL;

	q->decided = true;
	groups_init(&q->g, windowed, sets, (uint32_t)q->nkeys);
	if (sets && check_columns(q, columns, err) == -1)
		return -1;
	q->nmasks = !sets              ? 1
		: q->sets.text != NULL ? q->sets.n
		: q->cube              ? (size_t)1 << columns
				       : columns + 1;
	q->masks = mem_alloc(q->nmasks * sizeof *q->masks);
	for (size_t i = 0; i < q->nmasks; i++)
		q->masks[i] = mask_of(q, i);
	return 0;
}

void
query_plan_fields(const struct query *q, struct plan *p)
{
	struct schema *out;

	if (p->fields == NULL)
		return;
	out = schema_new();
	if (q->g.windowed) {
		schema_add(out, "window_start", type_new(TYPE_TIMESTAMP));
		schema_add(out, "window_end", type_new(TYPE_TIMESTAMP));
	}
	for (size_t i = 0; i < q->nkeys; i++) {
		const struct type *t = schema_type(p->fields, q->keys[i].path);

		schema_add(out, q->names[i], t == NULL ? NULL : type_copy(t));
	}
	if (q->grouping_id)
		schema_add(out, "grouping_id", type_new(TYPE_LONG));
	accums_schema(&q->acc, p->fields, out);
	schema_free(p->fields);
	p->fields = out;
}

/* What tells rows apart; not known yet, windows may be among it. */
void
query_plan_keys(const struct query *q, struct plan *p)
{
	list_free(&p->keys);
	if (q->g.windowed || !q->decided) {
		list_add(&p->keys, "window_start", false);
		list_add(&p->keys, "window_end", false);
	}
	for (size_t i = 0; i < q->nkeys; i++)
		list_add(&p->keys, q->names[i], false);
	if (q->grouping_id)
		list_add(&p->keys, "grouping_id", false);
}

int
query_check_names(const struct query *q, struct err *err)
{
	size_t i, j;

	for (i = 0; i < q->acc.nresults; i++)
		for (j = 0; j < q->nkeys; j++)
			if (strcmp(q->acc.out[i].name, q->names[j]) == 0)
				return err_as(err, STATUS_USAGE,
					"a key and a result are both named "
					"'%s': give the result another name "
					"(NAME=FUNC:FIELD)",
					q->names[j]);
	return 0;
}

void
query_key(struct query *q, const struct record *r, char kind, uint16_t mask,
	const struct span *w)
{
	static const struct value null = {.type = VALUE_NULL};
	unsigned columns = (unsigned)(q->nkeys + q->g.windowed), i;
	struct value text;

	assert(q->decided);
	groups_begin(&q->g, &q->key, kind, mask, w);
	for (i = 0; i < q->nkeys; i++) {
		const struct value *v;

		if (groups_left_out(mask, columns - 1 - (i + q->g.windowed)))
			continue;
		v = record_get(r, &q->keys[i]);
		if (v == NULL)
			v = &null;
		if (q->g.decimals >> i & 1 && v->type == VALUE_NUMBER) {
			text = value_json_string(v->s, v->n, false);
			v = &text;
		}
		key_encode(v, &q->key);
	}
}

int
query_make_one(struct query *q, struct stage *st)
{
	bool made;

	if (q->nkeys > 0 || q->g.windowed)
		return 0;
	groups_begin(
		&q->g, &q->key, GROUP_PLAIN, 0, &(struct span){false, 0, 0});
	return state_make(st->state, q->key.p, q->key.n, q->acc.form.fixed,
		       &made, st->err) == STATE_NONE
		? -1
		: 0;
}

void
query_widen(struct query *q, struct stage *st, const struct blob_form *before)
{
	struct blob b;

	for (state_ref r = state_first(st->state); r != STATE_NONE;
		r = state_next(st->state, r)) {
		char kind = groups_kind(st->state, r);

		if (kind == GROUP_META || kind == GROUP_SESSIONS)
			continue;
		blob_state(&b, st->state, r);
		blob_widen(&b, before, &q->acc.form);
	}
	q->shape = NULL;
}

/* ---- slices ---- */

int64_t
query_restore_slices(struct query *q, struct stage *st)
{
	int64_t due, first = STATE_NEVER;

	for (state_ref r = state_first(st->state); r != STATE_NONE;
		r = state_next(st->state, r)) {
		if (groups_kind(st->state, r) != GROUP_SLICE)
			continue;
		q->sliced = true;
		due = state_get_due(st->state, r);
		if (due < first)
			first = due;
	}
	q->slices = (struct window_set){
		0, st->in.window_us, st->in.slide_us, st->in.start_us};
	/* A slice is due with its first window that is open. */
	return first == STATE_NEVER ? WATERMARK_NONE : first - 1;
}

static void
forget_slice(struct query *q, struct stage *st, state_ref r, int64_t watermark)
{
	const struct window_set *set = &q->slices;
	size_t n;
	int64_t start = groups_span(&q->g, state_key(st->state, r, &n)).start;
	int64_t last = span_newest(set, start) + set->size;
	int64_t end = span_oldest(set, start) + set->size;

	if (last <= watermark) {
		state_delete(st->state, r);
		return;
	}
	if (end <= watermark)
		end += ((watermark - end) / set->slide + 1) * set->slide;
	state_set_due(st->state, r, end);
}

/* ---- what there is to show ---- */

/* The windows of a slice. */
static void
add_windows(struct query *q, const struct stage *st, state_ref r, int64_t start,
	int64_t after, int64_t upto)
{
	int64_t newest = span_newest(&q->slices, start);
	struct span w = {true, span_oldest(&q->slices, start), 0};

	for (; w.start <= newest; w.start += q->slices.slide) {
		w.end = w.start + q->slices.size;
		if (w.end > after && w.end <= upto)
			rows_add(&q->rows, st->state, &q->g, r, &w, true);
	}
}

void
query_add(struct query *q, const struct stage *st, state_ref r, int64_t after,
	int64_t upto)
{
	size_t n;
	const char *key = state_key(st->state, r, &n);
	struct span w;
	bool merged = false;

	if (*key == GROUP_META || *key == GROUP_SESSIONS)
		return;
	w = groups_span(&q->g, key);
	if (*key == GROUP_SLICE) {
		add_windows(q, st, r, w.start, after, upto);
		return;
	}
	if (*key == GROUP_SESSION)
		w.end = ((struct session *)state_value(st->state, r, &n))->end;
	else
		merged = q->sliced; /* there may be slices beside it */
	rows_add(&q->rows, st->state, &q->g, r, &w, merged);
}

void
query_add_all(struct query *q, const struct stage *st, int64_t after)
{
	rows_expect(&q->rows, &q->g, state_count(st->state));
	for (state_ref r = state_first(st->state); r != STATE_NONE;
		r = state_next(st->state, r))
		query_add(q, st, r, after, INT64_MAX);
}

void
query_forget(struct query *q, struct stage *st, state_ref r, int64_t watermark)
{
	size_t n;
	const char *key = state_key(st->state, r, &n);

	if (*key == GROUP_SLICE)
		forget_slice(q, st, r, watermark);
	else if (*key == GROUP_SESSION)
		session_drop(st->state, &q->g, r, watermark);
	else
		state_delete(st->state, r);
}

const char *
query_explain(const struct query *q)
{
	if (q->session)
		return "a session of each key";
	if (q->g.windowed)
		return q->nkeys > 0 ? "a group for each window and key"
				    : "a group for each window";
	return q->nkeys > 0 ? "a group for each key" : "one group";
}

/* ---- records of rows ---- */

static void
make_shape(struct query *q, struct shapes *shapes)
{
	struct shape *s = shape_empty(shapes);
	struct buf name;
	size_t i, n = q->nkeys, texts = q->acc.nresults;

	buf_init(&name);
	if (q->g.windowed) {
		s = shape_extend(s, "window_start", 12);
		s = shape_extend(s, "window_end", 10);
	}
	for (i = 0; i < n + q->grouping_id + texts; i++) {
		const char *text = i < n ? q->names[i]
			: i == n && q->grouping_id
			? "grouping_id"
			: q->acc.out[i - n - q->grouping_id].name;

		buf_clear(&name);
		json_quote(&name, text, strlen(text));
		s = shape_extend(s, name.p + 1, name.n - 2);
	}
	buf_release(&name);
	release_texts(q);
	q->texts = mem_zalloc((texts + 1) * sizeof *q->texts);
	q->ntexts = texts;
	q->shape = s;
}

static void
merge_entry(struct query *q, struct stage *st, struct blob *b, char kind,
	const struct span *w)
{
	struct blob part;
	state_ref r;

	groups_turn(&q->g, q->key.p, kind, w);
	r = state_find(st->state, q->key.p, q->key.n);
	if (r == STATE_NONE)
		return;
	blob_state(&part, st->state, r);
	accums_merge(&q->acc, b, &part);
}

/* Put the slices of a window together, with what came one record for each
 * window (in other processes, before a restart). */
static void
merge_window(struct query *q, struct stage *st, const struct row *row,
	struct blob *b)
{
	struct span w = {true, row->w.start, 0};

	blob_buf(b, &q->merged, q->acc.form.fixed);
	buf_clear(&q->key);
	buf_add(&q->key, row->key, row->nkey);
	for (; w.start < row->w.end; w.start = span_next(&q->slices, w.start))
		merge_entry(q, st, b, GROUP_SLICE, &w);
	merge_entry(q, st, b, GROUP_PLAIN, &row->w);
}

/* What overflows is a group's fault: name it. */
static int
name_group(const struct query *q, const struct record *r, size_t n,
	struct err *err)
{
	struct buf text;
	char quoted[300];

	buf_init(&text);
	for (size_t i = 0; i < n; i++) {
		buf_printf(&text, "%s%.*s: ", i > 0 ? ", " : "",
			(int)q->shape->names[i].n, q->shape->names[i].s);
		value_print(&r->v[i], &text);
	}
	err_quote(quoted, sizeof quoted, text.p, text.n);
	buf_release(&text);
	return n == 0 ? -1 : err_in(err, "group {%s}", quoted);
}

static int
emit_row(struct query *q, struct stage *st, const struct row *row)
{
	struct record r;
	struct blob b;
	size_t n = 0, i;

	record_new(&r, q->shape, &q->slots);
	if (q->g.windowed) {
		if (row->w.there) {
			r.v[0] = value_time(row->w.start);
			r.v[1] = value_time(row->w.end);
		}
		n = 2;
	}
	rows_fields(row, &q->g, r.v + n);
	n += q->nkeys;
	if (q->grouping_id)
		r.v[n++] = value_int(groups_mask(&q->g, row->key));
	if (row->ref == STATE_NONE)
		merge_window(q, st, row, &b);
	else
		blob_state(&b, st->state, row->ref);
	for (i = 0; i < q->acc.nresults; i++) {
		buf_clear(&q->texts[i]);
		if (accums_result(&q->acc, i, &b, &r.v[n + i], &q->texts[i],
			    st->err) == -1)
			return name_group(q, &r, n, st->err);
	}
	return stage_emit(st, &r);
}

int
query_emit(struct query *q, struct stage *st)
{
	int ret = 0;

	if (q->shape == NULL)
		make_shape(q, st->shapes);
	rows_sort(&q->rows, &q->g);
	for (size_t i = 0; i < q->rows.n && ret == 0; i++) {
		struct row row = rows_get(&q->rows, i);

		/* Groups lie in memory as they came. */
		if (i + AHEAD < q->rows.n)
			rows_fetch(&q->rows, i + AHEAD);
		ret = emit_row(q, st, &row);
	}
	rows_clear(&q->rows);
	return ret;
}

/* Are there only groups, and do they lie as they are to be written? */
static bool
in_order(struct query *q, const struct stage *st)
{
	bool is = !q->sliced && !q->session;

	rows_clear(&q->rows);
	for (state_ref r = state_first(st->state); r != STATE_NONE && is;
		r = state_next(st->state, r)) {
		size_t n;
		const char *key = state_key(st->state, r, &n);
		struct span w;

		if (*key == GROUP_META)
			continue;
		w = groups_span(&q->g, key);
		is = *key == GROUP_PLAIN &&
			rows_follows(&q->rows, st->state, &q->g, r, &w);
	}
	rows_clear(&q->rows);
	return is;
}

int
query_emit_all(struct query *q, struct stage *st)
{
	int ret = 0;

	if (!in_order(q, st)) {
		query_add_all(q, st, INT64_MIN);
		return query_emit(q, st);
	}
	if (q->shape == NULL)
		make_shape(q, st->shapes);
	for (state_ref r = state_first(st->state); r != STATE_NONE && ret == 0;
		r = state_next(st->state, r)) {
		size_t n;
		struct row row = {.key = state_key(st->state, r, &n), .ref = r};

		if (*row.key == GROUP_META)
			continue;
		row.nkey = (uint32_t)n;
		row.w = groups_span(&q->g, row.key);
		ret = emit_row(q, st, &row);
	}
	return ret;
}

/* A window of slices as a group, which they no longer count for. */
static int
make_whole(struct query *q, struct stage *st, const struct row *row)
{
	struct blob b;
	state_ref r;
	bool made;

	merge_window(q, st, row, &b);
	groups_turn(&q->g, q->key.p, GROUP_PLAIN, &row->w);
	r = state_make(st->state, q->key.p, q->key.n, b.n, &made, st->err);
	if (r == STATE_NONE)
		return -1;
	memcpy(state_resize(st->state, r, b.n), b.p, b.n);
	return 0;
}

int
query_whole(struct query *q, struct stage *st, int64_t after)
{
	int ret = 0;

	if (!q->sliced)
		return 0;
	rows_clear(&q->rows);
	query_add_all(q, st, after);
	rows_sort(&q->rows, &q->g);
	for (size_t i = 0; i < q->rows.n && ret == 0; i++) {
		struct row row = rows_get(&q->rows, i);

		ret = make_whole(q, st, &row);
	}
	rows_clear(&q->rows);
	for (state_ref r = state_first(st->state); r != STATE_NONE;
		r = state_next(st->state, r))
		if (groups_kind(st->state, r) == GROUP_SLICE)
			state_delete(st->state, r);
	return ret;
}

/* ---- the form of the state ---- */

static const char meta_form[2] = {GROUP_META, 'f'};

/* What keys and values depend on, NUL-terminated texts: a first one, the fields
 * of FUNC:*, the results. */
static void
form_text(const struct query *q, struct buf *out)
{
	size_t i;

	/* 2: values of lists have their numbers */
	buf_printf(out, "windows %d, sets %d, sessions %d, decimals %llx",
		q->g.windowed, q->g.sets,
		q->session && !q->acc.mergeable ? 2 : q->session,
		(unsigned long long)q->g.decimals);
	buf_byte(out, '\0');
	for (i = 1; accums_star(&q->acc, i) != NULL; i++) {
		buf_byte(out, '*');
		buf_str(out, accums_star(&q->acc, i));
		buf_byte(out, '\0');
	}
	accums_print(&q->acc, out);
}

int
query_save_form(struct query *q, struct stage *st)
{
	struct buf text;
	state_ref r;
	bool made;
	size_t n;
	int ret = -1;

	if (st->in.checkpoint == NULL || !q->decided)
		return 0;
	buf_init(&text);
	form_text(q, &text);
	r = state_find(st->state, meta_form, 2);
	if (r != STATE_NONE) {
		const char *old = state_value(st->state, r, &n);

		if (n == text.n && memcmp(old, text.p, n) == 0) {
			buf_release(&text);
			return 0;
		}
	} else {
		r = state_make(st->state, meta_form, 2, text.n, &made, st->err);
	}
	if (r != STATE_NONE) {
		memcpy(state_resize(st->state, r, text.n), text.p, text.n);
		ret = 0;
	}
	buf_release(&text);
	return ret;
}

int
query_check_form(struct query *q, struct stage *st)
{
	state_ref r = state_find(st->state, meta_form, 2);
	size_t n, i = 0;
	const char *old, *now, *end;
	struct buf text;

	if (r == STATE_NONE)
		return 0;
	old = state_value(st->state, r, &n);
	end = old + n;
	if (!q->decided &&
		query_decide(q, strncmp(old, "windows 1", 9) == 0, st->err) ==
			-1)
		return -1;
	for (now = old + strlen(old) + 1; now < end && *now == '*';
		now += strlen(now) + 1)
		accums_add_field(&q->acc, now + 1);
	buf_init(&text);
	form_text(q, &text);
	while (i < n && i < text.n && old[i] == text.p[i])
		i++;
	if (i == n && n == text.n) {
		buf_release(&text);
		return 0;
	}
	while (i > 0 && old[i - 1] != '\0')
		i--;
	err_as(st->err, STATUS_USAGE,
		"the pipeline has changed: the state in the checkpoint was "
		"made for '%s', now it would be '%s': go back, or begin with a "
		"new checkpoint",
		i < n ? old + i : "nothing",
		i < text.n ? text.p + i : "nothing");
	buf_release(&text);
	return -1;
}

bool
query_has_form(const struct query *q, const struct stage *st)
{
	return state_find(st->state, meta_form, 2) != STATE_NONE;
}
