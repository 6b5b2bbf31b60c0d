/*
 * generate KIND N [SPAN]: input for the benchmarks, the same in every run.
 *
 *   events N [SPAN]   events of a door, spread evenly over SPAN seconds
 *   sensors N         records of ten fields, as of a phone's accelerometer
 *   text BYTES        lines of words; some words are far more frequent
 *   keys N [GROUPS]   records with a key out of so many, each as often
 *   visits N [KEYS]   the same with a time, spread evenly over a day
 */
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1469501107) /* 2016-07-26 02:45:07 */
#define DAY 86400

static uint64_t state = 42;

static uint32_t
below(uint32_t n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * UINT64_C(2685821657736338717) >> 32) * n >>
		32);
}

static void
events(int64_t n, int64_t span)
{
	for (int64_t i = 0; i < n; i++)
		printf("{\"time\":%" PRId64 ",\"action\":\"%s\"}\n",
			START + (int64_t)((double)i * (double)span / (double)n),
			below(2) ? "Open" : "Close");
}

/* A number: sign, "0.0", 16 digits. */
static void
measure(const char *name, const char *begin)
{
	printf(",\"%s\":%s%s%08u%07u%u", name, below(2) ? "-" : "", begin,
		below(100000000), below(10000000), 1 + below(9));
}

static void
sensors(int64_t n)
{
	static const char *const gt[] = {"bike", "run", "sit", "stairsdown",
		"stairsup", "stand", "unknown", "walk"};
	int64_t arrival = INT64_C(1619463228122799616);

	for (int64_t i = 0; i < n; i++) {
		arrival += below(2000000);
		printf("{\"Arrival_Time\":%" PRId64
		       ",\"Creation_Time\":%" PRId64,
			arrival, arrival - 100000000 - below(900000000));
		if (below(50) == 0) {
			printf(",\"Device\":null,\"Index\":null,\"Model\":null,"
			       "\"User\":null,\"gt\":null,\"x\":null,"
			       "\"y\":null,\"z\":null}\n");
			continue;
		}
		printf(",\"Device\":\"nexus4_%u\",\"Index\":%" PRId64
		       ",\"Model\":\"nexus4\",\"User\":\"%c\",\"gt\":\"%s\"",
			1 + below(2), 4234667 + i, 'a' + (int)below(26),
			gt[below(8)]);
		measure("x", "0.");
		measure("y", "0.0");
		measure("z", "1.");
		printf("}\n");
	}
}

/* Syllables, and mostly consonants: each rank gives another word. */
static size_t
word(uint32_t rank, char *p)
{
	static const char consonants[] = "tnsrhdlmcfgpbvwyk",
			  vowels[] = "eaoiu";
	char *begin = p;
	uint32_t r = rank;

	do {
		*p++ = consonants[r % 17];
		*p++ = vowels[r / 17 % 5];
		r /= 85;
	} while (r-- > 0);
	if (rank % 5 != 0)
		*p++ = consonants[rank % 16];
	if (rank % 3 == 1)
		*p++ = 's';
	return (size_t)(p - begin);
}

static void
text(int64_t bytes)
{
	char line[1024];
	size_t n;

	while (bytes > 0) {
		n = 0;
		for (uint32_t words = 5 + below(15); words > 0; words--) {
			/* Zipf: as many words of a rank below 10 as of one
			 * from 10 to 100; the first 1000 of 20,000 make up
			 * 70 %, as in English. */
			double u = below(1 << 24) / (double)(1 << 24);

			n += word((uint32_t)exp(u * log(20000)) - 1, line + n);
			line[n++] = words > 1 ? ' ' : '\n';
		}
		fwrite(line, 1, n, stdout);
		bytes -= (int64_t)n;
	}
}

static void
keys(int64_t n, int64_t groups)
{
	for (int64_t i = 0; i < n; i++)
		printf("{\"k\":%" PRId64 ",\"x\":%u}\n",
			i * INT64_C(7919) % groups, below(1000));
}

static void
visits(int64_t n, int64_t of)
{
	for (int64_t i = 0; i < n; i++)
		printf("{\"t\":%" PRId64 ",\"k\":%" PRId64 "}\n",
			START + i * DAY / n, i * INT64_C(7919) % of);
}

int
main(int argc, char **argv)
{
	const char *kind = argc > 2 ? argv[1] : "";
	int64_t n = argc > 2 ? atoll(argv[2]) : 0,
		more = argc > 3 ? atoll(argv[3]) : 0;

	if (strcmp(kind, "events") == 0)
		events(n, more > 0 ? more : 30 * DAY);
	else if (strcmp(kind, "sensors") == 0)
		sensors(n);
	else if (strcmp(kind, "text") == 0)
		text(n);
	else if (strcmp(kind, "keys") == 0)
		keys(n, more > 0 ? more : n);
	else if (strcmp(kind, "visits") == 0)
		visits(n, more > 0 ? more : n);
	else {
		fprintf(stderr,
			"usage: generate "
			"events|sensors|text|keys|visits N [M]\n");
		return 2;
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
