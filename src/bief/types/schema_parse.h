/*
 * schema_parse: schemas in Spark's notations.
 *
 * DDL ('time timestamp, m struct<a:int,b:array<string>>', any case, names in
 * backquotes where needed, NOT NULL and COMMENT accepted) and Spark's JSON form
 * ({"type":"struct","fields":[...]}).
 */
#ifndef BIEF_SCHEMA_PARSE_H
#define BIEF_SCHEMA_PARSE_H

struct err;
struct schema;

/* NULL with a message that shows the place with a caret. */
struct schema *schema_parse(const char *text, struct err *err);
/* What schema_print has printed, in the header of a stream: beside what people
 * write there are the type "unknown" and names that are empty or stand twice. */
struct schema *schema_parse_header(const char *text, struct err *err);
/* Of text or, where that is NULL, of the file (at most 16 MiB). */
struct schema *schema_parse_from(
	const char *text, const char *file, struct err *err);

#endif
