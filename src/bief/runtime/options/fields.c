/*
 * fields: see fields.h. Names are looked up when the plan is known, not when
 * the option is read: only then can it be said that a field is not there.
 */
#include "runtime/options/fields.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "runtime/options/opt.h"
#include "runtime/plan/plan.h"
#include "runtime/stage.h"

static void
add(struct fields *l, const char *word, bool down)
{
	if (strcasecmp(word, "window") == 0) {
		field_init_window(&l->f[l->n], "window_start");
		l->down[l->n++] = down;
		field_init_window(&l->f[l->n], "window_end");
	} else {
		field_init(&l->f[l->n], word);
	}
	l->down[l->n++] = down;
}

void
fields_init(struct fields *l, const struct list *words, bool dashes,
	struct stage *st)
{
	/* Who watches them keeps their places: they are not to move. */
	l->f = mem_zalloc((2 * words->n + 1) * sizeof(*l->f));
	l->down = mem_zalloc((2 * words->n + 1) * sizeof(*l->down));
	for (size_t i = 0; i < words->n; i++) {
		bool down = dashes && words->s[i][0] == '-';

		add(l, words->s[i] + down, down);
	}
	for (size_t i = 0; st != NULL && i < l->n; i++)
		stage_watch(st, &l->f[i]);
}

int
fields_bind(struct fields *l, const struct plan *p, struct err *err)
{
	bool own = p->fields != NULL &&
		schema_like(p->fields, "window", 6) >= 0;

	for (size_t i = 0; i < l->n; i++) {
		if (own && l->f[i].pair)
			field_settle(&l->f[i], "window", true);
		if (p->fields != NULL && l->f[i].pair &&
			schema_type(p->fields, l->f[i].path) == NULL)
			return err_as(err, STATUS_USAGE,
				"no field 'window', "
				"nor window_start and window_end: put window "
				"in front");
		if (plan_bind(p, &l->f[i], NULL, err) < 0)
			return -1;
	}
	return 0;
}

void
fields_release(struct fields *l)
{
	for (size_t i = 0; i < l->n; i++)
		field_release(&l->f[i]);
	free(l->f);
	free(l->down);
	*l = (struct fields){0};
}
