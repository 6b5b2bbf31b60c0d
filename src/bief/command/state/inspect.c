/*
 * inspect: see inspect.h. Names may be short as long as one thing alone is
 * meant; what changes a checkpoint asks for its lock first.
 */
#include "command/state/inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/stream/output.h"
#include "command/state/inspect_impl.h"
#include "io/stream/stream.h"
#include "recovery/metadata.h"

struct options {
	bool json, help, empty;
	int64_t batch;
};

static const struct opt opts[] = {
	{"json", 0, OPT_FLAG, offsetof(struct options, json), NULL,
		"list as JSON, an object a line"},
	{"batch", 0, OPT_INT, offsetof(struct options, batch), "N",
		"of this batch (the newest that all sinks have)"},
	{"empty", 0, OPT_FLAG, offsetof(struct options, empty), NULL,
		"load a state without an entry"},
	{"help", 'h', OPT_FLAG, offsetof(struct options, help), NULL,
		"show this help"},
	OPT_END};

static const char usage[] =
	"bief state [--json] DIR | DIR dump [--batch N] STAGE | DIR load "
	"[--empty] STAGE [FILE] | DIR diff A B [STAGE] | DIR forget SINK";

/* ---- names ---- */

/* Does an id end with a name, at a plus sign if it must? */
static bool
ends(const char *id, const char *name, bool plus)
{
	size_t n = strlen(id), m = strlen(name);

	return m > 0 && n > m && strcmp(id + n - m, name) == 0 &&
		(!plus || id[n - m - 1] == '+');
}

static int
no_such(const struct list *ids, const char *what, const char *name,
	const char *why, struct err *err)
{
	struct buf b;

	buf_init(&b);
	for (size_t i = 0; i < ids->n; i++)
		buf_printf(&b, "%s'%s'", i > 0 ? ", " : "", ids->s[i]);
	err_as(err, STATUS_USAGE, "%s %s '%s': %s%s", why, what, name,
		ids->n == 0 ? "there is none" : "there are ", buf_cstr(&b));
	buf_release(&b);
	return -1;
}

/* The id that is meant: the whole of it, or an end that no other one has. */
static int
pick(const struct list *ids, const char *what, const char *name,
	const char **id, struct err *err)
{
	size_t found = 0;

	for (size_t i = 0; i < ids->n; i++)
		if (strcmp(ids->s[i], name) == 0) {
			*id = ids->s[i];
			return 0;
		}
	for (int plus = 1; plus >= 0 && found == 0; plus--)
		for (size_t i = 0; i < ids->n; i++)
			if (ends(ids->s[i], name, plus)) {
				*id = ids->s[i];
				found++;
			}
	return found == 1 ? 0
			  : no_such(ids, what, name,
				    found > 1 ? "more than one" : "no", err);
}

static int
add_sink(void *arg, const struct place_info *i)
{
	if (*i->id != '\0' && !list_has(arg, i->id))
		list_add(arg, i->id, false);
	return 0;
}

/* Those that are known, and those that only have a place. */
static int
sinks_of(const char *dir, struct list *ids, struct err *err)
{
	struct metadata m;
	int ret = metadata_read(dir, &m, err);

	for (size_t i = 0; ret == 0 && i < m.sinks.n; i++)
		list_add(ids, m.sinks.s[i], false);
	metadata_release(&m);
	place_each(dir, "commits", add_sink, ids);
	return ret;
}

/* ---- the commands ---- */

struct call {
	const char *dir;
	char **words; /* behind the command */
	size_t n;
	int64_t batch; /* -1: not told */
	bool empty;
	struct buf *out;
	struct err *err;
};

/* With the id of the stage that words[at] calls, NULL if there is no such. */
static int
with_stage(
	struct call *c, size_t at, int (*what)(struct call *c, const char *id))
{
	struct metadata m;
	struct list ids = {0};
	const char *id = NULL;
	int ret = metadata_read(c->dir, &m, c->err);

