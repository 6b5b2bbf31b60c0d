/*
 * stream: what the lines of a stream are, bief-stream(5).
 */
#ifndef BIEF_STREAM_H
#define BIEF_STREAM_H

#include <stddef.h>

#define STREAM_LEAST 9 /* bytes of {"#bief": */

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
