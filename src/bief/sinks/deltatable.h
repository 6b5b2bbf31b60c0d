/*
 * deltatable: a Delta table that holds a stream's result.
 *
 * Each batch that changes it is a version of the table, with the batch's number
 * in it: who reads it sees whole batches, and a batch that is there is not
 * written twice.
 */
#ifndef BIEF_DELTATABLE_H
#define BIEF_DELTATABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "parquet/codec.h"
#include "runtime/plan/plan.h"

struct deltatable;
struct err;
struct record;
struct shapes;

struct deltatable_options {
	const char *path;
	enum mode mode; /* MODE_NONE is append */
	bool told;      /* the user said so: rows that are there are meant */
	const struct list *keys;  /* for MODE_UPDATE */
	const struct list *parts; /* none: as the table is */
	bool merge_schema;        /* columns may be added */
	enum codec codec;
	int64_t retain_us;    /* keep what versions since then need; -1: all */
	const char *identity; /* of the checkpoint, or NULL; then also: */
	const char *sink;     /* its id there */
	int64_t committed;    /* newest batch that it has committed, -1 */
	const char *mark;     /* what deltatable_mark wrote then, or NULL */
	bool *lost;           /* set when that is not in the table */
	bool batches;         /* there are batches */
	struct shapes *shapes;
	void (*say)(void *arg, const char *what); /* what is no failure */
	bool (*stopping)(void);
	void *arg;
};

/* Look at the table; a directory is made.  NULL with a message.  What o points
 * to must outlive the table. */
struct deltatable *deltatable_open(
	const struct deltatable_options *o, struct err *err);
void deltatable_close(struct deltatable *t);

/* True if the batch is there already: add nothing of it. */
bool deltatable_has(const struct deltatable *t, int64_t batch);
/* The rows that come have these columns: of each batch before its first row;
 * guessed, where some rows were looked at.  0 or -1. */
int deltatable_columns(struct deltatable *t, const struct schema *comes,
	bool guessed, struct err *err);
bool deltatable_has_columns(const struct deltatable *t);
/* A row.  0; 1: it cannot be one, and why; -1. */
int deltatable_add(
	struct deltatable *t, const struct record *r, struct err *err);
/* Write what was added, durably; readers see it after the commit.  Where nothing
 * was added and same is true, a complete result is the one that is there. */
int deltatable_write(struct deltatable *t, bool same, struct err *err);
int deltatable_commit(struct deltatable *t, int64_t batch, struct err *err);
/* Append what the table is now, as JSON. */
void deltatable_mark(const struct deltatable *t, struct buf *out);

#endif
