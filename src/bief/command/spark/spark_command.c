/*
 * spark_command: see spark_command.h.  The programs are walked as bief explain
 * walks them; the inputs of a join stand in front of it.  What stands around the
 * statements is put there at the end, when it is known what they need.
 */
#include "command/spark/spark_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/spark/spark_impl.h"
#include "floor/mem.h"
#include "io/stream/output.h"
#include "runtime/chain.h"
#include "runtime/plan/plan_chain.h"
#include "runtime/setup.h"
#include "time/time.h"

/* Who writes the statement of a program. */
static const struct {
	const char *name;
	spark_export *export;
	const char *why; /* it cannot be */
} programs[] = {
	{"stream-files", spark_source_files, NULL},
	{"stream-socket", spark_source_socket, NULL},
	{"stream-rate", spark_source_rate, NULL},
	{"stream-kafka", spark_source_kafka, NULL},
	{"parse-json", spark_parse_json, NULL},
	{"parse-csv", spark_parse_csv, NULL},
	{"parse-text", spark_parse_text, NULL},
	{"filter", spark_ops_filter, NULL},
	{"derive", spark_ops_derive, NULL},
	{"pick", spark_ops_pick, NULL},
	{"drop-null", spark_ops_drop_null, NULL},
	{"fill-null", spark_ops_fill_null, NULL},
	{"explode", spark_ops_explode, NULL},
	{"dedup", spark_ops_dedup, NULL},
	{"order", spark_ops_order, NULL},
	{"take", spark_ops_take, NULL},
	{"pivot", spark_ops_pivot, NULL},
	{"watermark", spark_agg_watermark, NULL},
	{"window", spark_agg_window, NULL},
	{"agg", spark_agg_agg, NULL},
	{"join-static", spark_join_static, NULL},
	{"join-stream", spark_join_stream, NULL},
	{"union", spark_join_union, NULL},
	{"sink-table", spark_sink_table, NULL},
	{"sink-files", spark_sink_files, NULL},
	{"sink-kafka", spark_sink_kafka, NULL},
	{"sink-pg", spark_database_pg, NULL},
	{"sink-delta", spark_sink_delta, NULL},
	{"sink-exec", spark_sink_exec, NULL},
	{"thru", NULL,
		"it hands records to a command and goes on with what that "
		"prints, which no Spark program can do on a stream: end the "
		"pipeline in sink-exec, or write the command as derive --sql"},
};

/* ---- flows ---- */

static void
flow_init(struct spark_flow *f)
{
	memset(f, 0, sizeof(*f));
	plan_init(&f->plan);
	f->plan.explain = true;
}

static void
flow_release(struct spark_flow *f)
{
	plan_release(&f->plan);
	free(f->var);
	free(f->reader);
	free(f->path);
	free(f->window);
	free(f->window_expr);
	free(f->time_of);
	free(f->time);
	list_free(&f->hidden);
}

static char *
copy_text(const char *s)
{
	return s != NULL ? mem_dup(s, strlen(s)) : NULL;
}

/* What leaves a program that changes nothing of it; its plan and its variable
 * are told later. */
static void
flow_follow(struct spark_flow *to, const struct spark_flow *from)
{
	flow_init(to);
	to->lines = from->lines;
	to->window = copy_text(from->window);
	to->window_expr = copy_text(from->window_expr);
	to->time_of = copy_text(from->time_of);
	to->time = copy_text(from->time);
	for (size_t i = 0; i < from->hidden.n; i++)
		list_add(&to->hidden, from->hidden.s[i], false);
}

/* ---- is it a stream? ---- */

static bool
has_option(const struct command *c, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 1; i < c->nwords; i++) {
		const char *w = c->words[i].text;

		if (w != NULL && strcmp(w, "--") == 0)
			return false;
		if (w != NULL && strncmp(w, "--", 2) == 0 &&
			strncmp(w + 2, name, n) == 0 &&
			(w[n + 2] == '\0' || w[n + 2] == '='))
			return true;
	}
	return false;
}

