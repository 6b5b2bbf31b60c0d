/*
 * accums: see accums.h.
 *
 * What is the same for all functions: which fields are looked at, and the loops
 * over them.  Nothing here knows one function from another; that is in
 * fn/accum_*.c.
 */
#include "agg/accum/accums.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "types/schema.h"
#include "runtime/entry.h"
#include "runtime/plan/plan.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_spec.h"
#include "agg/accum/accums_build.h"

/* ---- the functions of a query ---- */

void
accums_init(struct accums *s)
{
	memset(s, 0, sizeof *s);
	s->count_only = s->mergeable = true;
}

void
accums_reserve(struct accums *s, uint32_t bytes)
{
	size_t i;

	s->form.fixed += bytes;
	for (i = 0; i < s->n; i++)
		s->a[i].at += bytes;
	for (i = 0; i < s->form.nvars; i++)
		s->form.vars[i] += bytes;
}

void
accums_release(struct accums *s)
{
	size_t i;

	for (i = 0; i < s->ninputs; i++) {
		field_release(&s->in[i].field);
		free(s->in[i].within);
	}
	for (i = 0; i < s->nresults; i++)
		free(s->out[i].name);
	for (i = 0; i < s->n; i++) {
		free(s->a[i].more);
		free(s->a[i].shares);
		free(s->a[i].between);
	}
	for (i = 0; i < s->nstars; i++)
		free(s->stars[i].func);
	free(s->in);
	free(s->out);
	free(s->a);
	free(s->stars);
	free(s->form.vars);
	free(s->open);
	buf_release(&s->key);
	buf_release(&s->text);
	accums_init(s);
}

static int
check_names(const struct accums *s, struct err *err)
{
	size_t i, j;

	for (i = 0; i < s->nresults; i++)
		for (j = 0; j < i; j++)
			if (strcmp(s->out[i].name, s->out[j].name) == 0)
				return err_as(err, STATUS_USAGE,
					"two results are named '%s': give one "
					"another name (NAME=FUNC:FIELD)",
					s->out[i].name);
	return 0;
}

int
accums_parse(struct accums *s, const char *text, struct err *err)
{
	struct accum_spec spec;
	int ret = accum_spec_read(&spec, text, err);

	if (ret == 0)
		ret = accums_build_func(s, &spec, err);
	accum_spec_release(&spec);
	return ret == 0 ? check_names(s, err) : -1;
}

void
accums_add_field(struct accums *s, const char *path)
{
	if (s->nstars == 0)
		return;
	for (size_t i = 0; i < s->nstars; i++)
		accums_build_star(s, &s->stars[i], path);
	s->in[accums_build_input(s, path)].star = ++s->nstarred;
	s->shape = 0;
}

const char *
accums_star(const struct accums *s, size_t i)
{
	size_t k;

	for (k = 0; k < s->ninputs; k++)
		if (s->in[k].star == i)
			return s->in[k].field.path;
	return NULL;
}

void
accums_print(const struct accums *s, struct buf *out)
{
	size_t i;

	for (i = 0; i < s->nresults; i++) {
		const struct accum *a = &s->a[s->out[i].accum];
		const struct accum_input *in = a->input < 0 ? NULL
							    : &s->in[a->input];

		buf_str(out, s->out[i].name);
		if (in != NULL && in->decimal)
			buf_printf(
				out, " of decimals with scale %d", in->scale);
		buf_byte(out, '\0');
	}
}

/* ---- what is known of the fields ---- */

/* Can values of a type be what the input must be? */
static bool
is_taken(const struct accum_input *in, const struct type *t)
{
	if (in->truth && t->kind != TYPE_BOOLEAN)
		return false;
	if (in->integral && !(t->kind >= TYPE_BYTE && t->kind <= TYPE_LONG))
		return false;
	if (in->words && t->kind != TYPE_STRING && t->kind != TYPE_BOOLEAN &&
		t->kind != TYPE_DATE && !type_numeric(t))
		return false;
	return !in->number || type_numeric(t);
}

