/*
 * Schemas: what is read must print, and what is printed must be read again and
 * print the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "types/schema.h"
#include "floor/mem.h"
#include "types/schema_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_dup((const char *)data, size);
	struct schema *s, *again;
	struct buf a, b;
	struct err err;

	buf_init(&a);
	buf_init(&b);
	s = schema_parse(text, &err);
	if (s != NULL && s->n > 0) {
		schema_print(s, &a);
		again = schema_parse(buf_cstr(&a), &err);
		if (again == NULL)
			abort();
		schema_print(again, &b);
		if (a.n != b.n || memcmp(a.p, b.p, a.n) != 0)
			abort();
		schema_free(again);
	}
	schema_free(s);
	buf_release(&a);
	buf_release(&b);
	free(text);
	return 0;
}
