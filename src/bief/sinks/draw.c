/*
 * draw: the tables on a terminal. Cells are kept as text until the table is
 * printed, for only then the widths are known.
 */
#include "sinks/draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "text/number.h"
#include "time/date.h"
#include "time/time.h"
#include "value/json.h"
#include "value/record.h"
#include "value/value.h"
#include "types/schema.h"
#include "sinks/printable.h"

#define MIN_WIDTH 3 /* of a column */

struct draw_column {
	char *name; /* plain */
	size_t nname;
	char *head; /* as shown */
	size_t nhead;
	size_t head_width;
	const struct type *type; /* NULL: not known */
};

struct draw_cell {
	size_t at;      /* in text; a NULL is text too */
	uint32_t n;     /* bytes */
	uint32_t width; /* columns */
};

/* One character of UTF-8 (a wrong byte is one character): bytes used. */
static size_t
character(const char *s, size_t n, uint32_t *c)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t len = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	size_t i;

	if (len > n)
		len = 1;
	*c = len == 1 ? *p : *p & (0x7fu >> len);
	for (i = 1; i < len; i++)
		*c = *c << 6 | (p[i] & 0x3f);
	return len;
}

/* The ranges that Spark takes as full width (its Utils.stringHalfWidth). */
static bool
wide(uint32_t c)
{
	return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
		(c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
		(c >= 0xfe30 && c <= 0xfe4f) || (c >= 0xff00 && c <= 0xff60) ||
		(c >= 0xffe0 && c <= 0xffe6);
}

static size_t
units(uint32_t c)
{
	return c > 0xffff ? 2 : 1;
}

size_t
draw_width(const char *s, size_t n)
{
	size_t i = 0, width = 0;
	uint32_t c;

	while (i < n) {
		i += character(s + i, n - i, &c);
		width += units(c) + wide(c);
	}
	return width;
}

static void show_value(struct buf *out, const struct value *v,
	const struct type *t, const struct zone *zone);

/* A double's text, as Java prints it. */
static void
show_double(struct buf *out, double d, const struct type *t)
{
	char *p = buf_need(out, NUMBER_MAX);

	if (t != NULL && t->kind == TYPE_FLOAT)
		out->n += number_print_java_float((float)d, p);
	else
		out->n += number_print_java(d, p);
}

static void
show_number(struct buf *out, const struct value *v, const struct type *t)
{
	struct value d;
	bool real = v->type == VALUE_REAL || v->type == VALUE_DOUBLE;
	size_t i;

	if (t != NULL && t->kind == TYPE_DECIMAL) {
		value_print(v, out);
		return;
	}
	if (t != NULL && (t->kind == TYPE_DOUBLE || t->kind == TYPE_FLOAT))
		real = true;
	for (i = 0; v->type == VALUE_NUMBER && !real && i < v->n; i++)
		real = strchr(".eE", v->s[i]) != NULL;
	if (!real) {
		value_print(v, out);
		return;
	}
	d = value_number(v, false);
	show_double(out, d.type == VALUE_INT ? (double)d.i : d.d, t);
}

static void
show_string(struct buf *out, const struct value *v, const struct type *t,
	const struct zone *zone)
{
	int64_t us;

	if ((t == NULL || t->kind == TYPE_UNKNOWN ||
		    t->kind == TYPE_TIMESTAMP) &&
		value_get_time(v, &us) == 0)
		out->n += time_format_show(us, zone, buf_need(out, TIME_MAX));
	else if (v->flags & VALUE_ESCAPED)
		json_unquote(out, v->s, v->n);
	else
		buf_add(out, v->s, v->n);
}

/* The fields of a struct whose type is known, in the type's order. */
static void
show_struct(struct buf *out, const struct value *v, const struct schema *fields,
	const struct zone *zone)
{
	struct value member;
	size_t i;

	buf_byte(out, '{');
	for (i = 0; i < fields->n; i++) {
		const char *name = fields->f[i].name;

		if (i > 0)
			buf_str(out, ", ");
		if (!json_get(v, name, strlen(name), &member))
			member = value_null();
		show_value(out, &member, fields->f[i].type, zone);
	}
	buf_byte(out, '}');
}

static void
show_nested(struct buf *out, const struct value *v, const struct type *t,
	const struct zone *zone)
{
	struct value key, member;
	struct json_iter it;
	bool map = t != NULL && t->kind == TYPE_MAP;
	bool first = true;

	if (t != NULL && t->kind == TYPE_STRUCT && v->type == VALUE_OBJECT) {
		show_struct(out, v, t->fields, zone);
		return;
	}
	buf_byte(out, v->type == VALUE_ARRAY ? '[' : '{');
	json_iter(&it, v);
	while (json_next(&it, &key, &member)) {
		if (!first)
			buf_str(out, ", ");
		first = false;
		if (map) {
			show_value(out, &key, t->key, zone);
			buf_str(out, " -> ");
		}
		show_value(out, &member, t == NULL ? NULL : t->elem, zone);
	}
	buf_byte(out, v->type == VALUE_ARRAY ? ']' : '}');
}

/* A value as Spark shows it; t may be NULL. */
static void
show_value(struct buf *out, const struct value *v, const struct type *t,
	const struct zone *zone)
{
	if (value_is_null(v)) {
		buf_str(out, "NULL");
		return;
	}
	switch ((enum value_type)v->type) {
	case VALUE_NULL:
		break;
	case VALUE_BOOL:
		buf_str(out, v->i ? "true" : "false");
		break;
	case VALUE_INT:
	case VALUE_DOUBLE:
	case VALUE_NUMBER:
	case VALUE_REAL:
		show_number(out, v, t);
		break;
	case VALUE_STRING:
		show_string(out, v, t, zone);
		break;
	case VALUE_TIME:
		out->n += time_format_show(v->i, zone, buf_need(out, TIME_MAX));
		break;
	case VALUE_DATE:
		out->n += date_format((int32_t)v->i, buf_need(out, TIME_MAX));
		break;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		show_nested(out, v, t, zone);
		break;
	}
}

/* Text as it may stand in a table: what Spark escapes is escaped. */
static void
escape(const struct draw *d, struct buf *out, const char *s, size_t n)
{
	static const char meta[] = "\n\r\t\f\b\v\a", letter[] = "nrtfbva";
	const char *at;
	uint32_t c;
	size_t i, len;

	for (i = 0; i < n; i += len) {
		len = character(s + i, n - i, &c);
		if (c > 0 && c < 0x20 && (at = strchr(meta, (int)c)) != NULL) {
			buf_byte(out, '\\');
			buf_byte(out, letter[at - meta]);
		} else if (d->terminal &&
			(c < 0x20 || (c >= 0x7f && c < 0xa0))) {
			buf_str(out, "\xef\xbf\xbd"); /* U+FFFD */
		} else {
			buf_add(out, s + i, len);
		}
	}
}

/*
 * Cut what begins at start to d->cut UTF-16 units, the last three as dots.  Of
 * a pair that is cut in the middle "?" remains, as Java prints its half.
 */
static void
cut(const struct draw *d, struct buf *out, size_t start)
{
	size_t keep = d->cut < 4 ? d->cut : d->cut - 3;
	size_t i, used = 0, kept = start, len;
	bool half = false;
	uint32_t c;

	for (i = start; i < out->n && used <= d->cut; i += len) {
		len = character(out->p + i, out->n - i, &c);
		if (used <= keep) {
			kept = i;
			half = used < keep && used + units(c) > keep;
		}
		used += units(c);
	}
	if (used <= d->cut)
		return;
	out->n = kept;
	if (half)
		buf_byte(out, '?');
	if (d->cut >= 4)
		buf_str(out, "...");
}

/* The column of a name, made at the end where there is none. */
static size_t
column(struct draw *d, const char *name, size_t n)
{
	struct draw_column *c;
	struct buf head;
	size_t i;

	for (i = 0; i < d->ncolumns; i++)
		if (d->columns[i].nname == n &&
			memcmp(d->columns[i].name, name, n) == 0)
			return i;
	if (d->ncolumns == d->room) {
		d->room = d->room * 2 + 8;
		d->columns = mem_realloc(
			d->columns, d->room * sizeof *d->columns);
	}
	c = &d->columns[d->ncolumns];
	memset(c, 0, sizeof *c);
	c->name = mem_dup(name, n);
	c->nname = n;
	buf_init(&head);
	escape(d, &head, name, n);
	c->nhead = head.n;
	c->head = buf_cstr(&head);
	c->head_width = draw_width(c->head, c->nhead);
	return d->ncolumns++;
}

void
draw_init(struct draw *d, const struct schema *fields, const struct zone *zone,
	bool terminal)
{
	size_t i;

	memset(d, 0, sizeof *d);
	d->rows = 20;
	d->cut = 20;
	d->zone = zone;
	d->terminal = terminal;
	buf_init(&d->text);
	for (i = 0; fields != NULL && i < fields->n; i++) {
		const char *name = fields->f[i].name;
		size_t at = column(d, name, strlen(name));

		d->columns[at].type = fields->f[i].type;
	}
}

void
draw_release(struct draw *d)
{
	size_t i;

	for (i = 0; i < d->ncolumns; i++) {
		free(d->columns[i].name);
		free(d->columns[i].head);
	}
	free(d->columns);
	free(d->place);
	free(d->cells);
	free(d->row);
	buf_release(&d->text);
}

void
draw_clear(struct draw *d)
{
	d->seen = 0;
	d->ncells = 0;
	d->nrows = 0;
	buf_clear(&d->text);
}

/* Where the fields of a shape go. */
static void
places(struct draw *d, const struct shape *shape)
{
	struct buf name;
	uint32_t i, k;

	if (shape->n > d->nplace) {
		d->nplace = shape->n;
		d->place = mem_realloc(d->place, shape->n * sizeof *d->place);
	}
	buf_init(&name);
	for (i = 0; i < shape->n; i++) {
		buf_clear(&name);
		json_unquote(&name, shape->names[i].s, shape->names[i].n);
		d->place[i] = (int)column(d, name.p, name.n);
		for (k = 0; k < i; k++)
			if (d->place[k] == d->place[i])
				d->place[k] = -1;
	}
	buf_release(&name);
	d->id = shape->id;
}

/* The cells of a new row, all NULL until they are set. */
static struct draw_cell *
new_row(struct draw *d)
{
	struct draw_cell *c;
	size_t i, n = d->ncolumns;

	if (d->nrows == d->rows_room) {
		d->rows_room = d->rows_room * 2 + 20;
		d->row = mem_realloc(d->row, d->rows_room * sizeof *d->row);
	}
	if (d->cells_room - d->ncells < n) {
		d->cells_room = d->cells_room * 2 + n;
		d->cells = mem_realloc(
			d->cells, d->cells_room * sizeof *d->cells);
	}
	d->row[d->nrows++] = d->ncells;
	c = d->cells + d->ncells;
	d->ncells += n;
	for (i = 0; i < n; i++)
		c[i] = (struct draw_cell){.at = SIZE_MAX};
	return c;
}

void
draw_record(struct draw *d, const struct record *r)
{
	struct draw_cell *cells, *c;
	struct buf plain;
	uint32_t i;

	if (d->id != r->shape->id || d->seen == 0)
		places(d, r->shape);
	if (d->seen++ >= d->rows)
		return;
	cells = new_row(d);
	buf_init(&plain);
	for (i = 0; i < r->shape->n; i++) {
		if (d->place[i] < 0)
			continue;
		c = &cells[d->place[i]];
		buf_clear(&plain);
		show_value(&plain, &r->v[i], d->columns[d->place[i]].type,
			d->zone);
		c->at = d->text.n;
		escape(d, &d->text, plain.p, plain.n);
		if (d->cut > 0)
			cut(d, &d->text, c->at);
		c->n = (uint32_t)(d->text.n - c->at);
		c->width = (uint32_t)draw_width(d->text.p + c->at, c->n);
	}
	buf_release(&plain);
}

/* The text of a cell; a row that is older than a column has NULL there. */
static const char *
cell(const struct draw *d, size_t row, size_t column, size_t *n, size_t *width)
{
	size_t first = d->row[row];
	size_t end = row + 1 < d->nrows ? d->row[row + 1] : d->ncells;
	const struct draw_cell *c = &d->cells[first + column];

	if (column >= end - first || c->at == SIZE_MAX) {
		*n = *width = 4;
		if (d->cut > 0 && d->cut < 4)
			*n = *width = d->cut;
		return "NULL";
	}
	*n = c->n;
	*width = c->width;
	return d->text.p + c->at;
}

static void
pad(struct buf *out, char c, size_t n)
{
	memset(buf_need(out, n), c, n);
	out->n += n;
}

static void
draw_put(const struct draw *d, struct buf *out, const char *s, size_t n,
	size_t width, size_t column_width)
{
	size_t blanks = column_width > width ? column_width - width : 0;

	buf_byte(out, '|');
	if (d->cut > 0)
		pad(out, ' ', blanks);
	buf_add(out, s, n);
	if (d->cut == 0)
		pad(out, ' ', blanks);
}

static void
rule(const struct draw *d, struct buf *out, const size_t *width)
{
	size_t i;

	for (i = 0; i < d->ncolumns; i++) {
		buf_byte(out, '+');
		pad(out, '-', width[i]);
	}
	buf_str(out, d->ncolumns == 0 ? "++\n" : "+\n");
}

void
draw_print(struct draw *d, struct buf *out)
{
	size_t *width = mem_zalloc((d->ncolumns + 1) * sizeof *width);
	size_t row, i, n, w;
	const char *s;

	for (i = 0; i < d->ncolumns; i++) {
		width[i] = d->columns[i].head_width;
		for (row = 0; row < d->nrows; row++) {
			cell(d, row, i, &n, &w);
			if (width[i] < w)
				width[i] = w;
		}
		if (width[i] < MIN_WIDTH)
			width[i] = MIN_WIDTH;
	}
	rule(d, out, width);
	for (i = 0; i < d->ncolumns; i++)
		draw_put(d, out, d->columns[i].head, d->columns[i].nhead,
			d->columns[i].head_width, width[i]);
	buf_str(out, d->ncolumns == 0 ? "||\n" : "|\n");
	rule(d, out, width);
	for (row = 0; row < d->nrows; row++) {
		for (i = 0; i < d->ncolumns; i++) {
			s = cell(d, row, i, &n, &w);
			draw_put(d, out, s, n, w, width[i]);
		}
		buf_str(out, d->ncolumns == 0 ? "||\n" : "|\n");
	}
	rule(d, out, width);
	if (d->seen > d->nrows)
		buf_printf(out, "only showing top %llu rows\n",
			(unsigned long long)d->rows);
	else
		buf_byte(out, '\n');
	free(width);
}

/* As str.isprintable() has it: repr() shows such a character as it is. */
static bool
printable(uint32_t c)
{
	size_t low = 0, high = sizeof printable_turns / sizeof *printable_turns;

	if (c < 0x80)
		return c >= 0x20 && c != 0x7f;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (printable_turns[mid] <= c)
			low = mid + 1;
		else
			high = mid;
	}
	return low % 2 == 0;
}

