/*
 * plot_term: charts in characters: blocks, shades and dots of Unicode.
 *
 * Without colours a chart says the same: series have letters or shades of their
 * own, cells of a matrix their numbers.
 */
#ifndef BIEF_PLOT_TERM_H
#define BIEF_PLOT_TERM_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct chart;

struct plot_term {
	size_t columns, lines; /* that the chart may have; lines 0: any */
	bool color;
};

/* Append the chart, lines of text. */
void plot_term_draw(
	const struct chart *c, const struct plot_term *t, struct buf *out);

#endif
