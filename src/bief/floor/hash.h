/*
 * hash: a fast hash of bytes, for tables in memory.  Its values are not part of
 * any format but the sketches' (sketch.c), so they must not change.
 */
#ifndef BIEF_HASH_H
#define BIEF_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t
hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t
hash_word(const char *p)
{
	uint64_t w;

	memcpy(&w, p, 8);
	return w;
}

static inline uint64_t
hash_bytes(const char *p, size_t n)
{
	const uint64_t k1 = UINT64_C(0xa0761d6478bd642f);
	const uint64_t k2 = UINT64_C(0xe7037ed1a0b428db);
	uint64_t h = n * k1, a, b;

	if (n < 8) {
		a = b = 0;
		if (n >= 4) {
			uint32_t x, y;

			memcpy(&x, p, 4);
			memcpy(&y, p + n - 4, 4);
			a = x;
			b = y;
		} else if (n > 0) {
			a = (uint64_t)(uint8_t)p[0] << 16 |
				(uint64_t)(uint8_t)p[n / 2] << 8 |
				(uint8_t)p[n - 1];
		}
	} else {
		while (n > 16) {
			h = hash_mix(hash_word(p) ^ k1, hash_word(p + 8) ^ h);
			p += 16;
			n -= 16;
		}
		/* The last 16 bytes or, of a short key, both its ends. */
		b = hash_word(p + n - 8);
		a = n > 8 ? hash_word(p) : b;
	}
	return hash_mix(a ^ k2, hash_mix(b ^ h, k1));
}

/* All bits depend on all bits, also where the hashed bytes are much alike. */
static inline uint64_t
hash_finish(uint64_t h)
{
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

#endif
