/*
 * ways: expressions evaluated by their tree and by steps (steps.h), compared
 *
 *	ways ZONE TIME	TIME: that of the batch, in microseconds
 *
 * Each line of standard input is an expression as in answer.c.  Its literals
 * become fields, all, every second or the others, with their types and without,
 * and it is evaluated over records in which they are what they were, null, or
 * something else.  A line of output for each:
 *
 *	= COMPARED	values (or messages) were the same, so many times; 0 where
 *			a lambda is in it, which is left to the tree
 *	! MESSAGE	they were not: the record, and both
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "time/zone.h"
#include "value/json.h"
#include "value/record.h"
#include "value/record_read.h"
#include "types/schema.h"
#include "expr/expr.h"
#include "expr/sql/sql_impl.h"
#include "expr/sql/steps/steps.h"
#include "unescape.h"

#define FIELDS_MOST 32
#define CPU_MOST (CLOCKS_PER_SEC / 2) /* of an expression */

/* What takes a field's place in other records. */
static const char *const others[] = {"null", "0", "-1", "3", "2.5", "-0.0",
	"1e-7", "9223372036854775807", "36893488147419103233", "\"\"",
	"\"NaN\"", "\"a\\tb\"", "\"Zebra\"", "\"17\"",
	"\"2024-02-29T23:59:59.5Z\"", "\"2024-02-29\"", "true", "[1,2]",
	"{\"a\":1}"};
#define NOTHERS (sizeof(others) / sizeof(others[0]))

struct ways {
	struct expr_env env;
	struct shapes *shapes;
	struct datum_ctx tree, steps;
	/* An expression's fields. */
	char *json[FIELDS_MOST];
	struct ty ty[FIELDS_MOST];
	int n;
	long compared;
	clock_t until;
	struct buf why; /* the first difference */
};

/* Let a literal be a field. */
static void
lift_one(struct ways *w, struct sql *x, struct sql_node *n)
{
	struct buf text, json;
	struct value v;
	char name[16];

	if (w->n == FIELDS_MOST || n->lit.kind <= TYPE_NULL ||
		n->lit.kind > TYPE_DATE)
		return;
	buf_init(&text);
	buf_init(&json);
	v = datum_store(&w->tree, &n->lit, &text);
	value_print(&v, &json);
	w->json[w->n] = strdup(buf_cstr(&json));
	w->ty[w->n] = datum_ty(&n->lit);
	snprintf(name, sizeof(name), "f%d", w->n++);
	n->op = SQL_NAME;
	n->npart = 1;
	n->part = arena_get(&x->arena, sizeof(*n->part));
	n->part->s = arena_text(&x->arena, name, strlen(name));
	n->part->n = (uint32_t)strlen(name);
	buf_release(&text);
	buf_release(&json);
}

/* Every by-th literal, from the first-th on. */
static void
lift(struct ways *w, struct sql *x, struct sql_node *n, int *at, int first,
	int by)
{
	if (n->op == SQL_LITERAL && (*at)++ % by == first)
		lift_one(w, x, n);
	for (int i = 0; i < n->narg; i++)
		lift(w, x, n->arg[i], at, first, by);
}

/* A record in which the field number other is something else (-1: none is; the
 * number of fields: all are). */
static void
ways_record(const struct ways *w, int other, const char *what, struct buf *out)
{
	buf_clear(out);
	buf_byte(out, '{');
	for (int i = 0; i < w->n; i++)
		buf_printf(out, "%s\"f%d\":%s", i > 0 ? "," : "", i,
			i == other || other == w->n ? what : w->json[i]);
	buf_byte(out, '}');
	memset(buf_need(out, JSON_PADDING), 0, JSON_PADDING);
}

static void
show(struct datum_ctx *c, int r, const struct datum *d, const struct err *err,
	struct buf *out)
{
	struct value v;
	struct buf text;

	buf_clear(out);
	if (r != 0) {
		buf_printf(out, "?%s", err->text);
		return;
	}
	buf_init(&text);
	v = datum_store(c, d, &text);
	buf_printf(out, "%d ", d->kind);
	value_print(&v, out);
	buf_release(&text);
}

