/*
 * inspect_forget: "bief state DIR forget": a sink that will not come back is
 * waited for no more.
 */
#include "recovery/checkpoint.h"
#include "command/state/hold.h"
#include "command/state/inspect_impl.h"

int
inspect_forget(const char *dir, const char *sink, struct err *err)
{
	struct hold h = {.n = 0};
	int ret = hold_take(&h, dir, err);

	if (ret == 0)
		ret = checkpoint_forget(dir, sink, err);
	hold_release(&h);
	return ret;
}
