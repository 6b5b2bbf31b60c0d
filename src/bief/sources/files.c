/*
 * files: which files there are to read, each one once, by its path.
 *
 * They are taken in the order of their times, then of their names as people
 * count (2 before 10), or of names alone where that is asked for.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "sources/files.h"
#include "sources/reader.h"
#include "time/time.h"

#define POLL_US (TIME_SECOND / 4)
/* A file is closed shortly before it has no writer any more. */
#define SOON_US (TIME_SECOND / 100)

/* Of a directory or the fixed directory of a glob. */
#define EVENTS                                                       \
	(IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE_SELF | \
		IN_MOVE_SELF)

enum kind { PLAIN, DIRECTORY, GLOB };

struct operand {
	enum kind kind;
	char *path; /* of the file or directory; the pattern of a glob */
	char *name; /* GLOB watched by name: pattern of the last name */
	char *base; /* GLOB: its directory in front of any magic, resolved */
	int watch;  /* inotify's, or -1: polled */
	bool looked;
	size_t old; /* files passed over for their age */
};

/* A file that has been seen while it was being written. */
struct left {
	char *path;
	size_t operand;
};

struct files {
	struct files_how how;
	struct left *left;
	size_t nleft;
	int64_t left_us; /* when the last of them came */
	bool looked, again;
	bool closely;                    /* known files are looked at, too */
	int64_t newest_ns, forgotten_ns; /* older files are ignored */
	int inotify;
	struct operand *operands;
	size_t noperands;
	struct file **table; /* by path: queued, being read and done */
	size_t ntable, cap;
	struct file **queue;
	size_t at, nqueue, cap_queue;
	bool unsorted;
	struct file **done; /* in the order of reading */
	size_t ndone, cap_done, settled;
};

static int
digits_compare(const char **a, const char **b)
{
	const char *p, *q;
	size_t n, m;
	int c;

	while (**a == '0')
		++*a;
	while (**b == '0')
		++*b;
	for (p = *a; isdigit((unsigned char)*p); p++)
		;
	for (q = *b; isdigit((unsigned char)*q); q++)
		;
	n = (size_t)(p - *a);
	m = (size_t)(q - *b);
	c = n == m ? memcmp(*a, *b, n) : n < m ? -1 : 1;
	*a = p;
	*b = q;
	return c;
}

int
files_natural(const char *a, const char *b)
{
	const char *x = a, *y = b;
	int c;

	while (*x && *y) {
		if (isdigit((unsigned char)*x) && isdigit((unsigned char)*y)) {
			c = digits_compare(&x, &y);
			if (c != 0)
				return c;
			continue;
		}
		if (*x != *y)
			return (unsigned char)*x - (unsigned char)*y;
		x++;
		y++;
	}
	c = (unsigned char)*x - (unsigned char)*y;
	return c != 0 ? c : strcmp(a, b); /* file-01 and file-1 */
}

bool
files_hidden(const char *name)
{
	static const char copying[] = "._COPYING_";
	size_t n = strlen(name), m = sizeof(copying) - 1;

	if (name[0] == '.' || (name[0] == '_' && !strchr(name, '=')))
		return true;
	return n >= m && memcmp(name + n - m, copying, m) == 0;
}

/* The table of paths: open addressing, never more than half full. */

static size_t
path_hash(const char *s)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32);
}

