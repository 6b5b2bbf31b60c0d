/*
 * pipeline: the text of a pipeline, read without a shell.
 *
 * Words, quotes, |, <( ), >( ), redirections (< > >> 2> 2>> 2>&1), a backslash
 * at the end of a line, comments.  Anything more of the shell's language
 * (variables, globs outside of quotes, ;, &, subshells ...) is not read here:
 * PIPELINE_SHELL.
 */
#ifndef BIEF_PIPELINE_H
#define BIEF_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct pipeline;

struct word {
	char *text;           /* NULL for a substitution */
	struct pipeline *sub; /* <( ) or >( ) */
	bool output;          /* it is >( ) */
};

struct redirect {
	int fd; /* 0, 1 or 2 */
	bool append;
	char *path; /* NULL: 2>&1 */
};

struct command {
	struct word *words;
	size_t nwords;
	struct redirect *redirects;
	size_t nredirects;
};

struct pipeline {
	struct command *commands;
	size_t n;
};

enum pipeline_kind { PIPELINE_GOOD, PIPELINE_SHELL, PIPELINE_BAD };
/* PIPELINE_BAD leaves a message (STATUS_USAGE), PIPELINE_SHELL what is not read
 * and follows it. */
enum pipeline_kind pipeline_parse(
	const char *text, struct pipeline **p, struct err *err);
void pipeline_free(struct pipeline *p);

/* The operator that a command names ("agg ..." or "bief agg ..."), or NULL. */
struct op;
const struct op *pipeline_op(const struct command *c);
/* The first word of that operator's own argv (1 behind "bief"). */
size_t pipeline_skip(const struct command *c);
/* That argv, of the command's own texts, allocated; what is no text is a file
 * that is not read. */
char **pipeline_argv(const struct command *c);
/*
 * How many commands from i on run as one chain: 0 when command i is foreign.
 * One that is told how long lines may be is a chain of its own.
 */
size_t pipeline_stretch(const struct pipeline *p, size_t i);

/* Run it, standard input to standard output; its exit status with pipefail. */
int spawn_run(const struct pipeline *p);
/* The whole text by a shell. */
int spawn_shell(const char *text);

#endif