static bool
is_streaming(const struct pipeline *p)
{
	static const char *const options[] = {"trigger", "checkpoint", "batch",
		"watermark", "within-watermark", "follow"};

	for (size_t i = 0; i < p->n; i++) {
		const struct command *c = &p->commands[i];
		const char *name = c->words[pipeline_skip(c)].text;

		if (strcmp(name, "watermark") == 0 ||
			strcmp(name, "stream-socket") == 0 ||
			strcmp(name, "stream-rate") == 0 ||
			(strcmp(name, "stream-kafka") == 0 &&
				!has_option(c, "to")))
			return true;
		for (size_t k = 0; k < sizeof(options) / sizeof(*options); k++)
			if (has_option(c, options[k]))
				return true;
		for (size_t k = 0; k < c->nwords; k++) {
			if (c->words[k].sub != NULL &&
				is_streaming(c->words[k].sub))
				return true;
			/* -f, of stream-files */
			if (c->words[k].text != NULL &&
				strcmp(c->words[k].text, "-f") == 0 &&
				strcmp(name, "stream-files") == 0)
				return true;
		}
	}
	return false;
}

/* Are the windows of two inputs a key of their join? */
static bool
joins_windows(const struct command *c)
{
	for (size_t i = 1; i < c->nwords; i++)
		if (c->words[i].text != NULL &&
			(strcmp(c->words[i].text, "window") == 0 ||
				strncmp(c->words[i].text, "window,", 7) == 0))
			return true;
	return false;
}

/* Does a program behind this one ask for the windows' time? */
static bool
is_chained(const struct pipeline *p, size_t i)
{
	for (i++; i < p->n; i++) {
		const struct command *c = &p->commands[i];

		for (size_t k = 1; k < c->nwords; k++) {
			const char *w = c->words[k].text;

			if (w == NULL)
				continue;
			if (strcmp(w, "--on=window") == 0 ||
				(strcmp(w, "window") == 0 && k > 1 &&
					c->words[k - 1].text != NULL &&
					strcmp(c->words[k - 1].text, "--on") ==
						0))
				return true;
		}
	}
	return false;
}

/* ---- programs ---- */

static int export_pipeline(
	struct spark *s, const struct pipeline *p, struct spark_flow *flow);

/* The inputs of a program that has several. */
static int
export_inputs(
	struct spark *s, const struct command *c, struct spark_flow *in, int *n)
{
	*n = 0;
	for (size_t i = 0; i < c->nwords && *n < INPUTS_MAX; i++) {
		const struct word *w = &c->words[i];

		if (w->sub != NULL && w->output)
			return err_as(s->err, STATUS_USAGE,
				"%s: >( ) is a second output: export a "
				"pipeline for each",
				c->words[pipeline_skip(c)].text);
		if (w->sub == NULL)
			continue;
		flow_init(&in[(*n)++]);
		if (export_pipeline(s, w->sub, &in[*n - 1]) < 0)
			return -1;
	}
	if (*n < 2)
		return err_as(s->err, STATUS_USAGE,
			"%s: its inputs must be pipelines, <( ), to be "
			"exported: a file is one as <(stream-files FILE | "
			"parse-json --schema DDL)",
			c->words[pipeline_skip(c)].text);
	return 0;
}

/* What the options of every program ask of the whole. */
static int
take_common(struct spark *s, const struct spark_step *p)
{
	const struct common *c = &p->st->priv->common;

	if (c->zone != NULL) {
		if (s->zone != NULL && strcmp(s->zone, c->zone) != 0)
			return spark_refuse(s, p,
				"--zone: a session of Spark has one time zone, "
				"and another program has %s",
				s->zone);
		free(s->zone);
		s->zone = copy_text(c->zone);
		if (!s->stream)
			spark_note(s,
				"--zone is that of all programs here; in bief, "
				"without batches, of the one that has it");
	}
	if (c->name != NULL && s->title == NULL)
		s->title = copy_text(c->name);
	if (c->checkpoint != NULL && s->checkpoint == NULL)
		s->checkpoint = copy_text(c->checkpoint);
	if (c->batch > 0)
		spark_note(s,
			"bief makes batches of so many records (--batch); "
			"Spark's are what is there, or of so many files: what "
			"each batch says is another, what all say is the same");
	return 0;
}

/* .trigger(...), by what the plan says. */
static void
take_trigger(struct spark *s, const struct spark_step *p)
{
	const struct common *c = &p->st->priv->common;
	const struct plan *plan = &p->st->out;
	struct buf b;

	if (s->trigger != NULL || (p->op->source == NULL && c->trigger == NULL))
		return;
	if (c->trigger == NULL &&
		(strcmp(p->op->name, "stream-files") != 0 ||
			spark_given(p, "follow")))
		return;
	buf_init(&b);
	if (c->trigger == NULL || plan->trigger == TRIGGER_AVAILABLE)
		buf_str(&b, "availableNow=True");
	else if (plan->trigger == TRIGGER_ONCE)
		buf_str(&b, "once=True");
	else {
		buf_str(&b, "processingTime=\"");
		python_duration(&b, plan->interval_us);
		buf_byte(&b, '"');
	}
	s->trigger = mem_dup(b.p, b.n);
	buf_release(&b);
}

