/*
 * sortkey: a tag, which is the class, then:
 *
 *	01           null
 *	02, 03       false, true
 *	04           a number: the greatest double that is not above it, its bits
 *	             turned so that they count upwards, and what is missing: 2
 *	             bytes for integers of 64 bits; for longer ones ff ff, their
 *	             length and digits, turned where they are negative
 *	05           a time: microseconds, 8 bytes
 *	06, 07, 08   text, an array, an object: its bytes, 00 as 00 ff, then 00 01
 *
 * Numbers are big-endian.  All bytes are inverted where the order is.
 */
#include "value/sortkey.h"

#include <endian.h>
#include <math.h>
#include <string.h>

#include "floor/buf.h"
#include "text/number.h"
#include "value/key_look.h"

#define SIGN (UINT64_C(1) << 63)
#define EXACT (INT64_C(1) << 53) /* below it every integer is a double */

enum tag {
	TAG_NULL = 1,
	TAG_FALSE,
	TAG_TRUE,
	TAG_NUMBER,
	TAG_TIME,
	TAG_TEXT,
	TAG_ARRAY,
	TAG_OBJECT
};

static inline void
sortkey_word(char *p, uint64_t w)
{
	w = htobe64(w);
	memcpy(p, &w, 8);
}

/* The double and what is missing. */
static inline void
sortkey_number(double floor, uint16_t rest, struct buf *out)
{
	char *p = buf_need(out, 11);
	uint64_t w;

	if (floor == 0)
		floor = 0.0; /* -0.0 */
	memcpy(&w, &floor, 8);
	if (isnan(floor))
		w = ~UINT64_C(0); /* above infinity */
	else
		w = w & SIGN ? ~w : w | SIGN;
	*p = TAG_NUMBER;
	sortkey_word(p + 1, w);
	p[9] = (char)(rest >> 8);
	p[10] = (char)rest;
	out->n += 11;
}

static inline void
sortkey_int(int64_t i, struct buf *out)
{
	double d = (double)i;

	if (i > -EXACT && i < EXACT) {
		sortkey_number(d, 0, out);
		return;
	}
	/* 2^63 is no int64_t. */
	if (d >= 0x1p63 || (int64_t)d > i)
		d = nextafter(d, -INFINITY);
	sortkey_number(d, (uint16_t)(i - (int64_t)d), out);
}

static void
sortkey_big(const struct key_look *l, struct buf *out)
{
	double d = number_double(l->s, l->n);
	int side = key_look_big(l, d);
	size_t from;

	if (side == 0) {
		sortkey_number(d, 0, out);
		return;
	}
	if (side < 0)
		d = nextafter(d, -INFINITY);
	sortkey_number(d, UINT16_MAX, out);
	from = out->n;
	sortkey_word(buf_need(out, 8), l->n);
	out->n += 8;
	buf_add(out, l->s, l->n);
	buf_byte(out, 0);
	for (size_t i = from; *l->s == '-' && i < out->n; i++)
		out->p[i] = (char)~out->p[i];
}

static inline void
sortkey_time(int64_t us, struct buf *out)
{
	char *p = buf_need(out, 9);

	*p = TAG_TIME;
	sortkey_word(p + 1, (uint64_t)us ^ SIGN);
	out->n += 9;
}

static inline void
sortkey_text(enum tag tag, const char *s, size_t n, struct buf *out)
{
	char *p = buf_need(out, n + 3);
	const char *zero;

	*p = (char)tag;
	out->n++;
	while (n > 0 && (zero = memchr(s, '\0', n)) != NULL) {
		size_t k = (size_t)(zero - s) + 1;

		buf_add(out, s, k);
		buf_byte(out, (char)0xFF);
		s += k;
		n -= k;
	}
	p = buf_need(out, n + 2);
	if (n > 0)
		memcpy(p, s, n);
	p[n] = 0;
	p[n + 1] = 1;
	out->n += n + 2;
}

static void
sortkey_look(const struct value *v, struct buf *out)
{
	struct key_look l;

	key_look_at(v, &l);
	switch (l.class) {
	case CLASS_NULL:
		buf_byte(out, TAG_NULL);
		break;
	case CLASS_BOOL:
		buf_byte(out, l.i ? TAG_TRUE : TAG_FALSE);
		break;
	case CLASS_INT:
		sortkey_int(l.i, out);
		break;
	case CLASS_DOUBLE:
		sortkey_number(l.d, 0, out);
		break;
	case CLASS_BIG:
		sortkey_big(&l, out);
		break;
	case CLASS_TIME:
		sortkey_time(l.i, out);
		break;
	case CLASS_STRING:
		sortkey_text(TAG_TEXT, l.s, l.n, out);
		break;
	case CLASS_ARRAY:
		sortkey_text(TAG_ARRAY, l.s, l.n, out);
		break;
	case CLASS_OBJECT:
		sortkey_text(TAG_OBJECT, l.s, l.n, out);
	}
	buf_release(&l.tmp);
}

/* The usual ones at once. */
static inline void
sortkey_up(const struct value *v, struct buf *out)
{
	int64_t i;

	switch (v == NULL ? VALUE_NULL : (enum value_type)v->type) {
	case VALUE_NULL:
		buf_byte(out, TAG_NULL);
		return;
	case VALUE_INT:
		sortkey_int(v->i, out);
		return;
	case VALUE_DOUBLE:
		sortkey_number(v->d, 0, out);
		return;
	case VALUE_REAL:
		sortkey_number(number_double(v->s, v->n), 0, out);
		return;
	case VALUE_NUMBER:
		if (number_int(v->s, v->n, &i) == 0)
			sortkey_int(i, out);
		else if (!value_digits(v->s, v->n))
			sortkey_number(number_double(v->s, v->n), 0, out);
		else
			break;
		return;
	case VALUE_TIME:
		sortkey_time(v->i, out);
		return;
	case VALUE_STRING:
		if ((v->flags & VALUE_ESCAPED) || key_look_special(v->s, v->n))
			break;
		sortkey_text(TAG_TEXT, v->s, v->n, out);
		return;
	default:
		break;
	}
	sortkey_look(v, out);
}

void
sortkey_add(const struct value *v, bool down, struct buf *out)
{
	size_t from = out->n;

	sortkey_up(v, out);
	for (size_t i = from; down && i < out->n; i++)
		out->p[i] = (char)~out->p[i];
}
