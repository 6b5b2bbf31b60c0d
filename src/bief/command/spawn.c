/*
 * spawn: running a pipeline.  Every stretch of bief programs is one process
 * with a chain, every foreign program a process of its own, with pipes between
 * them.  A pipeline that is one stretch runs in this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "io/passon.h"
#include "runtime/stage.h"
#include "runtime/options/tool.h"
#include "command/pipeline.h"
#include "runtime/run.h"

#define INPUTS_US 1000000 /* to wait for what stands in <( ) */

static void
pass_on(int sig, siginfo_t *info, void *context)
{
	(void)context;
	passon_told(sig, info);
}

static int
die(const char *what)
{
	fprintf(stderr, "bief: %s: %s\n", what, strerror(errno));
	return STATUS_FAILED;
}

/* In a process of its own, which has nothing to do if it cannot be. */
static void
become(int fd, int to)
{
	if (dup2(fd, to) < 0)
		_exit(die("cannot redirect"));
}

/* Redirections of one command, in this process.  -1: said. */
static int
redirect(const struct command *c)
{
	for (size_t i = 0; i < c->nredirects; i++) {
		const struct redirect *r = &c->redirects[i];
		int fd;

		if (r->path == NULL) {
			if (dup2(STDOUT_FILENO, STDERR_FILENO) < 0) {
				die("2>&1");
				return -1;
			}
			continue;
		}
		fd = open(r->path,
			r->fd == 0 ? O_RDONLY
				   : O_WRONLY | O_CREAT |
					(r->append ? O_APPEND : O_TRUNC),
			0666);
		if (fd < 0 || dup2(fd, r->fd) < 0) {
			die(r->path);
			return -1;
		}
		close(fd);
	}
	return 0;
}

static int
nothing_comes(void)
{
	int fd = open("/dev/null", O_RDONLY);

	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
		return -1;
	close(fd);
	return 0;
}

/* What this process has started in <( ), and reads from. */
static struct input_of {
	pid_t pid;
	int fd;
} * inputs;
static size_t ninputs;

static void
inputs_add(pid_t pid, int fd)
{
	inputs = mem_realloc(inputs, (ninputs + 1) * sizeof(*inputs));
	inputs[ninputs++] = (struct input_of){.pid = pid, .fd = fd};
}

/* Nobody here reads them any more; in a process of its own they are not its. */
static void
inputs_close(void)
{
	for (size_t i = 0; i < ninputs; i++)
		close(inputs[i].fd);
}

static void
inputs_forget(void)
{
	free(inputs);
	inputs = NULL;
	ninputs = 0;
}

/* They have messages to say and files to close, and who waits for us takes the
 * run for ended; but a foreign program may go on. */
static void
inputs_wait(void)
{
	int64_t until = time_monotonic() + INPUTS_US;

	inputs_close();
	for (size_t i = 0; i < ninputs; i++)
		while (waitpid(inputs[i].pid, NULL, WNOHANG) == 0 &&
			time_monotonic() < until)
			usleep(2000);
	inputs_forget();
}

