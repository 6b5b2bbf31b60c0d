/*
 * fill-null: put a value where a field is missing, as Spark's na.fill.
 *
 * Time: none is used.
 * Watermark: passed on.
 * State: none.
 * Restart: nothing to recover.
 *
 * It is long because the text of a value is read as each type that a field may
 * be of.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "text/number.h"
#include "text/numeric.h"
#include "time/date.h"
#include "time/time.h"
#include "value/json.h"
#include "value/path.h"
#include "runtime/stage.h"

/* One FIELD=VALUE. */
struct fill {
	char *path, *name; /* as it was given, and what it is called */
	const char *text;  /* VALUE as it was given */
	struct record_add add;
	struct field field;
	struct value v;
	struct buf b; /* its text */
	bool nan;     /* NaN in the field is missing too */
};

struct fill_null {
	struct fill *fills;
	size_t n;
	struct slots slots;
};

/* VALUE is JSON, or else text. */
static void
read_value(struct fill *f)
{
	size_t n = strlen(f->text);
	struct json_error e;
	struct value v;
	const char *p, *q;

	buf_clear(&f->b);
	buf_str(&f->b, f->text);
	buf_need(&f->b, JSON_PADDING);
	p = f->b.p;
	q = json_read(p, p + n, 0, &v, &e);
	if (q != NULL && json_space(q, p + n) == p + n) {
		f->v = v;
		return;
	}
	buf_clear(&f->b);
	json_escape(&f->b, f->text, n);
	f->v = value_json_string(
		buf_cstr(&f->b), f->b.n, memchr(f->b.p, '\\', f->b.n) != NULL);
}

static int
fill_null_open(struct stage *st)
{
	struct fill_null *x = STAGE(st, fill_null);

	if (st->noperands == 0)
		return err_as(st->err, STATUS_USAGE,
			"nothing to fill: say FIELD=VALUE");
	x->fills = mem_zalloc(st->noperands * sizeof x->fills[0]);
	for (size_t i = 0; i < st->noperands; i++) {
		const char *s = st->operands[i], *value = path_until(s, '=');
		struct fill *f = &x->fills[i];

		if (*value == '\0')
			return err_as(st->err, STATUS_USAGE,
				"'%s' names no value: say %s=VALUE", s, s);
		if (value == s)
			return err_as(st->err, STATUS_USAGE,
				"'%s' names no field: say FIELD=VALUE", s);
		f->path = mem_dup(s, (size_t)(value - s));
		f->name = path_name(f->path);
		x->n++;
		for (size_t k = 0; k < i; k++)
			if (strcmp(x->fills[k].name, f->name) == 0)
				return err_as(st->err, STATUS_USAGE,
					"'%s' is given two values", f->name);
		f->text = value + 1;
		f->nan = true;
		record_add_init(&f->add, f->name);
		field_init(&f->field, f->path);
		read_value(f);
	}
	return 0;
}

static int
set_value_text(struct fill *f, enum value_type type, const char *s, size_t n)
{
	buf_clear(&f->b);
	buf_add(&f->b, s, n);
	f->v = (struct value){
		.s = buf_cstr(&f->b), .n = (uint32_t)n, .type = type};
	return 0;
}

/* A string value from the text as it was given. */
static int
set_string(struct fill *f)
{
	size_t n;

	if (f->v.type == VALUE_STRING)
		return 0;
	n = strlen(f->text);
	buf_clear(&f->b);
	json_escape(&f->b, f->text, n);
	f->v = value_json_string(buf_cstr(&f->b), f->b.n, f->b.n != n);
	return 0;
}

static int
set_integer(struct fill *f, int bits)
{
	struct value v = value_number(&f->v, false);
	int64_t max = bits == 64 ? INT64_MAX : (INT64_C(1) << (bits - 1)) - 1;

	if (v.type == VALUE_DOUBLE) {
		/* A cast cuts, as in Spark. */
		if (!(fabs(v.d) < 9.2e18))
			return -1;
		v = value_int((int64_t)v.d);
	}
	if (v.type != VALUE_INT || v.i > max || v.i < -max - 1)
		return -1;
	f->v = v;
	return 0;
}

static int
set_double(struct fill *f, bool is_float)
{
	struct value v = value_number(&f->v, true);

	if (v.type == VALUE_INT)
		v = value_double((double)v.i);
	if (v.type != VALUE_DOUBLE)
		return -1;
	if (is_float)
		v.d = (float)v.d;
	f->v = v;
	return 0;
}

static int
set_decimal(struct fill *f, const struct type *t)
{
	char out[48];
	size_t n = numeric_spell(
		f->text, strlen(f->text), t->precision, t->scale, out);

	return n == 0 ? -1 : set_value_text(f, VALUE_NUMBER, out, n);
}