static int
take_redirects(struct spark *s, const struct spark_step *p)
{
	for (size_t i = 0; i < p->command->nredirects; i++)
		if (p->command->redirects[i].fd != 2)
			return spark_refuse(s, p,
				p->command->redirects[i].fd == 0
					? "Spark reads no standard input: name "
					  "the file as stream-files does"
					: "a program of Spark writes no "
					  "standard output that could be led "
					  "to a file: end in sink-files");
	return 0;
}

static int
write_step(struct spark *s, struct spark_step *p, struct spark_flow *out)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		if (strcmp(programs[i].name, p->op->name) != 0)
			continue;
		if (programs[i].export == NULL)
			return spark_refuse(s, p, "%s", programs[i].why);
		return programs[i].export(s, p, out);
	}
	return spark_refuse(s, p, "it has no counterpart in Spark");
}

/* A flow that is still a file's name, or lines where records are wanted. */
static int
ready_input(struct spark *s, struct spark_step *p)
{
	bool parses = strncmp(p->op->name, "parse-", 6) == 0;

	if (p->op->source != NULL || parses)
		return 0;
	for (int i = 0; i < p->n; i++)
		if (spark_parse_records(s, p, &p->in[i]) < 0)
			return -1;
	if (strcmp(p->op->name, "agg") != 0)
		for (int i = 0; i < p->n; i++)
			spark_settle(s, &p->in[i]);
	return 0;
}

static int
export_planned(struct spark *s, struct spark_step *p, struct spark_flow *flow)
{
	struct spark_flow out;
	int rc;

	flow_follow(&out, &p->in[0]);
	plan_release(&out.plan);
	plan_copy(&out.plan, &p->st->out);
	rc = take_common(s, p);
	if (rc == 0)
		rc = take_redirects(s, p);
	if (rc == 0)
		take_trigger(s, p);
	if (rc == 0)
		rc = ready_input(s, p);
	if (rc == 0) {
		/* What was settled just now. */
		list_free(&out.hidden);
		out.hidden = (struct list){NULL, 0};
		for (size_t i = 0; i < p->in[0].hidden.n; i++)
			list_add(&out.hidden, p->in[0].hidden.s[i], false);
		rc = write_step(s, p, &out);
	}
	flow_release(flow);
	*flow = out;
	return rc;
}

/* Open and plan the program, and write its statement. */
static int
export_op(struct spark *s, struct spark_step *p, struct spark_flow *flow)
{
	char **argv = pipeline_argv(p->command), **words[2] = {argv, NULL};
	struct plan in[INPUTS_MAX];
	struct chain chain;
	int status, rc = -1;

	for (int i = 0; i < p->n; i++) {
		plan_init(&in[i]);
		plan_release(&in[i]);
		plan_copy(&in[i], &p->in[i].plan);
		in[i].explain = true;
	}
	setup_open(&chain, words, 1, STDOUT_FILENO, true, &status);
	p->st = &chain.stages[0];
	if (p->st->priv->failed || plan_chain_inputs(&chain, in, p->n) < 0) {
		*s->err = chain.err;
		s->err->status = STATUS_USAGE;
		err_in(s->err, "%s", p->op->name);
	} else {
		rc = export_planned(s, p, flow);
	}
	for (int i = 0; i < p->n; i++)
		plan_release(&in[i]);
	setup_close(&chain);
	free(argv);
	return rc;
}

static int
export_command(struct spark *s, const struct pipeline *p, size_t i,
	struct spark_flow *flow)
{
	const struct command *c = &p->commands[i];
	struct spark_flow many[INPUTS_MAX];
	struct spark_step step = {.command = c,
		.op = pipeline_op(c),
		.in = flow,
		.n = 1,
		.chained = s->wants_window || is_chained(p, i),
		.last = i + 1 == p->n,
		.next = i + 1 < p->n ? pipeline_op(&p->commands[i + 1]) : NULL};
	int rc;

