/* Keyed state against a plain model: the same random calls on both. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "recovery/state/state.h"

#define KEYS 500

struct model {
	bool there;
	size_t n;
	char *value;
	int64_t due;
};

static uint64_t seed = 42;

static uint32_t
pick(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(seed >> 33) % n;
}

static size_t
key_of(unsigned i, char *out)
{
	/* Lengths from 0 to 40, all different. */
	size_t n = i == 0 ? 0 : 4 + i % 37;

	memset(out, 'k', 64);
	memcpy(out, &i, 4);
	return n;
}

static void
check(const struct state *s, const struct model *m)
{
	char key[64];
	size_t n, count = 0, walked = 0;
	state_ref r;
	unsigned i;

	for (i = 0; i < KEYS; i++) {
		r = state_find(s, key, key_of(i, key));
		assert((r != STATE_NONE) == m[i].there);
		if (r == STATE_NONE)
			continue;
		count++;
		const char *v = state_value(s, r, &n);
		assert(n == m[i].n);
		assert(((uintptr_t)v & 7) == 0);
		assert(memcmp(v, m[i].value, n) == 0);
		assert(state_get_due(s, r) == m[i].due);
	}
	assert(state_count(s) == count);
	for (r = state_first(s); r != STATE_NONE; r = state_next(s, r))
		walked++;
	assert(walked == count);
}

static void
forget(struct model *m)
{
	m->there = false;
	free(m->value);
	m->value = NULL;
	m->due = STATE_NEVER;
}

/* One random change of both. */
static void
step(struct state *s, struct model *m, struct err *err)
{
	char key[64];
	unsigned i = pick(KEYS), what = pick(10);
	size_t n = key_of(i, key), size;
	state_ref r = state_find(s, key, n);
	bool made;
	char *v;

	if (what < 4) {
		size = pick(50);
		r = state_make(s, key, n, size, &made, err);
		assert(r != STATE_NONE);
		assert(made != m[i].there);
		if (made) {
			m[i] = (struct model){
				true, size, calloc(1, size + 1), STATE_NEVER};
		}
		v = state_change(s, r);
		for (size_t k = 0; k < m[i].n; k++)
			v[k] = m[i].value[k] = (char)pick(256);
	} else if (what < 6 && r != STATE_NONE) {
		size = pick(50) == 0 ? pick(3000000) : pick(300);
		v = state_resize(s, r, size);
		m[i].value = realloc(m[i].value, size + 1);
		for (size_t k = m[i].n; k < size; k++)
			m[i].value[k] = 0;
		m[i].n = size;
		assert(memcmp(v, m[i].value, size) == 0);
		if (size > 0)
			v[size - 1] = m[i].value[size - 1] = 'x';
	} else if (what < 8 && r != STATE_NONE) {
		m[i].due = pick(4) == 0 ? STATE_NEVER : pick(100);
		state_set_due(s, r, m[i].due);
	} else if (what == 8 && r != STATE_NONE) {
		state_delete(s, r);
		forget(&m[i]);
	} else if (what == 9 && pick(20) == 0) {
		int64_t last = -1, upto = pick(50);

		while ((r = state_due(s, upto)) != STATE_NONE) {
			const char *k = state_key(s, r, &n);

			for (i = 0; i < KEYS; i++) {
				size_t nk = key_of(i, key);
				if (nk == n && memcmp(k, key, n) == 0)
					break;
			}
			assert(i < KEYS);
			assert(m[i].due <= upto);
			assert(m[i].due >= last);
			last = m[i].due;
			m[i].due = STATE_NEVER;
			if (pick(2)) {
				state_delete(s, r);
				forget(&m[i]);
			}
		}
	}
}

static void
large(struct err *err)
{
	struct state *s = state_new(0);
	size_t i, n = 1000000, keys = 0;
	bool made;

	for (i = 0; i < n; i++) {
		char key[32];
		size_t k = (size_t)snprintf(key, sizeof key, "%zu", i * 7919);
		state_ref r = state_make(s, key, k, 24, &made, err);

		assert(made);
		state_set_due(s, r, (int64_t)i);
		keys += k;
	}
	assert(state_count(s) == n);
	assert((state_bytes(s) - keys) / n <= 100);
	for (i = 0; i < n; i++)
		state_delete(s, state_due(s, INT64_MAX - 1));
	assert(state_count(s) == 0);
	assert(state_first(s) == STATE_NONE);
	state_free(s);
}

