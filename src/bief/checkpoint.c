/*
 * checkpoint: see checkpoint.h; the formats are in bief-checkpoint(5).
 *
 *	bief-checkpoint VERSION KIND LF
 *	payload
 *	LF #crc32c HHHHHHHH LF          of everything before it
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint.h"
#include "err.h"
#include "json.h"
#include "state.h"
#include "time.h"
#include "value.h"

#define VERSION 1
#define TRAILER 18 /* "\n#crc32c 12345678\n" */
#define MAGIC "bief-checkpoint "

/* ---- checksum: CRC-32C (Castagnoli), reflected ---- */

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
crc32c_sse(const unsigned char *p, size_t n)
{
	uint64_t crc = ~0u, word;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&word, p, 8);
		crc = __builtin_ia32_crc32di(crc, word);
	}
	for (; n > 0; p++, n--)
		crc = __builtin_ia32_crc32qi((uint32_t)crc, *p);
	return ~(uint32_t)crc;
}
#endif

static uint32_t
crc32c(const unsigned char *p, size_t n)
{
	static const uint32_t half[16] = {0, 0x105ec76f, 0x20bd8ede,
		0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4,
		0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
	uint32_t crc = ~0u;

#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_sse(p, n);
#endif
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		crc = half[crc & 15] ^ crc >> 4;
		crc = half[crc & 15] ^ crc >> 4;
	}
	return ~crc;
}

/* ---- files ---- */

static int
write_whole(int fd, const char *p, size_t n)
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
file_save(const char *dir, const char *name, const char *kind, const void *p,
	size_t n, struct err *err)
{
	struct buf b, path, tmp;
	int fd, ret = -1;

	buf_init(&b);
	buf_init(&path);
	buf_init(&tmp);
	buf_printf(&b, MAGIC "%d %s\n", VERSION, kind);
	buf_add(&b, p, n);
	buf_printf(&b, "\n#crc32c %08x\n",
		crc32c((const unsigned char *)b.p, b.n));
	buf_printf(&path, "%s/%s", dir, name);
	buf_printf(&tmp, "%s/.%s.%ld.tmp", dir, name, (long)getpid());
	fd = open(buf_cstr(&tmp), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		0666);
	if (fd < 0)
		goto out;
	if (write_whole(fd, b.p, b.n) < 0 || fsync(fd) < 0) {
		int saved = errno;

		close(fd);
		unlink(tmp.p);
		errno = saved;
		goto out;
	}
	if (close(fd) < 0 || rename(tmp.p, buf_cstr(&path)) < 0 ||
		sync_dir(dir) < 0)
		goto out;
	ret = 0;
out:
	if (ret < 0)
		err_sys(err, "cannot write '%s/%s'", dir, name);
	buf_release(&b);
	buf_release(&path);
	buf_release(&tmp);
	return ret;
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
		crc32c((const unsigned char *)out->p, n));
	if (memcmp(out->p + n, trailer, TRAILER) != 0)
		return err_as(err, STATUS_DAMAGED,
			"'%s' is damaged: its checksum does not fit", path);
	lf = memchr(out->p, '\n', n);
	if (memcmp(out->p, MAGIC, head) != 0 || lf == NULL)
		return err_as(err, STATUS_DAMAGED,
			"'%s' is no file of a bief checkpoint", path);
	for (head = strlen(MAGIC); out->p[head] >= '0' &&
		out->p[head] <= '9' && version < 1000000; head++)
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

int
file_mkdir(const char *dir, struct err *err)
{
	char *path = mem_dup(dir, strlen(dir)), *slash = path;
	struct stat s;
	int ret = 0;

	while (ret == 0 && (slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			ret = -1;
		*slash = '/';
	}
	if (ret == 0 && mkdir(path, 0777) < 0 && errno != EEXIST)
		ret = -1;
	if (ret == 0 && (stat(path, &s) < 0 || !S_ISDIR(s.st_mode))) {
		errno = ENOTDIR;
		ret = -1;
	}
	if (ret < 0)
		err_sys(err, "cannot make the directory '%s'", dir);
	free(path);
	return ret;
}

static int
by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int
numbers_list(struct numbers *l, const char *dir, const char *kind,
	struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	memset(l, 0, sizeof(*l));
	if (d == NULL)
		return errno == ENOENT ? 0 :
			err_sys(err, "cannot read the directory '%s'", dir);
	while ((e = readdir(d)) != NULL) {
		char *end;
		int64_t n = strtoll(e->d_name, &end, 10);

		if (e->d_name[0] < '0' || e->d_name[0] > '9' || *end != '.' ||
			strcmp(end + 1, kind) != 0)
			continue;
		l->v = mem_realloc(l->v, (l->n + 1) * sizeof(*l->v));
		l->v[l->n++] = n;
	}
	closedir(d);
	if (l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), by_number);
	return 0;
}

