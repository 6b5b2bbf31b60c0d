/*
 * spark_source: where records come from.  Files are only named here: what is
 * read of them is the affair of the parser that follows.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command/spark/spark_impl.h"
#include "floor/mem.h"
#include "time/time.h"

/* spark.read, or spark.readStream, with options; kept as text. */
static char *
reader_of(struct python_statement *t)
{
	struct buf b;
	char *text;

	buf_init(&b);
	python_end(t, &b, 0);
	text = mem_dup(b.p, b.n - 1);
	buf_release(&b);
	return text;
}

static void
option_number(struct python_statement *t, const char *name, int64_t value)
{
	python_call(t, "option");
	python_arg_string(t, name);
	buf_printf(python_arg(t), "%lld", (long long)value);
}

static void
option_duration(struct python_statement *t, const char *name, int64_t us)
{
	python_call(t, "option");
	python_arg_string(t, name);
	buf_byte(python_arg(t), '"');
	python_duration(&t->arg, us);
	buf_byte(&t->arg, '"');
}

/* Several paths as one glob, which is all that a stream takes. */
static void
put_glob(struct buf *b, char **paths, size_t n)
{
	buf_byte(b, '{');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_byte(b, ',');
		for (const char *c = paths[i]; *c != '\0'; c++) {
			if (strchr("{},\\", *c) != NULL)
				buf_byte(b, '\\');
			buf_byte(b, *c);
		}
	}
	buf_byte(b, '}');
}

static int
take_paths(struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	char **paths = p->st->operands;
	size_t n = p->st->noperands;
	struct buf b, glob;

	for (size_t i = 0; i < n; i++)
		if (strcmp(paths[i], "-") == 0 ||
			strcmp(paths[i], "/dev/stdin") == 0)
			return spark_refuse(s, p,
				"Spark reads no standard input: name a file or "
				"a directory");
	buf_init(&b);
	buf_init(&glob);
	if (n == 1) {
		python_string(&b, paths[0]);
	} else if (s->stream) {
		put_glob(&glob, paths, n);
		python_string(&b, buf_cstr(&glob));
	} else {
		struct list l = {paths, n};

		python_list(&b, &l);
	}
	out->path = mem_dup(b.p, b.n);
	buf_release(&b);
	buf_release(&glob);
	return 0;
}

static int
clean_option(
	struct spark *s, const struct spark_step *p, struct python_statement *t)
{
	const char *how = spark_text(p, "clean");

	if (how == NULL || strcmp(how, "off") == 0)
		return 0;
	if (!s->stream)
		return spark_refuse(s, p,
			"--clean: a batch job of Spark removes no files: give "
			"a --trigger");
	if (strncmp(how, "archive=", 8) == 0) {
		python_option(t, "cleanSource", "archive");
		python_option(t, "sourceArchiveDir", how + 8);
	} else {
		python_option(t, "cleanSource", how);
	}
	return 0;
}

/* Options that only a stream has. */
static int
stream_options(
	struct spark *s, const struct spark_step *p, struct python_statement *t)
{
	if (spark_given(p, "max-files"))
		option_number(
			t, "maxFilesPerTrigger", spark_number(p, "max-files"));
	if (spark_given(p, "max-bytes")) {
		option_number(
			t, "maxBytesPerTrigger", spark_number(p, "max-bytes"));
		spark_note(s, "Spark has maxBytesPerTrigger from 4.0 on");
	}
	if (spark_given(p, "latest-first"))
		python_option(t, "latestFirst", "true");
	if (spark_given(p, "file-name-only"))
		python_option(t, "fileNameOnly", "true");
	if (spark_given(p, "max-file-age"))
		option_duration(
			t, "maxFileAge", spark_number(p, "max-file-age"));
	if (spark_given(p, "order"))
		spark_note(s,
			"Spark reads files in the order of their modification "
			"times, and those of one time as they are listed; bief "
			"then by name");
	return 0;
}

static bool
is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

int
spark_source_files(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	struct python_statement t;

	if (spark_only(s, p,
		    "max-files max-bytes max-file-age order latest-first "
		    "file-name-only partitions follow clean") < 0)
		return -1;
	if (spark_given(p, "follow"))
		for (size_t i = 0; i < p->st->noperands; i++)
			if (is_file(p->st->operands[i]))
				return spark_refuse(s, p,
					"--follow: Spark reads a file once, and "
					"not what is added to it: name its "
					"directory, and put finished files "
					"there");
	if (take_paths(s, p, out) < 0 || spark_state_source(s, p) < 0 ||
		spark_state_files(s, p) < 0)
		return -1;
	out->partitions = spark_given(p, "partitions");
	python_begin(&t, NULL, s->stream ? "spark.readStream" : "spark.read");
	if (clean_option(s, p, &t) < 0 ||
		(s->stream && stream_options(s, p, &t) < 0)) {
		free(reader_of(&t));
		return -1;
	}
	out->reader = reader_of(&t);
	return 0;
}

