/*
 * node: see node.h.  Lists and maps are groups of three levels, as the format's
 * LogicalTypes asks for: list.element, key_value.key and .value.
 */
#include "parquet/node.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "types/type.h"
#include "parquet/thrift.h"

enum { REQUIRED, OPTIONAL, REPEATED };

/* The older way of saying what a value is, and the number that says nothing. */
enum {
	CONVERTED_NONE = -1,
	CONVERTED_UTF8 = 0,
	CONVERTED_MAP = 1,
	CONVERTED_LIST = 3,
	CONVERTED_DECIMAL = 5,
	CONVERTED_DATE = 6,
	CONVERTED_TIME_MICROS = 10,
	CONVERTED_INT8 = 15,
	CONVERTED_INT16 = 16
};

/* ... and the newer one: members of a union. */
enum {
	LOGICAL_STRING = 1,
	LOGICAL_MAP = 2,
	LOGICAL_LIST = 3,
	LOGICAL_DECIMAL = 5,
	LOGICAL_DATE = 6,
	LOGICAL_TIMESTAMP = 8,
	LOGICAL_INTEGER = 10
};

#define INT32_DIGITS 9
#define INT64_DIGITS 18

int
node_decimal_width(int precision)
{
	__int128 most = 1;
	int bytes = 1, i;

	for (i = 0; i < precision; i++)
		most *= 10;
	while (bytes < 16 && most - 1 > ((__int128)1 << (8 * bytes - 1)) - 1)
		bytes++;
	return bytes;
}

static void
set_physical(struct node *k)
{
	static const int widths[] = {1, 4, 8, 12, 4, 8, 0, 0};
	int precision = k->type != NULL ? k->type->precision : 0;

	switch (k->type == NULL ? TYPE_STRING : k->type->kind) {
	case TYPE_BOOLEAN:
		k->physical = PHYSICAL_BOOLEAN;
		break;
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_DATE:
		k->physical = PHYSICAL_INT32;
		break;
	case TYPE_LONG:
	case TYPE_TIMESTAMP:
		k->physical = PHYSICAL_INT64;
		break;
	case TYPE_FLOAT:
		k->physical = PHYSICAL_FLOAT;
		break;
	case TYPE_DOUBLE:
		k->physical = PHYSICAL_DOUBLE;
		break;
	case TYPE_DECIMAL:
		k->physical = precision <= INT32_DIGITS ? PHYSICAL_INT32
			: precision <= INT64_DIGITS     ? PHYSICAL_INT64
							: PHYSICAL_FIXED;
		break;
	default:
		k->physical = PHYSICAL_BYTES;
	}
	k->width = k->physical == PHYSICAL_FIXED ? node_decimal_width(precision)
						 : widths[k->physical];
}

static void fill(struct node *k, const char *name, const struct type *t,
	int def, int rep, int *leaves);

static void
fill_kids(struct node *k, size_t n)
{
	k->n = n;
	k->kids = mem_zalloc((n + 1) * sizeof(*k->kids));
}

static void
fill_fields(struct node *k, const struct schema *s, int rep, int *leaves)
{
	fill_kids(k, s->n);
	for (size_t i = 0; i < s->n; i++)
		fill(&k->kids[i], s->f[i].name, s->f[i].type, k->def + 1, rep,
			leaves);
}

/* def is the node's own level. */
static void
fill(struct node *k, const char *name, const struct type *t, int def, int rep,
	int *leaves)
{
	k->name = mem_dup(name, strlen(name));
	k->type = t;
	k->def = def;
	k->item = def + 1;
	k->rep = rep + 1;
	k->leaf = *leaves;
	switch (t == NULL ? TYPE_UNKNOWN : t->kind) {
	case TYPE_STRUCT:
		fill_fields(k, t->fields, rep, leaves);
		break;
	case TYPE_ARRAY:
		fill_kids(k, 1);
		fill(k->kids, "element", t->elem, k->item + 1, k->rep, leaves);
		break;
	case TYPE_MAP:
		fill_kids(k, 2);
		fill(&k->kids[0], "key", t->key, k->item, k->rep, leaves);
		fill(&k->kids[1], "value", t->elem, k->item + 1, k->rep,
			leaves);
		break;
	default:
		set_physical(k);
		k->most = rep;
		++*leaves;
	}
}

struct node *
node_new(const struct schema *s, int *leaves)
{
	struct node *root = mem_zalloc(sizeof(*root));

	*leaves = 0;
	root->name = mem_dup("spark_schema", 12);
	fill_fields(root, s, 0, leaves);
	return root;
}

static void
release(struct node *k)
{
	for (size_t i = 0; i < k->n; i++)
		release(&k->kids[i]);
	free(k->kids);
	free(k->name);
}

void
node_free(struct node *root)
{
	if (root == NULL)
		return;
	release(root);
	free(root);
}

/* A group, or a leaf's beginning. */
static void
begin_element(struct thrift_out *t, const struct node *leaf, int repetition,
	const char *name, size_t kids)
{
	thrift_begin(t);
	if (leaf != NULL)
		thrift_int(t, 1, leaf->physical);
	if (leaf != NULL && leaf->physical == PHYSICAL_FIXED)
		thrift_int(t, 2, leaf->width);
	thrift_int(t, 3, repetition);
	thrift_text(t, 4, name, strlen(name));
	if (leaf == NULL)
		thrift_int(t, 5, (int64_t)kids);
}

