/*
 * state_load: applies the saved form, see state.c.  No length is believed: the
 * file may be damaged, or of another program.
 */
#include <endian.h>
#include <string.h>

#include "floor/err.h"
#include "recovery/state/state.h"
#include "recovery/state/state_impl.h"

static inline uint32_t
state_load_u32(const char *p)
{
	uint32_t n;

	memcpy(&n, p, 4);
	return le32toh(n);
}

static inline uint64_t
state_load_u64(const char *p)
{
	uint64_t n;

	memcpy(&n, p, 8);
	return le64toh(n);
}

/* One record; the bytes that it takes, 0 if it is none. */
static size_t
state_load_one(struct state *s, const char *p, size_t n, struct err *err)
{
	uint32_t nkey, nvalue;
	int64_t moment;
	state_ref r;
	bool made;

	if (*p == 'A') {
		state_clear(s);
		return 1;
	}
	if (n < 5)
		return 0;
	nkey = state_load_u32(p + 1);
	if (*p == 'D' && n - 5 >= nkey) {
		r = state_find(s, p + 5, nkey);
		if (r != STATE_NONE)
			state_delete(s, r);
		return 5 + (size_t)nkey;
	}
	if (*p != 'P' || n < 17)
		return 0;
	nvalue = state_load_u32(p + 5);
	moment = (int64_t)state_load_u64(p + 9);
	if (nkey > STATE_KEY_MAX || nvalue > UINT32_MAX - 64 ||
		n - 17 < (size_t)nkey + nvalue)
		return 0;
	r = state_make(s, p + 17, nkey, nvalue, &made, err);
	if (r == STATE_NONE)
		return 0;
	memcpy(state_resize(s, r, nvalue), p + 17 + nkey, nvalue);
	state_set_due(s, r, moment);
	return 17 + (size_t)nkey + nvalue;
}

int
state_load(struct state *s, const void *p, size_t n, struct err *err)
{
	size_t at, used;

	for (at = 0; at < n; at += used) {
		err->text[0] = '\0';
		used = state_load_one(s, (const char *)p + at, n - at, err);
		if (used == 0 && err->text[0] != '\0')
			return -1;
		if (used == 0)
			return err_as(err, STATUS_DAMAGED,
				"the saved state is damaged at byte %zu", at);
	}
	state_settle(s);
	return 0;
}
