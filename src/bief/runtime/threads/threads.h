/*
 * threads: blocks of a chain's input are worked on by several threads; what
 * comes of them happens in the order of the input, so that nobody can tell.
 *
 * The main thread runs the chain as ever: it reads, waits, answers signals,
 * replays blocks and does what is behind the stretch that is cloned (clone.h).
 * While it would have to wait for a block it works on one.  A small input never
 * comes to a thread, nor do the first lines of a large one.
 */
#ifndef BIEF_THREADS_H
#define BIEF_THREADS_H

struct chain;
struct threads;

/* From now on.  NULL: there is but one thread. */
struct threads *threads_open(struct chain *c);
/* The run is over; blocks that were not replayed are forgotten. */
void threads_close(struct threads *t);

#endif
