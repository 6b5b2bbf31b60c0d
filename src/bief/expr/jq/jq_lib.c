/*
 * jq_lib: libjq, for what the native part leaves to it.
 *
 * The library is loaded when it is first needed.  A record becomes a jv, of
 * which no more is built than the program can look at; results become values.
 * libjq 1.6 knows doubles alone: an integer that they would round is refused,
 * with its name, rather than changed.
 *
 * It is used in the process by programs that can do no harm (jq_safe.c), else
 * in one of its own (jq_helper.c).
 */
#include <assert.h>
#include <ctype.h>
#include <float.h>
#include <jq.h>
#include <jv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expr/jq/jq_impl.h"
#include "floor/dl.h"
#include "value/json.h"
#include "text/number.h"
#include "floor/near.h"
#include "floor/mem.h"

#define EXACT (INT64_C(1) << 53) /* integers up to here are doubles */

#define NAMES(X)                  \
	X(jq_init)                \
	X(jq_set_error_cb)        \
	X(jq_set_nomem_handler)   \
	X(jq_set_attr)            \
	X(jq_compile)             \
	X(jq_start)               \
	X(jq_next)                \
	X(jq_halted)              \
	X(jq_teardown)            \
	X(jv_null)                \
	X(jv_bool)                \
	X(jv_number)              \
	X(jv_number_value)        \
	X(jv_string)              \
	X(jv_string_sized)        \
	X(jv_string_value)        \
	X(jv_string_length_bytes) \
	X(jv_array)               \
	X(jv_array_append)        \
	X(jv_array_get)           \
	X(jv_array_length)        \
	X(jv_object)              \
	X(jv_object_set)          \
	X(jv_object_iter)         \
	X(jv_object_iter_next)    \
	X(jv_object_iter_valid)   \
	X(jv_object_iter_key)     \
	X(jv_object_iter_value)   \
	X(jv_get_kind)            \
	X(jv_copy)                \
	X(jv_free)                \
	X(jv_invalid_get_msg)     \
	X(jv_dump_string)

/* The functions of the library, by their own names. */
struct libjq {
	NAMES(DL_POINTER)
};

struct jq_lib {
	const struct libjq *api;
	jq_state *jq;
	const struct jq_uses *uses;
	bool wrapped; /* the input is [record, event time, batch's time, now] */
	bool running; /* a run has not come to its end */
	struct jq_run run; /* memory for results */
	jv *keys;          /* of the fields in uses */
	int64_t large;     /* an integer beyond EXACT was met: this one, ... */
	bool is_large;
	char large_in[64]; /* ... in this field */
};

static struct libjq libjq;
static const struct dl library = {DL_JQ, "expression: parts of jq's language",
	(const char *const[]){NAMES(DL_NAME) NULL}};

static const struct libjq *
get_libjq(struct err *err)
{
	return dl_open(&library, &libjq, err) < 0 ? NULL : &libjq;
}

/* jq 1.7 is the first that keeps how a number was written.  (One before 1.6 is
 * refused when it is opened: it has no jq_halted.) */
bool
jq_lib_newer(void)
{
	return dl_has(&library, "jv_number_with_literal");
}

/* ---- messages of the compiler ---- */

struct messages {
	const struct libjq *api;
	struct buf text; /* of the first */
};

static void
first_message(void *data, jv message)
{
	struct messages *m = data;

	if (m->text.n == 0 && m->api->jv_get_kind(message) == JV_KIND_STRING)
		buf_str(&m->text, m->api->jv_string_value(message));
	m->api->jv_free(message);
}

static void
no_memory(void *data)
{
	_exit(STATUS_FAILED);
}

