/*
 * sql_numform: see sql_numform.h.
 */
#include "expr/sql/fn/form/sql_numform.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"

#define SHAPE                                                         \
	"[S|MI] [$] digits with 0, 9 and , [. digits] [S|MI|PR], as " \
	"'$99,999.00' or 'S999'"

/* ---- reading a format ---- */

static bool
is_digits(enum sql_numform_kind k)
{
	return k == NUMFORM_DIGITS || k == NUMFORM_ZEROS;
}

static bool
add_token(struct sql_numform *f, enum sql_numform_kind kind, int n)
{
	if (f->n == SQL_NUMFORM_MOST)
		return false;
	f->token[f->n++] = (struct sql_numform_token){kind, n};
	return true;
}

/* The token at s, and how many bytes it takes; 0: there is none. */
static size_t
next_token(struct sql_numform *f, const char *s, size_t n)
{
	size_t k = 1;
	int c = toupper((unsigned char)*s);
	int second = n > 1 ? toupper((unsigned char)s[1]) : 0;

	switch (c) {
	case '0':
	case '9':
		while (k < n && (s[k] == '0' || s[k] == '9'))
			k++;
		return add_token(f, c == '0' ? NUMFORM_ZEROS : NUMFORM_DIGITS,
			       (int)k)
			? k
			: 0;
	case ',':
	case 'G':
		return add_token(f, NUMFORM_COMMA, 0);
	case '.':
	case 'D':
		return add_token(f, NUMFORM_POINT, 0);
	case '$':
		return add_token(f, NUMFORM_CURRENCY, 0);
	case 'S':
		return add_token(f, NUMFORM_SIGN, 0);
	case 'M':
		return second == 'I' && add_token(f, NUMFORM_MINUS, 0) ? 2 : 0;
	case 'P':
		return second == 'R' && add_token(f, NUMFORM_CLOSE, 0) ? 2 : 0;
	}
	return 0;
}

static int
count_kind(const struct sql_numform *f, enum sql_numform_kind k)
{
	int n = 0;

	for (int i = 0; i < f->n; i++)
		n += f->token[i].kind == k;
	return n;
}

/* Commas stand between digits, and in front of the point. */
static const char *
check_commas(const struct sql_numform *f)
{
	bool point = false;

	for (int i = 0; i < f->n; i++) {
		point |= f->token[i].kind == NUMFORM_POINT;
		if (f->token[i].kind != NUMFORM_COMMA)
			continue;
		if (point)
			return "no , stands behind the point";
		if (i == 0 || i + 1 == f->n ||
			!is_digits(f->token[i - 1].kind) ||
			!is_digits(f->token[i + 1].kind))
			return "a , stands between digits";
	}
	return NULL;
}

/* Each part in its place: -1 where one is out of it. */
static int
place_of(enum sql_numform_kind k, int at)
{
	switch (k) {
	case NUMFORM_SIGN:
	case NUMFORM_MINUS:
		return at == 0 ? 1 : at >= 3 && at <= 5 ? 6 : -1;
	case NUMFORM_CURRENCY:
		return at <= 1 ? 2 : -1;
	case NUMFORM_POINT:
		return at <= 3 ? 4 : -1;
	case NUMFORM_CLOSE:
		return at >= 3 && at <= 5 ? 6 : -1;
	case NUMFORM_COMMA:
		return at == 3 ? 3 : -1;
	default:
		return at <= 3 ? 3 : at == 4 ? 5 : -1;
	}
}

static const char *
check_order(const struct sql_numform *f)
{
	static const enum sql_numform_kind once[] = {NUMFORM_POINT,
		NUMFORM_CURRENCY, NUMFORM_SIGN, NUMFORM_MINUS, NUMFORM_CLOSE};
	const char *why = check_commas(f);
	int at = 0;

	if (f->before + f->after == 0)
		return "it has no digit, 0 or 9";
	for (size_t i = 0; i < sizeof(once) / sizeof(*once); i++)
		if (count_kind(f, once[i]) > 1)
			return "one of its signs is there twice";
	for (int i = 0; i < f->n && why == NULL; i++) {
		at = place_of(f->token[i].kind, at);
		if (at < 0)
			why = "something is out of its place";
	}
	return why;
}

/* Digits around the point; and of PR the bracket in front. */
static void
settle(struct sql_numform *f)
{
	bool point = false;

	f->before = f->after = 0;
	for (int i = 0; i < f->n; i++) {
		point |= f->token[i].kind == NUMFORM_POINT;
		*(point ? &f->after : &f->before) += f->token[i].n;
	}
}

int
sql_numform_read(
	struct sql_numform *f, const char *s, size_t n, struct err *err)
{
	const char *why = n == 0 ? "it is empty" : NULL;
	char word[100];
	size_t at = 0, k;

