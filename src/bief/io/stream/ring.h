/*
 * ring: bytes from one process to another through memory that they share.
 *
 * One writes, one reads, each counts what it has passed in a number of its own;
 * the writer's is stored last, so what is seen is complete, whoever dies.  The
 * memory is mapped twice in a row: what wraps around is in one piece, and so is
 * all that is there.  Whoever has to wait says so, looks once more, and is woken
 * over another way (which belongs to the caller): only then, and only when there
 * is enough to do, for with every few bytes they would do nothing but wake each
 * other.
 *
 * What the other side writes is not believed: numbers that cannot be are told as
 * damage.
 */
#ifndef BIEF_RING_H
#define BIEF_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring_shared;

#define RING_BYTES ((size_t)512 * 1024)
#define RING_ALIGN 8 /* of all that is written */
#define RING_MOST \
	(RING_BYTES / 4) /* of one message, so that it has room soon */

struct ring {
	struct ring_shared *shared; /* NULL: there is none */
	char *data;
	uint64_t head, tail; /* our own, and the other's as it was seen last */
	uint64_t told;       /* our own, as the other sees it */
	bool damaged;
};

/* A new one, and the descriptor that another process maps it by; -1: there is no
 * memory, or no descriptor. */
int ring_make(struct ring *r);
/* Map one that came from another process; -1: it is none. */
int ring_take(struct ring *r, int fd);
void ring_release(struct ring *r);

/* ---- of the writer ---- */

/* Where n bytes (RING_MOST at most) may be written; NULL: there is no room. */
char *ring_room(struct ring *r, size_t n);
/* So many have been. */
void ring_wrote(struct ring *r, size_t n);
/* Is there something that ring_tell would let it see? */
bool ring_ripe(const struct ring *r, bool now);
/* Let the reader see them; now: nothing may be held back, though it is little.
 * True: wake it. */
bool ring_tell(struct ring *r, bool now);
/* There is no room for n bytes: is there really none?  Then the reader wakes us.
 * (ring_tell has been called.) */
bool ring_waits(struct ring *r, size_t n);

/* ---- of the reader ---- */

/* What is there: *n bytes in one piece. */
const char *ring_there(struct ring *r, size_t *n);
/* Is anything? */
bool ring_some(const struct ring *r);
/* So many of them are done with.  True: wake the writer. */
bool ring_took(struct ring *r, size_t n);
/* Nothing is there: is there really nothing?  Then the writer wakes us. */
bool ring_sleeps(struct ring *r);
/* Bytes that wait in it. */
size_t ring_waiting(const struct ring *r);

#endif
