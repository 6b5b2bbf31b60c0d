/*
 * parse-csv: turn lines of CSV into records.
 *
 * Time: none is looked at; fields of type timestamp become times.
 * Watermark: passed on as it comes.
 * State: the header, and the lines of a quoted cell that is still open.
 * Restart: both are read from the checkpoint.
 *
 * It is long because a row may go on over lines, and its end be that of a
 * file, a batch or a run: who closes it, and what is then a header, is decided
 * here.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "time/timepat.h"
#include "value/json.h"
#include "io/csvheader.h"
#include "io/csvrow.h"
#include "types/cell.h"
#include "types/csvcolumns.h"
#include "types/csvvalues.h"
#include "types/infercsv.h"
#include "types/schema.h"
#include "types/schema_parse.h"
#include "recovery/state/state.h"
#include "runtime/entry.h"
#include "runtime/options/inferred.h"
#include "runtime/options/opt.h"
#include "runtime/stage.h"

struct parse_csv {
	const char *sep, *quote, *schema_text, *schema_file, *corrupt_name;
	const char *pattern_text, *comment, *infer;
	struct list nulls; /* texts that are null */
	bool header, trim;
	int multi_line;
	char hash; /* of --comment */

	struct schema *schema; /* NULL: all cells are strings */
	int corrupt;           /* field that takes malformed text, or -1 */
	struct timepat *pattern;
	struct csvrow_reader rows;
	uint64_t number; /* of the row's first line */
	struct csvheader first;
	struct csvcolumns columns;
	struct csvvalues values;
	struct slots slots;
	bool begun;  /* a line of the file has been seen ... */
	bool within; /* ... and a row */
	bool ended;  /* the file has ended; so has its last row */
};

#define AT(member) offsetof(struct parse_csv, member)

enum { MULTI_LINE, ONE_LINE };

static const struct opt parse_csv_opts[] = {
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
		"what stands around cells (\"); '': nothing does"},
	{"multi-line", 0, OPT_ENUM, AT(multi_line), "true|false",
		"may a quoted cell go on in the next line (true)"},
	{"null", 0, OPT_MULTI, AT(nulls), "TEXT",
		"a cell of this text is null: NA"},
	{"trim", 0, OPT_FLAG, AT(trim), NULL,
		"blanks around a cell do not belong to it"},
	{"comment", 0, OPT_STRING, AT(comment), "CHAR",
		"leave out lines that begin with it: '#'"},
	{"ragged", 0, OPT_FLAG, AT(values.ragged), NULL,
		"rows may have fewer cells than there are columns, or more"},
	{"corrupt-field", 0, OPT_STRING, AT(corrupt_name), "NAME",
		"field that takes malformed text (_corrupt_record)",
		.free = true},
	{"timestamp-format", 0, OPT_STRING, AT(pattern_text), "PATTERN",
		"form of times in text: 'dd/MM/yyyy HH:mm'", .free = true},
	{"infer", 0, OPT_STRING, AT(infer), "FILE",
		"print the schema of a sample and stop", true},
	OPT_END};

static int
open_rows(struct stage *st, struct parse_csv *o)
{
	struct csvrow_style style = {
		.trim = o->trim, .one_line = o->multi_line == ONE_LINE};

	if (csvrow_style(&style, o->sep, o->quote, st->err) < 0)
		return -1;
	if (o->comment != NULL &&
		csvrow_char("--comment", o->comment, &o->hash, st->err) < 0)
		return -1;
	csvrow_init(&o->rows, &style);
	return 0;
}

static int
open_schema(struct stage *st, struct parse_csv *o)
{
	o->corrupt = -1;
	if (o->schema_text != NULL && o->schema_file != NULL)
		return err_as(st->err, STATUS_USAGE,
			"--schema and --schema-file say the same");
	if (o->pattern_text != NULL) {
		o->pattern = timepat_new(o->pattern_text, st->err);
		if (o->pattern == NULL)
			return -1;
	}
	if (o->schema_text != NULL || o->schema_file != NULL) {
		if (st->on_error < 0)
			st->on_error = ON_ERROR_KEEP;
		o->schema = schema_parse_from(
			o->schema_text, o->schema_file, st->err);
		if (o->schema == NULL || cell_schema(o->schema, st->err) < 0 ||
			schema_corrupt(o->schema, o->corrupt_name, &o->corrupt,
				st->err) < 0)
			return -1;
	} else if (o->corrupt_name != NULL || o->pattern != NULL ||
		st->on_error == ON_ERROR_KEEP) {
		return err_as(st->err, STATUS_USAGE,
			"--corrupt-field, --timestamp-format and "
			"--on-error keep need a schema (--schema)");
	}
	return 0;
}

