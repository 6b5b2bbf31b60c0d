/*
 * chart: what is to be seen is decided here once, for all who draw: which rows
 * are a series, where bars and bins stand.  Points that would fall on each
 * other are left out, so that a picture costs what it shows.
 */
#include "sinks/plot/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "recovery/state/state.h"
#include "sinks/plot/sheet.h"

#define THIN_ACROSS 2000  /* a line needs no more places than a screen has */
#define POINTS_ACROSS 900 /* nor do points */
#define POINTS_DOWN 450
#define TICKS_X 8
#define TICKS_Y 6
#define BINS_LEAST 5
#define BINS_MOST 60

/* Okabe and Ito's, the darker ones first: told apart by everybody. */
const uint32_t chart_colors[CHART_COLORS] = {0x0072b2, 0xd55e00, 0x009e73,
	0xcc79a7, 0xe69f00, 0x56b4e9, 0x7f7f7f, 0xb8a800};

uint32_t
chart_shade(double at)
{
	/* cividis, which looks the same to the colour-blind. */
	static const uint32_t stop[] = {0x00204d, 0x00336f, 0x39486b, 0x575c6d,
		0x707173, 0x8a8779, 0xa69d75, 0xc4b56c, 0xe4cf5b, 0xffea46};
	const int last = sizeof stop / sizeof *stop - 1;
	uint32_t color = 0;
	double f;
	int i;

	at = !(at > 0) ? 0 : at > 1 ? 1 : at;
	i = (int)(at * last);
	if (i == last)
		i--;
	f = at * last - i;
	for (int shift = 0; shift < 24; shift += 8) {
		double from = stop[i] >> shift & 255;
		double to = stop[i + 1] >> shift & 255;

		color |= (uint32_t)lround(from + (to - from) * f) << shift;
	}
	return color;
}

bool
chart_is_dark(uint32_t color)
{
	return (color >> 16) * 299 + (color >> 8 & 255) * 587 +
		(color & 255) * 114 <
		128000;
}

/* What is being built. */
struct build {
	struct chart *c;
	const struct sheet *sheet;
	const struct zone *zone;
	struct state *labels, *rows, *series; /* numbers of texts */
	struct buf text;
	double lo, hi; /* of y */
	bool times;    /* every x is a time */
};

/* The number of a text among others, and whether it is a new one; -1: no
 * room. */
static ptrdiff_t
number_of(
	struct build *b, struct state *known, size_t n, size_t most, bool *made)
{
	struct err err;
	uint32_t number = (uint32_t)n;
	state_ref r;
	size_t size;

	*made = false;
	buf_need(&b->text, 1);
	if (n >= most) {
		r = state_find(known, b->text.p, b->text.n);
		b->c->more += r == STATE_NONE;
		if (r == STATE_NONE)
			return -1;
	} else {
		r = state_make(
			known, b->text.p, b->text.n, sizeof number, made, &err);
		if (*made)
			memcpy(state_change(known, r), &number, sizeof number);
	}
	memcpy(&number, state_value(known, r, &size), sizeof number);
	return number;
}

/* The place of a text in a list, at whose end it is added if it is new. */
static ptrdiff_t
label_of(struct build *b, struct state *known, char ***list, size_t *n)
{
	bool made;
	ptrdiff_t at = number_of(b, known, *n, CHART_LABELS, &made);

	if (made) {
		*list = mem_realloc(*list, (*n + 1) * sizeof **list);
		(*list)[(*n)++] = mem_dup(b->text.p, b->text.n);
	}
	return at;
}

static void
chart_set_text(struct build *b, const struct sheet_cell *cell)
{
	buf_clear(&b->text);
	buf_need(&b->text, 1);
	sheet_text(cell, b->zone, &b->text);
	if (cell->kind == SHEET_NULL || cell->kind == SHEET_NONE)
		buf_str(&b->text, "null");
}

/* Which columns hold the values: the i-th; SIZE_MAX: there are no more. */
static size_t
value_column(const struct build *b, size_t i)
{
	const struct chart_spec *s = b->c->spec;
	size_t k;

	if (!s->wide)
		return i < s->ny ? s->y[i] : SIZE_MAX;
	for (k = 0; k < b->sheet->ncolumns; k++)
		if (k != s->x && !b->sheet->column[k].window_end &&
			!(s->grouped && k == s->by) && i-- == 0)
			return k;
	return SIZE_MAX;
}

