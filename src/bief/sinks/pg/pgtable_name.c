/*
 * pgtable_name: the name of a table as users write it.  It is taken apart here,
 * and quoted again part by part, so that it never is more of a statement than a
 * name.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "sinks/pg/pgtable_impl.h"

/* ---- names ---- */

/* A part of a name, plain or "quoted"; behind it is *end.  NULL: it is none. */
static char *
pgtable_name_part(const char *s, const char **end)
{
	struct buf b;
	char *name;

	buf_init(&b);
	if (*s != '"') {
		*end = s + strcspn(s, ".");
		buf_add(&b, s, (size_t)(*end - s));
	} else {
		for (s++; *s != '\0' && (*s != '"' || s[1] == '"'); s++) {
			s += *s == '"';
			buf_byte(&b, *s);
		}
		*end = s + (*s == '"');
		if (*s != '"')
			buf_clear(&b);
	}
	name = b.n == 0 || b.n > PGTABLE_NAME_MOST ? NULL : mem_dup(b.p, b.n);
	buf_release(&b);
	return name;
}

int
pgtable_name_parse(
	const char *table, char **schema, char **name, struct err *err)
{
	const char *end;
	char text[150];

	*schema = NULL;
	*name = pgtable_name_part(table, &end);
	if (*name != NULL && *end == '.') {
		*schema = *name;
		*name = pgtable_name_part(end + 1, &end);
	}
	if (*name != NULL && *end == '\0' && strncmp(*name, "_bief_", 6) != 0)
		return 0;
	err_quote(text, sizeof text, table, strlen(table));
	if (*name != NULL && *end == '\0')
		err_as(err, STATUS_USAGE,
			"'%s' is a name of bief's own: take "
			"another one",
			text);
	else
		err_as(err, STATUS_USAGE,
			"'%s' is no name of a table: "
			"expected NAME or SCHEMA.NAME, of up to %d bytes each; "
			"a point in a name stands in quotes, '\"a.b\"'",
			text, PGTABLE_NAME_MOST);
	free(*schema);
	free(*name);
	*schema = *name = NULL;
	return -1;
}
