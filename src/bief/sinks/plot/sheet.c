/*
 * sheet: see sheet.h.  The rows are a ring of cells; a key is known with the
 * number of its row since the start.
 */
#include "sinks/plot/sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "text/number.h"
#include "time/date.h"
#include "time/time.h"
#include "time/zone.h"
#include "value/json.h"
#include "value/record.h"
#include "recovery/state/state.h"

#define DATE_TEXT 10 /* 2026-11-29 */

void
sheet_init(struct sheet *s, size_t keep)
{
	memset(s, 0, sizeof *s);
	s->keep = keep;
}

static void
drop_text(struct sheet_cell *c)
{
	if (c->kind == SHEET_TEXT)
		free(c->s);
	*c = (struct sheet_cell){.kind = SHEET_NONE};
}

static struct sheet_cell *
row_at(const struct sheet *s, size_t row)
{
	return s->cell + (s->first + row) % s->cap * s->stride;
}

void
sheet_clear(struct sheet *s)
{
	for (size_t row = 0; row < s->rows; row++)
		for (size_t i = 0; i < s->stride; i++)
			drop_text(&row_at(s, row)[i]);
	s->rows = s->first = 0;
	s->gone = 0;
	if (s->keys != NULL)
		state_clear(s->keys);
}

void
sheet_release(struct sheet *s)
{
	sheet_clear(s);
	for (size_t i = 0; i < s->ncolumns; i++) {
		free(s->column[i].name);
		if (s->column[i].field != NULL)
			field_release(s->column[i].field);
		free(s->column[i].field);
	}
	free(s->column);
	free(s->cell);
	free(s->place);
	state_free(s->keys);
	memset(s, 0, sizeof *s);
}

static size_t
sheet_add_column(struct sheet *s, const char *name, size_t n, struct field *f)
{
	s->column = mem_realloc(
		s->column, (s->ncolumns + 1) * sizeof *s->column);
	s->column[s->ncolumns] = (struct sheet_column){.name = mem_dup(name, n),
		.field = f,
		.window_end = f == NULL && n == 10 &&
			memcmp(name, "window_end", n) == 0};
	return s->ncolumns++;
}

size_t
sheet_want(struct sheet *s, const char *path)
{
	struct field *f;
	char *name = path_name(path);
	bool window = strcmp(path, "window") == 0;
	size_t i;

	for (i = 0; i < s->ncolumns; i++)
		if (strcmp(s->column[i].name, name) == 0)
			break;
	if (i == s->ncolumns) {
		f = mem_zalloc(sizeof *f);
		if (window)
			field_init_window(f, "window_start");
		else
			field_init(f, path);
		i = sheet_add_column(s, name, strlen(name), f);
	}
	free(name);
	return i;
}

/* Room for another row, in order from the beginning of the ring. */
static void
more_room(struct sheet *s)
{
	size_t cap = s->cap * 2 + 64, stride = s->ncolumns;
	struct sheet_cell *cell;

	if (s->rows < s->cap && s->stride >= s->ncolumns)
		return;
	if (s->rows < s->cap)
		cap = s->cap;
	if (cap > s->keep + 1)
		cap = s->keep + 1;
	if (stride < s->stride * 2 && s->stride > 0 && stride > s->stride)
		stride = s->stride * 2; /* more of them will come */
	cell = mem_zalloc(cap * stride * sizeof *cell);
	for (size_t row = 0; row < s->rows; row++)
		memcpy(cell + row * stride, row_at(s, row),
			s->stride * sizeof *cell);
	free(s->cell);
	s->cell = cell;
	s->cap = cap;
	s->stride = stride;
	s->first = 0;
}

static void
drop_oldest(struct sheet *s)
{
	struct sheet_cell *c = row_at(s, 0);

	for (size_t i = 0; i < s->stride; i++)
		drop_text(&c[i]);
	s->first = (s->first + 1) % s->cap;
	s->rows--;
	s->gone++;
}

