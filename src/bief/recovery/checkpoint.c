/*
 * checkpoint: see checkpoint.h; the formats are in bief-checkpoint(5).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "recovery/checkpoint.h"
#include "floor/err.h"
#include "value/json.h"
#include "recovery/state.h"
#include "time/time.h"
#include "value/value.h"

#define LOCK_US (30 * TIME_SECOND)
#define LOCK_POLL_US 10000

static void
numbered(char name[40], int64_t batch, const char *kind)
{
	snprintf(name, 40, "%lld.%s", (long long)batch, kind);
}

/* Delete dir/N.kind. */
static int
delete_numbered(
	const char *dir, int64_t batch, const char *kind, struct err *err)
{
	struct buf path;
	int ret = 0;

	buf_init(&path);
	buf_printf(&path, "%s/%lld.%s", dir, (long long)batch, kind);
	if (unlink(buf_cstr(&path)) < 0 && errno != ENOENT)
		ret = err_sys(err, "cannot delete '%s'", path.p);
	buf_release(&path);
	return ret;
}

int
checkpoint_clean(const struct place *p, const char *kind, int64_t before,
	struct err *err)
{
	struct numbers l;
	int ret = 0;

	if (before <= 0)
		return 0;
	if (numbers_list(&l, p->dir, kind, err) < 0)
		return -1;
	for (size_t i = 0; ret == 0 && i < l.n && l.v[i] < before; i++)
		ret = delete_numbered(p->dir, l.v[i], kind, err);
	numbers_release(&l);
	return ret;
}

/* ---- the directory ---- */

bool
checkpoint_has(const struct list *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->s[i], s) == 0)
			return true;
	return false;
}

void
checkpoint_release(struct checkpoint *c)
{
	free(c->identity);
	list_free(&c->sources);
	list_free(&c->sinks);
	memset(c, 0, sizeof(*c));
}

static char *
plain(const struct value *v)
{
	struct buf b;
	size_t n;
	const char *s;
	char *copy;

	buf_init(&b);
	s = value_string(v, &n, &b);
	copy = mem_dup(s, n);
	buf_release(&b);
	return copy;
}

static bool
take_list(const struct value *object, const char *name, struct list *l)
{
	struct value v, key, item;
	struct json_iter it;

	if (!json_get(object, name, strlen(name), &v) || v.type != VALUE_ARRAY)
		return false;
	json_iter(&it, &v);
	while (json_next(&it, &key, &item)) {
		char *s;

		if (item.type != VALUE_STRING)
			return false;
		s = plain(&item);
		list_add(l, s, false);
		free(s);
	}
	return true;
}

static bool
is_identity(const struct value *v)
{
	size_t n = 0;

	while (n < v->n && strchr("0123456789abcdef", v->s[n]) != NULL)
		n++;
	return n == 32 && v->n == 32;
}

/* What the last sink had that was given up; absent as a rule. */
static bool
take_left(const struct value *object, struct checkpoint *c)
{
	struct value v;

	c->left = -1;
	c->given_up = json_get(object, "batch", 5, &v);
	return !c->given_up || value_member_int(object, "batch", &c->left);
}

/* 1: there is none. */
static int
try_read(const char *dir, struct checkpoint *c, struct err *err)
{
	struct json_error why;
	struct value v, id;
	struct buf b;
	int ret;

	memset(c, 0, sizeof(*c));
	buf_init(&b);
	ret = file_load(dir, "metadata", "metadata", &b, err);
	if (ret == 0) {
		buf_need(&b, JSON_PADDING);
		if (json_read(b.p, b.p + b.n, 0, &v, &why) == NULL ||
			v.type != VALUE_OBJECT || !json_get(&v, "id", 2, &id) ||
			id.type != VALUE_STRING || !is_identity(&id) ||
			!take_left(&v, c) ||
			!take_list(&v, "sources", &c->sources) ||
			!take_list(&v, "sinks", &c->sinks))
			ret = err_as(err, STATUS_DAMAGED,
				"'%s/metadata' cannot be read", dir);
		else
			c->identity = plain(&id);
	}
	buf_release(&b);
	if (ret < 0)
		checkpoint_release(c);
	return ret;
}

