/*
 * stream-files: hands on the lines of files: of a directory as they come, of a
 * file as it grows, or of all that is there.
 *
 * Time: none.
 * Watermark: none.
 * State: none but its position: which files have been read, and how far the
 * one that is being read.
 * Restart: goes on there; a batch that is run again reads the same files to
 * the same places.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/err.h"
#include "sources/files/files.h"
#include "value/json.h"
#include "sources/partition.h"
#include "sources/positions.h"
#include "sources/reader.h"
#include "value/record.h"
#include "runtime/stage.h"
#include "time/time.h"
#include "floor/mem.h"
#include "sources/files/filename.h"

#define DAY_US (24 * 3600 * TIME_SECOND)
#define NUMBERS 10000               /* names that are tried in the archive */
#define TOLD 5                      /* messages of a kind */
#define FOLLOW_US (TIME_SECOND / 4) /* look again when inotify says nothing */
/* A file that was renamed is read on for so long after its last line, while it
 * is open for writing, or where that cannot be known. */
#define LEFT_OPEN_US (10 * TIME_SECOND)
#define UNKNOWN_OPEN_US (2 * TIME_SECOND)

enum file_order { ORDER_TIME, ORDER_NAME };

struct stream_files {
	int64_t max_files, max_bytes, max_records, max_age_us;
	int order; /* of enum file_order */
	bool latest_first, follow, partitions, by_name;
	const char *clean;

	enum trigger_kind trigger;
	struct files *files;
	struct reader r;
	struct file *file; /* being read, or NULL */
	bool again;        /* a batch is run again */
	bool looked;
	bool begun;          /* a batch, or what stands for one */
	int64_t batch;       /* the last one with a line */
	int64_t taken;       /* files of this batch */
	int64_t bytes;       /* and what they hold */
	uint64_t left;       /* lines that it may still have */
	bool grow;           /* --follow FILE */
	int notify;          /* of the file that grows */
	bool missed;         /* its absence has been told */
	int64_t replaced_us; /* since when its name is another file's; 0 */
	uint64_t limit; /* its size at the start (available-now, once) ... */
	uint64_t limit_inode; /* ... when it was this file */
	bool skip_damaged;    /* --on-error skip was asked for */
	uint64_t vanished;
	uint64_t written; /* files left for later */
	uint64_t changed; /* files that have grown since they were read */
	char *example;    /* one of those that were left */
	char *archive;
	bool quotes;        /* the file has some: its end is told */
	struct buf columns; /* --partitions: members that the path tells */
	struct buf text;    /* lines with them */
	struct positions positions;
	char *goal; /* position at which the last such batch ended */
};

static const struct opt options[] = {
	{"max-files", 0, OPT_INT, offsetof(struct stream_files, max_files), "N",
		"take at most N files into a batch", .least = 1},
	{"max-bytes", 0, OPT_SIZE, offsetof(struct stream_files, max_bytes),
		"N", "take files of at most N bytes into a batch (but one)",
		.least = 1},
	{"max-records", 0, OPT_INT, offsetof(struct stream_files, max_records),
		"N", "take at most N lines into a batch", .least = 1},
	{"max-file-age", 0, OPT_DURATION,
		offsetof(struct stream_files, max_age_us), "D",
		"ignore files this much older than the newest one read (7d)"},
	{"order", 0, OPT_ENUM, offsetof(struct stream_files, order),
		"time|name",
		"the order of a directory's files: modification time, name"},
	{"latest-first", 0, OPT_FLAG,
		offsetof(struct stream_files, latest_first), NULL,
		"take the newest files first"},
	{"file-name-only", 0, OPT_FLAG, offsetof(struct stream_files, by_name),
		NULL, "know files by their last names, wherever they are"},
	{"partitions", 0, OPT_FLAG, offsetof(struct stream_files, partitions),
		NULL,
		"read directories NAME=VALUE, too, and add their fields to the "
		"objects in them"},
	{"follow", 'f', OPT_FLAG, offsetof(struct stream_files, follow), NULL,
		"go on with what is added to the file or the directory"},
	{"clean", 0, OPT_STRING, offsetof(struct stream_files, clean),
		"off|delete|archive=DIR",
		"what to do with files that every sink has committed"},
	OPT_END};

