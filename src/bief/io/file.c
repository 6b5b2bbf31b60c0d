/*
 * file: see file.h.  The frame of a saved file, bief-checkpoint(5):
 *
 *	bief-checkpoint VERSION KIND LF
 *	payload
 *	LF #crc32c HHHHHHHH LF          of everything before it
 */
#include "io/file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "io/stream/input.h"

#define VERSION 1
#define TRAILER 18 /* "\n#crc32c 12345678\n" */
#define MAGIC "bief-checkpoint "

/* ---- any file ---- */

int
file_open(const char *path)
{
	int fd = -1;

	if (!file_stop) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 || errno != EINTR)
			return fd;
	}
	/* Nobody is waited for: a FIFO without a writer is at its end. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		fcntl(fd, F_SETFL, 0);
	return fd;
}

bool
file_once(const char *path)
{
	struct stat s;

	return strcmp(path, "-") == 0 ||
		(stat(path, &s) == 0 && !S_ISREG(s.st_mode) &&
			!S_ISDIR(s.st_mode));
}

int
file_read(const char *path, size_t max, struct buf *out, struct err *err)
{
	struct input in;
	int fd = STDIN_FILENO, got = 1;
	size_t n = 0;

	if (strcmp(path, "-") != 0 &&
		(fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return err_sys(err, "cannot open '%s'", path);
	input_init(&in, fd, max);
	while (n < max && (got = input_fill(&in, err)) > 0) {
		n = in.end - in.start;
		if (n > max)
			n = max;
	}
	buf_add(out, in.p + in.start, n);
	memset(buf_need(out, JSON_PADDING), 0, JSON_PADDING);
	input_release(&in);
	if (fd != STDIN_FILENO)
		close(fd);
	return got < 0 ? err_in(err, "'%s'", path) : 0;
}

/* ---- checksum: CRC-32C (Castagnoli), reflected ---- */

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
crc_sse(uint64_t crc, const unsigned char *p, size_t n)
{
	uint64_t word;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&word, p, 8);
		crc = __builtin_ia32_crc32di(crc, word);
	}
	for (; n > 0; p++, n--)
		crc = __builtin_ia32_crc32qi((uint32_t)crc, *p);
	return (uint32_t)crc;
}
#endif

/* Begin with CRC_BEGIN; the checksum is the complement of the last. */
#define CRC_BEGIN ~UINT32_C(0)
static uint32_t
crc_more(uint32_t crc, const void *bytes, size_t n)
{
	static const uint32_t half[16] = {0, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
		0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78,
		0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab,
		0xe330a81a, 0xf36e6f75};
	const unsigned char *p = bytes;

#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return crc_sse(crc, p, n);
#endif
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		crc = half[crc & 15] ^ crc >> 4;
		crc = half[crc & 15] ^ crc >> 4;
	}
	return crc;
}

uint32_t
file_checksum(const void *p, size_t n)
{
	return ~crc_more(CRC_BEGIN, p, n);
}

/* ---- saved files ---- */

int
file_put(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

int
file_add(int fd, const char *p, size_t n)
{
	struct stat s;
	ssize_t put;
	off_t begin;
	int saved;

	do
		put = write(fd, p, n);
	while (put < 0 && errno == EINTR);
	if (put < 0)
		return -1;
	begin = lseek(fd, 0, SEEK_CUR) - put;
	if (file_put(fd, p + put, n - (size_t)put) == 0)
		return 0;
	/* Who reads the file later finds whole lines. */
	saved = errno;
	if (begin >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode) &&
		s.st_size == lseek(fd, 0, SEEK_CUR) && ftruncate(fd, begin) < 0)
		saved = errno;
	errno = saved;
	return -1;
}

static int
sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;

	if (fd < 0)
		return -1;
	ret = fsync(fd);
	close(fd);
	return ret;
}

int
file_sync_dir(const char *dir, struct err *err)
{
	return sync_dir(dir) == 0
		? 0
		: err_sys(err, "cannot write the directory '%s'", dir);
}

/* Head, payload and trailer, onto the disk. */
static int
write_framed(int fd, const char *kind, const void *p, size_t n, bool *synced)
{
	char head[100], trailer[TRAILER + 1];
	int nhead = snprintf(
		head, sizeof(head), MAGIC "%d %s\n", VERSION, kind);
	uint32_t crc = crc_more(CRC_BEGIN, head, (size_t)nhead);

	crc = ~crc_more(crc, p, n);
	snprintf(trailer, sizeof(trailer), "\n#crc32c %08x\n", crc);
	if (file_put(fd, head, (size_t)nhead) < 0 || file_put(fd, p, n) < 0 ||
		file_put(fd, trailer, TRAILER) < 0)
		return -1;
	*synced = fsync(fd) == 0;
	return *synced ? 0 : -1;
}

