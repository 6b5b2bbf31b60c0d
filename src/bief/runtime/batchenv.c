/*
 * batchenv: see batchenv.h.
 */
#include "runtime/batchenv.h"

#include <stdio.h>

#include "time/time.h"
#include "io/child.h"
#include "runtime/stage.h"

static void
set_time(struct child *c, const char *name, int64_t us)
{
	char time[TIME_MAX + 1];

	time[us == WATERMARK_NONE ? 0 : time_format_iso(us, time)] = '\0';
	child_env(c, name, time);
}

void
batchenv_set(struct child *c, const struct stage *st, const struct batch *b)
{
	char number[24];

	snprintf(number, sizeof(number), "%lld",
		(long long)(b->number > 0 ? b->number : 0));
	child_env(c, "BIEF_BATCH_ID", number);
	set_time(c, "BIEF_BATCH_TIME", b->time_us);
	set_time(c, "BIEF_WATERMARK", b->watermark);
	child_env(c, "BIEF_CHECKPOINT",
		st->out.checkpoint != NULL ? st->out.checkpoint : "");
}