void
numbers_release(struct numbers *l)
{
	free(l->v);
	memset(l, 0, sizeof(*l));
}

int64_t
numbers_last(const struct numbers *l)
{
	return l->n > 0 ? l->v[l->n - 1] : -1;
}

/* ---- places ---- */

/* A file name made of an id: safe, at most 120 bytes, unique. */
static void
file_name(const char *id, struct buf *out)
{
	uint64_t hash = 0xcbf29ce484222325u;
	size_t n = 0, start = out->n;
	bool changed = false;

	for (const char *c = id; *c != '\0'; c++) {
		bool safe = (*c >= 'a' && *c <= 'z') ||
			(*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
			(strchr("-_.+,=@", *c) != NULL && c > id);

		hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
		if (n++ < 100)
			buf_byte(out, safe ? *c : '_');
		changed = changed || !safe || n > 100;
	}
	if (changed || out->n == start)
		buf_printf(out, "~%08x", (unsigned)(hash ^ hash >> 32));
}

void
place_init(struct place *p)
{
	memset(p, 0, sizeof(*p));
	p->lock = -1;
}

void
place_release(struct place *p)
{
	free(p->dir);
	free(p->id);
	if (p->lock >= 0)
		close(p->lock);
	place_init(p);
}

static void
place_path(struct buf *b, const char *dir, const char *group, const char *id)
{
	buf_printf(b, "%s/%s/", dir, group);
	file_name(id, b);
}

#define DYING_US (3 * TIME_SECOND) /* how long a killed owner may take */

static int
lock_file(const char *path, bool wait)
{
	int64_t until = time_monotonic() + DYING_US;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || !wait ||
			time_monotonic() > until) {
			int saved = errno;

			close(fd);
			errno = saved;
			return -1;
		}
		usleep(5000);
	}
	return fd;
}

int
place_lock(struct place *p, const char *dir, const char *group,
	const char *id, struct err *err)
{
	struct buf b;
	bool source = strcmp(group, "offsets") == 0;

	place_init(p);
	buf_init(&b);
	place_path(&b, dir, group, id);
	p->id = mem_dup(id, strlen(id));
	p->dir = mem_dup(buf_cstr(&b), b.n);
	if (file_mkdir(p->dir, err) < 0)
		goto fail;
	buf_str(&b, "/lock");
	p->lock = lock_file(buf_cstr(&b), !source);
	if (p->lock < 0 && errno == EWOULDBLOCK) {
		err_as(err, source ? STATUS_FAILED : STATUS_USAGE,
			source ? "another run of this pipeline is active with "
				 "the checkpoint '%s' (source '%s'): wait for it "
				 "or stop it" :
				 "'%s': another stage of this pipeline is "
				 "called '%s': give one of them a --name",
			dir, id);
		goto fail;
	}
	if (p->lock < 0) {
		err_sys(err, "cannot lock '%s'", b.p);
		goto fail;
	}
	buf_release(&b);
	return 0;
fail:
	buf_release(&b);
	place_release(p);
	return -1;
}

static bool
locked(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	bool taken;

	if (fd < 0)
		return false;
	taken = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	close(fd);
	return taken;
}

/* Call each() for every place of a group; stops when it returns not 0. */
static int
each_place(const char *dir, const char *group,
	int (*each)(void *arg, const char *path, const char *name), void *arg)
{
	struct buf b;
	struct dirent *e;
	DIR *d;
	int ret = 0;

	buf_init(&b);
	buf_printf(&b, "%s/%s", dir, group);
	d = opendir(buf_cstr(&b));
	while (ret == 0 && d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		buf_clear(&b);
		buf_printf(&b, "%s/%s/%s", dir, group, e->d_name);
		ret = each(arg, buf_cstr(&b), e->d_name);
	}
	if (d != NULL)
		closedir(d);
	buf_release(&b);
	return ret;
}

static int
is_locked(void *arg, const char *path, const char *name)
{
	struct buf b;
	bool taken;

	(void)name;
	buf_init(&b);
	buf_printf(&b, "%s/lock", path);
	taken = locked(buf_cstr(&b));
	buf_release(&b);
	*(int *)arg += taken;
	return 0;
}

