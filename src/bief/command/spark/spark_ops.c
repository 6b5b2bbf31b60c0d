/*
 * spark_ops: programs that look at a record at a time, and those that sort,
 * count off or turn a result.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "command/spark/spark_impl.h"
#include "floor/mem.h"
#include "expr/sql/sql.h"
#include "value/path.h"

/* F.expr("..."), of SQL as it stands or of jq's language. */
static int
put_expression(struct spark *s, const struct spark_step *p, const char *text,
	bool is_sql, bool condition, struct buf *b)
{
	struct buf sql;
	int rc = 0;

	buf_init(&sql);
	if (is_sql)
		buf_str(&sql, text);
	else
		rc = spark_jq(
			text, p->in[0].plan.fields, condition, &sql, s->err);
	if (rc == 0) {
		buf_str(b, "F.expr(");
		python_string(b, buf_cstr(&sql));
		buf_byte(b, ')');
	} else {
		err_in(s->err, "%s", p->op->name);
	}
	buf_release(&sql);
	return rc;
}

/* A statement that failed is written nowhere. */
static int
give_up(struct python_statement *t)
{
	struct buf b;

	buf_init(&b);
	python_end(t, &b, 0);
	buf_release(&b);
	return -1;
}

int
spark_ops_filter(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	const char *sql = spark_text(p, "sql");
	struct python_statement t;

	if (spark_only(s, p, "sql") < 0)
		return -1;
	spark_begin(s, &t, "filtered", p, out);
	python_call(&t, "where");
	if (put_expression(s, p, sql != NULL ? sql : p->st->operands[0],
		    sql != NULL, true, python_arg(&t)) < 0)
		return give_up(&t);
	spark_end(s, &t);
	if (s->stream && p->in[0].plan.event_time != NULL)
		spark_note(s,
			"a filter behind a watermark leaves the watermark as "
			"it is in bief; Spark moves one that does not use the "
			"event time in front of it");
	return 0;
}

int
spark_ops_derive(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	bool sql = spark_flag(p, "sql");
	struct python_statement t;

	if (spark_only(s, p, "sql") < 0)
		return -1;
	spark_begin(s, &t, "derived", p, out);
	for (size_t i = 0; i < p->st->noperands; i++) {
		const char *expr;
		char *name = path_assigned(p->st->operands[i], &expr);

		python_call(&t, "withColumn");
		python_arg_string(&t, name);
		free(name);
		expr += strspn(expr, " \t\n");
		if (put_expression(s, p, expr, sql, false, python_arg(&t)) < 0)
			return give_up(&t);
	}
	spark_end(s, &t);
	return 0;
}

/* ---- pick ---- */

/* F.col(...), under this name. */
static void
put_named(struct buf *b, const char *code, const char *has, const char *name)
{
	buf_str(b, code);
	if (strcmp(has, name) == 0)
		return;
	buf_str(b, ".alias(");
	python_string(b, name);
	buf_byte(b, ')');
}

static void
pick_field(const struct spark_step *p, const char *spec,
	struct python_statement *t)
{
	const char *eq = path_until(spec, '=');
	struct buf code, name;
	char *given = NULL;

	buf_init(&code);
	buf_init(&name);
	spark_path(&p->in[0].plan, *eq == '=' ? eq + 1 : spec, &code, &name);
	if (*eq == '=') {
		char *text = mem_dup(spec, (size_t)(eq - spec));

		given = path_name(text);
		free(text);
	} else {
		/* It is called as it is written here. */
		given = mem_dup(buf_cstr(&name), name.n);
		buf_clear(&name);
		buf_str(&name, p->in[0].plan.fields == NULL ? given : "");
		if (p->in[0].plan.fields != NULL &&
			schema_find(p->in[0].plan.fields, given,
				strlen(given)) >= 0)
			buf_str(&name, given);
	}
	put_named(python_arg(t), buf_cstr(&code), buf_cstr(&name), given);
	free(given);
	buf_release(&code);
	buf_release(&name);
}

