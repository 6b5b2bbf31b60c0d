/*
 * jq_fn: what the functions of jq that run natively share.  A file has a family of
 * them, and a table of these at its end; eval/jq_func.c knows the families.
 *
 * A function is here when many use it and its meaning can be had exactly; the odd
 * corners of one are left to libjq (JQ_ASK).
 */
#ifndef BIEF_JQ_FN_H
#define BIEF_JQ_FN_H

#include "expr/jq/jq_impl.h"

#define ONE(name)                                              \
	static int name(struct jq_run *run, struct jq_node *n, \
		const struct value *in, const struct value *a, \
		struct value *out)
#define EACH(name)                                             \
	static int name(struct jq_run *run, struct jq_node *n, \
		const struct value *in, jq_emit *emit, void *arg)

static inline bool
jq_is_text(const struct value *v)
{
	return jq_type(v) == JQ_STRING;
}

void jq_math_absolute(const struct value *v, struct value *out);

/* ---- regular expressions ---- */

/* The matches of a pattern in a string, one after the other. */
struct jq_finder {
	struct jq_node *n;
	const char *s;
	size_t len;
	size_t start; /* where to look next */
	bool global, done;
	/* how many characters stand before a byte */
	size_t byte, character;
};

/* The options that a text of flags stands for; 0 or -1. */
int jq_regex_flags(struct jq_run *run, const struct value *flags,
	unsigned *options, bool *global);
int jq_regex_first(struct jq_run *run, struct jq_finder *f, struct jq_node *n,
	const struct value *in, const struct value *pattern,
	const struct value *flags);
/* 1: *m is the next match; 0: there is none; -1. */
int jq_regex_next(
	struct jq_run *run, struct jq_finder *f, struct regex_match *m);
/* An object of the groups that have names. */
struct value jq_match_names(struct jq_run *run, const struct regex *regex,
	const char *s, const struct regex_match *m);

#endif
