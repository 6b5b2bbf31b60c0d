/*
 * flights: as OpenSky tells of those that have departed, the newest first.
 */
#include <stdint.h>

#include "floor/buf.h"
#include "floor/random.h"
#include "command/sample/kind.h"
#include "command/sample/put.h"

#define NEWEST 1669938860 /* 2022-12-01T23:54:20Z */
#define N(list) (sizeof(list) / sizeof(*(list)))

/* The first are the large ones. */
static const char *const airports[] = {"LFPG", "EDDF", "EGLL", "EHAM", "LEMD",
	"LEBL", "LIMC", "LFML", "LSZH", "EDDM", "LFMN", "LOWW", "EKCH", "LPPT",
	"LFBO", "EIDW", "LIRF", "ESSA", "EBBR", "LFLL", "EPWA", "LKPR", "LFRS",
	"EDDK", "LFBD"};
static const char *const airlines[] = {
	"AFR", "DLH", "BAW", "KLM", "IBE", "EZY", "RYR", "SWR", "TAP", "FPO"};

struct flights {
	int64_t first_seen;
};

static void
flights_begin(struct sample *s)
{
	struct flights *f = s->self;

	f->first_seen = NEWEST;
}

static uint32_t
draw_airport(struct sample *s)
{
	uint32_t a = random_below(&s->random, N(airports)),
		 b = random_below(&s->random, N(airports));

	return a < b ? a : b;
}

/* How far from an airport it was seen last; none where that is not known. */
static void
put_distance(struct sample *s, const char *name, bool known, struct buf *out)
{
	PUT_TEXT(out, ",\"est");
	buf_str(out, name);
	PUT_TEXT(out, "AirportHorizDistance\":");
	if (known)
		put_int(out, 100 + random_below(&s->random, 9000));
	else
		PUT_TEXT(out, "null");
	PUT_TEXT(out, ",\"est");
	buf_str(out, name);
	PUT_TEXT(out, "AirportVertDistance\":");
	if (known)
		put_int(out, random_below(&s->random, 300));
	else
		PUT_TEXT(out, "null");
}

/* Eight characters, with blanks behind what is shorter. */
static void
put_callsign(struct sample *s, struct buf *out)
{
	size_t from;

	PUT_TEXT(out, ",\"callsign\":\"");
	from = out->n;
	buf_str(out, airlines[random_below(&s->random, N(airlines))]);
	put_int(out, 10 + random_below(&s->random, 9990));
	while (out->n - from < 8)
		buf_byte(out, ' ');
	buf_byte(out, '"');
}

static void
flights_put(struct sample *s, uint64_t i, struct buf *out)
{
	struct flights *f = s->self;
	bool known = random_below(&s->random, 100) < 82;
	uint32_t from = draw_airport(s), to = draw_airport(s);

	f->first_seen -= 1 + random_below(&s->random, 240);
	PUT_TEXT(out, "{\"icao24\":\"");
	put_hex(out, random_next(&s->random), 6);
	PUT_TEXT(out, "\",\"firstSeen\":");
	put_int(out, f->first_seen);
	PUT_TEXT(out, ",\"estDepartureAirport\":\"");
	buf_str(out, airports[from]);
	PUT_TEXT(out, "\",\"lastSeen\":");
	put_int(out, f->first_seen + 1800 + random_below(&s->random, 9000));
	PUT_TEXT(out, ",\"estArrivalAirport\":");
	buf_str(out, known ? "\"" : "null");
	if (known) {
		buf_str(out, airports[to]);
		buf_byte(out, '"');
	}
	put_callsign(s, out);
	put_distance(s, "Departure", true, out);
	put_distance(s, "Arrival", known, out);
	PUT_TEXT(out, ",\"departureAirportCandidatesCount\":");
	put_int(out, random_below(&s->random, 4));
	PUT_TEXT(out, ",\"arrivalAirportCandidatesCount\":");
	put_int(out, known ? 1 + random_below(&s->random, 6) : 0);
	PUT_TEXT(out, "}\n");
}

const struct sample_kind flights_kind = {
	.name = "flights",
	.about = "flights between airports, as OpenSky's",
	.stem = "flights-",
	.suffix = ".json",
	.count = 1500,
	.per_file = 150,
	.size = sizeof(struct flights),
	.begin = flights_begin,
	.put = flights_put,
};
