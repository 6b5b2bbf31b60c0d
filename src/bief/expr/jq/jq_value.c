/*
 * jq_value: jq's values as struct value: text where they stand in the record,
 * and in the memory of the evaluation where they were made.
 *
 * A number is an integer as long as it can be, unlike jq's, which are doubles:
 * the two look the same up to 2^53.  Two strings that are times of the stream
 * compare as times, as everywhere in bief.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr/jq/jq_impl.h"
#include "value/json.h"
#include "text/number.h"
#include "time/time.h"

/* ---- memory ---- */

#define CHUNK_MIN 4096

struct jq_chunk {
	struct jq_chunk *older;
	size_t size;
	max_align_t mem[];
};

void
jq_run_init(struct jq_run *run)
{
	memset(run, 0, sizeof(*run));
	buf_init(&run->line);
	buf_init(&run->tmp);
}

static void
free_chunks(struct jq_chunk *c)
{
	struct jq_chunk *older;

	for (; c != NULL; c = older) {
		older = c->older;
		free(c);
	}
}

void
jq_run_release(struct jq_run *run)
{
	free_chunks(run->chunk);
	while (run->nbufs > 0) {
		buf_release(run->bufs[--run->nbufs]);
		free(run->bufs[run->nbufs]);
	}
	free(run->bufs);
	buf_release(&run->line);
	buf_release(&run->tmp);
}

void
jq_run_begin(struct jq_run *run, const struct record *r,
	const struct expr_env *env, struct err *err)
{
	run->r = r;
	run->env = env;
	run->err = err;
	run->has_whole = false;
	run->used = 0;
	run->buf = 0;
	/* The newest is the largest: next time it may be enough alone. */
	if (run->chunk != NULL && run->chunk->older != NULL) {
		free_chunks(run->chunk->older);
		run->chunk->older = NULL;
	}
}

static void
add_chunk(struct jq_run *run, size_t n)
{
	size_t size = run->chunk != NULL ? run->chunk->size * 2 : CHUNK_MIN;
	struct jq_chunk *c;

	while (size < n)
		size *= 2;
	/* The scanners of JSON read some bytes further. */
	c = mem_alloc(sizeof(*c) + size + JSON_PADDING);
	c->older = run->chunk;
	c->size = size;
	run->chunk = c;
	run->used = 0;
}

void *
jq_value_alloc(struct jq_run *run, size_t n)
{
	const size_t align = _Alignof(max_align_t);
	void *p;

	n = (n + align - 1) & ~(align - 1);
	if (run->chunk == NULL || run->chunk->size - run->used < n)
		add_chunk(run, n);
	p = (char *)run->chunk->mem + run->used;
	run->used += n;
	return p;
}

struct buf *
jq_value_take(struct jq_run *run)
{
	struct buf *b;

	if (run->buf == run->nbufs) {
		run->bufs = mem_realloc(run->bufs,
			(size_t)(run->nbufs + 1) * sizeof(*run->bufs));
		b = mem_alloc(sizeof(*b));
		buf_init(b);
		run->bufs[run->nbufs++] = b;
	}
	b = run->bufs[run->buf++];
	buf_clear(b);
	return b;
}

void
jq_value_give(struct jq_run *run)
{
	run->buf--;
}

struct value
jq_run_finish(struct jq_run *run, char bracket)
{
	struct buf *b = run->bufs[run->buf - 1];
	struct value v;

	buf_byte(b, bracket);
	v = jq_value_from_text(
		run, bracket == ']' ? VALUE_ARRAY : VALUE_OBJECT, b);
	jq_value_give(run);
	return v;
}

static char *
keep(struct jq_run *run, const char *s, size_t n)
{
	char *p = jq_value_alloc(run, n);

	if (n > 0)
		memcpy(p, s, n);
	return p;
}

void
jq_value_text(struct jq_run *run, struct value *v)
{
	size_t n;
	const char *p;

	if (!jq_is_record(v))
		return;
	if (!run->has_whole) {
		buf_clear(&run->line);
		p = record_text(run->r, &n, &run->line);
		if (p == run->line.p) {
			buf_need(&run->line, JSON_PADDING);
			p = run->line.p;
		}
		run->whole = (struct value){
			.s = p, .n = (uint32_t)n, .type = VALUE_OBJECT};
		run->has_whole = true;
	}
	*v = run->whole;
}

