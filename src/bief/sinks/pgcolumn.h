/*
 * pgcolumn: columns of PostgreSQL: which values they take, and how these stand
 * in the text of a COPY.
 *
 * PostgreSQL refuses a whole COPY for one value; so what it would refuse, or
 * change into something else, is found here, where a record can be refused
 * alone.  The text of a value is the same for all columns that are made for it,
 * so that rows can be gathered before it is known what the column will be.
 */
#ifndef BIEF_PGCOLUMN_H
#define BIEF_PGCOLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct type;
struct value;

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
	unsigned seen;        /* what values an unknown one has had */
};

/* What to make for fields of a type; NULL: unknown. */
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

/*
 * Append a value (NULL: null) as it stands in a COPY.  0, or 1 with why it
 * cannot be in this column: what was appended is to be forgotten.  tmp is used.
 */
int pgcolumn_put(struct pgcolumn *c, const struct value *v, struct buf *out,
	struct buf *tmp, struct err *err);
/* Escape text for a COPY. */
void pgcolumn_escape(struct buf *out, const char *s, size_t n);

#endif
