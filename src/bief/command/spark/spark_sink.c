/*
 * spark_sink: where rows go: a format that Spark knows, or a function that it
 * calls for each batch.  A batch job has one batch, and the same function's
 * statements stand alone.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "command/spark/spark_impl.h"
#include "floor/mem.h"
#include "time/time.h"
#include "value/path.h"

/* Columns that are no fields do not go out. */
static void
clean_columns(struct spark *s, struct spark_flow *in)
{
	struct python_statement t;
	char *var;

	spark_settle(s, in);
	if (in->hidden.n == 0)
		return;
	var = spark_unique(s, "visible");
	python_begin(&t, var, in->var);
	python_call(&t, "drop");
	for (size_t i = 0; i < in->hidden.n; i++)
		python_arg_string(&t, in->hidden.s[i]);
	spark_end(s, &t);
	free(in->var);
	in->var = var;
	list_free(&in->hidden);
	in->hidden = (struct list){NULL, 0};
}

static const char *
mode_of(const struct spark_flow *in)
{
	if (in->plan.mode != MODE_NONE)
		return plan_mode_name(in->plan.mode);
	return in->plan.aggregated ? "complete" : "append";
}

/* Where Spark keeps how far it is; not in bief's directory, which has another
 * form. */
static void
put_checkpoint(struct spark *s, struct python_statement *t, bool needed)
{
	struct buf dir;

	if (s->checkpoint == NULL && !needed)
		return;
	python_call(t, "option");
	python_arg_string(t, "checkpointLocation");
	if (s->checkpoint == NULL) {
		python_arg_code(t, "tempfile.mkdtemp(prefix=\"bief-\")");
		s->wants_temp = true;
		return;
	}
	buf_init(&dir);
	buf_str(&dir, s->checkpoint);
	while (dir.n > 1 && dir.p[dir.n - 1] == '/')
		dir.n--;
	buf_str(&dir, "-spark");
	python_arg_string(t, buf_cstr(&dir));
	buf_release(&dir);
	spark_note(s,
		"a checkpoint of Spark has another form than bief's: it stands "
		"beside that, and begins anew");
}

/* query = x.writeStream.outputMode(...).trigger(...); the format follows. */
static void
begin_query(struct spark *s, struct python_statement *t, const char *var,
	const char *mode, bool checkpoint)
{
	struct buf from;

	buf_init(&from);
	buf_printf(&from, "%s.writeStream", var);
	python_begin(t, "query", buf_cstr(&from));
	buf_release(&from);
	python_call(t, "outputMode");
	python_arg_string(t, mode);
	if (s->trigger != NULL) {
		python_call(t, "trigger");
		python_arg_code(t, s->trigger);
	}
	if (s->title != NULL) {
		python_call(t, "queryName");
		python_arg_string(t, s->title);
	}
	put_checkpoint(s, t, checkpoint);
}

static void
end_query(struct spark *s, struct python_statement *t)
{
	python_call(t, "start");
	python_end(t, &s->body, 0);
	if (s->timeout_us >= 0)
		buf_printf(&s->body,
			"query.awaitTermination(%.6g)\n"
			"query.stop()\n",
			(double)s->timeout_us / 1e6);
	else
		buf_str(&s->body, "query.awaitTermination()\n");
}

/*
 * The function for each batch, of which text is the end: statements of var,
 * which is "rows" unless others stand in front.  In a batch job they stand
 * alone.
 */
static void
each_batch(struct spark *s, struct spark_flow *in, const struct buf *text)
{
	struct python_statement t;

	if (!s->stream) {
		if (s->defines)
			buf_str(&s->body, "\n\n");
		buf_add(&s->body, text->p, text->n);
		return;
	}
	buf_str(&s->body, "\n\ndef write_batch(rows, batch_id):\n");
	buf_add(&s->body, s->later.p, s->later.n);
	buf_add(&s->body, text->p, text->n);
	buf_str(&s->body, "\n\n");
	begin_query(s, &t, s->each ? s->written : in->var, mode_of(in), false);
	python_call(&t, "foreachBatch");
	python_arg_code(&t, "write_batch");
	end_query(s, &t);
}

/* What the rows of a batch are called, and how far their statements stand
 * in. */
