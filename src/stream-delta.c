/*
 * stream-delta: hand on the rows of a Delta table, and those that are appended.
 *
 * Time: none.
 * Watermark: none.
 * State: its position, the version of the table that comes next.
 * Restart: goes on with that version; a batch is run again to where it ended.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "value/json.h"
#include "types/schema.h"
#include "delta/delta_changes.h"
#include "delta/delta_log.h"
#include "delta/delta_rows.h"
#include "runtime/stage.h"

#define ROWS 1024                  /* at one call */
#define PAUSE_US (5 * TIME_SECOND) /* where the system tells nothing */
#define NOT_GIVEN (-1)

struct stream_delta {
	/* options */
	int64_t from;
	bool ignore_changes, follow;
	/* state */
	const char *dir;
	struct schema *schema;
	struct list parts;
	char *id;
	struct shape *shape;
	bool ends;       /* with what is there now */
	bool all;        /* one batch of all */
	int64_t version; /* the next one */
	bool snapshot;   /* it comes with all that was before */
	int64_t stop;    /* version at which a batch run again ends, or -1 */
	bool any;        /* the batch has something */
	struct delta_changes files; /* of the version that is open */
	size_t file;                /* the next of them */
	bool open, looked;
	struct delta_rows *rows;
	int notify;
};

static const struct opt stream_delta_opts[] = {
	{"from-version", 0, OPT_INT, offsetof(struct stream_delta, from), "N",
		"begin with what version N added; else with all that is there"},
	{"ignore-changes", 0, OPT_FLAG,
		offsetof(struct stream_delta, ignore_changes), NULL,
		"hand on what is added by versions that remove rows, too"},
	{"follow", 'f', OPT_FLAG, offsetof(struct stream_delta, follow), NULL,
		"go on with versions to come", .free = true},
	OPT_END};

static void
stream_delta_defaults(void *self)
{
	struct stream_delta *s = self;

	s->from = NOT_GIVEN;
	s->stop = -1;
	s->notify = -1;
}

static int
stream_delta_open(struct stage *st)
{
	struct stream_delta *s = STAGE(st, stream_delta);

	if (st->noperands != 1 || *st->operands[0] == '\0')
		return err_as(st->err, STATUS_USAGE,
			st->noperands <= 1 ? "which table? %s DIR"
					   : "one table at a time: %s DIR",
			st->op->name);
	s->dir = st->operands[0];
	return 0;
}

static int
stream_delta_plan(struct stage *st, struct plan *p)
{
	struct stream_delta *s = STAGE(st, stream_delta);
	struct delta_log *l = delta_log_open(s->dir, false, st->err);

	if (l == NULL)
		return -1;
	if (l->version < 0) {
		delta_log_free(l);
		return err_as(st->err, STATUS_USAGE,
			"'%s' is no Delta table: there is no '%s/_delta_log' "
			"with a version",
			s->dir, s->dir);
	}
	s->schema = schema_copy(l->schema);
	s->id = mem_dup(l->id, strlen(l->id));
	for (size_t i = 0; i < l->parts.n; i++)
		list_add(&s->parts, l->parts.s[i], false);
	s->version = s->from == NOT_GIVEN ? l->version : s->from;
	s->snapshot = s->from == NOT_GIVEN;
	delta_log_free(l);
	s->shape = schema_shape(s->schema, st->shapes);
	s->ends = p->trigger == TRIGGER_AVAILABLE ||
		p->trigger == TRIGGER_ONCE ||
		(p->trigger == TRIGGER_NONE && !s->follow);
	s->all = p->trigger == TRIGGER_ONCE || p->trigger == TRIGGER_NONE;
	if (p->stream == 0 && !p->explain)
		return 0;
	schema_free(p->fields);
	p->fields = schema_copy(s->schema);
	return 0;
}

/* ---- versions ---- */

/* What the next version adds becomes what is open.  1, 0 there is none yet. */
static int
open_version(struct stage *st)
{
	struct stream_delta *s = STAGE(st, stream_delta);
	struct delta_changes_options o = {.dir = s->dir,
		.version = s->version,
		.snapshot = s->snapshot,
		.ignore_changes = s->ignore_changes,
		.look_back = !s->looked,
		.id = s->id,
		.schema = s->schema};
	int rc = delta_changes_read(&s->files, &o, st->err);

	s->looked = true;
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	s->open = true;
	s->file = 0;
	return 1;
}

static int
open_rows(struct stage *st)
{
	struct stream_delta *s = STAGE(st, stream_delta);
	const struct delta_change *c = &s->files.f[s->file++];
	struct delta_rows_options o = {.dir = s->dir,
		.table = s->schema,
		.parts = &s->parts,
		.action = c->action,
		.n = c->n};

	s->rows = delta_rows_open(&o, st->err);
	return s->rows != NULL ? 0 : -1;
}

static int
emit_rows(struct stage *st)
{
	struct stream_delta *s = STAGE(st, stream_delta);
	struct value *v;
	bool failed;

	for (int i = 0; i < ROWS; i++) {
		v = delta_rows_next(s->rows, &failed, st->err);
		if (v == NULL) {
			delta_rows_free(s->rows);
			s->rows = NULL;
			return failed ? -1 : PULL_MORE;
		}
		struct record r = {.shape = s->shape,
			.v = v,
			.room = s->shape->n + RECORD_SPARE};

		s->any = true;
		if (stage_emit(st, &r) < 0)
			return -1;
	}
	return PULL_MORE;
}

