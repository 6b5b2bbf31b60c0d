/*
 * key: see key.h.
 */
#include "value/key.h"

#include <endian.h>
#include <math.h>
#include <string.h>

#include "floor/buf.h"
#include "text/number.h"
#include "value/key_look.h"
#include "value/value.h"

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int
compare_doubles(double a, double b)
{
	if (isnan(a) || isnan(b))
		return (isnan(a) != 0) - (isnan(b) != 0);
	return ORDER(a, b);
}

static int
compare_int_double(int64_t i, double d)
{
	int64_t whole;

	if (!(d < 0x1p63)) /* NaN too */
		return -1;
	if (d < -0x1p63)
		return 1;
	whole = (int64_t)d;
	if (i != whole)
		return ORDER(i, whole);
	return ORDER(0, d - (double)whole);
}

static int
compare_numbers(const struct key_look *a, const struct key_look *b)
{
	if (a->class > b->class)
		return -compare_numbers(b, a);
	switch (a->class) {
	case CLASS_INT:
		if (b->class == CLASS_INT)
			return ORDER(a->i, b->i);
		if (b->class == CLASS_DOUBLE)
			return compare_int_double(a->i, b->d);
		return *b->s == '-' ? 1 : -1;
	case CLASS_DOUBLE:
		if (b->class == CLASS_DOUBLE)
			return compare_doubles(a->d, b->d);
		return -key_look_big(b, a->d);
	default:
		return key_look_digits(a->s, a->n, b->s, b->n);
	}
}

static int
compare_text(const char *a, size_t na, const char *b, size_t nb)
{
	size_t n = na < nb ? na : nb;
	int c = n > 0 ? memcmp(a, b, n) : 0;

	return c != 0 ? c : ORDER(na, nb);
}

static bool
key_is_number(const struct key_look *l)
{
	return l->class >= CLASS_INT && l->class <= CLASS_BIG;
}

static int
compare_looks(const struct key_look *a, const struct key_look *b)
{
	if (key_is_number(a) && key_is_number(b))
		return compare_numbers(a, b);
	if (a->class != b->class)
		return ORDER(a->class, b->class);
	switch (a->class) {
	case CLASS_NULL:
		return 0;
	case CLASS_BOOL:
	case CLASS_TIME:
		return ORDER(a->i, b->i);
	default:
		return compare_text(a->s, a->n, b->s, b->n);
	}
}

static bool
compare_strings(const struct value *a, const struct value *b, int *c)
{
	int64_t x, y;

	*c = 0;
	if (a->n == b->n && memcmp(a->s, b->s, a->n) == 0)
		return true;
	if ((a->flags | b->flags) & VALUE_ESCAPED)
		return false;
	if (!key_look_special(a->s, a->n) && !key_look_special(b->s, b->n)) {
		*c = compare_text(a->s, a->n, b->s, b->n);
		return true;
	}
	if (!value_iso(a->s, a->n, &x) || !value_iso(b->s, b->n, &y))
		return false;
	*c = ORDER(x, y);
	return true;
}

/* The usual pairs of one type at once; false if it takes a closer look. */
static inline bool
compare_same(const struct value *a, const struct value *b, int *c)
{
	int64_t x, y;

	switch (a->type) {
	case VALUE_INT:
	case VALUE_TIME:
		*c = ORDER(a->i, b->i);
		return true;
	case VALUE_DOUBLE:
		*c = compare_doubles(a->d, b->d);
		return true;
	case VALUE_NUMBER:
		if (number_int(a->s, a->n, &x) < 0 ||
			number_int(b->s, b->n, &y) < 0)
			return false;
		*c = ORDER(x, y);
		return true;
	case VALUE_STRING:
		return compare_strings(a, b, c);
	default:
		return false;
	}
}

