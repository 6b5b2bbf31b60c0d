/*
 * capture: what a clone would show is written down in its block.
 */
#ifndef BIEF_CAPTURE_H
#define BIEF_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

struct record;
struct stage;

/* As the functions of refuse.h: 0, or -1 where the record ends the run. */
int capture_refuse(struct stage *st, const struct record *r, const char *why);
void capture_late(struct stage *st, const struct record *r, const char *why);
int capture_untimed(struct stage *st, const struct record *r, const char *why);
void capture_say(const struct stage *st, const char *text);
/* The record is the stage's own, or, where that is behind the clones, its. */
int capture_record(struct stage *st, struct record *r);
/* It is put aside, with a key. */
int capture_sift(struct stage *st, struct record *r, const char *key, size_t n);
/* The block ends here: the stage has failed, with the chain's err. */
void capture_fail(struct stage *st);
/* At the end of a block: which watched fields have been seen, what give() has
 * to say. */
void capture_end(struct stage *st);

#endif
