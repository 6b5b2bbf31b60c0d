/*
 * parse-json: turn lines of JSON into records of a schema, as Spark's from_json
 * does.
 *
 * Time: none is looked at; fields of type timestamp become times.
 * Watermark: passed on as it comes.
 * State: none.
 * Restart: nothing to restore.
 *
 * It is long by its options: what Spark's reader allows and denies, alone and
 * together.  The reading itself is fromjson.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/timepat.h"
#include "value/elements.h"
#include "value/json.h"
#include "value/lenient.h"
#include "value/record_read.h"
#include "types/fromjson.h"
#include "types/infer.h"
#include "types/schema.h"
#include "types/schema_parse.h"
#include "runtime/options/inferred.h"
#include "runtime/stage.h"

struct parse_json {
	const char *schema_text, *schema_file, *corrupt_name, *field_name;
	const char *pattern_text, *date_text, *infer;
	struct list allow, deny;
	bool keep, array;

	struct schema *schema;
	struct timepat *pattern, *date_pattern;
	unsigned flags; /* of lenient.h */
	struct fromjson *json;
	int corrupt; /* field that takes malformed text, or -1 */
	struct shape *shape;
	struct slots slots, kept; /* of the schema; of the record with --keep */
	struct field field;
	struct record_add *add; /* --keep: one for each field of the schema */
	struct record_reader reader; /* without a schema */
	struct buf text;
	/* records of several lines, which go on together */
	struct slots rows;
	size_t stride, nrows;
	bool asked; /* those behind have been, what they look at */
};
#define ROWS 32   /* at most: they stay in the cache, ... */
#define HELD 8192 /* ... as does their text that is none of the lines' */
#define SPARE 6   /* values that may be added to each */

#define AT(member) offsetof(struct parse_json, member)

static const struct opt parse_json_opts[] = {
	{"schema", 's', OPT_STRING, AT(schema_text), "DDL",
		"fields and types: 'time timestamp, action string'"},
	{"schema-file", 0, OPT_STRING, AT(schema_file), "FILE",
		"read the schema from a file (DDL or Spark's JSON)", true},
	{"field", 0, OPT_STRING, AT(field_name), "FIELD",
		"parse this text field of a record instead of the line"},
	{"keep", 0, OPT_FLAG, AT(keep), NULL,
		"with --field: keep the record's fields in front"},
	{"array", 0, OPT_FLAG, AT(array), NULL,
		"a line is an array: a record for each object in it"},
	{"corrupt-field", 0, OPT_STRING, AT(corrupt_name), "NAME",
		"field that takes malformed text (_corrupt_record)"},
	{"timestamp-format", 0, OPT_STRING, AT(pattern_text), "PATTERN",
		"form of times in text: 'dd/MM/yyyy HH:mm'"},
	{"date-format", 0, OPT_STRING, AT(date_text), "PATTERN",
		"form of dates in text: 'dd/MM/yyyy'"},
	{"allow", 0, OPT_LIST, AT(allow), "WHAT,...",
		"read this too: comments, bare-names, leading-zeros, "
		"any-escape, control-characters"},
	{"deny", 0, OPT_LIST, AT(deny), "WHAT,...",
		"do not read this: single-quotes, not-a-number"},
	{"infer", 0, OPT_STRING, AT(infer), "FILE",
		"print the schema of a sample and stop", true},
	OPT_END};

static int
usage(struct stage *st, const char *why)
{
	return err_as(st->err, STATUS_USAGE, "%s", why);
}

struct word {
	const char *name;
	unsigned flag;
};
static const struct word allowed[] = {
	{"comments", LENIENT_COMMENTS},
	{"bare-names", LENIENT_NAMES},
	{"leading-zeros", LENIENT_ZEROS},
	{"any-escape", LENIENT_ESCAPES},
	{"control-characters", LENIENT_CONTROLS},
	{NULL, 0},
};
static const struct word denied[] = {
	{"single-quotes", LENIENT_NO_SINGLE},
	{"not-a-number", LENIENT_NO_WORDS},
	{NULL, 0},
};

static int
read_words(struct stage *st, const char *option, const struct list *l,
	const struct word *words, unsigned *flags)
{
	const struct word *w;

	for (size_t i = 0; i < l->n; i++) {
		for (w = words; w->name != NULL; w++)
			if (strcmp(w->name, l->s[i]) == 0)
				break;
		if (w->name == NULL)
			return err_as(st->err, STATUS_USAGE,
				"--%s does not know '%s': see --help", option,
				l->s[i]);
		*flags |= w->flag;
	}
	return 0;
}