static void
pick_fields(const struct spark_step *p, struct python_statement *t)
{
	struct list specs = {NULL, 0};

	for (size_t i = 0; i < p->st->noperands; i++)
		list_add(&specs, p->st->operands[i], true);
	for (size_t i = 0; i < specs.n; i++) {
		if (strcasecmp(specs.s[i], "window") != 0 ||
			spark_type(&p->in[0].plan, "window") != NULL) {
			pick_field(p, specs.s[i], t);
			continue;
		}
		pick_field(p, "window_start", t);
		pick_field(p, "window_end", t);
	}
	list_free(&specs);
}

static int
pick_sql(struct spark *s, const struct spark_step *p, const char *sql,
	struct python_statement *t)
{
	const struct schema *fields = p->in[0].plan.fields;
	struct sql_select list;

	if (sql_select_parse(&list, sql, s->err) < 0)
		return -1;
	for (size_t i = 0; i < list.n; i++) {
		struct buf *b;

		if (strcmp(list.item[i].text, "*") == 0) {
			for (size_t k = 0; fields != NULL && k < fields->n; k++)
				python_column(python_arg(t), fields->f[k].name);
			continue;
		}
		b = python_arg(t);
		buf_str(b, "F.expr(");
		python_string(b, list.item[i].text);
		buf_str(b, ").alias(");
		python_string(b, list.item[i].name);
		buf_byte(b, ')');
	}
	sql_select_release(&list);
	return 0;
}

int
spark_ops_pick(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	const char *sql = spark_text(p, "sql");
	struct python_statement t;

	if (spark_only(s, p, "sql") < 0)
		return -1;
	spark_begin(s, &t, "picked", p, out);
	python_call(&t, "select");
	if (sql == NULL)
		pick_fields(p, &t);
	else if (pick_sql(s, p, sql, &t) < 0)
		return give_up(&t);
	spark_hidden(&t, &p->in[0]);
	spark_end(s, &t);
	return 0;
}

/* ---- nulls ---- */

/* Words of options as they are; "window" is two fields. */
static void
put_words(const struct spark_step *p, size_t n, char **words, struct list *out)
{
	for (size_t i = 0; i < n; i++) {
		struct list l = {NULL, 0};

		list_add(&l, words[i], true);
		for (size_t k = 0; k < l.n; k++) {
			if (strcasecmp(l.s[k], "window") != 0 ||
				spark_type(&p->in[0].plan, "window") != NULL) {
				list_add(out, l.s[k], false);
				continue;
			}
			list_add(out, "window_start", false);
			list_add(out, "window_end", false);
		}
		list_free(&l);
	}
}

static bool
may_be_nan(const struct type *t)
{
	return t != NULL && (t->kind == TYPE_DOUBLE || t->kind == TYPE_FLOAT);
}

/* A condition, where a field is a part of another one. */
static void
put_present(const struct spark_step *p, const struct list *words, bool all,
	struct buf *b)
{
	for (size_t i = 0; i < words->n; i++) {
		struct buf code;

		buf_init(&code);
		spark_path(&p->in[0].plan, words->s[i], &code, NULL);
		if (i > 0)
			buf_str(b, all ? " | " : " & ");
		if (may_be_nan(spark_type(&p->in[0].plan, words->s[i])))
			buf_printf(b, "F.nanvl(%s, F.lit(None)).isNotNull()",
				buf_cstr(&code));
		else
			buf_printf(b, "%s.isNotNull()", buf_cstr(&code));
		buf_release(&code);
	}
}

/* The names alone, if these are names of fields; else false. */
static bool
whole_names(const struct spark_step *p, const struct list *words,
	struct list *names)
{
	for (size_t i = 0; i < words->n; i++) {
		struct path path;
		char *name = path_name(words->s[i]);
		bool whole = spark_type(&p->in[0].plan, words->s[i]) != NULL &&
			schema_find(p->in[0].plan.fields, words->s[i],
				strlen(words->s[i])) >= 0;

		path_init(&path, words->s[i]);
		whole = whole || (path.n == 1 && path.step[0].s != NULL);
		path_release(&path);
		list_add(names, name, false);
		free(name);
		if (!whole)
			return false;
	}
	return true;
}

static void
put_subset(const struct list *names, struct buf *b)
{
	buf_byte(b, '[');
	for (size_t i = 0; i < names->n; i++) {
		struct buf name;

		buf_init(&name);
		python_name(&name, names->s[i]);
		buf_str(b, i > 0 ? ", " : "");
		python_string(b, buf_cstr(&name));
		buf_release(&name);
	}
	buf_byte(b, ']');
}

