/*
 * parse-csv: turn lines of CSV into records.
 *
 * Time: none is looked at; fields of type timestamp become times.
 * Watermark: passed on as it comes.
 * State: the header, and the lines of a quoted field that is still open.
 * Restart: both are read from the checkpoint.
 */
#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "types/cell.h"
#include "runtime/entry.h"
#include "floor/err.h"
#include "value/json.h"
#include "runtime/opt.h"
#include "runtime/run.h"
#include "types/schema.h"
#include "recovery/state.h"
#include "time/timepat.h"

struct place {
	size_t at, n; /* in cells */
	bool quoted;
};

struct parse_csv {
	const char *sep, *quote, *schema_text, *schema_file, *corrupt_name;
	const char *pattern_text;
	bool header;

	struct schema *schema; /* NULL: all cells are strings */
	int corrupt;           /* field that takes malformed text, or -1 */
	struct timepat *pattern;
	struct cell_rules rules;
	struct csv_parser parser;
	bool parser_made;
	struct buf first;  /* the header line, where there is one */
	struct buf raw;    /* the lines of the row that is being read */
	uint64_t number;   /* of its first line */
	bool row;          /* a row has ended */
	struct buf cells;
	struct place *place;
	size_t n, cap;
	bool named;        /* the columns are known */
	size_t columns;
	struct shape *shape;
	struct slots slots;
	struct buf text; /* of the values of a row */
	struct buf clean; /* scratch */
	bool repaired;   /* a cell was not UTF-8 */
};

#define AT(member) offsetof(struct parse_csv, member)

static const struct opt opts[] = {
	{"sep", 0, OPT_STRING, AT(sep), "CHAR",
		"what stands between cells (,); 'tab' is a tab"},
	{"header", 0, OPT_FLAG, AT(header), NULL,
		"the first line holds the names"},
	{"schema", 's', OPT_STRING, AT(schema_text), "DDL",
		"names and types of the columns, in order", .free = true},
	{"schema-file", 0, OPT_STRING, AT(schema_file), "FILE",
		"read the schema from a file (DDL or Spark's JSON)", true,
		.free = true},
	{"quote", 0, OPT_STRING, AT(quote), "CHAR",
		"what stands around cells (\")"},
	{"corrupt-field", 0, OPT_STRING, AT(corrupt_name), "NAME",
		"field that takes malformed text (_corrupt_record)",
		.free = true},
	{"timestamp-format", 0, OPT_STRING, AT(pattern_text), "PATTERN",
		"form of times in text: 'dd/MM/yyyy HH:mm'", .free = true},
	OPT_END};

/* libcsv would cut blanks off, and end rows at CR. */
static int
no_space(unsigned char c)
{
	return 0;
}

static int
is_end(unsigned char c)
{
	return c == '\n';
}

static void
on_cell(void *text, size_t n, void *arg)
{
	struct parse_csv *o = arg;

	if (o->n == o->cap) {
		o->cap = o->cap ? 2 * o->cap : 16;
		o->place = mem_realloc(o->place,
			o->cap * sizeof(o->place[0]));
	}
	o->place[o->n++] = (struct place){o->cells.n, n, text != NULL};
	if (text != NULL)
		buf_add(&o->cells, text, n);
}

static void
on_row(int c, void *arg)
{
	struct parse_csv *o = arg;

	o->row = true;
}

static int
one_char(struct stage *st, const char *option, const char *text, char *out)
{
	if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
		text = "\t";
	if (strlen(text) != 1 || *text == '\n' || *text == '\r')
		return err_as(st->err, STATUS_USAGE,
			"%s: '%s' is not one character (of one byte)", option,
			text);
	*out = *text;
	return 0;
}

static void
parser_start(struct parse_csv *o)
{
	csv_init(&o->parser, (unsigned char)(CSV_REPALL_NL |
		CSV_EMPTY_IS_NULL | (o->schema == NULL ?
		CSV_STRICT | CSV_STRICT_FINI : 0)));
	csv_set_space_func(&o->parser, no_space);
	csv_set_term_func(&o->parser, is_end);
	o->parser_made = true;
}

