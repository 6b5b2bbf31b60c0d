/*
 * running: see running.h. A pipe is the same inode in two processes, once to
 * read and once to write; so the pipelines of a user are found in /proc
 * without anybody having registered. What cannot be read there is another
 * user's, and is left out.
 */
#include "command/ps/running.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "time/time.h"
#include "runtime/plan/plan.h"

#define PIPES 80       /* of one process that are looked at */
#define HOLDS_BACK 0.5 /* busy for at least this share of its time */

struct end {
	uint64_t dev, ino;
};

struct node {
	struct proc proc;
	struct vitals *v;
	struct end reads[VITALS_INPUTS], writes[PIPES];
	size_t nreads, nwrites;
	bool wrapper;  /* only waits for those that it has started */
	bool down, up; /* a foreign program behind or in front of one */
	bool widened;  /* all that it writes is known */
	bool taken;    /* into a pipeline, which owns its vitals now */
	size_t group;  /* of those that belong together: one of them */
	size_t order;  /* 0: not yet; else its place + 1 */
};

/* Processes, by pid. */
struct world {
	struct node *node;
	size_t n, cap;
};

static void
add_process(void *arg, const struct proc *p)
{
	struct world *w = arg;

	if (p->dead)
		return;
	if (w->n == w->cap) {
		w->cap = w->cap == 0 ? 64 : w->cap * 2;
		w->node = mem_realloc(w->node, w->cap * sizeof(*w->node));
	}
	memset(&w->node[w->n], 0, sizeof(*w->node));
	w->node[w->n++].proc = *p;
}

static int
by_pid(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	return (x->proc.pid > y->proc.pid) - (x->proc.pid < y->proc.pid);
}

static struct node *
running_find(const struct world *w, int pid)
{
	struct node key = {.proc = {.pid = pid}};

	return w->n == 0 ? NULL
			 : bsearch(&key, w->node, w->n, sizeof(key), by_pid);
}

/* Who has started it.  Processes are not all looked at in the same moment; a
 * parent that is younger is another one by now. */
static struct node *
parent_of(const struct world *w, const struct node *n)
{
	struct node *up = running_find(w, n->proc.parent);

	return up != NULL && up->proc.ticks <= n->proc.ticks && up != n ? up
									: NULL;
}

static void
add_vitals(void *arg, struct vitals *v)
{
	struct node *n = running_find(arg, v->pid);

	if (n == NULL || n->proc.ticks != v->ticks || n->v != NULL)
		free(v);
	else
		n->v = v;
}

static bool
reads_from(const struct vitals *v, int fd)
{
	for (uint32_t i = 0; i < v->ninputs; i++)
		if (v->inputs[i] == fd)
			return true;
	return false;
}

/* Do the words have /dev/fd/N in them?  So bash says >( ). */
static bool
names_fd(const char *words, int fd)
{
	char name[30];
	size_t n = (size_t)snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	const char *at = words;

	while ((at = strstr(at, name)) != NULL)
		if (at[n] < '0' || at[n] > '9')
			return true;
		else
			at += n;
	return false;
}

/* A program of bief says where it reads and writes.  Of a foreign one standard
 * input and output count, for shells leave other descriptors open; and, once it
 * belongs to a pipeline, what else its words tell it to write (tee). */
static bool
is_output(const struct node *n, const struct proc_pipe *p, const char *words)
{
	if (n->v != NULL || words == NULL)
		return p->fd == (n->v != NULL ? n->v->output : 1);
	return p->fd > 2 && (p->named || names_fd(words, p->fd));
}

static void
look_at_pipes(struct node *n, int upto, const char *words)
{
	struct proc_pipe pipes[PIPES];
	size_t got = proc_pipes(n->proc.pid, upto, pipes, PIPES);

	for (size_t i = 0; i < got; i++) {
		const struct proc_pipe *p = &pipes[i];
		struct end e = {p->dev, p->ino};

		if (!p->write && n->nreads < VITALS_INPUTS && words == NULL &&
			(n->v != NULL ? reads_from(n->v, p->fd) : p->fd == 0))
			n->reads[n->nreads++] = e;
		if (p->write && n->nwrites < PIPES && is_output(n, p, words))
			n->writes[n->nwrites++] = e;
	}
}

static bool
same(const struct end *a, const struct end *b)
{
	return a->ino == b->ino && a->dev == b->dev;
}

static bool
feeds(const struct node *a, const struct node *b)
{
	for (size_t i = 0; i < a->nwrites; i++)
		for (size_t k = 0; k < b->nreads && a != b; k++)
			if (same(&a->writes[i], &b->reads[k]))
				return true;
	return false;
}

