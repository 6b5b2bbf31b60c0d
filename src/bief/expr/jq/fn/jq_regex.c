/*
 * jq_regex: regular expressions, compiled when first met; each call in the program
 * keeps its last one, for most patterns are written there.
 */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "expr/jq/fn/jq_fn.h"

int
jq_regex_flags(struct jq_run *run, const struct value *flags, unsigned *options,
	bool *global)
{
	static const char letters[] = "xsnpil";
	static const unsigned bits[] = {REGEX_EXTEND, REGEX_SINGLE_LINE,
		REGEX_NOT_EMPTY, REGEX_DOT_ALL | REGEX_SINGLE_LINE,
		REGEX_IGNORE_CASE, REGEX_LONGEST};
	const char *s, *letter;
	size_t i, n;

	*options = 0;
	if (flags->type == VALUE_NULL)
		return 0;
	if (!jq_is_text(flags))
		return jq_refuse(run, "", flags, " is not a string");
	s = jq_value_string(run, flags, &n);
	for (i = 0; i < n; i++) {
		if (s[i] == 'g') {
			*global = true;
			continue;
		}
		letter = s[i] != '\0' ? strchr(letters, s[i]) : NULL;
		if (letter == NULL)
			return err_set(run->err,
				"%.*s is not a valid modifier string",
				(int)(n < 500 ? n : 500), s);
		*options |= bits[letter - letters];
	}
	return 0;
}

/* The compiled pattern; the node keeps the last one. */
static int
jq_regex_get(struct jq_run *run, struct jq_node *n, const struct value *pattern,
	unsigned options)
{
	const char *s;
	size_t len;

	s = jq_value_string(run, pattern, &len);
	if (n->regex != NULL && n->options == options && n->npattern == len &&
		memcmp(n->pattern, s, len) == 0)
		return 0;
	regex_free(n->regex);
	n->regex = regex_new(s, len, REGEX_PERL, options, run->err);
	if (n->regex == NULL)
		return err_in(run->err, "Regex failure");
	free(n->pattern);
	n->pattern = mem_dup(s, len);
	n->npattern = len;
	n->options = options;
	return 0;
}

static bool
jq_regex_is_literal(const struct jq_node *n)
{
	return n->kind == JQ_LITERAL && n->name != NULL;
}

/* A pattern that stands in the program and is none fails on every record. */
int
jq_regex_check(const struct jq_tree *t, struct err *err)
{
	struct jq_run run;
	struct jq_node *n;
	unsigned options;
	uint32_t flags;
	bool global;
	int rc = 0;

	jq_run_init(&run);
	jq_run_begin(&run, NULL, NULL, err);
	for (n = t->all; n != NULL && rc == 0; n = n->next) {
		if (n->kind != JQ_CALL || !(n->func->flags & JQ_REGEX) ||
			n->nargs == 0 || !jq_regex_is_literal(n->args[0]))
			continue;
		options = 0;
		flags = n->func->flags & JQ_REPLACE ? 2 : 1;
		if (n->nargs > flags &&
			(!jq_regex_is_literal(n->args[flags]) ||
				jq_regex_flags(&run, &n->args[flags]->v,
					&options, &global) < 0))
			continue;
		if (jq_regex_get(&run, n, &n->args[0]->v, options) < 0) {
			struct err what = *err;

			rc = err_caret(err, t->text, n->args[0]->at,
				"expression: %s", what.text);
		}
	}
	jq_run_release(&run);
	return rc;
}

int
jq_regex_first(struct jq_run *run, struct jq_finder *f, struct jq_node *n,
	const struct value *in, const struct value *pattern,
	const struct value *flags)
{
	unsigned options;

	memset(f, 0, sizeof(*f));
	f->n = n;
	if (!jq_is_text(in))
		return jq_refuse(run, "", in,
			" cannot be matched, as it is not a string");
	if (!jq_is_text(pattern))
		return jq_refuse(run, "", pattern, " is not a string");
	if (jq_regex_flags(run, flags, &options, &f->global) < 0 ||
		jq_regex_get(run, n, pattern, options) < 0)
		return -1;
	f->s = jq_value_string(run, in, &f->len);
	return 0;
}

/* 1: *m is the next match; 0: there is none; -1. */
int
jq_regex_next(struct jq_run *run, struct jq_finder *f, struct regex_match *m)
{
	int rc;

	if (f->done)
		return 0;
	rc = regex_search(f->n->regex, f->s, f->len, f->start, m, run->err);
	if (rc < 0)
		return err_in(run->err, "Regex failure");
	if (rc == 0)
		return 0;
	/* An empty match may be found again from the next character on: so
	 * jq has it. */
	if (m->beg[0] == m->end[0])
		f->start = (size_t)(jq_put_next(
					    f->s + f->start, f->s + f->len) -
			f->s);
	else
		f->start = (size_t)m->end[0];
	f->done = !f->global || f->start >= f->len;
	return 1;
}
