/*
 * parse-text as a whole: the first byte chooses what lines are, the rest is its
 * input.  Nothing but JSON objects may come out.
 */
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
#include "runtime/stage.h"
#include "runtime/stage.h"
#include "runtime/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *const options[][12] = {
	{"parse-text"},
	{"parse-text", "--format", "common", "--corrupt-field", "bad"},
	{"parse-text", "--format", "combined", "--schema",
		"status string, size double"},
	{"parse-text", "--format", "syslog", "--corrupt-field", "bad"},
	{"parse-text", "--format", "logfmt", "--on-error", "skip"},
	{"parse-text", "--format", "logfmt", "--schema",
		"a int, b timestamp, c string, _corrupt_record string"},
	{"parse-text", "--format", "journal", "--corrupt-field", "bad"},
	{"parse-text", "--regex", "^(?<a>[^ ]*) (?<b>[0-9]+)?(?<c>.*)$",
		"--schema", "b int"},
	{"parse-json", "--array", "--schema",
		"a int, b array<int>, _corrupt_record string"},
	{"parse-json", "--array", "--on-error", "skip"},
};

static void
check(int fd)
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int quiet = -1;
	char **words[2] = {NULL, NULL};
	int in, out, status, errors;

	if (size == 0)
		return 0;
	if (quiet < 0)
		quiet = open("/dev/null", O_WRONLY);
	errors = dup(STDERR_FILENO);
	dup2(quiet, STDERR_FILENO);
	in = memfd_create("in", 0);
	out = memfd_create("out", 0);
	if (in < 0 || out < 0 ||
		write(in, data + 1, size - 1) != (ssize_t)size - 1)
		abort();
	lseek(in, 0, SEEK_SET);
	words[0] = (char **)options[data[0] % 10];
	run_chain(words, 1, in, out, &status);
	dup2(errors, STDERR_FILENO);
	close(errors);
	check(out);
	close(in);
	close(out);
	return 0;
}
