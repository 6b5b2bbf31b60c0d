/*
 * arena: chunks that double in size.
 */
#include "floor/arena.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "floor/mem.h"

#define ARENA_FIRST 4096
#define HUGE_PAGE ((uintptr_t)2 << 20)
#define ARENA_LARGE (4 * HUGE_PAGE) /* a chunk for which they are worth it */

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

/* What is looked at all over is in reach of the processor by fewer, larger
 * pages, and there sooner.  A kernel without them says no, which is fine. */
static void
ask_for_huge_pages(struct arena_chunk *c)
{
	uintptr_t from = ((uintptr_t)c->bytes + HUGE_PAGE - 1) &
		~(HUGE_PAGE - 1);
	uintptr_t to = ((uintptr_t)c->bytes + c->size) & ~(HUGE_PAGE - 1);

	if (c->size >= ARENA_LARGE)
		madvise((void *)from, to - from, MADV_HUGEPAGE);
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
	ask_for_huge_pages(c);
	a->chunk = c;
	a->p = c->bytes + n;
	a->end = c->bytes + size;
	return c->bytes;
}