int
checkpoint_read(const char *dir, struct checkpoint *c, struct err *err)
{
	int ret = try_read(dir, c, err);

	return ret <= 0
		? ret
		: err_as(err, STATUS_DAMAGED,
			  "'%s' is no checkpoint: it has no metadata", dir);
}

static void
put_list(struct buf *b, const char *name, const struct list *l)
{
	buf_printf(b, ",\"%s\":[", name);
	for (size_t i = 0; i < l->n; i++) {
		if (i > 0)
			buf_byte(b, ',');
		json_quote(b, l->s[i], strlen(l->s[i]));
	}
	buf_byte(b, ']');
}

static int
write_metadata(const char *dir, const struct checkpoint *c, struct err *err)
{
	struct buf b;
	int ret;

	buf_init(&b);
	buf_printf(&b, "{\"id\":\"%s\"", c->identity);
	put_list(&b, "sources", &c->sources);
	put_list(&b, "sinks", &c->sinks);
	if (c->given_up)
		buf_printf(&b, ",\"batch\":%lld", (long long)c->left);
	buf_byte(&b, '}');
	ret = file_save(dir, "metadata", "metadata", b.p, b.n, err);
	buf_release(&b);
	return ret;
}

/* The lock could not be had (errno): wait on?  It is held for a moment only. */
static bool
waits_on(const char *path, int64_t until, struct err *err)
{
	if (errno != EAGAIN && errno != EACCES && errno != EINTR)
		err_sys(err, "cannot lock '%s'", path);
	else if (file_stop)
		err_set(err, "stopped while it waited for the lock '%s'", path);
	else if (time_monotonic() < until)
		return true;
	else
		err_set(err, "another program holds the lock '%s': end it",
			path);
	return false;
}

/* For changes of the metadata: a descriptor to close, or -1. */
static int
lock_metadata(const char *dir, struct err *err)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int64_t until = time_monotonic() + LOCK_US;
	struct buf b;
	int fd;

	buf_init(&b);
	buf_printf(&b, "%s/lock", dir);
	fd = file_open_lock(buf_cstr(&b));
	if (fd < 0)
		err_sys(err, "cannot open '%s'", b.p);
	while (fd >= 0 && fcntl(fd, F_OFD_SETLK, &l) < 0) {
		if (waits_on(b.p, until, err)) {
			usleep(LOCK_POLL_US);
			continue;
		}
		close(fd);
		fd = -1;
	}
	if (fd >= 0)
		file_tidy(dir);
	buf_release(&b);
	return fd;
}

static int
count_place(void *arg, const struct place_info *i)
{
	++*(int *)arg;
	return 0;
}

static int
make_metadata(const char *dir, struct checkpoint *c, struct err *err)
{
	unsigned char random[16];
	struct buf b;
	int places = 0;

	place_each(dir, "offsets", count_place, &places);
	place_each(dir, "commits", count_place, &places);
	place_each(dir, "state", count_place, &places);
	if (places > 0)
		return err_as(err, STATUS_DAMAGED,
			"'%s/metadata' is missing: "
			"put it back, or begin with a new --checkpoint",
			dir);
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_sys(err, "cannot make a checkpoint");
	buf_init(&b);
	for (size_t i = 0; i < sizeof(random); i++)
		buf_printf(&b, "%02x", random[i]);
	c->identity = mem_dup(b.p, b.n);
	buf_release(&b);
	return write_metadata(dir, c, err);
}

