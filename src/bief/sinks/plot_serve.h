/*
 * plot_serve: a page for browsers (page.html), that of the last batch, and its
 * changes as Server-Sent Events.
 *
 * It answers GET / and GET /events, and nothing else.  Nobody holds up anybody:
 * what a slow browser cannot take is left out for it, but for the newest.
 */
#ifndef BIEF_PLOT_SERVE_H
#define BIEF_PLOT_SERVE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct plot_serve;
struct pollfd;

#define PLOT_SERVE_CLIENTS 200 /* at a time; more are sent away */

/* NULL with a message. */
struct plot_serve *plot_serve_open(const char *address, struct err *err);
void plot_serve_close(struct plot_serve *s);
int plot_serve_port(const struct plot_serve *s); /* 0: a Unix socket */
const char *plot_serve_host(const struct plot_serve *s);
/* From now on this is the page: title and HTML that stands in <main>. */
void plot_serve_show(
	struct plot_serve *s, const char *title, const char *html, size_t n);
/* There will be no other. */
void plot_serve_end(struct plot_serve *s);
/* What is to be waited for: one descriptor, and a deadline (time_now). */
void plot_serve_wait(
	struct plot_serve *s, struct pollfd *fd, int64_t *deadline);
/* Accept, read, answer and send what can be without waiting. */
void plot_serve_turn(struct plot_serve *s);

#endif
