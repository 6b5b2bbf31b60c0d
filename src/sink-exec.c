/*
 * sink-exec: run a command for each batch, with the batch's records as its
 * input.
 *
 * Time: none is used.
 * Watermark: ends here; the command finds it in its environment.
 * State: none of its own.
 * Restart: a batch whose command had not succeeded is run again, with the same
 * number.
 */
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "floor/buf.h"
#include "time/time.h"
#include "io/child.h"
#include "io/file.h"
#include "io/tempfile.h"
#include "runtime/batchenv.h"
#include "runtime/stage.h"

#define GATHER ((size_t)64 << 10)
#define IN_MEMORY ((size_t)16 << 20) /* a larger batch goes to a file */
#define PAUSE_US (TIME_SECOND / 10)  /* before it is tried again, at first */
#define PAUSE_MOST_US (60 * TIME_SECOND)

struct sink_exec {
	/* options */
	struct list ok;
	int64_t retry, timeout_us;
	bool empty;
	/* state */
	struct child child;
	struct buf text; /* records that are not in the file yet */
	struct buf tmp;
	int file; /* of the batch; -1: none yet */
	bool on_disk;
	size_t bytes; /* in it */
	uint64_t records;
};

#define AT(member) offsetof(struct sink_exec, member)

static const struct opt sink_exec_opts[] = {
	{"empty", 0, OPT_FLAG, AT(empty), NULL,
		"run it for batches without records, too"},
	{"ok", 0, OPT_LIST, AT(ok), "STATUS,...",
		"exit statuses of the command that are fine (0)"},
	{"retry", 0, OPT_INT, AT(retry), "N",
		"when it fails, run it again, up to N times (0)",
		.most = 1000000},
	{"timeout", 0, OPT_DURATION, AT(timeout_us), "D",
		"kill a command that runs longer; it has failed", .least = 1},
	OPT_END};

static void
sink_exec_defaults(void *self)
{
	struct sink_exec *s = self;

	s->file = -1;
}

static int
sink_exec_open(struct stage *st)
{
	struct sink_exec *s = STAGE(st, sink_exec);
	int64_t status;

	child_init(&s->child, stage_max_line(st));
	buf_init(&s->text);
	buf_init(&s->tmp);
	if (st->noperands == 0)
		return err_as(st->err, STATUS_USAGE,
			"which command? sink-exec "
			"-- COMMAND [ARGUMENT ...]");
	for (size_t i = 0; i < s->ok.n; i++)
		if (opt_number(s->ok.s[i], &status) < 0 || status > 255)
			return err_as(st->err, STATUS_USAGE,
				"--ok: '%s' is no exit status: these are 0 to "
				"255",
				s->ok.s[i]);
	return 0;
}

/* ---- the records of a batch, in a file ---- */

static int
on_disk(struct err *err)
{
	int fd = tempfile_open(tempfile_dir());

	return fd < 0
		? err_sys(err, "cannot keep the batch in '%s'", tempfile_dir())
		: fd;
}

static int
keep(int fd, const char *p, size_t n, struct err *err)
{
	return file_put(fd, p, n) < 0 ? err_sys(err, "cannot keep the batch")
				      : 0;
}

