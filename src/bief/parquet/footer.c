/*
 * footer: see footer.h.  Nothing that it says is believed before it is compared
 * with what is there.
 */
#include "parquet/footer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "text/numeric.h"
#include "types/schema.h"
#include "parquet/node.h"
#include "parquet/thrift.h"

#define TAIL 8                         /* length and magic */
#define FOOTER_MOST ((int64_t)1 << 28) /* bytes */
#define DEPTH 64                       /* of groups */
#define LEVEL_MOST 255                 /* what a level can count */

enum { REQUIRED, OPTIONAL, REPEATED };
enum { CONVERTED_NONE = -1 };

struct element {
	int physical; /* -1: a group */
	int width, repetition, converted, scale, precision;
	int logical; /* member of the union; 0 none */
	int unit;    /* of times: 1 ms, 2 us, 3 ns */
	int bits;
	bool is_signed;
	size_t kids;
	const char *name;
	size_t nname;
};

struct reader {
	struct footer *f;
	struct thrift_in t;
	struct element *e;
	size_t n, at;
	struct err *err;
};

/* ---- elements of the schema ---- */

static void
read_unit(struct thrift_in *t, struct element *e)
{
	enum thrift_type type;
	int id = 0;

	while (thrift_next(t, &id, &type)) {
		e->unit = id;
		thrift_skip(t, type);
	}
}

/* Inside of a member of the union. */
static void
read_logical_member(struct thrift_in *t, struct element *e)
{
	enum thrift_type type;
	int id = 0;

	while (thrift_next(t, &id, &type))
		if (e->logical == 5 && type == THRIFT_I32)
			*(id == 1 ? &e->scale
				  : &e->precision) = (int)thrift_get_int(t);
		else if (e->logical == 8 && id == 2 && type == THRIFT_STRUCT)
			read_unit(t, e);
		else if (e->logical == 10 && id == 1 && type == THRIFT_BYTE &&
			t->p < t->end)
			e->bits = *t->p++;
		else if (e->logical == 10 && id == 2)
			e->is_signed = type == THRIFT_TRUE;
		else
			thrift_skip(t, type);
}

static void
read_logical(struct thrift_in *t, struct element *e)
{
	enum thrift_type type;
	int id = 0;

	while (thrift_next(t, &id, &type)) {
		e->logical = id;
		if (type == THRIFT_STRUCT)
			read_logical_member(t, e);
		else
			thrift_skip(t, type);
	}
}

static void
read_element(struct thrift_in *t, struct element *e)
{
	enum thrift_type type;
	int id = 0;

	*e = (struct element){.physical = -1,
		.converted = CONVERTED_NONE,
		.is_signed = true,
		.name = ""};
	while (thrift_next(t, &id, &type)) {
		int64_t v;

		if (id == 4 && type == THRIFT_BINARY) {
			e->name = thrift_get_text(t, &e->nname);
			continue;
		}
		if (id == 10 && type == THRIFT_STRUCT) {
			read_logical(t, e);
			continue;
		}
		if (type != THRIFT_I32) {
			thrift_skip(t, type);
			continue;
		}
		v = thrift_get_int(t);
		if (v < 0 || v > INT32_MAX)
			v = 0;
		switch (id) {
		case 1:
			e->physical = (int)v;
			break;
		case 2:
			e->width = (int)v;
			break;
		case 3:
			e->repetition = (int)v;
			break;
		case 5:
			e->kids = (size_t)v;
			break;
		case 6:
			e->converted = (int)v;
			break;
		case 7:
			e->scale = (int)v;
			break;
		case 8:
			e->precision = (int)v;
			break;
		}
	}
	if (e->kids > 0)
		e->physical = -1;
}

static void
read_elements(struct reader *r)
{
	enum thrift_type of;
	size_t n = thrift_get_list(&r->t, &of);

	free(r->e);
	r->e = mem_zalloc((n + 1) * sizeof(*r->e));
	for (r->n = 0; r->n < n && !r->t.bad && of == THRIFT_STRUCT; r->n++)
		read_element(&r->t, &r->e[r->n]);
}

