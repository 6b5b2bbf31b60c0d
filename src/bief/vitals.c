/*
 * vitals: see vitals.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "err.h"
#include "proc.h"
#include "time.h"
#include "vitals.h"

#define AGE_US 100000 /* younger processes have no file */
#define MOMENT_US TIME_SECOND
#define COPY_US 20    /* a write that does not wait takes at most this ... */
#define COPY_US_KIB 1 /* ... and this for each KiB */

/*
 * The timer belongs to the process, so this does too.  What the handler needs
 * is made ready before: it calls only what a handler may.
 */
static struct {
	struct vitals *mine;
	struct vitals *volatile file; /* the same, mapped; NULL: none yet */
	char dir[2][VITALS_PATH], path[2][VITALS_PATH], temporary[2][VITALS_PATH];
	int where; /* which of them it is */
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
	fd = open(temporary,
		O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return NULL;
	/* Written, not only made longer: what is mapped must have its place. */
	if (write(fd, mine, mine->size) == (ssize_t)mine->size)
		p = mmap(NULL, mine->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			fd, 0);
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static void
on_timer(int sig)
{
	int saved = errno;
	struct proc self;

	(void)sig;
	if (own.mine == NULL || own.file != NULL ||
		!proc_look(own.mine->pid, &self))
		return;
	own.mine->ticks = self.ticks;
	own.mine->space = proc_space();
	for (int i = 0; i < 2 && own.file == NULL; i++) {
		struct vitals *made;

		if (own.dir[i][0] == '\0' ||
			(mkdir(own.dir[i], 0700) < 0 && errno != EEXIST) ||
			!vitals_is_ours(own.dir[i]) ||
			(made = make_file(own.temporary[i])) == NULL)
			continue;
		if (rename(own.temporary[i], own.path[i]) == 0) {
			own.where = i;
			own.file = made;
		} else {
			munmap(made, own.mine->size);
			unlink(own.temporary[i]);
		}
	}
	errno = saved;
}

void
vitals_forget(void)
{
	if (own.file != NULL)
		unlink(own.path[own.where]);
}

/* A reader that has gone ends the process, as ever. */
static void
on_broken_pipe(int sig)
{
	vitals_forget();
	raise(sig);
}

static void
set_timer(int64_t us)
{
	struct itimerval t = {.it_value = {.tv_usec = us}};

	setitimer(ITIMER_REAL, &t, NULL);
}

static void
ready_timer(struct vitals *v)
{
	struct sigaction act = {.sa_handler = on_timer, .sa_flags = SA_RESTART},
		broken = {.sa_handler = on_broken_pipe,
			.sa_flags = SA_RESETHAND | SA_NODEFER}, old;

	memset(&own, 0, sizeof(own));
	vitals_places(own.dir);
	if (own.dir[0][0] == '\0' && own.dir[1][0] == '\0')
		return;
	for (int i = 0; i < 2; i++) {
		snprintf(own.path[i], VITALS_PATH, "%.250s/%d", own.dir[i],
			(int)v->pid);
		snprintf(own.temporary[i], VITALS_PATH, "%.250s/.%d",
			own.dir[i], (int)v->pid);
	}
	own.mine = v;
	if (sigaction(SIGPIPE, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		sigaction(SIGPIPE, &broken, NULL);
	sigaction(SIGALRM, &act, NULL);
	set_timer(AGE_US);
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
	ready_timer(v);
	return v;
}

void
vitals_close(struct vitals *v)
{
	if (v == NULL)
		return;
	if (own.mine == v) {
		set_timer(0);
		own.mine = NULL;
		if (own.file != NULL) {
			unlink(own.path[own.where]);
			munmap(own.file, v->size);
		}
		own.file = NULL;
	}
	free(v);
}

/* Copy what has changed, from "odd" to the given end, into the file. */
static void
copy_out(const struct vitals *v, size_t end)
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
	copy_out(v, offsetof(struct vitals, updated_us));
}

void
vitals_begin(struct vitals *v, enum vitals_doing doing)
{
	account(v, doing, time_monotonic());
	v->updated_us = v->since_us;
}

void
vitals_end(struct vitals *v)
{
	const struct vitals_moment *last =
		&v->past[(v->npast + VITALS_PAST - 1) % VITALS_PAST];

	if (v->npast == 0 || v->updated_us - last->at_us >= MOMENT_US) {
		uint32_t i = v->npast++ % VITALS_PAST;

		v->past[i].at_us = v->updated_us;
		memcpy(v->past[i].spent_us, v->spent_us, sizeof(v->spent_us));
		for (uint32_t k = 0; k < v->nstages; k++) {
			v->stages[k].past[i][0] = v->stages[k].now.in;
			v->stages[k].past[i][1] = v->stages[k].now.out;
		}
	}
	copy_out(v, v->text);
}

void
vitals_input(struct vitals *v, int fd)
{
	if (v != NULL && v->ninputs < VITALS_INPUTS)
		v->inputs[v->ninputs++] = fd;
}

void
vitals_input_closed(struct vitals *v, int fd)
{
	for (uint32_t i = 0; v != NULL && i < v->ninputs; i++)
		if (v->inputs[i] == fd)
			v->inputs[i] = v->inputs[--v->ninputs];
}

void
vitals_write(struct vitals *v)
{
	vitals_turn(v, VITALS_OUTPUT);
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
	copy_out(v, offsetof(struct vitals, updated_us));
}

int64_t
vitals_busy_us(const struct vitals *v)
{
	return v->spent_us[VITALS_BUSY] +
		(v->doing == VITALS_BUSY ? time_monotonic() - v->since_us : 0);
}
