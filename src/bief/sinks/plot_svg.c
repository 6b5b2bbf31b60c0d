/*
 * plot_svg: see plot_svg.h.
 */
#include "sinks/plot_svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "floor/buf.h"
#include "sinks/chart.h"
#include "sinks/draw.h"
#include "sinks/sheet.h"

#define WIDTH 800.0
#define HEIGHT 420.0
#define CHAR 7.0      /* the width of a character of 12 px */
#define LABEL_MOST 28 /* characters */
#define BARS_SHOWN 200
#define CELLS_SHOWN 100 /* rows, columns of a matrix */
#define NUMBERS_SHOWN 600
#define ROWS_SHOWN 500
#define COLUMNS_SHOWN 50

/* ---- text ---- */

void
plot_svg_text(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '<')
			buf_str(out, "&lt;");
		else if (c == '>')
			buf_str(out, "&gt;");
		else if (c == '&')
			buf_str(out, "&amp;");
		else if (c == '"')
			buf_str(out, "&quot;");
		else if (c == '\'')
			buf_str(out, "&#39;");
		else
			buf_byte(out, c < 0x20 || c == 0x7f ? ' ' : (char)c);
	}
}

/* The beginning of a text, with dots where it goes on. */
static void
put_cut(struct buf *out, const char *s)
{
	size_t n = strlen(s), i = 0, len, used = 0;

	if (draw_width(s, n) <= LABEL_MOST) {
		plot_svg_text(out, s, n);
		return;
	}
	for (; i < n && used < LABEL_MOST - 1; i += len, used++) {
		unsigned char c = (unsigned char)s[i];

		len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	}
	plot_svg_text(out, s, i < n ? i : n);
	buf_str(out, "…");
}

static double
text_width(const char *s)
{
	size_t n = draw_width(s, strlen(s));

	return CHAR * (double)(n < LABEL_MOST ? n : LABEL_MOST);
}

static double
widest(char **labels, size_t n)
{
	double most = 0;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, text_width(labels[i]));
	return most;
}

/* ---- the frame ---- */

struct frame {
	double left, right, top, bottom; /* of the area where data are */
	double width, height;            /* of all */
	struct buf *out;
};

static void
open_figure(const struct chart *c, struct frame *f)
{
	static const char *const kinds[] = {"Line chart", "Scatter plot",
		"Bar chart", "Histogram", "Heat map"};

	buf_str(f->out, "<figure>");
	if (*c->title != '\0') {
		buf_str(f->out, "<figcaption>");
		plot_svg_text(f->out, c->title, strlen(c->title));
		buf_str(f->out, "</figcaption>");
	}
	buf_printf(f->out,
		"<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		"aria-label=\"%s",
		f->width, f->height, kinds[c->spec->kind]);
	if (*c->ylabel != '\0') {
		buf_str(f->out, " of ");
		plot_svg_text(f->out, c->ylabel, strlen(c->ylabel));
	}
	if (*c->xlabel != '\0') {
		buf_str(f->out, " by ");
		plot_svg_text(f->out, c->xlabel, strlen(c->xlabel));
	}
	buf_str(f->out, "; the table has the numbers\">\n");
}

static void
close_figure(struct frame *f)
{
	buf_str(f->out, "</svg></figure>\n");
}

static void
put_line(struct frame *f, const char *class, double x1, double y1, double x2,
	double y2)
{
	buf_printf(f->out,
		"<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" "
		"x2=\"%.1f\" y2=\"%.1f\"/>\n",
		class, x1, y1, x2, y2);
}

static void
open_text(struct frame *f, double x, double y, const char *anchor)
{
	buf_printf(f->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x,
		y, anchor);
}

static void
close_text(struct frame *f)
{
	buf_str(f->out, "</text>\n");
}

static void
put_axis_labels(struct frame *f, const char *x, const char *y)
{
	if (*x != '\0') {
		open_text(f, (f->left + f->right) / 2, f->height - 6, "middle");
		put_cut(f->out, x);
		close_text(f);
	}
	if (*y == '\0')
		return;
	buf_printf(f->out,
		"<text x=\"14\" y=\"%.1f\" text-anchor=\"middle\" "
		"transform=\"rotate(-90 14 %.1f)\">",
		(f->top + f->bottom) / 2, (f->top + f->bottom) / 2);
	put_cut(f->out, y);
	close_text(f);
}

/* Where a value of an axis is, between two ends. */
static double
at(const struct chart_axis *a, double d, double from, double to)
{
	return from + (d - a->lo) / (a->hi - a->lo) * (to - from);
}

