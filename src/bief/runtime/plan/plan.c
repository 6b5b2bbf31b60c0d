/*
 * plan: see plan.h.  The header line, bief-stream(5):
 *
 *	key         value
 *	stream      1, the version of the protocol; always first
 *	trigger     "5s", "once" or "available-now"
 *	whole       true where the one batch is all of an input without any
 *	fields      names and types, as DDL
 *	event_time  the field that carries the watermark
 *	delay       of the watermark, a duration
 *	idle        of its --idle, a duration
 *	times       other fields that carry it: a name, its delay, ...
 *	window, slide, start   of the window fields, durations
 *	window_on   the field that the windows were made of
 *	session     gap of the session windows, a duration, or "field"
 *	arrival     true where a batch has all of a window
 *	mode        append, update, complete: of the result
 *	asked       the mode that a stage before was told
 *	aggregated  true behind an aggregation
 *	stateful    the stateful programs before, in order
 *	keys        the key fields of the result
 *	zone        of times without one
 *	checkpoint, identity, resume, committed, last, anew, runs, stage
 *	            bief-checkpoint(5)
 *
 * Keys that are absent have no value; keys that are unknown are passed on.
 */
#include "runtime/plan/plan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "text/number.h"
#include "time/duration.h"
#include "time/time.h"
#include "time/zone.h"
#include "value/json.h"
#include "value/record.h"
#include "value/value.h"
#include "types/schema_parse.h"

static const char *const modes[] = {"none", "append", "update", "complete"};

const char *
plan_mode_name(enum mode m)
{
	return modes[m];
}

void
plan_init(struct plan *p)
{
	memset(p, 0, sizeof(*p));
	p->delay_us = p->idle_us = -1;
	p->committed = p->last = p->anew = -1;
	buf_init(&p->extra);
}

void
plan_release(struct plan *p)
{
	schema_free(p->fields);
	free(p->event_time);
	free(p->window_on);
	list_free(&p->times);
	list_free(&p->stateful);
	list_free(&p->keys);
	free(p->zone);
	free(p->checkpoint);
	free(p->identity);
	free(p->stage);
	list_free(&p->runs);
	buf_release(&p->extra);
	plan_init(p);
}

static char *
dup(const char *s)
{
	return s != NULL ? mem_dup(s, strlen(s)) : NULL;
}

static void
list_copy(struct list *to, const struct list *from)
{
	to->s = NULL;
	to->n = 0;
	for (size_t i = 0; i < from->n; i++)
		list_add(to, from->s[i], false);
}

void
plan_copy(struct plan *to, const struct plan *from)
{
	*to = *from;
	to->fields = from->fields != NULL ? schema_copy(from->fields) : NULL;
	to->event_time = dup(from->event_time);
	to->window_on = dup(from->window_on);
	to->zone = dup(from->zone);
	to->checkpoint = dup(from->checkpoint);
	to->identity = dup(from->identity);
	to->stage = dup(from->stage);
	list_copy(&to->times, &from->times);
	list_copy(&to->stateful, &from->stateful);
	list_copy(&to->keys, &from->keys);
	list_copy(&to->runs, &from->runs);
	buf_init(&to->extra);
	buf_add(&to->extra, from->extra.p, from->extra.n);
}

static void
put_duration(struct buf *out, const char *key, int64_t us)
{
	char text[TIME_MAX + 1];

	text[duration_format(us, text)] = '\0';
	json_member(out, key, text);
}

static void
put_list(struct buf *out, const char *key, const struct list *l)
{
	if (l->n == 0)
		return;
	buf_printf(out, ",\"%s\":[", key);
	for (size_t i = 0; i < l->n; i++) {
		if (i > 0)
			buf_byte(out, ',');
		json_quote(out, l->s[i], strlen(l->s[i]));
	}
	buf_byte(out, ']');
}

