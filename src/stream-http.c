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
 *
 * It is long because three ways to ask share one connection, its failures and
 * its journal; how events, answers and requests are read is in sources/sse,
 * sources/answer and io/http.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "io/http.h"
#include "io/retry.h"
#include "runtime/stage.h"
#include "sources/answer.h"
#include "sources/journal.h"
#include "sources/lines.h"
#include "sources/splitter.h"
#include "sources/sse.h"
#include "time/time.h"
#include "value/json.h"
#include "floor/mem.h"

#define PAUSE_US TIME_SECOND
#define PAUSE_MOST_US (30 * TIME_SECOND)
#define RETRIES 10
#define HELD_US (TIME_SECOND / 50)
#define BODY_MOST ((int64_t)64 << 20)

enum how { HOW_LINES, HOW_EVENTS, HOW_POLLS };

enum phase {
	PHASE_FRESH,  /* nothing has been asked for */
	PHASE_ASKED,  /* a request is under way; its end leaves it */
	PHASE_PAUSED, /* until due, then ask */
	PHASE_OVER    /* there will be no more */
};

struct stream_http {
	/* options */
	bool sse, envelope, changed, reconnect;
	struct list events;
	const char *split, *headers, *ca, *timestamp;
	int64_t every_us, timeout_us, retries, for_us, journal_max, max_body;
	/* state */
	enum how how;
	enum phase phase;
	struct http *http;
	struct retry retry;
	struct journal journal;
	bool journaled; /* there is one */
	bool held;      /* ... and it is full */
	struct sse events_in;
	struct lines lines;
	struct splitter *splitter;
	struct answer last;      /* that was passed on; of lines: so far */
	uint64_t pass_over;      /* bytes of this answer that had come before */
	bool begun;              /* the answer has been looked at */
	bool heard;              /* something of its body has come */
	bool failed;             /* that has been told */
	bool told_event;         /* an event of another name was told of */
	int64_t due, asked, end; /* by time_monotonic */
	struct buf out;          /* lines to be passed on */
	struct buf text, note, conditions[2], last_id;
	char *name; /* of --timestamp, as in JSON */
};

#define AT(member) offsetof(struct stream_http, member)

