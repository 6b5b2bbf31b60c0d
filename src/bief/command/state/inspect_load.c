/*
 * inspect_load: "bief state DIR load": the entries of a stage are replaced, all
 * or none, by what inspect_dump has written and somebody has edited.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recovery/statefile.h"
#include "value/json.h"
#include "io/stream/input.h"
#include "command/state/hold.h"
#include "command/state/inspect_impl.h"

#define LINE_MOST (SIZE_MAX / 4)

static int
inspect_load_take_line(
	struct look *l, const char *line, size_t n, struct err *err)
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
			if (inspect_load_take_line(l, line, n, err) < 0)
				return err_in(err, "line %lld", number);
			taken++;
		}
		number++;
	}
}

/* Its place too is ours while it is written. */
static int
inspect_load_replace(const struct look *l, int64_t batch, struct err *err)
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
	return taken < 0 ? -1 : inspect_load_replace(l, batch, err);
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
	if (hold_take(&h, dir, err) == 0) {
		ret = look_open(&l, dir, stage, err);
		if (ret == 0)
			ret = load_from(&l, fd, empty, err);
		look_close(&l);
	}
	hold_release(&h);
	if (fd != STDIN_FILENO)
		close(fd);
	return ret;
}
