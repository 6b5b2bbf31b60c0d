/*
 * news: see news.h.  Files that are written are told of once, at the start: they
 * are left for later at every look, which comes many times a second.
 */
#include "sources/news.h"

#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "runtime/stage.h"

#define TOLD 5 /* messages of a kind */

void
news_tell(void *arg, enum files_news what, const char *path)
{
	struct news *n = arg;
	char q[300];

	err_quote(q, sizeof(q), path, strlen(path));
	switch (what) {
	case FILES_WRITTEN:
		n->written++;
		free(n->example);
		n->example = mem_dup(q, strlen(q));
		break;
	case FILES_CHANGED:
		if (n->changed++ < TOLD)
			stage_warn(n->st,
				"'%s' has been changed since it was read, "
				"and is not read again: a file should be "
				"renamed into the directory when it is "
				"complete",
				q);
		break;
	case FILES_LOOP:
		if (n->looked)
			break;
		stage_warn(n->st, "'%s' is passed over: it is inside of itself",
			q);
		break;
	case FILES_OUTPUT:
		if (!n->looked)
			stage_warn(n->st,
				"'%s' is passed over: it is the output", q);
	}
}

void
news_looked(struct news *n, bool lasts)
{
	const char *then = lasts ? "read when that ends"
				 : "left for the next run";

	if (!n->looked && n->written == 1)
		stage_warn(n->st, "'%s' is open for writing: %s", n->example,
			then);
	else if (!n->looked && n->written > 1)
		stage_warn(n->st,
			"%llu files are open for writing (such as '%s'): %s",
			(unsigned long long)n->written, n->example, then);
	n->looked = true;
}

void
news_end(struct news *n, const struct files *files)
{
	size_t old = files == NULL ? 0 : files_count_old(files);

	if (n->changed > TOLD)
		stage_warn(n->st,
			"%llu files have been changed since they were read",
			(unsigned long long)n->changed);
	if (old > 0)
		stage_warn(n->st,
			"%zu file%s ignored: more than --max-file-age older "
			"than the newest one read",
			old, old == 1 ? " is" : "s are");
	free(n->example);
}
