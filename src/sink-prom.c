/*
 * sink-prom: set metrics of Prometheus from the rows of each batch: in a
 * Pushgateway, in a file for a node exporter, or served.
 *
 * Time: none.
 * Watermark: ends here.
 * State: none that is kept; the values of all sets of labels, in memory.
 * Restart: begins without values; the batches that come set them.
 *
 * It is long because there are many options to check against each other, and
 * three ways out that share what was set.
 */
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "io/replace.h"
#include "io/service/push.h"
#include "io/service/retry.h"
#include "runtime/stage.h"
#include "sinks/prom/expose.h"
#include "sinks/prom/gateway.h"
#include "sinks/prom/series.h"

#define PAUSE_US (TIME_SECOND / 10) /* before it is pushed again, at first */
#define PAUSE_MOST_US (60 * TIME_SECOND)
#define SERVE_EVERY 4096 /* records: who asks is not to wait for a batch */

enum { TYPE_IS_GAUGE, TYPE_IS_COUNTER };

struct label {
	char *name;
	struct field field;
};

struct sink_prom {
	/* options */
	struct list metrics, values, helps, labels, groups;
	int type;
	const char *push, *job, *textfile, *listen;
	bool delete_on_exit, verbose;
	int64_t retry;
	/* state */
	struct field *value; /* of each metric */
	double *number;      /* the record's, of each */
	int *got;            /* ... as get_number says */
	struct label *label;
	size_t nvalues, nlabels;
	struct series *series;
	struct expose *server;
	struct buf url;   /* of --push */
	struct buf shown; /* --push in messages */
	struct buf key;   /* the labels of a record */
	struct buf text;  /* of the newest batch */
	struct buf tmp;
	size_t bytes; /* of the series, that stage_room knows of */
	bool fresh;   /* a complete result begins anew */
	bool pushed;
	uint64_t doubles; /* rows of a batch with the labels of another */
	bool told_doubles;
	int64_t batch; /* that the series were last set in */
	int64_t *seen; /* batch in which each was last set */
	size_t nseen;
};

#define AT(member) offsetof(struct sink_prom, member)

static const struct opt sink_prom_opts[] = {
	{"metric", 0, OPT_MULTI, AT(metrics), "NAME",
		"set a metric of this name"},
	{"value", 0, OPT_MULTI, AT(values), "FIELD",
		"to this field: the first to the first metric, and so on"},
	{"label", 0, OPT_LIST, AT(labels), "[NAME=]FIELD,...",
		"with these fields as labels"},
	{"help-text", 0, OPT_MULTI, AT(helps), "TEXT",
		"what the metric is: the first of the first, and so on"},
	{"type", 0, OPT_ENUM, AT(type), "gauge|counter",
		"what the metrics are (gauge)"},
	{"push", 0, OPT_STRING, AT(push), "URL",
		"put them into this Pushgateway"},
	{"job", 0, OPT_STRING, AT(job), "NAME", "as this job's"},
	{"group", 0, OPT_MULTI, AT(groups), "NAME=VALUE",
		"and with this label of the group"},
	{"delete-on-exit", 0, OPT_FLAG, AT(delete_on_exit), NULL,
		"take them out of the Pushgateway at the end"},
	{"retry", 0, OPT_INT, AT(retry), "N",
		"when a push fails, try again, up to N times (0)",
		.most = 1000000},
	{"textfile", 0, OPT_STRING, AT(textfile), "FILE",
		"write them to this file (.prom), whole each time", true},
	{"listen", 0, OPT_STRING, AT(listen), "ADDRESS",
		"serve them here, such as 127.0.0.1:9101"},
	{"verbose", 0, OPT_FLAG, AT(verbose), NULL,
		"say which batch was written where"},
	OPT_END};

/* ---- names ---- */

static int
bad_name(struct stage *st, const char *option, const char *name, bool metric,
	const char *field)
{
	struct buf b;
	char quoted[150];

	buf_init(&b);
	series_suggest(&b, name, metric);
	if (field != NULL)
		buf_printf(&b, "=%s", field);
	err_as(st->err, STATUS_USAGE,
		"--%s: '%s' is no name of a %s: these have letters, digits and "
		"'_'%s, and begin with %s: say %s",
		option, err_quote(quoted, sizeof quoted, name, strlen(name)),
		metric ? "metric" : "label", metric ? " or ':'" : "",
		metric ? "no digit" : "no digit and not with '__'",
		buf_cstr(&b));
	buf_release(&b);
	return -1;
}

