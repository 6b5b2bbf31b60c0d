/*
 * join-stream: join the records of two streams.
 *
 * Time: the event time of each input that has a watermark.
 * Watermark: the smallest of the inputs' (--policy max: the largest), less how
 * long a range condition lets rows wait.
 * State: the rows of both sides, by key, until the watermark shows that
 * nothing can match them any more.
 * Restart: goes on with the rows.
 *
 * In one batch: left rows meet the right rows kept and are kept; right rows
 * meet the left rows kept, this batch's among them, and are kept; then rows
 * behind the thresholds go, the unmatched ones of an outer join with nulls.
 *
 * It is long because the meeting of two rows depends on the kind of join and
 * on the side, and so does their going.
 *
 * State entries beside the rows (join_rows.h) and the names (joinnames.h):
 *	'w'                the watermarks
 *	'W'                nothing: older versions, which had them there, refuse
 *	                   what they cannot read
 *	'I'                the id of the last row
 */
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "value/key.h"
#include "expr/expr.h"
#include "expr/sql/sql.h"
#include "recovery/state/state.h"
#include "runtime/entry.h"
#include "runtime/stage.h"
#include "window/evtime.h"
#include "window/marks.h"
#include "join/join_ahead.h"
#include "join/join_pair.h"
#include "join/join_rows.h"
#include "join/joincond.h"
#include "join/joinnames.h"
#include "join/joinout.h"

enum how { HOW_INNER, HOW_LEFT, HOW_RIGHT, HOW_FULL, HOW_SEMI };

struct join_stream {
	int how, policy;
	struct joincond cond;
	struct marks marks;
	struct join_rows rows;
	struct join_pair pair;
	struct join_ahead ahead[2];
	bool ended[2];  /* nothing more comes of a side */
	struct buf key; /* of a record that was not looked at ahead */
	/* rows that go */
	struct due {
		uint64_t id;
		state_ref row;
		int side;
	} * due;
	size_t ndue, cap;
};

static const struct opt join_stream_opts[] = {
	{"how", 0, OPT_ENUM, offsetof(struct join_stream, how),
		"inner|left|right|full|semi", "kind of join"},
	{"on", 0, OPT_LIST, offsetof(struct join_stream, cond.on), "F[=G],...",
		"fields that must be equal, left and right"},
	{"policy", 0, OPT_ENUM, offsetof(struct join_stream, policy), "min|max",
		"which of the inputs' watermarks counts", .free = true},
	{"where", 0, OPT_STRING, offsetof(struct join_stream, cond.where),
		"SQL", "condition over left.x and right.y"},
	OPT_END};

static bool
preserved(const struct join_stream *j, int side)
{
	return j->how == HOW_FULL ||
		j->how == (side == SQL_LEFT ? HOW_LEFT : HOW_RIGHT);
}

static int
join_stream_open(struct stage *st)
{
	return joincond_open(&STAGE(st, join_stream)->cond, st->err);
}

static int
join_stream_inputs(struct stage *st, struct input_spec *in, int max)
{
	struct join_stream *j = STAGE(st, join_stream);

	if (st->noperands != 2)
		return err_as(st->err, STATUS_USAGE,
			"two inputs are joined: join-stream LEFT RIGHT, each a "
			"file, <( ) or - for standard input");
	if (j->cond.on.n == 0 && j->cond.where == NULL)
		return err_as(st->err, STATUS_USAGE,
			"on what? --on FIELD, or --where CONDITION");
	in[0].path = st->operands[0];
	in[1].path = st->operands[1];
	return 2;
}

static int
check_outer(struct stage *st, const struct plan *out)
{
	static const char remedy[] =
		"put a watermark on both inputs, and join on the event time or "
		"bound it in --where (right.t between left.t - interval 5 "
		"minutes and left.t + interval 5 minutes)";
	struct join_stream *j = STAGE(st, join_stream);
	bool any = joincond_nearly_bounded(&j->cond, SQL_LEFT) ||
		joincond_nearly_bounded(&j->cond, SQL_RIGHT);

	if (j->how == HOW_INNER || !out->stream || j->cond.side[0].by_key)
		return 0;
	for (int s = 0; s < 2; s++) {
		const char *name = s == SQL_LEFT ? "left" : "right";
		bool needs = preserved(j, s) ||
			(j->how == HOW_SEMI && s == SQL_LEFT);

		if (!needs ||
			(j->cond.side[s].bounded &&
				j->cond.side[!s].time.known))
			continue;
		if (j->how == HOW_FULL ? !any
				       : !joincond_nearly_bounded(&j->cond, s))
			return err_as(st->err, STATUS_USAGE,
				"rows of the %s input could wait for ever for "
				"a match: %s",
				name, remedy);
		/* Spark runs this too. */
		stage_warn(st,
			"rows of the %s input will be kept for ever, and "
			"those without a match not be written: %s",
			name, remedy);
	}
	return 0;
}