void
plan_print(const struct plan *p, struct buf *out)
{
	buf_printf(out, "{\"#bief\":{\"stream\":%d", p->stream);
	if (p->trigger == TRIGGER_INTERVAL)
		put_duration(out, "trigger", p->interval_us);
	else if (p->trigger != TRIGGER_NONE)
		json_member(out, "trigger",
			p->trigger == TRIGGER_ONCE ? "once" : "available-now");
	if (p->whole)
		buf_str(out, ",\"whole\":true");
	if (p->fields != NULL) {
		struct buf ddl;

		buf_init(&ddl);
		schema_print(p->fields, &ddl);
		json_member(out, "fields", buf_cstr(&ddl));
		buf_release(&ddl);
	}
	json_member(out, "event_time", p->event_time);
	if (p->delay_us >= 0)
		put_duration(out, "delay", p->delay_us);
	if (p->idle_us >= 0)
		put_duration(out, "idle", p->idle_us);
	put_list(out, "times", &p->times);
	if (p->window_us != 0)
		put_duration(out, "window", p->window_us);
	if (p->slide_us != 0)
		put_duration(out, "slide", p->slide_us);
	if (p->start_us != 0)
		put_duration(out, "start", p->start_us);
	json_member(out, "window_on", p->window_on);
	if (p->session_us > 0)
		put_duration(out, "session", p->session_us);
	else if (p->session_us < 0)
		json_member(out, "session", "field");
	if (p->arrival)
		buf_str(out, ",\"arrival\":true");
	if (p->mode != MODE_NONE)
		json_member(out, "mode", plan_mode_name(p->mode));
	if (p->asked != MODE_NONE)
		json_member(out, "asked", plan_mode_name(p->asked));
	if (p->aggregated)
		buf_str(out, ",\"aggregated\":true");
	put_list(out, "stateful", &p->stateful);
	put_list(out, "keys", &p->keys);
	json_member(out, "zone", p->zone);
	if (p->checkpoint != NULL) {
		json_member(out, "checkpoint", p->checkpoint);
		json_member(out, "identity", p->identity);
		buf_printf(out, ",\"resume\":%lld,\"committed\":%lld",
			(long long)p->resume, (long long)p->committed);
		if (p->last != p->committed)
			buf_printf(out, ",\"last\":%lld", (long long)p->last);
		if (p->anew >= 0)
			buf_printf(out, ",\"anew\":%lld", (long long)p->anew);
		put_list(out, "runs", &p->runs);
	}
	json_member(out, "stage", p->stage);
	buf_add(out, p->extra.p, p->extra.n);
	buf_str(out, "}}");
}

/* Text of a header's string into allocated memory; NULL with a message. */
static char *
text_of(const struct value *v, struct err *err)
{
	struct buf tmp;
	size_t n;
	const char *s;
	char *copy = NULL;

	if (v->type != VALUE_STRING) {
		err_set(err, "it is no text");
		return NULL;
	}
	buf_init(&tmp);
	s = value_string(v, &n, &tmp);
	if (n == 0)
		err_set(err, "it is empty");
	else if (memchr(s, '\0', n) != NULL)
		err_set(err, "it holds a NUL");
	else
		copy = mem_dup(s, n);
	buf_release(&tmp);
	return copy;
}

static int
list_of(const struct value *v, struct list *l, struct err *err)
{
	struct json_iter it;
	struct value key, item;

	list_free(l);
	if (v->type != VALUE_ARRAY)
		return err_set(err, "it is no list");
	json_iter(&it, v);
	while (json_next(&it, &key, &item)) {
		char *s = text_of(&item, err);

		if (s == NULL)
			return -1;
		list_add(l, s, false);
		free(s);
	}
	return 0;
}

/* A batch, -1: none. */
static int
batch_of(const struct value *v, int64_t *number, struct err *err)
{
	struct value n = value_number(v, false);

	if (n.type != VALUE_INT || n.i < -1 || n.i > BATCH_MOST)
		return err_set(err, "it is no batch");
	*number = n.i;
	return 0;
}

