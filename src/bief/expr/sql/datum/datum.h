/*
 * datum: a value while an SQL expression works on it; ty.h has its type.
 *
 * Where the fields' types are known, a datum has the kind its type says; where
 * not, the one its spelling shows: an integer is a bigint, a number with point
 * or exponent a double, a string of the stream's own form a timestamp.
 *
 * Text and items live in the evaluation's arena or in the record.
 *
 * There are three models of a value, since three parties decide what a value
 * is, and none of them would decide as another one does:
 *
 *	             the stream's       SQL's               jq's
 *	             (value.h)          (this file)         (jq_impl.h)
 *	is held as   struct value:      struct datum:       struct value once
 *	             kind and text      a typed value       more, read by jq's
 *	                                                    rules of kinds
 *	a number     its text, looked   eight kinds, from   an integer of 64
 *	             at when asked      tinyint to decimal  bits, or a double
 *	             for                                    (struct jq_value_number)
 *	a time       is one by its      timestamp, date,    a string
 *	             spelling           two intervals
 *	an array,    JSON text in its   JSON text, until    JSON text, which is
 *	an object    place              somebody looks      read again by who
 *	                                inside: then items  looks; a name counts
 *	                                                    once
 *	lives in     the record         the record, the     the record, the
 *	                                evaluation's arena  evaluation's chunks
 *	made for     records that are   functions that      programs that take
 *	             passed on unread   know their types    apart and build
 *
 * datum_load() and datum_store() lead from the first to the second and back;
 * jq's values are the first model's, so nothing has to be turned into them but
 * what jq knows no kind for (jq_value_load()).
 */
#ifndef BIEF_DATUM_H
#define BIEF_DATUM_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/arena.h"
#include "floor/buf.h"
#include "text/numeric.h"
#include "time/time.h"
#include "time/zone.h"
#include "value/value.h"
#include "expr/sql/datum/ty.h"

struct err;
struct expr_env;
struct record;
struct zone;

/* flags */
#define DATUM_JSON 1  /* array, map, struct as JSON text: str, n */
#define DATUM_LOOSE 2 /* a string of which no type is known */

struct datum {
	uint8_t kind;
	uint8_t flags;
	uint8_t p, s; /* as in struct ty */
	uint32_t n;   /* bytes; elements; pairs; fields */
	union {
		int64_t i; /* numbers, booleans, times, dates, intervals */
		double d;  /* float too */
		uint64_t low;
		const char *str;     /* string, binary, JSON */
		struct datum *items; /* of a map: key, value, key, value... */
	};
	union {
		int64_t high;         /* of a decimal */
		const struct type *t; /* as in struct ty */
	};
};

/* What an evaluation works with. */
struct datum_ctx {
	const struct expr_env *env;
	const struct record *record[2];
	struct err *err;
	struct arena arena;
	struct buf text, more; /* scratch */
	struct datum *vars;    /* of lambdas */
	int64_t evaluation;    /* its number, where they are counted (step.h) */
	locale_t locale;       /* for the case of letters, when first needed */
	bool exact;            /* while a datum_cast_try() is under way */
	bool broken; /* something failed where no failure can be told: err */
};
/* Nothing that an expression makes is larger. */
#define DATUM_TEXT_MAX (256 << 20)
/* Is this too long?  Then c is broken. */
bool datum_too_long(struct datum_ctx *c, size_t n);
void datum_ctx_init(struct datum_ctx *c);
void datum_ctx_release(struct datum_ctx *c);

static inline struct ty
datum_ty(const struct datum *d)
{
	return (struct ty){d->kind, d->p, d->s,
		d->kind >= TYPE_ARRAY && d->kind <= TYPE_STRUCT ? d->t : NULL};
}

static inline struct datum
datum_null(void)
{
	return (struct datum){.kind = TYPE_NULL};
}

static inline struct datum
datum_int(int kind, int64_t i)
{
	return (struct datum){.kind = (uint8_t)kind, .i = i};
}

static inline struct datum
datum_bool(bool b)
{
	return (struct datum){.kind = TYPE_BOOLEAN, .i = b};
}

static inline struct datum
datum_double(double d)
{
	return (struct datum){.kind = TYPE_DOUBLE, .d = d};
}

static inline struct datum
datum_string(const char *s, size_t n)
{
	return (struct datum){.kind = TYPE_STRING, .n = (uint32_t)n, .str = s};
}

