/*
 * accum_spec: see accum_spec.h.
 */
#include "agg/accum/accum_spec.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "value/list.h"
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
	{"sumdistinct", "sum_distinct", "sum_distinct"},
	{"first_value", "first", "first_value"},
	{"last_value", "last", "last_value"},
	{"any_value", "first", "any_value"}, {"every", "bool_and", "every"},
	{"some", "bool_or", "some"}, {"any", "bool_or", "any"},
	{"string_agg", "listagg", "string_agg"},
	{"array_agg", "collect_list", "collect_list"},
	{"percentile_cont", "percentile", "percentile"},
	{"approx_percentile", "percentile_approx", "approx_percentile"}};

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

/* ---- arguments ---- */

static void
add_arg(struct accum_spec *s, char *arg)
{
	s->args = mem_realloc(s->args, (s->nargs + 1) * sizeof(*s->args));
	s->args[s->nargs++] = arg;
}

/* Are brackets closed, and literals of a call? */
static bool
is_whole(const char *s, const char *end, bool call)
{
	int depth = 0;
	bool inside = false;

	for (; s < end; s++) {
		inside ^= call && *s == '\'';
		depth += !inside && *s == '(';
		depth -= !inside && *s == ')';
	}
	return !inside && depth <= 0;
}

/* The first comma that parts arguments, or the end. */
static char *
next_comma(char *s, bool call)
{
	char *first = (char *)path_until(s, ','), *end = first;

	while (*end == ',' && !is_whole(s, end, call))
		end = (char *)path_until(end + 1, ',');
	return *end == ',' || is_whole(s, end, call) ? end : first;
}

/* Characters between quotes, or as they stand; a backslash as in SQL. */
static char *
literal(char *s, bool call)
{
	char *to, *text = call ? list_trim(s) : s;
	size_t n = strlen(text);

	if (n >= 2 && (*text == '\'' || *text == '"') && text[n - 1] == *text) {
		text[n - 1] = '\0';
		text++;
	} else if (call && strcasecmp(text, "null") == 0) {
		*text = '\0';
	}
	for (s = to = text; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0')
			s++, *to++ = *s == 'n' ? '\n' : *s == 't' ? '\t' : *s;
		else
			*to++ = *s;
	}
	*to = '\0';
	return text;
}

static void
read_args(struct accum_spec *s, char *arg)
{
	bool text = strcmp(s->func, "listagg") == 0;

	for (;;) {
		char *comma = next_comma(arg, s->call), more = *comma;

		*comma = '\0';
		add_arg(s, list_trim(arg));
		if (more != ',')
			return;
		arg = comma + 1;
		if (text) {
			add_arg(s, literal(arg, s->call));
			return;
		}
	}
}

/* "*" and 1 stand for the record. */
static void
read_first(struct accum_spec *s, char *arg)
{
	if (strcmp(s->func, "listagg") != 0 || s->call)
		arg = list_trim(arg);
	if (strncasecmp(arg, "distinct ", 9) == 0) {
		s->different = true;
		arg = list_trim(arg + 9);
	}
	if (strcmp(s->func, "count") == 0 && !s->different &&
		(*arg == '\0' || strcmp(arg, "*") == 0 ||
			strcmp(arg, "1") == 0))
		return;
	if (*arg != '\0' || s->call)
		read_args(s, arg);
}

/* ---- calls ---- */

/* The bracket that closes what was opened at s, or NULL. */
static char *
closing(char *s)
{
	int depth = 0;
	bool inside = false;

	for (; *s != '\0'; s++) {
		inside ^= *s == '\'';
		depth += !inside && *s == '(';
		if (!inside && *s == ')' && --depth == 0)
			return s;
	}
	return NULL;
}

/* Skip words, in any case of letters and with any blanks; NULL: it is
 * another. */
static char *
skip_words(char *s, const char *words)
{
	for (; *words != '\0'; words++) {
		while (isspace((unsigned char)*s))
			s++;
		for (; *words != ' ' && *words != '\0'; words++, s++)
			if (tolower((unsigned char)*s) != *words)
				return NULL;
		if (*words == '\0')
			break;
	}
	return s;
}

/* ORDER BY FIELD [DESC], up to its bracket. */
static int
read_order(struct accum_spec *s, char *order, struct err *err)
{
	char *close = strrchr(order, ')'), *down, *field;

	if (close == NULL || *list_trim(close + 1) != '\0')
		return err_as(err, STATUS_USAGE,
			"'%s': within group (order by FIELD)", s->func);
	*close = '\0';
	field = list_trim(order);
	s->order = 1;
	down = strrchr(field, ' ');
	if (down != NULL &&
		(strcasecmp(down, " desc") == 0 ||
			strcasecmp(down, " asc") == 0)) {
		s->order = strcasecmp(down, " desc") == 0 ? -1 : 1;
		*down = '\0';
		field = list_trim(field);
	}
	if (strcmp(s->func, "listagg") != 0) {
		add_arg(s, field);
		for (size_t i = s->nargs - 1; i > 0; i--)
			s->args[i] = s->args[i - 1];
		s->args[0] = field;
		if (s->nargs == 2 && *s->args[1] == '\0')
			s->nargs = 1; /* mode() */
		return 0;
	}
	if (strcmp(field, s->args[0]) == 0)
		return 0;
	return err_as(err, STATUS_USAGE,
		"'%s' orders the values of its own field alone: order the "
		"records before, as by order %s",
		s->func, field);
}