int
file_save(const char *dir, const char *name, const char *kind, const void *p,
	size_t n, struct err *err)
{
	struct buf path, tmp;
	bool synced = false;
	int fd, ret = -1, saved;

	buf_init(&path);
	buf_init(&tmp);
	buf_printf(&path, "%s/%s", dir, name);
	buf_printf(&tmp, "%s/.%s.%ld.tmp", dir, name, (long)getpid());
	/* What a killed process has left, or somebody has put there. */
	unlink(buf_cstr(&tmp));
	fd = open(tmp.p, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (fd >= 0) {
		ret = write_framed(fd, kind, p, n, &synced);
		saved = errno;
		if (close(fd) < 0 && ret == 0)
			ret = -1;
		else
			errno = saved;
		if (ret == 0) {
			/* Else a crash could leave the name without all that
			 * belongs to it. */
			assert(synced);
			ret = rename(tmp.p, buf_cstr(&path));
		}
		saved = errno;
		if (ret < 0)
			unlink(tmp.p);
		errno = saved;
		if (ret == 0)
			ret = sync_dir(dir);
	}
	if (ret < 0)
		err_sys(err, "cannot write '%s/%s'", dir, name);
	buf_release(&path);
	buf_release(&tmp);
	return ret;
}

volatile sig_atomic_t file_stop;

int
file_open_lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat s;

	/* Earlier versions made them for everybody. */
	if (fd >= 0 && fstat(fd, &s) == 0 && (s.st_mode & 077) != 0 &&
		fchmod(fd, 0600) < 0)
		errno = 0;
	return fd;
}

void
file_tidy(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name);

		if (e->d_name[0] == '.' && n > 4 &&
			strcmp(e->d_name + n - 4, ".tmp") == 0)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d != NULL)
		closedir(d);
}

int
file_delete_dir(const char *dir, struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
	if (rmdir(dir) == 0 || errno == ENOENT)
		return 0;
	return err_sys(err, "cannot delete the directory '%s'", dir);
}

static int
read_whole(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;

	if (fd < 0)
		return -1;
	buf_clear(out);
	for (;;) {
		got = read(fd, buf_need(out, 65536), 65536);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		out->n += (size_t)got;
	}
	close(fd);
	return got < 0 ? -1 : 0;
}

/* Check the frame and leave the payload. */
static int
unframe(const char *path, const char *kind, struct buf *out, struct err *err)
{
	char trailer[TRAILER + 1];
	const char *lf;
	size_t head = strlen(MAGIC), n;
	int version = 0;

	if (out->n < TRAILER + head)
		return err_as(err, STATUS_DAMAGED, "'%s' is cut short", path);
	n = out->n - TRAILER;
	snprintf(trailer, sizeof(trailer), "\n#crc32c %08x\n",
		file_checksum(out->p, n));
	if (memcmp(out->p + n, trailer, TRAILER) != 0)
		return err_as(err, STATUS_DAMAGED,
			"'%s' is damaged: its checksum does not fit", path);
	lf = memchr(out->p, '\n', n);
	if (memcmp(out->p, MAGIC, head) != 0 || lf == NULL)
		return err_as(err, STATUS_DAMAGED,
			"'%s' is no file of a bief checkpoint", path);
	for (head = strlen(MAGIC);
		out->p[head] >= '0' && out->p[head] <= '9' && version < 1000000;
		head++)
		version = version * 10 + out->p[head] - '0';
	if (version != VERSION)
		return err_as(err, STATUS_DAMAGED,
			"'%s' is of version %d, this program reads version %d: "
			"update bief",
			path, version, VERSION);
	head++;
	if ((size_t)(lf - out->p) != head + strlen(kind) ||
		memcmp(out->p + head, kind, strlen(kind)) != 0)
		return err_as(err, STATUS_DAMAGED,
			"'%s' is not of the kind '%s'", path, kind);
	head = (size_t)(lf - out->p) + 1;
	memmove(out->p, out->p + head, n - head);
	out->n = n - head;
	return 0;
}

int
file_load(const char *dir, const char *name, const char *kind, struct buf *out,
	struct err *err)
{
	struct buf path;
	int ret;

	buf_init(&path);
	buf_printf(&path, "%s/%s", dir, name);
	ret = read_whole(buf_cstr(&path), out);
	if (ret < 0 && errno == ENOENT)
		ret = 1;
	else if (ret < 0)
		err_sys(err, "cannot read '%s'", path.p);
	else
		ret = unframe(path.p, kind, out, err);
	buf_release(&path);
	return ret;
}

/* Make one directory, durably; an existing one is fine. */
static int
make_one(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *above;
	int ret;

	if (mkdir(path, 0700) < 0)
		return errno == EEXIST ? 0 : -1;
	if (slash == NULL)
		return sync_dir(".");
	above = mem_dup(path, slash > path ? (size_t)(slash - path) : 1);
	ret = sync_dir(above);
	free(above);
	return ret;
}

int
file_mkdir(const char *dir, struct err *err)
{
	char *path = mem_dup(dir, strlen(dir)), *slash = path;
	struct stat s;
	int ret = 0;

	while (ret == 0 && (slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		ret = make_one(path);
		*slash = '/';
	}
	if (ret == 0)
		ret = make_one(path);
	if (ret == 0 && (stat(path, &s) < 0 || !S_ISDIR(s.st_mode))) {
		errno = ENOTDIR;
		ret = -1;
	}
	if (ret < 0)
		err_sys(err, "cannot make the directory '%s'", dir);
	free(path);
	return ret;
}

char *
file_absolute(const char *path)
{
	struct buf b;
	char cwd[4096], *s;

	buf_init(&b);
	if (*path != '/' && getcwd(cwd, sizeof(cwd)) != NULL)
		buf_printf(&b, "%s/", cwd);
	buf_str(&b, path);
	while (b.n > 1 && b.p[b.n - 1] == '/')
		b.n--;
	s = mem_dup(buf_cstr(&b), b.n);
	buf_release(&b);
	return s;
}
