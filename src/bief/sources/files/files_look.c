/*
 * files_look: one look for what is new: what inotify tells where it can, what is
 * there where it cannot.
 */
#include <stdlib.h>
#include <sys/vfs.h>

#include "floor/err.h"
#include "sources/files/filename.h"
#include "sources/files/files_impl.h"

/* Those that were being written. */
static void
files_look_again(struct files *f)
{
	struct files_left *left = f->left;
	size_t n = f->nleft;

	f->left = NULL;
	f->nleft = 0;
	for (size_t i = 0; i < n; i++) {
		if (f->operands[left[i].operand].kind != FILES_PLAIN)
			files_find(f, left[i].path, left[i].operand);
		free(left[i].path);
	}
	free(left);
}

static int
files_look_order(const void *pa, const void *pb, void *arg)
{
	const struct file *a = *(struct file *const *)pa;
	const struct file *b = *(struct file *const *)pb;
	const struct files_how *how = arg;
	int c;

	/* It was being read when the checkpoint was made. */
	if (a->known != b->known)
		return a->known ? -1 : 1;
	if (a->operand != b->operand)
		return a->operand < b->operand ? -1 : 1;
	if (a->mtime_ns != b->mtime_ns && !how->name_order)
		c = a->mtime_ns < b->mtime_ns ? -1 : 1;
	else
		c = filename_natural(a->path, b->path);
	return how->latest_first ? -c : c;
}

static void
files_look_sort(struct files *f)
{
	if (f->unsorted)
		qsort_r(f->queue + f->at, f->nqueue - f->at, sizeof(*f->queue),
			files_look_order, &f->how);
	f->unsorted = false;
}

/* Files that are too old to come again are not remembered either. */
static void
files_look_forget(struct files *f)
{
	size_t i, n = 0, settled = f->settled;

	if (f->how.max_age_us <= 0 || f->newest_ns < 0 ||
		f->newest_ns - f->how.max_age_us * 1000 <= f->forgotten_ns)
		return;
	f->forgotten_ns = f->newest_ns - f->how.max_age_us * 1000;
	for (i = 0; i < f->ndone; i++) {
		struct file *file = f->done[i];

		if (file->mtime_ns >= f->forgotten_ns ||
			(f->how.settle && i >= settled)) {
			f->done[n++] = file;
			continue;
		}
		f->settled -= i < settled;
		files_table_remove(f, file);
		files_table_drop(file);
	}
	f->ndone = n;
}

int
files_look(struct files *f, struct err *err)
{
	bool all = !f->looked || f->again;
	size_t i;

	f->again = false;
	files_look_forget(f);
	if (files_watch_read(f, err) < 0)
		return -1;
	files_look_again(f);
	f->closely = !f->looked;
	f->looked = true;
	for (i = 0; i < f->noperands; i++)
		if ((all || f->again || f->operands[i].watch < 0) &&
			files_scan(f, i, err) != 0)
			return -1;
	f->again = false;
	files_look_sort(f);
	return 0;
}
