/*
 * gateway: see gateway.h.
 */
#include "sinks/gateway.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "text/base64.h"
#include "sinks/series.h"

static void
put_percent(struct buf *out, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	for (; *s != '\0'; s++) {
		if (strchr(plain, *s) != NULL)
			buf_byte(out, *s);
		else
			buf_printf(out, "%%%02X", (unsigned char)*s);
	}
}

/* /name/value; one that is empty or has a slash stands in base 64. */
static void
put_pair(struct buf *out, const char *name, const char *value)
{
	size_t at;

	buf_printf(out, "/%s", name);
	if (*value != '\0' && strchr(value, '/') == NULL) {
		buf_byte(out, '/');
		put_percent(out, value);
		return;
	}
	buf_str(out, "@base64/");
	at = out->n;
	base64_encode(value, strlen(value), out);
	if (out->n == at)
		buf_byte(out, '=');
	for (; at < out->n; at++) {
		if (out->p[at] == '+')
			out->p[at] = '-';
		else if (out->p[at] == '/')
			out->p[at] = '_';
	}
}

int
gateway_url(struct buf *out, const char *url, const char *job,
	const struct list *groups, struct err *err)
{
	size_t n = strlen(url);
	char quoted[200];

	while (n > 0 && url[n - 1] == '/')
		n--;
	if (strstr(url, "://") == NULL)
		buf_str(out, "http://");
	buf_add(out, url, n);
	buf_str(out, "/metrics");
	put_pair(out, "job", job);
	for (size_t i = 0; i < groups->n; i++) {
		const char *word = groups->s[i], *is = strchr(word, '=');
		char *name = mem_dup(word, strcspn(word, "="));
		bool fine = is != NULL && series_is_name(name, false) &&
			strcmp(name, "job") != 0;

		if (fine)
			put_pair(out, name, is + 1);
		free(name);
		if (!fine)
			return err_as(err, STATUS_USAGE,
				"--group: '%s' is no NAME=VALUE, with the name "
				"of a label other than job",
				err_quote(quoted, sizeof quoted, word,
					strlen(word)));
	}
	buf_cstr(out);
	return 0;
}

void
gateway_shown(struct buf *out, const char *url)
{
	const char *host = strstr(url, "://"), *at;

	host = host != NULL ? host + 3 : url;
	buf_add(out, url, (size_t)(host - url));
	for (at = host; *at != '\0' && *at != '/'; at++)
		if (*at == '@')
			host = at + 1;
	buf_str(out, host);
	buf_cstr(out);
}
