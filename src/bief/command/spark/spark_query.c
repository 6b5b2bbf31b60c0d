/*
 * spark_query: how a sink's statement begins and ends: a query of Structured
 * Streaming with its mode, trigger and checkpoint, or a batch job's one go.
 */
#include "command/spark/spark_query.h"

#include <stdlib.h>
#include <string.h>

/* Columns that are no fields do not go out. */
void
spark_query_columns(struct spark *s, struct spark_flow *in)
{
	struct python_statement t;
	char *var;

	spark_settle(s, in);
	if (in->hidden.n == 0)
		return;
	var = spark_unique(s, "visible");
	python_begin(&t, var, in->var);
	python_call(&t, "drop");
	for (size_t i = 0; i < in->hidden.n; i++)
		python_arg_string(&t, in->hidden.s[i]);
	spark_end(s, &t);
	free(in->var);
	in->var = var;
	list_free(&in->hidden);
	in->hidden = (struct list){NULL, 0};
}

const char *
spark_query_mode(const struct spark_flow *in)
{
	if (in->plan.mode != MODE_NONE)
		return plan_mode_name(in->plan.mode);
	return in->plan.aggregated ? "complete" : "append";
}

/* Where Spark keeps how far it is; not in bief's directory, which has another
 * form. */
static void
put_checkpoint(struct spark *s, struct python_statement *t, bool needed)
{
	struct buf dir;

	if (s->checkpoint == NULL && !needed)
		return;
	python_call(t, "option");
	python_arg_string(t, "checkpointLocation");
	if (s->checkpoint == NULL) {
		python_arg_code(t, "tempfile.mkdtemp(prefix=\"bief-\")");
		s->wants_temp = true;
		return;
	}
	buf_init(&dir);
	spark_state_beside(s, s->checkpoint, "spark", &dir);
	python_arg_string(t, buf_cstr(&dir));
	buf_release(&dir);
	spark_note(s,
		"a checkpoint of Spark has another form than bief's: it stands "
		"beside that, and begins anew");
}

/* query = x.writeStream.outputMode(...).trigger(...); the format follows. */
void
spark_query_begin(struct spark *s, struct python_statement *t, const char *var,
	const char *mode, bool checkpoint)
{
	struct buf from;

	buf_init(&from);
	buf_printf(&from, "%s.writeStream", var);
	python_begin(t, "query", buf_cstr(&from));
	buf_release(&from);
	python_call(t, "outputMode");
	python_arg_string(t, mode);
	if (s->trigger != NULL) {
		python_call(t, "trigger");
		python_arg_code(t, s->trigger);
	}
	if (s->title != NULL) {
		python_call(t, "queryName");
		python_arg_string(t, s->title);
	}
	put_checkpoint(s, t, checkpoint);
}

void
spark_query_end(struct spark *s, struct python_statement *t)
{
	python_call(t, "start");
	python_end(t, &s->body, 0);
	if (s->timeout_us >= 0)
		buf_printf(&s->body,
			"query.awaitTermination(%.6g)\n"
			"query.stop()\n",
			(double)s->timeout_us / 1e6);
	else
		buf_str(&s->body, "query.awaitTermination()\n");
}

/*
 * The function for each batch, of which text is the end: statements of var,
 * which is "rows" unless others stand in front.  In a batch job they stand
 * alone.
 */
void
spark_query_each(struct spark *s, struct spark_flow *in, const struct buf *text)
{
	struct python_statement t;

	if (!s->stream) {
		if (s->defines)
			buf_str(&s->body, "\n\n");
		buf_add(&s->body, text->p, text->n);
		return;
	}
	buf_str(&s->body, "\n\ndef write_batch(rows, batch_id):\n");
	buf_add(&s->body, s->later.p, s->later.n);
	buf_add(&s->body, text->p, text->n);
	buf_str(&s->body, "\n\n");
	spark_query_begin(s, &t, s->each ? s->written : in->var,
		spark_query_mode(in), false);
	python_call(&t, "foreachBatch");
	python_arg_code(&t, "write_batch");
	spark_query_end(s, &t);
}

/* What the rows of a batch are called, and how far their statements stand
 * in. */
const char *
spark_query_rows(const struct spark *s, const struct spark_flow *in)
{
	return s->stream && !s->each ? "rows" : in->var;
}

int
spark_query_indent(const struct spark *s)
{
	return s->stream ? 4 : 0;
}
