/*
 * regex: what is found where, names of groups, and that it always ends.
 */
#include <assert.h>
#include <string.h>

#include "floor/err.h"
#include "text/regex.h"

static struct regex *
make(const char *pattern, unsigned options)
{
	struct err err;
	struct regex *x = regex_new(
		pattern, strlen(pattern), REGEX_PERL, options, &err);

	assert(x != NULL);
	return x;
}

static void
check(const char *pattern, const char *s, int found, int beg, int end)
{
	struct regex *x = make(pattern, 0);
	struct regex_match m;
	struct err err;

	assert(regex_search(x, s, strlen(s), 0, &m, &err) == found);
	if (found == 1) {
		assert(m.beg[0] == beg);
		assert(m.end[0] == end);
	}
	regex_free(x);
}

int
main(void)
{
	char a[41];
	struct err err;
	struct regex *x;
	struct regex_match m;
	size_t n;

	check("bc", "abcbc", 1, 1, 3);
	check("bd", "abcbc", 0, 0, 0);
	check("b+", "abbb", 1, 1, 4);
	check("^b", "ab", 0, 0, 0);
	check("", "ab", 1, 0, 0);

	x = make("(?<day>[0-9]+)-(x)?", 0);
	assert(regex_search(x, "a 12-", 5, 0, &m, &err) == 1);
	assert(m.n == 3);
	assert(m.beg[1] == 2);
	assert(m.end[1] == 4);
	assert(m.beg[2] == -1);
	assert(strcmp(regex_group(x, 1, &n), "day") == 0);
	assert(regex_group(x, 2, &n) == NULL);
	regex_free(x);

	x = make("STAIRS", REGEX_IGNORE_CASE);
	assert(regex_search(x, "stairsup", 8, 0, NULL, &err) == 1);
	assert(regex_search(x, "stairsup", 8, 1, NULL, &err) == 0);
	regex_free(x);

	assert(regex_new("(", 1, REGEX_PERL, 0, &err) == NULL);
	assert(strcmp(err.text, "end pattern with unmatched parenthesis") == 0);

	memset(a, 'a', 40);
	a[39] = '!';
	a[40] = '\0';
	check("(a+)+$", a, -1, 0, 0);
	return 0;
}
