/*
 * agg: group records and aggregate their fields.
 *
 * Time: the window fields of the records, or the event time where it is a key.
 * Watermark: passes it on; a group whose time it has passed is closed.
 * State: an entry per group, until the watermark passes it (append, update).
 * Restart: the groups come back as they were after the last committed batch.
 */
#include <stdlib.h>
#include <string.h>

#include "accum.h"
#include "buf.h"
#include "groups.h"
#include "json.h"
#include "run.h"
#include "session.h"
#include "span.h"
#include "state.h"
#include "time.h"

#define SETS_MOST 12 /* columns of a cube */

struct agg {
	/* options */
	struct opt_list by;
	bool cube, rollup, grouping_id, no_window;
	int asked; /* --mode: enum mode - 1 */

	/* the query */
	struct accums acc;
	struct groups g;
	struct field *keys;
	char **names; /* of the key columns */
	struct field start, end;
	uint16_t *masks; /* grouping sets */
	size_t nmasks;

	/* what the plan says */
	enum mode mode;
	bool decided;   /* g.windowed is known */
	bool windows_timed; /* windows carry the watermark */
	int time_key;   /* of the keys, the event time; -1: none is */
	bool session, lag;
	struct window_set slices; /* of windows that come whole; size 0: none */
	bool sliced;

	/* a batch */
	int64_t late;   /* what is not later than this is late */
	uint64_t seq;
	struct state *late_groups;
	int64_t begun;  /* watermark at the beginning of the batch before */
	int64_t closed; /* at the end of the last one */
	size_t nsessions;
	struct recent *recent; /* NULL: not for this query */

	/* output */
	struct shape *shape;
	struct slots slots;
	struct rows rows;
	struct buf key, fields, merged, *texts;
	struct record_add add_start, add_end;
	struct slots copy;
};

static const struct opt opts[] = {
	{"by", 'b', OPT_LIST, offsetof(struct agg, by), "FIELD,...",
		"the fields to group by"},
	{"cube", 0, OPT_FLAG, offsetof(struct agg, cube), NULL,
		"every combination of the key columns, rolled up or not"},
	{"rollup", 0, OPT_FLAG, offsetof(struct agg, rollup), NULL,
		"the key columns rolled up one by one, from the last"},
	{"grouping-id", 0, OPT_FLAG, offsetof(struct agg, grouping_id), NULL,
		"add the field grouping_id: a bit for each rolled-up column"},
	{"no-window", 0, OPT_FLAG, offsetof(struct agg, no_window), NULL,
		"do not group by the window fields of the records"},
	{"mode", 'm', OPT_ENUM, offsetof(struct agg, asked),
		"append|update|complete",
		"what is written after each batch"},
	OPT_END};

static void
agg_defaults(void *self)
{
	((struct agg *)self)->asked = -1;
}

static int
open_keys(struct stage *st)
{
	struct agg *a = STAGE(st, agg);
	size_t i, j, n;

	if (a->by.n > GROUP_KEYS)
		return err_as(st->err, STATUS_USAGE,
			"--by: %d fields at most", GROUP_KEYS);
	a->keys = mem_zalloc((a->by.n + 1) * sizeof *a->keys);
	a->names = mem_zalloc((a->by.n + 1) * sizeof *a->names);
	for (i = 0; i < a->by.n; i++) {
		const char *name;

		field_init(&a->keys[i], a->by.s[i]);
		name = field_last(&a->keys[i], &n, &a->key);
		a->names[i] = mem_dup(name, n);
		for (j = 0; j < i; j++)
			if (strcmp(a->names[i], a->names[j]) == 0)
				return err_as(st->err, STATUS_USAGE,
					"--by: two fields are named '%s'",
					a->names[i]);
	}
	return 0;
}

/* No column may have the name of another. */
static int
check_names(struct stage *st)
{
	struct agg *a = STAGE(st, agg);
	size_t i, j;

	for (i = 0; i < a->acc.nresults; i++)
		for (j = 0; j < a->by.n; j++)
			if (strcmp(a->acc.out[i].name, a->names[j]) == 0)
				return err_as(st->err, STATUS_USAGE,
					"a key and a result are both named "
					"'%s': give the result another name "
					"(NAME=FUNC:FIELD)",
					a->names[j]);
	return 0;
}

static int
agg_open(struct stage *st)
{
	struct agg *a = STAGE(st, agg);
	size_t i;

	accums_init(&a->acc);
	a->late_groups = state_new(0);
	field_init(&a->start, "window_start");
	field_init(&a->end, "window_end");
	record_add_init(&a->add_start, "window_start");
	record_add_init(&a->add_end, "window_end");
	if (a->cube && a->rollup)
		return err_as(st->err, STATUS_USAGE,
			"--cube and --rollup: one of them");
	if (a->grouping_id && !a->cube && !a->rollup)
		return err_as(st->err, STATUS_USAGE,
			"--grouping-id needs --cube or --rollup");
	if (st->noperands == 0)
		return err_as(st->err, STATUS_USAGE,
			"no aggregate is given: say count, or FUNC:FIELD such "
			"as sum:price");
	if (open_keys(st) == -1)
		return -1;
	for (i = 0; i < st->noperands; i++)
		if (accums_parse(&a->acc, st->operands[i], st->err) == -1)
			return -1;
	return check_names(st);
}

