/*
 * spark_piece: a piece of SQL, and what is known of its value; private to the
 * translation of jq's language.  Those that return int: 0, or -1 with x->err set
 * and a caret under the place.  A piece's sql belongs to who initialized it.
 */
#ifndef BIEF_SPARK_PIECE_H
#define BIEF_SPARK_PIECE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command/spark/spark_impl.h"
#include "expr/jq/jq_impl.h"

enum class {
	RECORD,  /* all fields */
	NOTHING, /* null */
	TRUTH,
	NUMBER,
	TEXT,
	LIST,
	MAP,
	STRUCT,
	OTHER
};

/* A piece of SQL. */
struct piece {
	struct buf sql;
	enum class class;
	const struct type *type; /* where it is a field; or NULL */
	bool whole;              /* a number without fraction */
	bool narrow;             /* of less than 64 bits */
	bool null;               /* it may be */
	bool literal;
	bool compound; /* wants parentheses within another */
};

struct translation {
	const char *text;
	const struct schema *fields;
	struct err *err;
};

void spark_piece_init(struct piece *p);
int spark_piece_refuse(struct translation *x, const struct jq_node *n,
	const char *what, const char *instead);
void spark_piece_operand(struct buf *b, struct piece *p);
void spark_piece_text(struct buf *b, const char *s, size_t n);
void spark_piece_set_type(struct piece *p, const struct type *t);
void spark_piece_name(struct buf *b, const char *name);
bool spark_piece_index(const struct jq_node *n, int64_t *i);
int spark_piece_literal(const struct jq_node *n, struct piece *out);
int spark_piece_comparison(struct translation *x, const struct jq_node *n,
	struct piece *a, struct piece *b, bool loose, struct piece *out);
void spark_piece_widen(struct piece *p);
int spark_piece_arithmetic(struct translation *x, const struct jq_node *n,
	struct piece *a, struct piece *b, struct piece *out);

#endif
