/*
 * clean: what becomes of files that have been read, and that every sink has
 * committed: they stay, are deleted, or move into a directory.
 */
#ifndef BIEF_CLEAN_H
#define BIEF_CLEAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct files;
struct stage;

struct clean {
	const char *how; /* --clean; NULL: they stay */
	char *archive;   /* where they move; NULL: they are deleted */
};

/* Is c->how good, and is none of the operands read from the archive?  "off"
 * becomes NULL.  0 or -1. */
int clean_check(struct clean *c, struct err *err);
int clean_check_operands(const struct clean *c, char *const *operands, size_t n,
	struct err *err);
/* Make the archive if need be.  0 or -1. */
int clean_open(struct clean *c, struct err *err);
void clean_release(struct clean *c);
/* Do so with the files of batches up to this one.  Best effort: what cannot be
 * done is told, and done with. */
void clean_settled(
	struct clean *c, struct stage *st, struct files *files, int64_t number);

bool clean_is_glob(const char *path);
/* Would files of this directory (a real path) be read by the operand? */
bool clean_reads_from(const char *operand, const char *dir);

#endif
