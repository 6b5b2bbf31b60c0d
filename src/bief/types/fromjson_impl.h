/*
 * fromjson_impl: private to fromjson.c (records), fromvalue.c (values) and
 * fromstruct.c (objects within).
 */
#ifndef BIEF_FROMJSON_IMPL_H
#define BIEF_FROMJSON_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "text/simd.h"
#include "time/time.h"
#include "value/field.h"
#include "value/lenient.h"
#include "value/value.h"
#include "types/type.h"

struct fromstruct;
struct schema;
struct schema_field;
struct target;
struct type;
struct timepat;
struct zone;

struct json_span {
	size_t at, n; /* in nested */
};

/* What is needed to read one value. */
struct fromvalue {
	struct lenient l;
	const struct zone *zone;
	const struct timepat *pattern, *date_pattern;
	int64_t now_us;
	/* text that values own, by offset */
	struct buf text;
	bool owned; /* one does */
	struct buf nested;
	struct buf plain, digits; /* scratch */
	struct json_span *spans;
	size_t nspans, capspans;
	/* fromvalue_member(), for fromstruct.c, which is below it */
	const char *(*member)(struct fromvalue *f, const char *p,
		const struct type *t, int depth);
	/* of fromstruct.c */
	const char *(*object)(struct fromvalue *f, struct fromstruct *x,
		const char *p, int depth);
	const char *(*within)(struct fromvalue *f, const char *p,
		const struct target *t, int depth);
	struct fromstruct **structs; /* those that were met */
	size_t nstructs;
	bool twice; /* a name may stand in an object twice */
	/* what did not fit first */
	bool malformed;
	const struct type *misfit;
	const char *value;
	size_t nvalue;
};

/* Values whose text stands in text or nested have its offset, not its address,
 * until they are settled. */
#define IN_TEXT 0x80
#define IN_NESTED 0x40

/*
 * The value that begins at p (below the end).  *fits tells whether it is one of
 * type t; only then v is set.  Returns the place behind it, or NULL: a syntax
 * error.
 */
const char *fromvalue_read(struct fromvalue *f, const char *p,
	const struct type *t, int depth, struct value *v, bool *fits);
/* The object at p as the one element of an array of structs. */
const char *fromvalue_one(struct fromvalue *f, const char *p,
	const struct type *t, struct value *v);
/* Remember what did not fit, if it is the first such thing. */
void fromvalue_misfit(struct fromvalue *f, const struct type *t, const char *at,
	const char *end);
/* The time that an integer of the type's unit is; false: out of range. */
static inline bool
fromvalue_time(const struct type *t, int64_t i, struct value *v)
{
	static const int64_t factor[] = {
		[UNIT_S] = 1000000, [UNIT_MS] = 1000, [UNIT_US] = 1};
	int64_t us;

	if (t->unit == UNIT_NS)
		us = time_floor_div(i, 1000);
	else if (__builtin_mul_overflow(i, factor[t->unit], &us))
		return false;
	*v = value_time(us);
	return true;
}
void fromvalue_release(struct fromvalue *f);

/* Append what stands at p for a field of a struct to f->nested: null where it
 * does not fit. */
const char *fromvalue_member(
	struct fromvalue *f, const char *p, const struct type *t, int depth);

/* ---- keys and values that look as the last ones did ---- */

/*
 * What stood between two values: the comma, the key, the colon and blanks, from
 * behind one value to the beginning of the next.  next is what followed this
 * key's value the last time; a guess, that is compared before it is believed.
 */
#define NODE_BYTES 32
#define NODE_SKIP -1 /* no field has this key */
#define NODE_END -2  /* the end of the object */

struct node {
	char text[NODE_BYTES];
	uint32_t mask; /* a bit for each byte of text */
	uint32_t n;    /* 0: longer than NODE_BYTES, never matches */
	int index;     /* of the field, or NODE_* */
	struct node *next;
};

/* How the value of a field is read where it looks as expected. */
enum quick { QUICK_NONE, QUICK_STRING, QUICK_INT, QUICK_REAL, QUICK_TIME };

struct target {
	const char *name;
	size_t n;
	const struct type *type;
	enum quick quick;
	enum field_asked asked;
	struct fromstruct *within; /* of a struct, or an array of such */
	uint8_t pass; /* a time of no more digits that nobody asks for is one */
	uint8_t digits; /* integers of so many digits fit, and of one more ... */
	char limit;     /* ... whose first digit is below this one */
	struct node node;
};


static inline bool
node_matches(const struct node *node, const char *p)
{
#ifdef SIMD_AVX2
	uint32_t same = simd_equal32(p, node->text);
#else
	uint32_t same = simd_equal16(p, node->text);

	if (node->n > 16)
		same |= simd_equal16(p + 16, node->text + 16) << 16;
#endif
	return (same & node->mask) == node->mask;
}