int
checkpoint_open(const char *dir, char **identity, struct err *err)
{
	struct checkpoint c;
	int fd, ret = try_read(dir, &c, err);

	*identity = NULL;
	if (ret == 1) {
		/* Two sources may come at the same time. */
		if (file_mkdir(dir, err) < 0 ||
			(fd = lock_metadata(dir, err)) < 0)
			return -1;
		ret = try_read(dir, &c, err);
		if (ret == 1)
			ret = make_metadata(dir, &c, err);
		close(fd);
	}
	if (ret == 0)
		*identity = mem_dup(c.identity, strlen(c.identity));
	checkpoint_release(&c);
	return ret;
}

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
other_pipeline(const char *dir, const char *id, const struct checkpoint *c,
	struct err *err)
{
	return err_as(err, STATUS_DAMAGED,
		"the checkpoint '%s' is of another "
		"pipeline: its source is '%s'%s, this one's is '%s' (--name "
		"keeps the name when what is read moves): take its own, or a "
		"new one",
		dir, c->sources.n > 0 ? c->sources.s[0] : "",
		c->sources.n > 1 ? " and others" : "", id);
}

/* Change the metadata under its lock. */
static int
change(const char *dir,
	int (*how)(const char *dir, struct checkpoint *c,
		const struct list *ids, struct err *err),
	const struct list *ids, struct err *err)
{
	struct checkpoint c = {0};
	int fd = lock_metadata(dir, err), ret = -1;

	if (fd >= 0 && checkpoint_read(dir, &c, err) == 0)
		ret = how(dir, &c, ids, err);
	if (ret > 0)
		ret = write_metadata(dir, &c, err);
	checkpoint_release(&c);
	if (fd >= 0)
		close(fd);
	return ret;
}

static int
add_source(const char *dir, struct checkpoint *c, const struct list *ids,
	struct err *err)
{
	int ret;

	if (checkpoint_has(&c->sources, ids->s[0]))
		return 0;
	ret = begun(dir, err);
	if (ret != 0)
		return ret < 0 ? -1 : other_pipeline(dir, ids->s[0], c, err);
	list_add(&c->sources, ids->s[0], false);
	return 1;
}

int
checkpoint_add_source(const char *dir, const char *id, struct err *err)
{
	struct list ids = {0};
	int ret;

	list_add(&ids, id, false);
	ret = change(dir, add_source, &ids, err);
	list_free(&ids);
	return ret;
}

static int
add_sinks(const char *dir, struct checkpoint *c, const struct list *ids,
	struct err *err)
{
	int changed = 0;

	for (size_t i = 0; i < ids->n; i++) {
		if (checkpoint_has(&c->sinks, ids->s[i]))
			continue;
		list_add(&c->sinks, ids->s[i], false);
		changed = 1;
	}
	/* Their own commits tell now. */
	c->given_up = c->given_up && !changed;
	return changed;
}

int
checkpoint_add_sinks(const char *dir, const struct list *ids, struct err *err)
{
	return change(dir, add_sinks, ids, err);
}

