/*
 * sql_schema: JSON text to values of a schema and back: from_json, to_json,
 * schema_of_json, and the options that Spark has for them.  The options are
 * read when the expression is compiled: a wrong one is no fault of a record's.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/mem.h"
#include "time/time.h"
#include "time/timefmt.h"
#include "time/timepat.h"
#include "time/zone.h"
#include "value/json.h"
#include "value/lenient.h"
#include "types/fromjson.h"
#include "types/inferjson.h"
#include "types/schema.h"
#include "types/schema_parse.h"
#include "expr/expr.h"
#include "expr/sql/sql_impl.h"

/* Options: map('name', 'value', ...) of texts. */

enum { FROM = 1, TO = 2, SCHEMA = 4, READS = FROM | SCHEMA };

struct options {
	int of;         /* FROM, TO or SCHEMA */
	unsigned flags; /* of lenient.h */
	const char *time, *date, *corrupt;
	const struct zone *zone;
	bool fail, pretty, nulls;
	struct inferjson_style infer;
};

enum option_kind {
	ON,  /* true sets a flag */
	OFF, /* false does */
	TIME,
	DATE,
	ZONE,
	MODE,
	LOCALE,
	CORRUPT,
	PRETTY,
	NULLS,
	DROP,
	TEXTS,
	DECIMALS
};

static const struct option {
	const char *name;
	enum option_kind kind;
	int of; /* which functions have it */
	unsigned flag;
} options[] = {
	{"allowComments", ON, READS, LENIENT_COMMENTS},
	{"allowUnquotedFieldNames", ON, READS, LENIENT_NAMES},
	{"allowNumericLeadingZeros", ON, READS, LENIENT_ZEROS},
	{"allowBackslashEscapingAnyCharacter", ON, READS, LENIENT_ESCAPES},
	{"allowUnquotedControlChars", ON, READS, LENIENT_CONTROLS},
	{"allowSingleQuotes", OFF, READS, LENIENT_NO_SINGLE},
	{"allowNonNumericNumbers", OFF, READS, LENIENT_NO_WORDS},
	{"timestampFormat", TIME, FROM | TO, 0},
	{"dateFormat", DATE, FROM | TO, 0},
	{"timeZone", ZONE, FROM | TO, 0},
	{"mode", MODE, FROM, 0},
	{"locale", LOCALE, READS, 0},
	{"columnNameOfCorruptRecord", CORRUPT, FROM, 0},
	{"pretty", PRETTY, TO, 0},
	{"ignoreNullFields", NULLS, TO, 0},
	{"dropFieldIfAllNull", DROP, SCHEMA, 0},
	{"primitivesAsString", TEXTS, SCHEMA, 0},
	{"prefersDecimal", DECIMALS, SCHEMA, 0},
};

static const struct option *
option_find(const char *name, int of)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (strcasecmp(options[i].name, name) == 0)
			return (options[i].of & of) != 0 ? &options[i] : NULL;
	return NULL;
}

static int
option_set_word(struct options *o, const struct option *k, const char *v,
	struct err *err)
{
	switch (k->kind) {
	case TIME:
		o->time = v;
		return 0;
	case DATE:
		o->date = v;
		return 0;
	case CORRUPT:
		o->corrupt = v;
		return 0;
	case ZONE:
		o->zone = zone_open(v, strlen(v));
		return o->zone != NULL
			? 0
			: sql_options_refuse(err, k->name, "a zone", v);
	case LOCALE:
		return strncasecmp(v, "en", 2) == 0
			? 0
			: sql_options_refuse(
				  err, k->name, "en-US (names are English)", v);
	default:
		o->fail = strcasecmp(v, "FAILFAST") == 0;
		return o->fail || strcasecmp(v, "PERMISSIVE") == 0
			? 0
			: sql_options_refuse(
				  err, k->name, "PERMISSIVE or FAILFAST", v);
	}
}

static int
option_set(void *arg, const char *name, const char *v, struct err *err)
{
	struct options *o = arg;
	const struct option *k = option_find(name, o->of);
	bool yes = strcasecmp(v, "true") == 0;

	if (k == NULL)
		return 1;
	if (k->kind >= TIME && k->kind <= CORRUPT)
		return option_set_word(o, k, v, err);
	if (!yes && strcasecmp(v, "false") != 0)
		return sql_options_refuse(err, k->name, "true or false", v);
	if (k->kind == PRETTY)
		o->pretty = yes;
	else if (k->kind == NULLS)
		o->nulls = !yes;
	else if (k->kind == DROP)
		o->infer.drop_nulls = yes;
	else if (k->kind == TEXTS)
		o->infer.texts = yes;
	else if (k->kind == DECIMALS)
		o->infer.decimals = yes;
	else if (yes == (k->kind == ON))
		o->flags |= k->flag;
	return 0;
}

/* The options that stand as argument i of n, if there is one. */
static int
options_read(const struct sql_node *n, int i, int of, struct options *o,
	struct err *err)
{
	*o = (struct options){.of = of};
	return sql_options_read(n, i, option_set, o, err);
}

