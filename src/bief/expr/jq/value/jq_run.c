/*
 * jq_run: an evaluation's memory.  All that one makes is forgotten when the next
 * begins, so nothing is freed one by one; texts that grow stand in buffers that
 * are taken and given back like a stack's.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "value/json.h"
#include "expr/jq/jq_impl.h"

void
jq_run_init(struct jq_run *run)
{
	memset(run, 0, sizeof(*run));
	buf_init(&run->line);
	buf_init(&run->tmp);
}

void
jq_run_release(struct jq_run *run)
{
	arena_release(&run->arena);
	while (run->nbufs > 0) {
		buf_release(run->bufs[--run->nbufs]);
		free(run->bufs[run->nbufs]);
	}
	free(run->bufs);
	buf_release(&run->line);
	buf_release(&run->tmp);
}

void
jq_run_begin(struct jq_run *run, const struct record *r,
	const struct expr_env *env, struct err *err)
{
	run->r = r;
	run->env = env;
	run->err = err;
	run->has_whole = false;
	run->buf = 0;
	arena_clear(&run->arena);
}

void *
jq_run_alloc(struct jq_run *run, size_t n)
{
	/* The scanners of JSON read some bytes further. */
	return arena_get(&run->arena, n + JSON_PADDING);
}

struct buf *
jq_run_take(struct jq_run *run)
{
	struct buf *b;

	if (run->buf == run->nbufs) {
		run->bufs = mem_realloc(run->bufs,
			(size_t)(run->nbufs + 1) * sizeof(*run->bufs));
		b = mem_alloc(sizeof(*b));
		buf_init(b);
		run->bufs[run->nbufs++] = b;
	}
	b = run->bufs[run->buf++];
	buf_clear(b);
	return b;
}

void
jq_run_give(struct jq_run *run)
{
	run->buf--;
}

char *
jq_run_keep(struct jq_run *run, const char *s, size_t n)
{
	char *p = jq_run_alloc(run, n);

	if (n > 0)
		memcpy(p, s, n);
	return p;
}
