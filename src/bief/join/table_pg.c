/*
 * table_pg: static tables from PostgreSQL.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "text/base64.h"
#include "time/time.h"
#include "time/zone.h"
#include "value/json.h"
#include "io/pg.h"
#include "types/schema.h"
#include "join/table_impl.h"

/* Types that have a number of their own in every database. */
enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_JSON = 114,
	OID_FLOAT4 = 700,
	OID_FLOAT8 = 701,
	OID_DATE = 1082,
	OID_TIMESTAMP = 1114,
	OID_TIMESTAMPTZ = 1184,
	OID_NUMERIC = 1700,
	OID_JSONB = 3802
};

bool
table_pg_is(const char *path)
{
	return strncmp(path, "postgres://", 11) == 0 ||
		strncmp(path, "postgresql://", 13) == 0;
}

/* Text of a URI, without its %XX. */
static void
put_plain(struct buf *out, const char *s, size_t n)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	for (size_t i = 0; i < n; i++) {
		char hex[3] = "";

		if (s[i] == '%' && i + 2 < n && strchr(digits, s[i + 1]) &&
			strchr(digits, s[i + 2])) {
			memcpy(hex, s + i + 1, 2);
			buf_byte(out, (char)strtol(hex, NULL, 16));
			i += 2;
		} else {
			buf_byte(out, s[i]);
		}
	}
}

/* The connection string and the table that a path names. */
static void
split(const char *path, struct buf *conninfo, struct buf *table)
{
	const char *at = strchr(path, '?'), *end;
	char between = '?';

	buf_init(conninfo);
	buf_init(table);
	buf_add(conninfo, path,
		at == NULL ? strlen(path) : (size_t)(at - path));
	for (; at != NULL && *at != '\0'; at = end) {
		at++;
		end = at + strcspn(at, "&");
		if (strncmp(at, "table=", 6) == 0) {
			buf_clear(table);
			put_plain(table, at + 6, (size_t)(end - at - 6));
		} else if (end > at) {
			buf_byte(conninfo, between);
			buf_add(conninfo, at, (size_t)(end - at));
			between = '&';
		}
	}
	buf_cstr(conninfo);
	buf_cstr(table);
}

void
table_pg_describe(const char *path, struct buf *out)
{
	struct buf conninfo, table;
	char quoted[200];
	size_t before;

	split(path, &conninfo, &table);
	buf_printf(out, "'%s' of ",
		err_quote(quoted, sizeof quoted, table.p, table.n));
	before = out->n;
	pg_describe(conninfo.p, out);
	if (out->n == before) /* there is no libpq to ask */
		buf_str(out, "PostgreSQL");
	buf_release(&conninfo);
	buf_release(&table);
}

/* ---- values ---- */

static struct value
text_value(struct table_private *p, const char *s, size_t n)
{
	struct value v;
	struct buf tmp;

	buf_init(&tmp);
	v = table_read_kept(p, value_text(s, n, &tmp));
	buf_release(&tmp);
	return v;
}

static struct value
json_value(struct table_private *p, const char *s, size_t n)
{
	const char *own = table_read_keep(p, s, n);
	struct json_error why;
	struct value v;

	/* (What json lets stand outside of a value is JSON's blanks.) */
	return json_read(own, own + n, 0, &v, &why) != NULL
		? v
		: text_value(p, s, n);
}

/* \x00ff as base 64, as a stream has it. */
static struct value
binary_value(struct table_private *p, const char *s, size_t n)
{
	struct buf bytes, text;
	struct value v;
	char hex[3] = "";

	buf_init(&bytes);
	buf_init(&text);
	for (size_t i = 2; i + 1 < n; i += 2) {
		memcpy(hex, s + i, 2);
		buf_byte(&bytes, (char)strtol(hex, NULL, 16));
	}
	base64_encode(bytes.p, bytes.n, &text);
	v = text_value(p, text.p, text.n);
	buf_release(&bytes);
	buf_release(&text);
	return v;
}

static struct value
time_value(struct table_private *p, const char *s, size_t n,
	const struct zone *zone)
{
	char text[TIME_MAX];
	int64_t us;

	if (time_parse(s, n, zone, 0, &us) < 0)
		return text_value(p, s, n); /* infinity, years before Christ */
	return text_value(p, text, time_format_iso(us, text));
}

static struct value
cell(struct table_private *p, const struct table_options *o, uint32_t type,
	const char *s, size_t n)
{
	switch (type) {
	case OID_BOOL:
		return value_bool(*s == 't');
	case OID_INT2:
	case OID_INT4:
	case OID_INT8:
		return value_int(strtoll(s, NULL, 10));
	case OID_FLOAT4:
	case OID_FLOAT8:
		return value_double(strtod(s, NULL));
	case OID_NUMERIC:
		return strchr("NI-", *s) != NULL && (*s != '-' || s[1] == 'I')
			? value_double(strtod(s, NULL))
			: table_read_kept(p,
				  (struct value){.s = s,
					  .n = (uint32_t)n,
					  .type = VALUE_NUMBER});
	case OID_JSON:
	case OID_JSONB:
		return json_value(p, s, n);
	case OID_BYTEA:
		return binary_value(p, s, n);
	case OID_TIMESTAMP:
	case OID_TIMESTAMPTZ:
		return time_value(
			p, s, n, type == OID_TIMESTAMP ? o->zone : zone_utc);
	default:
		return text_value(p, s, n);
	}
}

/* ---- the table ---- */

