/*
 * parse-csv: turn lines of CSV into records.
 *
 * Time: none is looked at; fields of type timestamp become times.
 * Watermark: passed on as it comes.
 * State: the header, and the lines of a quoted cell that is still open.
 * Restart: both are read from the checkpoint.
 */
#include <stdlib.h>
#include <string.h>

#include "types/cell.h"
#include "io/csvrow.h"
#include "runtime/entry.h"
#include "floor/err.h"
#include "types/infercsv.h"
#include "value/json.h"
#include "runtime/opt.h"
#include "runtime/stage.h"
#include "types/schema.h"
#include "recovery/state.h"
#include "time/timepat.h"
#include "floor/mem.h"
#include "types/schema_parse.h"

struct parse_csv {
	const char *sep, *quote, *schema_text, *schema_file, *corrupt_name;
	const char *pattern_text, *comment, *infer;
	struct list nulls; /* texts that are null */
	bool header, trim, ragged;
	int multi_line;
	char hash; /* of --comment */

	struct schema *schema; /* NULL: all cells are strings */
	int corrupt;           /* field that takes malformed text, or -1 */
	struct timepat *pattern;
	struct cell_rules rules;
	struct csvrow_reader rows;
	uint64_t number;  /* of the row's first line */
	struct buf first; /* the header, where there is one ... */
	char **names;     /* ... and its cells */
	size_t nnames;
	bool begun;  /* a line of the file has been seen ... */
	bool within; /* ... and a row */
	bool ended;  /* the file has ended; so has its last row */
	bool named;  /* the columns are known */
	size_t columns;
	struct shape *shape;
	struct shape *wide; /* of a ragged row of nwide cells */
	size_t nwide;
	struct slots slots;
	struct buf text;  /* of the values of a row */
	struct buf clean; /* scratch */
	bool repaired;    /* a cell was not UTF-8 */
};

#define AT(member) offsetof(struct parse_csv, member)

enum { MULTI_LINE, ONE_LINE };

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
		"what stands around cells (\"); '': nothing does"},
	{"multi-line", 0, OPT_ENUM, AT(multi_line), "true|false",
		"may a quoted cell go on in the next line (true)"},
	{"null", 0, OPT_MULTI, AT(nulls), "TEXT",
		"a cell of this text is null: NA"},
	{"trim", 0, OPT_FLAG, AT(trim), NULL,
		"blanks around a cell do not belong to it"},
	{"comment", 0, OPT_STRING, AT(comment), "CHAR",
		"leave out lines that begin with it: '#'"},
	{"ragged", 0, OPT_FLAG, AT(ragged), NULL,
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
print_schema(struct stage *st)
{
	struct parse_csv *o = STAGE(st, parse_csv);
	struct infercsv how = {.style = o->rows.style,
		.header = o->header,
		.ragged = o->ragged,
		.nulls = &o->nulls,
		.comment = o->comment,
		.max_line = stage_max_line(st),
		.stopping = stage_stopping};
	struct schema *s;
	struct buf b;
	char q[200];

	s = infercsv_file(o->infer, &how, st->err);
	if (s == NULL)
		return -1;
	if (how.skipped > 0)
		stage_warn(st, "%zu rows of '%s' are malformed", how.skipped,
			err_quote(q, sizeof(q), o->infer, strlen(o->infer)));
	buf_init(&b);
	schema_print(s, &b);
	buf_byte(&b, '\n');
	stage_print(st, b.p, b.n);
	buf_release(&b);
	schema_free(s);
	st->answered = true;
	return 0;
}

static int
csv_open(struct stage *st)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	/* As in Spark: "" is nullValue, so long as nothing else is. */
	o->rules.empty_text = o->nulls.n > 0;
	if (open_rows(st, o) < 0 || open_schema(st, o) < 0)
		return -1;
	return o->infer != NULL && !st->explain && st->place == 0 &&
			st->next == NULL
		? print_schema(st)
		: 0;
}

/* Names and number of the columns. */

