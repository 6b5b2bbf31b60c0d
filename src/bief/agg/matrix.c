/*
 * matrix: a column gets a number when it is first met, a cell is kept with bytes
 * that compare by memcmp, row first.  So they are sorted once, and what is
 * together is the same bytes.
 */
#include "agg/matrix.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "value/key.h"
#include "value/sortkey.h"
#include "io/tempfile.h"
#include "recovery/state/state.h"

/* Behind it: the row's key, and the value's JSON text. */
struct cell {
	uint32_t column; /* its number */
	uint32_t nrow;   /* bytes of the row's key */
};

void
matrix_init(struct matrix *m, size_t most)
{
	memset(m, 0, sizeof(*m));
	m->most = most;
	m->filled = value_null();
	m->taken = state_new(most);
	m->columns = state_new(most);
	sorter_init(&m->cells, SORTER_ALL, SIZE_MAX, tempfile_dir());
	sorter_init(&m->columns_by_value, SORTER_ALL, SIZE_MAX, tempfile_dir());
}

void
matrix_release(struct matrix *m)
{
	list_free(&m->names);
	state_free(m->taken);
	state_free(m->columns);
	sorter_release(&m->cells);
	sorter_release(&m->columns_by_value);
	buf_release(&m->key);
	buf_release(&m->sort_key);
	buf_release(&m->text);
	buf_release(&m->name);
	buf_release(&m->row);
	buf_release(&m->kept);
	slots_release(&m->slots);
	free(m->place);
}

/* ---- cells come ---- */

/* What a key is sorted by where the values are equal, as 1 and 1.0 are: the key
 * itself. */
static void
matrix_tie(struct matrix *m, const char *key, size_t n)
{
	uint32_t length = htobe32((uint32_t)n);

	buf_add(&m->sort_key, &length, sizeof(length));
	buf_add(&m->sort_key, key, n);
}

/* The number of a column. */
static int
matrix_number(struct matrix *m, const struct value *v, const char *key,
	size_t n, uint32_t *number, struct err *err)
{
	bool made;
	state_ref ref = state_make(
		m->columns, key, n, sizeof(*number), &made, err);

	if (ref == STATE_NONE)
		return -1;
	if (!made) {
		memcpy(number, state_value(m->columns, ref, NULL),
			sizeof(*number));
		return 0;
	}
	*number = (uint32_t)state_count(m->columns) - 1;
	memcpy(state_change(m->columns, ref), number, sizeof(*number));
	buf_clear(&m->sort_key);
	sortkey_add(v, false, &m->sort_key);
	matrix_tie(m, key, n);
	buf_clear(&m->text);
	buf_add(&m->text, number, sizeof(*number));
	buf_add(&m->text, key, n);
	return sorter_add(&m->columns_by_value, &m->sort_key, &m->text, err);
}

/* --max-state counts all that is kept. */
static int
matrix_room(const struct matrix *m, struct err *err)
{
	if (m->most == 0 ||
		sorter_memory(&m->cells) + state_bytes(m->taken) +
				state_bytes(m->columns) <=
			m->most)
		return 0;
	return err_set(err,
		"the state has reached its limit of %zu bytes with %zu cells; "
		"raise --max-state",
		m->most, state_count(m->taken));
}

/* Its key is there: that of the row has nrow bytes. */
static int
matrix_keep(struct matrix *m, const struct value *const *row, size_t nrow,
	const struct value *column, const struct value *v, struct err *err)
{
	const char *key = m->key.p;
	size_t ncolumn = m->key.n - nrow;
	struct cell c = {.nrow = (uint32_t)nrow};

	if (matrix_number(m, column, key + nrow, ncolumn, &c.column, err) < 0)
		return -1;
	buf_clear(&m->sort_key);
	for (size_t i = 0; i < m->names.n; i++)
		sortkey_add(row[i], false, &m->sort_key);
	matrix_tie(m, key, nrow);
	sortkey_add(column, false, &m->sort_key);
	matrix_tie(m, key + nrow, ncolumn);
	buf_clear(&m->text);
	buf_add(&m->text, &c, sizeof(c));
	buf_add(&m->text, key, nrow);
	/* As text: it keeps its spelling. */
	value_print(v, &m->text);
	if (sorter_add(&m->cells, &m->sort_key, &m->text, err) < 0)
		return -1;
	return matrix_room(m, err);
}

int
matrix_add(struct matrix *m, const struct value *const *row,
	const struct value *column, const struct value *v, struct err *err)
{
	size_t nrow;
	bool made;

	buf_clear(&m->key);
	for (size_t i = 0; i < m->names.n; i++)
		key_encode(row[i], &m->key);
	nrow = m->key.n;
	key_encode(column, &m->key);
	if (state_make(m->taken, m->key.p, m->key.n, 0, &made, err) ==
		STATE_NONE)
		return -1;
	return made ? matrix_keep(m, row, nrow, column, v, err) : 1;
}

/* ---- rows go ---- */

