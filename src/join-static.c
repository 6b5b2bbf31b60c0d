/*
 * join-static: add to each record the fields of the rows of a table that have
 * the same key.
 *
 * Time: none.
 * Watermark: passes as it is.
 * State: none; the table is in memory.
 * Restart: the table is read again, as it is then.
 *
 * It is long because the table may be read again while records pass, and its
 * columns then be others.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


#include "floor/buf.h"
#include "floor/mem.h"
#include "time/time.h"
#include "value/json.h"
#include "value/path.h"
#include "value/recent.h"
#include "value/value.h"
#include "io/csvrow.h"
#include "types/schema.h"
#include "types/schema_parse.h"
#include "runtime/stage.h"
#include "join/table.h"

enum { INNER, LEFT, SEMI, ANTI };

#define CHECK_US TIME_SECOND /* look for a changed table this often ... */
#define CHECK_RECORDS 4096   /* ... and at the clock not for every record */
#define LENT_MOST (4 << 20)  /* bytes of a file that neighbours read, too */

struct join_static {
	/* options */
	struct list on;
	int how;
	const char *sep;
	bool header;
	const char *schema_text;
	struct list null_texts; /* in CSV */
	/* state */
	struct schema *schema;
	struct list left, right; /* --on F=G: F and G */
	struct field *key;       /* of left */
	struct table *table;
	struct value *nulls; /* for a record without a match */
	struct buf bytes;    /* of the key */
	struct buf name;
	struct slots slots;
	uint64_t id;         /* of the shape that to is right for */
	struct shape *to;    /* with the table's fields */
	unsigned hups;       /* SIGHUPs that have been answered */
	char comma;          /* of --sep */
	bool warned;         /* that it cannot be read again */
	bool lent;           /* a clone has a table of its own */
	struct recent found; /* rows of keys that came last, plus ROW_MORE */
	int64_t checked;     /* when the table was looked at */
	uint32_t since;      /* records since the clock was */
	uint32_t every;      /* so many between */
};

#define ROW_MORE 2 /* TABLE_NONE is 1 then, and none is 0 */

#define AT(member) offsetof(struct join_static, member)

static const struct opt join_static_opts[] = {
	{"on", 0, OPT_LIST, AT(on), "FIELD[=COLUMN],...",
		"fields that must equal columns of the table", false},
	{"how", 0, OPT_ENUM, AT(how), "inner|left|semi|anti",
		"which records pass (inner)", false},
	{"sep", 0, OPT_STRING, AT(sep), "CHAR",
		"CSV: what stands between cells (,)", false},
	{"header", 0, OPT_FLAG, AT(header), NULL,
		"CSV: the first line holds the names", false},
	{"null", 0, OPT_MULTI, AT(null_texts), "TEXT",
		"CSV: a cell of this text is null: NA", false},
	{"table-schema", 0, OPT_STRING, AT(schema_text), "DDL",
		"names and types of the columns", false},
	OPT_END};

/* --on F=G into F and G. */
static int
split_on(struct stage *st)
{
	struct join_static *j = STAGE(st, join_static);
	size_t i;

	if (j->on.n == 0)
		return err_as(st->err, STATUS_USAGE,
			"which field is the key? say --on FIELD[=COLUMN]");
	j->key = mem_zalloc(j->on.n * sizeof *j->key);
	for (i = 0; i < j->on.n; i++) {
		const char *text = j->on.s[i], *equals = path_until(text, '=');
		char *left = mem_dup(text, (size_t)(equals - text)), *right;

		right = path_name(*equals == '=' ? equals + 1 : text);
		list_add(&j->left, left, false);
		list_add(&j->right, right, false);
		field_init(&j->key[i], left);
		stage_watch(st, &j->key[i]);
		free(left);
		free(right);
	}
	return 0;
}

/* A row of the table that is not as it should be: --on-error. */
static int
reject(void *arg, const char *text, size_t n, const char *why)
{
	struct stage *st = arg;
	struct record r = {.line = text, .nline = (uint32_t)n};
	struct buf name;
	int ret;

	if (st->clone) /* it has been told */
		return st->on_error == ON_ERROR_KEEP;
	if (st->on_error <= ON_ERROR_FAIL)
		return stage_reject(st, &r, "%s", why);
	table_describe(st->operands[0], &name);
	ret = stage_reject(st, &r, "%s: %s", name.p, why);
	buf_release(&name);
	if (ret < 0)
		return -1;
	return stage_kept(st) ? 1 : 0;
}

