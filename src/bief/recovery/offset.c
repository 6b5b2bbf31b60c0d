/*
 * offset: see offset.h.  In DIR/offsets/SOURCE, the payload an object whose
 * members stand in this order:
 *
 *	N.offset  "time"      when batch N began, us since 1970
 *	          "as"        only where the source had no part in the batch: the
 *	                      last that it had a part in, -1 none
 *	          "position"  JSON of the source's own, where it stood at the end
 *	                      of the batch; null: nothing read yet
 *	ended     "last"      the last batch that it had a part in, -1 none
 *	          "position"  where it stood at its end
 *
 * and in DIR
 *
 *	ended     {"batch":N} the newest batch when all sources had ended
 *
 * The two notes of an end are written where there is more than one source.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/file.h"
#include "recovery/jsonfile.h"
#include "recovery/numbers.h"
#include "recovery/offset.h"
#include "recovery/place.h"
#include "value/json.h"
#include "value/value.h"

/* ---- a file with a position ---- */

/* first: the members in front of it. */
static int
save_position(const struct place *p, const char *name, const char *kind,
	const char *first, const char *position, struct err *err)
{
	struct buf b;
	int ret;

	assert(place_held(p));
	buf_init(&b);
	buf_printf(&b, "{%s,\"position\":%s}", first,
		position != NULL ? position : "null");
	ret = file_save(p->dir, name, kind, b.p, b.n, err);
	buf_release(&b);
	return ret;
}

/* number: the member that must be there, into *i.  1: there is no such file. */
static int
load_position(const struct place *p, const char *name, const char *kind,
	const char *number, int64_t *i, struct offset *o, struct err *err)
{
	struct value object, position;
	struct buf b;
	int ret;

	memset(o, 0, sizeof(*o));
	buf_init(&b);
	ret = jsonfile_load(p->dir, name, kind, &b, &object, err);
	if (ret == 0 &&
		(!value_member_int(&object, number, i) ||
			!json_get(&object, "position", 8, &position)))
		ret = jsonfile_damaged(p->dir, name, err);
	if (ret == 0) {
		o->absent = value_member_int(&object, "as", &o->as);
		if (position.type != VALUE_NULL)
			o->position = jsonfile_text(&object, "position");
	}
	buf_release(&b);
	return ret;
}

/* ---- a batch ---- */

int
offset_save(const struct place *p, int64_t batch, const struct offset *o,
	struct err *err)
{
	char name[NUMBERS_NAME], first[100];
	int n = snprintf(
		first, sizeof(first), "\"time\":%lld", (long long)o->time_us);

	if (o->absent)
		snprintf(first + n, sizeof(first) - (size_t)n, ",\"as\":%lld",
			(long long)o->as);
	numbers_name(name, batch, "offset");
	return save_position(p, name, "offset", first, o->position, err);
}

int
offset_load(
	const struct place *p, int64_t batch, struct offset *o, struct err *err)
{
	char name[NUMBERS_NAME];
	int64_t time_us = 0;
	int ret;

	numbers_name(name, batch, "offset");
	ret = load_position(p, name, "offset", "time", &time_us, o, err);
	o->time_us = time_us;
	return ret;
}

int
offset_missing(const struct place *p, int64_t batch, struct err *err)
{
	return err_as(err, STATUS_DAMAGED,
		"'%s/%lld.offset' is missing: "
		"where batch %lld ended is not known",
		p->dir, (long long)batch, (long long)batch);
}

int
offset_need(
	const struct place *p, int64_t batch, struct offset *o, struct err *err)
{
	int ret = offset_load(p, batch, o, err);

	return ret == 1 ? offset_missing(p, batch, err) : ret;
}

void
offset_release(struct offset *o)
{
	free(o->position);
	memset(o, 0, sizeof(*o));
}

/* ---- all sources ---- */

/* When did the sources begin a batch?  The newest time, as joins see it. */
struct times {
	int64_t batch;   /* newest of all */
	int64_t number;  /* of this one ... */
	int64_t time_us; /* ... the time; -1 none has it */
	struct err *err;
};

static int
newest_batch(void *arg, const struct place_info *i)
{
	struct times *t = arg;
	struct numbers l;

	if (numbers_list(&l, i->path, "offset", t->err) < 0)
		return -1;
	if (numbers_last(&l) > t->batch)
		t->batch = numbers_last(&l);
	numbers_release(&l);
	return 0;
}

