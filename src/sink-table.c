/*
 * sink-table: show each batch as a table on the terminal or as plain text for
 * other programs, or keep the result in a table of an SQLite database.
 *
 * Time: none; times are shown in the zone of --zone or the header.
 * Watermark: ends here.
 * State: none of its own; with --db the table is the state.
 * Restart: with a checkpoint, batches that the table has are skipped.
 *
 * It is long because there are two sinks in it, a terminal's and a database's,
 * that share the options and the fields that go out.
 */
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "time/time.h"
#include "value/key.h"
#include "io/replace.h"
#include "recovery/state/state.h"
#include "runtime/stage.h"
#include "sinks/db/dbtable.h"
#include "sinks/draw.h"
#include "sinks/plainout.h"
#include "sinks/result.h"

#define HYPHENS "-------------------------------------------\n"
#define CONSOLE_ROWS 20
#define CONSOLE_CUT 20
#define PPRINT_ROWS 10
#define BLOCK 65536 /* of text to be printed */

enum { STYLE_CONSOLE, STYLE_PPRINT, STYLE_CSV, STYLE_TSV, STYLE_MARKDOWN };
enum { UNTOLD = -1 };

struct sink_table {
	/* options */
	const char *db;
	const char *table;
	struct result result; /* --mode, --key: what is done with its rows */
	int64_t rows;
	int64_t truncate;
	bool no_truncate;
	bool live;
	int style; /* UNTOLD */
	bool no_header;
	const char *output;
	/* state */
	struct draw draw;
	bool drawing;          /* draw has been initialized */
	bool shown;            /* a table has been printed */
	struct batch last;     /* the batch before */
	size_t lines;          /* of the last one, with --live */
	uint64_t count;        /* records of the batch, by pprint */
	struct buf text;       /* its lines; what is printed */
	struct dbtable *to;    /* --db */
	bool skip;             /* it has this batch already */
	struct plainout plain; /* the styles from CSV on */
	struct buf row_key;
};

#define AT(member) offsetof(struct sink_table, member)

static const struct opt sink_table_opts[] = {
	{"db", 0, OPT_STRING, AT(db), "FILE",
		"keep the result in this SQLite database", true},
	{"table", 0, OPT_STRING, AT(table), "NAME", "in this table"},
	{"mode", 'm', OPT_ENUM, AT(result.told), "append|update|complete",
		"what the batches are: new rows, changed rows, all rows"},
	{"key", 0, OPT_LIST, AT(result.key), "FIELD,...",
		"with update: the fields that tell rows apart"},
	{"rows", 0, OPT_INT, AT(rows), "N",
		"show at most N rows of a batch (20; pprint: 10)"},
	{"truncate", 0, OPT_INT, AT(truncate), "N",
		"cut values to N characters (20)", .most = INT_MAX},
	{"no-truncate", 0, OPT_FLAG, AT(no_truncate), NULL,
		"show values whole"},
	{"live", 0, OPT_FLAG, AT(live), NULL,
		"draw each table in the place of the last"},
	{"style", 0, OPT_ENUM, AT(style), "console|pprint|csv|tsv|markdown",
		"as Spark's console sink, as DStreams print, or plain text"},
	{"no-header", 0, OPT_FLAG, AT(no_header), NULL,
		"csv, tsv, markdown: without the line of names"},
	{"output", 'o', OPT_STRING, AT(output), "FILE",
		"csv, tsv, markdown: into this file, replaced as a whole",
		true},
	OPT_END};

static void
sink_table_defaults(void *self)
{
	struct sink_table *s = self;

	s->result.told = RESULT_UNTOLD;
	s->rows = UNTOLD;
	s->truncate = UNTOLD;
	s->style = UNTOLD;
	plainout_init(&s->plain, PLAINTEXT_CSV);
}

static bool
is_plain(const struct sink_table *s)
{
	return s->style >= STYLE_CSV;
}

/* What is written to a file that is called so. */
static int
style_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (dot == NULL)
		return UNTOLD;
	return strcasecmp(dot, ".csv") == 0    ? STYLE_CSV
		: strcasecmp(dot, ".tsv") == 0 ? STYLE_TSV
		: strcasecmp(dot, ".md") == 0  ? STYLE_MARKDOWN
					       : UNTOLD;
}

