/*
 * parquet: rows of all types that are written come back as they were, whatever
 * the row groups, pages, dictionaries and codecs; columns alone and rows passed
 * over, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "value/json.h"
#include "value/value.h"
#include "types/schema.h"
#include "types/schema_parse.h"
#include "parquet/parquet_read.h"
#include "parquet/parquet_text.h"
#include "parquet/parquet_write.h"

#define ROWS 6000
#define FIELDS 19

static const char schema_text[] =
	"b boolean, i8 tinyint, i16 smallint, i int, l bigint, f float, "
	"d double, s string, bin binary, t timestamp, day date, "
	"dec9 decimal(9,2), dec18 decimal(18,4), dec38 decimal(38,10), "
	"word string, unique string, a array<bigint>, "
	"st struct<x: bigint, y: array<string>, z: struct<k: boolean>>, "
	"m map<string,double>";

static int failures;

#define CHECK(x)                                                           \
	do {                                                               \
		if (!(x)) {                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, \
				#x);                                       \
			failures++;                                        \
		}                                                          \
	} while (0)

/* How many nulls: none, some, all but some. */
static bool
is_null(int row, int field)
{
	unsigned x = (unsigned)(row * FIELDS + field) * 2654435761u >> 16;

	if (row < 1500)
		return false;
	return row < 4000 ? x % 7 == 0 : x % 50 != 0;
}

static void
put_flat(struct buf *out, int field, int i)
{
	static const char *const real[] = {"0.1", "-7.0", "1e+22", "3.25"};

	switch (field) {
	case 0:
		buf_str(out, i / 40 % 2 ? "true" : "false");
		break;
	case 1:
		buf_printf(out, "%d", i % 256 - 128);
		break;
	case 2:
		buf_printf(out, "%d", i * 11 % 65536 - 32768);
		break;
	case 3:
		buf_printf(out, "%d", i * -357913);
		break;
	case 4:
		buf_printf(out, "%lld", (long long)i * 1234567890123);
		break;
	case 5:
	case 6:
		buf_str(out, real[(i + field) % 4]);
		break;
	case 7:
		buf_printf(out, "\"text %d \\\"é\\n%.*s\"", i % 900, i % 70,
			"0123456789012345678901234567890123456789"
			"012345678901234567890123456789");
		break;
	case 8:
		buf_str(out, i % 2 ? "\"AAECAw==\"" : "\"\"");
		break;
	case 9:
		buf_printf(out, "\"20%02d-02-03T04:05:06.%06dZ\"", i % 100,
			1 + i % 9 + i % 10 * 100000);
		break;
	case 10:
		buf_printf(out, "\"19%02d-12-31\"", i % 100);
		break;
	case 11:
		buf_printf(out, "%d.%02d", i * 77, i % 100);
		break;
	case 12:
		buf_printf(out, "-%d.%04d", i + 1, i);
		break;
	case 13:
		buf_printf(out, "123456789012345678%d.0123456789", i);
		break;
	case 14:
		buf_printf(out, "\"w%d\"", i % 5);
		break;
	default:
		buf_printf(out, "\"unique %d\"", i * 7919);
	}
}

static void
put_field(struct buf *out, int field, int i)
{
	if (is_null(i, field)) {
		buf_str(out, "null");
	} else if (field < 16) {
		put_flat(out, field, i);
	} else if (field == 16) {
		buf_byte(out, '[');
		for (int k = 0; k < i % 4; k++)
			buf_printf(out, "%s%d", k > 0 ? "," : "", i + k);
		buf_str(out, i % 9 == 3 ? ",null]" : "]");
	} else if (field == 17) {
		buf_printf(out, "{\"x\":%d", i);
		if (i % 3 > 0)
			buf_printf(out, ",\"y\":[%s]",
				i % 3 > 1 ? "\"p\",\"\",\"q\"" : "");
		buf_str(out, i % 5 == 0 ? ",\"z\":{\"k\":true}}" : "}");
	} else {
		buf_str(out, i % 2 ? "{\"one\":1.5,\"two\":-0.25}" : "{}");
	}
}

static void
put_row(struct buf *out, const struct schema *s, int i)
{
	for (int k = 0; k < FIELDS; k++) {
		/* A list that is empty has no null, either. */
		buf_printf(out, "%c\"%s\":", k > 0 ? ',' : '{', s->f[k].name);
		put_field(out, k,
			i % 9 == 3 && k == 16 && i % 4 == 0 ? i + 1 : i);
	}
	buf_str(out, "}\n");
}

