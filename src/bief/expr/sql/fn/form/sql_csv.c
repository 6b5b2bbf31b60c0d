/*
 * sql_csv: from_csv, to_csv, schema_of_csv, and the options that Spark has for
 * them, which are read when the expression is compiled.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "time/timefmt.h"
#include "time/timepat.h"
#include "types/cell.h"
#include "types/schema.h"
#include "types/schema_parse.h"
#include "expr/expr.h"
#include "expr/sql/fn/form/sql_csvline.h"
#include "expr/sql/sql_impl.h"

/* ---- options ---- */

enum { READS = 1, WRITES = 2 };

struct csv {
	int of; /* READS or WRITES */
	struct sql_csvline_style style;
	const char *time, *date, *corrupt; /* options; NULL: none */
	const struct zone *zone;
	bool fail;
	/* of from_csv */
	struct timepat *time_pattern, *date_pattern;
	struct schema *schema;
	int bad; /* field of malformed text, or -1 */
	struct sql_csvline line;
	struct buf text;
};

static void
csv_free(void *data)
{
	struct csv *o = data;

	timepat_free(o->time_pattern);
	timepat_free(o->date_pattern);
	schema_free(o->schema);
	sql_csvline_release(&o->line);
	buf_release(&o->text);
	free(o);
}

static int
set_char(char *to, const char *name, const char *v, struct err *err)
{
	*to = *v;
	return strlen(v) <= 1
		? 0
		: sql_options_refuse(err, name, "one character", v);
}

static int
set_flag(bool *to, const char *name, const char *v, struct err *err)
{
	*to = strcasecmp(v, "true") == 0;
	return *to || strcasecmp(v, "false") == 0
		? 0
		: sql_options_refuse(err, name, "true or false", v);
}

static int
set_zone(struct csv *o, const char *name, const char *v, struct err *err)
{
	o->zone = zone_open(v, strlen(v));
	return o->zone != NULL ? 0 : sql_options_refuse(err, name, "a zone", v);
}

static int
set_mode(struct csv *o, const char *name, const char *v, struct err *err)
{
	o->fail = strcasecmp(v, "FAILFAST") == 0;
	return o->fail || strcasecmp(v, "PERMISSIVE") == 0
		? 0
		: sql_options_refuse(err, name, "PERMISSIVE or FAILFAST", v);
}

static int
set_sep(struct csv *o, const char *v, struct err *err)
{
	o->style.sep = v;
	return *v != '\0' ? 0
			  : err_as(err, STATUS_USAGE,
				    "option 'sep' is a text that is not empty");
}

static int
set_option(void *arg, const char *name, const char *v, struct err *err)
{
	struct csv *o = arg;
	bool reads = o->of == READS, any;

	if (strcasecmp(name, "sep") == 0 || strcasecmp(name, "delimiter") == 0)
		return set_sep(o, v, err);
	if (strcasecmp(name, "quote") == 0)
		return set_char(&o->style.quote, name, v, err);
	if (strcasecmp(name, "escape") == 0)
		return set_char(&o->style.escape, name, v, err);
	if (strcasecmp(name, "comment") == 0 && reads)
		return set_char(&o->style.comment, name, v, err);
	if (strcasecmp(name, "ignoreLeadingWhiteSpace") == 0)
		return set_flag(&o->style.trim_front, name, v, err);
	if (strcasecmp(name, "ignoreTrailingWhiteSpace") == 0)
		return set_flag(&o->style.trim_behind, name, v, err);
	if (strcasecmp(name, "quoteAll") == 0 && !reads)
		return set_flag(&o->style.quote_all, name, v, err);
	if (strcasecmp(name, "header") == 0)
		return set_flag(&any, name, v, err);
	if (strcasecmp(name, "timeZone") == 0)
		return set_zone(o, name, v, err);
	if (strcasecmp(name, "mode") == 0 && reads)
		return set_mode(o, name, v, err);
	if (strcasecmp(name, "nullValue") == 0)
		return o->style.null = v, 0;
	if (strcasecmp(name, "emptyValue") == 0)
		return o->style.empty = v, 0;
	if (strcasecmp(name, "timestampFormat") == 0)
		return o->time = v, 0;
	if (strcasecmp(name, "dateFormat") == 0)
		return o->date = v, 0;
	if (strcasecmp(name, "columnNameOfCorruptRecord") == 0 && reads)
		return o->corrupt = v, 0;
	return 1;
}

