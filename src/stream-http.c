/*
 * stream-http: hands on what an HTTP server sends: the lines of one answer,
 * Server-Sent Events (--sse), or the answers to one request made again and again
 * (--every).
 *
 * Time: the time of arrival, with --timestamp.
 * Watermark: none.
 * State: with a checkpoint a journal of what was received, until every sink has
 * it, and the place to ask the server for.
 * Restart: what the journal has comes first, then what the server has behind
 * that place.
 */
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "time/time.h"
#include "value/json.h"
#include "io/service/http.h"
#include "io/service/retry.h"
#include "runtime/stage.h"
#include "sources/http/answer.h"
#include "sources/http/body.h"
#include "sources/http/inquiry.h"
#include "sources/http/splitter.h"
#include "sources/http/sse.h"
#include "sources/http/webline.h"
#include "sources/journal.h"
#include "sources/lines.h"

#define PAUSE_US TIME_SECOND
#define PAUSE_MOST_US (30 * TIME_SECOND)
#define RETRIES 10
#define HELD_US (TIME_SECOND / 50)
#define BODY_MOST ((int64_t)64 << 20)

enum how { HOW_LINES, HOW_EVENTS, HOW_POLLS };

struct stream_http {
	/* options */
	bool sse, reconnect;
	const char *split, *headers, *ca;
	int64_t every_us, timeout_us, retries, for_us, journal_max, max_body;
	/* state */
	enum how how;
	struct inquiry inquiry;
	struct webline line;
	struct body body;
	struct sse events_in;
	struct journal journal;
	bool journaled; /* there is one */
	bool held;      /* ... and it is full */
	bool begun;     /* the answer has been looked at */
	bool heard;     /* something of its body has come */
	int64_t end;    /* by time_monotonic */
	struct buf note, conditions[2], last_id;
};

#define AT(member) offsetof(struct stream_http, member)

static const struct opt stream_http_opts[] = {
	{"sse", 0, OPT_FLAG, AT(sse), NULL,
		"Server-Sent Events: a line of the data of each"},
	{"event", 0, OPT_LIST, AT(line.events), "NAME,...",
		"with --sse: only events of these names"},
	{"envelope", 0, OPT_FLAG, AT(line.envelope), NULL,
		"with --sse: records of event, id and data"},
	{"every", 0, OPT_DURATION, AT(every_us), "D",
		"ask again and again, so far apart", .least = 1000},
	{"split", 0, OPT_STRING, AT(split), "JQ",
		"with --every: a line of each result, such as .states[]"},
	{"changed", 0, OPT_FLAG, AT(body.changed), NULL,
		"with --every: pass equal answers on only once"},
	{"max-body", 0, OPT_SIZE, AT(max_body), "SIZE",
		"with --every: what an answer may have (64M)", .least = 1,
		.most = (int64_t)1 << 31},
	{"headers", 0, OPT_STRING, AT(headers), "FILE",
		"send these headers, a line each, such as tokens",
		.file = true},
	{"ca", 0, OPT_STRING, AT(ca), "FILE",
		"trust these authorities instead of the system's",
		.file = true},
	{"timeout", 0, OPT_DURATION, AT(timeout_us), "D",
		"when nothing has come for so long, connect again",
		.least = 1000},
	{"retries", 0, OPT_INT, AT(retries), "N",
		"give up after so many failures in a row (10)"},
	{"reconnect", 0, OPT_FLAG, AT(reconnect), NULL,
		"never give up; of lines: ask again when they have ended"},
	{"timestamp", 0, OPT_STRING, AT(line.timestamp), "NAME",
		"make records of value and the time of arrival"},
	{"for", 0, OPT_DURATION, AT(for_us), "D", "end after this long"},
	{"journal-max", 0, OPT_SIZE, AT(journal_max), "SIZE",
		"receive no more while the journal holds this (1G)"},
	OPT_END};

