/*
 * answer: what is remembered of an answer by HTTP, to ask for what is new: its
 * ETag and time of change, a checksum of its body, and how much of it has been
 * passed on.
 */
#ifndef BIEF_ANSWER_H
#define BIEF_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"

struct http;

struct answer {
	struct buf etag, modified; /* empty: not told */
	uint64_t sum, bytes;       /* of the body; or bytes passed on */
};

void answer_init(struct answer *a);
void answer_release(struct answer *a);
/* Those of the answer that is coming. */
void answer_take(struct answer *a, const struct http *h);
void answer_take_body(struct answer *a, const char *p, size_t n);
/* Is the answer that is coming the one that is remembered, as far as the server
 * tells? */
bool answer_same(const struct answer *a, const struct http *h);
bool answer_same_body(const struct answer *a, const char *p, size_t n);

/* As one line, and back: 0, or -1 for one that is none. */
void answer_print(const struct answer *a, struct buf *out);
int answer_read(struct answer *a, const char *line);

/* The headers that ask for it only if it is another one: into two buffers, NULL
 * for those that are not needed. */
void answer_conditions(
	const struct answer *a, struct buf text[2], const char *headers[3]);

#endif
