/*
 * arena: memory that is given back all at once.
 */
#ifndef BIEF_ARENA_H
#define BIEF_ARENA_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct arena_chunk;

struct arena {
	char *p, *end;
	struct arena_chunk *chunk;
};

void arena_init(struct arena *a);
void arena_release(struct arena *a);
/* Forget all that was given; the largest piece of memory is kept. */
void arena_clear(struct arena *a);
/* About how much has been given since it was cleared. */
size_t arena_used(const struct arena *a);
/* The slow part of arena_get. */
void *arena_grow(struct arena *a, size_t n);

/* n bytes, aligned for any type, as they come. */
static inline void *
arena_get(struct arena *a, size_t n)
{
	char *p = a->p;

	n = (n + 15) & ~(size_t)15;
	if ((size_t)(a->end - p) < n)
		return arena_grow(a, n);
	a->p = p + n;
	return p;
}

static inline void *
arena_zero(struct arena *a, size_t n)
{
	return memset(arena_get(a, n), 0, n);
}

/* A copy, ended with a NUL. */
static inline char *
arena_text(struct arena *a, const char *s, size_t n)
{
	char *p = arena_get(a, n + 1);

	if (n > 0)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

#endif
