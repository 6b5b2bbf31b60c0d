/*
 * Server-Sent Events: however the bytes are cut, the same events come of them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sources/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static void
put(struct buf *out, const struct buf *b)
{
	buf_add(out, b->p, b->n);
	buf_byte(out, '\n');
}

static int
event(void *arg, struct sse *s)
{
	MUST(s->data.n <= s->max);
	put(arg, &s->type);
	put(arg, &s->id);
	put(arg, &s->data);
	return 0;
}

static int
refused(void *arg, struct sse *s)
{
	buf_str(arg, "refused\n");
	return 0;
}

/* Read it in pieces of a size, and what comes of it. */
static void
read_in(const uint8_t *data, size_t size, size_t piece, struct buf *out)
{
	struct sse s;
	size_t i, n;

	sse_init(&s);
	s.max = 40;
	s.event = event;
	s.refused = refused;
	s.arg = out;
	for (i = 0; i < size; i += n) {
		/* A copy, so that a sanitizer sees reads behind its end. */
		char *copy;

		n = size - i < piece ? size - i : piece;
		copy = malloc(n);
		memcpy(copy, data + i, n);
		MUST(sse_feed(&s, copy, n) == 0);
		free(copy);
	}
	buf_printf(out, "%lld", (long long)s.retry_ms);
	put(out, &s.id);
	sse_release(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = {1, 2, 3, 7};
	struct buf whole, parts;

	buf_init(&whole);
	read_in(data, size, size > 0 ? size : 1, &whole);
	for (size_t i = 0; i < 4; i++) {
		buf_init(&parts);
		read_in(data, size, pieces[i], &parts);
		MUST(parts.n == whole.n);
		MUST(memcmp(parts.p, whole.p, whole.n) == 0);
		buf_release(&parts);
	}
	buf_release(&whole);
	return 0;
}
