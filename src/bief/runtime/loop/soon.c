/*
 * soon: see soon.h.  A line has its number when it is taken; what the stage has
 * counted is right while a record is at work, and when all have been given.
 */
#include "runtime/loop/soon.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "recovery/state/state.h"
#include "runtime/report/refuse.h"
#include "runtime/stage.h"

void
soon_init(struct soon *s, struct stage *st, int input, const char *path)
{
	*s = (struct soon){.st = st, .input = input, .path = path};
	record_read_init(&s->reader, st->shapes);
}

void
soon_release(struct soon *s)
{
	if (s->reader.shapes != NULL)
		record_read_release(&s->reader);
	slots_release(&s->values);
}

int
soon_give(struct soon *s)
{
	const struct merger *merge = s->st->op->merge;
	struct stage *st = s->st;
	uint64_t in = st->records_in;
	struct value *v = s->values.v;
	size_t n = s->n;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		s->r[i].v = v;
		v += s->r[i].shape->n;
	}
	s->n = s->nvalues = 0;
	if (merge->ahead != NULL)
		merge->ahead(st, s->input, s->r, n);
	for (size_t i = 0; i < n; i++) {
		st->records_in = s->r[i].number;
		if (merge->record(st, s->input, &s->r[i]) < 0 ||
			state_check(st->state, st->err) < 0)
			return -1;
	}
	st->records_in = in;
	return 0;
}

static bool
soon_is_blank(const char *line, size_t n)
{
	size_t k = 0;

	while (k < n && (line[k] == ' ' || line[k] == '\t' || line[k] == '\r'))
		k++;
	return k == n;
}

/* A line that is no record: those in front of it come first. */
static int
soon_refuse(struct soon *s, const struct record *r)
{
	char why[sizeof(s->st->err->text) + PATH_MAX];

	snprintf(why, sizeof(why), "%s: %s", s->path, s->st->err->text);
	return soon_give(s) < 0 ? -1 : refuse(s->st, r, why);
}

int
soon_take(struct soon *s, const char *line, size_t n)
{
	struct record *r = &s->r[s->n], bad;
	struct value *v;

	*r = (struct record){.line = line,
		.nline = (uint32_t)n,
		.number = ++s->st->records_in};
	if (soon_is_blank(line, n))
		return 0;
	if (record_read(&s->reader, r, s->st->err) < 0) {
		bad = *r;
		return soon_refuse(s, &bad);
	}
	v = slots_need(&s->values, s->nvalues + r->shape->n) + s->nvalues;
	memcpy(v, r->v, r->shape->n * sizeof(*v));
	s->nvalues += r->shape->n;
	r->room = 0;
	s->n++;
	/* The next one would take its shape away. */
	return s->n == SOON_MOST || r->shape->transient ? soon_give(s) : 0;
}
