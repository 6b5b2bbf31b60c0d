/*
 * python: see python.h.  Statements are laid out as black does it: on a line
 * where they fit, else a call a line, else an argument a line.
 */
#include "command/spark/python.h"
#include "floor/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "time/time.h"

#define WIDTH 79
#define STEP 4

/* The bytes of the UTF-8 character at p, and which it is; 0: it is none. */
static int
utf8_at(const unsigned char *p, uint32_t *c)
{
	int n = *p < 0x80                 ? 1
		: *p >= 0xC2 && *p < 0xE0 ? 2
		: (*p & 0xF0) == 0xE0     ? 3
		: *p >= 0xF0 && *p < 0xF5 ? 4
					  : 0;

	if (n == 0)
		return 0;
	*c = n == 1 ? *p : *p & (0xFFu >> (n + 1));
	for (int i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3Fu);
	}
	if ((n == 3 && *c < 0x800) || (n == 4 && *c < 0x10000) ||
		*c > 0x10FFFF || (*c >= 0xD800 && *c < 0xE000))
		return 0;
	return n;
}

/* Characters that would let a text look like another one. */
static bool
is_hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD ||
		(c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
		(c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
}

static void
put_escape(struct buf *b, uint32_t c)
{
	if (c == '\n')
		buf_str(b, "\\n");
	else if (c == '\t')
		buf_str(b, "\\t");
	else if (c == '\r')
		buf_str(b, "\\r");
	else
		buf_printf(b, c < 0x100 ? "\\x%02x" : "\\u%04x", c);
}

void
python_string(struct buf *b, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t c = 0;
	int n;

	buf_byte(b, '"');
	for (; *p != '\0'; p += n) {
		n = utf8_at(p, &c);
		if (n == 0) { /* as Python itself takes such arguments */
			buf_printf(b, "\\udc%02x", *p);
			n = 1;
		} else if (c == '"' || c == '\\') {
			buf_byte(b, '\\');
			buf_byte(b, (char)c);
		} else if (is_hidden(c)) {
			put_escape(b, c);
		} else {
			buf_add(b, p, (size_t)n);
		}
	}
	buf_byte(b, '"');
}

void
python_comment(struct buf *b, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t c = 0;
	int n;

	buf_str(b, "# ");
	for (; *p != '\0'; p += n) {
		n = utf8_at(p, &c);
		if (n == 0) {
			buf_printf(b, "\\x%02x", *p);
			n = 1;
		} else if (c == '\n') {
			while (b->n > 0 && b->p[b->n - 1] == ' ')
				b->n--;
			buf_str(b, "\n# ");
		} else if (c == '\t') {
			buf_str(b, "    ");
		} else if (is_hidden(c)) {
			put_escape(b, c);
		} else {
			buf_add(b, p, (size_t)n);
		}
	}
	while (b->n > 0 && b->p[b->n - 1] == ' ')
		b->n--;
	buf_byte(b, '\n');
}

void
python_name(struct buf *b, const char *name)
{
	size_t i = 0;

	if (isalpha((unsigned char)*name) || *name == '_')
		while (isalnum((unsigned char)name[i]) || name[i] == '_')
			i++;
	if (i > 0 && name[i] == '\0') {
		buf_str(b, name);
		return;
	}
	buf_byte(b, '`');
	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '`')
			buf_byte(b, '`');
		buf_byte(b, *p);
	}
	buf_byte(b, '`');
}

void
python_column(struct buf *b, const char *name)
{
	struct buf quoted;

	buf_init(&quoted);
	python_name(&quoted, name);
	buf_str(b, "F.col(");
	python_string(b, buf_cstr(&quoted));
	buf_byte(b, ')');
	buf_release(&quoted);
}

void
python_list(struct buf *b, const struct list *l)
{
	buf_byte(b, '[');
	for (size_t i = 0; i < l->n; i++) {
		if (i > 0)
			buf_str(b, ", ");
		python_string(b, l->s[i]);
	}
	buf_byte(b, ']');
}

