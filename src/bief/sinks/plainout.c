/*
 * plainout: what was written before stays in the file that grows; one that is
 * updated is written anew from what is kept, an entry for each key.
 */
#include "sinks/plainout.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "value/record.h"
#include "recovery/state/state.h"

#define GATHER ((size_t)64 << 10) /* bytes before the file gets them */

void
plainout_init(struct plainout *o, enum plaintext_kind kind)
{
	memset(o, 0, sizeof *o);
	plaintext_init(&o->rows, kind, ',');
	buf_init(&o->text);
	o->file.fd = o->last = -1;
}

void
plainout_release(struct plainout *o)
{
	plaintext_release(&o->rows);
	buf_release(&o->text);
	replace_drop(&o->file);
	state_free(o->kept);
	if (o->last >= 0)
		close(o->last);
}

/* The header, once for a table; where results follow each other on standard
 * output, a line between them. */
static void
begin_table(struct plainout *o)
{
	if (o->begun)
		return;
	o->begun = true;
	if (o->tables++ > 0 && o->path == NULL)
		buf_byte(&o->text, '\n');
	if (!o->no_header && o->rows.names.n > 0)
		plaintext_header(&o->rows, &o->text);
}

/* The file is begun with what it has to keep. */
static int
begin_file(struct plainout *o, struct err *err)
{
	if (o->file.fd >= 0)
		return 0;
	if (replace_open(&o->file, o->path, err) < 0)
		return -1;
	return o->last < 0 || o->file.tmp == NULL
		? 0
		: replace_copy(&o->file, o->last, err);
}

static int
push(struct plainout *o, struct err *err)
{
	if (begin_file(o, err) < 0 ||
		replace_add(&o->file, o->text.p, o->text.n, err) < 0)
		return -1;
	buf_clear(&o->text);
	return 0;
}

/* An entry is the place of its row (8 bytes), then the row's text. */
static int
plainout_keep(struct plainout *o, const struct record *r, const struct buf *key,
	struct err *err)
{
	state_ref ref;
	uint64_t place;
	bool made;
	size_t n = o->text.n;
	char *p;

	plaintext_row(&o->rows, r, &o->text);
	ref = state_make(o->kept, key->p, key->n, sizeof place + o->text.n - n,
		&made, err);
	if (ref == STATE_NONE)
		return -1;
	p = state_resize(o->kept, ref, sizeof place + o->text.n - n);
	if (made) {
		place = o->seen++;
		memcpy(p, &place, sizeof place);
	}
	memcpy(p + sizeof place, o->text.p + n, o->text.n - n);
	o->text.n = n;
	return state_check(o->kept, err);
}

int
plainout_add(struct plainout *o, const struct record *r, const struct buf *key,
	struct err *err)
{
	if (o->most > 0 && o->count >= o->most)
		return 0;
	o->count++;
	if (o->kept != NULL)
		return plainout_keep(o, r, key, err);
	begin_table(o);
	plaintext_row(&o->rows, r, &o->text);
	return o->path == NULL || o->text.n < GATHER ? 0 : push(o, err);
}

struct row {
	uint64_t place;
	state_ref ref;
};

static int
by_place(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->place > y->place) - (x->place < y->place);
}

/* All rows that are kept, in their order. */
static void
put_kept(struct plainout *o)
{
	struct row *rows = mem_alloc((state_count(o->kept) + 1) * sizeof *rows);
	size_t n = 0, i, size;
	state_ref r;

	for (r = state_first(o->kept); r != STATE_NONE;
		r = state_next(o->kept, r)) {
		memcpy(&rows[n].place, state_value(o->kept, r, &size),
			sizeof rows->place);
		rows[n++].ref = r;
	}
	qsort(rows, n, sizeof *rows, by_place);
	o->begun = false;
	begin_table(o);
	for (i = 0; i < n; i++) {
		const char *p = state_value(o->kept, rows[i].ref, &size);

		buf_add(&o->text, p + sizeof rows->place,
			size - sizeof rows->place);
	}
	free(rows);
}

/* The file takes its name; one that grows stays open, to be copied. */
static int
finish_file(struct plainout *o, struct err *err)
{
	bool grows = o->mode != MODE_COMPLETE && o->kept == NULL;

	if (push(o, err) < 0)
		return -1;
	if (!grows || o->file.tmp == NULL)
		return replace_commit(&o->file, NULL, err);
	if (o->last >= 0)
		close(o->last);
	o->last = -1;
	return replace_commit(&o->file, &o->last, err);
}

int
plainout_batch(struct plainout *o, bool shown, struct err *err)
{
	bool any = o->count > 0 || shown;
	int ret = 0;

	if (any && o->kept != NULL)
		put_kept(o);
	else if (any && (o->rows.names.n > 0 || o->mode == MODE_COMPLETE))
		begin_table(o);
	if (any && o->path != NULL)
		ret = finish_file(o, err);
	o->count = 0;
	if (!any || o->mode != MODE_COMPLETE)
		return ret;
	o->begun = false;
	if (!o->fixed)
		plaintext_forget(&o->rows);
	return ret;
}

int
plainout_end(struct plainout *o, struct err *err)
{
	if (o->tables > 0)
		return 0;
	begin_table(o);
	return o->path != NULL ? finish_file(o, err) : 0;
}
