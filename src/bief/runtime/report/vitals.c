/*
 * vitals: see vitals.h. Here is what the process that is looked at does; who
 * looks is in vitals_read.c.
 *
 * A writer never waits for a reader: before and after a change it counts up a
 * number, odd while it writes, and a reader who saw it odd, or changed, reads
 * again.
 */
#include "runtime/report/vitals.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "io/proc.h"
#include "runtime/report/line.h"

#define AGE_US 100000 /* younger processes have no file */
#define MOMENT_US TIME_SECOND
#define COPY_US 20    /* a write that does not wait takes at most this ... */
#define COPY_US_KIB 1 /* ... and this for each KiB */

/* A process that is ended by a signal removes its file, so this belongs to the
 * process. */
static struct {
	struct vitals *mine;
	struct vitals *file; /* the same, mapped; NULL: none */
	bool done;           /* there is a file, or there will be none */
	bool changed;        /* more has changed than times and counts */
	char path[VITALS_PATH];
} own;

void
vitals_places(char dir[2][VITALS_PATH])
{
	const char *runtime = getenv("XDG_RUNTIME_DIR"),
		   *wanted = getenv("BIEF_STATUS");
	struct stat s;

	dir[0][0] = dir[1][0] = '\0';
	if (wanted != NULL && *wanted != '\0') {
		if (*wanted == '/' && strlen(wanted) < VITALS_PATH - 40)
			snprintf(dir[0], VITALS_PATH, "%s", wanted);
		return;
	}
	if (runtime != NULL && *runtime == '/' &&
		strlen(runtime) < VITALS_PATH - 40 && stat(runtime, &s) == 0 &&
		s.st_uid == geteuid())
		snprintf(dir[0], VITALS_PATH, "%s/bief", runtime);
	snprintf(dir[1], VITALS_PATH, "/tmp/bief-%ld", (long)geteuid());
}

bool
vitals_is_ours(const char *dir)
{
	struct stat s;

	return lstat(dir, &s) == 0 && S_ISDIR(s.st_mode) &&
		s.st_uid == geteuid() && (s.st_mode & 077) == 0;
}

/* The file under a temporary name, with what is there so far; mapped. */
static struct vitals *
make_file(const char *temporary)
{
	struct vitals *mine = own.mine;
	void *p = MAP_FAILED;
	int fd;

	unlink(temporary);
	fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		0600);
	if (fd < 0)
		return NULL;
	/* Written, not only made longer: what is mapped must have its place. */
	if (write(fd, mine, mine->size) == (ssize_t)mine->size)
		p = mmap(NULL, mine->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			fd, 0);
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static bool
make_in(const char *dir)
{
	char temporary[VITALS_PATH];
	struct vitals *made;

	if (*dir == '\0' || (mkdir(dir, 0700) < 0 && errno != EEXIST) ||
		!vitals_is_ours(dir))
		return false;
	snprintf(temporary, sizeof(temporary), "%.250s/.%d", dir,
		(int)own.mine->pid);
	snprintf(own.path, sizeof(own.path), "%.250s/%d", dir,
		(int)own.mine->pid);
	made = make_file(temporary);
	if (made == NULL)
		return false;
	if (rename(temporary, own.path) < 0) {
		munmap(made, own.mine->size);
		unlink(temporary);
		return false;
	}
	own.file = made;
	return true;
}

/* The process is old enough: from now on it can be seen. */
static void
publish(void)
{
	char dirs[2][VITALS_PATH];
	struct proc self;

	own.done = true;
	if (!proc_look(own.mine->pid, &self))
		return;
	own.mine->ticks = self.ticks;
	own.mine->space = proc_space();
	vitals_places(dirs);
	if (!make_in(dirs[0]))
		make_in(dirs[1]);
}

/* Microseconds until the file is due; -1: it is there, or there will be none. */
static int64_t
vitals_due(const struct vitals *v)
{
	int64_t left;

	if (v == NULL || own.mine != v || own.done)
		return -1;
	left = v->began_us + AGE_US - time_monotonic();
	return left > 0 ? left : 0;
}

static void
vitals_look(struct vitals *v)
{
	if (vitals_due(v) == 0)
		publish();
}

int
vitals_poll(struct vitals *v, struct pollfd *fds, int n, int timeout)
{
	int64_t due = vitals_due(v);
	int first = (int)((due + 999) / 1000), ready;

	if (due < 0 || (timeout >= 0 && timeout <= first))
		return poll(fds, (nfds_t)n, timeout);
	ready = poll(fds, (nfds_t)n, first);
	if (ready != 0)
		return ready;
	vitals_look(v);
	return poll(fds, (nfds_t)n, timeout < 0 ? -1 : timeout - first);
}

