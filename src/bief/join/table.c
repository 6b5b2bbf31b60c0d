/*
 * table: static tables, found by key.
 */
#include "join/table_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/hash.h"
#include "value/json.h"
#include "text/number.h"
#include "runtime/opt.h"
#include "types/schema.h"
#include "io/sqlite.h"
#include "value/value.h"
#include "value/key.h"

/* The entry of a key, or the free one where it belongs. */
static struct entry *
find(const struct table_private *p, const char *key, size_t n, uint32_t h)
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

/* A number as a key: a double that is an integer is one. */
static void
number_key(struct value v, struct buf *key)
{
	if (v.type == VALUE_DOUBLE && v.d >= -9e18 && v.d <= 9e18 &&
		v.d == floor(v.d))
		v = value_int((int64_t)v.d);
	key_encode(&v, key);
}

/* A number as Spark casts text to one: +1 and 01 too. */
static bool
plain_number(const char *s, const char *end, struct value *number)
{
	bool minus = s < end && *s == '-', zeros = false;
	const char *digits = s + (s < end && (*s == '-' || *s == '+'));

	for (; end - digits > 1 && digits[0] == '0' && digits[1] >= '0' &&
		digits[1] <= '9'; digits++)
		zeros = true;
	if (digits == end || *digits == '-' || json_number(digits, end) != end)
		return false;
	if (minus && !zeros)
		digits--;
	*number = (struct value){.s = digits, .n = (uint32_t)(end - digits),
		.type = VALUE_NUMBER};
	*number = value_number(number, false);
	if (minus && zeros && number->type == VALUE_INT)
		number->i = -number->i;
	else if (minus && zeros)
		number->d = -number->d;
	return true;
}

/* Text that spells a number, as that number. */
static bool
spelled(const struct value *v, struct value *number)
{
	const char *s = v->s, *end = v->s + v->n;

	while (s < end && *s == ' ')
		s++;
	while (end > s && end[-1] == ' ')
		end--;
	*number = (struct value){
		.s = s, .n = (uint32_t)(end - s), .type = VALUE_STRING};
	*number = value_number(number, true);
	if (number->type == VALUE_DOUBLE)
		return true;
	return plain_number(s, end, number);
}

bool
table_key(const struct table *t, size_t i, const struct value *v,
	struct buf *key)
{
	const struct table_private *p = t->priv;
	const struct type *type = p->columns->f[p->key[i]].type;
	struct value number;
	char text[NUMBER_MAX];

	if (value_is_null(v))
		return false;
	if (v->type == VALUE_STRING) {
		if (!type_numeric(type)) {
			key_encode(v, key);
			return true;
		}
		if (!spelled(v, &number))
			return false;
		number_key(number, key);
		return true;
	}
	number = value_number(v, false);
	if (number.type != VALUE_INT && number.type != VALUE_DOUBLE) {
		key_encode(v, key);
		return true;
	}
	if (type->kind != TYPE_STRING) {
		number_key(number, key);
		return true;
	}
	if (number.type == VALUE_DOUBLE && !isfinite(number.d))
		number = value_json_string(text,
			number_print_java(number.d, text), false);
	else if (number.type == VALUE_DOUBLE)
		number = value_json_string(text,
			number_print_double(number.d, text), false);
	else
		number = value_json_string(text,
			number_print_int(number.i, text), false);
	key_encode(&number, key);
	return true;
}

/* Find the columns of the key; the others are the payload. */
static int
split(struct table *t, const struct table_options *o, struct err *err)
{
	struct table_private *p = t->priv;
	size_t i, k;
	int at;

	p->nkeys = o->keys->n;
	p->key = mem_alloc((p->nkeys + 1) * sizeof *p->key);
	for (k = 0; k < p->nkeys; k++) {
		const char *name = o->keys->s[k], *near;

		at = schema_like(p->columns, name, strlen(name));
		if (at == -2)
			return err_as(err, STATUS_USAGE, "it has several "
				"columns '%s', which differ in the case of "
				"their letters", name);
		if (at < 0) {
			near = schema_nearest(p->columns, name);
			return err_as(err, STATUS_USAGE,
				near != NULL
					? "it has no column '%s' (did you mean "
					  "'%s'?)"
					: "it has no column '%s'",
				name, near);
		}
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
		e = find(p, key.p, key.n, h);
		if (e->key != NULL) {
			p->next[e->last] = row;
			e->last = row;
			t->unique = false;
			continue;
		}
		*e = (struct entry){.hash = h, .n = (uint32_t)key.n,
			.key = table_keep(p, key.p, key.n), .first = row,
			.last = row};
	}
	buf_release(&key);
}

struct table *
table_load(const struct table_options *o, struct err *err)
{
	struct table *t = mem_zalloc(sizeof *t);
	char quoted[200];

	t->priv = mem_zalloc(sizeof *t->priv);
	t->priv->columns = schema_new();
	t->priv->path = mem_dup(o->path, strlen(o->path));
	if (table_read(t->priv, o, err) != 0 || split(t, o, err) != 0) {
		err_in(err, "table '%s'",
			err_quote(quoted, sizeof quoted, o->path,
				strlen(o->path)));
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
	char *file = mem_dup(p->path, colon != NULL ?
		(size_t)(colon - p->path) : strlen(p->path));
	struct stat st;
	bool gone = stat(file, &st) != 0;

	free(file);
	return gone;
}

bool
table_changed(const struct table *t)
{
	const struct table_private *p = t->priv;
	struct stat st;

	if (p->db != NULL)
		return is_gone(p) || table_version(t->priv) != p->version;
	if (stat(p->path, &st) != 0)
		return true;
	return st.st_ino != p->seen.st_ino || st.st_dev != p->seen.st_dev ||
	       st.st_size != p->seen.st_size ||
	       st.st_mtim.tv_sec != p->seen.st_mtim.tv_sec ||
	       st.st_mtim.tv_nsec != p->seen.st_mtim.tv_nsec;
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
	const struct entry *e = find(t->priv, key, n,
		(uint32_t)hash_bytes(key, n));

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