static jq_state *
jq_lib_compile(const struct libjq *api, const char *program, struct messages *m)
{
	jq_state *jq = api->jq_init();

	m->api = api;
	buf_init(&m->text);
	if (jq == NULL)
		return NULL;
	api->jq_set_nomem_handler(jq, no_memory, NULL);
	/* It aborts without; there are no modules here. */
	api->jq_set_attr(
		jq, api->jv_string("JQ_LIBRARY_PATH"), api->jv_array());
	api->jq_set_attr(jq, api->jv_string("JQ_ORIGIN"), api->jv_string("."));
	api->jq_set_attr(
		jq, api->jv_string("PROGRAM_ORIGIN"), api->jv_string("."));
	api->jq_set_error_cb(jq, first_message, m);
	if (api->jq_compile(jq, program))
		return jq;
	api->jq_teardown(&jq);
	return NULL;
}

struct nearest {
	const char *name;
	struct buf *out;
	size_t distance;
};

static void
try_name(struct nearest *b, const char *name, size_t n)
{
	char text[64];
	size_t d;

	if (n == 0 || n >= sizeof(text) || name[0] == '_')
		return;
	memcpy(text, name, n);
	text[n] = '\0';
	if (!near_enough(b->name, text))
		return;
	d = near_distance(b->name, text);
	if (b->out->n > 0 && d >= b->distance)
		return;
	b->distance = d;
	buf_clear(b->out);
	buf_add(b->out, text, n);
}

/* The nearest of our functions, the program's and jq's; out stays empty when
 * none is near. */
static void
find_nearest(const struct libjq *api, const struct jq_tree *t, const char *name,
	struct buf *out)
{
	struct nearest b = {name, out, 0};
	const struct jq_func *const *family, *f;
	const struct jq_node *n;
	struct messages m;
	const char *s;
	jq_state *jq;
	jv all, one;
	int i;

	for (family = jq_func_families; *family != NULL; family++)
		for (f = *family; f->name != NULL; f++)
			try_name(&b, f->name, strlen(f->name));
	for (n = t->all; n != NULL; n = n->next)
		if (n->kind == JQ_DEFINE && n->name != NULL)
			try_name(&b, n->name, n->nname);
	jq = jq_lib_compile(api, "builtins", &m);
	buf_release(&m.text);
	if (jq == NULL)
		return;
	api->jq_start(jq, api->jv_null(), 0);
	all = api->jq_next(jq);
	for (i = 0; api->jv_get_kind(all) == JV_KIND_ARRAY &&
		i < api->jv_array_length(api->jv_copy(all));
		i++) {
		one = api->jv_array_get(api->jv_copy(all), i);
		s = api->jv_string_value(one); /* name/arguments */
		try_name(&b, s, strcspn(s, "/"));
		api->jv_free(one);
	}
	api->jv_free(all);
	api->jq_teardown(&jq);
}

static const struct jq_node *
find_variable(const struct jq_tree *t, const char *name, size_t n)
{
	const struct jq_node *x, *first = NULL;

	for (x = t->all; x != NULL; x = x->next)
		if (x->kind == JQ_VARIABLE && x->nname == n &&
			memcmp(x->name, name, n) == 0 &&
			(first == NULL || x->at < first->at))
			first = x;
	return first;
}

/* The text from p to the end of an argument: a ; or ) that closes what is
 * before it. */
static size_t
argument_length(const char *p)
{
	size_t n;
	int depth = 0;
	bool quoted = false;

	for (n = 0; p[n] != '\0'; n++) {
		if (p[n] == '"' && (n == 0 || p[n - 1] != '\\'))
			quoted = !quoted;
		if (quoted)
			continue;
		if (depth == 0 && (p[n] == ';' || p[n] == ')'))
			break;
		depth += p[n] == '(' || p[n] == '[' || p[n] == '{';
		depth -= p[n] == ')' || p[n] == ']' || p[n] == '}';
	}
	return n;
}

