/*
 * spark_join: records of several inputs, or of one and of a table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "command/spark/spark_impl.h"
#include "floor/mem.h"
#include "value/path.h"

/* A pair of --on: F=G, or a name that both have. */
struct pair {
	char *left, *right; /* as people write them */
};

static struct pair
pair_of(const char *text)
{
	const char *eq = path_until(text, '=');
	struct pair p = {mem_dup(text, (size_t)(eq - text)), NULL};

	p.right = *eq == '=' ? mem_dup(eq + 1, strlen(eq + 1))
			     : mem_dup(p.left, strlen(p.left));
	return p;
}

static void
pair_free(struct pair *p)
{
	free(p->left);
	free(p->right);
}

/* F.col("side.x") of a path. */
static void
put_side(const struct plan *plan, const char *side, const char *path,
	struct buf *b)
{
	struct buf code;

	buf_init(&code);
	spark_path(plan, path, &code, NULL);
	/* It begins with F.col(": the side's name goes in there. */
	if (strncmp(buf_cstr(&code), "F.col(\"", 7) == 0)
		buf_printf(b, "F.col(\"%s.%s", side, code.p + 7);
	else
		buf_str(b, code.p);
	buf_release(&code);
}

static void
put_field(const char *side, const char *name, const char *called, struct buf *b)
{
	struct buf quoted, whole;

	buf_init(&quoted);
	buf_init(&whole);
	python_name(&quoted, name);
	buf_printf(&whole, "%s.%s", side, buf_cstr(&quoted));
	buf_str(b, "F.col(");
	python_string(b, buf_cstr(&whole));
	buf_byte(b, ')');
	if (strcmp(name, called) != 0) {
		buf_str(b, ".alias(");
		python_string(b, called);
		buf_byte(b, ')');
	}
	buf_release(&quoted);
	buf_release(&whole);
}

/* ---- a table ---- */

static bool
ends_in(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n >= m && strcmp(path + n - m, end) == 0;
}

static bool
is_json(const char *path)
{
	return ends_in(path, ".json") || ends_in(path, ".jsonl") ||
		ends_in(path, ".ndjson") || ends_in(path, ".json.gz") ||
		ends_in(path, ".jsonl.gz") || ends_in(path, ".ndjson.gz");
}

/* DATABASE:TABLE, where the colon is no part of a file's name. */
static const char *
table_of(const char *path)
{
	const char *colon = strrchr(path, ':');

	return colon != NULL && colon > path && colon[1] != '\0' &&
			strchr(colon, '/') == NULL
		? colon
		: NULL;
}

static void
read_database(struct spark *s, const char *path, const char *colon,
	struct python_statement *t)
{
	char *file = mem_dup(path, (size_t)(colon - path));
	struct buf url;

	buf_init(&url);
	buf_printf(&url, "jdbc:sqlite:%s", file);
	python_call(t, "format");
	python_arg_string(t, "jdbc");
	python_option(t, "url", buf_cstr(&url));
	python_option(t, "driver", "org.sqlite.JDBC");
	python_option(t, "dbtable", colon + 1);
	python_call(t, "load");
	spark_note(s,
		"SQLite needs its driver: spark-submit --packages "
		"org.xerial:sqlite-jdbc:3.47.1.0");
	free(file);
	buf_release(&url);
}

/* Types that bief has found in a CSV file; Spark reads text. */
static void
put_casts(const struct spark_step *p, struct python_statement *t)
{
	const struct schema *in = p->in[0].plan.fields,
			    *out = p->st->out.fields;

	for (size_t i = in->n; out != NULL && i < out->n; i++) {
		const struct type *type = out->f[i].type;
		const char *name = out->f[i].name;
		struct buf ddl, *b;

		if (type == NULL || type->kind == TYPE_STRING ||
			type->kind <= TYPE_NULL ||
			strncmp(name, "right_", 6) == 0)
			continue;
		buf_init(&ddl);
		type_print(type, &ddl);
		python_call(t, "withColumn");
		python_arg_string(t, name);
		b = python_arg(t);
		python_column(b, name);
		buf_str(b, ".cast(");
		python_string(b, buf_cstr(&ddl));
		buf_byte(b, ')');
		buf_release(&ddl);
	}
}

static void
read_csv(const struct spark_step *p, const char *path, const char *ddl,
	struct python_statement *t)
{
	const struct list *nulls = spark_list(p, "null");
	const char *sep = spark_text(p, "sep");

	if (spark_given(p, "header")) {
		python_call(t, "option");
		python_arg_string(t, "header");
		python_arg_code(t, "True");
	}
	if (sep != NULL)
		python_option(t, "sep",
			strcmp(sep, "tab") == 0 || strcmp(sep, "\\t") == 0
				? "\t"
				: sep);
	if (nulls->n > 0)
		python_option(t, "nullValue", nulls->s[0]);
	if (ddl != NULL) {
		python_call(t, "schema");
		python_arg_string(t, ddl);
	}
	python_call(t, "csv");
	python_arg_string(t, path);
	if (ddl == NULL)
		put_casts(p, t);
}

