/*
 * spark_jq: jq's language as Spark's SQL, where the meaning is the same.
 *
 * The two differ in null: jq's is less than all else and equal to itself, and
 * adds nothing; SQL's makes a null of whatever it touches.  So coalesce stands
 * wherever a null could show, and is left away where only truth is asked for,
 * since a null is no truth in either language.  What jq refuses at run time
 * (null - 1) is a null in Spark.  Types must be known; what has no counterpart
 * is refused with a caret, and the words of SQL that would do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "command/spark/spark_impl.h"
#include "expr/jq/jq_impl.h"

enum class {
	RECORD,  /* all fields */
	NOTHING, /* null */
	TRUTH,
	NUMBER,
	TEXT,
	LIST,
	MAP,
	STRUCT,
	OTHER
};

/* A piece of SQL. */
struct piece {
	struct buf sql;
	enum class class;
	const struct type *type; /* where it is a field; or NULL */
	bool whole;              /* a number without fraction */
	bool narrow;             /* of less than 64 bits */
	bool null;               /* it may be */
	bool literal;
	bool compound; /* wants parentheses within another */
};

struct translation {
	const char *text;
	const struct schema *fields;
	struct err *err;
};

static int put_value(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out);
static int put_truth(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out);

static void
piece_init(struct piece *p)
{
	memset(p, 0, sizeof(*p));
	buf_init(&p->sql);
	p->class = OTHER;
	p->null = true;
}

static int
refuse(struct translation *x, const struct jq_node *n, const char *what,
	const char *instead)
{
	return err_caret(x->err, x->text, n->at,
		"%s has no counterpart that means the same in Spark: say it "
		"with --sql, %s",
		what, instead);
}

/* Append a piece as an operand. */
static void
put_operand(struct buf *b, struct piece *p)
{
	if (p->compound)
		buf_byte(b, '(');
	buf_add(b, p->sql.p, p->sql.n);
	if (p->compound)
		buf_byte(b, ')');
}

static void
put_text(struct buf *b, const char *s, size_t n)
{
	buf_byte(b, '\'');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\'' || s[i] == '\\')
			buf_byte(b, '\\');
		if (s[i] == '\n')
			buf_str(b, "\\n");
		else
			buf_byte(b, s[i]);
	}
	buf_byte(b, '\'');
}

/* What a type is to jq. */
static void
set_type(struct piece *p, const struct type *t)
{
	p->type = t;
	p->class = OTHER;
	if (t == NULL)
		return;
	switch (t->kind) {
	case TYPE_BOOLEAN:
		p->class = TRUTH;
		break;
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
		p->narrow = true;
		/* fallthrough */
	case TYPE_LONG:
		p->whole = true;
		/* fallthrough */
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		p->class = NUMBER;
		break;
	case TYPE_STRING:
		p->class = TEXT;
		break;
	case TYPE_ARRAY:
		p->class = LIST;
		break;
	case TYPE_MAP:
		p->class = MAP;
		break;
	case TYPE_STRUCT:
		p->class = STRUCT;
		break;
	default:
		break;
	}
}

/* ---- paths ---- */

/* Words that mean something else where a column could stand. */
static bool
is_word_of_sql(const char *name)
{
	static const char *const words[] = {"and", "any", "array", "between",
		"case", "cast", "current_date", "current_time",
		"current_timestamp", "current_user", "date", "distinct", "div",
		"else", "end", "escape", "exists", "extract", "false", "first",
		"from", "if", "ilike", "in", "interval", "is", "last", "left",
		"like", "map", "not", "null", "or", "overlay", "position",
		"regexp", "right", "rlike", "select", "session_user", "some",
		"struct", "substring", "then", "timestamp", "trim", "true",
		"user", "when", "where", "with"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcasecmp(words[i], name) == 0)
			return true;
	return false;
}

