/*
 * outparquet: see outparquet.h.
 */
#include "sinks/outparquet.h"

#include <stdlib.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "parquet/parquet_write.h"
#include "sinks/outdir.h"

#define HELD_MOST (2 * PARQUET_WRITE_GROUP) /* bytes of rows, in all files */

struct part {
	struct outfile *file;
	struct parquet_writer *w;
};

struct outparquet {
	struct outdir *dir;
	struct part **parts;
	size_t n, room;
	size_t held;
};

struct outparquet *
outparquet_new(struct outdir *d)
{
	struct outparquet *o = mem_zalloc(sizeof(*o));

	o->dir = d;
	return o;
}

void
outparquet_clear(struct outparquet *o)
{
	for (size_t i = 0; i < o->n; i++) {
		parquet_write_free(o->parts[i]->w);
		free(o->parts[i]);
	}
	o->n = o->held = 0;
}

void
outparquet_free(struct outparquet *o)
{
	if (o == NULL)
		return;
	outparquet_clear(o);
	free(o->parts);
	free(o);
}

static struct part *
find_part(struct outparquet *o, struct outfile *f, const struct schema *s,
	struct err *err)
{
	void **tag = outdir_tag(f);
	struct parquet_writer *w;
	struct part *p = *tag;

	if (p != NULL)
		return p;
	w = parquet_write_new(s, CODEC_ZSTD, err);
	if (w == NULL)
		return NULL;
	if (o->n == o->room) {
		o->room = o->room * 2 + 16;
		o->parts = mem_realloc(o->parts, o->room * sizeof(*o->parts));
	}
	p = mem_zalloc(sizeof(*p));
	p->file = f;
	p->w = w;
	o->parts[o->n++] = p;
	*tag = p;
	return p;
}

static int
move(struct outparquet *o, struct part *p, bool row, struct err *err)
{
	struct buf *to = outdir_text(p->file);
	size_t n;
	const char *from = parquet_write_take(p->w, &n);

	buf_add(to, from, n);
	return outdir_gathered(o->dir, p->file, row, err);
}

static int
end_group(struct outparquet *o, struct part *p, struct err *err)
{
	return parquet_write_group(p->w, err) < 0 ? -1 : move(o, p, false, err);
}

int
outparquet_add(struct outparquet *o, struct outfile *f, const struct schema *s,
	const struct value *const *values, struct err *err)
{
	struct part *p = find_part(o, f, s, err);
	size_t before;
	int rc;

	if (p == NULL)
		return -1;
	before = parquet_write_held(p->w);
	rc = parquet_write_row(p->w, values, err);
	if (rc != 0)
		return rc;
	o->held += parquet_write_held(p->w) - before;
	if (move(o, p, true, err) < 0)
		return -1;
	if (parquet_write_held(p->w) >= PARQUET_WRITE_GROUP) {
		o->held -= parquet_write_held(p->w);
		return end_group(o, p, err);
	}
	if (o->held < HELD_MOST)
		return 0;
	o->held = 0;
	for (size_t i = 0; i < o->n; i++)
		if (end_group(o, o->parts[i], err) < 0)
			return -1;
	return 0;
}

int
outparquet_end(struct outparquet *o, struct err *err)
{
	for (size_t i = 0; i < o->n; i++)
		if (parquet_write_end(o->parts[i]->w, err) < 0 ||
			move(o, o->parts[i], false, err) < 0)
			return -1;
	outparquet_clear(o);
	return 0;
}
