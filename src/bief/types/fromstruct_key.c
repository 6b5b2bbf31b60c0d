/*
 * fromstruct_key: keys of an object within that do not stand there as they did
 * the last time.
 */
#include "types/fromstruct_object.h"

const char *
fromstruct_key(struct fromvalue *f, struct fromstruct *x, const char *start,
	struct node **node)
{
	bool first = *node == &x->start;
	struct lenient_string key;
	const char *p = start + first;
	struct node *next = &x->end;
	int index = NODE_END;

	p = lenient_space(&f->l, p);
	if (p >= f->l.end)
		return NULL;
	if (*p == '}') {
		p++;
	} else {
		if (!first && *p++ != ',')
			return NULL;
		p = lenient_key(&f->l, p, &key);
		if (p == NULL || key.escaped || key.odd)
			return NULL;
		p = lenient_space(&f->l, p);
		index = schema_find(x->s, key.s, key.n);
		next = index >= 0 ? &x->target[index].node
				  : &x->other[x->others++ % OTHERS];
		if (index < 0)
			index = NODE_SKIP;
	}
	node_learn(next, start, (size_t)(p - start), index);
	(*node)->next = next;
	*node = next;
	return p;
}
