/*
 * stage: all that an operator may call.  What it asks for is done by the chain,
 * by those who refuse records and by those who say what went wrong; nothing is
 * decided here but how a record travels to the next stage.
 */
#include "runtime/stage.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "floor/mem.h"
#include "text/simd.h"
#include "time/zone.h"
#include "io/stream/eol.h"
#include "io/stream/output.h"
#include "runtime/chain.h"
#include "runtime/recover/recover_sink.h"
#include "runtime/recover/recover_source.h"
#include "runtime/report/refuse.h"
#include "runtime/report/say.h"
#include "runtime/loop/link_out.h"
#include "runtime/loop/signals.h"
#include "runtime/threads/capture.h"

int64_t
stage_no_rows(struct stage *st, bool glance)
{
	return STAGE_NO_ROWS;
}

/* A source's first record of a batch that nobody has begun. */
static inline int
source_begin(struct stage *st)
{
	if (__builtin_expect(st->chain->aside.busy, 0) &&
		st->op->source != NULL && chain_settle(st->chain) < 0)
		return -1;
	if (st->op->source != NULL && st->now.number < 0 && st->out.stream)
		return chain_open_batch(st);
	return 0;
}

static inline int
flush_full(struct chain *c)
{
	return c->out.b.n >= OUTPUT_FULL ? output_flush(&c->out, &c->err) : 0;
}

int
stage_emit(struct stage *st, struct record *r)
{
	struct chain *c = st->chain;

	struct stage *next = st->next;

	if (r->shape != NULL && __builtin_expect(r->shape->reserved, 0))
		return refuse_forged(st, r);
	if (source_begin(st) < 0)
		return -1;
	st->records_out++;
	if (next != NULL)
		return r->shape != NULL ? chain_give_record(next, r)
					: chain_give(next, r);
	if (st->op->sink != NULL)
		return 0;
	if (c->ring != NULL && r->shape != NULL) {
		int took = link_out_record(c->ring, r);

		if (took != 0)
			return took < 0 ? -1 : 0;
	}
	record_print(r, &c->out.b);
	buf_byte(&c->out.b, '\n');
	return flush_full(c);
}

/* To a neighbour, as they are: how many of them, or -1. */
static int
emit_to_ring(struct stage *st, const struct record *r, size_t stride, size_t n)
{
	struct chain *c = st->chain;

	if (n < 2 || c->ring == NULL || st->op->sink != NULL ||
		r->shape->reserved)
		return 0;
	if (source_begin(st) < 0 ||
		link_out_records(c->ring, r, stride, &n) < 0)
		return -1;
	st->records_out += n;
	return (int)n;
}

/* Those at r that go on at once: how many of n, or -1. */
static int
emit_many(struct stage *st, const struct record *r, size_t stride, size_t n)
{
	struct stage *next = st->next;

	if (next == NULL)
		return emit_to_ring(st, r, stride, n);
	if (!chain_takes_records(next, r))
		return 0;
	if (source_begin(st) < 0)
		return -1;
	st->records_out += n;
	return chain_give_records(next, r, stride, n) < 0 ? -1 : (int)n;
}

int
stage_emit_records(
	struct stage *st, const struct record *r, size_t stride, size_t n)
{
	struct record one = *r;

	/* Those that go by themselves may show that the next are welcome. */
	for (size_t i = 0; i < n;) {
		int many;

		one.v = r->v + i * stride;
		many = emit_many(st, &one, stride, n - i);
		if (many < 0)
			return -1;
		i += (size_t)many;
		if (many > 0)
			continue;
		if (stage_emit(st, &one) < 0)
			return -1;
		one = *r;
		i++;
	}
	return 0;
}

bool
stage_prints(const struct stage *st)
{
	return st->next == NULL && st->chain->ring == NULL;
}

int
stage_emit_line(struct stage *st, const char *line, size_t n)
{
	struct chain *c = st->chain;

	if (stream_line(line, n) != STREAM_DATA) {
		struct record r = {.line = line,
			.nline = (uint32_t)n,
			.number = st->records_out + st->rejected + 1};

		return refuse_forged(st, &r);
	}
	if (n > stage_max_line(st)) {
		refuse_too_long(st, line, n);
		return chain_on_error(st) == ON_ERROR_FAIL ? -1 : 0;
	}
	if (source_begin(st) < 0)
		return -1;
	st->records_out++;
	if (st->next != NULL)
		return chain_give_line(
			st->next, line, n - (n > 0 && line[n - 1] == '\r'));
	buf_add(&c->out.b, line, n);
	buf_byte(&c->out.b, '\n');
	return flush_full(c);
}

