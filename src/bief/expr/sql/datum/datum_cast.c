/*
 * datum_cast: casts of datums, as Spark does them with ANSI mode off: what
 * cannot be read is null, integers wrap, doubles are cut.  try_cast is the same
 * walk with c->exact set, which makes a null of all of these.
 */
#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "text/number.h"
#include "time/date.h"
#include "time/time.h"
#include "time/zone.h"
#include "expr/expr.h"
#include "expr/sql/datum/datum.h"
#include "expr/sql/datum/datum_interval.h"

/* Casts of text. */

/* Without the blanks and control characters around it. */
static void
text_trim(const char **s, size_t *n)
{
	while (*n > 0 && (unsigned char)**s <= ' ') {
		(*s)++;
		(*n)--;
	}
	while (*n > 0 && (unsigned char)(*s)[*n - 1] <= ' ')
		--*n;
}

/* Digits, and a fraction that is cut off (if that is allowed). */
static bool
text_long(const char *s, size_t n, bool cut, int64_t *out)
{
	const char *p = s, *end = s + n;
	bool negative = false;
	int64_t v = 0;

	if (p < end && (*p == '-' || *p == '+'))
		negative = *p++ == '-';
	if (p == end)
		return false;
	for (; p < end && *p != '.'; p++) {
		if (!isdigit((unsigned char)*p) ||
			__builtin_mul_overflow(v, 10, &v) ||
			__builtin_sub_overflow(v, *p - '0', &v))
			return false;
	}
	if (p < end && !cut)
		return false;
	for (p += p < end; p < end; p++)
		if (!isdigit((unsigned char)*p))
			return false;
	if (!negative && v == INT64_MIN)
		return false;
	*out = negative ? v : -v;
	return true;
}

static bool
text_word(const char *s, size_t n, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strlen(*words) == n && strncasecmp(s, *words, n) == 0)
			return true;
	return false;
}

/* Java allows what JSON's numbers do not: "+1", ".5", "5.". */
static double
text_real(const char *s, size_t n)
{
	char text[64], *p = text;
	double d;

	if (n + 1 > sizeof(text))
		p = mem_alloc(n + 1);
	memcpy(p, s, n);
	p[n] = '\0';
	d = strtod(p, NULL);
	if (p != text)
		free(p);
	return d;
}

static bool
text_double(const char *s, size_t n, double *out)
{
	static const char *const nan[] = {"nan", NULL};
	static const char *const inf[] = {"inf", "infinity", NULL};
	const char *p = s, *end = s + n;
	bool digits = false;

	if (text_word(s, n, nan)) {
		*out = NAN;
		return true;
	}
	if (p < end && (*p == '+' || *p == '-'))
		p++;
	if (text_word(p, (size_t)(end - p), inf)) {
		*out = *s == '-' ? -INFINITY : INFINITY;
		return true;
	}
	if (end > p && memchr("dDfF", end[-1], 4) != NULL)
		end--; /* Java's suffixes */
	for (; p < end && isdigit((unsigned char)*p); p++)
		digits = true;
	if (p < end && *p == '.')
		for (p++; p < end && isdigit((unsigned char)*p); p++)
			digits = true;
	if (!digits)
		return false;
	if (p < end && (*p == 'e' || *p == 'E')) {
		if (++p < end && (*p == '+' || *p == '-'))
			p++;
		for (digits = false; p < end && isdigit((unsigned char)*p); p++)
			digits = true;
	}
	if (!digits || p != end)
		return false;
	*out = text_real(s, (size_t)(end - s));
	return true;
}

