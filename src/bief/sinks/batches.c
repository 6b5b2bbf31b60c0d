/*
 * batches: what a table that is written says decides whether it may be: a wrong
 * answer here would write a batch twice, or into somebody else's rows.
 */
#include "sinks/batches.h"

#include "floor/err.h"

int
batches_lost(bool *lost, int64_t batch, struct err *err)
{
	if (lost != NULL)
		*lost = true;
	return err_as(err, STATUS_DAMAGED,
		"it is gone, or older than the "
		"checkpoint, which has committed batch %lld to it: put it "
		"back, or start with a new checkpoint",
		(long long)batch);
}

int
batches_judge(
	const struct batches *b, bool *known, int64_t *newest, struct err *err)
{
	bool knows = b->newest != BATCHES_NONE;

	if ((b->made && !b->exists) ||
		(b->committed >= 0 && b->newest < b->committed) ||
		(knows && b->newest < b->start))
		return batches_lost(b->lost,
			b->newest > b->start ? b->newest : b->start, err);
	if (!knows && b->others && !b->told)
		return err_as(err, STATUS_DAMAGED,
			"it belongs to another checkpoint: take another table, "
			"or say --mode to write to it all the same");
	*known = knows;
	*newest = knows ? b->newest : b->start;
	return 0;
}

int
batches_owned(struct err *err)
{
	return err_as(err, STATUS_USAGE,
		"it belongs to a pipeline with a checkpoint, and this one has "
		"none: take another table, or give the source its "
		"--checkpoint");
}

int
batches_rows(struct err *err)
{
	return err_as(err, STATUS_USAGE,
		"it has rows already: say --mode append to add to them, "
		"--mode update --key FIELD,... to change them, or --mode "
		"complete to replace them");
}
