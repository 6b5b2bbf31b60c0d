/*
 * dedup: pass the first record of each key.
 *
 * Time: the event time that the watermark is of.
 * Watermark: passed on as it is; what is older is dropped and counted.
 * State: the keys; a key is forgotten behind the watermark when the event time
 * is part of it, or, with --within-watermark, the delay after its first
 * record; else never.
 * Restart: goes on with the keys.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "time/time.h"
#include "value/json.h"
#include "value/key.h"
#include "recovery/state/state.h"
#include "runtime/entry.h"
#include "runtime/options/fields.h"
#include "runtime/plan/modes.h"
#include "runtime/stage.h"
#include "window/evtime.h"

/* What a clone does (pass_unknown): */
#define KNOWN_BYTES ((size_t)4 << 20) /* of keys that it knows, at most */
#define LOOKED \
	4096     /* so many records are looked at, and when few of them ... */
#define FEW 1024 /* ... were known, so many more are not: */
#define REST 65536

struct dedup {
	struct list by;
	bool within;
	struct fields keys; /* none: the whole record */
	struct evtime time;
	bool forget; /* the event time is a key */
	struct buf key;
	/* of a clone */
	uint32_t looked, known, rest;
};

static const struct opt dedup_opts[] = {
	{"by", 'b', OPT_LIST, offsetof(struct dedup, by), "FIELD,...",
		"the fields that make a key (all)"},
	{"within-watermark", 0, OPT_FLAG, offsetof(struct dedup, within), NULL,
		"forget a key the watermark's delay after its first record"},
	OPT_END};

static int
dedup_open(struct stage *st)
{
	struct dedup *d = STAGE(st, dedup);

	buf_init(&d->key);
	fields_init(&d->keys, &d->by, false, st);
	return 0;
}

static int
dedup_plan(struct stage *st, struct plan *p)
{
	struct dedup *d = STAGE(st, dedup);

	if (fields_bind(&d->keys, p, st->err) < 0)
		return -1;
	for (size_t i = 0; i < d->keys.n; i++)
		if (plan_take_time(p, d->keys.f[i].path))
			break;
	evtime_init(&d->time, p);
	if (d->within && !d->time.known)
		return err_as(st->err, STATUS_USAGE,
			"--within-watermark needs a watermark: put watermark "
			"--on FIELD --delay D in front");
	d->forget = d->keys.n == 0 && d->time.known;
	for (size_t i = 0; i < d->keys.n; i++)
		if (evtime_is(&d->time, d->keys.f[i].path))
			d->forget = true;
	list_add(&p->stateful,
		d->within           ? "dedup-within"
			: d->forget ? "dedup-time"
				    : "dedup",
		false);
	return modes_check(p, p->mode, st->err);
}

static void
make_key(struct dedup *d, const struct record *r)
{
	buf_clear(&d->key);
	if (d->keys.n > 0) {
		for (size_t i = 0; i < d->keys.n; i++)
			key_encode(record_get(r, &d->keys.f[i]), &d->key);
		return;
	}
	for (uint32_t i = 0; i < r->shape->n; i++) {
		struct value name = value_json_string(
			r->shape->names[i].s, r->shape->names[i].n, false);

		key_encode(&name, &d->key);
		key_encode(&r->v[i], &d->key);
	}
}

/* Of a clone: what it has met itself, in this batch, is known to the stage by
 * the time that it could get there; all else is for the stage to decide. */
static int
pass_unknown(struct stage *st, struct record *r)
{
	struct dedup *d = STAGE(st, dedup);
	bool made;

	if (d->rest > 0) {
		d->rest--;
		return stage_defer(st, r);
	}
	if (state_bytes(st->state) > KNOWN_BYTES)
		state_clear(st->state);
	make_key(d, r);
	if (state_make(st->state, d->key.p, d->key.n, 0, &made, st->err) ==
		STATE_NONE)
		return -1;
	d->known += !made;
	if (++d->looked == LOOKED) {
		d->rest = d->known < FEW ? REST : 0;
		d->looked = d->known = 0;
	}
	return made ? stage_defer(st, r) : 0;
}

static int
dedup_record(struct stage *st, struct record *r)
{
	struct dedup *d = STAGE(st, dedup);
	int64_t t = 0;
	bool timed = evtime_get(&d->time, r, &t), made;
	state_ref ref;

	if (timed && st->now.watermark != WATERMARK_NONE &&
		t <= st->now.watermark && !st->now.whole) {
		if (st->clone)
			return stage_defer(st, r);
		st->late++;
		stage_late(st, r, "the record is older than the watermark");
		return 0;
	}
	if (st->clone)
		return pass_unknown(st, r);
	make_key(d, r);
	ref = state_make(st->state, d->key.p, d->key.n, 0, &made, st->err);
	if (ref == STATE_NONE)
		return -1;
	if (!made)
		return 0;
	if (d->within)
		state_set_due(st->state, ref,
			time_add(timed ? t : 0, st->out.delay_us));
	else if (d->forget && timed)
		state_set_due(st->state, ref, t);
	return stage_emit(st, r);
}

