/*
 * Expressions in jq's language: the first line is a program, the second a
 * record.  The native part must neither crash nor read what is not its own,
 * and what it makes must be JSON.  libjq is left out: its compiler is not meant
 * to be given anything.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "expr/jq/jq_impl.h"
#include "value/json.h"
#include "floor/mem.h"
#include "value/record_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RESULTS 1000 /* (1,2)[...] and such may give very many */

static int
check(struct jq_run *run, void *arg, const struct value *v)
{
	struct value x = *v, again;
	struct json_error e;
	struct buf text;

	jq_value_text(run, &x);
	buf_init(&text);
	value_print(&x, &text);
	buf_need(&text, JSON_PADDING);
	if (json_read(text.p, text.p + text.n, 0, &again, &e) == NULL)
		abort();
	buf_release(&text);
	return ++*(int *)arg < RESULTS ? 0 : JQ_STOP;
}

static void
evaluate(struct jq_tree *t, struct record *r)
{
	struct value in = {.s = NULL, .type = VALUE_OBJECT};
	struct expr_env env = {.batch_us = 0};
	struct watch watch = {NULL, 0, 0};
	struct jq_uses uses;
	struct type *type;
	struct jq_run run;
	struct err err;
	int n = 0;

	if (jq_uses_analyse(t, NULL, false, &uses, &watch, &type, &err) < 0)
		abort();
	watch_look(&watch, r);
	watch_look(&watch, r);
	watch_release(&watch);
	jq_truth_check(t, &err);
	jq_safe(t);
	free(uses.fields);
	type_free(type);
	if (t->foreign || jq_regex_check(t, &err) < 0)
		return;
	jq_run_init(&run);
	jq_run_begin(&run, r, &env, &err);
	jq_eval_each(&run, t->root, &in, check, &n);
	jq_run_release(&run);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *lf = memchr(data, '\n', size);
	size_t n = lf != NULL ? (size_t)(lf - data) : size;
	char *text = mem_dup((const char *)data, n);
	struct record_reader rr;
	struct shapes *shapes = shape_set_new();
	struct record r = {0};
	struct jq_tree tree;
	struct err err;
	struct buf line;

	buf_init(&line);
	if (lf != NULL)
		buf_add(&line, lf + 1, size - n - 1);
	if (line.n == 0)
		buf_str(&line, "{}");
	buf_need(&line, JSON_PADDING);
	r.line = line.p;
	r.nline = (uint32_t)line.n;
	record_read_init(&rr, shapes);
	if (jq_parse(&tree, text, &err) == 0 && record_read(&rr, &r, &err) == 0)
		evaluate(&tree, &r);
	jq_node_release(&tree);
	record_read_release(&rr);
	shape_set_free(shapes);
	buf_release(&line);
	free(text);
	return 0;
}
