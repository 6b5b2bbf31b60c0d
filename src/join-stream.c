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
 * State entries beside the rows (join_rows.h):
 *	'N' side           the names of the side's fields, when no plan has them
 *	'W'                the watermarks
 *	'I'                the id of the last row
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "runtime/entry.h"
#include "window/evtime.h"
#include "expr/expr.h"
#include "join/join_pair.h"
#include "join/join_rows.h"
#include "value/json.h"
#include "window/marks.h"
#include "value/path.h"
#include "runtime/stage.h"
#include "expr/sql/sql.h"
#include "recovery/state.h"
#include "time/time.h"
#include "value/key.h"
#include "floor/mem.h"
#include "time/duration.h"

enum how { HOW_INNER, HOW_LEFT, HOW_RIGHT, HOW_FULL, HOW_SEMI };

struct half {
	struct evtime time;
	struct field key_time; /* of a key that carries the watermark */
	bool by_key;           /* rows go by key_time */
	bool bounded;          /* rows go by event time, so much later: */
	int64_t lag_us;
	struct field *not_null;
	size_t nnot_null;
	bool known;        /* the plan has told the fields */
	uint64_t shape_id; /* of records that clash() has passed */
	bool filtered;     /* rows with such a null are left out */
};

/* A pair of fields of --on. */
struct on_pair {
	char *text[2];
	struct field field[2];
};

struct join_stream {
	struct list on;
	const char *where;
	int how, policy;
	struct on_pair *pairs;
	size_t npairs;
	struct list once; /* names of both that are taken once */
	struct sql_join *cond;
	struct marks marks;
	struct half side[2];
	struct join_rows rows;
	struct join_pair pair;
	struct buf key;
	uint64_t *due;
	size_t ndue, cap;
};

static const struct opt join_opts[] = {
	{"how", 0, OPT_ENUM, offsetof(struct join_stream, how),
		"inner|left|right|full|semi", "kind of join"},
	{"on", 0, OPT_LIST, offsetof(struct join_stream, on), "F[=G],...",
		"fields that must be equal, left and right"},
	{"policy", 0, OPT_ENUM, offsetof(struct join_stream, policy), "min|max",
		"which of the inputs' watermarks counts", .free = true},
	{"where", 0, OPT_STRING, offsetof(struct join_stream, where), "SQL",
		"condition over left.x and right.y"},
	OPT_END};

static bool
preserved(const struct join_stream *j, int side)
{
	return j->how == HOW_FULL ||
		j->how == (side == SQL_LEFT ? HOW_LEFT : HOW_RIGHT);
}

/* ---- what must be equal ---- */

static void
add_pair(struct join_stream *j, const char *left, size_t nleft,
	const char *right)
{
	struct on_pair *p = &j->pairs[j->npairs++];

	p->text[SQL_LEFT] = mem_dup(left, nleft);
	p->text[SQL_RIGHT] = mem_dup(right, strlen(right));
	for (int s = 0; s < 2; s++)
		field_init(&p->field[s], p->text[s]);
}

/* "window" is two fields, unless the records have one of that name. */
static void
add_window(struct join_stream *j, const char *name)
{
	add_pair(j, name, strlen(name), name);
	for (int s = 0; s < 2; s++)
		j->pairs[j->npairs - 1].field[s].pair = true;
	list_add(&j->once, name, false);
}

static int
join_open(struct stage *st)
{
	struct join_stream *j = STAGE(st, join_stream);

	j->pairs = mem_zalloc((2 * j->on.n + 1) * sizeof(*j->pairs));
	for (size_t i = 0; i < j->on.n; i++) {
		const char *on = j->on.s[i], *eq = path_until(on, '=');
		char *name;

		if (eq == on || (*eq == '=' && eq[1] == '\0'))
			return err_as(st->err, STATUS_USAGE,
				"--on: '%s' lacks a field's name", on);
		if (strcasecmp(on, "window") == 0) {
			add_window(j, "window_start");
			add_window(j, "window_end");
			list_add(&j->once, "window", false);
			continue;
		}
		add_pair(j, on, (size_t)(eq - on), *eq == '=' ? eq + 1 : on);
		if (*eq == '=')
			continue;
		name = path_name(on);
		list_add(&j->once, name, false);
		free(name);
	}
	return 0;
}

