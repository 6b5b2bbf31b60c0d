/*
 * loop: what the loops of run.c and merge.c share, private to the runtime.
 */
#ifndef BIEF_LOOP_H
#define BIEF_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/plan.h"

struct chain;
struct err;
struct value;

#define LOOP_FDS 1024 /* descriptors that a source may wait for */

/* Has a signal told us to stop? */
bool signals_stopping(void);
/* ... SIGTERM, by which a program is to end though its input goes on; and two
 * seconds ago: what is in front would have come to its own end. */
bool signals_terminated(void);
bool signals_term_past(void);
/* A signal has told us to stop, and nothing has been heard for two seconds since:
 * call it when there may be news. */
struct loop_silence {
	bool told;
	int64_t since_us;
};
bool loop_silent(struct loop_silence *s, bool heard);
/* Answer SIGUSR1 and SIGHUP. */
void loop_signals(struct chain *c);
/* Flush the output, then wait for descriptors, a deadline (time_now), a tick,
 * a signal, or the reader's going away (which ends the process). */
int loop_wait(struct chain *c, struct pollfd *fds, int n, int64_t deadline);

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

/* merge.c: a chain whose first operator reads several inputs. */
int merge_run(struct chain *c);

#endif
