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
 *
 * It is long by its options, and what they bound together: which files there
 * are is known to files, how one is read to infile, what is done with them to
 * clean.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "value/json.h"
#include "value/record.h"
#include "io/file.h"
#include "runtime/stage.h"
#include "sources/clean.h"
#include "sources/files/files.h"
#include "sources/infile.h"
#include "sources/news.h"
#include "sources/partition.h"
#include "sources/positions.h"

#define DAY_US (24 * 3600 * TIME_SECOND)
#define FOLLOW_US (TIME_SECOND / 4) /* look again when inotify says nothing */

enum file_order { ORDER_TIME, ORDER_NAME };

struct stream_files {
	int64_t max_files, max_bytes, max_records, max_age_us;
	int order; /* of enum file_order */
	bool latest_first, follow, partitions, by_name;

	enum trigger_kind trigger;
	struct files *files;
	struct infile in; /* the one that is read */
	struct clean clean;
	struct news news;
	bool begun;          /* a batch, or what stands for one */
	int64_t batch;       /* the last one with a line */
	int64_t taken;       /* files of this batch */
	int64_t bytes;       /* and what they hold */
	uint64_t read_bytes; /* files that are done, for progress */
	uint64_t left;       /* lines that it may still have */
	struct buf columns;  /* --partitions: members that the path tells */
	struct buf text;     /* lines with them */
	struct positions positions;
	char *goal; /* position at which the last such batch ended */
};

static const struct opt stream_files_opts[] = {
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
	{"clean", 0, OPT_STRING, offsetof(struct stream_files, clean.how),
		"off|delete|archive=DIR",
		"what to do with files that every sink has committed"},
	OPT_END};

static void
stream_files_defaults(void *self)
{
	struct stream_files *s = self;

	s->max_age_us = 7 * DAY_US;
	infile_init(&s->in);
	s->batch = -1;
	positions_init(&s->positions);
}

static int
stream_files_open(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);

	reader_init(&s->in.r);
	buf_init(&s->columns);
	buf_init(&s->text);
	s->in.skip_damaged = st->on_error == ON_ERROR_SKIP;
	if (st->on_error < 0) /* one bad line does not end a source */
		st->on_error = ON_ERROR_SKIP;
	if (st->noperands == 0)
		return err_as(st->err, STATUS_USAGE,
			"nothing to read: name a "
			"directory, a glob in quotes, files, or - for "
			"standard input");
	return clean_check(&s->clean, st->err);
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
		if (clean_reads_from(st->operands[i], dir))
			rc = err_as(st->err, STATUS_USAGE,
				"'%s' is read, and "
				"written by sink-files: name another directory",
				sink->operands[0]);
	free(dir);
	return rc;
}

/* --follow takes one file, or what new files come to. */
static int
check_follow(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	struct stat sb;

	for (size_t i = 0; s->follow && i < st->noperands; i++) {
		const char *path = st->operands[i];
		int rc = stat(path, &sb);

		if (rc < 0 ? errno == ENOENT && clean_is_glob(path)
			   : S_ISDIR(sb.st_mode))
			continue;
		if (st->noperands > 1 || strcmp(path, "-") == 0)
			return err_as(st->err, STATUS_USAGE,
				"--follow takes one file, or directories and "
				"globs");
		s->in.grow = true;
	}
	return 0;
}

/* What cannot work is refused before anything is opened. */
static int
check_plan(struct stage *st, const struct plan *p)
{
	struct stream_files *s = STAGE(st, stream_files);
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
	if (s->clean.how && !p->checkpoint)
		return err_as(st->err, STATUS_USAGE,
			"--clean needs "
			"--checkpoint: without it nobody knows what the sinks "
			"have made durable");
	for (i = 0; p->checkpoint && i < st->noperands; i++)
		if (file_once(st->operands[i]))
			return err_as(st->err, STATUS_USAGE,
				"'%s' cannot be "
				"read again after a crash: with --checkpoint "
				"name files or directories",
				st->operands[i]);
	return check_follow(st) < 0 ||
			clean_check_operands(&s->clean, st->operands,
				st->noperands, st->err) < 0
		? -1
		: check_sink(st);
}

/* How to look for files. */
static struct files_how
how_to_look(struct stage *st, const struct plan *p)
{
	struct stream_files *s = STAGE(st, stream_files);
	bool bounded = s->max_files > 0 || s->max_bytes > 0;
	struct files_how how = {.watch = !s->in.grow &&
			(p->trigger == TRIGGER_INTERVAL ||
				(s->follow && p->trigger == TRIGGER_NONE)),
		.latest_first = s->latest_first,
		.settle = s->clean.how != NULL,
		.partitions = s->partitions,
		.by_name = s->by_name,
		.by_inode = s->follow && !s->in.grow,
		.name_order = s->order == ORDER_NAME,
		.patient_plain = p->checkpoint != NULL,
		.max_age_us = (s->latest_first && bounded) ||
				s->order == ORDER_NAME
			? 0
			: s->max_age_us,
		.tell = news_tell,
		.arg = &s->news};

	how.patient = how.watch || how.patient_plain;
	stage_output_file(st, &how.output_device, &how.output_inode);
	return how;
}