static const char *
rows_of(const struct spark *s, const struct spark_flow *in)
{
	return s->stream && !s->each ? "rows" : in->var;
}

static int
indent_of(const struct spark *s)
{
	return s->stream ? 4 : 0;
}

int
spark_sink_print(struct spark *s, struct spark_flow *in)
{
	struct buf text;
	int n = indent_of(s);

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
	clean_columns(s, in);
	buf_init(&text);
	if (in->lines) {
		buf_printf(&text,
			"%*sfor row in %s.toLocalIterator():\n"
			"%*sprint(row[0], flush=True)\n",
			n, "", rows_of(s, in), n + 4, "");
	} else {
		s->prints = true;
		buf_printf(&text,
			"%*sfor line in json_lines(%s):\n"
			"%*sprint(line, flush=True)\n",
			n, "", rows_of(s, in), n + 4, "");
	}
	each_batch(s, in, &text);
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
		put_show(&text, rows_of(s, in), indent_of(s), rows, cut);
		each_batch(s, in, &text);
		buf_release(&text);
		return 0;
	}
	begin_query(s, &t, in->var, mode_of(in), false);
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
	end_query(s, &t);
	spark_note(s,
		"a batch without rows prints no table in bief; Spark prints "
		"its header each time");
	return 0;
}

/* ---- tables in databases ---- */

struct database {
	struct buf url, table; /* the table as SQL has it */
	struct buf exists;     /* a query that counts tables of that name */
	const char *driver, *package;
	bool login; /* user and password come from the environment */
};

static void
database_init(struct database *d)
{
	memset(d, 0, sizeof(*d));
	buf_init(&d->url);
	buf_init(&d->table);
	buf_init(&d->exists);
}

static void
database_release(struct database *d)
{
	buf_release(&d->url);
	buf_release(&d->table);
	buf_release(&d->exists);
}

/* Text between such quotes, which are doubled within. */
static void
put_quoted(struct buf *b, const char *text, size_t n, char quote)
{
	buf_byte(b, quote);
	for (size_t i = 0; i < n; i++) {
		if (text[i] == quote)
			buf_byte(b, quote);
		buf_byte(b, text[i]);
	}
	buf_byte(b, quote);
}

/* URL, TABLE and table_exists(), in front of the function. */
static void
put_database(struct spark *s, struct database *d, bool asks)
{
	struct buf *b = &s->body;

	buf_str(b, "\nURL = ");
	python_string(b, buf_cstr(&d->url));
	buf_str(b, "\nTABLE = ");
	python_string(b, buf_cstr(&d->table));
	buf_printf(b, "\nPROPERTIES = {\"driver\": \"%s\"", d->driver);
	if (d->login) {
		s->wants_os = true;
		buf_str(b,
			"}\n"
			"for name in (\"user\", \"password\"):\n"
			"    if \"PG\" + name.upper() in os.environ:\n"
			"        PROPERTIES[name] = os.environ[\"PG\" + "
			"name.upper()]\n");
	} else {
		buf_str(b, "}\n");
	}
	if (!asks)
		return;
	s->defines = true;
	buf_str(b,
		"\n\ndef ask(query):\n"
		"    rows = spark.read.jdbc(URL, query, properties=PROPERTIES)\n"
		"    return rows.first()[0]\n"
		"\n\ndef table_exists():\n"
		"    return ask(");
	python_string(b, buf_cstr(&d->exists));
	buf_str(b, ") > 0\n");
}

static void
put_write(struct buf *b, int indent, const char *rows, const char *mode)
{
	buf_printf(b,
		"%*s%s.coalesce(1).write.jdbc(\n"
		"%*sURL, TABLE, mode=\"%s\", properties=PROPERTIES\n"
		"%*s)\n",
		indent, "", rows, indent + 4, "", mode, indent, "");
}

/* New rows, with the number of their batch: what is there is not written
 * again. */
