/*
 * query: what an aggregation groups by and computes, how its groups stand in
 * the state, and how they become records.
 *
 * Where a record comes for several windows at once, it is counted in a slice
 * (span.h); a window is put together of its slices when it is shown.
 */
#ifndef BIEF_QUERY_H
#define BIEF_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/list.h"
#include "value/recent.h"
#include "value/record.h"
#include "agg/accum/accums.h"
#include "agg/groups.h"
#include "agg/rows.h"
#include "agg/sets.h"

struct plan;
struct stage;

struct query {
	struct accums acc;
	struct groups g;
	struct field *keys;
	char **names; /* of the key columns */
	size_t nkeys;
	bool met; /* query_meet has been called */
	bool cube, rollup;
	struct sets sets;
	bool grouping_id; /* is a column */
	bool session;     /* the windows are sessions */
	bool decided;     /* it is known whether records carry windows ... */
	uint16_t *masks;  /* ... and the grouping sets */
	size_t nmasks;
	struct window_set slices; /* the windows that slices are parts of */
	bool sliced;              /* there are slices */
	struct buf key;           /* the key that is being built */

	/* output */
	struct rows rows;
	struct shape *shape; /* NULL: make it */
	struct slots slots;
	struct buf merged, *texts; /* ntexts */
	size_t ntexts;
};

/* by lives as long as the query.  -1: two fields of one name. */
int query_init(struct query *q, const struct list *by, struct err *err);
/* May it look at a record's window_start or window_end by their names?  Then
 * records of several windows must come one for each. */
bool query_tells_windows(const struct query *q);
/* The keys have the names that the plan has, or -1.  Where it has a field of a
 * whole path, the column is called so.  Where it knows the fields, it must have
 * been decided (query_decide) whether records carry windows. */
int query_bind(struct query *q, const struct plan *p, struct err *err);
/* The same of records, where the plan does not know; before query_emit(). */
int query_meet(struct query *q, const struct record *r, struct err *err);
/* The records carry windows: the word "window" of --by is no key. */
void query_drop_window(struct query *q);
void query_release(struct query *q);
/* Tell the runtime which fields are looked at: again when they have moved, for
 * there are more of them. */
void query_watch(struct query *q, struct stage *st);
/* Now it is known whether records carry windows. */
int query_decide(struct query *q, bool windowed, struct err *err);
/* The fields of what goes out, of those that come in; both of the plan. */
void query_plan_fields(const struct query *q, struct plan *p);
void query_plan_keys(const struct query *q, struct plan *p);
/* No result may have the name of a key. */
int query_check_names(const struct query *q, struct err *err);

/* Begin q->key with the record's key fields. */
void query_key(struct query *q, const struct record *r, char kind,
	uint16_t mask, const struct span *w);

/* Words of the record's key for struct recent; false: it cannot be there. */
static inline bool
query_words(struct query *q, const struct record *r, int64_t start, int64_t end,
	uint64_t words[RECENT_WORDS])
{
	static const struct value null = {.type = VALUE_NULL};

	if (q->nkeys > RECENT_FIELDS)
		return false;
	if (q->g.windowed) {
		*words++ = (uint64_t)start;
		*words++ = (uint64_t)end;
	}
	for (size_t i = 0; i < q->nkeys; i++, words += 2) {
		const struct value *v = record_get(r, &q->keys[i]);

		if (!recent_field(words, v != NULL ? v : &null))
			return false;
	}
	return true;
}

/* The one group of all records is there without any, too. */
int query_make_one(struct query *q, struct stage *st);
/* Accumulators have been added (accums_meet): make room in all groups. */
void query_widen(
	struct query *q, struct stage *st, const struct blob_form *before);

/*
 * Collect rows of an entry of the state: itself, or the windows of a slice that
 * end in (after, upto]; and write what was collected, in order.
 */
void query_add(struct query *q, const struct stage *st, state_ref r,
	int64_t after, int64_t upto);
/* Rows of all entries. */
void query_add_all(struct query *q, const struct stage *st, int64_t after);
int query_emit(struct query *q, struct stage *st);
/* The same of all entries. */
int query_emit_all(struct query *q, struct stage *st);
/* Forget an entry that was due; but a slice is due again with its next window,
 * and forgotten with the last. */
void query_forget(
	struct query *q, struct stage *st, state_ref r, int64_t watermark);
/* What there is an entry for, in words. */
const char *query_explain(const struct query *q);

/* Find slices in a state that was restored.  The watermark up to which their
 * windows have been closed, or WATERMARK_NONE. */
int64_t query_restore_slices(struct query *q, struct stage *st);

/* Groups in the place of slices: the windows that end behind after. */
int query_whole(struct query *q, struct stage *st, int64_t after);

/*
 * With a checkpoint the state tells what its keys and values depend on, types
 * too, so that it cannot be taken for another query's.
 */
int query_save_form(struct query *q, struct stage *st);
int query_check_form(struct query *q, struct stage *st);
bool query_has_form(const struct query *q, const struct stage *st);

/* For bief state: show() and take() of groups, slices and sessions. */
int query_entry_show(
	struct query *q, struct stage *st, state_ref r, struct buf *out);
int query_entry_take(struct query *q, struct stage *st,
	const struct value *object, state_ref *made);

#endif
