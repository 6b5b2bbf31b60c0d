/*
 * table_read: static tables from CSV, JSON lines and SQLite.
 */
#include "table_impl.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "cell.h"
#include "err.h"
#include "file.h"
#include "fromjson.h"
#include "infer.h"
#include "json.h"
#include "record.h"
#include "schema.h"
#include "sqlite.h"
#include "time.h"
#include "value.h"

#define CHUNK ((size_t)1 << 16)
#define FILE_MAX ((size_t)1 << 40)

const char *
table_keep(struct table_private *p, const char *s, size_t n)
{
	struct chunk *c = p->chunks;
	char *to;

	if (c == NULL || c->cap - c->n < n) {
		size_t cap = n > CHUNK ? n : CHUNK;

		c = mem_alloc(sizeof *c + cap + JSON_PADDING);
		c->cap = cap;
		c->n = 0;
		c->next = p->chunks;
		p->chunks = c;
	}
	to = c->bytes + c->n;
	if (n > 0)
		memcpy(to, s, n);
	c->n += n;
	return to;
}

static bool
has_text(const struct value *v)
{
	return v->type == VALUE_NUMBER || v->type == VALUE_REAL ||
	       v->type == VALUE_STRING || v->type == VALUE_ARRAY ||
	       v->type == VALUE_OBJECT;
}

static struct value
kept(struct table_private *p, struct value v)
{
	if (has_text(&v))
		v.s = table_keep(p, v.s, v.n);
	return v;
}

/* The column of a name, made at the end. */
static size_t
column(struct table_private *p, const char *name, size_t n)
{
	int at = schema_find(p->columns, name, n);
	size_t i, k, wider;
	struct value *values;
	char *copy;

	if (at >= 0)
		return (size_t)at;
	copy = mem_dup(name, n);
	schema_add(p->columns, copy, NULL);
	free(copy);
	if (p->columns->n <= p->stride)
		return p->columns->n - 1;
	wider = p->stride * 2 + 4;
	values = mem_zalloc((p->room + 1) * wider * sizeof *values);
	for (i = 0; i < p->rows; i++)
		for (k = 0; k < p->stride; k++)
			values[i * wider + k] = p->values[i * p->stride + k];
	free(p->values);
	p->values = values;
	p->stride = wider;
	return p->columns->n - 1;
}

/* A new row of nulls. */
static struct value *
new_row(struct table_private *p)
{
	struct value *v;
	size_t i;

	if (p->rows == p->room) {
		p->room = p->room * 2 + 64;
		p->values = mem_realloc(p->values,
			(p->room + 1) * p->stride * sizeof *p->values);
	}
	v = p->values + p->rows++ * p->stride;
	for (i = 0; i < p->stride; i++)
		v[i] = value_null();
	return v;
}

/*
 * CSV.
 */

struct csv_load {
	struct table_private *p;
	const struct table_options *o;
	struct err *err;
	struct buf tmp;
	size_t field;  /* of the row, from 0 */
	size_t line;   /* rows seen, the header too */
	bool named;    /* the columns have their names */
	bool failed;
	struct value *row;
};

static void
csv_failed(struct csv_load *c, const char *what)
{
	if (!c->failed)
		err_set(c->err, "row %zu, field %zu: %s", c->line + 1,
			c->field + 1, what);
	c->failed = true;
}

/* A name of the header; a name that is there already gets a number. */
static void
csv_name(struct csv_load *c, const char *s, size_t n)
{
	const struct schema *schema = c->o->schema;
	size_t i;

	if (schema != NULL)
		return;
	buf_clear(&c->tmp);
	if (c->o->header)
		buf_add(&c->tmp, s, n);
	if (c->tmp.n == 0)
		buf_printf(&c->tmp, "_c%zu", c->field);
	n = c->tmp.n;
	for (i = 2; schema_find(c->p->columns, c->tmp.p, c->tmp.n) >= 0; i++) {
		c->tmp.n = n;
		buf_printf(&c->tmp, "_%zu", i);
	}
	column(c->p, c->tmp.p, c->tmp.n);
}