/* The series of a row's value; NULL: there is no room for it. */
static struct chart_series *
series_of(struct build *b, size_t row, size_t column)
{
	struct chart *c = b->c;
	const struct chart_spec *s = c->spec;
	ptrdiff_t at;
	bool made;

	if (!s->grouped && !s->wide && s->ny == 1 && c->nseries == 1)
		return &c->series[0];
	buf_clear(&b->text);
	if (s->grouped)
		chart_set_text(b, sheet_get(b->sheet, row, s->by));
	if (s->grouped && s->ny > 1)
		buf_str(&b->text, ", ");
	if (!s->grouped || s->ny > 1)
		buf_str(&b->text, b->sheet->column[column].name);
	at = number_of(b, b->series, c->nseries, CHART_SERIES, &made);
	if (made) {
		c->series = mem_realloc(
			c->series, (c->nseries + 1) * sizeof *c->series);
		c->series[c->nseries++] = (struct chart_series){
			.name = mem_dup(b->text.p, b->text.n)};
	}
	return at < 0 ? NULL : &c->series[at];
}

static void
add_point(struct build *b, struct chart_series *s, double x, double y)
{
	if (s->n == s->cap) {
		s->cap = s->cap * 2 + 64;
		s->p = mem_realloc(s->p, s->cap * sizeof *s->p);
	}
	s->p[s->n++] = (struct chart_point){x, y};
	if (isnan(y))
		return;
	b->c->drawn++;
	b->lo = fmin(b->lo, y);
	b->hi = fmax(b->hi, y);
}

/* A value, NAN where there is none that can be drawn; false: the record does
 * not speak of it. */
static bool
chart_value_at(struct build *b, size_t row, size_t column, double *y)
{
	const struct sheet_cell *cell = sheet_get(b->sheet, row, column);

	if (cell->kind == SHEET_NONE)
		return false;
	if (!sheet_number(cell, b->zone, y)) {
		b->c->wrong += cell->kind != SHEET_NULL &&
			cell->kind != SHEET_DOUBLE && !b->c->spec->wide;
		*y = NAN;
	}
	return true;
}

/* Is there a value of this picture in the row? */
static bool
takes_part(const struct build *b, size_t row)
{
	size_t i, column;

	for (i = 0; (column = value_column(b, i)) != SIZE_MAX; i++)
		if (sheet_get(b->sheet, row, column)->kind != SHEET_NONE)
			return true;
	return false;
}

/* What x is: numbers, times, or words. */
static enum chart_axis_kind
kind_of_x(struct build *b)
{
	const size_t x = b->c->spec->x;
	bool time = false, number = false;
	double d;

	for (size_t row = 0; row < b->sheet->rows; row++) {
		const struct sheet_cell *cell = sheet_get(b->sheet, row, x);

		if (cell->kind <= SHEET_NULL || !takes_part(b, row))
			continue;
		if (cell->kind == SHEET_TIME || cell->kind == SHEET_DATE)
			time = true;
		else if (sheet_number(cell, b->zone, &d) ||
			cell->kind == SHEET_DOUBLE)
			number = true;
		else
			return AXIS_TEXT;
	}
	b->times = time && !number;
	return time && number ? AXIS_TEXT : time ? AXIS_TIME : AXIS_NUMBER;
}

static int
by_x(const void *a, const void *b)
{
	const struct chart_point *p = a, *q = b;

	return (p->x > q->x) - (p->x < q->x);
}

static void
sort_points(struct chart_series *s)
{
	for (size_t i = 1; i < s->n; i++)
		if (s->p[i].x < s->p[i - 1].x) {
			qsort(s->p, s->n, sizeof *s->p, by_x);
			return;
		}
}

/*
 * Of a line's points in one column of a screen the first and the last, the
 * lowest and the highest are seen, and no others.
 */