	if (step.op == NULL)
		return err_as(s->err, STATUS_USAGE,
			"%s: it is no program of bief's, and Spark cannot run "
			"it on a stream: end the pipeline in sink-exec, or say "
			"it with --sql",
			c->words[pipeline_skip(c)].text);
	if (step.op->merge == NULL) {
		/* The flow is replaced while it is read. */
		many[0] = *flow;
		flow_init(flow);
		step.in = many;
		rc = export_op(s, &step, flow);
		flow_release(&many[0]);
		return rc;
	}
	step.in = many;
	s->wants_window |= joins_windows(c);
	rc = export_inputs(s, c, many, &step.n);
	if (rc == 0)
		rc = export_op(s, &step, flow);
	for (int k = 0; k < step.n; k++)
		flow_release(&many[k]);
	return rc;
}

static int
export_pipeline(
	struct spark *s, const struct pipeline *p, struct spark_flow *flow)
{
	for (size_t i = 0; i < p->n; i++)
		if (export_command(s, p, i, flow) < 0)
			return -1;
	return 0;
}

/* ---- around the statements ---- */

static void
put_session(const struct spark *s, struct buf *out)
{
	struct python_statement t;

	python_begin(&t, "spark", "SparkSession.builder");
	python_call(&t, "appName");
	python_arg_string(&t, s->title != NULL ? s->title : "bief");
	python_call(&t, "config");
	python_arg_string(&t, "spark.sql.session.timeZone");
	python_arg_string(&t, s->zone != NULL ? s->zone : "UTC");
	python_call(&t, "config");
	python_arg_string(&t, "spark.sql.ansi.enabled");
	python_arg_string(&t, "false");
	for (size_t i = 0; i + 1 < s->confs.n; i += 2) {
		python_call(&t, "config");
		python_arg_string(&t, s->confs.s[i]);
		python_arg_string(&t, s->confs.s[i + 1]);
	}
	python_call(&t, "getOrCreate");
	python_end(&t, out, 0);
}

/* JSON lines as bief writes them, of the rows of a batch. */
static const char json_lines[] =
	"JSON_OPTIONS = {\n"
	"    \"ignoreNullFields\": \"false\",\n"
	"    \"timestampFormat\": \"yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX\",\n"
	"%s}\n"
	"\n"
	"\n"
	"def json_lines(rows):\n"
	"    line = F.to_json(F.struct(\"*\"), JSON_OPTIONS)\n"
	"    return [row[0] for row in rows.select(line).toLocalIterator()]\n"
	"\n"
	"\n";

/* Lines of at most 75 characters. */
static void
put_notes(const struct spark *s, struct buf *out)
{
	if (s->notes.n > 0)
		buf_str(out, "#\n# Where bief answers differently:\n");
	for (size_t i = 0; i < s->notes.n; i++) {
		const char *p = s->notes.s[i];
		const char *lead = "# - ";

		while (*p != '\0') {
			size_t n = strlen(p), cut = 73;

			while (n > 73 && cut > 0 && p[cut] != ' ')
				cut--;
			if (n > 73 && cut > 0)
				n = cut;
			buf_printf(out, "%s%.*s\n", lead, (int)n, p);
			p += n + (p[n] == ' ');
			lead = "#   ";
		}
	}
}

static void
put_program(struct spark *s, const char *text, struct buf *out)
{
	buf_str(out, "#!/usr/bin/env python3\n");
	python_comment(out, text);
	put_notes(s, out);
	if (s->wants_sqlite)
		buf_str(out, "import json\n");
	if (s->runs || s->wants_os)
		buf_str(out, "import os\n");
	if (s->wants_sqlite)
		buf_str(out, "import sqlite3\n");
	if (s->runs)
		buf_str(out, "import subprocess\n");
	if (s->wants_temp)
		buf_str(out, "import tempfile\n");
	if (s->wants_sqlite)
		buf_str(out, "from decimal import Decimal\n");
	if (s->runs || s->wants_os || s->wants_sqlite || s->wants_temp)
		buf_byte(out, '\n');
	buf_str(out,
		"from pyspark.sql import SparkSession\n"
		"from pyspark.sql import functions as F\n\n");
	put_session(s, out);
	buf_byte(out, '\n');
	if (s->prints)
		buf_printf(out, json_lines,
			s->zone != NULL ? "    \"timeZone\": \"UTC\",\n" : "");
	buf_add(out, s->body.p, s->body.n);
}

