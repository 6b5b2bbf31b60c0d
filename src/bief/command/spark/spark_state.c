/*
 * spark_state: what a checkpoint says of the pipeline, for a program that goes
 * on where bief stopped: where its source stood behind the newest batch that all
 * sinks have.  What stages keep is the affair of spark_kept.c.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/spark/spark_impl.h"
#include "floor/mem.h"
#include "recovery/checkpoint.h"
#include "recovery/jsonfile.h"
#include "recovery/metadata.h"
#include "recovery/numbers.h"
#include "recovery/offset.h"
#include "recovery/place.h"
#include "value/json.h"

/* The position of the checkpoint's only source. */
static int
load_offset(struct spark *s, const char *dir, int64_t batch)
{
	struct offset offset = {.position = NULL};
	struct place place = {.lock = -1};
	struct buf path;
	int rc;

	buf_init(&path);
	buf_printf(&path, "%s/offsets/", dir);
	place_name(s->source, &path);
	place.dir = buf_cstr(&path);
	rc = offset_need(&place, batch, &offset, s->err);
	if (rc == 0 && offset.position != NULL)
		s->position = mem_dup(offset.position, strlen(offset.position));
	offset_release(&offset);
	buf_release(&path);
	return rc;
}

static int
check_idle(struct spark *s, const char *dir)
{
	char *busy = place_busy(dir);

	if (busy == NULL)
		return 0;
	err_as(s->err, STATUS_FAILED,
		"--from-checkpoint: %s is at work with it: bief stop ends it",
		busy);
	free(busy);
	return -1;
}

int
spark_state_open(struct spark *s, const char *dir)
{
	struct metadata m = {.identity = NULL};
	int64_t batch = -1;
	int rc = check_idle(s, dir);

	if (rc < 0 || metadata_read(dir, &m, s->err) < 0)
		return -1;
	if (m.sources.n != 1)
		rc = err_as(s->err, STATUS_USAGE,
			"--from-checkpoint: it is of %zu sources, and can be "
			"told of one only",
			m.sources.n);
	else
		s->source = mem_dup(m.sources.s[0], strlen(m.sources.s[0]));
	metadata_release(&m);
	if (rc == 0)
		rc = checkpoint_committed(dir, &batch, s->err);
	if (rc == 0 && batch >= 0)
		rc = load_offset(s, dir, batch);
	s->from = mem_dup(dir, strlen(dir));
	s->kept.batch = batch;
	return rc;
}

void
spark_state_beside(const struct spark *s, const char *dir, const char *what,
	struct buf *out)
{
	buf_str(out, dir);
	while (out->n > 1 && out->p[out->n - 1] == '/')
		out->n--;
	buf_printf(out, "-%s", what);
	if (s->from != NULL && s->kept.batch >= 0)
		buf_printf(out, "-%lld", (long long)s->kept.batch);
}

int
spark_state_source(struct spark *s, const struct spark_step *p)
{
	const char *name = p->st->priv->common.name;
	size_t n = strlen(p->op->name);

	if (s->from == NULL)
		return 0;
	if (name != NULL ? strcmp(name, s->source) == 0
			 : strncmp(p->op->name, s->source, n) == 0 &&
				(s->source[n] == ',' || s->source[n] == '\0'))
		return 0;
	return spark_refuse(
		s, p, "the checkpoint is of another source, '%s'", s->source);
}

/* ---- files ---- */

/* The member as a number; -1: it is not there. */
static int64_t
member_number(const struct value *object, const char *name)
{
	struct value v;
	char *text = json_get(object, name, strlen(name), &v)
		? jsonfile_text(object, name)
		: NULL;
	int64_t n = text != NULL ? strtoll(text, NULL, 10) : -1;

	free(text);
	return n;
}

/* The files that a piece of the log tells of. */
static void
add_files(const struct value *piece, struct list *done)
{
	struct value all, one, files, name, time;
	struct json_iter i, k;

	if (!json_get(piece, "done", 4, &all) || all.type != VALUE_ARRAY)
		return;
	json_iter(&i, &all);
	while (json_next(&i, NULL, &one)) {
		char *in = jsonfile_string(&one, "in");

		if (in == NULL || !json_get(&one, "files", 5, &files))
			continue;
		json_iter(&k, &files);
		while (json_next(&k, &name, &time)) {
			char *file = jsonfile_plain(&name);
			struct buf path;

			buf_init(&path);
			buf_printf(&path, "%s%s", in, file);
			list_add(done, buf_cstr(&path), false);
			buf_release(&path);
			free(file);
		}
		free(in);
	}
}