/* What kind of value it is, where that is an empty struct. */
static void
put_kind(struct thrift_out *t, int converted, int logical)
{
	thrift_int(t, 6, converted);
	thrift_struct(t, 10);
	thrift_struct(t, logical);
	thrift_end(t);
	thrift_end(t);
}

static void
put_decimal(struct thrift_out *t, const struct type *type)
{
	thrift_int(t, 6, CONVERTED_DECIMAL);
	thrift_int(t, 7, type->scale);
	thrift_int(t, 8, type->precision);
	thrift_struct(t, 10);
	thrift_struct(t, LOGICAL_DECIMAL);
	thrift_int(t, 1, type->scale);
	thrift_int(t, 2, type->precision);
	thrift_end(t);
	thrift_end(t);
}

static void
put_timestamp(struct thrift_out *t)
{
	thrift_int(t, 6, CONVERTED_TIME_MICROS);
	thrift_struct(t, 10);
	thrift_struct(t, LOGICAL_TIMESTAMP);
	thrift_bool(t, 1, true); /* it is of UTC */
	thrift_struct(t, 2);
	thrift_struct(t, 2); /* microseconds */
	thrift_end(t);
	thrift_end(t);
	thrift_end(t);
	thrift_end(t);
}

static void
put_integer(struct thrift_out *t, int converted, int bits)
{
	thrift_int(t, 6, converted);
	thrift_struct(t, 10);
	thrift_struct(t, LOGICAL_INTEGER);
	thrift_byte(t, 1, bits);
	thrift_bool(t, 2, true);
	thrift_end(t);
	thrift_end(t);
}

static void
put_leaf(const struct node *k, struct thrift_out *t, int repetition)
{
	begin_element(t, k, repetition, k->name, 0);
	switch (k->type == NULL ? TYPE_STRING : k->type->kind) {
	case TYPE_BYTE:
		put_integer(t, CONVERTED_INT8, 8);
		break;
	case TYPE_SHORT:
		put_integer(t, CONVERTED_INT16, 16);
		break;
	case TYPE_DECIMAL:
		put_decimal(t, k->type);
		break;
	case TYPE_DATE:
		put_kind(t, CONVERTED_DATE, LOGICAL_DATE);
		break;
	case TYPE_TIMESTAMP:
		put_timestamp(t);
		break;
	case TYPE_BOOLEAN:
	case TYPE_INT:
	case TYPE_LONG:
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
	case TYPE_BINARY:
		break;
	default:
		put_kind(t, CONVERTED_UTF8, LOGICAL_STRING);
	}
	thrift_end(t);
}

static void
put_element(const struct node *k, struct thrift_out *t, int repetition)
{
	enum type_kind kind = k->type == NULL ? TYPE_STRING : k->type->kind;

	if (k->kids == NULL) {
		put_leaf(k, t, repetition);
		return;
	}
	begin_element(
		t, NULL, repetition, k->name, kind == TYPE_STRUCT ? k->n : 1);
	if (kind == TYPE_ARRAY)
		put_kind(t, CONVERTED_LIST, LOGICAL_LIST);
	if (kind == TYPE_MAP)
		put_kind(t, CONVERTED_MAP, LOGICAL_MAP);
	thrift_end(t);
	if (kind != TYPE_STRUCT) {
		begin_element(t, NULL, REPEATED,
			kind == TYPE_MAP ? "key_value" : "list", k->n);
		thrift_end(t);
	}
	for (size_t i = 0; i < k->n; i++)
		put_element(&k->kids[i], t,
			kind == TYPE_MAP && i == 0 ? REQUIRED : OPTIONAL);
}

static size_t
count_elements(const struct node *k)
{
	enum type_kind kind = k->type == NULL ? TYPE_STRUCT : k->type->kind;
	size_t n = 1 + (kind == TYPE_ARRAY || kind == TYPE_MAP);

	for (size_t i = 0; i < k->n; i++)
		n += count_elements(&k->kids[i]);
	return n;
}

void
node_write(const struct node *root, struct thrift_out *t, int id)
{
	thrift_list(t, id, THRIFT_STRUCT, count_elements(root));
	thrift_begin(t);
	thrift_text(t, 4, root->name, strlen(root->name));
	thrift_int(t, 5, (int64_t)root->n);
	thrift_end(t);
	for (size_t i = 0; i < root->n; i++)
		put_element(&root->kids[i], t, OPTIONAL);
}

/* The kid that a leaf is under. */
static const struct node *
towards(const struct node *k, int leaf)
{
	size_t i = k->n - 1;

	while (i > 0 && k->kids[i].leaf > leaf)
		i--;
	return &k->kids[i];
}

static size_t
path_words(const struct node *root, int leaf, struct thrift_out *t)
{
	size_t n = 0;

	for (const struct node *k = root; k->n > 0;) {
		const char *between = k->type == NULL ? NULL
			: k->type->kind == TYPE_MAP   ? "key_value"
			: k->type->kind == TYPE_ARRAY ? "list"
						      : NULL;

		k = towards(k, leaf);
		if (between != NULL && t != NULL)
			thrift_word(t, between, strlen(between));
		if (t != NULL)
			thrift_word(t, k->name, strlen(k->name));
		n += 1 + (between != NULL);
	}
	return n;
}

void
node_write_path(const struct node *root, int leaf, struct thrift_out *t, int id)
{
	thrift_list(t, id, THRIFT_BINARY, path_words(root, leaf, NULL));
	path_words(root, leaf, t);
}