static int
join_stream_plan(
	struct stage *st, const struct plan *in, int n, struct plan *out)
{
	struct join_stream *j = STAGE(st, join_stream);

	for (int s = 0; s < 2; s++)
		if (in[s].stream &&
			(in[s].mode == MODE_UPDATE ||
				in[s].mode == MODE_COMPLETE))
			return err_as(st->err, STATUS_USAGE,
				"the %s input is the %s result of an "
				"aggregation: only appended rows can be joined",
				s == 0 ? "left" : "right",
				plan_mode_name(in[s].mode));
	join_rows_init(&j->rows, st->shapes, st->err);
	join_pair_init(&j->pair, &j->cond.once);
	if (joincond_plan(&j->cond, st, in) < 0)
		return -1;
	marks_init(&j->marks, in, n, (enum policy)j->policy);
	joinout_plan(&j->pair, j->how == HOW_SEMI, in, out);
	list_add(&out->stateful, "join-stream", false);
	return check_outer(st, out);
}

/* ---- what goes out ---- */

/* Write a pair; one of the two may be missing. */
static int
write_pair(struct stage *st, const struct record *l, const struct record *r)
{
	struct record out;

	join_pair_make(&STAGE(st, join_stream)->pair, st->shapes, l, r, &out);
	return stage_emit(st, &out);
}

static int
write_alone(struct stage *st, int s, struct record *r)
{
	return s == SQL_LEFT ? write_pair(st, r, NULL)
			     : write_pair(st, NULL, r);
}

/* The watermarks, also where older versions had them. */
static int
restore_marks(struct stage *st)
{
	struct join_stream *j = STAGE(st, join_stream);
	state_ref old = state_find(st->state, "W", 1);
	size_t n = 0;

	if (old != STATE_NONE)
		state_value(st->state, old, &n);
	if (n == 0)
		return marks_restore(&j->marks, st, "w");
	if (marks_restore(&j->marks, st, "W") < 0)
		return -1;
	state_delete(st->state, old);
	return 0;
}

/* Older versions are to refuse the state, for they would find no rows. */
static int
bar_older(struct stage *st)
{
	bool made;

	return state_find(st->state, "W", 1) != STATE_NONE ||
			state_make(st->state, "W", 1, 0, &made, st->err) !=
				STATE_NONE
		? 0
		: -1;
}

/* Of bounded inputs nothing is saved; and rows go one by one only where one match
 * is enough. */
static int
take_up(struct stage *st)
{
	struct join_stream *j = STAGE(st, join_stream);

	return join_rows_restore(
		&j->rows, st->state, !st->in.stream && j->how != HOW_SEMI);
}

static int
join_stream_restore(struct stage *st)
{
	struct join_stream *j = STAGE(st, join_stream);
	size_t n;
	state_ref ref = state_find(st->state, "I", 1);

	if (!st->in.stream) {
		state_unlist(st->state);
		j->rows.unnamed = true;
	}
	if (take_up(st) < 0)
		return -1;
	joinnames_restore(&j->pair, st->state);
	if (ref == STATE_NONE)
		return 0;
	memcpy(&j->rows.next_id, state_value(st->state, ref, &n),
		sizeof(j->rows.next_id));
	return restore_marks(st);
}

static int
join_stream_heard(struct stage *st, int input, const struct batch *b)
{
	marks_heard(&STAGE(st, join_stream)->marks, st, input, b);
	return 0;
}

static int
join_stream_begin(struct stage *st, struct batch *b)
{
	struct join_stream *j = STAGE(st, join_stream);

	b->watermark = joincond_threshold(&j->cond, marks_get(&j->marks, b));
	return 0;
}

/* ---- a record comes ---- */

static struct expr_env
environment(const struct stage *st)
{
	return (struct expr_env){
		.zone = stage_zone(st), .batch_us = st->now.time_us};
}

/* Append the key; 1: it has a null, which is equal to nothing. */
static int
make_join_key(struct stage *st, int s, const struct record *r,
	const struct expr_env *env, struct buf *out, struct err *err)
{
	struct join_stream *j = STAGE(st, join_stream);
	struct value v;
	int null = 0;

	for (size_t i = 0; i < j->cond.sql->nkeys; i++) {
		if (sql_join_key(j->cond.sql, i, s, r, env, &v, err) < 0)
			return -1;
		null |= v.type == VALUE_NULL && !j->cond.sql->keys[i].null_safe;
		key_encode(&v, out);
	}
	return null;
}

