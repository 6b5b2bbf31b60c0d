/*
 * parquet_write: Parquet files, by Apache Parquet's format, written from front
 * to back.
 *
 * Rows are gathered in memory by column until a row group is large enough; its
 * bytes are then at hand to be written by who calls.  Physical types and the
 * forms of lists and maps are those of Spark.
 */
#ifndef BIEF_PARQUET_WRITE_H
#define BIEF_PARQUET_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parquet/codec.h"

struct buf;
struct err;
struct parquet_writer;
struct schema;
struct value;

#define PARQUET_WRITE_GROUP ((size_t)64 << 20) /* bytes of a row group */

/* The schema must outlive the writer.  NULL with a message; STATUS_USAGE for a
 * schema that no file can have. */
struct parquet_writer *parquet_write_new(
	const struct schema *s, enum codec codec, struct err *err);
void parquet_write_free(struct parquet_writer *w);

/* A row: a value for each field of the schema (NULL is a null).  0; 1 when one
 * does not fit, and why, and nothing was added. */
int parquet_write_row(struct parquet_writer *w,
	const struct value *const *values, struct err *err);
/* Bytes of rows in memory: call parquet_write_group when they are too many. */
size_t parquet_write_held(const struct parquet_writer *w);
/* Make a row group of them; the file's end.  0 or -1. */
int parquet_write_group(struct parquet_writer *w, struct err *err);
int parquet_write_end(struct parquet_writer *w, struct err *err);
/* The bytes of the file that are next; until the next call. */
const char *parquet_write_take(struct parquet_writer *w, size_t *n);
uint64_t parquet_write_rows(const struct parquet_writer *w);

/* What a table of Delta's log says of the file: the first columns' bounds, as
 * {"numRecords":7,...}.  After the end. */
void parquet_write_stats(const struct parquet_writer *w, struct buf *out);

#endif
