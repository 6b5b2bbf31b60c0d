/*
 * target: what a sink writes to, so that no other takes its place: in words,
 * and in full.
 */
#ifndef BIEF_TARGET_H
#define BIEF_TARGET_H

struct err;
struct place;

int target_save(const struct place *p, const char *words, const char *full,
	struct err *err);
/* 1, not known; 0 and what an earlier run wrote to, in words (allocated), or
 * NULL if that is the same as full; -1. */
int target_load(
	const char *place, const char *full, char **words, struct err *err);

#endif
