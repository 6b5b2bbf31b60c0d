/*
 * jsonfile: the files of a checkpoint whose payload is a JSON object.
 */
#ifndef BIEF_JSONFILE_H
#define BIEF_JSONFILE_H

#include <stdint.h>

struct buf;
struct err;
struct value;

/* Read dir/name of that kind: *object points into b, which the caller has made
 * and releases.  1: there is no such file. */
int jsonfile_load(const char *dir, const char *name, const char *kind,
	struct buf *b, struct value *object, struct err *err);
/* It lacks what it must have. */
int jsonfile_damaged(const char *dir, const char *name, struct err *err);

/* What a member says, allocated: as JSON text, NULL if it is not there; as
 * plain text, NULL if it is no string.  And what a string says. */
char *jsonfile_text(const struct value *object, const char *member);
char *jsonfile_string(const struct value *object, const char *member);
char *jsonfile_plain(const struct value *string);

/*
 * A file that tells a batch: {"batch":N}, with ,"mark":JSON behind the number
 * where there is one.  load: 1, there is no such file; mark (allocated, or
 * NULL) may be left away.
 */
int jsonfile_save_batch(const char *dir, const char *name, const char *kind,
	int64_t batch, const char *mark, struct err *err);
int jsonfile_load_batch(const char *dir, const char *name, const char *kind,
	int64_t *batch, char **mark, struct err *err);

#endif