int
checkpoint_committed(const char *dir, int64_t *newest, struct err *err)
{
	struct checkpoint c;
	struct buf path;
	int ret = checkpoint_read(dir, &c, err);

	buf_init(&path);
	*newest = c.sinks.n == 0 ? c.left : -1;
	for (size_t i = 0; ret == 0 && i < c.sinks.n; i++) {
		int64_t last;

		buf_clear(&path);
		buf_printf(&path, "%s/commits/", dir);
		place_name(c.sinks.s[i], &path);
		ret = commit_last(buf_cstr(&path), &last, NULL, NULL, err);
		if (ret == 1)
			ret = err_as(err, STATUS_DAMAGED,
				"'%s': what the sink "
				"'%s' has committed is missing: put it back, "
				"or give the sink up: bief state %s forget %s",
				path.p, c.sinks.s[i], dir, c.sinks.s[i]);
		else if (i == 0 || last < *newest)
			*newest = last;
	}
	buf_release(&path);
	checkpoint_release(&c);
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

/*
 * The commits go first: a sink that is known and has none is refused at the
 * next run, with the advice to do this again; one that has some and is not
 * known would go on where it was when it comes back.
 */
static int
drop_sink(const char *dir, struct checkpoint *c, const struct list *ids,
	struct err *err)
{
	size_t i = 0;

	while (i < c->sinks.n && strcmp(c->sinks.s[i], ids->s[0]) != 0)
		i++;
	if (i == c->sinks.n)
		return 0;
	free(c->sinks.s[i]);
	memmove(&c->sinks.s[i], &c->sinks.s[i + 1],
		(--c->sinks.n - i) * sizeof(*c->sinks.s));
	return 1;
}

/* A last one leaves behind what it had: the next sink begins there.  (If its
 * commits are gone already, this has been done.) */
static int
keep_left(const char *dir, struct checkpoint *c, const struct list *ids,
	struct err *err)
{
	if (c->sinks.n != 1 || !checkpoint_has(&c->sinks, ids->s[0]) ||
		(c->given_up && !place_exists(dir, "commits", ids->s[0])))
		return 0;
	c->given_up = true;
	return checkpoint_committed(dir, &c->left, err) < 0 ? -1 : 1;
}

int
checkpoint_forget(const char *dir, const char *id, struct err *err)
{
	struct list ids = {0};
	struct buf hidden;
	int ret;

	list_add(&ids, id, false);
	buf_init(&hidden);
	ret = change(dir, keep_left, &ids, err);
	if (ret == 0)
		ret = hide_commits(dir, id, &hidden, err);
	if (ret == 0)
		ret = change(dir, drop_sink, &ids, err);
	if (ret == 0)
		ret = file_delete_dir(buf_cstr(&hidden), err);
	buf_release(&hidden);
	list_free(&ids);
	return ret;
}

struct ready {
	const char *run;
	struct list *ids;
};

static int
is_ready(void *arg, const struct place_info *i)
{
	struct ready *r = arg;

	if (i->taken && i->ready && checkpoint_has(&i->runs, r->run))
		list_add(r->ids, i->id, false);
	return 0;
}

void
checkpoint_ready(const char *dir, const char *run, struct list *ids)
{
	struct ready r = {run, ids};

	place_each(dir, "commits", is_ready, &r);
}

/* ---- files with the number of a batch ---- */

static int
save_number(const char *dir, const char *name, const char *kind, int64_t batch,
	const char *mark, struct err *err)
{
	struct buf b;
	int ret;

	buf_init(&b);
	buf_printf(&b, "{\"batch\":%lld", (long long)batch);
	if (mark != NULL)
		buf_printf(&b, ",\"mark\":%s", mark);
	buf_byte(&b, '}');
	ret = file_save(dir, name, kind, b.p, b.n, err);
	buf_release(&b);
	return ret;
}

/* The text of a member, allocated; NULL when there is none. */
static char *
member_text(const struct value *object, const char *name)
{
	struct value v;
	struct buf text;
	char *s;

	if (!json_get(object, name, strlen(name), &v))
		return NULL;
	buf_init(&text);
	value_print(&v, &text);
	s = mem_dup(text.p, text.n);
	buf_release(&text);
	return s;
}

/* 1: there is no such file.  mark may be NULL. */
static int
load_number(const char *dir, const char *name, const char *kind, int64_t *batch,
	char **mark, struct err *err)
{
	struct json_error why;
	struct value v;
	struct buf b;
	int ret;

	buf_init(&b);
	ret = file_load(dir, name, kind, &b, err);
	if (ret == 0) {
		buf_need(&b, JSON_PADDING);
		if (json_read(b.p, b.p + b.n, 0, &v, &why) == NULL ||
			v.type != VALUE_OBJECT ||
			!value_member_int(&v, "batch", batch))
			ret = err_as(err, STATUS_DAMAGED,
				"'%s/%s' cannot be read", dir, name);
		else if (mark != NULL)
			*mark = member_text(&v, "mark");
	}
	buf_release(&b);
	return ret;
}

/* ---- source ---- */

static int
save_position(const struct place *p, const char *name, const char *kind,
	const char *first, const char *position, struct err *err)
{
	struct buf b;
	int ret;

	buf_init(&b);
	buf_printf(&b, "{%s,\"position\":%s}", first,
		position != NULL ? position : "null");
	ret = file_save(p->dir, name, kind, b.p, b.n, err);
	buf_release(&b);
	return ret;
}

int
offset_save(const struct place *p, int64_t batch, const struct offset *o,
	struct err *err)
{
	char name[40], first[100];
	int n = snprintf(
		first, sizeof(first), "\"time\":%lld", (long long)o->time_us);

	if (o->absent)
		snprintf(first + n, sizeof(first) - (size_t)n, ",\"as\":%lld",
			(long long)o->as);
	numbered(name, batch, "offset");
	return save_position(p, name, "offset", first, o->position, err);
}

/* A file with a position; number is the member that must be there. */
static int
load_position(const char *dir, const char *name, const char *kind,
	const char *number, int64_t *i, struct offset *o, struct err *err)
{
	struct json_error why;
	struct value v, position;
	struct buf b, text;
	int ret;

	buf_init(&b);
	ret = file_load(dir, name, kind, &b, err);
	if (ret != 0)
		goto out;
	buf_need(&b, JSON_PADDING);
	if (json_read(b.p, b.p + b.n, 0, &v, &why) == NULL ||
		v.type != VALUE_OBJECT || !value_member_int(&v, number, i) ||
		!json_get(&v, "position", 8, &position)) {
		ret = err_as(err, STATUS_DAMAGED, "'%s/%s' cannot be read", dir,
			name);
		goto out;
	}
	o->absent = value_member_int(&v, "as", &o->as);
	if (position.type == VALUE_NULL)
		goto out;
	buf_init(&text);
	value_print(&position, &text);
	o->position = mem_dup(text.p, text.n);
	buf_release(&text);
out:
	buf_release(&b);
	return ret;
}

int
offset_load(
	const struct place *p, int64_t batch, struct offset *o, struct err *err)
{
	char name[40];

	memset(o, 0, sizeof(*o));
	numbered(name, batch, "offset");
	return load_position(
		p->dir, name, "offset", "time", &o->time_us, o, err);
}

void
offset_release(struct offset *o)
{
	free(o->position);
	memset(o, 0, sizeof(*o));
}

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
	return save_number(dir, "ended", "ended", t.batch, NULL, err);
}