/* What stands behind the bracket. */
static int
read_tail(struct accum_spec *s, char *tail, struct err *err)
{
	char *order = skip_words(tail, "within group ( order by ");

	if (order != NULL)
		return read_order(s, order, err);
	if (*tail == '\0' || strcasecmp(tail, "respect nulls") == 0)
		return 0;
	if (*tail == ',')
		return err_as(err, STATUS_USAGE,
			"'%s': each function is a word of its own, without a "
			"comma: max:a min:b, or 'max(a)' 'min(b)'",
			s->text);
	s->ignoring = strcasecmp(tail, "ignore nulls") == 0;
	return s->ignoring ? 0
			   : err_as(err, STATUS_USAGE,
				     "'%s': a result is named in front: "
				     "NAME=FUNC:FIELD",
				     s->text);
}

/* FUNC(FIELD), FUNC(FIELD, SHARE) */
static int
read_call(struct accum_spec *s, char *func, char *open, struct err *err)
{
	char *close = closing(open);

	if (close == NULL)
		return err_as(err, STATUS_USAGE,
			"'%s': a bracket is not closed: FUNC(FIELD), or "
			"FUNC:FIELD",
			s->text);
	*open = *close = '\0';
	s->call = true;
	name_func(s, list_trim(func));
	read_first(s, open + 1);
	return read_tail(s, list_trim(close + 1), err);
}

static int
read_rest(struct accum_spec *s, char *func, struct err *err)
{
	char *colon = strchr(func, ':'), *open = strchr(func, '(');

	if (open != NULL && (colon == NULL || open < colon))
		return read_call(s, func, open, err);
	if (colon != NULL)
		*colon = '\0';
	name_func(s, list_trim(func));
	if (colon != NULL)
		read_first(s, colon + 1);
	return 0;
}

int
accum_spec_read(struct accum_spec *s, const char *text, struct err *err)
{
	char *eq, *func;

	memset(s, 0, sizeof(*s));
	s->text = text;
	func = s->copy = mem_dup(text, strlen(text));
	eq = (char *)path_until(func, '=');
	if (*eq == '=' && eq < path_until(func, ':') &&
		is_whole(func, eq, false)) {
		*eq = '\0';
		s->name = path_name(list_trim(func));
		/* Blanks at the end may be what listagg puts between. */
		func = eq + 1 + strspn(eq + 1, " \t\n");
		if (*s->name == '\0')
			return err_as(err, STATUS_USAGE,
				"'%s' has no name before '='", text);
	}
	return read_rest(s, func, err);
}

void
accum_spec_release(struct accum_spec *s)
{
	free(s->args);
	free(s->name);
	free(s->copy);
}

/* ---- what stands behind the field ---- */

static int
read_share(const struct accum_spec *s, const char *text, double *p,
	struct err *err)
{
	char *end;

	*p = strtod(text, &end);
	if (end == text || *end != '\0' || !(*p >= 0 && *p <= 1))
		return err_as(err, STATUS_USAGE,
			"'%s': the share is a number from 0 to 1, not '%s'",
			s->func, text);
	return 0;
}

/* array(0.5, 0.9) becomes arguments like others; true if it is one. */
static bool
open_array(struct accum_spec *s)
{
	char *text = s->args[1];
	size_t n = strlen(text);

	if (strncasecmp(text, "array(", 6) != 0 || text[n - 1] != ')')
		return false;
	text[n - 1] = '\0';
	s->nargs = 1;
	read_args(s, text + 6);
	return true;
}

/* What Spark has behind the shares: a field of weights, an accuracy. */
static int
check_behind(const struct accum_spec *s, const char *behind, struct err *err)
{
	char *end;
	long n = strtol(behind, &end, 10);
	bool approx = strcmp(s->func, "percentile_approx") == 0;

	if (end != behind && *end == '\0' && (approx ? n >= 1 : n == 1))
		return 0;
	return err_as(err, STATUS_USAGE,
		approx ? "'%s': the accuracy is a number above 0, not '%s'"
		       : "'%s' gives every record the same weight, not '%s'",
		s->func, behind);
}

int
accum_spec_shares(struct accum_spec *s, double **p, size_t *n, bool *list,
	char **text, const char **behind, struct err *err)
{
	struct buf b;
	int ret = 0;

	*behind = NULL;
	if (s->call && s->nargs == 3) {
		*behind = s->args[2];
		if (check_behind(s, *behind, err) < 0)
			return -1;
		s->nargs = 2;
	}
	if (s->nargs < 2)
		return err_as(err, STATUS_USAGE,
			"'%s' needs a share from 0 to 1, as 0.95 in "
			"'%s(FIELD, 0.95)'",
			s->func, s->func);
	*list = open_array(s) || s->nargs > 2;
	*n = s->nargs - 1;
	*p = mem_alloc(*n * sizeof(**p));
	buf_init(&b);
	buf_str(&b, *list ? "array(" : "");
	for (size_t i = 0; i < *n && ret == 0; i++) {
		ret = read_share(s, s->args[i + 1], &(*p)[i], err);
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", s->args[i + 1]);
	}
	buf_str(&b, *list ? ")" : "");
	*text = mem_dup(b.p, b.n);
	buf_release(&b);
	return ret;
}

int
accum_spec_flag(const struct accum_spec *s, bool *flag, struct err *err)
{
	const char *text = s->nargs > 1 ? s->args[1] : "false";

	*flag = strcasecmp(text, "true") == 0 ||
		strcasecmp(text, "ignore nulls") == 0;
	if (s->nargs <= 2 && (*flag || strcasecmp(text, "false") == 0))
		return 0;
	return err_as(err, STATUS_USAGE,
		"'%s': behind the field stands true or nothing, not '%s'",
		s->func, s->args[s->nargs - 1]);
}
