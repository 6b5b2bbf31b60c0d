/*
 * accum_by: max_by, min_by: a field of the record in which another one is
 * largest, or smallest; of several such records it is the last.
 */
#include "floor/buf.h"
#include "recovery/kept.h"
#include "runtime/entry.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_text.h"
#include "agg/accum/fn/accum_extreme.h"

struct by {
	struct kept value, order;
	uint64_t seq; /* of the record */
};

#define ORDER ((uint32_t)offsetof(struct by, order))

static const struct by *
by_at(const struct accum *a, const struct blob *b)
{
	return accum_at(a, b);
}

/* A record that may go before what is there. */
struct rival {
	struct value v, num, order, order_num;
	uint64_t seq;
};

static void
by_put(const struct accums *s, const struct accum *a, struct blob *b,
	const struct rival *r, int direction)
{
	const struct value *num = &r->order_num;
	const struct by *p = by_at(a, b);
	int c = accum_extreme_compare(
		accum_more(s, a, 0), b, a->at + ORDER, &r->order, &num);

	if (p->order.set &&
		(c == 0                         ? r->seq < p->seq
				: direction < 0 ? c < 0
						: c > 0))
		return;
	kept_put(b, &s->form, a->at, &r->v, &r->num);
	kept_put(b, &s->form, a->at + ORDER, &r->order, num);
	((struct by *)accum_at(a, b))->seq = r->seq;
}

static void
by_add(const struct accums *s, const struct accum *a, struct blob *b,
	uint64_t seq, int direction)
{
	const struct accum_input *in = accum_in(s, a),
				 *order = accum_more(s, a, 0);
	struct rival r = {
		value_null(), value_null(), value_null(), value_null(), seq};

	if (order->raw == NULL)
		return;
	if (in->raw != NULL) {
		r.v = *in->raw;
		r.num = in->num;
	}
	r.order = *order->raw;
	r.order_num = order->num;
	by_put(s, a, b, &r, direction);
}

static void
by_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from, int direction)
{
	struct rival r = {.seq = by_at(a, from)->seq};

	if (!by_at(a, from)->order.set)
		return;
	accum_extreme_kept(from, a->at, &r.v, &r.num);
	accum_extreme_kept(from, a->at + ORDER, &r.order, &r.order_num);
	by_put(s, a, to, &r, direction);
}

static void
max_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	by_add(s, a, b, seq, 1);
}

static void
min_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	by_add(s, a, b, seq, -1);
}

static void
max_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	by_merge(s, a, to, from, 1);
}

static void
min_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	by_merge(s, a, to, from, -1);
}

/* {"value":...,"by":...,"batch":7,"record":3}: of the record */
static void
by_show(const struct accums *s, const struct accum *a, const struct blob *b,
	struct buf *out)
{
	struct value v = kept_value(b, a->at),
		     order = kept_value(b, a->at + ORDER);

	buf_str(out, "{\"value\":");
	value_print(&v, out);
	buf_str(out, ",\"by\":");
	value_print(&order, out);
	accum_text_put_place(out, by_at(a, b)->seq);
	buf_byte(out, '}');
}

/* The one at the place of the kept, as of its own input. */
static int
take_kept(const struct accum_taking *t, const struct value *object,
	const char *name, struct accum_input *in, uint32_t offset)
{
	struct accum at = *t->a;
	struct accum_taking part = *t;
	struct value v;

	at.at += offset;
	part.a = &at;
	part.in = in;
	return entry_get(object, name, &v, t->err) == -1
		? -1
		: accum_kit_kept_take(&part, &v,
			  value_is_big(&v) ||
				  (in->decimal && v.type == VALUE_NUMBER));
}

static int
by_take(const struct accum_taking *t, const struct value *v)
{
	static const char *const names[] = {
		"value", "by", "batch", "record", NULL};
	uint64_t seq;

	if (accum_text_object(t, v, names, NULL) == -1 ||
		take_kept(t, v, "value", t->in, 0) == -1 ||
		take_kept(t, v, "by", accum_more(t->s, t->a, 0), ORDER) == -1 ||
		accum_text_get_place(t, v, &seq) == -1)
		return -1;
	((struct by *)accum_at(t->a, t->b))->seq = seq;
	return 0;
}

#define BY                                                               \
	.nulls = true, .fields = 2, .compared = true,                    \
	.size = sizeof(struct by), .varies = true,                       \
	.var = offsetof(struct by, value.text),                          \
	.more = offsetof(struct by, order.text), .type = accum_kit_same, \
	.result = accum_kit_kept_result, .empty = accum_kit_kept_empty,  \
	.show = by_show, .take = by_take

const struct accum_kind accum_by_kinds[] = {
	{.name = "max_by", .add = max_add, .merge = max_merge, BY},
	{.name = "min_by", .add = min_add, .merge = min_merge, BY}, {0}};
