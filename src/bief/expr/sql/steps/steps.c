/*
 * steps: an expression as a list of steps, where its types are known, or seem
 * to be.
 *
 * Without a schema a value has the type that its spelling shows.  Values of a
 * field are seldom of different ones: the tree is bound again with those that
 * came, and steps are made that go astray as soon as one of another comes.  The
 * tree has to be asked then, which is always right; there are several lists for
 * types that change, and where they change too often none is tried for a while.
 *
 * Constants are evaluated when the first record comes, and again when the zone
 * or the batch's time is another one.  Where that fails it is left to the tree,
 * which fails only where the constant is needed.
 */
#include "expr/sql/steps/steps.h"

#include <string.h>

#include "expr/expr.h"
#include "expr/sql/steps/step.h"
#include "expr/sql/steps/step_choice.h"
#include "expr/sql/steps/step_compare.h"
#include "expr/sql/steps/step_field.h"
#include "expr/sql/steps/step_number.h"

#define LISTS_MOST 4
#define LEAVES_MOST 64
#define REST_MOST 1024 /* evaluations without trying */

struct list {
	const struct step *first;
	struct step_constant *constant;
	int nconstant;
	/* What the constants hold for. */
	bool ready, failed;
	const struct zone *zone;
	int64_t batch_us;
	uint8_t *kinds; /* those of the leaves that it was made for */
};

struct steps {
	struct sql *x;
	struct sql_node *root;
	struct list list[LISTS_MOST], *now; /* NULL: there is none yet */
	int nlist;
	/* What has no type: the kind of the last value is in seen.result. */
	struct sql_node *leaf[LEAVES_MOST];
	int nleaf;
	int rest, penalty, good;
};

/* Makers. */

static const struct step_maker field_maker = {NULL, 0, step_field},
			       cast_maker = {NULL, 0, step_number_cast};

static const struct step_maker *
find_maker(const struct sql_node *n)
{
	static const struct step_maker *const all[] = {
		step_number_makers, step_compare_makers, step_choice_makers};

	if (n->op == SQL_FIELD || n->open != NULL)
		return &field_maker;
	if (n->op == SQL_CAST)
		return &cast_maker;
	for (size_t i = 0;
		n->op == SQL_CALL && i < sizeof(all) / sizeof(all[0]); i++)
		for (const struct step_maker *m = all[i]; m->name != NULL; m++)
			if (strcmp(m->name, n->fn->name) == 0)
				return m;
	return NULL;
}

/* The whole list: it ends with a step of no function, which has the value. */
static bool
list_fill(struct list *l, struct step_build *b, struct sql_node *root)
{
	int null = step_label(b);
	size_t size;

	step_add(b, NULL, NULL, step_value(b, root, null));
	step_place(b, null);
	step_add(b, NULL, NULL, NULL);
	if (b->failed)
		return false;
	l->first = step_settle(b);
	l->nconstant = b->nconstant;
	size = (size_t)b->nconstant * sizeof(*l->constant);
	l->constant = arena_get(b->arena, size);
	if (size > 0)
		memcpy(l->constant, b->constant, size);
	return true;
}

static bool
list_make(
	struct list *l, struct arena *arena, struct sql_node *root, bool guess)
{
	struct step_build b;
	bool made;

	step_begin(&b, arena, guess);
	b.maker = find_maker;
	made = list_fill(l, &b, root);
	step_end(&b);
	return made;
}

/* Leaves of which no type is known; false if there are too many. */
static bool
leaves_find(struct steps *s, struct sql_node *n)
{
	if (n->become != NULL)
		n = n->become;
	if (sql_bind_is_open(n)) {
		if (s->nleaf == LEAVES_MOST)
			return false;
		s->leaf[s->nleaf++] = n;
		return true;
	}
	for (int i = 0; i < n->narg; i++)
		if (!leaves_find(s, n->arg[i]))
			return false;
	return true;
}

struct steps *
steps_new(struct sql *x, struct sql_node *root)
{
	struct steps *s;

	if (root->constant || root->op == SQL_FIELD || root->op == SQL_MEMBER)
		return NULL;
	s = arena_zero(&x->arena, sizeof(*s));
	s->x = x;
	s->root = root;
	if (!leaves_find(s, root))
		return NULL;
	if (s->nleaf > 0)
		return s;
	if (!list_make(&s->list[0], &x->arena, root, false))
		return NULL;
	s->now = &s->list[0];
	return s;
}