static int
check_metrics(struct stage *st)
{
	struct sink_prom *s = STAGE(st, sink_prom);
	static const char total[] = "_total";

	if (s->metrics.n == 0 || s->metrics.n != s->values.n)
		return err_as(st->err, STATUS_USAGE,
			"expected --metric NAME "
			"--value FIELD, as many of one as of the other");
	if (s->helps.n > s->metrics.n)
		return err_as(st->err, STATUS_USAGE,
			"there are more "
			"--help-text than metrics");
	for (size_t i = 0; i < s->metrics.n; i++) {
		const char *name = s->metrics.s[i];
		size_t n = strlen(name);

		if (!series_is_name(name, true))
			return bad_name(st, "metric", name, true, NULL);
		if (strncmp(name, "bief_batch_", 11) == 0)
			return err_as(st->err, STATUS_USAGE,
				"--metric: '%s' "
				"is a name of bief's own: take another one",
				name);
		if (s->type == TYPE_IS_COUNTER &&
			(n < 6 || strcmp(name + n - 6, total) != 0))
			return err_as(st->err, STATUS_USAGE,
				"--metric: the "
				"name of a counter ends in _total: say "
				"%s_total",
				name);
	}
	return 0;
}

/* NAME=FIELD, or FIELD alone. */
static int
add_label(struct stage *st, const char *word)
{
	struct sink_prom *s = STAGE(st, sink_prom);
	const char *is = *word == '"' ? NULL : strchr(word, '=');
	const char *field = is != NULL ? is + 1 : word;
	struct label *l = &s->label[s->nlabels];

	l->name = is != NULL ? mem_dup(word, (size_t)(is - word))
			     : mem_dup(word, strlen(word));
	if (is == NULL)
		field_init_window(&l->field, field);
	else
		field_init(&l->field, field);
	s->nlabels++;
	if (!series_is_name(l->name, false))
		return bad_name(st, "label", l->name, false, field);
	for (size_t i = 0; i + 1 < s->nlabels; i++)
		if (strcmp(s->label[i].name, l->name) == 0)
			return err_as(st->err, STATUS_USAGE,
				"--label: '%s' "
				"stands there twice",
				l->name);
	if (s->push == NULL)
		return 0;
	for (size_t i = 0; i < s->groups.n; i++)
		if (strncmp(s->groups.s[i], l->name, strlen(l->name)) == 0 &&
			s->groups.s[i][strlen(l->name)] == '=')
			return err_as(st->err, STATUS_USAGE,
				"--label: '%s' "
				"is a label of the --group",
				l->name);
	return strcmp(l->name, "job") != 0
		? 0
		: err_as(st->err, STATUS_USAGE,
			  "--label: the Pushgateway sets "
			  "'job' itself: say job_name=%s",
			  field);
}

static int
check_targets(struct stage *st)
{
	struct sink_prom *s = STAGE(st, sink_prom);

	if ((s->push == NULL) != (s->job == NULL))
		return err_as(st->err, STATUS_USAGE, "%s needs %s",
			s->push == NULL ? "--job NAME" : "--push URL",
			s->push == NULL ? "--push URL" : "--job NAME");
	if (s->push == NULL &&
		(s->groups.n > 0 || s->delete_on_exit || s->retry > 0))
		return err_as(st->err, STATUS_USAGE,
			"--group, "
			"--delete-on-exit and --retry are for --push");
	if (s->push == NULL)
		return 0;
	if (*s->job == '\0')
		return err_as(st->err, STATUS_USAGE, "--job: it is empty");
	gateway_shown(&s->shown, s->push);
	return gateway_url(&s->url, s->push, s->job, &s->groups, st->err);
}

static int
sink_prom_open(struct stage *st)
{
	struct sink_prom *s = STAGE(st, sink_prom);
	char text[20];
	int port;

	s->batch = -1;
	if (check_metrics(st) < 0 || check_targets(st) < 0)
		return -1;
	s->value = mem_zalloc(s->values.n * sizeof *s->value);
	s->number = mem_zalloc(s->values.n * sizeof *s->number);
	s->got = mem_zalloc(s->values.n * sizeof *s->got);
	for (; s->nvalues < s->values.n; s->nvalues++)
		field_init(&s->value[s->nvalues], s->values.s[s->nvalues]);
	s->label = mem_zalloc((s->labels.n + 1) * sizeof *s->label);
	for (size_t i = 0; i < s->labels.n; i++)
		if (add_label(st, s->labels.s[i]) < 0)
			return -1;
	s->series = series_new(s->metrics.n);
	if (s->listen == NULL || st->explain)
		return 0;
	s->server = expose_open(s->listen, &port, st->err);
	if (s->server == NULL)
		return err_in(st->err, "--listen");
	snprintf(text, sizeof text, "%d", port);
	stage_ready_as(st, text);
	if (strlen(s->listen) > 1 &&
		strcmp(s->listen + strlen(s->listen) - 2, ":0") == 0)
		stage_warn(st, "listening on port %d", port);
	return 0;
}

