/*
 * spark_parse: lines become columns.
 */
#include <stdlib.h>
#include <string.h>

#include "command/spark/spark_impl.h"
#include "floor/mem.h"
#include "types/schema_parse.h"
#include "value/path.h"

/* The reader's files as lines, where no parser reads them itself. */
static void
read_lines(struct spark *s, struct spark_flow *f)
{
	struct python_statement t;

	if (f->var != NULL)
		return;
	f->var = spark_unique(s, "lines");
	python_begin(&t, f->var, f->reader);
	python_call(&t, "text");
	python_arg_code(&t, f->path);
	spark_state_skip(s, &t);
	spark_end(s, &t);
}

/* What stands in front of a parser must be lines; of files of its own, too. */
static int
take_input(struct spark *s, const struct spark_step *p)
{
	struct spark_flow *f = &p->in[0];

	if (f->var != NULL || f->reader != NULL)
		return f->lines || f->reader != NULL
			? 0
			: spark_refuse(s, p,
				  "lines are wanted in front of it, and records "
				  "come");
	if (p->st->noperands == 0)
		return spark_refuse(s, p,
			"Spark reads no standard input: put stream-files in "
			"front");
	return spark_source_operands(s, p, f);
}

int
spark_parse_records(
	struct spark *s, const struct spark_step *p, struct spark_flow *f)
{
	struct python_statement t;

	if (f->var != NULL && !f->lines)
		return 0;
	if (f->reader == NULL && f->var == NULL)
		return spark_refuse(s, p,
			"Spark reads no standard input: put stream-files and a "
			"parser in front");
	if (f->reader == NULL)
		return spark_refuse(s, p,
			"Spark cannot tell the fields of a stream of lines: "
			"put parse-json --schema in front");
	f->var = spark_unique(s, "records");
	python_begin(&t, f->var, f->reader);
	python_call(&t, "json");
	python_arg_code(&t, f->path);
	spark_state_skip(s, &t);
	spark_end(s, &t);
	if (s->stream)
		spark_conf(s, "spark.sql.streaming.schemaInference", "true");
	spark_note(s,
		"without a schema Spark makes one of the files that are there "
		"when it starts; bief passes objects as they are");
	f->lines = false;
	return 0;
}

/* ---- JSON ---- */

