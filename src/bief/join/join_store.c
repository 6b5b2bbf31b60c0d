/*
 * join_store: see join_store.h.
 *
 * A reference is a place in chunks, in units of 8 bytes, as in a state.  Rows
 * stand one behind the other; where one does not fit into what is left of a
 * chunk any more, a row with nothing before it says that the next is in another.
 */
#include "join/join_store.h"

#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"

#define CHUNKS_MAX (UINT32_C(1) << (32 - JOIN_STORE_CHUNK_BITS))
#define FEW_CHUNKS 4 /* beyond, there is much */
#define HEAD (sizeof(struct join_row) / 8)
#define PADDING ((JSON_PADDING + 7) / 8) /* behind the last row of a piece */

void
join_store_init(struct join_store *s, struct state *state, bool own)
{
	join_store_release(s);
	s->state = state;
	s->own = own;
}

void
join_store_release(struct join_store *s)
{
	for (uint32_t i = 0; i < s->nchunks; i++)
		free(s->chunks[i]);
	free(s->chunks);
	*s = (struct join_store){.own = false};
}

/* How many units a row takes. */
static inline uint64_t
store_units(const struct join_row *row)
{
	return HEAD + ((uint64_t)join_store_nkey(row) + row->matched + 7) / 8;
}

static uint64_t
store_up(uint64_t place)
{
	return (place + JOIN_STORE_CHUNK - 1) &
		~(uint64_t)(JOIN_STORE_CHUNK - 1);
}

/* Go on in a new piece with room for so many units; false: there are no places
 * left. */
static bool
store_piece(struct join_store *s, uint64_t units)
{
	uint32_t at = s->nchunks;
	uint64_t n = store_up(units + (at == 0) + PADDING) / JOIN_STORE_CHUNK;

	if (n > CHUNKS_MAX - at)
		return false;
	/* In front of what is only readable there is room for this. */
	if (s->next < (uint64_t)at * JOIN_STORE_CHUNK)
		join_store_at(s, (state_ref)s->next)->before = STATE_NONE;
	if (at + n > s->cap) {
		s->cap = (uint32_t)(at + n) * 2;
		s->chunks = mem_realloc(s->chunks, s->cap * sizeof(*s->chunks));
	}
	memset(s->chunks + at, 0, n * sizeof(*s->chunks));
	s->chunks[at] = (at < FEW_CHUNKS ? mem_alloc : mem_large)(
		(size_t)n * JOIN_STORE_CHUNK * 8);
	s->nchunks += (uint32_t)n;
	/* Place 0 means none. */
	s->next = (uint64_t)at * JOIN_STORE_CHUNK + (at == 0);
	s->end = (uint64_t)s->nchunks * JOIN_STORE_CHUNK - PADDING;
	return true;
}

state_ref
join_store_put(struct join_store *s, int side, const char *key, uint32_t nkey,
	const struct buf *text, bool matched, struct err *err)
{
	struct join_row head = {.nkey = nkey |
			(side == 1 ? JOIN_STORE_RIGHT : 0) |
			(matched ? JOIN_STORE_MATCHED : 0),
		.matched = (uint32_t)text->n};
	uint64_t units = store_units(&head);
	struct join_row *row;
	state_ref r;

	if (s->end - s->next < units && !store_piece(s, units)) {
		err_set(err, "the join has no room for another row");
		return STATE_NONE;
	}
	r = (state_ref)s->next;
	row = join_store_at(s, r);
	*row = head;
	if (nkey > 0)
		memcpy(row + 1, key, nkey);
	memcpy((char *)(row + 1) + nkey, text->p, text->n);
	s->next += units;
	/* Only the first chunk of a piece is known by its place. */
	if (s->next > store_up((uint64_t)r + 1))
		s->next = s->end = (uint64_t)s->nchunks * JOIN_STORE_CHUNK;
	s->bytes += (size_t)units * 8;
	s->count++;
	return r;
}

const char *
join_store_text(const struct join_store *s, state_ref r, size_t *n)
{
	const struct join_row *row;
	size_t nkey;

	if (s->own) {
		row = join_store_at(s, r);
		*n = row->matched;
		return (const char *)(row + 1) + join_store_nkey(row);
	}
	row = state_value(s->state, r, n);
	nkey = sizeof(*row) + row->nkey;
	*n -= nkey;
	return (const char *)row + nkey;
}

bool
join_store_matched(const struct join_store *s, state_ref r)
{
	const struct join_row *row = join_store_row(s, r);

	return s->own ? (row->nkey & JOIN_STORE_MATCHED) != 0 : row->matched;
}

void
join_store_match(struct join_store *s, state_ref r)
{
	if (s->own)
		join_store_at(s, r)->nkey |= JOIN_STORE_MATCHED;
	else
		((struct join_row *)state_change(s->state, r))->matched = 1;
}

/* The row at a place or behind it: some are the end of their chunk. */
static state_ref
store_from(const struct join_store *s, uint64_t at)
{
	while (at < s->next &&
		(s->chunks[at >> JOIN_STORE_CHUNK_BITS] == NULL ||
			join_store_at(s, (state_ref)at)->before == STATE_NONE))
		at = store_up(at + 1);
	return at < s->next ? (state_ref)at : STATE_NONE;
}

state_ref
join_store_first(const struct join_store *s)
{
	return store_from(s, 1);
}

state_ref
join_store_next(const struct join_store *s, state_ref r)
{
	return store_from(s, r + store_units(join_store_at(s, r)));
}

int
join_store_side(const struct join_store *s, state_ref r)
{
	return (join_store_at(s, r)->nkey & JOIN_STORE_RIGHT) != 0;
}
