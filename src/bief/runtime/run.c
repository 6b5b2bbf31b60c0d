/*
 * run: a chain of programs, driven by its input, by a source or by several
 * inputs.
 */
#include "runtime/stage.h"

#include <string.h>
#include <unistd.h>

#include "io/stream/output.h"
#include "io/stream/pipe.h"
#include "io/stream/stream.h"
#include "runtime/chain.h"
#include "runtime/loop/feed.h"
#include "runtime/loop/link_out.h"
#include "runtime/loop/merge.h"
#include "runtime/loop/pull.h"
#include "runtime/ops.h"
#include "runtime/setup.h"
#include "runtime/threads/threads.h"
#include "runtime/loop/signals.h"
#include "runtime/report/tell.h"
#include "runtime/plan/plan_known.h"
#include "runtime/run.h"

static int
run_opened(struct chain *c, int in_fd)
{
	const struct op *first = c->stages[0].op;

	if (c->n == 1 && c->stages[0].answered)
		return output_flush(&c->out, &c->err);
	/* Who makes records of what has none knows at once what they are. */
	if ((first->source != NULL || c->stages[0].text) &&
		(c->n > 1 || c->link != NULL) &&
		plan_known(c, NULL, &c->known) != 0)
		return -1;
	if (first->source != NULL)
		return pull_run(c);
	if (first->merge != NULL)
		return merge_run(c);
	return feed_run(c, in_fd);
}

/* What was taken before may have failed, too: then that was first. */
static void
run_failed(struct chain *c)
{
	struct err err = c->err;
	struct stage *failed = c->failed;

	c->failed = NULL;
	if (chain_settle(c) == 0) {
		c->err = err;
		c->failed = failed;
	}
	c->aside = (struct chain_aside){.lines = NULL};
	if (c->failed == NULL)
		c->failed = chain_last(c);
	chain_fail(c);
}

void
run_chain(char ***words, int n, int in, int out, int *status)
{
	/* What a sink has for its output, if anything, is for people. */
	bool marks = ops_find(words[n - 1][0])->sink == NULL;
	struct threads *t;
	struct chain c;
	int last = -1;

	if (marks)
		pipe_mark_begin(out);
	signals_catch();
	setup_open(&c, words, n, out, false, status);
	for (int i = 0; i < n; i++)
		if (c.stages[i].priv->failed)
			last = i;
	if (last >= 0) {
		/* What follows a program that did not start does not either. */
		chain_quit_behind(&c.stages[last], (enum status)status[last]);
	} else {
		tell_open(&c, words);
		link_out_open(&c);
		t = threads_open(&c);
		if (run_opened(&c, in) < 0)
			run_failed(&c);
		threads_close(t);
	}
	link_out_close(&c);
	/* An end without control lines looks like one, whatever the reason. */
	if (marks)
		pipe_mark_end(out, c.planned ? 0 : run_status(status, n));
	setup_close(&c);
}

int
run_status(const int *status, int n)
{
	int i = n - 1;

	while (i > 0 && status[i] == 0)
		i--;
	return status[i];
}

int
run_main(int argc, char **argv)
{
	char **words[2] = {argv, NULL};
	int status;

	(void)argc;
	run_chain(words, 1, STDIN_FILENO, STDOUT_FILENO, &status);
	return status;
}
