/*
 * spark_sink: where rows go: a format that Spark knows, or a function that it
 * calls for each batch.  A batch job has one batch, and the same function's
 * statements stand alone.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "command/spark/spark_query.h"
#include "command/spark/spark_impl.h"
#include "floor/mem.h"
#include "time/time.h"
#include "value/path.h"

int
spark_sink_print(struct spark *s, struct spark_flow *in)
{
	struct buf text;
	int n = spark_query_indent(s);

	if (in->var == NULL) {
		struct python_statement t;

		in->var = spark_unique(s, "lines");
		python_begin(&t, in->var, in->reader);
		python_call(&t, "text");
		python_arg_code(&t, in->path);
		spark_state_skip(s, &t);
		spark_end(s, &t);
		in->lines = true;
	}
	spark_query_columns(s, in);
	buf_init(&text);
	if (in->lines) {
		buf_printf(&text,
			"%*sfor row in %s.toLocalIterator():\n"
			"%*sprint(row[0], flush=True)\n",
			n, "", spark_query_rows(s, in), n + 4, "");
	} else {
		s->prints = true;
		buf_printf(&text,
			"%*sfor line in json_lines(%s):\n"
			"%*sprint(line, flush=True)\n",
			n, "", spark_query_rows(s, in), n + 4, "");
	}
	spark_query_each(s, in, &text);
	buf_release(&text);
	return 0;
}

/* ---- tables on the terminal ---- */

static void
put_show(struct buf *b, const char *var, int indent, int64_t rows,
	int64_t truncate)
{
	buf_printf(b, "%*s%s.show(%lld, truncate=", indent, "", var,
		(long long)rows);
	if (truncate == 0)
		buf_str(b, "False)\n");
	else if (truncate == 20)
		buf_str(b, "True)\n");
	else
		buf_printf(b, "%lld)\n", (long long)truncate);
}

static int
show_table(struct spark *s, const struct spark_step *p)
{
	int64_t rows = spark_given(p, "rows") ? spark_number(p, "rows") : 20;
	int64_t cut = spark_given(p, "no-truncate") ? 0
		: spark_given(p, "truncate") ? spark_number(p, "truncate")
					     : 20;
	struct spark_flow *in = &p->in[0];
	struct python_statement t;
	struct buf text;

	if (!s->stream || s->each || (cut != 0 && cut != 20)) {
		buf_init(&text);
		put_show(&text, spark_query_rows(s, in), spark_query_indent(s),
			rows, cut);
		spark_query_each(s, in, &text);
		buf_release(&text);
		return 0;
	}
	spark_query_begin(s, &t, in->var, spark_query_mode(in), false);
	python_call(&t, "format");
	python_arg_string(&t, "console");
	if (rows != 20) {
		python_call(&t, "option");
		python_arg_string(&t, "numRows");
		buf_printf(python_arg(&t), "%lld", (long long)rows);
	}
	if (cut == 0) {
		python_call(&t, "option");
		python_arg_string(&t, "truncate");
		python_arg_code(&t, "False");
	}
	spark_query_end(s, &t);
	spark_note(s,
		"a batch without rows prints no table in bief; Spark prints "
		"its header each time");
	return 0;
}

/* ---- SQLite ---- */

int
spark_sink_table(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	const char *db = spark_text(p, "db"), *table = spark_text(p, "table");
	char style[32];

	(void)out;
	if (spark_only(s, p,
		    "db table mode key rows truncate no-truncate style") < 0)
		return -1;
	if (spark_given(p, "style") &&
		strcmp(spark_choice(p, "style", style), "pprint") == 0)
		return spark_refuse(s, p,
			"--style pprint: Structured Streaming has no such "
			"form, it is that of DStreams");
	spark_query_columns(s, &p->in[0]);
	if (db == NULL)
		return show_table(s, p);
	return spark_database_sqlite(s, p, db, table);
}

/* ---- files ---- */

static void
put_format(struct spark *s, const struct spark_step *p,
	struct python_statement *t, const char *format)
{
	const struct list *by = spark_list(p, "partition-by");
	const char *sep = spark_text(p, "sep");

	python_call(t, "format");
	python_arg_string(t, format);
	if (strcmp(format, "json") == 0) {
		python_option(t, "ignoreNullFields", "false");
		python_option(t, "timestampFormat",
			"yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX");
	} else if (strcmp(format, "csv") == 0) {
		python_call(t, "option");
		python_arg_string(t, "header");
		python_arg_code(t, "True");
		python_option(t, "timestampFormat",
			"yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX");
		if (sep != NULL)
			python_option(
				t, "sep", strcmp(sep, "\\t") == 0 ? "\t" : sep);
	}
	/* Times are written as of UTC, whatever the session's zone. */
	if (s->zone != NULL && strcmp(format, "delta") != 0)
		python_option(t, "timeZone", "UTC");
	if (by->n > 0)
		python_call(t, "partitionBy");
	for (size_t i = 0; i < by->n; i++) {
		char *name = path_name(by->s[i]);

		python_arg_string(t, name);
		free(name);
	}
}