static void
compare(struct ways *w, struct sql_node *root, struct steps *s,
	const struct record *r, const char *text)
{
	struct datum a, b;
	struct err err_a, err_b;
	struct buf x, y;
	int ra, rb;

	w->tree.env = w->steps.env = &w->env;
	w->tree.record[0] = w->steps.record[0] = r;
	w->tree.err = &err_a;
	w->steps.err = &err_b;
	buf_init(&x);
	buf_init(&y);
	ra = sql_eval(&w->tree, root, &a);
	show(&w->tree, ra, &a, &err_a, &x);
	rb = steps_eval(s, &w->steps, &b);
	show(&w->steps, rb, &b, &err_b, &y);
	w->compared++;
	if ((x.n != y.n || memcmp(x.p, y.p, x.n) != 0) && w->why.n == 0)
		buf_printf(&w->why, "%s: tree %s, steps %s", text, buf_cstr(&x),
			buf_cstr(&y));
	buf_release(&x);
	buf_release(&y);
}

/* All records; one is looked at again when types have changed. */
static void
compare_all(struct ways *w, struct sql_node *root, struct steps *s)
{
	struct record_reader reader;
	struct record r;
	struct buf text;
	struct err err;

	buf_init(&text);
	record_read_init(&reader, w->shapes);
	for (int field = -1; field <= w->n; field++)
		for (size_t k = 0; k < (field < 0 ? 3 : 2 * NOTHERS); k++) {
			ways_record(w, field, others[k / 2 % NOTHERS], &text);
			r = (struct record){
				.line = text.p, .nline = (uint32_t)text.n};
			if (clock() < w->until &&
				record_read(&reader, &r, &err) == 0)
				compare(w, root, s, &r, buf_cstr(&text));
		}
	record_read_release(&reader);
	buf_release(&text);
}

static void
try_one(struct ways *w, const char *text, int first, int by, bool typed)
{
	struct schema *fields = NULL;
	struct sql_node *root;
	struct steps *s;
	struct sql x;
	struct err err;
	int at = 0;

	sql_tree_begin(&x, text);
	root = sql_parse(&x, &err);
	w->n = 0;
	if (root != NULL)
		lift(w, &x, root, &at, first, by);
	if (typed) {
		fields = schema_new();
		for (int i = 0; i < w->n; i++) {
			char name[16];

			snprintf(name, sizeof(name), "f%d", i);
			schema_add(fields, name,
				type_copy(ty_type(&x.arena, w->ty[i])));
		}
	}
	x.fields[0] = fields;
	if (root != NULL && sql_bind(&x, &root, &err) == 0) {
		x.fields[0] = NULL;
		w->tree.vars = arena_zero(&x.arena,
			(size_t)(x.maxvars + 1) * sizeof(*w->tree.vars));
		w->steps.vars = w->tree.vars;
		s = steps_new(&x, root);
		if (s != NULL)
			compare_all(w, root, s);
	}
	schema_free(fields);
	sql_tree_end(&x);
	for (int i = 0; i < w->n; i++)
		free(w->json[i]);
}

static void
try_all(struct ways *w, const char *text)
{
	w->compared = 0;
	w->until = clock() + CPU_MOST;
	buf_clear(&w->why);
	for (int typed = 0; typed < 2 && strstr(text, "->") == NULL; typed++) {
		try_one(w, text, 0, 1, typed);
		try_one(w, text, 0, 2, typed);
		try_one(w, text, 1, 2, typed);
		try_one(w, text, 1, 3, typed);
	}
	if (w->why.n > 0)
		printf("! %s\n", buf_cstr(&w->why));
	else
		printf("= %ld\n", w->compared);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "UTC";
	struct ways w = {.env = {.zone = zone_open(name, strlen(name)),
				 .batch_us = argc > 2 ? atoll(argv[2]) : 0},
		.shapes = shape_set_new()};
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	if (w.env.zone == NULL) {
		fprintf(stderr, "ways: no zone '%s'\n", name);
		return 2;
	}
	datum_ctx_init(&w.tree);
	datum_ctx_init(&w.steps);
	buf_init(&w.why);
	while ((n = getline(&text, &cap, stdin)) > 0) {
		text[n - 1] = '\0';
		unescape(text);
		try_all(&w, text);
	}
	free(text);
	buf_release(&w.why);
	datum_ctx_release(&w.tree);
	datum_ctx_release(&w.steps);
	shape_set_free(w.shapes);
	return 0;
}
