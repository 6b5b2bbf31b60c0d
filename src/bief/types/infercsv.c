/*
 * infercsv: see infercsv.h.
 */
#include "types/infercsv.h"

#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "value/json.h"
#include "value/list.h"
#include "io/textfile.h"
#include "types/infer.h"
#include "types/schema.h"

struct sample {
	struct infercsv *how;
	struct csvrow_reader rows;
	struct schema *s;
	char comment;
	bool named; /* the columns are known */
	struct err *err;
};

/* A column; a name that is there already gets a number. */
static void
infercsv_add_column(struct sample *a, const char *name, size_t n)
{
	struct buf b;

	buf_init(&b);
	if (a->how->header)
		json_repair(&b, name, n);
	if (b.n == 0)
		buf_printf(&b, "_c%zu", a->s->n);
	n = b.n;
	for (int i = 2; schema_find(a->s, b.p, b.n) >= 0; i++) {
		b.n = n;
		buf_printf(&b, "_%d", i);
	}
	schema_add(a->s, buf_cstr(&b), NULL);
	buf_release(&b);
}

static bool
says_nothing(const struct sample *a, const char *s, size_t n)
{
	for (size_t i = 0; i < a->how->nulls->n; i++)
		if (strlen(a->how->nulls->s[i]) == n &&
			memcmp(a->how->nulls->s[i], s, n) == 0)
			return true;
	return false;
}

static int
infercsv_take_row(void *arg)
{
	struct sample *a = arg;
	const struct csvrow_reader *r = &a->rows;
	bool names = !a->named;

	for (size_t i = 0; names && i < r->n; i++)
		infercsv_add_column(a, csvrow_text(r, i), r->cell[i].n);
	a->named = true;
	if (names && a->how->header)
		return 0;
	if (csvrow_why(r, true) != NULL ||
		(r->n != a->s->n && !a->how->ragged)) {
		a->how->skipped++;
		return 0;
	}
	for (size_t i = 0; i < r->n && i < a->s->n; i++) {
		const char *s = csvrow_text(r, i);

		if (!says_nothing(a, s, r->cell[i].n))
			infer_text(a->s->f[i].type, s, r->cell[i].n);
	}
	return 0;
}

/* Without what is no CSV. */
static int
take_first(struct sample *a, const char *line, size_t n)
{
	const char *alien = csvrow_alien(line, n);

	return alien == NULL ? 0
			     : err_set(a->err, "no CSV in UTF-8: %s", alien);
}

static int
read_lines(struct sample *a, struct textfile *f)
{
	struct csvrow_feed feed = {.rows = &a->rows,
		.comment = a->comment,
		.max_line = a->how->max_line,
		.row = infercsv_take_row,
		.arg = a};
	const char *line;
	size_t n;
	int got;

	while ((got = textfile_line(f, &line, &n, a->err)) > 0)
		if ((f->line == 1 && take_first(a, line, n) < 0) ||
			csvrow_feed(&feed, line, n, f->line) < 0)
			return -1;
	return got < 0 ? -1 : csvrow_feed_end(&feed);
}

struct schema *
infercsv_file(const char *path, struct infercsv *how, struct err *err)
{
	struct sample a = {.how = how, .err = err};
	struct textfile f;
	char q[200];
	int ret;

	err_quote(q, sizeof(q), path, strlen(path));
	if (how->comment != NULL &&
		csvrow_char("--comment", how->comment, &a.comment, err) < 0)
		return NULL;
	csvrow_init(&a.rows, &how->style);
	a.s = schema_new();
	ret = textfile_open(&f, path, how->max_line, how->stopping, err);
	if (ret == 0 && (ret = read_lines(&a, &f)) < 0)
		err_in(err, "'%s'", q);
	else if (ret == 0 && a.s->n == 0)
		ret = err_set(err, "'%s' holds no row", q);
	for (size_t i = 0; i < a.s->n; i++)
		infer_finish(a.s->f[i].type);
	csvrow_release(&a.rows);
	textfile_release(&f);
	if (ret == 0)
		return a.s;
	schema_free(a.s);
	return NULL;
}