static int
add_columns(struct table_private *p, const struct pg_rows *row)
{
	for (int i = 0; i < pg_columns(row); i++)
		table_read_column(
			p, pg_column(row, i), strlen(pg_column(row, i)));
	return pg_columns(row);
}

/* Types that the values do not show. */
static void
set_types(struct table_private *p, const uint32_t *types)
{
	for (size_t i = 0; i < p->columns->n; i++) {
		static const struct {
			uint32_t oid;
			enum type_kind kind;
		} known[] = {{OID_BOOL, TYPE_BOOLEAN}, {OID_INT2, TYPE_SHORT},
			{OID_INT4, TYPE_INT}, {OID_INT8, TYPE_LONG},
			{OID_FLOAT4, TYPE_FLOAT}, {OID_FLOAT8, TYPE_DOUBLE},
			{OID_DATE, TYPE_DATE}, {OID_BYTEA, TYPE_BINARY},
			{OID_TIMESTAMP, TYPE_TIMESTAMP},
			{OID_TIMESTAMPTZ, TYPE_TIMESTAMP}};

		for (size_t k = 0; k < sizeof known / sizeof *known; k++)
			if (known[k].oid == types[i])
				p->columns->f[i].type->kind = known[k].kind;
	}
}

static int
take_row(struct table_private *p, const struct table_options *o,
	const struct pg_rows *row, const uint32_t *types, struct err *err)
{
	struct value *v = table_read_row(p);
	const char *s;
	size_t n;

	for (int i = 0; i < pg_columns(row); i++) {
		s = pg_text(row, 0, i, &n);
		if (s == NULL)
			continue;
		if (!json_utf8(s, n))
			return err_set(err,
				"row %zu, column '%s': invalid "
				"UTF-8",
				p->rows, p->columns->f[i].name);
		v[i] = cell(p, o, types[i], s, n);
	}
	return table_read_check(p, o, err);
}

static int
read_rows(struct table_private *p, const struct table_options *o,
	const char *sql, struct err *err)
{
	struct pg_rows *row;
	uint32_t *types = NULL;
	int n = 0, got, ret = pg_begin(p->pg, sql, err);

	while (ret == 0 && (got = pg_next(p->pg, &row, err)) != 0) {
		if (got < 0) {
			ret = -1;
			break;
		}
		if (types == NULL) {
			n = add_columns(p, row);
			types = mem_zalloc(((size_t)n + 1) * sizeof *types);
			for (int i = 0; i < n; i++)
				types[i] = pg_type(row, i);
		}
		if (pg_count(row) > 0)
			ret = take_row(p, o, row, types, err);
		pg_free(row);
	}
	if (ret == 0) {
		table_read_types(p, o);
		set_types(p, types);
	}
	free(types);
	return ret;
}

/* NAME or SCHEMA.NAME, as SQL has it. */
static void
put_table(struct buf *sql, const char *table)
{
	const char *point = *table == '"' ? NULL : strchr(table, '.');
	char *schema;

	if (*table == '"') { /* quoted already */
		buf_str(sql, table);
	} else if (point == NULL) {
		pg_name(sql, table);
	} else {
		schema = mem_dup(table, (size_t)(point - table));
		pg_name(sql, schema);
		buf_byte(sql, '.');
		pg_name(sql, point + 1);
		free(schema);
	}
}

/*
 * What tells of changes: how many rows were ever written, as the server counts
 * them, and the file that a TRUNCATE changes.
 */
int64_t
table_pg_version(struct table_private *p)
{
	struct buf conninfo, table, name, sql;
	int64_t version = 0;
	struct err none;

	split(p->path, &conninfo, &table);
	buf_init(&name);
	buf_init(&sql);
	put_table(&name, table.p);
	buf_str(&sql,
		"SELECT hashtextextended(coalesce(string_agg(concat_ws(':', "
		"s.relid, n_tup_ins, n_tup_upd, n_tup_del, "
		"pg_relation_filenode(s.relid)), ',' ORDER BY s.relid), ''), "
		"0) FROM pg_stat_all_tables s, to_regclass(");
	pg_literal(&sql, buf_cstr(&name));
	/* (A table that has no partitions is not in its own tree.) */
	buf_str(&sql,
		") t WHERE s.relid = t OR s.relid IN "
		"(SELECT relid FROM pg_partition_tree(t))");
	if (pg_int(p->pg, buf_cstr(&sql), 0, &version, &none) < 0)
		version = p->version + pg_lost(p->pg);
	buf_release(&conninfo);
	buf_release(&table);
	buf_release(&name);
	buf_release(&sql);
	return version;
}

int
table_pg_read(
	struct table_private *p, const struct table_options *o, struct err *err)
{
	struct buf conninfo, table, sql;
	int ret = -1;

	split(o->path, &conninfo, &table);
	buf_init(&sql);
	buf_str(&sql, "SELECT * FROM ");
	put_table(&sql, table.p);
	err->status = STATUS_FAILED;
	if (o->schema != NULL)
		err_as(err, STATUS_USAGE,
			"--table-schema is for CSV and JSON "
			"lines; a database has its own types");
	else if (table.n == 0)
		err_as(err, STATUS_USAGE,
			"it is a database: name its table, "
			"as in postgres://HOST/DATABASE?table=NAME");
	else if (pg_check(conninfo.p, err) == 0)
		p->pg = pg_open(conninfo.p, err);
	if (p->pg != NULL) {
		p->version = table_pg_version(p);
		ret = read_rows(p, o, buf_cstr(&sql), err);
	}
	buf_release(&conninfo);
	buf_release(&table);
	buf_release(&sql);
	return ret;
}
