/*
 * put: what samples are made of, appended to the output.
 */
#ifndef BIEF_PUT_H
#define BIEF_PUT_H

#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"

#define PUT_TEXT(out, text) buf_add(out, text, sizeof(text) - 1)

void put_int(struct buf *out, int64_t i);
/* n / 10^digits, without zeros at its end: 12.5.  What is whole has none
 * (7), or the zero of a double (7.0). */
void put_fixed(struct buf *out, int64_t n, int digits);
void put_double(struct buf *out, int64_t n, int digits);
/* So many digits of base 16, from the lowest on. */
void put_hex(struct buf *out, uint64_t bits, int digits);
/* 2016-07-26T02:45:07Z */
void put_iso(struct buf *out, int64_t seconds);
/* A text with one character replaced by another one, or by a longer text. */
void put_replaced(struct buf *out, const char *text, char what, const char *by);

#endif