static const struct opt options[] = {
	{"sse", 0, OPT_FLAG, AT(sse), NULL,
		"Server-Sent Events: a line of the data of each"},
	{"event", 0, OPT_LIST, AT(events), "NAME,...",
		"with --sse: only events of these names"},
	{"envelope", 0, OPT_FLAG, AT(envelope), NULL,
		"with --sse: records of event, id and data"},
	{"every", 0, OPT_DURATION, AT(every_us), "D",
		"ask again and again, so far apart", .least = 1000},
	{"split", 0, OPT_STRING, AT(split), "JQ",
		"with --every: a line of each result, such as .states[]"},
	{"changed", 0, OPT_FLAG, AT(changed), NULL,
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
	{"timestamp", 0, OPT_STRING, AT(timestamp), "NAME",
		"make records of value and the time of arrival"},
	{"for", 0, OPT_DURATION, AT(for_us), "D", "end after this long"},
	{"journal-max", 0, OPT_SIZE, AT(journal_max), "SIZE",
		"receive no more while the journal holds this (1G)"},
	OPT_END};

static const struct opt_slip slips[] = {
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
	lines_init(&s->lines);
	answer_init(&s->last);
}

/* ---- options ---- */

static const char *
misplaced(const struct stream_http *s)
{
	if (s->sse && s->every_us > 0)
		return "--sse and --every exclude each other";
	if (!s->sse && (s->events.n > 0 || s->envelope))
		return "--event and --envelope belong to --sse";
	if (s->every_us == 0 && (s->split != NULL || s->changed))
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
	if (s->timestamp != NULL && strcmp(s->timestamp, "value") == 0)
		return err_as(st->err, STATUS_USAGE,
			"--timestamp needs "
			"another name: 'value' is the line itself");
	s->how = s->sse ? HOW_EVENTS : s->every_us > 0 ? HOW_POLLS : HOW_LINES;
	s->retry = (struct retry){PAUSE_US, PAUSE_MOST_US,
		s->reconnect              ? RETRY_FOR_EVER
			: s->retries >= 0 ? s->retries
					  : RETRIES,
		0};
	if (s->split != NULL &&
		(s->splitter = splitter_new(s->split, st)) == NULL)
		return -1;
	s->http = http_new(st->operands[0], &o, st->err);
	if (s->http == NULL)
		return -1;
	s->lines.name = http_name(s->http);
	return 0;
}

static void
plan_fields(struct stage *st, struct plan *p)
{
	struct stream_http *s = STAGE(st, stream_http);
	static const char *const names[] = {"event", "id", "data"};

	schema_free(p->fields);
	p->fields = schema_new();
	for (int i = 0; s->envelope && i < 3; i++)
		schema_add(p->fields, names[i], type_new(TYPE_STRING));
	if (!s->envelope)
		schema_add(p->fields, "value", type_new(TYPE_STRING));
	if (s->timestamp != NULL)
		schema_add(p->fields, s->timestamp, type_new(TYPE_TIMESTAMP));
}

static int
stream_http_plan(struct stage *st, struct plan *p)
{
	struct stream_http *s = STAGE(st, stream_http);
	struct buf name;

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
	if (s->timestamp != NULL) {
		buf_init(&name);
		json_quote(&name, s->timestamp, strlen(s->timestamp));
		s->name = mem_dup(name.p, name.n);
		buf_release(&name);
	}
	if ((s->timestamp != NULL || s->envelope) &&
		(p->stream != 0 || p->explain))
		plan_fields(st, p);
	return 0;
}

/* ---- what has come becomes lines ---- */

/* ,"at":"2026-11-29T08:00:00Z"} */
static void
put_time(struct stream_http *s)
{
	struct value now = value_time(time_now());

	if (s->timestamp != NULL) {
		buf_byte(&s->out, ',');
		buf_str(&s->out, s->name);
		buf_byte(&s->out, ':');
		value_print(&now, &s->out);
	}
	buf_str(&s->out, "}\n");
}

static void
put_value(struct stream_http *s, const char *p, size_t n)
{
	buf_str(&s->out, "{\"value\":");
	json_quote_any(&s->out, p, n);
	put_time(s);
}

/* The data of an event is one line: where JSON has an end of line a blank does
 * as well. */
static void
put_data(struct stream_http *s, const char *p, size_t n)
{
	size_t begin = s->out.n;
	char *lf;

	if (json_utf8(p, n))
		buf_add(&s->out, p, n);
	else
		json_repair(&s->out, p, n);
	for (lf = s->out.p + begin; s->out.n > begin &&
		(lf = memchr(lf, '\n', (size_t)(s->out.p + s->out.n - lf))) !=
			NULL;)
		*lf = ' ';
	buf_byte(&s->out, '\n');
}

static bool
wanted(const struct stream_http *s, const struct sse *e)
{
	const char *name = e->type.n > 0 ? e->type.p : "message";
	size_t n = e->type.n > 0 ? e->type.n : strlen("message");

	for (size_t i = 0; i < s->events.n; i++)
		if (strlen(s->events.s[i]) == n &&
			memcmp(s->events.s[i], name, n) == 0)
			return true;
	return s->events.n == 0;
}

static int
stream_http_event(void *arg, struct sse *e)
{
	struct stage *st = arg;
	struct stream_http *s = STAGE(st, stream_http);

	if (!wanted(s, e))
		return 0;
	if (s->envelope) {
		buf_str(&s->out, "{\"event\":");
		json_quote_any(&s->out, e->type.n > 0 ? e->type.p : "message",
			e->type.n > 0 ? e->type.n : strlen("message"));
		buf_str(&s->out, ",\"id\":");
		json_quote_any(&s->out, e->id.p, e->id.n);
		buf_str(&s->out, ",\"data\":");
		json_quote_any(&s->out, e->data.p, e->data.n);
		put_time(s);
	} else if (s->timestamp != NULL) {
		put_value(s, e->data.p, e->data.n);
	} else {
		put_data(s, e->data.p, e->data.n);
	}
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

/* The whole lines that are there. */
static int
put_lines(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	const char *p;
	size_t n;
	int rc;

	if (s->timestamp == NULL) {
		while ((rc = lines_block(&s->lines, st, NULL, &p, &n)) > 0)
			buf_add(&s->out, p, n);
		return rc;
	}
	while ((rc = lines_next(&s->lines, st, &p, &n)) > 0)
		put_value(s, p, n - (n > 0 && p[n - 1] == '\r'));
	return rc;
}

static void
fill_lines(struct stream_http *s, const char *p, size_t n)
{
	size_t room;

	memcpy(lines_room(&s->lines, n, &room), p, n);
	lines_filled(&s->lines, n);
}

/* The place to go on from, for the journal. */
static void
note_place(struct stream_http *s)
{
	buf_clear(&s->note);
	if (s->how == HOW_EVENTS)
		buf_add(&s->note, s->events_in.id.p, s->events_in.id.n);
	else
		answer_print(&s->last, &s->note);
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
	if (s->out.n == 0)
		return 0;
	if (s->journaled)
		rc = journal_add(&s->journal, s->out.p, s->out.n, st->err);
	buf_need(&s->out, JSON_PADDING);
	if (rc == 0)
		rc = stage_emit_lines(st, s->out.p, s->out.n);
	buf_clear(&s->out);
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
		answer_conditions(&s->last, s->conditions, headers);
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
	lines_clear(&s->lines, 0);
	s->begun = s->heard = false;
	s->pass_over = 0;
	s->asked = time_monotonic();
	s->phase = PHASE_ASKED;
	return http_begin(s->http, &q, st->err);
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
	else if (*note != '\0' && answer_read(&s->last, note) < 0)
		return err_as(st->err, STATUS_DAMAGED,
			"the place in the answers is damaged");
	return ask(st);
}

static void
pause_until(struct stream_http *s, int64_t due)
{
	http_stop(s->http);
	s->phase = PHASE_PAUSED;
	s->due = due;
}


/* It did not work (st->err tells why): ask again after a while, or give up.
 * What is usual is not told. */
static int
again_or_fail(struct stage *st, int64_t least_us, bool usual)
{
	struct stream_http *s = STAGE(st, stream_http);
	char why[sizeof(st->err->text)];
	int64_t pause;

	if (s->events_in.retry_ms >= 0)
		s->retry.first_us = s->events_in.retry_ms * 1000;
	pause = retry_pause(&s->retry, least_us);
	if (pause < 0) {
		memcpy(why, st->err->text, sizeof(why));
		return err_set(st->err,
			"%s (given up after %lld tries more, "
			"see --retries and --reconnect)",
			why, (long long)s->retry.limit);
	}
	if (!s->failed && !usual)
		stage_warn(st, "%s: trying again%s", st->err->text,
			s->reconnect ? " until it works" : "");
	s->failed = s->failed || !usual;
	pause_until(s, time_monotonic() + pause);
	return 0;
}

/* ---- answers ---- */

static int
begin_events(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	const char *type = http_type(s->http);

	if (type != NULL && strcasecmp(type, "text/event-stream") == 0)
		return 0;
	return err_set(st->err,
		"'%s' answers with %s, not with events "
		"(text/event-stream): is it the right URL? (without --sse its "
		"lines are read)",
		http_name(s->http), type != NULL ? type : "no type");
}

/* Lines of which some have been passed on are gone on with, if the server says
 * that they are the same. */
static void
begin_lines(struct stream_http *s)
{
	if (answer_same(&s->last, s->http))
		s->pass_over = s->last.bytes;
	else
		s->last.bytes = 0;
	answer_take(&s->last, s->http);
	lines_clear(&s->lines, s->pass_over);
}

/* The headers are there, of an answer that is good. */
static int
begin(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);

	s->begun = true;
	if (s->failed)
		stage_warn(st, "connected to '%s'", http_name(s->http));
	s->failed = false;
	stage_ready(st);
	if (s->how == HOW_EVENTS)
		return begin_events(st);
	if (s->how == HOW_LINES)
		begin_lines(s);
	return 0;
}

/* Bytes of lines. */
static int
take_lines(struct stage *st, const char *p, size_t n)
{
	struct stream_http *s = STAGE(st, stream_http);
	size_t over = s->pass_over < n ? (size_t)s->pass_over : n;
	int rc;

	s->pass_over -= over;
	fill_lines(s, p + over, n - over);
	rc = put_lines(st);
	s->last.bytes = s->lines.offset;
	return rc;
}

/* What has come of a good answer. */
static int
take(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	struct buf *b = http_body(s->http);
	int rc;

	if (http_status(s->http) < 200 || http_status(s->http) > 203)
		return 0;
	if (!s->begun && begin(st) < 0)
		return -1;
	if (b->n == 0)
		return 0;
	s->heard = true;
	s->retry.failures = 0;
	if (s->how == HOW_POLLS)
		return b->n <= (size_t)s->max_body
			? 0
			: err_set(st->err,
				  "the answer of '%s' has more than "
				  "%lld bytes (--max-body sets the limit)",
				  http_name(s->http), (long long)s->max_body);
	rc = s->how == HOW_EVENTS ? sse_feed(&s->events_in, b->p, b->n)
				  : take_lines(st, b->p, b->n);
	buf_clear(b);
	return rc < 0 ? -1 : give(st);
}

/* A whole answer to a poll. */
static int
take_poll(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	struct buf *b = http_body(s->http);
	int rc;

	answer_take(&s->last, s->http);
	if (s->changed && answer_same_body(&s->last, b->p, b->n))
		return give(st);
	answer_take_body(&s->last, b->p, b->n);
	if (b->n == 0)
		return give(st);
	if (s->splitter == NULL) {
		lines_clear(&s->lines, 0);
		fill_lines(s, b->p, b->n);
		lines_finish(&s->lines);
		return put_lines(st) < 0 ? -1 : give(st);
	}
	buf_clear(&s->text);
	rc = splitter_run(s->splitter, b->p, b->n,
		s->timestamp != NULL ? &s->text : &s->out);
	if (rc < 0 || s->timestamp == NULL)
		return rc < 0 ? -1 : give(st);
	lines_clear(&s->lines, 0);
	fill_lines(s, s->text.p, s->text.n);
	return put_lines(st) < 0 ? -1 : give(st);
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
	int64_t due = s->asked + s->every_us, now = time_monotonic();

	s->retry.failures = 0;
	if (asked_once(st)) {
		s->phase = PHASE_OVER;
		return;
	}
	pause_until(s, due > now ? due : now);
}

/* The server has ended an answer that has no end of its own. */
static int
ended_early(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);

	err_set(st->err, "'%s' has ended the stream", http_name(s->http));
	/* Nothing is lost, and servers do it now and then. */
	return again_or_fail(st, 0, s->heard);
}

