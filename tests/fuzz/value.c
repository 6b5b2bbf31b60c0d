/*
 * Key bytes: decoding damaged ones must stay within them; what decodes must
 * encode to bytes that decode to the same again.  The input also stands for the
 * text of a string: it must come back from its JSON form.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "value/value.h"
#include "value/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static void
decode(const char *s, size_t size)
{
	struct value v, again;
	struct buf a, b;
	size_t n = key_decode(&v, s, size);

	MUST(n <= size);
	/* Numbers and JSON are only ever encoded when they are valid. */
	if (n == 0 || v.type == VALUE_NUMBER)
		return;
	buf_init(&a);
	buf_init(&b);
	key_encode(&v, &a);
	MUST(key_decode(&again, a.p, a.n) == a.n);
	MUST(key_compare(&v, &again) == 0);
	value_print(&again, &b);
	buf_release(&a);
	buf_release(&b);
}

static void
text(const char *s, size_t size)
{
	struct buf a, b;
	struct value v;
	const char *back;
	size_t n;

	buf_init(&a);
	buf_init(&b);
	v = value_text(s, size, &a);
	back = value_string(&v, &n, &b);
	MUST(n == size);
	MUST(n == 0 || memcmp(back, s, n) == 0);
	buf_release(&a);
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	struct value v;

	decode(s, size);
	text(s, size);
	/* As the text of a string, whatever its escapes. */
	v = value_json_string(s, size, size > 0 && memchr(s, '\\', size));
	MUST(key_compare(&v, &v) == 0);
	return 0;
}