static int
refuse_type(const struct accum_input *in, const struct type *t, struct err *err)
{
	struct buf b;

	buf_init(&b);
	type_print(t, &b);
	err_as(err, STATUS_USAGE, "the field '%s' is of type %s, not %s",
		in->field.path, buf_cstr(&b),
		in->words ? "a text: derive --sql makes one, as by "
			    "cast(... as string)"
			: in->truth
			? "a boolean: derive --sql makes one of a condition"
			: in->integral
			? "an integer"
			: "a number; min, max, count, first, last and "
			  "collect_list take any type");
	buf_release(&b);
	return -1;
}

static int
plan_input(struct accum_input *in, const struct plan *p, struct err *err)
{
	const struct type *t;

	if (plan_bind(p, &in->field, NULL, err) == -1)
		return -1;
	t = p->fields == NULL ? NULL : schema_type(p->fields, in->field.path);
	if (t == NULL || t->kind == TYPE_UNKNOWN)
		return 0;
	in->text = t->kind == TYPE_STRING || t->kind == TYPE_BINARY;
	in->decimal = t->kind == TYPE_DECIMAL && in->compared;
	in->precision = t->precision;
	in->scale = t->scale;
	if (t->kind == TYPE_NULL || is_taken(in, t))
		return 0;
	return refuse_type(in, t, err);
}

int
accums_plan(struct accums *s, const struct plan *p, struct err *err)
{
	size_t i;

	if (s->nstars > 0 && p->fields != NULL) {
		for (i = 0; i < p->fields->n; i++)
			if (type_numeric(p->fields->f[i].type))
				accums_add_field(s, p->fields->f[i].name);
		for (i = 0; i < s->nstars; i++)
			free(s->stars[i].func);
		s->nstars = s->nstarred = 0;
		for (i = 0; i < s->ninputs; i++)
			s->in[i].star = 0;
		if (s->n == 0)
			return err_as(
				err, STATUS_USAGE, "no field is a number");
	}
	for (i = 0; i < s->ninputs; i++)
		if (plan_input(&s->in[i], p, err) == -1)
			return -1;
	return check_names(s, err);
}

void
accums_schema(
	const struct accums *s, const struct schema *in, struct schema *out)
{
	size_t i;

	for (i = 0; i < s->nresults; i++) {
		const struct accum_result *r = &s->out[i];
		const struct accum *a = &s->a[r->accum];
		const struct type *t = a->input < 0 || in == NULL
			? NULL
			: schema_type(in, s->in[a->input].field.path);

		schema_add(out, r->name,
			(a->of != NULL ? a->of : a->kind)->type(t, r->part));
	}
}

/* ---- fields that show only when data flows ---- */

static bool
is_star(const struct accums *s, const struct shape_name *name)
{
	size_t i;

	for (i = 0; i < s->ninputs; i++)
		if (s->in[i].star && s->in[i].field.nname == name->n &&
			memcmp(s->in[i].field.name, name->s, name->n) == 0)
			return true;
	return false;
}

static void
open_fields(struct accums *s, const struct shape *shape)
{
	uint32_t i;

	s->shape = shape->id;
	s->nopen = 0;
	s->open = mem_realloc(s->open, (shape->n + 1) * sizeof *s->open);
	for (i = 0; i < shape->n; i++)
		if (!is_star(s, &shape->names[i]))
			s->open[s->nopen++] = i;
}

bool
accums_meet(struct accums *s, const struct record *r, struct blob_form *before)
{
	struct buf name;
	bool met = false;
	size_t i;

	if (s->shape != r->shape->id)
		open_fields(s, r->shape);
	for (i = 0; i < s->nopen; i++) {
		const struct shape_name *n = &r->shape->names[s->open[i]];

		if (!accum_kit_is_number(&r->v[s->open[i]]) || is_star(s, n))
			continue;
		if (!met) {
			*before = s->form;
			before->vars = mem_alloc(
				(s->form.nvars + 1) * sizeof *s->form.vars);
			if (s->form.nvars > 0)
				memcpy(before->vars, s->form.vars,
					s->form.nvars * sizeof *s->form.vars);
		}
		met = true;
		buf_init(&name);
		json_unquote(&name, n->s, n->n);
		accums_add_field(s, buf_cstr(&name));
		buf_release(&name);
	}
	if (met)
		open_fields(s, r->shape);
	return met;
}

