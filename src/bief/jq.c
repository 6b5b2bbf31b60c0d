/*
 * jq: expressions in jq's language.
 *
 * What is in the native part is evaluated here, the rest by libjq, record by
 * record; the record never notices.  See jq_impl.h.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jq_impl.h"

struct expr_of_jq {
	struct expr x;
	struct jq_tree tree;
	struct jq_uses uses;
	struct type *type;
	struct jq_lib *lib; /* when it was needed */
	struct jq_run run;
};

/* Where results go. */
struct delivery {
	int (*each)(void *arg, const struct value *v);
	void *arg;
	size_t given;
	bool real; /* 7 is meant as 7.0 */
};

/* A value as it leaves the evaluation: what is computed may be infinite, and a
 * record is an object's text. */
static struct value
leave(struct jq_run *run, const struct value *v)
{
	struct value out = *v;

	jq_text(run, &out);
	if (out.type == VALUE_DOUBLE && !isfinite(out.d))
		out = jq_result(out.d);
	return out;
}

static int
deliver(struct jq_run *run, void *arg, const struct value *v)
{
	struct delivery *d = arg;
	struct value out = leave(run, v);

	d->given++;
	return d->each(d->arg, &out);
}

static int
deliver_foreign(void *arg, const struct value *v)
{
	struct delivery *d = arg;
	struct value out = *v;

	if (d->real && out.type == VALUE_INT)
		out = value_double((double)out.i);
	return d->each(d->arg, &out);
}

static int
ask_libjq(struct expr_of_jq *x, const struct record *r,
	const struct expr_env *env, struct delivery *d, struct err *err)
{
	if (x->lib == NULL)
		x->lib = jq_lib_new(&x->tree, &x->uses, err);
	if (x->lib == NULL)
		return -1;
	d->real = x->type->kind == TYPE_DOUBLE;
	return jq_lib_run(
		x->lib, r, env, d->given, deliver_foreign, d, err);
}

static int
eval(struct expr *e, const struct record *r, const struct expr_env *env,
	int (*each)(void *arg, const struct value *v), void *arg,
	struct err *err)
{
	struct expr_of_jq *x = (struct expr_of_jq *)e;
	struct value in = {.s = NULL, .type = VALUE_OBJECT};
	struct delivery d = {each, arg, 0, false};
	int rc = JQ_ASK;

	if (!x->tree.foreign) {
		jq_run_begin(&x->run, r, env, err);
		rc = jq_each(&x->run, x->tree.root, &in, deliver, &d);
	}
	return rc == JQ_ASK ? ask_libjq(x, r, env, &d, err) : rc;
}

struct first {
	struct value v;
	int n;
};

static int
keep_first(void *arg, const struct value *v)
{
	struct first *f = arg;

	if (f->n++ > 0)
		return JQ_STOP;
	f->v = *v;
	return 0;
}

static int
one(struct expr *e, const struct record *r, const struct expr_env *env,
	struct value *v, int *n, struct err *err)
{
	struct expr_of_jq *x = (struct expr_of_jq *)e;
	struct value in = {.s = NULL, .type = VALUE_OBJECT};
	struct first f = {value_null(), 0};
	int rc;

	if (!x->tree.foreign && x->tree.root->single) {
		jq_run_begin(&x->run, r, env, err);
		rc = jq_one(&x->run, x->tree.root, &in, v);
		if (rc == 0) {
			*v = leave(&x->run, v);
			*n = 1;
			return 0;
		}
		if (rc != JQ_ASK)
			return rc;
	}
	rc = eval(e, r, env, keep_first, &f, err);
	*v = f.v;
	*n = f.n;
	return rc == JQ_STOP ? 0 : rc;
}

static const struct type *
type(const struct expr *e)
{
	return ((const struct expr_of_jq *)e)->type;
}

static bool
native(const struct expr *e)
{
	return !((const struct expr_of_jq *)e)->tree.foreign;
}

static void
release(struct expr *e)
{
	struct expr_of_jq *x = (struct expr_of_jq *)e;

	jq_lib_free(x->lib);
	jq_run_release(&x->run);
	jq_tree_release(&x->tree);
	free(x->uses.fields);
	type_free(x->type);
	free(x);
}

static const struct expr_class class = {eval, one, type, native, release};

/* What our grammar refuses may still be jq's: its compiler has the last word.
 * Nothing is known then of what the program looks at. */
static int
parse(struct expr_of_jq *x, const char *text, struct err *err)
{
	struct err ours;

	if (jq_parse(&x->tree, text, &ours) == 0)
		return 0;
	x->tree.root = NULL;
	x->tree.foreign = true;
	x->uses.whole = true;
	if (strspn(text, " \t\r\n") < strlen(text))
		x->lib = jq_lib_new(&x->tree, &x->uses, err);
	if (x->lib != NULL)
		return 0;
	*err = ours;
	return -1;
}

static struct expr *
compile(const char *text, const struct schema *fields, bool condition,
	struct err *err)
{
	struct expr_of_jq *x = mem_zalloc(sizeof(*x));
	struct err unknown;
	int rc;

	x->x.class = &class;
	jq_run_init(&x->run);
	if (parse(x, text, err) < 0)
		goto err;
	rc = jq_analyse(
		&x->tree, fields, condition, &x->uses, &x->type, &unknown);
	/* A mistake in the program comes before one in a field's name. */
	if (x->tree.foreign && x->lib == NULL) {
		x->lib = jq_lib_new(&x->tree, &x->uses, err);
		if (x->lib == NULL)
			goto err;
	}
	if (rc < 0) {
		*err = unknown;
		goto err;
	}
	if (jq_check_patterns(&x->tree, err) < 0)
		goto err;
	return &x->x;
err:
	release(&x->x);
	return NULL;
}

struct expr *
expr_jq(const char *text, const struct schema *fields, struct err *err)
{
	return compile(text, fields, false, err);
}

struct expr *
expr_jq_condition(
	const char *text, const struct schema *fields, struct err *err)
{
	return compile(text, fields, true, err);
}
