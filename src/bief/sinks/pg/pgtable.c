/*
 * pgtable: a connection, and a batch over it.
 *
 * Here is what goes on in time: the connection, the transaction of a batch, and
 * what is done when the server goes.  What is there (columns, keys, batches) and
 * what is sent (rows, stage) are files of their own.
 */
#include "sinks/pg/pgtable.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "value/record.h"
#include "io/service/pg.h"
#include "io/service/retry.h"
#include "runtime/report/say.h"
#include "sinks/pg/pgtable_impl.h"

#define GATHER ((size_t)8 << 20)
#define PAUSE_US (TIME_SECOND / 10) /* between two tries to connect, at first */
#define PAUSE_MOST_US (5 * TIME_SECOND)

static int
pgtable_say(const struct pgtable *t, struct err *err)
{
	char table[150];

	err_quote(table, sizeof table, t->o.table, strlen(t->o.table));
	return err_in(err, "table '%s'", table);
}

int
pgtable_check(const char *table, struct err *err)
{
	char *schema, *name;
	int ret = pgtable_name_parse(table, &schema, &name, err);

	free(schema);
	free(name);
	return ret;
}

/* ---- to the server ---- */

/* One at a time makes the tables. */
#define LOCK "BEGIN; SELECT pg_advisory_xact_lock(4893087640612170)"

static int
pgtable_prepare(struct pgtable *t, struct err *err)
{
	if (pg_exec(t->pg, LOCK, err) < 0 || pgtable_columns_read(t, err) < 0 ||
		pgtable_batches_read(t, err) < 0 ||
		pgtable_batches_check_rows(t, err) < 0 ||
		pgtable_keys_check(t, err) < 0 ||
		pgtable_columns_expect(t, err) < 0)
		return -1;
	if (t->o.fields != NULL && t->o.fields->n > 0 &&
		pgtable_columns_make(t, err) < 0)
		return -1;
	if (t->o.mode == MODE_UPDATE && t->exists && t->n > 0 &&
		pgtable_keys_make(t, err) < 0)
		return -1;
	if (pgtable_batches_add(t, err) < 0)
		return -1;
	return pg_exec(t->pg, "COMMIT", err) < 0 ? -1 : 0;
}

/* A pause between two tries; false: it is not to be tried again. */
static bool
pgtable_pause(const struct pgtable *t, struct retry *retry, int64_t since)
{
	int64_t until = time_monotonic() + retry_pause(retry, 0), left;

	if (until - since > t->o.wait_us)
		return false;
	while ((left = until - time_monotonic()) > 0 && !t->o.stopping())
		poll(NULL, 0,
			left < TIME_SECOND ? (int)(left / 1000) + 1 : 1000);
	return !t->o.stopping();
}

/* Connect, waiting for the server as long as we are told to. */
static int
pgtable_reach(struct pgtable *t, struct err *err)
{
	struct retry retry = {PAUSE_US, PAUSE_MOST_US, RETRY_FOR_EVER, 0};
	int64_t since = time_monotonic();
	bool told = false;

	pg_close(t->pg);
	t->open = t->copying = t->cleared = false;
	t->staged = 0;
	while ((t->pg = pg_open(t->o.conninfo, err)) == NULL) {
		if (err->status == STATUS_USAGE)
			return -1;
		if (!told && t->o.wait_us > 0) {
			t->o.say(t->o.arg, err->text);
			told = true;
		}
		if (!pgtable_pause(t, &retry, since))
			return -1;
	}
	return 0;
}

struct pgtable *
pgtable_open(const struct pgtable_options *o, struct err *err)
{
	struct pgtable *t = mem_zalloc(sizeof *t);

	t->o = *o;
	t->newest = -1;
	err->status = STATUS_FAILED;
	if (pgtable_name_parse(o->table, &t->schema, &t->name, err) < 0)
		goto failed;
	pgtable_sql_beside(t, &t->full, t->name);
	if (pgtable_reach(t, err) < 0)
		goto failed;
	if (pgtable_prepare(t, err) == 0)
		return t;
	pgtable_say(t, err);
failed:
	pgtable_close(t);
	return NULL;
}

void
pgtable_close(struct pgtable *t)
{
	if (t == NULL)
		return;
	pg_close(t->pg);
	pgtable_columns_free(t->there, t->nthere);
	free(t->there);
	pgtable_columns_free(t->columns, t->n);
	free(t->columns);
	free(t->from);
	free(t->parts);
	free(t->schema);
	free(t->name);
	buf_release(&t->full);
	buf_release(&t->text);
	buf_release(&t->sql);
	buf_release(&t->tmp);
	free(t);
}

/* ---- a transaction ---- */

/*
 * Begin, with the batch's number, which holds up whoever else writes this one.
 * 0; 1: that one has written it; -1.
 */
static int
pgtable_begin_now(struct pgtable *t, struct err *err)
{
	int n;

	if (pg_exec(t->pg, "BEGIN", err) < 0)
		return -1;
	t->open = true;
	if (t->o.identity == NULL)
		return 0;
	n = pgtable_batches_put(t, err);
	if (n != 0)
		return n < 0 ? -1 : 0;
	t->open = false;
	return pg_exec(t->pg, "ROLLBACK", err) < 0 ? -1 : 1;
}