static int
stream_files_plan(struct stage *st, struct plan *p)
{
	struct stream_files *s = STAGE(st, stream_files);
	struct files_how how;
	size_t i;

	s->trigger = p->trigger;
	s->in.ends = p->trigger == TRIGGER_AVAILABLE ||
		p->trigger == TRIGGER_ONCE;
	st->hear = s->clean.how != NULL;
	if (check_plan(st, p) < 0)
		return -1;
	if (p->explain)
		return 0;
	how = how_to_look(st, p);
	s->news.st = st;
	s->files = files_new(&how);
	if (p->checkpoint &&
		positions_open(
			&s->positions, p->checkpoint, p->stage, st->err) < 0)
		return -1;
	if (clean_open(&s->clean, st->err) < 0)
		return -1;
	if (s->in.grow)
		return infile_follow(&s->in, st, st->operands[0]);
	for (i = 0; i < st->noperands; i++)
		if (files_add(s->files, st->operands[i], st->err) < 0)
			return -1;
	return 0;
}

/* Does the source go on when all that is there has been read? */
static bool
lasts(const struct stream_files *s)
{
	return !s->in.ends &&
		(s->in.grow ||
			(files_grow(s->files) &&
				(s->follow || s->trigger == TRIGGER_INTERVAL)));
}

static int
begin_batch(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);

	s->begun = true;
	s->taken = s->in.file && !s->in.grow;
	s->bytes = s->taken ? s->in.file->size : 0;
	s->left = s->max_records > 0 && !s->in.again ? (uint64_t)s->max_records
						     : UINT64_MAX;
	if (s->in.again || s->in.grow || (s->news.looked && !lasts(s)))
		return 0;
	if (files_look(s->files, st->err) < 0)
		return -1;
	news_looked(&s->news, lasts(s));
	stage_ready(st);
	return 0;
}

/* Has the batch as many files as it may have? */
static bool
batch_is_full(const struct stream_files *s)
{
	if (s->in.again || s->taken == 0)
		return false;
	return (s->max_files > 0 && s->taken >= s->max_files) ||
		(s->max_bytes > 0 &&
			s->bytes + files_next(s->files)->size > s->max_bytes);
}

static void
finish_file(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);

	s->read_bytes += (uint64_t)s->in.file->size;
	files_done(s->files, infile_finish(&s->in, st), s->batch);
}

/* Open the file that is to be read; one that is gone is done. */
static int
open_file(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	int rc = infile_open(&s->in, st);

	if (rc > 0 && s->partitions)
		partition_columns(
			files_below(s->files, s->in.file->path), &s->columns);
	if (rc == 0 && !s->in.grow)
		finish_file(st);
	return rc;
}

/* The next file of the queue.  Returns as pull. */
static int
next_file(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	int rc;

	if (s->in.grow) {
		rc = open_file(st);
		return rc < 0        ? -1
			: rc > 0     ? PULL_MORE
			: s->in.ends ? PULL_END
				     : PULL_WAIT;
	}
	if (!files_next(s->files))
		return s->in.again ? PULL_BATCH
			: lasts(s) ? PULL_WAIT
				   : PULL_END;
	if (batch_is_full(s))
		return PULL_BATCH;
	s->taken++;
	s->in.file = files_take(s->files);
	s->bytes += s->in.file->size;
	return open_file(st) < 0 ? -1 : PULL_MORE;
}

static int
emit_lines(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	uint64_t *limit = s->left == UINT64_MAX ? NULL : &s->left;

	if (s->columns.n > 0)
		return partition_emit(
			&s->in.r.lines, st, &s->columns, &s->text, limit);
	return lines_emit(&s->in.r.lines, st, limit);
}

/* Read on.  Returns as pull. */
static int
read_on(struct stage *st)
{
	/* Refuses a line that is too long already. */
	if (lines_emit(&STAGE(st, stream_files)->in.r.lines, st, NULL) < 0)
		return -1;
	switch (infile_fill(&STAGE(st, stream_files)->in, st)) {
	case INFILE_MORE:
		return PULL_MORE;
	case INFILE_WAIT:
		return PULL_WAIT;
	case INFILE_STOP:
		return PULL_BATCH;
	case INFILE_END:
		return PULL_END;
	case INFILE_DONE:
		finish_file(st);
		return PULL_MORE;
	default:
		return -1;
	}
}

