/*
 * chain: the stages of one process, and how records and batches go through
 * them.
 *
 * A stream without control lines may be cut into batches by a stage in the
 * middle (--batch, --trigger, a watermark).  So a chain has a first part without
 * batches, all of it one batch at its end, and a second part with batches.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/chain.h"
#include "io/eol.h"
#include "text/simd.h"
#include "value/json.h"
#include "recovery/state.h"
#include "time/time.h"

#define BATCH_DEFAULT 10000      /* records, where a watermark needs batches */
#define MAX_LINE (16 << 20)

/* Remember who failed: the innermost of nested calls. */
static int
failed(struct stage *st)
{
	if (st->chain->failed == NULL)
		st->chain->failed = st;
	return -1;
}

static void
set_defaults(struct stage *st)
{
	struct common *c = &st->priv->common;

	c->on_error = -1;
	c->max_line = MAX_LINE;
	c->ready_fd = -1;
	c->sinks = 1;
	if (st->op->defaults != NULL)
		st->op->defaults(st->self);
}

static void
show_and_exit(struct stage *st,
	void (*what)(const struct help *h, struct buf *out))
{
	struct help h;

	common_help(st->op, &h);
	if (help_show(&h, what, st->err) == 0)
		exit(STATUS_DONE);
	say(st, "%s", st->err->text);
	exit(STATUS_FAILED);
}

/* Standard input can be read once. */
static int
check_inputs(struct stage *st)
{
	size_t n = 0;

	if (st->op->merge == NULL && !(st->op->flags & OP_FILES))
		return 0;
	for (size_t i = 0; i < st->noperands; i++)
		n += strcmp(st->operands[i], "-") == 0;
	if (n < 2)
		return 0;
	return err_as(st->err, STATUS_USAGE,
		"'-' is there twice, but standard input can be read only once");
}

/* A file stands where fields or expressions are expected: it would be waited
 * for on standard input. */
static int
check_words(struct stage *st)
{
	bool words = (st->op->flags & OP_WORDS) ||
		!(st->op->flags & (OP_OPERANDS | OP_FILES));
	char quoted[100];
	struct stat s;

	for (size_t i = 0; i < st->noperands && words; i++) {
		const char *name = st->operands[i];

		if (!json_utf8(name, strlen(name)))
			return err_as(st->err, STATUS_USAGE, "'%s' is not "
				"UTF-8", err_quote(quoted, sizeof(quoted),
					name, strlen(name)));

		/* A name alone may be that of a field as well. */
		if ((strchr(name, '/') == NULL &&
			    (*name == '\0' || strchr(name + 1, '.') == NULL)) ||
			stat(name, &s) < 0 || !S_ISREG(s.st_mode))
			continue;
		err_quote(quoted, sizeof(quoted), name, strlen(name));
		return err_as(st->err, STATUS_USAGE, "'%s' is a file, and "
			"stands where none is expected: %s < %s, or a source "
			"in front", quoted, st->op->name, quoted);
	}
	return 0;
}

/* What the common options ask for must go together. */
static int
check_common(struct stage *st)
{
	const struct common *c = &st->priv->common;

	if (check_words(st) < 0)
		return -1;
	if (st->noperands > 0 && !(st->op->flags & (OP_OPERANDS | OP_FILES)))
		return err_as(st->err, STATUS_USAGE,
			"what is '%s'? usage: %s %s", st->operands[0],
			st->op->name, st->op->synopsis);
	if (c->zone != NULL && zone_open(c->zone, strlen(c->zone)) == NULL)
		return err_as(st->err, STATUS_USAGE,
			"--zone: there is no time zone '%s'", c->zone);
	if (c->batch > 0 && c->trigger != NULL)
		return err_as(st->err, STATUS_USAGE,
			"--batch and --trigger: one of them");
	return check_inputs(st);
}

static int
open_stage(struct stage *st, char **words)
{
	struct opt_table t[5];
	struct input_spec inputs[INPUTS_MAX];
	struct common *c = &st->priv->common;
	size_t n = common_tables(st->op, st->self, c, t);

	st->priv->words = words;
	set_defaults(st);
	if (opt_parse(t, n, words, &st->operands, &st->noperands, st->err) < 0)
		return -1;
	if (c->help)
		show_and_exit(st, help_print);
	if (c->version)
		show_and_exit(st, help_version);
	if (c->dump_options)
		show_and_exit(st, help_dump);
	st->on_error = c->on_error;
	st->text = (st->op->flags & OP_TEXT) != 0;
	if (check_common(st) < 0)
		return -1;
	if (st->op->keeper != NULL)
		st->state = state_new((size_t)c->max_state);
	st->priv->opened = true;
	if (st->op->open != NULL && st->op->open(st) < 0)
		return -1;
	return st->op->merge == NULL ||
			st->op->merge->inputs(st, inputs, INPUTS_MAX) >= 0 ?
		0 : -1;
}

