/*
 * partition: what directories NAME=VALUE tell of the files in them.
 */
#ifndef BIEF_PARTITION_H
#define BIEF_PARTITION_H

#include <stddef.h>

struct buf;

/*
 * Put into out "name":value for each directory of a path (parted by commas;
 * nothing for NULL): a whole number as such, __HIVE_DEFAULT_PARTITION__ as
 * null, else text, with %41 read as A.
 */
void partition_columns(const char *path, struct buf *out);
/*
 * Append a line and its end, with the columns at the end of its object.  Blank
 * lines stay blank.  -1: it is no object.
 */
int partition_line(
	const char *line, size_t n, const struct buf *columns, struct buf *out);

#endif
