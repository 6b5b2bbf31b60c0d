/*
 * spark_agg: watermarks, windows and groups; their functions are in
 * spark_accum.c.  A window in front of an
 * aggregation has no statement of its own: groupBy makes it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agg/sets.h"
#include "command/spark/spark_impl.h"
#include "command/spark/spark_merge.h"
#include "floor/mem.h"
#include "value/path.h"

/* ---- event time ---- */

/* The field as a time; *plain: it is a column of that type already. */
static int
time_code(struct spark *s, const struct spark_step *p, const char *path,
	struct buf *b, bool *plain)
{
	const struct spark_flow *in = &p->in[0];
	const struct type *t = spark_type(&in->plan, path);
	const char *name = path + (*path == '.');
	char unit[32] = "s";
	struct buf code;

	*plain = false;
	if (in->time_of != NULL && strcmp(in->time_of, name) == 0) {
		*plain = true;
		python_column(b, in->time);
		return 0;
	}
	buf_init(&code);
	spark_path(&in->plan, path, &code, NULL);
	if (t == NULL || t->kind == TYPE_TIMESTAMP) {
		*plain = true;
		buf_add(b, code.p, code.n);
	} else if (t->kind == TYPE_STRING || t->kind == TYPE_DATE) {
		buf_printf(b, "%s.cast(\"timestamp\")", buf_cstr(&code));
	} else if (type_numeric(t)) {
		if (spark_given(p, "unit"))
			spark_choice(p, "unit", unit);
		if (strcmp(unit, "ns") == 0)
			buf_printf(b,
				"F.timestamp_micros(((%s - F.pmod(%s, "
				"F.lit(1000))) / 1000).cast(\"bigint\"))",
				buf_cstr(&code), code.p);
		else
			buf_printf(b, "F.timestamp_%s(%s)",
				strcmp(unit, "s") == 0            ? "seconds"
					: strcmp(unit, "ms") == 0 ? "millis"
								  : "micros",
				buf_cstr(&code));
	} else {
		buf_release(&code);
		return spark_refuse(s, p, "'%s' is no time", path);
	}
	buf_release(&code);
	return 0;
}

/*
 * x.withWatermark(field, delay): of a column of its own where the field is no
 * time yet, or no column.
 */
static int
put_watermark(struct spark *s, const struct spark_step *p, const char *path,
	struct spark_flow *out)
{
	struct python_statement t;
	struct buf code, name;
	char *column;
	bool plain;

	buf_init(&code);
	buf_init(&name);
	if (time_code(s, p, path, &code, &plain) < 0) {
		buf_release(&code);
		return -1;
	}
	spark_path(&p->in[0].plan, path, &name, NULL);
	buf_clear(&name);
	python_column(&name, path + (*path == '.'));
	plain = plain && name.n == code.n &&
		memcmp(name.p, code.p, code.n) == 0 &&
		strpbrk(path, ".`\"") == NULL;
	spark_note(s,
		"a batch that moves the watermark and the one without data "
		"that follows are one in bief; where more data wait Spark "
		"leaves that one out, and drops late records a batch later");
	column = plain ? mem_dup(path, strlen(path))
		       : spark_column(&p->st->out, "event_time");
	spark_begin(s, &t, "timed", p, out);
	if (!plain) {
		python_call(&t, "withColumn");
		python_arg_string(&t, column);
		python_arg_code(&t, buf_cstr(&code));
		spark_hide(out, column);
		free(out->time_of);
		free(out->time);
		out->time_of = mem_dup(
			path + (*path == '.'), strlen(path + (*path == '.')));
		out->time = mem_dup(column, strlen(column));
	}
	python_call(&t, "withWatermark");
	python_arg_string(&t, column);
	buf_byte(python_arg(&t), '"');
	python_duration(&t.arg, p->st->out.delay_us);
	buf_byte(&t.arg, '"');
	spark_end(s, &t);
	free(column);
	buf_release(&code);
	buf_release(&name);
	return 0;
}

int
spark_agg_watermark(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	const char *on = spark_text(p, "on");

	if (spark_only(s, p, "on delay unit") < 0 ||
		(s->from != NULL && spark_kept_same(s, p) < 0))
		return -1;
	if (strcasecmp(on, "window") == 0 && p->in[0].window != NULL)
		on = p->in[0].window;
	return put_watermark(s, p, on, out);
}

