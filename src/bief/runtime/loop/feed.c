/*
 * feed: a chain that is driven by its one input, standard input or the files
 * that a program was given.
 *
 * The first line decides: a header says that batches come, anything else that
 * the input is one whole.
 */
#include "runtime/loop/feed.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "time/time.h"
#include "value/value.h"
#include "io/stream/input.h"
#include "io/stream/output.h"
#include "io/stream/stream.h"
#include "runtime/chain.h"
#include "runtime/loop/control.h"
#include "runtime/loop/loop.h"
#include "runtime/plan/plan_chain.h"
#include "runtime/loop/signals.h"
#include "runtime/report/vitals.h"

struct feed {
	struct chain *c;
	struct stage *first;
	struct input in;
	struct control_place at;
	bool stream;  /* there was a header */
	bool failed;  /* a program in front has */
	bool over;    /* the input goes on, but we do not */
	size_t usual; /* bytes of lines to be given to the first stage */
	char **files; /* OP_FILES: those still to come, NULL ends them */
};

static int
feed_failed(struct feed *f, int status)
{
	f->failed = true;
	chain_quit(f->c, (enum status)status);
	return 0;
}

static int
feed_control(struct feed *f, const char *line, size_t n)
{
	struct control_event e;

	if (control_take(&f->at, line, n, &e, &f->c->err) < 0) {
		f->c->failed = f->first;
		return -1;
	}
	if (e.kind == EVENT_BEGIN)
		return chain_begin(f->first, &e.batch);
	if (e.kind == EVENT_END)
		return chain_end(f->first, &e.batch);
	if (e.kind == EVENT_FAILED)
		return feed_failed(f, e.status);
	if (e.kind == EVENT_FILE)
		chain_file_end(f->first);
	if (e.kind == EVENT_OTHER)
		chain_pass(f->c, line, n);
	return 0;
}

static int
feed_first(struct feed *f, const char *line, size_t n)
{
	struct plan p;
	struct value body;
	int ret;

	plan_init(&p);
	f->stream = line != NULL && stream_line(line, n) == STREAM_CONTROL;
	if (f->stream) {
		if (control_read(line, n, &body, &f->c->err) < 0 ||
			plan_parse(&p, &body, &f->c->err) < 0) {
			f->c->failed = f->first;
			return -1;
		}
	}
	ret = plan_chain(f->c, &p);
	plan_release(&p);
	return ret;
}

static int
feed_line(struct feed *f, const char *line, size_t n)
{
	enum stream_line kind = stream_line(line, n);
	int status;

	if (!f->c->planned) {
		if (kind == STREAM_CONTROL &&
			(status = control_failed(line, n)) != 0)
			return feed_failed(f, status);
		if (feed_first(f, line, n) < 0)
			return -1;
		if (f->stream)
			return 0;
	}
	if (kind == STREAM_CONTROL) {
		if (f->stream)
			return feed_control(f, line, n);
		f->c->failed = f->first;
		if (f->first->priv->common.trigger != NULL &&
			f->first->records_in == 0)
			return err_as(&f->c->err, STATUS_USAGE,
				"the stream has batches already: leave "
				"--trigger to its source");
		return err_set(&f->c->err,
			"line %llu is a control line, but "
			"the stream has no header: a program in front of this "
			"one has swallowed it (see thru)",
			(unsigned long long)f->first->records_in + 1);
	}
	if (f->stream && !f->at.open) {
		f->c->failed = f->first;
		return err_set(&f->c->err, "a record outside of any batch");
	}
	return kind == STREAM_DATA ? chain_give_line(f->first, line, n)
				   : chain_give_forged(f->first, line, n);
}

/*
 * Is this the end, although the input has none?  Who has had enough does not
 * ask for more.  SIGTERM ends a filter at the next line; where there are batches
 * at the end of one, if what is in front has not come to its own end by then.
 */
static bool
feed_over(struct feed *f)
{
	if (f->c->enough)
		f->over = true;
	else if (signals_terminated() && f->c->planned && !f->at.open)
		f->over = !f->stream || signals_term_past();
	return f->over;
}

/* How many of these bytes, whole lines, stand in front of the first control
 * line, if there is one. */
static size_t
feed_data(const char *p, size_t n)
{
	static const char control[] = "{\"#bief\":";
	const char *end = p + n, *from = p, *at;

	while ((at = memchr(from, '#', (size_t)(end - from))) != NULL) {
		from = at + 1;
		if (at - p < 2 || end - at < 7 ||
			memcmp(at - 2, control, STREAM_LEAST) != 0)
			continue;
		if (at - 2 == p || at[-3] == '\n')
			return (size_t)(at - 2 - p);
	}
	return n;
}

/* Have many lines worked on aside: 1 some were taken, 0 the next line is to be
 * given to the first stage, or -1. */
static int
feed_aside(struct feed *f)
{
	struct chain_aside *aside = &f->c->aside;
	const char *p;
	size_t n;
	int taken;

	if (aside->lines == NULL || !f->c->planned ||
		(f->stream && !f->at.open))
		return 0;
	n = input_lines(&f->in, &p);
	n = n > 0 ? feed_data(p, n) : 0;
	if (n == 0)
		return 0;
	taken = aside->lines(aside->arg, p, &n);
	if (taken > 0)
		input_used(&f->in, n);
	else if (taken == 0)
		f->usual = n;
	return taken;
}