static const struct opt_slip stream_http_slips[] = {
	{"url", "the URL is an operand: stream-http URL"},
	{"header",
		"headers stand in a file, where no other user sees them: "
		"--headers FILE"},
	{"insecure",
		"certificates are always checked; --ca FILE names an "
		"authority of your own"},
	{"interval", "--every D asks again and again"},
	{"poll", "--every D asks again and again"}, {NULL, NULL}};

static void
stream_http_defaults(void *self)
{
	struct stream_http *s = self;

	s->journal_max = (int64_t)1 << 30;
	s->max_body = BODY_MOST;
	s->retries = -1;
	place_init(&s->journal.place);
	sse_init(&s->events_in);
	body_init(&s->body);
	s->body.to = &s->line;
}

/* ---- options ---- */

static const char *
misplaced(const struct stream_http *s)
{
	if (s->sse && s->every_us > 0)
		return "--sse and --every exclude each other";
	if (!s->sse && (s->line.events.n > 0 || s->line.envelope))
		return "--event and --envelope belong to --sse";
	if (s->every_us == 0 && (s->split != NULL || s->body.changed))
		return "--split and --changed belong to --every";
	if (s->reconnect && s->retries >= 0)
		return "--reconnect never gives up: leave --retries away";
	return NULL;
}

static int
stream_http_open(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	const char *wrong = misplaced(s);
	struct http_options o = {s->headers, s->ca, s->timeout_us};

	if (st->on_error < 0) /* one bad line does not end a live source */
		st->on_error = ON_ERROR_SKIP;
	if (st->noperands != 1)
		return err_as(st->err, STATUS_USAGE,
			"expected one URL: http://HOST/PATH or https://...");
	if (wrong != NULL)
		return err_as(st->err, STATUS_USAGE, "%s", wrong);
	if (s->line.timestamp != NULL &&
		strcmp(s->line.timestamp, "value") == 0)
		return err_as(st->err, STATUS_USAGE,
			"--timestamp needs "
			"another name: 'value' is the line itself");
	s->how = s->sse ? HOW_EVENTS : s->every_us > 0 ? HOW_POLLS : HOW_LINES;
	s->inquiry.for_ever = s->reconnect;
	s->inquiry.retry = (struct retry){PAUSE_US, PAUSE_MOST_US,
		s->reconnect              ? RETRY_FOR_EVER
			: s->retries >= 0 ? s->retries
					  : RETRIES,
		0};
	if (s->split != NULL &&
		(s->body.splitter = splitter_new(s->split, st)) == NULL)
		return -1;
	s->inquiry.http = http_new(st->operands[0], &o, st->err);
	if (s->inquiry.http == NULL)
		return -1;
	s->body.lines.name = http_name(s->inquiry.http);
	return 0;
}

static int
stream_http_plan(struct stage *st, struct plan *p)
{
	struct stream_http *s = STAGE(st, stream_http);

	if (s->how == HOW_EVENTS &&
		(p->trigger == TRIGGER_AVAILABLE || p->trigger == TRIGGER_ONCE))
		return err_as(st->err, STATUS_USAGE,
			"nobody can tell what a "
			"stream of events has available: use --trigger 5s, "
			"and --for to end");
	if (p->checkpoint != NULL && !p->explain) {
		s->journaled = st->hear = true;
		journal_keep_notes(&s->journal);
		if (journal_open(
			    &s->journal, p->checkpoint, p->stage, st->err) < 0)
			return -1;
	}
	webline_plan(&s->line, p);
	return 0;
}

/* ---- what has come becomes lines ---- */

static int
stream_http_event(void *arg, struct sse *e)
{
	struct stage *st = arg;

	webline_event(&STAGE(st, stream_http)->line, e);
	return 0;
}

static int
stream_http_too_long(void *arg, struct sse *e)
{
	struct stage *st = arg;
	struct record r = {.line = "", .nline = 0};

	return stage_reject(st, &r,
		"an event behind id '%.100s' is too long "
		"(--max-line sets the limit)",
		buf_cstr(&e->id));
}

