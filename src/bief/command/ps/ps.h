/*
 * ps: the commands that look after pipelines that run; see bief(1).
 */
#ifndef BIEF_PS_H
#define BIEF_PS_H

#include <stddef.h>

struct buf;
struct running_list;

/* argv[0] is the command's name; the exit status. */
int ps_command(int argc, char **argv);
int stop_command(int argc, char **argv);
int top_command(int argc, char **argv);

/* What ps prints, in lines of so many columns; 0: as long as they are. */
void ps_text(const struct running_list *l, size_t columns, struct buf *out);
/* Where nothing runs: say so; the exit status. */
int ps_none(void);

#endif
