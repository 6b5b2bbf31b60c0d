/*
 * jq_eval: the tree walked for one record.
 *
 * An expression of jq has any number of results.  Most nodes have one exactly
 * (single): jq_eval_one() gives it.  For the others jq_eval_each() hands each result to a
 * function, which goes on with the rest of the program.  Where several parts of
 * a node have several results, the order is jq's: the right side of an operator
 * is the outer loop.
 */
#include <string.h>

#include "expr/jq/jq_impl.h"

/* The parts of a string joined; those in odd places are anything. */
static int
jq_eval_join_parts(
	struct jq_run *run, struct value *parts, uint32_t n, struct value *out)
{
	struct value v = value_json_string("", 0, false);
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (jq_type(&parts[i]) != JQ_STRING)
			parts[i] = jq_dump_tostring(run, &parts[i]);
		jq_binary_join(run, &v, &parts[i], &v);
	}
	*out = v;
	return 0;
}

/* jq looks at a key when it has its value, before the members that follow. */
static int
jq_eval_check_key(struct jq_run *run, const struct value *parts, uint32_t i)
{
	const struct value *key = &parts[i & ~1u];

	if (i % 2 == 0 || jq_type(key) == JQ_STRING)
		return 0;
	return jq_refuse(run, "Cannot use ", key, " as object key");
}

static int
jq_eval_make_object(struct jq_run *run, const struct jq_node *n,
	struct value *parts, struct value *out)
{
	struct jq_member *m;
	uint32_t i;
	size_t k;

	for (i = 0; i < n->nargs; i += 2) {
		if (!jq_put_settle(run, &parts[i + 1]))
			return JQ_ASK;
	}
	k = n->nargs / 2;
	m = jq_run_alloc(run, k * sizeof(*m));
	for (i = 0; i < k; i++) {
		m[i].key = parts[2 * i];
		m[i].v = parts[2 * i + 1];
		if (!n->distinct)
			m[i].s = jq_value_string(run, &m[i].key, &m[i].n);
	}
	if (!n->distinct)
		k = jq_member_unique(run, m, k);
	jq_member_object(run, m, k, out);
	return 0;
}

static int
jq_eval_make_array(struct jq_run *run, struct jq_node *n,
	const struct value *in, struct value *out)
{
	struct buf *text = jq_run_take(run);
	int rc = 0;

	buf_byte(text, '[');
	if (n->a != NULL)
		rc = jq_eval_each(run, n->a, in, jq_put_append, text);
	if (rc == 0)
		*out = jq_value_finish(run, ']');
	return rc;
}

#define PARTS 16 /* of an object or a string that need no memory */

static int
jq_eval_one_parts(struct jq_run *run, struct jq_node *n, const struct value *in,
	struct value *out)
{
	struct value few[PARTS], *parts = few;
	uint32_t i;
	int rc;

	if (n->nargs > PARTS)
		parts = jq_run_alloc(run, n->nargs * sizeof(*parts));
	if (n->kind == JQ_OBJECT) {
		for (i = 0; i < n->nargs; i++) {
			rc = jq_eval_one(run, n->args[i], in, &parts[i]);
			if (rc == 0)
				rc = jq_eval_check_key(run, parts, i);
			if (rc != 0)
				return rc;
		}
		return jq_eval_make_object(run, n, parts, out);
	}
	for (i = n->nargs; i-- > 0;) {
		rc = jq_eval_one(run, n->args[i], in, &parts[i]);
		if (rc != 0)
			return rc;
	}
	return jq_eval_join_parts(run, parts, n->nargs, out);
}

static int
jq_eval_keep_result(struct jq_run *run, void *arg, const struct value *v)
{
	*(struct value *)arg = *v;
	return 0;
}

static int
jq_eval_one_call(struct jq_run *run, struct jq_node *n, const struct value *in,
	struct value *out)
{
	struct value a[3];
	uint32_t i;
	int rc;

	if (n->func->each != NULL)
		return n->func->each(run, n, in, jq_eval_keep_result, out);
	for (i = n->nargs; i-- > 0;) {
		rc = jq_eval_one(run, n->args[i], in, &a[i]);
		if (rc != 0)
			return rc;
	}
	return n->func->one(run, n, in, a, out);
}

/* and, or: the right side is looked at when it decides. */
static int
jq_eval_one_logic(struct jq_run *run, struct jq_node *n, const struct value *in,
	struct value *out)
{
	struct value v;
	int rc = jq_eval_one(run, n->a, in, &v);

	if (rc != 0)
		return rc;
	if (jq_truth(&v) != (n->kind == JQ_AND)) {
		*out = value_bool(n->kind == JQ_OR);
		return 0;
	}
	rc = jq_eval_one(run, n->b, in, &v);
	*out = value_bool(rc == 0 && jq_truth(&v));
	return rc;
}

static int
jq_eval_one_slice(struct jq_run *run, struct jq_node *n, const struct value *in,
	struct value *out)
{
	struct value a, from = value_null(), to = value_null();
	int rc = 0;

