/*
 * files_find: a file was met: is it new, is it one to leave for later, is it one
 * that was known by another name?
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "floor/mem.h"
#include "time/time.h"
#include "sources/files/files_impl.h"

/* Looking. */

int64_t
files_find_mtime(const struct stat *s)
{
	return (int64_t)s->st_mtim.tv_sec * 1000000000 + s->st_mtim.tv_nsec;
}

void
files_find_tell(const struct files *f, enum files_news what, const char *path)
{
	if (f->how.tell)
		f->how.tell(f->how.arg, what, path);
}

int64_t
files_find_now(void)
{
	int64_t us = time_now();

	return us < INT64_MAX / 1000 ? us * 1000 : INT64_MAX;
}

/*
 * Too old to be read.  Those that were read and forgotten are as old; what has
 * come since then (which ctime tells, whatever mtime says) is counted.
 */
static bool
files_find_old(struct files *f, const struct stat *s, size_t operand)
{
	int64_t came_ns = (int64_t)s->st_ctim.tv_sec * 1000000000 +
		s->st_ctim.tv_nsec;

	if (files_find_mtime(s) >= f->forgotten_ns)
		return false;
	f->operands[operand].old += came_ns >= f->forgotten_ns ||
		f->forgotten_ns > files_find_now();
	return true;
}

/* To be looked at again, without being asked. */
static void
files_find_leave(struct files *f, const char *path, size_t operand)
{
	files_find_tell(f, FILES_WRITTEN, path);
	for (size_t i = 0; i < f->nleft; i++)
		if (strcmp(f->left[i].path, path) == 0)
			return;
	f->left = mem_realloc(f->left, (f->nleft + 1) * sizeof(*f->left));
	f->left[f->nleft++] = (struct files_left){
		mem_dup(path, strlen(path)), operand};
}

/* It is not complete yet, or it has not been begun. */
bool
files_find_unfinished(
	struct files *f, const char *path, const struct stat *s, size_t operand)
{
	if (!S_ISREG(s->st_mode))
		return false;
	if (identity_writers_of(path) == IDENTITY_WRITTEN) {
		files_find_leave(f, path, operand);
		return true;
	}
	return s->st_size == 0;
}

bool
files_find_output(const struct files *f, const char *path, const struct stat *s)
{
	if (f->how.output_inode == 0 || s->st_ino != f->how.output_inode ||
		s->st_dev != f->how.output_device)
		return false;
	files_find_tell(f, FILES_OUTPUT, path);
	return true;
}

/* Is a file that has been found, and is called otherwise by now, this one? */
static bool
files_find_was(const struct file *file, const struct stat *s, int64_t born_ns)
{
	struct stat now;

	if (file->found_inode != s->st_ino || file->born_ns != born_ns)
		return false;
	return stat(file->path, &now) < 0 || now.st_ino != s->st_ino;
}

/* A new path: of a file that is known?  One that has not been read to its end
 * is looked for there from now on. */
static bool
files_find_renamed(struct files *f, const char *path, const struct stat *s,
	int64_t born_ns)
{
	struct file *file;
	size_t i;

	for (i = 0; i < f->ndone; i++)
		if (files_find_was(f->done[i], s, born_ns))
			return true;
	for (i = 0; i < f->cap; i++) {
		file = f->table[i];
		if (!file || file->state == FILE_DONE ||
			!files_find_was(file, s, born_ns))
			continue;
		files_table_remove(f, file);
		free(file->path);
		file->path = mem_dup(path, strlen(path));
		files_table_enter(f, file);
		return true;
	}
	return false;
}

/*
 * A path that is known has been seen.  True if another file has taken it, which
 * counts where files are known by their inodes; else it has been read, and what
 * was added since will not be.
 */
static bool
files_find_another(struct files *f, struct file *known, const char *path,
	const struct stat *s)
{
	if (f->how.by_inode && known->found_inode != 0 &&
		(known->found_inode != s->st_ino ||
			known->born_ns != identity_birth_of(path))) {
		if (known->state != FILE_QUEUED) {
			files_table_remove(f, known);
			return true;
		}
		known->found_inode = s->st_ino;
		known->born_ns = identity_birth_of(path);
		return false;
	}
	if (known->state == FILE_DONE && !known->told &&
		files_find_mtime(s) != known->mtime_ns &&
		strcmp(known->path, path) == 0) {
		known->told = true;
		files_find_tell(f, FILES_CHANGED, path);
	}
	return false;
}

/* A file of a directory or a glob has been seen. */
void
files_find(struct files *f, const char *path, size_t operand)
{
	struct file *file = f->table[files_table_place(f, path)];
	struct stat s;
	int64_t born_ns = 0;

	if ((file && !f->closely && !f->how.by_inode) || stat(path, &s) < 0 ||
		!S_ISREG(s.st_mode))
		return;
	if (file && !files_find_another(f, file, path, &s))
		return;
	if (files_find_old(f, &s, operand) || files_find_output(f, path, &s) ||
		(f->how.patient && files_find_unfinished(f, path, &s, operand)))
		return;
	if (f->how.by_inode) {
		born_ns = identity_birth_of(path);
		if (files_find_renamed(f, path, &s, born_ns))
			return;
	}
	file = files_table_new(path, files_find_mtime(&s), operand);
	file->size = s.st_size;
	file->found_inode = f->how.by_inode ? s.st_ino : 0;
	file->born_ns = born_ns;
	files_table_enter(f, file);
	files_table_enqueue(f, file);
}