/* Options of from_json, by their names there. */
static void
json_options(
	const struct spark_step *p, struct list *names, struct list *values)
{
	static const char *const words[][2] = {{"comments", "allowComments"},
		{"bare-names", "allowUnquotedFieldNames"},
		{"leading-zeros", "allowNumericLeadingZeros"},
		{"any-escape", "allowBackslashEscapingAnyCharacter"},
		{"control-characters", "allowUnquotedControlChars"},
		{"single-quotes", "allowSingleQuotes"},
		{"not-a-number", "allowNonNumericNumbers"}};
	static const char *const texts[][2] = {
		{"corrupt-field", "columnNameOfCorruptRecord"},
		{"timestamp-format", "timestampFormat"},
		{"date-format", "dateFormat"}};
	char word[32];

	if (spark_given(p, "on-error") &&
		strcmp(spark_choice(p, "on-error", word), "fail") == 0) {
		list_add(names, "mode", false);
		list_add(values, "FAILFAST", false);
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (spark_text(p, texts[i][0]) != NULL) {
			list_add(names, texts[i][1], false);
			list_add(values, spark_text(p, texts[i][0]), false);
		}
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		for (int deny = 0; deny < 2; deny++) {
			const struct list *l = spark_list(
				p, deny ? "deny" : "allow");

			for (size_t k = 0; k < l->n; k++)
				if (strcmp(l->s[k], words[i][0]) == 0) {
					list_add(names, words[i][1], false);
					list_add(values,
						deny ? "false" : "true", false);
				}
		}
}

static void
put_options(struct buf *b, const struct list *names, const struct list *values)
{
	buf_byte(b, '{');
	for (size_t i = 0; i < names->n; i++) {
		if (i > 0)
			buf_str(b, ", ");
		python_string(b, names->s[i]);
		buf_str(b, ": ");
		python_string(b, values->s[i]);
	}
	buf_byte(b, '}');
}

/* The schema, with the field for malformed text. */
static struct schema *
schema_of(struct spark *s, const struct spark_step *p)
{
	const char *corrupt = spark_text(p, "corrupt-field");
	struct schema *schema = schema_parse_from(
		spark_text(p, "schema"), spark_text(p, "schema-file"), s->err);
	int at;

	if (schema != NULL &&
		schema_corrupt(schema, corrupt, &at, s->err) < 0) {
		schema_free(schema);
		return NULL;
	}
	return schema;
}

/* The column of nanoseconds as a time, by SQL. */
static void
put_nanoseconds(struct buf *b, const char *field)
{
	struct buf name, sql;

	buf_init(&name);
	buf_init(&sql);
	python_name(&name, field);
	buf_printf(&sql, "timestamp_micros((%s - pmod(%s, 1000)) div 1000)",
		buf_cstr(&name), name.p);
	buf_str(b, "F.expr(");
	python_string(b, buf_cstr(&sql));
	buf_byte(b, ')');
	buf_release(&name);
	buf_release(&sql);
}

/* Integers of another unit than seconds become times here. */
static void
put_units(struct spark *s, struct python_statement *t,
	const struct schema *schema)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct type *type = schema->f[i].type;
		struct buf *b;

		if (type->kind != TYPE_TIMESTAMP || type->unit == UNIT_S)
			continue;
		spark_note(s,
			"a field of type timestamp(ms), (us) or (ns) is taken "
			"from integers only; bief reads text in it, too");
		python_call(t, "withColumn");
		python_arg_string(t, schema->f[i].name);
		b = python_arg(t);
		if (type->unit == UNIT_NS) {
			put_nanoseconds(b, schema->f[i].name);
			continue;
		}
		buf_printf(b, "F.timestamp_%s(",
			type->unit == UNIT_MS ? "millis" : "micros");
		python_column(b, schema->f[i].name);
		buf_byte(b, ')');
	}
}

/* F.from_json(text, schema) under a name. */
static void
put_from_json(const struct spark_step *p, struct buf *b,
	const struct schema *schema, const char *text, const char *name)
{
	struct list names = {NULL, 0}, values = {NULL, 0};
	struct buf ddl;

	buf_init(&ddl);
	spark_ddl(schema, &ddl);
	json_options(p, &names, &values);
	buf_printf(b, "F.from_json(%s, ", text);
	python_string(b, buf_cstr(&ddl));
	if (names.n > 0) {
		buf_str(b, ", ");
		put_options(b, &names, &values);
	}
	buf_printf(b, ").alias(\"%s\")", name);
	list_free(&names);
	list_free(&values);
	buf_release(&ddl);
}

/* The fields that --keep keeps. */
static void
put_kept(const struct spark_step *p, struct python_statement *t)
{
	const struct schema *fields = p->in[0].plan.fields;

	for (size_t i = 0; spark_given(p, "keep") && i < fields->n; i++)
		python_column(python_arg(t), fields->f[i].name);
	spark_hidden(t, &p->in[0]);
}

/* The struct's fields as columns, of the text in a column. */
static void
parse_column(struct spark *s, const struct spark_step *p,
	const struct schema *schema, const char *text, struct spark_flow *out)
{
	char *json = spark_column(&p->in[0].plan, "json");
	struct python_statement t;

	spark_begin(s, &t, "records", p, out);
	python_call(&t, "select");
	put_kept(p, &t);
	put_from_json(p, python_arg(&t), schema, text, json);
	python_call(&t, "select");
	put_kept(p, &t);
	buf_printf(python_arg(&t), "\"%s.*\"", json);
	put_units(s, &t, schema);
	spark_end(s, &t);
	free(json);
}

