/*
 * sort_runs: the runs of one level stand in one file, one behind the other; as
 * many as can be read at once are merged into a run of the next level, and the
 * file is emptied.  So each row is written once for each level, and the files
 * hold little more than the rows.
 */
#include "io/sort/sort_runs.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "io/file.h"
#include "io/tempfile.h"

#define BLOCK_LEAST 4096
#define BLOCK_MOST ((size_t)256 << 10)
#define RUNS_LEAST 4 /* that are read at once */
#define RUNS_MOST 256

struct sort_run {
	off_t at, end; /* in the file */
};

struct sort_level {
	int fd; /* -1: not there yet */
	off_t size;
	struct sort_run *run;
	size_t n, cap;
};

/* A run that is read: its next row is at from, if from is not to. */
struct run_reader {
	int fd;
	off_t at, end; /* what is not read yet */
	char *p;
	size_t from, to, cap;
	uint64_t prefix; /* of the row */
};

/* Readers in the order of their runs; heap: the one with the first row is the
 * first. */
struct run_merge {
	struct run_reader *reader;
	size_t nreaders;
	uint32_t *heap;
	size_t nheap;
	uint64_t left; /* of the limit */
	const char *dir;
	struct err *err;
};

/* Where rows are written. */
struct run_writer {
	struct sort_level *level;
	struct buf b;
	size_t block;
	const char *dir;
	struct err *err;
};

void
sort_runs_init(
	struct sort_runs *s, const char *dir, uint64_t limit, size_t memory)
{
	*s = (struct sort_runs){.dir = dir, .limit = limit, .memory = memory};
}

void
sort_runs_release(struct sort_runs *s)
{
	for (size_t i = 0; i < s->nlevels; i++) {
		if (s->level[i].fd >= 0)
			close(s->level[i].fd);
		free(s->level[i].run);
	}
	free(s->level);
	s->level = NULL;
	s->nlevels = 0;
}

static void
empty_level(struct sort_level *l)
{
	l->n = 0;
	l->size = 0;
	/* Of no consequence but for the room. */
	if (l->fd >= 0 && ftruncate(l->fd, 0) < 0)
		return;
}

void
sort_runs_clear(struct sort_runs *s)
{
	for (size_t i = 0; i < s->nlevels; i++)
		empty_level(&s->level[i]);
}

bool
sort_runs_any(const struct sort_runs *s)
{
	for (size_t i = 0; i < s->nlevels; i++)
		if (s->level[i].n > 0)
			return true;
	return false;
}

/* How many runs are read at once, and by which blocks. */

static size_t
runs_at_once(const struct sort_runs *s)
{
	size_t n = s->memory / BLOCK_MOST;

	return n < RUNS_LEAST ? RUNS_LEAST : n > RUNS_MOST ? RUNS_MOST : n;
}

static size_t
block_of(const struct sort_runs *s, size_t runs)
{
	size_t n = s->memory / (runs + 1);

	return n < BLOCK_LEAST ? BLOCK_LEAST : n > BLOCK_MOST ? BLOCK_MOST : n;
}

/* ---- writing ---- */

static int
cannot(struct err *err, const char *dir, const char *what)
{
	bool ours = strcmp(dir, tempfile_dir()) != 0;
	char q[200];

	err_quote(q, sizeof(q), dir, strlen(dir));
	if (errno == ENOSPC || errno == EDQUOT)
		return err_sys(err,
			"no room in '%s' for what is sorted beyond "
			"--max-state: %s, or raise --max-state",
			q,
			ours ? "make room"
			     : "let TMPDIR be a directory that has more");
	return err_sys(err,
		"cannot %s what is sorted beyond --max-state in '%s'%s", what,
		q, ours ? "" : " (TMPDIR says where)");
}

static int
write_block(struct run_writer *w)
{
	if (file_put(w->level->fd, w->b.p, w->b.n) < 0)
		return cannot(w->err, w->dir, "write");
	w->level->size += (off_t)w->b.n;
	buf_clear(&w->b);
	return 0;
}

