/*
 * child: see child.h.
 */
#include "io/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "value/json.h"
#include "io/stream/eol.h"

#define TURN_MS 1000       /* who waits looks up so often */
#define GATHER (64 * 1024) /* bytes that wait before they are written */

void
child_init(struct child *c, size_t max_line)
{
	memset(c, 0, sizeof(*c));
	c->max_line = max_line;
	c->in = c->out = -1;
}

/* Signals belong to the process, and so do the groups that are to die of one;
 * those that find no room die when they write. */
static volatile pid_t groups[16];
#define GROUPS (sizeof(groups) / sizeof(*groups))

static void
remember(const struct child *c)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (groups[i] == 0) {
			groups[i] = c->pid;
			return;
		}
}

static void
child_forget(struct child *c)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (groups[i] == c->pid)
			groups[i] = 0;
	c->pid = 0;
}

void
child_kill_all(void)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (groups[i] > 0)
			kill(-groups[i], SIGKILL);
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* End it, if it still runs. */
static void
end(struct child *c)
{
	if (c->pid <= 0)
		return;
	kill(-c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	child_forget(c);
}

void
child_release(struct child *c)
{
	close_fd(&c->in);
	close_fd(&c->out);
	end(c);
	buf_release(&c->to);
	buf_release(&c->from);
	list_free(&c->env);
	child_init(c, c->max_line);
}

/* ---- its environment ---- */

static bool
names(const char *word, const char *name, size_t n)
{
	return strncmp(word, name, n) == 0 && word[n] == '=';
}

void
child_env(struct child *c, const char *name, const char *value)
{
	struct buf word;
	size_t i;

	buf_init(&word);
	buf_printf(&word, "%s=%s", name, value);
	for (i = 0; i < c->env.n; i++)
		if (names(c->env.s[i], name, strlen(name)))
			break;
	if (i == c->env.n) {
		list_add(&c->env, buf_cstr(&word), false);
	} else {
		free(c->env.s[i]);
		c->env.s[i] = mem_dup(word.p, word.n);
	}
	buf_release(&word);
}

/* Ours, with that of env in the place of what has the same name.  The words
 * are not copied. */
static char **
environment(const struct child *c)
{
	size_t n = 0, to = 0, k;
	char **all;

	while (environ != NULL && environ[n] != NULL)
		n++;
	all = mem_alloc((n + c->env.n + 1) * sizeof(*all));
	for (size_t i = 0; i < n; i++) {
		for (k = 0; k < c->env.n; k++)
			if (names(environ[i], c->env.s[k],
				    strcspn(c->env.s[k], "=")))
				break;
		if (k == c->env.n)
			all[to++] = environ[i];
	}
	for (k = 0; k < c->env.n; k++)
		all[to++] = c->env.s[k];
	all[to] = NULL;
	return all;
}

/* ---- its start ---- */

/* In the new process. */
static void
become(char **argv, char **env, int in, int out, int told)
{
	int why;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (dup2(in, STDIN_FILENO) >= 0 &&
		(out < 0 || dup2(out, STDOUT_FILENO) >= 0))
		execvpe(argv[0], argv, env);
	why = errno;
	if (write(told, &why, sizeof(why)) < 0)
		_exit(127);
	_exit(127);
}

/* Start it on these descriptors; out -1: our own. */
static int
spawn(struct child *c, char **argv, int in, int out, struct err *err)
{
	char **env;
	int told[2], why = 0;

	if (pipe2(told, O_CLOEXEC) < 0)
		return err_sys(err, "cannot make a pipe");
	env = environment(c);
	c->pid = fork();
	if (c->pid == 0)
		become(argv, env, in, out, told[1]);
	free(env);
	close(told[1]);
	if (c->pid < 0) {
		close(told[0]);
		c->pid = 0;
		return err_sys(err, "cannot start '%s'", argv[0]);
	}
	setpgid(c->pid, c->pid);
	remember(c);
	/* The pipe closes by itself when the program has been started. */
	if (read(told[0], &why, sizeof(why)) == sizeof(why)) {
		close(told[0]);
		errno = why;
		return err_sys(err, "cannot start '%s'", argv[0]);
	}
	close(told[0]);
	return 0;
}

int
child_start(struct child *c, char **argv, struct err *err)
{
	int in[2], out[2], ret;

	if (pipe2(in, O_CLOEXEC) < 0)
		return err_sys(err, "cannot make a pipe");
	if (pipe2(out, O_CLOEXEC) < 0) {
		err_sys(err, "cannot make a pipe");
		close(in[0]);
		close(in[1]);
		return -1;
	}
	ret = spawn(c, argv, in[0], out[1], err);
	close(in[0]);
	close(out[1]);
	c->in = in[1];
	c->out = out[0];
	c->deaf = c->ended = false;
	fcntl(c->in, F_SETFL, O_NONBLOCK);
	fcntl(c->out, F_SETFL, O_NONBLOCK);
	return ret;
}

static int
exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Has it ended before the deadline?  Where the kernel cannot tell of its end
 * (before Linux 5.3), it is asked now and then. */
static bool
ends_by(const struct child *c, int64_t deadline)
{
	struct pollfd fd = {.events = POLLIN};
	int64_t left = 0;
	int ready = 0;

	if (deadline == INT64_MAX)
		return true;
	fd.fd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	while (ready <= 0 && (left = deadline - time_monotonic()) > 0) {
		left = (left + 999) / 1000;
		if (fd.fd < 0) {
			siginfo_t info = {0};

			poll(NULL, 0, left < 10 ? (int)left : 10);
			waitid(P_PID, (id_t)c->pid, &info,
				WEXITED | WNOHANG | WNOWAIT);
			ready = info.si_pid != 0;
		} else {
			ready = poll(&fd, 1, left > 60000 ? 60000 : (int)left);
		}
	}
	if (fd.fd >= 0)
		close(fd.fd);
	return ready > 0;
}

int
child_run(struct child *c, char **argv, int input, int64_t deadline,
	struct err *err)
{
	int status;

	if (spawn(c, argv, input, -1, err) < 0) {
		end(c);
		return -1;
	}
	if (!ends_by(c, deadline)) {
		end(c);
		return CHILD_LATE;
	}
	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, "cannot wait for the program");
	child_forget(c);
	return exit_status(status);
}