static void
defaults(void *self)
{
	struct stream_files *s = self;

	s->max_age_us = 7 * DAY_US;
	s->notify = -1;
	s->batch = -1;
	s->r.fd = -1;
	positions_init(&s->positions);
}

static int
open_files(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);

	reader_init(&s->r);
	buf_init(&s->columns);
	buf_init(&s->text);
	s->skip_damaged = st->on_error == ON_ERROR_SKIP;
	if (st->on_error < 0) /* one bad line does not end a source */
		st->on_error = ON_ERROR_SKIP;
	if (st->noperands == 0)
		return err_as(st->err, STATUS_USAGE,
			"nothing to read: name a "
			"directory, a glob in quotes, files, or - for "
			"standard input");
	if (s->clean && strcmp(s->clean, "off") == 0)
		s->clean = NULL;
	if (s->clean && strcmp(s->clean, "delete") != 0 &&
		strncmp(s->clean, "archive=", 8) != 0)
		return err_as(st->err, STATUS_USAGE,
			"--clean is 'off', "
			"'delete' or 'archive=DIR', not '%s'",
			s->clean);
	return 0;
}

/* --clean archive=DIR: on the same file system, and not read from.  It is made
 * if need be. */
static int
open_archive(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	const char *dir;

	if (!s->clean || strcmp(s->clean, "delete") == 0)
		return 0;
	dir = s->clean + strlen("archive=");
	if (mkdir(dir, 0777) == 0 || errno == EEXIST)
		s->archive = realpath(dir, NULL);
	if (!s->archive)
		return err_sys(st->err, "cannot archive to '%s'", dir);
	return 0;
}

static bool
is_glob(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

static bool
same_directory(const char *path, const char *dir)
{
	char *real = realpath(path, NULL);
	bool same = real != NULL && strcmp(real, dir) == 0;

	free(real);
	return same;
}

/* Would files of this directory be read? */
static bool
reads_from(const char *operand, const char *dir)
{
	const char *slash = strrchr(operand, '/');
	char *in;
	glob_t found;
	bool same = same_directory(operand, dir);

	if (same || !is_glob(operand))
		return same;
	in = slash == NULL ? mem_dup(".", 1)
			   : mem_dup(operand, (size_t)(slash + 1 - operand));
	if (glob(in, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc && !same; i++)
			same = same_directory(found.gl_pathv[i], dir);
		globfree(&found);
	}
	free(in);
	return same;
}

/* What is archived must not come again. */
static int
check_archive(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	char *dir;

	if (!s->clean || strncmp(s->clean, "archive=", 8) != 0)
		return 0;
	dir = realpath(s->clean + strlen("archive="), NULL);
	for (size_t i = 0; dir != NULL && i < st->noperands; i++)
		if (reads_from(st->operands[i], dir)) {
			free(dir);
			return err_as(st->err, STATUS_USAGE,
				"--clean "
				"archives into '%s', which is read from: name "
				"another directory",
				s->clean + strlen("archive="));
		}
	free(dir);
	return 0;
}

/* Does the sink of the same process write into what is read? */
static int
check_sink(struct stage *st)
{
	const struct stage *sink;
	char *dir;
	int rc = 0;

	for (sink = st; sink->next != NULL; sink = sink->next)
		;
	if (strcmp(sink->op->name, "sink-files") != 0 || sink->noperands != 1 ||
		(dir = realpath(sink->operands[0], NULL)) == NULL)
		return 0;
	for (size_t i = 0; rc == 0 && i < st->noperands; i++)
		if (reads_from(st->operands[i], dir))
			rc = err_as(st->err, STATUS_USAGE,
				"'%s' is read, and "
				"written by sink-files: name another directory",
				sink->operands[0]);
	free(dir);
	return rc;
}

/* --follow FILE: the one operand, which may not be there yet. */
static int
open_growing(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	const char *path = st->operands[0];
	uint64_t device, inode;
	struct file *file;
	struct stat sb;
	char *dir;

	file = mem_zalloc(sizeof(*file));
	s->file = file;
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
		s->limit = (uint64_t)sb.st_size;
		s->limit_inode = sb.st_ino;
	}
	if (s->trigger != TRIGGER_AVAILABLE && s->trigger != TRIGGER_ONCE)
		s->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (s->notify < 0)
		return 0;
	dir = mem_dup(file->path,
		(size_t)(strrchr(file->path, '/') + 1 - file->path));
	if (inotify_add_watch(s->notify, dir,
		    IN_MODIFY | IN_MOVED_TO | IN_CREATE | IN_ATTRIB |
			    IN_DELETE | IN_CLOSE_WRITE) < 0) {
		close(s->notify);
		s->notify = -1;
	}
	free(dir);
	return 0;
}

