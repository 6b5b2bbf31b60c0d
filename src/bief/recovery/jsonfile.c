/*
 * jsonfile: see jsonfile.h.  The frame around the payload is file.c's: its
 * checksum fits when a payload is looked at here, so one that cannot be read was
 * written by something else, or by hand.
 */
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/file.h"
#include "recovery/jsonfile.h"
#include "value/json.h"
#include "value/value.h"
#include "floor/mem.h"

int
jsonfile_damaged(const char *dir, const char *name, struct err *err)
{
	return err_as(err, STATUS_DAMAGED, "'%s/%s' cannot be read", dir, name);
}

int
jsonfile_load(const char *dir, const char *name, const char *kind,
	struct buf *b, struct value *object, struct err *err)
{
	struct json_error why;
	int ret = file_load(dir, name, kind, b, err);

	if (ret != 0)
		return ret;
	buf_need(b, JSON_PADDING);
	if (json_read(b->p, b->p + b->n, 0, object, &why) == NULL ||
		object->type != VALUE_OBJECT)
		return jsonfile_damaged(dir, name, err);
	return 0;
}

char *
jsonfile_text(const struct value *object, const char *member)
{
	struct value v;
	struct buf text;
	char *s;

	if (!json_get(object, member, strlen(member), &v))
		return NULL;
	buf_init(&text);
	value_print(&v, &text);
	s = mem_dup(text.p, text.n);
	buf_release(&text);
	return s;
}

char *
jsonfile_plain(const struct value *string)
{
	struct buf tmp;
	size_t n;
	const char *s;
	char *copy;

	buf_init(&tmp);
	s = value_string(string, &n, &tmp);
	copy = mem_dup(s, n);
	buf_release(&tmp);
	return copy;
}

char *
jsonfile_string(const struct value *object, const char *member)
{
	struct value v;

	if (!json_get(object, member, strlen(member), &v) ||
		v.type != VALUE_STRING)
		return NULL;
	return jsonfile_plain(&v);
}

int
jsonfile_save_batch(const char *dir, const char *name, const char *kind,
	int64_t batch, const char *mark, struct err *err)
{
	struct buf b;
	int ret;

	buf_init(&b);
	buf_printf(&b, "{\"batch\":%lld", (long long)batch);
	if (mark != NULL)
		buf_printf(&b, ",\"mark\":%s", mark);
	buf_byte(&b, '}');
	ret = file_save(dir, name, kind, b.p, b.n, err);
	buf_release(&b);
	return ret;
}

int
jsonfile_load_batch(const char *dir, const char *name, const char *kind,
	int64_t *batch, char **mark, struct err *err)
{
	struct value object;
	struct buf b;
	int ret;

	buf_init(&b);
	ret = jsonfile_load(dir, name, kind, &b, &object, err);
	if (ret == 0 && !value_member_int(&object, "batch", batch))
		ret = jsonfile_damaged(dir, name, err);
	if (ret == 0 && mark != NULL)
		*mark = jsonfile_text(&object, "mark");
	buf_release(&b);
	return ret;
}
