/*
 * inspect_diff: "bief state DIR diff": the state after two batches, each opened
 * as a stage of its own, compared entry by entry: what only rewriting has changed
 * does not show.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "value/json.h"
#include "recovery/state/state.h"
#include "command/state/inspect_impl.h"
#include "command/state/shown.h"

static state_ref
same_key(const struct look *in, const struct look *of, state_ref r)
{
	size_t n;
	const void *key = state_key(of->st->state, r, &n);

	return state_find(in->st->state, key, n);
}

static bool
same_value(
	const struct look *a, state_ref ra, const struct look *b, state_ref rb)
{
	size_t na, nb;
	const void *va = state_value(a->st->state, ra, &na),
		   *vb = state_value(b->st->state, rb, &nb);

	return na == nb && (na == 0 || memcmp(va, vb, na) == 0) &&
		state_get_due(a->st->state, ra) ==
		state_get_due(b->st->state, rb);
}

/* A line for an entry of a or of b (STATE_NONE: it is not there). */
static int
diff_one(struct look *a, state_ref ra, struct look *b, state_ref rb,
	struct shown *l, struct err *err)
{
	struct shown_line *s = shown_begin(l);
	size_t before = 0, nbefore = 0;
	int ret = 0;

	buf_str(&l->text, "{\"stage\":");
	json_quote(&l->text, a->place.id, strlen(a->place.id));
	json_member(&l->text, "change",
		rb == STATE_NONE           ? "removed"
			: ra == STATE_NONE ? "added"
					   : "changed");
	if (ra != STATE_NONE) {
		buf_str(&l->text, ",\"before\":");
		s->entry = before = l->text.n;
		ret = look_show(a, ra, &l->text, err);
		s->nentry = nbefore = l->text.n - before;
	}
	if (rb != STATE_NONE && ret == 0) {
		buf_str(&l->text, ",\"after\":");
		s->entry = l->text.n;
		ret = look_show(b, rb, &l->text, err);
		s->nentry = l->text.n - s->entry;
	}
	/* Not shown, or different only in what does not show. */
	if (ret != 0 ||
		(nbefore == s->nentry && before != s->entry &&
			memcmp(l->text.p + before, l->text.p + s->entry,
				nbefore) == 0)) {
		l->text.n = s->at;
		return ret < 0 ? -1 : 0;
	}
	buf_byte(&l->text, '}');
	shown_end(l);
	return 0;
}

static int
diff_all(struct look *a, struct look *b, struct buf *out, struct err *err)
{
	struct shown l = {.n = 0};
	state_ref r, other;
	int ret = 0;

	for (r = state_first(a->st->state); r != STATE_NONE && ret == 0;
		r = state_next(a->st->state, r)) {
		other = same_key(b, a, r);
		if (other == STATE_NONE || !same_value(a, r, b, other))
			ret = diff_one(a, r, b, other, &l, err);
	}
	for (r = state_first(b->st->state); r != STATE_NONE && ret == 0;
		r = state_next(b->st->state, r))
		if (same_key(a, b, r) == STATE_NONE)
			ret = diff_one(a, STATE_NONE, b, r, &l, err);
	if (ret == 0)
		shown_print(&l, out);
	shown_release(&l);
	return ret;
}

static int
diff_stage(const char *dir, const char *id, int64_t a, int64_t b,
	struct buf *out, struct err *err)
{
	struct look before, after;
	int ret = look_open(&before, dir, id, err);

	if (ret < 0) {
		look_close(&before);
		return -1;
	}
	ret = look_open(&after, dir, id, err);
	if (ret == 0)
		ret = look_named(&before, a, err);
	if (ret == 0)
		ret = look_named(&after, b, err);
	if (ret == 0)
		ret = diff_all(&before, &after, out, err);
	look_close(&before);
	look_close(&after);
	return ret;
}

int
inspect_diff(const char *dir, const char *stage, int64_t a, int64_t b,
	struct buf *out, struct err *err)
{
	struct list ids = {0};
	int ret = 0;

	if (stage != NULL)
		return diff_stage(dir, stage, a, b, out, err);
	look_stages(dir, &ids);
	for (size_t i = 0; i < ids.n && ret == 0; i++)
		ret = diff_stage(dir, ids.s[i], a, b, out, err);
	list_free(&ids);
	return ret;
}