/* What a file is known by. */
static const char *
known_by(const struct files *f, const char *path)
{
	const char *slash = f->how.by_name ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static size_t
home(const struct files *f, const char *path)
{
	return path_hash(known_by(f, path)) & (f->cap - 1);
}

static size_t
place(const struct files *f, const char *path)
{
	const char *key = known_by(f, path);
	size_t i = home(f, path);

	while (f->table[i] && strcmp(known_by(f, f->table[i]->path), key) != 0)
		i = (i + 1) & (f->cap - 1);
	return i;
}

static void
table_build(struct files *f, size_t cap)
{
	struct file **old = f->table;
	size_t n = f->cap, i;

	f->table = mem_zalloc(cap * sizeof(*f->table));
	f->cap = cap;
	for (i = 0; i < n; i++)
		if (old[i])
			f->table[place(f, old[i]->path)] = old[i];
	free(old);
}

static void
table_remove(struct files *f, const struct file *file)
{
	size_t i = place(f, file->path), j, from;

	if (f->table[i] != file)
		return;
	f->table[i] = NULL;
	f->ntable--;
	/* Those behind the gap that it kept from their place move up. */
	for (j = (i + 1) & (f->cap - 1); f->table[j];
		j = (j + 1) & (f->cap - 1)) {
		from = home(f, f->table[j]->path);
		if (((j - from) & (f->cap - 1)) < ((j - i) & (f->cap - 1)))
			continue;
		f->table[i] = f->table[j];
		f->table[j] = NULL;
		i = j;
	}
}

static void
append(struct file ***list, size_t *n, size_t *cap, struct file *file)
{
	if (*n == *cap) {
		*cap = *cap ? *cap * 2 : 64;
		*list = mem_realloc(*list, *cap * sizeof(**list));
	}
	(*list)[(*n)++] = file;
}

static struct file *
file_new(const char *path, int64_t mtime_ns, size_t operand)
{
	struct file *file = mem_zalloc(sizeof(*file));

	file->path = mem_dup(path, strlen(path));
	file->mtime_ns = mtime_ns;
	file->operand = operand;
	file->end = UINT64_MAX;
	return file;
}

void
files_drop(struct file *file)
{
	if (file)
		free(file->path);
	free(file);
}

/* Into the table; false if a file of this path is there. */
static bool
enter(struct files *f, struct file *file)
{
	size_t i;

	if (f->ntable * 2 >= f->cap)
		table_build(f, f->cap * 2);
	i = place(f, file->path);
	if (f->table[i])
		return false;
	f->table[i] = file;
	f->ntable++;
	return true;
}

static void
enqueue(struct files *f, struct file *file)
{
	file->state = FILE_QUEUED;
	append(&f->queue, &f->nqueue, &f->cap_queue, file);
	f->unsorted = true;
}

struct files *
files_new(const struct files_how *how)
{
	struct files *f = mem_zalloc(sizeof(*f));

	f->how = *how;
	if (how->max_age_us > INT64_MAX / 2000) /* longer than there is time */
		f->how.max_age_us = 0;
	f->newest_ns = f->forgotten_ns = INT64_MIN;
	f->inotify = how->watch ? inotify_init1(IN_NONBLOCK | IN_CLOEXEC) : -1;
	table_build(f, 64);
	return f;
}

void
files_free(struct files *f)
{
	size_t i;

	if (!f)
		return;
	if (f->inotify >= 0)
		close(f->inotify);
	for (i = 0; i < f->noperands; i++) {
		free(f->operands[i].path);
		free(f->operands[i].name);
		free(f->operands[i].base);
	}
	for (i = f->at; i < f->nqueue; i++)
		files_drop(f->queue[i]);
	for (i = 0; i < f->ndone; i++)
		files_drop(f->done[i]);
	for (i = 0; i < f->nleft; i++)
		free(f->left[i].path);
	free(f->left);
	free(f->operands);
	free(f->table);
	free(f->queue);
	free(f->done);
	free(f);
}

/* Operands. */

static bool
magic(const char *s)
{
	return strpbrk(s, "*?[") != NULL;
}

static char *
quoted(const char *s, char out[300])
{
	return err_quote(out, 300, s, strlen(s));
}

/* The directory is resolved, the last name stays as it is. */
char *
files_absolute(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? mem_dup(path, (size_t)(slash + 1 - path))
			  : mem_dup(".", 1);
	char *real = realpath(dir, NULL);
	struct buf b;

	free(dir);
	if (!real)
		return NULL;
	buf_init(&b);
	buf_str(&b, strcmp(real, "/") == 0 ? "" : real);
	buf_byte(&b, '/');
	buf_str(&b, slash ? slash + 1 : path);
	free(real);
	return buf_cstr(&b);
}

/* File systems on which inotify does not see what other machines do. */
static bool
remote(const char *dir)
{
	static const uint32_t types[] = {0x6969 /* nfs */,
		0xff534d42 /* cifs */, 0xfe534d42 /* smb2 */, 0x517b /* smb */,
		0x01021997 /* 9p */, 0x65735546 /* fuse */,
		0x00c36400 /* ceph */, 0x5346414f /* afs */};
	struct statfs s;
	size_t i;

	if (statfs(dir, &s) != 0)
		return true;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((uint32_t)s.f_type == types[i])
			return true;
	return false;
}

static void
operand_watch(struct files *f, struct operand *o, const char *dir)
{
	o->watch = -1;
	if (f->inotify < 0 || remote(dir))
		return;
	o->watch = inotify_add_watch(f->inotify, dir, EVENTS);
}

/* The directory in front of the first magic in a pattern. */
static char *
fixed_directory(const char *pattern)
{
	size_t n = strcspn(pattern, "*?[");
	char *dir, *real;

	while (n > 0 && pattern[n - 1] != '/')
		n--;
	dir = n > 0 ? mem_dup(pattern, n) : mem_dup(".", 1);
	real = realpath(dir, NULL);
	free(dir);
	return real;
}

static void
add_glob(struct files *f, struct operand *o, const char *pattern)
{
	const char *slash = strrchr(pattern, '/');
	char *dir;

	o->kind = GLOB;
	o->watch = -1;
	o->path = mem_dup(pattern, strlen(pattern));
	o->base = fixed_directory(pattern);
	dir = slash ? mem_dup(pattern, (size_t)(slash + 1 - pattern))
		    : mem_dup(".", 1);
	if (!magic(dir)) {
		o->name = mem_dup(slash ? slash + 1 : pattern,
			strlen(slash ? slash + 1 : pattern));
		operand_watch(f, o, dir);
	}
	free(dir);
}

int
files_add(struct files *f, const char *operand, struct err *err)
{
	struct operand o = {.watch = -1};
	struct stat s;
	char q[300];

	if (strcmp(operand, "-") == 0)
		operand = READER_STDIN;
	if (stat(operand, &s) != 0) {
		if (errno == ENOENT && magic(operand)) {
			add_glob(f, &o, operand);
			goto add;
		}
		return err_sys(err, "cannot open '%s'", quoted(operand, q));
	}
	o.path = strcmp(operand, READER_STDIN) == 0
		? mem_dup(operand, strlen(operand))
		: files_absolute(operand);
	if (S_ISDIR(s.st_mode)) {
		free(o.path);
		o.path = realpath(operand, NULL);
		o.kind = DIRECTORY;
	}
	if (!o.path)
		return err_sys(err, "cannot open '%s'", quoted(operand, q));
	/* Directories that come to it later are seen by looking again. */
	if (o.kind == DIRECTORY && !f->how.partitions)
		operand_watch(f, &o, o.path);
add:
	f->operands = mem_realloc(
		f->operands, (f->noperands + 1) * sizeof(*f->operands));
	f->operands[f->noperands++] = o;
	return 0;
}

bool
files_grow(const struct files *f)
{
	size_t i;

	for (i = 0; i < f->noperands; i++)
		if (f->operands[i].kind != PLAIN)
			return true;
	return false;
}

/* The part of a path below a directory, or NULL. */
static const char *
below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (strncmp(path, dir, n) != 0 || (path[n] != '/' && n != 1))
		return NULL;
	return path + n + (path[n] == '/');
}

