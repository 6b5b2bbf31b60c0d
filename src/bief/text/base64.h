/*
 * base64: binary data as text, as a stream has it (RFC 4648).
 */
#ifndef BIEF_BASE64_H
#define BIEF_BASE64_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* What a character is worth; -1: it is none of them. */
int base64_digit(char c);
/* Append the bytes; line ends and blanks are passed over.  False for text that
 * is no base 64. */
bool base64_decode(const char *s, size_t n, struct buf *out);
/* Append the text, padded. */
void base64_encode(const char *s, size_t n, struct buf *out);

#endif
