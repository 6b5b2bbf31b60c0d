/*
 * csvrow: see csvrow.h.
 */
#include "io/csvrow.h"

#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "text/simd.h"
#include "value/json.h"
#include "io/stream/eol.h"

#define BLOCK ((size_t)64 << 10) /* by which libcsv's room for a cell grows */

int
csvrow_char(const char *option, const char *text, char *out, struct err *err)
{
	char q[80];

	if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
		text = "\t";
	if (strlen(text) != 1 || *text == '\n' || *text == '\r')
		return err_as(err, STATUS_USAGE,
			"%s: '%s' is not one character (of one byte)", option,
			err_quote(q, sizeof(q), text, strlen(text)));
	*out = *text;
	return 0;
}

int
csvrow_style(struct csvrow_style *s, const char *sep, const char *quote,
	struct err *err)
{
	s->sep = ',';
	s->quote = '"';
	s->no_quote = quote != NULL && *quote == '\0';
	if (sep != NULL && csvrow_char("--sep", sep, &s->sep, err) < 0)
		return -1;
	if (quote != NULL && !s->no_quote &&
		csvrow_char("--quote", quote, &s->quote, err) < 0)
		return -1;
	if (s->sep == s->quote && !s->no_quote)
		return err_as(
			err, STATUS_USAGE, "--sep and --quote are the same");
	return 0;
}

void
csvrow_init(struct csvrow_reader *r, const struct csvrow_style *style)
{
	memset(r, 0, sizeof(*r));
	r->style = *style;
	buf_init(&r->lines);
	buf_init(&r->cells);
	buf_init(&r->repaired);
	csv_init(&r->parser, CSV_REPALL_NL | CSV_EMPTY_IS_NULL);
	csv_set_blk_size(&r->parser, BLOCK);
	csv_set_realloc_func(&r->parser, mem_realloc);
	csv_set_delim(&r->parser, (unsigned char)style->sep);
	csv_set_quote(&r->parser, (unsigned char)style->quote);
	r->odd = SIMD_CONTROL | (style->no_quote ? 0 : SIMD_QUOTE) |
		(style->trim ? SIMD_BLANK : 0);
	r->made = true;
}

void
csvrow_release(struct csvrow_reader *r)
{
	if (!r->made)
		return;
	csv_free(&r->parser);
	buf_release(&r->lines);
	buf_release(&r->cells);
	buf_release(&r->repaired);
	free(r->cell);
	free(r->places);
}

/* Where cells and rows end. */

static bool
is_blank(const struct csvrow_style *s, char c)
{
	return (c == ' ' || c == '\t') && c != s->sep;
}

bool
csvrow_blank(const struct csvrow_style *s, const char *line, size_t n)
{
	size_t i = 0;

	while (i < n && is_blank(s, line[i]))
		i++;
	return i == n;
}

static const char *
separator(const struct csvrow_reader *r, const char *p, const char *end)
{
	const char *sep = p < end ? memchr(p, r->style.sep, (size_t)(end - p))
				  : NULL;

	return sep != NULL ? sep : end;
}

/*
 * From inside of quotes to the cell's end; NULL: it is open.  *closing is the
 * quote that was taken for the closing one.
 */
static const char *
quoted_end(struct csvrow_reader *r, const char *p, const char *end,
	const char **closing)
{
	const char quote = r->style.quote;

	for (;;) {
		p = p < end ? memchr(p, quote, (size_t)(end - p)) : NULL;
		if (p == NULL)
			return NULL;
		if (p + 1 == end || p[1] != quote)
			break;
		p += 2;
	}
	*closing = p++;
	while (r->style.trim && p < end && is_blank(&r->style, *p))
		p++;
	if (p == end || *p == r->style.sep)
		return p;
	r->wrong |= CSVROW_BAD;
	return separator(r, p, end);
}

/* The end of the cell that begins at p; NULL: it is open. */
static const char *
cell_end(struct csvrow_reader *r, const char *p, const char *end)
{
	const char *from = p, *closing;

	while (r->style.trim && from < end && is_blank(&r->style, *from))
		from++;
	if (from < end && *from == r->style.quote)
		return quoted_end(r, from + 1, end, &closing);
	p = separator(r, p, end);
	if (memchr(from, r->style.quote, (size_t)(p - from)) != NULL)
		r->wrong |= CSVROW_STRAY;
	return p;
}

/*
 * A quote with text behind it, and a separator or nothing in front, would begin
 * a cell.  Where it was taken for the end of one, of a line before, that one was
 * never closed.
 */