static void
cast_text(struct datum_ctx *c, struct datum *d, struct ty to)
{
	static const char *const yes[] = {"t", "true", "y", "yes", "1", NULL};
	static const char *const no[] = {"f", "false", "n", "no", "0", NULL};
	const char *s = d->str;
	size_t n = d->n;
	struct datum r = datum_null();
	int32_t days;
	int64_t i;
	double x;
	numeric v;
	int p, q;

	text_trim(&s, &n);
	switch ((int)to.kind) {
	case TYPE_BOOLEAN:
		if (text_word(s, n, yes))
			r = datum_bool(true);
		else if (text_word(s, n, no))
			r = datum_bool(false);
		break;
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		if ((d->flags & DATUM_LOOSE) != 0 && number_special(s, n, &x)) {
			r = datum_double(x);
			datum_cast(c, &r, to);
		} else if (text_long(s, n, !c->exact, &i) &&
			datum_wrap(i, to.kind) == i)
			r = datum_int(to.kind, i);
		break;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		if (text_double(s, n, &x)) {
			r = datum_double(
				to.kind == TYPE_FLOAT ? (double)(float)x : x);
			r.kind = to.kind;
		}
		break;
	case TYPE_DECIMAL:
		if (numeric_parse(s, n, &v, &p, &q) &&
			numeric_rescale(v, q, to.s, to.p, &v))
			r = datum_from_decimal(v, to.p, to.s);
		break;
	case TYPE_DATE:
		if (date_parse(s, n, &days) == 0)
			r = datum_int(TYPE_DATE, days);
		break;
	case TYPE_TIMESTAMP:
		if (time_parse(s, n, c->env->zone, c->env->batch_us, &i) == 0)
			r = datum_int(TYPE_TIMESTAMP, i);
		break;
	case TYPE_BINARY:
		r = *d;
		r.kind = TYPE_BINARY;
		break;
	default:
		assert(false); /* datum_cast_allows() has said no */
	}
	*d = r;
}

/* Casts of numbers. */

/* Cut, saturated, NaN is 0. */
static int64_t
cut_real(double d, int kind)
{
	if (isnan(d))
		return 0;
	if (kind == TYPE_LONG) {
		if (d >= 9223372036854775808.0)
			return INT64_MAX;
		return d <= -9223372036854775808.0 ? INT64_MIN : (int64_t)d;
	}
	if (d >= INT32_MAX)
		return INT32_MAX;
	return d <= INT32_MIN ? INT32_MIN : (int64_t)d;
}

/* Is the whole part of a float or double a value of an integer type?  As in
 * Java, where the type's end is taken as a float or double. */
static bool
number_real_fits(const struct datum *d, int kind)
{
	double least = kind == TYPE_BYTE ? INT8_MIN
		: kind == TYPE_SHORT     ? INT16_MIN
		: kind == TYPE_INT       ? INT32_MIN
					 : -9223372036854775808.0;
	double most = kind == TYPE_LONG ? -least : -least - 1;

	if (d->kind == TYPE_FLOAT)
		most = (double)(float)most;
	return floor(d->d) <= most && ceil(d->d) >= least;
}

static struct datum
number_to_time(struct datum_ctx *c, const struct datum *d)
{
	int64_t us;
	double x;

	if (d->kind == TYPE_BOOLEAN)
		return datum_int(TYPE_TIMESTAMP, d->i);
	if (ty_integral(datum_ty(d))) {
		if (__builtin_mul_overflow(d->i, TIME_SECOND, &us))
			us = d->i < 0 ? INT64_MIN : INT64_MAX;
		return datum_int(TYPE_TIMESTAMP, us);
	}
	if (d->kind == TYPE_DECIMAL) {
		unsigned __int128 v;

		/* Microseconds behind the sixth digit are cut; beyond 64 bits
		 * they wrap. */
		v = (unsigned __int128)(d->s > 6
				? datum_decimal(d) / numeric_power10(d->s - 6)
				: datum_decimal(d));
		for (int s = d->s; s < 6; s++)
			v *= 10;
		return datum_int(TYPE_TIMESTAMP, (int64_t)v);
	}
	x = d->d;
	if (!isfinite(x) || (c->exact && fabs(x * 1e6) > 9223372036854775808.0))
		return datum_null();
	return datum_int(TYPE_TIMESTAMP, cut_real(x * 1e6, TYPE_LONG));
}

static struct datum
number_to_decimal(const struct datum *d, struct ty to)
{
	numeric v;
	bool ok;

	if (d->kind == TYPE_DECIMAL)
		ok = numeric_rescale(datum_decimal(d), d->s, to.s, to.p, &v);
	else if (ty_fraction(datum_ty(d)))
		ok = isfinite(d->d) &&
			numeric_from_double(d->d, to.p, to.s, &v);
	else
		ok = numeric_rescale(d->i, 0, to.s, to.p, &v);
	return ok ? datum_from_decimal(v, to.p, to.s) : datum_null();
}

