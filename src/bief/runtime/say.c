/*
 * say: messages, rejected records, counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/chain.h"
#include "value/json.h"
#include "recovery/state.h"
#include "time/time.h"
#include "floor/mem.h"
#include "time/duration.h"

#define SAID_MOST 5 /* messages about single records, of each program */
#define SLOW_EVERY_US (60 * TIME_SECOND) /* messages about slow batches */

static void
say_text(const struct stage *st, const char *text)
{
	struct buf line;

	if (st->chain->silent)
		return;
	buf_init(&line);
	buf_printf(&line, "%s: %s", st->op->name, text);
	/* Data have their part in many messages, and may be hostile. */
	err_clean(buf_cstr(&line));
	buf_byte(&line, '\n');
	/* One write, so that programs of a pipeline do not mix their words. */
	if (write(STDERR_FILENO, line.p, line.n) < 0)
		errno = 0;
	buf_release(&line);
}

static void
vsay(const struct stage *st, const char *fmt, va_list ap)
{
	char text[1200];

	vsnprintf(text, sizeof(text), fmt, ap);
	say_text(st, text);
}

void
say(const struct stage *st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(st, fmt, ap);
	va_end(ap);
}

void
stage_warn(struct stage *st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(st, fmt, ap);
	va_end(ap);
}

enum on_error
stage_on_error(const struct stage *st)
{
	return st->on_error < 0 ? ON_ERROR_FAIL : (enum on_error)st->on_error;
}

static uint64_t
line_number(const struct stage *st, const struct record *r)
{
	if (r != NULL && r->number != 0)
		return r->number;
	return st->op->source != NULL ? st->records_out + st->rejected : 0;
}

