/*
 * schema: fields, their names and types: of a record, or of a struct in one.
 */
#ifndef BIEF_SCHEMA_H
#define BIEF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "types/type.h"

struct buf;
struct err;
struct shape;
struct shapes;

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

/* Do both print the same DDL? */
bool schema_equal(const struct schema *a, const struct schema *b);
/*
 * What a parser hands on: the fields of own behind those of kept (NULL: none);
 * where both have a name, own's type stands in kept's place.  Units are those of
 * text that comes in, so none goes out.
 */
struct schema *schema_parsed(
	const struct schema *kept, const struct schema *own);
/* The shape of records that have these fields, in their order. */
struct shape *schema_shape(const struct schema *s, struct shapes *shapes);

/* As DDL: time timestamp, k map<string,int>. */
void schema_print(const struct schema *s, struct buf *out);

#endif
