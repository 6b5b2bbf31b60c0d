/*
 * parquet_write: see parquet_write.h.
 *
 *	"PAR1"
 *	row groups: for each column its dictionary, if it has one, and data
 *	    pages, each behind a head
 *	footer: the schema, where the groups and columns are, their bounds
 *	bytes of the footer, 4, little-endian
 *	"PAR1"
 */
#include "parquet/parquet_write.h"

#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "types/type.h"
#include "parquet/chunk.h"
#include "parquet/colbounds.h"
#include "parquet/node.h"
#include "parquet/shred.h"
#include "parquet/thrift.h"

#define MAGIC "PAR1"
#define CREATED_BY "bief version 1"
#define INDEXED 32 /* columns that have bounds in a log, as with others */

struct parquet_writer {
	const struct schema *schema;
	struct node *root;
	int leaves;
	enum codec codec;
	struct codec_packer *packer;
	struct chunk *chunks;
	struct shred shred;
	struct colbounds *bounds; /* of the file, by leaf */
	const struct node **leaf;
	size_t held;
	uint64_t rows, group_rows;
	int groups;
	int64_t place; /* in the file, behind what has been taken */
	struct buf out;
	struct buf described; /* row groups, for the footer */
};

static void
find_leaves(struct parquet_writer *w, const struct node *k)
{
	if (k->kids == NULL)
		w->leaf[k->leaf] = k;
	for (size_t i = 0; i < k->n; i++)
		find_leaves(w, &k->kids[i]);
}

static int
check_type(const char *name, const struct type *t, struct err *err)
{
	if (t == NULL)
		return 0;
	if (t->kind == TYPE_ARRAY)
		return check_type(name, t->elem, err);
	if (t->kind == TYPE_MAP)
		return check_type(name, t->key, err) < 0
			? -1
			: check_type(name, t->elem, err);
	if (t->kind != TYPE_STRUCT)
		return 0;
	if (t->fields->n == 0)
		return err_as(err, STATUS_USAGE,
			"'%s' is a struct without fields, which Parquet "
			"cannot hold: drop it",
			name);
	for (size_t i = 0; i < t->fields->n; i++)
		if (check_type(t->fields->f[i].name, t->fields->f[i].type,
			    err) < 0)
			return -1;
	return 0;
}

static int
check_schema(const struct schema *s, struct err *err)
{
	if (s->n == 0)
		return err_as(err, STATUS_USAGE,
			"there is no field, and Parquet needs a column");
	for (size_t i = 0; i < s->n; i++)
		if (check_type(s->f[i].name, s->f[i].type, err) < 0)
			return -1;
	return 0;
}

struct parquet_writer *
parquet_write_new(const struct schema *s, enum codec codec, struct err *err)
{
	struct parquet_writer *w;

	if (check_schema(s, err) < 0)
		return NULL;
	w = mem_zalloc(sizeof(*w));
	w->schema = s;
	w->codec = codec;
	w->root = node_new(s, &w->leaves);
	w->packer = codec_packer_new(codec, err);
	w->leaf = mem_zalloc((size_t)w->leaves * sizeof(*w->leaf));
	w->chunks = mem_zalloc((size_t)w->leaves * sizeof(*w->chunks));
	w->bounds = mem_zalloc((size_t)w->leaves * sizeof(*w->bounds));
	w->shred.chunks = w->chunks;
	find_leaves(w, w->root);
	for (int i = 0; i < w->leaves; i++)
		chunk_init(&w->chunks[i], w->leaf[i]);
	buf_str(&w->out, MAGIC);
	if (w->packer != NULL)
		return w;
	parquet_write_free(w);
	return NULL;
}

void
parquet_write_free(struct parquet_writer *w)
{
	if (w == NULL)
		return;
	for (int i = 0; i < w->leaves; i++) {
		chunk_release(&w->chunks[i]);
		colbounds_release(&w->bounds[i]);
	}
	free(w->chunks);
	free(w->bounds);
	free(w->leaf);
	node_free(w->root);
	codec_packer_free(w->packer);
	buf_release(&w->shred.tmp);
	buf_release(&w->out);
	buf_release(&w->described);
	free(w);
}

int
parquet_write_row(struct parquet_writer *w, const struct value *const *values,
	struct err *err)
{
	size_t held = 0;
	int i, rc = 0;

	for (i = 0; rc == 0 && i < (int)w->root->n; i++)
		rc = shred_value(&w->shred, &w->root->kids[i], values[i], err);
	if (rc != 0) {
		for (i = 0; i < w->leaves; i++)
			chunk_back(&w->chunks[i]);
		return 1;
	}
	for (i = 0; i < w->leaves; i++)
		held += chunk_row(&w->chunks[i]);
	w->held = held;
	w->group_rows++;
	return 0;
}

