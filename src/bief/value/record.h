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
 * names are a shape (shape.h).
 */
#ifndef BIEF_RECORD_H
#define BIEF_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value/field.h"
#include "value/shape.h"
#include "value/slots.h"
#include "value/value.h"

struct buf;

/*
 * A record for several windows at once: what a sliding window hands to an agg
 * that follows it (stage.windows).  The record itself has window_start and
 * window_end of the newest window that holds time.
 */
struct window_set {
	int64_t time; /* event time, us */
	int64_t size, slide, start;
};

struct record {
	const char *line; /* the bytes of the line without its end, or NULL */
	uint32_t nline;   /* bytes of line */
	uint32_t kept;    /* this many leading fields stand in line as they are,
	                     and it holds nothing else; unless line is NULL */
	struct shape *shape; /* NULL: text */
	struct value *v;     /* shape->n values */
	uint32_t room;       /* values that v has room for; 0 is never wrong */
	uint64_t number;     /* of the line in the input, from 1; 0 unknown */
	const struct window_set *windows; /* NULL almost always */
};

/* The value of a field; NULL when the record has no such field. */
static inline const struct value *
record_get(const struct record *r, struct field *f)
{
	if (f->id == r->shape->id && f->index >= 0)
		return &r->v[f->index];
	return field_find(f, r);
}

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
/* The record gets the shape with that field at its end, which it has not yet;
 * the value is there already. */
void record_add_shape(struct record *r, struct record_add *a);
/* Change the value at a place; the values must be your own.  The line is
 * dropped. */
void record_set(struct record *r, uint32_t index, struct value v);

/* Append the record's text, without LF. */
void record_print(const struct record *r, struct buf *out);
/* The text of a record: its line where nothing was changed, else printed into
 * tmp.  Sets *n.  (For operators that take text.) */
const char *record_text(const struct record *r, size_t *n, struct buf *tmp);

#endif