int
offset_anew(const char *dir, int64_t *batch, struct err *err)
{
	int ret = load_number(dir, "ended", "ended", batch, NULL, err);

	*batch = ret == 0 ? *batch + 1 : -1;
	return ret < 0 ? -1 : 0;
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
	if (last >= 0)
		ret = offset_load(p, last, &o, err);
	if (o.absent)
		last = o.as;
	snprintf(first, sizeof(first), "\"last\":%lld", (long long)last);
	if (ret >= 0)
		ret = save_position(
			p, "ended", "ended", first, o.position, err);
	offset_release(&o);
	return ret < 0 ? -1 : end_run(dir, err);
}

static int
newest_time(void *arg, const struct place_info *i)
{
	struct place p = {.dir = (char *)(uintptr_t)i->path};
	struct times *t = arg;
	struct offset o;
	int ret = offset_load(&p, t->number, &o, t->err);

	if (ret == 0 && o.time_us > t->time_us)
		t->time_us = o.time_us;
	offset_release(&o);
	return ret < 0 ? -1 : 0;
}

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

int
offset_resume(const char *dir, const struct place *p, int64_t committed,
	struct err *err)
{
	struct times t;
	struct numbers own = {0};
	struct offset ended = {0};
	struct buf path;
	int ret = load_position(
		p->dir, "ended", "ended", "last", &ended.as, &ended, err);

