/*
 * opt: see opt.h. A word that no table has is looked for among the words that
 * people take for options (slips) and the near ones, for the message is what a
 * beginner learns the options from.
 */
#include "runtime/options/opt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "floor/near.h"
#include "time/duration.h"
#include "time/time.h"
#include "value/json.h"
#include "runtime/report/say.h"

int
opt_number(const char *text, int64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoll(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 ? 0
									  : -1;
}

int64_t
opt_most(const struct opt *o)
{
	if (o->most != 0)
		return o->most;
	return o->kind == OPT_DURATION ? DURATION_MOST : OPT_MOST;
}

/* "16M" and such; 0 or -1. */
static int
size_parse(const char *s, int64_t *out)
{
	static const char units[] = "KMGT";
	char *end;
	const char *u;
	int64_t n;

	if (*s < '0' || *s > '9')
		return -1;
	errno = 0;
	n = strtoll(s, &end, 10);
	if (errno != 0)
		return -1;
	if (*end != '\0' && (u = strchr(units, *end & ~0x20)) != NULL) {
		for (; u >= units; u--)
			if (__builtin_mul_overflow(n, 1024, &n))
				return -1;
		end++;
		if (*end == 'i')
			end++;
	}
	if ((*end & ~0x20) == 'B')
		end++;
	if (*end != '\0')
		return -1;
	*out = n;
	return 0;
}

static const struct opt *
find(const struct opt_table *t, size_t nt, const char *name, size_t n,
	char letter, void **base)
{
	for (size_t i = 0; i < nt; i++)
		for (const struct opt *o = t[i].opts; o && o->name; o++)
			if (letter ? o->letter == letter
				   : strlen(o->name) == n &&
						memcmp(o->name, name, n) == 0) {
				*base = t[i].base;
				return o;
			}
	return NULL;
}

/* What to say of a word that is none of the options, of these tables. */
static const char *
slip(const struct opt_table *t, size_t nt, const char *name)
{
	for (size_t i = 0; i < nt; i++)
		for (const struct opt_slip *s = t[i].slips;
			s != NULL && s->say != NULL; s++)
			if (s->word == NULL || strcmp(s->word, name) == 0)
				return s->say;
	return NULL;
}

/* Options of other programs for what is called otherwise here. */
static const struct {
	const char *word, *means;
} synonyms[] = {{"groupby", "by"}, {"group-by", "by"}, {"group", "by"},
	{"key", "by"}, {"keys", "by"}, {"partition", "partition-by"},
	{"sort", "by"}, {"sort-by", "by"}, {"order-by", "by"}, {"field", "on"},
	{"column", "on"}, {"col", "on"}, {"using", "on"}, {"key", "on"},
	{"keys", "on"}, {"type", "how"}, {"join", "how"}, {"delim", "sep"},
	{"delimiter", "sep"}, {"separator", "sep"}, {"width", "size"},
	{"duration", "size"}, {"window", "size"}, {"hop", "slide"},
	{"gap", "session"}, {"lateness", "delay"},
	{"allowed-lateness", "delay"}, {"head", "limit"}, {"lines", "limit"},
	{"timezone", "zone"}, {"tz", "zone"}, {"skip-errors", "on-error"},
	{"ignore-errors", "on-error"}, {"interval", "trigger"},
	{"every", "trigger"}, {"database", "db"}, {"output-mode", "mode"},
	{"batch-size", "batch"}, {"no-header", "header"},
	{"rows-per-second", "rate"}, {"checkpoint-location", "checkpoint"},
	{"processing-time", "trigger"}, {"available-now", "trigger"},
	{"query-name", "name"}, {"max-files-per-trigger", "max-files"},
	{"max-bytes-per-trigger", "max-bytes"},
	{"max-offsets-per-trigger", "max-records"},
	{"with-watermark", "watermark"}, {"subset", "by"},
	{"starting-offsets", "from"}, {"ending-offsets", "to"},
	{"verbose", "progress"}};

/* As options are written here: maxFiles is max-files.  To be freed. */
static char *
hyphenated(const char *name)
{
	char *out = mem_alloc(2 * strlen(name) + 1), *to = out;

	for (const char *c = name; *c != '\0'; c++) {
		bool big = *c >= 'A' && *c <= 'Z';

		if (big && c > name && c[-1] != '-')
			*to++ = '-';
		*to++ = big ? (char)(*c + 'a' - 'A') : *c == '_' ? '-' : *c;
	}
	*to = '\0';
	return out;
}

/* The option that was meant, or NULL. */
static const struct opt *
meant(const struct opt_table *t, size_t nt, const char *name)
{
	const struct opt *best = NULL, *o;
	size_t least = 65;
	void *base;

	for (size_t i = 0; i < sizeof(synonyms) / sizeof(*synonyms); i++)
		if (strcmp(synonyms[i].word, name) == 0 &&
			(o = find(t, nt, synonyms[i].means,
				 strlen(synonyms[i].means), 0, &base)) != NULL)
			return o;
	for (size_t i = 0; i < nt; i++)
		for (o = t[i].opts; o && o->name; o++)
			if (near_distance(o->name, name) < least &&
				near_enough(o->name, name)) {
				best = o;
				least = near_distance(o->name, name);
			}
	return best;
}

static int
unknown(const struct opt_table *t, size_t nt, const char *dashes,
	const char *word, size_t n, struct err *err)
{
	char quoted[100], *name = mem_dup(word, n), *ours = hyphenated(name);
	const struct opt *best = meant(t, nt, ours);
	const char *say = slip(t, nt, name);

	err_quote(quoted, sizeof(quoted), name, n);
	free(name);
	free(ours);
	if (say != NULL)
		return err_as(err, STATUS_USAGE, "unknown option %s%s: %s",
			dashes, quoted, say);
	if (best != NULL)
		return err_as(err, STATUS_USAGE,
			"unknown option %s%s: did you mean --%s?", dashes,
			quoted, best->name);
	return err_as(err, STATUS_USAGE, "unknown option %s%s: see --help",
		dashes, quoted);
}

static int
choice(const char *choices, const char *value)
{
	size_t n = strlen(value);

	for (int i = 0;; i++) {
		size_t k = strcspn(choices, "|");

		if (k == n && memcmp(choices, value, n) == 0)
			return i;
		if (choices[k] == '\0')
			return -1;
		choices += k + 1;
	}
}

/* Was this one meant: Complete, leftOuter, available_now? */
static bool
is_meant(const char *one, const char *value, const char *ours)
{
	return strcmp(one, ours) == 0 || strcasecmp(one, value) == 0 ||
		(strlen(one) > 3 && strncasecmp(one, value, strlen(one)) == 0);
}

static int
no_choice(const struct opt *o, const char *value, struct err *err)
{
	char quoted[200], *ours = hyphenated(value), one[60] = "";
	bool found = false;

	err_quote(quoted, sizeof(quoted), value, strlen(value));
	for (const char *c = o->arg; !found && *c != '\0'; c += *c == '|') {
		size_t n = strcspn(c, "|");

		snprintf(one, sizeof(one), "%.*s", (int)n, c);
		found = is_meant(one, value, ours);
		c += n;
	}
	free(ours);
	return found ? err_as(err, STATUS_USAGE,
			       "--%s: '%s' is none of %s (did you mean '%s'?)",
			       o->name, quoted, o->arg, one)
		     : err_as(err, STATUS_USAGE, "--%s: '%s' is none of %s",
			       o->name, quoted, o->arg);
}

/* A word that is missing, or there twice, is a slip. */
static int
check_list(const struct opt *o, const struct list *l, struct err *err)
{
	char quoted[200];

	for (size_t i = 0; i < l->n; i++) {
		if (l->s[i][0] == '\0' && i > 0 && i + 1 == l->n)
			return err_as(err, STATUS_USAGE,
				"--%s: nothing stands behind the last comma: "
				"write a,b without a blank, or 'a, b' in quotes",
				o->name);
		if (l->s[i][0] == '\0')
			return err_as(err, STATUS_USAGE,
				"--%s: a word is empty: it is %s", o->name,
				o->arg);
		for (size_t k = 0; k < i; k++)
			if (strcmp(l->s[i], l->s[k]) == 0)
				return err_as(err, STATUS_USAGE,
					"--%s: '%s' is there twice", o->name,
					err_quote(quoted, sizeof(quoted),
						l->s[i], strlen(l->s[i])));
	}
	return 0;
}

/* Numbers are in their limits here, so that who uses them need not ask. */
static int
check_limits(const struct opt *o, int64_t n, struct err *err)
{
	int64_t most = opt_most(o);

	if (o->kind == OPT_DURATION && (n > most || n < -most))
		return err_as(err, STATUS_USAGE, "--%s: longer than %lld years",
			o->name, (long long)(most / DURATION_YEAR));
	if (n > most)
		return err_as(err, STATUS_USAGE, "--%s is at most %lld",
			o->name, (long long)most);
	if (n >= o->least)
		return 0;
	if (o->kind == OPT_DURATION && o->least <= 1)
		return err_as(err, STATUS_USAGE, "--%s: it is %s", o->name,
			n < 0 ? "negative" : "nothing: leave it away");
	return err_as(err, STATUS_USAGE, "--%s is at least %lld", o->name,
		(long long)o->least);
}

/* The word of one option among those of others. */
static void
add_tagged(const struct opt *o, struct list *l, const char *value)
{
	struct buf b;

	buf_init(&b);
	buf_printf(&b, "%s=%s", o->name, value);
	list_add(l, buf_cstr(&b), false);
	buf_release(&b);
}

static int
set(const struct opt *o, void *base, const char *value, struct err *err)
{
	void *at = (char *)base + o->at;
	char quoted[200];
	struct err why;
	int i;

	if (value != NULL)
		err_quote(quoted, sizeof(quoted), value, strlen(value));
	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)at = true;
		return 0;
	case OPT_STRING:
		*(const char **)at = value;
		return 0;
	case OPT_INT:
		if (opt_number(value, at) < 0)
			return err_as(err, STATUS_USAGE,
				"--%s: '%s' is not a whole number", o->name,
				quoted);
		return check_limits(o, *(int64_t *)at, err);
	case OPT_DURATION:
		if (duration_us(value, strlen(value), at, &why) < 0)
			return err_as(err, STATUS_USAGE, "--%s: %s", o->name,
				why.text);
		return check_limits(o, *(int64_t *)at, err);
	case OPT_SIZE:
		if (size_parse(value, at) < 0)
			return err_as(err, STATUS_USAGE,
				"--%s: '%s' is not a size such as 16M", o->name,
				quoted);
		return check_limits(o, *(int64_t *)at, err);
	case OPT_ENUM:
		if ((i = choice(o->arg, value)) < 0)
			return no_choice(o, value, err);
		*(int *)at = i;
		return 0;
	case OPT_LIST:
	case OPT_MULTI:
		if (o->tagged) {
			add_tagged(o, at, value);
			return 0;
		}
		list_add(at, value, o->kind == OPT_LIST);
		return o->kind == OPT_LIST ? check_list(o, at, err) : 0;
	}
	return 0;
}

