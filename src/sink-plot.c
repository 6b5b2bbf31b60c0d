/*
 * sink-plot: draw each batch: as a picture in a file, in characters on the
 * terminal, as a page for browsers.
 *
 * Time: none is used; an axis may show one, in the zone of --zone or the
 * header. Watermark: ends here. State: the rows that are drawn, in memory, at
 * most --keep of them. Restart: begins with nothing; a complete result is drawn
 * again.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "time/time.h"
#include "value/key.h"
#include "runtime/options/fields.h"
#include "runtime/stage.h"
#include "sinks/plot/chart.h"
#include "sinks/plot/plot_gnuplot.h"
#include "sinks/plot/plot_serve.h"
#include "sinks/plot/plot_svg.h"
#include "sinks/plot/plot_term.h"
#include "sinks/plot/sheet.h"
#include "sinks/result.h"

#define KEEP 1000000
#define PICTURES 64
#define TURN_EVERY 1024 /* records, before browsers have their turn */
#define COLUMNS 80

struct sink_plot {
	/* options */
	struct list pictures; /* "line=x,y", in the order given */
	const char *by;
	struct list titles, xlabels, ylabels;
	bool horizontal, stacked;
	int64_t bins, keep;
	const char *layout, *size;
	const char *output, *serve;
	bool term, until_end;
	int mode; /* enum mode less one; RESULT_UNTOLD */
	struct list key;
	/* state */
	struct chart_spec *spec; /* of each picture */
	size_t n;
	struct sheet sheet;
	struct plot_gnuplot picture;
	size_t term_columns, term_lines; /* of --size */
	struct plot_serve *server;
	enum mode result;
	struct fields keys; /* that tell rows apart; none: each is new */
	struct buf row_key, text, page;
	bool full;    /* --keep has been reached, and told */
	bool changed; /* since the last drawing */
	bool drawn;
	size_t lines;           /* that stand on the terminal */
	size_t columns, screen; /* its size then */
};

#define AT(member) offsetof(struct sink_plot, member)

static const struct opt sink_plot_opts[] = {
	{"line", 0, OPT_MULTI, AT(pictures), "X,Y,...",
		"a line of Y over X, or several", .free = true, .tagged = true},
	{"scatter", 0, OPT_MULTI, AT(pictures), "X,Y,...", "points",
		.free = true, .tagged = true},
	{"bar", 0, OPT_MULTI, AT(pictures), "LABEL,VALUE,...",
		"a bar for each record", .free = true, .tagged = true},
	{"hist", 0, OPT_MULTI, AT(pictures), "FIELD,...",
		"how many values there are of which size", .free = true,
		.tagged = true},
	{"heat", 0, OPT_MULTI, AT(pictures), "ROWS[,COLS,VALUE]",
		"a matrix in colours; ROWS alone: of the other fields",
		.free = true, .tagged = true},
	{"by", 0, OPT_STRING, AT(by), "FIELD",
		"a line, or bars, of its own for each value of FIELD",
		.free = true},
	{"horizontal", 0, OPT_FLAG, AT(horizontal), NULL, "bars lie",
		.free = true},
	{"stacked", 0, OPT_FLAG, AT(stacked), NULL,
		"bars stand upon each other", .free = true},
	{"bins", 0, OPT_INT, AT(bins), "N",
		"of a histogram (what suits the values)", .free = true,
		.least = 1, .most = 1000},
	{"title", 0, OPT_MULTI, AT(titles), "TEXT",
		"above the picture; again for the next one", .free = true},
	{"xlabel", 0, OPT_MULTI, AT(xlabels), "TEXT",
		"below the x axis (the field's name); again for the next",
		.free = true},
	{"ylabel", 0, OPT_MULTI, AT(ylabels), "TEXT",
		"beside the y axis (the field's name); again for the next",
		.free = true},
	{"layout", 0, OPT_STRING, AT(layout), "ROWSxCOLS",
		"how several pictures stand in the file", .free = true},
	{"size", 0, OPT_STRING, AT(size), "WxH",
		"of the file, pixels; with --term alone, characters",
		.free = true},
	{"output", 'o', OPT_STRING, AT(output), "FILE",
		"draw into FILE.png, .svg or .pdf, by gnuplot", true},
	{"term", 0, OPT_FLAG, AT(term), NULL,
		"draw in characters on standard output", .free = true},
	{"serve", 0, OPT_STRING, AT(serve), "ADDRESS",
		"show a page to browsers: 127.0.0.1:8080", .free = true},
	{"until-end", 0, OPT_FLAG, AT(until_end), NULL,
		"with --serve: end with the input, not by a signal",
		.free = true},
	{"keep", 0, OPT_INT, AT(keep), "N",
		"draw the newest N records (1000000)", .free = true, .least = 1,
		.most = 100000000},
	{"mode", 'm', OPT_ENUM, AT(mode), "append|update|complete",
		"what the batches are: new rows, changed rows, all rows",
		.free = true},
	{"key", 0, OPT_LIST, AT(key), "FIELD,...",
		"with update: the fields that tell rows apart", .free = true},
	OPT_END};

