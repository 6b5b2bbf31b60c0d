/*
 * Positions of files: bytes that are JSON, of any content, are taken or refused;
 * what is taken is the same when it is saved and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "err.h"
#include "files.h"
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

static bool
object(const char *p, size_t n, struct buf *b, struct value *v)
{
	struct json_error e;

	buf_clear(b);
	buf_add(b, p, n);
	buf_need(b, JSON_PADDING);
	return json_read(b->p, b->p + n, 0, v, &e) && v->type == VALUE_OBJECT;
}

static void
save(struct files *f, struct buf *out)
{
	struct file *at = files_next(f);

	buf_byte(out, '{');
	files_save(f, at, out);
	buf_byte(out, '}');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct files_how how = {.max_age_us = 1000000};
	struct files *f = files_new(&how);
	struct buf text, first, again;
	struct value v, w;
	struct err err;

	buf_init(&text);
	buf_init(&first);
	buf_init(&again);
	if (object((const char *)data, size, &text, &v) &&
		files_load(f, &v, &err) == 0) {
		save(f, &first);
		MUST(object(first.p, first.n, &again, &w));
		MUST(files_load(f, &w, &err) == 0);
		buf_clear(&again);
		save(f, &again);
		MUST(again.n == first.n &&
			memcmp(again.p, first.p, first.n) == 0);
		MUST(files_replay(f, NULL, &v, &err) == 0);
		MUST(files_replay(f, &v, &v, &err) == 0);
		MUST(files_look(f, &err) == 0);
	}
	files_free(f);
	buf_release(&text);
	buf_release(&first);
	buf_release(&again);
	return 0;
}
