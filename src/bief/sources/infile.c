/*
 * infile: see infile.h.  What is written to by others can be cut off, renamed,
 * written over or made anew between any two reads; each of these has a function
 * here, and each has another answer while a batch is run again, which must read
 * what it has read before or fail.
 */
#include "sources/infile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "runtime/stage.h"
#include "sources/files/filename.h"
#include "sources/files/files.h"

/* A file that was renamed is read on for so long after its last line, while it
 * is open for writing, or where that cannot be known. */
#define LEFT_OPEN_US (10 * TIME_SECOND)
#define UNKNOWN_OPEN_US (2 * TIME_SECOND)

void
infile_init(struct infile *in)
{
	in->notify = -1;
	in->r.fd = -1;
}

void
infile_release(struct infile *in)
{
	reader_release(&in->r);
	files_table_drop(in->file);
	if (in->notify >= 0)
		close(in->notify);
}

int
infile_follow(struct infile *in, struct stage *st, const char *path)
{
	uint64_t device, inode;
	struct file *file;
	struct stat sb;
	char *dir;

	file = mem_zalloc(sizeof(*file));
	in->file = file;
	file->end = UINT64_MAX;
	file->path = filename_absolute(path);
	if (!file->path)
		return err_sys(st->err, "cannot open '%s'", path);
	stage_output_file(st, &device, &inode);
	if (stat(path, &sb) == 0 && sb.st_ino == inode && sb.st_dev == device)
		return err_as(st->err, STATUS_USAGE,
			"'%s' is the input and "
			"the output",
			path);
	if (stat(path, &sb) == 0) {
		in->limit = (uint64_t)sb.st_size;
		in->limit_inode = sb.st_ino;
	}
	if (!in->ends)
		in->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (in->notify < 0)
		return 0;
	dir = mem_dup(file->path,
		(size_t)(strrchr(file->path, '/') + 1 - file->path));
	if (inotify_add_watch(in->notify, dir,
		    IN_MODIFY | IN_MOVED_TO | IN_CREATE | IN_ATTRIB |
			    IN_DELETE | IN_CLOSE_WRITE) < 0) {
		close(in->notify);
		in->notify = -1;
	}
	free(dir);
	return 0;
}

char *
infile_quoted(const struct infile *in, char q[300])
{
	return err_quote(q, 300, in->file->path, strlen(in->file->path));
}

static int
tell_vanished(struct infile *in, struct stage *st)
{
	char q[300];

	if (in->again)
		return err_set(st->err,
			"cannot run a batch again: '%s' is gone",
			infile_quoted(in, q));
	in->vanished++;
	stage_warn(st, "'%s' has vanished before it was read to its end",
		infile_quoted(in, q));
	return 0;
}

/* What is there now of a file that has been read to its end. */
static void
look_back(struct infile *in, struct stage *st)
{
	struct stat sb;
	char q[300];

	if (in->r.fd < 0 || in->again || fstat(in->r.fd, &sb) < 0 ||
		!S_ISREG(sb.st_mode))
		return;
	if (sb.st_size > lseek(in->r.fd, 0, SEEK_CUR) ||
		identity_writers(in->r.fd) == IDENTITY_WRITTEN) {
		stage_warn(st,
			"'%s' is open for writing, and has been read as "
			"far as it went",
			infile_quoted(in, q));
		return;
	}
	in->file->mtime_ns = (int64_t)sb.st_mtim.tv_sec * 1000000000 +
		sb.st_mtim.tv_nsec;
}

/*
 * A quoted cell of CSV may be open at the end of a file.  One that holds none
 * of the characters that are used as quotes has no such cell.
 */
static void
look_for_quotes(struct infile *in, size_t n)
{
	const char *p = in->r.lines.b.p + in->r.lines.b.n - n;

	for (const char *c = "\"'|^~$"; *c != '\0' && !in->quotes; c++)
		in->quotes = memchr(p, *c, n) != NULL;
}

/* What was read of the file has been handed on; nothing of it will follow. */
static void
close_file(struct infile *in, struct stage *st)
{
	if (in->quotes)
		stage_file_end(st);
	reader_close(&in->r);
}

struct file *
infile_finish(struct infile *in, struct stage *st)
{
	struct file *f = in->file;

	look_back(in, st);
	close_file(in, st);
	in->file = NULL;
	return f;
}

/* What was read of the file is not there any more: begin again. */
static void
start_again(struct file *f, uint64_t inode)
{
	f->start = 0;
	f->cut = false;
	f->inode = inode;
	f->id = (struct identity){0};
}

/* The next one that had the name of a file that is gone; 0: it has it now. */
static uint64_t
successor(const struct infile *in, uint64_t inode, int64_t birth_ns)
{
	return reader_between(in->file->path, inode, birth_ns);
}

