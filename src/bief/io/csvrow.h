/*
 * csvrow: rows of CSV, from lines.
 *
 * libcsv splits them, and gets whole rows that are well formed: a row's end is
 * found here first.  A line in which nothing is quoted, nor anything else that
 * libcsv would have to say something about, is split here: its separators are
 * all that counts; so are the cells between those in quotes, where nothing is
 * wrong.  A cell in quotes goes on over ends of lines.  Of one that is not
 * closed properly (no separator and no line's end follows the quote) the cell is
 * the text up to the next of them, quotes and all, as Spark's STOP_AT_DELIMITER
 * has it; the row says so by bad.
 */
#ifndef BIEF_CSVROW_H
#define BIEF_CSVROW_H

#include <csv.h>
#include <stdbool.h>
#include <stddef.h>

#include "floor/buf.h"

struct err;

struct csvrow_style {
	char sep;
	char quote;
	bool no_quote; /* there is none: quotes are text */
	bool trim;     /* blanks around cells do not belong to them */
	bool one_line; /* the end of a line is that of the row, always */
	bool libcsv;   /* let it split all lines: for tests */
};

struct csvrow_cell {
	uint32_t at, n; /* see csvrow_text */
	bool quoted;
};

enum csvrow {
	CSVROW_WHOLE,   /* a row is there: cell, text */
	CSVROW_OPEN,    /* its last cell goes on in the next line: lines */
	CSVROW_UNCLOSED /* what was open was never closed: the line is not taken;
			 * call csvrow_unclose and give it again */
};

/* How a row breaks the rules (wrong); each has been read all the same. */
#define CSVROW_BAD 1     /* text behind the quote that closes a cell */
#define CSVROW_STRAY 2   /* a quote in a cell that does not begin with one */
#define CSVROW_ENDLESS 4 /* a cell in quotes that is not closed */

struct csvrow_reader {
	struct csvrow_style style;
	struct csv_parser parser;
	bool made;
	struct buf lines; /* of the row that is open, as they came ... */
	bool shut;        /* ... or was, and is the row that is there */
	unsigned wrong;   /* with the row */
	/* the row */
	const char *text; /* its bytes, without the end of its last line */
	size_t ntext;
	struct csvrow_cell *cell; /* none: a blank line */
	size_t n;
	bool plain; /* JSON strings can hold its cells as they are ... */
	bool utf8;  /* ... and they are all UTF-8; false: look at each */
	/* private */
	const char *base; /* cells lie in the line or in cells */
	size_t cap;
	struct buf cells;
	struct buf repaired;
	uint32_t *places; /* of separators */
	size_t nplaces;
	unsigned odd; /* SIMD_...: a line that has it is libcsv's */
};

/* The character that an option names: "tab" and "\t" are a tab.  0 or -1. */
int csvrow_char(
	const char *option, const char *text, char *out, struct err *err);
/* --sep and --quote (either may be NULL) into a style.  0 or -1. */
int csvrow_style(struct csvrow_style *s, const char *sep, const char *quote,
	struct err *err);
void csvrow_init(struct csvrow_reader *r, const struct csvrow_style *style);
void csvrow_release(struct csvrow_reader *r);
/* The bytes of a cell of the row. */
static inline const char *
csvrow_text(const struct csvrow_reader *r, size_t i)
{
	return r->base + r->cell[i].at;
}

/*
 * The next line, without its end; end is that end ("\n", "\r\n", "\r").  The row's
 * text lies in the line or in lines.
 */
enum csvrow csvrow_line(
	struct csvrow_reader *r, const char *line, size_t n, const char *end);
static inline bool
csvrow_is_open(const struct csvrow_reader *r)
{
	return r->lines.n > 0 && !r->shut;
}
/*
 * The row that is open will not be closed: its first line is the row (wrong has
 * CSVROW_ENDLESS), the later ones, with their ends, go into rest (if it is not
 * NULL) and are to be given again.
 */
void csvrow_unclose(struct csvrow_reader *r, struct buf *rest);
/* The line at p in such text: its bytes without its end; returns where the next
 * one begins. */
const char *csvrow_next(const char *p, const char *end, size_t *n);
/* The end that stands behind a line of n bytes. */
static inline const char *
csvrow_end(const char *line, size_t n)
{
	return line[n] != '\r' ? "\n" : line[n + 1] == '\n' ? "\r\n" : "\r";
}
/* What is wrong with the row, in words; NULL: nothing.  lax: a stray quote is
 * part of its cell. */
const char *csvrow_why(const struct csvrow_reader *r, bool lax);

/*
 * All of this for a text that is read line by line, as parse-csv does it: blank
 * lines and comments are left out, what is not closed is read again.  row is
 * called for each row, 0 or -1.
 */
struct csvrow_feed {
	struct csvrow_reader *rows;
	char comment;    /* lines that begin with it are none; '\0': no such */
	size_t max_line; /* of a row */
	size_t number;   /* of the row's first line */
	int (*row)(void *arg);
	void *arg;
};
int csvrow_feed(
	struct csvrow_feed *f, const char *line, size_t n, size_t number);
int csvrow_feed_end(struct csvrow_feed *f);

/* A line that holds nothing but blanks, no separators. */
bool csvrow_blank(const struct csvrow_style *s, const char *line, size_t n);
/*
 * Bytes that begin no CSV in UTF-8: what they are and what to do about it, or
 * NULL.
 */
const char *csvrow_alien(const char *p, size_t n);

#endif
