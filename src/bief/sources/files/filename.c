/*
 * filename: names of files: as people count, and as they are shown.
 */
#include "sources/files/filename.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"

static int
filename_digits(const char **a, const char **b)
{
	const char *p, *q;
	size_t n, m;
	int c;

	while (**a == '0')
		++*a;
	while (**b == '0')
		++*b;
	for (p = *a; isdigit((unsigned char)*p); p++)
		;
	for (q = *b; isdigit((unsigned char)*q); q++)
		;
	n = (size_t)(p - *a);
	m = (size_t)(q - *b);
	c = n == m ? memcmp(*a, *b, n) : n < m ? -1 : 1;
	*a = p;
	*b = q;
	return c;
}

int
filename_natural(const char *a, const char *b)
{
	const char *x = a, *y = b;
	int c;

	while (*x && *y) {
		if (isdigit((unsigned char)*x) && isdigit((unsigned char)*y)) {
			c = filename_digits(&x, &y);
			if (c != 0)
				return c;
			continue;
		}
		if (*x != *y)
			return (unsigned char)*x - (unsigned char)*y;
		x++;
		y++;
	}
	c = (unsigned char)*x - (unsigned char)*y;
	return c != 0 ? c : strcmp(a, b); /* file-01 and file-1 */
}

bool
filename_hidden(const char *name)
{
	static const char copying[] = "._COPYING_";
	size_t n = strlen(name), m = sizeof(copying) - 1;

	if (name[0] == '.' || (name[0] == '_' && !strchr(name, '=')))
		return true;
	return n >= m && memcmp(name + n - m, copying, m) == 0;
}

/* Operands. */

bool
filename_magic(const char *s)
{
	return strpbrk(s, "*?[") != NULL;
}

char *
filename_quoted(const char *s, char out[300])
{
	return err_quote(out, 300, s, strlen(s));
}

/* The directory is resolved, the last name stays as it is. */
char *
filename_absolute(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? mem_dup(path, (size_t)(slash + 1 - path))
			  : mem_dup(".", 1);
	char *real = realpath(dir, NULL);
	struct buf b;

	free(dir);
	if (!real)
		return NULL;
	buf_init(&b);
	buf_str(&b, strcmp(real, "/") == 0 ? "" : real);
	buf_byte(&b, '/');
	buf_str(&b, slash ? slash + 1 : path);
	free(real);
	return buf_cstr(&b);
}
