/*
 * arrival: windows by arrival: the records of the last batches, again and
 * again.
 */
#ifndef BIEF_ARRIVAL_H
#define BIEF_ARRIVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/record.h"
#include "value/record_read.h"
#include "recovery/state/state.h"

struct batch;
struct plan;
struct stage;

struct arrival {
	/* options: a number of batches, or a duration */
	const char *length, *every;

	int64_t length_us, every_us; /* 0: by number */
	int64_t nlength, nevery;     /* batches */
	int64_t interval_us;         /* of the trigger; 0: none */
	struct record_reader reader;
	struct buf line;
};

int arrival_open(struct arrival *a, struct stage *st);
int arrival_plan(struct arrival *a, struct stage *st, struct plan *p);
int arrival_begin(struct arrival *a, struct stage *st, struct batch *b);
int arrival_record(struct arrival *a, struct stage *st, const struct record *r);
/* When a window is due, hand its records to emit. */
int arrival_batch(struct arrival *a, struct stage *st, struct batch *b,
	int (*emit)(struct stage *st, struct record *r, int64_t start,
		int64_t end));
/* For bief state: show() and take(). */
int arrival_show(const struct stage *st, state_ref r, struct buf *out);
int arrival_take(struct arrival *a, struct stage *st,
	const struct value *object, state_ref *made);
void arrival_close(struct arrival *a);

#endif
