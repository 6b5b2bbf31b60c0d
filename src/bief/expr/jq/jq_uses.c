/*
 * jq_uses: what a program looks at in the record, and the type of its results.
 *
 * A walk over the tree that follows where the record itself may be the input of
 * an expression.  libjq is given no more of the record than this finds, and a
 * field that cannot be there is refused before data flows.  Where nothing is
 * known, the paths that are read are collected, to be watched.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "expr/jq/jq_impl.h"

#define PATH_MOST 64 /* steps of a path that is watched */

/* What is known of a value. */
enum place {
	OTHER, /* it is not the record */
	MAYBE, /* it may be */
	RECORD /* it is */
};
struct seen {
	enum place place;
	const struct type *type; /* never NULL */
	struct step *path; /* from the record to it; NULL: none is known */
};

/* A step of a path that is read. */
struct step {
	struct step *of;            /* NULL: it is the record itself */
	const struct jq_node *name; /* NULL: any element or member */
	bool inner;        /* a path goes on here: that one tells of both */
	struct step *next; /* of all */
};

struct walk {
	const struct schema *fields; /* or NULL */
	const char *text;
	struct jq_uses *uses;
	struct err *err;
	struct step *steps;
	bool defines; /* the program defines functions of its own */
	bool failed;
};

static const struct type basic[] = {
	[TYPE_UNKNOWN] = {.kind = TYPE_UNKNOWN},
	[TYPE_NULL] = {.kind = TYPE_NULL},
	[TYPE_BOOLEAN] = {.kind = TYPE_BOOLEAN},
	[TYPE_LONG] = {.kind = TYPE_LONG},
	[TYPE_DOUBLE] = {.kind = TYPE_DOUBLE},
	[TYPE_STRING] = {.kind = TYPE_STRING},
	[TYPE_TIMESTAMP] = {.kind = TYPE_TIMESTAMP},
};

static struct seen
other(enum type_kind kind)
{
	return (struct seen){OTHER, &basic[kind], NULL};
}

static bool
same_name(const struct jq_node *a, const struct jq_node *b)
{
	return a == b ||
		(a != NULL && b != NULL && a->nname == b->nname &&
			memcmp(a->name, b->name, a->nname) == 0);
}

static struct step *
step_to(struct walk *w, struct step *of, const struct jq_node *name)
{
	struct step *s;

	if (of == NULL)
		return NULL;
	for (s = of; name != NULL && s != NULL; s = s->of)
		s->inner = true;
	for (s = w->steps; s != NULL; s = s->next)
		if (s->of == of && same_name(s->name, name))
			return s;
	s = mem_zalloc(sizeof(*s));
	s->of = of;
	s->name = name;
	s->next = w->steps;
	w->steps = s;
	return s;
}

/* The path to s, if it ends in a name. */
static void
watch_step(const struct step *s, struct watch *watch)
{
	struct watch_step path[PATH_MOST];
	const struct step *p;
	size_t n = PATH_MOST;

	if (s->name == NULL || s->inner)
		return;
	for (p = s; p->of != NULL && n > 0; p = p->of) {
		path[--n] = (struct watch_step){NULL, 0};
		if (p->name != NULL)
			path[n] = (struct watch_step){
				p->name->name, p->name->nname};
	}
	if (p->of == NULL)
		watch_add(watch, path + n, PATH_MOST - n, false);
}

/* In the order in which they stand in the program. */
static void
watch_steps(struct walk *w, struct watch *watch)
{
	struct step *s, *next, *first = NULL;

	for (s = w->steps; s != NULL; s = next) {
		next = s->next;
		s->next = first;
		first = s;
	}
	for (s = first; s != NULL && w->fields == NULL; s = s->next)
		watch_step(s, watch);
	for (s = first; s != NULL; s = next) {
		next = s->next;
		free(s);
	}
}

static struct seen walk(
	struct walk *w, const struct jq_node *n, struct seen in);

static void
add_field(struct walk *w, const struct jq_node *n)
{
	struct jq_uses *u = w->uses;
	size_t i;

	for (i = 0; i < u->n; i++)
		if (u->fields[i]->nname == n->nname &&
			memcmp(u->fields[i]->name, n->name, n->nname) == 0)
			return;
	u->fields = mem_realloc(u->fields, (u->n + 1) * sizeof(*u->fields));
	u->fields[u->n++] = n;
}

