/*
 * accum: see accum.h.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accum.h"
#include "accum_impl.h"
#include "buf.h"
#include "numeric.h"
#include "err.h"
#include "hash.h"
#include "json.h"
#include "number.h"
#include "plan.h"
#include "schema.h"
#include "set.h"
#include "sketch.h"

static const struct func {
	const char *name;
	enum accum_fn fn;
	double p;
	bool number;         /* takes numbers only */
	const char *shown;   /* in the default name */
} funcs[] = {
	{"count", ACCUM_COUNT_FIELD, 0, false, "count(%s)"},
	{"sum", ACCUM_SUM, 0, true, "sum(%s)"},
	{"avg", ACCUM_AVG, 0, true, "avg(%s)"},
	{"min", ACCUM_MIN, 0, false, "min(%s)"},
	{"max", ACCUM_MAX, 0, false, "max(%s)"},
	{"stddev", ACCUM_STDDEV, 0, true, "stddev(%s)"},
	{"stddev_pop", ACCUM_STDDEV_POP, 0, true, "stddev_pop(%s)"},
	{"variance", ACCUM_VARIANCE, 0, true, "variance(%s)"},
	{"var_pop", ACCUM_VAR_POP, 0, true, "var_pop(%s)"},
	{"first", ACCUM_FIRST, 0, false, "first(%s)"},
	{"last", ACCUM_LAST, 0, false, "last(%s)"},
	{"median", ACCUM_QUANTILE, 0.5, true, "median(%s)"},
	{"count_distinct", ACCUM_COUNT_DISTINCT, 0, false,
		"count(DISTINCT %s)"},
	{"approx_count_distinct", ACCUM_APPROX, 0, false,
		"approx_count_distinct(%s)"},
	{"collect_list", ACCUM_LIST, 0, false, "collect_list(%s)"},
	{"collect_set", ACCUM_SET, 0, false, "collect_set(%s)"},
	{"stats", ACCUM_STATS, 0, true, "%s"},
};

static const char *const stats_parts[] = {
	"count", "mean", "stdev", "max", "min"};

/* Twice the precision. */

static inline void
twice_add(struct twice *t, double x)
{
	double s = t->hi + x, b = s - t->hi;
	double e = (t->hi - (s - b)) + (x - b) + t->lo;

	if (!isfinite(s)) {
		*t = (struct twice){s, 0};
		return;
	}
	t->hi = s + e;
	t->lo = e - (t->hi - s);
}

static void
twice_add2(struct twice *t, struct twice x)
{
	twice_add(t, x.hi);
	twice_add(t, x.lo);
}

static struct twice
twice_mul(struct twice a, struct twice b)
{
	double p = a.hi * b.hi;
	double e = fma(a.hi, b.hi, -p) + (a.hi * b.lo + a.lo * b.hi);
	struct twice t = {p, 0};

	if (isfinite(p))
		twice_add(&t, e);
	return t;
}

static struct twice
twice_div(struct twice a, double n)
{
	double q = a.hi / n;
	double rest = fma(-q, n, a.hi) + a.lo;
	struct twice t = {q, 0};

	if (isfinite(q))
		twice_add(&t, rest / n);
	return t;
}

static struct twice
twice_wide(__int128 x)
{
	double hi = (double)x;

	return (struct twice){hi, (double)(x - (__int128)hi)};
}

/* Sums. */

static inline void
wide_add(struct wide *w, __int128 x)
{
	x = (__int128)((unsigned __int128)wide_get(w) + (unsigned __int128)x);
	w->lo = (uint64_t)x;
	w->hi = (int64_t)(x >> 64);
}

static inline void
sum_wide(struct sum *t, __int128 x)
{
	if (t->kind == SUM_DOUBLE) {
		twice_add2(&t->d, twice_wide(x));
	} else {
		t->kind = SUM_WIDE;
		wide_add(&t->i, x);
	}
}

static inline void
sum_twice(struct sum *t, struct twice x)
{
	if (t->kind != SUM_DOUBLE) {
		t->d = twice_wide(wide_get(&t->i));
		t->kind = SUM_DOUBLE;
	}
	twice_add2(&t->d, x);
}

static void
moments_add(struct moments *m, double x)
{
	struct twice d;

	if (m->n++ == 0)
		m->shift = x;
	d.hi = x - m->shift;
	d.lo = 0;
	if (isfinite(d.hi)) {
		double b = d.hi - x; /* what x - shift lost */

		d.lo = (x - (d.hi - b)) - (m->shift + b);
	}
	twice_add2(&m->s, d);
	twice_add2(&m->q, twice_mul(d, d));
}

