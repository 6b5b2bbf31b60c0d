/*
 * spark_merge: see spark_merge.h.  A sum of sums, the least of the least: each
 * function has a form that can be put together, a row of it for one record, and
 * what makes its result of many.  The kept group of a key is one row, so that
 * what depends on order can ask which it is.
 */
#include "command/spark/spark_merge.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/mem.h"
#include "runtime/entry.h"
#include "runtime/plan/plan.h"
#include "value/json.h"

/* ---- accumulators as columns ---- */

/* A double of twice the precision: Spark's sums have one. */
static double
number_of(const struct value *v)
{
	struct json_iter it;
	struct value key, part, number;
	double sum = 0;

	if (v->type != VALUE_ARRAY) {
		number = value_number(v, true);
		return number.type == VALUE_INT ? (double)number.i : number.d;
	}
	json_iter(&it, v);
	while (json_next(&it, &key, &part))
		sum += number_of(&part);
	return sum;
}

static void
put_double(struct buf *out, double d)
{
	struct value v = value_double(d);

	value_print(&v, out);
}

static double
member_of(const struct value *v, const char *name)
{
	struct value member;

	return json_get(v, name, strlen(name), &member) ? number_of(&member)
							: 0;
}

static void
put_value(const struct value *v, struct buf *out)
{
	value_print(v, out);
}

static void
put_sum(const struct value *v, struct buf *out)
{
	if (v->type == VALUE_ARRAY)
		put_double(out, number_of(v));
	else
		value_print(v, out);
}

static void
put_average(const struct value *v, struct buf *out)
{
	struct value sum;

	buf_str(out, "{\"sum\":");
	if (json_get(v, "sum", 3, &sum))
		put_sum(&sum, out);
	buf_printf(out, ",\"count\":%.0f}", member_of(v, "count"));
}

static void
put_place(const struct value *v, struct buf *out)
{
	struct value value;

	buf_str(out, "{\"value\":");
	if (json_get(v, "value", 5, &value))
		value_print(&value, out);
	buf_byte(out, '}');
}

/* Of the moments about a shift. */
static void
put_before(const struct value *v, struct buf *out)
{
	double n = member_of(v, "count"), sum = member_of(v, "sum");

	buf_printf(out, "{\"before\":{\"count\":%.0f,\"mean\":", n);
	put_double(out, member_of(v, "shift") + sum / n);
	buf_str(out, ",\"squares\":");
	put_double(out, member_of(v, "squares") - sum * sum / n);
	buf_str(out, "}}");
}

static void
put_count_of(const struct value *v, struct buf *out)
{
	buf_printf(out, "%.0f", member_of(v, "count"));
}

static void
put_mean_of(const struct value *v, struct buf *out)
{
	double n = member_of(v, "count");

	buf_str(out, "{\"sum\":");
	put_double(out, member_of(v, "shift") * n + member_of(v, "sum"));
	buf_printf(out, ",\"count\":%.0f}", n);
}

static void
put_most_of(const struct value *v, struct buf *out)
{
	put_double(out, member_of(v, "max"));
}

static void
put_least_of(const struct value *v, struct buf *out)
{
	put_double(out, member_of(v, "min"));
}

/* ---- functions ---- */

#define BEFORE "struct<count:bigint,mean:double,squares:double>"
#define VALUES "F.when($x.isNotNull(), F.array($x))"
#define DISTINCT "F.array_distinct(F.flatten(F.collect_set($c)))"
#define LISTED(which) "F.flatten(F.collect_list(F.when(" which ", $c)))"

/*
 * $x is the field, $c the column, $k says that a row is of a kept group.  $T is
 * the result's type, $F that of the field, $S that of a sum of it; as literals,
 * but in the table's type.
 */
struct form {
	const char *type; /* in the table */
	const char *row;  /* of a record */
	const char *merge;
	void (*put)(const struct value *v, struct buf *out);
};

