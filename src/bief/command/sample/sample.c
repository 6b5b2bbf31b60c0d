/*
 * sample: data to try things with, the same for the same seed, as much as is
 * asked for: on standard output, or as files of a directory.
 */
#include "command/sample/sample.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "floor/near.h"
#include "io/stream/output.h"
#include "io/stream/pipe.h"
#include "runtime/options/help.h"
#include "runtime/options/opt.h"
#include "command/sample/kind.h"

static const struct sample_kind *const kinds[] = {&events_kind, &sensors_kind,
	&sensors_heart, &users_kind, &edits_kind, &edits_communes, &quotes_kind,
	&flights_kind, &states_kind, &words_kind, &access_kind};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

struct options {
	int64_t count, seed, files;
	bool force;
	bool help, version, dump_options;
};

static const struct opt own_options[] = {
	{"count", 'n', OPT_INT, offsetof(struct options, count), "N",
		"so many records (as many as the courses have)", .least = 1},
	{"seed", 0, OPT_INT, offsetof(struct options, seed), "S",
		"of the random numbers: the same seed, the same data (1)",
		.most = INT64_MAX},
	{"files", 0, OPT_INT, offsetof(struct options, files), "N",
		"into a directory: so many files", .least = 1},
	{"force", 'f', OPT_FLAG, offsetof(struct options, force), NULL,
		"into a directory that has files"},
	OPT_END};

static const struct opt asked_options[] = {
	{"help", 'h', OPT_FLAG, offsetof(struct options, help), NULL,
		"show this help"},
	{"version", 0, OPT_FLAG, offsetof(struct options, version), NULL,
		"show the version"},
	{"dump-options", 0, OPT_FLAG, offsetof(struct options, dump_options),
		NULL, "show the options as JSON"},
	OPT_END};

/* What is being made, and where it goes. */
struct making {
	const struct sample_kind *kind;
	struct sample data;
	struct output out;
	uint64_t made;
};

/* ---- files of a directory ---- */

/* Make a directory, and those above it. */
static int
make_directory(const char *dir, struct err *err)
{
	char *path = mem_dup(dir, strlen(dir) + 1);
	struct stat s;
	int rc = 0;

	for (char *p = path + 1; *path != '\0' && *p != '\0'; p++)
		if (*p == '/') {
			*p = '\0';
			if (mkdir(path, 0777) < 0 && errno != EEXIST)
				break;
			*p = '/';
		}
	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		rc = err_sys(err, "cannot make the directory '%s'", dir);
	else if (stat(dir, &s) == 0 && !S_ISDIR(s.st_mode))
		rc = err_as(err, STATUS_USAGE,
			"'%s' is a file, not a directory to put files into",
			dir);
	free(path);
	return rc;
}

/* Files that begin with a point do not count: sources do not see them. */
static int
check_empty(const char *dir, struct err *err)
{
	DIR *d = opendir(dir);
	const struct dirent *e;

	if (d == NULL)
		return err_sys(err, "cannot read the directory '%s'", dir);
	while ((e = readdir(d)) != NULL && e->d_name[0] == '.')
		;
	closedir(d);
	if (e == NULL)
		return 0;
	return err_as(err, STATUS_USAGE,
		"'%s' has files: name another directory, or add to it with "
		"--force (files of the same names are replaced)",
		dir);
}

/* Records up to number end, and what is left of the buffer. */
static int
make_records(struct making *m, uint64_t end, bool open_ended, struct err *err)
{
	struct buf *b = &m->out.b;

	if (m->kind->head != NULL)
		buf_str(b, m->kind->head);
	for (; m->made < end; m->made++) {
		if (b->n >= OUTPUT_FULL && output_flush(&m->out, err) < 0)
			return -1;
		m->kind->put(&m->data, m->made, b);
	}
	if (open_ended)
		b->n--;
	return output_flush(&m->out, err);
}

/* It gets its name when it is whole: who watches the directory sees no part. */
static int
make_file(struct making *m, const char *dir, uint64_t number, uint64_t end,
	struct err *err)
{
	const struct sample_kind *k = m->kind;
	struct buf name, hidden;
	int rc = -1, fd;

	buf_init(&name);
	buf_init(&hidden);
	buf_printf(&name, "%s/%s%llu%s", dir, k->stem,
		(unsigned long long)number, k->suffix);
	buf_printf(&hidden, "%s/.%s%llu%s", dir, k->stem,
		(unsigned long long)number, k->suffix);
	fd = open(buf_cstr(&hidden), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		0666);
	m->out.fd = fd;
	if (fd < 0)
		err_sys(err, "cannot make '%s'", buf_cstr(&name));
	else if (make_records(m, end, k->open_ended, err) < 0) {
		err_in(err, "'%s'", buf_cstr(&name));
		close(fd);
	} else if (close(fd) < 0 || rename(hidden.p, buf_cstr(&name)) < 0)
		err_sys(err, "cannot write '%s'", buf_cstr(&name));
	else
		rc = 0;
	if (fd >= 0 && rc < 0)
		unlink(hidden.p);
	buf_release(&name);
	buf_release(&hidden);
	return rc;
}

