/*
 * splitter: takes a JSON text apart into lines, by an expression of jq's
 * language: '.states[]'.
 */
#ifndef BIEF_SPLITTER_H
#define BIEF_SPLITTER_H

#include <stddef.h>

struct buf;
struct stage;
struct splitter;

/* NULL with a message in st->err. */
struct splitter *splitter_new(const char *expr, struct stage *st);
void splitter_free(struct splitter *s);
/* Append a line for each result to *out: 0; 1: the text has been refused, and
 * nothing is there of it; or -1. */
int splitter_run(struct splitter *s, const char *p, size_t n, struct buf *out);

#endif
