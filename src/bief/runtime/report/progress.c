/*
 * progress: a report for each batch, in the form of Spark's
 * StreamingQueryProgress, so that what reads the one can read the other.
 */
#include "runtime/report/progress.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "time/time.h"
#include "value/json.h"
#include "io/file.h"
#include "recovery/state/state.h"
#include "runtime/recover/recover_source.h"
#include "runtime/report/tell.h"
#include "floor/buf.h"
#include "floor/err.h"
#include "runtime/chain.h"
#include "runtime/plan/plan.h"
#include "runtime/recover/recover.h"
#include "runtime/stage.h"

/* What a report is made of. */
struct report {
	struct stage *st;
	const struct batch *b;
	uint64_t rows;       /* that it took, or, a source, gave */
	double spent, since; /* seconds: for the batch, from the last one on */
};

/* As Spark prints times: always three decimals. */
static void
put_time(struct buf *out, const char *key, int64_t us)
{
	int64_t ms = time_floor_div(us, 1000);
	char time[TIME_MAX];
	size_t n = time_format_iso(
		time_floor_div(ms, 1000) * TIME_SECOND, time);

	buf_printf(out, "\"%s\":\"%.*s.%03dZ\"", key, (int)n - 1, time,
		(int)(ms - time_floor_div(ms, 1000) * 1000));
}

static void
put_rates(struct buf *out, const struct report *r)
{
	buf_printf(out, "\"numInputRows\":%llu", (unsigned long long)r->rows);
	if (r->since > 0)
		buf_printf(out, ",\"inputRowsPerSecond\":%.1f",
			(double)r->rows / r->since);
	buf_printf(out, ",\"processedRowsPerSecond\":%.1f",
		(double)r->rows / r->spent);
}

static void
put_durations(struct buf *out, const struct report *r)
{
	const struct stage_private *p = r->st->priv;

	buf_str(out, ",\"durationMs\":{");
	if (r->st->op->sink != NULL)
		buf_printf(out, "\"addBatch\":%lld,",
			(long long)(p->took.batch_us / 1000));
	if (p->recovery.role == RECOVERY_SINK)
		buf_printf(out, "\"commitOffsets\":%lld,",
			(long long)(p->took.commit_us / 1000));
	if (p->recovery.role == RECOVERY_SOURCE)
		buf_printf(out, "\"walCommit\":%lld,",
			(long long)(p->took.wal_us / 1000));
	buf_printf(out, "\"triggerExecution\":%lld}",
		(long long)(r->spent * 1000));
}

static void
put_event_time(struct buf *out, const struct stage *st)
{
	const struct event_times *e = &st->event_times;
	int64_t watermark = st->now.watermark;

	if (e->n == 0 && watermark == WATERMARK_NONE)
		return;
	buf_str(out, ",\"eventTime\":{");
	if (e->n > 0) {
		put_time(out, "avg", e->avg);
		buf_byte(out, ',');
		put_time(out, "max", e->max);
		buf_byte(out, ',');
		put_time(out, "min", e->min);
	}
	if (e->n > 0 && watermark != WATERMARK_NONE)
		buf_byte(out, ',');
	if (watermark != WATERMARK_NONE)
		put_time(out, "watermark", watermark);
	buf_byte(out, '}');
}

static void
put_state(struct buf *out, const struct report *r)
{
	struct stage *st = r->st;
	const struct stage_private *p = st->priv;

	int64_t rows = tell_rows(st, false);

	if (rows == STAGE_NO_ROWS)
		return;
	buf_printf(out,
		",\"stateOperators\":[{\"operatorName\":\"%s\","
		"\"numRowsTotal\":%lld,\"memoryUsedBytes\":%zu,"
		"\"numRowsDroppedByWatermark\":%llu",
		st->op->name, (long long)rows, state_bytes(st->state),
		(unsigned long long)(st->late - p->batch_late));
	if (recover_on(&p->recovery))
		buf_printf(out, ",\"commitTimeMs\":%lld",
			(long long)(p->took.commit_us / 1000));
	buf_str(out, "}]");
}

static void
put_description(struct buf *out, const struct stage *st)
{
	const struct vitals *v = st->chain->vitals;
	const struct vitals_stage *s = &v->stages[st->place];

	buf_str(out, "{\"description\":");
	json_quote_any(out, (const char *)v + s->command, s->ncommand);
}