	if (ret != 0)
		return ret < 0 ? -1 : 0;
	if (numbers_list(&own, p->dir, "offset", err) < 0 ||
		newest_of_all(dir, &t, err) < 0)
		ret = -1;
	else if (numbers_last(&own) >= ended.as) /* more: it was cut short */
		ret = fill(dir, p, numbers_last(&own) + 1, t.batch, committed,
			&ended, err);
	numbers_release(&own);
	offset_release(&ended);
	if (ret < 0)
		return -1;
	buf_init(&path);
	buf_printf(&path, "%s/ended", p->dir);
	if (unlink(buf_cstr(&path)) < 0)
		ret = err_sys(err, "cannot delete '%s'", path.p);
	buf_release(&path);
	return ret;
}

/* ---- stage ---- */

/* A snapshot when it costs no more than the deltas since the last one, and the
 * files have become many, or in any case when they are too many.  The first
 * delta of all is as good as a snapshot. */
#define SNAPSHOT_DELTAS 20
#define SNAPSHOT_MOST 10000

static int
drop_after(
	const struct place *p, const char *kind, int64_t upto, struct err *err)
{
	struct numbers l;
	int ret = 0;

	if (numbers_list(&l, p->dir, kind, err) < 0)
		return -1;
	for (size_t i = 0; ret == 0 && i < l.n; i++)
		if (l.v[i] > upto)
			ret = delete_numbered(p->dir, l.v[i], kind, err);
	numbers_release(&l);
	return ret;
}

/*
 * A file for every batch, also when nothing has changed: the payload begins
 * with the number of the file before it (8 bytes, little endian; -1: none), so
 * that a missing one is noticed, the last one too.
 */
static int
load_file(const struct place *p, struct state *s, int64_t batch,
	const char *kind, int64_t *before, size_t *bytes, struct err *err)
{
	struct buf b;
	char name[40];
	int ret;

	buf_init(&b);
	numbered(name, batch, kind);
	ret = file_load(p->dir, name, kind, &b, err);
	if (ret == 1 || (ret == 0 && b.n < 8))
		ret = err_as(err, STATUS_DAMAGED, "'%s/%s' is missing", p->dir,
			name);
	else if (ret == 0) {
		memcpy(before, b.p, 8);
		*bytes += b.n;
		if (state_load(s, b.p + 8, b.n - 8, err) < 0)
			ret = err_in(err, "'%s/%s'", p->dir, name);
	}
	buf_release(&b);
	return ret;
}

static int
load_all(const struct place *p, struct state *s, int64_t upto,
	const struct numbers *snapshots, const struct numbers *deltas,
	struct state_files *f, struct err *err)
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
			return err_as(err, STATUS_DAMAGED,
				"'%s': the state of batch %lld is missing",
				p->dir, (long long)before);
		if (at < 0) {
			f->snapshot_bytes = f->delta_bytes;
			f->delta_bytes = 0;
		}
		at = deltas->v[i];
		f->deltas++;
	}
	if (at != upto)
		return err_as(err, STATUS_DAMAGED,
			"'%s': the state of batch %lld is missing", p->dir,
			(long long)upto);
	f->last = at;
	return 0;
}

int
checkpoint_restore(const struct place *p, struct state *s, int64_t upto,
	struct state_files *f, struct err *err)
{
	struct numbers snapshots = {0}, deltas = {0};
	int ret = 0;

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
	return ret;
}

int
checkpoint_clean_state(
	const struct place *p, int64_t committed, struct err *err)
{
	struct numbers l;
	int64_t from;

	if (numbers_list(&l, p->dir, "snapshot", err) < 0)
		return -1;
	from = numbers_upto(&l, committed - CHECKPOINT_KEEP);
	numbers_release(&l);
	if (checkpoint_clean(p, "snapshot", from, err) < 0)
		return -1;
	return checkpoint_clean(p, "delta", from + 1, err);
}

int
checkpoint_save(const struct place *p, struct state *s, int64_t batch,
	struct state_files *f, struct err *err)
{
	struct buf b;
	char name[40];
	const char *kind = "delta";
	int ret;

