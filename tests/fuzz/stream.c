/*
 * A stream with control lines: the first line is its header, which must come
 * out the same when it is printed and read again; the batches that the other
 * lines tell of must begin and end in their order.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "value/json.h"
#include "runtime/loop/control.h"
#include "runtime/plan/plan.h"
#include "io/stream/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

/* Read a header and print it; 0 or -1. */
static int
header(const char *line, size_t n, struct buf *out)
{
	struct value body;
	struct err err;
	struct plan p;

	if (control_read(line, n, &body, &err) < 0 ||
		plan_parse(&p, &body, &err) < 0)
		return -1;
	buf_clear(out);
	plan_print(&p, out);
	buf_need(out, JSON_PADDING);
	plan_release(&p);
	return 0;
}

static void
batches(struct control_place *at, const char *line, size_t n)
{
	struct control_place before = *at;
	struct control_event e;
	struct err err;

	if (control_take(at, line, n, &e, &err) < 0)
		return;
	if (e.kind == EVENT_BEGIN) {
		MUST(!before.open && at->open);
		MUST(!before.any || e.batch.number - 1 == before.number);
	}
	if (e.kind == EVENT_END)
		MUST(before.open && !at->open &&
			e.batch.number == before.number);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size, *lf;
	struct control_place at = {0};
	struct buf once, twice;
	bool first = true;

	buf_init(&once);
	buf_init(&twice);
	for (; data < end; data = lf + 1, first = false) {
		char *line;
		size_t n;

		lf = memchr(data, '\n', (size_t)(end - data));
		if (lf == NULL)
			lf = end;
		n = (size_t)(lf - data);
		line = malloc(n + JSON_PADDING);
		memcpy(line, data, n);
		memset(line + n, '7', JSON_PADDING);
		if (first && header(line, n, &once) == 0) {
			MUST(stream_line(once.p, once.n) == STREAM_CONTROL);
			MUST(header(once.p, once.n, &twice) == 0);
			MUST(once.n == twice.n &&
				memcmp(once.p, twice.p, once.n) == 0);
		} else if (!first)
			batches(&at, line, n);
		free(line);
	}
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