void
chain_open(struct chain *c, char ***words, int n, int out_fd, bool explain,
	int *status)
{
	memset(c, 0, sizeof(*c));
	c->n = n;
	c->status = status;
	c->stages = mem_zalloc((size_t)n * sizeof(*c->stages));
	c->shapes = shapes_new();
	output_init(&c->out, out_fd);
	for (int i = 0; i < n; i++) {
		struct stage *st = &c->stages[i];

		st->op = run_find(words[i][0]);
		st->self = mem_zalloc(st->op->size);
		st->priv = mem_zalloc(sizeof(*st->priv));
		st->priv->rejects_fd = st->priv->progress_fd = -1;
		recover_init(&st->priv->recovery);
		st->err = &c->err;
		st->shapes = c->shapes;
		st->chain = c;
		st->place = i;
		st->explain = explain;
		st->next = i + 1 < n ? &c->stages[i + 1] : NULL;
		st->now = (struct batch){.number = -1,
			.time_us = time_now(), .watermark = WATERMARK_NONE};
		plan_init(&st->in);
		plan_init(&st->out);
		record_reader_init(&st->priv->reader, c->shapes);
		buf_init(&st->priv->text);
		buf_init(&st->priv->scratch);
		status[i] = STATUS_DONE;
	}
	for (int i = 0; i < n; i++) {
		struct stage *st = &c->stages[i];

		c->err.status = STATUS_FAILED;
		if (open_stage(st, words[i]) < 0) {
			if (!explain)
				say(st, "%s", c->err.text);
			status[i] = c->err.status;
			st->priv->failed = true;
		}
	}
}

/* What bief ps may know of it. */
void
chain_show(struct chain *c, char ***words)
{
	struct vitals_program *p = mem_zalloc((size_t)c->n * sizeof(*p));

	for (int i = 0; i < c->n; i++)
		p[i] = (struct vitals_program){.argv = words[i],
			.name = c->stages[i].priv->common.name,
			.source = c->stages[i].op->source != NULL};
	c->vitals = vitals_open(p, c->n, c->out.fd);
	c->out.before = vitals_write;
	c->out.after = vitals_written;
	c->out.arg = c->vitals;
	free(p);
}

void
chain_tell(struct chain *c, enum vitals_doing doing)
{
	if (c->vitals == NULL)
		return;
	vitals_begin(c->vitals, doing);
	for (int i = 0; i < c->n; i++) {
		struct stage *st = &c->stages[i];
		struct vitals_counts *to = &c->vitals->stages[i].now;

		to->in = st->records_in;
		to->out = st->records_out;
		to->rejected = st->rejected;
		to->late = st->late;
		to->batch = st->priv->next_number - 1;
		if (st->now.number >= 0)
			to->batch = st->now.number;
		to->watermark = st->now.watermark;
		to->rows = chain_rows(st, true);
		if (to->rows == STAGE_NO_ROWS)
			continue;
		to->bytes = state_bytes(st->state);
	}
	vitals_end(c->vitals);
}

void
chain_close(struct chain *c)
{
	vitals_close(c->vitals);
	for (int i = 0; i < c->n; i++) {
		struct stage *st = &c->stages[i];
		struct opt_table t[5];
		size_t n = common_tables(st->op, st->self, &st->priv->common,
			t);

		if (st->priv->opened && !st->priv->failed)
			say_counts(st);
		if (st->priv->opened && st->op->close != NULL)
			st->op->close(st);
		recover_release(&st->priv->recovery);
		state_free(st->state);
		opt_free(t, n);
		free(st->operands);
		plan_release(&st->in);
		plan_release(&st->out);
		record_reader_release(&st->priv->reader);
		buf_release(&st->priv->text);
		buf_release(&st->priv->scratch);
		free(st->priv->watched);
		if (st->priv->rejects_fd >= 0)
			close(st->priv->rejects_fd);
		progress_close(st);
		free(st->self);
		free(st->priv);
	}
	free(c->stages);
	shapes_free(c->shapes);
	output_release(&c->out);
}