/* length(.a) for .a | length, startswith(.a; "x") for .a | startswith("x") */
static void
suggest_pipe(const struct jq_node *at, const char *text, struct buf *out)
{
	const char *first, *rest;
	char shown[60], more[60];
	size_t n;

	first = text + at->at + at->nname;
	first += strspn(first, " \t\n");
	if (*first++ != '(')
		return;
	first += strspn(first, " \t\n");
	n = argument_length(first);
	err_quote(shown, sizeof(shown), first, n);
	buf_printf(out, " (did you mean '%s | %s", shown, at->name);
	if (first[n] == ';') {
		rest = first + n + 1;
		rest += strspn(rest, " \t\n");
		n = (size_t)(strchr(rest, '\0') - rest);
		if (at->nargs == 2)
			n = argument_length(rest);
		buf_printf(out, "(%s%s", err_quote(more, sizeof(more), rest, n),
			at->nargs == 2 ? ")" : "");
	}
	buf_str(out, "'?)");
}

/* What was meant by a word that is no function. */
static void
suggest_field(const struct jq_node *at, const char *text, struct buf *out)
{
	const char *p = text + at->at, *begin = p;

	while (begin > text &&
		(isalnum((unsigned char)begin[-1]) || begin[-1] == '_' ||
			begin[-1] == '-'))
		begin--;
	if (begin < p && begin > text && begin[-1] == '.')
		buf_printf(out,
			" (a name with a '-' is written "
			".\"%.*s\")",
			(int)(p - begin + at->nname), begin);
	else if (at->nargs == 0)
		buf_printf(out,
			" (a field is .%.*s, a text \"%.*s\"; in "
			"SQL: --sql)",
			(int)at->nname, at->name, (int)at->nname, at->name);
}

/* What stands behind "no function" or "does not take"; near is a function. */
static void
suggest(const struct jq_node *at, const char *text, bool takes_less,
	struct buf *out)
{
	if (takes_less)
		suggest_pipe(at, text, out);
	else
		suggest_field(at, text, out);
	buf_cstr(out);
}

/* "name/2 is not defined", "$name is not defined" */
static bool
explain_undefined(const struct libjq *api, const struct jq_tree *t,
	const char *what, struct err *err)
{
	size_t n = strcspn(what, "/ ");
	const struct jq_node *at;
	char name[64];
	struct buf near, more;
	int nargs;

	if (strstr(what, " is not defined") == NULL || n >= sizeof(name))
		return false;
	memcpy(name, what, n);
	name[n] = '\0';
	if (name[0] == '$') {
		at = find_variable(t, name + 1, n - 1);
		if (at == NULL)
			return false;
		err_caret(err, t->text, at->at, "expression: no variable '%s'",
			name);
		return true;
	}
	nargs = what[n] == '/' ? (int)strtol(what + n + 1, NULL, 10) : 0;
	at = jq_node_unknown(t, name, n, nargs);
	if (at == NULL)
		return false;
	buf_init(&near);
	buf_init(&more);
	find_nearest(api, t, name, &near);
	suggest(at, t->text,
		near.n > 0 && nargs > 0 && strcmp(buf_cstr(&near), name) == 0,
		&more);
	if (near.n == 0)
		err_caret(err, t->text, at->at,
			"expression: no function '%s'%s", name, more.p);
	else if (strcmp(buf_cstr(&near), name) == 0)
		err_caret(err, t->text, at->at,
			"expression: '%s' does not take %d argument%s%s", name,
			nargs, nargs == 1 ? "" : "s", more.p);
	else
		err_caret(err, t->text, at->at,
			"expression: no function '%s' (did you mean '%s'?)",
			name, near.p);
	buf_release(&near);
	buf_release(&more);
	return true;
}

static void
explain(const struct libjq *api, const struct jq_tree *t, struct messages *m,
	struct err *err)
{
	static const char head[] = "jq: error: ";
	char *what = buf_cstr(&m->text), *end;

	if (strncmp(what, head, sizeof(head) - 1) == 0)
		what += sizeof(head) - 1;
	if (explain_undefined(api, t, what, err))
		return;
	end = strstr(what, " at <top-level>");
	if (end != NULL)
		*end = '\0';
	end = strstr(what, " (Unix shell quoting issues?)");
	if (end != NULL)
		*end = '\0';
	err_as(err, STATUS_USAGE, "expression: %s\n  %s",
		*what != '\0' ? what : "libjq does not take it", t->text);
}

