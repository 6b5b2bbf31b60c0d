/*
 * known: see known.h.
 */
#include "value/known.h"

#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"

#define BITS_FIRST 6
#define BITS_MOST 12
#define LINE_BYTES sizeof(struct known_set) /* of the cache */

static void
table_new(struct known *k, unsigned bits)
{
	size_t n = (size_t)1 << bits;

	k->bits = bits;
	k->learnt = 0;
	k->memory = mem_zalloc(n * sizeof(*k->sets) + LINE_BYTES);
	k->sets = (struct known_set *)(k->memory +
		(-(uintptr_t)k->memory & (LINE_BYTES - 1)));
	k->is = mem_zalloc(n * KNOWN_WAYS);
}

void
known_init(struct known *k)
{
	table_new(k, BITS_FIRST);
}

void
known_release(struct known *k)
{
	free(k->memory);
	free(k->is);
	memset(k, 0, sizeof(*k));
}

void
known_learn(struct known *k, const uint64_t value[2], uint8_t is)
{
	unsigned bits = k->bits;
	size_t at;
	uint32_t way;

	if (bits < BITS_MOST && k->learnt >> bits >= KNOWN_WAYS) {
		known_release(k);
		table_new(k, bits + 2);
	}
	at = known_place(k, value);
	way = k->learnt++ % KNOWN_WAYS;
	memcpy(k->sets[at].value[way], value, sizeof(k->sets[at].value[way]));
	k->is[at * KNOWN_WAYS + way] = is;
}