static void
put_x_ticks(struct frame *f, const struct chart_axis *a, bool grid)
{
	for (size_t i = 0; i < a->n; i++) {
		const char *text = a->tick[i].text, *lf = strchr(text, '\n');
		double x = at(a, a->tick[i].at, f->left, f->right);

		if (grid)
			put_line(f, "grid", x, f->top, x, f->bottom);
		put_line(f, "axis", x, f->bottom, x, f->bottom + 4);
		open_text(f, x, f->bottom + 17, "middle");
		buf_add(f->out, text,
			lf != NULL ? (size_t)(lf - text) : strlen(text));
		close_text(f);
		if (lf == NULL)
			continue;
		open_text(f, x, f->bottom + 31, "middle");
		buf_str(f->out, lf + 1);
		close_text(f);
	}
}

static void
put_y_ticks(struct frame *f, const struct chart_axis *a)
{
	for (size_t i = 0; i < a->n; i++) {
		double y = at(a, a->tick[i].at, f->bottom, f->top);

		put_line(f, "grid", f->left, y, f->right, y);
		open_text(f, f->left - 6, y + 4, "end");
		buf_str(f->out, a->tick[i].text);
		close_text(f);
	}
}

/* Labels below, level or falling; as many as there is room for. */
static void
put_x_labels(struct frame *f, char **labels, size_t n, bool turned)
{
	double each = (f->right - f->left) / (double)n;
	size_t step = 1;

	while (each * (double)step < (turned ? 14 : 20))
		step++;
	for (size_t i = 0; i < n; i += step) {
		double x = f->left + each * ((double)i + 0.5);

		if (turned)
			buf_printf(f->out,
				"<text x=\"%.1f\" y=\"%.1f\" "
				"text-anchor=\"end\" transform=\"rotate(-45 "
				"%.1f %.1f)\">",
				x, f->bottom + 12, x, f->bottom + 12);
		else
			open_text(f, x, f->bottom + 17, "middle");
		put_cut(f->out, labels[i]);
		close_text(f);
	}
}

static void
put_y_labels(struct frame *f, char **labels, size_t n)
{
	double each = (f->bottom - f->top) / (double)n;
	size_t step = 1;

	while (each * (double)step < 11)
		step++;
	for (size_t i = 0; i < n; i += step) {
		open_text(f, f->left - 6, f->top + each * ((double)i + 0.5) + 4,
			"end");
		put_cut(f->out, labels[i]);
		close_text(f);
	}
}

static double
tick_width(const struct chart_axis *a)
{
	double most = 0;

	for (size_t i = 0; i < a->n; i++)
		most = fmax(most, CHAR * (double)strlen(a->tick[i].text));
	return most;
}

static bool
is_turned(const struct chart *c, double width)
{
	return (widest(c->labels, c->nlabels) + CHAR) * (double)c->nlabels >
		width;
}

/* A key where names cannot stand beside what they name. */
static void
put_key(struct frame *f, const struct chart *c)
{
	double y = f->top;

	if (c->nseries < 2)
		return;
	for (size_t i = 0; i < c->nseries && y < f->bottom; i++, y += 18) {
		buf_printf(f->out,
			"<rect class=\"s%zu\" fill-opacity=\"0\" "
			"x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"12\"/>"
			"<rect x=\"%.1f\" y=\"%.1f\" width=\"14\" "
			"height=\"12\" style=\"fill:url(#p%zu)\"/>",
			i % CHART_COLORS, f->right + 12, y, f->right + 12, y,
			i % CHART_COLORS);
		open_text(f, f->right + 32, y + 11, "start");
		put_cut(f->out, c->series[i].name);
		close_text(f);
	}
}

static double
key_width(const struct chart *c)
{
	double most = 0;

	for (size_t i = 0; c->nseries > 1 && i < c->nseries; i++)
		most = fmax(most, text_width(c->series[i].name));
	return c->nseries > 1 ? most + 40 : 16;
}

/* ---- lines and points ---- */

static const char *const dashes[] = {
	"", "7 4", "2 3", "9 3 2 3", "4 2 1 2", "12 4", "1 2", "6 2 2 2 2 2"};

