/*
 * generate KIND N [SPAN]: input for the benchmarks, the same in every run.
 *
 *   events N [SPAN]   events of a door, spread evenly over SPAN seconds
 *   sensors N         records of ten fields, as of a phone's accelerometer
 *   csv N             the same as CSV, nulls as empty cells
 *   pushes N          pushes of commits, nested as GitHub's events are
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
	printf("%s%s%s%08u%07u%u", name, below(2) ? "-" : "", begin,
		below(100000000), below(10000000), 1 + below(9));
}

/* What stands before the values of a record. */
struct form {
	const char *header, *times[2], *device, *index, *model, *user, *gt,
		*axes[3], *nulls, *end;
};
static const struct form as_json = {
	.header = "",
	.times = {"{\"Arrival_Time\":", ",\"Creation_Time\":"},
	.device = ",\"Device\":\"nexus4_",
	.index = "\",\"Index\":",
	.model = ",\"Model\":\"nexus4\"",
	.user = ",\"User\":\"",
	.gt = "\",\"gt\":\"",
	.axes = {"\",\"x\":", ",\"y\":", ",\"z\":"},
	.nulls =
		",\"Device\":null,\"Index\":null,\"Model\":null,"
		"\"User\":null,\"gt\":null,\"x\":null,\"y\":null,\"z\":null}\n",
	.end = "}\n",
};
static const struct form as_csv = {
	.header = "Arrival_Time,Creation_Time,Device,Index,Model,User,gt,"
		  "x,y,z\n",
	.times = {"", ","},
	.device = ",nexus4_",
	.index = ",",
	.model = ",nexus4",
	.user = ",",
	.gt = ",",
	.axes = {",", ",", ","},
	.nulls = ",,,,,,,,\n",
	.end = "\n",
};

static void
sensors(int64_t n, const struct form *f)
{
	static const char *const gt[] = {"bike", "run", "sit", "stairsdown",
		"stairsup", "stand", "unknown", "walk"};
	int64_t arrival = INT64_C(1619463228122799616);

	printf("%s", f->header);
	for (int64_t i = 0; i < n; i++) {
		arrival += below(2000000);
		printf("%s%" PRId64 "%s%" PRId64, f->times[0], arrival,
			f->times[1], arrival - 100000000 - below(900000000));
		if (below(50) == 0) {
			printf("%s", f->nulls);
			continue;
		}
		printf("%s%u%s%" PRId64 "%s%s%c%s%s", f->device, 1 + below(2),
			f->index, 4234667 + i, f->model, f->user,
			'a' + (int)below(26), f->gt, gt[below(8)]);
		measure(f->axes[0], "0.");
		measure(f->axes[1], "0.0");
		measure(f->axes[2], "1.");
		printf("%s", f->end);
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

static const char *
name_of(uint32_t rank)
{
	static char text[64];

	text[word(rank, text)] = '\0';
	return text;
}

static void
commit(uint32_t author)
{
	printf("{\"sha\":\"%08x%08x%08x%08x%08x\",\"author\":{\"name\":\"%s\",",
		below(1U << 31), below(1U << 31), below(1U << 31),
		below(1U << 31), below(1U << 31), name_of(author));
	printf("\"email\":\"%u@example.org\"},\"message\":\"%s", author,
		name_of(below(20000)));
	for (uint32_t words = below(12); words > 0; words--)
		printf("%s%s", words == 7 ? "\\n" : " ", name_of(below(20000)));
	printf("\",\"distinct\":%s}", below(8) ? "true" : "false");
}

/* Over three days. */
static void
pushes(int64_t n)
{
	static const char *const type[] = {
		"PushEvent", "CreateEvent", "WatchEvent"};

	for (int64_t i = 0; i < n; i++) {
		int64_t second = i * 3 * DAY / n, day = second / DAY;
		uint32_t who = below(1000), repo = below(50000);
		uint32_t commits = below(4);

		second %= DAY;
		printf("{\"id\":\"%" PRId64 "\",\"type\":\"%s\",\"actor\":"
		       "{\"id\":%u,\"login\":\"%s\",\"url\":"
		       "\"https://api.example.org/users/%u\"},",
			2489651045 + i, type[commits == 0 ? 1 + below(2) : 0],
			who, name_of(who), who);
		printf("\"repo\":{\"id\":%u,\"name\":\"%s/%u\",\"url\":"
		       "\"https://api.example.org/repos/%u\"},\"payload\":"
		       "{\"push_id\":%" PRId64 ",\"size\":%u,"
		       "\"ref\":\"refs/heads/main\",\"commits\":[",
			repo, name_of(repo), repo, repo, 536740396 + i,
			commits);
		for (uint32_t c = 0; c < commits; c++) {
			if (c > 0)
				putchar(',');
			commit(below(3) ? who : below(1000));
		}
		printf("]},\"public\":true,\"created_at\":\"2015-01-%02dT"
		       "%02d:%02d:%02dZ\"}\n",
			1 + (int)day, (int)(second / 3600),
			(int)(second / 60 % 60), (int)(second % 60));
	}
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
		sensors(n, &as_json);
	else if (strcmp(kind, "csv") == 0)
		sensors(n, &as_csv);
	else if (strcmp(kind, "pushes") == 0)
		pushes(n);
	else if (strcmp(kind, "text") == 0)
		text(n);
	else if (strcmp(kind, "keys") == 0)
		keys(n, more > 0 ? more : n);
	else if (strcmp(kind, "visits") == 0)
		visits(n, more > 0 ? more : n);
	else {
		fprintf(stderr,
			"usage: generate "
			"events|sensors|csv|pushes|text|keys|visits "
			"N [M]\n");
		return 2;
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