static void
put_name(struct buf *b, const char *name)
{
	if (is_word_of_sql(name))
		buf_printf(b, "`%s`", name);
	else
		python_name(b, name);
}

static int
put_field(struct translation *x, const struct jq_node *n, const char *name,
	const struct piece *of, struct piece *out)
{
	const struct schema *s = of->class == RECORD ? x->fields
		: of->class == STRUCT                ? of->type->fields
						     : NULL;
	int at;

	if (of->class == MAP) {
		buf_add(&out->sql, of->sql.p, of->sql.n);
		buf_byte(&out->sql, '[');
		put_text(&out->sql, name, strlen(name));
		buf_byte(&out->sql, ']');
		set_type(out, of->type->elem);
		return 0;
	}
	if (s == NULL)
		return refuse(x, n,
			"a field of what is no object of known type",
			"or give a schema (parse-json --schema)");
	at = schema_find(s, name, strlen(name));
	if (at < 0)
		return err_caret(x->err, x->text, n->at, "no field '%s'", name);
	if (of->class == STRUCT) {
		buf_add(&out->sql, of->sql.p, of->sql.n);
		buf_byte(&out->sql, '.');
	}
	put_name(&out->sql, name);
	set_type(out, s->f[at].type);
	return 0;
}

/* An index as it stands: 1, and minus 1 is no literal; false: neither. */
static bool
literal_index(const struct jq_node *n, int64_t *i)
{
	bool minus = n->kind == JQ_NEGATE;

	n = minus ? n->a : n;
	if (n->kind != JQ_LITERAL || n->v.type != VALUE_INT)
		return false;
	*i = minus ? -n->v.i : n->v.i;
	return true;
}

static int
put_index(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	bool name = n->b->kind == JQ_LITERAL && n->b->v.type == VALUE_STRING;
	struct piece of;
	int64_t i = 0;
	int rc;

	if (!name && !literal_index(n->b, &i))
		return refuse(x, n, "an index that is computed",
			"element_at(array, index) or map[key]");
	piece_init(&of);
	rc = put_value(x, n->a, in, &of);
	if (rc == 0 && name)
		rc = put_field(x, n, n->b->name, &of, out);
	else if (rc == 0 && of.class != LIST)
		rc = refuse(x, n, "an index of what is no array", "as it is");
	else if (rc == 0) {
		buf_printf(&out->sql, "%s(%s, %lld)",
			i >= 0 ? "get" : "try_element_at", buf_cstr(&of.sql),
			(long long)i);
		set_type(out, of.type->elem);
	}
	buf_release(&of.sql);
	return rc;
}

static int
put_literal(const struct jq_node *n, struct piece *out)
{
	const struct value *v = &n->v;

	out->literal = true;
	out->null = v->type == VALUE_NULL;
	switch (v->type) {
	case VALUE_NULL:
		out->class = NOTHING;
		buf_str(&out->sql, "null");
		break;
	case VALUE_BOOL:
		out->class = TRUTH;
		buf_str(&out->sql, v->i ? "true" : "false");
		break;
	case VALUE_STRING:
		out->class = TEXT;
		put_text(&out->sql, n->name, n->nname);
		break;
	default:
		out->class = NUMBER;
		out->whole = v->type == VALUE_INT;
		if (v->type == VALUE_INT) {
			buf_printf(&out->sql, "%lld", (long long)v->i);
			if (v->i > INT32_MAX || v->i < INT32_MIN)
				buf_byte(&out->sql, 'L');
			out->narrow = true;
		} else {
			value_print(v, &out->sql);
			buf_byte(&out->sql, 'D');
		}
		break;
	}
	return 0;
}

/* ---- comparison ---- */

static const char *const signs[] = {[JQ_ADD] = "+",
	[JQ_SUB] = "-",
	[JQ_MUL] = "*",
	[JQ_DIV] = "/",
	[JQ_MOD] = "%",
	[JQ_LT] = "<",
	[JQ_LE] = "<=",
	[JQ_GT] = ">",
	[JQ_GE] = ">="};

