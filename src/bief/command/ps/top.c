/*
 * top: bief ps on the whole terminal, every second.
 *
 * The terminal is given back as it was, whatever ends this: a key, a signal, a
 * terminal that goes away. So signals are caught, and looked at between
 * screens.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "time/time.h"
#include "command/ps/ps.h"
#include "command/ps/running.h"

#define EVERY_MS 1000
#define OPEN "\033[?1049h\033[?25l" /* another screen, no cursor */
#define CLOSE "\033[?25h\033[?1049l"

#define CTRL_C 3
#define CTRL_Z 26

/* Signals belong to the process, so this does too. */
static volatile sig_atomic_t ended;

static void
on_signal(int sig)
{
	if (sig != SIGWINCH)
		ended = sig;
}

static int
top_put(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t did = write(STDOUT_FILENO, p, n);

		if (did < 0 && errno == EINTR)
			continue;
		if (did <= 0)
			return -1;
		p += did;
		n -= (size_t)did;
	}
	return 0;
}

static void
signals_catch(void)
{
	static const int signals[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGWINCH};
	struct sigaction act = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &act, NULL);
}

static int
open_screen(struct termios *before)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, before) < 0)
		return -1;
	t = *before;
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &t) < 0)
		return -1;
	return top_put(OPEN, strlen(OPEN));
}

static void
close_screen(const struct termios *before)
{
	top_put(CLOSE, strlen(CLOSE));
	tcsetattr(STDIN_FILENO, TCSAFLUSH, before);
}

/* The text as a screen of so many lines: each cleared to its end. */
static void
screen(const struct buf *text, size_t rows, struct buf *out)
{
	size_t at = 0;

	buf_str(out, "\033[H");
	for (size_t row = 0; row < rows; row++) {
		const char *p = text->p + at;
		size_t left = text->n - at, n = left;

		if (left > 0 && memchr(p, '\n', left) != NULL)
			n = (size_t)((char *)memchr(p, '\n', left) - p);
		buf_add(out, p, n);
		at += n + (n < left);
		buf_str(out, row + 1 < rows ? "\033[K\r\n" : "\033[K");
	}
}

static int
draw(void)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct running_list l;
	struct buf text, out;
	char time[TIME_MAX];
	int ret;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	if (size.ws_row == 0 || size.ws_col == 0)
		size = (struct winsize){.ws_row = 24, .ws_col = 80};
	buf_init(&text);
	buf_init(&out);
	running_look(&l);
	buf_printf(&text, "%.*s  %zu pipeline%s  (q ends)\n\n",
		(int)time_format_iso(
			time_now() / TIME_SECOND * TIME_SECOND, time),
		time, l.n, l.n == 1 ? "" : "s");
	ps_text(&l, size.ws_col, &text);
	screen(&text, size.ws_row, &out);
	ret = top_put(out.p, out.n);
	running_release(&l);
	buf_release(&text);
	buf_release(&out);
	return ret;
}

/* As the terminal itself would have it. */
static int
suspend(struct termios *before)
{
	close_screen(before);
	raise(SIGSTOP);
	return open_screen(before);
}

/* Keys that were pressed: 1 to end, 0, or -1. */
static int
keys(struct termios *before)
{
	char c;
	ssize_t n;

	while ((n = read(STDIN_FILENO, &c, 1)) == 1) {
		if (c == 'q' || c == 'Q' || c == CTRL_C)
			return 1;
		if (c == CTRL_Z && suspend(before) < 0)
			return -1;
	}
	return 0;
}

static int
watch(struct termios *before)
{
	while (!ended) {
		struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
		int got;

		if (draw() < 0)
			return STATUS_FAILED;
		if (poll(&fd, 1, EVERY_MS) <= 0)
			continue;
		got = keys(before);
		if (got != 0 || (fd.revents & (POLLHUP | POLLERR)))
			return got < 0 ? STATUS_FAILED : STATUS_DONE;
	}
	return STATUS_DONE;
}

int
top_command(int argc, char **argv)
{
	struct termios before;
	int status;

	if (argc > 1) {
		bool help = strcmp(argv[1], "--help") == 0 ||
			strcmp(argv[1], "-h") == 0;

		fprintf(help ? stdout : stderr, "usage: bief top\n");
		return help ? STATUS_DONE : STATUS_USAGE;
	}
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return ps_command(argc, argv);
	signals_catch();
	if (open_screen(&before) < 0) {
		fprintf(stderr, "bief: cannot draw on this terminal: %s\n",
			strerror(errno));
		return STATUS_FAILED;
	}
	status = watch(&before);
	close_screen(&before);
	if (ended != 0) {
		signal(ended, SIG_DFL);
		raise(ended);
	}
	return status;
}
