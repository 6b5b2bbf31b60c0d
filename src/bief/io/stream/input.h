/*
 * input: lines from a descriptor.
 */
#ifndef BIEF_INPUT_H
#define BIEF_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct input {
	int fd;
	char *p;
	size_t start, end, cap; /* what is read and not yet handed out */
	size_t scanned;         /* the LFs up to here are known: */
	uint32_t lf[128];       /* places, from base on */
	size_t base, nlf, next; /* of them, the next to be handed out */
	size_t max_line;
	bool eof;
	bool skipping;     /* the rest of a line that was too long */
	bool fresh;        /* a UTF-8 mark may come, which is left out */
	bool cr;           /* CRs may be ends of lines, too */
	bool held;         /* the last byte that was scanned is such a CR */
	struct inflate *z; /* the file is compressed; or NULL */
	bool lent;         /* p is not ours, but this is: */
	char *own;
	size_t own_cap;
};

enum line { LINE_NONE, LINE_GOOD, LINE_TOO_LONG };

void input_init(struct input *in, int fd, size_t max_line);
void input_release(struct input *in);
/*
 * The next whole line (without its end: LF, CR LF, or CR), or LINE_NONE: fill
 * first.  After the end of file the rest is a line too.  The line lives until
 * the next input_fill(); JSON_PADDING bytes behind it are readable.  Of a line
 * that is too long the first bytes are handed out, once.
 */
enum line input_line(struct input *in, const char **line, size_t *n);
/* Has it been filled with more than input_line has looked at? */
static inline bool
input_rest(const struct input *in)
{
	return in->next < in->nlf || in->scanned + in->held < in->end;
}
/*
 * Instead of filling it: n bytes that follow, which are the caller's, with
 * JSON_PADDING bytes behind them that can be read.  Lines are handed out; then
 * input_settle() keeps what has no end yet.
 */
void input_lend(struct input *in, const char *p, size_t n);
void input_settle(struct input *in);
/* It will be lent to rather than filled: nothing is kept for that. */
void input_lean(struct input *in);
/*
 * Instead of lines, many of them at once: n bytes of whole lines, each ended by
 * an LF, that are there; 0: there are none, or input_line is to tell where they
 * end.  What was used of them is to be told.
 */
size_t input_lines(struct input *in, const char **p);
void input_used(struct input *in, size_t n);
/* The same with the places of the LFs in *lf, the first of them; returns how
 * many. */
size_t input_found(struct input *in, const char **p, const uint32_t **lf);
/* Another file follows under another descriptor. */
void input_next(struct input *in, int fd);
/* If the file is compressed, as inflate.h finds it, its text is what is read.
 * 0 or -1. */
int input_unpack(struct input *in, const char *path, struct err *err);
/* read(2) once.  1: got something; 0: end of file; -1: message. */
int input_fill(struct input *in, struct err *err);

#endif
