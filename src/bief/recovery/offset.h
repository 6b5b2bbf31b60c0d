/*
 * offset: where a source stood at the end of each batch, and at its own end.
 */
#ifndef BIEF_OFFSET_H
#define BIEF_OFFSET_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct place;

struct offset {
	int64_t time_us;
	char *position; /* JSON, as mark wrote it; NULL: nothing read yet */
	bool absent;    /* the source had ended before this batch ... */
	int64_t as;     /* ... after this one; -1 it had none */
};
int offset_save(const struct place *p, int64_t batch, const struct offset *o,
	struct err *err);
/* 1: there is none. */
int offset_load(const struct place *p, int64_t batch, struct offset *o,
	struct err *err);
/* Of a batch that must have one: a missing one is an error. */
int offset_need(const struct place *p, int64_t batch, struct offset *o,
	struct err *err);
int offset_missing(const struct place *p, int64_t batch, struct err *err);
void offset_release(struct offset *o);

/*
 * Of several sources one may end while others go on.  It leaves a note of where
 * it stood; its next run begins by recording that it had no part in the batches
 * that the others had since.  The last to end notes that all have.
 */
int offset_end(
	const char *dir, const struct place *p, int64_t last, struct err *err);
int offset_resume(const char *dir, const struct place *p, int64_t committed,
	struct err *err);
/* The first batch after a run of several sources that came to its end; -1: none
 * has. */
int offset_anew(const char *dir, int64_t *batch, struct err *err);

#endif