/* A pattern for reading; NULL where there is none. */
static int
reader_pattern(const char *text, struct timepat **pattern, struct err *err)
{
	if (text == NULL)
		return 0;
	*pattern = timepat_new(text, err);
	return *pattern != NULL ? 0 : -1;
}

/* from_json(text, 'a int, b string' [, options]) */

struct reader {
	struct options o;
	struct timepat *time, *date;
	struct schema *schema;
	bool root; /* the schema's one field is the type of the whole text */
	int corrupt;
	struct fromjson *f;
	const struct zone *zone; /* that f was made for */
	struct value *v;
};

static void
reader_free(void *data)
{
	struct reader *r = data;

	fromjson_free(r->f);
	timepat_free(r->time);
	timepat_free(r->date);
	schema_free(r->schema);
	free(r->v);
	free(r);
}

/* A schema, or the type of an array or of a map, then as one field. */
static struct schema *
from_json_ddl(const char *text, bool *root, struct err *err)
{
	const char *p = text + strspn(text, " \t\n");
	struct schema *s;
	size_t n = 0;
	struct buf b;

	if (strncasecmp(p, "array", 5) == 0)
		n = 5;
	else if (strncasecmp(p, "map", 3) == 0)
		n = 3;
	*root = n > 0 && p[n + strspn(p + n, " \t\n")] == '<';
	buf_init(&b);
	if (*root)
		buf_printf(&b, "value %s", p);
	s = schema_parse(*root ? buf_cstr(&b) : text, err);
	buf_release(&b);
	if (s != NULL && schema_string_keys(s, err) < 0) {
		schema_free(s);
		s = NULL;
	}
	return s;
}

/* The schema of a text that stands in the expression, as DDL. */
static int
from_json_sample(const struct sql_node *n, struct buf *out, struct err *err)
{
	const struct datum *text = &n->arg[0]->lit;
	struct lenient l = {0};
	struct options o;
	struct buf b;
	struct type *t;

	if (options_read(n, 1, SCHEMA, &o, err) < 0)
		return -1;
	buf_init(&b);
	buf_add(&b, text->str, text->n);
	memset(buf_need(&b, JSON_PADDING), 0, JSON_PADDING);
	l.begin = b.p;
	l.end = b.p + b.n;
	l.flags = o.flags;
	t = inferjson_read(&l, &o.infer);
	if (t == NULL)
		err_as(err, STATUS_USAGE, "schema_of_json: %s at byte %zu",
			l.what, (size_t)(l.at - l.begin) + 1);
	else
		inferjson_print(t, out);
	buf_release(&b);
	type_free(t);
	return t != NULL ? 0 : -1;
}

/* The schema of from_json: in quotes, or schema_of_json('...'). */
static struct schema *
from_json_schema(const struct sql_node *n, bool *root, struct err *err)
{
	const struct sql_node *s = n->arg[1];
	struct schema *schema = NULL;
	struct buf ddl;

	if (s->op == SQL_LITERAL && s->lit.kind == TYPE_STRING)
		return from_json_ddl(s->lit.str, root, err);
	if (s->op != SQL_CALL || strcmp(s->fn->name, "schema_of_json") != 0 ||
		s->arg[0]->op != SQL_LITERAL ||
		s->arg[0]->lit.kind != TYPE_STRING) {
		err_as(err, STATUS_USAGE,
			"'from_json' wants its schema in "
			"quotes, or as schema_of_json('...')");
		return NULL;
	}
	buf_init(&ddl);
	if (from_json_sample(s, &ddl, err) == 0)
		schema = from_json_ddl(buf_cstr(&ddl), root, err);
	buf_release(&ddl);
	return schema;
}

static int
from_json_rule(struct sql_rule *r)
{
	struct schema *schema;
	struct type t = {.kind = TYPE_STRUCT};
	bool root;

	if (r->arg[0].kind > TYPE_NULL && r->arg[0].kind != TYPE_STRING)
		return sql_types_mismatch(r, "takes a string and a schema");
	r->arg[0] = ty(TYPE_STRING);
	schema = from_json_schema(r->node, &root, r->err);
	if (schema == NULL)
		return -1;
	t.fields = schema;
	r->result = ty_keep(r->arena, root ? schema->f[0].type : &t);
	schema_free(schema);
	return 0;
}

static int
reader_corrupt(struct reader *r, struct err *err)
{
	const char *name = r->o.corrupt;

	r->corrupt = -1;
	if (r->root ||
		(name != NULL &&
			schema_find(r->schema, name, strlen(name)) < 0))
		return 0;
	return schema_corrupt(r->schema, name, &r->corrupt, err);
}

static int
from_json_prepare(struct sql *x, struct sql_node *n, struct err *err)
{
	struct reader *r = mem_zalloc(sizeof(*r));

	n->data = r;
	n->free = reader_free;
	if (options_read(n, 2, FROM, &r->o, err) < 0)
		return -1;
	r->schema = from_json_schema(n, &r->root, err);
	if (r->schema == NULL)
		return -1;
	r->v = mem_zalloc((r->schema->n + 1) * sizeof(*r->v));
	if (reader_corrupt(r, err) < 0 ||
		reader_pattern(r->o.time, &r->time, err) < 0)
		return -1;
	return reader_pattern(r->o.date, &r->date, err);
}