/* --trigger of a stage into a plan. */
static int
take_trigger(struct stage *st, struct plan *p)
{
	const char *t = st->priv->common.trigger;

	if (t == NULL)
		return 0;
	p->stream = 1;
	if (st->op->source != NULL && strcmp(t, "once") == 0)
		p->trigger = TRIGGER_ONCE;
	else if (st->op->source != NULL && strcmp(t, "available-now") == 0)
		p->trigger = TRIGGER_AVAILABLE;
	else {
		p->trigger = TRIGGER_INTERVAL;
		if (duration_us(t, strlen(t), &p->interval_us, st->err) < 0 ||
			p->interval_us < 0 || p->interval_us > DURATION_MOST) {
			if (p->interval_us < 0)
				err_set(st->err, "it is negative");
			else if (p->interval_us > DURATION_MOST)
				err_set(st->err, "it is too long");
			st->err->status = STATUS_USAGE;
			return err_in(st->err, "--trigger");
		}
	}
	return 0;
}

/* What comes in, before the operator sees it: batches made here, the zone. */
static int
prepare(struct stage *st, const struct plan *before)
{
	struct stage_private *p = st->priv;

	plan_copy(&st->in, before);
	if (p->common.zone != NULL) {
		free(st->in.zone);
		st->in.zone = mem_dup(p->common.zone, strlen(p->common.zone));
	}
	if (st->op->source != NULL)
		return take_trigger(st, &st->in) < 0 ? -1 :
			recover_source(st, &st->in);
	if (p->common.trigger == NULL && p->common.batch == 0)
		return 0;
	if (before->stream)
		return err_as(st->err, STATUS_USAGE,
			"the stream has batches already: leave --%s to its "
			"source",
			p->common.batch ? "batch" : "trigger");
	p->batcher = true;
	p->per_batch = p->common.batch;
	st->in.stream = 1;
	return p->common.batch > 0 ? 0 : take_trigger(st, &st->in);
}

/* Known before data flow: every record would be refused. */
static int
check_first(struct stage *st)
{
	const struct schema *s = st->out.fields;

	if (st->op->sink != NULL || s == NULL || s->n == 0 ||
		strcmp(s->f[0].name, "#bief") != 0)
		return 0;
	return err_as(st->err, STATUS_USAGE, "its records would begin with "
		"the field '#bief', as control lines do: name it otherwise, "
		"or put another in front");
}

static int
plan_stage(struct stage *st, const struct plan *in, int n)
{
	if (prepare(st, &in[0]) < 0)
		return -1;
	plan_copy(&st->out, &st->in);
	if (st->op->merge != NULL) {
		if (st->op->merge->plan(st, in, n, &st->out) < 0)
			return -1;
	} else if (st->op->plan != NULL && st->op->plan(st, &st->out) < 0)
		return -1;
	if (check_first(st) < 0)
		return -1;
	if (!st->in.stream && st->out.stream &&
		st->op->source == NULL) {
		st->priv->batcher = true;
		/* With the trigger once all of the input is one batch. */
		st->priv->per_batch = st->out.trigger == TRIGGER_ONCE ? 0 :
									BATCH_DEFAULT;
		st->in.stream = 1;
	}
	st->priv->stream_out = st->out.stream != 0 &&
		(!st->priv->common.plain || st->out.explain);
	return recover_stage(st, in, n, &st->out);
}

static bool
writes_control(const struct chain *c)
{
	const struct stage *last = &c->stages[c->n - 1];

	return last->priv->stream_out && last->op->sink == NULL &&
		!c->out.terminal;
}

/* A checkpoint has given it what it had. */
static int
restore(struct stage *st)
{
	const struct op *op = st->op;

	if (op->keeper != NULL && op->keeper->restore != NULL)
		return op->keeper->restore(st);
	return op->sink != NULL && op->sink->restore != NULL ?
		op->sink->restore(st) : 0;
}

