/*
 * spark_accum: the functions of agg, as arguments of Spark's agg().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agg/accum/accum_spec.h"
#include "command/spark/spark_impl.h"
#include "command/spark/spark_merge.h"
#include "floor/mem.h"
#include "value/path.h"

/* What they are called there, and what they take beside their fields.  Those
 * that are not here go by FUNC(FIELDS). */
static const struct {
	const char *name, *function;
} functions[] = {{"mode", "F.mode(%s, True)"},
	{"collect_set", "F.sort_array(F.collect_set(%s))"}};

static const char *const same[] = {"sum", "avg", "min", "max", "count",
	"count_if", "bool_and", "bool_or", "max_by", "min_by", "stddev",
	"stddev_pop", "variance", "var_pop", "skewness", "kurtosis", "corr",
	"covar_pop", "covar_samp", "regr_count", "regr_avgx", "regr_avgy",
	"regr_sxx", "regr_syy", "regr_sxy", "regr_slope", "regr_intercept",
	"regr_r2", "first", "last", "median", "approx_count_distinct",
	"collect_list", "bit_and", "bit_or", "bit_xor", "try_sum", "try_avg"};

/* The parts of stats, in bief's order. */
static const char *const stats[] = {"F.count(%s)", "F.avg(%s)",
	"F.stddev_pop(%s)", "F.max(%s)", "F.min(%s)"};

static const struct {
	const char *names, *note;
} notes[] = {
	{" approx_count_distinct ",
		"approx_count_distinct is exact up to 256 in bief and "
		"then off by 1.6 %; in Spark by 5 %"},
	{" median percentile percentile_approx ",
		"median and percentiles are those of a sketch in bief, "
		"off by 1 %; Spark's are exact here"},
	{" first last max_by min_by listagg ",
		"first and last follow the order of input in bief; "
		"Spark promises no order where rows are exchanged"},
	{" sum ",
		"a sum of integers that does not fit in 64 bits is an "
		"error in bief; Spark lets it wrap"},
};

struct result {
	struct spark *s;
	const struct spark_step *p;
	struct python_statement *t;
	const struct schema *out;
	size_t next;               /* name in it */
	struct spark_merge *merge; /* with what bief has counted; or NULL */
};

static void
put_result(struct result *r, const char *pattern, const char *field)
{
	const char *at = strstr(pattern, "%s");
	struct buf *b = python_arg(r->t);

	buf_add(b, pattern,
		at != NULL ? (size_t)(at - pattern) : strlen(pattern));
	if (at != NULL) {
		buf_str(b, field);
		buf_str(b, at + 2);
	}
	buf_str(b, ".alias(");
	python_string(b, r->out->f[r->next++].name);
	buf_byte(b, ')');
}

/* median and its like, p95 too. */
static bool
is_quantile(const char *func)
{
	return *func == 'p' && func[1] >= '0' && func[1] <= '9';
}

static void
note_function(struct spark *s, const char *func)
{
	char word[64];

	snprintf(word, sizeof(word), " %s ",
		is_quantile(func) ? "median" : func);
	for (size_t i = 0; i < sizeof(notes) / sizeof(*notes); i++)
		if (strstr(notes[i].names, word) != NULL)
			spark_note(s, notes[i].note);
}

/* One function of fields, whose code is there; none of what may stand behind
 * them. */
static int
put_plain(struct result *r, const char *func, const char *fields)
{
	char text[64];

	note_function(r->s, func);
	if (strcmp(func, "stats") == 0) {
		for (size_t i = 0; i < sizeof(stats) / sizeof(*stats); i++)
			put_result(r, stats[i], fields);
		return 0;
	}
	if (is_quantile(func)) {
		snprintf(text, sizeof(text), "F.percentile(%%s, %.15g)",
			strtod(func + 1, NULL) / 100);
		put_result(r, text, fields);
		return 0;
	}
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (strcmp(functions[i].name, func) == 0) {
			put_result(r, functions[i].function, fields);
			return 0;
		}
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		if (strcmp(same[i], func) == 0) {
			snprintf(text, sizeof(text), "F.%s(%%s)", func);
			put_result(r, text, fields);
			return 0;
		}
	return spark_refuse(r->s, r->p, "%s: Spark has no such function", func);
}

