/*
 * gateway: where a group of metrics is in a Prometheus Pushgateway.
 */
#ifndef BIEF_GATEWAY_H
#define BIEF_GATEWAY_H

#include "value/list.h"

struct buf;
struct err;

/*
 * Append URL/metrics/job/JOB/NAME/VALUE...: groups are "NAME=VALUE".  0, or -1,
 * STATUS_USAGE, for one that is none.
 */
int gateway_url(struct buf *out, const char *url, const char *job,
	const struct list *groups, struct err *err);
/* Append the URL as messages show it: without user and password. */
void gateway_shown(struct buf *out, const char *url);

#endif