/* --infer */
static int
infer_schema(struct stage *st)
{
	struct parse_csv *o = STAGE(st, parse_csv);
	struct infercsv how = {.style = o->rows.style,
		.header = o->header,
		.ragged = o->values.ragged,
		.nulls = &o->nulls,
		.comment = o->comment,
		.max_line = stage_max_line(st),
		.stopping = stage_stopping};
	struct schema *s;
	char q[200];

	s = infercsv_file(o->infer, &how, st->err);
	if (s == NULL)
		return -1;
	if (how.skipped > 0)
		stage_warn(st, "%zu rows of '%s' are malformed", how.skipped,
			err_quote(q, sizeof(q), o->infer, strlen(o->infer)));
	inferred_print(st, s);
	return 0;
}

static int
parse_csv_open(struct stage *st)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	/* As in Spark: "" is nullValue, so long as nothing else is. */
	o->values.rules.empty_text = o->nulls.n > 0;
	if (open_rows(st, o) < 0 || open_schema(st, o) < 0)
		return -1;
	o->values.rows = &o->rows;
	o->values.nulls = &o->nulls;
	o->values.schema = o->schema;
	o->values.corrupt = o->corrupt;
	return inferred_asked(st, o->infer) ? infer_schema(st) : 0;
}

static int
parse_csv_plan(struct stage *st, struct plan *p)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	if (o->infer != NULL)
		return err_as(st->err, STATUS_USAGE,
			"--infer stands alone, not in a pipeline");
	o->values.rules.zone = stage_zone(st);
	o->values.rules.pattern = o->pattern;
	schema_free(p->fields);
	p->fields = schema_copy(o->schema);
	for (size_t i = 0; o->schema != NULL && i < o->schema->n; i++)
		p->fields->f[i].type->unit = UNIT_S;
	if (o->schema != NULL)
		csvcolumns_by_schema(
			&o->columns, st->shapes, o->schema, o->corrupt);
	return 0;
}

/* ---- rows ---- */

/* The row's bytes as they came. */
static struct record
row_text(const struct parse_csv *o)
{
	return (struct record){.line = o->rows.text,
		.nline = (uint32_t)o->rows.ntext,
		.number = o->number};
}

static int
refuse_row(struct stage *st, const char *why)
{
	struct record t = row_text(STAGE(st, parse_csv));

	return stage_reject(st, &t, "%s", why);
}

/* too_long: what to say of a row that has been given up for its length. */
static int
emit_row(struct stage *st, struct parse_csv *o, const char *too_long)
{
	bool wide = o->schema == NULL && o->values.ragged &&
		o->rows.n > o->columns.n;
	struct shape *shape = wide ? csvcolumns_wide(&o->columns, o->rows.n)
				   : o->columns.shape;
	struct value *v = slots_need(&o->slots, shape->n);
	struct record out = {.shape = shape,
		.v = v,
		.room = o->slots.cap,
		.number = o->number};
	const char *why;

	o->values.rules.now_us = st->now.time_us;
	why = csvvalues_read(&o->values, o->columns.n, v, shape->n);
	if (why != NULL) {
		if (refuse_row(st, too_long != NULL ? too_long : why) < 0)
			return -1;
		if (!stage_kept(st))
			return 0;
		if (o->corrupt >= 0)
			v[o->corrupt] = csvvalues_raw(&o->values);
	}
	return stage_emit(st, &out);
}

/* ---- headers ---- */

/* What is wrong with a header is told, or ends it all. */
static int
check_header(struct stage *st, struct parse_csv *o)
{
	const char *why = csvrow_why(&o->rows, o->schema != NULL);

	if (why != NULL && refuse_row(st, why) < 0)
		return -1;
	if (why != NULL)
		stage_kept(st);
	if (json_utf8(o->rows.text, o->rows.ntext) || o->schema != NULL)
		return 0;
	if (st->on_error <= ON_ERROR_FAIL)
		return err_set(st->err,
			"the header is not UTF-8 (is it "
			"Latin-1?): convert it by iconv -f ISO-8859-1 "
			"-t UTF-8");
	stage_warn(st,
		"the header is not UTF-8: its names have U+FFFD in place "
		"of what is none");
	return 0;
}

