/*
 * datum_load: from a record's values to datums.
 *
 * Here it is decided what a spelling means where no type is known, and what a
 * field may hold that has one; all functions rely on it that a datum's kind is
 * the one its type says from here on.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "floor/err.h"
#include "text/base64.h"
#include "text/number.h"
#include "time/date.h"
#include "time/time.h"
#include "expr/expr.h"
#include "expr/sql/datum/datum.h"

/* Without point and exponent. */
static bool
load_is_whole(const struct value *v)
{
	for (uint32_t i = 0; i < v->n; i++)
		if (v->s[i] > '9' || v->s[i] == '.')
			return false;
	return true;
}

static void
load_numeral(const struct value *v, struct datum *out)
{
	int64_t i;
	numeric d;
	int p, s;

	if (v->type == VALUE_REAL || !load_is_whole(v))
		*out = datum_double(number_double(v->s, v->n));
	else if (number_int(v->s, v->n, &i) == 0)
		*out = datum_int(TYPE_LONG, i);
	else if (v->n <= NUMERIC_DIGITS + (size_t)(*v->s == '-') &&
		numeric_parse(v->s, v->n, &d, &p, &s))
		*out = datum_from_decimal(d, p, 0);
	else
		*out = datum_double(number_double(v->s, v->n));
}

void
datum_load_string(struct datum_ctx *c, const struct value *v, struct datum *out)
{
	struct buf b;
	size_t n;

	if ((v->flags & VALUE_ESCAPED) == 0) {
		*out = datum_string(v->s, v->n);
		return;
	}
	buf_init(&b);
	out->str = value_string(v, &n, &b);
	*out = datum_string(arena_text(&c->arena, out->str, n), n);
	buf_release(&b);
}

/* What is not finite is spelled as a string. */
static void
load_double(double d, struct datum *out)
{
	const char *name = isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity";

	if (isfinite(d)) {
		*out = datum_double(d);
		return;
	}
	*out = datum_string(name, strlen(name));
	out->flags = DATUM_LOOSE;
}

/* As it is spelled. */
static void
load_any(struct datum_ctx *c, const struct value *v, struct datum *out)
{
	char text[TIME_MAX];
	int64_t us;
	size_t n;

	switch ((enum value_type)v->type) {
	case VALUE_NULL:
		*out = datum_null();
		return;
	case VALUE_BOOL:
		*out = datum_bool(v->i != 0);
		return;
	case VALUE_INT:
		*out = datum_int(TYPE_LONG, v->i);
		return;
	case VALUE_DOUBLE:
		load_double(v->d, out);
		return;
	case VALUE_NUMBER:
	case VALUE_REAL:
		load_numeral(v, out);
		return;
	case VALUE_STRING:
		if (v->n >= 20 && v->n <= 27 && v->s[v->n - 1] == 'Z' &&
			time_parse_iso(v->s, v->n, &us) == 0) {
			*out = datum_int(TYPE_TIMESTAMP, us);
			return;
		}
		datum_load_string(c, v, out);
		out->flags = DATUM_LOOSE;
		return;
	case VALUE_TIME:
		*out = datum_int(TYPE_TIMESTAMP, v->i);
		return;
	case VALUE_DATE:
		n = date_format((int32_t)v->i, text);
		*out = datum_string(arena_text(&c->arena, text, n), n);
		out->flags = DATUM_LOOSE;
		return;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		*out = (struct datum){.kind = v->type == VALUE_ARRAY
				? TYPE_ARRAY
				: TYPE_STRUCT,
			.flags = DATUM_JSON,
			.n = v->n,
			.str = v->s};
	}
}

static int
load_refuse(struct datum_ctx *c, const struct value *v, struct ty want)
{
	char quoted[80];
	struct buf b, t;

	buf_init(&b);
	buf_init(&t);
	value_print(v, &b);
	ty_print(want, &t);
	err_set(c->err, "is no %s: %s", buf_cstr(&t),
		err_quote(quoted, sizeof(quoted), b.p, b.n));
	buf_release(&b);
	buf_release(&t);
	return -1;
}

/* Text for a string field, whatever stands there. */
static void
load_text(struct datum_ctx *c, const struct value *v, struct datum *out)
{
	struct buf b;

	if (v->type == VALUE_STRING) {
		datum_load_string(c, v, out);
		return;
	}
	buf_init(&b);
	value_print(v, &b);
	if (b.n >= 2 && b.p[0] == '"')
		*out = datum_string(
			arena_text(&c->arena, b.p + 1, b.n - 2), b.n - 2);
	else
		*out = datum_from_buf(c, &b);
	buf_release(&b);
}

static bool
load_int_fits(int kind, int64_t i)
{
	switch (kind) {
	case TYPE_BYTE:
		return i == (int8_t)i;
	case TYPE_SHORT:
		return i == (int16_t)i;
	case TYPE_INT:
		return i == (int32_t)i;
	}
	return true;
}

