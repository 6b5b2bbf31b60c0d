/* net: addresses as people write them. */
#include "io/net.h"

#include <stdio.h>
#include <string.h>

#include "floor/err.h"

static int failures;

static bool
same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void
check(const char *text, const char *host, const char *port, const char *path)
{
	struct net_address a;
	struct err err;
	int rc = net_parse(&a, text, &err);

	if (rc != 0 ? host || port || path
		    : !same(a.host, host) || !same(a.port, port) ||
				!same(a.path, path)) {
		fprintf(stderr, "net: %s\n", text);
		failures++;
	}
	net_release(&a);
}

int
main(void)
{
	check("localhost:80", "localhost", "80", NULL);
	check("1.2.3.4:65535", "1.2.3.4", "65535", NULL);
	check("[::1]:0", "::1", "0", NULL);
	check(":9999", NULL, "9999", NULL);
	check("9999", "localhost", "9999", NULL);
	check("unix:/a/b", NULL, NULL, "/a/b");
	check("unix:a:1", NULL, NULL, "a:1");
	check("", NULL, NULL, NULL);
	check("host", NULL, NULL, NULL);
	check("host:", NULL, NULL, NULL);
	check("host:http", NULL, NULL, NULL);
	check("host:65536", NULL, NULL, NULL);
	check("host:-1", NULL, NULL, NULL);
	check("host:80 ", NULL, NULL, NULL);
	check("::1:80", NULL, NULL, NULL);
	check("unix:", NULL, NULL, NULL);
	return failures > 0;
}