static void
agg_close(struct stage *st)
{
	struct agg *a = STAGE(st, agg);
	size_t i;

	for (i = 0; a->keys != NULL && i < a->by.n; i++) {
		field_release(&a->keys[i]);
		free(a->names[i]);
	}
	for (i = 0; a->texts != NULL && i < a->acc.nresults; i++)
		buf_release(&a->texts[i]);
	free(a->texts);
	free(a->keys);
	free(a->names);
	free(a->masks);
	free(a->recent);
	accums_release(&a->acc);
	state_free(a->late_groups);
	field_release(&a->start);
	field_release(&a->end);
	record_add_release(&a->add_start);
	record_add_release(&a->add_end);
	slots_release(&a->slots);
	slots_release(&a->copy);
	rows_release(&a->rows);
	buf_release(&a->key);
	buf_release(&a->fields);
	buf_release(&a->merged);
}

/* ---- the plan ---- */

/* Now it is known whether records carry windows: the form of the keys. */
static int
decide(struct stage *st, bool windowed)
{
	struct agg *a = STAGE(st, agg);
	unsigned columns = (unsigned)(a->by.n + windowed), i;

	a->decided = true;
	groups_init(&a->g, windowed, a->cube || a->rollup, (uint32_t)a->by.n);
	if (!a->g.sets && !a->session)
		a->recent = mem_zalloc(RECENT_GROUPS * sizeof *a->recent);
	if (!a->g.sets) {
		a->nmasks = 1;
		a->masks = mem_zalloc(sizeof *a->masks);
		return 0;
	}
	if (columns == 0)
		return err_as(st->err, STATUS_USAGE,
			"--%s needs --by", a->cube ? "cube" : "rollup");
	if (columns > SETS_MOST)
		return err_as(st->err, STATUS_USAGE,
			"--%s: %d columns at most", a->cube ? "cube" : "rollup",
			SETS_MOST);
	a->nmasks = a->cube ? (size_t)1 << columns : columns + 1;
	a->masks = mem_alloc(a->nmasks * sizeof *a->masks);
	for (i = 0; i < a->nmasks; i++)
		a->masks[i] = (uint16_t)(a->cube ? i : (1u << i) - 1);
	return 0;
}

static int
refuse(struct stage *st, const char *text)
{
	return err_as(st->err, STATUS_USAGE, "%s", text);
}

static bool
listed(const struct opt_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->s[i], name) == 0)
			return true;
	return false;
}

static enum mode
default_mode(const struct agg *a, const struct plan *p)
{
	if (p->aggregated && p->mode == MODE_APPEND)
		return MODE_APPEND;
	if (a->session)
		return p->delay_us >= 0 ? MODE_APPEND : MODE_COMPLETE;
	return MODE_UPDATE;
}

/* SPARK-SEMANTICS 8.6. */
static int
check_mode(struct stage *st, const struct plan *p)
{
	struct agg *a = STAGE(st, agg);

	if (a->mode == MODE_APPEND && !a->windows_timed && a->time_key < 0)
		return refuse(st,
			"append mode writes a group once, when the watermark "
			"has passed it, but no watermark belongs to what is "
			"grouped by: put 'watermark --on FIELD --delay D' "
			"before the windows, or take --mode update or "
			"complete");
	if (a->session && a->mode == MODE_UPDATE)
		return refuse(st,
			"sessions have no update mode, because they merge: "
			"take --mode append or complete");
	if (a->session && a->by.n == 0 &&
		(p->trigger != TRIGGER_ONCE || p->delay_us >= 0))
		return refuse(st,
			"sessions on a stream need a key: --by FIELD");
	if (p->aggregated && a->mode != MODE_APPEND)
		return refuse(st,
			"an aggregation of an aggregation works in append mode "
			"only: --mode append on both");
	if (p->aggregated && p->mode != MODE_APPEND)
		return err_as(st->err, STATUS_USAGE,
			"the aggregation before this one writes its rows again "
			"and again (%s mode): take --mode append there",
			mode_name(p->mode));
	if (listed(&p->stateful, "join-stream") && a->mode != MODE_APPEND)
		return refuse(st,
			"a join of two streams can be followed by an "
			"aggregation in append mode only: --mode append");
	return 0;
}

static int
check_fields(struct stage *st, const struct plan *p)
{
	struct agg *a = STAGE(st, agg);

	for (size_t i = 0; i < a->by.n; i++)
		if (plan_field(p, a->by.s[i], st->err) == -1)
			return -1;
	return accums_plan(&a->acc, p, st->err);
}

