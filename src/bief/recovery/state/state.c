/*
 * state: an arena of entries, an index of references by hash, and, for those
 * who use them, a list of what changed and a heap of moments.
 *
 * The arena is made of chunks; a reference is a place in it, counted in units
 * of 8 bytes.  Each block begins with its length in units and with what it is,
 * so that all entries are found by walking from block to block:
 *
 *	entry   units, key length, value length, moved, changed, due; then the
 *	        key, padded to 8 bytes, and the value, padded too
 *	value   units, STATE_BLOCK_VALUE; then the value of an entry that has
 *	        outgrown its own block (the entry's "moved" leads here)
 *	free    units, STATE_BLOCK_FREE, the next free block of this size
 *
 * What is freed is kept by size and used again; blocks larger than half a
 * chunk have chunks of their own, which go back to the system.
 *
 * The index has a 64-bit slot per entry, the reference and 32 bits of the hash,
 * with linear probing; it never has to look at keys to grow or to close a gap.
 *
 * Saved bytes, integers little-endian, values as they stand in memory:
 *
 *	'A'                                  forget all
 *	'D' u32 key length, key              delete
 *	'P' u32 key length, u32 value length, i64 moment, key, value
 */
#include "recovery/state/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/hash.h"
#include "floor/mem.h"
#include "recovery/state/state_impl.h"

/* Hashes and the index. */

static inline uint32_t
state_hash(const void *p, size_t n)
{
	return (uint32_t)(hash_bytes(p, n) >> 32);
}

static inline bool
state_entry_is(struct state_entry *e, const void *key, size_t n)
{
	return e->nkey == n && memcmp(state_entry_key(e), key, n) == 0;
}

/* The slot of a key, or the empty one where it belongs. */
static inline uint32_t
state_slot(const struct state *s, uint32_t h, const void *key, size_t n)
{
	uint32_t mask = s->nslots - 1, i = h & mask;

	for (;; i = (i + 1) & mask) {
		uint64_t slot = s->slots[i];

		if (slot == 0)
			return i;
		if (slot >> 32 == h &&
			state_entry_is(state_entry(s, (uint32_t)slot), key, n))
			return i;
	}
}

static void
state_slots_grow(struct state *s)
{
	uint32_t old = s->nslots, i, j, mask;
	uint64_t *slots = s->slots;

	s->nslots = old == 0 ? 64 : old * 2;
	s->slots = mem_large((size_t)s->nslots * sizeof *s->slots);
	memset(s->slots, 0, (size_t)s->nslots * sizeof *s->slots);
	mask = s->nslots - 1;
	for (i = 0; i < old; i++) {
		if (slots[i] == 0)
			continue;
		for (j = (slots[i] >> 32) & mask; s->slots[j] != 0;)
			j = (j + 1) & mask;
		s->slots[j] = slots[i];
	}
	free(slots);
}

/* Empty a slot and move back those behind it that would be lost. */
static void
state_slot_close(struct state *s, uint32_t i)
{
	uint32_t mask = s->nslots - 1, j = i;

	for (;;) {
		uint32_t home;

		j = (j + 1) & mask;
		if (s->slots[j] == 0)
			break;
		home = (s->slots[j] >> 32) & mask;
		if (((j - home) & mask) < ((j - i) & mask))
			continue;
		s->slots[i] = s->slots[j];
		i = j;
	}
	s->slots[i] = 0;
}

/* What the header promises. */

struct state *
state_new(size_t limit_bytes)
{
	struct state *s = mem_zalloc(sizeof *s);

	s->limit = limit_bytes;
	buf_init(&s->deleted);
	return s;
}

static void
state_drop(struct state *s)
{
	uint32_t i;

	for (i = 0; i < s->nchunks; i++) {
		uint32_t n = 1;

		if (s->chunks[i] == NULL)
			continue;
		/* The first block of a piece tells whether it is larger. */
		if (i > 0 && i * STATE_CHUNK_UNITS != s->bump &&
			*(uint32_t *)s->chunks[i] > STATE_CHUNK_UNITS)
			n = *(uint32_t *)s->chunks[i] >> STATE_CHUNK_BITS;
		free(s->chunks[i]);
		i += n - 1;
	}
	free(s->chunks);
	free(s->slots);
	free(s->changed);
	free(s->heap);
	buf_release(&s->deleted);
}

void
state_free(struct state *s)
{
	if (s == NULL)
		return;
	state_drop(s);
	free(s);
}

void
state_clear(struct state *s)
{
	size_t limit = s->limit;
	bool cleared = s->cleared || s->count > 0, unlisted = s->unlisted;

	state_drop(s);
	memset(s, 0, sizeof *s);
	s->limit = limit;
	s->cleared = cleared;
	s->unlisted = unlisted;
	buf_init(&s->deleted);
}

