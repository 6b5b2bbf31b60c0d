/*
 * inflate: compressed files, read as if they were not.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "floor/dl.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "io/inflate.h"

#define BLOCK ((size_t)128 << 10)

#define Z_NAMES(X)       \
	X(inflateInit2_) \
	X(inflate)       \
	X(inflateReset)  \
	X(inflateEnd)
#define ZSTD_NAMES(X)            \
	X(ZSTD_createDCtx)       \
	X(ZSTD_freeDCtx)         \
	X(ZSTD_decompressStream) \
	X(ZSTD_isError)

static struct {
	Z_NAMES(DL_POINTER)
} gz;
static const struct dl z_library = {DL_Z, "files that end in .gz",
	(const char *const[]){Z_NAMES(DL_NAME) NULL}};

static struct {
	ZSTD_NAMES(DL_POINTER)
} zstd;
static const struct dl zstd_library = {DL_ZSTD, "files that end in .zst",
	(const char *const[]){ZSTD_NAMES(DL_NAME) NULL}};

struct inflate {
	enum inflate_kind kind;
	char *in;     /* compressed bytes */
	size_t at, n; /* those not used yet: from at to n */
	bool inside;  /* a member or frame has begun and not ended */
	bool any;     /* a member or frame has ended */
	bool padding; /* and zeros stand behind it */
	bool full;    /* the last call filled out: more may be ready */
	z_stream zs;
	bool begun; /* zs has to be ended */
	ZSTD_DCtx *zd;
};

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && memcmp(s + n - m, end, m) == 0;
}

enum inflate_kind
inflate_kind(const char *path)
{
	if (ends_in(path, ".gz"))
		return INFLATE_GZIP;
	return ends_in(path, ".zst") ? INFLATE_ZSTD : INFLATE_NONE;
}

enum inflate_kind
inflate_kind_of(const char *path, int fd)
{
	enum inflate_kind kind = inflate_kind(path);
	unsigned char magic[4];
	struct stat s;

	if (kind != INFLATE_NONE || fstat(fd, &s) < 0 || !S_ISREG(s.st_mode) ||
		pread(fd, magic, 4, 0) != 4)
		return kind;
	if (memcmp(magic, "\x1f\x8b", 2) == 0)
		return INFLATE_GZIP;
	return memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0 ? INFLATE_ZSTD : kind;
}

static int
open_gzip(struct inflate *z, struct err *err)
{
	if (dl_open(&z_library, &gz, err) < 0)
		return -1;
	/* 15 bits of window, and 16 for a gzip header. */
	if (gz.inflateInit2_(
		    &z->zs, 15 + 16, ZLIB_VERSION, (int)sizeof(z->zs)) != Z_OK)
		return err_set(err, "zlib does not start: %s",
			z->zs.msg != NULL ? z->zs.msg : "out of memory");
	z->begun = true;
	return 0;
}

static int
open_zstd(struct inflate *z, struct err *err)
{
	if (dl_open(&zstd_library, &zstd, err) < 0)
		return -1;
	z->zd = zstd.ZSTD_createDCtx();
	return z->zd != NULL ? 0 : err_set(err, "zstd does not start");
}

struct inflate *
inflate_new(enum inflate_kind kind, struct err *err)
{
	struct inflate *z = mem_zalloc(sizeof(*z));

	z->kind = kind;
	z->in = mem_alloc(BLOCK);
	if ((kind == INFLATE_GZIP ? open_gzip(z, err) : open_zstd(z, err)) < 0)
		goto err;
	return z;
err:
	inflate_free(z);
	return NULL;
}

void
inflate_free(struct inflate *z)
{
	if (!z)
		return;
	if (z->begun)
		gz.inflateEnd(&z->zs);
	if (z->zd)
		zstd.ZSTD_freeDCtx(z->zd);
	free(z->in);
	free(z);
}

/* One call of gzip's; sets *got.  0 or -1. */
static int
step_gzip(struct inflate *z, char *out, size_t n, size_t *got)
{
	int rc;

	if (!z->inside && gz.inflateReset(&z->zs) != Z_OK)
		return -1;
	z->zs.next_in = (Bytef *)z->in + z->at;
	z->zs.avail_in = (unsigned)(z->n - z->at);
	z->zs.next_out = (Bytef *)out;
	z->zs.avail_out = (unsigned)n;
	z->inside = true;
	rc = gz.inflate(&z->zs, Z_NO_FLUSH);
	z->at = z->n - z->zs.avail_in;
	*got = n - z->zs.avail_out;
	z->full = z->zs.avail_out == 0;
	if (rc == Z_STREAM_END) {
		z->inside = false;
		z->full = false;
		z->any = true;
		return 0;
	}
	return rc == Z_OK || rc == Z_BUF_ERROR ? 0 : -1;
}

static int
step_zstd(struct inflate *z, char *out, size_t n, size_t *got)
{
	ZSTD_inBuffer in = {z->in, z->n, z->at};
	ZSTD_outBuffer to = {out, n, 0};
	size_t rc = zstd.ZSTD_decompressStream(z->zd, &to, &in);

	z->at = in.pos;
	*got = to.pos;
	z->inside = rc != 0;
	z->any = z->any || rc == 0;
	z->full = to.pos == to.size && rc != 0;
	return zstd.ZSTD_isError(rc) ? -1 : 0;
}

/* Tapes and block devices fill up with zeros; only zeros follow then. */
static bool
skip_padding(struct inflate *z)
{
	if (z->inside || !z->any || z->full)
		return false;
	if (z->at < z->n && z->in[z->at] == '\0')
		z->padding = true;
	while (z->padding && z->at < z->n && z->in[z->at] == '\0')
		z->at++;
	return z->padding && z->at == z->n;
}

static int
inflate_damaged(struct err *err, const char *how)
{
	err_set(err, "the compressed data %s", how);
	errno = EBADMSG;
	return -1;
}

/* More compressed bytes.  1, 0 at the end, -1. */
static int
more(struct inflate *z, int fd, struct err *err)
{
	ssize_t k;

	do
		k = read(fd, z->in, BLOCK);
	while (k < 0 && errno == EINTR);
	if (k < 0 && errno == EAGAIN)
		return -1;
	if (k < 0) {
		err_sys(err, "cannot read");
		errno = EIO;
		return -1;
	}
	if (k == 0)
		return z->inside ? inflate_damaged(err, "end too early") : 0;
	z->at = 0;
	z->n = (size_t)k;
	return 1;
}

ssize_t
inflate_read(struct inflate *z, int fd, char *out, size_t n, struct err *err)
{
	size_t got = 0;
	int rc;

	if (n > (size_t)1 << 30)
		n = (size_t)1 << 30;
	for (;;) {
		if (z->at == z->n && !z->full && (rc = more(z, fd, err)) <= 0)
			return rc;
		if (skip_padding(z))
			continue;
		if (z->padding ||
			(z->kind == INFLATE_GZIP
					? step_gzip(z, out, n, &got)
					: step_zstd(z, out, n, &got)) != 0)
			return inflate_damaged(err, "are damaged");
		if (got > 0)
			return (ssize_t)got;
	}
}
