/*
 * outdir: directories of batches, see outdir.h. Every step is durable before
 * the next one begins: files, their names, the log's entry.
 */
#include "sinks/outdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/hash.h"
#include "floor/mem.h"
#include "text/number.h"
#include "time/time.h"
#include "value/json.h"
#include "value/value.h"
#include "io/file.h"

#define LOG "_bief_log"
#define VERSION '2'
#define CHECKSUM 22 /* bytes of {"crc32c":"12345678"} and LF */
/* Bytes of a file that are gathered, and of all of them. */
#define FLUSH ((size_t)64 << 10)
#define FLUSH_ALL ((size_t)64 << 20)

struct outfile {
	char *sub; /* the subdirectory; "" is none */
	size_t nsub;
	struct buf text; /* not yet written */
	size_t counted;  /* bytes of it that the directory has counted */
	uint64_t bytes, records;
	bool begun;           /* the temporary file is this batch's */
	struct outfile *next; /* of the same hash */
	void *tag;            /* of the caller */
};

struct outdir {
	struct outdir_options o;
	int fd;                   /* of the directory */
	size_t most;              /* bytes of a name in it */
	int64_t seq;              /* of the next entry of the log */
	int64_t newest;           /* batch in the log under the identity; -1 */
	char stamp[TIME_MAX + 2]; /* in the names of the batch's files */
	struct outfile **files;   /* of the batch, in order of appearance */
	size_t n, room;
	struct outfile **hash;
	size_t mask;
	size_t bytes; /* gathered */
	bool written;
	struct buf name;
};

static int
in_directory(const struct outdir *d, struct err *err)
{
	char path[200];

	err_quote(path, sizeof path, d->o.path, strlen(d->o.path));
	return err_in(err, "directory '%s'", path);
}

/* The name of a file, final or temporary; lives until the next call. */
static const char *
file_name(struct outdir *d, const struct outfile *f, bool temporary)
{
	buf_clear(&d->name);
	if (f->nsub > 0)
		buf_printf(&d->name, "%s/", f->sub);
	buf_printf(&d->name,
		temporary ? ".part-%05lld%s%s.tmp" : "part-%05lld%s%s",
		(long long)d->seq, d->stamp, d->o.suffix);
	return buf_cstr(&d->name);
}

/* As ISO 8601 has it without hyphens and colons. */
void
outdir_stamp(struct outdir *d, int64_t time_us)
{
	char text[TIME_MAX], *to = d->stamp;
	size_t n = time_format_iso(time_us, text);

	*to++ = '-';
	for (size_t i = 0; i < n; i++)
		if (text[i] != ':' && (text[i] != '-' || i == 0))
			*to++ = text[i];
	*to = '\0';
}

