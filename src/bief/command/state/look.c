/*
 * look: see look.h.  A pipeline may be at work, and delete a file that was about
 * to be read; then it is looked at again.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/mem.h"
#include "value/json.h"
#include "recovery/checkpoint.h"
#include "recovery/numbers.h"
#include "recovery/offset.h"
#include "recovery/state/state.h"
#include "runtime/entry.h"
#include "runtime/ops.h"
#include "runtime/plan/plan_chain.h"
#include "runtime/setup.h"
#include "runtime/report/tell.h"
#include "recovery/statefile.h"
#include "command/state/look.h"
#include "floor/buf.h"
#include "floor/err.h"
#include "recovery/place.h"
#include "runtime/stage.h"
#include "runtime/stagefile.h"

#define TRIES 20
#define PAUSE_US 10000

static int
add_id(void *arg, const struct place_info *i)
{
	list_add(arg, *i->id != '\0' ? i->id : i->name, false);
	return 0;
}

void
look_stages(const char *dir, struct list *ids)
{
	place_each(dir, "state", add_id, ids);
}

static int
is_taken(void *arg, const struct place_info *i)
{
	return i->taken;
}

bool
look_alive(const char *dir)
{
	return place_each(dir, "offsets", is_taken, NULL) > 0 ||
		place_each(dir, "state", is_taken, NULL) > 0 ||
		place_each(dir, "commits", is_taken, NULL) > 0;
}

static int
open_chain(struct look *l, struct err *err)
{
	char **words[2] = {l->file.words, NULL};
	const struct op *op = ops_find(l->file.words[0]);

	if (op == NULL || op->keeper == NULL)
		return err_as(err, STATUS_DAMAGED,
			"'%s/stage' is of the "
			"program '%s', which this version does not have",
			l->place.dir, l->file.words[0]);
	setup_open(&l->chain, words, 1, STDOUT_FILENO, true, &l->status);
	l->opened = true;
	l->chain.silent = true;
	l->st = &l->chain.stages[0];
	if (!l->st->priv->failed &&
		plan_chain_inputs(&l->chain, l->file.in, l->file.n) == 0)
		return 0;
	*err = l->chain.err;
	return err_in(
		err, "'%s' cannot be opened as in its pipeline", l->place.id);
}

int
look_open(struct look *l, const char *dir, const char *id, struct err *err)
{
	struct buf path;
	int ret;

	memset(l, 0, sizeof(*l));
	l->dir = dir;
	place_init(&l->place);
	buf_init(&path);
	buf_printf(&path, "%s/state/", dir);
	place_name(id, &path);
	l->place.dir = mem_dup(buf_cstr(&path), path.n);
	l->place.id = mem_dup(id, strlen(id));
	buf_release(&path);
	ret = stagefile_load(&l->file, l->place.dir, dir, err);
	if (ret == 1)
		return err_set(err,
			"'%s/stage' is missing: it is written when "
			"the pipeline is started",
			l->place.dir);
	return ret < 0 ? -1 : open_chain(l, err);
}

void
look_close(struct look *l)
{
	if (l->opened)
		setup_close(&l->chain);
	stagefile_release(&l->file);
	place_release(&l->place);
}

int
look_at(struct look *l, int64_t batch, struct err *err)
{
	struct statefile files;
	int ret;

	for (int i = 0;; i++) {
		ret = statefile_restore(
			&l->place, l->st->state, batch, &files, err);
		if (ret == 0 || i == TRIES || !look_alive(l->dir))
			break;
		usleep(PAUSE_US);
	}
	if (ret < 0 || l->st->op->keeper->restore == NULL ||
		l->st->op->keeper->restore(l->st) == 0)
		return ret;
	*err = l->chain.err;
	return err_in(err, "'%s'", l->place.id);
}

int
look_batches(
	const struct look *l, int64_t *oldest, int64_t *newest, struct err *err)
{
	struct numbers s = {0}, d = {0};
	int ret = 0;

	*oldest = *newest = -1;
	if (numbers_list(&s, l->place.dir, "snapshot", err) < 0 ||
		numbers_list(&d, l->place.dir, "delta", err) < 0)
		ret = -1;
	if (s.n > 0)
		*oldest = s.v[0];
	if (d.n > 0 && (s.n == 0 || d.v[0] < s.v[0]))
		*oldest = d.v[0];
	*newest = numbers_last(&s) > numbers_last(&d) ? numbers_last(&s)
						      : numbers_last(&d);
	numbers_release(&s);
	numbers_release(&d);
	return ret;
}

/* The newest file of the stage for a batch up to this one. */
static int
newest_upto(const struct look *l, int64_t batch, int64_t *at, struct err *err)
{
	struct numbers n;

	*at = -1;
	for (int i = 0; i < 2; i++) {
		if (numbers_list(&n, l->place.dir, i ? "delta" : "snapshot",
			    err) < 0)
			return -1;
		if (numbers_upto(&n, batch) > *at)
			*at = numbers_upto(&n, batch);
		numbers_release(&n);
	}
	return 0;
}

