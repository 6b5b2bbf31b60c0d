/*
 * sockets: lines from a server, which may be connected to again, or from the
 * clients of an address, any number of them.
 */
#ifndef BIEF_SOCKETS_H
#define BIEF_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/net.h"
#include "sources/lines.h"

struct err;
struct stage;

enum sockets_phase {
	SOCKETS_FRESH, /* nothing has been done yet; begin_sockets leaves it */
	SOCKETS_CONNECTING, /* conn.fd is on its way; take_connected or
	                     * try_next_address leave it */
	SOCKETS_CONNECTED,  /* conn is good; take_lost leaves it */
	SOCKETS_PAUSED,     /* until due, then connect again */
	SOCKETS_LISTENING,  /* listener is good; for ever */
	SOCKETS_OVER        /* there will be no more */
};

/* A connection: to the server, or of a client. */
struct sockets_conn {
	int fd;
	struct lines lines;
	size_t counted; /* bytes of lines in held_bytes */
	struct sockets_conn *next, *before;
};

struct sockets {
	/* the owner's */
	bool listen, reconnect;
	int64_t for_us;    /* end after that; 0: not */
	int64_t max_state; /* bytes that clients may send of lines without end */
	/* Hand on the whole lines that have come: 0 or -1. */
	int (*take)(struct stage *st, struct lines *l);
	/* private */
	enum sockets_phase phase;
	struct net_address address;
	struct net_connect addresses;
	int epoll, listener;
	struct sockets_conn server;   /* what was connected to */
	struct sockets_conn *clients; /* listen */
	size_t nclients, most;        /* how many there are, and may be */
	bool full;                    /* no descriptor for another one */
	uint64_t filled;   /* times that happened since it was told ... */
	int64_t told_us;   /* ... which was then; 0 never */
	size_t held_bytes; /* what clients' half lines take */
	int64_t pause_us, due, end; /* by time_monotonic */
	bool failed;                /* that has been told */
};

/* Zeroed memory before options are parsed. */
void sockets_init(struct sockets *s);
int sockets_open(struct sockets *s, const char *address, struct err *err);
void sockets_release(struct sockets *s);
/* Begin, or try again, when it is time to: PULL_MORE; PULL_END: the time is
 * over; -1. */
int sockets_connect(struct sockets *s, struct stage *st);
/* Take what has come on any of them.  Returns as pull. */
int sockets_read(struct sockets *s, struct stage *st);
/* When sockets_connect is to be called (time_monotonic), INT64_MAX: no need. */
int64_t sockets_due(const struct sockets *s);

#endif