static int
read_options(
	const struct sql_node *n, int i, int of, struct csv *o, struct err *err)
{
	o->of = of;
	o->style = (struct sql_csvline_style){.sep = ",",
		.null = "",
		.empty = of == READS ? "" : "\"\"",
		.quote = '"',
		.escape = '\\',
		.trim_front = of == WRITES,
		.trim_behind = of == WRITES};
	return sql_options_read(n, i, set_option, o, err);
}

/* ---- schema_of_csv ---- */

/* Digits of a whole number, which may end in a point; 0: it is none. */
static int
whole_digits(const char *s, size_t n)
{
	size_t sign = n > 0 && (*s == '-' || *s == '+');
	size_t digits = strspn(s + sign, "0123456789");

	if (sign + digits < n && s[sign + digits] == '.')
		sign++;
	return sign + digits == n ? (int)digits : 0;
}

/* May a cell be of that kind at all? */
static bool
may_be(struct type *t, const char *s, size_t n)
{
	if (t->kind == TYPE_DECIMAL) {
		t->precision = whole_digits(s, n);
		t->scale = 0;
		return t->precision > 0 && t->precision <= NUMERIC_DIGITS;
	}
	if (t->kind == TYPE_DATE)
		return n == strlen("2020-01-01") && s[4] == '-';
	return true;
}

/* The type of a cell, as Spark guesses it. */
static struct type *
guess(const char *s, size_t n, struct buf *tmp)
{
	static const int kinds[] = {TYPE_INT, TYPE_LONG, TYPE_DECIMAL,
		TYPE_DOUBLE, TYPE_DATE, TYPE_TIMESTAMP, TYPE_BOOLEAN};
	const struct cell cell = {.s = s, .n = n};
	const struct cell_rules rules = {.zone = zone_utc};
	struct type *t = type_new(TYPE_STRING);
	struct value v;

	for (size_t i = 0; n > 0 && i < sizeof(kinds) / sizeof(*kinds); i++) {
		t->kind = kinds[i];
		if (!may_be(t, s, n))
			continue;
		buf_clear(tmp);
		buf_need(tmp, CELL_ROOM(n));
		if (cell_value(&cell, t, &rules, tmp, &v))
			return t;
	}
	t->kind = TYPE_STRING;
	return t;
}

/* As Spark spells it. */
static void
print_schema(const struct schema *s, struct buf *out)
{
	buf_str(out, "STRUCT<");
	for (size_t i = 0; i < s->n; i++) {
		size_t at;

		buf_printf(out, "%s%s: ", i > 0 ? ", " : "", s->f[i].name);
		at = out->n;
		type_print(s->f[i].type, out);
		for (; at < out->n; at++)
			out->p[at] = (char)toupper((unsigned char)out->p[at]);
	}
	buf_byte(out, '>');
}

/* STRUCT<_c0: INT, ...> of a text; allocated. */
static struct type *
schema_of(struct csv *o, const char *s, size_t n)
{
	struct type *t = type_new(TYPE_STRUCT);
	char name[32];

	t->fields = schema_new();
	sql_csvline_split(&o->line, &o->style, s, n);
	for (size_t i = 0; i < o->line.n; i++) {
		const struct sql_csvline_cell *c = &o->line.cell[i];
		char *cell = mem_dup(o->line.text.p + c->at, c->n);

		snprintf(name, sizeof(name), "_c%zu", i);
		schema_add(t->fields, name, guess(cell, c->n, &o->text));
		free(cell);
	}
	return t;
}

static int
schema_prepare(struct sql *x, struct sql_node *n, struct err *err)
{
	n->data = mem_zalloc(sizeof(struct csv));
	n->free = csv_free;
	return read_options(n, 1, READS, n->data, err);
}

static int
run_schema(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct type *t;

	if (a->n == 0)
		return err_set(c->err, "schema_of_csv: the text is empty");
	t = schema_of(n->data, a->str, a->n);
	buf_clear(&c->text);
	print_schema(t->fields, &c->text);
	*out = datum_from_buf(c, &c->text);
	type_free(t);
	return 0;
}

/* ---- from_csv ---- */

