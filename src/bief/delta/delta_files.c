/*
 * delta_files: see delta_files.h.
 */
#include "delta/delta_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/hash.h"
#include "floor/mem.h"
#include "time/zone.h"
#include "value/json.h"
#include "value/list.h"
#include "value/value.h"
#include "io/file.h"
#include "types/cell.h"
#include "types/schema.h"
#include "parquet/parquet_write.h"
#include "delta/delta_log.h"

#define HELD_MOST (2 * PARQUET_WRITE_GROUP) /* bytes of rows, in all files */
#define FILE_MOST ((int64_t)512 << 20)      /* bytes, then another one begins */
#define SLOTS 64
#define NULL_PART "__HIVE_DEFAULT_PARTITION__"

/* A file; that of a partition which takes rows is in the hash. */
struct part {
	char *sub;                /* "day=1/", escaped as a directory; "" */
	char *values;             /* of the partition, JSON */
	char *path;               /* below the table's directory */
	struct parquet_writer *w; /* NULL: it has ended */
	int64_t bytes;
	uint64_t rows;
	struct buf stats;
	struct part *next;
};

struct delta_files {
	char *dir;
	enum codec codec;
	struct schema *table, *data; /* data: without the partition's columns */
	size_t nparts;
	size_t *part_at, *data_at; /* their places in the table */
	const struct value **v;
	struct part **all, **hash;
	size_t n, room, mask;
	struct part *last; /* that had a row */
	size_t held;
	bool keep;
	struct buf sub, tmp, cell;
};

void
delta_files_uuid(char out[37])
{
	unsigned char r[16];

	if (getrandom(r, sizeof(r), 0) != sizeof(r))
		memset(r, 0, sizeof(r));
	r[6] = (r[6] & 0x0f) | 0x40;
	r[8] = (r[8] & 0x3f) | 0x80;
	for (int i = 0, at = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		snprintf(out + at, 3, "%02x", r[i]);
		at += 2;
	}
}

static void
divide(struct delta_files *f, const struct list *parts)
{
	size_t n = f->table->n, i, k = 0;

	f->part_at = mem_zalloc((parts->n + 1) * sizeof(*f->part_at));
	f->data_at = mem_zalloc((n + 1) * sizeof(*f->data_at));
	f->v = mem_zalloc((n + 1) * sizeof(*f->v));
	f->data = schema_new();
	for (i = 0; i < parts->n; i++) {
		int at = schema_find(
			f->table, parts->s[i], strlen(parts->s[i]));

		if (at >= 0)
			f->part_at[f->nparts++] = (size_t)at;
	}
	for (i = 0; i < n; i++) {
		for (k = 0; k < f->nparts && f->part_at[k] != i;)
			k++;
		if (k < f->nparts)
			continue;
		f->data_at[f->data->n] = i;
		schema_add(f->data, f->table->f[i].name,
			type_copy(f->table->f[i].type));
	}
}

struct delta_files *
delta_files_new(const char *dir, const struct schema *table,
	const struct list *parts, enum codec codec, struct err *err)
{
	struct delta_files *f = mem_zalloc(sizeof(*f));

	f->dir = mem_dup(dir, strlen(dir));
	f->codec = codec;
	f->table = schema_copy(table);
	f->mask = SLOTS - 1;
	f->hash = mem_zalloc(SLOTS * sizeof(*f->hash));
	divide(f, parts);
	return f;
}

static void
part_path(struct delta_files *f, const struct part *p)
{
	buf_clear(&f->tmp);
	buf_printf(&f->tmp, "%s/%s", f->dir, p->path);
	buf_cstr(&f->tmp);
}

static void
free_part(struct delta_files *f, struct part *p)
{
	if (!f->keep) {
		part_path(f, p);
		unlink(f->tmp.p);
	}
	parquet_write_free(p->w);
	buf_release(&p->stats);
	free(p->sub);
	free(p->values);
	free(p->path);
	free(p);
}