/* ---- with what bief has counted ---- */

/* The same of new records and of what has been counted. */
static int
put_merged(struct result *r, const char *func, const char *field,
	const struct type *type)
{
	struct spark_merge_function f = {.name = func,
		.field = field,
		.type = type,
		.of = r->out->f[r->next].name};
	int parts = strcmp(func, "stats") == 0
		? (int)(sizeof(stats) / sizeof(*stats))
		: 1;
	int rc = 0;

	note_function(r->s, func);
	for (f.part = 0; f.part < parts && rc == 0; f.part++) {
		struct buf code;

		f.to = &r->out->f[r->next];
		buf_init(&code);
		rc = spark_merge_add(r->merge, &f, &code);
		if (rc == 0)
			put_result(r, "%s", buf_cstr(&code));
		buf_release(&code);
	}
	return rc;
}

/* The same of a function of one field, as it is; others are none that can be
 * gone on with. */
static int
put_merged_spec(
	struct result *r, const struct accum_spec *spec, const char *field)
{
	if (spec->nargs > 1 || spec->different || spec->ignoring)
		return spark_refuse(r->s, r->p,
			"--from-checkpoint: %s: what it has seen is kept in a "
			"form that Spark does not take: let Spark read from "
			"the beginning",
			spec->func);
	return put_merged(r, spec->func, field,
		spec->nargs == 0 || strcmp(spec->args[0], "*") == 0
			? NULL
			: spark_type(&r->p->in[0].plan, spec->args[0]));
}

/* ---- of values that differ ---- */

/* F.when(a.isNotNull() & b.isNotNull(), F.struct(a, b)), or a alone. */
static void
put_key(struct result *r, const struct accum_spec *spec, struct buf *b)
{
	struct buf one;

	buf_init(&one);
	for (size_t i = 0; i < spec->nargs && spec->nargs > 1; i++) {
		buf_clear(&one);
		spark_path(&r->p->in[0].plan, spec->args[i], &one, NULL);
		buf_printf(b, "%s%s.isNotNull()", i == 0 ? "F.when(" : " & ",
			buf_cstr(&one));
	}
	buf_str(b, spec->nargs > 1 ? ", F.struct(" : "");
	for (size_t i = 0; i < spec->nargs; i++) {
		buf_str(b, i > 0 ? ", " : "");
		spark_path(&r->p->in[0].plan, spec->args[i], b, NULL);
	}
	buf_str(b, spec->nargs > 1 ? "))" : "");
}

static void
put_count_distinct(
	struct result *r, const struct accum_spec *spec, const char *fields)
{
	struct buf b;

	buf_init(&b);
	if (!r->s->stream) {
		put_result(r, "F.count_distinct(%s)", fields);
	} else {
		put_key(r, spec, &b);
		put_result(r, "F.size(F.collect_set(%s))", buf_cstr(&b));
	}
	buf_release(&b);
}

/* As SQL, for whose DISTINCT and WITHIN GROUP there are no methods. */
static int
put_sql(struct result *r, const struct accum_spec *spec, const char *func,
	bool different)
{
	struct path steps;
	struct buf sql, code;

	path_init(&steps, spec->args[0]);
	if (steps.n != 1 || steps.step[0].s == NULL) {
		path_release(&steps);
		return spark_refuse(r->s, r->p,
			"%s of what differs, or of a given order, is exported "
			"of a field, not of the path '%s': derive gives it a "
			"name",
			func, spec->args[0]);
	}
	buf_init(&sql);
	buf_init(&code);
	buf_printf(&sql, "%s(%s", func, different ? "DISTINCT " : "");
	python_name(&sql, steps.step[0].s);
	if (spec->nargs > 1) {
		buf_str(&sql, ", '");
		for (const char *c = spec->args[1]; *c != '\0'; c++)
			buf_printf(&sql, "%s%c",
				*c == '\'' || *c == '\\' ? "\\" : "", *c);
		buf_byte(&sql, '\'');
	}
	buf_byte(&sql, ')');
	if (strcmp(func, "listagg") == 0 && (spec->order != 0 || different)) {
		buf_str(&sql, " WITHIN GROUP (ORDER BY ");
		python_name(&sql, steps.step[0].s);
		buf_str(&sql, spec->order < 0 ? " DESC)" : ")");
	}
	python_string(&code, buf_cstr(&sql));
	put_result(r, "F.expr(%s)", buf_cstr(&code));
	path_release(&steps);
	buf_release(&sql);
	buf_release(&code);
	return 0;
}

