/*
 * pgcolumn: types, by the names that PostgreSQL's catalog has for them.  What is
 * not known here is left to the server, which reads it from text.
 */
#include "sinks/pg/pgcolumn.h"

#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "types/type.h"

char *
pgcolumn_declared(const struct type *type)
{
	static const char *const names[] = {[TYPE_BOOLEAN] = "boolean",
		[TYPE_BYTE] = "smallint",
		[TYPE_SHORT] = "smallint",
		[TYPE_INT] = "integer",
		[TYPE_LONG] = "bigint",
		[TYPE_FLOAT] = "real",
		[TYPE_DOUBLE] = "double precision",
		[TYPE_STRING] = "text",
		[TYPE_BINARY] = "bytea",
		[TYPE_TIMESTAMP] = "timestamp with time zone",
		[TYPE_DATE] = "date",
		[TYPE_ARRAY] = "jsonb",
		[TYPE_MAP] = "jsonb",
		[TYPE_STRUCT] = "jsonb"};
	const char *name;
	struct buf text;
	char *declared;

	if (type == NULL || type->kind == TYPE_UNKNOWN ||
		type->kind == TYPE_NULL)
		return NULL;
	if (type->kind == TYPE_DECIMAL) {
		buf_init(&text);
		buf_printf(
			&text, "numeric(%d,%d)", type->precision, type->scale);
		declared = mem_dup(text.p, text.n);
		buf_release(&text);
		return declared;
	}
	name = type->kind < sizeof names / sizeof *names ? names[type->kind]
							 : NULL;
	if (name == NULL)
		name = "text";
	return mem_dup(name, strlen(name));
}

static const struct {
	const char *name;
	enum pgcolumn_kind kind;
	int64_t least, most;
} kinds[] = {
	{"bool", PGCOLUMN_BOOLEAN, 0, 0},
	{"int2", PGCOLUMN_INTEGER, INT16_MIN, INT16_MAX},
	{"int4", PGCOLUMN_INTEGER, INT32_MIN, INT32_MAX},
	{"int8", PGCOLUMN_INTEGER, INT64_MIN, INT64_MAX},
	{"float4", PGCOLUMN_REAL, 0, 0},
	{"float8", PGCOLUMN_DOUBLE, 0, 0},
	{"numeric", PGCOLUMN_NUMERIC, 0, 0},
	{"text", PGCOLUMN_TEXT, 0, 0},
	{"varchar", PGCOLUMN_TEXT, 0, 0},
	{"bpchar", PGCOLUMN_TEXT, 0, 0},
	{"bytea", PGCOLUMN_BYTEA, 0, 0},
	{"timestamp", PGCOLUMN_TIMESTAMP, 0, 0},
	{"timestamptz", PGCOLUMN_TIMESTAMP, 0, 0},
	{"date", PGCOLUMN_DATE, 0, 0},
	{"json", PGCOLUMN_JSON, 0, 0},
	{"jsonb", PGCOLUMN_JSONB, 0, 0},
};

void
pgcolumn_become(struct pgcolumn *c, const struct pgcolumn_said *said)
{
	/* A modifier is 4 more than a length, or (precision, scale). */
	int modifier = said->modifier - 4;

	free(c->type);
	c->type = mem_dup(said->type, strlen(said->type));
	c->kind = said->category == 'A' ? PGCOLUMN_ARRAY : PGCOLUMN_OTHER;
	c->precision = c->scale = c->chars = 0;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(kinds[i].name, said->name) != 0)
			continue;
		c->kind = kinds[i].kind;
		c->least = kinds[i].least;
		c->most = kinds[i].most;
	}
	if (c->kind == PGCOLUMN_NUMERIC && modifier >= 0) {
		c->precision = modifier >> 16;
		c->scale = ((modifier & 0x7FF) ^ 1024) - 1024;
	} else if (c->kind == PGCOLUMN_TEXT && modifier >= 0) {
		c->chars = modifier;
	}
}

const char *
pgcolumn_needs(const struct pgcolumn *c)
{
	switch (c->seen) {
	case PGCOLUMN_SEEN_BOOLEAN:
		return "boolean";
	case PGCOLUMN_SEEN_NUMBER:
		return "numeric";
	case PGCOLUMN_SEEN_NUMBER | PGCOLUMN_SEEN_SPECIAL:
		return c->infinite ? "numeric" : "double precision";
	case PGCOLUMN_SEEN_TIME:
		return "timestamp with time zone";
	case PGCOLUMN_SEEN_NESTED:
		return "jsonb";
	default:
		return "text";
	}
}

static bool
pgcolumn_takes_all(enum pgcolumn_kind kind)
{
	return kind == PGCOLUMN_UNKNOWN || kind == PGCOLUMN_TEXT ||
		kind == PGCOLUMN_JSON || kind == PGCOLUMN_JSONB ||
		kind == PGCOLUMN_OTHER;
}

bool
pgcolumn_fits(const struct pgcolumn *c, const struct type *type)
{
	enum pgcolumn_kind kind = c->kind;
	bool real = kind == PGCOLUMN_REAL || kind == PGCOLUMN_DOUBLE ||
		kind == PGCOLUMN_NUMERIC;

	if (type == NULL || pgcolumn_takes_all(kind))
		return true;
	switch (type->kind) {
	case TYPE_UNKNOWN:
	case TYPE_NULL:
		return true;
	case TYPE_BOOLEAN:
		return kind == PGCOLUMN_BOOLEAN;
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		return kind == PGCOLUMN_INTEGER || real;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return real;
	case TYPE_DECIMAL:
		return real || (kind == PGCOLUMN_INTEGER && type->scale == 0);
	case TYPE_BINARY:
		return kind == PGCOLUMN_BYTEA;
	case TYPE_TIMESTAMP:
		return kind == PGCOLUMN_TIMESTAMP;
	case TYPE_DATE:
		return kind == PGCOLUMN_DATE || kind == PGCOLUMN_TIMESTAMP;
	case TYPE_STRING:
		return kind == PGCOLUMN_TIMESTAMP || kind == PGCOLUMN_DATE;
	case TYPE_ARRAY:
		return kind == PGCOLUMN_ARRAY;
	default:
		return false;
	}
}
