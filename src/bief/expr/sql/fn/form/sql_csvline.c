/*
 * sql_csvline: see sql_csvline.h.
 */
#include "expr/sql/fn/form/sql_csvline.h"

#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"

static bool
at_sep(const struct sql_csvline_style *style, const char *s, const char *end)
{
	size_t n = strlen(style->sep);

	return (size_t)(end - s) >= n && memcmp(s, style->sep, n) == 0;
}

static const char *
cell_end(const struct sql_csvline_style *style, const char *s, const char *end)
{
	while (s < end && !at_sep(style, s, end))
		s++;
	return s;
}

/* What is in quotes, from behind the first of them: the place behind the last,
 * or NULL where a character stands behind it that is no separator. */
static const char *
take_quoted(const struct sql_csvline_style *style, const char *s,
	const char *end, struct buf *out)
{
	for (; s < end; s++) {
		if (*s == style->escape && s + 1 < end &&
			(s[1] == style->quote || s[1] == style->escape)) {
			buf_byte(out, *++s);
			continue;
		}
		if (*s != style->quote) {
			buf_byte(out, *s);
			continue;
		}
		return s + 1 == end || at_sep(style, s + 1, end) ? s + 1 : NULL;
	}
	return end;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *
take_cell(struct sql_csvline *l, const struct sql_csvline_style *style,
	const char *s, const char *end)
{
	struct sql_csvline_cell c = {.at = l->text.n};
	const char *stop = NULL;

	while (style->trim_front && s < end && is_blank(*s))
		s++;
	if (style->quote != '\0' && s < end && *s == style->quote) {
		stop = take_quoted(style, s + 1, end, &l->text);
		c.quoted = stop != NULL;
		if (stop == NULL)
			l->text.n = c.at;
	}
	if (stop == NULL) {
		stop = cell_end(style, s, end);
		buf_add(&l->text, s, (size_t)(stop - s));
	}
	while (style->trim_behind && !c.quoted && l->text.n > c.at &&
		is_blank(l->text.p[l->text.n - 1]))
		l->text.n--;
	c.n = l->text.n - c.at;
	if (l->n == l->cap) {
		l->cap = l->cap * 2 + 8;
		l->cell = mem_realloc(l->cell, l->cap * sizeof(*l->cell));
	}
	l->cell[l->n++] = c;
	return stop;
}

void
sql_csvline_split(struct sql_csvline *l, const struct sql_csvline_style *style,
	const char *s, size_t n)
{
	const char *end = s + n;

	l->n = 0;
	buf_clear(&l->text);
	if (n == 0 || (style->comment != '\0' && *s == style->comment))
		return;
	for (;;) {
		s = take_cell(l, style, s, end);
		if (s == end)
			return;
		s += strlen(style->sep);
	}
}

void
sql_csvline_release(struct sql_csvline *l)
{
	buf_release(&l->text);
	free(l->cell);
}

/* ---- writing ---- */

static bool
must_quote(const struct sql_csvline_style *style, const char *s, size_t n)
{
	const char *end = s + n;

	if (style->quote_all || (n > 0 && *s == '#'))
		return true;
	for (; s < end; s++)
		if (*s == style->quote || *s == '\n' || *s == '\r' ||
			at_sep(style, s, end))
			return true;
	return false;
}

void
sql_csvline_put(const struct sql_csvline_style *style, const char *s, size_t n,
	struct buf *out)
{
	if (s == NULL) {
		buf_str(out, style->null);
		return;
	}
	for (; style->trim_front && n > 0 && is_blank(*s); n--)
		s++;
	while (style->trim_behind && n > 0 && is_blank(s[n - 1]))
		n--;
	if (n == 0) {
		buf_str(out, style->empty);
		return;
	}
	if (style->quote == '\0' || !must_quote(style, s, n)) {
		buf_add(out, s, n);
		return;
	}
	buf_byte(out, style->quote);
	for (size_t i = 0; i < n; i++) {
		if (s[i] == style->quote || s[i] == style->escape)
			buf_byte(out, style->escape);
		buf_byte(out, s[i]);
	}
	buf_byte(out, style->quote);
}
