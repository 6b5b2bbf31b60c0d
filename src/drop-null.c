/*
 * drop-null: drop records in which fields are missing, as Spark's na.drop.
 *
 * Time: none is used.
 * Watermark: passed on.
 * State: none.
 * Restart: nothing to recover.
 */
#include <math.h>
#include <stdlib.h>

#include "floor/mem.h"
#include "runtime/options/fields.h"
#include "runtime/stage.h"

enum how { HOW_ANY, HOW_ALL };

struct drop_null {
	int how;
	struct list names;
	struct fields fields; /* none: all that a record has */
	bool *nan;            /* may this one hold NaN? */
	uint64_t id;          /* of the shape that twice is right for */
	bool twice;           /* it has a name more than once */
};

static const struct opt drop_null_opts[] = {
	{"how", 0, OPT_ENUM, offsetof(struct drop_null, how), "any|all",
		"drop when any of the fields is missing, or when all are"},
	OPT_END};

static int
drop_null_open(struct stage *st)
{
	struct drop_null *d = STAGE(st, drop_null);

	for (size_t i = 0; i < st->noperands; i++)
		list_add(&d->names, st->operands[i], true);
	for (size_t i = 0; i < d->names.n; i++)
		if (d->names.s[i][0] == '\0')
			return err_as(st->err, STATUS_USAGE,
				"a field's name is empty");
	return 0;
}

static int
drop_null_plan(struct stage *st, struct plan *p)
{
	struct drop_null *d = STAGE(st, drop_null);
	struct list *l = &d->names;

	if (l->n == 0 && p->fields != NULL)
		for (size_t i = 0; i < p->fields->n; i++)
			list_add(l, p->fields->f[i].name, false);
	fields_init(&d->fields, l, false, st);
	if (fields_bind(&d->fields, p, st->err) < 0)
		return -1;
	if (d->fields.n > 0)
		st->looks = LOOKS_PASSING;
	d->nan = mem_zalloc((d->fields.n + 1) * sizeof d->nan[0]);
	for (size_t i = 0; i < d->fields.n; i++) {
		const struct type *t = p->fields == NULL
			? NULL
			: schema_type(p->fields, d->fields.f[i].path);

		d->nan[i] = t == NULL || t->kind != TYPE_STRING;
	}
	return 0;
}

static inline bool
is_missing(const struct value *v, bool nan)
{
	if (v == NULL || v->type == VALUE_NULL)
		return true;
	if (v->type == VALUE_DOUBLE)
		return isnan(v->d);
	return nan && v->type == VALUE_STRING && v->n == 3 && value_is_nan(v);
}

/* Of several fields of one name the last counts. */
static bool
is_last(const struct shape *s, size_t i)
{
	return shape_find(s, s->names[i].s, s->names[i].n) == (int)i;
}

/* Is a value missing, where all fields are looked at?  Most are of a type that
 * never is; text that is as long as "NaN" may be. */
static inline bool
any_missing(const struct value *v, size_t n)
{
	const unsigned suspect = 1u << VALUE_NULL | 1u << VALUE_DOUBLE;
	unsigned odd = 0;

	for (size_t i = 0; i < n; i++) {
		bool nan = (v[i].type == VALUE_STRING) & (v[i].n == 3);

		odd |= suspect >> v[i].type & 1;
		odd |= *(nan ? v[i].s : "") == 'N';
	}
	if (odd == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (is_missing(&v[i], true))
			return true;
	return false;
}

/* Is the record to be dropped? */
static bool
is_dropped(struct drop_null *d, const struct record *r)
{
	bool all = d->how == HOW_ALL;
	size_t n = d->fields.n > 0 ? d->fields.n : r->shape->n;

	if (d->fields.n == 0 && d->id != r->shape->id) {
		d->id = r->shape->id;
		d->twice = false;
		for (size_t i = 0; i < r->shape->n && !d->twice; i++)
			d->twice = !is_last(r->shape, i);
	}
	if (d->fields.n == 0 && !d->twice && !all)
		return any_missing(r->v, n);
	for (size_t i = 0; i < n; i++) {
		bool gone;

		if (d->twice && !is_last(r->shape, i))
			continue;
		gone = d->fields.n > 0
			? is_missing(record_get(r, &d->fields.f[i]), d->nan[i])
			: is_missing(&r->v[i], true);

		if (gone != all)
			return !all;
	}
	return all;
}

static int
drop_null_record(struct stage *st, struct record *r)
{
	return is_dropped(STAGE(st, drop_null), r) ? 0 : stage_emit(st, r);
}

/* Those that stay in a row go on together. */
static int
drop_null_records(
	struct stage *st, const struct record *like, size_t stride, size_t n)
{
	struct drop_null *d = STAGE(st, drop_null);
	struct record r = *like, some = *like;
	size_t stay = 0;

	for (size_t i = 0; i < n; i++, r.v += stride) {
		st->records_in++;
		if (!is_dropped(d, &r)) {
			stay++;
			continue;
		}
		if (stay > 0 && stage_emit_records(st, &some, stride, stay) < 0)
			return -1;
		some.v = r.v + stride;
		stay = 0;
	}
	return stay > 0 ? stage_emit_records(st, &some, stride, stay) : 0;
}

static void
drop_null_close(struct stage *st)
{
	struct drop_null *d = STAGE(st, drop_null);

	fields_release(&d->fields);
	free(d->nan);
	list_free(&d->names);
}

static const struct spread drop_null_spread = {.ends = false};

const struct op op_drop_null = {
	.name = "drop-null",
	.about = "drop records with missing fields",
	.synopsis = "[--how any|all] [FIELD ...]",
	.opts = drop_null_opts,
	.size = sizeof(struct drop_null),
	.flags = OP_OPERANDS | OP_WORDS,
	.open = drop_null_open,
	.plan = drop_null_plan,
	.record = drop_null_record,
	.records = drop_null_records,
	.spread = &drop_null_spread,
	.close = drop_null_close,
};
