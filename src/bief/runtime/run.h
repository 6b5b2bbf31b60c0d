/*
 * run: a chain of programs from its command lines to its exit statuses.
 */
#ifndef BIEF_RUN_H
#define BIEF_RUN_H

/*
 * Run a chain of programs: words[i] is the argv of the i-th (NULL ends each,
 * NULL ends the list), from input to output.  The exit status of each is in
 * status (room for all); messages have been printed.
 */
void run_chain(char ***words, int n, int in, int out, int *status);
/* The status of a pipeline: of the last program that failed (pipefail). */
int run_status(const int *status, int n);
/* main() of a program. */
int run_main(int argc, char **argv);

#endif
