/*
 * accums_build: see accums_build.h.
 *
 * Nothing here knows one function from another: what each can be given stands
 * in its kind.
 */
#include "agg/accum/accums_build.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "value/path.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_spec.h"

/* What is asked for. */
struct wanted {
	const struct accum_kind *kind, *of;
	double p;
	const char *func; /* as a result shows it */
	const char *name; /* of the result; NULL: the usual one */
	char **fields;
	size_t n;
	const char *what, *behind; /* shown behind them; or NULL */
	double *shares;            /* is the accumulator's then */
	size_t nshares;
	const char *between;
	int order;
};

/* Grow an array by one and return the new member, zeroed. */
#define APPEND(array, n)                                              \
	((array) = mem_realloc((array), ((n) + 1) * sizeof *(array)), \
		memset(&(array)[n], 0, sizeof *(array)), &(array)[(n)++])

int
accums_build_input(struct accums *s, const char *path)
{
	size_t i;

	for (i = 0; i < s->ninputs; i++)
		if (strcmp(s->in[i].field.path, path) == 0)
			return (int)i;
	field_init(&APPEND(s->in, s->ninputs)->field, path);
	return (int)i;
}

/* ---- results ---- */

static void
add_result(struct accums *s, const char *name, int part)
{
	struct accum_result *r = APPEND(s->out, s->nresults);

	r->name = mem_dup(name, strlen(name));
	r->accum = s->n - 1;
	r->part = part;
}

/* The name that Spark gives it. */
static void
print_usual(const struct wanted *w, struct buf *out)
{
	bool different = w->kind->different || w->of != NULL;

	buf_str(out, w->kind->shown != NULL ? w->kind->shown : w->func);
	if (w->n == 0)
		return;
	buf_str(out, different ? "(DISTINCT " : "(");
	for (size_t i = 0; i < w->n; i++) {
		char *plain = path_name(w->fields[i]);

		buf_printf(out, "%s%s", i > 0 ? ", " : "", plain);
		free(plain);
	}
	if (w->what != NULL)
		buf_printf(out, ", %s", w->what);
	if (w->behind != NULL)
		buf_printf(out, ", %s", w->behind);
	buf_byte(out, ')');
}

/* Its results, with the name that was given, or the usual one. */
static void
add_results(struct accums *s, const struct wanted *w)
{
	struct buf text;

	buf_init(&text);
	if (w->kind->parts == NULL) {
		if (w->name == NULL)
			print_usual(w, &text);
		add_result(s, w->name != NULL ? w->name : buf_cstr(&text), 0);
	}
	for (int i = 0; w->kind->parts != NULL && w->kind->parts[i] != NULL;
		i++) {
		buf_clear(&text);
		buf_printf(&text, "%s%s%s", w->name != NULL ? w->name : "",
			w->name != NULL ? "_" : "", w->kind->parts[i]);
		add_result(s, buf_cstr(&text), i);
	}
	buf_release(&text);
}

/* ---- accumulators ---- */

/* The kind that looks at the values: of one of different values, that. */
static int
add_input(struct accums *s, const struct accum_kind *k, const char *path)
{
	struct accum_input *in;
	int i = accums_build_input(s, path);

	s->count_only = false;
	in = &s->in[i];
	in->number |= k->number;
	in->integral |= k->integral;
	in->truth |= k->truth;
	in->words |= k->words;
	in->compared |= k->number || k->compared;
	return i;
}

static void
add_inputs(struct accums *s, const struct wanted *w)
{
	const struct accum_kind *k = w->of != NULL ? w->of : w->kind;
	struct accum *a = &s->a[s->n - 1];

	if (w->n == 0)
		return;
	a->input = add_input(s, k, w->fields[0]);
	a->nmore = w->n - 1;
	a->more = mem_alloc(w->n * sizeof(*a->more));
	for (size_t i = 1; i < w->n; i++)
		a->more[i - 1] = add_input(s, k, w->fields[i]);
}

