/*
 * plot_gnuplot: see plot_gnuplot.h.
 */
#include "sinks/plot_gnuplot.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/replace.h"
#include "sinks/chart.h"
#include "sinks/draw.h"
#include "floor/mem.h"

#define LABEL_MOST 36      /* characters of a label */
#define LABELS_SHOWN 60    /* beside an axis */
#define CELLS_SHOWN 900    /* of a matrix, with their numbers */
#define PICTURE_MOST 10000 /* pixels */

#define DATA_FD 3

/* A picture under way: commands for gnuplot. */
struct script {
	struct buf *out;
	struct buf *data; /* doubles, descriptor DATA_FD of gnuplot: it reads
			     text ten times as slowly */
	struct plot_fonts *fonts;
};

/* ---- text ---- */

/* A character of a text in quotes. */
static void
put_char(struct script *to, const char *s, size_t n, bool percent)
{
	unsigned char c = (unsigned char)*s;
	uint32_t code = n == 1 ? c : c & (0x7fu >> n);

	for (size_t i = 1; i < n; i++)
		code = code << 6 | ((unsigned char)s[i] & 0x3f);
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		buf_byte(to->out, ' ');
	else if (c < 0x80 && !isalpha(c) && c != ' ')
		buf_printf(to->out,
			percent && c == '%' ? "\\%03o\\%03o" : "\\%03o", c, c);
	else if (plot_fonts_has(to->fonts, code))
		buf_add(to->out, s, n);
	else
		buf_utf8(to->out, 0xfffd);
}

/*
 * A text in double quotes, in which everything that could mean something to
 * gnuplot is written as \ooo: quotes, backquotes, backslashes, @ and all other
 * signs; digits, too, which would go on with an \ooo.  (In single quotes a text
 * that begins with one would end there.) Control characters are blanks.  With
 * percent the text goes through gnuplot's formats, where %% is %.
 */
static void
put_quoted(struct script *to, const char *s, size_t most, bool percent)
{
	size_t n = strlen(s), i, len, used = 0;
	bool cut = draw_width(s, n) > most;

	buf_byte(to->out, '"');
	for (i = 0; i < n; i += len) {
		unsigned char c = (unsigned char)s[i];

		len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		if (len > n - i)
			len = n - i;
		if (cut && used + 1 >= most)
			break;
		used += draw_width(s + i, len);
		put_char(to, s + i, len, percent);
	}
	buf_str(to->out, cut ? "…\"" : "\"");
}

static void
put_color(struct buf *out, size_t i)
{
	buf_printf(out, "'#%06x'", chart_colors[i % CHART_COLORS]);
}

/* ---- axes ---- */

static void
put_ticks(struct buf *out, const struct chart_axis *a, char axis)
{
	buf_printf(out,
		"set %crange [%.15g:%.15g]\nset %ctics nomirror out "
		"offset 0,0 (",
		axis, a->lo, a->hi, axis);
	for (size_t i = 0; i < a->n; i++) {
		char text[CHART_AXIS_TEXT], *lf;

		memcpy(text, a->tick[i].text, sizeof text);
		lf = strchr(text, '\n');
		if (lf != NULL)
			*lf = '\0';
		/* Ours: no quote, backslash or percent is in it. */
		buf_printf(out, "%s\"%s%s%s\" %.15g", i > 0 ? "," : "", text,
			lf != NULL ? "\\n" : "", lf != NULL ? lf + 1 : "",
			a->tick[i].at);
	}
	buf_str(out, ")\n");
}

static size_t
longest(char **labels, size_t n)
{
	size_t most = 0;

	for (size_t i = 0; i < n; i++) {
		size_t width = draw_width(labels[i], strlen(labels[i]));

		most = width > most ? width : most;
	}
	return most < LABEL_MOST ? most : LABEL_MOST;
}

/* Labels at 0, 1, 2 ...; where there are too many, some of them. */
static void
put_labels(struct script *to, char **labels, size_t n, char axis, bool turned)
{
	struct buf *out = to->out;
	size_t step = (n + LABELS_SHOWN - 1) / LABELS_SHOWN;
	double last = n > 0 ? (double)n - 0.4 : 0.6;

	/* From the top down. */
	if (axis == 'y')
		buf_printf(out, "set yrange [%.1f:-0.6]\n", last);
	else
		buf_printf(out, "set xrange [-0.6:%.1f]\n", last);
	buf_printf(out, "set %ctics nomirror scale 0 %s(", axis,
		turned ? "rotate by 45 right " : "");
	for (size_t i = 0; i < n; i += step) {
		buf_str(out, i > 0 ? "," : "");
		put_quoted(to, labels[i], LABEL_MOST, true);
		buf_printf(out, " %zu", i);
	}
	buf_str(out, ")\n");
}

