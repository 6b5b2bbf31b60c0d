/*
 * dl: a library is opened when it is first needed, not when a program starts.
 *
 * Its functions are declared by its own header.  A user lists them once, makes a
 * struct of pointers of that list, and has it filled:
 *
 *	#define NAMES(X) X(crc32) X(inflate)
 *	static struct { NAMES(DL_POINTER) } z;
 *	static const struct dl library = {DL_Z, "checksums",
 *		(const char *const[]){NAMES(DL_NAME) NULL}};
 *
 *	if (dl_open(&library, &z, err) < 0) ...
 *
 * A library stays open until the process ends; opening it again costs a look at
 * the first pointer.
 */
#ifndef BIEF_DL_H
#define BIEF_DL_H

#include <stdbool.h>

struct buf;
struct err;

enum dl_library {
	DL_JQ,
	DL_ONIG,
	DL_CRYPTO,
	DL_Z,
	DL_ZSTD,
	DL_SNAPPY,
	DL_SQLITE,
	DL_PQ,
	DL_CURL,
	DL_RDKAFKA,
	DL_LIBRARIES
};

struct dl {
	enum dl_library library;
	const char *what;         /* needs it: "compressed files" */
	const char *const *names; /* of functions and data; NULL ends them */
};

#define DL_POINTER(name) typeof(&name) name;
#define DL_NAME(name) #name,

/* Fill the pointers at to, one for each name, in their order.  0, or -1
 * (STATUS_USAGE) with a message that says what to install. */
int dl_open(const struct dl *library, void *to, struct err *err);

/* Has the library, which is open, this name too?  That tells its versions
 * apart where it does not say which one it is. */
bool dl_has(const struct dl *library, const char *name);

/* For bief --version: append a line for each library: its file, where it is;
 * or what is missed without it, and the package that brings it. */
void dl_list(struct buf *out);

#endif
