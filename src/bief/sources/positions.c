/*
 * positions: see positions.h. What is read back was written by us, but perhaps
 * not all of it reached the disk, so each number and name is checked.
 */
#include "sources/positions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/file.h"
#include "recovery/numbers.h"
#include "sources/files/files.h"
#include "value/json.h"
#include "value/value.h"
#include "sources/files/files.h"
#include "floor/mem.h"

#define KEPT 1000 /* files up to which a log is not worth shortening */

void
positions_init(struct positions *p)
{
	memset(p, 0, sizeof(*p));
	place_init(&p->place);
	p->last = p->whole = -1;
}

int
positions_open(struct positions *p, const char *checkpoint, const char *id,
	struct err *err)
{
	return place_lock(&p->place, checkpoint, "files", id, NULL, err);
}

void
positions_close(struct positions *p)
{
	place_release(&p->place);
}

static void
print_name(struct buf *out, const char *s, size_t n)
{
	struct buf b;
	size_t i;

	if (json_utf8(s, n)) {
		json_quote(out, s, n);
		return;
	}
	buf_init(&b);
	buf_byte(&b, '\0');
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x80)
			buf_byte(&b, (char)(0xc0 | c >> 6));
		buf_byte(&b, (char)(c < 0x80 ? c : 0x80 | (c & 0x3f)));
	}
	json_quote(out, b.p, b.n);
	buf_release(&b);
}

/* Append what print_name wrote. */
static void
read_name(struct buf *out, const struct value *v)
{
	struct buf b;
	size_t i;

	buf_init(&b);
	json_unquote(&b, v->s, v->n);
	if (b.n == 0 || b.p[0] != '\0')
		buf_add(out, b.p, b.n);
	for (i = 1; b.n > 0 && b.p[0] == '\0' && i < b.n; i++) {
		unsigned char c = (unsigned char)b.p[i];

		if (c >= 0x80 && i + 1 < b.n)
			c = (unsigned char)(c << 6 | (b.p[++i] & 0x3f));
		buf_byte(out, (char)c);
	}
	buf_release(&b);
}

static size_t
directory_length(const char *path)
{
	return (size_t)(strrchr(path, '/') + 1 - path);
}

/* The end of a directory: what its files are known by. */
static void
end_directory(struct buf *out, struct buf *inodes)
{
	if (inodes->n > 0) {
		buf_str(out, "},\"inodes\":{");
		buf_add(out, inodes->p, inodes->n);
	}
	buf_clear(inodes);
	buf_str(out, "}}");
}

static void
print_inode(const struct file *file, const char *name, struct buf *out)
{
	if (file->found_inode == 0)
		return;
	if (out->n > 0)
		buf_byte(out, ',');
	print_name(out, name, strlen(name));
	buf_printf(out, ":[%lld,%lld]", (long long)file->found_inode,
		(long long)file->born_ns);
}

/* Files from the i-th one done on. */
static void
print_piece(const struct files *f, size_t i, int64_t after, bool whole,
	struct buf *out)
{
	const struct file *file;
	const char *last = NULL, *path;
	struct buf inodes;
	size_t n = 0, m;

	buf_init(&inodes);

	buf_printf(out, "{\"after\":%lld,%s\"done\":[", (long long)after,
		whole ? "\"whole\":true," : "");
	for (; (file = files_nth_done(f, i)) != NULL; i++) {
		path = file->path;
		m = directory_length(path);
		if (!last || m != n || memcmp(last, path, n) != 0) {
			if (last) {
				end_directory(out, &inodes);
				buf_byte(out, ',');
			}
			buf_str(out, "{\"in\":");
			print_name(out, path, m);
			buf_str(out, ",\"files\":{");
			last = path;
			n = m;
		} else {
			buf_byte(out, ',');
		}
		print_name(out, path + n, strlen(path + n));
		buf_printf(out, ":%lld", (long long)file->mtime_ns);
		print_inode(file, path + n, &inodes);
	}
	if (last)
		end_directory(out, &inodes);
	buf_str(out, "]}");
	buf_release(&inodes);
}

static void
print_identity(const struct file *at, struct buf *out)
{
	if (at->start == 0)
		return;
	if (at->id.birth_ns != 0)
		buf_printf(out, ",\"birth\":%lld", (long long)at->id.birth_ns);
	if (at->id.sums)
		buf_printf(out, ",\"head\":%u,\"tail\":%u", at->id.head,
			at->id.tail);
}

