/*
 * feed: a chain that is driven by its one input, standard input or the files
 * that a program was given.
 *
 * The first line decides: a header says that batches come, anything else that
 * the input is one whole.
 */
#include "runtime/loop/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "time/time.h"
#include "value/json.h"
#include "value/record.h"
#include "io/stream/input.h"
#include "io/stream/meet.h"
#include "io/stream/output.h"
#include "io/stream/stream.h"
#include "runtime/chain.h"
#include "runtime/loop/control.h"
#include "runtime/loop/link_in.h"
#include "runtime/loop/link_out.h"
#include "runtime/loop/loop.h"
#include "runtime/plan/plan_chain.h"
#include "runtime/plan/plan_known.h"
#include "runtime/loop/signals.h"
#include "runtime/report/vitals.h"

struct feed {
	struct chain *c;
	struct stage *first;
	struct input in;
	struct link_in link; /* to who writes it */
	struct buf text;     /* of a record that is needed as one */
	struct buf block;    /* of parts */
	struct control_place at;
	bool stream;     /* there was a header */
	bool failed;     /* a program in front has */
	bool over;       /* the input goes on, but we do not */
	bool batches;    /* who writes it says that there will be a header */
	size_t come;     /* bytes through the ring, in this batch ... */
	int64_t come_in; /* ... of this number, -1: in none */
	bool greeted;    /* who writes it has had the time to say so */
	bool rings;      /* it comes through the ring */
	bool may_end;    /* a stage may have enough in the midst of lines */
	bool surely;     /* meet_surely() */
	size_t usual;    /* bytes of lines to be given to the first stage */
	char **files;    /* OP_FILES: those still to come, NULL ends them */
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
		buf_add(&f->c->header, line, n);
	}
	ret = plan_chain(f->c, &p);
	plan_release(&p);
	return ret;
}

