/*
 * signals: those that a process is told by.  They belong to the process, so what
 * is known of them stands here, at file level.
 *
 * A handler notes what came and writes a byte into a pipe, so that who waits
 * wakes up; everything else is done by the loop, which asks.
 */
#include "runtime/loop/signals.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "time/time.h"
#include "io/child.h"
#include "io/file.h"
#include "io/passon.h"
#include "runtime/report/line.h"
#include "runtime/report/vitals.h"

#define TERM_US (2 * TIME_SECOND) /* what is in front has time to end itself */

static volatile sig_atomic_t stops, terminated, asked_statistics, asked_reload;
static int wake[2] = {-1, -1};
static int64_t term_us; /* when SIGTERM was first asked about */

static void
on_signal(int sig, siginfo_t *info, void *context)
{
	int saved = errno, told;

	(void)context;
	if (sig == SIGUSR1)
		asked_statistics = 1;
	else if (sig == SIGHUP)
		asked_reload = 1;
	else if ((told = passon_told(sig, info)) > 0) {
		file_stop = 1;
		stops = told;
		if (sig == SIGTERM)
			terminated = 1;
	}
	if (stops > 1) {
		child_kill_all();
		vitals_forget();
		line_hide();
		_exit(128 + sig);
	}
	if (write(wake[1], "", 1) < 0)
		errno = 0;
	errno = saved;
}

static void
on_resize(int sig)
{
	int saved = errno;

	(void)sig;
	if (write(wake[1], "", 1) < 0)
		errno = 0;
	errno = saved;
}

void
signals_watch_screen(void)
{
	struct sigaction a = {.sa_handler = on_resize, .sa_flags = SA_RESTART};

	if (wake[1] >= 0)
		sigaction(SIGWINCH, &a, NULL);
}

/* A file that may not grow (ulimit -f) is the error of who writes it, as a full
 * disk is; commands that are started die of it as ever. */
static void
on_too_large(int sig)
{
}

void
signals_catch(void)
{
	/* The others end no system call, such as the wait for who writes a
	 * FIFO: what waits in poll wakes up all the same. */
	struct sigaction stop = {.sa_sigaction = on_signal,
				 .sa_flags = SA_SIGINFO},
			 other = {.sa_sigaction = on_signal,
				 .sa_flags = SA_SIGINFO | SA_RESTART},
			 large = {.sa_handler = on_too_large,
				 .sa_flags = SA_RESTART};

	file_stop = 0;
	term_us = 0;
	stops = terminated = asked_statistics = asked_reload = 0;
	if (wake[0] < 0 && pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
		return;
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGUSR1, &other, NULL);
	sigaction(SIGHUP, &other, NULL);
	sigaction(SIGXFSZ, &large, NULL);
}

bool
signals_stopping(void)
{
	return stops > 0;
}

bool
signals_terminated(void)
{
	if (terminated && term_us == 0)
		term_us = time_monotonic();
	return terminated;
}

bool
signals_term_past(void)
{
	return signals_terminated() && time_monotonic() - term_us > TERM_US;
}

int
signals_fd(void)
{
	return wake[0];
}

void
signals_drain(void)
{
	char drain[64];

	assert(wake[0] >= 0);
	while (read(wake[0], drain, sizeof(drain)) > 0)
		;
}

bool
signals_statistics(void)
{
	bool asked = asked_statistics != 0;

	asked_statistics = 0;
	return asked;
}

bool
signals_reload(void)
{
	bool asked = asked_reload != 0;

	asked_reload = 0;
	return asked;
}
