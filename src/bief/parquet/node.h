/*
 * node: the columns of a Parquet file, as a tree over the fields of a schema.
 *
 * Only leaves are stored.  Two numbers beside each value tell how it is nested:
 * the definition level, how much of the path to it is there; and the repetition
 * level, at which list of the path a further element begins (0: a new row).
 */
#ifndef BIEF_NODE_H
#define BIEF_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct schema;
struct thrift_out;
struct type;

/* As the format numbers them. */
enum physical {
	PHYSICAL_BOOLEAN,
	PHYSICAL_INT32,
	PHYSICAL_INT64,
	PHYSICAL_INT96,
	PHYSICAL_FLOAT,
	PHYSICAL_DOUBLE,
	PHYSICAL_BYTES,
	PHYSICAL_FIXED /* width bytes */
};

struct node {
	char *name;
	const struct type *type;
	int def;  /* definition level from which it is there, and no null */
	int item; /* lists and maps: from which they have an element */
	int rep;  /* lists and maps: repetition level of a further one */
	int leaf; /* which column, of a group its first; from 0 */
	size_t n; /* fields, the element, or key and value; a leaf has none */
	struct node *kids;
	/* leaves */
	enum physical physical;
	int width;       /* bytes of a value; 0 where they differ */
	int most;        /* its own repetition level, of all lists above */
	int64_t per_us;  /* reading times: units of a microsecond, or ... */
	int64_t us_unit; /* ... microseconds of a unit */
	bool days;       /* reading INT32 as dates */
	bool is_unsigned;
};

/* The tree of a schema, which must outlive it: all that can be null may be; what
 * is unknown is a string.  *leaves is their number. */
struct node *node_new(const struct schema *s, int *leaves);
/* A root: its kids and itself. */
void node_free(struct node *root);

/* Write the list of a file's schema as field id of the footer. */
void node_write(const struct node *root, struct thrift_out *t, int id);
/* The words of a leaf's path, as field id of its chunk. */
void node_write_path(
	const struct node *root, int leaf, struct thrift_out *t, int id);
/* Spark's: bytes of the smallest fixed field for so many digits. */
int node_decimal_width(int precision);

#endif
