/*
 * table: static tables, found by key. Values point into the text that was
 * read, and the rows of a key are a list, in the order of the table.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/hash.h"
#include "floor/mem.h"
#include "text/number.h"
#include "value/key.h"
#include "value/value.h"
#include "io/service/pg.h"
#include "io/service/sqlite.h"
#include "types/schema.h"
#include "runtime/options/opt.h"
#include "join/table_impl.h"

#define COLUMNS_SHOWN 10 /* in a message */

/* The entry of a key, or the free one where it belongs. */
static struct entry *
table_find_key(
	const struct table_private *p, const char *key, size_t n, uint32_t h)
{
	uint32_t i = h & p->mask;
	struct entry *e;

	for (;; i = (i + 1) & p->mask) {
		e = &p->entries[i];
		if (e->key == NULL ||
			(e->hash == h && e->n == n &&
				memcmp(e->key, key, n) == 0))
			return e;
	}
}

/*
 * A number as a key.  A key is not arithmetic: the digits count that were
 * written, all of them, but not how (1, 1.0, 10e-1).  An integer of 64 bits is
 * encoded as one, any other number as
 *
 *	NUMBER_KEY, '-' or '+', exponent (8 bytes), length (4 bytes), digits
 *
 * for 0.DIGITS times ten to the exponent, without zeros at either end.
 */
#define NUMBER_KEY '\xfe'

struct digits {
	const char *whole, *part; /* in front of the point, and behind it */
	size_t nwhole, npart;
	int64_t exponent;
	bool minus;
};

static size_t
count_digits(const char *s, const char *end)
{
	const char *p = s;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return (size_t)(p - s);
}

/* [+-](d+[.d*]|.d+)[e[+-]d+], as Spark casts text to a number. */
static bool
read_digits(const char *s, size_t n, struct digits *d)
{
	const char *end = s + n;
	bool minus;

	*d = (struct digits){.minus = n > 0 && *s == '-'};
	s += n > 0 && (*s == '-' || *s == '+');
	d->whole = s;
	d->nwhole = count_digits(s, end);
	s += d->nwhole;
	d->part = s;
	if (s < end && *s == '.') {
		d->part = ++s;
		d->npart = count_digits(s, end);
		s += d->npart;
	}
	if (d->nwhole + d->npart == 0)
		return false;
	if (s < end && (*s | 0x20) == 'e') {
		s++;
		minus = s < end && *s == '-';
		s += s < end && (*s == '-' || *s == '+');
		n = count_digits(s, end);
		if (n == 0)
			return false;
		for (; n > 0; n--, s++)
			if (d->exponent < INT64_MAX / 100)
				d->exponent = d->exponent * 10 + *s - '0';
		if (minus)
			d->exponent = -d->exponent;
	}
	return s == end;
}

static bool
integer_key(const struct digits *d, const char *s, size_t n, int64_t exponent,
	struct buf *key)
{
	char text[24];
	struct value v;
	int64_t i;
	size_t k = 0;

	if (exponent < (int64_t)n || exponent > 19)
		return false;
	if (d->minus)
		text[k++] = '-';
	memcpy(text + k, s, n);
	memset(text + k + n, '0', (size_t)exponent - n);
	if (number_int(text, k + (size_t)exponent, &i) < 0)
		return false;
	v = value_int(i);
	key_encode(&v, key);
	return true;
}

/* False: the text is no number. */
static bool
digits_key(const char *s, size_t n, struct buf *key)
{
	const size_t at = key->n, head = 2 + sizeof(int64_t) + sizeof(uint32_t);
	struct digits d;
	size_t zeros = 0;
	uint32_t len;
	int64_t exponent;
	char *p;

	if (!read_digits(s, n, &d))
		return false;
	/* The digits, at the place where they stay if it is no integer. */
	buf_need(key, head + d.nwhole + d.npart + 1);
	p = key->p + at + head;
	memcpy(p, d.whole, d.nwhole);
	memcpy(p + d.nwhole, d.part, d.npart);
	n = d.nwhole + d.npart;
	while (zeros < n && p[zeros] == '0')
		zeros++;
	while (n > zeros && p[n - 1] == '0')
		n--;
	len = (uint32_t)(n - zeros);
	exponent = (int64_t)d.nwhole - (int64_t)zeros + d.exponent;
	if (len == 0)
		return integer_key(&(struct digits){0}, "0", 1, 1, key);
	if (integer_key(&d, p + zeros, len, exponent, key))
		return true;
	memmove(p, p + zeros, len);
	p = key->p + at;
	*p++ = NUMBER_KEY;
	*p++ = d.minus ? '-' : '+';
	memcpy(p, &exponent, sizeof exponent);
	memcpy(p + sizeof exponent, &len, sizeof len);
	key->n = at + head + len;
	return true;
}

