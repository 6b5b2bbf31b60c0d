/*
 * elements: the objects of an array, one after the other, as they stand in a
 * line.
 *
 * The array may go on over lines, so long as none of its objects does: a line
 * is taken by itself, with the bracket and the comma that may stand at its ends.
 * A line that is one object is that one.
 */
#ifndef BIEF_ELEMENTS_H
#define BIEF_ELEMENTS_H

#include <stdbool.h>
#include <stddef.h>

struct elements {
	const char *p, *end;
	const char *why; /* what was wrong */
	bool within;     /* behind an object */
	bool over;       /* behind the closing bracket */
};

/* JSON_PADDING bytes behind the text are readable. */
void elements_init(struct elements *e, const char *text, size_t n);
/*
 * The next one: 1; 0: there are no more; -1: what stands there is no object,
 * and if its end cannot be told, nothing follows it.  *s, *n is its text.
 */
int elements_next(struct elements *e, const char **s, size_t *n);

#endif
