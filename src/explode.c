/*
 * explode: one record for each element of an array or each part of a text.
 *
 * Time: none is used.
 * Watermark: passed on.
 * State: none.
 * Restart: nothing to recover.
 *
 * It is long because a text is cut in four ways, at a byte, at a text, by an
 * expression and into characters: each is a loop of its own that hands on
 * parts where they lie.
 */
#include <stdlib.h>
#include <string.h>

#include "text/regex.h"
#include "text/simd.h"
#include "value/json.h"
#include "value/path.h"
#include "runtime/stage.h"

struct explode {
	const char *split, *pattern, *as;
	bool outer, keep;
	const char *sep; /* literal separator, or NULL */
	size_t nsep;
	struct regex *regex; /* or this, or NULL: arrays */
	struct field field;
	struct record_add add; /* the element, where it goes to the end */
	uint64_t id;           /* of the shape in, for which ... */
	struct shape *out;     /* ... this is the shape out, */
	uint32_t at;           /* where it has the element, */
	struct buf twins;      /* without these, one after the other: int */
	struct slots slots;
	struct buf name, plain, piece;
	/* the record that is being taken apart */
	struct record r;
	struct value *slot;
	/* where who follows takes many records at once: those that wait */
	bool many;
	uint32_t spare; /* values that may be added to each */
	struct slots rows;
	size_t nrows;
};
#define ROWS 64 /* at most */
#define SPARE 6

static const struct opt explode_opts[] = {
	{"split", 0, OPT_STRING, offsetof(struct explode, split), "SEP",
		"take text apart at each SEP"},
	{"regex", 0, OPT_STRING, offsetof(struct explode, pattern), "RE",
		"take text apart at each match of RE"},
	{"as", 0, OPT_STRING, offsetof(struct explode, as), "NAME",
		"name of the element (the field's own)"},
	{"outer", 0, OPT_FLAG, offsetof(struct explode, outer), NULL,
		"a record with null where there is no element"},
	{"keep", 0, OPT_FLAG, offsetof(struct explode, keep), NULL,
		"keep the field, add the element at the end"},
	OPT_END};

static int
open_regex(struct stage *st, struct explode *x)
{
	size_t n = strlen(x->pattern);

	if (strpbrk(x->pattern, "\\^$.|?*+()[]{}") == NULL) {
		x->sep = x->pattern;
		return 0;
	}
	x->regex = regex_new(x->pattern, n, REGEX_JAVA, 0, st->err);
	if (x->regex == NULL) {
		st->err->status = STATUS_USAGE;
		return err_in(st->err, "--regex '%s'", x->pattern);
	}
	return 0;
}

static int
explode_open(struct stage *st)
{
	struct explode *x = STAGE(st, explode);
	size_t n;

	if (st->noperands != 1)
		return err_as(st->err, STATUS_USAGE,
			st->noperands == 0
				? "no field is named: say which to take apart"
				: "more than one field is named: it takes one");
	if (x->split != NULL && x->pattern != NULL)
		return err_as(st->err, STATUS_USAGE,
			"--split and --regex exclude each other");
	field_init(&x->field, st->operands[0]);
	stage_watch(st, &x->field);
	if (x->as == NULL && (x->keep || x->field.steps.n > 1))
		return err_as(st->err, STATUS_USAGE,
			"%s needs a name for the "
			"element: --as NAME",
			x->keep ? "--keep" : "a path");
	if (x->as != NULL) {
		char *name = path_name(x->as);

		buf_str(&x->name, name);
		free(name);
	} else
		field_last(&x->field, &n, &x->name);
	record_add_init(&x->add, buf_cstr(&x->name));
	x->sep = x->split;
	if (x->pattern != NULL && open_regex(st, x) < 0)
		return -1;
	x->nsep = x->sep != NULL ? strlen(x->sep) : 0;
	return 0;
}

static int
refuse_type(struct stage *st, const struct type *t)
{
	struct explode *x = STAGE(st, explode);
	struct buf b;

	buf_init(&b);
	type_print(t, &b);
	err_as(st->err, STATUS_USAGE, "field '%s' is %s, not an array%s",
		x->field.path, buf_cstr(&b),
		t->kind == TYPE_STRING ? ": --split or --regex take text apart"
				       : "");
	buf_release(&b);
	return -1;
}

