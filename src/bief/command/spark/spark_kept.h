/*
 * spark_kept: what an aggregation has kept in a checkpoint, as the table with
 * which the exported program begins: a line of JSON for each open group, of
 * partial results (spark_merge.c says which), and one for the newest event time.
 */
#ifndef BIEF_SPARK_KEPT_H
#define BIEF_SPARK_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/list.h"
#include "value/value.h"

struct spark;
struct spark_step;

struct spark_kept {
	char *from;         /* the checkpoint */
	int64_t batch;      /* the newest that all sinks have; -1: none */
	struct list stages; /* ids, and those that the pipeline has, too */
	struct list met;
	char *groups;      /* the id of the aggregation; NULL: none */
	int64_t watermark; /* WATERMARK_NONE: none */
	int64_t newest;    /* event time that gives it */
	char *dir;         /* where the table goes; NULL: there is none */
	struct buf table;
};

void spark_kept_init(struct spark_kept *k);
void spark_kept_release(struct spark_kept *k);
/* Look at the stages of the checkpoint, of whose batch it is told.  0, or -1. */
int spark_kept_open(struct spark *s, const char *dir);
/* The stage that this program has there depends on the same options.  0, or -1.
 */
int spark_kept_same(struct spark *s, const struct spark_step *p);
/* All that is there was met.  0, or -1. */
int spark_kept_met(struct spark *s);
/* Make the directory and write the table.  0, or -1. */
int spark_kept_write(struct spark *s);

/* A column of the table that comes from a function's accumulator. */
struct spark_kept_column {
	char *name; /* its own, and that of the accumulator (of its ...) */
	char *of;   /* ... first result */
	void (*put)(const struct value *v, struct buf *out);
};

/* The columns that stand for the group itself. */
struct spark_kept_names {
	const char *time;   /* NULL: there is no watermark */
	int64_t delay_us;   /* of that */
	const char *window; /* a struct; NULL: none */
	const char *mark;   /* a flag; NULL: none */
};

/* Fill the table.  0, or -1. */
int spark_kept_fill(struct spark *s, const struct spark_kept_names *names,
	const struct spark_kept_column *columns, size_t n);

#endif