/* What goes out. */
static void
plan_fields(struct agg *a, struct plan *p)
{
	struct schema *out;
	size_t i;

	if (p->fields == NULL)
		return;
	out = schema_new();
	if (a->g.windowed) {
		schema_add(out, "window_start", type_new(TYPE_TIMESTAMP));
		schema_add(out, "window_end", type_new(TYPE_TIMESTAMP));
	}
	for (i = 0; i < a->by.n; i++) {
		const struct type *t = schema_type(p->fields, a->by.s[i]);

		schema_add(out, a->names[i], t == NULL ? NULL : type_copy(t));
	}
	if (a->grouping_id)
		schema_add(out, "grouping_id", type_new(TYPE_LONG));
	accums_schema(&a->acc, p->fields, out);
	schema_free(p->fields);
	p->fields = out;
}

static void
set_text(char **to, const char *text)
{
	free(*to);
	*to = text == NULL ? NULL : mem_dup(text, strlen(text));
}

static void
plan_out(struct agg *a, struct plan *p)
{
	plan_fields(a, p);
	opt_list_free(&p->keys);
	if (a->g.windowed || !a->decided) {
		opt_list_add(&p->keys, "window_start", false);
		opt_list_add(&p->keys, "window_end", false);
	}
	for (size_t i = 0; i < a->by.n; i++)
		opt_list_add(&p->keys, a->names[i], false);
	if (a->grouping_id)
		opt_list_add(&p->keys, "grouping_id", false);
	opt_list_add(&p->stateful, "agg", false);
	p->aggregated = true;
	p->mode = a->mode;
	if (a->asked >= 0)
		p->asked = a->mode;
	p->session_us = 0;
	if (a->windows_timed) {
		set_text(&p->event_time, "window");
		set_text(&p->window_on, "window");
	} else if (a->time_key >= 0) {
		set_text(&p->event_time, a->names[a->time_key]);
	} else {
		set_text(&p->event_time, NULL);
		p->delay_us = -1;
	}
	if (a->decided && !a->g.windowed) {
		p->window_us = p->slide_us = p->start_us = 0;
		set_text(&p->window_on, NULL);
	}
}

static int
agg_plan(struct stage *st, struct plan *p)
{
	struct agg *a = STAGE(st, agg);
	bool both = p->fields != NULL &&
		schema_find(p->fields, "window_start", 12) >= 0 &&
		schema_find(p->fields, "window_end", 10) >= 0;
	bool windows;

	if (check_fields(st, p) == -1 || check_names(st) == -1)
		return -1;
	windows = !a->no_window &&
		(p->fields != NULL ? both
				   : p->window_us != 0 || p->session_us != 0);
	a->session = windows && p->session_us != 0;
	if ((a->no_window || p->fields != NULL || windows) &&
		decide(st, windows) == -1)
		return -1;
	for (size_t i = 0; p->fields != NULL && i < a->by.n; i++) {
		const struct type *t = schema_type(p->fields, a->by.s[i]);

		if (t != NULL && t->kind == TYPE_DECIMAL)
			a->g.decimals |= UINT64_C(1) << i;
	}
	if (a->session)
		accums_reserve(&a->acc, sizeof(struct session));
	if (a->session && a->g.sets)
		return refuse(st, "sessions have no --cube and no --rollup");
	a->windows_timed = a->decided && a->g.windowed && p->delay_us >= 0 &&
		p->event_time != NULL && p->window_on != NULL &&
		strcmp(p->event_time, p->window_on) == 0;
	a->time_key = -1;
	for (size_t i = 0; i < a->by.n && p->delay_us >= 0; i++)
		if (p->event_time != NULL &&
			strcmp(a->by.s[i], p->event_time) == 0)
			a->time_key = (int)i;
	a->late = WATERMARK_NONE;
	a->mode = MODE_COMPLETE;
	if (p->stream == 0) {
		if (p->explain)
			plan_out(a, p);
		return 0;
	}
	a->mode = a->asked >= 0 ? (enum mode)(a->asked + 1)
				: default_mode(a, p);
	if (check_mode(st, p) == -1)
		return -1;
	/* Spark closes sessions by batches without data, but in this mode
	 * there is none: lateness is one batch behind. */
	a->lag = a->session && a->mode == MODE_COMPLETE &&
		p->trigger != TRIGGER_ONCE;
	plan_out(a, p);
	return 0;
}

/* ---- what is kept beside the groups ---- */

static const char meta_lag[2] = {GROUP_META, 'l'};
static const char meta_stars[2] = {GROUP_META, '*'};

static state_ref
meta(struct stage *st, const char key[2], size_t size)
{
	bool made;

	return state_make(st->state, key, 2, size, &made, st->err);
}

static bool
is_kind(const struct state *s, state_ref r, char kind)
{
	size_t n;

	return *(const char *)state_key(s, r, &n) == kind;
}

