/*
 * datum_store: datums as values of a stream, and as the JSON that to_json
 * writes.  The two are one walk with two styles: they differ in times, in keys
 * of maps and in nulls, and a nested value is made of what is made here.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text/base64.h"
#include "text/number.h"
#include "time/date.h"
#include "time/time.h"
#include "time/timefmt.h"
#include "time/zone.h"
#include "value/json.h"
#include "expr/expr.h"
#include "expr/sql/datum/datum.h"

/* yyyy-MM-dd'T'HH:mm:ss.SSSXXX */
static void
style_own_time(int64_t us, const struct zone *zone, struct buf *out)
{
	int32_t off = zone_offset(zone, us);
	int64_t rest, days = zone_day(zone, us, &rest);
	int ms = (int)(rest / 1000);

	out->n += date_format((int32_t)days, buf_need(out, TIME_MAX));
	buf_printf(out, "T%02d:%02d:%02d.%03d", ms / 3600000, ms / 60000 % 60,
		ms / 1000 % 60, ms % 1000);
	if (off == 0)
		buf_byte(out, 'Z');
	else
		buf_printf(out, "%c%02d:%02d", off < 0 ? '-' : '+',
			abs(off) / 3600, abs(off) / 60 % 60);
}

static void
style_time(struct datum_ctx *c, const struct datum *d,
	const struct datum_style *style, struct buf *out)
{
	const struct zone *zone = style->zone != NULL ? style->zone
						      : c->env->zone;
	struct buf b;

	buf_init(&b);
	if (d->kind == TYPE_DATE)
		timefmt_print_date(style->date, strlen(style->date), d->i, &b);
	else if (style->time != NULL)
		timefmt_print(style->time, strlen(style->time), d->i, zone, &b);
	else
		style_own_time(d->i, zone, &b);
	json_quote(out, buf_cstr(&b), b.n);
	buf_release(&b);
}

/* A key as a stream has it: the text of the value that it would be. */
static void
store_key(struct datum_ctx *c, const struct datum *key, struct buf *out)
{
	struct buf text, json;
	struct value v;

	if (key->kind == TYPE_STRING) {
		buf_add(out, key->str, key->n);
		return;
	}
	buf_init(&text);
	buf_init(&json);
	v = datum_store(c, key, &text);
	value_print(&v, &json);
	if (json.n >= 2 && json.p[0] == '"')
		buf_add(out, json.p + 1, json.n - 2); /* it has no escapes */
	else
		buf_add(out, json.p, json.n);
	buf_release(&text);
	buf_release(&json);
}

static void
style_quote(const char *s, size_t n, const struct datum_style *style,
	struct buf *out)
{
	size_t at = out->n;

	json_quote(out, s, n);
	if (style != NULL)
		json_capitals(out->p + at, out->p + out->n);
}

/* A key as Java prints Spark's own values: dates are numbers of days, times of
 * microseconds, structs stand in brackets. */
static void
json_key(struct datum_ctx *c, const struct datum *d, struct buf *out)
{
	struct datum o = *d;

	switch ((int)d->kind) {
	case TYPE_DATE:
	case TYPE_TIMESTAMP:
	case TYPE_YEARS:
	case TYPE_DAYS:
		buf_printf(out, "%ld", (long)d->i);
		break;
	case TYPE_NULL:
		buf_str(out, "null");
		break;
	case TYPE_STRUCT:
	case TYPE_ARRAY:
		buf_byte(out, '[');
		if (datum_open(c, &o) < 0)
			o.n = 0;
		for (size_t i = 0; i < o.n; i++) {
			if (i > 0)
				buf_byte(out, ',');
			json_key(c, &o.items[i], out);
		}
		buf_byte(out, ']');
		break;
	default:
		datum_print(c, d, out);
	}
}

/* The name of a value and what stands between the two. */
static void
json_name(struct datum_ctx *c, const struct datum *d, size_t i,
	const struct datum_style *style, struct buf *out)
{
	const char *name;
	struct buf b;

	if (d->kind == TYPE_STRUCT) {
		name = d->t->fields->f[i].name;
		style_quote(name, strlen(name), style, out);
	} else {
		buf_init(&b);
		if (style == NULL)
			store_key(c, &d->items[2 * i], &b);
		else
			json_key(c, &d->items[2 * i], &b);
		style_quote(buf_cstr(&b), b.n, style, out);
		buf_release(&b);
	}
	buf_str(out, style != NULL && style->pretty ? " : " : ":");
}