static int
explode_plan(struct stage *st, struct plan *p)
{
	struct explode *x = STAGE(st, explode);
	struct schema *s = p->fields;
	const char *path, *name = buf_cstr(&x->name);
	const struct type *t;
	struct type *elem = NULL;
	int at, twin;

	st->looks = LOOKS_PASSING;
	if (x->sep == NULL && x->regex == NULL) {
		st->opens = &x->field;
		st->element = name;
	}
	if (s == NULL)
		return 0;
	if (plan_bind(p, &x->field, NULL, st->err) < 0)
		return -1;
	path = x->field.path;
	t = schema_type(s, path);
	if (x->sep != NULL || x->regex != NULL)
		elem = type_new(TYPE_STRING);
	else if (t != NULL && t->kind == TYPE_ARRAY)
		elem = type_copy(t->elem);
	else if (t != NULL && t->kind != TYPE_UNKNOWN)
		return refuse_type(st, t);
	at = schema_find(s, path, strlen(path));
	twin = schema_find(s, name, strlen(name));
	if (x->keep || at < 0)
		at = twin;
	if (at < 0) {
		schema_add(s, name, elem);
		return 0;
	}
	schema_remove(s, (size_t)at);
	schema_insert(s, (size_t)at, name, elem);
	if (twin >= 0 && twin != at)
		schema_remove(s, (size_t)twin);
	return 0;
}

/* The shape of records with the element in the field's place. */
static void
choose_shape(struct explode *x, struct shape *in, int at)
{
	struct shape *out = in;
	int twin;

	buf_clear(&x->twins);
	/* A record may have several of that name. */
	while ((twin = shape_find(out, x->add.name, x->add.nname)) >= 0 &&
		twin != at) {
		out = shape_rename(out, (uint32_t)twin, NULL, 0);
		buf_add(&x->twins, &twin, sizeof(twin));
		at -= twin < at;
	}
	x->out = shape_rename(out, (uint32_t)at, x->add.name, x->add.nname);
	x->at = (uint32_t)at;
	x->id = in->id;
}

/* The values without those of the fields that give way. */
static void
drop_twins(const struct explode *x, struct value *v, uint32_t n)
{
	int twin;

	for (size_t i = 0; i < x->twins.n; i += sizeof(twin)) {
		memcpy(&twin, x->twins.p + i, sizeof(twin));
		memmove(v + twin, v + twin + 1,
			(--n - (uint32_t)twin) * sizeof(v[0]));
	}
}

/* Make the record that all elements share. */
static void
prepare_element(struct explode *x, struct record *r)
{
	int at = field_index(&x->field, r);

	x->r = *r;
	if (x->keep || at < 0) {
		uint32_t i = record_add(
			&x->r, &x->add, value_null(), &x->slots);

		x->slot = &x->r.v[i];
		return;
	}
	if (x->id != r->shape->id)
		choose_shape(x, r->shape, at);
	record_own(&x->r, &x->slots);
	drop_twins(x, x->r.v, r->shape->n);
	x->r.shape = x->out;
	x->slot = &x->r.v[x->at];
}

/* Hand on those that wait. */
static int
emit_rows(struct stage *st, struct explode *x)
{
	struct record r = x->r;
	size_t n = x->nrows;

	if (n == 0)
		return 0;
	r.v = x->rows.v;
	r.room = r.shape->n + x->spare;
	x->nrows = 0;
	return stage_emit_records(st, &r, r.room, n);
}

static inline int
add_row(struct stage *st, struct explode *x, struct value v)
{
	uint32_t n = x->r.shape->n;
	struct value *row = x->rows.v + x->nrows * (n + x->spare);

	*x->slot = v;
	if (n == 1)
		*row = v;
	else
		memcpy(row, x->r.v, n * sizeof *row);
	return ++x->nrows < ROWS ? 0 : emit_rows(st, x);
}

static inline int
emit_element(struct stage *st, struct explode *x, struct value v)
{
	struct record r;

	if (x->many)
		return add_row(st, x, v);
	r = x->r;
	*x->slot = v;
	return stage_emit(st, &r);
}

static int
elements(struct stage *st, struct explode *x, struct json_iter *it)
{
	struct value v;
	bool any = false;

	for (; json_next(it, NULL, &v); any = true)
		if (emit_element(st, x, v) < 0)
			return -1;
	return any || !x->outer ? 0 : emit_element(st, x, value_null());
}

/* Text that is being taken apart. */
struct text {
	const char *s;
	size_t n;
	bool raw; /* nothing in it needs an escape */
};

