/* files: the order of names, what is no data, positions there and back. */
#include "recovery/numbers.h"
#include "sources/files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "value/json.h"
#include "sources/positions.h"
#include "sources/files/filename.h"

static int failures;

static void
check(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "files: %s\n", what);
		failures++;
	}
}

static void
names(void)
{
	static const char *const order[] = {"", "0", "00", "01", "1", "2", "2a",
		"10", "a", "a1", "a1b2", "a1b10", "a2", "a10", "b",
		"f-9999999999999999999999", "f-10000000000000000000000",
		"\xc3\xa9"};
	size_t i, j, n = sizeof(order) / sizeof(order[0]);

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++) {
			int c = filename_natural(order[i], order[j]);

			check((c > 0) - (c < 0) == (i > j) - (i < j), order[i]);
		}
	check(filename_hidden(".a") && filename_hidden("_a") &&
			filename_hidden("a._COPYING_"),
		"hidden");
	check(!filename_hidden("a") && !filename_hidden("_a=1") &&
			!filename_hidden("a_.b") &&
			!filename_hidden("COPYING_"),
		"not hidden");
}

static void
make(const char *dir, const char *name)
{
	struct buf b;
	int fd;

	buf_init(&b);
	buf_printf(&b, "%s/%s", dir, name);
	fd = open(buf_cstr(&b), O_CREAT | O_WRONLY, 0666);
	check(fd >= 0, b.p);
	close(fd);
	buf_release(&b);
}

static struct files *
look(const char *dir)
{
	struct files_how how = {0};
	struct files *f = files_new(&how);
	struct err err;

	check(files_add(f, dir, &err) == 0 && files_look(f, &err) == 0, "look");
	return f;
}

/* The names in the queue, taken off and done, as "a b". */
static void
drain(struct files *f, const char *want, const char *what)
{
	struct file *file;
	struct buf b;

	buf_init(&b);
	while ((file = files_take(f)) != NULL) {
		buf_printf(&b, "%s ", strrchr(file->path, '/') + 1);
		files_done(f, file, 0);
	}
	check(strcmp(buf_cstr(&b), want) == 0, what);
	buf_release(&b);
}

static void
mark(struct positions *p, struct files *f, const struct file *at, int64_t batch,
	struct buf *text)
{
	struct err err;

	buf_clear(text);
	check(positions_mark(p, f, at, batch, text, &err) == 0, "mark");
	buf_cstr(text);
}

static void
there_and_back(struct positions *p, const char *dir)
{
	static const char odd[] = "d\xff\"\\";
	struct buf b1, b2, b3;
	struct file *at;
	struct files *f;
	struct err err;

	make(dir, "a");
	make(dir, "b");
	f = look(dir);
	buf_init(&b1);
	buf_init(&b2);
	buf_init(&b3);
	files_done(f, files_take(f), 0);
	at = files_take(f);
	at->start = 7;
	at->cut = true;
	mark(p, f, at, 0, &b1);
	files_table_drop(at);
	make(dir, "c");
	make(dir, odd);
	check(positions_seek(p, f, b1.p, NULL, &err) == 0 &&
			files_look(f, &err) == 0,
		"seek");
	at = files_take(f);
	check(at && at->start == 7 && at->cut, "where it was");
	mark(p, f, at, 1, &b3);
	check(strcmp(b1.p, b3.p) == 0,
		"a position is the same when it is saved again");
	files_done(f, at, 0);
	files_done(f, files_take(f), 0);
	at = files_take(f);
	check(strcmp(strrchr(at->path, '/') + 1, odd) == 0, "odd name");
	at->start = 3;
	mark(p, f, at, 1, &b2);
	files_table_drop(at);

	check(positions_seek(p, f, b1.p, b2.p, &err) == 0, "again");
	at = files_take(f);
	check(at->start == 7 && at->end == UINT64_MAX, "from the middle");
	files_done(f, at, 0);
	at = files_take(f);
	check(at->start == 0 && at->end == UINT64_MAX, "all of it");
	files_done(f, at, 0);
	at = files_take(f);
	check(at->start == 0 && at->end == 3 &&
			strcmp(strrchr(at->path, '/') + 1, odd) == 0,
		"to the middle");
	check(files_next(f) == NULL, "no more");
	positions_logged(f);
	at->start = 3;
	mark(p, f, at, 2, &b3);
	check(strcmp(b2.p, b3.p) == 0, "which leads to the same position");
	files_table_drop(at);

	check(positions_seek(p, f, NULL, b1.p, &err) == 0, "from the start");
	drain(f, "a b ", "what the first batch had");
	check(positions_seek(p, f, b1.p, b1.p, &err) == 0, "empty batch");
	at = files_take(f);
	check(at->start == 7 && at->end == 7, "which stops where it is");
	files_table_drop(at);
	files_free(f);
	buf_release(&b1);
	buf_release(&b2);
	buf_release(&b3);
}