/* Guesses. */

/* The kinds of a record's values; a null keeps what was there before. */
static bool
leaves_look(struct steps *s, struct datum_ctx *c)
{
	struct datum d;
	bool all = true;

	for (int i = 0; i < s->nleaf; i++) {
		if (s->leaf[i]->eval(c, s->leaf[i], &d) != 0)
			return false;
		if (d.kind != TYPE_NULL)
			s->leaf[i]->seen.result = datum_ty(&d);
		/* What is inside of an array has types of its own. */
		if (s->leaf[i]->seen.result.kind <= TYPE_NULL ||
			ty_nested(s->leaf[i]->seen.result))
			all = false;
	}
	return all;
}

static bool
list_suits(const struct steps *s, const struct list *l)
{
	for (int i = 0; i < s->nleaf; i++)
		if (l->kinds[i] != s->leaf[i]->seen.result.kind)
			return false;
	return true;
}

/* A list for the kinds that came; one that cannot be made is remembered. */
static struct list *
list_guess(struct steps *s)
{
	struct list *l;
	struct sql_node *n;

	for (l = s->list; l < s->list + s->nlist; l++)
		if (list_suits(s, l))
			return l;
	if (s->nlist == LISTS_MOST)
		return NULL;
	s->nlist++;
	l->kinds = arena_get(&s->x->arena, (size_t)s->nleaf);
	for (int i = 0; i < s->nleaf; i++)
		l->kinds[i] = s->leaf[i]->seen.result.kind;
	n = sql_bind_again(s->x, s->root);
	if (n == NULL || n->constant || !list_make(l, &s->x->arena, n, true))
		l->first = NULL;
	return l;
}

/* By the tree; and which list there is for the next record like this one. */
static int
steps_guess(struct steps *s, struct datum_ctx *c, struct datum *out)
{
	struct err *err = c->err, ignored;
	struct list *l;

	c->err = &ignored;
	arena_clear(&c->arena);
	l = leaves_look(s, c) ? list_guess(s) : NULL;
	c->err = err;
	s->now = l != NULL && l->first != NULL ? l : NULL;
	s->penalty = s->penalty < REST_MOST ? 2 * s->penalty + 1 : REST_MOST;
	s->rest = s->now != NULL && s->penalty < 8 ? 0 : s->penalty;
	s->good = 0;
	return sql_eval(c, s->root, out);
}

/* Evaluation. */

static bool
constants_get(struct list *l, struct datum_ctx *c)
{
	const struct step_constant *k = l->constant, *end = k + l->nconstant;

	for (; k < end; k++)
		if (k->n->eval(c, k->n, k->at) != 0 || c->broken ||
			(k->at->kind != k->n->ty.kind &&
				k->at->kind != TYPE_NULL))
			return false;
	return true;
}

static void
constants_ready(struct list *l, struct datum_ctx *c)
{
	arena_clear(&c->arena);
	l->failed = !constants_get(l, c);
	l->ready = true;
	l->zone = c->env->zone;
	l->batch_us = c->env->batch_us;
	c->broken = false;
}

static const struct step *
list_run(struct list *l, struct datum_ctx *c)
{
	const struct step *at = l->first;

	if (!l->ready || l->zone != c->env->zone ||
		l->batch_us != c->env->batch_us)
		constants_ready(l, c);
	if (l->failed)
		return &step_astray;
	arena_clear(&c->arena);
	c->broken = false;
	c->evaluation++;
	while (at->run != NULL)
		at = at->run(c, at);
	return at;
}

int
steps_eval(struct steps *s, struct datum_ctx *c, struct datum *out)
{
	const struct step *at;

	if (s->rest > 0) {
		s->rest--;
		return sql_eval(c, s->root, out);
	}
	if (s->now == NULL)
		return steps_guess(s, c, out);
	at = list_run(s->now, c);
	if (at == &step_failed || c->broken)
		return -1;
	if (at == &step_astray)
		return s->nleaf > 0 && !s->now->failed
			? steps_guess(s, c, out)
			: sql_eval(c, s->root, out);
	if (s->penalty > 0 && ++s->good >= 64)
		s->penalty = 0;
	*out = at->a != NULL ? *at->a : datum_null();
	return 0;
}
