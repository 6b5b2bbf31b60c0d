/*
 * Expressions in jq's language: the native part against libjq itself.
 *
 * Programs and records are made up from a seed; each pair is evaluated by both,
 * libjq reading the record with its own parser, and the results and errors
 * must be the same.  "jq_diff PAIRS [SEED]" runs a campaign and prints the
 * seed; without arguments a short one runs.  Where libjq is missing it is
 * skipped, with status 77.
 *
 * Left out is where libjq 1.6 crashes or never ends (an empty text to index,
 * empty matches beside characters that are not ASCII, a format that is no
 * string), and integers beyond 2^53, which it rounds.
 */
#include <dlfcn.h>
#include <jq.h>
#include <jv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "expr/jq/jq_impl.h"
#include "value/json.h"
#include "floor/mem.h"
#include "value/record_read.h"

#define RECORDS 40  /* for each program */
#define PROGRAMS 25 /* at once */
#define PAIRS 20000
#define SKIPPED 77 /* the status of a test that could not run */

#define CALL(name) ((typeof(&name))dlsym(lib, #name))

static void *lib;
static uint64_t seed;
static struct buf program, line;
static unsigned long pairs, foreign, failed, beyond;

static uint64_t
next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * UINT64_C(0x2545F4914F6CDD1D) >> 16;
}

static unsigned
below(unsigned n)
{
	return (unsigned)(next_random() % n);
}

#define PICK(list) (list)[below(sizeof(list) / sizeof((list)[0]))]

/* ---- records ---- */

static const char *const strings[] = {"\"\"", "\"a\"", "\"b\"", "\"ab\"",
	"\"abc\"", "\"stairsup\"", "\"Stand\"", "\"a,b,c\"", "\"a, b\"",
	"\"1\"", "\"1.5\"", "\"-3\"", "\"1e3\"", "\"0x10\"", "\" 7 \"",
	"\"nexus4_1\"", "\"x\\\"y\"", "\"tab\\there\"", "\"\\u0041b\"",
	"\"back\\\\slash\"", "\"2016-07-26T02:45:07Z\"",
	"\"2015-03-05T23:51:47Z\"", "\"2016-02-31T00:00:00Z\"",
	"\"2016-07-26\"", "\"aXbXc\"", "\"nan\"", "\"null\"", "\"[1,2]\"",
	"\"A long text that a message does not show whole\"", "\"\\u007f\"",
	"\"Zz\"", "\"aaa\""};
static const char *const foreign_strings[] = {"\"é\"", "\"Été\"", "\"日本語\"",
	"\"\\u00e9a\"", "\"a\\ud83d\\ude00b\"", "\"x\\u0000y\"", "\"😀\"",
	"\"éàaé\""};
static const char *const numbers[] = {"0", "1", "2", "3", "-1", "10", "-7",
	"100", "1.5", "0.1", "-2.5", "1e3", "7.0", "0.30000000000000004",
	"1e-7", "123456", "99999", "1424686735", "1424686735.25", "-0", "2.0",
	"1E2", "12345.678", "5e-1"};
static const char *const names[] = {
	"a", "b", "c", "d", "x", "gt", "User", "t", "missing"};

static void put_value(int depth, bool ascii);

static void
put_array(int depth, bool ascii)
{
	unsigned i, n = below(4);

	buf_byte(&line, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_str(&line, below(8) ? "," : " , ");
		put_value(depth - 1, ascii);
	}
	buf_str(&line, below(10) ? "]" : " ]");
}

static void
put_object(int depth, bool ascii)
{
	unsigned i, n = below(4);

	buf_byte(&line, '{');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_byte(&line, ',');
		buf_printf(&line, "\"%s\":", PICK(names));
		put_value(depth - 1, ascii);
	}
	buf_byte(&line, '}');
}

static void
put_value(int depth, bool ascii)
{
	unsigned k = below(depth > 0 ? 14 : 10);

	if (k == 0)
		buf_str(&line, "null");
	else if (k == 1)
		buf_str(&line, below(2) ? "true" : "false");
	else if (k < 5)
		buf_str(&line, PICK(numbers));
	else if (k < 9 || ascii)
		buf_str(&line, PICK(strings));
	else if (k < 10)
		buf_str(&line, PICK(foreign_strings));
	else if (k < 12)
		put_array(depth, ascii);
	else
		put_object(depth, ascii);
}

