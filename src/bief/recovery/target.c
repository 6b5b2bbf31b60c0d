/*
 * target: see target.h.  The payload of DIR/commits/SINK/target, an object:
 *
 *	"writes"  in words, as a message says it: "table t of q.db"
 *	"to"      in full, with the absolute path; this is what is compared
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/file.h"
#include "recovery/jsonfile.h"
#include "recovery/place.h"
#include "recovery/target.h"
#include "value/json.h"
#include "value/value.h"

int
target_save(const struct place *p, const char *words, const char *full,
	struct err *err)
{
	struct buf b;
	int ret;

	assert(place_held(p));
	buf_init(&b);
	buf_str(&b, "{\"writes\":");
	json_quote(&b, words, strlen(words));
	buf_str(&b, ",\"to\":");
	json_quote(&b, full, strlen(full));
	buf_byte(&b, '}');
	ret = file_save(p->dir, "target", "target", b.p, b.n, err);
	buf_release(&b);
	return ret;
}

int
target_load(const char *place, const char *full, char **words, struct err *err)
{
	struct value object;
	struct buf b;
	char *was = NULL;
	int ret;

	*words = NULL;
	buf_init(&b);
	ret = jsonfile_load(place, "target", "target", &b, &object, err);
	if (ret == 0) {
		was = jsonfile_string(&object, "to");
		*words = jsonfile_string(&object, "writes");
		if (was == NULL || *words == NULL)
			ret = jsonfile_damaged(place, "target", err);
	}
	if (ret < 0 || (ret == 0 && full != NULL && strcmp(was, full) == 0)) {
		free(*words);
		*words = NULL;
	}
	free(was);
	buf_release(&b);
	return ret;
}