/* Take the other's sums over to our shift. */
static void
moments_merge(struct moments *m, const struct moments *from)
{
	struct twice n = {(double)from->n, 0}, d, two, ds;

	if (from->n == 0)
		return;
	if (m->n == 0) {
		*m = *from;
		return;
	}
	d = (struct twice){from->shift, 0};
	twice_add(&d, -m->shift);
	m->n += from->n;
	ds = twice_mul(d, from->s);
	two = (struct twice){ds.hi * 2, ds.lo * 2};
	twice_add2(&m->q, from->q);
	twice_add2(&m->q, two);
	twice_add2(&m->q, twice_mul(n, twice_mul(d, d)));
	twice_add2(&m->s, from->s);
	twice_add2(&m->s, twice_mul(n, d));
}

static double
moments_mean(const struct moments *m)
{
	struct twice t = twice_div(m->s, (double)m->n);

	twice_add(&t, m->shift);
	return t.hi;
}

static double
moments_variance(const struct moments *m, int64_t n)
{
	struct twice t = twice_div(twice_mul(m->s, m->s), (double)m->n), q;

	q = m->q;
	twice_add2(&q, (struct twice){-t.hi, -t.lo});
	t = twice_div(q, (double)n);
	return t.hi < 0 ? 0 : t.hi;
}

/* The form of a set. */

static uint32_t
fixed_size(enum accum_fn fn, uint32_t *var)
{
	const uint32_t kept_text = offsetof(struct kept, text);

	*var = UINT32_MAX;
	switch (fn) {
	case ACCUM_COUNT:
	case ACCUM_COUNT_FIELD:
		return sizeof(int64_t);
	case ACCUM_SUM:
		return sizeof(struct sum);
	case ACCUM_AVG:
		return sizeof(struct mean);
	case ACCUM_MIN:
	case ACCUM_MAX:
		*var = kept_text;
		return sizeof(struct kept);
	case ACCUM_FIRST:
	case ACCUM_LAST:
		*var = kept_text;
		return sizeof(struct placed);
	case ACCUM_STDDEV:
	case ACCUM_STDDEV_POP:
	case ACCUM_VARIANCE:
	case ACCUM_VAR_POP:
		return sizeof(struct moments);
	case ACCUM_STATS:
		return sizeof(struct stats);
	default:
		*var = 0;
		return (sizeof(struct var) + 7) & ~7u;
	}
}

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
#define APPEND(array, n)                                             \
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

static void
add_stats(struct accums *s, const char *name)
{
	char text[1000];
	int i;

	for (i = 0; i < 5; i++) {
		snprintf(text, sizeof text, "%s%s%s", name != NULL ? name : "",
			name != NULL ? "_" : "", stats_parts[i]);
		add_result(s, text, i);
	}
}

static void
add(struct accums *s, enum accum_fn fn, double p, bool number,
	const char *path, const char *name)
{
	struct accum *a = APPEND(s->a, s->n);
	struct accum_input *in;
	uint32_t var, size = fixed_size(fn, &var);

	a->fn = fn;
	a->p = p;
	a->at = s->form.fixed;
	a->input = -1;
	s->form.fixed += size;
	if (var != UINT32_MAX)
		*APPEND(s->form.vars, s->form.nvars) = a->at + var;
	if (fn == ACCUM_FIRST || fn == ACCUM_LAST)
		s->ordered = true;
	if (fn == ACCUM_LIST)
		s->mergeable = false;
	if (fn != ACCUM_COUNT) {
		s->count_only = false;
		a->input = input_of(s, path);
		in = &s->in[a->input];
		in->number |= number;
		in->compared |= number || fn == ACCUM_MIN || fn == ACCUM_MAX;
	}
	if (fn == ACCUM_STATS)
		add_stats(s, name);
	else
		add_result(s, name, 0);
}

static int
find_func(const char *name, size_t n, struct func *f)
{
	size_t i;
	char *end;

	for (i = 0; i < sizeof funcs / sizeof *funcs; i++)
		if (strlen(funcs[i].name) == n &&
			memcmp(funcs[i].name, name, n) == 0) {
			*f = funcs[i];
			return 0;
		}
	if (n < 2 || name[0] != 'p' || name[1] < '0' || name[1] > '9')
		return -1;
	f->p = strtod(name + 1, &end) / 100;
	if (end != name + n || !(f->p <= 1))
		return -1;
	f->name = name;
	f->fn = ACCUM_QUANTILE;
	f->number = true;
	f->shown = NULL;
	return 0;
}