	metadata_release(&m);
	look_stages(c->dir, &ids);
	if (ret == 0 && at < c->n)
		ret = pick(&ids, "stage", c->words[at], &id, c->err);
	if (ret == 0)
		ret = what(c, id);
	list_free(&ids);
	return ret;
}

static int
dump(struct call *c, const char *id)
{
	return inspect_dump(c->dir, id, c->batch, c->out, c->err);
}

static int
inspect_run_load(struct call *c, const char *id)
{
	return inspect_load(
		c->dir, id, c->n > 1 ? c->words[1] : NULL, c->empty, c->err);
}

static int
number(const char *text, int64_t *n, struct err *err)
{
	return opt_number(text, n) == 0
		? 0
		: err_as(err, STATUS_USAGE, "'%s' is not the number of a batch",
			  text);
}

static int
diff(struct call *c, const char *id)
{
	int64_t a, b;

	return number(c->words[0], &a, c->err) < 0 ||
			number(c->words[1], &b, c->err) < 0
		? -1
		: inspect_diff(c->dir, id, a, b, c->out, c->err);
}

static int
call_dump(struct call *c)
{
	return with_stage(c, 0, dump);
}

static int
call_load(struct call *c)
{
	return with_stage(c, 0, inspect_run_load);
}

static int
call_diff(struct call *c)
{
	return with_stage(c, 2, diff);
}

static int
call_forget(struct call *c)
{
	struct list ids = {0};
	const char *id;
	int ret = sinks_of(c->dir, &ids, c->err);

	if (ret == 0)
		ret = pick(&ids, "sink", c->words[0], &id, c->err);
	if (ret == 0)
		ret = inspect_forget(c->dir, id, c->err);
	list_free(&ids);
	return ret;
}

static const struct {
	const char *name;
	size_t least, most; /* words */
	int (*run)(struct call *c);
} calls[] = {
	{"dump", 1, 1, call_dump},
	{"load", 1, 2, call_load},
	{"diff", 2, 3, call_diff},
	{"forget", 1, 1, call_forget},
};

static int
run_call(struct call *c, const char *name, bool json)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		bool is_dump = calls[i].run == call_dump,
		     is_load = calls[i].run == call_load;

		if (strcmp(name, calls[i].name) != 0)
			continue;
		if (c->n < calls[i].least || c->n > calls[i].most || json ||
			(c->batch >= 0 && !is_dump) || (c->empty && !is_load))
			break;
		return calls[i].run(c);
	}
	return err_as(c->err, STATUS_USAGE, "usage: %s", usage);
}

static int
run_words(struct options *o, char **words, size_t n, struct buf *out,
	struct err *err)
{
	struct call c = {
		.batch = o->batch, .empty = o->empty, .out = out, .err = err};
	int ret;

	if (n == 0 || (n == 1 && (o->batch >= 0 || o->empty)))
		return err_as(err, STATUS_USAGE, "usage: %s", usage);
	c.dir = words[0];
	if (n == 1)
		return inspect_list(c.dir, o->json, out, err);
	c.words = words + 2;
	c.n = n - 2;
	ret = run_call(&c, words[1], o->json);
	if (ret < 0)
		buf_clear(out); /* no half of an answer */
	return ret;
}

int
inspect_command(int argc, char **argv)
{
	struct options o = {.batch = -1};
	struct opt_table table = {opts, &o};
	struct output out;
	struct err err = {.status = STATUS_FAILED}, why;
	char **words = NULL;
	size_t n = 0;
	int ret;

	output_init(&out, STDOUT_FILENO);
	ret = opt_parse(&table, 1, argv, &words, &n, &err);
	if (ret == 0 && o.help)
		buf_printf(&out.b, "usage: %s\n", usage);
	else if (ret == 0)
		ret = run_words(&o, words, n, &out.b, &err);
	/* What there is to show is shown, damaged or not. */
	if (output_flush(&out, &why) < 0 && ret == 0) {
		err = why;
		ret = -1;
	}
	output_release(&out);
	free(words);
	if (ret == 0)
		return STATUS_DONE;
	fprintf(stderr, "bief: %s\n", err_clean(err.text));
	return err.status;
}
