/*
 * options: see options.h.  The payload of DIR/state/STAGE/options is the text
 * itself:
 *
 *	PROGRAM LF
 *	" --" NAME " " VALUE LF       each option that matters and is set
 *	"operand '" WORD "'" LF       or "input N '" ID "'" LF, of a merger
 *	...                           what else the program says (keeper.form)
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/file.h"
#include "recovery/options.h"
#include "recovery/place.h"

bool
options_fresh(const char *dir, const char *id)
{
	struct buf path;
	bool fresh;

	buf_init(&path);
	buf_printf(&path, "%s/state/", dir);
	place_name(id, &path);
	buf_str(&path, "/options");
	fresh = access(buf_cstr(&path), F_OK) < 0 && errno == ENOENT;
	buf_release(&path);
	return fresh;
}

/* The first line of a that b does not have; its length, 0 if there is none. */
static size_t
line_only(const char *a, size_t na, const char *b, size_t nb, const char **line)
{
	const char *end = a + na, *lf, *at;

	for (; a < end; a = lf + 1) {
		size_t n;

		lf = memchr(a, '\n', (size_t)(end - a));
		if (lf == NULL)
			lf = end;
		n = (size_t)(lf - a) + (lf < end);
		at = memmem(b, nb, a, n);
		while (at != NULL && at != b && at[-1] != '\n')
			at = memmem(at + 1, (size_t)(b + nb - at - 1), a, n);
		*line = a;
		if (at == NULL && lf > a)
			return (size_t)(lf - a);
	}
	return 0;
}

static int
options_differ(const struct place *p, const char *was, size_t nwas,
	const char *text, struct err *err)
{
	const char *old = "", *now = "";
	char a[300], b[300];
	size_t nold = line_only(was, nwas, text, strlen(text), &old),
	       nnow = line_only(text, strlen(text), was, nwas, &now);

	/* Options stand behind a blank. */
	if (nold > 0 && *old == ' ')
		old++, nold--;
	if (nnow > 0 && *now == ' ')
		now++, nnow--;
	if (nold == 0 && nnow == 0)
		return err_as(err, STATUS_DAMAGED,
			"the pipeline has changed: "
			"stage '%s' has the same in another order than in the "
			"checkpoint: go back to that, or begin with a new "
			"--checkpoint",
			p->id);
	err_quote(a, sizeof(a), old, nold);
	err_quote(b, sizeof(b), now, nnow);
	return err_as(err, STATUS_DAMAGED,
		"the pipeline has changed: stage "
		"'%s' had %s in the checkpoint and now has %s: go back to "
		"that, or begin with a new --checkpoint",
		p->id, nold > 0 ? a : "nothing of that kind",
		nnow > 0 ? b : "another or none");
}

int
options_same(const struct place *p, const char *text, struct err *err)
{
	struct buf b;
	int ret;

	assert(place_held(p));
	buf_init(&b);
	ret = file_load(p->dir, "options", "options", &b, err);
	if (ret == 1)
		ret = file_save(
			p->dir, "options", "options", text, strlen(text), err);
	else if (ret == 0 &&
		(b.n != strlen(text) || memcmp(b.p, text, b.n) != 0))
		ret = options_differ(p, b.p, b.n, text, err);
	buf_release(&b);
	return ret;
}