/* What stands in front of an item, and in front of what closes an object (of
 * no items: a blank). */
static void
json_break(const struct datum_style *style, bool object, bool items, int depth,
	struct buf *out)
{
	if (style == NULL || !style->pretty)
		return;
	if (!object || !items) {
		buf_byte(out, ' ');
		return;
	}
	buf_byte(out, '\n');
	for (int i = 0; i < depth; i++)
		buf_str(out, "  ");
}

static void json_write(struct datum_ctx *c, const struct datum *d,
	const struct datum_style *style, int depth, struct buf *out);

/* depth: the objects around it, which indent. */
static void
json_items(struct datum_ctx *c, const struct datum *d,
	const struct datum_style *style, int depth, struct buf *out)
{
	bool object = d->kind != TYPE_ARRAY, first = true;

	buf_byte(out, object ? '{' : '[');
	for (size_t i = 0; i < d->n && !datum_too_long(c, out->n); i++) {
		const struct datum
			*e = &d->items[d->kind == TYPE_MAP ? 2 * i + 1 : i];

		if (style != NULL && !style->nulls && d->kind == TYPE_STRUCT &&
			e->kind == TYPE_NULL)
			continue;
		if (!first)
			buf_byte(out, ',');
		first = false;
		json_break(style, object, true, depth + 1, out);
		if (object)
			json_name(c, d, i, style, out);
		json_write(c, e, style, depth + object, out);
	}
	json_break(style, object, !first, depth, out);
	buf_byte(out, object ? '}' : ']');
}

static void
json_write(struct datum_ctx *c, const struct datum *d,
	const struct datum_style *style, int depth, struct buf *out)
{
	struct datum o = *d;
	struct value v;
	struct buf b;
	size_t at;

	if (ty_nested(datum_ty(d))) {
		if (style == NULL && (d->flags & DATUM_JSON) != 0)
			buf_add(out, d->str, d->n);
		else if (datum_open(c, &o) < 0)
			buf_str(out, "null");
		else
			json_items(c, &o, style, depth, out);
	} else if (style != NULL &&
		(d->kind == TYPE_TIMESTAMP ||
			(d->kind == TYPE_DATE && style->date != NULL))) {
		style_time(c, d, style, out);
	} else if (style != NULL && ty_fraction(datum_ty(d)) &&
		isfinite(d->d)) {
		datum_print(c, d, out);
	} else {
		buf_init(&b);
		v = datum_store(c, d, &b);
		at = out->n;
		value_print(&v, out);
		if (style != NULL)
			json_capitals(out->p + at, out->p + out->n);
		buf_release(&b);
	}
}

void
datum_store_json(struct datum_ctx *c, const struct datum *d,
	const struct datum_style *style, struct buf *out)
{
	json_write(c, d, style, 0, out);
}

struct value
datum_store(struct datum_ctx *c, const struct datum *d, struct buf *out)
{
	size_t at = out->n;

	switch ((int)d->kind) {
	case TYPE_BOOLEAN:
		return value_bool(d->i != 0);
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		return value_int(d->i);
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return value_double(d->d);
	case TYPE_DECIMAL:
		out->n += numeric_print(
			datum_decimal(d), d->s, buf_need(out, NUMERIC_MAX));
		return (struct value){.s = out->p + at,
			.n = (uint32_t)(out->n - at),
			.type = VALUE_NUMBER};
	case TYPE_STRING:
		return value_text(d->str, d->n, out);
	case TYPE_BINARY:
		base64_encode(d->str, d->n, out);
		return value_json_string(
			buf_cstr(out) + at, out->n - at, false);
	case TYPE_TIMESTAMP:
		return value_time(d->i);
	case TYPE_DATE:
		return (struct value){.i = d->i, .type = VALUE_DATE};
	case TYPE_YEARS:
	case TYPE_DAYS:
	case TYPE_CALENDAR:
		datum_print(c, d, out);
		return value_json_string(out->p + at, out->n - at, false);
	case TYPE_ARRAY:
	case TYPE_MAP:
	case TYPE_STRUCT:
		datum_store_json(c, d, NULL, out);
		return (struct value){.s = out->p + at,
			.n = (uint32_t)(out->n - at),
			.type = d->kind == TYPE_ARRAY ? VALUE_ARRAY
						      : VALUE_OBJECT};
	}
	assert(d->kind == TYPE_NULL);
	return value_null();
}
