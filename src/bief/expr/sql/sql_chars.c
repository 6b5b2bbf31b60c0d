/*
 * sql_chars: see sql_chars.h.  Letters beyond ASCII are the C library's, in a
 * locale of our own that is made when the first one comes: that of the process
 * would make answers depend on who runs it.
 */
#include "expr/sql/sql_chars.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <wctype.h>

#include "floor/buf.h"
#include "expr/sql/datum/datum.h"

size_t
sql_chars_count(const char *s, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((unsigned char)s[i] & 0xC0) != 0x80;
	return count;
}

const char *
sql_chars_at(const char *s, const char *end, int64_t i)
{
	while (i-- > 0 && s < end)
		s += sql_chars_step(s, end);
	return s;
}

uint32_t
sql_chars_code(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;

	assert(n >= 1);
	assert(n <= 4);
	switch (n) {
	case 2:
		return (uint32_t)(p[0] & 31) << 6 | (p[1] & 63);
	case 3:
		return (uint32_t)(p[0] & 15) << 12 |
			(uint32_t)(p[1] & 63) << 6 | (p[2] & 63);
	case 4:
		return (uint32_t)(p[0] & 7) << 18 |
			(uint32_t)(p[1] & 63) << 12 |
			(uint32_t)(p[2] & 63) << 6 | (p[3] & 63);
	}
	return p[0];
}

bool
sql_chars_within(const char *s, size_t n, const char *what, size_t nwhat)
{
	const char *last;

	if (nwhat == 0)
		return true;
	if (n > 64 || nwhat < 2)
		return memmem(s, n, what, nwhat) != NULL;
	if (n < nwhat)
		return false;
	for (last = s + n - nwhat; s <= last; s++)
		if (s[0] == what[0] && s[1] == what[1] &&
			memcmp(s + 2, what + 2, nwhat - 2) == 0)
			return true;
	return false;
}

static bool
is_ascii(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] >= 0x80)
			return false;
	return true;
}

static void
change_char(struct datum_ctx *c, int how, uint32_t ch, struct buf *b)
{
	if (ch == 0xDF && how != SQL_LOWER) { /* sharp s */
		buf_str(b, how == SQL_UPPER ? "SS" : "Ss");
		return;
	}
	if (ch == 0x130 && how == SQL_LOWER) { /* I with a dot */
		buf_str(b, "i\xCC\x87");
		return;
	}
	buf_utf8(b,
		how == SQL_LOWER ? (uint32_t)towlower_l((wint_t)ch, c->locale)
				 : (uint32_t)towupper_l((wint_t)ch, c->locale));
}

/* Of ASCII letters alone. */
static void
change_ascii(enum sql_case how, const char *s, size_t n, struct buf *b)
{
	char first = how == SQL_UPPER ? 'a' : 'A', *p = buf_need(b, n);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(s[i] ^ ((unsigned char)(s[i] - first) < 26) << 5);
	b->n += n;
}

void
sql_chars_case(struct datum_ctx *c, enum sql_case how, const char *s, size_t n,
	struct buf *b)
{
	const char *end = s + n;
	bool first = true;
	size_t k;

	if (how != SQL_INITCAP && is_ascii(s, n)) {
		change_ascii(how, s, n, b);
		return;
	}
	if (!is_ascii(s, n) && c->locale == (locale_t)0)
		c->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	for (; s < end; s += k) {
		int to = how == SQL_INITCAP ? first ? SQL_UPPER : SQL_LOWER
					    : how;

		k = sql_chars_step(s, end);
		if ((unsigned char)*s < 0x80 || c->locale == (locale_t)0) {
			if (k > 1)
				buf_add(b, s, k);
			else
				buf_byte(b,
					(char)(to == SQL_UPPER
							? toupper((
								  unsigned char)*s)
							: tolower((
								  unsigned char)*s)));
		} else {
			change_char(c,
				how == SQL_INITCAP && first ? SQL_INITCAP : to,
				sql_chars_code(s, k), b);
		}
		first = *s == ' ';
	}
}