static int
unknown_func(const char *func, struct err *err)
{
	size_t i, best = SIZE_MAX;
	const char *near = NULL;

	for (i = 0; i < sizeof funcs / sizeof *funcs; i++)
		if (opt_near(func, funcs[i].name) &&
			opt_distance(func, funcs[i].name) < best) {
			best = opt_distance(func, funcs[i].name);
			near = funcs[i].name;
		}
	if (near != NULL)
		return err_as(err, STATUS_USAGE,
			"no aggregate function '%s' (did you mean '%s'?)", func,
			near);
	return err_as(err, STATUS_USAGE,
		"no aggregate function '%s': it is one of count, sum, avg, "
		"min, max, stddev, stddev_pop, variance, var_pop, first, "
		"last, median, p0 to p100, count_distinct, "
		"approx_count_distinct, collect_list, collect_set, stats",
		func);
}

static void
add_func(struct accums *s, const struct func *f, const char *func,
	const char *path, const char *name)
{
	char shown[1000], *plain = path_name(path);

	if (f->shown != NULL)
		snprintf(shown, sizeof shown, f->shown, plain);
	else
		snprintf(shown, sizeof shown, "%s(%s)", func, plain);
	free(plain);
	if (f->fn == ACCUM_STATS)
		add(s, f->fn, f->p, f->number, path, name);
	else
		add(s, f->fn, f->p, f->number, path,
			name != NULL ? name : shown);
}

static int
parse(struct accums *s, char *func, char *path, const char *name,
	struct err *err)
{
	struct func f;
	struct accum_star *star;

	if (find_func(func, strlen(func), &f) == -1)
		return unknown_func(func, err);
	if (f.fn == ACCUM_COUNT_FIELD &&
		(path == NULL || strcmp(path, "*") == 0)) {
		add(s, ACCUM_COUNT, 0, false, NULL,
			name != NULL ? name : "count");
		return 0;
	}
	if (path == NULL || *path == '\0')
		return err_as(err, STATUS_USAGE,
			"'%s' needs a field: %s:FIELD", func, func);
	if (strcmp(path, "*") != 0) {
		add_func(s, &f, func, path, name);
		return 0;
	}
	if (name != NULL)
		return err_as(err, STATUS_USAGE,
			"%s:* has many results: it cannot be named '%s'", func,
			name);
	star = APPEND(s->stars, s->nstars);
	star->fn = f.fn;
	star->p = f.p;
	star->func = mem_dup(func, strlen(func));
	s->count_only = false;
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
accums_parse(struct accums *s, const char *spec, struct err *err)
{
	char *copy = mem_dup(spec, strlen(spec)), *func = copy, *name = NULL;
	char *path, *eq = (char *)path_until(copy, '=');
	int ret;

	if (*eq == '=' && eq < path_until(copy, ':')) {
		*eq = '\0';
		name = path_name(copy);
		func = eq + 1;
	}
	path = strchr(func, ':');
	if (path != NULL)
		*path++ = '\0';
	if (name != NULL && *name == '\0')
		ret = err_as(err, STATUS_USAGE, "'%s' has no name before '='",
			spec);
	else
		ret = parse(s, func, path, name, err);
	free(name);
	free(copy);
	return ret == 0 ? check_names(s, err) : -1;
}

void
accums_add_field(struct accums *s, const char *path)
{
	struct func f;
	size_t i;

	if (s->nstars == 0)
		return;
	for (i = 0; i < s->nstars; i++) {
		find_func(s->stars[i].func, strlen(s->stars[i].func), &f);
		add_func(s, &f, s->stars[i].func, path, NULL);
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
		const struct accum_input *in =
			a->input < 0 ? NULL : &s->in[a->input];

		buf_str(out, s->out[i].name);
		if (in != NULL && in->decimal)
			buf_printf(out, " of decimals with scale %d",
				in->scale);
		buf_byte(out, '\0');
	}
}

/* What is known of the fields. */

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
			return err_as(err, STATUS_USAGE,
				"no field is a number");
	}
	for (i = 0; i < s->ninputs; i++)
		if (plan_input(&s->in[i], p, err) == -1)
			return -1;
	return check_names(s, err);
}

