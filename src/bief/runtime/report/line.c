/*
 * line: see line.h.
 */
#include "runtime/report/line.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "floor/buf.h"

#define COLUMNS 80 /* of a terminal that does not tell */

static volatile sig_atomic_t shown;

bool
line_terminal(void)
{
	return isatty(STDERR_FILENO) == 1;
}

/* One that is written in the last column would move on to the next line. */
size_t
line_room(void)
{
	struct winsize size = {.ws_col = 0};

	ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	return (size.ws_col > 0 ? size.ws_col : COLUMNS) - 1;
}

void
line_draw(const char *text, size_t n)
{
	struct buf b;

	buf_init(&b);
	buf_byte(&b, '\r');
	buf_add(&b, text, n);
	buf_str(&b, "\033[K\r");
	shown = 1;
	if (write(STDERR_FILENO, b.p, b.n) < 0)
		shown = 0;
	buf_release(&b);
}

void
line_hide(void)
{
	static const char gone[] = "\r\033[K";
	int saved = errno;

	if (shown && write(STDERR_FILENO, gone, sizeof(gone) - 1) < 0)
		errno = 0;
	shown = 0;
	errno = saved;
}
