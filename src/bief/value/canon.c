/*
 * canon: see canon.h.
 */
#include "value/canon.h"

#include <string.h>

#include "floor/buf.h"
#include "value/json.h"
#include "value/value.h"

/* May the text that ends here be a time? */
static bool
like_time(const char *from, const char *end)
{
	return end - from >= 20 && end[-1] == 'Z';
}

/* Behind the closing quote of a text that needs no closer look, or NULL. */
static const char *
skip_text(const char *p, const char *end)
{
	const char *from = ++p;

	while (p < end && *p != '"') {
		if (*p == '\\')
			return NULL;
		p++;
	}
	return p == end || like_time(from, p) ? NULL : p + 1;
}

/* The same of a number: an integer of at most 18 digits. */
static const char *
skip_integer(const char *p, const char *end)
{
	const char *from = p += *p == '-';

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	if (p == from || p - from > 18 || (from[-1] == '-' && *from == '0'))
		return NULL;
	return p < end && (*p == '.' || (*p | 0x20) == 'e') ? NULL : p;
}

bool
canon_is(const struct value *v)
{
	const char *p = v->s, *end = v->s + v->n;

	while (p != NULL && p < end) {
		if (*p == '"')
			p = skip_text(p, end);
		else if (*p == '-' || (*p >= '0' && *p <= '9'))
			p = skip_integer(p, end);
		else if (*p <= ' ')
			return false;
		else
			p++;
	}
	return p != NULL;
}

static void
print_text(const struct value *v, struct buf *out)
{
	struct buf tmp;
	const char *s;
	size_t n;

	buf_init(&tmp);
	s = value_string(v, &n, &tmp);
	json_quote(out, s, n);
	buf_release(&tmp);
}

/* An integer beyond 64 bits stays exact. */
static bool
is_big(const struct value *v, const struct value *number)
{
	if (v->type != VALUE_NUMBER || number->type != VALUE_DOUBLE)
		return false;
	for (uint32_t i = 0; i < v->n; i++)
		if (v->s[i] == '.' || (v->s[i] | 0x20) == 'e')
			return false;
	return true;
}

static void
print_scalar(const struct value *v, struct buf *out)
{
	struct value number = value_number(v, true);
	int64_t us;

	if (is_big(v, &number)) {
		value_print(v, out);
	} else if (number.type == VALUE_DOUBLE) {
		/* -0.0 is 0.0 */
		number.d += 0.0;
		value_print(&number, out);
	} else if (value_get_time(v, &us) == 0) {
		number = value_time(us);
		value_print(&number, out);
	} else if (v->type == VALUE_STRING)
		print_text(v, out);
	else
		value_print(&number, out);
}

void
canon_print(const struct value *v, struct buf *out)
{
	struct json_iter it;
	struct value key, item;
	bool object = v->type == VALUE_OBJECT;

	if (!object && v->type != VALUE_ARRAY) {
		print_scalar(v, out);
		return;
	}
	buf_byte(out, object ? '{' : '[');
	json_iter(&it, v);
	for (bool first = true; json_next(&it, &key, &item); first = false) {
		if (!first)
			buf_byte(out, ',');
		if (object) {
			print_text(&key, out);
			buf_byte(out, ':');
		}
		canon_print(&item, out);
	}
	buf_byte(out, object ? '}' : ']');
}
