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
 *	value   units, BLOCK_VALUE; then the value of an entry that has
 *	        outgrown its own block (the entry's "moved" leads here)
 *	free    units, BLOCK_FREE, the next free block of this size
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
#include "recovery/state.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/hash.h"
#include "floor/mem.h"

#define CHUNK_BITS 18 /* units of 8 bytes: 2 MiB */
#define CHUNK_UNITS (UINT32_C(1) << CHUNK_BITS)
#define LARGE (CHUNK_UNITS / 2)
#define CHUNKS_MAX (UINT32_C(1) << (32 - CHUNK_BITS))

#define BLOCK_FREE UINT32_MAX
#define BLOCK_VALUE (UINT32_MAX - 1)
#define FEW_CHUNKS 4 /* beyond, a state is large */
#define KEY_MAX (UINT32_C(1) << 30)

#define CLASS_EXACT 64 /* up to here each length has a list of its own */
#define CLASSES (CLASS_EXACT + 1 + 4 * (CHUNK_BITS - 5))

#define CHANGED_NEW (UINT32_C(1) << 31) /* made since state_settle() */

struct entry {
	uint32_t units;
	uint32_t nkey;
	uint32_t nvalue;
	uint32_t moved;   /* the block that holds the value, or 0 */
	uint32_t changed; /* place in the list + 1, and CHANGED_NEW */
	uint32_t due;     /* place in the heap + 1 */
};

struct free_block {
	uint32_t units;
	uint32_t kind;
	uint32_t next;
};

/* Of 12 bytes: there may be millions. */
struct moment {
	int64_t at;
	state_ref ref;
} __attribute__((packed, aligned(4)));

struct state {
	size_t limit;

	char **chunks; /* those of a large block are parts of one piece */
	uint32_t nchunks, chunks_cap;
	uint32_t bump, bump_end; /* what is left of the newest chunk */
	uint32_t unused[CLASSES];
	size_t units; /* in use */

	uint64_t *slots;
	uint32_t nslots; /* a power of two, or 0 */
	uint32_t count;

	state_ref *changed;
	uint32_t nchanged, changed_cap;
	struct buf deleted; /* 'D' records */
	bool cleared;

	struct moment *heap;
	uint32_t nheap, heap_cap;
};

/* Places and blocks. */

static inline void *
block_at(const struct state *s, uint32_t at)
{
	return s->chunks[at >> CHUNK_BITS] +
		(size_t)(at & (CHUNK_UNITS - 1)) * 8;
}

static inline struct entry *
entry_at(const struct state *s, state_ref r)
{
	return block_at(s, r);
}

static inline size_t
pad(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static inline char *
entry_key(struct entry *e)
{
	return (char *)(e + 1);
}

static inline void *
entry_value(const struct state *s, struct entry *e)
{
	if (e->moved != 0)
		return (char *)block_at(s, e->moved) + 8;
	return entry_key(e) + pad(e->nkey);
}

/* The list for blocks of this length, and the length that they have. */
static unsigned
class_of(uint32_t units, uint32_t *length)
{
	unsigned e;
	uint32_t step;

	if (units <= CLASS_EXACT) {
		*length = units;
		return units;
	}
	e = 31 - (unsigned)__builtin_clz(units - 1);
	step = UINT32_C(1) << (e - 2);
	*length = (units + step - 1) & ~(step - 1);
	return CLASS_EXACT + 4 * (e - 6) +
		((*length - (UINT32_C(1) << e)) >> (e - 2));
}

static void
block_unuse(struct state *s, uint32_t at, uint32_t units)
{
	struct free_block *b = block_at(s, at);
	uint32_t length;
	unsigned class = class_of(units, &length);

	b->units = units;
	b->kind = BLOCK_FREE;
	if (units < 2)
		return; /* no room for the link */
	assert(length == units);
	b->next = s->unused[class];
	s->unused[class] = at;
}

/* Cut what is left of the newest chunk into blocks that have a list. */
static void
chunk_retire(struct state *s)
{
	while (s->bump < s->bump_end) {
		uint32_t left = s->bump_end - s->bump, n = left, length;

		if (n > CLASS_EXACT) {
			unsigned e = 31 - (unsigned)__builtin_clz(n);

			n &= ~((UINT32_C(1) << (e - 2)) - 1);
		}
		class_of(n, &length);
		assert(length == n);
		block_unuse(s, s->bump, n);
		s->bump += n;
	}
}

/* Much memory that is read here and there: of large pages, if there are. */
static void *
large_alloc(size_t bytes, bool large)
{
	const size_t page = (size_t)1 << 21;
	void *p;

	if (!large || bytes < page)
		return mem_alloc(bytes);
	if (posix_memalign(&p, page, bytes) != 0)
		return mem_alloc(bytes);
	madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

/* n chunks in a row; the place of the first, or CHUNKS_MAX. */
static uint32_t
chunks_take(struct state *s, uint32_t n)
{
	uint32_t at, run = 0, i;
	char *p;

	for (at = 0; at < s->nchunks && run < n; at++)
		run = s->chunks[at] == NULL ? run + 1 : 0;
	at -= run;
	if (n > CHUNKS_MAX || at > CHUNKS_MAX - n)
		return CHUNKS_MAX;
	if (at + n > s->chunks_cap) {
		s->chunks_cap = (at + n) * 2;
		s->chunks = mem_realloc(
			s->chunks, s->chunks_cap * sizeof *s->chunks);
	}
	if (at + n > s->nchunks)
		s->nchunks = at + n;
	p = large_alloc((size_t)n * CHUNK_UNITS * 8, at >= FEW_CHUNKS);
	for (i = 0; i < n; i++)
		s->chunks[at + i] = p + (size_t)i * CHUNK_UNITS * 8;
	return at;
}

/* Go on with a new chunk. */
static int
chunk_new(struct state *s)
{
	uint32_t at;

	chunk_retire(s);
	at = chunks_take(s, 1);
	if (at == CHUNKS_MAX)
		return -1;
	s->bump = at * CHUNK_UNITS + (at == 0); /* place 0 means none */
	s->bump_end = (at + 1) * CHUNK_UNITS;
	return 0;
}

/* Chunks of its own for a large block. */
static uint32_t
large_take(struct state *s, size_t units, uint32_t *length)
{
	size_t n = (units + CHUNK_UNITS - 1) / CHUNK_UNITS;
	uint32_t at;

	if (n >= CHUNKS_MAX || (s->nchunks == 0 && chunk_new(s) == -1))
		return 0;
	at = chunks_take(s, (uint32_t)n);
	if (at == CHUNKS_MAX)
		return 0;
	*length = (uint32_t)n * CHUNK_UNITS;
	return at * CHUNK_UNITS;
}

static uint32_t
small_take(struct state *s, uint32_t units, uint32_t *length)
{
	unsigned class = class_of(units, length);
	uint32_t at = s->unused[class];

	if (at != 0) {
		s->unused[class] = ((struct free_block *)block_at(s, at))->next;
		return at;
	}
	if (s->bump_end - s->bump < *length && chunk_new(s) == -1)
		return 0;
	at = s->bump;
	s->bump += *length;
	return at;
}

/* A block for so many bytes, its units set; 0 if there is no place left. */
static uint32_t
block_take(struct state *s, size_t bytes)
{
	size_t want = (bytes + 7) / 8;
	uint32_t at, units;

	at = want > LARGE ? large_take(s, want, &units)
			  : small_take(s, (uint32_t)want, &units);
	if (at == 0)
		return 0;
	s->units += units;
	*(uint32_t *)block_at(s, at) = units;
	return at;
}

static void
block_give(struct state *s, uint32_t at)
{
	uint32_t units = *(uint32_t *)block_at(s, at);

	s->units -= units;
	if (units < CHUNK_UNITS) {
		block_unuse(s, at, units);
		return;
	}
	at >>= CHUNK_BITS;
	free(s->chunks[at]);
	memset(&s->chunks[at], 0, (units >> CHUNK_BITS) * sizeof *s->chunks);
}

/* Hashes and the index. */

static inline uint32_t
hash(const void *p, size_t n)
{
	return (uint32_t)(hash_bytes(p, n) >> 32);
}

static inline bool
entry_is(struct entry *e, const void *key, size_t n)
{
	return e->nkey == n && memcmp(entry_key(e), key, n) == 0;
}

/* The slot of a key, or the empty one where it belongs. */
static inline uint32_t
slot_find(const struct state *s, uint32_t h, const void *key, size_t n)
{
	uint32_t mask = s->nslots - 1, i = h & mask;

	for (;; i = (i + 1) & mask) {
		uint64_t slot = s->slots[i];

		if (slot == 0)
			return i;
		if (slot >> 32 == h &&
			entry_is(entry_at(s, (uint32_t)slot), key, n))
			return i;
	}
}

static void
slots_grow(struct state *s)
{
	uint32_t old = s->nslots, i, j, mask;
	uint64_t *slots = s->slots;

	s->nslots = old == 0 ? 64 : old * 2;
	s->slots = large_alloc((size_t)s->nslots * sizeof *s->slots, true);
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
slot_close(struct state *s, uint32_t i)
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

/* The list of what changed. */

static void
changed_add(struct state *s, state_ref r, struct entry *e)
{
	if (s->nchanged == s->changed_cap) {
		s->changed_cap += s->changed_cap / 4 + 64;
		s->changed = mem_realloc(
			s->changed, s->changed_cap * sizeof *s->changed);
	}
	s->changed[s->nchanged++] = r;
	e->changed = (e->changed & CHANGED_NEW) | s->nchanged;
}

static inline void
changed_mark(struct state *s, state_ref r, struct entry *e)
{
	if ((e->changed & ~CHANGED_NEW) == 0)
		changed_add(s, r, e);
}

static void
changed_remove(struct state *s, struct entry *e)
{
	uint32_t at = e->changed & ~CHANGED_NEW;
	struct entry *last;

	if (at == 0)
		return;
	s->changed[at - 1] = s->changed[--s->nchanged];
	if (at - 1 < s->nchanged) {
		last = entry_at(s, s->changed[at - 1]);
		last->changed = (last->changed & CHANGED_NEW) | at;
	}
}

/* The heap of moments: the earliest first, at equal moments the smaller
 * reference. */

static inline bool
moment_before(const struct moment *a, const struct moment *b)
{
	return a->at < b->at || (a->at == b->at && a->ref < b->ref);
}

static void
heap_put(struct state *s, uint32_t i, struct moment m)
{
	s->heap[i] = m;
	entry_at(s, m.ref)->due = i + 1;
}

/* Find the place of m, from i on up or down. */
static void
heap_settle(struct state *s, uint32_t i, struct moment m)
{
	while (i > 0 && moment_before(&m, &s->heap[(i - 1) / 2])) {
		heap_put(s, i, s->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (;;) {
		uint32_t c = 2 * i + 1;

		if (c >= s->nheap)
			break;
		if (c + 1 < s->nheap &&
			moment_before(&s->heap[c + 1], &s->heap[c]))
			c++;
		if (!moment_before(&s->heap[c], &m))
			break;
		heap_put(s, i, s->heap[c]);
		i = c;
	}
	heap_put(s, i, m);
}

static void
heap_remove(struct state *s, struct entry *e)
{
	uint32_t i = e->due;

	if (i-- == 0)
		return;
	e->due = 0;
	s->nheap--;
	if (i < s->nheap)
		heap_settle(s, i, s->heap[s->nheap]);
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
		if (i > 0 && i * CHUNK_UNITS != s->bump &&
			*(uint32_t *)s->chunks[i] > CHUNK_UNITS)
			n = *(uint32_t *)s->chunks[i] >> CHUNK_BITS;
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
	bool cleared = s->cleared || s->count > 0;

	state_drop(s);
	memset(s, 0, sizeof *s);
	s->limit = limit;
	s->cleared = cleared;
	buf_init(&s->deleted);
}

state_ref
state_find(const struct state *s, const void *key, size_t n)
{
	if (s->count == 0)
		return STATE_NONE;
	return (uint32_t)s->slots[slot_find(s, hash(key, n), key, n)];
}

void
state_expect(const struct state *s, const void *key, size_t n)
{
	if (s->nslots != 0)
		__builtin_prefetch(&s->slots[hash(key, n) & (s->nslots - 1)]);
}

static state_ref
state_full(const struct state *s, struct err *err)
{
	if (s->limit != 0)
		err_set(err,
			"the state has reached its limit of %zu bytes with %zu "
			"keys; raise --max-state, or let a watermark or a "
			"coarser key bound it",
			s->limit, state_count(s));
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
	uint32_t h = hash(key, n), i = 0;
	struct entry *e;
	state_ref r;

	if (s->nslots != 0) {
		i = slot_find(s, h, key, n);
		r = (uint32_t)s->slots[i];
		if (r != STATE_NONE) {
			*made = false;
			changed_mark(s, r, entry_at(s, r));
			return r;
		}
	}
	if (n > KEY_MAX || size > UINT32_MAX - 64 ||
		(s->limit != 0 && state_bytes(s) + n + size > s->limit))
		return state_full(s, err);
	if (s->count >= s->nslots - s->nslots / 4) {
		slots_grow(s);
		i = slot_find(s, h, key, n);
	}
	r = block_take(s, sizeof *e + pad(n) + size);
	if (r == STATE_NONE)
		return state_full(s, err);
	e = entry_at(s, r);
	e->nkey = (uint32_t)n;
	e->nvalue = (uint32_t)size;
	e->moved = 0;
	e->changed = CHANGED_NEW;
	e->due = 0;
	if (n > 0)
		memcpy(entry_key(e), key, n);
	memset(entry_key(e) + n, 0, pad(n) - n + size);
	s->slots[i] = (uint64_t)h << 32 | r;
	s->count++;
	changed_add(s, r, e);
	*made = true;
	return r;
}

/* Numbers of the saved form. */
static inline void
put32(char *p, uint32_t n)
{
	n = htole32(n);
	memcpy(p, &n, 4);
}

static inline void
put64(char *p, uint64_t n)
{
	n = htole64(n);
	memcpy(p, &n, 8);
}

static inline uint32_t
get32(const char *p)
{
	uint32_t n;

	memcpy(&n, p, 4);
	return le32toh(n);
}

static inline uint64_t
get64(const char *p)
{
	uint64_t n;

	memcpy(&n, p, 8);
	return le64toh(n);
}

void
state_delete(struct state *s, state_ref r)
{
	struct entry *e = entry_at(s, r);
	uint32_t n = e->nkey;

	if (!(e->changed & CHANGED_NEW)) {
		buf_byte(&s->deleted, 'D');
		put32(buf_need(&s->deleted, 4), n);
		s->deleted.n += 4;
		buf_add(&s->deleted, entry_key(e), n);
	}
	changed_remove(s, e);
	heap_remove(s, e);
	slot_close(s, slot_find(s, hash(entry_key(e), n), entry_key(e), n));
	s->count--;
	if (e->moved != 0)
		block_give(s, e->moved);
	block_give(s, r);
}

const void *
state_key(const struct state *s, state_ref r, size_t *n)
{
	struct entry *e = entry_at(s, r);

	*n = e->nkey;
	return entry_key(e);
}

void *
state_value(const struct state *s, state_ref r, size_t *n)
{
	struct entry *e = entry_at(s, r);

	if (n != NULL)
		*n = e->nvalue;
	return entry_value(s, e);
}

void *
state_change(struct state *s, state_ref r)
{
	struct entry *e = entry_at(s, r);

	changed_mark(s, r, e);
	return entry_value(s, e);
}

static size_t
value_room(const struct state *s, struct entry *e)
{
	if (e->moved != 0)
		return (size_t) * (uint32_t *)block_at(s, e->moved) * 8 - 8;
	return (size_t)e->units * 8 - sizeof *e - pad(e->nkey);
}

void *
state_resize(struct state *s, state_ref r, size_t size)
{
	struct entry *e = entry_at(s, r);
	uint32_t old = e->nvalue;
	char *v;

	changed_mark(s, r, e);
	assert(size <= UINT32_MAX - 64);
	if (size > value_room(s, e)) {
		uint32_t at = block_take(s, 8 + size + size / 4);

		assert(at != 0);
		((struct free_block *)block_at(s, at))->kind = BLOCK_VALUE;
		e = entry_at(s, r);
		memcpy((char *)block_at(s, at) + 8, entry_value(s, e), old);
		if (e->moved != 0)
			block_give(s, e->moved);
		e->moved = at;
	}
	e->nvalue = (uint32_t)size;
	v = entry_value(s, e);
	if (size > old)
		memset(v + old, 0, size - old);
	return v;
}

/* The first entry at or behind a place. */
static state_ref
walk(const struct state *s, uint64_t at)
{
	uint64_t end = (uint64_t)s->nchunks * CHUNK_UNITS;

	while (at < end) {
		struct entry *e;

		if (s->chunks[at >> CHUNK_BITS] == NULL) {
			at = ((at >> CHUNK_BITS) + 1) << CHUNK_BITS;
			continue;
		}
		if (at == s->bump && s->bump < s->bump_end) {
			at = s->bump_end;
			continue;
		}
		e = entry_at(s, (state_ref)at);
		if (e->nkey < BLOCK_VALUE)
			return (state_ref)at;
		at += e->units;
	}
	return STATE_NONE;
}

state_ref
state_first(const struct state *s)
{
	return walk(s, 1);
}

state_ref
state_next(const struct state *s, state_ref r)
{
	if (s->chunks[r >> CHUNK_BITS] == NULL) /* it was deleted */
		return walk(s, (uint64_t)((r >> CHUNK_BITS) + 1) << CHUNK_BITS);
	return walk(s, (uint64_t)r + entry_at(s, r)->units);
}

size_t
state_count(const struct state *s)
{
	return s->count;
}

size_t
state_bytes(const struct state *s)
{
	return s->units * 8 + s->nslots * sizeof *s->slots +
		s->changed_cap * sizeof *s->changed +
		s->heap_cap * sizeof *s->heap + s->deleted.cap;
}

void
state_set_due(struct state *s, state_ref r, int64_t moment)
{
	struct entry *e = entry_at(s, r);

	changed_mark(s, r, e);
	if (moment == STATE_NEVER) {
		heap_remove(s, e);
		return;
	}
	if (e->due == 0) {
		if (s->nheap == s->heap_cap) {
			s->heap_cap += s->heap_cap / 4 + 64;
			s->heap = mem_realloc(
				s->heap, s->heap_cap * sizeof *s->heap);
		}
		e->due = ++s->nheap;
	}
	heap_settle(s, e->due - 1, (struct moment){moment, r});
}

int64_t
state_get_due(const struct state *s, state_ref r)
{
	uint32_t i = entry_at(s, r)->due;

	return i == 0 ? STATE_NEVER : s->heap[i - 1].at;
}

state_ref
state_due(struct state *s, int64_t upto)
{
	struct entry *e;
	state_ref r;

	if (s->nheap == 0 || s->heap[0].at > upto)
		return STATE_NONE;
	r = s->heap[0].ref;
	e = entry_at(s, r);
	heap_remove(s, e);
	changed_mark(s, r, e);
	return r;
}

const state_ref *
state_changed(const struct state *s, size_t *n)
{
	*n = s->nchanged;
	return s->changed;
}

void
state_settle(struct state *s)
{
	uint32_t i;

	for (i = 0; i < s->nchanged; i++)
		entry_at(s, s->changed[i])->changed = 0;
	s->nchanged = 0;
	buf_clear(&s->deleted);
	s->cleared = false;
}

/* Saved form. */

static void
save_entry(const struct state *s, state_ref r, struct buf *out)
{
	struct entry *e = entry_at(s, r);
	int64_t moment = state_get_due(s, r);
	size_t n = (size_t)e->nkey + e->nvalue + 17;
	char *p = buf_need(out, n);

	*p++ = 'P';
	put32(p, e->nkey);
	put32(p + 4, e->nvalue);
	put64(p + 8, (uint64_t)moment);
	memcpy(p + 16, entry_key(e), e->nkey);
	memcpy(p + 16 + e->nkey, entry_value(s, e), e->nvalue);
	out->n += n;
}

void
state_save_delta(const struct state *s, struct buf *out)
{
	uint32_t i;

	if (s->cleared)
		buf_byte(out, 'A');
	buf_add(out, s->deleted.p, s->deleted.n);
	for (i = 0; i < s->nchanged; i++)
		save_entry(s, s->changed[i], out);
}

void
state_save_all(const struct state *s, struct buf *out)
{
	state_ref r;

	buf_byte(out, 'A');
	for (r = state_first(s); r != STATE_NONE; r = state_next(s, r))
		save_entry(s, r, out);
}

/* One record; the bytes that it takes, 0 if it is none. */
static size_t
load_one(struct state *s, const char *p, size_t n, struct err *err)
{
	uint32_t nkey, nvalue;
	int64_t moment;
	state_ref r;
	bool made;

	if (*p == 'A') {
		state_clear(s);
		return 1;
	}
	if (n < 5)
		return 0;
	nkey = get32(p + 1);
	if (*p == 'D' && n - 5 >= nkey) {
		r = state_find(s, p + 5, nkey);
		if (r != STATE_NONE)
			state_delete(s, r);
		return 5 + (size_t)nkey;
	}
	if (*p != 'P' || n < 17)
		return 0;
	nvalue = get32(p + 5);
	moment = (int64_t)get64(p + 9);
	if (nkey > KEY_MAX || nvalue > UINT32_MAX - 64 ||
		n - 17 < (size_t)nkey + nvalue)
		return 0;
	r = state_make(s, p + 17, nkey, nvalue, &made, err);
	if (r == STATE_NONE)
		return 0;
	memcpy(state_resize(s, r, nvalue), p + 17 + nkey, nvalue);
	state_set_due(s, r, moment);
	return 17 + (size_t)nkey + nvalue;
}

int
state_load(struct state *s, const void *p, size_t n, struct err *err)
{
	size_t at, used;

	for (at = 0; at < n; at += used) {
		err->text[0] = '\0';
		used = load_one(s, (const char *)p + at, n - at, err);
		if (used == 0 && err->text[0] != '\0')
			return -1;
		if (used == 0)
			return err_as(err, STATUS_DAMAGED,
				"the saved state is damaged at byte %zu", at);
	}
	state_settle(s);
	return 0;
}
