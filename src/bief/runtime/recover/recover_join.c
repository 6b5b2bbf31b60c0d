/*
 * recover_join: see recover_join.h.
 *
 * All that a stage knows of the run stands in the header, which may be an old
 * one (a file that was kept, a program that was stopped for a while); so it is
 * compared with the checkpoint before anything is written there.
 */
#include "runtime/recover/recover_join.h"

#include <stdlib.h>
#include <string.h>

#include "recovery/checkpoint.h"
#include "recovery/metadata.h"
#include "runtime/chain.h"
#include "floor/mem.h"

void
recover_join_name(const struct stage *st, struct plan *p)
{
	const char *own = st->priv->common.name;
	struct buf b;

	buf_init(&b);
	buf_printf(&b, "%s+%s", p->stage != NULL ? p->stage : "",
		own != NULL ? own : st->op->name);
	free(p->stage);
	p->stage = mem_dup(buf_cstr(&b), b.n);
	buf_release(&b);
}

int
recover_join_same(struct stage *st, const struct plan *p)
{
	struct metadata m;
	bool same;

	if (metadata_read(p->checkpoint, &m, st->err) != 0)
		return -1;
	same = strcmp(m.identity, p->identity) == 0;
	metadata_release(&m);
	return same ? 0
		    : err_as(st->err, STATUS_DAMAGED,
			      "'%s' is not the "
			      "checkpoint that the stream tells of",
			      p->checkpoint);
}

/* They may go on between the source's look and this one's only when an earlier
 * run was still alive. */
int
recover_join_committed(struct stage *st, const struct plan *p)
{
	int64_t newest;

	if (checkpoint_committed(p->checkpoint, &newest, st->err) < 0)
		return -1;
	if (newest == p->committed)
		return 0;
	return err_set(st->err,
		"the checkpoint '%s' has gone on in the "
		"meantime: start again (and let --sinks tell the source how "
		"many sinks there are)",
		p->checkpoint);
}
