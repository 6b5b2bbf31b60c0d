/*
 * plain: see plain.h.
 */
#include "parquet/plain.h"

#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "floor/err.h"
#include "text/base64.h"
#include "text/number.h"
#include "text/numeric.h"
#include "text/simd.h"
#include "time/time.h"
#include "value/json.h"
#include "types/type.h"
#include "parquet/node.h"

void
plain_init(struct plain *s)
{
	memset(s, 0, sizeof(*s));
	arena_init(&s->text);
}

void
plain_release(struct plain *s)
{
	arena_release(&s->text);
	buf_release(&s->tmp);
}

void
plain_begin(struct plain *s, const char *p, size_t n)
{
	s->p = p;
	s->end = p + n;
	s->bit = 0;
}

void
plain_forget(struct plain *s)
{
	arena_clear(&s->text);
}

/* ---- text ---- */

/* Is it spelled in JSON as it is? */
static inline bool
clean(const char *p, size_t n)
{
	uint32_t high, highs = 0, stops = 0, last;

	for (size_t i = 0; i < n; i += SIMD_BLOCK) {
		last = n - i < SIMD_BLOCK ? ((uint32_t)1 << (n - i)) - 1
					  : ~(uint32_t)0;
		stops |= simd_stop(p + i, &high) & last;
		highs |= high & last;
	}
	return stops == 0 && (highs == 0 || json_utf8(p, n));
}

/* As it stands between the quotes in JSON. */
static struct value
spelled(struct plain *s, const char *p, size_t n)
{
	buf_clear(&s->tmp);
	json_quote_any(&s->tmp, p, n);
	n = s->tmp.n - 2;
	return value_json_string(arena_text(&s->text, s->tmp.p + 1, n), n,
		memchr(s->tmp.p, '\\', s->tmp.n) != NULL);
}

static inline struct value
text_value(struct plain *s, const char *p, size_t n)
{
	return clean(p, n) ? value_json_string(p, n, false) : spelled(s, p, n);
}

static struct value
decimal_value(struct plain *s, numeric v, int scale)
{
	char text[NUMERIC_MAX];
	size_t n = numeric_print(v, scale, text);

	return (struct value){.s = arena_text(&s->text, text, n),
		.n = (uint32_t)n,
		.type = VALUE_NUMBER};
}

static numeric
big_endian(const char *p, size_t width)
{
	unsigned __int128 v = width > 0 && *p < 0 ? ~(unsigned __int128)0 : 0;

	for (size_t i = 0; i < width; i++)
		v = v << 8 | (unsigned char)p[i];
	return (numeric)v;
}

static struct value
bytes_value(struct plain *s, const struct node *leaf, const char *p, size_t n)
{
	switch (leaf->type->kind) {
	case TYPE_DECIMAL:
		return decimal_value(
			s, big_endian(p, n < 16 ? n : 16), leaf->type->scale);
	case TYPE_BINARY:
		buf_clear(&s->tmp);
		base64_encode(p, n, &s->tmp);
		return value_json_string(
			arena_text(&s->text, s->tmp.p, s->tmp.n), s->tmp.n,
			false);
	default:
		return text_value(s, p, n);
	}
}

/* ---- numbers ---- */

/* The shortest text that is the same float. */
static struct value
float_value(struct plain *s, float f)
{
	char text[NUMBER_MAX], back[32];
	int digits = 6;
	size_t n;

	if (!isfinite(f))
		return value_double(f);
	do
		snprintf(back, sizeof(back), "%.*g", digits, (double)f);
	while (strtof(back, NULL) != f && ++digits <= 9);
	n = number_print_double(strtod(back, NULL), text);
	return (struct value){.s = arena_text(&s->text, text, n),
		.n = (uint32_t)n,
		.type = VALUE_REAL};
}

static struct value
long_value(struct plain *s, const struct node *leaf, int64_t v)
{
	switch (leaf->type->kind) {
	case TYPE_TIMESTAMP:
		if (leaf->per_us > 1)
			v = time_floor_div(v, leaf->per_us);
		else if (__builtin_mul_overflow(v, leaf->us_unit, &v))
			return value_null();
		return value_time(v);
	case TYPE_DECIMAL:
		return decimal_value(s,
			leaf->is_unsigned ? (numeric)(uint64_t)v : v,
			leaf->type->scale);
	default:
		return value_int(v);
	}
}

static struct value
int_value(struct plain *s, const struct node *leaf, int32_t v)
{
	switch (leaf->type->kind) {
	case TYPE_DATE:
		return (struct value){.i = v, .type = VALUE_DATE};
	case TYPE_DECIMAL:
		return decimal_value(s, v, leaf->type->scale);
	default:
		return value_int(leaf->is_unsigned ? (int64_t)(uint32_t)v : v);
	}
}

