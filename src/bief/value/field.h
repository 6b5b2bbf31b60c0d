/*
 * field: a compiled name of a field, or path to one (path.h).
 */
#ifndef BIEF_FIELD_H
#define BIEF_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value/json.h"
#include "value/path.h"
#include "value/value.h"

struct buf;
struct record;
struct shape;

/*
 * Asked for in this order: a field of exactly
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
	char *lead;     /* what stands in front of the value, in that field's
	                 * text, where it comes first in all that it is within */
	size_t nlead;   /* 0: not known yet, or the path is not of names */
	bool exact;     /* the plan has told the name: it has no other case */
	bool pair;      /* one of the fields that "window" stands for */
	bool clash;     /* several fields of the record differ in case only */
	bool seen;      /* a record had it, or the first step of its path */
	char *near;     /* a name like it that a record had, while not seen */
	uint8_t told;   /* what of this was told by a clone, see capture.c */
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
/* The elements of the array that it is, within another value; false: it is
 * none, or takes a closer look. */
bool field_elements(
	struct field *f, const struct record *r, struct json_iter *it);
/* Place among the record's fields, -1 if absent or nested. */
int field_index(struct field *f, const struct record *r);
/* Is it within one of the record's fields, if it is there? */
bool field_nested(struct field *f, const struct record *r);
/* Is it nobody's to say which of several fields is meant? */
bool field_clashes(struct field *f, const struct record *r);
#define FIELD_CLASH                                                \
	"'%s' is the name of several fields, which differ in the " \
	"case of their letters: write it as the one that is meant"

/* How much of a field is looked at: some of what is in it by its name, or it may
 * be all. */
enum field_asked { FIELD_UNASKED, FIELD_WITHIN, FIELD_ALL };
/* Is a field of this plain name, or one within another, looked at by who looks
 * at f?  Rather too much than too little. */
enum field_asked field_asks(const struct field *f, const char *name);

/* What is asked for is not there, and looks like NAME=FIELD: a hint. */
bool field_renames(const char *path);
#define FIELD_RENAMES \
	"another name is given in front: pick, or derive 'name = .field'"

#endif