	f->n = 0;
	while (at < n && why == NULL) {
		k = next_token(f, s + at, n - at);
		if (k == 0)
			why = "it has a character that is none of 0 9 , G . D "
			      "$ S MI PR";
		at += k;
	}
	settle(f);
	if (why == NULL)
		why = check_order(f);
	if (why == NULL && count_kind(f, NUMFORM_CLOSE) > 0 &&
		f->n < SQL_NUMFORM_MOST) {
		memmove(f->token + 1, f->token,
			(size_t)f->n * sizeof(*f->token));
		f->token[0] = (struct sql_numform_token){NUMFORM_OPEN, 0};
		f->n++;
	}
	return why == NULL ? 0
			   : err_as(err, STATUS_USAGE,
				     "format '%s': %s; a format is " SHAPE,
				     err_quote(word, sizeof(word), s, n), why);
}

/* ---- writing ---- */

/* A blank goes in front of a sign that the digits will stand behind. */
static void
put_blank(struct buf *out, size_t start)
{
	char *last = out->n > start ? &out->p[out->n - 1] : NULL;
	char sign;

	if (last == NULL || strchr("+-<", *last) == NULL) {
		buf_byte(out, ' ');
		return;
	}
	sign = *last;
	*last = ' ';
	buf_byte(out, sign);
}

/* A point that nothing stands behind is a blank. */
static void
drop_point(struct buf *out, size_t start)
{
	if (out->n > start && out->p[out->n - 1] == '.')
		out->p[out->n - 1] = ' ';
}

/* A sign goes in front of the blanks at the end. */
static void
put_sign(struct buf *out, size_t start, char sign)
{
	size_t at;

	drop_point(out, start);
	for (at = out->n; at > start && out->p[at - 1] == ' ';)
		at--;
	buf_byte(out, sign);
	memmove(out->p + at + 1, out->p + at, out->n - 1 - at);
	out->p[at] = sign;
}

/* The digits of a number as a format has them: blanks in front and zeros behind
 * it; crowded: there are more than it has. */
struct digits {
	char before[NUMERIC_MAX + 1000], after[NUMERIC_MAX + 1000];
	bool crowded;
};

static void
take_digits(const struct sql_numform *f, numeric v, int scale, struct digits *d)
{
	char text[NUMERIC_MAX];
	size_t n = numeric_print(v < 0 ? -v : v, scale, text);
	char *point = memchr(text, '.', n);
	size_t whole = point != NULL ? (size_t)(point - text) : n;
	size_t rest = point != NULL ? n - whole - 1 : 0;
	size_t before = (size_t)f->before, after = (size_t)f->after;

	while (rest > 0 && point[rest] == '0')
		rest--;
	if (whole == 1 && *text == '0')
		whole = 0;
	d->crowded = whole > before || rest > after;
	if (d->crowded)
		return;
	memset(d->before, ' ', before);
	memcpy(d->before + before - whole, text, whole);
	memset(d->after, '0', after);
	if (rest > 0)
		memcpy(d->after, point + 1, rest);
}

static void
put_digits(const struct sql_numform_token *t, const char *digit, bool crowded,
	struct buf *out, size_t start)
{
	for (int i = 0; i < t->n; i++)
		if (crowded)
			buf_byte(out, '#');
		else if (digit[i] != ' ')
			buf_byte(out, digit[i]);
		else if (t->kind == NUMFORM_ZEROS)
			buf_byte(out, '0');
		else
			put_blank(out, start);
}

static void
put_other(enum sql_numform_kind kind, bool minus, bool crowded, struct buf *out,
	size_t start)
{
	char *last = out->n > start ? &out->p[out->n - 1] : NULL;

	switch (kind) {
	case NUMFORM_COMMA:
		if (!crowded && last != NULL && isdigit((unsigned char)*last))
			buf_byte(out, ',');
		else
			put_blank(out, start);
		break;
	case NUMFORM_POINT:
		if (last != NULL && *last == ' ')
			*last = '0';
		buf_byte(out, '.');
		break;
	case NUMFORM_CURRENCY:
		buf_byte(out, '$');
		break;
	case NUMFORM_SIGN:
		put_sign(out, start, minus ? '-' : '+');
		break;
	case NUMFORM_MINUS:
		drop_point(out, start);
		if (minus)
			put_sign(out, start, '-');
		else
			buf_byte(out, ' ');
		break;
	case NUMFORM_OPEN:
		if (minus)
			buf_byte(out, '<');
		break;
	default:
		drop_point(out, start);
		if (minus)
			put_sign(out, start, '>');
		else
			buf_str(out, "  ");
		break;
	}
}