/* Count the lines of a block; false if it has one that no data may have. */
static bool
count_lines(const char *p, size_t n, uint64_t *lines)
{
	uint64_t lf, last = ~UINT64_C(0);
	size_t from = 0;

	for (size_t i = 0; i < n; i += 64) {
		if (n - i < 64)
			last >>= 64 - (n - i);
		lf = simd_byte(p + i, '\n') & last;
		*lines += (uint64_t)__builtin_popcountll(lf);
		for (; lf != 0; lf &= lf - 1) {
			size_t at = i + (size_t)__builtin_ctzll(lf);

			if (stream_line(p + from, at - from) != STREAM_DATA)
				return false;
			from = at + 1;
		}
	}
	return true;
}

/* The end of the first line of a block, the last byte of which is an end. */
static const char *
end_in_block(const char *p, const char *end)
{
	const char *at = eol_first(p, (size_t)(end - p));

	return at != NULL ? at : end - 1;
}

/* The same as count_lines for a block in which CRs end lines, too. */
static bool
count_lines_cr(const char *p, size_t n, uint64_t *lines)
{
	const char *end = p + n;

	for (const char *at; p < end; p = at + 1, ++*lines) {
		at = end_in_block(p, end);
		if (stream_line(p, (size_t)(at - p)) != STREAM_DATA)
			return false;
	}
	return true;
}

static int
emit_lines_cr(struct stage *st, const char *p, const char *end)
{
	const char *at;

	for (; p < end; p = at + 1) {
		at = end_in_block(p, end);
		if (stage_emit_line(st, p, (size_t)(at - p)) < 0)
			return -1;
	}
	return 0;
}

/* Lines that were found. */
static int
emit_found(struct stage *st, const char *p, const uint32_t *lf, size_t n)
{
	uint32_t from = 0;

	if (st->next != NULL && lf[n - 1] <= stage_max_line(st) &&
		chain_takes_lines(st->next, p, lf, n)) {
		if (source_begin(st) < 0)
			return -1;
		st->records_out += n;
		return chain_give_lines(st->next, p, lf, n);
	}
	for (size_t i = 0; i < n; from = lf[i++] + 1)
		if (stage_emit_line(st, p + from, lf[i] - from) < 0)
			return -1;
	return 0;
}

static int
emit_lines(struct stage *st, const char *p, size_t n)
{
	struct chain *c = st->chain;
	const char *end = p + n;
	uint64_t lines = 0;
	uint32_t lf[128];
	bool cr = eol_cr(p, n);

	if (n > 0 && st->next == NULL && n <= stage_max_line(st) &&
		(cr ? count_lines_cr : count_lines)(p, n, &lines)) {
		if (source_begin(st) < 0)
			return -1;
		st->records_out += lines;
		return output_write(&c->out, p, n, &c->err);
	}
	if (cr)
		return emit_lines_cr(st, p, end);
	while (p < end) {
		size_t found = simd_lines(
			p, (size_t)(end - p), lf, sizeof lf / sizeof *lf);

		if (emit_found(st, p, lf, found) < 0)
			return -1;
		p += lf[found - 1] + 1;
	}
	return 0;
}

int
stage_emit_lines(struct stage *st, const char *p, size_t n)
{
	struct chain_aside *aside = &st->chain->aside;
	size_t part = n;
	int taken;

	for (; n > 0 && aside->lines != NULL &&
		(st->next != NULL || st->chain->link != NULL);
		p += part, n -= part, part = n) {
		if (!aside->busy && source_begin(st) < 0)
			return -1;
		taken = aside->lines(aside->arg, p, &part);
		if (taken < 0 || (taken == 0 && emit_lines(st, p, part) < 0))
			return -1;
	}
	return n > 0 ? emit_lines(st, p, n) : 0;
}

int
stage_open_batch(struct stage *st)
{
	return source_begin(st);
}

void
stage_file_end(struct stage *st)
{
	static const char line[] = "{\"#bief\":{\"file\":1}}";

	if (!st->out.stream)
		return;
	if (st->next != NULL)
		chain_file_end(st->next);
	else
		chain_pass(st->chain, line, strlen(line));
}

size_t
stage_max_line(const struct stage *st)
{
	return (size_t)st->priv->common.max_line;
}

size_t
stage_max_state(const struct stage *st)
{
	return (size_t)st->priv->common.max_state;
}

int
stage_room(struct stage *st, size_t bytes)
{
	size_t most = stage_max_state(st);

	if (most == 0 || bytes <= most)
		return 0;
	return err_set(st->err,
		"what it keeps has reached the limit of %zu bytes: raise "
		"--max-state",
		most);
}

void
stage_print(struct stage *st, const char *p, size_t n)
{
	buf_add(&st->chain->out.b, p, n);
}

int64_t
stage_committed(const struct stage *st, int64_t *start)
{
	return recover_sink_committed(st, start);
}

const char *
stage_committed_mark(const struct stage *st)
{
	return recover_sink_mark(st);
}

int
stage_elsewhere(struct stage *st)
{
	return recover_sink_elsewhere(st);
}

int
stage_hear(struct stage *st)
{
	return recover_source_hear(st);
}

bool
stage_terminal(const struct stage *st)
{
	return st->chain->out.terminal;
}