static bool
is_ancestor(const struct world *w, const struct node *a, const struct node *b)
{
	while ((b = parent_of(w, b)) != NULL)
		if (a == b)
			return true;
	return false;
}

/* A shell that has started a program of bief and waits for its end: what comes
 * in at its own input is for those that it has started. */
static bool
is_wrapper(const struct world *w, const struct node *n)
{
	bool ours = false, reads = n->nreads == 0;

	for (size_t i = 0; n->v == NULL && i < w->n; i++) {
		const struct node *b = &w->node[i];

		if ((b->v == NULL && b->nreads == 0 && b->nwrites == 0) ||
			!is_ancestor(w, n, b))
			continue;
		ours = ours || b->v != NULL;
		reads = reads ||
			(b->nreads > 0 && same(&n->reads[0], &b->reads[0]));
	}
	return ours && reads;
}

static void
mark_wrappers(struct world *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct node *n = &w->node[i];

		if (n->nreads > 0 || n->nwrites > 0)
			n->wrapper = is_wrapper(w, n);
	}
}

static void
widen(struct node *n)
{
	struct buf command;

	if (n->widened || n->v != NULL)
		return;
	n->widened = true;
	buf_init(&command);
	proc_command(&n->proc, &command);
	look_at_pipes(n, INT32_MAX, buf_cstr(&command));
	buf_release(&command);
}

/*
 * a feeds b: does one of them belong to a pipeline now?  A program that has
 * started the pipeline, and reads what comes out of it, does not; nor does one
 * that writes what goes in, unless it is in the middle (bash makes what stands
 * in tee >( ) a child of tee).
 */
static bool
mark_pair(const struct world *w, struct node *a, struct node *b)
{
	bool more = false;

	if ((a->v != NULL || a->down) && b->v == NULL && !b->down &&
		!b->wrapper && !is_ancestor(w, b, a))
		b->down = more = true;
	if ((b->v != NULL || b->up) && a->v == NULL && !a->up && !a->wrapper &&
		(a->down || !is_ancestor(w, a, b)))
		a->up = more = true;
	if (b->down)
		widen(b);
	if (a->up)
		widen(a);
	return more;
}

/* Foreign programs in front of ours and behind them, however far. */
static void
mark_foreign(struct world *w)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < w->n * w->n; i++) {
			struct node *a = &w->node[i / w->n],
				    *b = &w->node[i % w->n];

			if (a->nwrites > 0 && b->nreads > 0 && feeds(a, b) &&
				mark_pair(w, a, b))
				more = true;
		}
	}
}

static size_t
group_of(const struct world *w, size_t i)
{
	while (w->node[i].group != i)
		i = w->node[i].group;
	return i;
}

/* What follows the last program of bief belongs to every pipeline that ends in
 * it; the others belong to one. */
static bool
is_core(const struct node *n)
{
	return n->v != NULL || n->up;
}

static void
make_groups(struct world *w)
{
	for (size_t i = 0; i < w->n; i++)
		w->node[i].group = i;
	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 0; is_core(&w->node[i]) && k < w->n; k++)
			if (is_core(&w->node[k]) &&
				feeds(&w->node[i], &w->node[k]))
				w->node[group_of(w, i)].group = group_of(w, k);
}

/* The program of bief that has started this one, if that is in another group:
 * thru.  Its pid, or 0. */
static int
started_by(const struct world *w, size_t i)
{
	const struct node *n = &w->node[i];
	size_t group = group_of(w, i);

	while ((n = parent_of(w, n)) != NULL)
		if (n->v != NULL)
			return group_of(w, (size_t)(n - w->node)) == group
				? 0
				: n->proc.pid;
	return 0;
}

/* ---- a pipeline ---- */

static bool
same_end(const struct end *a, size_t na, const struct end *b, size_t nb)
{
	return (na > 0) == (nb > 0) && (na == 0 || same(a, b));
}

/* A foreign program that only stands in for the one that has started it, which
 * has the same input and output. */
static bool
is_hidden(const struct world *w, const struct node *n)
{
	const struct node *up = n;

	while (n->v == NULL && (up = parent_of(w, up)) != NULL)
		if ((up->up || up->down) &&
			same_end(up->reads, up->nreads, n->reads, n->nreads) &&
			same_end(
				up->writes, up->nwrites, n->writes, n->nwrites))
			return true;
	return false;
}

static void
append(struct world *w, struct running *r, struct node *n, int inside)
{
	struct running_process *p;
	struct buf command;

	r->p = mem_realloc(r->p, (r->n + 1) * sizeof(*r->p));
	p = &r->p[r->n++];
	memset(p, 0, sizeof(*p));
	p->proc = n->proc;
	p->v = n->v;
	p->inside = inside;
	n->order = r->n;
	n->taken = true;
	if (n->v != NULL)
		return;
	p->hidden = is_hidden(w, n);
	buf_init(&command);
	proc_command(&n->proc, &command);
	p->command = mem_dup(command.p, command.n);
	buf_release(&command);
}