/* The lines are complete: the last one needs no end. */
static int
done_lines(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);

	lines_finish(&s->lines);
	if (put_lines(st) < 0)
		return -1;
	s->last.bytes = s->lines.offset;
	if (give(st) < 0)
		return -1;
	if (s->reconnect && !asked_once(st))
		return ended_early(st);
	s->phase = PHASE_OVER;
	return 0;
}

/* An answer that is none of 2xx. */
static int
refused(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	int status = http_status(s->http);

	http_refused(s->http, st->err);
	if (!http_passing(status))
		return -1;
	return again_or_fail(st, http_retry_after_us(s->http), false);
}

/* The answer is complete. */
static int
done(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	int status = http_status(s->http);

	if (status == 304 && s->how == HOW_POLLS) {
		if (s->failed)
			stage_warn(st, "connected to '%s'", http_name(s->http));
		s->failed = false;
		stage_ready(st);
		next_poll(st);
		return 0;
	}
	if (status < 200 || status > 204)
		return refused(st);
	if (take(st) < 0)
		return -1;
	if (status == 204 && s->how != HOW_POLLS) {
		s->phase = PHASE_OVER; /* "do not come back" */
		return 0;
	}
	if (s->how == HOW_EVENTS)
		return ended_early(st);
	if (s->how == HOW_LINES)
		return done_lines(st);
	if (take_poll(st) < 0)
		return -1;
	buf_clear(http_body(s->http));
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
		if (lines_stop(&s->lines) && take_lines(st, "", 0) < 0)
			return -1;
		/* Of the same text the rest can be asked for again. */
		if (s->last.etag.n == 0 && s->last.modified.n == 0 &&
			(give(st) < 0 ||
				lines_refuse(&s->lines, st,
					"was cut off by the end of the "
					"connection") < 0))
			return -1;
	}
	*st->err = why;
	if (http_lasting(s->http))
		return -1;
	if (s->how == HOW_LINES && s->heard && !s->reconnect &&
		s->last.etag.n == 0 && s->last.modified.n == 0)
		return err_set(st->err,
			"%s (what had come is passed on; "
			"--reconnect asks again)",
			why.text);
	return again_or_fail(st, 0, false);
}

