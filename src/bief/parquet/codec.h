/*
 * codec: how the pages of a Parquet file are compressed.
 *
 * zstd, zlib and Snappy are opened by the first page that needs them.
 */
#ifndef BIEF_CODEC_H
#define BIEF_CODEC_H

#include <stddef.h>

struct buf;
struct err;

/* As the format numbers them. */
enum codec {
	CODEC_NONE = 0,
	CODEC_SNAPPY = 1,
	CODEC_GZIP = 2,
	CODEC_LZO = 3,
	CODEC_BROTLI = 4,
	CODEC_LZ4 = 5,
	CODEC_ZSTD = 6,
	CODEC_LZ4_RAW = 7
};

/* Append the bytes packed by zstd, or as they are.  0 or -1. */
struct codec_packer;
struct codec_packer *codec_packer_new(enum codec codec, struct err *err);
void codec_packer_free(struct codec_packer *c);
int codec_pack(struct codec_packer *c, const void *p, size_t n, struct buf *out,
	struct err *err);

struct codec_unpacker;
struct codec_unpacker *codec_unpacker_new(void);
void codec_unpacker_free(struct codec_unpacker *c);
/* Append what the bytes hold, which is size bytes and no other number.  0, or -1
 * with a message. */
int codec_unpack(struct codec_unpacker *c, enum codec codec, const void *p,
	size_t n, size_t size, struct buf *out, struct err *err);

#endif
