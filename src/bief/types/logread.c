/*
 * logread: see logread.h.
 */
#include "types/logread.h"

#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "text/number.h"
#include "text/regex.h"
#include "time/time.h"
#include "value/json.h"
#include "types/fromjson.h"
#include "types/logsplit.h"
#include "types/schema.h"
#include "types/schema_parse.h"

#define ACCESS_TIME 26 /* bytes of 10/Oct/2000:13:55:36 -0700 */
#define GROUPS 1000    /* more than anybody names */

struct logread {
	enum log_format format;
	struct schema *fields; /* NULL: each line tells */
	struct cell *cell;     /* of each field */
	struct buf text;       /* of cells that had escapes */
	struct buf out;        /* of values */
	char why[200];

	struct regex *regex;
	int group_field[GROUPS + 1]; /* of each group, or -1 */

	char last_time[ACCESS_TIME]; /* the last one that was read anew ... */
	int64_t last_us;             /* ... and what it was */

	struct schema *keys; /* of the journal's objects */
	struct fromjson *json;
	struct value *raw;
};

#define COMMON                                                     \
	"host string, ident string, user string, time timestamp, " \
	"method string, path string, protocol string, status int, size bigint"

static const char *const ddl[] = {
	[LOG_COMMON] = COMMON,
	[LOG_COMBINED] = COMMON ", referer string, agent string, rest string",
	[LOG_SYSLOG] = "time timestamp, host string, app string, pid bigint, "
		       "facility int, priority int, msgid string, data string, "
		       "message string",
	[LOG_JOURNAL] = "time timestamp, host string, unit string, app string, "
			"pid bigint, facility int, priority int, "
			"message string",
	[LOG_REGEX] = NULL,
};

/* What the journal calls these. */
static const char journal_keys[] =
	"__REALTIME_TIMESTAMP string, _HOSTNAME string, _SYSTEMD_UNIT string, "
	"SYSLOG_IDENTIFIER string, _PID string, SYSLOG_FACILITY string, "
	"PRIORITY string, MESSAGE string";
enum { JOURNAL_TIME, JOURNAL_MESSAGE = 7 };

/* ---- opening ---- */

/* Python's (?P<name>...) is the same as (?<name>...). */
static void
translate(const char *regex, struct buf *out)
{
	for (const char *p = regex; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			buf_byte(out, *p++);
		buf_byte(out, *p);
		if (p[0] == '(' && p[1] == '?' && p[2] == 'P' && p[3] == '<' &&
			(p == regex || p[-1] != '\\')) {
			buf_byte(out, '?');
			p += 2;
		}
	}
}

/* A field for each named group; those of one name are one. */
static int
take_groups(struct logread *l, struct err *err)
{
	char text[100];
	size_t n;

	for (int i = 0; i <= GROUPS; i++)
		l->group_field[i] = -1;
	for (int i = 1; i <= GROUPS; i++) {
		const char *name = regex_group(l->regex, i, &n);
		int at;

		if (name == NULL)
			continue;
		at = schema_find(l->fields, name, n);
		if (at < 0) {
			snprintf(text, sizeof(text), "%.*s", (int)n, name);
			schema_add(l->fields, text, type_new(TYPE_STRING));
			at = (int)l->fields->n - 1;
		}
		l->group_field[i] = at;
	}
	if (l->fields->n > 0)
		return 0;
	return err_as(err, STATUS_USAGE,
		"--regex has no named group, which would be a field: "
		"(?<name>...)");
}

static int
open_regex(struct logread *l, const char *regex, struct err *err)
{
	struct err why;
	struct buf b;

	buf_init(&b);
	translate(regex, &b);
	l->regex = regex_new(b.p, b.n, REGEX_PERL, 0, &why);
	buf_release(&b);
	if (l->regex == NULL)
		return err_as(err, STATUS_USAGE, "--regex: %s: '%s'", why.text,
			regex);
	l->fields = schema_new();
	return take_groups(l, err);
}

/* The schema gives types to fields that are there. */
static int
take_types(struct logread *l, const struct schema *types, struct err *err)
{
	for (size_t i = 0; types != NULL && i < types->n; i++) {
		const char *name = types->f[i].name, *near;
		int at = schema_like(l->fields, name, strlen(name));

		if (at >= 0) {
			type_free(l->fields->f[at].type);
			l->fields->f[at].type = type_copy(types->f[i].type);
			continue;
		}
		if (at == -2)
			return err_as(err, STATUS_USAGE,
				"--schema: '%s' is the name of several "
				"fields, which differ in the case of their "
				"letters: write it as the one that is meant",
				name);
		near = schema_nearest(l->fields, name);
		return err_as(err, STATUS_USAGE,
			"--schema: there is no field '%s'%s%s%s", name,
			near != NULL ? ": did you mean '" : "",
			near != NULL ? near : "", near != NULL ? "'?" : "");
	}
	return 0;
}