/* All of the batch, up to the commit.  0; 1: it is there; -1. */
static int
pgtable_put(struct pgtable *t, struct err *err)
{
	int ret = t->open ? 0 : pgtable_begin_now(t, err);

	if (ret != 0)
		return ret;
	if (pgtable_stage_send(t, err) < 0 || pgtable_stage_end(t, err) < 0)
		return -1;
	if (!t->same && t->rows == 0 && pgtable_stage_clear(t, err) < 0)
		return -1;
	if (t->o.mode == MODE_UPDATE && t->rows > 0 &&
		pgtable_stage_merge(t, err) < 0)
		return -1;
	return 0;
}

/* ---- a server that was gone ---- */

static int
pgtable_tell_gone(struct pgtable *t, struct err *err)
{
	return err_in(err,
		"batch %lld was not written, start the pipeline "
		"again",
		(long long)(t->writing > 0 ? t->writing : 0));
}

/* The connection is gone: connect again, and send what was gathered again.
 * As put_batch. */
static int
pgtable_again(struct pgtable *t, struct err *err)
{
	if (t->sent)
		return pgtable_tell_gone(t, err);
	t->o.say(t->o.arg, err->text);
	/* The table as it is: what was made in the transaction is not. */
	if (pgtable_reach(t, err) < 0 || pgtable_columns_read(t, err) < 0)
		return pgtable_tell_gone(t, err);
	t->keyed = false;
	return pgtable_put(t, err);
}

/* In front of what is sent while the batch is under way. */
static int
pgtable_spill(struct pgtable *t, struct err *err)
{
	int ret = t->open ? 0 : pgtable_begin_now(t, err);

	if (ret < 0 && pg_lost(t->pg)) {
		t->o.say(t->o.arg, err->text);
		ret = pgtable_reach(t, err) < 0 ? -1
						: pgtable_begin_now(t, err);
	}
	if (ret > 0)
		return err_set(err,
			"another process writes batch %lld of this "
			"checkpoint",
			(long long)t->writing);
	t->sent = true;
	if (ret < 0 || pgtable_stage_send(t, err) < 0)
		return pg_lost(t->pg) ? pgtable_tell_gone(t, err) : -1;
	pgtable_stage_forget(t);
	return 0;
}

/* The COPY that is open ends with what was gathered for it. */
static int
pgtable_finish_copy(struct pgtable *t, struct err *err)
{
	if (pgtable_stage_send(t, err) < 0 || pgtable_stage_end(t, err) < 0)
		return pg_lost(t->pg) ? pgtable_tell_gone(t, err) : -1;
	pgtable_stage_forget(t);
	return 0;
}

int
pgtable_write(struct pgtable *t, bool same, struct err *err)
{
	int ret;

	t->same = (same || t->o.mode != MODE_COMPLETE) && t->rows == 0;
	/* Where nothing changes the number is kept all the same, with a
	 * checkpoint, so that an old table is known. */
	if (t->same && t->o.identity == NULL)
		return 0;
	ret = pgtable_put(t, err);
	if (ret < 0 && pg_lost(t->pg))
		ret = pgtable_again(t, err);
	return ret < 0 ? pgtable_say(t, err) : 0;
}

/* Whether a commit that got no answer was made is in _bief_batches. */
static int
pgtable_commit_again(struct pgtable *t, struct err *err)
{
	int ret;

	if (t->o.identity == NULL) {
		err_in(err, "whether the last rows were written is not known");
		return pgtable_say(t, err);
	}
	ret = pgtable_again(t, err);
	if (ret == 0)
		ret = pg_exec(t->pg, "COMMIT", err) < 0 ? -1 : 0;
	return ret < 0 ? pgtable_say(t, err) : 0;
}

int
pgtable_commit(struct pgtable *t, struct err *err)
{
	int ret = 0;

	if (t->open && pg_exec(t->pg, "COMMIT", err) < 0)
		ret = pg_lost(t->pg) ? pgtable_commit_again(t, err)
				     : pgtable_say(t, err);
	if (ret < 0)
		return -1;
	if (t->writing > t->newest)
		t->newest = t->writing;
	t->open = t->sent = t->cleared = t->nulls = false;
	t->staged = 0;
	t->rows = 0;
	pgtable_stage_forget(t);
	return 0;
}

bool
pgtable_begin(struct pgtable *t, int64_t batch)
{
	t->writing = batch;
	return t->o.identity != NULL && batch <= t->newest;
}

int
pgtable_add(struct pgtable *t, const struct record *r, struct err *err)
{
	size_t before = t->n;

	/* (A shape that is made for one record may be at another's place.) */
	if ((t->id != r->shape->id || r->shape->transient) &&
		pgtable_rows_places(t, r->shape, err) != 0)
		return 1;
	/* Other columns: the COPY that is open has none of them. */
	if (t->n > before && t->copying && pgtable_finish_copy(t, err) < 0)
		return pgtable_say(t, err);
	if (pgtable_rows_put(t, r, err) != 0)
		return 1;
	if (t->text.n < GATHER)
		return 0;
	return pgtable_spill(t, err) < 0 ? pgtable_say(t, err) : 0;
}