int
jq_value_place(struct jq_run *run, const struct shape *shape, const char *name,
	size_t n)
{
	struct value v;
	const char *s;
	size_t len;
	uint32_t i;

	for (i = shape->n; i-- > 0;) {
		s = shape->names[i].s;
		len = shape->names[i].n;
		if (memchr(s, '\\', len) != NULL) {
			v = value_json_string(s, len, true);
			s = jq_value_string(run, &v, &len);
		}
		if (len == n && memcmp(s, name, n) == 0)
			return (int)i;
	}
	return -1;
}

/* ---- kinds ---- */

const uint8_t jq_value_types[] = {
	[VALUE_NULL] = JQ_NULL,
	[VALUE_BOOL] = JQ_FALSE,
	[VALUE_INT] = JQ_NUMBER,
	[VALUE_DOUBLE] = JQ_NUMBER,
	[VALUE_NUMBER] = JQ_NUMBER,
	[VALUE_REAL] = JQ_NUMBER,
	[VALUE_STRING] = JQ_STRING,
	[VALUE_TIME] = JQ_STRING,
	[VALUE_DATE] = JQ_STRING,
	[VALUE_ARRAY] = JQ_LIST,
	[VALUE_OBJECT] = JQ_DICT,
};

const char *
jq_value_type_name(const struct value *v)
{
	static const char *const names[] = {"null", "boolean", "boolean",
		"number", "string", "array", "object"};

	return names[jq_type(v)];
}

/* ---- numbers ---- */

struct jq_value_number
jq_value_number(const struct value *v)
{
	struct value x = *v;

	if (x.type == VALUE_NUMBER || x.type == VALUE_REAL) {
		x = value_number(v, false);
		/* jq tells -0 from 0. */
		if (x.type == VALUE_INT && x.i == 0 && v->s[0] == '-')
			x = value_double(-0.0);
	}
	if (x.type == VALUE_INT)
		return (struct jq_value_number){.exact = true, .i = x.i};
	return (struct jq_value_number){.d = x.d};
}

double
jq_value_double(const struct value *v)
{
	struct jq_value_number x = jq_value_number(v);

	return x.exact ? (double)x.i : x.d;
}

struct value
jq_run_result(double d)
{
	if (isnan(d))
		return value_null();
	if (isinf(d))
		return value_double(d > 0 ? DBL_MAX : -DBL_MAX);
	if (d == 0 && signbit(d))
		return (struct value){.s = "-0", .n = 2, .type = VALUE_NUMBER};
	return jq_value_from_double(d, true);
}

struct value
jq_value_from_double(double d, bool integer)
{
	if (integer && d >= -0x1p63 && d < 0x1p63 && d == floor(d) &&
		!(d == 0 && signbit(d)))
		return value_int((int64_t)d);
	return value_double(d);
}

static struct value
text_value(const char *s)
{
	return value_json_string(s, strlen(s), false);
}

struct value
jq_value_load(const struct value *v)
{
	double d;

	if (v->type == VALUE_DOUBLE) {
		d = v->d;
	} else if (v->type != VALUE_REAL) {
		return *v;
	} else {
		if (v->n < 300 && memchr(v->s, 'e', v->n) == NULL &&
			memchr(v->s, 'E', v->n) == NULL)
			return *v;
		d = jq_value_double(v);
	}
	if (isnan(d))
		return text_value("NaN");
	if (isinf(d))
		return text_value(d > 0 ? "Infinity" : "-Infinity");
	return *v;
}

/* An integer against a double that is not NaN, exactly. */
static int
compare_int_double(int64_t i, double d)
{
	int64_t whole;

	if (d >= 0x1p63)
		return -1;
	if (d < -0x1p63)
		return 1;
	whole = (int64_t)d;
	if (i != whole)
		return i < whole ? -1 : 1;
	d -= (double)whole;
	return d > 0 ? -1 : d < 0;
}

static int
compare_numbers(const struct value *a, const struct value *b)
{
	struct jq_value_number x = jq_value_number(a), y = jq_value_number(b);

	if (x.exact && y.exact)
		return x.i < y.i ? -1 : x.i > y.i;
	/* To jq NaN is less than any number, itself too. */
	if (!x.exact && isnan(x.d))
		return -1;
	if (!y.exact && isnan(y.d))
		return 1;
	if (x.exact)
		return compare_int_double(x.i, y.d);
	if (y.exact)
		return -compare_int_double(y.i, x.d);
	return x.d < y.d ? -1 : x.d > y.d;
}

/* ---- strings ---- */

