/*
 * partition: what directories NAME=VALUE tell of the files in them.
 */
#ifndef BIEF_PARTITION_H
#define BIEF_PARTITION_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct lines;
struct stage;

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
/*
 * As lines_emit, with the columns: out is scratch.  A line that is no object is
 * refused.
 */
int partition_emit(struct lines *l, struct stage *st, const struct buf *columns,
	struct buf *out, uint64_t *limit);

#endif