/* x.write.format(...).mode(...).save(path), as text of a batch. */
static void
write_files(struct spark *s, const struct spark_step *p, const char *format,
	const char *mode)
{
	struct spark_flow *in = &p->in[0];
	struct python_statement t;
	struct buf text, from;

	buf_init(&text);
	buf_init(&from);
	buf_printf(&from, "%s.write", spark_query_rows(s, in));
	python_begin(&t, NULL, buf_cstr(&from));
	put_format(s, p, &t, format);
	python_call(&t, "mode");
	python_arg_string(&t, mode);
	python_call(&t, "save");
	python_arg_string(&t, p->st->operands[0]);
	python_end(&t, &text, spark_query_indent(s));
	spark_query_each(s, in, &text);
	buf_release(&text);
	buf_release(&from);
}

static int
put_files(struct spark *s, const struct spark_step *p, const char *format)
{
	struct spark_flow *in = &p->in[0];
	struct python_statement t;

	spark_query_columns(s, in);
	if (spark_list(p, "partition-by")->n > 0)
		spark_note(s,
			"records keep the fields that name their directories "
			"in bief; Spark takes them out of the files");
	if (!s->stream || s->each) {
		write_files(s, p, format,
			strcmp(spark_query_mode(in), "complete") == 0 &&
					s->stream
				? "overwrite"
				: "append");
		return 0;
	}
	spark_query_begin(s, &t, in->var, spark_query_mode(in), true);
	put_format(s, p, &t, format);
	python_option(&t, "path", p->st->operands[0]);
	spark_query_end(s, &t);
	return 0;
}

int
spark_sink_files(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	char format[32];

	(void)out;
	if (spark_only(s, p, "format partition-by sep mode") < 0)
		return -1;
	if (s->stream && !s->each &&
		strcmp(spark_query_mode(&p->in[0]), "append") != 0)
		return spark_refuse(s, p,
			"Spark's files are only ever added on a stream: agg "
			"--mode append, with a watermark");
	return put_files(s, p, spark_choice(p, "format", format));
}

int
spark_sink_delta(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	(void)out;
	if (spark_only(s, p, "mode partition-by") < 0)
		return -1;
	if (s->stream && strcmp(spark_query_mode(&p->in[0]), "update") == 0)
		return spark_refuse(s, p,
			"Spark writes no updates to Delta by itself: agg "
			"--mode append or complete");
	spark_conf(s, "spark.sql.extensions",
		"io.delta.sql.DeltaSparkSessionExtension");
	spark_conf(s, "spark.sql.catalog.spark_catalog",
		"org.apache.spark.sql.delta.catalog.DeltaCatalog");
	spark_note(s,
		"Delta is a package of its own: spark-submit --packages "
		"io.delta:delta-spark_2.13:VERSION");
	return put_files(s, p, "delta");
}

/* ---- Kafka ---- */

/* A field as the text of a message. */
static void
put_message(const struct spark_step *p, const char *field, const char *name,
	struct python_statement *t)
{
	const struct type *type = spark_type(&p->in[0].plan, field);
	bool json = type != NULL &&
		(type->kind == TYPE_ARRAY || type->kind == TYPE_MAP ||
			type->kind == TYPE_STRUCT);
	struct buf *b = python_arg(t);

	if (json)
		buf_str(b, "F.to_json(");
	spark_path(&p->in[0].plan, field, b, NULL);
	buf_str(b, json ? ", JSON_OPTIONS)" : ".cast(\"string\")");
	buf_printf(b, ".alias(\"%s\")", name);
}

static void
put_messages(
	struct spark *s, const struct spark_step *p, struct python_statement *t)
{
	const char *value = spark_text(p, "value"), *key = spark_text(p, "key"),
		   *topic = spark_text(p, "topic-field"),
		   *part = spark_text(p, "partition-field"),
		   *headers = spark_text(p, "headers");
	struct buf *b;

	s->prints = true;
	python_call(t, "select");
	if (key != NULL)
		put_message(p, key, "key", t);
	if (value != NULL)
		put_message(p, value, "value", t);
	else
		python_arg_code(t,
			"F.to_json(F.struct(\"*\"), "
			"JSON_OPTIONS).alias(\"value\")");
	if (topic != NULL) {
		b = python_arg(t);
		buf_str(b, "F.coalesce(");
		spark_path(&p->in[0].plan, topic, b, NULL);
		buf_str(b, ", F.lit(");
		python_string(
			b, p->st->noperands > 1 ? p->st->operands[1] : "");
		buf_str(b, ")).alias(\"topic\")");
	}
	if (part != NULL) {
		b = python_arg(t);
		spark_path(&p->in[0].plan, part, b, NULL);
		buf_str(b, ".cast(\"int\").alias(\"partition\")");
	}
	if (headers != NULL) {
		b = python_arg(t);
		buf_str(b, "F.transform(");
		spark_path(&p->in[0].plan, headers, b, NULL);
		buf_str(b,
			", lambda h: F.struct(h[\"key\"].alias(\"key\"), "
			"h[\"value\"].cast(\"binary\").alias(\"value\")))"
			".alias(\"headers\")");
	}
}

