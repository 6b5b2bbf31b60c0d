/*
 * place: see place.h.  The lock file:
 *
 *	id LF
 *	process id, space, time of the clock in us LF
 *	run LF ...
 *	"ready" LF                            when it is
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "io/file.h"
#include "recovery/place.h"
#include "value/list.h"

/* How long a killed owner may take, that is no source. */
#define DYING_US (3 * TIME_SECOND)
#define POLL_US 5000

void
place_name(const char *id, struct buf *out)
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
	place_name(id, b);
}

bool
place_held(const struct place *p)
{
	return p->dir != NULL && p->lock >= 0;
}

int
place_ready(struct place *p, struct err *err)
{
	static const char ready[] = "ready\n";

	assert(place_held(p));
	lseek(p->lock, 0, SEEK_END);
	if (write(p->lock, ready, strlen(ready)) == (ssize_t)strlen(ready))
		return 0;
	return err_sys(err, "cannot write '%s/lock'", p->dir);
}

bool
place_exists(const char *dir, const char *group, const char *id)
{
	struct buf b;
	bool there;

	buf_init(&b);
	place_path(&b, dir, group, id);
	there = access(buf_cstr(&b), F_OK) == 0;
	buf_release(&b);
	return there;
}

/* ---- the lock file ---- */

/* Locks of the open file, so that those of one process exclude each other, and
 * one can be looked at without being taken. */
static int
lock_take(int fd)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_SETLK, &l);
}

static bool
lock_taken(int fd)
{
	struct flock l = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
}

static void
info_release(struct place_info *i)
{
	free(i->id);
	list_free(&i->runs);
}

/* What an open lock file says. */
static void
info_read(struct place_info *i, int fd)
{
	char text[4096], *at = text, *end;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	for (int line = 0; (end = strchr(at, '\n')) != NULL; line++) {
		*end = '\0';
		if (line == 0) {
			i->id = mem_dup(at, strlen(at));
		} else if (line == 1) {
			i->pid = strtol(at, &at, 10);
			i->since_us = strtoll(at, NULL, 10);
		} else if (strcmp(at, "ready") == 0)
			i->ready = true;
		else
			list_add(&i->runs, at, false);
		at = end + 1;
	}
	if (i->id == NULL)
		i->id = mem_dup("", 0);
}

static int
info_write(int fd, const char *id, const struct list *runs)
{
	struct buf b;
	int ret;

	buf_init(&b);
	buf_printf(&b, "%s\n%ld %lld\n", id, (long)getpid(),
		(long long)time_now());
	for (size_t i = 0; runs != NULL && i < runs->n; i++)
		buf_printf(&b, "%s\n", runs->s[i]);
	ret = ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
			file_put(fd, b.p, b.n) < 0
		? -1
		: 0;
	buf_release(&b);
	return ret;
}

static bool
same_runs(const struct list *a, const struct list *b)
{
	if (b == NULL || a->n != b->n || a->n == 0)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->s[i], b->s[i]) != 0)
			return false;
	return true;
}

/* Somebody holds it: 1 to try again, or -1. */
static int
refused(int fd, bool source, const char *dir, const char *id,
	const struct list *runs, int64_t until, struct err *err)
{
	struct place_info i = {0};
	char since[TIME_MAX];
	int ret = -1;

	info_read(&i, fd);
	since[time_format_iso(
		time_floor_div(i.since_us, TIME_SECOND) * TIME_SECOND, since)] =
		'\0';
	if (time_monotonic() < until && !same_runs(&i.runs, runs))
		ret = 1;
	else if (source)
		err_set(err,
			"another run of this pipeline is at work with the "
			"checkpoint '%s' (process %ld, since %s): this run has "
			"done nothing; let that one end, or stop it",
			dir, i.pid, since);
	else if (same_runs(&i.runs, runs))
		err_as(err, STATUS_USAGE,
			"another stage of this pipeline is "
			"called '%s': give one of them a --name",
			id);
	else
		err_set(err,
			"'%s' of an earlier run is still at work with the "
			"checkpoint '%s' (process %ld, since %s): wait for it "
			"or stop it",
			id, dir, i.pid, since);
	info_release(&i);
	return ret;
}