static int
duration_of(const char *text, int64_t *us, struct err *err)
{
	char quoted[80];

	if (duration_us(text, strlen(text), us, err) < 0)
		return -1;
	if (*us >= -DURATION_MOST && *us <= DURATION_MOST)
		return 0;
	return err_set(err, "it is too long: '%s'",
		err_quote(quoted, sizeof(quoted), text, strlen(text)));
}

static int
take_trigger(struct plan *p, const char *text, struct err *err)
{
	if (strcmp(text, "once") == 0)
		p->trigger = TRIGGER_ONCE;
	else if (strcmp(text, "available-now") == 0)
		p->trigger = TRIGGER_AVAILABLE;
	else {
		p->trigger = TRIGGER_INTERVAL;
		return duration_of(text, &p->interval_us, err);
	}
	return 0;
}

static int
take_mode(enum mode *m, const char *text, struct err *err)
{
	char quoted[80];

	for (int i = 0; i < 4; i++)
		if (strcmp(modes[i], text) == 0) {
			*m = i;
			return 0;
		}
	err_quote(quoted, sizeof(quoted), text, strlen(text));
	return err_set(err, "unknown mode '%s'", quoted);
}

/* A key whose value is text; 1: name is no such key. */
static int
take_text(struct plan *p, const char *name, const struct value *v,
	struct err *err)
{
	struct {
		const char *name;
		char **text;
	} texts[] = {{"event_time", &p->event_time},
		{"window_on", &p->window_on}, {"zone", &p->zone},
		{"checkpoint", &p->checkpoint}, {"identity", &p->identity},
		{"stage", &p->stage}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (strcmp(name, texts[i].name) == 0) {
			free(*texts[i].text);
			*texts[i].text = text_of(v, err);
			return *texts[i].text != NULL ? 0 : -1;
		}
	return 1;
}

static int
take_fields(struct plan *p, const char *text, struct err *err)
{
	schema_free(p->fields);
	p->fields = schema_parse_header(text, err);
	return p->fields == NULL ? -1 : 0;
}

static int
take_session(struct plan *p, const char *text, struct err *err)
{
	p->session_us = -1;
	if (strcmp(text, "field") == 0)
		return 0;
	if (duration_of(text, &p->session_us, err) < 0)
		return -1;
	return p->session_us > 0 ? 0 : err_set(err, "it is not positive");
}

/* A key whose value is text that means something. */
static int
take_word(struct plan *p, const char *name, const struct value *v,
	struct err *err)
{
	struct {
		const char *name;
		int64_t *us;
	} durations[] = {{"delay", &p->delay_us}, {"idle", &p->idle_us},
		{"window", &p->window_us}, {"slide", &p->slide_us},
		{"start", &p->start_us}};
	struct {
		const char *name;
		int (*take)(struct plan *p, const char *text, struct err *err);
	} words[] = {{"trigger", take_trigger}, {"fields", take_fields},
		{"session", take_session}};
	bool mode = strcmp(name, "mode") == 0,
	     asked = strcmp(name, "asked") == 0;
	char *text = text_of(v, err);
	int ret = text != NULL ? 1 : -1;

	for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++)
		if (ret == 1 && strcmp(name, durations[i].name) == 0)
			ret = duration_of(text, durations[i].us, err);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (ret == 1 && strcmp(name, words[i].name) == 0)
			ret = words[i].take(p, text, err);
	if (ret == 1 && (mode || asked))
		ret = take_mode(mode ? &p->mode : &p->asked, text, err);
	free(text);
	return ret;
}