/* Say so when the names of the header are not those of the schema. */
static void
compare_header(struct stage *st, struct parse_csv *o)
{
	struct buf why;

	buf_init(&why);
	if (csvcolumns_differ(&o->rows, o->schema, o->corrupt, &why))
		stage_warn(st, "%s", buf_cstr(&why));
	buf_release(&why);
}

/* The first row is the header. */
static void
take_header(struct stage *st, struct parse_csv *o)
{
	csvheader_take(&o->first, &o->rows);
	if (o->schema == NULL)
		csvcolumns_by_row(&o->columns, st->shapes, &o->rows, o->header);
	else
		compare_header(st, o);
}

/*
 * Is the row the header of a later file?  One like that of the first file is
 * known anywhere; where a file is known to begin also one that has about the
 * same names.  What has not is data: a part of a table that was split.
 */
static bool
is_header(struct stage *st, struct parse_csv *o)
{
	char now[200], before[200];

	if (csvheader_is(&o->first, o->rows.text, o->rows.ntext))
		return true;
	if (o->within || !o->header)
		return false;
	if (csvheader_same(&o->first, &o->rows))
		return true;
	if (o->rows.n == 0 ||
		2 * csvheader_known(&o->first, &o->rows) < o->rows.n)
		return false;
	stage_warn(st,
		"line %llu: the header is '%s', that of the first file "
		"'%s'; columns go by their place",
		(unsigned long long)o->number,
		err_quote(now, sizeof(now), o->rows.text, o->rows.ntext),
		err_quote(before, sizeof(before), o->first.text.p,
			o->first.text.n));
	return true;
}

/* A row is complete. */
static int
take_whole_row(struct stage *st, const char *too_long)
{
	struct parse_csv *o = STAGE(st, parse_csv);
	int ret = 0;

	if (o->header && o->first.text.n == 0) {
		ret = check_header(st, o);
		if (ret == 0)
			take_header(st, o);
	} else if (!is_header(st, o)) {
		if (!o->columns.named)
			csvcolumns_by_row(
				&o->columns, st->shapes, &o->rows, o->header);
		ret = emit_row(st, o, too_long);
	}
	o->within = true;
	return ret;
}

/* ---- lines ---- */

static int take_csv_line(
	struct stage *st, const char *line, size_t n, uint64_t number);

/* The cell that is open will not be closed: its later lines are rows. */
static int
give_up_cell(struct stage *st, const char *too_long)
{
	struct parse_csv *o = STAGE(st, parse_csv);
	uint64_t number = o->number;
	struct buf rest;
	const char *p, *end;
	size_t n;
	int ret;

	buf_init(&rest);
	csvrow_unclose(&o->rows, &rest);
	buf_need(&rest, JSON_PADDING);
	ret = take_whole_row(st, too_long);
	end = rest.p + rest.n;
	for (p = rest.p; p < end && ret == 0;) {
		const char *line = p;

		p = csvrow_next(line, end, &n);
		ret = take_csv_line(st, line, n, ++number);
	}
	buf_release(&rest);
	return ret;
}

/* The input has ended, or the file: so has the row. */
static int
finish_row(struct stage *st)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	while (csvrow_is_open(&o->rows))
		if (give_up_cell(st, NULL) < 0)
			return -1;
	return 0;
}

static int
end_file(struct stage *st)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	o->ended = false;
	if (finish_row(st) < 0)
		return -1;
	o->begun = o->within = false;
	return 0;
}

/* The first line of a file: without a byte order mark. */
static int
begin_file(struct stage *st, struct parse_csv *o, const char **line, size_t *n)
{
	const char *alien = csvrow_alien(*line, *n);

	o->begun = true;
	if (*n >= 3 && memcmp(*line, "\xEF\xBB\xBF", 3) == 0) {
		*line += 3;
		*n -= 3;
	}
	if (alien == NULL)
		return 0;
	if (st->on_error <= ON_ERROR_FAIL || o->number == 1)
		return err_set(
			st->err, "the input is no CSV in UTF-8: %s", alien);
	stage_warn(st, "line %llu: this is no CSV in UTF-8: %s",
		(unsigned long long)o->number, alien);
	return 0;
}