/* All of a value matters. */
static void
consume(struct walk *w, struct seen v)
{
	if (v.place != OTHER)
		w->uses->whole = true;
}

static void
consume_node(struct walk *w, const struct jq_node *n, struct seen in)
{
	if (n != NULL)
		consume(w, walk(w, n, in));
}

static void
consume_args(struct walk *w, const struct jq_node *n, struct seen in)
{
	uint32_t i;

	for (i = 0; i < n->nargs; i++)
		consume_node(w, n->args[i], in);
}

/* The field's type, or refuse a name that is not there. */
static const struct type *
field_type(struct walk *w, const struct schema *fields, const struct jq_node *n)
{
	int i = schema_find(fields, n->name, n->nname);
	const char *near;

	if (i >= 0)
		return fields->f[i].type != NULL ? fields->f[i].type
						 : &basic[TYPE_UNKNOWN];
	if (!w->failed) {
		w->failed = true;
		near = schema_nearest(fields, n->name);
		if (near != NULL)
			err_caret(w->err, w->text, n->at,
				"expression: no field '%s' (did you mean "
				"'%s'?)",
				n->name, near);
		else
			err_caret(w->err, w->text, n->at,
				"expression: no field '%s'", n->name);
	}
	return &basic[TYPE_UNKNOWN];
}

static struct seen
walk_field(struct walk *w, const struct jq_node *n, struct seen in)
{
	struct seen of = walk(w, n->a, in), v = other(TYPE_UNKNOWN);

	if (of.place != OTHER)
		add_field(w, n);
	if (of.place == RECORD && w->fields != NULL)
		v.type = field_type(w, w->fields, n);
	else if (of.type->kind == TYPE_STRUCT && of.type->fields != NULL)
		v.type = field_type(w, of.type->fields, n);
	else if (of.type->kind == TYPE_MAP && of.type->elem != NULL)
		v.type = of.type->elem;
	v.path = step_to(w, of.path, n);
	return v;
}

/* .a[] and .a[0] */
static bool
is_any(const struct jq_node *n)
{
	return n->kind == JQ_EACH ||
		(n->b->kind == JQ_LITERAL &&
			(n->b->v.type == VALUE_INT ||
				n->b->v.type == VALUE_DOUBLE));
}

static struct seen
walk_element(struct walk *w, const struct jq_node *n, struct seen in)
{
	struct seen of = walk(w, n->a, in), v = other(TYPE_UNKNOWN);

	consume(w, of);
	consume_node(w, n->b, in);
	if ((of.type->kind == TYPE_ARRAY || of.type->kind == TYPE_MAP) &&
		of.type->elem != NULL)
		v.type = of.type->elem;
	if (is_any(n) && of.place == OTHER)
		v.path = step_to(w, of.path, NULL);
	return v;
}

/* One or the other. */
static struct seen
merge(struct seen a, struct seen b)
{
	struct seen v = other(TYPE_UNKNOWN);

	if (a.path == b.path)
		v.path = a.path;
	if (a.place == RECORD && b.place == RECORD)
		v.place = RECORD;
	else if (a.place != OTHER || b.place != OTHER)
		v.place = MAYBE;
	if (a.type->kind == TYPE_NULL)
		v.type = b.type;
	else if (b.type->kind == TYPE_NULL || a.type == b.type)
		v.type = a.type;
	else if (a.type->kind == b.type->kind &&
		a.type->kind < sizeof(basic) / sizeof(basic[0]) &&
		basic[a.type->kind].kind == a.type->kind)
		v.type = a.type;
	return v;
}

static bool
is_integer(enum type_kind k)
{
	return k == TYPE_BYTE || k == TYPE_SHORT || k == TYPE_INT ||
		k == TYPE_LONG;
}

static bool
is_real(enum type_kind k)
{
	return k == TYPE_FLOAT || k == TYPE_DOUBLE;
}

