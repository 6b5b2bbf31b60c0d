/*
 * series: the values of metrics by their labels, in Prometheus' text form.
 *
 * A set of labels, as it stands in the text, has a value of each metric, or
 * none.  They stay in the order in which they came.
 */
#ifndef BIEF_SERIES_H
#define BIEF_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct series;

struct series *series_new(size_t metrics);
void series_free(struct series *s);
void series_clear(struct series *s);
/* The place of a set of labels ({a="x"}, or nothing), made at the end; *made:
 * it was. */
size_t series_at(struct series *s, const char *labels, size_t n, bool *made);
void series_set(struct series *s, size_t at, size_t metric, double value);
void series_unset(struct series *s, size_t at, size_t metric);
size_t series_bytes(const struct series *s);
/* How many values there are. */
size_t series_count(const struct series *s);

/* Append "NAME{labels} value" for each value of a metric. */
void series_print(const struct series *s, size_t metric, const char *name,
	struct buf *out);
/* Append a number as Prometheus has it: 7, 0.5, NaN, +Inf. */
void series_number(struct buf *out, double d);
/* Append text as it stands between the quotes of a label's value; or behind
 * # HELP, where quotes stay. */
void series_escape(struct buf *out, const char *p, size_t n, bool quotes);

/* Is that the name of a label; of a metric (where ':' may stand)? */
bool series_is_name(const char *name, bool metric);
/* Append the name that is nearest to it. */
void series_suggest(struct buf *out, const char *name, bool metric);

#endif
