/*
 * blob: flat memory without pointers, of a fixed part and behind it things that
 * vary in size, found from the fixed part by their place (struct var).
 */
#ifndef BIEF_BLOB_H
#define BIEF_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "state.h"
#include "value.h"

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

/* A value that is kept; stands in the fixed part. */
struct kept {
	union {
		int64_t i;
		double d;
	};
	uint8_t set;
	uint8_t type;  /* of i or d, or VALUE_STRING and such: text alone */
	uint8_t as;    /* type that the text has; 0: there is none */
	uint8_t flags; /* of the text */
	struct var text;
};

/* All places at which a blob has a struct var; what is not listed is lost. */
struct blob_form {
	uint32_t fixed;
	uint32_t *vars;
	size_t nvars;
};

void blob_state(struct blob *b, struct state *s, state_ref r);
void blob_buf(struct blob *b, struct buf *buf, size_t size);
/* Another size of the fixed part; what is behind it moves. */
void blob_widen(struct blob *b, const struct blob_form *before,
	const struct blob_form *now);

/* Room for that many bytes in a var (kept; zero behind them), and its place. */
void *blob_room(struct blob *b, const struct blob_form *f, uint32_t var,
	size_t room);

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

/*
 * Keep a value (num is the same as a number, if it is one) at the place of a
 * struct kept, and look at it (text points into the blob).
 */
void kept_put(struct blob *b, const struct blob_form *f, uint32_t at,
	const struct value *v, const struct value *num);
struct value kept_value(const struct blob *b, uint32_t at);
/* How the kept value compares with another. */
int kept_compare(const struct blob *b, uint32_t at, const struct value *v,
	const struct value *num);

/*
 * A set of byte strings in a var, each with more bytes beside.  Adding one that
 * is there changes nothing.
 */
void set_add(struct blob *b, const struct blob_form *f, uint32_t var,
	const char *key, size_t nkey, const char *more, size_t nmore);
uint32_t set_count(const struct blob *b, uint32_t var);
struct set_item {
	const char *key, *more;
	uint32_t nkey, nmore;
};
/* Walk: *at from 0; false at the end. */
bool set_next(const struct blob *b, uint32_t var, uint32_t *at,
	struct set_item *item);

#endif
