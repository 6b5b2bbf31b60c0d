/*
 * sample: bief sample.
 */
#ifndef BIEF_SAMPLE_H
#define BIEF_SAMPLE_H

int sample_command(int argc, char **argv);

#endif
