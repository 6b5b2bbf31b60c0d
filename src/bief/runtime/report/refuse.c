/*
 * refuse: records that cannot be taken, or came too late, are counted, kept with
 * the reason in the file of --rejects, and said: the first few, for a stream can
 * be wrong a million times.
 */
#include "runtime/report/refuse.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "time/time.h"
#include "value/json.h"
#include "io/file.h"
#include "runtime/chain.h"
#include "runtime/report/say.h"
#include "runtime/threads/capture.h"

#define SAID_MOST 5 /* messages about single records, of each program */

static uint64_t
line_number(const struct stage *st, const struct record *r)
{
	if (r != NULL && r->number != 0)
		return r->number;
	return st->op->source != NULL ? st->records_out + st->rejected : 0;
}

/* A line of the --rejects file. */
static int
keep(struct stage *st, const struct record *r, const char *reason, bool late)
{
	struct stage_private *p = st->priv;
	struct buf line;
	char time[TIME_MAX];
	size_t n;
	const char *text;
	int ret = 0;

	if (p->common.rejects == NULL)
		return 0;
	if (p->rejects_fd < 0) {
		p->rejects_fd = open(p->common.rejects,
			O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
		if (p->rejects_fd < 0)
			return err_sys(st->err, "cannot write '%s'",
				p->common.rejects);
	}
	buf_init(&line);
	buf_printf(&line, "{\"program\":\"%s\",\"line\":%llu", st->op->name,
		(unsigned long long)line_number(st, r));
	if (st->now.number >= 0)
		buf_printf(&line, ",\"batch\":%lld", (long long)st->now.number);
	if (late && st->now.watermark != WATERMARK_NONE) {
		n = time_format_iso(st->now.watermark, time);
		buf_printf(&line, ",\"watermark\":\"%.*s\"", (int)n, time);
	}
	buf_str(&line, ",\"reason\":");
	json_quote_any(&line, reason, strlen(reason));
	if (r != NULL) {
		buf_clear(&p->scratch);
		text = record_text(r, &n, &p->scratch);
		buf_str(&line, ",\"record\":");
		json_quote_any(&line, text, n);
	}
	buf_str(&line, "}\n");
	if (file_add(p->rejects_fd, line.p, line.n) < 0)
		ret = err_sys(st->err, "cannot write '%s'", p->common.rejects);
	buf_release(&line);
	return ret;
}

int
refuse(struct stage *st, const struct record *r, const char *why)
{
	char place[40] = "";

	if (st->chain->capture != NULL)
		return capture_refuse(st, r, why);
	if (chain_settle(st->chain) < 0)
		return -1;
	if (r != NULL && r->number != 0)
		snprintf(place, sizeof(place),
			"line %llu: ", (unsigned long long)r->number);
	st->rejected++;
	if (keep(st, r, why, false) < 0)
		return -1;
	if (chain_on_error(st) == ON_ERROR_FAIL)
		return err_set(
			st->err, "%s%s (--on-error skip goes on)", place, why);
	if (st->priv->said++ < SAID_MOST)
		say(st, "%s%s", place, why);
	return 0;
}

bool
refuse_kept(struct stage *st)
{
	bool kept = chain_on_error(st) == ON_ERROR_KEEP;

	st->priv->kept += kept;
	return kept;
}

void
refuse_late(struct stage *st, const struct record *r, const char *why)
{
	if (st->chain->capture != NULL)
		capture_late(st, r, why);
	else if (keep(st, r, why, true) < 0)
		say(st, "%s", st->err->text);
}

int
refuse_untimed(struct stage *st, const struct record *r, const char *why)
{
	if (st->chain->capture != NULL)
		return capture_untimed(st, r, why);
	st->untimed++;
	return keep(st, r, why, false);
}

int
refuse_forged(struct stage *st, const struct record *r)
{
	return refuse(st, r, SHAPE_RESERVED_TEXT);
}

int
refuse_clash(struct stage *st, const struct record *r)
{
	struct stage_private *p = st->priv;
	char quoted[200], why[REFUSE_TEXT];

	for (size_t i = 0; i < p->nwatched; i++) {
		struct field *f = p->watched[i];

		/* What expr_watched() gives is told of, not looked up. */
		if (f->path == NULL || f->name == NULL || !field_clashes(f, r))
			continue;
		snprintf(why, sizeof(why), FIELD_CLASH,
			err_quote(quoted, sizeof(quoted), f->path,
				strlen(f->path)));
		return refuse(st, r, why) < 0 ? -1 : 1;
	}
	st->shape_id = r->shape->id;
	return 0;
}

int
refuse_too_long(struct stage *st, const char *line, size_t n)
{
	char why[100];
	struct record r = {.line = line,
		.nline = n < 200 ? (uint32_t)n : 200,
		.number = st->op->source != NULL
			? st->records_out + st->rejected + 1
			: st->records_in};

	snprintf(why, sizeof(why),
		"the line is longer than %lld bytes (--max-line)",
		(long long)st->priv->common.max_line);
	return refuse(st, &r, why);
}