/* Hand on the lines that are there.  Returns as pull. */
static int
hand_on(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	int rc;

	if (s->left == 0 && !(s->in.grow && s->in.r.ended))
		return PULL_BATCH;
	if (s->left == 0)
		s->left = 1; /* its last line, which had no end */
	rc = emit_lines(st);
	if (st->now.number > s->batch)
		s->batch = st->now.number;
	return rc < 0 ? -1 : PULL_MORE;
}

/* One step at a time, so that a line that never ends can be interrupted. */
static int
stream_files_pull(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);
	int rc;

	if (!s->begun && begin_batch(st) < 0)
		return -1;
	rc = s->in.r.fd < 0                   ? next_file(st)
		: lines_whole(&s->in.r.lines) ? hand_on(st)
					      : read_on(st);
	if (rc < 0 || rc == PULL_MORE)
		return rc;
	s->begun = false;
	if (rc == PULL_BATCH && s->in.again) {
		s->in.again = false;
		positions_logged(s->files);
	}
	return rc;
}

static int
stream_files_wait(
	struct stage *st, struct pollfd *fds, int max, int64_t *deadline)
{
	struct stream_files *s = STAGE(st, stream_files);
	int64_t pause = INT64_MAX;
	int n = 0;

	if (s->in.r.fd >= 0 && s->in.r.waits)
		fds[n++] = (struct pollfd){.fd = s->in.r.fd, .events = POLLIN};
	if (s->in.grow) {
		pause = FOLLOW_US;
		fds[n++] = (struct pollfd){
			.fd = infile_notify(&s->in), .events = POLLIN};
	} else if (s->in.r.fd < 0 && lasts(s)) {
		pause = files_pause(s->files);
		fds[n++] = (struct pollfd){
			.fd = files_fd(s->files), .events = POLLIN};
	}
	if (pause != INT64_MAX)
		*deadline = time_now() + pause;
	return n;
}

static int
stream_files_mark(struct stage *st, struct buf *out)
{
	struct stream_files *s = STAGE(st, stream_files);

	infile_mark(&s->in);
	return positions_mark(&s->positions, s->files, s->in.file,
		st->now.number, out, st->err);
}

static int
stream_files_seek(struct stage *st, const char *from, const char *to)
{
	struct stream_files *s = STAGE(st, stream_files);

	if (!from && !to)
		return 0;
	/* Where a batch that was run again has ended: here already. */
	if (from && !to && s->goal && !s->in.again &&
		strcmp(from, s->goal) == 0)
		return 0;
	free(s->goal);
	s->goal = to ? mem_dup(to, strlen(to)) : NULL;
	s->in.again = to != NULL;
	reader_close(&s->in.r);
	if (!s->in.grow) {
		files_table_drop(s->in.file);
		s->in.file = NULL;
	}
	if (positions_seek(&s->positions, s->files, from, to, st->err) < 0)
		return -1;
	if (s->in.grow && files_next(s->files)) {
		files_table_drop(s->in.file);
		s->in.file = files_take(s->files);
	}
	return 0;
}

static int
stream_files_committed(struct stage *st, int64_t number)
{
	struct stream_files *s = STAGE(st, stream_files);

	clean_settled(&s->clean, st, s->files, number);
	return 0;
}

static void
stream_files_close(struct stage *st)
{
	struct stream_files *s = STAGE(st, stream_files);

	news_end(&s->news, s->files);
	if (s->in.vanished > 0)
		stage_warn(st, "%llu file%s vanished before being read",
			(unsigned long long)s->in.vanished,
			s->in.vanished == 1 ? "" : "s");
	infile_release(&s->in);
	clean_release(&s->clean);
	buf_release(&s->columns);
	buf_release(&s->text);
	files_free(s->files);
	free(s->goal);
	positions_close(&s->positions);
}

static bool
stream_files_reach(struct stage *st, uint64_t *done, uint64_t *all)
{
	struct stream_files *s = STAGE(st, stream_files);
	const struct file *now = s->in.file;
	uint64_t size = now != NULL ? (uint64_t)now->size : 0;

	if (s->files == NULL || lasts(s) || s->in.grow)
		return false;
	*done = s->read_bytes + infile_place(&s->in);
	*all = s->read_bytes + size + files_waiting(s->files);
	return true;
}

static const struct source stream_files_source = {
	.pull = stream_files_pull,
	.wait = stream_files_wait,
	.mark = stream_files_mark,
	.seek = stream_files_seek,
	.committed = stream_files_committed,
	.reach = stream_files_reach,
};

const struct op op_stream_files = {
	.name = "stream-files",
	.about = "hand on the lines of files, as they are and as they come",
	.synopsis = "[--follow] [--max-files N] [--max-records N] PATH ...",
	.opts = stream_files_opts,
	.size = sizeof(struct stream_files),
	.flags = OP_OPERANDS,
	.defaults = stream_files_defaults,
	.open = stream_files_open,
	.plan = stream_files_plan,
	.source = &stream_files_source,
	.close = stream_files_close,
};
