/*
 * type: the types of Spark.
 */
#ifndef BIEF_TYPE_H
#define BIEF_TYPE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum type_kind {
	TYPE_UNKNOWN, /* not known before data flows */
	TYPE_NULL,    /* void */
	TYPE_BOOLEAN,
	TYPE_BYTE,
	TYPE_SHORT,
	TYPE_INT,
	TYPE_LONG,
	TYPE_FLOAT,
	TYPE_DOUBLE,
	TYPE_DECIMAL, /* precision, scale */
	TYPE_STRING,
	TYPE_BINARY,
	TYPE_TIMESTAMP, /* unit: of integers in JSON; output is always a time */
	TYPE_DATE,
	TYPE_ARRAY,  /* elem */
	TYPE_MAP,    /* key, elem */
	TYPE_STRUCT, /* fields */
	/* In expressions only (datum.h): they leave as text.  precision and
	 * scale are the first and the last unit. */
	TYPE_YEARS,   /* interval of months */
	TYPE_DAYS,    /* interval of microseconds */
	TYPE_CALENDAR /* interval of months, days and microseconds */
};

enum time_unit { UNIT_S, UNIT_MS, UNIT_US, UNIT_NS };

struct type {
	enum type_kind kind;
	int precision, scale;
	enum time_unit unit;
	struct type *key, *elem;
	struct schema *fields;
};

struct schema_field {
	char *name; /* plain text, NUL-terminated */
	struct type *type;
};

struct schema {
	size_t n;
	struct schema_field *f;
};

struct type *type_new(enum type_kind kind);
struct type *type_copy(const struct type *t);
void type_free(struct type *t);
bool type_numeric(const struct type *t);

/* Append it as DDL: map<string,int>. */
void type_print(const struct type *t, struct buf *out);

/* The kind that a word of DDL names, in any case; -1: none. */
int type_named(const char *s, size_t n);
/* The word that this one, in lower case, may have been meant for; or NULL. */
const char *type_near(const char *name);
/* A type that is not known before data flows: nobody may ask for it, but a
 * stream's header tells of it. */
extern const char type_unknown[];
extern const char *const type_units[]; /* by enum time_unit */

/* For schema.c: what a struct has inside. */
struct schema *type_copy_fields(const struct schema *s);
void type_free_fields(struct schema *s);
void type_print_fields(const struct schema *s, const char *colon,
	const char *comma, struct buf *out);

#endif
