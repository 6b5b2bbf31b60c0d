/*
 * sql_limit: the largest thing that a function makes.  Functions of strings, of
 * lists and of patterns ask before they make it, since a record of a few bytes
 * can ask for the rest of the memory: repeat(s, 1000000000).
 */
#include <assert.h>

#include "err.h"
#include "sql_impl.h"

int
sql_limit(struct datum_ctx *c, const struct sql_node *n, int64_t times,
	size_t size)
{
	int64_t all;

	assert(times >= 0);
	assert(size <= SQL_TEXT_MAX);
	if (!__builtin_mul_overflow(times, (int64_t)size, &all) &&
		all <= SQL_TEXT_MAX)
		return 0;
	return err_set(c->err, "'%s' would make more than %d MiB", n->fn->name,
		SQL_TEXT_MAX >> 20);
}