static const char *
cell_text(const struct parse_csv *o, size_t i)
{
	return o->rows.cells.p + o->rows.cell[i].at;
}

/* One that is there already gets a number. */
static struct shape *
add_name(struct parse_csv *o, struct shape *shape, const char *s, size_t n)
{
	struct buf b;

	buf_init(&b);
	buf_clear(&o->clean);
	json_repair(&o->clean, s, n);
	json_escape(&b, o->clean.p, o->clean.n);
	n = b.n;
	for (int i = 2; shape_find(shape, b.p, b.n) >= 0; i++) {
		b.n = n;
		buf_printf(&b, "_%d", i);
	}
	shape = shape_extend(shape, b.p, b.n);
	buf_release(&b);
	return shape;
}

/* By its place: _c0, _c1 ... */
static struct shape *
add_place(struct parse_csv *o, struct shape *shape, size_t i)
{
	char name[32];

	snprintf(name, sizeof(name), "_c%zu", i);
	return add_name(o, shape, name, strlen(name));
}

static void
name_by_schema(struct stage *st, struct parse_csv *o)
{
	o->shape = shape_empty(st->shapes);
	for (size_t i = 0; i < o->schema->n; i++)
		o->shape = add_name(o, o->shape, o->schema->f[i].name,
			strlen(o->schema->f[i].name));
	o->columns = o->schema->n - (o->corrupt >= 0);
	o->named = true;
}

/* By the row that was read (the header), or by the places of its cells. */
static void
name_by_row(struct stage *st, struct parse_csv *o)
{
	o->shape = shape_empty(st->shapes);
	for (size_t i = 0; i < o->rows.n; i++)
		o->shape = o->header && o->rows.cell[i].n > 0
			? add_name(o, o->shape, cell_text(o, i),
				  o->rows.cell[i].n)
			: add_place(o, o->shape, i);
	o->columns = o->rows.n;
	o->named = true;
}

/* Of a row that has more cells than there are columns (--ragged). */
static struct shape *
wide_shape(struct parse_csv *o, size_t n)
{
	if (o->wide == NULL || o->nwide != n) {
		o->wide = o->shape;
		for (size_t i = o->columns; i < n; i++)
			o->wide = add_place(o, o->wide, i);
		o->nwide = n;
	}
	return o->wide;
}

/* Say so when the names of the header are not those of the schema. */
static void
compare_header(struct stage *st, struct parse_csv *o)
{
	char in_schema[100], in_header[100];
	size_t n = 0;

	for (size_t i = 0; i < o->schema->n; i++) {
		const char *name = o->schema->f[i].name;
		size_t len = n < o->rows.n ? o->rows.cell[n].n : 0;

		if ((int)i == o->corrupt)
			continue;
		if (len != strlen(name) ||
			strncasecmp(cell_text(o, n), name, len) != 0) {
			stage_warn(st,
				"column %zu is '%s' in the schema but '%s' "
				"in the header; columns go by their place",
				n + 1,
				err_quote(in_schema, sizeof(in_schema), name,
					strlen(name)),
				err_quote(in_header, sizeof(in_header),
					len > 0 ? cell_text(o, n) : "", len));
			return;
		}
		n++;
	}
	if (n < o->rows.n)
		stage_warn(st, "the header has %zu columns, the schema %zu",
			o->rows.n, n);
}

static int
csv_plan(struct stage *st, struct plan *p)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	if (o->infer != NULL)
		return err_as(st->err, STATUS_USAGE,
			"--infer stands alone, not in a pipeline");
	o->rules.zone = stage_zone(st);
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

/* The row's bytes as they came. */
static struct record
row_text(const struct parse_csv *o)
{
	return (struct record){.line = o->rows.text,
		.nline = (uint32_t)o->rows.ntext,
		.number = o->number};
}

static int
refuse(struct stage *st, const char *why)
{
	struct record t = row_text(STAGE(st, parse_csv));

	return stage_reject(st, &t, "%s", why);
}