#define COUNT                                                             \
	{                                                                 \
		"bigint", "$x.isNotNull().cast(\"bigint\")", "F.sum($c)", \
			put_value                                         \
	}
#define AVERAGE                                         \
	"struct<sum:$S,count:bigint>",                  \
		"F.struct($x.cast($S).alias(\"sum\"), " \
		"$x.isNotNull().cast(\"bigint\").alias(\"count\"))"
#define MEAN "(F.sum($c.getField(\"sum\")) / F.sum($c.getField(\"count\")))"
#define MOMENTS(merge)                                           \
	{                                                        \
		"struct<value:double,before:" BEFORE ">",        \
			"F.struct($x.cast(\"double\").alias("    \
			"\"value\"), F.lit(None).cast(\"" BEFORE \
			"\").alias(\"before\"))",                \
			merge, put_before                        \
	}

static const struct {
	const char *name;
	struct form form;
} functions[] = {{"count", COUNT},
	{"sum", {"$T", "$x.cast($T)", "F.sum($c)", put_sum}},
	{"min", {"$T", "$x", "F.min($c)", put_value}},
	{"max", {"$T", "$x", "F.max($c)", put_value}},
	{"avg", {AVERAGE, MEAN, put_average}},
	{"first",
		{"struct<value:$T>", "F.struct($x.alias(\"value\"))",
			"F.coalesce(F.first(F.when($k, $c), True), "
			"F.first($c)).getField(\"value\")",
			put_place}},
	{"last",
		{"struct<value:$T>", "F.struct($x.alias(\"value\"))",
			"F.coalesce(F.last(F.when(~$k, $c), True), "
			"F.last($c)).getField(\"value\")",
			put_place}},
	{"stddev", MOMENTS("F.sqrt(variance_of($c, 1))")},
	{"stddev_pop", MOMENTS("F.sqrt(variance_of($c, 0))")},
	{"variance", MOMENTS("variance_of($c, 1)")},
	{"var_pop", MOMENTS("variance_of($c, 0)")},
	{"count_distinct",
		{"array<$F>", VALUES, "F.size(" DISTINCT ")", put_value}},
	{"collect_set",
		{"$T", VALUES, "F.sort_array(" DISTINCT ")", put_value}},
	{"collect_list",
		{"$T", VALUES, "F.concat(" LISTED("$k") ", " LISTED("~$k") ")",
			put_value}}};

/* The parts of stats, in bief's order. */
static const struct form stats[] = {
	{"bigint", "$x.isNotNull().cast(\"bigint\")", "F.sum($c)",
		put_count_of},
	{AVERAGE, MEAN, put_mean_of}, MOMENTS("F.sqrt(variance_of($c, 0))"),
	{"double", "$x.cast(\"double\")", "F.max($c)", put_most_of},
	{"double", "$x.cast(\"double\")", "F.min($c)", put_least_of}};

static const char variance_of[] =
	"\n\ndef variance_of(part, less):\n"
	"    \"\"\"Of new values and of those that bief has counted.\"\"\"\n"
	"    new, old = part.getField(\"value\"), part.getField(\"before\")\n"
	"    n_new = F.count(new)\n"
	"    n_old = F.coalesce(F.max(old.getField(\"count\")), F.lit(0))\n"
	"    apart = F.avg(new) - F.max(old.getField(\"mean\"))\n"
	"    squares = (\n"
	"        F.coalesce(F.var_pop(new) * n_new, F.lit(0.0))\n"
	"        + F.coalesce(F.max(old.getField(\"squares\")), F.lit(0.0))\n"
	"        + F.coalesce(\n"
	"            apart * apart * n_new * n_old / (n_new + n_old), "
	"F.lit(0.0)\n"
	"        )\n"
	"    )\n"
	"    n = n_new + n_old\n"
	"    return F.when(n > less, squares / (n - less))\n\n\n";

