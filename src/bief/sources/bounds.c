/*
 * bounds: see bounds.h.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "sources/bounds.h"
#include "time/time.h"
#include "value/json.h"
#include "floor/mem.h"

static int
add_offset(void *to, const char *topic, int32_t number, int64_t offset,
	struct err *err)
{
	struct bounds *b = to;

	(void)err;
	b->o = mem_realloc(b->o, (b->n + 1) * sizeof(*b->o));
	b->o[b->n++] = (struct bounds_offset){
		mem_dup(topic, strlen(topic)), number, offset};
	return 0;
}

static int
parse_offsets(
	struct bounds *b, const char *text, int64_t least, struct err *err)
{
	struct json_error why;
	struct value v;
	struct buf copy;
	const char *p, *end;
	int rc;

	buf_init(&copy);
	buf_str(&copy, text);
	buf_need(&copy, JSON_PADDING);
	end = copy.p + copy.n;
	b->what = TOPICS_UNKNOWN;
	p = json_read(copy.p, end, 0, &v, &why);
	if (p == NULL || json_space(p, end) != end)
		rc = err_set(err, "it is no JSON: %s",
			p == NULL ? why.what : "more follows the object");
	else
		rc = topics_read(&v, least, add_offset, b, err);
	if (rc < 0) {
		err->status = STATUS_USAGE;
		err_in(err, "'%s'", text);
	}
	buf_release(&copy);
	return rc;
}

int
bounds_parse(struct bounds *b, const char *text, int64_t least,
	const struct zone *zone, struct err *err)
{
	int64_t us;

	b->given = true;
	if (text[strspn(text, " \t\n")] == '{')
		return parse_offsets(b, text, least, err);
	if (strcmp(text, "latest") == 0) {
		b->what = TOPICS_LATEST;
		return 0;
	}
	if (strcmp(text, "earliest") == 0 && least == TOPICS_EARLIEST) {
		b->what = TOPICS_EARLIEST;
		return 0;
	}
	if (time_parse(text, strlen(text), zone, time_now(), &us) != 0)
		return err_as(err, STATUS_USAGE,
			"'%s' is none of %s'latest', a "
			"time, and offsets such as {\"topic\":{\"0\":23}}",
			text, least == TOPICS_EARLIEST ? "'earliest', " : "");
	/* The first message that is no older: its time counts milliseconds. */
	b->what = time_floor_div(us + 999, 1000);
	return b->what < 0
		? err_as(err, STATUS_USAGE, "'%s' is before 1970", text)
		: 0;
}

void
bounds_release(struct bounds *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->o[i].topic);
	free(b->o);
}

static const struct bounds_offset *
find_offset(const struct bounds *b, const char *topic, int32_t number)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->o[i].number == number &&
			strcmp(b->o[i].topic, topic) == 0)
			return &b->o[i];
	return NULL;
}

int
bounds_check(const struct bounds *b, const struct topics *t, struct err *err)
{
	if (b->what != TOPICS_UNKNOWN)
		return 0;
	for (size_t i = 0; i < b->n; i++)
		if (topics_find(t, b->o[i].topic, b->o[i].number) == NULL)
			return err_as(err, STATUS_USAGE,
				"there is no partition "
				"%d of a topic '%s' that is read",
				(int)b->o[i].number, b->o[i].topic);
	for (size_t i = 0; i < t->n; i++)
		if (find_offset(b, t->p[i]->topic, t->p[i]->number) == NULL)
			return err_as(err, STATUS_USAGE,
				"partition %d of topic "
				"'%s' has no offset: name all (-1 is the end, "
				"-2 the beginning)",
				(int)t->p[i]->number, t->p[i]->topic);
	return 0;
}

bool
bounds_offset(
	const struct bounds *b, const struct topics_part *p, int64_t *offset)
{
	const struct bounds_offset *o;

	*offset = b->what;
	if (b->what != TOPICS_UNKNOWN)
		return false;
	o = find_offset(b, p->topic, p->number);
	*offset = o != NULL ? o->offset : TOPICS_LATEST;
	return *offset >= 0;
}
