/*
 * words: lines of plain words, the frequent ones more often.
 */
#include <stdint.h>

#include "floor/buf.h"
#include "floor/random.h"
#include "command/sample/kind.h"
#include "command/sample/put.h"

static void
put(struct sample *s, uint64_t i, struct buf *out)
{
	static const char *const words[] = {"the", "a", "of", "and", "to", "in",
		"is", "it", "that", "water", "mill", "wheel", "stream", "stone",
		"river", "The", "grain", "flows", "turns", "under", "miller",
		"bridge", "slowly", "window", "hour", "early", "late", "again",
		"bread", "channel", "morning", "A", "rain", "evening", "flood",
		"watermark", "Water", "village", "valley", "downstream"};
	enum { N = sizeof(words) / sizeof(*words) };
	uint32_t n = 3 + random_below(&s->random, 7);

	for (uint32_t k = 0; k < n; k++) {
		/* Of two draws the smaller one: the first are frequent. */
		uint32_t a = random_below(&s->random, N),
			 b = random_below(&s->random, N);

		if (k > 0)
			buf_byte(out, ' ');
		buf_str(out, words[a < b ? a : b]);
	}
	buf_byte(out, '\n');
}

const struct sample_kind words_kind = {
	.name = "words",
	.about = "lines of words",
	.stem = "words-",
	.suffix = ".txt",
	.count = 1000,
	.per_file = 100,
	.put = put,
};
