/*
 * sql_zones: convert_timezone: what a wall clock shows in another zone.
 *
 * There is one type of times here, and none without a zone: such a wall clock
 * is the time at which the stream's own clock shows it.
 */
#include "floor/err.h"
#include "expr/expr.h"
#include "expr/sql/sql_impl.h"

static const struct zone *
zone_of(struct datum_ctx *c, const struct datum *d)
{
	const struct zone *z = zone_open(d->str, d->n);
	char word[60];

	if (z == NULL)
		err_set(c->err,
			"no time zone '%s': a region, such as "
			"'Europe/Brussels', or an offset, such as '+01:00'",
			err_quote(word, sizeof(word), d->str, d->n));
	return z;
}

static int
convert_rule(struct sql_rule *r)
{
	for (int i = 0; i < r->n - 1; i++)
		r->arg[i] = ty(TYPE_STRING);
	if (r->arg[r->n - 1].kind > TYPE_NULL &&
		!datum_cast_allows(r->arg[r->n - 1], ty(TYPE_TIMESTAMP)))
		return sql_types_mismatch(r, "takes zones and a time");
	r->arg[r->n - 1] = r->result = ty(TYPE_TIMESTAMP);
	return 0;
}

static int
run_convert(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const struct zone *own = c->env->zone, *from = own, *to;
	int64_t days, rest;
	struct datum moment;

	if (n->narg > 2 && (from = zone_of(c, &a[0])) == NULL)
		return -1;
	to = zone_of(c, &a[n->narg - 2]);
	if (to == NULL)
		return -1;
	*out = datum_null();
	days = sql_clock_day(c, a[n->narg - 1].i, &rest);
	moment = datum_moment(from, days, rest);
	if (moment.kind == TYPE_NULL)
		return 0;
	days = zone_day(to, moment.i, &rest);
	*out = datum_moment(own, days, rest);
	return 0;
}

const struct sql_fn sql_zones_fns[] = {
	{"convert_timezone", "sa?a:t", run_convert, 0, convert_rule}, {NULL}};
