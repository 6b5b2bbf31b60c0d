/* recent: what is counted for each group comes out, however often rows change
 * hands. */
#include <stdio.h>
#include <string.h>

#include "value/recent.h"

#define GROUPS 100000

static uint64_t counted[GROUPS + 1];

static void
flush(void *arg, recent_ref ref, uint32_t n)
{
	((uint64_t *)arg)[ref] += n;
}

int
main(void)
{
	static uint64_t given[GROUPS + 1];
	struct recent t;
	uint32_t x = 1;
	int hits = 0;

	recent_init(&t, true, 1, flush, counted);
	for (int i = 0; i < 1000000; i++) {
		struct value v;
		char text[16];
		uint64_t key[RECENT_WORDS], *row;
		bool hit;
		recent_ref ref;

		x = x * 1103515245 + 12345;
		/* Few groups at first, then more than there are rows. */
		ref = 1 + (x >> 8) % (i < 300000 ? 100 : GROUPS);
		v = value_json_string(text,
			(size_t)snprintf(text, sizeof text, "%u", ref / 2),
			false);
		key[0] = ref % 2;
		key[1] = 5;
		if (!recent_field(key + 2, &v))
			return 1;
		row = recent_find(&t, key, &hit);
		if (hit && (recent_ref)*recent_group(&t, row) != ref)
			return 1;
		given[ref]++;
		hits += hit;
		if (!hit)
			recent_put(&t, row, key, ref);
		if (!hit || !recent_count(&t, recent_group(&t, row), 1))
			counted[ref]++;
		if (i % 200000 == 0)
			recent_clear(&t);
	}
	recent_flush(&t);
	recent_release(&t);
	if (hits < 250000)
		fprintf(stderr, "recent: only %d hits\n", hits);
	return hits < 250000 || memcmp(counted, given, sizeof counted) != 0;
}