/* The same of one whose turn it is, and the first row that it meets. */
static int
join_key(struct stage *st, int s, const struct record *r, struct join_key *key,
	state_ref *first)
{
	struct join_stream *j = STAGE(st, join_stream);
	const struct join_ahead_key *ahead = join_ahead_key(&j->ahead[s], r);
	struct expr_env env;
	int null;

	if (ahead != NULL) {
		*key = ahead->key;
		/* (Where one match is enough rows may have gone since.) */
		*first = j->how == HOW_SEMI
			? join_rows_first(&j->rows, !s, key)
			: join_rows_met(&j->rows, !s, key, ahead->met);
		return ahead->null;
	}
	env = environment(st);
	buf_clear(&j->key);
	null = make_join_key(st, s, r, &env, &j->key, st->err);
	*key = join_key_of(j->key.p, j->key.n);
	*first = join_rows_first(&j->rows, !s, key);
	return null;
}

static void
join_stream_ahead(struct stage *st, int s, const struct record *r, size_t n)
{
	struct join_stream *j = STAGE(st, join_stream);
	struct join_ahead *a = &j->ahead[s];
	struct expr_env env = environment(st);
	struct err unsaid; /* what is wrong with it is told in its turn */

	join_ahead_begin(a, r);
	for (size_t i = 0; i < n; i++) {
		int null = make_join_key(
			st, s, &r[i], &env, &a->bytes, &unsaid);

		join_ahead_add(a, null >= 0, null > 0);
	}
	join_ahead_ready(a);
	join_rows_ahead(&j->rows, s, a, !j->ended[!s]);
}

/* Meet one kept row of the other side: 1 matched, 0 not, -1. */
static int
meet(struct stage *st, int s, struct record *r, state_ref row, state_ref *after)
{
	struct join_stream *j = STAGE(st, join_stream);
	struct expr_env env = environment(st);
	const struct join_store *store = &j->rows.store;
	struct record kept;
	int yes = 1;

	*after = join_store_row(store, row)->after;
	if (*after != STATE_NONE)
		join_store_fetch(store, *after);
	if (join_rows_record(&j->rows, !s, row, &kept) < 0)
		return -1;
	if (j->cond.sql->rest)
		yes = s == SQL_LEFT
			? sql_join_pair(j->cond.sql, r, &kept, &env, st->err)
			: sql_join_pair(j->cond.sql, &kept, r, &env, st->err);
	if (yes <= 0)
		return yes;
	if (j->how == HOW_SEMI) {
		/* A left row goes out once, and is kept no longer. */
		if (s == SQL_LEFT)
			return 1;
		if (stage_emit(st, &kept) < 0)
			return -1;
		join_rows_drop(&j->rows, SQL_LEFT, row);
		return 1;
	}
	if (preserved(j, !s) && !join_store_matched(store, row))
		join_store_match(&j->rows.store, row);
	return (s == SQL_LEFT ? write_pair(st, r, &kept)
			      : write_pair(st, &kept, r)) < 0
		? -1
		: 1;
}

static int
meet_all(
	struct stage *st, int s, struct record *r, state_ref row, bool *matched)
{
	struct join_stream *j = STAGE(st, join_stream);
	state_ref after;

	*matched = false;
	for (; row != STATE_NONE; row = after) {
		int met = meet(st, s, r, row, &after);

		if (met < 0)
			return -1;
		if (met > 0)
			*matched = true;
		if (met > 0 && j->how == HOW_SEMI && s == SQL_LEFT)
			return stage_emit(st, r);
	}
	return 0;
}

/* The conditions on this side alone: 1, 0 or -1. */
static int
takes_alone(struct stage *st, int s, const struct record *r)
{
	struct join_stream *j = STAGE(st, join_stream);
	struct expr_env env;

	if (!j->cond.sql->one_sided[s])
		return 1;
	env = environment(st);
	return sql_join_side(j->cond.sql, s, r, &env, st->err);
}