static void
put_path(struct frame *f, const struct chart *c, const struct chart_axis *x,
	size_t i)
{
	const struct chart_series *s = &c->series[i];
	bool gap = true;

	buf_printf(f->out,
		"<path class=\"line s%zu\" style=\"fill:none\" "
		"stroke-dasharray=\"%s\" d=\"",
		i % CHART_COLORS, dashes[i % 8]);
	for (size_t k = 0; k < s->n; k++) {
		if (isnan(s->p[k].y)) {
			gap = true;
			continue;
		}
		buf_printf(f->out, "%c%.1f %.1f", gap ? 'M' : 'L',
			at(x, s->p[k].x, f->left, f->right),
			at(&c->y, s->p[k].y, f->bottom, f->top));
		gap = false;
	}
	buf_str(f->out, "\"/>\n");
}

/* Shapes that can be told apart. */
static void
put_dot(struct frame *f, double x, double y, size_t i, double r)
{
	switch (i % 4) {
	case 0:
		buf_printf(f->out,
			"<circle cx=\"%.1f\" cy=\"%.1f\" "
			"r=\"%.1f\"/>",
			x, y, r);
		break;
	case 1:
		buf_printf(f->out, "<path d=\"M%.1f %.1fh%.1fv%.1fh-%.1fz\"/>",
			x - r, y - r, 2 * r, 2 * r, 2 * r);
		break;
	case 2:
		buf_printf(f->out, "<path d=\"M%.1f %.1fl%.1f %.1fh-%.1fz\"/>",
			x, y - r * 1.3, r * 1.3, r * 2.3, r * 2.6);
		break;
	default:
		buf_printf(f->out,
			"<path d=\"M%.1f %.1fl%.1f %.1fl-%.1f "
			"%.1fl-%.1f -%.1fz\"/>",
			x, y - r * 1.4, r * 1.4, r * 1.4, r * 1.4, r * 1.4,
			r * 1.4, r * 1.4);
	}
}

static void
put_dots(struct frame *f, const struct chart *c, const struct chart_axis *x,
	size_t i)
{
	const struct chart_series *s = &c->series[i];

	if (c->spec->kind == CHART_LINE && s->n > 60)
		return;
	buf_printf(
		f->out, "<g class=\"s%zu\" stroke=\"none\">", i % CHART_COLORS);
	for (size_t k = 0; k < s->n; k++)
		if (!isnan(s->p[k].y))
			put_dot(f, at(x, s->p[k].x, f->left, f->right),
				at(&c->y, s->p[k].y, f->bottom, f->top), i,
				s->n > 1000 ? 1.2 : 3);
	buf_str(f->out, "</g>\n");
}

/* The names at the ends of the lines, apart from each other. */
static void
put_names(struct frame *f, const struct chart *c, const struct chart_axis *x)
{
	double taken[CHART_SERIES];

	for (size_t i = 0; c->nseries > 1 && i < c->nseries; i++) {
		const struct chart_series *s = &c->series[i];
		size_t k = s->n;
		double y = f->bottom;

		while (k > 0 && isnan(s->p[k - 1].y))
			k--;
		if (k > 0)
			y = at(&c->y, s->p[k - 1].y, f->bottom, f->top);
		for (size_t j = 0; j < i; j++)
			if (fabs(taken[j] - y) < 13) {
				y = taken[j] + 13;
				j = (size_t)-1; /* look at all of them again */
			}
		taken[i] = y;
		if (k > 0)
			buf_printf(f->out,
				"<line class=\"s%zu\" x1=\"%.1f\" "
				"y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
				"stroke-opacity=\"0.4\"/>",
				i % CHART_COLORS,
				at(x, s->p[k - 1].x, f->left, f->right),
				at(&c->y, s->p[k - 1].y, f->bottom, f->top),
				f->right + 8, y);
		buf_printf(f->out,
			"<text class=\"label s%zu\" x=\"%.1f\" "
			"y=\"%.1f\">",
			i % CHART_COLORS, f->right + 12, y + 4);
		put_cut(f->out, s->name);
		close_text(f);
	}
}

static void
draw_points(struct frame *f, const struct chart *c)
{
	struct chart_axis x = c->x;
	bool words = c->x.kind == AXIS_TEXT;
	bool turned;

	f->left = 36 + tick_width(&c->y);
	f->right = WIDTH - key_width(c) - 12;
	turned = words && is_turned(c, f->right - f->left);
	f->bottom = HEIGHT - 56 - (turned ? 70 : 0);
	f->top = 12;
	if (words) {
		x.lo = -0.5;
		x.hi = (double)c->nlabels - 0.5;
	}
	open_figure(c, f);
	put_y_ticks(f, &c->y);
	if (words)
		put_x_labels(f, c->labels, c->nlabels, turned);
	else
		put_x_ticks(f, &x, true);
	put_line(f, "axis", f->left, f->bottom, f->right, f->bottom);
	put_line(f, "axis", f->left, f->top, f->left, f->bottom);
	for (size_t i = 0; i < c->nseries; i++) {
		if (c->spec->kind == CHART_LINE)
			put_path(f, c, &x, i);
		put_dots(f, c, &x, i);
	}
	put_names(f, c, &x);
	put_axis_labels(f, c->xlabel, c->ylabel);
	close_figure(f);
}

