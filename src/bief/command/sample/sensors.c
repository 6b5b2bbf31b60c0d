/*
 * sensors: records of motion sensors, and of a second stream, heart rates, of
 * the same people at the same time.  They arrive in order and were made up to a
 * second before; one in fifty has lost everything but its times.
 */
#include <stdint.h>

#include "floor/buf.h"
#include "floor/random.h"
#include "command/sample/kind.h"
#include "command/sample/put.h"

#define BEGIN INT64_C(1619463228122799616) /* 2021-04-26T18:53:48Z */
#define MILLI 1000000
#define LOST 50

struct sensors {
	int64_t arrival_ns;
	int64_t index;
};

static void
sensors_begin(struct sample *s)
{
	struct sensors *e = s->self;

	e->arrival_ns = BEGIN;
	e->index = 4234667;
}

/* The fields that both have, up to the user; is the record one that has lost
 * the others? */
static bool
put_times(struct sample *s, struct buf *out)
{
	struct sensors *e = s->self;
	int64_t late = random_below(&s->random, 1000 * MILLI);

	PUT_TEXT(out, "{\"Creation_Time\": ");
	put_int(out, e->arrival_ns - late);
	PUT_TEXT(out, ", \"Arrival_Time\": ");
	put_int(out, e->arrival_ns);
	e->index++;
	return random_below(&s->random, LOST) == 0;
}

static void
put_device(struct sample *s, const char *model, struct buf *out)
{
	struct sensors *e = s->self;
	uint32_t r = random_below(&s->random, 52);

	PUT_TEXT(out, ", \"Device\": \"");
	buf_str(out, model);
	buf_byte(out, '_');
	buf_byte(out, (char)('1' + r % 2));
	PUT_TEXT(out, "\", \"Index\": ");
	put_int(out, e->index);
	PUT_TEXT(out, ", \"Model\": \"");
	buf_str(out, model);
	PUT_TEXT(out, "\", \"User\": \"");
	buf_byte(out, (char)('a' + r / 2));
	buf_byte(out, '"');
}

/* A measure around a mean, thousandths, with 14 digits behind the point: as
 * many as a double surely keeps. */
static void
put_measure(struct sample *s, int64_t mean, int64_t swing, struct buf *out)
{
	uint64_t a = random_next(&s->random), b = random_next(&s->random);
	/* The sum of three is near enough to a bell. */
	int64_t bell = (int64_t)((a & 0xffffffff) + (a >> 32) + (b >> 32)) -
		INT64_C(3) * 0x7fffffff;
	int64_t m = mean * 100000000 + bell / 64 * swing / 3;

	put_double(out, m * 1000 + (int64_t)(b % 1000), 14);
}

static void
put_sensors(struct sample *s, uint64_t i, struct buf *out)
{
	static const struct {
		const char *name;
		int16_t swing;
		int16_t x, y, z;
	} activities[] = {{"bike", 900, 120, -340, 6100},
		{"run", 1800, -610, 880, 7200}, {"sit", 40, -30, 45, 9790},
		{"stairsdown", 1100, -420, 260, 8600},
		{"stairsup", 1000, 380, -190, 8900},
		{"stand", 60, 15, -20, 9810}, {"unknown", 700, 5, 10, 9300},
		{"walk", 1000, -110, 230, 9100}};
	struct sensors *e = s->self;
	uint32_t a;

	e->arrival_ns += random_below(&s->random, 100) * 750 * 1000;
	if (put_times(s, out)) {
		PUT_TEXT(out,
			", \"Device\": null, \"Index\": null, \"Model\": null, "
			"\"User\": null, \"gt\": null, \"x\": null, "
			"\"y\": null, \"z\": null}\r\n");
		return;
	}
	put_device(s, "nexus4", out);
	a = random_below(&s->random, 8);
	PUT_TEXT(out, ", \"gt\": \"");
	buf_str(out, activities[a].name);
	PUT_TEXT(out, "\", \"x\": ");
	put_measure(s, activities[a].x, activities[a].swing, out);
	PUT_TEXT(out, ", \"y\": ");
	put_measure(s, activities[a].y, activities[a].swing, out);
	PUT_TEXT(out, ", \"z\": ");
	put_measure(s, activities[a].z, activities[a].swing, out);
	PUT_TEXT(out, "}\r\n");
}

static void
put_heart(struct sample *s, uint64_t i, struct buf *out)
{
	struct sensors *e = s->self;
	uint32_t bpm;

	e->arrival_ns += (int64_t)random_below(&s->random, 100) * 4 * MILLI;
	if (put_times(s, out)) {
		PUT_TEXT(out,
			", \"Device\": null, \"Index\": null, \"Model\": null, "
			"\"User\": null, \"bpm\": null}\r\n");
		return;
	}
	put_device(s, "gear", out);
	bpm = 48 + random_below(&s->random, 60) + random_below(&s->random, 60);
	PUT_TEXT(out, ", \"bpm\": ");
	put_int(out, bpm);
	PUT_TEXT(out, "}\r\n");
}

const struct sample_kind sensors_kind = {
	.name = "sensors",
	.about = "motion sensors: CRLF, nanoseconds, some with nulls",
	.stem = "sensors-",
	.suffix = ".json",
	.count = 10000,
	.per_file = 1000,
	.size = sizeof(struct sensors),
	.begin = sensors_begin,
	.put = put_sensors,
};

const struct sample_kind sensors_heart = {
	.name = "heart",
	.about = "heart rates of the same people at the same time",
	.stem = "heart-",
	.suffix = ".json",
	.count = 2000,
	.per_file = 200,
	.size = sizeof(struct sensors),
	.begin = sensors_begin,
	.put = put_heart,
};
