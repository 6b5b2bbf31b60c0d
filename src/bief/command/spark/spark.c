/*
 * spark: what the writers of statements share: a program's options by their
 * names, fields as columns, names in the program.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "command/spark/spark_impl.h"
#include "floor/mem.h"
#include "runtime/chain.h"
#include "runtime/options/common.h"
#include "value/path.h"

int
spark_refuse(struct spark *s, const struct spark_step *p, const char *fmt, ...)
{
	va_list ap;
	char text[800];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_as(s->err, STATUS_USAGE, "%s: %s",
		p->op != NULL
			? p->op->name
			: p->command->words[pipeline_skip(p->command)].text,
		text);
}

static bool
has_word(const struct list *l, const char *word)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->s[i], word) == 0)
			return true;
	return false;
}

void
spark_note(struct spark *s, const char *text)
{
	if (!has_word(&s->notes, text))
		list_add(&s->notes, text, false);
}

void
spark_conf(struct spark *s, const char *name, const char *value)
{
	if (has_word(&s->confs, name))
		return;
	list_add(&s->confs, name, false);
	list_add(&s->confs, value, false);
}

char *
spark_unique(struct spark *s, const char *name)
{
	char text[80];

	snprintf(text, sizeof(text), "%s", name);
	for (int i = 2; has_word(&s->names, text); i++)
		snprintf(text, sizeof(text), "%s_%d", name, i);
	list_add(&s->names, text, false);
	return mem_dup(text, strlen(text));
}

struct buf *
spark_place(struct spark *s)
{
	return s->each ? &s->later : &s->body;
}

int
spark_indent(const struct spark *s)
{
	return s->each ? 4 : 0;
}

void
spark_begin(struct spark *s, struct python_statement *t, const char *name,
	const struct spark_step *p, struct spark_flow *out)
{
	out->var = spark_unique(s, name);
	python_begin(t, out->var, p->in[0].var);
}

void
spark_end(struct spark *s, struct python_statement *t)
{
	python_end(t, spark_place(s), spark_indent(s));
}

/* ---- options ---- */

/* The option of this name, and where its value is. */
static const struct opt *
find_option(const struct spark_step *p, const char *name, void **value)
{
	struct opt_table t[5];
	size_t n = common_tables(p->op, p->st->self, &p->st->priv->common, t);

	for (size_t i = 0; i < n; i++)
		for (const struct opt *o = t[i].opts;
			o != NULL && o->name != NULL; o++)
			if (strcmp(o->name, name) == 0) {
				*value = (char *)t[i].base + o->at;
				return o;
			}
	return NULL;
}

static const struct opt *
find_letter(const struct spark_step *p, char letter)
{
	struct opt_table t[5];
	size_t n = common_tables(p->op, p->st->self, &p->st->priv->common, t);

	for (size_t i = 0; i < n; i++)
		for (const struct opt *o = t[i].opts;
			o != NULL && o->name != NULL; o++)
			if (o->letter == letter)
				return o;
	return NULL;
}

/*
 * The option that word i of the command is, or NULL; *next is the first word
 * behind it and its value.
 */
static const struct opt *
option_at(const struct spark_step *p, size_t i, size_t *next)
{
	const char *w = p->command->words[i].text, *end;
	const struct opt *o = NULL;
	char name[64];
	void *value;

	*next = i + 1;
	if (w == NULL || w[0] != '-' || w[1] == '\0')
		return NULL;
	if (w[1] != '-') {
		o = find_letter(p, w[1]);
		end = w[2] != '\0' ? w : NULL;
	} else {
		end = strchr(w, '=');
		snprintf(name, sizeof(name), "%.*s",
			(int)(end != NULL ? end - w - 2 : 60), w + 2);
		o = find_option(p, name, &value);
	}
	if (o != NULL && o->kind != OPT_FLAG && end == NULL)
		*next = i + 2;
	return o;
}

