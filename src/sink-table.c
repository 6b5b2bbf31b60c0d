/*
 * sink-table: show each batch as a table on the terminal, or keep the result in
 * a table of an SQLite database.
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
#include "sinks/dbtable.h"
#include "sinks/draw.h"
#include "floor/err.h"
#include "runtime/fields.h"
#include "runtime/modes.h"
#include "value/path.h"
#include "runtime/stage.h"
#include "types/schema.h"
#include "time/time.h"

#define HYPHENS "-------------------------------------------\n"
#define CONSOLE_ROWS 20
#define CONSOLE_CUT 20
#define PPRINT_ROWS 10

enum { STYLE_CONSOLE, STYLE_PPRINT };
enum { UNTOLD = -1 };

struct sink_table {
	/* options */
	const char *db;
	const char *table;
	int mode; /* enum mode less one; UNTOLD */
	struct list key;
	int64_t rows;
	int64_t truncate;
	bool no_truncate;
	bool live;
	int style;
	/* state */
	struct draw draw;
	bool drawing;         /* draw has been initialized */
	bool shown;           /* a table has been printed */
	struct batch last;    /* the batch before */
	size_t lines;         /* of the last one, with --live */
	uint64_t count;       /* records of the batch, by pprint */
	struct buf text;      /* its lines; what is printed */
	struct dbtable *to;   /* --db */
	enum mode result;     /* what is done with its rows */
	struct list keys;     /* of the rows in it */
	struct fields key_at; /* the same, in a record */
	bool skip;            /* it has this batch already */
};

#define AT(member) offsetof(struct sink_table, member)

static const struct opt sink_table_opts[] = {
	{"db", 0, OPT_STRING, AT(db), "FILE",
		"keep the result in this SQLite database", true},
	{"table", 0, OPT_STRING, AT(table), "NAME", "in this table"},
	{"mode", 'm', OPT_ENUM, AT(mode), "append|update|complete",
		"what the batches are: new rows, changed rows, all rows"},
	{"key", 0, OPT_LIST, AT(key), "FIELD,...",
		"with update: the fields that tell rows apart"},
	{"rows", 0, OPT_INT, AT(rows), "N",
		"show at most N rows of a batch (20; pprint: 10)"},
	{"truncate", 0, OPT_INT, AT(truncate), "N",
		"cut values to N characters (20)", .most = INT_MAX},
	{"no-truncate", 0, OPT_FLAG, AT(no_truncate), NULL,
		"show values whole"},
	{"live", 0, OPT_FLAG, AT(live), NULL,
		"draw each table in the place of the last"},
	{"style", 0, OPT_ENUM, AT(style), "console|pprint",
		"as Spark's console sink, or as DStreams print"},
	OPT_END};

static void
sink_table_defaults(void *self)
{
	struct sink_table *s = self;

	s->mode = UNTOLD;
	s->rows = UNTOLD;
	s->truncate = UNTOLD;
}

static int
sink_table_open(struct stage *st)
{
	struct sink_table *s = STAGE(st, sink_table);
	char name[200];

	buf_init(&s->text);
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
			s->truncate != UNTOLD || s->style != STYLE_CONSOLE))
		return err_as(st->err, STATUS_USAGE,
			"--db shows nothing: leave --rows, --truncate, "
			"--no-truncate, --live and --style away");
	if (s->key.n > 0 && (s->db == NULL || s->mode + 1 != MODE_UPDATE))
		return err_as(st->err, STATUS_USAGE,
			"--key is for --db with --mode update");
	if (s->no_truncate && s->truncate != UNTOLD)
		return err_as(st->err, STATUS_USAGE,
			"--truncate and --no-truncate exclude each other");
	return 0;
}

/* The mode of the result: what was told must be what comes. */
static int
find_mode(struct stage *st, const struct plan *p)
{
	struct sink_table *s = STAGE(st, sink_table);
	enum mode told = s->mode == UNTOLD ? MODE_NONE
					   : (enum mode)(s->mode + 1);

	s->result = told != MODE_NONE ? told : p->mode;
	if (modes_check(p, s->result, st->err) < 0)
		return -1;
	if (told == MODE_NONE || p->stream == 0 || p->whole)
		return 0;
	if (p->mode != MODE_NONE && p->mode != told)
		return err_as(st->err, STATUS_USAGE,
			"--mode %s, but what comes is made in mode %s: say "
			"--mode %s to agg too, or leave it away here",
			modes_name(told), modes_name(p->mode),
			modes_name(told));
	return 0;
}

/* The fields of --key, or those that the plan names. */
static int
take_keys(struct stage *st, const struct plan *p)
{
	struct sink_table *s = STAGE(st, sink_table);
	const struct list *from = s->key.n > 0 ? &s->key : &p->keys;

	if (s->key.n > 0) {
		fields_init(&s->key_at, from, false, NULL);
		return fields_bind(&s->key_at, p, st->err);
	}
	s->key_at.f = mem_zalloc((from->n + 1) * sizeof *s->key_at.f);
	for (; s->key_at.n < from->n; s->key_at.n++)
		field_init(&s->key_at.f[s->key_at.n], from->s[s->key_at.n]);
	return 0;
}

