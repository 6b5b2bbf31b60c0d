/*
 * plot_svg: charts as SVG within a page, in the page's colours, which are
 * classes (page.html); series also have a dash or a pattern, and their names
 * beside them.
 */
#ifndef BIEF_PLOT_SVG_H
#define BIEF_PLOT_SVG_H

#include <stddef.h>

struct buf;
struct chart;
struct sheet;
struct zone;

/* Append text that may stand in HTML, also as an attribute in double quotes. */
void plot_svg_text(struct buf *out, const char *s, size_t n);
/* What the charts of a page share: patterns. */
void plot_svg_shared(struct buf *out);
/* A <figure> with the chart. */
void plot_svg_draw(const struct chart *c, struct buf *out);
/* A <table> of the rows, the newest if they are too many. */
void plot_svg_table(
	const struct sheet *s, const struct zone *zone, struct buf *out);

#endif
