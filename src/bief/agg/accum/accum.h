/*
 * accum: what an aggregate function is, to be looked at by accums.c and by the
 * functions themselves.
 *
 * A family of functions is a file, fn/accum_NAME.c, with its kinds in a table
 * that accum.c lists: to add a function is to add an entry there.  The
 * accumulator of each stands in the fixed part of a blob, at a->at; a kind says
 * how large it is there, and the file what it holds.  That is written to checkpoints as
 * it stands, so that another layout is another format of the state.
 */
#ifndef BIEF_ACCUM_H
#define BIEF_ACCUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agg/accum/accums.h"

/* A result that is asked for. */
struct accum_answer {
	int part;        /* which of its parts */
	struct value *v; /* null before */
	struct buf *tmp; /* for text */
	struct err *err;
};

/* What is being read for "bief state": an accumulator's text, and where it
 * goes. */
struct accum_taking {
	struct accums *s;
	const struct accum *a;
	struct accum_input *in; /* NULL: none */
	struct blob *b;
	const char *name;
	struct err *err;
};

struct accum_kind {
	const char *name;
	/* The usual name of a result is NAME(FIELDS, WHAT, BEHIND), with
	 * DISTINCT in front of the fields where it is different. */
	const char *shown;  /* NULL: as the user calls it */
	const char *behind; /* NULL: nothing */
	bool different;
	const char *const *parts; /* several results, up to NULL; or NULL */
	/* Name is one of many names, of which it is what it says to people. */
	bool (*named)(const char *name, double *p);
	double p; /* the same of the one name */

	/* The kind that it is instead; NULL: that cannot be. */
	const struct accum_kind *bare;     /* without a field */
	const struct accum_kind *several;  /* of several fields */
	const struct accum_kind *array;    /* of several shares */
	const struct accum_kind *ignoring; /* without nulls */

	/* It is this one of different values alone; NULL: it is itself. */
	const char *different_of;

	int fields;    /* that it takes, if not 1; -1: any number */
	bool distinct; /* may be asked for different values alone */
	bool share;    /* takes shares behind the field, of which p is one */
	bool between;  /* takes a text behind the field */
	bool flag;     /* takes true behind the field, which changes nothing */
	bool ordered;  /* listens to WITHIN GROUP */
	bool number;   /* takes numbers only */
	bool integral; /* ... that are integers */
	bool truth;    /* takes booleans only */
	bool words;    /* takes what has a plain text */
	bool compared; /* looks at numbers as such, takes other values too */
	bool nulls;    /* add is called for null */
	bool listed;   /* cannot be merged in any order */
	bool runs;     /* merging what a later run of records has made gives the
			  very bytes that adding these records gives */
	bool sums;     /* the same of decimals */
	bool logs;     /* of a record it looks at nothing but numbers */
	bool alone; /* add looks at its input's value and its own bytes alone,
	             * and not at all for null: see accum_rows.h */

	uint32_t size; /* in the fixed part, a multiple of 8 */
	bool varies;   /* has a struct var ... */
	uint32_t var;  /* ... there */
	uint32_t more; /* and another one; 0: no other */

	/* Of the result, t is that of the field; NULL: is not known. */
	struct type *(*type)(const struct type *t, int part);
	/* The value that the input has just been set to. */
	void (*add)(struct accums *s, const struct accum *a, struct blob *b,
		uint64_t seq);
	void (*merge)(const struct accums *s, const struct accum *a,
		struct blob *to, const struct blob *from);
	/* What was added as of seq was as of so much more; NULL: seq is not
	 * kept. */
	void (*shift)(const struct accum *a, struct blob *b, uint64_t by);
	/* -1 with a message: there is none that would be right. */
	int (*result)(const struct accums *s, const struct accum *a,
		struct blob *b, struct accum_answer *r);
	/* Has it seen nothing?  NULL: that is not told apart. */
	bool (*empty)(const struct accum *a, const struct blob *b);
	/* As text, if not empty, and back into zeroes. */
	void (*show)(const struct accums *s, const struct accum *a,
		const struct blob *b, struct buf *out);
	int (*take)(const struct accum_taking *t, const struct value *v);
};

/* The families, each up to an entry without a name. */
extern const struct accum_kind accum_count_kinds[];
extern const struct accum_kind accum_sum_kinds[];
extern const struct accum_kind accum_extreme_kinds[];
extern const struct accum_kind accum_moments_kinds[];
extern const struct accum_kind accum_place_kinds[];
extern const struct accum_kind accum_quantile_kinds[];
extern const struct accum_kind accum_distinct_kinds[];
extern const struct accum_kind accum_collect_kinds[];
extern const struct accum_kind accum_listagg_kinds[];
extern const struct accum_kind accum_stats_kinds[];
extern const struct accum_kind accum_truth_kinds[];
extern const struct accum_kind accum_bits_kinds[];
extern const struct accum_kind accum_by_kinds[];
extern const struct accum_kind accum_mode_kinds[];
extern const struct accum_kind accum_shape_kinds[];
extern const struct accum_kind accum_pair_kinds[];
extern const struct accum_kind accum_different_kinds[];

/* Another one (accum.of) of different values alone: see accum_different.c. */
extern const struct accum_kind accum_different_of;

/* The kind of a name, and its p; NULL with a message. */
const struct accum_kind *accum_find(
	const char *name, double *p, struct err *err);

/* Append what functions there are, for --help. */
void accum_help(struct buf *out);

/* Set an input to a value: -1 with a message if it is none of numbers, or null
 * with lenient. */
int accum_kit_read(struct accum_input *in, const struct value *v, bool lenient,
	struct err *err);
bool accum_kit_is_number(const struct value *v);

/* Types of results that several have. */
struct type *accum_kit_long(const struct type *t, int part);
struct type *accum_kit_double(const struct type *t, int part);
struct type *accum_kit_same(const struct type *t, int part);
struct type *accum_kit_array(const struct type *t, int part);

/* What begins with a struct kept. */
bool accum_kit_kept_empty(const struct accum *a, const struct blob *b);
int accum_kit_kept_result(const struct accums *s, const struct accum *a,
	struct blob *b, struct accum_answer *r);
/* Keep a value as if it stood in a record; whole: as it is written, though it
 * is a number. */
int accum_kit_kept_take(
	const struct accum_taking *t, const struct value *v, bool whole);

/* What is a struct var. */
bool accum_kit_var_empty(const struct accum *a, const struct blob *b);
/* A var of that size, zeroed. */
void *accum_kit_var_take(const struct accum_taking *t, size_t size);
#define ACCUM_VAR_SIZE ((sizeof(struct var) + 7) & ~7u)

static inline void *
accum_at(const struct accum *a, const struct blob *b)
{
	return b->p + a->at;
}

static inline struct accum_input *
accum_in(const struct accums *s, const struct accum *a)
{
	return &s->in[a->input];
}

/* The next of its fields. */
static inline struct accum_input *
accum_more(const struct accums *s, const struct accum *a, size_t i)
{
	return &s->in[a->more[i]];
}

/* A number that was read. */
static inline double
accum_double(const struct value *num)
{
	return num->type == VALUE_INT ? (double)num->i : num->d;
}

#endif
