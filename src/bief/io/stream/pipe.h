/*
 * pipe: the pipe that a descriptor may be.
 */
#ifndef BIEF_PIPE_H
#define BIEF_PIPE_H

/* Let it hold as much as is allowed, if it is a pipe. */
void pipe_widen(int fd);

/*
 * A word beside the data, to the reader of a pipe (its mode bits, which nobody
 * else uses; bief-stream(5)): that a program of bief is at work at its other
 * end, and in the end what became of it.  So an input that ends before its first
 * line is told from one that is empty.
 */
enum pipe_mark {
	MARK_KILLED = -1, /* as read: whoever was at work has not ended */
	MARK_ENDED = 0,   /* or nothing is known: a foreign program */
	/* above: the status of a program that has failed, and said why */
};
void pipe_mark_begin(int fd);
void pipe_mark_end(int fd, int status);
int pipe_mark(int fd);

#endif
