/*
 * sql_ddl: a type in an expression, as in cast(x as array<int>).  Only where it
 * ends is found here; what it is, the reader of schemas says, so that a type
 * means the same in an expression as in --schema.
 */
#include <string.h>

#include "floor/err.h"
#include "types/schema.h"
#include "types/schema_parse.h"
#include "expr/sql/parse/sql_parser.h"

/* A unit of intervals: its kind, or -1. */
static int
ddl_unit(struct sql_parser *p, int *unit)
{
	static const char *const names[2][4] = {
		{"year", "month"}, {"day", "hour", "minute", "second"}};

	for (int k = 0; k < 2; k++)
		for (int u = 0; u < 4 && names[k][u] != NULL; u++)
			if (sql_tok_at(p, names[k][u])) {
				*unit = u;
				return k == 0 ? TYPE_YEARS : TYPE_DAYS;
			}
	return -1;
}

/* interval, interval day, interval day to second */
static int
ddl_interval(struct sql_parser *p, struct ty *out)
{
	int kind, from, to;

	*out = ty(TYPE_CALENDAR);
	if (sql_tok_next(p) < 0)
		return -1;
	kind = ddl_unit(p, &from);
	if (kind < 0)
		return 0;
	to = from;
	if (sql_tok_next(p) < 0)
		return -1;
	if (sql_tok_at(p, "to")) {
		if (sql_tok_next(p) < 0)
			return -1;
		if (ddl_unit(p, &to) != kind || to <= from) {
			sql_tok_expected(p, "a smaller unit of the interval");
			return -1;
		}
		if (sql_tok_next(p) < 0)
			return -1;
	}
	*out = (struct ty){(uint8_t)kind, (uint8_t)from, (uint8_t)to, NULL};
	return 0;
}

int
sql_ddl_type(struct sql_parser *p, struct ty *out)
{
	const char *from = p->t.from, *to = p->t.to;
	struct schema *s;
	struct err err;
	struct buf b;
	int depth = 0;

	if (p->t.kind != TOK_WORD) {
		sql_tok_expected(p, "a type");
		return -1;
	}
	if (sql_tok_at(p, "interval"))
		return ddl_interval(p, out);
	do {
		if (sql_tok_next(p) < 0)
			return -1;
		if (sql_tok_at_op(p, "<") || sql_tok_at_op(p, "("))
			depth++;
		else if (depth > 0 &&
			(sql_tok_at_op(p, ">") || sql_tok_at_op(p, ")")))
			depth--;
		else if (depth > 1 && sql_tok_at_op(p, ">>"))
			depth -= 2;
		else if (depth > 2 && sql_tok_at_op(p, ">>>"))
			depth -= 3;
		else if (depth == 0)
			break;
		to = p->t.to;
	} while (p->t.kind != TOK_END);
	buf_init(&b);
	buf_str(&b, "c ");
	buf_add(&b, from, (size_t)(to - from));
	s = schema_parse(buf_cstr(&b), &err);
	buf_release(&b);
	if (s == NULL || s->n != 1) {
		char *end = strchr(err.text, '\n');

		if (s == NULL && end != NULL)
			*end = '\0';
		sql_tree_refuse(p->x, from, p->err, "%s",
			s == NULL && strncmp(err.text, "schema: ", 8) == 0
				? err.text + 8
				: "no such type");
		schema_free(s);
		return -1;
	}
	*out = ty_keep(&p->x->arena, s->f[0].type);
	schema_free(s);
	return 0;
}