/* Plan the stages from st on, the input being as told. */
static int
plan_stages(struct stage *st, const struct plan *in, int n)
{
	struct chain *c = st->chain;
	struct plan nothing;

	plan_init(&nothing);
	for (; st != NULL; st = st->next, n = 1) {
		if (plan_stage(st, in, n) < 0)
			return failed(st);
		/* Without control lines nothing is known further down. */
		in = st->priv->stream_out || st->out.explain ? &st->out :
							       &nothing;
		if (!st->out.explain && restore(st) < 0)
			return failed(st);
		if (recover_ready(st) < 0)
			return failed(st);
		if (!st->in.stream)
			st->now.whole = true;
		/* Sinks may have to skip a batch; state may be too much. */
		st->straight = !st->priv->batcher &&
			st->op->sink == NULL &&
			(st->state == NULL || st->priv->common.max_state == 0);
		if (st->priv->batcher && st->priv->per_batch == 0 &&
			st->in.trigger == TRIGGER_INTERVAL)
			st->priv->next_tick = time_now();
	}
	c->planned = true;
	if (writes_control(c) && !chain_last(c)->out.explain) {
		plan_print(&chain_last(c)->out, &c->out.b);
		buf_byte(&c->out.b, '\n');
	}
	return 0;
}

int
chain_plan_from(struct stage *st, const struct plan *in)
{
	return plan_stages(st, in, 1);
}

int
chain_plan_inputs(struct chain *c, const struct plan *in, int n)
{
	return plan_stages(&c->stages[0], in, n);
}

int
chain_plan(struct chain *c, struct plan *in)
{
	return chain_plan_from(&c->stages[0], in);
}

int64_t
stage_no_rows(struct stage *st, bool glance)
{
	return STAGE_NO_ROWS;
}

int64_t
chain_rows(struct stage *st, bool glance)
{
	if (st->state == NULL)
		return STAGE_NO_ROWS;
	return st->op->keeper->rows != NULL ?
		st->op->keeper->rows(st, glance) :
		(int64_t)state_count(st->state);
}

/* A stage that makes batches opens one for its first record. */
int
chain_open_batch(struct stage *st)
{
	/* Spark's batches are timed in milliseconds. */
	struct batch b = {.number = st->in.resume++,
		.time_us = recover_time(st, time_now() / 1000 * 1000),
		.watermark = WATERMARK_NONE};

	st->priv->in_batch = 0;
	if (recover_ahead(st, b.number) < 0)
		return failed(st);
	return chain_begin(st, &b);
}

int
chain_close_batch(struct stage *st, bool last)
{
	struct batch b = st->now;

	b.last = last;
	return chain_end(st, &b);
}

static bool
blank(const struct record *r)
{
	uint32_t i = 0;

	while (i < r->nline && (r->line[i] == ' ' || r->line[i] == '\t' ||
				       r->line[i] == '\r'))
		i++;
	return i == r->nline;
}

static int
give_as_text(struct stage *st, struct record *r)
{
	struct record t = {.number = r->number};
	size_t n;

	buf_clear(&st->priv->text);
	t.line = record_text(r, &n, &st->priv->text);
	t.nline = (uint32_t)n;
	if (t.line == st->priv->text.p) {
		buf_need(&st->priv->text, JSON_PADDING);
		t.line = st->priv->text.p;
	}
	return st->op->record(st, &t);
}

static int
give_as_record(struct stage *st, struct record *r)
{
	if (r->shape == NULL) {
		if (r->nline == 0 || (r->line[0] <= ' ' && blank(r)))
			return 0;
		if (record_parse(&st->priv->reader, r, st->err) < 0) {
			char why[sizeof(st->err->text)];

			memcpy(why, st->err->text, sizeof(why));
			if (record_seems(r->line, r->nline) != NULL)
				return run_reject(st, r, "%s", why);
			return run_reject(st, r,
				"%s; a parser (parse-json, parse-csv, "
				"parse-text) belongs in front",
				why);
		}
	}
	if (r->shape->id != st->shape_id) {
		int clash = run_clash(st, r);

		if (clash != 0)
			return clash < 0 ? -1 : 0;
	}
	return st->op->record(st, r);
}

int
chain_give(struct stage *st, struct record *r)
{
	struct stage_private *p = st->priv;
	int ret;

	/* The batch begins before its first record, which counts in it. */
	if (p->batcher && st->now.number < 0 && !p->recovery.skip &&
		chain_open_batch(st) < 0)
		return -1;
	r->number = ++st->records_in;
	if (p->recovery.skip)
		return 0;
	if (!st->text)
		ret = give_as_record(st, r);
	else if (r->shape != NULL)
		ret = give_as_text(st, r);
	else
		ret = st->op->record(st, r);
	if (ret == 0 && st->state != NULL)
		ret = state_check(st->state, st->err);
	if (ret < 0)
		return failed(st);
	if (p->per_batch > 0 && ++p->in_batch >= p->per_batch)
		return chain_close_batch(st, false);
	return 0;
}

