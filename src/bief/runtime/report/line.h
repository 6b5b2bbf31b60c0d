/*
 * line: one line on the terminal that standard error is, drawn again and again,
 * and gone before anything else is said.  The cursor stays at its beginning: so
 * what another program says stands there too, and not behind it.
 *
 * It belongs to the process, as the terminal does.
 */
#ifndef BIEF_LINE_H
#define BIEF_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* Standard error is a terminal. */
bool line_terminal(void);
/* Characters that it may have. */
size_t line_room(void);
void line_draw(const char *text, size_t n);
/* It is not there any more.  Safe in signal handlers. */
void line_hide(void);

#endif
