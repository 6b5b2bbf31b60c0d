/*
 * columns: the values of a record in the order of the columns of a table.
 */
#ifndef BIEF_COLUMNS_H
#define BIEF_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record;
struct schema;
struct value;

struct columns {
	const struct schema *schema;
	size_t n;
	char **names;   /* as in JSON */
	uint64_t id;    /* of the shape that place is right for */
	int *place;     /* in the record; -1 */
	int unknown;    /* a field of it that is no column; -1 */
	char **dropped; /* names of columns that were left out */
	size_t ndropped;
	const struct value **v;
};
/* The schema must live as long.  Another case of letters is the same name. */
void columns_init(struct columns *c, const struct schema *s);
void columns_release(struct columns *c);
/* Leave this column out from here on: it is told in another way. */
void columns_drop(struct columns *c, struct schema *s, size_t i);

void columns_find(struct columns *c, const struct record *r);
const struct value *const *columns_values(
	struct columns *c, const struct record *r);

#endif
