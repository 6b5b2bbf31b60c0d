/*
 * sets: see sets.h.
 */
#include "agg/sets.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "value/list.h"
#include "value/path.h"

/* ---- columns ---- */

/* The key of that name: an exact match wins, else one in another case; by->n:
 * none. */
static size_t
key_of(const struct list *by, const char *name)
{
	for (size_t i = 0; i < by->n; i++)
		if (strcmp(by->s[i], name) == 0)
			return i;
	for (size_t i = 0; i < by->n; i++)
		if (strcasecmp(by->s[i], name) == 0)
			return i;
	return by->n;
}

static int
add_column(struct sets *s, struct list *by, bool open, const char *name,
	struct err *err)
{
	size_t i = key_of(by, name);

	if (*name == '\0')
		return err_as(err, STATUS_USAGE,
			"--grouping-sets: a field is missing at a comma of "
			"'%s'",
			s->text);
	if (i == by->n && !open && strcasecmp(name, "window") == 0) {
		s->window[s->n - 1] = true;
		return 0;
	}
	if (i == by->n && !open)
		return err_as(err, STATUS_USAGE,
			"--grouping-sets: '%s' is no field of --by", name);
	if (i >= SETS_MOST)
		return err_as(err, STATUS_USAGE,
			"--grouping-sets: %d columns at most", SETS_MOST);
	if (i == by->n)
		list_add(by, name, false);
	s->keys[s->n - 1] |= UINT64_C(1) << i;
	return 0;
}

/* One set, the fields parted by commas. */
static int
add_set(struct sets *s, struct list *by, bool open, char *text, struct err *err)
{
	s->keys = mem_realloc(s->keys, (s->n + 1) * sizeof(*s->keys));
	s->window = mem_realloc(s->window, (s->n + 1) * sizeof(*s->window));
	s->keys[s->n] = 0;
	s->window[s->n++] = false;
	text = list_trim(text);
	while (*text != '\0') {
		char *comma = (char *)path_until(text, ','), more = *comma;

		*comma = '\0';
		if (add_column(s, by, open, list_trim(text), err) < 0)
			return -1;
		if (more != ',')
			break;
		text = comma + 1;
		if (*list_trim(text) == '\0')
			return add_column(s, by, open, "", err);
	}
	for (size_t i = 0; i + 1 < s->n; i++)
		if (s->keys[i] == s->keys[s->n - 1] &&
			s->window[i] == s->window[s->n - 1])
			return err_as(err, STATUS_USAGE,
				"--grouping-sets '%s': two sets are the same",
				s->text);
	return 0;
}

/* ---- the text ---- */

/* (a,b),(a),(), as SQL has it. */
static int
read_brackets(
	struct sets *s, struct list *by, bool open, char *text, struct err *err)
{
	for (;;) {
		char *close = (char *)path_until(text, ')');

		if (*text != '(' || *close != ')')
			return err_as(err, STATUS_USAGE,
				"--grouping-sets '%s': sets are written "
				"'(a,b),(a),()', or 'a,b;a;'",
				s->text);
		*close = '\0';
		if (add_set(s, by, open, text + 1, err) < 0)
			return -1;
		text = list_trim(close + 1);
		if (*text == '\0')
			return 0;
		text = *text == ',' ? list_trim(text + 1) : text;
	}
}

static int
read_semicolons(
	struct sets *s, struct list *by, bool open, char *text, struct err *err)
{
	for (;;) {
		char *end = (char *)path_until(text, ';'), more = *end;

		*end = '\0';
		if (add_set(s, by, open, text, err) < 0)
			return -1;
		if (more != ';')
			return 0;
		text = end + 1;
	}
}

int
sets_read(struct sets *s, struct list *by, struct err *err)
{
	char *copy;
	bool open = by->n == 0;
	int ret;

	if (s->text == NULL)
		return 0;
	copy = mem_dup(s->text, strlen(s->text));
	ret = *list_trim(copy) == '('
		? read_brackets(s, by, open, list_trim(copy), err)
		: read_semicolons(s, by, open, copy, err);
	free(copy);
	return ret;
}

void
sets_release(struct sets *s)
{
	free(s->keys);
	free(s->window);
	memset(s, 0, sizeof(*s));
}

void
sets_drop_window(struct sets *s, size_t i)
{
	for (size_t k = 0; k < s->n; k++) {
		s->window[k] |= s->keys[k] >> i & 1;
		s->keys[k] &= ~(UINT64_C(1) << i);
	}
}

void
sets_drop(struct sets *s, size_t i)
{
	const uint64_t below = (UINT64_C(1) << i) - 1;

	sets_drop_window(s, i);
	for (size_t k = 0; k < s->n; k++)
		s->keys[k] = (s->keys[k] & below) | (s->keys[k] >> 1 & ~below);
}

uint16_t
sets_mask(const struct sets *s, size_t set, size_t keys, bool windowed)
{
	unsigned mask = 0;
	bool named = false;

	for (size_t i = 0; i < s->n; i++)
		named |= s->window[i];
	for (size_t i = 0; i < keys; i++)
		if (!(s->keys[set] >> i & 1))
			mask |= 1u << (keys - 1 - i);
	if (windowed && named && !s->window[set])
		mask |= 1u << keys;
	return (uint16_t)mask;
}
