/*
 * checkpoint: see checkpoint.h.
 *
 * Nobody keeps a list of what there is: where a pipeline stands follows from
 * the files that its programs have written, each its own, so that no two files
 * have to change at the same moment.
 */
#include "recovery/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/file.h"
#include "recovery/commit.h"
#include "recovery/metadata.h"
#include "recovery/numbers.h"
#include "recovery/place.h"

/* ---- how far it is ---- */

int
checkpoint_committed(const char *dir, int64_t *newest, struct err *err)
{
	struct metadata m;
	struct buf path;
	int ret = metadata_read(dir, &m, err);

	buf_init(&path);
	*newest = m.sinks.n == 0 ? m.left : -1;
	for (size_t i = 0; ret == 0 && i < m.sinks.n; i++) {
		int64_t last;

		buf_clear(&path);
		buf_printf(&path, "%s/commits/", dir);
		place_name(m.sinks.s[i], &path);
		ret = commit_last(buf_cstr(&path), &last, NULL, NULL, err);
		if (ret == 1)
			ret = err_as(err, STATUS_DAMAGED,
				"'%s': what the sink "
				"'%s' has committed is missing: put it back, "
				"or give the sink up: bief state %s forget %s",
				path.p, m.sinks.s[i], dir, m.sinks.s[i]);
		else if (i == 0 || last < *newest)
			*newest = last;
	}
	buf_release(&path);
	metadata_release(&m);
	return ret == 0 ? 0 : -1;
}

struct newest {
	const char *source;
	int64_t batch;
	struct err *err;
};

static int
newest_of(void *arg, const struct place_info *i)
{
	static const char *const kinds[] = {"delta", "snapshot", "commit"};
	struct newest *f = arg;
	size_t n = strlen(f->source);
	struct numbers l;

	if (strncmp(i->id, f->source, n) != 0 || i->id[n] != '+')
		return 0;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		if (numbers_list(&l, i->path, kinds[k], f->err) < 0)
			return -1;
		if (numbers_last(&l) > f->batch)
			f->batch = numbers_last(&l);
		numbers_release(&l);
	}
	return 0;
}

int
checkpoint_newest(
	const char *dir, const char *source, int64_t *newest, struct err *err)
{
	struct newest f = {source, -1, err};
	int ret = place_each(dir, "state", newest_of, &f);

	if (ret == 0)
		ret = place_each(dir, "commits", newest_of, &f);
	*newest = f.batch;
	return ret;
}

/* ---- the sinks that are there ---- */

struct ready {
	const char *run;
	struct list *ids;
};

static int
is_ready(void *arg, const struct place_info *i)
{
	struct ready *r = arg;

	if (i->taken && i->ready && list_has(&i->runs, r->run))
		list_add(r->ids, i->id, false);
	return 0;
}

void
checkpoint_ready(const char *dir, const char *run, struct list *ids)
{
	struct ready r = {run, ids};

	place_each(dir, "commits", is_ready, &r);
}

/* ---- a source comes ---- */

static int
has_offsets(void *arg, const struct place_info *i)
{
	struct numbers l;
	bool any;

	if (numbers_list(&l, i->path, "offset", arg) < 0)
		return -1;
	any = l.n > 0;
	numbers_release(&l);
	return any;
}

/* Has it seen a batch? */
static int
begun(const char *dir, struct err *err)
{
	int64_t newest;
	int ret = place_each(dir, "offsets", has_offsets, err);

	if (ret != 0)
		return ret;
	if (checkpoint_committed(dir, &newest, err) < 0)
		return -1;
	return newest >= 0;
}

static int
other_pipeline(const char *dir, const char *id, const struct metadata *m,
	struct err *err)
{
	return err_as(err, STATUS_DAMAGED,
		"the checkpoint '%s' is of another "
		"pipeline: its source is '%s'%s, this one's is '%s' (--name "
		"keeps the name when what is read moves): take its own, or a "
		"new one",
		dir, m->sources.n > 0 ? m->sources.s[0] : "",
		m->sources.n > 1 ? " and others" : "", id);
}

/* For metadata_change: who comes, or is given up, where. */
struct who {
	const char *dir, *id;
};

static int
add_source(void *arg, struct metadata *m, struct err *err)
{
	const struct who *w = arg;
	int ret;

	if (list_has(&m->sources, w->id))
		return 0;
	ret = begun(w->dir, err);
	if (ret != 0)
		return ret < 0 ? -1 : other_pipeline(w->dir, w->id, m, err);
	list_add(&m->sources, w->id, false);
	return 1;
}

int
checkpoint_add_source(const char *dir, const char *id, struct err *err)
{
	struct who w = {dir, id};

	return metadata_change(dir, add_source, &w, err);
}

/* ---- a sink is given up ---- */

/* Out of the commits at once, whatever happens then: hidden, later deleted. */
static int
hide_commits(
	const char *dir, const char *id, struct buf *hidden, struct err *err)
{
	struct buf path;
	int ret;

	buf_init(&path);
	buf_printf(&path, "%s/commits/", dir);
	buf_printf(hidden, "%s.forgotten-", buf_cstr(&path));
	place_name(id, &path);
	place_name(id, hidden);
	ret = file_delete_dir(buf_cstr(hidden), err);
	if (ret == 0 && rename(buf_cstr(&path), buf_cstr(hidden)) < 0 &&
		errno != ENOENT)
		ret = err_sys(err, "cannot rename '%s'", path.p);
	path.n = strlen(dir) + strlen("/commits");
	if (ret == 0)
		ret = file_sync_dir(buf_cstr(&path), err);
	buf_release(&path);
	return ret;
}

/* A last one leaves behind what it had: the next sink begins there.  (If its
 * commits are gone already, this has been done.) */
static int
keep_left(void *arg, struct metadata *m, struct err *err)
{
	const struct who *w = arg;

	if (m->sinks.n != 1 || !list_has(&m->sinks, w->id) ||
		(m->given_up && !place_exists(w->dir, "commits", w->id)))
		return 0;
	m->given_up = true;
	return checkpoint_committed(w->dir, &m->left, err) < 0 ? -1 : 1;
}

static int
drop_sink(void *arg, struct metadata *m, struct err *err)
{
	const struct who *w = arg;
	size_t i = 0;

	while (i < m->sinks.n && strcmp(m->sinks.s[i], w->id) != 0)
		i++;
	if (i == m->sinks.n)
		return 0;
	free(m->sinks.s[i]);
	memmove(&m->sinks.s[i], &m->sinks.s[i + 1],
		(--m->sinks.n - i) * sizeof(*m->sinks.s));
	return 1;
}

/*
 * The commits go first: a sink that is known and has none is refused at the
 * next run, with the advice to do this again; one that has some and is not
 * known would go on where it was when it comes back.
 */
int
checkpoint_forget(const char *dir, const char *id, struct err *err)
{
	struct who w = {dir, id};
	struct buf hidden;
	int ret;

	buf_init(&hidden);
	ret = metadata_change(dir, keep_left, &w, err);
	if (ret == 0)
		ret = hide_commits(dir, id, &hidden, err);
	if (ret == 0)
		ret = metadata_change(dir, drop_sink, &w, err);
	if (ret == 0)
		ret = file_delete_dir(buf_cstr(&hidden), err);
	buf_release(&hidden);
	return ret;
}