const char *
files_below(const struct files *f, const char *path)
{
	const char *p = NULL;

	for (size_t i = 0; i < f->noperands && p == NULL; i++)
		if (f->operands[i].kind == DIRECTORY)
			p = below(path, f->operands[i].path);
	return p;
}

const char *
files_under(const struct files *f, const char *path)
{
	const char *p = files_below(f, path);

	for (size_t i = 0; i < f->noperands && p == NULL; i++)
		if (f->operands[i].base != NULL)
			p = below(path, f->operands[i].base);
	return p;
}

size_t
files_count_old(const struct files *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->noperands; i++)
		n += f->operands[i].old;
	return n;
}

/* Looking. */

static int64_t
mtime_ns(const struct stat *s)
{
	return (int64_t)s->st_mtim.tv_sec * 1000000000 + s->st_mtim.tv_nsec;
}

static void
tell(const struct files *f, enum files_news what, const char *path)
{
	if (f->how.tell)
		f->how.tell(f->how.arg, what, path);
}

static int64_t
now_ns(void)
{
	int64_t us = time_now();

	return us < INT64_MAX / 1000 ? us * 1000 : INT64_MAX;
}

/*
 * Too old to be read.  Those that were read and forgotten are as old; what has
 * come since then (which ctime tells, whatever mtime says) is counted.
 */