void
state_empty(struct state *s)
{
	if (s->nchunks != 1 || s->nslots > STATE_CHUNK_UNITS / 4) {
		state_clear(s);
		return;
	}
	s->cleared |= s->count > 0;
	s->bump = 1; /* place 0 means none */
	s->bump_end = STATE_CHUNK_UNITS;
	memset(s->unused, 0, sizeof(s->unused));
	memset(s->slots, 0, (size_t)s->nslots * sizeof(*s->slots));
	s->units = s->beside = 0;
	s->count = s->named = s->nchanged = s->nheap = 0;
	buf_clear(&s->deleted);
}

state_ref
state_find(const struct state *s, const void *key, size_t n)
{
	if (s->named == 0)
		return STATE_NONE;
	return (uint32_t)s->slots[state_slot(s, state_hash(key, n), key, n)];
}

uint32_t
state_expect(const struct state *s, const void *key, size_t n)
{
	uint32_t h = state_hash(key, n);

	if (s->nslots != 0)
		__builtin_prefetch(&s->slots[h & (s->nslots - 1)]);
	return h;
}

/* Most have their place, or the next. */
void
state_expect_entry(const struct state *s, uint32_t hash)
{
	uint32_t mask = s->nslots - 1;
	uint64_t slot;

	if (s->nslots == 0)
		return;
	slot = s->slots[hash & mask];
	if (slot >> 32 != hash)
		slot = s->slots[(hash + 1) & mask];
	if (slot >> 32 == hash && slot != 0)
		__builtin_prefetch(state_at(s, (state_ref)slot));
}

void
state_fetch(const struct state *s, state_ref r)
{
	const char *p = state_at(s, r);

	__builtin_prefetch(p);
	__builtin_prefetch(p + 64);
}

static state_ref
state_full(const struct state *s, struct err *err)
{
	if (s->limit != 0)
		err_set(err,
			"the state has reached its limit of %zu bytes with %zu "
			"keys; raise --max-state, or let a watermark or a "
			"coarser key bound it",
			s->limit, state_count(s) + s->nbeside);
	else
		err_set(err, "the state has no room for another key");
	return STATE_NONE;
}

int
state_check(const struct state *s, struct err *err)
{
	if (s->limit == 0 || state_bytes(s) <= s->limit)
		return 0;
	state_full(s, err);
	return -1;
}

state_ref
state_make(struct state *s, const void *key, size_t n, size_t size, bool *made,
	struct err *err)
{
	return state_make_hashed(
		s, state_hash(key, n), key, n, size, made, err);
}

/* A new entry; STATE_NONE: there is no room. */
static state_ref
state_add(struct state *s, const void *key, size_t n, size_t size,
	struct err *err)
{
	struct state_entry *e;
	state_ref r;

	r = state_block_take(s, sizeof *e + state_pad(n) + size);
	if (r == STATE_NONE)
		return state_full(s, err);
	e = state_entry(s, r);
	e->nkey = (uint32_t)n;
	e->nvalue = (uint32_t)size;
	e->moved = 0;
	e->changed = STATE_CHANGED_NEW;
	e->due = 0;
	if (n > 0)
		memcpy(state_entry_key(e), key, n);
	memset(state_entry_key(e) + n, 0, state_pad(n) - n + size);
	s->count++;
	state_changed_add(s, r, e);
	return r;
}

static bool
state_fits(const struct state *s, size_t n, size_t size)
{
	return n <= STATE_KEY_MAX && size <= UINT32_MAX - 64 &&
		(s->limit == 0 || state_bytes(s) + n + size <= s->limit);
}

state_ref
state_make_hashed(struct state *s, uint32_t h, const void *key, size_t n,
	size_t size, bool *made, struct err *err)
{
	uint32_t i = 0;
	state_ref r;

	if (s->nslots != 0) {
		i = state_slot(s, h, key, n);
		r = (uint32_t)s->slots[i];
		if (r != STATE_NONE) {
			*made = false;
			state_mark(s, r, state_entry(s, r));
			return r;
		}
	}
	if (!state_fits(s, n, size))
		return state_full(s, err);
	if (s->named >= s->nslots - s->nslots / 4) {
		state_slots_grow(s);
		i = state_slot(s, h, key, n);
	}
	r = state_add(s, key, n, size, err);
	if (r == STATE_NONE)
		return STATE_NONE;
	s->slots[i] = (uint64_t)h << 32 | r;
	s->named++;
	*made = true;
	return r;
}

state_ref
state_put(struct state *s, const void *key, size_t n, size_t size,
	struct err *err)
{
	assert(s->unlisted);
	return state_fits(s, n, size) ? state_add(s, key, n, size, err)
				      : state_full(s, err);
}

/* An entry that is to go has no name any more, if it had one. */
static void
state_unname(struct state *s, state_ref r, struct state_entry *e)
{
	const char *key = state_entry_key(e);
	uint32_t i;

	if (s->nslots == 0)
		return;
	i = state_slot(s, state_hash(key, e->nkey), key, e->nkey);
	if ((uint32_t)s->slots[i] != r)
		return;
	state_slot_close(s, i);
	s->named--;
}

