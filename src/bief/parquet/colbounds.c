/*
 * colbounds: see colbounds.h.
 */
#include "parquet/colbounds.h"

#include <math.h>
#include <string.h>

#include "text/number.h"
#include "time/date.h"
#include "time/time.h"
#include "value/json.h"
#include "types/type.h"
#include "parquet/node.h"

#define PLAIN_MOST 64 /* bytes of a text in a file */
#define JSON_MOST 32  /* in the log of a table, as others have it */

void
colbounds_init(struct colbounds *b)
{
	memset(b, 0, sizeof(*b));
}

void
colbounds_release(struct colbounds *b)
{
	buf_release(&b->sleast);
	buf_release(&b->smost);
}

void
colbounds_clear(struct colbounds *b)
{
	b->rows = b->nulls = 0;
	b->any = b->none = false;
}

static void
take_number(struct colbounds *b, numeric v)
{
	if (!b->any || v < b->least)
		b->least = v;
	if (!b->any || v > b->most)
		b->most = v;
	b->any = true;
}

static void
take_double(struct colbounds *b, double v)
{
	if (isnan(v)) {
		b->none = true;
		return;
	}
	if (!b->any || v < b->dleast)
		b->dleast = v;
	if (!b->any || v > b->dmost)
		b->dmost = v;
	b->any = true;
}

static int
compare(const char *p, size_t n, const struct buf *with)
{
	int c = memcmp(p, with->p, n < with->n ? n : with->n);

	return c != 0 ? c : n < with->n ? -1 : n > with->n;
}

static void
keep(struct buf *to, const char *p, size_t n)
{
	buf_clear(to);
	buf_need(to, n + 1);
	buf_add(to, p, n);
}

static void
take_text(struct colbounds *b, const char *p, size_t n)
{
	if (!b->any || compare(p, n, &b->sleast) < 0)
		keep(&b->sleast, p, n);
	if (!b->any || compare(p, n, &b->smost) > 0)
		keep(&b->smost, p, n);
	b->any = true;
}

static void
take_longs(struct colbounds *b, const char *p, size_t bytes)
{
	int64_t v, least = INT64_MAX, most = INT64_MIN;

	for (size_t i = 0; i < bytes; i += 8) {
		memcpy(&v, p + i, 8);
		least = v < least ? v : least;
		most = v > most ? v : most;
	}
	if (bytes > 0) {
		take_number(b, least);
		take_number(b, most);
	}
}

static void
take_ints(struct colbounds *b, const char *p, size_t bytes)
{
	int32_t v, least = INT32_MAX, most = INT32_MIN;

	for (size_t i = 0; i < bytes; i += 4) {
		memcpy(&v, p + i, 4);
		least = v < least ? v : least;
		most = v > most ? v : most;
	}
	if (bytes > 0) {
		take_number(b, least);
		take_number(b, most);
	}
}

/* Big-endian, with a sign. */
static numeric
fixed(const char *p, int width)
{
	unsigned __int128 v = *p < 0 ? ~(unsigned __int128)0 : 0;

	for (int i = 0; i < width; i++)
		v = v << 8 | (unsigned char)p[i];
	return (numeric)v;
}

static void
take_texts(struct colbounds *b, const char *p, size_t bytes)
{
	uint32_t n;

	for (size_t i = 0; i < bytes; i += 4 + n) {
		memcpy(&n, p + i, 4);
		take_text(b, p + i + 4, n);
	}
}

void
colbounds_take(struct colbounds *b, const struct node *leaf, const char *p,
	size_t bytes)
{
	double d;
	float f;
	size_t i;

	switch (leaf->physical) {
	case PHYSICAL_BOOLEAN:
		for (i = 0; i < bytes; i++)
			take_number(b, p[i]);
		break;
	case PHYSICAL_INT32:
		take_ints(b, p, bytes);
		break;
	case PHYSICAL_INT64:
		take_longs(b, p, bytes);
		break;
	case PHYSICAL_FLOAT:
		for (i = 0; i < bytes; i += sizeof(f)) {
			memcpy(&f, p + i, sizeof(f));
			take_double(b, f);
		}
		break;
	case PHYSICAL_DOUBLE:
		for (i = 0; i < bytes; i += sizeof(d)) {
			memcpy(&d, p + i, sizeof(d));
			take_double(b, d);
		}
		break;
	case PHYSICAL_FIXED:
		for (i = 0; i < bytes; i += (size_t)leaf->width)
			take_number(b, fixed(p + i, leaf->width));
		break;
	case PHYSICAL_BYTES:
		if (leaf->type == NULL || leaf->type->kind != TYPE_BINARY)
			take_texts(b, p, bytes);
		break;
	default:
		break;
	}
}