int
spark_source_operands(
	struct spark *s, const struct spark_step *p, struct spark_flow *f)
{
	f->reader = mem_dup(s->stream ? "spark.readStream" : "spark.read",
		s->stream ? 16 : 10);
	return take_paths(s, p, f);
}

/* HOST:PORT, also [::1]:PORT. */
static int
take_address(
	struct spark *s, const struct spark_step *p, struct python_statement *t)
{
	const char *where = p->st->operands[0], *colon = strrchr(where, ':');
	char *host;
	size_t n = colon != NULL ? (size_t)(colon - where) : 0;

	if (strncmp(where, "unix:", 5) == 0 || n == 0)
		return spark_refuse(s, p, "Spark connects to HOST:PORT only");
	if (where[0] == '[' && where[n - 1] == ']') {
		where++;
		n -= 2;
	}
	host = mem_dup(where, n);
	python_option(t, "host", host);
	free(host);
	python_option(t, "port", colon + 1);
	return 0;
}

int
spark_source_socket(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	const char *time = spark_text(p, "timestamp");
	struct python_statement t;

	if (spark_given(p, "listen"))
		return spark_refuse(s, p,
			"--listen: Spark connects to a port, and none can be "
			"connected to: let the other side listen");
	if (spark_only(s, p, "timestamp for reconnect journal-max") < 0)
		return -1;
	if (s->from != NULL)
		return spark_refuse(s, p,
			"--from-checkpoint: what came over a socket cannot be "
			"asked for again");
	if (spark_given(p, "reconnect"))
		spark_note(s,
			"when the connection is lost Spark gets no more lines, "
			"where bief connects again (--reconnect)");
	if (spark_given(p, "for"))
		s->timeout_us = spark_number(p, "for");
	out->var = spark_unique(s, "lines");
	python_begin(&t, out->var, "spark.readStream");
	python_call(&t, "format");
	python_arg_string(&t, "socket");
	if (take_address(s, p, &t) < 0) {
		free(reader_of(&t));
		return -1;
	}
	if (time != NULL)
		python_option(&t, "includeTimestamp", "true");
	python_call(&t, "load");
	if (time != NULL && strcmp(time, "timestamp") != 0) {
		python_call(&t, "withColumnRenamed");
		python_arg_string(&t, "timestamp");
		python_arg_string(&t, time);
	}
	spark_end(s, &t);
	spark_note(s,
		"the socket of Spark is for trials: it cannot be read again "
		"after a crash, and a query with it has no end");
	out->lines = time == NULL;
	return 0;
}

int
spark_source_rate(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	bool batches = spark_given(p, "rows-per-batch");
	struct python_statement t;

	if (spark_only(s, p,
		    "rate ramp-up count rows-per-batch start advance") < 0)
		return -1;
	if (s->from != NULL)
		return spark_refuse(
			s, p, "--from-checkpoint: Spark's clock begins at 0");
	out->var = spark_unique(s, "ticks");
	python_begin(&t, out->var, "spark.readStream");
	python_call(&t, "format");
	python_arg_string(&t, batches ? "rate-micro-batch" : "rate");
	if (batches)
		option_number(
			&t, "rowsPerBatch", spark_number(p, "rows-per-batch"));
	if (spark_given(p, "start")) {
		const char *text = spark_text(p, "start");
		int64_t us = 0;
		/* It was read when the program was opened. */
		if (time_parse(text, strlen(text), stage_zone(p->st), 0, &us) ==
			0)
			option_number(&t, "startTimestamp", us / 1000);
	}
	if (batches && spark_given(p, "advance"))
		option_number(&t, "advanceMillisPerBatch",
			spark_number(p, "advance") / 1000);
	if (!batches)
		option_number(&t, "rowsPerSecond",
			spark_given(p, "rate") ? spark_number(p, "rate") : 1);
	if (spark_given(p, "ramp-up"))
		option_duration(&t, "rampUpTime", spark_number(p, "ramp-up"));
	python_call(&t, "load");
	if (spark_given(p, "count")) {
		python_call(&t, "limit");
		buf_printf(python_arg(&t), "%lld",
			(long long)spark_number(p, "count"));
		spark_note(s,
			"Spark's query goes on without rows when so many have "
			"come (--count); bief ends");
	}
	spark_end(s, &t);
	return 0;
}

