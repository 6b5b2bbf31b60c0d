/*
 * sql_chars: strings by their characters, as Spark counts them.  They are
 * UTF-8; a byte that is none counts as a character.
 */
#ifndef BIEF_SQL_CHARS_H
#define BIEF_SQL_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct datum_ctx;

/* How many bytes the character at s has; s < end. */
static inline size_t
sql_chars_step(const char *s, const char *end)
{
	unsigned char b = (unsigned char)*s;
	size_t n = b < 0xC0 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;

	return n < (size_t)(end - s) ? n : (size_t)(end - s);
}

size_t sql_chars_count(const char *s, size_t n);
/* Where the character number i begins; the end when there are fewer. */
const char *sql_chars_at(const char *s, const char *end, int64_t i);
/* What the character of n bytes stands for. */
uint32_t sql_chars_code(const char *s, size_t n);
/* memmem, which prepares itself for long texts; most are short. */
bool sql_chars_within(const char *s, size_t n, const char *what, size_t nwhat);

enum sql_case { SQL_UPPER, SQL_LOWER, SQL_INITCAP };
/* Append s in another case of letters. */
void sql_chars_case(struct datum_ctx *c, enum sql_case how, const char *s,
	size_t n, struct buf *b);

#endif