void
stage_output_file(const struct stage *st, uint64_t *device, uint64_t *inode)
{
	output_file(&st->chain->out, device, inode);
}

void
stage_enough(struct stage *st)
{
	if (!st->in.stream)
		st->chain->enough = true;
}

size_t
stage_screen(const struct stage *st)
{
	struct winsize size;

	return ioctl(st->chain->out.fd, TIOCGWINSZ, &size) == 0 ? size.ws_row
								: 0;
}

size_t
stage_columns(const struct stage *st, size_t *lines)
{
	struct winsize size;

	*lines = 0;
	if (ioctl(st->chain->out.fd, TIOCGWINSZ, &size) != 0)
		return 0;
	*lines = size.ws_row;
	return size.ws_col;
}

void
stage_watch_screen(void)
{
	signals_watch_screen();
}

const struct zone *
stage_zone(const struct stage *st)
{
	const char *name = st->in.zone != NULL ? st->in.zone
					       : st->priv->common.zone;

	return name != NULL ? zone_open(name, strlen(name)) : zone_utc;
}

int
stage_flush(struct stage *st)
{
	return output_flush(&st->chain->out, st->err);
}

void
stage_ready(struct stage *st)
{
	stage_ready_as(st, "ready");
}

/* Close it.  The number of a standard stream is not to be that of a connection
 * that is opened next: it would be written to, or end us when it goes. */
static void
close_ready(int fd)
{
	int none = fd <= STDERR_FILENO ? open("/dev/null", O_RDONLY | O_CLOEXEC)
				       : -1;

	if (none < 0 || dup2(none, fd) < 0)
		close(fd);
	if (none >= 0 && none != fd)
		close(none);
}

void
stage_ready_as(struct stage *st, const char *text)
{
	int fd = (int)st->priv->common.ready_fd;

	if (fd < 0)
		return;
	if (dprintf(fd, "%s\n", text) < 0)
		say(st, "cannot write to --ready-fd %d", fd);
	close_ready(fd);
	st->priv->common.ready_fd = -1;
}

int
stage_reject(struct stage *st, const struct record *r, const char *fmt, ...)
{
	char why[REFUSE_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return refuse(st, r, why);
}

int
stage_defer(struct stage *clone, struct record *r)
{
	return capture_record(clone, r);
}

int
stage_sift(struct stage *clone, struct record *r, const char *key, size_t n)
{
	return capture_sift(clone, r, key, n);
}

bool
stage_kept(struct stage *st)
{
	return refuse_kept(st);
}

void
stage_late(struct stage *st, const struct record *r, const char *fmt, ...)
{
	char why[REFUSE_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	refuse_late(st, r, why);
}

int
stage_untimed(struct stage *st, const struct record *r, const char *fmt, ...)
{
	char why[REFUSE_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return refuse_untimed(st, r, why);
}

int
stage_clash(struct stage *st, const struct record *r)
{
	return refuse_clash(st, r);
}

void
stage_warn(struct stage *st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_list(st, fmt, ap);
	va_end(ap);
}

bool
stage_stopping(void)
{
	return signals_stopping();
}

void
stage_watch(struct stage *st, struct field *f)
{
	struct stage_private *p = st->priv;

	p->watched = mem_realloc(
		p->watched, (p->nwatched + 1) * sizeof(*p->watched));
	p->watched[p->nwatched++] = f;
}

static enum field_asked
most_asked(enum field_asked a, enum field_asked b)
{
	return a > b ? a : b;
}

/* What one stage looks at. */
static enum field_asked
asks(const struct stage *st, const char *name)
{
	const struct stage_private *p = st->priv;
	enum field_asked most = FIELD_UNASKED, one;

	/* A record that is refused is written whole. */
	if (st->looks == LOOKS_ALL || p->common.rejects != NULL)
		return FIELD_ALL;
	for (size_t i = 0; i < p->nwatched && most < FIELD_ALL; i++) {
		one = field_asks(p->watched[i], name);
		if (one == FIELD_ALL && p->watched[i] == st->opens)
			one = most_asked(
				FIELD_WITHIN, stage_asks(st, st->element));
		most = most_asked(most, one);
	}
	return most;
}

enum field_asked
stage_asks(const struct stage *st, const char *name)
{
	enum field_asked most = FIELD_UNASKED;

	/* Names that a path may spell in another way, and those of windows. */
	for (const char *p = name; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '"' || *p == '\\')
			return FIELD_ALL;
	if (*name == '\0' || strncasecmp(name, "window", 6) == 0)
		return FIELD_ALL;
	for (st = st->next; st != NULL; st = st->next) {
		most = most_asked(most, asks(st, name));
		if (most == FIELD_ALL || st->looks == LOOKS_ONLY)
			return most;
	}
	return FIELD_ALL;
}

void
stage_unwatch(struct stage *st)
{
	st->priv->nwatched = 0;
	st->shape_id = 0;
}