static struct table *
load(struct stage *st)
{
	struct join_static *j = STAGE(st, join_static);
	struct table_options o = {.path = st->operands[0],
		.sep = j->comma,
		.header = j->header,
		.schema = j->schema,
		.zone = stage_zone(st),
		.keys = &j->right,
		.nulls = &j->null_texts,
		.max_line = stage_max_line(st),
		.max_state = stage_max_state(st),
		.stopping = stage_stopping,
		.reject = reject,
		.arg = st};

	return table_load(&o, st->err);
}

static int
join_static_open(struct stage *st)
{
	struct join_static *j = STAGE(st, join_static);

	buf_init(&j->bytes);
	buf_init(&j->name);
	j->every = 1;
	recent_init(&j->found, false, 1, NULL, NULL);
	if (st->noperands != 1)
		return err_as(st->err, STATUS_USAGE,
			"%s: it is FILE (CSV, or JSON lines when it ends in "
			".json, .jsonl or .ndjson), DATABASE:TABLE (SQLite) or "
			"postgres://HOST/DATABASE?table=TABLE",
			st->noperands == 0 ? "the table is missing"
					   : "one table at a time");
	j->comma = ',';
	if (j->sep != NULL &&
		csvrow_char("--sep", j->sep, &j->comma, st->err) < 0)
		return -1;
	if (j->schema_text != NULL) {
		j->schema = schema_parse(j->schema_text, st->err);
		if (j->schema == NULL ||
			schema_string_keys(j->schema, st->err) < 0) {
			st->err->status = STATUS_USAGE;
			return err_in(st->err, "--table-schema");
		}
	}
	return split_on(st);
}

/* Take a table that was read. */
static void
look_into(struct join_static *j, struct table *t)
{
	size_t i;

	j->table = t;
	j->id = 0;
	recent_clear(&j->found);
	j->nulls = mem_realloc(j->nulls, (t->width + 1) * sizeof *j->nulls);
	for (i = 0; i < t->width; i++)
		j->nulls[i] = value_null();
}

static void
take(struct join_static *j, struct table *t)
{
	table_free(j->table);
	look_into(j, t);
}

/* The name that a column gets where the stream has names: its own, or with
 * "right_" before it as often as it must be. */
static const char *
free_name(struct join_static *j, const char *column,
	bool (*taken)(const void *in, const char *name, size_t n),
	const void *in)
{
	struct buf *b = &j->name;

	buf_clear(b);
	buf_str(b, column);
	while (taken(in, buf_cstr(b), b->n)) {
		buf_need(b, 7);
		memmove(b->p + 6, b->p, b->n);
		memcpy(b->p, "right_", 6);
		b->n += 6;
	}
	return b->p;
}

static bool
in_schema(const void *in, const char *name, size_t n)
{
	return schema_find(in, name, n) >= 0;
}

static int
join_static_plan(struct stage *st, struct plan *p)
{
	struct join_static *j = STAGE(st, join_static);
	struct table *t;
	size_t i;

	st->looks = LOOKS_PASSING;
	for (i = 0; i < j->left.n; i++)
		if (plan_bind(p, &j->key[i], NULL, st->err) < 0)
			return -1;
	if (st->clone) /* it looks into the stage's */
		return 0;
	if (p->vain) {
		if (j->how < SEMI) { /* what comes of the table is not known */
			schema_free(p->fields);
			p->fields = NULL;
		}
		return 0;
	}
	t = load(st);
	if (t == NULL)
		return -1;
	take(j, t);
	if (p->fields == NULL || j->how >= SEMI)
		return 0;
	for (i = 0; i < t->width; i++) {
		const char *name = free_name(
			j, t->fields->f[i].name, in_schema, p->fields);

		schema_add(p->fields, name, type_copy(t->fields->f[i].type));
		/* several rows of a key: it does not tell them apart */
		if (p->keys.n > 0 && !t->unique)
			list_add(&p->keys, name, false);
	}
	return 0;
}

/* Read the table again if it has changed; one that cannot be read, or has
 * become another, leaves the one that we have. */
static void
refresh(struct stage *st)
{
	struct join_static *j = STAGE(st, join_static);
	bool again = j->hups != st->hups;
	struct buf name;
	struct table *t;

	if (stage_stopping()) /* what is left is for the table as it was */
		return;
	j->hups = st->hups;
	j->checked = time_monotonic();
	if (!again && !table_changed(j->table)) {
		j->warned = false;
		return;
	}
	t = table_again(j->table) ? load(st) : NULL;
	table_describe(st->operands[0], &name);
	if (!table_again(j->table))
		err_set(st->err, "%s came by a pipe and cannot be read again",
			name.p);
	if (t != NULL && st->in.fields != NULL && !table_alike(t, j->table)) {
		table_free(t);
		t = NULL;
		err_set(st->err, "%s has other columns now", name.p);
	}
	buf_release(&name);
	if (t != NULL)
		take(j, t);
	else if (again || !j->warned)
		stage_warn(st, "%s: going on with the table as it was",
			st->err->text);
	j->warned = t == NULL;
}

