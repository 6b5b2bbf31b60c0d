/*
 * runs: see runs.h.
 *
 * An entry of a log, for each field that is logged two bits of what it is:
 *
 *	4 bytes   the group
 *	4 bytes   kinds: 0 null, 1 an integer, 2 a double
 *	8 bytes   for each field, the number
 */
#include "agg/accum/runs.h"

#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "agg/accum/accum.h"

enum log_kind { LOG_NULL, LOG_INT, LOG_DOUBLE };

struct entry {
	uint32_t group, kinds;
	union {
		int64_t i;
		double d;
	} num[];
};

/* The fields that it looks at. */
static size_t
fields_of(const struct accum *a)
{
	return (a->input >= 0) + a->nmore;
}

static int
field_of(const struct accum *a, size_t i)
{
	return i == 0 ? a->input : a->more[i - 1];
}

static bool
is_merged(const struct accums *s, const struct accum *a)
{
	return a->kind->runs ||
		(a->kind->sums && a->input >= 0 && accum_in(s, a)->decimal);
}

const char *
runs_why_not(const struct accums *s)
{
	size_t logged = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (is_merged(s, &s->a[i]))
			continue;
		logged += fields_of(&s->a[i]);
		if (!s->a[i].kind->logs || logged > RUNS_LOGGED)
			return "it has a function that needs the records in "
			       "their order";
	}
	return NULL;
}

static bool
is_in(const struct runs *r, int input)
{
	for (size_t i = 0; i < r->nin; i++)
		if (r->in[i] == input)
			return true;
	return false;
}

void
runs_init(struct runs *r, const struct accums *s)
{
	memset(r, 0, sizeof(*r));
	r->logged = mem_zalloc((s->n + 1) * sizeof(*r->logged));
	for (size_t i = 0; i < s->n; i++) {
		r->logged[i] = !is_merged(s, &s->a[i]);
		r->any |= r->logged[i];
		for (size_t k = 0; r->logged[i] && k < fields_of(&s->a[i]); k++)
			if (!is_in(r, field_of(&s->a[i], k)))
				r->in[r->nin++] = field_of(&s->a[i], k);
	}
}

void
runs_release(struct runs *r)
{
	free(r->logged);
	r->logged = NULL;
}

static void
log_record(const struct runs *r, const struct accums *s, uint32_t group,
	struct buf *log)
{
	size_t size = sizeof(struct entry) + r->nin * 8;
	struct entry *e = (struct entry *)buf_need(log, size);

	e->group = group;
	e->kinds = 0;
	for (size_t i = 0; i < r->nin; i++) {
		const struct accum_input *in = &s->in[r->in[i]];
		enum log_kind k = in->raw == NULL   ? LOG_NULL
			: in->num.type == VALUE_INT ? LOG_INT
						    : LOG_DOUBLE;

		e->kinds |= (uint32_t)k << 2 * i;
		e->num[i].i = k == LOG_NULL ? 0 : in->num.i;
	}
	log->n += size;
}

void
runs_add(const struct runs *r, struct accums *s, struct blob *b, uint64_t seq,
	uint32_t group, struct buf *log)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct accum *a = &s->a[i];

		if (!r->logged[i] &&
			(a->input < 0 || accum_in(s, a)->raw != NULL ||
				a->kind->nulls))
			a->kind->add(s, a, b, seq);
	}
	if (r->any)
		log_record(r, s, group, log);
}

/* The k-th number of each entry, which are of so many bytes. */
static void
log_column(const struct accum_input *in, size_t k, char *entries, size_t size,
	size_t n)
{
	const struct value *v = in->rows;

	for (size_t i = 0; i < n; i++, v += in->stride, entries += size) {
		struct entry *e = (struct entry *)entries;
		struct value num = accum_rows_number(in, v);
		enum log_kind kind = v->type == VALUE_NULL ? LOG_NULL
			: num.type == VALUE_INT            ? LOG_INT
							   : LOG_DOUBLE;

		e->kinds |= (uint32_t)kind << 2 * k;
		e->num[k].i = kind == LOG_NULL ? 0 : num.i;
	}
}

static void
log_rows(const struct runs *r, const struct accums *s, size_t n,
	const uint32_t *groups, struct buf *log)
{
	size_t size = sizeof(struct entry) + r->nin * 8;
	char *entries = buf_need(log, n * size);

	for (size_t i = 0; i < n; i++)
		*(struct entry *)(entries + i * size) = (struct entry){
			.group = groups[i]};
	for (size_t k = 0; k < r->nin; k++)
		log_column(&s->in[r->in[k]], k, entries, size, n);
	log->n += n * size;
}

void
runs_add_rows(const struct runs *r, struct accums *s,
	const struct accum_rows *rows, char *const *blobs,
	const uint32_t *groups, struct buf *log)
{
	for (size_t k = 0; k < s->n; k++)
		if (!r->logged[k])
			accum_rows_add_to(s, &s->a[k], rows, blobs);
	if (r->any)
		log_rows(r, s, rows->n, groups, log);
}

void
runs_merge(const struct runs *r, const struct accums *s, struct blob *to,
	struct blob *from, uint64_t seq)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct accum *a = &s->a[i];

		if (r->logged[i])
			continue;
		if (a->kind->shift != NULL)
			a->kind->shift(a, from, seq);
		a->kind->merge(s, a, to, from);
	}
}

uint32_t
runs_group(const char *log)
{
	return ((const struct entry *)log)->group;
}

const char *
runs_replay(const struct runs *r, struct accums *s, struct blob *b,
	uint64_t seq, const char *log)
{
	static const struct value there;
	const struct entry *e = (const struct entry *)log;

	for (size_t i = 0; i < r->nin; i++) {
		struct accum_input *in = &s->in[r->in[i]];
		enum log_kind k = e->kinds >> 2 * i & 3;

		in->raw = k == LOG_NULL ? NULL : &there;
		in->num = k == LOG_INT ? value_int(e->num[i].i)
				       : value_double(e->num[i].d);
	}
	for (size_t i = 0; i < s->n; i++) {
		const struct accum *a = &s->a[i];

		if (r->logged[i] && accum_in(s, a)->raw != NULL)
			a->kind->add(s, a, b, seq);
	}
	return (const char *)&e->num[r->nin];
}
