/*
 * metadata: see metadata.h.  The payload of DIR/metadata, an object:
 *
 *	"id"       the identity: 32 hexadecimal digits, lower case
 *	"sources"  an array of ids
 *	"sinks"    an array of ids
 *	"batch"    when the last sink has been given up: the newest batch that
 *	           it had; absent as a rule
 *
 * DIR/lock is locked while it is changed, and while it is made.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/file.h"
#include "recovery/jsonfile.h"
#include "recovery/metadata.h"
#include "recovery/place.h"
#include "time/time.h"
#include "value/json.h"
#include "value/value.h"
#include "floor/mem.h"

#define ID_BYTES 16
#define LOCK_US (30 * TIME_SECOND)
#define LOCK_POLL_US 10000

void
metadata_release(struct metadata *m)
{
	free(m->identity);
	list_free(&m->sources);
	list_free(&m->sinks);
	memset(m, 0, sizeof(*m));
}

/* ---- reading and writing ---- */

static bool
take_identity(const struct value *object, struct metadata *m)
{
	m->identity = jsonfile_string(object, "id");
	return m->identity != NULL &&
		strspn(m->identity, "0123456789abcdef") == 2 * ID_BYTES &&
		m->identity[2 * ID_BYTES] == '\0';
}

static bool
take_left(const struct value *object, struct metadata *m)
{
	struct value v;

	m->left = -1;
	m->given_up = json_get(object, "batch", 5, &v);
	return !m->given_up || value_member_int(object, "batch", &m->left);
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
		s = jsonfile_plain(&item);
		list_add(l, s, false);
		free(s);
	}
	return true;
}

/* 1: there is none.  Without 0 there is nothing to release. */
static int
load(const char *dir, struct metadata *m, struct err *err)
{
	struct value object;
	struct buf b;
	int ret;

	memset(m, 0, sizeof(*m));
	buf_init(&b);
	ret = jsonfile_load(dir, "metadata", "metadata", &b, &object, err);
	if (ret == 0 &&
		(!take_identity(&object, m) || !take_left(&object, m) ||
			!take_list(&object, "sources", &m->sources) ||
			!take_list(&object, "sinks", &m->sinks)))
		ret = jsonfile_damaged(dir, "metadata", err);
	buf_release(&b);
	if (ret < 0)
		metadata_release(m);
	return ret;
}

int
metadata_read(const char *dir, struct metadata *m, struct err *err)
{
	int ret = load(dir, m, err);

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

/* lock: what lock_metadata gave. */
static int
save(const char *dir, const struct metadata *m, int lock, struct err *err)
{
	struct buf b;
	int ret;

	assert(lock >= 0);
	assert(m->identity != NULL);
	assert(strlen(m->identity) == 2 * ID_BYTES);
	buf_init(&b);
	buf_printf(&b, "{\"id\":\"%s\"", m->identity);
	put_list(&b, "sources", &m->sources);
	put_list(&b, "sinks", &m->sinks);
	if (m->given_up)
		buf_printf(&b, ",\"batch\":%lld", (long long)m->left);
	buf_byte(&b, '}');
	ret = file_save(dir, "metadata", "metadata", b.p, b.n, err);
	buf_release(&b);
	return ret;
}

/* ---- its lock ---- */

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

/* A descriptor to close, or -1. */
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

/* ---- making it ---- */

static int
count_place(void *arg, const struct place_info *i)
{
	++*(int *)arg;
	return 0;
}

static int
make(const char *dir, struct metadata *m, int lock, struct err *err)
{
	unsigned char random[ID_BYTES];
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
	m->identity = mem_dup(b.p, b.n);
	buf_release(&b);
	return save(dir, m, lock, err);
}

int
metadata_open(const char *dir, char **identity, struct err *err)
{
	struct metadata m;
	int lock, ret = load(dir, &m, err);

	*identity = NULL;
	if (ret == 1) {
		/* Two sources may come at the same time. */
		if (file_mkdir(dir, err) < 0 ||
			(lock = lock_metadata(dir, err)) < 0)
			return -1;
		ret = load(dir, &m, err);
		if (ret == 1)
			ret = make(dir, &m, lock, err);
		close(lock);
	}
	if (ret == 0)
		*identity = mem_dup(m.identity, strlen(m.identity));
	metadata_release(&m);
	return ret;
}

/* ---- changing it ---- */

int
metadata_change(const char *dir,
	int (*how)(void *arg, struct metadata *m, struct err *err), void *arg,
	struct err *err)
{
	struct metadata m = {0};
	int lock = lock_metadata(dir, err), ret = -1;

	if (lock >= 0 && metadata_read(dir, &m, err) == 0)
		ret = how(arg, &m, err);
	if (ret > 0)
		ret = save(dir, &m, lock, err);
	metadata_release(&m);
	if (lock >= 0)
		close(lock);
	return ret;
}

static int
add_sinks(void *arg, struct metadata *m, struct err *err)
{
	const struct list *ids = arg;
	int changed = 0;

	for (size_t i = 0; i < ids->n; i++) {
		if (list_has(&m->sinks, ids->s[i]))
			continue;
		list_add(&m->sinks, ids->s[i], false);
		changed = 1;
	}
	/* Their own commits tell now. */
	m->given_up = m->given_up && !changed;
	return changed;
}

int
metadata_add_sinks(const char *dir, const struct list *ids, struct err *err)
{
	return metadata_change(dir, add_sinks, (void *)(uintptr_t)ids, err);
}
