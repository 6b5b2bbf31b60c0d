/*
 * pick: keep the named fields, in this order, under these names; with --sql,
 * what a select list of Spark's SQL names and computes.
 *
 * Time: none is used.
 * Watermark: passed on, with its field under its new name where that is
 * picked.
 * State: none.
 * Restart: nothing to recover.
 *
 * It is long because a list of names and a select list of SQL are planned
 * apart; what they come to, a shape and its values, is one.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/mem.h"
#include "value/json.h"
#include "value/path.h"
#include "expr/expr.h"
#include "expr/sql/sql.h"
#include "runtime/options/fields.h"
#include "runtime/stage.h"

struct pick {
	const char *sql; /* a select list */
	struct list except_words;
	struct fields except; /* of --except */
	struct list specs;    /* as they are given, then the names of what is
				  named */
	struct field *fields; /* what is asked for; its path is NULL where it is
				 computed */
	char **names;         /* NEW of NEW=OLD, or what the plan says; NULL:
				 each record tells */
	struct expr **exprs;  /* with --sql */
	struct expr_env env;
	uint64_t id;       /* of the shape in, for which ... */
	struct shape *out; /* ... this one goes out, of these fields: */
	size_t *from;
	struct slots slots;
	struct buf name, json;
};

static const struct opt pick_opts[] = {
	{"except", 0, OPT_LIST, offsetof(struct pick, except_words),
		"FIELD,...", "all fields but these"},
	{"sql", 0, OPT_STRING, offsetof(struct pick, sql), "LIST",
		"what a select list of Spark's SQL names and computes"},
	OPT_END};

/* What is named is called so from here on; name becomes ours. */
static void
set_name(struct pick *k, size_t i, char *name)
{
	free(k->specs.s[i]);
	k->names[i] = k->specs.s[i] = name;
}

/* The word "window" is two fields: an empty word follows it. */
static void
part_windows(struct list *specs)
{
	struct list all = {0};

	for (size_t i = 0; i < specs->n; i++) {
		list_add(&all, specs->s[i], false);
		if (strcasecmp(specs->s[i], "window") == 0)
			list_add(&all, "", false);
	}
	list_free(specs);
	*specs = all;
}

/* Is this the first, or the second, of the two that "window" is? */
static bool
is_window(const struct pick *k, size_t i, const char *name)
{
	return k->fields[i].pair && strcmp(k->fields[i].path, name) == 0;
}

/* FIELD or NEW=FIELD. */
static int
open_spec(struct stage *st, size_t i)
{
	struct pick *k = STAGE(st, pick);
	char *spec = k->specs.s[i], *old = (char *)path_until(spec, '='), *as;

	if (*old != '=' && *spec != '"' && (as = strcasestr(spec, " as ")))
		return err_as(st->err, STATUS_USAGE,
			"'%s': a new name stands in front: %s=%.*s (or, as in "
			"SQL, --sql; a field of this name in double quotes)",
			spec, as + 4, (int)(as - spec), spec);
	if (strcasecmp(spec, "window") == 0)
		field_init_window(&k->fields[i], "window_start");
	else if (*spec == '\0' && i > 0 && is_window(k, i - 1, "window_start"))
		field_init_window(&k->fields[i], "window_end");
	else if (old == spec || (*old == '=' && old[1] == '\0'))
		return err_as(st->err, STATUS_USAGE, "a field's name is empty");
	else
		field_init(&k->fields[i], *old == '=' ? old + 1 : spec);
	if (*old == '=') {
		*old = '\0';
		set_name(k, i, path_name(spec));
	}
	stage_watch(st, &k->fields[i]);
	return 0;
}

