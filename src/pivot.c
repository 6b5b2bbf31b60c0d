/*
 * pivot: turn records into a matrix: a row per value of one field, a column per
 * value of another.
 *
 * Time: none is used.
 * Watermark: passed on as it is.
 * State: the cells of one batch, in memory; nothing is kept from batch to
 * batch.
 * Restart: the batch is run again.
 */
#include <stdlib.h>
#include <string.h>

#include "value/json.h"
#include "value/path.h"
#include "runtime/options/fields.h"
#include "runtime/stage.h"
#include "agg/matrix.h"

struct pivot {
	const char *rows, *cols, *value, *fill;
	struct fields row; /* one, or the two of "window" */
	struct field col, val;
	struct matrix matrix;
	struct buf fill_text;
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

	p->matrix.filled = value_null();
	if (p->fill == NULL)
		return 0;
	buf_str(&p->fill_text, p->fill);
	memset(buf_need(&p->fill_text, JSON_PADDING), 0, JSON_PADDING);
	end = p->fill_text.p + p->fill_text.n;
	if (json_read(p->fill_text.p, end, 0, &p->matrix.filled, &why) != end) {
		buf_clear(&p->fill_text);
		json_quote(&p->fill_text, p->fill, strlen(p->fill));
		p->matrix.filled = value_json_string(p->fill_text.p + 1,
			p->fill_text.n - 2,
			memchr(p->fill_text.p, '\\', p->fill_text.n) != NULL);
	}
	return 0;
}

static int
pivot_open(struct stage *st)
{
	struct pivot *p = STAGE(st, pivot);

	matrix_init(&p->matrix, stage_max_state(st));
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
		list_add(&v->matrix.names, name, false);
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
	for (size_t i = 0; i < v->matrix.names.n; i++)
		list_add(&p->keys, v->matrix.names.s[i], false);
	return 0;
}

static int
pivot_record(struct stage *st, struct record *r)
{
	struct pivot *p = STAGE(st, pivot);
	const struct value *row[MATRIX_ROW];
	int ret;

	for (size_t i = 0; i < p->row.n; i++)
		row[i] = record_get(r, &p->row.f[i]);
	ret = matrix_add(&p->matrix, row, record_get(r, &p->col),
		record_get(r, &p->val), st->err);
	if (ret <= 0)
		return ret;
	return stage_reject(st, r,
		"a second value for the same row and column: aggregate "
		"first (agg --by %s,%s)",
		p->rows, p->cols);
}

static int
pivot_emit(void *arg, struct record *r)
{
	return stage_emit(arg, r);
}

static int
pivot_batch(struct stage *st, struct batch *b)
{
	return matrix_give(
		&STAGE(st, pivot)->matrix, st->shapes, pivot_emit, st, st->err);
}

static void
pivot_close(struct stage *st)
{
	struct pivot *p = STAGE(st, pivot);

	fields_release(&p->row);
	if (p->col.path != NULL)
		field_release(&p->col);
	if (p->val.path != NULL)
		field_release(&p->val);
	matrix_release(&p->matrix);
	buf_release(&p->fill_text);
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
