/*
 * push: libcurl, by its own header.
 */
#define CURL_DISABLE_TYPECHECK
#include "io/push.h"

#include <curl/curl.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/dl.h"
#include "floor/err.h"
#include "time/time.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo

#define CONNECT_SECONDS 10L
#define SECONDS 60L
#define STOP_US (2 * TIME_SECOND)
#define ANSWER_MOST 4000 /* bytes that are kept */

#define NAMES(X)              \
	X(curl_easy_init)     \
	X(curl_easy_cleanup)  \
	X(curl_easy_perform)  \
	X(curl_easy_setopt)   \
	X(curl_easy_getinfo)  \
	X(curl_easy_strerror) \
	X(curl_slist_append)  \
	X(curl_slist_free_all)

static struct {
	NAMES(DL_POINTER)
} curl;
static const struct dl library = {"libcurl.so.4", "libcurl4", "pushes",
	(const char *const[]){NAMES(DL_NAME) NULL}};

static size_t
take(char *p, size_t size, size_t n, void *to)
{
	struct buf *answer = to;

	if (answer->n < ANSWER_MOST)
		buf_add(answer, p, size * n);
	return size * n;
}

/* What is being told to stop is not held up by a server that stalls. */
struct patience {
	bool (*stopping)(void);
	int64_t until_us; /* 0: not told yet */
};

static int
wait_on(void *of, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
	curl_off_t up)
{
	struct patience *p = of;

	(void)down_all, (void)down, (void)up_all, (void)up;
	if (!p->stopping())
		return 0;
	if (p->until_us == 0)
		p->until_us = time_monotonic() + STOP_US;
	return time_monotonic() >= p->until_us;
}

static void
set_patience(CURL *h, struct patience *p)
{
	if (p->stopping == NULL)
		return;
	curl.curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
	curl.curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, wait_on);
	curl.curl_easy_setopt(h, CURLOPT_XFERINFODATA, p);
}

static void
set_options(CURL *h, const struct push *p, struct buf *answer, char *why)
{
	curl.curl_easy_setopt(h, CURLOPT_URL, p->url);
	curl.curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	curl.curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, p->method);
	curl.curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl.curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl.curl_easy_setopt(h, CURLOPT_TIMEOUT, SECONDS);
	curl.curl_easy_setopt(h, CURLOPT_USERAGENT, "bief");
	curl.curl_easy_setopt(h, CURLOPT_ERRORBUFFER, why);
	curl.curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take);
	curl.curl_easy_setopt(h, CURLOPT_WRITEDATA, answer);
	if (p->type == NULL)
		return;
	curl.curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)p->n);
	curl.curl_easy_setopt(h, CURLOPT_POSTFIELDS, p->n > 0 ? p->body : "");
}

/* What the answer says, as one line. */
static int
refused(long status, struct buf *answer, struct err *err)
{
	char text[300];

	while (answer->n > 0 && answer->p[answer->n - 1] <= ' ')
		answer->n--;
	return err_set(err, "it answered with status %ld%s%s", status,
		answer->n > 0 ? ": " : "",
		answer->n > 0
			? err_quote(text, sizeof text, answer->p, answer->n)
			: "");
}

static int
perform(CURL *h, struct buf *answer, const char *why, bool *again,
	struct err *err)
{
	CURLcode rc = curl.curl_easy_perform(h);
	long status = 0;

	if (rc == CURLE_ABORTED_BY_CALLBACK)
		return err_set(err, "stopped before it had answered");
	if (rc != CURLE_OK) {
		*again = rc != CURLE_URL_MALFORMAT &&
			rc != CURLE_UNSUPPORTED_PROTOCOL;
		return err_set(err, "%s",
			*why != '\0' ? why : curl.curl_easy_strerror(rc));
	}
	curl.curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300)
		return 0;
	*again = status >= 500 || status == 408 || status == 429;
	return refused(status, answer, err);
}

int
push_send(const struct push *p, bool *again, struct err *err)
{
	char why[CURL_ERROR_SIZE] = "";
	struct patience patience = {p->stopping, 0};
	struct curl_slist *headers = NULL;
	struct buf answer, line;
	CURL *h;
	int ret;

	*again = false;
	if (dl_open(&library, &curl, err) < 0)
		return -1;
	h = curl.curl_easy_init();
	if (h == NULL)
		return err_set(err, "libcurl cannot begin");
	buf_init(&answer);
	buf_init(&line);
	set_options(h, p, &answer, why);
	set_patience(h, &patience);
	/* (No pause for "100 Continue", which few servers give.) */
	headers = curl.curl_slist_append(headers, "Expect:");
	if (p->type != NULL) {
		buf_printf(&line, "Content-Type: %s", p->type);
		headers = curl.curl_slist_append(headers, buf_cstr(&line));
	}
	curl.curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
	ret = perform(h, &answer, why, again, err);
	curl.curl_slist_free_all(headers);
	curl.curl_easy_cleanup(h);
	buf_release(&answer);
	buf_release(&line);
	return ret;
}
