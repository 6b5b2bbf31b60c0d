/*
 * err: how the library reports what went wrong.
 *
 * A function that can fail returns -1 (or NULL) and leaves one finished
 * sentence in the struct err that it was given: lower case, no full stop, no
 * program name, control characters in quoted data replaced.  Below the runtime
 * nothing prints and nothing exits, but for memory that has run out (mem.h).
 */
#ifndef BIEF_ERR_H
#define BIEF_ERR_H

#include <stdarg.h>
#include <stddef.h>

/* Exit statuses, bief(7). */
enum status {
	STATUS_DONE = 0,
	STATUS_FAILED = 1, /* a run-time error that a restart may mend */
	STATUS_USAGE = 2,  /* wrong usage, or a pipeline that cannot work */
	STATUS_DAMAGED = 3 /* state that is damaged or of another pipeline */
};

struct err {
	enum status status;
	char text[1000];
};

/* Format the message; always returns -1.  err_set is STATUS_FAILED. */
int err_set(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int err_as(struct err *err, enum status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same with ": " and strerror(errno) at the end. */
int err_sys(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Put "prefix: " in front of the message that is there; returns -1. */
int err_in(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The message, the line of text that the place (a byte offset) is in, and a
 * caret under it: for what people wrote on the command line.  STATUS_USAGE.
 */
int err_caret(struct err *err, const char *text, size_t at, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));

/*
 * Copy data into out (at most size bytes with the final NUL) so that it can
 * stand in a message: control characters and bytes that are not UTF-8 are
 * replaced, what is too long is cut and ends in "...".  Returns out.
 */
char *err_quote(char *out, size_t size, const char *data, size_t n);

/*
 * Replace, in a finished message, what a terminal would act on, whoever wrote
 * it: control characters and bytes that are not UTF-8.  A line of ours that
 * follows begins with two blanks; other ends of lines are replaced.  Returns
 * text.
 */
char *err_clean(char *text);

#endif