/* ---- compiling ---- */

/* An integer in the text that libjq would round. */
static int
check_literals(const struct jq_tree *t, struct err *err)
{
	const struct jq_node *n;

	for (n = t->all; n != NULL; n = n->next)
		if (n->kind == JQ_LITERAL && n->v.type == VALUE_INT &&
			n->v.i > EXACT)
			return err_caret(err, t->text, n->at,
				"expression: libjq, which this needs, would "
				"round this integer: it is beyond 2^53");
	return 0;
}

/* Functions of jq 1.6 that abort or never end, as ours have them, for programs
 * in which a word stands. */
static const struct {
	const char *word, *text;
} mended[] = {
	{"ime(",
		"def __bief_time($f): if type == \"number\" and "
		"((. > -67e15 and . < 67e15) | not) then error(\"number "
		"(\\(.)) are seconds since 1970 of no year that there is\") "
		"else . end | if $f | type == \"string\" then . "
		"else error(\"strftime/1 requires a string format\") end; "
		"def __bief_utc($f): strftime($f); "
		"def __bief_here($f): strflocaltime($f); "
		"def strftime($f): __bief_time($f) | __bief_utc($f); "
		"def strflocaltime($f): __bief_time($f) | __bief_here($f); "},
	{"todate",
		"def todateiso8601: if type == \"number\" and "
		"((. > -67e15 and . < 67e15) | not) then error(\"number "
		"(\\(.)) are seconds since 1970 of no year that there is\") "
		"else strftime(\"%Y-%m-%dT%H:%M:%SZ\") end; "
		"def todate: todateiso8601; "},
	{"ind",
		"def __bief_indices($i): indices($i); "
		"def indices($i): if type == \"string\" and $i == \"\" "
		"then [] else __bief_indices($i) end; "
		"def index($i): indices($i) | .[0]; "
		"def rindex($i): indices($i) | .[-1:][0]; "},
	/* See fn_sub() in jq_func.c. */
	{"sub(",
		"def sub($re; s; flags): . as $all | "
		"def names: reduce (.captures | .[] | "
		"select(.name != null) | {(.name): .string}) as $p "
		"({}; . + $p); "
		"(flags | index(\"g\")) as $g | "
		"(flags | if $g then [explode[] | select(. != 103)] | "
		"implode else . end) as $f | "
		"def loops: . as $in | [match($re; $f)] | "
		"if length == 0 then false else .[0].offset + .[0].length | "
		"if . == 0 then true else $in[.:] | length > 0 and loops end "
		"end; "
		"def rests: . as $in | [match($re; $f)] | "
		"if length == 0 then $in else .[0] as $m | $m | names | "
		"$in[0:$m.offset] + s + ($in[$m.offset + $m.length:] | "
		"if length > 0 and $g then rests else . end) end; "
		"def whole: [foreach match($re; $f + \"g\") as $m ({}; "
		"{new: (.m.offset != $m.offset), m: $m}; "
		"select(.new) | .m)] as $all_m | "
		"def put($i; $from): if $i == ($all_m | length) then "
		"$all[$from:] else $all_m[$i] as $m | $m | names | "
		"$all[$from:$m.offset] + s + "
		"put($i + 1; $m.offset + $m.length) end; put(0; 0); "
		"if $g and loops then whole else rests end; "
		"def sub($re; s): sub($re; s; \"\"); "
		"def gsub($re; s; flags): sub($re; s; flags + \"g\"); "
		"def gsub($re; s): sub($re; s; \"g\"); "},
};

