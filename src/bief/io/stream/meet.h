/*
 * meet: two neighbours of a pipeline find each other through the pipe between
 * them: its writer has a socket whose name tells the pipe, its reader connects.
 *
 * Both see to it that the other is of the same user and of the same build;
 * whoever is not is left alone, and whatever else goes wrong leads to nothing
 * but that the two do not meet.  Nobody waits for a program that may be a
 * foreign one.
 *
 * ALONE.  Nothing in Linux counts who has a pipe open; but a reader sees that
 * there is no writer left, and a writer that there is no reader.  So the writer
 * lets its end go (meet_let_go), the reader looks, lets its own end go, and looks
 * from the other side (meet_alone): both can open theirs again, by a descriptor
 * that is none of an end.  What is in the pipe stays there.
 */
#ifndef BIEF_MEET_H
#define BIEF_MEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum meet_kind {
	MEET_NOTHING, /* yet */
	MEET_GONE,    /* the other has ended, or is none of ours */
	MEET_HELLO,   /* of both, the first */
	MEET_PLAN,    /* of the writer: what it knows of its records */
	MEET_LET_GO,  /* of the writer: look now */
	MEET_OFFER,   /* the same, and a ring's descriptor, which may be lost */
	MEET_ALONE, /* nobody else has the pipe open; of the writer: of a ring */
	MEET_SHARED, /* ... or somebody has */
	MEET_TEST,   /* of the reader: let go, I want to look */
	MEET_WAKE,   /* of both: there are bytes, there is room */
	MEET_LEND    /* of the reader: what the writer may work at for it */
};
#define MEET_MOST (64 * 1024) /* bytes of a message */

/* May this process meet others at all?  (BIEF_FUSE=0.) */
bool meet_wanted(void);
/* Is it worth waiting for somebody, and are records to go at once?
 * (BIEF_FUSE=now, for tests: what starts side by side meets.)  For so long. */
bool meet_surely(void);
#define MEET_SURELY_MS 300
/* For the pipe that fd is: a socket to listen at, or one that is connected; -1:
 * it is no pipe, nobody is there ... */
int meet_listen(int fd);
int meet_connect(int fd);
/* Somebody who has connected, and is to be told a hello; -1: nobody (more). */
int meet_accept(int listening);

/* Does the other hold the pipe that fd is as that standard stream of its own?  A
 * stranger of the same user could else keep us waiting. */
bool meet_holds(int socket, int end, int fd);

/* The next message: its text, up to MEET_MOST bytes of it, in text; what comes
 * with it in *fd, which is -1 else, and the caller's to close. */
enum meet_kind meet_take(int socket, char *text, size_t *n, int *fd);
/* False: it did not go. */
bool meet_say(
	int socket, enum meet_kind kind, const char *text, size_t n, int fd);
/* With n bytes of what the writer knows of its records (as MEET_PLAN has). */
bool meet_hello(int socket, const char *plan, size_t n);
/* Is this text that of a HELLO of the same build?  What comes with it is then
 * *plan. */
bool meet_known(const char *text, size_t n, const char **plan, size_t *nplan);

/* The writer's: a second end of the same pipe that never blocks, -1: it could not
 * be opened again. */
int meet_second_end(int fd);
/* From now on fd is no end; and again.  0 or -1. */
int meet_let_go(int fd);
int meet_take_back(int fd);
/* The reader's, when the writer has let go: 1 nobody else has the pipe open, 0
 * somebody has, or -1 it has been lost.  writers: look no further than at
 * these. */
int meet_alone(int fd, bool writers);

#endif
