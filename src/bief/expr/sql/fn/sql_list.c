/*
 * sql_list: functions of whole arrays: sets, joining, slices, sequences.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "floor/err.h"
#include "expr/sql/sql_items.h"

/* Sets. */

static int
run_distinct(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum_list l = {0};
	struct sql_items it;
	struct datum *d;

	if (sql_items_open(c, a, 1) < 0)
		return -1;
	for (it = sql_items(a, 1); (d = sql_items_next(&it)) != NULL;)
		if (!sql_items_has(c, l.p, l.n, d))
			*sql_items_add(c, &l) = *d;
	*out = sql_items_array(&l, a->t);
	return 0;
}

static int
two_arrays_rule(struct sql_rule *r)
{
	struct ty common;

	for (int i = 0; i < 2; i++)
		if (r->arg[i].kind > TYPE_NULL && r->arg[i].kind != TYPE_ARRAY)
			return sql_types_mismatch(r, "takes two arrays");
	if (sql_types_common(r, 0, 1, false, &common) < 0)
		return -1;
	r->result = strchr(r->node->fn->sig, ':')[1] == 'b' ? ty(TYPE_BOOLEAN)
		: r->open                                   ? ty(TYPE_ARRAY)
							    : common;
	return 0;
}

enum { UNION, INTERSECT, EXCEPT };

static int
run_set(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int tag = n->fn->tag;
	struct datum_list l = {0};
	struct sql_items it;
	struct datum *d;

	if (sql_items_open(c, a, 2) < 0)
		return -1;
	for (it = sql_items(a, tag == UNION ? 2 : 1);
		(d = sql_items_next(&it)) != NULL;) {
		if (tag != UNION &&
			sql_items_has(c, a[1].items, a[1].n, d) !=
				(tag == INTERSECT))
			continue;
		if (!sql_items_has(c, l.p, l.n, d))
			*sql_items_add(c, &l) = *d;
	}
	*out = sql_items_array(&l, a[0].t);
	return 0;
}

static int
run_overlap(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct sql_items it;
	bool null = false;
	struct datum *d;

	if (sql_items_open(c, a, 2) < 0)
		return -1;
	*out = datum_bool(true);
	for (it = sql_items(a, 1); (d = sql_items_next(&it)) != NULL;)
		if (d->kind != TYPE_NULL &&
			sql_items_has(c, a[1].items, a[1].n, d))
			return 0;
	for (it = sql_items(a, 2); (d = sql_items_next(&it)) != NULL;)
		null |= d->kind == TYPE_NULL;
	*out = null && a[0].n > 0 && a[1].n > 0 ? datum_null()
						: datum_bool(false);
	return 0;
}

/* Others. */

enum { MAX = 1, MIN = -1 };

static int
run_array_extreme(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct sql_items it;
	struct datum *d;

	*out = datum_null();
	if (sql_items_open(c, a, 1) < 0)
		return -1;
	for (it = sql_items(a, 1); (d = sql_items_next(&it)) != NULL;)
		if (d->kind != TYPE_NULL &&
			(out->kind == TYPE_NULL ||
				datum_compare(c, d, out) * n->fn->tag > 0))
			*out = *d;
	return 0;
}

/* Nulls are left out, or shown as the third argument. */
static int
run_array_join(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct sql_items it;
	bool first = true;
	struct datum *d;
	struct buf b;

	if (sql_items_open(c, a, 1) < 0)
		return -1;
	buf_init(&b);
	for (it = sql_items(a, 1);
		(d = sql_items_next(&it)) != NULL && !datum_too_long(c, b.n);) {
		if (d->kind == TYPE_NULL && n->narg < 3)
			continue;
		if (!first)
			buf_add(&b, a[1].str, a[1].n);
		first = false;
		datum_print(c, d->kind == TYPE_NULL ? &a[2] : d, &b);
	}
	*out = datum_from_buf(c, &b);
	buf_release(&b);
	return 0;
}

static int
run_compact(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum_list l = {0};
	struct sql_items it;
	struct datum *d;

	if (sql_items_open(c, a, 1) < 0)
		return -1;
	for (it = sql_items(a, 1); (d = sql_items_next(&it)) != NULL;)
		if (d->kind != TYPE_NULL)
			*sql_items_add(c, &l) = *d;
	*out = sql_items_array(&l, a->t);
	return 0;
}

static int
run_slice(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int64_t from = a[1].i, len = a[2].i;

	if (datum_open(c, a) < 0)
		return -1;
	if (from == 0 || len < 0)
		return err_set(c->err,
			"'slice' counts places from 1, and no "
			"negative lengths");
	from = from > 0 ? from - 1 : (int64_t)a->n + from;
	if (from < 0 || from >= a->n)
		len = from = 0;
	if (len > a->n - from)
		len = a->n - from;
	*out = datum_items(TYPE_ARRAY, a->items + from, (size_t)len, a->t);
	return 0;
}

