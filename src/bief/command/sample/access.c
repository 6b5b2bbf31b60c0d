/*
 * access: a web server's log in the combined format, with the seconds that an
 * answer took at its end.
 */
#include <stdint.h>

#include "floor/buf.h"
#include "floor/random.h"
#include "time/date.h"
#include "text/number.h"
#include "command/sample/kind.h"
#include "command/sample/put.h"

#define BEGIN INT64_C(1469501107000) /* 2016-07-26T02:45:07Z */
#define DAY 86400
#define N(list) (sizeof(list) / sizeof(*(list)))
#define PICK(s, list) list[random_below(&(s)->random, N(list))]

struct access {
	int64_t ms;
	int64_t second; /* whose text this is: */
	char text[64];
};

static void
access_begin(struct sample *s)
{
	struct access *a = s->self;

	a->ms = BEGIN;
	a->second = -1;
}

/* [26/Jul/2016:02:45:07 +0000] */
static void
print_time(struct access *a)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	unsigned second = (unsigned)(a->second % DAY), m, d;
	int64_t y;

	date_civil(a->second / DAY, &y, &m, &d);
	snprintf(a->text, sizeof(a->text),
		"[%02u/%.3s/%04d:%02u:%02u:%02u +0000]", d,
		months + 3 * (m - 1), (int)y, second / 3600, second / 60 % 60,
		second % 60);
}

static void
put_client(struct sample *s, struct buf *out)
{
	static const char *const users[] = {
		"-", "-", "-", "-", "-", "-", "-", "anna", "bruno", "chloe"};
	struct access *a = s->self;
	uint32_t r = random_below(&s->random, 256 * 256);

	a->ms += r % 400;
	if (a->ms / 1000 != a->second) {
		a->second = a->ms / 1000;
		print_time(a);
	}
	/* The nets that are kept for documents. */
	buf_str(out, r & 1 ? "192.0.2." : "198.51.100.");
	put_int(out, r >> 8);
	PUT_TEXT(out, " - ");
	buf_str(out, PICK(s, users));
	buf_byte(out, ' ');
	buf_str(out, a->text);
}

static const struct route {
	const char *method, *path;
	bool numbered;
	uint16_t mean_ms;
} routes[] = {{"GET", "/", false, 8}, {"GET", "/", false, 8},
	{"GET", "/style.css", false, 2}, {"GET", "/products/", true, 35},
	{"GET", "/products/", true, 35}, {"GET", "/search?q=mill", false, 140},
	{"POST", "/cart", false, 60}, {"POST", "/login", false, 95},
	{"GET", "/api/stock/", true, 20}, {"HEAD", "/health", false, 1}};

static void
put_request(struct sample *s, const struct route *r, struct buf *out)
{
	PUT_TEXT(out, " \"");
	buf_str(out, r->method);
	buf_byte(out, ' ');
	buf_str(out, r->path);
	if (r->numbered)
		put_int(out, random_below(&s->random, 500));
	PUT_TEXT(out, " HTTP/1.1\" ");
}

static void
put_answer(struct sample *s, const struct route *route, struct buf *out)
{
	static const char *const rare[] = {"301", "304", "304", "403", "404",
		"404", "404", "500", "502", "503"};
	uint32_t r = random_below(&s->random, 100);
	const char *status = r < 90 ? "200" : rare[r - 90];

	buf_str(out, status);
	buf_byte(out, ' ');
	if (status[1] == '0' && status[2] == '4' && status[0] == '3')
		buf_byte(out, '-');
	else
		put_int(out, 150 + random_below(&s->random, 20000));
}

static void
access_put(struct sample *s, uint64_t i, struct buf *out)
{
	static const char *const referers[] = {"-", "-", "-",
		"https://www.example.org/", "https://www.example.org/products/",
		"https://search.example.com/?q=water+mill"};
	static const char *const agents[] = {
		"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 "
		"Firefox/115.0",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
		"(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) "
		"AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
		"curl/7.88.1", "ExampleBot/2.1 (+https://bot.example.net/)"};
	const struct route *route = &PICK(s, routes);
	uint32_t slow = 1, ms = route->mean_ms;

	put_client(s, out);
	put_request(s, route, out);
	put_answer(s, route, out);
	PUT_TEXT(out, " \"");
	buf_str(out, PICK(s, referers));
	PUT_TEXT(out, "\" \"");
	buf_str(out, PICK(s, agents));
	PUT_TEXT(out, "\" ");
	/* Most are near the mean, one in twenty is many times as slow. */
	if (random_below(&s->random, 20) == 0)
		slow = 2 + random_below(&s->random, 20);
	ms = (ms / 2 + random_below(&s->random, ms + 1)) * slow;
	put_int(out, ms / 1000);
	buf_byte(out, '.');
	buf_byte(out, (char)('0' + ms / 100 % 10));
	number_put2(buf_need(out, 2), ms % 100);
	out->n += 2;
	buf_byte(out, '\n');
}

const struct sample_kind access_kind = {
	.name = "access",
	.about = "a web server's log",
	.stem = "access-",
	.suffix = ".log",
	.count = 10000,
	.per_file = 1000,
	.size = sizeof(struct access),
	.begin = access_begin,
	.put = access_put,
};
