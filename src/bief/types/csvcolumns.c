/*
 * csvcolumns: see csvcolumns.h.  Names come from people and other programs:
 * they need not be UTF-8, and may stand in a header twice.
 */
#include "types/csvcolumns.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "value/json.h"
#include "types/schema.h"

/* One that is there already gets a number. */
static struct shape *
add_column(struct csvcolumns *c, struct shape *shape, const char *s, size_t n)
{
	struct buf b;

	buf_init(&b);
	buf_clear(&c->clean);
	json_repair(&c->clean, s, n);
	json_escape(&b, c->clean.p, c->clean.n);
	n = b.n;
	for (int i = 2; shape_find(shape, b.p, b.n) >= 0; i++) {
		b.n = n;
		buf_printf(&b, "_%d", i);
	}
	shape = shape_extend(shape, b.p, b.n);
	buf_release(&b);
	return shape;
}

/* By its place: _c0, _c1 ... */
static struct shape *
add_place(struct csvcolumns *c, struct shape *shape, size_t i)
{
	char name[32];

	snprintf(name, sizeof(name), "_c%zu", i);
	return add_column(c, shape, name, strlen(name));
}

void
csvcolumns_by_schema(struct csvcolumns *c, struct shapes *shapes,
	const struct schema *schema, int corrupt)
{
	c->shape = shape_empty(shapes);
	for (size_t i = 0; i < schema->n; i++)
		c->shape = add_column(c, c->shape, schema->f[i].name,
			strlen(schema->f[i].name));
	c->n = schema->n - (corrupt >= 0);
	c->named = true;
}

void
csvcolumns_by_row(struct csvcolumns *c, struct shapes *shapes,
	const struct csvrow_reader *rows, bool header)
{
	c->shape = shape_empty(shapes);
	for (size_t i = 0; i < rows->n; i++)
		c->shape = header && rows->cell[i].n > 0
			? add_column(c, c->shape, csvrow_text(rows, i),
				  rows->cell[i].n)
			: add_place(c, c->shape, i);
	c->n = rows->n;
	c->named = true;
}

struct shape *
csvcolumns_wide(struct csvcolumns *c, size_t n)
{
	if (c->wide == NULL || c->nwide != n) {
		c->wide = c->shape;
		for (size_t i = c->n; i < n; i++)
			c->wide = add_place(c, c->wide, i);
		c->nwide = n;
	}
	return c->wide;
}

bool
csvcolumns_differ(const struct csvrow_reader *rows, const struct schema *schema,
	int corrupt, struct buf *why)
{
	char in_schema[100], in_header[100];
	size_t n = 0;

	for (size_t i = 0; i < schema->n; i++) {
		const char *name = schema->f[i].name;
		size_t len = n < rows->n ? rows->cell[n].n : 0;
		const char *text = len > 0 ? csvrow_text(rows, n) : "";

		if ((int)i == corrupt)
			continue;
		n++;
		if (len == strlen(name) && strncasecmp(text, name, len) == 0)
			continue;
		buf_printf(why,
			"column %zu is '%s' in the schema but '%s' in the "
			"header; columns go by their place",
			n,
			err_quote(in_schema, sizeof(in_schema), name,
				strlen(name)),
			err_quote(in_header, sizeof(in_header), text, len));
		return true;
	}
	if (n < rows->n)
		buf_printf(why, "the header has %zu columns, the schema %zu",
			rows->n, n);
	return n < rows->n;
}
