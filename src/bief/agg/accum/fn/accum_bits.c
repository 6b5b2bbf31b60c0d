/*
 * accum_bits: bit_and, bit_or, bit_xor of integers.
 */
#include "floor/buf.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_text.h"

struct bits {
	int64_t bits;
	int64_t set; /* there was a value */
};

static void
and_put(struct bits *t, int64_t bits)
{
	t->bits = t->set ? t->bits & bits : bits;
	t->set = 1;
}

static void
or_put(struct bits *t, int64_t bits)
{
	t->bits |= bits;
	t->set = 1;
}

static void
xor_put(struct bits *t, int64_t bits)
{
	t->bits ^= bits;
	t->set = 1;
}

static void
and_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	and_put(accum_at(a, b), accum_in(s, a)->num.i);
}

static void
or_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	or_put(accum_at(a, b), accum_in(s, a)->num.i);
}

static void
xor_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	xor_put(accum_at(a, b), accum_in(s, a)->num.i);
}

static void
and_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	const struct bits *p = accum_at(a, from);

	if (p->set)
		and_put(accum_at(a, to), p->bits);
}

static void
or_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	const struct bits *p = accum_at(a, from);

	if (p->set)
		or_put(accum_at(a, to), p->bits);
}

static void
xor_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	const struct bits *p = accum_at(a, from);

	if (p->set)
		xor_put(accum_at(a, to), p->bits);
}

static bool
bits_empty(const struct accum *a, const struct blob *b)
{
	return !((const struct bits *)accum_at(a, b))->set;
}

static int
bits_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	if (!bits_empty(a, b))
		*r->v = value_int(((const struct bits *)accum_at(a, b))->bits);
	return 0;
}

/* The integer. */
static void
bits_show(const struct accums *s, const struct accum *a, const struct blob *b,
	struct buf *out)
{
	buf_printf(out, "%lld",
		(long long)((const struct bits *)accum_at(a, b))->bits);
}

static int
bits_take(const struct accum_taking *t, const struct value *v)
{
	struct value n = value_number(v, false);

	if (n.type != VALUE_INT)
		return accum_text_wrong(t, "an integer");
	*(struct bits *)accum_at(t->a, t->b) = (struct bits){n.i, 1};
	return 0;
}

#define BITS                                                           \
	.number = true, .integral = true, .runs = true,                \
	.size = sizeof(struct bits), .type = accum_kit_same,           \
	.result = bits_result, .empty = bits_empty, .show = bits_show, \
	.take = bits_take

const struct accum_kind accum_bits_kinds[] = {
	{.name = "bit_and", .add = and_add, .merge = and_merge, BITS},
	{.name = "bit_or", .add = or_add, .merge = or_merge, BITS},
	{.name = "bit_xor", .add = xor_add, .merge = xor_merge, BITS}, {0}};