static int
join_static_begin(struct stage *st, struct batch *b)
{
	if (!st->clone)
		refresh(st);
	return 0;
}

/* Without batches: look at the table once a second, but not at the clock for
 * each of a million records a second. */
static void
refresh_sometimes(struct stage *st, size_t records)
{
	struct join_static *j = STAGE(st, join_static);
	int64_t now;

	j->since += (uint32_t)records;
	if (j->since < j->every && j->hups == st->hups)
		return;
	j->since = 0;
	now = time_monotonic();
	if (now - j->checked >= CHECK_US || j->hups != st->hups) {
		j->every = 1;
		refresh(st);
	} else if (j->every < CHECK_RECORDS) {
		j->every *= 2;
	}
}

static bool
in_shape(const void *in, const char *name, size_t n)
{
	struct buf json;
	bool found;

	buf_init(&json);
	json_quote(&json, name, n);
	found = shape_find(in, json.p + 1, json.n - 2) >= 0;
	buf_release(&json);
	return found;
}

/* The shape of a record with the table's fields added. */
static struct shape *
joined_shape(struct join_static *j, struct shape *shape)
{
	const struct schema *fields = j->table->fields;
	struct buf json;
	size_t i;

	buf_init(&json);
	for (i = 0; i < fields->n; i++) {
		const char *name = free_name(
			j, fields->f[i].name, in_shape, shape);

		buf_clear(&json);
		json_quote(&json, name, strlen(name));
		shape = shape_extend(shape, json.p + 1, json.n - 2);
	}
	buf_release(&json);
	return shape;
}

static void
meet_shape(struct join_static *j, struct shape *shape)
{
	if (j->id == shape->id)
		return;
	j->to = joined_shape(j, shape);
	j->id = shape->id;
}

/* Hand on the record with the values of a row. */
static int
emit(struct stage *st, const struct record *r, const struct value *row)
{
	struct join_static *j = STAGE(st, join_static);
	struct record out = *r;
	size_t width = j->table->width;
	uint32_t n = r->shape->n;

	meet_shape(j, r->shape);
	if (out.room < n + width) {
		out.v = slots_need(&j->slots, n + (uint32_t)width);
		out.room = j->slots.cap;
		if (out.v != r->v)
			memcpy(out.v, r->v, n * sizeof *out.v);
	}
	memcpy(out.v + n, row, width * sizeof *row);
	out.shape = j->to;
	return stage_emit(st, &out);
}

static uint32_t
search(struct join_static *j, const struct record *r)
{
	size_t i;

	buf_clear(&j->bytes);
	for (i = 0; i < j->left.n; i++)
		if (!table_key(
			    j->table, i, record_get(r, &j->key[i]), &j->bytes))
			return TABLE_NONE;
	return table_find(j->table, j->bytes.p, j->bytes.n);
}

/* Where the key is: a short text, or a number as it is written, is the same as
 * the last time. */
static uint32_t
look_up(struct join_static *j, const struct record *r)
{
	const struct value *v = record_get(r, &j->key[0]);
	uint64_t key[2], *row = NULL;
	bool hit = false;
	uint32_t found;

	if (j->left.n != 1 || v == NULL || !recent_field(key, v))
		return search(j, r);
	row = recent_find(&j->found, key, &hit);
	if (hit)
		return (uint32_t)*recent_group(&j->found, row) - ROW_MORE;
	found = search(j, r);
	recent_put(&j->found, row, key, found + ROW_MORE);
	return found;
}

static int
join_one(struct stage *st, struct record *r)
{
	struct join_static *j = STAGE(st, join_static);
	uint32_t row = look_up(j, r);

	if (j->how == SEMI || j->how == ANTI)
		return (row != TABLE_NONE) == (j->how == SEMI)
			? stage_emit(st, r)
			: 0;
	if (row == TABLE_NONE)
		return j->how == LEFT ? emit(st, r, j->nulls) : 0;
	for (; row != TABLE_NONE; row = table_next(j->table, row))
		if (emit(st, r, table_row(j->table, row)) < 0)
			return -1;
	return 0;
}

static int
join_static_record(struct stage *st, struct record *r)
{
	if (!st->in.stream && !st->clone)
		refresh_sometimes(st, 1);
	return join_one(st, r);
}

/* ---- many records at once ---- */

/* The table's row for a record, where there is one and room for it; NULL: it is
 * to go its own way. */
static const struct value *
single_row(struct join_static *j, const struct record *r)
{
	uint32_t row = look_up(j, r);

	if (row == TABLE_NONE)
		return j->how == LEFT ? j->nulls : NULL;
	return table_next(j->table, row) == TABLE_NONE
		? table_row(j->table, row)
		: NULL;
}