static void
make_record(bool ascii)
{
	size_t i;

	buf_clear(&line);
	buf_byte(&line, '{');
	for (i = 0; i < sizeof(names) / sizeof(names[0]) - 1; i++) {
		if (below(10) == 0)
			continue;
		if (line.n > 1)
			buf_byte(&line, ',');
		buf_printf(&line, "\"%s\":", names[i]);
		put_value(2, ascii);
	}
	if (below(20) == 0) /* a name twice */
		buf_printf(&line, "%s\"a\":1", line.n > 1 ? "," : "");
	buf_byte(&line, '}');
	buf_need(&line, JSON_PADDING);
	memset(line.p + line.n, 0, JSON_PADDING);
}

/* ---- programs ---- */

static bool ascii_only; /* this program needs it of its records */

static void gen(int depth);

static void
say(const char *s)
{
	buf_str(&program, s);
}

static void
gen_field(void)
{
	unsigned k = below(12);

	if (k == 0)
		buf_printf(&program, ".[\"%s\"]", PICK(names));
	else if (k == 1)
		buf_printf(&program, ".\"%s\"", PICK(names));
	else if (k == 2)
		buf_printf(&program, ".%s?", PICK(names));
	else if (k == 3)
		buf_printf(&program, ".%s.%s", PICK(names), PICK(names));
	else if (k == 4)
		buf_printf(&program, ".%s[%d]", PICK(names), (int)below(4) - 1);
	else
		buf_printf(&program, ".%s", PICK(names));
}

/* Binary operators; what is around needs parentheses. */
static void
gen_operator(int depth)
{
	static const char *const ops[] = {"+", "-", "*", "/", "%",
		"==", "!=", "<", "<=", ">", ">=", "and", "or", "//", "+",
		"==", "<"};

	say("(");
	gen(depth - 1);
	buf_printf(&program, " %s ", PICK(ops));
	gen(depth - 1);
	say(")");
}

static void
gen_regex(void)
{
	static const char *const patterns[] = {"a", "b", "abc", "^a", "b$",
		"[a-c]+", "(a)(b)?", "(?<x>[a-z])", "a|b", "X", "[0-9]+",
		"\\\\d", ".", "a.c", ", *", "(a)|(b)", "\\\\s", "stairs",
		"a{2}", "(?i)A"};
	static const char *const empty[] = {"", "x*", "(?=b)", "(b)?", "a??"};
	static const char *const flags[] = {
		"null", "\"g\"", "\"i\"", "\"gi\"", "\"x\"", "\"gx\"", "\"q\""};
	static const char *const calls[] = {
		"test", "match", "split", "capture", "scan"};
	const char *call = PICK(calls), *p = PICK(patterns);

	if (below(8) == 0) {
		p = PICK(empty);
		ascii_only = true;
	}
	if (strcmp(call, "scan") == 0)
		buf_printf(&program, "scan(\"%s\")", p);
	else if (below(3) == 0 && strcmp(call, "split") != 0)
		buf_printf(&program, "%s(\"%s\")", call, p);
	else if (below(8) == 0 && strcmp(call, "split") != 0)
		buf_printf(&program, "%s([\"%s\",%s])", call, p, PICK(flags));
	else
		buf_printf(&program, "%s(\"%s\";%s)", call, p, PICK(flags));
}

/* Never an empty match where there are several: libjq does not end then. */
static void
gen_sub(void)
{
	static const char *const patterns[] = {"a", "b", "^a", "b$", "[a-c]+",
		"(?<x>[a-z])", "(?<x>a)|(?<x>b)", "(?<x>a)(?<y>b)?", "[0-9]",
		"\\\\s", "(?i)A", "a{2}"};
	static const char *const with[] = {"\"\"", "\"-\"", "\"<\\(.x)>\"",
		".x", "(.x // \"n\")", "\"\\(.)\"", "1", "null",
		"(.x | ascii_upcase)", ".y"};
	static const char *const flags[] = {
		"\"g\"", "\"i\"", "\"gx\"", "null", "\"\"", "\"gg\""};

	if (below(4) == 0)
		buf_printf(&program, "sub(\"%s\"; %s; %s)", PICK(patterns),
			PICK(with), PICK(flags));
	else
		buf_printf(&program, "%ssub(\"%s\"; %s)", below(2) ? "g" : "",
			PICK(patterns), PICK(with));
}