/* ---- its tree ---- */

static int build(struct reader *r, struct node *k, struct type **type, int def,
	int rep, int depth);

static int
unreadable(struct reader *r, const struct element *e, const char *what)
{
	char name[100];

	return err_set(r->err, "column '%s' is %s, which is not read",
		err_quote(name, sizeof(name), e->name, e->nname), what);
}

static int
decimal(struct reader *r, const struct element *e, struct type **t)
{
	*t = type_new(TYPE_DECIMAL);
	(*t)->precision = e->precision;
	(*t)->scale = e->scale;
	return e->precision >= 1 && e->precision <= NUMERIC_DIGITS &&
			e->scale <= e->precision
		? 0
		: unreadable(r, e, "a decimal of more than 38 digits");
}

static void
set_times(struct node *k, const struct element *e)
{
	int unit = e->logical == 8 ? e->unit : e->converted == 9 ? 1 : 2;

	k->us_unit = unit == 1 ? 1000 : 1;
	k->per_us = unit == 3 ? 1000 : 1;
}

static int
leaf_int(struct reader *r, struct node *k, const struct element *e,
	struct type **t)
{
	bool big = e->physical == PHYSICAL_INT64;
	enum type_kind kind = big ? TYPE_LONG : TYPE_INT;
	int bits = e->logical == 10 ? e->bits
		: e->converted >= 11 && e->converted <= 18
		? 8 << (e->converted - 11) % 4
		: 0;
	bool sign = e->logical == 10 ? e->is_signed : e->converted > 14;

	if (e->logical == 5 || e->converted == 5)
		return decimal(r, e, t);
	if (!big && (e->logical == 6 || e->converted == 6)) {
		kind = TYPE_DATE;
	} else if (big &&
		(e->logical == 8 || e->converted == 9 || e->converted == 10)) {
		kind = TYPE_TIMESTAMP;
		set_times(k, e);
	} else if (bits > 0 && !sign) {
		k->is_unsigned = true;
		kind = bits == 8     ? TYPE_SHORT
			: bits == 16 ? TYPE_INT
			: bits == 32 ? TYPE_LONG
				     : TYPE_DECIMAL;
	} else if (bits == 8 || bits == 16) {
		kind = bits == 8 ? TYPE_BYTE : TYPE_SHORT;
	}
	*t = type_new(kind);
	if (kind == TYPE_DECIMAL)
		(*t)->precision = 20;
	return 0;
}

static int
leaf_bytes(struct reader *r, struct node *k, const struct element *e,
	struct type **t)
{
	bool text = e->logical == 1 || e->logical == 4 || e->logical == 12 ||
		e->converted == 0 || e->converted == 4 || e->converted == 19;

	if (e->physical == PHYSICAL_FIXED && e->width <= 0)
		return unreadable(r, e, "of a fixed width that is not told");
	k->width = e->physical == PHYSICAL_FIXED ? e->width : 0;
	if (e->logical == 5 || e->converted == 5)
		return k->width > 16 ? unreadable(r, e,
					       "a decimal of more "
					       "than 16 bytes")
				     : decimal(r, e, t);
	*t = type_new(text ? TYPE_STRING : TYPE_BINARY);
	return 0;
}

static int
build_leaf(struct reader *r, struct node *k, const struct element *e,
	struct type **t)
{
	static const int widths[] = {1, 4, 8, 12, 4, 8, 0, 0};

	if (e->physical < 0 || e->physical > PHYSICAL_FIXED)
		return unreadable(r, e, "of an unknown type");
	k->physical = (enum physical)e->physical;
	k->width = widths[e->physical];
	switch (k->physical) {
	case PHYSICAL_BOOLEAN:
		*t = type_new(TYPE_BOOLEAN);
		return 0;
	case PHYSICAL_INT32:
	case PHYSICAL_INT64:
		return leaf_int(r, k, e, t);
	case PHYSICAL_INT96:
		*t = type_new(TYPE_TIMESTAMP);
		return 0;
	case PHYSICAL_FLOAT:
	case PHYSICAL_DOUBLE:
		*t = type_new(k->physical == PHYSICAL_FLOAT ? TYPE_FLOAT
							    : TYPE_DOUBLE);
		return 0;
	default:
		return leaf_bytes(r, k, e, t);
	}
}

