/*
 * place: who works with a checkpoint: a directory of it for each source, stage
 * and sink, which its owner locks until it exits.
 *
 * The lock file tells who holds it: the id, the process and since when, and the
 * runs that it is part of, one for each source in front of it.  A run is a
 * random word that a source makes up at its start and hands down in the header.
 */
#ifndef BIEF_PLACE_H
#define BIEF_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value/list.h"

struct buf;
struct err;

struct place {
	char *dir;
	char *id;
	int lock; /* descriptor */
};
void place_init(struct place *p);
void place_release(struct place *p); /* unlocks */
/*
 * Lock DIR/group/id, made if need be, for a program of these runs (NULL: not
 * known).  A source's that is taken is refused after PLACE_ENDING_US: another run
 * is active, and does not only end.
 * Another's that is taken: by one of the same runs, it has a twin; else its
 * owner may be dying, which is waited for.
 */
#define PLACE_ENDING_US TIME_SECOND
int place_lock(struct place *p, const char *dir, const char *group,
	const char *id, const struct list *runs, struct err *err);
/* Is it locked by us?  Whoever writes into a place asserts it: what is there is
 * then nobody else's to change. */
bool place_held(const struct place *p);
/* Its owner has made ready what it needs: others may count on it. */
int place_ready(struct place *p, struct err *err);
/* Has there ever been a DIR/group/id? */
bool place_exists(const char *dir, const char *group, const char *id);

/* A place as others see it. */
struct place_info {
	const char *path; /* of the directory */
	const char *name; /* its last part */
	bool taken;
	bool ready; /* place_ready has been called */
	char *id;   /* as its last owner wrote it; "" not known */
	long pid;   /* of the owner, when it is taken */
	int64_t since_us;
	struct list runs;
};
/* Call each() for the places of a group, in the order of their names; stops
 * when it returns not 0, and returns that. */
int place_each(const char *dir, const char *group,
	int (*each)(void *arg, const struct place_info *), void *arg);

/*
 * Is a stage or a sink of an earlier run still alive?  A program whose runs all
 * have a source that is alive belongs to this one.  The id of one, allocated,
 * or NULL.
 */
char *place_busy(const char *dir);

/* A file name made of an id: safe, at most 120 bytes, unique. */
void place_name(const char *id, struct buf *out);

#endif
