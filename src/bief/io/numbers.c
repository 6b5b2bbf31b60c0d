/*
 * numbers: the files of a directory that are named by a number, as a
 * checkpoint's are.  The list is made anew each time: other processes add to the
 * directory and take from it.
 */
#include "io/numbers.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"

static int
by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int
numbers_list(
	struct numbers *l, const char *dir, const char *kind, struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	memset(l, 0, sizeof(*l));
	if (d == NULL)
		return errno == ENOENT
			? 0
			: err_sys(err, "cannot read the directory '%s'", dir);
	while ((e = readdir(d)) != NULL) {
		char *end;
		int64_t n = strtoll(e->d_name, &end, 10);

		if (e->d_name[0] < '0' || e->d_name[0] > '9' || *end != '.' ||
			strcmp(end + 1, kind) != 0)
			continue;
		l->v = mem_realloc(l->v, (l->n + 1) * sizeof(*l->v));
		l->v[l->n++] = n;
	}
	closedir(d);
	if (l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), by_number);
	return 0;
}

void
numbers_release(struct numbers *l)
{
	free(l->v);
	memset(l, 0, sizeof(*l));
}

int64_t
numbers_last(const struct numbers *l)
{
	return l->n > 0 ? l->v[l->n - 1] : -1;
}

int64_t
numbers_upto(const struct numbers *l, int64_t most)
{
	int64_t found = -1;

	for (size_t i = 0; i < l->n && l->v[i] <= most; i++)
		found = l->v[i];
	return found;
}
