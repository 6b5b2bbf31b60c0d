/*
 * accum_place: first, last: the value of the record that came first, or last,
 * null too.  A struct kept, and behind it when the record came.
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

/* {"value":...,"batch":7,"record":3}: of the record */
static void
place_show(const struct accums *s, const struct accum *a, const struct blob *b,
	struct buf *out)
{
	const struct placed *p = accum_at(a, b);
	struct value v = kept_value(b, a->at);

	buf_str(out, "{\"value\":");
	value_print(&v, out);
	buf_printf(out, ",\"batch\":%llu,\"record\":%llu}",
		(unsigned long long)(p->seq >> ACCUMS_SEQ_BITS),
		(unsigned long long)(p->seq &
			((UINT64_C(1) << ACCUMS_SEQ_BITS) - 1)));
}

static int
place_take(const struct accum_taking *t, const struct value *v)
{
	static const char *const names[] = {"value", "batch", "record", NULL};
	const int64_t most = INT64_C(1) << ACCUMS_SEQ_BITS;
	int64_t batch, record;
	struct value kept;

	if (accum_text_object(t, v, names, NULL) == -1 ||
		entry_get(v, "value", &kept, t->err) == -1 ||
		entry_get_int(v, "batch", &batch, t->err) == -1 ||
		entry_get_int(v, "record", &record, t->err) == -1 ||
		accum_kit_kept_take(t, &kept, false) == -1)
		return -1;
	if (batch < 0 || batch >= INT64_MAX / most || record < 0 ||
		record >= most)
		return accum_text_wrong(t, "a place in the input");
	((struct placed *)accum_at(t->a, t->b))->seq = (uint64_t)batch
			<< ACCUMS_SEQ_BITS |
		(uint64_t)record;
	return 0;
}

#define PLACE                                                           \
	.nulls = true, .size = sizeof(struct placed), .varies = true,   \
	.var = offsetof(struct placed, k.text), .type = accum_kit_same, \
	.result = accum_kit_kept_result, .empty = accum_kit_kept_empty, \
	.show = place_show, .take = place_take

const struct accum_kind accum_place_kinds[] = {
	{.name = "first", .add = first_add, .merge = first_merge, PLACE},
	{.name = "last", .add = last_add, .merge = last_merge, PLACE}, {0}};
