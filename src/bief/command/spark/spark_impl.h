/*
 * spark_impl: what the parts of bief to-spark share.  Private to the room.
 *
 * The programs of a pipeline are taken in the order in which records flow.
 * Each is opened and planned, as bief explain does it, so that its options and
 * the fields that come to it are known, and is handed to the function that
 * writes its statement.  What Spark cannot do is refused by that function, and
 * then nothing is printed.
 */
#ifndef BIEF_SPARK_IMPL_H
#define BIEF_SPARK_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "command/pipeline.h"
#include "command/spark/python.h"
#include "command/spark/spark_kept.h"
#include "floor/buf.h"
#include "floor/err.h"
#include "runtime/chain.h"
#include "runtime/plan/plan.h"
#include "runtime/stage.h"

/* The program that is being written. */
struct spark {
	struct buf body;   /* statements */
	struct buf later;  /* those of the function for each batch */
	struct list notes; /* what bief and Spark answer differently */
	struct list names; /* Python names that are taken */
	struct list confs; /* settings of the session, by turns a name and a
			      value, as literals */
	bool stream;       /* Structured Streaming, not a batch job */
	bool each;         /* statements go to later: Spark does not take them
			      on a stream */
	char *written; /* ... but of this DataFrame, to which later is applied */
	bool wants_window; /* the column of the window is wanted behind */
	bool prints;       /* JSON is made of the rows */
	bool runs;         /* commands */
	bool wants_os;     /* the environment is looked at */
	bool defines;      /* functions stand in front of the statements */
	bool wants_sqlite;
	bool wants_temp;    /* a directory for a checkpoint that is not kept */
	char *zone;         /* NULL: UTC */
	char *checkpoint;   /* --checkpoint of a source; NULL: none */
	char *title;        /* --name of a source */
	char *trigger;      /* an argument of .trigger(), or NULL */
	int64_t timeout_us; /* --for; -1: none */
	/* --from-checkpoint */
	char *from;     /* the directory; NULL: none */
	char *source;   /* the id of its source */
	char *position; /* where that stood, as JSON; NULL: at the start */
	bool skips;     /* files that are done: DONE */
	struct spark_kept kept;
	bool wants_variance; /* variance_of() stands in front */
	struct err *err;
};

/* Records on their way from a program to the next. */
struct spark_flow {
	struct plan plan;  /* as the next program is told */
	char *var;         /* of the DataFrame; NULL: reader has to be ended */
	char *reader;      /* spark.read.option(...), of files */
	char *path;        /* and what it reads, as a literal */
	bool partitions;   /* directories give it fields */
	bool lines;        /* text, in the column value */
	char *window;      /* column of the window, a struct; NULL: none */
	bool later;        /* the window is not made yet: */
	char *window_expr; /* this makes it, and no other statement has */
	char *time_of, *time; /* this field, as a time, is that column */
	struct list hidden;   /* columns that are no fields */
};

/* A program of the pipeline. */
struct spark_step {
	const struct command *command;
	const struct op *op;
	struct stage *st; /* planned */
	struct spark_flow *in;
	int n;        /* inputs */
	bool chained; /* --on window follows: the column is wanted */
	bool last;
	const struct op *next;
};

/* Refuse the program's export; -1. */
int spark_refuse(struct spark *s, const struct spark_step *p, const char *fmt,
	...) __attribute__((format(printf, 3, 4)));
/* Say in the program what may be answered differently; once. */
void spark_note(struct spark *s, const char *text);
void spark_conf(struct spark *s, const char *name, const char *value);
/* A Python name that is not taken yet: this, or with a number behind. */
char *spark_unique(struct spark *s, const char *name);
/* Where statements go now, and how far from the margin. */
struct buf *spark_place(struct spark *s);
int spark_indent(const struct spark *s);
/* Begin a statement of the program's result, and end it: *out is told. */
void spark_begin(struct spark *s, struct python_statement *t, const char *name,
	const struct spark_step *p, struct spark_flow *out);
void spark_end(struct spark *s, struct python_statement *t);

/* ---- options ---- */

