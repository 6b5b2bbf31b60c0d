/*
 * accum_show: accumulators as text.  Each is a member by the name of
 * its (first) result:
 *
 *	count               3
 *	sum                 12, 12.50 (decimals), DOUBLE; null
 *	avg                 {"count":3,"sum":DOUBLE or 12.50}
 *	min, max            the value
 *	first, last         {"value":...,"batch":7,"record":3}: of the record
 *	stddev, stats ...   {"count":3,"shift":S,"sum":DOUBLE,"squares":DOUBLE},
 *	                    of x - shift; stats has "min" and "max" too
 *	quantiles           {"level":0,"buckets":[[VALUE,COUNT],...]}
 *	approx_...          {"hashes":HEX} or {"registers":HEX}
 *	the others          an array of values
 *
 * DOUBLE is a number, or [HIGH,LOW] of which it is the sum, where it is known
 * to twice the precision.  What has seen nothing is null.
 */
#include <stdlib.h>
#include <string.h>

#include "accum_impl.h"
#include "numeric.h"
#include "entry.h"
#include "err.h"
#include "json.h"
#include "set.h"
#include "sketch.h"

static void
put_double(struct buf *out, double d)
{
	struct value v = value_double(d);

	value_print(&v, out);
}

static void
put_twice(struct buf *out, struct twice t)
{
	if (t.lo == 0) {
		put_double(out, t.hi);
		return;
	}
	buf_byte(out, '[');
	put_double(out, t.hi);
	buf_byte(out, ',');
	put_double(out, t.lo);
	buf_byte(out, ']');
}

static void
put_wide(struct buf *out, const struct wide *w, const struct accum_input *in)
{
	out->n += numeric_print(wide_get(w), in->decimal ? in->scale : 0,
		buf_need(out, NUMERIC_MAX));
}

static void
put_mean(struct buf *out, const struct mean *m, const struct accum_input *in)
{
	buf_printf(out, "{\"count\":%lld,\"sum\":", (long long)m->n);
	if (in->decimal)
		put_wide(out, &m->dec, in);
	else
		put_twice(out, m->sum);
	buf_byte(out, '}');
}

static void
put_moments(struct buf *out, const struct moments *m)
{
	buf_printf(out, "{\"count\":%lld,\"shift\":", (long long)m->n);
	put_double(out, m->shift);
	buf_str(out, ",\"sum\":");
	put_twice(out, m->s);
	buf_str(out, ",\"squares\":");
	put_twice(out, m->q);
}

static void
put_stats(struct buf *out, const struct stats *t)
{
	put_moments(out, &t->m);
	buf_str(out, ",\"min\":");
	put_double(out, t->min);
	buf_str(out, ",\"max\":");
	put_double(out, t->max);
	buf_byte(out, '}');
}

static void
put_quantile(struct buf *out, const struct sketch_quantile *from)
{
	size_t size = sizeof(*from) + from->used * sizeof(*from->b);
	struct sketch_quantile *q = mem_alloc(size);

	memcpy(q, from, size);
	sketch_quantile_settle(q);
	buf_printf(out, "{\"level\":%u,\"buckets\":[", q->level);
	for (uint32_t i = 0; i < q->used; i++) {
		buf_str(out, i > 0 ? ",[" : "[");
		put_double(out, sketch_quantile_least(q, i));
		buf_printf(out, ",%llu]", (unsigned long long)q->b[i].count);
	}
	buf_str(out, "]}");
	free(q);
}

static void
put_distinct(struct buf *out, const struct sketch_distinct *d)
{
	buf_str(out, d->dense ? "{\"registers\":" : "{\"hashes\":");
	entry_hex(out, d->hash, d->dense ? sizeof(d->reg) :
					   d->n * sizeof(*d->hash));
	buf_byte(out, '}');
}

static void
put_set(struct buf *out, const struct blob *b, const struct accum *a)
{
	struct set_item item;
	uint32_t at = 0;
	char c = '[';

	if (set_count(b, a->at) == 0)
		buf_byte(out, '[');
	while (set_next(b, a->at, &at, &item)) {
		struct value v;

		buf_byte(out, c);
		c = ',';
		if (a->fn == ACCUM_SET) {
			buf_add(out, item.more, item.nmore);
			continue;
		}
		value_decode(&v, item.key, item.nkey);
		value_print(&v, out);
	}
	buf_byte(out, ']');
}

