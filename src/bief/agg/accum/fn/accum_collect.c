/*
 * accum_collect: collect_list, collect_set.  A struct var.
 *
 * A list is JSON text, the values parted by commas.  Sessions that become one
 * bring their lists, whose values are to stand in the order in which the
 * records came: where groups are sessions (accums.sequenced), a list is of
 * items, one behind the other:
 *
 *	8 bytes   the record's sequence number
 *	4 bytes   length
 *	          JSON text of the value
 *
 * A set has the values' key bytes, and beside each its JSON text.
 */
#include "agg/accum/fn/accum_collect.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "value/json.h"
#include "value/key.h"
#include "recovery/state/set.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_text.h"

struct value *
accum_collect_values(struct buf *out, size_t start, size_t *n)
{
	struct value array = {.type = VALUE_ARRAY}, key, v, *values = NULL;
	struct json_iter it;
	size_t room = 0;

	memset(buf_need(out, JSON_PADDING), 0, JSON_PADDING);
	array.s = out->p + start;
	array.n = (uint32_t)(out->n - start);
	*n = 0;
	json_iter(&it, &array);
	while (json_next(&it, &key, &v)) {
		if (*n == room) {
			room = room * 2 + 16;
			values = mem_realloc(values, room * sizeof(*values));
		}
		values[(*n)++] = v;
	}
	return values;
}

/* ---- lists with sequence numbers ---- */

#define ITEM_HEAD (sizeof(uint64_t) + sizeof(uint32_t))

struct item {
	const char *p; /* NULL: none */
	uint64_t seq;
	uint32_t n;
};

static struct item
item_at(const char *p, const char *end)
{
	struct item i = {0};

	if (p >= end)
		return i;
	assert((size_t)(end - p) >= ITEM_HEAD);
	i.p = p;
	memcpy(&i.seq, p, sizeof i.seq);
	memcpy(&i.n, p + sizeof i.seq, sizeof i.n);
	assert((size_t)(end - p) - ITEM_HEAD >= i.n);
	return i;
}

static void
items_add(struct blob *b, const struct blob_form *f, uint32_t at, uint64_t seq,
	const struct buf *text)
{
	size_t old = blob_var(b, at)->n;
	uint32_t length = (uint32_t)text->n;
	char *to = (char *)blob_room(b, f, at, old + ITEM_HEAD + length) + old;

	memcpy(to, &seq, sizeof seq);
	memcpy(to + sizeof seq, &length, sizeof length);
	memcpy(to + ITEM_HEAD, text->p, length);
	blob_var(b, at)->n = (uint32_t)(old + ITEM_HEAD + length);
}

static void
items_merge(struct blob *to, const struct blob_form *f, uint32_t at,
	const struct blob *from)
{
	const struct var *v = blob_var(to, at), *w = blob_var(from, at);
	const char *p = blob_at(to, v), *pend = p + v->n;
	const char *q = blob_at(from, w), *qend = q + w->n;
	struct buf all;

	if (w->n == 0)
		return;
	buf_init(&all);
	while (p < pend || q < qend) {
		struct item a = item_at(p, pend), b = item_at(q, qend);
		bool first = a.p != NULL && (b.p == NULL || a.seq <= b.seq);

		buf_add(&all, first ? p : q, ITEM_HEAD + (first ? a.n : b.n));
		p += first ? ITEM_HEAD + a.n : 0;
		q += first ? 0 : ITEM_HEAD + b.n;
	}
	memcpy(blob_room(to, f, at, all.n), all.p, all.n);
	blob_var(to, at)->n = (uint32_t)all.n;
	buf_release(&all);
}

/* The values, parted by commas. */
static void
items_print(const struct blob *b, uint32_t at, struct buf *out)
{
	const struct var *v = blob_var(b, at);
	const char *p = blob_at(b, v), *end = p + v->n;

	for (struct item i; (i = item_at(p, end)).p != NULL;
		p += ITEM_HEAD + i.n) {
		buf_add(out, p + ITEM_HEAD, i.n);
		if (p + ITEM_HEAD + i.n < end)
			buf_byte(out, ',');
	}
}

/* ---- lists ---- */

static void
list_append(struct blob *b, const struct blob_form *f, uint32_t at,
	const char *p, size_t n)
{
	size_t old = blob_var(b, at)->n;
	char *to = blob_room(b, f, at, old + n + (old > 0));

	if (old > 0)
		to[old++] = ',';
	memcpy(to + old, p, n);
	blob_var(b, at)->n = (uint32_t)(old + n);
}

void
accum_collect_add_list(
	struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	buf_clear(&s->text);
	value_print(accum_in(s, a)->raw, &s->text);
	if (s->sequenced)
		items_add(b, &s->form, a->at, seq, &s->text);
	else
		list_append(b, &s->form, a->at, s->text.p, s->text.n);
}

void
accum_collect_merge_list(const struct accums *s, const struct accum *a,
	struct blob *to, const struct blob *from)
{
	const struct var *v = accum_at(a, from);

	if (s->sequenced)
		items_merge(to, &s->form, a->at, from);
	else if (v->n > 0)
		list_append(to, &s->form, a->at, blob_at(from, v), v->n);
}

