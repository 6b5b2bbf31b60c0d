/*
 * retry: see retry.h.
 */
#include <sys/random.h>

#include "io/retry.h"

#define PARTS 1024

/* How many parts of 1024: chance is for the network's sake alone. */
static int64_t
retry_chance(void)
{
	uint16_t x = 0;

	if (getrandom(&x, sizeof(x), GRND_NONBLOCK) != sizeof(x))
		x = 0;
	return x % PARTS;
}

int64_t
retry_pause(struct retry *r, int64_t least_us)
{
	int64_t pause = r->first_us;

	if (r->failures >= r->limit)
		return -1;
	for (int64_t i = 0; i < r->failures && pause < r->most_us; i++)
		pause *= 2;
	/* A server may ask for a first pause beyond the usual most. */
	if (pause > r->most_us)
		pause = r->most_us > r->first_us ? r->most_us : r->first_us;
	r->failures++;
	if (pause < least_us)
		pause = least_us;
	return pause + pause / 4 * retry_chance() / PARTS;
}