static bool
has_blob(const struct state *s, state_ref r)
{
	return !is_kind(s, r, GROUP_META) && !is_kind(s, r, GROUP_SESSIONS);
}

static int
agg_restore(struct stage *st)
{
	struct agg *a = STAGE(st, agg);
	state_ref r = state_find(st->state, meta_lag, 2);
	size_t n;
	const char *p, *end;

	if (r != STATE_NONE)
		a->begun = *(int64_t *)state_value(st->state, r, &n);
	r = state_find(st->state, meta_stars, 2);
	if (r != STATE_NONE)
		for (p = state_value(st->state, r, &n), end = p + n; p < end;
			p += strlen(p) + 1)
			accums_add_field(&a->acc, p);
	for (r = state_first(st->state); r != STATE_NONE;
		r = state_next(st->state, r)) {
		a->nsessions += is_kind(st->state, r, GROUP_SESSION);
		a->sliced |= is_kind(st->state, r, GROUP_SLICE);
	}
	a->slices = (struct window_set){0, st->in.window_us, st->in.slide_us,
		st->in.start_us};
	return 0;
}

static void
forget_recent(struct agg *a)
{
	if (a->recent != NULL)
		memset(a->recent, 0, RECENT_GROUPS * sizeof *a->recent);
}

/* Fields of FUNC:* have shown up: all groups get accumulators for them. */
static int
widen(struct stage *st, struct blob_form *before)
{
	struct agg *a = STAGE(st, agg);
	state_ref r;
	size_t i, n = 0;
	struct blob b;
	char *p;

	for (r = state_first(st->state); r != STATE_NONE;
		r = state_next(st->state, r)) {
		if (!has_blob(st->state, r))
			continue;
		blob_state(&b, st->state, r);
		blob_widen(&b, before, &a->acc.form);
	}
	free(before->vars);
	a->shape = NULL;
	forget_recent(a);
	for (i = 0; i < a->acc.ninputs; i++)
		if (a->acc.in[i].star)
			n += strlen(a->acc.in[i].field.path) + 1;
	r = meta(st, meta_stars, n);
	if (r == STATE_NONE)
		return -1;
	p = state_resize(st->state, r, n);
	for (i = 0; i < a->acc.ninputs; i++)
		if (a->acc.in[i].star)
			p = stpcpy(p, a->acc.in[i].field.path) + 1;
	return check_names(st);
}

/* ---- records ---- */

static int
agg_begin(struct stage *st, struct batch *b)
{
	struct agg *a = STAGE(st, agg);

	a->seq = (uint64_t)b->number << 36;
	state_clear(a->late_groups);
	forget_recent(a);
	a->late = WATERMARK_NONE;
	if (a->lag && a->windows_timed)
		a->late = a->begun;
	else if ((a->mode != MODE_COMPLETE || a->session) &&
		(a->windows_timed || a->time_key >= 0))
		a->late = b->watermark;
	return 0;
}

/* The moment that decides when a group is late or closed. */
static bool
group_time(const struct agg *a, const struct record *r, uint16_t mask,
	const struct span *w, int64_t *us)
{
	const struct value *v;

	if (a->windows_timed && w->there) {
		*us = w->end;
		return true;
	}
	if (a->time_key < 0 ||
		mask >> (a->by.n - 1 - (size_t)a->time_key) & 1)
		return false;
	v = record_get(r, &a->keys[a->time_key]);
	return v != NULL && value_get_time(v, us) == 0;
}

static int
drop_late(struct stage *st, struct record *r, const struct span *w)
{
	struct agg *a = STAGE(st, agg);
	struct record copy = *r;
	bool made;

	if (state_make(a->late_groups, a->key.p, a->key.n, 0, &made,
		    st->err) == STATE_NONE)
		return -1;
	st->late += made;
	if (w->there && r->windows != NULL) {
		record_own(&copy, &a->copy);
		record_add(&copy, &a->add_start, value_time(w->start),
			&a->copy);
		record_add(&copy, &a->add_end, value_time(w->end), &a->copy);
	}
	run_late(st, &copy, "late: the watermark has passed %s",
		w->there ? "its window" : "its time");
	return 0;
}

/* The key fields of a grouping set behind the head. */
static void
put_fields(struct agg *a, const struct record *r, uint16_t mask)
{
	static const struct value null = {.type = VALUE_NULL};
	unsigned columns = (unsigned)(a->by.n + a->g.windowed), i;
	struct value text;

	for (i = 0; i < a->by.n; i++) {
		const struct value *v;

		if (mask >> (columns - 1 - (i + a->g.windowed)) & 1)
			continue;
		v = record_get(r, &a->keys[i]);
		if (v == NULL)
			v = &null;
		if (a->g.decimals >> i & 1 && v->type == VALUE_NUMBER) {
			text = value_json_string(v->s, v->n, false);
			v = &text;
		}
		value_encode(v, &a->key);
	}
}

static bool
closes(const struct agg *a)
{
	return a->mode != MODE_COMPLETE;
}