static int
csv_open(struct stage *st)
{
	struct parse_csv *o = STAGE(st, parse_csv);
	char sep = ',', quote = '"';

	o->corrupt = -1;
	if (o->schema_text != NULL && o->schema_file != NULL)
		return err_as(st->err, STATUS_USAGE,
			"--schema and --schema-file say the same");
	if (o->sep != NULL && one_char(st, "--sep", o->sep, &sep) < 0)
		return -1;
	if (o->quote != NULL && one_char(st, "--quote", o->quote, &quote) < 0)
		return -1;
	if (sep == quote)
		return err_as(st->err, STATUS_USAGE,
			"--sep and --quote are the same");
	if (o->pattern_text != NULL) {
		o->pattern = timepat_new(o->pattern_text, st->err);
		if (o->pattern == NULL)
			return -1;
	}
	if (o->schema_text != NULL || o->schema_file != NULL) {
		if (st->on_error < 0)
			st->on_error = ON_ERROR_KEEP;
		o->schema = schema_read(o->schema_text, o->schema_file,
			st->err);
		if (o->schema == NULL ||
			cell_schema(o->schema, st->err) < 0 ||
			schema_corrupt(o->schema, o->corrupt_name, &o->corrupt,
				st->err) < 0)
			return -1;
	} else if (o->corrupt_name != NULL || o->pattern != NULL ||
		st->on_error == ON_ERROR_KEEP) {
		return err_as(st->err, STATUS_USAGE,
			"--corrupt-field, --timestamp-format and "
			"--on-error keep need a schema (--schema)");
	}
	parser_start(o);
	csv_set_delim(&o->parser, (unsigned char)sep);
	csv_set_quote(&o->parser, (unsigned char)quote);
	return 0;
}

/* Names and number of the columns. */

/* One that is there already gets a number. */
static void
add_name(struct parse_csv *o, const char *s, size_t n)
{
	struct buf b;

	buf_init(&b);
	buf_clear(&o->clean);
	json_repair(&o->clean, s, n);
	json_escape(&b, o->clean.p, o->clean.n);
	n = b.n;
	for (int i = 2; shape_find(o->shape, b.p, b.n) >= 0; i++) {
		b.n = n;
		buf_printf(&b, "_%d", i);
	}
	o->shape = shape_extend(o->shape, b.p, b.n);
	buf_release(&b);
}

static void
name_by_schema(struct stage *st, struct parse_csv *o)
{
	o->shape = shape_empty(st->shapes);
	for (size_t i = 0; i < o->schema->n; i++)
		add_name(o, o->schema->f[i].name,
			strlen(o->schema->f[i].name));
	o->columns = o->schema->n - (o->corrupt >= 0);
	o->named = true;
}

/* By the row that was read (the header), or as _c0, _c1 ... */
static void
name_by_row(struct stage *st, struct parse_csv *o)
{
	char name[32];

	o->shape = shape_empty(st->shapes);
	for (size_t i = 0; i < o->n; i++) {
		if (o->header && o->place[i].n > 0) {
			add_name(o, o->cells.p + o->place[i].at,
				o->place[i].n);
			continue;
		}
		snprintf(name, sizeof(name), "_c%zu", i);
		add_name(o, name, strlen(name));
	}
	o->columns = o->n;
	o->named = true;
}

/* Say so when the names of the header are not those of the schema. */
static void
compare_header(struct stage *st, struct parse_csv *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->schema->n; i++) {
		const char *name = o->schema->f[i].name;

		if ((int)i == o->corrupt)
			continue;
		if (n >= o->n || o->place[n].n != strlen(name) ||
			strncasecmp(o->cells.p + o->place[n].at, name,
				o->place[n].n) != 0) {
			run_warn(st,
				"column %zu is '%s' in the schema but '%.*s' "
				"in the header; columns go by their place",
				n + 1, name,
				n < o->n ? (int)o->place[n].n : 0,
				n < o->n ? o->cells.p + o->place[n].at : "");
			return;
		}
		n++;
	}
}