/* What cannot work is refused before anything is opened. */
static int
check(struct stage *st, const struct plan *p)
{
	struct stream_files *s = STAGE(st, stream_files);
	struct stat sb;
	size_t i;

	if (p->trigger == TRIGGER_NONE &&
		(s->max_files > 0 || s->max_bytes > 0 || s->max_records > 0))
		return err_as(st->err, STATUS_USAGE,
			"--max-files, --max-bytes "
			"and --max-records bound a batch, and there are none: "
			"add --trigger available-now, or --trigger 5s");
	if (s->max_files > 0 && s->max_bytes > 0)
		return err_as(st->err, STATUS_USAGE,
			"--max-files and "
			"--max-bytes bound a batch in two ways: choose one");
	if (s->clean && !p->checkpoint)
		return err_as(st->err, STATUS_USAGE,
			"--clean needs "
			"--checkpoint: without it nobody knows what the sinks "
			"have made durable");
	for (i = 0; p->checkpoint && i < st->noperands; i++)
		if (strcmp(st->operands[i], "-") == 0 ||
			(stat(st->operands[i], &sb) == 0 &&
				!S_ISREG(sb.st_mode) && !S_ISDIR(sb.st_mode)))
			return err_as(st->err, STATUS_USAGE,
				"'%s' cannot be "
				"read again after a crash: with --checkpoint "
				"name files or directories",
				st->operands[i]);
	for (i = 0; s->follow && i < st->noperands; i++) {
		if ((stat(st->operands[i], &sb) == 0 && S_ISDIR(sb.st_mode)) ||
			(errno == ENOENT && is_glob(st->operands[i])))
			continue;
		if (st->noperands > 1 || strcmp(st->operands[i], "-") == 0)
			return err_as(st->err, STATUS_USAGE,
				"--follow takes "
				"one file, or directories and globs");
		s->grow = true;
	}
	return check_archive(st) != 0 ? -1 : check_sink(st);
}

static void
tell(void *arg, enum files_news what, const char *path)
{
	struct stage *st = arg;
	struct stream_files *s = STAGE(st, stream_files);
	char q[300];

	err_quote(q, sizeof(q), path, strlen(path));
	switch (what) {
	case FILES_WRITTEN:
		s->written++;
		free(s->example);
		s->example = mem_dup(q, strlen(q));
		break;
	case FILES_CHANGED:
		if (s->changed++ < TOLD)
			stage_warn(st,
				"'%s' has been changed since it was read, "
				"and is not read again: a file should be "
				"renamed into the directory when it is "
				"complete",
				q);
		break;
	case FILES_LOOP:
		if (s->looked)
			break;
		stage_warn(
			st, "'%s' is passed over: it is inside of itself", q);
		break;
	case FILES_OUTPUT:
		if (!s->looked)
			stage_warn(
				st, "'%s' is passed over: it is the output", q);
	}
}

/* How to look for files. */
static struct files_how
how_to_look(struct stage *st, const struct plan *p)
{
	struct stream_files *s = STAGE(st, stream_files);
	bool bounded = s->max_files > 0 || s->max_bytes > 0;
	struct files_how how = {.watch = !s->grow &&
			(p->trigger == TRIGGER_INTERVAL ||
				(s->follow && p->trigger == TRIGGER_NONE)),
		.latest_first = s->latest_first,
		.settle = s->clean != NULL,
		.partitions = s->partitions,
		.by_name = s->by_name,
		.by_inode = s->follow && !s->grow,
		.name_order = s->order == ORDER_NAME,
		.patient_plain = p->checkpoint != NULL,
		.max_age_us = (s->latest_first && bounded) ||
				s->order == ORDER_NAME
			? 0
			: s->max_age_us,
		.tell = tell,
		.arg = st};

	how.patient = how.watch || how.patient_plain;
	stage_output_file(st, &how.output_device, &how.output_inode);
	return how;
}