/* All that are due at once, few or many of those there are: the same as one by
 * one, and so are those that are due later. */
static void
due_at_once(struct err *err)
{
	enum { ALL = 3000 };
	struct state *s = state_new(0), *other = state_new(0);
	struct buf refs;
	bool made;

	buf_init(&refs);
	for (uint32_t i = 0; i < ALL; i++) {
		state_ref r = state_make(s, &i, sizeof(i), 0, &made, err);

		assert(r == state_make(other, &i, sizeof(i), 0, &made, err));
		if (i % 7 == 0)
			continue;
		state_set_due(s, r, (int64_t)(i * 7919 % ALL));
		state_set_due(other, r, (int64_t)(i * 7919 % ALL));
	}
	for (int64_t upto = -1; upto <= ALL; upto += 1 + pick(3) * pick(300)) {
		size_t n = state_due_all(s, upto, &refs), found = 0;
		state_ref *all = (state_ref *)(void *)refs.p, r;

		assert(refs.n == n * sizeof(*all));
		while ((r = state_due(other, upto)) != STATE_NONE) {
			size_t i = 0;

			while (i < n && all[i] != r)
				i++;
			assert(i < n);
			assert(state_get_due(s, r) == STATE_NEVER);
			found++;
		}
		assert(found == n);
		if (n > 0 && pick(2)) {
			state_delete(s, all[0]);
			state_delete(other, all[0]);
		}
		r = state_due(s, upto + 40);
		assert(r == state_due(other, upto + 40));
		if (r != STATE_NONE) {
			state_set_due(s, r, upto + 90);
			state_set_due(other, r, upto + 90);
		}
	}
	buf_release(&refs);
	state_free(s);
	state_free(other);
}

/* Without the list of what changed all else is as before. */
static void
unlisted(struct err *err)
{
	struct state *s = state_new(0);
	bool made;
	size_t n;

	state_unlist(s);
	for (int i = 0; i < 1000; i++) {
		state_ref r = state_make(s, &i, 4, 8, &made, err);

		assert(made);
		*(int *)state_change(s, r) = i;
		if (i % 3 == 0)
			state_delete(s, r);
	}
	state_changed(s, &n);
	assert(n == 0);
	assert(state_count(s) == 666);
	for (int i = 0; i < 1000; i++) {
		state_ref r = state_find(s, &i, 4);

		assert((r == STATE_NONE) == (i % 3 == 0));
		assert(r == STATE_NONE || *(int *)state_value(s, r, &n) == i);
	}
	state_clear(s);
	assert(state_count(s) == 0);
	state_free(s);
}

int
main(void)
{
	struct model m[KEYS] = {0};
	struct state *s = state_new(0), *copy = state_new(0), *full;
	struct buf b;
	struct err err;
	size_t n;
	bool made;
	unsigned i, j;

	buf_init(&b);
	for (i = 0; i < KEYS; i++)
		m[i].due = STATE_NEVER;
	for (i = 0; i < 200; i++) {
		for (j = 0; j < 400; j++)
			step(s, m, &err);
		if (pick(30) == 0) {
			(i % 2 == 0 ? state_clear : state_empty)(s);
			for (j = 0; j < KEYS; j++)
				if (m[j].there)
					forget(&m[j]);
		}
		check(s, m);
		buf_clear(&b);
		if (pick(10) == 0)
			state_save_all(s, &b);
		else
			state_save_delta(s, &b);
		state_settle(s);
		state_changed(s, &n);
		assert(n == 0);
		assert(state_load(copy, b.p, b.n, &err) == 0);
		check(copy, m);
	}
	/* Damage is noticed, never followed. */
	for (i = 0; i < b.n && i < 3000; i++) {
		char *part = malloc(i + 1);

		memcpy(part, b.p, i);
		state_load(copy, part, i, &err);
		free(part);
	}
	state_free(s);
	state_free(copy);
	for (i = 0; i < KEYS; i++)
		free(m[i].value);

	full = state_new(10000);
	for (i = 0; i < 1000; i++)
		if (state_make(full, &i, 4, 8, &made, &err) == STATE_NONE)
			break;
	assert(i > 20);
	assert(i < 1000);
	assert(strstr(err.text, "--max-state") != NULL);
	state_free(full);
	buf_release(&b);
	large(&err);
	due_at_once(&err);
	unlisted(&err);
	return 0;
}
