/*
 * pivot: turn records into a matrix: a row per value of one field, a column per
 * value of another.
 *
 * Time: none is used.
 * Watermark: passed on as it is.
 * State: the cells of one batch, in memory; nothing is kept from batch to
 * batch.
 * Restart: the batch is run again.
 *
 * It is long because the columns are known only when the batch has ended:
 * cells are kept, sorted by column for the names and by row for what goes out.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "value/json.h"
#include "value/key.h"
#include "value/path.h"
#include "recovery/state/state.h"
#include "runtime/options/fields.h"
#include "runtime/stage.h"

struct pivot {
	const char *rows, *cols, *value, *fill;
	struct fields row; /* one, or the two of "window" */
	struct list names; /* what they are called */
	struct field col, val;
	struct value filled;
	struct state *cells; /* key: row, column; value: JSON text */
	struct buf cell_key, text, name, fill_text;
	struct slots slots;
};

static const struct opt pivot_opts[] = {
	{"cols", 0, OPT_STRING, offsetof(struct pivot, cols), "FIELD",
		"the field whose values become columns"},
	{"fill", 0, OPT_STRING, offsetof(struct pivot, fill), "VALUE",
		"value of a cell that no record has (null)"},
	{"rows", 0, OPT_STRING, offsetof(struct pivot, rows), "FIELD",
		"the field whose values become rows"},
	{"value", 0, OPT_STRING, offsetof(struct pivot, value), "FIELD",
		"the field that fills the cells"},
	OPT_END};

static int
read_fill(struct stage *st)
{
	struct pivot *p = STAGE(st, pivot);
	struct json_error why;
	const char *end;

	p->filled = value_null();
	if (p->fill == NULL)
		return 0;
	buf_str(&p->fill_text, p->fill);
	memset(buf_need(&p->fill_text, JSON_PADDING), 0, JSON_PADDING);
	end = p->fill_text.p + p->fill_text.n;
	if (json_read(p->fill_text.p, end, 0, &p->filled, &why) != end) {
		buf_clear(&p->fill_text);
		json_quote(&p->fill_text, p->fill, strlen(p->fill));
		p->filled = value_json_string(p->fill_text.p + 1,
			p->fill_text.n - 2,
			memchr(p->fill_text.p, '\\', p->fill_text.n) != NULL);
	}
	return 0;
}

static int
pivot_open(struct stage *st)
{
	struct pivot *p = STAGE(st, pivot);

	p->cells = state_new(stage_max_state(st));
	if (p->rows == NULL || p->cols == NULL || p->value == NULL)
		return err_as(st->err, STATUS_USAGE,
			"--rows, --cols and --value are all needed");
	fields_init(&p->row, &(struct list){(char **)&p->rows, 1}, false, st);
	field_init(&p->col, p->cols);
	field_init(&p->val, p->value);
	stage_watch(st, &p->col);
	stage_watch(st, &p->val);
	return read_fill(st);
}

static int
pivot_plan(struct stage *st, struct plan *p)
{
	struct pivot *v = STAGE(st, pivot);
	char *name;

	for (size_t i = 0; i < v->row.n; i++) {
		name = path_name(v->row.n > 1 ? v->row.f[i].path : v->rows);
		list_add(&v->names, name, false);
		free(name);
	}
	if (fields_bind(&v->row, p, st->err) < 0 ||
		plan_bind(p, &v->col, NULL, st->err) < 0 ||
		plan_bind(p, &v->val, NULL, st->err) < 0)
		return -1;
	if (p->stream && !p->whole && !p->arrival && p->mode != MODE_COMPLETE)
		return err_as(st->err, STATUS_USAGE,
			"the columns are known at the end of the data only: "
			"aggregate with --mode complete, or leave batches out");
	schema_free(p->fields);
	p->fields = NULL;
	list_free(&p->keys);
	for (size_t i = 0; i < v->names.n; i++)
		list_add(&p->keys, v->names.s[i], false);
	return 0;
}

static int
pivot_record(struct stage *st, struct record *r)
{
	struct pivot *p = STAGE(st, pivot);
	const struct value *v = record_get(r, &p->val);
	state_ref ref;
	bool made;

	buf_clear(&p->cell_key);
	for (size_t i = 0; i < p->row.n; i++)
		key_encode(record_get(r, &p->row.f[i]), &p->cell_key);
	key_encode(record_get(r, &p->col), &p->cell_key);
	/* As text: it keeps its spelling. */
	buf_clear(&p->text);
	value_print(v, &p->text);
	ref = state_make(p->cells, p->cell_key.p, p->cell_key.n,
		p->text.n + JSON_PADDING, &made, st->err);
	if (ref == STATE_NONE)
		return -1;
	if (!made)
		return stage_reject(st, r,
			"a second value for the same row and column: aggregate "
			"first (agg --by %s,%s)",
			p->rows, p->cols);
	memcpy(state_change(p->cells, ref), p->text.p, p->text.n);
	return 0;
}

/* The values of --rows or the one of --cols, and their key. */
struct side {
	struct value v[2];
	const char *key;
	size_t n;
};

struct cell {
	struct side row, col;
	struct value value;
};

/* By value; 1 and 1.0, which are equal, by their keys. */
static int
compare(const struct side *x, const struct side *y)
{
	int c = key_compare(&x->v[0], &y->v[0]);

	if (c == 0)
		c = key_compare(&x->v[1], &y->v[1]);
	if (c != 0)
		return c;
	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	return memcmp(x->key, y->key, x->n);
}

static int
by_column(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	return compare(&x->col, &y->col);
}