int
chain_give_line(struct stage *st, const char *line, size_t n)
{
	struct record r = {.line = line, .nline = (uint32_t)n};

	if (!st->straight || !st->text)
		return chain_give(st, &r);
	r.number = ++st->records_in;
	return st->op->record(st, &r) < 0 ? failed(st) : 0;
}

static int
refuse_forged(struct stage *st, const struct record *r)
{
	return run_reject(st, r, "%s", RECORD_RESERVED_TEXT);
}

int
chain_give_forged(struct stage *st, const char *line, size_t n)
{
	struct record r = {.line = line, .nline = (uint32_t)n,
		.number = ++st->records_in};

	if (st->priv->recovery.skip)
		return 0;
	return refuse_forged(st, &r) < 0 ? failed(st) : 0;
}

int
chain_give_long(struct stage *st, const char *line, size_t n)
{
	st->records_in++;
	say_too_long(st, line, n);
	return run_on_error(st) == ON_ERROR_FAIL ? failed(st) : 0;
}

void
chain_file_end(struct stage *st)
{
	if (st->op->file_end != NULL && !st->priv->recovery.skip)
		st->op->file_end(st);
}

static inline int
flush_full(struct chain *c)
{
	return c->out.b.n >= OUTPUT_FULL ? output_flush(&c->out, &c->err) : 0;
}

/* A source's first record of a batch that nobody has begun. */
static inline int
source_begin(struct stage *st)
{
	if (st->op->source != NULL && st->now.number < 0 &&
		st->out.stream)
		return chain_open_batch(st);
	return 0;
}

int
run_emit(struct stage *st, struct record *r)
{
	struct chain *c = st->chain;

	struct stage *next = st->next;

	if (r->shape != NULL && __builtin_expect(r->shape->reserved, 0))
		return refuse_forged(st, r);
	if (source_begin(st) < 0)
		return -1;
	st->records_out++;
	if (next != NULL && next->straight && !next->text && r->shape != NULL &&
		r->shape->id == next->shape_id) {
		r->number = ++next->records_in;
		return next->op->record(next, r) < 0 ? failed(next) : 0;
	}
	if (next != NULL)
		return chain_give(next, r);
	if (st->op->sink != NULL)
		return 0;
	record_print(r, &c->out.b);
	buf_byte(&c->out.b, '\n');
	return flush_full(c);
}

int
run_emit_line(struct stage *st, const char *line, size_t n)
{
	struct chain *c = st->chain;

	if (stream_line(line, n) != STREAM_DATA) {
		struct record r = {.line = line, .nline = (uint32_t)n,
			.number = st->records_out + st->rejected + 1};

		return refuse_forged(st, &r);
	}
	if (n > run_max_line(st)) {
		say_too_long(st, line, n);
		return run_on_error(st) == ON_ERROR_FAIL ? -1 : 0;
	}
	if (source_begin(st) < 0)
		return -1;
	st->records_out++;
	if (st->next != NULL)
		return chain_give_line(st->next, line,
			n - (n > 0 && line[n - 1] == '\r'));
	buf_add(&c->out.b, line, n);
	buf_byte(&c->out.b, '\n');
	return flush_full(c);
}

/* Count the lines of a block; false if it has one that no data may have. */
static bool
count_lines(const char *p, size_t n, uint64_t *lines)
{
	uint64_t lf, last = ~UINT64_C(0);
	size_t from = 0;

	for (size_t i = 0; i < n; i += 64) {
		if (n - i < 64)
			last >>= 64 - (n - i);
		lf = simd_byte(p + i, '\n') & last;
		*lines += (uint64_t)__builtin_popcountll(lf);
		for (; lf != 0; lf &= lf - 1) {
			size_t at = i + (size_t)__builtin_ctzll(lf);

			if (stream_line(p + from, at - from) != STREAM_DATA)
				return false;
			from = at + 1;
		}
	}
	return true;
}

/* The end of the first line of a block, the last byte of which is an end. */
static const char *
end_in_block(const char *p, const char *end)
{
	const char *at = eol_first(p, (size_t)(end - p));

	return at != NULL ? at : end - 1;
}

/* The same as count_lines for a block in which CRs end lines, too. */
static bool
count_lines_cr(const char *p, size_t n, uint64_t *lines)
{
	const char *end = p + n;

	for (const char *at; p < end; p = at + 1, ++*lines) {
		at = end_in_block(p, end);
		if (stream_line(p, (size_t)(at - p)) != STREAM_DATA)
			return false;
	}
	return true;
}