static int
set_time(struct fill *f, const struct zone *z, bool date)
{
	struct value v = f->v;
	int32_t days;
	int64_t us;

	if (v.type != VALUE_STRING || (v.flags & VALUE_ESCAPED))
		return -1;
	if (date) {
		if (date_parse(v.s, v.n, &days) < 0)
			return -1;
		f->v = (struct value){.i = days, .type = VALUE_DATE};
		return 0;
	}
	if (time_parse(v.s, v.n, z, time_now(), &us) < 0)
		return -1;
	f->v = value_time(us);
	return 0;
}

/* Give the value the field's type; -1 if it has none such. */
static int
cast(struct fill *f, const struct type *t, const struct zone *z)
{
	f->nan = t->kind == TYPE_FLOAT || t->kind == TYPE_DOUBLE;
	switch (t->kind) {
	case TYPE_BOOLEAN:
		return f->v.type == VALUE_BOOL ? 0 : -1;
	case TYPE_BYTE:
		return set_integer(f, 8);
	case TYPE_SHORT:
		return set_integer(f, 16);
	case TYPE_INT:
		return set_integer(f, 32);
	case TYPE_LONG:
		return set_integer(f, 64);
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return set_double(f, t->kind == TYPE_FLOAT);
	case TYPE_DECIMAL:
		return set_decimal(f, t);
	case TYPE_STRING:
		return set_string(f);
	case TYPE_TIMESTAMP:
	case TYPE_DATE:
		return set_time(f, z, t->kind == TYPE_DATE);
	case TYPE_ARRAY:
		return f->v.type == VALUE_ARRAY ? 0 : -1;
	case TYPE_MAP:
	case TYPE_STRUCT:
		return f->v.type == VALUE_OBJECT ? 0 : -1;
	default:
		f->nan = true;
		return 0;
	}
}

static int
fill_null_plan(struct stage *st, struct plan *p)
{
	struct fill_null *x = STAGE(st, fill_null);

	for (size_t i = 0; p->fields != NULL && i < x->n; i++) {
		struct fill *f = &x->fills[i];
		int at = schema_like(p->fields, f->name, strlen(f->name));
		const struct type *t;
		struct buf b;

		if (at < 0) {
			if (plan_field(p, f->path, st->err) < 0)
				return -1;
			return err_as(st->err, STATUS_USAGE,
				"'%s' is a part "
				"of a field: only whole fields are filled",
				f->name);
		}
		field_settle(&f->field, p->fields->f[at].name, true);
		t = p->fields->f[at].type;
		if (t == NULL || cast(f, t, stage_zone(st)) == 0)
			continue;
		buf_init(&b);
		type_print(t, &b);
		err_as(st->err, STATUS_USAGE,
			"field '%s' is %s, which '%s' "
			"is not",
			f->name, buf_cstr(&b), f->text);
		buf_release(&b);
		return -1;
	}
	return 0;
}

static inline bool
is_missing(const struct fill *f, const struct value *v)
{
	if (v->type == VALUE_NULL)
		return true;
	if (v->type == VALUE_DOUBLE)
		return isnan(v->d);
	return f->nan && v->type == VALUE_STRING && v->n == 3 &&
		value_is_nan(v);
}

static int
fill_null_record(struct stage *st, struct record *r)
{
	struct fill_null *x = STAGE(st, fill_null);

	for (size_t i = 0; i < x->n; i++) {
		struct fill *f = &x->fills[i];
		int at = field_index(&f->field, r);

		if (at < 0 && field_clashes(&f->field, r))
			return stage_reject(st, r, FIELD_CLASH, f->path);
		if (at < 0) {
			record_add(r, &f->add, f->v, &x->slots);
		} else if (is_missing(f, &r->v[at])) {
			record_own(r, &x->slots);
			record_set(r, (uint32_t)at, f->v);
		}
	}
	return stage_emit(st, r);
}

static void
fill_null_close(struct stage *st)
{
	struct fill_null *x = STAGE(st, fill_null);

	for (size_t i = 0; i < x->n; i++) {
		free(x->fills[i].path);
		free(x->fills[i].name);
		record_add_release(&x->fills[i].add);
		field_release(&x->fills[i].field);
		buf_release(&x->fills[i].b);
	}
	free(x->fills);
	slots_release(&x->slots);
}

static const struct spread fill_null_spread = {.ends = false};

const struct op op_fill_null = {
	.name = "fill-null",
	.about = "put a value where a field is missing",
	.synopsis = "FIELD=VALUE ...",
	.size = sizeof(struct fill_null),
	.flags = OP_OPERANDS | OP_WORDS,
	.open = fill_null_open,
	.plan = fill_null_plan,
	.record = fill_null_record,
	.spread = &fill_null_spread,
	.close = fill_null_close,
};