static void
number_key(const struct value *v, struct buf *key)
{
	char text[NUMBER_MAX];
	struct value number;
	int64_t i;

	if (v->type == VALUE_NUMBER && number_int(v->s, v->n, &i) == 0) {
		number = value_int(i);
		key_encode(&number, key);
		return;
	}
	if (v->type == VALUE_NUMBER || v->type == VALUE_REAL) {
		digits_key(v->s, v->n, key);
		return;
	}
	number = value_number(v, false);
	if (number.type == VALUE_DOUBLE && isfinite(number.d))
		digits_key(text, number_print_double(number.d, text), key);
	else
		key_encode(&number, key);
}

/* Text that spells a number, as that number.  False: it does not. */
static bool
spelled_key(const struct value *v, struct buf *key)
{
	struct value number;
	struct buf tmp;
	const char *s;
	size_t n;
	double d;
	bool found = true;

	buf_init(&tmp);
	s = value_string(v, &n, &tmp);
	for (; n > 0 && *s == ' '; s++)
		n--;
	while (n > 0 && s[n - 1] == ' ')
		n--;
	if (number_special(s, n, &d)) {
		number = value_double(d);
		key_encode(&number, key);
	} else {
		found = digits_key(s, n, key);
	}
	buf_release(&tmp);
	return found;
}

/* A number's spelling, as a key: an integer's digits, a double as it is cast. */
static void
spelling_key(const struct value *v, const struct value *number, struct buf *key)
{
	char text[NUMBER_MAX];
	struct value s;

	if (v->type == VALUE_NUMBER && number->type == VALUE_DOUBLE &&
		count_digits(v->s + (*v->s == '-'), v->s + v->n) +
				(*v->s == '-') ==
			v->n)
		s = value_json_string(v->s, v->n, false);
	else if (number->type == VALUE_INT)
		s = value_json_string(
			text, number_print_int(number->i, text), false);
	else
		s = value_json_string(text,
			isfinite(number->d)
				? number_print_double(number->d, text)
				: number_print_java(number->d, text),
			false);
	key_encode(&s, key);
}

bool
table_key(
	const struct table *t, size_t i, const struct value *v, struct buf *key)
{
	const struct table_private *p = t->priv;
	const struct type *type = p->columns->f[p->key[i]].type;
	struct value number;

	if (value_is_null(v))
		return false;
	if (v->type == VALUE_STRING) {
		if (type_numeric(type))
			return spelled_key(v, key);
		key_encode(v, key);
		return true;
	}
	number = value_number(v, false);
	if (number.type != VALUE_INT && number.type != VALUE_DOUBLE)
		key_encode(v, key);
	else if (type->kind == TYPE_STRING)
		spelling_key(v, &number, key);
	else if (v->type == VALUE_INT)
		key_encode(v, key);
	else
		number_key(v, key);
	return true;
}

/* The columns that there are, for a message: the first few. */
static void
list_columns(const struct schema *s, struct buf *out)
{
	for (size_t i = 0; i < s->n && i < COLUMNS_SHOWN; i++)
		buf_printf(out, "%s'%s'", i > 0 ? ", " : "", s->f[i].name);
	if (s->n > COLUMNS_SHOWN)
		buf_printf(out, " and %zu more", s->n - COLUMNS_SHOWN);
}

