/*
 * regex: Oniguruma behind a small face, and plain text without it.
 *
 * Patterns are what they are in Perl (as jq has them) or in Java (as Spark has
 * them), whose syntax here has names of groups, which Oniguruma's lacks.
 */
#include <oniguruma.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "floor/dl.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "text/regex.h"

#define NAMES(X)                          \
	X(onig_new)                       \
	X(onig_free)                      \
	X(onig_search)                    \
	X(onig_region_free)               \
	X(onig_error_code_to_str)         \
	X(onig_foreach_name)              \
	X(onig_copy_syntax)               \
	X(onig_get_syntax_op2)            \
	X(onig_set_syntax_op2)            \
	X(onig_set_retry_limit_in_match)  \
	X(onig_set_retry_limit_in_search) \
	X(OnigEncodingUTF8)               \
	X(OnigSyntaxPerl_NG)              \
	X(OnigSyntaxJava)

static struct {
	NAMES(DL_POINTER)
} onig;
static const struct dl library = {
	DL_ONIG, "patterns", (const char *const[]){NAMES(DL_NAME) NULL}};
static OnigSyntaxType java; /* made when the library is opened */

_Static_assert(REGEX_IGNORE_CASE == ONIG_OPTION_IGNORECASE &&
		REGEX_EXTEND == ONIG_OPTION_EXTEND &&
		REGEX_DOT_ALL == ONIG_OPTION_MULTILINE &&
		REGEX_SINGLE_LINE == ONIG_OPTION_SINGLELINE &&
		REGEX_LONGEST == ONIG_OPTION_FIND_LONGEST &&
		REGEX_NOT_EMPTY == ONIG_OPTION_FIND_NOT_EMPTY &&
		REGEX_ASCII ==
			(ONIG_OPTION_IGNORECASE_IS_ASCII |
				ONIG_OPTION_WORD_IS_ASCII |
				ONIG_OPTION_DIGIT_IS_ASCII |
				ONIG_OPTION_SPACE_IS_ASCII |
				ONIG_OPTION_POSIX_IS_ASCII),
	"options are Oniguruma's");

struct regex {
	char *text; /* plain text to look for, or NULL */
	size_t ntext;
	OnigRegex reg;
	OnigRegion region;
	char **names; /* of the groups */
	int nnames;
	int at[2]; /* what a match of plain text points to */
};

/* A search that gives up keeps (a+)+$ from running for ever; the second limit
 * is of all its starting places together. */
static int
regex_prepare(struct err *err)
{
	static const UChar any_text[] = ".";
	OnigRegex any;
	OnigErrorInfo e;

	if (dl_open(&library, &onig, err) < 0)
		return -1;
	onig.onig_copy_syntax(&java, onig.OnigSyntaxJava);
	onig.onig_set_syntax_op2(&java,
		onig.onig_get_syntax_op2(&java) |
			ONIG_SYN_OP2_QMARK_LT_NAMED_GROUP |
			ONIG_SYN_OP2_ESC_K_NAMED_BACKREF);
	onig.onig_set_retry_limit_in_match(REGEX_RETRIES);
	onig.onig_set_retry_limit_in_search(REGEX_RETRIES);
	/* By its first pattern it makes itself ready, which no two threads may
	 * do at the same time. */
	if (onig.onig_new(&any, any_text, any_text + 1, 0,
		    onig.OnigEncodingUTF8, &java, &e) == ONIG_NORMAL)
		onig.onig_free(any);
	return 0;
}

int
regex_open(struct err *err)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static bool ready;
	int ret = 0;

	if (__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
		return 0;
	pthread_mutex_lock(&lock);
	if (!ready && (ret = regex_prepare(err)) == 0)
		__atomic_store_n(&ready, true, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&lock);
	return ret;
}