static int
csv_plan(struct stage *st, struct plan *p)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	o->rules.zone = run_zone(st);
	o->rules.pattern = o->pattern;
	schema_free(p->fields);
	p->fields = schema_copy(o->schema);
	for (size_t i = 0; o->schema != NULL && i < o->schema->n; i++)
		p->fields->f[i].type->unit = UNIT_S;
	if (o->schema != NULL)
		name_by_schema(st, o);
	return 0;
}

/* Rows. */

static void
row_clear(struct parse_csv *o)
{
	o->row = false;
	o->n = 0;
	buf_clear(&o->cells);
	buf_clear(&o->raw);
}

/* The parser has refused: forget what it was about. */
static void
parser_reset(struct parse_csv *o)
{
	unsigned char sep = csv_get_delim(&o->parser);
	unsigned char quote = csv_get_quote(&o->parser);

	csv_free(&o->parser);
	parser_start(o);
	csv_set_delim(&o->parser, sep);
	csv_set_quote(&o->parser, quote);
}

/* The row's bytes as they came. */
static struct record
row_text(struct parse_csv *o, const struct record *r)
{
	struct record t = {.line = o->raw.p, .nline = (uint32_t)o->raw.n,
		.number = o->number};

	if (r != NULL && o->raw.n == 0) {
		t.line = r->line;
		t.nline = r->nline;
	}
	return t;
}

static int
refuse(struct stage *st, const struct record *r, const char *why)
{
	struct parse_csv *o = STAGE(st, parse_csv);
	struct record t = row_text(o, r);

	return run_reject(st, &t, "%s", why);
}

/* The cell of a column; cells that are not UTF-8 are repaired. */
static struct cell
take_cell(struct parse_csv *o, size_t i)
{
	struct place *p = &o->place[i];
	struct cell c = {NULL, 0, false};
	size_t at;

	if (i >= o->n)
		return c;
	if (!json_utf8(o->cells.p + p->at, p->n)) {
		at = o->cells.n;
		buf_need(&o->cells, 3 * p->n);
		json_repair(&o->cells, o->cells.p + p->at, p->n);
		*p = (struct place){at, o->cells.n - at, p->quoted};
		o->repaired = true;
	}
	return (struct cell){o->cells.p + p->at, p->n, p->quoted};
}

/* All values of a row, typed; returns what is wrong, or NULL. */
static const char *
typed_values(struct stage *st, struct parse_csv *o, struct value *v)
{
	static const char misfit[] = "a cell does not fit its type";
	const char *why = o->n < o->columns ? "too few cells" :
		o->n > o->columns ? "too many cells" : NULL;
	size_t k = 0;

	o->rules.now_us = st->now.time_us;
	for (size_t i = 0; i < o->schema->n; i++) {
		struct cell c;

		if ((int)i == o->corrupt) {
			v[i] = value_null();
			continue;
		}
		c = take_cell(o, k++);
		if (!cell_value(&c, o->schema->f[i].type, &o->rules, &o->text,
			&v[i]) && why == NULL)
			why = misfit;
	}
	return why != NULL ? why : o->repaired ? "invalid UTF-8" : NULL;
}

static int
emit(struct stage *st, struct parse_csv *o, const struct record *r)
{
	struct value *v = slots_need(&o->slots, o->shape->n);
	struct record out = {.shape = o->shape, .v = v, .room = o->slots.cap,
		.number = o->number};
	struct record t = row_text(o, r);
	const char *why = NULL;

	buf_clear(&o->text);
	buf_need(&o->text, CELL_ROOM(3 * o->cells.n) +
		CELL_ROOM(0) * o->shape->n + CELL_ROOM(3 * t.nline));
	/* Repairs must not move the cells that values point into. */
	buf_need(&o->cells, 3 * o->cells.n);
	o->repaired = false;
	if (o->schema != NULL) {
		why = typed_values(st, o, v);
	} else if (o->n != o->columns) {
		why = o->n < o->columns ? "too few cells" : "too many cells";
	} else {
		for (size_t i = 0; i < o->n; i++) {
			struct cell c = take_cell(o, i);

			v[i] = cell_string(c.s, c.n, &o->text);
		}
		if (o->repaired)
			why = "invalid UTF-8";
	}
	if (why != NULL) {
		if (refuse(st, r, why) < 0)
			return -1;
		if (!run_kept(st))
			return 0;
		if (o->corrupt >= 0) {
			buf_clear(&o->clean);
			json_repair(&o->clean, t.line, t.nline);
			v[o->corrupt] = cell_string(o->clean.p, o->clean.n,
				&o->text);
		}
	}
	return run_emit(st, &out);
}

