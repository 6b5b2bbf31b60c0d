/*
 * plaintext: see plaintext.h.
 */
#include "sinks/plaintext.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "types/schema.h"
#include "value/json.h"
#include "value/record.h"
#include "value/value.h"
#include "floor/mem.h"

void
plaintext_init(struct plaintext *t, enum plaintext_kind kind, char sep)
{
	*t = (struct plaintext){.kind = kind, .sep = sep};
	buf_init(&t->tmp);
}

void
plaintext_forget(struct plaintext *t)
{
	list_free(&t->names);
	free(t->right);
	free(t->place);
	t->right = NULL;
	t->place = NULL;
	t->id = 0;
}

void
plaintext_release(struct plaintext *t)
{
	plaintext_forget(t);
	buf_release(&t->tmp);
}

void
plaintext_fields(struct plaintext *t, const struct schema *fields)
{
	size_t i, n = fields != NULL ? fields->n : 0;

	plaintext_forget(t);
	t->right = mem_zalloc((n + 1) * sizeof *t->right);
	for (i = 0; i < n; i++) {
		const char *name = fields->f[i].name;

		buf_clear(&t->tmp);
		json_quote(&t->tmp, name, strlen(name));
		t->tmp.n--; /* what stands between the quotes */
		list_add(&t->names, buf_cstr(&t->tmp) + 1, false);
		t->right[i] = type_numeric(fields->f[i].type);
	}
}

/* The first record names the columns. */
static void
take_names(struct plaintext *t, const struct record *r)
{
	const struct shape *shape = r->shape;

	free(t->right);
	t->right = mem_zalloc((shape->n + 1) * sizeof *t->right);
	for (uint32_t i = 0; i < shape->n; i++) {
		struct value v = value_number(&r->v[i], false);

		buf_clear(&t->tmp);
		buf_add(&t->tmp, shape->names[i].s, shape->names[i].n);
		list_add(&t->names, buf_cstr(&t->tmp), false);
		t->right[i] = v.type == VALUE_INT || v.type == VALUE_DOUBLE;
	}
}

static const char *
refuse(struct plaintext *t, const char *fmt)
{
	static const char *const kinds[] = {"CSV", "TSV", "table"};

	buf_clear(&t->tmp);
	buf_printf(&t->tmp, fmt, kinds[t->kind]);
	return buf_cstr(&t->tmp);
}

const char *
plaintext_bind(struct plaintext *t, const struct record *r)
{
	const struct shape *shape = r->shape;
	size_t i, found = 0;

	if (t->id == shape->id)
		return NULL;
	t->id = 0;
	if (t->names.n == 0)
		take_names(t, r);
	if (t->names.n == 0)
		return refuse(t, "it has no fields, and a %s needs a column");
	t->place = mem_realloc(t->place, t->names.n * sizeof *t->place);
	for (i = 0; i < t->names.n; i++) {
		t->place[i] = shape_find(
			shape, t->names.s[i], strlen(t->names.s[i]));
		found += t->place[i] >= 0;
	}
	if (found < shape->n)
		return refuse(t,
			"it has fields that the %s has no columns "
			"for: give parse-json a schema, or pick the fields");
	t->id = shape->id;
	return NULL;
}

static void
put_csv(const struct plaintext *t, struct buf *out, const char *p, size_t n)
{
	/* A line of blanks alone would be no row to readers. */
	bool quote = n == 0 || *p == ' ' || *p == '\t';
	size_t i;

	for (i = 0; i < n && !quote; i++)
		quote = p[i] == t->sep || p[i] == '"' || p[i] == '\n' ||
			p[i] == '\r';
	if (!quote) {
		buf_add(out, p, n);
		return;
	}
	buf_byte(out, '"');
	for (i = 0; i < n; i++) {
		if (p[i] == '"')
			buf_byte(out, '"');
		buf_byte(out, p[i]);
	}
	buf_byte(out, '"');
}