/* A line between rows that is none. */
static bool
is_nothing(const struct parse_csv *o, const char *line, size_t n)
{
	if (n == 0 || (o->comment != NULL && *line == o->hash))
		return true;
	return (*line == ' ' || *line == '\t') &&
		csvrow_blank(&o->rows.style, line, n);
}

static int
take_csv_line(struct stage *st, const char *line, size_t n, uint64_t number)
{
	struct parse_csv *o = STAGE(st, parse_csv);
	struct csvrow_reader *rows = &o->rows;
	/* The reader drops it, but hands lines out in place. */
	const char *end = csvrow_end(line, n);

	/* Another file has begun before the cell was closed. */
	if (csvrow_is_open(rows) && o->first.n > 1 &&
		csvheader_is(&o->first, line, n) && finish_row(st) < 0)
		return -1;
	if (!csvrow_is_open(rows)) {
		o->number = number;
		if (!o->begun && begin_file(st, o, &line, &n) < 0)
			return -1;
		if (is_nothing(o, line, n))
			return 0;
	}
	switch (csvrow_line(rows, line, n, end)) {
	case CSVROW_WHOLE:
		return take_whole_row(st, NULL);
	case CSVROW_UNCLOSED:
		return give_up_cell(st, NULL) < 0
			? -1
			: take_csv_line(st, line, n, number);
	default:
		if (rows->lines.n <= stage_max_line(st))
			return 0;
		return give_up_cell(st,
			"a row longer than --max-line; is a quote "
			"not closed?");
	}
}

/* Read lines again, n bytes of them with their ends: of a header, or of the row
 * that is open. */
static void
read_again(struct stage *st, const char *text, size_t n, bool header)
{
	struct parse_csv *o = STAGE(st, parse_csv);
	enum csvrow what = CSVROW_OPEN;
	const char *p, *end, *line;
	struct buf b;

	buf_init(&b);
	buf_add(&b, text, n);
	buf_need(&b, JSON_PADDING);
	end = b.p + b.n;
	for (p = b.p; p < end && what == CSVROW_OPEN;) {
		line = p;
		p = csvrow_next(line, end, &n);
		what = csvrow_line(&o->rows, line, n, csvrow_end(line, n));
	}
	if (header && what == CSVROW_OPEN)
		csvrow_unclose(&o->rows, NULL);
	if (header)
		take_header(st, o);
	buf_release(&b);
	o->begun = o->within = true;
}

/* ... that a former run has left. */
static void
read_saved(struct stage *st, const char *key)
{
	state_ref ref = state_find(st->state, key, 1);
	const char *p;
	size_t n;

	if (ref == STATE_NONE)
		return;
	p = state_value(st->state, ref, &n);
	read_again(st, p, n, *key == 'h');
}

static int
parse_csv_restore(struct stage *st)
{
	read_saved(st, "h");
	read_saved(st, "r");
	return 0;
}

static int
parse_csv_record(struct stage *st, struct record *r)
{
	if (STAGE(st, parse_csv)->ended && end_file(st) < 0)
		return -1;
	return take_csv_line(st, r->line, r->nline, r->number);
}

/* What a restart needs: the header and the open row. */
static int
save_lines(struct stage *st, const char *key, const char *p, size_t n)
{
	state_ref ref = state_find(st->state, key, 1);
	const char *old;
	size_t nold = 0;
	bool made;

	if (ref != STATE_NONE) {
		old = state_value(st->state, ref, &nold);
		if (nold == n && memcmp(old, p, n) == 0)
			return 0;
		state_delete(st->state, ref);
	}
	if (n == 0)
		return 0;
	ref = state_make(st->state, key, 1, n, &made, st->err);
	if (ref == STATE_NONE)
		return -1;
	memcpy(state_change(st->state, ref), p, n);
	return 0;
}

