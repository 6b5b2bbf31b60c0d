/*
 * plot_fonts: see plot_fonts.h.
 */
#include "sinks/plot_fonts.h"

#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "io/child.h"
#include "floor/mem.h"

#define CHARS 0x110000u
#define COMMON 0x250u /* Latin, which every font has */
#define LINE_MOST ((size_t)1 << 20)

/* A line is a font's characters: "20-7e a0-17f 192", in hexadecimal. */
static int
take_line(void *arg, const char *line, size_t n)
{
	struct plot_fonts *f = arg;
	const char *end = line + n;

	while (line < end) {
		unsigned long from, to;
		char *next;

		from = to = strtoul(line, &next, 16);
		if (next == line)
			break;
		if (*next == '-')
			to = strtoul(next + 1, &next, 16);
		for (; from <= to && from < CHARS; from++)
			f->has[from / 8] |= (unsigned char)(1u << from % 8);
		line = next;
	}
	return 0;
}

static void
ask(struct plot_fonts *f)
{
	char *argv[] = {"fc-list", "--format", "%{charset}\n", NULL};
	struct child c;
	struct err err;
	int status = -1;

	f->asked = true;
	f->has = mem_zalloc(CHARS / 8);
	child_init(&c, LINE_MOST);
	if (child_start(&c, argv, &err) == 0)
		status = child_finish(&c, take_line, f, &err);
	child_release(&c);
	if (status == 0 && (f->has['A' / 8] & 1u << 'A' % 8) != 0)
		return;
	free(f->has);
	f->has = NULL;
}

bool
plot_fonts_has(struct plot_fonts *f, uint32_t c)
{
	if (c < COMMON)
		return true;
	if (c >= CHARS)
		return false;
	if (!f->asked)
		ask(f);
	return f->has == NULL || (f->has[c / 8] & 1u << c % 8) != 0;
}

void
plot_fonts_release(struct plot_fonts *f)
{
	free(f->has);
	*f = (struct plot_fonts){.asked = false};
}
