/*
 * lend: see lend.h.
 *
 * struct head, then for each stage struct part, its words with their NULs, the
 * header of its process, and what it knows, each padded to 8 bytes.
 */
#include "runtime/threads/lend.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/hash.h"
#include "floor/mem.h"
#include "runtime/chain.h"
#include "runtime/ops.h"

struct head {
	uint64_t place; /* where it runs, see place() */
	uint64_t stages;
};

struct part {
	uint32_t words, nwords; /* bytes of them, and how many */
	uint32_t told, header;
	bool image, first, windows;
	int on_error;
	unsigned hups;
	enum phase phase;
	struct batch now;
};

/* Directory and environment, in any order, but for the name of the program that
 * shells put there. */
static uint64_t
place(void)
{
	uint64_t sum = 0;
	struct stat s[2];

	for (char **e = environ; e != NULL && *e != NULL; e++)
		if (strncmp(*e, "_=", 2) != 0)
			sum += hash_bytes(*e, strlen(*e));
	if (stat(".", &s[0]) < 0 || stat("/", &s[1]) < 0)
		return 0;
	for (int i = 0; i < 2; i++) {
		uint64_t id[2] = {s[i].st_dev, s[i].st_ino};

		sum = hash_mix(sum, hash_bytes((const char *)id, sizeof(id)));
	}
	return sum != 0 ? sum : 1;
}

static void
write_stage(const struct stage *st, bool image, struct buf *out)
{
	const struct buf *header = &st->chain->header;
	struct part part;
	size_t at = out->n;

	memset(&part, 0, sizeof(part));
	part.image = image;
	part.first = st->place == 0;
	part.windows = st->windows;
	part.on_error = st->on_error;
	part.hups = st->hups;
	part.phase = st->priv->phase;
	part.now = st->now;
	buf_add(out, &part, sizeof(part));
	for (char **w = st->priv->words; *w != NULL; w++, part.nwords++)
		buf_add(out, *w, strlen(*w) + 1);
	part.words = (uint32_t)(out->n - at - sizeof(part));
	buf_pad(out);
	if (part.first) {
		part.header = (uint32_t)header->n;
		buf_add(out, header->p, header->n);
		buf_pad(out);
	}
	if (!image && st->op->spread->tell != NULL) {
		size_t from = out->n;

		st->op->spread->tell(st, out);
		part.told = (uint32_t)(out->n - from);
		buf_pad(out);
	}
	memcpy(out->p + at, &part, sizeof(part));
}

void
lend_write(const struct chain *c, int end, bool image, const struct buf *behind,
	struct buf *out)
{
	struct head head = {.place = place()}, other;
	size_t at = out->n;

	buf_add(out, &head, sizeof(head));
	for (int i = 0; i < end + image; i++)
		write_stage(&c->stages[i], i == end, out);
	head.stages = (uint64_t)(end + image);
	if (behind->n > 0) {
		memcpy(&other, behind->p, sizeof(other));
		head.stages += other.stages;
		buf_add(out, behind->p + sizeof(other),
			behind->n - sizeof(other));
	}
	memcpy(out->p + at, &head, sizeof(head));
}

bool
lend_suits(const struct buf *text)
{
	struct head head;

	if (text->n < sizeof(head))
		return false;
	memcpy(&head, text->p, sizeof(head));
	return head.place != 0 && head.place == place();
}

/* Each has looked whether those behind it are in the same batch, when it lent. */
bool
lend_is_of(const struct buf *text, int64_t batch)
{
	struct part first;

	if (text->n < sizeof(struct head) + sizeof(first))
		return false;
	memcpy(&first, text->p + sizeof(struct head), sizeof(first));
	return first.now.number == batch;
}

/* The words of a stage; NULL: they do not end. */
static char **
read_words(char *p, const struct part *part)
{
	char **words = mem_zalloc((part->nwords + 1) * sizeof(*words));
	char *end = p + part->words;
	uint32_t n = 0;

	for (; n < part->nwords && p < end; n++) {
		char *nul = memchr(p, '\0', (size_t)(end - p));

		if (nul == NULL)
			break;
		words[n] = p;
		p = nul + 1;
	}
	if (n == part->nwords && n > 0)
		return words;
	free(words);
	return NULL;
}