static void
print_position(const struct positions *p, const struct files *f,
	const struct file *at, struct buf *out)
{
	buf_printf(out, "{\"log\":%lld", (long long)p->last);
	if (files_forgotten(f) != INT64_MIN)
		buf_printf(
			out, ",\"since\":%lld", (long long)files_forgotten(f));
	if (at) {
		buf_str(out, ",\"at\":{\"file\":");
		print_name(out, at->path, strlen(at->path));
		buf_printf(out, ",\"time\":%lld,\"offset\":%llu",
			(long long)at->mtime_ns, (unsigned long long)at->start);
		if (at->inode != 0)
			buf_printf(
				out, ",\"inode\":%lld", (long long)at->inode);
		print_identity(at, out);
		buf_str(out, at->cut ? ",\"cut\":true}" : "}");
	}
	buf_byte(out, '}');
}

void
positions_logged(struct files *f)
{
	size_t i = files_count_done(f);

	while (i > 0 && !files_nth_done(f, i - 1)->logged)
		files_nth_done(f, --i)->logged = true;
}

/* Write a piece of the log: the files from the i-th one done on. */
static int
write_piece(struct positions *p, const struct files *f, size_t i, int64_t batch,
	struct err *err)
{
	size_t n = files_count_done(f);
	struct buf b;
	char name[40];
	bool whole;
	int rc;

	p->nsince += (int64_t)(n - i);
	whole = p->nsince > KEPT && p->nsince > p->nwhole;
	buf_init(&b);
	print_piece(f, whole ? 0 : i, p->last, whole, &b);
	snprintf(name, sizeof(name), "%lld.files", (long long)batch);
	rc = file_save(p->place.dir, name, "files", b.p, b.n, err);
	buf_release(&b);
	p->last = batch;
	if (rc < 0 || !whole)
		return rc;
	/* Positions are kept for so many batches; none of them needs what is
	 * older than the whole piece before. */
	if (p->whole <= batch - NUMBERS_KEEP)
		rc = numbers_clean(&p->place, "files", p->whole, err);
	p->whole = batch;
	p->nwhole = (int64_t)n;
	p->nsince = 0;
	return rc;
}

int
positions_mark(struct positions *p, struct files *f, const struct file *at,
	int64_t batch, struct buf *out, struct err *err)
{
	size_t n = files_count_done(f), i = n;

	while (i > 0 && !files_nth_done(f, i - 1)->logged)
		i--;
	if (i < n && write_piece(p, f, i, batch, err) < 0)
		return -1;
	positions_logged(f);
	print_position(p, f, at, out);
	return 0;
}

/* Reading. */

static int
damaged(struct err *err)
{
	return err_as(
		err, STATUS_DAMAGED, "the position of the files is damaged");
}

static int
get_int(const struct value *object, const char *name, int64_t *out)
{
	struct value v;

	if (!json_get(object, name, strlen(name), &v))
		return 0;
	v = value_number(&v, false);
	if (v.type != VALUE_INT)
		return -1;
	*out = v.i;
	return 0;
}

/* What read_name gave can be the path of a file. */
static bool
is_path(const struct buf *b)
{
	return b->n > 1 && b->p[0] == '/' && b->p[b->n - 1] != '/' &&
		memchr(b->p, '\0', b->n) == NULL;
}

/* The file that was being read. */
struct at {
	bool there;
	struct buf path;
	int64_t time, offset, inode;
	struct identity id;
	bool cut;
};

struct position {
	int64_t log, since;
	struct at at;
};

static int
read_identity(const struct value *at, struct identity *id)
{
	struct value v;
	int64_t head = 0, tail = 0;

	id->sums = json_get(at, "head", 4, &v);
	if (get_int(at, "birth", &id->birth_ns) < 0 ||
		get_int(at, "head", &head) < 0 ||
		get_int(at, "tail", &tail) < 0)
		return -1;
	id->head = (uint32_t)head;
	id->tail = (uint32_t)tail;
	return 0;
}