int
spark_ops_drop_null(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	struct list words = {NULL, 0}, names = {NULL, 0};
	struct python_statement t;
	char how[32];

	if (spark_only(s, p, "how") < 0 || spark_fields(s, p) < 0)
		return -1;
	spark_choice(p, "how", how);
	put_words(p, p->st->noperands, p->st->operands, &words);
	if (words.n == 0 && p->in[0].hidden.n > 0)
		for (size_t i = 0; i < p->in[0].plan.fields->n; i++)
			list_add(
				&words, p->in[0].plan.fields->f[i].name, false);
	spark_begin(s, &t, "present", p, out);
	if (!whole_names(p, &words, &names)) {
		python_call(&t, "where");
		put_present(p, &words, strcmp(how, "all") == 0, python_arg(&t));
	} else {
		python_call(&t, "na.drop");
		buf_printf(python_arg(&t), "how=\"%s\"", how);
		if (names.n > 0) {
			buf_str(python_arg(&t), "subset=");
			put_subset(&names, &t.arg);
		}
	}
	spark_end(s, &t);
	list_free(&words);
	list_free(&names);
	return 0;
}

static bool
is_number(const char *text)
{
	char *end;

	if (!isdigit((unsigned char)*text) && *text != '-')
		return false;
	strtod(text, &end);
	return *end == '\0' && strpbrk(text, "xXnNpP") == NULL;
}

/* A value that na.fill takes, or NULL: the type has none. */
static char *
fill_literal(const struct type *t, const char *text)
{
	struct buf b;
	char *out;

	if (t->kind == TYPE_BOOLEAN)
		return mem_dup(strcmp(text, "true") == 0 ? "True" : "False",
			strcmp(text, "true") == 0 ? 4 : 5);
	if (type_numeric(t) && t->kind != TYPE_DECIMAL && is_number(text))
		return mem_dup(text, strlen(text));
	if (t->kind != TYPE_STRING)
		return NULL;
	buf_init(&b);
	/* JSON's quotes are no part of it. */
	if (*text == '"' && text[strlen(text) - 1] == '"' && text[1] != '\0' &&
		strchr(text, '\\') == NULL) {
		char *inner = mem_dup(text + 1, strlen(text) - 2);

		python_string(&b, inner);
		free(inner);
	} else {
		python_string(&b, text);
	}
	out = mem_dup(b.p, b.n);
	buf_release(&b);
	return out;
}

/* What is put in place of a null of any other type. */
static void
put_cast(const struct type *t, const char *text, struct buf *b)
{
	struct buf ddl;
	size_t n = strlen(text);
	bool quoted = n > 1 && *text == '"' && text[n - 1] == '"';
	char *inner = quoted ? mem_dup(text + 1, n - 2) : mem_dup(text, n);
	bool json = t->kind == TYPE_ARRAY || t->kind == TYPE_MAP ||
		t->kind == TYPE_STRUCT;

	buf_init(&ddl);
	type_print(t, &ddl);
	buf_str(b, json ? "F.from_json(F.lit(" : "F.lit(");
	python_string(b, json ? text : inner);
	buf_str(b, json ? "), " : ").cast(");
	python_string(b, buf_cstr(&ddl));
	buf_byte(b, ')');
	buf_release(&ddl);
	free(inner);
}

static void
fill_one(struct python_statement *t, const struct schema_field *f,
	const char *text)
{
	char *literal = fill_literal(f->type, text);
	struct buf quoted, *b;

	buf_init(&quoted);
	python_name(&quoted, f->name);
	if (literal != NULL && *buf_cstr(&quoted) != '`') {
		python_call(t, "na.fill");
		b = python_arg(t);
		buf_byte(b, '{');
		python_string(b, f->name);
		buf_printf(b, ": %s}", literal);
	} else {
		python_call(t, "withColumn");
		python_arg_string(t, f->name);
		b = python_arg(t);
		buf_str(b, "F.coalesce(");
		if (may_be_nan(f->type)) {
			buf_str(b, "F.nanvl(");
			python_column(b, f->name);
			buf_str(b, ", F.lit(None))");
		} else {
			python_column(b, f->name);
		}
		buf_str(b, ", ");
		put_cast(f->type, text, b);
		buf_byte(b, ')');
	}
	buf_release(&quoted);
	free(literal);
}