static int
step(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);
	int event = http_step(s->http, st->err);

	if (event == HTTP_WAIT)
		return PULL_WAIT;
	if ((event < 0                           ? broken(st)
			    : event == HTTP_DONE ? done(st)
						 : take(st)) < 0)
		return -1;
	return s->phase == PHASE_OVER ? PULL_END : PULL_MORE;
}

/* ---- the source ---- */

static int
end_now(struct stage *st)
{
	struct stream_http *s = STAGE(st, stream_http);

	s->phase = PHASE_OVER;
	http_stop(s->http);
	if (s->how == HOW_LINES &&
		lines_refuse(&s->lines, st, "has not ended in time") < 0)
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
	if (s->phase == PHASE_OVER)
		return PULL_END;
	if (s->phase == PHASE_FRESH && start(st) < 0)
		return -1;
	now = time_monotonic();
	if (now >= s->end)
		return end_now(st);
	if (s->phase == PHASE_PAUSED) {
		if (now < s->due)
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
	int64_t due = s->phase == PHASE_PAUSED ? s->due : http_due(s->http);

	if (s->held)
		due = now + HELD_US;
	if (s->end < due)
		due = s->end;
	if (due != INT64_MAX)
		*deadline = time_now() + due - now;
	if (s->held || s->phase != PHASE_ASKED)
		return 0;
	fds[0] = (struct pollfd){.fd = http_fd(s->http), .events = POLLIN};
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

	http_free(s->http);
	splitter_free(s->splitter);
	sse_release(&s->events_in);
	lines_release(&s->lines);
	answer_release(&s->last);
	buf_release(&s->out);
	buf_release(&s->text);
	buf_release(&s->note);
	buf_release(&s->conditions[0]);
	buf_release(&s->conditions[1]);
	buf_release(&s->last_id);
	free(s->name);
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
	.opts = options,
	.slips = slips,
	.size = sizeof(struct stream_http),
	.flags = OP_OPERANDS,
	.defaults = stream_http_defaults,
	.open = stream_http_open,
	.plan = stream_http_plan,
	.source = &stream_http_source,
	.close = stream_http_close,
};
