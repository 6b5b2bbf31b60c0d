/*
 * jq_dump: values as jq 1.6 prints them: doubles in up to 17 digits, as few as
 * give the same number again.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "text/number.h"
#include "value/json.h"
#include "expr/jq/jq_impl.h"

/* The digits of a finite double's shortest text, without zeros around them,
 * and where the point is among them. */
static size_t
jq_dump_digits(double d, char *digits, int *point)
{
	char text[NUMBER_MAX];
	size_t i, len = number_print_double(d, text), n = 0;
	bool after = false;

	*point = 0;
	for (i = 0; i < len && text[i] != 'e'; i++) {
		if (text[i] == '.') {
			after = true;
			continue;
		}
		if (text[i] == '-')
			continue;
		if (n > 0 || text[i] != '0') {
			digits[n++] = text[i];
			*point += !after;
		} else {
			*point -= after;
		}
	}
	if (i < len) {
		text[len] = '\0';
		*point += (int)strtol(text + i + 1, NULL, 10);
	}
	while (n > 0 && digits[n - 1] == '0')
		n--;
	return n;
}

static void
jq_dump_double(double d, struct buf *out)
{
	char digits[NUMBER_MAX];
	int point, e;
	size_t n;

	if (isnan(d)) {
		buf_str(out, "null");
		return;
	}
	if (isinf(d))
		d = d > 0 ? DBL_MAX : -DBL_MAX;
	if (signbit(d))
		buf_byte(out, '-');
	n = d == 0 ? 0 : jq_dump_digits(d, digits, &point);
	if (n == 0) {
		buf_byte(out, '0');
	} else if (point <= -4 || point > (int)n + 15) {
		e = point - 1;
		buf_byte(out, digits[0]);
		if (n > 1) {
			buf_byte(out, '.');
			buf_add(out, digits + 1, n - 1);
		}
		buf_printf(out, "e%c%02d", e < 0 ? '-' : '+', abs(e));
	} else if (point <= 0) {
		buf_str(out, "0.");
		for (; point < 0; point++)
			buf_byte(out, '0');
		buf_add(out, digits, n);
	} else {
		for (e = 0; e < point || (size_t)e < n; e++) {
			if (e == point)
				buf_byte(out, '.');
			buf_byte(out, (size_t)e < n ? digits[e] : '0');
		}
	}
}

static void
jq_dump_number(const struct jq_value_number *x, struct buf *out)
{
	char text[NUMBER_MAX];

	if (x->exact)
		buf_add(out, text, number_print_int(x->i, text));
	else
		jq_dump_double(x->d, out);
}

static void
jq_dump_string(const char *s, size_t n, struct buf *out)
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	const char *letter;
	size_t i;

	buf_byte(out, '"');
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		letter = NULL;
		if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
			for (const char *l = letters; *l != '\0'; l += 2)
				if (*l == s[i])
					letter = l + 1;
		if (letter != NULL) {
			buf_byte(out, '\\');
			buf_byte(out, *letter);
		} else if (c < 0x20 || c == 0x7f) {
			buf_printf(out, "\\u%04x", c);
		} else {
			buf_byte(out, s[i]);
		}
	}
	buf_byte(out, '"');
}

static void
jq_dump_array(struct jq_run *run, const struct value *v, struct buf *out)
{
	struct json_iter it;
	struct value key, x;
	bool first = true;

	buf_byte(out, '[');
	json_iter(&it, v);
	while (json_next(&it, &key, &x)) {
		if (!first)
			buf_byte(out, ',');
		first = false;
		jq_dump(run, &x, out);
	}
	buf_byte(out, ']');
}

static void
jq_dump_object(struct jq_run *run, const struct value *v, struct buf *out)
{
	size_t i, n;
	struct jq_member *m = jq_member_list(run, v, &n);

	buf_byte(out, '{');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_byte(out, ',');
		jq_dump_string(m[i].s, m[i].n, out);
		buf_byte(out, ':');
		jq_dump(run, &m[i].v, out);
	}
	buf_byte(out, '}');
}

void
jq_dump(struct jq_run *run, const struct value *v, struct buf *out)
{
	struct jq_value_number x;
	const char *s;
	size_t n;

	switch (jq_type(v)) {
	case JQ_NULL:
		buf_str(out, "null");
		break;
	case JQ_FALSE:
		buf_str(out, "false");
		break;
	case JQ_TRUE:
		buf_str(out, "true");
		break;
	case JQ_NUMBER:
		x = jq_value_number(v);
		jq_dump_number(&x, out);
		break;
	case JQ_STRING:
		s = jq_value_string(run, v, &n);
		jq_dump_string(s, n, out);
		break;
	case JQ_LIST:
		jq_dump_array(run, v, out);
		break;
	case JQ_DICT:
		jq_dump_object(run, v, out);
		break;
	}
}

struct value
jq_dump_tostring(struct jq_run *run, const struct value *v)
{
	struct buf *text = jq_run_take(run);
	const char *p;

	jq_dump(run, v, text);
	p = jq_run_keep(run, text->p, text->n);
	jq_run_give(run);
	return jq_value_from_string(run, p, text->n);
}
