/*
 * signals: what a process has been told by signals, private to the runtime.
 *
 * SIGINT and SIGTERM ask it to stop; a second one ends it and its children at
 * once.  SIGUSR1 asks for statistics, SIGHUP to read again what may have changed.
 */
#ifndef BIEF_SIGNALS_H
#define BIEF_SIGNALS_H

#include <stdbool.h>

/* From now on they are caught; forget what came before.  Without a pipe to be
 * woken by (out of descriptors) they are not caught, and end the process. */
void signals_catch(void);
/* Has one told us to stop? */
bool signals_stopping(void);
/* ... SIGTERM, by which a program is to end though its input goes on; and two
 * seconds ago: what is in front would have come to its own end. */
bool signals_terminated(void);
bool signals_term_past(void);
/* The window of the terminal has another size: wake who waits, from now on. */
void signals_watch_screen(void);
/* To wait for beside other descriptors: readable when one came; and after
 * that. */
int signals_fd(void);
void signals_drain(void);
/* Since the last call: has SIGUSR1, has SIGHUP come? */
bool signals_statistics(void);
bool signals_reload(void);

#endif
