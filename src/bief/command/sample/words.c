/*
 * words: lines of plain words, the frequent ones more often.
 */
#include <stdint.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/random.h"
#include "command/sample/kind.h"
#include "command/sample/put.h"

struct word {
	uint8_t n;
	char s[15]; /* copied whole, whatever its length */
};
#define WORD(text)                     \
	{                              \
		sizeof(text) - 1, text \
	}

static const struct word words[] = {WORD("the"), WORD("a"), WORD("of"),
	WORD("and"), WORD("to"), WORD("in"), WORD("is"), WORD("it"),
	WORD("that"), WORD("water"), WORD("mill"), WORD("wheel"),
	WORD("stream"), WORD("stone"), WORD("river"), WORD("The"),
	WORD("grain"), WORD("flows"), WORD("turns"), WORD("under"),
	WORD("miller"), WORD("bridge"), WORD("slowly"), WORD("window"),
	WORD("hour"), WORD("early"), WORD("late"), WORD("again"), WORD("bread"),
	WORD("channel"), WORD("morning"), WORD("A"), WORD("rain"),
	WORD("evening"), WORD("flood"), WORD("watermark"), WORD("Water"),
	WORD("village"), WORD("valley"), WORD("downstream")};
#define WORDS (sizeof(words) / sizeof(*words))

static void
words_put(struct sample *s, uint64_t i, struct buf *out)
{
	uint32_t n = 3 + random_below(&s->random, 7);
	char *p = buf_need(out, 10 * (sizeof(struct word) + 1));

	for (uint32_t k = 0; k < n; k++) {
		/* Of two draws the smaller one: the first are frequent. */
		uint64_t r = random_next(&s->random),
			 a = (r >> 32) * WORDS >> 32,
			 b = (r & UINT32_MAX) * WORDS >> 32;
		const struct word *w = &words[a < b ? a : b];

		memcpy(p, w->s, sizeof(w->s));
		p += w->n;
		*p++ = k + 1 < n ? ' ' : '\n';
	}
	out->n = (size_t)(p - out->p);
}

const struct sample_kind words_kind = {
	.name = "words",
	.about = "lines of words",
	.stem = "words-",
	.suffix = ".txt",
	.count = 1000,
	.per_file = 100,
	.put = words_put,
};
