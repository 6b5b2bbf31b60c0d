/*
 * spark_kept: see spark_kept.h.  The state is read as "bief state" reads it: the
 * stage is opened as it was, its state restored, and its entries shown.
 */
#include "command/spark/spark_kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command/spark/spark_impl.h"
#include "command/state/look.h"
#include "floor/mem.h"
#include "io/replace.h"
#include "recovery/state/state.h"
#include "runtime/entry.h"
#include "runtime/ops.h"
#include "runtime/plan/plan.h"
#include "runtime/recover/recover_stage.h"
#include "time/time.h"
#include "value/json.h"

void
spark_kept_init(struct spark_kept *k)
{
	memset(k, 0, sizeof(*k));
	k->batch = -1;
	k->watermark = k->newest = WATERMARK_NONE;
	buf_init(&k->table);
}

void
spark_kept_release(struct spark_kept *k)
{
	free(k->from);
	list_free(&k->stages);
	list_free(&k->met);
	free(k->groups);
	free(k->dir);
	buf_release(&k->table);
}

/* ---- entries ---- */

/* An entry as an object; text holds it.  0, 1: it is none to be shown, or -1. */
static int
read_entry(struct look *l, state_ref r, struct buf *text, struct value *object,
	struct err *err)
{
	struct json_error why;
	int rc;

	buf_clear(text);
	rc = look_show(l, r, text, err);
	if (rc != 0)
		return rc;
	memset(buf_need(text, JSON_PADDING), 0, JSON_PADDING);
	if (json_read(text->p, text->p + text->n, 0, object, &why) == NULL)
		return err_as(err, STATUS_DAMAGED,
			"an entry of '%s' cannot be read", l->place.id);
	return 0;
}

/* Call each() for the entries of the stage; it returns 0, or -1. */
static int
each_entry(struct look *l,
	int (*each)(void *arg, const struct value *entry, struct err *err),
	void *arg, struct err *err)
{
	struct state *state = l->st->state;
	struct value object;
	struct buf text;
	int rc = 0;

	buf_init(&text);
	for (state_ref r = state_first(state); r != STATE_NONE && rc >= 0;
		r = state_next(state, r)) {
		rc = read_entry(l, r, &text, &object, err);
		if (rc == 0)
			rc = each(arg, &object, err);
	}
	buf_release(&text);
	return rc < 0 ? -1 : 0;
}

static int
read_watermark(void *arg, const struct value *entry, struct err *err)
{
	struct spark_kept *k = arg;
	struct value v, newest;

	if (!entry_of(entry, "watermark") || !json_get(entry, "value", 5, &v) ||
		v.type != VALUE_OBJECT)
		return 0;
	if (entry_get_time(&v, "watermark", &k->watermark, err) < 0)
		return -1;
	/* There is none before a record has a time. */
	if (!json_get(&v, "newest", 6, &newest) || newest.type == VALUE_NULL)
		return 0;
	return entry_get_time(&v, "newest", &k->newest, err);
}

/* A row that is not whole yet would be lost. */
static int
check_row(void *arg, const struct value *entry, struct err *err)
{
	(void)arg;
	if (!entry_of(entry, "row"))
		return 0;
	return err_as(err, STATUS_USAGE,
		"--from-checkpoint: parse-csv has read the beginning of a "
		"row, and Spark would read its end only: let bief read on");
}

/* ---- stages ---- */

/* Why what this program keeps cannot come along. */
static const char *
why_not(const char *program)
{
	static const struct {
		const char *program, *why;
	} known[] = {
		{"dedup",
			"the keys that it has passed on: Spark would pass them "
			"on again"},
		{"join-stream", "the rows that still wait for others"},
		{"take", "how many records have passed"},
		{"window", "the records of windows that are made by batches"}};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].program, program) == 0)
			return known[i].why;
	return "what it has seen";
}

static int
refuse_stage(struct spark *s, const char *program)
{
	return err_as(s->err, STATUS_USAGE,
		"--from-checkpoint: %s keeps state there, %s; only the groups "
		"of one agg can come along: let Spark read from the beginning, "
		"or put what bief has written so far in front of it (bief "
		"state DIR dump shows the state)",
		program, why_not(program));
}

static bool
has_word(char **words, const char *option)
{
	size_t n = strlen(option);

	for (; *words != NULL; words++)
		if (strncmp(*words, option, n) == 0)
			return true;
	return false;
}

