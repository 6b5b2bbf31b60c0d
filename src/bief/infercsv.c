/*
 * infercsv: see infercsv.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "infer.h"
#include "infercsv.h"
#include "json.h"
#include "opt.h"
#include "schema.h"
#include "stream.h"

struct sample {
	struct infercsv *how;
	struct csvrow_reader rows;
	struct schema *s;
	char comment;
	bool named; /* the columns are known */
	bool begun; /* a line has been seen */
	struct err *err;
};

/* A column; a name that is there already gets a number. */
static void
add_column(struct sample *a, const char *name, size_t n)
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

static void
take_row(struct sample *a)
{
	const struct csvrow_reader *r = &a->rows;
	bool names = !a->named;

	for (size_t i = 0; names && i < r->n; i++)
		add_column(a, r->cells.p + r->cell[i].at, r->cell[i].n);
	a->named = true;
	if (names && a->how->header)
		return;
	if (csvrow_why(r, true) != NULL ||
		(r->n != a->s->n && !a->how->ragged)) {
		a->how->skipped++;
		return;
	}
	for (size_t i = 0; i < r->n && i < a->s->n; i++) {
		const char *s = r->cells.p + r->cell[i].at;

		if (!says_nothing(a, s, r->cell[i].n))
			infer_text(a->s->f[i].type, s, r->cell[i].n);
	}
}

static int take_line(struct sample *a, const char *line, size_t n);

/* As parse-csv does it: the later lines of what was not closed are rows. */
static int
give_up(struct sample *a)
{
	struct buf rest;
	const char *p, *line;
	size_t n;
	int ret = 0;

	buf_init(&rest);
	csvrow_unclose(&a->rows, &rest);
	take_row(a);
	for (p = rest.p; p < rest.p + rest.n && ret == 0;) {
		line = p;
		p = csvrow_next(line, rest.p + rest.n, &n);
		ret = take_line(a, line, n);
	}
	buf_release(&rest);
	return ret;
}

static int
take_line(struct sample *a, const char *line, size_t n)
{
	const char *alien;

	if (!a->begun) {
		a->begun = true;
		if ((alien = csvrow_alien(line, n)) != NULL)
			return err_set(a->err, "no CSV in UTF-8: %s", alien);
		if (n >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0) {
			line += 3;
			n -= 3;
		}
	}
	if (!csvrow_is_open(&a->rows) && (n == 0 ||
		(a->how->comment != NULL && *line == a->comment) ||
		csvrow_blank(&a->rows.style, line, n)))
		return 0;
	switch (csvrow_line(&a->rows, line, n, "\n")) {
	case CSVROW_WHOLE:
		take_row(a);
		return 0;
	case CSVROW_UNCLOSED:
		return give_up(a) < 0 ? -1 : take_line(a, line, n);
	default:
		return a->rows.lines.n > a->how->max_line ? give_up(a) : 0;
	}
}

static int
read_lines(struct sample *a, int fd)
{
	struct input in;
	const char *line;
	enum line what;
	int got, ret = 0;
	size_t n;

	input_init(&in, fd, a->how->max_line);
	do {
		got = input_fill(&in, a->err);
		while (ret == 0 &&
			(what = input_line(&in, &line, &n)) != LINE_NONE) {
			if (what == LINE_GOOD)
				ret = take_line(a, line, n);
			else
				a->how->skipped++;
		}
	} while (got > 0 && ret == 0);
	while (ret == 0 && csvrow_is_open(&a->rows))
		ret = give_up(a);
	input_release(&in);
	return got < 0 ? -1 : ret;
}

struct schema *
infercsv_file(const char *path, struct infercsv *how, struct err *err)
{
	struct sample a = {.how = how, .err = err};
	int fd = STDIN_FILENO, ret;
	char q[200];

	err_quote(q, sizeof(q), path, strlen(path));
	if (how->comment != NULL && csvrow_char("--comment", how->comment,
		&a.comment, err) < 0)
		return NULL;
	if (strcmp(path, "-") != 0 &&
		(fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
		err_sys(err, "cannot open '%s'", q);
		return NULL;
	}
	csvrow_init(&a.rows, &how->style);
	a.s = schema_new();
	ret = read_lines(&a, fd);
	if (ret < 0)
		err_in(err, "'%s'", q);
	else if (a.s->n == 0)
		ret = err_set(err, "'%s' holds no row", q);
	for (size_t i = 0; i < a.s->n; i++)
		infer_finish(a.s->f[i].type);
	csvrow_release(&a.rows);
	if (fd != STDIN_FILENO)
		close(fd);
	if (ret == 0)
		return a.s;
	schema_free(a.s);
	return NULL;
}
