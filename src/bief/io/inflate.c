/*
 * inflate: compressed files, read as if they were not.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/err.h"
#include "io/inflate.h"

#define BLOCK ((size_t)128 << 10)

/*
 * What of the two libraries is used, so that their headers need not be there:
 * both keep this for ever.
 */
#define Z_OK 0
#define Z_STREAM_END 1
#define Z_BUF_ERROR (-5)
#define Z_NO_FLUSH 0
#define Z_VERSION "1.2.11" /* only the first digit is compared */

struct z_stream {
	const unsigned char *next_in;
	unsigned avail_in;
	unsigned long total_in;
	unsigned char *next_out;
	unsigned avail_out;
	unsigned long total_out;
	const char *msg;
	void *state;
	void *(*zalloc)(void *, unsigned, unsigned);
	void (*zfree)(void *, void *);
	void *opaque;
	int data_type;
	unsigned long adler, reserved;
};

struct zstd_in {
	const void *src;
	size_t size, pos;
};

struct zstd_out {
	void *dst;
	size_t size, pos;
};

struct inflate {
	enum inflate_kind kind;
	void *lib;
	char *in;     /* compressed bytes */
	size_t at, n; /* those not used yet: from at to n */
	bool inside;  /* a member or frame has begun and not ended */
	bool any;     /* a member or frame has ended */
	bool padding; /* and zeros stand behind it */
	bool full;    /* the last call filled out: more may be ready */
	struct z_stream zs;
	int (*z_init)(struct z_stream *, int, const char *, int);
	int (*z_inflate)(struct z_stream *, int);
	int (*z_reset)(struct z_stream *);
	int (*z_end)(struct z_stream *);
	void *zd;
	void *(*zd_new)(void);
	size_t (*zd_free)(void *);
	size_t (*zd_read)(void *, struct zstd_out *, struct zstd_in *);
	unsigned (*zd_failed)(size_t);
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

/* Look up a function; ISO C has no cast from an object's pointer to it. */
static int
find(struct inflate *z, const char *name, void *out)
{
	void *f = dlsym(z->lib, name);

	memcpy(out, &f, sizeof(f));
	return f ? 0 : -1;
}

static int
open_gzip(struct inflate *z)
{
	z->lib = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!z->lib || find(z, "inflateInit2_", &z->z_init) != 0 ||
		find(z, "inflate", &z->z_inflate) != 0 ||
		find(z, "inflateReset", &z->z_reset) != 0 ||
		find(z, "inflateEnd", &z->z_end) != 0)
		return -1;
	/* 15 bits of window, and 16 for a gzip header. */
	return z->z_init(&z->zs, 15 + 16, Z_VERSION, sizeof(z->zs)) == Z_OK
		? 0
		: -1;
}

static int
open_zstd(struct inflate *z)
{
	z->lib = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!z->lib || find(z, "ZSTD_createDCtx", &z->zd_new) != 0 ||
		find(z, "ZSTD_freeDCtx", &z->zd_free) != 0 ||
		find(z, "ZSTD_decompressStream", &z->zd_read) != 0 ||
		find(z, "ZSTD_isError", &z->zd_failed) != 0)
		return -1;
	z->zd = z->zd_new();
	return z->zd ? 0 : -1;
}

struct inflate *
inflate_new(enum inflate_kind kind, struct err *err)
{
	struct inflate *z = mem_zalloc(sizeof(*z));

	z->kind = kind;
	z->in = mem_alloc(BLOCK);
	if ((kind == INFLATE_GZIP ? open_gzip(z) : open_zstd(z)) == 0)
		return z;
	err_set(err, "cannot load %s, which compressed files need",
		kind == INFLATE_GZIP ? "libz.so.1 (package zlib1g)"
				     : "libzstd.so.1 (package libzstd1)");
	if (z->lib)
		dlclose(z->lib);
	z->lib = NULL;
	inflate_free(z);
	return NULL;
}

void
inflate_free(struct inflate *z)
{
	if (!z)
		return;
	if (z->lib && z->z_end)
		z->z_end(&z->zs);
	if (z->zd)
		z->zd_free(z->zd);
	if (z->lib)
		dlclose(z->lib);
	free(z->in);
	free(z);
}

/* One call of gzip's; sets *got.  0 or -1. */
static int
step_gzip(struct inflate *z, char *out, size_t n, size_t *got)
{
	int rc;

	if (!z->inside && z->z_reset(&z->zs) != Z_OK)
		return -1;
	z->zs.next_in = (const unsigned char *)z->in + z->at;
	z->zs.avail_in = (unsigned)(z->n - z->at);
	z->zs.next_out = (unsigned char *)out;
	z->zs.avail_out = (unsigned)n;
	z->inside = true;
	rc = z->z_inflate(&z->zs, Z_NO_FLUSH);
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
	struct zstd_in in = {z->in, z->n, z->at};
	struct zstd_out to = {out, n, 0};
	size_t rc = z->zd_read(z->zd, &to, &in);

	z->at = in.pos;
	*got = to.pos;
	z->inside = rc != 0;
	z->any = z->any || rc == 0;
	z->full = to.pos == to.size && rc != 0;
	return z->zd_failed(rc) ? -1 : 0;
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
damaged(struct err *err, const char *how)
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
		return z->inside ? damaged(err, "end too early") : 0;
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
			return damaged(err, "are damaged");
		if (got > 0)
			return (ssize_t)got;
	}
}
