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
	{" is_valid_variant is_variant_null schema_of_variant "
	 "schema_of_variant_agg to_variant_object try_parse_json "
	 "try_variant_array_append try_variant_get "
	 "try_variant_insert try_variant_set variant_array_append "
	 "variant_delete variant_explode variant_explode_outer "
	 "variant_get variant_insert variant_set variant_strip_nulls "
	 "parse_json ",
		"works on variants, which bief does not have: from_json "
		"with a schema reads the text, and get_json_object takes "
		"a part of it"},
	{" from_xml schema_of_xml to_xml xpath xpath_boolean "
	 "xpath_double xpath_float xpath_int xpath_long xpath_number "
	 "xpath_short xpath_string ",
		"works on XML, which bief does not have: a program that "
		"turns it into JSON goes in front of the pipeline"},
	{" from_avro from_protobuf schema_of_avro to_avro "
	 "to_protobuf ",
		"reads or writes what --schema and sources know of as "
		"files: bief does not have it here"},
	{" approx_top_k_estimate bitmap_bit_position "
	 "bitmap_bucket_number bitmap_count hll_sketch_estimate "
	 "hll_union kll_merge_agg_bigint kll_merge_agg_double "
	 "kll_merge_agg_float kll_sketch_get_n_bigint "
	 "kll_sketch_get_n_double kll_sketch_get_n_float "
	 "kll_sketch_get_quantile_bigint "
	 "kll_sketch_get_quantile_double "
	 "kll_sketch_get_quantile_float kll_sketch_get_rank_bigint "
	 "kll_sketch_get_rank_double kll_sketch_get_rank_float "
	 "kll_sketch_merge_bigint kll_sketch_merge_double "
	 "kll_sketch_merge_float kll_sketch_to_string_bigint "
	 "kll_sketch_to_string_double kll_sketch_to_string_float "
	 "theta_difference theta_intersection theta_sketch_estimate "
	 "theta_union tuple_difference_double "
	 "tuple_difference_integer tuple_difference_theta_double "
	 "tuple_difference_theta_integer "
	 "tuple_intersection_agg_double "
	 "tuple_intersection_agg_integer tuple_intersection_double "
	 "tuple_intersection_integer tuple_intersection_theta_double "
	 "tuple_intersection_theta_integer tuple_sketch_agg_double "
	 "tuple_sketch_agg_integer tuple_sketch_estimate_double "
	 "tuple_sketch_estimate_integer tuple_sketch_summary_double "
	 "tuple_sketch_summary_integer tuple_sketch_theta_double "
	 "tuple_sketch_theta_integer tuple_union_agg_double "
	 "tuple_union_agg_integer tuple_union_double "
	 "tuple_union_integer tuple_union_theta_double "
	 "tuple_union_theta_integer ",
		"works on sketches, which bief does not have: agg has "
		"approx_count_distinct and percentile_approx"},
	{" st_asbinary st_geogfromwkb st_geomfromwkb st_setsrid "
	 "st_srid ",
		"works on places, which bief does not have"},
	{" vector_avg vector_cosine_similarity vector_inner_product "
	 "vector_l2_distance vector_norm vector_normalize vector_sum ",
		"works on vectors, which bief does not have: aggregate "
		"and zip_with go over arrays"},
	{" current_time localtime make_time time time_bucket "
	 "time_diff time_from_micros time_from_millis "
	 "time_from_seconds time_to_micros time_to_millis "
	 "time_to_seconds time_trunc to_time try_to_time ",
		"works on times of day, a type that bief does not have: "
		"timestamps and intervals do"},
	{" collations current_catalog current_database current_path "
	 "current_schema current_user input_file_block_length "
	 "input_file_block_start input_file_name session_user "
	 "spark_partition_id sql_keywords user version ",
		"tells of the session, the file or the cluster, of which "
		"an expression here knows nothing"},
	{" java_method reflect try_reflect ",
		"calls foreign code, which an expression here does not"},
	{" aes_decrypt aes_encrypt collate collation collect_union "
	 "counter_diff from_base32 hmac is_valid_utf8 "
	 "jaro_winkler_similarity make_valid_utf8 measure range "
	 "sentences timestamp_nanos to_base32 try_aes_decrypt "
	 "try_validate_utf8 unix_nanos validate_utf8 ",
		"is Spark's, and bief does not have it"},
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
