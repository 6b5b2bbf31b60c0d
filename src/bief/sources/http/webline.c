/*
 * webline: lines for stream-http.  Text is made valid UTF-8 here, for a server
 * may send anything and a line that is no JSON ends what comes behind.
 */
#include "sources/http/webline.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "time/time.h"
#include "value/json.h"
#include "value/value.h"
#include "types/schema.h"
#include "runtime/plan/plan.h"
#include "sources/http/sse.h"

static void
webline_fields(const struct webline *w, struct plan *p)
{
	static const char *const names[] = {"event", "id", "data"};

	schema_free(p->fields);
	p->fields = schema_new();
	for (int i = 0; w->envelope && i < 3; i++)
		schema_add(p->fields, names[i], type_new(TYPE_STRING));
	if (!w->envelope)
		schema_add(p->fields, "value", type_new(TYPE_STRING));
	if (w->timestamp != NULL)
		schema_add(p->fields, w->timestamp, type_new(TYPE_TIMESTAMP));
}

void
webline_plan(struct webline *w, struct plan *p)
{
	struct buf name;

	if (w->timestamp != NULL) {
		buf_init(&name);
		json_quote(&name, w->timestamp, strlen(w->timestamp));
		w->name = mem_dup(name.p, name.n);
		buf_release(&name);
	}
	if ((w->timestamp != NULL || w->envelope) &&
		(p->stream != 0 || p->explain))
		webline_fields(w, p);
}

void
webline_release(struct webline *w)
{
	buf_release(&w->out);
	free(w->name);
}

/* ,"at":"2026-11-29T08:00:00Z"} */
static void
webline_time(struct webline *w)
{
	struct value now = value_time(time_now());

	if (w->timestamp != NULL) {
		assert(w->name != NULL); /* by webline_plan */
		buf_byte(&w->out, ',');
		buf_str(&w->out, w->name);
		buf_byte(&w->out, ':');
		value_print(&now, &w->out);
	}
	buf_str(&w->out, "}\n");
}

void
webline_value(struct webline *w, const char *p, size_t n)
{
	buf_str(&w->out, "{\"value\":");
	json_quote_any(&w->out, p, n);
	webline_time(w);
}

/* The data of an event is one line: where JSON has an end of line a blank does
 * as well. */
static void
webline_data(struct webline *w, const char *p, size_t n)
{
	size_t begin = w->out.n;
	char *lf;

	if (json_utf8(p, n))
		buf_add(&w->out, p, n);
	else
		json_repair(&w->out, p, n);
	for (lf = w->out.p + begin; w->out.n > begin &&
		(lf = memchr(lf, '\n', (size_t)(w->out.p + w->out.n - lf))) !=
			NULL;)
		*lf = ' ';
	buf_byte(&w->out, '\n');
}

/* The name of an event, "message" where the server gives none. */
static const char *
webline_type(const struct sse *e, size_t *n)
{
	*n = e->type.n > 0 ? e->type.n : strlen("message");
	return e->type.n > 0 ? e->type.p : "message";
}

static bool
webline_wants(const struct webline *w, const struct sse *e)
{
	size_t n;
	const char *name = webline_type(e, &n);

	for (size_t i = 0; i < w->events.n; i++)
		if (strlen(w->events.s[i]) == n &&
			memcmp(w->events.s[i], name, n) == 0)
			return true;
	return w->events.n == 0;
}

void
webline_event(struct webline *w, const struct sse *e)
{
	const char *type;
	size_t n;

	if (!webline_wants(w, e))
		return;
	if (w->envelope) {
		type = webline_type(e, &n);
		buf_str(&w->out, "{\"event\":");
		json_quote_any(&w->out, type, n);
		buf_str(&w->out, ",\"id\":");
		json_quote_any(&w->out, e->id.p, e->id.n);
		buf_str(&w->out, ",\"data\":");
		json_quote_any(&w->out, e->data.p, e->data.n);
		webline_time(w);
	} else if (w->timestamp != NULL) {
		webline_value(w, e->data.p, e->data.n);
	} else {
		webline_data(w, e->data.p, e->data.n);
	}
}
