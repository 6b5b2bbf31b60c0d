/*
 * pipeline: see pipeline.h. What is read here is read exactly as a shell
 * would; wherever that is not certain the whole text goes to a shell, for a
 * pipeline must not mean one thing with bief run and another when typed.
 */
#include "command/pipeline.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "runtime/chain.h"
#include "runtime/options/common.h"
#include "runtime/ops.h"
#include "runtime/stage.h"

struct reader {
	const char *text, *p;
	int depth; /* of <( ) and >( ) */
	enum pipeline_kind kind;
	struct err *err;
};

#define DEPTH_MAX 100

static struct pipeline *read_pipeline(struct reader *r, char end);

static void *
bad(struct reader *r, const char *what)
{
	if (r->kind == PIPELINE_GOOD) {
		r->kind = PIPELINE_BAD;
		err_as(r->err, STATUS_USAGE, "pipeline: %s\n  %s\n  %*s^", what,
			r->text, (int)(r->p - r->text), "");
	}
	return NULL;
}

static void *
shell(struct reader *r)
{
	if (r->kind == PIPELINE_GOOD) {
		r->kind = PIPELINE_SHELL;
		err_as(r->err, STATUS_USAGE, "%.60s", r->p);
	}
	return NULL;
}

static void
skip_blanks(struct reader *r)
{
	for (;;) {
		if (r->p[0] == '\\' && r->p[1] == '\n')
			r->p += 2;
		else if (*r->p == '#' &&
			(r->p == r->text || isspace((unsigned char)r->p[-1])))
			r->p += strcspn(r->p, "\n");
		else if (isspace((unsigned char)*r->p))
			r->p++;
		else
			return;
	}
}

static bool
read_quoted(struct reader *r, struct buf *b)
{
	char quote = *r->p++;

	while (*r->p != quote) {
		if (*r->p == '\0')
			return bad(r, "the quote is not closed");
		if (quote == '"' && (*r->p == '$' || *r->p == '`'))
			return shell(r);
		if (quote == '"' && *r->p == '\\' && r->p[1] != '\0' &&
			strchr("\"\\$`\n", r->p[1]) != NULL) {
			r->p++;
			if (*r->p == '\n') {
				r->p++;
				continue;
			}
		}
		buf_byte(b, *r->p++);
	}
	r->p++;
	return true;
}

/* Characters that mean something to a shell that we do not read. */
#define SHELL_CHARS "$`*?[;&(){}!~"

static char *
read_word(struct reader *r, bool first)
{
	struct buf b;
	char *text;

	buf_init(&b);
	while (*r->p != '\0' && !isspace((unsigned char)*r->p) &&
		strchr("|<>()", *r->p) == NULL) {
		if (*r->p == '\'' || *r->p == '"') {
			if (!read_quoted(r, &b))
				goto fail;
		} else if (*r->p == '\\') {
			if (r->p[1] == '\0') {
				bad(r, "nothing follows the backslash");
				goto fail;
			}
			if (r->p[1] != '\n')
				buf_byte(&b, r->p[1]);
			r->p += 2;
		} else if ((strchr(SHELL_CHARS, *r->p) != NULL &&
				   !(*r->p == '~' && b.n > 0) &&
				   !(*r->p == '!' && b.n > 0)) ||
			(first && *r->p == '=')) {
			shell(r);
			goto fail;
		} else
			buf_byte(&b, *r->p++);
	}
	text = mem_dup(buf_cstr(&b), b.n);
	buf_release(&b);
	return text;
fail:
	buf_release(&b);
	return NULL;
}

static struct word *
add_word(struct command *c)
{
	c->words = mem_realloc(c->words, (c->nwords + 1) * sizeof(*c->words));
	memset(&c->words[c->nwords], 0, sizeof(*c->words));
	return &c->words[c->nwords++];
}

static bool
read_redirect(struct reader *r, struct command *c, int fd)
{
	struct redirect *to;
	char way = *r->p++;
	bool append = false;

	if (way == '>' && *r->p == '>') {
		append = true;
		r->p++;
	} else if (*r->p == '<' || *r->p == '|')
		return shell(r);
	if (*r->p == '&' && (fd != 2 || r->p[1] != '1'))
		return shell(r);
	c->redirects = mem_realloc(
		c->redirects, (c->nredirects + 1) * sizeof(*c->redirects));
	to = &c->redirects[c->nredirects++];
	*to = (struct redirect){.fd = fd, .append = append};
	if (*r->p == '&') {
		r->p += 2;
		return true;
	}
	skip_blanks(r);
	to->path = read_word(r, false);
	if (to->path != NULL && *to->path == '\0')
		return bad(r, "a file name is missing");
	return to->path != NULL;
}

static bool
read_substitution(struct reader *r, struct command *c)
{
	struct word *w = add_word(c);

	w->output = *r->p == '>';
	r->p += 2;
	if (++r->depth > DEPTH_MAX)
		return bad(r,
			"pipelines stand within each other, more than 100 deep");
	w->sub = read_pipeline(r, ')');
	r->depth--;
	if (w->sub == NULL)
		return false;
	r->p++;
	return true;
}

