/*
 * numbers: see numbers.h.
 *
 * A name is taken only as it is written here: "007.delta" is not the file of
 * batch 7, and would be a second one of that number.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "recovery/numbers.h"
#include "recovery/place.h"
#include "floor/mem.h"

void
numbers_name(char name[NUMBERS_NAME], int64_t n, const char *kind)
{
	assert(n >= 0);
	snprintf(name, NUMBERS_NAME, "%lld.%s", (long long)n, kind);
}

/* The number of a name, or -1. */
static int64_t
number_of(const char *name, const char *kind)
{
	char same[NUMBERS_NAME];
	int64_t n;

	if (*name < '0' || *name > '9')
		return -1;
	n = strtoll(name, NULL, 10);
	numbers_name(same, n, kind);
	return strcmp(name, same) == 0 ? n : -1;
}

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
		int64_t n = number_of(e->d_name, kind);

		if (n < 0)
			continue;
		l->v = mem_realloc(l->v, (l->n + 1) * sizeof(*l->v));
		l->v[l->n++] = n;
	}
	closedir(d);
	if (l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), by_number);
	for (size_t i = 1; i < l->n; i++)
		assert(l->v[i - 1] < l->v[i]);
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

int
numbers_delete(
	const struct place *p, const char *kind, int64_t n, struct err *err)
{
	char name[NUMBERS_NAME];
	struct buf path;
	int ret = 0;

	assert(place_held(p));
	numbers_name(name, n, kind);
	buf_init(&path);
	buf_printf(&path, "%s/%s", p->dir, name);
	if (unlink(buf_cstr(&path)) < 0 && errno != ENOENT)
		ret = err_sys(err, "cannot delete '%s'", path.p);
	buf_release(&path);
	return ret;
}

/* Those from..upto, the oldest first: whoever is killed meanwhile leaves what
 * is newer without a gap. */
static int
delete_between(const struct place *p, const char *kind, int64_t from,
	int64_t upto, struct err *err)
{
	struct numbers l;
	int ret = 0;

	if (numbers_list(&l, p->dir, kind, err) < 0)
		return -1;
	for (size_t i = 0; ret == 0 && i < l.n; i++)
		if (l.v[i] >= from && l.v[i] <= upto)
			ret = numbers_delete(p, kind, l.v[i], err);
	numbers_release(&l);
	return ret;
}

int
numbers_clean(const struct place *p, const char *kind, int64_t before,
	struct err *err)
{
	return before > 0 ? delete_between(p, kind, 0, before - 1, err) : 0;
}

int
numbers_cut(
	const struct place *p, const char *kind, int64_t upto, struct err *err)
{
	return delete_between(p, kind, upto + 1, INT64_MAX, err);
}