static bool
lies(const struct chart *c)
{
	return c->spec->kind == CHART_BAR && c->spec->horizontal;
}

/* Many labels, or long ones, do not fit beside each other. */
static bool
is_turned(const struct chart *c)
{
	return c->nlabels * (longest(c->labels, c->nlabels) + 1) > 84;
}

/* ---- series ---- */

static void
put_title_of(struct script *to, const struct chart *c, size_t i)
{
	struct buf *out = to->out;
	if (c->nseries < 2) {
		buf_str(out, " notitle");
		return;
	}
	buf_str(out, " title ");
	put_quoted(to, c->series[i].name, LABEL_MOST, false);
}

/* Name data to be plotted: so many doubles each. */
static void
put_data(struct script *to, const double *d, size_t each, size_t n)
{
	buf_printf(to->out, "'/dev/fd/%d' binary record=%zu skip=%zu format='",
		DATA_FD, n, to->data->n);
	for (size_t i = 0; i < each; i++)
		buf_str(to->out, "%double");
	buf_byte(to->out, '\'');
	buf_add(to->data, d, each * n * sizeof *d);
}

static void
put_points(const struct chart *c, struct script *to)
{
	struct buf *out = to->out;
	static const int shape[] = {7, 5, 9, 11, 13, 4, 6, 8};

	put_ticks(out, &c->y, 'y');
	if (c->x.kind == AXIS_TEXT)
		put_labels(to, c->labels, c->nlabels, 'x', is_turned(c));
	else
		put_ticks(out, &c->x, 'x');
	for (size_t i = 0; i < c->nseries; i++) {
		size_t n = c->series[i].n;
		int pt = shape[i % 8];

		buf_str(out, i == 0 ? "plot " : ", ");
		put_data(to, (const double *)c->series[i].p, 2, n);
		buf_str(out, " using 1:2 with ");
		if (c->spec->kind == CHART_SCATTER)
			buf_printf(out, "points pt %d ps %s", n > 1000 ? 5 : pt,
				n > 1000 ? "0.2" : "0.7");
		else if (n <= 60)
			buf_printf(out, "linespoints lw 2 pt %d ps 0.6", pt);
		else
			buf_printf(out, "lines lw %s dt %zu",
				n > 1000 ? "1.2" : "2", i / CHART_COLORS + 1);
		buf_str(out, " lc rgb ");
		put_color(out, i);
		put_title_of(to, c, i);
	}
	buf_byte(out, '\n');
}

/* A bar: its place, from and to where, its width; lying or standing. */
static void
put_rect(struct buf *out, bool lying, double at, double half, double from,
	double to, const char *text)
{
	double lo = fmin(from, to), hi = fmax(from, to);

	if (lying)
		buf_printf(out, "%.15g %.15g %.15g %.15g %.15g %.15g %s\n", to,
			at, lo, hi, at - half, at + half, text);
	else
		buf_printf(out, "%.15g %.15g %.15g %.15g %.15g %.15g %s\n", at,
			to, at - half, at + half, lo, hi, text);
}

/* Where the stacked bars of the series before end. */
static double
stacked_from(const struct chart *c, size_t series, double x, bool up)
{
	double from = 0;

	for (size_t i = 0; i < series; i++)
		for (size_t k = 0; k < c->series[i].n; k++) {
			const struct chart_point *p = &c->series[i].p[k];

			if (p->x == x && !isnan(p->y) && (p->y >= 0) == up)
				from += p->y;
		}
	return from;
}

