/*
 * edits: changes of pages of many wikis, as Wikimedia's stream recentchange has
 * them; and a table of towns, whose pages are some of those.
 */
#include "command/sample/kind.h"

#include <stdint.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/random.h"
#include "command/sample/put.h"

#define BEGIN 1674667056 /* 2023-01-25T17:17:36Z */
#define N(list) (sizeof(list) / sizeof(*(list)))
#define PICK(s, list) list[random_below(&(s)->random, N(list))]

static const char *const towns[] = {"Aigueperse-sur-Save", "Bazus-le-Moulin",
	"Castelferme", "Daumazel", "Escoulens", "Fontpeyre", "Garidech-Vieux",
	"Hauterive-l'Écluse", "Issendal", "Juzes-le-Château", "Lagardelière",
	"Montgiscarol", "Noueilhan", "Ondesac", "Pinsarguel", "Quintefeuille",
	"Revelac", "Saint-Élix-du-Bief", "Tournefouille", "Vallègues"};

struct wiki {
	const char *name, *domain;
	uint8_t share; /* of 100 */
};
static const struct wiki wikis[] = {
	{"commonswiki", "commons.wikimedia.org", 34},
	{"wikidatawiki", "www.wikidata.org", 26},
	{"enwiki", "en.wikipedia.org", 14}, {"frwiki", "fr.wikipedia.org", 9},
	{"dewiki", "de.wikipedia.org", 6}, {"eswiki", "es.wikipedia.org", 4},
	{"itwiki", "it.wikipedia.org", 3}, {"ruwiki", "ru.wikipedia.org", 2},
	{"frwiktionary", "fr.wiktionary.org", 1},
	{"enwiktionary", "en.wiktionary.org", 1}};

enum type { EDIT, CATEGORIZE, LOG, NEW };
static const char *const types[] = {"edit", "categorize", "log", "new"};

struct edits {
	int64_t time; /* of arrival */
	int64_t revision;
	/* Of this change. */
	int64_t when;
	const struct wiki *wiki;
	enum type type;
	int namespace;
	char title[100], path[200], user[40];
	bool bot;
};

static void
edits_begin(struct sample *s)
{
	struct edits *e = s->self;

	e->time = BEGIN;
	e->revision = 1135600000;
}

static const struct wiki *
draw_wiki(struct sample *s)
{
	uint32_t r = random_below(&s->random, 100);
	const struct wiki *w = wikis;

	for (; r >= w->share; w++)
		r -= w->share;
	return w;
}

static enum type
draw_type(struct sample *s)
{
	uint32_t r = random_below(&s->random, 100);

	return r < 56 ? EDIT : r < 89 ? CATEGORIZE : r < 94 ? LOG : NEW;
}

static void
draw_title(struct sample *s)
{
	static const char *const of[] = {"History of ", "List of ", "",
		"Geography of ", "", "Talk about "};
	static const char *const what[] = {"watermills", "rivers", "canals",
		"windmills", "bridges", "Le Bief", "“Flow”", "水車", "Мельница",
		"stepping stones", "tides", "millwrights"};
	struct edits *e = s->self;

	e->namespace = 0;
	if (e->type == CATEGORIZE) {
		e->namespace = 14;
		snprintf(e->title, sizeof(e->title), "Category:Views of %s",
			PICK(s, what));
	} else if (e->wiki == &wikis[0]) {
		e->namespace = 6;
		snprintf(e->title, sizeof(e->title), "File:%s %u.jpg",
			PICK(s, what), random_below(&s->random, 10000));
	} else if (e->wiki == &wikis[1])
		snprintf(e->title, sizeof(e->title), "Q%u",
			1 + random_below(&s->random, 100000000));
	else if (e->wiki == &wikis[3] && random_below(&s->random, 8) == 0)
		snprintf(e->title, sizeof(e->title), "%s", PICK(s, towns));
	else
		snprintf(e->title, sizeof(e->title), "%s%s (%u)", PICK(s, of),
			PICK(s, what), random_below(&s->random, 200));
	snprintf(e->path, sizeof(e->path), "%s", e->title);
	for (char *p = e->path; (p = strchr(p, ' ')) != NULL;)
		*p = '_';
}

/* Few have done much; one in twelve has no name but an address. */
static void
draw_user(struct sample *s)
{
	static const char *const names[] = {"Moulinier", "Wanderin",
		"Kaartlezer", "Éclusière", "Pagebuilder", "Streamwatcher",
		"Tidy", "Öffnung"};
	struct edits *e = s->self;
	uint32_t r = random_below(&s->random, 100);

	e->bot = r < 30;
	if (r >= 92)
		snprintf(e->user, sizeof(e->user), "192.0.2.%u",
			random_below(&s->random, 256));
	else
		snprintf(e->user, sizeof(e->user), "%s%s%u", PICK(s, names),
			e->bot ? "Bot" : "",
			random_below(&s->random, e->bot ? 4 : 300));
}

static void
draw(struct sample *s)
{
	struct edits *e = s->self;

	/* Thirty a second; some are told of late. */
	e->time += random_below(&s->random, 30) == 0;
	e->when = e->time;
	if (random_below(&s->random, 3) == 0)
		e->when -= random_below(
			&s->random, random_below(&s->random, 50) == 0 ? 60 : 3);
	e->wiki = draw_wiki(s);
	e->type = draw_type(s);
	draw_title(s);
	draw_user(s);
}

static void
put_uuid(struct sample *s, struct buf *out)
{
	uint64_t a = random_next(&s->random), b = random_next(&s->random);

	put_hex(out, a, 8);
	buf_byte(out, '-');
	put_hex(out, a >> 32, 4);
	PUT_TEXT(out, "-4");
	put_hex(out, a >> 48, 3);
	PUT_TEXT(out, "-a");
	put_hex(out, b, 3);
	buf_byte(out, '-');
	put_hex(out, b >> 12, 12);
}