static int
plan(struct stage *st, struct plan *p)
{
	struct stream_files *s = STAGE(st, stream_files);
	struct files_how how;
	size_t i;

	s->trigger = p->trigger;
	st->hear = s->clean != NULL;
	if (check(st, p) != 0)
		return -1;
	if (p->explain)
		return 0;
	how = how_to_look(st, p);
	s->files = files_new(&how);
	if (p->checkpoint &&
		positions_open(
			&s->positions, p->checkpoint, p->stage, st->err) != 0)
		return -1;
	if (open_archive(st) != 0)
		return -1;
	if (s->grow)
		return open_growing(st);
	for (i = 0; i < st->noperands; i++)
		if (files_add(s->files, st->operands[i], st->err) != 0)
			return -1;
	return 0;
}

static bool
ends(const struct stream_files *s)
{
	return s->trigger == TRIGGER_AVAILABLE || s->trigger == TRIGGER_ONCE;
}

/* Does the source go on when all that is there has been read? */
static bool
lasts(const struct stream_files *s)
{
	return !ends(s) &&
		(s->grow ||
			(files_grow(s->files) &&
				(s->follow || s->trigger == TRIGGER_INTERVAL)));
}

/* Files that somebody writes. */
static const char *
writers(const struct stream_files *s, char q[400])
{
	if (s->written == 1)
		snprintf(q, 400, "'%s' is open for writing", s->example);
	else
		snprintf(q, 400,
			"%llu files are open for writing (such as "
			"'%s')",
			(unsigned long long)s->written, s->example);
	return q;
}

static int
begin(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	char q[400];

	s->begun = true;
	s->taken = s->file && !s->grow;
	s->bytes = s->taken ? s->file->size : 0;
	s->left = s->max_records > 0 && !s->again ? (uint64_t)s->max_records
						  : UINT64_MAX;
	if (s->again || s->grow || (s->looked && !lasts(s)))
		return 0;
	if (files_look(s->files, st->err) != 0)
		return -1;
	if (!s->looked && s->written > 0)
		stage_warn(st, "%s: %s", writers(s, q),
			lasts(s) ? "read when that ends"
				 : "left for the next run");
	s->looked = true;
	stage_ready(st);
	return 0;
}

/* What pull returns when it stops. */
static int
done(struct stream_files *s, int how)
{
	s->begun = false;
	if (how == PULL_BATCH && s->again) {
		s->again = false;
		positions_logged(s->files);
	}
	return how;
}

static char *
quoted(const struct stream_files *s, char q[300])
{
	return err_quote(q, 300, s->file->path, strlen(s->file->path));
}

static int
vanished(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	char q[300];

	if (s->again)
		return err_set(st->err,
			"cannot run a batch again: '%s' is "
			"gone",
			quoted(s, q));
	s->vanished++;
	stage_warn(st, "'%s' has vanished before it was read to its end",
		quoted(s, q));
	return 0;
}

/* What is there now of a file that has been read to its end. */
static void
look_back(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	struct stat sb;
	char q[300];

	if (s->r.fd < 0 || s->again || fstat(s->r.fd, &sb) != 0 ||
		!S_ISREG(sb.st_mode))
		return;
	if (sb.st_size > lseek(s->r.fd, 0, SEEK_CUR) ||
		identity_writers(s->r.fd) == IDENTITY_WRITTEN) {
		stage_warn(st,
			"'%s' is open for writing, and has been read as "
			"far as it went",
			quoted(s, q));
		return;
	}
	s->file->mtime_ns = (int64_t)sb.st_mtim.tv_sec * 1000000000 +
		sb.st_mtim.tv_nsec;
}

/*
 * A quoted cell of CSV may be open at the end of a file.  One that holds none of
 * the characters that are used as quotes has no such cell.
 */
static void
look_for_quotes(struct stream_files *s, size_t n)
{
	const char *p = s->r.lines.b.p + s->r.lines.b.n - n;

	for (const char *c = "\"'|^~$"; *c != '\0' && !s->quotes; c++)
		s->quotes = memchr(p, *c, n) != NULL;
}

/* What was read of the file has been handed on; nothing of it will follow. */
static void
close_file(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);

	if (s->quotes)
		stage_file_end(st);
	reader_close(&s->r);
}