/* The stage at p; returns what is behind it, or NULL. */
static char *
read_stage(struct lent_stage *s, char *p, const char *end)
{
	struct part part;

	if ((size_t)(end - p) < sizeof(part))
		return NULL;
	memcpy(&part, p, sizeof(part));
	p += sizeof(part);
	if (buf_padded(part.words) + buf_padded(part.header) +
				buf_padded(part.told) >
			(size_t)(end - p) ||
		part.nwords > part.words ||
		(s->words = read_words(p, &part)) == NULL ||
		(s->op = ops_find(s->words[0])) == NULL)
		return NULL;
	s->image = part.image;
	s->first = part.first;
	s->windows = part.windows;
	s->on_error = part.on_error;
	s->hups = part.hups;
	s->phase = part.phase;
	s->now = part.now;
	p += buf_padded(part.words);
	s->header = p;
	s->nheader = part.header;
	p += buf_padded(part.header);
	s->told = p;
	s->ntold = part.told;
	return s->image || s->op->spread != NULL ? p + buf_padded(part.told)
						 : NULL;
}

struct lent *
lend_read(const char *from, size_t n)
{
	struct lent *l = mem_zalloc(sizeof(*l));
	struct head head;
	char *p, *end;

	buf_init(&l->text);
	buf_init(&l->news);
	buf_add(&l->text, from, n);
	if (!lend_suits(&l->text))
		goto err;
	memcpy(&head, l->text.p, sizeof(head));
	if (head.stages == 0 || head.stages > n / sizeof(struct part))
		goto err;
	l->stages = mem_zalloc(head.stages * sizeof(*l->stages));
	l->n = (int)head.stages;
	p = l->text.p + sizeof(head);
	end = l->text.p + n;
	for (int i = 0; i < l->n; i++)
		if ((p = read_stage(&l->stages[i], p, end)) == NULL)
			goto err;
	return l;
err:
	lend_free(l);
	return NULL;
}

static bool
same_stage(const struct lent_stage *a, const struct lent_stage *b)
{
	char **x = a->words, **y = b->words;

	while (*x != NULL && *y != NULL && strcmp(*x, *y) == 0) {
		x++;
		y++;
	}
	return *x == NULL && *y == NULL && a->op == b->op &&
		a->image == b->image && a->first == b->first &&
		a->on_error == b->on_error && a->nheader == b->nheader &&
		(a->nheader == 0 ||
			memcmp(a->header, b->header, a->nheader) == 0);
}

bool
lend_renew(struct lent *l, const struct lent *other)
{
	bool same = l->n == other->n;
	size_t at = 0;

	for (int i = 0; same && i < l->n; i++)
		same = same_stage(&l->stages[i], &other->stages[i]);
	if (!same)
		return false;
	buf_clear(&l->news);
	for (int i = 0; i < l->n; i++) {
		buf_add(&l->news, other->stages[i].told,
			other->stages[i].ntold);
		buf_pad(&l->news);
	}
	for (int i = 0; i < l->n; i++) {
		struct lent_stage *to = &l->stages[i];
		const struct lent_stage *from = &other->stages[i];

		to->hups = from->hups;
		to->phase = from->phase;
		to->now = from->now;
		to->told = l->news.p + at;
		to->ntold = from->ntold;
		at += buf_padded(to->ntold);
	}
	return true;
}

bool
lend_holds(const struct lent *l, int i)
{
	return !l->stages[i].image && l->stages[i].op->spread->holds != NULL;
}

void
lend_free(struct lent *l)
{
	if (l == NULL)
		return;
	for (int i = 0; i < l->n; i++)
		free(l->stages[i].words);
	free(l->stages);
	buf_release(&l->text);
	buf_release(&l->news);
	free(l);
}