static int
once(const struct opt *o, const struct opt ***seen, size_t *nseen,
	struct err *err)
{
	if (o->kind == OPT_LIST || o->kind == OPT_MULTI)
		return 0;
	for (size_t i = 0; i < *nseen; i++)
		if ((*seen)[i] == o)
			return err_as(err, STATUS_USAGE, "--%s is given twice",
				o->name);
	*seen = mem_realloc(*seen, (*nseen + 1) * sizeof(**seen));
	(*seen)[(*nseen)++] = o;
	return 0;
}

static bool
not_utf8(const char *name, const char *value, struct err *err)
{
	char quoted[100];

	if (json_utf8(value, strlen(value)))
		return false;
	err_as(err, STATUS_USAGE, "--%s: it is not UTF-8: '%s'", name,
		err_quote(quoted, sizeof(quoted), value, strlen(value)));
	return true;
}

/* One word that begins with a dash; *argv moves to the last word used. */
static int
option(const struct opt_table *t, size_t nt, char ***argv,
	const struct opt ***seen, size_t *nseen, struct err *err)
{
	char *word = **argv;
	const struct opt *o;
	const char *value = NULL;
	void *base;

	if (word[1] == '-') {
		size_t n = strcspn(word + 2, "=");

		o = find(t, nt, word + 2, n, 0, &base);
		if (o == NULL)
			return unknown(t, nt, "--", word + 2, n, err);
		if (word[2 + n] == '=')
			value = word + 2 + n + 1;
	} else {
		o = find(t, nt, NULL, 0, word[1], &base);
		if (o == NULL)
			return unknown(
				t, nt, "-", word + 1, strlen(word + 1), err);
		if (word[2] != '\0')
			value = word + 2;
	}
	if (once(o, seen, nseen, err) < 0)
		return -1;
	if (o->kind == OPT_FLAG) {
		if (value != NULL)
			return err_as(err, STATUS_USAGE, "--%s takes no value",
				o->name);
	} else if (value == NULL) {
		if ((*argv)[1] == NULL)
			return err_as(err, STATUS_USAGE,
				"--%s needs a value%s%s", o->name,
				o->arg ? ": " : "", o->arg ? o->arg : "");
		value = *++*argv;
	}
	/* Words become names and values of records, which are UTF-8; files may
	 * be called as they like. */
	if (value != NULL && !o->file && not_utf8(o->name, value, err))
		return -1;
	return set(o, base, value, err);
}

