/*
 * thrift: see thrift.h.  Numbers are varints, those with a sign in zigzag; a
 * field's head is its type and how far its id is from the one before.
 */
#include "parquet/thrift.h"

#include <assert.h>

#include "floor/buf.h"
#include "parquet/varint.h"

static void
put_zigzag(struct buf *out, int64_t v)
{
	varint_put(out, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

static void
put_head(struct thrift_out *t, int id, enum thrift_type type)
{
	int *last = &t->last[t->depth - 1], by = id - *last;

	if (by > 0 && by < 16) {
		buf_byte(t->out, (char)(by << 4 | (int)type));
	} else {
		buf_byte(t->out, (char)type);
		put_zigzag(t->out, id);
	}
	*last = id;
}

void
thrift_begin(struct thrift_out *t)
{
	assert(t->depth < THRIFT_DEPTH);
	t->last[t->depth++] = 0;
}

void
thrift_end(struct thrift_out *t)
{
	buf_byte(t->out, THRIFT_STOP);
	t->depth--;
}

void
thrift_int(struct thrift_out *t, int id, int64_t v)
{
	put_head(t, id, THRIFT_I32);
	put_zigzag(t->out, v);
}

void
thrift_long(struct thrift_out *t, int id, int64_t v)
{
	put_head(t, id, THRIFT_I64);
	put_zigzag(t->out, v);
}

void
thrift_byte(struct thrift_out *t, int id, int v)
{
	put_head(t, id, THRIFT_BYTE);
	buf_byte(t->out, (char)v);
}

void
thrift_bool(struct thrift_out *t, int id, bool v)
{
	put_head(t, id, v ? THRIFT_TRUE : THRIFT_FALSE);
}

void
thrift_text(struct thrift_out *t, int id, const void *p, size_t n)
{
	put_head(t, id, THRIFT_BINARY);
	thrift_word(t, p, n);
}

void
thrift_struct(struct thrift_out *t, int id)
{
	put_head(t, id, THRIFT_STRUCT);
	thrift_begin(t);
}

void
thrift_list(struct thrift_out *t, int id, enum thrift_type of, size_t n)
{
	put_head(t, id, THRIFT_LIST);
	if (n < 15) {
		buf_byte(t->out, (char)(n << 4 | (size_t)of));
		return;
	}
	buf_byte(t->out, (char)(0xf0 | (int)of));
	varint_put(t->out, n);
}

void
thrift_element(struct thrift_out *t, int64_t v)
{
	put_zigzag(t->out, v);
}

void
thrift_word(struct thrift_out *t, const void *p, size_t n)
{
	varint_put(t->out, n);
	buf_add(t->out, p, n);
}

static void
fail(struct thrift_in *t)
{
	t->bad = true;
	t->p = t->end;
}

static unsigned char
get_byte(struct thrift_in *t)
{
	if (t->p < t->end)
		return *t->p++;
	fail(t);
	return 0;
}

static uint64_t
get_varint(struct thrift_in *t)
{
	uint64_t v;

	if (varint_get(&t->p, t->end, &v))
		return v;
	fail(t);
	return 0;
}

int64_t
thrift_get_int(struct thrift_in *t)
{
	uint64_t v = get_varint(t);

	return (int64_t)(v >> 1 ^ (~(v & 1) + 1));
}

bool
thrift_next(struct thrift_in *t, int *id, enum thrift_type *type)
{
	unsigned char head = get_byte(t);
	int64_t v;

	if (t->bad || head == THRIFT_STOP)
		return false;
	*type = head & 0x0f;
	if (head >> 4 != 0) {
		*id += head >> 4;
		return true;
	}
	v = thrift_get_int(t);
	if (v < 0 || v > INT16_MAX)
		fail(t);
	*id = (int)v;
	return !t->bad;
}

const char *
thrift_get_text(struct thrift_in *t, size_t *n)
{
	uint64_t size = get_varint(t);
	const char *p = (const char *)t->p;

	*n = 0;
	if (size > (size_t)(t->end - t->p)) {
		fail(t);
		return "";
	}
	*n = (size_t)size;
	t->p += size;
	return p;
}

/* An element has a byte at least, so that a list's length is bounded. */
size_t
thrift_get_list(struct thrift_in *t, enum thrift_type *of)
{
	unsigned char head = get_byte(t);
	uint64_t n = head >> 4;

	*of = head & 0x0f;
	if (n == 15)
		n = get_varint(t);
	if (n > (size_t)(t->end - t->p))
		fail(t);
	return t->bad ? 0 : (size_t)n;
}

static void
skip_map(struct thrift_in *t)
{
	uint64_t n = get_varint(t), i;
	unsigned char types = n > 0 ? get_byte(t) : 0;

	if (n > (size_t)(t->end - t->p))
		fail(t);
	for (i = 0; i < n && !t->bad; i++) {
		thrift_skip(t, types >> 4);
		thrift_skip(t, types & 0x0f);
	}
}

/* The elements of a list: a boolean among them has a byte of its own. */
static void
skip_list(struct thrift_in *t)
{
	enum thrift_type of;
	size_t n = thrift_get_list(t, &of), i;

	for (i = 0; i < n && !t->bad; i++)
		if (of == THRIFT_TRUE || of == THRIFT_FALSE)
			get_byte(t);
		else
			thrift_skip(t, of);
}

static void
skip_struct(struct thrift_in *t)
{
	enum thrift_type type;
	int id = 0;

	while (thrift_next(t, &id, &type))
		thrift_skip(t, type);
}

static void
skip_bytes(struct thrift_in *t, size_t n)
{
	if ((size_t)(t->end - t->p) < n)
		fail(t);
	else
		t->p += n;
}

void
thrift_skip(struct thrift_in *t, enum thrift_type type)
{
	size_t n;

	if (++t->depth > THRIFT_DEPTH)
		fail(t);
	switch (type) {
	case THRIFT_TRUE:
	case THRIFT_FALSE:
		break;
	case THRIFT_BYTE:
		get_byte(t);
		break;
	case THRIFT_I16:
	case THRIFT_I32:
	case THRIFT_I64:
		get_varint(t);
		break;
	case THRIFT_DOUBLE:
		skip_bytes(t, 8);
		break;
	case THRIFT_BINARY:
		thrift_get_text(t, &n);
		break;
	case THRIFT_LIST:
	case THRIFT_SET:
		skip_list(t);
		break;
	case THRIFT_MAP:
		skip_map(t);
		break;
	case THRIFT_STRUCT:
		skip_struct(t);
		break;
	default:
		fail(t);
	}
	t->depth--;
}