/* ---- Kafka ---- */

static void
kafka_offsets(struct python_statement *t, const char *option,
	const char *by_time, const char *value, const struct spark_step *p)
{
	int64_t us;

	if (value == NULL)
		return;
	if (time_parse(value, strlen(value), stage_zone(p->st), 0, &us) == 0)
		option_number(t, by_time, us / 1000);
	else
		python_option(t, option, value);
}

/* What of the messages becomes a field. */
static void
kafka_columns(struct spark *s, const struct spark_step *p,
	struct python_statement *t, struct spark_flow *out)
{
	static const char *const whole[] = {"CAST(key AS STRING) AS key",
		"CAST(value AS STRING) AS value", "topic", "partition",
		"offset", "timestamp"};

	python_call(t, "selectExpr");
	out->lines = spark_given(p, "value-only");
	if (out->lines) {
		python_arg_string(t, "CAST(value AS STRING) AS value");
		return;
	}
	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
		python_arg_string(t, whole[i]);
	if (spark_given(p, "headers"))
		python_arg_string(t,
			"transform(headers, h -> named_struct('key', h.key, "
			"'value', CAST(h.value AS STRING))) AS headers");
	(void)s;
}

static int
kafka_properties(
	struct spark *s, const struct spark_step *p, struct python_statement *t)
{
	const struct list *l = spark_list(p, "property");

	for (size_t i = 0; i < l->n; i++) {
		const char *eq = strchr(l->s[i], '=');
		struct buf name;

		if (eq == NULL)
			continue;
		buf_init(&name);
		buf_str(&name, "kafka.");
		buf_add(&name, l->s[i], (size_t)(eq - l->s[i]));
		python_option(t, buf_cstr(&name), eq + 1);
		buf_release(&name);
		spark_note(s,
			"properties of librdkafka (--property) are given to "
			"Kafka's own client under their names, which knows "
			"most of them; of SASL it wants sasl.jaas.config");
	}
	return 0;
}

/* How much comes in a batch, and what is done when some of it is gone. */
static void
kafka_limits(
	struct spark *s, const struct spark_step *p, struct python_statement *t)
{
	char word[32];

	if (s->stream && spark_given(p, "max-records"))
		option_number(t, "maxOffsetsPerTrigger",
			spark_number(p, "max-records"));
	if (spark_given(p, "on-data-loss")) {
		python_option(t, "failOnDataLoss",
			strcmp(spark_choice(p, "on-data-loss", word), "fail") ==
					0
				? "true"
				: "false");
	}
}

int
spark_source_kafka(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	const char *pattern = spark_text(p, "pattern");
	struct python_statement t;
	char *at;

	if (spark_only(s, p,
		    "pattern from to max-records on-data-loss value-only "
		    "headers timeout property") < 0 ||
		spark_state_source(s, p) < 0)
		return -1;
	out->var = spark_unique(s, "messages");
	python_begin(
		&t, out->var, s->stream ? "spark.readStream" : "spark.read");
	python_call(&t, "format");
	python_arg_string(&t, "kafka");
	python_option(&t, "kafka.bootstrap.servers", p->st->operands[0]);
	if (pattern != NULL)
		python_option(&t, "subscribePattern", pattern);
	else if (p->st->noperands > 1)
		python_option(&t, "subscribe", p->st->operands[1]);
	at = spark_state_offsets(s);
	kafka_offsets(&t, "startingOffsets", "startingTimestamp",
		at != NULL ? at : spark_text(p, "from"), p);
	free(at);
	if (!s->stream)
		kafka_offsets(&t, "endingOffsets", "endingTimestamp",
			spark_text(p, "to"), p);
	else if (spark_given(p, "to"))
		spark_note(s,
			"Spark's stream has no last offset (--to): with "
			"availableNow it reads what is there when it starts");
	kafka_limits(s, p, &t);
	kafka_properties(s, p, &t);
	python_call(&t, "load");
	kafka_columns(s, p, &t, out);
	spark_end(s, &t);
	spark_note(s,
		"Kafka is a package of Spark's: spark-submit --packages "
		"org.apache.spark:spark-sql-kafka-0-10_2.13:VERSION");
	return 0;
}
