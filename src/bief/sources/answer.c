/*
 * answer: see answer.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/http.h"
#include "sources/answer.h"
#include "text/digest.h"

void
answer_init(struct answer *a)
{
	memset(a, 0, sizeof(*a));
	buf_init(&a->etag);
	buf_init(&a->modified);
}

void
answer_release(struct answer *a)
{
	buf_release(&a->etag);
	buf_release(&a->modified);
}

static void
set(struct buf *b, const char *text)
{
	buf_clear(b);
	if (text != NULL)
		buf_str(b, text);
}

void
answer_take(struct answer *a, const struct http *h)
{
	set(&a->etag, http_etag(h));
	set(&a->modified, http_modified(h));
}

void
answer_take_body(struct answer *a, const char *p, size_t n)
{
	a->sum = digest_xxhash64(p, n, 0);
	a->bytes = n;
}

static bool
equal(const struct buf *b, const char *text)
{
	return b->n > 0 && text != NULL && strlen(text) == b->n &&
		memcmp(b->p, text, b->n) == 0;
}

bool
answer_same(const struct answer *a, const struct http *h)
{
	if (a->etag.n > 0 || http_etag(h) != NULL)
		return equal(&a->etag, http_etag(h));
	return equal(&a->modified, http_modified(h));
}

bool
answer_same_body(const struct answer *a, const char *p, size_t n)
{
	return a->bytes == n && a->sum == digest_xxhash64(p, n, 0);
}

/* Header values have no control characters: tabs part. */
void
answer_print(const struct answer *a, struct buf *out)
{
	buf_printf(out, "%llx\t%llu\t", (unsigned long long)a->sum,
		(unsigned long long)a->bytes);
	buf_add(out, a->etag.p, a->etag.n);
	buf_byte(out, '\t');
	buf_add(out, a->modified.p, a->modified.n);
}

int
answer_read(struct answer *a, const char *line)
{
	const char *etag, *modified;
	char *end;

	a->sum = strtoull(line, &end, 16);
	if (end == line || *end != '\t')
		return -1;
	line = end + 1;
	a->bytes = strtoull(line, &end, 10);
	if (end == line || *end != '\t')
		return -1;
	etag = end + 1;
	modified = strchr(etag, '\t');
	if (modified == NULL)
		return -1;
	buf_clear(&a->etag);
	buf_add(&a->etag, etag, (size_t)(modified - etag));
	set(&a->modified, modified + 1);
	return 0;
}

void
answer_conditions(
	const struct answer *a, struct buf text[2], const char *headers[3])
{
	int n = 0;

	if (a->etag.n > 0) {
		set(&text[0], "If-None-Match: ");
		buf_add(&text[0], a->etag.p, a->etag.n);
		headers[n++] = buf_cstr(&text[0]);
	}
	if (a->modified.n > 0) {
		set(&text[1], "If-Modified-Since: ");
		buf_add(&text[1], a->modified.p, a->modified.n);
		headers[n++] = buf_cstr(&text[1]);
	}
	headers[n] = NULL;
}