size_t
parquet_write_held(const struct parquet_writer *w)
{
	return w->held;
}

static void
describe_group(struct parquet_writer *w, int64_t begin)
{
	struct thrift_out t = {.out = &w->described};
	int64_t raw = 0, packed = 0;

	thrift_begin(&t);
	thrift_list(&t, 1, THRIFT_STRUCT, (size_t)w->leaves);
	for (int i = 0; i < w->leaves; i++) {
		chunk_describe(&w->chunks[i], w->root, (int)w->codec, &t);
		raw += w->chunks[i].raw;
		packed += w->chunks[i].packed;
	}
	thrift_long(&t, 2, raw);
	thrift_long(&t, 3, (int64_t)w->group_rows);
	thrift_long(&t, 5, begin);
	thrift_long(&t, 6, packed);
	thrift_end(&t);
}

int
parquet_write_group(struct parquet_writer *w, struct err *err)
{
	int64_t begin = w->place + (int64_t)w->out.n;

	if (w->group_rows == 0)
		return 0;
	for (int i = 0; i < w->leaves; i++) {
		if (chunk_write(&w->chunks[i], w->place + (int64_t)w->out.n,
			    w->packer, &w->out, err) < 0)
			return -1;
		colbounds_merge(&w->bounds[i], &w->chunks[i].bounds);
	}
	describe_group(w, begin);
	w->groups++;
	w->rows += w->group_rows;
	w->group_rows = 0;
	w->held = 0;
	return 0;
}

int
parquet_write_end(struct parquet_writer *w, struct err *err)
{
	struct thrift_out t = {.out = &w->out};
	size_t begin;
	uint32_t n;

	if (parquet_write_group(w, err) < 0)
		return -1;
	begin = w->out.n;
	thrift_begin(&t);
	thrift_int(&t, 1, 1);
	node_write(w->root, &t, 2);
	thrift_long(&t, 3, (int64_t)w->rows);
	thrift_list(&t, 4, THRIFT_STRUCT, (size_t)w->groups);
	buf_add(&w->out, w->described.p, w->described.n);
	thrift_text(&t, 6, CREATED_BY, strlen(CREATED_BY));
	thrift_list(&t, 7, THRIFT_STRUCT, (size_t)w->leaves);
	for (int i = 0; i < w->leaves; i++) {
		thrift_begin(&t); /* bounds are in the order of the type */
		thrift_struct(&t, 1);
		thrift_end(&t);
		thrift_end(&t);
	}
	thrift_end(&t);
	n = (uint32_t)(w->out.n - begin);
	buf_add(&w->out, &n, 4);
	buf_str(&w->out, MAGIC);
	return 0;
}

const char *
parquet_write_take(struct parquet_writer *w, size_t *n)
{
	*n = w->out.n;
	w->place += (int64_t)w->out.n;
	buf_clear(&w->out);
	return w->out.p;
}

uint64_t
parquet_write_rows(const struct parquet_writer *w)
{
	return w->rows + w->group_rows;
}

enum part { LEAST, MOST, NULLS };

/* Fields of a struct that have something to say; lists and maps have not. */
static bool
put_stats(const struct parquet_writer *w, const struct node *k, enum part part,
	struct buf *out)
{
	size_t begin = out->n, i, inside;
	bool any = false;

	buf_byte(out, '{');
	for (i = 0; i < k->n; i++) {
		const struct node *kid = &k->kids[i];
		bool is;

		if (kid->leaf >= INDEXED ||
			(kid->kids != NULL && kid->type->kind != TYPE_STRUCT))
			continue;
		inside = out->n;
		if (any)
			buf_byte(out, ',');
		json_quote(out, kid->name, strlen(kid->name));
		buf_byte(out, ':');
		if (kid->kids != NULL) {
			is = put_stats(w, kid, part, out);
		} else if (part == NULLS) {
			buf_printf(out, "%llu",
				(unsigned long long)w->bounds[kid->leaf].nulls);
			is = true;
		} else {
			is = colbounds_json(
				&w->bounds[kid->leaf], kid, part == MOST, out);
		}
		if (!is)
			out->n = inside;
		any = any || is;
	}
	buf_byte(out, '}');
	if (!any)
		out->n = begin;
	return any;
}

void
parquet_write_stats(const struct parquet_writer *w, struct buf *out)
{
	static const char *const names[] = {
		"minValues", "maxValues", "nullCount"};

	buf_printf(out, "{\"numRecords\":%llu", (unsigned long long)w->rows);
	for (int i = LEAST; i <= NULLS; i++) {
		buf_printf(out, ",\"%s\":", names[i]);
		if (!put_stats(w, w->root, (enum part)i, out))
			buf_str(out, "{}");
	}
	buf_byte(out, '}');
}
