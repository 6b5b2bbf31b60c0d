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

/* A cell that is not UTF-8. */
static void
mend_cell(struct csvvalues *o, struct cell *c)
{
	size_t from;

	/* Room for all cells of the row: values point into it. */
	if (!o->repaired) {
		buf_clear(&o->mended);
		buf_need(&o->mended, 3 * o->rows->ntext + JSON_PADDING);
	}
	o->repaired = true;
	from = o->mended.n;
	json_repair(&o->mended, c->s, c->n);
	c->s = o->mended.p + from;
	c->n = o->mended.n - from;
	c->plain = false;
}

/* The cell of a column; cells that are not UTF-8 are repaired.  (A cell is
 * filled in place, and read so: it is not copied as one.) */
static inline void
take_cell(struct csvvalues *o, size_t i, bool binary, struct cell *c)
{
	const struct csvrow_reader *r = o->rows;

	if (i >= r->n) {
		*c = (struct cell){NULL, 0, false, false};
		return;
	}
	c->s = csvrow_text(r, i);
	c->n = r->cell[i].n;
	c->quoted = r->cell[i].quoted;
	c->plain = r->plain;
	if (o->nulls->n > 0 && is_null_text(o, c->s, c->n))
		*c = (struct cell){NULL, 0, false, false};
	else if (!r->utf8 && !binary && !json_utf8(c->s, c->n))
		mend_cell(o, c);
}

/* All values of a row, typed; returns what is wrong, or NULL. */
static const char *
typed_values(struct csvvalues *o, struct value *v)
{
	const char *why = NULL;
	struct cell c;
	size_t k = 0;

	for (size_t i = 0; i < o->schema->n; i++) {
		const struct type *t = o->schema->f[i].type;

		if ((int)i == o->corrupt) {
			v[i] = value_null();
			continue;
		}
		take_cell(o, k++, t->kind == TYPE_BINARY, &c);
		if (!cell_value(&c, t, &o->rules, &o->text, &v[i]))
			why = "a cell does not fit its type";
	}
	return why;
}

/* All cells, as strings. */
static void
plain_values(struct csvvalues *o, struct value *v, size_t n)
{
	struct cell c;

	for (size_t i = 0; i < n; i++) {
		take_cell(o, i, false, &c);
		v[i] = c.s == NULL ? value_null()
			: c.plain  ? value_json_string(c.s, c.n, false)
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
		CELL_ROOM(3 * o->rows->ntext) + CELL_ROOM(0) * n +
			CELL_ROOM(3 * o->rows->ntext));
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
	buf_release(&o->mended);
	buf_release(&o->clean);
}