static void
finish_file(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);

	look_back(st);
	close_file(st);
	files_done(s->files, s->file, s->batch);
	s->file = NULL;
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
successor(const struct stream_files *s, uint64_t inode, int64_t birth_ns)
{
	return reader_between(s->file->path, inode, birth_ns);
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
made_anew(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	char q[300];

	if (s->again)
		return err_set(st->err,
			"cannot run a batch again: '%s' has "
			"been made anew or written over",
			quoted(s, q));
	stage_warn(st,
		"'%s' has been made anew or written over since it was "
		"read: reading it from the start",
		quoted(s, q));
	stage_file_end(st);
	return 0;
}

/* Is the file that has been opened at its old place still the same? */
static bool
goes_on(const struct stream_files *s)
{
	const struct file *f = s->file;

	if (f->start == 0)
		return true;
	return !(s->grow && identity_born_anew(&f->id, s->r.fd)) &&
		reader_is(&s->r, &f->id, f->start, f->cut);
}

/* Open a file at its place, or from its start where it is another one. */
static int
open_at(struct stage *st, const char *path)
{
	struct stream_files *s = STAGE(st, stream_files);
	struct file *f = s->file;
	uint64_t next;
	int rc = reader_open(&s->r, path, f->start, f->cut, st->err);

	if (rc <= 0 || goes_on(s))
		return rc;
	reader_close(&s->r);
	if (made_anew(st) != 0)
		return -1;
	next = s->grow ? successor(s, 0, f->id.birth_ns) : 0;
	start_again(f, next);
	path = next != 0 ? reader_find(f->path, next) : NULL;
	rc = reader_open(&s->r, path ? path : f->path, 0, false, st->err);
	free((char *)path);
	return rc;
}

/* Open the file that grows: it may have another name by now.  1, 0 when it is
 * not there, -1. */
static int
open_inode(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	struct file *f = s->file;
	char *path = whereabouts(f), q[300];
	int rc;

	if (!path) {
		if (vanished(st) != 0)
			return -1;
		stage_file_end(st);
		start_again(f, successor(s, f->inode, f->id.birth_ns));
		path = whereabouts(f);
	}
	rc = path ? open_at(st, path) : 0;
	free(path);
	if (rc <= 0) {
		if (rc == 0 && !s->missed)
			stage_warn(st, "'%s' is not there%s", quoted(s, q),
				ends(s) ? "" : ": waiting for it");
		s->missed = true;
		return rc;
	}
	/* It is looked for under its own name from now on. */
	free(s->r.path);
	s->r.path = mem_dup(f->path, strlen(f->path));
	s->r.lines.name = s->r.path;
	s->r.grows = true;
	s->missed = false;
	s->replaced_us = 0;
	f->inode = s->r.inode;
	return 1;
}

/* Open s->file.  1, 0 when there is nothing (more) of it, -1. */
static int
open_file(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	struct file *f = s->file;
	int rc;

	if (s->grow)
		rc = open_inode(st);
	else
		rc = open_at(st, f->path);
	if (rc <= 0) {
		if (rc == 0 && !s->grow) {
			rc = vanished(st);
			finish_file(st);
		}
		return rc;
	}
	/* What was read before is not known. */
	s->quotes = f->start > 0;
	if (s->partitions)
		partition_columns(files_below(s->files, f->path), &s->columns);
	if (f->end_inode == f->inode)
		s->r.stop = f->end;
	return 1;
}

/* Has the batch as many files as it may have? */
static bool
full(const struct stream_files *s)
{
	if (s->again || s->taken == 0)
		return false;
	return (s->max_files > 0 && s->taken >= s->max_files) ||
		(s->max_bytes > 0 &&
			s->bytes + files_next(s->files)->size > s->max_bytes);
}

/* The next file of the queue.  Returns whatever pull is to do then: GO_ON, or
 * below 0 what it is to return (END_WITH). */
#define GO_ON 0
#define END_WITH(how) (-2 - (how))

static int
next_file(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);

	if (s->grow) {
		int rc = open_file(st);

		if (rc != 0)
			return rc < 0 ? END_WITH(-1) : GO_ON;
		return END_WITH(done(s, ends(s) ? PULL_END : PULL_WAIT));
	}
	if (!files_next(s->files))
		return END_WITH(done(s,
			s->again           ? PULL_BATCH
				: lasts(s) ? PULL_WAIT
					   : PULL_END));
	if (full(s))
		return END_WITH(done(s, PULL_BATCH));
	s->taken++;
	s->file = files_take(s->files);
	s->bytes += s->file->size;
	return open_file(st) < 0 ? END_WITH(-1) : GO_ON;
}

