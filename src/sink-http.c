/*
 * sink-http: posts each batch, or each record, to an HTTP server.
 *
 * Time: none.
 * Watermark: ends here.
 * State: none of its own; the commits tell which batches the server has.
 * Restart: a batch that was not committed is posted again, in the same parts
 * and under the same keys.
 *
 * It is long because it waits for answers itself: a batch is not committed
 * before the server has it.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "floor/err.h"
#include "io/service/http.h"
#include "io/service/retry.h"
#include "runtime/stage.h"
#include "time/time.h"
#include "value/record.h"
#include "floor/mem.h"

#define PAUSE_US (TIME_SECOND / 2)
#define PAUSE_MOST_US (30 * TIME_SECOND)
#define RETRIES 8
#define PATIENCE_US (TIME_SECOND / 10) /* then it looks for signals */
#define GRACE_US (2 * TIME_SECOND)
#define TIMEOUT_US (30 * TIME_SECOND)
#define BODY_BYTES ((int64_t)4 << 20)
#define LINGER_US TIME_SECOND

enum format { FORMAT_NDJSON, FORMAT_ARRAY };

/* Where one request's records end in the text of the batch. */
struct part {
	size_t end;
};

struct sink_http {
	/* options */
	bool each;
	int format;
	const char *headers, *ca, *type;
	int64_t max_records, max_bytes, timeout_us, retries, linger_us;
	/* state */
	struct http *http;
	bool whole;      /* no batches: what is full goes at once */
	struct buf text; /* the records of the batch, each ended by LF */
	struct part *parts;
	size_t nparts, room;
	size_t begun;    /* where the part that is being filled begins */
	int64_t records; /* in it */
	int64_t since;   /* time_monotonic of its first record */
	uint64_t sent;   /* requests of the batch, or of the run */
	struct buf key, body, header_key, header_type;
	bool failed; /* that has been told */
};

#define AT(member) offsetof(struct sink_http, member)

static const struct opt sink_http_opts[] = {
	{"each", 0, OPT_FLAG, AT(each), NULL,
		"a request for each record, which is its body"},
	{"format", 0, OPT_ENUM, AT(format), "ndjson|array",
		"a body is lines of JSON, or one array"},
	{"content-type", 0, OPT_STRING, AT(type), "TYPE",
		"say this of the body instead of what it is"},
	{"max-records", 0, OPT_INT, AT(max_records), "N",
		"more than N records of a batch go in several requests",
		.least = 1},
	{"max-bytes", 0, OPT_SIZE, AT(max_bytes), "SIZE",
		"and more than so many bytes (4M)", .least = 1},
	{"linger", 0, OPT_DURATION, AT(linger_us), "D",
		"without batches: send no later than this (1s)"},
	{"headers", 0, OPT_STRING, AT(headers), "FILE",
		"send these headers, a line each, such as tokens", .file = true,
		.free = true},
	{"ca", 0, OPT_STRING, AT(ca), "FILE",
		"trust these authorities instead of the system's", .file = true,
		.free = true},
	{"timeout", 0, OPT_DURATION, AT(timeout_us), "D",
		"when nothing has come for so long, try again (30s)",
		.free = true, .least = 1000},
	{"retries", 0, OPT_INT, AT(retries), "N",
		"give up after so many tries more (8)", .free = true},
	OPT_END};

static const struct opt_slip sink_http_slips[] = {
	{"url", "the URL is an operand: sink-http URL"},
	{"header",
		"headers stand in a file, where no other user sees them: "
		"--headers FILE"},
	{"insecure",
		"certificates are always checked; --ca FILE names an "
		"authority of your own"},
	{NULL, NULL}};

static void
sink_http_defaults(void *self)
{
	struct sink_http *s = self;

	s->max_records = INT64_MAX;
	s->max_bytes = BODY_BYTES;
	s->timeout_us = TIMEOUT_US;
	s->retries = RETRIES;
	s->linger_us = LINGER_US;
}

