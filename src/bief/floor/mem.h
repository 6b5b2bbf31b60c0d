/*
 * mem: malloc, calloc, realloc and strndup that do not fail: the process ends
 * instead, which is always safe here.
 */
#ifndef BIEF_MEM_H
#define BIEF_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size);
void *mem_zalloc(size_t size); /* all bytes 0 */
/* Much memory that is read here and there: of large pages, if there are; not
 * cleared. */
void *mem_large(size_t size);
void *mem_realloc(void *p, size_t size);
/* What was needed to start is done with: its pages go, and those that are needed
 * again come back by themselves. */
void mem_started(void);
char *mem_dup(const char *s, size_t n); /* NUL-terminated copy */

#endif
