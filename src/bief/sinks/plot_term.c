/*
 * plot_term: see plot_term.h.
 */
#include "sinks/plot_term.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "sinks/chart.h"
#include "sinks/draw.h"
#include "time/date.h"
#include "floor/mem.h"

#define LEAST_COLUMNS 30
#define LEAST_LINES 8
#define ANY_LINES 200 /* bars where the screen is no limit */
#define LABEL_MOST 28 /* columns of a label beside a bar */
#define FILLS 4

/* Bars of several series, without colours. */
static const char *const fills[FILLS] = {"█", "▓", "▒", "░"};

/* ---- text ---- */

static size_t
char_bytes(const char *s, size_t n)
{
	unsigned char c = (unsigned char)*s;
	size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return len > n ? n : len;
}

/* Text in so many columns: cut, control characters replaced; the rest is left
 * blank behind it, or before with right. */
static void
put_text(struct buf *out, const char *s, size_t columns, bool right)
{
	size_t n = strlen(s), used = 0, at = out->n, len, width, i;
	bool cut = draw_width(s, n) > columns;
	size_t room = cut && columns > 0 ? columns - 1 : columns;

	for (i = 0; i < n; i += len) {
		unsigned char c = (unsigned char)s[i];

		len = char_bytes(s + i, n - i);
		width = draw_width(s + i, len);
		if (used + width > room)
			break;
		if (c < 0x20 || c == 0x7f ||
			(c == 0xc2 && (unsigned char)s[i + 1] < 0xa0))
			buf_byte(out, ' ');
		else
			buf_add(out, s + i, len);
		used += width;
	}
	if (cut && columns > 0) {
		buf_str(out, "…");
		used++;
	}
	len = out->n - at;
	for (i = used; i < columns; i++)
		buf_byte(out, ' ');
	if (right && used < columns) {
		memmove(out->p + at + columns - used, out->p + at, len);
		memset(out->p + at, ' ', columns - used);
	}
}

static void
put_times(struct buf *out, const char *s, size_t n)
{
	while (n-- > 0)
		buf_str(out, s);
}

/* No blanks at the end of a line. */
static void
end_line(struct buf *out)
{
	while (out->n > 0 && out->p[out->n - 1] == ' ')
		out->n--;
	buf_byte(out, '\n');
}

static void
set_color(const struct plot_term *t, struct buf *out, uint32_t c, int what)
{
	if (t->color)
		buf_printf(out, "\033[%d;5;%um", what,
			16 + 36 * (((c >> 16) * 5 + 127) / 255) +
				6 * (((c >> 8 & 255) * 5 + 127) / 255) +
				((c & 255) * 5 + 127) / 255);
}

static void
end_color(const struct plot_term *t, struct buf *out)
{
	if (t->color)
		buf_str(out, "\033[0m");
}

static void
put_title(const struct chart *c, const struct plot_term *t, struct buf *out)
{
	struct buf text;
	size_t width;

	buf_init(&text);
	buf_str(&text, c->title);
	if (text.n == 0 && *c->xlabel != '\0' && *c->ylabel != '\0')
		buf_printf(&text, "%s by %s", c->ylabel, c->xlabel);
	width = draw_width(buf_cstr(&text), text.n);
	if (width > t->columns)
		width = t->columns;
	put_times(out, " ", (t->columns - width) / 2);
	if (t->color)
		buf_str(out, "\033[1m");
	put_text(out, text.p, width, false);
	buf_release(&text);
	end_color(t, out);
	end_line(out);
}

/* Which series is which: by letter or by shade. */
static void
put_legend(const struct chart *c, const struct plot_term *t, bool bars,
	struct buf *out)
{
	size_t room = t->columns - 4;

	if (c->nseries < 2)
		return;
	buf_str(out, "  ");
	for (size_t i = 0; i < c->nseries; i++) {
		const char *name = c->series[i].name;
		size_t width = draw_width(name, strlen(name));

		if (width > LABEL_MOST)
			width = LABEL_MOST;
		if (room < width + 5) {
			buf_str(out, "…");
			break;
		}
		set_color(t, out, chart_colors[i % CHART_COLORS], 38);
		if (bars)
			put_times(out, fills[i % FILLS], 2);
		else
			buf_byte(out, (char)('A' + i % 26));
		end_color(t, out);
		buf_byte(out, ' ');
		put_text(out, name, width, false);
		buf_str(out, "  ");
		room -= width + 5;
	}
	end_line(out);
}

