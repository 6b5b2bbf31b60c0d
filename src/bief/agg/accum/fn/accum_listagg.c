/*
 * accum_listagg: listagg: the values as one text.  A list as collect_list has.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "value/json.h"
#include "value/key.h"
#include "types/type.h"
#include "agg/accum/accum.h"
#include "agg/accum/fn/accum_collect.h"

static struct type *
text_type(const struct type *t, int part)
{
	return type_new(TYPE_STRING);
}

static int
by_value(const void *a, const void *b)
{
	return key_compare(a, b);
}

static int
from_last(const void *a, const void *b)
{
	return key_compare(b, a);
}

/* The characters of a value, where it is text, else its spelling. */
static void
put_text(const struct value *v, struct buf *tmp, struct buf *out)
{
	size_t n;
	const char *s;

	if (v->type == VALUE_STRING)
		s = value_string(v, &n, tmp);
	else
		s = value_spelling(v, &n, tmp);
	buf_add(out, s, n);
}

/* All values, with the text between, as the inside of a JSON string. */
static void
join(const struct accum *a, struct value *v, size_t n, struct buf *out)
{
	struct buf text, tmp;

	buf_init(&text);
	buf_init(&tmp);
	if (a->order != 0)
		qsort(v, n, sizeof(*v), a->order > 0 ? by_value : from_last);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && a->between != NULL)
			buf_str(&text, a->between);
		put_text(&v[i], &tmp, &text);
	}
	buf_clear(out);
	json_escape(out, text.p, text.n);
	buf_release(&text);
	buf_release(&tmp);
}

static int
listagg_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	struct value *values;
	struct buf list;
	size_t n;

	if (accum_kit_var_empty(a, b))
		return 0;
	buf_init(&list);
	accum_collect_show_list(s, a, b, &list);
	values = accum_collect_values(&list, 0, &n);
	join(a, values, n, r->tmp);
	*r->v = value_json_string(r->tmp->p, r->tmp->n,
		r->tmp->n > 0 && memchr(r->tmp->p, '\\', r->tmp->n) != NULL);
	free(values);
	buf_release(&list);
	return 0;
}

const struct accum_kind accum_listagg_kinds[] = {
	{.name = "listagg",
		.listed = true,
		.between = true,
		.ordered = true,
		.distinct = true,
		.words = true,
		.size = ACCUM_VAR_SIZE,
		.varies = true,
		.type = text_type,
		.add = accum_collect_add_list,
		.merge = accum_collect_merge_list,
		.result = listagg_result,
		.empty = accum_kit_var_empty,
		.show = accum_collect_show_list,
		.take = accum_collect_take_list},
	{0}};