	if (n->b != NULL)
		rc = jq_eval_one(run, n->b, in, &from);
	if (rc == 0 && n->c != NULL)
		rc = jq_eval_one(run, n->c, in, &to);
	if (rc == 0)
		rc = jq_eval_one(run, n->a, in, &a);
	return rc == 0 ? jq_access_slice(run, &a, &from, &to, out) : rc;
}

/* The right side first, as jq does: which error is seen depends on it. */
static int
jq_eval_one_pair(struct jq_run *run, struct jq_node *n, const struct value *in,
	struct value *out)
{
	struct value a, b;
	int rc = jq_eval_one(run, n->b, in, &b);

	if (rc == 0)
		rc = jq_eval_one(run, n->a, in, &a);
	if (rc != 0)
		return rc;
	if (n->kind == JQ_INDEX)
		return jq_access_index(run, &a, &b, out);
	return jq_binary(run, (enum jq_op)n->op, &a, &b, out);
}

int
jq_eval_one(struct jq_run *run, struct jq_node *n, const struct value *in,
	struct value *out)
{
	struct value v;
	int rc;

	switch (n->kind) {
	case JQ_SELF:
		*out = *in;
		return 0;
	case JQ_LITERAL:
		*out = n->v;
		return 0;
	case JQ_FIELD:
		rc = jq_eval_one(run, n->a, in, &v);
		return rc == 0 ? jq_access_field(run, n, &v, out) : rc;
	case JQ_SLICE:
		return jq_eval_one_slice(run, n, in, out);
	case JQ_PIPE:
		rc = jq_eval_one(run, n->a, in, &v);
		return rc == 0 ? jq_eval_one(run, n->b, &v, out) : rc;
	case JQ_NEGATE:
		rc = jq_eval_one(run, n->a, in, &v);
		return rc == 0 ? jq_binary_negate(run, &v, out) : rc;
	case JQ_AND:
	case JQ_OR:
		return jq_eval_one_logic(run, n, in, out);
	case JQ_DEFAULT:
		rc = jq_eval_one(run, n->a, in, out);
		return rc != 0 || jq_truth(out)
			? rc
			: jq_eval_one(run, n->b, in, out);
	case JQ_IF:
		rc = jq_eval_one(run, n->a, in, &v);
		if (rc != 0)
			return rc;
		return jq_eval_one(run, jq_truth(&v) ? n->b : n->c, in, out);
	case JQ_ARRAY:
		return jq_eval_make_array(run, n, in, out);
	case JQ_OBJECT:
	case JQ_FORMAT:
		return jq_eval_one_parts(run, n, in, out);
	case JQ_CALL:
		return jq_eval_one_call(run, n, in, out);
	default: /* JQ_INDEX, JQ_BINARY */
		return jq_eval_one_pair(run, n, in, out);
	}
}

/* What is left to do when a part of a node has a result. */
struct rest {
	struct jq_node *n;
	const struct value *in;
	jq_emit *emit;
	void *arg;
	struct value *parts; /* the results of the parts so far */
	uint32_t left;       /* parts to come */
	bool found;          /* //: a result that counts */
};

/* The parts of a node in the order of jq's loops, the outermost first. */
static struct jq_node *
jq_eval_part_of(const struct jq_node *n, uint32_t i)
{
	switch (n->kind) {
	case JQ_OBJECT:
		return n->args[i];
	case JQ_FORMAT:
		return n->args[n->nargs - 1 - i];
	case JQ_SLICE:
		return i == 0 ? n->b : i == 1 ? n->c : n->a;
	case JQ_FIELD:
	case JQ_EACH:
	case JQ_NEGATE:
		return n->a;
	default: /* JQ_INDEX, JQ_BINARY */
		return i == 0 ? n->b : n->a;
	}
}

static uint32_t
jq_eval_count_parts(const struct jq_node *n)
{
	switch (n->kind) {
	case JQ_OBJECT:
	case JQ_FORMAT:
		return n->nargs;
	case JQ_SLICE:
		return 3;
	case JQ_FIELD:
	case JQ_EACH:
	case JQ_NEGATE:
		return 1;
	default:
		return 2;
	}
}

/* The parts are put into their own order, and copied: they are changed, and the
 * next result needs them too. */
static int
jq_eval_finish_list(struct jq_run *run, const struct rest *k, struct value *out)
{
	const struct jq_node *n = k->n;
	struct value *copy = jq_run_alloc(run, n->nargs * sizeof(*copy));
	uint32_t i;

	if (n->kind == JQ_OBJECT) {
		memcpy(copy, k->parts, n->nargs * sizeof(*copy));
		return jq_eval_make_object(run, n, copy, out);
	}
	for (i = 0; i < n->nargs; i++)
		copy[i] = k->parts[n->nargs - 1 - i];
	return jq_eval_join_parts(run, copy, n->nargs, out);
}