int
checkpoint_sinks_alive(const char *dir)
{
	int n = 0;

	each_place(dir, "commits", is_locked, &n);
	return n;
}

/* ---- the directory ---- */

int
checkpoint_open(const char *dir, bool create, char **identity, struct err *err)
{
	struct buf b;
	unsigned char random[16];
	int ret;

	buf_init(&b);
	*identity = NULL;
	ret = file_load(dir, "metadata", "metadata", &b, err);
	if (ret == 1 && !create) {
		ret = err_as(err, STATUS_USAGE,
			"'%s' is no checkpoint: it has no metadata", dir);
	} else if (ret == 1) {
		if (file_mkdir(dir, err) < 0 ||
			getrandom(random, sizeof(random), 0) < 0) {
			buf_release(&b);
			return -1;
		}
		buf_clear(&b);
		buf_str(&b, "{\"id\":\"");
		for (size_t i = 0; i < sizeof(random); i++)
			buf_printf(&b, "%02x", random[i]);
		buf_str(&b, "\"}");
		ret = file_save(dir, "metadata", "metadata", b.p, b.n, err);
	}
	if (ret == 0 && b.n == 41 && strspn(buf_cstr(&b) + 7,
		"0123456789abcdef") == 32)
		*identity = mem_dup(b.p + 7, 32);
	else if (ret == 0)
		ret = err_as(err, STATUS_DAMAGED,
			"'%s/metadata' is not of this program", dir);
	buf_release(&b);
	return ret;
}

int
checkpoint_quiet(const char *dir, const char *own_source, struct err *err)
{
	int64_t start = time_monotonic();
	int n;

	(void)own_source;
	for (;;) {
		n = 0;
		each_place(dir, "state", is_locked, &n);
		each_place(dir, "commits", is_locked, &n);
		if (n == 0)
			return 0;
		if (time_monotonic() - start > 60 * TIME_SECOND)
			return err_set(err, "programs of an earlier run still "
				"hold the checkpoint '%s': wait for them or "
				"stop them", dir);
		usleep(5000);
	}
}

struct least {
	int64_t batch;
	int sinks;
	struct err *err;
};

static int
least_commit(void *arg, const char *path, const char *name)
{
	struct least *l = arg;
	struct numbers n;

	(void)name;
	if (numbers_list(&n, path, "commit", l->err) < 0)
		return -1;
	if (l->sinks++ == 0 || numbers_last(&n) < l->batch)
		l->batch = numbers_last(&n);
	numbers_release(&n);
	return 0;
}

int
checkpoint_committed(const char *dir, int64_t *newest, int *sinks,
	struct err *err)
{
	struct least l = {.batch = -1, .err = err};

	if (each_place(dir, "commits", least_commit, &l) < 0)
		return -1;
	*newest = l.batch;
	if (sinks != NULL)
		*sinks = l.sinks;
	return 0;
}

static void
numbered(char name[40], int64_t batch, const char *kind)
{
	snprintf(name, 40, "%lld.%s", (long long)batch, kind);
}

int
checkpoint_clean(const struct place *p, const char *kind, int64_t before,
	struct err *err)
{
	struct numbers l;
	char name[40];
	struct buf path;

	if (before <= 0)
		return 0;
	if (numbers_list(&l, p->dir, kind, err) < 0)
		return -1;
	buf_init(&path);
	for (size_t i = 0; i < l.n && l.v[i] < before; i++) {
		buf_clear(&path);
		numbered(name, l.v[i], kind);
		buf_printf(&path, "%s/%s", p->dir, name);
		unlink(buf_cstr(&path));
	}
	buf_release(&path);
	numbers_release(&l);
	return 0;
}

/* ---- source ---- */

int
offset_save(const struct place *p, int64_t batch, const struct offset *o,
	struct err *err)
{
	struct buf b;
	char name[40];
	int ret;

	buf_init(&b);
	numbered(name, batch, "offset");
	buf_printf(&b, "{\"time\":%lld,\"position\":%s}",
		(long long)o->time_us, o->position);
	ret = file_save(p->dir, name, "offset", b.p, b.n, err);
	buf_release(&b);
	return ret;
}

int
offset_load(const struct place *p, int64_t batch, struct offset *o,
	struct err *err)
{
	struct buf b;
	char name[40];
	struct value v, time, position;
	struct json_error why;
	int ret;

