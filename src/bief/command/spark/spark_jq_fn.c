/*
 * spark_jq_fn: the functions of jq's language that Spark has under another name
 * or in another form; each with the condition under which they mean the same.
 */
#include "command/spark/spark_jq_fn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The words of SQL for what is refused. */
static const struct {
	const char *name, *instead;
} instead[] = {{"gsub", "regexp_replace(text, pattern, by)"},
	{"sub", "regexp_replace(text, pattern, by), which takes every match"},
	{"capture", "regexp_extract(text, pattern, 1)"},
	{"match", "regexp_extract(text, pattern, 0)"},
	{"scan", "regexp_extract_all(text, pattern, 0)"},
	{"keys", "map_keys(map)"}, {"map", "transform(array, x -> x + 1)"},
	{"now", "unix_timestamp(current_timestamp())"},
	{"batch_timestamp", "current_timestamp()"},
	{"event_time", "by the name of the field"},
	{"fromdate", "unix_timestamp(cast(text as timestamp))"},
	{"fromdateiso8601", "unix_timestamp(cast(text as timestamp))"},
	{"todate", "date_format(timestamp_seconds(n), \"yyyy-MM-dd\")"},
	{"todateiso8601", "date_format(timestamp_seconds(n), \"yyyy-MM-dd\")"},
	{"strftime", "date_format(time, 'yyyy-MM-dd')"},
	{"strptime", "to_timestamp(text, 'yyyy-MM-dd')"},
	{"mktime", "unix_timestamp(time)"}, {"tojson", "to_json(struct)"},
	{"fromjson", "from_json(text, 'a int')"}, {"has", "x is not null"},
	{"index", "instr(text, part) - 1"}, {"rindex", "instr"},
	{"indices", "instr"}, {"inside", "contains(text, part)"},
	{"type", "typeof(x)"}, {"empty", "a condition of filter"},
	{"any", "exists(array, x -> x > 1)"},
	{"all", "forall(array, x -> x > 1)"},
	{"add", "aggregate(array, 0D, (sum, x) -> sum + x)"},
	{"min", "array_min(array)"}, {"max", "array_max(array)"},
	{"sort", "sort_array(array)"}, {"unique", "array_distinct(array)"},
	{"reverse", "reverse(array)"}, {"flatten", "flatten(array)"},
	{"to_entries", "map_entries(map)"},
	{"from_entries", "map_from_entries(array)"}, {"first", "get(array, 0)"},
	{"last", "element_at(array, -1)"}, {"range", "sequence(0, n - 1)"},
	{"pow", "pow(x, y)"}, {"log", "ln(x)"}, {"exp", "exp(x)"},
	{"ascii", "chr(n)"}, {"explode", "explode in front"},
	{"limit", "take N"}, {"env", "as it is when the program is exported"}};

/* A pattern that Java reads as jq does; flags may be NULL. */
static int
put_pattern(struct translation *x, const struct jq_node *n,
	const struct jq_node *flags, struct buf *out)
{
	struct buf re;
	const char *p;
	char with[8] = "";
	size_t k = 0;

	if (n->kind != JQ_LITERAL || n->v.type != VALUE_STRING ||
		(flags != NULL &&
			(flags->kind != JQ_LITERAL ||
				flags->v.type != VALUE_STRING)))
		return spark_piece_refuse(x, n, "a pattern that is computed",
			"text rlike pattern");
	for (p = n->name; (p = strchr(p, '\\')) != NULL; p += 2) {
		if (p[1] == '\0' || strchr("hHKGRXZz", p[1]) != NULL)
			return spark_piece_refuse(x, n,
				"this pattern of Oniguruma's",
				"text rlike 'a pattern of Java'");
		if (strchr("wWdDsSbB", p[1]) != NULL)
			with[0] = 'U';
	}
	k = with[0] != '\0';
	for (p = strstr(n->name, "(?"); p != NULL; p = strstr(p + 2, "(?"))
		if (p[2] != ':' && p[2] != '=' && p[2] != '!')
			return spark_piece_refuse(x, n,
				"this pattern of Oniguruma's",
				"text rlike 'a pattern of Java'");
	if (strstr(n->name, "[:") != NULL || strstr(n->name, "&&") != NULL)
		return spark_piece_refuse(x, n, "this class of characters",
			"text rlike 'a pattern of Java'");
	for (p = flags != NULL ? flags->name : ""; *p != '\0' && k < 6; p++) {
		if (strchr("ix", *p) == NULL)
			return spark_piece_refuse(x, flags, "this flag",
				"text rlike '(?i)pattern'");
		with[k++] = *p;
		if (*p == 'i')
			with[k++] = 'u';
	}
	buf_init(&re);
	if (k > 0)
		buf_printf(&re, "(?%.*s)", (int)k, with);
	buf_add(&re, n->name, n->nname);
	spark_piece_text(out, buf_cstr(&re), re.n);
	buf_release(&re);
	return 0;
}

int
spark_jq_fn_refuse(
	struct translation *x, const struct jq_node *n, const char *name)
{
	char what[100];