struct jq_lib *
jq_lib_new(const struct jq_tree *t, const struct jq_uses *uses, struct err *err)
{
	static const char before[] =
		". as [$__bief_record, $__bief_event, $__bief_batch, "
		"$__bief_now] | def event_time: $__bief_event; "
		"def batch_timestamp: $__bief_batch; def now: $__bief_now; "
		"$__bief_record | (";
	const struct libjq *api = get_libjq(err);
	struct messages m;
	struct jq_lib *lib;
	struct buf text;
	size_t i;

	if (api == NULL || check_literals(t, err) < 0)
		return NULL;
	lib = mem_zalloc(sizeof(*lib));
	lib->api = api;
	lib->uses = uses;
	lib->wrapped = strstr(t->text, "event_time") != NULL ||
		strstr(t->text, "batch_timestamp") != NULL ||
		strstr(t->text, "now") != NULL;
	buf_init(&text);
	for (i = 0; i < sizeof(mended) / sizeof(mended[0]); i++)
		if (strstr(t->text, mended[i].word) != NULL)
			buf_str(&text, mended[i].text);
	if (lib->wrapped)
		buf_str(&text, before);
	buf_str(&text, t->text);
	if (lib->wrapped) /* the text may end in a comment */
		buf_str(&text, "\n)");
	lib->jq = jq_lib_compile(api, buf_cstr(&text), &m);
	buf_release(&text);
	if (lib->jq == NULL)
		explain(api, t, &m, err);
	buf_release(&m.text);
	if (lib->jq == NULL) {
		free(lib);
		return NULL;
	}
	jq_run_init(&lib->run);
	lib->keys = mem_alloc((uses->n + 1) * sizeof(*lib->keys));
	for (i = 0; i < uses->n; i++)
		lib->keys[i] = api->jv_string_sized(
			uses->fields[i]->name, (int)uses->fields[i]->nname);
	return lib;
}

void
jq_lib_free(struct jq_lib *lib)
{
	size_t i;

	if (lib == NULL)
		return;
	for (i = 0; i < lib->uses->n; i++)
		lib->api->jv_free(lib->keys[i]);
	free(lib->keys);
	jq_run_release(&lib->run);
	if (!lib->running) /* it may stand in the middle of a path: see start */
		lib->api->jq_teardown(&lib->jq);
	free(lib);
}

/* ---- records to jv ---- */

static jv to_jv(struct jq_lib *lib, const struct value *v);

static jv
string_to_jv(struct jq_lib *lib, const struct value *v)
{
	size_t n;
	const char *s = jq_value_string(&lib->run, v, &n);

	return lib->api->jv_string_sized(s, (int)n);
}

static jv
number_to_jv(struct jq_lib *lib, const struct value *v)
{
	struct jq_value_number x = jq_value_number(v);

	if (!x.exact)
		return lib->api->jv_number(x.d);
	if ((x.i > EXACT || x.i < -EXACT) && !lib->is_large) {
		lib->is_large = true;
		lib->large = x.i;
	}
	return lib->api->jv_number((double)x.i);
}

static jv
array_to_jv(struct jq_lib *lib, const struct value *v)
{
	jv a = lib->api->jv_array();
	struct json_iter it;
	struct value key, x;

	json_iter(&it, v);
	while (json_next(&it, &key, &x))
		a = lib->api->jv_array_append(a, to_jv(lib, &x));
	return a;
}

static jv
object_to_jv(struct jq_lib *lib, const struct value *v)
{
	jv o = lib->api->jv_object();
	struct json_iter it;
	struct value key, x;

	json_iter(&it, v);
	while (json_next(&it, &key, &x))
		o = lib->api->jv_object_set(
			o, string_to_jv(lib, &key), to_jv(lib, &x));
	return o;
}

static jv
to_jv(struct jq_lib *lib, const struct value *v)
{
	const struct libjq *api = lib->api;

	switch (jq_type(v)) {
	case JQ_FALSE:
		return api->jv_bool(0);
	case JQ_TRUE:
		return api->jv_bool(1);
	case JQ_NUMBER:
		return number_to_jv(lib, v);
	case JQ_STRING:
		return string_to_jv(lib, v);
	case JQ_LIST:
		return array_to_jv(lib, v);
	case JQ_DICT:
		return object_to_jv(lib, v);
	default:
		return api->jv_null();
	}
}

