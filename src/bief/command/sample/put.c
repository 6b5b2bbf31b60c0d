/*
 * put: see put.h.
 */
#include "command/sample/put.h"

#include <stdbool.h>
#include <string.h>

#include "text/number.h"
#include "time/time.h"

void
put_int(struct buf *out, int64_t i)
{
	out->n += number_print_int(i, buf_need(out, NUMBER_MAX));
}

static void
put_decimal(struct buf *out, int64_t n, int digits, bool real)
{
	uint64_t rest, ten = 1, u = n < 0 ? -(uint64_t)n : (uint64_t)n;
	char *p;

	for (int i = 0; i < digits; i++)
		ten *= 10;
	if (n < 0)
		buf_byte(out, '-');
	put_int(out, (int64_t)(u / ten));
	rest = u % ten;
	if (rest == 0 && !real)
		return;
	while (digits > 1 && rest % 10 == 0) {
		rest /= 10;
		digits--;
	}
	p = buf_need(out, (size_t)digits + 1);
	*p = '.';
	for (int i = digits; i > 0; i--) {
		p[i] = (char)('0' + rest % 10);
		rest /= 10;
	}
	out->n += (size_t)digits + 1;
}

void
put_fixed(struct buf *out, int64_t n, int digits)
{
	put_decimal(out, n, digits, false);
}

void
put_double(struct buf *out, int64_t n, int digits)
{
	put_decimal(out, n, digits, true);
}

void
put_hex(struct buf *out, uint64_t bits, int digits)
{
	char *p = buf_need(out, (size_t)digits);

	for (int i = 0; i < digits; i++)
		p[i] = "0123456789abcdef"[bits >> 4 * i & 15];
	out->n += (size_t)digits;
}

void
put_iso(struct buf *out, int64_t seconds)
{
	out->n += time_format_iso(
		seconds * TIME_SECOND, buf_need(out, TIME_MAX));
}

void
put_replaced(struct buf *out, const char *text, char what, const char *by)
{
	for (const char *at; (at = strchr(text, what)) != NULL; text = at + 1) {
		buf_add(out, text, (size_t)(at - text));
		buf_str(out, by);
	}
	buf_str(out, text);
}
