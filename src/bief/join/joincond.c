/*
 * joincond: see joincond.h.  The fields of --on and the text of --where become
 * one condition in SQL, which finds in it the equalities that are keys and the
 * bounds between event times; what a bound means for a side is worked out here.
 */
#include "join/joincond.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "time/duration.h"
#include "time/time.h"
#include "value/path.h"
#include "runtime/plan/plan.h"
#include "runtime/stage.h"

static void
add_pair(struct joincond *c, const char *left, size_t nleft, const char *right)
{
	struct joincond_pair *p = &c->pairs[c->npairs++];

	p->text[SQL_LEFT] = mem_dup(left, nleft);
	p->text[SQL_RIGHT] = mem_dup(right, strlen(right));
	for (int s = 0; s < 2; s++)
		field_init(&p->field[s], p->text[s]);
}

/* "window" is two fields, unless the records have one of that name. */
static void
add_window(struct joincond *c, const char *name)
{
	add_pair(c, name, strlen(name), name);
	for (int s = 0; s < 2; s++)
		c->pairs[c->npairs - 1].field[s].pair = true;
	list_add(&c->once, name, false);
}

int
joincond_open(struct joincond *c, struct err *err)
{
	c->pairs = mem_zalloc((2 * c->on.n + 1) * sizeof(*c->pairs));
	for (size_t i = 0; i < c->on.n; i++) {
		const char *on = c->on.s[i], *eq = path_until(on, '=');
		char *name;

		if (eq == on || (*eq == '=' && eq[1] == '\0'))
			return err_as(err, STATUS_USAGE,
				"--on: '%s' lacks a field's name", on);
		if (strcasecmp(on, "window") == 0) {
			add_window(c, "window_start");
			add_window(c, "window_end");
			list_add(&c->once, "window", false);
			continue;
		}
		add_pair(c, on, (size_t)(eq - on), *eq == '=' ? eq + 1 : on);
		if (*eq == '=')
			continue;
		name = path_name(on);
		list_add(&c->once, name, false);
		free(name);
	}
	return 0;
}

/* The fields by the names that the plans have. */
static int
bind_pairs(struct joincond *c, const struct plan *in, struct err *err)
{
	for (size_t i = 0; i < c->npairs; i++)
		for (int s = 0; s < 2; s++) {
			struct field *f = &c->pairs[i].field[s];

			if (f->pair && in[s].fields != NULL &&
				schema_find(in[s].fields, "window", 6) >= 0)
				field_settle(f, "window", true);
			if (plan_bind(&in[s], f, NULL, err) < 0)
				return err_in(err, "the %s input",
					s == SQL_LEFT ? "left" : "right");
		}
	return 0;
}

