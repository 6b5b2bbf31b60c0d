/*
 * stream-rate: makes records with a time and a number, so many a second.
 *
 * Time: the clock at which a record is due, in "timestamp".
 * Watermark: none.
 * State: its position: when it was first started and how far it has come.
 * Restart: the records that fell due in the meantime come at once.
 *
 * It is long because batches are made by the clock or by a number of records,
 * and either must come to the same values again after a restart.
 */
#include <string.h>

#include "floor/err.h"
#include "time/time.h"
#include "value/json.h"
#include "runtime/stage.h"

#define BURST 8192 /* records at one call */
#define NOT_GIVEN (-1)

/*
 * Two ways, Spark's "rate" and "rate-micro-batch".  In the first what is due is
 * planned by whole seconds since the first start; in the second a batch is so
 * many rows of one time.
 */
struct stream_rate {
	int64_t rate, ramp_us, count;
	int64_t per_batch, advance_us;
	const char *start;

	int64_t first_us;             /* clock of the first start, or --start */
	int64_t clock_us, clock_mono; /* what time_now said, and when */
	int64_t seconds;              /* planned so far (second way: batches) */
	int64_t value;                /* next one */
	int64_t upto;                 /* end of the plan */
	int64_t from, span_seconds,
		from_seconds; /* the plan: its first value */
	int64_t stop; /* seconds at which a batch run again ends, or -1 */
	bool begun;
	struct shape *shape;
	struct slots slots;
};

static const struct opt stream_rate_opts[] = {
	{"rate", 'r', OPT_INT, offsetof(struct stream_rate, rate), "N",
		"records a second (1)", .least = 1, .most = INT32_MAX},
	{"ramp-up", 0, OPT_DURATION, offsetof(struct stream_rate, ramp_us), "D",
		"reach the rate after this long, in equal steps"},
	{"count", 'n', OPT_INT, offsetof(struct stream_rate, count), "N",
		"end after so many records", .least = 1},
	{"rows-per-batch", 0, OPT_INT, offsetof(struct stream_rate, per_batch),
		"N", "N records a batch, independent of the clock", .least = 1,
		.most = INT32_MAX},
	{"start", 0, OPT_STRING, offsetof(struct stream_rate, start), "TIME",
		"time of the first such batch (1970-01-01)"},
	{"advance", 0, OPT_DURATION, offsetof(struct stream_rate, advance_us),
		"D", "time from such a batch to the next (1s)"},
	OPT_END};

static void
stream_rate_defaults(void *self)
{
	struct stream_rate *s = self;

	s->rate = NOT_GIVEN;
	s->advance_us = NOT_GIVEN;
	s->stop = -1;
}

static int
stream_rate_open(struct stage *st)
{
	struct stream_rate *s = STAGE(st, stream_rate);

	if (s->per_batch > 0 && (s->rate != NOT_GIVEN || s->ramp_us > 0))
		return err_as(st->err, STATUS_USAGE,
			"--rows-per-batch counts records, not seconds: leave "
			"--rate and --ramp-up away");
	if (s->ramp_us % TIME_SECOND != 0)
		return err_as(st->err, STATUS_USAGE,
			"--ramp-up goes by whole seconds");
	if ((s->start || s->advance_us != NOT_GIVEN) && s->per_batch == 0)
		return err_as(st->err, STATUS_USAGE,
			"--%s belongs to --rows-per-batch",
			s->start ? "start" : "advance");
	if (s->rate == NOT_GIVEN)
		s->rate = 1;
	if (s->advance_us == NOT_GIVEN)
		s->advance_us = TIME_SECOND;
	if (s->start &&
		time_parse(s->start, strlen(s->start), stage_zone(st),
			time_now(), &s->first_us) < 0)
		return err_as(st->err, STATUS_USAGE,
			"--start: '%s' is not a time", s->start);
	return 0;
}