struct logread *
logread_new(enum log_format format, const char *regex,
	const struct schema *types, struct err *err)
{
	struct fromjson_options options = {.corrupt = -1};
	struct logread *l = mem_zalloc(sizeof(*l));

	l->format = format;
	if (format == LOG_LOGFMT)
		l->fields = schema_copy(types);
	else if (format != LOG_REGEX)
		l->fields = schema_parse(ddl[format], err);
	else if (open_regex(l, regex, err) < 0)
		goto err;
	if (format != LOG_LOGFMT && take_types(l, types, err) < 0)
		goto err;
	if (format == LOG_JOURNAL) {
		l->keys = schema_parse(journal_keys, err);
		l->json = fromjson_new(l->keys, &options);
		l->raw = mem_zalloc(l->keys->n * sizeof(*l->raw));
	}
	if (l->fields != NULL)
		l->cell = mem_zalloc((l->fields->n + 1) * sizeof(*l->cell));
	return l;
err:
	logread_free(l);
	return NULL;
}

void
logread_free(struct logread *l)
{
	if (l == NULL)
		return;
	regex_free(l->regex);
	fromjson_free(l->json);
	schema_free(l->keys);
	schema_free(l->fields);
	free(l->cell);
	free(l->raw);
	buf_release(&l->text);
	buf_release(&l->out);
	free(l);
}

const struct schema *
logread_fields(const struct logread *l)
{
	return l->fields;
}

/* ---- parts ---- */

static const char *
split_regex(struct logread *l, const char *s, size_t n)
{
	struct regex_match m;
	struct err err;
	int found = regex_search(l->regex, s, n, 0, &m, &err);

	if (found < 0) {
		snprintf(l->why, sizeof(l->why),
			"the expression gives up (%.100s): what it "
			"repeats must not be found in many ways",
			err.text);
		return l->why;
	}
	if (found == 0)
		return "it does not match the expression";
	for (int i = 1; i < m.n && i <= GROUPS; i++)
		if (m.beg[i] >= 0 && l->group_field[i] >= 0)
			l->cell[l->group_field[i]] = (struct cell){s + m.beg[i],
				(size_t)(m.end[i] - m.beg[i]), true};
	return NULL;
}

/* Which field a key is; the next one is tried first. */
static int
find_key(const struct logread *l, const struct cell *key, size_t *next)
{
	const struct schema *s = l->fields;

	if (s->n == 0)
		return -1;
	for (size_t i = 0; i < s->n; i++) {
		size_t at = (*next + i) % s->n;

		if (strncmp(s->f[at].name, key->s, key->n) == 0 &&
			s->f[at].name[key->n] == '\0') {
			*next = at + 1;
			return (int)at;
		}
	}
	return schema_like(s, key->s, key->n);
}

static const char *
split_pairs(struct logread *l, struct logsplit *p)
{
	struct cell key, value;
	size_t next = 0;
	int what, at;

	while ((what = logsplit_pair(p, &key, &value)) > 0) {
		if (key.n == 0)
			return "a key is missing in front of '='";
		at = find_key(l, &key, &next);
		if (at < 0)
			continue;
		l->cell[at] = value.s != NULL ? value
					      : (struct cell){"true", 4, true};
	}
	return what < 0 ? "a quote is not closed" : NULL;
}

/* Is the message of this object an array? */
static bool
is_bytes(const char *s, size_t n)
{
	static const char key[] = "\"MESSAGE\"";
	const char *end = s + n, *p = s;

	while ((p = memmem(p, (size_t)(end - p), key, sizeof(key) - 1)) !=
		NULL) {
		bool quoted = p > s && p[-1] == '\\';

		p = json_space(p + sizeof(key) - 1, end);
		if (!quoted && p < end && *p == ':')
			p = json_space(p + 1, end);
		if (!quoted && p < end)
			return *p == '[';
	}
	return false;
}

/* A message that is no text comes as an array of its bytes. */
static void
take_bytes(struct logread *l, struct cell *c)
{
	size_t from = l->text.n;
	const char *p = c->s + 1, *end = c->s + c->n;
	unsigned byte = 0;
	bool any = false;
	struct buf raw;

	buf_init(&raw);
	for (; p < end; p++) {
		if (*p >= '0' && *p <= '9') {
			byte = 10 * byte + (unsigned)(*p - '0');
			any = true;
		} else if (any) {
			buf_byte(&raw, (char)byte);
			byte = 0;
			any = false;
		}
	}
	if (json_utf8(raw.p, raw.n))
		buf_add(&l->text, raw.p, raw.n);
	else
		json_repair(&l->text, raw.p, raw.n);
	buf_release(&raw);
	*c = (struct cell){l->text.p + from, l->text.n - from, true};
}

static const char *
split_journal(struct logread *l, const char *s, size_t n)
{
	if (fromjson_read(l->json, s, n, 0, l->raw) < 0)
		return fromjson_why(l->json);
	for (size_t i = 0; i < l->keys->n; i++) {
		const struct value *v = &l->raw[i];
		size_t from = l->text.n;
		bool escaped = v->flags & VALUE_ESCAPED;

		if (v->type != VALUE_STRING)
			continue;
		if (escaped)
			json_unquote(&l->text, v->s, v->n);
		l->cell[i] = escaped ? (struct cell){l->text.p + from,
					       l->text.n - from, true}
				     : (struct cell){v->s, v->n, true};
	}
	if (l->cell[JOURNAL_TIME].s == NULL)
		return "no __REALTIME_TIMESTAMP: is it what journalctl -o json "
		       "prints?";
	if (is_bytes(s, n))
		take_bytes(l, &l->cell[JOURNAL_MESSAGE]);
	return NULL;
}