/* A value of a kind: a, o, s, n stand for array, object, string, number. */
static void
gen_kind(char kind, int depth)
{
	static const char *const part[] = {"\"a\"", "\"b\"", "\"\"", "\"s\"",
		"\"aa\"", "\"stair\"", "\"ab\""};

	if (kind == 's') {
		if (below(3))
			say(below(4) ? PICK(part) : PICK(strings));
		else
			say("(.gt | tostring)");
	} else if (kind == 'n') {
		say(below(3) ? PICK(numbers) : "(.a | tostring | length)");
	} else if (kind == 'a') {
		if (below(4) == 0)
			say("(.c | if type == \"array\" then . else [.] end)");
		else {
			say("[");
			gen(depth - 1);
			say(below(2) ? ", 1, \"a\"]" : ", null]");
		}
	} else if (below(4) == 0) {
		say("(.b | if type == \"object\" then . else {b: .} end)");
	} else {
		buf_printf(&program, "{%s: (", PICK(names));
		gen(depth - 1);
		buf_printf(&program, "), %s: 1}", PICK(names));
	}
}

/* What is hardly ever met with values of its own kind otherwise. */
static void
gen_directed(int depth)
{
	static const char *const forms[] = {"(A + A)", "(O + O)", "(A - A)",
		"(O * O)", "(A == A)", "(O < O)", "(S | startswith(S))",
		"(S | endswith(S))", "(S | ltrimstr(S))", "(S | rtrimstr(S))",
		"(S | contains(S))", "(A | contains(A))", "(O | contains(O))",
		"(S | inside(S))", "(N | floor)", "(N | ceil)", "(N | fabs)",
		"(N | round)", "(N | sqrt)", "(-N | fabs)", "(-N | floor)",
		"(A | .[] | select(. != null))", "(A | map(select(.)))",
		"(A | any | not)", "([A[] | not])", "(S | index(\"a\"))",
		"(S | rindex(\"aa\"))", "(S | indices(\"aa\"))",
		"(A | join(S))", "(S | split(\"a\"))", "(A | has(N))",
		"(O | has(S))", "(O | keys)", "(O | .[S])", "(A | .[N])",
		"(A | .[N:N])", "(S | .[N:N])", "(S * N)", "(N % 7)",
		"(S / \"a\")", "(A | length)", "(S | IN(S, S))", "({(S): N})",
		"(O | map(.))", "(S | tojson)", "(A | tojson)",
		"(S | ascii_upcase)"};
	const char *p;

	for (p = PICK(forms); *p != '\0'; p++)
		if (*p == 'A' || *p == 'O' || *p == 'S')
			gen_kind((char)(*p | 0x20), depth);
		else if (*p == 'N' && p[1] != '(')
			gen_kind('n', depth);
		else
			buf_byte(&program, *p);
}

static void
gen_call(int depth)
{
	static const char *const plain[] = {"not", "length", "type", "tostring",
		"tonumber", "keys", "floor", "round", "fabs", "ceil",
		"ascii_downcase", "ascii_upcase", "empty", "tojson", "todate",
		"fromdate", "mktime", "sqrt"};
	static const char *const one[] = {"startswith", "endswith", "ltrimstr",
		"rtrimstr", "contains", "inside", "has", "split", "join",
		"select", "map", "IN", "test", "contains", "startswith"};
	static const char *const formats[] = {
		"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d", "%H:%M", "%j %a %b"};
	unsigned k = below(20);

	if (k < 7) {
		say(PICK(plain));
	} else if (k < 14) {
		buf_printf(&program, "%s(", PICK(one));
		gen(depth - 1);
		say(")");
	} else if (k < 15) {
		gen_regex();
	} else if (k < 16) {
		gen_sub();
	} else if (k == 16) {
		buf_printf(&program, "%s(\"%s\")",
			below(2)           ? "index"
				: below(2) ? "indices"
					   : "rindex",
			below(2)           ? "a"
				: below(2) ? "b"
					   : ", ");
	} else if (k == 17) {
		buf_printf(&program, "%s(\"%s\")",
			below(2) ? "strftime" : "strptime", PICK(formats));
	} else {
		say("IN(");
		gen(depth - 1);
		say("; ");
		gen(depth - 1);
		say(")");
	}
}

