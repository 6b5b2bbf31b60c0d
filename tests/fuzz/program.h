/*
 * program: a parser run as a whole on what a fuzz target gives; nothing but JSON
 * objects may come out of it.  What it says on standard error is thrown away.
 */
#ifndef BIEF_FUZZ_PROGRAM_H
#define BIEF_FUZZ_PROGRAM_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/file.h"
#include "value/json.h"
#include "runtime/run.h"

static void
program_check(int fd)
{
	char path[40];
	struct buf b;
	struct err err;
	struct json_error e;
	struct value v;
	char *p, *lf;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	buf_init(&b);
	if (file_read(path, SIZE_MAX / 2, &b, &err) < 0)
		abort();
	for (p = b.p; p < b.p + b.n; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(b.p + b.n - p));
		if (lf == NULL || json_read(p, lf, 0, &v, &e) != lf ||
			v.type != VALUE_OBJECT)
			abort();
	}
	buf_release(&b);
}

/* argv: its words, NULL ends them. */
static void
program_feed(char *const *argv, const uint8_t *data, size_t size)
{
	static int quiet = -1;
	char **words[2] = {(char **)argv, NULL};
	int in, out, status, errors;

	if (quiet < 0)
		quiet = open("/dev/null", O_WRONLY);
	errors = dup(STDERR_FILENO);
	dup2(quiet, STDERR_FILENO);
	in = memfd_create("in", 0);
	out = memfd_create("out", 0);
	if (in < 0 || out < 0 || write(in, data, size) != (ssize_t)size)
		abort();
	lseek(in, 0, SEEK_SET);
	run_chain(words, 1, in, out, &status);
	dup2(errors, STDERR_FILENO);
	close(errors);
	program_check(out);
	close(in);
	close(out);
}

#endif