/* What was read of the file that grows has been cut off or written over. */
static int
truncated(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	char q[300];

	stage_warn(st, "'%s' has been truncated: reading it from the start",
		quoted(s, q));
	if (lines_refuse(&s->r.lines, st, "has been cut off by a truncation") !=
		0)
		return END_WITH(-1);
	close_file(st);
	start_again(s->file, 0);
	return s->again ? END_WITH(err_set(st->err,
				  "cannot run a batch again: "
				  "'%s' has been truncated",
				  quoted(s, q)))
			: 0;
}

/* Its name belongs to another file now.  Whoever writes it may not know yet:
 * logs are renamed first and opened anew some seconds later. */
static bool
is_left_open(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	int64_t now = time_monotonic(), patience;
	char q[300];
	int is = identity_writers(s->r.fd);
	struct stat sb;

	if (s->again || is == IDENTITY_AT_REST)
		return false;
	patience = is == IDENTITY_WRITTEN ? LEFT_OPEN_US : UNKNOWN_OPEN_US;
	if (ends(s) && fstat(s->r.fd, &sb) == 0)
		return time_now() - (int64_t)sb.st_ctim.tv_sec * TIME_SECOND <
			patience;
	if (s->replaced_us == 0)
		s->replaced_us = now;
	if (now - s->replaced_us < patience)
		return true;
	if (is == IDENTITY_WRITTEN)
		stage_warn(st,
			"'%s' is another file now, but the one before is "
			"still open for writing: what comes there is not read",
			quoted(s, q));
	return false;
}

/*
 * The file that grows has been read to its end, as far as it goes now.  Returns
 * as next_file.
 */
static int
end_of_growing(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	struct file *f = s->file;
	uint64_t inode = 0, next;
	int rc = reader_look(&s->r, &inode, st->err);

	/* In the batch that is run again another file followed this one. */
	if (s->again && f->end_inode != s->r.inode)
		rc = READER_REPLACED;
	if (rc < 0)
		return END_WITH(-1);
	if (rc == READER_CUT)
		return truncated(st);
	if (rc != READER_REPLACED || is_left_open(st))
		return END_WITH(done(s, ends(s) ? PULL_END : PULL_WAIT));
	next = successor(s, s->r.inode, identity_birth(s->r.fd));
	s->r.ended = true;
	start_again(f, next != 0 ? next : s->again ? f->end_inode : inode);
	lines_finish(&s->r.lines);
	return 0;
}

/* The place that was to be reached is. */
static int
stopped(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);

	s->r.stop = UINT64_MAX;
	s->file->end = UINT64_MAX;
	s->file->end_inode = 0;
	return END_WITH(done(s, PULL_BATCH));
}

/* Compressed data that are no such: the end, unless that is to be skipped.  What
 * was good goes on, the line in which that ends does not. */
static int
damaged(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	struct record none = {.line = ""};

	if (!s->skip_damaged)
		return -1;
	if (stage_reject(st, &none, "%s: the rest of it is left out",
		    st->err->text) != 0)
		return -1;
	return lines_refuse(&s->r.lines, st, "is cut off by the damage");
}

/* Read on in the file that is open.  Returns as next_file. */
static int
fill(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	size_t left;
	char q[300];

	if (s->r.ended) {
		if (s->grow)
			close_file(st);
		else
			finish_file(st);
		return 0;
	}
	left = lines_left(&s->r.lines);
	if (ends(s) && s->grow && !s->again && s->r.stop == UINT64_MAX &&
		s->r.inode == s->limit_inode)
		s->r.stop = s->limit;
	switch (reader_fill(&s->r, st->err)) {
	case READER_SOME:
		s->replaced_us = 0;
		look_for_quotes(s, lines_left(&s->r.lines) - left);
		return 0;
	case READER_WAIT:
		return END_WITH(done(s, PULL_WAIT));
	case READER_STOP:
		/* What follows is not looked at, so it must have been known. */
		if (s->again && lines_stop(&s->r.lines))
			return 0;
		return s->again ? stopped(st) : END_WITH(done(s, PULL_END));
	case READER_CHANGED:
		return truncated(st);
	case READER_DAMAGED:
		if (damaged(st) != 0)
			return END_WITH(-1);
		break;
	case READER_GONE:
		if (vanished(st) != 0)
			return END_WITH(-1);
		break;
	case READER_END:
		if (s->r.stop != UINT64_MAX && s->again)
			return END_WITH(err_set(st->err,
				"cannot run a batch "
				"again: '%s' is shorter than it was",
				quoted(s, q)));
		if (s->grow)
			return end_of_growing(st);
		break;
	default:
		return END_WITH(-1);
	}
	s->r.ended = true;
	lines_finish(&s->r.lines);
	return 0;
}

