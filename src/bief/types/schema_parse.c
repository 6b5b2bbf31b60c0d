/*
 * schema_parse: which of the two notations a text is in, and where it is.
 */
#include "types/schema_parse.h"

#include <ctype.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "value/json.h"
#include "io/file.h"
#include "types/ddl.h"
#include "types/schema_json.h"

#define FILE_MOST (16 << 20) /* bytes of a schema in a file */

struct schema *
schema_parse(const char *text, struct err *err)
{
	const char *p = text;

	/* Names go into records, which are UTF-8. */
	if (!json_utf8(text, strlen(text))) {
		err_as(err, STATUS_USAGE, "schema: it is not UTF-8");
		return NULL;
	}
	while (isspace((unsigned char)*p))
		p++;
	return *p == '{' ? schema_json_parse(p, err)
			 : ddl_parse(text, false, err);
}

struct schema *
schema_parse_header(const char *text, struct err *err)
{
	return ddl_parse(text, true, err);
}

struct schema *
schema_parse_from(const char *text, const char *file, struct err *err)
{
	struct schema *s = NULL;
	struct buf b;

	if (text != NULL)
		return schema_parse(text, err);
	buf_init(&b);
	if (file_read(file, FILE_MOST, &b, err) == 0)
		s = schema_parse(buf_cstr(&b), err);
	buf_release(&b);
	return s;
}
