/*
 * state_block: the arena: places in chunks of 2 MiB, and blocks in them.
 *
 * What is freed is kept by size and used again; blocks larger than half a
 * chunk have chunks of their own, which go back to the system.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "recovery/state/state.h"
#include "recovery/state/state_impl.h"

#define LARGE (STATE_CHUNK_UNITS / 2)
#define CHUNKS_MAX (UINT32_C(1) << (32 - STATE_CHUNK_BITS))
#define FEW_CHUNKS 4 /* beyond, a state is large */

/* The list for blocks of this length, and the length that they have. */
static unsigned
state_block_class(uint32_t units, uint32_t *length)
{
	unsigned e;
	uint32_t step;

	if (units <= STATE_CLASS_EXACT) {
		*length = units;
		return units;
	}
	e = 31 - (unsigned)__builtin_clz(units - 1);
	step = UINT32_C(1) << (e - 2);
	*length = (units + step - 1) & ~(step - 1);
	return STATE_CLASS_EXACT + 4 * (e - 6) +
		((*length - (UINT32_C(1) << e)) >> (e - 2));
}

static void
state_block_unuse(struct state *s, uint32_t at, uint32_t units)
{
	struct state_free *b = state_at(s, at);
	uint32_t length;
	unsigned class = state_block_class(units, &length);

	b->units = units;
	b->kind = STATE_BLOCK_FREE;
	if (units < 2)
		return; /* no room for the link */
	assert(length == units);
	b->next = s->unused[class];
	s->unused[class] = at;
}

/* Cut what is left of the newest chunk into blocks that have a list. */
static void
state_block_retire(struct state *s)
{
	while (s->bump < s->bump_end) {
		uint32_t left = s->bump_end - s->bump, n = left, length;

		if (n > STATE_CLASS_EXACT) {
			unsigned e = 31 - (unsigned)__builtin_clz(n);

			n &= ~((UINT32_C(1) << (e - 2)) - 1);
		}
		state_block_class(n, &length);
		assert(length == n);
		state_block_unuse(s, s->bump, n);
		s->bump += n;
	}
}

/* n chunks in a row; the place of the first, or CHUNKS_MAX. */
static uint32_t
state_block_chunks(struct state *s, uint32_t n)
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
	p = (at < FEW_CHUNKS ? mem_alloc : mem_large)(
		(size_t)n * STATE_CHUNK_UNITS * 8);
	for (i = 0; i < n; i++)
		s->chunks[at + i] = p + (size_t)i * STATE_CHUNK_UNITS * 8;
	return at;
}

/* Go on with a new chunk. */
static int
state_block_chunk(struct state *s)
{
	uint32_t at;

	state_block_retire(s);
	at = state_block_chunks(s, 1);
	if (at == CHUNKS_MAX)
		return -1;
	s->bump = at * STATE_CHUNK_UNITS + (at == 0); /* place 0 means none */
	s->bump_end = (at + 1) * STATE_CHUNK_UNITS;
	return 0;
}

/* Chunks of its own for a large block. */
static uint32_t
state_block_take_large(struct state *s, size_t units, uint32_t *length)
{
	size_t n = (units + STATE_CHUNK_UNITS - 1) / STATE_CHUNK_UNITS;
	uint32_t at;

	if (n >= CHUNKS_MAX || (s->nchunks == 0 && state_block_chunk(s) < 0))
		return 0;
	at = state_block_chunks(s, (uint32_t)n);
	if (at == CHUNKS_MAX)
		return 0;
	*length = (uint32_t)n * STATE_CHUNK_UNITS;
	return at * STATE_CHUNK_UNITS;
}

static uint32_t
state_block_take_small(struct state *s, uint32_t units, uint32_t *length)
{
	unsigned class = state_block_class(units, length);
	uint32_t at = s->unused[class];

	if (at != 0) {
		s->unused[class] = ((struct state_free *)state_at(s, at))->next;
		return at;
	}
	if (s->bump_end - s->bump < *length && state_block_chunk(s) < 0)
		return 0;
	at = s->bump;
	s->bump += *length;
	return at;
}

/* A block for so many bytes, its units set; 0 if there is no place left. */
uint32_t
state_block_take(struct state *s, size_t bytes)
{
	size_t want = (bytes + 7) / 8;
	uint32_t at, units;

	at = want > LARGE ? state_block_take_large(s, want, &units)
			  : state_block_take_small(s, (uint32_t)want, &units);
	if (at == 0)
		return 0;
	s->units += units;
	*(uint32_t *)state_at(s, at) = units;
	return at;
}

void
state_block_give(struct state *s, uint32_t at)
{
	uint32_t units = *(uint32_t *)state_at(s, at);

	s->units -= units;
	if (units < STATE_CHUNK_UNITS) {
		state_block_unuse(s, at, units);
		return;
	}
	at >>= STATE_CHUNK_BITS;
	free(s->chunks[at]);
	memset(&s->chunks[at], 0,
		(units >> STATE_CHUNK_BITS) * sizeof *s->chunks);
}