/* The whole lines that are there, with the columns. */
static int
emit_partition(struct stage *st, uint64_t *limit)
{
	struct stream_files *s = STAGE(st, stream_files);
	struct record r = {0};
	const char *line;
	char q[300];
	size_t n;
	int rc = 1;

	buf_clear(&s->text);
	while ((!limit || *limit > 0) &&
		(rc = lines_next(&s->r.lines, st, &line, &n)) > 0) {
		if (limit)
			--*limit;
		if (partition_line(line, n, &s->columns, &s->text) == 0)
			continue;
		r.line = line;
		r.nline = (uint32_t)n;
		if (stage_reject(st, &r,
			    "'%s': the line before byte %llu is no "
			    "JSON object: --partitions has nowhere to add its "
			    "fields",
			    quoted(s, q),
			    (unsigned long long)s->r.lines.offset) != 0)
			return -1;
	}
	if (rc < 0 || s->text.n == 0)
		return rc < 0 ? rc : 0;
	buf_need(&s->text, JSON_PADDING);
	return stage_emit_lines(st, s->text.p, s->text.n);
}

static int
emit(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	uint64_t *limit = s->left == UINT64_MAX ? NULL : &s->left;

	if (s->columns.n > 0)
		return emit_partition(st, limit);
	return lines_emit(&s->r.lines, st, limit);
}

/* One step at a time, so that a line that never ends can be interrupted. */
static int
pull(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	int rc;

	if (!s->begun && begin(st) != 0)
		return -1;
	if (s->r.fd < 0) {
		rc = next_file(st);
	} else if (lines_whole(&s->r.lines)) {
		if (s->left == 0 && !(s->grow && s->r.ended))
			return done(s, PULL_BATCH);
		if (s->left == 0)
			s->left = 1; /* its last line, which had no end */
		rc = emit(st);
		if (st->now.number > s->batch)
			s->batch = st->now.number;
		return rc;
	} else {
		/* Refuses a line that is too long already. */
		if (lines_emit(&s->r.lines, st, NULL) != 0)
			return -1;
		rc = fill(st);
	}
	return rc < 0 ? END_WITH(rc) : PULL_MORE;
}

static int
wait_files(struct stage *st, struct pollfd *fds, int max, int64_t *deadline)
{
	struct stream_files *s = STAGE(st, stream_files);
	char block[4096] __attribute__((aligned(8)));
	int64_t pause = INT64_MAX;
	int n = 0;

	if (s->r.fd >= 0 && s->r.waits)
		fds[n++] = (struct pollfd){.fd = s->r.fd, .events = POLLIN};
	if (s->grow) {
		pause = FOLLOW_US;
		while (s->notify >= 0 &&
			read(s->notify, block, sizeof(block)) > 0)
			;
		fds[n++] = (struct pollfd){.fd = s->notify, .events = POLLIN};
	} else if (s->r.fd < 0 && lasts(s)) {
		pause = files_pause(s->files);
		fds[n++] = (struct pollfd){
			.fd = files_fd(s->files), .events = POLLIN};
	}
	if (pause != INT64_MAX)
		*deadline = time_now() + pause;
	return n;
}

static int
mark(struct stage *st, struct buf *out)
{
	struct stream_files *s = STAGE(st, stream_files);

	/* One that has grown and ended is followed by another already. */
	if (s->file && s->r.fd >= 0 && !(s->grow && s->r.ended)) {
		s->file->start = s->r.lines.offset;
		s->file->cut = s->r.lines.skip;
		reader_identify(&s->r, s->file->start, &s->file->id);
	}
	return positions_mark(
		&s->positions, s->files, s->file, st->now.number, out, st->err);
}

