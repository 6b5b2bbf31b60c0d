/*
 * csvrow: [FILE...] the rows that libcsv makes of every line, and those that are
 * split without it, are the same, and so are the values made of them: of texts
 * at random, of the corpora, of files.
 */
#include "io/csvrow.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/file.h"
#include "time/zone.h"
#include "types/csvvalues.h"
#include "types/schema.h"
#include "types/schema_parse.h"
#include "value/json.h"
#include "value/list.h"

static const struct csvrow_style styles[] = {
	{.sep = ',', .quote = '"'},
	{.sep = ',', .quote = '"', .trim = true},
	{.sep = ',', .quote = '"', .one_line = true},
	{.sep = ';', .quote = '\''},
	{.sep = '\t', .quote = '"', .no_quote = true},
	{.sep = ' ', .quote = '"', .trim = true},
	{.sep = 'a', .quote = 'b'},
	{.sep = (char)0xA9, .quote = (char)0xC3},
};
#define STYLES (sizeof styles / sizeof *styles)
#define MOST 20 /* columns */

static struct schema *schema;

/* All that a row says. */
struct way {
	struct csvrow_reader rows;
	struct csvvalues values;
	struct buf said;
};

static void
say_values(struct way *w, const struct schema *s)
{
	struct value v[MOST];
	const char *why;

	w->values.schema = s;
	why = csvvalues_read(&w->values, 4, v, MOST);
	buf_printf(&w->said, "%s:", why != NULL ? why : "fine");
	for (size_t i = 0; i < (s != NULL ? s->n : MOST); i++)
		value_print(&v[i], &w->said);
	buf_byte(&w->said, '\n');
}

static int
take_row(void *arg)
{
	struct way *w = arg;
	struct csvrow_reader *r = &w->rows;
	const char *why = csvrow_why(r, false);

	buf_printf(&w->said, "%zu %s ", r->n, why != NULL ? why : "");
	buf_add(&w->said, r->text, r->ntext);
	for (size_t i = 0; i < r->n; i++) {
		/* Quotes show where nothing else does. */
		buf_printf(&w->said, "|%d",
			r->cell[i].quoted && r->cell[i].n == 0);
		buf_add(&w->said, csvrow_text(r, i), r->cell[i].n);
	}
	buf_byte(&w->said, '\n');
	w->values.rules.empty_text = r->n % 2;
	say_values(w, schema);
	say_values(w, NULL);
	return 0;
}

static void
read_all(const char *p, size_t n, const struct csvrow_style *style, bool libcsv,
	struct buf *said)
{
	static struct list nulls;
	struct csvrow_style s = *style;
	struct way w = {.values = {.ragged = true,
				.corrupt = -1,
				.rules = {.zone = zone_utc}}};
	struct csvrow_feed feed = {.rows = &w.rows,
		.max_line = 100000,
		.row = take_row,
		.arg = &w};
	const char *end = p + n, *line;
	size_t number = 0;

	s.libcsv = libcsv;
	csvrow_init(&w.rows, &s);
	w.values.rows = &w.rows;
	w.values.nulls = &nulls;
	buf_init(&w.said);
	while (p < end) {
		line = p;
		p = csvrow_next(line, end, &n);
		csvrow_feed(&feed, line, n, ++number);
	}
	csvrow_feed_end(&feed);
	csvvalues_release(&w.values);
	csvrow_release(&w.rows);
	*said = w.said;
}

/* 0, or 1 where the two differ. */
static int
compare(const char *what, const char *p, size_t n, const struct csvrow_style *s)
{
	struct buf text, ours, theirs;
	int differ;

	buf_init(&text);
	buf_need(&text, n + JSON_PADDING);
	memset(text.p + n, 0, JSON_PADDING);
	buf_add(&text, p, n);
	read_all(text.p, n, s, false, &ours);
	read_all(text.p, n, s, true, &theirs);
	differ = ours.n != theirs.n ||
		(ours.n > 0 && memcmp(ours.p, theirs.p, ours.n) != 0);
	if (differ)
		fprintf(stderr, "csvrow: %s, separator %d: '%.*s'\n%s%s", what,
			s->sep, (int)n, p, buf_cstr(&ours), buf_cstr(&theirs));
	buf_release(&ours);
	buf_release(&theirs);
	buf_release(&text);
	return differ;
}

static int
compare_file(const char *path)
{
	struct buf b;
	struct err err;
	int failures = 0;

	buf_init(&b);
	if (file_read(path, SIZE_MAX / 2, &b, &err) == 0)
		for (size_t i = 0; i < STYLES; i++)
			failures += compare(path, b.p, b.n, &styles[i]);
	buf_release(&b);
	return failures;
}

static int
compare_files(const char *pattern)
{
	int failures = 0;
	glob_t g;

	if (glob(pattern, 0, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++)
			failures += compare_file(g.gl_pathv[i]);
	globfree(&g);
	return failures;
}

/* Mostly cells without quotes, some of them long; whole lines of them. */
static size_t
make_text(char *p, size_t max)
{
	static const char *const parts[] = {",", ",", ",", "a", "b", "\n", "\n",
		"12", "-0.5", "007", "1.25e3", "9223372036854775808",
		"2026-01-02T03:04:05Z", "true", "\xC3\xA9", "\xF0\x9F\x98\x80",
		"x y z w", "\\", "'", "0123456789abcdefghijklmnopqrstuvwxyz",
		"\t", ";", "  ",
		/* the rare ones */
		"\"", "\"\"", ",\"", "\",", "\"\n", "\r", "\r\n", "\xFF",
		"\xE2\x82", "\x01", "\x1f", "\xA9", "\"x\ny\""};
	const size_t all = sizeof parts / sizeof *parts;
	size_t n = 0, most = (size_t)rand() % max, len;
	bool rare = rand() % 2;

	for (;;) {
		const char
			*part = parts[(size_t)rand() % (rare ? all : all - 13)];

		len = strlen(part);
		if (n + len > most)
			return n;
		memcpy(p + n, part, len);
		n += len;
		if (rand() % 200 == 0 && n < most)
			p[n++] = '\0';
	}
}

int
main(int argc, char **argv)
{
	struct err err;
	char text[600];
	int failures = 0;

	schema = schema_parse_from("i bigint, d double, s string, b binary, "
				   "m decimal(9,3), t timestamp, q boolean",
		NULL, &err);
	for (int i = 1; i < argc; i++)
		failures += compare_file(argv[i]);
	if (argc > 1)
		return failures != 0;
	failures += compare_files("tests/fuzz/corpus/*/*");
	failures += compare_files("../shared/data/csvtest/*/csv*/*.csv");
	srand(1);
	for (int i = 0; i < 20000 && failures < 10; i++)
		failures += compare("at random", text,
			make_text(text, i % 3 == 0 ? 40 : sizeof text),
			&styles[(size_t)rand() % STYLES]);
	schema_free(schema);
	return failures != 0;
}