	memset(o, 0, sizeof(*o));
	buf_init(&b);
	numbered(name, batch, "offset");
	ret = file_load(p->dir, name, "offset", &b, err);
	if (ret != 0)
		goto out;
	buf_need(&b, JSON_PADDING);
	if (json_read(b.p, b.p + b.n, 0, &v, &why) == NULL ||
		v.type != VALUE_OBJECT || !json_get(&v, "time", 4, &time) ||
		!json_get(&v, "position", 8, &position) ||
		(time = value_number(&time, false)).type != VALUE_INT) {
		ret = err_as(err, STATUS_DAMAGED, "'%s/%s' cannot be read",
			p->dir, name);
		goto out;
	}
	o->time_us = time.i;
	buf_clear(&b);
	{
		struct buf text;

		buf_init(&text);
		value_print(&position, &text);
		o->position = mem_dup(text.p, text.n);
		buf_release(&text);
	}
out:
	buf_release(&b);
	return ret;
}

void
offset_release(struct offset *o)
{
	free(o->position);
	memset(o, 0, sizeof(*o));
}

/* ---- stage ---- */

#define SNAPSHOT_DELTAS 20

static int
drop_after(const struct place *p, const char *kind, int64_t upto,
	struct err *err)
{
	struct numbers l;
	struct buf path;
	char name[40];
	int ret = 0;

	if (numbers_list(&l, p->dir, kind, err) < 0)
		return -1;
	buf_init(&path);
	for (size_t i = 0; i < l.n; i++) {
		if (l.v[i] <= upto)
			continue;
		buf_clear(&path);
		numbered(name, l.v[i], kind);
		buf_printf(&path, "%s/%s", p->dir, name);
		if (unlink(buf_cstr(&path)) < 0)
			ret = err_sys(err, "cannot delete '%s'", path.p);
	}
	buf_release(&path);
	numbers_release(&l);
	return ret;
}

/*
 * A file for every batch, also when nothing has changed: the payload begins
 * with the number of the file before it (8 bytes, little endian; -1: none), so
 * that a missing one is noticed, the last one too.
 */
static int
load_file(const struct place *p, struct state *s, int64_t batch,
	const char *kind, int64_t *before, size_t *bytes, struct err *err)
{
	struct buf b;
	char name[40];
	int ret;

	buf_init(&b);
	numbered(name, batch, kind);
	ret = file_load(p->dir, name, kind, &b, err);
	if (ret == 1 || (ret == 0 && b.n < 8))
		ret = err_as(err, STATUS_DAMAGED, "'%s/%s' is missing", p->dir,
			name);
	else if (ret == 0) {
		memcpy(before, b.p, 8);
		*bytes += b.n;
		/* The state's bytes are to be aligned. */
		memmove(b.p, b.p + 8, b.n - 8);
		if (state_load(s, b.p, b.n - 8, err) < 0) {
			err->status = STATUS_DAMAGED;
			ret = err_in(err, "'%s/%s'", p->dir, name);
		}
	}
	buf_release(&b);
	return ret;
}

static int
load_all(const struct place *p, struct state *s, int64_t upto,
	const struct numbers *snapshots, const struct numbers *deltas,
	struct state_files *f, struct err *err)
{
	int64_t at = -1, before;

	for (size_t i = 0; i < snapshots->n; i++)
		if (snapshots->v[i] <= upto)
			at = snapshots->v[i];
	if (at >= 0 && load_file(p, s, at, "snapshot", &before,
			       &f->snapshot_bytes, err) < 0)
		return -1;
	for (size_t i = 0; i < deltas->n; i++) {
		if (deltas->v[i] <= at || deltas->v[i] > upto)
			continue;
		if (load_file(p, s, deltas->v[i], "delta", &before,
			    &f->delta_bytes, err) < 0)
			return -1;
		if (before != at)
			return err_as(err, STATUS_DAMAGED,
				"'%s': the state of batch %lld is missing",
				p->dir, (long long)before);
		at = deltas->v[i];
		f->deltas++;
	}
	if (at != upto)
		return err_as(err, STATUS_DAMAGED,
			"'%s': the state of batch %lld is missing", p->dir,
			(long long)upto);
	f->last = at;
	return 0;
}

int
checkpoint_restore(const struct place *p, struct state *s, int64_t upto,
	struct state_files *f, struct err *err)
{
	struct numbers snapshots = {0}, deltas = {0};
	int ret = -1;

