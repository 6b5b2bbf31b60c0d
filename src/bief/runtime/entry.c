/*
 * entry: see entry.h. What was printed is read back byte for byte, so what is
 * no text goes as hexadecimal digits, and an unknown member is refused: it
 * would be lost in silence.
 */
#include "runtime/entry.h"

#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "time/time.h"
#include "value/json.h"
#include "value/key.h"
#include "runtime/stage.h"

void
entry_kind(struct buf *out, const char *kind)
{
	buf_printf(out, "\"kind\":\"%s\"", kind);
}

void
entry_time(struct buf *out, int64_t us)
{
	char text[TIME_MAX];
	size_t n = time_format_iso(us, text);
	int64_t back;

	if (time_parse_iso(text, n, &back) == 0 && back == us)
		buf_printf(out, "\"%.*s\"", (int)n, text);
	else
		buf_printf(out, "%lld", (long long)us);
}

void
entry_hex(struct buf *out, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *b = p;
	char *to = buf_need(out, 2 * n + 2);

	*to++ = '"';
	for (size_t i = 0; i < n; i++) {
		*to++ = digits[b[i] >> 4];
		*to++ = digits[b[i] & 15];
	}
	*to = '"';
	out->n += 2 * n + 2;
}

void
entry_bytes(struct buf *out, const char *p, size_t n)
{
	if (json_utf8(p, n)) {
		json_quote(out, p, n);
		return;
	}
	buf_str(out, "{\"hex\":");
	entry_hex(out, p, n);
	buf_byte(out, '}');
}

int
entry_code(struct buf *out, const char **p, const char *end, struct err *err)
{
	struct value v;
	size_t n = key_decode(&v, *p, (size_t)(end - *p));

	if (n == 0)
		return err_as(
			err, STATUS_DAMAGED, "a key in the state is damaged");
	value_print(&v, out);
	*p += n;
	return 0;
}

void
entry_record(struct buf *out, const char *p, size_t n)
{
	const char *start = json_space(p, p + n);

	n -= (size_t)(start - p);
	while (n > 0 && start[n - 1] != '}')
		n--;
	buf_add(out, start, n);
}

/* ---- to take ---- */

int
entry_wrong(struct err *err, const char *name, const char *what)
{
	return err_as(err, STATUS_USAGE, "'%s' is not %s", name, what);
}

int
entry_get(const struct value *object, const char *name, struct value *v,
	struct err *err)
{
	if (json_get(object, name, strlen(name), v))
		return 0;
	return err_as(err, STATUS_USAGE, "there is no '%s'", name);
}

int
entry_only(
	const struct value *object, const char *const *names, struct err *err)
{
	struct json_iter it;
	struct value key, v;
	char quoted[200];

	json_iter(&it, object);
	while (json_next(&it, &key, &v)) {
		const char *const *name = names;

		while (*name != NULL &&
			!json_same(key.s, key.n, *name, strlen(*name)))
			name++;
		if (*name == NULL)
			return err_as(err, STATUS_USAGE, "what is '%s'?",
				err_quote(
					quoted, sizeof(quoted), key.s, key.n));
	}
	return 0;
}

bool
entry_is(const struct value *v, const char *text)
{
	return v->type == VALUE_STRING &&
		json_same(v->s, v->n, text, strlen(text));
}

bool
entry_of(const struct value *object, const char *kind)
{
	struct value v;

	return json_get(object, "kind", 4, &v) && entry_is(&v, kind);
}

int
entry_get_int(const struct value *object, const char *name, int64_t *i,
	struct err *err)
{
	struct value v;

	if (entry_get(object, name, &v, err) == -1)
		return -1;
	v = value_number(&v, false);
	*i = v.i;
	return v.type == VALUE_INT
		? 0
		: entry_wrong(err, name, "an integer of 64 bits");
}

int
entry_get_time(const struct value *object, const char *name, int64_t *us,
	struct err *err)
{
	struct value v, n;

	if (entry_get(object, name, &v, err) == -1)
		return -1;
	if (value_get_time(&v, us) == 0)
		return 0;
	n = value_number(&v, false);
	*us = n.i;
	return n.type == VALUE_INT ? 0
				   : entry_wrong(err, name,
					     "a time of the form "
					     "2016-07-26T02:45:07Z");
}

static int
nibble(char c)
{
	return c >= '0' && c <= '9'    ? c - '0'
		: c >= 'a' && c <= 'f' ? c - 'a' + 10
				       : -1;
}

int
entry_get_hex(const struct value *object, const char *name, struct buf *out,
	struct err *err)
{
	struct value v;

	if (entry_get(object, name, &v, err) == -1)
		return -1;
	if (v.type != VALUE_STRING || v.n % 2 != 0)
		return entry_wrong(err, name, "hexadecimal digits");
	for (uint32_t i = 0; i < v.n; i += 2) {
		int high = nibble(v.s[i]), low = nibble(v.s[i + 1]);

		if (high < 0 || low < 0)
			return entry_wrong(err, name, "hexadecimal digits");
		buf_byte(out, (char)(high << 4 | low));
	}
	return 0;
}

int
entry_get_bytes(const struct value *object, const char *name, struct buf *out,
	struct err *err)
{
	static const char *const names[] = {"hex", NULL};
	struct value v;

	if (entry_get(object, name, &v, err) == -1)
		return -1;
	if (v.type == VALUE_STRING) {
		json_unquote(out, v.s, v.n);
		return 0;
	}
	if (v.type != VALUE_OBJECT)
		return entry_wrong(err, name, "text");
	return entry_only(&v, names, err) == -1
		? -1
		: entry_get_hex(&v, "hex", out, err);
}

int
entry_get_nested(const struct value *object, const char *name,
	enum value_type type, struct value *v, struct err *err)
{
	if (entry_get(object, name, v, err) == -1)
		return -1;
	return v->type == type
		? 0
		: entry_wrong(err, name,
			  type == VALUE_ARRAY ? "an array" : "an object");
}

int
entry_unknown(const struct value *object, struct err *err)
{
	struct value v;
	char quoted[200];

	if (entry_get(object, "kind", &v, err) == -1)
		return -1;
	if (v.type != VALUE_STRING)
		return entry_wrong(err, "kind", "a word");
	return err_as(err, STATUS_USAGE, "the stage keeps no '%s'",
		err_quote(quoted, sizeof(quoted), v.s, v.n));
}

int
entry_make(struct stage *st, const void *key, size_t n, size_t size,
	state_ref *made)
{
	bool fresh;

	*made = state_make(st->state, key, n, size, &fresh, st->err);
	if (*made == STATE_NONE)
		return -1;
	return fresh ? 0
		     : err_as(st->err, STATUS_USAGE,
			       "there is an entry of this key already");
}

int
entry_put(struct stage *st, const void *key, size_t n, const void *value,
	size_t size, state_ref *made)
{
	if (entry_make(st, key, n, size, made) == -1)
		return -1;
	if (size > 0)
		memcpy(state_value(st->state, *made, NULL), value, size);
	return 0;
}