static void
sink_plot_defaults(void *self)
{
	struct sink_plot *s = self;

	s->mode = RESULT_UNTOLD;
	s->keep = KEEP;
	s->bins = 0;
}

/* "3x4"; 0 or -1. */
static int
read_pair(const char *text, size_t most, size_t *a, size_t *b)
{
	int n = 0;

	if (sscanf(text, "%5zux%5zu%n", a, b, &n) != 2 || text[n] != '\0' ||
		strspn(text, "0123456789x") != strlen(text))
		return -1;
	return *a >= 1 && *b >= 1 && *a <= most && *b <= most ? 0 : -1;
}

/* ---- options ---- */

static const struct {
	const char *name;
	size_t least, most; /* fields */
	const char *form;
} kinds[] = {
	[CHART_LINE] = {"line", 1, CHART_SERIES, "X,Y"},
	[CHART_SCATTER] = {"scatter", 1, CHART_SERIES, "X,Y"},
	[CHART_BAR] = {"bar", 1, CHART_SERIES, "LABEL,VALUE"},
	[CHART_HIST] = {"hist", 1, CHART_SERIES, "FIELD"},
	[CHART_HEAT] = {"heat", 1, 3, "ROWS,COLS,VALUE or ROWS"},
};

static int
check_words(struct stage *st, enum chart_kind kind, const struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->s[i][0] == '\0')
			return err_as(st->err, STATUS_USAGE,
				"--%s: a field's "
				"name is missing: it is %s",
				kinds[kind].name, kinds[kind].form);
	if (l->n < kinds[kind].least || l->n > kinds[kind].most ||
		(kind == CHART_HEAT && l->n == 2))
		return err_as(st->err, STATUS_USAGE,
			"--%s is %s, not %zu "
			"fields",
			kinds[kind].name, kinds[kind].form, l->n);
	return 0;
}

/* A picture of its option's words. */
static int
read_picture(struct stage *st, const char *words, struct chart_spec *c)
{
	struct sink_plot *s = STAGE(st, sink_plot);
	const char *equals = strchr(words, '=');
	struct list l = {NULL, 0};
	size_t first;

	while (strlen(kinds[c->kind].name) != (size_t)(equals - words) ||
		memcmp(kinds[c->kind].name, words, (size_t)(equals - words)) !=
			0)
		c->kind++;
	list_add(&l, equals + 1, true);
	if (check_words(st, c->kind, &l) < 0) {
		list_free(&l);
		return -1;
	}
	first = c->kind != CHART_HIST;
	c->wide = first && l.n == 1;
	s->sheet.all = s->sheet.all || c->wide;
	if (first)
		c->x = sheet_want(&s->sheet, l.s[0]);
	c->y = mem_zalloc(l.n * sizeof *c->y);
	for (; first + c->ny < l.n; c->ny++)
		c->y[c->ny] = sheet_want(&s->sheet, l.s[first + c->ny]);
	c->grouped = s->by != NULL && c->kind != CHART_HEAT;
	if (c->grouped)
		c->by = sheet_want(&s->sheet, s->by);
	c->horizontal = s->horizontal;
	c->stacked = s->stacked && c->kind == CHART_BAR;
	c->bins = (size_t)s->bins;
	list_free(&l);
	return 0;
}

