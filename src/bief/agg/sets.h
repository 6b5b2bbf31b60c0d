/*
 * sets: grouping sets as they are written: 'a,b;a;' is (a, b), (a) and (), and
 * '(a,b),(a),()' is the same.
 *
 * A set is a bit for each of the keys, the first one lowest.  The window of the
 * records is named "window"; where no set names it, all of them have it.
 */
#ifndef BIEF_SETS_H
#define BIEF_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct list;

struct sets {
	const char *text; /* the option's; NULL: there are none */
	uint64_t *keys;
	bool *window; /* the set has the window */
	size_t n;
};

#define SETS_MOST 16 /* columns: bits of a mask */

/* Read them, of these keys; where by has none it gets those that are named.
 * -1 with a message, STATUS_USAGE; to be released in any case. */
int sets_read(struct sets *s, struct list *by, struct err *err);
void sets_release(struct sets *s);
/* The i-th key is the window of the records; and it is no key any more. */
void sets_drop_window(struct sets *s, size_t i);
void sets_drop(struct sets *s, size_t i);
/* The columns that a set leaves out, the last one lowest, with the window (if
 * there is one) as the first. */
uint16_t sets_mask(
	const struct sets *s, size_t set, size_t keys, bool windowed);

#endif
