/*
 * Times by a pattern: the first line is the pattern, each other one a text.  A
 * text in brackets of the pattern may be left out, so what fits the pattern
 * fits the same in brackets, too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "time/time.h"
#include "time/timepat.h"
#include "floor/mem.h"
#include "time/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct timepat *
bracketed(const char *pattern)
{
	size_t n = strlen(pattern);
	char *text = mem_alloc(n + 3);
	struct timepat *t;
	struct err err;

	text[0] = '[';
	memcpy(text + 1, pattern, n);
	memcpy(text + 1 + n, "]", 2);
	t = timepat_new(text, &err);
	free(text);
	return t;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size, *lf;
	struct timepat *t, *twin;
	struct err err;
	char *pattern;
	int64_t us, again;

	lf = size > 0 ? memchr(data, '\n', size) : NULL;
	if (lf == NULL)
		return 0;
	pattern = mem_dup((const char *)data, (size_t)(lf - data));
	t = timepat_new(pattern, &err);
	twin = t != NULL ? bracketed(pattern) : NULL;
	free(pattern);
	while (t != NULL && lf < end) {
		size_t n;
		char *text;

		data = lf + 1;
		lf = data < end ? memchr(data, '\n', (size_t)(end - data))
				: NULL;
		if (lf == NULL)
			lf = end;
		n = data < end ? (size_t)(lf - data) : 0;
		text = malloc(n);
		if (n > 0)
			memcpy(text, data, n);
		if (timepat_parse(t, text, n, zone_utc, &us) == 0 &&
			twin != NULL &&
			(timepat_parse(twin, text, n, zone_utc, &again) != 0 ||
				again != us))
			abort();
		free(text);
	}
	timepat_free(t);
	timepat_free(twin);
	return 0;
}