static int
read_pictures(struct stage *st)
{
	struct sink_plot *s = STAGE(st, sink_plot);

	if (s->pictures.n == 0 || s->pictures.n > PICTURES)
		return err_as(st->err, STATUS_USAGE,
			s->pictures.n > 0 ? "more than %d pictures"
					  : "what is to be drawn? say "
					    "--line X,Y, --bar LABEL,VALUE, "
					    "--heat ROWS,COLS,VALUE,"
					    " --hist FIELD or --scatter X,Y",
			PICTURES);
	if (s->titles.n > s->pictures.n || s->xlabels.n > s->pictures.n ||
		s->ylabels.n > s->pictures.n)
		return err_as(st->err, STATUS_USAGE,
			"--title, --xlabel and "
			"--ylabel are one for each picture, and there %s %zu",
			s->pictures.n == 1 ? "is" : "are", s->pictures.n);
	s->spec = mem_zalloc(s->pictures.n * sizeof *s->spec);
	for (; s->n < s->pictures.n; s->n++) {
		struct chart_spec *c = &s->spec[s->n];

		if (read_picture(st, s->pictures.s[s->n], c) < 0)
			return -1;
		c->title = s->n < s->titles.n ? s->titles.s[s->n] : NULL;
		c->xlabel = s->n < s->xlabels.n ? s->xlabels.s[s->n] : NULL;
		c->ylabel = s->n < s->ylabels.n ? s->ylabels.s[s->n] : NULL;
	}
	return 0;
}

/* Several pictures stand beside each other, up to three. */
static int
read_layout(struct stage *st)
{
	struct sink_plot *s = STAGE(st, sink_plot);
	struct plot_gnuplot *g = &s->picture;

	g->columns = s->n < 3 ? s->n : s->n == 4 ? 2 : 3;
	g->rows = (s->n + g->columns - 1) / g->columns;
	if (s->layout == NULL)
		return 0;
	if (read_pair(s->layout, PICTURES, &g->rows, &g->columns) < 0)
		return err_as(st->err, STATUS_USAGE,
			"--layout: rows and "
			"columns of pictures are wanted, such as 1x2");
	if (g->rows * g->columns < s->n)
		return err_as(st->err, STATUS_USAGE,
			"--layout %s has no room "
			"for %zu pictures",
			s->layout, s->n);
	return 0;
}

static int
read_outputs(struct stage *st)
{
	struct sink_plot *s = STAGE(st, sink_plot);
	struct plot_gnuplot *g = &s->picture;

	g->path = s->output;
	if (s->output != NULL && plot_gnuplot_format(s->output, &g->format) < 0)
		return err_as(st->err, STATUS_USAGE,
			"--output: the end of the "
			"name says what is drawn: .png, .svg or .pdf");
	if (s->output == NULL && s->serve == NULL)
		s->term = true;
	if (s->until_end && s->serve == NULL)
		return err_as(
			st->err, STATUS_USAGE, "--until-end is for --serve");
	if (s->size == NULL)
		return 0;
	if (s->output != NULL &&
		(read_pair(s->size, 10000, &g->width, &g->height) < 0 ||
			g->width < 100 || g->height < 100))
		return err_as(st->err, STATUS_USAGE,
			"--size: width and height "
			"in pixels are wanted, 100x100 to 10000x10000");
	if (s->output == NULL && s->term &&
		(read_pair(s->size, 1000, &s->term_columns, &s->term_lines) <
				0 ||
			s->term_columns < 30 || s->term_lines < 8))
		return err_as(st->err, STATUS_USAGE,
			"--size: columns and "
			"lines are wanted, 30x8 to 1000x1000");
	return s->output != NULL || s->term
		? 0
		: err_as(st->err, STATUS_USAGE,
			  "--size is for --output and "
			  "--term");
}

/* The page is there before the first record is. */
static int
open_server(struct stage *st)
{
	struct sink_plot *s = STAGE(st, sink_plot);
	char port[16];

	s->server = plot_serve_open(s->serve, st->err);
	if (s->server == NULL)
		return -1;
	snprintf(port, sizeof port, "%d", plot_serve_port(s->server));
	if (plot_serve_port(s->server) > 0)
		stage_warn(st,
			strchr(plot_serve_host(s->server), ':') != NULL
				? "the page is http://[%s]:%s/"
				: "the page is http://%s:%s/",
			plot_serve_host(s->server), port);
	plot_serve_show(
		s->server, "waiting for data", "<p>Waiting for data.</p>", 24);
	stage_ready_as(st, port);
	return 0;
}

