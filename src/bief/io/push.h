/*
 * push: a request over HTTP that sends a body and wants no more than a status;
 * by libcurl, which is loaded with the first one.
 */
#ifndef BIEF_PUSH_H
#define BIEF_PUSH_H

#include <stdbool.h>
#include <stddef.h>

struct err;

struct push {
	const char *method; /* PUT, DELETE */
	const char *url;
	const char *type; /* of the body; NULL: there is none */
	const char *body;
	size_t n;
	/* Is the process told to stop?  Then it has two seconds more.  NULL:
	 * nobody says so. */
	bool (*stopping)(void);
};

/*
 * 0, or -1 with a message: nobody answered, or the answer was no success.  Then
 * *again says whether another try may help: not where the request was refused.
 */
int push_send(const struct push *p, bool *again, struct err *err);

#endif
