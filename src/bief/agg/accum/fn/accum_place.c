/*
 * accum_place: first, last: the value of the record that came first, or last,
 * null too unless nulls are ignored.  A struct kept, and behind it when the
 * record came.
 */
#include "floor/buf.h"
#include "recovery/kept.h"
#include "runtime/entry.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_text.h"

struct placed {
	struct kept k;
	uint64_t seq;
};

/* Does a record go before what is there?  Where two have one number, the one
 * that was there is the first, and the one that comes the last. */
static bool
is_first(const struct placed *p, uint64_t seq)
{
	return !p->k.set || seq < p->seq;
}

/* Or behind it? */
static bool
is_last(const struct placed *p, uint64_t seq)
{
	return !p->k.set || seq >= p->seq;
}

static void
place_put(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	const struct accum_input *in = accum_in(s, a);
	const struct value null = value_null();

	((struct placed *)accum_at(a, b))->seq = seq;
	kept_put(b, &s->form, a->at, in->raw != NULL ? in->raw : &null,
		in->raw != NULL ? &in->num : &null);
}

static void
place_copy(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	const struct placed *p = accum_at(a, from);
	struct value v = kept_value(from, a->at);
	struct value num = p->k.as == 0 ? v : value_number(&v, false);

	((struct placed *)accum_at(a, to))->seq = p->seq;
	kept_put(to, &s->form, a->at, &v, &num);
}

static void
first_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	if (is_first(accum_at(a, b), seq))
		place_put(s, a, b, seq);
}

static void
last_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	if (is_last(accum_at(a, b), seq))
		place_put(s, a, b, seq);
}

static void
first_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	const struct placed *p = accum_at(a, from);

	if (p->k.set && is_first(accum_at(a, to), p->seq))
		place_copy(s, a, to, from);
}

static void
last_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	const struct placed *p = accum_at(a, from);

	if (p->k.set && is_last(accum_at(a, to), p->seq))
		place_copy(s, a, to, from);
}

static void
place_shift(const struct accum *a, struct blob *b, uint64_t by)
{
	((struct placed *)accum_at(a, b))->seq += by;
}

/* {"value":...,"batch":7,"record":3}: of the record */
static void
place_show(const struct accums *s, const struct accum *a, const struct blob *b,
	struct buf *out)
{
	const struct placed *p = accum_at(a, b);
	struct value v = kept_value(b, a->at);

	buf_str(out, "{\"value\":");
	value_print(&v, out);
	accum_text_put_place(out, p->seq);
	buf_byte(out, '}');
}

static int
place_take(const struct accum_taking *t, const struct value *v)
{
	static const char *const names[] = {"value", "batch", "record", NULL};
	struct value kept;
	uint64_t seq;

	if (accum_text_object(t, v, names, NULL) == -1 ||
		entry_get(v, "value", &kept, t->err) == -1 ||
		accum_kit_kept_take(t, &kept, false) == -1 ||
		accum_text_get_place(t, v, &seq) == -1)
		return -1;
	((struct placed *)accum_at(t->a, t->b))->seq = seq;
	return 0;
}

#define PLACE                                                           \
	.size = sizeof(struct placed), .varies = true,                  \
	.var = offsetof(struct placed, k.text), .type = accum_kit_same, \
	.result = accum_kit_kept_result, .empty = accum_kit_kept_empty, \
	.show = place_show, .take = place_take, .shift = place_shift,   \
	.runs = true

static const struct accum_kind first_ignoring = {
	.name = "first", .add = first_add, .merge = first_merge, PLACE};
static const struct accum_kind last_ignoring = {
	.name = "last", .add = last_add, .merge = last_merge, PLACE};

const struct accum_kind accum_place_kinds[] = {
	{.name = "first",
		.nulls = true,
		.ignoring = &first_ignoring,
		.add = first_add,
		.merge = first_merge,
		PLACE},
	{.name = "last",
		.nulls = true,
		.ignoring = &last_ignoring,
		.add = last_add,
		.merge = last_merge,
		PLACE},
	{0}};
