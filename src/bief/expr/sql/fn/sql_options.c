/*
 * sql_options: the options that functions have in Spark, map('name', 'value'),
 * which are read when the expression is compiled.
 */
#include <string.h>

#include "floor/err.h"
#include "expr/sql/sql_impl.h"

int
sql_options_read(const struct sql_node *n, int i,
	int (*set)(void *arg, const char *name, const char *v, struct err *err),
	void *arg, struct err *err)
{
	const struct sql_node *m = i < n->narg ? n->arg[i] : NULL, *k, *v;
	int ret = 0;

	if (m == NULL)
		return 0;
	if (m->op != SQL_CALL || strcmp(m->fn->name, "map") != 0)
		return err_as(err, STATUS_USAGE,
			"the options of '%s' are map('name', 'value')",
			n->fn->name);
	for (int j = 0; j < m->narg && ret == 0; j += 2) {
		k = m->arg[j];
		v = m->arg[j + 1];
		if (k->op != SQL_LITERAL || k->lit.kind != TYPE_STRING ||
			v->op != SQL_LITERAL || v->lit.kind != TYPE_STRING)
			return err_as(err, STATUS_USAGE,
				"the options of '%s' are texts: map('name', "
				"'value')",
				n->fn->name);
		ret = set(arg, k->lit.str, v->lit.str, err);
		if (ret > 0)
			err_as(err, STATUS_USAGE, "'%s' has no option '%s'",
				n->fn->name, k->lit.str);
	}
	return ret == 0 ? 0 : -1;
}

int
sql_options_refuse(
	struct err *err, const char *name, const char *want, const char *got)
{
	return err_as(err, STATUS_USAGE, "option '%s' is %s, not '%s'", name,
		want, got);
}