static int
join_stream_record(struct stage *st, int s, struct record *r)
{
	struct join_stream *j = STAGE(st, join_stream);
	struct joincond_half *side = &j->cond.side[s];
	struct join_key key;
	state_ref first;
	bool matched = false;
	int64_t t;
	int yes, null;

	if (r->shape->id != side->shape_id &&
		(yes = joincond_clash(&j->cond, st, s, r)) <= 0)
		return yes;
	if (joinnames_learn(&j->pair, st, s, r) < 0)
		return -1;
	if (joincond_hopeless(&j->cond, s, r) && !preserved(j, s))
		return 0;
	if (!st->now.whole && st->now.watermark != WATERMARK_NONE &&
		evtime_get(&side->time, r, &t) && t <= j->marks.now) {
		st->late++;
		stage_late(st, r, "the record is older than the watermark");
		return 0;
	}
	yes = takes_alone(st, s, r);
	if (yes < 0)
		return -1;
	if (yes == 0)
		return preserved(j, s) ? write_alone(st, s, r) : 0;
	null = join_key(st, s, r, &key, &first);
	if (null < 0)
		return -1;
	if (null && !preserved(j, s))
		return 0;
	if (meet_all(st, s, r, first, &matched) < 0)
		return -1;
	if (matched && j->how == HOW_SEMI && s == SQL_LEFT)
		return 0;
	/* Then it is waited for by nobody, or for the end. */
	if (j->ended[!s] && (matched || !preserved(j, s)))
		return 0;
	if (join_rows_keep(&j->rows, s, &key, r, matched,
		    joincond_due(&j->cond, s, r)) < 0)
		return -1;
	return 0;
}

static void
join_stream_ended(struct stage *st, int s)
{
	STAGE(st, join_stream)->ended[s] = true;
}

/* ---- time ---- */

/* Those of the left first, in the order in which they came. */
static int
by_side(const void *a, const void *b)
{
	const struct due *x = a, *y = b;

	return x->side != y->side ? x->side - y->side
				  : (x->id > y->id) - (x->id < y->id);
}

static void
due_add(struct join_stream *j, struct due due)
{
	if (j->ndue == j->cap) {
		j->cap = j->cap ? 2 * j->cap : 64;
		j->due = mem_realloc(j->due, j->cap * sizeof(*j->due));
	}
	j->due[j->ndue++] = due;
}

/* A row goes: one of an outer join that nothing has matched goes out. */
static int
let_row_go(struct stage *st, int s, state_ref row)
{
	struct join_stream *j = STAGE(st, join_stream);
	struct record r;

	if (!preserved(j, s) || join_store_matched(&j->rows.store, row))
		return 0;
	return join_rows_record(&j->rows, s, row, &r) < 0 ||
			write_alone(st, s, &r) < 0
		? -1
		: 0;
}

/* The rows among entries that are due. */
static void
gather_due(struct join_stream *j, const struct buf *refs)
{
	const state_ref *r = (const state_ref *)(const void *)refs->p;
	size_t n = refs->n / sizeof(*r);
	struct due due;

	j->ndue = 0;
	for (size_t i = 0; i < n; i++) {
		due.row = r[i];
		if (join_rows_is(&j->rows, due.row, &due.side, &due.id))
			due_add(j, due);
	}
	if (j->ndue > 0)
		qsort(j->due, j->ndue, sizeof(*j->due), by_side);
}

/* Rows behind the watermark. */
static int
let_due_go(struct stage *st, int64_t watermark)
{
	struct join_stream *j = STAGE(st, join_stream);
	struct buf refs;

	buf_init(&refs);
	state_due_all(st->state, watermark, &refs);
	gather_due(j, &refs);
	buf_release(&refs);
	for (size_t i = 0; i < j->ndue; i++) {
		const struct due *due = &j->due[i];

		if (let_row_go(st, due->side, due->row) < 0)
			return -1;
		join_rows_drop(&j->rows, due->side, due->row);
	}
	return 0;
}

/* At the end of bounded inputs all rows go, at once. */
static int
let_all_go(struct stage *st)
{
	struct join_stream *j = STAGE(st, join_stream);
	const struct join_store *store = &j->rows.store;

	for (int s = 0; s < 2; s++) {
		if (!preserved(j, s))
			continue;
		for (state_ref row = join_store_first(store); row != STATE_NONE;
			row = join_store_next(store, row))
			if (join_store_side(store, row) == s &&
				let_row_go(st, s, row) < 0)
				return -1;
	}
	state_clear(st->state);
	return take_up(st);
}

static int
save_last_id(struct stage *st)
{
	struct join_stream *j = STAGE(st, join_stream);
	bool made;
	state_ref ref = state_make(
		st->state, "I", 1, sizeof(j->rows.next_id), &made, st->err);

	if (ref == STATE_NONE)
		return -1;
	memcpy(state_change(st->state, ref), &j->rows.next_id,
		sizeof(j->rows.next_id));
	return 0;
}