static void
add_side_name(struct buf *b, const char *side, const char *text)
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
all_as_sql(struct joincond *c, const struct plan *in, struct err *err)
{
	struct sql_on *on = mem_zalloc((c->npairs + 1) * sizeof(*on));
	struct sql_join *cond;
	struct buf b;

	buf_init(&b);
	for (size_t i = 0; i < c->npairs; i++) {
		struct joincond_pair *p = &c->pairs[i];

		on[i] = (struct sql_on){
			{p->text[0], p->text[1]}, {&p->field[0], &p->field[1]}};
		buf_str(&b, i > 0 ? " and " : "");
		add_side_name(&b, "left", p->text[0]);
		buf_str(&b, " = ");
		add_side_name(&b, "right", p->text[1]);
	}
	if (c->where != NULL && b.n > 0)
		buf_printf(&b, " and (%s)", c->where);
	else if (c->where != NULL)
		buf_str(&b, c->where);
	cond = sql_join_new(
		buf_cstr(&b), on, c->npairs, in[0].fields, in[1].fields, err);
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
find_windows(struct joincond *c, const struct plan *in)
{
	for (size_t i = 0; i < c->sql->nkeys; i++) {
		struct sql_key *k = &c->sql->keys[i];

		for (int s = 0; s < 2; s++)
			if (k->field[0] != NULL && k->field[1] != NULL &&
				is_window(k->field[s]))
				evtime_of_window(&c->side[s].time, &in[s]);
	}
}

/* SQL knows names in any case; a plan with fields has put them right. */
static bool
same_name(const struct joincond_half *s, const char *a, const char *b)
{
	return strcmp(a, b) == 0 || (!s->known && strcasecmp(a, b) == 0);
}

static bool
is_event_time(const struct joincond_half *s, const char *name)
{
	return evtime_is(&s->time, name) ||
		(s->time.known && same_name(s, s->time.field.path, name));
}

/* An equality key that carries a watermark bounds both sides. */
static void
find_key_time(struct joincond *c)
{
	const char *name[2] = {NULL, NULL};

	for (size_t i = 0; i < c->sql->nkeys && name[0] == NULL; i++) {
		struct sql_key *k = &c->sql->keys[i];

		if (k->field[0] == NULL || k->field[1] == NULL)
			continue;
		for (int s = 0; s < 2; s++)
			if (is_event_time(&c->side[s], k->field[s])) {
				bool window = c->side[s].time.window;

				name[0] = window ? "window_end" : k->field[0];
				name[1] = window ? "window_end" : k->field[1];
			}
	}
	for (int s = 0; s < 2 && name[0] != NULL; s++) {
		field_init(&c->side[s].key_time, name[s]);
		c->side[s].by_key = true;
	}
}

static bool
is_time(const struct joincond_half *s, const char *name)
{
	return s->time.known && same_name(s, s->time.field.path, name);
}

/*
 * left - right > c: left rows up to the watermark plus c can match nothing that
 * is still to come; left - right < c: right rows up to it less c.
 */
static void
find_bounds(struct joincond *c)
{
	for (size_t i = 0; i < c->sql->nbounds; i++) {
		struct sql_bound *b = &c->sql->bounds[i];
		int s = b->upper ? SQL_RIGHT : SQL_LEFT;
		int64_t lag = (b->upper ? -b->c_us : b->c_us) -
			(b->strict ? 0 : 1000);
		struct joincond_half *side = &c->side[s];

		if (!is_time(&c->side[0], b->field[0]) ||
			!is_time(&c->side[1], b->field[1]))
			continue;
		if (!side->bounded || lag < side->lag_us)
			side->lag_us = lag;
		side->bounded = true;
	}
}

bool
joincond_nearly_bounded(const struct joincond *c, int s)
{
	for (size_t i = 0; i < c->sql->nbounds; i++) {
		struct sql_bound *b = &c->sql->bounds[i];

		if (s == (b->upper ? SQL_RIGHT : SQL_LEFT) &&
			is_time(&c->side[!s], b->field[!s]))
			return true;
	}
	return false;
}

/* As in Spark: without an equality every record would meet every other, of
 * streams that do not end. */
static int
check_equality(const struct joincond *c, const struct plan *in, struct err *err)
{
	if (c->sql->nkeys > 0 || (!in[0].stream && !in[1].stream))
		return 0;
	return err_as(err, STATUS_USAGE,
		"a join of two streams wants an "
		"equality, by which it finds what belongs together: --on FIELD, "
		"or left.a = right.b in --where");
}

/* The event time of a side is another one of those that carry its watermark,
 * where the condition speaks of that. */
static void
choose_time(struct joincond *c, int s, const struct plan *in)
{
	struct joincond_half *side = &c->side[s];
	struct plan p;

	evtime_init(&side->time, in);
	if (in->times.n == 0)
		return;
	plan_copy(&p, in);
	for (size_t i = 0; i < c->sql->nbounds; i++)
		if (plan_take_time(&p, c->sql->bounds[i].field[s]))
			break;
	for (size_t i = 0; i < c->sql->nkeys && c->sql->nbounds == 0; i++)
		if (c->sql->keys[i].field[s] != NULL &&
			plan_take_time(&p, c->sql->keys[i].field[s]))
			break;
	evtime_release(&side->time);
	evtime_init(&side->time, &p);
	plan_release(&p);
}

/* The i-th field that must not be null. */
static int
open_not_null(struct joincond *c, struct stage *st, int s, size_t i,
	const struct plan *in)
{
	struct field *f = &c->side[s].not_null[i];

	field_init(f, c->sql->not_null[s][i]);
	for (size_t k = 0; k < c->npairs; k++)
		if (strcmp(c->pairs[k].field[s].path, f->path) == 0)
			f->pair = c->pairs[k].field[s].pair;
	stage_watch(st, f);
	return plan_bind(in, f, NULL, st->err);
}

static int
plan_side(struct joincond *c, struct stage *st, int s, const struct plan *in)
{
	struct joincond_half *side = &c->side[s];

	choose_time(c, s, in);
	side->known = in->fields != NULL;
	side->nnot_null = c->sql->nnot_null[s];
	side->not_null = mem_zalloc(
		(side->nnot_null + 1) * sizeof(*side->not_null));
	for (size_t i = 0; i < side->nnot_null; i++)
		if (open_not_null(c, st, s, i, in) < 0)
			return -1;
	return 0;
}

int
joincond_plan(struct joincond *c, struct stage *st, const struct plan *in)
{
	if (bind_pairs(c, in, st->err) < 0)
		return -1;
	c->sql = all_as_sql(c, in, st->err);
	if (c->sql == NULL || check_equality(c, in, st->err) < 0)
		return -1;
	for (int s = 0; s < 2; s++)
		if (plan_side(c, st, s, &in[s]) < 0)
			return -1;
	find_windows(c, in);
	find_key_time(c);
	find_bounds(c);
	return 0;
}

int64_t
joincond_due(struct joincond *c, int s, const struct record *r)
{
	struct joincond_half *side = &c->side[s];
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

/* (All are looked at: a field that no record has is told at the end.) */
bool
joincond_hopeless(struct joincond *c, int s, const struct record *r)
{
	struct joincond_half *side = &c->side[s];
	bool any = false;

	for (size_t i = 0; i < side->nnot_null; i++)
		any |= value_is_null(record_get(r, &side->not_null[i]));
	return any;
}

int
joincond_clash(
	struct joincond *c, struct stage *st, int s, const struct record *r)
{
	for (size_t i = 0; i < c->npairs; i++) {
		struct field *f = &c->pairs[i].field[s];

		if (field_clashes(f, r))
			return stage_reject(st, r, FIELD_CLASH, f->path);
	}
	c->side[s].shape_id = r->shape->id;
	return 1;
}

int64_t
joincond_threshold(const struct joincond *c, int64_t watermark)
{
	int64_t t = watermark, due;

	if (watermark == WATERMARK_NONE)
		return t;
	for (int s = 0; s < 2; s++) {
		due = time_add(watermark, c->side[s].lag_us);
		if (!c->side[s].by_key && c->side[s].bounded && due < t)
			t = due;
	}
	return t > 0 ? t : 0; /* none begins before 1970 */
}

void
joincond_explain(const struct joincond *c, struct buf *out)
{
	for (int s = 0; s < 2; s++) {
		const struct joincond_half *side = &c->side[s];
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

void
joincond_release(struct joincond *c)
{
	for (int s = 0; s < 2; s++) {
		struct joincond_half *side = &c->side[s];

		evtime_release(&side->time);
		if (side->by_key)
			field_release(&side->key_time);
		for (size_t i = 0; i < side->nnot_null; i++)
			field_release(&side->not_null[i]);
		free(side->not_null);
	}
	sql_join_free(c->sql);
	for (size_t i = 0; i < c->npairs; i++)
		for (int s = 0; s < 2; s++) {
			free(c->pairs[i].text[s]);
			field_release(&c->pairs[i].field[s]);
		}
	free(c->pairs);
	list_free(&c->once);
}
