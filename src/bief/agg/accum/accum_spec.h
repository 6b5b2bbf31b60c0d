/*
 * accum_spec: what a user asks agg for, taken apart.
 *
 * [NAME=]FUNC[:FIELD[,MORE]...], or FUNC(FIELD, MORE) as it is written in SQL,
 * with DISTINCT, IGNORE NULLS and WITHIN GROUP.  Functions go by Spark's other
 * names too: mean is avg, std is stddev.
 */
#ifndef BIEF_ACCUM_SPEC_H
#define BIEF_ACCUM_SPEC_H

#include <stdbool.h>
#include <stddef.h>

struct err;

struct accum_spec {
	const char *text;  /* what was written, for messages */
	char *copy;        /* of the text, which the others point into */
	char *name;        /* of the result, allocated; NULL: the usual one */
	const char *func;  /* as we call it */
	const char *shown; /* as the usual name of a result has it */
	char **args;       /* a field first, as a rule */
	size_t nargs;
	bool call;      /* written as a call */
	bool different; /* DISTINCT */
	bool ignoring;  /* IGNORE NULLS */
	int order;      /* WITHIN GROUP (ORDER BY it): 1, or -1: DESC; 0 */
};

/* -1 with a message, STATUS_USAGE; to be released in any case. */
int accum_spec_read(struct accum_spec *s, const char *text, struct err *err);
void accum_spec_release(struct accum_spec *s);
/* What stands behind the field as numbers from 0 to 1, allocated; *list: they
 * were written as several.  Then *text is how a result shows them, and *behind
 * what a call has behind them, or NULL.  -1 with a message if it is none. */
int accum_spec_shares(struct accum_spec *s, double **p, size_t *n, bool *list,
	char **text, const char **behind, struct err *err);
/* Is what stands behind the field true?  -1 with a message if it is no truth;
 * without anything it is not. */
int accum_spec_flag(const struct accum_spec *s, bool *flag, struct err *err);

#endif
