/*
 * result: what a sink that keeps rows does with them: its --mode and --key,
 * beside what the stream says of itself.
 */
#ifndef BIEF_RESULT_H
#define BIEF_RESULT_H

#include "value/list.h"
#include "runtime/options/fields.h"
#include "runtime/plan/plan.h"

struct record;
struct stage;

#define RESULT_UNTOLD (-1)

struct result {
	/* options */
	int told; /* --mode: enum mode less one; RESULT_UNTOLD */
	struct list key;
	/* found by result_find_mode and result_find_keys */
	enum mode mode;
	struct list keys;     /* that tell the rows of an update apart */
	struct fields key_at; /* the same, in a record */
};

/* The mode by --mode (enum mode less one, or RESULT_UNTOLD) and by the plan.  0,
 * or -1: what was told must be what comes. */
int result_mode(
	struct stage *st, int option, const struct plan *p, enum mode *mode);
/* From op.plan.  0 or -1: what was told must be what comes. */
int result_find_mode(struct stage *st, struct result *s, const struct plan *p);
int result_find_keys(struct stage *st, struct result *s, const struct plan *p);
/* Rows without their key would replace each other: 0 or -1.  What the user
 * names may be missing here and there, which is a null. */
int result_check(struct stage *st, struct result *s, const struct record *r);
/* At the end of a batch.  A key that no record has had is a slip of the
 * user's. */
int result_check_seen(struct stage *st, const struct result *s);
void result_release(struct result *s);

#endif