/* A row is complete. */
static int
take_row(struct stage *st, const struct record *r)
{
	struct parse_csv *o = STAGE(st, parse_csv);
	int ret = 0;

	if (o->header && o->first.n == 0) {
		struct record t = row_text(o, r);

		buf_add(&o->first, t.line, t.nline);
		if (o->schema == NULL)
			name_by_row(st, o);
		else
			compare_header(st, o);
	} else if (o->n == 0 && (o->schema != NULL ||
		(o->named && o->columns != 1))) {
		; /* a blank line */
	} else {
		if (o->n == 0)
			on_cell(NULL, 0, o);
		if (!o->named)
			name_by_row(st, o);
		ret = emit(st, o, r);
	}
	row_clear(o);
	return ret;
}

/* Bytes to the parser.  0; 1: it has refused the row, which is gone; -1. */
static int
feed(struct stage *st, const char *p, size_t n, const struct record *r)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	if (csv_parse(&o->parser, p, n, on_cell, on_row, o) == n)
		return 0;
	parser_reset(o);
	if (refuse(st, r, "a quote inside a cell that is not doubled") < 0)
		return -1;
	row_clear(o);
	return 1;
}

/* The parser is inside quotes: a line's end is part of the cell. */
static bool
inside(const struct parse_csv *o)
{
	return o->parser.quoted && o->parser.pstate == 2;
}

/* The lines of an open quoted field, to be reported or read again. */
static void
remember(struct parse_csv *o, const struct record *r, const char *end)
{
	buf_add(&o->raw, r->line, r->nline);
	buf_str(&o->raw, end);
}

static int
csv_record(struct stage *st, struct record *r)
{
	struct parse_csv *o = STAGE(st, parse_csv);
	const char *line = r->line, *end = "\n";
	size_t n = r->nline;
	int ret;

	if (o->raw.n == 0) {
		o->number = r->number;
		if (o->first.n == n && n > 0 &&
			memcmp(o->first.p, line, n) == 0)
			return 0; /* the header of the next file */
		if (!o->named && o->first.n == 0 && n >= 3 &&
			memcmp(line, "\xEF\xBB\xBF", 3) == 0) {
			line += 3; /* a byte order mark */
			n -= 3;
		}
	}
	if ((ret = feed(st, line, n, r)) != 0)
		return ret < 0 ? -1 : 0;
	/* The reader drops the end of a line, but hands lines out in place: it
	 * is still there. */
	if (inside(o) && line[n] == '\r')
		end = line[n + 1] == '\n' ? "\r\n" : "\r";
	if ((ret = feed(st, end, strlen(end), r)) != 0)
		return ret < 0 ? -1 : 0;
	if (o->row) {
		if (o->raw.n > 0)
			buf_add(&o->raw, r->line, r->nline);
		return take_row(st, r);
	}
	remember(o, r, end);
	if (o->raw.n <= run_max_line(st))
		return 0;
	parser_reset(o);
	if (refuse(st, NULL, "a row longer than --max-line; is a quote not "
		"closed?") < 0)
		return -1;
	row_clear(o);
	return 0;
}

/* The input has ended: so has the row. */
static int
finish(struct stage *st)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	if (o->raw.n == 0)
		return 0;
	if (o->schema == NULL) {
		parser_reset(o);
		if (refuse(st, NULL, "a quoted cell is not closed") < 0)
			return -1;
		row_clear(o);
		return 0;
	}
	csv_fini(&o->parser, on_cell, on_row, o);
	return take_row(st, NULL);
}