int
key_compare(const struct value *a, const struct value *b)
{
	struct key_look x, y;
	int c;

	if (a != NULL && b != NULL && a->type == b->type &&
		compare_same(a, b, &c))
		return c;
	key_look_at(a, &x);
	key_look_at(b, &y);
	c = compare_looks(&x, &y);
	buf_release(&x.tmp);
	buf_release(&y.tmp);
	return c;
}

/*
 * Key bytes.  A tag, then:
 *
 *	01           null
 *	02, 03       false, true
 *	04           a double, 8 bytes; 0.0 for -0.0, one NaN
 *	05           a time: microseconds, 8 bytes
 *	06           an integer beyond 64 bits: length, digits
 *	07, 08       a string without, with escapes: length, text as in JSON with
 *	             the fewest escapes
 *	09, 0a       an array, an object: length, JSON as canon.h spells it
 *	10 ... 18    an integer: 0 to 8 bytes, the sign in the lowest bit
 *	40 ... 7f    a string of 0 to 63 bytes without escapes
 *
 * Numbers are little-endian, lengths of 4 bytes.
 */
enum tag {
	TAG_NULL = 1,
	TAG_FALSE,
	TAG_TRUE,
	TAG_DOUBLE,
	TAG_TIME,
	TAG_BIG,
	TAG_STRING,
	TAG_ESCAPED,
	TAG_ARRAY,
	TAG_OBJECT,
	TAG_INT = 0x10,
	TAG_SHORT = 0x40
};
#define SHORT_MOST 63

static inline void
encode_word(uint8_t tag, uint64_t w, struct buf *out)
{
	char *p = buf_need(out, 9);

	*p = (char)tag;
	w = htole64(w);
	memcpy(p + 1, &w, 8);
	out->n += 9;
}

static inline void
encode_int(int64_t i, struct buf *out)
{
	uint64_t w = (uint64_t)i << 1 ^ (uint64_t)(i >> 63);
	unsigned bytes = w == 0 ? 0 : 8 - (unsigned)__builtin_clzll(w) / 8;
	char *p = buf_need(out, 9);

	*p = (char)(TAG_INT + bytes);
	w = htole64(w);
	memcpy(p + 1, &w, 8);
	out->n += 1 + bytes;
}

static inline void
encode_double(double d, struct buf *out)
{
	uint64_t w;

	if (isnan(d))
		d = NAN;
	if (d == 0)
		d = 0.0;
	memcpy(&w, &d, 8);
	encode_word(TAG_DOUBLE, w, out);
}

static inline void
encode_text(uint8_t tag, const char *s, size_t n, struct buf *out)
{
	uint32_t length = htole32((uint32_t)n);
	char *p;

	if (tag == TAG_STRING && n <= SHORT_MOST) {
		p = buf_need(out, n + 1);
		*p = (char)(TAG_SHORT + n);
		if (n > 0)
			memcpy(p + 1, s, n);
		out->n += n + 1;
		return;
	}
	p = buf_need(out, n + 5);
	*p = (char)tag;
	memcpy(p + 1, &length, 4);
	memcpy(p + 5, s, n);
	out->n += n + 5;
}

static void
encode_plain(const char *s, size_t n, struct buf *out)
{
	struct buf tmp;
	struct value v;

	buf_init(&tmp);
	v = value_text(s, n, &tmp);
	encode_text(v.flags & VALUE_ESCAPED ? TAG_ESCAPED : TAG_STRING, v.s,
		v.n, out);
	buf_release(&tmp);
}

static void
encode_look(const struct key_look *l, struct buf *out)
{
	switch (l->class) {
	case CLASS_NULL:
		buf_byte(out, TAG_NULL);
		break;
	case CLASS_BOOL:
		buf_byte(out, l->i ? TAG_TRUE : TAG_FALSE);
		break;
	case CLASS_INT:
		encode_int(l->i, out);
		break;
	case CLASS_DOUBLE:
		encode_double(l->d, out);
		break;
	case CLASS_BIG:
		encode_text(TAG_BIG, l->s, l->n, out);
		break;
	case CLASS_TIME:
		encode_word(TAG_TIME, (uint64_t)l->i, out);
		break;
	case CLASS_STRING:
		encode_plain(l->s, l->n, out);
		break;
	case CLASS_ARRAY:
		encode_text(TAG_ARRAY, l->s, l->n, out);
		break;
	case CLASS_OBJECT:
		encode_text(TAG_OBJECT, l->s, l->n, out);
	}
}