static const struct form *
find_form(const struct spark_merge_function *f)
{
	if (strcmp(f->name, "stats") == 0)
		return &stats[f->part];
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (strcmp(functions[i].name, f->name) == 0)
			return &functions[i].form;
	return NULL;
}

/* ---- forms filled in ---- */

/* The type in which Spark sums values of this one. */
static void
put_sum_type(const struct type *t, struct buf *out)
{
	int digits = t != NULL && t->kind == TYPE_DECIMAL ? t->precision + 10
							  : 0;

	if (digits == 0)
		buf_str(out, "double");
	else
		buf_printf(out, "decimal(%d,%d)", digits > 38 ? 38 : digits,
			t->scale);
}

static void
put_type(const struct spark_merge_function *f, char which, struct buf *out)
{
	if (which == 'T')
		spark_type_ddl(f->to->type, out);
	else if (which == 'F')
		spark_type_ddl(f->type, out);
	else
		put_sum_type(f->type, out);
}

static void
expand(const struct spark_merge *m, const struct spark_merge_function *f,
	const char *form, bool ddl, struct buf *out)
{
	for (; *form != '\0'; form++) {
		struct buf type;

		if (*form != '$') {
			buf_byte(out, *form);
			continue;
		}
		form++;
		if (*form == 'x') {
			buf_str(out, f->field);
		} else if (*form == 'c') {
			python_column(out, f->to->name);
		} else if (*form == 'k') {
			python_column(out, m->mark);
		} else {
			buf_init(&type);
			put_type(f, *form, &type);
			if (ddl)
				buf_add(out, type.p, type.n);
			else
				python_string(out, buf_cstr(&type));
			buf_release(&type);
		}
	}
}

/* Another column of the table. */
static void
put_column(struct spark_merge *m, const char *name, const char *type, size_t n)
{
	if (m->ddl.n > 0)
		buf_str(&m->ddl, ", ");
	python_name(&m->ddl, name);
	buf_byte(&m->ddl, ' ');
	buf_add(&m->ddl, type, n);
}

/* A row's value, by this name. */
static void
put_row(struct spark_merge *m, const char *code, const char *name)
{
	struct buf *b = python_arg(&m->rows), plain;

	buf_init(&plain);
	python_column(&plain, name);
	buf_str(b, code);
	if (strcmp(code, buf_cstr(&plain)) != 0) {
		buf_str(b, ".alias(");
		python_string(b, name);
		buf_byte(b, ')');
	}
	buf_release(&plain);
}

static void
add_column(struct spark_merge *m, const struct spark_merge_function *f,
	const struct form *form)
{
	m->columns = mem_realloc(m->columns, (m->n + 1) * sizeof(*m->columns));
	m->columns[m->n++] = (struct spark_kept_column){
		mem_dup(f->to->name, strlen(f->to->name)),
		mem_dup(f->of, strlen(f->of)), form->put};
}

/* Are the types known that the table has? */
static bool
is_typed(const struct form *form, const struct spark_merge_function *f)
{
	bool field = strstr(form->type, "$F") != NULL;

	return f->to->type != NULL && f->to->type->kind != TYPE_UNKNOWN &&
		(!field || (f->type != NULL && f->type->kind != TYPE_UNKNOWN));
}

int
spark_merge_add(struct spark_merge *m, const struct spark_merge_function *f,
	struct buf *code)
{
	const struct form *form = find_form(f);
	bool all = strcmp(f->field, "\"*\"") == 0;
	struct buf type, row;

