/*
 * key_look: what a value is as a key: for who compares keys (key.c) and who makes
 * bytes of them that compare by themselves (sortkey.c).
 */
#ifndef BIEF_KEY_LOOK_H
#define BIEF_KEY_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "time/time.h"
#include "value/value.h"

/* What a value is when it is compared, in the order of the classes. */
enum key_class {
	CLASS_NULL,
	CLASS_BOOL,   /* i */
	CLASS_INT,    /* i; from here */
	CLASS_DOUBLE, /* d */
	CLASS_BIG,    /* s, n: an integer beyond 64 bits; to here by value */
	CLASS_TIME,   /* i */
	CLASS_STRING, /* s, n: plain text */
	CLASS_ARRAY,  /* s, n: in the one spelling of canon.h */
	CLASS_OBJECT  /* the same */
};

struct key_look {
	enum key_class class;
	union {
		int64_t i;
		double d;
	};
	const char *s;
	size_t n;
	struct buf tmp; /* holds s where that was not its spelling */
	char date[TIME_MAX];
};

/* buf_release(&l->tmp) afterwards. */
void key_look_at(const struct value *v, struct key_look *l);

/* Compare integers as text without leading zeros. */
int key_look_digits(const char *a, size_t na, const char *b, size_t nb);
/* Compare a CLASS_BIG with a double. */
int key_look_big(const struct key_look *big, double d);

/* May this text be anything but text: a time, "NaN"? */
static inline bool
key_look_special(const char *s, size_t n)
{
	if (n >= VALUE_ISO_LEAST && n <= VALUE_ISO_MOST)
		return s[n - 1] == 'Z';
	return (n == 3 && s[2] == 'N') ||
		((n == 8 || n == 9) && s[n - 1] == 'y');
}

#endif
