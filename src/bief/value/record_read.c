/*
 * record_read: the fields of a line are found in one pass: where the shape of the
 * last record fits, its edges are compared and only values are looked at
 * (shape_impl.h).  What is called for each field stands in this file, so that the
 * compiler can put it into one loop.
 */
#include "value/record_read.h"

#include <string.h>

#include "floor/err.h"
#include "text/simd.h"
#include "value/json.h"
#include "value/shape_impl.h"

void
record_read_init(struct record_reader *rr, struct shapes *shapes)
{
	memset(rr, 0, sizeof *rr);
	rr->shapes = shapes;
	slots_need(&rr->slots, 0);
}

void
record_read_release(struct record_reader *rr)
{
	slots_release(&rr->slots);
	shape_set_free(rr->transient);
	rr->transient = NULL;
}

/* Do the bytes at p begin with the edge? */
static inline bool
reader_edge(const struct shape *c, const char *p, const char *end)
{
	const char *edge = c->edge;
	uint32_t n = c->nedge;

	if ((ptrdiff_t)n > end - p || n == 0)
		return false;
	for (; n > 16; n -= 16, edge += 16, p += 16)
		if (simd_equal16(edge, p) != 0xFFFF)
			return false;
	return ((simd_equal16(edge, p) + 1) & ((1u << n) - 1)) == 0;
}

static void
reader_likely(struct shape *parent, struct shape *c)
{
	if (parent->likely != c) {
		parent->other = parent->likely;
		parent->likely = c;
	}
}

/* The shape of cur and a name that was not guessed. */
static struct shape *
reader_extend(
	struct record_reader *rr, struct shape *cur, const char *name, size_t n)
{
	struct shapes *s = rr->shapes;
	struct shape *c;

	if (cur->transient)
		return shape_make(rr->transient, cur, name, n);
	if ((c = shape_child(cur, name, n)) == NULL) {
		if ((cur->likely != NULL && ++s->branches > SHAPES_MAX) ||
			s->bytes >= SHAPES_BYTES) {
			if (rr->transient == NULL)
				rr->transient = shape_set_transient(s);
			return shape_make(rr->transient, cur, name, n);
		}
		c = shape_intern(cur, name, n);
	}
	reader_likely(cur, c);
	return c;
}

static const char *
reader_stop(struct json_error *e, const char *what, const char *at)
{
	e->what = what;
	e->at = at;
	return NULL;
}

static const char reader_forged[] = SHAPE_RESERVED_TEXT;

/*
 * The next name, looked at: p is behind the value before it.  Returns where its
 * value begins; or the place of the closing brace, with *cur as it was; or
 * NULL.
 */
static const char *
reader_name(struct record_reader *rr, struct shape **cur, const char *p,
	const char *end, struct json_error *e)
{
	const char *from = p, *name, *close;
	bool first = (*cur)->n == 0, escaped;

	p = json_space(p, end);
	if (p >= end)
		return reader_stop(e, "it ends too early", end);
	if (!first && *p == '}')
		return p;
	if (*p != (first ? '{' : ','))
		return reader_stop(e,
			first ? "not a JSON object" : "expected ',' or '}'", p);
	p = json_space(p + 1, end);
	if (first && p < end && *p == '}')
		return p;
	if (p >= end || *p != '"')
		return reader_stop(e, "expected a name in quotes", p);
	name = p + 1;
	if ((close = json_string_scan(name, end, &escaped, e)) == NULL)
		return NULL;
	p = json_space(close + 1, end);
	if (p >= end || *p != ':')
		return reader_stop(e, "expected ':'", p);
	if (first && shape_reserved(name, (size_t)(close - name)))
		return reader_stop(e, reader_forged, name);
	p = json_space(p + 1, end);
	if (p >= end)
		return reader_stop(e, "it ends too early", end);
	*cur = reader_extend(rr, *cur, name, (size_t)(close - name));
	shape_edge_learn(*cur, from, (size_t)(p - from));
	return p;
}

/* The second guess. */
static struct shape *
reader_other(struct shape *cur, const char *p, const char *end)
{
	struct shape *c = cur->other;

	if (c == NULL || !reader_edge(c, p, end))
		return NULL;
	reader_likely(cur, c);
	return c;
}

/* The edge of c ends before p, but more blanks follow than it has. */
static const char *
reader_space(struct shape *c, const char *p, const char *end)
{
	const char *from = p - c->nedge;

	p = json_space(p, end);
	shape_edge_learn(c, from, (size_t)(p - from));
	return p;
}