/* table = spark.read...; its name is returned. */
static char *
read_table(struct spark *s, const struct spark_step *p)
{
	const char *path = p->st->operands[0], *colon = table_of(path),
		   *ddl = spark_text(p, "table-schema");
	struct python_statement t;
	char *var = spark_unique(s, "table");
	bool each = s->each;

	/* It is read once, not for each batch. */
	s->each = false;
	python_begin(&t, var, "spark.read");
	if (is_json(path)) {
		if (ddl != NULL) {
			python_call(&t, "schema");
			python_arg_string(&t, ddl);
		}
		python_call(&t, "json");
		python_arg_string(&t, path);
	} else if (colon != NULL) {
		read_database(s, path, colon, &t);
	} else {
		read_csv(p, path, ddl, &t);
	}
	spark_end(s, &t);
	s->each = each;
	return var;
}

static const char *
how_of(const struct spark_step *p)
{
	static const char *const words[][2] = {{"inner", "inner"},
		{"left", "left_outer"}, {"right", "right_outer"},
		{"full", "full_outer"}, {"semi", "left_semi"},
		{"anti", "left_anti"}};
	char how[32];

	spark_choice(p, "how", how);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i][0], how) == 0)
			return words[i][1];
	return "inner";
}

static void
put_static_condition(const struct spark_step *p, struct buf *b)
{
	const struct list *on = spark_list(p, "on");

	for (size_t i = 0; i < on->n; i++) {
		struct pair pair = pair_of(on->s[i]);
		char *column = path_name(pair.right);

		if (i > 0)
			buf_str(b, " & ");
		if (on->n > 1)
			buf_byte(b, '(');
		put_side(&p->in[0].plan, "left", pair.left, b);
		buf_str(b, " == ");
		put_field("right", column, column, b);
		if (on->n > 1)
			buf_byte(b, ')');
		free(column);
		pair_free(&pair);
	}
}

/* The stream's fields, then the table's, but for those of the key. */
static void
put_static_fields(const struct spark_step *p, struct python_statement *t)
{
	const struct schema *in = p->in[0].plan.fields,
			    *out = p->st->out.fields;

	python_call(t, "select");
	for (size_t i = 0; i < out->n; i++) {
		const char *name = out->f[i].name, *own = name;

		if (i < in->n) {
			put_field("left", name, name, python_arg(t));
			continue;
		}
		/* right_x, where the stream has an x. */
		while (strncmp(own, "right_", 6) == 0 &&
			schema_find(in, own + 6, strlen(own + 6)) >= 0)
			own += 6;
		put_field("right", own, name, python_arg(t));
	}
	for (size_t i = 0; i < p->in[0].hidden.n; i++)
		put_field("left", p->in[0].hidden.s[i], p->in[0].hidden.s[i],
			python_arg(t));
}

int
spark_join_static(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	const char *how = how_of(p);
	struct python_statement t;
	struct buf left;
	char *table;

	if (spark_only(s, p, "on how sep header null table-schema") < 0 ||
		spark_fields(s, p) < 0)
		return -1;
	if (strncmp(p->st->operands[0], "postgres", 8) == 0)
		return spark_refuse(s, p,
			"a table of PostgreSQL: write it to a file first");
	if (spark_list(p, "null")->n > 1)
		return spark_refuse(s, p,
			"--null is given twice, and Spark knows one text for "
			"null");
	table = read_table(s, p);
	buf_init(&left);
	buf_printf(&left, "%s.alias(\"left\")", p->in[0].var);
	out->var = spark_unique(s, "joined");
	python_begin(&t, out->var, buf_cstr(&left));
	python_call(&t, "join");
	buf_printf(python_arg(&t), "%s.alias(\"right\")", table);
	put_static_condition(p, python_arg(&t));
	python_arg_string(&t, how);
	if (strncmp(how, "left_s", 6) != 0 && strcmp(how, "left_anti") != 0)
		put_static_fields(p, &t);
	spark_end(s, &t);
	free(table);
	buf_release(&left);
	return 0;
}

/* ---- streams ---- */

/* Is a field of this name taken once, because both sides are joined on it? */
static bool
is_once(const struct list *on, const char *name)
{
	bool once = false;

	for (size_t i = 0; i < on->n && !once; i++) {
		struct pair p = pair_of(on->s[i]);
		char *l = path_name(p.left), *r = path_name(p.right);

		once = strcasecmp(l, r) == 0 &&
			(strcasecmp(l, name) == 0 ||
				(strcasecmp(l, "window") == 0 &&
					(strcmp(name, "window_start") == 0 ||
						strcmp(name, "window_end") ==
							0)));
		free(l);
		free(r);
		pair_free(&p);
	}
	return once;
}

/* A pair of --on as a condition; "window" is the struct, which carries the
 * watermark. */
static void
put_pair(const struct spark_step *p, const char *text, bool many, bool nulls,
	struct buf *b)
{
	struct pair pair = pair_of(text);
	bool window = strcasecmp(pair.left, "window") == 0 &&
		p->in[0].window != NULL && p->in[1].window != NULL;

