/*
 * Numbers: a text that is a JSON number is read as strtod reads it and printed
 * so that it is read back the same; as a decimal it is refused or keeps its
 * form.  Any other text may only be refused by what checks its input.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "value/json.h"
#include "text/number.h"
#include "text/numeric.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static void
decimals(const char *s, size_t n)
{
	static const int forms[][2] = {{38, 38}, {38, 0}, {10, 2}, {1, 1}};
	char text[48], again[48];
	size_t len;

	for (int i = 0; i < 4; i++) {
		len = numeric_spell(s, n, forms[i][0], forms[i][1], text);
		MUST(len <= 48);
		if (len == 0)
			continue;
		MUST(numeric_spell(text, len, forms[i][0], forms[i][1],
			     again) == len);
		MUST(memcmp(text, again, len) == 0);
	}
}

/* s is a JSON number, with a NUL behind it. */
static void
number(const char *s, size_t n)
{
	double d = number_double(s, n), want = strtod(s, NULL);
	char a[NUMBER_MAX], b[NUMBER_MAX + 1];
	size_t na, nb;

	MUST(memcmp(&d, &want, sizeof(d)) == 0);
	if (isinf(d))
		return;
	nb = number_print_double(d, b);
	MUST(nb <= NUMBER_MAX);
	b[nb] = '\0';
	want = strtod(b, NULL);
	MUST(memcmp(&d, &want, sizeof(d)) == 0);
	na = number_print_real(s, n, a);
	MUST(na == nb);
	MUST(memcmp(a, b, na) == 0);
	nb = number_print_java(d, b);
	MUST(nb <= NUMBER_MAX);
	b[nb] = '\0';
	MUST(strtod(b, NULL) == d);
	MUST(number_print_java_float((float)d, b) <= NUMBER_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	char text[NUMBER_MAX], *padded;
	int64_t i, again;
	size_t n;

	if (number_int(s, size, &i) == 0) {
		n = number_print_int(i, text);
		MUST(n <= size);
		MUST(number_int(text, n, &again) == 0);
		MUST(again == i);
	}
	decimals(s, size);
	padded = calloc(1, size + JSON_PADDING + 1);
	memcpy(padded, data, size);
	if (size > 0 && json_number(padded, padded + size) == padded + size)
		number(padded, size);
	free(padded);
	return 0;
}