/* A version has been handed on whole. */
static int
end_version(struct stream_delta *s)
{
	s->open = false;
	s->snapshot = false;
	s->version++;
	if (s->stop >= 0 ? s->version < s->stop : s->all || !s->any)
		return PULL_MORE;
	s->stop = -1;
	s->any = false;
	return PULL_BATCH;
}

static void
watch(struct stream_delta *s)
{
	struct buf path;

	if (s->notify >= 0 || s->ends)
		return;
	s->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	buf_init(&path);
	buf_printf(&path, "%s/_delta_log", s->dir);
	if (s->notify >= 0 &&
		inotify_add_watch(s->notify, buf_cstr(&path),
			IN_CREATE | IN_MOVED_TO) < 0) {
		close(s->notify);
		s->notify = -1;
	}
	buf_release(&path);
}

static int
stream_delta_pull(struct stage *st)
{
	struct stream_delta *s = STAGE(st, stream_delta);
	char events[4096];
	int rc;

	watch(s);
	stage_ready(st);
	if (s->rows != NULL)
		return emit_rows(st);
	if (s->open && s->file < s->files.n)
		return open_rows(st) < 0 ? -1 : PULL_MORE;
	if (s->open)
		return end_version(s);
	while (s->notify >= 0 && read(s->notify, events, sizeof(events)) > 0)
		continue;
	if (s->stop >= 0 && s->version >= s->stop) {
		s->stop = -1;
		return PULL_BATCH;
	}
	rc = open_version(st);
	if (rc != 0)
		return rc < 0 ? -1 : PULL_MORE;
	if (s->stop >= 0)
		return err_as(st->err, STATUS_DAMAGED,
			"cannot run a batch again: table '%s' has no version "
			"%lld any more",
			s->dir, (long long)s->version);
	return s->ends ? PULL_END : PULL_WAIT;
}

static int
stream_delta_wait(
	struct stage *st, struct pollfd *fds, int max, int64_t *deadline)
{
	struct stream_delta *s = STAGE(st, stream_delta);

	*deadline = time_now() + PAUSE_US;
	if (s->notify < 0)
		return 0;
	fds[0] = (struct pollfd){.fd = s->notify, .events = POLLIN};
	return 1;
}

/* ---- the position ---- */

static int
stream_delta_mark(struct stage *st, struct buf *out)
{
	struct stream_delta *s = STAGE(st, stream_delta);

	buf_str(out, "{\"table\":");
	json_quote(out, s->id, strlen(s->id));
	buf_printf(out, ",\"version\":%lld,\"snapshot\":%s}",
		(long long)s->version, s->snapshot ? "true" : "false");
	return 0;
}

static int
read_mark(struct stage *st, const char *text, int64_t *version, bool *snapshot)
{
	struct stream_delta *s = STAGE(st, stream_delta);
	struct value mark, id, v;
	struct json_error why;
	struct buf b;
	int rc = 0;

	buf_init(&b);
	buf_str(&b, text);
	buf_need(&b, JSON_PADDING);
	if (json_read(b.p, b.p + b.n, 0, &mark, &why) == NULL ||
		!value_member_int(&mark, "version", version) ||
		!json_get(&mark, "table", 5, &id) ||
		!json_get(&mark, "snapshot", 8, &v) || v.type != VALUE_BOOL)
		rc = err_as(st->err, STATUS_DAMAGED,
			"the position of the source is damaged");
	else if (!json_same(id.s, id.n, s->id, strlen(s->id)))
		rc = err_as(st->err, STATUS_DAMAGED,
			"table '%s' is not the one that the checkpoint knows: "
			"it was made anew; start with a new checkpoint",
			s->dir);
	else
		*snapshot = v.i;
	buf_release(&b);
	return rc;
}

static int
stream_delta_seek(struct stage *st, const char *from, const char *to)
{
	struct stream_delta *s = STAGE(st, stream_delta);
	bool snapshot;

	if (from && read_mark(st, from, &s->version, &s->snapshot) < 0)
		return -1;
	if (to && read_mark(st, to, &s->stop, &snapshot) < 0)
		return -1;
	/* The first batch begins with the version that it began with. */
	if (to && !from && s->snapshot)
		s->version = s->stop - 1;
	return 0;
}

static void
stream_delta_close(struct stage *st)
{
	struct stream_delta *s = STAGE(st, stream_delta);

	delta_rows_free(s->rows);
	delta_changes_release(&s->files);
	schema_free(s->schema);
	list_free(&s->parts);
	free(s->id);
	if (s->notify >= 0)
		close(s->notify);
}

static const struct source stream_delta_source = {
	.pull = stream_delta_pull,
	.wait = stream_delta_wait,
	.mark = stream_delta_mark,
	.seek = stream_delta_seek,
};

const struct op op_stream_delta = {
	.name = "stream-delta",
	.about = "hand on the rows of a Delta table, as they come",
	.synopsis = "DIR [--from-version N] [--ignore-changes] [--follow]",
	.opts = stream_delta_opts,
	.size = sizeof(struct stream_delta),
	.flags = OP_OPERANDS,
	.defaults = stream_delta_defaults,
	.open = stream_delta_open,
	.plan = stream_delta_plan,
	.source = &stream_delta_source,
	.close = stream_delta_close,
};