static int
join_inputs(struct stage *st, struct input_spec *in, int max)
{
	struct join_stream *j = STAGE(st, join_stream);

	if (st->noperands != 2)
		return err_as(st->err, STATUS_USAGE,
			"two inputs are joined: join-stream LEFT RIGHT, each a "
			"file, <( ) or - for standard input");
	if (j->on.n == 0 && j->where == NULL)
		return err_as(st->err, STATUS_USAGE,
			"on what? --on FIELD, or --where CONDITION");
	in[0].path = st->operands[0];
	in[1].path = st->operands[1];
	return 2;
}

/* The fields by the names that the plans have. */
static int
bind_pairs(struct stage *st, const struct plan *in)
{
	struct join_stream *j = STAGE(st, join_stream);

	for (size_t i = 0; i < j->npairs; i++)
		for (int s = 0; s < 2; s++) {
			struct field *f = &j->pairs[i].field[s];

			if (f->pair && in[s].fields != NULL &&
				schema_find(in[s].fields, "window", 6) >= 0)
				field_settle(f, "window", true);
			if (plan_bind(&in[s], f, NULL, st->err) < 0)
				return err_in(st->err, "the %s input",
					s == SQL_LEFT ? "left" : "right");
		}
	return 0;
}

static void
add_name(struct buf *b, const char *side, const char *text)
{
	buf_printf(b, "%s.`", side);
	for (; *text != '\0'; text++) {
		if (*text == '`')
			buf_byte(b, '`');
		buf_byte(b, *text);
	}
	buf_byte(b, '`');
}

/* The whole condition as SQL. */
static struct sql_join *
condition(struct stage *st, const struct plan *in)
{
	struct join_stream *j = STAGE(st, join_stream);
	struct sql_on *on = mem_zalloc((j->npairs + 1) * sizeof(*on));
	struct sql_join *cond;
	struct buf b;

	buf_init(&b);
	for (size_t i = 0; i < j->npairs; i++) {
		struct on_pair *p = &j->pairs[i];

		on[i] = (struct sql_on){
			{p->text[0], p->text[1]}, {&p->field[0], &p->field[1]}};
		buf_str(&b, i > 0 ? " and " : "");
		add_name(&b, "left", p->text[0]);
		buf_str(&b, " = ");
		add_name(&b, "right", p->text[1]);
	}
	if (j->where != NULL && b.n > 0)
		buf_printf(&b, " and (%s)", j->where);
	else if (j->where != NULL)
		buf_str(&b, j->where);
	cond = sql_join_new(buf_cstr(&b), on, j->npairs, in[0].fields,
		in[1].fields, st->err);
	buf_release(&b);
	free(on);
	return cond;
}

static bool
is_window(const char *name)
{
	return strcmp(name, "window_start") == 0 ||
		strcmp(name, "window_end") == 0;
}

/* Where a window made of the event time is the key, it is its end that is late
 * or not. */
static void
find_windows(struct join_stream *j, const struct plan *in)
{
	for (size_t i = 0; i < j->cond->nkeys; i++) {
		struct sql_key *k = &j->cond->keys[i];

		for (int s = 0; s < 2; s++)
			if (k->field[0] != NULL && k->field[1] != NULL &&
				is_window(k->field[s]))
				evtime_of_window(&j->side[s].time, &in[s]);
	}
}

/* SQL knows names in any case; a plan with fields has put them right. */
static bool
same_name(const struct half *s, const char *a, const char *b)
{
	return strcmp(a, b) == 0 || (!s->known && strcasecmp(a, b) == 0);
}

static bool
is_event_time(const struct half *s, const char *name)
{
	return evtime_is(&s->time, name) ||
		(s->time.known && same_name(s, s->time.field.path, name));
}

/* An equality key that carries a watermark bounds both sides. */
static void
find_key_time(struct join_stream *j)
{
	const char *name[2] = {NULL, NULL};

	for (size_t i = 0; i < j->cond->nkeys && name[0] == NULL; i++) {
		struct sql_key *k = &j->cond->keys[i];

		if (k->field[0] == NULL || k->field[1] == NULL)
			continue;
		for (int s = 0; s < 2; s++)
			if (is_event_time(&j->side[s], k->field[s])) {
				bool window = j->side[s].time.window;

				name[0] = window ? "window_end" : k->field[0];
				name[1] = window ? "window_end" : k->field[1];
			}
	}
	for (int s = 0; s < 2 && name[0] != NULL; s++) {
		field_init(&j->side[s].key_time, name[s]);
		j->side[s].by_key = true;
	}
}

static bool
is_time(const struct half *s, const char *name)
{
	return s->time.known && same_name(s, s->time.field.path, name);
}