static int
take_stage(struct spark *s, struct look *l, const char *id)
{
	const char *program = l->file.words[0];
	bool times = strcmp(program, "watermark") == 0 ||
		(strcmp(program, "window") == 0 &&
			!has_word(l->file.words, "--batches"));

	if (strcmp(program, "union") == 0)
		return 0;
	if (strcmp(program, "agg") == 0 && s->kept.groups == NULL) {
		s->kept.groups = mem_dup(id, strlen(id));
		return 0;
	}
	if (times || strcmp(program, "parse-csv") == 0)
		return s->kept.batch < 0 ||
				look_at(l, s->kept.batch, s->err) == 0
			? each_entry(l, times ? read_watermark : check_row,
				  &s->kept, s->err)
			: -1;
	return refuse_stage(s, program);
}

int
spark_kept_open(struct spark *s, const char *dir)
{
	struct spark_kept *k = &s->kept;
	int rc = 0;

	k->from = mem_dup(dir, strlen(dir));
	look_stages(dir, &k->stages);
	for (size_t i = 0; i < k->stages.n && rc == 0; i++) {
		struct look l;

		rc = look_open(&l, dir, k->stages.s[i], s->err);
		if (rc == 0)
			rc = take_stage(s, &l, k->stages.s[i]);
		look_close(&l);
	}
	return rc;
}

/* Its first line, in quotes. */
static void
put_line(struct buf *out, const char *text)
{
	text += *text == ' ';
	if (*text == '\0')
		buf_str(out, "nothing");
	else
		buf_printf(out, "'%.*s'", (int)strcspn(text, "\n"), text);
}

/* The lines in which two texts differ first, as names; -1. */
static int
refuse_options(struct spark *s, const struct spark_step *p, const char *there,
	const char *here)
{
	struct buf lines;
	size_t i = 0;
	int rc;

	while (there[i] == here[i])
		i++;
	while (i > 0 && there[i - 1] != '\n')
		i--;
	buf_init(&lines);
	put_line(&lines, there + i);
	buf_str(&lines, " there, and with ");
	put_line(&lines, here + i);
	rc = spark_refuse(s, p,
		"--from-checkpoint: its state was made with %s here: export "
		"the pipeline as it was",
		buf_cstr(&lines));
	buf_release(&lines);
	return rc;
}

/* A batch job knows no mode: it has one answer, of all. */
static void
drop_mode(struct buf *text)
{
	static const char mode[] = " --mode complete\n";
	char *at = strstr(buf_cstr(text), mode);

	if (at == NULL)
		return;
	memmove(at, at + sizeof(mode) - 1, strlen(at + sizeof(mode) - 1) + 1);
	text->n -= sizeof(mode) - 1;
}

static int
compare_options(struct spark *s, const struct spark_step *p, struct look *l)
{
	struct buf there, here;
	struct plan in;
	int rc = 0;

	buf_init(&there);
	buf_init(&here);
	plan_init(&in);
	recover_stage_options(l->st, l->file.in, l->file.n, &there);
	recover_stage_options(p->st, &in, 1, &here);
	if (!s->stream) {
		drop_mode(&there);
		drop_mode(&here);
	}
	if (strcmp(buf_cstr(&there), buf_cstr(&here)) != 0)
		rc = refuse_options(s, p, there.p, here.p);
	plan_release(&in);
	buf_release(&there);
	buf_release(&here);
	return rc;
}

/* Is the stage of this program? */
static bool
is_program(const struct look *l, const struct spark_step *p)
{
	return strcmp(l->file.words[0], p->op->name) == 0;
}

int
spark_kept_same(struct spark *s, const struct spark_step *p)
{
	struct spark_kept *k = &s->kept;

	for (size_t i = 0; i < k->stages.n; i++) {
		struct look l;
		bool found = false;
		int rc;

		if (list_has(&k->met, k->stages.s[i]))
			continue;
		rc = look_open(&l, k->from, k->stages.s[i], s->err);
		if (rc == 0)
			found = is_program(&l, p);
		if (found) {
			rc = compare_options(s, p, &l);
			list_add(&k->met, k->stages.s[i], false);
		}
		look_close(&l);
		if (found || rc < 0)
			return rc;
	}
	return k->batch < 0 || p->op != ops_find("agg")
		? 0
		: spark_refuse(s, p,
			  "--from-checkpoint: none has kept groups there: the "
			  "checkpoint is of another pipeline");
}

int
spark_kept_met(struct spark *s)
{
	struct spark_kept *k = &s->kept;

	if (k->groups == NULL || list_has(&k->met, k->groups))
		return 0;
	return err_as(s->err, STATUS_USAGE,
		"--from-checkpoint: the pipeline has no agg, of which the "
		"checkpoint has groups ('%s'): export the pipeline as it was",
		k->groups);
}

/* ---- the table ---- */

struct filling {
	const struct spark_kept_names *names;
	const struct spark_kept_column *columns;
	size_t n;
	struct buf *out;
};

