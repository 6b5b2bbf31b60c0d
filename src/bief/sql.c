/*
 * sql: SQL behind the face of expr.h, and select lists.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "expr_impl.h"
#include "sql.h"
#include "sql_impl.h"

struct sql_expr {
	struct expr expr;
	struct sql sql;
	struct sql_node *root;
	struct datum_ctx ctx;
	struct buf out;
};

/* Memory. */

void
sql_begin(struct sql *x, const char *text)
{
	*x = (struct sql){0};
	x->text = arena_text(&x->arena, text, strlen(text));
}

void
sql_end(struct sql *x)
{
	for (struct sql_node *n = x->nodes; n != NULL; n = n->all) {
		if (n->free != NULL)
			n->free(n->data);
		arena_release(&n->keep);
	}
	arena_release(&x->arena);
}

/* Evaluation. */

/* The value; it lives until out is changed or the next call with c. */
static int
sql_value(struct datum_ctx *c, struct sql_node *n, struct buf *out,
	struct value *v)
{
	const struct value *field;
	struct datum d;

	if (n->op == SQL_FIELD && n->npart == 1 &&
		(n->ty.kind == TYPE_UNKNOWN || n->exact)) {
		/* What is not computed keeps its spelling. */
		if (sql_find_field(c, n, &field) != 0)
			return -1;
		*v = field != NULL ? *field : value_null();
		return 0;
	}
	if (sql_eval(c, n, &d) != 0)
		return -1;
	buf_clear(out);
	*v = datum_store(c, &d, out);
	return c->broken ? -1 : 0;
}

int
sql_true(struct datum_ctx *c, struct sql_node *n)
{
	struct datum d;

	if (sql_eval(c, n, &d) != 0)
		return -1;
	if (d.kind != TYPE_BOOLEAN && d.kind != TYPE_NULL)
		return err_set(c->err, "the condition gives no truth value");
	return d.kind == TYPE_BOOLEAN && d.i != 0;
}

static int
sql_one(struct expr *expr, const struct record *r, const struct expr_env *env,
	struct value *v, int *n, struct err *err)
{
	struct sql_expr *x = (struct sql_expr *)expr;

	x->ctx.env = env;
	x->ctx.record[0] = r;
	x->ctx.err = err;
	*n = 1;
	return sql_value(&x->ctx, x->root, &x->out, v);
}

static int
sql_each(struct expr *expr, const struct record *r, const struct expr_env *env,
	int (*each)(void *arg, const struct value *v), void *arg,
	struct err *err)
{
	struct value v;
	int n;

	if (sql_one(expr, r, env, &v, &n, err) != 0)
		return -1;
	return each(arg, &v);
}

/* A type as it is in a stream: intervals leave as text. */
static struct type *
leaving(struct arena *a, const struct type *t)
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
	r->key = leaving(a, t->key);
	r->elem = leaving(a, t->elem);
	if (t->fields == NULL)
		return r;
	r->fields = arena_zero(a, sizeof(*r->fields));
	r->fields->n = t->fields->n;
	r->fields->f = arena_zero(a, t->fields->n * sizeof(*r->fields->f) + 1);
	for (size_t i = 0; i < t->fields->n; i++) {
		r->fields->f[i].name = t->fields->f[i].name;
		r->fields->f[i].type = leaving(a, t->fields->f[i].type);
	}
	return r;
}

static const struct type *
sql_type(const struct expr *expr)
{
	struct sql_expr *x = (struct sql_expr *)expr;
	static const struct type unknown = {.kind = TYPE_UNKNOWN};

	if (x->root->ty.kind == TYPE_UNKNOWN ||
		(ty_nested(x->root->ty) && x->root->ty.t == NULL))
		return &unknown;
	return leaving(&x->sql.arena, ty_type(&x->sql.arena, x->root->ty));
}

static bool
sql_native(const struct expr *x)
{
	return true;
}

static void
sql_free(struct expr *expr)
{
	struct sql_expr *x = (struct sql_expr *)expr;

	sql_end(&x->sql);
	datum_ctx_release(&x->ctx);
	buf_release(&x->out);
	free(x);
}

static const struct expr_class sql_class = {
	sql_each, sql_one, sql_type, sql_native, sql_free};