/* The style, and what goes with which. */
static int
check_style(struct stage *st)
{
	struct sink_table *s = STAGE(st, sink_table);

	if (s->output != NULL && *s->output == '\0')
		return err_as(
			st->err, STATUS_USAGE, "--output: the name is empty");
	if (s->output != NULL && s->style == UNTOLD &&
		strcmp(s->output, "-") != 0)
		s->style = style_of(s->output);
	if (s->output != NULL && !is_plain(s) && s->db == NULL)
		return err_as(st->err, STATUS_USAGE,
			"--output is for --style "
			"csv, tsv or markdown%s",
			s->style == UNTOLD ? ": say which (or name the file "
					     ".csv, .tsv or .md)"
					   : "; others go to a file by > FILE");
	if (s->no_header && !is_plain(s))
		return err_as(st->err, STATUS_USAGE,
			"--no-header is for "
			"--style csv, tsv or markdown");
	if (is_plain(s) && (s->live || s->no_truncate || s->truncate != UNTOLD))
		return err_as(st->err, STATUS_USAGE,
			"--style csv, tsv and "
			"markdown show values whole: leave --truncate, "
			"--no-truncate and --live away");
	if (s->output != NULL && strcmp(s->output, "-") == 0)
		s->output = NULL;
	if (s->style == UNTOLD && s->db == NULL)
		s->style = STYLE_CONSOLE;
	return 0;
}

static int
sink_table_open(struct stage *st)
{
	struct sink_table *s = STAGE(st, sink_table);
	char name[200];

	buf_init(&s->text);
	buf_init(&s->row_key);
	if ((s->db == NULL) != (s->table == NULL))
		return err_as(st->err, STATUS_USAGE, "%s needs %s",
			s->db == NULL ? "--table NAME" : "--db FILE",
			s->db == NULL ? "--db FILE" : "--table NAME");
	if (s->table != NULL && *s->table == '\0')
		return err_as(
			st->err, STATUS_USAGE, "--table: the name is empty");
	if (s->table != NULL &&
		(strncasecmp(s->table, "_bief_", 6) == 0 ||
			strncasecmp(s->table, "sqlite_", 7) == 0))
		return err_as(st->err, STATUS_USAGE,
			"--table: '%s' is a name of %s own: take another one",
			s->table, *s->table == '_' ? "bief's" : "SQLite's");
	if (s->db != NULL &&
		(*s->db == '\0' || strcmp(s->db, ":memory:") == 0 ||
			strncmp(s->db, "file:", 5) == 0))
		return err_as(st->err, STATUS_USAGE,
			"--db: '%s' is no file, "
			"and nothing would be kept in it: name the file%s",
			err_quote(name, sizeof name, s->db, strlen(s->db)),
			*s->db == 'f' ? " itself (./file:... where it is "
					"called so)"
				      : "");
	if (s->db != NULL &&
		(s->live || s->no_truncate || s->rows != UNTOLD ||
			s->truncate != UNTOLD || s->style != UNTOLD ||
			s->no_header || s->output != NULL))
		return err_as(st->err, STATUS_USAGE,
			"--db shows nothing: leave --rows, --truncate, "
			"--no-truncate, --live%s and --style away",
			s->output != NULL      ? ", --output"
				: s->no_header ? ", --no-header"
					       : "");
	if (check_style(st) < 0)
		return -1;
	if (s->result.key.n > 0 &&
		((s->db == NULL && s->output == NULL) ||
			s->result.told + 1 != MODE_UPDATE))
		return err_as(st->err, STATUS_USAGE,
			"--key is for --db or "
			"--output, with --mode update");
	if (s->no_truncate && s->truncate != UNTOLD)
		return err_as(st->err, STATUS_USAGE,
			"--truncate and --no-truncate exclude each other");
	return 0;
}

