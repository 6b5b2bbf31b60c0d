/*
 * ps: show the pipelines that run, for people and for scripts.
 *
 * The text fits the terminal and may change; scripts have --json.
 */
#include "command/ps/ps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "value/json.h"
#include "runtime/options/opt.h"
#include "runtime/plan/plan.h"
#include "command/ps/running.h"

/* ---- short forms ---- */

/* In one unit, or two: 12s, 2h5m, 3d4h. */
static void
put_age(struct buf *out, int64_t us)
{
	static const struct {
		int64_t seconds;
		char name;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	int64_t left = (us < 0 ? -us : us) / TIME_SECOND;
	int i = 0;

	while (i < 3 && left < units[i].seconds)
		i++;
	buf_printf(out, "%s%lld%c", us <= -TIME_SECOND ? "-" : "",
		(long long)(left / units[i].seconds), units[i].name);
	left %= units[i].seconds;
	if (i < 3 && left >= units[i + 1].seconds)
		buf_printf(out, "%lld%c",
			(long long)(left / units[i + 1].seconds),
			units[i + 1].name);
}

/* At most five characters: 0.3, 847, 12.4k, 1.2M. */
static void
put_short(char to[16], double n, double step)
{
	static const char units[] = " kMGTPE";
	int unit = 0;

	while (n >= (step > 1000 ? step : 10000) && units[unit + 1] != '\0') {
		n /= step;
		unit++;
		if (n < step)
			break;
	}
	if (unit > 0)
		snprintf(to, 16, n < 100 ? "%.1f%c" : "%.0f%c", n, units[unit]);
	else
		snprintf(to, 16,
			n > 0 && n < 9.95 && n != (double)(int)n ? "%.1f"
								 : "%.0f",
			n);
}

static void
ps_put_time(struct buf *out, int64_t us)
{
	char time[TIME_MAX];

	buf_add(out, time, time_format_iso(us, time));
}

/* What goes to the next program, and how full the way is: of a process's last
 * stage; empty where it leads to no pipe. */
static void
put_link(const struct vitals *v, uint32_t stage, char to[16])
{
	*to = '\0';
	if (stage + 1 == v->nstages && v->room > 0)
		snprintf(to, 16, "%s %.0f%%", v->records ? "rec" : "text",
			100.0 * v->waiting / v->room);
}

/* A command line from elsewhere, as one line that a terminal can bear. */
static void
put_command(struct buf *out, const char *p, size_t n)
{
	char *to = mem_alloc(n + 4);

	buf_str(out, err_quote(to, n + 4, p, n));
	free(to);
}

/* ---- for people ---- */

static const char *
program_name(const struct running_process *p, int *n)
{
	const struct vitals_stage *s = p->v != NULL ? &p->v->stages[0] : NULL;

	*n = s != NULL ? (int)s->nprogram : (int)strlen(p->proc.name);
	return s != NULL ? (const char *)p->v + s->command : p->proc.name;
}

static void
text_head(const struct running *r, struct buf *out)
{
	uint64_t late = 0, refused = 0;
	int n;

	for (size_t i = 0; i < r->n; i++)
		for (uint32_t k = 0; r->p[i].v && k < r->p[i].v->nstages; k++) {
			late += r->p[i].v->stages[k].now.late;
			refused += r->p[i].v->stages[k].now.rejected;
		}
	if (r->name != NULL) {
		put_command(out, r->name, strlen(r->name));
		buf_byte(out, ' ');
	}
	buf_printf(out, "%d: up ", r->id);
	put_age(out, time_monotonic() - r->began_us);
	if (r->batch >= 0)
		buf_printf(out, ", batch %lld", (long long)r->batch);
	if (r->watermark != WATERMARK_NONE) {
		buf_str(out, ", watermark ");
		ps_put_time(out, r->watermark);
		buf_str(out, " (");
		put_age(out, time_now() - r->watermark);
		buf_str(out, " behind)");
	}
	if (late > 0)
		buf_printf(out, ", %llu late", (unsigned long long)late);
	if (refused > 0)
		buf_printf(out, ", %llu refused", (unsigned long long)refused);
	if (r->held_by >= 0) {
		const struct running_process *p = &r->p[r->held_by];
		const char *name = program_name(p, &n);

		buf_printf(
			out, ", held back by %.*s (%d)", n, name, p->proc.pid);
	}
	buf_byte(out, '\n');
}

static void
text_shares(const struct running_process *p, struct buf *out)
{
	for (int way = 0; way < VITALS_WAYS; way++) {
		char share[16] = "";

		if (p->shared)
			snprintf(share, sizeof(share), "%s%.0f%%",
				p->v != NULL ? "" : "~", 100 * p->share[way]);
		buf_printf(out, " %6s", share);
	}
}

static void
text_counts(const struct vitals *v, uint32_t stage, struct buf *out)
{
	const struct vitals_counts *c = &v->stages[stage].now;
	char in[16] = "", to[16], link[16], rows[16] = "", bytes[16] = "";
	double per_second[2];

	vitals_read_rates(
		v, stage, time_monotonic(), &per_second[0], &per_second[1]);
	put_short(to, per_second[1], 1000);
	put_link(v, stage, link);
	if (!v->stages[stage].source)
		put_short(in, per_second[0], 1000);
	if (c->rows >= 0) {
		put_short(rows, (double)c->rows, 1000);
		put_short(bytes, (double)c->bytes, 1024);
	}
	buf_printf(out, " %6s %6s %8s %6s %6s  ", in, to, link, rows, bytes);
}

static void
text_program(const struct running_process *p, struct buf *out)
{
	if (p->v == NULL) {
		buf_printf(out, "%8d", p->proc.pid);
		text_shares(p, out);
		buf_printf(out, " %6s %6s %8s %6s %6s  %s", "", "", "", "", "",
			p->inside != 0 ? "  " : "");
		put_command(out, p->command, strlen(p->command));
		buf_byte(out, '\n');
		return;
	}
	for (uint32_t k = 0; k < p->v->nstages; k++) {
		const struct vitals_stage *s = &p->v->stages[k];

		if (k == 0) {
			buf_printf(out, "%8d", p->proc.pid);
			text_shares(p, out);
		} else
			buf_printf(out, "%8s %6s %6s %6s", "", "", "", "");
		text_counts(p->v, k, out);
		if (p->inside != 0)
			buf_str(out, "  ");
		put_command(out, (const char *)p->v + s->command, s->ncommand);
		buf_byte(out, '\n');
	}
}

/* Cut the lines of a text from at on. */
static void
cut(struct buf *b, size_t at, size_t columns)
{
	size_t to = at, column = 0;

	for (size_t i = at; i < b->n; i++) {
		if (b->p[i] == '\n')
			column = 0;
		else if (((unsigned char)b->p[i] & 0xC0) != 0x80 &&
			++column > columns)
			continue;
		else if (column > columns)
			continue;
		b->p[to++] = b->p[i];
	}
	b->n = to;
}

void
ps_text(const struct running_list *l, size_t columns, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct running *r = &l->r[i];
		size_t at;

		if (i > 0)
			buf_byte(out, '\n');
		text_head(r, out);
		at = out->n;
		buf_printf(out, "%8s %6s %6s %6s %6s %6s %8s %6s %6s  %s\n",
			"PID", "BUSY", "INPUT", "OUTPUT", "IN/S", "OUT/S",
			"LINK", "STATE", "BYTES", "PROGRAM");
		for (size_t k = 0; k < r->n; k++)
			if (!r->p[k].hidden)
				text_program(&r->p[k], out);
		if (columns > 0)
			cut(out, at, columns);
	}
}