/* Keys whose rows have gone are forgotten now and then. */
static void
tidy_keys(struct sheet *s)
{
	state_ref r;
	uint64_t at;
	size_t n;

	if (state_count(s->keys) < 2 * s->keep + 1000)
		return;
	for (r = state_first(s->keys); r != STATE_NONE;
		r = state_next(s->keys, r)) {
		memcpy(&at, state_value(s->keys, r, &n), sizeof at);
		if (at < s->gone)
			state_delete(s->keys, r);
	}
	state_settle(s->keys);
}

/* The row of this key that is to be replaced, emptied, or NULL. */
static struct sheet_cell *
row_of_key(struct sheet *s, const struct buf *key, struct err *err, int *ret)
{
	struct sheet_cell *c;
	uint64_t at, next = s->gone + s->rows;
	bool made;
	state_ref r;
	size_t n;

	if (s->keys == NULL)
		s->keys = state_new(0);
	tidy_keys(s);
	r = state_make(s->keys, key->p, key->n, sizeof at, &made, err);
	*ret = r == STATE_NONE ? -1 : 0;
	if (*ret < 0)
		return NULL;
	memcpy(&at, state_value(s->keys, r, &n), sizeof at);
	if (made || at < s->gone) {
		memcpy(state_change(s->keys, r), &next, sizeof next);
		return NULL;
	}
	c = row_at(s, (size_t)(at - s->gone));
	for (size_t i = 0; i < s->stride; i++)
		drop_text(&c[i]);
	return c;
}

static bool
is_date(const char *s, size_t n, int64_t *us)
{
	int32_t days;

	if (n != DATE_TEXT || s[4] != '-' || s[7] != '-' ||
		date_parse(s, n, &days) < 0)
		return false;
	*us = days * (24 * 3600 * TIME_SECOND);
	return true;
}

static void
sheet_set_text(struct sheet_cell *c, const char *s, size_t n)
{
	c->kind = SHEET_TEXT;
	c->s = mem_dup(s, n);
	c->n = (uint32_t)n;
}

/* What stands in a string: a time, a date, a double that JSON has no number
 * for, or text. */
static void
set_string(struct sheet_cell *c, const struct value *v)
{
	struct value number = value_number(v, true);
	struct buf tmp;
	const char *s;
	size_t n;

	buf_init(&tmp);
	if (value_get_time(v, &c->i) == 0) {
		c->kind = SHEET_TIME;
	} else if (number.type == VALUE_DOUBLE) {
		c->kind = SHEET_DOUBLE;
		c->d = number.d;
	} else {
		s = value_string(v, &n, &tmp);
		if (is_date(s, n, &c->i))
			c->kind = SHEET_DATE;
		else
			sheet_set_text(c, s, n);
	}
	buf_release(&tmp);
}

static void
set_cell(struct sheet_cell *c, const struct value *v)
{
	struct value number;
	struct buf tmp;

	if (value_is_null(v)) {
		c->kind = SHEET_NULL;
		return;
	}
	if (v->type == VALUE_STRING) {
		set_string(c, v);
		return;
	}
	number = value_number(v, true);
	if (number.type == VALUE_INT) {
		c->kind = SHEET_INT;
		c->i = number.i;
	} else if (number.type == VALUE_DOUBLE) {
		c->kind = SHEET_DOUBLE;
		c->d = number.d;
	} else if (v->type == VALUE_TIME) {
		c->kind = SHEET_TIME;
		c->i = v->i;
	} else if (v->type == VALUE_DATE) {
		c->kind = SHEET_DATE;
		c->i = v->i * (24 * 3600 * TIME_SECOND);
	} else {
		buf_init(&tmp);
		value_print(v, &tmp);
		sheet_set_text(c, tmp.p, tmp.n);
		buf_release(&tmp);
	}
}

