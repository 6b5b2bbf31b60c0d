/*
 * files_table: the files that are known, by their paths: open addressing, never
 * more than half full; and the queue of those that are to be read.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "floor/mem.h"
#include "sources/files/files_impl.h"

/* The table of paths: open addressing, never more than half full. */

static size_t
files_table_hash(const char *s)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32);
}

/* What a file is known by. */
static const char *
files_table_key(const struct files *f, const char *path)
{
	const char *slash = f->how.by_name ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static size_t
files_table_home(const struct files *f, const char *path)
{
	return files_table_hash(files_table_key(f, path)) & (f->cap - 1);
}

size_t
files_table_place(const struct files *f, const char *path)
{
	const char *key = files_table_key(f, path);
	size_t i = files_table_home(f, path);

	while (f->table[i] &&
		strcmp(files_table_key(f, f->table[i]->path), key) != 0)
		i = (i + 1) & (f->cap - 1);
	return i;
}

void
files_table_build(struct files *f, size_t cap)
{
	struct file **old = f->table;
	size_t n = f->cap, i;

	f->table = mem_zalloc(cap * sizeof(*f->table));
	f->cap = cap;
	for (i = 0; i < n; i++)
		if (old[i])
			f->table[files_table_place(f, old[i]->path)] = old[i];
	free(old);
}

void
files_table_remove(struct files *f, const struct file *file)
{
	size_t i = files_table_place(f, file->path), j, from;

	if (f->table[i] != file)
		return;
	f->table[i] = NULL;
	f->ntable--;
	/* Those behind the gap that it kept from their place move up. */
	for (j = (i + 1) & (f->cap - 1); f->table[j];
		j = (j + 1) & (f->cap - 1)) {
		from = files_table_home(f, f->table[j]->path);
		if (((j - from) & (f->cap - 1)) < ((j - i) & (f->cap - 1)))
			continue;
		f->table[i] = f->table[j];
		f->table[j] = NULL;
		i = j;
	}
}

void
files_table_append(
	struct file ***list, size_t *n, size_t *cap, struct file *file)
{
	if (*n == *cap) {
		*cap = *cap ? *cap * 2 : 64;
		*list = mem_realloc(*list, *cap * sizeof(**list));
	}
	(*list)[(*n)++] = file;
}

struct file *
files_table_new(const char *path, int64_t mtime_ns, size_t operand)
{
	struct file *file = mem_zalloc(sizeof(*file));

	file->path = mem_dup(path, strlen(path));
	file->mtime_ns = mtime_ns;
	file->operand = operand;
	file->end = UINT64_MAX;
	return file;
}

void
files_table_drop(struct file *file)
{
	if (file)
		free(file->path);
	free(file);
}

/* Into the table; false if a file of this path is there. */
bool
files_table_enter(struct files *f, struct file *file)
{
	size_t i;

	if (f->ntable * 2 >= f->cap)
		files_table_build(f, f->cap * 2);
	i = files_table_place(f, file->path);
	if (f->table[i])
		return false;
	f->table[i] = file;
	f->ntable++;
	return true;
}

void
files_table_enqueue(struct files *f, struct file *file)
{
	file->state = FILE_QUEUED;
	files_table_append(&f->queue, &f->nqueue, &f->cap_queue, file);
	f->unsorted = true;
}
