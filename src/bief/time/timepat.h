/*
 * timepat: times in text by a pattern of Java's DateTimeFormatter, read as Spark
 * reads it.
 *
 * Known letters: G (era), y u (year), M L (month), d, D (day of the year), E (day
 * of the week, read and not looked at), a, H, h, K, k, m, s, S (a fraction of one
 * up to so many digits), O X x Z (offset), V z (zone); text in '...'; other
 * characters than letters stand for themselves; parts in [...] may be absent.
 * Numbers without a gap between them share their digits out: all but the first
 * have a fixed width.
 */
#ifndef BIEF_TIMEPAT_H
#define BIEF_TIMEPAT_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct timepat;
struct zone;

/* NULL with a message (STATUS_USAGE) that names what is not supported. */
struct timepat *timepat_new(const char *pattern, struct err *err);
void timepat_free(struct timepat *t);
/* 0, or -1: the text is not of this form. */
int timepat_parse(const struct timepat *t, const char *s, size_t n,
	const struct zone *zone, int64_t *us);
/* The date alone, as it is written: a zone or an offset moves nothing. */
int timepat_parse_date(
	const struct timepat *t, const char *s, size_t n, int32_t *days);

#endif