static void
make_kids(struct node *k, size_t n)
{
	k->n = n;
	k->kids = mem_zalloc((n + 1) * sizeof(*k->kids));
}

static int
build_fields(struct reader *r, struct node *k, size_t n, struct type *t,
	int def, int rep, int depth)
{
	if (n > r->n - r->at)
		return err_as(r->err, STATUS_DAMAGED,
			"its footer is damaged: a group has too many fields");
	t->fields = schema_new();
	make_kids(k, n);
	for (size_t i = 0; i < n; i++) {
		struct type *type = NULL;
		int rc = build(r, &k->kids[i], &type, def, rep, depth);

		schema_add(t->fields,
			k->kids[i].name != NULL ? k->kids[i].name : "", type);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* A repeated group is the element itself, or has it as its only field. */
static bool
is_element(const struct element *list, const struct element *e)
{
	return e->physical >= 0 || e->kids != 1 ||
		(e->nname == 5 && memcmp(e->name, "array", 5) == 0) ||
		(e->nname == list->nname + 6 &&
			memcmp(e->name, list->name, list->nname) == 0 &&
			memcmp(e->name + list->nname, "_tuple", 6) == 0);
}

static int
build_list(struct reader *r, struct node *k, const struct element *e,
	struct type *t, int depth)
{
	struct element *inner = &r->e[r->at];

	make_kids(k, 1);
	if (is_element(e, inner))
		inner->repetition = REQUIRED;
	else
		r->at++;
	return build(r, k->kids, &t->elem, k->item, k->rep, depth);
}

static int
build_map(struct reader *r, struct node *k, struct type *t, int depth)
{
	struct element *inner = &r->e[r->at];

	if (inner->kids != 2)
		return unreadable(r, inner, "a map without keys and values");
	r->at++;
	make_kids(k, 2);
	return build(r, &k->kids[0], &t->key, k->item, k->rep, depth) < 0 ||
			r->at >= r->n
		? err_as(r->err, STATUS_DAMAGED,
			  "its footer is damaged: a map "
			  "has no values")
		: build(r, &k->kids[1], &t->elem, k->item, k->rep, depth);
}

static int
build_group(struct reader *r, struct node *k, struct element *e,
	struct type **t, int depth)
{
	bool list = e->logical == 3 || e->converted == 3;
	bool map = e->logical == 2 || e->converted == 1 || e->converted == 2;
	bool inner = e->kids == 1 && r->at < r->n &&
		r->e[r->at].repetition == REPEATED;

	*t = type_new(list && inner    ? TYPE_ARRAY
			: map && inner ? TYPE_MAP
				       : TYPE_STRUCT);
	if (list && inner)
		return build_list(r, k, e, *t, depth);
	if (map && inner)
		return build_map(r, k, *t, depth);
	return build_fields(r, k, e->kids, *t, k->def, k->rep - 1, depth);
}

static int
finish(struct reader *r, struct node *k, struct element *e, struct type **t,
	int depth)
{
	k->leaf = r->f->leaves;
	if (e->kids > 0)
		return build_group(r, k, e, t, depth);
	if (build_leaf(r, k, e, t) < 0)
		return -1;
	k->most = k->rep - 1;
	r->f->leaves++;
	return 0;
}

/* def and rep: the levels of what is around it. */
static int
build(struct reader *r, struct node *k, struct type **type, int def, int rep,
	int depth)
{
	struct element *e = &r->e[r->at];
	int rc;

	if (r->at >= r->n || depth > DEPTH || def >= LEVEL_MOST)
		return err_as(r->err, STATUS_DAMAGED,
			"its footer is damaged: the columns do not fit");
	r->at++;
	k->name = mem_dup(e->name, e->nname);
	k->def = def + (e->repetition == OPTIONAL);
	k->item = k->def + 1;
	k->rep = rep + 1;
	if (e->repetition == REPEATED) { /* a list that does not say so */
		*type = type_new(TYPE_ARRAY);
		k->leaf = r->f->leaves;
		make_kids(k, 1);
		e->repetition = REQUIRED;
		r->at--;
		rc = build(
			r, k->kids, &(*type)->elem, k->item, k->rep, depth + 1);
	} else {
		rc = finish(r, k, e, type, depth + 1);
	}
	k->type = *type;
	return rc;
}

static int
build_root(struct reader *r)
{
	struct type root = {.kind = TYPE_STRUCT};
	int rc;

	if (r->n == 0 || r->e[0].kids == 0)
		return err_as(r->err, STATUS_DAMAGED,
			"its footer is damaged: there are no columns");
	r->at = 1;
	r->f->root = mem_zalloc(sizeof(*r->f->root));
	r->f->root->name = mem_dup("root", 4);
	rc = build_fields(r, r->f->root, r->e[0].kids, &root, 0, 0, 0);
	r->f->schema = root.fields;
	return rc;
}

/* ---- row groups ---- */

static void
read_column(struct thrift_in *t, struct footer_chunk *c)
{
	int64_t data = -1, dictionary = -1, size = 0, v;
	enum thrift_type type;
	int id = 0;

	while (thrift_next(t, &id, &type)) {
		if (type != THRIFT_I32 && type != THRIFT_I64) {
			thrift_skip(t, type);
			continue;
		}
		v = thrift_get_int(t);
		if (id == 4)
			c->codec = (enum codec)v;
		else if (id == 5)
			c->values = v < 0 ? 0 : (uint64_t)v;
		else if (id == 7)
			size = v;
		else if (id == 9)
			data = v;
		else if (id == 11)
			dictionary = v;
	}
	c->begin = dictionary > 0 && dictionary < data ? dictionary : data;
	if (__builtin_add_overflow(c->begin, size, &c->end))
		c->end = -1;
}

static int
read_chunk(struct reader *r, struct footer_chunk *c)
{
	enum thrift_type type;
	bool elsewhere = false;
	int id = 0;

	c->begin = c->end = -1;
	while (thrift_next(&r->t, &id, &type))
		if (id == 3 && type == THRIFT_STRUCT) {
			read_column(&r->t, c);
		} else {
			elsewhere = elsewhere || id == 1;
			thrift_skip(&r->t, type);
		}
	return elsewhere ? err_set(r->err,
				   "its columns are in other files, "
				   "which is not read")
			 : 0;
}

static int
read_chunks(struct reader *r, struct footer_group *g)
{
	enum thrift_type of;
	size_t n = thrift_get_list(&r->t, &of), i;

	if (n != (size_t)r->f->leaves || of != THRIFT_STRUCT ||
		g->chunks != NULL)
		return err_as(r->err, STATUS_DAMAGED,
			"its footer is damaged: a row group has %zu columns, "
			"and the schema %d",
			n, r->f->leaves);
	g->chunks = mem_zalloc((n + 1) * sizeof(*g->chunks));
	for (i = 0; i < n; i++)
		if (read_chunk(r, &g->chunks[i]) < 0)
			return -1;
	return 0;
}

static int
read_group(struct reader *r, struct footer_group *g)
{
	enum thrift_type type;
	int id = 0;

	while (thrift_next(&r->t, &id, &type))
		if (id == 1 && type == THRIFT_LIST) {
			if (read_chunks(r, g) < 0)
				return -1;
		} else if (id == 3 && type == THRIFT_I64) {
			int64_t v = thrift_get_int(&r->t);

			g->rows = v < 0 ? 0 : (uint64_t)v;
		} else {
			thrift_skip(&r->t, type);
		}
	if (g->chunks == NULL && !r->t.bad)
		return err_as(r->err, STATUS_DAMAGED,
			"its footer is damaged: a row group has no columns");
	r->f->rows += g->rows;
	return 0;
}

static int
read_groups(struct reader *r)
{
	enum thrift_type of;
	size_t n = thrift_get_list(&r->t, &of), i;

	if (r->f->root == NULL || r->f->groups != NULL ||
		(n > 0 && of != THRIFT_STRUCT))
		return err_as(r->err, STATUS_DAMAGED,
			"its footer is damaged: row groups stand in front of "
			"the schema");
	r->f->groups = mem_zalloc((n + 1) * sizeof(*r->f->groups));
	for (i = 0; i < n && !r->t.bad; i++) {
		r->f->ngroups++;
		if (read_group(r, &r->f->groups[i]) < 0)
			return -1;
	}
	return 0;
}

static int
read_file(struct reader *r)
{
	enum thrift_type type;
	int id = 0, rc = 0;

	while (rc == 0 && thrift_next(&r->t, &id, &type))
		if (id == 2 && type == THRIFT_LIST && r->f->root == NULL) {
			read_elements(r);
			rc = r->t.bad ? 0 : build_root(r);
		} else if (id == 4 && type == THRIFT_LIST) {
			rc = read_groups(r);
		} else {
			thrift_skip(&r->t, type);
		}
	if (rc == 0 && (r->t.bad || r->f->root == NULL))
		rc = err_as(r->err, STATUS_DAMAGED, "its footer is damaged");
	return rc;
}

/* ---- */

static int
read_at(int fd, int64_t place, size_t n, struct buf *out, struct err *err)
{
	char *p = buf_need(out, n + 1);
	size_t got = 0;

	while (got < n) {
		ssize_t k = pread(fd, p + got, n - got, place + (int64_t)got);

		if (k < 0)
			return err_sys(err, "cannot read it");
		if (k == 0)
			return err_as(err, STATUS_DAMAGED, "it is cut");
		got += (size_t)k;
	}
	out->n += n;
	return 0;
}

static int
find_footer(int fd, struct buf *out, struct err *err)
{
	struct stat s;
	uint32_t n;

	if (fstat(fd, &s) < 0)
		return err_sys(err, "cannot look at it");
	if (s.st_size < 4 + TAIL)
		return err_as(err, STATUS_DAMAGED,
			"it is no Parquet file: it has %lld bytes",
			(long long)s.st_size);
	if (read_at(fd, s.st_size - TAIL, TAIL, out, err) < 0)
		return -1;
	memcpy(&n, out->p, 4);
	if (memcmp(out->p + 4, "PARE", 4) == 0)
		return err_set(err, "it is encrypted, which is not read");
	if (memcmp(out->p + 4, "PAR1", 4) != 0)
		return err_as(err, STATUS_DAMAGED,
			"it is no Parquet file, or it is cut: it does not end "
			"with PAR1");
	if (n > s.st_size - TAIL - 4 || n > FOOTER_MOST)
		return err_as(err, STATUS_DAMAGED,
			"it is cut: its footer has %u bytes, and the file %lld",
			n, (long long)s.st_size);
	buf_clear(out);
	return read_at(fd, s.st_size - TAIL - (int64_t)n, n, out, err);
}

int
footer_read(struct footer *f, int fd, struct err *err)
{
	struct reader r = {.f = f, .err = err};
	struct buf bytes;
	int rc;

	memset(f, 0, sizeof(*f));
	buf_init(&bytes);
	rc = find_footer(fd, &bytes, err);
	if (rc == 0) {
		r.t.p = (const unsigned char *)bytes.p;
		r.t.end = r.t.p + bytes.n;
		rc = read_file(&r);
	}
	free(r.e);
	buf_release(&bytes);
	if (rc < 0)
		footer_release(f);
	return rc;
}

void
footer_release(struct footer *f)
{
	for (size_t i = 0; i < f->ngroups; i++)
		free(f->groups[i].chunks);
	free(f->groups);
	node_free(f->root);
	schema_free(f->schema);
	memset(f, 0, sizeof(*f));
}