/* What is in memory, to the disk. */
static int
move(struct sink_exec *s, struct err *err)
{
	char block[GATHER];
	ssize_t n;
	off_t at = 0;
	int fd = on_disk(err), ret = fd < 0 ? -1 : 0;

	while (ret == 0 && (n = pread(s->file, block, sizeof(block), at)) > 0) {
		ret = keep(fd, block, (size_t)n, err);
		at += n;
	}
	if (ret < 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	close(s->file);
	s->file = fd;
	s->on_disk = true;
	return 0;
}

static int
gather(struct sink_exec *s, struct err *err)
{
	if (s->file < 0) {
		s->file = memfd_create("batch", MFD_CLOEXEC);
		s->on_disk = s->file < 0;
		if (s->on_disk && (s->file = on_disk(err)) < 0)
			return -1;
	}
	if (!s->on_disk && s->bytes + s->text.n > IN_MEMORY && move(s, err) < 0)
		return -1;
	if (keep(s->file, s->text.p, s->text.n, err) < 0)
		return -1;
	s->bytes += s->text.n;
	buf_clear(&s->text);
	return 0;
}

static void
forget(struct sink_exec *s)
{
	if (s->file >= 0)
		close(s->file);
	s->file = -1;
	s->bytes = s->records = 0;
	buf_clear(&s->text);
}

static int
sink_exec_record(struct stage *st, struct record *r)
{
	struct sink_exec *s = STAGE(st, sink_exec);
	const char *p;
	size_t n;

	p = record_text(r, &n, &s->tmp);
	buf_add(&s->text, p, n);
	buf_byte(&s->text, '\n');
	s->records++;
	return s->text.n < GATHER ? 0 : gather(s, st->err);
}

/* ---- the command ---- */

static bool
fine(const struct sink_exec *s, int status)
{
	for (size_t i = 0; i < s->ok.n; i++)
		if (strtol(s->ok.s[i], NULL, 10) == status)
			return true;
	return s->ok.n == 0 && status == 0;
}

static int
failed(struct stage *st, const struct batch *b, int status)
{
	const char *name = st->operands[0];

	err_set(st->err,
		status == CHILD_LATE
			? "'%s' ran longer than --timeout, and was killed"
			: status > 128 ? "'%s' was ended by signal %d"
				       : "'%s' ended with status %d",
		name, status > 128 ? status - 128 : status);
	return b->whole ? -1
			: err_in(st->err, "batch %lld", (long long)b->number);
}

/* Once: 0; 1, it has failed, and why; -1. */
static int
run_command(struct stage *st, const struct batch *b)
{
	struct sink_exec *s = STAGE(st, sink_exec);
	int64_t deadline = INT64_MAX;
	int status;

	if (s->timeout_us > 0)
		deadline = time_add(time_monotonic(), s->timeout_us);
	if (lseek(s->file, 0, SEEK_SET) < 0)
		return err_sys(st->err, "cannot read the batch");
	status = child_run(&s->child, st->operands, s->file, deadline, st->err);
	if (status < 0)
		return -1;
	if (fine(s, status))
		return 0;
	failed(st, b, status);
	return 1;
}

/* A pause that grows; false when the pipeline is to end. */
static bool
pause_before(int64_t try)
{
	int64_t us = try < 20 ? PAUSE_US <<
	try : PAUSE_MOST_US
		;
	int64_t until = time_monotonic() +
		(us < PAUSE_MOST_US ? us : PAUSE_MOST_US);

	while (!stage_stopping() && (us = until - time_monotonic()) > 0)
		poll(NULL, 0, us < TIME_SECOND ? (int)(us / 1000) + 1 : 1000);
	return !stage_stopping();
}

static int
sink_exec_commit(struct stage *st, const struct batch *b)
{
	struct sink_exec *s = STAGE(st, sink_exec);
	struct batch told = *b;
	int ret;

	if (s->records == 0 && !s->empty)
		return 0;
	if (gather(s, st->err) < 0)
		return -1;
	if (told.time_us == 0)
		told.time_us = time_now();
	batchenv_set(&s->child, st, &told);
	for (int64_t try = 0; (ret = run_command(st, b)) == 1; try++) {
		if (try == s->retry || !pause_before(try))
			return -1;
		stage_warn(st, "%s: trying again", st->err->text);
	}
	forget(s);
	return ret;
}

static void
sink_exec_close(struct stage *st)
{
	struct sink_exec *s = STAGE(st, sink_exec);

	forget(s);
	child_release(&s->child);
	buf_release(&s->text);
	buf_release(&s->tmp);
}

static const struct sink sink_exec_sink = {
	.commit = sink_exec_commit,
};
static const struct opt_slip sink_exec_slips[] = {
	{NULL,
		"the command, with its own options, stands behind --: sink-exec "
		"-- COMMAND [ARGUMENT ...]"},
	{NULL, NULL}};

const struct op op_sink_exec = {
	.name = "sink-exec",
	.about = "run a command for every batch, with its records as input",
	.synopsis = "[--retry N] [--timeout D] [--ok STATUS,...] [--empty] "
		    "-- COMMAND [ARGUMENT ...]",
	.opts = sink_exec_opts,
	.slips = sink_exec_slips,
	.size = sizeof(struct sink_exec),
	.flags = OP_TEXT | OP_OPERANDS | OP_HOLDS,
	.defaults = sink_exec_defaults,
	.open = sink_exec_open,
	.record = sink_exec_record,
	.sink = &sink_exec_sink,
	.close = sink_exec_close,
};
