/*
 * inspect_dump: "bief state DIR dump" and "diff": entries as lines, in the
 * order of their kinds and keys.
 */
#include <stdlib.h>
#include <string.h>

#include "command/state/inspect_impl.h"
#include "value/json.h"
#include "recovery/state.h"
#include "value/key.h"

/* A line, and the entry that stands in it. */
struct shown {
	size_t at, n, entry, nentry;
	size_t key; /* in lines.keys: the kind, then the values of the key */
	uint32_t nkey;
};

struct lines {
	struct buf text;
	struct shown *v;
	size_t n, cap;
	struct value *keys;
	size_t nkeys, keys_cap;
};

static void
lines_release(struct lines *l)
{
	buf_release(&l->text);
	free(l->v);
	free(l->keys);
}

static struct shown *
line_begin(struct lines *l)
{
	if (l->n == l->cap) {
		l->cap = l->cap * 2 + 64;
		l->v = mem_realloc(l->v, l->cap * sizeof(*l->v));
	}
	l->v[l->n] = (struct shown){.at = l->text.n};
	return &l->v[l->n];
}

static void
line_end(struct lines *l)
{
	buf_byte(&l->text, '\n');
	l->v[l->n].n = l->text.n - l->v[l->n].at;
	l->n++;
}

static void
add_key(struct lines *l, struct shown *s, struct value v)
{
	if (l->nkeys == l->keys_cap) {
		l->keys_cap = l->keys_cap * 2 + 256;
		l->keys = mem_realloc(l->keys, l->keys_cap * sizeof(*l->keys));
	}
	l->keys[l->nkeys++] = v;
	s->nkey++;
}

/* What a line is ordered by. */
static void
find_keys(struct lines *l, struct shown *s)
{
	const char *p = l->text.p + s->entry;
	struct value entry, v, name;
	struct json_error why;
	struct json_iter it;

	s->key = l->nkeys;
	s->nkey = 0;
	if (json_read(p, p + s->nentry, 0, &entry, &why) == NULL ||
		entry.type != VALUE_OBJECT)
		return;
	if (json_get(&entry, "kind", 4, &v))
		add_key(l, s, v);
	if (!json_get(&entry, "key", 3, &v))
		return;
	if (v.type != VALUE_OBJECT) {
		add_key(l, s, v);
		return;
	}
	json_iter(&it, &v);
	while (json_next(&it, &name, &v))
		add_key(l, s, v);
}

static int
by_key(const void *x, const void *y, void *arg)
{
	const struct lines *l = arg;
	const struct shown *a = x, *b = y;
	size_t n = a->n < b->n ? a->n : b->n;
	int c;

	for (uint32_t i = 0; i < a->nkey && i < b->nkey; i++) {
		c = key_compare(&l->keys[a->key + i], &l->keys[b->key + i]);
		if (c != 0)
			return c;
	}
	if (a->nkey != b->nkey)
		return a->nkey < b->nkey ? -1 : 1;
	c = memcmp(l->text.p + a->at, l->text.p + b->at, n);
	return c != 0 ? c : (a->n > b->n) - (a->n < b->n);
}

static void
lines_print(struct lines *l, struct buf *out)
{
	memset(buf_need(&l->text, JSON_PADDING), 0, JSON_PADDING);
	for (size_t i = 0; i < l->n; i++)
		find_keys(l, &l->v[i]);
	if (l->n > 0)
		qsort_r(l->v, l->n, sizeof(*l->v), by_key, l);
	for (size_t i = 0; i < l->n; i++)
		buf_add(out, l->text.p + l->v[i].at, l->v[i].n);
}

/* ---- dump ---- */

static int
dump_all(struct look *look, struct buf *out, struct err *err)
{
	struct state *s = look->st->state;
	struct lines l = {.n = 0};
	int ret = 0;

	for (state_ref r = state_first(s); r != STATE_NONE && ret >= 0;
		r = state_next(s, r)) {
		struct shown *line = line_begin(&l);

		ret = look_show(look, r, &l.text, err);
		if (ret != 0)
			continue;
		line->entry = line->at;
		line->nentry = l.text.n - line->at;
		line_end(&l);
	}
	if (ret >= 0)
		lines_print(&l, out);
	lines_release(&l);
	return ret < 0 ? -1 : 0;
}

static int
no_batch(const struct look *l, int64_t batch, struct err *err)
{
	int64_t oldest, newest;

	if (look_batches(l, &oldest, &newest, err) < 0)
		return -1;
	if (newest < 0)
		return err_set(err, "'%s' has had no batch yet", l->place.id);
	return err_set(err,
		"'%s': batch %lld is not kept: there are %lld to "
		"%lld",
		l->place.id, (long long)batch, (long long)oldest,
		(long long)newest);
}

/* The state after a batch that somebody named. */
static int
look_named(struct look *l, int64_t batch, struct err *err)
{
	int64_t oldest, newest;

	if (look_batches(l, &oldest, &newest, err) < 0)
		return -1;
	if (batch < oldest || batch > newest || newest < 0)
		return no_batch(l, batch, err);
	return look_at(l, batch, err);
}

int
inspect_dump(const char *dir, const char *stage, int64_t batch, struct buf *out,
	struct err *err)
{
	struct look l;
	int ret = look_open(&l, dir, stage, err);

	if (ret == 0 && batch < 0) {
		ret = look_committed(&l, &batch, err);
		if (ret == 0 && batch < 0)
			ret = err_set(err,
				"no batch is in all sinks yet: "
				"--batch N shows another one");
		else if (ret == 0)
			ret = look_at(&l, batch, err);
	} else if (ret == 0)
		ret = look_named(&l, batch, err);
	if (ret == 0)
		ret = dump_all(&l, out, err);
	look_close(&l);
	return ret;
}

/* ---- diff ---- */

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
	struct lines *l, struct err *err)
{
	struct shown *s = line_begin(l);
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
	line_end(l);
	return 0;
}

static int
diff_all(struct look *a, struct look *b, struct buf *out, struct err *err)
{
	struct lines l = {.n = 0};
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
		lines_print(&l, out);
	lines_release(&l);
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
