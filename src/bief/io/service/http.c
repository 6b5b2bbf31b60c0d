/*
 * http: see http.h.  libcurl's multi interface tells which sockets it waits for
 * and until when; an epoll descriptor stands for all of them.  Redirects are
 * followed here and not by libcurl, which would hand on to another host what it
 * does not know to be secret.
 */
#include "io/service/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/dl.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "io/textfile.h"
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#define CONNECT_US (30 * TIME_SECOND)
#define REDIRECTS 10
#define REFUSAL ((size_t)8 << 10) /* as much of the body of one is kept */
#define EVENTS 16
#define BLOCK (256L << 10)
#define AWAY_US (24 * 3600 * TIME_SECOND) /* Retry-After is no longer */
#define HEADERS_LINE ((size_t)64 << 10)

#define NAMES(X)                    \
	X(curl_global_init)         \
	X(curl_easy_init)           \
	X(curl_easy_cleanup)        \
	X(curl_easy_reset)          \
	X(curl_easy_setopt)         \
	X(curl_easy_getinfo)        \
	X(curl_easy_strerror)       \
	X(curl_multi_init)          \
	X(curl_multi_cleanup)       \
	X(curl_multi_add_handle)    \
	X(curl_multi_remove_handle) \
	X(curl_multi_setopt)        \
	X(curl_multi_socket_action) \
	X(curl_multi_info_read)     \
	X(curl_slist_append)        \
	X(curl_slist_free_all)      \
	X(curl_url)                 \
	X(curl_url_set)             \
	X(curl_url_get)             \
	X(curl_url_cleanup)         \
	X(curl_free)

static struct {
	NAMES(DL_POINTER)
} curl;
static const struct dl library = {DL_CURL, "requests by HTTP",
	(const char *const[]){NAMES(DL_NAME) NULL}};

enum header { HEADER_TYPE, HEADER_ETAG, HEADER_MODIFIED, HEADERS };
static const char *const header_names[HEADERS] = {
	"content-type", "etag", "last-modified"};

struct http {
	struct http_options o;
	char *url, *name, *origin;
	char *at; /* where a redirect has led to; NULL: url */
	CURLM *multi;
	CURL *easy;
	int epoll;
	bool under_way, lasting;
	bool connected; /* headers have begun to come */
	int redirects;
	struct http_request request;
	struct curl_slist *list; /* its headers */
	struct list_of {
		char **s;
		size_t n;
	} secret;         /* the lines of the headers' file */
	struct stat read; /* the file as it was then */
	int64_t timer;    /* libcurl's, time_monotonic; INT64_MAX: none */
	int64_t heard;    /* when something came last */
	int status;
	struct buf body;
	struct buf headers[HEADERS];
	bool has[HEADERS];
	char why[CURL_ERROR_SIZE];
};

static void
secrets_clear(struct http *h)
{
	for (size_t i = 0; i < h->secret.n; i++)
		free(h->secret.s[i]);
	free(h->secret.s);
	h->secret = (struct list_of){NULL, 0};
}

/* A name of a header, a colon, and nothing that would begin another one. */
static bool
is_header(const char *line, size_t n)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *colon = memchr(line, ':', n);

	if (colon == NULL || colon == line || memchr(line, '\0', n) != NULL)
		return false;
	for (const char *p = line; p < colon; p++)
		if (strchr(token, *p) == NULL)
			return false;
	return true;
}

/* What the file holds is never shown: it may be half a token. */
static int
secrets_take(struct http *h, const char *line, size_t n, size_t number,
	struct err *err)
{
	while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	if (n == 0 || *line == '#')
		return 0;
	if (!is_header(line, n))
		return err_as(err, STATUS_USAGE,
			"--headers '%s': line %zu is "
			"no header: expected 'Name: value'",
			h->o.headers, number);
	h->secret.s = mem_realloc(
		h->secret.s, (h->secret.n + 1) * sizeof(*h->secret.s));
	h->secret.s[h->secret.n++] = mem_dup(line, n);
	return 0;
}

/* Read the headers' file, again when it has changed: tokens are renewed. */
static int
secrets_read(struct http *h, struct err *err)
{
	struct textfile f;
	const char *line;
	struct stat now;
	size_t n;
	int got;

	if (h->o.headers == NULL ||
		(h->secret.n > 0 && stat(h->o.headers, &now) == 0 &&
			now.st_ino == h->read.st_ino &&
			now.st_size == h->read.st_size &&
			memcmp(&now.st_mtim, &h->read.st_mtim,
				sizeof(now.st_mtim)) == 0))
		return 0;
	secrets_clear(h);
	got = textfile_open(&f, h->o.headers, HEADERS_LINE, NULL, err);
	h->read = f.seen;
	while (got >= 0 && (got = textfile_line(&f, &line, &n, err)) > 0)
		got = secrets_take(h, line, n, f.line, err);
	textfile_release(&f);
	if (got < 0 && err->status != STATUS_USAGE) {
		err_in(err, "--headers");
		err->status = STATUS_USAGE;
	}
	return got < 0 ? -1 : 0;
}

