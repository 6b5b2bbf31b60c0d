/*
 * accum_collect: lists and sets of values in a var, for those who make
 * something else of them.  The functions are those of a kind.
 */
#ifndef BIEF_ACCUM_COLLECT_H
#define BIEF_ACCUM_COLLECT_H

#include <stddef.h>
#include <stdint.h>

struct accum;
struct accum_taking;
struct accums;
struct blob;
struct buf;
struct value;

void accum_collect_add_list(
	struct accums *s, const struct accum *a, struct blob *b, uint64_t seq);
void accum_collect_merge_list(const struct accums *s, const struct accum *a,
	struct blob *to, const struct blob *from);
/* An array of values. */
void accum_collect_show_list(const struct accums *s, const struct accum *a,
	const struct blob *b, struct buf *out);
int accum_collect_take_list(
	const struct accum_taking *t, const struct value *v);

void accum_collect_add_set(
	struct accums *s, const struct accum *a, struct blob *b, uint64_t seq);
void accum_collect_merge_set(const struct accums *s, const struct accum *a,
	struct blob *to, const struct blob *from);
void accum_collect_show_set(const struct accums *s, const struct accum *a,
	const struct blob *b, struct buf *out);
int accum_collect_take_set(const struct accum_taking *t, const struct value *v);
/* The same as an array in the order of values. */
void accum_collect_sort(
	const struct accum *a, const struct blob *b, struct buf *out);

/* The values of an array's text, which ends out from start, allocated; they
 * point into it. */
struct value *accum_collect_values(struct buf *out, size_t start, size_t *n);

#endif