/* The escapes of PostgreSQL's COPY, which mlr and jq have, too. */
static void
put_tsv(struct buf *out, const char *p, size_t n)
{
	static const char special[] = "\t\n\r\\", letter[] = "tnr\\";

	for (size_t i = 0; i < n; i++) {
		const char *at = p[i] == '\0' ? NULL : strchr(special, p[i]);

		if (at != NULL)
			buf_byte(out, '\\');
		buf_byte(out, at != NULL ? letter[at - special] : p[i]);
	}
}

static bool
in_word(const char *p, size_t n, size_t i)
{
	return i > 0 && i + 1 < n && isalnum((unsigned char)p[i - 1]) &&
		isalnum((unsigned char)p[i + 1]);
}

/* What Markdown would take for its own, or HTML. */
static void
put_markdown(struct buf *out, const char *p, size_t n)
{
	if (n == 0)
		buf_str(out, "\"\"");
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\r' && i + 1 < n && p[i + 1] == '\n')
			continue;
		if (p[i] == '\n' || p[i] == '\r')
			buf_str(out, "<br>");
		else if (p[i] == '<' || p[i] == '&')
			buf_str(out, p[i] == '<' ? "&lt;" : "&amp;");
		else if (p[i] != '\0' &&
			(strchr("|\\*`[]~", p[i]) != NULL ||
				(p[i] == '_' && !in_word(p, n, i))))
			buf_printf(out, "\\%c", p[i]);
		else
			buf_byte(out, p[i]);
	}
}

static void
put_cell(struct plaintext *t, struct buf *out, const struct value *v)
{
	const char *p;
	size_t n;

	if (value_is_null(v)) {
		if (t->kind == PLAINTEXT_TSV)
			buf_str(out, "\\N");
		return;
	}
	buf_clear(&t->tmp);
	if (v->type == VALUE_STRING) {
		p = value_string(v, &n, &t->tmp);
	} else {
		value_print(v, &t->tmp);
		p = t->tmp.p;
		n = t->tmp.n;
		if (*p == '"') { /* a time */
			p++;
			n -= 2;
		}
	}
	if (t->kind == PLAINTEXT_CSV)
		put_csv(t, out, p, n);
	else if (t->kind == PLAINTEXT_TSV)
		put_tsv(out, p, n);
	else
		put_markdown(out, p, n);
}

static void
put_between(const struct plaintext *t, struct buf *out, size_t i)
{
	if (t->kind == PLAINTEXT_MARKDOWN)
		buf_str(out, i == 0 ? "| " : " | ");
	else if (i > 0)
		buf_byte(out, t->kind == PLAINTEXT_TSV ? '\t' : t->sep);
}

static void
end_row(const struct plaintext *t, struct buf *out)
{
	buf_str(out, t->kind == PLAINTEXT_MARKDOWN ? " |\n" : "\n");
}

void
plaintext_header(struct plaintext *t, struct buf *out)
{
	size_t i;

	for (i = 0; i < t->names.n; i++) {
		const char *s = t->names.s[i];
		struct value v = value_json_string(s, strlen(s), true);

		put_between(t, out, i);
		put_cell(t, out, &v);
	}
	end_row(t, out);
	if (t->kind != PLAINTEXT_MARKDOWN)
		return;
	for (i = 0; i < t->names.n; i++) {
		put_between(t, out, i);
		buf_str(out, t->right[i] ? "---:" : "---");
	}
	end_row(t, out);
}

void
plaintext_row(struct plaintext *t, const struct record *r, struct buf *out)
{
	static const struct value null = {.type = VALUE_NULL};
	size_t begin = out->n;

	for (size_t i = 0; i < t->names.n; i++) {
		put_between(t, out, i);
		put_cell(t, out, t->place[i] >= 0 ? &r->v[t->place[i]] : &null);
	}
	/* A line of nothing would be no row to its reader. */
	if (t->names.n == 1 && out->n == begin && t->kind == PLAINTEXT_CSV)
		buf_str(out, "\"\"");
	end_row(t, out);
}