/* The place to go on from, for the journal. */
static void
note_place(struct stream_http *s)
{
	buf_clear(&s->note);
	if (s->how == HOW_EVENTS)
		buf_add(&s->note, s->events_in.id.p, s->events_in.id.n);
	else
		answer_print(&s->body.last, &s->note);
	journal_note(&s->journal, buf_cstr(&s->note));
}

/* Pass on what is in out. */
static int
give(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	int rc = 0;

	if (s->journaled)
		note_place(s);
	if (s->line.out.n == 0)
		return 0;
	if (s->journaled)
		rc = journal_add(
			&s->journal, s->line.out.p, s->line.out.n, st->err);
	buf_need(&s->line.out, JSON_PADDING);
	if (rc == 0)
		rc = stage_emit_lines(st, s->line.out.p, s->line.out.n);
	buf_clear(&s->line.out);
	return rc;
}

/* ---- asking ---- */

/* What the headers of this request are besides those of the file. */
static void
put_request(struct stream_http *s, const char *headers[4])
{
	const char **h = headers;

	if (s->how == HOW_EVENTS) {
		*h++ = "Accept: text/event-stream";
		*h++ = "Cache-Control: no-cache";
		buf_clear(&s->last_id);
		buf_str(&s->last_id, "Last-Event-ID: ");
		buf_add(&s->last_id, s->events_in.id.p, s->events_in.id.n);
		if (s->events_in.id.n > 0)
			*h++ = buf_cstr(&s->last_id);
		*h = NULL;
	} else if (s->how == HOW_POLLS) {
		answer_conditions(&s->body.last, s->conditions, headers);
	} else {
		*h = NULL;
	}
}

static int
ask(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	const char *headers[4];
	struct http_request q = {headers, NULL, 0, s->how == HOW_POLLS};

	put_request(s, headers);
	sse_again(&s->events_in);
	body_again(&s->body);
	s->begun = s->heard = false;
	return inquiry_ask(&s->inquiry, &q, st->err);
}

static int
start(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	const char *note;

	s->events_in.max = stage_max_line(st);
	s->events_in.event = stream_http_event;
	s->events_in.refused = stream_http_too_long;
	s->events_in.arg = st;
	s->end = s->for_us > 0 ? time_monotonic() + s->for_us : INT64_MAX;
	note = s->journaled ? journal_noted(&s->journal) : "";
	if (*note != '\0' && s->how == HOW_EVENTS)
		sse_start_at(&s->events_in, note);
	else if (*note != '\0' && answer_read(&s->body.last, note) < 0)
		return err_as(st->err, STATUS_DAMAGED,
			"the place in the answers is damaged");
	return ask(st);
}

/* ---- answers ---- */

static int
begin_events(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	const char *type = http_type(s->inquiry.http);

	if (type != NULL && strcasecmp(type, "text/event-stream") == 0)
		return 0;
	return err_set(st->err,
		"'%s' answers with %s, not with events "
		"(text/event-stream): is it the right URL? (without --sse its "
		"lines are read)",
		http_name(s->inquiry.http), type != NULL ? type : "no type");
}

/* The headers are there, of an answer that is good. */
static int
begin(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);

	s->begun = true;
	inquiry_works(&s->inquiry, st);
	if (s->how == HOW_EVENTS)
		return begin_events(st);
	if (s->how == HOW_LINES)
		body_begin(&s->body, s->inquiry.http);
	return 0;
}