/* A key whose value is no text; 1: name is no such key. */
static int
take_other(struct plan *p, const char *name, const struct value *v,
	struct err *err)
{
	struct {
		const char *name;
		int64_t *number;
	} batches[] = {{"resume", &p->resume}, {"committed", &p->committed},
		{"last", &p->last}, {"anew", &p->anew}};
	struct {
		const char *name;
		struct list *list;
	} lists[] = {{"stateful", &p->stateful}, {"keys", &p->keys},
		{"runs", &p->runs}, {"times", &p->times}};
	struct {
		const char *name;
		bool *is;
	} flags[] = {{"aggregated", &p->aggregated}, {"arrival", &p->arrival},
		{"whole", &p->whole}};
	struct value n;
	int ret;

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (strcmp(name, lists[i].name) == 0)
			return list_of(v, lists[i].list, err);
	for (size_t i = 0; i < sizeof(batches) / sizeof(*batches); i++)
		if (strcmp(name, batches[i].name) == 0) {
			ret = batch_of(v, batches[i].number, err);
			if (batches[i].number == &p->committed)
				p->last = p->committed;
			return ret;
		}
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (strcmp(name, flags[i].name) == 0) {
			*flags[i].is = v->type == VALUE_BOOL && v->i;
			return v->type == VALUE_BOOL
				? 0
				: err_set(err, "it is neither true nor false");
		}
	if (strcmp(name, "stream") != 0)
		return 1;
	n = value_number(v, false);
	p->stream = n.type != VALUE_INT || n.i < 0 || n.i > INT_MAX ? INT_MAX
								    : (int)n.i;
	return 0;
}

static int
take(struct plan *p, const struct value *key, const struct value *v,
	struct err *err)
{
	static const char *const words[] = {"trigger", "fields", "session",
		"mode", "asked", "delay", "idle", "window", "slide", "start"};
	char *name = mem_dup(key->s, key->n);
	bool word = false;
	int ret = take_text(p, name, v, err);

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		word = word || strcmp(name, words[i]) == 0;
	if (ret == 1)
		ret = word ? take_word(p, name, v, err)
			   : take_other(p, name, v, err);
	if (ret == 1) {
		buf_str(&p->extra, ",\"");
		buf_add(&p->extra, key->s, key->n);
		buf_str(&p->extra, "\":");
		value_print(v, &p->extra);
	} else if (ret < 0)
		err_in(err, "header line: '%s'", name);
	free(name);
	return ret < 0 ? -1 : 0;
}

/* Two machines need not know the same zones. */
static int
check_zone(const struct plan *p, struct err *err)
{
	char quoted[80];

	if (p->zone == NULL || zone_open(p->zone, strlen(p->zone)) != NULL)
		return 0;
	return err_as(err, STATUS_USAGE,
		"header line: 'zone': there is no "
		"time zone '%s' here: what the stream comes from has other "
		"tzdata",
		err_quote(quoted, sizeof(quoted), p->zone, strlen(p->zone)));
}

static bool
checkpoint_fits(const struct plan *p)
{
	if (p->checkpoint == NULL)
		return p->identity == NULL;
	return p->checkpoint[0] == '/' && p->identity != NULL &&
		p->stage != NULL && p->runs.n > 0 && p->resume >= 0 &&
		p->last <= p->committed;
}

/* What no program writes, and none could work with. */
static int
check(const struct plan *p, struct err *err)
{
	if (p->times.n % 2 != 0 || p->interval_us < 0 || p->window_us < 0 ||
		p->delay_us < -1 || p->idle_us < -1 ||
		(p->window_us > 0 &&
			(p->slide_us <= 0 || p->start_us <= -p->slide_us ||
				p->start_us >= p->slide_us)))
		return err_as(err, STATUS_USAGE,
			"header line: trigger, delay, "
			"window, slide and start do not go together");
	if (!checkpoint_fits(p))
		return err_as(err, STATUS_USAGE,
			"header line: checkpoint, "
			"identity, stage, runs, resume, committed and last do "
			"not go together");
	return check_zone(p, err);
}

int
plan_parse(struct plan *p, const struct value *object, struct err *err)
{
	struct json_iter it;
	struct value key, v;

	plan_init(p);
	json_iter(&it, object);
	while (json_next(&it, &key, &v))
		if (take(p, &key, &v, err) < 0) {
			plan_release(p);
			err->status = STATUS_USAGE;
			return -1;
		}
	if (p->stream == 1 && check(p, err) == 0)
		return 0;
	if (p->stream == 0)
		err_as(err, STATUS_USAGE,
			"the stream does not begin with its header: a program "
			"in front of this one has swallowed it (see thru)");
	else if (p->stream != 1)
		err_as(err, STATUS_USAGE,
			"the stream is of version %d, this program reads "
			"version 1: update bief on both ends",
			p->stream);
	plan_release(p);
	return -1;
}

