/*
 * dbfile: the file of a database, from its making on.
 *
 * SQLite makes an empty file first and needs it for itself while it gets its
 * form; so it is made under another name, .bief-PID.N.tmp in the same directory,
 * and gets its own when there is something to read in it.  Its maker has it
 * locked (flock), so that what a killed one has left is known, and removed.
 */
#ifndef BIEF_DBFILE_H
#define BIEF_DBFILE_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

struct dbfile {
	const char *path;
	char *tmp;  /* the other name; NULL: there is none */
	int lock;   /* ... the file, open */
	bool there; /* path is, and is this one: */
	dev_t dev;
	ino_t inode;
};

/* Does the path lead to anything? */
bool dbfile_exists(const struct dbfile *f);
/* Remove what others have left in the directory when they were killed. */
void dbfile_tidy(const struct dbfile *f);
/* Make the file under the other name. */
int dbfile_make(struct dbfile *f, struct err *err);
/* Give it its own name, durably: 0; 1, somebody else's has it; -1. */
int dbfile_publish(struct dbfile *f, struct err *err);
/* It was opened by its own name: know it again. */
int dbfile_know(struct dbfile *f, struct err *err);
/* Is it still there, and the same? */
bool dbfile_same(const struct dbfile *f);
/* Remove what still has the other name. */
void dbfile_drop(struct dbfile *f);

#endif