/* All parts are there: the node's own work. */
static int
jq_eval_finish_parts(struct jq_run *run, struct rest *k)
{
	struct value *p = k->parts, out;
	struct jq_node *n = k->n;
	int rc;

	switch (n->kind) {
	case JQ_OBJECT:
	case JQ_FORMAT:
		rc = jq_eval_finish_list(run, k, &out);
		break;
	case JQ_SLICE:
		rc = jq_access_slice(run, &p[2], &p[0], &p[1], &out);
		break;
	case JQ_FIELD:
		rc = jq_access_field(run, n, &p[0], &out);
		break;
	case JQ_EACH:
		return jq_access_each(run, &p[0], n->opt, k->emit, k->arg);
	case JQ_NEGATE:
		rc = jq_binary_negate(run, &p[0], &out);
		break;
	case JQ_INDEX:
		rc = jq_access_index(run, &p[1], &p[0], &out);
		break;
	default:
		rc = jq_binary(run, (enum jq_op)n->op, &p[1], &p[0], &out);
		break;
	}
	if (rc == -1 && n->opt)
		return 0;
	return rc == 0 ? k->emit(run, k->arg, &out) : rc;
}

static int jq_eval_each_part(struct jq_run *run, struct rest *k);

static int
jq_eval_part_done(struct jq_run *run, void *arg, const struct value *v)
{
	struct rest *k = arg, next = *k;
	uint32_t i = jq_eval_count_parts(k->n) - k->left;

	k->parts[i] = *v;
	if (k->n->kind == JQ_OBJECT && jq_eval_check_key(run, k->parts, i) < 0)
		return -1;
	next.left--;
	return jq_eval_each_part(run, &next);
}

static int
jq_eval_each_part(struct jq_run *run, struct rest *k)
{
	struct value none = value_null();
	struct jq_node *part;

	if (k->left == 0)
		return jq_eval_finish_parts(run, k);
	part = jq_eval_part_of(k->n, jq_eval_count_parts(k->n) - k->left);
	if (part == NULL) /* an end of a slice that is not given */
		return jq_eval_part_done(run, k, &none);
	return jq_eval_each(run, part, k->in, jq_eval_part_done, k);
}

static int
jq_eval_each_right(struct jq_run *run, void *arg, const struct value *v)
{
	struct rest *k = arg;

	return jq_eval_each(run, k->n->b, v, k->emit, k->arg);
}

static int
jq_eval_each_branch(struct jq_run *run, void *arg, const struct value *v)
{
	struct rest *k = arg;

	return jq_eval_each(
		run, jq_truth(v) ? k->n->b : k->n->c, k->in, k->emit, k->arg);
}

static int
jq_eval_each_default(struct jq_run *run, void *arg, const struct value *v)
{
	struct rest *k = arg;

	if (!jq_truth(v))
		return 0;
	k->found = true;
	return k->emit(run, k->arg, v);
}

static int
jq_eval_each_truth(struct jq_run *run, void *arg, const struct value *v)
{
	struct rest *k = arg;
	struct value out = value_bool(jq_truth(v));

	return k->emit(run, k->arg, &out);
}

static int
jq_eval_each_logic(struct jq_run *run, void *arg, const struct value *v)
{
	struct rest *k = arg;
	struct value out;

	if (jq_truth(v) == (k->n->kind == JQ_AND))
		return jq_eval_each(run, k->n->b, k->in, jq_eval_each_truth, k);
	out = value_bool(k->n->kind == JQ_OR);
	return k->emit(run, k->arg, &out);
}

int
jq_eval_each(struct jq_run *run, struct jq_node *n, const struct value *in,
	jq_emit *emit, void *arg)
{
	struct rest k = {.n = n, .in = in, .emit = emit, .arg = arg};
	struct value v;
	int rc;

	if (n->single) {
		rc = jq_eval_one(run, n, in, &v);
		return rc == 0 ? emit(run, arg, &v) : rc;
	}
	switch (n->kind) {
	case JQ_PIPE:
		return jq_eval_each(run, n->a, in, jq_eval_each_right, &k);
	case JQ_COMMA:
		rc = jq_eval_each(run, n->a, in, emit, arg);
		return rc != 0 ? rc : jq_eval_each(run, n->b, in, emit, arg);
	case JQ_AND:
	case JQ_OR:
		return jq_eval_each(run, n->a, in, jq_eval_each_logic, &k);
	case JQ_DEFAULT:
		rc = jq_eval_each(run, n->a, in, jq_eval_each_default, &k);
		if (rc != 0 || k.found)
			return rc;
		return jq_eval_each(run, n->b, in, emit, arg);
	case JQ_IF:
		return jq_eval_each(run, n->a, in, jq_eval_each_branch, &k);
	case JQ_CALL:
		return n->func->each(run, n, in, emit, arg);
	default:
		k.left = jq_eval_count_parts(n);
		k.parts = jq_run_alloc(run, k.left * sizeof(*k.parts));
		return jq_eval_each_part(run, &k);
	}
}