/* What has come of a good answer. */
static int
take(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	struct buf *b = http_body(s->inquiry.http);
	int rc;

	if (http_status(s->inquiry.http) < 200 ||
		http_status(s->inquiry.http) > 203)
		return 0;
	if (!s->begun && begin(st) < 0)
		return -1;
	if (b->n == 0)
		return 0;
	s->heard = true;
	s->inquiry.retry.failures = 0;
	if (s->how == HOW_POLLS)
		return b->n <= (size_t)s->max_body
			? 0
			: err_set(st->err,
				  "the answer of '%s' has more than "
				  "%lld bytes (--max-body sets the limit)",
				  http_name(s->inquiry.http),
				  (long long)s->max_body);
	rc = s->how == HOW_EVENTS ? sse_feed(&s->events_in, b->p, b->n)
				  : body_feed(&s->body, st, b->p, b->n);
	if (s->events_in.retry_ms >= 0)
		s->inquiry.retry.first_us = s->events_in.retry_ms * 1000;
	buf_clear(b);
	return rc < 0 ? -1 : give(st);
}

/* Does one answer do? */
static bool
asked_once(const struct stage *st)
{
	return st->out.trigger == TRIGGER_AVAILABLE ||
		st->out.trigger == TRIGGER_ONCE;
}

static void
next_poll(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	int64_t due = s->inquiry.asked + s->every_us, now = time_monotonic();

	s->inquiry.retry.failures = 0;
	if (asked_once(st)) {
		s->inquiry.phase = INQUIRY_OVER;
		return;
	}
	inquiry_pause(&s->inquiry, due > now ? due : now);
}

/* The server has ended an answer that has no end of its own. */
static int
ended_early(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);

	err_set(st->err, "'%s' has ended the stream",
		http_name(s->inquiry.http));
	/* Nothing is lost, and servers do it now and then. */
	return inquiry_again(&s->inquiry, st, 0, s->heard);
}

/* The lines are complete: the last one needs no end. */
static int
done_lines(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);

	if (body_end(&s->body, st) < 0 || give(st) < 0)
		return -1;
	if (s->reconnect && !asked_once(st))
		return ended_early(st);
	s->inquiry.phase = INQUIRY_OVER;
	return 0;
}

/* The answer is complete. */
static int
done(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	struct buf *b = http_body(s->inquiry.http);
	int status = http_status(s->inquiry.http);

	if (status == 304 && s->how == HOW_POLLS) {
		inquiry_works(&s->inquiry, st);
		next_poll(st);
		return 0;
	}
	if (status < 200 || status > 204)
		return inquiry_refused(&s->inquiry, st);
	if (take(st) < 0)
		return -1;
	if (status == 204 && s->how != HOW_POLLS) {
		s->inquiry.phase = INQUIRY_OVER; /* "do not come back" */
		return 0;
	}
	if (s->how == HOW_EVENTS)
		return ended_early(st);
	if (s->how == HOW_LINES)
		return done_lines(st);
	if (body_whole(&s->body, st, s->inquiry.http, b->p, b->n) < 0 ||
		give(st) < 0)
		return -1;
	buf_clear(b);
	next_poll(st);
	return 0;
}

/* There was no answer, or not all of it. */
static int
broken(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	struct err why = *st->err;

	if (take(st) < 0)
		return -1;
	if (s->how == HOW_LINES && s->begun) {
		if (body_cut(&s->body, st) < 0)
			return -1;
		/* Of the same text the rest can be asked for again. */
		if (!body_resumes(&s->body) &&
			(give(st) < 0 ||
				lines_refuse(&s->body.lines, st,
					"was cut off by the end of the "
					"connection") < 0))
			return -1;
	}
	*st->err = why;
	if (http_lasting(s->inquiry.http))
		return -1;
	if (s->how == HOW_LINES && s->heard && !s->reconnect &&
		!body_resumes(&s->body))
		return err_set(st->err,
			"%s (what had come is passed on; "
			"--reconnect asks again)",
			why.text);
	return inquiry_again(&s->inquiry, st, 0, false);
}

static int
step(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	int event = http_step(s->inquiry.http, st->err);

	if (event == HTTP_WAIT)
		return PULL_WAIT;
	if ((event < 0                           ? broken(st)
			    : event == HTTP_DONE ? done(st)
						 : take(st)) < 0)
		return -1;
	return s->inquiry.phase == INQUIRY_OVER ? PULL_END : PULL_MORE;
}