static enum type_kind
binary_type(enum jq_op op, enum type_kind a, enum type_kind b)
{
	if (op >= JQ_EQ)
		return TYPE_BOOLEAN;
	if (op == JQ_ADD && a == TYPE_STRING && b == TYPE_STRING)
		return TYPE_STRING;
	if (is_integer(a) && is_integer(b))
		return op == JQ_DIV ? TYPE_UNKNOWN : TYPE_LONG;
	if ((is_real(a) || is_integer(a)) && (is_real(b) || is_integer(b)))
		return op == JQ_MOD ? TYPE_LONG : TYPE_DOUBLE;
	return TYPE_UNKNOWN;
}

static struct seen
walk_call(struct walk *w, const struct jq_node *n, struct seen in)
{
	const char *name = n->func->name;
	struct seen v;

	if (strcmp(name, "select") == 0) {
		walk(w, n->args[0], in);
		return in;
	}
	if (strcmp(name, "map") == 0) {
		consume(w, in);
		v = other(TYPE_UNKNOWN);
		if (in.place == OTHER)
			v.path = step_to(w, in.path, NULL);
		consume_node(w, n->args[0], v);
		return other(TYPE_UNKNOWN);
	}
	if (strcmp(name, "IN") == 0 && n->nargs == 2) {
		v = walk(w, n->args[0], in);
		consume(w, v);
		consume_node(w, n->args[1], v);
		return other(TYPE_BOOLEAN);
	}
	if (strcmp(name, "has") == 0 && n->args[0]->kind == JQ_LITERAL &&
		n->args[0]->name != NULL) {
		if (in.place != OTHER)
			add_field(w, n->args[0]);
		return other(TYPE_BOOLEAN);
	}
	if (n->func->flags & JQ_REPLACE) {
		/* Its input are the groups. */
		consume_node(w, n->args[0], in);
		consume_node(w, n->args[1], other(TYPE_UNKNOWN));
		if (n->nargs > 2)
			consume_node(w, n->args[2], in);
		consume(w, in);
		return other(TYPE_STRING);
	}
	consume_args(w, n, in);
	if (strcmp(name, "event_time") != 0 &&
		strcmp(name, "batch_timestamp") != 0 &&
		strcmp(name, "now") != 0 && strcmp(name, "empty") != 0 &&
		strcmp(name, "not") != 0 && strcmp(name, "type") != 0)
		consume(w, in);
	return other(n->func->type);
}

static struct seen
walk_literal(const struct jq_node *n)
{
	switch (n->v.type) {
	case VALUE_NULL:
		return other(TYPE_NULL);
	case VALUE_BOOL:
		return other(TYPE_BOOLEAN);
	case VALUE_INT:
		return other(TYPE_LONG);
	case VALUE_DOUBLE:
		return other(TYPE_DOUBLE);
	default:
		return other(TYPE_STRING);
	}
}

/* A function of jq's that gives its input to its arguments and looks at no more
 * of it. */
static bool
looks_through(const struct walk *w, const struct jq_node *n)
{
	static const char *const names[] = {
		"error", "first", "isempty", "last", "limit", "range", NULL};
	int i;

	if (n->kind != JQ_UNKNOWN || n->nargs == 0 || w->defines)
		return false;
	for (i = 0; names[i] != NULL; i++)
		if (strcmp(n->name, names[i]) == 0)
			return true;
	return false;
}