/* Text until all rows are there and the types are known; NULL is null. */
static void
csv_field(void *s, size_t n, void *arg)
{
	struct csv_load *c = arg;

	if (c->failed)
		return;
	if (s != NULL && !json_utf8(s, n)) {
		csv_failed(c, "invalid UTF-8");
		return;
	}
	if (!c->named)
		csv_name(c, s, n);
	if (c->named || !c->o->header) {
		if (c->field >= c->p->columns->n) {
			csv_failed(c, "more fields than there are columns");
			return;
		}
		if (c->field == 0 || c->row == NULL)
			c->row = new_row(c->p);
		else /* columns may have moved the rows */
			c->row = c->p->values + (c->p->rows - 1) * c->p->stride;
		if (s != NULL)
			c->row[c->field] = (struct value){
				.s = table_keep(c->p, s, n), .n = (uint32_t)n,
				.type = VALUE_STRING};
	}
	c->field++;
}

static void
csv_row(int end, void *arg)
{
	struct csv_load *c = arg;

	c->named = true;
	c->field = 0;
	c->line++;
	c->row = NULL;
}

static int
no_space(unsigned char ch)
{
	return 0;
}

/* Texts to values, by the types that are given or that they show. */
static int
csv_types(struct csv_load *c)
{
	struct table_private *p = c->p;
	struct cell_rules rules = {.zone = c->o->zone, .now_us = time_now(),
		.empty_text = true};
	struct type *type;
	struct value *v;
	size_t i, row;

	for (i = 0; i < p->columns->n; i++) {
		type = p->columns->f[i].type;
		for (row = 0; c->o->schema == NULL && row < p->rows; row++) {
			v = &p->values[row * p->stride + i];
			if (v->type != VALUE_NULL)
				infer_text(type, v->s, v->n);
		}
		infer_finish(type);
		for (row = 0; row < p->rows; row++) {
			struct cell cell;

			v = &p->values[row * p->stride + i];
			if (v->type == VALUE_NULL)
				continue;
			cell = (struct cell){v->s, v->n, v->n == 0};
			buf_clear(&c->tmp);
			buf_need(&c->tmp, CELL_ROOM(v->n));
			if (!cell_value(&cell, type, &rules, &c->tmp, v)) {
				c->line = row + c->o->header;
				c->field = i;
				buf_clear(&c->tmp);
				buf_str(&c->tmp, "it is no ");
				type_print(type, &c->tmp);
				csv_failed(c, buf_cstr(&c->tmp));
				return -1;
			}
			*v = kept(p, *v);
		}
	}
	return 0;
}

/* Without a byte order mark. */
static const char *
content(const struct buf *text, size_t *n)
{
	size_t skip = text->n >= 3 && memcmp(text->p, "\xef\xbb\xbf", 3) == 0
			      ? 3
			      : 0;

	*n = text->n - skip;
	return text->n == 0 ? "" : text->p + skip;
}

static int
load_csv(struct table_private *p, const struct table_options *o,
	const struct buf *text, struct err *err)
{
	struct csv_load c = {.p = p, .o = o, .err = err};
	struct csv_parser parser;
	size_t n;
	const char *s = content(text, &n);

	if (o->schema != NULL && cell_schema(o->schema, err) != 0)
		return -1;
	c.named = o->schema != NULL && !o->header;
	buf_init(&c.tmp);
	if (csv_init(&parser,
		    CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL) != 0)
		return err_set(err, "out of memory");
	csv_set_delim(&parser, (unsigned char)o->sep);
	csv_set_space_func(&parser, no_space);
	if ((csv_parse(&parser, s, n, csv_field, csv_row, &c) != n ||
		    csv_fini(&parser, csv_field, csv_row, &c) != 0) &&
		!c.failed) {
		csv_failed(&c, csv_strerror(csv_error(&parser)));
	}
	csv_free(&parser);
	if (!c.failed)
		csv_types(&c);
	buf_release(&c.tmp);
	return c.failed ? -1 : 0;
}

