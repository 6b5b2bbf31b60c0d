/*
 * delta_merge: see delta_merge.h.
 */
#include "delta/delta_merge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/hash.h"
#include "floor/mem.h"
#include "text/numeric.h"
#include "time/date.h"
#include "value/json.h"
#include "value/list.h"
#include "value/record.h"
#include "value/record_read.h"
#include "types/schema.h"
#include "parquet/columns.h"
#include "parquet/parquet_write.h"
#include "delta/delta_commit.h"
#include "delta/delta_files.h"
#include "delta/delta_log.h"
#include "delta/delta_rows.h"

#define TRIAL ((size_t)1 << 20) /* bytes of rows that were only tried */

struct row {
	size_t key, nkey; /* in keys */
	size_t line, n;   /* in lines */
	uint64_t number;  /* of its line */
	uint32_t next;    /* in the hash, from 1 */
};

struct delta_merge {
	const struct schema *table;
	size_t *key_at; /* columns */
	size_t nkeys;
	bool *wanted; /* the same as flags */
	struct buf lines, keys, tmp, text;
	struct row *rows;
	size_t n, room;
	uint32_t *hash;
	size_t mask;
	struct record_reader reader;
	struct columns columns;
	const struct value **v;
	struct parquet_writer *trial;
};

static int
find_keys(struct delta_merge *m, const struct list *keys, struct err *err)
{
	for (size_t i = 0; i < keys->n; i++) {
		int at = schema_like(m->table, keys->s[i], strlen(keys->s[i]));
		enum type_kind kind;

		if (at < 0)
			return err_as(err, STATUS_USAGE,
				"--key: the table has no column '%s'",
				keys->s[i]);
		kind = m->table->f[at].type == NULL
			? TYPE_STRING
			: m->table->f[at].type->kind;
		if (kind == TYPE_ARRAY || kind == TYPE_MAP ||
			kind == TYPE_STRUCT)
			return err_as(err, STATUS_USAGE,
				"--key: '%s' is nested, and cannot tell rows "
				"apart",
				keys->s[i]);
		m->key_at[m->nkeys++] = (size_t)at;
		m->wanted[at] = true;
	}
	return 0;
}

struct delta_merge *
delta_merge_new(const struct schema *table, const struct list *keys,
	struct shapes *shapes, struct err *err)
{
	struct delta_merge *m = mem_zalloc(sizeof(*m));

	m->table = table;
	m->mask = 255;
	m->hash = mem_zalloc((m->mask + 1) * sizeof(*m->hash));
	m->key_at = mem_zalloc((keys->n + 1) * sizeof(*m->key_at));
	m->wanted = mem_zalloc((table->n + 1) * sizeof(*m->wanted));
	m->v = mem_zalloc((table->n + 1) * sizeof(*m->v));
	record_read_init(&m->reader, shapes);
	columns_init(&m->columns, table);
	m->trial = parquet_write_new(table, CODEC_NONE, err);
	if (m->trial != NULL && find_keys(m, keys, err) == 0)
		return m;
	delta_merge_free(m);
	return NULL;
}

void
delta_merge_free(struct delta_merge *m)
{
	if (m == NULL)
		return;
	parquet_write_free(m->trial);
	columns_release(&m->columns);
	record_read_release(&m->reader);
	buf_release(&m->lines);
	buf_release(&m->keys);
	buf_release(&m->tmp);
	buf_release(&m->text);
	free(m->rows);
	free(m->hash);
	free(m->key_at);
	free(m->wanted);
	free(m->v);
	free(m);
}

/* ---- keys ---- */

static void
put_text(struct delta_merge *m, const struct value *v)
{
	const char *p;
	uint32_t size;
	size_t n;

	if (v->type == VALUE_STRING) {
		p = value_string(v, &n, &m->tmp);
	} else {
		buf_clear(&m->tmp);
		value_print(v, &m->tmp);
		p = m->tmp.p;
		n = m->tmp.n;
	}
	size = (uint32_t)n;
	buf_add(&m->text, &size, sizeof(size));
	buf_add(&m->text, p, n);
}

static void
put_double(struct delta_merge *m, const struct value *v, bool is_float)
{
	struct value number = value_number(v, true);
	double d = number.type == VALUE_INT ? (double)number.i : number.d;

	if (is_float)
		d = (float)d;
	if (isnan(d))
		d = NAN;
	if (d == 0)
		d = 0; /* of either sign */
	buf_add(&m->text, &d, sizeof(d));
}

/* A value of a column, so that equal ones have equal bytes. */
static void
put_key(struct delta_merge *m, const struct type *t, const struct value *v)
{
	enum type_kind kind = t == NULL ? TYPE_STRING : t->kind;
	numeric n = 0;
	int64_t i = 0;
	int32_t days;

	buf_byte(&m->text, (char)value_is_null(v));
	if (value_is_null(v))
		return;
	switch (kind) {
	case TYPE_BOOLEAN:
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		i = v->type == VALUE_BOOL ? v->i : value_number(v, false).i;
		break;
	case TYPE_TIMESTAMP:
		value_get_time(v, &i);
		break;
	case TYPE_DATE:
		days = (int32_t)v->i;
		if (v->type != VALUE_DATE)
			date_parse(v->s, v->n, &days);
		i = days;
		break;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		put_double(m, v, kind == TYPE_FLOAT);
		return;
	case TYPE_DECIMAL:
		buf_clear(&m->tmp);
		value_print(v, &m->tmp);
		numeric_read(m->tmp.p, m->tmp.n, t->precision, t->scale, &n);
		buf_add(&m->text, &n, sizeof(n));
		return;
	default:
		put_text(m, v);
		return;
	}
	buf_add(&m->text, &i, sizeof(i));
}