/* The fields that the tree names, where nothing is known of them. */
static void
watch_names(struct sql_expr *x, const struct sql_node *n)
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
note_patterns(struct sql_expr *x, const struct sql_node *n)
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
		i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(n->fn->name, names[i]) != 0 || x->expr.note != NULL)
			continue;
		len = loses_backslashes(n->arg[1]);
		if (len == 0)
			continue;
		err_quote(shown, sizeof(shown), n->arg[1]->from, len);
		buf_init(&b);
		buf_printf(&b, "in %s backslashes are taken away before %s "
			"sees it: write r%s", shown, names[i], shown);
		x->expr.note = mem_dup(b.p, b.n);
		buf_release(&b);
	}
	for (i = 0; i < (size_t)n->narg; i++)
		note_patterns(x, n->arg[i]);
}

struct expr *
expr_sql(const char *text, const struct schema *fields, struct err *err)
{
	struct sql_expr *x = mem_zalloc(sizeof(*x));

	x->expr.class = &sql_class;
	datum_ctx_init(&x->ctx);
	buf_init(&x->out);
	sql_begin(&x->sql, text);
	x->sql.fields[0] = fields;
	x->root = sql_parse(&x->sql, err);
	if (x->root == NULL || sql_bind(&x->sql, &x->root, err) != 0) {
		sql_free(&x->expr);
		return NULL;
	}
	if (fields == NULL)
		watch_names(x, x->root);
	note_patterns(x, x->root);
	x->sql.fields[0] = NULL; /* it may not live as long */
	x->ctx.vars = arena_zero(&x->sql.arena,
		(size_t)(x->sql.maxvars + 1) * sizeof(*x->ctx.vars));
	return &x->expr;
}

int
sql_condition(const struct expr *expr, struct err *err)
{
	const struct sql_expr *x = (const struct sql_expr *)expr;
	struct ty t = x->root->ty;
	struct buf b;

	if (t.kind == TYPE_BOOLEAN || t.kind == TYPE_UNKNOWN)
		return 0;
	buf_init(&b);
	ty_print(t, &b);
	sql_refuse(&x->sql, x->root->from, err,
		"%s where a condition is expected", buf_cstr(&b));
	buf_release(&b);
	return -1;
}

const char *
sql_field(const struct expr *expr)
{
	const struct sql_node *n = ((const struct sql_expr *)expr)->root;

	return n->op == SQL_FIELD && n->npart == 1 ? n->part[0].s : NULL;
}

/* Lists. */

static void
add_item(struct sql_list *l, const char *name, size_t nname, const char *text,
	size_t ntext)
{
	while (ntext > 0 && isspace((unsigned char)text[ntext - 1]))
		ntext--;
	l->item = mem_realloc(l->item, (l->n + 1) * sizeof(*l->item));
	l->item[l->n].name = mem_dup(name, nname);
	l->item[l->n++].text = mem_dup(text, ntext);
}

int
sql_list_parse(struct sql_list *list, const char *text, struct err *err)
{
	const char *at, *alias, *name;
	struct sql_node *n;
	struct sql x;
	size_t len;
	int r;

	*list = (struct sql_list){0};
	sql_begin(&x, text);
	at = x.text;
	do {
		r = sql_parse_item(&x, &at, &n, &alias, err);
		if (r < 0) {
			sql_list_release(list);
			break;
		}
		if (n == NULL) {
			add_item(list, "*", 1, "*", 1);
			continue;
		}
		name = n->from;
		len = (size_t)(n->to - n->from);
		while (len > 0 && isspace((unsigned char)name[len - 1]))
			len--;
		if (alias != NULL) {
			name = alias;
			len = strlen(alias);
		} else if (n->op == SQL_NAME || n->op == SQL_MEMBER) {
			name = n->part[n->npart - 1].s;
			len = n->part[n->npart - 1].n;
		}
		add_item(list, name, len, n->from, (size_t)(n->to - n->from));
	} while (r == 1);
	sql_end(&x);
	return r < 0 ? -1 : 0;
}

void
sql_list_release(struct sql_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->item[i].name);
		free(list->item[i].text);
	}
	free(list->item);
	*list = (struct sql_list){0};
}