/* Find the fields of line..end; returns the closing brace, or NULL. */
static const char *
reader_fields(struct record_reader *rr, struct record *r, const char *p,
	const char *end, struct json_error *e)
{
	struct shape *cur = rr->shapes->empty, *next;
	struct value *v = rr->slots.v, *last = v + rr->slots.cap - RECORD_SPARE;

	for (;;) {
		next = cur->likely;
		if (next == NULL || !reader_edge(next, p, end))
			next = reader_other(cur, p, end);
		if (next != NULL) {
			p += next->nedge;
			if (__builtin_expect((unsigned char)*p <= ' ', 0))
				p = reader_space(next, p, end);
			cur = next;
		} else {
			next = cur;
			p = reader_name(rr, &cur, p, end, e);
			if (p == NULL)
				return NULL;
			if (cur == next)
				break;
		}
		if (v == last) {
			size_t n = (size_t)(v - rr->slots.v);

			slots_need(&rr->slots, (uint32_t)n + 1);
			v = rr->slots.v + n;
			last = rr->slots.v + rr->slots.cap - RECORD_SPARE;
		}
		if ((p = json_scan(p, end, 1, v, e)) == NULL)
			return NULL;
		v++;
		if (*p == '}' && p < end)
			break;
	}
	r->shape = cur;
	return p;
}

/* Only blanks behind what was looked at? */
static bool
reader_only(const char *p, const char *end, char c)
{
	while (p < end && *p == c)
		p++;
	return json_space(p, end) == end;
}

const char *
record_read_seems(const char *line, size_t n)
{
	static const struct {
		const char *magic;
		size_t n;
		const char *seems;
	} kinds[] = {{"\x1f\x8b", 2,
			     "it is compressed (gzip -dc in front, or "
			     "let stream-files read the file)"},
		{"\x28\xb5\x2f\xfd", 4,
			"it is compressed (zstd -dc in front, or "
			"let stream-files read the file)"},
		{"\xfd"
		 "7zXZ",
			5, "it is compressed (xz -dc in front)"},
		{"BZh", 3, "it is compressed (bzip2 -dc in front)"},
		{"PK\3\4", 4, "it is compressed (unzip -p in front)"},
		{"PAR1\x15", 5, "it is Parquet (parse-parquet reads that)"},
		{"\xff\xfe", 2, "it is UTF-16 (iconv -f UTF-16 in front)"},
		{"\xfe\xff", 2, "it is UTF-16 (iconv -f UTF-16 in front)"}};
	const char *end = line + n, *p = json_space(line, end);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (n >= kinds[i].n &&
			memcmp(line, kinds[i].magic, kinds[i].n) == 0)
			return kinds[i].seems;
	if (p < end && *p == '[')
		return "it is an array (parse-json --array makes records of one)";
	if (p < end && *p == '{' && json_space(p + 1, end) == end)
		return "an object over many lines (jq -c . makes a line of it)";
	if ((n >= 4 && memcmp(line, "+---", 4) == 0) ||
		(n >= 5 && reader_only(line, end, '-')))
		return "it is what sink-table shows, not records (inside "
		       ">( ), send that to >&2)";
	return NULL;
}

static int
reader_refuse(
	const struct record *r, const struct json_error *e, struct err *err)
{
	char near[60];
	const char *end = r->line + r->nline,
		   *seems = record_read_seems(r->line, r->nline);

	if (e->what == reader_forged)
		return err_set(err, "%s", reader_forged);
	if (seems != NULL)
		return err_set(err, "not a JSON object: '%s': %s",
			err_quote(near, sizeof near, r->line, r->nline), seems);
	if (e->at == json_space(r->line, end))
		return err_set(err, "not a JSON object: '%s'",
			err_quote(near, sizeof near, r->line, r->nline));
	if (e->at >= end)
		return err_set(err, "invalid JSON: %s (at the end, byte %zu)",
			e->what, (size_t)r->nline);
	return err_set(err, "invalid JSON: %s at byte %zu: '%s'", e->what,
		(size_t)(e->at - r->line) + 1,
		err_quote(near, sizeof near, e->at, (size_t)(end - e->at)));
}

int
record_read(struct record_reader *rr, struct record *r, struct err *err)
{
	const char *end = r->line + r->nline, *p;
	struct json_error e;

	if (rr->transient != NULL)
		shape_set_clear(rr->transient);
	p = reader_fields(rr, r, r->line, end, &e);
	if (p != NULL && p + 1 != end) {
		p = json_space(p + 1, end);
		if (p != end)
			p = reader_stop(&e, "text after the object", p);
	}
	if (p == NULL) {
		r->shape = NULL;
		return reader_refuse(r, &e, err);
	}
	r->v = rr->slots.v;
	r->room = rr->slots.cap;
	r->kept = r->shape->n;
	return 0;
}