static int
emit_lines_cr(struct stage *st, const char *p, const char *end)
{
	const char *at;

	for (; p < end; p = at + 1) {
		at = end_in_block(p, end);
		if (run_emit_line(st, p, (size_t)(at - p)) < 0)
			return -1;
	}
	return 0;
}

int
run_emit_lines(struct stage *st, const char *p, size_t n)
{
	struct chain *c = st->chain;
	const char *end = p + n;
	uint64_t lines = 0;
	uint32_t lf[128];
	bool cr = eol_cr(p, n);

	if (n > 0 && st->next == NULL && n <= run_max_line(st) &&
		(cr ? count_lines_cr : count_lines)(p, n, &lines)) {
		if (source_begin(st) < 0)
			return -1;
		st->records_out += lines;
		return output_write(&c->out, p, n, &c->err);
	}
	if (cr)
		return emit_lines_cr(st, p, end);
	while (p < end) {
		size_t found = simd_lines(p, (size_t)(end - p), lf,
			sizeof lf / sizeof *lf);
		uint32_t from = 0;

		for (size_t i = 0; i < found; from = lf[i++] + 1)
			if (run_emit_line(st, p + from, lf[i] - from) < 0)
				return -1;
		p += from;
	}
	return 0;
}

void
run_file_end(struct stage *st)
{
	static const char line[] = "{\"#bief\":{\"file\":1}}";

	if (!st->out.stream)
		return;
	if (st->next != NULL)
		chain_file_end(st->next);
	else
		chain_pass(st->chain, line, strlen(line));
}

size_t
run_max_line(const struct stage *st)
{
	return (size_t)st->priv->common.max_line;
}

size_t
run_max_state(const struct stage *st)
{
	return (size_t)st->priv->common.max_state;
}

int
run_room(struct stage *st, size_t bytes)
{
	size_t most = run_max_state(st);

	if (most == 0 || bytes <= most)
		return 0;
	return err_set(st->err,
		"what it keeps has reached the limit of %zu bytes: raise "
		"--max-state", most);
}

void
run_print(struct stage *st, const char *p, size_t n)
{
	buf_add(&st->chain->out.b, p, n);
}

int64_t
run_committed(const struct stage *st, int64_t *start)
{
	*start = st->priv->recovery.last;
	return st->priv->recovery.own;
}

const char *
run_committed_mark(const struct stage *st)
{
	return st->priv->recovery.mark;
}

bool
run_terminal(const struct stage *st)
{
	return st->chain->out.terminal;
}

void
run_output_file(const struct stage *st, uint64_t *device, uint64_t *inode)
{
	output_file(&st->chain->out, device, inode);
}

void
run_enough(struct stage *st)
{
	if (!st->in.stream)
		st->chain->enough = true;
}

size_t
run_screen(const struct stage *st)
{
	struct winsize size;

	return ioctl(st->chain->out.fd, TIOCGWINSZ, &size) == 0 ? size.ws_row :
		0;
}

size_t
run_columns(const struct stage *st, size_t *lines)
{
	struct winsize size;

	*lines = 0;
	if (ioctl(st->chain->out.fd, TIOCGWINSZ, &size) != 0)
		return 0;
	*lines = size.ws_row;
	return size.ws_col;
}

const struct zone *
run_zone(const struct stage *st)
{
	const char *name = st->in.zone != NULL ? st->in.zone :
		st->priv->common.zone;

	return name != NULL ? zone_open(name, strlen(name)) : zone_utc;
}

int
run_flush(struct stage *st)
{
	return output_flush(&st->chain->out, st->err);
}

void
run_ready(struct stage *st)
{
	run_ready_as(st, "ready");
}

void
run_ready_as(struct stage *st, const char *text)
{
	int fd = (int)st->priv->common.ready_fd;

	if (fd < 0)
		return;
	if (dprintf(fd, "%s\n", text) < 0)
		say(st, "cannot write to --ready-fd %d", fd);
	close(fd);
	st->priv->common.ready_fd = -1;
}

static void
print_watermark(struct buf *out, const struct batch *b)
{
	char time[TIME_MAX];

	if (b->watermark == WATERMARK_NONE)
		return;
	buf_printf(out, ",\"watermark\":\"%.*s\"",
		(int)time_format_iso(b->watermark, time), time);
	if (b->lag_us > 0)
		buf_printf(out, ",\"fresh\":\"%.*s\"",
			(int)time_format_iso(b->watermark - b->lag_us, time),
			time);
	if (b->idle)
		buf_str(out, ",\"idle\":true");
}

