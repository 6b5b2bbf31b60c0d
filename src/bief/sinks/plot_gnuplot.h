/*
 * plot_gnuplot: charts as a picture in a file, drawn by gnuplot(1), a child
 * process.
 *
 * It gets numbers, which we have printed, and texts in quotes, in which no sign
 * stands as it is; so nothing of data is ever a command.  The file is replaced
 * when the picture is whole.
 */
#ifndef BIEF_PLOT_GNUPLOT_H
#define BIEF_PLOT_GNUPLOT_H

#include <stddef.h>

#include "sinks/plot_fonts.h"

struct buf;
struct chart;
struct err;

enum plot_format { PLOT_PNG, PLOT_SVG, PLOT_PDF };

struct plot_gnuplot {
	const char *path;
	enum plot_format format;
	size_t width, height;    /* pixels, of all; 0: what fits the charts */
	size_t rows, columns;    /* of the layout */
	struct plot_fonts fonts; /* zeroed at first; to be released */
};

/* By the end of its name; -1: none of them. */
int plot_gnuplot_format(const char *path, enum plot_format *f);
/* Is gnuplot there, and could the file be written? */
int plot_gnuplot_check(const struct plot_gnuplot *g, struct err *err);
int plot_gnuplot_draw(struct plot_gnuplot *g, const struct chart *charts,
	size_t n, struct err *err);
#endif
