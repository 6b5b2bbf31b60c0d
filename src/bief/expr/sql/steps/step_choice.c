/*
 * step_choice: logic, and what chooses between values: places to go on at.
 */
#include "expr/sql/steps/step_choice.h"

#include <math.h>

/* Logic. */

enum { AND, OR };

static const struct step *
logic_mark(struct datum_ctx *c, const struct step *s)
{
	s->out->i = s->i;
	return s->yes;
}

static void
logic_add_mark(struct step_build *b, struct datum *seen, int i, int next)
{
	struct step_draft *d = step_add(b, logic_mark, seen, NULL);

	d->s.i = i;
	d->yes = step_to(b, next);
}

static const struct step *
logic_end(struct datum_ctx *c, const struct step *s)
{
	return s->a->i != 0 ? s->null : s->yes;
}

/* Conditions until one of them decides; a null on the way makes a null of what
 * none has decided. */
static bool
logic_test(struct step_build *b, struct sql_node *n, int op, int yes, int no,
	int null)
{
	struct datum *seen = step_register(b, ty(TYPE_BOOLEAN));
	int stop = op == AND ? no : yes, next, unknown;
	struct step_draft *d;

	next = step_label(b);
	logic_add_mark(b, seen, 0, next);
	step_place(b, next);
	for (int i = 0; i < n->narg; i++) {
		next = step_label(b);
		unknown = step_label(b);
		step_test(b, n->arg[i], op == AND ? next : stop,
			op == AND ? stop : next, unknown);
		if (b->label[unknown].uses > 0) {
			step_place(b, unknown);
			logic_add_mark(b, seen, 1, next);
		}
		step_place(b, next);
	}
	d = step_add(b, logic_end, NULL, seen);
	d->yes = step_to(b, op == AND ? yes : no);
	d->null = step_to(b, null);
	return true;
}

static bool
not_test(struct step_build *b, struct sql_node *n, int op, int yes, int no,
	int null)
{
	step_test(b, n->arg[0], no, yes, null);
	return true;
}

/* isnull: 0, isnotnull: 1 */
static bool
null_test(struct step_build *b, struct sql_node *n, int op, int yes, int no,
	int null)
{
	struct sql_node *of = n->arg[0];

	step_value(b, of, op == 0 ? yes : no);
	step_go(b, op == 0 ? no : yes);
	return true;
}

static const struct step *
nan_go(struct datum_ctx *c, const struct step *s)
{
	return isnan(s->a->d) ? s->yes : s->no;
}

static bool
nan_test(struct step_build *b, struct sql_node *n, int op, int yes, int no,
	int null)
{
	struct step_draft *d;
	struct datum *a;

	if (n->arg[0]->ty.kind != TYPE_DOUBLE)
		return false;
	a = step_value(b, n->arg[0], no);
	d = step_add(b, nan_go, NULL, a);
	d->yes = step_to(b, yes);
	d->no = step_to(b, no);
	return true;
}

/* Choices. */

/* A branch: its value, then on. */
static void
choice_branch(struct step_build *b, struct sql_node *n, struct datum *out,
	int end, int null)
{
	if (n->ty.kind == TYPE_NULL && n->constant)
		step_go(b, null);
	else if (step_widens(b, n))
		step_go(b, b->astray);
	else
		step_copy(b, out, step_value(b, n, null), end);
}

/* Is a branch of the type that all are brought to? */
static bool
choice_fits(const struct sql_node *n, const struct sql_node *branch)
{
	return branch->ty.kind == n->ty.kind ||
		(branch->ty.kind == TYPE_NULL && branch->constant);
}

/* From the first one on, every second or all. */
static bool
choice_all_fit(const struct sql_node *n, int first, int by)
{
	if (!n->bound || n->vars != NULL || n->ty.kind <= TYPE_NULL)
		return false;
	for (int i = first; i < n->narg; i += by)
		if (!choice_fits(n, n->arg[i]))
			return false;
	return by == 1 || n->narg % 2 == 0 ||
		choice_fits(n, n->arg[n->narg - 1]);
}

static struct datum *
case_make(struct step_build *b, struct sql_node *n, int op, int null)
{
	struct datum *out;
	int end, then, next, i;

	if (!choice_all_fit(n, 1, 2))
		return NULL;
	out = step_register(b, n->ty);
	end = step_label(b);
	for (i = 0; i + 1 < n->narg; i += 2) {
		then = step_label(b);
		next = step_label(b);
		step_test(b, n->arg[i], then, next, next);
		step_place(b, then);
		choice_branch(b, n->arg[i + 1], out, end, null);
		step_place(b, next);
	}
	if (i < n->narg)
		choice_branch(b, n->arg[i], out, end, null);
	else
		step_go(b, null);
	step_place(b, end);
	return out;
}

static struct datum *
coalesce_make(struct step_build *b, struct sql_node *n, int op, int null)
{
	struct datum *out;
	int end, next;

	if (!choice_all_fit(n, 0, 1))
		return NULL;
	out = step_register(b, n->ty);
	end = step_label(b);
	for (int i = 0; i < n->narg; i++) {
		next = i + 1 < n->narg ? step_label(b) : null;
		choice_branch(b, n->arg[i], out, end, next);
		if (next != null)
			step_place(b, next);
	}
	step_place(b, end);
	return out;
}

static struct datum *
nvl2_make(struct step_build *b, struct sql_node *n, int op, int null)
{
	struct datum *out;
	int end, other;

	if (!choice_all_fit(n, 1, 1))
		return NULL;
	out = step_register(b, n->ty);
	end = step_label(b);
	other = step_label(b);
	step_value(b, n->arg[0], other);
	choice_branch(b, n->arg[1], out, end, null);
	step_place(b, other);
	choice_branch(b, n->arg[2], out, end, null);
	step_place(b, end);
	return out;
}

const struct step_maker step_choice_makers[] = {{"and", AND, NULL, logic_test},
	{"or", OR, NULL, logic_test}, {"not", 0, NULL, not_test},
	{"isnull", 0, NULL, null_test}, {"isnotnull", 1, NULL, null_test},
	{"isnan", 0, NULL, nan_test}, {"case", 0, case_make},
	{"if", 0, case_make}, {"iff", 0, case_make},
	{"coalesce", 0, coalesce_make}, {"nvl", 0, coalesce_make},
	{"ifnull", 0, coalesce_make}, {"nvl2", 0, nvl2_make}, {NULL}};
