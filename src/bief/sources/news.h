/*
 * news: what a source of files has to say of them: the first few of a kind, and
 * at the end how many there were.
 */
#ifndef BIEF_NEWS_H
#define BIEF_NEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "sources/files/files.h"

struct stage;

/* Zeroed but for st. */
struct news {
	struct stage *st;
	bool looked;      /* what was there at the start is known */
	uint64_t written; /* files left for later ... */
	uint64_t
		changed; /* files that have been changed since they were read */
	char *example;   /* ... and one of them */
};

/* For files_how: tell, with a struct news as arg. */
void news_tell(void *arg, enum files_news what, const char *path);
/* All is looked at; lasts: the source goes on, and looks again. */
void news_looked(struct news *n, bool lasts);
/* The end; files may be NULL. */
void news_end(struct news *n, const struct files *files);

#endif
