/*
 * accum: see accum.h.
 *
 * The list of all kinds, which alone knows every family; what these share stands
 * below them, in accum_kit.c.
 */
#include "agg/accum/accum.h"

#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/near.h"

/* In the order in which they are told. */
static const struct accum_kind *const families[] = {accum_count_kinds,
	accum_truth_kinds, accum_sum_kinds, accum_extreme_kinds, accum_by_kinds,
	accum_moments_kinds, accum_shape_kinds, accum_pair_kinds,
	accum_place_kinds, accum_mode_kinds, accum_quantile_kinds,
	accum_distinct_kinds, accum_different_kinds, accum_collect_kinds,
	accum_listagg_kinds, accum_bits_kinds, accum_stats_kinds, NULL};

/* ---- names ---- */

/* The i-th of all kinds; NULL behind the last. */
static const struct accum_kind *
kind_at(size_t i)
{
	for (size_t f = 0; families[f] != NULL; f++)
		for (const struct accum_kind *k = families[f]; k->name != NULL;
			k++)
			if (i-- == 0)
				return k;
	return NULL;
}

/* Those of one name first. */
static void
names_print(struct buf *out)
{
	const struct accum_kind *k;
	size_t start = out->n;

	for (int many = 0; many < 2; many++)
		for (size_t i = 0; (k = kind_at(i)) != NULL; i++)
			if ((k->named != NULL) == many)
				buf_printf(out, "%s%s",
					out->n > start ? ", " : "", k->name);
}

static const char *
nearest_name(const char *name)
{
	size_t best = SIZE_MAX, distance;
	const struct accum_kind *k;
	const char *near = NULL;

	for (size_t i = 0; (k = kind_at(i)) != NULL; i++) {
		if (k->named != NULL || !near_enough(name, k->name))
			continue;
		distance = near_distance(name, k->name);
		if (distance < best) {
			best = distance;
			near = k->name;
		}
	}
	return near;
}

static void
unknown_name(const char *name, struct err *err)
{
	const char *near = nearest_name(name);
	struct buf all;

	if (near != NULL) {
		err_as(err, STATUS_USAGE,
			"no aggregate function '%s' (did you mean '%s'?)", name,
			near);
		return;
	}
	buf_init(&all);
	names_print(&all);
	err_as(err, STATUS_USAGE, "no aggregate function '%s': it is one of %s",
		name, buf_cstr(&all));
	buf_release(&all);
}

/* Of text of so many columns. */
#define HELP_WIDTH 76

void
accum_help(struct buf *out)
{
	struct buf names;
	char *save = NULL, *word;
	size_t column = 0;

	buf_init(&names);
	names_print(&names);
	buf_cstr(&names);
	buf_str(out, "\nfunctions:\n");
	for (word = strtok_r(names.p, " ", &save); word != NULL;
		word = strtok_r(NULL, " ", &save)) {
		if (column > 0 && column + strlen(word) > HELP_WIDTH) {
			buf_byte(out, '\n');
			column = 0;
		}
		buf_printf(out, "%s%s", column == 0 ? "  " : " ", word);
		column += strlen(word) + 1;
	}
	buf_str(out,
		"\n  count of records needs no field; FUNC:* takes all "
		"that are numbers\n");
	buf_release(&names);
}

const struct accum_kind *
accum_find(const char *name, double *p, struct err *err)
{
	const struct accum_kind *k;

	for (size_t i = 0; (k = kind_at(i)) != NULL; i++) {
		*p = k->p;
		if (k->named != NULL ? k->named(name, p)
				     : strcmp(k->name, name) == 0)
			return k;
	}
	unknown_name(name, err);
	return NULL;
}