static int
flatten_rule(struct sql_rule *r)
{
	struct ty e = ty_elem(r->arg[0]);

	if (!sql_items_want_array(&r->arg[0]) ||
		(e.kind > TYPE_NULL && e.kind != TYPE_ARRAY))
		return sql_types_mismatch(r, "takes an array of arrays");
	r->result = e;
	return 0;
}

static int
run_flatten(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum_list l = {0};
	struct sql_items it;
	struct datum *e;

	*out = datum_null();
	if (sql_items_open(c, a, 1) < 0)
		return -1;
	for (it = sql_items(a, 1); (e = sql_items_next(&it)) != NULL;) {
		if (e->kind == TYPE_NULL)
			return 0;
		if (e->kind != TYPE_ARRAY || datum_open(c, e) < 0)
			return err_set(
				c->err, "'flatten' takes an array of arrays");
		for (uint32_t k = 0; k < e->n && !c->broken; k++)
			*sql_items_add(c, &l) = e->items[k];
	}
	*out = sql_items_array(&l, n->ty.t);
	return 0;
}

static int
repeat_rule(struct sql_rule *r)
{
	r->result = ty_array(r->arena, r->arg[0]);
	r->arg[1] = ty(TYPE_INT);
	return 0;
}

static int
run_array_repeat(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum_list l = {0};

	*out = datum_null();
	if (a[1].kind == TYPE_NULL)
		return 0;
	if (a[1].i > 0 && sql_limit(c, n, a[1].i, sizeof(*a)) < 0)
		return -1;
	for (int64_t i = 0; i < a[1].i; i++)
		*sql_items_add(c, &l) = a[0];
	*out = sql_items_array(&l, n->ty.t);
	return 0;
}

/* sequence(1, 5), sequence(d1, d2, interval 1 month) */
static int
sequence_rule(struct sql_rule *r)
{
	struct ty *a = r->arg, common;

	if (a[0].kind == TYPE_UNKNOWN || a[1].kind == TYPE_UNKNOWN) {
		r->open = true;
		return 0;
	}
	if (!sql_types_tightest(r->arena, a[0], a[1], &common) ||
		(!ty_integral(common) && common.kind != TYPE_DATE &&
			common.kind != TYPE_TIMESTAMP) ||
		(r->n > 2 &&
			(ty_integral(common) ? !ty_integral(a[2])
					     : a[2].kind != TYPE_DAYS &&
						a[2].kind != TYPE_YEARS)))
		return sql_types_mismatch(r,
			"takes integers, or times and an "
			"interval");
	a[0] = a[1] = common;
	r->result = ty_array(r->arena, common);
	return 0;
}

/* Times go on by the zone's calendar: each is so many steps from the first. */
static int
sequence_times(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const int64_t day = DATUM_DAY;
	bool months = n->narg > 2 && a[2].kind == TYPE_YEARS;
	int64_t by = n->narg > 2 ? a[2].i : a[0].i <= a[1].i ? day : -day, k;
	struct datum_list l = {0};
	struct datum v = a[0];

	if ((by == 0 || (by > 0) != (a[0].i <= a[1].i)) && a[0].i != a[1].i)
		return err_set(c->err, "'sequence' does not come to its end");
	for (int64_t i = 0;
		v.kind != TYPE_NULL && (by > 0 ? v.i <= a[1].i : v.i >= a[1].i);
		i++) {
		if (sql_limit(c, n, i + 1, sizeof(*a)) < 0)
			return -1;
		*sql_items_add(c, &l) = v;
		if (by == 0 || __builtin_mul_overflow(by, i + 1, &k))
			break;
		if (months && (k > SQL_MONTHS_MAX || k < -SQL_MONTHS_MAX))
			break;
		v = months ? sql_clock_shift(c, a[0].i, k, 0, 0)
			   : sql_clock_shift(c, a[0].i, 0, by / day * (i + 1),
				     by % day * (i + 1));
	}
	*out = sql_items_array(&l, sql_result(n).t);
	return 0;
}

/* From one number to another one that is known to be reached: the items are
 * counted first, so that none is computed beyond the end of the type. */
static int
sequence_numbers(struct datum_ctx *c, struct sql_node *n,
	const struct datum *from, int64_t to, int64_t by, struct datum_list *l)
{
	__int128 steps = ((__int128)to - from->i) / by;

	if (steps >= INT32_MAX)
		steps = INT32_MAX;
	if (sql_limit(c, n, (int64_t)steps + 1, sizeof(*from)) < 0)
		return -1;
	/* Modulo 2^64: by times i may be more than the whole type. */
	for (int64_t i = 0; i <= (int64_t)steps; i++)
		*sql_items_add(c, l) = datum_int(from->kind,
			(int64_t)((uint64_t)from->i +
				(uint64_t)by * (uint64_t)i));
	return 0;
}

