/*
 * opt: options as one declarative table, from which parsing, --help,
 * --dump-options and the completions come.
 *
 * Long options and, for the daily few, a letter.  No abbreviations; options
 * stand anywhere, "--" ends them; repeating one is an error unless it is a
 * list.  --name VALUE or --name=VALUE.  A list has no empty word, and none
 * twice.
 */
#ifndef BIEF_OPT_H
#define BIEF_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value/list.h"

struct buf;
struct err;

enum opt_kind {
	OPT_FLAG,     /* bool */
	OPT_STRING,   /* const char *, points into argv */
	OPT_INT,      /* int64_t, not negative */
	OPT_DURATION, /* int64_t, microseconds */
	OPT_SIZE,     /* int64_t, bytes: 16M, 1G */
	OPT_ENUM,     /* int, index into choices; arg is "fail|skip|keep" */
	OPT_LIST,     /* struct list: may be repeated, commas part */
	OPT_MULTI     /* struct list: may be repeated, commas do not part */
};

struct opt {
	const char *name; /* without the dashes */
	char letter;      /* 0: none */
	enum opt_kind kind;
	size_t at;       /* offsetof the member in the operator's struct */
	const char *arg; /* name of the value in the help; choices of an enum */
	const char *help; /* one line, no full stop */
	bool file;        /* the value is a file: completions complete files */
	bool free;        /* may differ when a checkpoint is taken up again */
	int64_t least;    /* of a number, size or duration */
	int64_t most;     /* the same; 0: what any of its kind may be */
	bool tagged; /* OPT_MULTI: the list is several options', whose words
	                     are NAME=VALUE in it, in the order given */
};

#define OPT_END                                                             \
	{                                                                   \
		NULL, 0, OPT_FLAG, 0, NULL, NULL, false, false, 0, 0, false \
	}

/* What a number or size may be where most does not say; a duration of either
 * sign is no longer than DURATION_MOST. */
#define OPT_MOST (INT64_C(1) << 62)
int64_t opt_most(const struct opt *o);
/* A whole number, not negative, of digits alone: 0, or -1 when it is none or is
 * beyond 64 bits. */
int opt_number(const char *text, int64_t *n);

/*
 * Parse argv[1..] into base.  Members keep what they had when an option is not
 * given (set defaults first).  More than one table may be given, each with its
 * own base.  What is no option is left in *operands (pointers into argv; the
 * array is the caller's).  Returns 0 or -1 (STATUS_USAGE, with the nearest name
 * where an option is unknown).
 */
struct opt_table {
	const struct opt *opts;
	void *base;
	const struct opt_slip *slips; /* may be NULL */
};
/* A word that is often taken for an option, and what to say of it; {NULL} ends
 * a list of them, a word of NULL with text stands for every other one. */
struct opt_slip {
	const char *word, *say;
};
int opt_parse(const struct opt_table *tables, size_t ntables, char **argv,
	char ***operands, size_t *noperands, struct err *err);
void opt_free(const struct opt_table *tables, size_t ntables);

#endif
