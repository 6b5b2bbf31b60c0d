/*
 * pgtable_rows: records become lines of a COPY's text.  Where a field's column
 * is, is found once for a shape (decision E), not for each record.
 */
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "value/record.h"
#include "sinks/pg/pgcopy.h"
#include "sinks/pg/pgtable_impl.h"

/* ---- rows ---- */

/* The fields of a shape as columns; a name that stands twice has its last
 * value.  0, or 1 with why not. */
int
pgtable_rows_places(
	struct pgtable *t, const struct shape *shape, struct err *err)
{
	size_t before = t->n, at;

	t->id = 0;
	for (uint32_t i = 0; i < shape->n; i++) {
		buf_clear(&t->tmp);
		json_unquote(&t->tmp, shape->names[i].s, shape->names[i].n);
		at = strlen(buf_cstr(&t->tmp)) == t->tmp.n
			? pgtable_columns_at(t, t->tmp.p)
			: t->n;
		if (at < t->n)
			continue;
		if (pgtable_columns_add(t, t->tmp.p, t->tmp.n, err) < 0) {
			pgtable_columns_free(
				t->columns + before, t->n - before);
			t->n = before;
			return 1;
		}
	}
	if (t->n == 0) {
		err_set(err, "it has no fields, and a row needs a column");
		return 1;
	}
	if (t->n > t->nfrom) {
		t->nfrom = t->room;
		t->from = mem_realloc(t->from, t->nfrom * sizeof *t->from);
	}
	for (size_t i = 0; i < t->n; i++)
		t->from[i] = -1;
	for (uint32_t i = 0; i < shape->n; i++) {
		buf_clear(&t->tmp);
		json_unquote(&t->tmp, shape->names[i].s, shape->names[i].n);
		t->from[pgtable_columns_at(t, buf_cstr(&t->tmp))] = (int)i;
	}
	t->id = shape->id;
	return 0;
}

/* The row belongs to the part of its columns; a new one begins with each new
 * column. */
static void
pgtable_rows_count(struct pgtable *t)
{
	struct pgtable_part *p = t->nparts > 0 ? &t->parts[t->nparts - 1]
					       : NULL;

	if (p == NULL || p->columns != t->n) {
		if (t->nparts == t->roomparts) {
			t->roomparts = t->roomparts * 2 + 4;
			t->parts = mem_realloc(
				t->parts, t->roomparts * sizeof *t->parts);
		}
		p = &t->parts[t->nparts++];
		p->columns = t->n;
	}
	p->end = t->text.n;
	t->rows++;
}

int
pgtable_rows_put(struct pgtable *t, const struct record *r, struct err *err)
{
	struct buf *out = &t->text;
	size_t before = out->n;

	if (t->o.mode == MODE_UPDATE)
		buf_printf(out, "%llu\t", (unsigned long long)t->rows);
	for (size_t i = 0; i < t->n; i++) {
		const struct value *v = t->from[i] < 0 ? NULL
						       : &r->v[t->from[i]];

		if (i > 0)
			buf_byte(out, '\t');
		if (pgcopy_put(&t->columns[i], v, out, &t->tmp, err) != 0) {
			out->n = before;
			return 1;
		}
		if (t->o.mode == MODE_UPDATE && !t->nulls && value_is_null(v))
			t->nulls = pgtable_keys_has(t, i);
	}
	buf_byte(out, '\n');
	pgtable_rows_count(t);
	return 0;
}
