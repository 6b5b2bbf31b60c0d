/*
 * commit: see commit.h.  In DIR/commits/SINK, the payload an object:
 *
 *	start     {"batch":N}              it begins behind batch N, -1: the first
 *	N.commit  {"batch":N}              it has batch N
 *	          {"batch":N,"mark":JSON}  ... and this is what it says of it
 */
#include <assert.h>

#include "floor/err.h"
#include "recovery/commit.h"
#include "recovery/jsonfile.h"
#include "recovery/numbers.h"
#include "recovery/place.h"

#define CLEAN_EVERY 10 /* batches */

int
commit_start(const struct place *p, int64_t batch, struct err *err)
{
	assert(place_held(p));
	assert(batch >= -1);
	return jsonfile_save_batch(p->dir, "start", "start", batch, NULL, err);
}

int
commit_save(
	const struct place *p, int64_t batch, const char *mark, struct err *err)
{
	char name[NUMBERS_NAME];

	assert(place_held(p));
	numbers_name(name, batch, "commit");
	if (jsonfile_save_batch(p->dir, name, "commit", batch, mark, err) < 0)
		return -1;
	if (batch % CLEAN_EVERY == 0)
		return numbers_clean(p, "commit", batch - NUMBERS_KEEP, err);
	return 0;
}

int
commit_last(const char *place, int64_t *batch, bool *any, char **mark,
	struct err *err)
{
	struct numbers l;
	char name[NUMBERS_NAME] = "start";
	bool committed;
	int ret;

	if (numbers_list(&l, place, "commit", err) < 0)
		return -1;
	committed = l.n > 0;
	if (committed)
		numbers_name(name, numbers_last(&l), "commit");
	ret = jsonfile_load_batch(
		place, name, committed ? "commit" : "start", batch, mark, err);
	if (ret == 0 && committed && *batch != numbers_last(&l))
		ret = jsonfile_damaged(place, name, err);
	if (any != NULL)
		*any = committed;
	numbers_release(&l);
	return ret;
}