/*
 * left - right > c: left rows up to the watermark plus c can match nothing that
 * is still to come; left - right < c: right rows up to it less c.
 */
static void
find_bounds(struct join_stream *j)
{
	for (size_t i = 0; i < j->cond->nbounds; i++) {
		struct sql_bound *b = &j->cond->bounds[i];
		int s = b->upper ? SQL_RIGHT : SQL_LEFT;
		int64_t lag = (b->upper ? -b->c_us : b->c_us) -
			(b->strict ? 0 : 1000);
		struct half *side = &j->side[s];

		if (!is_time(&j->side[0], b->field[0]) ||
			!is_time(&j->side[1], b->field[1]))
			continue;
		if (!side->bounded || lag < side->lag_us)
			side->lag_us = lag;
		side->bounded = true;
	}
}

/* A condition that bounds a side by the other's watermark, if only the side
 * had one of its own, by which its rows could go. */
static bool
nearly_bounded(struct join_stream *j, int s)
{
	for (size_t i = 0; i < j->cond->nbounds; i++) {
		struct sql_bound *b = &j->cond->bounds[i];

		if (s == (b->upper ? SQL_RIGHT : SQL_LEFT) &&
			is_time(&j->side[!s], b->field[!s]))
			return true;
	}
	return false;
}

/* As in Spark: without an equality every record would meet every other, of
 * streams that do not end. */
static int
check_equality(struct stage *st, const struct plan *in)
{
	struct join_stream *j = STAGE(st, join_stream);

	if (j->cond->nkeys > 0 || (!in[0].stream && !in[1].stream))
		return 0;
	return err_as(st->err, STATUS_USAGE,
		"a join of two streams wants an "
		"equality, by which it finds what belongs together: --on FIELD, "
		"or left.a = right.b in --where");
}