/* The fields that tell the rows of an update apart; a single row has none. */
static int
find_keys(struct stage *st, const struct plan *p)
{
	struct sink_table *s = STAGE(st, sink_table);
	size_t i;

	if (take_keys(st, p) < 0)
		return -1;
	if (s->result != MODE_UPDATE)
		return 0;
	for (i = 0; i < s->key_at.n; i++) {
		const char *path = s->key_at.f[i].path;
		char *name = s->key.n > 0 ? path_name(path)
					  : mem_dup(path, strlen(path));

		if (p->fields != NULL &&
			schema_find(p->fields, name, strlen(name)) < 0) {
			err_as(st->err, STATUS_USAGE,
				"the result is "
				"updated by '%s', which is not among the "
				"fields: pick it too, or say --key",
				name);
			free(name);
			return -1;
		}
		list_add(&s->keys, name, false);
		free(name);
	}
	if (s->keys.n > 0)
		return 0;
	if (p->stream == 0)
		return err_as(st->err, STATUS_USAGE,
			"--mode update needs --key FIELD,...: the fields that "
			"tell the rows apart");
	/* Spark: without an aggregation nothing is ever changed; one without
	 * keys has one row. */
	s->result = p->aggregated ? MODE_COMPLETE : MODE_APPEND;
	return 0;
}


static int
sink_table_plan(struct stage *st, struct plan *p)
{
	struct sink_table *s = STAGE(st, sink_table);

	if (find_mode(st, p) < 0)
		return -1;
	if (s->db != NULL)
		return find_keys(st, p);
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
		.mode = s->result,
		.told = s->mode != UNTOLD,
		.keys = &s->keys,
		.fields = st->in.fields,
		.identity = st->in.identity,
		.sink = st->out.stage,
		.lost = &lost};

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

/* The windows of records that need not have one. */
static bool
may_lack(const struct stage *st, const char *key)
{
	return st->in.fields == NULL && st->in.window_us == 0 &&
		st->in.session_us == 0 && strncmp(key, "window_", 7) == 0;
}

/* Rows without their key would replace each other.  What the user names may be
 * missing here and there, which is a null. */
static int
check_keys(struct stage *st, const struct record *r)
{
	struct sink_table *s = STAGE(st, sink_table);

	for (size_t i = 0; i < s->keys.n; i++) {
		struct field *f = &s->key_at.f[i];

		if (f->pair && shape_find(r->shape, "window", 6) >= 0)
			return err_as(st->err, STATUS_USAGE,
				"--key window is "
				"window_start and window_end, but a record has "
				"a field of that name: say --key '\"window\"'");
		if (field_index(f, r) >= 0 || may_lack(st, s->keys.s[i]))
			continue;
		if (s->key.n > 0 && record_get(r, f) != NULL)
			return err_as(st->err, STATUS_USAGE,
				"--key: '%s' is a "
				"part of a field, not a column: pick it first "
				"(pick id=%s,...)",
				f->path, f->path);
		if (s->key.n == 0)
			return err_as(st->err, STATUS_USAGE,
				"the result is updated by '%s', which is not "
				"among the fields of a record: pick it too, or "
				"say --key",
				s->keys.s[i]);
	}
	return 0;
}

/* A key that no record has had is a slip of the user's. */
static int
check_seen(struct stage *st)
{
	struct sink_table *s = STAGE(st, sink_table);

	for (size_t i = 0;
		s->key.n > 0 && i < s->key_at.n && st->records_in > 0; i++) {
		const struct field *f = &s->key_at.f[i];

		if (f->id != 0 && !f->seen)
			return err_as(st->err, STATUS_USAGE,
				f->near != NULL
					? "--key: no record had a field '%s' (did you "
					  "mean '%s'?)"
					: "--key: no record had a field '%s'",
				f->path, f->near);
	}
	return 0;
}

static int
add_row(struct stage *st, struct record *r)
{
	struct sink_table *s = STAGE(st, sink_table);
	int ret;

	if (check_keys(st, r) < 0)
		return -1;
	ret = dbtable_add(s->to, r, st->err);
	return ret == 1 ? stage_reject(st, r, "%s", st->err->text) : ret;
}

static int
sink_table_record(struct stage *st, struct record *r)
{
	struct sink_table *s = STAGE(st, sink_table);

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
sink_table_batch(struct stage *st, struct batch *b)
{
	struct sink_table *s = STAGE(st, sink_table);

	if (s->db != NULL)
		return s->skip ? 0
			: check_seen(st) < 0
			? -1
			: dbtable_write(s->to, b->number, b->empty, st->err);
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
	if (s->drawing)
		draw_release(&s->draw);
	fields_release(&s->key_at);
	list_free(&s->keys);
	buf_release(&s->text);
}

static const struct sink sink_table_sink = {
	.restore = sink_table_restore,
	.commit = sink_table_commit,
	.target = sink_table_target,
};

const struct op op_sink_table = {
	.name = "sink-table",
	.about = "show each batch as a table, or keep the result in SQLite",
	.synopsis = "[--db FILE --table NAME] "
		    "[--mode append|update|complete]",
	.opts = sink_table_opts,
	.size = sizeof(struct sink_table),
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