static void
gen_object(int depth)
{
	unsigned i, n = below(3);

	say("{");
	for (i = 0; i <= n; i++) {
		if (i > 0)
			say(",");
		switch (below(5)) {
		case 0:
			say(PICK(names));
			continue;
		case 1:
			say("(");
			gen(depth - 2);
			say("):");
			break;
		case 2:
			buf_printf(&program, "\"%s\\(", PICK(names));
			gen(depth - 2);
			say(")\":");
			break;
		default:
			buf_printf(&program, "%s:", PICK(names));
			break;
		}
		say("(");
		gen(depth - 1);
		say(")");
	}
	say("}");
}

static void
gen_string(int depth)
{
	say("\"s \\(");
	gen(depth - 1);
	say(")-\\(");
	gen(depth - 1);
	say(") end\"");
}

static void
gen_literal(void)
{
	switch (below(8)) {
	case 0:
		say("null");
		break;
	case 1:
		say(below(2) ? "true" : "false");
		break;
	case 2:
	case 3:
	case 4:
		if (below(12) == 0)
			say("[]");
		else
			say(PICK(strings));
		break;
	default:
		buf_printf(&program, "%s", numbers[below(10)]);
		break;
	}
}

static void
gen_suffix(int depth)
{
	gen_field();
	switch (below(6)) {
	case 0:
		say("[]");
		break;
	case 1:
		say("[]?");
		break;
	case 2:
		buf_printf(&program, "[%d:%d]", (int)below(5) - 2,
			(int)below(6) - 2);
		break;
	case 3:
		buf_printf(&program, below(2) ? "[%s:]" : "[%s:0.3]",
			below(2) ? "1" : "1.5");
		break;
	default:
		say("[");
		gen(depth - 1);
		say(below(3) ? "]" : "]?");
		break;
	}
}

static void
gen(int depth)
{
	if (depth <= 0) {
		if (below(3) == 0)
			gen_literal();
		else
			gen_field();
		return;
	}
	switch (below(20)) {
	case 0:
		gen_literal();
		break;
	case 1:
	case 2:
		gen_field();
		break;
	case 3:
	case 4:
	case 5:
		gen_operator(depth);
		break;
	case 6:
	case 7:
	case 8:
	case 9:
		say("(");
		gen(depth - 1);
		say(" | ");
		gen_call(depth);
		say(")");
		break;
	case 10:
		say("(");
		gen(depth - 1);
		say(", ");
		gen(depth - 1);
		say(")");
		break;
	case 11:
		say("[");
		gen(depth - 1);
		say("]");
		break;
	case 12:
		gen_object(depth);
		break;
	case 13:
		gen_string(depth);
		break;
	case 14:
		say("(if ");
		gen(depth - 1);
		say(" then ");
		gen(depth - 1);
		say(below(3) ? " else " : " elif . then 1 else ");
		gen(depth - 1);
		say(" end)");
		break;
	case 15:
		gen_suffix(depth);
		break;
	case 16:
	case 17:
	case 18:
		gen_directed(depth);
		break;
	default:
		if (below(2)) {
			say("(-");
			gen(depth - 1);
			say(")");
		} else {
			say(below(2) ? "." : "(.a|.)");
		}
		break;
	}
}

/* ---- both ways ---- */

static struct buf ours, theirs;

static void
append_jv(struct buf *out, jv x)
{
	jv text = CALL(jv_dump_string)(x, 0);

	buf_str(out, CALL(jv_string_value)(text));
	buf_byte(out, '\n');
	CALL(jv_free)(text);
}

