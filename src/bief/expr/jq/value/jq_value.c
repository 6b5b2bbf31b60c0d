/*
 * jq_value: jq's values as struct value: text where they stand in the record,
 * and in the memory of the evaluation where they were made.
 *
 * A number is an integer as long as it can be, unlike jq's, which are doubles:
 * the two look the same up to 2^53.  Two strings that are times of the stream
 * compare as times, as everywhere in bief.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "time/date.h"
#include "time/time.h"
#include "value/json.h"
#include "expr/jq/jq_impl.h"

struct value
jq_value_finish(struct jq_run *run, char bracket)
{
	struct buf *b = run->bufs[run->buf - 1];
	struct value v;

	buf_byte(b, bracket);
	v = jq_value_from_text(
		run, bracket == ']' ? VALUE_ARRAY : VALUE_OBJECT, b);
	jq_run_give(run);
	return v;
}

void
jq_value_text(struct jq_run *run, struct value *v)
{
	size_t n;
	const char *p;

	if (!jq_is_record(v))
		return;
	if (!run->has_whole) {
		buf_clear(&run->line);
		p = record_text(run->r, &n, &run->line);
		if (p == run->line.p) {
			buf_need(&run->line, JSON_PADDING);
			p = run->line.p;
		}
		run->whole = (struct value){
			.s = p, .n = (uint32_t)n, .type = VALUE_OBJECT};
		run->has_whole = true;
	}
	*v = run->whole;
}

int
jq_value_place(struct jq_run *run, const struct shape *shape, const char *name,
	size_t n)
{
	struct value v;
	const char *s;
	size_t len;
	uint32_t i;

	for (i = shape->n; i-- > 0;) {
		s = shape->names[i].s;
		len = shape->names[i].n;
		if (memchr(s, '\\', len) != NULL) {
			v = value_json_string(s, len, true);
			s = jq_value_string(run, &v, &len);
		}
		if (len == n && memcmp(s, name, n) == 0)
			return (int)i;
	}
	return -1;
}

const uint8_t jq_value_types[] = {
	[VALUE_NULL] = JQ_NULL,
	[VALUE_BOOL] = JQ_FALSE,
	[VALUE_INT] = JQ_NUMBER,
	[VALUE_DOUBLE] = JQ_NUMBER,
	[VALUE_NUMBER] = JQ_NUMBER,
	[VALUE_REAL] = JQ_NUMBER,
	[VALUE_STRING] = JQ_STRING,
	[VALUE_TIME] = JQ_STRING,
	[VALUE_DATE] = JQ_STRING,
	[VALUE_ARRAY] = JQ_LIST,
	[VALUE_OBJECT] = JQ_DICT,
};

const char *
jq_value_type_name(const struct value *v)
{
	static const char *const names[] = {"null", "boolean", "boolean",
		"number", "string", "array", "object"};

	return names[jq_type(v)];
}

struct jq_value_number
jq_value_number(const struct value *v)
{
	struct value x = *v;

	if (x.type == VALUE_NUMBER || x.type == VALUE_REAL) {
		x = value_number(v, false);
		/* jq tells -0 from 0. */
		if (x.type == VALUE_INT && x.i == 0 && v->s[0] == '-')
			x = value_double(-0.0);
	}
	if (x.type == VALUE_INT)
		return (struct jq_value_number){.exact = true, .i = x.i};
	return (struct jq_value_number){.d = x.d};
}

double
jq_value_double(const struct value *v)
{
	struct jq_value_number x = jq_value_number(v);

	return x.exact ? (double)x.i : x.d;
}

struct value
jq_value_result(double d)
{
	if (isnan(d))
		return value_null();
	if (isinf(d))
		return value_double(d > 0 ? DBL_MAX : -DBL_MAX);
	if (d == 0 && signbit(d))
		return (struct value){.s = "-0", .n = 2, .type = VALUE_NUMBER};
	return jq_value_from_double(d, true);
}

struct value
jq_value_from_double(double d, bool integer)
{
	if (integer && d >= -0x1p63 && d < 0x1p63 && d == floor(d) &&
		!(d == 0 && signbit(d)))
		return value_int((int64_t)d);
	return value_double(d);
}

static struct value
text_value(const char *s)
{
	return value_json_string(s, strlen(s), false);
}

struct value
jq_value_load(const struct value *v)
{
	double d;

	if (v->type == VALUE_DOUBLE) {
		d = v->d;
	} else if (v->type != VALUE_REAL) {
		return *v;
	} else {
		if (v->n < 300 && memchr(v->s, 'e', v->n) == NULL &&
			memchr(v->s, 'E', v->n) == NULL)
			return *v;
		d = jq_value_double(v);
	}
	if (isnan(d))
		return text_value("NaN");
	if (isinf(d))
		return text_value(d > 0 ? "Infinity" : "-Infinity");
	return *v;
}

const char *
jq_value_string(struct jq_run *run, const struct value *v, size_t *n)
{
	char text[TIME_MAX];

	if (v->type == VALUE_STRING && !(v->flags & VALUE_ESCAPED)) {
		*n = v->n;
		return v->s;
	}
	if (v->type == VALUE_STRING) {
		buf_clear(&run->tmp);
		json_unquote(&run->tmp, v->s, v->n);
		*n = run->tmp.n;
		return jq_run_keep(run, run->tmp.p, *n);
	}
	if (v->type == VALUE_TIME)
		*n = time_format_iso(v->i, text);
	else
		*n = date_format((int32_t)v->i, text);
	return jq_run_keep(run, text, *n);
}

struct value
jq_value_from_string(struct jq_run *run, const char *s, size_t n)
{
	struct value v;

	buf_clear(&run->tmp);
	v = value_text(s, n, &run->tmp);
	if (v.s != s)
		v.s = jq_run_keep(run, v.s, v.n);
	return v;
}

struct value
jq_value_substring(
	struct jq_run *run, const struct value *v, const char *s, size_t n)
{
	if (v->type == VALUE_STRING && (v->flags & VALUE_ESCAPED))
		return jq_value_from_string(run, s, n);
	return value_json_string(s, n, false);
}

struct value
jq_value_from_text(
	struct jq_run *run, enum value_type type, const struct buf *b)
{
	return (struct value){.s = jq_run_keep(run, b->p, b->n),
		.n = (uint32_t)b->n,
		.type = (uint8_t)type};
}
