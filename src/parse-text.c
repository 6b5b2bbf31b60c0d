/*
 * parse-text: make a record {"value": line} of each line; or one of its parts,
 * by the format of a log or by a regular expression.
 *
 * Time: none is used; fields of type timestamp become times.
 * Watermark: passed on as it comes.
 * State: none.
 * Restart: nothing to restore.
 *
 * It is long by its options, and what is refused of them together.  The reading
 * itself is logread.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "text/simd.h"
#include "time/timepat.h"
#include "value/json.h"
#include "value/record_read.h"
#include "types/cell.h"
#include "types/logread.h"
#include "types/schema.h"
#include "types/schema_parse.h"
#include "runtime/stage.h"

struct parse_text {
	const char *regex, *schema_text, *schema_file, *corrupt_name;
	const char *pattern_text, *field_name;
	int format; /* -1: none */
	bool keep;

	struct logread *log;   /* NULL: lines are values */
	struct schema *fields; /* that go out; NULL: each line tells */
	int corrupt;           /* field that takes malformed text, or -1 */
	struct timepat *pattern;
	struct cell_rules rules;
	struct record_reader reader; /* of logfmt without a schema */
	struct shape *shape;
	struct slots slots, kept; /* of the line; of the record with --keep */
	struct field field;
	struct record_add *add; /* --keep: one for each field of the line */
	struct buf text, clean, json, value;
	struct slots rows; /* records of several lines, which go on together */
	size_t nrows;
};
#define ROWS 32  /* at most */
#define STRIDE 8 /* values from one to the next: some may be added */

#define AT(member) offsetof(struct parse_text, member)

static const struct opt parse_text_opts[] = {
	{"regex", 'e', OPT_STRING, AT(regex), "REGEX",
		"a field for each named group: '(?<level>\\w+): (?<text>.*)'"},
	{"format", 'f', OPT_ENUM, AT(format),
		"common|combined|syslog|logfmt|journal",
		"a line is of the log of a web server, of syslog ..."},
	{"field", 0, OPT_STRING, AT(field_name), "FIELD",
		"take this text field of a record instead of the line"},
	{"keep", 0, OPT_FLAG, AT(keep), NULL,
		"with --field: keep the record's fields in front"},
	{"schema", 's', OPT_STRING, AT(schema_text), "DDL",
		"types of the fields: 'status int, time timestamp'"},
	{"schema-file", 0, OPT_STRING, AT(schema_file), "FILE",
		"read the schema from a file (DDL or Spark's JSON)", true},
	{"corrupt-field", 0, OPT_STRING, AT(corrupt_name), "NAME",
		"field that takes malformed lines (_corrupt_record)"},
	{"timestamp-format", 0, OPT_STRING, AT(pattern_text), "PATTERN",
		"form of times: 'dd/MM/yyyy HH:mm'"},
	OPT_END};

static void
parse_text_defaults(void *self)
{
	struct parse_text *o = self;

	o->format = o->corrupt = -1;
}

static int
usage(struct stage *st, const char *why)
{
	return err_as(st->err, STATUS_USAGE, "%s", why);
}

/* A schema's field for malformed lines is none of the line's. */
static int
take_corrupt(struct stage *st, struct schema *types, const char **name)
{
	struct parse_text *o = STAGE(st, parse_text);
	int at;

	*name = o->corrupt_name;
	if (types == NULL)
		return 0;
	if (schema_corrupt(types, o->corrupt_name, &at, st->err) < 0)
		return -1;
	if (at >= 0 && *name == NULL)
		*name = "_corrupt_record";
	if (at >= 0)
		schema_remove(types, (size_t)at);
	return 0;
}

