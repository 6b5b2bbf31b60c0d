/*
 * common: the options that every program of a pipeline has.  They are the
 * runtime's, so that they are the same everywhere and described once.
 */
#include "runtime/options/common.h"

#include <limits.h>
#include <stddef.h>

#include "runtime/chain.h"

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
		"write a JSON line per batch; -: draw one on standard error",
		true},
	{"rejects", 0, OPT_STRING, AT(rejects), "FILE",
		"keep every refused record with its reason", true},
	{"threads", 0, OPT_INT, AT(threads), "N",
		"work on at most N threads (one for each core)", .free = true,
		.least = 1, .most = STAGE_CLONES},
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
		"write a line to this descriptor when ready", .most = INT_MAX},
	OPT_END};

size_t
common_tables(const struct op *op, void *self, struct common *c,
	struct opt_table t[5])
{
	size_t n = 0;

	t[n++] = (struct opt_table){op->opts, self, op->slips};
	t[n++] = (struct opt_table){common_opts, c, NULL};
	t[n++] = (struct opt_table){error_opts, c, NULL};
	if (op->source != NULL)
		t[n++] = (struct opt_table){source_opts, c, NULL};
	else
		t[n++] = (struct opt_table){batch_opts, c, NULL};
	if (op->source != NULL || (op->flags & OP_READY))
		t[n++] = (struct opt_table){ready_opts, c, NULL};
	return n;
}

void
common_help(const struct op *op, struct help *h)
{
	*h = (struct help){.name = op->name,
		.about = op->about,
		.synopsis = op->synopsis,
		.more = op->help,
		.kind = op->source != NULL ? "source"
			: op->sink != NULL ? "sink"
					   : "operator"};
	h->n = common_tables(op, NULL, NULL, h->table);
}
