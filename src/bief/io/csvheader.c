/*
 * csvheader: see csvheader.h.  The bytes are kept beside the names, for a line
 * is compared with them before it is known to be a row.
 */
#include "io/csvheader.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/mem.h"

void
csvheader_release(struct csvheader *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->names[i]);
	free(h->names);
	buf_release(&h->text);
}

void
csvheader_take(struct csvheader *h, const struct csvrow_reader *rows)
{
	buf_add(&h->text, rows->text, rows->ntext);
	h->n = rows->n;
	h->names = mem_alloc((h->n + 1) * sizeof(h->names[0]));
	for (size_t i = 0; i < h->n; i++)
		h->names[i] = mem_dup(csvrow_text(rows, i), rows->cell[i].n);
}

size_t
csvheader_known(const struct csvheader *h, const struct csvrow_reader *rows)
{
	size_t found = 0;

	for (size_t i = 0; i < rows->n; i++)
		for (size_t k = 0; k < h->n; k++)
			if (strlen(h->names[k]) == rows->cell[i].n &&
				rows->cell[i].n > 0 &&
				strncasecmp(h->names[k], csvrow_text(rows, i),
					rows->cell[i].n) == 0) {
				found++;
				break;
			}
	return found;
}

bool
csvheader_same(const struct csvheader *h, const struct csvrow_reader *rows)
{
	for (size_t i = 0; i < h->n; i++)
		if (i >= rows->n || strlen(h->names[i]) != rows->cell[i].n ||
			memcmp(h->names[i], csvrow_text(rows, i),
				rows->cell[i].n) != 0)
			return false;
	return rows->n == h->n;
}
