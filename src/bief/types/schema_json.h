/*
 * schema_json: schemas in Spark's JSON form, {"type":"struct","fields":[...]}.
 */
#ifndef BIEF_SCHEMA_JSON_H
#define BIEF_SCHEMA_JSON_H

struct err;
struct schema;

/* NULL with a message. */
struct schema *schema_json_parse(const char *text, struct err *err);

#endif
