/*
 * quotes: what people at a round table say to each other, in French.
 */
#include <stdint.h>

#include "floor/buf.h"
#include "floor/random.h"
#include "command/sample/kind.h"
#include "command/sample/put.h"

#define PICK(s, list) \
	list[random_below(&(s)->random, sizeof(list) / sizeof(*(list)))]

static void
put_character(struct sample *s, struct buf *out)
{
	static const char *const characters[] = {"Arthur", "Arthur", "Arthur ",
		"Bohort", "Guenièvre", "Karadoc", "Léodagan", "Loth", "Merlin",
		"Perceval", "Perceval"};

	buf_str(out, PICK(s, characters));
}

static void
put_sentence(struct sample *s, struct buf *out)
{
	static const char *const opening[] = {"Écoutez, ", "Non, mais ", "Ah, ",
		"Franchement, ", "Moi, je dis que ", "Sire, ", "Là, ",
		"Vous savez, ", "Si ça se trouve, ", "À mon avis, "};
	static const char *const who[] = {"le dragon", "la table ronde",
		"mon cheval", "le tavernier", "cette épée", "le fromage",
		"votre stratégie", "la forêt", "un druide", "ce château"};
	static const char *const does[] = {"n'a jamais servi à rien",
		"va nous coûter trop cher", "est tombé dans le lac",
		"sent vraiment très fort", "ne vaut pas un bon repas",
		"a disparu pendant la nuit", "me fait peur depuis l'été",
		"revient toujours le lendemain", "n'est pas là où on croit"};
	static const char *const closing[] = {".", ".", " !", " ?", "...",
		", et c'est tout.", ", comme d'habitude.",
		", mais personne ne m'écoute.", ", vous verrez bien !"};

	buf_str(out, PICK(s, opening));
	buf_str(out, PICK(s, who));
	buf_byte(out, ' ');
	buf_str(out, PICK(s, does));
	buf_str(out, PICK(s, closing));
}

static void
quotes_put(struct sample *s, uint64_t i, struct buf *out)
{
	PUT_TEXT(out, "{\"character\": \"");
	put_character(s, out);
	PUT_TEXT(out, "\", \"quote\": \"");
	put_sentence(s, out);
	for (uint32_t more = random_below(&s->random, 3); more > 0; more--) {
		buf_byte(out, ' ');
		put_sentence(s, out);
	}
	PUT_TEXT(out, "\"}\n");
}

const struct sample_kind quotes_kind = {
	.name = "quotes",
	.about = "who has said what, in French",
	.stem = "quotes-",
	.suffix = ".json",
	.count = 300,
	.per_file = 50,
	.put = quotes_put,
};
