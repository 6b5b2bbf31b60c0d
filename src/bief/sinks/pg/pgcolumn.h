/*
 * pgcolumn: columns of PostgreSQL: of which type they are or are to be made, and
 * what fields can go there.
 */
#ifndef BIEF_PGCOLUMN_H
#define BIEF_PGCOLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct type;

enum pgcolumn_kind {
	PGCOLUMN_UNKNOWN, /* to be made for the values that come */
	PGCOLUMN_BOOLEAN,
	PGCOLUMN_INTEGER,
	PGCOLUMN_REAL,
	PGCOLUMN_DOUBLE,
	PGCOLUMN_NUMERIC,
	PGCOLUMN_TEXT,
	PGCOLUMN_BYTEA,
	PGCOLUMN_TIMESTAMP,
	PGCOLUMN_DATE,
	PGCOLUMN_JSON,
	PGCOLUMN_JSONB,
	PGCOLUMN_ARRAY,
	PGCOLUMN_OTHER /* text that the server reads */
};

/* What values an unknown one has had. */
enum {
	PGCOLUMN_SEEN_BOOLEAN = 1,
	PGCOLUMN_SEEN_NUMBER = 2,
	PGCOLUMN_SEEN_SPECIAL = 4, /* NaN, Infinity */
	PGCOLUMN_SEEN_TIME = 8,
	PGCOLUMN_SEEN_NESTED = 16,
	PGCOLUMN_SEEN_TEXT = 32
};

struct pgcolumn {
	char *name;
	char *type; /* as SQL has it; NULL while unknown */
	enum pgcolumn_kind kind;
	int64_t least, most;  /* of an integer */
	int precision, scale; /* of a numeric; 0: any */
	int chars;            /* of text; 0: any number */
	bool full;            /* no nulls */
	bool infinite;        /* a numeric may be: PostgreSQL 14 */
	bool binary;          /* text is base 64 */
	unsigned seen;        /* of an unknown one: PGCOLUMN_SEEN_... */
};

/* What to make for fields of a type, for the caller to free; NULL: unknown. */
char *pgcolumn_declared(const struct type *type);
/* Find kind and limits by what the catalog says: the type as SQL has it, its
 * name there, its category, its modifier (-1: none). */
struct pgcolumn_said {
	const char *type, *name;
	char category;
	int modifier;
};
void pgcolumn_become(struct pgcolumn *c, const struct pgcolumn_said *said);
/* An unknown one becomes what its values need: its type. */
const char *pgcolumn_needs(const struct pgcolumn *c);
/* Can fields of that type go there at all? */
bool pgcolumn_fits(const struct pgcolumn *c, const struct type *type);

#endif