/* Steps of months; a step may be too long for the calendar. */
static int
sequence_months(struct datum_ctx *c, struct sql_node *n,
	const struct datum *from, int64_t to, int64_t by, struct datum_list *l)
{
	int64_t v;

	for (int64_t i = 0;
		by * i >= -SQL_MONTHS_MAX && by * i <= SQL_MONTHS_MAX; i++) {
		v = sql_clock_months(from->i, by * i);
		if (by > 0 ? v > to : v < to)
			break;
		if (sql_limit(c, n, i + 1, sizeof(*from)) < 0)
			return -1;
		*sql_items_add(c, l) = datum_int(from->kind, v);
	}
	return 0;
}

static int
run_sequence(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int64_t by = a[0].i <= a[1].i ? 1 : -1;
	bool months = n->narg > 2 && a[2].kind == TYPE_YEARS;
	struct datum_list l = {0};

	if (a[0].kind == TYPE_TIMESTAMP)
		return sequence_times(c, n, a, out);
	if (n->narg > 2)
		by = a[2].i;
	if (n->narg > 2 && a[2].kind == TYPE_DAYS && a[0].kind == TYPE_DATE)
		by /= DATUM_DAY;
	if (by == 0 || (by > 0) != (a[0].i <= a[1].i)) {
		if (a[0].i != a[1].i)
			return err_set(
				c->err, "'sequence' does not come to its end");
		by = 1;
	}
	if ((months ? sequence_months : sequence_numbers)(
		    c, n, &a[0], a[1].i, by, &l) != 0)
		return -1;
	*out = sql_items_array(&l, sql_result(n).t);
	return 0;
}

static int
zip_rule(struct sql_rule *r)
{
	const char **names = arena_get(
		r->arena, (size_t)r->n * sizeof(*names) + 1);
	struct ty *types = arena_get(r->arena, (size_t)r->n * sizeof(*types));
	char *text;

	for (int i = 0; i < r->n; i++) {
		const struct sql_node *a = r->node->arg[i];

		if (!sql_items_want_array(&r->arg[i]))
			return sql_types_mismatch(r, "takes arrays");
		types[i] = ty_elem(r->arg[i]);
		text = arena_get(r->arena, 16);
		snprintf(text, 16, "%d", i);
		names[i] = a->npart > 0 ? a->part[a->npart - 1].s : text;
	}
	r->result = ty_array(
		r->arena, ty_struct(r->arena, names, types, (size_t)r->n));
	return 0;
}

static int
run_zip(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	size_t narg = (size_t)n->narg;
	struct datum_list l = {0};
	uint32_t most = 0;

	assert(n->ty.t != NULL);
	for (size_t k = 0; k < narg; k++) {
		if (datum_open(c, &a[k]) < 0)
			return -1;
		most = a[k].n > most ? a[k].n : most;
	}
	for (uint32_t i = 0; i < most; i++) {
		struct datum *e = arena_get(&c->arena, narg * sizeof(*e));

		for (size_t k = 0; k < narg; k++)
			e[k] = i < a[k].n ? a[k].items[i] : datum_null();
		*sql_items_add(c, &l) = datum_items(
			TYPE_STRUCT, e, narg, n->ty.t->elem);
	}
	*out = sql_items_array(&l, n->ty.t);
	return 0;
}

#define TAGGED(name, sig, run, tag)                      \
	{                                                \
		name, sig, run, 0, NULL, NULL, NULL, tag \
	}
#define SET(name, tag)                                                     \
	{                                                                  \
		name, "AA:A", run_set, 0, two_arrays_rule, NULL, NULL, tag \
	}

const struct sql_fn sql_list_fns[] = {{"array_distinct", "A:0", run_distinct},
	SET("array_union", UNION), SET("array_intersect", INTERSECT),
	SET("array_except", EXCEPT),
	{"arrays_overlap", "AA:b", run_overlap, 0, two_arrays_rule},
	TAGGED("array_max", "A:1", run_array_extreme, MAX),
	TAGGED("array_min", "A:1", run_array_extreme, MIN),
	{"array_join", "As?s:s", run_array_join},
	{"array_compact", "A:0", run_compact}, {"slice", "Aii:0", run_slice},
	{"flatten", "A:1", run_flatten, 0, flatten_rule},
	{"array_repeat", "ai:A", run_array_repeat, SQL_NULLS, repeat_rule},
	{"sequence", "aa?a:A", run_sequence, 0, sequence_rule},
	{"arrays_zip", "A+:A", run_zip, 0, zip_rule}, {NULL}};