static void
put_ends(struct buf *out, const struct report *r)
{
	const char *from, *to;

	if (r->st->op->source != NULL) {
		buf_str(out, ",\"sources\":[");
		put_description(out, r->st);
		recover_source_span(r->st, &from, &to);
		if (from != NULL)
			buf_printf(out, ",\"startOffset\":%s", from);
		if (to != NULL)
			buf_printf(out, ",\"endOffset\":%s", to);
		buf_byte(out, ',');
		put_rates(out, r);
		buf_str(out, "}]");
	} else if (r->st->op->sink != NULL) {
		buf_str(out, ",\"sink\":");
		put_description(out, r->st);
		buf_printf(out, ",\"numOutputRows\":%llu}",
			(unsigned long long)r->rows);
	} else
		buf_printf(out, ",\"numOutputRows\":%llu",
			(unsigned long long)(r->st->records_out -
				r->st->priv->batch_out));
}

static void
put_name(struct buf *out, const struct stage *st)
{
	const char *name = st->priv->common.name != NULL ? st->priv->common.name
							 : st->op->name;

	if (st->out.identity != NULL)
		buf_printf(out, "\"id\":\"%s\",", st->out.identity);
	if (st->out.runs.n > 0)
		buf_printf(out, "\"runId\":\"%s\",", st->out.runs.s[0]);
	buf_str(out, "\"name\":");
	json_quote_any(out, name, strlen(name));
}

static void
put_report(struct buf *out, const struct report *r)
{
	buf_byte(out, '{');
	put_name(out, r->st);
	buf_byte(out, ',');
	put_time(out, "timestamp", r->b->time_us);
	buf_printf(out, ",\"batchId\":%lld,\"batchDuration\":%lld,",
		(long long)r->b->number, (long long)(r->spent * 1000));
	put_rates(out, r);
	put_durations(out, r);
	put_event_time(out, r->st);
	put_state(out, r);
	put_ends(out, r);
	buf_str(out, "}\n");
}

/* For people who look later; on a terminal there is the ticker. */
static void
put_line(struct buf *out, const struct report *r)
{
	const struct stage *st = r->st;
	char time[TIME_MAX];

	buf_printf(out, "%s: batch %lld, %llu records in, %llu out",
		st->op->name, (long long)r->b->number,
		(unsigned long long)st->records_in,
		(unsigned long long)st->records_out);
	if (r->b->watermark != WATERMARK_NONE)
		buf_printf(out, ", watermark %.*s",
			(int)time_format_iso(r->b->watermark, time), time);
	buf_byte(out, '\n');
}

static int
open_progress(struct stage *st)
{
	struct stage_private *p = st->priv;

	if (strcmp(p->common.progress, "-") == 0)
		p->progress_fd = STDERR_FILENO;
	else if (p->progress_fd < 0)
		p->progress_fd = open(p->common.progress,
			O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	return p->progress_fd < 0
		? err_sys(st->err, "cannot write '%s'", p->common.progress)
		: 0;
}

int
progress_batch(struct stage *st, const struct batch *b)
{
	struct stage_private *p = st->priv;
	int64_t spent = time_monotonic() - p->started_us;
	struct report r = {.st = st,
		.b = b,
		.rows = st->op->source != NULL ? st->records_out - p->batch_out
					       : st->records_in - p->batch_in,
		.spent = (double)(spent < 1000 ? 1000 : spent) / 1e6};
	struct buf out;
	int ret = 0;

	if (p->common.progress == NULL)
		return 0;
	if (st->chain->ticker.st != NULL &&
		strcmp(p->common.progress, "-") == 0)
		return 0;
	if (open_progress(st) < 0)
		return -1;
	if (p->reported_us != 0 && p->started_us > p->reported_us)
		r.since = (double)(p->started_us - p->reported_us) / 1e6;
	p->reported_us = p->started_us;
	buf_init(&out);
	if (p->progress_fd == STDERR_FILENO)
		put_line(&out, &r);
	else
		put_report(&out, &r);
	if (file_add(p->progress_fd, out.p, out.n) < 0)
		ret = err_sys(st->err, "cannot write '%s'", p->common.progress);
	buf_release(&out);
	return ret;
}

void
progress_close(struct stage *st)
{
	if (st->priv->progress_fd > STDERR_FILENO)
		close(st->priv->progress_fd);
}
