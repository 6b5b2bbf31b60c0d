/*
 * inferred: see inferred.h.  What is printed can be given to --schema as it is.
 */
#include "runtime/options/inferred.h"

#include "floor/buf.h"
#include "types/schema.h"
#include "runtime/stage.h"

bool
inferred_asked(const struct stage *st, const char *file)
{
	return file != NULL && !st->explain && st->place == 0 &&
		st->next == NULL;
}

void
inferred_print(struct stage *st, struct schema *s)
{
	struct buf b;

	buf_init(&b);
	schema_print(s, &b);
	buf_byte(&b, '\n');
	stage_print(st, b.p, b.n);
	buf_release(&b);
	schema_free(s);
	st->answered = true;
}