static bool
is_old(struct files *f, const struct stat *s, size_t operand)
{
	int64_t came_ns = (int64_t)s->st_ctim.tv_sec * 1000000000 +
		s->st_ctim.tv_nsec;

	if (mtime_ns(s) >= f->forgotten_ns)
		return false;
	f->operands[operand].old += came_ns >= f->forgotten_ns ||
		f->forgotten_ns > now_ns();
	return true;
}

/* To be looked at again, without being asked. */
static void
leave(struct files *f, const char *path, size_t operand)
{
	tell(f, FILES_WRITTEN, path);
	for (size_t i = 0; i < f->nleft; i++)
		if (strcmp(f->left[i].path, path) == 0)
			return;
	f->left = mem_realloc(f->left, (f->nleft + 1) * sizeof(*f->left));
	f->left[f->nleft++] = (struct left){
		mem_dup(path, strlen(path)), operand};
}

/* It is not complete yet, or it has not been begun. */
static bool
is_unfinished(
	struct files *f, const char *path, const struct stat *s, size_t operand)
{
	if (!S_ISREG(s->st_mode))
		return false;
	if (identity_writers_of(path) == IDENTITY_WRITTEN) {
		leave(f, path, operand);
		return true;
	}
	return s->st_size == 0;
}

static bool
is_output(const struct files *f, const char *path, const struct stat *s)
{
	if (f->how.output_inode == 0 || s->st_ino != f->how.output_inode ||
		s->st_dev != f->how.output_device)
		return false;
	tell(f, FILES_OUTPUT, path);
	return true;
}

/* Is a file that has been found, and is called otherwise by now, this one? */
static bool
was(const struct file *file, const struct stat *s, int64_t born_ns)
{
	struct stat now;

	if (file->found_inode != s->st_ino || file->born_ns != born_ns)
		return false;
	return stat(file->path, &now) != 0 || now.st_ino != s->st_ino;
}

/* A new path: of a file that is known?  One that has not been read to its end
 * is looked for there from now on. */
static bool
is_renamed(struct files *f, const char *path, const struct stat *s,
	int64_t born_ns)
{
	struct file *file;
	size_t i;

	for (i = 0; i < f->ndone; i++)
		if (was(f->done[i], s, born_ns))
			return true;
	for (i = 0; i < f->cap; i++) {
		file = f->table[i];
		if (!file || file->state == FILE_DONE || !was(file, s, born_ns))
			continue;
		table_remove(f, file);
		free(file->path);
		file->path = mem_dup(path, strlen(path));
		enter(f, file);
		return true;
	}
	return false;
}

