/*
 * series: see series.h.
 */
#include "sinks/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/hash.h"
#include "floor/mem.h"
#include "text/number.h"

#define INTEGERS 9007199254740992.0 /* up to here doubles hold them all */

struct entry {
	size_t labels, n; /* in the text */
	uint32_t hash;
};

struct series {
	size_t metrics;
	struct buf text;
	struct entry *entries;
	double *values; /* of each entry, metrics one behind the other */
	bool *set;
	size_t n, room;
	uint32_t *index; /* entry + 1, by hash; 0: free */
	size_t mask;
};

struct series *
series_new(size_t metrics)
{
	struct series *s = mem_zalloc(sizeof *s);

	s->metrics = metrics;
	return s;
}

void
series_free(struct series *s)
{
	if (s == NULL)
		return;
	buf_release(&s->text);
	free(s->entries);
	free(s->values);
	free(s->set);
	free(s->index);
	free(s);
}

void
series_clear(struct series *s)
{
	s->n = 0;
	buf_clear(&s->text);
	if (s->index != NULL)
		memset(s->index, 0, (s->mask + 1) * sizeof *s->index);
}

static void
put_index(struct series *s, size_t entry)
{
	size_t at = s->entries[entry].hash & s->mask;

	while (s->index[at] != 0)
		at = (at + 1) & s->mask;
	s->index[at] = (uint32_t)entry + 1;
}

static void
grow(struct series *s)
{
	s->room = s->room == 0 ? 64 : s->room * 2;
	s->entries = mem_realloc(s->entries, s->room * sizeof *s->entries);
	s->values = mem_realloc(
		s->values, s->room * s->metrics * sizeof *s->values);
	s->set = mem_realloc(s->set, s->room * s->metrics * sizeof *s->set);
	free(s->index);
	s->mask = s->room * 2 - 1;
	s->index = mem_zalloc((s->mask + 1) * sizeof *s->index);
	for (size_t i = 0; i < s->n; i++)
		put_index(s, i);
}

size_t
series_at(struct series *s, const char *labels, size_t n, bool *made)
{
	uint32_t hash = (uint32_t)hash_bytes(labels, n);
	struct entry *e;

	*made = false;
	for (size_t at = hash & s->mask; s->n > 0 && s->index[at] != 0;
		at = (at + 1) & s->mask) {
		e = &s->entries[s->index[at] - 1];
		if (e->hash == hash && e->n == n &&
			(n == 0 ||
				memcmp(s->text.p + e->labels, labels, n) == 0))
			return s->index[at] - 1;
	}
	if (s->n == s->room)
		grow(s);
	*made = true;
	s->entries[s->n] = (struct entry){s->text.n, n, hash};
	buf_add(&s->text, labels, n);
	memset(s->set + s->n * s->metrics, 0, s->metrics * sizeof *s->set);
	put_index(s, s->n);
	return s->n++;
}

void
series_set(struct series *s, size_t at, size_t metric, double value)
{
	s->values[at * s->metrics + metric] = value;
	s->set[at * s->metrics + metric] = true;
}

void
series_unset(struct series *s, size_t at, size_t metric)
{
	s->set[at * s->metrics + metric] = false;
}

size_t
series_bytes(const struct series *s)
{
	return s->text.cap +
		s->room *
		(sizeof(struct entry) + 2 * sizeof *s->index +
			s->metrics * (sizeof(double) + sizeof(bool)));
}

size_t
series_count(const struct series *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n * s->metrics; i++)
		n += s->set[i];
	return n;
}

void
series_number(struct buf *out, double d)
{
	if (isnan(d))
		buf_str(out, "NaN");
	else if (isinf(d))
		buf_str(out, d < 0 ? "-Inf" : "+Inf");
	else if (d == trunc(d) && fabs(d) <= INTEGERS)
		out->n += number_print_int(
			(int64_t)d, buf_need(out, NUMBER_MAX));
	else
		out->n += number_print_double(d, buf_need(out, NUMBER_MAX));
}

void
series_print(const struct series *s, size_t metric, const char *name,
	struct buf *out)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct entry *e = &s->entries[i];

		if (!s->set[i * s->metrics + metric])
			continue;
		buf_str(out, name);
		buf_add(out, s->text.p + e->labels, e->n);
		buf_byte(out, ' ');
		series_number(out, s->values[i * s->metrics + metric]);
		buf_byte(out, '\n');
	}
}

void
series_escape(struct buf *out, const char *p, size_t n, bool quotes)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n')
			buf_str(out, "\\n");
		else if (p[i] == '\\' || (quotes && p[i] == '"'))
			buf_printf(out, "\\%c", p[i]);
		else
			buf_byte(out, p[i]);
	}
}

static bool
is_letter(char c, bool metric)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		(metric && c == ':');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
series_is_name(const char *name, bool metric)
{
	if (!is_letter(*name, metric) ||
		(!metric && strncmp(name, "__", 2) == 0))
		return false;
	while (is_letter(*name, metric) || is_digit(*name))
		name++;
	return *name == '\0';
}

void
series_suggest(struct buf *out, const char *name, bool metric)
{
	size_t before = out->n;

	while (!metric && name[0] == '_' && name[1] == '_')
		name++;
	if (is_digit(*name))
		buf_byte(out, '_');
	for (; *name != '\0'; name++) {
		bool fine = is_letter(*name, metric) || is_digit(*name);

		/* One for all that cannot stand there. */
		if (fine)
			buf_byte(out, *name);
		else if (out->n > before && out->p[out->n - 1] != '_' &&
			name[1] != '\0')
			buf_byte(out, '_');
	}
	if (out->n == before)
		buf_str(out, metric ? "bief_value" : "label");
}
