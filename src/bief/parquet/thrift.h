/*
 * thrift: the compact protocol of Apache Thrift, in which Parquet writes what
 * it says of a file and of its pages.
 */
#ifndef BIEF_THRIFT_H
#define BIEF_THRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define THRIFT_DEPTH 16 /* structs in one another */

enum thrift_type {
	THRIFT_STOP = 0,
	THRIFT_TRUE = 1,
	THRIFT_FALSE = 2,
	THRIFT_BYTE = 3,
	THRIFT_I16 = 4,
	THRIFT_I32 = 5,
	THRIFT_I64 = 6,
	THRIFT_DOUBLE = 7,
	THRIFT_BINARY = 8,
	THRIFT_LIST = 9,
	THRIFT_SET = 10,
	THRIFT_MAP = 11,
	THRIFT_STRUCT = 12
};

/* Writing.  The bytes are appended to out; fields of a struct come in the order
 * of their ids.  Elements of a list are written without an id, structs among
 * them between thrift_begin and thrift_end. */
struct thrift_out {
	struct buf *out;
	int last[THRIFT_DEPTH]; /* id of the field before */
	int depth;
};
void thrift_begin(struct thrift_out *t);
void thrift_end(struct thrift_out *t);
void thrift_int(struct thrift_out *t, int id, int64_t v); /* i32 */
void thrift_long(struct thrift_out *t, int id, int64_t v);
void thrift_byte(struct thrift_out *t, int id, int v);
void thrift_bool(struct thrift_out *t, int id, bool v);
void thrift_text(struct thrift_out *t, int id, const void *p, size_t n);
void thrift_struct(struct thrift_out *t, int id); /* ends by thrift_end */
void thrift_list(struct thrift_out *t, int id, enum thrift_type of, size_t n);
/* Elements of lists of numbers and of texts. */
void thrift_element(struct thrift_out *t, int64_t v);
void thrift_word(struct thrift_out *t, const void *p, size_t n);

/* Reading.  What does not fit sets bad, after which all that is read is zero
 * and every struct has ended. */
struct thrift_in {
	const unsigned char *p, *end;
	bool bad;
	int depth;
};
/* The next field of a struct, *id being 0 at first; false at its end. */
bool thrift_next(struct thrift_in *t, int *id, enum thrift_type *type);
int64_t thrift_get_int(struct thrift_in *t);
const char *thrift_get_text(struct thrift_in *t, size_t *n);
size_t thrift_get_list(struct thrift_in *t, enum thrift_type *of);
void thrift_skip(struct thrift_in *t, enum thrift_type type);

#endif
