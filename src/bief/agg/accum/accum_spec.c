/*
 * accum_spec: see accum_spec.h.
 */
#include "agg/accum/accum_spec.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "value/path.h"

/* Spark's other names.  It shows some of them in the name of a result. */
static const struct {
	const char *name, *func, *shown;
} others[] = {{"mean", "avg", "avg"}, {"average", "avg", "avg"},
	{"stddev_samp", "stddev", "stddev_samp"}, {"std", "stddev", "std"},
	{"var_samp", "variance", "var_samp"},
	{"countdistinct", "count_distinct", "count_distinct"},
	{"approxcountdistinct", "approx_count_distinct",
		"approx_count_distinct"},
	{"first_value", "first", "first_value"},
	{"last_value", "last", "last_value"},
	{"any_value", "first", "any_value"},
	{"array_agg", "collect_list", "collect_list"},
	{"approx_percentile", "percentile_approx", "approx_percentile"}};

static char *
trimmed(char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	for (n = strlen(s); n > 0 && isspace((unsigned char)s[n - 1]); n--)
		s[n - 1] = '\0';
	return s;
}

/* In any case of letters, as in SQL. */
static void
name_func(struct accum_spec *s, char *func)
{
	for (char *c = func; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	s->func = s->shown = func;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strcmp(func, others[i].name) == 0) {
			s->func = others[i].func;
			s->shown = others[i].shown;
		}
}

/* "*" and 1 stand for the record; DISTINCT makes another function of count. */
static int
read_argument(struct accum_spec *s, char *arg, struct err *err)
{
	if (strcmp(s->func, "count") == 0) {
		if (*arg == '\0' || strcmp(arg, "*") == 0 ||
			strcmp(arg, "1") == 0)
			return 0;
		if (strncasecmp(arg, "distinct ", 9) == 0) {
			s->func = s->shown = "count_distinct";
			arg = trimmed(arg + 9);
		}
	}
	s->path = arg;
	if (s->share != NULL && strncmp(s->func, "percentile", 10) != 0)
		return err_as(err, STATUS_USAGE,
			"'%s' takes one field: %s:FIELD, %s:FIELD ...", s->func,
			s->func, s->func);
	return 0;
}

/* FUNC(FIELD), FUNC(FIELD, SHARE) */
static int
read_call(struct accum_spec *s, char *func, char *open, struct err *err)
{
	char *close = open + strlen(open) - 1, *comma;

	if (*close != ')')
		return err_as(err, STATUS_USAGE,
			"'%s': a result is named in front: NAME=FUNC:FIELD",
			func);
	*open = *close = '\0';
	comma = (char *)path_until(open + 1, ',');
	if (*comma == ',') {
		*comma = '\0';
		s->share = trimmed(comma + 1);
	}
	name_func(s, trimmed(func));
	return read_argument(s, trimmed(open + 1), err);
}

static int
read_rest(struct accum_spec *s, char *func, struct err *err)
{
	char *colon = strchr(func, ':'), *open = strchr(func, '('), *comma;

	if (open != NULL && (colon == NULL || open < colon))
		return read_call(s, func, open, err);
	if (colon != NULL) {
		*colon = '\0';
		s->path = colon + 1;
	}
	name_func(s, func);
	if (s->path == NULL || strncmp(s->func, "percentile", 10) != 0)
		return 0;
	comma = (char *)path_until(s->path, ',');
	if (*comma == ',') {
		*comma = '\0';
		s->share = trimmed(comma + 1);
	}
	return 0;
}

int
accum_spec_read(struct accum_spec *s, const char *text, struct err *err)
{
	char *eq, *func;

	memset(s, 0, sizeof(*s));
	func = s->copy = mem_dup(text, strlen(text));
	eq = (char *)path_until(func, '=');
	if (*eq == '=' && eq < path_until(func, ':')) {
		*eq = '\0';
		s->name = path_name(trimmed(func));
		func = trimmed(eq + 1);
		if (*s->name == '\0')
			return err_as(err, STATUS_USAGE,
				"'%s' has no name before '='", text);
	}
	return read_rest(s, func, err);
}

int
accum_spec_share(const struct accum_spec *s, double *p, struct err *err)
{
	char *end;

	if (s->share == NULL)
		return err_as(err, STATUS_USAGE,
			"'%s' needs a share from 0 to 1, as 0.95 in "
			"'%s(FIELD, 0.95)'",
			s->func, s->func);
	*p = strtod(s->share, &end);
	if (end == s->share || *end != '\0' || !(*p >= 0 && *p <= 1))
		return err_as(err, STATUS_USAGE,
			"'%s': the share is a number from 0 to 1, not '%s'",
			s->func, s->share);
	return 0;
}

void
accum_spec_release(struct accum_spec *s)
{
	free(s->name);
	free(s->copy);
}
