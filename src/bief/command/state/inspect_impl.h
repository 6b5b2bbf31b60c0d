/*
 * inspect_impl: what the parts of "bief state" share.
 */
#ifndef BIEF_INSPECT_IMPL_H
#define BIEF_INSPECT_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "command/state/look.h"
#include "floor/buf.h"

int inspect_list(const char *dir, bool json, struct buf *out, struct err *err);
/* batch: -1: the newest that all sinks have. */
int inspect_dump(const char *dir, const char *stage, int64_t batch,
	struct buf *out, struct err *err);
/* stage: NULL: all of them. */
int inspect_diff(const char *dir, const char *stage, int64_t a, int64_t b,
	struct buf *out, struct err *err);
/* path: NULL: standard input.  empty: no entry at all is no mistake. */
int inspect_load(const char *dir, const char *stage, const char *path,
	bool empty, struct err *err);
int inspect_forget(const char *dir, const char *sink, struct err *err);

#endif