/* As libjq prints it when it reads what we print. */
static int
append_ours(void *arg, const struct value *v)
{
	struct buf text;
	jv read;

	buf_init(&text);
	value_print(v, &text);
	read = CALL(jv_parse_sized)(text.p, (int)text.n);
	if (CALL(jv_get_kind)(read) == JV_KIND_INVALID) {
		CALL(jv_free)(read);
		buf_printf(&ours, "not JSON: %s\n", buf_cstr(&text));
	} else {
		append_jv(&ours, read);
	}
	buf_release(&text);
	return 0;
}

static void
run_theirs(jq_state *jq, int place)
{
	jv x, what, in = CALL(jv_array)();

	in = CALL(jv_array_append)(in, CALL(jv_number)(place));
	in = CALL(jv_array_append)(
		in, CALL(jv_parse_sized)(line.p, (int)line.n));
	CALL(jq_start)(jq, in, 0);
	for (;;) {
		x = CALL(jq_next)(jq);
		if (CALL(jv_get_kind)(x) == JV_KIND_INVALID)
			break;
		append_jv(&theirs, x);
	}
	what = CALL(jv_invalid_get_msg)(x);
	if (CALL(jv_get_kind)(what) == JV_KIND_STRING)
		buf_printf(&theirs, "error: %s\n", CALL(jv_string_value)(what));
	CALL(jv_free)(what);
}

