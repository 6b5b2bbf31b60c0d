/*
 * sql_hash: hashes of values, as Spark computes them, and digests of bytes; and
 * the names of types as functions, int('12').  A hash goes by the type of a
 * value, not by its text: an int and a bigint of one number differ, as in
 * Spark.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "text/digest.h"
#include "expr/sql/sql_impl.h"

/* Hash v into a seed: Murmur3 or xxHash64. */
struct hasher {
	bool wide;
	uint64_t h;
};

static void
hash_int(struct hasher *h, uint32_t v)
{
	h->h = h->wide ? digest_xxhash64_int(v, h->h)
		       : digest_murmur3_int(v, (uint32_t)h->h);
}

static void
hash_long(struct hasher *h, uint64_t v)
{
	h->h = h->wide ? digest_xxhash64_long(v, h->h)
		       : digest_murmur3_long(v, (uint32_t)h->h);
}

static void
hash_bytes(struct hasher *h, const void *p, size_t n)
{
	h->h = h->wide ? digest_xxhash64(p, n, h->h)
		       : digest_murmur3(p, n, (uint32_t)h->h);
}

/* The shortest big-endian bytes in two's complement, as Java's BigInteger. */
static void
hash_decimal(struct hasher *h, const struct datum *d)
{
	unsigned char b[16];
	numeric v = datum_decimal(d);
	int i = 0;

	if (d->p <= 18) {
		hash_long(h, (uint64_t)v);
		return;
	}
	for (int k = 0; k < 16; k++)
		b[k] = (unsigned char)(v >> (120 - 8 * k));
	while (i < 15 &&
		((b[i] == 0 && b[i + 1] < 128) ||
			(b[i] == 255 && b[i + 1] >= 128)))
		i++;
	hash_bytes(h, b + i, 16 - (size_t)i);
}

static int
hash_datum(struct datum_ctx *c, struct hasher *h, struct datum d)
{
	uint64_t bits;
	uint32_t narrow;
	size_t n;
	float f;

	switch ((int)d.kind) {
	case TYPE_NULL:
		break;
	case TYPE_BOOLEAN:
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_DATE:
	case TYPE_YEARS:
		hash_int(h, (uint32_t)d.i);
		break;
	case TYPE_LONG:
	case TYPE_TIMESTAMP:
	case TYPE_DAYS:
		hash_long(h, (uint64_t)d.i);
		break;
	case TYPE_FLOAT:
		f = d.d == 0 ? 0 : (float)d.d;
		memcpy(&narrow, &f, 4);
		hash_int(h, narrow);
		break;
	case TYPE_DOUBLE:
		d.d = d.d == 0 ? 0 : d.d;
		memcpy(&bits, &d.d, 8);
		hash_long(h, d.d != d.d ? 0x7ff8000000000000 : bits);
		break;
	case TYPE_DECIMAL:
		hash_decimal(h, &d);
		break;
	case TYPE_STRING:
	case TYPE_BINARY:
		hash_bytes(h, d.str, d.n);
		break;
	default:
		assert(ty_nested(datum_ty(&d)));
		if (datum_open(c, &d) < 0)
			return -1;
		n = d.kind == TYPE_MAP ? 2 * (size_t)d.n : d.n;
		for (size_t i = 0; i < n; i++)
			if (hash_datum(c, h, d.items[i]) < 0)
				return -1;
	}
	return 0;
}

static int
run_hash(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct hasher h = {n->fn->tag == 1, 42};

	for (int i = 0; i < n->narg; i++)
		if (hash_datum(c, &h, a[i]) < 0)
			return -1;
	*out = h.wide ? datum_int(TYPE_LONG, (int64_t)h.h)
		      : datum_int(TYPE_INT, (int32_t)h.h);
	return 0;
}

/* Maps that are equal may have their keys in any order. */
static int
hash_rule(struct sql_rule *r)
{
	for (int i = 0; i < r->n; i++)
		if (r->arg[i].kind == TYPE_MAP)
			return sql_types_mismatch(r, "takes no maps");
	r->result = ty(
		strchr(r->node->fn->sig, ':')[1] == 'l' ? TYPE_LONG : TYPE_INT);
	return 0;
}

