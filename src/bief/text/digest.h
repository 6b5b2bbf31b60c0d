/*
 * digest: checksums of bytes.
 */
#ifndef BIEF_DIGEST_H
#define BIEF_DIGEST_H

#include <stddef.h>
#include <stdint.h>

struct err;

#define DIGEST_MAX 64

enum digest {
	DIGEST_MD5,
	DIGEST_SHA1,
	DIGEST_SHA224,
	DIGEST_SHA256,
	DIGEST_SHA384,
	DIGEST_SHA512
};

/* Writes its bytes to out and returns how many; -1 where the library is not
 * there. */
int digest_bytes(enum digest kind, const void *p, size_t n, unsigned char *out,
	struct err *err);
/* 0, or -1 as above. */
int digest_crc32(const void *p, size_t n, uint32_t *out, struct err *err);

/* Murmur3 of 32 bits as Spark has it: each byte left over is mixed in alone. */
uint32_t digest_murmur3_int(uint32_t v, uint32_t seed);
uint32_t digest_murmur3_long(uint64_t v, uint32_t seed);
uint32_t digest_murmur3(const void *p, size_t n, uint32_t seed);

uint64_t digest_xxhash64_int(uint32_t v, uint64_t seed);
uint64_t digest_xxhash64_long(uint64_t v, uint64_t seed);
uint64_t digest_xxhash64(const void *p, size_t n, uint64_t seed);

#endif
