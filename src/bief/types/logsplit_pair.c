/*
 * logsplit_pair: logfmt: key=value key="a value" key
 */
#include <string.h>

#include "value/json.h"
#include "types/logsplit.h"

/* A value in quotes, in which escapes are those of JSON. */
static int
split_quoted(struct logsplit *l, struct cell *c)
{
	const char *p = ++l->p;
	bool escaped = false;
	size_t from = l->text->n;

	while (l->p < l->end && *l->p != '"') {
		escaped |= *l->p == '\\';
		l->p += 1 + (*l->p == '\\');
	}
	if (l->p >= l->end)
		return -1;
	*c = (struct cell){p, (size_t)(l->p - p), true};
	l->p++;
	if (!escaped)
		return 1;
	json_unquote(l->text, c->s, c->n);
	*c = (struct cell){l->text->p + from, l->text->n - from, true};
	return 1;
}

int
logsplit_pair(struct logsplit *l, struct cell *key, struct cell *value)
{
	const char *p;

	*value = (struct cell){0};
	while (l->p < l->end && (unsigned char)*l->p <= ' ')
		l->p++;
	p = l->p;
	while (l->p < l->end && (unsigned char)*l->p > ' ' && *l->p != '=')
		l->p++;
	*key = (struct cell){p, (size_t)(l->p - p), false};
	if (l->p == l->end)
		return key->n > 0;
	if (*l->p != '=')
		return 1;
	p = ++l->p;
	if (p < l->end && *p == '"')
		return split_quoted(l, value);
	while (l->p < l->end && (unsigned char)*l->p > ' ')
		l->p++;
	*value = (struct cell){p, (size_t)(l->p - p), true};
	return 1;
}
