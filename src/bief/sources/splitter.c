/*
 * splitter: see splitter.h.  Expressions are evaluated on records, and a text
 * need not be one: so it becomes the only field of one.
 */
#include <stdlib.h>

#include "expr/expr.h"
#include "floor/buf.h"
#include "floor/err.h"
#include "runtime/stage.h"
#include "sources/splitter.h"
#include "value/json.h"
#include "value/record.h"
#include "floor/mem.h"
#include "value/record_read.h"

#define KEPT ((size_t)64 << 10) /* of a refused text, for --rejects */

struct splitter {
	struct stage *st;
	struct expr *expr;
	struct record_reader reader;
	struct buf text;
	struct buf *out;
};

struct splitter *
splitter_new(const char *expr, struct stage *st)
{
	struct splitter *s;
	struct buf text;
	/* By itself first, so that a message shows what was written. */
	struct expr *x = jq_expr(expr, NULL, st->err);

	if (x == NULL)
		return NULL;
	expr_free(x);
	buf_init(&text);
	buf_printf(&text, ".answer | (%s\n)", expr);
	x = jq_expr(buf_cstr(&text), NULL, st->err);
	buf_release(&text);
	if (x == NULL)
		return NULL;
	s = mem_zalloc(sizeof(*s));
	s->st = st;
	s->expr = x;
	record_read_init(&s->reader, st->shapes);
	buf_init(&s->text);
	return s;
}

void
splitter_free(struct splitter *s)
{
	if (s == NULL)
		return;
	expr_free(s->expr);
	record_read_release(&s->reader);
	buf_release(&s->text);
	free(s);
}

static int
put_line(void *arg, const struct value *v)
{
	struct splitter *s = arg;

	value_print(v, s->out);
	buf_byte(s->out, '\n');
	return 0;
}

static int
refuse(struct splitter *s, const char *p, size_t n, const char *why)
{
	struct record r = {.line = p, .nline = n < KEPT ? n : KEPT};

	return stage_reject(s->st, &r, "%s", why) < 0 ? -1 : 1;
}

int
splitter_run(struct splitter *s, const char *p, size_t n, struct buf *out)
{
	struct expr_env env = {.zone = stage_zone(s->st),
		.batch_us = s->st->now.time_us,
		.stopping = stage_stopping};
	size_t before = out->n;
	struct record r = {.line = NULL};
	struct json_error e;
	struct value v;
	struct err err;
	const char *end;
	int rc;

	buf_clear(&s->text);
	buf_str(&s->text, "{\"answer\":");
	buf_add(&s->text, p, n);
	buf_byte(&s->text, '}');
	buf_need(&s->text, JSON_PADDING);
	p = s->text.p + sizeof("{\"answer\":") - 1;
	end = json_read(p, p + n, 1, &v, &e);
	if (end == NULL || json_space(end, p + n) != p + n)
		return refuse(s, p, n,
			"the answer is not JSON, which --split "
			"takes apart");
	r.line = s->text.p;
	r.nline = (uint32_t)s->text.n;
	if (record_read(&s->reader, &r, &err) < 0)
		return refuse(s, p, n, err.text);
	s->out = out;
	rc = expr_eval(s->expr, &r, &env, put_line, s, &err);
	if (rc == EXPR_ENDED) {
		*s->st->err = err;
		return -1;
	}
	if (rc == 0)
		return 0;
	out->n = before;
	err_in(&err, "--split");
	return refuse(s, p, n, err.text);
}
