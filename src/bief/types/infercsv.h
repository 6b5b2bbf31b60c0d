/*
 * infercsv: the schema of a sample of CSV.
 */
#ifndef BIEF_INFERCSV_H
#define BIEF_INFERCSV_H

#include "io/csvrow.h"

struct err;
struct list;
struct schema;

struct infercsv {
	struct csvrow_style style;
	bool header;              /* the first row holds the names */
	bool ragged;              /* rows of another length are rows */
	const struct list *nulls; /* texts that say nothing */
	const char *comment;      /* lines that begin with it, or NULL */
	size_t max_line;
	bool (*stopping)(void); /* is it time to end?  NULL: never */
	size_t skipped;         /* out: malformed rows */
};

/* The types of a file's columns ("-" is standard input), by all values in them;
 * NULL with a message when it cannot be read or has no row. */
struct schema *infercsv_file(
	const char *path, struct infercsv *how, struct err *err);

#endif
