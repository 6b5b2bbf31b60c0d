/*
 * slots: the room doubles, and there is always more than was asked for, so that a
 * few fields can be added without a look at it.
 */
#include "value/slots.h"

#include <stdlib.h>

#include "floor/mem.h"
#include "value/value.h"

void
slots_release(struct slots *s)
{
	free(s->v);
	s->v = NULL;
	s->cap = 0;
}

struct value *
slots_need(struct slots *s, uint32_t n)
{
	if (s->cap < n + RECORD_SPARE) {
		uint32_t cap = s->cap < 16 ? 32 : s->cap * 2;

		if (cap < n + RECORD_SPARE)
			cap = n + RECORD_SPARE;
		s->v = mem_realloc(s->v, cap * sizeof s->v[0]);
		s->cap = cap;
	}
	return s->v;
}