static int
seek(struct stage *st, const char *from, const char *to)
{
	struct stream_files *s = STAGE(st, stream_files);

	if (!from && !to)
		return 0;
	/* Where a batch that was run again has ended: here already. */
	if (from && !to && s->goal && !s->again && strcmp(from, s->goal) == 0)
		return 0;
	free(s->goal);
	s->goal = to ? mem_dup(to, strlen(to)) : NULL;
	s->again = to != NULL;
	reader_close(&s->r);
	if (!s->grow) {
		files_table_drop(s->file);
		s->file = NULL;
	}
	if (positions_seek(&s->positions, s->files, from, to, st->err) != 0)
		return -1;
	if (s->grow && files_next(s->files)) {
		files_table_drop(s->file);
		s->file = files_take(s->files);
	}
	return 0;
}

/* Under a name that nothing has: with a number if need be. */
static int
move(const char *path, struct buf *to)
{
	size_t n = to->n;
	int rc = -1;

	for (int i = 0; rc != 0 && i < NUMBERS; i++) {
		to->n = n;
		if (i > 0)
			buf_printf(to, ".%d", i);
		rc = renameat2(AT_FDCWD, path, AT_FDCWD, buf_cstr(to),
			RENAME_NOREPLACE);
		if (rc != 0 && errno == EINVAL) /* the file system cannot */
			rc = access(to->p, F_OK) == 0 ? -1
						      : rename(path, to->p);
		else if (rc != 0 && errno != EEXIST)
			break;
	}
	return rc;
}

/* Move a file to its place in the archive. */
static int
archive(struct stream_files *s, const char *path)
{
	const char *below = files_under(s->files, path);
	struct buf to;
	char *p;
	int rc = 0;

	buf_init(&to);
	buf_printf(&to, "%s/%s", s->archive,
		below ? below : strrchr(path, '/') + 1);
	p = buf_cstr(&to) + strlen(s->archive) + 1;
	for (; rc == 0 && (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		rc = mkdir(to.p, 0777) != 0 && errno != EEXIST ? -1 : 0;
		*p = '/';
	}
	if (rc == 0)
		rc = move(path, &to);
	buf_release(&to);
	return rc;
}

/* --clean.  Best effort: what cannot be done is told, and done with. */
static int
committed(struct stage *st, int64_t number)
{
	struct stream_files *s = STAGE(st, stream_files);
	struct file *f;
	struct stat sb;
	int rc;

	while ((f = files_settled(s->files, number)) != NULL) {
		if (stat(f->path, &sb) != 0 ||
			f->mtime_ns !=
				(int64_t)sb.st_mtim.tv_sec * 1000000000 +
					sb.st_mtim.tv_nsec ||
			identity_writers_of(f->path) == IDENTITY_WRITTEN)
			continue;
		rc = s->archive ? archive(s, f->path) : unlink(f->path);
		if (rc != 0 && errno != ENOENT)
			stage_warn(st, "cannot %s '%s': %s",
				s->archive ? "archive" : "delete", f->path,
				strerror(errno));
	}
	return 0;
}

static void
close_files(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	size_t old;

	if (s->changed > TOLD)
		stage_warn(st,
			"%llu files have been changed since they were "
			"read",
			(unsigned long long)s->changed);
	if (s->files != NULL && (old = files_count_old(s->files)) > 0)
		stage_warn(st,
			"%zu file%s ignored: more than --max-file-age "
			"older than the newest one read",
			old, old == 1 ? " is" : "s are");
	if (s->vanished > 0)
		stage_warn(st, "%llu file%s vanished before being read",
			(unsigned long long)s->vanished,
			s->vanished == 1 ? "" : "s");
	reader_release(&s->r);
	buf_release(&s->columns);
	buf_release(&s->text);
	files_table_drop(s->file);
	files_free(s->files);
	if (s->notify >= 0)
		close(s->notify);
	free(s->archive);
	free(s->example);
	free(s->goal);
	positions_close(&s->positions);
}

static const struct source stream_files_source = {
	.pull = pull,
	.wait = wait_files,
	.mark = mark,
	.seek = seek,
	.committed = committed,
};

const struct op op_stream_files = {
	.name = "stream-files",
	.about = "hand on the lines of files, as they are and as they come",
	.synopsis = "[--follow] [--max-files N] [--max-records N] PATH ...",
	.opts = options,
	.size = sizeof(struct stream_files),
	.flags = OP_OPERANDS,
	.defaults = defaults,
	.open = open_files,
	.plan = plan,
	.source = &stream_files_source,
	.close = close_files,
};