/* Call for each option that was given, until what says true. */
static const struct opt *
each_given(const struct spark_step *p,
	bool (*what)(const struct opt *o, const char *word), const char *word)
{
	size_t next;

	for (size_t i = pipeline_skip(p->command) + 1; i < p->command->nwords;
		i = next) {
		const struct opt *o = option_at(p, i, &next);

		if (p->command->words[i].text != NULL &&
			strcmp(p->command->words[i].text, "--") == 0)
			return NULL;
		if (o != NULL && what(o, word))
			return o;
	}
	return NULL;
}

static bool
is_called(const struct opt *o, const char *word)
{
	return strcmp(o->name, word) == 0;
}

bool
spark_given(const struct spark_step *p, const char *option)
{
	return each_given(p, is_called, option) != NULL;
}

const char *
spark_text(const struct spark_step *p, const char *option)
{
	void *at;
	const struct opt *o = find_option(p, option, &at);

	return o != NULL ? *(const char **)at : NULL;
}

int64_t
spark_number(const struct spark_step *p, const char *option)
{
	void *at;
	const struct opt *o = find_option(p, option, &at);

	return o != NULL ? *(int64_t *)at : 0;
}

bool
spark_flag(const struct spark_step *p, const char *option)
{
	void *at;
	const struct opt *o = find_option(p, option, &at);

	return o != NULL && *(bool *)at;
}

const struct list *
spark_list(const struct spark_step *p, const char *option)
{
	static const struct list none = {NULL, 0};
	void *at;
	const struct opt *o = find_option(p, option, &at);

	return o != NULL ? at : &none;
}

const char *
spark_choice(const struct spark_step *p, const char *option, char word[32])
{
	void *at;
	const struct opt *o = find_option(p, option, &at);
	const char *c;
	int i;

	if (o == NULL || *(int *)at < 0)
		return NULL;
	for (c = o->arg, i = *(int *)at; i > 0 && c != NULL; i--) {
		c = strchr(c, '|');
		c += c != NULL;
	}
	if (c == NULL)
		return NULL;
	snprintf(word, 32, "%.*s", (int)strcspn(c, "|"), c);
	return word;
}

/* Does the word stand in the list, with blanks between its words? */
static bool
is_among(const struct opt *o, const char *words)
{
	size_t n = strlen(o->name);

	for (const char *w = words; (w = strstr(w, o->name)) != NULL; w += n)
		if ((w == words || w[-1] == ' ') &&
			(w[n] == ' ' || w[n] == '\0'))
			return true;
	return false;
}

/* Options that change no answer, and those that spark.c looks at. */
#define HARMLESS                                                         \
	"name plain progress rejects max-line max-state ready-fd sinks " \
	"max-cpu zone trigger batch checkpoint"

static bool
is_other(const struct opt *o, const char *words)
{
	return !is_among(o, words) && !is_among(o, HARMLESS);
}

int
spark_only(struct spark *s, const struct spark_step *p, const char *options)
{
	const struct opt *o = each_given(p, is_other, options);
	char word[32];

	if (o == NULL)
		return 0;
	if (strcmp(o->name, "on-error") == 0) {
		if (strcmp(spark_choice(p, "on-error", word), "fail") == 0)
			return 0;
		spark_note(s,
			"a record that bief refuses and skips (--on-error) is "
			"one with nulls here");
		return 0;
	}
	return spark_refuse(
		s, p, "--%s has no counterpart in Spark: %s", o->name, o->help);
}

/* ---- fields ---- */

int
spark_fields(struct spark *s, const struct spark_step *p)
{
	if (p->in[0].plan.fields != NULL)
		return 0;
	return spark_refuse(s, p,
		"its fields are not known, and a program for Spark names them: "
		"give a schema (parse-json --schema; parse-json --infer FILE "
		"tells one)");
}

/* A name of several that the plan may have in another case. */
static const char *
real_name(const struct plan *in, const char *name)
{
	int at = in->fields == NULL
		? -1
		: schema_like(in->fields, name, strlen(name));

	return at >= 0 ? in->fields->f[at].name : name;
}

static bool
is_whole(const struct plan *in, const char *path)
{
	return in->fields != NULL &&
		schema_find(in->fields, path, strlen(path)) >= 0;
}