static int
sink_prom_plan(struct stage *st, struct plan *p)
{
	struct sink_prom *s = STAGE(st, sink_prom);

	for (size_t i = 0; i < s->nvalues; i++) {
		if (plan_bind(p, &s->value[i], NULL, st->err) < 0)
			return err_in(st->err, "--value");
		stage_watch(st, &s->value[i]);
	}
	for (size_t i = 0; i < s->nlabels; i++) {
		if (plan_bind(p, &s->label[i].field, NULL, st->err) < 0)
			return err_in(st->err, "--label");
		stage_watch(st, &s->label[i].field);
	}
	return 0;
}

static void
sink_prom_target(struct stage *st, struct buf *what, struct buf *path)
{
	struct sink_prom *s = STAGE(st, sink_prom);

	buf_printf(what, "metric %s", s->metrics.s[0]);
}

static int
sink_prom_begin(struct stage *st, struct batch *b)
{
	struct sink_prom *s = STAGE(st, sink_prom);

	s->fresh = st->in.mode == MODE_COMPLETE;
	s->batch = b->number;
	return 0;
}

/* ---- records ---- */

/* The value that Prometheus takes: 0; 1, there is none; -1, it is no number. */
static int
get_number(const struct value *v, double *d)
{
	struct value n;
	int64_t us;

	if (value_is_null(v))
		return 1;
	if (v->type == VALUE_BOOL) {
		*d = v->i != 0;
		return 0;
	}
	if (value_get_time(v, &us) == 0) {
		*d = (double)us / (double)TIME_SECOND;
		return 0;
	}
	n = value_number(v, true);
	if (n.type == VALUE_INT)
		*d = (double)n.i;
	else if (n.type == VALUE_DOUBLE)
		*d = n.d;
	else
		return -1;
	return 0;
}

/* {a="x",b="y"}, or nothing. */
static void
put_labels(struct sink_prom *s, const struct record *r)
{
	buf_clear(&s->key);
	for (size_t i = 0; i < s->nlabels; i++) {
		const struct value *v = record_get(r, &s->label[i].field);
		const char *text = "";
		size_t n = 0;

		if (!value_is_null(v) && v->type == VALUE_STRING) {
			text = value_string(v, &n, &s->tmp);
		} else if (!value_is_null(v)) {
			buf_clear(&s->tmp);
			value_print(v, &s->tmp);
			text = s->tmp.p;
			n = s->tmp.n;
			if (n >= 2 && *text == '"') { /* a time */
				text++;
				n -= 2;
			}
		}
		buf_printf(&s->key, "%c%s=\"", i == 0 ? '{' : ',',
			s->label[i].name);
		series_escape(&s->key, text, n, true);
		buf_byte(&s->key, '"');
	}
	if (s->nlabels > 0)
		buf_byte(&s->key, '}');
}

/* Count rows of a batch that have the labels of another one of it. */
static void
count_double(struct sink_prom *s, size_t at)
{
	if (at >= s->nseen) {
		size_t n = at * 2 + 64;

		s->seen = mem_realloc(s->seen, n * sizeof *s->seen);
		while (s->nseen < n)
			s->seen[s->nseen++] = INT64_MIN;
	}
	s->doubles += s->seen[at] == s->batch;
	s->seen[at] = s->batch;
}

static int
check_value(
	struct stage *st, const struct record *r, size_t i, int got, double d)
{
	struct sink_prom *s = STAGE(st, sink_prom);
	const char *why = NULL;

	if (got < 0)
		why = "is no number";
	else if (got == 0 && s->type == TYPE_IS_COUNTER && d < 0)
		why = "is below 0, which a counter never is";
	if (why == NULL)
		return 0;
	if (stage_reject(st, r, "field '%s' %s", s->values.s[i], why) < 0)
		return -1;
	return 1;
}

static int
set_values(struct stage *st, const struct record *r)
{
	struct sink_prom *s = STAGE(st, sink_prom);
	bool made;
	size_t at, bytes;

	put_labels(s, r);
	at = series_at(s->series, s->key.p, s->key.n, &made);
	count_double(s, at);
	for (size_t i = 0; i < s->nvalues; i++) {
		if (s->got[i] == 0)
			series_set(s->series, at, i, s->number[i]);
		else
			series_unset(s->series, at, i);
	}
	bytes = series_bytes(s->series);
	if (!made || bytes <= s->bytes)
		return 0;
	at = bytes - s->bytes;
	s->bytes = bytes;
	return stage_room(st, at);
}