/* Count the record in its group of one window and one grouping set. */
static int
take_group(struct stage *st, struct record *r, uint16_t mask,
	const struct span *window, state_ref *ref)
{
	struct agg *a = STAGE(st, agg);
	unsigned columns = (unsigned)(a->by.n + a->g.windowed);
	struct span w = *window;
	struct blob b;
	int64_t us;
	bool made;

	if (a->g.windowed && mask >> (columns - 1) & 1)
		w = (struct span){false, 0, 0};
	groups_begin(&a->g, &a->key, GROUP_PLAIN, mask, &w);
	put_fields(a, r, mask);
	if (a->late != WATERMARK_NONE && group_time(a, r, mask, &w, &us) &&
		us <= a->late)
		return drop_late(st, r, &w);
	if (a->session && w.there) {
		b.ref = session_take(st->state, &a->g, &a->acc, &a->key, &w,
			closes(a), &a->nsessions, st->err);
		made = false;
	} else {
		b.ref = state_make(st->state, a->key.p, a->key.n,
			a->acc.form.fixed, &made, st->err);
	}
	if (b.ref == STATE_NONE)
		return -1;
	if (made && closes(a) && group_time(a, r, mask, &w, &us))
		state_set_due(st->state, b.ref, us);
	blob_state(&b, st->state, b.ref);
	accums_add(&a->acc, &b, a->seq);
	*ref = b.ref;
	return 0;
}

static int
take_sets(struct stage *st, struct record *r, const struct span *w)
{
	struct agg *a = STAGE(st, agg);
	state_ref ref;

	for (size_t i = 0; i < a->nmasks; i++)
		if (take_group(st, r, a->masks[i], w, &ref) == -1)
			return -1;
	a->seq++;
	return 0;
}

/* Windows that are late already are told so; false: all are. */
static bool
take_late_windows(struct stage *st, struct record *r, int64_t newest, int *ret)
{
	struct agg *a = STAGE(st, agg);
	const struct window_set *set = r->windows;
	uint64_t number = r->number;
	struct span w = {true, span_oldest(set, set->time), 0};

	for (; w.start <= newest; w.start += set->slide) {
		w.end = w.start + set->size;
		if (w.end > a->late)
			break;
		groups_begin(&a->g, &a->key, GROUP_PLAIN, 0, &w);
		put_fields(a, r, 0);
		if (drop_late(st, r, &w) == -1) {
			*ret = -1;
			return false;
		}
		r->number++;
	}
	r->number = number;
	*ret = 0;
	return w.start <= newest;
}

/* A record of several windows goes into the slice w, which is in all of them.
 * No *ref when some are late: the next record must be told so again. */
static int
take_slice(struct stage *st, struct record *r, const struct span *w,
	state_ref *ref)
{
	struct agg *a = STAGE(st, agg);
	const struct window_set *set = r->windows;
	int64_t newest = span_newest(set, set->time), end;
	struct blob b;
	bool made;
	int ret;

	if (a->late != WATERMARK_NONE && !take_late_windows(st, r, newest, &ret))
		return ret;
	groups_begin(&a->g, &a->key, GROUP_SLICE, 0, w);
	put_fields(a, r, 0);
	b.ref = state_make(st->state, a->key.p, a->key.n, a->acc.form.fixed,
		&made, st->err);
	if (b.ref == STATE_NONE)
		return -1;
	end = span_oldest(set, w->start) + set->size;
	if (a->late == WATERMARK_NONE || end > a->late)
		*ref = b.ref;
	if (made && closes(a) && a->windows_timed) {
		/* Due with the first window that is still open. */
		while (a->late != WATERMARK_NONE && end <= a->late)
			end += set->slide;
		state_set_due(st->state, b.ref, end);
	}
	blob_state(&b, st->state, b.ref);
	accums_add(&a->acc, &b, a->seq);
	return 0;
}

/* The record as a key of a->recent. */
static inline bool
recent_key(struct agg *a, const struct record *r, const struct span *w,
	struct recent_key *k)
{
	static const struct value null = {.type = VALUE_NULL};
	const struct value *v;

	k->start = w->start;
	k->end = w->end;
	k->n = 0;
	if (a->g.windowed && !w->there)
		return false;
	for (size_t i = 0; i < a->by.n; i++) {
		v = record_get(r, &a->keys[i]);
		if (!recent_field(k, v != NULL ? v : &null))
			return false;
	}
	return true;
}

