/*
 * explain: see explain.h.  Every program is opened and asked for its plan, in
 * the order in which records flow; the inputs of a join stand in front of it,
 * further in.
 */
#include "command/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/mem.h"
#include "time/duration.h"
#include "time/time.h"
#include "io/stream/output.h"
#include "runtime/chain.h"
#include "runtime/plan/plan_chain.h"
#include "runtime/setup.h"
#include "runtime/threads/clone.h"
#include "command/pipeline.h"

struct explanation {
	struct buf out;
	bool refused;
	bool one;     /* thread, from here on */
	bool several; /* threads, up to here */
};

/* reader: the program that a pipeline is an input of, or NULL. */
static void explain_into(struct explanation *e, const struct pipeline *p,
	struct plan *plan, int depth, const struct op *reader);

static void
indent(struct explanation *e, int depth)
{
	for (int i = 0; i < depth; i++)
		buf_str(&e->out, "    ");
}

static void
print_words(struct explanation *e, const struct command *c, int depth)
{
	indent(e, depth);
	for (size_t i = pipeline_skip(c); i < c->nwords; i++) {
		const char *w = c->words[i].text;
		bool quote = w != NULL &&
			(*w == '\0' ||
				strpbrk(w,
					" \t\"$&|;<>()*?[]"
					"{}!#~`\\") != NULL);

		buf_printf(&e->out, "%s%s%s%s", i > pipeline_skip(c) ? " " : "",
			quote ? "'" : "",
			w != NULL                    ? w
				: c->words[i].output ? ">(...)"
						     : "<(...)",
			quote ? "'" : "");
	}
	buf_byte(&e->out, '\n');
}

static void
line(struct explanation *e, int depth, const char *what)
{
	indent(e, depth);
	buf_printf(&e->out, "  %-10s ", what);
}

static void
print_duration(struct explanation *e, const char *before, int64_t us)
{
	char text[TIME_MAX];

	buf_printf(&e->out, "%s%.*s", before, (int)duration_format(us, text),
		text);
}

static void
print_batches(struct explanation *e, const struct stage *st, int depth)
{
	const struct plan *p = &st->out;

	if (st->priv->batcher || st->op->source != NULL) {
		line(e, depth, "batches");
		if (!p->stream)
			buf_str(&e->out, "none: all of the input is one");
		else if (st->priv->batcher && st->priv->per_batch > 0)
			buf_printf(&e->out, "of %lld records",
				(long long)st->priv->per_batch);
		else if (p->trigger == TRIGGER_INTERVAL)
			print_duration(e, "every ", p->interval_us);
		else
			buf_str(&e->out,
				p->trigger == TRIGGER_ONCE
					? "one, then the end"
					: "until all that is there is read");
		buf_byte(&e->out, '\n');
	}
	if (p->delay_us >= 0 && st->in.delay_us < 0) {
		line(e, depth, "watermark");
		buf_printf(&e->out, "the largest %s", p->event_time);
		print_duration(e, " less ", p->delay_us);
		buf_byte(&e->out, '\n');
	}
}

/* Records of fields that nobody knows may have a window, or not. */
static bool
may_lack(const struct plan *p, const char *key)
{
	return p->fields == NULL && p->window_us == 0 && p->session_us == 0 &&
		strncmp(key, "window_", 7) == 0;
}

static void
print_mode(struct explanation *e, const struct plan *p, int depth)
{
	bool maybe = false, any = false;

	line(e, depth, "mode");
	buf_str(&e->out, plan_mode_name(p->mode));
	for (size_t i = 0; i < p->keys.n; i++) {
		if (may_lack(p, p->keys.s[i])) {
			maybe = true;
			continue;
		}
		buf_printf(
			&e->out, "%s%s", any ? ", " : ", keys ", p->keys.s[i]);
		any = true;
	}
	if (maybe)
		buf_printf(&e->out, "%s the window where records have one",
			any ? " and" : ", key");
	buf_byte(&e->out, '\n');
}

