/*
 * regex: regular expressions that cannot run for ever.
 *
 * Oniguruma does the work (the library that jq itself uses); it is loaded when
 * a pattern is first compiled that is more than plain text.  A search gives up
 * with an error after REGEX_RETRIES steps back, so that (a+)+$ ends.
 */
#ifndef BIEF_REGEX_H
#define BIEF_REGEX_H

#include <stddef.h>

struct err;
struct regex;

#define REGEX_RETRIES 10000000

enum regex_syntax {
	REGEX_PERL, /* jq's */
	REGEX_JAVA  /* Spark's */
};

/* options; the values are Oniguruma's */
#define REGEX_IGNORE_CASE 1
#define REGEX_EXTEND 2 /* spaces and comments in the pattern */
#define REGEX_DOT_ALL 4
#define REGEX_SINGLE_LINE 8
#define REGEX_LONGEST 16
#define REGEX_NOT_EMPTY 32
/* \w, \d, \s and small against capital letters mean ASCII, as in Java. */
#define REGEX_ASCII (31U << 15)

/* Open the library, for patterns that are not known yet.  0, or -1. */
int regex_open(struct err *err);

/* pattern and text are UTF-8.  NULL: *err holds Oniguruma's words alone. */
struct regex *regex_new(const char *pattern, size_t n, enum regex_syntax syntax,
	unsigned options, struct err *err);
void regex_free(struct regex *x);

/*
 * Where groups were found, 0 the whole: from beg[i] to end[i], both -1 for a
 * group that took no part.  Valid until the next search.
 */
struct regex_match {
	int n;
	const int *beg, *end;
};

/*
 * Find the first match in s[start..n).  1: found (m may be NULL); 0: none; -1:
 * gave up, *err holds Oniguruma's words.
 */
int regex_search(struct regex *x, const char *s, size_t n, size_t start,
	struct regex_match *m, struct err *err);

/* The name of a group, NULL if it has none; *n is its length. */
const char *regex_group(const struct regex *x, int group, size_t *n);

#endif
