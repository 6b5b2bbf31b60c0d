/*
 * step_field: fields, read by their types.  What is spelled as one expects is
 * read here; all else, and what is wrong, is the tree's (datum_load.c).
 */
#include "expr/sql/steps/step_field.h"

#include <math.h>

#include "text/number.h"

/* The field's value; NULL if there is none or it is not known where. */
static inline const struct value *
take_of(const struct datum_ctx *c, const struct sql_node *n)
{
	const struct record *r = c->record[n->side];

	return r != NULL && r->shape->id == n->shape_id && n->index >= 0
		? &r->v[n->index]
		: NULL;
}

static const struct step *
take_any(struct datum_ctx *c, const struct step *s)
{
	return s->n->eval(c, s->n, s->out) != 0 ? &step_failed : step_next(s);
}

/* Into s->out; false: the tree has to. */
static bool
read_double(const struct value *v, struct datum *out)
{
	double d = 0;

	if (v == NULL)
		return false;
	/* Whole numbers are integers first: -0 is 0. */
	if (v->type == VALUE_REAL || (v->type == VALUE_NUMBER && v->n < 18))
		d = number_double(v->s, v->n);
	else if (v->type == VALUE_DOUBLE && isfinite(v->d))
		d = v->d;
	else if (v->type != VALUE_NULL)
		return false;
	if (d == 0 && v->type == VALUE_NUMBER)
		return false;
	*out = v->type == VALUE_NULL ? datum_null() : datum_double(d);
	return true;
}

/* All steps that read a field share the register, which knows in "high" for
 * which evaluation it was read last: text is made a number once. */
static const struct step *
take_double(struct datum_ctx *c, const struct step *s)
{
	if (s->out->high == c->evaluation)
		return s->out->kind == TYPE_NULL ? s->null : s + 1;
	if (!read_double(take_of(c, s->n), s->out))
		return take_any(c, s);
	s->out->high = c->evaluation;
	return s->out->kind == TYPE_NULL ? s->null : s + 1;
}

static const struct step *
take_whole(struct datum_ctx *c, const struct step *s)
{
	const struct value *v = take_of(c, s->n);
	int64_t i;

	if (v == NULL)
		return take_any(c, s);
	if (v->type == VALUE_NULL)
		return s->null;
	if (v->type == VALUE_INT)
		i = v->i;
	else if (v->type != VALUE_NUMBER || number_int(v->s, v->n, &i) < 0)
		return take_any(c, s);
	if (i != datum_wrap(i, s->n->ty.kind))
		return take_any(c, s);
	*s->out = datum_int(s->n->ty.kind, i);
	return s + 1;
}

static const struct step *
take_string(struct datum_ctx *c, const struct step *s)
{
	const struct value *v = take_of(c, s->n);

	if (v == NULL)
		return take_any(c, s);
	if (v->type == VALUE_NULL)
		return s->null;
	if (v->type != VALUE_STRING || (v->flags & VALUE_ESCAPED) != 0)
		return take_any(c, s);
	*s->out = datum_string(v->s, v->n);
	return s + 1;
}

/* What is held as the value that it is. */
static const struct step *
take_held(struct datum_ctx *c, const struct step *s)
{
	const struct value *v = take_of(c, s->n);

	if (v == NULL)
		return take_any(c, s);
	if (v->type == VALUE_NULL)
		return s->null;
	if (v->type != (uint8_t)s->i)
		return take_any(c, s);
	*s->out = datum_int(s->n->ty.kind, v->i);
	return s + 1;
}

/*
 * Where no type is known each value has the kind that its spelling shows, and
 * the steps were made for one of these: any other goes astray.
 */

static bool
is_whole(const struct value *v)
{
	for (uint32_t i = 0; i < v->n; i++)
		if (v->s[i] > '9' || v->s[i] == '.')
			return false;
	return true;
}

/* As the tree reads it; text that is no number would be one beside a number. */
static const struct step *
guess_any(struct datum_ctx *c, const struct step *s)
{
	double d;

	if (s->n->open->eval(c, s->n->open, s->out) != 0)
		return &step_failed;
	if (s->out->kind == TYPE_STRING &&
		number_special(s->out->str, s->out->n, &d))
		return &step_astray;
	return step_next(s);
}

static const struct step *
guess_double(struct datum_ctx *c, const struct step *s)
{
	const struct value *v;

	if (s->out->high == c->evaluation)
		return s->out->kind == TYPE_NULL ? s->null : s + 1;
	v = take_of(c, s->n->open);
	if (v == NULL || (v->type == VALUE_NUMBER && is_whole(v)) ||
		!read_double(v, s->out))
		return guess_any(c, s);
	s->out->high = c->evaluation;
	return s->out->kind == TYPE_NULL ? s->null : s + 1;
}

static const struct step *
guess_long(struct datum_ctx *c, const struct step *s)
{
	const struct value *v = take_of(c, s->n->open);
	int64_t i;

	if (v == NULL)
		return guess_any(c, s);
	if (v->type == VALUE_NULL)
		return s->null;
	if (v->type == VALUE_INT)
		i = v->i;
	else if (v->type != VALUE_NUMBER || number_int(v->s, v->n, &i) < 0)
		return guess_any(c, s);
	*s->out = datum_int(TYPE_LONG, i);
	return s + 1;
}

static const struct step *
guess_string(struct datum_ctx *c, const struct step *s)
{
	const struct value *v = take_of(c, s->n->open);

	if (v == NULL)
		return guess_any(c, s);
	if (v->type == VALUE_NULL)
		return s->null;
	if (v->type != VALUE_STRING || (v->flags & VALUE_ESCAPED) != 0 ||
		(v->n >= 20 && v->s[v->n - 1] == 'Z') || v->n == 3 ||
		v->n == 8 || v->n == 9)
		return guess_any(c, s);
	*s->out = datum_string(v->s, v->n);
	s->out->flags = DATUM_LOOSE;
	return s + 1;
}

/* Makers. */

typedef const struct step *take_run(struct datum_ctx *c, const struct step *s);

/* *held: the kind of value that take_held() takes. */
static take_run *
take_for(int kind, int64_t *held)
{
	switch (kind) {
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		return take_whole;
	case TYPE_DOUBLE:
		return take_double;
	case TYPE_STRING:
		return take_string;
	case TYPE_BOOLEAN:
		*held = VALUE_BOOL;
		return take_held;
	case TYPE_TIMESTAMP:
		*held = VALUE_TIME;
		return take_held;
	case TYPE_DATE:
		*held = VALUE_DATE;
		return take_held;
	}
	return take_any;
}

static take_run *
guess_for(int kind)
{
	switch (kind) {
	case TYPE_LONG:
		return guess_long;
	case TYPE_DOUBLE:
		return guess_double;
	case TYPE_STRING:
		return guess_string;
	}
	return guess_any;
}

struct datum *
step_field(struct step_build *b, struct sql_node *n, int op, int null)
{
	bool shared = n->ty.kind == TYPE_DOUBLE;
	struct datum *out = shared ? step_shared(b, n)
				   : step_register(b, n->ty);
	struct step_draft *d = step_add(
		b, n->open != NULL ? guess_any : take_any, out, NULL);

	d->s.n = n;
	d->null = step_to(b, null);
	if (n->op != SQL_FIELD || n->npart > 1 || n->field != NULL)
		return out;
	d->s.run = n->open != NULL ? guess_for(n->ty.kind)
				   : take_for(n->ty.kind, &d->s.i);
	return out;
}