/* Rows of plain text. */
static int
plan_plain(struct stage *st, struct plan *p)
{
	struct sink_table *s = STAGE(st, sink_table);

	s->plain.rows.kind = (enum plaintext_kind)(s->style - STYLE_CSV);
	s->plain.path = s->output;
	s->plain.no_header = s->no_header;
	s->plain.most = s->rows == UNTOLD ? 0 : (uint64_t)s->rows;
	s->plain.mode = p->whole ? MODE_APPEND : s->result.mode;
	s->plain.fixed = p->fields != NULL;
	plaintext_fields(&s->plain.rows, p->fields);
	if (s->output == NULL)
		return 0;
	if ((p->checkpoint != NULL || p->recovers) &&
		s->result.mode != MODE_COMPLETE)
		return err_as(st->err, STATUS_USAGE,
			"--output holds what one "
			"run gives, and with a checkpoint that is what is new: "
			"say --mode complete to agg, or keep the result by "
			"--db or sink-files");
	if (result_find_keys(st, &s->result, p) < 0)
		return -1;
	if (s->result.mode == MODE_UPDATE)
		s->plain.kept = state_new(stage_max_state(st));
	return 0;
}

static int
sink_table_plan(struct stage *st, struct plan *p)
{
	struct sink_table *s = STAGE(st, sink_table);

	if (result_find_mode(st, &s->result, p) < 0)
		return -1;
	if (s->db != NULL)
		return result_find_keys(st, &s->result, p);
	if (is_plain(s))
		return plan_plain(st, p);
	if (s->style == STYLE_PPRINT)
		return 0;
	draw_init(&s->draw, st->in.fields, stage_zone(st), stage_terminal(st));
	s->drawing = true;
	s->draw.rows = s->rows == UNTOLD ? CONSOLE_ROWS : (uint64_t)s->rows;
	s->draw.cut = s->truncate == UNTOLD ? CONSOLE_CUT : (size_t)s->truncate;
	if (s->no_truncate)
		s->draw.cut = 0;
	return 0;
}

/* The table is opened when the sink has its place in the checkpoint. */
static int
sink_table_restore(struct stage *st)
{
	struct sink_table *s = STAGE(st, sink_table);
	bool lost = false;
	struct dbtable_options o = {.path = s->db,
		.table = s->table,
		.mode = s->result.mode,
		.told = s->result.told != RESULT_UNTOLD,
		.keys = &s->result.keys,
		.fields = st->in.fields,
		.identity = st->in.identity,
		.sink = st->out.stage,
		.lost = &lost};

	if (s->output != NULL && replace_check(s->output, st->err) < 0)
		return -1;
	if (s->db == NULL)
		return stage_elsewhere(st);
	o.committed = stage_committed(st, &o.start);
	s->to = dbtable_open(&o, st->err);
	if (s->to == NULL && lost)
		stage_elsewhere(st);
	return s->to == NULL ? -1 : 0;
}

static void
sink_table_target(struct stage *st, struct buf *what, struct buf *path)
{
	struct sink_table *s = STAGE(st, sink_table);

	if (s->output != NULL) {
		buf_str(what, "to ");
		buf_str(path, s->output);
		return;
	}
	if (s->db == NULL) {
		buf_str(what, "to standard output");
		return;
	}
	buf_printf(what, "table %s of ", s->table);
	buf_str(path, s->db);
}

static int
sink_table_begin(struct stage *st, struct batch *b)
{
	struct sink_table *s = STAGE(st, sink_table);

	s->skip = s->to != NULL && dbtable_has(s->to, b->number);
	return 0;
}

static uint64_t
pprint_rows(const struct sink_table *s)
{
	return s->rows == UNTOLD ? PPRINT_ROWS : (uint64_t)s->rows;
}

static int
add_row(struct stage *st, struct record *r)
{
	struct sink_table *s = STAGE(st, sink_table);
	int ret;

	if (result_check(st, &s->result, r) < 0)
		return -1;
	ret = dbtable_add(s->to, r, st->err);
	return ret == 1 ? stage_reject(st, r, "%s", st->err->text) : ret;
}

/* Let out the text that has been gathered; a terminal does not obey it. */
static void
print_plain(struct stage *st)
{
	struct buf *text = &STAGE(st, sink_table)->plain.text;

	for (size_t i = 0; stage_terminal(st) && i < text->n; i++) {
		unsigned char c = (unsigned char)text->p[i];

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			text->p[i] = '?';
		else if (c == 0xc2 && i + 1 < text->n &&
			(unsigned char)text->p[i + 1] < 0xa0)
			text->p[i] = text->p[i + 1] = '?'; /* C1 */
	}
	stage_print(st, text->p, text->n);
	buf_clear(text);
}

