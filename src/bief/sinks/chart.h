/*
 * chart: what is to be seen in one picture, made of the rows of a sheet: series
 * of points or bars, or a matrix, and the axes with their ticks.  How it is
 * drawn is another's: plot_term.h, plot_gnuplot.h, plot_svg.h.
 */
#ifndef BIEF_CHART_H
#define BIEF_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sinks/chart_axis.h"

struct sheet;
struct zone;

enum chart_kind {
	CHART_LINE,
	CHART_SCATTER,
	CHART_BAR,
	CHART_HIST,
	CHART_HEAT
};

#define CHART_SERIES 50   /* of a picture; the rest is left out */
#define CHART_LABELS 1000 /* bars of a picture; rows, columns of a matrix */
#define CHART_COLORS 8    /* that can be told apart, also by the colour-blind */
extern const uint32_t chart_colors[CHART_COLORS]; /* 0xRRGGBB */
/* 0 to 1 on the scale of a heat map, dark to light (cividis). */
uint32_t chart_shade(double at);
/* Is text on this colour to be light? */
bool chart_is_dark(uint32_t color);

/* What a picture shows.  Columns are those of the sheet. */
struct chart_spec {
	enum chart_kind kind;
	size_t x;  /* hist: not used; heat: the rows */
	size_t *y; /* heat: the columns and the value */
	size_t ny;
	bool wide; /* y is every other column */
	bool grouped;
	size_t by; /* with grouped: a series for each of its values */
	const char *title, *xlabel, *ylabel; /* NULL: see chart_build() */
	bool horizontal, stacked;            /* bars */
	size_t bins;                         /* hist; 0: as many as are good */
};

struct chart_point {
	double x, y; /* y NAN: a gap */
};

struct chart_series {
	char *name;
	struct chart_point *p;
	size_t n, cap;
};

struct chart {
	const struct chart_spec *spec;
	char *title, *xlabel, *ylabel; /* "" if there is none */
	struct chart_axis x, y;
	struct chart_series *series; /* heat: none */
	size_t nseries;
	char **labels; /* by number: of bars, of an x of text, of columns */
	size_t nlabels;
	char **rows; /* heat */
	size_t nrows;
	double *cell;  /* heat: nrows * nlabels, NAN: none */
	double lo, hi; /* heat: of the cells */
	double bin;    /* hist: the width of a bin */
	size_t drawn;  /* values in the picture */
	size_t wrong;  /* values that are no numbers */
	size_t more;   /* labels and series that there was no room for */
};

/* Without a title it is the fields' names; so are the labels of the axes. */
void chart_build(struct chart *c, const struct chart_spec *spec,
	const struct sheet *sheet, const struct zone *zone);
void chart_release(struct chart *c);
/* The highest and lowest of stacked bars' ends at a label. */
void chart_stack(const struct chart *c, size_t label, double *up, double *down);

#endif