static int
read_at(const struct value *object, struct at *at)
{
	struct value v, file;

	if (!json_get(object, "at", 2, &v))
		return 0;
	if (v.type != VALUE_OBJECT || !json_get(&v, "file", 4, &file) ||
		file.type != VALUE_STRING ||
		get_int(&v, "time", &at->time) < 0 ||
		get_int(&v, "offset", &at->offset) < 0 || at->offset < 0 ||
		get_int(&v, "inode", &at->inode) < 0 ||
		read_identity(&v, &at->id) < 0)
		return -1;
	read_name(&at->path, &file);
	at->cut = json_get(&v, "cut", 3, &file);
	at->there = true;
	return is_path(&at->path) ? 0 : -1;
}

static int
read_position(const char *text, struct position *pos, struct err *err)
{
	struct json_error e;
	struct value v;
	struct buf b;
	size_t n = strlen(text);
	int rc = -1;

	memset(pos, 0, sizeof(*pos));
	buf_init(&pos->at.path);
	pos->log = -1;
	pos->since = INT64_MIN;
	buf_init(&b);
	buf_add(&b, text, n);
	buf_need(&b, JSON_PADDING);
	if (json_read(b.p, b.p + n, 0, &v, &e) && v.type == VALUE_OBJECT &&
		get_int(&v, "log", &pos->log) == 0 &&
		get_int(&v, "since", &pos->since) == 0 &&
		read_at(&v, &pos->at) == 0)
		rc = 0;
	buf_release(&b);
	return rc == 0 ? 0 : damaged(err);
}

/* [INODE,BIRTH_NS] of the file at a path. */
static int
read_inode(struct files *f, size_t *from, const char *path,
	const struct value *pair)
{
	struct value name, v[2];
	struct json_iter it;

	if (pair->type != VALUE_ARRAY)
		return -1;
	json_iter(&it, pair);
	for (int i = 0; i < 2; i++) {
		if (!json_next(&it, &name, &v[i]))
			return -1;
		v[i] = value_number(&v[i], false);
		if (v[i].type != VALUE_INT)
			return -1;
	}
	files_was_found(f, from, path, v[0].i, v[1].i);
	return 0;
}

/* What the files of a directory, of n bytes in b, are known by; those that are
 * done stand from the from-th on. */
static int
read_inodes(struct files *f, const struct value *dir, size_t *from, size_t n,
	struct buf *b)
{
	struct value inodes, name, pair;
	struct json_iter it;

	if (!json_get(dir, "inodes", 6, &inodes))
		return 0;
	if (inodes.type != VALUE_OBJECT)
		return -1;
	json_iter(&it, &inodes);
	while (json_next(&it, &name, &pair)) {
		b->n = n;
		read_name(b, &name);
		if (!is_path(b) || read_inode(f, from, buf_cstr(b), &pair) < 0)
			return -1;
	}
	return 0;
}

/* One directory of a piece. */
static int
read_directory(
	struct files *f, const struct value *dir, bool again, struct buf *b)
{
	struct value in, files, name, time;
	struct json_iter it;
	size_t n, from = files_count_done(f);

	if (dir->type != VALUE_OBJECT || !json_get(dir, "in", 2, &in) ||
		in.type != VALUE_STRING || !json_get(dir, "files", 5, &files) ||
		files.type != VALUE_OBJECT)
		return -1;
	buf_clear(b);
	read_name(b, &in);
	n = b->n;
	if (n == 0 || b->p[n - 1] != '/')
		return -1;
	json_iter(&it, &files);
	while (json_next(&it, &name, &time)) {
		time = value_number(&time, false);
		b->n = n;
		read_name(b, &name);
		if (time.type != VALUE_INT || !is_path(b))
			return -1;
		if (again)
			files_again(f, buf_cstr(b), time.i);
		else
			files_was_done(f, buf_cstr(b), time.i);
	}
	return read_inodes(f, dir, again ? NULL : &from, n, b);
}

int
positions_piece(struct files *f, const char *text, size_t n, bool again,
	struct err *err)
{
	struct json_error e;
	struct value v, list, dir, none;
	struct json_iter it;
	struct buf b;
	int rc = 0;

	if (!json_read(text, text + n, 0, &v, &e) || v.type != VALUE_OBJECT ||
		!json_get(&v, "done", 4, &list) || list.type != VALUE_ARRAY)
		return damaged(err);
	buf_init(&b);
	json_iter(&it, &list);
	while (rc == 0 && json_next(&it, &none, &dir))
		rc = read_directory(f, &dir, again, &b);
	buf_release(&b);
	return rc == 0 ? 0 : damaged(err);
}