/* A whole number, also one that a foreign tool spelled 7.0. */
static bool
load_int(struct datum *d, int kind)
{
	numeric v;

	if (d->kind == TYPE_DOUBLE && d->d == floor(d->d) && fabs(d->d) < 9e18)
		*d = datum_int(TYPE_LONG, (int64_t)d->d);
	else if (d->kind == TYPE_DECIMAL) {
		v = datum_decimal(d);
		return kind == TYPE_LONG && v == (int64_t)v;
	}
	if (d->kind != TYPE_LONG || !load_int_fits(kind, d->i))
		return false;
	d->kind = (uint8_t)kind;
	return true;
}

static bool
load_real(struct datum *d, int kind)
{
	double x;

	if (d->kind == TYPE_LONG)
		x = (double)d->i;
	else if (d->kind == TYPE_DECIMAL)
		x = numeric_double(datum_decimal(d), d->s);
	else if (d->kind == TYPE_DOUBLE)
		x = d->d;
	else if (d->kind != TYPE_STRING || !number_special(d->str, d->n, &x))
		return false;
	*d = datum_double(kind == TYPE_FLOAT ? (double)(float)x : x);
	d->kind = (uint8_t)kind;
	return true;
}

static bool
load_decimal(const struct value *v, struct ty want, struct datum *out)
{
	char text[NUMBER_MAX];
	numeric d;
	int p, s;
	bool ok;

	if (v->type == VALUE_INT)
		ok = numeric_parse(
			text, number_print_int(v->i, text), &d, &p, &s);
	else if (v->type == VALUE_DOUBLE)
		ok = isfinite(v->d) &&
			numeric_parse(text, number_print_double(v->d, text), &d,
				&p, &s);
	else
		ok = (v->type == VALUE_NUMBER || v->type == VALUE_REAL ||
			     v->type == VALUE_STRING) &&
			numeric_parse(v->s, v->n, &d, &p, &s);
	if (!ok || !numeric_rescale(d, s, want.s, want.p, &d))
		return false;
	*out = datum_from_decimal(d, want.p, want.s);
	return true;
}

static int
load_binary(struct datum_ctx *c, const struct value *v, struct ty want,
	struct datum *out)
{
	struct buf b;
	bool ok;

	if (v->type != VALUE_STRING)
		return load_refuse(c, v, want);
	datum_load_string(c, v, out);
	buf_init(&b);
	ok = base64_decode(out->str, out->n, &b);
	if (ok)
		*out = datum_from_buf(c, &b);
	out->kind = TYPE_BINARY;
	buf_release(&b);
	return ok ? 0 : load_refuse(c, v, want);
}

static int
load_time(struct datum_ctx *c, const struct value *v, struct ty want,
	struct datum *out)
{
	int64_t us;
	int32_t days;

	if (value_get_time(v, &us) == 0) {
		*out = want.kind == TYPE_TIMESTAMP
			? datum_int(TYPE_TIMESTAMP, us)
			: datum_int(TYPE_DATE,
				  time_floor_div(us, 86400 * TIME_SECOND));
		return 0;
	}
	if (v->type == VALUE_DATE) {
		*out = want.kind == TYPE_DATE
			? datum_int(TYPE_DATE, v->i)
			: datum_moment(c->env->zone, v->i, 0);
		return 0;
	}
	if (v->type != VALUE_STRING)
		return load_refuse(c, v, want);
	if (want.kind == TYPE_DATE) {
		if (date_parse(v->s, v->n, &days) < 0)
			return load_refuse(c, v, want);
		*out = datum_int(TYPE_DATE, days);
		return 0;
	}
	if (time_parse(v->s, v->n, c->env->zone, c->env->batch_us, &us) < 0)
		return load_refuse(c, v, want);
	*out = datum_int(TYPE_TIMESTAMP, us);
	return 0;
}

int
datum_load(struct datum_ctx *c, const struct value *v, struct ty want,
	struct datum *out)
{
	bool ok = true;

	if (v == NULL || v->type == VALUE_NULL) {
		*out = datum_null();
		return 0;
	}
	switch ((int)want.kind) {
	case TYPE_STRING:
		load_text(c, v, out);
		return 0;
	case TYPE_DECIMAL:
		return load_decimal(v, want, out) ? 0 : load_refuse(c, v, want);
	case TYPE_BINARY:
		return load_binary(c, v, want, out);
	case TYPE_TIMESTAMP:
	case TYPE_DATE:
		return load_time(c, v, want, out);
	}
	load_any(c, v, out);
	switch ((int)want.kind) {
	case TYPE_UNKNOWN:
		break;
	case TYPE_BOOLEAN:
		ok = out->kind == TYPE_BOOLEAN;
		break;
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		ok = load_int(out, want.kind);
		break;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		ok = load_real(out, want.kind);
		break;
	case TYPE_ARRAY:
		ok = v->type == VALUE_ARRAY;
		out->t = want.t;
		break;
	case TYPE_MAP:
	case TYPE_STRUCT:
		ok = v->type == VALUE_OBJECT;
		out->kind = want.kind;
		out->t = want.t;
		break;
	default:
		/* Intervals are made, never read: they leave as text. */
		assert(want.kind == TYPE_NULL || want.kind > TYPE_STRUCT);
	}
	return ok ? 0 : load_refuse(c, v, want);
}