/* ---- windows ---- */

static void
put_duration(struct buf *b, int64_t us)
{
	buf_str(b, ", \"");
	python_duration(b, us);
	buf_byte(b, '"');
}

static int
put_session(struct spark *s, const struct spark_step *p, const char *time,
	struct buf *b)
{
	const char *field = spark_text(p, "session-field");
	const struct type *t;

	buf_printf(b, "F.session_window(%s", time);
	if (field == NULL) {
		put_duration(b, spark_number(p, "session"));
	} else {
		t = spark_type(&p->in[0].plan, field);
		if (t == NULL || t->kind != TYPE_STRING)
			return spark_refuse(s, p,
				"--session-field: Spark takes gaps as text, "
				"such as '5 minutes', or intervals: derive "
				"--sql \"gap = concat(n, ' seconds')\" makes "
				"one of a number");
		buf_str(b, ", ");
		spark_path(&p->in[0].plan, field, b, NULL);
		spark_note(s,
			"gaps in a field are texts as Spark's intervals are "
			"written, '5 seconds'; bief reads '5s', too");
	}
	buf_byte(b, ')');
	return 0;
}

static void
put_window(const struct spark_step *p, const char *time, struct buf *b)
{
	int64_t size = spark_number(p, "size"),
		slide = spark_number(p, "slide"),
		start = spark_number(p, "start");

	buf_printf(b, "F.window(%s", time);
	put_duration(b, size);
	if (slide != size || start != 0)
		put_duration(b, slide);
	if (start != 0)
		put_duration(b, start);
	buf_byte(b, ')');
}

/* The time that --on means, as an expression. */
static int
window_time(struct spark *s, const struct spark_step *p, struct buf *time)
{
	const char *on = spark_text(p, "on");
	bool plain;

	if (strcmp(on, "window") != 0 ||
		(spark_type(&p->in[0].plan, "window") != NULL &&
			spark_type(&p->in[0].plan, "window_end") == NULL))
		return time_code(s, p, on, time, &plain);
	if (p->in[0].window == NULL)
		return spark_refuse(s, p,
			"--on window: the windows are not of a window program "
			"in front");
	python_column(time, p->in[0].window);
	return 0;
}

/* A window that is there already is replaced by this one. */
static void
set_window(const struct spark_step *p, struct spark_flow *out,
	const struct buf *expr)
{
	struct buf named;

	free(out->window);
	free(out->window_expr);
	out->window = spark_column(&p->in[0].plan, "window");
	buf_init(&named);
	buf_printf(&named, "%.*s.alias(\"%s\")", (int)expr->n, expr->p,
		out->window);
	out->window_expr = mem_dup(named.p, named.n);
	buf_release(&named);
	out->later = true;
	for (size_t i = 0; i < out->hidden.n; i++)
		if (strcmp(out->hidden.s[i], out->window) == 0) {
			free(out->hidden.s[i]);
			out->hidden.s[i] = out->hidden.s[--out->hidden.n];
		}
}

int
spark_agg_window(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	struct buf time, expr;
	bool sessions = spark_given(p, "session") ||
		spark_given(p, "session-field");
	int rc;

	if (spark_given(p, "batches"))
		return spark_refuse(s, p,
			"--batches: Spark has no windows by arrival; what "
			"comes in a batch is told by foreachBatch (sink-exec), "
			"and windows of time by --on FIELD --size D");
	if (spark_only(s, p,
		    "on size slide start session session-field watermark "
		    "unit") < 0 ||
		(s->from != NULL && spark_kept_same(s, p) < 0))
		return -1;
	if (spark_given(p, "watermark") && s->stream) {
		if (put_watermark(s, p, spark_text(p, "on"), out) < 0)
			return -1;
		/* The window is of the column that has the watermark. */
		free(p->in[0].time_of);
		free(p->in[0].time);
		p->in[0].time_of = out->time_of != NULL
			? mem_dup(out->time_of, strlen(out->time_of))
			: NULL;
		p->in[0].time = out->time != NULL
			? mem_dup(out->time, strlen(out->time))
			: NULL;
	} else {
		out->var = mem_dup(p->in[0].var, strlen(p->in[0].var));
	}
	buf_init(&time);
	buf_init(&expr);
	rc = window_time(s, p, &time);
	if (rc == 0 && sessions)
		rc = put_session(s, p, buf_cstr(&time), &expr);
	else if (rc == 0)
		put_window(p, buf_cstr(&time), &expr);
	if (rc == 0)
		set_window(p, out, &expr);
	buf_release(&time);
	buf_release(&expr);
	return rc;
}

