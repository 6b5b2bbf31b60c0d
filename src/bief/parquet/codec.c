/*
 * codec: see codec.h.
 */
#include "parquet/codec.h"

#include <snappy-c.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "floor/buf.h"
#include "floor/dl.h"
#include "floor/err.h"
#include "floor/mem.h"

#define LEVEL 1 /* of zstd: the fast one, as others write Parquet */

#define ZSTD_NAMES(X)          \
	X(ZSTD_createCCtx)     \
	X(ZSTD_freeCCtx)       \
	X(ZSTD_compressCCtx)   \
	X(ZSTD_compressBound)  \
	X(ZSTD_createDCtx)     \
	X(ZSTD_freeDCtx)       \
	X(ZSTD_decompressDCtx) \
	X(ZSTD_isError)
#define Z_NAMES(X)       \
	X(inflateInit2_) \
	X(inflate)       \
	X(inflateEnd)
#define SNAPPY_NAMES(X)      \
	X(snappy_uncompress) \
	X(snappy_uncompressed_length)

static struct {
	ZSTD_NAMES(DL_POINTER)
} zstd;
static const struct dl zstd_library = {DL_ZSTD, "Parquet with zstd",
	(const char *const[]){ZSTD_NAMES(DL_NAME) NULL}};

static struct {
	Z_NAMES(DL_POINTER)
} gz;
static const struct dl z_library = {DL_Z, "Parquet with gzip",
	(const char *const[]){Z_NAMES(DL_NAME) NULL}};

static struct {
	SNAPPY_NAMES(DL_POINTER)
} snappy;
static const struct dl snappy_library = {DL_SNAPPY, "Parquet with Snappy",
	(const char *const[]){SNAPPY_NAMES(DL_NAME) NULL}};

struct codec_packer {
	ZSTD_CCtx *zstd; /* NULL: bytes stay as they are */
};

struct codec_packer *
codec_packer_new(enum codec codec, struct err *err)
{
	struct codec_packer *c = mem_zalloc(sizeof(*c));

	if (codec == CODEC_NONE)
		return c;
	if (dl_open(&zstd_library, &zstd, err) < 0)
		goto err;
	c->zstd = zstd.ZSTD_createCCtx();
	if (c->zstd != NULL)
		return c;
	err_set(err, "zstd does not start");
err:
	free(c);
	return NULL;
}

void
codec_packer_free(struct codec_packer *c)
{
	if (c == NULL)
		return;
	if (c->zstd != NULL)
		zstd.ZSTD_freeCCtx(c->zstd);
	free(c);
}

int
codec_pack(struct codec_packer *c, const void *p, size_t n, struct buf *out,
	struct err *err)
{
	size_t room, got;

	if (c->zstd == NULL) {
		buf_add(out, p, n);
		return 0;
	}
	room = zstd.ZSTD_compressBound(n);
	got = zstd.ZSTD_compressCCtx(
		c->zstd, buf_need(out, room), room, p, n, LEVEL);
	if (zstd.ZSTD_isError(got))
		return err_set(err, "zstd cannot pack a page");
	out->n += got;
	return 0;
}

static int
damaged(struct err *err)
{
	return err_as(err, STATUS_DAMAGED,
		"the packed data of a page are "
		"damaged");
}

struct codec_unpacker {
	ZSTD_DCtx *zstd; /* made by the first page that needs it */
};

struct codec_unpacker *
codec_unpacker_new(void)
{
	return mem_zalloc(sizeof(struct codec_unpacker));
}

void
codec_unpacker_free(struct codec_unpacker *c)
{
	if (c == NULL)
		return;
	if (c->zstd != NULL)
		zstd.ZSTD_freeDCtx(c->zstd);
	free(c);
}

static int
unpack_zstd(struct codec_unpacker *c, const void *p, size_t n, size_t size,
	char *to, struct err *err)
{
	size_t got;

	if (dl_open(&zstd_library, &zstd, err) < 0)
		return -1;
	if (c->zstd == NULL)
		c->zstd = zstd.ZSTD_createDCtx();
	if (c->zstd == NULL)
		return err_set(err, "zstd does not start");
	got = zstd.ZSTD_decompressDCtx(c->zstd, to, size, p, n);
	return zstd.ZSTD_isError(got) || got != size ? damaged(err) : 0;
}

static int
unpack_gzip(const void *p, size_t n, size_t size, char *to, struct err *err)
{
	z_stream zs = {.next_in = (Bytef *)p,
		.avail_in = (uInt)n,
		.next_out = (Bytef *)to,
		.avail_out = (uInt)size};
	int rc;

	if (dl_open(&z_library, &gz, err) < 0)
		return -1;
	/* 15 bits of window, and 32 for a head of gzip or of zlib. */
	if (gz.inflateInit2_(&zs, 15 + 32, ZLIB_VERSION, (int)sizeof(zs)) !=
		Z_OK)
		return err_set(err, "zlib does not start");
	rc = gz.inflate(&zs, Z_FINISH);
	gz.inflateEnd(&zs);
	return rc != Z_STREAM_END || zs.avail_out != 0 ? damaged(err) : 0;
}

static int
unpack_snappy(const void *p, size_t n, size_t size, char *to, struct err *err)
{
	size_t got;

	if (dl_open(&snappy_library, &snappy, err) < 0)
		return -1;
	if (snappy.snappy_uncompressed_length(p, n, &got) != SNAPPY_OK ||
		got != size ||
		snappy.snappy_uncompress(p, n, to, &got) != SNAPPY_OK)
		return damaged(err);
	return 0;
}

static const char *
codec_name(enum codec codec)
{
	static const char *const names[] = {"none", "snappy", "gzip", "lzo",
		"brotli", "lz4", "zstd", "lz4_raw"};

	return (unsigned)codec < sizeof(names) / sizeof(*names) ? names[codec]
								: NULL;
}

int
codec_unpack(struct codec_unpacker *c, enum codec codec, const void *p,
	size_t n, size_t size, struct buf *out, struct err *err)
{
	char *to = buf_need(out, size + 1);
	int rc;

	switch (codec) {
	case CODEC_NONE:
		if (n != size)
			return damaged(err);
		memcpy(to, p, n);
		rc = 0;
		break;
	case CODEC_ZSTD:
		rc = unpack_zstd(c, p, n, size, to, err);
		break;
	case CODEC_GZIP:
		rc = unpack_gzip(p, n, size, to, err);
		break;
	case CODEC_SNAPPY:
		rc = unpack_snappy(p, n, size, to, err);
		break;
	default:
		return err_set(err,
			"its pages are packed by %s, which is not read: write "
			"it with zstd, snappy, gzip or none",
			codec_name(codec) != NULL ? codec_name(codec)
						  : "an unknown codec");
	}
	if (rc == 0)
		out->n += size;
	return rc;
}
