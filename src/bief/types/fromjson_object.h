/*
 * fromjson_object: how an object is read that looks as the last one did.
 *
 * Most of the time of a parser goes here, so that it is compiled more than
 * once, each time for what a processor can: fromjson.c, fromjson_avx2.c.
 */
#ifndef BIEF_FROMJSON_OBJECT_H
#define BIEF_FROMJSON_OBJECT_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "floor/buf.h"
#include "text/digits16.h"
#include "text/simd.h"
#include "time/time.h"
#include "value/lenient.h"
#include "value/value.h"
#include "types/fromjson_impl.h"

/* Keys that no field has are remembered by their hash, the last one wins. */
#define UNKNOWN 64

struct fromjson {
	struct fromvalue value;
	/* Read an object into the values of all fields; 0, or -1: it is none,
	 * and what they are is left open. */
	int (*object)(struct fromjson *f, const char *p, struct value *v);
	uint64_t all; /* a bit for each field; 0: there are too many */
	struct target *target;
	size_t n;
	uint32_t *table; /* hash to field + 1 */
	uint32_t mask;
	bool root;
	struct node start, head, end; /* head: the first key */
	struct node unknown[UNKNOWN];
	const struct target *field; /* that was malformed first */
	struct buf why;
	struct buf corrupt;           /* the text, as a value */
	struct fromjson_forms *forms; /* of fromjson_avx512.c */
};


/* Of the name of a field. */
static inline uint32_t
fromjson_object_hash(const char *s, size_t n)
{
	uint32_t h = (uint32_t)n;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 0x01000193;
	return h ^ h >> 15;
}

/* ---- fromjson_general.c ---- */

/*
 * Read from behind a value (or from the text's beginning) to the next value or
 * behind the end of the object, and learn what stood there.  *node is the node
 * of the last key, and becomes that of this one.
 */
const char *fromjson_general_key(
	struct fromjson *f, const char *start, struct node **node);
/* A value of a field. */
const char *fromjson_general_value(struct fromjson *f, const char *start,
	const struct target *t, struct value *v);
/* A value that no field wants. */
const char *fromjson_general_skip(struct fromjson *f, const char *p);

/* ---- fromjson_avx2.c ---- */

bool fromjson_avx2_there(void);
int fromjson_avx2(struct fromjson *f, const char *p, struct value *v);

/* ---- fromjson_avx512.c ---- */

bool fromjson_avx512_there(void);
int fromjson_avx512(struct fromjson *f, const char *p, struct value *v);

/* ---- the quick ways of values ---- */

#ifdef SIMD_AVX2

/* The number of k digits at p, below 2^63; 16 bytes can be read there. */
static inline int64_t
digits_value(const char *p, unsigned k)
{
	static const char right[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
		-1, -1, -1, -1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
		12, 13, 14, 15};
	int64_t first = 0;
	__m128i x;

	for (; k > 16; k--)
		first = first * 10 + *p++ - '0';
	x = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)p),
		_mm_set1_epi8('0'));
	/* With zeros in front they are sixteen. */
	x = _mm_shuffle_epi8(
		x, _mm_loadu_si128((const __m128i *)(const void *)(right + k)));
	return first * 10000000000000000 + (int64_t)digits16(x);
}

#else

/* The number of eight digits, whose values are the bytes of a word. */
static inline uint64_t
digits8_value(uint64_t x)
{
	x = x * 10 + (x >> 8);
	return ((x & UINT64_C(0x000000FF000000FF)) *
			       UINT64_C(0x000F424000000064) +
		       (x >> 16 & UINT64_C(0x000000FF000000FF)) *
			       UINT64_C(0x0000271000000001)) >>
		32;
}

/* The number of k digits at p, below 2^63; 8 bytes can be read there. */
static inline int64_t
digits_value(const char *p, unsigned k)
{
	const uint64_t zeros = UINT64_C(0x3030303030303030);
	uint64_t x, total = 0;
	unsigned first = k % 8;

	if (first > 0) {
		/* With zeros in front they are eight. */
		memcpy(&x, p, 8);
		total = digits8_value((le64toh(x) - zeros) << 8 * (8 - first));
		p += first;
	}
	for (k -= first; k > 0; k -= 8, p += 8) {
		memcpy(&x, p, 8);
		total = total * 100000000 + digits8_value(le64toh(x) - zeros);
	}
	return (int64_t)total;
}

