/*
 * result: what the user says, what the aggregation says and what records have
 * must agree, before the first row is written.
 */
#include "sinks/result.h"

#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "value/path.h"
#include "value/record.h"
#include "types/schema.h"
#include "runtime/plan/modes.h"
#include "runtime/stage.h"

int
result_mode(struct stage *st, int option, const struct plan *p, enum mode *mode)
{
	enum mode told = option == RESULT_UNTOLD ? MODE_NONE
						 : (enum mode)(option + 1);

	*mode = told != MODE_NONE ? told : p->mode;
	if (modes_check(p, *mode, st->err) < 0)
		return -1;
	if (told == MODE_NONE || p->stream == 0 || p->whole)
		return 0;
	if (p->mode != MODE_NONE && p->mode != told)
		return err_as(st->err, STATUS_USAGE,
			"--mode %s, but what comes is made in mode %s: say "
			"--mode %s to agg too, or leave it away here",
			plan_mode_name(told), plan_mode_name(p->mode),
			plan_mode_name(told));
	return 0;
}

int
result_find_mode(struct stage *st, struct result *s, const struct plan *p)
{
	return result_mode(st, s->told, p, &s->mode);
}

/* The fields of --key, or those that the plan names. */
static int
take_keys(struct stage *st, struct result *s, const struct plan *p)
{
	const struct list *from = s->key.n > 0 ? &s->key : &p->keys;

	if (s->key.n > 0) {
		fields_init(&s->key_at, from, false, NULL);
		return fields_bind(&s->key_at, p, st->err);
	}
	s->key_at.f = mem_zalloc((from->n + 1) * sizeof *s->key_at.f);
	for (; s->key_at.n < from->n; s->key_at.n++)
		field_init(&s->key_at.f[s->key_at.n], from->s[s->key_at.n]);
	return 0;
}

/* The fields that tell the rows of an update apart; a single row has none. */
int
result_find_keys(struct stage *st, struct result *s, const struct plan *p)
{
	size_t i;

	if (take_keys(st, s, p) < 0)
		return -1;
	if (s->mode != MODE_UPDATE)
		return 0;
	for (i = 0; i < s->key_at.n; i++) {
		const char *path = s->key_at.f[i].path;
		char *name = s->key.n > 0 ? path_name(path)
					  : mem_dup(path, strlen(path));

		if (p->fields != NULL &&
			schema_find(p->fields, name, strlen(name)) < 0) {
			err_as(st->err, STATUS_USAGE,
				"the result is "
				"updated by '%s', which is not among the "
				"fields: pick it too, or say --key",
				name);
			free(name);
			return -1;
		}
		list_add(&s->keys, name, false);
		free(name);
	}
	if (s->keys.n > 0)
		return 0;
	if (p->stream == 0)
		return err_as(st->err, STATUS_USAGE,
			"--mode update needs --key FIELD,...: the fields that "
			"tell the rows apart");
	/* Spark: without an aggregation nothing is ever changed; one without
	 * keys has one row. */
	s->mode = p->aggregated ? MODE_COMPLETE : MODE_APPEND;
	return 0;
}

/* The windows of records that need not have one. */
static bool
may_lack(const struct stage *st, const char *key)
{
	return st->in.fields == NULL && st->in.window_us == 0 &&
		st->in.session_us == 0 && strncmp(key, "window_", 7) == 0;
}

int
result_check(struct stage *st, struct result *s, const struct record *r)
{
	for (size_t i = 0; i < s->keys.n; i++) {
		struct field *f = &s->key_at.f[i];

		if (f->pair && shape_find(r->shape, "window", 6) >= 0)
			return err_as(st->err, STATUS_USAGE,
				"--key window is "
				"window_start and window_end, but a record has "
				"a field of that name: say --key '\"window\"'");
		if (field_index(f, r) >= 0 || may_lack(st, s->keys.s[i]))
			continue;
		if (s->key.n > 0 && record_get(r, f) != NULL)
			return err_as(st->err, STATUS_USAGE,
				"--key: '%s' is a "
				"part of a field, not a column: pick it first "
				"(pick id=%s,...)",
				f->path, f->path);
		if (s->key.n == 0)
			return err_as(st->err, STATUS_USAGE,
				"the result is updated by '%s', which is not "
				"among the fields of a record: pick it too, or "
				"say --key",
				s->keys.s[i]);
	}
	return 0;
}

int
result_check_seen(struct stage *st, const struct result *s)
{
	for (size_t i = 0;
		s->key.n > 0 && i < s->key_at.n && st->records_in > 0; i++) {
		const struct field *f = &s->key_at.f[i];

		if (f->id != 0 && !f->seen)
			return err_as(st->err, STATUS_USAGE,
				f->near != NULL
					? "--key: no record had a field '%s' "
					  "(did you "
					  "mean '%s'?)"
					: "--key: no record had a field '%s'",
				f->path, f->near);
	}
	return 0;
}

void
result_release(struct result *s)
{
	fields_release(&s->key_at);
	list_free(&s->keys);
}
