#include "sources/partition.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "value/json.h"
#include "value/record.h"
#include "runtime/stage.h"
#include "sources/lines.h"

/* A part of a path: %41 is A. */
static void
decode(const char *s, size_t n, struct buf *out)
{
	char hex[3] = "";

	for (size_t i = 0; i < n; i++) {
		if (s[i] != '%' || i + 2 >= n ||
			!isxdigit((unsigned char)s[i + 1]) ||
			!isxdigit((unsigned char)s[i + 2])) {
			buf_byte(out, s[i]);
			continue;
		}
		memcpy(hex, s + i + 1, 2);
		buf_byte(out, (char)strtoul(hex, NULL, 16));
		i += 2;
	}
}

/* Any bytes as a string. */
static void
add_text(const struct buf *b, struct buf *out)
{
	struct buf good;

	buf_init(&good);
	json_repair(&good, b->p, b->n);
	json_quote(out, buf_cstr(&good), good.n);
	buf_release(&good);
}

/* A value of a path: a whole number as such, else text. */
static void
add_value(struct buf *b, struct buf *out)
{
	const char *s = buf_cstr(b), *p = s + (*s == '-');
	size_t digits = b->n - (size_t)(p - s);

	if (strcmp(s, "__HIVE_DEFAULT_PARTITION__") == 0)
		buf_str(out, "null");
	else if (digits > 0 && digits < 19 && (*p != '0' || b->n == 1) &&
		strspn(p, "0123456789") == digits)
		buf_add(out, s, b->n);
	else
		add_text(b, out);
}

void
partition_columns(const char *path, struct buf *out)
{
	const char *p = path, *slash, *eq;
	struct buf b;

	buf_clear(out);
	buf_init(&b);
	for (; p != NULL && (slash = strchr(p, '/')) != NULL; p = slash + 1) {
		eq = memchr(p, '=', (size_t)(slash - p));
		if (eq == NULL)
			continue;
		if (out->n > 0)
			buf_byte(out, ',');
		buf_clear(&b);
		decode(p, (size_t)(eq - p), &b);
		add_text(&b, out);
		buf_byte(out, ':');
		buf_clear(&b);
		decode(eq + 1, (size_t)(slash - eq - 1), &b);
		add_value(&b, out);
	}
	buf_release(&b);
}

int
partition_line(
	const char *line, size_t n, const struct buf *columns, struct buf *out)
{
	const char *end = line + n, *p;

	while (end > line && strchr(" \t\r", end[-1]) != NULL)
		end--;
	p = json_space(line, end);
	if (p < end && (*p != '{' || end - p < 2 || end[-1] != '}'))
		return -1;
	if (p < end) {
		buf_add(out, line, (size_t)(end - 1 - line));
		if (json_space(p + 1, end) < end - 1)
			buf_byte(out, ',');
		buf_add(out, columns->p, columns->n);
		buf_byte(out, '}');
	}
	buf_byte(out, '\n');
	return 0;
}

int
partition_emit(struct lines *l, struct stage *st, const struct buf *columns,
	struct buf *out, uint64_t *limit)
{
	struct record r = {0};
	const char *line;
	char q[300];
	size_t n;
	int rc = 1;

	buf_clear(out);
	while ((!limit || *limit > 0) &&
		(rc = lines_next(l, st, &line, &n)) > 0) {
		if (limit)
			--*limit;
		if (partition_line(line, n, columns, out) == 0)
			continue;
		r.line = line;
		r.nline = (uint32_t)n;
		if (stage_reject(st, &r,
			    "'%s': the line before byte %llu is no "
			    "JSON object: --partitions has nowhere to add its "
			    "fields",
			    err_quote(q, sizeof(q), l->name, strlen(l->name)),
			    (unsigned long long)l->offset) < 0)
			return -1;
	}
	if (rc < 0 || out->n == 0)
		return rc < 0 ? rc : 0;
	buf_need(out, JSON_PADDING);
	return stage_emit_lines(st, out->p, out->n);
}