/*
 * A path that is known has been seen.  True if another file has taken it, which
 * counts where files are known by their inodes; else it has been read, and what
 * was added since will not be.
 */
static bool
is_another(struct files *f, struct file *known, const char *path,
	const struct stat *s)
{
	if (f->how.by_inode && known->found_inode != 0 &&
		(known->found_inode != s->st_ino ||
			known->born_ns != identity_birth_of(path))) {
		if (known->state != FILE_QUEUED) {
			table_remove(f, known);
			return true;
		}
		known->found_inode = s->st_ino;
		known->born_ns = identity_birth_of(path);
		return false;
	}
	if (known->state == FILE_DONE && !known->told &&
		mtime_ns(s) != known->mtime_ns &&
		strcmp(known->path, path) == 0) {
		known->told = true;
		tell(f, FILES_CHANGED, path);
	}
	return false;
}

/* A file of a directory or a glob has been seen. */
static void
found(struct files *f, const char *path, size_t operand)
{
	struct file *file = f->table[place(f, path)];
	struct stat s;
	int64_t born_ns = 0;

	if ((file && !f->closely && !f->how.by_inode) || stat(path, &s) != 0 ||
		!S_ISREG(s.st_mode))
		return;
	if (file && !is_another(f, file, path, &s))
		return;
	if (is_old(f, &s, operand) || is_output(f, path, &s) ||
		(f->how.patient && is_unfinished(f, path, &s, operand)))
		return;
	if (f->how.by_inode) {
		born_ns = identity_birth_of(path);
		if (is_renamed(f, path, &s, born_ns))
			return;
	}
	file = file_new(path, mtime_ns(&s), operand);
	file->size = s.st_size;
	file->found_inode = f->how.by_inode ? s.st_ino : 0;
	file->born_ns = born_ns;
	enter(f, file);
	enqueue(f, file);
}

/* A directory on the way to what is looked at. */
struct way {
	dev_t device;
	ino_t inode;
	const struct way *up;
};

static int look_directory(struct files *f, const char *dir, size_t operand,
	const struct way *up, struct err *err);

/* Is this a directory NAME=VALUE, of which the files count? */
static bool
is_partition(const struct files *f, const char *path, const char *name,
	size_t operand)
{
	const char *eq = strchr(name, '=');
	struct stat s;

	return f->how.partitions && eq && eq > name &&
		f->operands[operand].kind == DIRECTORY && stat(path, &s) == 0 &&
		S_ISDIR(s.st_mode);
}

static int
found_in(struct files *f, const char *dir, const char *name, size_t operand,
	const struct way *up, struct err *err)
{
	struct buf b;
	int rc = 0;

	if (files_hidden(name))
		return 0;
	buf_init(&b);
	buf_str(&b, strcmp(dir, "/") == 0 ? "" : dir);
	buf_byte(&b, '/');
	buf_str(&b, name);
	if (is_partition(f, buf_cstr(&b), name, operand))
		rc = look_directory(f, buf_cstr(&b), operand, up, err);
	else
		found(f, buf_cstr(&b), operand);
	buf_release(&b);
	return rc;
}

/* Is the directory on the way to itself? */
static bool
is_loop(int fd, struct way *here, const struct way *up)
{
	struct stat s;

	if (fstat(fd, &s) != 0)
		return false;
	*here = (struct way){s.st_dev, s.st_ino, up};
	for (; up != NULL; up = up->up)
		if (up->device == s.st_dev && up->inode == s.st_ino)
			return true;
	return false;
}

