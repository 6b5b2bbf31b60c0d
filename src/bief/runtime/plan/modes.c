/*
 * modes: Spark's rules for output modes, each with its own message.
 *
 * A query is refused for what Spark refuses it for, also where an answer could
 * be given: who moves a pipeline to Spark must not learn it there.
 */
#include "runtime/plan/modes.h"

#include <string.h>

#include "floor/err.h"

static int
refuse(struct err *err, const char *text)
{
	return err_as(err, STATUS_USAGE, "%s", text);
}

/* One of the stateful programs, behind an aggregation or not. */
static int
check_one(const char *what, bool behind, enum mode m, struct err *err)
{
	if (strcmp(what, "join-stream") == 0)
		return err_as(err, STATUS_USAGE,
			"a join of two streams has no %s mode: its rows are "
			"final, so say --mode append, also to an agg behind "
			"it",
			plan_mode_name(m));
	if (strcmp(what, "take") == 0 && m == MODE_UPDATE)
		return refuse(err,
			"take has no update mode: the first rows of a result "
			"that changes are not the same in every batch: "
			"aggregate with --mode complete, or say --mode "
			"append");
	if (!behind)
		return 0;
	if (strcmp(what, "dedup-time") == 0 ||
		strcmp(what, "dedup-within") == 0)
		return err_as(err, STATUS_USAGE,
			"rows of an aggregation in %s mode come again and "
			"again, so the event time does not tell them apart: "
			"say --mode append to agg, or leave the window out of "
			"dedup --by",
			plan_mode_name(m));
	return 0;
}

int
modes_check(const struct plan *p, enum mode m, struct err *err)
{
	bool behind = false;

	if (p->stream == 0 || p->whole || m == MODE_NONE || m == MODE_APPEND)
		return 0;
	if (m == MODE_COMPLETE && !p->aggregated)
		return refuse(err,
			"mode complete needs an aggregation before it: put an "
			"agg there, or say --mode append");
	for (size_t i = 0; i < p->stateful.n; i++) {
		if (check_one(p->stateful.s[i], behind, m, err) == -1)
			return -1;
		behind |= strcmp(p->stateful.s[i], "agg") == 0;
	}
	return 0;
}

/* Append mode, and nothing that is grouped by has a time. */
static int
refuse_untimed(const struct plan *p, struct err *err)
{
	if (p->aggregated)
		return refuse(err,
			"behind an aggregation a group is written once, when "
			"the watermark has passed it (mode append), and "
			"nothing that is grouped by here has a time: group by "
			"the window, too, or by wider ones ('window --on "
			"window --size D' in front), or let the one before "
			"have --plain: then one answer comes at the end");
	if (p->delay_us >= 0 && p->event_time == NULL)
		return refuse(err,
			"append mode writes a group once, when the watermark "
			"has passed it, and the field of the watermark is gone "
			"or has other values since: put 'watermark --on FIELD "
			"--delay D' behind that, in place of the one in front");
	return refuse(err,
		"append mode writes a group once, when the watermark "
		"has passed it, but no watermark belongs to what is "
		"grouped by: put 'watermark --on FIELD --delay D' "
		"before the windows, or take --mode update or "
		"complete");
}

int
modes_agg(const struct plan *p, const struct modes_agg *a, struct err *err)
{
	/* Without batches of its own all of the input is one. */
	bool streams = p->trigger != TRIGGER_ONCE || p->delay_us >= 0;

	if (p->whole)
		return 0;
	if (a->mode == MODE_APPEND && !a->timed)
		return refuse_untimed(p, err);
	if (a->session && a->mode == MODE_UPDATE)
		return refuse(err,
			"sessions have no update mode, because they merge: "
			"take --mode append or complete");
	if (a->session && !a->keyed && streams)
		return refuse(
			err, "sessions on a stream need a key: --by FIELD");
	if (p->aggregated && a->mode != MODE_APPEND)
		return refuse(err,
			"an aggregation of an aggregation works in append "
			"mode only: --mode append on both, with windows and a "
			"watermark, or --plain on the one before: then one "
			"answer comes at the end");
	if (p->aggregated && p->mode != MODE_APPEND)
		return err_as(err, STATUS_USAGE,
			"the aggregation before this one writes its rows again "
			"and again (%s mode): take --mode append there",
			plan_mode_name(p->mode));
	return 0;
}
