/*
 * states: where aircraft are, as OpenSky's state vectors, a record an aircraft.
 * The sky is asked every ten seconds, and the aircraft fly on meanwhile.
 *
 * An aircraft is no memory: what it is, and where it began, follows from the
 * seed and its number.
 */
#include <math.h>
#include <stdint.h>

#include "floor/buf.h"
#include "floor/random.h"
#include "command/sample/kind.h"
#include "command/sample/put.h"

#define BEGIN 1738361582 /* 2025-01-31T22:13:02Z */
#define AIRCRAFT 1000
#define POLL 10       /* seconds */
#define PATHS 60      /* polls until an aircraft begins anew */
#define METRE 0.00001 /* in degrees, more or less */

struct aircraft {
	const char *country, *airline;
	double longitude, latitude, track;
	int64_t altitude, velocity, climb; /* hundredths of metres */
	bool ground, low;
	uint64_t bits;
};

static void
draw_aircraft(const struct sample *s, uint64_t number, struct aircraft *a)
{
	static const struct {
		const char *country, *airline;
		int16_t longitude, latitude;
	} homes[] = {{"United States", "UAL", -98, 39},
		{"United States", "SWA", -84, 35}, {"France", "AFR", 2, 47},
		{"Germany", "DLH", 10, 51}, {"United Kingdom", "BAW", -2, 53},
		{"Spain", "IBE", -4, 40}, {"Switzerland", "SWR", 8, 47},
		{"Canada", "ACA", -80, 45}, {"Türkiye", "THY", 30, 40},
		{"Brazil", "TAM", -48, -20}};
	uint64_t x = s->seed ^ number * UINT64_C(0xd1342543de82ef95);
	uint32_t h = random_below(&x, sizeof(homes) / sizeof(*homes));

	a->country = homes[h].country;
	a->airline = homes[h].airline;
	a->longitude = homes[h].longitude + random_below(&x, 120000) / 1e4 - 6;
	a->latitude = homes[h].latitude + random_below(&x, 100000) / 1e4 - 5;
	a->track = random_below(&x, 36000) / 100.0;
	a->ground = random_below(&x, 12) == 0;
	a->low = random_below(&x, 4) == 0;
	a->climb = random_below(&x, 3) > 0
		? 0
		: (int64_t)random_below(&x, 1600) - 800;
	a->altitude = a->ground ? 0
				: 762 *
			(a->low ? 40 + random_below(&x, 400)
				: 900 + random_below(&x, 700));
	a->velocity = a->ground ? random_below(&x, 1500)
		: a->low        ? 5000 + random_below(&x, 8000)
				: 17000 + random_below(&x, 9000);
	a->bits = random_next(&x);
}

static void
put_identity(const struct aircraft *a, struct buf *out)
{
	size_t from;

	PUT_TEXT(out, ",\"icao24\":\"");
	put_hex(out, a->bits, 6);
	PUT_TEXT(out, "\",\"callsign\":\"");
	from = out->n;
	buf_str(out, a->airline);
	put_int(out, (int64_t)(10 + a->bits % 4990));
	while (out->n - from < 8)
		buf_byte(out, ' ');
	PUT_TEXT(out, "\",\"origin_country\":\"");
	buf_str(out, a->country);
	buf_byte(out, '"');
}

static void
put_measure(struct buf *out, const char *name, int64_t n, int digits)
{
	PUT_TEXT(out, ",\"");
	buf_str(out, name);
	PUT_TEXT(out, "\":");
	put_fixed(out, n, digits);
}

/* Where it is after so many seconds. */
static void
put_place(const struct aircraft *a, int64_t seconds, struct buf *out)
{
	double way = (double)(a->velocity * seconds) / 100 * METRE,
	       angle = a->track * (M_PI / 180);

	put_measure(out, "longitude",
		lround((a->longitude + way * sin(angle)) * 1e4), 4);
	put_measure(out, "latitude",
		lround((a->latitude + way * cos(angle)) * 1e4), 4);
}

static void
states_put(struct sample *s, uint64_t i, struct buf *out)
{
	uint64_t poll = i / AIRCRAFT;
	int64_t now = BEGIN + (int64_t)poll * POLL,
		flown = (int64_t)(poll % PATHS) * POLL, altitude;
	uint32_t r = random_below(&s->random, 1000);
	struct aircraft a;

	draw_aircraft(s, i % AIRCRAFT, &a);
	altitude = a.altitude + (a.ground ? 0 : a.climb * flown / 4);
	if (altitude < 0)
		altitude = 0;
	PUT_TEXT(out, "{\"time\":");
	put_int(out, now);
	put_identity(&a, out);
	put_measure(out, "time_position", now - r % 3 - (r < 10 ? 300 : 0), 0);
	put_measure(out, "last_contact", now - r % 3, 0);
	put_place(&a, flown, out);
	if (a.ground || r % 40 == 0)
		PUT_TEXT(out, ",\"baro_altitude\":null");
	else
		put_measure(out, "baro_altitude", altitude, 2);
	buf_str(out, a.ground ? ",\"on_ground\":true" : ",\"on_ground\":false");
	put_measure(out, "velocity", a.velocity, 2);
	put_measure(out, "true_track", lround(a.track * 100), 2);
	put_measure(out, "vertical_rate", a.ground ? 0 : a.climb, 2);
	PUT_TEXT(out, ",\"sensors\":null");
	if (a.ground || r % 40 == 0)
		PUT_TEXT(out, ",\"geo_altitude\":null");
	else
		put_measure(out, "geo_altitude", altitude + 762 * (r % 9), 2);
	if (a.bits >> 62 == 0)
		PUT_TEXT(out, ",\"squawk\":null");
	else
		buf_printf(out, ",\"squawk\":\"%04o\"",
			(unsigned)(a.bits >> 40 & 07777));
	PUT_TEXT(out, ",\"spi\":false,\"position_source\":0}\n");
}

const struct sample_kind states_kind = {
	.name = "states",
	.about = "where aircraft are, as OpenSky's state vectors",
	.stem = "states-",
	.suffix = ".json",
	.count = 6 * AIRCRAFT,
	.per_file = AIRCRAFT,
	.put = states_put,
};
