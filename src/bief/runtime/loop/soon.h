/*
 * soon: lines of one of several inputs, read as records, some of them together:
 * so the operator can look at all before the first is at work (merger.ahead).
 * Private to the runtime.
 */
#ifndef BIEF_SOON_H
#define BIEF_SOON_H

#include <stddef.h>
#include <stdint.h>

#include "value/record.h"
#include "value/record_read.h"
#include "value/slots.h"

struct stage;

#define SOON_MOST 64

struct soon {
	struct stage *st;
	int input;
	const char *path; /* of the input, for messages */
	struct record_reader reader;
	struct record r[SOON_MOST]; /* read, but not handed on */
	size_t n;
	struct slots values; /* of all of them, one after the other */
	uint32_t nvalues;
};

void soon_init(struct soon *s, struct stage *st, int input, const char *path);
void soon_release(struct soon *s);
/* A line, which lives until soon_give(), is to be handed on.  0 or -1. */
int soon_take(struct soon *s, const char *line, size_t n);
/* Hand on what has been taken.  0 or -1. */
int soon_give(struct soon *s);

#endif