/* Up to the first program of a process that needs the records in order. */
static void
print_threads(struct explanation *e, const struct stage *st, int depth)
{
	const char *why;

	if (st->op->source != NULL || e->one)
		return;
	why = st->op->merge != NULL ? "it reads its inputs by turns"
				    : clone_why(st->chain, 0);
	line(e, depth, "threads");
	e->one = why != NULL || st->op->spread->ends;
	if (why != NULL)
		buf_printf(&e->out, "one from here on%s: %s\n",
			e->several ? ", and before, unless --threads says more"
				   : "",
			why);
	else
		buf_printf(&e->out, "several%s\n",
			e->one ? ", and one behind it" : "");
	e->several = why == NULL;
}

static void
print_plan(struct explanation *e, const struct stage *st, int depth)
{
	const struct plan *p = &st->out;

	print_batches(e, st, depth);
	if (st->op->sink == NULL) {
		line(e, depth, "fields");
		if (p->fields != NULL)
			schema_print(p->fields, &e->out);
		else if (st->op->source != NULL)
			buf_str(&e->out, "none: lines of text");
		else
			buf_str(&e->out, "not known before data flows");
		buf_byte(&e->out, '\n');
	}
	if (st->op->keeper != NULL && st->op->keeper->explain != NULL) {
		line(e, depth, "state");
		st->op->keeper->explain((struct stage *)st, &e->out);
		buf_byte(&e->out, '\n');
	}
	if (p->mode != st->in.mode)
		print_mode(e, p, depth);
	print_threads(e, st, depth);
}

static void
explain_refuse(struct explanation *e, const char *why, int depth)
{
	line(e, depth, "REFUSED");
	buf_printf(&e->out, "%s\n", why);
	e->refused = true;
}

/* The plans of a program's own inputs: <( ) are pipelines of their own. */
static int
inputs_of(struct explanation *e, const struct command *c, struct plan *in,
	const struct plan *standard, int depth)
{
	int n = 0;

	for (size_t i = 0; i < c->nwords && n < INPUTS_MAX; i++) {
		if (c->words[i].sub != NULL && !c->words[i].output) {
			plan_init(&in[n]);
			in[n].explain = true;
			explain_into(e, c->words[i].sub, &in[n++], depth + 1,
				pipeline_op(c));
		} else if (c->words[i].text != NULL &&
			strcmp(c->words[i].text, "-") == 0)
			plan_copy(&in[n++], standard);
	}
	return n;
}

static bool
any_stream(const struct plan *in, int n)
{
	for (int i = 0; i < n; i++)
		if (in[i].stream)
			return true;
	return false;
}

/* Without batches a program with several inputs is told nothing of them: what is
 * known here cannot make it refuse. */
static void
explain_forget(struct plan *in, int n)
{
	for (int i = 0; i < n; i++) {
		plan_release(&in[i]);
		in[i].explain = true;
	}
}

/* Plan the one program of the chain, told about in[]; print what comes of it. */
static void
plan_op(struct explanation *e, struct chain *chain, char **argv,
	struct plan *in, int n, int depth)
{
	char **words[2] = {argv, NULL};
	struct err why;
	int status;

	if (plan_chain_inputs(chain, in, n) == 0) {
		print_plan(e, &chain->stages[0], depth);
		return;
	}
	why = chain->err;
	if (!any_stream(in, n) && chain->stages[0].op->merge != NULL) {
		explain_forget(in, n);
		setup_close(chain);
		setup_open(chain, words, 1, STDOUT_FILENO, true, &status);
		if (plan_chain_inputs(chain, in, n) == 0) {
			line(e, depth, "DOUBTFUL");
			buf_printf(&e->out, "%s\n", why.text);
			print_plan(e, &chain->stages[0], depth);
			return;
		}
	}
	explain_refuse(e, why.text, depth);
}

