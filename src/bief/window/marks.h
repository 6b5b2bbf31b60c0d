/*
 * marks: the watermark of several inputs: the minimum over
 * those that have one (or the maximum) and are not idle; it never goes back.
 *
 * After a run that came to its end only the combined watermark is known, as in
 * Spark: the inputs' own begin anew, so that it stands until each has passed it
 * again.  What an input itself works with does not go back; it tells by lag_us
 * how much of it is of older runs.  After a crash all goes on, so that the
 * answer is that of an undisturbed run.
 */
#ifndef BIEF_MARKS_H
#define BIEF_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "recovery/state/state.h"
#include "runtime/plan/plan.h"

#define MARKS_MAX 64

struct buf;
struct stage;
struct value;

enum policy { POLICY_MIN, POLICY_MAX };

struct marks {
	int n;
	enum policy policy;
	bool has[MARKS_MAX];
	bool anew[MARKS_MAX]; /* this one has begun anew since the last batch */
	int64_t at[MARKS_MAX];      /* newest of each input */
	bool idle[MARKS_MAX];       /* it holds up no other */
	int64_t idle_us[MARKS_MAX]; /* of its --idle; -1 */
	int64_t heard[MARKS_MAX];   /* time of its last batch, 0 none */
	bool told;   /* that one which has ended holds up others */
	int64_t now; /* combined; WATERMARK_NONE: no input has one */
};

/* in: the plans of the inputs; those with a delay have a watermark. */
void marks_init(
	struct marks *m, const struct plan *in, int n, enum policy policy);
/*
 * An input's begin or end line has come; with b->last it has ended, while others
 * have a batch: with --idle it holds them up no longer than that, and where it
 * does for good, a warning of st says so, once.
 */
void marks_heard(
	struct marks *m, struct stage *st, int input, const struct batch *b);
/* The combined one, into *b. */
int64_t marks_get(struct marks *m, struct batch *b);
/* Keep them in the stage's state under this key; a restart goes on with them,
 * and by their policy. */
int marks_save(const struct marks *m, struct stage *st, const char *key);
int marks_restore(struct marks *m, struct stage *st, const char *key);
/* For bief state: what show() and take() do with them. */
void marks_show(const struct state *s, state_ref r, struct buf *out);
int marks_take(const struct marks *m, struct stage *st, const char *key,
	const struct value *object, state_ref *made);

#endif
