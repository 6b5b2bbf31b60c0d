/*
 * shape: the names of a record's fields, in order.  Shapes are interned, so that
 * two records with the same names in the same order have the same shape, and what
 * an operator found out about a shape once (where is the field "time"?) holds for
 * the next record.
 */
#ifndef BIEF_SHAPE_H
#define BIEF_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

struct shape_name {
	const char *s; /* as it stands between quotes in JSON */
	uint32_t n;
	const char *key; /* ,"name":   (n + 4 bytes, padding follows) */
};

struct shape {
	uint64_t id; /* never used twice in a process */
	uint32_t n;
	bool transient; /* lives until the reader's next record */
	bool escaped;   /* a name holds a backslash */
	bool reserved;  /* the first name is #bief: nobody may write it */
	struct shape_name *names;
	/* private: shape_impl.h */
	uint32_t nedge;
	char *edge;
	struct shape *likely, *other;
	struct shape *parent, *hash_next;
	struct shape_block *block;
	struct shapes *owner;
};

/*
 * All shapes of one chain.  They are kept: who makes shapes of names that come
 * from the data must bound them.  The reader does: beyond SHAPES_MAX places where
 * records parted or SHAPES_BYTES, a record of a new shape gets a transient one.  It is not to be
 * kept beyond the record; extending it makes a transient one too.
 */
#define SHAPES_MAX 4096
#define SHAPES_BYTES (4 << 20)
struct shapes;
struct shapes *shape_set_new(void);
void shape_set_free(struct shapes *s);
struct shape *shape_empty(struct shapes *s);
/* The shape with one more name (as between quotes in JSON) at the end. */
struct shape *shape_extend(struct shape *shape, const char *name, size_t n);
/* The shape with another name at a place, or, name being NULL, without the
 * one there.  Transient if shape is. */
struct shape *shape_rename(
	struct shape *shape, uint32_t at, const char *name, size_t n);
/* Index of a name (as between quotes in JSON; names that are spelled with
 * other escapes are the same), of the last one if it stands there twice; -1 if
 * none. */
int shape_find(const struct shape *shape, const char *name, size_t n);
/* The same in any case of letters (of ASCII); -2 if there are several that
 * differ in it. */
int shape_like(const struct shape *shape, const char *name, size_t n);

#define SHAPE_PADDING 16 /* readable bytes behind the key of a name */
/* Is this name, in any case, that plain text? */
bool shape_name_like(const struct shape_name *a, const struct buf *plain);

/* A name, as between quotes in JSON, that no record may begin with: control lines
 * do. */
bool shape_reserved(const char *name, size_t n);
#define SHAPE_RESERVED_TEXT "it begins as a control line, with '#bief'"

#endif