static inline int
put_part(struct stage *st, struct explode *x, const struct text *t, size_t from,
	size_t to)
{
	if (t->raw)
		return emit_element(st, x,
			value_json_string(t->s + from, to - from, false));
	buf_clear(&x->piece);
	if (emit_element(st, x, value_text(t->s + from, to - from, &x->piece)) <
		0)
		return -1;
	return emit_rows(st, x);
}

/* Where the separator is, in the 64 bytes from base on. */
static inline uint64_t
separators(const struct explode *x, const struct text *t, size_t base)
{
	const char *p = t->s + base;

	return t->n - base < 64 ? simd_byte_few(p, t->n - base, x->sep[0])
				: simd_byte(p, x->sep[0]);
}

/* Parts that are all of a record, and wait: nothing is to be asked of each. */
static int
split_rows(struct stage *st, struct explode *x, const struct text *t)
{
	struct value *row = x->rows.v + x->nrows * (1 + x->spare);
	struct value *end = x->rows.v + ROWS * (1 + x->spare);
	const char *from = t->s;

	for (size_t base = 0; base < t->n; base += 64) {
		uint64_t m = separators(x, t, base);

		for (; m != 0; m &= m - 1) {
			const char *at = t->s + base + __builtin_ctzll(m);

			*row = value_json_string(
				from, (size_t)(at - from), false);
			from = at + 1;
			row += 1 + x->spare;
			if (row < end)
				continue;
			x->nrows = ROWS;
			if (emit_rows(st, x) < 0)
				return -1;
			row = x->rows.v;
		}
	}
	x->nrows = (size_t)(row - x->rows.v) / (1 + x->spare);
	return put_part(st, x, t, (size_t)(from - t->s), t->n);
}

static int
split_byte(struct stage *st, struct explode *x, const struct text *t)
{
	size_t from = 0;

	if (x->many && t->raw && x->r.shape->n == 1)
		return split_rows(st, x, t);
	for (size_t base = 0; base < t->n; base += 64) {
		uint64_t m = separators(x, t, base);

		for (; m != 0; m &= m - 1) {
			size_t at = base + (size_t)__builtin_ctzll(m);

			if (put_part(st, x, t, from, at) < 0)
				return -1;
			from = at + 1;
		}
	}
	return put_part(st, x, t, from, t->n);
}

static int
split_text(struct stage *st, struct explode *x, const struct text *t)
{
	size_t from = 0;
	const char *q;

	while ((q = memmem(t->s + from, t->n - from, x->sep, x->nsep)) !=
		NULL) {
		size_t at = (size_t)(q - t->s);

		if (put_part(st, x, t, from, at) < 0)
			return -1;
		from = at + x->nsep;
	}
	return put_part(st, x, t, from, t->n);
}

/* Behind the character at i. */
static size_t
next_character(const struct text *t, size_t i)
{
	do
		i++;
	while (i < t->n && ((unsigned char)t->s[i] & 0xC0) == 0x80);
	return i;
}

static int
split_characters(struct stage *st, struct explode *x, const struct text *t)
{
	size_t i = 0, next;

	do {
		next = t->n == 0 ? 0 : next_character(t, i);
		if (put_part(st, x, t, i, next) < 0)
			return -1;
		i = next;
	} while (i < t->n);
	return 0;
}

/* As Java's String.split: an empty match in front parts nothing. */
static int
split_regex(struct stage *st, struct explode *x, struct record *r,
	const struct text *t)
{
	size_t from = 0, at = 0;
	struct regex_match m;
	int found;

	while (at <= t->n &&
		(found = regex_search(x->regex, t->s, t->n, at, &m, st->err)) !=
			0) {
		size_t beg, end;

		if (found < 0 && emit_rows(st, x) < 0)
			return -1;
		if (found < 0)
			return stage_reject(
				st, r, "--regex: %s", st->err->text);
		beg = (size_t)m.beg[0];
		end = (size_t)m.end[0];
		if (end > 0) {
			if (put_part(st, x, t, from, beg) < 0)
				return -1;
			from = end;
		}
		at = end > beg ? end : next_character(t, end);
	}
	return put_part(st, x, t, from, t->n);
}

/* The text of a value; 0, or -1 if it is an array or an object. */
static int
text_to_split(struct explode *x, const struct value *v, struct text *t)
{
	t->raw = true;
	if (v->type == VALUE_ARRAY || v->type == VALUE_OBJECT)
		return -1;
	if (v->type == VALUE_STRING) {
		t->raw = !(v->flags & VALUE_ESCAPED);
		t->s = value_string(v, &t->n, &x->plain);
		return 0;
	}
	buf_clear(&x->plain);
	value_print(v, &x->plain);
	t->s = x->plain.p;
	t->n = x->plain.n;
	if (t->s[0] == '"') {
		t->s++;
		t->n -= 2;
	}
	return 0;
}