/* Hand on a line, or what is there of it. */
static int
hand_out(struct child *c, size_t at, size_t n, child_line *each, void *arg)
{
	return c->skipping ? 0 : each(arg, c->from.p + at, n);
}

/* Whole lines; with all, what is left behind the last of them, too. */
static int
hand_on(struct child *c, bool all, child_line *each, void *arg)
{
	struct buf *b = &c->from;
	size_t at = 0, seen = c->scanned;
	bool cr = eol_cr(b->p + seen, b->n - seen);
	const char *lf;

	buf_need(b, JSON_PADDING);
	while (seen < b->n &&
		(lf = cr ? eol_first(b->p + seen, b->n - seen)
			 : memchr(b->p + seen, '\n', b->n - seen)) != NULL) {
		if (hand_out(c, at, (size_t)(lf - b->p) - at, each, arg) < 0)
			return -1;
		c->skipping = false;
		at = seen = (size_t)(lf - b->p) + 1;
	}
	if (all || b->n - at > c->max_line) {
		if (b->n > at && hand_out(c, at, b->n - at, each, arg) < 0)
			return -1;
		c->skipping = !all;
		at = b->n;
	}
	if (at > 0)
		memmove(b->p, b->p + at, b->n - at);
	b->n -= at;
	c->scanned = b->n - eol_held(b->p, b->n);
	return 0;
}

/* Nothing went through, and later it may. */
static bool
is_patient(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static int
write_some(struct child *c, struct err *err)
{
	/* A reader that has gone is no error of ours. */
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	ssize_t n;

	sigaction(SIGPIPE, &ignore, &old);
	n = write(c->in, c->to.p, c->to.n);
	sigaction(SIGPIPE, &old, NULL);
	if (n < 0 && errno == EPIPE) {
		c->deaf = true;
		buf_clear(&c->to);
	} else if (n < 0 && !is_patient()) {
		return err_sys(err, "cannot write to the program");
	} else if (n > 0) {
		memmove(c->to.p, c->to.p + n, c->to.n - (size_t)n);
		c->to.n -= (size_t)n;
	}
	return 0;
}

static int
child_read_some(struct child *c, struct err *err)
{
	ssize_t n = read(c->out, buf_need(&c->from, GATHER), GATHER);

	if (n < 0 && !is_patient())
		return err_sys(err, "cannot read from the program");
	if (n > 0)
		c->from.n += (size_t)n;
	c->ended = n == 0;
	return 0;
}

int
child_wait(const struct child *c, struct pollfd fds[2])
{
	if (c->pid == 0)
		return 0;
	fds[0] = (struct pollfd){
		.fd = c->ended ? -1 : c->out, .events = POLLIN};
	fds[1] = (struct pollfd){
		.fd = c->to.n > 0 ? c->in : -1, .events = POLLOUT};
	return 2;
}

/* One turn: write and read what can be, waiting so long if nothing can. */
static int
turn(struct child *c, int timeout, struct err *err)
{
	struct pollfd fds[2];

	child_wait(c, fds);
	if (poll(fds, 2, timeout) < 0)
		return errno == EINTR ? 0 : err_sys(err, "cannot wait");
	if (fds[1].revents != 0 && write_some(c, err) < 0)
		return -1;
	return fds[0].revents != 0 ? child_read_some(c, err) : 0;
}

int
child_turn(struct child *c, child_line *each, void *arg, struct err *err)
{
	return turn(c, 0, err) < 0 ? -1 : hand_on(c, false, each, arg);
}

int
child_turn_wait(struct child *c, child_line *each, void *arg, struct err *err)
{
	return turn(c, TURN_MS, err) < 0 ? -1 : hand_on(c, c->ended, each, arg);
}

int
child_give(struct child *c, const char *p, size_t n, child_line *each,
	void *arg, struct err *err)
{
	if (c->deaf)
		return 0;
	buf_add(&c->to, p, n);
	while (c->to.n > GATHER && !c->ended)
		if (turn(c, -1, err) < 0 || hand_on(c, false, each, arg) < 0)
			return -1;
	if (c->ended) {
		c->deaf = true;
		buf_clear(&c->to);
	}
	return 0;
}

int
child_finish(struct child *c, child_line *each, void *arg, struct err *err)
{
	int status;

	while (!c->ended) {
		if (c->to.n == 0)
			close_fd(&c->in);
		if (turn(c, -1, err) < 0 || hand_on(c, false, each, arg) < 0)
			return -1;
	}
	if (hand_on(c, true, each, arg) < 0)
		return -1;
	close_fd(&c->in);
	close_fd(&c->out);
	buf_clear(&c->to);
	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, "cannot wait for the program");
	child_forget(c);
	return exit_status(status);
}
