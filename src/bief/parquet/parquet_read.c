/*
 * parquet_read: see parquet_read.h.  Rows are put together again from the levels
 * of their columns; what is nested becomes JSON.
 */
#include "parquet/parquet_read.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "types/type.h"
#include "parquet/codec.h"
#include "parquet/column.h"
#include "parquet/footer.h"
#include "parquet/node.h"

/* A field that a row is to have, and where. */
struct want {
	const struct node *k;
	size_t at;
};

/* A place that has what another one has. */
struct twin {
	size_t at, of;
};

#define TEXT_MOST ((size_t)1 << 20) /* of nested fields, but for one row */

struct parquet_reader {
	char *path;
	int fd;
	struct footer f;
	struct column **columns; /* by leaf; NULL: not wanted */
	struct codec_unpacker *unpacker;
	struct want *wants; /* of a row; those in lists and structs last */
	size_t nwants, nflat;
	struct twin *twins;
	size_t ntwins;
	size_t width;    /* places of a row */
	size_t group;    /* the next one */
	uint64_t left;   /* rows of the one before */
	struct buf text; /* of nested values */
	struct err *err;
};

static int
in_file(const struct parquet_reader *r, struct err *err)
{
	char name[200];

	if (r->path == NULL)
		return -1;
	return err_in(err, "'%s'",
		err_quote(name, sizeof(name), r->path, strlen(r->path)));
}

static void
make_columns(struct parquet_reader *r, const struct node *k)
{
	if (k->kids == NULL) {
		r->columns[k->leaf] = mem_alloc(sizeof(struct column));
		column_init(r->columns[k->leaf], k, r->fd, r->unpacker);
	}
	for (size_t i = 0; i < k->n; i++)
		make_columns(r, &k->kids[i]);
}

static void
want(struct parquet_reader *r, const int *places, bool nested)
{
	for (size_t i = 0; i < r->f.root->n; i++) {
		const struct node *k = &r->f.root->kids[i];

		if (places[i] >= 0 && (k->kids != NULL) == nested)
			r->wants[r->nwants++] = (struct want){
				k, (size_t)places[i]};
	}
}

/* A place in a row for each field of the file, -1: it is to have none. */
static void
want_fields(struct parquet_reader *r, const int *places, size_t width)
{
	r->width = width;
	r->nwants = 0;
	want(r, places, false);
	r->nflat = r->nwants;
	want(r, places, true);
}

static void
want_all(struct parquet_reader *r)
{
	size_t n = r->f.root->n;
	int *places = mem_alloc((n + 1) * sizeof(*places));

	for (size_t i = 0; i < n; i++)
		places[i] = (int)i;
	r->wants = mem_alloc((n + 1) * sizeof(*r->wants));
	want_fields(r, places, n);
	free(places);
}

static int
read_footer(struct parquet_reader *r, struct err *err)
{
	if (footer_read(&r->f, r->fd, err) < 0)
		return -1;
	r->columns = mem_zalloc(
		(size_t)(r->f.leaves + 1) * sizeof(*r->columns));
	r->unpacker = codec_unpacker_new();
	make_columns(r, r->f.root);
	want_all(r);
	return 0;
}

struct parquet_reader *
parquet_read_open(const char *path, struct err *err)
{
	struct parquet_reader *r = mem_zalloc(sizeof(*r));

	r->path = mem_dup(path, strlen(path));
	r->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (r->fd >= 0 && read_footer(r, err) == 0)
		return r;
	if (r->fd < 0)
		err_sys(err, "cannot open it");
	in_file(r, err);
	parquet_read_free(r);
	return NULL;
}

struct parquet_reader *
parquet_read_file(int fd, struct err *err)
{
	struct parquet_reader *r = mem_zalloc(sizeof(*r));

	r->fd = fd;
	if (read_footer(r, err) == 0)
		return r;
	parquet_read_free(r);
	return NULL;
}

static void
drop_column(struct parquet_reader *r, int leaf)
{
	if (r->columns[leaf] == NULL)
		return;
	column_release(r->columns[leaf]);
	free(r->columns[leaf]);
	r->columns[leaf] = NULL;
}

void
parquet_read_free(struct parquet_reader *r)
{
	if (r == NULL)
		return;
	for (int i = 0; r->columns != NULL && i < r->f.leaves; i++)
		drop_column(r, i);
	free(r->columns);
	codec_unpacker_free(r->unpacker);
	free(r->wants);
	free(r->twins);
	footer_release(&r->f);
	if (r->fd >= 0 && r->path != NULL)
		close(r->fd);
	buf_release(&r->text);
	free(r->path);
	free(r);
}

const struct schema *
parquet_read_schema(const struct parquet_reader *r)
{
	return r->f.schema;
}

static void
drop_field(struct parquet_reader *r, size_t i)
{
	const struct node *root = r->f.root;
	int end = i + 1 < root->n ? root->kids[i + 1].leaf : r->f.leaves;

	for (int leaf = root->kids[i].leaf; leaf < end; leaf++)
		drop_column(r, leaf);
}