	snprintf(what, sizeof(what), "jq's '%.60s'", name);
	for (size_t i = 0; i < sizeof(instead) / sizeof(*instead); i++)
		if (strcmp(instead[i].name, name) == 0)
			return spark_piece_refuse(
				x, n, what, instead[i].instead);
	return spark_piece_refuse(x, n, what, "by functions of bief-sql(7)");
}

/* An argument that is a literal text. */
static const char *
text_argument(const struct jq_node *n)
{
	const struct jq_node *a = n->nargs > 0 ? n->args[0] : NULL;

	return a != NULL && a->kind == JQ_LITERAL && a->v.type == VALUE_STRING
		? a->name
		: NULL;
}

static int
call_length(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	int k = (int)in->sql.n;
	const char *of = in->sql.p;

	out->class = NUMBER;
	out->whole = true;
	out->null = false;
	if (in->class == TEXT)
		buf_printf(&out->sql, "coalesce(char_length(%.*s), 0)", k, of);
	else if (in->class == LIST || in->class == MAP)
		buf_printf(&out->sql, "if(%.*s IS NULL, 0, size(%.*s))", k, of,
			k, of);
	else if (in->class == NUMBER) {
		out->whole = in->whole;
		buf_printf(&out->sql, "coalesce(abs(%.*s), 0)", k, of);
	} else
		return spark_piece_refuse(
			x, n, "the length of this", "size(x)");
	out->narrow = in->class != NUMBER || in->narrow;
	return 0;
}

/* startswith, endswith, contains of a text and a literal. */
static int
call_part(struct translation *x, const struct jq_node *n,
	const struct piece *in, const char *name, struct piece *out)
{
	const char *text = text_argument(n);

	if (in->class != TEXT || text == NULL)
		return spark_piece_refuse(x, n,
			"this of what is no text, or computed",
			"startswith(text, part), endswith, contains, "
			"array_contains");
	out->class = TRUTH;
	buf_printf(&out->sql, "%s(%.*s, ", name, (int)in->sql.n, in->sql.p);
	spark_piece_text(&out->sql, text, strlen(text));
	buf_byte(&out->sql, ')');
	return 0;
}

/* ltrimstr and rtrimstr. */
static int
call_trim(struct translation *x, const struct jq_node *n,
	const struct piece *in, bool left, struct piece *out)
{
	const char *text = text_argument(n);
	int chars = 0;

	if (in->class != TEXT || text == NULL)
		return spark_piece_refuse(x, n,
			"this of what is no text, or computed",
			"regexp_replace(text, '^part', '')");
	for (const char *p = text; *p != '\0'; p++)
		chars += (*p & 0xC0) != 0x80;
	out->class = TEXT;
	buf_printf(&out->sql, "if(%s(%.*s, ", left ? "startswith" : "endswith",
		(int)in->sql.n, in->sql.p);
	spark_piece_text(&out->sql, text, strlen(text));
	if (left)
		buf_printf(&out->sql, "), substring(%.*s, %d), %.*s)",
			(int)in->sql.n, in->sql.p, chars + 1, (int)in->sql.n,
			in->sql.p);
	else
		buf_printf(&out->sql,
			"), substring(%.*s, 1, char_length(%.*s) - %d), %.*s)",
			(int)in->sql.n, in->sql.p, (int)in->sql.n, in->sql.p,
			chars, (int)in->sql.n, in->sql.p);
	return 0;
}

static int
call_test(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	if (in->class != TEXT)
		return spark_piece_refuse(x, n, "a test of what is no text",
			"cast(x as string) rlike pattern");
	buf_add(&out->sql, in->sql.p, in->sql.n);
	buf_str(&out->sql, " rlike ");
	out->class = TRUTH;
	out->compound = true;
	return put_pattern(
		x, n->args[0], n->nargs > 1 ? n->args[1] : NULL, &out->sql);
}

static int
call_split(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	static const struct type text = {.kind = TYPE_STRING};
	static const struct type texts = {
		.kind = TYPE_ARRAY, .elem = (struct type *)&text};
	const char *sep = text_argument(n);
	struct buf re;

	if (n->nargs != 1 || in->class != TEXT || sep == NULL)
		return spark_piece_refuse(
			x, n, "this split", "split(text, pattern)");
	buf_init(&re);
	for (; *sep != '\0'; sep++) {
		if (strchr("\\^$.|?*+()[]{}", *sep) != NULL)
			buf_byte(&re, '\\');
		buf_byte(&re, *sep);
	}
	buf_printf(&out->sql,
		"if(%.*s = '', cast(array() as array<string>), split(%.*s, ",
		(int)in->sql.n, in->sql.p, (int)in->sql.n, in->sql.p);
	spark_piece_text(&out->sql, buf_cstr(&re), re.n);
	buf_str(&out->sql, "))");
	buf_release(&re);
	spark_piece_set_type(out, &texts);
	return 0;
}

static int
call_join(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	const char *sep = text_argument(n);

	if (sep == NULL || in->class != LIST ||
		in->type->elem->kind != TYPE_STRING)
		return spark_piece_refuse(
			x, n, "this join", "array_join(array, ',')");
	buf_printf(&out->sql, "array_join(%.*s, ", (int)in->sql.n, in->sql.p);
	spark_piece_text(&out->sql, sep, strlen(sep));
	buf_str(&out->sql, ", '')");
	out->class = TEXT;
	return 0;
}

