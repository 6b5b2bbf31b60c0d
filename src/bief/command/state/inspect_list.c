/*
 * inspect_list: "bief state DIR": the sources, stages and sinks of a
 * checkpoint.
 *
 * It reads what a pipeline may be writing at the same time; a place that
 * cannot be read is a line that says why, and the others are shown all the
 * same.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "command/state/inspect_impl.h"
#include "recovery/checkpoint.h"
#include "recovery/commit.h"
#include "recovery/metadata.h"
#include "recovery/numbers.h"
#include "recovery/offset.h"
#include "value/json.h"
#include "recovery/numbers.h"
#include "command/state/inspect_impl.h"

struct listing {
	const char *dir;
	bool json;
	struct buf *out;
	struct err *err; /* of what is damaged: the first */
	bool damaged;
};

/* A line of it; numbers below 0 are not known. */
struct item {
	const char *kind, *id, *program;
	int64_t batch, rows, bytes;
	long pid;
	bool ended, damaged;
};

static const char *
number(char text[24], int64_t n)
{
	if (n < 0)
		return "-";
	snprintf(text, 24, "%lld", (long long)n);
	return text;
}

static void
put_text(const struct item *l, struct buf *out)
{
	char batch[24], rows[24], bytes[24], pid[24];

	buf_printf(out, "%-6s %8s %8s %10s %8s  %s\n", l->kind,
		number(batch, l->batch),
		l->damaged ? "damaged" : number(rows, l->rows),
		number(bytes, l->bytes),
		l->pid > 0         ? number(pid, l->pid)
			: l->ended ? "ended"
				   : "-",
		l->id);
}

static void
put_number(struct buf *out, const char *name, int64_t n)
{
	if (n >= 0)
		buf_printf(out, ",\"%s\":%lld", name, (long long)n);
	else
		buf_printf(out, ",\"%s\":null", name);
}

static void
put_json(const struct item *l, struct buf *out)
{
	bool stage = strcmp(l->kind, "stage") == 0;

	buf_printf(out, "{\"kind\":\"%s\",\"id\":", l->kind);
	json_quote(out, l->id, strlen(l->id));
	json_member(out, "program", l->program);
	put_number(out, "batch", l->batch);
	if (stage)
		put_number(out, "rows", l->rows);
	if (stage)
		put_number(out, "bytes", l->bytes);
	put_number(out, "process", l->pid > 0 ? l->pid : -1);
	if (l->ended)
		buf_str(out, ",\"ended\":true");
	if (l->damaged)
		buf_str(out, ",\"damaged\":true");
	buf_str(out, "}\n");
}

static void
inspect_list_put(struct listing *s, const struct item *l)
{
	if (s->json)
		put_json(l, s->out);
	else
		put_text(l, s->out);
}

/* Remember the first thing that is wrong, and go on. */
static void
wrong(struct listing *s, struct item *l, const struct err *why)
{
	if (!s->damaged)
		*s->err = *why;
	s->damaged = l->damaged = true;
}

static struct item
item_of(const char *kind, const struct place_info *i)
{
	return (struct item){.kind = kind,
		.id = *i->id != '\0' ? i->id : i->name,
		.batch = -1,
		.rows = -1,
		.bytes = -1,
		.pid = i->taken ? i->pid : 0};
}

static int
list_source(void *arg, const struct place_info *i)
{
	struct listing *s = arg;
	struct item l = item_of("source", i);
	struct numbers n;
	struct stat st;
	struct buf path;
	struct err why;

	buf_init(&path);
	buf_printf(&path, "%s/ended", i->path);
	l.ended = stat(buf_cstr(&path), &st) == 0;
	buf_release(&path);
	if (numbers_list(&n, i->path, "offset", &why) < 0)
		wrong(s, &l, &why);
	else {
		struct place p = {.dir = (char *)(uintptr_t)i->path};
		struct offset o;

		l.batch = numbers_last(&n);
		if (n.n > 0 && offset_load(&p, l.batch, &o, &why) < 0)
			wrong(s, &l, &why);
		else if (n.n > 0)
			offset_release(&o);
		numbers_release(&n);
	}
	inspect_list_put(s, &l);
	return 0;
}

