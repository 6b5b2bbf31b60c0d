/*
 * jq_helper: libjq in a process of its own.
 *
 * Some records and programs make libjq 1.6 abort, fault, eat memory, or never
 * end.  A program that could do so runs in a child, forked when it is first
 * needed, which is given one record after the other by a socket and answers
 * with the results:
 *
 *	to it:    struct question, the record's text
 *	from it:  struct answer and text, for each result; then one that says
 *	          how it ended
 *
 * When the child dies, the record that it had is at fault, and the next one
 * gets a new child.  It dies by itself when it needs too much time or memory,
 * and with its parent.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "floor/mem.h"
#include "time/duration.h"
#include "time/time.h"
#include "value/json.h"
#include "value/record_read.h"
#include "io/file.h"
#include "expr/jq/jq_impl.h"

#define CPU_DEFAULT_US (5 * TIME_SECOND)
#define MEMORY_MOST (INT64_C(1) << 30) /* bytes, beyond what it begins with */
#define FLUSH_BYTES 65536
#define READ_BYTES 65536
#define LOOK_US 100000          /* how often we look whether we are to stop */
#define PATIENCE_US TIME_SECOND /* how long we still wait then */

struct question {
	uint64_t n; /* bytes of the record */
	int64_t batch_us, event_us, cpu_us;
	bool has_event;
};

enum answer_kind { ANSWER_VALUE, ANSWER_END, ANSWER_FAILED };

struct answer {
	uint64_t n;
	enum answer_kind kind;
};

struct jq_helper {
	struct jq_lib *lib;
	bool speaks; /* the program itself writes to standard error */
	pid_t pid;   /* 0: none runs */
	int fd;
	bool running;    /* a record has not been answered to the end */
	int64_t stop_us; /* when we first saw that we are to stop; 0: not yet */
	const struct expr_env *env;
	struct buf out, in;
	size_t taken;       /* of in */
	struct buf text[2]; /* of the last two results */
	unsigned turn;
};

/* ---- the child ---- */