static int
open_log(struct stage *st, struct parse_text *o)
{
	const char *corrupt = NULL;
	struct schema *types = NULL;
	int rc = -1;

	if (o->pattern_text != NULL) {
		o->pattern = timepat_new(o->pattern_text, st->err);
		if (o->pattern == NULL)
			return -1;
	}
	if (o->schema_text != NULL || o->schema_file != NULL) {
		types = schema_parse_from(
			o->schema_text, o->schema_file, st->err);
		if (types == NULL || cell_schema(types, st->err) < 0)
			goto out;
	}
	if (take_corrupt(st, types, &corrupt) < 0)
		goto out;
	o->log = logread_new(o->format >= 0 ? o->format : LOG_REGEX, o->regex,
		types, st->err);
	if (o->log == NULL)
		goto out;
	rc = 0;
	o->fields = schema_copy(logread_fields(o->log));
	if (corrupt == NULL || o->fields == NULL)
		goto out;
	if (schema_find(o->fields, corrupt, strlen(corrupt)) >= 0)
		rc = err_as(st->err, STATUS_USAGE,
			"--corrupt-field: '%s' is a part of the line: take "
			"another name",
			corrupt);
	else
		rc = schema_corrupt(o->fields, corrupt, &o->corrupt, st->err);
out:
	schema_free(types);
	return rc;
}

static int
parse_text_open(struct stage *st)
{
	struct parse_text *o = STAGE(st, parse_text);
	bool log = o->regex != NULL || o->format >= 0;

	if (o->regex != NULL && o->format >= 0)
		return usage(st, "--regex and --format say the same");
	if (o->schema_text != NULL && o->schema_file != NULL)
		return usage(st, "--schema and --schema-file say the same");
	if (!log &&
		(o->schema_text != NULL || o->schema_file != NULL ||
			o->corrupt_name != NULL || o->pattern_text != NULL))
		return usage(st,
			"--schema, --corrupt-field and --timestamp-format "
			"are about the fields that --regex or --format finds");
	if (o->field_name != NULL && !log)
		return usage(st,
			"--field is about what --regex or --format finds in "
			"it");
	if (o->keep && o->field_name == NULL)
		return usage(st, "--keep is about the record of --field");
	st->text = o->field_name == NULL;
	if (o->field_name != NULL) {
		field_init(&o->field, o->field_name);
		stage_watch(st, &o->field);
	}
	if (log && open_log(st, o) < 0)
		return -1;
	if (log && o->fields == NULL) {
		record_read_init(&o->reader, st->shapes);
		if (st->on_error == ON_ERROR_KEEP || o->corrupt_name != NULL ||
			o->pattern != NULL || o->keep)
			return usage(st,
				"--corrupt-field, --timestamp-format, --keep "
				"and --on-error keep need the fields of the lines "
				"(--schema)");
	} else if (st->on_error < 0)
		st->on_error = ON_ERROR_KEEP;
	return 0;
}

/* What the parts are called. */
static void
plan_shape(struct stage *st, struct parse_text *o)
{
	size_t n = o->fields->n;

	o->shape = schema_shape(o->fields, st->shapes);
	o->add = mem_zalloc((n + 1) * sizeof(o->add[0]));
	for (size_t i = 0; i < n; i++)
		record_add_init(&o->add[i], o->fields->f[i].name);
	slots_need(&o->slots, (uint32_t)n);
}

/* The fields that go out: those of the line, behind those that are kept. */
static void
plan_fields(const struct parse_text *o, struct plan *p)
{
	struct schema *out = NULL;

	if (o->fields != NULL && (!o->keep || p->fields != NULL))
		out = schema_parsed(o->keep ? p->fields : NULL, o->fields);
	schema_free(p->fields);
	p->fields = out;
}

static int
parse_text_plan(struct stage *st, struct plan *p)
{
	struct parse_text *o = STAGE(st, parse_text);

	o->rules = (struct cell_rules){.zone = stage_zone(st),
		.pattern = o->pattern,
		.empty_text = true};
	if (o->log == NULL) {
		o->fields = schema_new();
		schema_add(o->fields, "value", type_new(TYPE_STRING));
	}
	if (o->field_name != NULL && plan_bind(p, &o->field, NULL, st->err) < 0)
		return -1;
	if (o->fields != NULL)
		plan_shape(st, o);
	plan_fields(o, p);
	return 0;
}