/* The stage that the batches of this one reach next: none behind --plain. */
static struct stage *
reached(const struct stage *st)
{
	return st->priv->stream_out ? st->next : NULL;
}

int
chain_begin(struct stage *st, struct batch *b)
{
	struct chain *c = st->chain;
	bool out = false;

	st->priv->busy_us = vitals_busy_us(c->vitals);
	for (; st != NULL; st = reached(st)) {
		out = st->next == NULL;
		struct stage_private *p = st->priv;

		st->now = *b;
		if (recover_begin(st, b) < 0)
			return failed(st);
		p->started_us = time_monotonic();
		p->batch_in = st->records_in;
		p->batch_out = st->records_out;
		p->batch_late = st->late;
		if (st->op->begin != NULL && st->op->begin(st, b) < 0)
			return failed(st);
		st->now = *b;
	}
	if (out && writes_control(c)) {
		char time[TIME_MAX];

		buf_printf(&c->out.b,
			"{\"#bief\":{\"begin\":%lld,\"time\":\"%.*s\"",
			(long long)b->number,
			(int)time_format_iso(b->time_us, time), time);
		print_watermark(&c->out.b, b);
		buf_str(&c->out.b, "}}\n");
	}
	return 0;
}

/* Where batches are made: did this one have any input? */
static bool
is_empty(const struct stage *st, const struct batch *b)
{
	const struct stage_private *p = st->priv;

	if (st->op->source != NULL)
		return st->records_out == p->batch_out;
	if (p->batcher)
		return st->records_in == p->batch_in;
	return b->empty;
}

/* Microseconds since *last, which becomes now. */
static int64_t
lap(int64_t *last)
{
	int64_t now = time_monotonic(), took = now - *last;

	*last = now;
	return took;
}

/* What every stage does at the end of a batch, whole or not. */
static int
end_stage(struct stage *st, struct batch *b)
{
	bool skip = st->priv->recovery.skip;
	int64_t last = time_monotonic();

	if (recover_source_end(st, b) < 0)
		return failed(st);
	st->priv->took.wal_us = lap(&last);
	if (!skip && st->op->batch != NULL && st->op->batch(st, b) < 0)
		return failed(st);
	/* A sink that prints has committed when its words have left. */
	if (!skip && (st->op->sink != NULL) &&
		output_flush(&st->chain->out, st->err) < 0)
		return failed(st);
	if (!skip && st->op->sink != NULL && st->op->sink->commit != NULL &&
		st->op->sink->commit(st, b) < 0)
		return failed(st);
	st->priv->took.batch_us = lap(&last);
	if (recover_end(st, b) < 0)
		return failed(st);
	st->priv->took.commit_us = lap(&last);
	if (progress_batch(st, b) < 0)
		return failed(st);
	if (st->state != NULL)
		state_settle(st->state);
	st->now.watermark = b->watermark;
	return 0;
}

/* Of a source the loop knows better. */
static void
check_pace(struct stage *st, const struct batch *b)
{
	int64_t spent = vitals_busy_us(st->chain->vitals) - st->priv->busy_us;

	if (st->in.trigger == TRIGGER_INTERVAL && st->in.interval_us > 0 &&
		st->op->source == NULL && spent > st->in.interval_us)
		say_slow(st, b->number, spent, false);
}

int
chain_end(struct stage *st, struct batch *b)
{
	struct chain *c = st->chain;
	struct stage *first = st;
	bool out = false;

	b->empty = is_empty(st, b);
	for (; st != NULL; st = reached(st)) {
		out = st->next == NULL;
		if (end_stage(st, b) < 0)
			return -1;
		/* A parser may have held back what it hands on now. */
		if (st->text && st->records_out != st->priv->batch_out)
			b->empty = false;
		st->priv->next_number = b->number + 1;
		st->now.number = -1;
	}
	if (out && writes_control(c)) {
		buf_printf(&c->out.b, "{\"#bief\":{\"end\":%lld",
			(long long)b->number);
		print_watermark(&c->out.b, b);
		if (b->empty)
			buf_str(&c->out.b, ",\"empty\":true");
		buf_str(&c->out.b, "}}\n");
	}
	check_pace(first, b);
	chain_tell(c, VITALS_BUSY);
	return output_flush(&c->out, &c->err);
}