/* Does --null name this text? */
static bool
is_null(const struct parse_csv *o, const char *s, size_t n)
{
	for (size_t i = 0; i < o->nulls.n; i++)
		if (strlen(o->nulls.s[i]) == n &&
			memcmp(o->nulls.s[i], s, n) == 0)
			return true;
	return false;
}

/* The cell of a column; cells that are not UTF-8 are repaired. */
static struct cell
take_cell(struct parse_csv *o, size_t i, bool binary)
{
	struct csvrow_cell *p = &o->rows.cell[i];
	struct buf *b = &o->rows.cells;
	struct cell c = {NULL, 0, false};
	size_t at;

	if (i >= o->rows.n)
		return c;
	if (o->nulls.n > 0 && is_null(o, b->p + p->at, p->n))
		return c;
	if (!binary && !json_utf8(b->p + p->at, p->n)) {
		at = b->n;
		buf_need(b, 3 * p->n);
		json_repair(b, b->p + p->at, p->n);
		*p = (struct csvrow_cell){at, b->n - at, p->quoted};
		o->repaired = true;
	}
	return (struct cell){b->p + p->at, p->n, p->quoted};
}

/* All values of a row, typed; returns what is wrong, or NULL. */
static const char *
typed_values(struct stage *st, struct parse_csv *o, struct value *v)
{
	const char *why = NULL;
	size_t k = 0;

	o->rules.now_us = st->now.time_us;
	for (size_t i = 0; i < o->schema->n; i++) {
		const struct type *t = o->schema->f[i].type;
		struct cell c;

		if ((int)i == o->corrupt) {
			v[i] = value_null();
			continue;
		}
		c = take_cell(o, k++, t->kind == TYPE_BINARY);
		if (!cell_value(&c, t, &o->rules, &o->text, &v[i]))
			why = "a cell does not fit its type";
	}
	return why;
}

/* All cells, as strings. */
static void
plain_values(struct parse_csv *o, struct value *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct cell c = take_cell(o, i, false);

		v[i] = c.s == NULL ? value_null()
				   : cell_string(c.s, c.n, &o->text);
	}
}

/* What is wrong with the number of cells, or NULL. */
static const char *
miscounted(const struct parse_csv *o)
{
	if (o->ragged || o->rows.n == o->columns)
		return NULL;
	return o->rows.n < o->columns ? "too few cells" : "too many cells";
}

/* The row's values; returns what is wrong with it, or NULL. */
static const char *
read_values(struct stage *st, struct parse_csv *o, struct value *v, size_t n)
{
	const char *wrong = csvrow_why(&o->rows, o->schema != NULL),
		   *count = miscounted(o), *misfit = NULL;

	o->repaired = false;
	if (o->schema != NULL)
		misfit = typed_values(st, o, v);
	else if (count == NULL)
		plain_values(o, v, n);
	return wrong != NULL     ? wrong
		: count != NULL  ? count
		: misfit != NULL ? misfit
		: o->repaired    ? "invalid UTF-8"
				 : NULL;
}

/* too_long: what to say of a row that has been given up for its length. */
static int
emit(struct stage *st, struct parse_csv *o, const char *too_long)
{
	bool wide = o->schema == NULL && o->ragged && o->rows.n > o->columns;
	struct shape *shape = wide ? wide_shape(o, o->rows.n) : o->shape;
	struct value *v = slots_need(&o->slots, shape->n);
	struct record out = {.shape = shape,
		.v = v,
		.room = o->slots.cap,
		.number = o->number};
	const char *why;

	buf_clear(&o->text);
	buf_need(&o->text,
		CELL_ROOM(3 * o->rows.cells.n) + CELL_ROOM(0) * shape->n +
			CELL_ROOM(3 * o->rows.ntext));
	/* Repairs must not move the cells that values point into. */
	buf_need(&o->rows.cells, 3 * o->rows.cells.n);
	why = read_values(st, o, v, shape->n);
	if (why != NULL) {
		if (refuse(st, too_long != NULL ? too_long : why) < 0)
			return -1;
		if (!stage_kept(st))
			return 0;
		if (o->corrupt >= 0) {
			buf_clear(&o->clean);
			json_repair(&o->clean, o->rows.text, o->rows.ntext);
			v[o->corrupt] = cell_string(
				o->clean.p, o->clean.n, &o->text);
		}
	}
	return stage_emit(st, &out);
}