/* Directories give it fields, so that Spark's own reader must read it. */
static void
parse_partitions(struct spark *s, const struct spark_step *p,
	const struct schema *schema, struct spark_flow *out)
{
	struct python_statement t;
	struct buf ddl;

	buf_init(&ddl);
	spark_ddl(schema, &ddl);
	out->var = spark_unique(s, "records");
	python_begin(&t, out->var, p->in[0].reader);
	python_call(&t, "schema");
	python_arg_string(&t, buf_cstr(&ddl));
	python_call(&t, "json");
	python_arg_code(&t, p->in[0].path);
	spark_state_skip(s, &t);
	put_units(s, &t, schema);
	spark_end(s, &t);
	spark_note(s,
		"Spark's reader of files gives no row for a blank line, and "
		"one for each element of an array");
	buf_release(&ddl);
}

static int
parse_field(struct spark *s, const struct spark_step *p,
	const struct schema *schema, struct spark_flow *out)
{
	struct buf text;

	if (spark_parse_records(s, p, &p->in[0]) < 0 ||
		(spark_given(p, "keep") && spark_fields(s, p) < 0))
		return -1;
	buf_init(&text);
	spark_path(&p->in[0].plan, spark_text(p, "field"), &text, NULL);
	parse_column(s, p, schema, buf_cstr(&text), out);
	buf_release(&text);
	return 0;
}

int
spark_parse_json(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	struct schema *schema;
	int rc = 0;

	out->lines = false;
	if (spark_only(s, p,
		    "schema schema-file field keep corrupt-field "
		    "timestamp-format date-format allow deny") < 0)
		return -1;
	if (spark_text(p, "field") == NULL && take_input(s, p) < 0)
		return -1;
	if (spark_text(p, "schema") == NULL &&
		spark_text(p, "schema-file") == NULL) {
		if (spark_text(p, "field") != NULL)
			return spark_refuse(s, p,
				"--field without a schema: Spark's from_json "
				"needs one (--schema)");
		rc = spark_parse_records(s, p, &p->in[0]);
		out->var = rc == 0 ? mem_dup(p->in[0].var, strlen(p->in[0].var))
				   : NULL;
		return rc;
	}
	schema = schema_of(s, p);
	if (schema == NULL)
		return -1;
	if (spark_text(p, "field") != NULL)
		rc = parse_field(s, p, schema, out);
	else if (p->in[0].partitions)
		parse_partitions(s, p, schema, out);
	else {
		read_lines(s, &p->in[0]);
		parse_column(s, p, schema, "F.col(\"value\")", out);
	}
	schema_free(schema);
	return rc;
}

/* ---- CSV ---- */

static void
csv_separator(
	const struct spark_step *p, struct list *names, struct list *values)
{
	const char *sep = spark_text(p, "sep");

	if (sep == NULL)
		return;
	list_add(names, "sep", false);
	list_add(values,
		strcmp(sep, "tab") == 0 || strcmp(sep, "\\t") == 0 ? "\t" : sep,
		false);
}

static int
csv_options(struct spark *s, const struct spark_step *p, struct list *names,
	struct list *values)
{
	static const char *const texts[][2] = {{"quote", "quote"},
		{"comment", "comment"},
		{"corrupt-field", "columnNameOfCorruptRecord"},
		{"timestamp-format", "timestampFormat"}};
	const struct list *nulls = spark_list(p, "null");
	char word[32];

	if (nulls->n > 1)
		return spark_refuse(s, p,
			"--null is given twice, and Spark knows one text for "
			"null: derive --sql \"x = nullif(x, 'NA')\" does it");
	csv_separator(p, names, values);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (spark_text(p, texts[i][0]) != NULL) {
			list_add(names, texts[i][1], false);
			list_add(values, spark_text(p, texts[i][0]), false);
		}
	if (nulls->n == 1) {
		list_add(names, "nullValue", false);
		list_add(values, nulls->s[0], false);
	}
	if (spark_given(p, "trim"))
		for (int i = 0; i < 2; i++) {
			list_add(names,
				i == 0 ? "ignoreLeadingWhiteSpace"
				       : "ignoreTrailingWhiteSpace",
				false);
			list_add(values, "true", false);
		}
	if (spark_given(p, "on-error") &&
		strcmp(spark_choice(p, "on-error", word), "keep") != 0) {
		list_add(names, "mode", false);
		list_add(values,
			strcmp(word, "skip") == 0 ? "DROPMALFORMED"
						  : "FAILFAST",
			false);
	}
	return 0;
}