/* ---- bars ---- */

static void
put_rect(struct frame *f, size_t series, bool many, double x, double y,
	double w, double h)
{
	buf_printf(f->out,
		"<rect class=\"s%zu\" stroke-width=\"%d\"%s "
		"x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
		series % CHART_COLORS, many ? 1 : 0, "", x, y, w, h);
	if (many && series % CHART_COLORS > 0)
		buf_printf(f->out,
			"<rect style=\"fill:url(#q%zu)\" "
			"x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\"/>\n",
			series % CHART_COLORS, x, y, w, h);
}

/* A value's number at the end of its bar. */
static void
put_number(struct frame *f, bool lying, double along, double across, double y)
{
	char text[CHART_AXIS_TEXT];

	chart_axis_print(y, text);
	if (lying)
		open_text(f, along + (y < 0 ? -4 : 4), across + 4,
			y < 0 ? "end" : "start");
	else
		open_text(f, across, along + (y < 0 ? 13 : -4), "middle");
	buf_str(f->out, text);
	close_text(f);
}

/* One bar; from and to are values, across and thick are on the page. */
static void
put_bar(struct frame *f, const struct chart *c, size_t i, double from,
	double to, double across, double thick)
{
	bool lying = c->spec->horizontal && c->spec->kind == CHART_BAR;
	bool many = c->nseries > 1;
	double a, b;

	if (lying) {
		a = at(&c->y, fmin(from, to), f->left, f->right);
		b = at(&c->y, fmax(from, to), f->left, f->right);
		put_rect(f, i, many, a, across, b - a, thick);
	} else {
		a = at(&c->y, fmax(from, to), f->bottom, f->top);
		b = at(&c->y, fmin(from, to), f->bottom, f->top);
		put_rect(f, i, many, across, a, thick, b - a);
	}
	if (c->spec->kind == CHART_BAR && !c->spec->stacked &&
		thick > (lying ? 9 : 26))
		put_number(f, lying,
			at(&c->y, to, lying ? f->left : f->bottom,
				lying ? f->right : f->top),
			across + thick / 2, to);
}

static void
put_bars(struct frame *f, const struct chart *c, size_t n)
{
	bool lying = c->spec->horizontal;
	double begin = lying ? f->top : f->left;
	double each = ((lying ? f->bottom : f->right) - begin) / (double)n;
	size_t beside = c->spec->stacked ? 1 : c->nseries;
	double thick = each * 0.8 / (double)(beside > 0 ? beside : 1);
	double up[BARS_SHOWN] = {0}, down[BARS_SHOWN] = {0};

	for (size_t i = 0; i < c->nseries; i++)
		for (size_t k = 0; k < c->series[i].n; k++) {
			double y = c->series[i].p[k].y, from = 0, *sum;
			size_t x = (size_t)c->series[i].p[k].x;

			if (isnan(y) || x >= n)
				continue;
			sum = y >= 0 ? &up[x] : &down[x];
			if (c->spec->stacked) {
				from = *sum;
				*sum += y;
			}
			put_bar(f, c, i, from, from + y,
				begin + each * ((double)x + 0.1) +
					(c->spec->stacked ? 0
							  : thick * (double)i),
				thick);
		}
}