static bool
is_type(const char *type)
{
	for (const char *p = type; *p != '\0'; p++)
		if ((unsigned char)*p < ' ')
			return false;
	return strchr(type, '/') != NULL;
}

static int
sink_http_open(struct stage *st)
{
	struct sink_http *s = STAGE(st, sink_http);
	struct http_options o = {s->headers, s->ca, s->timeout_us};
	const char *type = s->each || s->format == FORMAT_ARRAY
		? "application/json"
		: "application/x-ndjson";

	if (st->noperands != 1)
		return err_as(st->err, STATUS_USAGE,
			"expected one URL: http://HOST/PATH or https://...");
	if (s->each &&
		(s->format != FORMAT_NDJSON || s->max_records != INT64_MAX))
		return err_as(st->err, STATUS_USAGE,
			"--each posts every "
			"record by itself: leave --format and --max-records "
			"away");
	if (s->type != NULL && !is_type(s->type))
		return err_as(st->err, STATUS_USAGE,
			"--content-type: expected "
			"something like application/json");
	if (s->each)
		s->max_records = 1;
	buf_printf(&s->header_type, "Content-Type: %s",
		s->type != NULL ? s->type : type);
	buf_cstr(&s->header_type);
	s->http = http_new(st->operands[0], &o, st->err);
	return s->http != NULL ? 0 : -1;
}

/* What all keys of this run begin with: of a checkpoint the same for ever. */
static int
sink_http_restore(struct stage *st)
{
	struct sink_http *s = STAGE(st, sink_http);
	uint64_t random[2] = {0, 0};

	if (st->in.checkpoint == NULL) {
		if (getrandom(random, sizeof(random), 0) < 0)
			return err_sys(st->err, "cannot make up a key");
		buf_printf(&s->key, "%016llx%016llx",
			(unsigned long long)random[0],
			(unsigned long long)random[1]);
		return 0;
	}
	buf_printf(&s->key, "%s-%s", st->in.identity, st->in.stage);
	/* Names of stages may hold what a header should not. */
	for (size_t i = 0; i < s->key.n; i++)
		if ((unsigned char)s->key.p[i] <= ' ' ||
			(unsigned char)s->key.p[i] >= 0x7F ||
			strchr("\"\\,", s->key.p[i]) != NULL)
			s->key.p[i] = '_';
	return 0;
}

static int
sink_http_plan(struct stage *st, struct plan *p)
{
	struct sink_http *s = STAGE(st, sink_http);

	s->whole = p->stream == 0;
	return 0;
}

static void
sink_http_target(struct stage *st, struct buf *what, struct buf *path)
{
	buf_str(what, "the URL ");
	buf_str(what, http_name(STAGE(st, sink_http)->http));
}

/* ---- one request ---- */

/* A turn of the request, or of a pause until then: 0, or -1 when we are told to
 * end. */
static int
wait_until(struct stage *st, int64_t due)
{
	struct sink_http *s = STAGE(st, sink_http);
	struct pollfd fd = {.fd = http_fd(s->http), .events = POLLIN};
	int64_t left = due == INT64_MAX ? PATIENCE_US : due - time_monotonic();

	if (left > PATIENCE_US)
		left = PATIENCE_US;
	if (left > 0)
		poll(&fd, 1, (int)((left + 999) / 1000));
	return stage_stopping() ? -1 : 0;
}

static int
stopped(struct stage *st)
{
	struct sink_http *s = STAGE(st, sink_http);

	http_stop(s->http);
	return err_set(st->err, "stopped before '%s' had accepted a request%s",
		http_name(s->http),
		st->in.checkpoint != NULL ? ": the next run sends it again"
					  : "");
}

/* One try: 1, the server has it; 0, it may be tried again (st->err tells why);
 * -1, for ever. */