	buf_init(&b);
	buf_add(&b, &f->last, 8);
	f->deltas++;
	if (f->deltas > SNAPSHOT_MOST ||
		(f->deltas > SNAPSHOT_DELTAS &&
			f->delta_bytes >= f->snapshot_bytes)) {
		kind = "snapshot";
		state_save_all(s, &b);
		f->snapshot_bytes = b.n;
		f->delta_bytes = 0;
		f->deltas = 0;
	} else {
		state_save_delta(s, &b);
		if (f->last < 0)
			f->snapshot_bytes = b.n;
		else
			f->delta_bytes += b.n;
	}
	numbered(name, batch, kind);
	ret = file_save(p->dir, name, kind, b.p, b.n, err);
	/* Of an earlier run, which had this batch too. */
	if (ret == 0 && strcmp(kind, "delta") == 0)
		ret = delete_numbered(p->dir, batch, "snapshot", err);
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
checkpoint_replace(const struct place *p, const struct state *s, int64_t batch,
	struct err *err)
{
	struct buf b;
	char name[40];
	int64_t before, snapshot;
	int ret;

	if (newest_upto(p, "delta", batch - 1, &before, err) < 0 ||
		newest_upto(p, "snapshot", batch - 1, &snapshot, err) < 0)
		return -1;
	if (snapshot > before)
		before = snapshot;
	buf_init(&b);
	buf_add(&b, &before, 8);
	state_save_all(s, &b);
	numbered(name, batch, "snapshot");
	ret = file_save(p->dir, name, "snapshot", b.p, b.n, err);
	buf_release(&b);
	if (ret < 0 || drop_after(p, "snapshot", batch, err) < 0)
		return -1;
	return drop_after(p, "delta", batch, err);
}

bool
checkpoint_fresh(const char *dir, const char *id)
{
	struct buf path;
	bool fresh;

	buf_init(&path);
	buf_printf(&path, "%s/state/", dir);
	place_name(id, &path);
	buf_str(&path, "/options");
	fresh = access(buf_cstr(&path), F_OK) < 0 && errno == ENOENT;
	buf_release(&path);
	return fresh;
}

/* The first line of a that b does not have; its length, 0 if there is none. */
static size_t
line_only(const char *a, size_t na, const char *b, size_t nb, const char **line)
{
	const char *end = a + na, *lf, *at;

	for (; a < end; a = lf + 1) {
		size_t n;

		lf = memchr(a, '\n', (size_t)(end - a));
		if (lf == NULL)
			lf = end;
		n = (size_t)(lf - a) + (lf < end);
		at = memmem(b, nb, a, n);
		while (at != NULL && at != b && at[-1] != '\n')
			at = memmem(at + 1, (size_t)(b + nb - at - 1), a, n);
		*line = a;
		if (at == NULL && lf > a)
			return (size_t)(lf - a);
	}
	return 0;
}

static int
options_differ(const struct place *p, const char *was, size_t nwas,
	const char *text, struct err *err)
{
	const char *old = "", *now = "";
	char a[300], b[300];
	size_t nold = line_only(was, nwas, text, strlen(text), &old),
	       nnow = line_only(text, strlen(text), was, nwas, &now);

	/* Options stand behind a blank. */
	if (nold > 0 && *old == ' ')
		old++, nold--;
	if (nnow > 0 && *now == ' ')
		now++, nnow--;
	if (nold == 0 && nnow == 0)
		return err_as(err, STATUS_DAMAGED,
			"the pipeline has changed: "
			"stage '%s' has the same in another order than in the "
			"checkpoint: go back to that, or begin with a new "
			"--checkpoint",
			p->id);
	err_quote(a, sizeof(a), old, nold);
	err_quote(b, sizeof(b), now, nnow);
	return err_as(err, STATUS_DAMAGED,
		"the pipeline has changed: stage "
		"'%s' had %s in the checkpoint and now has %s: go back to "
		"that, or begin with a new --checkpoint",
		p->id, nold > 0 ? a : "nothing of that kind",
		nnow > 0 ? b : "another or none");
}

int
checkpoint_same(const struct place *p, const char *text, struct err *err)
{
	struct buf b;
	int ret;

	buf_init(&b);
	ret = file_load(p->dir, "options", "options", &b, err);
	if (ret == 1)
		ret = file_save(
			p->dir, "options", "options", text, strlen(text), err);
	else if (ret == 0 &&
		(b.n != strlen(text) || memcmp(b.p, text, b.n) != 0))
		ret = options_differ(p, b.p, b.n, text, err);
	buf_release(&b);
	return ret;
}

/* ---- sink ---- */

int
commit_start(const struct place *p, int64_t batch, struct err *err)
{
	return save_number(p->dir, "start", "start", batch, NULL, err);
}

int
commit_save(
	const struct place *p, int64_t batch, const char *mark, struct err *err)
{
	char name[40];

	numbered(name, batch, "commit");
	if (save_number(p->dir, name, "commit", batch, mark, err) < 0)
		return -1;
	if (batch % 10 == 0)
		return checkpoint_clean(
			p, "commit", batch - CHECKPOINT_KEEP, err);
	return 0;
}

int
target_save(const struct place *p, const char *words, const char *full,
	struct err *err)
{
	struct buf b;
	int ret;

