/*
 * sample: see sample.h.
 */
#include "parquet/sample.h"

#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "value/json.h"
#include "value/record_read.h"
#include "types/infer.h"
#include "types/schema.h"

static bool
unknown(const struct type *t)
{
	if (t == NULL || t->kind == TYPE_UNKNOWN || t->kind == TYPE_NULL)
		return true;
	if (t->kind == TYPE_ARRAY)
		return unknown(t->elem);
	if (t->kind == TYPE_MAP)
		return unknown(t->key) || unknown(t->elem);
	return t->kind == TYPE_STRUCT && sample_wanted(t->fields);
}

bool
sample_wanted(const struct schema *known)
{
	if (known == NULL)
		return true;
	for (size_t i = 0; i < known->n; i++)
		if (unknown(known->f[i].type))
			return true;
	return false;
}

void
sample_init(struct sample *s, struct shapes *shapes)
{
	memset(s, 0, sizeof(*s));
	record_read_init(&s->reader, shapes);
}

void
sample_release(struct sample *s)
{
	record_read_release(&s->reader);
	buf_release(&s->lines);
	buf_release(&s->numbers);
}

void
sample_clear(struct sample *s)
{
	buf_clear(&s->lines);
	buf_clear(&s->numbers);
	s->at = s->n = s->i = 0;
}

bool
sample_add(struct sample *s, const struct record *r)
{
	record_print(r, &s->lines);
	buf_byte(&s->lines, '\n');
	buf_add(&s->numbers, &r->number, sizeof(r->number));
	s->n++;
	return s->lines.n >= SAMPLE_MOST;
}

bool
sample_next(struct sample *s, struct record *r)
{
	const char *line, *lf;
	struct err err;

	if (s->i == s->n)
		return false;
	buf_need(&s->lines, JSON_PADDING);
	line = s->lines.p + s->at;
	lf = memchr(line, '\n', s->lines.n - s->at);
	*r = (struct record){.line = line, .nline = (uint32_t)(lf - line)};
	memcpy(&r->number, s->numbers.p + s->i * sizeof(r->number),
		sizeof(r->number));
	s->at += r->nline + 1;
	s->i++;
	/* It was printed from a record. */
	return record_read(&s->reader, r, &err) == 0;
}

static void
widen(struct schema *found, const struct record *r)
{
	struct buf name;

	buf_init(&name);
	for (uint32_t i = 0; i < r->shape->n; i++) {
		const struct shape_name *n = &r->shape->names[i];
		int at;

		buf_clear(&name);
		json_unquote(&name, n->s, n->n);
		at = schema_find(found, buf_cstr(&name), name.n);
		if (at < 0) {
			schema_add(found, name.p, type_new(TYPE_UNKNOWN));
			at = (int)found->n - 1;
		}
		infer_value(found->f[at].type, &r->v[i]);
	}
	buf_release(&name);
}

static void fill_fields(struct schema *to, const struct schema *found);

/* What is unknown becomes what was found there. */
static void
fill(struct type **to, const struct type *found)
{
	struct type *t = *to;

	if (t == NULL || t->kind == TYPE_UNKNOWN || t->kind == TYPE_NULL) {
		type_free(t);
		*to = found != NULL ? type_copy(found) : type_new(TYPE_STRING);
		infer_finish(*to);
		return;
	}
	if (found != NULL && found->kind != t->kind)
		found = NULL;
	if (t->kind == TYPE_ARRAY) {
		fill(&t->elem, found != NULL ? found->elem : NULL);
	} else if (t->kind == TYPE_MAP) {
		fill(&t->key, NULL);
		fill(&t->elem, NULL);
	} else if (t->kind == TYPE_STRUCT) {
		fill_fields(t->fields, found != NULL ? found->fields : NULL);
	}
}

static void
fill_fields(struct schema *to, const struct schema *found)
{
	for (size_t i = 0; i < to->n; i++) {
		int at = found == NULL ? -1
				       : schema_find(found, to->f[i].name,
						 strlen(to->f[i].name));

		fill(&to->f[i].type, at < 0 ? NULL : found->f[at].type);
	}
}

struct schema *
sample_schema(struct sample *s, const struct schema *known)
{
	struct schema *found = schema_new(), *to;
	struct record r;

	while (sample_next(s, &r))
		widen(found, &r);
	s->at = s->i = 0;
	to = schema_copy(known != NULL ? known : found);
	fill_fields(to, found);
	schema_free(found);
	return to;
}
