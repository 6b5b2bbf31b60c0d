/*
 * datum_interval: casts to intervals, of text and of numbers.
 *
 * Text is what stands in a literal of the type, '1 02:03:04.5', or all of the
 * literal; of a calendar interval it is '1 year 2 days'.
 */
#include "expr/sql/datum/datum_interval.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "text/numeric.h"

static const int64_t day_sizes[] = {
	DATUM_DAY, 3600 * TIME_SECOND, 60 * TIME_SECOND, TIME_SECOND};

static int64_t
unit_size(struct ty t, int unit)
{
	return t.kind == TYPE_DAYS  ? day_sizes[unit]
		: unit == UNIT_YEAR ? 12
				    : 1;
}

/* The largest number of a unit that another one stands before. */
static int64_t
unit_most(struct ty t, int unit)
{
	return t.kind == TYPE_YEARS ? 11 : unit == UNIT_HOUR ? 23 : 59;
}

static struct datum
settle(struct ty t, numeric v)
{
	struct datum d = datum_int(t.kind, (int64_t)v);

	if (!ty_interval_fits(t.kind, v))
		return datum_null();
	d.p = t.p;
	d.s = t.s;
	return d;
}

/* ---- text ---- */

/* INTERVAL '...' UNIT [TO UNIT]: what stands in its quotes. */
static void
strip_literal(const char **s, const char **end, bool *minus)
{
	const char *p = *s, *close;

	if (*end - p < 8 || strncasecmp(p, "interval", 8) != 0)
		return;
	for (p += 8; p < *end && (isspace((unsigned char)*p) || *p == '-'); p++)
		*minus ^= *p == '-';
	if (p == *end || *p != '\'')
		return;
	close = memchr(p + 1, '\'', (size_t)(*end - p - 1));
	if (close == NULL)
		return;
	*s = p + 1;
	*end = close;
}

/* A number of a unit, with a fraction of seconds; behind it, or NULL. */
static const char *
take_number(const char *s, const char *end, struct ty t, int unit, numeric *v)
{
	const char *from = s;
	numeric x;
	int p, scale;

	while (s < end && isdigit((unsigned char)*s))
		s++;
	if (s < end && *s == '.' && t.kind == TYPE_DAYS && unit == UNIT_SECOND)
		for (s++; s < end && isdigit((unsigned char)*s);)
			s++;
	if (s == from || s - from > 30 ||
		!numeric_parse(from, (size_t)(s - from), &x, &p, &scale))
		return NULL;
	if (unit > t.p &&
		x >= (unit_most(t, unit) + 1) * numeric_power10(scale))
		return NULL;
	*v += x * unit_size(t, unit) / numeric_power10(scale);
	return s;
}

static struct datum
read_units(const char *s, const char *end, struct ty t)
{
	bool minus = false;
	numeric v = 0;

	strip_literal(&s, &end, &minus);
	if (s < end && (*s == '-' || *s == '+'))
		minus ^= *s++ == '-';
	for (int unit = t.p; unit <= t.s; unit++) {
		if (unit > t.p &&
			(s == end ||
				*s++ !=
					(t.kind == TYPE_YEARS ? '-'
							: unit == UNIT_HOUR
							? ' '
							: ':')))
			return datum_null();
		s = take_number(s, end, t, unit, &v);
		if (s == NULL)
			return datum_null();
	}
	return s < end ? datum_null() : settle(t, minus ? -v : v);
}

/* ---- calendar intervals ---- */

static const struct {
	const char *name;
	int64_t months, days, us;
} words[] = {{"year", 12, 0, 0}, {"month", 1, 0, 0}, {"week", 0, 7, 0},
	{"day", 0, 1, 0}, {"hour", 0, 0, 3600 * TIME_SECOND},
	{"minute", 0, 0, 60 * TIME_SECOND}, {"second", 0, 0, TIME_SECOND},
	{"millisecond", 0, 0, 1000}, {"microsecond", 0, 0, 1}};

static int
find_word(const char *s, size_t n)
{
	if (n > 1 && (s[n - 1] | 32) == 's')
		n--;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i].name) == n &&
			strncasecmp(words[i].name, s, n) == 0)
			return (int)i;
	return -1;
}

static const char *
skip(const char *s, const char *end)
{
	while (s < end && isspace((unsigned char)*s))
		s++;
	return s;
}

/* One number and its word; behind it, or NULL. */
static const char *
take_part(const char *s, const char *end, numeric sum[3])
{
	bool minus = *s == '-';
	const char *from = s = skip(s + (*s == '-' || *s == '+'), end), *word;
	numeric v;
	int p, scale, w;

	while (s < end && (isdigit((unsigned char)*s) || *s == '.'))
		s++;
	if (s - from > 18 ||
		!numeric_parse(from, (size_t)(s - from), &v, &p, &scale))
		return NULL;
	word = s = skip(s, end);
	while (s < end && isalpha((unsigned char)*s))
		s++;
	w = find_word(word, (size_t)(s - word));
	if (w < 0 || (scale > 0 && words[w].us != TIME_SECOND))
		return NULL;
	v = minus ? -v : v;
	sum[0] += v * words[w].months;
	sum[1] += v * words[w].days;
	sum[2] += v * words[w].us / numeric_power10(scale);
	return s;
}

static struct datum
read_calendar(const char *s, const char *end)
{
	numeric sum[3] = {0};

	if (end - s > 8 && strncasecmp(s, "interval", 8) == 0)
		s = skip(s + 8, end);
	if (s == end)
		return datum_null();
	for (; s != NULL && s < end; s = s == NULL ? s : skip(s, end))
		s = take_part(s, end, sum);
	return s == NULL ? datum_null()
			 : datum_interval_calendar(sum[0], sum[1], sum[2]);
}

struct datum
datum_interval_calendar(numeric months, numeric days, numeric us)
{
	struct datum d = datum_int(TYPE_CALENDAR, (int64_t)us);

	if (months != (int32_t)months || days != (int32_t)days ||
		us != (int64_t)us)
		return datum_null();
	d.high = (int64_t)((uint64_t)months << 32 | (uint32_t)(int32_t)days);
	return d;
}

struct datum
datum_interval_read(const char *s, size_t n, struct ty to)
{
	return to.kind == TYPE_CALENDAR ? read_calendar(s, s + n)
					: read_units(s, s + n, to);
}

/* ---- numbers ---- */

struct datum
datum_interval_count(const struct datum *d, struct ty to)
{
	numeric size = unit_size(to, to.s), v;

	if (d->kind == TYPE_DECIMAL)
		v = datum_decimal(d) * size / numeric_power10(d->s);
	else if (ty_fraction(datum_ty(d)))
		v = fabs(d->d) < 1e18 ? (numeric)round(d->d * (double)size)
				      : (numeric)1 << 100;
	else
		v = (numeric)d->i * size;
	return settle(to, v);
}

struct datum
datum_interval_cut(const struct datum *d, struct ty to)
{
	return settle(to,
		d->i -
			d->i % unit_size(to, to.s) *
				(to.kind == TYPE_YEARS || to.s < UNIT_SECOND));
}