int
place_lock(struct place *p, const char *dir, const char *group, const char *id,
	const struct list *runs, struct err *err)
{
	bool source = strcmp(group, "offsets") == 0;
	int64_t until = time_monotonic() +
		(source ? PLACE_ENDING_US : DYING_US);
	struct buf b;
	int ret;

	place_init(p);
	buf_init(&b);
	place_path(&b, dir, group, id);
	p->id = mem_dup(id, strlen(id));
	p->dir = mem_dup(buf_cstr(&b), b.n);
	ret = file_mkdir(p->dir, err);
	buf_str(&b, "/lock");
	if (ret == 0) {
		p->lock = file_open_lock(buf_cstr(&b));
		if (p->lock < 0)
			ret = err_sys(err, "cannot open '%s'", b.p);
	}
	while (ret == 0 && lock_take(p->lock) < 0) {
		if (errno != EAGAIN && errno != EACCES)
			ret = err_sys(err, "cannot lock '%s'", b.p);
		else if (file_stop)
			ret = err_set(err,
				"stopped while it waited for the "
				"lock '%s'",
				b.p);
		else if (refused(p->lock, source, dir, id, runs, until, err) <
			0)
			ret = -1;
		else
			usleep(POLL_US);
	}
	if (ret == 0 && info_write(p->lock, id, runs) < 0)
		ret = err_sys(err, "cannot write '%s'", b.p);
	if (ret == 0)
		file_tidy(p->dir);
	else
		place_release(p);
	buf_release(&b);
	return ret;
}

/* ---- as others see it ---- */

static int
look(const char *path, const char *name,
	int (*each)(void *arg, const struct place_info *), void *arg)
{
	struct place_info i = {.path = path, .name = name};
	struct buf b;
	int fd, ret;

	buf_init(&b);
	buf_printf(&b, "%s/lock", path);
	fd = open(buf_cstr(&b), O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		i.taken = lock_taken(fd);
		info_read(&i, fd);
		close(fd);
	} else
		i.id = mem_dup("", 0);
	ret = each(arg, &i);
	info_release(&i);
	buf_release(&b);
	return ret;
}

static int
visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

int
place_each(const char *dir, const char *group,
	int (*each)(void *arg, const struct place_info *), void *arg)
{
	struct dirent **list;
	struct buf b;
	int n, ret = 0;

	buf_init(&b);
	buf_printf(&b, "%s/%s", dir, group);
	n = scandir(buf_cstr(&b), &list, visible, alphasort);
	for (int i = 0; i < n; i++) {
		buf_clear(&b);
		buf_printf(&b, "%s/%s/%s", dir, group, list[i]->d_name);
		if (ret == 0)
			ret = look(buf_cstr(&b), list[i]->d_name, each, arg);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	buf_release(&b);
	return ret;
}

static int
gather_run(void *arg, const struct place_info *i)
{
	if (i->taken && i->runs.n > 0)
		list_add(arg, i->runs.s[0], false);
	return 0;
}

struct busy {
	struct list alive; /* runs */
	char *who;
};

static int
is_busy(void *arg, const struct place_info *i)
{
	struct busy *b = arg;
	bool ours = i->runs.n > 0;

	for (size_t k = 0; k < i->runs.n; k++)
		ours = ours && list_has(&b->alive, i->runs.s[k]);
	if (!i->taken || ours)
		return 0;
	b->who = mem_dup(i->id, strlen(i->id));
	return 1;
}

char *
place_busy(const char *dir)
{
	struct busy b = {0};

	place_each(dir, "offsets", gather_run, &b.alive);
	if (place_each(dir, "state", is_busy, &b) == 0)
		place_each(dir, "commits", is_busy, &b);
	list_free(&b.alive);
	return b.who;
}
