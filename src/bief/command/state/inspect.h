/*
 * inspect: "bief state": what stands in a checkpoint.
 */
#ifndef BIEF_INSPECT_H
#define BIEF_INSPECT_H

/* argv[0] is "state".  The exit status; messages have been printed. */
int inspect_command(int argc, char **argv);

#endif