/* The first line, which is no control line, or a record may come now. */
static int
feed_check_place(struct feed *f)
{
	if (!f->stream || f->at.open)
		return 0;
	f->c->failed = f->first;
	return err_set(&f->c->err, "a record outside of any batch");
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
	if (feed_check_place(f) < 0)
		return -1;
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

/* May any of the stages have enough, in the midst of lines that were found? */
static bool
feed_may_end(const struct chain *c)
{
	for (int i = 0; i < c->n; i++)
		if (c->stages[i].op->flags & OP_ENOUGH)
			return true;
	return false;
}

/* Give the first stage many lines at once: 1 some were taken, 0 the next is to
 * be given by itself, or -1. */
static int
feed_many(struct feed *f)
{
	const uint32_t *lf;
	const char *p;
	size_t n, used;

	if (f->first->op->lines == NULL || !f->c->planned ||
		(f->stream && !f->at.open) || f->may_end)
		return 0;
	n = input_found(&f->in, &p, &lf);
	while (f->usual > 0 && n > 0 && lf[n - 1] + 1 > f->usual)
		n--;
	if (n == 0 || !chain_takes_lines(f->first, p, lf, n))
		return 0;
	used = lf[n - 1] + 1;
	if (chain_settle(f->c) < 0 || chain_give_lines(f->first, p, lf, n) < 0)
		return -1;
	input_used(&f->in, used);
	f->usual -= used < f->usual ? used : f->usual;
	return 1;
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
	if ((rc = feed_many(f)) != 0)
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

/* ---- from a neighbour, as it is ---- */

/* A record as text, ended: in f->text. */
static void
feed_print(struct feed *f, const struct record *r)
{
	buf_clear(&f->text);
	record_print(r, &f->text);
	buf_byte(&f->text, '\n');
	buf_need(&f->text, JSON_PADDING);
}

static int
feed_block(struct feed *f, const char *p, size_t n)
{
	int ret;

	input_lend(&f->in, p, n);
	ret = feed_lines(f);
	input_settle(&f->in);
	return ret;
}

/* May its text be longer than a line may be? */
static bool
feed_long(const struct feed *f, const struct record *r, size_t size)
{
	size_t most = size;

	if (f->in.max_line > 4 * RING_MOST)
		return false;
	for (uint32_t i = 0; i < r->shape->n; i++)
		most += r->shape->names[i].n + 40;
	return most > f->in.max_line;
}

static int
feed_record(struct feed *f, struct record *r, size_t size)
{
	/* Behind text without an end it is part of that line. */
	if (r->shape == NULL || r->shape->reserved || f->in.start < f->in.end ||
		f->in.skipping || feed_long(f, r, size)) {
		feed_print(f, r);
		return feed_block(f, f->text.p, f->text.n);
	}
	if (!f->c->planned && feed_first(f, NULL, 0) < 0)
		return -1;
	if (feed_check_place(f) < 0 || chain_settle(f->c) < 0)
		return -1;
	return chain_give_record(f->first, r);
}

/* Several: their size is that of all. */
static int
feed_rows(struct feed *f, const struct record *r, size_t size)
{
	const struct unpack *u = &f->link.unpack;
	struct record one = *r;

	for (size_t i = 0; i < u->rows && !feed_over(f); i++) {
		one.v = r->v + i * u->stride;
		if (f->c->planned && chain_takes_records(f->first, &one) &&
			!f->may_end && f->in.start == f->in.end &&
			!f->in.skipping && !feed_long(f, r, size)) {
			if (feed_check_place(f) < 0 || chain_settle(f->c) < 0)
				return -1;
			return chain_give_records(
				f->first, &one, u->stride, u->rows - i);
		}
		if (feed_record(f, &one, size) < 0)
			return -1;
		one = *r;
	}
	return 0;
}

static int
feed_damaged(struct feed *f)
{
	f->c->failed = f->first;
	return err_set(&f->c->err,
		"the input is damaged: the memory that is shared with the "
		"program in front of this one holds what that has not written");
}

/* Of what threads of the writer have worked at for ours: whole, it is theirs. */
static int
feed_part(struct feed *f, const char *p)
{
	static const char lf[1 + JSON_PADDING] = "\n";
	struct chain *c = f->c;
	struct link_bytes h;
	size_t n;

	/* Whole lines follow, so a CR at the end of the text ends one. */
	if (f->in.held && feed_block(f, lf, 1) < 0)
		return -1;
	memcpy(&h, p, sizeof(h));
	p += sizeof(h);
	n = h.n;
	/* Most are in one piece. */
	if (!h.last || f->block.n > 0) {
		buf_add(&f->block, p, n);
		memset(buf_need(&f->block, JSON_PADDING), 0, JSON_PADDING);
		p = f->block.p;
		n = f->block.n;
	}
	if (!h.last)
		return 0;
	if (c->aside.shipped == NULL || !c->planned || f->in.start < f->in.end)
		return feed_damaged(f);
	f->block.n = 0;
	return c->aside.shipped(c->aside.arg, p, n);
}

/* What it may work at, if that is new. */
static void
feed_lend(struct feed *f)
{
	struct chain_aside *aside = &f->c->aside;

	if (!f->c->planned || aside->lends == NULL ||
		!link_in_through(&f->link))
		return;
	if (f->first->now.number != f->come_in) {
		f->come_in = f->first->now.number;
		f->come = 0;
	}
	buf_clear(&f->text);
	if (aside->lends(aside->arg, f->come, &f->text))
		link_in_lend(&f->link, f->text.p, f->text.n);
	else if (f->surely && f->come > 0)
		link_in_lend(&f->link, "", 0);
}

static int
feed_message(struct feed *f, unsigned kind, const char *p, size_t n,
	struct record *r)
{
	struct link_bytes h;

	if (kind == PACK_RECORD)
		return feed_record(f, r, n);
	if (kind == PACK_ROWS)
		return feed_rows(f, r, n);
	if (kind == PACK_SHAPE)
		return 0;
	if (kind == LINK_PART)
		return feed_part(f, p);
	memcpy(&h, p, sizeof(h));
	return feed_block(f, p + sizeof(h), h.n);
}

/* What the ring has, but not for so long that nothing else is looked at. */
static int
feed_ring(struct feed *f)
{
	struct record r;
	const char *p;
	size_t n, all = 0;
	unsigned kind;

	if (!f->rings) {
		f->rings = true;
		input_lean(&f->in);
		mem_started();
	}
	while (all < RING_BYTES / 2 && !f->failed && !feed_over(f)) {
		kind = link_in_next(&f->link, &p, &n, &r);
		if (kind == PACK_DAMAGED && n == 0)
			break;
		if (kind == PACK_DAMAGED)
			return feed_damaged(f);
		if (feed_message(f, kind, p, n, &r) < 0)
			return -1;
		link_in_took(&f->link, n);
		all += n;
		f->come += n;
	}
	return 0;
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
	f->link.fd = f->in.fd;
	f->c->reading.fd = f->in.fd;
	f->c->reading.rest = f->files;
	/* Nobody has come to write it, and nobody is waited for any more. */
	if (f->in.fd < 0 && errno == EINTR) {
		f->over = true;
		return 0;
	}
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

/* Wait until there is something to take; false: it was something else. */
static int
feed_await(struct feed *f, bool *heard)
{
	struct link_in *l = &f->link;
	struct pollfd in[2];
	int64_t due;
	int n;

	*heard = true;
	if (link_in_through(l)) {
		if (link_in_some(l))
			return 0;
		/* Who comes next goes on meanwhile. */
		if (loop_flush(f->c) < 0)
			return -1;
		if (!link_in_sleeps(l)) {
			*heard = link_in_through(l);
			return 0;
		}
	}
	n = link_in_fds(l, in);
	due = link_in_due(l);
	if (due > loop_silence_due())
		due = loop_silence_due();
	if ((l->state == LINK_RING || poll(in, (nfds_t)n, 0) == 0) &&
		loop_wait(f->c, in, n, due) < 0)
		return -1;
	link_in_again(l);
	*heard = false;
	for (int i = 0; i < n; i++) {
		int ready = link_in_ready(l, &in[i]);

		if (ready < 0)
			return chain_failed(f->first);
		*heard |= ready > 0;
	}
	return 0;
}

/* Once more: 1 there may be more, 0 it has ended, or -1. */
static int
feed_take(struct feed *f)
{
	int got;

	if (link_in_through(&f->link))
		return feed_ring(f) < 0 ? -1 : 1;
	if (!f->greeted && link_in_greet(&f->link) < 0)
		return chain_failed(f->first);
	f->greeted = true;
	got = input_fill(&f->in, &f->c->err);
	if (got < 0) {
		f->c->failed = f->first;
		return f->files == NULL
			? -1
			: err_in(&f->c->err, "'%s'", f->files[-1]);
	}
	if (got == 0 && !link_in_ended(&f->link)) {
		f->in.eof = false;
		return 1;
	}
	return feed_lines(f) < 0 ? -1 : got;
}

/* What comes in will have these fields: refuse before it does what cannot work
 * with them, unless others write, too, whose records have others. */
static int
feed_told(void *arg, const char *fields, size_t n)
{
	struct feed *f = arg;
	struct chain *c = f->c;
	char *text;
	int got;

	if (c->planned || c->derived)
		return 0;
	if (n == strlen(PLAN_KNOWN_LATER) &&
		memcmp(fields, PLAN_KNOWN_LATER, n) == 0) {
		buf_clear(&c->known);
		buf_add(&c->known, fields, n);
		f->batches = true;
		link_out_known(c->link);
		return 0;
	}
	text = mem_dup(fields, n);
	got = plan_known(c, text, &c->known);
	free(text);
	if (got != 0 && link_in_alone(&f->link))
		return -1;
	if (got != 0) {
		c->failed = NULL;
		return 0;
	}
	c->derived = true;
	link_out_known(c->link);
	return 0;
}

static bool
feed_vouch(void *feed)
{
	struct feed *f = feed;

	return link_in_greet(&f->link) == 0 && !f->batches &&
		(!f->c->derived || link_in_alone(&f->link));
}

static void
feed_meet(struct feed *f)
{
	f->link.told = feed_told;
	f->link.arg = f;
	f->c->vouch = feed_vouch;
	f->c->in = f;
	link_in_open(&f->link);
}

static int
feed_open(struct feed *f)
{
	if ((f->first->op->flags & OP_FILES) && f->first->noperands > 0) {
		f->files = f->first->operands;
		if (feed_next_file(f) < 0)
			return -1;
	} else if (feed_check(f, "-") < 0) {
		return -1;
	} else {
		feed_meet(f);
	}
	/* Batches by the clock begin with the program, not with its input. */
	if (f->first->priv->common.trigger != NULL &&
		feed_first(f, NULL, 0) < 0)
		return -1;
	return 0;
}

static int
feed_all(struct feed *f)
{
	struct chain *c = f->c;
	struct loop_silence silence = {.told = false};
	bool heard, silent;
	int got;

	if (feed_open(f) < 0)
		return -1;
	while (!f->over) {
		if (feed_await(f, &heard) < 0)
			return -1;
		loop_signals(c);
		if (loop_ticks(c) < 0)
			return -1;
		silent = loop_silent(&silence, heard);
		/* What is in front may still work at the batch. */
		if ((silent && !f->at.open) || f->at.eof || f->failed)
			break;
		if (!heard) {
			feed_lend(f);
			continue;
		}
		loop_tell(c, time_monotonic());
		if ((got = feed_take(f)) < 0)
			return -1;
		feed_lend(f);
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
	struct feed f = {.c = c,
		.first = &c->stages[0],
		.come_in = -1,
		.may_end = feed_may_end(c),
		.surely = meet_surely()};
	int ret;

	vitals_input(c->vitals, in_fd);
	c->reading.fd = in_fd;
	input_init(&f.in, in_fd, chain_max_line(f.first));
	buf_init(&f.text);
	buf_init(&f.block);
	link_in_init(&f.link, c, in_fd);
	ret = feed_all(&f);
	c->vouch = NULL;
	link_in_release(&f.link);
	if (f.in.fd > STDERR_FILENO)
		close(f.in.fd);
	input_release(&f.in);
	buf_release(&f.text);
	buf_release(&f.block);
	return ret;
}
