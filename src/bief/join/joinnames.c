/*
 * joinnames: see joinnames.h.  An entry is the names, each ended by a NUL.
 */
#include "join/joinnames.h"

#include <string.h>

#include "floor/buf.h"
#include "value/json.h"
#include "expr/sql/sql.h"
#include "recovery/state/state.h"
#include "runtime/entry.h"
#include "runtime/stage.h"
#include "join/join_pair.h"

const char *const joinnames_sides[2] = {"left", "right"};

int
joinnames_learn(
	struct join_pair *pair, struct stage *st, int s, const struct record *r)
{
	const struct list *names = &pair->names[s];
	char key[2] = {'N', (char)s};
	struct buf text;
	state_ref ref;
	bool made;

	if (!join_pair_learn(pair, s, r))
		return 0;
	buf_init(&text);
	for (size_t i = 0; i < names->n; i++)
		buf_add(&text, names->s[i], strlen(names->s[i]) + 1);
	ref = state_make(st->state, key, 2, text.n, &made, st->err);
	if (ref != STATE_NONE && text.n > 0)
		memcpy(state_resize(st->state, ref, text.n), text.p, text.n);
	buf_release(&text);
	return ref == STATE_NONE ? -1 : 0;
}

void
joinnames_restore(struct join_pair *pair, struct state *state)
{
	for (int s = 0; s < 2; s++) {
		char key[2] = {'N', (char)s};
		state_ref names = state_find(state, key, 2);
		const char *p;
		size_t n;

		if (names == STATE_NONE || pair->names[s].n > 0)
			continue;
		p = state_value(state, names, &n);
		for (size_t at = 0; at < n; at += strlen(p + at) + 1)
			join_pair_name(pair, s, p + at);
	}
}

void
joinnames_show(const struct stage *st, state_ref ref, struct buf *out)
{
	size_t n;
	const char *key = state_key(st->state, ref, &n);
	const char *p = state_value(st->state, ref, &n), *end = p + n;

	entry_kind(out, "names");
	buf_printf(out, ",\"key\":{\"side\":\"%s\"},\"value\":[",
		joinnames_sides[(int)key[1]]);
	for (; p < end; p += strlen(p) + 1) {
		json_quote(out, p, strlen(p));
		if (p + strlen(p) + 1 < end)
			buf_byte(out, ',');
	}
	buf_byte(out, ']');
}

int
joinnames_side(const struct value *object, struct value *key, int *side,
	struct err *err)
{
	struct value v;

	if (entry_get_nested(object, "key", VALUE_OBJECT, key, err) < 0 ||
		entry_get(key, "side", &v, err) < 0)
		return -1;
	*side = entry_is(&v, joinnames_sides[SQL_RIGHT]);
	return *side || entry_is(&v, joinnames_sides[SQL_LEFT])
		? 0
		: entry_wrong(err, "side", "left or right");
}

int
joinnames_take(struct stage *st, const struct value *object, state_ref *made)
{
	static const char *const only[] = {"side", NULL};
	struct json_iter it;
	struct value key, list, name;
	char entry[2] = {'N'};
	struct buf text;
	int side, ret = 0;

	if (joinnames_side(object, &key, &side, st->err) < 0 ||
		entry_only(&key, only, st->err) < 0 ||
		entry_get_nested(object, "value", VALUE_ARRAY, &list, st->err) <
			0)
		return -1;
	entry[1] = (char)side;
	buf_init(&text);
	json_iter(&it, &list);
	while (ret == 0 && json_next(&it, &key, &name)) {
		if (name.type != VALUE_STRING)
			ret = entry_wrong(st->err, "value", "names as strings");
		else
			json_unquote(&text, name.s, name.n);
		buf_byte(&text, '\0');
	}
	if (ret == 0)
		ret = entry_put(st, entry, 2, text.p, text.n, made);
	buf_release(&text);
	return ret;
}