/* ---- records ---- */

/* Most values that are aggregated are numbers that a parser has looked at, and
 * then there is nothing to do for any function. */
static inline bool
read_plain(struct accum_input *in, const struct value *v)
{
	if (v == NULL || !in->number || in->decimal || in->integral ||
		(v->type != VALUE_DOUBLE && v->type != VALUE_INT))
		return false;
	in->raw = v;
	in->num = *v;
	return true;
}

int
accums_read(
	struct accums *s, const struct record *r, bool lenient, struct err *err)
{
	size_t i;

	for (i = 0; i < s->ninputs; i++) {
		struct accum_input *in = &s->in[i];
		const struct value *v = record_get(r, &in->field);

		if (!read_plain(in, v) &&
			accum_kit_read(in, v, lenient, err) == -1)
			return -1;
	}
	return 0;
}

void
accums_add(struct accums *s, struct blob *b, uint64_t seq)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct accum *a = &s->a[i];

		if (a->input < 0 || accum_in(s, a)->raw != NULL ||
			a->kind->nulls)
			a->kind->add(s, a, b, seq);
	}
}

void
accums_count(const struct accums *s, char *blob, uint32_t n)
{
	assert(s->count_only);
	for (size_t i = 0; i < s->n; i++)
		*(int64_t *)(blob + s->a[i].at) += n; /* accum_count.c */
}

void
accums_merge(const struct accums *s, struct blob *to, const struct blob *from)
{
	for (size_t i = 0; i < s->n; i++)
		s->a[i].kind->merge(s, &s->a[i], to, from);
}

int
accums_result(const struct accums *s, size_t i, struct blob *b, struct value *v,
	struct buf *tmp, struct err *err)
{
	const struct accum *a = &s->a[s->out[i].accum];
	struct accum_answer r = {
		.part = s->out[i].part, .v = v, .tmp = tmp, .err = err};

	assert(i < s->nresults);
	*v = value_null();
	return a->kind->result(s, a, b, &r);
}

/* ---- for bief state ---- */

/* An accumulator goes by the name of its first result. */
static const char *
accum_name(const struct accums *s, size_t accum)
{
	size_t i = 0;

	while (s->out[i].accum != accum)
		i++;
	return s->out[i].name;
}

/* What has seen nothing is null. */
static bool
is_empty(const struct accum *a, const struct blob *b)
{
	return a->kind->empty != NULL && a->kind->empty(a, b);
}

void
accums_show(const struct accums *s, const struct blob *b, struct buf *out)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct accum *a = &s->a[i];
		const char *name = accum_name(s, i);

		buf_byte(out, i > 0 ? ',' : '{');
		json_quote(out, name, strlen(name));
		buf_byte(out, ':');
		if (is_empty(a, b))
			buf_str(out, "null");
		else
			a->kind->show(s, a, b, out);
	}
	buf_byte(out, '}');
}

static int
take_accum(struct accums *s, const struct accum *a, struct blob *b,
	const struct value *object, const char *name, struct err *err)
{
	struct accum_taking t = {
		.s = s, .a = a, .b = b, .name = name, .err = err};
	struct value v;

	if (a->input >= 0)
		t.in = accum_in(s, a);
	if (entry_get(object, name, &v, err) == -1)
		return -1;
	if (v.type == VALUE_NULL && is_empty(a, b))
		return 0;
	return a->kind->take(&t, &v);
}

int
accums_take(struct accums *s, struct blob *b, const struct value *object,
	struct err *err)
{
	const char **names = mem_zalloc((s->n + 1) * sizeof(*names));
	int ret;

	for (size_t i = 0; i < s->n; i++)
		names[i] = accum_name(s, i);
	ret = entry_only(object, names, err);
	for (size_t i = 0; ret == 0 && i < s->n; i++)
		ret = take_accum(s, &s->a[i], b, object, names[i], err);
	free(names);
	return ret;
}
