/*
 * list: see list.h.
 */
#include "value/list.h"

#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "value/path.h"

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
add_word(struct list *l, const char *text, size_t n)
{
	l->s = mem_realloc(l->s, (l->n + 1) * sizeof(*l->s));
	l->s[l->n++] = mem_dup(text, n);
}

/* The part of a word that is no blank at its ends. */
static const char *
trim(const char *from, const char **to)
{
	while (from < *to && is_space(*from))
		from++;
	while (from < *to && is_space((*to)[-1]))
		--*to;
	return from;
}

/* Where there are commas, the blanks around a word are no part of it. */
static void
add_between(struct list *l, const char *from, const char *to)
{
	from = trim(from, &to);
	add_word(l, from, (size_t)(to - from));
}

void
list_add(struct list *l, const char *text, bool commas)
{
	const char *end = commas ? path_until(text, ',') : "";

	if (*end == '\0') {
		add_word(l, text, strlen(text));
		return;
	}
	for (; *end != '\0'; text = end + 1, end = path_until(text, ','))
		add_between(l, text, end);
	add_between(l, text, end);
}

bool
list_has(const struct list *l, const char *text)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->s[i], text) == 0)
			return true;
	return false;
}

char *
list_trim(char *word)
{
	const char *end = word + strlen(word);
	size_t from = (size_t)(trim(word, &end) - word);

	word[end - word] = '\0';
	return word + from;
}

void
list_free(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->s[i]);
	free(l->s);
	l->s = NULL;
	l->n = 0;
}
