/*
 * entry: the entries of a state as text, for "bief state": what an operator's
 * show() prints and its take() reads.  An entry is an object
 *
 *	{"kind":WORD,"key":...,"value":...,"due":TIME}
 *
 * of which show() appends the members but for the last, without the braces; a
 * kind that has no key, or no value, leaves it out.
 */
#ifndef BIEF_ENTRY_H
#define BIEF_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value/value.h"
#include "recovery/state/state.h"

struct buf;
struct err;
struct stage;

/* ---- to show ---- */

/* The beginning: "kind":WORD. */
void entry_kind(struct buf *out, const char *kind);
/* A moment as text; the microseconds as a number where text is no time. */
void entry_time(struct buf *out, int64_t us);
/* Bytes: a string, or {"hex":...} where they are no UTF-8. */
void entry_bytes(struct buf *out, const char *p, size_t n);
void entry_hex(struct buf *out, const void *p, size_t n);
/* A value of key bytes, and go on behind it; -1: there is none. */
int entry_code(
	struct buf *out, const char **p, const char *end, struct err *err);
/* The record of a line: without the blanks around it. */
void entry_record(struct buf *out, const char *p, size_t n);

/* ---- to take: -1 with a message that names the member ---- */

int entry_get(const struct value *object, const char *name, struct value *v,
	struct err *err);
/* No other members than these, up to NULL. */
int entry_only(
	const struct value *object, const char *const *names, struct err *err);
/* Is this a string of that text?  Is this an entry of that kind? */
bool entry_is(const struct value *v, const char *text);
bool entry_of(const struct value *object, const char *kind);
int entry_get_time(const struct value *object, const char *name, int64_t *us,
	struct err *err);
int entry_get_int(const struct value *object, const char *name, int64_t *i,
	struct err *err);
/* Append the bytes that entry_bytes, entry_hex printed. */
int entry_get_bytes(const struct value *object, const char *name,
	struct buf *out, struct err *err);
int entry_get_hex(const struct value *object, const char *name, struct buf *out,
	struct err *err);
/* A member that is an array, or an object. */
int entry_get_nested(const struct value *object, const char *name,
	enum value_type type, struct value *v, struct err *err);
/* A value that is no such entry's. */
int entry_wrong(struct err *err, const char *name, const char *what);
int entry_unknown(const struct value *object, struct err *err);

/* A new entry in st->state; one that is there already is refused. */
int entry_make(struct stage *st, const void *key, size_t n, size_t size,
	state_ref *made);
/* The same with its value. */
int entry_put(struct stage *st, const void *key, size_t n, const void *value,
	size_t size, state_ref *made);

#endif
