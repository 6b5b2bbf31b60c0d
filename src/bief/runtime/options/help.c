/*
 * help: see help.h. All three texts come from the tables that the options are
 * read by, so none can tell of an option that is not there.
 */
#include "runtime/options/help.h"

#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "value/json.h"
#include "io/stream/output.h"
#include "io/stream/pipe.h"
#include "io/stream/stream.h"
#include "runtime/options/version.h"

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
help_print(const struct help *h, struct buf *out)
{
	const struct opt *own = h->table[0].opts;

	buf_printf(out, "usage: %s%s%s\n%s\n", h->name, *h->synopsis ? " " : "",
		h->synopsis, h->about);
	for (size_t i = 0; i < h->n; i++) {
		if (i == 1 && h->more != NULL)
			h->more(out);
		if (i == 1)
			buf_str(out, "\nas in every program, see bief(7):\n");
		else if (i == 0 && own != NULL && own[0].name)
			buf_byte(out, '\n');
		for (const struct opt *o = h->table[i].opts; o && o->name; o++)
			one_option(o, out);
	}
}

void
help_version(const struct help *h, struct buf *out)
{
	buf_printf(out, "%s (bief) " BIEF_VERSION "\n", h->name);
}

static const char *const kinds[] = {
	"flag", "string", "int", "duration", "size", "enum", "list", "multi"};

/* Of a duration in microseconds. */
static void
dump_limits(const struct opt *o, struct buf *out)
{
	if (o->kind != OPT_INT && o->kind != OPT_SIZE &&
		o->kind != OPT_DURATION)
		return;
	buf_printf(out, ",\"least\":%lld,\"most\":%lld",
		(long long)(o->least < -opt_most(o) ? -opt_most(o) : o->least),
		(long long)opt_most(o));
}

void
help_dump(const struct help *h, struct buf *out)
{
	bool first = true;

	buf_printf(out, "{\"name\":\"%s\",\"kind\":\"%s\"", h->name, h->kind);
	json_member(out, "about", h->about);
	json_member(out, "synopsis", h->synopsis);
	buf_str(out, ",\"options\":[");
	for (size_t i = 0; i < h->n; i++)
		for (const struct opt *o = h->table[i].opts; o && o->name;
			o++) {
			buf_printf(out, "%s\n{\"name\":\"%s\",\"kind\":\"%s\"",
				first ? "" : ",", o->name, kinds[o->kind]);
			first = false;
			if (o->letter)
				buf_printf(
					out, ",\"letter\":\"%c\"", o->letter);
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

int
help_show(const struct help *h,
	void (*what)(const struct help *h, struct buf *out), struct err *err)
{
	struct output out;
	int ret;

	output_init(&out, STDOUT_FILENO);
	pipe_mark_end(STDOUT_FILENO, STATUS_DONE);
	what(h, &out.b);
	ret = output_flush(&out, err);
	output_release(&out);
	return ret;
}
