/*
 * help: the options that every program has, --help, --dump-options.
 */
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "chain.h"
#include "json.h"

#define AT(member) offsetof(struct common, member)
/* A line's text may take six bytes for each of its own where it becomes JSON,
 * and values count their bytes in 32 bits. */
#define LINE_MOST (INT64_C(512) << 20)

static const struct opt common_opts[] = {
	{"help", 'h', OPT_FLAG, AT(help), NULL, "show this help"},
	{"version", 0, OPT_FLAG, AT(version), NULL, "show the version"},
	{"dump-options", 0, OPT_FLAG, AT(dump_options), NULL,
		"show the options as JSON"},
	{"max-line", 0, OPT_SIZE, AT(max_line), "SIZE",
		"refuse longer lines (16M)", .least = 1, .most = LINE_MOST},
	{"name", 0, OPT_STRING, AT(name), "NAME",
		"name of this stage in checkpoints and reports"},
	{"plain", 0, OPT_FLAG, AT(plain), NULL, "write no control lines"},
	{"progress", 0, OPT_STRING, AT(progress), "FILE",
		"write a JSON line per batch; -: draw one on standard error", true},
	{"rejects", 0, OPT_STRING, AT(rejects), "FILE",
		"keep every refused record with its reason", true},
	{"zone", 0, OPT_STRING, AT(zone), "ZONE",
		"time zone of text that names none (UTC)"},
	OPT_END};

static const struct opt error_opts[] = {
	{"on-error", 0, OPT_ENUM, AT(on_error), "fail|skip|keep",
		"what to do about a record that cannot be taken"},
	OPT_END};

static const struct opt batch_opts[] = {
	{"batch", 0, OPT_INT, AT(batch), "N",
		"make batches of N records, of a stream without batches",
		.least = 1},
	{"trigger", 0, OPT_STRING, AT(trigger), "DURATION",
		"make a batch per interval, of a stream without batches"},
	{"max-state", 0, OPT_SIZE, AT(max_state), "SIZE",
		"stop when state grows beyond this"},
	OPT_END};

static const struct opt source_opts[] = {
	{"trigger", 0, OPT_STRING, AT(trigger), "DURATION|once|available-now",
		"make micro-batches"},
	{"checkpoint", 0, OPT_STRING, AT(checkpoint), "DIR",
		"make the pipeline recover from here", true},
	{"sinks", 0, OPT_INT, AT(sinks), "N",
		"wait for this many sinks with a checkpoint (1)", .least = 1,
		.most = INT_MAX},
	OPT_END};

static const struct opt ready_opts[] = {
	{"ready-fd", 0, OPT_INT, AT(ready_fd), "N",
		"write a line to this descriptor when ready",
		.most = INT_MAX},
	OPT_END};

size_t
common_tables(const struct op *op, void *self, struct common *c,
	struct opt_table t[5])
{
	size_t n = 0;

	t[n++] = (struct opt_table){op->opts, self, op->slips};
	t[n++] = (struct opt_table){common_opts, c, NULL};
	if (op->tool == NULL)
		t[n++] = (struct opt_table){error_opts, c, NULL};
	if (op->flags & OP_SOURCE)
		t[n++] = (struct opt_table){source_opts, c, NULL};
	else if (op->tool == NULL)
		t[n++] = (struct opt_table){batch_opts, c, NULL};
	if (op->flags & OP_SOURCE || op->tool != NULL)
		t[n++] = (struct opt_table){ready_opts, c, NULL};
	return n;
}

static void
one_option(const struct opt *o, struct buf *out)
{
	size_t from = out->n;

	buf_str(out, "  ");
	if (o->letter)
		buf_printf(out, "-%c, ", o->letter);
	buf_printf(out, "--%s", o->name);
	if (o->arg != NULL)
		buf_printf(out, " %s", o->arg);
	if (out->n - from > 26) {
		buf_byte(out, '\n');
		from = out->n;
	}
	do
		buf_byte(out, ' ');
	while (out->n - from < 28);
	buf_printf(out, "%s\n", o->help);
}

void
help_print(const struct op *op, struct buf *out)
{
	struct opt_table t[5];
	size_t n = common_tables(op, NULL, NULL, t);

	buf_printf(out, "usage: %s%s%s\n%s\n", op->name,
		*op->synopsis ? " " : "", op->synopsis, op->about);
	for (size_t i = 0; i < n; i++) {
		if (i == 1 && op->help != NULL)
			op->help(out);
		if (i == 1)
			buf_str(out, "\nas in every program, see bief(7):\n");
		else if (i == 0 && op->opts != NULL && op->opts[0].name)
			buf_byte(out, '\n');
		for (const struct opt *o = t[i].opts; o && o->name; o++)
			one_option(o, out);
	}
}

static const char *const kinds[] = {"flag", "string", "int", "duration",
	"size", "enum", "list", "multi"};

/* Of a duration in microseconds. */
static void
dump_limits(const struct opt *o, struct buf *out)
{
	if (o->kind != OPT_INT && o->kind != OPT_SIZE && o->kind != OPT_DURATION)
		return;
	buf_printf(out, ",\"least\":%lld,\"most\":%lld",
		(long long)(o->least < -opt_most(o) ? -opt_most(o) : o->least),
		(long long)opt_most(o));
}

void
help_dump(const struct op *op, struct buf *out)
{
	struct opt_table t[5];
	size_t n = common_tables(op, NULL, NULL, t);
	const char *kind = op->tool != NULL ? "tool" :
		op->flags & OP_SOURCE ? "source" :
		op->flags & OP_SINK ? "sink" : "operator";
	bool first = true;

	buf_printf(out, "{\"name\":\"%s\",\"kind\":\"%s\"", op->name, kind);
	json_member(out, "about", op->about);
	json_member(out, "synopsis", op->synopsis);
	buf_str(out, ",\"options\":[");
	for (size_t i = 0; i < n; i++)
		for (const struct opt *o = t[i].opts; o && o->name; o++) {
			buf_printf(out, "%s\n{\"name\":\"%s\",\"kind\":\"%s\"",
				first ? "" : ",", o->name, kinds[o->kind]);
			first = false;
			if (o->letter)
				buf_printf(out, ",\"letter\":\"%c\"",
					o->letter);
			json_member(out, "arg", o->arg);
			json_member(out, "help", o->help);
			if (o->file)
				buf_str(out, ",\"file\":true");
			dump_limits(o, out);
			buf_printf(out, ",\"common\":%s}",
				i == 0 ? "false" : "true");
		}
	buf_str(out, "]}\n");
}