/* a == b, where one of them is null as it stands. */
static void
put_is_null(enum jq_op op, struct piece *a, struct piece *b, struct piece *out)
{
	put_operand(&out->sql, a->class == NOTHING ? b : a);
	buf_str(&out->sql, op == JQ_EQ ? " IS NULL" : " IS NOT NULL");
	out->null = false;
	out->compound = true;
}

static void
put_equal(enum jq_op op, struct piece *a, struct piece *b, bool loose,
	struct piece *out)
{
	bool plain = op == JQ_EQ &&
		((!a->null && !b->null) ||
			(loose && (a->literal || b->literal)));

	if (op == JQ_NE)
		buf_str(&out->sql, "NOT (");
	put_operand(&out->sql, a);
	buf_str(&out->sql, plain ? " = " : " <=> ");
	put_operand(&out->sql, b);
	if (op == JQ_NE)
		buf_byte(&out->sql, ')');
	out->null = plain && (a->null || b->null);
	out->compound = true;
}

/* What an order is where one of them is null, which is less than all else. */
static void
put_order_of_null(
	enum jq_op op, struct piece *a, struct piece *b, struct buf *out)
{
	struct piece *less = op == JQ_LT || op == JQ_LE ? a : b,
		     *more = less == a ? b : a;

	if (!less->null)
		buf_str(out, "false");
	else if (!more->null)
		buf_str(out, "true");
	else {
		put_operand(out, less);
		buf_str(out, " IS NULL");
		if (op == JQ_LT || op == JQ_GT) {
			buf_str(out, " AND ");
			put_operand(out, more);
			buf_str(out, " IS NOT NULL");
		}
	}
}

static void
put_order(enum jq_op op, struct piece *a, struct piece *b, bool loose,
	struct piece *out)
{
	struct piece *less = op == JQ_LT || op == JQ_LE ? a : b;
	bool plain = (!a->null && !b->null) || (loose && !less->null);

	if (!plain)
		buf_str(&out->sql, "coalesce(");
	put_operand(&out->sql, a);
	buf_printf(&out->sql, " %s ", signs[op]);
	put_operand(&out->sql, b);
	if (!plain) {
		buf_str(&out->sql, ", ");
		put_order_of_null(op, a, b, &out->sql);
		buf_byte(&out->sql, ')');
	}
	out->null = plain && (a->null || b->null);
	out->compound = plain;
}

static int
put_comparison(struct translation *x, const struct jq_node *n, struct piece *a,
	struct piece *b, bool loose, struct piece *out)
{
	bool equality = n->op == JQ_EQ || n->op == JQ_NE;

	out->class = TRUTH;
	if (equality && (a->class == NOTHING) != (b->class == NOTHING)) {
		put_is_null((enum jq_op)n->op, a, b, out);
		return 0;
	}
	if (a->class != b->class || a->class == OTHER || a->class == RECORD ||
		a->class == MAP || a->class == NOTHING)
		return refuse(x, n,
			"a comparison of values whose types differ or are "
			"times, decimals or not known",
			"time > timestamp '2026-01-01 00:00:00', or cast(x as "
			"double) > 1");
	if (equality)
		put_equal((enum jq_op)n->op, a, b, loose, out);
	else if (a->class == LIST || a->class == STRUCT)
		return refuse(x, n, "an order of arrays or objects",
			"field by field");
	else
		put_order((enum jq_op)n->op, a, b, loose, out);
	return 0;
}

/* ---- arithmetic ---- */

/* Of 64 bits, as all integers of jq's here. */
static void
widen(struct piece *p)
{
	struct buf b;

	if (!p->narrow || p->literal)
		return;
	buf_init(&b);
	buf_printf(&b, "cast(%s as bigint)", buf_cstr(&p->sql));
	buf_release(&p->sql);
	p->sql = b;
	p->compound = false;
}