void
delta_files_free(struct delta_files *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->n; i++)
		free_part(f, f->all[i]);
	free(f->all);
	free(f->hash);
	free(f->dir);
	free(f->part_at);
	free(f->data_at);
	free(f->v);
	schema_free(f->table);
	schema_free(f->data);
	buf_release(&f->sub);
	buf_release(&f->tmp);
	buf_release(&f->cell);
	free(f);
}

void
delta_files_keep(struct delta_files *f)
{
	f->keep = true;
}

/* ---- values of partitions ---- */

/* The text of a partition's value in f->cell; false: null. */
static bool
part_text(struct delta_files *f, const struct value *v)
{
	const char *p;
	size_t n;

	buf_clear(&f->cell);
	if (v == NULL || value_is_null(v))
		return false;
	if (v->type == VALUE_STRING) {
		p = value_string(v, &n, &f->tmp);
		buf_add(&f->cell, p, n);
	} else {
		value_print(v, &f->cell);
	}
	if (v->type != VALUE_STRING && f->cell.n > 1 && *f->cell.p == '"') {
		memmove(f->cell.p, f->cell.p + 1, f->cell.n - 2); /* a time */
		f->cell.n -= 2;
	}
	return f->cell.n > 0;
}

static int
check_text(struct delta_files *f, size_t at, struct err *err)
{
	const struct schema_field *k = &f->table->f[at];
	struct cell cell = {.s = f->cell.p, .n = f->cell.n};
	struct cell_rules rules = {.zone = zone_utc};
	struct buf type;
	struct value v;
	char show[80];
	bool fits;

	if (k->type == NULL || k->type->kind == TYPE_STRING)
		return 0;
	buf_clear(&f->tmp);
	buf_need(&f->tmp, CELL_ROOM(cell.n));
	fits = cell_value(&cell, k->type, &rules, &f->tmp, &v);
	if (fits)
		return 0;
	buf_init(&type);
	type_print(k->type, &type);
	err_set(err, "'%s' is no %s: %s", k->name, buf_cstr(&type),
		err_quote(show, sizeof(show), cell.s, cell.n));
	buf_release(&type);
	return 1;
}