static int
parse_csv_batch(struct stage *st, struct batch *b)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	if (o->ended && end_file(st) < 0)
		return -1;
	if ((b->whole || b->last) && finish_row(st) < 0)
		return -1;
	if (save_lines(st, "h", o->first.text.p, o->first.text.n) < 0)
		return -1;
	return save_lines(st, "r", o->rows.lines.p,
		csvrow_is_open(&o->rows) ? o->rows.lines.n : 0);
}

static int
parse_csv_eof(struct stage *st, struct batch *b)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	/* One more batch ends the row that is open.  With a checkpoint it stays
	 * open: the next run goes on. */
	return csvrow_is_open(&o->rows) && st->in.checkpoint == NULL;
}

/* Records can be emitted at the next line or at the end of the batch. */
static void
parse_csv_file_end(struct stage *st)
{
	STAGE(st, parse_csv)->ended = true;
}

/* ---- on threads ---- */

static const char *
parse_csv_why_not(const struct stage *st)
{
	const struct parse_csv *o = STAGE(st, parse_csv);

	return o->schema == NULL && !o->header
		? "its first row says how many columns there are"
		: NULL;
}

/* A header is still to come, or a row goes on. */
static bool
parse_csv_holds(const struct stage *st)
{
	const struct parse_csv *o = STAGE(st, parse_csv);

	return o->ended || !o->begun || !o->within ||
		csvrow_is_open(&o->rows) || (o->header && o->first.text.n == 0);
}

/* The header, or nothing. */
static void
parse_csv_tell(const struct stage *st, struct buf *out)
{
	const struct buf *first = &STAGE(st, parse_csv)->first.text;

	buf_add(out, first->p, first->n);
}

static int
parse_csv_learn(struct stage *clone, const char *p, size_t n)
{
	struct parse_csv *c = STAGE(clone, parse_csv);

	if (c->first.text.n == 0 && n > 0)
		read_again(clone, p, n, true);
	c->begun = c->within = true;
	return 0;
}

/* The row that is open at the end of a block is the stage's to go on with. */
static void
parse_csv_give(struct stage *clone, struct buf *out)
{
	struct csvrow_reader *rows = &STAGE(clone, parse_csv)->rows;

	if (!csvrow_is_open(rows))
		return;
	buf_add(out, rows->lines.p, rows->lines.n);
	csvrow_unclose(rows, NULL);
}

static int
parse_csv_gather(struct stage *st, int by, const char *p, size_t n)
{
	struct parse_csv *o = STAGE(st, parse_csv);
	const char *end = p + n;
	uint64_t lines = 0;

	if (n == 0)
		return 0;
	read_again(st, p, n, false);
	for (; p < end; lines++)
		p = csvrow_next(p, end, &n);
	o->number = st->records_in - lines + 1;
	return 0;
}

static const struct spread parse_csv_spread = {.why_not = parse_csv_why_not,
	.tell = parse_csv_tell,
	.learn = parse_csv_learn,
	.give = parse_csv_give,
	.take = parse_csv_gather,
	.holds = parse_csv_holds};

/* ---- for bief state ---- */

static int
parse_csv_show(struct stage *st, state_ref ref, struct buf *out)
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
parse_csv_take(struct stage *st, const struct value *object, state_ref *made)
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
parse_csv_close(struct stage *st)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	csvrow_release(&o->rows);
	schema_free(o->schema);
	timepat_free(o->pattern);
	csvheader_release(&o->first);
	buf_release(&o->columns.clean);
	csvvalues_release(&o->values);
	slots_release(&o->slots);
}

static const struct keeper parse_csv_keeper = {
	.restore = parse_csv_restore,
	.show = parse_csv_show,
	.take = parse_csv_take,
	.rows = stage_no_rows,
};

const struct op op_parse_csv = {
	.name = "parse-csv",
	.about = "read CSV lines into records",
	.synopsis = "[--sep CHAR] [--header] [--schema DDL] [--quote CHAR] "
		    "[FILE ...] | --infer FILE",
	.opts = parse_csv_opts,
	.size = sizeof(struct parse_csv),
	.flags = OP_TEXT | OP_FILES,
	.open = parse_csv_open,
	.plan = parse_csv_plan,
	.record = parse_csv_record,
	.file_end = parse_csv_file_end,
	.batch = parse_csv_batch,
	.eof = parse_csv_eof,
	.keeper = &parse_csv_keeper,
	.spread = &parse_csv_spread,
	.close = parse_csv_close,
};