/* Count the record in the one group, or slice, that it belongs to. */
static int
take_one(struct stage *st, struct record *r, const struct span *w)
{
	struct agg *a = STAGE(st, agg);
	struct recent *recent = NULL;
	struct recent_key k;
	struct blob b;
	state_ref ref = STATE_NONE;
	bool hit = false;
	int ret = 0;

	if (recent_key(a, r, w, &k))
		recent = recent_find(a->recent, &k, &hit);
	if (hit) {
		b.p = state_change(st->state, recent->ref);
		if (a->acc.count_only && a->acc.n == 1) {
			++*(int64_t *)b.p;
		} else {
			blob_state(&b, st->state, recent->ref);
			accums_add(&a->acc, &b, a->seq);
		}
	} else {
		ret = r->windows != NULL ? take_slice(st, r, w, &ref)
					 : take_group(st, r, 0, w, &ref);
		if (recent != NULL) {
			recent->key = k;
			recent->ref = ref;
		}
	}
	a->seq++;
	return ret;
}

/* A record of several windows at once. */
static int
take_windows(struct stage *st, struct record *r)
{
	struct agg *a = STAGE(st, agg);
	const struct window_set *set = r->windows;
	int64_t newest = span_newest(set, set->time);
	uint64_t number = r->number;
	struct span w = {true, span_oldest(set, set->time), 0};

	/* Lines are numbered as if it came once for each window. */
	st->records_in += (uint64_t)((newest - w.start) / set->slide);
	if (a->acc.mergeable && a->recent != NULL) {
		a->slices = *set;
		a->sliced = true;
		w.start = span_slice(set, set->time);
		return take_one(st, r, &w);
	}
	for (; w.start <= newest; w.start += set->slide) {
		w.end = w.start + set->size;
		if (take_sets(st, r, &w) == -1)
			return -1;
		r->number++;
	}
	r->number = number;
	return 0;
}

static int
record_span(struct stage *st, const struct record *r, struct span *w)
{
	struct agg *a = STAGE(st, agg);
	const struct value *s, *e;

	*w = (struct span){false, 0, 0};
	if (!a->g.windowed)
		return 0;
	s = record_get(r, &a->start);
	e = record_get(r, &a->end);
	if (value_is_null(s) || value_is_null(e))
		return 0;
	if (value_get_time(s, &w->start) == -1 ||
		value_get_time(e, &w->end) == -1)
		return run_reject(st, r,
			"window_start and window_end are no times "
			"(--no-window does not group by them)") == -1 ? -1 : 1;
	w->there = true;
	return 0;
}

static int
agg_record(struct stage *st, struct record *r)
{
	struct agg *a = STAGE(st, agg);
	struct blob_form before;
	struct span w;
	int ret;

	if (!a->decided &&
		decide(st, record_get(r, &a->start) != NULL &&
			record_get(r, &a->end) != NULL) == -1)
		return -1;
	if (a->acc.nstars > 0 && accums_meet(&a->acc, r, &before) &&
		widen(st, &before) == -1)
		return -1;
	if (!a->acc.count_only &&
		accums_read(&a->acc, r, run_on_error(st) == ON_ERROR_KEEP,
			st->err) == -1)
		return run_reject(st, r, "%s", st->err->text);
	if (r->windows != NULL && a->g.windowed)
		return take_windows(st, r);
	ret = record_span(st, r, &w);
	if (ret != 0)
		return ret < 0 ? -1 : 0;
	return a->recent != NULL ? take_one(st, r, &w) : take_sets(st, r, &w);
}

/* ---- rows ---- */

static void
make_shape(struct stage *st)
{
	struct agg *a = STAGE(st, agg);
	struct shape *s = shape_empty(st->shapes);
	struct buf name;
	size_t i, n = a->by.n, texts = a->acc.nresults;

	buf_init(&name);
	if (a->g.windowed) {
		s = shape_extend(s, "window_start", 12);
		s = shape_extend(s, "window_end", 10);
	}
	for (i = 0; i < n + a->grouping_id + texts; i++) {
		const char *text = i < n ? a->names[i]
			: i == n && a->grouping_id
			? "grouping_id"
			: a->acc.out[i - n - a->grouping_id].name;

		buf_clear(&name);
		json_quote(&name, text, strlen(text));
		s = shape_extend(s, name.p + 1, name.n - 2);
	}
	buf_release(&name);
	a->texts = mem_realloc(a->texts, (texts + 1) * sizeof *a->texts);
	memset(a->texts, 0, (texts + 1) * sizeof *a->texts);
	a->shape = s;
}

/* Put the slices (and what an expanded run left) of a window together. */
static void
merge_window(struct stage *st, const struct row *row, struct blob *b)
{
	struct agg *a = STAGE(st, agg);
	struct span w = {true, row->w.start, 0};
	struct blob part;
	state_ref r;

	blob_buf(b, &a->merged, a->acc.form.fixed);
	buf_clear(&a->key);
	buf_add(&a->key, row->key, row->nkey);
	for (; w.start < row->w.end; w.start = span_next(&a->slices, w.start)) {
		groups_turn(&a->g, a->key.p, GROUP_SLICE, &w);
		r = state_find(st->state, a->key.p, a->key.n);
		if (r == STATE_NONE)
			continue;
		blob_state(&part, st->state, r);
		accums_merge(&a->acc, b, &part);
	}
	groups_turn(&a->g, a->key.p, GROUP_PLAIN, &row->w);
	r = state_find(st->state, a->key.p, a->key.n);
	if (r == STATE_NONE)
		return;
	blob_state(&part, st->state, r);
	accums_merge(&a->acc, b, &part);
}