static struct type *
decimal_type(const struct type *t, int digits, int scale)
{
	struct type *d = type_new(TYPE_DECIMAL);

	d->precision = t->precision + digits;
	d->scale = t->scale + scale;
	if (d->precision > NUMERIC_DIGITS)
		d->precision = NUMERIC_DIGITS;
	if (d->scale > NUMERIC_DIGITS)
		d->scale = NUMERIC_DIGITS;
	return d;
}

static struct type *
result_type(enum accum_fn fn, const struct type *t)
{
	struct type *list;

	switch (fn) {
	case ACCUM_COUNT:
	case ACCUM_COUNT_FIELD:
	case ACCUM_COUNT_DISTINCT:
	case ACCUM_APPROX:
		return type_new(TYPE_LONG);
	case ACCUM_SUM:
		if (t == NULL || t->kind == TYPE_UNKNOWN)
			return NULL;
		if (t->kind == TYPE_DECIMAL)
			return decimal_type(t, 10, 0);
		return type_new(t->kind == TYPE_FLOAT ||
						t->kind == TYPE_DOUBLE
					? TYPE_DOUBLE
					: TYPE_LONG);
	case ACCUM_AVG:
		if (t != NULL && t->kind == TYPE_DECIMAL)
			return decimal_type(t, 4, 4);
		return type_new(TYPE_DOUBLE);
	case ACCUM_MIN:
	case ACCUM_MAX:
	case ACCUM_FIRST:
	case ACCUM_LAST:
		return t == NULL ? NULL : type_copy(t);
	case ACCUM_LIST:
	case ACCUM_SET:
		list = type_new(TYPE_ARRAY);
		list->elem = t == NULL ? type_new(TYPE_UNKNOWN) : type_copy(t);
		return list;
	default:
		return type_new(TYPE_DOUBLE);
	}
}

void
accums_schema(const struct accums *s, const struct schema *in,
	struct schema *out)
{
	size_t i;

	for (i = 0; i < s->nresults; i++) {
		const struct accum_result *r = &s->out[i];
		const struct accum *a = &s->a[r->accum];
		const struct type *t = a->input < 0 || in == NULL
			? NULL
			: schema_type(in, s->in[a->input].field.path);

		schema_add(out, r->name,
			a->fn == ACCUM_STATS && r->part == 0
				? type_new(TYPE_LONG)
				: result_type(a->fn, t));
	}
}

/* Fields that show only when data flows. */