	if (many)
		buf_byte(b, '(');
	if (window) {
		put_field("left", p->in[0].window, p->in[0].window, b);
		buf_str(b, " == ");
		put_field("right", p->in[1].window, p->in[1].window, b);
	} else {
		put_side(&p->in[0].plan, "left", pair.left, b);
		buf_str(b, nulls ? ".eqNullSafe(" : " == ");
		put_side(&p->in[1].plan, "right", pair.right, b);
		if (nulls)
			buf_byte(b, ')');
	}
	if (many)
		buf_byte(b, ')');
	pair_free(&pair);
}

/* In a full join of streams Spark takes null for equal to null, and bief in all
 * of them. */
static void
put_condition(struct spark *s, const struct spark_step *p, struct buf *b)
{
	bool nulls = !s->stream && strcmp(how_of(p), "full_outer") == 0;
	const struct list *on = spark_list(p, "on");
	const char *where = spark_text(p, "where");
	bool many = on->n + (where != NULL) > 1;

	for (size_t i = 0; i < on->n; i++) {
		if (i > 0)
			buf_str(b, " & ");
		put_pair(p, on->s[i], many, nulls, b);
	}
	if (where == NULL)
		return;
	if (nulls)
		spark_note(s,
			"in a full join a null is equal to a null in bief, as "
			"for Spark's streams; not in --where of a batch job");
	if (on->n > 0)
		buf_str(b, " & ");
	buf_str(b, "F.expr(");
	python_string(b, where);
	buf_byte(b, ')');
}

/* A key of both that only one side may have. */
static void
put_once(const char *name, struct buf *b)
{
	buf_str(b, "F.coalesce(");
	put_field("left", name, name, b);
	buf_str(b, ", ");
	put_field("right", name, name, b);
	buf_str(b, ").alias(");
	python_string(b, name);
	buf_byte(b, ')');
}

static void
put_joined_fields(
	const struct spark_step *p, const char *how, struct python_statement *t)
{
	const struct schema *l = p->in[0].plan.fields,
			    *r = p->in[1].plan.fields, *out = p->st->out.fields;
	const struct list *on = spark_list(p, "on");
	bool both = strcmp(how, "right_outer") == 0 ||
		strcmp(how, "full_outer") == 0;
	size_t n = l->n;

	python_call(t, "select");
	for (size_t i = 0; i < l->n; i++)
		if (both && is_once(on, l->f[i].name))
			put_once(l->f[i].name, python_arg(t));
		else
			put_field("left", l->f[i].name, l->f[i].name,
				python_arg(t));
	for (size_t i = 0; i < r->n; i++)
		if (!is_once(on, r->f[i].name) && n < out->n) {
			put_field("right", r->f[i].name, out->f[n].name,
				python_arg(t));
			n++;
		}
}

static int
check_inputs(struct spark *s, const struct spark_step *p)
{
	char policy[32];

	if (p->st->noperands != (size_t)p->n)
		return spark_refuse(s, p,
			"its inputs must all be pipelines, <( ), to be "
			"exported: a file is one as <(stream-files FILE | "
			"parse-json --schema DDL)");
	if (spark_given(p, "policy"))
		spark_conf(s, "spark.sql.streaming.multipleWatermarkPolicy",
			spark_choice(p, "policy", policy));
	return 0;
}

static void
forget_columns(struct spark_flow *out)
{
	list_free(&out->hidden);
	out->hidden = (struct list){NULL, 0};
	free(out->window);
	out->window = NULL;
	free(out->time);
	free(out->time_of);
	out->time = out->time_of = NULL;
}

int
spark_join_stream(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	const char *how = how_of(p);
	struct python_statement t;
	struct buf left;

	if (spark_only(s, p, "on where how policy") < 0 ||
		check_inputs(s, p) < 0)
		return -1;
	if (p->in[0].plan.fields == NULL || p->in[1].plan.fields == NULL)
		return spark_refuse(s, p,
			"the fields of its inputs are not known: give both a "
			"schema (parse-json --schema)");
	buf_init(&left);
	buf_printf(&left, "%s.alias(\"left\")", p->in[0].var);
	out->var = spark_unique(s, "joined");
	python_begin(&t, out->var, buf_cstr(&left));
	python_call(&t, "join");
	buf_printf(python_arg(&t), "%s.alias(\"right\")", p->in[1].var);
	put_condition(s, p, python_arg(&t));
	python_arg_string(&t, how);
	if (strcmp(how, "left_semi") != 0) {
		put_joined_fields(p, how, &t);
		forget_columns(out);
	}
	spark_end(s, &t);
	buf_release(&left);
	return 0;
}

int
spark_join_union(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	bool same = p->st->out.fields != NULL;
	struct python_statement t;

	if (spark_only(s, p, "policy") < 0 || check_inputs(s, p) < 0)
		return -1;
	spark_begin(s, &t, "united", p, out);
	for (int i = 1; i < p->n; i++) {
		python_call(&t, "unionByName");
		python_arg_code(&t, p->in[i].var);
		if (!same || p->in[0].hidden.n > 0 || p->in[i].hidden.n > 0)
			python_arg_code(&t, "allowMissingColumns=True");
	}
	spark_end(s, &t);
	return 0;
}
