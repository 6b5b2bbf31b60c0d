/*
 * accum_list: the list of a session's values, in the order of input.
 *
 * Sessions that become one bring their lists, whose values are to stand in the
 * order in which the records came.  In a var, one behind the other:
 *
 *	8 bytes   the record's sequence number
 *	4 bytes   length
 *	          JSON text of the value
 */
#include <string.h>

#include "accum_impl.h"

#define HEAD (sizeof(uint64_t) + sizeof(uint32_t))

struct item {
	const char *p; /* NULL: none */
	uint64_t seq;
	uint32_t n;
};

static struct item
item_at(const char *p, const char *end)
{
	struct item i = {0};

	if (p >= end)
		return i;
	i.p = p;
	memcpy(&i.seq, p, sizeof i.seq);
	memcpy(&i.n, p + sizeof i.seq, sizeof i.n);
	return i;
}

void
list_add(struct blob *b, const struct blob_form *f, uint32_t at, uint64_t seq,
	const char *text, size_t n)
{
	size_t old = blob_var(b, at)->n;
	uint32_t length = (uint32_t)n;
	char *to = (char *)blob_room(b, f, at, old + HEAD + n) + old;

	memcpy(to, &seq, sizeof seq);
	memcpy(to + sizeof seq, &length, sizeof length);
	memcpy(to + HEAD, text, n);
	blob_var(b, at)->n = (uint32_t)(old + HEAD + n);
}

void
list_merge(struct blob *to, const struct blob_form *f, uint32_t at,
	const struct blob *from)
{
	const struct var *v = blob_var(to, at), *w = blob_var(from, at);
	const char *p = blob_at(to, v), *pend = p + v->n;
	const char *q = blob_at(from, w), *qend = q + w->n;
	struct buf all;

	if (w->n == 0)
		return;
	buf_init(&all);
	while (p < pend || q < qend) {
		struct item a = item_at(p, pend), b = item_at(q, qend);
		bool first = a.p != NULL && (b.p == NULL || a.seq <= b.seq);

		buf_add(&all, first ? p : q, HEAD + (first ? a.n : b.n));
		p += first ? HEAD + a.n : 0;
		q += first ? 0 : HEAD + b.n;
	}
	memcpy(blob_room(to, f, at, all.n), all.p, all.n);
	blob_var(to, at)->n = (uint32_t)all.n;
	buf_release(&all);
}

void
list_print(const struct blob *b, uint32_t at, struct buf *out)
{
	const struct var *v = blob_var(b, at);
	const char *p = blob_at(b, v), *end = p + v->n;

	for (struct item i; (i = item_at(p, end)).p != NULL; p += HEAD + i.n) {
		buf_add(out, p + HEAD, i.n);
		if (p + HEAD + i.n < end)
			buf_byte(out, ',');
	}
}