static void
run_ours(struct expr *x, struct record_reader *rr)
{
	struct expr_env env = {.batch_us = 0};
	struct record r = {.line = line.p, .nline = (uint32_t)line.n};
	struct err err;

	if (record_read(rr, &r, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	if (expr_eval(x, &r, &env, append_ours, NULL, &err) < 0)
		buf_printf(&ours, "error: %s\n", err.text);
}

/* A message is cut where a character is whole by us, where it is not by jq. */
static bool
same(void)
{
	size_t i;

	if (ours.n == theirs.n && memcmp(ours.p, theirs.p, ours.n) == 0)
		return true;
	for (i = 0; i < ours.n && i < theirs.n && ours.p[i] == theirs.p[i];)
		i++;
	return i < theirs.n && i < ours.n && i > 0 &&
		strstr(buf_cstr(&ours), "error: ") != NULL &&
		((unsigned char)theirs.p[i] >= 0x80 ||
			(unsigned char)ours.p[i - 1] >= 0x80);
}

/* Numbers that libjq rounds. */
static bool
is_beyond(const struct buf *b)
{
	size_t i, n = 0;

	for (i = 0; i < b->n; i++) {
		n = b->p[i] >= '0' && b->p[i] <= '9' ? n + 1 : 0;
		if (n >= 16 || (i > 0 && b->p[i] == '+' && b->p[i - 1] == 'e'))
			return true;
	}
	return false;
}

/* A text that is repeated beyond our bound: libjq may die of it. */
static bool
is_long(void)
{
	return strstr(buf_cstr(&ours), "Repeat string result too long") != NULL;
}

static void
compare(jq_state *jq, int place, struct expr *x, struct record_reader *rr)
{
	make_record(ascii_only);
	buf_clear(&ours);
	buf_clear(&theirs);
	pairs++;
	foreign += !expr_native(x);
	run_ours(x, rr);
	if (is_long()) {
		beyond++;
		return;
	}
	run_theirs(jq, place);
	if (same())
		return;
	if (is_beyond(&ours) || is_beyond(&theirs)) {
		beyond++;
		return;
	}
	failed++;
	fprintf(stderr, "program: %s\nrecord: %s\nours:\n%slibjq:\n%s\n",
		buf_cstr(&program), buf_cstr(&line), buf_cstr(&ours),
		buf_cstr(&theirs));
}

static void
drop_message(void *data, jv message)
{
	CALL(jv_free)(message);
}

/* Now and then something that is libjq's. */
static void
gen_program(void)
{
	static const char *const before[] = {". as $v | ", "def f: .; f | ",
		"try error(\"x\") catch ", "[..] | length, ", "to_entries, "};
	int depth = 1 + (int)below(4);

	buf_clear(&program);
	ascii_only = false;
	if (below(16) == 0)
		say(PICK(before));
	say("(");
	gen(depth);
	say(")");
}

static jq_state *
compile_theirs(const char *text)
{
	jq_state *jq = CALL(jq_init)();

	CALL(jq_set_error_cb)(jq, drop_message, NULL);
	if (CALL(jq_compile)(jq, text))
		return jq;
	CALL(jq_teardown)(&jq);
	return NULL;
}

/* A program that we take, or NULL: then jq does not take it either. */
static struct expr *
take_program(void)
{
	struct jq_tree tree;
	struct expr *x = NULL;
	struct err err;
	jq_state *jq;

	gen_program();
	if (jq_parse(&tree, buf_cstr(&program), &err) == 0)
		x = jq_expr(program.p, NULL, &err);
	jq_node_release(&tree);
	if (x != NULL)
		return x;
	jq = compile_theirs(program.p);
	if (jq != NULL) {
		failed++;
		fprintf(stderr, "program: %s\nours: %s\nlibjq: fine\n",
			program.p, err.text);
		CALL(jq_teardown)(&jq);
	}
	return NULL;
}

/* Some programs at once, for libjq takes long to begin. */
static void
some_programs(struct record_reader *rr)
{
	struct {
		struct expr *x;
		char *text;
		bool ascii_only;
	} p[PROGRAMS];
	struct buf all;
	jq_state *jq;
	int i, k, n = 0;

	buf_init(&all);
	buf_str(&all, ". as [$bief_n, $bief_r] | $bief_r | ");
	for (i = 0; i < PROGRAMS; i++) {
		p[n].x = take_program();
		if (p[n].x == NULL)
			continue;
		p[n].text = mem_dup(program.p, program.n);
		p[n].ascii_only = ascii_only;
		buf_printf(&all, "%s $bief_n == %d then %s",
			n == 0 ? "if" : " elif", n, p[n].text);
		n++;
	}
	buf_str(&all, " else empty end");
	jq = n > 0 ? compile_theirs(buf_cstr(&all)) : NULL;
	if (n > 0 && jq == NULL) {
		failed++;
		fprintf(stderr, "libjq refuses one of these: %s\n", all.p);
	}
	for (i = 0; i < n; i++) {
		buf_clear(&program);
		buf_str(&program, p[i].text);
		ascii_only = p[i].ascii_only;
		for (k = 0; jq != NULL && k < RECORDS; k++)
			compare(jq, i, p[i].x, rr);
		expr_free(p[i].x);
		free(p[i].text);
	}
	if (jq != NULL)
		CALL(jq_teardown)(&jq);
	buf_release(&all);
}

static void
died(int sig)
{
	static const char what[] = "died in: ";

	if (write(2, what, sizeof(what) - 1) < 0 ||
		write(2, program.p, program.n) < 0 || write(2, "\n", 1) < 0 ||
		write(2, line.p, line.n) < 0 || write(2, "\n", 1) < 0)
		_exit(3);
	_exit(2);
}

int
main(int argc, char **argv)
{
	unsigned long wanted = argc > 1 ? strtoul(argv[1], NULL, 10) : PAIRS;
	struct record_reader rr;
	struct shapes *shapes = shape_set_new();
	uint64_t start;

	lib = dlopen("libjq.so.1", RTLD_NOW);
	if (lib == NULL) {
		printf("libjq.so.1 is not installed: nothing to compare with\n");
		return SKIPPED;
	}
	start = argc > 2   ? strtoull(argv[2], NULL, 10)
		: argc > 1 ? (uint64_t)time(NULL)
			   : 42;
	if (argc > 1)
		printf("seed %llu\n", (unsigned long long)start);
	seed = start * UINT64_C(0x9E3779B97F4A7C15) + 1;
	signal(SIGSEGV, died);
	signal(SIGABRT, died);
	record_read_init(&rr, shapes);
	while (pairs < wanted && failed < 10)
		some_programs(&rr);
	if (argc > 1)
		printf("%lu pairs, %lu run by libjq, %lu beyond 2^53, %lu "
		       "different\n",
			pairs, foreign, beyond, failed);
	record_read_release(&rr);
	shape_set_free(shapes);
	buf_release(&program);
	buf_release(&line);
	buf_release(&ours);
	buf_release(&theirs);
	return failed > 0;
}
