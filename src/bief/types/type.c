/*
 * type: types as values.  A struct has fields and these have types, so both are
 * copied, freed and printed here; what else is done with fields is schema.c's.
 */
#include "types/type.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "floor/near.h"

/* What types are called: the first word of a kind is how it is printed. */

static const struct {
	const char *name;
	enum type_kind kind;
} type_words[] = {
	{"boolean", TYPE_BOOLEAN},
	{"bool", TYPE_BOOLEAN},
	{"tinyint", TYPE_BYTE},
	{"byte", TYPE_BYTE},
	{"smallint", TYPE_SHORT},
	{"short", TYPE_SHORT},
	{"int", TYPE_INT},
	{"integer", TYPE_INT},
	{"bigint", TYPE_LONG},
	{"long", TYPE_LONG},
	{"float", TYPE_FLOAT},
	{"real", TYPE_FLOAT},
	{"double", TYPE_DOUBLE},
	{"decimal", TYPE_DECIMAL},
	{"dec", TYPE_DECIMAL},
	{"numeric", TYPE_DECIMAL},
	{"string", TYPE_STRING},
	{"varchar", TYPE_STRING},
	{"char", TYPE_STRING},
	{"character", TYPE_STRING},
	{"binary", TYPE_BINARY},
	{"timestamp", TYPE_TIMESTAMP},
	{"timestamp_ltz", TYPE_TIMESTAMP},
	{"date", TYPE_DATE},
	{"void", TYPE_NULL},
	{"null", TYPE_NULL},
	{"array", TYPE_ARRAY},
	{"map", TYPE_MAP},
	{"struct", TYPE_STRUCT},
};
#define NWORDS (sizeof(type_words) / sizeof(type_words[0]))

/* A type that is not known before data flows: nobody may ask for it, but a
 * stream's header tells of it. */
const char type_unknown[] = "unknown";

const char *const type_units[] = {"s", "ms", "us", "ns"};

int
type_named(const char *s, size_t n)
{
	for (size_t i = 0; i < NWORDS; i++)
		if (strlen(type_words[i].name) == n &&
			strncasecmp(type_words[i].name, s, n) == 0)
			return (int)type_words[i].kind;
	return -1;
}

const char *
type_near(const char *name)
{
	const char *best = NULL;

	for (size_t i = 0; i < NWORDS; i++)
		if (near_enough(name, type_words[i].name) &&
			(best == NULL ||
				near_distance(name, type_words[i].name) <
					near_distance(name, best)))
			best = type_words[i].name;
	return best;
}

struct type *
type_new(enum type_kind kind)
{
	struct type *t = mem_zalloc(sizeof(*t));

	t->kind = kind;
	t->unit = UNIT_S;
	if (kind == TYPE_DECIMAL)
		t->precision = 10;
	return t;
}

struct schema *
type_copy_fields(const struct schema *s)
{
	struct schema *c;
	size_t room = 1;

	if (s == NULL)
		return NULL;
	while (room < s->n) /* as schema_insert() sees it from n */
		room *= 2;
	c = mem_zalloc(sizeof(*c));
	c->n = s->n;
	c->f = s->n > 0 ? mem_alloc(room * sizeof(*c->f)) : NULL;
	for (size_t i = 0; i < s->n; i++) {
		c->f[i].name = mem_dup(s->f[i].name, strlen(s->f[i].name));
		c->f[i].type = s->f[i].type != NULL ? type_copy(s->f[i].type)
						    : type_new(TYPE_UNKNOWN);
	}
	return c;
}

struct type *
type_copy(const struct type *t)
{
	struct type *c;

	if (t == NULL)
		return NULL;
	c = mem_alloc(sizeof(*c));
	*c = *t;
	c->key = type_copy(t->key);
	c->elem = type_copy(t->elem);
	c->fields = type_copy_fields(t->fields);
	return c;
}

void
type_free_fields(struct schema *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++) {
		free(s->f[i].name);
		type_free(s->f[i].type);
	}
	free(s->f);
	free(s);
}

void
type_free(struct type *t)
{
	if (t == NULL)
		return;
	type_free(t->key);
	type_free(t->elem);
	type_free_fields(t->fields);
	free(t);
}

bool
type_numeric(const struct type *t)
{
	return t != NULL && t->kind >= TYPE_BYTE && t->kind <= TYPE_DECIMAL;
}

static bool
type_plain_name(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

static void
type_print_name(const char *s, struct buf *out)
{
	if (type_plain_name(s)) {
		buf_str(out, s);
		return;
	}
	buf_byte(out, '`');
	for (; *s != '\0'; s++) {
		if (*s == '`')
			buf_byte(out, '`');
		buf_byte(out, *s);
	}
	buf_byte(out, '`');
}

void
type_print_fields(const struct schema *s, const char *colon, const char *comma,
	struct buf *out)
{
	for (size_t i = 0; s != NULL && i < s->n; i++) {
		if (i > 0)
			buf_str(out, comma);
		type_print_name(s->f[i].name, out);
		buf_str(out, colon);
		type_print(s->f[i].type, out);
	}
}

/* interval year to month, interval day */
static void
type_print_interval(const struct type *t, struct buf *out)
{
	static const char *const names[][4] = {
		{"year", "month"}, {"day", "hour", "minute", "second"}};
	const char *const *unit = names[t->kind == TYPE_DAYS];

	buf_printf(out, "interval %s", unit[t->precision]);
	if (t->scale > t->precision)
		buf_printf(out, " to %s", unit[t->scale]);
}

void
type_print(const struct type *t, struct buf *out)
{
	const char *name = type_unknown;

	if (t != NULL && t->kind == TYPE_CALENDAR) {
		buf_str(out, "interval");
		return;
	}
	if (t != NULL && t->kind > TYPE_STRUCT) {
		type_print_interval(t, out);
		return;
	}
	for (size_t i = 0; t != NULL && i < NWORDS; i++)
		if (type_words[i].kind == t->kind) {
			name = type_words[i].name;
			break;
		}
	buf_str(out, name);
	if (t == NULL)
		return;
	if (t->kind == TYPE_DECIMAL)
		buf_printf(out, "(%d,%d)", t->precision, t->scale);
	if (t->kind == TYPE_TIMESTAMP && t->unit != UNIT_S)
		buf_printf(out, "(%s)", type_units[t->unit]);
	if (t->kind == TYPE_ARRAY || t->kind == TYPE_MAP) {
		buf_byte(out, '<');
		if (t->kind == TYPE_MAP) {
			type_print(t->key, out);
			buf_byte(out, ',');
		}
		type_print(t->elem, out);
		buf_byte(out, '>');
	}
	if (t->kind == TYPE_STRUCT) {
		buf_byte(out, '<');
		type_print_fields(t->fields, ":", ",", out);
		buf_byte(out, '>');
	}
}
