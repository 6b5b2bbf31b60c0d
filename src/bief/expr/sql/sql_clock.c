/*
 * sql_clock: times by the calendar and the clock on the wall, and the words for
 * times.
 *
 * Operators (t + interval), sequences and functions of times share it; it is
 * apart so that none of them has to be asked for what is not its own.
 */
#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "time/date.h"
#include "time/time.h"
#include "time/zone.h"
#include "expr/expr.h"
#include "expr/sql/sql_impl.h"

int64_t
sql_clock_months(int64_t days, int64_t months)
{
	static const int lengths[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t y, all;
	int m, d, last;

	assert(months <= SQL_MONTHS_MAX);
	assert(months >= -SQL_MONTHS_MAX);
	date_to_civil(days, &y, &m, &d);
	all = y * 12 + m - 1 + months;
	y = time_floor_div(all, 12);
	m = (int)(all - y * 12) + 1;
	last = lengths[m - 1];
	if (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0))
		last = 29;
	return date_from_civil(y, m, d < last ? d : last);
}

int64_t
sql_clock_day(struct datum_ctx *c, int64_t us, int64_t *us_of_day)
{
	return zone_day(c->env->zone, us, us_of_day);
}

struct datum
sql_clock_moved(const struct zone *z, const struct sql_wall *from, int64_t days,
	int64_t rest)
{
	int64_t offset = (int64_t)((uint64_t)from->days * DATUM_DAY +
		(uint64_t)from->rest - (uint64_t)from->us);
	int64_t r;

	if (!__builtin_mul_overflow(days - from->days, DATUM_DAY, &r) &&
		!__builtin_add_overflow(r, rest - from->rest, &r) &&
		!__builtin_add_overflow(r, from->us, &r) &&
		zone_offset(z, r) * TIME_SECOND == offset)
		return datum_int(TYPE_TIMESTAMP, r);
	return datum_moment(z, days, rest);
}

struct datum
sql_clock_shift(struct datum_ctx *c, int64_t us, int64_t months, int64_t days,
	int64_t rest_us)
{
	struct datum r = datum_int(TYPE_TIMESTAMP, us);
	struct sql_wall w = {.us = us};

	if (months != 0 || days != 0) {
		w.days = sql_clock_day(c, us, &w.rest);
		if (months != 0)
			days += sql_clock_months(w.days, months) - w.days;
		r = sql_clock_moved(c->env->zone, &w, w.days + days, w.rest);
	}
	if (r.kind != TYPE_NULL && __builtin_add_overflow(r.i, rest_us, &r.i))
		return datum_null();
	return r;
}

__int128
sql_clock_span(struct datum_ctx *c, int64_t from, int64_t to)
{
	int64_t x, y, days;

	days = sql_clock_day(c, to, &y) - sql_clock_day(c, from, &x);
	return (__int128)days * DATUM_DAY + y - x;
}

static const char *const time_words[] = {
	"epoch", "now", "today", "tomorrow", "yesterday"};

/* Which word it is, with a zone behind it that means nothing, but is one; -1:
 * none. */
static int
time_word(const char *s, size_t n)
{
	const char *end = s + n, *p;

	while (s < end && (unsigned char)*s <= ' ')
		s++;
	while (s < end && (unsigned char)end[-1] <= ' ')
		end--;
	for (p = s; p < end && isalpha((unsigned char)*p);)
		p++;
	n = (size_t)(p - s);
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	for (int i = 0; i < 5; i++) {
		if (strlen(time_words[i]) != n ||
			strncasecmp(time_words[i], s, n) != 0)
			continue;
		return p == end ||
				(i != 1 &&
					zone_open(p, (size_t)(end - p)) != NULL)
			? i
			: -1;
	}
	return -1;
}

bool
sql_clock_is_word(const char *s, size_t n)
{
	return time_word(s, n) >= 0;
}

bool
sql_clock_word(struct datum_ctx *c, const struct datum *text, int kind,
	struct datum *out)
{
	int64_t rest, today = sql_clock_day(c, c->env->batch_us, &rest);
	int word;

	if ((kind != TYPE_DATE && kind != TYPE_TIMESTAMP) ||
		(word = time_word(text->str, text->n)) < 0)
		return false;
	if (kind == TYPE_TIMESTAMP && word < 2) {
		*out = datum_int(kind, word == 0 ? 0 : c->env->batch_us);
		return true;
	}
	today = word == 0 ? 0 : today + (word == 3) - (word == 4);
	*out = kind == TYPE_DATE ? datum_int(kind, today)
				 : datum_moment(c->env->zone, today, 0);
	return true;
}
