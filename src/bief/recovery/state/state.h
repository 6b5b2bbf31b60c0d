/*
 * state: what a stateful stage keeps between records, by key.
 *
 * Keys and values are bytes.  A value stands in memory as it is saved, so that
 * a stage changes it in place and no saving code of its own is needed; only its
 * owner knows its form, which therefore must hold no pointers.  An entry is
 * known by a state_ref, which stays the same until the entry is deleted; a
 * pointer to a value is good until the next call that makes or resizes an
 * entry.
 *
 * The cost of a batch grows with what changed, not with what there is: the
 * entries changed since state_settle() are listed, and only these are written.
 */
#ifndef BIEF_STATE_H
#define BIEF_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct state;

typedef uint32_t state_ref;
#define STATE_NONE 0

/* limit_bytes: --max-state; 0 is none.  state_make fails beyond it. */
struct state *state_new(size_t limit_bytes);
void state_free(struct state *s);
void state_clear(struct state *s);
/* The same, but what is small keeps its memory: as many are to come again. */
void state_empty(struct state *s);

state_ref state_find(const struct state *s, const void *key, size_t n);
/* This key will be asked for soon: have memory fetch it meanwhile.  Returns its
 * hash, for state_make_hashed(), and for the next step when the first has come:
 * its entry, if it is there. */
uint32_t state_expect(const struct state *s, const void *key, size_t n);
void state_expect_entry(const struct state *s, uint32_t hash);
/* The same of this entry. */
void state_fetch(const struct state *s, state_ref r);
/*
 * The entry of this key, made with size zero bytes as its value if it is not
 * there (*made tells).  It counts as changed.  STATE_NONE: the limit is
 * reached, *err says so.
 */
state_ref state_make(struct state *s, const void *key, size_t n, size_t size,
	bool *made, struct err *err);
state_ref state_make_hashed(struct state *s, uint32_t hash, const void *key,
	size_t n, size_t size, bool *made, struct err *err);
/* A new entry that nobody asks for by its key, of a state that is not listed: it
 * is found by its state_ref alone. */
state_ref state_put(struct state *s, const void *key, size_t n, size_t size,
	struct err *err);
void state_delete(struct state *s, state_ref r);

const void *state_key(const struct state *s, state_ref r, size_t *n);
/* To read (8-byte aligned). */
void *state_value(const struct state *s, state_ref r, size_t *n);
/* To change: marks the entry as changed. */
void *state_change(struct state *s, state_ref r);
void *state_change_value(struct state *s, state_ref r, size_t *n);
/* Give the value another size; what fits is kept, the rest is zero. */
void *state_resize(struct state *s, state_ref r, size_t size);

/* Walk all entries, in no order; deleting the current one is allowed. */
state_ref state_first(const struct state *s);
state_ref state_next(const struct state *s, state_ref r);

size_t state_count(const struct state *s);
size_t state_bytes(const struct state *s);
/* So many bytes, with n keys, are kept beside it until it is cleared: they count
 * as its. */
void state_beside(struct state *s, size_t bytes, size_t n);
/* Values have grown beyond the limit: -1.  (state_resize never fails.) */
int state_check(const struct state *s, struct err *err);

/*
 * Time: an entry may be given a moment at which it is due.  state_due() returns
 * an entry whose moment is <= upto, the earliest first, until there is none;
 * each is returned once: delete it, or give it another moment.  O(log n).
 * Moments are saved with the entries.
 */
#define STATE_NEVER INT64_MAX
void state_set_due(struct state *s, state_ref r, int64_t moment);
int64_t state_get_due(const struct state *s, state_ref r);
state_ref state_due(struct state *s, int64_t upto);
/* The same of all that are due at once: their references are in *refs then, in no
 * order.  Returns how many there are. */
size_t state_due_all(struct state *s, int64_t upto, struct buf *refs);

/* Entries made or changed (and still there) since the last state_settle(). */
const state_ref *state_changed(const struct state *s, size_t *n);
void state_settle(struct state *s);
/* Has the entry been made since? */
bool state_is_new(const struct state *s, state_ref r);
/* From here on nobody asks what changed, and nothing is saved. */
void state_unlist(struct state *s);

/*
 * For the checkpoint: append what changed and what was deleted since the last
 * state_settle(), or all; and apply such bytes (in the order in which they were
 * written).  Loading settles.  -1: the bytes are not of this form.
 */
void state_save_delta(const struct state *s, struct buf *out);
void state_save_all(const struct state *s, struct buf *out);
int state_load(struct state *s, const void *p, size_t n, struct err *err);

#endif