static bool
begins_cell(
	const struct csvrow_reader *r, const char *line, const char *closing)
{
	while (closing > line && closing[-1] == r->style.quote)
		closing--;
	while (r->style.trim && closing > line &&
		is_blank(&r->style, closing[-1]))
		closing--;
	return closing == line || closing[-1] == r->style.sep;
}

/* The beginning of the next cell that has a quote, or NULL. */
static const char *
next_quoted(const struct csvrow_reader *r, const char *p, const char *end)
{
	const char *quote = memchr(p, r->style.quote, (size_t)(end - p)), *sep;

	if (quote == NULL)
		return NULL;
	sep = memrchr(p, r->style.sep, (size_t)(quote - p));
	return sep != NULL ? sep + 1 : p;
}

/* Does the row end with this line? */
static enum csvrow
scan(struct csvrow_reader *r, const char *p, const char *end)
{
	const char *line = p, *closing;
	unsigned before = r->wrong;

	if (csvrow_is_open(r)) {
		r->wrong = 0;
		p = quoted_end(r, p, end, &closing);
		if ((r->wrong & CSVROW_BAD) && begins_cell(r, line, closing)) {
			r->wrong = before;
			return CSVROW_UNCLOSED;
		}
		r->wrong |= before;
		if (p == NULL || p == end)
			return p == NULL ? CSVROW_OPEN : CSVROW_WHOLE;
		p++;
	} else {
		r->wrong = 0;
	}
	while ((p = next_quoted(r, p, end)) != NULL) {
		p = cell_end(r, p, end);
		if (p == NULL || p == end)
			return p == NULL ? CSVROW_OPEN : CSVROW_WHOLE;
		p++;
	}
	return CSVROW_WHOLE;
}

/* Splitting. */

static void
need_cells(struct csvrow_reader *r, size_t n)
{
	if (n <= r->cap)
		return;
	r->cap = n < 16 ? 16 : 2 * n;
	r->cell = mem_realloc(r->cell, r->cap * sizeof(r->cell[0]));
}

static void
on_cell(void *text, size_t n, void *arg)
{
	struct csvrow_reader *r = arg;

	need_cells(r, r->n + 1);
	r->cell[r->n++] = (struct csvrow_cell){
		(uint32_t)r->cells.n, (uint32_t)n, text != NULL};
	if (text != NULL)
		buf_add(&r->cells, text, n);
}

static void
on_row(int c, void *arg)
{
	(void)c;
	(void)arg;
}

/* A cell's text as one that is well formed. */
static void
quote_cell(struct csvrow_reader *r, const char *p, const char *end)
{
	struct buf *b = &r->repaired;

	while (r->style.trim && p < end && is_blank(&r->style, *p))
		p++;
	while (r->style.trim && p < end && is_blank(&r->style, end[-1]))
		end--;
	buf_byte(b, r->style.quote);
	for (; p < end; p++) {
		if (*p == r->style.quote)
			buf_byte(b, *p);
		buf_byte(b, *p);
	}
	buf_byte(b, r->style.quote);
}

/* The row with its badly closed cells in proper quotes. */
static void
repair(struct csvrow_reader *r)
{
	const char *p = r->text, *end = p + r->ntext, *stop;
	unsigned wrong = r->wrong;

	buf_clear(&r->repaired);
	for (;; p = stop + 1) {
		r->wrong = 0;
		stop = cell_end(r, p, end);
		if (stop == NULL)
			stop = end;
		if (r->wrong & CSVROW_BAD)
			quote_cell(r, p, stop);
		else
			buf_add(&r->repaired, p, (size_t)(stop - p));
		if (stop == end)
			break;
		buf_byte(&r->repaired, r->style.sep);
	}
	r->wrong = wrong;
}

/* libcsv always has a quote: let it be one that the row does not hold.  (A row
 * of all bytes is not UTF-8, and refused.) */
static void
set_no_quote(struct csvrow_reader *r)
{
	int c = 0;

	while (c < 255 &&
		(c == '\n' || (char)c == r->style.sep ||
			memchr(r->text, c, r->ntext) != NULL))
		c++;
	csv_set_quote(&r->parser, (unsigned char)c);
}

static int
no_space(unsigned char c)
{
	return 0;
}

static int
is_end(unsigned char c)
{
	return c == '\n';
}

/*
 * libcsv would cut blanks off, and end rows at CR.  It asks about each
 * character, and is quicker where it need not ask.
 */
static void
set_rules(struct csvrow_reader *r, const char *p, size_t n)
{
	bool blanks = memchr(p, ' ', n) != NULL || memchr(p, '\t', n) != NULL;

	csv_set_space_func(
		&r->parser, blanks && !r->style.trim ? no_space : NULL);
	csv_set_term_func(
		&r->parser, memchr(p, '\r', n) != NULL ? is_end : NULL);
}