static void
put_rects(const struct chart *c, struct buf *out)
{
	bool hist = c->spec->kind == CHART_HIST;
	double whole = hist ? c->bin : 0.8;
	size_t beside = c->spec->stacked || c->nseries == 0 ? 1 : c->nseries;
	double each = whole / (double)beside;
	char text[CHART_AXIS_TEXT];

	for (size_t i = 0; i < c->nseries; i++) {
		buf_printf(out, "$d%zu << EOD\n", i);
		for (size_t k = 0; k < c->series[i].n; k++) {
			double y = c->series[i].p[k].y;
			double x = c->series[i].p[k].x, from = 0;
			double left = hist ? x : x - whole / 2;

			if (isnan(y))
				continue;
			if (c->spec->stacked)
				from = stacked_from(c, i, x, y >= 0);
			chart_axis_print(y, text);
			left += each * (c->spec->stacked ? 0 : (double)i);
			put_rect(out, lies(c), left + each / 2, each / 2, from,
				from + y, text);
		}
		buf_str(out, "EOD\n");
	}
}

/* Has the series bars of this sign?  (Of labels that are nowhere gnuplot 5.4
 * dies.) */
static bool
has_sign(const struct chart_series *s, bool up)
{
	for (size_t k = 0; k < s->n; k++)
		if (!isnan(s->p[k].y) && (s->p[k].y >= 0) == up)
			return true;
	return false;
}

/* The numbers at the ends of the bars, where there is room for them. */
static void
put_bar_numbers(const struct chart *c, struct buf *out)
{
	const char *up = lies(c) ? "left offset 0.6,0" : "offset 0,0.6";
	const char *down = lies(c) ? "right offset -0.6,0" : "offset 0,-0.6";
	const char *value = lies(c) ? "$1" : "$2";

	if (c->spec->kind != CHART_BAR || c->spec->stacked ||
		c->nlabels * c->nseries > (lies(c) ? 60 : 24))
		return;
	for (size_t i = 0; i < c->nseries; i++)
		for (int sign = 0; sign < 2; sign++)
			if (has_sign(&c->series[i], sign == 0))
				buf_printf(out,
					", $d%zu using (%s %s 0 ? $1 : 1/0):2:7"
					" with labels %s font ',9' tc rgb "
					"'#333333' "
					"notitle",
					i, value, sign == 0 ? ">=" : "<",
					sign == 0 ? up : down);
}

static void
put_bars(const struct chart *c, struct script *to)
{
	struct buf *out = to->out;
	bool hist = c->spec->kind == CHART_HIST;

	put_ticks(out, &c->y, lies(c) ? 'x' : 'y');
	if (hist)
		put_ticks(out, &c->x, 'x');
	else
		put_labels(to, c->labels, c->nlabels, lies(c) ? 'y' : 'x',
			!lies(c) && is_turned(c));
	buf_str(out,
		hist ? "set style fill solid 0.8 border lc rgb "
		       "'#ffffff'\n"
		     : "set style fill solid 0.9 noborder\n");
	if (c->y.lo < 0)
		buf_printf(out, "set %czeroaxis lt 1 lc rgb '#888888'\n",
			lies(c) ? 'y' : 'x');
	put_rects(c, out);
	for (size_t i = 0; i < c->nseries; i++) {
		buf_printf(out,
			"%s $d%zu using 1:2:3:4:5:6 with boxxyerror "
			"lc rgb ",
			i == 0 ? "plot" : ",", i);
		put_color(out, i);
		put_title_of(to, c, i);
	}
	put_bar_numbers(c, out);
	buf_byte(out, '\n');
}

/* ---- matrices ---- */

static void
put_palette(const struct chart *c, struct buf *out)
{
	struct chart_axis a;
	double by = c->hi > c->lo ? 0 : c->lo == 0 ? 1 : fabs(c->lo) * 0.1;

	buf_str(out, "set palette defined (");
	for (int i = 0; i < 10; i++)
		buf_printf(out, "%s%d '#%06x'", i > 0 ? "," : "", i,
			chart_shade(i / 9.0));
	buf_printf(
		out, ")\nset cbrange [%.15g:%.15g]\n", c->lo - by, c->hi + by);
	chart_axis_numbers(&a, c->lo, c->hi, 5, false);
	buf_str(out, "set cbtics (");
	for (size_t i = 0; i < a.n; i++)
		buf_printf(out, "%s\"%s\" %.15g", i > 0 ? "," : "",
			a.tick[i].text, a.tick[i].at);
	buf_str(out, ")\n");
}

/* Whether the text on a cell is light. */
static bool
is_light(const struct chart *c, double d)
{
	return chart_is_dark(chart_shade(
		c->hi > c->lo ? (d - c->lo) / (c->hi - c->lo) : 0.5));
}