/* Words that only a shell knows, where a command is expected. */
static bool
is_of_shell(const char *word)
{
	static const char *const words[] = {".", ":", "!", "alias", "bg",
		"break", "builtin", "case", "cd", "command", "continue",
		"coproc", "declare", "eval", "exec", "exit", "export", "fc",
		"fg", "for", "function", "getopts", "hash", "if", "jobs", "let",
		"local", "mapfile", "popd", "pushd", "read", "readarray",
		"readonly", "return", "select", "set", "shift", "shopt",
		"source", "time", "times", "trap", "type", "typeset", "ulimit",
		"umask", "unalias", "unset", "until", "wait", "while"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

static bool
read_command(struct reader *r, struct command *c, char end)
{
	for (;;) {
		skip_blanks(r);
		if (*r->p == end || *r->p == '\0' || *r->p == '|')
			break;
		if ((*r->p == '<' || *r->p == '>') && r->p[1] == '(') {
			if (!read_substitution(r, c))
				return false;
		} else if (*r->p == '<' || *r->p == '>') {
			if (!read_redirect(r, c, *r->p == '>'))
				return false;
		} else if (*r->p == '2' && r->p[1] == '>') {
			r->p++;
			if (!read_redirect(r, c, 2))
				return false;
		} else if (*r->p == '(' || *r->p == ')') {
			return shell(r);
		} else {
			char *text = read_word(r, c->nwords == 0);

			if (text == NULL)
				return false;
			add_word(c)->text = text;
			if (c->nwords == 1 && is_of_shell(text))
				return shell(r);
		}
	}
	if (c->nwords == 0 || c->words[0].text == NULL)
		return bad(r, "a command is missing");
	return true;
}

static struct pipeline *
read_pipeline(struct reader *r, char end)
{
	struct pipeline *p = mem_zalloc(sizeof(*p));

	for (;;) {
		p->commands = mem_realloc(
			p->commands, (p->n + 1) * sizeof(*p->commands));
		memset(&p->commands[p->n], 0, sizeof(*p->commands));
		if (!read_command(r, &p->commands[p->n++], end))
			break;
		if (*r->p == '|' && r->p[1] != '|' && r->p[1] != '&') {
			r->p++;
			continue;
		}
		if (*r->p == end)
			return p;
		if (*r->p == '|')
			shell(r);
		else
			bad(r, "a parenthesis is not closed");
		break;
	}
	pipeline_free(p);
	return NULL;
}

enum pipeline_kind
pipeline_parse(const char *text, struct pipeline **p, struct err *err)
{
	struct reader r = {.text = text, .p = text, .err = err};

	*p = read_pipeline(&r, '\0');
	return r.kind;
}

void
pipeline_free(struct pipeline *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++) {
		struct command *c = &p->commands[i];

		for (size_t j = 0; j < c->nwords; j++) {
			free(c->words[j].text);
			pipeline_free(c->words[j].sub);
		}
		for (size_t j = 0; j < c->nredirects; j++)
			free(c->redirects[j].path);
		free(c->words);
		free(c->redirects);
	}
	free(p->commands);
	free(p);
}

size_t
pipeline_skip(const struct command *c)
{
	return c->nwords > 1 && c->words[1].text != NULL &&
		strcmp(c->words[0].text, "bief") == 0;
}

const struct op *
pipeline_op(const struct command *c)
{
	return ops_find(c->words[pipeline_skip(c)].text);
}

/* Do the words have an operand, one that is no option's value? */
static bool
has_operands(const struct command *c, const struct op *op)
{
	struct common common = {.help = false};
	void *self = mem_zalloc(op->size);
	char **argv = mem_zalloc((c->nwords + 1) * sizeof(*argv)), **operands;
	struct opt_table t[5];
	size_t skip = pipeline_skip(c), n,
	       nt = common_tables(op, self, &common, t);
	struct err err;
	bool good;

	for (size_t i = skip; i < c->nwords; i++)
		argv[i - skip] = c->words[i].text != NULL ? c->words[i].text
							  : (char *)"-";
	good = opt_parse(t, nt, argv, &operands, &n, &err) == 0;
	opt_free(t, nt);
	free(operands);
	free(argv);
	free(self);
	return good && n > 0;
}

/* Does this operator read something else than the stage before it? */
static bool
starts(const struct command *c, const struct op *op)
{
	return op->source != NULL || op->merge != NULL ||
		(op->flags & OP_FILES && has_operands(c, op));
}

static bool
redirects_only(const struct command *c, int fd)
{
	for (size_t i = 0; i < c->nredirects; i++)
		if (c->redirects[i].fd != fd)
			return false;
	return true;
}

/* Is it told how long lines may be?  Records that are handed on have no length;
 * between processes it is counted. */
static bool
counts_bytes(const struct command *c)
{
	static const char name[] = "--max-line";
	size_t n = strlen(name);

	for (size_t i = pipeline_skip(c); i < c->nwords; i++) {
		const char *w = c->words[i].text;

		if (w != NULL && strncmp(w, name, n) == 0 &&
			(w[n] == '\0' || w[n] == '='))
			return true;
	}
	return false;
}

size_t
pipeline_stretch(const struct pipeline *p, size_t i)
{
	size_t n = 0;

	for (; i + n < p->n; n++) {
		const struct command *c = &p->commands[i + n];
		const struct op *op = pipeline_op(c);

		if (op == NULL)
			break;
		/* Its first may read a file, its last write one. */
		if (n > 0 &&
			(starts(c, op) || !redirects_only(c, 1) ||
				!redirects_only(&c[-1], 0) || counts_bytes(c) ||
				counts_bytes(&c[-1])))
			break;
	}
	return n;
}

char **
pipeline_argv(const struct command *c)
{
	char **argv = mem_zalloc((c->nwords + 1) * sizeof(*argv));

	for (size_t i = pipeline_skip(c), k = 0; i < c->nwords; i++)
		argv[k++] = c->words[i].text != NULL ? c->words[i].text
						     : (char *)"/dev/null";
	return argv;
}
