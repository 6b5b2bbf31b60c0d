/*
 * sql: SQL behind the face of expr.h.  A field that is not computed with keeps
 * its spelling; all else goes through datums and comes out as they are stored.
 */
#include "expr/sql/sql.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "expr/expr_impl.h"
#include "expr/sql/sql_impl.h"
#include "expr/sql/steps/steps.h"

struct compiled {
	struct expr expr;
	struct sql sql;
	struct sql_node *root;
	struct steps *steps; /* instead of the tree; NULL: it is evaluated */
	struct datum_ctx ctx;
	struct buf out;
};

/* Evaluation. */

/* The value; it lives until the next call. */
static int
compiled_value(struct compiled *x, struct value *v)
{
	struct datum_ctx *c = &x->ctx;
	struct sql_node *n = x->root;
	const struct value *field;
	struct datum d;

	if (n->op == SQL_FIELD && n->npart == 1 &&
		(n->ty.kind == TYPE_UNKNOWN || n->exact)) {
		/* What is not computed keeps its spelling. */
		if (sql_eval_find(c, n, &field) < 0)
			return -1;
		*v = field != NULL ? *field : value_null();
		return 0;
	}
	if ((x->steps != NULL ? steps_eval(x->steps, c, &d)
			      : sql_eval(c, n, &d)) < 0)
		return -1;
	buf_clear(&x->out);
	*v = datum_store(c, &d, &x->out);
	return c->broken ? -1 : 0;
}

static int
compiled_one(struct expr *expr, const struct record *r,
	const struct expr_env *env, struct value *v, int *n, struct err *err)
{
	struct compiled *x = (struct compiled *)expr;

	x->ctx.env = env;
	x->ctx.record[0] = r;
	x->ctx.err = err;
	*n = 1;
	return compiled_value(x, v);
}

static int
compiled_each(struct expr *expr, const struct record *r,
	const struct expr_env *env,
	int (*each)(void *arg, const struct value *v), void *arg,
	struct err *err)
{
	struct value v;
	int n;

	if (compiled_one(expr, r, env, &v, &n, err) < 0)
		return -1;
	return each(arg, &v);
}

/* A type as it is in a stream: intervals leave as text. */
static struct type *
type_leaving(struct arena *a, const struct type *t)
{
	struct type *r;

	if (t == NULL)
		return NULL;
	r = arena_zero(a, sizeof(*r));
	if (t->kind > TYPE_STRUCT) {
		r->kind = TYPE_STRING;
		return r;
	}
	*r = *t;
	r->key = type_leaving(a, t->key);
	r->elem = type_leaving(a, t->elem);
	if (t->fields == NULL)
		return r;
	r->fields = arena_zero(a, sizeof(*r->fields));
	r->fields->n = t->fields->n;
	r->fields->f = arena_zero(a, t->fields->n * sizeof(*r->fields->f) + 1);
	for (size_t i = 0; i < t->fields->n; i++) {
		r->fields->f[i].name = t->fields->f[i].name;
		r->fields->f[i].type = type_leaving(a, t->fields->f[i].type);
	}
	return r;
}

static const struct type *
compiled_type(const struct expr *expr)
{
	struct compiled *x = (struct compiled *)expr;
	static const struct type unknown = {.kind = TYPE_UNKNOWN};

	if (x->root->ty.kind == TYPE_UNKNOWN ||
		(ty_nested(x->root->ty) && x->root->ty.t == NULL))
		return &unknown;
	return type_leaving(&x->sql.arena, ty_type(&x->sql.arena, x->root->ty));
}

static bool
compiled_native(const struct expr *x)
{
	return true;
}

static void
compiled_free(struct expr *expr)
{
	struct compiled *x = (struct compiled *)expr;

	sql_tree_end(&x->sql);
	datum_ctx_release(&x->ctx);
	buf_release(&x->out);
	free(x);
}

static const struct expr_class sql_class = {
	.eval = compiled_each,
	.one = compiled_one,
	.type = compiled_type,
	.native = compiled_native,
	.free = compiled_free,
};

