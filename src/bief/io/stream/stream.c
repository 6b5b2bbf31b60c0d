/*
 * stream: what a line is, where its first bytes do not tell: only such lines
 * come here, so it reads them as any JSON.
 */
#include "io/stream/stream.h"

#include <string.h>

#include "value/json.h"
#include "value/shape.h"

enum stream_line
stream_line_slow(const char *line, size_t n)
{
	const char *end = line + n, *p = json_space(line, end), *name;
	struct json_error e;
	struct value v;
	bool escaped;

	if (p >= end || *p != '{')
		return STREAM_DATA;
	p = json_space(p + 1, end);
	if (p >= end || *p != '"')
		return STREAM_DATA;
	name = p + 1;
	if ((p = json_string_scan(name, end, &escaped, &e)) == NULL ||
		!shape_reserved(name, (size_t)(p - name)))
		return STREAM_DATA;
	p = json_space(p + 1, end);
	if (p >= end || *p != ':')
		return STREAM_DATA;
	if (memcmp(line, "{\"#bief\":", STREAM_LEAST) != 0)
		return STREAM_FORGED;
	/* What is broken is a control line that was damaged. */
	p = json_read(p + 1, end, 0, &v, &e);
	if (p == NULL || (p = json_space(p, end)) >= end || *p != ',')
		return STREAM_CONTROL;
	return STREAM_FORGED;
}
