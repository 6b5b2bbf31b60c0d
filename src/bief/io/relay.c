/*
 * relay: see relay.h.
 */
#include "io/stream/eol.h"
#include "io/relay.h"

#define RELAY_BLOCK ((size_t)64 << 10)

void
relay_init(struct relay *r, size_t most, int64_t keep)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->text);
	r->most = most;
	r->keep = keep;
	r->whole = true;
}

void
relay_release(struct relay *r)
{
	buf_release(&r->text);
}

char *
relay_room(struct relay *r, size_t *room)
{
	*room = RELAY_BLOCK;
	/* One more for the end that relay_finish may put. */
	return buf_need(&r->text, RELAY_BLOCK + 1);
}

static const char *
at_place(const struct relay *r, uint64_t place)
{
	return r->text.p + (place - r->base);
}

/* The end of the first line, where the last byte is the end of one. */
static const char *
first_end(const char *p, const char *end)
{
	const char *lf = eol_first(p, (size_t)(end - p));

	return lf != NULL ? lf : end - 1;
}

/* No more lines are kept for who comes late than were asked for. */
static void
keep_late(struct relay *r, const char *p, const char *end)
{
	const char *lf;

	if (r->keep == RELAY_NOT_TOLD)
		return;
	for (; p < end; p = lf + 1) {
		lf = first_end(p, end);
		r->nlate++;
	}
	for (; r->nlate > r->keep; r->nlate--) {
		lf = first_end(at_place(r, r->late), end);
		r->late = r->base + (uint64_t)(lf + 1 - r->text.p);
	}
}

/* A line that would fill the room alone is none. */
static void
skip_line(struct relay *r)
{
	size_t begun = (size_t)(r->end - r->base);

	if (r->text.n - begun <= r->most / 2)
		return;
	r->refused += !r->skip;
	r->skip = true;
	r->text.n = begun;
}

/* The rest of such a line, as far as it is there. */
static void
skip_rest(struct relay *r)
{
	size_t begun = (size_t)(r->end - r->base), left = r->text.n - begun;
	char *p = r->text.p + begun;
	const char *lf = eol_first(p, left);

	if (lf == NULL) {
		r->text.n = begun;
		return;
	}
	left -= (size_t)(lf + 1 - p);
	memmove(p, lf + 1, left);
	r->text.n = begun + left;
	r->skip = false;
}

void
relay_filled(struct relay *r, size_t n)
{
	const char *p, *lf;
	size_t left;

	r->text.n += n;
	if (r->skip)
		skip_rest(r);
	p = at_place(r, r->end);
	left = (size_t)(r->text.p + r->text.n - p);
	lf = left > 0 ? eol_last(p, left) : NULL;
	if (lf != NULL) {
		r->end += (uint64_t)(lf + 1 - p);
		keep_late(r, p, lf + 1);
	}
	skip_line(r);
}

void
relay_finish(struct relay *r)
{
	const char *p = at_place(r, r->end);
	size_t left = r->text.n - (size_t)(r->end - r->base);

	r->eof = true;
	if (left == 0 || r->skip)
		return;
	buf_byte(&r->text, '\n');
	r->end += left + 1;
	p = at_place(r, r->end) - left - 1;
	keep_late(r, p, p + left + 1);
}

uint64_t
relay_join(struct relay *r)
{
	bool all = !r->met || (r->eof && r->whole);

	r->met = true;
	if (r->keep != RELAY_NOT_TOLD)
		return r->late;
	return all ? r->least : r->end;
}

const char *
relay_bytes(const struct relay *r, uint64_t at, size_t *n)
{
	*n = (size_t)(r->end - at);
	return at_place(r, at);
}

/* The first line that begins at or behind a place. */
static uint64_t
line_from(const struct relay *r, uint64_t place)
{
	const char *lf = first_end(at_place(r, place), at_place(r, r->end));

	return r->base + (uint64_t)(lf + 1 - r->text.p);
}

/* The oldest byte that somebody may ask for, if there is room for it. */
static uint64_t
needed(const struct relay *r, uint64_t slowest)
{
	uint64_t from = r->keep != RELAY_NOT_TOLD ? r->late
		: !r->met || r->whole             ? r->least
						  : r->end;

	return slowest < from ? slowest : from;
}

void
relay_forget(struct relay *r, uint64_t slowest, uint64_t fastest)
{
	uint64_t from = needed(r, slowest <= fastest ? slowest : r->end);
	size_t gone;

	if (from < r->least)
		from = r->least;
	if (r->end - from > r->most) {
		from = line_from(r, r->end - r->most - 1);
		r->whole = false;
	}
	/* With nobody who may come late, lines go as they have been sent. */
	if (from > r->least) {
		r->least = from;
		r->whole = false;
	}
	if (r->late < from) {
		r->late = from;
		r->nlate = 0;
		keep_late(r, at_place(r, from), at_place(r, r->end));
	}
	gone = (size_t)(r->least - r->base);
	if (gone < RELAY_BLOCK || gone < r->text.n / 2)
		return;
	memmove(r->text.p, r->text.p + gone, r->text.n - gone);
	r->text.n -= gone;
	r->base += gone;
}

bool
relay_full(const struct relay *r, uint64_t slowest, uint64_t fastest)
{
	uint64_t half = r->most / 2;

	if (slowest <= fastest)
		return r->end - fastest > half;
	return !r->met && r->keep == RELAY_NOT_TOLD && r->end - r->least > half;
}
