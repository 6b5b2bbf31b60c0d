/*
 * passon: see passon.h.
 */
#include "io/passon.h"

#include <errno.h>

/* What a signal carries: for whom it is, and how often it has come. */
#define PASSED 0x62696500
#define THROUGH 0x62696600
#define OFTEN 200 /* at most */

/* No program reads more inputs; negative: only through that one. */
static volatile pid_t pids[128];
#define PIDS (sizeof(pids) / sizeof(*pids))

static volatile sig_atomic_t direct, passed;

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
		direct += direct < OFTEN;
	else if (what == PASSED && often > passed)
		passed = often;
	if (what != THROUGH)
		often = direct > passed ? direct : passed;
	if (sig == SIGTERM)
		pass(sig, often);
	errno = saved;
	return what == THROUGH ? 0 : often;
}