const char *
jq_value_string(struct jq_run *run, const struct value *v, size_t *n)
{
	char text[TIME_MAX];

	if (v->type == VALUE_STRING && !(v->flags & VALUE_ESCAPED)) {
		*n = v->n;
		return v->s;
	}
	if (v->type == VALUE_STRING) {
		buf_clear(&run->tmp);
		json_unquote(&run->tmp, v->s, v->n);
		*n = run->tmp.n;
		return keep(run, run->tmp.p, *n);
	}
	if (v->type == VALUE_TIME)
		*n = time_format_iso(v->i, text);
	else
		*n = date_format((int32_t)v->i, text);
	return keep(run, text, *n);
}

struct value
jq_value_from_string(struct jq_run *run, const char *s, size_t n)
{
	struct value v;

	buf_clear(&run->tmp);
	v = value_text(s, n, &run->tmp);
	if (v.s != s)
		v.s = keep(run, v.s, v.n);
	return v;
}

struct value
jq_value_substring(
	struct jq_run *run, const struct value *v, const char *s, size_t n)
{
	if (v->type == VALUE_STRING && (v->flags & VALUE_ESCAPED))
		return jq_value_from_string(run, s, n);
	return value_json_string(s, n, false);
}

struct value
jq_value_from_text(
	struct jq_run *run, enum value_type type, const struct buf *b)
{
	return (struct value){.s = keep(run, b->p, b->n),
		.n = (uint32_t)b->n,
		.type = (uint8_t)type};
}

/* False for most strings that are no time of the stream's form. */
static bool
maybe_time(const struct value *v)
{
	return v->type == VALUE_TIME ||
		(v->type == VALUE_STRING && v->n >= 20 && v->n <= 32 &&
			v->s[v->n - 1] == 'Z');
}

static int
compare_strings(
	struct jq_run *run, const struct value *a, const struct value *b)
{
	const char *s, *t;
	int64_t x, y;
	size_t n, m;
	int c;

	if (maybe_time(a) && maybe_time(b) && value_get_time(a, &x) == 0 &&
		value_get_time(b, &y) == 0)
		return x < y ? -1 : x > y;
	s = jq_value_string(run, a, &n);
	t = jq_value_string(run, b, &m);
	c = memcmp(s, t, n < m ? n : m);
	return c != 0 ? c : n < m ? -1 : n > m;
}

/* ---- arrays and objects ---- */

struct jq_list {
	struct jq_member *m;
	size_t n, cap;
};

static struct jq_member *
add_member(struct jq_run *run, struct jq_list *l)
{
	struct jq_member *m;

	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 16;
		m = jq_value_alloc(run, l->cap * sizeof(*m));
		if (l->n > 0)
			memcpy(m, l->m, l->n * sizeof(*m));
		l->m = m;
	}
	return &l->m[l->n++];
}

static int
by_name(const void *x, const void *y)
{
	const struct jq_member *a = x, *b = y;
	int c = memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);

	return c != 0 ? c : a->n < b->n ? -1 : a->n > b->n;
}

void
jq_value_members_sort(struct jq_member *m, size_t n)
{
	if (n > 1)
		qsort(m, n, sizeof(*m), by_name);
}

static int
by_name_and_place(const void *x, const void *y)
{
	const struct jq_member *const *a = x, *const *b = y;
	int c = by_name(*a, *b);

	return c != 0 ? c : *a < *b ? -1 : *a > *b;
}

#define FEW 12 /* members that are compared each with each */

size_t
jq_value_members_unique(struct jq_run *run, struct jq_member *m, size_t n)
{
	struct jq_member **order;
	size_t i, j, kept = 0;
	bool twice = false;

	if (n <= FEW) {
		for (i = 1; i < n && !twice; i++)
			for (j = 0; j < i && !twice; j++)
				twice = m[i].n == m[j].n &&
					memcmp(m[i].s, m[j].s, m[i].n) == 0;
		if (!twice)
			return n;
	}
	order = jq_value_alloc(run, n * sizeof(*order));
	for (i = 0; i < n; i++)
		order[i] = &m[i];
	qsort(order, n, sizeof(*order), by_name_and_place);
	for (i = 0; i < n; i = j)
		for (j = i + 1; j < n; j++) {
			if (by_name(order[i], order[j]) != 0)
				break;
			order[i]->v = order[j]->v;
			order[j]->s = NULL;
		}
	for (i = 0; i < n; i++)
		if (m[i].s != NULL)
			m[kept++] = m[i];
	return kept;
}

