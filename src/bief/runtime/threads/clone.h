/*
 * clone: a stretch of a chain once more, for one thread: its own stages, opened
 * by the same words, with their own shapes and everything else that they change.
 *
 * In front stands the source, which only hands on the lines that it is given,
 * and behind, where the stretch does not end the chain, the next stage, which
 * only writes down the records that it gets.
 */
#ifndef BIEF_CLONE_H
#define BIEF_CLONE_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/threads/block.h"
#include "runtime/threads/replay.h"

struct chain;
struct clone;
struct lent;
struct stage;

/* Which stages of a chain may run on threads: from 1 behind a source, else from
 * 0, up to the one before *end.  True if there is any. */
bool clone_stretch(const struct chain *c, int *first, int *end);
/* The same where stages of a neighbour are to follow: all the chain has, if that
 * is so. */
bool clone_whole(const struct chain *c, int *first, int *end);
/* Is it worth while, if nobody has asked for it?  Where records leave it one by
 * one, writing them down costs about what reading them did. */
bool clone_pays(const struct chain *c, int end);
/* Why the stage that ends it is not in it. */
const char *clone_why(const struct chain *c, int end);

/* With the stages that a neighbour has lent (NULL: none) behind them.  NULL: they
 * cannot be opened again. */
struct clone *clone_new(
	struct chain *c, int first, int end, const struct lent *lent);
void clone_free(struct clone *x);
/* How many stages it has. */
int clone_stages(const struct clone *x);
/* Which of them are the chain's, and how their records were written down. */
struct replay_of clone_replay(struct clone *x);
/* The chain rests: learn what its stages know now.  0, or -1 with the chain's
 * err set; *lent: it is a stage that was lent which cannot. */
int clone_join(struct clone *x, bool *lent);
/* Is a stage of the stretch in the midst of something? */
bool clone_holds(const struct chain *c, int first, int end);
/* Have stages of the stretch seen that their clones are to look elsewhere?  Then
 * these are told when they join next.  0 or -1. */
int clone_look(struct chain *c, int first, int end);
/* What a block has led to was not taken: so the clone has to begin anew. */
void clone_skipped(struct clone *x);
/* Give lines to the chain itself, as they would have come. */
int clone_lines(struct stage *first, const char *p, size_t n);
/* Work on a block: what comes of it is in it then. */
void clone_run(struct clone *x, struct block *b);
/* What a stage, of a clone or of the chain, has counted. */
struct block_counts clone_counts(const struct stage *st);

#endif