	if (form == NULL)
		return spark_refuse(m->s, m->p,
			"--from-checkpoint: %s: what it has seen is kept in a "
			"form that Spark does not take: let Spark read from "
			"the beginning",
			f->name);
	if (!is_typed(form, f))
		return spark_refuse(m->s, m->p,
			"--from-checkpoint: the type of '%s' is not known: "
			"give a schema",
			f->to->name);
	m->names.mark = strstr(form->merge, "$k") != NULL ? m->mark
							  : m->names.mark;
	m->s->wants_variance |= strstr(form->merge, "variance_of") != NULL;
	buf_init(&type);
	buf_init(&row);
	expand(m, f, form->type, true, &type);
	put_column(m, f->to->name, type.p, type.n);
	if (all)
		buf_str(&row, "F.lit(1).cast(\"bigint\")");
	else
		expand(m, f, form->row, false, &row);
	put_row(m, buf_cstr(&row), f->to->name);
	expand(m, f, form->merge, false, code);
	if (f->to->type->kind == TYPE_DECIMAL &&
		(form->put == put_sum || form->put == put_average)) {
		buf_str(code, ".cast(");
		python_string(code,
			(buf_clear(&type), put_type(f, 'T', &type),
				buf_cstr(&type)));
		buf_byte(code, ')');
	}
	add_column(m, f, form);
	buf_release(&type);
	buf_release(&row);
	return 0;
}

int
spark_merge_key(
	struct spark_merge *m, const char *code, const struct schema_field *to)
{
	struct buf type;

	if (to->type == NULL || to->type->kind == TYPE_UNKNOWN)
		return spark_refuse(m->s, m->p,
			"--from-checkpoint: the type of '%s' is not known: "
			"give a schema",
			to->name);
	buf_init(&type);
	spark_type_ddl(to->type, &type);
	put_column(m, to->name, type.p, type.n);
	put_row(m, code, to->name);
	buf_release(&type);
	return 0;
}

/* ---- the statements ---- */

/* What of the records has the watermark: the code of a time, or nothing. */
static void
put_moment(const struct spark_merge *m, bool windows, struct buf *code)
{
	const struct plan *in = &m->p->in[0].plan;
	const struct list *by = spark_list(m->p, "by");

	if (in->event_time == NULL)
		return;
	if (windows && in->window_on != NULL &&
		strcmp(in->event_time, in->window_on) == 0) {
		buf_printf(code, "F.col(\"%s.end\")", m->p->in[0].window);
		return;
	}
	for (size_t i = 0; i < by->n; i++)
		if (plan_same(in, by->s[i], in->event_time)) {
			spark_path(in, by->s[i], code, NULL);
			return;
		}
}

/* What bief would drop as late is dropped here, too: Spark's own watermark
 * begins with the batch after the first one. */
static void
drop_late(struct spark_merge *m, bool windows)
{
	struct buf code;

	if (m->names.time == NULL || m->s->kept.watermark == WATERMARK_NONE)
		return;
	buf_init(&code);
	put_moment(m, windows, &code);
	if (code.n > 0) {
		python_call(&m->rows, "where");
		buf_str(&code, " > F.lit(");
		entry_time(&code, m->s->kept.watermark);
		buf_str(&code, ").cast(\"timestamp\")");
		python_arg_code(&m->rows, buf_cstr(&code));
	}
	buf_release(&code);
}

static void
begin_columns(struct spark_merge *m, bool windows)
{
	static const char window[] = "struct<start:timestamp,end:timestamp>";
	struct spark_flow *in = &m->p->in[0];
	const struct plan *out = &m->p->st->out;
	char *name;

	m->time = spark_column(out, "time");
	m->mark = spark_column(out, "kept");
	if (m->s->stream && in->plan.delay_us >= 0 &&
		out->mode != MODE_COMPLETE) {
		m->names.time = m->time;
		m->names.delay_us = in->plan.delay_us;
		put_column(m, m->time, "timestamp", 9);
	}
	drop_late(m, windows);
	python_call(&m->rows, "select");
	if (!windows)
		return;
	name = spark_column(out, "window");
	put_column(m, name, window, sizeof(window) - 1);
	python_column(python_arg(&m->rows), in->window);
	if (strcmp(name, in->window) != 0)
		buf_printf(&m->rows.arg, ".alias(\"%s\")", name);
	free(in->window);
	in->window = name;
	m->names.window = name;
}