static void
put_append(struct spark *s, const char *rows, struct database *d, struct buf *b)
{
	struct buf query;

	/* Without a checkpoint each start counts its batches anew. */
	if (!s->stream || s->checkpoint == NULL) {
		put_write(b, indent_of(s), rows, "append");
		return;
	}
	buf_init(&query);
	buf_printf(&query, "(SELECT COALESCE(MAX(batch_id), -1) FROM %s) AS b",
		buf_cstr(&d->table));
	buf_str(b,
		"    # A batch that is run again is there already.\n"
		"    if table_exists() and ask(");
	python_string(b, buf_cstr(&query));
	buf_printf(b,
		") >= batch_id:\n"
		"        return\n"
		"    numbered = %s.withColumn(\"batch_id\", F.lit(batch_id))\n",
		rows);
	put_write(b, 4, "numbered", "append");
	buf_release(&query);
}

/* Rows take the place of those of the same key. */
static void
put_update(const char *rows, const struct list *keys, int indent, struct buf *b)
{
	struct buf cond;

	buf_init(&cond);
	for (size_t i = 0; i < keys->n; i++) {
		struct buf name;

		buf_init(&name);
		python_name(&name, keys->s[i]);
		buf_printf(&cond, "%sold.%s <=> new.%s", i > 0 ? " AND " : "",
			buf_cstr(&name), name.p);
		buf_release(&name);
	}
	buf_printf(b,
		"%*schanged = %s.localCheckpoint()\n"
		"%*sif table_exists():\n"
		"%*sold = spark.read.jdbc(URL, TABLE, properties=PROPERTIES)\n"
		"%*skept = old.alias(\"old\").join(\n"
		"%*schanged.alias(\"new\"), F.expr(",
		indent, "", rows, indent, "", indent + 4, "", indent + 4, "",
		indent + 8, "");
	python_string(b, buf_cstr(&cond));
	buf_printf(b,
		"), \"left_anti\"\n"
		"%*s)\n"
		"%*schanged = kept.unionByName(changed).localCheckpoint()\n",
		indent + 4, "", indent + 4, "");
	put_write(b, indent, "changed", "overwrite");
	buf_release(&cond);
}

/* The fields that tell the rows of an update apart. */
static const struct list *
keys_of(const struct spark_step *p)
{
	const struct list *keys = spark_list(p, "key");

	return keys->n > 0 ? keys : &p->in[0].plan.keys;
}

static int
keep_table(struct spark *s, const struct spark_step *p, struct database *d)
{
	struct spark_flow *in = &p->in[0];
	const char *rows = rows_of(s, in), *mode = mode_of(in);
	char told[32];
	struct buf text;
	bool update;

	if (spark_given(p, "mode"))
		mode = spark_choice(p, "mode", told);
	update = strcmp(mode, "update") == 0;
	if (update && keys_of(p)->n == 0)
		mode = in->plan.aggregated ? "complete" : "append";
	update = update && keys_of(p)->n > 0;
	buf_init(&text);
	put_database(s, d,
		update ||
			(s->checkpoint != NULL && s->stream &&
				strcmp(mode, "append") == 0));
	if (update)
		put_update(rows, keys_of(p), indent_of(s), &text);
	else if (strcmp(mode, "append") == 0)
		put_append(s, rows, d, &text);
	else
		put_write(&text, indent_of(s), rows, "overwrite");
	spark_note(s, d->package);
	each_batch(s, in, &text);
	buf_release(&text);
	return 0;
}

/* ---- SQLite ---- */

/* db.execute("..."), one of the statements of a batch; values may be NULL. */
static void
put_execute(struct buf *b, int indent, const char *method, const char *sql,
	const char *values)
{
	buf_printf(b, "%*sdb.%s(", indent, "", method);
	python_string(b, sql);
	buf_printf(b, "%s%s)\n", values != NULL ? ", " : "",
		values != NULL ? values : "");
}

static void
put_name(struct buf *b, const char *name)
{
	put_quoted(b, name, strlen(name), '"');
}

/* Of the rows of these keys: the old ones go. */
static void
put_delete(struct buf *b, int indent, const char *table,
	const struct schema *fields, const struct list *keys)
{
	struct buf sql, values;

	buf_init(&sql);
	buf_init(&values);
	buf_str(&sql, "DELETE FROM ");
	put_name(&sql, table);
	buf_str(&values, "[[");
	for (size_t i = 0; i < keys->n; i++) {
		int at = schema_find(fields, keys->s[i], strlen(keys->s[i]));

		buf_str(&sql, i == 0 ? " WHERE " : " AND ");
		put_name(&sql, keys->s[i]);
		buf_str(&sql, " IS ?");
		buf_printf(&values, "%srow[%d]", i > 0 ? ", " : "", at);
	}
	buf_str(&values, "] for row in values]");
	put_execute(b, indent, "executemany", buf_cstr(&sql),
		keys->n > 0 ? buf_cstr(&values) : "[()]");
	buf_release(&sql);
	buf_release(&values);
}