/* Where a source in front of a stage stood after a batch in which it had no
 * part; -2: it had. */
struct absence {
	const char *stage;
	int64_t batch, as;
	struct err *err;
};

static int
find_absent(void *arg, const struct place_info *i)
{
	struct absence *a = arg;
	struct place p = {.dir = (char *)(uintptr_t)i->path};
	size_t n = strlen(i->id);
	struct offset o;
	int ret;

	if (strncmp(a->stage, i->id, n) != 0 || a->stage[n] != '+')
		return 0;
	ret = offset_load(&p, a->batch, &o, a->err);
	if (ret == 0 && o.absent)
		a->as = o.as;
	offset_release(&o);
	return ret < 0 ? -1 : 0;
}

int
look_committed(const struct look *l, int64_t *batch, struct err *err)
{
	struct absence a = {.stage = l->place.id, .as = -2, .err = err};
	int64_t at;

	if (checkpoint_committed(l->dir, batch, err) < 0 ||
		newest_upto(l, *batch, &at, err) < 0)
		return -1;
	if (at == *batch)
		return 0;
	a.batch = *batch;
	if (place_each(l->dir, "offsets", find_absent, &a) < 0)
		return -1;
	if (a.as != at)
		return err_as(err, STATUS_DAMAGED,
			"'%s': the state of batch %lld is missing",
			l->place.dir, (long long)*batch);
	*batch = at;
	return 0;
}

int64_t
look_rows(const struct look *l)
{
	int64_t rows = tell_rows(l->st, false);

	return rows == STAGE_NO_ROWS ? 0 : rows;
}

int
look_show(struct look *l, state_ref r, struct buf *out, struct err *err)
{
	struct stage *st = l->st;
	int64_t due = state_get_due(st->state, r);
	size_t start = out->n;
	int ret;

	buf_byte(out, '{');
	ret = st->op->keeper->show(st, r, out);
	if (ret < 0)
		*err = l->chain.err;
	if (ret != 0) {
		out->n = start;
		return ret;
	}
	if (due != STATE_NEVER) {
		buf_str(out, ",\"due\":");
		entry_time(out, due);
	}
	buf_byte(out, '}');
	return 0;
}

int
look_take(struct look *l, const struct value *object, struct err *err)
{
	static const char *const names[] = {
		"kind", "key", "value", "due", NULL};
	struct stage *st = l->st;
	state_ref made = STATE_NONE;
	struct value due;
	int64_t us;
	int ret;

	if (object == NULL)
		state_clear(st->state);
	else if (entry_only(object, names, err) < 0)
		return -1;
	ret = st->op->keeper->take(st, object, &made);
	if (ret < 0)
		*err = l->chain.err;
	if (ret < 0 || object == NULL || !json_get(object, "due", 3, &due))
		return ret;
	if (entry_get_time(object, "due", &us, err) < 0)
		return -1;
	state_set_due(st->state, made, us);
	return 0;
}

static int
look_refuse_batch(const struct look *l, int64_t batch, struct err *err)
{
	int64_t oldest, newest;

	if (look_batches(l, &oldest, &newest, err) < 0)
		return -1;
	if (newest < 0)
		return err_set(err, "'%s' has had no batch yet", l->place.id);
	return err_set(err,
		"'%s': batch %lld is not kept: there are %lld to "
		"%lld",
		l->place.id, (long long)batch, (long long)oldest,
		(long long)newest);
}

/* The state after a batch that somebody named. */
int
look_named(struct look *l, int64_t batch, struct err *err)
{
	int64_t oldest, newest;

	if (look_batches(l, &oldest, &newest, err) < 0)
		return -1;
	if (batch < oldest || batch > newest || newest < 0)
		return look_refuse_batch(l, batch, err);
	return look_at(l, batch, err);
}
