/*
 * plaintext: records as rows of text that other tools read: CSV (RFC 4180), TSV
 * and the tables of Markdown.
 *
 * Null and the empty text are told apart: in CSV and Markdown null is nothing
 * and the empty text is "", in TSV null is \N and the empty text is nothing.
 */
#ifndef BIEF_PLAINTEXT_H
#define BIEF_PLAINTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/list.h"

struct record;
struct schema;
struct value;

enum plaintext_kind { PLAINTEXT_CSV, PLAINTEXT_TSV, PLAINTEXT_MARKDOWN };

struct plaintext {
	enum plaintext_kind kind;
	char sep;          /* of CSV */
	struct list names; /* the columns, as between quotes in JSON */
	/* private */
	bool *right; /* Markdown: numbers stand on the right */
	uint64_t id; /* of the shape that place is right for */
	int *place;  /* where each column is in the record; -1 */
	struct buf tmp;
};

void plaintext_init(struct plaintext *t, enum plaintext_kind kind, char sep);
void plaintext_release(struct plaintext *t);
/* The columns are these fields; NULL: those of the first record. */
void plaintext_fields(struct plaintext *t, const struct schema *fields);
/* The next record may have other columns. */
void plaintext_forget(struct plaintext *t);
/* Find the columns in a record.  NULL, or why it cannot be a row. */
const char *plaintext_bind(struct plaintext *t, const struct record *r);
/* Append lines, each with its end; the record is the one that was bound. */
void plaintext_header(struct plaintext *t, struct buf *out);
void plaintext_row(
	struct plaintext *t, const struct record *r, struct buf *out);

#endif