/* Where the file that grows is by now, under its inode where that is known; to
 * be freed.  NULL: what was left of it is lost. */
static char *
whereabouts(const struct file *f)
{
	struct stat sb;

	if (f->inode == 0 || (stat(f->path, &sb) == 0 && sb.st_ino == f->inode))
		return mem_dup(f->path, strlen(f->path));
	return reader_find(f->path, f->inode);
}

/* Another file, or other bytes, where the one was that has been read. */
static int
tell_made_anew(struct infile *in, struct stage *st)
{
	char q[300];

	if (in->again)
		return err_set(st->err,
			"cannot run a batch again: '%s' has "
			"been made anew or written over",
			infile_quoted(in, q));
	stage_warn(st,
		"'%s' has been made anew or written over since it was "
		"read: reading it from the start",
		infile_quoted(in, q));
	stage_file_end(st);
	return 0;
}

/* Is the file that has been opened at its old place still the same? */
static bool
goes_on(const struct infile *in)
{
	const struct file *f = in->file;

	if (f->start == 0)
		return true;
	return !(in->grow && identity_born_anew(&f->id, in->r.fd)) &&
		reader_is(&in->r, &f->id, f->start, f->cut);
}

/* Open a file at its place, or from its start where it is another one. */
static int
open_at_place(struct infile *in, struct stage *st, const char *path)
{
	struct file *f = in->file;
	uint64_t next;
	int rc = reader_open(&in->r, path, f->start, f->cut, st->err);

	if (rc <= 0 || goes_on(in))
		return rc;
	reader_close(&in->r);
	if (tell_made_anew(in, st) < 0)
		return -1;
	next = in->grow ? successor(in, 0, f->id.birth_ns) : 0;
	start_again(f, next);
	path = next != 0 ? reader_find(f->path, next) : NULL;
	rc = reader_open(&in->r, path ? path : f->path, 0, false, st->err);
	free((char *)path);
	return rc;
}

/* Open the file that grows: it may have another name by now.  1, 0 when it is
 * not there, -1. */
static int
open_inode(struct infile *in, struct stage *st)
{
	struct file *f = in->file;
	char *path = whereabouts(f), q[300];
	int rc;

	if (!path) {
		if (tell_vanished(in, st) < 0)
			return -1;
		stage_file_end(st);
		start_again(f, successor(in, f->inode, f->id.birth_ns));
		path = whereabouts(f);
	}
	rc = path ? open_at_place(in, st, path) : 0;
	free(path);
	if (rc <= 0) {
		if (rc == 0 && !in->missed)
			stage_warn(st, "'%s' is not there%s",
				infile_quoted(in, q),
				in->ends ? "" : ": waiting for it");
		in->missed = true;
		return rc;
	}
	/* It is looked for under its own name from now on. */
	free(in->r.path);
	in->r.path = mem_dup(f->path, strlen(f->path));
	in->r.lines.name = in->r.path;
	in->r.grows = true;
	in->missed = false;
	in->replaced_us = 0;
	f->inode = in->r.inode;
	return 1;
}

int
infile_open(struct infile *in, struct stage *st)
{
	struct file *f = in->file;
	int rc;

	rc = in->grow ? open_inode(in, st) : open_at_place(in, st, f->path);
	if (rc <= 0)
		return rc == 0 && !in->grow ? tell_vanished(in, st) : rc;
	/* What was read before is not known. */
	in->quotes = f->start > 0;
	if (f->end_inode == f->inode)
		in->r.stop = f->end;
	return 1;
}

/* What was read of the file that grows has been cut off or written over. */
static int
begin_truncated(struct infile *in, struct stage *st)
{
	char q[300];

	stage_warn(st, "'%s' has been truncated: reading it from the start",
		infile_quoted(in, q));
	if (lines_refuse(&in->r.lines, st, "has been cut off by a truncation") <
		0)
		return -1;
	close_file(in, st);
	start_again(in->file, 0);
	if (in->again)
		return err_set(st->err,
			"cannot run a batch again: '%s' has been truncated",
			infile_quoted(in, q));
	return INFILE_MORE;
}

/* Its name belongs to another file now.  Whoever writes it may not know yet:
 * logs are renamed first and opened anew some seconds later. */