static int
sink_plot_open(struct stage *st)
{
	struct sink_plot *s = STAGE(st, sink_plot);

	buf_init(&s->row_key);
	buf_init(&s->text);
	buf_init(&s->page);
	sheet_init(&s->sheet, (size_t)s->keep);
	if (read_pictures(st) < 0 || read_layout(st) < 0 ||
		read_outputs(st) < 0)
		return -1;
	if (s->key.n > 0 && s->mode + 1 != MODE_UPDATE)
		return err_as(
			st->err, STATUS_USAGE, "--key is for --mode update");
	return s->serve == NULL || st->explain ? 0 : open_server(st);
}

/* ---- the plan ---- */

/* In mode update: the fields of --key, those of the aggregation, or what stands
 * on the x axis. */
static int
find_keys(struct stage *st, const struct plan *p)
{
	struct sink_plot *s = STAGE(st, sink_plot);
	struct list x = {NULL, 0};
	const struct list *from = s->key.n > 0 ? &s->key : &p->keys;
	int ret = 0;

	if (s->result != MODE_UPDATE)
		return 0;
	if (from->n == 0 && p->aggregated) {
		s->result = MODE_COMPLETE; /* it has one row */
		return 0;
	}
	for (size_t i = 0; from->n == 0 && i < s->sheet.ncolumns; i++)
		if (i == s->spec[0].x ||
			(s->spec[0].grouped && i == s->spec[0].by) ||
			(s->spec[0].kind == CHART_HEAT && !s->spec[0].wide &&
				i == s->spec[0].y[0]))
			list_add(&x, s->sheet.column[i].field->path, false);
	if (from->n == 0)
		from = &x;
	fields_init(&s->keys, from, false, NULL);
	if (s->key.n > 0)
		ret = fields_bind(&s->keys, p, st->err);
	list_free(&x);
	return ret;
}

static int
sink_plot_plan(struct stage *st, struct plan *p)
{
	struct sink_plot *s = STAGE(st, sink_plot);

	for (size_t i = 0; i < s->sheet.ncolumns; i++) {
		struct field *f = s->sheet.column[i].field;

		stage_watch(st, f);
		if (plan_bind(p, f, NULL, st->err) < 0)
			return -1;
	}
	return result_mode(st, s->mode, p, &s->result) < 0 ? -1
							   : find_keys(st, p);
}

/* ---- the beginning ---- */

static int
sink_plot_restore(struct stage *st)
{
	struct sink_plot *s = STAGE(st, sink_plot);

	if (s->output != NULL && plot_gnuplot_check(&s->picture, st->err) < 0)
		return -1;
	if (s->term && stage_terminal(st))
		stage_watch_screen();
	return stage_elsewhere(st);
}

static void
sink_plot_target(struct stage *st, struct buf *what, struct buf *path)
{
	struct sink_plot *s = STAGE(st, sink_plot);

	if (s->output != NULL) {
		buf_str(what, "picture ");
		buf_str(path, s->output);
		return;
	}
	buf_str(what, s->term ? "to standard output" : "to browsers");
}

/* ---- drawing ---- */

static void
build(struct stage *st, struct chart *charts)
{
	struct sink_plot *s = STAGE(st, sink_plot);

	for (size_t i = 0; i < s->n; i++)
		chart_build(&charts[i], &s->spec[i], &s->sheet, stage_zone(st));
}

/* On the terminal each drawing takes the place of the last. */
static void
draw_term(struct stage *st, const struct chart *charts)
{
	struct sink_plot *s = STAGE(st, sink_plot);
	struct plot_term t = {.columns = COLUMNS, .color = stage_terminal(st)};
	size_t lines = 0,
	       columns = stage_terminal(st) ? stage_columns(st, &lines) : 0;

	s->columns = columns;
	s->screen = lines;
	if (columns > 0)
		t.columns = columns;
	if (lines > s->n + 1)
		t.lines = (lines - 1) / s->n;
	if (s->term_columns > 0) {
		t.columns = s->term_columns;
		t.lines = s->term_lines;
	}
	buf_clear(&s->text);
	if (s->lines > 0 && t.color)
		buf_str(&s->text, s->lines >= lines ? "\033[H\033[J" : "");
	if (s->lines > 0 && t.color && s->lines < lines)
		buf_printf(&s->text, "\033[%zuF\033[J", s->lines);
	else if (s->drawn && !t.color)
		buf_byte(&s->text, '\n');
	if (t.color)
		buf_str(&s->text, "\033[?7l");
	s->lines = s->text.n;
	for (size_t i = 0; i < s->n; i++)
		plot_term_draw(&charts[i], &t, &s->text);
	for (size_t i = s->lines, n = 0; i <= s->text.n; i++) {
		if (i == s->text.n)
			s->lines = n;
		else
			n += s->text.p[i] == '\n';
	}
	if (t.color)
		buf_str(&s->text, "\033[?7h");
	stage_print(st, s->text.p, s->text.n);
}

