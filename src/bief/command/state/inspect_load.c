/*
 * inspect_load: "bief state DIR load" and "forget": what changes a checkpoint.
 * Meanwhile no pipeline may be at work with it: the places of all sources are
 * locked, which a pipeline takes first.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/state/inspect_impl.h"
#include "value/json.h"
#include "io/stream.h"
#include "recovery/checkpoint.h"
#include "recovery/metadata.h"
#include "recovery/statefile.h"

#define LINE_MOST (SIZE_MAX / 4)

struct hold {
	struct place *places;
	size_t n;
};

static void
let_go(struct hold *h)
{
	for (size_t i = 0; i < h->n; i++)
		place_release(&h->places[i]);
	free(h->places);
}

static int
is_taken(void *arg, const struct place_info *i)
{
	if (!i->taken)
		return 0;
	return err_set(arg,
		"a pipeline is at work with the checkpoint "
		"(process %ld): nothing is changed; let it end, or stop it",
		i->pid);
}

static int
hold_still(struct hold *h, const char *dir, struct err *err)
{
	struct metadata m;
	int ret = metadata_read(dir, &m, err);
	char *who;

	memset(h, 0, sizeof(*h));
	if (ret == 0)
		ret = place_each(dir, "offsets", is_taken, err);
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

/* ---- load ---- */

static int
take_line(struct look *l, const char *line, size_t n, struct err *err)
{
	struct json_error why;
	struct value v;
	const char *end = json_read(line, line + n, 0, &v, &why);

	if (end != NULL && v.type == VALUE_OBJECT &&
		json_space(end, line + n) == line + n)
		return look_take(l, &v, err);
	return err_as(err, STATUS_USAGE,
		"not an entry, an object in one line (jq -c): %s",
		end == NULL ? why.what : "something else");
}

/* How many there were, or -1. */
static long long
take_lines(struct look *l, struct input *in, struct err *err)
{
	long long taken = 0;
	const char *line;
	size_t n;
	int got = 1;

	for (long long number = 1;;) {
		if (input_line(in, &line, &n) == LINE_NONE) {
			if (got == 0)
				return taken;
			if ((got = input_fill(in, err)) < 0)
				return -1;
			continue;
		}
		if (json_space(line, line + n) < line + n) {
			if (take_line(l, line, n, err) < 0)
				return err_in(err, "line %lld", number);
			taken++;
		}
		number++;
	}
}

/* Its place too is ours while it is written. */
static int
replace(const struct look *l, int64_t batch, struct err *err)
{
	struct place p;
	int ret = place_lock(&p, l->dir, "state", l->place.id, NULL, err);

	if (ret < 0)
		return -1;
	ret = statefile_replace(&p, l->st->state, batch, err);
	place_release(&p);
	return ret;
}

static int
load_from(struct look *l, int fd, bool empty, struct err *err)
{
	struct input in;
	int64_t batch;
	long long taken;
	int ret = look_committed(l, &batch, err);

	if (ret == 0 && batch < 0)
		ret = err_set(err,
			"no batch is in all sinks yet: there is no "
			"state to be replaced");
	if (ret < 0 || look_at(l, batch, err) < 0 ||
		look_take(l, NULL, err) < 0)
		return -1;
	input_init(&in, fd, LINE_MOST);
	taken = take_lines(l, &in, err);
	input_release(&in);
	/* What should have made the entries has failed, more likely. */
	if (taken == 0 && !empty)
		return err_as(err, STATUS_USAGE,
			"there is no entry in the "
			"input: nothing is changed (--empty loads a state "
			"without any)");
	return taken < 0 ? -1 : replace(l, batch, err);
}

int
inspect_load(const char *dir, const char *stage, const char *path, bool empty,
	struct err *err)
{
	struct hold h = {.n = 0};
	struct look l;
	int fd = STDIN_FILENO, ret = -1;

	if (path != NULL && strcmp(path, "-") != 0 &&
		(fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return err_sys(err, "cannot open '%s'", path);
	if (hold_still(&h, dir, err) == 0) {
		ret = look_open(&l, dir, stage, err);
		if (ret == 0)
			ret = load_from(&l, fd, empty, err);
		look_close(&l);
	}
	let_go(&h);
	if (fd != STDIN_FILENO)
		close(fd);
	return ret;
}

/* ---- forget ---- */

int
inspect_forget(const char *dir, const char *sink, struct err *err)
{
	struct hold h = {.n = 0};
	int ret = hold_still(&h, dir, err);

	if (ret == 0)
		ret = checkpoint_forget(dir, sink, err);
	let_go(&h);
	return ret;
}