	memset(f, 0, sizeof(*f));
	f->last = -1;
	state_clear(s);
	if (numbers_list(&snapshots, p->dir, "snapshot", err) < 0 ||
		numbers_list(&deltas, p->dir, "delta", err) < 0)
		goto out;
	if (upto >= 0 &&
		load_all(p, s, upto, &snapshots, &deltas, f, err) < 0)
		goto out;
	ret = drop_after(p, "snapshot", upto, err) < 0 ||
			drop_after(p, "delta", upto, err) < 0 ?
		-1 : 0;
out:
	numbers_release(&snapshots);
	numbers_release(&deltas);
	return ret;
}

/* Files that no restart can need: before the newest snapshot at or below what
 * is committed, less the batches that are kept. */
static int
clean_state(const struct place *p, int64_t committed, struct err *err)
{
	struct numbers l;
	int64_t from = -1, oldest = committed - CHECKPOINT_KEEP;

	if (numbers_list(&l, p->dir, "snapshot", err) < 0)
		return -1;
	for (size_t i = 0; i < l.n; i++)
		if (l.v[i] <= oldest)
			from = l.v[i];
	numbers_release(&l);
	if (checkpoint_clean(p, "snapshot", from, err) < 0)
		return -1;
	return checkpoint_clean(p, "delta", from, err);
}

int
checkpoint_save(const struct place *p, struct state *s, int64_t batch,
	int64_t committed, struct state_files *f, struct err *err)
{
	struct buf b;
	char name[40];
	bool whole;
	int ret;

	buf_init(&b);
	buf_add(&b, &f->last, 8);
	state_save_delta(s, &b);
	f->delta_bytes += b.n;
	/* A snapshot costs what the deltas since the last one have cost. */
	whole = f->last < 0 || (++f->deltas >= SNAPSHOT_DELTAS &&
				       f->delta_bytes >= f->snapshot_bytes);
	numbered(name, batch, "delta");
	ret = file_save(p->dir, name, "delta", b.p, b.n, err);
	if (ret == 0 && whole) {
		buf_clear(&b);
		buf_add(&b, &f->last, 8);
		state_save_all(s, &b);
		numbered(name, batch, "snapshot");
		ret = file_save(p->dir, name, "snapshot", b.p, b.n, err);
		f->snapshot_bytes = b.n;
		f->delta_bytes = 0;
		f->deltas = 0;
		if (ret == 0)
			ret = clean_state(p, committed, err);
	}
	f->last = batch;
	buf_release(&b);
	return ret;
}

bool
checkpoint_fresh(const struct place *p)
{
	struct buf path;
	bool fresh;

	buf_init(&path);
	buf_printf(&path, "%s/options", p->dir);
	fresh = access(buf_cstr(&path), F_OK) < 0 && errno == ENOENT;
	buf_release(&path);
	return fresh;
}

int
checkpoint_same(const struct place *p, const char *what, const char *text,
	struct err *err)
{
	struct buf b;
	int ret;

	buf_init(&b);
	ret = file_load(p->dir, what, what, &b, err);
	if (ret == 1)
		ret = file_save(p->dir, what, what, text, strlen(text), err);
	else if (ret == 0 &&
		(b.n != strlen(text) || memcmp(b.p, text, b.n) != 0))
		ret = err_as(err, STATUS_USAGE,
			"the pipeline has changed: stage '%s' was '%.*s' and "
			"is now '%s': go back, or begin with a new --checkpoint",
			p->id, (int)b.n, b.p, text);
	buf_release(&b);
	return ret;
}

/* ---- sink ---- */

int
commit_save(const struct place *p, int64_t batch, struct err *err)
{
	char name[40];

	numbered(name, batch, "commit");
	if (file_save(p->dir, name, "commit", "{}", 2, err) < 0)
		return -1;
	if (batch % 10 == 0)
		return checkpoint_clean(p, "commit", batch - CHECKPOINT_KEEP,
			err);
	return 0;
}

int
commit_last(const struct place *p, int64_t *batch, struct err *err)
{
	struct numbers l;
	struct buf b;
	char name[40];
	int ret = 0;

	if (numbers_list(&l, p->dir, "commit", err) < 0)
		return -1;
	*batch = numbers_last(&l);
	numbers_release(&l);
	if (*batch < 0)
		return 0;
	buf_init(&b);
	numbered(name, *batch, "commit");
	ret = file_load(p->dir, name, "commit", &b, err);
	buf_release(&b);
	return ret < 0 ? -1 : 0;
}
