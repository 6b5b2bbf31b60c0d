/*
 * accums: see accums.h.
 *
 * What is the same for all functions: reading NAME=FUNC:FIELD, where in a blob
 * each accumulator stands, which fields are looked at, and the loops.  Nothing
 * here knows one function from another; that is in accum_*.c.
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

	for (i = 0; i < s->ninputs; i++)
		field_release(&s->in[i].field);
	for (i = 0; i < s->nresults; i++)
		free(s->out[i].name);
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

/* Grow an array by one and return the new member, zeroed. */
#define APPEND(array, n)                                              \
	((array) = mem_realloc((array), ((n) + 1) * sizeof *(array)), \
		memset(&(array)[n], 0, sizeof *(array)), &(array)[(n)++])

static int
input_of(struct accums *s, const char *path)
{
	size_t i;

	for (i = 0; i < s->ninputs; i++)
		if (strcmp(s->in[i].field.path, path) == 0)
			return (int)i;
	field_init(&APPEND(s->in, s->ninputs)->field, path);
	return (int)i;
}

static void
add_result(struct accums *s, const char *name, int part)
{
	struct accum_result *r = APPEND(s->out, s->nresults);

	r->name = mem_dup(name, strlen(name));
	r->accum = s->n - 1;
	r->part = part;
}

/* Its results, with the name that was given, or the usual one. */
static void
add_results(struct accums *s, const struct accum_kind *k, const char *name,
	const char *usual)
{
	char text[1000];

	if (k->parts == NULL)
		add_result(s, name != NULL ? name : usual, 0);
	for (int i = 0; k->parts != NULL && k->parts[i] != NULL; i++) {
		snprintf(text, sizeof text, "%s%s%s", name != NULL ? name : "",
			name != NULL ? "_" : "", k->parts[i]);
		add_result(s, text, i);
	}
}

static void
add_input(struct accums *s, struct accum *a, const char *path)
{
	struct accum_input *in;

	s->count_only = false;
	a->input = input_of(s, path);
	in = &s->in[a->input];
	in->number |= a->kind->number;
	in->compared |= a->kind->number || a->kind->compared;
}

/* path: NULL where there is no field. */
static void
add_accum(struct accums *s, const struct accum_kind *k, double p,
	const char *path)
{
	struct accum *a = APPEND(s->a, s->n);

	assert(k->size % 8 == 0);
	a->kind = k;
	a->p = p;
	a->at = s->form.fixed;
	a->input = -1;
	s->form.fixed += k->size;
	if (k->varies)
		*APPEND(s->form.vars, s->form.nvars) = a->at + k->var;
	if (k->listed)
		s->mergeable = false;
	if (path != NULL)
		add_input(s, a, path);
}

/* share: what is shown behind the field; NULL: nothing. */
static void
add_func(struct accums *s, const struct accum_kind *k, double p,
	const char *func, const char *path, const char *share, const char *name)
{
	char usual[1000], *plain = path_name(path);

	if (k->shown != NULL && share != NULL)
		snprintf(usual, sizeof usual, k->shown, func, plain, share);
	else if (k->shown != NULL)
		snprintf(usual, sizeof usual, k->shown, plain);
	else
		snprintf(usual, sizeof usual, "%s(%s)", func, plain);
	free(plain);
	add_accum(s, k, p, path);
	add_results(s, k, name, usual);
}

static int
add_star(struct accums *s, const struct accum_kind *k, double p,
	const char *func, const char *name, struct err *err)
{
	struct accum_star *star;

	if (name != NULL)
		return err_as(err, STATUS_USAGE,
			"%s:* has many results: it cannot be named '%s'", func,
			name);
	star = APPEND(s->stars, s->nstars);
	star->kind = k;
	star->p = p;
	star->func = mem_dup(func, strlen(func));
	s->count_only = false;
	return 0;
}

/* A function of a field and a share, such as percentile(x, 0.9). */
static int
parse_shared(struct accums *s, const struct accum_kind *k,
	const struct accum_spec *spec, struct err *err)
{
	double p;

	if (strcmp(spec->path, "*") == 0)
		return err_as(err, STATUS_USAGE,
			"'%s' takes one field, not *: p95:* takes all",
			spec->func);
	if (accum_spec_share(spec, &p, err) == -1)
		return -1;
	add_func(s, k, p, spec->shown, spec->path, spec->share, spec->name);
	return 0;
}

static int
parse_func(struct accums *s, const struct accum_spec *spec, struct err *err)
{
	const char *path = spec->path;
	bool star = path != NULL && strcmp(path, "*") == 0;
	const struct accum_kind *k;
	double p;

	k = accum_find(spec->func, &p, err);
	if (k == NULL)
		return -1;
	if (k->bare != NULL && (path == NULL || star)) {
		add_accum(s, k->bare, p, NULL);
		add_results(s, k->bare, spec->name, spec->shown);
		return 0;
	}
	if (path == NULL || *path == '\0')
		return err_as(err, STATUS_USAGE, "'%s' needs a field: %s:FIELD",
			spec->func, spec->func);
	if (k->share)
		return parse_shared(s, k, spec, err);
	if (star)
		return add_star(s, k, p, spec->shown, spec->name, err);
	add_func(s, k, p, spec->shown, path, NULL, spec->name);
	return 0;
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
		ret = parse_func(s, &spec, err);
	accum_spec_release(&spec);
	return ret == 0 ? check_names(s, err) : -1;
}

void
accums_add_field(struct accums *s, const char *path)
{
	if (s->nstars == 0)
		return;
	for (size_t i = 0; i < s->nstars; i++) {
		const struct accum_star *star = &s->stars[i];

		add_func(s, star->kind, star->p, star->func, path, NULL, NULL);
	}
	s->in[input_of(s, path)].star = ++s->nstarred;
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

static int
plan_input(struct accum_input *in, const struct plan *p, struct err *err)
{
	const struct type *t;
	struct buf b;

	if (plan_bind(p, &in->field, NULL, err) == -1)
		return -1;
	t = p->fields == NULL ? NULL : schema_type(p->fields, in->field.path);
	if (t == NULL || t->kind == TYPE_UNKNOWN)
		return 0;
	in->text = t->kind == TYPE_STRING || t->kind == TYPE_BINARY;
	in->decimal = t->kind == TYPE_DECIMAL && in->compared;
	in->precision = t->precision;
	in->scale = t->scale;
	if (!in->number || type_numeric(t) || t->kind == TYPE_NULL)
		return 0;
	buf_init(&b);
	type_print(t, &b);
	err_as(err, STATUS_USAGE,
		"the field '%s' is of type %s, not a number; min, max, count, "
		"first, last and collect_list take any type",
		in->field.path, buf_cstr(&b));
	buf_release(&b);
	return -1;
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

		schema_add(out, r->name, a->kind->type(t, r->part));
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
	if (v == NULL || !in->number || in->decimal ||
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
