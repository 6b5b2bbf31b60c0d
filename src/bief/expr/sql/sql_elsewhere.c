/*
 * sql_elsewhere: functions of Spark that belong to another program, or nowhere.
 * Who types one is told where it is, instead of the nearest name, which would
 * be another function.
 */
#include <string.h>
#include <strings.h>

#include "expr/sql/sql_impl.h"

static const struct {
	const char *names, *hint;
} elsewhere[] = {
	{" count sum avg min max first last stddev stddev_pop variance "
	 "var_pop median collect_list collect_set approx_count_distinct "
	 "count_if bool_and bool_or max_by min_by mode corr covar_pop "
	 "covar_samp skewness kurtosis bit_and bit_or bit_xor try_sum try_avg "
	 "percentile percentile_approx listagg regr_count regr_r2 regr_avgx "
	 "regr_avgy regr_slope regr_intercept regr_sxx regr_syy regr_sxy "
	 "sum_distinct avg_distinct count_distinct every some any string_agg "
	 "any_value percentile_cont approx_percentile ",
		"aggregates: use agg for it"},
	{" mean ", "aggregates: agg has it as avg"},
	{" std stddev_samp ", "aggregates: agg has it as stddev"},
	{" var_samp ", "aggregates: agg has it as variance"},
	{" first_value ", "aggregates: agg has it as first"},
	{" last_value ", "aggregates: agg has it as last"},
	{" array_agg ", "aggregates: agg has it as collect_list"},
	{" percentile_disc ",
		"aggregates: agg has percentile_approx, which gives a value of "
		"the data, too"},
	{" product histogram_numeric count_min_sketch hll_sketch_agg "
	 "hll_union_agg bitmap_construct_agg bitmap_or_agg bitmap_and_agg "
	 "approx_top_k approx_top_k_accumulate approx_top_k_combine "
	 "grouping_sets kll_sketch_agg_bigint kll_sketch_agg_double "
	 "kll_sketch_agg_float theta_sketch_agg theta_union_agg "
	 "theta_intersection_agg listagg_distinct ",
		"aggregates, and agg does not have it: agg --help tells what "
		"it has"},
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