static int
pick_open(struct stage *st)
{
	struct pick *k = STAGE(st, pick);

	if (k->sql != NULL && st->noperands > 0)
		return err_as(st->err, STATUS_USAGE,
			"--sql takes one list, in quotes: pick --sql "
			"'a, b + 1 as c'");
	if (k->except_words.n > 0 && (k->sql != NULL || st->noperands > 0))
		return err_as(st->err, STATUS_USAGE,
			"--except keeps all other fields: what is to be kept "
			"cannot be named beside it");
	fields_init(&k->except, &k->except_words, false, st);
	if (k->sql != NULL || k->except.n > 0)
		return 0; /* see plan_sql, plan_except */
	for (size_t i = 0; i < st->noperands; i++)
		list_add(&k->specs, st->operands[i], true);
	if (k->specs.n == 0)
		return err_as(st->err, STATUS_USAGE,
			"no field is named: say which to keep, or which "
			"not (--except)");
	part_windows(&k->specs);
	k->fields = mem_zalloc(k->specs.n * sizeof k->fields[0]);
	k->names = mem_zalloc(k->specs.n * sizeof k->names[0]);
	k->from = mem_zalloc(k->specs.n * sizeof k->from[0]);
	for (size_t i = 0; i < k->specs.n; i++)
		if (open_spec(st, i) < 0)
			return -1;
	return 0;
}

/* The name of field i in the output; whole: the input has its path as a name. */
static const char *
name_out(struct pick *k, size_t i, bool whole)
{
	size_t n;

	if (k->names[i] != NULL)
		return k->names[i];
	return whole ? k->fields[i].path
		     : field_last(&k->fields[i], &n, &k->name);
}

static int
twice(struct stage *st, const char *name)
{
	return err_as(st->err, STATUS_USAGE,
		"two fields would be called '%s': "
		"give one another name, NEW=%s",
		name, name);
}

static bool
is_excepted(const struct pick *k, const struct plan *p, const char *field)
{
	for (size_t i = 0; i < k->except.n; i++) {
		const char *path = k->except.f[i].path;

		if (plan_same(p, path + (*path == '.'), field))
			return true;
	}
	return false;
}

/* A field that the plan names, under its new name; NULL if it is not kept. */
static char *
kept_as(struct pick *k, const struct plan *p, const char *field)
{
	if (field != NULL && k->except.n > 0)
		return is_excepted(k, p, field) ? NULL
						: mem_dup(field, strlen(field));
	for (size_t i = 0; field != NULL && i < k->specs.n; i++) {
		const char *path = k->fields[i].path, *name;

		if (path == NULL || !plan_same(p, path + (*path == '.'), field))
			continue;
		name = name_out(k, i, true);
		return mem_dup(name, strlen(name));
	}
	return NULL;
}

static bool
keeps(struct pick *k, const struct plan *p, const char *field)
{
	char *name = kept_as(k, p, field);
	bool same = name != NULL && strcmp(name, field) == 0;

	free(name);
	return same;
}

/* Keys of an updating result.  One that is not kept stays under its name: who
 * needs it will miss it. */
static void
plan_keys(struct pick *k, struct plan *p)
{
	struct list keys = {0};

	for (size_t i = 0; i < p->keys.n; i++) {
		char *name = kept_as(k, p, p->keys.s[i]);

		list_add(&keys, name != NULL ? name : p->keys.s[i], false);
		free(name);
	}
	list_free(&p->keys);
	p->keys = keys;
}

/*
 * The event time may go by a new name.  Where it is not kept but the windows
 * made of it are, they stand for it.
 */
static void
plan_event_time(struct pick *k, struct plan *p)
{
	bool windows = keeps(k, p, "window_start") && keeps(k, p, "window_end");
	bool of_time = p->event_time != NULL && p->window_on != NULL &&
		strcmp(p->event_time, p->window_on) == 0;
	char *time = kept_as(k, p, p->event_time), *other;

	for (size_t i = p->times.n; i > 0; i -= 2) {
		other = kept_as(k, p, p->times.s[i - 2]);
		plan_rename_time(p, i - 2, other);
		free(other);
	}
	if (time == NULL && of_time && windows)
		time = mem_dup("window", 6);
	free(p->event_time);
	p->event_time = time;
	if (time == NULL && p->times.n > 0)
		plan_take_time(p, p->times.s[0]);
	if (!windows) {
		p->window_us = p->slide_us = p->start_us = p->session_us = 0;
		free(p->window_on);
		p->window_on = NULL;
	} else if (of_time) {
		free(p->window_on);
		p->window_on = mem_dup(time, strlen(time));
	}
}

