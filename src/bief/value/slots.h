/*
 * slots: room for values, for operators that build records.
 */
#ifndef BIEF_SLOTS_H
#define BIEF_SLOTS_H

#include <stdint.h>

struct value;

#define RECORD_SPARE 16

struct slots {
	struct value *v;
	uint32_t cap;
};
void slots_release(struct slots *s);
/* Room for n values and RECORD_SPARE more. */
struct value *slots_need(struct slots *s, uint32_t n);

#endif