static void
put_kafka_options(const struct spark_step *p, struct python_statement *t)
{
	const struct list *l = spark_list(p, "property");

	python_call(t, "format");
	python_arg_string(t, "kafka");
	python_option(t, "kafka.bootstrap.servers", p->st->operands[0]);
	if (p->st->noperands > 1 && spark_text(p, "topic-field") == NULL)
		python_option(t, "topic", p->st->operands[1]);
	for (size_t i = 0; i < l->n; i++) {
		const char *eq = strchr(l->s[i], '=');
		struct buf name;

		if (eq == NULL)
			continue;
		buf_init(&name);
		buf_str(&name, "kafka.");
		buf_add(&name, l->s[i], (size_t)(eq - l->s[i]));
		python_option(t, buf_cstr(&name), eq + 1);
		buf_release(&name);
	}
}

int
spark_sink_kafka(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	struct spark_flow *in = &p->in[0];
	struct python_statement t;
	struct buf text, from;
	char *messages;

	(void)out;
	if (spark_only(s, p,
		    "value key topic-field partition-field headers timeout "
		    "property") < 0)
		return -1;
	spark_query_columns(s, in);
	messages = spark_unique(s, "messages");
	python_begin(&t, messages, in->var);
	put_messages(s, p, &t);
	spark_end(s, &t);
	free(in->var);
	in->var = messages;
	spark_note(s,
		"Spark writes to Kafka at least once; bief with a checkpoint "
		"exactly once");
	spark_note(s,
		"Kafka is a package of Spark's: spark-submit --packages "
		"org.apache.spark:spark-sql-kafka-0-10_2.13:VERSION");
	if (s->stream && !s->each) {
		spark_query_begin(s, &t, in->var, spark_query_mode(in), true);
		put_kafka_options(p, &t);
		spark_query_end(s, &t);
		return 0;
	}
	buf_init(&text);
	buf_init(&from);
	buf_printf(&from, "%s.write", spark_query_rows(s, in));
	python_begin(&t, NULL, buf_cstr(&from));
	put_kafka_options(p, &t);
	python_call(&t, "save");
	python_end(&t, &text, spark_query_indent(s));
	spark_query_each(s, in, &text);
	buf_release(&text);
	buf_release(&from);
	return 0;
}

/* ---- a command ---- */

/* subprocess.run(...), as often as --retry says. */
static void
put_run(const struct spark_step *p, int n, struct buf *b)
{
	const struct list *ok = spark_list(p, "ok");
	int64_t retry = spark_given(p, "retry") ? spark_number(p, "retry") : 0;
	struct list words = {p->st->operands, p->st->noperands};

	buf_printf(b, "%*sfor attempt in range(%lld):\n", n, "",
		(long long)retry + 1);
	buf_printf(b, "%*sdone = subprocess.run(\n%*s", n + 4, "", n + 8, "");
	python_list(b, &words);
	buf_printf(b,
		",\n%*sinput=\"\".join(line + \"\\n\" for line in output)"
		".encode(),\n"
		"%*senv=dict(os.environ, BIEF_BATCH_ID=str(batch_id)),\n",
		n + 8, "", n + 8, "");
	if (spark_given(p, "timeout"))
		buf_printf(b, "%*stimeout=%.6g,\n", n + 8, "",
			(double)spark_number(p, "timeout") / 1e6);
	buf_printf(b, "%*s)\n%*sif done.returncode in [", n + 4, "", n + 4, "");
	for (size_t i = 0; i < ok->n; i++)
		buf_printf(b, "%s%lld", i > 0 ? ", " : "",
			strtoll(ok->s[i], NULL, 10));
	buf_printf(b,
		"%s]:\n%*sbreak\n%*selse:\n"
		"%*sdone.check_returncode()\n"
		"%*sraise RuntimeError(\"the command has failed\")\n",
		ok->n == 0 ? "0" : "", n + 8, "", n, "", n + 4, "", n + 4, "");
}

int
spark_sink_exec(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	struct spark_flow *in = &p->in[0];
	struct buf text;
	int n = spark_query_indent(s);

	(void)out;
	if (spark_only(s, p, "empty ok retry timeout") < 0)
		return -1;
	spark_query_columns(s, in);
	s->prints = s->runs = true;
	buf_init(&text);
	if (!s->stream)
		buf_str(&text, "batch_id = 0\n");
	buf_printf(&text, "%*soutput = json_lines(%s)\n", n, "",
		spark_query_rows(s, in));
	if (!spark_given(p, "empty")) {
		buf_printf(&text, "%*sif output:\n", n, "");
		n += 4;
	}
	put_run(p, n, &text);
	spark_query_each(s, in, &text);
	buf_release(&text);
	return 0;
}