static int
plain_record(struct stage *st, struct record *r)
{
	struct sink_table *s = STAGE(st, sink_table);
	const char *why = plaintext_bind(&s->plain.rows, r);

	if (why != NULL)
		return stage_reject(st, r, "%s", why);
	if (s->plain.kept != NULL) {
		if (result_check(st, &s->result, r) < 0)
			return -1;
		buf_clear(&s->row_key);
		for (size_t i = 0; i < s->result.key_at.n; i++)
			key_encode(record_get(r, &s->result.key_at.f[i]),
				&s->row_key);
	}
	if (plainout_add(&s->plain, r, &s->row_key, st->err) < 0)
		return -1;
	if (s->output == NULL && s->plain.text.n >= BLOCK)
		print_plain(st);
	return 0;
}

static int
sink_table_record(struct stage *st, struct record *r)
{
	struct sink_table *s = STAGE(st, sink_table);

	if (is_plain(s))
		return plain_record(st, r);

	if (s->db != NULL)
		return s->skip ? 0 : add_row(st, r);
	if (s->style == STYLE_CONSOLE) {
		draw_record(&s->draw, r);
		return 0;
	}
	if (s->count++ < pprint_rows(s)) {
		draw_python(&s->text, r);
		buf_byte(&s->text, '\n');
	}
	return 0;
}

/* What has left the screen at its top cannot be drawn over: let none do so.
 * (The cursor stands in the line below.) */
static void
fit(struct buf *text, size_t screen)
{
	size_t i, lines = 0, fits = 0;

	for (i = 0; i < text->n; i++)
		if (text->p[i] == '\n' && ++lines + 2 == screen)
			fits = i + 1;
	if (screen == 0 || lines < screen)
		return;
	text->n = fits;
	buf_printf(text, "... and %zu lines for which the screen is too low\n",
		screen > 2 ? lines - (screen - 2) : lines);
}

/* Print what is in s->text, with --live in the place of what was last. */
static void
show(struct stage *st)
{
	struct sink_table *s = STAGE(st, sink_table);
	bool live = s->live && stage_terminal(st);
	size_t i, screen = live ? stage_screen(st) : 0;
	struct buf head;

	buf_init(&head);
	fit(&s->text, screen);
	if (screen > 0 && s->lines >= screen)
		s->lines = screen - 1; /* it has become lower */
	if (live && s->lines > 0)
		buf_printf(&head, "\033[%zuF\033[J", s->lines);
	if (live) /* a line that is too long must stay one line */
		buf_str(&head, "\033[?7l");
	stage_print(st, head.p, head.n);
	if (live)
		buf_str(&s->text, "\033[?7h");
	stage_print(st, s->text.p, s->text.n);
	for (s->lines = i = 0; i < s->text.n; i++)
		s->lines += s->text.p[i] == '\n';
	buf_clear(&s->text);
	buf_release(&head);
	s->shown = true;
}

static void
console(struct stage *st, const struct batch *b)
{
	struct sink_table *s = STAGE(st, sink_table);

	buf_printf(&s->text, HYPHENS "Batch: %lld\n" HYPHENS,
		(long long)(b->number > 0 ? b->number : 0));
	draw_print(&s->draw, &s->text);
	draw_clear(&s->draw);
	show(st);
}

static void
pprint(struct stage *st, const struct batch *b)
{
	struct sink_table *s = STAGE(st, sink_table);
	/* DStreams call a batch by the tick that ends it. */
	int64_t step = st->in.interval_us;
	int64_t us = step > 0 ? (time_floor_div(b->time_us, step) + 1) * step
			      : b->time_us;
	int64_t second = time_floor_div(us, TIME_SECOND) * TIME_SECOND;
	int64_t fraction = us - second;
	char time[TIME_MAX + 1];
	struct buf lines = s->text;

	time[time_format_show(second, stage_zone(st), time)] = '\0';
	buf_init(&s->text);
	buf_printf(&s->text, HYPHENS "Time: %s", time);
	if (fraction != 0)
		buf_printf(&s->text, ".%06d", (int)fraction);
	buf_str(&s->text, "\n" HYPHENS);
	buf_add(&s->text, lines.p, lines.n);
	buf_str(&s->text, s->count > pprint_rows(s) ? "...\n\n" : "\n");
	buf_release(&lines);
	s->count = 0;
	show(st);
}

