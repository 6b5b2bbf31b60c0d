/*
 * journal: see journal.h. A piece is complete when it has its name; one that
 * was being written when the process died has another, and never happened.
 */
#include "sources/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "value/value.h"
#include "io/file.h"
#include "recovery/numbers.h"
#include "runtime/stage.h"

#define PIECE ((size_t)1 << 20)

static void
piece_name(char name[40], int64_t number)
{
	snprintf(name, 40, "%lld.journal", (long long)number);
}

static uint64_t
piece_bytes(const struct journal *j, int64_t number)
{
	struct buf path;
	struct stat s;
	uint64_t n;

	buf_init(&path);
	buf_printf(&path, "%s/%lld.journal", j->place.dir, (long long)number);
	n = stat(buf_cstr(&path), &s) == 0 ? (uint64_t)s.st_size : 0;
	buf_release(&path);
	return n;
}

int
journal_open(struct journal *j, const char *checkpoint, const char *id,
	struct err *err)
{
	struct numbers l;
	size_t i;

	if (place_lock(&j->place, checkpoint, "journal", id, NULL, err) < 0 ||
		numbers_list(&l, j->place.dir, "journal", err) < 0)
		return -1;
	for (i = 0; i < l.n; i++)
		j->bytes += piece_bytes(j, l.v[i]);
	j->first = l.n > 0 ? l.v[0] : 0;
	j->next = numbers_last(&l) + 1;
	j->at = j->first;
	j->stop = -1;
	numbers_release(&l);
	return 0;
}

void
journal_close(struct journal *j)
{
	place_release(&j->place);
	buf_release(&j->b);
	buf_release(&j->old);
	buf_release(&j->note);
	buf_release(&j->stop_note);
	free(j->ends);
}

static int
journal_flush(struct journal *j, struct err *err)
{
	struct buf *b = &j->b;
	char name[40];

	if (j->b.n == 0)
		return 0;
	piece_name(name, j->next);
	if (j->noted) {
		b = &j->old; /* nothing is played any more */
		buf_clear(b);
		buf_add(b, j->note.p, j->note.n);
		buf_byte(b, '\n');
		buf_add(b, j->b.p, j->b.n);
	}
	if (file_save(j->place.dir, name, "journal", b->p, b->n, err) < 0)
		return -1;
	j->bytes += piece_bytes(j, j->next);
	/* All that was there had been played before something new came. */
	j->at = ++j->next;
	buf_clear(&j->b);
	return 0;
}

void
journal_keep_notes(struct journal *j)
{
	j->noted = true;
}

void
journal_note(struct journal *j, const char *note)
{
	buf_clear(&j->note);
	buf_str(&j->note, note);
}

const char *
journal_noted(struct journal *j)
{
	return buf_cstr(&j->note);
}

int
journal_add(struct journal *j, const char *p, size_t n, struct err *err)
{
	buf_add(&j->b, p, n);
	return j->b.n >= PIECE ? journal_flush(j, err) : 0;
}

/* The note in front of a piece: take it out. */
static int
take_note(struct journal *j, const char *name, struct err *err)
{
	const char *lf = memchr(j->old.p, '\n', j->old.n);

	if (lf == NULL)
		return err_as(err, STATUS_DAMAGED,
			"'%s/%s' does not tell its "
			"place",
			j->place.dir, name);
	j->old_at = (size_t)(lf + 1 - j->old.p);
	buf_clear(&j->note);
	buf_add(&j->note, j->old.p, j->old_at - 1);
	return 0;
}

/* Load a piece. */
static int
journal_load(struct journal *j, int64_t number, struct err *err)
{
	char name[40];
	int rc;

	piece_name(name, number);
	rc = file_load(j->place.dir, name, "journal", &j->old, err);
	if (rc > 0)
		return err_as(err, STATUS_DAMAGED,
			"'%s/%s' is missing from the journal", j->place.dir,
			name);
	return rc < 0 || !j->noted ? rc : take_note(j, name, err);
}