struct jq_member *
jq_value_members(struct jq_run *run, const struct value *object, size_t *n)
{
	struct value whole = *object, key, v;
	struct jq_list l = {NULL, 0, 0};
	struct jq_member *m;
	struct json_iter it;

	jq_value_text(run, &whole);
	json_iter(&it, &whole);
	while (json_next(&it, &key, &v)) {
		m = add_member(run, &l);
		m->key = key;
		m->v = v;
		m->s = jq_value_string(run, &key, &m->n);
	}
	*n = jq_value_members_unique(run, l.m, l.n);
	return l.m;
}

static int
compare_arrays(struct jq_run *run, const struct value *a, const struct value *b)
{
	struct json_iter i, j;
	struct value key, x, y;
	bool more, more_b;
	int c;

	json_iter(&i, a);
	json_iter(&j, b);
	for (;;) {
		more = json_next(&i, &key, &x);
		more_b = json_next(&j, &key, &y);
		if (!more || !more_b)
			return more - more_b;
		c = jq_value_compare(run, &x, &y);
		if (c != 0)
			return c;
	}
}

/* First their sorted keys, as arrays, then the values in that order. */
static int
compare_objects(
	struct jq_run *run, const struct value *a, const struct value *b)
{
	struct jq_member *x, *y;
	size_t n, m, i;
	int c;

	x = jq_value_members(run, a, &n);
	y = jq_value_members(run, b, &m);
	jq_value_members_sort(x, n);
	jq_value_members_sort(y, m);
	for (i = 0; i < n && i < m; i++) {
		c = by_name(&x[i], &y[i]);
		if (c != 0)
			return c;
	}
	if (n != m)
		return n < m ? -1 : 1;
	for (i = 0; i < n; i++) {
		c = jq_value_compare(run, &x[i].v, &y[i].v);
		if (c != 0)
			return c;
	}
	return 0;
}

int
jq_value_compare(
	struct jq_run *run, const struct value *a, const struct value *b)
{
	enum jq_type s = jq_type(a), t = jq_type(b);

	if (s != t)
		return s < t ? -1 : 1;
	switch (s) {
	case JQ_NUMBER:
		return compare_numbers(a, b);
	case JQ_STRING:
		return compare_strings(run, a, b);
	case JQ_LIST:
		return compare_arrays(run, a, b);
	case JQ_DICT:
		return compare_objects(run, a, b);
	default:
		return 0;
	}
}

bool
jq_value_equal(struct jq_run *run, const struct value *a, const struct value *b)
{
	if (a->type == VALUE_STRING && b->type == VALUE_STRING &&
		!((a->flags | b->flags) & VALUE_ESCAPED)) {
		if (a->n == b->n && memcmp(a->s, b->s, a->n) == 0)
			return true;
		if (!maybe_time(a) || !maybe_time(b))
			return false;
	}
	return jq_value_compare(run, a, b) == 0;
}

/* ---- text ---- */

/* The digits of a finite double's shortest text, without zeros around them,
 * and where the point is among them. */
static size_t
shortest_digits(double d, char *digits, int *point)
{
	char text[NUMBER_MAX];
	size_t i, len = number_print_double(d, text), n = 0;
	bool after = false;

	*point = 0;
	for (i = 0; i < len && text[i] != 'e'; i++) {
		if (text[i] == '.') {
			after = true;
			continue;
		}
		if (text[i] == '-')
			continue;
		if (n > 0 || text[i] != '0') {
			digits[n++] = text[i];
			*point += !after;
		} else {
			*point -= after;
		}
	}
	if (i < len) {
		text[len] = '\0';
		*point += atoi(text + i + 1);
	}
	while (n > 0 && digits[n - 1] == '0')
		n--;
	return n;
}

static void
dump_double(double d, struct buf *out)
{
	char digits[NUMBER_MAX];
	int point, e;
	size_t n;

	if (isnan(d)) {
		buf_str(out, "null");
		return;
	}
	if (isinf(d))
		d = d > 0 ? DBL_MAX : -DBL_MAX;
	if (signbit(d))
		buf_byte(out, '-');
	n = d == 0 ? 0 : shortest_digits(d, digits, &point);
	if (n == 0) {
		buf_byte(out, '0');
	} else if (point <= -4 || point > (int)n + 15) {
		e = point - 1;
		buf_byte(out, digits[0]);
		if (n > 1) {
			buf_byte(out, '.');
			buf_add(out, digits + 1, n - 1);
		}
		buf_printf(out, "e%c%02d", e < 0 ? '-' : '+', abs(e));
	} else if (point <= 0) {
		buf_str(out, "0.");
		for (; point < 0; point++)
			buf_byte(out, '0');
		buf_add(out, digits, n);
	} else {
		for (e = 0; e < point || (size_t)e < n; e++) {
			if (e == point)
				buf_byte(out, '.');
			buf_byte(out, (size_t)e < n ? digits[e] : '0');
		}
	}
}