/* What a thru has started, behind it. */
static void
append_inside(struct world *w, struct running *r, struct node *of)
{
	for (size_t i = 0; of->v != NULL && i < w->n; i++) {
		struct node *n = &w->node[i];
		bool child = n->v == NULL && !n->up && !n->down &&
			n->proc.parent == of->proc.pid;

		if (n->order == 0 &&
			(child ||
				(n->v != NULL &&
					started_by(w, i) == of->proc.pid))) {
			append(w, r, n, of->proc.pid);
			if (n->v != NULL)
				append_inside(w, r, n);
		}
	}
}

/* Everything in front of it, then the program itself. */
static void
append_after(struct world *w, struct running *r, struct node *n)
{
	n->order = SIZE_MAX; /* there may be a circle */
	for (size_t k = 0; k < n->nreads; k++)
		for (size_t i = 0; i < w->n; i++) {
			struct node *up = &w->node[i];
			struct node one = {.reads = {n->reads[k]}, .nreads = 1};

			if (up->order == 0 && (is_core(up) || up->down) &&
				up != n && feeds(up, &one))
				append_after(w, r, up);
		}
	append(w, r, n, 0);
	append_inside(w, r, n);
}

static void
append_behind(struct world *w, struct running *r)
{
	for (size_t k = 0; k < r->n; k++)
		for (size_t i = 0; i < w->n; i++) {
			struct node *n = &w->node[i],
				    *up = running_find(w, r->p[k].proc.pid);

			if (n->order == 0 && n->down && !n->up && up != NULL &&
				r->p[k].inside == 0 && feeds(up, n))
				append(w, r, n, 0);
		}
}

static void
link_up(struct world *w, struct running *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct running_process *p = &r->p[i];
		struct node *n = running_find(w, p->proc.pid);

		p->from = mem_alloc(r->n * sizeof(*p->from));
		for (size_t k = 0; k < r->n; k++)
			if (!r->p[k].hidden &&
				feeds(running_find(w, r->p[k].proc.pid), n))
				p->from[p->nfrom++] = k;
		p->head = p->nfrom == 0 && p->inside == 0;
	}
}

bool
running_is_source(const struct running_process *p)
{
	return p->v != NULL && p->v->stages[0].source && p->inside == 0;
}

static char *
name_of(const struct running_process *p, uint32_t stage)
{
	const struct vitals_stage *s = &p->v->stages[stage];

	return s->nname == 0 ? NULL
			     : mem_dup((const char *)p->v + s->name, s->nname);
}

/* Does it end in a sink?  The name of that stands where Spark has a query's. */
static bool
is_sink(const struct running_process *p)
{
	return p->v != NULL && p->v->stages[p->v->nstages - 1].sink &&
		p->inside == 0;
}

/* That of a source; where none has one, that of a sink. */
static char *
find_name(const struct running *r)
{
	char *name = NULL;

	for (size_t i = 0; i < r->n && name == NULL; i++)
		if (running_is_source(&r->p[i]))
			name = name_of(&r->p[i], 0);
	for (size_t i = 0; i < r->n && name == NULL; i++)
		if (is_sink(&r->p[i]))
			name = name_of(&r->p[i], r->p[i].v->nstages - 1);
	return name;
}

static void
describe(struct running *r)
{
	const struct running_process *first = NULL;

	r->batch = -1;
	r->watermark = WATERMARK_NONE;
	r->began_us = INT64_MAX;
	for (size_t i = 0; i < r->n; i++) {
		const struct running_process *p = &r->p[i];

		if (p->v == NULL || p->inside != 0)
			continue;
		if (first == NULL ||
			(running_is_source(p) && !running_is_source(first)))
			first = p;
		if (p->v->began_us < r->began_us)
			r->began_us = p->v->began_us;
		for (uint32_t k = 0; k < p->v->nstages; k++) {
			const struct vitals_counts *c = &p->v->stages[k].now;

			if (c->batch >= 0)
				r->batch = c->batch;
			if (c->watermark != WATERMARK_NONE)
				r->watermark = c->watermark;
		}
	}
	r->id = first->proc.pid;
	r->name = find_name(r);
}

/* ---- who holds the others back ---- */

static const struct running_process *
behind(const struct running *r, size_t place)
{
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->p[i].nfrom; k++)
			if (r->p[i].from[k] == place)
				return &r->p[i];
	return NULL;
}

/*
 * A foreign program is busy when those in front of it cannot get rid of what
 * they have, and those behind it have nothing to do.  Where there is a program
 * of bief on one side only, that one's word is enough.
 */
