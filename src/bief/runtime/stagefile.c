/*
 * stagefile: see stagefile.h.  The payload, of the kind "stage":
 *
 *	{"program":NAME,"arguments":[WORD,...],"inputs":[HEADER,...]}
 *
 * HEADER is the header line of an input, bief-stream(5), without what is of the
 * one run; null where it has no batches.
 */
#include "runtime/stagefile.h"

#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "value/json.h"
#include "io/file.h"
#include "runtime/chain.h"

static void
put_word(const char *word, struct buf *out)
{
	struct buf clean;

	buf_init(&clean);
	json_repair(&clean, word, strlen(word));
	json_quote(out, clean.p, clean.n);
	buf_release(&clean);
}

static void
put_input(const struct plan *in, struct buf *out)
{
	struct plan p;

	if (!in->stream) {
		buf_str(out, "null");
		return;
	}
	plan_copy(&p, in);
	free(p.checkpoint);
	p.checkpoint = NULL;
	plan_print(&p, out);
	plan_release(&p);
}

static void
print(const struct stage *st, const struct plan *in, int n, struct buf *out)
{
	char **words = st->priv->words;

	buf_str(out, "{\"program\":");
	json_quote(out, st->op->name, strlen(st->op->name));
	buf_str(out, ",\"arguments\":[");
	for (size_t i = 1; words[i] != NULL; i++) {
		if (i > 1)
			buf_byte(out, ',');
		put_word(words[i], out);
	}
	buf_str(out, "],\"inputs\":[");
	for (int i = 0; i < n; i++) {
		if (i > 0)
			buf_byte(out, ',');
		put_input(&in[i], out);
	}
	buf_str(out, "]}");
}

int
stagefile_save(const char *dir, const struct stage *st, const struct plan *in,
	int n, struct err *err)
{
	struct buf now, old;
	struct err why;
	int ret = 0;

	buf_init(&now);
	buf_init(&old);
	print(st, in, n, &now);
	/* One that cannot be read is no loss. */
	if (file_load(dir, "stage", "stage", &old, &why) != 0 ||
		old.n != now.n || memcmp(old.p, now.p, now.n) != 0)
		ret = file_save(dir, "stage", "stage", now.p, now.n, err);
	buf_release(&now);
	buf_release(&old);
	return ret;
}

/* ---- reading ---- */

static int
damaged(const char *dir, struct err *err)
{
	return err_as(err, STATUS_DAMAGED, "'%s/stage' cannot be read", dir);
}

static char *
text_of(const struct value *v)
{
	struct buf b;
	char *text;

	buf_init(&b);
	json_unquote(&b, v->s, v->n);
	text = mem_dup(b.p != NULL ? b.p : "", b.n);
	buf_release(&b);
	return text;
}

static int
get_words(struct stagefile *f, const struct value *object)
{
	struct value program, list, key, word;
	struct json_iter it;
	size_t n = 0;

	if (!json_get(object, "program", 7, &program) ||
		program.type != VALUE_STRING ||
		!json_get(object, "arguments", 9, &list) ||
		list.type != VALUE_ARRAY)
		return -1;
	f->words = mem_zalloc((list.n + 2) * sizeof(*f->words));
	f->words[n++] = text_of(&program);
	json_iter(&it, &list);
	while (json_next(&it, &key, &word)) {
		if (word.type != VALUE_STRING)
			return -1;
		f->words[n++] = text_of(&word);
	}
	return 0;
}

static int
get_inputs(struct stagefile *f, const struct value *object,
	const char *checkpoint, struct err *err)
{
	struct value list, key, input, header;
	struct json_iter it;

	if (!json_get(object, "inputs", 6, &list) || list.type != VALUE_ARRAY)
		return -1;
	f->in = mem_zalloc(STAGEFILE_INPUTS * sizeof(*f->in));
	json_iter(&it, &list);
	for (; json_next(&it, &key, &input); f->n++) {
		if (f->n == STAGEFILE_INPUTS)
			return -1;
		plan_init(&f->in[f->n]);
		if (input.type == VALUE_OBJECT &&
			(!json_get(&input, "#bief", 5, &header) ||
				header.type != VALUE_OBJECT ||
				plan_parse(&f->in[f->n], &header, err) < 0))
			return -1;
		f->in[f->n].explain = true;
		f->in[f->n].checkpoint = mem_dup(
			checkpoint, strlen(checkpoint));
	}
	return f->n > 0 ? 0 : -1;
}

int
stagefile_load(struct stagefile *f, const char *dir, const char *checkpoint,
	struct err *err)
{
	struct json_error why;
	struct value v;
	int ret;

	memset(f, 0, sizeof(*f));
	ret = file_load(dir, "stage", "stage", &f->text, err);
	if (ret != 0)
		return ret;
	memset(buf_need(&f->text, JSON_PADDING), 0, JSON_PADDING);
	if (json_read(f->text.p, f->text.p + f->text.n, 0, &v, &why) == NULL ||
		v.type != VALUE_OBJECT || get_words(f, &v) < 0 ||
		get_inputs(f, &v, checkpoint, err) < 0)
		return damaged(dir, err);
	return 0;
}

void
stagefile_release(struct stagefile *f)
{
	for (size_t i = 0; f->words != NULL && f->words[i] != NULL; i++)
		free(f->words[i]);
	for (int i = 0; i < f->n; i++)
		plan_release(&f->in[i]);
	free(f->words);
	free(f->in);
	buf_release(&f->text);
	memset(f, 0, sizeof(*f));
}