/* a + b, to which null adds nothing. */
static void
put_sum(struct piece *a, struct piece *b, struct piece *out)
{
	bool null = a->null || b->null;

	if (null)
		buf_str(&out->sql, "coalesce(");
	put_operand(&out->sql, a);
	buf_str(&out->sql, a->class == TEXT ? " || " : " + ");
	put_operand(&out->sql, b);
	for (int i = 0; null && i < 2; i++) {
		struct piece *p = i == 0 ? a : b, *other = i == 0 ? b : a;

		if (!other->null)
			continue;
		buf_str(&out->sql, ", ");
		buf_add(&out->sql, p->sql.p, p->sql.n);
	}
	if (null)
		buf_byte(&out->sql, ')');
	out->null = a->null && b->null;
	out->compound = !null;
}

static int
put_arithmetic(struct translation *x, const struct jq_node *n, struct piece *a,
	struct piece *b, struct piece *out)
{
	if (n->op == JQ_ADD && a->class == TEXT && b->class == TEXT) {
		put_sum(a, b, out);
		out->class = TEXT;
		return 0;
	}
	if (a->class != NUMBER || b->class != NUMBER)
		return refuse(x, n,
			"arithmetic with what is no number of known type",
			"such as a || b, array_union, split, cast");
	if (n->op == JQ_MOD && !(a->whole && b->whole))
		return refuse(x, n, "the rest of a division of fractions",
			"cast(a as bigint) % cast(b as bigint)");
	widen(a);
	widen(b);
	out->class = NUMBER;
	out->whole = a->whole && b->whole && n->op != JQ_DIV;
	if (n->op == JQ_ADD) {
		put_sum(a, b, out);
		return 0;
	}
	put_operand(&out->sql, a);
	buf_printf(&out->sql, " %s ", signs[n->op]);
	put_operand(&out->sql, b);
	out->compound = true;
	return 0;
}

static int
put_binary(struct translation *x, const struct jq_node *n,
	const struct piece *in, bool loose, struct piece *out)
{
	struct piece a, b;
	int rc;

	piece_init(&a);
	piece_init(&b);
	rc = put_value(x, n->a, in, &a);
	if (rc == 0)
		rc = put_value(x, n->b, in, &b);
	if (rc == 0)
		rc = n->op >= JQ_EQ ? put_comparison(x, n, &a, &b, loose, out)
				    : put_arithmetic(x, n, &a, &b, out);
	buf_release(&a.sql);
	buf_release(&b.sql);
	return rc;
}

/* ---- functions ---- */

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
		return refuse(x, n, "a pattern that is computed",
			"text rlike pattern");
	for (p = n->name; (p = strchr(p, '\\')) != NULL; p += 2) {
		if (p[1] == '\0' || strchr("hHKGRXZz", p[1]) != NULL)
			return refuse(x, n, "this pattern of Oniguruma's",
				"text rlike 'a pattern of Java'");
		if (strchr("wWdDsSbB", p[1]) != NULL)
			with[0] = 'U';
	}
	k = with[0] != '\0';
	for (p = strstr(n->name, "(?"); p != NULL; p = strstr(p + 2, "(?"))
		if (p[2] != ':' && p[2] != '=' && p[2] != '!')
			return refuse(x, n, "this pattern of Oniguruma's",
				"text rlike 'a pattern of Java'");
	if (strstr(n->name, "[:") != NULL || strstr(n->name, "&&") != NULL)
		return refuse(x, n, "this class of characters",
			"text rlike 'a pattern of Java'");
	for (p = flags != NULL ? flags->name : ""; *p != '\0' && k < 6; p++) {
		if (strchr("ix", *p) == NULL)
			return refuse(x, flags, "this flag",
				"text rlike '(?i)pattern'");
		with[k++] = *p;
		if (*p == 'i')
			with[k++] = 'u';
	}
	buf_init(&re);
	if (k > 0)
		buf_printf(&re, "(?%.*s)", (int)k, with);
	buf_add(&re, n->name, n->nname);
	put_text(out, buf_cstr(&re), re.n);
	buf_release(&re);
	return 0;
}

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

