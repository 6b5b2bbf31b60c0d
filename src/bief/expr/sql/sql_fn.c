/*
 * sql_fn: the functions there are.  This alone points at them all, and nothing
 * but the parser asks here: a function that wants what another one does calls
 * what both stand on, so that the files make no circle.
 */
#include <string.h>
#include <strings.h>

#include "floor/near.h"
#include "expr/sql/sql_impl.h"

/* Of names that are equally near to a wrong one, the first is named. */
static const struct sql_fn *const tables[] = {sql_arith_fns, sql_compare_fns,
	sql_choice_fns, sql_math_fns, sql_text_fns, sql_code_fns, sql_like_fns,
	sql_regex_fns, sql_format_fns, sql_time_fns, sql_timetext_fns,
	sql_make_fns, sql_access_fns, sql_sort_fns, sql_list_fns,
	sql_lambda_fns, sql_json_fns, sql_schema_fns, sql_hash_fns,
	sql_char_fns, sql_csv_fns, sql_url_fns, sql_zones_fns,
	sql_interval_fns};
#define NTABLES (sizeof(tables) / sizeof(tables[0]))

const struct sql_fn *
sql_fn_at(size_t i)
{
	size_t n;

	for (size_t t = 0; t < NTABLES; t++) {
		for (n = 0; tables[t][n].name != NULL; n++)
			if (n == i)
				return &tables[t][n];
		i -= n;
	}
	return NULL;
}

const struct sql_fn *
sql_fn_find(const char *name, size_t n)
{
	for (size_t t = 0; t < NTABLES; t++)
		for (const struct sql_fn *f = tables[t]; f->name != NULL; f++)
			if (strncasecmp(f->name, name, n) == 0 &&
				f->name[n] == '\0')
				return f;
	return NULL;
}

const char *
sql_fn_near(const char *name)
{
	const char *best = NULL;
	size_t d, least = SIZE_MAX;
	char lower[64];
	size_t n = strlen(name);

	if (n >= sizeof(lower))
		return NULL;
	for (size_t i = 0; i <= n; i++)
		lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z'
				? name[i] | 32
				: name[i]);
	for (size_t t = 0; t < NTABLES; t++)
		for (const struct sql_fn *f = tables[t]; f->name != NULL; f++) {
			if ((f->flags & SQL_OPERATOR) != 0)
				continue;
			d = near_distance(lower, f->name);
			if (d < least && near_enough(lower, f->name)) {
				least = d;
				best = f->name;
			}
		}
	return best;
}