/* One item of the list. */
static int
plan_item(struct stage *st, const struct plan *p,
	const struct sql_select_item *item, struct schema *out)
{
	struct pick *k = STAGE(st, pick);
	size_t i = k->specs.n;
	const struct type *t;
	struct field *watched;
	const char *field;
	size_t w;

	if (schema_find(out, item->name, strlen(item->name)) >= 0)
		return err_as(st->err, STATUS_USAGE,
			"two fields would be called '%s': give one another "
			"name with AS",
			item->name);
	list_add(&k->specs, item->name, false);
	k->names[i] = k->specs.s[i];
	k->exprs[i] = sql_expr(item->text, p->fields, st->err);
	if (k->exprs[i] == NULL)
		return -1;
	for (w = 0; (watched = expr_watched(k->exprs[i], w)) != NULL; w++)
		stage_watch(st, watched);
	if (expr_note(k->exprs[i]) != NULL)
		stage_warn(st, "%s", expr_note(k->exprs[i]));
	field = sql_field(k->exprs[i]);
	if (field != NULL)
		field_init(&k->fields[i], field);
	t = expr_type(k->exprs[i]);
	schema_add(
		out, item->name, t->kind != TYPE_UNKNOWN ? type_copy(t) : NULL);
	return 0;
}

/* All fields, for a * in the list. */
static int
plan_star(struct stage *st, const struct plan *p, struct schema *out)
{
	struct sql_select_item item;
	struct buf text;
	int r = 0;

	if (p->fields == NULL)
		return err_as(st->err, STATUS_USAGE,
			"'*' wants fields that are known from the beginning: "
			"name them, or add to what is there with derive");
	buf_init(&text);
	for (size_t i = 0; i < p->fields->n && r == 0; i++) {
		buf_clear(&text);
		buf_byte(&text, '`');
		for (const char *s = p->fields->f[i].name; *s != '\0'; s++) {
			if (*s == '`')
				buf_byte(&text, '`');
			buf_byte(&text, *s);
		}
		buf_byte(&text, '`');
		item = (struct sql_select_item){
			p->fields->f[i].name, buf_cstr(&text)};
		r = plan_item(st, p, &item, out);
	}
	buf_release(&text);
	return r;
}

static int
plan_sql(struct stage *st, const struct plan *p, struct schema *out)
{
	struct pick *k = STAGE(st, pick);
	struct sql_select list;
	size_t n, known = p->fields != NULL ? p->fields->n : 0;
	int r = 0;

	if (sql_select_parse(&list, k->sql, st->err) < 0)
		return -1;
	n = list.n * (known + 1);
	k->fields = mem_zalloc(n * sizeof k->fields[0]);
	k->names = mem_zalloc(n * sizeof k->names[0]);
	k->exprs = mem_zalloc(n * sizeof k->exprs[0]);
	k->from = mem_zalloc(n * sizeof k->from[0]);
	for (size_t i = 0; i < list.n && r == 0; i++)
		r = strcmp(list.item[i].text, "*") == 0
			? plan_star(st, p, out)
			: plan_item(st, p, &list.item[i], out);
	sql_select_release(&list);
	k->env.zone = stage_zone(st);
	return r;
}

/* A field, which is called as it is written here, into the schema that goes
 * out. */
static int
plan_spec(struct stage *st, const struct plan *p, size_t i, struct schema *out)
{
	struct pick *k = STAGE(st, pick);
	struct field *f = &k->fields[i];
	char *written = mem_dup(f->path, strlen(f->path)), *last;
	const struct type *t = NULL;
	const char *name = name_out(k, i, false);
	bool whole = false;
	int ret = -1;

	last = mem_dup(name, strlen(name));
	if (plan_bind(p, f, &whole, st->err) < 0)
		goto out;
	if (p->fields != NULL) {
		t = schema_type(p->fields, f->path);
		if (k->names[i] == NULL)
			set_name(k, i,
				mem_dup(whole ? written : last,
					strlen(whole ? written : last)));
	}
	name = name_out(k, i, false);
	ret = schema_find(out, name, strlen(name)) >= 0 ? twice(st, name) : 0;
	if (ret == 0)
		schema_add(out, name, t != NULL ? type_copy(t) : NULL);
out:
	free(written);
	free(last);
	return ret;
}