static int
check_outer(struct stage *st, const struct plan *out)
{
	static const char remedy[] =
		"put a watermark on both inputs, and join on the event time or "
		"bound it in --where (right.t between left.t - interval 5 "
		"minutes and left.t + interval 5 minutes)";
	struct join_stream *j = STAGE(st, join_stream);
	bool any = nearly_bounded(j, SQL_LEFT) || nearly_bounded(j, SQL_RIGHT);

	if (j->how == HOW_INNER || !out->stream || j->side[0].by_key)
		return 0;
	for (int s = 0; s < 2; s++) {
		const char *name = s == SQL_LEFT ? "left" : "right";
		bool needs = preserved(j, s) ||
			(j->how == HOW_SEMI && s == SQL_LEFT);

		if (!needs || (j->side[s].bounded && j->side[!s].time.known))
			continue;
		if (j->how == HOW_FULL ? !any : !nearly_bounded(j, s))
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

static void
plan_fields(struct join_stream *j, const struct plan *in, struct plan *out)
{
	for (int s = 0; s < 2; s++) {
		j->pair.fixed[s] = in[s].fields != NULL;
		for (size_t i = 0; in[s].fields && i < in[s].fields->n; i++)
			join_pair_name(&j->pair, s, in[s].fields->f[i].name);
	}
	if (in[0].fields == NULL || in[1].fields == NULL) {
		schema_free(out->fields);
		out->fields = NULL;
		return;
	}
	for (size_t i = 0; j->how != HOW_SEMI && i < in[1].fields->n; i++) {
		const struct schema_field *f = &in[1].fields->f[i];
		const char *name = join_pair_right(&j->pair, i);

		if (name != NULL)
			schema_add(out->fields, name, type_copy(f->type));
	}
}

/* What the right field is called in the output, where both sides are known, or
 * at least that the left one has it too; NULL: it is the left one. */
static const char *
right_called(struct join_stream *j, const struct plan *in, const char *name,
	struct buf *tmp)
{
	const struct list *right = &j->pair.names[SQL_RIGHT];
	const char *out, *found = NULL;

	for (size_t i = 0; i < j->once.n; i++)
		if (strcasecmp(j->once.s[i], name) == 0)
			return NULL;
	for (size_t i = 0; i < right->n && in[0].fields != NULL; i++) {
		out = join_pair_right(&j->pair, i);
		if (out != NULL && strcmp(right->s[i], name) == 0)
			found = out;
	}
	buf_clear(tmp);
	if (found == NULL && in[0].event_time != NULL &&
		strcmp(in[0].event_time, name) == 0)
		buf_str(tmp, "right_");
	buf_str(tmp, found != NULL ? found : name);
	return buf_cstr(tmp);
}

/* The right event time goes on beside the left one, by the name that it has
 * then. */
static void
plan_right_time(struct join_stream *j, const struct plan *in, struct plan *out)
{
	const char *time = in[1].event_time, *name;
	bool windows = in[0].window_us != 0 || in[0].session_us != 0;
	struct path p;
	struct buf b;

	if (j->how == HOW_SEMI || time == NULL ||
		(strcmp(time, "window") == 0 && windows))
		return;
	buf_init(&b);
	path_init(&p, time);
	name = p.n > 1 ? p.step[0].s : time;
	name = right_called(j, in, name, &b);
	if (name != NULL && p.n > 1) {
		free(p.step[0].s);
		p.step[0].s = mem_dup(name, strlen(name));
		p.step[0].n = strlen(name);
		buf_clear(&b);
		path_print(&p, &b);
		name = buf_cstr(&b);
	}
	if (name != NULL)
		plan_add_time(out, name, in[1].delay_us);
	path_release(&p);
	buf_release(&b);
}

static void
plan_time(struct join_stream *j, const struct plan *in, struct plan *out)
{
	int s = in[0].delay_us >= 0 ? 0 : 1;

	free(out->event_time);
	out->event_time = in[s].event_time == NULL
		? NULL
		: mem_dup(in[s].event_time, strlen(in[s].event_time));
	out->delay_us = in[s].delay_us;
	out->idle_us = -1;
	out->arrival = false;
	out->window_us = in[s].window_us;
	out->slide_us = in[s].slide_us;
	if (s == 0 && in[1].delay_us >= 0)
		plan_right_time(j, in, out);
}

/* The event time of a side is another one of those that carry its watermark,
 * where the condition speaks of that. */
static void
choose_time(struct join_stream *j, int s, const struct plan *in)
{
	struct half *side = &j->side[s];
	struct plan p;

	evtime_init(&side->time, in);
	if (in->times.n == 0)
		return;
	plan_copy(&p, in);
	for (size_t i = 0; i < j->cond->nbounds; i++)
		if (plan_take_time(&p, j->cond->bounds[i].field[s]))
			break;
	for (size_t i = 0; i < j->cond->nkeys && j->cond->nbounds == 0; i++)
		if (j->cond->keys[i].field[s] != NULL &&
			plan_take_time(&p, j->cond->keys[i].field[s]))
			break;
	evtime_release(&side->time);
	evtime_init(&side->time, &p);
	plan_release(&p);
}

/* The i-th field that must not be null. */
static int
open_not_null(struct stage *st, int s, size_t i, const struct plan *in)
{
	struct join_stream *j = STAGE(st, join_stream);
	struct field *f = &j->side[s].not_null[i];

	field_init(f, j->cond->not_null[s][i]);
	for (size_t k = 0; k < j->npairs; k++)
		if (strcmp(j->pairs[k].field[s].path, f->path) == 0)
			f->pair = j->pairs[k].field[s].pair;
	stage_watch(st, f);
	return plan_bind(in, f, NULL, st->err);
}

static int
join_plan(struct stage *st, const struct plan *in, int n, struct plan *out)
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
				modes_name(in[s].mode));
	join_rows_init(&j->rows, st->shapes, st->err);
	join_pair_init(&j->pair, &j->once);
	if (bind_pairs(st, in) < 0)
		return -1;
	j->cond = condition(st, in);
	if (j->cond == NULL || check_equality(st, in) < 0)
		return -1;
	marks_init(&j->marks, in, n, (enum policy)j->policy);
	for (int s = 0; s < 2; s++) {
		struct half *side = &j->side[s];

		choose_time(j, s, &in[s]);
		side->known = in[s].fields != NULL;
		side->nnot_null = j->cond->nnot_null[s];
		side->not_null = mem_zalloc(
			(side->nnot_null + 1) * sizeof(*side->not_null));
		for (size_t i = 0; i < side->nnot_null; i++)
			if (open_not_null(st, s, i, &in[s]) < 0)
				return -1;
		side->filtered = !preserved(j, s);
	}
	find_windows(j, in);
	find_key_time(j);
	find_bounds(j);
	plan_fields(j, in, out);
	plan_time(j, in, out);
	list_add(&out->stateful, "join-stream", false);
	return check_outer(st, out);
}