/* 'a int, b string', 'struct<a: int>' or schema_of_csv('...'); NULL with a
 * message. */
static struct schema *
wanted_schema(const struct sql_node *n, struct err *err)
{
	const struct sql_node *s = n->arg[1];
	struct schema *schema = NULL;
	struct csv *o;
	struct type *t;

	if (s->op == SQL_LITERAL && s->lit.kind == TYPE_STRING)
		schema = schema_parse(s->lit.str, err);
	else if (s->op == SQL_CALL &&
		strcmp(s->fn->name, "schema_of_csv") == 0 &&
		s->arg[0]->op == SQL_LITERAL &&
		s->arg[0]->lit.kind == TYPE_STRING) {
		o = mem_zalloc(sizeof(*o));
		if (read_options(s, 1, READS, o, err) == 0) {
			t = schema_of(o, s->arg[0]->lit.str, s->arg[0]->lit.n);
			schema = t->fields;
			t->fields = NULL;
			type_free(t);
		}
		csv_free(o);
	} else {
		err_as(err, STATUS_USAGE,
			"'from_csv' wants its schema in quotes, or as "
			"schema_of_csv('...')");
	}
	if (schema != NULL && cell_schema(schema, err) < 0) {
		schema_free(schema);
		return NULL;
	}
	return schema;
}

static int
from_rule(struct sql_rule *r)
{
	struct type t = {.kind = TYPE_STRUCT};

	if (r->arg[0].kind > TYPE_NULL && r->arg[0].kind != TYPE_STRING)
		return sql_types_mismatch(r, "takes a string and a schema");
	r->arg[0] = ty(TYPE_STRING);
	t.fields = wanted_schema(r->node, r->err);
	if (t.fields == NULL)
		return -1;
	r->result = ty_keep(r->arena, &t);
	schema_free(t.fields);
	return 0;
}

static int
from_prepare(struct sql *x, struct sql_node *n, struct err *err)
{
	struct csv *o = mem_zalloc(sizeof(*o));
	const char *bad;

	n->data = o;
	n->free = csv_free;
	if (read_options(n, 2, READS, o, err) < 0)
		return -1;
	o->schema = wanted_schema(n, err);
	if (o->schema == NULL)
		return -1;
	bad = o->corrupt != NULL ? o->corrupt : "_corrupt_record";
	o->bad = schema_find(o->schema, bad, strlen(bad));
	if (o->bad >= 0 && o->schema->f[o->bad].type->kind != TYPE_STRING)
		return err_as(err, STATUS_USAGE,
			"from_csv: '%s', which holds malformed text, is a "
			"string",
			bad);
	if (o->time != NULL &&
		(o->time_pattern = timepat_new(o->time, err)) == NULL)
		return -1;
	if (o->date != NULL &&
		(o->date_pattern = timepat_new(o->date, err)) == NULL)
		return -1;
	return 0;
}

/* A cell as a datum; false: it is none of the type. */
static bool
take_value(struct datum_ctx *c, struct csv *o, const struct type *t,
	const char *s, size_t n, struct datum *out)
{
	const struct cell cell = {.s = s, .n = n, .quoted = true};
	const struct cell_rules rules = {
		.zone = o->zone != NULL ? o->zone : c->env->zone,
		.pattern = o->time_pattern,
		.now_us = c->env->batch_us,
		.empty_text = true};
	struct value v;
	struct datum d;
	int32_t days;

	*out = datum_null();
	if (t->kind == TYPE_STRING || t->kind == TYPE_BINARY) {
		*out = datum_string(arena_text(&c->arena, s, n), n);
		out->kind = (uint8_t)t->kind;
		return true;
	}
	if (t->kind == TYPE_DATE && o->date_pattern != NULL) {
		if (timepat_parse_date(o->date_pattern, s, n, &days) != 0)
			return false;
		*out = datum_int(TYPE_DATE, days);
		return true;
	}
	buf_clear(&o->text);
	buf_need(&o->text, CELL_ROOM(n));
	if (n == 0 || !cell_value(&cell, t, &rules, &o->text, &v) ||
		datum_load(c, &v, ty_from(t), &d) < 0)
		return false;
	*out = datum_copy(c, &c->arena, &d);
	return true;
}

/* The cell's text, which a null is told by; a quoted one that is empty is
 * another text. */