/* Big-endian, as long as its type. */
static struct datum
number_to_bytes(struct datum_ctx *c, const struct datum *d)
{
	size_t n = d->kind == TYPE_LONG ? 8
		: d->kind == TYPE_INT   ? 4
		: d->kind == TYPE_SHORT ? 2
					: 1;
	char *p = arena_get(&c->arena, n);
	struct datum r = datum_string(p, n);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)((uint64_t)d->i >> 8 * (n - 1 - i));
	r.kind = TYPE_BINARY;
	return r;
}

/* To one of the integer types. */
static struct datum
number_to_whole(struct datum_ctx *c, const struct datum *d, int kind)
{
	numeric v = d->i;

	if (ty_fraction(datum_ty(d))) {
		if (c->exact && !number_real_fits(d, kind))
			return datum_null();
		v = cut_real(d->d, kind);
	} else if (d->kind == TYPE_DECIMAL) {
		v = datum_decimal(d) / numeric_power10(d->s);
	}
	if (c->exact && v != datum_wrap((int64_t)v, kind))
		return datum_null();
	return datum_int(kind, datum_wrap((int64_t)v, kind));
}

/* Of numbers and booleans. */
static void
cast_number(struct datum_ctx *c, struct datum *d, struct ty to)
{
	bool fraction = ty_fraction(datum_ty(d));
	struct datum r = datum_null();

	switch ((int)to.kind) {
	case TYPE_BOOLEAN:
		r = datum_bool(fraction ? d->d != 0
				: d->kind == TYPE_DECIMAL
				? datum_decimal(d) != 0
				: d->i != 0);
		break;
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		r = number_to_whole(c, d, to.kind);
		break;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		r = datum_double(fraction ? d->d
				: d->kind == TYPE_DECIMAL
				? numeric_double(datum_decimal(d), d->s)
				: (double)d->i);
		if (to.kind == TYPE_FLOAT)
			r.d = (double)(fraction || d->kind == TYPE_DECIMAL
					? (float)r.d
					: (float)d->i);
		r.kind = to.kind;
		break;
	case TYPE_DECIMAL:
		r = number_to_decimal(d, to);
		break;
	case TYPE_TIMESTAMP:
		r = number_to_time(c, d);
		break;
	case TYPE_BINARY:
		r = number_to_bytes(c, d);
		break;
	default:
		assert(false);
	}
	*d = r;
}

/* Casts of times. */

static void
cast_timestamp(struct datum_ctx *c, struct datum *d, struct ty to)
{
	int64_t us = d->i;

	switch ((int)to.kind) {
	case TYPE_DATE:
		*d = datum_int(TYPE_DATE, zone_day(c->env->zone, us, &us));
		break;
	case TYPE_BOOLEAN:
		*d = datum_bool(us != 0);
		break;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
	case TYPE_DECIMAL:
		*d = datum_double((double)us / 1e6);
		cast_number(c, d, to);
		break;
	default:
		assert(ty_integral(to));
		/* Seconds that do not fit are null, not cut. */
		us = time_floor_div(us, TIME_SECOND);
		*d = datum_wrap(us, to.kind) == us ? datum_int(to.kind, us)
						   : datum_null();
	}
}

static void
cast_date(struct datum_ctx *c, struct datum *d, struct ty to)
{
	if (to.kind == TYPE_TIMESTAMP)
		*d = datum_moment(c->env->zone, d->i, 0);
	else
		*d = datum_null();
}

/* A value of one type does not fit into another one; returns -1. */
static int
cast_overflow(struct datum_ctx *c, struct ty from, struct ty to)
{
	struct buf a, b;

	buf_init(&a);
	buf_init(&b);
	ty_print(from, &a);
	ty_print(to, &b);
	err_set(c->err, "a value of type %s does not fit into %s", buf_cstr(&a),
		buf_cstr(&b));
	buf_release(&a);
	buf_release(&b);
	return -1;
}

/* An interval as a count of its last unit: a decimal has the fraction of
 * seconds, an integer must have room for it. */
static int
cast_interval(struct datum_ctx *c, struct datum *d, struct ty to)
{
	static const int64_t size[] = {86400, 3600, 60, 1};
	struct ty from = datum_ty(d);
	int64_t i = d->i;

	if (d->kind == to.kind) {
		*d = datum_interval_cut(d, to);
		return 0;
	}
	if (to.kind == TYPE_DECIMAL && d->kind == TYPE_DAYS &&
		d->s == UNIT_SECOND) {
		*d = datum_from_decimal(i, 19, 6);
		*d = number_to_decimal(d, to);
		return 0;
	}
	if (d->kind == TYPE_DAYS)
		i /= size[d->s] * TIME_SECOND;
	else if (d->s == UNIT_YEAR)
		i /= 12;
	*d = datum_int(TYPE_LONG, i);
	if (ty_integral(to) && datum_wrap(i, to.kind) != i) {
		*d = datum_null();
		return c->exact ? 0 : cast_overflow(c, from, to);
	}
	cast_number(c, d, to);
	return 0;
}