/* ---- for scripts ---- */

static void
json_text(struct buf *out, const char *key, const char *p, size_t n)
{
	buf_printf(out, ",\"%s\":", key);
	json_quote_any(out, p, n);
}

static void
json_time(struct buf *out, const char *key, int64_t us)
{
	if (us == WATERMARK_NONE)
		return;
	buf_printf(out, ",\"%s\":\"", key);
	ps_put_time(out, us);
	buf_byte(out, '"');
}

static void
json_share(const struct running_process *p, struct buf *out)
{
	if (p->shared)
		buf_printf(out, ",\"busy\":%.3f,\"input\":%.3f,\"output\":%.3f",
			p->share[VITALS_BUSY], p->share[VITALS_INPUT],
			p->share[VITALS_OUTPUT]);
}

static void
json_stage(const struct vitals *v, uint32_t stage, struct buf *out)
{
	const struct vitals_stage *s = &v->stages[stage];
	const struct vitals_counts *c = &s->now;
	double in, to;

	vitals_read_rates(v, stage, time_monotonic(), &in, &to);
	json_text(out, "program", (const char *)v + s->command, s->nprogram);
	json_text(out, "command", (const char *)v + s->command, s->ncommand);
	if (s->nname > 0)
		json_text(out, "name", (const char *)v + s->name, s->nname);
	if (!s->source)
		buf_printf(out, ",\"rowsIn\":%llu,\"inPerSecond\":%.1f",
			(unsigned long long)c->in, in);
	buf_printf(out, ",\"rowsOut\":%llu,\"outPerSecond\":%.1f",
		(unsigned long long)c->out, to);
	if (stage + 1 == v->nstages && v->room > 0)
		buf_printf(out, ",\"sends\":\"%s\",\"waiting\":%u,\"room\":%u",
			v->records ? "records" : "text", v->waiting, v->room);
	if (c->batch >= 0)
		buf_printf(out, ",\"batch\":%lld", (long long)c->batch);
	json_time(out, "watermark", c->watermark);
	if (c->rows >= 0)
		buf_printf(out, ",\"stateRows\":%lld,\"stateBytes\":%llu",
			(long long)c->rows, (unsigned long long)c->bytes);
	buf_printf(out, ",\"late\":%llu,\"refused\":%llu",
		(unsigned long long)c->late, (unsigned long long)c->rejected);
}

