/*
 * stop: end pipelines that run, so that nothing is lost.
 *
 * The sources are told, and the rest ends when it has taken what they sent.  In
 * a pipeline without a source of bief the foreign programs in front are told,
 * so that whatever they have written is still read; if there is none (input
 * from a file or a terminal), the first program of bief.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "runtime/options/opt.h"
#include "command/ps/ps.h"
#include "command/ps/running.h"

#define PATIENCE_US (3 * TIME_SECOND) /* then we say who is still there */
#define POLL_US 5000

struct options {
	bool all, help;
	int64_t timeout_us;
};

static const struct opt options[] = {
	{"all", 0, OPT_FLAG, offsetof(struct options, all), NULL,
		"all pipelines of this user"},
	{"timeout", 0, OPT_DURATION, offsetof(struct options, timeout_us), "D",
		"wait at most so long for their end"},
	{"help", 'h', OPT_FLAG, offsetof(struct options, help), NULL,
		"show the options"},
	OPT_END};

/* A number is the id, the pid of any of its programs, or that of the bief run
 * that has started them. */
static bool
has_pid(const struct running *r, long pid)
{
	for (size_t i = 0; i < r->n; i++) {
		struct proc up;

		if (r->p[i].proc.pid == pid ||
			(r->p[i].proc.parent == pid && r->p[i].v != NULL &&
				proc_look((int)pid, &up) &&
				strcmp(up.name, "bief") == 0))
			return true;
	}
	return false;
}

static bool
is_meant(const struct running *r, const char *word)
{
	char *end;
	long pid = strtol(word, &end, 10);

	return running_is_named(r, word) ||
		(*word != '\0' && *end == '\0' && has_pid(r, pid));
}

/* Mark those that the words mean.  0, or the exit status. */
static int
choose(const struct running_list *l, char **words, size_t n, bool *chosen)
{
	for (size_t i = 0; i < n; i++) {
		size_t found = 0;

		for (size_t k = 0; k < l->n; k++)
			if (is_meant(&l->r[k], words[i])) {
				chosen[k] = true;
				found++;
			}
		if (found == 1)
			continue;
		fprintf(stderr,
			found == 0
				? "bief: no pipeline '%s' is running (see bief ps)\n"
				: "bief: '%s' may be any of these; name one by its "
				  "number:",
			words[i]);
		if (found == 0)
			return STATUS_FAILED;
		for (size_t k = 0; k < l->n; k++)
			if (is_meant(&l->r[k], words[i]))
				fprintf(stderr, " %d", l->r[k].id);
		fprintf(stderr, "\n");
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

static bool
lives(const struct running_process *p)
{
	struct proc now;

	return proc_look(p->proc.pid, &now) && !now.dead &&
		now.ticks == p->proc.ticks;
}

static int
stop_tell(const struct running_process *p)
{
	if (!lives(p) || kill(p->proc.pid, SIGTERM) == 0 || errno == ESRCH)
		return 0;
	fprintf(stderr, "bief: cannot stop process %d: %s\n", p->proc.pid,
		strerror(errno));
	return -1;
}

static bool
is_foreign_head(const struct running_process *p)
{
	return p->v == NULL && p->head;
}

static bool
is_head(const struct running_process *p)
{
	return p->v != NULL && p->head;
}

static int
tell_pipeline(const struct running *r)
{
	static bool (*const kinds[])(const struct running_process *) = {
		running_is_source, is_foreign_head, is_head};
	int told = 0, ret = 0;

	for (int kind = 0; kind < 3 && told == 0; kind++)
		for (size_t i = 0; i < r->n; i++)
			if (kinds[kind](&r->p[i])) {
				told++;
				ret |= stop_tell(&r->p[i]);
			}
	return ret;
}

/* The first process of a chosen pipeline that is still there. */
static const struct running_process *
still_there(const struct running_list *l, const bool *chosen, int *id)
{
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; chosen[i] && k < l->r[i].n; k++)
			if (lives(&l->r[i].p[k]) &&
				(l->r[i].p[k].v != NULL || l->r[i].p[k].head)) {
				*id = l->r[i].id;
				return &l->r[i].p[k];
			}
	return NULL;
}

static void
say_waiting(const struct running_process *p, int id, bool given_up)
{
	int n = p->v != NULL ? (int)p->v->stages[0].nprogram
			     : (int)strlen(p->proc.name);
	const char *name = p->v != NULL
		? (const char *)p->v + p->v->stages[0].command
		: p->proc.name;

	fprintf(stderr,
		given_up
			? "bief: pipeline %d has been told to stop, but '%.*s' (%d) is "
			  "still at work: kill %d ends it at once\n"
			: "bief: pipeline %d: waiting for '%.*s' (%d) to end\n",
		id, n, name, p->proc.pid, p->proc.pid);
}

static int
wait_for_end(
	const struct running_list *l, const bool *chosen, int64_t timeout_us)
{
	int64_t since = time_monotonic();
	const struct running_process *p;
	bool said = false;
	int id;

	while ((p = still_there(l, chosen, &id)) != NULL) {
		int64_t spent = time_monotonic() - since;

		if (timeout_us >= 0 && spent >= timeout_us) {
			say_waiting(p, id, true);
			return STATUS_FAILED;
		}
		if (!said && spent >= PATIENCE_US) {
			say_waiting(p, id, false);
			said = true;
		}
		usleep(POLL_US);
	}
	return STATUS_DONE;
}

static int
stop(const struct options *o, char **words, size_t nwords)
{
	struct running_list l;
	bool *chosen;
	int status;

	running_look(&l);
	if (l.n == 0 && o->all)
		return ps_none();
	chosen = mem_zalloc(l.n + 1);
	if (o->all)
		memset(chosen, true, l.n);
	status = choose(&l, words, nwords, chosen);
	for (size_t i = 0; status == STATUS_DONE && i < l.n; i++)
		if (chosen[i] && tell_pipeline(&l.r[i]) != 0)
			status = STATUS_FAILED;
	if (status == STATUS_DONE)
		status = wait_for_end(&l, chosen, o->timeout_us);
	free(chosen);
	running_release(&l);
	return status;
}

int
stop_command(int argc, char **argv)
{
	static const char usage[] =
		"usage: bief stop [--timeout D] NAME|ID ... | --all\n";
	struct options o = {.timeout_us = -1};
	struct opt_table t = {options, &o};
	struct err err;
	char **words;
	size_t n;
	int status;

	(void)argc;
	if (opt_parse(&t, 1, argv, &words, &n, &err) < 0) {
		fprintf(stderr, "bief: stop: %s\n", err_clean(err.text));
		free(words);
		return STATUS_USAGE;
	}
	if (o.help || (n > 0) == o.all) {
		fputs(usage, o.help ? stdout : stderr);
		status = o.help ? STATUS_DONE : STATUS_USAGE;
	} else
		status = stop(&o, words, n);
	free(words);
	return status;
}