static int
make_files(struct making *m, const char *dir, const struct options *o,
	struct err *err)
{
	uint64_t count = m->data.count,
		 files = o->files > 0
		? (uint64_t)o->files
		: (count + m->kind->per_file - 1) / m->kind->per_file;

	if (files > count)
		return err_as(err, STATUS_USAGE,
			"--files: there are only %llu records for %llu files: "
			"ask for more by --count",
			(unsigned long long)count, (unsigned long long)files);
	if (make_directory(dir, err) < 0 ||
		(!o->force && check_empty(dir, err) < 0))
		return -1;
	for (uint64_t i = 0; i < files; i++) {
		uint64_t more = count / files + (i < count % files);

		/* Full files, as long as nobody asks for a number of them. */
		if (o->files == 0)
			more = count - m->made < m->kind->per_file
				? count - m->made
				: m->kind->per_file;
		if (make_file(m, dir, i, m->made + more, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the command ---- */

static int
make_output(struct making *m, struct err *err)
{
	int rc;

	pipe_mark_begin(STDOUT_FILENO);
	rc = make_records(m, m->data.count, false, err);
	pipe_mark_end(STDOUT_FILENO, rc < 0 ? STATUS_FAILED : STATUS_DONE);
	return rc;
}

static const struct sample_kind *
find_kind(const char *name, struct err *err)
{
	const char *near = NULL;
	char q[100];

	for (size_t i = 0; i < KINDS; i++) {
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
		if (near == NULL && near_enough(name, kinds[i]->name))
			near = kinds[i]->name;
	}
	err_quote(q, sizeof(q), name, strlen(name));
	if (near != NULL)
		err_as(err, STATUS_USAGE,
			"there is no sample '%s': did you mean %s?", q, near);
	else
		err_as(err, STATUS_USAGE,
			"there is no sample '%s': see bief sample --help", q);
	return NULL;
}

static int
sample_make(const struct options *o, char **words, size_t n, struct err *err)
{
	const struct sample_kind *k = find_kind(words[0], err);
	struct making m = {.kind = k};
	int rc;

	if (k == NULL)
		return -1;
	if (n > 2)
		return err_as(err, STATUS_USAGE,
			"expected one name and at most one directory");
	if (n < 2 && (o->files > 0 || o->force))
		return err_as(err, STATUS_USAGE,
			"%s is for files of a directory: bief sample %s DIR",
			o->files > 0 ? "--files" : "--force", k->name);
	m.data.seed = m.data.random = (uint64_t)o->seed;
	m.data.count = o->count > 0 ? (uint64_t)o->count : k->count;
	m.data.self = mem_zalloc(k->size + 1);
	if (k->begin != NULL)
		k->begin(&m.data);
	output_init(&m.out, STDOUT_FILENO);
	rc = n < 2 ? make_output(&m, err) : make_files(&m, words[1], o, err);
	output_release(&m.out);
	free(m.data.self);
	return rc;
}

static void
list_kinds(struct buf *out)
{
	buf_str(out, "\nnames:\n");
	for (size_t i = 0; i < KINDS; i++)
		buf_printf(
			out, "  %-16s %s\n", kinds[i]->name, kinds[i]->about);
}

static int
sample_run(struct options *o, char **words, size_t n, const struct help *h,
	struct err *err)
{
	if (o->help || o->version || o->dump_options)
		return help_show(h,
			o->help              ? help_print
				: o->version ? help_version
					     : help_dump,
			err);
	if (n == 0)
		return err_as(err, STATUS_USAGE,
			"a name is missing: see bief sample --help");
	return sample_make(o, words, n, err);
}

int
sample_command(int argc, char **argv)
{
	struct options o = {.seed = 1};
	struct help h = {"bief sample", "make data to try things with",
		"NAME [DIR] [--count N] [--seed S]", "command",
		{{own_options, &o, NULL}, {asked_options, &o, NULL}}, 2,
		list_kinds};
	struct err err;
	char **words = NULL;
	size_t n = 0;
	int rc;

	(void)argc;
	rc = opt_parse(h.table, h.n, argv, &words, &n, &err);
	if (rc == 0)
		rc = sample_run(&o, words, n, &h, &err);
	if (rc < 0)
		fprintf(stderr, "bief: sample: %s\n", err_clean(err.text));
	opt_free(h.table, h.n);
	free(words);
	return rc < 0 ? (int)err.status : STATUS_DONE;
}