static void
draw_page(struct stage *st, const struct chart *charts)
{
	struct sink_plot *s = STAGE(st, sink_plot);
	const char *title = "sink-plot";

	buf_clear(&s->page);
	plot_svg_shared(&s->page);
	buf_str(&s->page, "<div id=\"charts\">\n");
	for (size_t i = 0; i < s->n; i++) {
		plot_svg_draw(&charts[i], &s->page);
		if (*title == 's' && charts[i].title[0] != '\0')
			title = charts[i].title;
	}
	buf_str(&s->page, "</div>\n");
	plot_svg_table(&s->sheet, stage_zone(st), &s->page);
	plot_serve_show(s->server, title, s->page.p, s->page.n);
}

/* What is not in a picture is told of, once. */
static void
tell(struct stage *st, const struct chart *charts)
{
	struct sink_plot *s = STAGE(st, sink_plot);
	size_t wrong = 0, more = 0;

	for (size_t i = 0; i < s->n; i++) {
		wrong += charts[i].wrong;
		more += charts[i].more;
	}
	if (wrong > 0)
		stage_warn(st, "%zu value%s no number%s, and %s left out",
			wrong, wrong == 1 ? " is" : "s are",
			wrong == 1 ? "" : "s", wrong == 1 ? "is" : "are");
	if (more > 0)
		stage_warn(st,
			"%zu value%s of more than %d labels or %d series "
			"%s left out: order and take the first, or group them",
			more, more == 1 ? "" : "s", CHART_LABELS, CHART_SERIES,
			more == 1 ? "is" : "are");
	if (s->sheet.gone > 0)
		stage_warn(st,
			"the newest %zu records are drawn: --keep N for "
			"more",
			(size_t)s->keep);
	s->full = s->full || wrong > 0 || more > 0 || s->sheet.gone > 0;
}

static int
draw(struct stage *st, bool terminal_alone)
{
	struct sink_plot *s = STAGE(st, sink_plot);
	struct chart *charts = mem_zalloc(s->n * sizeof *charts);
	/* A restart to which nothing comes leaves the picture that is there. */
	bool file = s->output != NULL && (s->changed || st->in.resume <= 0);
	int ret = 0;

	build(st, charts);
	if (s->term)
		draw_term(st, charts);
	if (s->serve != NULL && !terminal_alone)
		draw_page(st, charts);
	if (file && !terminal_alone)
		ret = plot_gnuplot_draw(&s->picture, charts, s->n, st->err);
	if (!s->full)
		tell(st, charts);
	for (size_t i = 0; i < s->n; i++)
		chart_release(&charts[i]);
	free(charts);
	s->drawn = true;
	s->changed = false;
	return ret;
}

/* ---- records and batches ---- */

static int
sink_plot_begin(struct stage *st, struct batch *b)
{
	struct sink_plot *s = STAGE(st, sink_plot);

	/* The result is given anew; where nothing comes it stays. */
	s->changed = false;
	return 0;
}

static int
sink_plot_record(struct stage *st, struct record *r)
{
	struct sink_plot *s = STAGE(st, sink_plot);

	if (s->result == MODE_COMPLETE && !s->changed)
		sheet_clear(&s->sheet);
	s->changed = true;
	buf_clear(&s->row_key);
	for (size_t i = 0; i < s->keys.n; i++)
		key_encode(record_get(r, &s->keys.f[i]), &s->row_key);
	if (s->server != NULL && st->records_in % TURN_EVERY == 0)
		plot_serve_turn(s->server);
	return sheet_add(&s->sheet, r, &s->row_key, st->err);
}