/* Where the other fields of a shape go; -1: they have a column already. */
static void
find_places(struct sheet *s, const struct shape *shape)
{
	struct buf name;

	s->place = mem_realloc(s->place, (shape->n + 1) * sizeof *s->place);
	buf_init(&name);
	for (uint32_t i = 0; i < shape->n; i++) {
		size_t k;

		buf_clear(&name);
		json_unquote(&name, shape->names[i].s, shape->names[i].n);
		for (k = 0; k < s->ncolumns; k++)
			if (strcmp(s->column[k].name, buf_cstr(&name)) == 0)
				break;
		if (k == s->ncolumns && k < SHEET_COLUMNS)
			sheet_add_column(s, name.p, name.n, NULL);
		s->left_out += k == SHEET_COLUMNS;
		s->place[i] = k == SHEET_COLUMNS || s->column[k].field != NULL
			? -1
			: (int)k;
	}
	buf_release(&name);
	s->shape = shape->id;
}

int
sheet_add(struct sheet *s, const struct record *r, const struct buf *key,
	struct err *err)
{
	struct sheet_cell *c = NULL;
	int ret = 0;

	if (s->all && s->shape != r->shape->id)
		find_places(s, r->shape);
	more_room(s);
	if (key->n > 0)
		c = row_of_key(s, key, err, &ret);
	if (ret < 0)
		return -1;
	if (c == NULL)
		c = row_at(s, s->rows++);
	for (size_t i = 0; i < s->ncolumns; i++) {
		const struct value *v = s->column[i].field == NULL
			? NULL
			: record_get(r, s->column[i].field);

		if (v != NULL)
			set_cell(&c[i], v);
	}
	for (uint32_t i = 0; s->all && i < r->shape->n; i++)
		if (s->place[i] >= 0)
			set_cell(&c[s->place[i]], &r->v[i]);
	if (s->rows > s->keep)
		drop_oldest(s);
	return 0;
}

const struct sheet_cell *
sheet_get(const struct sheet *s, size_t row, size_t column)
{
	static const struct sheet_cell none = {.kind = SHEET_NONE};

	/* A row that is older than the column has none. */
	return column < s->stride ? &row_at(s, row)[column] : &none;
}

static bool
text_number(const struct sheet_cell *c, double *d)
{
	char *end;

	if (c->n == 0 || strchr("+-.0123456789", c->s[0]) == NULL ||
		memchr(c->s, 'x', c->n) != NULL)
		return false;
	*d = strtod(c->s, &end);
	return end == c->s + c->n && fabs(*d) < SHEET_MOST;
}

bool
sheet_number(const struct sheet_cell *c, const struct zone *zone, double *d)
{
	switch ((enum sheet_kind)c->kind) {
	case SHEET_INT:
		*d = (double)c->i;
		return true;
	case SHEET_DOUBLE:
		*d = c->d;
		return fabs(c->d) < SHEET_MOST;
	case SHEET_TIME:
		*d = (double)c->i / TIME_SECOND + zone_offset(zone, c->i);
		return true;
	case SHEET_DATE:
		*d = (double)c->i / TIME_SECOND;
		return true;
	case SHEET_TEXT:
		return text_number(c, d);
	case SHEET_NONE:
	case SHEET_NULL:
		break;
	}
	return false;
}

void
sheet_text(const struct sheet_cell *c, const struct zone *zone, struct buf *out)
{
	char *p = buf_need(out, 100);

	switch ((enum sheet_kind)c->kind) {
	case SHEET_INT:
		out->n += number_print_int(c->i, p);
		break;
	case SHEET_DOUBLE:
		if (isfinite(c->d))
			out->n += number_print_double(c->d, p);
		else
			buf_str(out,
				isnan(c->d)        ? "NaN"
					: c->d < 0 ? "-Infinity"
						   : "Infinity");
		break;
	case SHEET_TIME:
		out->n += time_format_show(c->i, zone, p);
		break;
	case SHEET_DATE:
		out->n += date_format(
			(int32_t)time_floor_div(c->i, 24 * 3600 * TIME_SECOND),
			p);
		break;
	case SHEET_TEXT:
		buf_add(out, c->s, c->n);
		break;
	case SHEET_NONE:
	case SHEET_NULL:
		break;
	}
}