static void
put_nothing(const struct plot_term *t, struct buf *out)
{
	put_times(out, " ", t->columns / 2 - 4);
	buf_str(out, "(no data)\n");
}

/* ---- lines and points: dots of Braille ---- */

struct canvas {
	size_t w, h; /* characters */
	unsigned char *dots;
	signed char *series; /* whose colour; -1: nobody's */
	char *mark;          /* its letter */
};

static void
dot(struct canvas *v, long x, long y, size_t series)
{
	static const unsigned char bit[4][2] = {
		{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
	size_t at;

	if (x < 0 || y < 0 || x >= (long)v->w * 2 || y >= (long)v->h * 4)
		return;
	y = (long)v->h * 4 - 1 - y;
	at = (size_t)(y / 4) * v->w + (size_t)(x / 2);
	v->dots[at] |= bit[y % 4][x % 2];
	v->series[at] = (signed char)series;
}

static void
stroke(struct canvas *v, long x0, long y0, long x1, long y1, size_t series)
{
	long dx = labs(x1 - x0), dy = labs(y1 - y0), n = dx > dy ? dx : dy;

	for (long i = 0; i <= n; i++)
		dot(v, x0 + (n > 0 ? (x1 - x0) * i / n : 0),
			y0 + (n > 0 ? (y1 - y0) * i / n : 0), series);
}

static void
letter(struct canvas *v, long x, long y, size_t series)
{
	size_t at = ((size_t)v->h - 1 - (size_t)(y / 4)) * v->w +
		(size_t)(x / 2);

	v->mark[at] = (char)('A' + series % 26);
	v->series[at] = (signed char)series;
}

/* Where a value is between the ends, in dots. */
static long
scale(double d, double lo, double hi, size_t dots)
{
	return hi > lo ? lround((d - lo) / (hi - lo) * (double)(dots - 1)) : 0;
}

static void
put_series(
	const struct chart *c, struct canvas *v, size_t i, double lo, double hi)
{
	const struct chart_series *s = &c->series[i];
	long x = 0, y = 0, last_x = 0, last_y = 0, marked = -1000;
	bool gap = true;

	for (size_t k = 0; k < s->n; k++) {
		if (isnan(s->p[k].y)) {
			gap = true;
			continue;
		}
		x = scale(s->p[k].x, lo, hi, v->w * 2);
		y = scale(s->p[k].y, c->y.lo, c->y.hi, v->h * 4);
		if (gap || c->spec->kind == CHART_SCATTER)
			dot(v, x, y, i);
		else
			stroke(v, last_x, last_y, x, y, i);
		/* Letters stand apart from those of other series. */
		if (c->nseries > 1 &&
			(c->spec->kind == CHART_SCATTER ||
				x - marked >= (long)(v->w / 2) ||
				k + 1 == s->n || marked < 0)) {
			letter(v, x, y, i);
			marked = x + (long)i * 4;
		}
		last_x = x;
		last_y = y;
		gap = false;
	}
}

static void
put_canvas_line(const struct plot_term *t, const struct canvas *v, size_t row,
	struct buf *out)
{
	for (size_t i = row * v->w; i < (row + 1) * v->w; i++) {
		if (v->series[i] < 0) {
			buf_byte(out, ' ');
			continue;
		}
		set_color(
			t, out, chart_colors[v->series[i] % CHART_COLORS], 38);
		if (v->mark[i] != '\0')
			buf_byte(out, v->mark[i]);
		else
			buf_utf8(out, 0x2800u + v->dots[i]);
		end_color(t, out);
	}
	end_line(out);
}

/* Text at a column of a line of blanks, if it does not touch what is there. */
static void
place_text(struct buf *line, size_t width, size_t at, const char *s)
{
	size_t n = strlen(s), from = at > n / 2 ? at - n / 2 : 0;

	if (from + n > width)
		from = width > n ? width - n : 0;
	if (n > width)
		return;
	for (size_t i = from > 0 ? from - 1 : 0; i < from + n && i < width; i++)
		if (line->p[i] != ' ')
			return;
	memcpy(line->p + from, s, n);
}

/* The ticks of x: a line of what changes, and one of what rarely does. */
static void
put_x_ticks(const struct chart *c, size_t margin, size_t w, double lo,
	double hi, struct buf *out)
{
	bool second = false;
	struct buf line;

	buf_init(&line);
	for (int pass = 0; pass < 2; pass++) {
		memset(buf_need(&line, w), ' ', w);
		for (size_t i = 0; i < c->x.n; i++) {
			char text[CHART_AXIS_TEXT], *lf;

			memcpy(text, c->x.tick[i].text, sizeof text);
			lf = strchr(text, '\n');
			second = second || lf != NULL;
			if (lf != NULL)
				*lf = '\0';
			if (pass == 1 && lf == NULL)
				continue;
			place_text(&line, w,
				(size_t)scale(c->x.tick[i].at, lo, hi, w),
				pass == 0 ? text : lf + 1);
		}
		put_times(out, " ", margin);
		buf_add(out, line.p, w);
		end_line(out);
		if (!second)
			break;
	}
	buf_release(&line);
}

/* An x of words: the first, the last, and what fits between. */
static void
put_x_words(const struct chart *c, size_t margin, size_t w, struct buf *out)
{
	size_t each = c->nlabels > 0 ? w / c->nlabels : w, i, step = 1;

	while (each * step < 8 && step < c->nlabels)
		step++;
	put_times(out, " ", margin);
	for (i = 0; i < c->nlabels; i += step)
		if ((i / step + 1) * each * step <= w) {
			put_text(out, c->labels[i], each * step - 1, false);
			buf_byte(out, ' ');
		}
	end_line(out);
}

static size_t
tick_width(const struct chart_axis *a)
{
	size_t width = 0;

	for (size_t i = 0; i < a->n; i++)
		if (strlen(a->tick[i].text) > width)
			width = strlen(a->tick[i].text);
	return width;
}

static void
put_y_tick(const struct chart *c, size_t row, const struct canvas *v,
	size_t width, struct buf *out)
{
	size_t step = 1;

	while (c->y.n / step > v->h / 2 + 1)
		step++;
	for (size_t i = 0; i < c->y.n; i += step) {
		long y = scale(c->y.tick[i].at, c->y.lo, c->y.hi, v->h * 4);

		if ((size_t)(v->h - 1 - (size_t)y / 4) != row)
			continue;
		put_text(out, c->y.tick[i].text, width, true);
		buf_str(out, " ┤");
		return;
	}
	put_times(out, " ", width + 1);
	buf_str(out, "│");
}

static void
draw_points(const struct chart *c, const struct plot_term *t, size_t lines,
	struct buf *out)
{
	size_t width = tick_width(&c->y), cells;
	struct canvas v = {.w = t->columns - width - 2};
	double lo = c->x.lo, hi = c->x.hi;

	v.h = lines - 2 - (c->x.kind == AXIS_TIME) - (c->nseries > 1);
	if (c->x.kind == AXIS_TEXT) {
		lo = 0;
		hi = c->nlabels > 1 ? (double)c->nlabels - 1 : 1;
	}
	cells = v.w * v.h;
	v.dots = mem_zalloc(cells);
	v.mark = mem_zalloc(cells);
	v.series = mem_alloc(cells);
	memset(v.series, -1, cells);
	for (size_t i = 0; i < c->nseries; i++)
		put_series(c, &v, i, lo, hi);
	for (size_t row = 0; row < v.h; row++) {
		put_y_tick(c, row, &v, width, out);
		put_canvas_line(t, &v, row, out);
	}
	put_times(out, " ", width + 1);
	buf_str(out, "└");
	put_times(out, "─", v.w);
	end_line(out);
	if (c->x.kind == AXIS_TEXT)
		put_x_words(c, width + 2, v.w, out);
	else
		put_x_ticks(c, width + 2, v.w, lo, hi, out);
	put_legend(c, t, false, out);
	free(v.dots);
	free(v.mark);
	free(v.series);
}

/* ---- bars ---- */

/* Columns and the eighth of one, as blocks. */
static void
put_bar(struct buf *out, double columns, const char *fill)
{
	static const char *const part[] = {
		"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	size_t eighths = (size_t)lround(columns * 8);

	if (fill != fills[0]) {
		put_times(out, fill, (size_t)lround(columns));
		return;
	}
	put_times(out, fill, eighths / 8);
	buf_str(out, part[eighths % 8]);
}

struct bars {
	size_t label, area, value; /* columns of each */
	double lo, hi;
	size_t zero; /* columns left of zero */
};

static void
put_value(struct buf *out, double d)
{
	char text[CHART_AXIS_TEXT];

	if (isnan(d)) {
		buf_byte(out, '-');
		return;
	}
	chart_axis_print(d, text);
	buf_str(out, text);
}

static void
put_bar_line(const struct chart *c, const struct plot_term *t,
	const struct bars *b, const char *label, size_t series, double y,
	struct buf *out)
{
	const char *fill = c->nseries > 1 ? fills[series % FILLS] : fills[0];
	double length = isnan(y) || !(b->hi > b->lo)
		? 0
		: y / (b->hi - b->lo) * (double)b->area;

	put_text(out, label, b->label, true);
	buf_str(out, " ");
	set_color(t, out, chart_colors[series % CHART_COLORS], 38);
	if (length < 0) {
		size_t full = (size_t)lround(-length);

		if (full > b->zero)
			full = b->zero;
		put_times(out, " ", b->zero - full);
		put_times(out, fill, full);
		end_color(t, out);
		buf_str(out, "│");
	} else {
		put_times(out, " ", b->zero);
		if (b->zero > 0)
			buf_str(out, "│");
		put_bar(out, length, fill);
		end_color(t, out);
	}
	buf_byte(out, ' ');
	put_value(out, y);
	end_line(out);
}

/* The y of a series at a label; NAN. */
static double
y_at(const struct chart_series *s, size_t label)
{
	if (label < s->n && s->p[label].x == (double)label)
		return s->p[label].y;
	for (size_t k = 0; k < s->n; k++)
		if (s->p[k].x == (double)label)
			return s->p[k].y;
	return NAN;
}

/* Bars of one label upon each other; those below zero are left out of the
 * picture, and in the sum. */
static void
put_stacked(const struct chart *c, const struct plot_term *t,
	const struct bars *b, size_t label, struct buf *out)
{
	double done = 0, up, down;
	size_t drawn = 0;

	put_text(out, c->labels[label], b->label, true);
	buf_str(out, " ");
	for (size_t i = 0; i < c->nseries; i++) {
		double y = y_at(&c->series[i], label);
		size_t to;

		if (!(y > 0))
			continue;
		done += y;
		to = (size_t)lround(done / b->hi * (double)b->area);
		set_color(t, out, chart_colors[i % CHART_COLORS], 38);
		put_times(out, fills[i % FILLS], to - drawn);
		end_color(t, out);
		drawn = to;
	}
	chart_stack(c, label, &up, &down);
	buf_byte(out, ' ');
	put_value(out, up + down);
	end_line(out);
}

static void
layout_bars(const struct plot_term *t, char **labels, size_t n, double lo,
	double hi, struct bars *b)
{
	*b = (struct bars){
		.label = 1, .lo = fmin(lo, 0), .hi = fmax(hi, 0), .value = 9};
	for (size_t i = 0; i < n; i++) {
		size_t width = draw_width(labels[i], strlen(labels[i]));

		if (width > b->label)
			b->label = width;
	}
	if (b->label > LABEL_MOST)
		b->label = LABEL_MOST;
	if (b->label > t->columns / 3)
		b->label = t->columns / 3;
	b->area = t->columns - b->label - b->value - 2;
	if (b->hi > b->lo)
		b->zero = (size_t)lround(
			-b->lo / (b->hi - b->lo) * (double)b->area);
}

/* The highest and the lowest bar there is. */
static void
range_of(const struct chart *c, double *lo, double *hi)
{
	*lo = *hi = 0;
	for (size_t i = 0; i < c->nseries; i++)
		for (size_t k = 0; k < c->series[i].n; k++) {
			*lo = fmin(*lo, c->series[i].p[k].y);
			*hi = fmax(*hi, c->series[i].p[k].y);
		}
	for (size_t i = 0; c->spec->stacked && i < c->nlabels; i++) {
		double up, down;

		chart_stack(c, i, &up, &down);
		*hi = fmax(*hi, up);
	}
	if (c->spec->stacked)
		*lo = 0;
}

static void
draw_bars(const struct chart *c, const struct plot_term *t, size_t lines,
	struct buf *out)
{
	size_t each = c->spec->stacked ? 1 : c->nseries, i, k, shown;
	struct bars b;
	double lo, hi;

	range_of(c, &lo, &hi);
	lines -= c->nseries > 1;
	shown = c->nlabels;
	if (shown * each > lines)
		shown = lines > each + 1 ? (lines - 1) / each : 1;
	layout_bars(t, c->labels, shown, lo, hi, &b);
	for (i = 0; i < shown; i++) {
		if (c->spec->stacked) {
			put_stacked(c, t, &b, i, out);
			continue;
		}
		for (k = 0; k < each; k++)
			put_bar_line(c, t, &b, k == 0 ? c->labels[i] : "", k,
				y_at(&c->series[k], i), out);
	}
	if (c->nlabels + c->more > shown)
		buf_printf(out, "... and %zu more\n",
			c->nlabels + c->more - shown);
	put_legend(c, t, true, out);
}

/* ---- histograms: bars with the bins' ends ---- */

static void
put_end(const struct chart *c, double at, struct buf *out)
{
	char text[CHART_AXIS_TEXT];
	int64_t y;
	unsigned m, d;
	double day = floor(at / 86400), s = at - day * 86400;

	if (c->x.kind != AXIS_TIME) {
		chart_axis_print(fabs(at) < c->bin * 1e-9 ? 0 : at, text);
		buf_str(out, text);
		return;
	}
	date_civil((int64_t)day, &y, &m, &d);
	buf_printf(out, "%04lld-%02u-%02u", (long long)y, m, d);
	if (c->bin < 86400)
		buf_printf(
			out, " %02d:%02d", (int)(s / 3600), (int)(s / 60) % 60);
}

static void
draw_hist(const struct chart *c, const struct plot_term *t, size_t lines,
	struct buf *out)
{
	size_t bins = c->series[0].n, per = 1, n, i, k, m;
	size_t room = lines > c->nseries + 1 ? lines - (c->nseries > 1) : 1;
	char **labels;
	struct bars b;
	struct buf text;
	double *sum, top = 0;

	while ((bins + per - 1) / per * c->nseries > room && per < bins)
		per++;
	n = (bins + per - 1) / per;
	labels = mem_zalloc(n * sizeof *labels);
	sum = mem_zalloc(n * c->nseries * sizeof *sum);
	buf_init(&text);
	for (i = 0; i < n; i++) {
		double from = c->series[0].p[0].x;

		buf_clear(&text);
		put_end(c, from + (double)(i * per) * c->bin, &text);
		buf_str(&text, " – ");
		put_end(c, from + (double)((i + 1) * per) * c->bin, &text);
		labels[i] = mem_dup(text.p, text.n);
		for (k = 0; k < c->nseries; k++) {
			for (m = i * per; m < (i + 1) * per && m < bins; m++)
				sum[i * c->nseries + k] += c->series[k].p[m].y;
			top = fmax(top, sum[i * c->nseries + k]);
		}
	}
	layout_bars(t, labels, n, 0, top, &b);
	for (i = 0; i < n; i++)
		for (k = 0; k < c->nseries; k++)
			put_bar_line(c, t, &b, k == 0 ? labels[i] : "", k,
				sum[i * c->nseries + k], out);
	put_legend(c, t, true, out);
	for (i = 0; i < n; i++)
		free(labels[i]);
	free(labels);
	free(sum);
	buf_release(&text);
}

/* ---- heat maps ---- */

static double
heat_at(const struct chart *c, double d)
{
	return c->hi > c->lo ? (d - c->lo) / (c->hi - c->lo) : 1;
}

static void
put_heat_cell(const struct chart *c, const struct plot_term *t, double d,
	size_t width, struct buf *out)
{
	static const char *const shade[] = {"·", "░", "▒", "▓", "█"};
	char text[CHART_AXIS_TEXT];
	double at = heat_at(c, d);
	uint32_t color = chart_shade(at);

	if (isnan(d)) {
		put_times(out, " ", width);
		return;
	}
	chart_axis_print(d, text);
	if (t->color) {
		set_color(t, out, color, 48);
		set_color(t, out, chart_is_dark(color) ? 0xffffff : 0, 38);
		put_text(out, text, width - 1, true);
		buf_byte(out, ' ');
		end_color(t, out);
		return;
	}
	buf_byte(out, ' ');
	buf_str(out, shade[(int)(at * 4.999)]);
	put_text(out, text, width - 2, true);
}

static void
put_scale(const struct chart *c, const struct plot_term *t, size_t margin,
	struct buf *out)
{
	put_times(out, " ", margin);
	for (int i = 0; i < (c->hi > c->lo ? 5 : 1); i++)
		put_heat_cell(c, t, c->lo + (c->hi - c->lo) * i / 4, 9, out);
	end_line(out);
}

static void
draw_heat(const struct chart *c, const struct plot_term *t, size_t lines,
	struct buf *out)
{
	size_t label = 1, width = 5, i, k, columns, rows = c->nrows, w;
	char text[CHART_AXIS_TEXT];

	for (i = 0; i < c->nrows; i++) {
		w = draw_width(c->rows[i], strlen(c->rows[i]));
		label = w > label ? w : label;
	}
	label = label > 20 ? 20 : label;
	for (i = 0; i < c->nrows * c->nlabels; i++) {
		w = isnan(c->cell[i]) ? 1 : chart_axis_print(c->cell[i], text);
		width = w + 2 > width ? w + 2 : width;
	}
	for (i = 0; i < c->nlabels; i++) {
		w = draw_width(c->labels[i], strlen(c->labels[i])) + 1;
		width = w > width && w <= 10 ? w : width;
	}
	columns = (t->columns - label - 1) / width;
	columns = columns > c->nlabels ? c->nlabels : columns;
	if (rows + 2 > lines)
		rows = lines > 4 ? lines - 3 : 1;
	put_times(out, " ", label + 1);
	for (k = 0; k < columns; k++) {
		put_text(out, c->labels[k], width - 1, true);
		buf_byte(out, ' ');
	}
	end_line(out);
	for (i = 0; i < rows; i++) {
		put_text(out, c->rows[i], label, true);
		buf_byte(out, ' ');
		for (k = 0; k < columns; k++)
			put_heat_cell(
				c, t, c->cell[i * c->nlabels + k], width, out);
		end_line(out);
	}
	if (rows < c->nrows || columns < c->nlabels)
		buf_printf(out, "... and %zu more rows, %zu more columns\n",
			c->nrows - rows, c->nlabels - columns);
	put_scale(c, t, label + 1, out);
}

void
plot_term_draw(
	const struct chart *c, const struct plot_term *asked, struct buf *out)
{
	struct plot_term t = *asked;
	bool points = c->spec->kind == CHART_LINE ||
		c->spec->kind == CHART_SCATTER;
	size_t lines;

	if (t.columns < LEAST_COLUMNS)
		t.columns = LEAST_COLUMNS;
	if (t.lines == 0)
		t.lines = points ? 20 : ANY_LINES;
	if (t.lines < LEAST_LINES)
		t.lines = LEAST_LINES;
	lines = t.lines - 1;
	put_title(c, &t, out);
	if (c->drawn == 0 && (c->spec->kind != CHART_BAR || c->nlabels == 0))
		put_nothing(&t, out);
	else if (points)
		draw_points(c, &t, lines, out);
	else if (c->spec->kind == CHART_BAR)
		draw_bars(c, &t, lines, out);
	else if (c->spec->kind == CHART_HIST)
		draw_hist(c, &t, lines, out);
	else
		draw_heat(c, &t, lines, out);
}
