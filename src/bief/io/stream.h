/*
 * stream: lines in and out.  With checkpoint, the only place that touches
 * descriptors.
 */
#ifndef BIEF_STREAM_H
#define BIEF_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "floor/buf.h"

struct err;

#define STREAM_LEAST 9 /* bytes of {"#bief": */

/* Lines from a descriptor. */
struct inflate;

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
/* Another file follows under another descriptor. */
void input_next(struct input *in, int fd);
/* If the file is compressed, as inflate.h finds it, its text is what is read.
 * 0 or -1. */
int input_unpack(struct input *in, const char *path, struct err *err);
/* read(2) once.  1: got something; 0: end of file; -1: message. */
int input_fill(struct input *in, struct err *err);

/* Bytes to a descriptor. */
struct output {
	int fd;
	struct buf b;
	bool terminal;
	bool pipe; /* or socket: a reader that goes away is noticed */
	/* Called before each write, for how many of n bytes to write at once,
	 * and behind it, when it may have waited.  NULL: nobody wants to know. */
	size_t (*before)(void *arg, size_t n);
	void (*after)(void *arg, size_t n);
	void *arg;
};
#define OUTPUT_FULL (128 * 1024)

void output_init(struct output *out, int fd);
void output_release(struct output *out);
/* Which file it goes to; inode 0: no regular file. */
void output_file(const struct output *out, uint64_t *device, uint64_t *inode);
/* Would this input be fed by the output? */
bool output_feeds(const struct output *out, int fd);
int output_flush(struct output *out, struct err *err);
/* Write past the buffer (after what is in it). */
int output_write(struct output *out, const char *p, size_t n, struct err *err);

/*
 * A word beside the data, to the reader of a pipe (its mode bits, which nobody
 * else uses; bief-stream(5)): that a program of bief is at work at its other
 * end, and in the end what became of it.  So an input that ends before its first
 * line is told from one that is empty.
 */
enum {
	MARK_KILLED = -1, /* as read: whoever was at work has not ended */
	MARK_ENDED = 0,   /* or nothing is known: a foreign program */
	/* above: the status of a program that has failed, and said why */
};
void output_mark_begin(int fd);
void output_mark_end(int fd, int status);
int input_mark(int fd);

/*
 * What a line is.  A control line begins with the nine bytes {"#bief": and has
 * that member alone.  A record whose first name is #bief, however spelled, is
 * none, but would look like one to the next program as soon as somebody has
 * written it anew: it is forged, and refused wherever lines are read.  The line
 * has JSON_PADDING bytes behind it.
 */
enum stream_line { STREAM_DATA, STREAM_CONTROL, STREAM_FORGED };
enum stream_line stream_line_slow(const char *line, size_t n);

static inline enum stream_line
stream_line(const char *line, size_t n)
{
	/* Nearly all lines are told by three bytes. */
	if (n < STREAM_LEAST ||
		(line[0] != '{' && (unsigned char)line[0] > ' ') ||
		(line[0] == '{' && line[1] == '"' && line[2] != '#' &&
			line[2] != '\\'))
		return STREAM_DATA;
	return stream_line_slow(line, n);
}

#endif
