/*
 * order: sort the records of each batch, or of a bounded input.
 *
 * Time: none is used.
 * Watermark: passed on as it is.
 * State: the records of one batch, in memory, or beyond --max-state in files
 * without names; nothing is kept from batch to batch, so nothing is saved.
 * Restart: the batch is run again.
 */
#include <string.h>
#include <strings.h>

#include "value/record_read.h"
#include "value/sortkey.h"
#include "value/stow.h"
#include "io/sort/sorter.h"
#include "io/tempfile.h"
#include "runtime/options/fields.h"
#include "runtime/stage.h"

struct order {
	struct list by;
	int64_t limit;
	struct fields keys;
	struct sorter sorter;
	struct buf key, bytes; /* of a record */
	struct record_reader reader;
	struct slots slots;
};

#define DESCENDING "descending is a minus in front of the field: --by -FIELD"

static const struct opt order_opts[] = {
	{"by", 'b', OPT_LIST, offsetof(struct order, by), "[-]FIELD,...",
		"sort by these fields, - for descending"},
	{"limit", 0, OPT_INT, offsetof(struct order, limit), "N",
		"only the first N of each result"},
	OPT_END};

static const struct opt_slip order_slips[] = {{"desc", DESCENDING},
	{"descending", DESCENDING}, {"reverse", DESCENDING}, {"r", DESCENDING},
	{"asc", "ascending is what --by FIELD does"},
	{"ascending", "ascending is what --by FIELD does"}, {NULL, NULL}};

static void
order_defaults(void *self)
{
	((struct order *)self)->limit = -1;
}

/* "count desc" is no field: that is SQL's way of saying it. */
static int
check_direction(struct stage *st, const char *name)
{
	const char *blank = strrchr(name, ' ');
	size_t n = blank != NULL ? (size_t)(blank - name) : 0;
	bool down = n > 0 && strcasecmp(blank, " desc") == 0;
	char quoted[100];

	if (!down && (n == 0 || strcasecmp(blank, " asc") != 0))
		return 0;
	while (n > 0 && (*name == ' ' || name[n - 1] == ' ')) {
		name += *name == ' ';
		n--;
	}
	return err_as(st->err, STATUS_USAGE, "--by: %s is '%s%s' here",
		down ? "descending" : "ascending", down ? "-" : "",
		err_quote(quoted, sizeof(quoted), name, n));
}

static int
order_open(struct stage *st)
{
	struct order *o = STAGE(st, order);

	if (o->by.n == 0)
		return err_as(st->err, STATUS_USAGE,
			"by what? --by FIELD, --by -FIELD for descending");
	for (size_t i = 0; i < o->by.n; i++)
		if (check_direction(st, o->by.s[i]) < 0)
			return -1;
	fields_init(&o->keys, &o->by, true, st);
	buf_init(&o->key);
	buf_init(&o->bytes);
	record_read_init(&o->reader, st->shapes);
	return 0;
}

static void
begin_sorter(struct stage *st)
{
	struct order *o = STAGE(st, order);

	sorter_init(&o->sorter, o->limit < 0 ? SORTER_ALL : (uint64_t)o->limit,
		stage_max_state(st) > 0 ? stage_max_state(st) : SIZE_MAX,
		st->in.checkpoint != NULL ? st->in.checkpoint : tempfile_dir());
}

static int
order_plan(struct stage *st, struct plan *p)
{
	struct order *o = STAGE(st, order);

	if (fields_bind(&o->keys, p, st->err) < 0)
		return -1;
	if (p->stream && !p->whole && !p->arrival && p->mode != MODE_COMPLETE)
		return err_as(st->err, STATUS_USAGE,
			"a stream has no last record, so it cannot be sorted: "
			"only a result in complete mode can (agg --mode "
			"complete), or that of each batch (window --batches 1 "
			"in front of agg)");
	begin_sorter(st);
	return 0;
}

/* With a limit most records show by their first key that they are not among
 * the first. */
static int
order_record(struct stage *st, struct record *r)
{
	struct order *o = STAGE(st, order);

	buf_clear(&o->key);
	for (size_t i = 0; i < o->keys.n; i++) {
		sortkey_add(
			record_get(r, &o->keys.f[i]), o->keys.down[i], &o->key);
		if (!sorter_wants(&o->sorter, &o->key))
			return 0;
	}
	buf_clear(&o->bytes);
	if (st->clone)
		return sorter_add(&o->sorter, &o->key, &o->bytes, st->err) < 0
			? -1
			: stage_defer(st, r);
	stow_put(r, &o->bytes);
	return sorter_add(&o->sorter, &o->key, &o->bytes, st->err);
}

/* A record on its way out; what was text is read again by who needs it. */
static int
order_emit(void *arg, const struct sort_row *row)
{
	struct stage *st = arg;
	struct order *o = STAGE(st, order);
	struct record r;

	stow_get(&r, sort_row_data(row), row->n, &o->slots);
	if (r.shape == NULL && st->next != NULL &&
		record_read(&o->reader, &r, st->err) < 0)
		return -1;
	return stage_emit(st, &r);
}

static int
order_batch(struct stage *st, struct batch *b)
{
	return sorter_give(&STAGE(st, order)->sorter, order_emit, st, st->err);
}

static void
order_close(struct stage *st)
{
	struct order *o = STAGE(st, order);

	sorter_release(&o->sorter);
	record_read_release(&o->reader);
	slots_release(&o->slots);
	fields_release(&o->keys);
	buf_release(&o->key);
	buf_release(&o->bytes);
}

/* ---- on threads ---- */

/* With a limit a clone tells which records may be among the first: those that
 * are among its own, which came before. */
static const char *
order_why_not(const struct stage *st)
{
	return STAGE(st, order)->limit < 0 ? "it sorts all records" : NULL;
}

/* Another result begins. */
static int
order_learn(struct stage *clone, const char *p, size_t n)
{
	sorter_release(&STAGE(clone, order)->sorter);
	begin_sorter(clone);
	return 0;
}

static const struct spread order_spread = {
	.why_not = order_why_not, .learn = order_learn, .ends = true};

const struct op op_order = {
	.name = "order",
	.about = "sort the records of each result",
	.synopsis = "--by [-]FIELD,... [--limit N]",
	.opts = order_opts,
	.slips = order_slips,
	.size = sizeof(struct order),
	.flags = OP_HOLDS,
	.defaults = order_defaults,
	.open = order_open,
	.spread = &order_spread,
	.plan = order_plan,
	.record = order_record,
	.batch = order_batch,
	.close = order_close,
};
