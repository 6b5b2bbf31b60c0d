/*
 * order: sort the records of each batch, or of a bounded input.
 *
 * Time: none is used.
 * Watermark: passed on as it is.
 * State: the records of one batch, in memory; nothing is kept from batch to
 * batch, so nothing is saved.
 * Restart: the batch is run again.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "value/json.h"
#include "value/key.h"
#include "value/record_read.h"
#include "value/value.h"
#include "runtime/options/fields.h"
#include "runtime/stage.h"

/* A record that waits: its keys and its text, in one allocation. */
struct row {
	size_t bytes;
	struct value *keys;
	uint64_t number;
	char *text;
	uint32_t n;
};

struct order {
	struct list by;
	int64_t limit;
	struct fields keys;
	struct row *rows;
	size_t nrows, cap;
	size_t bytes; /* of the rows */
	struct buf text, tmp;
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
	buf_init(&o->text);
	buf_init(&o->tmp);
	return 0;
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
	return 0;
}

static int
by_keys(const void *a, const void *b, void *arg)
{
	const struct order *o = arg;
	const struct row *x = a, *y = b;

	for (size_t i = 0; i < o->keys.n; i++) {
		int c = key_compare(&x->keys[i], &y->keys[i]);

		if (c != 0)
			return o->keys.down[i] ? -c : c;
	}
	return (x->number > y->number) - (x->number < y->number);
}

/* Beyond twice the limit the worse half can go. */
static void
trim(struct order *o)
{
	if (o->limit < 0 || o->nrows < 1000 || o->nrows < (size_t)o->limit * 2)
		return;
	qsort_r(o->rows, o->nrows, sizeof(*o->rows), by_keys, o);
	while (o->nrows > (size_t)o->limit) {
		o->bytes -= o->rows[--o->nrows].bytes;
		free(o->rows[o->nrows].text);
	}
}

static int
order_record(struct stage *st, struct record *r)
{
	struct order *o = STAGE(st, order);
	size_t keys = o->keys.n * sizeof(struct value), used;
	struct row row = {.number = st->records_in};

	buf_clear(&o->text);
	record_print(r, &o->text);
	buf_clear(&o->tmp);
	for (size_t i = 0; i < o->keys.n; i++)
		key_encode(record_get(r, &o->keys.f[i]), &o->tmp);
	row.n = (uint32_t)o->text.n;
	row.bytes = keys + row.n + JSON_PADDING + o->tmp.n;
	row.text = mem_alloc(row.bytes);
	row.keys = (struct value *)row.text;
	memcpy(row.text + keys, o->text.p, row.n);
	memcpy(row.text + keys + row.n + JSON_PADDING, o->tmp.p, o->tmp.n);
	used = keys + row.n + JSON_PADDING;
	for (size_t i = 0; i < o->keys.n; i++)
		used += key_decode(
			&row.keys[i], row.text + used, row.bytes - used);
	if (o->nrows == o->cap) {
		o->cap = o->cap ? o->cap * 2 : 64;
		o->rows = mem_realloc(o->rows, o->cap * sizeof(*o->rows));
	}
	o->rows[o->nrows++] = row;
	o->bytes += row.bytes;
	trim(o);
	return stage_room(st, o->bytes + o->cap * sizeof(*o->rows));
}

static int
order_batch(struct stage *st, struct batch *b)
{
	struct order *o = STAGE(st, order);
	size_t keys = o->keys.n * sizeof(struct value);
	struct record_reader reader;
	int ret = 0;

	if (o->nrows == 0)
		return 0;
	qsort_r(o->rows, o->nrows, sizeof(*o->rows), by_keys, o);
	record_read_init(&reader, st->shapes);
	for (size_t i = 0; i < o->nrows; i++) {
		struct record r = {
			.line = o->rows[i].text + keys, .nline = o->rows[i].n};

		if (ret == 0 && (o->limit < 0 || i < (size_t)o->limit)) {
			ret = record_read(&reader, &r, st->err);
			if (ret == 0)
				ret = stage_emit(st, &r);
		}
		free(o->rows[i].text);
	}
	record_read_release(&reader);
	o->nrows = o->bytes = 0;
	return ret;
}

static void
order_close(struct stage *st)
{
	struct order *o = STAGE(st, order);

	for (size_t i = 0; i < o->nrows; i++)
		free(o->rows[i].text);
	fields_release(&o->keys);
	free(o->rows);
	buf_release(&o->text);
	buf_release(&o->tmp);
}

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
	.plan = order_plan,
	.record = order_record,
	.batch = order_batch,
	.close = order_close,
};