/* Remember which field the first large integer was in. */
static jv
field_to_jv(struct jq_lib *lib, const struct record *r, uint32_t i)
{
	bool before = lib->is_large;
	struct value v = jq_value_load(&r->v[i]);
	jv x = to_jv(lib, &v);

	if (lib->is_large && !before)
		err_quote(lib->large_in, sizeof(lib->large_in),
			r->shape->names[i].s, r->shape->names[i].n);
	return x;
}

static jv
record_to_jv(struct jq_lib *lib, const struct record *r)
{
	const struct libjq *api = lib->api;
	const struct jq_uses *uses = lib->uses;
	jv o = api->jv_object();
	struct value name;
	uint32_t i;
	size_t k;
	int at;

	for (k = 0; k < uses->n && !uses->whole; k++) {
		at = jq_value_place(&lib->run, r->shape, uses->fields[k]->name,
			uses->fields[k]->nname);
		if (at >= 0)
			o = api->jv_object_set(o, api->jv_copy(lib->keys[k]),
				field_to_jv(lib, r, (uint32_t)at));
	}
	for (i = 0; i < r->shape->n && uses->whole; i++) {
		name = value_json_string(r->shape->names[i].s,
			r->shape->names[i].n,
			memchr(r->shape->names[i].s, '\\',
				r->shape->names[i].n) != NULL);
		o = api->jv_object_set(
			o, string_to_jv(lib, &name), field_to_jv(lib, r, i));
	}
	return o;
}

static jv
wrap(struct jq_lib *lib, const struct expr_env *env, jv record)
{
	const struct libjq *api = lib->api;
	struct value event = value_null(), batch = value_time(env->batch_us);
	jv a = api->jv_array();

	if (env->has_event)
		event = value_time(env->event_us);
	a = api->jv_array_append(a, record);
	a = api->jv_array_append(a, to_jv(lib, &event));
	a = api->jv_array_append(a, to_jv(lib, &batch));
	return api->jv_array_append(
		a, api->jv_number((double)env->batch_us / 1e6));
}

/* ---- jv to values ---- */

/* Append the JSON text of x, which is used up. */
static void
print_jv(struct jq_lib *lib, jv x, struct buf *out)
{
	const struct libjq *api = lib->api;
	struct value v;
	bool first = true;
	double d;
	int i, n;

	switch (api->jv_get_kind(x)) {
	case JV_KIND_TRUE:
		buf_str(out, "true");
		break;
	case JV_KIND_FALSE:
		buf_str(out, "false");
		break;
	case JV_KIND_NUMBER:
		d = api->jv_number_value(x);
		v = jq_value_result(d);
		value_print(&v, out);
		break;
	case JV_KIND_STRING:
		json_quote(out, api->jv_string_value(x),
			(size_t)api->jv_string_length_bytes(api->jv_copy(x)));
		break;
	case JV_KIND_ARRAY:
		buf_byte(out, '[');
		n = api->jv_array_length(api->jv_copy(x));
		for (i = 0; i < n; i++) {
			if (i > 0)
				buf_byte(out, ',');
			print_jv(lib, api->jv_array_get(api->jv_copy(x), i),
				out);
		}
		buf_byte(out, ']');
		break;
	case JV_KIND_OBJECT:
		buf_byte(out, '{');
		for (i = api->jv_object_iter(x);
			api->jv_object_iter_valid(x, i);
			i = api->jv_object_iter_next(x, i)) {
			if (!first)
				buf_byte(out, ',');
			first = false;
			print_jv(lib, api->jv_object_iter_key(x, i), out);
			buf_byte(out, ':');
			print_jv(lib, api->jv_object_iter_value(x, i), out);
		}
		buf_byte(out, '}');
		break;
	default:
		buf_str(out, "null");
		break;
	}
	api->jv_free(x);
}