/* Spark's reader reads the files. */
static void
csv_files(struct spark *s, const struct spark_step *p,
	const struct schema *schema, const struct list *names,
	const struct list *values, struct spark_flow *out)
{
	char word[32];
	struct python_statement t;
	struct buf ddl;

	buf_init(&ddl);
	out->var = spark_unique(s, "records");
	python_begin(&t, out->var, p->in[0].reader);
	if (spark_given(p, "header")) {
		python_call(&t, "option");
		python_arg_string(&t, "header");
		python_arg_code(&t, "True");
	}
	if (!spark_given(p, "multi-line") ||
		strcmp(spark_choice(p, "multi-line", word), "true") == 0) {
		python_call(&t, "option");
		python_arg_string(&t, "multiLine");
		python_arg_code(&t, "True");
	}
	for (size_t i = 0; i < names->n; i++) {
		python_call(&t, "option");
		python_arg_string(&t, names->s[i]);
		python_arg_string(&t, values->s[i]);
	}
	if (schema != NULL) {
		spark_ddl(schema, &ddl);
		python_call(&t, "schema");
		python_arg_string(&t, buf_cstr(&ddl));
	}
	python_call(&t, "csv");
	python_arg_code(&t, p->in[0].path);
	spark_state_skip(s, &t);
	/* Without a schema all is text, and nothing a text of no characters. */
	if (schema == NULL && spark_list(p, "null")->n == 0) {
		python_call(&t, "na.fill");
		python_arg_string(&t, "");
	}
	spark_end(s, &t);
	buf_release(&ddl);
}

/* Lines that come otherwise. */
static void
csv_lines(struct spark *s, const struct spark_step *p,
	const struct schema *schema, const struct list *names,
	const struct list *values, struct spark_flow *out)
{
	struct python_statement t;
	struct buf ddl, *b;

	buf_init(&ddl);
	spark_ddl(schema, &ddl);
	spark_begin(s, &t, "records", p, out);
	python_call(&t, "select");
	b = python_arg(&t);
	buf_str(b, "F.from_csv(F.col(\"value\"), ");
	python_string(b, buf_cstr(&ddl));
	if (names->n > 0) {
		buf_str(b, ", ");
		put_options(b, names, values);
	}
	buf_str(b, ").alias(\"csv\")");
	python_call(&t, "select");
	python_arg_string(&t, "csv.*");
	spark_end(s, &t);
	buf_release(&ddl);
}

int
spark_parse_csv(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	struct list names = {NULL, 0}, values = {NULL, 0};
	struct schema *schema = NULL;
	bool told = spark_text(p, "schema") != NULL ||
		spark_text(p, "schema-file") != NULL;
	int rc;

	out->lines = false;
	if (spark_only(s, p,
		    "sep header schema schema-file quote multi-line null trim "
		    "comment corrupt-field timestamp-format ragged") < 0 ||
		take_input(s, p) < 0)
		return -1;
	if (!told && (s->stream || p->in[0].reader == NULL))
		return spark_refuse(s, p,
			"a stream in Spark needs a schema (--schema; --infer "
			"FILE tells one)");
	if (p->in[0].reader == NULL && spark_given(p, "header"))
		return spark_refuse(s, p,
			"--header: Spark knows no first line of a stream that "
			"is not made of files");
	if (told && (schema = schema_of(s, p)) == NULL)
		return -1;
	rc = csv_options(s, p, &names, &values);
	if (rc == 0 && p->in[0].reader != NULL)
		csv_files(s, p, schema, &names, &values, out);
	else if (rc == 0)
		csv_lines(s, p, schema, &names, &values, out);
	schema_free(schema);
	list_free(&names);
	list_free(&values);
	return rc;
}

int
spark_parse_text(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	out->lines = false;
	if (spark_only(s, p, "") < 0 || take_input(s, p) < 0)
		return -1;
	read_lines(s, &p->in[0]);
	out->var = mem_dup(p->in[0].var, strlen(p->in[0].var));
	return 0;
}