/* Hand on those before one that goes its own way. */
static int
emit_joined(struct stage *st, const struct record *like, struct value *v,
	size_t stride, size_t n)
{
	struct record r = *like;

	r.v = v;
	r.shape = STAGE(st, join_static)->to;
	return n == 0 ? 0 : stage_emit_records(st, &r, stride, n);
}

static int
join_static_records(
	struct stage *st, const struct record *like, size_t stride, size_t n)
{
	struct join_static *j = STAGE(st, join_static);
	uint32_t width, at = like->shape->n;
	struct record r = *like;
	size_t ready = 0;

	if (!st->in.stream && !st->clone)
		refresh_sometimes(st, n);
	width = (uint32_t)j->table->width;
	meet_shape(j, like->shape);
	for (size_t i = 0; i < n; i++, r.v += stride) {
		const struct value *row = j->how >= SEMI ||
				like->room < at + width
			? NULL
			: single_row(j, &r);
		struct record one = r;

		one.number = ++st->records_in;
		if (row != NULL) {
			memcpy(r.v + at, row, width * sizeof *row);
			ready++;
			continue;
		}
		if (emit_joined(st, like, r.v - ready * stride, stride, ready) <
				0 ||
			join_one(st, &one) < 0)
			return -1;
		ready = 0;
	}
	return emit_joined(st, like, r.v - ready * stride, stride, ready);
}

static void
join_static_close(struct stage *st)
{
	struct join_static *j = STAGE(st, join_static);
	size_t i;

	if (!st->clone || j->lent)
		table_free(j->table);
	for (i = 0; j->key != NULL && i < j->left.n; i++)
		field_release(&j->key[i]);
	free(j->key);
	free(j->nulls);
	recent_release(&j->found);
	schema_free(j->schema);
	list_free(&j->left);
	list_free(&j->right);
	slots_release(&j->slots);
	buf_release(&j->bytes);
	buf_release(&j->name);
}

/* ---- on threads ---- */

/* What clones are told: where the table is, and what another process reads to
 * have the same. */
struct join_static_known {
	struct table *table;
	pid_t pid; /* where that is an address */
	bool plain;
	struct stat seen;
};

static void
join_static_tell(const struct stage *st, struct buf *out)
{
	struct join_static_known known;

	memset(&known, 0, sizeof(known));
	known.table = STAGE(st, join_static)->table;
	known.pid = getpid();
	known.plain = table_seen(known.table, &known.seen);
	buf_add(out, &known, sizeof(known));
}

/* In another process: small files only, as they are there twice then. */
static int
read_lent(struct stage *clone, const struct join_static_known *known)
{
	struct join_static *j = STAGE(clone, join_static);
	struct table *t;
	struct stat seen;

	if (j->lent && table_seen(j->table, &seen) &&
		table_same(&seen, &known->seen))
		return 0;
	if (!known->plain || known->seen.st_size > LENT_MOST)
		return err_set(clone->err, "its table is not to be read twice");
	if ((t = load(clone)) == NULL)
		return -1;
	if (!table_seen(t, &seen) || !table_same(&seen, &known->seen)) {
		table_free(t);
		return err_set(clone->err, "its table has changed");
	}
	j->lent = true;
	take(j, t);
	return 0;
}

static int
join_static_learn(struct stage *clone, const char *p, size_t n)
{
	struct join_static_known known;

	if (n != sizeof(known))
		return err_set(clone->err, "what is lent is damaged");
	memcpy(&known, p, sizeof(known));
	if (known.pid != getpid())
		return read_lent(clone, &known);
	look_into(STAGE(clone, join_static), known.table);
	return 0;
}

/* The table may be another when nobody looks into it. */
static bool
join_static_look(struct stage *st, bool rest)
{
	struct join_static *j = STAGE(st, join_static);

	if (st->in.stream) /* it is looked at when a batch begins */
		return false;
	if (rest)
		refresh(st);
	return j->hups != st->hups || time_monotonic() - j->checked >= CHECK_US;
}

static const struct spread join_static_spread = {.tell = join_static_tell,
	.learn = join_static_learn,
	.look = join_static_look};

const struct op op_join_static = {
	.name = "join-static",
	.about = "add the fields of a table's rows that have the same key",
	.synopsis = "TABLE --on FIELD[=COLUMN],... "
		    "[--how inner|left|semi|anti]",
	.opts = join_static_opts,
	.size = sizeof(struct join_static),
	.flags = OP_OPERANDS,
	.open = join_static_open,
	.plan = join_static_plan,
	.begin = join_static_begin,
	.record = join_static_record,
	.records = join_static_records,
	.spread = &join_static_spread,
	.close = join_static_close,
};