/*
 * JSON lines.
 */

/*
 * The types of columns that have none, by their values.  A column of times that
 * are not all in the stream's form is text; an integer among doubles is one.
 */
static void
find_types(struct table_private *p)
{
	struct value *v, number;
	struct type *type;
	size_t i, row;
	int64_t us;

	for (i = 0; i < p->columns->n; i++) {
		type = p->columns->f[i].type;
		for (row = 0; row < p->rows; row++)
			infer_value(type, &p->values[row * p->stride + i]);
		infer_finish(type);
		for (row = 0; row < p->rows; row++) {
			v = &p->values[row * p->stride + i];
			if (type->kind == TYPE_TIMESTAMP &&
				v->type == VALUE_STRING &&
				value_get_time(v, &us) != 0)
				type->kind = TYPE_STRING;
			number = value_number(v, false);
			if (type->kind == TYPE_DOUBLE &&
				number.type == VALUE_INT)
				*v = value_double((double)number.i);
		}
	}
}

static void
json_row(struct table_private *p, const struct record *r, struct buf *name)
{
	size_t at;
	uint32_t i;

	new_row(p);
	for (i = 0; i < r->shape->n; i++) {
		buf_clear(name);
		json_unquote(name, r->shape->names[i].s, r->shape->names[i].n);
		at = column(p, buf_cstr(name), name->n);
		p->values[(p->rows - 1) * p->stride + at] = kept(p, r->v[i]);
	}
}

/* Lines as objects of any shape. */
static int
load_json(struct table_private *p, const struct buf *text, struct err *err)
{
	struct shapes *shapes = shapes_new();
	struct record_reader reader;
	struct buf name;
	size_t n, len, number = 0;
	const char *s = content(text, &n), *end = s + n, *lf;
	int ret = 0;

	record_reader_init(&reader, shapes);
	buf_init(&name);
	for (; s < end && ret == 0; s += len + 1) {
		struct record r = {.line = s};

		lf = memchr(s, '\n', (size_t)(end - s));
		len = (size_t)((lf == NULL ? end : lf) - s);
		r.nline = (uint32_t)len;
		number++;
		if (json_space(s, s + len) == s + len)
			continue;
		ret = record_parse(&reader, &r, err);
		if (ret == 0)
			json_row(p, &r, &name);
		else
			err_in(err, "line %zu", number);
	}
	buf_release(&name);
	record_reader_release(&reader);
	shapes_free(shapes);
	if (ret == 0)
		find_types(p);
	return ret;
}

/* Lines as objects of a schema. */
static int
load_json_schema(struct table_private *p, const struct table_options *o,
	const struct buf *text, struct err *err)
{
	struct fromjson_options fo = {.zone = o->zone, .corrupt = -1};
	struct fromjson *f = fromjson_new(o->schema, &fo);
	size_t n, len, i, number = 0;
	const char *s = content(text, &n), *end = s + n, *lf;
	struct value *row;
	int ret = 0;

	for (; s < end && ret == 0; s += len + 1) {
		lf = memchr(s, '\n', (size_t)(end - s));
		len = (size_t)((lf == NULL ? end : lf) - s);
		number++;
		if (json_space(s, s + len) == s + len)
			continue;
		row = new_row(p);
		if (fromjson_read(f, s, len, time_now(), row) != 0)
			ret = err_set(err, "line %zu: %s", number,
				fromjson_why(f));
		for (i = 0; i < o->schema->n; i++)
			row[i] = kept(p, row[i]);
	}
	fromjson_free(f);
	return ret;
}

/*
 * SQLite.
 */

