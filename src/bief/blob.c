/*
 * blob: see blob.h.
 *
 * A var that outgrows its room moves to the end; when holes are more than half
 * of what varies, everything moves together.
 */
#include <math.h>
#include <string.h>

#include "blob.h"
#include "buf.h"
#include "hash.h"

static size_t
pad(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

void
blob_state(struct blob *b, struct state *s, state_ref r)
{
	b->state = s;
	b->ref = r;
	b->buf = NULL;
	b->p = state_value(s, r, &b->n);
}

void
blob_buf(struct blob *b, struct buf *buf, size_t size)
{
	buf_clear(buf);
	memset(buf_need(buf, size + 8), 0, size);
	buf->n = size;
	b->state = NULL;
	b->buf = buf;
	b->p = buf->p;
	b->n = size;
}

static void
blob_resize(struct blob *b, size_t n)
{
	if (b->state != NULL) {
		b->p = state_resize(b->state, b->ref, n);
	} else {
		if (n > b->n)
			memset(buf_need(b->buf, n - b->n), 0, n - b->n);
		b->buf->n = n;
		b->p = b->buf->p;
	}
	b->n = n;
}

void
blob_widen(struct blob *b, const struct blob_form *before,
	const struct blob_form *now)
{
	size_t old = b->n, more = now->fixed - before->fixed, i;

	if (more == 0)
		return;
	blob_resize(b, old + more);
	memmove(b->p + now->fixed, b->p + before->fixed, old - before->fixed);
	memset(b->p + before->fixed, 0, more);
	for (i = 0; i < before->nvars; i++)
		if (blob_var(b, before->vars[i])->room > 0)
			blob_var(b, before->vars[i])->at += (uint32_t)more;
}

/* Close the holes: vars in the order in which they stand move to the front. */
static void
compact(struct blob *b, const struct blob_form *f)
{
	size_t end = f->fixed, from = f->fixed;

	for (;;) {
		struct var *next = NULL;

		for (size_t i = 0; i < f->nvars; i++) {
			struct var *v = blob_var(b, f->vars[i]);

			if (v->room > 0 && v->at >= from &&
				(next == NULL || v->at < next->at))
				next = v;
		}
		if (next == NULL)
			break;
		from = next->at + next->room;
		memmove(b->p + end, b->p + next->at, next->room);
		next->at = (uint32_t)end;
		end += next->room;
	}
	memset(b->p + end, 0, b->n - end);
	blob_resize(b, end);
}

static void
make_room(struct blob *b, const struct blob_form *f, uint32_t var, size_t room)
{
	struct var *v = blob_var(b, var);
	size_t used = 0, i, at;

	room = pad(v->room == 0 ? room : room + room / 2);
	if (v->room > 0 && v->at + v->room == b->n) {
		blob_resize(b, v->at + room);
		blob_var(b, var)->room = (uint32_t)room;
		return;
	}
	for (i = 0; i < f->nvars; i++)
		used += blob_var(b, f->vars[i])->room;
	if (b->n - f->fixed > 2 * used + 64)
		compact(b, f);
	at = b->n;
	blob_resize(b, at + room);
	v = blob_var(b, var);
	if (v->n > 0)
		memcpy(b->p + at, b->p + v->at, v->n);
	v->at = (uint32_t)at;
	v->room = (uint32_t)room;
}

void *
blob_room(struct blob *b, const struct blob_form *f, uint32_t var, size_t room)
{
	if (blob_var(b, var)->room < room)
		make_room(b, f, var, room);
	return blob_at(b, blob_var(b, var));
}

/* Kept values. */

/* A string that a VALUE_TIME prints in just the same way. */
static bool
is_plain_time(const struct value *v, int64_t *us)
{
	if (v->n < 20 || v->n > 27 || v->s[v->n - 1] != 'Z' ||
		v->s[0] < '0' || v->s[0] > '9')
		return false;
	if (v->n > 20 && v->s[v->n - 2] == '0')
		return false;
	return value_get_time(v, us) == 0;
}

static bool
has_text(const struct value *v)
{
	switch (v->type) {
	case VALUE_NUMBER:
	case VALUE_REAL:
	case VALUE_STRING:
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		return true;
	default:
		return false;
	}
}

void
kept_put(struct blob *b, const struct blob_form *f, uint32_t at,
	const struct value *v, const struct value *num)
{
	const uint32_t text = at + (uint32_t)offsetof(struct kept, text);
	struct kept *k = (struct kept *)(b->p + at);
	int64_t us;

	k->set = 1;
	k->as = 0;
	k->flags = 0;
	k->type = num->type;
	if (!has_text(num))
		k->i = num->i; /* or d, or nothing */
	if (!has_text(v))
		return;
	if (v->type == VALUE_REAL && num->type == VALUE_DOUBLE)
		return;
	if (v->type == VALUE_NUMBER && num->type == VALUE_INT &&
		!(v->n == 2 && v->s[0] == '-' && v->s[1] == '0'))
		return;
	if (v->type == VALUE_STRING && is_plain_time(v, &us)) {
		k->type = VALUE_TIME;
		k->i = us;
		return;
	}
	k->as = v->type;
	k->flags = v->flags;
	memcpy(blob_room(b, f, text, v->n), v->s, v->n);
	blob_var(b, text)->n = v->n;
}

struct value
kept_value(const struct blob *b, uint32_t at)
{
	const struct kept *k = (const struct kept *)(b->p + at);

	if (k->as != 0)
		return (struct value){.s = blob_at(b, &k->text),
			.n = k->text.n, .type = k->as, .flags = k->flags};
	return (struct value){.i = k->i, .type = k->type};
}

static int
compare_doubles(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return (a > b) - (a < b);
}

int
kept_compare(const struct blob *b, uint32_t at, const struct value *v,
	const struct value *num)
{
	const struct kept *k = (const struct kept *)(b->p + at);
	struct value old;

	if (k->type == num->type) {
		if (num->type == VALUE_INT || num->type == VALUE_TIME)
			return (k->i > num->i) - (k->i < num->i);
		if (num->type == VALUE_DOUBLE)
			return compare_doubles(k->d, num->d);
	}
	/* "NaN" and such are numbers beside numbers. */
	old = kept_value(b, at);
	if (old.type == VALUE_STRING && v->type != VALUE_STRING)
		old = value_number(&old, num->type == VALUE_INT ||
						 num->type == VALUE_DOUBLE);
	else if (v->type == VALUE_STRING &&
		(k->type == VALUE_INT || k->type == VALUE_DOUBLE)) {
		struct value special = value_number(v, true);

		old.i = k->i;
		old.type = k->type;
		return value_compare(&old, &special);
	}
	return value_compare(&old, v);
}

/*
 * Sets: struct table, its slots (places of items, 0 is none), then the items:
 * two lengths, key, more, padded to 4 bytes.
 */
struct table {
	uint32_t count;
	uint32_t slots; /* a power of two */
};

static struct table *
set_table(const struct blob *b, uint32_t var)
{
	return blob_at(b, blob_var(b, var));
}

static uint32_t *
set_slots(struct table *t)
{
	return (uint32_t *)(t + 1);
}

static void
item_at(const struct table *t, uint32_t at, struct set_item *item)
{
	const char *p = (const char *)t + at;

	memcpy(&item->nkey, p, 4);
	memcpy(&item->nmore, p + 4, 4);
	item->key = p + 8;
	item->more = p + 8 + item->nkey;
}

static uint32_t
item_size(uint32_t nkey, uint32_t nmore)
{
	return (8 + nkey + nmore + 3) & ~(uint32_t)3;
}

static uint32_t *
set_slot(struct table *t, const char *key, size_t n)
{
	uint32_t *slots = set_slots(t), mask = t->slots - 1;
	uint32_t i = (uint32_t)hash_bytes(key, n) & mask;
	struct set_item item;

	for (; slots[i] != 0; i = (i + 1) & mask) {
		item_at(t, slots[i], &item);
		if (item.nkey == n && memcmp(item.key, key, n) == 0)
			break;
	}
	return &slots[i];
}

static void
set_grow(struct blob *b, const struct blob_form *f, uint32_t var)
{
	struct var *v = blob_var(b, var);
	struct table *t;
	struct set_item item;
	uint32_t old = v->n == 0 ? 0 : set_table(b, var)->slots;
	uint32_t slots = old == 0 ? 8 : old * 2;
	uint32_t head = (uint32_t)sizeof *t, more = (slots - old) * 4, at;

	if (old == 0)
		more += head;
	t = blob_room(b, f, var, v->n + more);
	v = blob_var(b, var);
	if (old != 0)
		memmove((char *)t + head + slots * 4,
			(char *)t + head + old * 4, v->n - head - old * 4);
	memset(set_slots(t), 0, slots * 4);
	t->slots = slots;
	v->n += more;
	for (at = 0; set_next(b, var, &at, &item);)
		*set_slot(t, item.key, item.nkey) =
			(uint32_t)(item.key - 8 - (char *)t);
}

void
set_add(struct blob *b, const struct blob_form *f, uint32_t var,
	const char *key, size_t nkey, const char *more, size_t nmore)
{
	uint32_t size = item_size((uint32_t)nkey, (uint32_t)nmore), place, head;
	struct table *t;
	uint32_t lengths[2] = {(uint32_t)nkey, (uint32_t)nmore};
	char *p;

	if (blob_var(b, var)->n == 0)
		set_grow(b, f, var);
	t = set_table(b, var);
	if (*set_slot(t, key, nkey) != 0)
		return;
	if (t->count >= t->slots - t->slots / 4)
		set_grow(b, f, var);
	place = blob_var(b, var)->n;
	t = blob_room(b, f, var, place + size);
	p = (char *)t + place;
	memcpy(p, lengths, 8);
	memcpy(p + 8, key, nkey);
	if (nmore > 0)
		memcpy(p + 8 + nkey, more, nmore);
	head = 8 + lengths[0] + lengths[1];
	memset(p + head, 0, size - head);
	*set_slot(t, key, nkey) = place;
	t->count++;
	blob_var(b, var)->n = place + size;
}

uint32_t
set_count(const struct blob *b, uint32_t var)
{
	return blob_var(b, var)->n == 0 ? 0 : set_table(b, var)->count;
}

bool
set_next(const struct blob *b, uint32_t var, uint32_t *at,
	struct set_item *item)
{
	const struct var *v = blob_var(b, var);
	const struct table *t = blob_at(b, v);

	if (v->n == 0)
		return false;
	if (*at == 0)
		*at = (uint32_t)sizeof *t + t->slots * 4;
	if (*at >= v->n)
		return false;
	item_at(t, *at, item);
	*at += item_size(item->nkey, item->nmore);
	return true;
}
