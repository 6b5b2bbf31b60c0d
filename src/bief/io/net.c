/*
 * net: addresses as people write them, and sockets that never block.
 */
#include "io/net.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"

#define TYPE (SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)

static bool
is_port(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	return *s >= '0' && *s <= '9' && *end == '\0' && n <= 65535;
}

int
net_parse(struct net_address *a, const char *text, struct err *err)
{
	const char *colon = strrchr(text, ':'), *host = text;
	size_t n = colon ? (size_t)(colon - text) : 0;

	memset(a, 0, sizeof(*a));
	a->text = mem_dup(text, strlen(text));
	if (strncmp(text, "unix:", 5) == 0) {
		struct sockaddr_un un;

		if (text[5] == '\0' || strlen(text + 5) >= sizeof(un.sun_path))
			return err_as(err, STATUS_USAGE,
				"'%s': the path of a socket has 1 to %zu bytes",
				text, sizeof(un.sun_path) - 1);
		a->path = mem_dup(text + 5, strlen(text + 5));
		return 0;
	}
	if (!is_port(colon ? colon + 1 : text))
		goto bad;
	a->port = colon ? mem_dup(colon + 1, strlen(colon + 1))
			: mem_dup(text, strlen(text));
	if (!colon) {
		a->host = mem_dup("localhost", 9);
		return 0;
	}
	if (n > 1 && host[0] == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	} else if (memchr(host, ':', n)) {
		goto bad;
	}
	if (n > 0)
		a->host = mem_dup(host, n);
	return 0;
bad:
	return err_as(err, STATUS_USAGE,
		"'%s' is no address: expected "
		"HOST:PORT, [IPV6]:PORT or unix:PATH",
		text);
}

void
net_release(struct net_address *a)
{
	free(a->text);
	free(a->host);
	free(a->port);
	free(a->path);
	memset(a, 0, sizeof(*a));
}

static int
look_up(const struct net_address *a, int flags, struct addrinfo **all,
	struct err *err)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
	int rc = getaddrinfo(a->host, a->port, &hints, all);

	if (rc == EAI_SYSTEM)
		return err_sys(err, "cannot find '%s'", a->text);
	if (rc != 0)
		return err_set(
			err, "cannot find '%s': %s", a->text, gai_strerror(rc));
	return 0;
}

static struct sockaddr_un
unix_address(const struct net_address *a)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	memcpy(un.sun_path, a->path, strlen(a->path) + 1);
	return un;
}

/* Listen on a Unix socket; one that nobody listens on any more is replaced. */
static int
listen_unix(const struct net_address *a, struct err *err)
{
	struct sockaddr_un un = unix_address(a);
	const struct sockaddr *sa = (const struct sockaddr *)(const void *)&un;
	int fd = socket(AF_UNIX, TYPE, 0), probe, rc;

	if (fd < 0)
		return err_sys(err, "cannot make a socket");
	rc = bind(fd, sa, sizeof(un));
	if (rc != 0 && errno == EADDRINUSE) {
		probe = socket(AF_UNIX, TYPE, 0);
		rc = connect(probe, sa, sizeof(un));
		close(probe);
		if (rc != 0 && errno == ECONNREFUSED) {
			unlink(a->path);
			rc = bind(fd, sa, sizeof(un));
		} else {
			errno = EADDRINUSE;
			rc = -1;
		}
	}
	if (rc == 0)
		rc = listen(fd, SOMAXCONN);
	if (rc == 0)
		return fd;
	err_sys(err, "cannot listen on '%s'", a->text);
	close(fd);
	return -1;
}

static int
listen_on(const struct addrinfo *ai)
{
	int on = 1, off = 0;
	int fd = socket(ai->ai_family, TYPE, ai->ai_protocol);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
		listen(fd, SOMAXCONN) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
port_of(int fd)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &n) < 0)
		return 0;
	if (ss.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)(void *)&ss)->sin6_port);
	return ntohs(((struct sockaddr_in *)(void *)&ss)->sin_port);
}

int
net_listen(const struct net_address *a, int *port, struct err *err)
{
	struct addrinfo *all, *ai, *first;
	int fd = -1;

	*port = 0;
	if (a->path)
		return listen_unix(a, err);
	if (look_up(a, AI_PASSIVE, &all, err) < 0)
		return -1;
	/* Of all addresses the one of IPv6 takes those of IPv4 in, too. */
	for (first = all; !a->host && first && first->ai_family != AF_INET6;)
		first = first->ai_next;
	if (first)
		fd = listen_on(first);
	for (ai = all; fd < 0 && ai; ai = ai->ai_next)
		fd = listen_on(ai);
	if (fd < 0)
		err_sys(err, "cannot listen on '%s'", a->text);
	else
		*port = port_of(fd);
	freeaddrinfo(all);
	return fd;
}

int
net_accept(int fd)
{
	int client;

	do
		client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (client < 0 && (errno == EINTR || errno == ECONNABORTED));
	return client;
}

int
net_connect(struct net_connect *c, const struct net_address *a, struct err *err)
{
	memset(c, 0, sizeof(*c));
	if (a->path)
		return 0;
	if (look_up(a, AI_ADDRCONFIG, &c->all, err) < 0 &&
		look_up(a, 0, &c->all, err) < 0)
		return -1;
	c->at = c->all;
	return 0;
}

static int
net_fail(const struct net_address *a, struct err *err)
{
	return err_sys(err, "cannot connect to '%s'", a->text);
}

static int
net_start(int family, int protocol, const struct sockaddr *sa, socklen_t n)
{
	int fd = socket(family, TYPE, protocol), on = 1, saved;

	if (fd < 0)
		return -1;
	/* A peer that is gone without a word is noticed after a while. */
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (connect(fd, sa, n) == 0 || errno == EINPROGRESS)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
net_connect_next(
	struct net_connect *c, const struct net_address *a, struct err *err)
{
	struct sockaddr_un un;
	int fd = -1;

	if (a->path && !c->tried) {
		c->tried = true;
		un = unix_address(a);
		fd = net_start(AF_UNIX, 0,
			(const struct sockaddr *)(const void *)&un, sizeof(un));
		return fd >= 0 ? fd : net_fail(a, err);
	}
	while (c->at && fd < 0) {
		struct addrinfo *ai = c->at;

		c->at = ai->ai_next;
		fd = net_start(ai->ai_family, ai->ai_protocol, ai->ai_addr,
			ai->ai_addrlen);
		if (fd < 0)
			net_fail(a, err);
	}
	return fd;
}

int
net_connect_done(int fd, const struct net_address *a, struct err *err)
{
	int e = 0;
	socklen_t n = sizeof(e);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n) < 0)
		e = errno;
	if (e == 0)
		return 0;
	errno = e;
	return net_fail(a, err);
}

void
net_connect_release(struct net_connect *c)
{
	if (c->all)
		freeaddrinfo(c->all);
	memset(c, 0, sizeof(*c));
}
