/*
 * parse-text as a whole: the first byte chooses what lines are, the rest is its
 * input.  Nothing but JSON objects may come out.
 */
#include "program.h"

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0)
		program_feed(options[data[0] % 10], data + 1, size - 1);
	return 0;
}
