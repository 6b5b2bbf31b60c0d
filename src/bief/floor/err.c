/*
 * err: finished messages: see err.h.
 */
#include "floor/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
err_set(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	err->status = STATUS_FAILED;
	return -1;
}

int
err_as(struct err *err, enum status status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	err->status = status;
	return -1;
}

int
err_sys(struct err *err, const char *fmt, ...)
{
	const char *why = strerrordesc_np(errno);
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	n = strlen(err->text);
	snprintf(err->text + n, sizeof(err->text) - n, ": %s",
		why != NULL ? why : "unknown error");
	err->status = STATUS_FAILED;
	return -1;
}

int
err_in(struct err *err, const char *fmt, ...)
{
	char old[sizeof(err->text)];
	size_t n;
	va_list ap;

	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	n = strlen(err->text);
	snprintf(err->text + n, sizeof(err->text) - n, ": %s", old);
	return -1;
}

/* The length of the UTF-8 character at p if it may be shown, else 0. */
static size_t
shown_length(const unsigned char *p, size_t n)
{
	size_t i, len;

	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f;
	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
		return 0;
	for (i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	/* U+0080..U+009F are control characters to a terminal as well. */
	if (p[0] == 0xc2 && p[1] < 0xa0)
		return 0;
	/* Ends of lines and paragraphs, and what turns the text around. */
	if (p[0] == 0xe2 &&
		((p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
			(p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)))
		return 0;
	return len;
}

char *
err_clean(char *text)
{
	size_t i = 0, n = strlen(text), len;

	while (i < n) {
		len = shown_length((const unsigned char *)text + i, n - i);
		if (len == 0 && text[i] != '\t' &&
			strncmp(text + i, "\n  ", 3) != 0)
			text[i] = '?';
		i += len > 0 ? len : 1;
	}
	return text;
}

char *
err_quote(char *out, size_t size, const char *data, size_t n)
{
	size_t i = 0, o = 0, len, keep = 0;

	if (size == 0)
		return out;
	while (i < n) {
		len = shown_length((const unsigned char *)data + i, n - i);
		if (o + (len ? len : 1) >= size)
			break;
		if (len == 0) {
			out[o] = '?';
			len = 1;
		} else {
			memcpy(out + o, data + i, len);
		}
		i += len;
		o += len;
		if (o + 3 < size)
			keep = o;
	}
	if (i < n && size > 3) {
		memcpy(out + keep, "...", 3);
		o = keep + 3;
	}
	out[o] = '\0';
	return out;
}

int
err_caret(struct err *err, const char *text, size_t at, const char *fmt, ...)
{
	const char *place = text + at, *from = place, *to = place;
	char line[400];
	size_t column = 0, n;
	va_list ap;

	/* Of a long line the part around the place is shown. */
	while (from > text && from[-1] != '\n' && place - from < 60)
		from--;
	while (from > text && ((unsigned char)*from & 0xC0) == 0x80)
		from--;
	to = place + strcspn(place, "\n");
	if (to - place > 40)
		to = place + 40;
	while (*to != '\0' && ((unsigned char)*to & 0xC0) == 0x80)
		to++;
	for (const char *p = from; p < place; p++)
		column += ((unsigned char)*p & 0xC0) != 0x80;
	err_quote(line, sizeof(line), from, (size_t)(to - from));
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	n = strlen(err->text);
	snprintf(err->text + n, sizeof(err->text) - n, "\n  %s\n  %*s^", line,
		(int)column, "");
	err->status = STATUS_USAGE;
	return -1;
}
