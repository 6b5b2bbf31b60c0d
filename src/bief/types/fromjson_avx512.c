/*
 * fromjson_avx512: lines that look as an earlier one did, all of their fields
 * at once.
 *
 * Where the loop of fromjson_object.h finds the end of each value before it can
 * look at the next key, this finds all quotes of the line first.  In a line with
 * as many quotes as an earlier one the keys are taken to begin at the same ones,
 * so that no field waits for those before it.  That is a guess: every byte of
 * the line is compared or read before it is believed, else the loop reads the
 * line as if nothing had been.
 */
#include "text/simd_avx512.h"

#include "types/fromjson_object.h"

bool
fromjson_avx512_there(void)
{
	return simd_avx512_there();
}

#ifdef SIMD_AVX512

#include <stdlib.h>

#include "floor/mem.h"

#define QUOTES 256 /* of a line; more are left to the loop */
#define LINE 60000 /* bytes of it: places are 16 bits */
#define SHORT 64   /* bytes: below these the loop is as fast */
#define STEPS 64   /* keys of it */
#define BEFORE 2   /* bytes before the quote of a key, but for ... */
#define TRUST 32   /* lines, at most; see there */
#define PAUSE 256  /* lines */

/* How the value of a key is read. */
enum way {
	WAY_PASS,    /* text that no field is for */
	WAY_UNASKED, /* text that nobody asks for */
	WAY_TEXT,    /* of a string */
	WAY_INT,     /* digits */
	WAY_REAL,    /* digits with a point */
	WAY_TIME,    /* digits */
	WAY_QUICK,   /* quick_value() knows */
	WAY_NULL,
	WAY_SKIP, /* no field has this key */
};

/*
 * A key, and how its value is read; or the end of the object.  The quotes of a
 * value belong to the texts before and behind it.
 */
struct step {
	char text[NODE_BYTES]; /* from behind the last value to this one */
	uint32_t mask;         /* of text */
	uint16_t n;
	uint16_t quote; /* which of the line's quotes begins the key */
	uint8_t before; /* bytes of text before that */
	uint8_t way;
	uint8_t quoted; /* 1: the value is */
	const struct target *target;
	size_t place; /* of the field's value, in bytes */
};

/* What lines with a number of quotes look like. */
struct form {
	size_t quotes; /* 0: none is known */
	size_t n;      /* steps before the end */
	uint64_t seen; /* fields that it has */
	struct step step[STEPS + 1];
};

#define FORMS 8 /* by the number of pairs of quotes */

struct fromjson_forms {
	int trust; /* more for a line that was as expected, less for others */
	unsigned pause;
	struct form form[FORMS];
};

/*
 * The places of the quotes in a line whose text is as most are, and behind them
 * that of its end; 0: there are none, too many, or what is no plain text.
 */
static inline __attribute__((always_inline)) size_t
find_quotes(const char *p, size_t n, uint16_t *at)
{
	const __m512i quote = _mm512_set1_epi8('"');
	const __m512i slash = _mm512_set1_epi8('\\');
	const __m512i space = _mm512_set1_epi8(' ');
	const __m512i byte = _mm512_set_epi8(63, 62, 61, 60, 59, 58, 57, 56, 55,
		54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39,
		38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23,
		22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6,
		5, 4, 3, 2, 1, 0);
	uint64_t odd = 0, high = 0;
	size_t k = 0;

	for (size_t i = 0; i < n; i += 64) {
		uint64_t in = n - i >= 64 ? ~UINT64_C(0)
					  : (UINT64_C(1) << (n - i)) - 1;
		__m512i x = _mm512_loadu_si512((const void *)(p + i)), places;
		uint64_t m = _mm512_mask_cmpeq_epi8_mask(in, x, quote);
		int found = __builtin_popcountll(m);

		odd |= _mm512_mask_cmpeq_epi8_mask(in, x, slash) |
			_mm512_mask_cmplt_epu8_mask(in, x, space);
		high |= _mm512_movepi8_mask(x) & in;
		if (found > 32 || k > QUOTES)
			return 0;
		places = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(
			_mm512_maskz_compress_epi8(m, byte)));
		_mm512_storeu_si512(at + k,
			_mm512_add_epi16(places, _mm512_set1_epi16((short)i)));
		k += (size_t)found;
	}
	at[k] = (uint16_t)n;
	return odd != 0 || (high != 0 && !simd_utf8(p, n)) ? 0 : k;
}

/* ---- values between two places ---- */

/* What the loop over values keeps in registers. */
struct digits {
	__m256i first, span; /* '0', 9 */
};

/* A constant that is not made anew at each use. */
static inline __m256i
kept(char c)
{
	__m256i x = _mm256_set1_epi8(c);

	__asm__("" : "+x"(x));
	return x;
}

