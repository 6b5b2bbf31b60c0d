/*
 * sql: expressions and what Spark answers, from tests/unit/sql.expect
 *
 *	# comment
 *	fields: DDL         the types that are known from here on; "-": none
 *	record: JSON        the record that is looked at from here on
 *	zone: NAME          the zone from here on
 *	expression => JSON  the answer
 *	expression => !text the expression (or its evaluation) is refused so
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "expr/expr.h"
#include "value/json.h"
#include "value/record.h"
#include "types/schema.h"
#include "expr/sql/sql.h"
#include "expr/sql/sql_impl.h"
#include "time/time.h"
#include "time/zone.h"
#include "types/schema_parse.h"
#include "value/record_read.h"

struct bench {
	struct schema *fields;
	struct buf line;
	struct expr_env env;
	struct shapes *shapes;
	struct record_reader reader;
};

static void
answer(struct bench *b, const char *text, struct buf *out)
{
	struct record r = {.line = b->line.p, .nline = (uint32_t)b->line.n};
	struct expr *x;
	struct value v;
	struct err err;
	int n;

	x = sql_expr(text, b->fields, &err);
	if (x == NULL || record_read(&b->reader, &r, &err) != 0) {
		buf_printf(out, "!%s", err.text);
		expr_free(x);
		return;
	}
	/* Twice: what was remembered must not change the answer. */
	for (int i = 0; i < 2; i++) {
		buf_clear(out);
		if (expr_one(x, &r, &b->env, &v, &n, &err) != 0)
			buf_printf(out, "!%s", err.text);
		else
			value_print(&v, out);
	}
	expr_free(x);
}

static void
set_record(struct bench *b, const char *json)
{
	buf_clear(&b->line);
	buf_str(&b->line, json);
	buf_need(&b->line, JSON_PADDING);
}

static void
set_fields(struct bench *b, const char *ddl)
{
	struct err err;

	schema_free(b->fields);
	b->fields = NULL;
	if (strcmp(ddl, "-") == 0)
		return;
	b->fields = schema_parse(ddl, &err);
	if (b->fields == NULL) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
}

/* 0 as expected, 1 not */
static int
check(struct bench *b, int line, char *text)
{
	char *arrow, *want = NULL;
	struct buf out;
	int bad;

	for (arrow = text; (arrow = strstr(arrow, " => ")) != NULL; arrow++)
		want = arrow;
	if (want == NULL) {
		fprintf(stderr, "sql.expect:%d: no ' => '\n", line);
		return 1;
	}
	*want = '\0';
	want += 4;
	buf_init(&out);
	answer(b, text, &out);
	buf_cstr(&out);
	bad = *want == '!' ? *out.p != '!' || strstr(out.p, want + 1) == NULL
			   : strcmp(out.p, want) != 0;
	if (bad)
		fprintf(stderr, "sql.expect:%d: %s\n  gives %s\n  not   %s\n",
			line, text, out.p, want);
	buf_release(&out);
	return bad;
}

/* bief-sql(7) names every function. */
static int
check_page(void)
{
	FILE *f = fopen("man/bief-sql.7", "r");
	char line[1000], *word, *save;
	struct buf words;
	int bad = 0;

	if (f == NULL) {
		perror("man/bief-sql.7");
		return 1;
	}
	buf_init(&words);
	buf_byte(&words, ' ');
	while (fgets(line, sizeof(line), f) != NULL)
		for (word = strtok_r(line, " ,()\n", &save); word != NULL;
			word = strtok_r(NULL, " ,()\n", &save))
			buf_printf(&words, "%s ", word);
	fclose(f);
	for (size_t i = 0; sql_fn_at(i) != NULL; i++) {
		const struct sql_fn *fn = sql_fn_at(i);

		snprintf(line, sizeof(line), " %s ", fn->name);
		if ((fn->flags & SQL_OPERATOR) != 0 ||
			strstr(buf_cstr(&words), line) != NULL)
			continue;
		fprintf(stderr, "bief-sql(7) does not name '%s'\n", fn->name);
		bad++;
	}
	buf_release(&words);
	return bad;
}

int
main(void)
{
	struct bench b = {.env = {.zone = zone_utc,
				  .batch_us = INT64_C(1700000000000000)}};
	FILE *f = fopen("tests/unit/sql.expect", "r");
	int bad = 0, line = 0;
	char text[4096];

	if (f == NULL) {
		perror("tests/unit/sql.expect");
		return 1;
	}
	buf_init(&b.line);
	set_record(&b, "{}");
	b.shapes = shape_set_new();
	record_read_init(&b.reader, b.shapes);
	while (fgets(text, sizeof(text), f) != NULL) {
		text[strcspn(text, "\n")] = '\0';
		line++;
		if (*text == '#' || *text == '\0')
			continue;
		if (strncmp(text, "fields: ", 8) == 0)
			set_fields(&b, text + 8);
		else if (strncmp(text, "record: ", 8) == 0)
			set_record(&b, text + 8);
		else if (strncmp(text, "zone: ", 6) == 0)
			b.env.zone = zone_open(text + 6, strlen(text + 6));
		else
			bad += check(&b, line, text);
	}
	fclose(f);
	schema_free(b.fields);
	buf_release(&b.line);
	record_read_release(&b.reader);
	shape_set_free(b.shapes);
	bad += check_page();
	return bad > 0;
}
