/*
 * set: see set.h.
 *
 * A hash table without pointers, for blobs move and are written to a state as
 * they stand: struct set_table, its slots (places of items, 0 is none), then
 * the items: two lengths, key, more, padded to 4 bytes.
 */
#include "recovery/state/set.h"

#include <assert.h>
#include <string.h>

#include "floor/hash.h"

struct set_table {
	uint32_t count;
	uint32_t slots; /* a power of two */
};

static struct set_table *
set_table(const struct blob *b, uint32_t var)
{
	return blob_at(b, blob_var(b, var));
}

static uint32_t *
set_slots(struct set_table *t)
{
	return (uint32_t *)(t + 1);
}

static void
set_item_at(const struct set_table *t, uint32_t at, struct set_item *item)
{
	const char *p = (const char *)t + at;

	memcpy(&item->nkey, p, 4);
	memcpy(&item->nmore, p + 4, 4);
	item->key = p + 8;
	item->more = p + 8 + item->nkey;
}

static uint32_t
set_item_size(uint32_t nkey, uint32_t nmore)
{
	return (8 + nkey + nmore + 3) & ~(uint32_t)3;
}

static uint32_t *
set_slot(struct set_table *t, const char *key, size_t n)
{
	uint32_t *slots = set_slots(t), mask = t->slots - 1;
	uint32_t i = (uint32_t)hash_bytes(key, n) & mask;
	struct set_item item;

	/* A table of no power of two would be searched for ever. */
	assert(t->slots != 0);
	assert((t->slots & mask) == 0);
	for (; slots[i] != 0; i = (i + 1) & mask) {
		set_item_at(t, slots[i], &item);
		if (item.nkey == n && memcmp(item.key, key, n) == 0)
			break;
	}
	return &slots[i];
}

static void
set_grow(struct blob *b, const struct blob_form *f, uint32_t var)
{
	struct var *v = blob_var(b, var);
	struct set_table *t;
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
		*set_slot(t, item.key,
			item.nkey) = (uint32_t)(item.key - 8 - (char *)t);
}

void
set_add(struct blob *b, const struct blob_form *f, uint32_t var,
	const char *key, size_t nkey, const char *more, size_t nmore)
{
	uint32_t size = set_item_size((uint32_t)nkey, (uint32_t)nmore);
	uint32_t place, head;
	struct set_table *t;
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

char *
set_more(const struct blob *b, uint32_t var, const char *key, size_t nkey)
{
	struct set_table *t;
	struct set_item item;
	uint32_t at;

	if (blob_var(b, var)->n == 0)
		return NULL;
	t = set_table(b, var);
	at = *set_slot(t, key, nkey);
	if (at == 0)
		return NULL;
	set_item_at(t, at, &item);
	return (char *)t + (item.more - (const char *)t);
}

uint32_t
set_count(const struct blob *b, uint32_t var)
{
	return blob_var(b, var)->n == 0 ? 0 : set_table(b, var)->count;
}

bool
set_next(
	const struct blob *b, uint32_t var, uint32_t *at, struct set_item *item)
{
	const struct var *v = blob_var(b, var);
	const struct set_table *t = blob_at(b, v);

	if (v->n == 0)
		return false;
	if (*at == 0)
		*at = (uint32_t)sizeof *t + t->slots * 4;
	if (*at >= v->n)
		return false;
	set_item_at(t, *at, item);
	*at += set_item_size(item->nkey, item->nmore);
	return true;
}

void
set_merge(struct blob *to, const struct blob_form *f, uint32_t var,
	const struct blob *from)
{
	struct set_item item;

	for (uint32_t at = 0; set_next(from, var, &at, &item);)
		set_add(to, f, var, item.key, item.nkey, item.more, item.nmore);
}
