/*
 * digest: checksums of bytes.
 */
#ifndef BIEF_DIGEST_H
#define BIEF_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_MAX 64

/* Each writes its bytes to out and returns how many. */
size_t digest_md5(const void *p, size_t n, unsigned char *out);
size_t digest_sha1(const void *p, size_t n, unsigned char *out);
/* bits: 224, 256, 384, 512; 0 for any other number. */
size_t digest_sha2(const void *p, size_t n, int bits, unsigned char *out);

uint32_t digest_crc32(const void *p, size_t n);

/* Murmur3 of 32 bits as Spark has it: each byte left over is mixed in alone. */
uint32_t digest_murmur3_int(uint32_t v, uint32_t seed);
uint32_t digest_murmur3_long(uint64_t v, uint32_t seed);
uint32_t digest_murmur3(const void *p, size_t n, uint32_t seed);

uint64_t digest_xxhash64_int(uint32_t v, uint64_t seed);
uint64_t digest_xxhash64_long(uint64_t v, uint64_t seed);
uint64_t digest_xxhash64(const void *p, size_t n, uint64_t seed);

#endif
