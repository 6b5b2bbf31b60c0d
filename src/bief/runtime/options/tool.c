/*
 * tool: see tool.h.  Signals come by a descriptor, so that a tool ends between
 * two of its steps and never in the middle of one.
 */
#include "runtime/options/tool.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "floor/mem.h"
#include "time/time.h"
#include "runtime/options/help.h"

struct asked {
	bool help, version, dump_options;
	int64_t ready_fd;
};

static const struct opt asked_opts[] = {
	{"help", 'h', OPT_FLAG, offsetof(struct asked, help), NULL,
		"show this help"},
	{"version", 0, OPT_FLAG, offsetof(struct asked, version), NULL,
		"show the version"},
	{"dump-options", 0, OPT_FLAG, offsetof(struct asked, dump_options),
		NULL, "show the options as JSON"},
	{"ready-fd", 0, OPT_INT, offsetof(struct asked, ready_fd), "N",
		"write a line to this descriptor when ready", .most = INT_MAX},
	OPT_END};

const struct tool *
tool_find(const char *name)
{
	for (const struct tool *const *t = tool_all; *t != NULL; t++)
		if (strcmp((*t)->name, name) == 0)
			return *t;
	return NULL;
}

static int
watch_signals(struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? err_sys(err, "cannot wait for signals") : fd;
}

int
tool_wait(struct tool_run *t, struct pollfd *fd, int64_t deadline)
{
	struct pollfd both[2] = {*fd, {.fd = t->signals, .events = POLLIN}};
	int64_t left = deadline - time_now();
	int timeout = deadline == INT64_MAX ? -1
		: left <= 0                 ? 0
		: left > TIME_SECOND * 3600 ? 3600000
					    : (int)((left + 999) / 1000);

	if (poll(both, 2, timeout) < 0 && errno != EINTR)
		return err_sys(&t->err, "cannot wait");
	*fd = both[0];
	return both[1].revents != 0;
}

int
tool_ready(struct tool_run *t, const char *text)
{
	int fd = (int)t->ready_fd;

	if (fd < 0)
		return 0;
	if (dprintf(fd, "%s\n", text) < 0)
		return err_sys(&t->err, "cannot write to --ready-fd %d", fd);
	close(fd);
	return 0;
}

static int
run(const struct tool *tool, struct tool_run *t, char **argv)
{
	struct asked asked = {.ready_fd = -1};
	struct help help = {tool->name, tool->about, tool->synopsis, "tool",
		{{tool->opts, t->self, NULL}, {asked_opts, &asked, NULL}}, 2,
		NULL};
	int ret;

	if (tool->defaults != NULL)
		tool->defaults(t->self);
	ret = opt_parse(
		help.table, help.n, argv, &t->operands, &t->noperands, &t->err);
	t->ready_fd = asked.ready_fd;
	if (ret == 0 && (asked.help || asked.version || asked.dump_options))
		ret = help_show(&help,
			asked.help              ? help_print
				: asked.version ? help_version
						: help_dump,
			&t->err);
	else if (ret == 0 && (t->signals = watch_signals(&t->err)) < 0)
		ret = -1;
	else if (ret == 0)
		ret = tool->run(t);
	if (tool->close != NULL)
		tool->close(t->self);
	opt_free(help.table, help.n);
	return ret;
}

int
tool_main(const struct tool *tool, char **argv)
{
	struct tool_run t = {.self = mem_zalloc(tool->size)};
	int ret = run(tool, &t, argv);

	if (ret < 0)
		fprintf(stderr, "%s: %s\n", tool->name, t.err.text);
	free(t.operands);
	free(t.self);
	return ret < 0 ? (int)t.err.status : STATUS_DONE;
}
