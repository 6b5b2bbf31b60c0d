/*
 * digest: MD5 (RFC 1321), SHA (FIPS 180-4), CRC-32, Murmur3 and xxHash64.
 */
#include <math.h>
#include <string.h>

#include "digest.h"

static uint32_t
rotate(uint32_t v, int n)
{
	return v << n | v >> (32 - n);
}

static uint32_t
rotate_right(uint32_t v, int n)
{
	return v >> n | v << (32 - n);
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

/*
 * All of the family: blocks of size bytes, a one bit and zeros behind the data,
 * and its length in bits at the end.
 */
typedef void block_fn(void *state, const unsigned char *p);

static void
all_blocks(const void *data, size_t n, size_t size, int big, block_fn *block,
	void *state)
{
	const unsigned char *p = data;
	unsigned char last[256] = {0};
	size_t rest = n % size, total;
	uint64_t bits = (uint64_t)n * 8;

	for (size_t i = 0; i + size <= n; i += size)
		block(state, p + i);
	if (rest > 0)
		memcpy(last, p + n - rest, rest);
	last[rest] = 0x80;
	total = rest + 1 + size / 8 <= size ? size : 2 * size;
	for (int i = 0; i < 8; i++)
		last[total - 8 + (size_t)i] = (unsigned char)(big
				? bits >> (56 - 8 * i) : bits >> (8 * i));
	for (size_t i = 0; i < total; i += size)
		block(state, last + i);
}

static void
md5_block(void *state, const unsigned char *p)
{
	static const int shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20},
		{4, 11, 16, 23}, {6, 10, 15, 21}};
	uint32_t *h = state, a = h[0], b = h[1], c = h[2], d = h[3], f, t;
	int g;

	for (int i = 0; i < 64; i++) {
		switch (i / 16) {
		case 0:
			f = (b & c) | (~b & d);
			g = i;
			break;
		case 1:
			f = (d & b) | (~d & c);
			g = (5 * i + 1) % 16;
			break;
		case 2:
			f = b ^ c ^ d;
			g = (3 * i + 5) % 16;
			break;
		default:
			f = c ^ (b | ~d);
			g = 7 * i % 16;
		}
		/* The constants are the sines of the integers. */
		t = a + f + word(p + 4 * g) +
			(uint32_t)(int64_t)floor(fabs(sin(i + 1)) * 4294967296.0);
		a = d;
		d = c;
		c = b;
		b += rotate(t, shifts[i / 16][i % 4]);
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
}

size_t
digest_md5(const void *p, size_t n, unsigned char *out)
{
	uint32_t h[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};

	all_blocks(p, n, 64, 0, md5_block, h);
	for (int i = 0; i < 16; i++)
		out[i] = (unsigned char)(h[i / 4] >> (8 * (i % 4)));
	return 16;
}

static uint32_t
big_word(const unsigned char *p)
{
	return __builtin_bswap32(word(p));
}

static void
sha1_block(void *state, const unsigned char *p)
{
	uint32_t *h = state, w[80], v[5], f, t;

	for (int i = 0; i < 16; i++)
		w[i] = big_word(p + 4 * i);
	for (int i = 16; i < 80; i++)
		w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	memcpy(v, h, sizeof(v));
	for (int i = 0; i < 80; i++) {
		if (i < 20)
			f = ((v[1] & v[2]) | (~v[1] & v[3])) + 0x5a827999;
		else if (i < 40)
			f = (v[1] ^ v[2] ^ v[3]) + 0x6ed9eba1;
		else if (i < 60)
			f = ((v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3])) +
				0x8f1bbcdc;
		else
			f = (v[1] ^ v[2] ^ v[3]) + 0xca62c1d6;
		t = rotate(v[0], 5) + f + v[4] + w[i];
		v[4] = v[3];
		v[3] = v[2];
		v[2] = rotate(v[1], 30);
		v[1] = v[0];
		v[0] = t;
	}
	for (int i = 0; i < 5; i++)
		h[i] += v[i];
}

static void
put_big(const uint32_t *h, int n, unsigned char *out)
{
	for (int i = 0; i < n; i++)
		out[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
}

size_t
digest_sha1(const void *p, size_t n, unsigned char *out)
{
	uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
		0xc3d2e1f0};

	all_blocks(p, n, 64, 1, sha1_block, h);
	put_big(h, 20, out);
	return 20;
}

