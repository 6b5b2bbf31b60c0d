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
 * cells are kept, and sorted by row and column for what goes out.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "value/json.h"
#include "value/key.h"
#include "value/path.h"
#include "value/sortkey.h"
#include "io/sort/sorter.h"
#include "io/tempfile.h"
#include "recovery/state/state.h"
#include "runtime/options/fields.h"
#include "runtime/stage.h"

struct pivot {
	const char *rows, *cols, *value, *fill;
	struct fields row; /* one, or the two of "window" */
	struct list names; /* what they are called */
	struct field col, val;
	struct value filled;
	struct state *taken;   /* cells that are there: row, column */
	struct state *columns; /* their numbers, as they came */
	/* A cell is a struct cell, its row's key and its value's JSON text; a
	 * column its number and its key. */
	struct sorter cells, names_of_columns;
	struct buf cell_key, sort_key, text, name, fill_text;
	struct slots slots;
	/* while the batch goes out */
	uint32_t *place; /* of the columns, by their numbers */
	uint32_t ncolumns;
	struct shape *shape;
	struct buf
		row_key; /* the key of the row that is gathered; empty: none */
	struct buf kept; /* its values' text */
};

struct cell {
	uint32_t column; /* its number */
	uint32_t nrow;   /* bytes of the row's key */
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

