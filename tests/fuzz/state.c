/*
 * Saved state: bytes that are not of its form are refused, those that are come
 * out the same when they are saved again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "recovery/state/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state *s = state_new(1 << 20), *again = state_new(1 << 20);
	struct buf one = {0}, two = {0};
	struct err err;
	state_ref r;

	if (state_load(s, data, size, &err) == 0) {
		state_save_all(s, &one);
		if (state_load(again, one.p, one.n, &err) == -1)
			abort();
		state_save_all(again, &two);
		if (one.n != two.n || memcmp(one.p, two.p, one.n) != 0)
			abort();
		while ((r = state_due(s, STATE_NEVER - 1)) != STATE_NONE)
			state_delete(s, r);
		for (r = state_first(s); r != STATE_NONE; r = state_next(s, r))
			state_delete(s, r);
		if (state_count(s) != 0)
			abort();
	}
	state_free(s);
	state_free(again);
	buf_release(&one);
	buf_release(&two);
	return 0;
}