/* Nanoseconds of a day, and the day as astronomers count them. */
static struct value
int96_value(const char *p)
{
	int64_t ns, us;
	int32_t day;

	memcpy(&ns, p, 8);
	memcpy(&day, p + 8, 4);
	if (__builtin_mul_overflow(
		    (int64_t)day - 2440588, 86400 * TIME_SECOND, &us) ||
		__builtin_add_overflow(us, time_floor_div(ns, 1000), &us))
		return value_null();
	return value_time(us);
}

/* ---- runs of them ---- */

static int
too_few(const struct node *leaf, struct err *err)
{
	return err_as(err, STATUS_DAMAGED,
		"column '%s' is damaged: it has too few values", leaf->name);
}

static int
read_booleans(struct plain *s, const struct node *leaf, struct value *to,
	size_t stride, size_t n, struct err *err)
{
	if ((size_t)(s->end - s->p) * 8 < n + (size_t)s->bit)
		return too_few(leaf, err);
	for (size_t i = 0; i < n; i++) {
		to[i * stride] = value_bool(*s->p >> s->bit & 1);
		s->bit = (s->bit + 1) & 7;
		s->p += s->bit == 0;
	}
	return 0;
}

static int
read_bytes(struct plain *s, const struct node *leaf, struct value *to,
	size_t stride, size_t n, struct err *err)
{
	bool text = leaf->type->kind != TYPE_DECIMAL &&
		leaf->type->kind != TYPE_BINARY;
	const char *p = s->p;
	uint32_t size;

	for (size_t i = 0; i < n; i++, p += size) {
		if (s->end - p < 4)
			return too_few(leaf, err);
		memcpy(&size, p, 4);
		p += 4;
		if (size > (size_t)(s->end - p))
			return err_as(err, STATUS_DAMAGED,
				"column '%s' is damaged: a text is longer than "
				"its page",
				leaf->name);
		to[i * stride] = text ? text_value(s, p, size)
				      : bytes_value(s, leaf, p, size);
	}
	s->p = p;
	return 0;
}

static void
read_doubles(const char *p, struct value *to, size_t stride, size_t n)
{
	double d;

	for (; n > 0; n--, p += sizeof(d), to += stride) {
		memcpy(&d, p, sizeof(d));
		*to = value_double(d);
	}
}

static void
read_longs(struct plain *s, const struct node *leaf, struct value *to,
	size_t stride, size_t n)
{
	bool plain = leaf->type->kind != TYPE_TIMESTAMP &&
		leaf->type->kind != TYPE_DECIMAL;
	const char *p = s->p;
	int64_t v;

	for (; n > 0; n--, p += sizeof(v), to += stride) {
		memcpy(&v, p, sizeof(v));
		*to = plain ? value_int(v) : long_value(s, leaf, v);
	}
}

static void
read_ints(struct plain *s, const struct node *leaf, struct value *to,
	size_t stride, size_t n)
{
	const char *p = s->p;
	int32_t v;

	for (; n > 0; n--, p += sizeof(v), to += stride) {
		memcpy(&v, p, sizeof(v));
		*to = int_value(s, leaf, v);
	}
}

static void
read_others(struct plain *s, const struct node *leaf, struct value *to,
	size_t stride, size_t n)
{
	const char *p = s->p;
	float f;

	for (; n > 0; n--, p += leaf->width, to += stride) {
		if (leaf->physical == PHYSICAL_FLOAT) {
			memcpy(&f, p, sizeof(f));
			*to = float_value(s, f);
		} else if (leaf->physical == PHYSICAL_INT96) {
			*to = int96_value(p);
		} else {
			*to = bytes_value(s, leaf, p, (size_t)leaf->width);
		}
	}
}

int
plain_read(struct plain *s, const struct node *leaf, struct value *to,
	size_t stride, size_t n, struct err *err)
{
	if (leaf->physical == PHYSICAL_BOOLEAN)
		return read_booleans(s, leaf, to, stride, n, err);
	if (leaf->physical == PHYSICAL_BYTES)
		return read_bytes(s, leaf, to, stride, n, err);
	if ((size_t)(s->end - s->p) / (size_t)leaf->width < n)
		return too_few(leaf, err);
	switch (leaf->physical) {
	case PHYSICAL_DOUBLE:
		read_doubles(s->p, to, stride, n);
		break;
	case PHYSICAL_INT64:
		read_longs(s, leaf, to, stride, n);
		break;
	case PHYSICAL_INT32:
		read_ints(s, leaf, to, stride, n);
		break;
	default:
		read_others(s, leaf, to, stride, n);
	}
	s->p += n * (size_t)leaf->width;
	return 0;
}