static bool
is_number(const struct value *v)
{
	return v->type == VALUE_INT || v->type == VALUE_DOUBLE ||
		v->type == VALUE_NUMBER || v->type == VALUE_REAL;
}

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

		if (!is_number(&r->v[s->open[i]]) || is_star(s, n))
			continue;
		if (!met) {
			*before = s->form;
			before->vars = mem_alloc((s->form.nvars + 1) *
				sizeof *s->form.vars);
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

/* Records. */

static int
refuse(const struct accum_input *in, struct err *err)
{
	struct buf b;
	char quoted[200];

	buf_init(&b);
	value_print(in->raw, &b);
	err_quote(quoted, sizeof quoted, b.p, b.n);
	buf_release(&b);
	return err_set(err, "the field '%s' is not a number: %s",
		in->field.path, quoted);
}

static int
read_number(struct accum_input *in, bool lenient, struct err *err)
{
	const struct value *v = in->raw;
	struct buf b;
	bool got;

	if (in->decimal) {
		buf_init(&b);
		value_print(v, &b);
		got = is_number(v) && numeric_read(b.p, b.n, NUMERIC_DIGITS,
			in->scale, &in->dec);
		buf_release(&b);
		if (got) {
			in->num = value_number(v, false);
			return 0;
		}
	} else {
		in->num = value_number(v, !in->text);
		if (in->num.type == VALUE_INT || in->num.type == VALUE_DOUBLE)
			return 0;
	}
	if (!lenient)
		return refuse(in, err);
	in->raw = NULL;
	return 0;
}

int
accum_read(struct accum_input *in, const struct value *v, bool lenient,
	struct err *err)
{
	in->raw = v == NULL || v->type == VALUE_NULL ? NULL : v;
	if (in->raw == NULL)
		return 0;
	if (in->number || in->decimal)
		return read_number(in, lenient, err);
	in->num = in->compared && is_number(v) ? value_number(v, false) : *v;
	return 0;
}

int
accums_read(struct accums *s, const struct record *r, bool lenient,
	struct err *err)
{
	size_t i;

	for (i = 0; i < s->ninputs; i++) {
		struct accum_input *in = &s->in[i];

		if (accum_read(in, record_get(r, &in->field), lenient, err) ==
			-1)
			return -1;
	}
	return 0;
}

static inline double
as_double(const struct value *num)
{
	return num->type == VALUE_INT ? (double)num->i : num->d;
}

static void
add_sum(struct sum *t, const struct accum_input *in)
{
	if (in->decimal)
		sum_wide(t, in->dec);
	else if (in->num.type == VALUE_INT)
		sum_wide(t, in->num.i);
	else
		sum_twice(t, (struct twice){in->num.d, 0});
}

static void
add_mean(struct mean *m, const struct accum_input *in)
{
	m->n++;
	if (in->decimal)
		wide_add(&m->dec, in->dec);
	else
		twice_add(&m->sum, as_double(&in->num));
}

static void
add_stats_value(struct stats *t, double x)
{
	if (t->m.n == 0)
		t->min = t->max = x;
	/* NaN is above all. */
	if (isnan(x) || x > t->max)
		t->max = x;
	if (isnan(t->min) || x < t->min)
		t->min = x;
	moments_add(&t->m, x);
}

/* A var of a sketch, which grows by bytes that the sketch asks for. */
static void *
quantile_room(struct blob *b, const struct blob_form *f, uint32_t at)
{
	struct var *v = blob_var(b, at);
	size_t size = v->n == 0
		? SKETCH_QUANTILE_MIN
		: sketch_quantile_room(blob_at(b, v), v->n);

	if (size == v->n)
		return blob_at(b, v);
	blob_room(b, f, at, size);
	v = blob_var(b, at);
	if (v->n == 0)
		memset(blob_at(b, v), 0, size);
	v->n = (uint32_t)size;
	return blob_at(b, v);
}

static void *
distinct_room(struct blob *b, const struct blob_form *f, uint32_t at,
	bool whole)
{
	struct var *v = blob_var(b, at);
	size_t size = whole ? sizeof(struct sketch_distinct)
			    : v->n == 0
		? SKETCH_DISTINCT_MIN
		: sketch_distinct_room(blob_at(b, v), v->n);

	if (size <= v->n)
		return blob_at(b, v);
	blob_room(b, f, at, size);
	v = blob_var(b, at);
	memset((char *)blob_at(b, v) + v->n, 0, size - v->n);
	v->n = (uint32_t)size;
	return blob_at(b, v);
}

static void
add_to_set(struct accums *s, const struct accum *a, struct blob *b,
	const struct value *v)
{
	buf_clear(&s->key);
	buf_clear(&s->text);
	value_encode(v, &s->key);
	if (a->fn == ACCUM_APPROX) {
		struct sketch_distinct *d =
			distinct_room(b, &s->form, a->at, false);

		sketch_distinct_add(d,
			hash_finish(hash_bytes(s->key.p, s->key.n)));
		return;
	}
	if (a->fn == ACCUM_SET)
		value_print(v, &s->text);
	set_add(b, &s->form, a->at, s->key.p, s->key.n, s->text.p, s->text.n);
}

static void
append_text(struct blob *b, const struct blob_form *f, uint32_t at,
	const char *p, size_t n)
{
	size_t old = blob_var(b, at)->n;
	char *to = blob_room(b, f, at, old + n + (old > 0));

	if (old > 0)
		to[old++] = ',';
	memcpy(to + old, p, n);
	blob_var(b, at)->n = (uint32_t)(old + n);
}

static void
add_placed(struct blob *b, const struct blob_form *f, const struct accum *a,
	const struct accum_input *in, uint64_t seq)
{
	struct placed *p = (struct placed *)(b->p + a->at);
	const struct value null = value_null();

	if (p->k.set && (a->fn == ACCUM_FIRST ? seq >= p->seq : seq < p->seq))
		return;
	p->seq = seq;
	kept_put(b, f, a->at, in->raw != NULL ? in->raw : &null,
		in->raw != NULL ? &in->num : &null);
}

/* Decimals may have more digits than a double. */
static int
compare_decimals(const struct blob *b, uint32_t at, const struct value *v,
	int scale)
{
	struct value old = kept_value(b, at);
	__int128 x, y;

	if (!numeric_read(old.s, old.n, NUMERIC_DIGITS, scale, &x) ||
		!numeric_read(v->s, v->n, NUMERIC_DIGITS, scale, &y))
		return value_compare(&old, v);
	return (x > y) - (x < y);
}

static void
add_extreme(struct blob *b, const struct blob_form *f, const struct accum *a,
	const struct accum_input *in, const struct value *v,
	const struct value *num)
{
	const uint32_t at = a->at;
	const struct kept *k = (const struct kept *)(b->p + at);
	bool decimal = in->decimal && v->type == VALUE_NUMBER;
	int c;

	if (decimal || (num->type == VALUE_DOUBLE && value_is_big(v)))
		num = v; /* is kept as text, and compared in every digit */
	if (k->set) {
		c = decimal && k->as == VALUE_NUMBER
			? compare_decimals(b, at, v, in->scale)
			: kept_compare(b, at, v, num);
		if (a->fn == ACCUM_MIN ? c <= 0 : c >= 0)
			return;
	}
	kept_put(b, f, at, v, num);
}

static void
add_one(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	const struct accum_input *in = &s->in[a->input];
	char *p = b->p + a->at;

	switch (a->fn) {
	case ACCUM_FIRST:
	case ACCUM_LAST:
		add_placed(b, &s->form, a, in, seq);
		return;
	default:
		if (in->raw == NULL)
			return;
	}
	switch (a->fn) {
	case ACCUM_COUNT_FIELD:
		++*(int64_t *)p;
		break;
	case ACCUM_SUM:
		add_sum((struct sum *)p, in);
		break;
	case ACCUM_AVG:
		add_mean((struct mean *)p, in);
		break;
	case ACCUM_MIN:
	case ACCUM_MAX:
		add_extreme(b, &s->form, a, in, in->raw, &in->num);
		break;
	case ACCUM_STDDEV:
	case ACCUM_STDDEV_POP:
	case ACCUM_VARIANCE:
	case ACCUM_VAR_POP:
		moments_add((struct moments *)p, as_double(&in->num));
		break;
	case ACCUM_STATS:
		add_stats_value((struct stats *)p, as_double(&in->num));
		break;
	case ACCUM_QUANTILE:
		sketch_quantile_add(quantile_room(b, &s->form, a->at),
			as_double(&in->num));
		break;
	case ACCUM_LIST:
		buf_clear(&s->text);
		value_print(in->raw, &s->text);
		if (s->sequenced)
			list_add(b, &s->form, a->at, seq, s->text.p,
				s->text.n);
		else
			append_text(b, &s->form, a->at, s->text.p, s->text.n);
		break;
	default:
		add_to_set(s, a, b, in->raw);
	}
}

void
accums_add(struct accums *s, struct blob *b, uint64_t seq)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->a[i].fn == ACCUM_COUNT)
			++*(int64_t *)(b->p + s->a[i].at);
		else
			add_one(s, &s->a[i], b, seq);
	}
}