void
parquet_read_choose(struct parquet_reader *r, const int *fields, size_t n)
{
	size_t all = r->f.root->n;
	int *places = mem_alloc((all + 1) * sizeof(*places));

	memset(places, -1, all * sizeof(*places));
	r->twins = mem_realloc(r->twins, (n + 1) * sizeof(*r->twins));
	r->ntwins = 0;
	for (size_t i = 0; i < n; i++) {
		int *place = fields[i] < 0 ? NULL : &places[fields[i]];

		if (place != NULL && *place >= 0)
			r->twins[r->ntwins++] = (struct twin){
				i, (size_t)*place};
		else if (place != NULL)
			*place = (int)i;
	}
	want_fields(r, places, n);
	for (size_t i = 0; i < all; i++)
		if (places[i] < 0)
			drop_field(r, i);
	free(places);
}

/* The first column under a node has the levels that are to be looked at.  1; 0
 * when its chunk has ended. */
static int
look(struct parquet_reader *r, const struct node *k, uint32_t *def,
	uint32_t *rep)
{
	struct column *c = r->columns[k->leaf];
	int rc = column_need(c, r->err);

	if (rc == 1) {
		*def = c->defs[c->i];
		*rep = c->reps[c->i];
	}
	return rc;
}

static int
too_few(struct parquet_reader *r, const struct node *k)
{
	return err_as(r->err, STATUS_DAMAGED,
		"column '%s' is damaged: it has too few values", k->name);
}

/* What is not there has an entry in each column all the same. */
static int
pass(struct parquet_reader *r, const struct node *k)
{
	struct column *c = r->columns[k->leaf];
	int rc;

	for (size_t i = 0; i < k->n; i++)
		if (pass(r, &k->kids[i]) < 0)
			return -1;
	if (k->kids != NULL)
		return 0;
	rc = column_need(c, r->err);
	if (rc <= 0)
		return rc < 0 ? -1 : too_few(r, k);
	c->i++;
	return 0;
}

static int put(struct parquet_reader *r, const struct node *k);

static int
put_struct(struct parquet_reader *r, const struct node *k)
{
	bool any = false;

	buf_byte(&r->text, '{');
	for (size_t i = 0; i < k->n; i++) {
		size_t begin = r->text.n, value;

		if (any)
			buf_byte(&r->text, ',');
		json_quote_any(
			&r->text, k->kids[i].name, strlen(k->kids[i].name));
		buf_byte(&r->text, ':');
		value = r->text.n;
		if (put(r, &k->kids[i]) < 0)
			return -1;
		/* As Spark writes JSON: no fields that are null. */
		if (r->text.n - value == 4 &&
			memcmp(r->text.p + value, "null", 4) == 0)
			r->text.n = begin;
		else
			any = true;
	}
	buf_byte(&r->text, '}');
	return 0;
}

/* A key of a map: text, whatever it is. */
static int
put_key(struct parquet_reader *r, const struct node *k)
{
	size_t begin = r->text.n, n;

	if (put(r, k) < 0)
		return -1;
	n = r->text.n - begin;
	if (r->text.p[begin] == '"')
		return 0;
	buf_byte(&r->text, '"');
	memmove(r->text.p + begin + 1, r->text.p + begin, n);
	r->text.p[begin] = '"';
	buf_byte(&r->text, '"');
	return 0;
}

/* A list or a map that has an element. */
static int
put_elements(struct parquet_reader *r, const struct node *k)
{
	bool map = k->type->kind == TYPE_MAP;
	uint32_t def = 0, rep = 0;
	int rc;

	buf_byte(&r->text, map ? '{' : '[');
	do {
		if (rep != 0)
			buf_byte(&r->text, ',');
		if (map) {
			if (put_key(r, &k->kids[0]) < 0)
				return -1;
			buf_byte(&r->text, ':');
		}
		if (put(r, &k->kids[map]) < 0)
			return -1;
		rc = look(r, k, &def, &rep);
		if (rc < 0)
			return -1;
	} while (rc == 1 && rep == (uint32_t)k->rep);
	buf_byte(&r->text, map ? '}' : ']');
	return 0;
}

static int
put(struct parquet_reader *r, const struct node *k)
{
	enum type_kind kind = k->type->kind;
	uint32_t def, rep;
	int rc = look(r, k, &def, &rep);

	if (rc <= 0)
		return rc < 0 ? -1 : too_few(r, k);
	if (def < (uint32_t)k->def) {
		buf_str(&r->text, "null");
		return pass(r, k);
	}
	if (k->kids == NULL) {
		struct column *c = r->columns[k->leaf];

		value_print(&c->v[c->i++], &r->text);
		return 0;
	}
	if (kind == TYPE_STRUCT)
		return put_struct(r, k);
	if (def < (uint32_t)k->item) {
		buf_str(&r->text, kind == TYPE_MAP ? "{}" : "[]");
		return pass(r, k);
	}
	return put_elements(r, k);
}

