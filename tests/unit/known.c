/* known: what is found is what was learnt last, and few values are always
 * found. */
#include <stdio.h>
#include <string.h>

#include "value/known.h"
#include "value/recent.h"

#define VALUES 100000

int
main(void)
{
	struct known k;
	uint32_t x = 1;
	int found = 0;

	known_init(&k);
	for (int i = 0; i < 1000000; i++) {
		struct value v;
		char text[16];
		uint64_t key[2];
		uint32_t n;
		uint8_t is;

		x = x * 1103515245 + 12345;
		/* Few values at first, then more than there is room for. */
		n = (x >> 8) % (i < 300000 ? 100 : VALUES);
		v = value_json_string(text,
			(size_t)snprintf(text, sizeof text, "%u", n), false);
		if (!recent_field(key, &v))
			return 1;
		is = known_find(&k, key);
		if (is != 0 && is != 1 + n % 2)
			return 1;
		found += is != 0;
		if (is == 0)
			known_learn(&k, key, (uint8_t)(1 + n % 2));
		if (i == 300000 && found < 299000)
			fprintf(stderr, "known: only %d found\n", found);
		if (i == 300000 && found < 299000)
			return 1;
	}
	known_release(&k);
	return 0;
}
