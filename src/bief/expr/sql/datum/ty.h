/*
 * ty: the type of a datum, small enough to be passed around.
 *
 * What is known of a type may be less than all: TYPE_UNKNOWN is a field that no
 * schema tells of, and an array, a map or a struct whose tree is NULL may hold
 * anything.  TYPE_NULL is the type of null alone, which goes with every other.
 */
#ifndef BIEF_TY_H
#define BIEF_TY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/arena.h"
#include "floor/buf.h"
#include "text/numeric.h"
#include "types/schema.h"

struct ty {
	uint8_t kind;
	uint8_t p, s;         /* decimal; units of an interval, from and to */
	const struct type *t; /* of arrays, maps, structs; NULL: not known */
};

/* Units of intervals. */
enum { UNIT_YEAR, UNIT_MONTH };
enum { UNIT_DAY, UNIT_HOUR, UNIT_MINUTE, UNIT_SECOND };

static inline struct ty
ty(int kind)
{
	return (struct ty){.kind = (uint8_t)kind};
}

static inline struct ty
ty_decimal(int p, int s)
{
	return (struct ty){TYPE_DECIMAL, (uint8_t)p, (uint8_t)s, NULL};
}

static inline struct ty
ty_days(int from, int to)
{
	return (struct ty){TYPE_DAYS, (uint8_t)from, (uint8_t)to, NULL};
}

static inline bool
ty_integral(struct ty t)
{
	return t.kind >= TYPE_BYTE && t.kind <= TYPE_LONG;
}

static inline bool
ty_numeric(struct ty t)
{
	return t.kind >= TYPE_BYTE && t.kind <= TYPE_DECIMAL;
}

static inline bool
ty_fraction(struct ty t)
{
	return t.kind == TYPE_FLOAT || t.kind == TYPE_DOUBLE;
}

static inline bool
ty_nested(struct ty t)
{
	return t.kind == TYPE_ARRAY || t.kind == TYPE_MAP ||
		t.kind == TYPE_STRUCT;
}

static inline bool
ty_interval(struct ty t)
{
	return t.kind == TYPE_DAYS || t.kind == TYPE_YEARS;
}

static inline bool
ty_time(struct ty t)
{
	return t.kind == TYPE_DATE || t.kind == TYPE_TIMESTAMP;
}

/* Months have 32 bits, microseconds 64. */
static inline bool
ty_interval_fits(int kind, numeric v)
{
	return kind == TYPE_YEARS ? v == (int32_t)v : v == (int64_t)v;
}

/* Of a schema (NULL: unknown), and back (into an arena). */
struct ty ty_from(const struct type *t);
const struct type *ty_type(struct arena *a, struct ty t);
/* A copy in an arena. */
struct ty ty_keep(struct arena *a, const struct type *t);
bool ty_equal(struct ty a, struct ty b);
/* Text of a type for messages: "decimal(3,1)". */
void ty_print(struct ty t, struct buf *out);
/* Types that are made in an arena. */
struct ty ty_array(struct arena *a, struct ty elem);
struct ty ty_map(struct arena *a, struct ty key, struct ty elem);
struct ty ty_struct(struct arena *a, const char *const *names,
	const struct ty *fields, size_t n);
struct ty ty_elem(struct ty t);
struct ty ty_key(struct ty t);

#endif
