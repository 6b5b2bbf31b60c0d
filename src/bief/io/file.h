/*
 * file: reading a file whole, and the files of a checkpoint.
 */
#ifndef BIEF_FILE_H
#define BIEF_FILE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

/* Open to read.  A FIFO waits for who writes it; one that nobody has come to
 * write until a signal to stop is empty.  -1: errno. */
int file_open(const char *path);
/* Can it be read but once: "-", standard input, a FIFO, a device? */
bool file_once(const char *path);
/* Append the first max bytes of a file ("-": standard input) to out, with room
 * for the scanners behind them.  0, or -1 with a message. */
int file_read(const char *path, size_t max, struct buf *out, struct err *err);

/* The CRC-32C (Castagnoli) of some bytes. */
uint32_t file_checksum(const void *p, size_t n);

/*
 * Write dir/name whole or not at all: a temporary name, fsync, rename, fsync of
 * the directory.  It begins with a line that names its kind and version and
 * ends with a checksum.
 */
int file_save(const char *dir, const char *name, const char *kind,
	const void *p, size_t n, struct err *err);
/* Read it: the payload replaces out.  0, 1 when there is no such file, -1; one
 * that is damaged or of a newer version is an error (STATUS_DAMAGED). */
int file_load(const char *dir, const char *name, const char *kind,
	struct buf *out, struct err *err);
/* Open a lock file, made if need be; nobody else can read it, for a lock needs
 * no more.  A descriptor, or -1 with errno. */
int file_open_lock(const char *path);
/* Set by who catches signals: nobody should go on waiting for a lock. */
extern volatile sig_atomic_t file_stop;
/* Delete what file_save left behind when it was killed. */
void file_tidy(const char *dir);
/* Write all of it, whatever signals come.  0, or -1 with errno. */
int file_put(int fd, const char *p, size_t n);
/* The same at the end of a file to which others may add, too: what there is no
 * room for is not begun. */
int file_add(int fd, const char *p, size_t n);
int file_sync_dir(const char *dir, struct err *err);
/* Delete a directory of files; one that is not there is fine. */
int file_delete_dir(const char *dir, struct err *err);
/* Make a directory and those above it, for this user alone; an existing one is
 * fine. */
int file_mkdir(const char *dir, struct err *err);
/* The path from the root on, without slashes at its end; allocated. */
char *file_absolute(const char *path);

#endif
