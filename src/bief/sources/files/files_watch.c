/*
 * files_watch: what inotify says has come.  It says no more than names, so that what
 * they are is found out as when all is looked at; and it can lose events, then
 * all is looked at.
 */
#include <fnmatch.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "time/time.h"
#include "sources/files/filename.h"
#include "sources/files/files_impl.h"

/* Of a directory or the fixed directory of a glob. */
#define FILES_EVENTS                                                 \
	(IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE_SELF | \
		IN_MOVE_SELF)

/* File systems on which inotify does not see what other machines do. */
static bool
files_watch_remote(const char *dir)
{
	static const uint32_t types[] = {0x6969 /* nfs */,
		0xff534d42 /* cifs */, 0xfe534d42 /* smb2 */, 0x517b /* smb */,
		0x01021997 /* 9p */, 0x65735546 /* fuse */,
		0x00c36400 /* ceph */, 0x5346414f /* afs */};
	struct statfs s;
	size_t i;

	if (statfs(dir, &s) < 0)
		return true;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((uint32_t)s.f_type == types[i])
			return true;
	return false;
}

void
files_watch(struct files *f, struct files_operand *o, const char *dir)
{
	o->watch = -1;
	if (f->inotify < 0 || files_watch_remote(dir))
		return;
	o->watch = inotify_add_watch(f->inotify, dir, FILES_EVENTS);
}

/* A file of this name has come to an operand that is watched. */
static void
files_watch_name(struct files *f, size_t operand, const struct inotify_event *e)
{
	const struct files_operand *o = &f->operands[operand];
	const char *slash = strrchr(o->path, '/');
	struct err none;
	struct stat s;
	struct buf b;

	buf_init(&b);
	if (o->kind == FILES_GLOB) {
		buf_add(&b, o->path, slash ? (size_t)(slash + 1 - o->path) : 0);
	} else {
		buf_str(&b, o->path);
		buf_byte(&b, '/');
	}
	buf_str(&b, e->name);
	/*
	 * That a name was made tells nothing, its writer is still at it; unless
	 * it is another name of what was there.
	 */
	if (e->mask & IN_CREATE &&
		(lstat(buf_cstr(&b), &s) < 0 ||
			(!S_ISLNK(s.st_mode) && s.st_nlink < 2)))
		;
	else if (o->kind == FILES_GLOB)
		files_scan_match(f, buf_cstr(&b), operand, &none);
	else
		files_scan_name(f, o->path, e->name, operand, NULL, &none);
	buf_release(&b);
}

/* One of inotify's; -1 when the directory is gone. */
static int
files_watch_event(
	struct files *f, const struct inotify_event *e, struct err *err)
{
	struct files_operand *o;
	size_t i;
	char q[300];

	if (e->mask & IN_Q_OVERFLOW)
		f->again = true;
	for (i = 0; i < f->noperands; i++) {
		o = &f->operands[i];
		if (o->watch < 0 || o->watch != e->wd)
			continue;
		if (e->mask & (IN_DELETE_SELF | IN_MOVE_SELF))
			return err_set(err, "the directory of '%s' is gone",
				filename_quoted(o->path, q));
		if (e->len == 0 ||
			(o->name && fnmatch(o->name, e->name, FNM_PERIOD) != 0))
			continue;
		files_watch_name(f, i, e);
	}
	return 0;
}

int
files_watch_read(struct files *f, struct err *err)
{
	char block[16384] __attribute__((aligned(8)));
	const struct inotify_event *e;
	ssize_t n;
	char *p;

	f->closely = true;
	while (f->inotify >= 0 &&
		(n = read(f->inotify, block, sizeof(block))) > 0) {
		f->left_us = time_monotonic();
		for (p = block; p < block + n; p += sizeof(*e) + e->len) {
			e = (const struct inotify_event *)(const void *)p;
			if (files_watch_event(f, e, err) < 0)
				return -1;
		}
	}
	return 0;
}
