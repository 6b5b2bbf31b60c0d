/* files: the order of names, what is no data, positions there and back. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "err.h"
#include "json.h"

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
	static const char *const order[] = {"", "0", "00", "01", "1", "2",
		"2a", "10", "a", "a1", "a1b2", "a1b10", "a2", "a10", "b",
		"f-9999999999999999999999", "f-10000000000000000000000",
		"\xc3\xa9"};
	size_t i, j, n = sizeof(order) / sizeof(order[0]);

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++) {
			int c = files_natural(order[i], order[j]);

			check((c > 0) - (c < 0) == (i > j) - (i < j),
				order[i]);
		}
	check(files_hidden(".a") && files_hidden("_a") &&
		files_hidden("a._COPYING_"), "hidden");
	check(!files_hidden("a") && !files_hidden("_a=1") &&
		!files_hidden("a_.b") && !files_hidden("COPYING_"),
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

	check(files_add(f, dir, &err) == 0 && files_look(f, &err) == 0,
		"look");
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
save(const struct files *f, const struct file *at, struct buf *text,
	struct value *v)
{
	struct json_error e;

	buf_clear(text);
	buf_byte(text, '{');
	files_save(f, at, text);
	buf_byte(text, '}');
	buf_need(text, JSON_PADDING);
	check(json_read(text->p, text->p + text->n, 0, v, &e) ==
		text->p + text->n, "a position is JSON");
}

static void
positions(const char *dir)
{
	static const char odd[] = "d\xff\"\\";
	struct value from, to;
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
	save(f, at, &b1, &from);
	files_done(f, at, 0);
	make(dir, "c");
	make(dir, odd);
	check(files_load(f, &from, &err) == 0 && files_look(f, &err) == 0,
		"load");
	at = files_next(f);
	check(at && at->start == 7 && at->cut, "where it was");
	save(f, files_take(f), &b3, &to);
	check(b3.n == b1.n && memcmp(b3.p, b1.p, b1.n) == 0,
		"a position is the same when it is saved again");
	files_done(f, at, 0);
	files_done(f, files_take(f), 0);
	at = files_take(f);
	check(strcmp(strrchr(at->path, '/') + 1, odd) == 0, "odd name");
	at->start = 3;
	save(f, at, &b2, &to);
	files_drop(at);

	check(files_replay(f, &from, &to, &err) == 0, "replay");
	at = files_next(f);
	check(at->start == 7 && at->end == UINT64_MAX, "from the middle");
	files_done(f, files_take(f), 0);
	at = files_take(f);
	check(at->start == 0 && at->end == UINT64_MAX, "all of it");
	files_done(f, at, 0);
	at = files_take(f);
	check(at->start == 0 && at->end == 3 &&
		strcmp(strrchr(at->path, '/') + 1, odd) == 0, "to the middle");
	files_drop(at);
	check(files_next(f) == NULL, "no more");

	check(files_replay(f, NULL, &from, &err) == 0, "from the start");
	drain(f, "a b ", "what the first batch had");
	check(files_replay(f, &from, &from, &err) == 0, "empty batch");
	at = files_take(f);
	check(at->start == 7 && at->end == 7, "which stops where it is");
	files_drop(at);
	files_free(f);
	buf_release(&b1);
	buf_release(&b2);
	buf_release(&b3);
}

/* Thousands of names, most of them forgotten again. */
static void
many(void)
{
	struct files_how how = {.max_age_us = 1};
	struct files *f = files_new(&how);
	struct json_error e;
	struct value v;
	struct buf b;
	struct err err;
	int i;

	buf_init(&b);
	buf_str(&b, "{\"done\":[{\"in\":\"/d/\",\"files\":{");
	for (i = 0; i < 5000; i++)
		buf_printf(&b, "%s\"%d\":%d", i ? "," : "", i, i * 10);
	buf_str(&b, "}}]}");
	buf_need(&b, JSON_PADDING);
	check(json_read(b.p, b.p + b.n, 0, &v, &e) != NULL &&
		files_load(f, &v, &err) == 0, "load many");
	check(files_look(f, &err) == 0, "forget");
	save(f, NULL, &b, &v);
	check(b.n < 3000 && memmem(b.p, b.n, "\"since\":48990", 13) != NULL,
		"the old ones are forgotten");
	check(files_load(f, &v, &err) == 0, "load again");
	files_free(f);
	buf_release(&b);
}

int
main(void)
{
	char dir[] = "/tmp/bief-files-XXXXXX", command[60];

	names();
	if (mkdtemp(dir)) {
		positions(dir);
		snprintf(command, sizeof(command), "rm -rf '%s'", dir);
		check(system(command) == 0, "clean up");
	}
	many();
	return failures > 0;
}