static inline numeric
datum_decimal(const struct datum *d)
{
	return (numeric)((unsigned __int128)(uint64_t)d->high << 64 | d->low);
}

static inline struct datum
datum_from_decimal(numeric v, int p, int s)
{
	return (struct datum){.kind = TYPE_DECIMAL,
		.p = (uint8_t)p,
		.s = (uint8_t)s,
		.low = (uint64_t)v,
		.high = (int64_t)(v >> 64)};
}

static inline struct datum
datum_items(int kind, struct datum *items, size_t n, const struct type *t)
{
	return (struct datum){.kind = (uint8_t)kind,
		.n = (uint32_t)n,
		.items = items,
		.t = t};
}

#define DATUM_DAY INT64_C(86400000000)

/* A timestamp, of a wall clock's day and the microseconds of it; null where it
 * lies beyond them all. */
static inline struct datum
datum_moment(const struct zone *z, int64_t days, int64_t us_of_day)
{
	int64_t us;

	return zone_moment(z, days, us_of_day, &us) == 0
		? datum_int(TYPE_TIMESTAMP, us)
		: datum_null();
}

/* What stands in buf, copied to the arena, as a string. */
static inline struct datum
datum_from_buf(struct datum_ctx *c, const struct buf *b)
{
	return datum_string(arena_text(&c->arena, b->p, b->n), b->n);
}

/* A list under construction, in the evaluation's arena. */
struct datum_list {
	struct datum *p;
	size_t n, cap;
};
/* Room for one more, which the caller fills. */
struct datum *datum_list_add(struct datum_ctx *c, struct datum_list *l);

/*
 * A value of a record as a datum of type want (TYPE_UNKNOWN: as it is spelled).
 * -1 with a message ("is no int: ...") when it is nothing of that type.
 */
int datum_load(struct datum_ctx *c, const struct value *v, struct ty want,
	struct datum *out);
/* A string of a record, as a datum without backslashes. */
void datum_load_string(
	struct datum_ctx *c, const struct value *v, struct datum *out);
/* A datum as a value; text goes to out, which must live as long. */
struct value datum_store(
	struct datum_ctx *c, const struct datum *d, struct buf *out);

/* Arrays, maps and structs that are JSON text become items. */
int datum_open(struct datum_ctx *c, struct datum *d);
/* A field of a struct, a value of a map; null if absent. */
int datum_field(struct datum_ctx *c, const struct datum *d, const char *name,
	size_t n, struct datum *out);

/*
 * Order, as Spark sorts: false < true, NaN above all, text by bytes, nulls
 * first.  Numbers of different kinds are compared as numbers.  -1, 0 or 1.
 * Items of arrays and the like that are not what their type says set
 * c->broken, which ends the evaluation as a failure.
 */
int datum_compare(
	struct datum_ctx *c, const struct datum *a, const struct datum *b);

/* CAST.  What cannot be read becomes null; -1 where no such cast exists. */
int datum_cast(struct datum_ctx *c, struct datum *d, struct ty to);
bool datum_cast_allows(struct ty from, struct ty to);
/* TRY_CAST: what does not fit becomes null, too, instead of being cut. */
int datum_cast_try(struct datum_ctx *c, struct datum *d, struct ty to);
bool datum_cast_try_allows(struct ty from, struct ty to);
/* The message that there is no such cast; returns -1. */
int datum_cast_refuse(struct datum_ctx *c, struct ty from, struct ty to);

/* Append the text of CAST(d AS STRING). */
void datum_print(struct datum_ctx *c, const struct datum *d, struct buf *out);
/* Append JSON: as it goes into the stream (style NULL), or as to_json writes
 * it. */
struct datum_style {
	const char *time, *date; /* patterns (timefmt.h); NULL: Spark's own */
	const struct zone *zone; /* NULL: the stream's */
	bool nulls;              /* write the fields that are null */
	bool pretty;             /* in lines, indented */
};
void datum_store_json(struct datum_ctx *c, const struct datum *d,
	const struct datum_style *style, struct buf *out);

/* A copy that lives in another arena. */
struct datum datum_copy(
	struct datum_ctx *c, struct arena *a, const struct datum *d);


/* An integer cut to the size of its type, as two's complement does. */
static inline int64_t
datum_wrap(int64_t i, int kind)
{
	switch (kind) {
	case TYPE_BYTE:
		return (int8_t)i;
	case TYPE_SHORT:
		return (int16_t)i;
	case TYPE_INT:
		return (int32_t)i;
	}
	return i;
}

#endif
