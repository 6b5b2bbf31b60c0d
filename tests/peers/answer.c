/*
 * answer: expressions in, what they give out, many in one process
 *
 *	answer [ZONE [TIME]]	TIME: that of the batch, in microseconds
 *
 * Each line of standard input is an expression (\n, \r and \\ stand for those
 * characters) and gives one line, which is flushed before the next one is read:
 *
 *	= TYPE VALUE	TYPE is what typeof() says, VALUE as in a stream
 *	! MESSAGE	it is refused before data flows
 *	? MESSAGE	it fails on a record
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "expr/expr.h"
#include "value/json.h"
#include "value/record.h"
#include "expr/sql/sql.h"
#include "time/time.h"
#include "time/zone.h"
#include "value/record_read.h"
#include "unescape.h"

struct answer {
	struct record_reader reader;
	struct expr_env env;
	struct buf line;
	const char *why; /* of the last failure: "!" or "?" */
};

/* Append the value of an expression over a record without fields. */
static int
answer_one(struct answer *a, const char *text, struct buf *out, struct err *err)
{
	struct record r = {.line = a->line.p, .nline = (uint32_t)a->line.n};
	struct expr *x = sql_expr(text, NULL, err);
	struct value v;
	int n, failed;

	a->why = "!";
	if (x == NULL)
		return -1;
	a->why = "?";
	failed = record_read(&a->reader, &r, err) != 0 ||
		expr_one(x, &r, &a->env, &v, &n, err) != 0;
	if (!failed)
		value_print(&v, out);
	expr_free(x);
	return failed ? -1 : 0;
}

/* The message's first line: the others show the place. */
static void
complain(const char *why, const struct err *err)
{
	printf("%s %.*s\n", why, (int)strcspn(err->text, "\n"), err->text);
}

static void
answer(struct answer *a, const char *text)
{
	struct buf value, type, call;
	struct err err;

	buf_init(&value);
	buf_init(&type);
	buf_init(&call);
	buf_printf(&call, "typeof(%s)", text);
	if (answer_one(a, text, &value, &err) != 0) {
		complain(a->why, &err);
	} else if (answer_one(a, buf_cstr(&call), &type, &err) != 0) {
		complain(a->why, &err);
	} else {
		buf_cstr(&value);
		/* A type is a JSON string of letters that need no escapes. */
		printf("= %.*s\t", (int)type.n - 2, type.p + 1);
		fwrite(value.p, 1, value.n, stdout);
		putchar('\n');
	}
	fflush(stdout);
	buf_release(&value);
	buf_release(&type);
	buf_release(&call);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "UTC";
	struct answer a = {.env = {.zone = zone_open(name, strlen(name)),
				   .batch_us = argc > 2 ? atoll(argv[2]) : 0}};
	struct shapes *shapes = shape_set_new();
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	if (a.env.zone == NULL) {
		fprintf(stderr, "answer: no zone '%s'\n", name);
		return 2;
	}
	buf_init(&a.line);
	buf_str(&a.line, "{}");
	buf_need(&a.line, JSON_PADDING);
	record_read_init(&a.reader, shapes);
	while ((n = getline(&text, &cap, stdin)) > 0) {
		text[n - 1] = '\0';
		unescape(text);
		answer(&a, text);
	}
	free(text);
	buf_release(&a.line);
	record_read_release(&a.reader);
	shape_set_free(shapes);
	return 0;
}