static int
put_different(struct result *r, const struct accum_spec *spec, const char *func,
	const char *fields)
{
	if (r->s->stream)
		return spark_refuse(r->s, r->p,
			"%s: Spark has nothing of different values alone on a "
			"stream, but collect_set",
			func);
	if (strcmp(func, "sum") != 0)
		return put_sql(r, spec, func, true);
	put_result(r, "F.sum_distinct(%s)", fields);
	return 0;
}

/* ---- what stands behind the field ---- */

static int
put_shares(struct result *r, struct accum_spec *spec, const char *field)
{
	char *text = NULL;
	const char *behind;
	double *shares = NULL;
	size_t n;
	bool list;
	struct buf b;

	note_function(r->s, spec->func);
	if (accum_spec_shares(
		    spec, &shares, &n, &list, &text, &behind, r->s->err) < 0) {
		free(shares);
		free(text);
		return -1;
	}
	buf_init(&b);
	buf_printf(&b, "%s, %s", field, list ? "[" : "");
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%.15g", i > 0 ? ", " : "", shares[i]);
	buf_str(&b, list ? "]" : "");
	if (behind != NULL)
		buf_printf(&b, ", %s", behind);
	put_result(r,
		strcmp(spec->func, "percentile") == 0
			? "F.percentile(%s)"
			: "F.percentile_approx(%s)",
		buf_cstr(&b));
	buf_release(&b);
	free(shares);
	free(text);
	return 0;
}

static int
put_listagg(struct result *r, const struct accum_spec *spec, const char *field)
{
	struct buf b;

	if (spec->order != 0)
		return put_sql(r, spec, "listagg", false);
	note_function(r->s, "listagg");
	buf_init(&b);
	buf_str(&b, field);
	if (spec->nargs > 1) {
		buf_str(&b, ", ");
		python_string(&b, spec->args[1]);
	}
	put_result(r, "F.listagg(%s)", buf_cstr(&b));
	buf_release(&b);
	return 0;
}

/* first, last, with or without nulls. */
static int
put_place(struct result *r, const struct accum_spec *spec, const char *field)
{
	bool flag;

	note_function(r->s, spec->func);
	if (accum_spec_flag(spec, &flag, r->s->err) < 0)
		return -1;
	put_result(r,
		strcmp(spec->func, "first") == 0 ? flag || spec->ignoring
				? "F.first(%s, True)"
				: "F.first(%s)"
			: flag || spec->ignoring ? "F.last(%s, True)"
						 : "F.last(%s)",
		field);
	return 0;
}

/* ---- FUNC:* ---- */

/* FUNC of "FUNC:*", allocated; NULL: it is none such. */
static char *
star_function(const char *spec)
{
	size_t n = strlen(spec);
	bool star = n > 2 && strcmp(spec + n - 2, ":*") == 0 &&
		strncmp(spec, "count:", 6) != 0;

	return star ? mem_dup(spec, n - 2) : NULL;
}

/* One of them, of a field; where the plan has it, which names it FUNC(FIELD). */
static int
put_star(struct result *r, const char *func, const char *field)
{
	struct buf name, code;
	int rc = 0;

	buf_init(&name);
	buf_init(&code);
	buf_printf(&name, "%s(%s)", func, field);
	python_column(&code, field);
	if (r->next < r->out->n &&
		strcmp(r->out->f[r->next].name, buf_cstr(&name)) == 0)
		rc = r->merge != NULL
			? put_merged(r, func, buf_cstr(&code),
				  spark_type(&r->p->in[0].plan, field))
			: put_plain(r, func, buf_cstr(&code));
	buf_release(&name);
	buf_release(&code);
	return rc;
}