void
key_encode(const struct value *v, struct buf *out)
{
	struct key_look l;
	int64_t i;
	double d;

	/* The usual ones at once. */
	switch (v == NULL ? VALUE_NULL : (enum value_type)v->type) {
	case VALUE_STRING:
		if (v->flags & VALUE_ESCAPED)
			break;
		if (value_iso(v->s, v->n, &i))
			encode_word(TAG_TIME, (uint64_t)i, out);
		else if (number_special(v->s, v->n, &d))
			encode_double(d, out);
		else
			encode_text(TAG_STRING, v->s, v->n, out);
		return;
	case VALUE_INT:
		encode_int(v->i, out);
		return;
	case VALUE_TIME:
		encode_word(TAG_TIME, (uint64_t)v->i, out);
		return;
	case VALUE_NUMBER:
		if (number_int(v->s, v->n, &i) < 0)
			break;
		encode_int(i, out);
		return;
	default:
		break;
	}
	key_look_at(v, &l);
	encode_look(&l, out);
	buf_release(&l.tmp);
}

static size_t
decode_text(struct value *v, enum value_type type, uint8_t flags, const char *p,
	size_t n)
{
	uint32_t length;

	if (n < 5)
		return 0;
	memcpy(&length, p + 1, 4);
	length = le32toh(length);
	if (length > n - 5)
		return 0;
	*v = (struct value){
		.s = p + 5, .n = length, .type = type, .flags = flags};
	return 5 + (size_t)length;
}

static size_t
decode_word(struct value *v, enum value_type type, const char *p, size_t n,
	size_t bytes)
{
	uint64_t w = 0;

	if (n < 1 + bytes)
		return 0;
	memcpy(&w, p + 1, bytes);
	w = le64toh(w);
	*v = (struct value){.type = type};
	if (type == VALUE_INT)
		w = w >> 1 ^ (0 - (w & 1));
	if (type == VALUE_DOUBLE)
		memcpy(&v->d, &w, 8);
	else
		v->i = (int64_t)w;
	return 1 + bytes;
}

size_t
key_decode(struct value *v, const char *p, size_t n)
{
	unsigned tag;

	if (n == 0)
		return 0;
	tag = (unsigned char)*p;
	if (tag >= TAG_SHORT && tag <= TAG_SHORT + SHORT_MOST) {
		*v = value_json_string(p + 1, tag - TAG_SHORT, false);
		return 1 + v->n <= n ? 1 + (size_t)v->n : 0;
	}
	if (tag >= TAG_INT && tag <= TAG_INT + 8)
		return decode_word(v, VALUE_INT, p, n, tag - TAG_INT);
	switch (tag) {
	case TAG_NULL:
		*v = value_null();
		return 1;
	case TAG_FALSE:
	case TAG_TRUE:
		*v = value_bool(tag == TAG_TRUE);
		return 1;
	case TAG_DOUBLE:
		return decode_word(v, VALUE_DOUBLE, p, n, 8);
	case TAG_TIME:
		return decode_word(v, VALUE_TIME, p, n, 8);
	case TAG_BIG:
		return decode_text(v, VALUE_NUMBER, 0, p, n);
	case TAG_STRING:
		return decode_text(v, VALUE_STRING, 0, p, n);
	case TAG_ESCAPED:
		return decode_text(v, VALUE_STRING, VALUE_ESCAPED, p, n);
	case TAG_ARRAY:
		return decode_text(v, VALUE_ARRAY, 0, p, n);
	case TAG_OBJECT:
		return decode_text(v, VALUE_OBJECT, 0, p, n);
	}
	return 0;
}
