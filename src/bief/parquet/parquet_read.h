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
/* What a row is to have: fields of the schema, in this order; -1: of no field,
 * its value is never written.  All of them, if it is not said.  Before the first
 * row. */
void parquet_read_choose(struct parquet_reader *r, const int *fields, size_t n);
/*
 * Up to most further rows: the values of one stand at v, of the next at v +
 * stride ...; what they hold lives until the next call.  How many, 0 at the end,
 * -1.
 */
int parquet_read_rows(struct parquet_reader *r, struct value *v, size_t stride,
	size_t most, struct err *err);
/* One of them: 1, 0 at the end, -1. */
int parquet_read_row(
	struct parquet_reader *r, struct value *v, struct err *err);
/* Pass over n rows: 1, 0 where there are not so many, -1. */
int parquet_read_skip(struct parquet_reader *r, uint64_t n, struct err *err);

#endif
