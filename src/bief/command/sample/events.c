/*
 * events: doors that open and close, more often by day.
 */
#include <stdint.h>

#include "floor/buf.h"
#include "floor/random.h"
#include "command/sample/kind.h"
#include "command/sample/put.h"

#define BEGIN 1469501107 /* 2016-07-26T02:45:07Z */

struct events {
	int64_t time;
	uint64_t open; /* so many are open now */
};

static void
events_begin(struct sample *s)
{
	struct events *e = s->self;

	e->time = BEGIN;
}

static void
events_put(struct sample *s, uint64_t i, struct buf *out)
{
	/* The longest time between two, in seconds, by the hour of the day. */
	static const uint8_t gap[24] = {6, 7, 8, 8, 7, 6, 5, 4, 3, 3, 3, 3, 3,
		3, 3, 3, 3, 3, 3, 4, 4, 5, 5, 6};
	struct events *e = s->self;
	uint64_t r = random_next(&s->random);
	bool opens = e->open == 0 || r >> 63;

	e->time += (int64_t)((r & 0xffff) * gap[e->time / 3600 % 24] >> 16);
	if (opens)
		e->open++;
	else
		e->open--;
	PUT_TEXT(out, "{\"time\":");
	put_int(out, e->time);
	if (opens)
		PUT_TEXT(out, ",\"action\":\"Open\"}\n");
	else
		PUT_TEXT(out, ",\"action\":\"Close\"}\n");
}

const struct sample_kind events_kind = {
	.name = "events",
	.about = "actions with a time in seconds",
	.stem = "file-",
	.suffix = ".json",
	.count = 100000,
	.per_file = 2000,
	.size = sizeof(struct events),
	.open_ended = true,
	.begin = events_begin,
	.put = events_put,
};