static void
draw_bars(struct frame *f, const struct chart *c)
{
	size_t n = c->nlabels < BARS_SHOWN ? c->nlabels : BARS_SHOWN;
	size_t beside = c->spec->stacked ? 1 : c->nseries;
	bool lying = c->spec->horizontal, turned;

	f->top = 20;
	f->right = WIDTH - key_width(c) - (lying ? 30 : 12);
	f->left = 36 + (lying ? widest(c->labels, n) : tick_width(&c->y));
	turned = !lying && is_turned(c, f->right - f->left);
	if (lying)
		f->height = fmax(
			200, 80 + (double)(n * beside) * 16 + (double)n * 6);
	f->bottom = f->height - 44 - (turned ? 90 : 0);
	open_figure(c, f);
	if (lying) {
		put_x_ticks(f, &c->y, true);
		put_y_labels(f, c->labels, n);
	} else {
		put_y_ticks(f, &c->y);
		put_x_labels(f, c->labels, n, turned);
	}
	put_bars(f, c, n);
	if (lying)
		put_line(f, "axis", at(&c->y, 0, f->left, f->right), f->top,
			at(&c->y, 0, f->left, f->right), f->bottom);
	else
		put_line(f, "axis", f->left, at(&c->y, 0, f->bottom, f->top),
			f->right, at(&c->y, 0, f->bottom, f->top));
	put_key(f, c);
	put_axis_labels(f, lying ? c->ylabel : c->xlabel,
		lying ? c->xlabel : c->ylabel);
	close_figure(f);
}

static void
draw_hist(struct frame *f, const struct chart *c)
{
	size_t i, k;

	f->left = 36 + tick_width(&c->y);
	f->right = WIDTH - key_width(c) - 12;
	f->bottom = HEIGHT - 56;
	f->top = 12;
	open_figure(c, f);
	put_y_ticks(f, &c->y);
	put_x_ticks(f, &c->x, false);
	for (i = 0; i < c->nseries; i++)
		for (k = 0; k < c->series[i].n; k++) {
			double x = c->series[i].p[k].x;
			double a = at(&c->x, x, f->left, f->right);
			double b = at(&c->x, x + c->bin, f->left, f->right);
			double thick = (b - a) / (double)c->nseries;

			if (c->series[i].p[k].y > 0)
				put_bar(f, c, i, 0, c->series[i].p[k].y,
					a + thick * (double)i + 0.5,
					thick > 1.5 ? thick - 1 : thick);
		}
	put_line(f, "axis", f->left, f->bottom, f->right, f->bottom);
	put_key(f, c);
	put_axis_labels(f, c->xlabel, c->ylabel);
	close_figure(f);
}

/* ---- heat maps ---- */

static void
put_cell(struct frame *f, const struct chart *c, double d, double x, double y,
	double w, double h, bool number)
{
	double place = c->hi > c->lo ? (d - c->lo) / (c->hi - c->lo) : 0.5;
	uint32_t color = chart_shade(place);
	char text[CHART_AXIS_TEXT];

	if (isnan(d))
		return;
	buf_printf(f->out,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
		"height=\"%.1f\" fill=\"#%06x\"/>\n",
		x, y, w, h, color);
	if (!number)
		return;
	chart_axis_print(d, text);
	buf_printf(f->out,
		"<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" "
		"style=\"fill:%s\">%s</text>\n",
		x + w / 2, y + h / 2 + 4,
		chart_is_dark(color) ? "#fff" : "#000", text);
}

static void
put_scale(struct frame *f, const struct chart *c)
{
	double w = (f->right - f->left) / 5;

	for (int i = 0; i < (c->hi > c->lo ? 5 : 1); i++)
		put_cell(f, c, c->lo + (c->hi - c->lo) * i / 4, f->left + w * i,
			f->height - 48, w, 18, true);
}

static void
draw_heat(struct frame *f, const struct chart *c)
{
	size_t rows = c->nrows < CELLS_SHOWN ? c->nrows : CELLS_SHOWN;
	size_t columns = c->nlabels < CELLS_SHOWN ? c->nlabels : CELLS_SHOWN;
	bool turned;
	double w, h = 26;

	f->left = 36 + widest(c->rows, rows);
	f->right = WIDTH - 12;
	f->top = 8;
	w = (f->right - f->left) / (double)columns;
	turned = is_turned(c, f->right - f->left);
	f->bottom = f->top + h * (double)rows;
	f->height = f->bottom + (turned ? 110 : 26) + 80;
	open_figure(c, f);
	for (size_t i = 0; i < rows; i++)
		for (size_t k = 0; k < columns; k++)
			put_cell(f, c, c->cell[i * c->nlabels + k],
				f->left + w * (double)k + 0.5,
				f->top + h * (double)i + 0.5, w - 1, h - 1,
				rows * columns <= NUMBERS_SHOWN && w >= 24);
	put_x_labels(f, c->labels, columns, turned);
	put_y_labels(f, c->rows, rows);
	put_scale(f, c);
	put_axis_labels(f, c->xlabel, c->ylabel);
	close_figure(f);
}