/* When a row can match nothing any more. */
static int64_t
due_of(struct join_stream *j, int s, const struct record *r)
{
	struct half *side = &j->side[s];
	const struct value *v;
	int64_t t;

	if (side->by_key) {
		v = record_get(r, &side->key_time);
		return v != NULL && value_get_time(v, &t) == 0 ? t
							       : STATE_NEVER;
	}
	if (side->bounded && evtime_get(&side->time, r, &t))
		return time_add(t, -side->lag_us);
	return STATE_NEVER;
}

/* ---- what goes out ---- */

/* Remember the names of a side when a record shows other ones. */
static int
learn_names(struct stage *st, int s, const struct record *r)
{
	struct join_stream *j = STAGE(st, join_stream);
	const struct list *names = &j->pair.names[s];
	char key[2] = {'N', (char)s};
	struct buf text;
	state_ref ref;
	bool made;

	if (!join_pair_learn(&j->pair, s, r))
		return 0;
	buf_init(&text);
	for (size_t i = 0; i < names->n; i++)
		buf_add(&text, names->s[i], strlen(names->s[i]) + 1);
	ref = state_make(st->state, key, 2, text.n, &made, st->err);
	if (ref != STATE_NONE && text.n > 0)
		memcpy(state_resize(st->state, ref, text.n), text.p, text.n);
	buf_release(&text);
	return ref == STATE_NONE ? -1 : 0;
}

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

/* ---- a record comes ---- */

/* A null that no condition can be true with.  (All are looked at: a field that no
 * record has is told at the end.) */
static bool
hopeless(struct half *side, const struct record *r)
{
	bool any = false;

	for (size_t i = 0; i < side->nnot_null; i++)
		any |= value_is_null(record_get(r, &side->not_null[i]));
	return any;
}

static struct expr_env
environment(const struct stage *st)
{
	return (struct expr_env){
		.zone = stage_zone(st), .batch_us = st->now.time_us};
}

/* The key, into j->key; 1: it has a null, which is equal to nothing. */
static int
make_key(struct stage *st, int s, const struct record *r)
{
	struct join_stream *j = STAGE(st, join_stream);
	struct expr_env env = environment(st);
	struct value v;
	int null = 0;

	buf_clear(&j->key);
	for (size_t i = 0; i < j->cond->nkeys; i++) {
		if (sql_join_key(j->cond, i, s, r, &env, &v, st->err) < 0)
			return -1;
		null |= v.type == VALUE_NULL && !j->cond->keys[i].null_safe;
		key_encode(&v, &j->key);
	}
	return null;
}

/* Meet one kept row of the other side: 1 matched, 0 not, -1. */
static int
meet(struct stage *st, int s, struct record *r, uint64_t id, uint64_t *after)
{
	struct join_stream *j = STAGE(st, join_stream);
	struct expr_env env = environment(st);
	state_ref row = join_rows_find(&j->rows, !s, id);
	struct join_row head = *join_rows_head(&j->rows, row);
	struct record kept;
	int yes = 1;

	*after = head.after;
	if (join_rows_record(&j->rows, !s, row, &kept) < 0)
		return -1;
	if (j->cond->rest)
		yes = s == SQL_LEFT
			? sql_join_pair(j->cond, r, &kept, &env, st->err)
			: sql_join_pair(j->cond, &kept, r, &env, st->err);
	if (yes <= 0)
		return yes;
	if (j->how == HOW_SEMI) {
		/* A left row goes out once, and is kept no longer. */
		if (s == SQL_LEFT)
			return 1;
		if (stage_emit(st, &kept) < 0)
			return -1;
		join_rows_drop(&j->rows, SQL_LEFT, id);
		return 1;
	}
	if (preserved(j, !s) && !head.matched)
		join_rows_match(&j->rows, row);
	return (s == SQL_LEFT ? write_pair(st, r, &kept)
			      : write_pair(st, &kept, r)) < 0
		? -1
		: 1;
}

static int
meet_all(struct stage *st, int s, struct record *r, bool *matched)
{
	struct join_stream *j = STAGE(st, join_stream);
	uint64_t id = join_rows_first(&j->rows, !s, &j->key), after;

	*matched = false;
	for (; id != 0; id = after) {
		int met = meet(st, s, r, id, &after);

		if (met < 0)
			return -1;
		if (met > 0)
			*matched = true;
		if (met > 0 && j->how == HOW_SEMI && s == SQL_LEFT)
			return stage_emit(st, r);
	}
	return 0;
}

/* 1, or 0 where the record is refused, because it does not tell which field is
 * meant, or -1. */