static int
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t got = write(fd, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

static int
sync_directory(struct outdir *d, const char *name, struct err *err)
{
	int fd = openat(d->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = fd < 0 ? -1 : fsync(fd);

	if (ret != 0)
		err_sys(err, "cannot sync '%s'", name);
	if (fd >= 0)
		close(fd);
	return ret;
}

/* Make the subdirectory of a file and those above it. */
static int
make_directories(struct outdir *d, const struct outfile *f, struct err *err)
{
	char *path = mem_dup(f->sub, f->nsub), *slash;
	int ret = 0;

	for (slash = path; ret == 0 && slash != NULL;) {
		slash = strchr(slash, '/');
		if (slash != NULL)
			*slash = '\0';
		if (mkdirat(d->fd, path, 0777) < 0 && errno != EEXIST)
			ret = err_sys(err, "cannot make '%s'", path);
		if (slash != NULL)
			*slash++ = '/';
	}
	free(path);
	return ret;
}

/* Append what is gathered to the temporary file. */
static int
flush(struct outdir *d, struct outfile *f, struct err *err)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC |
		(f->begun ? O_APPEND : O_TRUNC);
	const char *name;
	int fd, ret;

	if (!f->begun && f->nsub > 0 && make_directories(d, f, err) < 0)
		return -1;
	name = file_name(d, f, true);
	fd = openat(d->fd, name, flags, 0666);
	if (fd < 0)
		return err_sys(err, "cannot make '%s'", name);
	f->begun = true;
	ret = write_all(fd, f->text.p, f->text.n);
	if (ret != 0)
		err_sys(err, "cannot write '%s'", name);
	if (close(fd) < 0 && ret == 0)
		ret = err_sys(err, "cannot write '%s'", name);
	d->bytes -= f->counted;
	f->counted = 0;
	f->bytes += f->text.n;
	buf_clear(&f->text);
	return ret;
}

/* Replace a file of the log: write a temporary, sync, rename, sync.  An entry
 * that is there is another writer's. */
static int
put_log(struct outdir *d, const char *name, const struct buf *text,
	bool replace, struct err *err)
{
	static const char tmp[] = LOG "/.tmp";
	int fd = openat(
		d->fd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int ret;

	if (fd < 0)
		return err_sys(err, "cannot make '%s'", tmp);
	ret = write_all(fd, text->p, text->n) < 0 || fsync(fd) < 0
		? err_sys(err, "cannot write '%s'", tmp)
		: 0;
	if (close(fd) < 0 && ret == 0)
		ret = err_sys(err, "cannot write '%s'", tmp);
	if (ret == 0 && !replace && faccessat(d->fd, name, F_OK, 0) == 0)
		ret = err_set(err, "'%s' is there: another program writes here",
			name);
	if (ret == 0 && renameat(d->fd, tmp, d->fd, name) < 0)
		ret = err_sys(err, "cannot rename '%s' to '%s'", tmp, name);
	return ret == 0 ? sync_directory(d, LOG, err) : -1;
}

/* Read a file of the log. */
static int
get_log(struct outdir *d, const char *name, struct buf *text, struct err *err)
{
	int fd = openat(d->fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t got = 1;

	if (fd < 0)
		return err_sys(err, "cannot open '%s'", name);
	while (got > 0) {
		got = read(fd, buf_need(text, FLUSH), FLUSH);
		if (got > 0)
			text->n += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	if (got < 0)
		err_sys(err, "cannot read '%s'", name);
	close(fd);
	return (int)got;
}

/* The number of the newest entry, or -1. */
static int
newest_entry(struct outdir *d, int64_t *newest, struct err *err)
{
	int fd = openat(d->fd, LOG, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;
	int64_t i;
	DIR *dir;

	*newest = -1;
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return err_sys(err, "cannot read '%s'", LOG);
	}
	while ((e = readdir(dir)) != NULL)
		if (strspn(e->d_name, "0123456789") == strlen(e->d_name) &&
			number_int(e->d_name, strlen(e->d_name), &i) == 0 &&
			i > *newest)
			*newest = i;
	closedir(dir);
	return 0;
}

/* Its last line, with the checksum of those before it. */
static void
print_checksum(const char *p, size_t n, char line[CHECKSUM + 1])
{
	snprintf(line, CHECKSUM + 1, "{\"crc32c\":\"%08x\"}\n",
		file_checksum(p, n));
}

/* What an entry says; its first line is *head. */
static int
parse_entry(
	struct buf *text, const char *name, struct value *head, struct err *err)
{
	struct value version;
	struct json_error why;
	char line[CHECKSUM + 1];
	const char *lf;

	buf_need(text, JSON_PADDING);
	lf = memchr(text->p, '\n', text->n);
	if (lf == NULL || json_read(text->p, lf, 0, head, &why) != lf ||
		!json_get(head, "version", 7, &version))
		return err_as(err, STATUS_DAMAGED,
			"'%s' is damaged: its first line does not tell the "
			"batch",
			name);
	if (version.n != 1 || *version.s != VERSION)
		return err_as(err, STATUS_DAMAGED,
			"'%s' was written by another version: this one is %c",
			name, VERSION);
	if (text->n >= CHECKSUM)
		print_checksum(text->p, text->n - CHECKSUM, line);
	if (text->n < CHECKSUM ||
		memcmp(text->p + text->n - CHECKSUM, line, CHECKSUM) != 0)
		return err_as(err, STATUS_DAMAGED,
			"'%s' is damaged: its checksum does not fit", name);
	return 0;
}

/* The batch that an entry tells of, if it is of this checkpoint. */
static int
read_entry(struct outdir *d, int64_t entry, struct err *err)
{
	struct value head, identity, batch;
	struct buf text;
	char name[40];
	int ret;

	snprintf(name, sizeof name, LOG "/%010lld", (long long)entry);
	buf_init(&text);
	ret = get_log(d, name, &text, err);
	if (ret == 0)
		ret = parse_entry(&text, name, &head, err);
	if (ret == 0 && d->o.identity != NULL &&
		json_get(&head, "checkpoint", 10, &identity) &&
		json_get(&head, "batch", 5, &batch) &&
		identity.type == VALUE_STRING &&
		identity.n == strlen(d->o.identity) &&
		memcmp(identity.s, d->o.identity, identity.n) == 0) {
		batch = value_number(&batch, false);
		d->newest = batch.type == VALUE_INT ? batch.i : -1;
	}
	buf_release(&text);
	return ret;
}

static int
lost(const struct outdir *d, struct err *err)
{
	if (d->o.lost != NULL)
		*d->o.lost = true;
	return err_as(err, STATUS_DAMAGED,
		"what the checkpoint has committed to it, up to batch %lld, is "
		"gone: put it back, or start with a new checkpoint",
		(long long)d->o.committed);
}

/* Whose directory is it? */
static int
check_identity(struct outdir *d, int64_t newest, struct err *err)
{
	struct buf text, want;
	bool there = faccessat(d->fd, LOG "/checkpoint", F_OK, 0) == 0, same;
	int ret;

	if (d->o.identity == NULL)
		return there
			? err_as(err, STATUS_USAGE,
				  "it belongs to a pipeline with a checkpoint, and this "
				  "one has none: take another one, or give the source "
				  "its --checkpoint")
			: 0;
	buf_init(&text);
	buf_init(&want);
	buf_printf(&want, "%s\n", d->o.identity);
	ret = there ? get_log(d, LOG "/checkpoint", &text, err) : 0;
	same = text.n == want.n && memcmp(buf_cstr(&text), want.p, want.n) == 0;
	if (ret == 0 && d->o.committed >= 0 && (!same || newest < d->o.entry))
		ret = lost(d, err);
	if (ret == 0 && there && !same && !d->o.told)
		ret = err_as(err, STATUS_DAMAGED,
			"it belongs to another checkpoint: take another one, "
			"or say --mode append to write to it all the same");
	if (ret == 0 && !there && newest >= 0 && !d->o.told)
		ret = err_as(err, STATUS_USAGE,
			"it has batches already, which are not of this "
			"checkpoint: take another one, or say --mode append to "
			"add to them");
	if (ret == 0 && !same)
		ret = put_log(d, LOG "/checkpoint", &want, true, err);
	buf_release(&text);
	buf_release(&want);
	return ret;
}

/* part-00000.json */
static bool
is_part(const struct outdir *d, const char *name)
{
	size_t digits;

	if (strncmp(name, "part-", 5) != 0)
		return false;
	digits = strspn(name + 5, "0123456789");
	return digits > 0 && strcmp(name + 5 + digits, d->o.suffix) == 0;
}

/* Where there is no log, files of our names are not ours; in subdirectories
 * FIELD=VALUE too. */
static int
check_foreign(struct outdir *d, int at, const char *path, struct err *err)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return errno == ENOTDIR
			? 0
			: err_sys(err, "cannot read '%s'", path);
	}
	while (ret == 0 && (e = readdir(dir)) != NULL)
		if (is_part(d, e->d_name))
			ret = err_as(err, STATUS_USAGE,
				"there is a file '%s', but no log that tells of "
				"it: take another directory, or move the file "
				"away",
				e->d_name);
		else if (strchr(e->d_name, '=') != NULL)
			ret = check_foreign(d, dirfd(dir), e->d_name, err);
	closedir(dir);
	return ret;
}

/* Make what is not there, durably: commits will rely on it. */
static int
take_directory(struct outdir *d, struct err *err)
{
	struct stat s;
	bool made;
	long most;

	if (d->o.entry >= 0 && stat(d->o.path, &s) < 0 && errno == ENOENT)
		return lost(d, err);
	made = mkdir(d->o.path, 0777) == 0;
	if (!made && errno != EEXIST)
		return err_sys(err, "cannot make it");
	d->fd = open(d->o.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0)
		return err_sys(err, "cannot open it");
	most = fpathconf(d->fd, _PC_NAME_MAX);
	d->most = most > 0 ? (size_t)most : NAME_MAX;
	if (made && sync_directory(d, "..", err) < 0)
		return -1;
	if (d->o.entry >= 0 && faccessat(d->fd, LOG, F_OK, 0) < 0)
		return lost(d, err);
	if (faccessat(d->fd, LOG, F_OK, 0) < 0 &&
		check_foreign(d, d->fd, ".", err) < 0)
		return -1;
	made = mkdirat(d->fd, LOG, 0777) == 0;
	if (!made && errno != EEXIST)
		return err_sys(err, "cannot make '%s'", LOG);
	return made ? sync_directory(d, ".", err) : 0;
}

struct outdir *
outdir_open(const struct outdir_options *o, struct err *err)
{
	struct outdir *d = mem_zalloc(sizeof *d);
	int64_t entry;

	d->o = *o;
	d->fd = -1;
	d->newest = -1;
	d->mask = 63;
	d->hash = mem_zalloc((d->mask + 1) * sizeof *d->hash);
	buf_init(&d->name);
	if (take_directory(d, err) < 0 || newest_entry(d, &entry, err) < 0 ||
		check_identity(d, entry, err) != 0 ||
		(entry >= 0 && read_entry(d, entry, err) != 0))
		goto failed;
	d->seq = entry + 1;
	return d;
failed:
	in_directory(d, err);
	outdir_close(d);
	return NULL;
}

/* Forget the batch's files. */
static void
outdir_forget(struct outdir *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		struct outfile *f = d->files[i];

		if (f->begun)
			unlinkat(d->fd, file_name(d, f, true), 0);
		buf_release(&f->text);
		free(f->sub);
		free(f);
	}
	memset(d->hash, 0, (d->mask + 1) * sizeof *d->hash);
	d->n = 0;
	d->bytes = 0;
	d->written = false;
}

void
outdir_close(struct outdir *d)
{
	if (d == NULL)
		return;
	outdir_forget(d);
	if (d->fd >= 0)
		close(d->fd);
	free(d->files);
	free(d->hash);
	buf_release(&d->name);
	free(d);
}

bool
outdir_has(const struct outdir *d, int64_t batch)
{
	return d->o.identity != NULL && batch <= d->newest;
}

static void
hash_grow(struct outdir *d)
{
	size_t i;

	d->mask = d->mask * 4 + 3;
	free(d->hash);
	d->hash = mem_zalloc((d->mask + 1) * sizeof *d->hash);
	for (i = 0; i < d->n; i++) {
		struct outfile *f = d->files[i];
		size_t at = hash_bytes(f->sub, f->nsub) & d->mask;

		f->next = d->hash[at];
		d->hash[at] = f;
	}
}

struct outfile *
outdir_file(struct outdir *d, const char *sub, size_t n, bool *made)
{
	size_t at = hash_bytes(sub, n) & d->mask;
	struct outfile *f;

	*made = false;
	for (f = d->hash[at]; f != NULL; f = f->next)
		if (f->nsub == n && memcmp(f->sub, sub, n) == 0)
			return f;
	*made = true;
	if (d->n == d->room) {
		d->room = d->room * 2 + 16;
		d->files = mem_realloc(d->files, d->room * sizeof *d->files);
	}
	f = mem_zalloc(sizeof *f);
	f->sub = mem_dup(sub, n);
	f->nsub = n;
	buf_init(&f->text);
	d->files[d->n++] = f;
	f->next = d->hash[at];
	d->hash[at] = f;
	if (d->n > d->mask)
		hash_grow(d);
	return f;
}

size_t
outdir_most(const struct outdir *d)
{
	return d->most;
}

struct buf *
outdir_text(struct outfile *f)
{
	return &f->text;
}

void **
outdir_tag(struct outfile *f)
{
	return &f->tag;
}

int
outdir_added(struct outdir *d, struct outfile *f, struct err *err)
{
	return outdir_gathered(d, f, true, err);
}

int
outdir_gathered(
	struct outdir *d, struct outfile *f, bool record, struct err *err)
{
	size_t i;

	f->records += record;
	d->bytes += f->text.n - f->counted;
	f->counted = f->text.n;
	if (f->text.n >= FLUSH && flush(d, f, err) < 0)
		return in_directory(d, err);
	if (d->bytes < FLUSH_ALL)
		return 0;
	for (i = 0; i < d->n; i++)
		if (d->files[i]->text.n > 0 && flush(d, d->files[i], err) < 0)
			return in_directory(d, err);
	return 0;
}

int
outdir_write(struct outdir *d, struct err *err)
{
	const char *name;
	size_t i;
	int fd, ret;

	for (i = 0; i < d->n; i++) {
		struct outfile *f = d->files[i];

		if (flush(d, f, err) < 0)
			return in_directory(d, err);
		name = file_name(d, f, true);
		fd = openat(d->fd, name, O_WRONLY | O_CLOEXEC);
		ret = fd < 0 ? -1 : fsync(fd);
		if (ret != 0)
			err_sys(err, "cannot sync '%s'", name);
		if (fd >= 0)
			close(fd);
		if (ret != 0)
			return in_directory(d, err);
	}
	d->written = d->n > 0;
	return 0;
}

/* Give a file its name, durably. */
static int
publish(struct outdir *d, struct outfile *f, struct err *err)
{
	char *tmp, *slash;
	const char *name;
	int ret;

	name = file_name(d, f, true);
	tmp = mem_dup(name, strlen(name));
	name = file_name(d, f, false);
	ret = renameat(d->fd, tmp, d->fd, name);
	if (ret != 0)
		err_sys(err, "cannot rename '%s' to '%s'", tmp, name);
	free(tmp);
	if (ret != 0)
		return -1;
	f->begun = false;
	if (f->nsub == 0)
		return 0;
	/* the entry in the directory, that directory's in the one above ... */
	tmp = mem_dup(f->sub, f->nsub);
	do {
		ret = sync_directory(d, tmp, err);
		slash = strrchr(tmp, '/');
		if (slash != NULL)
			*slash = '\0';
	} while (ret == 0 && slash != NULL);
	free(tmp);
	return ret;
}

static void
print_entry(struct outdir *d, int64_t batch, struct buf *text)
{
	char line[CHECKSUM + 1];
	size_t i;

	buf_printf(text, "{\"version\":%c,\"checkpoint\":", VERSION);
	if (d->o.identity != NULL)
		json_quote(text, d->o.identity, strlen(d->o.identity));
	else
		buf_str(text, "null");
	buf_printf(text, ",\"batch\":%lld}\n", (long long)batch);
	for (i = 0; i < d->n; i++) {
		const char *name = file_name(d, d->files[i], false);

		buf_str(text, "{\"path\":");
		json_quote(text, name, strlen(name));
		buf_printf(text, ",\"bytes\":%llu,\"records\":%llu}\n",
			(unsigned long long)d->files[i]->bytes,
			(unsigned long long)d->files[i]->records);
	}
	print_checksum(text->p, text->n, line);
	buf_str(text, line);
}

int64_t
outdir_entry(const struct outdir *d)
{
	return d->seq - 1;
}

int
outdir_commit(struct outdir *d, int64_t batch, struct err *err)
{
	struct buf text;
	char name[40];
	size_t i;
	int ret;

	if (!d->written)
		return 0;
	for (i = 0; i < d->n; i++)
		if (publish(d, d->files[i], err) < 0)
			return in_directory(d, err);
	if (sync_directory(d, ".", err) < 0)
		return in_directory(d, err);
	buf_init(&text);
	print_entry(d, batch, &text);
	snprintf(name, sizeof name, LOG "/%010lld", (long long)d->seq);
	ret = put_log(d, name, &text, false, err);
	buf_release(&text);
	if (ret != 0)
		return in_directory(d, err);
	outdir_forget(d);
	d->seq++;
	d->newest = batch;
	return 0;
}