int
spark_merge_begin(struct spark_merge *m, struct spark *s,
	const struct spark_step *p, bool windows)
{
	const struct plan *in = &p->in[0].plan;

	memset(m, 0, sizeof(*m));
	m->s = s;
	m->p = p;
	buf_init(&m->ddl);
	if (windows)
		spark_settle(s, &p->in[0]);
	m->parts = spark_unique(s, "parts");
	python_begin(&m->rows, m->parts, p->in[0].var);
	begin_columns(m, windows);
	if (spark_given(p, "cube") || spark_given(p, "rollup") ||
		spark_given(p, "grouping-sets"))
		return spark_refuse(s, p,
			"--from-checkpoint: groups of --cube and --rollup "
			"cannot come along, for Spark would roll them up "
			"again: let Spark read from the beginning");
	if (s->stream && in->session_us != 0 && in->delay_us >= 0 &&
		p->st->out.mode == MODE_COMPLETE)
		return spark_refuse(s, p,
			"--from-checkpoint: sessions in complete mode drop by "
			"the watermark of the batch before, which Spark does "
			"not know: --mode append");
	return 0;
}

void
spark_merge_release(struct spark_merge *m)
{
	struct buf nowhere;

	buf_init(&nowhere);
	if (m->rows.from != NULL)
		python_end(&m->rows, &nowhere, 0);
	buf_release(&nowhere);
	for (size_t i = 0; i < m->n; i++) {
		free(m->columns[i].name);
		free(m->columns[i].of);
	}
	free(m->columns);
	free(m->parts);
	free(m->time);
	free(m->mark);
	buf_release(&m->ddl);
}

/* groups = spark.readStream.schema(...).json(...) */
static void
put_groups(struct spark_merge *m, const char *var)
{
	struct python_statement t;

	buf_str(spark_place(m->s),
		m->names.time != NULL
			? "# The groups that bief has kept, and a row with the "
			  "newest time.\n"
			: "# The groups that bief has kept.\n");
	python_begin(&t, var, m->s->stream ? "spark.readStream" : "spark.read");
	python_call(&t, "schema");
	python_arg_string(&t, buf_cstr(&m->ddl));
	python_call(&t, "json");
	python_arg_string(&t, m->s->kept.dir);
	if (m->names.time != NULL) {
		struct buf *b;

		python_call(&t, "withWatermark");
		python_arg_string(&t, m->time);
		b = python_arg(&t);
		buf_byte(b, '"');
		python_duration(b, m->names.delay_us);
		buf_byte(b, '"');
		python_call(&t, "where");
		python_column(python_arg(&t), m->time);
		buf_str(&t.arg, ".isNull()");
		python_call(&t, "drop");
		python_arg_string(&t, m->time);
	}
	spark_end(m->s, &t);
}

int
spark_merge_end(struct spark_merge *m)
{
	char *groups;

	if (m->names.mark != NULL) {
		put_column(m, m->mark, "boolean", 7);
		put_row(m, "F.lit(False)", m->mark);
	}
	if (spark_kept_fill(m->s, &m->names, m->columns, m->n) < 0)
		return -1;
	if (m->s->wants_variance) {
		buf_add(spark_place(m->s), variance_of,
			sizeof(variance_of) - 1);
		m->s->wants_variance = false;
	}
	if (m->names.time != NULL)
		spark_conf(m->s, "spark.sql.streaming.multipleWatermarkPolicy",
			"max");
	groups = spark_unique(m->s, "groups");
	put_groups(m, groups);
	python_call(&m->rows, "unionByName");
	python_arg_code(&m->rows, groups);
	spark_end(m->s, &m->rows);
	memset(&m->rows, 0, sizeof(m->rows));
	free(groups);
	return 0;
}
