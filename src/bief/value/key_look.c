/*
 * key_look: see key_look.h.  Above canon.c, since two arrays or objects are one
 * key whatever their spelling.
 */
#include "value/key_look.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/number.h"
#include "time/date.h"
#include "value/canon.h"

static void
look_number(const struct value *v, struct key_look *l)
{
	if (number_int(v->s, v->n, &l->i) == 0) {
		l->class = CLASS_INT;
	} else if (value_digits(v->s, v->n)) {
		l->class = CLASS_BIG;
		l->s = v->s;
		l->n = v->n;
	} else {
		l->class = CLASS_DOUBLE;
		l->d = number_double(v->s, v->n);
	}
}

static void
look_string(const struct value *v, struct key_look *l)
{
	l->s = value_string(v, &l->n, &l->tmp);
	if (value_iso(l->s, l->n, &l->i))
		l->class = CLASS_TIME;
	else if (number_special(l->s, l->n, &l->d))
		l->class = CLASS_DOUBLE;
	else
		l->class = CLASS_STRING;
}

void
key_look_at(const struct value *v, struct key_look *l)
{
	buf_init(&l->tmp);
	switch (v == NULL ? VALUE_NULL : (enum value_type)v->type) {
	case VALUE_NULL:
		l->class = CLASS_NULL;
		break;
	case VALUE_BOOL:
		l->class = CLASS_BOOL;
		l->i = v->i != 0;
		break;
	case VALUE_INT:
		l->class = CLASS_INT;
		l->i = v->i;
		break;
	case VALUE_DOUBLE:
		l->class = CLASS_DOUBLE;
		l->d = v->d;
		break;
	case VALUE_NUMBER:
		look_number(v, l);
		break;
	case VALUE_REAL:
		l->class = CLASS_DOUBLE;
		l->d = number_double(v->s, v->n);
		break;
	case VALUE_STRING:
		look_string(v, l);
		break;
	case VALUE_TIME:
		l->class = CLASS_TIME;
		l->i = v->i;
		break;
	case VALUE_DATE: /* the same as its text */
		l->class = CLASS_STRING;
		l->s = l->date;
		l->n = date_format((int32_t)v->i, l->date);
		break;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		l->class = v->type == VALUE_ARRAY ? CLASS_ARRAY : CLASS_OBJECT;
		l->s = v->s;
		l->n = v->n;
		if (canon_is(v))
			break;
		canon_print(v, &l->tmp);
		l->s = l->tmp.p;
		l->n = l->tmp.n;
	}
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

int
key_look_digits(const char *a, size_t na, const char *b, size_t nb)
{
	int sign = *a == '-' ? -1 : 1;

	if ((*a == '-') != (*b == '-'))
		return sign;
	if (na != nb)
		return na < nb ? -sign : sign;
	return sign * ORDER(memcmp(a, b, na), 0);
}

int
key_look_big(const struct key_look *big, double d)
{
	char text[400]; /* the largest double has 309 digits */
	int n;

	if (isnan(d))
		return -1;
	if (fabs(d) < 0x1p63 || isinf(d))
		return isinf(d) ? (d > 0 ? -1 : 1) : *big->s == '-' ? -1 : 1;
	n = snprintf(text, sizeof(text), "%.0f", d);
	return key_look_digits(big->s, big->n, text, (size_t)n);
}
