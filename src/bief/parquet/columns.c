/*
 * columns: see columns.h.
 */
#include "parquet/columns.h"

#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "value/json.h"
#include "value/record.h"
#include "types/schema.h"

void
columns_init(struct columns *c, const struct schema *s)
{
	struct buf name;

	memset(c, 0, sizeof(*c));
	buf_init(&name);
	c->schema = s;
	c->n = s->n;
	c->unknown = -1;
	c->names = mem_zalloc((s->n + 1) * sizeof(*c->names));
	c->place = mem_zalloc((s->n + 1) * sizeof(*c->place));
	c->dropped = mem_zalloc((s->n + 1) * sizeof(*c->dropped));
	c->v = mem_zalloc((s->n + 1) * sizeof(*c->v));
	for (size_t i = 0; i < s->n; i++) {
		buf_clear(&name);
		json_escape(&name, s->f[i].name, strlen(s->f[i].name));
		c->names[i] = mem_dup(name.p != NULL ? name.p : "", name.n);
	}
	buf_release(&name);
}

void
columns_release(struct columns *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->names[i]);
	free(c->names);
	free(c->place);
	for (size_t i = 0; i < c->ndropped; i++)
		free(c->dropped[i]);
	free(c->dropped);
	free(c->v);
	memset(c, 0, sizeof(*c));
}

void
columns_drop(struct columns *c, struct schema *s, size_t i)
{
	schema_remove(s, i);
	c->dropped[c->ndropped++] = c->names[i];
	c->n--;
	memmove(&c->names[i], &c->names[i + 1], (c->n - i) * sizeof(*c->names));
}

static int
locate(const struct shape *shape, const char *name)
{
	size_t n = strlen(name);
	int at = shape_find(shape, name, n);

	return at >= 0 ? at : shape_like(shape, name, n);
}

static bool
is_dropped(const struct columns *c, const struct shape *shape, int f)
{
	for (size_t i = 0; i < c->ndropped; i++)
		if (locate(shape, c->dropped[i]) == f)
			return true;
	return false;
}

/* A field that no column has taken. */
static int
untaken(const struct columns *c, const struct shape *shape)
{
	for (uint32_t f = 0; f < shape->n; f++) {
		size_t i = 0;

		while (i < c->n && c->place[i] != (int)f)
			i++;
		/* Of two fields of one name the last one counts. */
		if (i == c->n &&
			shape_find(shape, shape->names[f].s,
				shape->names[f].n) == (int)f &&
			!is_dropped(c, shape, (int)f))
			return (int)f;
	}
	return -1;
}

void
columns_find(struct columns *c, const struct record *r)
{
	if (c->id == r->shape->id)
		return;
	for (size_t i = 0; i < c->n; i++)
		c->place[i] = locate(r->shape, c->names[i]);
	c->unknown = untaken(c, r->shape);
	c->id = r->shape->id;
}

const struct value *const *
columns_values(struct columns *c, const struct record *r)
{
	columns_find(c, r);
	for (size_t i = 0; i < c->n; i++)
		c->v[i] = c->place[i] < 0 ? NULL : &r->v[c->place[i]];
	return c->v;
}
