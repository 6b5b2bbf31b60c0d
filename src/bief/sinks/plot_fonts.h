/*
 * plot_fonts: which characters the fonts of this machine have.  Those that none
 * has would be drawn by gnuplot as something much too large.
 */
#ifndef BIEF_PLOT_FONTS_H
#define BIEF_PLOT_FONTS_H

#include <stdbool.h>
#include <stdint.h>

struct plot_fonts {
	bool asked;
	unsigned char *has; /* a bit for each; NULL: not known, all of them */
};

/* Asks fc-list(1), once. */
bool plot_fonts_has(struct plot_fonts *f, uint32_t c);
void plot_fonts_release(struct plot_fonts *f);

#endif
