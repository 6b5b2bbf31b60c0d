/*
 * arena: chunks that double in size.
 */
#include "floor/arena.h"

#include <stdlib.h>

#include "floor/mem.h"

#define ARENA_FIRST 4096

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	_Alignas(16) char bytes[];
};

void
arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

static void
free_chunks(struct arena_chunk *c)
{
	struct arena_chunk *next;

	for (; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
}

void
arena_release(struct arena *a)
{
	free_chunks(a->chunk);
	arena_init(a);
}

void
arena_clear(struct arena *a)
{
	struct arena_chunk *c = a->chunk;

	if (c == NULL)
		return;
	/* The newest chunk is the largest. */
	free_chunks(c->next);
	c->next = NULL;
	a->p = c->bytes;
	a->end = c->bytes + c->size;
}

size_t
arena_used(const struct arena *a)
{
	const struct arena_chunk *c = a->chunk;

	if (c == NULL)
		return 0;
	/* Chunks double: the older ones have the size of the last of them
	 * again. */
	return (size_t)(a->p - c->bytes) +
		(c->next != NULL ? 2 * c->next->size : 0);
}

void *
arena_grow(struct arena *a, size_t n)
{
	size_t size = a->chunk != NULL ? a->chunk->size * 2 : ARENA_FIRST;
	struct arena_chunk *c;

	while (size < n)
		size *= 2;
	c = mem_alloc(sizeof(*c) + size);
	c->next = a->chunk;
	c->size = size;
	a->chunk = c;
	a->p = c->bytes + n;
	a->end = c->bytes + size;
	return c->bytes;
}