static void
put_placed(struct buf *out, const struct blob *b, const struct accum *a)
{
	const struct placed *p = (const struct placed *)(b->p + a->at);
	struct value v = kept_value(b, a->at);

	buf_str(out, "{\"value\":");
	value_print(&v, out);
	buf_printf(out, ",\"batch\":%llu,\"record\":%llu}",
		(unsigned long long)(p->seq >> ACCUM_SEQ_BITS),
		(unsigned long long)(p->seq &
			((UINT64_C(1) << ACCUM_SEQ_BITS) - 1)));
}

static void
put_sum(struct buf *out, const struct sum *t, const struct accum_input *in)
{
	if (t->kind == SUM_DOUBLE)
		put_twice(out, t->d);
	else
		put_wide(out, &t->i, in);
}

bool
accum_is_empty(const struct accum *a, const char *p)
{
	switch (a->fn) {
	case ACCUM_SUM:
		return ((const struct sum *)p)->kind == SUM_NONE;
	case ACCUM_AVG:
		return ((const struct mean *)p)->n == 0;
	case ACCUM_MIN:
	case ACCUM_MAX:
	case ACCUM_FIRST:
	case ACCUM_LAST:
		return !((const struct kept *)p)->set;
	case ACCUM_STDDEV:
	case ACCUM_STDDEV_POP:
	case ACCUM_VARIANCE:
	case ACCUM_VAR_POP:
	case ACCUM_STATS:
		return ((const struct moments *)p)->n == 0;
	case ACCUM_QUANTILE:
	case ACCUM_APPROX:
		return ((const struct var *)p)->n == 0;
	default:
		return false;
	}
}

static void
put_one(const struct accums *s, const struct accum *a, const struct blob *b,
	struct buf *out)
{
	const struct accum_input *in = a->input < 0 ? NULL : &s->in[a->input];
	const char *p = b->p + a->at;
	const struct var *var = (const struct var *)p;
	struct value v;

	switch (a->fn) {
	case ACCUM_COUNT:
	case ACCUM_COUNT_FIELD:
		buf_printf(out, "%lld", (long long)*(const int64_t *)p);
		break;
	case ACCUM_SUM:
		put_sum(out, (const struct sum *)p, in);
		break;
	case ACCUM_AVG:
		put_mean(out, (const struct mean *)p, in);
		break;
	case ACCUM_MIN:
	case ACCUM_MAX:
		v = kept_value(b, a->at);
		value_print(&v, out);
		break;
	case ACCUM_FIRST:
	case ACCUM_LAST:
		put_placed(out, b, a);
		break;
	case ACCUM_STATS:
		put_stats(out, (const struct stats *)p);
		break;
	case ACCUM_QUANTILE:
		put_quantile(out, blob_at(b, var));
		break;
	case ACCUM_APPROX:
		put_distinct(out, blob_at(b, var));
		break;
	case ACCUM_LIST:
		buf_byte(out, '[');
		if (s->sequenced)
			list_print(b, a->at, out);
		else
			buf_add(out, blob_at(b, var), var->n);
		buf_byte(out, ']');
		break;
	case ACCUM_COUNT_DISTINCT:
	case ACCUM_SET:
		put_set(out, b, a);
		break;
	default:
		put_moments(out, (const struct moments *)p);
		buf_byte(out, '}');
	}
}

const char *
accum_name(const struct accums *s, size_t accum)
{
	size_t i = 0;

	while (s->out[i].accum != accum)
		i++;
	return s->out[i].name;
}

void
accums_show(const struct accums *s, const struct blob *b, struct buf *out)
{
	for (size_t i = 0; i < s->n; i++) {
		const char *name = accum_name(s, i);

		buf_byte(out, i > 0 ? ',' : '{');
		json_quote(out, name, strlen(name));
		buf_byte(out, ':');
		if (accum_is_empty(&s->a[i], b->p + s->a[i].at))
			buf_str(out, "null");
		else
			put_one(s, &s->a[i], b, out);
	}
	buf_byte(out, '}');
}
