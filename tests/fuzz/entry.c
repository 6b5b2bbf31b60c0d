/*
 * Entries of a state as JSON: what an operator takes, it shows in a form that
 * it takes again, to the same effect.  The first byte chooses the operator.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/chain.h"
#include "runtime/plan/plan_chain.h"
#include "runtime/setup.h"
#include "value/json.h"
#include "recovery/state/state.h"
#include "floor/mem.h"
#include "types/schema_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS 24
static char *commands[][WORDS] = {
	{"agg", "--by", "k,d", "count", "c=count:k", "sum:n", "s=sum:d",
		"avg:n", "a=avg:d", "min:k", "max:d", "first:k", "last:n",
		"stddev:n", "x=stats:n", "median:n", "count_distinct:k",
		"approx_count_distinct:k", "collect_list:k", "collect_set:k"},
	{"agg", "--cube", "--by", "k,n", "count"},
	{"agg", "--by", "k", "count"},
	{"dedup", "--by", "k,n"},
	{"dedup"},
	{"watermark", "--on", "t", "--delay", "1s"},
	{"window", "--batches", "3"},
	{"take", "3"},
	{"union", "a", "b"},
	{"join-stream", "a", "b", "--on", "k"},
	{"parse-csv", "--header"},
	{"agg", "--by", "k", "max_by:k,n", "count:k,n", "e=count_distinct:k,n",
		"mode:k", "sum_distinct:n", "percentile_approx:n,0.5,1",
		"corr:n,d", "regr_r2:n,d", "skewness:n", "listagg:k,-",
		"f=first:k,true", "try_sum:n"},
};
#define COMMANDS (sizeof(commands) / sizeof(*commands))
#define SESSIONS 2 /* the command whose input has sessions */

static void
plan_inputs(struct plan in[2], size_t which)
{
	const char *fields = which == SESSIONS
		? "k string, window_start timestamp, window_end timestamp"
		: "t timestamp, k string, n double, d decimal(10,2)";
	struct err err;

	for (int i = 0; i < 2; i++) {
		plan_init(&in[i]);
		in[i].stream = 1;
		in[i].explain = true;
		in[i].checkpoint = mem_dup("ck", 2);
		in[i].fields = schema_parse(fields, &err);
		if (which == SESSIONS)
			in[i].session_us = 1000000;
	}
}

/* Take one object into an empty state and append what is shown of it. */
static int
round_trip(struct stage *st, const char *line, size_t n, struct buf *out)
{
	struct json_error why;
	struct value v;
	state_ref made = STATE_NONE;

	state_clear(st->state);
	if (st->op->keeper->take(st, NULL, &made) < 0)
		abort();
	if (json_read(line, line + n, 0, &v, &why) == NULL ||
		v.type != VALUE_OBJECT ||
		st->op->keeper->take(st, &v, &made) < 0)
		return -1;
	if (made == STATE_NONE)
		abort();
	buf_byte(out, '{');
	if (st->op->keeper->show(st, made, out) != 0)
		abort();
	buf_byte(out, '}');
	memset(buf_need(out, JSON_PADDING), 0, JSON_PADDING);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t which = size > 0 ? data[0] % COMMANDS : 0;
	char **words[2] = {commands[which], NULL};
	struct buf line = {0}, one = {0}, two = {0};
	struct chain c;
	struct plan in[2];
	int status;

	if (size == 0)
		return 0;
	buf_add(&line, data + 1, size - 1);
	memset(buf_need(&line, JSON_PADDING), 0, JSON_PADDING);
	setup_open(&c, words, 1, STDOUT_FILENO, true, &status);
	c.silent = true;
	plan_inputs(in, which);
	if (c.stages[0].priv->failed || plan_chain_inputs(&c, in, 2) < 0)
		abort();
	if (c.stages[0].op->keeper->restore != NULL &&
		c.stages[0].op->keeper->restore(&c.stages[0]) < 0)
		abort();
	if (round_trip(&c.stages[0], line.p, line.n, &one) == 0 &&
		(round_trip(&c.stages[0], one.p, one.n, &two) < 0 ||
			one.n != two.n || memcmp(one.p, two.p, one.n) != 0))
		abort();
	plan_release(&in[0]);
	plan_release(&in[1]);
	setup_close(&c);
	buf_release(&line);
	buf_release(&one);
	buf_release(&two);
	return 0;
}
