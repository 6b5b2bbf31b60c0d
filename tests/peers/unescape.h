/*
 * unescape: the lines that the peers' programs read have \n and \r for the
 * bytes, and \ before any other.
 */
#ifndef BIEF_UNESCAPE_H
#define BIEF_UNESCAPE_H

static inline void
unescape(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0') {
			s++;
			*to++ = *s == 'n' ? '\n' : *s == 'r' ? '\r' : *s;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

#endif
