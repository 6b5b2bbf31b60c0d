/*
 * parse-csv as a whole: the first byte chooses the options, the rest is its
 * input.  Nothing but JSON objects may come out.
 */
#include "program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *const options[][12] = {
	{"parse-csv", "--on-error", "skip"},
	{"parse-csv", "--header", "--on-error", "skip"},
	{"parse-csv", "--sep", ";", "--quote", "'", "--on-error", "skip"},
	{"parse-csv", "--header", "--schema",
		"a int, b double, c timestamp, d boolean, e decimal(9,3), "
		"f date, g string, _corrupt_record string"},
	{"parse-csv", "--trim", "--comment", "#", "--ragged", "--null", "a",
		"--on-error", "skip"},
	{"parse-csv", "--quote", "", "--sep", "tab", "--on-error", "skip"},
	{"parse-csv", "--multi-line", "false", "--trim", "--schema",
		"a binary, b double, _corrupt_record string"},
	{"parse-csv", "--header", "--batch", "2", "--plain", "--max-line", "20",
		"--on-error", "skip"},
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0)
		program_feed(options[data[0] % 8], data + 1, size - 1);
	return 0;
}