static char *
part_of(CURLU *u, CURLUPart part)
{
	char *text = NULL, *copy;

	if (curl.curl_url_get(u, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
		return mem_dup("", 0);
	copy = mem_dup(text, strlen(text));
	curl.curl_free(text);
	return copy;
}

/* scheme://host:port of an URL, and the same with its path; NULL: it is none
 * that we can fetch. */
static char *
url_origin(const char *url, char **name)
{
	CURLU *u = curl.curl_url();
	char *scheme = NULL, *host, *port, *path, *origin = NULL;
	struct buf b;

	if (u == NULL || strstr(url, "://") == NULL ||
		curl.curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK)
		goto done;
	scheme = part_of(u, CURLUPART_SCHEME);
	if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		goto done;
	host = part_of(u, CURLUPART_HOST);
	port = part_of(u, CURLUPART_PORT);
	path = part_of(u, CURLUPART_PATH);
	buf_init(&b);
	buf_printf(&b, "%s://%s:%s", scheme, host, port);
	origin = mem_dup(b.p, b.n);
	if (strcmp(port, strcmp(scheme, "https") == 0 ? "443" : "80") == 0)
		b.n -= strlen(port) + 1;
	buf_str(&b, path);
	if (name != NULL)
		*name = mem_dup(b.p, b.n);
	buf_release(&b);
	free(host);
	free(port);
	free(path);
done:
	free(scheme);
	curl.curl_url_cleanup(u);
	return origin;
}

/* ---- what libcurl calls ---- */

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct http *h = arg;
	struct epoll_event e = {.data.fd = fd};

	if (what != CURL_POLL_OUT)
		e.events |= EPOLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		e.events |= EPOLLOUT;
	if (what == CURL_POLL_REMOVE)
		epoll_ctl(h->epoll, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(h->epoll, EPOLL_CTL_MOD, fd, &e) < 0)
		epoll_ctl(h->epoll, EPOLL_CTL_ADD, fd, &e);
	return 0;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct http *h = arg;

	h->timer = timeout_ms < 0 ? INT64_MAX
				  : time_monotonic() + timeout_ms * 1000;
	return 0;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct http *h = arg;

	h->heard = time_monotonic();
	if (h->status < 300)
		buf_add(&h->body, p, n);
	else if (h->body.n < REFUSAL)
		buf_add(&h->body, p,
			n < REFUSAL - h->body.n ? n : REFUSAL - h->body.n);
	return n;
}

static void
answer_clear(struct http *h)
{
	h->status = 0;
	buf_clear(&h->body);
	for (int i = 0; i < HEADERS; i++)
		h->has[i] = false;
}

/* The value of a header that we look at. */
static void
take_header(struct http *h, int i, const char *p, size_t n)
{
	while (n > 0 && (*p == ' ' || *p == '\t')) {
		p++;
		n--;
	}
	if (i == HEADER_TYPE && memchr(p, ';', n) != NULL)
		n = (size_t)((const char *)memchr(p, ';', n) - p);
	while (n > 0 && (unsigned char)p[n - 1] <= ' ')
		n--;
	for (size_t k = 0; k < n; k++)
		if ((unsigned char)p[k] < ' ')
			return;
	if (n == 0)
		return;
	buf_clear(&h->headers[i]);
	buf_add(&h->headers[i], p, n);
	h->has[i] = true;
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct http *h = arg;
	long status = 0;
	size_t m;

	h->heard = time_monotonic();
	h->connected = true;
	if (n > 5 && memcmp(p, "HTTP/", 5) == 0) {
		answer_clear(h);
		curl.curl_easy_getinfo(
			h->easy, CURLINFO_RESPONSE_CODE, &status);
		h->status = (int)status;
		return n;
	}
	for (int i = 0; i < HEADERS; i++) {
		m = strlen(header_names[i]);
		if (n > m && p[m] == ':' &&
			strncasecmp(p, header_names[i], m) == 0)
			take_header(h, i, p + m + 1, n - m - 1);
	}
	return n;
}

/* ---- a client ---- */

static int
client_open(struct http *h, struct err *err)
{
	h->multi = curl.curl_multi_init();
	h->easy = curl.curl_easy_init();
	h->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (h->multi == NULL || h->easy == NULL || h->epoll < 0)
		return err_set(err, "libcurl does not start");
	curl.curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl.curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl.curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl.curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	return 0;
}

struct http *
http_new(const char *url, const struct http_options *o, struct err *err)
{
	struct http *h;
	char quoted[300];

	if (dl_open(&library, &curl, err) < 0)
		return NULL;
	if (curl.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		err_set(err, "libcurl does not start");
		return NULL;
	}
	h = mem_zalloc(sizeof(*h));
	h->o = *o;
	h->epoll = -1;
	h->timer = INT64_MAX;
	buf_init(&h->body);
	for (int i = 0; i < HEADERS; i++)
		buf_init(&h->headers[i]);
	h->url = mem_dup(url, strlen(url));
	h->origin = url_origin(url, &h->name);
	if (h->origin == NULL)
		err_as(err, STATUS_USAGE,
			"'%s' is no URL: expected "
			"http://HOST/PATH or https://HOST/PATH",
			err_quote(quoted, sizeof(quoted), url, strlen(url)));
	else if (o->ca != NULL && access(o->ca, R_OK) < 0) {
		err_sys(err, "cannot read --ca '%s'", o->ca);
		err->status = STATUS_USAGE;
	} else if (client_open(h, err) == 0 && secrets_read(h, err) == 0)
		return h;
	http_free(h);
	return NULL;
}

void
http_stop(struct http *h)
{
	if (h->under_way)
		curl.curl_multi_remove_handle(h->multi, h->easy);
	h->under_way = false;
	curl.curl_slist_free_all(h->list);
	h->list = NULL;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	http_stop(h);
	if (h->easy != NULL)
		curl.curl_easy_cleanup(h->easy);
	if (h->multi != NULL)
		curl.curl_multi_cleanup(h->multi);
	if (h->epoll >= 0)
		close(h->epoll);
	secrets_clear(h);
	buf_release(&h->body);
	for (int i = 0; i < HEADERS; i++)
		buf_release(&h->headers[i]);
	free(h->url);
	free(h->at);
	free(h->name);
	free(h->origin);
	free(h);
}

/* The request's own headers, and those of the file where they may go. */
static void
put_headers(struct http *h)
{
	const char *const *own = h->request.headers;
	char *origin = h->at != NULL ? url_origin(h->at, NULL) : NULL;

	for (; own != NULL && *own != NULL; own++)
		h->list = curl.curl_slist_append(h->list, *own);
	if (h->request.body != NULL) /* no 100-continue: a turn saved */
		h->list = curl.curl_slist_append(h->list, "Expect:");
	if (h->at == NULL || (origin != NULL && strcmp(origin, h->origin) == 0))
		for (size_t i = 0; i < h->secret.n; i++)
			h->list = curl.curl_slist_append(
				h->list, h->secret.s[i]);
	free(origin);
}

/* What every request has. */
static void
put_options(struct http *h)
{
	CURL *e = h->easy;
	int64_t connect = h->o.stall_us > 0 && h->o.stall_us < CONNECT_US
		? h->o.stall_us
		: CONNECT_US;

	curl.curl_easy_reset(e);
	curl.curl_easy_setopt(e, CURLOPT_URL, h->at != NULL ? h->at : h->url);
	curl.curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl.curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl.curl_easy_setopt(e, CURLOPT_ERRORBUFFER, h->why);
	curl.curl_easy_setopt(e, CURLOPT_BUFFERSIZE, BLOCK);
	curl.curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl.curl_easy_setopt(e, CURLOPT_USERAGENT, "bief");
	curl.curl_easy_setopt(
		e, CURLOPT_CONNECTTIMEOUT_MS, (long)((connect + 999) / 1000));
	curl.curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl.curl_easy_setopt(e, CURLOPT_WRITEDATA, h);
	curl.curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl.curl_easy_setopt(e, CURLOPT_HEADERDATA, h);
	curl.curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl.curl_easy_setopt(e, CURLOPT_HTTPHEADER, h->list);
	if (h->request.packed)
		curl.curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
	if (h->o.ca != NULL)
		curl.curl_easy_setopt(e, CURLOPT_CAINFO, h->o.ca);
	if (h->request.method != NULL)
		curl.curl_easy_setopt(
			e, CURLOPT_CUSTOMREQUEST, h->request.method);
	if (h->request.body == NULL)
		return;
	curl.curl_easy_setopt(e, CURLOPT_POST, 1L);
	curl.curl_easy_setopt(
		e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)h->request.nbody);
	curl.curl_easy_setopt(e, CURLOPT_POSTFIELDS, h->request.body);
}