/* What a restart needs: the header and the open row. */
static int
save(struct stage *st, const char *key, const struct buf *b)
{
	state_ref ref = state_find(st->state, key, 1);
	const char *old;
	size_t n = 0;
	bool made;

	if (ref != STATE_NONE) {
		old = state_value(st->state, ref, &n);
		if (n == b->n && memcmp(old, b->p, n) == 0)
			return 0;
		state_delete(st->state, ref);
	}
	if (b->n == 0)
		return 0;
	ref = state_make(st->state, key, 1, b->n, &made, st->err);
	if (ref == STATE_NONE)
		return -1;
	memcpy(state_change(st->state, ref), b->p, b->n);
	return 0;
}

static int
csv_batch(struct stage *st, struct batch *b)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	if ((b->whole || b->last) && finish(st) < 0)
		return -1;
	if (save(st, "h", &o->first) < 0)
		return -1;
	return save(st, "r", &o->raw);
}

static int
csv_eof(struct stage *st, struct batch *b)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	/* One more batch ends the row that is open.  With a checkpoint it stays
	 * open: the next run goes on. */
	return o->raw.n > 0 && st->in.checkpoint == NULL;
}

/* Read lines again that a former run has left. */
static int
again(struct stage *st, const char *key)
{
	state_ref ref = state_find(st->state, key, 1);
	struct record r = {0};
	struct buf b;
	int ret;
	size_t n;

	if (ref == STATE_NONE)
		return 0;
	r.line = state_value(st->state, ref, &n);
	buf_init(&b);
	buf_add(&b, r.line, n);
	buf_need(&b, JSON_PADDING);
	r.line = b.p;
	r.nline = (uint32_t)n;
	if (n > 0 && r.line[n - 1] == '\n')
		r.nline--;
	ret = csv_record(st, &r);
	buf_release(&b);
	return ret;
}

static int
csv_restore(struct stage *st)
{
	return again(st, "h") < 0 ? -1 : again(st, "r");
}

/* ---- for bief state ---- */

static int
csv_show(struct stage *st, state_ref ref, struct buf *out)
{
	size_t nkey, n;
	const char *key = state_key(st->state, ref, &nkey),
		   *p = state_value(st->state, ref, &n);

	entry_kind(out, *key == 'h' ? "header" : "row");
	buf_str(out, ",\"value\":");
	entry_bytes(out, p, n);
	return 0;
}

static int
csv_take(struct stage *st, const struct value *object, state_ref *made)
{
	struct buf b;
	int ret;
	bool header;

	if (object == NULL)
		return 0;
	header = entry_of(object, "header");
	if (!header && !entry_of(object, "row"))
		return entry_unknown(object, st->err);
	buf_init(&b);
	ret = entry_get_bytes(object, "value", &b, st->err);
	if (ret == 0)
		ret = entry_put(st, header ? "h" : "r", 1, b.p, b.n, made);
	buf_release(&b);
	return ret;
}

static void
csv_close(struct stage *st)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	if (o->parser_made)
		csv_free(&o->parser);
	schema_free(o->schema);
	timepat_free(o->pattern);
	buf_release(&o->first);
	buf_release(&o->raw);
	buf_release(&o->cells);
	buf_release(&o->text);
	buf_release(&o->clean);
	free(o->place);
	slots_release(&o->slots);
}

static const struct keeper parse_csv_keeper = {
	.restore = csv_restore,
	.show = csv_show,
	.take = csv_take,
	.rows = stage_no_rows,
};

const struct op op_parse_csv = {
	.name = "parse-csv",
	.about = "read CSV lines into records",
	.synopsis = "[--sep CHAR] [--header] [--schema DDL] [--quote CHAR] "
		    "[FILE ...]",
	.opts = opts,
	.size = sizeof(struct parse_csv),
	.flags = OP_TEXT | OP_FILES,
	.open = csv_open,
	.plan = csv_plan,
	.record = csv_record,
	.batch = csv_batch,
	.eof = csv_eof,
	.keeper = &parse_csv_keeper,
	.close = csv_close,
};
