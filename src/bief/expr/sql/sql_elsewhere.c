/*
 * sql_elsewhere: functions of Spark that belong to another program, or nowhere.
 * Who types one is told where it is, instead of the nearest name, which would
 * be another function.
 */
#include <string.h>
#include <strings.h>

#include "expr/sql/sql_impl.h"

/* What agg has, by the names that it has them under. */
#define AGG_HAS                                                              \
	"count, sum, avg, min, max, stddev, variance, first, last, median, " \
	"p95, count_distinct, collect_list, ..."

static const struct {
	const char *names, *hint;
} elsewhere[] = {
	{" count sum avg min max first last stddev stddev_pop variance "
	 "var_pop median collect_list collect_set approx_count_distinct ",
		"aggregates: use agg for it"},
	{" mean try_avg ", "aggregates: agg has it as avg"},
	{" try_sum ", "aggregates: agg has it as sum"},
	{" std stddev_samp ", "aggregates: agg has it as stddev"},
	{" var_samp ", "aggregates: agg has it as variance"},
	{" first_value any_value ", "aggregates: agg has it as first"},
	{" last_value ", "aggregates: agg has it as last"},
	{" array_agg ", "aggregates: agg has it as collect_list"},
	{" percentile percentile_cont percentile_disc percentile_approx "
	 "approx_percentile ",
		"aggregates: agg has it as p50, p95, p99.9 ..."},
	{" count_if ",
		"aggregates, and agg does not have it: filter by the "
		"condition and count, or derive case when c then 1 else 0 end "
		"and sum"},
	{" bool_and every ",
		"aggregates, and agg does not have it: min of a boolean is "
		"it"},
	{" bool_or some any ",
		"aggregates, and agg does not have it: max of a boolean is "
		"it"},
	{" listagg string_agg ",
		"aggregates, and agg does not have it: array_join what "
		"collect_list gives"},
	{" max_by min_by mode corr covar_pop covar_samp skewness kurtosis "
	 "bit_and bit_or bit_xor product histogram_numeric count_min_sketch "
	 "hll_sketch_agg bitmap_construct_agg approx_top_k regr_count regr_r2 "
	 "regr_avgx regr_avgy regr_slope regr_intercept regr_sxx regr_syy "
	 "regr_sxy ",
		"aggregates, and agg does not have it: it has " AGG_HAS},
	{" grouping grouping_id ",
		"tells groups apart: agg --grouping-id gives it"},
	{" explode explode_outer posexplode posexplode_outer inline "
	 "inline_outer stack json_tuple ",
		"gives several rows: use explode for it"},
	{" window session_window ", "makes windows: use window"},
	{" window_time ",
		"is the last moment of a window: that is "
		"window_end - interval 1 microsecond"},
	{" rand random randn uuid shuffle randstr uniform "
	 "monotonically_increasing_id ",
		"gives another answer each time, so that a batch that is run "
		"again would differ"},
	{" row_number rank dense_rank percent_rank cume_dist lag lead ntile "
	 "nth_value ",
		"looks at other rows, which a stream does not wait for"},
};

const char *
sql_elsewhere(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++)
		for (const char *p = elsewhere[i].names; *p != '\0'; p++)
			if (*p == ' ' && strncasecmp(p + 1, name, n) == 0 &&
				p[n + 1] == ' ')
				return elsewhere[i].hint;
	return NULL;
}