static bool
is_left_open(struct infile *in, struct stage *st)
{
	int64_t now = time_monotonic(), patience;
	char q[300];
	int is = identity_writers(in->r.fd);
	struct stat sb;

	if (in->again || is == IDENTITY_AT_REST)
		return false;
	patience = is == IDENTITY_WRITTEN ? LEFT_OPEN_US : UNKNOWN_OPEN_US;
	if (in->ends && fstat(in->r.fd, &sb) == 0)
		return time_now() - (int64_t)sb.st_ctim.tv_sec * TIME_SECOND <
			patience;
	if (in->replaced_us == 0)
		in->replaced_us = now;
	if (now - in->replaced_us < patience)
		return true;
	if (is == IDENTITY_WRITTEN)
		stage_warn(st,
			"'%s' is another file now, but the one before is "
			"still open for writing: what comes there is not read",
			infile_quoted(in, q));
	return false;
}

/*
 * The file that grows has been read to its end, as far as it goes now.  Returns
 * as infile_fill.
 */
static int
end_of_growing(struct infile *in, struct stage *st)
{
	struct file *f = in->file;
	uint64_t inode = 0, next;
	int rc = reader_look(&in->r, &inode, st->err);

	/* In the batch that is run again another file followed this one. */
	if (in->again && f->end_inode != in->r.inode)
		rc = READER_REPLACED;
	if (rc < 0)
		return -1;
	if (rc == READER_CUT)
		return begin_truncated(in, st);
	if (rc != READER_REPLACED || is_left_open(in, st))
		return in->ends ? INFILE_END : INFILE_WAIT;
	next = successor(in, in->r.inode, identity_birth(in->r.fd));
	in->r.ended = true;
	start_again(f, next != 0 ? next : in->again ? f->end_inode : inode);
	lines_finish(&in->r.lines);
	return INFILE_MORE;
}

/* The place that was to be reached is. */
static int
reach_stop(struct infile *in)
{
	in->r.stop = UINT64_MAX;
	in->file->end = UINT64_MAX;
	in->file->end_inode = 0;
	return INFILE_STOP;
}

/* Compressed data that are no such: the end, unless that is to be skipped.
 * What was good goes on, the line in which that ends does not. */
static int
pass_damage(struct infile *in, struct stage *st)
{
	struct record none = {.line = ""};
	struct err why = *st->err;

	if (!in->skip_damaged)
		return err_set(st->err,
			"%s (--on-error skip leaves out the rest of it)",
			why.text);
	if (stage_reject(st, &none, "%s: the rest of it is left out",
		    st->err->text) < 0)
		return -1;
	return lines_refuse(&in->r.lines, st, "is cut off by the damage");
}

int
infile_fill(struct infile *in, struct stage *st)
{
	size_t left;
	char q[300];

	if (in->r.ended) {
		if (!in->grow)
			return INFILE_DONE;
		close_file(in, st);
		return INFILE_MORE;
	}
	left = lines_left(&in->r.lines);
	if (in->ends && in->grow && !in->again && in->r.stop == UINT64_MAX &&
		in->r.inode == in->limit_inode)
		in->r.stop = in->limit;
	switch (reader_fill(&in->r, st->err)) {
	case READER_SOME:
		in->replaced_us = 0;
		look_for_quotes(in, lines_left(&in->r.lines) - left);
		return INFILE_MORE;
	case READER_WAIT:
		return INFILE_WAIT;
	case READER_STOP:
		/* What follows is not looked at, so it must have been known. */
		if (in->again && lines_stop(&in->r.lines))
			return INFILE_MORE;
		return in->again ? reach_stop(in) : INFILE_END;
	case READER_CHANGED:
		return begin_truncated(in, st);
	case READER_DAMAGED:
		if (pass_damage(in, st) < 0)
			return -1;
		break;
	case READER_GONE:
		if (tell_vanished(in, st) < 0)
			return -1;
		break;
	case READER_END:
		if (in->r.stop != UINT64_MAX && in->again)
			return err_set(st->err,
				"cannot run a batch again: '%s' is shorter "
				"than it was",
				infile_quoted(in, q));
		if (in->grow)
			return end_of_growing(in, st);
		break;
	default:
		return -1;
	}
	in->r.ended = true;
	lines_finish(&in->r.lines);
	return INFILE_MORE;
}

int
infile_notify(const struct infile *in)
{
	char block[4096] __attribute__((aligned(8)));

	while (in->notify >= 0 && read(in->notify, block, sizeof(block)) > 0)
		;
	return in->notify;
}

void
infile_mark(struct infile *in)
{
	/* One that has grown and ended is followed by another already. */
	if (!in->file || in->r.fd < 0 || (in->grow && in->r.ended))
		return;
	in->file->start = in->r.lines.offset;
	in->file->cut = in->r.lines.skip;
	reader_identify(&in->r, in->file->start, &in->file->id);
}

uint64_t
infile_place(const struct infile *in)
{
	off_t at = in->r.fd < 0 || in->r.waits ? 0
					       : lseek(in->r.fd, 0, SEEK_CUR);

	return at > 0 ? (uint64_t)at : 0;
}