/* ---- the source ---- */

static int
end_now(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);

	s->inquiry.phase = INQUIRY_OVER;
	http_stop(s->inquiry.http);
	if (s->how == HOW_LINES &&
		lines_refuse(&s->body.lines, st, "has not ended in time") < 0)
		return -1;
	return PULL_END;
}

/* Has the journal its fill?  Then the sinks must commit first. */
static int
journal_full(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);

	s->held = s->journaled &&
		journal_size(&s->journal) > (uint64_t)s->journal_max;
	if (!s->held)
		return 0;
	if (stage_hear(st) < 0)
		return -1;
	s->held = journal_size(&s->journal) > (uint64_t)s->journal_max;
	return s->held;
}

static int
stream_http_pull(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	int rc = s->journaled ? journal_play(&s->journal, st) : 0;
	int64_t now;

	if (rc != 0)
		return rc < 0 ? -1 : rc == 1 ? PULL_MORE : PULL_BATCH;
	if (s->inquiry.phase == INQUIRY_OVER)
		return PULL_END;
	if (s->inquiry.phase == INQUIRY_FRESH && start(st) < 0)
		return -1;
	now = time_monotonic();
	if (now >= s->end)
		return end_now(st);
	if (s->inquiry.phase == INQUIRY_PAUSED) {
		if (now < s->inquiry.due)
			return PULL_WAIT;
		if (ask(st) < 0)
			return -1;
	}
	rc = journal_full(st);
	if (rc != 0)
		return rc < 0 ? -1 : PULL_WAIT;
	return step(st);
}

static int
stream_http_wait(
	struct stage *st, struct pollfd *fds, int max, int64_t *deadline)
{
	struct stream_http *s = STAGE(st, stream_http);
	int64_t now = time_monotonic();
	int64_t due = inquiry_due(&s->inquiry);

	if (s->held)
		due = now + HELD_US;
	if (s->end < due)
		due = s->end;
	if (due != INT64_MAX)
		*deadline = time_now() + due - now;
	if (s->held || s->inquiry.phase != INQUIRY_ASKED)
		return 0;
	fds[0] = (struct pollfd){
		.fd = http_fd(s->inquiry.http), .events = POLLIN};
	return 1;
}

static int
stream_http_mark(struct stage *st, struct buf *out)
{
	return journal_mark(
		&STAGE(st, stream_http)->journal, st->now.number, out, st->err);
}

static int
stream_http_seek(struct stage *st, const char *from, const char *to)
{
	return journal_seek(
		&STAGE(st, stream_http)->journal, from, to, st->err);
}

static int
stream_http_committed(struct stage *st, int64_t number)
{
	return journal_committed(
		&STAGE(st, stream_http)->journal, number, st->err);
}

static void
stream_http_close(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);

	inquiry_release(&s->inquiry);
	body_release(&s->body);
	webline_release(&s->line);
	sse_release(&s->events_in);
	buf_release(&s->note);
	buf_release(&s->conditions[0]);
	buf_release(&s->conditions[1]);
	buf_release(&s->last_id);
	journal_close(&s->journal);
}

static const struct source stream_http_source = {
	.pull = stream_http_pull,
	.wait = stream_http_wait,
	.mark = stream_http_mark,
	.seek = stream_http_seek,
	.committed = stream_http_committed,
	.live = true,
};

const struct op op_stream_http = {
	.name = "stream-http",
	.about = "hand on what an HTTP server sends: lines, events, answers",
	.synopsis = "[--sse [--event NAME,...] | --every D [--split JQ] "
		    "[--changed]] [--headers FILE] URL",
	.opts = stream_http_opts,
	.slips = stream_http_slips,
	.size = sizeof(struct stream_http),
	.flags = OP_OPERANDS,
	.defaults = stream_http_defaults,
	.open = stream_http_open,
	.plan = stream_http_plan,
	.source = &stream_http_source,
	.close = stream_http_close,
};
