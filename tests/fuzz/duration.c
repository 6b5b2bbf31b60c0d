/*
 * Durations: what is read must come out in a form that is read back the same; a
 * refusal must say why, in text that may go to a terminal.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "time/time.h"
#include "time/duration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	struct err err = {.text = ""};
	struct duration d;
	char text[TIME_MAX];
	int64_t us, again;
	size_t n;

	if (duration_parse(s, size, &d, &err) < 0) {
		MUST(err.text[0] != '\0');
		for (const char *p = err.text; *p; p++)
			MUST((unsigned char)*p >= ' ');
		return 0;
	}
	MUST((duration_us(s, size, &us, &err) == 0) == (d.months == 0));
	if (d.months != 0 || d.us == INT64_MIN)
		return 0;
	MUST(us == d.us);
	n = duration_format(us, text);
	MUST(n <= TIME_MAX);
	MUST(duration_us(text, n, &again, &err) == 0);
	MUST(again == us);
	return 0;
}
