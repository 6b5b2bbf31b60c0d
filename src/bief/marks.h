/*
 * marks: the watermark of several inputs: the minimum over
 * those that have one (or the maximum); it never goes back.
 */
#ifndef BIEF_MARKS_H
#define BIEF_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "plan.h"

#define MARKS_MAX 64

enum policy { POLICY_MIN, POLICY_MAX };

struct marks {
	int n;
	enum policy policy;
	bool has[MARKS_MAX];
	int64_t at[MARKS_MAX]; /* newest of each input */
	int64_t now;           /* combined; WATERMARK_NONE: no input has one */
};

/* in: the plans of the inputs; those with a delay have a watermark. */
void marks_init(struct marks *m, const struct plan *in, int n,
	enum policy policy);
/* Keep them in the state under this key; a restart goes on with them. */
struct err;
struct state;
int marks_save(const struct marks *m, struct state *s, const char *key,
	struct err *err);
void marks_restore(struct marks *m, const struct state *s, const char *key);
/* An input's begin or end line; then the combined one. */
void marks_put(struct marks *m, int input, int64_t watermark);
int64_t marks_get(struct marks *m);

#endif