/* What says how to read values of a schema. */
static int
open_syntax(struct stage *st, struct parse_json *o)
{
	if (o->pattern_text != NULL) {
		o->pattern = timepat_new(o->pattern_text, st->err);
		if (o->pattern == NULL)
			return -1;
	}
	if (o->date_text != NULL) {
		o->date_pattern = timepat_new(o->date_text, st->err);
		if (o->date_pattern == NULL)
			return -1;
	}
	if (read_words(st, "allow", &o->allow, allowed, &o->flags) < 0)
		return -1;
	return read_words(st, "deny", &o->deny, denied, &o->flags);
}

static int
open_options(struct stage *st)
{
	struct parse_json *o = STAGE(st, parse_json);

	o->corrupt = -1;
	record_read_init(&o->reader, st->shapes);
	if (o->schema_text != NULL && o->schema_file != NULL)
		return usage(st, "--schema and --schema-file say the same");
	if (o->keep && o->field_name == NULL)
		return usage(st, "--keep is about the record of --field");
	if (open_syntax(st, o) < 0)
		return -1;
	if (o->field_name != NULL) {
		field_init(&o->field, o->field_name);
		stage_watch(st, &o->field);
	}
	st->text = o->field_name == NULL;
	if (o->schema_text == NULL && o->schema_file == NULL) {
		if (o->corrupt_name != NULL || o->pattern != NULL ||
			o->date_pattern != NULL || o->flags != 0 ||
			st->on_error == ON_ERROR_KEEP)
			return usage(st,
				"--corrupt-field, --timestamp-format, "
				"--date-format, --allow, --deny and "
				"--on-error keep need a schema (--schema)");
		return 0;
	}
	if (st->on_error < 0)
		st->on_error = ON_ERROR_KEEP;
	o->schema = schema_parse_from(o->schema_text, o->schema_file, st->err);
	if (o->schema == NULL || schema_string_keys(o->schema, st->err) < 0)
		return -1;
	return schema_corrupt(o->schema, o->corrupt_name, &o->corrupt, st->err);
}

/* --infer */
static int
infer_schema(struct stage *st)
{
	struct parse_json *o = STAGE(st, parse_json);
	struct schema *s;
	size_t skipped;
	char q[200];

	s = infer_json_file(
		o->infer, stage_max_line(st), o->array, &skipped, st->err);
	if (s == NULL)
		return -1;
	if (skipped > 0)
		stage_warn(st, "%zu %s of '%s' are no JSON objects", skipped,
			o->array ? "elements or lines" : "lines",
			err_quote(q, sizeof(q), o->infer, strlen(o->infer)));
	inferred_print(st, s);
	return 0;
}

static int
parse_json_open(struct stage *st)
{
	if (open_options(st) < 0)
		return -1;
	return inferred_asked(st, STAGE(st, parse_json)->infer)
		? infer_schema(st)
		: 0;
}

/* The fields that go out: all of the schema, behind those that are kept. */
static void
plan_fields(struct parse_json *o, struct plan *p)
{
	struct schema *out = NULL;

	if (o->schema != NULL && (!o->keep || p->fields != NULL))
		out = schema_parsed(o->keep ? p->fields : NULL, o->schema);
	schema_free(p->fields);
	p->fields = out;
}

static void
prepare_reader(struct stage *st, struct parse_json *o)
{
	struct fromjson_options options = {.zone = stage_zone(st),
		.pattern = o->pattern,
		.date_pattern = o->date_pattern,
		.flags = o->flags,
		.corrupt = o->corrupt};
	size_t n = o->schema->n;

	o->json = fromjson_new(o->schema, &options);
	o->add = mem_zalloc((n + 1) * sizeof(o->add[0]));
	o->shape = schema_shape(o->schema, st->shapes);
	for (size_t i = 0; i < n; i++)
		record_add_init(&o->add[i], o->schema->f[i].name);
	slots_need(&o->slots, (uint32_t)n);
}

static int
parse_json_plan(struct stage *st, struct plan *p)
{
	struct parse_json *o = STAGE(st, parse_json);

	if (o->infer != NULL)
		return usage(st, "--infer stands alone, not in a pipeline");
	if (o->field_name != NULL && plan_bind(p, &o->field, NULL, st->err) < 0)
		return -1;
	plan_fields(o, p);
	if (o->schema != NULL)
		prepare_reader(st, o);
	return 0;
}