#endif

/* A text of the stream's own form. */
static const char *
quick_iso(const struct fromjson *f, const char *p, const char *end,
	struct value *v)
{
	struct value text;
	const char *q = quick_string(p, end, &text);
	int64_t us;

	if (q == NULL || f->value.pattern != NULL ||
		time_parse_iso(text.s, text.n, &us) < 0)
		return NULL;
	*v = value_time(us);
	return q;
}

static inline const char *
quick_time(const struct fromjson *f, const char *start, const char *end,
	const struct target *t, struct value *v)
{
	const char *p = start + (*start == '-');
	uint32_t m = simd_nondigit(p);
	unsigned k = m == 0 ? 32 : (unsigned)__builtin_ctz(m);
	int64_t i;

	if (*start == '"')
		return quick_iso(f, start, end, v);
	if (!digits_fit(t, p, k) || (*p == '0' && k > 1))
		return NULL;
	if (!ends_number(p[k]) || p + k >= end)
		return NULL;
	if (k <= t->pass) {
		*v = value_null();
		return p + k;
	}
	i = digits_value(p, k);
	if (!fromvalue_time(t->type, p > start ? -i : i, v))
		return NULL;
	return p + k;
}

static inline const char *
quick_value(const struct fromjson *f, const char *p, const char *end,
	const struct target *t, struct value *v)
{
	switch (t->quick) {
	case QUICK_STRING:
		return quick_string(p, end, v);
	case QUICK_INT:
		return quick_int(p, end, t, v);
	case QUICK_REAL:
		return quick_real(p, end, v);
	case QUICK_TIME:
		return quick_time(f, p, end, t, v);
	default:
		return NULL;
	}
}

/* ---- the object ---- */

/* A field has been met, or again; a value that does not fit is null, but where
 * the field has had one before. */
static inline const char *
read_field(struct fromjson *f, const char *p, const char *end,
	const struct target *t, bool again, struct value *v)
{
	const char *q = quick_value(f, p, end, t, v);

	if (q != NULL)
		return q;
	if (f->all != 0 && !again)
		*v = value_null();
	return fromjson_general_value(f, p, t, v);
}

static inline const char *
skip_quickly(struct fromjson *f, const char *p)
{
	const char *q = quick_skip(&f->value, p);

	return q != NULL && q - p < LENIENT_DIGITS
		? q
		: fromjson_general_skip(f, p);
}

/* Fields that have not been met are null. */
static inline int
end_object(const struct fromjson *f, uint64_t seen, struct value *v)
{
	for (uint64_t m = f->all & ~seen; m != 0; m &= m - 1)
		v[__builtin_ctzll(m)] = value_null();
	return 0;
}

static inline __attribute__((always_inline)) int
read_object(struct fromjson *f, const char *p, struct value *v)
{
	const struct target *target = f->target;
	const char *end = f->value.l.end;
	struct node *node = &f->start, *next;
	uint64_t seen = 0, bit;
	int at;

	for (;;) {
		next = node->next;
		if (next != NULL && next->n != 0 && node_matches(next, p)) {
			p += next->n;
		} else {
			next = node;
			p = fromjson_general_key(f, p, &next);
			if (p == NULL)
				return -1;
		}
		node = next;
		at = node->index;
		if (p > end || (p == end && at != NODE_END)) {
			lenient_early(&f->value.l);
			return -1;
		}
		if (at == NODE_END)
			return end_object(f, seen, v);
		if (at == NODE_SKIP) {
			p = skip_quickly(f, p);
		} else {
			bit = UINT64_C(1) << (at & 63);
			p = read_field(f, p, end, &target[at],
				(seen & bit) != 0, &v[at]);
			seen |= bit;
		}
		if (p == NULL)
			return -1;
	}
}

#endif
