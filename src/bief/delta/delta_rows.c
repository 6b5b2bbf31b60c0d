/*
 * delta_rows: see delta_rows.h.  Columns of the partition are not in the file,
 * and a column that the table got later is null.
 */
#include "delta/delta_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "time/zone.h"
#include "value/json.h"
#include "value/slots.h"
#include "value/value.h"
#include "types/cell.h"
#include "types/schema.h"
#include "parquet/parquet_read.h"
#include "delta/delta_log.h"

#define ROWS 128 /* that are read at once */

struct delta_rows {
	struct parquet_reader *file;
	size_t n, stride; /* columns of the table; and room for more */
	struct value *v;  /* rows; values of the partition stay */
	int at, rows;
	int *from; /* the column of the file, or -1 */
	struct buf text;
};

static int
read_action(const struct delta_rows_options *o, struct value *action,
	struct value *path, struct err *err)
{
	struct json_error why;

	if (json_read(o->action, o->action + o->n, 0, action, &why) != NULL &&
		json_get(action, "path", 4, path) && path->type == VALUE_STRING)
		return 0;
	return err_as(err, STATUS_DAMAGED,
		"the log of table '%s' is damaged: a file has no path", o->dir);
}

static int
open_file(struct delta_rows *r, const struct delta_rows_options *o,
	const struct value *path, struct err *err)
{
	struct buf place, tmp;
	const char *s;
	size_t n;

	buf_init(&place);
	buf_init(&tmp);
	s = value_string(path, &n, &tmp);
	delta_log_place(o->dir, s, n, &place);
	if (access(place.p, F_OK) < 0 && errno == ENOENT)
		err_set(err,
			"'%s' is missing: a vacuum has deleted it, or it was "
			"lost: begin with a new checkpoint, or put it back",
			place.p);
	else
		r->file = parquet_read_open(place.p, err);
	buf_release(&place);
	buf_release(&tmp);
	return r->file != NULL ? 0 : -1;
}

static void
part_value(struct delta_rows *r, const struct delta_rows_options *o, size_t at,
	const struct value *values)
{
	const struct schema_field *f = &o->table->f[at];
	struct cell_rules rules = {.zone = zone_utc};
	struct cell cell;
	struct value v;
	struct buf tmp;

	r->v[at] = value_null();
	if (!json_get(values, f->name, strlen(f->name), &v) ||
		v.type != VALUE_STRING)
		return;
	buf_init(&tmp);
	cell.s = value_string(&v, &cell.n, &tmp);
	cell.quoted = false;
	if (!cell_value(&cell, f->type, &rules, &r->text, &r->v[at]))
		r->v[at] = value_null();
	else if (r->v[at].type >= VALUE_NUMBER &&
		r->v[at].type <= VALUE_STRING &&
		(r->v[at].s < r->text.p ||
			r->v[at].s >= r->text.p + r->text.n)) {
		/* It lies in tmp, or in the action. */
		char *p = buf_need(&r->text, r->v[at].n);

		memcpy(p, r->v[at].s, r->v[at].n);
		r->v[at].s = p;
		r->text.n += r->v[at].n;
	}
	buf_release(&tmp);
}

/* What is the same in all rows of the file: the partition's values; nulls. */
static void
repeat_first(struct delta_rows *r)
{
	for (size_t i = 1; i < ROWS; i++)
		memcpy(r->v + i * r->stride, r->v, r->n * sizeof(*r->v));
}

static void
find_columns(struct delta_rows *r, const struct delta_rows_options *o,
	const struct value *values)
{
	const struct schema *file = parquet_read_schema(r->file);

	/* Values must not move. */
	buf_need(&r->text, CELL_ROOM(o->n) + o->n + 4096 * (r->n + 1));
	for (size_t i = 0; i < r->n; i++) {
		const char *name = o->table->f[i].name;
		bool part = false;

		r->v[i] = value_null();
		r->from[i] = -1;
		for (size_t k = 0; k < o->parts->n; k++)
			part = part || strcmp(o->parts->s[k], name) == 0;
		if (part && values->type == VALUE_OBJECT)
			part_value(r, o, i, values);
		else if (!part && (o->wanted == NULL || o->wanted[i]))
			r->from[i] = schema_like(file, name, strlen(name));
	}
	parquet_read_choose(r->file, r->from, r->n);
	repeat_first(r);
}

struct delta_rows *
delta_rows_open(const struct delta_rows_options *o, struct err *err)
{
	struct delta_rows *r = mem_zalloc(sizeof(*r));
	struct value action, path, values;

	r->n = o->table->n;
	r->stride = r->n + RECORD_SPARE;
	r->v = mem_zalloc(ROWS * r->stride * sizeof(*r->v));
	r->from = mem_zalloc((r->n + 1) * sizeof(*r->from));
	if (read_action(o, &action, &path, err) < 0 ||
		open_file(r, o, &path, err) < 0) {
		delta_rows_free(r);
		return NULL;
	}
	if (!json_get(&action, "partitionValues", 15, &values))
		values = value_null();
	find_columns(r, o, &values);
	return r;
}

void
delta_rows_free(struct delta_rows *r)
{
	if (r == NULL)
		return;
	parquet_read_free(r->file);
	free(r->v);
	free(r->from);
	buf_release(&r->text);
	free(r);
}

struct value *
delta_rows_next(struct delta_rows *r, bool *failed, struct err *err)
{
	*failed = false;
	if (r->at == r->rows) {
		r->at = 0;
		r->rows = parquet_read_rows(
			r->file, r->v, r->stride, ROWS, err);
		*failed = r->rows < 0;
	}
	if (r->rows <= 0) {
		r->rows = 0;
		return NULL;
	}
	return r->v + (size_t)r->at++ * r->stride;
}
