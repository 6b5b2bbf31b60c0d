/*
 * logread: lines of logs into fields: of the formats that servers write, or by
 * the named groups of a regular expression.
 *
 * What is text is found by hand (logsplit.h), then cast as a cell of a table
 * is.
 */
#ifndef BIEF_LOGREAD_H
#define BIEF_LOGREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "types/cell.h"

struct err;
struct logread;
struct schema;
struct value;

enum log_format {
	LOG_COMMON,
	LOG_COMBINED,
	LOG_SYSLOG,
	LOG_LOGFMT,
	LOG_JOURNAL,
	LOG_REGEX
};

/*
 * regex: for LOG_REGEX.  types: those of some of the fields (NULL: none); a
 * field that there is not is refused.  Of logfmt it is the fields.  NULL with a
 * message.
 */
struct logread *logread_new(enum log_format format, const char *regex,
	const struct schema *types, struct err *err);
void logread_free(struct logread *l);

/* The fields; NULL where each line tells: see logread_json. */
const struct schema *logread_fields(const struct logread *l);

/*
 * The values of a line (UTF-8), one for each field; they live until the next
 * call or as long as the line, behind which JSON_PADDING bytes are readable.
 * Returns what is wrong (until the next call), or NULL; then all is null, or
 * where only a value does not fit its type, that one.
 */
const char *logread_line(struct logread *l, const char *s, size_t n,
	const struct cell_rules *rules, struct value *v);
/* The line as a JSON object, of logfmt without a schema; *why, or NULL. */
const char *logread_json(
	struct logread *l, const char *s, size_t n, struct buf *out);

#endif
