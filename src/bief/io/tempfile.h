/*
 * tempfile: a file without a name, gone with the process that has it.
 */
#ifndef BIEF_TEMPFILE_H
#define BIEF_TEMPFILE_H

struct err;

/* Where temporary files go: TMPDIR, or /tmp. */
const char *tempfile_dir(void);
/* One in a directory: a descriptor, or -1 with errno. */
int tempfile_open(const char *dir);

#endif