static int
look_directory(struct files *f, const char *dir, size_t operand,
	const struct way *up, struct err *err)
{
	struct way here = {.up = up};
	struct dirent *e;
	char q[300];
	DIR *d = opendir(dir);
	int rc = 0;

	if (!d)
		return err_sys(
			err, "cannot read the directory '%s'", quoted(dir, q));
	if (is_loop(dirfd(d), &here, up)) {
		tell(f, FILES_LOOP, dir);
		closedir(d);
		return 0;
	}
	for (errno = 0; rc == 0 && (e = readdir(d)) != NULL; errno = 0)
		rc = found_in(f, dir, e->d_name, operand, &here, err);
	if (rc == 0 && errno != 0)
		rc = err_sys(
			err, "cannot read the directory '%s'", quoted(dir, q));
	closedir(d);
	return rc;
}

static int
look_match(struct files *f, const char *path, size_t operand, struct err *err)
{
	const char *slash = strrchr(path, '/');
	struct stat s;
	char *real;
	int rc = 0;

	if (stat(path, &s) != 0)
		return 0;
	if (S_ISDIR(s.st_mode)) {
		real = realpath(path, NULL);
		if (real)
			rc = look_directory(f, real, operand, NULL, err);
		free(real);
		return rc;
	}
	if (files_hidden(slash ? slash + 1 : path))
		return 0;
	real = files_absolute(path);
	if (real)
		found(f, real, operand);
	free(real);
	return 0;
}

static int
look_glob(struct files *f, size_t operand, struct err *err)
{
	struct operand *o = &f->operands[operand];
	char q[300];
	glob_t g;
	size_t i;
	int rc = glob(o->path, 0, NULL, &g);

	if (rc == GLOB_NOMATCH && !f->how.watch)
		return err_set(err, "no file matches '%s'", quoted(o->path, q));
	if (rc != 0 && rc != GLOB_NOMATCH)
		return err_set(err, "cannot look for '%s'", quoted(o->path, q));
	for (i = 0, rc = 0; i < g.gl_pathc && rc == 0; i++)
		rc = look_match(f, g.gl_pathv[i], operand, err);
	globfree(&g);
	return rc;
}

static int
look(struct files *f, size_t operand, struct err *err)
{
	struct operand *o = &f->operands[operand];
	struct stat s;
	struct file *file;
	char q[300];

	o->old = 0;
	if (o->kind == DIRECTORY)
		return look_directory(f, o->path, operand, NULL, err);
	if (o->kind == GLOB)
		return look_glob(f, operand, err);
	if (o->looked)
		return 0;
	o->looked = true;
	if (stat(o->path, &s) != 0)
		return err_sys(err, "cannot open '%s'", quoted(o->path, q));
	if (is_output(f, o->path, &s))
		return err_as(err, STATUS_USAGE,
			"'%s' is the input and the "
			"output",
			quoted(o->path, q));
	if (f->how.patient_plain && is_unfinished(f, o->path, &s, operand))
		return 0;
	file = file_new(o->path, mtime_ns(&s), operand);
	file->size = s.st_size;
	/* Named twice it is read twice, as by cat; unless a checkpoint has it. */
	if (enter(f, file) || !f->table[place(f, o->path)]->known)
		enqueue(f, file);
	else
		files_drop(file);
	return 0;
}

/* A file of this name has come to an operand that is watched. */
static void
take_name(struct files *f, size_t operand, const struct inotify_event *e)
{
	const struct operand *o = &f->operands[operand];
	const char *slash = strrchr(o->path, '/');
	struct err none;
	struct stat s;
	struct buf b;

	buf_init(&b);
	if (o->kind == GLOB) {
		buf_add(&b, o->path, slash ? (size_t)(slash + 1 - o->path) : 0);
	} else {
		buf_str(&b, o->path);
		buf_byte(&b, '/');
	}
	buf_str(&b, e->name);
	/*
	 * That a name was made tells nothing, its writer is still at it; unless
	 * it is another name of what was there.
	 */
	if (e->mask & IN_CREATE &&
		(lstat(buf_cstr(&b), &s) != 0 ||
			(!S_ISLNK(s.st_mode) && s.st_nlink < 2)))
		;
	else if (o->kind == GLOB)
		look_match(f, buf_cstr(&b), operand, &none);
	else
		found_in(f, o->path, e->name, operand, NULL, &none);
	buf_release(&b);
}