/* ret is what schema_locate() says. */
static int
field_refuse(const struct plan *p, const char *path, int ret, struct err *err)
{
	char quoted[200];
	const char *near;

	err_quote(quoted, sizeof(quoted), path, strlen(path));
	if (ret == -2)
		return err_as(err, STATUS_USAGE, FIELD_CLASH, quoted);
	if (field_renames(path))
		return err_as(err, STATUS_USAGE,
			"no field '%s': " FIELD_RENAMES, quoted);
	near = schema_nearest(p->fields, path);
	if (near != NULL)
		return err_as(err, STATUS_USAGE,
			"no field '%s' (did you mean '%s'?)", quoted, near);
	return err_as(err, STATUS_USAGE, "no field '%s'", quoted);
}

int
plan_field(const struct plan *p, const char *path, struct err *err)
{
	struct schema_place at;
	int ret;

	if (p->fields == NULL)
		return 0;
	ret = schema_locate(p->fields, path, &at, NULL);
	return ret == 0 ? 0 : field_refuse(p, path, ret, err);
}

int
plan_bind(const struct plan *p, struct field *f, bool *whole, struct err *err)
{
	struct schema_place at;
	struct buf name;
	int ret;

	if (whole != NULL)
		*whole = false;
	if (p->fields == NULL)
		return 0;
	buf_init(&name);
	ret = schema_locate(p->fields, f->path, &at, &name);
	if (ret == 0)
		field_settle(f, buf_cstr(&name), at.whole);
	else
		field_refuse(p, f->path, ret, err);
	buf_release(&name);
	if (whole != NULL)
		*whole = ret == 0 && at.whole;
	return ret == 0 ? 0 : -1;
}

bool
plan_same(const struct plan *p, const char *name, const char *field)
{
	return field != NULL &&
		(p->fields != NULL ? strcmp(name, field) == 0
				   : strcasecmp(name, field) == 0);
}

void
plan_add_time(struct plan *p, const char *name, int64_t delay_us)
{
	char text[TIME_MAX + 1];

	text[duration_format(delay_us, text)] = '\0';
	list_add(&p->times, name, false);
	list_add(&p->times, text, false);
}

void
plan_rename_time(struct plan *p, size_t i, const char *name)
{
	struct list *l = &p->times;

	free(l->s[i]);
	if (name != NULL) {
		l->s[i] = dup(name);
		return;
	}
	free(l->s[i + 1]);
	l->n -= 2;
	memmove(l->s + i, l->s + i + 2, (l->n - i) * sizeof(*l->s));
}

bool
plan_take_time(struct plan *p, const char *name)
{
	char *old = p->event_time;
	int64_t delay = p->delay_us;
	struct err err;

	if (plan_same(p, name, old))
		return true;
	for (size_t i = 0; i < p->times.n; i += 2) {
		if (!plan_same(p, name, p->times.s[i]))
			continue;
		if (duration_us(p->times.s[i + 1], strlen(p->times.s[i + 1]),
			    &p->delay_us, &err) < 0)
			p->delay_us = delay;
		p->event_time = dup(p->times.s[i]);
		plan_rename_time(p, i, NULL);
		if (old != NULL)
			plan_add_time(p, old, delay);
		free(old);
		return true;
	}
	return false;
}

void
plan_field_form(const struct plan *p, const char *path, struct buf *out)
{
	const struct type *t = p->fields == NULL ? NULL
						 : schema_type(p->fields, path);

	if (t == NULL)
		return;
	buf_printf(out, "field '%s' ", path);
	type_print(t, out);
	buf_byte(out, '\n');
}
