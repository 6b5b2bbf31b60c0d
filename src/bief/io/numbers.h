/*
 * numbers: files of a directory that are named by a number.
 */
#ifndef BIEF_NUMBERS_H
#define BIEF_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

struct err;

/* Numbered files DIR/N.KIND: the numbers, ascending. */
struct numbers {
	int64_t *v;
	size_t n;
};
int numbers_list(
	struct numbers *l, const char *dir, const char *kind, struct err *err);
void numbers_release(struct numbers *l);
/* Newest one, -1 if none; the newest that is not above most. */
int64_t numbers_last(const struct numbers *l);
int64_t numbers_upto(const struct numbers *l, int64_t most);

#endif