/* Of SHA-512; those of SHA-256 are the upper halves of the first 64. */
static const uint64_t sha_k[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f,
	0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019,
	0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242,
	0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
	0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3,
	0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275,
	0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f,
	0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
	0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc,
	0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6,
	0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
	0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
	0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99,
	0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb,
	0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc,
	0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915,
	0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207,
	0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba,
	0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
	0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a,
	0x5fcb6fab3ad6faec, 0x6c44198c4a475817};

static void
sha256_block(void *state, const unsigned char *p)
{
	uint32_t *h = state, w[64], v[8], a, b;

	for (int i = 0; i < 16; i++)
		w[i] = big_word(p + 4 * i);
	for (int i = 16; i < 64; i++) {
		a = rotate_right(w[i - 15], 7) ^ rotate_right(w[i - 15], 18) ^
			w[i - 15] >> 3;
		b = rotate_right(w[i - 2], 17) ^ rotate_right(w[i - 2], 19) ^
			w[i - 2] >> 10;
		w[i] = w[i - 16] + a + w[i - 7] + b;
	}
	memcpy(v, h, sizeof(v));
	for (int i = 0; i < 64; i++) {
		a = v[7] +
			(rotate_right(v[4], 6) ^ rotate_right(v[4], 11) ^
				rotate_right(v[4], 25)) +
			((v[4] & v[5]) ^ (~v[4] & v[6])) +
			(uint32_t)(sha_k[i] >> 32) + w[i];
		b = (rotate_right(v[0], 2) ^ rotate_right(v[0], 13) ^
			    rotate_right(v[0], 22)) +
			((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += a;
		v[0] = a + b;
	}
	for (int i = 0; i < 8; i++)
		h[i] += v[i];
}

static uint64_t
right64(uint64_t v, int n)
{
	return rotate64(v, 64 - n);
}

static void
sha512_block(void *state, const unsigned char *p)
{
	uint64_t *h = state, w[80], v[8], a, b;

	for (int i = 0; i < 16; i++)
		w[i] = __builtin_bswap64(word64(p + 8 * i));
	for (int i = 16; i < 80; i++) {
		a = right64(w[i - 15], 1) ^ right64(w[i - 15], 8) ^
			w[i - 15] >> 7;
		b = right64(w[i - 2], 19) ^ right64(w[i - 2], 61) ^
			w[i - 2] >> 6;
		w[i] = w[i - 16] + a + w[i - 7] + b;
	}
	memcpy(v, h, sizeof(v));
	for (int i = 0; i < 80; i++) {
		a = v[7] +
			(right64(v[4], 14) ^ right64(v[4], 18) ^
				right64(v[4], 41)) +
			((v[4] & v[5]) ^ (~v[4] & v[6])) + sha_k[i] + w[i];
		b = (right64(v[0], 28) ^ right64(v[0], 34) ^
			    right64(v[0], 39)) +
			((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += a;
		v[0] = a + b;
	}
	for (int i = 0; i < 8; i++)
		h[i] += v[i];
}

size_t
digest_sha2(const void *p, size_t n, int bits, unsigned char *out)
{
	uint32_t h[2][8] = {
		{0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31,
			0x68581511, 0x64f98fa7, 0xbefa4fa4},
		{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
			0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
	uint64_t l[2][8] = {
		{0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17,
			0x152fecd8f70e5939, 0x67332667ffc00b31,
			0x8eb44a8768581511, 0xdb0c2e0d64f98fa7,
			0x47b5481dbefa4fa4},
		{0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
			0xa54ff53a5f1d36f1, 0x510e527fade682d1,
			0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b,
			0x5be0cd19137e2179}};
	uint64_t *big = l[bits == 512];

	if (bits == 224 || bits == 256) {
		all_blocks(p, n, 64, 1, sha256_block, h[bits == 256]);
		put_big(h[bits == 256], bits / 8, out);
	} else if (bits == 384 || bits == 512) {
		all_blocks(p, n, 128, 1, sha512_block, big);
		for (int i = 0; i < bits / 8; i++)
			out[i] = (unsigned char)(big[i / 8] >>
				(56 - 8 * (i % 8)));
	} else {
		return 0;
	}
	return (size_t)bits / 8;
}

uint32_t
digest_crc32(const void *data, size_t n)
{
	const unsigned char *p = data;
	uint32_t crc = UINT32_MAX;

	for (; n > 0; n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (0xEDB88320 & -(crc & 1));
	}
	return ~crc;
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
	return murmur_end(murmur_mix(murmur_mix(seed, (uint32_t)v),
				  (uint32_t)(v >> 32)), 8);
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
					word64(p + i + 8 * (size_t)k) * XX2,
					31) * XX1;
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
