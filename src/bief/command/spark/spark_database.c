/*
 * spark_database: results in tables of SQLite and PostgreSQL, a batch at a time
 * with its number, so that one that comes again is passed over.
 */
#include "command/spark/spark_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/mem.h"

/* Rows as bief puts them into SQLite: times without zeros behind, decimals as
 * text, what is within others as JSON. */
static const char json_rows[] =
	"\n\ndef json_rows(rows):\n"
	"    kinds = dict(rows.dtypes)\n"
	"    for line in json_lines(rows):\n"
	"        row = json.loads(line, parse_float=Decimal)\n"
	"        for name, v in row.items():\n"
	"            if isinstance(v, (dict, list)):\n"
	"                row[name] = json.dumps(\n"
	"                    v, default=float, ensure_ascii=False, "
	"separators=(\",\", \":\")\n"
	"                )\n"
	"            elif kinds[name].startswith(\"decimal\") and v is not "
	"None:\n"
	"                row[name] = f\"{Decimal(v):f}\"\n"
	"            elif isinstance(v, Decimal):\n"
	"                row[name] = float(v)\n"
	"            elif kinds[name] == \"timestamp\" and v is not None:\n"
	"                row[name] = v[:-1].rstrip(\"0\").rstrip(\".\") + "
	"\"Z\"\n"
	"        yield row\n";

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
		put_write(b, spark_query_indent(s), rows, "append");
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
	const char *rows = spark_query_rows(s, in),
		   *mode = spark_query_mode(in);
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
		put_update(rows, keys_of(p), spark_query_indent(s), &text);
	else if (strcmp(mode, "append") == 0)
		put_append(s, rows, d, &text);
	else
		put_write(&text, spark_query_indent(s), rows, "overwrite");
	spark_note(s, d->package);
	spark_query_each(s, in, &text);
	buf_release(&text);
	return 0;
}

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
	int n = spark_query_indent(s);
	struct buf create, insert;
	struct list none = {NULL, 0};

	buf_init(&create);
	buf_init(&insert);
	put_columns(table, fields, numbered, &create, &insert);
	buf_printf(b,
		"%*svalues = [list(row.values()) for row in json_rows(%s)]\n"
		"%*swith sqlite3.connect(",
		n, "", spark_query_rows(s, &p->in[0]), n, "");
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

int
spark_database_sqlite(struct spark *s, const struct spark_step *p,
	const char *db, const char *table)
{
	struct spark_flow *in = &p->in[0];
	const char *mode = spark_query_mode(in);
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
	spark_query_each(s, in, &text);
	buf_release(&text);
	return 0;
}

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
spark_database_pg(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	struct database d;
	int rc;

	(void)out;
	if (spark_only(s, p, "mode key wait") < 0)
		return -1;
	spark_query_columns(s, &p->in[0]);
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