/* The fields that "window" is in this stream; false: i is none of them. */
static bool
plan_window(struct pick *k, const struct plan *p, size_t i)
{
	if (!k->fields[i].pair || p->fields == NULL ||
		schema_find(p->fields, "window", 6) < 0)
		return true;
	if (is_window(k, i, "window_end"))
		return false;
	field_settle(&k->fields[i], "window", true);
	return true;
}

static int
within_field(struct stage *st, const char *path)
{
	return err_as(st->err, STATUS_USAGE,
		"--except takes whole fields, and '%s' is within one", path);
}

/* All fields but the excepted ones.  Where they are not known, each record
 * tells: see drop_excepted. */
static int
plan_except(struct stage *st, const struct plan *p, struct schema *out)
{
	struct pick *k = STAGE(st, pick);

	if (fields_bind(&k->except, p, st->err) < 0)
		return -1;
	for (size_t i = 0; p->fields != NULL && i < k->except.n; i++) {
		const char *path = k->except.f[i].path;

		if (schema_find(p->fields, path, strlen(path)) < 0)
			return within_field(st, path);
	}
	for (size_t i = 0; p->fields != NULL && i < p->fields->n; i++) {
		const struct schema_field *f = &p->fields->f[i];

		if (!is_excepted(k, p, f->name))
			schema_add(out, f->name, type_copy(f->type));
	}
	if (p->fields != NULL && out->n == 0)
		return err_as(
			st->err, STATUS_USAGE, "--except leaves no field");
	return 0;
}

static int
pick_plan(struct stage *st, struct plan *p)
{
	struct pick *k = STAGE(st, pick);
	struct schema *out = schema_new();

	if (k->except.n > 0 && plan_except(st, p, out) < 0)
		goto err;
	if (k->sql != NULL && plan_sql(st, p, out) < 0)
		goto err;
	for (size_t i = k->sql != NULL ? k->specs.n : 0; i < k->specs.n; i++)
		if (plan_window(k, p, i) && plan_spec(st, p, i, out) < 0)
			goto err;
	if (k->sql == NULL && k->except.n == 0)
		st->looks = LOOKS_ONLY;
	plan_event_time(k, p);
	plan_keys(k, p);
	if (p->fields != NULL) {
		schema_free(p->fields);
		p->fields = out;
	} else
		schema_free(out);
	return 0;
err:
	schema_free(out);
	return -1;
}

/* The shape that goes out for records of the shape that has come in. */
static int
name_fields_out(struct stage *st, struct pick *k, const struct shape *in)
{
	struct shape *out = shape_empty(st->shapes);
	bool own = shape_find(in, "window", 6) >= 0;

	for (size_t i = 0; i < k->specs.n; i++) {
		const struct field *f = &k->fields[i];
		const char *name;

		if (own && f->pair && is_window(k, i, "window_end"))
			continue;
		name = own && f->pair
			? "window"
			: name_out(k, i, f->name != NULL && field_whole(f, in));
		buf_clear(&k->json);
		json_escape(&k->json, name, strlen(name));
		if (shape_find(out, buf_cstr(&k->json), k->json.n) >= 0)
			return twice(st, name);
		k->from[out->n] = i;
		out = shape_extend(out, k->json.p, k->json.n);
	}
	k->id = in->id;
	k->out = out;
	return 0;
}

/* What the list computes; 1 if the record goes out, 0 if not, or -1. */
static int
compute_items(struct stage *st, struct record *r, struct value *v)
{
	struct pick *k = STAGE(st, pick);
	struct err err;
	int n;

	k->env.batch_us = st->now.time_us;
	for (size_t i = 0; i < k->specs.n; i++) {
		if (expr_one(k->exprs[i], r, &k->env, &v[i], &n, &err) == 0)
			continue;
		if (stage_reject(st, r, "%s: %s", k->names[i], err.text) < 0)
			return -1;
		if (!stage_kept(st))
			return 0;
		v[i] = value_null();
	}
	return 1;
}