static int
refuse_call(struct translation *x, const struct jq_node *n, const char *name)
{
	char what[100];

	snprintf(what, sizeof(what), "jq's '%.60s'", name);
	for (size_t i = 0; i < sizeof(instead) / sizeof(*instead); i++)
		if (strcmp(instead[i].name, name) == 0)
			return refuse(x, n, what, instead[i].instead);
	return refuse(x, n, what, "by functions of bief-sql(7)");
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
		return refuse(x, n, "the length of this", "size(x)");
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
		return refuse(x, n, "this of what is no text, or computed",
			"startswith(text, part), endswith, contains, "
			"array_contains");
	out->class = TRUTH;
	buf_printf(&out->sql, "%s(%.*s, ", name, (int)in->sql.n, in->sql.p);
	put_text(&out->sql, text, strlen(text));
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
		return refuse(x, n, "this of what is no text, or computed",
			"regexp_replace(text, '^part', '')");
	for (const char *p = text; *p != '\0'; p++)
		chars += (*p & 0xC0) != 0x80;
	out->class = TEXT;
	buf_printf(&out->sql, "if(%s(%.*s, ", left ? "startswith" : "endswith",
		(int)in->sql.n, in->sql.p);
	put_text(&out->sql, text, strlen(text));
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
		return refuse(x, n, "a test of what is no text",
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
		return refuse(x, n, "this split", "split(text, pattern)");
	buf_init(&re);
	for (; *sep != '\0'; sep++) {
		if (strchr("\\^$.|?*+()[]{}", *sep) != NULL)
			buf_byte(&re, '\\');
		buf_byte(&re, *sep);
	}
	buf_printf(&out->sql,
		"if(%.*s = '', cast(array() as array<string>), split(%.*s, ",
		(int)in->sql.n, in->sql.p, (int)in->sql.n, in->sql.p);
	put_text(&out->sql, buf_cstr(&re), re.n);
	buf_str(&out->sql, "))");
	buf_release(&re);
	set_type(out, &texts);
	return 0;
}

static int
call_join(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	const char *sep = text_argument(n);

	if (sep == NULL || in->class != LIST ||
		in->type->elem->kind != TYPE_STRING)
		return refuse(x, n, "this join", "array_join(array, ',')");
	buf_printf(&out->sql, "array_join(%.*s, ", (int)in->sql.n, in->sql.p);
	put_text(&out->sql, sep, strlen(sep));
	buf_str(&out->sql, ", '')");
	out->class = TEXT;
	return 0;
}

/* As text, where both languages spell it alike. */
static int
put_string(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	bool alike = in->class == TEXT || in->class == TRUTH ||
		(in->class == NUMBER && in->whole);

	if (!alike)
		return refuse(x, n, "the text of this",
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
		return refuse(x, n, "a number of this", "cast(x as double)");
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
	return refuse_call(x, n, name);
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

		piece_init(&p);
		if (n->nargs != 1 || all[i - 1]->kind != JQ_LITERAL ||
			put_literal(all[i - 1], &p) < 0 ||
			p.class != in->class) {
			buf_release(&p.sql);
			return refuse(x, n, "IN of other types, or of null",
				"x in (1, 2)");
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

static int
put_call(struct translation *x, const struct jq_node *n, const struct piece *in,
	struct piece *out)
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
		return put_string(x, n, in, out);
	if (strcmp(name, "tonumber") == 0)
		return call_number(x, n, in, out);
	if (strcmp(name, "IN") == 0)
		return call_in(x, n, in, out);
	return call_simple(x, n, in, name, out);
}

/* ---- truth ---- */

static bool
is_call(const struct jq_node *n, const char *name)
{
	return n->kind == JQ_CALL && strcmp(n->func->name, name) == 0;
}

/* True or false, of what may be null, too. */
static void
make_strict(struct piece *p)
{
	struct buf b;

	if (!p->null)
		return;
	buf_init(&b);
	buf_printf(&b, "coalesce(%s, false)", buf_cstr(&p->sql));
	buf_release(&p->sql);
	p->sql = b;
	p->null = p->compound = false;
}

static int
put_not(struct translation *x, const struct jq_node *n, const struct piece *in,
	struct piece *out)
{
	struct piece a;
	int rc;

	piece_init(&a);
	rc = put_truth(x, n, in, &a);
	if (rc == 0) {
		make_strict(&a);
		buf_str(&out->sql, "NOT ");
		put_operand(&out->sql, &a);
		out->class = TRUTH;
		out->null = false;
		out->compound = true;
	}
	buf_release(&a.sql);
	return rc;
}

/* a and b, a or b; a // b is the latter where truth is asked for. */
static int
put_both(struct translation *x, const struct jq_node *n, const struct piece *in,
	const char *word, struct piece *out)
{
	struct piece a, b;
	int rc;

	piece_init(&a);
	piece_init(&b);
	rc = put_truth(x, n->a, in, &a);
	if (rc == 0)
		rc = put_truth(x, n->b, in, &b);
	if (rc == 0) {
		put_operand(&out->sql, &a);
		buf_printf(&out->sql, " %s ", word);
		put_operand(&out->sql, &b);
		out->class = TRUTH;
		out->null = a.null || b.null;
		out->compound = true;
	}
	buf_release(&a.sql);
	buf_release(&b.sql);
	return rc;
}

/* The truth of what has a value. */
static int
put_truth_of(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	struct piece v;
	int rc;

	piece_init(&v);
	rc = put_value(x, n, in, &v);
	if (rc == 0 && v.class == TRUTH) {
		buf_add(&out->sql, v.sql.p, v.sql.n);
		out->null = v.null;
		out->compound = v.compound;
	} else if (rc == 0 && v.class == RECORD) {
		buf_str(&out->sql, "true");
		out->null = false;
	} else if (rc == 0) {
		put_operand(&out->sql, &v);
		buf_str(&out->sql, " IS NOT NULL");
		out->null = false;
		out->compound = true;
	}
	out->class = TRUTH;
	buf_release(&v.sql);
	return rc;
}

/* select(a) | b */
static int
put_selected(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	struct jq_node both = *n;

	both.a = n->a->args[0];
	return put_both(x, &both, in, "AND", out);
}

static int
put_truth(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	struct piece of;
	int rc;

	switch (n->kind) {
	case JQ_AND:
		return put_both(x, n, in, "AND", out);
	case JQ_OR:
	case JQ_DEFAULT:
		return put_both(x, n, in, "OR", out);
	case JQ_BINARY:
		if (n->op >= JQ_EQ)
			return put_binary(x, n, in, true, out);
		break;
	case JQ_CALL:
		if (is_call(n, "select"))
			return put_truth(x, n->args[0], in, out);
		break;
	case JQ_PIPE:
		if (is_call(n->b, "not"))
			return put_not(x, n->a, in, out);
		if (is_call(n->a, "select"))
			return put_selected(x, n, in, out);
		piece_init(&of);
		rc = put_value(x, n->a, in, &of);
		if (rc == 0)
			rc = put_truth(x, n->b, &of, out);
		buf_release(&of.sql);
		return rc;
	default:
		break;
	}
	return put_truth_of(x, n, in, out);
}

/* ---- values ---- */

static int
put_strict(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	int rc = put_truth(x, n, in, out);

	make_strict(out);
	return rc;
}

/* Two results of which one is taken must have a type. */
static int
put_same(struct translation *x, const struct jq_node *n, struct piece *a,
	struct piece *b, struct piece *out)
{
	struct piece *kind = a->class == NOTHING ? b : a;

	if (a->class != NOTHING && b->class != NOTHING && a->class != b->class)
		return refuse(x, n, "a choice between values of two types",
			"if(condition, cast(a as string), b)");
	out->class = kind->class;
	out->type = kind->type;
	out->whole = a->whole && b->whole;
	out->narrow = a->narrow && b->narrow;
	out->null = a->null || b->null;
	return 0;
}

static int
put_default(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	struct piece a, b;
	int rc;

	piece_init(&a);
	piece_init(&b);
	rc = put_value(x, n->a, in, &a);
	if (rc == 0)
		rc = put_value(x, n->b, in, &b);
	if (rc == 0)
		rc = put_same(x, n, &a, &b, out);
	if (rc == 0) {
		/* false gives way too. */
		buf_printf(&out->sql,
			a.class == TRUTH ? "if(%s, true, " : "coalesce(%s, ",
			buf_cstr(&a.sql));
		buf_add(&out->sql, b.sql.p, b.sql.n);
		buf_byte(&out->sql, ')');
		out->null = b.null;
	}
	buf_release(&a.sql);
	buf_release(&b.sql);
	return rc;
}

static int
put_if(struct translation *x, const struct jq_node *n, const struct piece *in,
	struct piece *out)
{
	struct piece c, a, b;
	int rc;

	piece_init(&c);
	piece_init(&a);
	piece_init(&b);
	rc = put_truth(x, n->a, in, &c);
	if (rc == 0)
		rc = put_value(x, n->b, in, &a);
	if (rc == 0 && n->c == NULL)
		rc = refuse(x, n, "an if without else", "if(a, b, c)");
	if (rc == 0)
		rc = put_value(x, n->c, in, &b);
	if (rc == 0)
		rc = put_same(x, n, &a, &b, out);
	if (rc == 0)
		buf_printf(&out->sql, "if(%s, %s, %s)", buf_cstr(&c.sql),
			buf_cstr(&a.sql), buf_cstr(&b.sql));
	buf_release(&c.sql);
	buf_release(&a.sql);
	buf_release(&b.sql);
	return rc;
}

/* "a \(.b)" */
static int
put_format(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	size_t begin;

	buf_str(&out->sql, "concat(");
	begin = out->sql.n;
	for (uint32_t i = 0; i < n->nargs; i++) {
		const struct jq_node *arg = n->args[i];
		struct piece part, text;
		int rc;

		if (arg->kind == JQ_LITERAL && arg->v.type == VALUE_STRING &&
			arg->nname == 0)
			continue;
		piece_init(&part);
		piece_init(&text);
		rc = put_value(x, arg, in, &part);
		if (rc == 0)
			rc = put_string(x, arg, &part, &text);
		buf_str(&out->sql, out->sql.n > begin ? ", " : "");
		buf_add(&out->sql, text.sql.p, text.sql.n);
		buf_release(&part.sql);
		buf_release(&text.sql);
		if (rc < 0)
			return -1;
	}
	buf_byte(&out->sql, ')');
	out->class = TEXT;
	out->null = false;
	return 0;
}

static int
put_piped(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	struct piece of;
	int rc;

	if (is_call(n->b, "not"))
		return put_not(x, n->a, in, out);
	piece_init(&of);
	rc = put_value(x, n->a, in, &of);
	if (rc == 0)
		rc = put_value(x, n->b, &of, out);
	buf_release(&of.sql);
	return rc;
}

static int
put_of(struct translation *x, const struct jq_node *n, const struct piece *in,
	struct piece *out)
{
	struct piece of;
	int rc;

	piece_init(&of);
	rc = put_value(x, n->a, in, &of);
	if (rc == 0 && n->kind == JQ_FIELD)
		rc = put_field(x, n, n->name, &of, out);
	else if (rc == 0 && of.class == NUMBER) {
		widen(&of);
		buf_byte(&out->sql, '-');
		put_operand(&out->sql, &of);
		out->class = NUMBER;
		out->whole = of.whole;
		out->null = of.null;
		out->literal = of.literal;
		out->compound = true;
	} else if (rc == 0)
		rc = refuse(x, n, "a minus in front of this", "-x");
	buf_release(&of.sql);
	return rc;
}

/* What has no counterpart by its kind. */
static int
refuse_kind(struct translation *x, const struct jq_node *n)
{
	switch (n->kind) {
	case JQ_EACH:
		return refuse(x, n, "several results for a record",
			"or put explode in front");
	case JQ_COMMA:
		return refuse(x, n, "several results for a record",
			"array(a, b), and explode behind");
	case JQ_SLICE:
		return refuse(x, n, "a slice",
			"substring(text, 1, 3) or slice(array, 1, 3)");
	case JQ_ARRAY:
		return refuse(x, n, "an array that is made",
			"array(a, b), transform, filter");
	case JQ_OBJECT:
		return refuse(x, n, "an object that is made",
			"named_struct('a', a, 'b', b)");
	case JQ_FOLD:
		return refuse(x, n, "reduce",
			"aggregate(array, 0, (sum, x) -> sum + x)");
	case JQ_TRY:
		return refuse(x, n, "try", "try_cast, or coalesce(x, y)");
	case JQ_RECURSE:
		return refuse(x, n, "'..'", "by the names of the fields");
	default:
		return refuse(x, n, "this", "by the functions of bief-sql(7)");
	}
}

static int
put_value(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	switch (n->kind) {
	case JQ_SELF:
		buf_add(&out->sql, in->sql.p, in->sql.n);
		out->class = in->class;
		out->type = in->type;
		out->whole = in->whole;
		out->narrow = in->narrow;
		out->null = in->null;
		out->literal = in->literal;
		out->compound = in->compound;
		return 0;
	case JQ_LITERAL:
		return put_literal(n, out);
	case JQ_FIELD:
	case JQ_NEGATE:
		return put_of(x, n, in, out);
	case JQ_INDEX:
		return put_index(x, n, in, out);
	case JQ_PIPE:
		return put_piped(x, n, in, out);
	case JQ_BINARY:
		return put_binary(x, n, in, false, out);
	case JQ_AND:
	case JQ_OR:
		return put_strict(x, n, in, out);
	case JQ_DEFAULT:
		return put_default(x, n, in, out);
	case JQ_IF:
		return put_if(x, n, in, out);
	case JQ_FORMAT:
		return put_format(x, n, in, out);
	case JQ_CALL:
		if (is_call(n, "not"))
			return put_not(x,
				&(struct jq_node){.kind = JQ_SELF, .at = n->at},
				in, out);
		return put_call(x, n, in, out);
	case JQ_UNKNOWN:
		return refuse_call(x, n, n->name);
	default:
		return refuse_kind(x, n);
	}
}

int
spark_jq(const char *text, const struct schema *fields, bool condition,
	struct buf *sql, struct err *err)
{
	struct translation x = {text, fields, err};
	struct piece record, out;
	struct jq_tree tree;
	int rc = jq_parse(&tree, text, err);

	piece_init(&record);
	piece_init(&out);
	record.class = RECORD;
	record.null = false;
	if (rc == 0)
		rc = condition ? put_truth(&x, tree.root, &record, &out)
			       : put_value(&x, tree.root, &record, &out);
	if (rc == 0 && out.class == RECORD)
		rc = refuse(&x, tree.root, "the whole record as a value",
			"struct(a, b)");
	if (rc == 0)
		buf_add(sql, out.sql.p, out.sql.n);
	buf_release(&record.sql);
	buf_release(&out.sql);
	jq_node_release(&tree);
	return rc;
}
