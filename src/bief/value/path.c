/*
 * path: see path.h.
 */
#include "value/path.h"

#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "value/json.h"

static struct path_step *
step_add(struct path *p)
{
	p->step = mem_realloc(p->step, (size_t)(p->n + 1) * sizeof *p->step);
	return &p->step[p->n++];
}

void
path_add_name(struct path *p, const char *s, size_t n)
{
	*step_add(p) = (struct path_step){.s = mem_dup(s, n), .n = n};
}

void
path_add_index(struct path *p, int64_t i)
{
	*step_add(p) = (struct path_step){.i = i};
}

void
path_release(struct path *p)
{
	for (int i = 0; i < p->n; i++)
		free(p->step[i].s);
	free(p->step);
	p->step = NULL;
	p->n = 0;
}

/* Behind the quote that closes the one at p; NULL if none does. */
static const char *
quote_end(const char *p)
{
	for (p++; *p != '"'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		if (*p == '\0')
			return NULL;
	}
	return p + 1;
}

/* Behind "..." at at, which becomes a step; NULL if it does not end. */
static const char *
step_quoted(struct path *p, const char *at)
{
	const char *end = quote_end(at);
	struct buf b;

	if (end == NULL)
		return NULL;
	buf_init(&b);
	json_unquote(&b, at + 1, (size_t)(end - at - 2));
	path_add_name(p, buf_cstr(&b), b.n);
	buf_release(&b);
	return end;
}

/* Behind [3] or ["x"] at at. */
static const char *
step_bracket(struct path *p, const char *at)
{
	char *end;
	long i;

	if (at[1] == '"')
		at = step_quoted(p, at + 1);
	else {
		i = strtol(at + 1, &end, 10);
		if (end == at + 1 ||
			!((at[1] >= '0' && at[1] <= '9') || at[1] == '-'))
			return NULL;
		path_add_index(p, i);
		at = end;
	}
	return at != NULL && *at == ']' ? at + 1 : NULL;
}

void
path_init(struct path *p, const char *text)
{
	*p = (struct path){0};
	if (*text == '.')
		text++;
	for (;;) {
		if (*text == '"')
			text = step_quoted(p, text);
		else if (*text == '[' && p->n > 0)
			text = step_bracket(p, text);
		else {
			size_t n = strcspn(text, ".[");

			if (n == 0)
				break;
			path_add_name(p, text, n);
			text += n;
		}
		if (text == NULL)
			break;
		if (*text == '\0')
			return;
		if (*text == '.')
			text++;
		else if (*text != '[')
			break;
	}
	path_release(p);
}

void
path_print(const struct path *p, struct buf *out)
{
	for (int i = 0; i < p->n; i++) {
		const struct path_step *s = &p->step[i];

		if (s->s == NULL) {
			buf_printf(out, "[%lld]", (long long)s->i);
			continue;
		}
		if (i > 0)
			buf_byte(out, '.');
		if (s->n > 0 && strpbrk(s->s, ".[\"\\") == NULL)
			buf_add(out, s->s, s->n);
		else
			json_quote(out, s->s, s->n);
	}
}

const char *
path_until(const char *text, char c)
{
	const char *from = text, *end;

	while (*text != '\0' && *text != c) {
		bool begins = text == from ||
			strchr(".[=:-, \t\n", text[-1]) != NULL;

		end = *text == '"' && begins ? quote_end(text) : NULL;
		text = end != NULL ? end : text + 1;
	}
	return text;
}

char *
path_name(const char *text)
{
	struct path p;
	char *name;

	path_init(&p, text);
	name = p.n == 1 ? mem_dup(p.step[0].s, p.step[0].n)
			: mem_dup(text, strlen(text));
	path_release(&p);
	return name;
}

#define BLANKS " \t\n"

char *
path_assigned(const char *text, const char **rest)
{
	const char *end, *sign;
	char *name, *plain;

	text += strspn(text, BLANKS);
	end = *text == '"' ? quote_end(text) : NULL;
	sign = end != NULL ? end + strspn(end, BLANKS) : strchr(text, '=');
	if (sign == NULL || *sign != '=' ||
		(*text == '"' && (end == NULL || sign[1] == '=')))
		return NULL;
	for (end = sign; end > text && strchr(BLANKS, end[-1]) != NULL;)
		end--;
	if (end == text)
		return NULL;
	*rest = sign + 1;
	name = mem_dup(text, (size_t)(end - text));
	if (*text != '"')
		return name;
	plain = path_name(name);
	free(name);
	return plain;
}
