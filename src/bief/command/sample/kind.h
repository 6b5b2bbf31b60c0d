/*
 * kind: what each kind of sample is, and the data that are being made.
 *
 * A kind is a function that appends record i to the output, with its end of
 * line.  It may use nothing but the sample: its numbers (random.h), its count
 * and its own memory; so the same seed and count give the same bytes.
 */
#ifndef BIEF_KIND_H
#define BIEF_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

struct sample {
	uint64_t random; /* see random.h */
	uint64_t seed;
	uint64_t count; /* records that are made in all */
	void *self;     /* the kind's own memory, zeroed */
};

struct sample_kind {
	const char *name;
	const char *about; /* one line, lower case, no full stop */
	const char *stem,
		*suffix;   /* of a file in a directory, its number between */
	const char *head;  /* first line of each file; or NULL */
	uint64_t count;    /* records, if it is not told */
	uint64_t per_file; /* the same, of a file */
	size_t size;       /* of its own memory */
	bool open_ended;   /* its files have no end of line at their end */
	void (*begin)(struct sample *s); /* or NULL */
	void (*put)(struct sample *s, uint64_t i, struct buf *out);
};

extern const struct sample_kind access_kind, edits_communes, edits_kind,
	events_kind, flights_kind, sensors_heart, quotes_kind, sensors_kind,
	states_kind, users_kind, words_kind;

#endif