static inline void
node_learn(struct node *node, const char *p, size_t n, int index)
{
	node->index = index;
	node->n = n <= NODE_BYTES ? (uint32_t)n : 0;
	node->mask = node->n == 32 ? UINT32_MAX : (UINT32_C(1) << node->n) - 1;
	memcpy(node->text, p, node->n);
}

/*
 * The quick ways.  Each reads a value that looks as most do and returns the
 * place behind it, else NULL: fromvalue_read() decides then.
 */
/* Do k digits at p, and what they are, fit? */
static inline bool
digits_fit(const struct target *t, const char *p, unsigned k)
{
	return k - 1 < t->digits || (k == t->digits + 1u && *p < t->limit);
}

/* The bytes that end a number without more ado. */
static inline bool
ends_number(char c)
{
	return c == ',' || c == '}';
}

#define QUICK_BYTES 1024 /* of a string: long ones may be too long */

static inline const char *
quick_string(const char *p, const char *end, struct value *v)
{
	const char *q = p + 1;
	uint32_t m;

	if (*p != '"')
		return NULL;
	while ((m = simd_special(q)) == 0) {
		q += SIMD_BLOCK;
		if (q >= end || q - p > QUICK_BYTES)
			return NULL;
	}
	q += __builtin_ctz(m);
	if (*q != '"' || q >= end)
		return NULL;
	*v = value_json_string(p + 1, (size_t)(q - p - 1), false);
	return q + 1;
}

static inline const char *
quick_int(const char *start, const char *end, const struct target *t,
	struct value *v)
{
	const char *p = start + (*start == '-');
	uint32_t m = simd_nondigit(p);
	unsigned k = m == 0 ? 32 : (unsigned)__builtin_ctz(m);

	if (!digits_fit(t, p, k))
		return NULL;
	if (*p == '0' && (k > 1 || p > start))
		return NULL;
	p += k;
	if (!ends_number(*p) || p >= end)
		return NULL;
	*v = (struct value){
		.s = start, .n = (uint32_t)(p - start), .type = VALUE_NUMBER};
	return p;
}

/* One look is enough for a number that ends within a block. */
static inline const char *
quick_real(const char *start, const char *end, struct value *v)
{
	const char *p = start + (*start == '-');
	uint32_t m = simd_nondigit(p);
	unsigned k = m == 0 ? 32 : (unsigned)__builtin_ctz(m), point;

	if (k == 0 || k == 32 || (*p == '0' && k > 1))
		return NULL;
	if (p[k] == '.') {
		point = k;
		m &= m - 1;
		if (m == 0)
			return NULL;
		k = (unsigned)__builtin_ctz(m);
		if (k == point + 1)
			return NULL;
	} else if (*p == '0' && p > start) {
		return NULL; /* -0 is 0 */
	}
	p += k;
	if (!ends_number(*p) || p >= end)
		return NULL;
	*v = (struct value){
		.s = start, .n = (uint32_t)(p - start), .type = VALUE_REAL};
	return p;
}

/* Behind a value that no field wants, as most are; NULL: it is not. */
static inline const char *
quick_skip(const struct fromvalue *f, const char *p)
{
	const char *q, *end = f->l.end;
	struct json_error e;
	struct value ignored;

	if (*p == '"')
		return quick_string(p, end, &ignored);
	if (*p == '-' || (unsigned char)(*p - '0') < 10)
		q = json_number_scan(p, end, &e);
	else if (memcmp(p, "true", 4) == 0 || memcmp(p, "null", 4) == 0)
		q = p + 4;
	else
		q = memcmp(p, "false", 5) == 0 ? p + 5 : NULL;
	return q < end ? q : NULL;
}

/* ---- fromstruct.c: objects whose fields come in the order of the type ---- */

/*
 * Append the object that begins at p as a struct of these fields to f->nested.
 * NULL: it is not as expected, and nothing was appended: read it with care.
 */
const char *fromstruct_read(
	struct fromvalue *f, const char *p, const struct schema *s, int depth);
/* (f->within is the same of the value of a field, a struct or an array of
 * such.) */
void fromstruct_init(struct fromvalue *f, bool avx2);
void fromstruct_free(struct fromstruct *s);
/* Of structs of this type (or within it), of which so much is asked for. */
void fromstruct_ask(struct fromvalue *f, const struct target *t,
	enum field_asked (*asks)(const void *, const char *), const void *arg);
/* How the values of a field are read at once. */
void fromstruct_target(struct fromvalue *f, struct target *t,
	const struct schema_field *field);

#endif
