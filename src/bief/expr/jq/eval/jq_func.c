/*
 * jq_func: the functions that run natively, by their names.
 */
#include <string.h>

#include "expr/jq/jq_impl.h"

extern const struct jq_func jq_choose_funcs[];
extern const struct jq_func jq_any_funcs[];
extern const struct jq_func jq_contain_funcs[];
extern const struct jq_func jq_text_funcs[];
extern const struct jq_func jq_math_funcs[];
extern const struct jq_func jq_match_funcs[];
extern const struct jq_func jq_replace_funcs[];
extern const struct jq_func jq_time_funcs[];

const struct jq_func *const jq_func_families[] = {jq_choose_funcs, jq_any_funcs,
	jq_contain_funcs, jq_text_funcs, jq_math_funcs, jq_match_funcs,
	jq_replace_funcs, jq_time_funcs, NULL};

const struct jq_func *
jq_func_find(const char *name, size_t n, uint32_t nargs)
{
	const struct jq_func *const *family, *f;

	for (family = jq_func_families; *family != NULL; family++)
		for (f = *family; f->name != NULL; f++)
			if (f->nargs == nargs && strlen(f->name) == n &&
				memcmp(f->name, name, n) == 0)
				return f;
	return NULL;
}