static void
write_rows(struct parquet_writer *w, const struct buf *lines)
{
	const struct value *values[FIELDS];
	struct value v[FIELDS], row, key;
	const char *p = lines->p, *end = p + lines->n;
	struct json_error why;
	struct json_iter it;
	struct err err;

	for (int i = 0; i < ROWS; i++) {
		p = json_read(p, end, 0, &row, &why);
		CHECK(p != NULL);
		json_iter(&it, &row);
		for (int k = 0; k < FIELDS; k++) {
			CHECK(json_next(&it, &key, &v[k]));
			values[k] = &v[k];
		}
		CHECK(parquet_write_row(w, values, &err) == 0);
		if (i == 0 || i == 3000 || i == 3001)
			CHECK(parquet_write_group(w, &err) == 0);
	}
	CHECK(parquet_write_end(w, &err) == 0);
	CHECK(parquet_write_rows(w) == ROWS);
}

static int
write_file(const struct schema *s, const struct buf *lines, enum codec codec)
{
	int fd = memfd_create("parquet", 0);
	struct err err;
	struct parquet_writer *w = parquet_write_new(s, codec, &err);
	const char *p;
	size_t n;

	write_rows(w, lines);
	p = parquet_write_take(w, &n);
	CHECK(write(fd, p, n) == (ssize_t)n);
	parquet_write_free(w);
	return fd;
}

static void
check_text(int fd, const struct buf *lines)
{
	struct err err;
	struct parquet_text *t = parquet_text_new(fd, &err);
	struct buf got;
	ssize_t n = 1;

	buf_init(&got);
	CHECK(t != NULL);
	while (n > 0) {
		n = parquet_text_read(t, buf_need(&got, 999), 999, &err);
		got.n += n > 0 ? (size_t)n : 0;
	}
	CHECK(n == 0);
	CHECK(got.n == lines->n);
	CHECK(got.n == lines->n && memcmp(got.p, lines->p, got.n) == 0);
	parquet_text_free(t);
	buf_release(&got);
}

/* Some columns in another order, some of them none, some twice, and more than
 * the file has, from a row on. */
static void
check_columns(int fd, size_t skip, size_t most)
{
	static const int fields[] = {17, 7, -1, 0, 13, 4, 16, 7, 17, -1, -1, -1,
		-1, -1, -1, -1, -1, -1, -1, -1, 14, 7, 9};
	enum { N = 23, STRIDE = 25 };
	struct value *v = calloc(most * STRIDE, sizeof(*v));
	struct buf want, got;
	struct err err;
	struct parquet_reader *r = parquet_read_file(fd, &err);
	size_t row = skip;
	int n;

	buf_init(&want);
	buf_init(&got);
	parquet_read_choose(r, fields, N);
	CHECK(parquet_read_skip(r, skip, &err) == 1);
	while ((n = parquet_read_rows(r, v, STRIDE, most, &err)) > 0) {
		for (int i = 0; i < n; i++, row++)
			for (int k = 0; k < N; k++) {
				int f = fields[k], at = (int)row;

				if (f == 16 && row % 9 == 3 && row % 4 == 0)
					at++;
				value_print(&v[i * STRIDE + k], &got);
				if (f < 0)
					buf_str(&want, "null");
				else
					put_field(&want, f, at);
			}
	}
	CHECK(n == 0);
	CHECK(row == ROWS);
	CHECK(want.n == got.n && memcmp(want.p, got.p, want.n) == 0);
	buf_release(&want);
	buf_release(&got);
	parquet_read_free(r);
	free(v);
}

int
main(void)
{
	static const size_t skips[] = {1, 2, 1023, 3000, 3001, 3002, 5999};
	struct err err;
	struct schema *s = schema_parse(schema_text, &err);
	struct parquet_reader *r;
	struct buf lines;

	buf_init(&lines);
	for (int i = 0; i < ROWS; i++)
		put_row(&lines, s, i);
	buf_need(&lines, JSON_PADDING);
	for (int codec = CODEC_NONE; codec <= CODEC_ZSTD; codec += CODEC_ZSTD) {
		int fd = write_file(s, &lines, (enum codec)codec);

		check_text(fd, &lines);
		for (size_t i = 0; i < sizeof(skips) / sizeof(*skips); i++)
			check_columns(fd, skips[i], i % 2 ? 256 : 77);
		r = parquet_read_file(fd, &err);
		CHECK(parquet_read_skip(r, ROWS, &err) == 1);
		CHECK(parquet_read_skip(r, 1, &err) == 0);
		parquet_read_free(r);
		close(fd);
	}
	buf_release(&lines);
	schema_free(s);
	return failures > 0;
}
