/*
 * csvvalues: see csvvalues.h.  A row with something wrong in it is read to its
 * end, for it may be kept: with nulls where nothing can be read.
 */
#include "types/csvvalues.h"

#include <string.h>

#include "value/json.h"
#include "value/list.h"
#include "types/schema.h"

/* Does --null name this text? */
static bool
is_null_text(const struct csvvalues *o, const char *s, size_t n)
{
	for (size_t i = 0; i < o->nulls->n; i++)
		if (strlen(o->nulls->s[i]) == n &&
			memcmp(o->nulls->s[i], s, n) == 0)
			return true;
	return false;
}

/* The cell of a column; cells that are not UTF-8 are repaired. */
static struct cell
take_cell(struct csvvalues *o, size_t i, bool binary)
{
	struct csvrow_cell *p = &o->rows->cell[i];
	struct buf *b = &o->rows->cells;
	struct cell c = {NULL, 0, false};
	size_t at;

	if (i >= o->rows->n)
		return c;
	if (o->nulls->n > 0 && is_null_text(o, b->p + p->at, p->n))
		return c;
	if (!binary && !json_utf8(b->p + p->at, p->n)) {
		at = b->n;
		buf_need(b, 3 * p->n);
		json_repair(b, b->p + p->at, p->n);
		*p = (struct csvrow_cell){at, b->n - at, p->quoted};
		o->repaired = true;
	}
	return (struct cell){b->p + p->at, p->n, p->quoted};
}

/* All values of a row, typed; returns what is wrong, or NULL. */
static const char *
typed_values(struct csvvalues *o, struct value *v)
{
	const char *why = NULL;
	size_t k = 0;

	for (size_t i = 0; i < o->schema->n; i++) {
		const struct type *t = o->schema->f[i].type;
		struct cell c;

		if ((int)i == o->corrupt) {
			v[i] = value_null();
			continue;
		}
		c = take_cell(o, k++, t->kind == TYPE_BINARY);
		if (!cell_value(&c, t, &o->rules, &o->text, &v[i]))
			why = "a cell does not fit its type";
	}
	return why;
}

/* All cells, as strings. */
static void
plain_values(struct csvvalues *o, struct value *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct cell c = take_cell(o, i, false);

		v[i] = c.s == NULL ? value_null()
				   : cell_string(c.s, c.n, &o->text);
	}
}

/* What is wrong with the number of cells, or NULL. */
static const char *
miscounted(const struct csvvalues *o, size_t columns)
{
	if (o->ragged || o->rows->n == columns)
		return NULL;
	return o->rows->n < columns ? "too few cells" : "too many cells";
}

const char *
csvvalues_read(struct csvvalues *o, size_t columns, struct value *v, size_t n)
{
	const char *wrong = csvrow_why(o->rows, o->schema != NULL),
		   *count = miscounted(o, columns), *misfit = NULL;

	buf_clear(&o->text);
	buf_need(&o->text,
		CELL_ROOM(3 * o->rows->cells.n) + CELL_ROOM(0) * n +
			CELL_ROOM(3 * o->rows->ntext));
	/* Repairs must not move the cells that values point into. */
	buf_need(&o->rows->cells, 3 * o->rows->cells.n);
	o->repaired = false;
	if (o->schema != NULL)
		misfit = typed_values(o, v);
	else if (count == NULL)
		plain_values(o, v, n);
	return wrong != NULL     ? wrong
		: count != NULL  ? count
		: misfit != NULL ? misfit
		: o->repaired    ? "invalid UTF-8"
				 : NULL;
}

struct value
csvvalues_raw(struct csvvalues *o)
{
	buf_clear(&o->clean);
	json_repair(&o->clean, o->rows->text, o->rows->ntext);
	return cell_string(o->clean.p, o->clean.n, &o->text);
}

void
csvvalues_release(struct csvvalues *o)
{
	buf_release(&o->text);
	buf_release(&o->clean);
}
