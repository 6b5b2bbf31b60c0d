/*
 * accums_build: how what a user asks for becomes an accumulator: which kind it
 * is, what it is given, where it stands in a blob, what its results are called.
 */
#ifndef BIEF_ACCUMS_BUILD_H
#define BIEF_ACCUMS_BUILD_H

struct accum_spec;
struct accum_star;
struct accums;
struct err;

/* Add the function; -1 with a message, STATUS_USAGE. */
int accums_build_func(
	struct accums *s, struct accum_spec *spec, struct err *err);
/* Add one of FUNC:*, of a field. */
void accums_build_star(
	struct accums *s, const struct accum_star *star, const char *path);
/* The number of the input of a field. */
int accums_build_input(struct accums *s, const char *path);

#endif