/* As Hive and Spark spell directories. */
static void
hive(struct buf *out, const char *s, size_t n)
{
	static const char plain[] = "0123456789-_.,+@~ "
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x80 || (c != '\0' && strchr(plain, c) != NULL))
			buf_byte(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

/* The row's subdirectory in f->sub. */
static int
find_sub(struct delta_files *f, const struct value *const *values,
	struct err *err)
{
	buf_clear(&f->sub);
	for (size_t i = 0; i < f->nparts; i++) {
		size_t at = f->part_at[i];
		const char *name = f->table->f[at].name;
		int rc = 0;

		hive(&f->sub, name, strlen(name));
		buf_byte(&f->sub, '=');
		if (part_text(f, values[at])) {
			rc = check_text(f, at, err);
			hive(&f->sub, f->cell.p, f->cell.n);
		} else {
			buf_str(&f->sub, NULL_PART);
		}
		if (rc != 0)
			return rc;
		buf_byte(&f->sub, '/');
	}
	return 0;
}

static char *
part_values(struct delta_files *f, const struct value *const *values)
{
	struct buf out;
	char *copy;

	buf_init(&out);
	buf_byte(&out, '{');
	for (size_t i = 0; i < f->nparts; i++) {
		const char *name = f->table->f[f->part_at[i]].name;

		if (i > 0)
			buf_byte(&out, ',');
		json_quote(&out, name, strlen(name));
		buf_byte(&out, ':');
		if (part_text(f, values[f->part_at[i]]))
			json_quote(&out, f->cell.p, f->cell.n);
		else
			buf_str(&out, "null");
	}
	buf_byte(&out, '}');
	copy = mem_dup(out.p, out.n);
	buf_release(&out);
	return copy;
}

/* ---- files ---- */

static int
make_directories(struct delta_files *f, const char *sub, struct err *err)
{
	size_t begin = strlen(f->dir) + 1;

	buf_clear(&f->tmp);
	buf_printf(&f->tmp, "%s/%s", f->dir, sub);
	buf_cstr(&f->tmp);
	for (size_t i = begin; i < f->tmp.n; i++) {
		if (f->tmp.p[i] != '/')
			continue;
		f->tmp.p[i] = '\0';
		if (mkdir(f->tmp.p, 0777) < 0 && errno != EEXIST)
			return err_sys(err, "cannot make '%s'", f->tmp.p);
		f->tmp.p[i] = '/';
	}
	return 0;
}

static void
grow_hash(struct delta_files *f)
{
	struct part **old = f->hash;
	size_t mask = f->mask;

	f->mask = f->mask * 4 + 3;
	f->hash = mem_zalloc((f->mask + 1) * sizeof(*f->hash));
	for (size_t i = 0; i <= mask; i++)
		for (struct part *p = old[i], *next; p != NULL; p = next) {
			size_t at = hash_bytes(p->sub, strlen(p->sub)) &
				f->mask;

			next = p->next;
			p->next = f->hash[at];
			f->hash[at] = p;
		}
	free(old);
}

static struct part *
new_part(struct delta_files *f, const struct value *const *values,
	struct err *err)
{
	struct parquet_writer *w = parquet_write_new(f->data, f->codec, err);
	struct part *p;
	char uuid[37];

	if (w == NULL)
		return NULL;
	if (f->n == f->room) {
		f->room = f->room * 2 + 16;
		f->all = mem_realloc(f->all, f->room * sizeof(*f->all));
	}
	p = f->all[f->n] = mem_zalloc(sizeof(*p));
	p->w = w;
	p->sub = mem_dup(buf_cstr(&f->sub), f->sub.n);
	p->values = part_values(f, values);
	delta_files_uuid(uuid);
	buf_clear(&f->tmp);
	buf_printf(&f->tmp, "%spart-%05zu-%s-c000%s.parquet", p->sub, f->n,
		uuid, f->codec == CODEC_ZSTD ? ".zstd" : "");
	p->path = mem_dup(f->tmp.p, f->tmp.n);
	f->n++;
	return make_directories(f, p->sub, err) < 0 ? NULL : p;
}

static struct part *
find_part(struct delta_files *f, const struct value *const *values,
	struct err *err)
{
	size_t n = f->sub.n, at = hash_bytes(f->sub.p, n) & f->mask;
	struct part **p = &f->hash[at], *made;

	for (; *p != NULL; p = &(*p)->next)
		if (strlen((*p)->sub) == n &&
			memcmp((*p)->sub, f->sub.p, n) == 0)
			break;
	if (*p != NULL && (*p)->w != NULL)
		return *p;
	if (*p != NULL)
		*p = (*p)->next; /* that one is full */
	made = new_part(f, values, err);
	if (made == NULL)
		return NULL;
	made->next = f->hash[at];
	f->hash[at] = made;
	if (f->n > f->mask)
		grow_hash(f);
	return made;
}

/* Append what the writer has ready; at last, durably. */
static int
flush(struct delta_files *f, struct part *p, bool end, struct err *err)
{
	size_t n, done = 0;
	const char *from = parquet_write_take(p->w, &n);
	int fd, rc = 0;

	part_path(f, p);
	fd = open(f->tmp.p, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_sys(err, "cannot make '%s'", f->tmp.p);
	while (rc == 0 && done < n) {
		ssize_t k = write(fd, from + done, n - done);

		if (k >= 0)
			done += (size_t)k;
		else if (errno != EINTR)
			rc = err_sys(err, "cannot write '%s'", f->tmp.p);
	}
	if (rc == 0 && end && fsync(fd) < 0)
		rc = err_sys(err, "cannot write '%s'", f->tmp.p);
	if (close(fd) < 0 && rc == 0)
		rc = err_sys(err, "cannot write '%s'", f->tmp.p);
	p->bytes += (int64_t)n;
	return rc;
}

static int
end_part(struct delta_files *f, struct part *p, struct err *err)
{
	if (p->w == NULL)
		return 0;
	if (parquet_write_end(p->w, err) < 0 || flush(f, p, true, err) < 0)
		return -1;
	p->rows = parquet_write_rows(p->w);
	parquet_write_stats(p->w, &p->stats);
	parquet_write_free(p->w);
	p->w = NULL;
	if (f->last == p)
		f->last = NULL;
	return 0;
}

static int
end_group(struct delta_files *f, struct part *p, struct err *err)
{
	if (p->w == NULL || parquet_write_held(p->w) == 0)
		return 0;
	f->held -= parquet_write_held(p->w);
	if (parquet_write_group(p->w, err) < 0 || flush(f, p, false, err) < 0)
		return -1;
	return p->bytes >= FILE_MOST ? end_part(f, p, err) : 0;
}

static int
add_row(struct delta_files *f, struct part *p, struct err *err)
{
	size_t before = parquet_write_held(p->w);
	int rc = parquet_write_row(p->w, f->v, err);

	if (rc != 0)
		return rc;
	f->held += parquet_write_held(p->w) - before;
	if (parquet_write_held(p->w) >= PARQUET_WRITE_GROUP)
		return end_group(f, p, err);
	for (size_t i = 0; f->held >= HELD_MOST && i < f->n; i++)
		if (end_group(f, f->all[i], err) < 0)
			return -1;
	return 0;
}

int
delta_files_row(struct delta_files *f, const struct value *const *values,
	struct err *err)
{
	struct part *p = f->last;
	int rc;

	for (size_t i = 0; i < f->data->n; i++)
		f->v[i] = values[f->data_at[i]];
	if (f->nparts > 0 || p == NULL) {
		rc = find_sub(f, values, err);
		if (rc != 0)
			return rc;
		if (f->sub.p == NULL)
			buf_cstr(&f->sub);
		p = find_part(f, values, err);
		if (p == NULL)
			return -1;
		f->last = p;
	}
	return add_row(f, p, err);
}

/* A file's name is durable when its directory is, and those above it are. */
static int
sync_directories(struct delta_files *f, const struct part *p, struct err *err)
{
	struct buf path;
	char *slash;
	int rc = 0;

	buf_init(&path);
	buf_printf(&path, "%s/%s", f->dir, p->path);
	buf_cstr(&path);
	while (rc == 0 && (slash = strrchr(path.p, '/')) != NULL &&
		(size_t)(slash - path.p) >= strlen(f->dir)) {
		*slash = '\0';
		rc = file_sync_dir(path.p, err);
	}
	buf_release(&path);
	return rc;
}

int
delta_files_end(struct delta_files *f, struct err *err)
{
	for (size_t i = 0; i < f->n; i++)
		if (end_part(f, f->all[i], err) < 0)
			return -1;
	for (size_t i = 0; i < f->n; i++)
		if ((f->nparts > 0 || i == 0) &&
			sync_directories(f, f->all[i], err) < 0)
			return -1;
	return 0;
}

void
delta_files_actions(
	const struct delta_files *f, int64_t now_ms, struct buf *out)
{
	struct buf path;

	buf_init(&path);
	for (size_t i = 0; i < f->n; i++) {
		const struct part *p = f->all[i];

		if (p->rows == 0)
			continue;
		buf_clear(&path);
		delta_log_escape(p->path, &path);
		buf_str(out, "{\"add\":{\"path\":");
		json_quote(out, path.p, path.n);
		buf_printf(out,
			",\"partitionValues\":%s,\"size\":%lld,"
			"\"modificationTime\":%lld,\"dataChange\":true,"
			"\"stats\":",
			p->values, (long long)p->bytes, (long long)now_ms);
		json_quote(out, p->stats.p, p->stats.n);
		buf_str(out, "}}\n");
	}
	buf_release(&path);
}

uint64_t
delta_files_rows(const struct delta_files *f)
{
	uint64_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += f->all[i]->rows;
	return n;
}

uint64_t
delta_files_bytes(const struct delta_files *f)
{
	uint64_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += (uint64_t)f->all[i]->bytes;
	return n;
}

uint64_t
delta_files_count(const struct delta_files *f)
{
	uint64_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += f->all[i]->rows > 0;
	return n;
}
