/*
 * blob: flat memory without pointers, of a fixed part and behind it things that
 * vary in size, found from the fixed part by their place (struct var).
 */
#ifndef BIEF_BLOB_H
#define BIEF_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recovery/state/state.h"

struct buf;

/* The memory: of an entry of a state, or of a buffer. */
struct blob {
	char *p;
	size_t n;
	struct state *state; /* NULL: buf */
	state_ref ref;
	struct buf *buf;
};

/* Bytes that vary; stands in the fixed part. */
struct var {
	uint32_t at, n, room;
};

/* All places at which a blob has a struct var; what is not listed is lost. */
struct blob_form {
	uint32_t fixed;
	uint32_t *vars;
	size_t nvars;
};

void blob_state(struct blob *b, struct state *s, state_ref r);
/* The same of an entry that is about to change. */
void blob_change(struct blob *b, struct state *s, state_ref r);
void blob_buf(struct blob *b, struct buf *buf, size_t size);
/* Another size of the fixed part; what is behind it moves. */
void blob_widen(struct blob *b, const struct blob_form *before,
	const struct blob_form *now);

/* Room for that many bytes in a var (kept; zero behind them), and its place. */
void *blob_room(
	struct blob *b, const struct blob_form *f, uint32_t var, size_t room);

static inline struct var *
blob_var(const struct blob *b, uint32_t at)
{
	return (struct var *)(b->p + at);
}

static inline void *
blob_at(const struct blob *b, const struct var *v)
{
	return b->p + v->at;
}

#endif