int64_t
table_version(struct table_private *p)
{
	struct err err = {0};
	int64_t version = 0;

	sqlite_int(p->db, "PRAGMA data_version", 0, &version, &err);
	return version;
}

static int
load_rows(struct table_private *p, struct sqlite_stmt *q, struct err *err)
{
	struct buf tmp;
	const char *name;
	struct value *row;
	int i, n = sqlite_columns(p->db, q), rc;

	buf_init(&tmp);
	for (i = 0; i < n; i++) {
		name = sqlite_column_name(p->db, q, i);
		column(p, name, strlen(name));
	}
	while ((rc = sqlite_step(p->db, q, err)) == 1) {
		row = new_row(p);
		for (i = 0; i < n; i++) {
			sqlite_column(p->db, q, i, &row[i], &tmp);
			if (row[i].type == VALUE_STRING &&
				!json_utf8(row[i].s, row[i].n)) {
				rc = err_set(err, "row %zu, column '%s': "
						  "invalid UTF-8",
					p->rows, p->columns->f[i].name);
				goto done;
			}
			row[i] = kept(p, row[i]);
		}
	}
done:
	buf_release(&tmp);
	return rc;
}

static int
load_sqlite(struct table_private *p, const char *file, const char *table,
	struct err *err)
{
	struct sqlite_stmt *q;
	struct buf sql;
	int ret;

	p->db = sqlite_open(file, false, err);
	if (p->db == NULL)
		return -1;
	p->version = table_version(p);
	buf_init(&sql);
	buf_str(&sql, "SELECT * FROM ");
	sqlite_name(&sql, table);
	q = sqlite_prepare(p->db, buf_cstr(&sql), err);
	ret = q == NULL ? -1 : load_rows(p, q, err);
	if (ret == 0)
		find_types(p);
	sqlite_finalize(p->db, q);
	buf_release(&sql);
	return ret;
}

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n >= k && strcasecmp(s + n - k, end) == 0;
}

static int
load_file(struct table_private *p, const struct table_options *o,
	struct err *err)
{
	struct buf text;
	int ret;

	buf_init(&text);
	if (stat(o->path, &p->seen) != 0)
		memset(&p->seen, 0, sizeof p->seen);
	ret = file_read(o->path, FILE_MAX, &text, err);
	if (ret == 0 && text.n >= 16 &&
		memcmp(text.p, "SQLite format 3", 16) == 0)
		ret = err_as(err, STATUS_USAGE,
			"it is a database: name its table, as in %s:NAME",
			o->path);
	else if (ret == 0 &&
		 (ends_in(o->path, ".json") || ends_in(o->path, ".jsonl") ||
			 ends_in(o->path, ".ndjson")))
		ret = o->schema != NULL ? load_json_schema(p, o, &text, err)
					: load_json(p, &text, err);
	else if (ret == 0)
		ret = load_csv(p, o, &text, err);
	buf_release(&text);
	return ret;
}

int
table_read(struct table_private *p, const struct table_options *o,
	struct err *err)
{
	const char *colon = strrchr(o->path, ':');
	struct stat st;
	char *file;
	size_t i;
	int ret;

	for (i = 0; o->schema != NULL && i < o->schema->n; i++) {
		const char *name = o->schema->f[i].name;
		size_t at = column(p, name, strlen(name));

		type_free(p->columns->f[at].type);
		p->columns->f[at].type = type_copy(o->schema->f[i].type);
	}
	if (colon != NULL && stat(o->path, &st) != 0) {
		if (o->schema != NULL)
			return err_as(err, STATUS_USAGE,
				"--table-schema is for CSV and JSON lines; a "
				"database has its own types");
		file = mem_dup(o->path, (size_t)(colon - o->path));
		ret = load_sqlite(p, file, colon + 1, err);
		free(file);
	} else {
		ret = load_file(p, o, err);
	}
	return ret;
}
