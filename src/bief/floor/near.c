/*
 * near: see near.h.  Every message that asks "did you mean" goes by one measure,
 * so that options, fields, functions and programs are told alike.
 */
#include "floor/near.h"

#include <string.h>

size_t
near_distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b), rows[3][65], i, j, d;

	if (na > 64 || nb > 64)
		return 64;
	for (j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (i = 1; i <= na; i++) {
		size_t *row = rows[i % 3], *up = rows[(i + 2) % 3],
		       *upper = rows[(i + 1) % 3];

		row[0] = i;
		for (j = 1; j <= nb; j++) {
			d = up[j - 1] + (a[i - 1] != b[j - 1]);
			if (up[j] + 1 < d)
				d = up[j] + 1;
			if (row[j - 1] + 1 < d)
				d = row[j - 1] + 1;
			/* Letters that changed places are one mistake. */
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
				a[i - 2] == b[j - 1] && upper[j - 2] + 1 < d)
				d = upper[j - 2] + 1;
			row[j] = d;
		}
	}
	return rows[na % 3][nb];
}

bool
near_enough(const char *a, const char *b)
{
	size_t shorter = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return near_distance(a, b) <= (shorter > 5 ? 2 : 1) ||
		(shorter >= 3 && strncmp(a, b, shorter) == 0);
}