/* A line of the --rejects file. */
static int
keep(struct stage *st, const struct record *r, const char *reason, bool late)
{
	struct stage_private *p = st->priv;
	struct buf line;
	char time[TIME_MAX];
	size_t n;
	const char *text;
	int ret = 0;

	if (p->common.rejects == NULL)
		return 0;
	if (p->rejects_fd < 0) {
		p->rejects_fd = open(p->common.rejects,
			O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
		if (p->rejects_fd < 0)
			return err_sys(st->err, "cannot write '%s'",
				p->common.rejects);
	}
	buf_init(&line);
	buf_printf(&line, "{\"program\":\"%s\",\"line\":%llu", st->op->name,
		(unsigned long long)line_number(st, r));
	if (st->now.number >= 0)
		buf_printf(&line, ",\"batch\":%lld", (long long)st->now.number);
	if (late && st->now.watermark != WATERMARK_NONE) {
		n = time_format_iso(st->now.watermark, time);
		buf_printf(&line, ",\"watermark\":\"%.*s\"", (int)n, time);
	}
	buf_str(&line, ",\"reason\":");
	json_quote_any(&line, reason, strlen(reason));
	if (r != NULL) {
		buf_clear(&p->scratch);
		text = record_text(r, &n, &p->scratch);
		buf_str(&line, ",\"record\":");
		json_quote_any(&line, text, n);
	}
	buf_str(&line, "}\n");
	if (write(p->rejects_fd, line.p, line.n) != (ssize_t)line.n)
		ret = err_sys(st->err, "cannot write '%s'", p->common.rejects);
	buf_release(&line);
	return ret;
}

int
stage_reject(struct stage *st, const struct record *r, const char *fmt, ...)
{
	char why[1000], place[40] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (r != NULL && r->number != 0)
		snprintf(place, sizeof(place),
			"line %llu: ", (unsigned long long)r->number);
	st->rejected++;
	if (keep(st, r, why, false) < 0)
		return -1;
	if (stage_on_error(st) == ON_ERROR_FAIL)
		return err_set(
			st->err, "%s%s (--on-error skip goes on)", place, why);
	if (st->priv->said++ < SAID_MOST)
		say(st, "%s%s", place, why);
	return 0;
}

bool
stage_kept(struct stage *st)
{
	bool kept = stage_on_error(st) == ON_ERROR_KEEP;

	st->priv->kept += kept;
	return kept;
}

void
stage_late(struct stage *st, const struct record *r, const char *fmt, ...)
{
	char why[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (keep(st, r, why, true) < 0)
		say(st, "%s", st->err->text);
}

int
stage_untimed(struct stage *st, const struct record *r, const char *fmt, ...)
{
	char why[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	st->untimed++;
	return keep(st, r, why, false);
}

void
stage_watch(struct stage *st, struct field *f)
{
	struct stage_private *p = st->priv;

	p->watched = mem_realloc(
		p->watched, (p->nwatched + 1) * sizeof(*p->watched));
	p->watched[p->nwatched++] = f;
}

void
stage_unwatch(struct stage *st)
{
	st->priv->nwatched = 0;
	st->shape_id = 0;
}

int
stage_clash(struct stage *st, const struct record *r)
{
	struct stage_private *p = st->priv;
	char quoted[200];

	for (size_t i = 0; i < p->nwatched; i++) {
		struct field *f = p->watched[i];

		/* What expr_watched() gives is told of, not looked up. */
		if (f->path == NULL || f->name == NULL || !field_clashes(f, r))
			continue;
		return stage_reject(st, r, FIELD_CLASH,
			       err_quote(quoted, sizeof(quoted), f->path,
				       strlen(f->path))) < 0
			? -1
			: 1;
	}
	st->shape_id = r->shape->id;
	return 0;
}

/* How many watched fields have not been seen. */
static int
say_unseen(struct stage *st)
{
	struct stage_private *p = st->priv;
	int n = 0;

	for (size_t i = 0; i < p->nwatched && st->records_in > 0; i++) {
		const struct field *f = p->watched[i];

		/* What nobody has looked for may be there: an input may have
		 * had no record. */
		if (f->seen || f->id == 0 ||
			(st->in.fields != NULL && st->op->merge == NULL))
			continue;
		say(st,
			f->near != NULL
				? "no record had a field '%s' (did you mean '%s'?)"
				: "no record had a field '%s'",
			f->path, f->near);
		n++;
	}
	return n;
}

void
say_too_long(struct stage *st, const char *line, size_t n)
{
	struct record r = {.line = line,
		.nline = n < 200 ? (uint32_t)n : 200,
		.number = st->op->source != NULL
			? st->records_out + st->rejected + 1
			: st->records_in};

	stage_reject(st, &r, "the line is longer than %lld bytes (--max-line)",
		(long long)stage_max_line(st));
}

/* Most programs cannot keep a record, whatever --on-error says. */
static void
say_refused(const struct stage *st)
{
	uint64_t kept = st->priv->kept, skipped = st->rejected - kept;
	const char *s = st->rejected == 1 ? "" : "s";
	unsigned long long all = st->rejected;

	if (skipped == 0)
		say(st, "%llu record%s refused, kept", all, s);
	else if (kept == 0)
		say(st, "%llu record%s refused, skipped", all, s);
	else
		say(st, "%llu record%s refused, %llu kept, %llu skipped", all,
			s, (unsigned long long)kept,
			(unsigned long long)skipped);
}

/* At the end: nothing is lost in silence. */
void
say_counts(struct stage *st)
{
	bool unseen = say_unseen(st) > 0;

	if (st->rejected > 0 && stage_on_error(st) != ON_ERROR_FAIL)
		say_refused(st);
	if (st->untimed > 0 && !(unseen && st->untimed == st->records_in))
		say(st, "%llu record%s had no %s and %s dropped",
			(unsigned long long)st->untimed,
			st->untimed == 1 ? "" : "s",
			st->untimed_what != NULL ? st->untimed_what : "time",
			st->untimed == 1 ? "was" : "were");
	if (st->late > 0)
		say(st, "%llu %s%s came after the watermark and %s dropped",
			(unsigned long long)st->late,
			st->late_what != NULL ? st->late_what : "record",
			st->late == 1 ? "" : "s",
			st->late == 1 ? "was" : "were");
}

void
say_statistics(struct stage *st)
{
	char time[TIME_MAX] = "none";
	size_t n = 4;

	if (st->now.watermark != WATERMARK_NONE)
		n = time_format_iso(st->now.watermark, time);
	say(st,
		"batch %lld, watermark %.*s, %llu records in, %llu out, "
		"%llu refused, %llu late",
		(long long)st->now.number, (int)n, time,
		(unsigned long long)st->records_in,
		(unsigned long long)st->records_out,
		(unsigned long long)st->rejected, (unsigned long long)st->late);
}

/* A batch that took longer than its trigger's interval; the others that did,
 * within a minute, are only counted. */
void
say_slow(struct stage *st, int64_t number, int64_t spent_us, bool blocked)
{
	struct chain *c = st->chain;
	const struct stage *last = chain_last(c);
	char took[TIME_MAX], interval[TIME_MAX], upto[100] = "",
						 others[80] = "";
	int64_t now = time_monotonic();
	int n = (int)duration_format(spent_us / 1000 * 1000, took),
	    m = (int)duration_format(st->in.interval_us, interval);

	if (c->slow_us != 0 && now - c->slow_us < SLOW_EVERY_US) {
		c->slow++;
		return;
	}
	if (st != last)
		snprintf(upto, sizeof(upto), ", up to '%s',", last->op->name);
	if (c->slow > 0)
		snprintf(others, sizeof(others),
			" (so did %llu others since "
			"the last such message)",
			(unsigned long long)c->slow);
	c->slow_us = now;
	c->slow = 0;
	say(st,
		"batch %lld%s took %.*s, longer than the trigger's interval of "
		"%.*s%s%s",
		(long long)number, upto, n, took, m, interval,
		blocked ? ": most of it went by until those behind had taken "
			  "it"
			: "",
		others);
}
