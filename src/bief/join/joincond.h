/*
 * joincond: on what two streams are joined, and how long a row can still find
 * one that it belongs to: until the watermark has passed its key, where that is
 * a time, or its event time and what a range condition adds to it, or for ever.
 */
#ifndef BIEF_JOINCOND_H
#define BIEF_JOINCOND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value/list.h"
#include "value/record.h"
#include "expr/sql/sql.h"
#include "window/evtime.h"

struct buf;
struct err;
struct plan;
struct stage;

/* What a side, SQL_LEFT or SQL_RIGHT, has of its own. */
struct joincond_half {
	struct evtime time;
	struct field key_time; /* of a key that carries the watermark */
	bool by_key;           /* rows go by key_time */
	bool bounded;          /* rows go by event time, so much later: */
	int64_t lag_us;
	struct field *not_null; /* with a null in these nothing matches */
	size_t nnot_null;
	bool known;        /* the plan has told the fields */
	uint64_t shape_id; /* of records that joincond_clash has passed */
};

/* A pair of fields of --on. */
struct joincond_pair {
	char *text[2];
	struct field field[2];
};

struct joincond {
	struct list on;    /* --on: "F" or "F=G" */
	const char *where; /* --where: SQL, or NULL */
	struct joincond_pair *pairs;
	size_t npairs;
	struct list once; /* names of both that are taken once */
	struct sql_join *sql;
	struct joincond_half side[2];
};

/* Read --on; release also after a failure.  0 or -1. */
int joincond_open(struct joincond *c, struct err *err);
void joincond_release(struct joincond *c);
/* in: of both sides.  0 or -1. */
int joincond_plan(struct joincond *c, struct stage *st, const struct plan *in);

/* A condition bounds the side by the other's watermark, if only the side had
 * one of its own, by which its rows could go. */
bool joincond_nearly_bounded(const struct joincond *c, int s);
/* When a row can match nothing any more; STATE_NEVER. */
int64_t joincond_due(struct joincond *c, int s, const struct record *r);
/* What has a smaller event time can not come out any more. */
int64_t joincond_threshold(const struct joincond *c, int64_t watermark);
/* Has the record a null that no condition can be true with? */
bool joincond_hopeless(struct joincond *c, int s, const struct record *r);
/* For a record whose shape is not side[s].shape_id: 1, or 0 where it has been
 * refused, because it does not tell which field is meant, or -1. */
int joincond_clash(
	struct joincond *c, struct stage *st, int s, const struct record *r);
/* For bief explain: how long rows are kept. */
void joincond_explain(const struct joincond *c, struct buf *out);

#endif
