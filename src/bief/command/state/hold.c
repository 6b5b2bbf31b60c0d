/*
 * hold: the places of all sources are locked, which a pipeline takes first.
 */
#include "command/state/hold.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "recovery/metadata.h"
#include "time/time.h"

#define POLL_US 5000

void
hold_release(struct hold *h)
{
	for (size_t i = 0; i < h->n; i++)
		place_release(&h->places[i]);
	free(h->places);
}

/* 1: it is taken, and err says by whom. */
static int
hold_refuse_taken(void *arg, const struct place_info *i)
{
	if (!i->taken)
		return 0;
	err_set(arg,
		"a pipeline is at work with the checkpoint "
		"(process %ld): nothing is changed; let it end, or stop it",
		i->pid);
	return 1;
}

/* No source is at work.  One whose pipeline has ended may not have, where no
 * shell waits for it, as between <( and ). */
static int
hold_await(const char *dir, struct err *err)
{
	int64_t until = time_monotonic() + PLACE_ENDING_US;
	int ret;

	while ((ret = place_each(dir, "offsets", hold_refuse_taken, err)) > 0 &&
		time_monotonic() < until)
		usleep(POLL_US);
	return ret != 0 ? -1 : 0;
}

int
hold_take(struct hold *h, const char *dir, struct err *err)
{
	struct metadata m;
	int ret = metadata_read(dir, &m, err);
	char *who;

	memset(h, 0, sizeof(*h));
	if (ret == 0)
		ret = hold_await(dir, err);
	h->places = mem_zalloc((m.sources.n + 1) * sizeof(*h->places));
	for (size_t i = 0; ret == 0 && i < m.sources.n; i++) {
		ret = place_lock(&h->places[i], dir, "offsets", m.sources.s[i],
			NULL, err);
		h->n += ret == 0;
	}
	metadata_release(&m);
	if (ret == 0 && (who = place_busy(dir)) != NULL) {
		ret = err_set(err,
			"'%s' is still at work with the checkpoint "
			"'%s': let it end, or stop it",
			who, dir);
		free(who);
	}
	return ret;
}
