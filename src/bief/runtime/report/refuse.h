/*
 * refuse: records that are not taken, private to the runtime.  Operators say
 * stage_reject, stage_late ...
 */
#ifndef BIEF_REFUSE_H
#define BIEF_REFUSE_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/stage.h"

#define REFUSE_TEXT 1000 /* bytes of a reason */

/* It cannot be taken: 0, or -1 with --on-error fail. */
int refuse(struct stage *st, const struct record *r, const char *why);
/* ... is it kept all the same? */
bool refuse_kept(struct stage *st);
/* It came after the watermark, which is no error; a --rejects file that cannot
 * be written is said. */
void refuse_late(struct stage *st, const struct record *r, const char *why);
/* It has not the time that is needed: dropped, as in Spark.  0, or -1. */
int refuse_untimed(struct stage *st, const struct record *r, const char *why);
/* It looks like a control line, and none may be made by data. */
int refuse_forged(struct stage *st, const struct record *r);
/* A watched name fits several of its fields: 1 refused, 0 it does not, -1. */
int refuse_clash(struct stage *st, const struct record *r);
/* The line is longer than --max-line; n of its bytes are there. */
int refuse_too_long(struct stage *st, const char *line, size_t n);

#endif