/* Start <( ) or >( ); the word becomes /dev/fd/N. */
static char *
substitute(const struct word *w)
{
	int fds[2];
	char path[40];
	pid_t pid;

	if (pipe(fds) < 0)
		exit(die("pipe"));
	pid = fork();
	if (pid < 0)
		exit(die("fork"));
	if (pid == 0) {
		passon_none();
		inputs_close();
		inputs_forget();
		become(w->output ? fds[0] : fds[1],
			w->output ? STDIN_FILENO : STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		_exit(spawn_run(w->sub));
	}
	close(w->output ? fds[0] : fds[1]);
	if (!w->output) {
		passon_to(pid);
		inputs_add(pid, fds[0]);
	}
	snprintf(path, sizeof(path), "/dev/fd/%d", w->output ? fds[1] : fds[0]);
	return mem_dup(path, strlen(path));
}

static char **
argv_of(const struct command *c, size_t skip)
{
	char **argv = mem_zalloc((c->nwords - skip + 1) * sizeof(*argv));

	for (size_t i = skip; i < c->nwords; i++)
		argv[i - skip] = c->words[i].sub != NULL
			? substitute(&c->words[i])
			: mem_dup(c->words[i].text, strlen(c->words[i].text));
	return argv;
}

static void
argv_free(char **argv)
{
	for (char **w = argv; *w != NULL; w++)
		free(*w);
	free(argv);
}

/* A program that is not ours, in place of this process. */
static int
run_foreign(const struct command *c)
{
	char **argv = argv_of(c, 0);
	const struct tool *tool = tool_find(argv[0]);
	int status;

	if (tool != NULL)
		return tool_main(tool, argv);
	execvp(argv[0], argv);
	status = errno == ENOENT ? 127 : 126;
	fprintf(stderr, "bief: %s: %s\n", err_clean(argv[0]),
		status == 127 ? "command not found" : strerror(errno));
	argv_free(argv);
	return status;
}

/* Run commands i .. i+n-1 here: a chain, or (n == 0) a foreign program. */
static int
run_here(const struct pipeline *p, size_t i, size_t n)
{
	char ***words;
	int *status, ret, bad = 0;

	if (redirect(&p->commands[i]) < 0) {
		/* It does not start, what follows has an empty input. */
		if (n <= 1 || nothing_comes() < 0)
			return STATUS_FAILED;
		bad = STATUS_FAILED;
		i++;
		n--;
	}
	if (n > 1 && redirect(&p->commands[i + n - 1]) < 0)
		return STATUS_FAILED;
	if (n == 0)
		return run_foreign(&p->commands[i]);
	words = mem_zalloc((n + 1) * sizeof(*words));
	status = mem_zalloc(n * sizeof(*status));
	for (size_t k = 0; k < n; k++)
		words[k] = argv_of(&p->commands[i + k],
			pipeline_skip(&p->commands[i + k]));
	run_chain(words, (int)n, STDIN_FILENO, STDOUT_FILENO, status);
	inputs_wait();
	ret = run_status(status, (int)n);
	for (size_t k = 0; k < n; k++)
		argv_free(words[k]);
	free(words);
	free(status);
	return ret != 0 ? ret : bad;
}

/* Are there sources inside <( ) of these commands? */
static bool
has_inputs(const struct pipeline *p, size_t i, size_t n)
{
	for (const struct command *c = &p->commands[i]; n-- > 0; c++)
		for (size_t k = 0; k < c->nwords; k++)
			if (c->words[k].sub != NULL && !c->words[k].output)
				return true;
	return false;
}

/* Start one part of the pipeline between in and out. */
static pid_t
spawn_start(const struct pipeline *p, size_t i, size_t n, int in, int out,
	int unused)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	passon_none();
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	if (in != STDIN_FILENO) {
		become(in, STDIN_FILENO);
		close(in);
	}
	if (out != STDOUT_FILENO) {
		become(out, STDOUT_FILENO);
		close(out);
	}
	if (unused >= 0)
		close(unused);
	exit(run_here(p, i, n));
}

static int
wait_all(pid_t *pids, size_t n)
{
	int ret = 0;

	for (size_t i = 0; i < n; i++) {
		int s;

		while (waitpid(pids[i], &s, 0) < 0)
			if (errno != EINTR)
				return die("wait");
		if (i == 0) /* its number may be another's now */
			passon_none();
		s = WIFEXITED(s) ? WEXITSTATUS(s) : 128 + WTERMSIG(s);
		if (s != 0)
			ret = s;
	}
	return ret;
}

int
spawn_run(const struct pipeline *p)
{
	struct sigaction act = {
		.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO};
	size_t parts = 0, i = 0, n = pipeline_stretch(p, 0);
	pid_t *pids;
	int in = STDIN_FILENO;

	if (n == p->n)
		return run_here(p, 0, n);
	pids = mem_zalloc(p->n * sizeof(*pids));
	while (i < p->n) {
		int fds[2] = {-1, STDOUT_FILENO};

		n = pipeline_stretch(p, i);
		if (i + (n ? n : 1) < p->n && pipe(fds) < 0)
			exit(die("pipe"));
		pids[parts] = spawn_start(p, i, n, in, fds[1], fds[0]);
		if (pids[parts] < 0)
			exit(die("fork"));
		/* A SIGTERM to us is meant for the sources. */
		if (parts++ == 0)
			passon_to(pids[0]);
		else if (n > 0 && has_inputs(p, i, n))
			passon_through(pids[parts - 1]);
		if (in != STDIN_FILENO)
			close(in);
		if (fds[1] != STDOUT_FILENO)
			close(fds[1]);
		in = fds[0];
		i += n ? n : 1;
	}
	sigaction(SIGTERM, &act, NULL);
	signal(SIGINT, SIG_IGN); /* the terminal tells the others as well */
	i = (size_t)wait_all(pids, parts);
	free(pids);
	return (int)i;
}

int
spawn_shell(const char *text)
{
	execlp("bash", "bash", "-o", "pipefail", "-c", text, (char *)NULL);
	execlp("sh", "sh", "-c", text, (char *)NULL);
	return die("sh");
}