static int
stream_rate_plan(struct stage *st, struct plan *p)
{
	struct stream_rate *s = STAGE(st, stream_rate);

	s->shape = shape_extend(shape_empty(st->shapes), "timestamp", 9);
	s->shape = shape_extend(s->shape, "value", 5);
	if (p->stream == 0 && !p->explain)
		return 0;
	schema_free(p->fields);
	p->fields = schema_new();
	schema_add(p->fields, "timestamp", type_new(TYPE_TIMESTAMP));
	schema_add(p->fields, "value", type_new(TYPE_LONG));
	return 0;
}

/* Records up to a whole second since the first start (Spark's
 * valueAtSecond); INT64_MAX when that is more than there can be. */
static int64_t
value_at(const struct stream_rate *s, int64_t seconds)
{
	int64_t ramp = s->ramp_us / TIME_SECOND, step = s->rate / (ramp + 1);
	int64_t in_ramp = seconds < ramp ? seconds : ramp;
	__int128 n = (__int128)in_ramp * (in_ramp + 1) / 2 * step;

	n += (__int128)(seconds - in_ramp) * s->rate;
	return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

/* The clock, which goes on even where time_now stands still (in tests). */
static int64_t
clock_now(struct stream_rate *s)
{
	return s->clock_us + time_monotonic() - s->clock_mono;
}

static void
start_clock(struct stage *st)
{
	struct stream_rate *s = STAGE(st, stream_rate);

	s->clock_us = time_now();
	s->clock_mono = time_monotonic();
	if (s->first_us == 0 && s->per_batch == 0)
		s->first_us = s->clock_us / 1000 * 1000;
	stage_ready(st);
}

/* What is due now becomes the plan of the batch. */
static void
make_plan(struct stream_rate *s, enum trigger_kind trigger)
{
	int64_t due = s->stop;

	if (due < 0 && s->per_batch > 0)
		due = s->seconds + 1;
	else if (due < 0)
		due = (clock_now(s) - s->first_us) / TIME_SECOND;
	if (due <= s->seconds)
		return;
	/* Without batches each second is planned by itself, so that the same
	 * records come however late the process was called. */
	if (trigger == TRIGGER_NONE)
		due = s->seconds + 1;
	s->from = s->value;
	s->from_seconds = s->seconds;
	s->span_seconds = due - s->seconds;
	s->upto = s->per_batch > 0 ? due * s->per_batch : value_at(s, due);
	if (s->count > 0 && s->upto > s->count)
		s->upto = s->count;
	s->seconds = due;
}

/* Time of so many batches; the end of time where it would be beyond. */
static int64_t
advanced(const struct stream_rate *s, int64_t batches)
{
	int64_t by;

	if (__builtin_mul_overflow(batches, s->advance_us, &by))
		return INT64_MAX;
	return time_add(s->first_us, by);
}

/* Time of a value of the plan. */
static int64_t
time_of(const struct stream_rate *s, int64_t value)
{
	int64_t rows = value_at(s, s->seconds) - s->from, ms;
	double per_value;

	if (s->per_batch > 0)
		return advanced(s, value / s->per_batch);
	per_value = (double)(s->span_seconds * 1000) / (double)rows;
	/* Math.round: half up. */
	ms = (int64_t)((double)(value - s->from) * per_value + 0.5);
	return s->first_us + s->from_seconds * TIME_SECOND + ms * 1000;
}

static int
emit_upto(struct stage *st, int64_t upto)
{
	struct stream_rate *s = STAGE(st, stream_rate);
	struct record r;

	for (; s->value < upto; s->value++) {
		record_new(&r, s->shape, &s->slots);
		record_set(&r, 0, value_time(time_of(s, s->value)));
		record_set(&r, 1, value_int(s->value));
		if (stage_emit(st, &r) < 0)
			return -1;
	}
	return 0;
}

static int
stream_rate_pull(struct stage *st)
{
	struct stream_rate *s = STAGE(st, stream_rate);
	enum trigger_kind trigger = st->out.trigger;
	int how = PULL_WAIT;

	if (s->clock_mono == 0)
		start_clock(st);
	if (s->value == s->upto && !s->begun)
		make_plan(s, trigger);
	s->begun = true;
	if (s->value < s->upto) {
		int64_t n = s->upto - s->value;

		if (emit_upto(st, s->value + (n < BURST ? n : BURST)) < 0)
			return -1;
		if (s->value < s->upto)
			return PULL_MORE;
	}
	s->begun = false;
	if (s->stop >= 0)
		how = PULL_BATCH;
	else if (s->count > 0 && s->value >= s->count)
		how = PULL_END;
	else if (trigger == TRIGGER_ONCE || trigger == TRIGGER_AVAILABLE)
		how = PULL_END;
	else if (s->per_batch > 0)
		how = trigger == TRIGGER_NONE ? PULL_MORE : PULL_BATCH;
	s->stop = -1;
	return how;
}

static int
stream_rate_wait(
	struct stage *st, struct pollfd *fds, int max, int64_t *deadline)
{
	struct stream_rate *s = STAGE(st, stream_rate);

	*deadline = time_now() + s->first_us + (s->seconds + 1) * TIME_SECOND -
		clock_now(s);
	return 0;
}

static int
stream_rate_mark(struct stage *st, struct buf *out)
{
	struct stream_rate *s = STAGE(st, stream_rate);

	buf_printf(out, "{\"start\":%lld,\"seconds\":%lld,\"value\":%lld}",
		(long long)s->first_us, (long long)s->seconds,
		(long long)s->value);
	return 0;
}

static int
read_mark(const char *text, int64_t n[3])
{
	static const char *const names[] = {"start", "seconds", "value"};
	struct json_error e;
	struct value v, member;
	struct buf b;
	int i, rc = 0;

	buf_init(&b);
	buf_str(&b, text);
	buf_need(&b, JSON_PADDING);
	if (!json_read(b.p, b.p + b.n, 0, &v, &e) || v.type != VALUE_OBJECT)
		rc = -1;
	for (i = 0; rc == 0 && i < 3; i++) {
		if (!json_get(&v, names[i], strlen(names[i]), &member)) {
			rc = -1;
			break;
		}
		member = value_number(&member, false);
		n[i] = member.i;
		rc = member.type == VALUE_INT ? 0 : -1;
	}
	buf_release(&b);
	return rc;
}

static int
stream_rate_seek(struct stage *st, const char *from, const char *to)
{
	struct stream_rate *s = STAGE(st, stream_rate);
	int64_t f[3], t[3];

	if ((from && read_mark(from, f) < 0) || (to && read_mark(to, t) < 0))
		return err_as(st->err, STATUS_DAMAGED,
			"the position of the source is damaged");
	if (from || to)
		s->first_us = from ? f[0] : t[0];
	s->seconds = from ? f[1] : 0;
	s->value = s->upto = from ? f[2] : 0;
	s->stop = to ? t[1] : -1;
	s->begun = false;
	return 0;
}

static void
stream_rate_close(struct stage *st)
{
	slots_release(&STAGE(st, stream_rate)->slots);
}

static const struct source stream_rate_source = {
	.pull = stream_rate_pull,
	.wait = stream_rate_wait,
	.mark = stream_rate_mark,
	.seek = stream_rate_seek,
};

const struct op op_stream_rate = {
	.name = "stream-rate",
	.about = "make so many records a second",
	.synopsis = "[--rate N] [--ramp-up D] [--count N] | "
		    "--rows-per-batch N [--start TIME] [--advance D]",
	.opts = stream_rate_opts,
	.size = sizeof(struct stream_rate),
	.defaults = stream_rate_defaults,
	.open = stream_rate_open,
	.plan = stream_rate_plan,
	.source = &stream_rate_source,
	.close = stream_rate_close,
};