/* An array of values. */
void
accum_collect_show_list(const struct accums *s, const struct accum *a,
	const struct blob *b, struct buf *out)
{
	const struct var *v = accum_at(a, b);

	buf_byte(out, '[');
	if (s->sequenced)
		items_print(b, a->at, out);
	else
		buf_add(out, blob_at(b, v), v->n);
	buf_byte(out, ']');
}

static int
list_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	size_t start = r->tmp->n;

	accum_collect_show_list(s, a, b, r->tmp);
	*r->v = (struct value){.s = r->tmp->p + start,
		.n = (uint32_t)(r->tmp->n - start),
		.type = VALUE_ARRAY};
	return 0;
}

int
accum_collect_take_list(const struct accum_taking *t, const struct value *v)
{
	struct buf *text = &t->s->text;
	struct json_iter it;
	struct value key, item;

	if (v->type != VALUE_ARRAY)
		return accum_text_wrong(t, "an array");
	buf_clear(text);
	json_iter(&it, v);
	while (json_next(&it, &key, &item)) {
		if (t->s->sequenced)
			buf_clear(text);
		else if (text->n > 0)
			buf_byte(text, ',');
		value_print(&item, text);
		if (t->s->sequenced)
			items_add(t->b, &t->s->form, t->a->at, 0, text);
	}
	if (!t->s->sequenced && text->n > 0)
		memcpy(accum_kit_var_take(t, text->n), text->p, text->n);
	return 0;
}

/* ---- sets ---- */

static void
collect_put(struct accums *s, const struct accum *a, struct blob *b,
	const struct value *v)
{
	buf_clear(&s->key);
	buf_clear(&s->text);
	key_encode(v, &s->key);
	value_print(v, &s->text);
	set_add(b, &s->form, a->at, s->key.p, s->key.n, s->text.p, s->text.n);
}

void
accum_collect_add_set(
	struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	collect_put(s, a, b, accum_in(s, a)->raw);
}

void
accum_collect_merge_set(const struct accums *s, const struct accum *a,
	struct blob *to, const struct blob *from)
{
	set_merge(to, &s->form, a->at, from);
}

static int
by_value(const void *a, const void *b)
{
	const struct set_item *x = a, *y = b;
	struct value v, w;

	key_decode(&v, x->key, x->nkey);
	key_decode(&w, y->key, y->nkey);
	return key_compare(&v, &w);
}

/* An array of the texts of items. */
static void
collect_print(const struct set_item *items, uint32_t n, struct buf *out)
{
	buf_byte(out, '[');
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0)
			buf_byte(out, ',');
		buf_add(out, items[i].more, items[i].nmore);
	}
	buf_byte(out, ']');
}

static struct set_item *
collect_items(const struct blob *b, const struct accum *a, uint32_t *n)
{
	uint32_t i = 0, place = 0;
	struct set_item *items;

	*n = set_count(b, a->at);
	items = mem_alloc((*n + 1) * sizeof *items);
	while (set_next(b, a->at, &place, &items[i]))
		i++;
	assert(i == *n);
	return items;
}

void
accum_collect_sort(const struct accum *a, const struct blob *b, struct buf *out)
{
	uint32_t n;
	struct set_item *items = collect_items(b, a, &n);

	qsort(items, n, sizeof *items, by_value);
	collect_print(items, n, out);
	free(items);
}

/* In order, so that the order of the input does not show. */
static int
collect_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	size_t start = r->tmp->n;

	accum_collect_sort(a, b, r->tmp);
	*r->v = (struct value){.s = r->tmp->p + start,
		.n = (uint32_t)(r->tmp->n - start),
		.type = VALUE_ARRAY};
	return 0;
}

/* In the order in which they came, so that taking it makes the same table. */
void
accum_collect_show_set(const struct accums *s, const struct accum *a,
	const struct blob *b, struct buf *out)
{
	uint32_t n;
	struct set_item *items = collect_items(b, a, &n);

	collect_print(items, n, out);
	free(items);
}

int
accum_collect_take_set(const struct accum_taking *t, const struct value *v)
{
	struct json_iter it;
	struct value key, item;

	if (v->type != VALUE_ARRAY)
		return accum_text_wrong(t, "an array");
	json_iter(&it, v);
	while (json_next(&it, &key, &item))
		collect_put(t->s, t->a, t->b, &item);
	return 0;
}

#define COLLECT                                                          \
	.size = ACCUM_VAR_SIZE, .varies = true, .type = accum_kit_array, \
	.runs = true

const struct accum_kind accum_collect_kinds[] = {
	{.name = "collect_list",
		.listed = true,
		.add = accum_collect_add_list,
		.merge = accum_collect_merge_list,
		.result = list_result,
		.show = accum_collect_show_list,
		.take = accum_collect_take_list,
		COLLECT},
	{.name = "collect_set",
		.add = accum_collect_add_set,
		.merge = accum_collect_merge_set,
		.result = collect_result,
		.show = accum_collect_show_set,
		.take = accum_collect_take_set,
		COLLECT},
	{0}};
