/*
 * python: the text of a Python program, put together piece by piece.
 *
 * Whatever comes from a user (names, paths, expressions) passes
 * python_string(), python_column() or python_comment(): none of it can be code.
 */
#ifndef BIEF_PYTHON_H
#define BIEF_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/list.h"

/* A literal of this text, on one line. */
void python_string(struct buf *b, const char *text);
/* The text behind "# ", a line for each of its lines. */
void python_comment(struct buf *b, const char *text);
/* A name as Spark's SQL takes it: as it is, or in backticks. */
void python_name(struct buf *b, const char *name);
/* F.col("..."): of a field of that whole name, and what it has within. */
void python_column(struct buf *b, const char *name);
/* A list of literals. */
void python_list(struct buf *b, const struct list *l);
/* "5 minutes": a duration as Spark takes it. */
void python_duration(struct buf *b, int64_t us);

/* A method that is called, and its arguments as they stand in the program. */
struct python_call {
	char *method; /* "" for an attribute alone: text stands in args */
	struct list args;
};

/* NAME = FROM.method(...).method(...) */
struct python_statement {
	char *name; /* NULL: nothing is named */
	char *from;
	struct python_call *calls;
	size_t n;
	struct buf arg; /* that is being written */
	bool open;      /* there is one */
};

void python_begin(
	struct python_statement *s, const char *name, const char *from);
void python_call(struct python_statement *s, const char *method);
/* The next argument of the last call: where to write it. */
struct buf *python_arg(struct python_statement *s);
/* The same for a text that is whole, and for a literal of it. */
void python_arg_code(struct python_statement *s, const char *code);
void python_arg_string(struct python_statement *s, const char *text);
/* .option(name, value), both literals. */
void python_option(
	struct python_statement *s, const char *name, const char *value);
/* Append the statement, indented, and release it. */
void python_end(struct python_statement *s, struct buf *out, int indent);

#endif
