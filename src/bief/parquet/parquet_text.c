/*
 * parquet_text: see parquet_text.h.
 */
#include "parquet/parquet_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "value/value.h"
#include "types/schema.h"
#include "parquet/parquet_read.h"

#define END ".parquet"
#define BLOCK ((size_t)64 << 10) /* bytes of text that are made at once */
#define ROWS 64                  /* that are read at once */

struct parquet_text {
	struct parquet_reader *r;
	const struct schema *s;
	struct value *v;
	struct buf *names; /* "name": */
	struct buf text;
	size_t at;
	bool ended;
};

bool
parquet_text_is(const char *path)
{
	size_t n = strlen(path);

	return n > strlen(END) && strcmp(path + n - strlen(END), END) == 0;
}

struct parquet_text *
parquet_text_new(int fd, struct err *err)
{
	struct parquet_reader *r = parquet_read_file(fd, err);
	struct parquet_text *t;

	if (r == NULL) {
		errno = EBADMSG;
		return NULL;
	}
	t = mem_zalloc(sizeof(*t));
	t->r = r;
	t->s = parquet_read_schema(r);
	t->v = mem_alloc(ROWS * (t->s->n + 1) * sizeof(*t->v));
	t->names = mem_zalloc((t->s->n + 1) * sizeof(*t->names));
	for (size_t i = 0; i < t->s->n; i++) {
		buf_byte(&t->names[i], i > 0 ? ',' : '{');
		json_quote_any(
			&t->names[i], t->s->f[i].name, strlen(t->s->f[i].name));
		buf_byte(&t->names[i], ':');
	}
	return t;
}

void
parquet_text_free(struct parquet_text *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->s->n; i++)
		buf_release(&t->names[i]);
	free(t->names);
	free(t->v);
	buf_release(&t->text);
	parquet_read_free(t->r);
	free(t);
}

static void
print_row(struct parquet_text *t, const struct value *v)
{
	for (size_t i = 0; i < t->s->n; i++) {
		buf_add(&t->text, t->names[i].p, t->names[i].n);
		value_print(&v[i], &t->text);
	}
	buf_str(&t->text, "}\n");
}

static int
make(struct parquet_text *t, struct err *err)
{
	int n = 1;

	buf_clear(&t->text);
	t->at = 0;
	while (n > 0 && t->text.n < BLOCK) {
		n = parquet_read_rows(t->r, t->v, t->s->n, ROWS, err);
		for (int i = 0; i < n; i++)
			print_row(t, t->v + (size_t)i * t->s->n);
	}
	t->ended = n == 0;
	return n < 0 ? -1 : 0;
}

ssize_t
parquet_text_read(struct parquet_text *t, char *out, size_t n, struct err *err)
{
	if (t->at == t->text.n && !t->ended && make(t, err) < 0) {
		t->ended = true;
		errno = EBADMSG;
		return -1;
	}
	if (n > t->text.n - t->at)
		n = t->text.n - t->at;
	if (n > 0)
		memcpy(out, t->text.p + t->at, n);
	t->at += n;
	return (ssize_t)n;
}
