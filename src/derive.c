/*
 * derive: add fields that are computed, or give fields new values.
 *
 * Time: that of the stream, as event_time.
 * Watermark: passed on, unless its field is given new values.
 * State: none.
 * Restart: nothing to recover.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "value/path.h"
#include "expr/expr.h"
#include "expr/sql/sql.h"
#include "runtime/stage.h"
#include "window/evtime.h"

/* One NAME=EXPR. */
struct derived {
	char *name;
	const char *text; /* of the expression */
	struct expr *expr;
	struct record_add add;
	struct slots slots;
};

struct derive {
	bool sql;
	struct derived *d;
	size_t n;
	struct expr_env env;
	struct record whole; /* the one that is looked at, as it has come */
	struct evtime event;
	bool asks_event; /* an expression wants the event time */
};

static const struct opt derive_opts[] = {
	{"sql", 0, OPT_FLAG, offsetof(struct derive, sql), NULL,
		"the expressions are SQL, as in Spark"},
	{"max-cpu", 0, OPT_DURATION, offsetof(struct derive, env.max_cpu_us),
		"D", "how long libjq may compute for a record (5s)",
		.free = true, .least = 1},
	OPT_END};

/* NAME=EXPR, with spaces around the sign where they are wanted. */
static int
take_operand(struct stage *st, struct derived *d, const char *text)
{
	char quoted[200];

	text += strspn(text, " \t\n");
	d->name = path_assigned(text, &d->text);
	/* ".a == 1" has no name; one with such signs stands in quotes. */
	if (d->name != NULL && *text != '"' &&
		(*text == '.' ||
			d->name[strcspn(d->name, " \t\n|<>!(\"'")] != '\0')) {
		free(d->name);
		d->name = NULL;
	}
	if (d->name == NULL)
		return err_as(st->err, STATUS_USAGE,
			"'%s' is not NAME=EXPR, a field's name and what it "
			"shall hold",
			err_quote(quoted, sizeof(quoted), text, strlen(text)));
	record_add_init(&d->add, d->name);
	return 0;
}

static int
derive_open(struct stage *st)
{
	struct derive *x = STAGE(st, derive);

	if (st->noperands == 0)
		return err_as(st->err, STATUS_USAGE,
			"nothing to derive is given: derive 'sum=.a + .b'");
	x->d = mem_zalloc(st->noperands * sizeof(x->d[0]));
	for (x->n = 0; x->n < st->noperands; x->n++)
		if (take_operand(st, &x->d[x->n], st->operands[x->n]) < 0)
			return -1;
	return 0;
}

static bool
has_key(const struct plan *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->keys.n; i++)
		if (strcmp(p->keys.s[i], name) == 0)
			return true;
	return false;
}

/* A field that meant something to the stream is only a field when it is given
 * new values. */
static void
plan_replaced(struct plan *p, const char *name)
{
	if (p->event_time != NULL && strcmp(p->event_time, name) == 0) {
		free(p->event_time);
		p->event_time = NULL;
	}
	for (size_t i = p->times.n; i > 0; i -= 2)
		if (strcmp(p->times.s[i - 2], name) == 0)
			plan_rename_time(p, i - 2, NULL);
	if (strcmp(name, "window_start") == 0 ||
		strcmp(name, "window_end") == 0)
		p->window_us = 0;
	if (has_key(p, name)) {
		list_free(&p->keys);
		p->keys = (struct list){0};
	}
}

static void
plan_field_type(struct plan *p, const char *name, const struct type *type)
{
	struct type *t = type->kind != TYPE_UNKNOWN ? type_copy(type) : NULL;
	int at;

	if (p->fields == NULL) {
		type_free(t);
		return;
	}
	at = schema_find(p->fields, name, strlen(name));
	if (at < 0) {
		schema_add(p->fields, name, t);
		return;
	}
	schema_remove(p->fields, (size_t)at);
	schema_insert(p->fields, (size_t)at, name, t);
}

