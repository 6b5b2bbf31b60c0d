/*
 * record_read: the fields of a text record.
 */
#ifndef BIEF_RECORD_READ_H
#define BIEF_RECORD_READ_H

#include <stddef.h>

#include "value/record.h"

struct err;

/*
 * Find the fields of a text record: it must be one JSON object.  The reader
 * remembers the shape of the last record and checks that guess first.  Returns
 * 0, or -1 with a message that says what is wrong and where.  A record whose
 * first name is #bief is refused (stream.h).
 */
struct record_reader {
	struct shapes *shapes;
	struct shapes *transient; /* of the last record, where there are any */
	struct slots slots;
};
void record_read_init(struct record_reader *rr, struct shapes *shapes);
void record_read_release(struct record_reader *rr);
int record_read(struct record_reader *rr, struct record *r, struct err *err);
/* What a line seems to be that is no record, and what to do about it; or
 * NULL.  record_read() says it. */
const char *record_read_seems(const char *line, size_t n);

#endif
