/*
 * elements: see elements.h.
 */
#include "value/elements.h"

#include "value/json.h"

void
elements_init(struct elements *e, const char *text, size_t n)
{
	*e = (struct elements){.end = text + n};
	e->p = json_space(text, e->end);
	if (e->p < e->end && *e->p == '[')
		e->p = json_space(e->p + 1, e->end);
}

static int
elements_stop(struct elements *e, const char *why, const char **s, size_t *n)
{
	*s = e->p;
	*n = (size_t)(e->end - e->p);
	e->p = e->end;
	e->why = why;
	return -1;
}

/* What stands between two of them, or behind the last one. */
static const char *
elements_part(struct elements *e)
{
	if (*e->p == ']' && !e->over)
		e->over = true;
	else if (*e->p != ',' || !e->within || e->over)
		return e->over ? "text after the array"
			       : "expected ',' or ']' behind an object";
	e->p = json_space(e->p + 1, e->end);
	e->within = false;
	return NULL;
}

int
elements_next(struct elements *e, const char **s, size_t *n)
{
	struct json_error error;
	struct value v;
	const char *why, *behind;

	while (e->p < e->end &&
		(e->within || *e->p == ']' || *e->p == ',' || e->over)) {
		why = elements_part(e);
		if (why != NULL)
			return elements_stop(e, why, s, n);
	}
	if (e->p == e->end)
		return 0;
	behind = json_read(e->p, e->end, 0, &v, &error);
	if (behind == NULL)
		return elements_stop(e, error.what, s, n);
	*s = e->p;
	*n = (size_t)(behind - e->p);
	e->p = json_space(behind, e->end);
	e->within = true;
	if (v.type == VALUE_OBJECT)
		return 1;
	e->why = "an element of the array is no object";
	return -1;
}
