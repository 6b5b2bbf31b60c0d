/*
 * regex: Oniguruma behind a small face, and plain text without it.
 *
 * The library has a stable interface (libonig.so.5), of which little is needed;
 * it is declared here, since only libjq's users have it installed and few of
 * them its header.
 */
#include "text/regex.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"

/* What onig.h says. */
struct onig_region {
	int allocated;
	int num_regs;
	int *beg;
	int *end;
	void *history;
};

struct onig_error {
	void *enc;
	unsigned char *par, *par_end;
};

#define ONIG_MISMATCH (-1)
#define ONIG_OPTION_CAPTURE_GROUP 256
#define ONIG_SYN_OP2_NAMED_GROUP (1U << 7)
#define ONIG_SYN_OP2_NAMED_BACKREF (1U << 8)
#define ONIG_ERROR_MAX 90

typedef int onig_name_fn(const unsigned char *name, const unsigned char *end,
	int ngroups, int *groups, void *reg, void *arg);

struct onig {
	int (*new)(void **reg, const char *pattern, const char *end,
		unsigned options, void *enc, void *syntax,
		struct onig_error *e);
	void (*free)(void *reg);
	int (*search)(void *reg, const char *s, const char *end,
		const char *start, const char *range,
		struct onig_region *region, unsigned options);
	void (*region_free)(struct onig_region *region, int self);
	int (*error)(char *out, int code, ...);
	int (*each_name)(void *reg, onig_name_fn *fn, void *arg);
	void *utf8, *perl;
	unsigned java[32]; /* its syntax, more than large enough */
};

struct regex {
	char *text; /* plain text to look for, or NULL */
	size_t ntext;
	const struct onig *onig;
	void *reg;
	struct onig_region region;
	char **names; /* of the groups */
	int nnames;
	int at[2]; /* what a match of plain text points to */
};

static struct onig onig;
static bool onig_there;
static pthread_once_t onig_once = PTHREAD_ONCE_INIT;

/* Oniguruma's Java is one without (?<name>...) and \\k<name>. */
static bool
java_load(void *lib)
{
	void (*copy)(void *to, void *from);
	unsigned (*get)(void *syntax);
	void (*set)(void *syntax, unsigned op2);
	void *java = dlsym(lib, "OnigSyntaxJava");

	*(void **)&copy = dlsym(lib, "onig_copy_syntax");
	*(void **)&get = dlsym(lib, "onig_get_syntax_op2");
	*(void **)&set = dlsym(lib, "onig_set_syntax_op2");
	if (java == NULL || copy == NULL || get == NULL || set == NULL)
		return false;
	copy(onig.java, java);
	set(onig.java,
		get(java) | ONIG_SYN_OP2_NAMED_GROUP |
			ONIG_SYN_OP2_NAMED_BACKREF);
	return true;
}

static void
onig_load(void)
{
	int (*limit)(unsigned long);
	void *lib = dlopen("libonig.so.5", RTLD_NOW | RTLD_GLOBAL);

	if (lib == NULL)
		return;
	*(void **)&onig.new = dlsym(lib, "onig_new");
	*(void **)&onig.free = dlsym(lib, "onig_free");
	*(void **)&onig.search = dlsym(lib, "onig_search");
	*(void **)&onig.region_free = dlsym(lib, "onig_region_free");
	*(void **)&onig.error = dlsym(lib, "onig_error_code_to_str");
	*(void **)&onig.each_name = dlsym(lib, "onig_foreach_name");
	onig.utf8 = dlsym(lib, "OnigEncodingUTF8");
	onig.perl = dlsym(lib, "OnigSyntaxPerl_NG");
	onig_there = onig.new &&onig.free &&onig.search &&onig
			     .region_free &&onig.error &&onig.each_name &&onig
			     .utf8 &&onig.perl &&java_load(lib);
	/* The second bounds what all starting places take together; a library
	 * too old for it has the first. */
	*(void **)&limit = dlsym(lib, "onig_set_retry_limit_in_match");
	if (limit != NULL)
		limit(REGEX_RETRIES);
	*(void **)&limit = dlsym(lib, "onig_set_retry_limit_in_search");
	if (limit != NULL)
		limit(REGEX_RETRIES);
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
regex_add_name(const unsigned char *name, const unsigned char *end, int ngroups,
	int *groups, void *reg, void *arg)
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
	char what[ONIG_ERROR_MAX + 1];
	struct onig_error e;
	struct regex *x;
	int rc;

	x = mem_zalloc(sizeof(*x));
	if (is_plain(pattern, n, options)) {
		x->text = mem_dup(pattern, n);
		x->ntext = n;
		return x;
	}
	pthread_once(&onig_once, onig_load);
	if (!onig_there) {
		err_set(err,
			"regular expressions need libonig.so.5, which is "
			"not installed");
		free(x);
		return NULL;
	}
	x->onig = &onig;
	rc = onig.new(&x->reg, pattern, pattern + n,
		options | ONIG_OPTION_CAPTURE_GROUP, onig.utf8,
		syntax == REGEX_JAVA ? onig.java : onig.perl, &e);
	if (rc != 0) {
		onig.error(what, rc, &e);
		err_set(err, "%s", what);
		free(x);
		return NULL;
	}
	onig.each_name(x->reg, regex_add_name, x);
	return x;
}

void
regex_free(struct regex *x)
{
	int i;

	if (x == NULL)
		return;
	if (x->reg != NULL) {
		x->onig->region_free(&x->region, 0);
		x->onig->free(x->reg);
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
	char what[ONIG_ERROR_MAX + 1];
	int rc;

	if (start > n)
		return 0;
	if (x->text != NULL)
		return search_text(x, s, n, start, m);
	rc = x->onig->search(x->reg, s, s + n, s + start, s + n,
		m != NULL ? &x->region : NULL, 0);
	if (rc == ONIG_MISMATCH)
		return 0;
	if (rc < 0) {
		x->onig->error(what, rc);
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