static bool
has_text(const struct chart *c, bool light)
{
	for (size_t i = 0; i < c->nrows * c->nlabels; i++)
		if (!isnan(c->cell[i]) && is_light(c, c->cell[i]) == light)
			return true;
	return false;
}

static void
put_cells(const struct chart *c, struct buf *out)
{
	char text[CHART_AXIS_TEXT];

	buf_str(out, "$d << EOD\n");
	for (size_t i = 0; i < c->nrows * c->nlabels; i++) {
		double d = c->cell[i];

		if (isnan(d))
			continue;
		chart_axis_print(d, text);
		buf_printf(out, "%zu %zu %.15g %s %d\n", i % c->nlabels,
			i / c->nlabels, d, text, is_light(c, d));
	}
	buf_str(out, "EOD\n");
}

/* So many that each is a dot. */
static void
put_image(const struct chart *c, struct script *to)
{
	size_t n = c->nrows * c->nlabels;
	double *d = mem_alloc(3 * n * sizeof *d);

	for (size_t i = 0; i < n; i++) {
		d[3 * i] = (double)(i % c->nlabels);
		d[3 * i + 1] = (double)(i / c->nlabels);
		d[3 * i + 2] = c->cell[i];
	}
	buf_str(to->out, "plot ");
	put_data(to, d, 3, n);
	buf_str(to->out, " using 1:2:3 with image notitle\n");
	free(d);
}

static void
put_heat(const struct chart *c, struct script *to)
{
	struct buf *out = to->out;
	size_t cells = c->nrows * c->nlabels;
	bool image = cells > 10000;

	put_palette(c, out);
	put_labels(to, c->labels, c->nlabels, 'x', is_turned(c));
	put_labels(to, c->rows, c->nrows, 'y', false);
	buf_printf(out,
		"unset grid\nset xrange [-0.5:%zu.5]\n"
		"set yrange [%zu.5:-0.5]\n",
		c->nlabels - 1, c->nrows - 1);
	buf_str(out, "set border 0\nset style fill solid 1 noborder\n");
	if (image) {
		put_image(c, to);
		return;
	}
	put_cells(c, out);
	buf_str(out,
		"plot $d using 1:2:($1-0.49):($1+0.49):($2-0.48):"
		"($2+0.48):3 with boxxyerror lc palette notitle");
	if (cells <= CELLS_SHOWN)
		for (int dark = 0; dark < 2; dark++)
			if (has_text(c, dark))
				buf_printf(out,
					", $d using ($5 == %d ? $1 : 1/0):2:4 "
					"with labels font ',9' tc rgb '%s' "
					"notitle",
					dark, dark ? "#ffffff" : "#000000");
	buf_byte(out, '\n');
}

/* ---- a picture ---- */

static void
put_nothing(struct buf *out)
{
	buf_str(out,
		"set xrange [0:1]\nset yrange [0:1]\nunset xtics\n"
		"unset ytics\nset label 1 '(no data)' at graph 0.5,0.5 center "
		"tc rgb '#666666'\nplot NaN notitle\n");
}

static void
put_axis_label(struct script *to, char axis, const char *text)
{
	struct buf *out = to->out;
	if (*text == '\0')
		return;
	buf_printf(out, "set %clabel ", axis);
	put_quoted(to, text, 100, false);
	buf_byte(out, '\n');
}

static void
put_chart(const struct chart *c, struct script *to)
{
	struct buf *out = to->out;
	buf_str(out,
		"reset\nset style textbox noborder\n"
		"set border 3 lc rgb '#888888'\nset tics textcolor rgb "
		"'#333333'\n"
		"set grid lt 1 lc rgb '#dddddd' lw 0.8 back\n");
	if (lies(c) || c->spec->kind == CHART_BAR)
		buf_printf(out,
			"unset grid\nset grid %ctics lt 1 lc rgb '#dddddd' "
			"lw 0.8 back\n",
			lies(c) ? 'x' : 'y');
	buf_str(out,
		c->nseries > 1 ? "set key outside right top vertical "
				 "Left reverse samplen 1.5\n"
			       : "unset key\n");
	if (*c->title != '\0') {
		buf_str(out, "set title ");
		put_quoted(to, c->title, 120, false);
		buf_str(out, " font ',12'\n");
	}
	/* It thinks labels narrower than they are. */
	if (lies(c) || c->spec->kind == CHART_HEAT)
		buf_printf(out, "set lmargin %zu\n",
			6 +
				(lies(c) ? longest(c->labels, c->nlabels)
					 : longest(c->rows, c->nrows)));
	/* The ticks of times have two lines. */
	if (c->x.kind == AXIS_TIME && c->drawn > 0)
		buf_str(out, "set bmargin 5\nset xlabel offset 0,-0.8\n");
	put_axis_label(to, 'x', lies(c) ? c->ylabel : c->xlabel);
	put_axis_label(to, 'y', lies(c) ? c->xlabel : c->ylabel);
	if (c->drawn == 0)
		put_nothing(out);
	else if (c->spec->kind == CHART_HEAT)
		put_heat(c, to);
	else if (c->spec->kind == CHART_BAR || c->spec->kind == CHART_HIST)
		put_bars(c, to);
	else
		put_points(c, to);
}