/* CREATE TABLE and INSERT, of these columns. */
static void
put_columns(const char *table, const struct schema *fields, bool numbered,
	struct buf *create, struct buf *insert)
{
	buf_str(create, "CREATE TABLE IF NOT EXISTS ");
	put_name(create, table);
	buf_str(insert, "INSERT INTO ");
	put_name(insert, table);
	buf_str(create, " (");
	buf_str(insert, " VALUES (");
	for (size_t i = 0; i < fields->n + numbered; i++) {
		buf_str(create, i > 0 ? ", " : "");
		buf_str(insert, i > 0 ? ", ?" : "?");
		put_name(
			create, i < fields->n ? fields->f[i].name : "batch_id");
	}
	buf_byte(create, ')');
	buf_byte(insert, ')');
}

/* A batch that is run again is there already. */
static void
put_skip(struct buf *b, int indent, const char *table)
{
	struct buf sql;

	buf_init(&sql);
	buf_str(&sql, "SELECT COALESCE(MAX(batch_id), -1) FROM ");
	put_name(&sql, table);
	buf_printf(b, "%*slast = db.execute(", indent, "");
	python_string(b, buf_cstr(&sql));
	buf_printf(b,
		").fetchone()[0]\n"
		"%*svalues = [row + [batch_id] for row in values if last < "
		"batch_id]\n",
		indent, "");
	buf_release(&sql);
}

/* A transaction for each batch; the driver of Spark has the file. */
static void
put_transaction(struct spark *s, const struct spark_step *p, const char *db,
	const char *table, const char *mode, struct buf *b)
{
	const struct schema *fields = p->in[0].plan.fields;
	bool numbered = strcmp(mode, "append") == 0 && s->stream &&
		s->checkpoint != NULL;
	int n = indent_of(s);
	struct buf create, insert;
	struct list none = {NULL, 0};

	buf_init(&create);
	buf_init(&insert);
	put_columns(table, fields, numbered, &create, &insert);
	buf_printf(b,
		"%*svalues = [list(row.values()) for row in json_rows(%s)]\n"
		"%*swith sqlite3.connect(",
		n, "", rows_of(s, &p->in[0]), n, "");
	python_string(b, db);
	buf_str(b, ") as db:\n");
	put_execute(b, n + 4, "execute", buf_cstr(&create), NULL);
	if (numbered)
		put_skip(b, n + 4, table);
	if (strcmp(mode, "append") != 0)
		put_delete(b, n + 4, table, fields,
			strcmp(mode, "update") == 0 ? keys_of(p) : &none);
	put_execute(b, n + 4, "executemany", buf_cstr(&insert), "values");
	buf_release(&create);
	buf_release(&insert);
}

/* Rows as SQLite takes them: what is within others as JSON. */
static const char json_rows[] =
	"\n\ndef json_rows(rows):\n"
	"    for line in json_lines(rows):\n"
	"        yield {\n"
	"            name: json.dumps(v) if isinstance(v, (dict, list)) else "
	"v\n"
	"            for name, v in json.loads(line).items()\n"
	"        }\n";

static int
keep_sqlite(struct spark *s, const struct spark_step *p, const char *db,
	const char *table)
{
	struct spark_flow *in = &p->in[0];
	const char *mode = mode_of(in);
	char told[32];
	struct buf text;

	if (spark_fields(s, p) < 0)
		return -1;
	if (spark_given(p, "mode"))
		mode = spark_choice(p, "mode", told);
	if (strcmp(mode, "update") == 0 && keys_of(p)->n == 0)
		mode = in->plan.aggregated ? "complete" : "append";
	s->prints = s->wants_sqlite = s->defines = true;
	buf_str(&s->body, json_rows);
	buf_init(&text);
	put_transaction(s, p, db, table, mode, &text);
	each_batch(s, in, &text);
	buf_release(&text);
	return 0;
}

