/*
 * join_ahead: see join_ahead.h.
 */
#include "join/join_ahead.h"

#include <string.h>

#include "floor/buf.h"
#include "text/number.h"
#include "value/key.h"
#include "value/record.h"
#include "value/value.h"

#define DIGITS_MOST 20
#define TEXT_MOST 256

void
join_ahead_learn(
	struct join_ahead *a, const struct record *r, const struct value *key)
{
	a->at = 0;
	if (key == NULL || r->line == NULL ||
		(key->type != VALUE_NUMBER && key->type != VALUE_STRING) ||
		key->s <= r->line || key->s >= r->line + r->nline)
		return;
	a->at = (size_t)(key->s - r->line);
	a->quoted = key->type == VALUE_STRING;
}

bool
join_ahead_key(
	const struct join_ahead *a, const char *p, size_t n, struct buf *out)
{
	const char *end;
	struct value v;
	int64_t i;
	size_t k;

	if (a->at == 0 || n <= a->at || p[a->at - 1] != (a->quoted ? '"' : ':'))
		return false;
	p += a->at;
	n -= a->at;
	if (a->quoted) {
		end = memchr(p, '"', n < TEXT_MOST ? n : TEXT_MOST);
		if (end == NULL)
			return false;
		v = value_json_string(p, (size_t)(end - p), false);
	} else {
		for (k = *p == '-';
			k < n && k < DIGITS_MOST && number_is_digit(p[k]);)
			k++;
		if (number_int(p, k, &i) < 0)
			return false;
		v = value_int(i);
	}
	key_encode(&v, out);
	return true;
}
