/*
 * sql: Spark's SQL expressions, behind the face of expr.h, and what they offer
 * beside it: lists of them, and conditions over two inputs.
 */
#ifndef BIEF_SQL_H
#define BIEF_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value/value.h"

struct err;
struct expr;
struct expr_env;
struct field;
struct record;
struct schema;
struct type;

/*
 * Compile.  fields may be NULL (nothing is known of the types).  NULL with a
 * message that shows the place with a caret, STATUS_USAGE.
 */
struct expr *sql_expr(
	const char *text, const struct schema *fields, struct err *err);

/*
 * A select list, "i + 1 as r, t, m.domain host": the name that each item has in
 * the output and the text of its expression.  An item without AS is named as
 * Spark does: a field by the last part of its name as it is written here, any
 * other by its own text.  "*" gives the name and the text "*".
 */
struct sql_select_item {
	char *name; /* plain text */
	char *text;
};
struct sql_select {
	size_t n;
	struct sql_select_item *item;
};
int sql_select_parse(
	struct sql_select *list, const char *text, struct err *err);
void sql_select_release(struct sql_select *list);

/*
 * Refuse (STATUS_USAGE) an expression of sql_expr() that cannot be a condition:
 * its type is known and is not boolean.
 */
int sql_condition(const struct expr *x, struct err *err);
/* The field's name where the expression is nothing but a field, else NULL. */
const char *sql_field(const struct expr *x);

/*
 * A condition over two inputs.  Names are left.x and right.y, or x alone where
 * exactly one of the schemas has it; both parts of a name are known in any case
 * of letters.  left and right may be NULL (the fields are not known), then only
 * the long form says which input is meant.
 *
 * The condition is taken apart at its ANDs.  Each part is
 *   a key      one side of = or <=> is made of left fields, the other of right
 *              ones; equal values have equal bytes by key_encode()
 *   one-sided  made of the fields of one input alone (or of none: then left)
 *   the rest   evaluated on pairs; conditions on time are among them
 */
#define SQL_LEFT 0
#define SQL_RIGHT 1

struct sql_key {
	bool null_safe; /* <=>: null equals null */
	/* Where the side is nothing but a field: its name as the schema has it
	 * (or as it was written).  Else NULL. */
	const char *field[2];
	const struct type *type[2]; /* of the sides; NULL or TYPE_UNKNOWN */
};

/*
 * left - right < c_us, or <=, >, >=: a condition that is linear in one time of
 * each side.
 */
struct sql_bound {
	const char *field[2]; /* the times: names as in struct sql_key */
	bool upper;           /* < or <=; else > or >= */
	bool strict;          /* < or > */
	int64_t c_us;
};

struct sql_join {
	size_t nkeys;
	struct sql_key *keys;
	size_t nbounds;
	struct sql_bound *bounds; /* also true of keys: lt = rt gives two */
	bool one_sided[2];        /* there are conditions on this side alone */
	bool rest; /* there are conditions on pairs beyond keys */
	/* Fields that must not be null for the condition to be true. */
	size_t nnot_null[2];
	const char **not_null[2];
};

/* A name in the text, left.`TEXT` and right.`TEXT`, that is a field found as
 * other programs find it; they live as long. */
struct sql_on {
	const char *text[2];
	struct field *field[2];
};
/* NULL with a message that shows the place with a caret, STATUS_USAGE. */
struct sql_join *sql_join_new(const char *text, const struct sql_on *on,
	size_t non, const struct schema *left, const struct schema *right,
	struct err *err);
void sql_join_free(struct sql_join *j);

/*
 * The value of key i on one side; lives until the next call for that side and
 * key.  0 or -1.  Equal numbers are equal in every digit, whatever their types.
 */
int sql_join_key(struct sql_join *j, size_t i, int side, const struct record *r,
	const struct expr_env *env, struct value *v, struct err *err);
/* The conditions on one side alone: 1 all true, 0 not (or null), -1 failed. */
int sql_join_side(struct sql_join *j, int side, const struct record *r,
	const struct expr_env *env, struct err *err);
/* The rest, on a pair whose keys are equal: 1, 0 or -1. */
int sql_join_pair(struct sql_join *j, const struct record *left,
	const struct record *right, const struct expr_env *env,
	struct err *err);

#endif