/* The fields that the tree names, where nothing is known of them. */
static void
watch_names(struct compiled *x, const struct sql_node *n)
{
	struct watch_step step[16];
	int i;

	if (n->become != NULL)
		n = n->become;
	if (n->op == SQL_FIELD && n->npart <= 16) {
		for (i = 0; i < n->npart; i++)
			step[i] = (struct watch_step){
				n->part[i].s, n->part[i].n};
		watch_add(&x->expr.watch, step, (size_t)n->npart, true);
	}
	for (i = 0; i < n->narg; i++)
		watch_names(x, n->arg[i]);
}

/* The length of '...' with backslashes in it that are gone before a regular
 * expression is read; 0: it is none such. */
static size_t
loses_backslashes(const struct sql_node *n)
{
	const char *p;
	bool loses = false;

	if (n->op != SQL_LITERAL || n->from == NULL || *n->from != '\'')
		return 0;
	for (p = n->from + 1; p < n->to && *p != '\''; p++) {
		if (*p != '\\')
			continue;
		p++;
		loses |= strchr("dDwWsSbB.()[]{}+*?|^$", *p) != NULL;
	}
	return loses ? (size_t)(p + 1 - n->from) : 0;
}

/* What may be meant otherwise than it is written. */
static void
note_patterns(struct compiled *x, const struct sql_node *n)
{
	static const char *const names[] = {"rlike", "regexp", "regexp_like",
		"regexp_extract", "regexp_extract_all", "regexp_count",
		"regexp_instr", "regexp_substr", "regexp_replace", "split"};
	char shown[80];
	struct buf b;
	size_t i, len;

	if (n->become != NULL)
		n = n->become;
	for (i = 0; n->op == SQL_CALL && n->narg > 1 &&
		i < sizeof(names) / sizeof(names[0]);
		i++) {
		if (strcmp(n->fn->name, names[i]) != 0 || x->expr.note != NULL)
			continue;
		len = loses_backslashes(n->arg[1]);
		if (len == 0)
			continue;
		err_quote(shown, sizeof(shown), n->arg[1]->from, len);
		buf_init(&b);
		buf_printf(&b,
			"in %s backslashes are taken away before %s "
			"sees it: write r%s",
			shown, names[i], shown);
		x->expr.note = mem_dup(b.p, b.n);
		buf_release(&b);
	}
	for (i = 0; i < (size_t)n->narg; i++)
		note_patterns(x, n->arg[i]);
}

struct expr *
sql_expr(const char *text, const struct schema *fields, struct err *err)
{
	struct compiled *x = mem_zalloc(sizeof(*x));

	x->expr.class = &sql_class;
	datum_ctx_init(&x->ctx);
	buf_init(&x->out);
	sql_tree_begin(&x->sql, text);
	x->sql.fields[0] = fields;
	x->root = sql_parse(&x->sql, err);
	if (x->root == NULL || sql_bind(&x->sql, &x->root, err) < 0) {
		compiled_free(&x->expr);
		return NULL;
	}
	if (fields == NULL)
		watch_names(x, x->root);
	x->steps = steps_new(&x->sql, x->root);
	note_patterns(x, x->root);
	x->sql.fields[0] = NULL; /* it may not live as long */
	x->ctx.vars = arena_zero(&x->sql.arena,
		(size_t)(x->sql.maxvars + 1) * sizeof(*x->ctx.vars));
	return &x->expr;
}

int
sql_condition(const struct expr *expr, struct err *err)
{
	const struct compiled *x = (const struct compiled *)expr;
	struct ty t = x->root->ty;
	struct buf b;

	if (t.kind == TYPE_BOOLEAN || t.kind == TYPE_UNKNOWN)
		return 0;
	buf_init(&b);
	ty_print(t, &b);
	sql_tree_refuse(&x->sql, x->root->from, err,
		"%s where a condition is expected", buf_cstr(&b));
	buf_release(&b);
	return -1;
}

const char *
sql_field(const struct expr *expr)
{
	const struct sql_node *n = ((const struct compiled *)expr)->root;

	return n->op == SQL_FIELD && n->npart == 1 ? n->part[0].s : NULL;
}