void
python_duration(struct buf *b, int64_t us)
{
	static const struct {
		int64_t us;
		const char *name;
	} units[] = {{86400 * TIME_SECOND, "day"}, {3600 * TIME_SECOND, "hour"},
		{60 * TIME_SECOND, "minute"}, {TIME_SECOND, "second"},
		{1000, "millisecond"}, {1, "microsecond"}};
	size_t i = 0;

	while (us % units[i].us != 0)
		i++;
	if (us == 0)
		i = 3;
	us /= units[i].us;
	buf_printf(b, "%lld %s%s", (long long)us, units[i].name,
		us == 1 ? "" : "s");
}

void
python_begin(struct python_statement *s, const char *name, const char *from)
{
	memset(s, 0, sizeof(*s));
	s->name = name != NULL ? mem_dup(name, strlen(name)) : NULL;
	s->from = mem_dup(from, strlen(from));
	buf_init(&s->arg);
}

/* The argument that is being written is whole. */
static void
finish_arg(struct python_statement *s)
{
	if (!s->open)
		return;
	list_add(&s->calls[s->n - 1].args, buf_cstr(&s->arg), false);
	buf_clear(&s->arg);
	s->open = false;
}

void
python_call(struct python_statement *s, const char *method)
{
	finish_arg(s);
	s->calls = mem_realloc(s->calls, (s->n + 1) * sizeof(*s->calls));
	memset(&s->calls[s->n], 0, sizeof(*s->calls));
	s->calls[s->n++].method = mem_dup(method, strlen(method));
}

struct buf *
python_arg(struct python_statement *s)
{
	finish_arg(s);
	s->open = true;
	return &s->arg;
}

void
python_arg_code(struct python_statement *s, const char *code)
{
	buf_str(python_arg(s), code);
}

void
python_arg_string(struct python_statement *s, const char *text)
{
	python_string(python_arg(s), text);
}

void
python_option(struct python_statement *s, const char *name, const char *value)
{
	python_call(s, "option");
	python_arg_string(s, name);
	python_arg_string(s, value);
}

static void
put_line(struct buf *out, const struct python_call *c)
{
	buf_printf(out, ".%s(", c->method);
	for (size_t i = 0; i < c->args.n; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", c->args.s[i]);
	buf_byte(out, ')');
}

static void
new_line(struct buf *out, int indent)
{
	buf_printf(out, "\n%*s", indent, "");
}

/* A call on a line, or an argument a line. */
static void
put_call(struct buf *out, const struct python_call *c, int indent)
{
	size_t start = out->n;

	new_line(out, indent);
	put_line(out, c);
	if (out->n - start <= WIDTH + 1 || c->args.n == 0)
		return;
	out->n = start;
	new_line(out, indent);
	buf_printf(out, ".%s(", c->method);
	for (size_t i = 0; i < c->args.n; i++) {
		new_line(out, indent + STEP);
		buf_printf(out, "%s,", c->args.s[i]);
	}
	new_line(out, indent);
	buf_byte(out, ')');
}

static void
put_head(struct buf *out, const struct python_statement *s, int indent)
{
	buf_printf(out, "%*s", indent, "");
	if (s->name != NULL)
		buf_printf(out, "%s = ", s->name);
}

static void
put_statement(struct buf *out, const struct python_statement *s, int indent)
{
	size_t start = out->n;

	put_head(out, s, indent);
	buf_str(out, s->from);
	for (size_t i = 0; i < s->n; i++)
		put_line(out, &s->calls[i]);
	if (out->n - start <= WIDTH || s->n == 0) {
		buf_byte(out, '\n');
		return;
	}
	out->n = start;
	put_head(out, s, indent);
	buf_byte(out, '(');
	new_line(out, indent + STEP);
	buf_str(out, s->from);
	for (size_t i = 0; i < s->n; i++)
		put_call(out, &s->calls[i], indent + STEP);
	new_line(out, indent);
	buf_str(out, ")\n");
}

void
python_end(struct python_statement *s, struct buf *out, int indent)
{
	finish_arg(s);
	put_statement(out, s, indent);
	for (size_t i = 0; i < s->n; i++) {
		free(s->calls[i].method);
		list_free(&s->calls[i].args);
	}
	free(s->calls);
	free(s->name);
	free(s->from);
	buf_release(&s->arg);
}