	buf_init(&b);
	buf_str(&b, "{\"writes\":");
	json_quote(&b, words, strlen(words));
	buf_str(&b, ",\"to\":");
	json_quote(&b, full, strlen(full));
	buf_byte(&b, '}');
	ret = file_save(p->dir, "target", "target", b.p, b.n, err);
	buf_release(&b);
	return ret;
}

/* A member's plain text, allocated, or NULL. */
static char *
member_string(const struct value *object, const char *name)
{
	struct value v;
	struct buf tmp;
	char *text = NULL;
	const char *s;
	size_t n;

	buf_init(&tmp);
	if (json_get(object, name, strlen(name), &v) &&
		v.type == VALUE_STRING) {
		s = value_string(&v, &n, &tmp);
		text = mem_dup(s, n);
	}
	buf_release(&tmp);
	return text;
}

int
target_load(const char *place, const char *full, char **words, struct err *err)
{
	struct json_error why;
	struct value v;
	struct buf b;
	char *was = NULL;
	int ret;

	*words = NULL;
	buf_init(&b);
	ret = file_load(place, "target", "target", &b, err);
	if (ret == 0) {
		buf_need(&b, JSON_PADDING);
		if (json_read(b.p, b.p + b.n, 0, &v, &why) == NULL ||
			v.type != VALUE_OBJECT ||
			(was = member_string(&v, "to")) == NULL ||
			(*words = member_string(&v, "writes")) == NULL)
			ret = err_as(err, STATUS_DAMAGED,
				"'%s/target' cannot be read", place);
	}
	if (ret == 0 && full != NULL && strcmp(was, full) == 0) {
		free(*words);
		*words = NULL;
	}
	free(was);
	buf_release(&b);
	return ret;
}

int
commit_last(const char *place, int64_t *batch, bool *any, char **mark,
	struct err *err)
{
	struct numbers l;
	char name[40] = "start";
	bool committed;
	int ret;

	if (numbers_list(&l, place, "commit", err) < 0)
		return -1;
	committed = l.n > 0;
	if (committed)
		numbered(name, numbers_last(&l), "commit");
	ret = load_number(
		place, name, committed ? "commit" : "start", batch, mark, err);
	if (ret == 0 && committed && *batch != numbers_last(&l))
		ret = err_as(err, STATUS_DAMAGED, "'%s/%s' cannot be read",
			place, name);
	if (any != NULL)
		*any = committed;
	numbers_release(&l);
	return ret;
}
