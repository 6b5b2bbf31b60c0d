/*
 * jq_choose: select, empty, map, IN and not: which values go on.  They call what
 * they are given for each result, and stop as soon as nothing more can come of it.
 */
#include <errno.h>

#include "expr/jq/fn/jq_fn.h"

struct choice {
	const struct value *in;
	jq_emit *emit;
	void *arg;
};

static int
jq_choose_emit_if_true(struct jq_run *run, void *arg, const struct value *v)
{
	struct choice *c = arg;

	return jq_truth(v) ? c->emit(run, c->arg, c->in) : 0;
}

EACH(fn_select)
{
	struct choice c = {in, emit, arg};

	return jq_eval_each(run, n->args[0], in, jq_choose_emit_if_true, &c);
}

EACH(fn_empty)
{
	return 0;
}

struct map {
	struct jq_node *f;
	struct buf *text;
};

static int
jq_choose_map_one(struct jq_run *run, void *arg, const struct value *v)
{
	struct map *m = arg;

	return jq_eval_each(run, m->f, v, jq_put_append, m->text);
}

EACH(fn_map)
{
	struct map m = {n->args[0], jq_run_take(run)};
	struct value out;
	int rc;

	buf_byte(m.text, '[');
	rc = jq_access_each(run, in, false, jq_choose_map_one, &m);
	if (rc != 0)
		return rc;
	out = jq_value_finish(run, ']');
	return emit(run, arg, &out);
}

struct membership {
	struct jq_node *set;
	const struct value *v;
	bool found; /* v is in the set */
	bool any;   /* so was one before */
};

static int
jq_choose_is_same(struct jq_run *run, void *arg, const struct value *v)
{
	struct membership *m = arg;

	m->found = jq_order_equal(run, m->v, v);
	return m->found ? JQ_STOP : 0;
}

static int
jq_choose_look_up(struct jq_run *run, void *arg, const struct value *v)
{
	struct membership *m = arg;
	int rc;

	m->v = v;
	m->found = false;
	rc = jq_eval_each(run, m->set, v, jq_choose_is_same, m);
	m->any |= m->found;
	return rc == JQ_STOP ? 0 : rc;
}

/* IN(set), IN(values; set) */
EACH(fn_in)
{
	struct membership m = {.set = n->args[n->nargs - 1]};
	struct value out;
	int rc;

	if (n->nargs == 1)
		rc = jq_choose_look_up(run, &m, in);
	else
		rc = jq_eval_each(run, n->args[0], in, jq_choose_look_up, &m);
	if (rc != 0)
		return rc;
	out = value_bool(m.any);
	return emit(run, arg, &out);
}

ONE(fn_not)
{
	*out = value_bool(!jq_truth(in));
	return 0;
}

const struct jq_func jq_choose_funcs[] = {
	{"IN", 1, NULL, fn_in, JQ_ALWAYS | JQ_LAZY, TYPE_BOOLEAN},
	{"IN", 2, NULL, fn_in, JQ_ALWAYS | JQ_LAZY, TYPE_BOOLEAN},
	{"empty", 0, NULL, fn_empty, JQ_LAZY, TYPE_UNKNOWN},
	{"map", 1, NULL, fn_map, JQ_ALWAYS | JQ_LAZY, TYPE_UNKNOWN},
	{"not", 0, fn_not, NULL, 0, TYPE_BOOLEAN},
	{"select", 1, NULL, fn_select, JQ_LAZY, TYPE_UNKNOWN},
	{NULL, 0, NULL, NULL, 0, TYPE_UNKNOWN},
};
