/*
 * date: the civil calendar, proleptic Gregorian: days since 1970-01-01 and the
 * year, month and day that they are.
 */
#ifndef BIEF_DATE_H
#define BIEF_DATE_H

#include <stdint.h>

int64_t date_days(int64_t y, unsigned m, unsigned d);
void date_civil(int64_t days, int64_t *y, unsigned *m, unsigned *d);
/* The same in the types that dates and patterns have. */
int32_t date_from_civil(int64_t y, int m, int d);
void date_to_civil(int64_t days, int64_t *y, int *m, int *d);

#endif