int
spark_ops_fill_null(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	struct python_statement t;

	if (spark_only(s, p, "") < 0 || spark_fields(s, p) < 0)
		return -1;
	spark_begin(s, &t, "filled", p, out);
	for (size_t i = 0; i < p->st->noperands; i++) {
		const char *spec = p->st->operands[i],
			   *eq = path_until(spec, '=');
		char *text = mem_dup(spec, (size_t)(eq - spec)),
		     *name = path_name(text);
		const struct schema *fields = p->in[0].plan.fields;
		int at = schema_like(fields, name, strlen(name));

		free(text);
		free(name);
		if (at < 0 || fields->f[at].type == NULL) {
			spark_refuse(
				s, p, "the type of '%s' is not known", spec);
			return give_up(&t);
		}
		fill_one(&t, &fields->f[at], eq + 1);
	}
	spark_end(s, &t);
	return 0;
}

/* ---- explode ---- */

/* A regular expression that matches this text alone. */
static void
put_pattern(const char *sep, struct buf *b)
{
	struct buf re;

	buf_init(&re);
	for (; *sep != '\0'; sep++) {
		if (strchr("\\^$.|?*+()[]{}", *sep) != NULL)
			buf_byte(&re, '\\');
		buf_byte(&re, *sep);
	}
	python_string(b, buf_cstr(&re));
	buf_release(&re);
}

static void
put_elements(const struct spark_step *p, const char *name, struct buf *b)
{
	const char *split = spark_text(p, "split"),
		   *regex = spark_text(p, "regex");

	buf_printf(b, "F.explode%s(", spark_given(p, "outer") ? "_outer" : "");
	if (split != NULL || regex != NULL)
		buf_str(b, "F.split(");
	spark_path(&p->in[0].plan, p->st->operands[0], b, NULL);
	if (split != NULL || regex != NULL) {
		buf_str(b, ", ");
		if (split != NULL)
			put_pattern(split, b);
		else
			python_string(b, regex);
		buf_byte(b, ')');
	}
	buf_str(b, ").alias(");
	python_string(b, name);
	buf_byte(b, ')');
}

int
spark_ops_explode(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	const char *as = spark_text(p, "as");
	char *name = path_name(as != NULL ? as : p->st->operands[0]);
	const struct schema *fields = p->st->out.fields;
	struct python_statement t;
	int rc = spark_only(s, p, "split regex as outer keep");

	if (rc == 0)
		rc = spark_fields(s, p);
	if (rc == 0) {
		int at = schema_like(fields, name, strlen(name));

		spark_begin(s, &t, "exploded", p, out);
		python_call(&t, "select");
		for (size_t i = 0; i < fields->n; i++)
			if ((int)i == at)
				put_elements(
					p, fields->f[i].name, python_arg(&t));
			else
				python_column(
					python_arg(&t), fields->f[i].name);
		spark_hidden(&t, &p->in[0]);
		spark_end(s, &t);
	}
	free(name);
	return rc;
}

/* ---- dedup ---- */

int
spark_ops_dedup(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	const struct list *by = spark_list(p, "by");
	struct list words = {NULL, 0}, names = {NULL, 0};
	struct python_statement t;
	bool within = spark_given(p, "within-watermark"), whole;

	if (spark_only(s, p, "by within-watermark") < 0 ||
		spark_fields(s, p) < 0)
		return -1;
	put_words(p, by->n, by->s, &words);
	if (words.n == 0 && p->in[0].hidden.n > 0)
		for (size_t i = 0; i < p->in[0].plan.fields->n; i++)
			list_add(
				&names, p->in[0].plan.fields->f[i].name, false);
	whole = whole_names(p, &words, &names);
	if (!whole)
		spark_refuse(s, p,
			"--by: Spark's dropDuplicates knows whole fields only: "
			"derive one from the path first");
	if (whole) {
		spark_begin(s, &t, "distinct", p, out);
		python_call(&t,
			within && s->stream ? "dropDuplicatesWithinWatermark"
					    : "dropDuplicates");
		if (names.n > 0)
			python_list(python_arg(&t), &names);
		spark_end(s, &t);
		if (by->n > 0)
			spark_note(s,
				"of the records of a key bief passes the "
				"first; Spark does not promise which one");
	}
	list_free(&words);
	list_free(&names);
	return whole ? 0 : -1;
}