static int
sink_prom_record(struct stage *st, struct record *r)
{
	struct sink_prom *s = STAGE(st, sink_prom);
	int ret;

	if (s->fresh) {
		series_clear(s->series);
		s->nseen = 0;
	}
	s->fresh = false;
	if (s->server != NULL && st->records_in % SERVE_EVERY == 0)
		expose_turn(s->server, s->text.p, s->text.n);
	for (size_t i = 0; i < s->nvalues; i++) {
		s->got[i] = get_number(
			record_get(r, &s->value[i]), &s->number[i]);
		ret = check_value(st, r, i, s->got[i], s->number[i]);
		if (ret != 0)
			return ret < 0 ? -1 : 0;
	}
	return set_values(st, r);
}

/* ---- what is written ---- */

static void
put_head(struct sink_prom *s, const char *name, const char *help,
	const char *type)
{
	buf_printf(&s->text, "# HELP %s ", name);
	series_escape(&s->text, help, strlen(help), false);
	buf_printf(&s->text, "\n# TYPE %s %s\n", name, type);
}

static void
put_metric(struct sink_prom *s, size_t i)
{
	const char *type = s->type == TYPE_IS_COUNTER ? "counter" : "gauge";
	struct buf help;

	buf_init(&help);
	if (i < s->helps.n)
		buf_str(&help, s->helps.s[i]);
	else
		buf_printf(&help, "Field %s of a stream.", s->values.s[i]);
	put_head(s, s->metrics.s[i], buf_cstr(&help), type);
	series_print(s->series, i, s->metrics.s[i], &s->text);
	buf_release(&help);
}

static void
put_batch(struct sink_prom *s, const struct batch *b)
{
	int64_t us = b->time_us != 0 ? b->time_us : time_now();

	put_head(s, "bief_batch_id", "Number of the newest batch.", "gauge");
	buf_printf(&s->text, "bief_batch_id{metric=\"%s\"} %lld\n",
		s->metrics.s[0], (long long)(b->number > 0 ? b->number : 0));
	put_head(s, "bief_batch_time_seconds",
		"When the newest batch began, since 1970.", "gauge");
	buf_printf(&s->text, "bief_batch_time_seconds{metric=\"%s\"} ",
		s->metrics.s[0]);
	series_number(&s->text, (double)us / (double)TIME_SECOND);
	buf_byte(&s->text, '\n');
}

/* Of nothing but a new name a reader sees no half. */
static int
write_textfile(struct stage *st)
{
	struct sink_prom *s = STAGE(st, sink_prom);
	struct replace r;

	if (replace_open(&r, s->textfile, st->err) < 0)
		return -1;
	if (replace_add(&r, s->text.p, s->text.n, st->err) == 0)
		return replace_commit(&r, NULL, st->err);
	replace_drop(&r);
	return -1;
}

/* A pause that grows, in which who asks is answered; false when the pipeline
 * is to end. */
static bool
pause_for(struct sink_prom *s, int64_t us)
{
	int64_t until = time_monotonic() + us;

	while (!stage_stopping() && (us = until - time_monotonic()) > 0) {
		struct pollfd fd = {.fd = -1, .events = POLLIN};

		if (s->server != NULL)
			fd.fd = expose_fd(s->server);
		poll(&fd, 1, us < TIME_SECOND ? (int)(us / 1000) + 1 : 1000);
		if (s->server != NULL)
			expose_turn(s->server, s->text.p, s->text.n);
	}
	return !stage_stopping();
}

static int
push(struct stage *st, const struct batch *b)
{
	struct sink_prom *s = STAGE(st, sink_prom);
	struct push p = {.method = "PUT",
		.url = s->url.p,
		.type = "text/plain; version=0.0.4",
		.body = s->text.p,
		.n = s->text.n,
		.stopping = stage_stopping};
	struct retry retry = {PAUSE_US, PAUSE_MOST_US, s->retry, 0};
	int64_t pause;
	bool again;

	while (push_send(&p, &again, st->err) < 0) {
		err_in(st->err, "batch %lld: cannot push to '%s'",
			(long long)(b->number > 0 ? b->number : 0), s->shown.p);
		pause = again ? retry_pause(&retry, 0) : -1;
		if (pause < 0 || !pause_for(s, pause))
			return -1;
		stage_warn(st, "%s: trying again", st->err->text);
	}
	s->pushed = true;
	return 0;
}