/* What only libjq runs. */
static struct seen
walk_foreign(struct walk *w, const struct jq_node *n, struct seen in)
{
	struct seen maybe = {
		in.place == OTHER ? OTHER : MAYBE, &basic[TYPE_UNKNOWN], NULL};
	struct seen anything = {MAYBE, &basic[TYPE_UNKNOWN], NULL};
	struct seen v;

	switch (n->kind) {
	case JQ_VARIABLE:
		break;
	case JQ_BIND:
		consume_node(w, n->a, in);
		consume_args(w, n, anything);
		return walk(w, n->b, in);
	case JQ_FOLD:
		consume_node(w, n->a, in);
		consume_node(w, n->b, in);
		consume_node(w, n->c, other(TYPE_UNKNOWN));
		consume_args(w, n, other(TYPE_UNKNOWN));
		break;
	case JQ_TRY:
		v = walk(w, n->a, in);
		if (n->b == NULL)
			return v;
		return merge(v, walk(w, n->b, other(TYPE_UNKNOWN)));
	case JQ_LABEL:
		return n->a != NULL ? walk(w, n->a, in) : other(TYPE_UNKNOWN);
	case JQ_DEFINE:
		consume_node(w, n->a, anything);
		return walk(w, n->b, in);
	case JQ_ASSIGN: /* what is written need not be there */
		consume(w, in);
		consume_node(w, n->a, maybe);
		consume_node(w, n->b, w->text[n->at] == '|' ? maybe : in);
		break;
	default:
		if (looks_through(w, n)) {
			consume_args(w, n, in);
			break;
		}
		consume(w, in);
		consume_node(w, n->a, maybe);
		consume_node(w, n->b, maybe);
		consume_args(w, n, maybe);
		break;
	}
	return other(TYPE_UNKNOWN);
}

static struct seen
walk(struct walk *w, const struct jq_node *n, struct seen in)
{
	struct seen a, b;

	switch (n->kind) {
	case JQ_SELF:
		return in;
	case JQ_LITERAL:
		return walk_literal(n);
	case JQ_FIELD:
		return walk_field(w, n, in);
	case JQ_INDEX:
	case JQ_EACH:
		return walk_element(w, n, in);
	case JQ_SLICE:
		consume_node(w, n->b, in);
		consume_node(w, n->c, in);
		a = walk(w, n->a, in);
		consume(w, a);
		return (struct seen){OTHER, a.type, NULL};
	case JQ_PIPE:
		return walk(w, n->b, walk(w, n->a, in));
	case JQ_COMMA:
	case JQ_DEFAULT:
		a = walk(w, n->a, in);
		return merge(a, walk(w, n->b, in));
	case JQ_NEGATE:
		a = walk(w, n->a, in);
		consume(w, a);
		return other(binary_type(JQ_SUB, TYPE_LONG, a.type->kind));
	case JQ_BINARY:
		a = walk(w, n->a, in);
		b = walk(w, n->b, in);
		consume(w, a);
		consume(w, b);
		return other(binary_type(
			(enum jq_op)n->op, a.type->kind, b.type->kind));
	case JQ_AND:
	case JQ_OR:
		walk(w, n->a, in);
		walk(w, n->b, in);
		return other(TYPE_BOOLEAN);
	case JQ_IF:
		walk(w, n->a, in);
		a = walk(w, n->b, in);
		return merge(a, walk(w, n->c, in));
	case JQ_ARRAY:
		consume_node(w, n->a, in);
		return other(TYPE_UNKNOWN);
	case JQ_OBJECT:
		consume_args(w, n, in);
		return other(TYPE_UNKNOWN);
	case JQ_FORMAT:
		consume_args(w, n, in);
		return other(TYPE_STRING);
	case JQ_CALL:
		return walk_call(w, n, in);
	default:
		return walk_foreign(w, n, in);
	}
}

int
jq_uses_analyse(const struct jq_tree *t, const struct schema *fields,
	bool condition, struct jq_uses *uses, struct watch *watch,
	struct type **result, struct err *err)
{
	struct step record = {.of = NULL};
	struct walk w = {.fields = fields,
		.text = t->text,
		.uses = uses,
		.err = err,
		.defines = t->defines};
	struct seen v = other(TYPE_UNKNOWN);

	memset(uses, 0, sizeof(*uses));
	if (t->root == NULL) {
		uses->whole = true;
	} else {
		v = walk(&w, t->root,
			(struct seen){RECORD, &basic[TYPE_UNKNOWN], &record});
		watch_steps(&w, watch);
		/* A record is true, however much of it is there. */
		if (!condition)
			consume(&w, v);
	}
	/* libjq does not tell 7 from 7.0. */
	if (t->foreign && (is_real(v.type->kind) || is_integer(v.type->kind)))
		v = other(TYPE_UNKNOWN);
	if (w.failed) {
		*result = NULL;
		return -1;
	}
	*result = type_copy(v.type);
	return 0;
}
