/*
 * jq_put: what the evaluator and the functions both do to text and lists that
 * are being put together, below the two of them.
 */
#include <math.h>
#include <string.h>

#include "floor/buf.h"
#include "expr/jq/jq_impl.h"

const char *
jq_put_next(const char *p, const char *end)
{
	for (p++; p < end && ((unsigned char)*p & 0xC0) == 0x80;)
		p++;
	return p;
}

size_t
jq_put_count(const char *s, size_t n)
{
	size_t i, count = 0;

	for (i = 0; i < n; i++)
		count += ((unsigned char)s[i] & 0xC0) != 0x80;
	return count;
}

/* Make a value fit to stand in text: NaN and the infinities have none there. */
bool
jq_put_settle(struct jq_run *run, struct value *v)
{
	jq_value_text(run, v);
	return v->type != VALUE_DOUBLE || isfinite(v->d);
}

int
jq_put_append(struct jq_run *run, void *arg, const struct value *v)
{
	struct buf *text = arg;
	struct value x = *v;

	if (!jq_put_settle(run, &x))
		return JQ_ASK;
	if (text->n > 1)
		buf_byte(text, ',');
	value_print(&x, text);
	return 0;
}

int
jq_put_split(struct jq_run *run, const struct value *a, const struct value *b,
	struct value *out)
{
	struct buf *text;
	const char *s, *t, *p, *end;
	struct value part;
	size_t n, m;

	s = jq_value_string(run, a, &n);
	t = jq_value_string(run, b, &m);
	end = s + n;
	text = jq_run_take(run);
	buf_byte(text, '[');
	while (n > 0) {
		if (m > 0)
			p = memmem(s, (size_t)(end - s), t, m);
		else
			p = jq_put_next(s, end);
		if (p == NULL)
			p = end;
		part = jq_value_substring(run, a, s, (size_t)(p - s));
		jq_put_append(run, text, &part);
		if (p == end)
			break;
		s = p + m;
	}
	*out = jq_value_finish(run, ']');
	return 0;
}