/* What overflows is a group's fault: name it. */
static int
name_group(struct stage *st, const struct record *r, size_t n)
{
	struct agg *a = STAGE(st, agg);
	struct buf text;
	char quoted[300];

	buf_init(&text);
	for (size_t i = 0; i < n; i++) {
		buf_printf(&text, "%s%.*s: ", i > 0 ? ", " : "",
			(int)a->shape->names[i].n, a->shape->names[i].s);
		value_print(&r->v[i], &text);
	}
	err_quote(quoted, sizeof quoted, text.p, text.n);
	buf_release(&text);
	return n == 0 ? -1 : err_in(st->err, "group {%s}", quoted);
}

static int
emit_row(struct stage *st, const struct row *row)
{
	struct agg *a = STAGE(st, agg);
	struct record r;
	struct blob b;
	size_t n = 0, i;

	if (a->shape == NULL)
		make_shape(st);
	record_new(&r, a->shape, &a->slots);
	if (a->g.windowed) {
		if (row->w.there) {
			r.v[0] = value_time(row->w.start);
			r.v[1] = value_time(row->w.end);
		}
		n = 2;
	}
	row_fields(row, &a->g, r.v + n);
	n += a->by.n;
	if (a->grouping_id)
		r.v[n++] = value_int(groups_mask(&a->g, row->key));
	if (row->ref == STATE_NONE)
		merge_window(st, row, &b);
	else
		blob_state(&b, st->state, row->ref);
	for (i = 0; i < a->acc.nresults; i++) {
		buf_clear(&a->texts[i]);
		if (accums_result(&a->acc, i, &b, &r.v[n + i], &a->texts[i],
			    st->err) == -1)
			return name_group(st, &r, n);
	}
	return run_emit(st, &r);
}

static int
emit_rows(struct stage *st)
{
	struct agg *a = STAGE(st, agg);

	rows_sort(&a->rows, &a->g);
	for (size_t i = 0; i < a->rows.n; i++)
		if (emit_row(st, &a->rows.r[i]) == -1)
			return -1;
	return 0;
}

/* The windows of a slice that end in (after, upto]. */
static void
add_windows(struct agg *a, struct row row, int64_t after, int64_t upto)
{
	int64_t newest = span_newest(&a->slices, row.w.start);

	row.ref = STATE_NONE;
	row.w.start = span_oldest(&a->slices, row.w.start);
	for (; row.w.start <= newest; row.w.start += a->slices.slide) {
		row.w.end = row.w.start + a->slices.size;
		if (row.w.end > after && row.w.end <= upto)
			rows_add(&a->rows, row);
	}
}

/* Add what an entry has to show: itself, or windows. */
static void
add_entry(struct stage *st, state_ref ref, int64_t after, int64_t upto)
{
	struct agg *a = STAGE(st, agg);
	struct row row = {.ref = ref};
	size_t n;

	row.key = state_key(st->state, ref, &n);
	row.nkey = (uint32_t)n;
	if (!has_blob(st->state, ref))
		return;
	row.w = groups_span(&a->g, row.key);
	if (*row.key == GROUP_SLICE) {
		add_windows(a, row, after, upto);
		return;
	}
	if (*row.key == GROUP_SESSION)
		row.w.end = ((struct session *)state_value(st->state, ref, &n))
				    ->end;
	else if (a->sliced)
		row.ref = STATE_NONE; /* there may be slices beside it */
	rows_add(&a->rows, row);
}

static int
emit_all(struct stage *st)
{
	struct agg *a = STAGE(st, agg);
	state_ref r;
	bool made;

	if (!a->decided && decide(st, false) == -1)
		return -1;
	if (a->by.n == 0 && !a->g.windowed) {
		/* The one group of all records is there without any, too. */
		groups_begin(&a->g, &a->key, GROUP_PLAIN, 0,
			&(struct span){false, 0, 0});
		if (state_make(st->state, a->key.p, a->key.n,
			    a->acc.form.fixed, &made, st->err) == STATE_NONE)
			return -1;
	}
	for (r = state_first(st->state); r != STATE_NONE;
		r = state_next(st->state, r))
		add_entry(st, r, INT64_MIN, INT64_MAX);
	return emit_rows(st);
}

static int
emit_changed(struct stage *st)
{
	struct agg *a = STAGE(st, agg);
	const state_ref *changed;
	size_t n, i;

	changed = state_changed(st->state, &n);
	for (i = 0; i < n; i++)
		add_entry(st, changed[i],
			a->windows_timed ? a->late : INT64_MIN, INT64_MAX);
	return emit_rows(st);
}