static void
conclude(struct running *r, size_t place)
{
	struct running_process *p = &r->p[place];
	const struct running_process *next = behind(r, place);
	const double *waits = next != NULL && next->v != NULL ? next->share
							      : NULL;
	const double *blocked = NULL;

	for (size_t i = 0; i < p->nfrom; i++)
		if (r->p[p->from[i]].v != NULL)
			blocked = r->p[p->from[i]].share;
	if (p->v != NULL || p->inside != 0 || p->nfrom == 0 || !blocked)
		return;
	p->shared = true;
	p->share[VITALS_BUSY] = blocked[VITALS_OUTPUT];
	p->share[VITALS_INPUT] = 1 - blocked[VITALS_OUTPUT];
	if (waits == NULL || waits[VITALS_INPUT] >= blocked[VITALS_OUTPUT])
		return;
	p->share[VITALS_OUTPUT] = blocked[VITALS_OUTPUT] - waits[VITALS_INPUT];
	p->share[VITALS_BUSY] = waits[VITALS_INPUT];
}

static void
weigh(struct running *r)
{
	int64_t now = time_monotonic();
	double most = HOLDS_BACK;

	r->held_by = -1;
	for (size_t i = 0; i < r->n; i++)
		if (r->p[i].v != NULL) {
			vitals_read_shares(r->p[i].v, now, r->p[i].share);
			r->p[i].shared = true;
		}
	for (size_t i = 0; i < r->n; i++)
		conclude(r, i);
	for (size_t i = 0; i < r->n; i++)
		if (r->p[i].inside == 0 && r->p[i].share[0] >= most) {
			most = r->p[i].share[0];
			r->held_by = (int)i;
		}
}

/* ---- all of them ---- */

static void
make_pipeline(struct world *w, struct running_list *l, size_t group)
{
	struct running *r;

	l->r = mem_realloc(l->r, (l->n + 1) * sizeof(*l->r));
	r = &l->r[l->n++];
	memset(r, 0, sizeof(*r));
	for (size_t i = 0; i < w->n; i++)
		w->node[i].order = 0;
	for (size_t i = 0; i < w->n; i++)
		if (is_core(&w->node[i]) && w->node[i].order == 0 &&
			group_of(w, i) == group)
			append_after(w, r, &w->node[i]);
	append_behind(w, r);
	link_up(w, r);
	describe(r);
	weigh(r);
}

static int
by_age(const void *a, const void *b)
{
	const struct running *x = a, *y = b;

	if (x->began_us != y->began_us)
		return x->began_us < y->began_us ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static bool
is_first_of_group(const struct world *w, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (w->node[k].v != NULL && group_of(w, k) == group_of(w, i))
			return false;
	return true;
}

void
running_look(struct running_list *l)
{
	struct world w = {0};

	memset(l, 0, sizeof(*l));
	proc_all(add_process, &w);
	if (w.n == 0)
		return;
	qsort(w.node, w.n, sizeof(*w.node), by_pid);
	vitals_read_all(add_vitals, &w);
	for (size_t i = 0; i < w.n; i++)
		look_at_pipes(
			&w.node[i], w.node[i].v != NULL ? INT32_MAX : 1, NULL);
	mark_wrappers(&w);
	mark_foreign(&w);
	make_groups(&w);
	for (size_t i = 0; i < w.n; i++)
		if (w.node[i].v != NULL && is_first_of_group(&w, i) &&
			started_by(&w, i) == 0)
			make_pipeline(&w, l, group_of(&w, i));
	for (size_t i = 0; i < w.n; i++)
		if (!w.node[i].taken)
			free(w.node[i].v);
	if (l->n > 0)
		qsort(l->r, l->n, sizeof(*l->r), by_age);
	free(w.node);
}

void
running_release(struct running_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct running *r = &l->r[i];

		for (size_t k = 0; k < r->n; k++) {
			free(r->p[k].v);
			free(r->p[k].command);
			free(r->p[k].from);
		}
		free(r->p);
		free(r->name);
	}
	free(l->r);
	memset(l, 0, sizeof(*l));
}

static bool
is_named(const struct running_process *p, uint32_t stage, const char *name)
{
	const struct vitals_stage *s = &p->v->stages[stage];

	return s->nname > 0 && strlen(name) == s->nname &&
		memcmp((const char *)p->v + s->name, name, s->nname) == 0;
}

bool
running_is_named(const struct running *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct running_process *p = &r->p[i];

		if ((running_is_source(p) && is_named(p, 0, name)) ||
			(is_sink(p) && is_named(p, p->v->nstages - 1, name)))
			return true;
	}
	return false;
}
