/*
 * plan_known: the chain is opened a second time, as bief explain does, and
 * planned with what is known; this second one never runs.
 */
#include "runtime/plan/plan_known.h"

#include <stdbool.h>
#include <string.h>

#include "floor/buf.h"
#include "types/schema.h"
#include "types/schema_parse.h"
#include "io/file.h"
#include "runtime/chain.h"
#include "runtime/plan/plan_chain.h"
#include "runtime/setup.h"

/* One stage more: *p becomes what goes out of it.  0, or -1 with the reason. */
static int
plan_known_stage(
	struct chain *c, int place, struct plan *p, bool *told, struct err *why)
{
	char **words[1] = {c->stages[place].priv->words};
	struct stage *st;
	struct chain s;
	int status, ret = 0;

	*told = false;
	setup_open(&s, words, 1, c->out.fd, true, &status);
	s.silent = true;
	st = &s.stages[0];
	if (!st->priv->failed && plan_chain(&s, p) < 0) {
		/* With control lines it is told where it stands. */
		*told = st->in.stream != 0;
		/* So is what has failed, a damaged file: it is no refusal. */
		*told |= s.err.status != STATUS_USAGE;
		*why = s.err;
		ret = -1;
	} else if (!st->priv->failed) {
		plan_release(p);
		plan_copy(p, &st->out);
		if (st->priv->common.plain)
			p->stream = 0;
	}
	setup_close(&s);
	return ret;
}

/* Would it take from the one that runs what can be read only once? */
static bool
plan_known_reads(const struct stage *st)
{
	if (st->op->flags & OP_SPOOLS)
		for (size_t i = 0; i < (size_t)st->noperands; i++)
			if (file_once(st->operands[i]))
				return true;
	return false;
}

/* -1: the place of the stage that refuses, and why. */
static int
plan_known_try(struct chain *c, const char *fields, struct buf *out, int *place,
	struct err *why)
{
	bool told = false;
	struct plan p;
	int ret = 0;

	plan_init(&p);
	p.explain = p.vain = true;
	if (fields != NULL)
		p.fields = schema_parse_header(fields, why);
	for (*place = 0; *place < c->n && ret == 0; ++*place) {
		if (plan_known_reads(&c->stages[*place]))
			break;
		ret = plan_known_stage(c, *place, &p, &told, why);
		if (ret < 0)
			break;
	}
	if (*place == c->n && p.stream != 0)
		buf_str(out, PLAN_KNOWN_LATER);
	else if (*place == c->n && p.fields != NULL)
		schema_print(p.fields, out);
	plan_release(&p);
	return told ? 0 : ret;
}

int
plan_known(struct chain *c, const char *fields, struct buf *out)
{
	struct err why, other;
	int place, else_place;

	buf_clear(out);
	if (plan_known_try(c, fields, out, &place, &why) == 0)
		return 0;
	/* What would be refused anyway is told where it is. */
	if (fields != NULL &&
		plan_known_try(c, NULL, out, &else_place, &other) < 0)
		return 0;
	buf_clear(out);
	c->err = why;
	c->failed = &c->stages[place];
	return 1;
}
