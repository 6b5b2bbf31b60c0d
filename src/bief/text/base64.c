/*
 * base64: see base64.h.
 */
#include "text/base64.h"

#include "floor/buf.h"

/* clang-format off */
static const signed char base64_of[256] = {
	['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
	19, 20, 21, 22, 23, 24, 25, 26,
	['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42,
	43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
	['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, ['+'] = 63, ['/'] = 64};
/* clang-format on */

static const char base64_chars[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int
base64_digit(char c)
{
	return base64_of[(unsigned char)c] - 1;
}

bool
base64_decode(const char *s, size_t n, struct buf *out)
{
	unsigned bits = 0;
	size_t have = 0, pad = 0, chars = 0;

	for (size_t i = 0; i < n; i++) {
		int v = base64_of[(unsigned char)s[i]];

		if (s[i] == '\r' || s[i] == '\n' || s[i] == ' ')
			continue;
		if (s[i] == '=') {
			pad++;
			continue;
		}
		if (v == 0 || pad > 0)
			return false;
		bits = bits << 6 | (unsigned)(v - 1);
		have += 6;
		chars++;
		if (have >= 8) {
			have -= 8;
			buf_byte(out, (char)(bits >> have));
		}
	}
	return chars % 4 != 1;
}

void
base64_encode(const char *s, size_t n, struct buf *out)
{
	const unsigned char *p = (const unsigned char *)s;

	for (; n > 0; p += 3, n -= n < 3 ? n : 3) {
		unsigned bits = (unsigned)p[0] << 16 |
			(n > 1 ? (unsigned)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);

		buf_byte(out, base64_chars[bits >> 18]);
		buf_byte(out, base64_chars[bits >> 12 & 63]);
		buf_byte(out, n > 1 ? base64_chars[bits >> 6 & 63] : '=');
		buf_byte(out, n > 2 ? base64_chars[bits & 63] : '=');
	}
}