static void
add_accum(struct accums *s, const struct wanted *w)
{
	struct accum *a = APPEND(s->a, s->n);
	const struct accum_kind *k = w->kind;

	assert(k->size % 8 == 0);
	a->kind = k;
	a->of = w->of;
	a->p = w->p;
	a->at = s->form.fixed;
	a->input = -1;
	a->shares = w->shares;
	a->nshares = w->nshares;
	a->order = w->order;
	if (w->between != NULL)
		a->between = mem_dup(w->between, strlen(w->between));
	s->form.fixed += k->size;
	if (k->varies)
		*APPEND(s->form.vars, s->form.nvars) = a->at + k->var;
	if (k->more != 0)
		*APPEND(s->form.vars, s->form.nvars) = a->at + k->more;
	if (k->listed)
		s->mergeable = false;
	add_inputs(s, w);
	add_results(s, w);
}

void
accums_build_star(
	struct accums *s, const struct accum_star *star, const char *path)
{
	char *field = mem_dup(path, strlen(path));

	add_accum(s,
		&(struct wanted){.kind = star->kind,
			.of = star->of,
			.p = star->p,
			.func = star->func,
			.fields = &field,
			.n = 1,
			.behind = star->kind->behind});
	free(field);
}

/* ---- what is asked for ---- */

static int
add_star(struct accums *s, const struct wanted *w, struct err *err)
{
	struct accum_star *star;

	if (w->name != NULL)
		return err_as(err, STATUS_USAGE,
			"%s:* has many results: it cannot be named '%s'",
			w->func, w->name);
	star = APPEND(s->stars, s->nstars);
	star->kind = w->kind;
	star->of = w->of;
	star->p = w->p;
	star->func = mem_dup(w->func, strlen(w->func));
	s->count_only = false;
	return 0;
}

/* Shares, a text or a truth stand behind the field. */
static bool
takes_more(const struct accum_kind *k)
{
	return k->share || k->between || k->flag || k->ignoring != NULL;
}

/* How many fields there are, and whether the kind takes them. */
static int
take_fields(struct wanted *w, struct accum_spec *spec, struct err *err)
{
	const char *func = spec->func;
	int most;

	w->fields = spec->args;
	w->n = spec->nargs;
	if (w->n > 1 && w->kind->several != NULL)
		w->kind = w->kind->several;
	if (takes_more(w->kind))
		w->n = 1;
	most = w->kind->fields == 0 ? 1 : w->kind->fields;
	if (w->n == 0 || *spec->args[0] == '\0')
		return err_as(err, STATUS_USAGE,
			most == 2 ? "'%s' needs two fields: %s:FIELD,FIELD"
				  : "'%s' needs a field: %s:FIELD",
			func, func);
	if (most == 2 && w->n != 2)
		return err_as(err, STATUS_USAGE,
			"'%s' takes two fields: %s:FIELD,FIELD", func, func);
	if (most == 1 && w->n > 1)
		return err_as(err, STATUS_USAGE,
			"'%s' takes one field: %s:FIELD, %s:FIELD ... (a name "
			"that holds a comma stands in double quotes)",
			func, func, func);
	if (w->kind->truth && strpbrk(spec->args[0], "<>=! ") != NULL &&
		*spec->args[0] != '"')
		return err_as(err, STATUS_USAGE,
			"'%s' takes a field, and '%s' is an expression: derive "
			"--sql 'c = %s' makes a field c of it",
			func, spec->args[0], spec->args[0]);
	for (size_t i = 1; i < w->n; i++)
		if (*w->fields[i] == '\0')
			return err_as(err, STATUS_USAGE,
				"'%s': a field is missing behind a comma",
				func);
	return 0;
}

static int
take_flags(struct wanted *w, const struct accum_spec *spec, struct err *err)
{
	bool flag;

	if (!w->kind->flag && w->kind->ignoring == NULL) {
		if (!spec->ignoring)
			return 0;
		return err_as(err, STATUS_USAGE,
			"'%s' looks at no nulls as it is: without ignore nulls",
			spec->func);
	}
	if (accum_spec_flag(spec, &flag, err) == -1)
		return -1;
	if (w->kind->ignoring != NULL && (flag || spec->ignoring))
		w->kind = w->kind->ignoring;
	return 0;
}