static void
spark_init(struct spark *s, struct err *err)
{
	static const char *const taken[] = {"spark", "F", "query", "rows",
		"batch_id", "json_lines", "ask", "table_exists", "write_batch",
		"changed", "output", "done", "attempt", "old", "kept",
		"numbered", "name", "variance_of", "json_rows"};

	memset(s, 0, sizeof(*s));
	s->err = err;
	s->timeout_us = -1;
	buf_init(&s->body);
	buf_init(&s->later);
	spark_kept_init(&s->kept);
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		list_add(&s->names, taken[i], false);
}

static void
spark_release(struct spark *s)
{
	buf_release(&s->body);
	buf_release(&s->later);
	list_free(&s->notes);
	list_free(&s->names);
	list_free(&s->confs);
	free(s->zone);
	free(s->checkpoint);
	free(s->title);
	free(s->trigger);
	free(s->written);
	free(s->from);
	free(s->source);
	free(s->position);
	spark_kept_release(&s->kept);
}

static int
export_text(const struct pipeline *p, const char *text, const char *from,
	struct buf *out, struct err *err)
{
	const struct op *last = pipeline_op(&p->commands[p->n - 1]);
	struct spark s;
	struct spark_flow flow;
	int rc;

	spark_init(&s, err);
	s.stream = is_streaming(p);
	flow_init(&flow);
	rc = from == NULL ||
			(spark_state_open(&s, from) == 0 &&
				spark_kept_open(&s, from) == 0)
		? 0
		: -1;
	if (rc == 0)
		rc = export_pipeline(&s, p, &flow);
	if (rc == 0)
		rc = spark_kept_met(&s);
	if (rc == 0 && last->sink == NULL)
		rc = spark_sink_print(&s, &flow);
	if (rc == 0)
		rc = spark_kept_write(&s);
	/* Spark would put a variable in such a place of an expression. */
	if (rc == 0 && strstr(buf_cstr(&s.body), "${") != NULL)
		spark_conf(&s, "spark.sql.variable.substitute", "false");
	if (rc == 0)
		put_program(&s, text, out);
	flow_release(&flow);
	spark_release(&s);
	return rc;
}

static int
print_program(const struct pipeline *p, const char *text, const char *from)
{
	struct buf out;
	struct err err = {.status = STATUS_USAGE};
	struct output to;
	int status = STATUS_DONE;

	buf_init(&out);
	output_init(&to, STDOUT_FILENO);
	if (export_text(p, text, from, &out, &err) < 0)
		status = err.status;
	else if (output_write(&to, out.p, out.n, &err) < 0)
		status = STATUS_FAILED;
	if (status != STATUS_DONE)
		fprintf(stderr, "bief: to-spark: %s\n", err_clean(err.text));
	output_release(&to);
	buf_release(&out);
	return status;
}

static int
export_argument(const char *text, const char *from)
{
	struct pipeline *p;
	struct err err;
	int status = STATUS_USAGE;

	switch (pipeline_parse(text, &p, &err)) {
	case PIPELINE_GOOD:
		status = print_program(p, text, from);
		pipeline_free(p);
		break;
	case PIPELINE_SHELL:
		fprintf(stderr,
			"bief: to-spark: this pipeline uses more of the shell "
			"than bief reads: it cannot be exported\n");
		break;
	default:
		fprintf(stderr, "bief: %s\n", err_clean(err.text));
	}
	return status;
}

/* --from-checkpoint DIR or =DIR; returns how many words that is. */
static int
take_from(int argc, char **argv, const char **from)
{
	static const char option[] = "--from-checkpoint";
	size_t n = sizeof(option) - 1;

	if (argc > 1 && strncmp(argv[1], option, n) == 0 && argv[1][n] == '=') {
		*from = argv[1] + n + 1;
		return 1;
	}
	if (argc > 2 && strcmp(argv[1], option) == 0) {
		*from = argv[2];
		return 2;
	}
	return 0;
}

int
spark_command(int argc, char **argv)
{
	const char *from = NULL;
	int n;

	if (argc == 2 &&
		(strcmp(argv[1], "--help") == 0 ||
			strcmp(argv[1], "-h") == 0)) {
		printf("usage: bief to-spark [--from-checkpoint DIR] "
		       "'PIPELINE'\n"
		       "print a PySpark program that gives the same answers\n");
		return STATUS_DONE;
	}
	n = take_from(argc, argv, &from);
	if (argc - n != 2 || argv[n + 1][0] == '-') {
		fprintf(stderr,
			"bief: to-spark takes one argument, the pipeline in "
			"quotes, and --from-checkpoint DIR in front of it\n");
		return STATUS_USAGE;
	}
	return export_argument(argv[n + 1], from);
}