void
vitals_forget(void)
{
	if (own.file != NULL)
		unlink(own.path);
}

/* A reader that has gone ends the process, as ever. */
static void
on_broken_pipe(int sig)
{
	vitals_forget();
	line_hide();
	raise(sig);
}

static void
watch_pipe(void)
{
	struct sigaction broken = {.sa_handler = on_broken_pipe,
				 .sa_flags = SA_RESETHAND | SA_NODEFER},
			 old;

	if (sigaction(SIGPIPE, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		sigaction(SIGPIPE, &broken, NULL);
}

/* Words, parted by spaces, as far as there is room: bytes. */
static uint32_t
put_words(char *to, char **argv)
{
	size_t n = 0;

	for (char **w = argv; *w != NULL; w++) {
		size_t len = strlen(*w);

		if (w > argv && n < VITALS_TEXT)
			to[n++] = ' ';
		if (len > VITALS_TEXT - n)
			len = VITALS_TEXT - n;
		memcpy(to + n, *w, len);
		n += len;
	}
	return (uint32_t)n;
}

static void
put_stage(struct vitals *v, int i, const struct vitals_program *p, char *end)
{
	struct vitals_stage *s = &v->stages[i];
	const char *name = p->name != NULL ? p->name : "";

	s->command = (uint32_t)(end - (char *)v);
	s->ncommand = put_words(end, p->argv);
	s->nprogram = (uint32_t)strcspn(p->argv[0], " ");
	if (s->nprogram > s->ncommand)
		s->nprogram = s->ncommand;
	s->name = s->command + s->ncommand;
	s->nname = (uint32_t)strnlen(name, VITALS_TEXT);
	memcpy(end + s->ncommand, name, s->nname);
	s->source = p->source;
	s->sink = p->sink;
	s->now.batch = s->now.rows = -1;
	s->now.watermark = INT64_MIN;
}

struct vitals *
vitals_open(const struct vitals_program *p, int n, int output)
{
	size_t head = sizeof(struct vitals) +
		(size_t)n * sizeof(struct vitals_stage);
	struct vitals *v = mem_zalloc(head + (size_t)n * 2 * VITALS_TEXT);
	char *end = (char *)v + head;

	memcpy(v->magic, VITALS_MAGIC, sizeof(v->magic));
	v->nstages = (uint32_t)n;
	v->text = (uint32_t)head;
	v->pid = (int32_t)getpid();
	v->began_us = v->since_us = v->updated_us = time_monotonic();
	v->output = output;
	for (int i = 0; i < n; i++) {
		put_stage(v, i, &p[i], end);
		end += v->stages[i].ncommand + v->stages[i].nname;
	}
	v->size = (uint32_t)(end - (char *)v);
	memset(&own, 0, sizeof(own));
	own.mine = v;
	watch_pipe();
	return v;
}

void
vitals_close(struct vitals *v)
{
	if (v == NULL)
		return;
	if (own.mine == v) {
		own.mine = NULL;
		if (own.file != NULL) {
			unlink(own.path);
			munmap(own.file, v->size);
		}
		own.file = NULL;
	}
	free(v);
}

/* Copy what has changed, from "odd" to the given end, into the file; counts: and
 * those of the stages. */
static void
copy_out(const struct vitals *v, size_t end, bool counts)
{
	struct vitals *file = own.file;
	size_t from = offsetof(struct vitals, doing);
	uint32_t odd;

	if (file == NULL)
		return;
	odd = file->odd | 1;
	__atomic_store_n(&file->odd, odd, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	memcpy((char *)file + from, (const char *)v + from, end - from);
	for (uint32_t k = 0; counts && k < v->nstages; k++)
		file->stages[k].now = v->stages[k].now;
	__atomic_store_n(&file->odd, odd + 1, __ATOMIC_RELEASE);
}

static void
account(struct vitals *v, enum vitals_doing doing, int64_t now)
{
	v->spent_us[v->doing] += now - v->since_us;
	v->since_us = now;
	v->doing = doing;
}

void
vitals_turn(struct vitals *v, enum vitals_doing doing)
{
	if (v == NULL)
		return;
	account(v, doing, time_monotonic());
	copy_out(v, offsetof(struct vitals, updated_us), false);
	vitals_look(v);
}

void
vitals_begin(struct vitals *v, enum vitals_doing doing)
{
	account(v, doing, time_monotonic());
	v->updated_us = v->since_us;
}

void
vitals_go_on(struct vitals *v)
{
	if (v == NULL)
		return;
	vitals_begin(v, VITALS_BUSY);
	copy_out(v, offsetof(struct vitals, ninputs), false);
	vitals_look(v);
}

void
vitals_end(struct vitals *v)
{
	const struct vitals_moment
		*last = &v->past[(v->npast + VITALS_PAST - 1) % VITALS_PAST];

	if (v->npast == 0 || v->updated_us - last->at_us >= MOMENT_US) {
		uint32_t i = v->npast++ % VITALS_PAST;

		own.changed = true;
		v->past[i].at_us = v->updated_us;
		memcpy(v->past[i].spent_us, v->spent_us, sizeof(v->spent_us));
		for (uint32_t k = 0; k < v->nstages; k++) {
			v->stages[k].past[i][0] = v->stages[k].now.in;
			v->stages[k].past[i][1] = v->stages[k].now.out;
		}
	}
	if (own.changed)
		copy_out(v, v->text, false);
	else
		copy_out(v, offsetof(struct vitals, ninputs), true);
	own.changed = false;
	vitals_look(v);
}

void
vitals_input(struct vitals *v, int fd)
{
	own.changed = true;
	if (v != NULL && v->ninputs < VITALS_INPUTS)
		v->inputs[v->ninputs++] = fd;
}

void
vitals_input_closed(struct vitals *v, int fd)
{
	own.changed = true;
	for (uint32_t i = 0; v != NULL && i < v->ninputs; i++)
		if (v->inputs[i] == fd)
			v->inputs[i] = v->inputs[--v->ninputs];
}

/* Bytes that a pipe surely takes at once: its pages may be half full.  0: none,
 * or it is no pipe. */
static size_t
pipe_room(int fd)
{
	int size = fcntl(fd, F_GETPIPE_SZ), used;

	if (size < 0 || ioctl(fd, FIONREAD, &used) < 0 ||
		used > (size - PIPE_BUF) / 2)
		return 0;
	return (size_t)(size - PIPE_BUF - 2 * used);
}

void
vitals_records(struct vitals *v, size_t waiting, size_t room)
{
	if (v == NULL)
		return;
	v->records = 1;
	v->waiting = (uint32_t)waiting;
	v->room = (uint32_t)room;
}

void
vitals_pipe(struct vitals *v)
{
	int size = 0, used;

	/* Of the same pipe it stays as it is. */
	if (v != NULL && !v->records)
		size = (int)v->room;
	if (v == NULL ||
		(size == 0 && (size = fcntl(v->output, F_GETPIPE_SZ)) <= 0) ||
		ioctl(v->output, FIONREAD, &used) < 0)
		return;
	v->records = 0;
	v->waiting = (uint32_t)used;
	v->room = (uint32_t)size;
}

size_t
vitals_write(struct vitals *v, size_t n)
{
	struct pollfd out;
	int64_t left;
	size_t room;

	vitals_turn(v, VITALS_OUTPUT);
	left = vitals_due(v);
	if (left < 0 || fcntl(v->output, F_GETPIPE_SZ) < 0)
		return n;
	room = pipe_room(v->output);
	if (room >= n || room >= PIPE_BUF)
		return room < n ? room : n;
	/* It may wait here for good, and is to be seen then. */
	out = (struct pollfd){.fd = v->output, .events = POLLOUT};
	if (poll(&out, 1, (int)((left + 999) / 1000)) == 0) {
		vitals_look(v);
		return n;
	}
	return n < PIPE_BUF ? n : PIPE_BUF;
}

void
vitals_written(struct vitals *v, size_t n)
{
	int64_t now, copying = COPY_US + (int64_t)(n / 1024) * COPY_US_KIB;

	if (v == NULL)
		return;
	now = time_monotonic();
	if (copying > now - v->since_us)
		copying = now - v->since_us;
	v->spent_us[VITALS_BUSY] += copying;
	v->since_us += copying;
	account(v, VITALS_BUSY, now);
	copy_out(v, offsetof(struct vitals, updated_us), false);
}

int64_t
vitals_busy_us(const struct vitals *v)
{
	return v->spent_us[VITALS_BUSY] +
		(v->doing == VITALS_BUSY ? time_monotonic() - v->since_us : 0);
}
