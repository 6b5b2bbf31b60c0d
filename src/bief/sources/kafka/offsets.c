/*
 * offsets: a position is read one or two times: as where a batch begins, and,
 * where one is run again, as where it ends.
 */
#include "sources/kafka/offsets.h"

#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "value/json.h"

struct offsets_seek {
	struct topics *topics;
	enum { TAKE_START, TAKE_NEXT, TAKE_END } what;
};

static int
offsets_one(void *to, const char *topic, int32_t number, int64_t offset,
	struct err *err)
{
	struct offsets_seek *k = to;
	struct topics_part *p = topics_add(k->topics, topic, number);

	if (k->what == TAKE_START && p->start == TOPICS_UNKNOWN)
		p->start = p->next = p->end = offset;
	if (k->what == TAKE_NEXT)
		p->next = p->end = offset;
	if (k->what == TAKE_END)
		p->end = offset;
	return 0;
}

static int
offsets_member(struct topics *t, const struct value *v, const char *name,
	int what, struct err *err)
{
	struct offsets_seek k = {.topics = t, .what = what};
	struct value member;

	if (!json_get(v, name, strlen(name), &member))
		return err_set(err, "it has no '%s'", name);
	return topics_read(&member, 0, offsets_one, &k, err);
}

int
offsets_read(struct topics *t, const char *text, bool end, struct err *err)
{
	struct json_error why;
	struct value v, at;
	struct buf b;
	int rc = 1;

	buf_init(&b);
	buf_str(&b, text);
	buf_need(&b, JSON_PADDING);
	if (json_read(b.p, b.p + b.n, 0, &v, &why) == NULL ||
		v.type != VALUE_OBJECT)
		rc = err_set(err, "it is no object");
	else if (!json_get(&v, "at", 2, &at))
		rc = 0;
	else if (offsets_member(t, &v, "start", TAKE_START, err) < 0 ||
		offsets_member(t, &v, "at", end ? TAKE_END : TAKE_NEXT, err) <
			0)
		rc = -1;
	buf_release(&b);
	if (rc >= 0)
		return rc;
	err->status = STATUS_DAMAGED;
	return err_in(err, "the position of the source is damaged");
}

void
offsets_print(const struct topics *t, struct buf *out)
{
	buf_str(out, "{\"at\":");
	topics_print(t, false, out);
	buf_str(out, ",\"start\":");
	topics_print(t, true, out);
	buf_byte(out, '}');
}