/* Thousands of files: the log becomes no longer than twice what there is. */
static void
many(struct positions *p)
{
	struct files_how how = {0};
	struct files *f = files_new(&how);
	struct numbers l;
	struct buf b, path, first;
	struct err err;
	int i, j;

	buf_init(&b);
	buf_init(&path);
	buf_init(&first);
	check(positions_seek(p, f, NULL, NULL, &err) == 0, "start");
	for (i = 0; i < 500; i++) {
		for (j = 0; j < 20; j++) {
			buf_clear(&path);
			buf_printf(&path, "/d%d/%d", i / 100, i * 20 + j);
			files_again(f, buf_cstr(&path), i);
			files_done(f, files_take(f), i);
		}
		mark(p, f, NULL, i, &b);
		if (i == 420) {
			buf_clear(&first);
			buf_str(&first, b.p);
			buf_cstr(&first);
		}
	}
	check(numbers_list(&l, p->place.dir, "files", &err) == 0 && l.n < 450,
		"the log is shortened");
	numbers_release(&l);
	check(positions_seek(p, f, b.p, NULL, &err) == 0 &&
			files_count_done(f) == 10000,
		"all are known");
	check(positions_seek(p, f, first.p, NULL, &err) == 0 &&
			files_count_done(f) == 421 * 20,
		"those of an older batch");
	check(positions_seek(p, f, first.p, b.p, &err) == 0, "again");
	for (i = 0; files_next(f); i++)
		files_done(f, files_take(f), 0);
	check(i == 79 * 20, "those in between");
	files_free(f);
	buf_release(&b);
	buf_release(&path);
	buf_release(&first);
}

/* Files that are too old to come again are not remembered. */
static void
forgotten(void)
{
	struct files_how how = {.max_age_us = 1};
	struct files *f = files_new(&how);
	struct buf path;
	struct err err;
	int i;

	buf_init(&path);
	for (i = 0; i < 5000; i++) {
		buf_clear(&path);
		buf_printf(&path, "/d/%d", i);
		files_was_done(f, buf_cstr(&path), i * 10);
	}
	check(files_look(f, &err) == 0 && files_count_done(f) == 101 &&
			files_forgotten(f) == 48990,
		"the old ones are forgotten");
	files_free(f);
	buf_release(&path);
}

int
main(void)
{
	char dir[] = "/tmp/bief-files-XXXXXX", command[60];
	char data[60], checkpoint[60];
	struct positions p;
	struct err err;

	names();
	forgotten();
	if (!mkdtemp(dir))
		return 1;
	snprintf(data, sizeof(data), "%s/d", dir);
	snprintf(checkpoint, sizeof(checkpoint), "%s/ck", dir);
	mkdir(data, 0777);
	positions_init(&p);
	check(positions_open(&p, checkpoint, "source", &err) == 0, "open");
	there_and_back(&p, data);
	positions_close(&p);
	positions_init(&p);
	check(positions_open(&p, checkpoint, "other", &err) == 0, "open");
	many(&p);
	positions_close(&p);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	check(system(command) == 0, "clean up");
	return failures > 0;
}
