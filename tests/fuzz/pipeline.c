/*
 * The text of a pipeline: it is read, left to a shell, or refused with a
 * message; what is read has commands with words, in stretches.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "command/pipeline.h"
#include "floor/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static void
walk(const struct pipeline *p)
{
	MUST(p->n > 0);
	for (size_t i = 0; i < p->n; i++) {
		const struct command *c = &p->commands[i];

		MUST(c->nwords > 0);
		MUST(c->words[0].text != NULL);
		for (size_t j = 0; j < c->nwords; j++) {
			MUST((c->words[j].text == NULL) !=
				(c->words[j].sub == NULL));
			if (c->words[j].sub != NULL)
				walk(c->words[j].sub);
		}
		MUST((pipeline_stretch(p, i) > 0) == (pipeline_op(c) != NULL));
		MUST(i + pipeline_stretch(p, i) <= p->n);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_dup((const char *)data, size);
	struct err err = {.text = ""};
	struct pipeline *p;

	switch (pipeline_parse(text, &p, &err)) {
	case PIPELINE_GOOD:
		walk(p);
		break;
	case PIPELINE_SHELL:
		MUST(p == NULL);
		break;
	case PIPELINE_BAD:
		MUST(p == NULL && err.text[0] != '\0');
	}
	pipeline_free(p);
	free(text);
	return 0;
}