static int
write_row(void *arg, const struct sort_row *r)
{
	struct run_writer *w = arg;

	buf_add(&w->b, r, sort_row_size(r->nkey, r->n));
	return w->b.n >= w->block ? write_block(w) : 0;
}

static struct sort_level *
level_at(struct sort_runs *s, size_t i)
{
	if (i == s->nlevels) {
		s->level = mem_realloc(
			s->level, (s->nlevels + 1) * sizeof(*s->level));
		s->level[s->nlevels++] = (struct sort_level){.fd = -1};
	}
	return &s->level[i];
}

static int
begin_run(struct sort_runs *s, size_t level, struct run_writer *w,
	struct err *err)
{
	struct sort_level *l = level_at(s, level);

	*w = (struct run_writer){.level = l,
		.block = block_of(s, runs_at_once(s)),
		.dir = s->dir,
		.err = err};
	buf_init(&w->b);
	if (l->fd < 0 && (l->fd = tempfile_open(s->dir)) < 0)
		return cannot(err, s->dir, "keep");
	if (lseek(l->fd, l->size, SEEK_SET) < 0)
		return cannot(err, s->dir, "write");
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 16;
		l->run = mem_realloc(l->run, l->cap * sizeof(*l->run));
	}
	l->run[l->n].at = l->size;
	return 0;
}

/* ret: what became of writing its rows. */
static int
end_run(struct run_writer *w, int ret)
{
	if (ret >= 0)
		ret = write_block(w);
	if (ret >= 0)
		w->level->run[w->level->n++].end = w->level->size;
	buf_release(&w->b);
	return ret < 0 ? -1 : 0;
}

/* ---- reading ---- */

static const struct sort_row *
reader_row(const struct run_reader *r)
{
	return (const struct sort_row *)(const void *)(r->p + r->from);
}