static void
limit_memory(void)
{
/* They map terabytes. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	long pages = 0;
	struct rlimit r;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL)
		return;
	if (fscanf(f, "%ld", &pages) == 1) {
		r.rlim_cur = r.rlim_max = (rlim_t)(pages *
				sysconf(_SC_PAGESIZE) +
			MEMORY_MOST);
		setrlimit(RLIMIT_AS, &r);
	}
	fclose(f);
#endif
}

/* Nothing of the parent's is its business: no pipe may be held open, no signal
 * taken for it. */
static void
leave_parent(const struct jq_helper *h, int fd, pid_t parent)
{
	static const int ignored[] = {
		SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
	static const int deadly[] = {
		SIGPIPE, SIGPROF, SIGABRT, SIGFPE, SIGSEGV, SIGBUS, SIGILL};
	struct rlimit none = {0, 0};
	int i, null = open("/dev/null", O_RDWR);

	for (i = 0; i < (int)(sizeof(ignored) / sizeof(ignored[0])); i++)
		signal(ignored[i], SIG_IGN);
	for (i = 0; i < (int)(sizeof(deadly) / sizeof(deadly[0])); i++)
		signal(deadly[i], SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	for (i = 0; null >= 0 && i < (h->speaks ? 2 : 3); i++)
		dup2(null, i);
	if (fd != 3)
		dup2(fd, 3);
	close_range(4, ~0u, 0);
	setrlimit(RLIMIT_CORE, &none);
	limit_memory();
	/* Whoever sees the name sees what else has become of it. */
	prctl(PR_SET_NAME, "bief-libjq");
}

static void
write_all(const struct buf *b)
{
	if (file_put(3, b->p, b->n) < 0)
		_exit(0);
}

/* Until n bytes of questions are there. */
static void
read_until(struct buf *in, size_t n)
{
	ssize_t got;

	while (in->n < n) {
		buf_need(in, n + READ_BYTES);
		got = read(3, in->p + in->n, n - in->n + READ_BYTES);
		if (got == 0 || (got < 0 && errno != EINTR))
			_exit(0);
		in->n += got > 0 ? (size_t)got : 0;
	}
}

static void
limit_time(int64_t us)
{
	struct itimerval t = {.it_value = {us / TIME_SECOND, us % TIME_SECOND}};

	setitimer(ITIMER_PROF, &t, NULL);
}

static void
put_answer(struct buf *out, enum answer_kind kind, const char *p, size_t n)
{
	struct answer a;

	memset(&a, 0, sizeof(a));
	a.n = n;
	a.kind = kind;
	buf_add(out, &a, sizeof(a));
	buf_add(out, p, n);
}

/* One record; the answer to it is in out, as far as it was not sent. */
static void
jq_helper_answer(struct jq_lib *lib, const struct question *q,
	struct record_reader *rr, const char *text, struct buf *out)
{
	struct record r = {.line = text, .nline = (uint32_t)q->n};
	struct expr_env env = {.batch_us = q->batch_us,
		.event_us = q->event_us,
		.has_event = q->has_event};
	struct buf value;
	struct value v;
	struct err err;
	int rc;

	buf_init(&value);
	limit_time(q->cpu_us);
	rc = record_read(rr, &r, &err);
	if (rc == 0)
		rc = jq_lib_start(lib, &r, &env, &err);
	while (rc >= 0 && (rc = jq_lib_next(lib, &v, &err)) == 1) {
		buf_clear(&value);
		value_print(&v, &value);
		put_answer(out, ANSWER_VALUE, value.p, value.n);
		if (out->n >= FLUSH_BYTES) {
			write_all(out);
			buf_clear(out);
		}
	}
	if (rc == 0)
		put_answer(out, ANSWER_END, "", 0);
	else
		put_answer(out, ANSWER_FAILED, err.text, strlen(err.text));
	buf_release(&value);
}

static void __attribute__((noreturn)) serve(struct jq_lib *lib)
{
	struct record_reader rr;
	struct question q;
	struct buf in, out;

	record_read_init(&rr, shape_set_new());
	buf_init(&in);
	buf_init(&out);
	for (;;) {
		/* One question at a time is asked: it is all that is there. */
		read_until(&in, sizeof(q));
		memcpy(&q, in.p, sizeof(q));
		read_until(&in, sizeof(q) + q.n);
		memset(buf_need(&in, JSON_PADDING), 0, JSON_PADDING);
		buf_clear(&out);
		jq_helper_answer(lib, &q, &rr, in.p + sizeof(q), &out);
		write_all(&out);
		buf_clear(&in);
	}
}

/* ---- the parent ---- */

struct jq_helper *
jq_helper_new(struct jq_lib *lib, bool speaks)
{
	struct jq_helper *h = mem_zalloc(sizeof(*h));

	h->lib = lib;
	h->speaks = speaks;
	h->fd = -1;
	buf_init(&h->out);
	buf_init(&h->in);
	buf_init(&h->text[0]);
	buf_init(&h->text[1]);
	return h;
}

/* The wait status of the child, which is no more. */
static int
bury(struct jq_helper *h)
{
	int status = 0;

	while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(h->fd);
	h->fd = -1;
	h->pid = 0;
	h->running = false;
	return status;
}

static void
stop(struct jq_helper *h)
{
	if (h->pid == 0)
		return;
	kill(h->pid, SIGKILL);
	bury(h);
}

void
jq_helper_free(struct jq_helper *h)
{
	if (h == NULL)
		return;
	stop(h);
	buf_release(&h->out);
	buf_release(&h->in);
	buf_release(&h->text[0]);
	buf_release(&h->text[1]);
	free(h);
}

static int
jq_helper_begin(struct jq_helper *h, struct err *err)
{
	const struct timeval wait = {.tv_usec = LOOK_US};
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		err_sys(err, "cannot run libjq");
		return EXPR_ENDED;
	}
	h->pid = fork();
	if (h->pid == 0) {
		leave_parent(h, pair[1], parent);
		serve(h->lib);
	}
	close(pair[1]);
	if (h->pid < 0) {
		h->pid = 0;
		close(pair[0]);
		err_sys(err, "cannot run libjq");
		return EXPR_ENDED;
	}
	h->fd = pair[0];
	setsockopt(h->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(h->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	return 0;
}

/* What the child died of. */
static int
died(struct jq_helper *h, struct err *err)
{
	char time[TIME_MAX];
	int status = bury(h), n;

	if (WIFEXITED(status))
		return err_set(err, "libjq needs more memory than 1 GiB");
	if (WTERMSIG(status) != SIGPROF)
		return err_set(err,
			"libjq dies of this (SIG%s): a fault of "
			"jq 1.6",
			sigabbrev_np(WTERMSIG(status)));
	n = (int)duration_format(
		h->env->max_cpu_us > 0 ? h->env->max_cpu_us : CPU_DEFAULT_US,
		time);
	return err_set(
		err, "libjq takes longer than %.*s (--max-cpu)", n, time);
}

/* 0 to go on, or EXPR_ENDED when we are to stop and have waited long
 * enough. */
static int
jq_helper_look(struct jq_helper *h, struct err *err)
{
	if (h->env->stopping == NULL || !h->env->stopping())
		return 0;
	if (h->stop_us == 0)
		h->stop_us = time_monotonic();
	if (time_monotonic() - h->stop_us < PATIENCE_US)
		return 0;
	stop(h);
	err_set(err, "told to stop while libjq was at work on this record");
	return EXPR_ENDED;
}

static int
jq_helper_ask(struct jq_helper *h, struct err *err)
{
	size_t at = 0;
	ssize_t n;
	int rc;

	while (at < h->out.n) {
		n = send(h->fd, h->out.p + at, h->out.n - at, MSG_NOSIGNAL);
		if (n >= 0)
			at += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			return died(h, err);
		else if ((rc = jq_helper_look(h, err)) != 0)
			return rc;
	}
	return 0;
}

int
jq_helper_start(struct jq_helper *h, const struct record *r,
	const struct expr_env *env, struct err *err)
{
	struct question q;
	int rc;

	if (h->running) /* nobody has asked for the rest */
		stop(h);
	if (h->pid == 0 && (rc = jq_helper_begin(h, err)) != 0)
		return rc;
	h->env = env;
	h->running = true;
	h->stop_us = 0;
	buf_clear(&h->in);
	h->taken = 0;
	memset(&q, 0, sizeof(q));
	q.batch_us = env->batch_us;
	q.event_us = env->event_us;
	q.has_event = env->has_event;
	q.cpu_us = env->max_cpu_us > 0 ? env->max_cpu_us : CPU_DEFAULT_US;
	buf_clear(&h->out);
	buf_add(&h->out, &q, sizeof(q));
	jq_lib_print(h->lib, r, &h->out);
	q.n = h->out.n - sizeof(q);
	memcpy(h->out.p, &q, sizeof(q));
	return jq_helper_ask(h, err);
}

/* Until n bytes are there that were not taken. */
static int
jq_helper_receive(struct jq_helper *h, size_t n, struct err *err)
{
	ssize_t got;
	int rc;

	if (h->taken > 0 && h->in.n - h->taken < n) {
		memmove(h->in.p, h->in.p + h->taken, h->in.n - h->taken);
		h->in.n -= h->taken;
		h->taken = 0;
	}
	while (h->in.n - h->taken < n) {
		buf_need(&h->in, n > READ_BYTES ? n : READ_BYTES);
		got = recv(h->fd, h->in.p + h->in.n,
			n > READ_BYTES ? n : READ_BYTES, 0);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return died(h, err);
		/* There may be results without end, too. */
		if ((rc = jq_helper_look(h, err)) != 0)
			return rc;
		h->in.n += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

int
jq_helper_next(struct jq_helper *h, struct value *v, struct err *err)
{
	struct json_error why;
	struct answer a;
	const char *text;
	struct buf *b;
	int rc;

	if (!h->running)
		return 0;
	if ((rc = jq_helper_receive(h, sizeof(a), err)) != 0)
		return rc;
	memcpy(&a, h->in.p + h->taken, sizeof(a));
	if ((rc = jq_helper_receive(h, sizeof(a) + a.n, err)) != 0)
		return rc;
	text = h->in.p + h->taken + sizeof(a);
	h->taken += sizeof(a) + a.n;
	if (a.kind != ANSWER_VALUE) {
		h->running = false;
		return a.kind == ANSWER_END
			? 0
			: err_set(err, "%.*s", (int)a.n, text);
	}
	b = &h->text[h->turn++ % 2];
	buf_clear(b);
	buf_add(b, text, a.n);
	memset(buf_need(b, JSON_PADDING), 0, JSON_PADDING);
	return json_read(b->p, b->p + a.n, 0, v, &why) != NULL
		? 1
		: err_set(err, "libjq gives what cannot stand in a record: %s",
			  why.what);
}