/* Of windows by arrival (window --every): does none come with this batch? */
static bool
between_windows(const struct stage *st, const struct batch *b)
{
	return st->in.arrival && b->watermark == st->now.watermark;
}

static int
plain_batch(struct stage *st, const struct batch *b)
{
	struct sink_table *s = STAGE(st, sink_table);
	bool due = s->plain.mode == MODE_COMPLETE && !b->empty;

	if (result_check_seen(st, &s->result) < 0 ||
		plainout_batch(&s->plain, due, st->err) < 0)
		return -1;
	if (b->whole && plainout_end(&s->plain, st->err) < 0)
		return -1;
	if (s->output == NULL)
		print_plain(st);
	return 0;
}

static int
sink_table_batch(struct stage *st, struct batch *b)
{
	struct sink_table *s = STAGE(st, sink_table);

	if (s->db != NULL)
		return s->skip ? 0
			: result_check_seen(st, &s->result) < 0
			? -1
			: dbtable_write(s->to, b->number, b->empty, st->err);
	if (is_plain(s))
		return plain_batch(st, b);
	/* An empty batch is nothing to look at, unless it is the result. */
	if (s->style == STYLE_PPRINT) {
		if (!between_windows(st, b))
			pprint(st, b);
	} else if (!draw_empty(&s->draw) || b->whole ||
		(draw_has_columns(&s->draw) && st->in.mode == MODE_COMPLETE &&
			!b->empty))
		console(st, b);
	s->last = *b;
	return 0;
}

/* There was nothing to show: then a table without rows, as in Spark. */
static int
sink_table_eof(struct stage *st, struct batch *b)
{
	struct sink_table *s = STAGE(st, sink_table);

	if (s->drawing && !s->shown)
		console(st, &s->last);
	/* A restart to which nothing comes leaves the file that is there. */
	if (is_plain(s) && (s->output == NULL || st->in.resume <= 0)) {
		if (plainout_end(&s->plain, st->err) < 0)
			return -1;
		if (s->output == NULL)
			print_plain(st);
	}
	return s->to != NULL ? dbtable_end(s->to, st->err) : 0;
}

static int
sink_table_commit(struct stage *st, const struct batch *b)
{
	struct sink_table *s = STAGE(st, sink_table);

	if (s->to == NULL)
		return 0;
	if (dbtable_commit(s->to, st->err) < 0)
		return -1;
	return b->whole ? dbtable_end(s->to, st->err) : 0;
}

static void
sink_table_close(struct stage *st)
{
	struct sink_table *s = STAGE(st, sink_table);

	dbtable_close(s->to);
	plainout_release(&s->plain);
	buf_release(&s->row_key);
	if (s->drawing)
		draw_release(&s->draw);
	result_release(&s->result);
	buf_release(&s->text);
}

static bool
sink_table_prints(const struct stage *st)
{
	const struct sink_table *s = STAGE(st, sink_table);

	return s->db == NULL && s->output == NULL;
}

static const struct sink sink_table_sink = {
	.restore = sink_table_restore,
	.commit = sink_table_commit,
	.target = sink_table_target,
	.prints = sink_table_prints,
};

const struct op op_sink_table = {
	.name = "sink-table",
	.about = "show each batch as a table or as text, or keep it in SQLite",
	.synopsis = "[--style STYLE [--output FILE] | --db FILE --table NAME] "
		    "[--mode append|update|complete]",
	.opts = sink_table_opts,
	.size = sizeof(struct sink_table),
	.flags = OP_HOLDS,
	.defaults = sink_table_defaults,
	.open = sink_table_open,
	.plan = sink_table_plan,
	.begin = sink_table_begin,
	.record = sink_table_record,
	.batch = sink_table_batch,
	.eof = sink_table_eof,
	.sink = &sink_table_sink,
	.close = sink_table_close,
};