enum { MD5, SHA1, SHA2, CRC32 };

static bool
sha2_kind(int64_t bits, enum digest *kind)
{
	switch (bits) {
	case 224:
		*kind = DIGEST_SHA224;
		return true;
	case 0:
	case 256:
		*kind = DIGEST_SHA256;
		return true;
	case 384:
		*kind = DIGEST_SHA384;
		return true;
	case 512:
		*kind = DIGEST_SHA512;
		return true;
	default:
		return false;
	}
}

static int
run_digest(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	unsigned char bytes[DIGEST_MAX];
	enum digest kind;
	int k;
	char *p;

	*out = datum_null();
	if (n->fn->tag == MD5)
		kind = DIGEST_MD5;
	else if (n->fn->tag == SHA1)
		kind = DIGEST_SHA1;
	else if (!sha2_kind(a[1].i, &kind))
		return 0;
	k = digest_bytes(kind, a->str, a->n, bytes, c->err);
	if (k < 0)
		return -1;
	p = arena_get(&c->arena, 2 * (size_t)k + 1);
	for (int i = 0; i < k; i++)
		snprintf(p + 2 * i, 3, "%02x", bytes[i]);
	*out = datum_string(p, 2 * (size_t)k);
	return 0;
}

/* A library that is not there is no record's fault: it is missed at once. */
static int
digest_prepare(struct sql *x, struct sql_node *n, struct err *err)
{
	unsigned char bytes[DIGEST_MAX];
	uint32_t crc;

	if (n->fn->tag == CRC32)
		return digest_crc32("", 0, &crc, err);
	return digest_bytes(DIGEST_MD5, "", 0, bytes, err) < 0 ? -1 : 0;
}

static int
run_crc32(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	uint32_t crc;

	if (digest_crc32(a->str, a->n, &crc, c->err) < 0)
		return -1;
	*out = datum_int(TYPE_LONG, crc);
	return 0;
}

/* int(x) is cast(x as int). */
static int
cast_rule(struct sql_rule *r)
{
	struct ty to = ty(r->node->fn->tag);

	if (to.kind == TYPE_DECIMAL)
		to = ty_decimal(10, 0);
	if (!datum_cast_allows(r->arg[0], to))
		return sql_types_mismatch(r, "cannot be made");
	r->arg[0] = r->result = to;
	return 0;
}

static int
run_cast(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = a[0];
	return 0;
}

#define DIGEST(name, sig, run, tag)                                \
	{                                                          \
		name, sig, run, 0, NULL, NULL, digest_prepare, tag \
	}
#define CAST(name, kind)                                              \
	{                                                             \
		name, "a:a", run_cast, 0, cast_rule, NULL, NULL, kind \
	}

const struct sql_fn sql_hash_fns[] = {
	{"hash", "a+:i", run_hash, SQL_NULLS, hash_rule},
	{"xxhash64", "a+:l", run_hash, SQL_NULLS, hash_rule, NULL, NULL, 1},
	DIGEST("md5", "x:s", run_digest, MD5),
	DIGEST("sha", "x:s", run_digest, SHA1),
	DIGEST("sha1", "x:s", run_digest, SHA1),
	DIGEST("sha2", "xi:s", run_digest, SHA2),
	DIGEST("crc32", "x:l", run_crc32, CRC32), CAST("boolean", TYPE_BOOLEAN),
	CAST("tinyint", TYPE_BYTE), CAST("smallint", TYPE_SHORT),
	CAST("int", TYPE_INT), CAST("bigint", TYPE_LONG),
	CAST("float", TYPE_FLOAT), CAST("double", TYPE_DOUBLE),
	CAST("decimal", TYPE_DECIMAL), CAST("string", TYPE_STRING),
	CAST("binary", TYPE_BINARY), CAST("date", TYPE_DATE),
	CAST("timestamp", TYPE_TIMESTAMP), {NULL}};
