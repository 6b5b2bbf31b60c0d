/*
 * parse-text: make a record {"value": line} of each line.
 *
 * Time: none is used.
 * Watermark: passed on as it comes.
 * State: none.
 * Restart: nothing to restore.
 */
#include "floor/buf.h"
#include "value/json.h"
#include "types/cell.h"
#include "runtime/stage.h"

struct parse_text {
	struct shape *shape;
	struct slots slots;
	struct buf text, clean;
};

static int
parse_text_open(struct stage *st)
{
	if (st->on_error < 0)
		st->on_error = ON_ERROR_KEEP;
	return 0;
}

static int
parse_text_plan(struct stage *st, struct plan *p)
{
	struct parse_text *o = STAGE(st, parse_text);

	schema_free(p->fields);
	p->fields = schema_new();
	schema_add(p->fields, "value", type_new(TYPE_STRING));
	o->shape = shape_extend(shape_empty(st->shapes), "value", 5);
	slots_need(&o->slots, 1);
	return 0;
}

static int
parse_text_record(struct stage *st, struct record *r)
{
	struct parse_text *o = STAGE(st, parse_text);
	struct record out = {.shape = o->shape,
		.v = o->slots.v,
		.room = o->slots.cap,
		.number = r->number};
	const char *s = r->line;
	size_t n = r->nline;

	if (!json_utf8(s, n)) {
		if (stage_reject(st, r, "invalid UTF-8") < 0)
			return -1;
		if (!stage_kept(st))
			return 0;
		buf_clear(&o->clean);
		json_repair(&o->clean, s, n);
		s = o->clean.p;
		n = o->clean.n;
	}
	buf_clear(&o->text);
	out.v[0] = cell_string(s, n, &o->text);
	return stage_emit(st, &out);
}

static void
parse_text_close(struct stage *st)
{
	struct parse_text *o = STAGE(st, parse_text);

	buf_release(&o->text);
	buf_release(&o->clean);
	slots_release(&o->slots);
}

const struct op op_parse_text = {
	.name = "parse-text",
	.about = "make a record {\"value\": line} of each line of text",
	.synopsis = "[FILE ...]",
	.size = sizeof(struct parse_text),
	.flags = OP_TEXT | OP_FILES,
	.open = parse_text_open,
	.plan = parse_text_plan,
	.record = parse_text_record,
	.close = parse_text_close,
};
