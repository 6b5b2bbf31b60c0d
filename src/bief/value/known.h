/*
 * known: what a condition was for the values that came last, so that most
 * records need not be asked again.
 *
 * A value is the two words of recent_field().  Its hash says in which set it
 * is, a line of the cache with four values; a new one takes the place of one of
 * them.  The table grows, and forgets, while more values come than it has room
 * for; at its most it is as large as a program without state may be.
 */
#ifndef BIEF_KNOWN_H
#define BIEF_KNOWN_H

#include <stddef.h>
#include <stdint.h>

#include "floor/hash.h"

#define KNOWN_WAYS 4

struct known_set {
	uint64_t value[KNOWN_WAYS][2];
};

struct known {
	struct known_set *sets;
	char *memory;  /* which they are part of */
	uint8_t *is;   /* for each value; 0: there is none */
	unsigned bits; /* of the number of a set */
	uint32_t learnt;
};

void known_init(struct known *k);
void known_release(struct known *k);
/* A value that was not found: is is not 0. */
void known_learn(struct known *k, const uint64_t value[2], uint8_t is);

static inline size_t
known_place(const struct known *k, const uint64_t value[2])
{
	return hash_mix(value[0] ^ UINT64_C(0x9e3779b97f4a7c15),
		       value[1] ^ UINT64_C(0xa0761d6478bd642f)) >>
		(64 - k->bits);
}

/* 0: that is not known.  Which of the four it is cannot be foreseen, so that all
 * are looked at without asking. */
static inline uint8_t
known_find(const struct known *k, const uint64_t value[2])
{
	size_t at = known_place(k, value);
	const struct known_set *s = &k->sets[at];
	const uint8_t *is = k->is + at * KNOWN_WAYS;
	unsigned found = 0;

	for (unsigned i = 0; i < KNOWN_WAYS; i++) {
		uint64_t differ = (s->value[i][0] ^ value[0]) |
			(s->value[i][1] ^ value[1]);

		found |= (unsigned)(differ == 0) << i;
	}
	return found != 0 ? is[__builtin_ctz(found)] : 0;
}

#endif