/* A nested field as JSON; its text is found again when all of it is there. */
static int
nested(struct parquet_reader *r, const struct node *k, struct value *v)
{
	size_t begin = r->text.n;

	if (put(r, k) < 0)
		return -1;
	*v = (struct value){.i = (int64_t)begin,
		.n = (uint32_t)(r->text.n - begin),
		.type = r->text.p[begin] == '{'   ? VALUE_OBJECT
			: r->text.p[begin] == '[' ? VALUE_ARRAY
						  : VALUE_NULL};
	/* The scanners read whole blocks. */
	memset(buf_need(&r->text, JSON_PADDING), 0, JSON_PADDING);
	return 0;
}

static void
next_group(struct parquet_reader *r)
{
	const struct footer_group *g = &r->f.groups[r->group++];

	r->left = g->rows;
	for (int i = 0; i < r->f.leaves; i++)
		if (r->columns[i] != NULL)
			column_begin(r->columns[i], &g->chunks[i]);
}

/* How many rows can be read at once of the columns that are no lists and no
 * structs, at most so many; or -1. */
static int
ready(struct parquet_reader *r, int most)
{
	for (size_t i = 0; i < r->nflat; i++) {
		const struct node *k = r->wants[i].k;
		int n = column_ready(r->columns[k->leaf], r->err);

		if (n <= 0)
			return n < 0 ? -1 : too_few(r, k);
		most = n < most ? n : most;
	}
	return most;
}

/* Nested fields of up to n rows, as many as have no more than so much text, which
 * moves as it grows. */
static int
read_nested(struct parquet_reader *r, struct value *v, size_t stride, int n)
{
	int i, rows = 0;

	buf_clear(&r->text);
	for (; rows < n && r->text.n < TEXT_MOST; rows++)
		for (size_t k = r->nflat; k < r->nwants; k++)
			if (nested(r, r->wants[k].k,
				    v + (size_t)rows * stride +
					    r->wants[k].at) < 0)
				return -1;
	for (i = 0; i < rows; i++, v += stride)
		for (size_t k = r->nflat; k < r->nwants; k++) {
			struct value *x = &v[r->wants[k].at];

			if (x->type != VALUE_NULL)
				x->s = r->text.p + x->i;
		}
	return rows;
}

static int
read_flat(struct parquet_reader *r, struct value *v, size_t stride, int n)
{
	for (size_t i = 0; i < r->nflat; i++) {
		const struct want *w = &r->wants[i];

		if (column_rows(r->columns[w->k->leaf], v + w->at, stride,
			    (size_t)n, r->err) < 0)
			return -1;
	}
	return n;
}

static void
repeat_twins(
	const struct parquet_reader *r, struct value *v, size_t stride, int n)
{
	for (size_t k = 0; k < r->ntwins; k++)
		for (size_t i = 0; i < (size_t)n; i++)
			v[i * stride + r->twins[k].at] =
				v[i * stride + r->twins[k].of];
}

static int
read_rows(struct parquet_reader *r, struct value *v, size_t stride, int n)
{
	n = ready(r, n);
	if (n > 0 && r->nflat < r->nwants)
		n = read_nested(r, v, stride, n);
	if (n > 0)
		n = read_flat(r, v, stride, n);
	if (n > 0)
		repeat_twins(r, v, stride, n);
	return n;
}

int
parquet_read_rows(struct parquet_reader *r, struct value *v, size_t stride,
	size_t most, struct err *err)
{
	int n = most < COLUMN_BLOCK ? (int)most : COLUMN_BLOCK;

	r->err = err;
	while (r->left == 0) {
		if (r->group == r->f.ngroups)
			return 0;
		next_group(r);
	}
	if ((uint64_t)n > r->left)
		n = (int)r->left;
	n = read_rows(r, v, stride, n);
	if (n < 0)
		return in_file(r, err);
	r->left -= (uint64_t)n;
	return n;
}

int
parquet_read_row(struct parquet_reader *r, struct value *v, struct err *err)
{
	return parquet_read_rows(r, v, 0, 1, err);
}

/* Within a row group. */
static int
skip_rows(struct parquet_reader *r, uint64_t n, struct err *err)
{
	struct value *v = mem_alloc(COLUMN_BLOCK * (r->width + 1) * sizeof(*v));
	int rc = 1;

	for (; n > 0 && rc > 0; n -= (uint64_t)rc)
		rc = parquet_read_rows(r, v, r->width,
			n < COLUMN_BLOCK ? (size_t)n : COLUMN_BLOCK, err);
	free(v);
	return rc;
}

int
parquet_read_skip(struct parquet_reader *r, uint64_t n, struct err *err)
{
	while (n > r->left) {
		n -= r->left;
		r->left = 0;
		if (r->group == r->f.ngroups)
			return 0;
		next_group(r);
	}
	if (n == r->left)
		r->left = 0;
	else if (skip_rows(r, n, err) < 0)
		return -1;
	return 1;
}