/* What the keys are called in the output. */
struct result {
	const struct schema *out;
	size_t next;               /* name in it */
	struct spark_merge *merge; /* with what bief has counted; or NULL */
};

/* ---- groups ---- */

/* How the records' windows stand in front. */
enum windows {
	NONE,
	MADE,  /* here, or a struct that is there */
	PLAIN, /* two fields like others */
};

static enum windows
windows_of(const struct spark_step *p)
{
	const struct spark_flow *in = &p->in[0];

	if (spark_given(p, "no-window"))
		return NONE;
	if (in->window != NULL &&
		(in->later || in->plan.window_us != 0 ||
			in->plan.session_us != 0))
		return MADE;
	return spark_type(&in->plan, "window_start") != NULL &&
			spark_type(&in->plan, "window_end") != NULL
		? PLAIN
		: NONE;
}

/* A key: the field, under the name that it has in the output.  With merge it is
 * a column of the rows by then.  0, or -1. */
static int
put_key(struct python_statement *t, struct spark_merge *merge, const char *code,
	const struct schema_field *to)
{
	struct buf plain, *b;
	int rc = 0;

	buf_init(&plain);
	python_column(&plain, to->name);
	if (merge != NULL) {
		rc = spark_merge_key(merge, code, to);
		code = buf_cstr(&plain);
	}
	b = python_arg(t);
	buf_str(b, code);
	if (strcmp(code, buf_cstr(&plain)) != 0) {
		buf_str(b, ".alias(");
		python_string(b, to->name);
		buf_byte(b, ')');
	}
	buf_release(&plain);
	return rc;
}

static int
put_key_fields(const struct spark_step *p, struct python_statement *t,
	enum windows windows, struct result *r)
{
	const struct list *by = spark_list(p, "by");
	int rc = 0;

	for (size_t i = 0; i < by->n && rc == 0; i++) {
		struct buf code;

		if (windows != NONE && strcasecmp(by->s[i], "window") == 0)
			continue;
		buf_init(&code);
		spark_path(&p->in[0].plan, by->s[i], &code, NULL);
		rc = put_key(
			t, r->merge, buf_cstr(&code), &r->out->f[r->next++]);
		buf_release(&code);
	}
	return rc;
}

/* The arguments of groupBy. */
static int
put_keys(const struct spark_step *p, struct python_statement *t,
	enum windows windows, struct result *r)
{
	int rc = 0;

	if (windows == MADE && p->in[0].later)
		python_arg_code(t, p->in[0].window_expr);
	else if (windows == MADE)
		python_column(python_arg(t), p->in[0].window);
	if (windows == MADE)
		r->next = 2;
	if (windows == PLAIN)
		rc = put_key(t, r->merge, "F.col(\"window_start\")",
			&r->out->f[r->next++]);
	if (windows == PLAIN && rc == 0)
		rc = put_key(t, r->merge, "F.col(\"window_end\")",
			&r->out->f[r->next++]);
	return rc == 0 ? put_key_fields(p, t, windows, r) : rc;
}

/* The window as a key, and a comma if more is to follow. */
static void
put_set_window(const struct spark_step *p, enum windows windows, struct buf *b)
{
	if (windows == MADE && p->in[0].later)
		buf_str(b, p->in[0].window_expr);
	else if (windows == MADE)
		python_column(b, p->in[0].window);
	else if (windows == PLAIN) {
		python_column(b, "window_start");
		buf_str(b, ", ");
		python_column(b, "window_end");
	}
}

/* [[F.col("a"), F.col("b")], [F.col("a")], []] */
static int
put_sets(struct spark *s, const struct spark_step *p,
	struct python_statement *t, enum windows windows)
{
	const struct list *by = spark_list(p, "by");
	struct sets sets = {.text = spark_text(p, "grouping-sets")};
	struct buf *b = python_arg(t);
	struct list keys = {by->s, by->n};
	bool named = false;

