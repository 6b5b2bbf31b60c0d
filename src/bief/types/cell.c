#include "types/cell.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "text/base64.h"
#include "text/number.h"
#include "text/numeric.h"
#include "text/simd.h"
#include "time/date.h"
#include "time/time.h"
#include "time/timepat.h"
#include "value/json.h"
#include "types/type.h"

/* True if the text can stand in a JSON string as it is. */
static bool
cell_plain(const char *s, size_t n)
{
	uint32_t high;

	for (; n >= SIMD_BLOCK; s += SIMD_BLOCK, n -= SIMD_BLOCK)
		if (simd_stop(s, &high) != 0)
			return false;
	for (; n > 0; s++, n--)
		if (*s == '"' || *s == '\\' || (unsigned char)*s < 0x20)
			return false;
	return true;
}

struct value
cell_string(const char *s, size_t n, struct buf *out)
{
	size_t from = out->n;

	if (cell_plain(s, n))
		return value_json_string(n > 0 ? s : "", n, false);
	json_escape(out, s, n);
	return value_json_string(out->p + from, out->n - from, true);
}

static bool
word(const char *s, size_t n, const char *w)
{
	return n == strlen(w) && strncasecmp(s, w, n) == 0;
}

/* [+-]digits */
static bool
integer(const char *s, size_t n, int64_t *i)
{
	if (n > 1 && s[0] == '+' && s[1] >= '0' && s[1] <= '9') {
		s++;
		n--;
	}
	return number_int(s, n, i) == 0;
}

static bool
whole(const char *s, size_t n, enum type_kind kind, struct value *v)
{
	int64_t i;

	if (!integer(s, n, &i))
		return false;
	if ((kind == TYPE_BYTE && i != (int8_t)i) ||
		(kind == TYPE_SHORT && i != (int16_t)i) ||
		(kind == TYPE_INT && i != (int32_t)i))
		return false;
	*v = value_int(i);
	return true;
}

static size_t
cell_digits(const char *s, size_t n)
{
	size_t i = 0;
	uint64_t w;

	for (; n - i >= 8; i += 8) {
		memcpy(&w, s + i, 8);
		if (!number_digits8(w))
			break;
	}
	while (i < n && number_is_digit(s[i]))
		i++;
	return i;
}

/* A JSON number without exponent, which is what most of them are. */
static bool
is_json_number(const char *s, size_t n)
{
	size_t i = n > 0 && *s == '-', k = cell_digits(s + i, n - i);

	if (k == 0 || (k > 1 && s[i] == '0'))
		return false;
	i += k;
	if (i == n)
		return true;
	k = cell_digits(s + i + 1, n - i - 1);
	return s[i] == '.' && k > 0 && i + 1 + k == n;
}

/*
 * Java's decimal form of a double, as JSON's: [+-](d+[.[d+]]|.d+)[e[+-]d+].
 * Returns its length in out, where n + 4 bytes are free; 0: it is none.
 */
static size_t
as_json(const char *s, size_t n, char *out)
{
	size_t k, m = 0, i = n > 0 && (s[0] == '-' || s[0] == '+');

	if (i == 1 && s[0] == '-')
		out[m++] = '-';
	k = cell_digits(s + i, n - i);
	if (k == 0 &&
		(i + 1 >= n || s[i] != '.' ||
			cell_digits(s + i + 1, n - i - 1) == 0))
		return 0;
	for (; k > 1 && s[i] == '0'; k--)
		i++;
	if (k == 0)
		out[m++] = '0';
	memcpy(out + m, s + i, k);
	m += k;
	i += k;
	if (i < n && s[i] == '.') {
		k = cell_digits(s + i + 1, n - i - 1);
		memcpy(out + m, k > 0 ? s + i : ".0", k > 0 ? k + 1 : 2);
		m += k > 0 ? k + 1 : 2;
		i += k + 1;
	}
	if (i < n && (s[i] | 0x20) == 'e') {
		size_t sign = i + 1 < n && (s[i + 1] == '-' || s[i + 1] == '+');

		k = cell_digits(s + i + 1 + sign, n - i - 1 - sign);
		if (k == 0)
			return 0;
		memcpy(out + m, s + i, 1 + sign + k);
		m += 1 + sign + k;
		i += 1 + sign + k;
	}
	return i == n ? m : 0;
}

/* Java's form of a double in base 16: 0x1.8p3, for strtod. */
static bool
is_hexadecimal(const char *s, size_t n)
{
	size_t i = n > 0 && (s[0] == '-' || s[0] == '+'), k, digit = 0;

	if (n - i < 4 || n > 60 || s[i] != '0' || (s[i + 1] | 0x20) != 'x')
		return false;
	for (i += 2; i < n && isxdigit((unsigned char)s[i]); i++)
		digit++;
	if (i < n && s[i] == '.')
		for (i++; i < n && isxdigit((unsigned char)s[i]); i++)
			digit++;
	if (digit == 0 || i == n || (s[i] | 0x20) != 'p')
		return false;
	i++;
	i += i < n && (s[i] == '-' || s[i] == '+');
	k = cell_digits(s + i, n - i);
	return k > 0 && i + k == n;
}