static void
thin_line(struct chart_series *s, double lo, double hi)
{
	size_t i = 0, n = 0;

	if (s->n <= 4 * THIN_ACROSS || !(hi > lo))
		return;
	while (i < s->n) {
		double place = floor(
			(s->p[i].x - lo) / (hi - lo) * THIN_ACROSS);
		size_t from = i, low = i, high = i, last;

		for (; i < s->n &&
			floor((s->p[i].x - lo) / (hi - lo) * THIN_ACROSS) ==
				place;
			i++) {
			if (s->p[i].y < s->p[low].y || isnan(s->p[low].y))
				low = i;
			if (s->p[i].y > s->p[high].y || isnan(s->p[high].y))
				high = i;
		}
		last = i - 1;
		for (size_t k = from; k < i; k++)
			if (k == from || k == low || k == high || k == last)
				s->p[n++] = s->p[k];
	}
	s->n = n;
}

/* Of points at one place of a screen one is seen. */
static void
thin_scatter(struct build *b, struct chart_series *s, double lo, double hi)
{
	size_t n = 0;
	char *taken;

	if (s->n <= 10000 || !(hi > lo) || !(b->hi > b->lo))
		return;
	taken = mem_zalloc((size_t)(POINTS_ACROSS + 1) * (POINTS_DOWN + 1));
	for (size_t i = 0; i < s->n; i++) {
		size_t x = (size_t)((s->p[i].x - lo) / (hi - lo) *
			POINTS_ACROSS);
		size_t y = (size_t)((s->p[i].y - b->lo) / (b->hi - b->lo) *
			POINTS_DOWN);

		if (taken[y * (POINTS_ACROSS + 1) + x])
			continue;
		taken[y * (POINTS_ACROSS + 1) + x] = 1;
		s->p[n++] = s->p[i];
	}
	free(taken);
	s->n = n;
}

/* The ends of x, and the axes of lines and points. */
static void
axes_of_points(struct build *b)
{
	struct chart *c = b->c;
	double lo = INFINITY, hi = -INFINITY;

	for (size_t i = 0; i < c->nseries; i++)
		for (size_t k = 0; k < c->series[i].n; k++) {
			lo = fmin(lo, c->series[i].p[k].x);
			hi = fmax(hi, c->series[i].p[k].x);
		}
	if (c->x.kind == AXIS_TIME)
		chart_axis_times(&c->x, lo, hi, TICKS_X);
	else if (c->x.kind == AXIS_NUMBER)
		chart_axis_numbers(&c->x, lo, hi, TICKS_X, false);
	for (size_t i = 0; i < c->nseries; i++)
		if (c->spec->kind == CHART_LINE)
			thin_line(&c->series[i], lo, hi);
		else
			thin_scatter(b, &c->series[i], lo, hi);
	/* Zero belongs to what comes near it. */
	if (b->lo > 0 && b->lo < b->hi / 2)
		b->lo = 0;
	chart_axis_numbers(&c->y, b->lo, b->hi, TICKS_Y, true);
}

static void
build_points(struct build *b)
{
	struct chart *c = b->c;
	const struct chart_spec *s = c->spec;
	size_t row, i, column;

	c->x.kind = kind_of_x(b);
	for (row = 0; row < b->sheet->rows; row++) {
		const struct sheet_cell *cell = sheet_get(b->sheet, row, s->x);
		double x, y;
		ptrdiff_t label;

		if (!takes_part(b, row))
			continue;
		if (c->x.kind == AXIS_TEXT) {
			chart_set_text(b, cell);
			label = label_of(b, b->labels, &c->labels, &c->nlabels);
			if (label < 0)
				continue;
			x = (double)label;
		} else if (!sheet_number(cell, b->zone, &x)) {
			c->wrong++;
			continue;
		}
		for (i = 0; (column = value_column(b, i)) != SIZE_MAX; i++) {
			struct chart_series *to;

			if (!chart_value_at(b, row, column, &y) ||
				(isnan(y) &&
					(s->kind == CHART_SCATTER || s->wide)))
				continue;
			to = series_of(b, row, column);
			if (to != NULL)
				add_point(b, to, x, y);
		}
	}
	for (i = 0; i < c->nseries && s->kind == CHART_LINE; i++)
		sort_points(&c->series[i]);
	axes_of_points(b);
}

