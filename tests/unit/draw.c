/* draw: widths, truncation, frames. */
#include "sinks/draw.h"

#include <stdio.h>
#include <string.h>

#include "floor/err.h"
#include "value/record.h"
#include "types/schema.h"
#include "time/time.h"
#include "time/zone.h"
#include "types/schema_parse.h"
#include "value/record_read.h"

static int failures;

static void
check(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "draw: %s\n", what);
		failures++;
	}
}

/* Draw lines; the table must be want. */
static void
table(const char *ddl, const char *lines, size_t cut, uint64_t rows,
	const char *want)
{
	struct shapes *shapes = shape_set_new();
	struct record_reader reader;
	struct schema *schema;
	struct draw d;
	struct buf text, out;
	struct err err;
	const char *p, *end;

	schema = ddl == NULL ? NULL : schema_parse(ddl, &err);
	record_read_init(&reader, shapes);
	draw_init(&d, schema, zone_utc, false);
	d.cut = cut;
	d.rows = rows;
	buf_init(&text);
	buf_init(&out);
	buf_str(&text, lines);
	memset(buf_need(&text, 64), 0, 64);
	for (p = text.p; *p != '\0'; p = end + 1) {
		struct record r = {.line = p};

		end = strchr(p, '\n');
		r.nline = (uint32_t)(end - p);
		check(record_read(&reader, &r, &err) == 0, "a line is bad");
		draw_record(&d, &r);
	}
	draw_print(&d, &out);
	if (strcmp(buf_cstr(&out), want) != 0) {
		fprintf(stderr, "got:\n%swant:\n%s", out.p, want);
		check(false, lines);
	}
	buf_release(&text);
	buf_release(&out);
	draw_release(&d);
	record_read_release(&reader);
	schema_free(schema);
	shape_set_free(shapes);
}

int
main(void)
{
	check(draw_width("abc", 3) == 3, "ASCII is narrow");
	check(draw_width("日本", 6) == 4, "CJK is wide");
	check(draw_width("\xf0\x9f\x98\x80", 4) == 2, "a pair counts 2");
	check(draw_width("e\xcc\x81", 3) == 2, "combining marks count 1");
	table(NULL, "", 20, 20, "++\n||\n++\n++\n\n");
	table("a int", "", 20, 20, "+---+\n|  a|\n+---+\n+---+\n\n");
	table(NULL, "{\"a\":1}\n{\"b\":2}\n", 20, 20,
		"+----+----+\n|   a|   b|\n+----+----+\n"
		"|   1|NULL|\n|NULL|   2|\n+----+----+\n\n");
	table(NULL, "{\"a\":1}\n{\"b\":2}\n", 20, 1,
		"+---+----+\n|  a|   b|\n+---+----+\n"
		"|  1|NULL|\n+---+----+\nonly showing top 1 rows\n");
	table(NULL, "{\"a\":\"x\\ty\"}\n", 0, 20,
		"+----+\n|a   |\n+----+\n|x\\ty|\n+----+\n\n");
	/* three and a half pairs */
	table(NULL,
		"{\"a\":\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
		"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"}\n",
		10, 20,
		"+----------+\n|         a|\n+----------+\n"
		"|\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80?...|\n"
		"+----------+\n\n");
	table("f float, m map<string,struct<a:int>>",
		"{\"f\":0.10000000149011612,\"m\":{\"k\":{}}}\n", 20, 20,
		"+---+-------------+\n|  f|            m|\n+---+-------------+\n"
		"|0.1|{k -> {NULL}}|\n+---+-------------+\n\n");
	return failures != 0;
}