	p->taken = state_new(stage_max_state(st));
	p->columns = state_new(stage_max_state(st));
	sorter_init(&p->cells, SORTER_ALL, SIZE_MAX, tempfile_dir());
	sorter_init(&p->names_of_columns, SORTER_ALL, SIZE_MAX, tempfile_dir());
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

/* What a key is sorted by where the values are equal, as 1 and 1.0 are: the key
 * itself. */
static void
add_tie(struct buf *sort_key, const char *key, size_t n)
{
	uint32_t length = htobe32((uint32_t)n);

	buf_add(sort_key, &length, sizeof(length));
	buf_add(sort_key, key, n);
}

/* The number of a column. */
static int
number_column(struct stage *st, const struct value *v, const char *key,
	size_t n, uint32_t *number)
{
	struct pivot *p = STAGE(st, pivot);
	bool made;
	state_ref ref = state_make(
		p->columns, key, n, sizeof(*number), &made, st->err);

	if (ref == STATE_NONE)
		return -1;
	if (!made) {
		memcpy(number, state_value(p->columns, ref, NULL),
			sizeof(*number));
		return 0;
	}
	*number = (uint32_t)state_count(p->columns) - 1;
	memcpy(state_change(p->columns, ref), number, sizeof(*number));
	buf_clear(&p->sort_key);
	sortkey_add(v, false, &p->sort_key);
	add_tie(&p->sort_key, key, n);
	buf_clear(&p->text);
	buf_add(&p->text, number, sizeof(*number));
	buf_add(&p->text, key, n);
	return sorter_add(
		&p->names_of_columns, &p->sort_key, &p->text, st->err);
}

/* --max-state counts all that is kept. */
static int
check_room(struct stage *st)
{
	const struct pivot *p = STAGE(st, pivot);
	size_t most = stage_max_state(st);

	if (most == 0 ||
		sorter_memory(&p->cells) + state_bytes(p->taken) +
				state_bytes(p->columns) <=
			most)
		return 0;
	return err_set(st->err,
		"the state has reached its limit of %zu bytes with %zu cells; "
		"raise --max-state",
		most, state_count(p->taken));
}

/* Keep a cell, whose key is there: its row's has nrow bytes. */
static int
keep_cell(struct stage *st, struct record *r, size_t nrow)
{
	struct pivot *p = STAGE(st, pivot);
	const struct value *column = record_get(r, &p->col);
	const char *key = p->cell_key.p;
	size_t ncolumn = p->cell_key.n - nrow;
	struct cell c = {.nrow = (uint32_t)nrow};

	if (number_column(st, column, key + nrow, ncolumn, &c.column) < 0)
		return -1;
	buf_clear(&p->sort_key);
	for (size_t i = 0; i < p->row.n; i++)
		sortkey_add(record_get(r, &p->row.f[i]), false, &p->sort_key);
	add_tie(&p->sort_key, key, nrow);
	sortkey_add(column, false, &p->sort_key);
	add_tie(&p->sort_key, key + nrow, ncolumn);
	buf_clear(&p->text);
	buf_add(&p->text, &c, sizeof(c));
	buf_add(&p->text, key, nrow);
	/* As text: it keeps its spelling. */
	value_print(record_get(r, &p->val), &p->text);
	return sorter_add(&p->cells, &p->sort_key, &p->text, st->err) < 0
		? -1
		: check_room(st);
}

static int
pivot_record(struct stage *st, struct record *r)
{
	struct pivot *p = STAGE(st, pivot);
	size_t nrow;
	bool made;

	buf_clear(&p->cell_key);
	for (size_t i = 0; i < p->row.n; i++)
		key_encode(record_get(r, &p->row.f[i]), &p->cell_key);
	nrow = p->cell_key.n;
	key_encode(record_get(r, &p->col), &p->cell_key);
	if (state_make(p->taken, p->cell_key.p, p->cell_key.n, 0, &made,
		    st->err) == STATE_NONE)
		return -1;
	if (!made)
		return stage_reject(st, r,
			"a second value for the same row and column: aggregate "
			"first (agg --by %s,%s)",
			p->rows, p->cols);
	return keep_cell(st, r, nrow);
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

/* The next column, in their order. */
static int
take_column(void *arg, const struct sort_row *row)
{
	struct pivot *p = STAGE((struct stage *)arg, pivot);
	const char *data = sort_row_data(row);
	uint32_t number;
	struct value v;
	bool quoted;

	memcpy(&number, data, sizeof(number));
	p->place[number] = p->ncolumns++;
	key_decode(&v, data + sizeof(number), row->n - sizeof(number));
	column_name(p, &v);
	quoted = p->text.p[0] == '"';
	p->shape = add_column_field(
		p, p->shape, p->text.p + quoted, p->text.n - 2 * quoted);
	return 0;
}

/* The shape of the result. */
static int
all_columns(struct stage *st)
{
	struct pivot *p = STAGE(st, pivot);

	p->shape = shape_empty(st->shapes);
	for (size_t i = 0; i < p->names.n; i++) {
		const char *name = p->names.s[i];

		buf_clear(&p->text);
		json_quote(&p->text, name, strlen(name));
		p->shape = shape_extend(p->shape, p->text.p + 1, p->text.n - 2);
	}
	p->ncolumns = 0;
	p->place = mem_alloc((state_count(p->columns) + 1) * sizeof(*p->place));
	return sorter_give(&p->names_of_columns, take_column, st, st->err);
}

/* A row's values are those of its key, then the cells: of a cell that is there
 * its place in the text that is kept for the row. */
static void
begin_row(struct pivot *p, const char *key, size_t n)
{
	struct value *v = slots_need(&p->slots, p->shape->n);

	buf_clear(&p->row_key);
	buf_add(&p->row_key, key, n);
	buf_clear(&p->kept);
	for (uint32_t i = 0; i < p->shape->n; i++)
		v[i] = value_null();
}

static int
emit_row(struct stage *st)
{
	struct pivot *p = STAGE(st, pivot);
	struct record r = {
		.shape = p->shape, .v = p->slots.v, .room = p->slots.cap};
	size_t rows = p->names.n, at = 0;
	struct json_error why;

	if (p->row_key.n == 0)
		return 0;
	for (size_t i = 0; i < rows; i++)
		at += key_decode(&r.v[i], p->row_key.p + at, p->row_key.n - at);
	buf_need(&p->kept, JSON_PADDING);
	for (uint32_t i = 0; i < p->ncolumns; i++) {
		struct value *v = &r.v[rows + i];
		const char *text = p->kept.p + v->i;

		if (v->n > 0)
			json_read(text, text + v->n, 0, v, &why);
		else
			*v = p->filled;
	}
	buf_clear(&p->row_key);
	return stage_emit(st, &r);
}

/* The next cell, by row, then by column. */
static int
take_cell(void *arg, const struct sort_row *row)
{
	struct stage *st = arg;
	struct pivot *p = STAGE(st, pivot);
	const char *key = sort_row_data(row) + sizeof(struct cell), *text;
	struct cell c;
	size_t n;

	memcpy(&c, sort_row_data(row), sizeof(c));
	text = key + c.nrow;
	n = row->n - sizeof(c) - c.nrow;
	if (p->row_key.n != c.nrow || memcmp(p->row_key.p, key, c.nrow) != 0) {
		if (emit_row(st) < 0)
			return -1;
		begin_row(p, key, c.nrow);
	}
	p->slots.v[p->names.n + p->place[c.column]] = (struct value){
		.i = (int64_t)p->kept.n, .n = (uint32_t)n};
	buf_add(&p->kept, text, n);
	return 0;
}

static int
pivot_batch(struct stage *st, struct batch *b)
{
	struct pivot *p = STAGE(st, pivot);
	int ret;

	ret = all_columns(st);
	if (ret == 0)
		ret = sorter_give(&p->cells, take_cell, st, st->err);
	if (ret == 0)
		ret = emit_row(st);
	free(p->place);
	p->place = NULL;
	state_clear(p->taken);
	state_clear(p->columns);
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
	state_free(p->taken);
	state_free(p->columns);
	sorter_release(&p->cells);
	sorter_release(&p->names_of_columns);
	buf_release(&p->cell_key);
	buf_release(&p->sort_key);
	buf_release(&p->row_key);
	buf_release(&p->kept);
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
	.open = pivot_open,
	.plan = pivot_plan,
	.record = pivot_record,
	.batch = pivot_batch,
	.close = pivot_close,
};