void
state_delete(struct state *s, state_ref r)
{
	struct state_entry *e = state_entry(s, r);
	uint32_t n = e->nkey;

	if (!(e->changed & STATE_CHANGED_NEW)) {
		buf_byte(&s->deleted, 'D');
		state_put32(buf_need(&s->deleted, 4), n);
		s->deleted.n += 4;
		buf_add(&s->deleted, state_entry_key(e), n);
	}
	state_changed_remove(s, e);
	state_due_remove(s, e);
	state_unname(s, r, e);
	s->count--;
	if (e->moved != 0)
		state_block_give(s, e->moved);
	state_block_give(s, r);
}

const void *
state_key(const struct state *s, state_ref r, size_t *n)
{
	struct state_entry *e = state_entry(s, r);

	*n = e->nkey;
	return state_entry_key(e);
}

void *
state_value(const struct state *s, state_ref r, size_t *n)
{
	struct state_entry *e = state_entry(s, r);

	if (n != NULL)
		*n = e->nvalue;
	return state_entry_value(s, e);
}

void *
state_change(struct state *s, state_ref r)
{
	struct state_entry *e = state_entry(s, r);

	state_mark(s, r, e);
	return state_entry_value(s, e);
}

void *
state_change_value(struct state *s, state_ref r, size_t *n)
{
	struct state_entry *e = state_entry(s, r);

	state_mark(s, r, e);
	*n = e->nvalue;
	return state_entry_value(s, e);
}

static size_t
state_value_room(const struct state *s, struct state_entry *e)
{
	if (e->moved != 0)
		return (size_t) * (uint32_t *)state_at(s, e->moved) * 8 - 8;
	return (size_t)e->units * 8 - sizeof *e - state_pad(e->nkey);
}

void *
state_resize(struct state *s, state_ref r, size_t size)
{
	struct state_entry *e = state_entry(s, r);
	uint32_t old = e->nvalue;
	char *v;

	state_mark(s, r, e);
	assert(size <= UINT32_MAX - 64);
	if (size > state_value_room(s, e)) {
		uint32_t at = state_block_take(s, 8 + size + size / 4);

		assert(at != 0);
		((struct state_free *)state_at(s, at))
			->kind = STATE_BLOCK_VALUE;
		e = state_entry(s, r);
		memcpy((char *)state_at(s, at) + 8, state_entry_value(s, e),
			old);
		if (e->moved != 0)
			state_block_give(s, e->moved);
		e->moved = at;
	}
	e->nvalue = (uint32_t)size;
	v = state_entry_value(s, e);
	if (size > old)
		memset(v + old, 0, size - old);
	return v;
}

/* The first entry at or behind a place. */
static state_ref
state_walk(const struct state *s, uint64_t at)
{
	uint64_t end = (uint64_t)s->nchunks * STATE_CHUNK_UNITS;

	while (at < end) {
		struct state_entry *e;

		if (s->chunks[at >> STATE_CHUNK_BITS] == NULL) {
			at = ((at >> STATE_CHUNK_BITS) + 1) << STATE_CHUNK_BITS;
			continue;
		}
		if (at == s->bump && s->bump < s->bump_end) {
			at = s->bump_end;
			continue;
		}
		e = state_entry(s, (state_ref)at);
		if (e->nkey < STATE_BLOCK_VALUE)
			return (state_ref)at;
		at += e->units;
	}
	return STATE_NONE;
}

state_ref
state_first(const struct state *s)
{
	return state_walk(s, 1);
}

state_ref
state_next(const struct state *s, state_ref r)
{
	if (s->chunks[r >> STATE_CHUNK_BITS] == NULL) /* it was deleted */
		return state_walk(s,
			(uint64_t)((r >> STATE_CHUNK_BITS) + 1)
				<< STATE_CHUNK_BITS);
	return state_walk(s, (uint64_t)r + state_entry(s, r)->units);
}

size_t
state_count(const struct state *s)
{
	return s->count;
}

size_t
state_bytes(const struct state *s)
{
	return s->units * 8 + s->beside + s->nslots * sizeof *s->slots +
		s->changed_cap * sizeof *s->changed +
		s->heap_cap * sizeof *s->heap + s->deleted.cap;
}

void
state_beside(struct state *s, size_t bytes, size_t n)
{
	s->beside = bytes;
	s->nbeside = n;
}

void
state_set_due(struct state *s, state_ref r, int64_t moment)
{
	struct state_entry *e = state_entry(s, r);

	state_mark(s, r, e);
	if (moment == STATE_NEVER) {
		state_due_remove(s, e);
		return;
	}
	state_due_set(s, r, e, moment);
}

int64_t
state_get_due(const struct state *s, state_ref r)
{
	uint32_t i = state_entry(s, r)->due;

	return i == 0 ? STATE_NEVER : s->heap[i - 1].at;
}

void
state_settle(struct state *s)
{
	uint32_t i;

	for (i = 0; i < s->nchanged; i++)
		state_entry(s, s->changed[i])->changed = 0;
	s->nchanged = 0;
	buf_clear(&s->deleted);
	s->cleared = false;
}

bool
state_is_new(const struct state *s, state_ref r)
{
	return (state_entry(s, r)->changed & STATE_CHANGED_NEW) != 0;
}

void
state_unlist(struct state *s)
{
	state_settle(s);
	s->unlisted = true;
}