int
spark_sink_table(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	const char *db = spark_text(p, "db"), *table = spark_text(p, "table");
	char style[32];
	int rc;

	(void)out;
	if (spark_only(s, p,
		    "db table mode key rows truncate no-truncate style") < 0)
		return -1;
	if (spark_given(p, "style") &&
		strcmp(spark_choice(p, "style", style), "pprint") == 0)
		return spark_refuse(s, p,
			"--style pprint: Structured Streaming has no such "
			"form, it is that of DStreams");
	clean_columns(s, &p->in[0]);
	if (db == NULL)
		return show_table(s, p);
	rc = keep_sqlite(s, p, db, table);
	return rc;
}

/* ---- PostgreSQL ---- */

/* The value of a word of "host=... dbname=..."; false: it is not there. */
static bool
conninfo_word(const char *info, const char *word, struct buf *b)
{
	size_t n = strlen(word);

	for (const char *p = info; (p = strstr(p, word)) != NULL; p += n)
		if ((p == info || p[-1] == ' ') && p[n] == '=') {
			p += n + 1;
			buf_add(b, p, strcspn(p, " "));
			return true;
		}
	return false;
}

/* jdbc:postgresql://host:port/database?user=... of libpq's words. */
static void
put_postgres(const char *info, struct buf *url)
{
	static const char *const words[] = {"user", "password", "sslmode"};
	const char *rest = strstr(info, "://"), *at;
	char lead = '?';

	buf_str(url, "jdbc:postgresql:");
	if (rest != NULL) {
		rest += 3;
		at = strcspn(rest, "@") < strcspn(rest, "/") ? strchr(rest, '@')
							     : NULL;
		buf_printf(url, "//%s", at != NULL ? at + 1 : rest);
		if (at != NULL)
			buf_printf(url, "%cuser=%.*s",
				strchr(rest, '?') != NULL ? '&' : '?',
				(int)strcspn(rest, ":@"), rest);
		return;
	}
	if (strchr(info, '=') == NULL) {
		buf_str(url, info);
		return;
	}
	buf_str(url, "//");
	if (!conninfo_word(info, "host", url))
		buf_str(url, "localhost");
	buf_byte(url, ':');
	if (!conninfo_word(info, "port", url))
		buf_str(url, "5432");
	buf_byte(url, '/');
	conninfo_word(info, "dbname", url);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct buf value;

		buf_init(&value);
		if (conninfo_word(info, words[i], &value)) {
			buf_printf(url, "%c%s=%s", lead, words[i],
				buf_cstr(&value));
			lead = '&';
		}
		buf_release(&value);
	}
}

/* name, or schema.name. */
static void
put_pg_table(const char *text, struct database *d)
{
	const char *dot = path_until(text, '.');
	char *schema = *dot == '.' ? mem_dup(text, (size_t)(dot - text)) : NULL,
	     *name = path_name(*dot == '.' ? dot + 1 : text);

	if (schema != NULL) {
		put_quoted(&d->table, schema, strlen(schema), '"');
		buf_byte(&d->table, '.');
	}
	put_quoted(&d->table, name, strlen(name), '"');
	buf_str(&d->exists,
		"(SELECT COUNT(*) FROM information_schema.tables WHERE "
		"table_schema = ");
	if (schema != NULL)
		put_quoted(&d->exists, schema, strlen(schema), '\'');
	else
		buf_str(&d->exists, "current_schema()");
	buf_str(&d->exists, " AND table_name = ");
	put_quoted(&d->exists, name, strlen(name), '\'');
	buf_str(&d->exists, ") AS t");
	free(schema);
	free(name);
}

int
spark_sink_pg(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	struct database d;
	int rc;

	(void)out;
	if (spark_only(s, p, "mode key wait") < 0)
		return -1;
	clean_columns(s, &p->in[0]);
	database_init(&d);
	put_postgres(p->st->operands[0], &d.url);
	put_pg_table(p->st->operands[1], &d);
	d.driver = "org.postgresql.Driver";
	d.package = "PostgreSQL needs its driver: spark-submit --packages "
		    "org.postgresql:postgresql:42.7.4";
	d.login = true;
	rc = keep_table(s, p, &d);
	database_release(&d);
	return rc;
}

/* ---- files ---- */