/* Those of k bytes that are no digits; k is below 32. */
static inline uint32_t
nondigits(const struct digits *d, const char *p, size_t k)
{
	__m256i x = _mm256_sub_epi8(
		_mm256_loadu_si256((const void *)p), d->first);

	return _mm256_cmpgt_epu8_mask(x, d->span) & ((1U << k) - 1);
}

/* Digits alone, as many as fit, and a sign. */
static inline bool
is_integer(const struct digits *d, const struct target *t, const char *p,
	const char *next)
{
	size_t sign = *p == '-';
	size_t k = (size_t)(next - p) - sign;

	p += sign;
	return k - 1 < 31 && nondigits(d, p, k) == 0 &&
		digits_fit(t, p, (unsigned)k) &&
		!((*p == '0') & (k > 1 || sign != 0));
}

/* Digits, a point, digits, and a sign. */
static inline bool
is_real(const struct digits *d, const char *p, const char *next)
{
	size_t sign = *p == '-';
	size_t k = (size_t)(next - p) - sign, point;
	uint32_t m;

	p += sign;
	if (k - 1 >= 31 || (m = nondigits(d, p, k)) == 0)
		return false;
	point = (size_t)__builtin_ctz(m);
	return (m & (m - 1)) == 0 && p[point] == '.' && point > 0 &&
		point + 1 < k && !((point > 1) & (*p == '0'));
}

static inline bool
read_time(const struct digits *d, const struct target *t, const char *p,
	const char *next, struct value *v)
{
	size_t sign = *p == '-';
	size_t k = (size_t)(next - p) - sign;
	int64_t i;

	if (!is_integer(d, t, p, next))
		return false;
	if (k <= t->pass) {
		*v = value_null();
		return true;
	}
	i = digits_value(p + sign, (unsigned)k);
	return fromvalue_time(t->type, sign != 0 ? -i : i, v);
}

/* A value that takes what it takes; apart, so that the others are quick. */
static __attribute__((noinline)) bool
read_quickly(const struct fromjson *f, const struct step *s, const char *p,
	const char *next, struct value *v)
{
	p -= s->quoted;
	next += s->quoted;
	if (s->way == WAY_SKIP)
		return quick_skip(&f->value, p) == next &&
			next - p < LENIENT_DIGITS;
	return quick_value(f, p, f->value.l.end, s->target, v) == next;
}

static inline __attribute__((always_inline)) bool
read_step(const struct fromjson *f, const struct digits *d,
	const struct step *s, const char *p, const char *next, struct value *v)
{
	uint32_t n = (uint32_t)(next - p);

	switch (s->way) {
	case WAY_PASS:
		return true;
	case WAY_UNASKED:
		*v = value_null();
		return true;
	case WAY_TEXT:
		*v = value_json_string(p, n, false);
		return true;
	case WAY_REAL:
		*v = (struct value){.s = p, .n = n, .type = VALUE_REAL};
		if (is_real(d, p, next))
			return true;
		break;
	case WAY_INT:
		*v = (struct value){.s = p, .n = n, .type = VALUE_NUMBER};
		return is_integer(d, s->target, p, next);
	case WAY_TIME:
		return read_time(d, s->target, p, next, v);
	case WAY_NULL:
		*v = value_null();
		return n == 4 && memcmp(p, "null", 4) == 0;
	default:
		break;
	}
	return read_quickly(f, s, p, next, v);
}

static inline bool
is_step(const struct step *s, const char *p)
{
	return _mm256_mask_cmpneq_epi8_mask(s->mask,
		       _mm256_loadu_si256((const void *)p),
		       _mm256_loadu_si256((const void *)s->text)) == 0;
}

static inline __attribute__((always_inline)) bool
read_form(const struct fromjson *f, const struct form *form, const char *p,
	const uint16_t *at, struct value *v)
{
	const struct step *s = form->step, *last = s + form->n;
	const struct digits d = {kept('0'), kept(9)};
	const char *key = p, *next;

	for (; s < last; s++, key = next) {
		next = p + at[s[1].quote] - s[1].before;
		if (!is_step(s, key) ||
			!read_step(f, &d, s, key + s->n, next,
				(void *)((char *)v + s->place)))
			return false;
	}
	return is_step(s, key);
}

/* ---- learning what a line looks like ---- */

static enum way
way_of(const struct target *t, char c)
{
	if (t == NULL)
		return c == '"' ? WAY_PASS : WAY_SKIP;
	if (c == 'n')
		return WAY_NULL;
	if (c == '"')
		return t->quick != QUICK_STRING     ? WAY_QUICK
			: t->asked == FIELD_UNASKED ? WAY_PASS
						    : WAY_TEXT;
	switch (t->quick) {
	case QUICK_INT:
		return WAY_INT;
	case QUICK_REAL:
		return WAY_REAL;
	case QUICK_TIME:
		return WAY_TIME;
	default:
		return WAY_QUICK;
	}
}