/* The key of a row in m->text. */
static void
make_key(struct delta_merge *m, const struct value *const *values)
{
	buf_clear(&m->text);
	buf_need(&m->text, 1);
	for (size_t i = 0; i < m->nkeys; i++)
		put_key(m, m->table->f[m->key_at[i]].type,
			values[m->key_at[i]]);
}

static struct row *
find_row(struct delta_merge *m)
{
	uint32_t i = m->hash[hash_bytes(m->text.p, m->text.n) & m->mask];

	for (; i != 0; i = m->rows[i - 1].next) {
		struct row *r = &m->rows[i - 1];

		if (r->nkey == m->text.n &&
			memcmp(m->keys.p + r->key, m->text.p, r->nkey) == 0)
			return r;
	}
	return NULL;
}

static void
link_row(struct delta_merge *m, size_t i)
{
	struct row *r = &m->rows[i];
	size_t at = hash_bytes(m->keys.p + r->key, r->nkey) & m->mask;

	r->next = m->hash[at];
	m->hash[at] = (uint32_t)i + 1;
}

static struct row *
new_row(struct delta_merge *m)
{
	struct row *r;

	if (m->n == m->room) {
		m->room = m->room * 2 + 64;
		m->rows = mem_realloc(m->rows, m->room * sizeof(*m->rows));
	}
	r = &m->rows[m->n];
	*r = (struct row){.key = m->keys.n, .nkey = m->text.n};
	buf_add(&m->keys, m->text.p, m->text.n);
	link_row(m, m->n++);
	if (m->n <= m->mask)
		return r;
	m->mask = m->mask * 4 + 3;
	free(m->hash);
	m->hash = mem_zalloc((m->mask + 1) * sizeof(*m->hash));
	for (size_t i = 0; i < m->n; i++)
		link_row(m, i);
	return r;
}

/* Would a file take the row? */
static int
try_row(struct delta_merge *m, const struct value *const *values,
	struct err *err)
{
	int rc = parquet_write_row(m->trial, values, err);

	if (parquet_write_held(m->trial) < TRIAL)
		return rc;
	parquet_write_free(m->trial);
	m->trial = parquet_write_new(m->table, CODEC_NONE, err);
	return rc;
}

int
delta_merge_add(struct delta_merge *m, const struct record *r,
	const struct value *const *values, struct err *err)
{
	struct row *row;

	if (try_row(m, values, err) != 0)
		return 1;
	make_key(m, values);
	row = find_row(m);
	if (row == NULL)
		row = new_row(m);
	row->line = m->lines.n;
	record_print(r, &m->lines);
	row->n = m->lines.n - row->line;
	row->number = r->number;
	buf_byte(&m->lines, '\n');
	return 0;
}

uint64_t
delta_merge_rows(const struct delta_merge *m)
{
	return m->n;
}

/* ---- files ---- */

static struct delta_rows *
open_rows(struct delta_merge *m, const struct delta_log *l,
	const struct delta_file *f, const bool *wanted, struct err *err)
{
	struct delta_rows_options o = {.dir = l->dir,
		.table = m->table,
		.parts = &l->parts,
		.action = f->action,
		.n = f->n,
		.wanted = wanted};

	return delta_rows_open(&o, err);
}

static bool
has_key(struct delta_merge *m, const struct value *v)
{
	for (size_t i = 0; i < m->table->n; i++)
		m->v[i] = &v[i];
	make_key(m, m->v);
	return find_row(m) != NULL;
}

/* Has the file a row of one of our keys?  1, 0 or -1. */
static int
touched(struct delta_merge *m, const struct delta_log *l,
	const struct delta_file *f, struct err *err)
{
	struct delta_rows *rows = open_rows(m, l, f, m->wanted, err);
	const struct value *v;
	bool failed, is = false;

	if (rows == NULL)
		return -1;
	do
		v = delta_rows_next(rows, &failed, err);
	while (v != NULL && !(is = has_key(m, v)));
	delta_rows_free(rows);
	return failed ? -1 : is;
}

static int
copy_others(struct delta_merge *m, const struct delta_log *l,
	const struct delta_file *f, struct delta_files *to, struct err *err)
{
	struct delta_rows *rows = open_rows(m, l, f, NULL, err);
	const struct value *v;
	bool failed = false;
	int rc = 0;

	if (rows == NULL)
		return -1;
	while (rc == 0 && (v = delta_rows_next(rows, &failed, err)) != NULL)
		if (!has_key(m, v))
			rc = delta_files_row(to, m->v, err);
	delta_rows_free(rows);
	return rc != 0 || failed ? -1 : 0;
}

static int
put_rows(struct delta_merge *m, struct delta_files *to, struct err *err)
{
	struct record r;

	buf_need(&m->lines, JSON_PADDING);
	for (size_t i = 0; i < m->n; i++) {
		const struct row *row = &m->rows[i];

		r = (struct record){.line = m->lines.p + row->line,
			.nline = (uint32_t)row->n,
			.number = row->number};
		if (record_read(&m->reader, &r, err) < 0 ||
			delta_files_row(
				to, columns_values(&m->columns, &r), err) != 0)
			return -1;
	}
	return 0;
}

int
delta_merge_write(struct delta_merge *m, const struct delta_log *l,
	struct delta_files *files, int64_t now_ms, struct buf *removed,
	struct err *err)
{
	for (size_t i = 0; i < l->files.n; i++) {
		const struct delta_file *f = l->files.f[i];
		int rc = touched(m, l, f, err);

		if (rc == 0)
			continue;
		if (rc < 0 || copy_others(m, l, f, files, err) < 0)
			return -1;
		delta_commit_remove(f, now_ms, removed);
	}
	return put_rows(m, files, err);
}
