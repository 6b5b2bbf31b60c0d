/*
 * plot_script: the commands that draw charts, for gnuplot.
 */
#ifndef BIEF_PLOT_SCRIPT_H
#define BIEF_PLOT_SCRIPT_H

#include <stddef.h>

struct buf;
struct chart;
struct plot_gnuplot;

/* The descriptor on which gnuplot has the data: it reads text ten times as
 * slowly. */
#define PLOT_SCRIPT_DATA_FD 3

/* Append the commands for a picture of n charts, and the doubles that they
 * read. */
void plot_script_put(struct plot_gnuplot *g, const struct chart *charts,
	size_t n, struct buf *out, struct buf *data);

#endif
