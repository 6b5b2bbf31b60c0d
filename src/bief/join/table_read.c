/*
 * table_read: static tables from CSV, JSON lines and databases.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "value/json.h"
#include "value/record.h"
#include "value/record_read.h"
#include "value/value.h"
#include "io/csvrow.h"
#include "io/service/sqlite.h"
#include "io/textfile.h"
#include "types/cell.h"
#include "types/fromjson.h"
#include "types/infer.h"
#include "types/schema.h"
#include "runtime/options/opt.h"
#include "runtime/report/refuse.h"
#include "join/table_impl.h"

#define CHUNK ((size_t)1 << 16)

const char *
table_read_keep(struct table_private *p, const char *s, size_t n)
{
	struct chunk *c = p->chunks;
	char *to;

	if (c == NULL || c->cap - c->n < n) {
		size_t cap = n > CHUNK ? n : CHUNK;

		c = mem_alloc(sizeof *c + cap + JSON_PADDING);
		p->bytes += sizeof *c + cap + JSON_PADDING;
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
table_read_has_text(const struct value *v)
{
	return v->type == VALUE_NUMBER || v->type == VALUE_REAL ||
		v->type == VALUE_STRING || v->type == VALUE_ARRAY ||
		v->type == VALUE_OBJECT;
}

struct value
table_read_kept(struct table_private *p, struct value v)
{
	if (table_read_has_text(&v))
		v.s = table_read_keep(p, v.s, v.n);
	return v;
}

size_t
table_read_column(struct table_private *p, const char *name, size_t n)
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

struct value *
table_read_row(struct table_private *p)
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

int
table_read_check(const struct table_private *p, const struct table_options *o,
	struct err *err)
{
	size_t bytes = p->bytes + p->room * p->stride * sizeof *p->values;

	if (o->max_state > 0 && bytes > o->max_state)
		return err_set(err,
			"it is larger than the limit of %zu bytes: "
			"raise --max-state",
			o->max_state);
	if (o->stopping != NULL && o->stopping())
		return err_set(err, "stopped while it was read");
	return 0;
}

/* A row that cannot be taken as it is: 1 to keep it with nulls, 0, -1. */
static int
table_read_refuse(const struct table_options *o, const char *text, size_t n,
	struct err *err, const char *fmt, ...)
{
	char why[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	if (o->reject == NULL)
		return err_set(err, "%s", why);
	return o->reject(o->arg, text, n, why);
}

/*
 * CSV.
 */

struct csv_load {
	struct table_private *p;
	const struct table_options *o;
	struct err *err;
	struct csvrow_reader rows;
	struct csvrow_feed feed;
	struct buf tmp;
	struct buf lines; /* size_t of each row: its number, the header is 1 */
	size_t row;       /* rows seen, the header too */
	bool named;       /* the columns have their names */
};

/* A name of the header; a name that is there already gets a number. */
static void
csv_name(struct csv_load *c, size_t field, const char *s, size_t n)
{
	buf_clear(&c->tmp);
	if (c->o->header)
		buf_add(&c->tmp, s, n);
	if (c->tmp.n == 0)
		buf_printf(&c->tmp, "_c%zu", field);
	n = c->tmp.n;
	for (size_t i = 2; schema_find(c->p->columns, c->tmp.p, c->tmp.n) >= 0;
		i++) {
		c->tmp.n = n;
		buf_printf(&c->tmp, "_%zu", i);
	}
	table_read_column(c->p, c->tmp.p, c->tmp.n);
}

static bool
is_null(const struct table_options *o, const char *s, size_t n)
{
	for (size_t i = 0; o->nulls != NULL && i < o->nulls->n; i++)
		if (strlen(o->nulls->s[i]) == n &&
			memcmp(o->nulls->s[i], s, n) == 0)
			return true;
	return false;
}

/* Text until all rows are there and the types are known. */
static struct value
csv_cell(struct csv_load *c, size_t i)
{
	const struct csvrow_cell *cell = &c->rows.cell[i];
	const char *s = csvrow_text(&c->rows, i);

	if (cell->n == 0 && !cell->quoted)
		return value_null();
	if (is_null(c->o, s, cell->n))
		return value_null();
	if (c->rows.utf8 || json_utf8(s, cell->n))
		return (struct value){.s = table_read_keep(c->p, s, cell->n),
			.n = (uint32_t)cell->n,
			.type = VALUE_STRING};
	buf_clear(&c->tmp);
	json_repair(&c->tmp, s, cell->n);
	return (struct value){.s = table_read_keep(c->p, c->tmp.p, c->tmp.n),
		.n = (uint32_t)c->tmp.n,
		.type = VALUE_STRING};
}

/* What is wrong with a row; *field is where, from 1. */
static const char *
csv_wrong(const struct csv_load *c, size_t *field)
{
	const struct csvrow_reader *r = &c->rows;

	for (size_t i = 0; !r->utf8 && i < r->n; i++) {
		*field = i + 1;
		if (!json_utf8(csvrow_text(r, i), r->cell[i].n))
			return "invalid UTF-8";
	}
	*field = r->n > 0 ? r->n : 1;
	if (c->named && r->n > c->p->columns->n) {
		*field = c->p->columns->n + 1;
		return "more fields than there are columns";
	}
	return csvrow_why(r, true);
}

static int
csv_row(void *arg)
{
	struct csv_load *c = arg;
	const struct csvrow_reader *r = &c->rows;
	bool names = !c->named;
	struct value *row;
	const char *why;
	size_t field;
	int keep = 1;

	c->row++;
	why = csv_wrong(c, &field);
	if (why != NULL)
		keep = table_read_refuse(c->o, r->text, r->ntext, c->err,
			"row %zu, field %zu: %s", c->row, field, why);
	if (keep < 0)
		return -1;
	for (size_t i = 0; names && c->o->schema == NULL && i < r->n; i++)
		csv_name(c, i, csvrow_text(r, i), r->cell[i].n);
	c->named = true;
	if (keep == 0 || (names && c->o->header))
		return 0;
	row = table_read_row(c->p);
	for (size_t i = 0; i < r->n && i < c->p->columns->n; i++)
		row[i] = csv_cell(c, i);
	buf_add(&c->lines, &c->row, sizeof c->row);
	return table_read_check(c->p, c->o, c->err);
}

/* The types of columns that have none, by what their values show. */
static void
csv_infer(struct csv_load *c)
{
	struct table_private *p = c->p;

	for (size_t i = 0; i < p->columns->n; i++) {
		struct type *type = p->columns->f[i].type;

		for (size_t row = 0; c->o->schema == NULL && row < p->rows;
			row++) {
			struct value *v = &p->values[row * p->stride + i];

			if (v->type != VALUE_NULL)
				infer_text(type, v->s, v->n);
		}
		infer_finish(type);
	}
}

/* The texts of a row to values: 1; 0: it is left out; -1. */
static int
csv_type_row(struct csv_load *c, struct value *v,
	const struct cell_rules *rules, size_t number)
{
	struct table_private *p = c->p;
	int keep = 1;

	for (size_t i = 0; i < p->columns->n && keep > 0; i++, v++) {
		const struct type *type = p->columns->f[i].type;
		struct cell cell = {v->s, v->n, v->n == 0};
		struct buf name;

		if (v->type == VALUE_NULL)
			continue;
		buf_clear(&c->tmp);
		buf_need(&c->tmp, CELL_ROOM(v->n));
		if (cell_value(&cell, type, rules, &c->tmp, v)) {
			*v = table_read_kept(p, *v);
			continue;
		}
		buf_init(&name);
		type_print(type, &name);
		keep = table_read_refuse(c->o, cell.s, cell.n, c->err,
			"row %zu, field %zu: it is no %s", number, i + 1,
			buf_cstr(&name));
		buf_release(&name);
	}
	return keep;
}

/* Texts to values, by the types that are given or that they show. */
static int
csv_types(struct csv_load *c)
{
	struct table_private *p = c->p;
	struct cell_rules rules = {
		.zone = c->o->zone, .now_us = time_now(), .empty_text = true};
	size_t to = 0, number;

	csv_infer(c);
	for (size_t row = 0; row < p->rows; row++) {
		struct value *v = &p->values[row * p->stride];
		int keep;

		memcpy(&number, c->lines.p + row * sizeof number,
			sizeof number);
		keep = csv_type_row(c, v, &rules, number);
		if (keep < 0 || table_read_check(p, c->o, c->err) < 0)
			return -1;
		if (keep > 0)
			memmove(&p->values[to++ * p->stride], v,
				p->stride * sizeof *v);
	}
	p->rows = to;
	return 0;
}

static int
csv_lines(struct csv_load *c, struct textfile *text)
{
	const char *line;
	size_t n;
	int got;

	while ((got = textfile_line(text, &line, &n, c->err)) > 0)
		if (csvrow_feed(&c->feed, line, n, text->line) < 0)
			return -1;
	return got < 0 ? -1 : csvrow_feed_end(&c->feed);
}

static int
load_csv(struct table_private *p, const struct table_options *o,
	struct textfile *text, struct err *err)
{
	struct csv_load c = {.p = p, .o = o, .err = err};
	struct csvrow_style style = {.sep = o->sep, .quote = '"'};
	int ret;

