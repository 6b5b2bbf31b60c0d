/*
 * net: addresses as people write them, and sockets that never block.
 */
#ifndef BIEF_NET_H
#define BIEF_NET_H

#include <stdbool.h>

struct addrinfo;
struct err;

/*
 * HOST:PORT, [::1]:PORT, PORT alone (this machine), :PORT (to listen: on all
 * addresses), unix:PATH.
 */
struct net_address {
	char *text; /* as it was given */
	char *host; /* NULL: all addresses */
	char *port;
	char *path; /* of a Unix socket; the others are NULL then */
};
int net_parse(struct net_address *a, const char *text, struct err *err);
void net_release(struct net_address *a);

/* A socket that listens, or -1.  *port gets its number (0: a Unix socket). */
int net_listen(const struct net_address *a, int *port, struct err *err);
/* The next client, or -1 (errno EAGAIN: none now). */
int net_accept(int fd);

/*
 * Connect to the addresses of a name, one after the other.  next: a socket
 * that is connecting (poll it for POLLOUT, then ask done), or -1 when there is
 * no further address; the message is that of the last failure.
 */
struct net_connect {
	struct addrinfo *all, *at;
	bool tried; /* the Unix socket */
};
int net_connect(
	struct net_connect *c, const struct net_address *a, struct err *err);
int net_connect_next(
	struct net_connect *c, const struct net_address *a, struct err *err);
/* 0: it is connected; -1 with a message: try the next address. */
int net_connect_done(int fd, const struct net_address *a, struct err *err);
void net_connect_release(struct net_connect *c);

#endif
