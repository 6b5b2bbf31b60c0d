/*
 * duration: lengths of time.
 */
#ifndef BIEF_DURATION_H
#define BIEF_DURATION_H

#include <stddef.h>
#include <stdint.h>

#include "time/time.h"

struct err;

/* What options and headers take at most, 21,000 years: it can be added to a
 * time of our days, and holds a watermark's delay of 10,000 years and as many in
 * months of 31 days. */
#define DURATION_YEAR (INT64_C(31556952) * TIME_SECOND)
#define DURATION_MOST (21000 * DURATION_YEAR)

/*
 * Durations as people write them: "10s", "5m", "1h30m", "10 minutes",
 * "1 day 2 hours", "250ms", "100us", "1 week", "1 month", "interval 5 seconds",
 * a sign, a fraction ("1.5s").  Units: us, ms, s, m/min, h, d, w, mo/month, y
 * and their long forms, any case.  Returns 0, or -1 with a message that says
 * what was expected.  months and us may both be set.
 */
struct duration {
	int32_t months;
	int64_t us;
};
int duration_parse(
	const char *s, size_t n, struct duration *d, struct err *err);
/* Without months, which are refused; in microseconds. */
int duration_us(const char *s, size_t n, int64_t *us, struct err *err);
/* "1h30m", "10s", "250ms"; returns the bytes written. */
size_t duration_format(int64_t us, char *out);

#endif
