/*
 * record: a record on its way through a chain of operators.
 *
 * OWNERSHIP.  What you reach from a record (its line, its values, the text they
 * point to) lives until record() returns; to keep it, copy it.  You may read
 * everything and add fields at the end (record_add).  Before you change or
 * remove what is there, make the values your own (record_own): the same values
 * may be handed to you again, in another record.  What you emit is changed by
 * the operators after you: to emit it again, begin with a fresh copy of the
 * struct.
 *
 * A record is text (a line, between a source and a parser) or has fields.  Its
 * names are a shape: shapes are interned, so that two records with the same
 * names in the same order have the same shape, and what an operator found out
 * about a shape once (where is the field "time"?) holds for the next record.
 */
#ifndef BIEF_RECORD_H
#define BIEF_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/path.h"
#include "value/value.h"

struct err;

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
	/* private, record.c */
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
struct shapes *shapes_new(void);
void shapes_free(struct shapes *s);
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

struct record {
	const char *line; /* the bytes of the line without its end, or NULL */
	uint32_t nline;   /* bytes of line */
	uint32_t kept;    /* this many leading fields stand in line as they are,
	                     and it holds nothing else; unless line is NULL */
	struct shape *shape; /* NULL: text */
	struct value *v;     /* shape->n values */
	uint32_t room;       /* values that v has room for; 0 is never wrong */
	uint64_t number;     /* of the line in the input, from 1; 0 unknown */
	const struct window_set *windows; /* see plan.h; NULL almost always */
};

#define RECORD_SPARE 16

/* Room for values, for operators that build records. */
struct slots {
	struct value *v;
	uint32_t cap;
};
void record_slots_release(struct slots *s);
/* Room for n values and RECORD_SPARE more. */
struct value *record_slots_need(struct slots *s, uint32_t n);

/*
 * A compiled field name (path.h), asked for in this order: a field of exactly
 * the whole name; the path; the same two in another case of letters, where no
 * second field differs in it, too.  Plain text, as the user writes it; text that
 * is no path is a name.
 */
struct field {
	char *path;
	struct value found; /* of a nested path */
	/* private */
	uint64_t id; /* of the shape that index is right for */
	int index;
	char *name; /* as in JSON */
	uint32_t nname;
	struct path steps;
	int step_index; /* of the field that the first step names */
	bool exact;     /* the plan has told the name: it has no other case */
	bool pair;      /* one of the fields that "window" stands for */
	bool clash;     /* several fields of the record differ in case only */
	bool seen;      /* a record had it, or the first step of its path */
	char *near;     /* a name like it that a record had, while not seen */
};
void field_init(struct field *f, const char *path);
/* window_start or window_end where "window" is written: in records that have a
 * field of that name it is that one. */
void field_init_window(struct field *f, const char *name);
/* The plan knows the field as path; whole: that is its name, and no path. */
void field_settle(struct field *f, const char *path, bool whole);
void field_release(struct field *f);
/* The name that the value has by itself, plain: the last step of a path that is
 * a name; in tmp.  Sets *n. */
const char *field_last(const struct field *f, size_t *n, struct buf *tmp);
/* Records of this shape have a field of the whole name. */
bool field_whole(const struct field *f, const struct shape *shape);
/* The slow part of record_get. */
const struct value *field_find(struct field *f, const struct record *r);
/* Place among the record's fields, -1 if absent or nested. */
int field_index(struct field *f, const struct record *r);
/* Is it nobody's to say which of several fields is meant? */
bool field_clashes(struct field *f, const struct record *r);
#define FIELD_CLASH                                                \
	"'%s' is the name of several fields, which differ in the " \
	"case of their letters: write it as the one that is meant"

/* The value of a field; NULL when the record has no such field. */
static inline const struct value *
record_get(const struct record *r, struct field *f)
{
	if (f->id == r->shape->id && f->index >= 0)
		return &r->v[f->index];
	return field_find(f, r);
}

/*
 * Find the fields of a text record: it must be one JSON object.  The reader
 * remembers the shape of the last record and checks that guess first.  Returns
 * 0, or -1 with a message that says what is wrong and where.  A record whose
 * first name is #bief is refused (stream.h).
 */
struct record_reader {
	struct shapes *shapes;
	struct shapes *transient; /* of the last record, where there are any */
	struct slots slots;
};
void record_reader_init(struct record_reader *rr, struct shapes *shapes);
void record_reader_release(struct record_reader *rr);
int record_parse(struct record_reader *rr, struct record *r, struct err *err);
/* What a line seems to be that is no record, and what to do about it; or
 * NULL.  record_parse() says it. */
const char *record_seems(const char *line, size_t n);

/*
 * Start a record of your own: no line, n values (all null) of this shape.
 */
void record_new(struct record *r, struct shape *shape, struct slots *slots);

/*
 * Make the values your own: copied to slots, free to change.  The record is
 * printed from its values from then on, whether they change or not.
 */
void record_own(struct record *r, struct slots *slots);

/*
 * Add a field at the end, or give an existing one of that name a new value;
 * returns its place.
 * slots are the stage's, for when the values must move.  add caches where the
 * name goes; its name may hold dots, it is no path.
 */
struct record_add {
	char *name; /* as in JSON */
	uint32_t nname;
	uint64_t id;       /* private: for this shape ... */
	struct shape *out; /* ... the field is added, giving this one */
	int index;         /* ... or replaced here */
};
void record_add_init(struct record_add *a, const char *plain_name);
void record_add_release(struct record_add *a);
uint32_t record_add(struct record *r, struct record_add *a, struct value v,
	struct slots *slots);
/* Change the value at a place; the values must be your own.  The line is
 * dropped. */
void record_set(struct record *r, uint32_t index, struct value v);

/* Append the record's text, without LF. */
void record_print(const struct record *r, struct buf *out);
/* The text of a record: its line where nothing was changed, else printed into
 * tmp.  Sets *n.  (For operators that take text.) */
const char *record_text(const struct record *r, size_t *n, struct buf *tmp);

/* A name, as between quotes in JSON, that no record may begin with: control lines
 * do. */
bool record_reserved(const char *name, size_t n);
#define RECORD_RESERVED_TEXT "it begins as a control line, with '#bief'"

#endif