/* ---- results ---- */

int
spark_ops_order(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	const struct list *by = spark_list(p, "by");
	struct list words = {NULL, 0};
	struct python_statement t;

	if (spark_only(s, p, "by limit") < 0)
		return -1;
	if (s->stream && !s->each && !p->in[0].plan.aggregated)
		return spark_refuse(s, p,
			"Spark sorts a stream behind an aggregation in "
			"complete mode only");
	if (s->stream && !s->each && p->in[0].plan.mode != MODE_COMPLETE &&
		p->in[0].plan.mode != MODE_NONE)
		return spark_refuse(s, p,
			"Spark sorts the results of a stream in complete mode "
			"only: agg --mode complete");
	put_words(p, by->n, by->s, &words);
	spark_begin(s, &t, "ordered", p, out);
	python_call(&t, "orderBy");
	for (size_t i = 0; i < words.n; i++) {
		bool down = words.s[i][0] == '-';
		struct buf *b = python_arg(&t);

		spark_path(&p->in[0].plan, words.s[i] + down, b, NULL);
		buf_str(b, down ? ".desc()" : ".asc()");
	}
	if (spark_given(p, "limit")) {
		python_call(&t, "limit");
		buf_printf(python_arg(&t), "%lld",
			(long long)spark_number(p, "limit"));
	}
	spark_end(s, &t);
	list_free(&words);
	return 0;
}

int
spark_ops_take(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	struct python_statement t;

	if (spark_only(s, p, "") < 0)
		return -1;
	spark_begin(s, &t, "taken", p, out);
	python_call(&t, "limit");
	python_arg_code(&t, p->st->operands[0]);
	spark_end(s, &t);
	return 0;
}

/* matrix.na.fill(0, subset=[...]): of the new columns only. */
static void
pivot_fill(struct spark *s, const struct spark_step *p, struct spark_flow *out,
	const struct list *rows)
{
	const char *fill = spark_text(p, "fill");
	struct python_statement t;
	struct buf *b;
	char *var;

	if (fill == NULL || strcmp(fill, "null") == 0)
		return;
	spark_note(s,
		"--fill fills the cells that no record has; Spark fills those "
		"of a record whose value is null, too");
	var = spark_unique(s, "matrix");
	python_begin(&t, var, out->var);
	python_call(&t, "na.fill");
	b = python_arg(&t);
	if (is_number(fill))
		buf_str(b, fill);
	else if (strcmp(fill, "true") == 0 || strcmp(fill, "false") == 0)
		buf_str(b, *fill == 't' ? "True" : "False");
	else
		python_string(b, fill);
	b = python_arg(&t);
	buf_printf(b, "subset=[c for c in %s.columns if c not in ", out->var);
	python_list(b, rows);
	buf_byte(b, ']');
	spark_end(s, &t);
	free(out->var);
	out->var = var;
}

int
spark_ops_pivot(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	char *words[1] = {(char *)spark_text(p, "rows")};
	struct list rows = {NULL, 0};
	struct python_statement t;

	if (spark_only(s, p, "rows cols value fill") < 0)
		return -1;
	put_words(p, 1, words, &rows);
	if (s->stream && !s->each) {
		s->each = true;
		s->written = mem_dup(p->in[0].var, strlen(p->in[0].var));
		free(p->in[0].var);
		p->in[0].var = mem_dup("rows", 4);
	}
	spark_begin(s, &t, "matrix", p, out);
	python_call(&t, "groupBy");
	for (size_t i = 0; i < rows.n; i++)
		spark_path(&p->in[0].plan, rows.s[i], python_arg(&t), NULL);
	python_call(&t, "pivot");
	python_arg_string(&t, spark_text(p, "cols"));
	python_call(&t, "agg");
	buf_str(python_arg(&t), "F.first(");
	spark_path(&p->in[0].plan, spark_text(p, "value"), &t.arg, NULL);
	buf_byte(&t.arg, ')');
	spark_end(s, &t);
	pivot_fill(s, p, out, &rows);
	list_free(&rows);
	list_free(&out->hidden);
	out->hidden = (struct list){NULL, 0};
	return 0;
}
