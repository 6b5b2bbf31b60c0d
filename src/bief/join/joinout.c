/*
 * joinout: see joinout.h.  Names are asked for in the order of the fields, as
 * joinpair gives them.
 */
#include "join/joinout.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "value/path.h"
#include "types/schema.h"
#include "expr/sql/sql.h"
#include "runtime/plan/plan.h"
#include "join/join_pair.h"

static void
plan_fields(struct join_pair *pair, bool semi, const struct plan *in,
	struct plan *out)
{
	for (int s = 0; s < 2; s++) {
		pair->fixed[s] = in[s].fields != NULL;
		for (size_t i = 0; in[s].fields && i < in[s].fields->n; i++)
			join_pair_name(pair, s, in[s].fields->f[i].name);
	}
	if (in[0].fields == NULL || in[1].fields == NULL) {
		schema_free(out->fields);
		out->fields = NULL;
		return;
	}
	for (size_t i = 0; !semi && i < in[1].fields->n; i++) {
		const struct schema_field *f = &in[1].fields->f[i];
		const char *name = join_pair_right(pair, i);

		if (name != NULL)
			schema_add(out->fields, name, type_copy(f->type));
	}
}

/* What the right field is called in the output, where both sides are known, or
 * at least that the left one has it too; NULL: it is the left one. */
static const char *
right_called(struct join_pair *pair, const struct plan *in, const char *name,
	struct buf *tmp)
{
	const struct list *right = &pair->names[SQL_RIGHT];
	const char *out, *found = NULL;

	for (size_t i = 0; i < pair->on->n; i++)
		if (strcasecmp(pair->on->s[i], name) == 0)
			return NULL;
	for (size_t i = 0; i < right->n && in[0].fields != NULL; i++) {
		out = join_pair_right(pair, i);
		if (out != NULL && strcmp(right->s[i], name) == 0)
			found = out;
	}
	buf_clear(tmp);
	if (found == NULL && in[0].event_time != NULL &&
		strcmp(in[0].event_time, name) == 0)
		buf_str(tmp, "right_");
	buf_str(tmp, found != NULL ? found : name);
	return buf_cstr(tmp);
}

/* The right event time goes on beside the left one, by the name that it has
 * then. */
static void
plan_right_time(struct join_pair *pair, bool semi, const struct plan *in,
	struct plan *out)
{
	const char *time = in[1].event_time, *name;
	bool windows = in[0].window_us != 0 || in[0].session_us != 0;
	struct path p;
	struct buf b;

	if (semi || time == NULL || (strcmp(time, "window") == 0 && windows))
		return;
	buf_init(&b);
	path_init(&p, time);
	name = p.n > 1 ? p.step[0].s : time;
	name = right_called(pair, in, name, &b);
	if (name != NULL && p.n > 1) {
		free(p.step[0].s);
		p.step[0].s = mem_dup(name, strlen(name));
		p.step[0].n = strlen(name);
		buf_clear(&b);
		path_print(&p, &b);
		name = buf_cstr(&b);
	}
	if (name != NULL)
		plan_add_time(out, name, in[1].delay_us);
	path_release(&p);
	buf_release(&b);
}

static void
plan_left_time(struct join_pair *pair, bool semi, const struct plan *in,
	struct plan *out)
{
	int s = in[0].delay_us >= 0 ? 0 : 1;

	free(out->event_time);
	out->event_time = in[s].event_time == NULL
		? NULL
		: mem_dup(in[s].event_time, strlen(in[s].event_time));
	out->delay_us = in[s].delay_us;
	out->idle_us = -1;
	out->arrival = false;
	out->window_us = in[s].window_us;
	out->slide_us = in[s].slide_us;
	if (s == 0 && in[1].delay_us >= 0)
		plan_right_time(pair, semi, in, out);
}

void
joinout_plan(struct join_pair *pair, bool semi, const struct plan *in,
	struct plan *out)
{
	plan_fields(pair, semi, in, out);
	plan_left_time(pair, semi, in, out);
}
