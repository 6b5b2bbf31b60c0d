/*
 * Messages of records: damaged ones must be refused, or give a record whose
 * bytes are all within the message; what was taken is packed and taken again,
 * and prints the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "value/json.h"
#include "value/pack.h"
#include "value/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static void
again(struct pack *p, struct unpack *u, const struct record *r)
{
	struct buf out, a, b;
	struct record back;
	size_t at = 0, size = 0;
	unsigned kind;

	buf_init(&out);
	buf_init(&a);
	buf_init(&b);
	pack_add(p, r, &out);
	do {
		kind = unpack_next(u, out.p + at, out.n - at, &size, &back);
		at += size;
	} while (kind == PACK_SHAPE);
	MUST(kind == PACK_RECORD && at == out.n);
	record_print(r, &a);
	record_print(&back, &b);
	MUST(a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0));
	buf_release(&out);
	buf_release(&a);
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shapes *shapes = shape_set_new();
	struct unpack u, u2;
	struct pack p;
	char *m = aligned_alloc(16, (size + JSON_PADDING + 15) / 16 * 16);
	size_t n = 0;
	struct record r;

	memset(m, 0, size + JSON_PADDING);
	if (size > 0)
		memcpy(m, data, size);
	pack_init(&p);
	unpack_init(&u, shapes);
	unpack_init(&u2, shapes);
	for (size_t at = 0; at < size; at += n) {
		unsigned kind = unpack_next(&u, m + at, size - at, &n, &r);

		if (kind == PACK_DAMAGED)
			break;
		if (kind == PACK_RECORD)
			again(&p, &u2, &r);
	}
	pack_release(&p);
	unpack_release(&u);
	unpack_release(&u2);
	shape_set_free(shapes);
	free(m);
	return 0;
}