/* Have n bytes there, from the row on. */
static int
reader_need(struct run_merge *m, struct run_reader *r, size_t n)
{
	ssize_t got;

	if (r->to - r->from >= n)
		return 0;
	if (r->from > 0)
		memmove(r->p, r->p + r->from, r->to - r->from);
	r->to -= r->from;
	r->from = 0;
	if (r->cap < n) {
		r->cap = n;
		r->p = mem_realloc(r->p, r->cap + JSON_PADDING);
	}
	while (r->to < n) {
		size_t room = r->cap - r->to;

		if ((off_t)room > r->end - r->at)
			room = (size_t)(r->end - r->at);
		got = pread(r->fd, r->p + r->to, room, r->at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			errno = EIO; /* somebody has cut the file off */
		if (got <= 0)
			return cannot(m->err, m->dir, "read");
		r->to += (size_t)got;
		r->at += got;
	}
	return 0;
}

/* The next row: 1, 0 at the end, or -1. */
static int
reader_next(struct run_merge *m, struct run_reader *r, bool first)
{
	const struct sort_row *row;

	if (!first) {
		row = reader_row(r);
		r->from += sort_row_size(row->nkey, row->n);
	}
	if (r->from == r->to && r->at == r->end)
		return 0;
	if (reader_need(m, r, sizeof(*row)) < 0)
		return -1;
	row = reader_row(r);
	if (reader_need(m, r, sort_row_size(row->nkey, row->n)) < 0)
		return -1;
	r->prefix = sort_rows_prefix(reader_row(r), 0);
	return 1;
}

/* ---- the merge ---- */

/* Is the row of one reader before that of another? */
static bool
is_before(const struct run_merge *m, uint32_t a, uint32_t b)
{
	const struct run_reader *x = &m->reader[a], *y = &m->reader[b];
	const struct sort_row *r, *q;
	int c;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix;
	r = reader_row(x);
	q = reader_row(y);
	c = sort_rows_compare(r->bytes, r->nkey, q->bytes, q->nkey);
	return c != 0 ? c < 0 : a < b;
}

static void
sink_first(struct run_merge *m)
{
	uint32_t *h = m->heap, x = h[0];
	size_t i = 0, k;

	while ((k = 2 * i + 1) < m->nheap) {
		if (k + 1 < m->nheap && is_before(m, h[k + 1], h[k]))
			k++;
		if (is_before(m, x, h[k]))
			break;
		h[i] = h[k];
		i = k;
	}
	h[i] = x;
}

static void
raise_last(struct run_merge *m)
{
	uint32_t *h = m->heap;
	size_t i = m->nheap - 1;
	uint32_t x = h[i];

	for (; i > 0 && is_before(m, x, h[(i - 1) / 2]); i = (i - 1) / 2)
		h[i] = h[(i - 1) / 2];
	h[i] = x;
}

static void
merge_open(struct run_merge *m, const struct sort_runs *s, size_t from,
	size_t levels, struct err *err)
{
	size_t n = 0, block;

	for (size_t i = from; i < from + levels; i++)
		n += s->level[i].n;
	*m = (struct run_merge){.left = s->limit, .dir = s->dir, .err = err};
	m->reader = mem_zalloc((n + 1) * sizeof(*m->reader));
	m->heap = mem_alloc((n + 1) * sizeof(*m->heap));
	block = block_of(s, n);
	/* The highest level has the oldest runs. */
	for (size_t i = from + levels; i-- > from;)
		for (size_t k = 0; k < s->level[i].n; k++)
			m->reader[m->nreaders++] = (struct run_reader){
				.fd = s->level[i].fd,
				.at = s->level[i].run[k].at,
				.end = s->level[i].run[k].end,
				.p = mem_alloc(block + JSON_PADDING),
				.cap = block};
}

static void
merge_close(struct run_merge *m)
{
	for (size_t i = 0; i < m->nreaders; i++)
		free(m->reader[i].p);
	free(m->reader);
	free(m->heap);
}

/* As many as count, or until row fails. */
static int
merge_rows(struct run_merge *m, sort_row_fn *row, void *arg)
{
	int got = 0, ret = 0;

	for (size_t i = 0; i < m->nreaders && got >= 0; i++)
		if ((got = reader_next(m, &m->reader[i], true)) > 0) {
			m->heap[m->nheap++] = (uint32_t)i;
			raise_last(m);
		}
	for (; got >= 0 && ret == 0 && m->nheap > 0 && m->left > 0; m->left--) {
		struct run_reader *r = &m->reader[m->heap[0]];

		ret = row(arg, reader_row(r));
		if (ret == 0 && (got = reader_next(m, r, false)) == 0)
			m->heap[0] = m->heap[--m->nheap];
		if (m->nheap > 0)
			sink_first(m);
	}
	return got < 0 || ret < 0 ? -1 : 0;
}

/* The runs of a level become one of the next. */
static int
lift_runs(struct sort_runs *s, size_t level, struct err *err)
{
	struct run_writer w;
	struct run_merge m;
	int ret = begin_run(s, level + 1, &w, err);

	if (ret == 0) {
		merge_open(&m, s, level, 1, err);
		ret = merge_rows(&m, write_row, &w);
		merge_close(&m);
	}
	ret = end_run(&w, ret);
	empty_level(&s->level[level]);
	return ret;
}

int
sort_runs_add(struct sort_runs *s, const struct sort_entry *e, size_t n,
	struct err *err)
{
	struct run_writer w;
	int ret = begin_run(s, 0, &w, err);

	for (size_t i = 0; i < n && i < s->limit && ret == 0; i++)
		ret = write_row(&w, e[i].row);
	if (end_run(&w, ret) < 0)
		return -1;
	for (size_t i = 0; i < s->nlevels; i++)
		if (s->level[i].n >= runs_at_once(s) &&
			lift_runs(s, i, err) < 0)
			return -1;
	return 0;
}

int
sort_runs_merge(
	struct sort_runs *s, sort_row_fn *row, void *arg, struct err *err)
{
	struct run_merge m;
	int ret;

	merge_open(&m, s, 0, s->nlevels, err);
	ret = merge_rows(&m, row, arg);
	merge_close(&m);
	return ret;
}
