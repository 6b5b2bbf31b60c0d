/*
 * digest: MD5 and SHA are libcrypto's, CRC-32 is zlib's, each opened when it is first
 * needed.  Murmur3 and xxHash64 are here, since Spark's differ from those of
 * libraries in how they take what is left over.
 */
#include "text/digest.h"

#include <openssl/evp.h>
#include <string.h>
#include <zlib.h>

#include "floor/dl.h"
#include "floor/err.h"

#define CRYPTO_NAMES(X) \
	X(EVP_Digest)   \
	X(EVP_md5)      \
	X(EVP_sha1) X(EVP_sha224) X(EVP_sha256) X(EVP_sha384) X(EVP_sha512)
#define Z_NAMES(X) X(crc32)

static struct {
	CRYPTO_NAMES(DL_POINTER)
} crypto;
static const struct dl crypto_library = {DL_CRYPTO, "md5, sha1 and sha2",
	(const char *const[]){CRYPTO_NAMES(DL_NAME) NULL}};

static struct {
	Z_NAMES(DL_POINTER)
} z;
static const struct dl z_library = {DL_Z, "checksums by crc32",
	(const char *const[]){Z_NAMES(DL_NAME) NULL}};

int
digest_bytes(enum digest kind, const void *p, size_t n, unsigned char *out,
	struct err *err)
{
	unsigned size = 0;

	if (dl_open(&crypto_library, &crypto, err) < 0)
		return -1;
	const EVP_MD *(*const kinds[])(void) = {[DIGEST_MD5] = crypto.EVP_md5,
		[DIGEST_SHA1] = crypto.EVP_sha1,
		[DIGEST_SHA224] = crypto.EVP_sha224,
		[DIGEST_SHA256] = crypto.EVP_sha256,
		[DIGEST_SHA384] = crypto.EVP_sha384,
		[DIGEST_SHA512] = crypto.EVP_sha512};

	if (crypto.EVP_Digest(p, n, out, &size, kinds[kind](), NULL) != 1)
		return err_set(err,
			"the system's libcrypto refuses this "
			"checksum");
	return (int)size;
}

int
digest_crc32(const void *p, size_t n, uint32_t *out, struct err *err)
{
	const unsigned char *at = p;
	uLong crc = 0;

	if (dl_open(&z_library, &z, err) < 0)
		return -1;
	/* It takes 32 bits of length. */
	while (n > 0) {
		uInt part = n > INT32_MAX ? INT32_MAX : (uInt)n;

		crc = z.crc32(crc, at, part);
		at += part;
		n -= part;
	}
	*out = (uint32_t)crc;
	return 0;
}

static uint32_t
rotate(uint32_t v, int n)
{
	return v << n | v >> (32 - n);
}

static uint64_t
rotate64(uint64_t v, int n)
{
	return v << n | v >> (64 - n);
}

static uint32_t
word(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		(uint32_t)p[3] << 24;
}

static uint64_t
word64(const unsigned char *p)
{
	return (uint64_t)word(p) | (uint64_t)word(p + 4) << 32;
}

/* Murmur3 */

static uint32_t
murmur_mix(uint32_t h, uint32_t k)
{
	k = rotate(k * 0xcc9e2d51, 15) * 0x1b873593;
	return rotate(h ^ k, 13) * 5 + 0xe6546b64;
}

static uint32_t
murmur_end(uint32_t h, uint32_t n)
{
	h ^= n;
	h = (h ^ h >> 16) * 0x85ebca6b;
	h = (h ^ h >> 13) * 0xc2b2ae35;
	return h ^ h >> 16;
}

uint32_t
digest_murmur3_int(uint32_t v, uint32_t seed)
{
	return murmur_end(murmur_mix(seed, v), 4);
}

uint32_t
digest_murmur3_long(uint64_t v, uint32_t seed)
{
	return murmur_end(
		murmur_mix(murmur_mix(seed, (uint32_t)v), (uint32_t)(v >> 32)),
		8);
}

uint32_t
digest_murmur3(const void *data, size_t n, uint32_t seed)
{
	const unsigned char *p = data;
	size_t i = 0;

	for (; i + 4 <= n; i += 4)
		seed = murmur_mix(seed, word(p + i));
	for (; i < n; i++)
		seed = murmur_mix(seed, (uint32_t)(signed char)p[i]);
	return murmur_end(seed, (uint32_t)n);
}

/* xxHash64 */

#define XX1 UINT64_C(0x9E3779B185EBCA87)
#define XX2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define XX3 UINT64_C(0x165667B19E3779F9)
#define XX4 UINT64_C(0x85EBCA77C2B2AE63)
#define XX5 UINT64_C(0x27D4EB2F165667C5)

static uint64_t
xx_end(uint64_t h)
{
	h = (h ^ h >> 33) * XX2;
	h = (h ^ h >> 29) * XX3;
	return h ^ h >> 32;
}

static uint64_t
xx_long(uint64_t h, uint64_t v)
{
	return rotate64(h ^ rotate64(v * XX2, 31) * XX1, 27) * XX1 + XX4;
}

static uint64_t
xx_int(uint64_t h, uint32_t v)
{
	return rotate64(h ^ v * XX1, 23) * XX2 + XX3;
}

uint64_t
digest_xxhash64_int(uint32_t v, uint64_t seed)
{
	return xx_end(xx_int(seed + XX5 + 4, v));
}

uint64_t
digest_xxhash64_long(uint64_t v, uint64_t seed)
{
	return xx_end(xx_long(seed + XX5 + 8, v));
}

uint64_t
digest_xxhash64(const void *data, size_t n, uint64_t seed)
{
	static const int turns[] = {1, 7, 12, 18};
	const unsigned char *p = data;
	uint64_t v[4] = {seed + XX1 + XX2, seed + XX2, seed, seed - XX1};
	uint64_t h = seed + XX5;
	size_t i = 0;

	if (n >= 32) {
		for (; i + 32 <= n; i += 32)
			for (int k = 0; k < 4; k++)
				v[k] = rotate64(v[k] +
						       word64(p + i +
							       8 * (size_t)k) *
							       XX2,
					       31) *
					XX1;
		h = 0;
		for (int k = 0; k < 4; k++)
			h += rotate64(v[k], turns[k]);
		for (int k = 0; k < 4; k++)
			h = (h ^ rotate64(v[k] * XX2, 31) * XX1) * XX1 + XX4;
	}
	h += n;
	for (; i + 8 <= n; i += 8)
		h = xx_long(h, word64(p + i));
	if (i + 4 <= n) {
		h = xx_int(h, word(p + i));
		i += 4;
	}
	for (; i < n; i++)
		h = rotate64(h ^ p[i] * XX5, 11) * XX1;
	return xx_end(h);
}