/* Merging. */

static void
merge_placed(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	struct placed *t = (struct placed *)(to->p + a->at);
	const struct placed *p = (const struct placed *)(from->p + a->at);
	struct value v, num;

	if (!p->k.set ||
		(t->k.set && (a->fn == ACCUM_FIRST ? p->seq >= t->seq
						  : p->seq < t->seq)))
		return;
	t->seq = p->seq;
	v = kept_value(from, a->at);
	num = p->k.as == 0 ? v : value_number(&v, false);
	kept_put(to, &s->form, a->at, &v, &num);
}

static void
merge_extreme(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	const struct kept *k = (const struct kept *)(from->p + a->at);
	struct value v = kept_value(from, a->at), num = v;

	if (!k->set)
		return;
	if (k->type == VALUE_INT || k->type == VALUE_DOUBLE) {
		num.i = k->i;
		num.type = k->type;
	}
	add_extreme(to, &s->form, a, &s->in[a->input], &v, &num);
}

static void
merge_quantile(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	const struct sketch_quantile *q = blob_at(from, blob_var(from, a->at));
	uint32_t i;

	if (blob_var(from, a->at)->n == 0)
		return;
	for (i = 0; i < q->used; i++)
		sketch_quantile_merge(
			quantile_room(to, &s->form, a->at), q, i);
}

static void
merge_set(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	struct set_item item;
	uint32_t at = 0;

	while (set_next(from, a->at, &at, &item))
		set_add(to, &s->form, a->at, item.key, item.nkey, item.more,
			item.nmore);
}

static void
merge_stats(struct stats *t, const struct stats *p)
{
	if (p->m.n == 0)
		return;
	if (t->m.n == 0 || isnan(p->max) || p->max > t->max)
		t->max = p->max;
	if (t->m.n == 0 || isnan(t->min) || p->min < t->min)
		t->min = p->min;
	moments_merge(&t->m, &p->m);
}