static int
finish_stage(struct stage *st)
{
	struct batch b = {.time_us = st->now.time_us,
		.watermark = WATERMARK_NONE, .whole = true, .last = true};

	if (!st->in.stream)
		return end_stage(st, &b);
	if (st->priv->batcher && st->now.number >= 0 &&
		chain_close_batch(st, true) < 0)
		return -1;
	if (st->op->eof != NULL) {
		int more;

		b = (struct batch){.number = st->priv->next_number,
			.time_us = time_now(), .last = true,
			.watermark = st->now.watermark};
		more = st->op->eof(st, &b);
		if (more < 0)
			return failed(st);
		if (more > 0) {
			int64_t end = b.watermark;

			b.watermark = st->now.watermark;
			if (chain_begin(st, &b) < 0)
				return -1;
			b.watermark = end;
			return chain_end(st, &b);
		}
	}
	return 0;
}

int
chain_finish(struct stage *st)
{
	struct chain *c = st->chain;

	for (; st != NULL; st = st->next) {
		st->priv->ended = true;
		if (finish_stage(st) < 0)
			return -1;
		if (recover_finish(st) < 0)
			return failed(st);
	}
	if (writes_control(c))
		buf_str(&c->out.b, "{\"#bief\":{\"eof\":1}}\n");
	return output_flush(&c->out, &c->err);
}

/* What comes behind the stage that has failed ends too, in silence: one message
 * is enough.  The next process learns it by a control line. */
static void
quit(struct chain *c, struct stage *st, enum status status, bool control)
{
	for (; st != NULL; st = st->next) {
		c->status[st->place] = status;
		st->priv->failed = true;
	}
	st = chain_last(c);
	if (control && st->op->sink == NULL && !c->out.terminal &&
		!st->priv->common.plain)
		buf_printf(&c->out.b, "{\"#bief\":{\"failed\":%d}}\n",
			(int)status);
}

void
chain_quit(struct chain *c, enum status status)
{
	quit(c, &c->stages[0], status, true);
}

void
chain_quit_behind(struct stage *st, enum status status)
{
	quit(st->chain, st->next, status, false);
}

bool
chain_unbegun(struct stage *st, int fd)
{
	int mark = input_mark(fd);

	if (mark == MARK_ENDED)
		return false;
	if (mark == MARK_KILLED)
		say(st, "the input was cut off before it began: what sent it "
			"has died");
	quit(st->chain, st, mark == MARK_KILLED ? STATUS_FAILED :
					(enum status)mark, false);
	return true;
}

void
chain_cut(struct stage *st)
{
	say(st, "the input was cut off in the middle: what sent it has died");
	quit(st->chain, st, STATUS_FAILED, true);
}

void
chain_pass(struct chain *c, const char *line, size_t n)
{
	if (!c->planned || !writes_control(c))
		return;
	buf_add(&c->out.b, line, n);
	buf_byte(&c->out.b, '\n');
}

void
chain_fail(struct chain *c)
{
	while (c->failed != NULL) {
		struct stage *st = c->failed;
		bool stream = st->in.stream || st->priv->stream_out;

		c->failed = NULL;
		say(st, "%s", c->err.text);
		c->status[st->place] = c->err.status;
		st->priv->failed = true;
		if (stream || !c->planned) {
			quit(c, st->next, c->err.status, stream);
			break;
		}
		c->err.status = STATUS_FAILED;
		/* To what follows it looks like an end of input. */
		if (st->next != NULL && !st->next->priv->ended)
			chain_finish(st->next);
	}
	output_flush(&c->out, &c->err);
}

int
chain_tick(struct stage *st)
{
	struct stage_private *p = st->priv;
	int64_t now = time_now(), step = st->in.interval_us;

	if (p->next_tick == 0 ||
		!time_due(p->next_tick, step > 0 ? step : TICK_0_US))
		return 0;
	if (st->now.number >= 0 && chain_close_batch(st, false) < 0)
		return -1;
	if (step == 0)
		p->next_tick = now + TICK_0_US;
	else
		p->next_tick = time_floor_div(now, step) * step + step;
	return chain_open_batch(st);
}

int64_t
chain_deadline(const struct chain *c)
{
	int64_t first = INT64_MAX;

	for (int i = 0; i < c->n; i++)
		if (c->stages[i].priv->next_tick != 0 &&
			c->stages[i].priv->next_tick < first)
			first = c->stages[i].priv->next_tick;
	return first;
}