static int
by_row(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;
	int c = compare(&x->row, &y->row);

	return c != 0 ? c : compare(&x->col, &y->col);
}

static struct value
value_of(const char *text, size_t n)
{
	struct json_error why;
	struct value v;

	json_read(text, text + n - JSON_PADDING, 0, &v, &why);
	return v;
}

static struct cell *
all_cells(struct pivot *p, size_t *n)
{
	struct cell *cells = mem_zalloc(
		(state_count(p->cells) + 1) * sizeof(*cells));
	size_t size, at;

	*n = 0;
	for (state_ref r = state_first(p->cells); r != STATE_NONE;
		r = state_next(p->cells, r)) {
		struct cell *c = &cells[(*n)++];
		const char *key = state_key(p->cells, r, &size);

		at = key_decode(&c->row.v[0], key, size);
		if (p->row.n > 1)
			at += key_decode(&c->row.v[1], key + at, size - at);
		c->row.key = key;
		c->row.n = at;
		key_decode(&c->col.v[0], key + at, size - at);
		c->col.key = key + at;
		c->col.n = size - at;
		key = state_value(p->cells, r, &size);
		c->value = value_of(key, size);
	}
	return cells;
}

/* Add a field of this name, or with a number where the name is taken: by the
 * row's own, or where null stands beside "null". */
static struct shape *
add_column_field(
	struct pivot *p, struct shape *shape, const char *name, size_t n)
{
	buf_clear(&p->name);
	buf_add(&p->name, name, n);
	for (int i = 2; shape_find(shape, p->name.p, p->name.n) >= 0; i++) {
		p->name.n = n;
		buf_printf(&p->name, "_%d", i);
	}
	return shape_extend(shape, p->name.p, p->name.n);
}

/* A value as a name, as between quotes in JSON. */
static void
column_name(struct pivot *p, const struct value *v)
{
	buf_clear(&p->text);
	value_print(v, &p->text);
	if (v->type != VALUE_ARRAY && v->type != VALUE_OBJECT)
		return;
	buf_clear(&p->name);
	buf_add(&p->name, p->text.p, p->text.n);
	buf_clear(&p->text);
	json_quote(&p->text, p->name.p, p->name.n);
}

/* The shape of the result, and the columns in order. */
static struct shape *
columns(struct stage *st, struct cell *cells, size_t n, struct side **cols,
	uint32_t *ncols)
{
	struct pivot *p = STAGE(st, pivot);
	struct shape *shape = shape_empty(st->shapes);

	for (size_t i = 0; i < p->names.n; i++) {
		const char *name = p->names.s[i];

		buf_clear(&p->text);
		json_quote(&p->text, name, strlen(name));
		shape = shape_extend(shape, p->text.p + 1, p->text.n - 2);
	}
	*cols = mem_zalloc((n + 1) * sizeof(**cols));
	*ncols = 0;
	qsort(cells, n, sizeof(*cells), by_column);
	for (size_t i = 0; i < n; i++) {
		bool quoted;

		if (i > 0 && by_column(&cells[i - 1], &cells[i]) == 0)
			continue;
		(*cols)[(*ncols)++] = cells[i].col;
		column_name(p, &cells[i].col.v[0]);
		quoted = p->text.p[0] == '"';
		shape = add_column_field(
			p, shape, p->text.p + quoted, p->text.n - 2 * quoted);
	}
	return shape;
}

static int
pivot_batch(struct stage *st, struct batch *b)
{
	struct pivot *p = STAGE(st, pivot);
	struct side *cols;
	uint32_t ncols, k = 0;
	size_t n, rows = p->row.n;
	struct cell *cells = all_cells(p, &n);
	struct shape *shape = columns(st, cells, n, &cols, &ncols);
	struct record r;
	int ret = 0;

	qsort(cells, n, sizeof(*cells), by_row);
	for (size_t i = 0; i < n && ret == 0; i++) {
		if (i == 0 || compare(&cells[i].row, &cells[i - 1].row) != 0) {
			record_new(&r, shape, &p->slots);
			memcpy(r.v, cells[i].row.v, rows * sizeof(*r.v));
			for (k = 0; k < ncols; k++)
				r.v[k + rows] = p->filled;
			k = 0;
		}
		while (compare(&cols[k], &cells[i].col) != 0)
			k++;
		r.v[k + rows] = cells[i].value;
		if (i + 1 == n ||
			compare(&cells[i].row, &cells[i + 1].row) != 0)
			ret = stage_emit(st, &r);
	}
	free(cells);
	free(cols);
	state_clear(p->cells);
	return ret;
}

static void
pivot_close(struct stage *st)
{
	struct pivot *p = STAGE(st, pivot);

	fields_release(&p->row);
	list_free(&p->names);
	if (p->col.path != NULL)
		field_release(&p->col);
	if (p->val.path != NULL)
		field_release(&p->val);
	state_free(p->cells);
	buf_release(&p->cell_key);
	buf_release(&p->text);
	buf_release(&p->name);
	buf_release(&p->fill_text);
	slots_release(&p->slots);
}

const struct op op_pivot = {
	.name = "pivot",
	.about = "make a matrix: values of one field as rows, of another as "
		 "columns",
	.synopsis = "--rows FIELD --cols FIELD --value FIELD [--fill VALUE]",
	.opts = pivot_opts,
	.size = sizeof(struct pivot),
	.flags = OP_HOLDS,
	.open = pivot_open,
	.plan = pivot_plan,
	.record = pivot_record,
	.batch = pivot_batch,
	.close = pivot_close,
};
