/*
 * path: a field's name as users write it, taken apart.
 *
 * time, meta.domain, items[0].id, a[-1]; with a dot in front or without; a step
 * in double quotes, as in JSON, where it holds dots, brackets, commas or an
 * equals sign: meta."a.b", "Income, median".
 */
#ifndef BIEF_PATH_H
#define BIEF_PATH_H

#include <stddef.h>
#include <stdint.h>

struct buf;

struct path_step {
	char *s; /* a name, NUL-terminated; NULL: an index */
	size_t n;
	int64_t i; /* from the end if negative */
};

struct path {
	struct path_step *step;
	int n; /* 0: the text is no path */
};

void path_init(struct path *p, const char *text);
void path_release(struct path *p);
void path_add_name(struct path *p, const char *s, size_t n);
void path_add_index(struct path *p, int64_t i);
/* Append text that path_init() takes apart into these steps. */
void path_print(const struct path *p, struct buf *out);
/* The first c outside of such quotes, or the end of the text.  (A quote that
 * does not begin a step, or is not closed, is a character like others.) */
const char *path_until(const char *text, char c);
/* The plain name where the text is one step, else the text itself; allocated. */
char *path_name(const char *text);
/* The plain name of "NAME = rest"; a name in quotes may hold any sign.  NULL
 * where there is none, as in '"a" == 1'; allocated. */
char *path_assigned(const char *text, const char **rest);

#endif