static void
jq_dump_number(const struct jq_value_number *x, struct buf *out)
{
	char text[NUMBER_MAX];

	if (x->exact)
		buf_add(out, text, number_print_int(x->i, text));
	else
		dump_double(x->d, out);
}

static void
dump_string(const char *s, size_t n, struct buf *out)
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	const char *letter;
	size_t i;

	buf_byte(out, '"');
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		letter = NULL;
		if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
			for (const char *l = letters; *l != '\0'; l += 2)
				if (*l == s[i])
					letter = l + 1;
		if (letter != NULL) {
			buf_byte(out, '\\');
			buf_byte(out, *letter);
		} else if (c < 0x20 || c == 0x7f) {
			buf_printf(out, "\\u%04x", c);
		} else {
			buf_byte(out, s[i]);
		}
	}
	buf_byte(out, '"');
}

static void
dump_array(struct jq_run *run, const struct value *v, struct buf *out)
{
	struct json_iter it;
	struct value key, x;
	bool first = true;

	buf_byte(out, '[');
	json_iter(&it, v);
	while (json_next(&it, &key, &x)) {
		if (!first)
			buf_byte(out, ',');
		first = false;
		jq_value_dump(run, &x, out);
	}
	buf_byte(out, ']');
}

static void
dump_object(struct jq_run *run, const struct value *v, struct buf *out)
{
	size_t i, n;
	struct jq_member *m = jq_value_members(run, v, &n);

	buf_byte(out, '{');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_byte(out, ',');
		dump_string(m[i].s, m[i].n, out);
		buf_byte(out, ':');
		jq_value_dump(run, &m[i].v, out);
	}
	buf_byte(out, '}');
}

void
jq_value_dump(struct jq_run *run, const struct value *v, struct buf *out)
{
	struct jq_value_number x;
	const char *s;
	size_t n;

	switch (jq_type(v)) {
	case JQ_NULL:
		buf_str(out, "null");
		break;
	case JQ_FALSE:
		buf_str(out, "false");
		break;
	case JQ_TRUE:
		buf_str(out, "true");
		break;
	case JQ_NUMBER:
		x = jq_value_number(v);
		jq_dump_number(&x, out);
		break;
	case JQ_STRING:
		s = jq_value_string(run, v, &n);
		dump_string(s, n, out);
		break;
	case JQ_LIST:
		dump_array(run, v, out);
		break;
	case JQ_DICT:
		dump_object(run, v, out);
		break;
	}
}

struct value
jq_value_tostring(struct jq_run *run, const struct value *v)
{
	struct buf *text = jq_value_take(run);
	const char *p;

	jq_value_dump(run, v, text);
	p = keep(run, text->p, text->n);
	jq_value_give(run);
	return jq_value_from_string(run, p, text->n);
}

/* ---- messages ---- */

#define SHOWN 14 /* bytes of a value that jq shows in a message */

static void
shown(struct jq_run *run, const struct value *v, char out[SHOWN + 1])
{
	struct buf b;
	size_t n;

	buf_init(&b);
	jq_value_dump(run, v, &b);
	n = b.n;
	if (n > SHOWN) {
		n = SHOWN - 3;
		/* whole characters, which jq does not care for */
		while (((unsigned char)b.p[n] & 0xC0) == 0x80)
			n--;
	}
	memcpy(out, b.p, n);
	if (b.n > SHOWN) {
		memcpy(out + n, "...", 3);
		n += 3;
	}
	out[n] = '\0';
	buf_release(&b);
}

int
jq_run_refuse(struct jq_run *run, const char *before, const struct value *v,
	const char *after)
{
	char s[SHOWN + 1];

	shown(run, v, s);
	return err_set(run->err, "%s%s (%s)%s", before, jq_value_type_name(v),
		s, after);
}

int
jq_run_refuse2(struct jq_run *run, const struct value *a, const struct value *b,
	const char *what)
{
	char s[SHOWN + 1], t[SHOWN + 1];

	shown(run, a, s);
	shown(run, b, t);
	return err_set(run->err, "%s (%s) and %s (%s) %s",
		jq_value_type_name(a), s, jq_value_type_name(b), t, what);
}
