/*
 * timefield: see timefield.h.  Text is taken, for it may be one; each record
 * will show.
 */
#include "window/timefield.h"

#include "floor/buf.h"
#include "floor/err.h"
#include "types/type.h"

int
timefield_check(
	const struct type *t, const char *path, bool unit, struct err *err)
{
	bool number = type_numeric(t);
	struct buf b;

	switch (t->kind) {
	case TYPE_UNKNOWN:
	case TYPE_NULL:
	case TYPE_TIMESTAMP:
	case TYPE_DATE:
	case TYPE_STRING:
		return 0;
	default:
		if (number && unit)
			return 0;
	}
	buf_init(&b);
	type_print(t, &b);
	err_as(err, STATUS_USAGE, "the field '%s' is of type %s, not a time%s",
		path, buf_cstr(&b),
		number ? ": say what it counts, --unit s, ms, us or ns" : "");
	buf_release(&b);
	return -1;
}
