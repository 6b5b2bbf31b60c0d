/*
 * list: words that somebody has given, in their order.
 */
#ifndef BIEF_LIST_H
#define BIEF_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	char **s; /* owned, NUL-terminated */
	size_t n;
};

/* Add a copy of the text; with commas, of what stands between these outside of
 * quotes (path_until).  Quotes stay; blanks around a comma do not. */
void list_add(struct list *l, const char *text, bool commas);
bool list_has(const struct list *l, const char *text);
/* A word without the blanks around it: cut in place. */
char *list_trim(char *word);
void list_free(struct list *l);

#endif
