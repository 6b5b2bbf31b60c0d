/*
 * files: which files there are to read, each one once, by its path.
 *
 * They are taken in the order of their times, then of their names as people
 * count (2 before 10), or of names alone where that is asked for.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "sources/files/filename.h"
#include "sources/files/files_impl.h"
#include "sources/reader.h"

#define POLL_US (TIME_SECOND / 4)
/* A file is closed shortly before it has no writer any more. */
#define SOON_US (TIME_SECOND / 100)

struct files *
files_new(const struct files_how *how)
{
	struct files *f = mem_zalloc(sizeof(*f));

	f->how = *how;
	if (how->max_age_us > INT64_MAX / 2000) /* longer than there is time */
		f->how.max_age_us = 0;
	f->newest_ns = f->forgotten_ns = INT64_MIN;
	f->inotify = how->watch ? inotify_init1(IN_NONBLOCK | IN_CLOEXEC) : -1;
	files_table_build(f, 64);
	return f;
}

void
files_free(struct files *f)
{
	size_t i;

	if (!f)
		return;
	if (f->inotify >= 0)
		close(f->inotify);
	for (i = 0; i < f->noperands; i++) {
		free(f->operands[i].path);
		free(f->operands[i].name);
		free(f->operands[i].base);
	}
	for (i = f->at; i < f->nqueue; i++)
		files_table_drop(f->queue[i]);
	for (i = 0; i < f->ndone; i++)
		files_table_drop(f->done[i]);
	for (i = 0; i < f->nleft; i++)
		free(f->left[i].path);
	free(f->left);
	free(f->operands);
	free(f->table);
	free(f->queue);
	free(f->done);
	free(f);
}

/* The directory in front of the first magic in a pattern. */
static char *
files_fixed_directory(const char *pattern)
{
	size_t n = strcspn(pattern, "*?[");
	char *dir, *real;

	while (n > 0 && pattern[n - 1] != '/')
		n--;
	dir = n > 0 ? mem_dup(pattern, n) : mem_dup(".", 1);
	real = realpath(dir, NULL);
	free(dir);
	return real;
}

static void
files_add_glob(struct files *f, struct files_operand *o, const char *pattern)
{
	const char *slash = strrchr(pattern, '/');
	char *dir;

	o->kind = FILES_GLOB;
	o->watch = -1;
	o->path = mem_dup(pattern, strlen(pattern));
	o->base = files_fixed_directory(pattern);
	dir = slash ? mem_dup(pattern, (size_t)(slash + 1 - pattern))
		    : mem_dup(".", 1);
	if (!filename_magic(dir)) {
		o->name = mem_dup(slash ? slash + 1 : pattern,
			strlen(slash ? slash + 1 : pattern));
		files_watch(f, o, dir);
	}
	free(dir);
}

int
files_add(struct files *f, const char *operand, struct err *err)
{
	struct files_operand o = {.watch = -1};
	struct stat s;
	char q[300];

	if (strcmp(operand, "-") == 0)
		operand = READER_STDIN;
	if (stat(operand, &s) < 0) {
		if (errno == ENOENT && filename_magic(operand)) {
			files_add_glob(f, &o, operand);
			goto add;
		}
		return err_sys(
			err, "cannot open '%s'", filename_quoted(operand, q));
	}
	o.path = strcmp(operand, READER_STDIN) == 0
		? mem_dup(operand, strlen(operand))
		: filename_absolute(operand);
	if (S_ISDIR(s.st_mode)) {
		free(o.path);
		o.path = realpath(operand, NULL);
		o.kind = FILES_DIRECTORY;
	}
	if (!o.path)
		return err_sys(
			err, "cannot open '%s'", filename_quoted(operand, q));
	/* Directories that come to it later are seen by looking again. */
	if (o.kind == FILES_DIRECTORY && !f->how.partitions)
		files_watch(f, &o, o.path);
add:
	f->operands = mem_realloc(
		f->operands, (f->noperands + 1) * sizeof(*f->operands));
	f->operands[f->noperands++] = o;
	return 0;
}

bool
files_grow(const struct files *f)
{
	size_t i;

	for (i = 0; i < f->noperands; i++)
		if (f->operands[i].kind != FILES_PLAIN)
			return true;
	return false;
}

/* The part of a path below a directory, or NULL. */
static const char *
files_path_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (strncmp(path, dir, n) != 0 || (path[n] != '/' && n != 1))
		return NULL;
	return path + n + (path[n] == '/');
}