/* The page stays until somebody stops the program. */
static int
stay(struct stage *st)
{
	struct sink_plot *s = STAGE(st, sink_plot);

	plot_serve_end(s->server);
	if (stage_flush(st) < 0)
		return -1;
	while (!stage_stopping()) {
		int64_t deadline = time_now() + TIME_SECOND / 2;
		struct pollfd fd;

		plot_serve_wait(s->server, &fd, &deadline);
		/* A signal may come just before it waits. */
		if (poll(&fd, 1, 500) < 0 && errno != EINTR)
			return err_sys(st->err, "cannot wait");
		plot_serve_turn(s->server);
	}
	return 0;
}

static int
end(struct stage *st)
{
	struct sink_plot *s = STAGE(st, sink_plot);

	if (!s->drawn && draw(st, false) < 0)
		return -1;
	if (s->server == NULL)
		return 0;
	plot_serve_end(s->server);
	return s->until_end ? 0 : stay(st);
}

static int
sink_plot_batch(struct stage *st, struct batch *b)
{
	struct sink_plot *s = STAGE(st, sink_plot);

	/* A complete result without rows is one, too. */
	if (s->result == MODE_COMPLETE && !s->changed && !b->empty) {
		s->changed = s->sheet.rows > 0;
		sheet_clear(&s->sheet);
	}
	if (s->changed && draw(st, false) < 0)
		return -1;
	return b->whole && !st->in.stream ? end(st) : 0;
}

static int
sink_plot_eof(struct stage *st, struct batch *b)
{
	return end(st);
}

/* ---- waiting ---- */

static int
sink_plot_wait(struct stage *st, struct pollfd *fds, int max, int64_t *deadline)
{
	struct sink_plot *s = STAGE(st, sink_plot);
	size_t lines, columns;

	if (s->term && s->drawn && stage_terminal(st)) {
		columns = stage_columns(st, &lines);
		if ((columns != s->columns || lines != s->screen) &&
			draw(st, true) < 0)
			return -1;
	}
	if (s->server == NULL || max < 1)
		return 0;
	plot_serve_wait(s->server, fds, deadline);
	return 1;
}

static int
sink_plot_pull(struct stage *st)
{
	plot_serve_turn(STAGE(st, sink_plot)->server);
	return 0;
}

static void
sink_plot_close(struct stage *st)
{
	struct sink_plot *s = STAGE(st, sink_plot);

	plot_serve_close(s->server);
	for (size_t i = 0; s->spec != NULL && i < s->pictures.n; i++)
		free(s->spec[i].y);
	free(s->spec);
	sheet_release(&s->sheet);
	plot_fonts_release(&s->picture.fonts);
	fields_release(&s->keys);
	buf_release(&s->row_key);
	buf_release(&s->text);
	buf_release(&s->page);
}

static bool
sink_plot_prints(const struct stage *st)
{
	const struct sink_plot *s = STAGE(st, sink_plot);

	return s->term;
}

static const struct sink sink_plot_sink = {
	.restore = sink_plot_restore,
	.target = sink_plot_target,
	.prints = sink_plot_prints,
};
static const struct waiter sink_plot_waiter = {
	.wait = sink_plot_wait,
	.pull = sink_plot_pull,
};
static const struct opt_slip sink_plot_slips[] = {
	{"heatmap", "say --heat ROWS,COLS,VALUE"},
	{"histogram", "say --hist FIELD"},
	{"barh", "say --bar LABEL,VALUE --horizontal"}, {NULL, NULL}};

const struct op op_sink_plot = {
	.name = "sink-plot",
	.about = "draw each batch: into a file, on the terminal, for browsers",
	.synopsis = "--line X,Y | --bar LABEL,VALUE | --heat ROWS,COLS,VALUE | "
		    "... [--output FILE.png | --term | --serve ADDRESS]",
	.opts = sink_plot_opts,
	.slips = sink_plot_slips,
	.size = sizeof(struct sink_plot),
	.flags = OP_READY | OP_HOLDS,
	.defaults = sink_plot_defaults,
	.open = sink_plot_open,
	.plan = sink_plot_plan,
	.begin = sink_plot_begin,
	.record = sink_plot_record,
	.batch = sink_plot_batch,
	.eof = sink_plot_eof,
	.sink = &sink_plot_sink,
	.waiter = &sink_plot_waiter,
	.close = sink_plot_close,
};
