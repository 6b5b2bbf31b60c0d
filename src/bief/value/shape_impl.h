/*
 * shape_impl: shapes as their reader has them (record_read.c).
 *
 * To it a shape is also a guess: likely is the child that was taken last, other
 * the one before it, and edge the bytes that stood between the value before and
 * the value of the shape's last name: `, "time": `.  Where the line has the same
 * bytes the name need not be looked at.
 */
#ifndef BIEF_SHAPE_IMPL_H
#define BIEF_SHAPE_IMPL_H

#include "floor/arena.h"
#include "value/shape.h"

struct shapes {
	struct arena arena;
	size_t bytes; /* taken from it */
	uint32_t count;
	uint32_t
		branches; /* made by readers, where there was a child already */
	struct shape **hash; /* none when transient */
	uint32_t mask;
	struct shape *empty;
	uint64_t last_id;
	struct shapes *ids; /* whose last_id counts */
};

/* Shapes for one record, with ids that no shape of like has. */
struct shapes *shape_set_transient(struct shapes *like);
/* Forget them. */
void shape_set_clear(struct shapes *s);
/* The child of this name, or NULL. */
struct shape *shape_child(struct shape *shape, const char *name, size_t n);
/* A new one: in s, where nobody else finds it; or to be found. */
struct shape *shape_make(
	struct shapes *s, struct shape *parent, const char *name, size_t n);
struct shape *shape_intern(struct shape *parent, const char *name, size_t n);
/* Remember how the last name of c is spelled, unless it is strange. */
void shape_edge_learn(struct shape *c, const char *p, size_t n);

#endif