static int
clash(struct stage *st, int s, const struct record *r)
{
	struct join_stream *j = STAGE(st, join_stream);

	for (size_t i = 0; i < j->npairs; i++) {
		struct field *f = &j->pairs[i].field[s];

		if (field_clashes(f, r))
			return stage_reject(st, r, FIELD_CLASH, f->path);
	}
	j->side[s].shape_id = r->shape->id;
	return 1;
}

static int
join_record(struct stage *st, int s, struct record *r)
{
	struct join_stream *j = STAGE(st, join_stream);
	struct half *side = &j->side[s];
	struct expr_env env = environment(st);
	bool matched = false;
	int64_t t;
	int yes = 1, null;

	if (r->shape->id != side->shape_id && (yes = clash(st, s, r)) <= 0)
		return yes;
	if (learn_names(st, s, r) < 0)
		return -1;
	if (hopeless(side, r) && side->filtered)
		return 0;
	if (!st->now.whole && st->now.watermark != WATERMARK_NONE &&
		evtime_get(&side->time, r, &t) && t <= j->marks.now) {
		st->late++;
		stage_late(st, r, "the record is older than the watermark");
		return 0;
	}
	if (j->cond->one_sided[s])
		yes = sql_join_side(j->cond, s, r, &env, st->err);
	if (yes < 0)
		return -1;
	if (yes == 0)
		return preserved(j, s) ? write_alone(st, s, r) : 0;
	null = make_key(st, s, r);
	if (null < 0)
		return -1;
	if (null && side->filtered)
		return 0;
	join_rows_expect(&j->rows, s, &j->key);
	if (meet_all(st, s, r, &matched) < 0)
		return -1;
	if (matched && j->how == HOW_SEMI && s == SQL_LEFT)
		return 0;
	if (join_rows_keep(&j->rows, s, &j->key, r, matched, due_of(j, s, r)) <
		0)
		return -1;
	return 0;
}

/* ---- time ---- */

static int64_t
threshold(const struct join_stream *j, int64_t watermark)
{
	int64_t t = watermark, due;

	if (watermark == WATERMARK_NONE)
		return t;
	for (int s = 0; s < 2; s++) {
		due = time_add(watermark, j->side[s].lag_us);
		if (!j->side[s].by_key && j->side[s].bounded && due < t)
			t = due;
	}
	return t > 0 ? t : 0; /* none begins before 1970 */
}

static int
join_mark(struct stage *st, int input, const struct batch *b)
{
	struct marks *m = &STAGE(st, join_stream)->marks;

	if (!b->last) {
		marks_put(m, input, b);
		return 0;
	}
	marks_ended(m, input, b);
	if (st->in.trigger == TRIGGER_INTERVAL && marks_hold(m, input))
		stage_warn(st,
			"'%s' has ended: its watermark stays and holds up "
			"that of the others; watermark --idle D on it lets them "
			"go on",
			st->operands[input]);
	return 0;
}

static int
join_begin(struct stage *st, struct batch *b)
{
	struct join_stream *j = STAGE(st, join_stream);

	b->watermark = threshold(j, marks_get(&j->marks, b));
	return 0;
}

static int
by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
due_add(struct join_stream *j, uint64_t id)
{
	if (j->ndue == j->cap) {
		j->cap = j->cap ? 2 * j->cap : 64;
		j->due = mem_realloc(j->due, j->cap * sizeof(*j->due));
	}
	j->due[j->ndue++] = id;
}

/* Let the gathered rows of one side go, in the order in which they came. */
static int
let_go(struct stage *st, int s)
{
	struct join_stream *j = STAGE(st, join_stream);
	struct record r;

	if (j->ndue > 0)
		qsort(j->due, j->ndue, sizeof(*j->due), by_id);
	for (size_t i = 0; i < j->ndue; i++) {
		state_ref row = join_rows_find(&j->rows, s, j->due[i]);

		if (preserved(j, s) &&
			!join_rows_head(&j->rows, row)->matched &&
			(join_rows_record(&j->rows, s, row, &r) < 0 ||
				write_alone(st, s, &r) < 0))
			return -1;
		join_rows_drop(&j->rows, s, j->due[i]);
	}
	j->ndue = 0;
	return 0;
}