/* logfmt without a schema: the record has what the line has. */
static int
emit_pairs(struct stage *st, struct record *r, const char *s, size_t n)
{
	struct parse_text *o = STAGE(st, parse_text);
	struct record out = {.number = r->number};
	const char *why;

	if (json_space(s, s + n) == s + n)
		return 0;
	buf_clear(&o->json);
	why = logread_json(o->log, s, n, &o->json);
	if (why != NULL)
		return stage_reject(st, r, "%s", why);
	out.line = o->json.p;
	out.nline = (uint32_t)o->json.n;
	if (record_read(&o->reader, &out, st->err) < 0) {
		char text[sizeof(st->err->text)];

		memcpy(text, st->err->text, sizeof(text));
		return stage_reject(st, r, "%s", text);
	}
	return stage_emit(st, &out);
}

/* The values of a line; sound: nothing is wrong with it so far.  1: it goes out,
 * 0: it does not, or -1. */
static int
read_parts(struct stage *st, const struct record *r, const char *s, size_t n,
	bool sound)
{
	struct parse_text *o = STAGE(st, parse_text);
	struct value *v = o->slots.v;
	const char *why;

	o->rules.now_us = st->now.time_us;
	why = logread_line(o->log, s, n, &o->rules, v);
	if (o->corrupt >= 0)
		v[o->corrupt] = value_null();
	if (why != NULL && sound) {
		if (stage_reject(st, r, "%s", why) < 0)
			return -1;
		if (!stage_kept(st))
			return 0;
	}
	if (o->corrupt >= 0 && (why != NULL || !sound)) {
		buf_clear(&o->text);
		v[o->corrupt] = cell_string(s, n, &o->text);
	}
	return 1;
}

/* Most lines are ASCII, which is soon seen. */
static bool
is_utf8(const char *s, size_t n)
{
	uint32_t high;

	for (size_t i = 0; i < n; i += SIMD_BLOCK) {
		simd_stop(s + i, &high);
		if (n - i < SIMD_BLOCK)
			high &= (UINT32_C(1) << (n - i)) - 1;
		if (high != 0)
			return json_utf8(s, n);
	}
	return true;
}

/* The text of the field, NULL where there is none; behind it is room for the
 * scanners. */
static const char *
field_text(struct parse_text *o, const struct record *r, size_t *n)
{
	const struct value *v = record_get(r, &o->field);
	const char *s;

	if (value_is_null(v))
		return NULL;
	buf_clear(&o->value);
	if (v->type == VALUE_STRING) {
		s = value_string(v, n, &o->value);
		if (s != o->value.p)
			buf_add(&o->value, s, *n);
	} else {
		value_print(v, &o->value);
	}
	buf_need(&o->value, JSON_PADDING);
	*n = o->value.n;
	return o->value.p;
}

/* A record of the parts, or the record with these behind it. */
static int
emit_parts(struct stage *st, struct record *r)
{
	struct parse_text *o = STAGE(st, parse_text);
	struct record out = {.shape = o->shape,
		.v = o->slots.v,
		.room = o->slots.cap,
		.number = r->number};

	if (!o->keep)
		return stage_emit(st, &out);
	for (size_t i = 0; i < o->fields->n; i++)
		record_add(r, &o->add[i], o->slots.v[i], &o->kept);
	return stage_emit(st, r);
}

/* A line or a field that is not there: nothing to find, and nothing wrong. */
static int
emit_nothing(struct stage *st, struct record *r)
{
	struct parse_text *o = STAGE(st, parse_text);

	if (o->fields == NULL)
		return 0;
	for (size_t i = 0; i < o->fields->n; i++)
		o->slots.v[i] = value_null();
	return emit_parts(st, r);
}

