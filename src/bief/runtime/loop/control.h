/*
 * control: the control lines of a stream, bief-stream(5), private to the runtime.
 */
#ifndef BIEF_CONTROL_H
#define BIEF_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/plan/plan.h"

struct err;
struct value;

/* Where an input with control lines stands. */
struct control_place {
	bool any, open, eof;
	int64_t number, time_us;
};
enum event {
	EVENT_OTHER,
	EVENT_BEGIN,
	EVENT_END,
	EVENT_EOF,
	EVENT_FAILED,
	EVENT_FILE /* the text of a file has ended */
};
struct control_event {
	enum event kind;
	struct batch batch;
	int status; /* EVENT_FAILED: of the program that has failed */
};
/* Read a control line and check that it may stand here. */
int control_take(struct control_place *at, const char *line, size_t n,
	struct control_event *e, struct err *err);
/* Is it the word that a program in front has failed?  Its status, or 0. */
int control_failed(const char *line, size_t n);
/* The object under "#bief". */
int control_read(
	const char *line, size_t n, struct value *body, struct err *err);

#endif