/* DISTINCT, or a name that says so. */
static int
take_different(struct wanted *w, const struct accum_spec *spec, struct err *err)
{
	if (!spec->different)
		return 0;
	if (!w->kind->distinct)
		return err_as(err, STATUS_USAGE,
			"'%s' takes no DISTINCT: sum, avg, count, listagg, "
			"stddev and variance and their like do",
			spec->func);
	w->of = w->kind;
	w->kind = &accum_different_of;
	return 0;
}

static int
take_order(struct wanted *w, const struct accum_spec *spec, struct err *err)
{
	w->order = spec->order;
	if (spec->order == 0 || w->kind->ordered)
		return 0;
	if (w->kind->share && spec->order > 0) {
		w->order = 0;
		return 0;
	}
	return err_as(err, STATUS_USAGE,
		w->kind->share ? "'%s' counts from the least value: give 1 - "
				 "share instead of desc"
			       : "'%s' takes no WITHIN GROUP",
		spec->func);
}

static int
take_shares(
	struct wanted *w, struct accum_spec *spec, char **text, struct err *err)
{
	const char *behind;
	bool list;

	if (strcmp(w->fields[0], "*") == 0)
		return err_as(err, STATUS_USAGE,
			"'%s' takes one field, not *: p95:* takes all",
			spec->func);
	if (accum_spec_shares(spec, &w->shares, &w->nshares, &list, text,
		    &behind, err) == -1)
		return -1;
	w->fields = spec->args; /* they may have moved */
	w->what = *text;
	if (behind != NULL)
		w->behind = behind;
	w->p = w->shares[0];
	if (list)
		w->kind = w->kind->array;
	return 0;
}

/* All that is said of it, up to its shares. */
static int
take_all(
	struct wanted *w, struct accum_spec *spec, char **text, struct err *err)
{
	if (take_order(w, spec, err) == -1 || take_flags(w, spec, err) == -1)
		return -1;
	w->behind = w->kind->behind;
	if (w->kind->share && take_shares(w, spec, text, err) == -1)
		return -1;
	if (w->kind->between) {
		w->between = spec->nargs > 1 ? spec->args[1] : "";
		w->what = *w->between != '\0' ? w->between : "NULL";
	}
	return take_different(w, spec, err);
}

/* Of no field, where that is a kind. */
static bool
is_bare(const struct accum_kind *k, const struct accum_spec *spec)
{
	return k->bare != NULL &&
		(spec->nargs == 0 ||
			(spec->nargs == 1 && strcmp(spec->args[0], "*") == 0));
}

int
accums_build_func(struct accums *s, struct accum_spec *spec, struct err *err)
{
	struct wanted w = {.func = spec->shown, .name = spec->name};
	char *text = NULL;
	int ret = 0;

	if (strcmp(spec->func, "count") == 0 && spec->different) {
		spec->func = "count_distinct";
		spec->different = false;
	}
	w.kind = accum_find(spec->func, &w.p, err);
	if (w.kind != NULL && w.kind->different_of != NULL) {
		w.func = spec->func = w.kind->different_of;
		spec->different = true;
		w.kind = accum_find(spec->func, &w.p, err);
	}
	if (w.kind == NULL)
		return -1;
	if (is_bare(w.kind, spec)) {
		w.kind = w.kind->bare;
		add_accum(s, &w);
		return 0;
	}
	if (take_fields(&w, spec, err) == -1)
		return -1;
	ret = take_all(&w, spec, &text, err);
	if (ret == 0 && w.n == 1 && strcmp(w.fields[0], "*") == 0)
		ret = add_star(s, &w, err);
	else if (ret == 0)
		add_accum(s, &w);
	if (ret == -1)
		free(w.shares);
	free(text);
	return ret;
}