static void
merge_sum(struct sum *t, const struct sum *p)
{
	if (p->kind == SUM_WIDE)
		sum_wide(t, wide_get(&p->i));
	else if (p->kind == SUM_DOUBLE)
		sum_twice(t, p->d);
}

static void
merge_mean(struct mean *t, const struct mean *p, bool decimal)
{
	t->n += p->n;
	if (decimal)
		wide_add(&t->dec, wide_get(&p->dec));
	else
		twice_add2(&t->sum, p->sum);
}

static void
merge_one(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	char *t = to->p + a->at;
	const char *p = from->p + a->at;
	const struct var *v = (const struct var *)p;

	switch (a->fn) {
	case ACCUM_COUNT:
	case ACCUM_COUNT_FIELD:
		*(int64_t *)t += *(const int64_t *)p;
		break;
	case ACCUM_SUM:
		merge_sum((struct sum *)t, (const struct sum *)p);
		break;
	case ACCUM_AVG:
		merge_mean((struct mean *)t, (const struct mean *)p,
			s->in[a->input].decimal);
		break;
	case ACCUM_MIN:
	case ACCUM_MAX:
		merge_extreme(s, a, to, from);
		break;
	case ACCUM_FIRST:
	case ACCUM_LAST:
		merge_placed(s, a, to, from);
		break;
	case ACCUM_STDDEV:
	case ACCUM_STDDEV_POP:
	case ACCUM_VARIANCE:
	case ACCUM_VAR_POP:
		moments_merge((struct moments *)t, (const struct moments *)p);
		break;
	case ACCUM_STATS:
		merge_stats((struct stats *)t, (const struct stats *)p);
		break;
	case ACCUM_QUANTILE:
		merge_quantile(s, a, to, from);
		break;
	case ACCUM_LIST:
		if (s->sequenced)
			list_merge(to, &s->form, a->at, from);
		else if (v->n > 0)
			append_text(to, &s->form, a->at, blob_at(from, v),
				v->n);
		break;
	case ACCUM_APPROX:
		if (v->n > 0)
			sketch_distinct_merge(
				distinct_room(to, &s->form, a->at, true),
				blob_at(from, v));
		break;
	default:
		merge_set(s, a, to, from);
	}
}

void
accums_merge(const struct accums *s, struct blob *to, const struct blob *from)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		merge_one(s, &s->a[i], to, from);
}

/* Results. */

static struct value
decimal_value(__int128 d, int scale, struct buf *tmp)
{
	char text[NUMERIC_MAX];
	size_t n = numeric_print(d, scale, text), at = tmp->n;

	buf_add(tmp, text, n);
	return (struct value){.s = tmp->p + at, .n = (uint32_t)n,
		.type = VALUE_NUMBER};
}

static int
mean_overflown(const struct accum_input *in, int scale, struct err *err)
{
	return err_set(err,
		"the average of '%s' is a decimal(%d,%d), which has too few "
		"digits in front of its point: make it a double first",
		in->field.path, NUMERIC_DIGITS, scale);
}

static int
overflown(const struct accum_input *in, const char *what, struct err *err)
{
	return err_set(err,
		"the sum of '%s' does not fit in %s: make it a double first",
		in->field.path, what);
}

static int
result_sum(const struct sum *t, const struct accum_input *in, struct value *v,
	struct buf *tmp, struct err *err)
{
	__int128 x = wide_get(&t->i);
	int digits = in->precision + 10;

	if (t->kind == SUM_NONE)
		return 0;
	if (t->kind == SUM_DOUBLE) {
		*v = value_double(t->d.hi);
		return 0;
	}
	if (in->decimal) {
		if (numeric_digits(x) > (digits < NUMERIC_DIGITS ? digits :
						  NUMERIC_DIGITS))
			return overflown(in, "38 digits", err);
		*v = decimal_value(x, in->scale, tmp);
		return 0;
	}
	if (x != (int64_t)x)
		return overflown(in, "64 bits", err);
	*v = value_int((int64_t)x);
	return 0;
}

static int
result_mean(const struct mean *m, const struct accum_input *in,
	struct value *v, struct buf *tmp, struct err *err)
{
	int scale = in->scale + 4;
	__int128 x;

	if (m->n == 0)
		return 0;
	if (!in->decimal) {
		*v = value_double(twice_div(m->sum, (double)m->n).hi);
		return 0;
	}
	if (scale > NUMERIC_DIGITS)
		scale = NUMERIC_DIGITS;
	if (!numeric_average(wide_get(&m->dec), m->n, scale - in->scale, &x))
		return mean_overflown(in, scale, err);
	*v = decimal_value(x, scale, tmp);
	return 0;
}

