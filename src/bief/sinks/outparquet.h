/*
 * outparquet: the files of a batch in a directory (outdir.h) as Parquet.
 */
#ifndef BIEF_OUTPARQUET_H
#define BIEF_OUTPARQUET_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct outdir;
struct outfile;
struct outparquet;
struct schema;
struct value;

/* The schema must live until the batch has ended. */
struct outparquet *outparquet_new(struct outdir *d);
void outparquet_free(struct outparquet *o);
/* A row of this file.  0; 1 when a value does not fit, and why; -1. */
int outparquet_add(struct outparquet *o, struct outfile *f,
	const struct schema *s, const struct value *const *values,
	struct err *err);
/* The batch is complete: end its files. */
int outparquet_end(struct outparquet *o, struct err *err);
/* Forget them. */
void outparquet_clear(struct outparquet *o);

#endif