/* A text without a schema: an object, as it is. */
static int
pass_untyped(struct stage *st, struct parse_json *o, struct record *r,
	const char *text, size_t n)
{
	struct record in = {
		.line = text, .nline = (uint32_t)n, .number = r->number};
	struct record_add a;
	struct buf name;

	if (o->field_name == NULL && json_space(text, text + n) == text + n)
		return 0;
	if (record_read(&o->reader, &in, st->err) < 0) {
		char why[sizeof(st->err->text)];

		memcpy(why, st->err->text, sizeof(why));
		return stage_reject(st, r, "%s", why);
	}
	if (!o->keep)
		return stage_emit(st, &in);
	buf_init(&name);
	for (uint32_t i = 0; i < in.shape->n; i++) {
		buf_clear(&name);
		json_unquote(&name, in.shape->names[i].s, in.shape->names[i].n);
		record_add_init(&a, buf_cstr(&name));
		record_add(r, &a, in.v[i], &o->kept);
		record_add_release(&a);
	}
	buf_release(&name);
	return stage_emit(st, r);
}

/* The text of the field; blank where there is none. */
static const char *
field_text(struct parse_json *o, const struct record *r, size_t *n)
{
	const struct value *v = record_get(r, &o->field);
	const char *s;

	buf_clear(&o->text);
	if (value_is_null(v)) {
		buf_need(&o->text, JSON_PADDING);
		*n = 0;
		return o->text.p;
	}
	if (v->type == VALUE_STRING) {
		s = value_string(v, n, &o->text);
		if (s != o->text.p)
			buf_add(&o->text, s, *n);
	} else {
		value_print(v, &o->text);
	}
	buf_need(&o->text, JSON_PADDING);
	*n = o->text.n;
	return o->text.p;
}

/* The text was malformed: 0 its values are kept, 1 it is left out, or -1. */
static int
refuse_text(struct stage *st, struct parse_json *o, struct record *r,
	const char *text, size_t n, struct value *v)
{
	const char *seems = o->field_name != NULL ? NULL
						  : record_read_seems(text, n);

	if (stage_reject(st, r, "%s%s%s", fromjson_why(o->json),
		    seems != NULL ? ": " : "", seems != NULL ? seems : "") < 0)
		return -1;
	if (!stage_kept(st))
		return 1;
	if (o->corrupt >= 0)
		v[o->corrupt] = fromjson_text(o->json, text, n);
	return 0;
}

/* A text, which is the line or the field of r, or a part of it. */
static int
parse_text(struct stage *st, struct parse_json *o, struct record *r,
	const char *text, size_t n)
{
	struct value *v = o->slots.v;
	struct record out;

	if (o->schema == NULL)
		return pass_untyped(st, o, r, text, n);
	if (fromjson_read(o->json, text, n, st->now.time_us, v) < 0) {
		int left_out = refuse_text(st, o, r, text, n, v);

		if (left_out != 0)
			return left_out < 0 ? -1 : 0;
	}
	if (o->keep) {
		for (size_t i = 0; i < o->schema->n; i++)
			record_add(r, &o->add[i], v[i], &o->kept);
		return stage_emit(st, r);
	}
	out = (struct record){.shape = o->shape,
		.v = v,
		.room = o->slots.cap,
		.number = r->number};
	return stage_emit(st, &out);
}

/* An element that is no object: malformed, with nulls where it is kept. */
static int
refuse_element(struct stage *st, struct parse_json *o, struct record *r,
	const char *why, const char *text, size_t n)
{
	const char *seems = n > 0 && *text == '{' ? record_read_seems(text, n)
						  : NULL;
	struct record out = {.shape = o->shape,
		.v = o->slots.v,
		.room = o->slots.cap,
		.number = r->number};

	if (stage_reject(st, r, "%s%s%s", why, seems != NULL ? ": " : "",
		    seems != NULL ? seems : "") < 0)
		return -1;
	if (!stage_kept(st))
		return 0;
	for (size_t i = 0; i < o->schema->n; i++)
		o->slots.v[i] = (int)i == o->corrupt
			? fromjson_text(o->json, text, n)
			: value_null();
	if (!o->keep)
		return stage_emit(st, &out);
	for (size_t i = 0; i < o->schema->n; i++)
		record_add(r, &o->add[i], o->slots.v[i], &o->kept);
	return stage_emit(st, r);
}

/* --array.  What is emitted is changed by those behind: each gets its own. */
static int
parse_array(struct stage *st, struct parse_json *o, const struct record *r,
	const char *text, size_t n)
{
	struct elements e;
	int what, ret = 0;

	elements_init(&e, text, n);
	while (ret == 0 && (what = elements_next(&e, &text, &n)) != 0) {
		struct record one = *r;

		if (o->field_name == NULL) {
			one.line = text;
			one.nline = (uint32_t)n;
		}
		ret = what > 0 ? parse_text(st, o, &one, text, n)
			       : refuse_element(st, o, &one, e.why, text, n);
	}
	return ret;
}