/* Add a field of this name, or with a number where the name is taken: by the
 * row's own, or where null stands beside "null". */
static struct shape *
matrix_add_column_field(
	struct matrix *m, struct shape *shape, const char *name, size_t n)
{
	buf_clear(&m->name);
	buf_add(&m->name, name, n);
	for (int i = 2; shape_find(shape, m->name.p, m->name.n) >= 0; i++) {
		m->name.n = n;
		buf_printf(&m->name, "_%d", i);
	}
	return shape_extend(shape, m->name.p, m->name.n);
}

/* A value as a name, as between quotes in JSON. */
static void
matrix_column_name(struct matrix *m, const struct value *v)
{
	buf_clear(&m->text);
	value_print(v, &m->text);
	if (v->type != VALUE_ARRAY && v->type != VALUE_OBJECT)
		return;
	buf_clear(&m->name);
	buf_add(&m->name, m->text.p, m->text.n);
	buf_clear(&m->text);
	json_quote(&m->text, m->name.p, m->name.n);
}

/* The next column, in their order. */
static int
matrix_take_column(void *arg, const struct sort_row *row)
{
	struct matrix *m = arg;
	const char *data = sort_row_data(row);
	uint32_t number;
	struct value v;
	bool quoted;

	memcpy(&number, data, sizeof(number));
	m->place[number] = m->ncolumns++;
	key_decode(&v, data + sizeof(number), row->n - sizeof(number));
	matrix_column_name(m, &v);
	quoted = m->text.p[0] == '"';
	m->shape = matrix_add_column_field(
		m, m->shape, m->text.p + quoted, m->text.n - 2 * quoted);
	return 0;
}

/* The shape of the result. */
static int
matrix_all_columns(struct matrix *m, struct shapes *shapes, struct err *err)
{
	m->shape = shape_empty(shapes);
	for (size_t i = 0; i < m->names.n; i++) {
		const char *name = m->names.s[i];

		buf_clear(&m->text);
		json_quote(&m->text, name, strlen(name));
		m->shape = shape_extend(m->shape, m->text.p + 1, m->text.n - 2);
	}
	m->ncolumns = 0;
	m->place = mem_alloc((state_count(m->columns) + 1) * sizeof(*m->place));
	return sorter_give(&m->columns_by_value, matrix_take_column, m, err);
}

/* A row's values are those of its key, then the cells: of a cell that is there
 * its place in the text that is kept for the row. */
static void
matrix_begin_row(struct matrix *m, const char *key, size_t n)
{
	struct value *v = slots_need(&m->slots, m->shape->n);

	buf_clear(&m->row);
	buf_add(&m->row, key, n);
	buf_clear(&m->kept);
	for (uint32_t i = 0; i < m->shape->n; i++)
		v[i] = value_null();
}

static int
matrix_emit_row(struct matrix *m)
{
	struct record r = {
		.shape = m->shape, .v = m->slots.v, .room = m->slots.cap};
	size_t rows = m->names.n, at = 0;
	struct json_error why;

	if (m->row.n == 0)
		return 0;
	for (size_t i = 0; i < rows; i++)
		at += key_decode(&r.v[i], m->row.p + at, m->row.n - at);
	buf_need(&m->kept, JSON_PADDING);
	for (uint32_t i = 0; i < m->ncolumns; i++) {
		struct value *v = &r.v[rows + i];
		const char *text = m->kept.p + v->i;

		if (v->n > 0)
			json_read(text, text + v->n, 0, v, &why);
		else
			*v = m->filled;
	}
	buf_clear(&m->row);
	return m->emit(m->arg, &r);
}

/* The next cell, by row, then by column. */
static int
matrix_take_cell(void *arg, const struct sort_row *row)
{
	struct matrix *m = arg;
	const char *key = sort_row_data(row) + sizeof(struct cell), *text;
	struct cell c;
	size_t n;

	memcpy(&c, sort_row_data(row), sizeof(c));
	text = key + c.nrow;
	n = row->n - sizeof(c) - c.nrow;
	if (m->row.n != c.nrow || memcmp(m->row.p, key, c.nrow) != 0) {
		if (matrix_emit_row(m) < 0)
			return -1;
		matrix_begin_row(m, key, c.nrow);
	}
	m->slots.v[m->names.n + m->place[c.column]] = (struct value){
		.i = (int64_t)m->kept.n, .n = (uint32_t)n};
	buf_add(&m->kept, text, n);
	return 0;
}

int
matrix_give(struct matrix *m, struct shapes *shapes,
	int (*emit)(void *arg, struct record *r), void *arg, struct err *err)
{
	int ret;

	m->emit = emit;
	m->arg = arg;
	ret = matrix_all_columns(m, shapes, err);
	if (ret == 0)
		ret = sorter_give(&m->cells, matrix_take_cell, m, err);
	if (ret == 0)
		ret = matrix_emit_row(m);
	free(m->place);
	m->place = NULL;
	state_clear(m->taken);
	state_clear(m->columns);
	return ret;
}