static void
give_libcsv(struct csvrow_reader *r, const char *p, size_t n)
{
	csv_parse(&r->parser, p, n, on_cell, on_row, r);
	csv_fini(&r->parser, on_cell, on_row, r);
}

/* A row in which nothing is wrong: libcsv gets the cells in quotes. */
static void
split_cells(struct csvrow_reader *r, const char *p, const char *end)
{
	const char *stop, *closing;

	for (;; p = stop + 1) {
		bool quoted = p < end && *p == r->style.quote;

		stop = quoted ? quoted_end(r, p + 1, end, &closing)
			      : separator(r, p, end);
		if (quoted)
			give_libcsv(r, p, (size_t)(stop - p));
		else
			on_cell(p < stop ? (char *)p : NULL, (size_t)(stop - p),
				r);
		if (stop == end)
			return;
	}
}

static void
csvrow_split(struct csvrow_reader *r)
{
	const char *p = r->text;
	size_t n = r->ntext;

	r->n = 0;
	buf_clear(&r->cells);
	if (r->style.no_quote) {
		set_no_quote(r);
	} else if (r->wrong & CSVROW_BAD) {
		repair(r);
		p = r->repaired.p;
		n = r->repaired.n;
	}
	set_rules(r, p, n);
	if (n == 0 || r->wrong != 0 || r->style.no_quote || r->style.trim ||
		r->style.libcsv)
		give_libcsv(r, p, n);
	else
		split_cells(r, p, p + n);
	/* What points into the cells may look at a block behind them. */
	buf_need(&r->cells, JSON_PADDING);
	r->base = r->cells.p;
}

/* Is it all UTF-8, and so each cell: no character is cut by a separator? */
static bool
cells_are_utf8(const struct csvrow_reader *r)
{
	return ((r->style.sep | r->style.quote) & 0x80) == 0 &&
		simd_utf8(r->text, r->ntext);
}

static void
csvrow_take(struct csvrow_reader *r, const char *p, size_t n)
{
	r->text = p;
	r->ntext = n;
	csvrow_split(r);
	r->plain = false;
	r->utf8 = cells_are_utf8(r);
}

/* A line whose separators are all that counts: false, it is libcsv's. */
static bool
take_bare(struct csvrow_reader *r, const char *line, size_t n)
{
	struct simd_row row = {r->style.sep, r->style.quote};
	unsigned met;
	uint32_t from = 0;
	size_t cells;

	if (n == 0 || r->style.libcsv)
		return false;
	if (r->nplaces < n + 2) {
		free(r->places);
		r->nplaces = 2 * n + 2;
		r->places = mem_alloc(r->nplaces * sizeof(r->places[0]));
	}
	cells = simd_cells(line, n, &row, r->places, &met);
	if (met & r->odd)
		return false;
	r->places[cells++] = (uint32_t)n;
	need_cells(r, cells);
	for (size_t i = 0; i < cells; i++) {
		uint32_t to = r->places[i];

		r->cell[i] = (struct csvrow_cell){from, to - from, to > from};
		from = to + 1;
	}
	r->n = cells;
	r->text = r->base = line;
	r->ntext = n;
	r->wrong = 0;
	r->plain = !(met & SIMD_ESCAPE);
	r->utf8 = !(met & SIMD_HIGH) || cells_are_utf8(r);
	return true;
}

enum csvrow
csvrow_line(
	struct csvrow_reader *r, const char *line, size_t n, const char *end)
{
	bool open = csvrow_is_open(r);
	enum csvrow what = CSVROW_WHOLE;

	if (!open)
		buf_clear(&r->lines);
	r->shut = false;
	if (!open && take_bare(r, line, n))
		return what;
	if (r->style.no_quote)
		r->wrong = 0;
	else
		what = scan(r, line, line + n);
	if (what == CSVROW_OPEN && r->style.one_line) {
		r->wrong |= CSVROW_ENDLESS;
		what = CSVROW_WHOLE;
	}
	if (what == CSVROW_UNCLOSED)
		return what;
	if (open || what == CSVROW_OPEN)
		buf_add(&r->lines, line, n);
	if (what == CSVROW_OPEN) {
		buf_str(&r->lines, end);
		return what;
	}
	r->shut = open;
	if (open)
		csvrow_take(r, r->lines.p, r->lines.n);
	else
		csvrow_take(r, line, n);
	return what;
}