static int
set_out(struct http *h, struct err *err)
{
	http_stop(h);
	if (secrets_read(h, err) < 0)
		return -1;
	put_headers(h);
	put_options(h);
	answer_clear(h);
	h->why[0] = '\0';
	h->connected = false;
	h->heard = time_monotonic();
	if (curl.curl_multi_add_handle(h->multi, h->easy) != CURLM_OK)
		return err_set(err, "libcurl does not take a request");
	h->under_way = true;
	return 0;
}

int
http_begin(struct http *h, const struct http_request *q, struct err *err)
{
	h->request = *q;
	h->lasting = false;
	h->redirects = 0;
	free(h->at);
	h->at = NULL;
	return set_out(h, err);
}

/* ---- how it ends ---- */

/* A redirect may be followed: 0, or -1: not by us. */
static int
redirect(struct http *h, struct err *err)
{
	bool post = h->request.body != NULL;
	char *to = NULL, *origin, *name = NULL;

	h->lasting = true;
	curl.curl_easy_getinfo(h->easy, CURLINFO_REDIRECT_URL, &to);
	origin = to != NULL ? url_origin(to, &name) : NULL;
	if (origin == NULL)
		err_set(err,
			"'%s' redirects (%d) to nowhere that can be "
			"reached by http",
			h->name, h->status);
	else if (post && h->status != 307 && h->status != 308)
		err_set(err,
			"'%s' has moved (%d) to '%s': give that URL, for "
			"what is posted is not sent on by such a redirect",
			h->name, h->status, name);
	else if (strncmp(h->origin, "https:", 6) == 0 &&
		strncmp(origin, "https:", 6) != 0)
		err_set(err, "'%s' redirects to '%s', which is not encrypted",
			h->name, name);
	else if (++h->redirects > REDIRECTS)
		err_set(err, "'%s' redirects for ever, the last time to '%s'",
			h->name, name);
	else
		h->lasting = false;
	if (!h->lasting) {
		free(h->at);
		h->at = mem_dup(to, strlen(to));
	}
	free(origin);
	free(name);
	return h->lasting ? -1 : 0;
}