/* Headers. */

static void
keep_names(struct parse_csv *o)
{
	o->nnames = o->rows.n;
	o->names = mem_alloc((o->nnames + 1) * sizeof(o->names[0]));
	for (size_t i = 0; i < o->nnames; i++)
		o->names[i] = mem_dup(cell_text(o, i), o->rows.cell[i].n);
}

/* What is wrong with a header is told, or ends it all. */
static int
check_header(struct stage *st, struct parse_csv *o)
{
	const char *why = csvrow_why(&o->rows, o->schema != NULL);

	if (why != NULL && refuse(st, why) < 0)
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

/* The first row is the header. */
static void
take_header(struct stage *st, struct parse_csv *o)
{
	buf_add(&o->first, o->rows.text, o->rows.ntext);
	keep_names(o);
	if (o->schema == NULL)
		name_by_row(st, o);
	else
		compare_header(st, o);
}

/* How many cells of the row are names of the header, in any place. */
static size_t
known_names(const struct parse_csv *o)
{
	size_t found = 0;

	for (size_t i = 0; i < o->rows.n; i++)
		for (size_t k = 0; k < o->nnames; k++)
			if (strlen(o->names[k]) == o->rows.cell[i].n &&
				o->rows.cell[i].n > 0 &&
				strncasecmp(o->names[k], cell_text(o, i),
					o->rows.cell[i].n) == 0) {
				found++;
				break;
			}
	return found;
}

static bool
same_names(const struct parse_csv *o)
{
	for (size_t i = 0; i < o->nnames; i++)
		if (i >= o->rows.n ||
			strlen(o->names[i]) != o->rows.cell[i].n ||
			memcmp(o->names[i], cell_text(o, i),
				o->rows.cell[i].n) != 0)
			return false;
	return o->rows.n == o->nnames;
}

static bool
is_first(const struct parse_csv *o, const char *line, size_t n)
{
	return o->first.n == n && n > 0 && memcmp(o->first.p, line, n) == 0;
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

	if (is_first(o, o->rows.text, o->rows.ntext))
		return true;
	if (o->within || !o->header)
		return false;
	if (same_names(o))
		return true;
	if (o->rows.n == 0 || 2 * known_names(o) < o->rows.n)
		return false;
	stage_warn(st,
		"line %llu: the header is '%s', that of the first file "
		"'%s'; columns go by their place",
		(unsigned long long)o->number,
		err_quote(now, sizeof(now), o->rows.text, o->rows.ntext),
		err_quote(before, sizeof(before), o->first.p, o->first.n));
	return true;
}

/* A row is complete. */
static int
take_row(struct stage *st, const char *too_long)
{
	struct parse_csv *o = STAGE(st, parse_csv);
	int ret = 0;

	if (o->header && o->first.n == 0) {
		ret = check_header(st, o);
		if (ret == 0)
			take_header(st, o);
	} else if (!is_header(st, o)) {
		if (!o->named)
			name_by_row(st, o);
		ret = emit(st, o, too_long);
	}
	o->within = true;
	return ret;
}

/* Lines. */

static int take_line(
	struct stage *st, const char *line, size_t n, uint64_t number);

/* The cell that is open will not be closed: its later lines are rows. */
static int
give_up(struct stage *st, const char *too_long)
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
	ret = take_row(st, too_long);
	end = rest.p + rest.n;
	for (p = rest.p; p < end && ret == 0;) {
		const char *line = p;

		p = csvrow_next(line, end, &n);
		ret = take_line(st, line, n, ++number);
	}
	buf_release(&rest);
	return ret;
}

/* The input has ended, or the file: so has the row. */
static int
finish(struct stage *st)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	while (csvrow_is_open(&o->rows))
		if (give_up(st, NULL) < 0)
			return -1;
	return 0;
}