static const char *
split_line(struct logread *l, const char *s, size_t n)
{
	struct logsplit p = {
		.p = s, .end = s + n, .cell = l->cell, .text = &l->text};

	switch (l->format) {
	case LOG_COMMON:
		return logsplit_common(&p);
	case LOG_COMBINED:
		return logsplit_combined(&p);
	case LOG_SYSLOG:
		return logsplit_syslog(&p);
	case LOG_LOGFMT:
		return split_pairs(l, &p);
	case LOG_JOURNAL:
		return split_journal(l, s, n);
	default:
		return split_regex(l, s, n);
	}
}

/* ---- values ---- */

/* Most lines are of the minute of the one before. */
static int
access_time(struct logread *l, const struct cell *c, int64_t *us)
{
	char *last = l->last_time;
	int64_t seconds;

	if (c->n == ACCESS_TIME && *last != '\0' &&
		memcmp(c->s, last, 18) == 0 &&
		memcmp(c->s + 20, last + 20, 6) == 0 && c->s[18] >= '0' &&
		c->s[18] <= '5' && c->s[19] >= '0' && c->s[19] <= '9') {
		seconds = 10 * (c->s[18] - last[18]) + c->s[19] - last[19];
		*us = l->last_us + seconds * TIME_SECOND;
		return 0;
	}
	if (logsplit_access_time(c->s, c->n, us) < 0)
		return -1;
	memcpy(last, c->s, ACCESS_TIME);
	l->last_us = *us;
	return 0;
}

/* A time in the format's own form. */
static int
read_time(struct logread *l, const struct cell *c,
	const struct cell_rules *rules, int64_t *us)
{
	switch (l->format) {
	case LOG_COMMON:
	case LOG_COMBINED:
		return access_time(l, c, us);
	case LOG_SYSLOG:
		return logsplit_syslog_time(
			c->s, c->n, rules->zone, rules->now_us, us);
	case LOG_JOURNAL:
		return number_int(c->s, c->n, us);
	default:
		return -1;
	}
}

static bool
read_cell(struct logread *l, size_t i, const struct cell_rules *rules,
	struct value *v)
{
	const struct cell *c = &l->cell[i];
	const struct type *t = l->fields->f[i].type;
	int64_t us;

	if (c->s == NULL) {
		*v = value_null();
		return true;
	}
	if (t->kind == TYPE_STRING && c->plain) {
		*v = value_json_string(c->s, c->n, false);
		return true;
	}
	if (t->kind == TYPE_STRING) {
		*v = cell_string(c->s, c->n, &l->out);
		return true;
	}
	if (t->kind == TYPE_TIMESTAMP && rules->pattern == NULL &&
		read_time(l, c, rules, &us) == 0) {
		*v = value_time(us);
		return true;
	}
	return cell_value(c, t, rules, &l->out, v);
}

const char *
logread_line(struct logread *l, const char *s, size_t n,
	const struct cell_rules *rules, struct value *v)
{
	const struct schema *f = l->fields;
	const char *why, *split;
	char q[60];

	memset(l->cell, 0, f->n * sizeof(*l->cell));
	buf_clear(&l->text);
	buf_clear(&l->out);
	/* Neither may move while cells point into it. */
	buf_need(&l->text, 3 * n + 64);
	buf_need(&l->out, CELL_ROOM(3 * n) + CELL_ROOM(0) * f->n);
	split = why = split_line(l, s, n);
	for (size_t i = 0; i < f->n; i++) {
		v[i] = value_null();
		if (split != NULL || read_cell(l, i, rules, &v[i]))
			continue;
		snprintf(l->why, sizeof(l->why),
			"field '%s' is not of its type: '%s'", f->f[i].name,
			err_quote(q, sizeof(q), l->cell[i].s, l->cell[i].n));
		why = l->why;
	}
	return why;
}

const char *
logread_json(struct logread *l, const char *s, size_t n, struct buf *out)
{
	struct logsplit p = {.p = s, .end = s + n, .text = &l->text};
	struct cell key, value;
	int what;

	buf_clear(&l->text);
	buf_need(&l->text, n + 64);
	buf_byte(out, '{');
	while ((what = logsplit_pair(&p, &key, &value)) > 0) {
		if (key.n == 0)
			return "a key is missing in front of '='";
		if (out->p[out->n - 1] != '{')
			buf_byte(out, ',');
		json_quote(out, key.s, key.n);
		buf_byte(out, ':');
		if (value.s != NULL)
			json_quote(out, value.s, value.n);
		else
			buf_str(out, "true");
	}
	buf_byte(out, '}');
	buf_need(out, JSON_PADDING);
	return what < 0 ? "a quote is not closed" : NULL;
}