static bool
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 ||
		status == 307 || status == 308;
}

/* libcurl has given up: in the words of ours, where they say more. */
static int
http_failed(struct http *h, CURLcode code, struct err *err)
{
	const char *why = h->why;
	long no = 0;

	if (*why == '\0')
		snprintf(h->why, sizeof(h->why), "%s",
			curl.curl_easy_strerror(code));
	curl.curl_easy_getinfo(h->easy, CURLINFO_OS_ERRNO, &no);
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return err_set(err,
			"cannot find the host of '%s': is the name "
			"right, and is there a network?",
			h->name);
	case CURLE_COULDNT_CONNECT:
		if (no == 0)
			break;
		return err_set(err, "cannot connect to '%s': %s", h->name,
			strerror((int)no));
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		h->lasting = true;
		return err_set(err,
			"the certificate of '%s' is not to be "
			"trusted: %s (--ca FILE names an authority of your "
			"own)",
			h->name, why);
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		h->lasting = true;
		return err_set(err,
			"what '%s' answers is not HTTP: is it the "
			"right port? (%s)",
			h->name, why);
	case CURLE_GOT_NOTHING:
		return err_set(err,
			"'%s' has closed the connection without an "
			"answer",
			h->name);
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2_STREAM:
	case CURLE_HTTP2:
		if (!h->connected)
			break;
		return err_set(err, "the answer of '%s' was cut off: %s",
			h->name, why);
	default:
		break;
	}
	return err_set(err, "cannot reach '%s': %s", h->name, why);
}

/* Has it come to an end?  As http_step. */
static int
http_look(struct http *h, struct err *err)
{
	CURLMsg *m;
	CURLcode code;
	int left;

	m = curl.curl_multi_info_read(h->multi, &left);
	if (m == NULL || m->msg != CURLMSG_DONE)
		return h->body.n > 0 && h->status < 300 ? HTTP_SOME : HTTP_WAIT;
	code = m->data.result;
	if (code != CURLE_OK) {
		http_failed(h, code, err);
	} else if (is_redirect(h->status)) {
		if (redirect(h, err) == 0)
			return set_out(h, err) < 0 ? -1 : HTTP_WAIT;
	} else {
		curl.curl_multi_remove_handle(h->multi, h->easy);
		h->under_way = false;
		return HTTP_DONE;
	}
	curl.curl_multi_remove_handle(h->multi, h->easy);
	h->under_way = false;
	return -1;
}

