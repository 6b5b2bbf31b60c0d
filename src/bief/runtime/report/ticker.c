/*
 * ticker: of files bytes, percent, rate and time left; of a stream that has no
 * end rows, rate, watermark and how far that is behind the clock.  On a narrow
 * terminal the least of these are left out.
 */
#include "runtime/report/ticker.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/buf.h"
#include "time/time.h"
#include "runtime/chain.h"
#include "runtime/report/line.h"

#define DRAW_US (TIME_SECOND / 10)
#define REST_US (TIME_SECOND / 2) /* while nothing comes */
#define RATE_US (3 * TIME_SECOND) /* at least so long is looked at */
#define PARTS 8

/* What can be told, the dearest with the highest rank. */
struct parts {
	struct part {
		int rank;
		char text[60];
	} part[PARTS];
	int n;
};

static void __attribute__((format(printf, 3, 4)))
add(struct parts *p, int rank, const char *fmt, ...)
{
	struct part *to = &p->part[p->n++];
	va_list ap;

	to->rank = rank;
	va_start(ap, fmt);
	vsnprintf(to->text, sizeof(to->text), fmt, ap);
	va_end(ap);
}

static size_t
width(const struct parts *p)
{
	size_t n = 0;

	for (int i = 0; i < p->n; i++)
		n += strlen(p->part[i].text) + (i > 0 ? 2 : 0);
	return n;
}

static void
leave_out_least(struct parts *p)
{
	int least = 0;

	for (int i = 1; i < p->n; i++)
		if (p->part[i].rank < p->part[least].rank)
			least = i;
	p->n--;
	memmove(&p->part[least], &p->part[least + 1],
		(size_t)(p->n - least) * sizeof(*p->part));
}

/* ---- how far it is ---- */

/* Bytes of the files that a program without a source reads. */
static bool
reach_of_input(const struct chain *c, uint64_t *done, uint64_t *all)
{
	struct stat s;
	off_t at;

	if (c->reading.fd < 0 || fstat(c->reading.fd, &s) < 0 ||
		!S_ISREG(s.st_mode))
		return false;
	at = lseek(c->reading.fd, 0, SEEK_CUR);
	if (at < 0)
		return false;
	*done = c->reading.before + (uint64_t)at;
	*all = c->reading.before + (uint64_t)s.st_size;
	for (char **f = c->reading.rest; f != NULL && *f != NULL; f++)
		if (stat(*f, &s) == 0)
			*all += (uint64_t)s.st_size;
	return true;
}

static bool
reach(const struct chain *c, uint64_t *done, uint64_t *all)
{
	struct stage *first = &c->stages[0];
	const struct source *source = first->op->source;

	*done = *all = 0;
	if (c->ticker.st->place != 0)
		return false;
	if (source == NULL ? !reach_of_input(c, done, all)
			   : source->reach == NULL ||
				!source->reach(first, done, all))
		return false;
	/* It grows while it is read. */
	if (*done > *all)
		*all = *done;
	return *all > 0;
}

static const char *
unit(double bytes, double *one)
{
	static const char *const names[] = {"B", "kB", "MB", "GB", "TB"};
	size_t i = 0;

	for (*one = 1; i < 4 && bytes / *one >= 1000; i++)
		*one *= 1000;
	return names[i];
}

static void
add_left(struct parts *p, double seconds)
{
	long long s = (long long)(seconds + 0.5);

	if (seconds > 99.0 * 3600)
		return;
	if (s < 3600)
		add(p, 8, "%lld:%02lld left", s / 60, s % 60);
	else
		add(p, 8, "%lld:%02lld:%02lld left", s / 3600, s / 60 % 60,
			s % 60);
}

static void
add_bytes(struct parts *p, struct ticker *t, int64_t now, uint64_t done,
	uint64_t all)
{
	double one, seconds = (double)(now - t->start_us) / 1e6, rate;
	const char *name = unit((double)all, &one);
	int digits = one > 1 ? 1 : 0;

	add(p, 5, "%.*f of %.*f %s", digits, (double)done / one, digits,
		(double)all / one, name);
	add(p, 9, "%d%%", (int)((double)done * 100 / (double)all));
	if (t->start_us == 0) {
		t->start_us = now;
		t->start = done;
		return;
	}
	if (done <= t->start || seconds <= 0)
		return;
	rate = (double)(done - t->start) / seconds;
	name = unit(rate, &one);
	add(p, 6, "%.1f %s/s", rate / one, name);
	add_left(p, (double)(all - done) / rate);
}

