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

#include "floor/mem.h"
#include "expr/jq/jq_impl.h"

struct expr_of_jq {
	struct expr x;
	struct jq_tree tree;
	struct jq_uses uses;
	struct type *type;
	struct jq_lib *lib;       /* when it was needed */
	struct jq_helper *helper; /* lib runs there: it could come to grief */
	struct value begun[2];    /* what one() has got of libjq for eval() */
	int nbegun;
	struct jq_run run;
	uint64_t shape; /* of the records that have the only field at ... */
	int place;      /* ... this place */
};

/* Where results go. */
struct delivery {
	int (*each)(void *arg, const struct value *v);
	void *arg;
	size_t given;
};

/* A value as it leaves the evaluation: what is computed may be infinite, and a
 * record is an object's text. */
static struct value
leave(struct jq_run *run, const struct value *v)
{
	struct value out = *v;

	jq_value_text(run, &out);
	if (out.type == VALUE_DOUBLE && !isfinite(out.d))
		out = jq_value_result(out.d);
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

/* The program writes to standard error. */
static bool
speaks(const struct jq_tree *t)
{
	return t->root == NULL || jq_node_unknown(t, "stderr", 6, 0) != NULL;
}

static const char newer[] =
	"the expression is run by a libjq that is newer than jq 1.6, which the "
	"rest of the language follows; filter(1) says where they differ";

static int
need_libjq(struct expr_of_jq *x, struct err *err)
{
	if (x->lib != NULL)
		return 0;
	x->lib = jq_lib_new(&x->tree, &x->uses, err);
	if (x->lib == NULL)
		return -1;
	if (jq_lib_newer() && x->x.note == NULL)
		x->x.note = mem_dup(newer, sizeof(newer) - 1);
	if (!jq_safe(&x->tree))
		x->helper = jq_helper_new(x->lib, speaks(&x->tree));
	return 0;
}

static int
foreign_start(struct expr_of_jq *x, const struct record *r,
	const struct expr_env *env, struct err *err)
{
	if (need_libjq(x, err) < 0)
		return -1;
	if (x->helper != NULL)
		return jq_helper_start(x->helper, r, env, err);
	return jq_lib_start(x->lib, r, env, err);
}

static int
foreign_next(struct expr_of_jq *x, struct value *v, struct err *err)
{
	struct jq_value_number n;
	int rc = x->helper != NULL ? jq_helper_next(x->helper, v, err)
				   : jq_lib_next(x->lib, v, err);

	/* libjq does not tell 7 from 7.0. */
	if (rc == 1 && x->type->kind == TYPE_DOUBLE &&
		jq_type(v) == JQ_NUMBER) {
		n = jq_value_number(v);
		if (n.exact)
			*v = value_double((double)n.i);
	}
	return rc;
}

/* The results of libjq but for the first ones, which were given. */
static int
foreign_each(struct expr_of_jq *x, struct delivery *d, struct err *err)
{
	struct value v;
	int rc, i;

	for (i = 0; i < x->nbegun; i++)
		if ((rc = d->each(d->arg, &x->begun[i])) != 0)
			return rc;
	x->nbegun = 0;
	while ((rc = foreign_next(x, &v, err)) == 1) {
		if (d->given > 0)
			d->given--;
		else if ((rc = d->each(d->arg, &v)) != 0)
			return rc;
	}
	return rc;
}

/* Where there is a second result, both are kept for eval(). */
static int
foreign_one(struct expr_of_jq *x, const struct record *r,
	const struct expr_env *env, struct value *v, int *n, struct err *err)
{
	int rc = foreign_start(x, r, env, err);

	x->nbegun = 0;
	while (rc >= 0 && x->nbegun < 2 &&
		(rc = foreign_next(x, &x->begun[x->nbegun], err)) == 1)
		x->nbegun++;
	*n = x->nbegun;
	*v = *n > 0 ? x->begun[0] : value_null();
	if (*n < 2 || rc < 0)
		x->nbegun = 0;
	return rc < 0 ? rc : 0;
}

static int
eval(struct expr *e, const struct record *r, const struct expr_env *env,
	int (*each)(void *arg, const struct value *v), void *arg,
	struct err *err)
{
	struct expr_of_jq *x = (struct expr_of_jq *)e;
	struct value in = {.s = NULL, .type = VALUE_OBJECT};
	struct delivery d = {each, arg, 0};
	int rc = JQ_ASK;

	if (x->nbegun > 0)
		return foreign_each(x, &d, err);
	if (!x->tree.foreign) {
		jq_run_begin(&x->run, r, env, err);
		rc = jq_eval_each(&x->run, x->tree.root, &in, deliver, &d);
	}
	if (rc != JQ_ASK)
		return rc;
	rc = foreign_start(x, r, env, err);
	return rc == 0 ? foreign_each(x, &d, err) : rc;
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
	struct delivery d = {keep_first, &f, 0};
	int rc;

	x->nbegun = 0;
	*n = 1;
	if (x->tree.foreign)
		return foreign_one(x, r, env, v, n, err);
	jq_run_begin(&x->run, r, env, err);
	if (x->tree.root->single) {
		rc = jq_eval_one(&x->run, x->tree.root, &in, v);
		if (rc == 0)
			*v = leave(&x->run, v);
	} else {
		rc = jq_eval_each(&x->run, x->tree.root, &in, deliver, &d);
		*v = f.v;
		*n = f.n;
	}
	if (rc == JQ_ASK && env->apart)
		return EXPR_APART;
	if (rc == JQ_ASK)
		return foreign_one(x, r, env, v, n, err);
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

static const struct value *
only(struct expr *e, const struct record *r)
{
	struct expr_of_jq *x = (struct expr_of_jq *)e;
	const struct jq_node *name;

	if (x->tree.foreign || x->uses.whole || x->uses.n != 1 ||
		x->run.asked_time)
		return NULL;
	if (x->shape != r->shape->id) {
		name = x->uses.fields[0];
		x->place = jq_value_place(
			&x->run, r->shape, name->name, name->nname);
		x->shape = r->shape->id;
	}
	return x->place < 0 ? NULL : &r->v[x->place];
}

static void
release(struct expr *e)
{
	struct expr_of_jq *x = (struct expr_of_jq *)e;

	jq_helper_free(x->helper);
	jq_lib_free(x->lib);
	jq_run_release(&x->run);
	jq_node_release(&x->tree);
	free(x->uses.fields);
	type_free(x->type);
	free(x);
}

static const struct expr_class class = {
	.eval = eval,
	.one = one,
	.type = type,
	.native = native,
	.only = only,
	.free = release,
};

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
	if (!x->tree.modules && strspn(text, " \t\r\n") < strlen(text) &&
		need_libjq(x, err) == 0)
		return 0;
	*err = ours;
	return -1;
}

static struct expr *
jq_compile(const char *text, const struct schema *fields, bool condition,
	struct err *err)
{
	struct expr_of_jq *x = mem_zalloc(sizeof(*x));
	struct err unknown;
	int rc;

	x->x.class = &class;
	jq_run_init(&x->run);
	if (parse(x, text, err) < 0)
		goto err;
	rc = jq_uses_analyse(&x->tree, fields, condition, &x->uses, &x->x.watch,
		&x->type, &unknown);
	/* A mistake in the program comes before one in a field's name. */
	if (x->tree.foreign && need_libjq(x, err) < 0)
		goto err;
	if (rc < 0) {
		*err = unknown;
		goto err;
	}
	if (jq_regex_check(&x->tree, err) < 0 ||
		(condition && jq_truth_check(&x->tree, err) < 0))
		goto err;
	return &x->x;
err:
	expr_free(&x->x);
	return NULL;
}

struct expr *
jq_expr(const char *text, const struct schema *fields, struct err *err)
{
	return jq_compile(text, fields, false, err);
}

struct expr *
jq_condition(const char *text, const struct schema *fields, struct err *err)
{
	return jq_compile(text, fields, true, err);
}