static void
json_program(const struct running *r, const struct running_process *p,
	uint32_t stage, struct buf *out)
{
	buf_printf(out, "{\"pid\":%d", p->proc.pid);
	if (p->v != NULL)
		json_stage(p->v, stage, out);
	else {
		json_text(out, "program", p->proc.name, strlen(p->proc.name));
		json_text(out, "command", p->command, strlen(p->command));
		buf_str(out, ",\"foreign\":true");
	}
	if (p->inside != 0)
		buf_printf(out, ",\"startedBy\":%d", p->inside);
	buf_str(out, ",\"from\":[");
	if (stage > 0)
		buf_printf(out, "%d", p->proc.pid);
	else
		for (size_t i = 0; i < p->nfrom; i++)
			buf_printf(out, "%s%d", i > 0 ? "," : "",
				r->p[p->from[i]].proc.pid);
	buf_byte(out, ']');
	json_share(p, out);
	buf_byte(out, '}');
}

static void
json_pipeline(const struct running *r, struct buf *out)
{
	bool first = true;

	buf_printf(out, "{\"id\":%d", r->id);
	if (r->name != NULL)
		json_text(out, "name", r->name, strlen(r->name));
	buf_printf(out, ",\"upSeconds\":%.3f",
		(double)(time_monotonic() - r->began_us) / 1e6);
	if (r->batch >= 0)
		buf_printf(out, ",\"batch\":%lld", (long long)r->batch);
	json_time(out, "watermark", r->watermark);
	if (r->watermark != WATERMARK_NONE)
		buf_printf(out, ",\"lagSeconds\":%.3f",
			(double)(time_now() - r->watermark) / 1e6);
	if (r->held_by >= 0)
		buf_printf(
			out, ",\"heldBackBy\":%d", r->p[r->held_by].proc.pid);
	buf_str(out, ",\"programs\":[");
	for (size_t i = 0; i < r->n; i++) {
		uint32_t n = r->p[i].v != NULL ? r->p[i].v->nstages : 1;

		for (uint32_t k = 0; k < n && !r->p[i].hidden; k++) {
			if (!first)
				buf_byte(out, ',');
			first = false;
			json_program(r, &r->p[i], k, out);
		}
	}
	buf_str(out, "]}\n");
}

/* ---- the command ---- */

struct options {
	bool json, help;
};

static const struct opt options[] = {
	{"json", 0, OPT_FLAG, offsetof(struct options, json), NULL,
		"an object for each pipeline"},
	{"help", 'h', OPT_FLAG, offsetof(struct options, help), NULL,
		"show the options"},
	OPT_END};

int
ps_none(void)
{
	fprintf(stderr, "bief: no pipeline of yours is running\n");
	return STATUS_FAILED;
}

static size_t
terminal_columns(void)
{
	struct winsize w;

	return isatty(STDOUT_FILENO) &&
			ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0
		? w.ws_col
		: 0;
}

int
ps_command(int argc, char **argv)
{
	struct options o = {0};
	struct opt_table t = {options, &o};
	struct running_list l;
	struct err err;
	struct buf out;
	char **words;
	size_t nwords;
	int status = STATUS_DONE;

	(void)argc;
	if (opt_parse(&t, 1, argv, &words, &nwords, &err) < 0) {
		fprintf(stderr, "bief: ps: %s\n", err_clean(err.text));
		free(words);
		return STATUS_USAGE;
	}
	free(words);
	if (o.help || nwords > 0) {
		fprintf(o.help ? stdout : stderr, "usage: bief ps [--json]\n");
		return o.help ? STATUS_DONE : STATUS_USAGE;
	}
	running_look(&l);
	buf_init(&out);
	if (o.json)
		for (size_t i = 0; i < l.n; i++)
			json_pipeline(&l.r[i], &out);
	else
		ps_text(&l, terminal_columns(), &out);
	if ((out.n > 0 && fwrite(out.p, 1, out.n, stdout) != out.n) ||
		fflush(stdout) != 0) {
		fprintf(stderr, "bief: cannot write the output: %s\n",
			strerror(errno));
		status = STATUS_FAILED;
	} else if (l.n == 0)
		status = ps_none();
	buf_release(&out);
	running_release(&l);
	return status;
}