const char *
csvrow_next(const char *p, const char *end, size_t *n)
{
	const char *at = eol_first(p, (size_t)(end - p));

	if (at == NULL) /* a CR at the end, or a line without one */
		at = end > p && end[-1] == '\r' ? end - 1 : end;
	*n = (size_t)(at - p);
	if (*n > 0 && at < end && *at == '\n' && at[-1] == '\r')
		--*n;
	return at < end ? at + 1 : end;
}

void
csvrow_unclose(struct csvrow_reader *r, struct buf *rest)
{
	const char *end = r->lines.p + r->lines.n, *next;
	size_t n;

	next = csvrow_next(r->lines.p, end, &n);
	if (rest != NULL) {
		buf_clear(rest);
		buf_add(rest, next, (size_t)(end - next));
	}
	r->lines.n = n;
	r->shut = true;
	r->wrong = 0;
	scan(r, r->lines.p, r->lines.p + n);
	r->wrong |= CSVROW_ENDLESS;
	csvrow_take(r, r->lines.p, n);
}

static int
give_up(struct csvrow_feed *f)
{
	size_t number = f->number;
	struct buf rest;
	const char *p, *end, *line;
	size_t n;
	int ret;

	buf_init(&rest);
	csvrow_unclose(f->rows, &rest);
	buf_need(&rest, JSON_PADDING);
	ret = f->row(f->arg);
	end = rest.p + rest.n;
	for (p = rest.p; p < end && ret == 0;) {
		line = p;
		p = csvrow_next(line, end, &n);
		ret = csvrow_feed(f, line, n, ++number);
	}
	buf_release(&rest);
	return ret;
}

int
csvrow_feed(struct csvrow_feed *f, const char *line, size_t n, size_t number)
{
	if (!csvrow_is_open(f->rows)) {
		f->number = number;
		if (csvrow_blank(&f->rows->style, line, n) ||
			(f->comment != '\0' && *line == f->comment))
			return 0;
	}
	switch (csvrow_line(f->rows, line, n, csvrow_end(line, n))) {
	case CSVROW_WHOLE:
		return f->row(f->arg);
	case CSVROW_UNCLOSED:
		return give_up(f) < 0 ? -1 : csvrow_feed(f, line, n, number);
	default:
		return f->max_line > 0 && f->rows->lines.n > f->max_line
			? give_up(f)
			: 0;
	}
}

int
csvrow_feed_end(struct csvrow_feed *f)
{
	while (csvrow_is_open(f->rows))
		if (give_up(f) < 0)
			return -1;
	return 0;
}

const char *
csvrow_why(const struct csvrow_reader *r, bool lax)
{
	if (r->wrong & CSVROW_ENDLESS)
		return "a quoted cell is not closed";
	if (r->wrong & CSVROW_BAD)
		return "text behind the quote that closes a cell";
	if ((r->wrong & CSVROW_STRAY) && !lax)
		return "a quote inside a cell that is not doubled";
	return NULL;
}

const char *
csvrow_alien(const char *p, size_t n)
{
	static const struct {
		const char *magic;
		size_t n;
		const char *what;
	} known[] = {
		{"\x1f\x8b", 2,
			"it is compressed by gzip: unpack it by gunzip"},
		{"\x28\xb5\x2f\xfd", 4,
			"it is compressed by zstd: unpack it by unzstd"},
		{"\xfd"
		 "7zXZ",
			5, "it is compressed by xz: unpack it by unxz"},
		{"PAR1\x15", 5, "it is Parquet: parse-parquet reads that"},
		{"PK\x03\x04", 4,
			"it is a zip file (or a spreadsheet): "
			"unpack it, or save it as CSV"},
		{"\xff\xfe", 2,
			"it is UTF-16: convert it by "
			"iconv -f UTF-16 -t UTF-8"},
		{"\xfe\xff", 2,
			"it is UTF-16: convert it by "
			"iconv -f UTF-16 -t UTF-8"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (n >= known[i].n &&
			memcmp(p, known[i].magic, known[i].n) == 0)
			return known[i].what;
	if (n > 9 && memcmp(p, "BZh", 3) == 0 &&
		memcmp(p + 4, "1AY&SY", 6) == 0)
		return "it is compressed by bzip2: unpack it by bunzip2";
	for (size_t i = 0; i < 2 && n > 1; i++)
		if (p[i] == '\0' && p[!i] != '\0' &&
			(n < 4 || p[i + 2] == '\0'))
			return i == 1
				? "it is UTF-16: convert it by "
				  "iconv -f UTF-16LE -t UTF-8"
				: "it is UTF-16: "
				  "convert it by iconv -f UTF-16BE -t UTF-8";
	return NULL;
}