/* FUNC:* stand behind the others, field by field. */
static int
put_stars(struct result *r)
{
	const struct schema *in = r->p->in[0].plan.fields;
	int rc = 0;

	for (size_t i = 0; i < in->n; i++)
		for (size_t k = 0; k < r->p->st->noperands && rc == 0; k++) {
			char *func = star_function(r->p->st->operands[k]);

			if (func != NULL)
				rc = put_star(r, func, in->f[i].name);
			free(func);
		}
	return rc;
}

/* ---- one that is asked for ---- */

/* The code of its fields: those that are no shares, texts or flags. */
static void
put_fields(struct result *r, const struct accum_spec *spec, struct buf *code)
{
	size_t n = spec->nargs;

	if (strncmp(spec->func, "percentile", 10) == 0 ||
		strcmp(spec->func, "first") == 0 ||
		strcmp(spec->func, "last") == 0 ||
		strcmp(spec->func, "mode") == 0 ||
		strcmp(spec->func, "listagg") == 0)
		n = 1;
	if (n == 0 || (n == 1 && strcmp(spec->args[0], "*") == 0))
		buf_str(code, "\"*\"");
	else
		for (size_t i = 0; i < n; i++) {
			buf_str(code, i > 0 ? ", " : "");
			spark_path(
				&r->p->in[0].plan, spec->args[i], code, NULL);
		}
}

static int
put_spec(struct result *r, struct accum_spec *spec, const char *fields)
{
	const char *func = spec->func;

	if (r->merge != NULL)
		return put_merged_spec(r, spec, fields);
	if (strcmp(func, "count_distinct") == 0 ||
		(strcmp(func, "count") == 0 && spec->different)) {
		put_count_distinct(r, spec, fields);
		return 0;
	}
	if (strcmp(func, "sum_distinct") == 0)
		return put_different(r, spec, "sum", fields);
	if (strcmp(func, "avg_distinct") == 0)
		return put_different(r, spec, "avg", fields);
	if (spec->different)
		return put_different(r, spec, func, fields);
	if (strncmp(func, "percentile", 10) == 0)
		return put_shares(r, spec, fields);
	if (strcmp(func, "listagg") == 0)
		return put_listagg(r, spec, fields);
	if (strcmp(func, "first") == 0 || strcmp(func, "last") == 0)
		return put_place(r, spec, fields);
	if (strcmp(func, "count") == 0 && spec->nargs > 1) {
		put_result(r, "F.call_function(\"count\", %s)", fields);
		return 0;
	}
	return put_plain(r, func, fields);
}

/* [NAME=]FUNC[:FIELD...] */
static int
put_aggregate(struct result *r, const char *text)
{
	struct accum_spec spec;
	struct buf code;
	int rc = accum_spec_read(&spec, text, r->s->err);

	buf_init(&code);
	if (rc == 0) {
		put_fields(r, &spec, &code);
		rc = put_spec(r, &spec, buf_cstr(&code));
	}
	accum_spec_release(&spec);
	buf_release(&code);
	return rc;
}

int
spark_accum_put(struct spark *s, const struct spark_step *p,
	struct python_statement *t, size_t next, struct spark_merge *merge)
{
	struct result r = {s, p, t, p->st->out.fields, next, merge};

	if (spark_given(p, "grouping-id"))
		put_result(&r, "F.grouping_id()", "");
	for (size_t i = 0; i < p->st->noperands; i++) {
		char *star = star_function(p->st->operands[i]);
		int rc = 0;

		if (star == NULL)
			rc = put_aggregate(&r, p->st->operands[i]);
		free(star);
		if (rc < 0)
			return -1;
	}
	if (put_stars(&r) < 0)
		return -1;
	if (r.next != r.out->n)
		return spark_refuse(s, p,
			"which fields its results are of is not known here: "
			"name them one by one");
	return 0;
}
