/*
 * schema: field names and types, in Spark's notations.
 *
 * DDL ('time timestamp, m struct<a:int,b:array<string>>', any case, names in
 * backquotes where needed, NOT NULL and COMMENT accepted) and Spark's JSON form
 * ({"type":"struct","fields":[...]}).
 */
#ifndef BIEF_SCHEMA_H
#define BIEF_SCHEMA_H

#include <stdbool.h>

#include <stddef.h>

struct buf;
struct err;

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
	TYPE_YEARS, /* interval of months */
	TYPE_DAYS   /* interval of microseconds */
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

/* NULL with a message that shows the place with a caret. */
struct schema *schema_parse(const char *text, struct err *err);
/* What schema_print has printed, in the header of a stream: beside what people
 * write there are the type "unknown" and names that are empty or stand twice. */
struct schema *schema_parse_header(const char *text, struct err *err);
/* Of text or, where that is NULL, of the file (at most 16 MiB). */
struct schema *schema_read(const char *text, const char *file, struct err *err);
/*
 * Where malformed text goes: *at is the index of the string field of this name,
 * which is added if it is not there.  Without a name (NULL) it is that of
 * _corrupt_record, or -1.  0, or -1 with a message.
 */
int schema_corrupt(
	struct schema *s, const char *name, int *at, struct err *err);
/*
 * Refuse maps whose keys are no strings: text that comes from outside has no
 * others.  0 or -1 with a message.
 */
int schema_string_keys(const struct schema *s, struct err *err);
struct schema *schema_new(void);
struct schema *schema_copy(const struct schema *s);
void schema_free(struct schema *s);
/* Append a field; type becomes the schema's (NULL: unknown). */
void schema_add(struct schema *s, const char *name, struct type *type);
/* Put a field at a place (moves the later ones); remove one. */
void schema_insert(
	struct schema *s, size_t at, const char *name, struct type *type);
void schema_remove(struct schema *s, size_t at);
/* Index of a field by exact name (the last one), or -1. */
int schema_find(const struct schema *s, const char *name, size_t n);
/* The same in another case of letters, too, where no field has exactly this
 * name; -2 if there are several such, which differ in it. */
int schema_like(const struct schema *s, const char *name, size_t n);
/*
 * Where a name or a path (path.h) leads: a field of exactly the whole name, else
 * the path, else the same in another case.  0, -1 if nowhere, -2 if to several
 * fields.  The words as the schema has them are appended to name (or NULL).
 */
struct schema_place {
	const struct type *type;
	bool whole; /* it is the name of a field */
};
int schema_locate(const struct schema *s, const char *path,
	struct schema_place *at, struct buf *name);
/* The type there, or NULL. */
const struct type *schema_type(const struct schema *s, const char *path);
/* The field whose name is nearest to name, for messages; NULL if none is near. */
const char *schema_nearest(const struct schema *s, const char *name);

struct type *type_new(enum type_kind kind);
struct type *type_copy(const struct type *t);
void type_free(struct type *t);
bool type_numeric(const struct type *t);

/* DDL text of a schema or a type: time timestamp, k map<string,int>. */
void schema_print(const struct schema *s, struct buf *out);
void type_print(const struct type *t, struct buf *out);

#endif