static int
try_once(struct stage *st, const struct http_request *q)
{
	struct sink_http *s = STAGE(st, sink_http);
	int event, status;
	int64_t told = 0; /* when we were told to end */

	if (http_begin(s->http, q, st->err) < 0)
		return -1;
	while ((event = http_step(s->http, st->err)) != HTTP_DONE) {
		if (event < 0)
			return http_lasting(s->http) ? -1 : 0;
		if (event == HTTP_SOME)
			buf_clear(http_body(s->http));
		/* What is under way may still be answered. */
		if (wait_until(st, http_due(s->http)) < 0) {
			if (told == 0)
				told = time_monotonic();
			if (time_monotonic() - told > GRACE_US)
				return stopped(st);
		}
	}
	status = http_status(s->http);
	if (status >= 200 && status < 300)
		return 1;
	http_refused(s->http, st->err);
	return http_passing(status) ? 0 : -1;
}

/* Until the server has it.  0 or -1. */
static int
post(struct stage *st, const struct http_request *q)
{
	struct sink_http *s = STAGE(st, sink_http);
	struct retry retry = {PAUSE_US, PAUSE_MOST_US, s->retries, 0};
	char why[sizeof(st->err->text)];
	int64_t pause, due;
	int rc;

	while ((rc = try_once(st, q)) == 0) {
		pause = retry_pause(&retry, http_retry_after_us(s->http));
		if (pause < 0) {
			memcpy(why, st->err->text, sizeof(why));
			return err_set(st->err,
				"%s (given up after %lld tries "
				"more, see --retries)",
				why, (long long)s->retries);
		}
		if (!s->failed)
			stage_warn(st, "%s: trying again", st->err->text);
		s->failed = true;
		for (due = time_monotonic() + pause; time_monotonic() < due;)
			if (wait_until(st, due) < 0)
				return stopped(st);
	}
	if (rc > 0 && s->failed) {
		stage_warn(st, "'%s' accepts again", http_name(s->http));
		s->failed = false;
	}
	return rc < 0 ? -1 : 0;
}

/* The lines as an array. */
static void
put_array(struct sink_http *s, const char *p, size_t n)
{
	buf_clear(&s->body);
	buf_byte(&s->body, '[');
	buf_add(&s->body, p, n);
	/* Of JSON on a line no byte is an end of line but the one at its end. */
	for (char *lf = s->body.p;
		(lf = memchr(lf, '\n', (size_t)(s->body.p + s->body.n - lf))) !=
		NULL;)
		*lf = ',';
	s->body.p[s->body.n - 1] = ']';
	buf_byte(&s->body, '\n');
}

/* Does a refusal mean this record, so that --on-error can leave it out? */
static bool
is_of_record(int status)
{
	return status == 400 || status == 413 || status == 415 || status == 422;
}

/* Post lines as one request.  0 or -1. */
static int
send_lines(struct stage *st, const char *p, size_t n)
{
	struct sink_http *s = STAGE(st, sink_http);
	const char *headers[3] = {s->header_type.p, NULL, NULL};
	struct http_request q = {headers, p, n, false};
	struct record r = {.line = p, .nline = (uint32_t)(n - 1)};
	struct err why;

	buf_clear(&s->header_key);
	buf_printf(&s->header_key, "Idempotency-Key: \"%.*s-%lld-%llu\"",
		(int)s->key.n, s->key.p,
		(long long)(s->whole ? 0 : st->now.number),
		(unsigned long long)s->sent++);
	headers[1] = buf_cstr(&s->header_key);
	if (s->each) {
		q.nbody--; /* without the end of the line */
	} else if (s->format == FORMAT_ARRAY) {
		put_array(s, p, n);
		q.body = s->body.p;
		q.nbody = s->body.n;
	}
	if (post(st, &q) == 0)
		return 0;
	if (!s->each || st->on_error == ON_ERROR_FAIL || st->on_error < 0 ||
		!is_of_record(http_status(s->http)))
		return -1;
	why = *st->err;
	return stage_reject(st, &r, "%s", why.text);
}

/* ---- records ---- */

/* The part that is being filled is full, or the last one. */
static void
end_part(struct sink_http *s)
{
	if (s->text.n == s->begun)
		return;
	if (s->nparts == s->room) {
		s->room = s->room > 0 ? 2 * s->room : 64;
		s->parts = mem_realloc(s->parts, s->room * sizeof(*s->parts));
	}
	s->parts[s->nparts++].end = s->text.n;
	s->begun = s->text.n;
	s->records = 0;
}

