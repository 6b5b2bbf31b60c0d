/*
 * accums: the aggregate functions of a query, as accumulators that can be
 * merged.  What a function is stands in accum.h.
 *
 * The accumulators of a group stand together in one piece of flat memory (a
 * blob) without pointers, which is the value of the group in a state: a part of
 * fixed size, and behind it what varies (text, sets, sketches).
 */
#ifndef BIEF_ACCUMS_H
#define BIEF_ACCUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/record.h"
#include "value/value.h"
#include "recovery/blob.h"

struct accum_kind;
struct err;
struct plan;
struct schema;
struct type;

struct accum {
	const struct accum_kind *kind;
	const struct accum_kind *of; /* of different values of it; or NULL */
	double p;                    /* of a quantile */
	int input;                   /* -1: none */
	uint32_t at;                 /* in the fixed part */
	int *more;                   /* inputs behind the first */
	size_t nmore;
	double *shares; /* several quantiles */
	size_t nshares;
	char *between; /* text; NULL: none */
	int order;     /* of what is put together: -1 from the last, 0 as it
	                  comes */
};

/* A field that is aggregated. */
struct accum_input {
	struct field field;
	bool number;   /* must be one */
	bool integral; /* ... without a point */
	bool truth;    /* must be true or false */
	bool words;    /* must have a plain text */
	bool compared; /* is looked at as a number if it is one */
	bool text;     /* is known to be text: "NaN" is a word */
	size_t star;   /* the how manieth of FUNC:*, from 1; 0: none */
	bool decimal;  /* is known to be one of ... */
	int precision, scale;
	const struct value *rows; /* where those of many stand: accum_rows.h */
	size_t stride;
	struct value *within; /* ... if they are within others; owned */
	/* of the record that was read */
	const struct value *raw; /* NULL: null */
	struct value num;        /* the number, or *raw */
	__int128 dec;
};

struct accum_result {
	char *name;
	size_t accum;
	int part; /* of the kind's parts */
};

/* FUNC:* where the fields are not known before data flows. */
struct accum_star {
	const struct accum_kind *kind, *of;
	double p;
	char *func;
};

struct accums {
	size_t n, ninputs, nresults, nstars, nstarred;
	struct accum *a;
	struct accum_input *in;
	struct accum_result *out;
	struct accum_star *stars;
	struct blob_form form; /* of the blobs */
	bool count_only;       /* nothing but count: no field is looked at */
	bool mergeable;        /* in any order; not so collect_list */
	bool sequenced;        /* collect_list too: groups are sessions */
	uint64_t shape;        /* whose fields the stars have seen */
	uint32_t *open;        /* its fields that are not inputs yet */
	size_t nopen;
	struct buf key, text; /* scratch */
};

/* The first bytes of the blobs belong to the caller. */
void accums_init(struct accums *s);
void accums_reserve(struct accums *s, uint32_t bytes);
void accums_release(struct accums *s);
/* Add [NAME=]FUNC[:FIELD...]; -1 with a message, STATUS_USAGE. */
int accums_parse(struct accums *s, const char *spec, struct err *err);
/* Take and check what is known of the fields; expands FUNC:*. */
int accums_plan(struct accums *s, const struct plan *p, struct err *err);
/* Append the results' names and types. */
void accums_schema(
	const struct accums *s, const struct schema *in, struct schema *out);

/*
 * FUNC:* of fields that are not known before: add those fields of the record
 * that hold a number for the first time.  True if there was one: then the form
 * has changed (*before is the one until now, to be released with free()), and
 * all blobs must be widened.
 */
bool accums_meet(
	struct accums *s, const struct record *r, struct blob_form *before);
void accums_add_field(struct accums *s, const char *path);
/* The path of the i-th such field, from 1; NULL behind the last. */
const char *accums_star(const struct accums *s, size_t i);
/* Append what the form of the blobs depends on, ended by a NUL each: results,
 * and the scale of decimals. */
void accums_print(const struct accums *s, struct buf *out);

/*
 * Look at the fields of a record.  -1 with a message when one is no number and
 * should be; with lenient it counts as null.
 */
int accums_read(struct accums *s, const struct record *r, bool lenient,
	struct err *err);
/* Count the record that was read in; seq grows with the order of input: the
 * number of its batch, and in the lower bits its own in that. */
#define ACCUMS_SEQ_BITS 36
void accums_add(struct accums *s, struct blob *b, uint64_t seq);
/* With count_only: count n records at once in the bytes of a blob. */
void accums_count(const struct accums *s, char *blob, uint32_t n);
void accums_merge(
	const struct accums *s, struct blob *to, const struct blob *from);
/*
 * A result; text that it needs goes to tmp.  -1: a sum has overflown, with a
 * message.
 */
int accums_result(const struct accums *s, size_t i, struct blob *b,
	struct value *v, struct buf *tmp, struct err *err);

/* For bief state: a blob as an object, and back into one that is zeroed. */
void accums_show(const struct accums *s, const struct blob *b, struct buf *out);
int accums_take(struct accums *s, struct blob *b, const struct value *object,
	struct err *err);

#endif