static struct fromjson *
reader_for(struct reader *r, const struct zone *zone)
{
	if (r->o.zone != NULL)
		zone = r->o.zone;
	if (r->f == NULL || r->zone != zone) {
		struct fromjson_options o = {.zone = zone,
			.pattern = r->time,
			.date_pattern = r->date,
			.flags = r->o.flags,
			.corrupt = r->corrupt,
			.root = r->root};

		fromjson_free(r->f);
		r->f = fromjson_new(r->schema, &o);
		r->zone = zone;
	}
	return r->f;
}

/* Text of the values is the reader's until the next one. */
static int
reader_take(struct datum_ctx *c, struct reader *r, struct datum *items)
{
	struct datum d;

	for (size_t i = 0; i < r->schema->n; i++) {
		if (datum_load(c, &r->v[i], ty_from(r->schema->f[i].type), &d) <
			0)
			return -1;
		items[i] = datum_copy(c, &c->arena, &d);
	}
	return 0;
}

static int
run_from_json(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct reader *r = n->data;
	struct fromjson *f = reader_for(r, c->env->zone);
	struct datum *items;
	char *p = arena_zero(&c->arena, a->n + JSON_PADDING);

	if (a->n > 0)
		memcpy(p, a->str, a->n);
	*out = datum_null();
	if (strspn(p, " \t\r\n") == a->n)
		return 0;
	if (fromjson_read(f, p, a->n, c->env->batch_us, r->v) < 0) {
		if (r->o.fail)
			return err_set(
				c->err, "from_json: %s", fromjson_why(f));
		if (r->corrupt >= 0)
			r->v[r->corrupt] = fromjson_text(f, p, a->n);
	}
	items = arena_get(&c->arena, r->schema->n * sizeof(*items) + 1);
	if (reader_take(c, r, items) < 0)
		return -1;
	*out = r->root ? items[0]
		       : datum_items(TYPE_STRUCT, items, r->schema->n, n->ty.t);
	return 0;
}

/* to_json(value [, options]) */

static int
to_json_rule(struct sql_rule *r)
{
	if (r->arg[0].kind > TYPE_NULL && !ty_nested(r->arg[0]))
		return sql_types_mismatch(r,
			"takes a struct, a map or an "
			"array");
	r->result = ty(TYPE_STRING);
	return 0;
}

static int
to_json_prepare(struct sql *x, struct sql_node *n, struct err *err)
{
	struct datum_style *style = mem_zalloc(sizeof(*style));
	struct options o;

	n->data = style;
	n->free = free;
	if (options_read(n, 1, TO, &o, err) < 0 ||
		(o.time != NULL &&
			timefmt_check(o.time, strlen(o.time), err) < 0) ||
		(o.date != NULL &&
			timefmt_check(o.date, strlen(o.date), err) < 0))
		return -1;
	*style = (struct datum_style){.time = o.time,
		.date = o.date,
		.zone = o.zone,
		.nulls = o.nulls,
		.pretty = o.pretty};
	return 0;
}

static int
run_to_json(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct buf b;

	if (!ty_nested(datum_ty(a)))
		return err_set(
			c->err, "'to_json' takes a struct, a map or an array");
	buf_init(&b);
	datum_store_json(c, a, n->data, &b);
	*out = datum_from_buf(c, &b);
	buf_release(&b);
	return 0;
}

/* schema_of_json(text [, options]) */

static int
schema_of_prepare(struct sql *x, struct sql_node *n, struct err *err)
{
	struct options *o = mem_zalloc(sizeof(*o));

	n->data = o;
	n->free = free;
	return options_read(n, 1, SCHEMA, o, err);
}

static int
run_schema(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const struct options *o = n->data;
	char *p = arena_zero(&c->arena, a->n + JSON_PADDING);
	struct lenient l = {.begin = p, .end = p + a->n, .flags = o->flags};
	struct type *t;
	struct buf b;

	if (a->n > 0)
		memcpy(p, a->str, a->n);
	t = inferjson_read(&l, &o->infer);
	if (t == NULL)
		return err_set(c->err, "schema_of_json: %s at byte %zu", l.what,
			(size_t)(l.at - l.begin) + 1);
	buf_init(&b);
	inferjson_print(t, &b);
	*out = datum_from_buf(c, &b);
	buf_release(&b);
	type_free(t);
	return 0;
}

const struct sql_fn sql_schema_fns[] = {
	{"from_json", "ss?a:a", run_from_json, 0, from_json_rule, NULL,
		from_json_prepare},
	{"to_json", "a?a:s", run_to_json, 0, to_json_rule, NULL,
		to_json_prepare},
	{"schema_of_json", "s?a:s", run_schema, 0, sql_types_text, NULL,
		schema_of_prepare},
	{NULL}};