/* "name":, behind a comma where it is needed. */
static void
put_name(struct buf *out, const char *name)
{
	if (out->p[out->n - 1] != '{')
		buf_byte(out, ',');
	json_quote(out, name, strlen(name));
	buf_byte(out, ':');
}

static void
put_window(const struct value *key, const char *name, struct buf *out)
{
	struct value start, end;

	if (!json_get(key, "window_start", 12, &start) ||
		!json_get(key, "window_end", 10, &end) ||
		start.type == VALUE_NULL)
		return;
	put_name(out, name);
	buf_str(out, "{\"start\":");
	value_print(&start, out);
	buf_str(out, ",\"end\":");
	value_print(&end, out);
	buf_byte(out, '}');
}

/* The key fields, under the names that they have. */
static void
put_keys(const struct value *key, bool windows, struct buf *out)
{
	struct json_iter it;
	struct value name, v;

	json_iter(&it, key);
	while (json_next(&it, &name, &v)) {
		if (windows &&
			(entry_is(&name, "window_start") ||
				entry_is(&name, "window_end")))
			continue;
		if (out->p[out->n - 1] != '{')
			buf_byte(out, ',');
		value_print(&name, out);
		buf_byte(out, ':');
		value_print(&v, out);
	}
}

static int
put_group(void *arg, const struct value *entry, struct err *err)
{
	struct filling *f = arg;
	struct value key, value, v;

	if (!entry_of(entry, "group") && !entry_of(entry, "session"))
		return 0;
	if (entry_get_nested(entry, "key", VALUE_OBJECT, &key, err) < 0 ||
		entry_get_nested(entry, "value", VALUE_OBJECT, &value, err) < 0)
		return -1;
	buf_byte(f->out, '{');
	if (f->names->window != NULL)
		put_window(&key, f->names->window, f->out);
	put_keys(&key, f->names->window != NULL, f->out);
	if (f->names->mark != NULL) {
		put_name(f->out, f->names->mark);
		buf_str(f->out, "true");
	}
	for (size_t i = 0; i < f->n; i++) {
		const char *of = f->columns[i].of;

		if (!json_get(&value, of, strlen(of), &v) ||
			v.type == VALUE_NULL)
			continue;
		put_name(f->out, f->columns[i].name);
		f->columns[i].put(&v, f->out);
	}
	buf_str(f->out, "}\n");
	return 0;
}

/* The newest event time: the watermark goes on from it.  --idle has let it
 * go further. */
static void
put_newest(const struct spark_kept *k, const struct spark_kept_names *names,
	struct buf *out)
{
	int64_t us = k->newest;

	if (k->watermark == WATERMARK_NONE)
		return;
	if (us < time_add(k->watermark, names->delay_us))
		us = time_add(k->watermark, names->delay_us);
	buf_byte(out, '{');
	put_name(out, names->time);
	entry_time(out, us);
	buf_str(out, "}\n");
}

int
spark_kept_fill(struct spark *s, const struct spark_kept_names *names,
	const struct spark_kept_column *columns, size_t n)
{
	struct spark_kept *k = &s->kept;
	struct filling f = {names, columns, n, &k->table};
	struct buf dir;
	struct look l;
	int rc = look_open(&l, k->from, k->groups, s->err);

	if (rc == 0)
		rc = look_at(&l, k->batch, s->err);
	if (rc == 0 && l.st->op->keeper->whole != NULL &&
		l.st->op->keeper->whole(l.st) < 0) {
		*s->err = l.chain.err;
		rc = -1;
	}
	if (rc == 0)
		rc = each_entry(&l, put_group, &f, s->err);
	if (rc == 0 && names->time != NULL)
		put_newest(k, names, &k->table);
	look_close(&l);
	buf_init(&dir);
	spark_state_beside(s, k->from, "kept", &dir);
	k->dir = mem_dup(dir.p, dir.n);
	buf_release(&dir);
	return rc;
}

int
spark_kept_write(struct spark *s)
{
	struct spark_kept *k = &s->kept;
	struct replace r = {.fd = -1};
	struct buf path;
	int rc;

	if (k->dir == NULL)
		return 0;
	buf_init(&path);
	buf_printf(&path, "%s/groups.json", k->dir);
	rc = mkdir(k->dir, 0777) < 0 && errno != EEXIST
		? err_sys(s->err, "cannot make '%s'", k->dir)
		: 0;
	if (rc == 0)
		rc = replace_open(&r, buf_cstr(&path), s->err);
	if (rc == 0)
		rc = replace_add(&r, k->table.p, k->table.n, s->err);
	if (rc == 0)
		rc = replace_commit(&r, NULL, s->err);
	replace_drop(&r);
	buf_release(&path);
	return rc;
}