/* As text, where both languages spell it alike. */
int
spark_jq_fn_string(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	bool alike = in->class == TEXT || in->class == TRUTH ||
		(in->class == NUMBER && in->whole);

	if (!alike)
		return spark_piece_refuse(x, n, "the text of this",
			"cast(x as string), which writes 1.0 where jq writes "
			"1");
	if (in->null)
		buf_str(&out->sql, "coalesce(");
	buf_printf(&out->sql,
		in->class == TEXT ? "%.*s" : "cast(%.*s as string)",
		(int)in->sql.n, in->sql.p);
	if (in->null)
		buf_str(&out->sql, ", 'null')");
	out->class = TEXT;
	out->null = false;
	return 0;
}

static int
call_number(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	if (in->class == TEXT)
		buf_printf(&out->sql, "cast(%.*s as double)", (int)in->sql.n,
			in->sql.p);
	else if (in->class == NUMBER)
		buf_add(&out->sql, in->sql.p, in->sql.n);
	else
		return spark_piece_refuse(
			x, n, "a number of this", "cast(x as double)");
	out->class = NUMBER;
	out->whole = in->class == NUMBER && in->whole;
	out->narrow = in->class == NUMBER && in->narrow;
	return 0;
}

/* A function of SQL that has another name, or the same. */
static int
call_simple(struct translation *x, const struct jq_node *n,
	const struct piece *in, const char *name, struct piece *out)
{
	static const struct {
		const char *name, *before, *after;
		enum class class;
		bool whole;
	} all[] = {{"ascii_downcase", "translate(",
			   ", 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', "
			   "'abcdefghijklmnopqrstuvwxyz')",
			   TEXT, false},
		{"ascii_upcase", "translate(",
			", 'abcdefghijklmnopqrstuvwxyz', "
			"'ABCDEFGHIJKLMNOPQRSTUVWXYZ')",
			TEXT, false},
		{"floor", "floor(", ")", NUMBER, true},
		{"ceil", "ceil(", ")", NUMBER, true},
		{"round", "round(", ")", NUMBER, false},
		{"sqrt", "nanvl(sqrt(", "), null)", NUMBER, false},
		{"fabs", "abs(", ")", NUMBER, false}};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (strcmp(all[i].name, name) != 0)
			continue;
		if (in->class != all[i].class)
			break;
		buf_printf(&out->sql, "%s%.*s%s", all[i].before, (int)in->sql.n,
			in->sql.p, all[i].after);
		out->class = all[i].class;
		out->whole = all[i].whole ||
			(in->whole && strcmp(name, "sqrt") != 0);
		return 0;
	}
	return spark_jq_fn_refuse(x, n, name);
}

/* IN("a", "b") */
static int
call_in(struct translation *x, const struct jq_node *n, const struct piece *in,
	struct piece *out)
{
	const struct jq_node *all[100], *c = n->args[0];
	size_t k = 0;

	for (; c->kind == JQ_COMMA && k < 99; c = c->a)
		all[k++] = c->b;
	all[k++] = c;
	buf_add(&out->sql, in->sql.p, in->sql.n);
	buf_str(&out->sql, " IN (");
	for (size_t i = k; i > 0; i--) {
		struct piece p;

		spark_piece_init(&p);
		if (n->nargs != 1 || all[i - 1]->kind != JQ_LITERAL ||
			spark_piece_literal(all[i - 1], &p) < 0 ||
			p.class != in->class) {
			buf_release(&p.sql);
			return spark_piece_refuse(x, n,
				"IN of other types, or of null", "x in (1, 2)");
		}
		buf_str(&out->sql, i < k ? ", " : "");
		buf_add(&out->sql, p.sql.p, p.sql.n);
		buf_release(&p.sql);
	}
	buf_byte(&out->sql, ')');
	out->class = TRUTH;
	out->compound = true;
	return 0;
}

int
spark_jq_fn(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	const char *name = n->func->name;

	if (strcmp(name, "length") == 0)
		return call_length(x, n, in, out);
	if (strcmp(name, "test") == 0)
		return call_test(x, n, in, out);
	if (strcmp(name, "startswith") == 0 || strcmp(name, "endswith") == 0 ||
		strcmp(name, "contains") == 0)
		return call_part(x, n, in, name, out);
	if (strcmp(name, "ltrimstr") == 0 || strcmp(name, "rtrimstr") == 0)
		return call_trim(x, n, in, *name == 'l', out);
	if (strcmp(name, "split") == 0)
		return call_split(x, n, in, out);
	if (strcmp(name, "join") == 0)
		return call_join(x, n, in, out);
	if (strcmp(name, "tostring") == 0)
		return spark_jq_fn_string(x, n, in, out);
	if (strcmp(name, "tonumber") == 0)
		return call_number(x, n, in, out);
	if (strcmp(name, "IN") == 0)
		return call_in(x, n, in, out);
	return call_simple(x, n, in, name, out);
}
