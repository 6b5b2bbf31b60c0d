/*
 * say: a program's words on standard error, private to the runtime.
 */
#ifndef BIEF_SAY_H
#define BIEF_SAY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

struct stage;

/* "program: ...", in one write. */
void say(const struct stage *st, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void say_list(const struct stage *st, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* The answer to SIGUSR1. */
void say_statistics(struct stage *st);
/* A batch took longer than its trigger's interval: once a minute.  blocked: most
 * of that time those behind had not taken it. */
void say_slow(struct stage *st, int64_t number, int64_t spent_us, bool blocked);
/* At the end: what was refused, late, or never seen. */
void say_counts(struct stage *st);

#endif