/* The next line; 0: there is none. */
static int
feed_next(struct feed *f)
{
	const char *line;
	size_t n, start;
	enum line got;
	int rc;

	if (f->usual == 0 && (rc = feed_aside(f)) != 0)
		return rc;
	start = f->in.start;
	got = input_line(&f->in, &line, &n);
	if (got == LINE_NONE)
		return 0;
	f->usual -= f->in.start - start < f->usual ? f->in.start - start
						   : f->usual;
	if (chain_settle(f->c) < 0)
		return -1;
	rc = got == LINE_GOOD ? feed_line(f, line, n)
			      : chain_give_long(f->first, line, n);
	return rc < 0 ? -1 : 1;
}

static int
feed_lines(struct feed *f)
{
	int rc = 1;

	while (rc > 0 && !f->failed && !feed_over(f))
		rc = feed_next(f);
	return rc;
}

/* What is written must not come again. */
static int
feed_check(struct feed *f, const char *path)
{
	if (!output_feeds(&f->c->out, f->in.fd))
		return 0;
	f->c->failed = f->first;
	return err_as(&f->c->err, STATUS_USAGE,
		"'%s' is the input and the output", path);
}

/* The next of the files that a program was given; 0: there is none. */
static int
feed_next_file(struct feed *f)
{
	const char *path;
	struct stat s;

	if (f->files == NULL || *f->files == NULL)
		return 0;
	path = *f->files++;
	if (f->in.fd >= 0 && fstat(f->in.fd, &s) == 0)
		f->c->reading.before += (uint64_t)s.st_size;
	if (f->c->planned)
		chain_file_end(f->first);
	vitals_input_closed(f->c->vitals, f->in.fd);
	if (f->in.fd > STDERR_FILENO)
		close(f->in.fd);
	input_next(&f->in,
		strcmp(path, "-") == 0 ? STDIN_FILENO
				       : open(path, O_RDONLY | O_CLOEXEC));
	vitals_input(f->c->vitals, f->in.fd);
	f->c->reading.fd = f->in.fd;
	f->c->reading.rest = f->files;
	if (f->in.fd < 0) {
		f->c->failed = f->first;
		return err_sys(&f->c->err, "cannot open '%s'", path);
	}
	if (f->in.fd != STDIN_FILENO &&
		input_unpack(&f->in, path, &f->c->err) < 0) {
		f->c->failed = f->first;
		return -1;
	}
	return feed_check(f, path) < 0 ? -1 : 1;
}

static int
feed_end(struct feed *f)
{
	if (!f->c->planned && !f->failed && f->in.eof)
		f->failed = chain_unbegun(f->first, f->in.fd);
	if (f->failed)
		return output_flush(&f->c->out, &f->c->err);
	if (!f->c->planned && feed_first(f, NULL, 0) < 0)
		return -1;
	if (f->stream && !f->at.eof && !f->over) {
		chain_cut(f->first);
		return output_flush(&f->c->out, &f->c->err);
	}
	return chain_finish(f->first);
}

static int
feed_all(struct feed *f)
{
	struct chain *c = f->c;
	struct loop_silence silence = {.told = false};
	struct pollfd in;
	int got;

	if ((f->first->op->flags & OP_FILES) && f->first->noperands > 0) {
		f->files = f->first->operands;
		if (feed_next_file(f) < 0)
			return -1;
	} else if (feed_check(f, "-") < 0) {
		return -1;
	}
	/* Batches by the clock begin with the program, not with its input. */
	if (f->first->priv->common.trigger != NULL &&
		feed_first(f, NULL, 0) < 0)
		return -1;
	for (;;) {
		bool silent;

		in = (struct pollfd){.fd = f->in.fd, .events = POLLIN};
		if (poll(&in, 1, 0) == 0 &&
			loop_wait(c, &in, 1, loop_silence_due()) < 0)
			return -1;
		loop_signals(c);
		if (loop_ticks(c) < 0)
			return -1;
		silent = loop_silent(&silence, in.revents != 0);
		/* What is in front may still work at the batch. */
		if ((silent && !f->at.open) || f->at.eof || f->failed)
			break;
		if (in.revents == 0)
			continue;
		loop_tell(c, time_monotonic());
		got = input_fill(&f->in, &c->err);
		if (got < 0) {
			c->failed = f->first;
			return f->files == NULL
				? -1
				: err_in(&c->err, "'%s'", f->files[-1]);
		}
		if (feed_lines(f) < 0)
			return -1;
		f->usual = 0;
		if (f->over)
			break;
		if (got == 0 && (got = feed_next_file(f)) <= 0) {
			if (got < 0)
				return -1;
			break;
		}
	}
	return feed_end(f);
}

int
feed_run(struct chain *c, int in_fd)
{
	struct feed f = {.c = c, .first = &c->stages[0]};
	int ret;

	vitals_input(c->vitals, in_fd);
	c->reading.fd = in_fd;
	input_init(&f.in, in_fd, chain_max_line(f.first));
	ret = feed_all(&f);
	if (f.in.fd > STDERR_FILENO)
		close(f.in.fd);
	input_release(&f.in);
	return ret;
}