static int64_t
bytes_of(const char *dir, const char *kind)
{
	struct numbers n;
	struct err err;
	struct stat st;
	struct buf path;
	int64_t sum = 0;

	if (numbers_list(&n, dir, kind, &err) < 0)
		return 0;
	buf_init(&path);
	for (size_t i = 0; i < n.n; i++) {
		buf_clear(&path);
		buf_printf(&path, "%s/%lld.%s", dir, (long long)n.v[i], kind);
		if (stat(buf_cstr(&path), &st) == 0)
			sum += st.st_size;
	}
	buf_release(&path);
	numbers_release(&n);
	return sum;
}

/* What the newest file of a running stage is may change meanwhile. */
static int
count_rows(struct look *l, struct item *line, struct err *err)
{
	int64_t oldest;

	for (int i = 0; i < 3; i++) {
		if (look_batches(l, &oldest, &line->batch, err) < 0)
			return -1;
		if (look_at(l, line->batch, err) == 0) {
			line->rows = look_rows(l);
			return 0;
		}
	}
	return -1;
}

static int
list_stage(void *arg, const struct place_info *i)
{
	struct listing *s = arg;
	struct item line = item_of("stage", i);
	struct look l;
	struct err why;
	int64_t oldest;
	int ret = look_open(&l, s->dir, line.id, &why);

	if (ret == 0) {
		line.program = l.file.words[0];
		ret = count_rows(&l, &line, &why);
	} else if (why.status != STATUS_DAMAGED)
		/* What the stage is like is not known; its files are. */
		ret = look_batches(&l, &oldest, &line.batch, &why);
	if (ret < 0)
		wrong(s, &line, &why);
	line.bytes = bytes_of(i->path, "delta") + bytes_of(i->path, "snapshot");
	inspect_list_put(s, &line);
	look_close(&l);
	return 0;
}

static int
list_sink(void *arg, const struct place_info *i)
{
	struct listing *s = arg;
	struct item l = item_of("sink", i);
	struct err why;

	if (commit_last(i->path, &l.batch, NULL, NULL, &why) < 0)
		wrong(s, &l, &why);
	inspect_list_put(s, &l);
	return 0;
}

static void
put_head(struct listing *s, const struct metadata *m, int64_t committed)
{
	if (s->json) {
		buf_printf(s->out,
			"{\"kind\":\"checkpoint\",\"identity\":"
			"\"%s\"",
			m->identity);
		put_number(s->out, "batch", committed);
		buf_str(s->out, "}\n");
		return;
	}
	buf_printf(s->out, "checkpoint %s, ", m->identity);
	if (committed >= 0)
		buf_printf(s->out, "all sinks have batch %lld\n",
			(long long)committed);
	else
		buf_str(s->out, "no batch is in all sinks\n");
	buf_printf(s->out, "%-6s %8s %8s %10s %8s  %s\n", "", "batch", "rows",
		"bytes", "process", "name");
}

int
inspect_list(const char *dir, bool json, struct buf *out, struct err *err)
{
	struct listing s = {.dir = dir, .json = json, .out = out, .err = err};
	struct metadata m;
	struct item none;
	struct err why;
	int64_t committed = -1;

	if (metadata_read(dir, &m, err) < 0)
		return -1;
	if (checkpoint_committed(dir, &committed, &why) < 0)
		wrong(&s, &none, &why);
	put_head(&s, &m, committed);
	metadata_release(&m);
	place_each(dir, "offsets", list_source, &s);
	place_each(dir, "state", list_stage, &s);
	place_each(dir, "commits", list_sink, &s);
	return s.damaged ? -1 : 0;
}