static int
derive_plan(struct stage *st, struct plan *p)
{
	struct derive *x = STAGE(st, derive);
	struct derived *d;
	struct field *f;
	size_t i;

	evtime_init(&x->event, p);
	x->env.zone = stage_zone(st);
	x->env.stopping = stage_stopping;
	x->env.apart = st->clone;
	for (d = x->d; d < x->d + x->n; d++) {
		d->expr = (x->sql ? sql_expr : jq_expr)(
			d->text, p->fields, st->err);
		if (d->expr == NULL)
			return err_in(st->err, "%s", d->name);
		for (i = 0; (f = expr_watched(d->expr, i)) != NULL; i++)
			stage_watch(st, f);
		if (expr_note(d->expr) != NULL)
			stage_warn(st, "%s: %s", d->name, expr_note(d->expr));
		plan_field_type(p, d->name, expr_type(d->expr));
		plan_replaced(p, d->name);
		x->asks_event |= !x->sql &&
			strstr(d->text, "event_time") != NULL;
	}
	return 0;
}

static int derive_from(struct stage *st, struct record *r, size_t i);

/* A record on its way through an expression with several results. */
struct passage {
	struct stage *st;
	const struct record *r;
	size_t i;
	bool refused; /* by what follows */
};

static int
add_and_go_on(
	struct stage *st, struct record *r, size_t i, const struct value *v)
{
	struct derived *d = &STAGE(st, derive)->d[i];

	record_add(r, &d->add, *v, &d->slots);
	return derive_from(st, r, i + 1);
}

static int
pass_value(void *arg, const struct value *v)
{
	struct passage *p = arg;
	struct record r = *p->r;

	if (add_and_go_on(p->st, &r, p->i, v) == 0)
		return 0;
	p->refused = true;
	return -1;
}

static int
reject_value(struct stage *st, struct record *r, size_t i, int rc,
	const struct err *err)
{
	struct value null = value_null();

	if (rc == EXPR_ENDED) {
		*st->err = *err;
		return -1;
	}
	if (stage_reject(st, r, "%s: %s", STAGE(st, derive)->d[i].name,
		    err->text) < 0)
		return -1;
	if (!stage_kept(st))
		return 0;
	return add_and_go_on(st, r, i, &null);
}

/* The fields from the i-th on; a record goes out for each result. */
static int
derive_from(struct stage *st, struct record *r, size_t i)
{
	struct derive *x = STAGE(st, derive);
	struct passage p = {st, r, i, false};
	struct value v;
	struct err err;
	int n, rc;

	for (; i < x->n; i++) {
		rc = expr_one(x->d[i].expr, r, &x->env, &v, &n, &err);
		/* What libjq is to be asked for, now or in the midst of
		 * results: as the record has come. */
		if (st->clone && (rc == EXPR_APART || (rc == 0 && n > 1)))
			return stage_defer(st, &x->whole);
		if (rc < 0)
			return reject_value(st, r, i, rc, &err);
		if (n == 0)
			return 0;
		if (n > 1)
			break;
		record_add(r, &x->d[i].add, v, &x->d[i].slots);
	}
	if (i == x->n)
		return stage_emit(st, r);
	p.i = i;
	rc = expr_eval(x->d[i].expr, r, &x->env, pass_value, &p, &err);
	if (rc == 0)
		return 0;
	return p.refused ? -1 : reject_value(st, r, i, rc, &err);
}

static int
derive_record(struct stage *st, struct record *r)
{
	struct derive *x = STAGE(st, derive);

	x->env.batch_us = st->now.time_us;
	x->whole = *r;
	if (x->asks_event)
		x->env.has_event = evtime_get(&x->event, r, &x->env.event_us);
	return derive_from(st, r, 0);
}

static void
derive_close(struct stage *st)
{
	struct derive *x = STAGE(st, derive);
	size_t i;

	for (i = 0; x->d != NULL && i < st->noperands; i++) {
		free(x->d[i].name);
		expr_free(x->d[i].expr);
		record_add_release(&x->d[i].add);
		slots_release(&x->d[i].slots);
	}
	free(x->d);
	evtime_release(&x->event);
}

static const char *
derive_why_not(const struct stage *st)
{
	const struct derive *x = STAGE(st, derive);

	for (size_t i = 0; i < x->n; i++)
		if (x->d[i].expr != NULL && !expr_native(x->d[i].expr))
			return "an expression is run by libjq";
	return NULL;
}

static const struct spread derive_spread = {.why_not = derive_why_not};

const struct op op_derive = {
	.name = "derive",
	.about = "add fields that are computed, or give fields new values",
	.synopsis = "[--max-cpu D] [--sql] NAME=EXPR ...",
	.opts = derive_opts,
	.size = sizeof(struct derive),
	.flags = OP_OPERANDS | OP_WORDS,
	.open = derive_open,
	.plan = derive_plan,
	.record = derive_record,
	.spread = &derive_spread,
	.close = derive_close,
};
