/*
 * mem: memory that is never refused.  A program of a pipeline has nothing better
 * to do without memory than to end, and that is safe (ARCHITECTURE.md, K); so no
 * caller looks at what it gets, and there are no ways back that nobody tests.
 */
#include "floor/mem.h"

#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "floor/err.h"

static void __attribute__((noreturn)) mem_out(void)
{
	static const char text[] = ": out of memory\n";
	char line[80];
	int n = snprintf(line, sizeof(line), "%.60s%s",
		program_invocation_short_name, text);

	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		_exit(STATUS_FAILED);
	_exit(STATUS_FAILED);
}

void *
mem_alloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (p == NULL)
		mem_out();
	return p;
}

void *
mem_zalloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (p == NULL)
		mem_out();
	return p;
}

void *
mem_large(size_t size)
{
	const size_t page = (size_t)1 << 21;
	void *p;

	if (size < page || posix_memalign(&p, page, size) != 0)
		return mem_alloc(size);
	madvise(p, size, MADV_HUGEPAGE);
	return p;
}

/* Program and libraries: what is only read, so it is as it stands in the file. */
static int
mem_unread(struct dl_phdr_info *of, size_t size, void *arg)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)arg;
	for (int i = 0; i < of->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &of->dlpi_phdr[i];
		uintptr_t from = of->dlpi_addr + h->p_vaddr,
			  to = from + h->p_filesz;

		from = (from + page - 1) & ~(page - 1);
		to &= ~(page - 1);
		if (h->p_type == PT_LOAD && !(h->p_flags & PF_W) && from < to)
			madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return 0;
}

void
mem_started(void)
{
	dl_iterate_phdr(mem_unread, NULL);
}

void *
mem_realloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (p == NULL)
		mem_out();
	return p;
}

char *
mem_dup(const char *s, size_t n)
{
	char *p = mem_alloc(n + 1);

	if (n > 0)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}
