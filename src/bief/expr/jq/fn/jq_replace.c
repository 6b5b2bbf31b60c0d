/*
 * jq_replace: sub and gsub, as jq 1.6 has them: what replaces a match is an
 * expression that may have many results, and each of them is a text of its own.
 */
#include <errno.h>
#include <glob.h>
#include <string.h>

#include "expr/jq/fn/jq_fn.h"

/* What is replaced, and by what. */
struct edit {
	size_t beg, end;
	struct value captures, with;
};

struct edits {
	struct edit *e;
	size_t n, room;
};

static void
jq_replace_add_edit(struct jq_run *run, struct edits *list, struct jq_finder *f,
	size_t from, const struct regex_match *m)
{
	struct edit *more;

	if (list->n == list->room) {
		list->room = list->room ? 2 * list->room : 8;
		more = jq_run_alloc(run, list->room * sizeof(*more));
		if (list->n > 0)
			memcpy(more, list->e, list->n * sizeof(*more));
		list->e = more;
	}
	list->e[list->n++] = (struct edit){from + (size_t)m->beg[0],
		from + (size_t)m->end[0],
		jq_match_names(run, f->n->regex, f->s + from, m), value_null()};
}

/*
 * jq 1.6 looks for the next match in what is left behind the last one, as if
 * the text began there.  1: it would find the same empty match for ever.
 */
static int
jq_replace_find_in_rests(
	struct jq_run *run, struct jq_finder *f, struct edits *list)
{
	struct regex_match m;
	size_t from = 0;
	int rc;

	do {
		rc = regex_search(f->n->regex, f->s + from, f->len - from, 0,
			&m, run->err);
		if (rc < 0)
			return err_in(run->err, "Regex failure");
		if (rc == 0)
			return 0;
		jq_replace_add_edit(run, list, f, from, &m);
		if (f->global && m.end[0] == 0)
			return 1;
		from += (size_t)m.end[0];
	} while (f->global && from < f->len);
	return 0;
}

/* There the matches of the whole text are taken, as by jq 1.7. */
static int
jq_replace_find_in_whole(
	struct jq_run *run, struct jq_finder *f, struct edits *list)
{
	struct regex_match m;
	size_t last;
	int rc;

	list->n = 0;
	while ((rc = jq_regex_next(run, f, &m)) == 1) {
		last = list->n > 0 ? list->e[list->n - 1].beg : SIZE_MAX;
		if ((size_t)m.beg[0] != last)
			jq_replace_add_edit(run, list, f, 0, &m);
	}
	return rc;
}

/* From the last to the first, as jq does: which error is seen depends on it. */
static int
jq_replace_evaluate_edits(struct jq_run *run, struct jq_finder *f,
	struct edits *list, struct jq_node *with)
{
	struct value before;
	struct edit *e;
	size_t i, from;
	int rc;

	for (i = list->n; i-- > 0;) {
		e = &list->e[i];
		from = i > 0 ? e[-1].end : 0;
		rc = jq_eval_one(run, with, &e->captures, &e->with);
		if (rc != 0)
			return rc;
		if (e->with.type == VALUE_NULL || jq_is_text(&e->with))
			continue;
		before = jq_value_from_string(run, f->s + from, e->beg - from);
		return jq_refuse_two(run, &before, &e->with, "cannot be added");
	}
	return 0;
}

static struct value
jq_replace_apply_edits(
	struct jq_run *run, const struct jq_finder *f, const struct edits *list)
{
	struct buf *text = jq_run_take(run);
	const char *s;
	size_t i, n, from = 0;

	for (i = 0; i < list->n; i++) {
		buf_add(text, f->s + from, list->e[i].beg - from);
		from = list->e[i].end;
		if (list->e[i].with.type == VALUE_NULL)
			continue;
		s = jq_value_string(run, &list->e[i].with, &n);
		buf_add(text, s, n);
	}
	buf_add(text, f->s + from, f->len - from);
	s = memcpy(jq_run_alloc(run, text->n), text->p, text->n);
	n = text->n;
	jq_run_give(run);
	return jq_value_from_string(run, s, n);
}

/* sub(re; with), sub(re; with; flags), gsub */
EACH(fn_sub)
{
	struct value pattern, flags = value_null(), out = *in;
	struct edits list = {NULL, 0, 0};
	struct jq_finder f;
	int rc = jq_eval_one(run, n->args[0], in, &pattern);

	if (rc == 0 && n->nargs == 3)
		rc = jq_eval_one(run, n->args[2], in, &flags);
	if (rc != 0)
		return rc;
	if (flags.type != VALUE_NULL && !jq_is_text(&flags))
		return JQ_ASK;
	if (jq_regex_first(run, &f, n, in, &pattern, &flags) < 0)
		return -1;
	f.global |= n->name[0] == 'g';
	rc = jq_replace_find_in_rests(run, &f, &list);
	if (rc == 1)
		rc = jq_replace_find_in_whole(run, &f, &list);
	if (rc == 0)
		rc = jq_replace_evaluate_edits(run, &f, &list, n->args[1]);
	if (rc != 0)
		return rc;
	if (list.n > 0)
		out = jq_replace_apply_edits(run, &f, &list);
	return emit(run, arg, &out);
}

const struct jq_func jq_replace_funcs[] = {
	{"gsub", 2, NULL, fn_sub, JQ_ALWAYS | JQ_REGEX | JQ_REPLACE,
		TYPE_STRING},
	{"gsub", 3, NULL, fn_sub, JQ_ALWAYS | JQ_REGEX | JQ_REPLACE,
		TYPE_STRING},
	{"sub", 2, NULL, fn_sub, JQ_ALWAYS | JQ_REGEX | JQ_REPLACE,
		TYPE_STRING},
	{"sub", 3, NULL, fn_sub, JQ_ALWAYS | JQ_REGEX | JQ_REPLACE,
		TYPE_STRING},
	{NULL, 0, NULL, NULL, 0, TYPE_UNKNOWN},
};