/* One of inotify's; -1 when the directory is gone. */
static int
take_event(struct files *f, const struct inotify_event *e, struct err *err)
{
	struct operand *o;
	size_t i;
	char q[300];

	if (e->mask & IN_Q_OVERFLOW)
		f->again = true;
	for (i = 0; i < f->noperands; i++) {
		o = &f->operands[i];
		if (o->watch < 0 || o->watch != e->wd)
			continue;
		if (e->mask & (IN_DELETE_SELF | IN_MOVE_SELF))
			return err_set(err, "the directory of '%s' is gone",
				quoted(o->path, q));
		if (e->len == 0 ||
			(o->name && fnmatch(o->name, e->name, FNM_PERIOD) != 0))
			continue;
		take_name(f, i, e);
	}
	return 0;
}

static int
take_events(struct files *f, struct err *err)
{
	char block[16384] __attribute__((aligned(8)));
	const struct inotify_event *e;
	ssize_t n;
	char *p;

	f->closely = true;
	while (f->inotify >= 0 &&
		(n = read(f->inotify, block, sizeof(block))) > 0) {
		f->left_us = time_monotonic();
		for (p = block; p < block + n; p += sizeof(*e) + e->len) {
			e = (const struct inotify_event *)(const void *)p;
			if (take_event(f, e, err) != 0)
				return -1;
		}
	}
	return 0;
}

/* Those that were being written. */
static void
look_again(struct files *f)
{
	struct left *left = f->left;
	size_t n = f->nleft;

	f->left = NULL;
	f->nleft = 0;
	for (size_t i = 0; i < n; i++) {
		if (f->operands[left[i].operand].kind != PLAIN)
			found(f, left[i].path, left[i].operand);
		free(left[i].path);
	}
	free(left);
}

static int
order(const void *pa, const void *pb, void *arg)
{
	const struct file *a = *(struct file *const *)pa;
	const struct file *b = *(struct file *const *)pb;
	const struct files_how *how = arg;
	int c;

	/* It was being read when the checkpoint was made. */
	if (a->known != b->known)
		return a->known ? -1 : 1;
	if (a->operand != b->operand)
		return a->operand < b->operand ? -1 : 1;
	if (a->mtime_ns != b->mtime_ns && !how->name_order)
		c = a->mtime_ns < b->mtime_ns ? -1 : 1;
	else
		c = files_natural(a->path, b->path);
	return how->latest_first ? -c : c;
}

static void
sort(struct files *f)
{
	if (f->unsorted)
		qsort_r(f->queue + f->at, f->nqueue - f->at, sizeof(*f->queue),
			order, &f->how);
	f->unsorted = false;
}

/* Files that are too old to come again are not remembered either. */
static void
forget(struct files *f)
{
	size_t i, n = 0, settled = f->settled;

	if (f->how.max_age_us <= 0 || f->newest_ns < 0 ||
		f->newest_ns - f->how.max_age_us * 1000 <= f->forgotten_ns)
		return;
	f->forgotten_ns = f->newest_ns - f->how.max_age_us * 1000;
	for (i = 0; i < f->ndone; i++) {
		struct file *file = f->done[i];

		if (file->mtime_ns >= f->forgotten_ns ||
			(f->how.settle && i >= settled)) {
			f->done[n++] = file;
			continue;
		}
		f->settled -= i < settled;
		table_remove(f, file);
		files_drop(file);
	}
	f->ndone = n;
}

int
files_look(struct files *f, struct err *err)
{
	bool all = !f->looked || f->again;
	size_t i;

	f->again = false;
	forget(f);
	if (take_events(f, err) != 0)
		return -1;
	look_again(f);
	f->closely = !f->looked;
	f->looked = true;
	for (i = 0; i < f->noperands; i++)
		if ((all || f->again || f->operands[i].watch < 0) &&
			look(f, i, err) != 0)
			return -1;
	f->again = false;
	sort(f);
	return 0;
}