/* Before the first batch: can all that will be played be read? */
static int
check(struct journal *j, struct err *err)
{
	int64_t end = j->stop > j->next ? j->stop : j->next;
	int rc = 0;

	for (int64_t i = j->at; !j->checked && rc == 0 && i < end; i++)
		rc = journal_load(j, i, err);
	j->checked = true;
	return rc;
}

int
journal_play(struct journal *j, struct stage *st)
{

	if (j->stop >= 0 && j->at >= j->stop) {
		j->stop = -1;
		buf_clear(&j->note);
		buf_add(&j->note, j->stop_note.p, j->stop_note.n);
		return 2;
	}
	if (j->at >= j->next && j->stop < 0)
		return 0;
	if (journal_load(j, j->at, st->err) < 0)
		return -1;
	j->at++;
	buf_need(&j->old, JSON_PADDING);
	if (stage_emit_lines(st, j->old.p + j->old_at, j->old.n - j->old_at) <
		0)
		return -1;
	return 1;
}

int
journal_mark(struct journal *j, int64_t batch, struct buf *out, struct err *err)
{
	if (journal_flush(j, err) < 0)
		return -1;
	j->ends = mem_realloc(j->ends, (j->nends + 1) * sizeof(*j->ends));
	j->ends[j->nends++] = (struct journal_end){batch, j->at};
	buf_printf(out, "{\"piece\":%lld", (long long)j->at);
	if (j->noted)
		json_member(out, "note", buf_cstr(&j->note));
	buf_byte(out, '}');
	return 0;
}

static int
read_mark(const char *text, int64_t *piece, struct buf *note, struct err *err)
{
	struct json_error e;
	struct value v, member;
	struct buf b;
	size_t n = strlen(text);
	int rc = -1;

	buf_init(&b);
	buf_add(&b, text, n);
	buf_need(&b, JSON_PADDING);
	if (json_read(b.p, b.p + n, 0, &v, &e) && v.type == VALUE_OBJECT &&
		json_get(&v, "piece", 5, &member)) {
		member = value_number(&member, false);
		if (member.type == VALUE_INT && member.i >= 0) {
			*piece = member.i;
			rc = 0;
		}
	}
	buf_clear(note);
	if (rc == 0 && json_get(&v, "note", 4, &member) &&
		member.type == VALUE_STRING)
		json_unquote(note, member.s, member.n);
	buf_release(&b);
	if (rc != 0)
		err_as(err, STATUS_DAMAGED,
			"the position in the journal is damaged");
	return rc;
}

static int
forget(struct journal *j, int64_t before, struct err *err)
{
	int64_t i;

	for (i = j->first; i < before; i++)
		j->bytes -= piece_bytes(j, i);
	if (before > j->first)
		j->first = before;
	return numbers_clean(&j->place, "journal", before, err);
}

int
journal_seek(
	struct journal *j, const char *from, const char *to, struct err *err)
{
	int64_t piece = 0;
	struct buf note;
	int ret = -1;

	buf_init(&note);
	if (from != NULL && read_mark(from, &piece, &note, err) < 0)
		goto done;
	if (from != NULL || to != NULL)
		j->at = piece;
	j->stop = -1;
	if (to != NULL && read_mark(to, &j->stop, &j->stop_note, err) < 0)
		goto done;
	/* Pieces of a batch that nobody has heard of cannot be missing, but for
	 * all of them: the last batch has been committed. */
	if (j->next < j->at)
		j->next = j->at;
	ret = check(j, err);
	buf_clear(&j->note);
	buf_add(&j->note, note.p, note.n);
done:
	buf_release(&note);
	return ret;
}

int
journal_committed(struct journal *j, int64_t batch, struct err *err)
{
	int64_t piece = -1;
	size_t i, n = 0;

	for (i = 0; i < j->nends; i++) {
		if (j->ends[i].batch <= batch)
			piece = j->ends[i].piece;
		else
			j->ends[n++] = j->ends[i];
	}
	j->nends = n;
	return piece < 0 ? 0 : forget(j, piece, err);
}

uint64_t
journal_size(const struct journal *j)
{
	return j->bytes + j->b.n;
}