/* A string's text as Python's repr(): in quotes that need fewer escapes. */
static void
python_string(struct buf *out, const char *s, size_t n)
{
	char quote = memchr(s, '\'', n) != NULL && memchr(s, '"', n) == NULL
		? '"'
		: '\'';
	uint32_t c;
	size_t i, len;

	buf_byte(out, quote);
	for (i = 0; i < n; i += len) {
		len = character(s + i, n - i, &c);
		if (c == (uint32_t)quote || c == '\\')
			buf_printf(out, "\\%c", (int)c);
		else if (c == '\n' || c == '\r' || c == '\t')
			buf_printf(out, "\\%c",
				c == '\n'           ? 'n'
					: c == '\r' ? 'r'
						    : 't');
		else if (!printable(c))
			buf_printf(out,
				c < 0x100             ? "\\x%02x"
					: c < 0x10000 ? "\\u%04x"
						      : "\\U%08x",
				(unsigned)c);
		else
			buf_add(out, s + i, len);
	}
	buf_byte(out, quote);
}

/* A value as Python's repr(); a string at the top as str(). */
static void
python(struct buf *out, const struct value *v, bool top)
{
	struct value key, member, number = value_number(v, true);
	struct json_iter it;
	struct buf tmp;
	const char *s;
	size_t n;
	bool first = true;

	if (number.type == VALUE_DOUBLE && !isfinite(number.d)) {
		buf_str(out,
			isnan(number.d)        ? "nan"
				: number.d < 0 ? "-inf"
					       : "inf");
	} else if (value_is_null(v)) {
		buf_str(out, "None");
	} else if (v->type == VALUE_BOOL) {
		buf_str(out, v->i ? "True" : "False");
	} else if (v->type == VALUE_ARRAY || v->type == VALUE_OBJECT) {
		buf_byte(out, v->type == VALUE_ARRAY ? '[' : '{');
		json_iter(&it, v);
		while (json_next(&it, &key, &member)) {
			if (!first)
				buf_str(out, ", ");
			first = false;
			if (v->type == VALUE_OBJECT) {
				python(out, &key, false);
				buf_str(out, ": ");
			}
			python(out, &member, false);
		}
		buf_byte(out, v->type == VALUE_ARRAY ? ']' : '}');
	} else if (v->type == VALUE_STRING) {
		buf_init(&tmp);
		s = value_string(v, &n, &tmp);
		if (top)
			buf_add(out, s, n);
		else
			python_string(out, s, n);
		buf_release(&tmp);
	} else if (v->type == VALUE_TIME || v->type == VALUE_DATE) {
		/* what stands in the stream is a string */
		buf_init(&tmp);
		value_print(v, &tmp);
		if (top)
			buf_add(out, tmp.p + 1, tmp.n - 2);
		else
			python_string(out, tmp.p + 1, tmp.n - 2);
		buf_release(&tmp);
	} else {
		value_print(number.type == VALUE_DOUBLE ? &number : v, out);
	}
}

void
draw_python(struct buf *out, const struct record *r)
{
	uint32_t i;

	if (r->shape->n == 1) {
		python(out, &r->v[0], true);
		return;
	}
	buf_byte(out, '(');
	for (i = 0; i < r->shape->n; i++) {
		if (i > 0)
			buf_str(out, ", ");
		python(out, &r->v[i], false);
	}
	buf_byte(out, ')');
}