/* Was it given on the command line? */
bool spark_given(const struct spark_step *p, const char *option);
/* Its value; what it is when it was not given is the program's affair. */
const char *spark_text(const struct spark_step *p, const char *option);
int64_t spark_number(const struct spark_step *p, const char *option);
bool spark_flag(const struct spark_step *p, const char *option);
const struct list *spark_list(const struct spark_step *p, const char *option);
/* The word of a choice; NULL: none. */
const char *spark_choice(
	const struct spark_step *p, const char *option, char word[32]);
/* Refuse those that were given and are not among these words ("size slide"),
 * nor among those of every program that change no answer.  0 or -1. */
int spark_only(
	struct spark *s, const struct spark_step *p, const char *options);

/* ---- fields ---- */

/* The fields must be known.  0 or -1. */
int spark_fields(struct spark *s, const struct spark_step *p);
/* A field or path, as people write it, as F.col(...); the name that it has by
 * itself is appended to name (or NULL). */
void spark_path(const struct plan *in, const char *path, struct buf *code,
	struct buf *name);
/* Its type, or NULL. */
const struct type *spark_type(const struct plan *in, const char *path);
/* The columns that are no fields, as arguments. */
void spark_hidden(struct python_statement *t, const struct spark_flow *f);
void spark_hide(struct spark_flow *f, const char *column);
/* A column's name that no field has: this, or with _ behind. */
char *spark_column(const struct plan *plan, const char *name);
/* The window's struct as a column, where a statement of its own must make it.
 */
void spark_settle(struct spark *s, struct spark_flow *f);
/* The type as Spark's DDL has it. */
void spark_ddl(const struct schema *schema, struct buf *out);
void spark_type_ddl(const struct type *t, struct buf *out);

/* ---- the programs: 0, or -1 with the message ---- */

typedef int spark_export(
	struct spark *s, const struct spark_step *p, struct spark_flow *out);

spark_export spark_source_files, spark_source_socket, spark_source_rate,
	spark_source_kafka;
spark_export spark_parse_json, spark_parse_csv, spark_parse_text;
spark_export spark_ops_filter, spark_ops_derive, spark_ops_pick,
	spark_ops_drop_null, spark_ops_fill_null, spark_ops_explode,
	spark_ops_dedup, spark_ops_order, spark_ops_take, spark_ops_pivot;
spark_export spark_agg_watermark, spark_agg_window, spark_agg_agg;
spark_export spark_join_static, spark_join_stream, spark_join_union;
spark_export spark_sink_table, spark_sink_files, spark_sink_kafka,
	spark_database_pg, spark_sink_delta, spark_sink_exec;
/* The arguments of agg(): the program's functions, whose results begin at that
 * field of the output; merge: with what bief has counted, or NULL. */
struct spark_merge;
int spark_accum_put(struct spark *s, const struct spark_step *p,
	struct python_statement *t, size_t next, struct spark_merge *merge);
/* No sink follows: the rows are printed, as JSON. */
int spark_sink_print(struct spark *s, struct spark_flow *in);
/* Records without a parser in front of them. */
int spark_parse_records(
	struct spark *s, const struct spark_step *p, struct spark_flow *f);
/* Files that are read by a program that is no source. */
int spark_source_operands(
	struct spark *s, const struct spark_step *p, struct spark_flow *f);

/* Read what the checkpoint says.  0, or -1. */
int spark_state_open(struct spark *s, const char *dir);
/* Is it this source's?  Then what it says of files; 0, or -1. */
int spark_state_source(struct spark *s, const struct spark_step *p);
int spark_state_files(struct spark *s, const struct spark_step *p);
/* Leave out lines of files that are done. */
void spark_state_skip(const struct spark *s, struct python_statement *t);
/* DIR-spark-17, or DIR-WHAT-17: a place for what goes on behind batch 17. */
void spark_state_beside(const struct spark *s, const char *dir,
	const char *what, struct buf *out);
/* Offsets of Kafka as Spark writes them, allocated; NULL: none. */
char *spark_state_offsets(const struct spark *s);

/* A jq program as SQL: condition, where only its truth matters.  0, or -1 with
 * a caret under what has no counterpart. */
int spark_jq(const char *text, const struct schema *fields, bool condition,
	struct buf *sql, struct err *err);

/* The result into a table of an SQLite database.  0, or -1 with s->err set. */
int spark_database_sqlite(struct spark *s, const struct spark_step *p,
	const char *db, const char *table);

#endif
