/*
 * set: a set of byte strings in a var of a blob, each with more bytes beside.
 */
#ifndef BIEF_SET_H
#define BIEF_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recovery/blob.h"

/* Adding one that is there changes nothing, nor what is beside it. */
void set_add(struct blob *b, const struct blob_form *f, uint32_t var,
	const char *key, size_t nkey, const char *more, size_t nmore);
/* What is beside one that is there, to be changed in place; NULL: it is not. */
char *set_more(
	const struct blob *b, uint32_t var, const char *key, size_t nkey);
uint32_t set_count(const struct blob *b, uint32_t var);

struct set_item {
	const char *key, *more;
	uint32_t nkey, nmore;
};
/* Walk: *at from 0; false at the end. */
bool set_next(const struct blob *b, uint32_t var, uint32_t *at,
	struct set_item *item);
/* Add all that is in a set of another blob. */
void set_merge(struct blob *to, const struct blob_form *f, uint32_t var,
	const struct blob *from);

#endif
