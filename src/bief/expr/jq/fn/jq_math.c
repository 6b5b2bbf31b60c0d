/*
 * jq_math: functions of numbers.
 */
#include <math.h>

#include "expr/jq/fn/jq_fn.h"

void
jq_math_absolute(const struct value *v, struct value *out)
{
	struct jq_value_number x = jq_value_number(v);

	if (x.exact && x.i != INT64_MIN)
		*out = value_int(x.i < 0 ? -x.i : x.i);
	else
		*out = value_double(fabs(jq_value_double(v)));
}

static int
jq_math_compute(struct jq_run *run, const struct value *in, double (*f)(double),
	struct value *out)
{
	if (jq_type(in) != JQ_NUMBER)
		return jq_refuse(run, "", in, " number required");
	if (jq_value_number(in).exact)
		*out = *in;
	else
		*out = jq_value_from_double(f(jq_value_double(in)), true);
	return 0;
}

ONE(fn_floor)
{
	return jq_math_compute(run, in, floor, out);
}

ONE(fn_ceil)
{
	return jq_math_compute(run, in, ceil, out);
}

ONE(fn_round)
{
	return jq_math_compute(run, in, round, out);
}

ONE(fn_fabs)
{
	if (jq_type(in) != JQ_NUMBER)
		return jq_refuse(run, "", in, " number required");
	jq_math_absolute(in, out);
	return 0;
}

ONE(fn_sqrt)
{
	if (jq_type(in) != JQ_NUMBER)
		return jq_refuse(run, "", in, " number required");
	*out = value_double(sqrt(jq_value_double(in)));
	if (jq_value_number(in).exact)
		*out = jq_value_from_double(out->d, true);
	return 0;
}

const struct jq_func jq_math_funcs[] = {
	{"ceil", 0, fn_ceil, NULL, 0, TYPE_UNKNOWN},
	{"fabs", 0, fn_fabs, NULL, 0, TYPE_UNKNOWN},
	{"floor", 0, fn_floor, NULL, 0, TYPE_UNKNOWN},
	{"round", 0, fn_round, NULL, 0, TYPE_UNKNOWN},
	{"sqrt", 0, fn_sqrt, NULL, 0, TYPE_UNKNOWN},
	{NULL, 0, NULL, NULL, 0, TYPE_UNKNOWN},
};
