/*
 * A static table: the first line tells how it is read (j: JSON lines, s: with a
 * schema, h: with a header; then the separator), the rest is the file.  Every
 * row that was read is found by its key.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "runtime/options/opt.h"
#include "types/schema.h"
#include "join/table.h"
#include "time/time.h"
#include "value/value.h"
#include "floor/mem.h"
#include "time/zone.h"
#include "types/schema_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

/* As the stream does it: encode a key, then go through the rows of it. */
static void
look(const struct table *t, const struct value *v, struct buf *key)
{
	size_t rows = 0;

	buf_clear(key);
	if (!table_key(t, 0, v, key))
		return;
	for (uint32_t r = table_find(t, key->p, key->n); r != TABLE_NONE;
		r = table_next(t, r)) {
		const struct value *row = table_row(t, r);

		MUST(++rows <= t->rows);
		for (size_t i = 0; i < t->width; i++) {
			buf_clear(key);
			value_print(&row[i], key);
			MUST(key->n > 0);
		}
	}
}

static void
load(const char *path, const char *how, struct schema *schema)
{
	struct table_options o = {.path = path,
		.sep = ',',
		.zone = zone_utc,
		.header = strchr(how, 'h') != NULL,
		.schema = schema};
	struct list keys = {NULL, 0};
	struct value probes[4];
	struct table *t;
	struct err err;
	struct buf key, tmp;

	if (strlen(how) > 0 && strchr("jsh", how[strlen(how) - 1]) == NULL)
		o.sep = how[strlen(how) - 1];
	buf_init(&key);
	buf_init(&tmp);
	probes[0] = value_int(1);
	probes[1] = value_double(1.5);
	probes[2] = value_text("a", 1, &tmp);
	probes[3] = value_null();
	list_add(&keys,
		schema != NULL || o.header || strchr(how, 'j') != NULL ? "a"
								       : "_c0",
		false);
	o.keys = &keys;
	t = table_load(&o, &err);
	for (int i = 0; t != NULL && i < 4; i++)
		look(t, &probes[i], &key);
	table_free(t);
	list_free(&keys);
	buf_release(&key);
	buf_release(&tmp);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *lf = size > 0 ? memchr(data, '\n', size) : NULL;
	struct schema *schema = NULL;
	char path[40], *how;
	struct err err;
	FILE *f;

	if (lf == NULL)
		return 0;
	how = mem_dup((const char *)data, (size_t)(lf - data));
	snprintf(path, sizeof(path), "/tmp/table-%ld%s", (long)getpid(),
		strchr(how, 'j') != NULL ? ".json" : ".csv");
	f = fopen(path, "wb");
	MUST(f != NULL);
	fwrite(lf + 1, 1, size - (size_t)(lf + 1 - data), f);
	fclose(f);
	if (strchr(how, 's') != NULL)
		schema = schema_parse(
			"a bigint, b string, c double, "
			"d timestamp, e boolean, f decimal(8,2), g date",
			&err);
	load(path, how, schema);
	unlink(path);
	schema_free(schema);
	free(how);
	return 0;
}
