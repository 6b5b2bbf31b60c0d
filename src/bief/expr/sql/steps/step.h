/*
 * step: an expression whose types are known as a list of steps.
 *
 * A step computes one thing from registers into a register and says which step
 * is next.  A register is a datum whose kind was settled when the list was made,
 * so that a step looks at what is in it and never at what it is.  Nulls are no
 * values here: a step that has none to give goes on at the place for null, and
 * what is read from a register is there.  A truth value that is only tested is
 * no value either, but one of three places to go on at.
 *
 * Makers (of a function, an operator, a cast) append the steps of a node; what
 * has none is called as the tree calls it (sql_eval.c), with arguments from
 * registers, or evaluated there as a whole.  That is what all steps must agree
 * with, in values, in errors and in what is not evaluated at all.
 */
#ifndef BIEF_STEP_H
#define BIEF_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "expr/sql/sql_impl.h"

struct step {
	/* Returns the next step. */
	const struct step *(*run)(struct datum_ctx *c, const struct step *s);
	struct datum *out;
	const struct datum *a, *b;
	/* The places to go on at; the next in the list needs none. */
	const struct step *yes, *no, *null;
	struct sql_node *n;
	const struct datum **from; /* any number of arguments ... */
	int nfrom;                 /* ... namely so many */
	int64_t i;
	double d;
};

/* Where it ends.  Failed: with c->err set.  Astray: a value is not of the kind
 * that its type says; the tree has to be asked. */
extern const struct step step_failed, step_astray;

/* A step that is appended, with its places still labels; -1: none. */
struct step_draft {
	struct step s;
	int yes, no, null;
};

struct step_label {
	int at; /* -1: not placed yet */
	int uses;
	int known; /* of the values known here, those known on all ways */
};

/* A value that has been computed, which holds in what follows. */
struct step_known {
	const struct sql_node *n;
	struct datum *at;
};

struct step_constant {
	struct sql_node *n;
	struct datum *at;
};

/* What is seldom gone through stands behind all else: make at a null. */
struct step_cold {
	int from, back;
	struct datum *at;
};

struct step_build;

struct step_maker {
	const char *name; /* of the function */
	int op;
	/* Append the steps that compute n, or go on at null; the register.
	 * NULL: not of these types; nothing was appended then. */
	struct datum *(*value)(
		struct step_build *b, struct sql_node *n, int op, int null);
	/* Append the steps that go on at one of the three; false as above. */
	bool (*test)(struct step_build *b, struct sql_node *n, int op, int yes,
		int no, int null);
};

struct step_build {
	struct arena *arena; /* for what stays */
	const struct step_maker *(*maker)(const struct sql_node *n);
	struct step_draft *draft;
	int n, cap;
	struct step_label *label;
	int nlabel, label_cap;
	struct step_known *known;
	int nknown, known_cap;
	struct step_known *shared;
	int nshared, shared_cap;
	struct step_constant *constant;
	int nconstant, constant_cap;
	struct step_cold *cold;
	int ncold, cold_cap;
	/* The types are those of values that came, and others may come: what
	 * would not be as the tree has it goes on at the label astray. */
	bool guess;
	int astray;
	bool failed; /* a type is not known */
};

void step_begin(struct step_build *b, struct arena *arena, bool guess);
void step_end(struct step_build *b);

/* The value of a node; on at the label null if there is none. */
struct datum *step_value(struct step_build *b, struct sql_node *n, int null);
/* The same where a null is a value, too: the register's kind may be NULL. */
struct datum *step_maybe(struct step_build *b, struct sql_node *n);
/* On at one of three labels. */
void step_test(
	struct step_build *b, struct sql_node *n, int yes, int no, int null);

/* Append one; it may be changed until the next is. */
struct step_draft *step_add(struct step_build *b,
	const struct step *(*run)(struct datum_ctx *c, const struct step *s),
	struct datum *out, const struct datum *a);
struct datum *step_register(struct step_build *b, struct ty ty);
/* One for all steps that give this value. */
struct datum *step_shared(struct step_build *b, const struct sql_node *n);
int step_label(struct step_build *b);
void step_place(struct step_build *b, int label);
/* Say that a step goes on there; returns the label. */
int step_to(struct step_build *b, int label);
/* Append: set *to to from, and go on there. */
void step_copy(struct step_build *b, struct datum *to, const struct datum *from,
	int label);
void step_go(struct step_build *b, int label);
/* A cast that the binder has put in, and that makes another kind of a value
 * than it had: where types are guessed, the tree would not have made it. */
bool step_widens(const struct step_build *b, const struct sql_node *n);
/* Append: on at the label if the register holds null. */
void step_if_null(struct step_build *b, const struct datum *of, int label);
/* The steps for good, in the arena. */
const struct step *step_settle(struct step_build *b);

/* What a call or the like has left in out: on, at null, or astray. */
static inline const struct step *
step_next(const struct step *s)
{
	if (s->out->kind == s->n->ty.kind)
		return s + 1;
	return s->out->kind == TYPE_NULL ? s->null : &step_astray;
}

#endif