	if (o->schema != NULL && cell_schema(o->schema, err) < 0)
		return -1;
	c.named = o->schema != NULL && !o->header;
	c.feed = (struct csvrow_feed){.rows = &c.rows,
		.max_line = o->max_line,
		.row = csv_row,
		.arg = &c};
	buf_init(&c.tmp);
	buf_init(&c.lines);
	csvrow_init(&c.rows, &style);
	ret = csv_lines(&c, text);
	if (ret == 0)
		ret = csv_types(&c);
	csvrow_release(&c.rows);
	buf_release(&c.tmp);
	buf_release(&c.lines);
	return ret;
}

/*
 * JSON lines.
 */

static bool
is_key(const struct table_private *p, const struct table_options *o, size_t i)
{
	for (size_t k = 0; k < o->keys->n; k++)
		if (schema_like(p->columns, o->keys->s[k],
			    strlen(o->keys->s[k])) == (int)i)
			return true;
	return false;
}

/*
 * The types of columns that have none, by their values.  A column of times that
 * are not all in the stream's form is text; an integer among doubles is one, but
 * in a key, where the digits count that were written.
 */
void
table_read_types(struct table_private *p, const struct table_options *o)
{
	struct value *v, number;
	struct type *type;
	size_t i, row;
	int64_t us;

	for (i = 0; i < p->columns->n; i++) {
		bool key = is_key(p, o, i);

		type = p->columns->f[i].type;
		for (row = 0; row < p->rows; row++)
			infer_value(type, &p->values[row * p->stride + i]);
		infer_finish(type);
		for (row = 0; row < p->rows; row++) {
			v = &p->values[row * p->stride + i];
			if (type->kind == TYPE_TIMESTAMP &&
				v->type == VALUE_STRING &&
				value_get_time(v, &us) < 0)
				type->kind = TYPE_STRING;
			number = value_number(v, false);
			if (type->kind == TYPE_DOUBLE && !key &&
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

	table_read_row(p);
	for (i = 0; i < r->shape->n; i++) {
		buf_clear(name);
		json_unquote(name, r->shape->names[i].s, r->shape->names[i].n);
		at = table_read_column(p, buf_cstr(name), name->n);
		p->values[(p->rows - 1) * p->stride + at] = table_read_kept(
			p, r->v[i]);
	}
}

/* What reads a line of JSON into a row. */
struct json_load {
	struct table_private *p;
	const struct table_options *o;
	struct err *err;
	struct record_reader reader; /* objects of any shape */
	struct buf name;
	struct fromjson *f; /* of a schema; NULL: of any */
};

static int
json_line(struct json_load *j, const char *line, size_t n, size_t number)
{
	struct record r = {.line = line, .nline = (uint32_t)n};
	struct value *row;
	int keep = 1;

	if (j->f == NULL) {
		if (record_read(&j->reader, &r, j->err) == 0)
			json_row(j->p, &r, &j->name);
		else
			keep = table_read_refuse(j->o, line, n, j->err,
				"line %zu: %s", number, j->err->text);
		return keep < 0 ? -1 : table_read_check(j->p, j->o, j->err);
	}
	row = table_read_row(j->p);
	if (fromjson_read(j->f, line, n, time_now(), row) < 0)
		keep = table_read_refuse(j->o, line, n, j->err, "line %zu: %s",
			number, fromjson_why(j->f));
	for (size_t i = 0; i < j->o->schema->n; i++)
		row[i] = table_read_kept(j->p, row[i]);
	j->p->rows -= keep == 0;
	return keep < 0 ? -1 : table_read_check(j->p, j->o, j->err);
}

static int
load_json(struct table_private *p, const struct table_options *o,
	struct textfile *text, struct err *err)
{
	struct fromjson_options fo = {.zone = o->zone, .corrupt = -1};
	struct json_load j = {.p = p, .o = o, .err = err};
	struct shapes *shapes = shape_set_new();
	const char *line;
	size_t n;
	int got, ret = 0;

	record_read_init(&j.reader, shapes);
	buf_init(&j.name);
	if (o->schema != NULL)
		j.f = fromjson_new(o->schema, &fo);
	while (ret == 0 && (got = textfile_line(text, &line, &n, err)) != 0)
		ret = got < 0 ? -1
			: json_space(line, line + n) == line + n
			? 0
			: json_line(&j, line, n, text->line);
	fromjson_free(j.f);
	buf_release(&j.name);
	record_read_release(&j.reader);
	shape_set_free(shapes);
	if (ret == 0 && o->schema == NULL)
		table_read_types(p, o);
	return ret;
}

/*
 * SQLite.
 */

int64_t
table_read_version(struct table_private *p)
{
	struct err err = {0};
	int64_t version = 0;

	sqlite_int(p->db, "PRAGMA data_version", 0, &version, &err);
	return version;
}

static int
load_rows(struct table_private *p, const struct table_options *o,
	struct sqlite3_stmt *q, struct err *err)
{
	struct buf tmp;
	const char *name;
	struct value *row;
	int i, n = sqlite_columns(p->db, q), rc;

	buf_init(&tmp);
	for (i = 0; i < n; i++) {
		name = sqlite_column_name(p->db, q, i);
		table_read_column(p, name, strlen(name));
	}
	while ((rc = sqlite_step(p->db, q, err)) == 1) {
		row = table_read_row(p);
		for (i = 0; i < n; i++) {
			sqlite_column(p->db, q, i, &row[i], &tmp);
			if (row[i].type == VALUE_STRING &&
				!json_utf8(row[i].s, row[i].n)) {
				rc = err_set(err,
					"row %zu, column '%s': "
					"invalid UTF-8",
					p->rows, p->columns->f[i].name);
				goto done;
			}
			row[i] = table_read_kept(p, row[i]);
		}
		if ((rc = table_read_check(p, o, err)) < 0)
			break;
	}
done:
	buf_release(&tmp);
	return rc;
}

static int
load_sqlite(struct table_private *p, const struct table_options *o,
	const char *file, const char *table, struct err *err)
{
	struct sqlite3_stmt *q;
	struct buf sql;
	int ret;

	p->db = sqlite_open(file, false, err);
	if (p->db == NULL)
		return -1;
	p->version = table_read_version(p);
	buf_init(&sql);
	buf_str(&sql, "SELECT * FROM ");
	sqlite_name(&sql, table);
	q = sqlite_prepare(p->db, buf_cstr(&sql), err);
	ret = q == NULL ? -1 : load_rows(p, o, q, err);
	if (ret == 0)
		table_read_types(p, o);
	sqlite_finalize(p->db, q);
	buf_release(&sql);
	return ret;
}

static bool
ends_in(const char *s, size_t n, const char *end)
{
	size_t k = strlen(end);

	return n >= k && strncasecmp(s + n - k, end, k) == 0;
}

/*
 * JSON or CSV?  By the name, without what tells of compression; where it says
 * nothing, a first line that is an object is JSON.
 */
static int
is_json(const struct table_options *o, struct textfile *text, bool *json,
	struct err *err)
{
	size_t n = strlen(o->path);
	struct json_error why;
	const char *line, *end;
	struct value v;
	int got;

	n -= ends_in(o->path, n, ".gz")       ? 3
		: ends_in(o->path, n, ".zst") ? 4
					      : 0;
	*json = ends_in(o->path, n, ".json") || ends_in(o->path, n, ".jsonl") ||
		ends_in(o->path, n, ".ndjson");
	if (*json || o->header || ends_in(o->path, n, ".csv") ||
		ends_in(o->path, n, ".tsv"))
		return 0;
	got = textfile_peek(text, &line, &n, err);
	if (got <= 0)
		return got;
	end = json_read(line, line + n, 0, &v, &why);
	*json = end != NULL && json_space(end, line + n) == line + n &&
		v.type == VALUE_OBJECT;
	return 0;
}

/* What is neither CSV nor JSON is named. */
static int
check_first(
	const struct table_options *o, struct textfile *text, struct err *err)
{
	const char *line, *alien;
	size_t n;
	int got = textfile_peek(text, &line, &n, err);

	if (got <= 0)
		return got;
	if (n >= 15 && memcmp(line, "SQLite format 3", 15) == 0)
		return err_as(err, STATUS_USAGE,
			"it is a database: name its table, as in %s:NAME",
			o->path);
	alien = csvrow_alien(line, n);
	return alien == NULL ? 0 : err_set(err, "%s", alien);
}

static int
load_file(
	struct table_private *p, const struct table_options *o, struct err *err)
{
	struct textfile text;
	bool json;
	int ret = textfile_open(&text, o->path, o->max_line, o->stopping, err);

	p->seen = text.seen;
	if (ret == 0)
		ret = check_first(o, &text, err);
	if (ret == 0)
		ret = is_json(o, &text, &json, err);
	p->csv = ret == 0 && !json;
	if (ret == 0)
		ret = json ? load_json(p, o, &text, err)
			   : load_csv(p, o, &text, err);
	textfile_release(&text);
	return ret;
}

int
table_read(
	struct table_private *p, const struct table_options *o, struct err *err)
{
	const char *colon = strrchr(o->path, ':');
	struct stat st;
	char *file;
	size_t i;
	int ret;

	for (i = 0; o->schema != NULL && i < o->schema->n; i++) {
		const char *name = o->schema->f[i].name;
		size_t at = table_read_column(p, name, strlen(name));

		type_free(p->columns->f[at].type);
		p->columns->f[at].type = type_copy(o->schema->f[i].type);
	}
	if (colon != NULL && stat(o->path, &st) < 0) {
		if (o->schema != NULL)
			return err_as(err, STATUS_USAGE,
				"--table-schema is for CSV and JSON lines; a "
				"database has its own types");
		file = mem_dup(o->path, (size_t)(colon - o->path));
		ret = load_sqlite(p, o, file, colon + 1, err);
		free(file);
	} else {
		ret = load_file(p, o, err);
	}
	return ret;
}