/* Casts of nested values: of their items. */

/* A struct of which nothing is known: its fields by their names. */
static int
cast_unknown(struct datum_ctx *c, struct datum *d, struct ty to)
{
	const struct schema *f = to.t->fields;
	struct datum *items = arena_get(&c->arena, f->n * sizeof(*items) + 1);

	for (size_t i = 0; i < f->n; i++)
		if (datum_field(c, d, f->f[i].name, strlen(f->f[i].name),
			    &items[i]) < 0 ||
			datum_cast(c, &items[i], ty_from(f->f[i].type)) < 0)
			return -1;
	*d = datum_items(TYPE_STRUCT, items, f->n, to.t);
	return 0;
}

static int
cast_items(struct datum_ctx *c, struct datum *d, struct ty to)
{
	struct datum *items;
	struct ty want;
	size_t n;

	if (to.t == NULL || (d->kind == to.kind && d->t == to.t) ||
		(to.kind == TYPE_STRUCT && to.t->fields == NULL))
		return 0;
	if (d->kind == TYPE_STRUCT && d->t == NULL)
		return cast_unknown(c, d, to);
	if (datum_open(c, d) < 0)
		return -1;
	if (d->kind == TYPE_STRUCT && d->n != to.t->fields->n)
		return err_set(c->err,
			"a struct of %u fields cannot become "
			"one of %zu",
			d->n, to.t->fields->n);
	n = d->kind == TYPE_MAP ? 2 * (size_t)d->n : d->n;
	items = arena_get(&c->arena, n * sizeof(*items));
	for (size_t i = 0; i < n; i++) {
		items[i] = d->items[i];
		if (d->kind == TYPE_STRUCT)
			want = ty_from(to.t->fields->f[i].type);
		else
			want = d->kind == TYPE_MAP && i % 2 == 0 ? ty_key(to)
								 : ty_elem(to);
		if (want.kind != TYPE_UNKNOWN &&
			datum_cast(c, &items[i], want) < 0)
			return -1;
	}
	d->items = items;
	d->t = to.t;
	return 0;
}

bool
datum_cast_allows(struct ty from, struct ty to)
{
	/* Text that is no number would be a key that is null. */
	if (from.kind == TYPE_MAP && to.kind == TYPE_MAP &&
		ty_key(from).kind == TYPE_STRING &&
		ty_key(to).kind > TYPE_NULL && ty_key(to).kind != TYPE_STRING &&
		ty_key(to).kind != TYPE_BINARY)
		return false;
	if (from.kind == TYPE_UNKNOWN || to.kind == TYPE_UNKNOWN ||
		from.kind == TYPE_NULL || to.kind == TYPE_STRING ||
		from.kind == to.kind)
		return true;
	switch ((int)from.kind) {
	case TYPE_STRING:
		return (to.kind >= TYPE_BOOLEAN && to.kind <= TYPE_DATE) ||
			to.kind >= TYPE_YEARS;
	case TYPE_BOOLEAN:
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
	case TYPE_DECIMAL:
		return (to.kind >= TYPE_BOOLEAN && to.kind <= TYPE_DECIMAL) ||
			to.kind == TYPE_TIMESTAMP ||
			(to.kind == TYPE_BINARY && ty_integral(from)) ||
			(ty_interval(to) && from.kind != TYPE_BOOLEAN);
	case TYPE_TIMESTAMP:
	case TYPE_DATE:
		return (to.kind >= TYPE_BOOLEAN && to.kind <= TYPE_DECIMAL) ||
			to.kind == TYPE_TIMESTAMP || to.kind == TYPE_DATE;
	case TYPE_YEARS:
	case TYPE_DAYS:
		return ty_integral(to) || to.kind == TYPE_DECIMAL;
	case TYPE_STRUCT:
		return to.kind == TYPE_MAP && from.t == NULL;
	}
	return false;
}

