/*
 * passon: SIGTERM goes on to the processes that it is meant for: those in which
 * the sources are.
 *
 * Who stops a pipeline may tell each of its processes (a terminal, systemd) or
 * only the one that it has started.  So what is passed on says so, and how often
 * it has come: one that has come both ways is one.
 */
#ifndef BIEF_PASSON_H
#define BIEF_PASSON_H

#include <signal.h>
#include <sys/types.h>

/* To this process, too; those that find no room end when nobody reads them. */
void passon_to(pid_t pid);
/* Only to those to which this one passes it on: it goes on itself. */
void passon_through(pid_t pid);
/* To none any more; what was told counts no more.  For who has forked. */
void passon_none(void);
/* From a handler with SA_SIGINFO of what tells to stop: how often that has been
 * told; 0: it was only to be passed on. */
int passon_told(int sig, const siginfo_t *info);

#endif