static size_t
most_of(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Pixels that are good for a chart. */
static void
good_size(const struct chart *c, bool alone, size_t *width, size_t *height)
{
	*width = alone ? 900 : 720;
	*height = alone ? 520 : 480;
	if (lies(c))
		*height = most_of(300,
			110 +
				c->nlabels *
					(c->spec->stacked
							? 24
							: 12 + 12 * c->nseries));
	else if (c->spec->kind == CHART_BAR)
		*width = most_of(*width, 150 + c->nlabels * 18);
	if (c->spec->kind == CHART_HEAT) {
		*width = most_of(560,
			170 + 52 * c->nlabels + 7 * longest(c->rows, c->nrows));
		*height = most_of(300, 130 + 32 * c->nrows);
	}
	/* Turned labels stand below. */
	if (!lies(c) && c->nlabels > 0 && is_turned(c))
		*height += 5 * longest(c->labels, c->nlabels);
	*width = *width > 2400 ? 2400 : *width;
	*height = *height > 2400 ? 2400 : *height;
}

static void
picture_size(const struct plot_gnuplot *g, const struct chart *charts, size_t n,
	size_t *width, size_t *height)
{
	size_t w, h;

	*width = g->width;
	*height = g->height;
	for (size_t i = 0; g->width == 0 && i < n; i++) {
		good_size(&charts[i], n == 1, &w, &h);
		*width = most_of(*width, w * g->columns);
		*height = most_of(*height, h * g->rows);
	}
	*width = *width > PICTURE_MOST ? PICTURE_MOST : *width;
	*height = *height > PICTURE_MOST ? PICTURE_MOST : *height;
}

/* The commands for it. */
static void
put_script(struct plot_gnuplot *g, const struct chart *charts, size_t n,
	struct buf *out, struct buf *data)
{
	struct script to = {.out = out, .data = data, .fonts = &g->fonts};
	size_t width, height;

	picture_size(g, charts, n, &width, &height);
	buf_str(out, "set encoding utf8\n");
	if (g->format == PLOT_PDF)
		buf_printf(out,
			"set terminal pdfcairo noenhanced size "
			"%.3fin,%.3fin font 'DejaVu Sans,10'\n",
			(double)width / 96, (double)height / 96);
	else
		buf_printf(out,
			"set terminal %s noenhanced size %zu,%zu "
			"font 'DejaVu Sans,%d' background rgb '#ffffff'\n",
			g->format == PLOT_SVG ? "svg" : "pngcairo", width,
			height, g->format == PLOT_SVG ? 12 : 10);
	if (n > 1)
		buf_printf(out, "set multiplot layout %zu,%zu\n", g->rows,
			g->columns);
	for (size_t i = 0; i < n; i++)
		put_chart(&charts[i], &to);
	if (n > 1)
		buf_str(out, "unset multiplot\n");
}

/* ---- the child ---- */

int
plot_gnuplot_format(const char *path, enum plot_format *f)
{
	static const char *const ends[] = {".png", ".svg", ".pdf"};
	const char *dot = strrchr(path, '.');

	for (int i = 0; dot != NULL && i < 3; i++)
		if (strcasecmp(dot, ends[i]) == 0) {
			*f = (enum plot_format)i;
			return 0;
		}
	return -1;
}

static bool
in_path(const char *program)
{
	const char *dir = getenv("PATH");
	struct buf path;
	bool found = false;

	buf_init(&path);
	while (dir != NULL && !found) {
		size_t n = strcspn(dir, ":");

		buf_clear(&path);
		buf_add(&path, dir, n);
		buf_printf(&path, "/%s", program);
		found = access(buf_cstr(&path), X_OK) == 0;
		dir = dir[n] == ':' ? dir + n + 1 : NULL;
	}
	buf_release(&path);
	return found;
}

int
plot_gnuplot_check(const struct plot_gnuplot *g, struct err *err)
{
	if (replace_check(g->path, err) < 0)
		return -1;
	if (!in_path("gnuplot"))
		return err_set(err,
			"cannot draw '%s': there is no gnuplot: "
			"install it (apt-get install gnuplot-nox "
			"fonts-dejavu-core), or draw by --term or --serve",
			g->path);
	return 0;
}

/* In the child: gnuplot, without anybody's settings. */
static void
run_child(int script, int data, int picture, int words)
{
	char *argv[] = {"gnuplot", "-d", NULL};

	setpgid(0, 0); /* Ctrl-C is not for it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(script, STDIN_FILENO) < 0 ||
		dup2(picture, STDOUT_FILENO) < 0 ||
		dup2(words, STDERR_FILENO) < 0 || dup2(data, DATA_FD) < 0)
		_exit(127);
	/* Had it that number already, it would be closed. */
	fcntl(DATA_FD, F_SETFD, 0);
	execvp(argv[0], argv);
	_exit(127);
}

/* What it has said last. */
static void
read_words(int fd, char *out, size_t size)
{
	char text[4096], *line;
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	n = n < 0 ? 0 : n;
	while (n > 0 && (unsigned char)text[n - 1] <= ' ')
		n--;
	text[n] = '\0';
	line = strrchr(text, '\n');
	line = line != NULL ? line + 1 : text;
	line += strspn(line, " \t");
	err_quote(out, size, line, strlen(line));
}

/* Bytes as a file without a name, to be read from its beginning.  Its number is
 * none of those that gnuplot gets. */
static int
make_file(const struct buf *b, struct err *err)
{
	int made = memfd_create("bief", MFD_CLOEXEC), fd;
	struct replace file = {.path = "a picture's data"};

	fd = made < 0 ? -1 : fcntl(made, F_DUPFD_CLOEXEC, DATA_FD + 1);
	if (made >= 0)
		close(made);
	file.fd = fd;
	if (fd < 0) {
		err_sys(err, "cannot start gnuplot");
	} else if (b != NULL &&
		(replace_add(&file, b->p, b->n, err) < 0 ||
			lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int
run_gnuplot(const struct buf *script, const struct buf *data, int picture,
	struct err *err)
{
	int in = make_file(script, err), numbers = make_file(data, err);
	int words = make_file(NULL, err), status = -1;
	char said[300] = "";
	pid_t pid = -1;

	if (in >= 0 && numbers >= 0 && words >= 0)
		pid = fork();
	if (pid == 0)
		run_child(in, numbers, picture, words);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			break;
	if (pid > 0 && status != 0)
		read_words(words, said, sizeof said);
	if (in >= 0)
		close(in);
	if (numbers >= 0)
		close(numbers);
	if (words >= 0)
		close(words);
	if (pid < 0)
		return err_sys(err, "cannot start gnuplot");
	if (status == 0)
		return 0;
	if (WIFSIGNALED(status))
		return err_set(err, "gnuplot died of signal %d%s%s",
			WTERMSIG(status), *said ? ": " : "", said);
	return err_set(err, "gnuplot failed with status %d%s%s",
		WEXITSTATUS(status), *said ? ": " : "", said);
}

int
plot_gnuplot_draw(struct plot_gnuplot *g, const struct chart *charts, size_t n,
	struct err *err)
{
	struct replace file;
	struct buf script, data;
	int ret;

	buf_init(&script);
	buf_init(&data);
	put_script(g, charts, n, &script, &data);
	ret = replace_open(&file, g->path, err);
	if (ret == 0) {
		ret = run_gnuplot(&script, &data, file.fd, err);
		if (ret == 0 && file.tmp != NULL &&
			lseek(file.fd, 0, SEEK_END) == 0)
			ret = err_set(err, "gnuplot has drawn nothing");
		if (ret < 0)
			err_in(err, "cannot draw '%s'", g->path);
		ret = ret == 0 ? replace_commit(&file, NULL, err) : ret;
	}
	replace_drop(&file);
	buf_release(&script);
	buf_release(&data);
	return ret;
}
