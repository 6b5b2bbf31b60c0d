/*
 * asked: see asked.h.
 */
#include "agg/asked.h"

#include "window/frame.h"
#include "window/span.h"

/* The i-th record, with the key that stands behind those of the runs: is it of
 * the last run, if these are looked for?  What cannot be foreseen is not asked.
 * Where nothing is looked for in recent (t is NULL), any row will do. */
static inline __attribute__((always_inline)) void
add_asked(struct asked *ask, uint32_t i, bool fits, const struct recent *t,
	uint32_t words, bool runs)
{
	uint64_t *key = ask->key[ask->n], *last;
	uint64_t *row = !fits ? NULL
		: t == NULL   ? key
			      : recent_place_of(t, key, words);
	uint64_t differ = 0;

	if (runs && ask->n > 0) {
		last = ask->key[ask->n - 1];
		differ = !fits | (ask->row[ask->n - 1] == NULL);
		for (uint32_t k = 0; k < words; k++)
			differ |= key[k] ^ last[k];
	} else {
		differ = 1;
	}
	ask->first[ask->n] = i;
	ask->row[ask->n] = row;
	ask->n += differ != 0;
	if (t != NULL)
		__builtin_prefetch(row, 1);
}

static void
ask_any(struct taker *a, struct record r, size_t stride, size_t n,
	struct asked *ask)
{
	const struct recent *t = asked_direct(a, &r) ? NULL : &a->recent;
	int64_t start = 0, end = 0;

	if (r.windows != NULL)
		start = span_slice(r.windows, r.windows->time);
	for (uint32_t i = 0; i < n; i++, r.v += stride) {
		if (a->q.g.windowed && r.windows == NULL)
			frame_times(&a->frame, &r, &start, &end);
		add_asked(ask, i,
			query_words(&a->q, &r, start, end, ask->key[ask->n]), t,
			a->recent.words, true);
	}
}

/* Where the fields of a key stand in each record; a window that is none of them
 * has its slice instead. */
struct places {
	int start, end; /* of a window */
	int key[RECENT_FIELDS];
	int64_t slice;
};

/* false: one of them takes a closer look. */
static bool
find_places(struct taker *a, const struct record *r, struct places *at)
{
	if (a->q.nkeys > RECENT_FIELDS)
		return false;
	at->start = at->end = 0;
	at->slice = 0;
	if (a->q.g.windowed && r->windows != NULL) {
		at->slice = span_slice(r->windows, r->windows->time);
	} else if (a->q.g.windowed) {
		at->start = field_index(&a->frame.start, r);
		at->end = field_index(&a->frame.end, r);
	}
	for (size_t i = 0; i < a->q.nkeys; i++)
		if ((at->key[i] = field_index(&a->q.keys[i], r)) < 0)
			return false;
	return at->start >= 0 && at->end >= 0;
}

enum window_from { WINDOW_NONE, WINDOW_FIELDS, WINDOW_SLICE };

static inline __attribute__((always_inline)) void
ask_placed(const struct taker *a, const struct places *at,
	const struct record *r, size_t stride, size_t n, struct asked *ask,
	enum window_from from, uint32_t nkeys)
{
	const struct recent here = a->recent;
	const struct recent *t = asked_direct(a, r) ? NULL : &here;
	const struct value *v = r->v;
	const uint32_t first = from != WINDOW_NONE ? 2 : 0;

	for (uint32_t i = 0; i < n; i++, v += stride) {
		uint64_t *key = ask->key[ask->n];
		bool fits = true;

		if (from == WINDOW_FIELDS) {
			key[0] = (uint64_t)v[at->start].i;
			key[1] = (uint64_t)v[at->end].i;
		} else if (from == WINDOW_SLICE) {
			key[0] = (uint64_t)at->slice;
			key[1] = 0;
		}
		for (uint32_t k = 0; k < nkeys; k++)
			fits &= recent_field(
				key + first + 2 * k, &v[at->key[k]]);
		add_asked(ask, i, fits, t, first + 2 * nkeys, a->runs);
	}
}

/* The forms that most keys have, each with a loop of its own; false: another. */
static bool
ask_usual(struct taker *a, struct record *r, size_t stride, size_t n,
	struct asked *ask)
{
	const enum window_from from = !a->q.g.windowed ? WINDOW_NONE
		: r->windows != NULL                   ? WINDOW_SLICE
						       : WINDOW_FIELDS;
	struct places at;

	if (!find_places(a, r, &at))
		return false;
	switch ((unsigned)from * 4 + (unsigned)a->q.nkeys) {
	case WINDOW_NONE * 4 + 1:
		ask_placed(a, &at, r, stride, n, ask, WINDOW_NONE, 1);
		return true;
	case WINDOW_NONE * 4 + 2:
		ask_placed(a, &at, r, stride, n, ask, WINDOW_NONE, 2);
		return true;
	case WINDOW_FIELDS * 4 + 0:
		ask_placed(a, &at, r, stride, n, ask, WINDOW_FIELDS, 0);
		return true;
	case WINDOW_FIELDS * 4 + 1:
		ask_placed(a, &at, r, stride, n, ask, WINDOW_FIELDS, 1);
		return true;
	case WINDOW_SLICE * 4 + 1:
		ask_placed(a, &at, r, stride, n, ask, WINDOW_SLICE, 1);
		return true;
	default:
		return false;
	}
}

void
asked_groups(struct taker *a, struct record r, size_t stride, size_t n,
	struct asked *ask)
{
	ask->n = 0;
	ask->rows = a->recent.rows;
	if (!ask_usual(a, &r, stride, n, ask))
		ask_any(a, r, stride, n, ask);
	ask->first[ask->n] = (uint32_t)n;
	if (ask->n > n / 2)
		a->runs = false;
}
