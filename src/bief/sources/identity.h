/*
 * identity: is a file still the one that was read?
 *
 * A name says little: files are renamed, made anew and written over.  Nor does
 * an inode number, which a file system gives to the next file as soon as it is
 * free.  So the time of birth is remembered too, where there is one, and
 * checksums of some bytes at the beginning and before the place that was
 * reached.
 */
#ifndef BIEF_IDENTITY_H
#define BIEF_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

struct identity {
	int64_t birth_ns; /* 0: not known */
	bool sums;        /* the checksums are there */
	uint32_t head, tail;
};

/* When the file was born, in ns; 0: not known.  By descriptor, or by path. */
int64_t identity_birth(int fd);
int64_t identity_birth_of(const char *path);

/* Of an open file that has been read up to a place of it.  Without sums (of
 * compressed files) only its birth. */
void identity_take(struct identity *id, int fd, uint64_t place, bool sums);
/*
 * Can the open file be gone on with at this place?  Not when other bytes stand
 * in front of it.  Where no checksum is known, a line must have ended there
 * (unless it is inside of one: cut).
 */
bool identity_holds(
	const struct identity *id, int fd, uint64_t place, bool cut);
/* Are they of two files, as far as their births tell? */
bool identity_born_anew(const struct identity *id, int fd);

/* Has somebody opened the file for writing?  Without the right to know that
 * (another user's file) or where the system cannot tell: IDENTITY_UNKNOWN. */
enum { IDENTITY_AT_REST, IDENTITY_WRITTEN, IDENTITY_UNKNOWN };
int identity_writers(int fd);
int identity_writers_of(const char *path);

#endif
