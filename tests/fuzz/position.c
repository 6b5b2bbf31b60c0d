/*
 * Positions of files: what stands in a checkpoint is taken or refused, whatever
 * it is; what is taken is the same when it is written and read again.  The first
 * line is a position, the rest a piece of the log.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "sources/files/files.h"
#include "value/json.h"
#include "sources/positions.h"
#include "floor/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static void
position(const char *text)
{
	struct files_how how = {.max_age_us = 1000000};
	struct files *f = files_new(&how);
	struct positions p;
	struct buf first, again;
	struct err err;
	struct file *at;

	positions_init(&p);
	p.place.dir = mem_dup("/nowhere", 8);
	buf_init(&first);
	buf_init(&again);
	if (positions_seek(&p, f, text, NULL, &err) == 0) {
		at = files_take(f);
		MUST(positions_mark(&p, f, at, 0, &first, &err) == 0);
		files_table_drop(at);
		MUST(positions_seek(&p, f, buf_cstr(&first), NULL, &err) == 0);
		at = files_take(f);
		MUST(positions_mark(&p, f, at, 0, &again, &err) == 0);
		files_table_drop(at);
		MUST(strcmp(first.p, buf_cstr(&again)) == 0);
		MUST(positions_seek(&p, f, text, text, &err) == 0);
		MUST(positions_seek(&p, f, NULL, text, &err) == 0);
	}
	files_free(f);
	positions_close(&p);
	buf_release(&first);
	buf_release(&again);
}

static void
piece(const char *p, size_t n)
{
	struct files_how how = {.max_age_us = 1000000};
	struct files *f = files_new(&how);
	struct buf b;
	struct err err;

	buf_init(&b);
	buf_add(&b, p, n);
	buf_need(&b, JSON_PADDING);
	if (positions_piece(f, b.p, n, false, &err) == 0) {
		MUST(positions_piece(f, b.p, n, true, &err) == 0);
		MUST(files_look(f, &err) == 0);
		files_reset(f);
		MUST(positions_piece(f, b.p, n, true, &err) == 0);
	}
	files_free(f);
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	const char *lf = size > 0 ? memchr(s, '\n', size) : NULL;
	size_t n = lf ? (size_t)(lf - s) : size;
	char *text = mem_dup(s, n);

	position(text);
	if (lf)
		piece(lf + 1, size - n - 1);
	free(text);
	return 0;
}
