/*
 * footer: what a Parquet file says of itself: its columns and where they are.
 */
#ifndef BIEF_FOOTER_H
#define BIEF_FOOTER_H

#include <stddef.h>
#include <stdint.h>

#include "parquet/codec.h"

struct err;
struct node;
struct schema;

struct footer_chunk {
	enum codec codec;
	uint64_t values;
	int64_t begin, end; /* its pages */
};

struct footer_group {
	uint64_t rows;
	struct footer_chunk *chunks; /* by leaf */
};

struct footer {
	struct schema *schema;
	struct node *root; /* of it */
	int leaves;
	size_t ngroups;
	struct footer_group *groups;
	uint64_t rows;
};

/* Of an open file.  0, or -1 with a message: what it is that cannot be read. */
int footer_read(struct footer *f, int fd, struct err *err);
void footer_release(struct footer *f);

#endif