/* ---- what has no end ---- */

static void
add_rows(struct parts *p, struct ticker *t, int64_t now)
{
	const struct stage *st = t->st;
	uint64_t rows = st->op->source != NULL ? st->records_out
					       : st->records_in;
	struct ticker_moment *first = &t->past[0], *second = &t->past[1];
	double rate;

	add(p, 9, "%llu row%s", (unsigned long long)rows, rows == 1 ? "" : "s");
	if (second->at_us == 0 || now - second->at_us >= RATE_US) {
		*first = second->at_us == 0 ? (struct ticker_moment){now, rows}
					    : *second;
		*second = (struct ticker_moment){now, rows};
	}
	if (now <= first->at_us)
		return;
	rate = (double)(rows - first->rows) * 1e6 /
		(double)(now - first->at_us);
	add(p, 6, rate < 10 ? "%.1f/s" : "%.0f/s", rate);
}

/* The one that is furthest behind in the chain, where it was made last. */
static int64_t
watermark(const struct chain *c)
{
	for (int i = c->n - 1; i >= 0; i--)
		if (c->stages[i].now.watermark != WATERMARK_NONE)
			return c->stages[i].now.watermark;
	return WATERMARK_NONE;
}

static void
add_watermark(struct parts *p, const struct chain *c)
{
	int64_t at = watermark(c), lag;
	char time[TIME_MAX];

	if (at == WATERMARK_NONE)
		return;
	lag = (time_now() - at) / TIME_SECOND;
	add(p, 3, "watermark %.*s", (int)time_format_iso(at, time), time);
	if (lag < 0)
		lag = 0;
	if (lag < 120)
		add(p, 7, "lag %llds", (long long)lag);
	else if (lag < 2 * 3600)
		add(p, 7, "lag %lldm", (long long)lag / 60);
	else if (lag < 48 * 3600)
		add(p, 7, "lag %lldh", (long long)lag / 3600);
	else
		add(p, 7, "lag %lldd", (long long)lag / 86400);
}

/* ---- the line ---- */

static void
tell(struct chain *c, struct parts *p, int64_t now)
{
	struct ticker *t = &c->ticker;
	const struct stage *st = t->st;
	int64_t batch = st->now.number >= 0 ? st->now.number
					    : st->priv->next_number - 1;
	uint64_t done, all;

	add(p, 2, "%s", st->op->name);
	if (batch >= 0 && (st->in.stream || st->out.stream))
		add(p, 4, "batch %lld", (long long)batch);
	if (reach(c, &done, &all))
		add_bytes(p, t, now, done, all);
	else
		add_rows(p, t, now);
	add_watermark(p, c);
}

static void
draw(struct chain *c, int64_t now)
{
	struct parts p = {.n = 0};
	size_t room = line_room();
	struct buf out;

	tell(c, &p, now);
	while (p.n > 1 && width(&p) > room)
		leave_out_least(&p);
	buf_init(&out);
	for (int i = 0; i < p.n; i++) {
		if (i > 0)
			/* The name, if it is still there. */
			buf_str(&out, p.part[i - 1].rank == 2 ? ": " : ", ");
		buf_str(&out, p.part[i].text);
	}
	line_draw(out.p, out.n < room ? out.n : room);
	buf_release(&out);
}

void
ticker_open(struct chain *c)
{
	const char *to;

	for (int i = 0; i < c->n && c->ticker.st == NULL; i++) {
		to = c->stages[i].priv->common.progress;
		if (to != NULL && strcmp(to, "-") == 0 && line_terminal())
			c->ticker.st = &c->stages[i];
	}
}

void
ticker_look(struct chain *c, int64_t now)
{
	if (c->ticker.st == NULL || c->ticker.over || !c->planned ||
		now < c->ticker.due_us)
		return;
	c->ticker.due_us = now + DRAW_US;
	draw(c, now);
}

int64_t
ticker_pause(const struct chain *c, int64_t now)
{
	if (c->ticker.st == NULL || c->ticker.over)
		return INT64_MAX;
	return c->ticker.due_us + REST_US - DRAW_US > now
		? c->ticker.due_us + REST_US - DRAW_US - now
		: 0;
}

void
ticker_close(struct chain *c)
{
	line_hide();
	c->ticker.over = true;
}
