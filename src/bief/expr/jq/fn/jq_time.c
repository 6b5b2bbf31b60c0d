/*
 * jq_time: times: of the C library by jq_date.c, of the batch and of the event.
 */
#include <string.h>

#include "expr/jq/fn/jq_fn.h"

ONE(fn_fromdate)
{
	return jq_date_from(run, in, out);
}

ONE(fn_todate)
{
	return jq_date_strftime(run, in, "%Y-%m-%dT%H:%M:%SZ", out);
}

ONE(fn_strptime)
{
	return jq_date_strptime(run, in, a, out);
}

ONE(fn_mktime)
{
	return jq_date_mktime(run, in, out);
}

ONE(fn_strftime)
{
	const char *s;
	size_t len;

	/* jq itself stops dead on another format. */
	if (!jq_is_text(a))
		return err_set(run->err, "strftime/1 requires a string format");
	s = jq_value_string(run, a, &len);
	if (memchr(s, '\0', len) != NULL)
		return JQ_ASK;
	s = memcpy(jq_run_alloc(run, len + 1), s, len);
	((char *)s)[len] = '\0';
	return jq_date_strftime(run, in, s, out);
}

/* The time of the batch, so that a batch that is run again is the same. */
ONE(fn_now)
{
	run->asked_time = true;
	*out = value_double((double)run->env->batch_us / 1e6);
	return 0;
}

ONE(fn_event_time)
{
	run->asked_time = true;
	*out = run->env->has_event ? value_time(run->env->event_us)
				   : value_null();
	return 0;
}

ONE(fn_batch_timestamp)
{
	run->asked_time = true;
	*out = value_time(run->env->batch_us);
	return 0;
}

const struct jq_func jq_time_funcs[] = {
	{"batch_timestamp", 0, fn_batch_timestamp, NULL, 0, TYPE_TIMESTAMP},
	{"event_time", 0, fn_event_time, NULL, 0, TYPE_TIMESTAMP},
	{"fromdate", 0, fn_fromdate, NULL, 0, TYPE_LONG},
	{"fromdateiso8601", 0, fn_fromdate, NULL, 0, TYPE_LONG},
	{"mktime", 0, fn_mktime, NULL, 0, TYPE_LONG},
	{"now", 0, fn_now, NULL, 0, TYPE_DOUBLE},
	{"strftime", 1, fn_strftime, NULL, 0, TYPE_STRING},
	{"strptime", 1, fn_strptime, NULL, 0, TYPE_UNKNOWN},
	{"todate", 0, fn_todate, NULL, 0, TYPE_STRING},
	{"todateiso8601", 0, fn_todate, NULL, 0, TYPE_STRING},
	{NULL, 0, NULL, NULL, 0, TYPE_UNKNOWN},
};