static int
parse_json_record(struct stage *st, struct record *r)
{
	struct parse_json *o = STAGE(st, parse_json);
	const char *text = r->line;
	size_t n = r->nline;

	if (o->field_name != NULL)
		text = field_text(o, r, &n);
	return o->array ? parse_array(st, o, r, text, n)
			: parse_text(st, o, r, text, n);
}

/* ---- many lines at once ---- */

static int
emit_rows(struct stage *st, struct parse_json *o)
{
	struct record r = {
		.shape = o->shape, .v = o->rows.v, .room = (uint32_t)o->stride};
	size_t n = o->nrows;

	if (n == 0)
		return 0;
	o->nrows = 0;
	fromjson_settle(o->json, r.v, o->stride, n);
	return stage_emit_records(st, &r, o->stride, n);
}

/* A line that is not as most: those before it go on first. */
static int
add_malformed(struct stage *st, struct parse_json *o, const char *line,
	size_t n, struct value *v)
{
	struct record r = {
		.line = line, .nline = (uint32_t)n, .number = st->records_in};
	int left_out;

	if (emit_rows(st, o) < 0)
		return -1;
	fromjson_settle(o->json, v, o->stride, 1);
	left_out = refuse_text(st, o, &r, line, n, v);
	if (left_out != 0)
		return left_out < 0 ? -1 : 0;
	r = (struct record){
		.shape = o->shape, .v = v, .room = (uint32_t)o->stride};
	return stage_emit_records(st, &r, o->stride, 1);
}

static int
add_line(struct stage *st, struct parse_json *o, const char *line, size_t n)
{
	struct value *v = o->rows.v + o->nrows * o->stride;

	st->records_in++;
	if (o->nrows == 0)
		fromjson_begin(o->json);
	if (fromjson_more(o->json, line, n, st->now.time_us, v) < 0)
		return add_malformed(st, o, line, n, v);
	o->nrows++;
	return o->nrows == ROWS || fromjson_held(o->json) >= HELD
		? emit_rows(st, o)
		: 0;
}

static int
read_line(struct stage *st, const char *line, size_t n)
{
	struct record r = {
		.line = line, .nline = (uint32_t)n, .number = ++st->records_in};

	return parse_json_record(st, &r);
}

static enum field_asked
ask_behind(const void *st, const char *name)
{
	return stage_asks(st, name);
}

/* When all stages are there: what nobody looks at need not be kept. */
static void
ask(const struct stage *st, struct parse_json *o)
{
	o->asked = true;
	if (o->schema != NULL)
		fromjson_ask(o->json, ask_behind, st);
}

static int
parse_json_lines(struct stage *st, const char *p, const uint32_t *lf, size_t n)
{
	struct parse_json *o = STAGE(st, parse_json);
	bool many = o->schema != NULL && !o->array && !o->keep;
	uint32_t from = 0;

	if (!o->asked)
		ask(st, o);
	if (many && o->rows.v == NULL) {
		o->stride = o->schema->n + SPARE;
		slots_need(&o->rows, ROWS * (uint32_t)o->stride);
	}
	for (size_t i = 0; i < n; from = lf[i++] + 1) {
		const char *line = p + from;
		size_t size = lf[i] - from;

		size -= size > 0 && line[size - 1] == '\r';
		if ((many ? add_line(st, o, line, size)
			  : read_line(st, line, size)) < 0)
			return -1;
	}
	return emit_rows(st, o);
}

static void
parse_json_close(struct stage *st)
{
	struct parse_json *o = STAGE(st, parse_json);

	for (size_t i = 0; o->add != NULL && i < o->schema->n; i++)
		record_add_release(&o->add[i]);
	free(o->add);
	fromjson_free(o->json);
	timepat_free(o->pattern);
	timepat_free(o->date_pattern);
	schema_free(o->schema);
	slots_release(&o->slots);
	slots_release(&o->kept);
	slots_release(&o->rows);
	record_read_release(&o->reader);
	if (o->field_name != NULL)
		field_release(&o->field);
	buf_release(&o->text);
}

static const struct spread parse_json_spread = {.ends = false};

const struct op op_parse_json = {
	.name = "parse-json",
	.about = "read JSON lines into the fields of a schema",
	.synopsis = "[--schema DDL | --schema-file FILE] "
		    "[--field FIELD [--keep]] [--array] [FILE ...] | "
		    "--infer FILE",
	.opts = parse_json_opts,
	.size = sizeof(struct parse_json),
	.flags = OP_TEXT | OP_FILES,
	.open = parse_json_open,
	.plan = parse_json_plan,
	.record = parse_json_record,
	.lines = parse_json_lines,
	.spread = &parse_json_spread,
	.close = parse_json_close,
};