static int
dedup_batch(struct stage *st, struct batch *b)
{
	state_ref ref;

	if (b->watermark == WATERMARK_NONE || b->whole)
		return 0;
	while ((ref = state_due(st->state, b->watermark)) != STATE_NONE)
		state_delete(st->state, ref);
	return 0;
}

/* Keys are values: of other types they would never be equal. */
static void
dedup_form(struct stage *st, const struct plan *in, int n, struct buf *out)
{
	struct dedup *d = STAGE(st, dedup);

	for (size_t i = 0; i < d->keys.n; i++)
		plan_field_form(in, d->keys.f[i].path, out);
	for (size_t i = 0; d->keys.n == 0 && in->fields && i < in->fields->n;
		i++)
		plan_field_form(in, in->fields->f[i].name, out);
}

static void
dedup_explain(struct stage *st, struct buf *out)
{
	struct dedup *d = STAGE(st, dedup);

	buf_str(out, "every key, ");
	buf_str(out,
		d->within ? "until the watermark is the delay past its "
			    "first record"
			: d->forget ? "until the watermark reaches its time"
				    : "for ever: the event time is not part of "
				      "it (--within-watermark)");
}

/* ---- for bief state ---- */

static int
dedup_show(struct stage *st, state_ref ref, struct buf *out)
{
	struct dedup *d = STAGE(st, dedup);
	size_t n;
	const char *p = state_key(st->state, ref, &n), *end = p + n;

	entry_kind(out, "key");
	buf_str(out, ",\"key\":{");
	for (size_t i = 0; p < end; i++) {
		if (i < d->keys.n)
			json_quote(out, d->keys.f[i].path,
				strlen(d->keys.f[i].path));
		else if (entry_code(out, &p, end, st->err) < 0)
			return -1;
		buf_byte(out, ':');
		if (entry_code(out, &p, end, st->err) < 0)
			return -1;
		buf_byte(out, ',');
	}
	if (out->p[out->n - 1] == ',')
		out->n--;
	buf_byte(out, '}');
	return 0;
}

static int
take_by(struct stage *st, const struct value *key)
{
	struct dedup *d = STAGE(st, dedup);
	const char **names = mem_zalloc((d->keys.n + 1) * sizeof(*names));
	struct value v;
	int ret;

	for (size_t i = 0; i < d->keys.n; i++)
		names[i] = d->keys.f[i].path;
	ret = entry_only(key, names, st->err);
	for (size_t i = 0; i < d->keys.n && ret == 0; i++) {
		ret = entry_get(key, names[i], &v, st->err);
		if (ret == 0)
			key_encode(&v, &d->key);
	}
	free(names);
	return ret;
}

static int
dedup_take(struct stage *st, const struct value *object, state_ref *made)
{
	struct dedup *d = STAGE(st, dedup);
	struct value key, name, v;
	struct json_iter it;

	if (object == NULL)
		return 0;
	if (!entry_of(object, "key"))
		return entry_unknown(object, st->err);
	if (entry_get_nested(object, "key", VALUE_OBJECT, &key, st->err) < 0)
		return -1;
	buf_clear(&d->key);
	if (d->keys.n > 0 && take_by(st, &key) < 0)
		return -1;
	json_iter(&it, &key);
	while (d->keys.n == 0 && json_next(&it, &name, &v)) {
		key_encode(&name, &d->key);
		key_encode(&v, &d->key);
	}
	return entry_make(st, d->key.p, d->key.n, 0, made);
}

/* ---- on threads ---- */

static const char *
dedup_why_not(const struct stage *st)
{
	return stage_max_state(st) > 0 ? "the state is bounded by --max-state"
				       : NULL;
}

static int
dedup_learn(struct stage *clone, const char *p, size_t n)
{
	state_clear(clone->state);
	return 0;
}

static void
dedup_close(struct stage *st)
{
	struct dedup *d = STAGE(st, dedup);

	fields_release(&d->keys);
	evtime_release(&d->time);
	buf_release(&d->key);
}

static const struct keeper dedup_keeper = {
	.form = dedup_form,
	.explain = dedup_explain,
	.show = dedup_show,
	.take = dedup_take,
};

static const struct spread dedup_spread = {.why_not = dedup_why_not,
	.learn = dedup_learn,
	.ends = true,
	.sifts = true};

const struct op op_dedup = {
	.name = "dedup",
	.about = "pass the first record of each key",
	.synopsis = "[--by FIELD,...] [--within-watermark]",
	.opts = dedup_opts,
	.size = sizeof(struct dedup),
	.open = dedup_open,
	.plan = dedup_plan,
	.record = dedup_record,
	.batch = dedup_batch,
	.keeper = &dedup_keeper,
	.spread = &dedup_spread,
	.close = dedup_close,
};