static void
explain_op(struct explanation *e, const struct command *c, const struct op *op,
	struct plan *plan, int depth)
{
	struct plan in[INPUTS_MAX];
	struct chain chain;
	char **argv = pipeline_argv(c), **words[2] = {argv, NULL};
	const struct stage *st;
	int n = 1, status;

	if (op->merge != NULL) {
		n = inputs_of(e, c, in, plan, depth);
		e->one = false;
	} else
		plan_copy(&in[0], plan);
	print_words(e, c, depth);
	setup_open(&chain, words, 1, STDOUT_FILENO, true, &status);
	if (chain.stages[0].priv->failed) {
		explain_refuse(e, chain.err.text, depth);
	} else {
		for (; n < 2 && (op->merge != NULL); n++) {
			plan_init(&in[n]);
			in[n].explain = true;
		}
		plan_op(e, &chain, argv, in, n, depth);
		st = &chain.stages[0];
		plan_release(plan);
		plan_copy(plan, &st->out);
		if (st->priv->common.checkpoint != NULL)
			plan->recovers = true;
		/* As without batches, but that fields are shown. */
		if (st->priv->common.plain)
			plan->stream = 0;
	}
	for (int i = 0; i < n; i++)
		plan_release(&in[i]);
	setup_close(&chain);
	free(argv);
}

static void
explain_foreign(struct explanation *e, const struct command *c,
	struct plan *plan, int depth)
{
	print_words(e, c, depth);
	e->one = false; /* another process follows */
	line(e, depth, "foreign");
	buf_str(&e->out,
		plan->stream
			? "batches and watermark survive it only if it passes "
			  "control lines on: thru leads them around\n"
			: "what it makes of the records is not known\n");
	schema_free(plan->fields);
	plan->fields = NULL;
}

/* Its pipe carries text, and why; without a word it carries records. */
static void
explain_pipe(struct explanation *e, const struct op *op, const struct op *next,
	const char *foreign, int depth)
{
	const char *fuse = getenv("BIEF_FUSE");

	if (next != NULL && next->merge == NULL && op->sink == NULL &&
		(fuse == NULL || strcmp(fuse, "0") != 0))
		return;
	line(e, depth, "pipe");
	buf_str(&e->out, "text: ");
	if (next == NULL)
		buf_printf(&e->out, "%s is no program of bief\n", foreign);
	else if (next->merge != NULL)
		buf_printf(&e->out, "%s reads several inputs\n", next->name);
	else if (op->sink != NULL)
		buf_str(&e->out, "it is drawn\n");
	else
		buf_str(&e->out, "BIEF_FUSE is 0\n");
}

static const char *
first_word(const struct command *c)
{
	size_t i = pipeline_skip(c);

	return i < c->nwords && c->words[i].text != NULL ? c->words[i].text
							 : "what follows";
}

static void
explain_into(struct explanation *e, const struct pipeline *p, struct plan *plan,
	int depth, const struct op *reader)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct command *c = &p->commands[i], *next = c + 1;
		const struct op *op = pipeline_op(c);

		if (op == NULL) {
			explain_foreign(e, c, plan, depth);
			continue;
		}
		explain_op(e, c, op, plan, depth);
		if (i + 1 < p->n)
			explain_pipe(e, op, pipeline_op(next), first_word(next),
				depth);
		else if (reader != NULL)
			explain_pipe(e, op, reader, NULL, depth);
	}
}

int
explain_pipeline(const struct pipeline *p)
{
	struct explanation e = {.refused = false};
	struct output out;
	struct err err;
	struct plan plan;
	int ret;

	buf_init(&e.out);
	plan_init(&plan);
	plan.explain = true;
	explain_into(&e, p, &plan, 0, NULL);
	plan_release(&plan);
	output_init(&out, STDOUT_FILENO);
	ret = output_write(&out, e.out.p, e.out.n, &err);
	if (ret < 0)
		fprintf(stderr, "bief: %s\n", err.text);
	buf_release(&e.out);
	output_release(&out);
	return ret < 0 ? STATUS_FAILED : e.refused ? STATUS_USAGE : STATUS_DONE;
}