static int
no_column(const struct table *t, const struct table_options *o,
	const char *name, struct err *err)
{
	const struct schema *s = t->priv->columns;
	const char *near = schema_nearest(s, name);
	char q[200], all[600];
	struct buf b;
	bool plain = t->priv->csv && !o->header && o->schema == NULL;

	buf_init(&b);
	list_columns(s, &b);
	err_quote(q, sizeof q, name, strlen(name));
	err_quote(all, sizeof all, b.p, b.n);
	buf_release(&b);
	if (near != NULL && !plain)
		return err_as(err, STATUS_USAGE,
			"it has no column '%s' (did "
			"you mean '%s'?)",
			q, near);
	return err_as(err, STATUS_USAGE, "it has no column '%s', but %s%s", q,
		s->n == 0 ? "none at all" : all,
		plain ? "; where the first line holds the names, say --header"
		      : "");
}

/* Find the columns of the key; the others are the payload. */
static int
table_split(struct table *t, const struct table_options *o, struct err *err)
{
	struct table_private *p = t->priv;
	size_t i, k;
	int at;

	p->nkeys = o->keys->n;
	p->key = mem_alloc((p->nkeys + 1) * sizeof *p->key);
	for (k = 0; k < p->nkeys; k++) {
		const char *name = o->keys->s[k];

		at = schema_like(p->columns, name, strlen(name));
		if (at == -2)
			return err_as(err, STATUS_USAGE,
				"it has several "
				"columns '%s', which differ in the case of "
				"their letters",
				name);
		if (at < 0)
			return no_column(t, o, name, err);
		p->key[k] = (size_t)at;
	}
	t->fields = schema_new();
	for (i = 0; i < p->columns->n; i++) {
		for (k = 0; k < p->nkeys && p->key[k] != i; k++)
			;
		if (k == p->nkeys)
			schema_add(t->fields, p->columns->f[i].name,
				type_copy(p->columns->f[i].type));
	}
	t->width = t->fields->n;
	return 0;
}

/* What there is room for: the rows twice, for a moment, and their index. */
static int
table_bound(
	const struct table *t, const struct table_options *o, struct err *err)
{
	const struct table_private *p = t->priv;
	size_t bytes = p->bytes +
		p->rows *
			(t->width * sizeof *p->payload + sizeof *p->next +
				2 * sizeof *p->entries);

	if (o->max_state == 0 || bytes <= o->max_state)
		return 0;
	return err_set(err,
		"it is larger than the limit of %zu bytes: raise "
		"--max-state",
		o->max_state);
}

/* The values of a row that are no key, side by side. */
static void
fill_payload(struct table *t)
{
	struct table_private *p = t->priv;
	struct value *to;
	size_t i, k, row;

	p->payload = mem_alloc((p->rows * t->width + 1) * sizeof *p->payload);
	to = p->payload;
	for (row = 0; row < p->rows; row++) {
		for (i = 0; i < p->columns->n; i++) {
			for (k = 0; k < p->nkeys && p->key[k] != i; k++)
				;
			if (k == p->nkeys)
				*to++ = p->values[row * p->stride + i];
		}
	}
}

static void
fill_index(struct table *t)
{
	struct table_private *p = t->priv;
	struct entry *e;
	struct buf key;
	size_t k;
	uint32_t row, h;

	while (p->mask < p->rows * 2)
		p->mask = p->mask * 2 + 1;
	p->entries = mem_zalloc(((size_t)p->mask + 1) * sizeof *p->entries);
	p->next = mem_alloc((p->rows + 1) * sizeof *p->next);
	t->unique = true;
	buf_init(&key);
	for (row = 0; row < p->rows; row++) {
		const struct value *v = p->values + row * p->stride;

		p->next[row] = TABLE_NONE;
		buf_clear(&key);
		for (k = 0; k < p->nkeys; k++)
			if (!table_key(t, k, &v[p->key[k]], &key))
				break;
		if (k < p->nkeys)
			continue;
		h = (uint32_t)hash_bytes(key.p, key.n);
		e = table_find_key(p, key.p, key.n, h);
		if (e->key != NULL) {
			p->next[e->last] = row;
			e->last = row;
			t->unique = false;
			continue;
		}
		*e = (struct entry){.hash = h,
			.n = (uint32_t)key.n,
			.key = table_read_keep(p, key.p, key.n),
			.first = row,
			.last = row};
	}
	buf_release(&key);
}

