/*
 * A Parquet file: what is read of it are lines of JSON, and what is not of the
 * format is an error with a message.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "value/json.h"
#include "value/value.h"
#include "parquet/parquet_read.h"
#include "parquet/parquet_text.h"
#include "types/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST (1 << 20) /* bytes of lines: a few bytes may stand for many */

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static void
check_lines(struct buf *text)
{
	const char *p, *end, *lf;
	struct json_error why;
	struct value v;

	memset(buf_need(text, JSON_PADDING), 0, JSON_PADDING);
	p = text->p;
	end = p + text->n;
	while ((lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		MUST(json_read(p, lf, 0, &v, &why) == lf);
		MUST(v.type == VALUE_OBJECT);
		p = lf + 1;
	}
}

static void
read_text(int fd)
{
	struct err err = {.text = ""};
	struct parquet_text *t = parquet_text_new(fd, &err);
	struct buf text;
	ssize_t got = 1;

	if (t == NULL) {
		MUST(err.text[0] != '\0');
		return;
	}
	buf_init(&text);
	while (got > 0 && text.n < MOST) {
		got = parquet_text_read(t, buf_need(&text, 65536), 65536, &err);
		text.n += got > 0 ? (size_t)got : 0;
	}
	MUST(got >= 0 || err.text[0] != '\0');
	check_lines(&text);
	buf_release(&text);
	parquet_text_free(t);
}

/* Every other column alone, some rows passed over. */
static void
read_columns(int fd)
{
	struct err err;
	struct parquet_reader *r = parquet_read_file(fd, &err);
	const struct schema *s;
	struct value *v;
	int *fields;
	size_t i;

	if (r == NULL)
		return;
	s = parquet_read_schema(r);
	v = calloc((s->n + 1) * 3, sizeof(*v));
	fields = calloc(s->n + 1, sizeof(*fields));
	for (i = 0; i < s->n; i++)
		fields[i] = i % 2 == 0 ? (int)i : -1;
	parquet_read_choose(r, fields, s->n);
	if (parquet_read_skip(r, 2, &err) == 1)
		for (i = 0;
			i < 100 && parquet_read_rows(r, v, s->n, 3, &err) > 0;
			i++)
			continue;
	free(v);
	free(fields);
	parquet_read_free(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("parquet", 0);

	MUST(fd >= 0);
	MUST(write(fd, data, size) == (ssize_t)size);
	read_text(fd);
	read_columns(fd);
	close(fd);
	return 0;
}
