/*
 * extent: what brokers say of offsets is looked at again and again: partitions
 * come and go, and logs are cut at their beginning or made anew, while they are
 * read and between two runs.
 */
#include "sources/kafka/extent.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "runtime/stage.h"

#define LOOK_US TIME_SECOND /* how often to look what topics there are */

/* Messages are gone that were to be read.  0: go on without. */
static int
extent_lose(struct extent *x, struct stage *st, const char *fmt, ...)
{
	char what[500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (x->on_data_loss == EXTENT_LOSS_FAIL)
		return err_set(st->err,
			"%s (--on-data-loss warn goes on with "
			"what is there)",
			what);
	stage_warn(st, "%s", what);
	return 0;
}

/* What has been deleted is forgotten: should it come again, it is new. */
static int
extent_drop_gone(struct extent *x, struct stage *st)
{
	for (size_t i = 0; i < x->topics.n;) {
		struct topics_part *p = x->topics.p[i];

		if (!p->gone) {
			i++;
			continue;
		}
		if (extent_lose(x, st,
			    "partition %d of topic '%s' has been deleted, or "
			    "is not read any more: what came there behind "
			    "offset "
			    "%lld is lost",
			    (int)p->number, p->topic,
			    (long long)p->next - 1) < 0)
			return -1;
		topics_remove(&x->topics, i);
		if (x->at > i)
			x->at--;
	}
	return 0;
}

int
extent_look(struct extent *x, struct stage *st)
{
	int rc;

	if (x->looked_us != 0 && time_monotonic() - x->looked_us < LOOK_US)
		return 1;
	rc = topics_look(&x->topics, st->err);
	if (rc <= 0)
		return rc;
	x->looked_us = time_monotonic();
	if (x->topics.n == 0 && !x->none_told)
		stage_warn(st, "'%s' has no topic that matches '%s'%s",
			x->topics.k->brokers, x->pattern,
			x->ends ? "" : " yet");
	x->none_told = x->topics.n == 0;
	return extent_drop_gone(x, st) < 0 ? -1 : 1;
}

void
extent_look_again(struct extent *x)
{
	x->looked_us = 0;
}

/* Ask for what a bound says of partitions whose answer is TOPICS_UNKNOWN. */
static int
extent_ask(struct extent *x, struct stage *st, const struct bounds *b,
	struct topics_part **parts, size_t n)
{
	struct topics_part **asked = mem_alloc((n + 1) * sizeof(*asked));
	int64_t *what = mem_alloc((n + 1) * sizeof(*what));
	size_t k = 0, later = 0;
	int rc;

	for (size_t i = 0; i < n; i++) {
		asked[k] = parts[i];
		if (bounds_offset(b, parts[i], &what[k]))
			parts[i]->answer = what[k];
		else
			k++;
	}
	rc = topics_ask(&x->topics, asked, what, k, st->err);
	/* Where nothing is as new as a time, it is the end. */
	for (size_t i = 0; rc > 0 && i < k; i++) {
		if (asked[i]->answer >= 0)
			continue;
		asked[later] = asked[i];
		what[later++] = TOPICS_LATEST;
	}
	if (rc > 0)
		rc = topics_ask(&x->topics, asked, what, later, st->err);
	free(asked);
	free(what);
	return rc;
}

/* Partitions that are new begin where the user says, later ones at their
 * beginning. */
int
extent_starts(struct extent *x, struct stage *st)
{
	static const struct bounds whole = {.what = TOPICS_EARLIEST};
	struct topics_part **parts;
	size_t n = 0;
	int rc;

	parts = mem_alloc((x->topics.n + 1) * sizeof(struct topics_part *));
	for (size_t i = 0; i < x->topics.n; i++)
		if (x->topics.p[i]->start == TOPICS_UNKNOWN)
			parts[n++] = x->topics.p[i];
	rc = n == 0
		? 1
		: extent_ask(x, st, x->resumed ? &whole : &x->from, parts, n);
	for (size_t i = 0; rc > 0 && i < n; i++) {
		struct topics_part *p = parts[i];

		p->start = p->next = p->end = p->answer;
		/* Behind the end that was fixed at the start. */
		p->goal = x->known && x->ends ? p->next : INT64_MAX;
	}
	free(parts);
	return rc;
}

/* The log is shorter than what was read of it. */
static int
extent_is_shorter(
	struct extent *x, struct stage *st, struct topics_part *p, int64_t end)
{
	if (extent_lose(x, st,
		    "partition %d of topic '%s' ends at offset %lld and had "
		    "been read up to %lld: it has been made anew, and what it "
		    "had "
		    "is lost",
		    (int)p->number, p->topic, (long long)end,
		    (long long)p->next) < 0)
		return -1;
	topics_stop(p);
	p->next = 0;
	return 0;
}

int
extent_goals(struct extent *x, struct stage *st)
{
	int rc;

	if (!x->ends)
		return 1;
	if (bounds_check(&x->to, &x->topics, st->err) < 0)
		return err_in(st->err, "--to");
	rc = extent_ask(x, st, &x->to, x->topics.p, x->topics.n);
	for (size_t i = 0; rc > 0 && i < x->topics.n; i++) {
		struct topics_part *p = x->topics.p[i];

		p->goal = p->answer;
		if (x->to.what == TOPICS_LATEST && p->goal < p->next &&
			extent_is_shorter(x, st, p, p->goal) < 0)
			return -1;
	}
	return rc;
}

int
extent_ends(struct extent *x, struct stage *st)
{
	static const struct bounds end = {.what = TOPICS_LATEST};
	int rc = x->ends ? 1
			 : extent_ask(x, st, &end, x->topics.p, x->topics.n);

	for (size_t i = 0; rc > 0 && i < x->topics.n; i++) {
		struct topics_part *p = x->topics.p[i];

		p->end = x->ends ? p->goal : p->answer;
		if (!x->ends && p->end < p->next &&
			extent_is_shorter(x, st, p, p->end) < 0)
			return -1;
	}
	if (rc > 0 && x->max_records > 0)
		topics_share(&x->topics, x->max_records);
	return rc;
}

/* Ask until it is known, or we are to stop: 1, 0, -1. */
static int
extent_ask_at_length(struct extent *x, struct stage *st, struct topics_part *p,
	int64_t what, int64_t *offset)
{
	int rc;

	while ((rc = topics_ask(&x->topics, &p, &what, 1, st->err)) == 0)
		if (stage_stopping())
			return 0;
	*offset = p->answer;
	return rc;
}

int
extent_jump(struct extent *x, struct stage *st, struct topics_part *p)
{
	int64_t low, end;
	int rc = extent_ask_at_length(x, st, p, TOPICS_EARLIEST, &low);

	if (rc > 0)
		rc = extent_ask_at_length(x, st, p, TOPICS_LATEST, &end);
	if (rc <= 0)
		return rc;
	topics_stop(p);
	if (p->next > end) {
		if (extent_is_shorter(x, st, p, end) < 0)
			return -1;
		p->next = low;
	} else if (p->next < low) {
		if (extent_lose(x, st,
			    "offsets %lld to %lld of partition %d of topic "
			    "'%s' are gone: they were deleted before they were "
			    "read",
			    (long long)p->next, (long long)low - 1,
			    (int)p->number, p->topic) < 0)
			return -1;
		p->next = low;
	}
	if (p->end > end && p->end != INT64_MAX)
		p->end = end;
	return 0;
}

bool
extent_more(const struct extent *x)
{
	for (size_t i = 0; i < x->topics.n; i++) {
		const struct topics_part *p = x->topics.p[i];

		if (p->next < (x->ends ? p->goal : p->answer))
			return true;
	}
	return false;
}

void
extent_release(struct extent *x)
{
	topics_release(&x->topics);
	bounds_release(&x->from);
	bounds_release(&x->to);
}