static int
parse_text_record(struct stage *st, struct record *r)
{
	struct parse_text *o = STAGE(st, parse_text);
	const char *s = r->line;
	size_t n = r->nline;
	bool sound;
	int goes;

	if (o->field_name != NULL && (s = field_text(o, r, &n)) == NULL)
		return emit_nothing(st, r);
	sound = is_utf8(s, n);
	if (!sound) {
		if (stage_reject(st, r, "invalid UTF-8") < 0)
			return -1;
		if (!stage_kept(st))
			return 0;
		buf_clear(&o->clean);
		json_repair(&o->clean, s, n);
		buf_need(&o->clean, JSON_PADDING);
		s = o->clean.p;
		n = o->clean.n;
	}
	if (o->log != NULL && o->fields == NULL)
		return emit_pairs(st, r, s, n);
	if (o->log != NULL) {
		goes = read_parts(st, r, s, n, sound);
		return goes == 1 ? emit_parts(st, r) : goes;
	}
	buf_clear(&o->text);
	o->slots.v[0] = cell_string(s, n, &o->text);
	return emit_parts(st, r);
}

/* ---- many lines at once ---- */

static int
emit_rows(struct stage *st, struct parse_text *o)
{
	struct record r = {.shape = o->shape, .v = o->rows.v, .room = STRIDE};
	size_t n = o->nrows;

	o->nrows = 0;
	return n == 0 ? 0 : stage_emit_records(st, &r, STRIDE, n);
}

/* Can the line stand in a JSON string as it is, and is it ASCII? */
static inline bool
is_plain(const char *s, size_t n)
{
	uint32_t high, last = UINT32_MAX;

	for (size_t i = 0; i < n; i += SIMD_BLOCK) {
		uint32_t stop = simd_stop(s + i, &high);

		if (n - i < SIMD_BLOCK)
			last = (UINT32_C(1) << (n - i)) - 1;
		if (((stop | high) & last) != 0)
			return false;
	}
	return true;
}

static int
add_line(struct stage *st, struct parse_text *o, const char *line, size_t n)
{
	struct record r = {
		.line = line, .nline = (uint32_t)n, .number = ++st->records_in};

	if (o->log != NULL || o->keep || !is_plain(line, n))
		return emit_rows(st, o) < 0 ? -1 : parse_text_record(st, &r);
	o->rows.v[o->nrows++ * STRIDE] = value_json_string(
		n > 0 ? line : "", n, false);
	return o->nrows < ROWS ? 0 : emit_rows(st, o);
}

static int
parse_text_lines(struct stage *st, const char *p, const uint32_t *lf, size_t n)
{
	struct parse_text *o = STAGE(st, parse_text);
	uint32_t from = 0;

	slots_need(&o->rows, ROWS * STRIDE);
	for (size_t i = 0; i < n; from = lf[i++] + 1) {
		size_t size = lf[i] - from;

		size -= size > 0 && p[lf[i] - 1] == '\r';
		if (add_line(st, o, p + from, size) < 0)
			return -1;
	}
	return emit_rows(st, o);
}

static void
parse_text_close(struct stage *st)
{
	struct parse_text *o = STAGE(st, parse_text);

	if (o->log != NULL && o->fields == NULL)
		record_read_release(&o->reader);
	for (size_t i = 0; o->add != NULL && i < o->fields->n; i++)
		record_add_release(&o->add[i]);
	free(o->add);
	if (o->field_name != NULL)
		field_release(&o->field);
	logread_free(o->log);
	schema_free(o->fields);
	timepat_free(o->pattern);
	buf_release(&o->text);
	buf_release(&o->clean);
	buf_release(&o->json);
	buf_release(&o->value);
	slots_release(&o->slots);
	slots_release(&o->kept);
	slots_release(&o->rows);
}

static const struct spread parse_text_spread = {.ends = false};

const struct op op_parse_text = {
	.name = "parse-text",
	.about = "make a record {\"value\": line} of each line of text, or of "
		 "its parts",
	.synopsis = "[--regex REGEX | --format FORMAT] [--schema DDL] "
		    "[--field FIELD [--keep]] [FILE ...]",
	.opts = parse_text_opts,
	.size = sizeof(struct parse_text),
	.flags = OP_TEXT | OP_FILES,
	.defaults = parse_text_defaults,
	.open = parse_text_open,
	.plan = parse_text_plan,
	.record = parse_text_record,
	.lines = parse_text_lines,
	.spread = &parse_text_spread,
	.close = parse_text_close,
};