static void
put_meta(struct sample *s, uint64_t i, struct buf *out)
{
	struct edits *e = s->self;

	PUT_TEXT(out, "\"meta\":{\"uri\":\"https://");
	buf_str(out, e->wiki->domain);
	PUT_TEXT(out, "/wiki/");
	buf_str(out, e->path);
	PUT_TEXT(out, "\",\"request_id\":\"");
	put_uuid(s, out);
	PUT_TEXT(out, "\",\"id\":\"");
	put_uuid(s, out);
	PUT_TEXT(out, "\",\"dt\":\"");
	put_iso(out, e->when);
	PUT_TEXT(out, "\",\"domain\":\"");
	buf_str(out, e->wiki->domain);
	PUT_TEXT(out,
		"\",\"stream\":\"mediawiki.recentchange\",\"topic\":\"eqiad."
		"mediawiki.recentchange\",\"partition\":0,\"offset\":");
	put_int(out, 4486140020 + (int64_t)i);
	PUT_TEXT(out, "},");
}

/* What pages that were written have: how long they were and are. */
static void
put_lengths(struct sample *s, struct buf *out)
{
	struct edits *e = s->self;
	uint32_t r = random_below(&s->random, 20000),
		 old = 40 + random_below(&s->random, 1 + r),
		 change = random_below(&s->random, 400);
	int64_t now = random_below(&s->random, 3) > 0 ? old + change
		: old > change                        ? old - change
						      : 0;

	buf_str(out, r & 1 ? ",\"minor\":true" : ",\"minor\":false");
	if (r & 2)
		buf_str(out,
			r & 4 ? ",\"patrolled\":true" : ",\"patrolled\":false");
	PUT_TEXT(out, ",\"length\":{");
	if (e->type == EDIT)
		buf_printf(out, "\"old\":%u,", old);
	PUT_TEXT(out, "\"new\":");
	put_int(out, now);
	PUT_TEXT(out, "},\"revision\":{");
	if (e->type == EDIT)
		buf_printf(out, "\"old\":%lld,",
			(long long)e->revision - 1 -
				random_below(&s->random, 1000000));
	PUT_TEXT(out, "\"new\":");
	put_int(out, e->revision++);
	buf_byte(out, '}');
}

static void
put_server(const struct edits *e, const char *comment, struct buf *out)
{
	PUT_TEXT(out, ",\"server_url\":\"https://");
	buf_str(out, e->wiki->domain);
	PUT_TEXT(out, "\",\"server_name\":\"");
	buf_str(out, e->wiki->domain);
	PUT_TEXT(out, "\",\"server_script_path\":\"/w\",\"wiki\":\"");
	buf_str(out, e->wiki->name);
	PUT_TEXT(out, "\",\"parsedcomment\":\"");
	put_replaced(out, comment, '&', "&amp;");
	PUT_TEXT(out, "\"}\n");
}

static void
put_edit(struct sample *s, uint64_t i, struct buf *out)
{
	static const char *const comments[] = {"", "typo", "+ source",
		"new picture of the mill", "correction d'une date",
		"Kategorie ergänzt", "said \\\"why\\\"", "links & notes",
		"/* History */ more about it"};
	struct edits *e = s->self;
	const char *comment = PICK(s, comments);

	draw(s);
	PUT_TEXT(out, "{\"$schema\":\"/mediawiki/recentchange/1.0.0\",");
	put_meta(s, i, out);
	PUT_TEXT(out, "\"id\":");
	put_int(out, 2105848399 + (int64_t)i);
	PUT_TEXT(out, ",\"type\":\"");
	buf_str(out, types[e->type]);
	PUT_TEXT(out, "\",\"namespace\":");
	put_int(out, e->namespace);
	PUT_TEXT(out, ",\"title\":\"");
	buf_str(out, e->title);
	PUT_TEXT(out, "\",\"comment\":\"");
	buf_str(out, comment);
	PUT_TEXT(out, "\",\"timestamp\":");
	put_int(out, e->when);
	PUT_TEXT(out, ",\"user\":\"");
	buf_str(out, e->user);
	buf_str(out, e->bot ? "\",\"bot\":true" : "\",\"bot\":false");
	if (e->type == EDIT || e->type == NEW)
		put_lengths(s, out);
	put_server(e, comment, out);
}

/* The towns that there are, and then as many as are wanted. */
static void
put_commune(struct sample *s, uint64_t i, struct buf *out)
{
	const char *name = towns[i % N(towns)];
	unsigned long long more = i / N(towns);
	char number[24] = "";

	if (more > 0)
		snprintf(number, sizeof(number), " %llu", more + 1);
	buf_printf(out, "http://www.example.org/entity/Q%llu,%s%s,%s%s\n",
		(unsigned long long)i + 1000, name, number, name, number);
}

const struct sample_kind edits_kind = {
	.name = "edits",
	.about = "changes of wiki pages, as Wikimedia's recentchange",
	.stem = "edits-",
	.suffix = ".json",
	.count = 12000,
	.per_file = 1000,
	.size = sizeof(struct edits),
	.begin = edits_begin,
	.put = put_edit,
};

const struct sample_kind edits_communes = {
	.name = "communes",
	.about = "a table of towns, whose pages some of the edits change",
	.stem = "communes-",
	.suffix = ".csv",
	.head = "commune,communeLabel,articleName\n",
	.count = N(towns),
	.per_file = 1000,
	.put = put_commune,
};
