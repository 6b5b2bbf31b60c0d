/*
 * evtime: see evtime.h. A window's end is its event time less a microsecond:
 * the end itself belongs to the next window already.
 */
#include "window/evtime.h"

#include <string.h>
#include <strings.h>

#include "runtime/plan/plan.h"

void
evtime_init(struct evtime *e, const struct plan *p)
{
	memset(e, 0, sizeof(*e));
	e->known = p->delay_us >= 0 && p->event_time != NULL;
	if (!e->known)
		return;
	e->any_case = p->fields == NULL;
	e->window = strcmp(p->event_time, "window") == 0;
	field_init(&e->field, e->window ? "window_end" : p->event_time);
}

bool
evtime_of_window(struct evtime *e, const struct plan *p)
{
	if (!e->known || e->window)
		return e->window;
	if (p->window_us <= 0 || p->window_on == NULL ||
		strcmp(p->window_on, p->event_time) != 0)
		return false;
	field_release(&e->field);
	field_init(&e->field, "window_end");
	e->window = true;
	return true;
}

void
evtime_release(struct evtime *e)
{
	if (e->known)
		field_release(&e->field);
	e->known = false;
}

bool
evtime_get(struct evtime *e, const struct record *r, int64_t *us)
{
	const struct value *v;

	if (!e->known)
		return false;
	v = record_get(r, &e->field);
	return v != NULL && value_get_time(v, us) == 0;
}

bool
evtime_is(const struct evtime *e, const char *name)
{
	int (*compare)(const char *a, const char *b) = e->any_case ? strcasecmp
								   : strcmp;

	return e->known &&
		(compare(e->field.path, name) == 0 ||
			(e->window &&
				(compare("window", name) == 0 ||
					compare("window_start", name) == 0)));
}