/* The pieces from this one back to the last whole one. */
static int
read_log(struct spark *s, int64_t piece, struct list *done)
{
	struct buf dir;
	int rc = 0;

	buf_init(&dir);
	buf_printf(&dir, "%s/files/", s->from);
	place_name(s->source, &dir);
	while (piece >= 0 && rc == 0) {
		char name[NUMBERS_NAME];
		struct value object, whole;
		struct buf b;

		buf_init(&b);
		numbers_name(name, piece, "files");
		rc = jsonfile_load(
			buf_cstr(&dir), name, "files", &b, &object, s->err);
		if (rc > 0)
			rc = jsonfile_damaged(buf_cstr(&dir), name, s->err);
		if (rc == 0) {
			add_files(&object, done);
			piece = json_get(&object, "whole", 5, &whole)
				? -1
				: member_number(&object, "after");
		}
		buf_release(&b);
	}
	buf_release(&dir);
	return rc;
}

/* A path as it stands in an address of Java's, which keeps what is no ASCII. */
static void
put_address(const char *path, struct buf *b)
{
	for (const unsigned char *p = (const unsigned char *)path; *p != '\0';
		p++)
		if (*p >= 0x80 || isalnum(*p) ||
			strchr("_-!.~'()*,;:$&+=/@", *p) != NULL)
			buf_byte(b, (char)*p);
		else
			buf_printf(b, "%%%02X", *p);
}

/* DONE = [...], a file a line; as Spark 3.5 and as 4 writes its path. */
static void
put_done(struct spark *s, const struct list *done)
{
	struct buf *b = &s->body, address;

	buf_init(&address);
	buf_str(b,
		"# What bief has read, as paths and as parts of addresses.\n"
		"DONE = [\n");
	for (size_t i = 0; i < done->n; i++) {
		buf_str(b, "    ");
		python_string(b, done->s[i]);
		buf_str(b, ",\n");
		buf_clear(&address);
		put_address(done->s[i], &address);
		if (strcmp(buf_cstr(&address), done->s[i]) == 0)
			continue;
		buf_str(b, "    ");
		python_string(b, address.p);
		buf_str(b, ",\n");
	}
	buf_str(b, "]\n");
	buf_release(&address);
	s->skips = true;
}

/* A position as an object; the buf holds its text. */
static bool
read_position(const struct spark *s, struct buf *b, struct value *object)
{
	struct json_error why;
	const char *end;

	buf_init(b);
	buf_str(b, s->position);
	memset(buf_need(b, JSON_PADDING), 0, JSON_PADDING);
	end = b->p + b->n;
	return json_read(b->p, end, 0, object, &why) == end &&
		object->type == VALUE_OBJECT;
}

int
spark_state_files(struct spark *s, const struct spark_step *p)
{
	struct list done = {NULL, 0};
	struct value object, at;
	struct buf b;
	int rc = 0;

	if (s->position == NULL)
		return 0;
	if (!read_position(s, &b, &object))
		rc = spark_refuse(s, p, "the position cannot be read");
	else if (json_get(&object, "at", 2, &at))
		rc = spark_refuse(s, p,
			"the checkpoint stands in the middle of a file, and "
			"Spark reads files whole: let bief read it to its end "
			"(without --max-records)");
	else if (member_number(&object, "since") >= 0)
		rc = spark_refuse(s, p,
			"the checkpoint knows files by their age, for it has "
			"forgotten old ones: move those that are done away");
	else
		rc = read_log(s, member_number(&object, "log"), &done);
	if (rc == 0)
		put_done(s, &done);
	list_free(&done);
	buf_release(&b);
	return rc;
}

void
spark_state_skip(const struct spark *s, struct python_statement *t)
{
	if (!s->skips)
		return;
	python_call(t, "where");
	python_arg_code(t,
		"~F.regexp_replace(F.col(\"_metadata.file_path\"), "
		"\"^file:/+\", \"/\").isin(DONE)");
}

/* ---- Kafka ---- */

char *
spark_state_offsets(const struct spark *s)
{
	struct value object;
	struct buf b;
	char *at = NULL;

	if (s->position == NULL)
		return NULL;
	if (read_position(s, &b, &object))
		at = jsonfile_text(&object, "at");
	buf_release(&b);
	return at;
}