/* The newest batch of all sources. */
static int
newest_of_all(const char *dir, struct times *t, struct err *err)
{
	*t = (struct times){.batch = -1, .err = err};
	return place_each(dir, "offsets", newest_batch, t);
}

static int
newest_time(void *arg, const struct place_info *i)
{
	struct place p = {.dir = (char *)(uintptr_t)i->path, .lock = -1};
	struct times *t = arg;
	struct offset o;
	int ret = offset_load(&p, t->number, &o, t->err);

	if (ret == 0 && o.time_us > t->time_us)
		t->time_us = o.time_us;
	offset_release(&o);
	return ret < 0 ? -1 : 0;
}

/* ---- the end of a source, and of all ---- */

static int
count_place(void *arg, const struct place_info *i)
{
	++*(int *)arg;
	return 0;
}

static int
is_going_on(void *arg, const struct place_info *i)
{
	struct buf path;
	bool ended;

	buf_init(&path);
	buf_printf(&path, "%s/ended", i->path);
	ended = access(buf_cstr(&path), F_OK) == 0;
	buf_release(&path);
	return !ended;
}

/* When all sources have ended, the run has come to its end. */
static int
end_run(const char *dir, struct err *err)
{
	struct times t;

	if (place_each(dir, "offsets", is_going_on, NULL) != 0)
		return 0;
	if (newest_of_all(dir, &t, err) < 0)
		return -1;
	return jsonfile_save_batch(dir, "ended", "ended", t.batch, NULL, err);
}

int
offset_end(
	const char *dir, const struct place *p, int64_t last, struct err *err)
{
	struct offset o = {0};
	char first[60];
	int sources = 0, ret = 0;

	place_each(dir, "offsets", count_place, &sources);
	if (sources < 2)
		return 0;
	/* To note "nothing read yet" for one that is missing would have all
	 * read again. */
	if (last >= 0)
		ret = offset_need(p, last, &o, err);
	if (o.absent)
		last = o.as;
	snprintf(first, sizeof(first), "\"last\":%lld", (long long)last);
	if (ret == 0)
		ret = save_position(
			p, "ended", "ended", first, o.position, err);
	offset_release(&o);
	return ret < 0 ? -1 : end_run(dir, err);
}

int
offset_anew(const char *dir, int64_t *batch, struct err *err)
{
	int ret = jsonfile_load_batch(dir, "ended", "ended", batch, NULL, err);

	*batch = ret == 0 ? *batch + 1 : -1;
	return ret < 0 ? -1 : 0;
}

/* ---- and its next run ---- */

/* Record the batches from..upto, which others had after this source's last. */
static int
fill(const char *dir, const struct place *p, int64_t from, int64_t upto,
	int64_t committed, const struct offset *ended, struct err *err)
{
	struct times t = {.err = err};

	for (t.number = from; t.number <= upto; t.number++) {
		struct offset o = *ended;

		o.absent = t.number <= committed;

		t.time_us = -1;
		if (place_each(dir, "offsets", newest_time, &t) < 0)
			return -1;
		/* The others' files of long ago have been deleted. */
		if (t.time_us < 0)
			continue;
		o.time_us = t.time_us;
		if (offset_save(p, t.number, &o, err) < 0)
			return -1;
	}
	return 0;
}

static int
delete_ended(const struct place *p, struct err *err)
{
	struct buf path;
	int ret = 0;

	buf_init(&path);
	buf_printf(&path, "%s/ended", p->dir);
	if (unlink(buf_cstr(&path)) < 0)
		ret = err_sys(err, "cannot delete '%s'", path.p);
	buf_release(&path);
	return ret;
}

int
offset_resume(const char *dir, const struct place *p, int64_t committed,
	struct err *err)
{
	struct times t;
	struct numbers own = {0};
	struct offset ended;
	int64_t last;
	int ret;

	assert(place_held(p));
	ret = load_position(p, "ended", "ended", "last", &last, &ended, err);
	if (ret != 0)
		return ret < 0 ? -1 : 0;
	ended.as = last;
	if (numbers_list(&own, p->dir, "offset", err) < 0 ||
		newest_of_all(dir, &t, err) < 0)
		ret = -1;
	else if (numbers_last(&own) >= last) /* more: it was cut short */
		ret = fill(dir, p, numbers_last(&own) + 1, t.batch, committed,
			&ended, err);
	numbers_release(&own);
	offset_release(&ended);
	return ret < 0 ? -1 : delete_ended(p, err);
}
