/*
 * Expressions in SQL: the first line is an expression, the second a record, the
 * third (where there is one) the types of its fields.  Whatever stands there,
 * nothing crashes or reads what is not its own, and what comes out is JSON.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "expr/expr.h"
#include "value/json.h"
#include "value/record.h"
#include "types/schema.h"
#include "expr/sql/sql.h"
#include "time/time.h"
#include "floor/mem.h"
#include "time/zone.h"
#include "types/schema_parse.h"
#include "value/record_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
evaluate(struct expr *x, struct record *r)
{
	struct expr_env env = {.zone = zone_utc, .batch_us = 1};
	struct value v, again;
	struct json_error e;
	struct buf text;
	struct err err;
	int n;

	for (int i = 0; i < 2; i++) {
		if (expr_one(x, r, &env, &v, &n, &err) != 0)
			continue;
		buf_init(&text);
		value_print(&v, &text);
		buf_need(&text, JSON_PADDING);
		if (json_read(text.p, text.p + text.n, 0, &again, &e) == NULL)
			abort();
		buf_release(&text);
	}
}

/* The next line as text of its own. */
static char *
take_line(const uint8_t **data, size_t *size)
{
	const uint8_t *lf = memchr(*data, '\n', *size);
	size_t n = lf != NULL ? (size_t)(lf - *data) : *size;
	char *text = mem_dup((const char *)*data, n);

	*data += n + (lf != NULL);
	*size -= n + (lf != NULL);
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *json, *ddl;
	struct shapes *shapes = shape_set_new();
	struct record_reader rr;
	struct record r = {0};
	struct schema *fields = NULL;
	struct expr *x = NULL;
	struct buf line;
	struct err err;

	if (size == 0)
		data = (const uint8_t *)"";
	text = take_line(&data, &size);
	json = take_line(&data, &size);
	ddl = take_line(&data, &size);
	/* As options are. */
	if (!json_utf8(text, strlen(text)) || !json_utf8(ddl, strlen(ddl)))
		*text = *ddl = '\0';
	if (*ddl != '\0')
		fields = schema_parse(ddl, &err);
	buf_init(&line);
	buf_str(&line, *json != '\0' ? json : "{}");
	buf_need(&line, JSON_PADDING);
	r.line = line.p;
	r.nline = (uint32_t)line.n;
	record_read_init(&rr, shapes);
	if (strlen(text) < 2000 && record_read(&rr, &r, &err) == 0)
		x = sql_expr(text, fields, &err);
	if (x != NULL)
		evaluate(x, &r);
	expr_free(x);
	schema_free(fields);
	record_read_release(&rr);
	shape_set_free(shapes);
	buf_release(&line);
	free(text);
	free(json);
	free(ddl);
	return 0;
}