/* The value of x, which is used up. */
static struct value
from_jv(struct jq_lib *lib, jv x)
{
	const struct libjq *api = lib->api;
	struct value v = value_null();
	struct buf *text;
	const char *s;
	size_t n;
	char *p;

	switch (api->jv_get_kind(x)) {
	case JV_KIND_TRUE:
	case JV_KIND_FALSE:
		v = value_bool(api->jv_get_kind(x) == JV_KIND_TRUE);
		break;
	case JV_KIND_NUMBER:
		v = jq_value_result(api->jv_number_value(x));
		break;
	case JV_KIND_STRING:
		s = api->jv_string_value(x);
		n = (size_t)api->jv_string_length_bytes(api->jv_copy(x));
		p = jq_run_alloc(&lib->run, n);
		memcpy(p, s, n);
		v = jq_value_from_string(&lib->run, p, n);
		break;
	case JV_KIND_ARRAY:
	case JV_KIND_OBJECT:
		text = jq_run_take(&lib->run);
		print_jv(lib, api->jv_copy(x), text);
		v = jq_value_from_text(&lib->run,
			api->jv_get_kind(x) == JV_KIND_ARRAY ? VALUE_ARRAY
							     : VALUE_OBJECT,
			text);
		jq_run_give(&lib->run);
		break;
	default:
		break;
	}
	api->jv_free(x);
	return v;
}

/* ---- running ---- */

/* What jq_next ended with: no more results, or an error. */
static int
ended(struct jq_lib *lib, jv last, struct err *err)
{
	const struct libjq *api = lib->api;
	jv what = api->jv_invalid_get_msg(last);
	int rc = 0;

	if (api->jv_get_kind(what) == JV_KIND_STRING)
		rc = err_set(err, "%s", api->jv_string_value(what));
	else if (api->jv_get_kind(what) != JV_KIND_NULL &&
		api->jv_get_kind(what) != JV_KIND_INVALID) {
		what = api->jv_dump_string(what, 0);
		rc = err_set(
			err, "(not a string): %s", api->jv_string_value(what));
	} else if (api->jq_halted(lib->jq))
		rc = err_set(err, "the expression halts");
	api->jv_free(what);
	return rc;
}

static int
refuse_large(const struct jq_lib *lib, struct err *err)
{
	return err_set(err,
		"field '%s' holds %lld, which libjq would round "
		"(it is beyond 2^53)",
		lib->large_in, (long long)lib->large);
}

int
jq_lib_start(struct jq_lib *lib, const struct record *r,
	const struct expr_env *env, struct err *err)
{
	jv input;

	/* libjq 1.6 can neither be begun again nor torn down in the middle of
	 * a path: a run is asked for all its results. */
	assert(!lib->running);
	jq_run_begin(&lib->run, r, env, err);
	lib->is_large = false;
	input = record_to_jv(lib, r);
	if (lib->is_large) {
		lib->api->jv_free(input);
		return refuse_large(lib, err);
	}
	if (lib->wrapped)
		input = wrap(lib, env, input);
	lib->api->jq_start(lib->jq, input, 0);
	lib->running = true;
	return 0;
}

int
jq_lib_next(struct jq_lib *lib, struct value *v, struct err *err)
{
	jv x;

	if (!lib->running)
		return 0;
	x = lib->api->jq_next(lib->jq);
	if (lib->api->jv_get_kind(x) == JV_KIND_INVALID) {
		lib->running = false;
		return ended(lib, x, err);
	}
	*v = from_jv(lib, x);
	return 1;
}

/* What a program looks at of the record, as text; the name that is shown of a
 * field is the record's. */
void
jq_lib_print(struct jq_lib *lib, const struct record *r, struct buf *out)
{
	const struct jq_uses *uses = lib->uses;
	const char *before = "";
	size_t k;
	int at;

	if (uses->whole) {
		record_print(r, out);
		return;
	}
	buf_byte(out, '{');
	for (k = 0; k < uses->n; k++) {
		at = jq_value_place(&lib->run, r->shape, uses->fields[k]->name,
			uses->fields[k]->nname);
		if (at < 0)
			continue;
		buf_str(out, before);
		before = ",";
		json_quote(out, uses->fields[k]->name, uses->fields[k]->nname);
		buf_byte(out, ':');
		value_print(&r->v[at], out);
	}
	buf_byte(out, '}');
}
