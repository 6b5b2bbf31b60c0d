/*
 * replace: a file that is written under another name beside its own, and takes
 * that when it is whole: who reads it sees the old one or the new one.
 */
#ifndef BIEF_REPLACE_H
#define BIEF_REPLACE_H

#include <stdbool.h>
#include <stddef.h>

struct err;

struct replace {
	char *path; /* links followed */
	char *tmp;  /* .bief-PID.N.tmp beside it; NULL: it is written itself */
	int fd;     /* -1: none is under way */
};

/* Could PATH be written?  0, or -1 with a message that says what is missing. */
int replace_check(const char *path, struct err *err);
/* Begin.  What is no regular file, a pipe or a device, is written itself. */
int replace_open(struct replace *r, const char *path, struct err *err);
int replace_add(struct replace *r, const void *p, size_t n, struct err *err);
/* Add all of another file. */
int replace_copy(struct replace *r, int fd, struct err *err);
/* Make it durable, under its name.  *fd, or NULL: the file, still open. */
int replace_commit(struct replace *r, int *fd, struct err *err);
/* Forget what is under way, if anything is. */
void replace_drop(struct replace *r);

#endif