/* The step of a key, whose value begins with c; the last value was quoted. */
static bool
learn_step(const struct fromjson *f, struct step *s, const struct node *node,
	size_t quote, char c, bool quoted)
{
	const char *q = memchr(node->text, '"', node->n);
	bool end = node->index == NODE_END;
	uint32_t n = node->n + quoted;

	s->target = node->index >= 0 ? &f->target[node->index] : NULL;
	s->place = node->index >= 0 ? (size_t)node->index * sizeof(struct value)
				    : 0;
	s->quote = (uint16_t)quote;
	s->quoted = !end && c == '"';
	s->n = (uint16_t)(n + s->quoted);
	if (node->n == 0 || s->n > NODE_BYTES || (q == NULL) != end)
		return false;
	s->text[0] = '"';
	memcpy(s->text + quoted, node->text, node->n);
	if (s->quoted)
		s->text[n] = '"';
	s->mask = s->n == 32 ? UINT32_MAX : (UINT32_C(1) << s->n) - 1;
	s->way = (uint8_t)(end ? WAY_SKIP : way_of(s->target, c));
	s->before = (uint8_t)(end ? n : (uint32_t)(q - node->text) + quoted);
	return s->before <= BEFORE + quoted;
}

/* From what the loop has remembered of the line that it just read. */
static bool
learn_steps(const struct fromjson *f, struct form *form, const char *p,
	const uint16_t *at)
{
	const struct node *node = f->start.next;
	struct step *s = form->step;
	size_t quote = 0;
	bool quoted = false;
	const char *q;

	for (form->n = 0, form->seen = 0; node != NULL; node = node->next) {
		q = memchr(node->text, '"', node->n);
		q = p + at[quote] - (q != NULL ? q - node->text : 0) + node->n;
		if (!learn_step(f, s, node, quote, *q, quoted))
			return false;
		if (node->index == NODE_END)
			return quote == form->quotes;
		if (node->index >= 0 && (form->seen >> node->index & 1) != 0)
			return false;
		if (node->index >= 0)
			form->seen |= UINT64_C(1) << node->index;
		if (quote + 2 > form->quotes || ++form->n > STEPS)
			return false;
		quoted = s->quoted;
		quote += quoted ? 4 : 2;
		s++;
	}
	return false;
}

static void
learn_form(struct fromjson *f, struct form *form, const char *p,
	const uint16_t *at, size_t quotes)
{
	form->quotes = quotes;
	if (f->value.malformed || !learn_steps(f, form, p, at))
		form->quotes = 0;
}

/* A line that is not as expected: what it looks like is expected from now on;
 * where none is as expected, no more is tried for a while. */
static int
read_other(struct fromjson *f, const char *p, struct value *v, size_t quotes,
	const uint16_t *at)
{
	struct fromjson_forms *forms = f->forms;
	int ret = fromjson_avx2(f, p, v);

	forms->trust -= 2;
	if (forms->trust < 0) {
		forms->pause = PAUSE;
		forms->trust = TRUST / 2;
	}
	if (ret == 0 && quotes > 0)
		learn_form(f, &forms->form[quotes / 2 % FORMS], p, at, quotes);
	return ret;
}

/* Apart, for the room that it takes is not free for a short line. */
static __attribute__((noinline)) int
read_line(struct fromjson *f, const char *p, size_t n, struct value *v)
{
	uint16_t at[QUOTES + 128];
	struct fromjson_forms *forms = f->forms;
	size_t quotes = find_quotes(p, n, at);
	struct form *form = &forms->form[quotes / 2 % FORMS];

	if (quotes == 0 || form->quotes != quotes ||
		!read_form(f, form, p, at, v))
		return read_other(f, p, v, quotes, at);
	forms->trust += forms->trust < TRUST;
	return end_object(f, form->seen, v);
}

int
fromjson_avx512(struct fromjson *f, const char *p, struct value *v)
{
	size_t n = (size_t)(f->value.l.end - p);

	if (n < SHORT || n > LINE || f->all == 0)
		return fromjson_avx2(f, p, v);
	if (f->forms == NULL)
		f->forms = mem_zalloc(sizeof(*f->forms));
	if (f->forms->pause == 0)
		return read_line(f, p, n, v);
	f->forms->pause--;
	return fromjson_avx2(f, p, v);
}

#else

int
fromjson_avx512(struct fromjson *f, const char *p, struct value *v)
{
	return fromjson_avx2(f, p, v);
}

#endif

SIMD_AVX512_END