static int64_t
stall_due(const struct http *h)
{
	return h->o.stall_us > 0 ? h->heard + h->o.stall_us : INT64_MAX;
}

int
http_step(struct http *h, struct err *err)
{
	struct epoll_event events[EVENTS];
	int64_t now = time_monotonic();
	int n, running, mask;

	if (!h->under_way)
		return HTTP_WAIT;
	n = epoll_wait(h->epoll, events, EVENTS, 0);
	for (int i = 0; i < n; i++) {
		mask = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
			(events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			(events[i].events & (EPOLLERR | EPOLLHUP)
					? CURL_CSELECT_IN | CURL_CSELECT_ERR
					: 0);
		curl.curl_multi_socket_action(
			h->multi, events[i].data.fd, mask, &running);
	}
	if (h->timer <= now) {
		h->timer = INT64_MAX;
		curl.curl_multi_socket_action(
			h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	n = http_look(h, err);
	if (n != HTTP_WAIT || now < stall_due(h))
		return n;
	http_stop(h);
	snprintf(h->why, sizeof(h->why), "it has sent nothing for %.3g s",
		(double)h->o.stall_us / TIME_SECOND);
	return err_set(err, "'%s' has sent nothing for %.3g s (--timeout)",
		h->name, (double)h->o.stall_us / TIME_SECOND);
}

const char *
http_why(const struct http *h)
{
	return h->why;
}

bool
http_lasting(const struct http *h)
{
	return h->lasting;
}

int
http_fd(const struct http *h)
{
	return h->epoll;
}

int64_t
http_due(const struct http *h)
{
	int64_t stall = stall_due(h);

	return !h->under_way ? INT64_MAX : h->timer < stall ? h->timer : stall;
}

struct buf *
http_body(struct http *h)
{
	return &h->body;
}

int
http_status(const struct http *h)
{
	return h->status;
}

static const char *
header(const struct http *h, int i)
{
	return h->has[i] ? buf_cstr((struct buf *)&h->headers[i]) : NULL;
}

const char *
http_type(const struct http *h)
{
	return header(h, HEADER_TYPE);
}

const char *
http_etag(const struct http *h)
{
	return header(h, HEADER_ETAG);
}

const char *
http_modified(const struct http *h)
{
	return header(h, HEADER_MODIFIED);
}

int64_t
http_retry_after_us(struct http *h)
{
	curl_off_t seconds = 0;

	curl.curl_easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (h->status < 300 || seconds <= 0)
		return 0;
	return seconds > AWAY_US / TIME_SECOND ? AWAY_US
					       : seconds * TIME_SECOND;
}

const char *
http_name(const struct http *h)
{
	return h->name;
}

bool
http_passing(int status)
{
	/* (What a server cannot do at all it cannot do later either.) */
	return status == 408 || status == 425 || status == 429 ||
		(status >= 500 && status != 501 && status != 505);
}

/* What an answer says for people, as one line: the title of a page, all of a
 * JSON text, the first line of anything else. */
static size_t
put_saying(const char *p, char *out, size_t most)
{
	const char *title = NULL;
	bool all = *p == '{' || *p == '[';
	size_t n = 0;

	if (*p == '<') {
		title = strcasestr(p, "<title>");
		p = title != NULL ? title + strlen("<title>") : "";
	}
	for (; *p != '\0' && n < most; p++) {
		if ((*p == '\n' && !all && title == NULL) ||
			(*p == '<' && title != NULL))
			break;
		if (strchr(" \t\r\n", *p) == NULL)
			out[n++] = *p;
		else if (n > 0 && out[n - 1] != ' ')
			out[n++] = ' ';
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	return n;
}

int
http_refused(struct http *h, struct err *err)
{
	const char *p = buf_cstr(&h->body);
	const char *what = h->status == 401 || h->status == 403
		? " (a token goes into a file for --headers)"
		: "";
	char saying[300], line[300];
	size_t n;

	n = put_saying(p + strspn(p, " \t\r\n"), saying, sizeof saying);
	if (n == 0)
		return err_set(err, "'%s' answers with status %d%s", h->name,
			h->status, what);
	return err_set(err, "'%s' answers with status %d%s: %s", h->name,
		h->status, what, err_quote(line, sizeof(line), saying, n));
}
