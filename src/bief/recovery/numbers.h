/*
 * numbers: the files of a directory that are numbered, DIR/N.KIND: by batch, or
 * by piece of a journal.
 */
#ifndef BIEF_NUMBERS_H
#define BIEF_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct place;

/* Of what goes with a batch, so many before the newest that all sinks have are
 * kept. */
#define NUMBERS_KEEP 100

/* N.KIND */
#define NUMBERS_NAME 40
void numbers_name(char name[NUMBERS_NAME], int64_t n, const char *kind);

/* Those that are there, ascending, none twice. */
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

/* Delete one of them, those below `before`, or those above `upto`; what is not
 * there is fine.  The place has to be locked. */
int numbers_delete(
	const struct place *p, const char *kind, int64_t n, struct err *err);
int numbers_clean(const struct place *p, const char *kind, int64_t before,
	struct err *err);
int numbers_cut(
	const struct place *p, const char *kind, int64_t upto, struct err *err);

#endif
