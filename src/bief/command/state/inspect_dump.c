/*
 * inspect_dump: "bief state DIR dump": entries as lines that inspect_load takes
 * again.
 */
#include "recovery/state/state.h"
#include "command/state/inspect_impl.h"
#include "command/state/shown.h"

static int
dump_all(struct look *look, struct buf *out, struct err *err)
{
	struct state *s = look->st->state;
	struct shown l = {.n = 0};
	int ret = 0;

	for (state_ref r = state_first(s); r != STATE_NONE && ret >= 0;
		r = state_next(s, r)) {
		struct shown_line *line = shown_begin(&l);

		ret = look_show(look, r, &l.text, err);
		if (ret != 0)
			continue;
		line->entry = line->at;
		line->nentry = l.text.n - line->at;
		shown_end(&l);
	}
	if (ret >= 0)
		shown_print(&l, out);
	shown_release(&l);
	return ret < 0 ? -1 : 0;
}

int
inspect_dump(const char *dir, const char *stage, int64_t batch, struct buf *out,
	struct err *err)
{
	struct look l;
	int ret = look_open(&l, dir, stage, err);

	if (ret == 0 && batch < 0) {
		ret = look_committed(&l, &batch, err);
		if (ret == 0 && batch < 0)
			ret = err_set(err,
				"no batch is in all sinks yet: "
				"--batch N shows another one");
		else if (ret == 0)
			ret = look_at(&l, batch, err);
	} else if (ret == 0)
		ret = look_named(&l, batch, err);
	if (ret == 0)
		ret = dump_all(&l, out, err);
	look_close(&l);
	return ret;
}
