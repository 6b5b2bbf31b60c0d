/*
 * statefile: see statefile.h.  In DIR/state/STAGE, a file for every batch, also
 * when nothing has changed in it:
 *
 *	N.delta     before  8 bytes, little-endian: the batch of the file before
 *	                    this one; -1 (all bits set): there is none
 *	            rest    what changed, as state.c writes it
 *	N.snapshot  before  the same
 *	            rest    all of the state, as state.c writes it
 *
 * Each names the one before it, so that a missing one is noticed, the last one
 * too: a directory without it would look like one that is a batch older.  Where
 * a batch has both the snapshot counts, so a delta that is saved deletes it.
 */
#include <assert.h>
#include <endian.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/file.h"
#include "recovery/numbers.h"
#include "recovery/place.h"
#include "recovery/state/state.h"
#include "recovery/statefile.h"

#define BEFORE 8 /* bytes */

/* A snapshot when it costs no more than the deltas since the last one, and the
 * files have become many, or in any case when they are too many.  The first
 * delta of all is as good as a snapshot. */
#define SNAPSHOT_DELTAS 20
#define SNAPSHOT_MOST 10000

static void
put_before(struct buf *b, int64_t before)
{
	uint64_t bytes = htole64((uint64_t)before);

	buf_add(b, &bytes, BEFORE);
}

static int64_t
get_before(const char *p)
{
	uint64_t bytes;

	memcpy(&bytes, p, BEFORE);
	return (int64_t)le64toh(bytes);
}

/* ---- reading ---- */

static int
state_missing(const struct place *p, int64_t batch, struct err *err)
{
	return err_as(err, STATUS_DAMAGED,
		"'%s': the state of batch %lld is missing", p->dir,
		(long long)batch);
}

static int
load_file(const struct place *p, struct state *s, int64_t batch,
	const char *kind, int64_t *before, size_t *bytes, struct err *err)
{
	struct buf b;
	char name[NUMBERS_NAME];
	int ret;

	buf_init(&b);
	numbers_name(name, batch, kind);
	ret = file_load(p->dir, name, kind, &b, err);
	if (ret == 1 || (ret == 0 && b.n < BEFORE))
		ret = err_as(err, STATUS_DAMAGED, "'%s/%s' is missing", p->dir,
			name);
	else if (ret == 0) {
		*before = get_before(b.p);
		*bytes += b.n;
		if (state_load(s, b.p + BEFORE, b.n - BEFORE, err) < 0)
			ret = err_in(err, "'%s/%s'", p->dir, name);
	}
	buf_release(&b);
	return ret;
}

/* The newest snapshot that is not too new, then what changed since, each the
 * follower of the one before. */
static int
load_all(const struct place *p, struct state *s, int64_t upto,
	const struct numbers *snapshots, const struct numbers *deltas,
	struct statefile *f, struct err *err)
{
	int64_t at = numbers_upto(snapshots, upto), before;

	if (at >= 0 &&
		load_file(p, s, at, "snapshot", &before, &f->snapshot_bytes,
			err) < 0)
		return -1;
	for (size_t i = 0; i < deltas->n; i++) {
		if (deltas->v[i] <= at || deltas->v[i] > upto)
			continue;
		if (load_file(p, s, deltas->v[i], "delta", &before,
			    &f->delta_bytes, err) < 0)
			return -1;
		if (before != at)
			return state_missing(p, before, err);
		if (at < 0) {
			f->snapshot_bytes = f->delta_bytes;
			f->delta_bytes = 0;
		}
		at = deltas->v[i];
		f->deltas++;
	}
	if (at != upto)
		return state_missing(p, upto, err);
	f->last = at;
	return 0;
}

int
statefile_restore(const struct place *p, struct state *s, int64_t upto,
	struct statefile *f, struct err *err)
{
	struct numbers snapshots = {0}, deltas = {0};
	int ret = 0;

	assert(upto >= -1);
	memset(f, 0, sizeof(*f));
	f->last = -1;
	state_clear(s);
	if (numbers_list(&snapshots, p->dir, "snapshot", err) < 0 ||
		numbers_list(&deltas, p->dir, "delta", err) < 0)
		ret = -1;
	else if (upto >= 0)
		ret = load_all(p, s, upto, &snapshots, &deltas, f, err);
	numbers_release(&snapshots);
	numbers_release(&deltas);
	assert(ret < 0 || f->last == upto);
	return ret;
}

/* ---- writing ---- */

/* Put what is to be saved behind the number, and count it. */
static const char *
put_state(struct state *s, struct statefile *f, struct buf *b)
{
	f->deltas++;
	if (f->deltas > SNAPSHOT_MOST ||
		(f->deltas > SNAPSHOT_DELTAS &&
			f->delta_bytes >= f->snapshot_bytes)) {
		state_save_all(s, b);
		f->snapshot_bytes = b->n;
		f->delta_bytes = 0;
		f->deltas = 0;
		return "snapshot";
	}
	state_save_delta(s, b);
	if (f->last < 0)
		f->snapshot_bytes = b->n;
	else
		f->delta_bytes += b->n;
	return "delta";
}

int
statefile_save(const struct place *p, struct state *s, int64_t batch,
	struct statefile *f, struct err *err)
{
	struct buf b;
	char name[NUMBERS_NAME];
	const char *kind;
	int ret;

	assert(place_held(p));
	/* The state is that after f->last with this batch's changes. */
	assert(batch > f->last);
	buf_init(&b);
	put_before(&b, f->last);
	kind = put_state(s, f, &b);
	numbers_name(name, batch, kind);
	ret = file_save(p->dir, name, kind, b.p, b.n, err);
	/* Of an earlier run, which had this batch too. */
	if (ret == 0 && f->deltas > 0)
		ret = numbers_delete(p, "snapshot", batch, err);
	f->last = batch;
	buf_release(&b);
	return ret;
}

static int
newest_upto(const struct place *p, const char *kind, int64_t most,
	int64_t *newest, struct err *err)
{
	struct numbers l;

	if (numbers_list(&l, p->dir, kind, err) < 0)
		return -1;
	*newest = numbers_upto(&l, most);
	numbers_release(&l);
	return 0;
}

int
statefile_replace(const struct place *p, const struct state *s, int64_t batch,
	struct err *err)
{
	struct buf b;
	char name[NUMBERS_NAME];
	int64_t before, snapshot;
	int ret;

	assert(place_held(p));
	if (newest_upto(p, "delta", batch - 1, &before, err) < 0 ||
		newest_upto(p, "snapshot", batch - 1, &snapshot, err) < 0)
		return -1;
	buf_init(&b);
	put_before(&b, snapshot > before ? snapshot : before);
	state_save_all(s, &b);
	numbers_name(name, batch, "snapshot");
	ret = file_save(p->dir, name, "snapshot", b.p, b.n, err);
	buf_release(&b);
	if (ret < 0 || numbers_cut(p, "snapshot", batch, err) < 0)
		return -1;
	return numbers_cut(p, "delta", batch, err);
}

int
statefile_clean(const struct place *p, int64_t committed, struct err *err)
{
	int64_t from;

	if (newest_upto(p, "snapshot", committed - NUMBERS_KEEP, &from, err) <
		0)
		return -1;
	if (numbers_clean(p, "snapshot", from, err) < 0)
		return -1;
	return numbers_clean(p, "delta", from + 1, err);
}