/* Times of day are left away where all of them are midnight, seconds where all
 * are 0. */
static void
shorten(char **labels, size_t n)
{
	static const char *const ends[] = {" 00:00:00", ":00"};

	for (size_t k = 0; k < 2; k++) {
		size_t cut = strlen(ends[k]), fit = 0, i;

		for (i = 0; i < n; i++)
			fit += strlen(labels[i]) == 19 &&
				strcmp(labels[i] + 19 - cut, ends[k]) == 0;
		for (i = 0; fit == n && i < n; i++)
			labels[i][19 - cut] = '\0';
	}
}

void
chart_stack(const struct chart *c, size_t label, double *up, double *down)
{
	*up = *down = 0;
	for (size_t i = 0; i < c->nseries; i++)
		for (size_t k = 0; k < c->series[i].n; k++) {
			const struct chart_point *p = &c->series[i].p[k];

			if (p->x != (double)label || isnan(p->y))
				continue;
			*(p->y >= 0 ? up : down) += p->y;
		}
}

/* A label for each record; one for all of a label where series share it. */
static ptrdiff_t
bar_label(struct build *b, size_t row)
{
	struct chart *c = b->c;

	chart_set_text(b, sheet_get(b->sheet, row, c->spec->x));
	if (c->spec->grouped)
		return label_of(b, b->labels, &c->labels, &c->nlabels);
	if (c->nlabels == CHART_LABELS) {
		c->more++;
		return -1;
	}
	c->labels = mem_realloc(
		c->labels, (c->nlabels + 1) * sizeof *c->labels);
	c->labels[c->nlabels] = mem_dup(b->text.p, b->text.n);
	return (ptrdiff_t)c->nlabels++;
}