static void
put_steps(const struct plan *in, const struct path *steps, struct buf *code)
{
	struct buf names;
	int i;

	buf_init(&names);
	for (i = 0; i < steps->n && steps->step[i].s != NULL; i++) {
		if (i > 0)
			buf_byte(&names, '.');
		python_name(&names,
			i == 0 ? real_name(in, steps->step[i].s)
			       : steps->step[i].s);
	}
	buf_str(code, "F.col(");
	python_string(code, buf_cstr(&names));
	buf_byte(code, ')');
	for (; i < steps->n; i++) {
		const struct path_step *step = &steps->step[i];

		if (step->s != NULL) {
			buf_str(code, ".getItem(");
			python_string(code, step->s);
			buf_byte(code, ')');
			continue;
		}
		if (step->i >= 0) {
			buf_printf(code, ".getItem(%lld)", (long long)step->i);
			continue;
		}
		/* From the end. */
		buf_clear(&names);
		buf_add(&names, code->p, code->n);
		buf_clear(code);
		buf_printf(code, "F.try_element_at(%s, F.lit(%lld))",
			buf_cstr(&names), (long long)step->i);
	}
	buf_release(&names);
}

void
spark_path(const struct plan *in, const char *path, struct buf *code,
	struct buf *name)
{
	struct path steps;
	struct buf own;

	buf_init(&own);
	path_init(&steps, path);
	if (is_whole(in, path) || steps.n == 0) {
		python_column(&own, path);
		if (name != NULL)
			buf_str(name, path);
	} else {
		put_steps(in, &steps, &own);
		for (int i = steps.n; name != NULL && i > 0; i--)
			if (steps.step[i - 1].s != NULL) {
				buf_str(name, steps.step[i - 1].s);
				break;
			}
	}
	buf_add(code, own.p, own.n);
	path_release(&steps);
	buf_release(&own);
}

const struct type *
spark_type(const struct plan *in, const char *path)
{
	struct schema_place at;

	if (in->fields == NULL ||
		schema_locate(in->fields, path, &at, NULL) < 0)
		return NULL;
	return at.type;
}

void
spark_hidden(struct python_statement *t, const struct spark_flow *f)
{
	for (size_t i = 0; i < f->hidden.n; i++)
		python_column(python_arg(t), f->hidden.s[i]);
}

void
spark_hide(struct spark_flow *f, const char *column)
{
	list_add(&f->hidden, column, false);
}

char *
spark_column(const struct plan *plan, const char *name)
{
	char text[80];
	size_t n = strlen(name);

	snprintf(text, sizeof(text), "%s", name);
	/* Spark takes names in any case of letters for the same. */
	while (n < sizeof(text) - 1 && plan->fields != NULL &&
		schema_like(plan->fields, text, n) != -1) {
		text[n++] = '_';
		text[n] = '\0';
	}
	return mem_dup(text, n);
}

void
spark_settle(struct spark *s, struct spark_flow *f)
{
	struct python_statement t;
	char *var;

	if (!f->later)
		return;
	var = spark_unique(s, "windowed");
	python_begin(&t, var, f->var);
	python_call(&t, "withColumn");
	python_arg_string(&t, f->window);
	python_arg_code(&t, f->window_expr);
	python_call(&t, "withColumn");
	python_arg_string(&t, "window_start");
	buf_printf(python_arg(&t), "F.col(\"%s.start\")", f->window);
	python_call(&t, "withColumn");
	python_arg_string(&t, "window_end");
	buf_printf(python_arg(&t), "F.col(\"%s.end\")", f->window);
	spark_end(s, &t);
	free(f->var);
	f->var = var;
	f->later = false;
	spark_hide(f, f->window);
}

void
spark_type_ddl(const struct type *t, struct buf *out)
{
	struct type plain = *t;

	plain.unit = UNIT_S;
	type_print(&plain, out);
}

void
spark_ddl(const struct schema *schema, struct buf *out)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct type *t = schema->f[i].type;

		if (i > 0)
			buf_str(out, ", ");
		python_name(out, schema->f[i].name);
		buf_byte(out, ' ');
		if (t->kind == TYPE_TIMESTAMP && t->unit != UNIT_S)
			buf_str(out, "bigint");
		else
			spark_type_ddl(t, out);
	}
}