static bool
take_cell(struct datum_ctx *c, struct csv *o, const struct type *t, size_t i,
	struct datum *out)
{
	const struct sql_csvline_cell *cell = &o->line.cell[i];
	const char *s = o->line.text.p + cell->at;
	size_t n = cell->n;

	if (n == 0 && cell->quoted) {
		s = o->style.empty;
		n = strlen(s);
	}
	*out = datum_null();
	if (n == strlen(o->style.null) && memcmp(s, o->style.null, n) == 0)
		return true;
	return take_value(c, o, t, s, n, out);
}

static int
run_from(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct csv *o = n->data;
	const struct schema *schema = o->schema;
	struct datum *items = arena_get(
		&c->arena, schema->n * sizeof(*items) + 1);
	size_t columns = schema->n - (o->bad >= 0), at = 0;
	bool good;

	sql_csvline_split(&o->line, &o->style, a->str, a->n);
	good = o->line.n == columns;
	for (size_t i = 0; i < schema->n; i++) {
		items[i] = datum_null();
		if ((int)i == o->bad)
			continue;
		if (at < o->line.n)
			good &= take_cell(
				c, o, schema->f[i].type, at, &items[i]);
		at++;
	}
	if (!good && o->fail)
		return err_set(
			c->err, "from_csv: the text is no row of this schema");
	if (!good && o->bad >= 0)
		items[o->bad] = a[0];
	*out = datum_items(TYPE_STRUCT, items, schema->n, n->ty.t);
	return 0;
}

/* ---- to_csv ---- */

static int
to_rule(struct sql_rule *r)
{
	if (r->arg[0].kind > TYPE_NULL && r->arg[0].kind != TYPE_STRUCT)
		return sql_types_mismatch(r, "takes a struct");
	r->result = ty(TYPE_STRING);
	return 0;
}

static int
to_prepare(struct sql *x, struct sql_node *n, struct err *err)
{
	struct csv *o = mem_zalloc(sizeof(*o));

	n->data = o;
	n->free = csv_free;
	if (read_options(n, 1, WRITES, o, err) < 0 ||
		(o->time != NULL &&
			timefmt_check(o->time, strlen(o->time), err) < 0) ||
		(o->date != NULL &&
			timefmt_check(o->date, strlen(o->date), err) < 0))
		return -1;
	return 0;
}

/* Into o->text. */
static void
print_field(struct datum_ctx *c, struct csv *o, const struct datum *d)
{
	static const char usual[] = "yyyy-MM-dd'T'HH:mm:ss.SSSXXX";
	const char *format = o->time != NULL ? o->time : usual;
	const struct zone *zone = o->zone != NULL ? o->zone : c->env->zone;

	buf_clear(&o->text);
	if (d->kind == TYPE_TIMESTAMP)
		timefmt_print(format, strlen(format), d->i, zone, &o->text);
	else if (d->kind == TYPE_DATE && o->date != NULL)
		timefmt_print(o->date, strlen(o->date), d->i * DATUM_DAY,
			zone_utc, &o->text);
	else
		datum_print(c, d, &o->text);
}

static int
run_to(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct csv *o = n->data;
	struct buf line;

	if (a->kind != TYPE_STRUCT || datum_open(c, a) < 0)
		return err_set(c->err, "'to_csv' takes a struct");
	*out = datum_null();
	buf_init(&line);
	for (uint32_t i = 0; i < a->n; i++) {
		const struct datum *d = &a->items[i];

		if (i > 0)
			buf_str(&line, o->style.sep);
		if (d->kind == TYPE_NULL) {
			sql_csvline_put(&o->style, NULL, 0, &line);
			continue;
		}
		print_field(c, o, d);
		sql_csvline_put(&o->style, o->text.n > 0 ? o->text.p : "",
			o->text.n, &line);
	}
	if (line.n > 0)
		*out = datum_from_buf(c, &line);
	buf_release(&line);
	return 0;
}

const struct sql_fn sql_csv_fns[] = {
	{"from_csv", "ss?a:a", run_from, 0, from_rule, NULL, from_prepare},
	{"to_csv", "a?a:s", run_to, 0, to_rule, NULL, to_prepare},
	{"schema_of_csv", "s?a:s", run_schema, 0, sql_types_text, NULL,
		schema_prepare},
	{NULL}};
