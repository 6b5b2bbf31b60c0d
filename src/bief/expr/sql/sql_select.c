/*
 * sql_select: select lists, "a, b + 1 as c, *".  The parser knows where an item
 * ends, so the text is parsed here, and each item once more when it is compiled
 * (sql.c), by then with the fields of its input.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "expr/sql/sql.h"
#include "expr/sql/sql_impl.h"

static void
select_add(struct sql_select *l, const char *name, size_t nname,
	const char *text, size_t ntext)
{
	while (ntext > 0 && isspace((unsigned char)text[ntext - 1]))
		ntext--;
	l->item = mem_realloc(l->item, (l->n + 1) * sizeof(*l->item));
	l->item[l->n].name = mem_dup(name, nname);
	l->item[l->n++].text = mem_dup(text, ntext);
}

int
sql_select_parse(struct sql_select *list, const char *text, struct err *err)
{
	const char *at, *alias, *name;
	struct sql_node *n;
	struct sql x;
	size_t len;
	int r;

	*list = (struct sql_select){0};
	sql_tree_begin(&x, text);
	at = x.text;
	do {
		r = sql_parse_item(&x, &at, &n, &alias, err);
		if (r < 0) {
			sql_select_release(list);
			break;
		}
		if (n == NULL) {
			select_add(list, "*", 1, "*", 1);
			continue;
		}
		name = n->from;
		len = (size_t)(n->to - n->from);
		while (len > 0 && isspace((unsigned char)name[len - 1]))
			len--;
		if (alias != NULL) {
			name = alias;
			len = strlen(alias);
		} else if (n->op == SQL_NAME || n->op == SQL_MEMBER) {
			name = n->part[n->npart - 1].s;
			len = n->part[n->npart - 1].n;
		}
		select_add(list, name, len, n->from, (size_t)(n->to - n->from));
	} while (r == 1);
	sql_tree_end(&x);
	return r < 0 ? -1 : 0;
}

void
sql_select_release(struct sql_select *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->item[i].name);
		free(list->item[i].text);
	}
	free(list->item);
	*list = (struct sql_select){0};
}