/* A slice is due again with its next window, and gone with the last. */
static void
close_slice(struct stage *st, state_ref r, const char *key, int64_t watermark)
{
	struct agg *a = STAGE(st, agg);
	int64_t start = groups_span(&a->g, key).start;
	int64_t last = span_newest(&a->slices, start) + a->slices.size;
	int64_t end = span_oldest(&a->slices, start) + a->slices.size;

	if (last <= watermark) {
		state_delete(st->state, r);
		return;
	}
	if (end <= watermark)
		end += (watermark - end) / a->slices.slide * a->slices.slide +
			a->slices.slide;
	state_set_due(st->state, r, end);
}

/* Free what the watermark has passed; in append mode it is written first. */
static int
close_groups(struct stage *st, int64_t watermark)
{
	struct agg *a = STAGE(st, agg);
	state_ref r, *closed = NULL;
	size_t n = 0, cap = 0, nkey, i;
	int ret = 0;

	rows_clear(&a->rows);
	while ((r = state_due(st->state, watermark)) != STATE_NONE) {
		if (n == cap) {
			cap = cap * 2 + 64;
			closed = mem_realloc(closed, cap * sizeof *closed);
		}
		closed[n++] = r;
		if (a->mode == MODE_APPEND)
			add_entry(st, r, a->late, watermark);
	}
	if (a->mode == MODE_APPEND)
		ret = emit_rows(st);
	for (i = 0; i < n && ret == 0; i++) {
		const char *key = state_key(st->state, closed[i], &nkey);

		if (*key == GROUP_SLICE) {
			close_slice(st, closed[i], key, watermark);
		} else if (*key == GROUP_SESSION) {
			session_drop(st->state, &a->g, closed[i]);
			a->nsessions--;
		} else {
			state_delete(st->state, closed[i]);
		}
	}
	free(closed);
	return ret;
}

/* Spark's next batch takes this one's watermark for what is late. */
static int
remember_begin(struct stage *st)
{
	struct agg *a = STAGE(st, agg);
	state_ref r = meta(st, meta_lag, sizeof a->begun);

	if (r == STATE_NONE)
		return -1;
	a->begun = st->now.watermark;
	memcpy(state_change(st->state, r), &a->begun, sizeof a->begun);
	return 0;
}

static int
agg_batch(struct stage *st, struct batch *b)
{
	struct agg *a = STAGE(st, agg);
	int ret = 0;

	rows_clear(&a->rows);
	if (b->whole || (a->mode == MODE_COMPLETE && !b->empty))
		ret = emit_all(st);
	else if (a->mode == MODE_UPDATE)
		ret = emit_changed(st);
	if (ret == 0 && !b->whole && closes(a) &&
		b->watermark != WATERMARK_NONE)
		ret = close_groups(st, b->watermark);
	a->closed = b->watermark;
	if (ret == 0 && a->lag && !b->empty)
		ret = remember_begin(st);
	return ret;
}

/* Groups, sessions, or windows with a record: what Spark calls rows. */
static size_t
agg_rows(struct stage *st)
{
	struct agg *a = STAGE(st, agg);
	state_ref r;

	if (a->session)
		return a->nsessions;
	if (!a->sliced)
		return state_count(st->state) -
			(state_find(st->state, meta_stars, 2) != STATE_NONE);
	rows_clear(&a->rows);
	for (r = state_first(st->state); r != STATE_NONE;
		r = state_next(st->state, r))
		add_entry(st, r,
			closes(a) && a->windows_timed ? a->closed : INT64_MIN,
			INT64_MAX);
	rows_sort(&a->rows, &a->g);
	return a->rows.n;
}

static void
agg_explain(struct stage *st, struct buf *out)
{
	struct agg *a = STAGE(st, agg);
	const char *what = a->session ? "a session of each key"
		: a->by.n == 0 && !a->g.windowed
		? "one group"
		: a->g.windowed && a->by.n > 0
		? "a group for each window and key"
		: a->g.windowed ? "a group for each window"
				: "a group for each key";

	buf_printf(out, "%s, %s", what,
		st->in.stream == 0 ? "until the input ends"
		: a->mode == MODE_COMPLETE
			? "for ever: complete mode writes all of them"
		: a->windows_timed || a->time_key >= 0
			? "until the watermark passes it"
			: "for ever: no watermark belongs to what is grouped "
			  "by");
}

const struct op op_agg = {
	.name = "agg",
	.about = "group records and aggregate their fields",
	.synopsis = "[--by FIELD,...] [NAME=]FUNC[:FIELD]...",
	.opts = opts,
	.size = sizeof(struct agg),
	.flags = OP_STATE | OP_WINDOWS | OP_OPERANDS | OP_ON_ERROR,
	.defaults = agg_defaults,
	.open = agg_open,
	.plan = agg_plan,
	.restore = agg_restore,
	.begin = agg_begin,
	.record = agg_record,
	.batch = agg_batch,
	.explain = agg_explain,
	.rows = agg_rows,
	.close = agg_close,
};
