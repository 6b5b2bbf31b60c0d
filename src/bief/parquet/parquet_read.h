/*
 * parquet_read: the rows of a Parquet file.
 */
#ifndef BIEF_PARQUET_READ_H
#define BIEF_PARQUET_READ_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct parquet_reader;
struct schema;
struct value;

/* NULL with a message that names the file. */
struct parquet_reader *parquet_read_open(const char *path, struct err *err);
/* Of an open file, which stays the caller's; messages do not name it. */
struct parquet_reader *parquet_read_file(int fd, struct err *err);
void parquet_read_free(struct parquet_reader *r);
const struct schema *parquet_read_schema(const struct parquet_reader *r);
uint64_t parquet_read_rows(const struct parquet_reader *r);
/* Read some fields of the schema only: one flag each.  Before the first row. */
void parquet_read_only(struct parquet_reader *r, const bool *wanted);
/* A value for each field of the schema (null: not wanted), until the next call.
 * 1; 0 at the end; -1. */
int parquet_read_row(
	struct parquet_reader *r, struct value *v, struct err *err);

#endif