const char *
files_below(const struct files *f, const char *path)
{
	const char *p = NULL;

	for (size_t i = 0; i < f->noperands && p == NULL; i++)
		if (f->operands[i].kind == FILES_DIRECTORY)
			p = files_path_below(path, f->operands[i].path);
	return p;
}

const char *
files_under(const struct files *f, const char *path)
{
	const char *p = files_below(f, path);

	for (size_t i = 0; i < f->noperands && p == NULL; i++)
		if (f->operands[i].base != NULL)
			p = files_path_below(path, f->operands[i].base);
	return p;
}

size_t
files_count_old(const struct files *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->noperands; i++)
		n += f->operands[i].old;
	return n;
}

int
files_fd(const struct files *f)
{
	return f->inotify;
}

int64_t
files_pause(const struct files *f)
{
	size_t i;

	if (f->how.watch && f->nleft > 0)
		return time_monotonic() - f->left_us < TIME_SECOND ? SOON_US
								   : POLL_US;
	for (i = 0; f->how.watch && i < f->noperands; i++)
		if (f->operands[i].kind != FILES_PLAIN &&
			f->operands[i].watch < 0)
			return POLL_US;
	return INT64_MAX;
}

uint64_t
files_waiting(const struct files *f)
{
	uint64_t bytes = 0;

	for (size_t i = f->at; i < f->nqueue; i++)
		bytes += (uint64_t)f->queue[i]->size;
	return bytes;
}

struct file *
files_next(struct files *f)
{
	return f->at < f->nqueue ? f->queue[f->at] : NULL;
}

struct file *
files_take(struct files *f)
{
	struct file *file = files_next(f);

	if (file) {
		file->state = FILE_TAKEN;
		f->at++;
	}
	if (f->at == f->nqueue)
		f->at = f->nqueue = 0;
	return file;
}

void
files_done(struct files *f, struct file *file, int64_t batch)
{
	int64_t time_ns = file->mtime_ns;

	file->batch = batch;
	file->state = FILE_DONE;
	/* A time in the future must not make what is new today look old. */
	if (time_ns > f->newest_ns && time_ns > files_find_now())
		time_ns = files_find_now();
	if (time_ns > f->newest_ns)
		f->newest_ns = time_ns;
	files_table_append(&f->done, &f->ndone, &f->cap_done, file);
}

struct file *
files_settled(struct files *f, int64_t batch)
{
	if (f->settled == f->ndone || f->done[f->settled]->batch > batch)
		return NULL;
	return f->done[f->settled++];
}

/* What a checkpoint tells. */

void
files_reset(struct files *f)
{
	size_t i;

	for (i = f->at; i < f->nqueue; i++)
		files_table_drop(f->queue[i]);
	for (i = 0; i < f->ndone; i++)
		files_table_drop(f->done[i]);
	f->at = f->nqueue = f->ndone = f->settled = f->ntable = 0;
	memset(f->table, 0, f->cap * sizeof(*f->table));
	for (i = 0; i < f->noperands; i++)
		f->operands[i].looked = false;
	f->looked = f->unsorted = false;
	f->newest_ns = f->forgotten_ns = INT64_MIN;
}

struct file *
files_nth_done(const struct files *f, size_t i)
{
	return i < f->ndone ? f->done[i] : NULL;
}

size_t
files_count_done(const struct files *f)
{
	return f->ndone;
}

int64_t
files_forgotten(const struct files *f)
{
	return f->forgotten_ns;
}

void
files_set_forgotten(struct files *f, int64_t mtime_ns)
{
	f->forgotten_ns = mtime_ns;
}

void
files_was_done(struct files *f, const char *path, int64_t mtime_ns)
{
	struct file *file = files_table_new(path, mtime_ns, 0);

	file->known = true;
	if (!files_table_enter(f, file)) /* it was made anew, and read again */
		f->table[files_table_place(f, path)] = file;
	files_done(f, file, -1);
}

void
files_was_found(struct files *f, size_t *from, const char *path, int64_t inode,
	int64_t born_ns)
{
	struct file *file = from ? NULL : f->table[files_table_place(f, path)];

	while (from && !file && *from < f->ndone)
		if (strcmp(f->done[(*from)++]->path, path) == 0)
			file = f->done[*from - 1];
	if (!file)
		return;
	file->found_inode = (uint64_t)inode;
	file->born_ns = born_ns;
}

struct file *
files_again(struct files *f, const char *path, int64_t mtime_ns)
{
	struct file *file = f->table[files_table_place(f, path)];

	if (file)
		return file;
	file = files_table_new(path, mtime_ns, 0);
	file->known = true;
	files_table_enter(f, file);
	files_table_append(&f->queue, &f->nqueue, &f->cap_queue, file);
	return file;
}