static void
tell(struct stage *st, const struct batch *b)
{
	struct sink_prom *s = STAGE(st, sink_prom);

	if (s->doubles > 0 && !s->told_doubles) {
		s->told_doubles = true;
		stage_warn(st,
			"%llu records of a batch have the labels of "
			"another one: of these the last counts (a further "
			"--label may tell them apart)",
			(unsigned long long)s->doubles);
	}
	s->doubles = 0;
	if (s->verbose)
		stage_warn(st, "batch %lld: %zu values%s%s%s%s%s%s",
			(long long)(b->number > 0 ? b->number : 0),
			series_count(s->series),
			s->push != NULL ? ", pushed to " : "",
			s->push != NULL ? s->shown.p : "",
			s->textfile != NULL ? ", written to " : "",
			s->textfile != NULL ? s->textfile : "",
			s->listen != NULL ? ", served at " : "",
			s->listen != NULL ? s->listen : "");
}

static bool
sink_prom_prints(const struct stage *st)
{
	const struct sink_prom *s = STAGE(st, sink_prom);

	return s->push == NULL && s->textfile == NULL && s->listen == NULL;
}

static int
sink_prom_batch(struct stage *st, struct batch *b)
{
	struct sink_prom *s = STAGE(st, sink_prom);

	if (s->fresh && !b->empty)
		series_clear(s->series);
	buf_clear(&s->text);
	for (size_t i = 0; i < s->metrics.n; i++)
		put_metric(s, i);
	put_batch(s, b);
	if (sink_prom_prints(st))
		stage_print(st, s->text.p, s->text.n);
	return 0;
}

static int
sink_prom_commit(struct stage *st, const struct batch *b)
{
	struct sink_prom *s = STAGE(st, sink_prom);

	if (s->server != NULL)
		expose_turn(s->server, s->text.p, s->text.n);
	if (s->textfile != NULL && write_textfile(st) < 0)
		return -1;
	if (s->push != NULL && push(st, b) < 0)
		return -1;
	tell(st, b);
	return 0;
}

/* ---- who asks ---- */

static int
sink_prom_wait(struct stage *st, struct pollfd *fds, int max, int64_t *deadline)
{
	struct sink_prom *s = STAGE(st, sink_prom);

	if (s->server == NULL || max < 1)
		return 0;
	fds[0] = (struct pollfd){.fd = expose_fd(s->server), .events = POLLIN};
	return 1;
}

static int
sink_prom_pull(struct stage *st)
{
	struct sink_prom *s = STAGE(st, sink_prom);

	expose_turn(s->server, s->text.p, s->text.n);
	return 0;
}

static void
sink_prom_close(struct stage *st)
{
	struct sink_prom *s = STAGE(st, sink_prom);
	struct push p = {.method = "DELETE",
		.url = s->url.p,
		.stopping = stage_stopping};
	struct err err;
	bool again;

	if (s->pushed && s->delete_on_exit && push_send(&p, &again, &err) < 0)
		stage_warn(st, "cannot delete the metrics at '%s': %s",
			s->shown.p, err.text);
	expose_close(s->server);
	series_free(s->series);
	for (size_t i = 0; i < s->nvalues; i++)
		field_release(&s->value[i]);
	for (size_t i = 0; i < s->nlabels; i++) {
		free(s->label[i].name);
		field_release(&s->label[i].field);
	}
	free(s->value);
	free(s->number);
	free(s->got);
	free(s->label);
	free(s->seen);
	buf_release(&s->url);
	buf_release(&s->shown);
	buf_release(&s->key);
	buf_release(&s->text);
	buf_release(&s->tmp);
}

static const struct sink sink_prom_sink = {
	.commit = sink_prom_commit,
	.target = sink_prom_target,
	.prints = sink_prom_prints,
};
static const struct waiter sink_prom_waiter = {
	.wait = sink_prom_wait,
	.pull = sink_prom_pull,
};

const struct op op_sink_prom = {
	.name = "sink-prom",
	.about = "set metrics of Prometheus from the rows of each batch",
	.synopsis = "--metric NAME --value FIELD [--label FIELD,...] "
		    "[--push URL --job NAME] [--textfile FILE] "
		    "[--listen ADDRESS]",
	.opts = sink_prom_opts,
	.size = sizeof(struct sink_prom),
	.flags = OP_READY | OP_HOLDS,
	.open = sink_prom_open,
	.plan = sink_prom_plan,
	.begin = sink_prom_begin,
	.record = sink_prom_record,
	.batch = sink_prom_batch,
	.sink = &sink_prom_sink,
	.waiter = &sink_prom_waiter,
	.close = sink_prom_close,
};