void
plot_svg_draw(const struct chart *c, struct buf *out)
{
	struct frame f = {.width = WIDTH, .height = HEIGHT, .out = out};

	if (c->drawn == 0) {
		f.height = 120;
		f.right = WIDTH;
		open_figure(c, &f);
		open_text(&f, WIDTH / 2, 60, "middle");
		buf_str(out, "(no data)");
		close_text(&f);
		close_figure(&f);
	} else if (c->spec->kind == CHART_BAR) {
		draw_bars(&f, c);
	} else if (c->spec->kind == CHART_HIST) {
		draw_hist(&f, c);
	} else if (c->spec->kind == CHART_HEAT) {
		draw_heat(&f, c);
	} else {
		draw_points(&f, c);
	}
}

/* Lines of the paper's colour over a bar (q), and the two together (p). */
void
plot_svg_shared(struct buf *out)
{
	static const char *const lines[CHART_COLORS] = {"",
		"M0 8L8 0M-2 2L2 -2M6 10L10 6", "M0 4H8", "M4 0V8",
		"M0 0L8 8M-2 6L2 10M6 -2L10 2", "M0 4H8M4 0V8", "M0 2H8M0 6H8",
		"M0 8L8 0M0 0L8 8"};

	buf_str(out,
		"<svg width=\"0\" height=\"0\" aria-hidden=\"true\" "
		"style=\"position:absolute\"><defs>\n");
	for (int i = 0; i < CHART_COLORS; i++)
		for (int both = 0; both < 2; both++) {
			buf_printf(out,
				"<pattern id=\"%c%d\" width=\"8\" "
				"height=\"8\" patternUnits=\"userSpaceOnUse\">",
				both ? 'p' : 'q', i);
			if (both)
				buf_printf(out,
					"<rect class=\"s%d\" "
					"width=\"8\" height=\"8\"/>",
					i);
			buf_printf(out,
				"<path d=\"%s\" fill=\"none\" "
				"style=\"stroke:var(--paper)\" "
				"stroke-width=\"1.5\"/></pattern>\n",
				lines[i]);
		}
	buf_str(out, "</defs></svg>\n");
}

/* ---- the table ---- */

static bool
is_number(const struct sheet_cell *c)
{
	return c->kind == SHEET_INT || c->kind == SHEET_DOUBLE;
}

static void
put_head(const struct sheet *s, size_t columns, size_t first, struct buf *out)
{
	buf_str(out, "<thead><tr>");
	for (size_t i = 0; i < columns; i++) {
		const char *name = s->column[i].name;
		bool right = s->rows > first &&
			is_number(sheet_get(s, first, i));

		buf_printf(out, "<th scope=\"col\"%s>",
			right ? " class=\"n\"" : "");
		plot_svg_text(out, name, strlen(name));
		buf_str(out, "</th>");
	}
	buf_str(out, "</tr></thead>\n");
}

static void
put_row(const struct sheet *s, size_t row, size_t columns,
	const struct zone *zone, struct buf *tmp, struct buf *out)
{
	buf_str(out, "<tr>");
	for (size_t i = 0; i < columns; i++) {
		const struct sheet_cell *c = sheet_get(s, row, i);

		buf_clear(tmp);
		sheet_text(c, zone, tmp);
		if (c->kind == SHEET_NULL)
			buf_str(out, "<td class=\"null\">null</td>");
		else {
			buf_str(out,
				is_number(c) ? "<td class=\"n\">" : "<td>");
			plot_svg_text(out, tmp->p, tmp->n);
			buf_str(out, "</td>");
		}
	}
	buf_str(out, "</tr>\n");
}

void
plot_svg_table(const struct sheet *s, const struct zone *zone, struct buf *out)
{
	size_t first = s->rows > ROWS_SHOWN ? s->rows - ROWS_SHOWN : 0;
	size_t columns = s->ncolumns < COLUMNS_SHOWN ? s->ncolumns
						     : COLUMNS_SHOWN;
	struct buf tmp;

	buf_init(&tmp);
	buf_str(out,
		"<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
		"aria-label=\"The numbers\"><table>\n");
	if (first > 0)
		buf_printf(out, "<caption>the last %d of %zu rows</caption>\n",
			ROWS_SHOWN, s->rows);
	put_head(s, columns, first, out);
	buf_str(out, "<tbody>\n");
	for (size_t row = first; row < s->rows; row++)
		put_row(s, row, columns, zone, &tmp, out);
	buf_str(out, "</tbody></table></div>\n");
	buf_release(&tmp);
}
