/*
 * join_ahead: see join_ahead.h.  While keys are added their bytes may move: so a
 * key has its length alone until all are there.
 */
#include "join/join_ahead.h"

#include <stdlib.h>

#include "floor/mem.h"

void
join_ahead_release(struct join_ahead *a)
{
	free(a->keys);
	buf_release(&a->bytes);
}

void
join_ahead_begin(struct join_ahead *a, const struct record *r)
{
	a->r = r;
	a->n = a->used = 0;
	buf_clear(&a->bytes);
}

void
join_ahead_add(struct join_ahead *a, bool known, bool null)
{
	struct join_ahead_key *k;

	if (a->n == a->cap) {
		a->cap = a->cap ? 2 * a->cap : 64;
		a->keys = mem_realloc(a->keys, a->cap * sizeof(*a->keys));
	}
	k = &a->keys[a->n++];
	*k = (struct join_ahead_key){.key.n = (uint32_t)(a->bytes.n - a->used),
		.known = known,
		.null = null};
	a->used = a->bytes.n;
}

void
join_ahead_ready(struct join_ahead *a)
{
	const char *p = a->bytes.p;

	for (size_t i = 0; i < a->n; i++) {
		struct join_key *k = &a->keys[i].key;

		*k = join_key_of(p, k->n);
		p += k->n;
	}
}
