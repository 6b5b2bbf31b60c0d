/*
 * plan_known: what may be known of a stream without control lines before its
 * first record, private to the runtime.
 *
 * Such a stream carries no header; but a parser that was given a schema knows its
 * fields, and neighbours tell each other (meet.h).  It is used for one thing: to
 * refuse, before anything flows, what cannot work.  What is computed, and from
 * what, is the same whether anything is known or not, so nobody can tell from an
 * answer whether two programs have met.
 */
#ifndef BIEF_PLAN_KNOWN_H
#define BIEF_PLAN_KNOWN_H

#include <stddef.h>

struct buf;
struct chain;

/* What is said of a stream with control lines: its header will tell. */
#define PLAN_KNOWN_LATER "*"
/*
 * What comes in has these fields (a schema's text; NULL: nobody has said): can
 * the stages of the chain work with them?  0, with what goes out, if it is known,
 * in out; 1 with a message in the chain's err, and who refuses in c->failed.
 */
int plan_known(struct chain *c, const char *fields, struct buf *out);

#endif