/* What is no decimal number and yet a double. */
static bool
odd_real(const char *s, size_t n, double *d)
{
	size_t sign = n > 0 && (s[0] == '-' || s[0] == '+');
	char text[64];

	if (n - sign == 3 && memcmp(s + sign, "NaN", 3) == 0) {
		*d = NAN;
	} else if (n - sign == 8 && memcmp(s + sign, "Infinity", 8) == 0) {
		*d = s[0] == '-' ? -INFINITY : INFINITY;
	} else if (is_hexadecimal(s, n)) {
		memcpy(text, s, n);
		text[n] = '\0';
		*d = strtod(text, NULL);
	} else {
		return false;
	}
	return true;
}

static bool
real(const char *s, size_t n, enum type_kind kind, struct buf *out,
	struct value *v)
{
	size_t m;
	double d;

	if (kind == TYPE_DOUBLE && is_json_number(s, n)) {
		*v = (struct value){
			.s = s, .n = (uint32_t)n, .type = VALUE_REAL};
		return true;
	}
	/* Spark's own words; all else is Java's, blanks around it too. */
	if ((n == 3 && memcmp(s, "Inf", 3) == 0) ||
		(n == 4 && memcmp(s, "-Inf", 4) == 0)) {
		*v = value_double(*s == '-' ? -INFINITY : INFINITY);
		return true;
	}
	while (n > 0 && (unsigned char)*s <= ' ') {
		s++;
		n--;
	}
	while (n > 0 && (unsigned char)s[n - 1] <= ' ')
		n--;
	if (odd_real(s, n, &d)) {
		*v = value_double(kind == TYPE_FLOAT ? (double)(float)d : d);
		return true;
	}
	if (n > 1 && strchr("dDfF", s[n - 1]) != NULL) {
		n--;
		if (odd_real(s, n, &d) && isfinite(d)) {
			*v = value_double(
				kind == TYPE_FLOAT ? (double)(float)d : d);
			return true;
		}
	}
	m = as_json(s, n, buf_need(out, n + 4));
	if (m == 0)
		return false;
	if (kind == TYPE_DOUBLE) {
		*v = (struct value){.s = out->p + out->n,
			.n = (uint32_t)m,
			.type = VALUE_REAL};
		out->n += m;
		return true;
	}
	d = number_double(out->p + out->n, m);
	*v = value_double((double)(float)d);
	return true;
}

static bool
decimal(const char *s, size_t n, const struct type *t, struct buf *out,
	struct value *v)
{
	char *p = buf_need(out, 48);
	size_t m = numeric_spell(s, n, t->precision, t->scale, p);

	*v = (struct value){.s = p, .n = (uint32_t)m, .type = VALUE_NUMBER};
	out->n += m;
	return m > 0;
}

static bool
timestamp(const char *s, size_t n, const struct type *t,
	const struct cell_rules *rules, struct value *v)
{
	static const int64_t factor[] = {[UNIT_MS] = 1000, [UNIT_US] = 1};
	int64_t us;

	if (t->unit != UNIT_S && integer(s, n, &us)) {
		if (t->unit == UNIT_NS)
			us = time_floor_div(us, 1000);
		else if (__builtin_mul_overflow(us, factor[t->unit], &us))
			return false;
	} else if (rules->pattern != NULL) {
		if (timepat_parse(rules->pattern, s, n, rules->zone, &us) < 0)
			return false;
	} else if (time_parse(s, n, rules->zone, rules->now_us, &us) < 0) {
		return false;
	}
	*v = value_time(us);
	return true;
}

/* Its bytes, as a stream carries them: in base 64. */
static struct value
binary(const char *s, size_t n, struct buf *out)
{
	size_t from = out->n;

	base64_encode(s, n, out);
	return value_json_string(out->p + from, out->n - from, false);
}

/* The text into *v where it fits the type. */
static bool
cast(const struct cell *c, const struct type *t, const struct cell_rules *rules,
	struct buf *out, struct value *v)
{
	int32_t days;

	switch (t->kind) {
	case TYPE_BOOLEAN:
		*v = value_bool(word(c->s, c->n, "true"));
		return v->i || word(c->s, c->n, "false");
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		return whole(c->s, c->n, t->kind, v);
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return real(c->s, c->n, t->kind, out, v);
	case TYPE_DECIMAL:
		return decimal(c->s, c->n, t, out, v);
	case TYPE_TIMESTAMP:
		return timestamp(c->s, c->n, t, rules, v);
	case TYPE_DATE:
		if (date_parse(c->s, c->n, &days) < 0)
			return false;
		*v = (struct value){.i = days, .type = VALUE_DATE};
		return true;
	case TYPE_BINARY:
		*v = binary(c->s, c->n, out);
		return true;
	case TYPE_NULL:
		*v = value_null();
		return true;
	default:
		*v = c->plain ? value_json_string(c->s, c->n, false)
			      : cell_string(c->s, c->n, out);
		return true;
	}
}

bool
cell_value(const struct cell *c, const struct type *t,
	const struct cell_rules *rules, struct buf *out, struct value *v)
{
	bool text = t->kind == TYPE_STRING || t->kind == TYPE_BINARY ||
		t->kind == TYPE_UNKNOWN;

	if (c->n > 0 || (text && c->quoted && rules->empty_text)) {
		if (cast(c, t, rules, out, v))
			return true;
		*v = value_null();
		return false;
	}
	*v = value_null();
	return true;
}

int
cell_schema(const struct schema *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->f[i].type->kind >= TYPE_ARRAY)
			return err_as(err, STATUS_USAGE,
				"field '%s' of a table is an array, a map or "
				"a struct: read it as a string, parse it with "
				"parse-json --field",
				s->f[i].name);
	return 0;
}