static void
result_moments(const struct moments *m, enum accum_fn fn, struct value *v)
{
	bool sample = fn == ACCUM_STDDEV || fn == ACCUM_VARIANCE;
	double var;

	if (m->n == 0 || (sample && m->n == 1))
		return;
	var = moments_variance(m, m->n - sample);
	*v = value_double(fn == ACCUM_STDDEV || fn == ACCUM_STDDEV_POP
			? sqrt(var)
			: var);
}

static void
result_stats(const struct stats *t, int part, struct value *v)
{
	if (part == 0)
		*v = value_int(t->m.n);
	if (part == 0 || t->m.n == 0)
		return;
	if (part == 1)
		*v = value_double(moments_mean(&t->m));
	else if (part == 2)
		result_moments(&t->m, ACCUM_STDDEV_POP, v);
	else
		*v = value_double(part == 3 ? t->max : t->min);
}

static int
by_value(const void *a, const void *b)
{
	const struct set_item *x = a, *y = b;
	struct value v, w;

	value_decode(&v, x->key, x->nkey);
	value_decode(&w, y->key, y->nkey);
	return value_compare(&v, &w);
}

/* The elements in order. */
static void
result_set(const struct blob *b, uint32_t at, struct value *v, struct buf *tmp)
{
	uint32_t n = set_count(b, at), i = 0, place = 0;
	struct set_item *items = mem_alloc((n + 1) * sizeof *items);
	size_t start = tmp->n;

	while (set_next(b, at, &place, &items[i]))
		i++;
	qsort(items, n, sizeof *items, by_value);
	buf_byte(tmp, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_byte(tmp, ',');
		buf_add(tmp, items[i].more, items[i].nmore);
	}
	buf_byte(tmp, ']');
	free(items);
	*v = (struct value){.s = tmp->p + start,
		.n = (uint32_t)(tmp->n - start), .type = VALUE_ARRAY};
}

static void
result_list(const struct blob *b, uint32_t at, bool sequenced,
	struct value *v, struct buf *tmp)
{
	const struct var *var = blob_var(b, at);
	size_t start = tmp->n;

	buf_byte(tmp, '[');
	if (sequenced)
		list_print(b, at, tmp);
	else
		buf_add(tmp, blob_at(b, var), var->n);
	buf_byte(tmp, ']');
	*v = (struct value){.s = tmp->p + start,
		.n = (uint32_t)(tmp->n - start), .type = VALUE_ARRAY};
}

int
accums_result(const struct accums *s, size_t i, struct blob *b,
	struct value *v, struct buf *tmp, struct err *err)
{
	const struct accum *a = &s->a[s->out[i].accum];
	const struct accum_input *in = a->input < 0 ? NULL : &s->in[a->input];
	char *p = b->p + a->at;
	const struct var *var = (const struct var *)p;

	*v = value_null();
	switch (a->fn) {
	case ACCUM_COUNT:
	case ACCUM_COUNT_FIELD:
		*v = value_int(*(int64_t *)p);
		break;
	case ACCUM_SUM:
		return result_sum((struct sum *)p, in, v, tmp, err);
	case ACCUM_AVG:
		return result_mean((struct mean *)p, in, v, tmp, err);
	case ACCUM_MIN:
	case ACCUM_MAX:
	case ACCUM_FIRST:
	case ACCUM_LAST:
		if (((struct kept *)p)->set)
			*v = kept_value(b, a->at);
		break;
	case ACCUM_STDDEV:
	case ACCUM_STDDEV_POP:
	case ACCUM_VARIANCE:
	case ACCUM_VAR_POP:
		result_moments((struct moments *)p, a->fn, v);
		break;
	case ACCUM_STATS:
		result_stats((struct stats *)p, s->out[i].part, v);
		break;
	case ACCUM_QUANTILE:
		if (var->n > 0)
			*v = value_double(
				sketch_quantile_at(blob_at(b, var), a->p));
		break;
	case ACCUM_COUNT_DISTINCT:
		*v = value_int(set_count(b, a->at));
		break;
	case ACCUM_APPROX:
		*v = value_int(var->n == 0 ? 0
					   : sketch_distinct_count(
						     blob_at(b, var)));
		break;
	case ACCUM_LIST:
		result_list(b, a->at, s->sequenced, v, tmp);
		break;
	case ACCUM_SET:
		result_set(b, a->at, v, tmp);
		break;
	}
	return 0;
}