static void
put_option(struct python_statement *t, const char *name, const char *value)
{
	python_call(t, "option");
	python_arg_string(t, name);
	python_arg_string(t, value);
}

static void
put_format(struct spark *s, const struct spark_step *p,
	struct python_statement *t, const char *format)
{
	const struct list *by = spark_list(p, "partition-by");
	const char *sep = spark_text(p, "sep");

	python_call(t, "format");
	python_arg_string(t, format);
	if (strcmp(format, "json") == 0) {
		put_option(t, "ignoreNullFields", "false");
		put_option(t, "timestampFormat",
			"yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX");
	} else if (strcmp(format, "csv") == 0) {
		python_call(t, "option");
		python_arg_string(t, "header");
		python_arg_code(t, "True");
		put_option(t, "timestampFormat",
			"yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX");
		if (sep != NULL)
			put_option(
				t, "sep", strcmp(sep, "\\t") == 0 ? "\t" : sep);
	}
	/* Times are written as of UTC, whatever the session's zone. */
	if (s->zone != NULL && strcmp(format, "delta") != 0)
		put_option(t, "timeZone", "UTC");
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
	buf_printf(&from, "%s.write", rows_of(s, in));
	python_begin(&t, NULL, buf_cstr(&from));
	put_format(s, p, &t, format);
	python_call(&t, "mode");
	python_arg_string(&t, mode);
	python_call(&t, "save");
	python_arg_string(&t, p->st->operands[0]);
	python_end(&t, &text, indent_of(s));
	each_batch(s, in, &text);
	buf_release(&text);
	buf_release(&from);
}

static int
put_files(struct spark *s, const struct spark_step *p, const char *format)
{
	struct spark_flow *in = &p->in[0];
	struct python_statement t;

	clean_columns(s, in);
	if (spark_list(p, "partition-by")->n > 0)
		spark_note(s,
			"records keep the fields that name their directories "
			"in bief; Spark takes them out of the files");
	if (!s->stream || s->each) {
		write_files(s, p, format,
			strcmp(mode_of(in), "complete") == 0 && s->stream
				? "overwrite"
				: "append");
		return 0;
	}
	begin_query(s, &t, in->var, mode_of(in), true);
	put_format(s, p, &t, format);
	put_option(&t, "path", p->st->operands[0]);
	end_query(s, &t);
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
	if (s->stream && !s->each && strcmp(mode_of(&p->in[0]), "append") != 0)
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
	if (s->stream && strcmp(mode_of(&p->in[0]), "update") == 0)
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
	put_option(t, "kafka.bootstrap.servers", p->st->operands[0]);
	if (p->st->noperands > 1 && spark_text(p, "topic-field") == NULL)
		put_option(t, "topic", p->st->operands[1]);
	for (size_t i = 0; i < l->n; i++) {
		const char *eq = strchr(l->s[i], '=');
		struct buf name;

		if (eq == NULL)
			continue;
		buf_init(&name);
		buf_str(&name, "kafka.");
		buf_add(&name, l->s[i], (size_t)(eq - l->s[i]));
		put_option(t, buf_cstr(&name), eq + 1);
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
	clean_columns(s, in);
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
		begin_query(s, &t, in->var, mode_of(in), true);
		put_kafka_options(p, &t);
		end_query(s, &t);
		return 0;
	}
	buf_init(&text);
	buf_init(&from);
	buf_printf(&from, "%s.write", rows_of(s, in));
	python_begin(&t, NULL, buf_cstr(&from));
	put_kafka_options(p, &t);
	python_call(&t, "save");
	python_end(&t, &text, indent_of(s));
	each_batch(s, in, &text);
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
	int n = indent_of(s);

	(void)out;
	if (spark_only(s, p, "empty ok retry timeout") < 0)
		return -1;
	clean_columns(s, in);
	s->prints = s->runs = true;
	buf_init(&text);
	if (!s->stream)
		buf_str(&text, "batch_id = 0\n");
	buf_printf(
		&text, "%*soutput = json_lines(%s)\n", n, "", rows_of(s, in));
	if (!spark_given(p, "empty")) {
		buf_printf(&text, "%*sif output:\n", n, "");
		n += 4;
	}
	put_run(p, n, &text);
	each_batch(s, in, &text);
	buf_release(&text);
	return 0;
}