static int
join_stream_batch(struct stage *st, struct batch *b)
{
	struct join_stream *j = STAGE(st, join_stream);

	if (b->whole)
		return let_all_go(st);
	marks_get(&j->marks, b);
	if (j->marks.now != WATERMARK_NONE && let_due_go(st, j->marks.now) < 0)
		return -1;
	b->watermark = joincond_threshold(&j->cond, j->marks.now);
	if (save_last_id(st) < 0 || bar_older(st) < 0)
		return -1;
	return marks_save(&j->marks, st, "w");
}

/* Rows are kept whole: those of other fields would be of two kinds. */
static void
join_stream_form(
	struct stage *st, const struct plan *in, int n, struct buf *out)
{
	for (int s = 0; s < n; s++) {
		if (in[s].fields == NULL)
			continue;
		buf_printf(out, "%s ", s == SQL_LEFT ? "left" : "right");
		schema_print(in[s].fields, out);
		buf_byte(out, '\n');
	}
}

static void
join_stream_explain(struct stage *st, struct buf *out)
{
	joincond_explain(&STAGE(st, join_stream)->cond, out);
}

/* ---- for bief state ---- */

static int
join_stream_show(struct stage *st, state_ref ref, struct buf *out)
{
	struct join_stream *j = STAGE(st, join_stream);
	size_t n;
	const char *key = state_key(st->state, ref, &n);

	switch (*key) {
	case 'R':
		return join_rows_show(&j->rows, ref, joinnames_sides, out);
	case 'N':
		joinnames_show(st, ref, out);
		return 0;
	case 'w':
		marks_show(st->state, ref, out);
		return 0;
	default:
		return 1; /* lists and numbers of the rows */
	}
}

static int
take_kept_row(struct stage *st, const struct value *object, state_ref *made)
{
	static const char *const only[] = {"side", "row", NULL};
	struct join_stream *j = STAGE(st, join_stream);
	struct value key, v;
	int64_t id;
	int side;

	if (joinnames_side(object, &key, &side, st->err) < 0 ||
		entry_only(&key, only, st->err) < 0 ||
		entry_get_int(&key, "row", &id, st->err) < 0 ||
		entry_get_nested(object, "value", VALUE_OBJECT, &v, st->err) <
			0)
		return -1;
	if (id <= 0)
		return entry_wrong(st->err, "row", "above 0");
	if (join_rows_take(
		    &j->rows, side, (uint64_t)id, &v, j->cond.sql->nkeys) < 0)
		return -1;
	*made = join_rows_find(&j->rows, side, (uint64_t)id);
	return save_last_id(st);
}

static int
join_stream_take(struct stage *st, const struct value *object, state_ref *made)
{
	struct join_stream *j = STAGE(st, join_stream);

	if (object == NULL) {
		if (join_rows_restore(&j->rows, st->state, false) < 0 ||
			bar_older(st) < 0)
			return -1;
		return save_last_id(st);
	}
	if (entry_of(object, "row"))
		return take_kept_row(st, object, made);
	if (entry_of(object, "names"))
		return joinnames_take(st, object, made);
	if (!entry_of(object, "watermarks"))
		return entry_unknown(object, st->err);
	return marks_take(&j->marks, st, "w", object, made);
}

static int64_t
join_stream_rows(struct stage *st, bool glance)
{
	return (int64_t)STAGE(st, join_stream)->rows.count;
}

static void
join_stream_close(struct stage *st)
{
	struct join_stream *j = STAGE(st, join_stream);

	joincond_release(&j->cond);
	join_rows_release(&j->rows);
	join_pair_release(&j->pair);
	for (int s = 0; s < 2; s++)
		join_ahead_release(&j->ahead[s]);
	buf_release(&j->key);
	free(j->due);
}

static const struct merger join_stream_merger = {
	.inputs = join_stream_inputs,
	.plan = join_stream_plan,
	.heard = join_stream_heard,
	.record = join_stream_record,
	.ahead = join_stream_ahead,
	.ended = join_stream_ended,
};

static const struct keeper join_stream_keeper = {
	.restore = join_stream_restore,
	.form = join_stream_form,
	.explain = join_stream_explain,
	.show = join_stream_show,
	.take = join_stream_take,
	.rows = join_stream_rows,
};

const struct op op_join_stream = {
	.name = "join-stream",
	.about = "join the records of two streams",
	.synopsis = "LEFT RIGHT --on F[=G],... [--where SQL] "
		    "[--how inner|left|right|full|semi] [--policy min|max]",
	.opts = join_stream_opts,
	.size = sizeof(struct join_stream),
	.flags = OP_OPERANDS,
	.open = join_stream_open,
	.begin = join_stream_begin,
	.batch = join_stream_batch,
	.merge = &join_stream_merger,
	.keeper = &join_stream_keeper,
	.close = join_stream_close,
};