void
sql_numform_print(
	const struct sql_numform *f, numeric v, int scale, struct buf *out)
{
	struct digits d;
	const char *at = d.before;
	size_t start = out->n;

	take_digits(f, v, scale, &d);
	for (int i = 0; i < f->n; i++) {
		const struct sql_numform_token *t = &f->token[i];

		if (is_digits(t->kind)) {
			put_digits(t, at, d.crowded, out, start);
			at += t->n;
			continue;
		}
		put_other(t->kind, v < 0, d.crowded, out, start);
		if (t->kind == NUMFORM_POINT)
			at = d.after;
	}
	drop_point(out, start);
}

/* ---- reading a number ---- */

struct input {
	const char *p, *end;
	char digits[NUMERIC_MAX + 1000]; /* of the number, with its point */
	size_t n;
	bool minus, open;
	int seen; /* digits */
};

static void
skip_blanks(struct input *in)
{
	while (in->p < in->end && isspace((unsigned char)*in->p))
		in->p++;
}

static bool
take_char(struct input *in, const char *set, char *c)
{
	skip_blanks(in);
	if (in->p == in->end || strchr(set, *in->p) == NULL || *in->p == '\0')
		return false;
	*c = *in->p++;
	return true;
}

/* How many digits each group of the text has, the first one first. */
static int
take_groups(struct input *in, int *group, int most)
{
	int n = 1;
	char c;

	group[0] = 0;
	while (take_char(in, "0123456789,", &c)) {
		if (c != ',') {
			if (in->n == sizeof(in->digits) - 2)
				return -1;
			in->digits[in->n++] = c;
			in->seen++;
			group[n - 1]++;
			continue;
		}
		if (n == most)
			return -1;
		group[n++] = 0;
	}
	return n;
}

/* The digits in front of the point, whose tokens end before end: the groups of
 * the text are those of the format, from the last on. */
static bool
match_groups(const struct sql_numform *f, int from, int *end, struct input *in)
{
	int group[SQL_NUMFORM_MOST], n, i;

	for (*end = from; *end < f->n &&
		(is_digits(f->token[*end].kind) ||
			f->token[*end].kind == NUMFORM_COMMA);)
		++*end;
	n = take_groups(in, group, SQL_NUMFORM_MOST);
	if (n < 0)
		return false;
	for (i = *end - 1; i >= from; i--) {
		const struct sql_numform_token *t = &f->token[i];
		int have;

		if (!is_digits(t->kind))
			continue;
		have = n > 0 ? group[--n] : 0;
		if (t->kind == NUMFORM_ZEROS ? have != t->n : have > t->n)
			return false;
	}
	return n <= 0;
}

/* The digits behind the point, up to so many. */
static bool
match_fraction(struct input *in, int most)
{
	char c;

	for (int i = 0; take_char(in, "0123456789", &c); i++) {
		if (i == most)
			return false;
		in->digits[in->n++] = c;
		in->seen++;
	}
	return true;
}

/* What is no digit. */
static bool
match_other(enum sql_numform_kind kind, struct input *in)
{
	char c;

	switch (kind) {
	case NUMFORM_CURRENCY:
		return take_char(in, "$", &c);
	case NUMFORM_SIGN:
		if (take_char(in, "+-", &c))
			in->minus |= c == '-';
		return true;
	case NUMFORM_MINUS:
		in->minus |= take_char(in, "-", &c);
		return true;
	case NUMFORM_OPEN:
		in->open = take_char(in, "<", &c);
		in->minus |= in->open;
		return true;
	default:
		return take_char(in, ">", &c) == in->open;
	}
}

bool
sql_numform_parse(
	const struct sql_numform *f, const char *s, size_t n, numeric *v)
{
	struct input in = {.p = s, .end = s + n};
	bool point = false, ok = true;
	int end;
	char c;

	for (int i = 0; i < f->n && ok; i++) {
		enum sql_numform_kind kind = f->token[i].kind;

		if (kind == NUMFORM_POINT) {
			point = take_char(&in, ".", &c);
			if (point)
				in.digits[in.n++] = '.';
		} else if (!is_digits(kind)) {
			ok = match_other(kind, &in);
		} else if (i > 0 && f->token[i - 1].kind == NUMFORM_POINT) {
			ok = !point || match_fraction(&in, f->token[i].n);
		} else {
			ok = match_groups(f, i, &end, &in);
			i = end - 1;
		}
	}
	skip_blanks(&in);
	if (!ok || in.p < in.end || in.seen == 0 ||
		!numeric_read(in.digits, in.n, NUMERIC_DIGITS, f->after, v))
		return false;
	if (in.minus)
		*v = -*v;
	return true;
}