static int
send_parts(struct stage *st)
{
	struct sink_http *s = STAGE(st, sink_http);
	size_t begin = 0;
	int rc = 0;

	for (size_t i = 0; i < s->nparts && rc == 0; i++) {
		rc = send_lines(st, s->text.p + begin, s->parts[i].end - begin);
		begin = s->parts[i].end;
	}
	if (begin > 0) {
		memmove(s->text.p, s->text.p + begin, s->text.n - begin);
		s->text.n -= begin;
		s->begun -= begin;
	}
	s->nparts = 0;
	return rc;
}

static int
sink_http_begin(struct stage *st, struct batch *b)
{
	struct sink_http *s = STAGE(st, sink_http);

	if (!b->whole)
		s->sent = 0;
	return 0;
}

/* A batch that a checkpoint knows is sent when its end is known, so that
 * whatever is sent under a key is the same whenever it is sent again. */
static int
sink_http_record(struct stage *st, struct record *r)
{
	struct sink_http *s = STAGE(st, sink_http);
	size_t before = s->text.n;
	size_t n;

	record_print(r, &s->text);
	buf_byte(&s->text, '\n');
	n = s->text.n - before;
	if (s->records > 0 && s->text.n - s->begun > (size_t)s->max_bytes) {
		s->text.n = before;
		end_part(s);
		s->text.n = before + n;
	}
	if (s->records++ == 0)
		s->since = time_monotonic();
	if (s->records >= s->max_records)
		end_part(s);
	if (st->in.checkpoint == NULL && s->nparts > 0)
		return send_parts(st);
	return stage_room(st, s->text.n);
}

static int
sink_http_batch(struct stage *st, struct batch *b)
{
	struct sink_http *s = STAGE(st, sink_http);

	end_part(s);
	return st->in.checkpoint == NULL ? send_parts(st) : 0;
}

static int
sink_http_commit(struct stage *st, const struct batch *b)
{
	return send_parts(st);
}

/* Without batches what has come is sent after a while. */
static int
sink_http_wait(struct stage *st, struct pollfd *fds, int max, int64_t *deadline)
{
	struct sink_http *s = STAGE(st, sink_http);
	int64_t now = time_monotonic(), due = s->since + s->linger_us;

	if (!s->whole || s->text.n == 0)
		return 0;
	if (now >= due) {
		end_part(s);
		return send_parts(st);
	}
	if (time_now() + due - now < *deadline)
		*deadline = time_now() + due - now;
	return 0;
}

static int
sink_http_pull(struct stage *st)
{
	return 0;
}

static void
sink_http_close(struct stage *st)
{
	struct sink_http *s = STAGE(st, sink_http);

	http_free(s->http);
	free(s->parts);
	buf_release(&s->text);
	buf_release(&s->key);
	buf_release(&s->body);
	buf_release(&s->header_key);
	buf_release(&s->header_type);
}

static const struct waiter sink_http_waiter = {
	.wait = sink_http_wait,
	.pull = sink_http_pull,
};

static const struct sink sink_http_sink = {
	.restore = sink_http_restore,
	.commit = sink_http_commit,
	.target = sink_http_target,
};

const struct op op_sink_http = {
	.name = "sink-http",
	.about = "post each batch, or each record, to an HTTP server",
	.synopsis = "[--each | --format ndjson|array] [--headers FILE] URL",
	.opts = sink_http_opts,
	.slips = sink_http_slips,
	.size = sizeof(struct sink_http),
	.flags = OP_OPERANDS,
	.defaults = sink_http_defaults,
	.open = sink_http_open,
	.plan = sink_http_plan,
	.begin = sink_http_begin,
	.record = sink_http_record,
	.batch = sink_http_batch,
	.sink = &sink_http_sink,
	.waiter = &sink_http_waiter,
	.close = sink_http_close,
};
