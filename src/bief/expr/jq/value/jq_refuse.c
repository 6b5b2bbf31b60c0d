/*
 * jq_refuse: messages that show a value, in jq's own words, as far as jq shows it:
 * programs that catch them may look at the text.
 */
#include <string.h>

#include "expr/jq/jq_impl.h"

#define SHOWN 14 /* bytes of a value that jq shows in a message */

static void
jq_refuse_shown(struct jq_run *run, const struct value *v, char out[SHOWN + 1])
{
	struct buf b;
	size_t n;

	buf_init(&b);
	jq_dump(run, v, &b);
	n = b.n;
	if (n > SHOWN) {
		n = SHOWN - 3;
		/* whole characters, which jq does not care for */
		while (((unsigned char)b.p[n] & 0xC0) == 0x80)
			n--;
	}
	memcpy(out, b.p, n);
	if (b.n > SHOWN) {
		memcpy(out + n, "...", 3);
		n += 3;
	}
	out[n] = '\0';
	buf_release(&b);
}

int
jq_refuse(struct jq_run *run, const char *before, const struct value *v,
	const char *after)
{
	char s[SHOWN + 1];

	jq_refuse_shown(run, v, s);
	return err_set(run->err, "%s%s (%s)%s", before, jq_value_type_name(v),
		s, after);
}

int
jq_refuse_two(struct jq_run *run, const struct value *a, const struct value *b,
	const char *what)
{
	char s[SHOWN + 1], t[SHOWN + 1];

	jq_refuse_shown(run, a, s);
	jq_refuse_shown(run, b, t);
	return err_set(run->err, "%s (%s) and %s (%s) %s",
		jq_value_type_name(a), s, jq_value_type_name(b), t, what);
}