/* Dates are no numbers for try_cast, times no truth values. */
bool
datum_cast_try_allows(struct ty from, struct ty to)
{
	if (!datum_cast_allows(from, to))
		return false;
	switch ((int)from.kind) {
	case TYPE_DATE:
		return to.kind > TYPE_DECIMAL || to.kind <= TYPE_NULL;
	case TYPE_TIMESTAMP:
		return to.kind != TYPE_BOOLEAN;
	case TYPE_BOOLEAN:
		return to.kind != TYPE_TIMESTAMP;
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		return to.kind != TYPE_BINARY;
	}
	return true;
}

int
datum_cast_refuse(struct datum_ctx *c, struct ty from, struct ty to)
{
	struct buf a, b;

	buf_init(&a);
	buf_init(&b);
	ty_print(from, &a);
	ty_print(to, &b);
	err_set(c->err, "a value of type %s cannot become %s", buf_cstr(&a),
		buf_cstr(&b));
	buf_release(&a);
	buf_release(&b);
	return -1;
}

static void
cast_to_text(struct datum_ctx *c, struct datum *d)
{
	struct buf b;

	if (d->kind == TYPE_BINARY) {
		d->kind = TYPE_STRING;
		return;
	}
	buf_init(&b);
	datum_print(c, d, &b);
	*d = datum_from_buf(c, &b);
	buf_release(&b);
}

/* A struct of which nothing is known is taken as a map. */
static int
cast_struct_map(struct datum_ctx *c, struct datum *d, struct ty to)
{
	struct datum *items;

	if ((d->flags & DATUM_JSON) != 0) {
		d->kind = TYPE_MAP;
		d->t = to.t;
		return 0;
	}
	items = arena_get(&c->arena, 2 * d->n * sizeof(*items));
	for (size_t i = 0; i < d->n; i++) {
		const char *name = d->t->fields->f[i].name;

		items[2 * i] = datum_string(name, strlen(name));
		items[2 * i + 1] = d->items[i];
	}
	*d = datum_items(TYPE_MAP, items, d->n, to.t);
	return 0;
}

/* Of a text or a number: an interval never is silently another one. */
static int
cast_to_interval(struct datum_ctx *c, struct datum *d, struct ty to)
{
	struct ty from = datum_ty(d);
	const char *s = d->str;
	size_t n = d->n;

	if (d->kind == TYPE_STRING) {
		text_trim(&s, &n);
		*d = datum_interval_read(s, n, to);
	} else {
		*d = datum_interval_count(d, to);
	}
	return d->kind != TYPE_NULL || c->exact || to.kind == TYPE_CALENDAR
		? 0
		: cast_overflow(c, from, to);
}

int
datum_cast(struct datum_ctx *c, struct datum *d, struct ty to)
{
	if (d->kind == TYPE_NULL || to.kind == TYPE_UNKNOWN ||
		(d->kind == TYPE_CALENDAR && to.kind == TYPE_CALENDAR) ||
		(d->kind == to.kind && !ty_nested(to) &&
			to.kind != TYPE_DECIMAL && to.kind <= TYPE_STRUCT))
		return 0;
	if (!datum_cast_allows(datum_ty(d), to))
		return datum_cast_refuse(c, datum_ty(d), to);
	if (to.kind == TYPE_STRING) {
		cast_to_text(c, d);
		return 0;
	}
	if (to.kind >= TYPE_YEARS &&
		(d->kind == TYPE_STRING || ty_numeric(datum_ty(d))))
		return cast_to_interval(c, d, to);
	switch ((int)d->kind) {
	case TYPE_STRING:
		cast_text(c, d, to);
		return 0;
	case TYPE_TIMESTAMP:
		cast_timestamp(c, d, to);
		return 0;
	case TYPE_DATE:
		cast_date(c, d, to);
		return 0;
	case TYPE_YEARS:
	case TYPE_DAYS:
		return cast_interval(c, d, to);
	case TYPE_STRUCT:
		if (to.kind == TYPE_MAP)
			return cast_struct_map(c, d, to);
		return cast_items(c, d, to);
	case TYPE_ARRAY:
	case TYPE_MAP:
		return cast_items(c, d, to);
	}
	cast_number(c, d, to);
	return 0;
}

int
datum_cast_try(struct datum_ctx *c, struct datum *d, struct ty to)
{
	bool before = c->exact;
	int r;

	c->exact = true;
	r = datum_cast(c, d, to);
	c->exact = before;
	return r;
}