void
colbounds_merge(struct colbounds *b, const struct colbounds *other)
{
	bool texts = other->sleast.p != NULL;

	b->rows += other->rows;
	b->nulls += other->nulls;
	b->none = b->none || other->none;
	if (!other->any)
		return;
	if (texts) {
		take_text(b, other->sleast.p, other->sleast.n);
		take_text(b, other->smost.p, other->smost.n);
		return;
	}
	if (!b->any || other->least < b->least)
		b->least = other->least;
	if (!b->any || other->most > b->most)
		b->most = other->most;
	if (!b->any || other->dleast < b->dleast)
		b->dleast = other->dleast;
	if (!b->any || other->dmost > b->dmost)
		b->dmost = other->dmost;
	b->any = true;
}

/* Where the character that holds byte n begins. */
static size_t
character(const char *p, size_t n)
{
	while (n > 0 && ((unsigned char)p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static uint32_t
decode(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	uint32_t c = n == 1 ? *p : *p & (0x7fu >> n);

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

/* The next text in the order of texts that begin otherwise: the last character
 * that has a greater one is that one. */
static bool
round_up(struct buf *b)
{
	while (b->n > 0) {
		size_t at = character(b->p, b->n - 1);
		uint32_t c = decode(b->p + at, b->n - at) + 1;

		b->n = at;
		if (c >= 0xd800 && c < 0xe000)
			c = 0xe000;
		if (c <= 0x10ffff) {
			buf_utf8(b, c);
			return true;
		}
	}
	return false;
}

static bool
text(const struct colbounds *b, bool most, size_t limit, struct buf *out,
	bool *exact)
{
	const struct buf *s = most ? &b->smost : &b->sleast;
	size_t n = s->n > limit ? character(s->p, limit) : s->n;

	*exact = n == s->n;
	buf_add(out, s->p, n);
	return *exact || !most || round_up(out);
}

static void
put_fixed(numeric v, int width, struct buf *out)
{
	for (int i = width - 1; i >= 0; i--)
		buf_byte(out, (char)(v >> 8 * i));
}

bool
colbounds_plain(const struct colbounds *b, const struct node *leaf, bool most,
	struct buf *out, bool *exact)
{
	int64_t i = (int64_t)(most ? b->most : b->least);
	double d = most ? b->dmost : b->dleast;
	float f = (float)d;

	*exact = true;
	if (!b->any || b->none)
		return false;
	/* Zeros of both signs compare equal; readers may not think so. */
	if (d == 0)
		d = most ? 0.0 : -0.0;
	f = (float)d;
	switch (leaf->physical) {
	case PHYSICAL_BYTES:
		return text(b, most, PLAIN_MOST, out, exact);
	case PHYSICAL_FIXED:
		put_fixed(most ? b->most : b->least, leaf->width, out);
		break;
	case PHYSICAL_FLOAT:
		buf_add(out, &f, sizeof(f));
		break;
	case PHYSICAL_DOUBLE:
		buf_add(out, &d, sizeof(d));
		break;
	default:
		buf_add(out, &i, (size_t)leaf->width);
	}
	return true;
}

static bool
json_text(const struct colbounds *b, bool most, struct buf *out)
{
	struct buf s;
	bool exact, is;

	buf_init(&s);
	is = text(b, most, JSON_MOST, &s, &exact);
	if (is)
		json_quote(out, buf_cstr(&s), s.n);
	buf_release(&s);
	return is;
}

static void
json_time(int64_t us, struct buf *out)
{
	struct value v = value_time(us);

	value_print(&v, out);
}

bool
colbounds_json(const struct colbounds *b, const struct node *leaf, bool most,
	struct buf *out)
{
	numeric v = most ? b->most : b->least;
	double d = most ? b->dmost : b->dleast;
	char s[NUMERIC_MAX];

	if (!b->any || b->none || leaf->physical == PHYSICAL_BOOLEAN)
		return false;
	switch (leaf->type == NULL ? TYPE_STRING : leaf->type->kind) {
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		if (!isfinite(d))
			return false;
		out->n += number_print_double(d, buf_need(out, NUMBER_MAX));
		return true;
	case TYPE_TIMESTAMP:
		json_time((int64_t)v, out);
		return true;
	case TYPE_DATE:
		buf_byte(out, '"');
		out->n += date_format((int32_t)v, buf_need(out, TIME_MAX));
		buf_byte(out, '"');
		return true;
	case TYPE_DECIMAL:
		buf_add(out, s, numeric_print(v, leaf->type->scale, s));
		return true;
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		buf_printf(out, "%lld", (long long)v);
		return true;
	default:
		return json_text(b, most, out);
	}
}
