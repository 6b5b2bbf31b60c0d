/*
 * users: the people whom the sensors name, a to z; and who comes after them,
 * aa, ab ...
 */
#include <stdint.h>

#include "floor/buf.h"
#include "floor/random.h"
#include "command/sample/kind.h"
#include "command/sample/put.h"

static void
put_letters(struct buf *out, uint64_t i)
{
	char text[16], *p = text + sizeof(text);

	for (i++; i > 0; i = (i - 1) / 26)
		*--p = (char)('a' + (i - 1) % 26);
	buf_add(out, p, (size_t)(text + sizeof(text) - p));
}

static void
users_put(struct sample *s, uint64_t i, struct buf *out)
{
	static const char *const first[26] = {"Agathe", "Basile", "Céline",
		"Damien", "Élodie", "Fabrice", "Gaëlle", "Hugo", "Inès",
		"Jérôme", "Karine", "Loïc", "Maëlys", "Nathan", "Océane",
		"Pascal", "Quitterie", "Rémi", "Solène", "Théo", "Ugo",
		"Violette", "Wendy", "Xavier", "Yaël", "Zoé"};
	static const char *const last[] = {"Aubépin", "Belcourt", "Chantemerle",
		"Duvallon", "Esperel", "Fontclair", "Grandpré", "Hautbois",
		"Jolivent", "Lamoulin", "Montrieux", "Neuvéglise", "Ormesson",
		"Petitjour", "Rivesalte", "Sablonnet", "Tournebise",
		"Valfroid"};

	put_letters(out, i);
	buf_byte(out, ';');
	buf_str(out, first[i % 26]);
	buf_byte(out, ';');
	buf_str(out,
		last[random_below(&s->random, sizeof(last) / sizeof(*last))]);
	buf_byte(out, '\n');
}

const struct sample_kind users_kind = {
	.name = "users",
	.about = "a table of the people whom the sensors name",
	.stem = "users-",
	.suffix = ".csv",
	.head = "User;FirstName;LastName\n",
	.count = 26,
	.per_file = 1000,
	.put = users_put,
};