static int
end_file(struct stage *st)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	o->ended = false;
	if (finish(st) < 0)
		return -1;
	o->begun = o->within = false;
	return 0;
}

/* Records can be emitted at the next line or at the end of the batch. */
static void
csv_file_end(struct stage *st)
{
	STAGE(st, parse_csv)->ended = true;
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
take_line(struct stage *st, const char *line, size_t n, uint64_t number)
{
	struct parse_csv *o = STAGE(st, parse_csv);
	struct csvrow_reader *rows = &o->rows;
	/* The reader drops it, but hands lines out in place. */
	const char *end = csvrow_end(line, n);

	/* Another file has begun before the cell was closed. */
	if (csvrow_is_open(rows) && o->nnames > 1 && is_first(o, line, n) &&
		finish(st) < 0)
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
		return take_row(st, NULL);
	case CSVROW_UNCLOSED:
		return give_up(st, NULL) < 0 ? -1
					     : take_line(st, line, n, number);
	default:
		if (rows->lines.n <= stage_max_line(st))
			return 0;
		return give_up(st,
			"a row longer than --max-line; is a quote "
			"not closed?");
	}
}

static int
csv_record(struct stage *st, struct record *r)
{
	if (STAGE(st, parse_csv)->ended && end_file(st) < 0)
		return -1;
	return take_line(st, r->line, r->nline, r->number);
}

/* What a restart needs: the header and the open row. */
static int
save(struct stage *st, const char *key, const char *p, size_t n)
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
csv_batch(struct stage *st, struct batch *b)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	if (o->ended && end_file(st) < 0)
		return -1;
	if ((b->whole || b->last) && finish(st) < 0)
		return -1;
	if (save(st, "h", o->first.p, o->first.n) < 0)
		return -1;
	return save(st, "r", o->rows.lines.p,
		csvrow_is_open(&o->rows) ? o->rows.lines.n : 0);
}

static int
csv_eof(struct stage *st, struct batch *b)
{
	struct parse_csv *o = STAGE(st, parse_csv);

	/* One more batch ends the row that is open.  With a checkpoint it stays
	 * open: the next run goes on. */
	return csvrow_is_open(&o->rows) && st->in.checkpoint == NULL;
}

/* Read lines again that a former run has left. */
static void
again(struct stage *st, const char *key)
{
	struct parse_csv *o = STAGE(st, parse_csv);
	state_ref ref = state_find(st->state, key, 1);
	enum csvrow what = CSVROW_OPEN;
	const char *p, *end, *line;
	struct buf b;
	size_t n;

	if (ref == STATE_NONE)
		return;
	p = state_value(st->state, ref, &n);
	buf_init(&b);
	buf_add(&b, p, n);
	buf_need(&b, JSON_PADDING);
	end = b.p + b.n;
	for (p = b.p; p < end && what == CSVROW_OPEN;) {
		line = p;
		p = csvrow_next(line, end, &n);
		what = csvrow_line(&o->rows, line, n, csvrow_end(line, n));
	}
	if (*key == 'h' && what == CSVROW_OPEN)
		csvrow_unclose(&o->rows, &o->clean);
	if (*key == 'h')
		take_header(st, o);
	buf_release(&b);
	o->begun = o->within = true;
}

static int
csv_restore(struct stage *st)
{
	again(st, "h");
	again(st, "r");
	return 0;
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

	csvrow_release(&o->rows);
	schema_free(o->schema);
	timepat_free(o->pattern);
	for (size_t i = 0; i < o->nnames; i++)
		free(o->names[i]);
	free(o->names);
	buf_release(&o->first);
	buf_release(&o->text);
	buf_release(&o->clean);
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
		    "[FILE ...] | --infer FILE",
	.opts = opts,
	.size = sizeof(struct parse_csv),
	.flags = OP_TEXT | OP_FILES,
	.open = csv_open,
	.plan = csv_plan,
	.record = csv_record,
	.file_end = csv_file_end,
	.batch = csv_batch,
	.eof = csv_eof,
	.keeper = &parse_csv_keeper,
	.close = csv_close,
};