int
opt_parse(const struct opt_table *tables, size_t ntables, char **argv,
	char ***operands, size_t *noperands, struct err *err)
{
	const struct opt **seen = NULL;
	size_t nseen = 0, n = 0;
	bool ended = false;
	int ret = 0;

	for (n = 0; argv[n] != NULL; n++)
		;
	*operands = mem_zalloc((n + 1) * sizeof(**operands));
	*noperands = 0;
	if (argv[0] == NULL)
		return 0;
	for (argv++; *argv != NULL && ret == 0; argv++) {
		if (ended || (*argv)[0] != '-' || (*argv)[1] == '\0' ||
			((*argv)[1] >= '0' && (*argv)[1] <= '9'))
			(*operands)[(*noperands)++] = *argv;
		else if (strcmp(*argv, "--") == 0)
			ended = true;
		else
			ret = option(
				tables, ntables, &argv, &seen, &nseen, err);
	}
	free(seen);
	return ret;
}

void
opt_free(const struct opt_table *tables, size_t ntables)
{
	for (size_t i = 0; i < ntables; i++)
		for (const struct opt *o = tables[i].opts; o && o->name; o++)
			if (o->kind == OPT_LIST || o->kind == OPT_MULTI)
				list_free(
					(struct list *)((char *)tables[i].base +
						o->at));
}