/* Rows behind the watermark; at the end of a bounded input all. */
static int
expire(struct stage *st, int64_t watermark, bool all)
{
	struct join_stream *j = STAGE(st, join_stream);
	struct buf right;
	uint64_t id;
	int side, ret;

	buf_init(&right);
	for (state_ref row = all ? state_first(st->state)
				 : state_due(st->state, watermark);
		row != STATE_NONE; row = all ? state_next(st->state, row)
					     : state_due(st->state, watermark))
		if (join_rows_is(&j->rows, row, &side, &id)) {
			if (side == SQL_LEFT)
				due_add(j, id);
			else
				buf_add(&right, &id, sizeof(id));
		}
	ret = let_go(st, SQL_LEFT);
	for (size_t i = 0; i < right.n; i += sizeof(id)) {
		memcpy(&id, right.p + i, sizeof(id));
		due_add(j, id);
	}
	buf_release(&right);
	if (ret == 0)
		ret = let_go(st, SQL_RIGHT);
	return ret;
}

static int
join_restore(struct stage *st)
{
	struct join_stream *j = STAGE(st, join_stream);
	size_t n;
	state_ref ref = state_find(st->state, "I", 1);

	join_rows_restore(&j->rows, st->state);
	for (int s = 0; s < 2; s++) {
		char key[2] = {'N', (char)s};
		state_ref names = state_find(st->state, key, 2);
		const char *p;

		if (names == STATE_NONE || j->pair.names[s].n > 0)
			continue;
		p = state_value(st->state, names, &n);
		for (size_t at = 0; at < n; at += strlen(p + at) + 1)
			join_pair_name(&j->pair, s, p + at);
	}
	if (ref == STATE_NONE)
		return 0;
	memcpy(&j->rows.next_id, state_value(st->state, ref, &n),
		sizeof(j->rows.next_id));
	return marks_restore(&j->marks, st, "W");
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
join_batch(struct stage *st, struct batch *b)
{
	struct join_stream *j = STAGE(st, join_stream);

	if (b->whole)
		return expire(st, 0, true);
	marks_get(&j->marks, b);
	if (j->marks.now != WATERMARK_NONE &&
		expire(st, j->marks.now, false) < 0)
		return -1;
	b->watermark = threshold(j, j->marks.now);
	if (save_last_id(st) < 0)
		return -1;
	return marks_save(&j->marks, st, "W");
}

/* Rows are kept whole: those of other fields would be of two kinds. */
static void
join_form(struct stage *st, const struct plan *in, int n, struct buf *out)
{
	for (int s = 0; s < n; s++) {
		if (in[s].fields == NULL)
			continue;
		buf_printf(out, "%s ", s == SQL_LEFT ? "left" : "right");
		schema_print(in[s].fields, out);
		buf_byte(out, '\n');
	}
}

/* ---- for bief state ---- */

static const char *const side_names[] = {"left", "right"};

static void
show_names(struct stage *st, state_ref ref, int side, struct buf *out)
{
	size_t n;
	const char *p = state_value(st->state, ref, &n), *end = p + n;

	entry_kind(out, "names");
	buf_printf(out, ",\"key\":{\"side\":\"%s\"},\"value\":[",
		side_names[side]);
	for (; p < end; p += strlen(p) + 1) {
		json_quote(out, p, strlen(p));
		if (p + strlen(p) + 1 < end)
			buf_byte(out, ',');
	}
	buf_byte(out, ']');
}

static int
join_show(struct stage *st, state_ref ref, struct buf *out)
{
	struct join_stream *j = STAGE(st, join_stream);
	size_t n;
	const char *key = state_key(st->state, ref, &n);

	switch (*key) {
	case 'R':
		return join_rows_show(&j->rows, ref, side_names, out);
	case 'N':
		show_names(st, ref, key[1], out);
		return 0;
	case 'W':
		marks_show(st->state, ref, out);
		return 0;
	default:
		return 1; /* lists and numbers of the rows */
	}
}

static int
side_of(struct stage *st, const struct value *object, struct value *key,
	int *side)
{
	struct value v;

	if (entry_get_nested(object, "key", VALUE_OBJECT, key, st->err) < 0 ||
		entry_get(key, "side", &v, st->err) < 0)
		return -1;
	*side = entry_is(&v, side_names[SQL_RIGHT]);
	return *side || entry_is(&v, side_names[SQL_LEFT])
		? 0
		: entry_wrong(st->err, "side", "left or right");
}

static int
take_names(struct stage *st, const struct value *object, state_ref *made)
{
	static const char *const only[] = {"side", NULL};
	struct json_iter it;
	struct value key, list, name;
	char entry[2] = {'N'};
	struct buf text;
	int side, ret;

	if (side_of(st, object, &key, &side) < 0 ||
		entry_only(&key, only, st->err) < 0 ||
		entry_get_nested(object, "value", VALUE_ARRAY, &list, st->err) <
			0)
		return -1;
	entry[1] = (char)side;
	buf_init(&text);
	json_iter(&it, &list);
	while (json_next(&it, &key, &name)) {
		json_unquote(
			&text, name.s, name.type == VALUE_STRING ? name.n : 0);
		buf_byte(&text, '\0');
	}
	ret = entry_put(st, entry, 2, text.p, text.n, made);
	buf_release(&text);
	return ret;
}

static int
take_row(struct stage *st, const struct value *object, state_ref *made)
{
	static const char *const only[] = {"side", "row", NULL};
	struct join_stream *j = STAGE(st, join_stream);
	struct value key, v;
	int64_t id;
	int side;

	if (side_of(st, object, &key, &side) < 0 ||
		entry_only(&key, only, st->err) < 0 ||
		entry_get_int(&key, "row", &id, st->err) < 0 ||
		entry_get_nested(object, "value", VALUE_OBJECT, &v, st->err) <
			0)
		return -1;
	if (id <= 0)
		return entry_wrong(st->err, "row", "above 0");
	if (join_rows_take(&j->rows, side, (uint64_t)id, &v, j->cond->nkeys) <
		0)
		return -1;
	*made = join_rows_find(&j->rows, side, (uint64_t)id);
	return save_last_id(st);
}

static int
join_take(struct stage *st, const struct value *object, state_ref *made)
{
	struct join_stream *j = STAGE(st, join_stream);

	if (object == NULL) {
		j->rows.count = 0;
		return save_last_id(st);
	}
	if (entry_of(object, "row"))
		return take_row(st, object, made);
	if (entry_of(object, "names"))
		return take_names(st, object, made);
	if (!entry_of(object, "watermarks"))
		return entry_unknown(object, st->err);
	return marks_take(&j->marks, st, "W", object, made);
}

static void
join_explain(struct stage *st, struct buf *out)
{
	struct join_stream *j = STAGE(st, join_stream);

	for (int s = 0; s < 2; s++) {
		struct half *side = &j->side[s];
		int64_t lag = side->lag_us < 0 ? -side->lag_us : side->lag_us;
		char text[TIME_MAX];

		buf_printf(out, "%s%s rows ", s > 0 ? "; " : "",
			s == SQL_LEFT ? "left" : "right");
		if (side->by_key)
			buf_str(out, "until the watermark reaches their key");
		else if (side->bounded)
			buf_printf(out,
				"until the watermark is %.*s %s their "
				"event time",
				(int)duration_format(lag, text), text,
				side->lag_us < 0 ? "past" : "before");
		else
			buf_str(out, "for ever: no condition bounds them");
	}
}

static void
join_close(struct stage *st)
{
	struct join_stream *j = STAGE(st, join_stream);

	for (int s = 0; s < 2; s++) {
		struct half *side = &j->side[s];

		evtime_release(&side->time);
		if (side->by_key)
			field_release(&side->key_time);
		for (size_t i = 0; i < side->nnot_null; i++)
			field_release(&side->not_null[i]);
		free(side->not_null);
	}
	sql_join_free(j->cond);
	for (size_t i = 0; i < j->npairs; i++)
		for (int s = 0; s < 2; s++) {
			free(j->pairs[i].text[s]);
			field_release(&j->pairs[i].field[s]);
		}
	free(j->pairs);
	list_free(&j->once);
	join_rows_release(&j->rows);
	join_pair_release(&j->pair);
	buf_release(&j->key);
	free(j->due);
}

static int64_t
join_kept(struct stage *st, bool glance)
{
	return (int64_t)STAGE(st, join_stream)->rows.count;
}

static const struct merger join_stream_merger = {
	.inputs = join_inputs,
	.plan = join_plan,
	.heard = join_mark,
	.record = join_record,
};

static const struct keeper join_stream_keeper = {
	.restore = join_restore,
	.form = join_form,
	.explain = join_explain,
	.show = join_show,
	.take = join_take,
	.rows = join_kept,
};

const struct op op_join_stream = {
	.name = "join-stream",
	.about = "join the records of two streams",
	.synopsis = "LEFT RIGHT --on F[=G],... [--where SQL] "
		    "[--how inner|left|right|full|semi] [--policy min|max]",
	.opts = join_opts,
	.size = sizeof(struct join_stream),
	.flags = OP_OPERANDS,
	.open = join_open,
	.begin = join_begin,
	.batch = join_batch,
	.merge = &join_stream_merger,
	.keeper = &join_stream_keeper,
	.close = join_close,
};