	if (sets_read(&sets, &keys, s->err) < 0) {
		sets_release(&sets);
		return -1;
	}
	for (size_t k = 0; k < by->n && windows != NONE; k++)
		if (strcasecmp(by->s[k], "window") == 0)
			sets_drop_window(&sets, k);
	for (size_t i = 0; i < sets.n; i++)
		named |= sets.window[i];
	for (size_t i = 0; i < sets.n; i++) {
		bool first = true;

		buf_str(b, i == 0 ? "[[" : ", [");
		if (windows != NONE && (!named || sets.window[i])) {
			put_set_window(p, windows, b);
			first = false;
		}
		for (size_t k = 0; k < by->n; k++) {
			if (!(sets.keys[i] >> k & 1))
				continue;
			buf_str(b, first ? "" : ", ");
			spark_path(&p->in[0].plan, by->s[k], b, NULL);
			first = false;
		}
		buf_byte(b, ']');
	}
	buf_byte(b, ']');
	sets_release(&sets);
	return 0;
}

/* The window's two fields in place of the struct. */
static void
put_window_fields(const struct spark_step *p, struct python_statement *t,
	struct spark_flow *out)
{
	const struct schema *fields = p->st->out.fields;

	python_call(t, "select");
	for (size_t i = 0; i < fields->n; i++) {
		if (i < 2)
			buf_printf(python_arg(t),
				"F.col(\"%s.%s\").alias(\"%s\")",
				p->in[0].window, i == 0 ? "start" : "end",
				fields->f[i].name);
		else
			python_column(python_arg(t), fields->f[i].name);
	}
	if (p->chained) {
		python_column(python_arg(t), p->in[0].window);
		spark_hide(out, p->in[0].window);
	}
}

/* merge: NULL, or what it is to go on from. */
static int
put_agg(struct spark *s, const struct spark_step *p, struct spark_flow *out,
	struct python_statement *t, enum windows windows,
	struct spark_merge *merge)
{
	struct result r = {p->st->out.fields, 0, merge};

	python_call(t,
		spark_given(p, "cube")                    ? "cube"
			: spark_given(p, "rollup")        ? "rollup"
			: spark_given(p, "grouping-sets") ? "groupingSets"
							  : "groupBy");
	if (spark_given(p, "grouping-sets") && put_sets(s, p, t, windows) < 0)
		return -1;
	if (put_keys(p, t, windows, &r) < 0)
		return -1;
	python_call(t, "agg");
	if (spark_accum_put(s, p, t, r.next, merge) < 0)
		return -1;
	list_free(&out->hidden);
	out->hidden = (struct list){NULL, 0};
	if (windows == MADE)
		put_window_fields(p, t, out);
	if (windows != MADE || !p->chained) {
		free(out->window);
		out->window = NULL;
	}
	return 0;
}

/* Forget a statement. */
static void
drop_statement(struct python_statement *t)
{
	struct buf b;

	buf_init(&b);
	python_end(t, &b, 0);
	buf_release(&b);
}

/* With the groups that bief has kept. */
static int
put_agg_on(struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	enum windows windows = windows_of(p);
	struct python_statement t;
	struct spark_merge m;
	int rc = spark_merge_begin(&m, s, p, windows == MADE);

	if (rc == 0) {
		out->var = spark_unique(s, "results");
		python_begin(&t, out->var, m.parts);
		rc = put_agg(s, p, out, &t, windows, &m);
		if (rc == 0)
			rc = spark_merge_end(&m);
		if (rc == 0)
			spark_end(s, &t);
		else
			drop_statement(&t);
	}
	spark_merge_release(&m);
	return rc;
}

int
spark_agg_agg(
	struct spark *s, const struct spark_step *p, struct spark_flow *out)
{
	struct python_statement t;

	if (spark_only(s, p,
		    "by cube rollup grouping-sets grouping-id no-window "
		    "mode") < 0 ||
		spark_fields(s, p) < 0)
		return -1;
	if (s->stream && p->in[0].plan.session_us != 0 &&
		p->st->out.mode == MODE_UPDATE && p->in[0].window != NULL)
		return spark_refuse(s, p,
			"Spark has no sessions in update mode: --mode append, "
			"or complete");
	if (s->from != NULL && spark_kept_same(s, p) < 0)
		return -1;
	if (s->from != NULL && s->kept.batch >= 0)
		return put_agg_on(s, p, out);
	spark_begin(s, &t, "results", p, out);
	if (put_agg(s, p, out, &t, windows_of(p), NULL) < 0) {
		drop_statement(&t);
		return -1;
	}
	spark_end(s, &t);
	return 0;
}