static int
parts(struct stage *st, struct explode *x, struct record *r,
	const struct text *t)
{
	if (x->regex != NULL)
		return split_regex(st, x, r, t);
	if (x->nsep == 0)
		return split_characters(st, x, t);
	return x->nsep == 1 ? split_byte(st, x, t) : split_text(st, x, t);
}

static int
refuse_value(struct stage *st, const struct record *r, const struct value *v)
{
	struct explode *x = STAGE(st, explode);
	const char *what = "not an array";

	if (x->sep != NULL || x->regex != NULL)
		what = "an array or an object, not text";
	else if (v->type == VALUE_STRING)
		what = "text, not an array: --split or --regex take text apart";
	return stage_reject(st, r, "field '%s' is %s", x->field.path, what);
}

/* Nothing to take apart: 1 a record with null is to be written, 0 none, or
 * -1. */
static int
refused(struct stage *st, struct explode *x, struct record *r,
	const struct value *v)
{
	if (emit_rows(st, x) < 0 || refuse_value(st, r, v) < 0)
		return -1;
	return stage_kept(st);
}

/* ... and the room where its elements wait. */
static void
prepare(struct stage *st, struct explode *x, struct record *r)
{
	prepare_element(x, r);
	x->many = st->next != NULL && st->next->op->records != NULL;
	if (!x->many)
		return;
	x->spare = st->next->looks == LOOKS_ONLY ? 0 : SPARE;
	slots_need(&x->rows, ROWS * (x->r.shape->n + x->spare));
}

/* Take a record apart; the last parts may wait, but for those of text that is
 * our own. */
static int
take_apart(struct stage *st, struct explode *x, struct record *r)
{
	bool takes_text = x->sep != NULL || x->regex != NULL;
	const struct value *found;
	struct json_iter it;
	struct value v;
	struct text t = {0};
	int ret = 1;

	if (!takes_text && field_elements(&x->field, r, &it)) {
		prepare(st, x, r);
		return elements(st, x, &it);
	}
	found = record_get(r, &x->field);
	v = found != NULL ? *found : value_null();
	if (v.type == VALUE_NULL)
		ret = x->outer;
	else if (takes_text ? text_to_split(x, &v, &t) < 0
			    : v.type != VALUE_ARRAY)
		ret = refused(st, x, r, &v);
	else
		found = &v;
	if (ret <= 0)
		return ret;
	prepare(st, x, r);
	if (found != &v)
		return emit_element(st, x, value_null());
	if (!takes_text) {
		json_iter(&it, &v);
		return elements(st, x, &it);
	}
	ret = parts(st, x, r, &t);
	return ret == 0 && t.s != v.s ? emit_rows(st, x) : ret;
}

static int
explode_record(struct stage *st, struct record *r)
{
	struct explode *x = STAGE(st, explode);

	return take_apart(st, x, r) < 0 ? -1 : emit_rows(st, x);
}

/* Parts of several records may wait together, for these are all there. */
static int
explode_records(
	struct stage *st, const struct record *like, size_t stride, size_t n)
{
	struct explode *x = STAGE(st, explode);
	struct record r = *like;

	for (size_t i = 0; i < n; i++, r.v += stride) {
		struct record one = r;

		one.number = ++st->records_in;
		if (take_apart(st, x, &one) < 0)
			return -1;
	}
	return emit_rows(st, x);
}

static void
explode_close(struct stage *st)
{
	struct explode *x = STAGE(st, explode);

	regex_free(x->regex);
	field_release(&x->field);
	record_add_release(&x->add);
	slots_release(&x->slots);
	slots_release(&x->rows);
	buf_release(&x->twins);
	buf_release(&x->name);
	buf_release(&x->plain);
	buf_release(&x->piece);
}

static const struct spread explode_spread = {.ends = false};

const struct op op_explode = {
	.name = "explode",
	.about = "one record for each element of an array or part of a text",
	.synopsis = "FIELD [--split SEP|--regex RE] [--as NAME] [--outer] "
		    "[--keep]",
	.opts = explode_opts,
	.size = sizeof(struct explode),
	.flags = OP_OPERANDS | OP_WORDS,
	.open = explode_open,
	.plan = explode_plan,
	.record = explode_record,
	.records = explode_records,
	.spread = &explode_spread,
	.close = explode_close,
};
