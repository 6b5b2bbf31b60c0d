/*
 * passon: see passon.h.
 */
#include "io/passon.h"

#include <errno.h>
#include <stdint.h>

#include "time/time.h"

/* What a signal carries: for whom it is, and how often it has come. */
#define PASSED 0x62696500
#define THROUGH 0x62696600
#define OFTEN 200 /* at most */

/* No program reads more inputs; negative: only through that one. */
static volatile pid_t pids[128];
#define PIDS (sizeof(pids) / sizeof(*pids))

static volatile sig_atomic_t direct, passed;
static int64_t direct_us; /* when it came last */

/* timeout(1) and others send a signal to a process and then to its group: what
 * comes so soon is the same word once more. */
#define SAME_US (TIME_SECOND / 10)

static void
told_directly(void)
{
	int64_t now = time_monotonic();

	if (direct > 0 && now - direct_us < SAME_US)
		return;
	direct += direct < OFTEN;
	direct_us = now;
}

void
passon_to(pid_t pid)
{
	for (size_t i = 0; i < PIDS; i++)
		if (pids[i] == 0) {
			pids[i] = pid;
			return;
		}
}

void
passon_through(pid_t pid)
{
	passon_to(-pid);
}

void
passon_none(void)
{
	for (size_t i = 0; i < PIDS; i++)
		pids[i] = 0;
	direct = passed = 0;
}

static void
pass(int sig, int often)
{
	for (size_t i = 0; i < PIDS; i++) {
		pid_t pid = pids[i];
		union sigval value = {
			.sival_int = (pid < 0 ? THROUGH : PASSED) + often};

		if (pid != 0)
			sigqueue(pid < 0 ? -pid : pid, sig, value);
	}
}

int
passon_told(int sig, const siginfo_t *info)
{
	int saved = errno, what = 0, often;

	if (info->si_code == SI_QUEUE)
		what = info->si_value.sival_int;
	often = what & 0xff;
	what -= often;
	if (what != PASSED && what != THROUGH)
		told_directly();
	else if (what == PASSED && often > passed)
		passed = often;
	if (what != THROUGH)
		often = direct > passed ? direct : passed;
	if (sig == SIGTERM)
		pass(sig, often);
	errno = saved;
	return what == THROUGH ? 0 : often;
}
