/*
 * accum_spec: what a user asks agg for, taken apart.
 *
 * [NAME=]FUNC[:FIELD], or FUNC(FIELD) as it is written in SQL.  Functions go by
 * Spark's other names too: mean is avg, std is stddev.
 */
#ifndef BIEF_ACCUM_SPEC_H
#define BIEF_ACCUM_SPEC_H

struct err;

struct accum_spec {
	char *copy;        /* of the text, which the others point into */
	char *name;        /* of the result, allocated; NULL: the usual one */
	const char *func;  /* as we call it */
	const char *shown; /* as the usual name of a result has it */
	char *path;        /* NULL: no field */
	char *share;       /* what stands behind the field; NULL: nothing */
};

/* -1 with a message, STATUS_USAGE; to be released in any case. */
int accum_spec_read(struct accum_spec *s, const char *text, struct err *err);
void accum_spec_release(struct accum_spec *s);
/* The share as a number from 0 to 1; -1 with a message if it is none. */
int accum_spec_share(const struct accum_spec *s, double *p, struct err *err);

#endif