/* A piece of the log, read and not yet applied. */
struct piece {
	struct buf text;
	int64_t after; /* the number of the one before; -1 none */
	bool whole;
};

static int
load_piece(const struct positions *p, int64_t number, struct piece *piece,
	struct err *err)
{
	struct json_error e;
	struct value v, whole;
	char name[40];
	int rc;

	snprintf(name, sizeof(name), "%lld.files", (long long)number);
	rc = file_load(p->place.dir, name, "files", &piece->text, err);
	if (rc > 0)
		return err_as(err, STATUS_DAMAGED, "'%s/%s' is missing",
			p->place.dir, name);
	if (rc < 0)
		return -1;
	buf_need(&piece->text, JSON_PADDING);
	piece->after = -1;
	if (!json_read(
		    piece->text.p, piece->text.p + piece->text.n, 0, &v, &e) ||
		v.type != VALUE_OBJECT ||
		get_int(&v, "after", &piece->after) < 0 ||
		piece->after >= number)
		return damaged(err);
	piece->whole = json_get(&v, "whole", 5, &whole);
	return 0;
}

/* The pieces of the log behind one number, up to another; again: for a batch
 * that is run again, else those that make up what was done. */
static int
read_log(struct positions *p, struct files *f, int64_t from, int64_t to,
	bool again, struct err *err)
{
	struct piece *pieces = NULL, *piece;
	size_t n = 0, i;
	int rc = 0;

	while (rc == 0 && to > from) {
		pieces = mem_realloc(pieces, (n + 1) * sizeof(*pieces));
		piece = &pieces[n++];
		memset(piece, 0, sizeof(*piece));
		buf_init(&piece->text);
		rc = load_piece(p, to, piece, err);
		if (rc == 0 && piece->whole && !again) {
			p->whole = to;
			break;
		}
		to = piece->after;
	}
	for (i = n; i-- > 0;) {
		if (rc == 0)
			rc = positions_piece(f, pieces[i].text.p,
				pieces[i].text.n, again, err);
		if (!again && pieces[i].whole)
			p->nwhole = (int64_t)files_count_done(f);
		buf_release(&pieces[i].text);
	}
	free(pieces);
	return rc;
}

static struct file *
take_at(struct files *f, struct at *at)
{
	return files_again(f, buf_cstr(&at->path), at->time);
}

static int
seek_from(struct positions *p, struct files *f, struct position *from,
	struct err *err)
{
	struct file *file;

	files_set_forgotten(f, from->since);
	p->last = from->log;
	if (read_log(p, f, -1, from->log, false, err) < 0)
		return -1;
	p->nsince = (int64_t)files_count_done(f) - p->nwhole;
	positions_logged(f);
	if (!from->at.there)
		return 0;
	file = take_at(f, &from->at);
	file->start = (uint64_t)from->at.offset;
	file->inode = (uint64_t)from->at.inode;
	file->cut = from->at.cut;
	file->id = from->at.id;
	return 0;
}

static int
seek_to(struct positions *p, struct files *f, const struct position *from,
	struct position *to, struct err *err)
{
	struct file *file;

	p->last = to->log;
	if (to->log > from->log &&
		read_log(p, f, from->log, to->log, true, err) < 0)
		return -1;
	if (!to->at.there)
		return 0;
	file = take_at(f, &to->at);
	file->end = (uint64_t)to->at.offset;
	file->end_inode = (uint64_t)to->at.inode;
	return 0;
}

int
positions_seek(struct positions *p, struct files *f, const char *from,
	const char *to, struct err *err)
{
	struct position a = {.log = -1, .since = INT64_MIN}, b = a;
	int rc = -1;

	files_reset(f);
	p->last = p->whole = -1;
	p->nwhole = p->nsince = 0;
	buf_init(&a.at.path);
	buf_init(&b.at.path);
	if ((!from || read_position(from, &a, err) == 0) &&
		seek_from(p, f, &a, err) == 0 &&
		(!to ||
			(read_position(to, &b, err) == 0 &&
				seek_to(p, f, &a, &b, err) == 0)))
		rc = 0;
	buf_release(&a.at.path);
	buf_release(&b.at.path);
	return rc;
}