int
files_fd(const struct files *f)
{
	return f->inotify;
}

int64_t
files_pause(const struct files *f)
{
	size_t i;

	if (f->how.watch && f->nleft > 0)
		return time_monotonic() - f->left_us < TIME_SECOND ? SOON_US
								   : POLL_US;
	for (i = 0; f->how.watch && i < f->noperands; i++)
		if (f->operands[i].kind != PLAIN && f->operands[i].watch < 0)
			return POLL_US;
	return INT64_MAX;
}

struct file *
files_next(struct files *f)
{
	return f->at < f->nqueue ? f->queue[f->at] : NULL;
}

struct file *
files_take(struct files *f)
{
	struct file *file = files_next(f);

	if (file) {
		file->state = FILE_TAKEN;
		f->at++;
	}
	if (f->at == f->nqueue)
		f->at = f->nqueue = 0;
	return file;
}

void
files_done(struct files *f, struct file *file, int64_t batch)
{
	int64_t time_ns = file->mtime_ns;

	file->batch = batch;
	file->state = FILE_DONE;
	/* A time in the future must not make what is new today look old. */
	if (time_ns > f->newest_ns && time_ns > now_ns())
		time_ns = now_ns();
	if (time_ns > f->newest_ns)
		f->newest_ns = time_ns;
	append(&f->done, &f->ndone, &f->cap_done, file);
}

struct file *
files_settled(struct files *f, int64_t batch)
{
	if (f->settled == f->ndone || f->done[f->settled]->batch > batch)
		return NULL;
	return f->done[f->settled++];
}

/* What a checkpoint tells. */

void
files_reset(struct files *f)
{
	size_t i;

	for (i = f->at; i < f->nqueue; i++)
		files_drop(f->queue[i]);
	for (i = 0; i < f->ndone; i++)
		files_drop(f->done[i]);
	f->at = f->nqueue = f->ndone = f->settled = f->ntable = 0;
	memset(f->table, 0, f->cap * sizeof(*f->table));
	for (i = 0; i < f->noperands; i++)
		f->operands[i].looked = false;
	f->looked = f->unsorted = false;
	f->newest_ns = f->forgotten_ns = INT64_MIN;
}

struct file *
files_nth_done(const struct files *f, size_t i)
{
	return i < f->ndone ? f->done[i] : NULL;
}

size_t
files_count_done(const struct files *f)
{
	return f->ndone;
}

int64_t
files_forgotten(const struct files *f)
{
	return f->forgotten_ns;
}

void
files_set_forgotten(struct files *f, int64_t mtime_ns)
{
	f->forgotten_ns = mtime_ns;
}

void
files_was_done(struct files *f, const char *path, int64_t mtime_ns)
{
	struct file *file = file_new(path, mtime_ns, 0);

	file->known = true;
	if (!enter(f, file)) /* it was made anew, and read again */
		f->table[place(f, path)] = file;
	files_done(f, file, -1);
}

void
files_was_found(struct files *f, size_t *from, const char *path, int64_t inode,
	int64_t born_ns)
{
	struct file *file = from ? NULL : f->table[place(f, path)];

	while (from && !file && *from < f->ndone)
		if (strcmp(f->done[(*from)++]->path, path) == 0)
			file = f->done[*from - 1];
	if (!file)
		return;
	file->found_inode = (uint64_t)inode;
	file->born_ns = born_ns;
}

struct file *
files_again(struct files *f, const char *path, int64_t mtime_ns)
{
	struct file *file = f->table[place(f, path)];

	if (file)
		return file;
	file = file_new(path, mtime_ns, 0);
	file->known = true;
	enter(f, file);
	append(&f->queue, &f->nqueue, &f->cap_queue, file);
	return file;
}