/* True if the pattern stands for itself. */
static bool
is_plain(const char *p, size_t n, unsigned options)
{
	size_t i;

	if (n == 0 || (options & ~REGEX_ASCII) != 0)
		return false;
	for (i = 0; i < n; i++)
		if (p[i] == '\0' || strchr("\\^$.|?*+()[]{}", p[i]) != NULL)
			return false;
	return true;
}

static int
add_name(const unsigned char *name, const unsigned char *end, int ngroups,
	int *groups, OnigRegex reg, void *arg)
{
	struct regex *x = arg;
	int i, g;

	for (i = 0; i < ngroups; i++) {
		g = groups[i];
		if (g >= x->nnames) {
			x->names = mem_realloc(
				x->names, (size_t)(g + 1) * sizeof(*x->names));
			while (x->nnames <= g)
				x->names[x->nnames++] = NULL;
		}
		free(x->names[g]);
		x->names[g] = mem_dup((const char *)name, (size_t)(end - name));
	}
	return 0;
}

struct regex *
regex_new(const char *pattern, size_t n, enum regex_syntax syntax,
	unsigned options, struct err *err)
{
	char what[ONIG_MAX_ERROR_MESSAGE_LEN];
	OnigErrorInfo e;
	struct regex *x;
	int rc;

	x = mem_zalloc(sizeof(*x));
	if (is_plain(pattern, n, options)) {
		x->text = mem_dup(pattern, n);
		x->ntext = n;
		return x;
	}
	if (regex_open(err) < 0)
		goto err;
	rc = onig.onig_new(&x->reg, (const UChar *)pattern,
		(const UChar *)pattern + n, options | ONIG_OPTION_CAPTURE_GROUP,
		onig.OnigEncodingUTF8,
		syntax == REGEX_JAVA ? &java : onig.OnigSyntaxPerl_NG, &e);
	if (rc != ONIG_NORMAL) {
		onig.onig_error_code_to_str((UChar *)what, rc, &e);
		err_set(err, "%s", what);
		goto err;
	}
	onig.onig_foreach_name(x->reg, add_name, x);
	return x;
err:
	free(x);
	return NULL;
}

void
regex_free(struct regex *x)
{
	int i;

	if (x == NULL)
		return;
	if (x->reg != NULL) {
		onig.onig_region_free(&x->region, 0);
		onig.onig_free(x->reg);
	}
	for (i = 0; i < x->nnames; i++)
		free(x->names[i]);
	free(x->names);
	free(x->text);
	free(x);
}

static int
search_text(struct regex *x, const char *s, size_t n, size_t start,
	struct regex_match *m)
{
	const char *p = memmem(s + start, n - start, x->text, x->ntext);

	if (p == NULL)
		return 0;
	if (m != NULL) {
		x->at[0] = (int)(p - s);
		x->at[1] = x->at[0] + (int)x->ntext;
		*m = (struct regex_match){1, &x->at[0], &x->at[1]};
	}
	return 1;
}

int
regex_search(struct regex *x, const char *s, size_t n, size_t start,
	struct regex_match *m, struct err *err)
{
	char what[ONIG_MAX_ERROR_MESSAGE_LEN];
	const UChar *text = (const UChar *)s;
	int rc;

	if (start > n)
		return 0;
	if (x->text != NULL)
		return search_text(x, s, n, start, m);
	rc = onig.onig_search(x->reg, text, text + n, text + start, text + n,
		m != NULL ? &x->region : NULL, 0);
	if (rc == ONIG_MISMATCH)
		return 0;
	if (rc < 0) {
		onig.onig_error_code_to_str((UChar *)what, rc);
		return err_set(err, "%s", what);
	}
	if (m != NULL)
		*m = (struct regex_match){
			x->region.num_regs, x->region.beg, x->region.end};
	return 1;
}

const char *
regex_group(const struct regex *x, int group, size_t *n)
{
	if (group >= x->nnames || x->names[group] == NULL)
		return NULL;
	*n = strlen(x->names[group]);
	return x->names[group];
}
