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
	if (d->keys.n > 0 && !d->time.known)
		st->looks = LOOKS_PASSING;
	list_add(&p->stateful,
		d->within           ? "dedup-within"
			: d->forget ? "dedup-time"
				    : "dedup",
		false);
	return modes_check(p, p->mode, st->err);
}

/* Append it to d->key. */
static void
make_key(struct dedup *d, const struct record *r)
{
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

/* A key, and its hash. */
struct key {
	const char *p;
	size_t n;
	uint32_t hash;
};

/* Of a clone: it has looked at a record, and known it or not. */
static void
note_known(struct dedup *d, bool known)
{
	d->known += known;
	if (++d->looked == LOOKED) {
		d->rest = d->known < FEW ? REST : 0;
		d->looked = d->known = 0;
	}
}

/* Of a clone: what it has met itself, in this batch, is known to the stage by
 * the time that it could get there; all else is for the stage to decide. */
static int
pass_unknown(struct stage *st, struct record *r, const struct key *k)
{
	struct dedup *d = STAGE(st, dedup);
	bool made;

	/* Few are known here. */
	if (d->rest > 0) {
		d->rest--;
		return stage_sift(st, r, k->p, k->n);
	}
	if (state_make_hashed(st->state, k->hash, k->p, k->n, 0, &made,
		    st->err) == STATE_NONE)
		return -1;
	note_known(d, !made);
	return made ? stage_sift(st, r, k->p, k->n) : 0;
}

/* The first of its key. */
static int
pass_first(struct stage *st, struct record *r, state_ref ref)
{
	struct dedup *d = STAGE(st, dedup);
	int64_t t = 0;
	bool timed = evtime_get(&d->time, r, &t);

	if (d->within)
		state_set_due(st->state, ref,
			time_add(timed ? t : 0, st->out.delay_us));
	else if (d->forget && timed)
		state_set_due(st->state, ref, t);
	return stage_emit(st, r);
}

static int
pass_new(struct stage *st, struct record *r, const struct key *k)
{
	bool made;
	state_ref ref = state_make_hashed(
		st->state, k->hash, k->p, k->n, 0, &made, st->err);

	if (ref == STATE_NONE)
		return -1;
	return made ? pass_first(st, r, ref) : 0;
}

/* A clone forgets. */
static void
bound_known(struct stage *st)
{
	if (st->clone && state_bytes(st->state) > KNOWN_BYTES)
		state_clear(st->state);
}

static int
pass(struct stage *st, struct record *r, const struct key *k)
{
	return st->clone ? pass_unknown(st, r, k) : pass_new(st, r, k);
}

/* Behind the watermark? */
static bool
is_late(const struct stage *st, const struct record *r)
{
	int64_t t;

	return st->now.watermark != WATERMARK_NONE && !st->now.whole &&
		evtime_get(&STAGE(st, dedup)->time, r, &t) &&
		t <= st->now.watermark;
}

static int
dedup_record(struct stage *st, struct record *r)
{
	struct dedup *d = STAGE(st, dedup);
	bool late = is_late(st, r);
	struct key k;

	if (st->clone && late)
		return stage_defer(st, r);
	if (late) {
		st->late++;
		stage_late(st, r, "the record is older than the watermark");
		return 0;
	}
	bound_known(st);
	buf_clear(&d->key);
	make_key(d, r);
	k = (struct key){d->key.p, d->key.n, 0};
	k.hash = state_expect(st->state, k.p, k.n);
	return pass(st, r, &k);
}

/* ---- many records at once ---- */

#define MANY 64

/* Are they alike to the byte?  Then so are their keys. */
static bool
same_value(const struct value *a, const struct value *b)
{
	if (a->type != b->type)
		return false;
	if (value_has_text(a))
		return a->n == b->n && a->flags == b->flags &&
			memcmp(a->s, b->s, a->n) == 0;
	return a->type == VALUE_NULL || a->i == b->i;
}

static bool
same_key(struct dedup *d, const struct record *a, const struct record *b)
{
	static const struct value null = {.type = VALUE_NULL};

	for (size_t i = 0; i < d->keys.n; i++) {
		const struct value *x = record_get(a, &d->keys.f[i]), *y;
		struct value first = x != NULL ? *x : null;

		y = record_get(b, &d->keys.f[i]);
		if (!same_value(&first, y != NULL ? y : &null))
			return false;
	}
	return true;
}

/* The keys of n records; of some that are the same and follow each other only
 * the first is of use, the others have none (n 0). */
static void
make_keys(struct stage *st, struct record r, size_t stride, size_t n,
	struct key *k)
{
	struct dedup *d = STAGE(st, dedup);
	struct record last = r;
	size_t from[MANY];

	buf_clear(&d->key);
	for (size_t i = 0; i < n; i++, r.v += stride) {
		from[i] = d->key.n;
		if (i == 0 || !same_key(d, &last, &r))
			make_key(d, &r);
		last.v = r.v;
		k[i].n = d->key.n - from[i];
	}
	for (size_t i = 0; i < n; i++) {
		k[i].p = d->key.p + from[i];
		if (k[i].n > 0)
			k[i].hash = state_expect(st->state, k[i].p, k[i].n);
	}
	for (size_t i = 0; i < n; i++)
		if (k[i].n > 0)
			state_expect_entry(st->state, k[i].hash);
}

/* None of them is late.  Memory is told of all keys before the first is looked
 * for. */
static int
pass_many(struct stage *st, const struct record *like, size_t stride, size_t n)
{
	struct record r = *like, one;
	struct key k[MANY];

	bound_known(st);
	make_keys(st, r, stride, n, k);
	for (size_t i = 0; i < n; i++, r.v += stride) {
		one = r;
		one.number = ++st->records_in;
		if (k[i].n == 0 && st->clone)
			note_known(STAGE(st, dedup), true);
		if (k[i].n > 0 && pass(st, &one, &k[i]) < 0)
			return -1;
	}
	return 0;
}

static int
dedup_records(
	struct stage *st, const struct record *like, size_t stride, size_t n)
{
	struct dedup *d = STAGE(st, dedup);
	bool one_by_one = d->keys.n == 0 ||
		(d->time.known && st->now.watermark != WATERMARK_NONE);
	struct record r = *like, one;
	size_t many;

	for (; n > 0; n -= many, r.v += many * stride) {
		if (!one_by_one) {
			many = n < MANY ? n : MANY;
			if (pass_many(st, &r, stride, many) < 0)
				return -1;
			continue;
		}
		many = 1;
		one = r;
		one.number = ++st->records_in;
		if (dedup_record(st, &one) < 0)
			return -1;
	}
	return 0;
}

static int
dedup_batch(struct stage *st, struct batch *b)
{
	struct buf refs;
	state_ref ref;
	size_t n;

	if (b->watermark == WATERMARK_NONE || b->whole)
		return 0;
	buf_init(&refs);
	n = state_due_all(st->state, b->watermark, &refs);
	for (size_t i = 0; i < n; i++) {
		memcpy(&ref, refs.p + i * sizeof(ref), sizeof(ref));
		state_delete(st->state, ref);
	}
	buf_release(&refs);
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
dedup_sift(struct stage *st, struct sifted *s, size_t n)
{
	uint32_t hash[MANY];

	for (size_t many; n > 0; n -= many, s += many) {
		many = n < MANY ? n : MANY;
		for (size_t i = 0; i < many; i++)
			hash[i] = state_expect(st->state, s[i].key, s[i].n);
		for (size_t i = 0; i < many; i++)
			state_expect_entry(st->state, hash[i]);
		for (size_t i = 0; i < many; i++) {
			s[i].ref = state_make_hashed(st->state, hash[i],
				s[i].key, s[i].n, 0, &s[i].taken, st->err);
			if (s[i].ref == STATE_NONE)
				return -1;
		}
	}
	return 0;
}

static int
dedup_sifted(struct stage *st, struct record *r, const struct sifted *s)
{
	return pass_first(st, r, s->ref);
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
	.sift = dedup_sift,
	.sifted = dedup_sifted,
	.ends = true};

const struct op op_dedup = {
	.name = "dedup",
	.about = "pass the first record of each key",
	.synopsis = "[--by FIELD,...] [--within-watermark]",
	.opts = dedup_opts,
	.size = sizeof(struct dedup),
	.open = dedup_open,
	.plan = dedup_plan,
	.record = dedup_record,
	.records = dedup_records,
	.batch = dedup_batch,
	.keeper = &dedup_keeper,
	.spread = &dedup_spread,
	.close = dedup_close,
};
