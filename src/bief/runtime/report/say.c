/*
 * say: a program's words. Each message is one write, so that the programs of a
 * pipeline do not mix theirs, and its data are cleaned, for they may be
 * hostile.
 */
#include "runtime/report/say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "floor/mem.h"
#include "time/duration.h"
#include "time/time.h"
#include "value/json.h"
#include "recovery/state/state.h"
#include "runtime/chain.h"
#include "runtime/report/line.h"
#include "runtime/threads/capture.h"

#define SLOW_EVERY_US (60 * TIME_SECOND) /* messages about slow batches */

static void
say_text(const struct stage *st, const char *text)
{
	struct buf clean, line;
	size_t first;

	if (st->chain->capture != NULL)
		capture_say(st, text);
	if (st->chain->silent)
		return;
	chain_settle(st->chain);
	buf_init(&clean);
	buf_init(&line);
	buf_printf(&clean, "%s: %s", st->op->name, text);
	/* Data have their part in many messages, and may be hostile. */
	err_clean(buf_cstr(&clean));
	first = strcspn(buf_cstr(&clean), "\n");
	buf_add(&line, clean.p, first);
	/* Another program may have drawn a line there: its rest goes. */
	if (line_terminal())
		buf_str(&line, "\033[K");
	buf_add(&line, clean.p + first, clean.n - first);
	buf_byte(&line, '\n');
	line_hide();
	/* One write, so that programs of a pipeline do not mix their words. */
	if (write(STDERR_FILENO, line.p, line.n) < 0)
		errno = 0;
	buf_release(&line);
	buf_release(&clean);
}

void
say_list(const struct stage *st, const char *fmt, va_list ap)
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
	say_list(st, fmt, ap);
	va_end(ap);
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
		if (field_renames(f->path))
			say(st, "no record had a field '%s': " FIELD_RENAMES,
				f->path);
		else
			say(st,
				f->near != NULL
					? "no record had a field '%s' (did you mean '%s'?)"
					: "no record had a field '%s'",
				f->path, f->near);
		n++;
	}
	return n;
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

	if (st->rejected > 0 && chain_on_error(st) != ON_ERROR_FAIL)
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