/* Without all fields that are named as that one is: a record may have several. */
static struct shape *
drop_named(struct pick *k, struct shape *out, const struct shape_name *name)
{
	int at;

	while ((at = shape_find(out, name->s, name->n)) >= 0) {
		out = shape_rename(out, (uint32_t)at, NULL, 0);
		memmove(&k->from[at], &k->from[at + 1],
			(out->n - (uint32_t)at) * sizeof(k->from[0]));
	}
	return out;
}

/* The shape without the excepted fields, and where what is left comes from. */
static int
drop_excepted(struct stage *st, struct record *r)
{
	struct pick *k = STAGE(st, pick);
	struct shape *out = r->shape;
	size_t n = r->shape->n;

	k->from = mem_realloc(k->from, (n + 1) * sizeof(k->from[0]));
	for (size_t i = 0; i < n; i++)
		k->from[i] = i;
	for (size_t i = 0; i < k->except.n; i++) {
		const struct value *x = record_get(r, &k->except.f[i]);

		if (x == NULL)
			continue;
		if (x < r->v || x >= r->v + n)
			return within_field(st, k->except.f[i].path);
		out = drop_named(k, out, &r->shape->names[x - r->v]);
	}
	k->id = r->shape->id;
	k->out = out;
	return 0;
}

static int
emit_others(struct stage *st, struct record *r)
{
	struct pick *k = STAGE(st, pick);
	struct record o = {.number = r->number};

	if (k->id != r->shape->id && drop_excepted(st, r) < 0)
		return -1;
	o.shape = k->out;
	o.v = slots_need(&k->slots, k->out->n);
	o.room = k->slots.cap;
	for (size_t i = 0; i < k->out->n; i++)
		o.v[i] = r->v[k->from[i]];
	return stage_emit(st, &o);
}

static int
pick_record(struct stage *st, struct record *r)
{
	struct pick *k = STAGE(st, pick);
	struct value *v = slots_need(&k->slots, (uint32_t)k->specs.n);
	struct record o = {.v = v, .room = k->slots.cap, .number = r->number};

	if (k->except.n > 0)
		return emit_others(st, r);
	if (k->id != r->shape->id && name_fields_out(st, k, r->shape) < 0)
		return -1;
	o.shape = k->out;
	if (k->sql != NULL) {
		int goes = compute_items(st, r, v);

		return goes == 1 ? stage_emit(st, &o) : goes;
	}
	for (size_t i = 0; i < k->out->n; i++) {
		const struct value *x = record_get(r, &k->fields[k->from[i]]);

		v[i] = x != NULL ? *x : value_null();
	}
	return stage_emit(st, &o);
}

static void
pick_close(struct stage *st)
{
	struct pick *k = STAGE(st, pick);

	for (size_t i = 0; k->fields != NULL && i < k->specs.n; i++)
		field_release(&k->fields[i]);
	for (size_t i = 0; k->exprs != NULL && i < k->specs.n; i++)
		expr_free(k->exprs[i]);
	free(k->fields);
	free(k->exprs);
	free(k->names);
	free(k->from);
	slots_release(&k->slots);
	list_free(&k->specs);
	fields_release(&k->except);
	buf_release(&k->name);
	buf_release(&k->json);
}

static const struct spread pick_spread = {.ends = false};

const struct op op_pick = {
	.name = "pick",
	.about = "keep the named fields, in this order, under these names",
	.synopsis = "FIELD|NEW=FIELD ... | --except FIELD,... | --sql LIST",
	.opts = pick_opts,
	.size = sizeof(struct pick),
	.flags = OP_OPERANDS | OP_WORDS,
	.open = pick_open,
	.plan = pick_plan,
	.record = pick_record,
	.spread = &pick_spread,
	.close = pick_close,
};