static void
build_bars(struct build *b)
{
	struct chart *c = b->c;
	size_t row, i, column;
	double y, up, down;

	c->x.kind = AXIS_TEXT;
	kind_of_x(b);
	for (row = 0; row < b->sheet->rows; row++) {
		ptrdiff_t label;

		if (!takes_part(b, row))
			continue;
		label = bar_label(b, row);
		for (i = 0;
			label >= 0 && (column = value_column(b, i)) != SIZE_MAX;
			i++) {
			struct chart_series *to;

			if (!chart_value_at(b, row, column, &y))
				continue;
			to = series_of(b, row, column);
			if (to != NULL)
				add_point(b, to, (double)label, y);
		}
	}
	for (i = 0; c->spec->stacked && i < c->nlabels; i++) {
		chart_stack(c, i, &up, &down);
		b->hi = fmax(b->hi, up);
		b->lo = fmin(b->lo, down);
	}
	if (b->times)
		shorten(c->labels, c->nlabels);
	if (b->lo > b->hi)
		b->hi = 1;
	chart_axis_numbers(
		&c->y, fmin(b->lo, 0), fmax(b->hi, 0), TICKS_Y, true);
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* How wide a bin is: Freedman and Diaconis, within bounds, made round. */
static double
bin_width(const struct chart *c, double *v, size_t n)
{
	double range = v[n - 1] - v[0], width;
	double iqr = v[n * 3 / 4] - v[n / 4];
	struct chart_axis a;

	if (!(range > 0))
		return 1;
	if (c->spec->bins > 0)
		return range / (double)c->spec->bins;
	width = 2 * iqr / cbrt((double)n);
	if (!(width > range / BINS_MOST))
		width = range / fmin(BINS_MOST, BINS_LEAST + sqrt((double)n));
	if (width > range / BINS_LEAST)
		width = range / BINS_LEAST;
	chart_axis_numbers(&a, v[0], v[n - 1], (int)ceil(range / width), false);
	return a.n > 1 ? a.tick[1].at - a.tick[0].at : width;
}

/* Count what is in the series' points (x) by bins, in their place. */
static void
count_bins(struct chart *c, double from, size_t bins)
{
	for (size_t i = 0; i < c->nseries; i++) {
		struct chart_series *s = &c->series[i];
		struct chart_point *p = mem_zalloc(bins * sizeof *p);

		for (size_t k = 0; k < bins; k++)
			p[k].x = from + (double)k * c->bin;
		for (size_t k = 0; k < s->n; k++) {
			double at = floor((s->p[k].x - from) / c->bin);

			at = at < 0 ? 0 : at;
			p[at >= (double)bins ? bins - 1 : (size_t)at].y++;
		}
		free(s->p);
		s->p = p;
		s->n = s->cap = bins;
	}
}

/* The bins of all values, which stand in the points. */
static void
make_bins(struct build *b, bool times)
{
	struct chart *c = b->c;
	double *v = mem_alloc((c->drawn + 1) * sizeof *v), from = 0, top = 1;
	size_t n = 0, bins = 1, i, k;

	for (i = 0; i < c->nseries; i++)
		for (k = 0; k < c->series[i].n; k++)
			v[n++] = c->series[i].p[k].x;
	qsort(v, n, sizeof *v, by_value);
	c->bin = 1;
	if (n > 0) {
		c->bin = bin_width(c, v, n);
		from = c->spec->bins > 0 ? v[0]
					 : floor(v[0] / c->bin + 1e-9) * c->bin;
		if (v[n - 1] == v[0])
			from = v[0] - 0.5;
		bins = c->spec->bins > 0 && v[n - 1] > v[0]
			? c->spec->bins
			: (size_t)floor((v[n - 1] - from) / c->bin + 1e-9) + 1;
	}
	free(v);
	count_bins(c, from, bins);
	for (i = 0; i < c->nseries; i++)
		for (k = 0; k < bins; k++)
			top = fmax(top, c->series[i].p[k].y);
	if (times)
		chart_axis_times(
			&c->x, from, from + (double)bins * c->bin, TICKS_X);
	else
		chart_axis_numbers(&c->x, from, from + (double)bins * c->bin,
			TICKS_X, false);
	chart_axis_numbers(
		&c->y, 0, top, top < TICKS_Y ? (int)top : TICKS_Y, true);
}

static void
build_hist(struct build *b)
{
	bool times = true;
	size_t row, i, column;
	double x;

	for (row = 0; row < b->sheet->rows; row++)
		for (i = 0; (column = value_column(b, i)) != SIZE_MAX; i++) {
			struct chart_series *to;
			uint8_t kind = sheet_get(b->sheet, row, column)->kind;

			if (!chart_value_at(b, row, column, &x) || isnan(x))
				continue;
			times = times &&
				(kind == SHEET_TIME || kind == SHEET_DATE);
			to = series_of(b, row, column);
			if (to != NULL)
				add_point(b, to, x, 0);
		}
	make_bins(b, times && b->c->drawn > 0);
}

/* Where a value of a matrix goes, which grows by it. */
struct place {
	size_t row, column;
	double value;
};

static void
fill_cells(struct build *b, const struct place *p, size_t n)
{
	struct chart *c = b->c;
	size_t all = c->nrows * c->nlabels, i;

	c->cell = mem_alloc((all + 1) * sizeof *c->cell);
	for (i = 0; i < all; i++)
		c->cell[i] = NAN;
	for (i = 0; i < n; i++)
		c->cell[p[i].row * c->nlabels + p[i].column] = p[i].value;
	c->lo = INFINITY;
	c->hi = -INFINITY;
	for (i = 0; i < all; i++)
		if (!isnan(c->cell[i])) {
			c->lo = fmin(c->lo, c->cell[i]);
			c->hi = fmax(c->hi, c->cell[i]);
			c->drawn++;
		}
	if (c->lo > c->hi)
		c->lo = c->hi = 0;
}

/* The values of a row: one, or those of all its columns. */
static size_t
row_places(
	struct build *b, size_t row, ptrdiff_t at, struct place **p, size_t n)
{
	struct chart *c = b->c;
	const struct chart_spec *s = c->spec;
	size_t i, column;

	for (i = s->wide ? 0 : 1; (column = value_column(b, i)) != SIZE_MAX;
		i++) {
		ptrdiff_t to;
		double y;

		if (!chart_value_at(b, row, column, &y))
			continue;
		buf_clear(&b->text);
		if (s->wide)
			buf_str(&b->text, b->sheet->column[column].name);
		else
			chart_set_text(b, sheet_get(b->sheet, row, s->y[0]));
		to = label_of(b, b->labels, &c->labels, &c->nlabels);
		if (to < 0)
			continue;
		if ((n & (n - 1)) == 0)
			*p = mem_realloc(*p, (n * 2 + 1) * sizeof **p);
		(*p)[n++] = (struct place){(size_t)at, (size_t)to, y};
	}
	return n;
}

static void
build_heat(struct build *b)
{
	struct chart *c = b->c;
	struct place *p = NULL;
	size_t n = 0;
	bool times = true;

	for (size_t row = 0; row < b->sheet->rows; row++) {
		const struct sheet_cell *cell = sheet_get(
			b->sheet, row, c->spec->x);
		ptrdiff_t at;

		if (!takes_part(b, row))
			continue;
		times = times && cell->kind == SHEET_TIME;
		chart_set_text(b, cell);
		at = label_of(b, b->rows, &c->rows, &c->nrows);
		if (at >= 0)
			n = row_places(b, row, at, &p, n);
	}
	if (times)
		shorten(c->rows, c->nrows);
	fill_cells(b, p, n);
	free(p);
}

/* What somebody has written on a command line may be no UTF-8. */
static char *
copy(const char *s)
{
	struct buf b;
	char *text;

	buf_init(&b);
	json_repair(&b, s, strlen(s));
	text = mem_dup(b.n > 0 ? b.p : "", b.n);
	buf_release(&b);
	return text;
}

static const char *
column_name(const struct build *b, size_t i)
{
	return i < b->sheet->ncolumns ? b->sheet->column[i].name : "";
}

/* What nobody has said is called by the fields. */
static void
name_axes(struct build *b)
{
	const struct chart_spec *s = b->c->spec;
	const char *x = column_name(b, s->x), *y = "";

	if (s->kind == CHART_HIST) {
		x = s->ny == 1 ? column_name(b, s->y[0]) : "";
		y = "count";
	} else if (s->kind == CHART_HEAT) {
		y = x;
		x = s->wide ? "" : column_name(b, s->y[0]);
	} else if (s->ny == 1) {
		y = column_name(b, s->y[0]);
	}
	b->c->xlabel = copy(s->xlabel != NULL ? s->xlabel : x);
	b->c->ylabel = copy(s->ylabel != NULL ? s->ylabel : y);
	if (s->title != NULL) {
		b->c->title = copy(s->title);
		return;
	}
	buf_clear(&b->text);
	if (s->kind == CHART_HEAT && !s->wide)
		buf_printf(&b->text, "%s by %s and %s", column_name(b, s->y[1]),
			y, x);
	b->c->title = mem_dup(b->text.n > 0 ? b->text.p : "", b->text.n);
}

void
chart_build(struct chart *c, const struct chart_spec *spec,
	const struct sheet *sheet, const struct zone *zone)
{
	struct build b = {.c = c,
		.sheet = sheet,
		.zone = zone,
		.lo = INFINITY,
		.hi = -INFINITY};

	memset(c, 0, sizeof *c);
	c->spec = spec;
	buf_init(&b.text);
	b.labels = state_new(0);
	b.rows = state_new(0);
	b.series = state_new(0);
	name_axes(&b);
	if (spec->kind == CHART_BAR)
		build_bars(&b);
	else if (spec->kind == CHART_HIST)
		build_hist(&b);
	else if (spec->kind == CHART_HEAT)
		build_heat(&b);
	else
		build_points(&b);
	state_free(b.labels);
	state_free(b.rows);
	state_free(b.series);
	buf_release(&b.text);
}

static void
free_list(char **l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(l[i]);
	free(l);
}

void
chart_release(struct chart *c)
{
	for (size_t i = 0; i < c->nseries; i++) {
		free(c->series[i].name);
		free(c->series[i].p);
	}
	free(c->series);
	free_list(c->labels, c->nlabels);
	free_list(c->rows, c->nrows);
	free(c->cell);
	free(c->title);
	free(c->xlabel);
	free(c->ylabel);
	memset(c, 0, sizeof *c);
}