void
table_describe(const char *path, struct buf *out)
{
	char quoted[200];

	buf_init(out);
	buf_str(out, "table ");
	if (table_pg_is(path))
		table_pg_describe(path, out);
	else
		buf_printf(out, "'%s'",
			err_quote(quoted, sizeof quoted, path, strlen(path)));
	buf_cstr(out);
}

static int
read_all(
	struct table_private *p, const struct table_options *o, struct err *err)
{
	return table_pg_is(o->path) ? table_pg_read(p, o, err)
				    : table_read(p, o, err);
}

struct table *
table_load(const struct table_options *o, struct err *err)
{
	struct table *t = mem_zalloc(sizeof *t);
	struct buf name;

	t->priv = mem_zalloc(sizeof *t->priv);
	t->priv->columns = schema_new();
	t->priv->path = mem_dup(o->path, strlen(o->path));
	if (read_all(t->priv, o, err) < 0 || table_split(t, o, err) < 0 ||
		table_bound(t, o, err) < 0) {
		table_describe(o->path, &name);
		err_in(err, "%s", name.p);
		buf_release(&name);
		table_free(t);
		return NULL;
	}
	t->rows = t->priv->rows;
	fill_payload(t);
	fill_index(t);
	free(t->priv->values);
	t->priv->values = NULL;
	return t;
}

void
table_free(struct table *t)
{
	struct table_private *p;
	struct chunk *c;

	if (t == NULL)
		return;
	p = t->priv;
	while ((c = p->chunks) != NULL) {
		p->chunks = c->next;
		free(c);
	}
	sqlite_close(p->db);
	pg_close(p->pg);
	schema_free(p->columns);
	schema_free(t->fields);
	free(p->values);
	free(p->key);
	free(p->payload);
	free(p->next);
	free(p->entries);
	free(p->path);
	free(p);
	free(t);
}

/* A database that is deleted can still be read while it is open. */
static bool
is_gone(const struct table_private *p)
{
	const char *colon = strrchr(p->path, ':');
	char *file = mem_dup(p->path,
		colon != NULL ? (size_t)(colon - p->path) : strlen(p->path));
	struct stat st;
	bool gone = stat(file, &st) < 0;

	free(file);
	return gone;
}

bool
table_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
		a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool
table_seen(const struct table *t, struct stat *seen)
{
	const struct table_private *p = t->priv;

	*seen = p->seen;
	return p->db == NULL && p->pg == NULL && S_ISREG(p->seen.st_mode);
}

bool
table_changed(const struct table *t)
{
	const struct table_private *p = t->priv;
	struct stat st;

	if (p->pg != NULL)
		return table_pg_version(t->priv) != p->version;
	if (p->db != NULL)
		return is_gone(p) || table_read_version(t->priv) != p->version;
	/* What has been read of a pipe will not come again. */
	if (!S_ISREG(p->seen.st_mode))
		return false;
	if (stat(p->path, &st) < 0)
		return true;
	return !table_same(&st, &p->seen);
}

bool
table_again(const struct table *t)
{
	return t->priv->db != NULL || t->priv->pg != NULL ||
		S_ISREG(t->priv->seen.st_mode);
}

bool
table_alike(const struct table *a, const struct table *b)
{
	struct buf x, y;
	bool same;

	buf_init(&x);
	buf_init(&y);
	schema_print(a->fields, &x);
	schema_print(b->fields, &y);
	same = x.n == y.n && memcmp(x.p, y.p, x.n) == 0;
	buf_release(&x);
	buf_release(&y);
	return same;
}

uint32_t
table_find(const struct table *t, const void *key, size_t n)
{
	const struct entry *e = table_find_key(
		t->priv, key, n, (uint32_t)hash_bytes(key, n));

	return e->key == NULL ? TABLE_NONE : e->first;
}

uint32_t
table_next(const struct table *t, uint32_t row)
{
	return t->priv->next[row];
}

const struct value *
table_row(const struct table *t, uint32_t row)
{
	return t->priv->payload + row * t->width;
}
