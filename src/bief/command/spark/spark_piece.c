/*
 * spark_piece: pieces of SQL that jq's values become: literals, names,
 * comparisons, arithmetic.  Null is where the languages differ: jq's is less than
 * all else and adds nothing, SQL's makes a null of what it touches, so coalesce
 * stands wherever one could show.
 */
#include "command/spark/spark_piece.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const signs[] = {[JQ_ADD] = "+",
	[JQ_SUB] = "-",
	[JQ_MUL] = "*",
	[JQ_DIV] = "/",
	[JQ_MOD] = "%",
	[JQ_LT] = "<",
	[JQ_LE] = "<=",
	[JQ_GT] = ">",
	[JQ_GE] = ">="};

void
spark_piece_init(struct piece *p)
{
	memset(p, 0, sizeof(*p));
	buf_init(&p->sql);
	p->class = OTHER;
	p->null = true;
}

int
spark_piece_refuse(struct translation *x, const struct jq_node *n,
	const char *what, const char *instead)
{
	return err_caret(x->err, x->text, n->at,
		"%s has no counterpart that means the same in Spark: say it "
		"with --sql, %s",
		what, instead);
}

/* Append a piece as an operand. */
void
spark_piece_operand(struct buf *b, struct piece *p)
{
	if (p->compound)
		buf_byte(b, '(');
	buf_add(b, p->sql.p, p->sql.n);
	if (p->compound)
		buf_byte(b, ')');
}

void
spark_piece_text(struct buf *b, const char *s, size_t n)
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
void
spark_piece_set_type(struct piece *p, const struct type *t)
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

void
spark_piece_name(struct buf *b, const char *name)
{
	if (is_word_of_sql(name))
		buf_printf(b, "`%s`", name);
	else
		python_name(b, name);
}

/* An index as it stands: 1, and minus 1 is no literal; false: neither. */
bool
spark_piece_index(const struct jq_node *n, int64_t *i)
{
	bool minus = n->kind == JQ_NEGATE;

	n = minus ? n->a : n;
	if (n->kind != JQ_LITERAL || n->v.type != VALUE_INT)
		return false;
	*i = minus ? -n->v.i : n->v.i;
	return true;
}

int
spark_piece_literal(const struct jq_node *n, struct piece *out)
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
		spark_piece_text(&out->sql, n->name, n->nname);
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

/* a == b, where one of them is null as it stands. */
static void
put_is_null(enum jq_op op, struct piece *a, struct piece *b, struct piece *out)
{
	spark_piece_operand(&out->sql, a->class == NOTHING ? b : a);
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
	spark_piece_operand(&out->sql, a);
	buf_str(&out->sql, plain ? " = " : " <=> ");
	spark_piece_operand(&out->sql, b);
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
		spark_piece_operand(out, less);
		buf_str(out, " IS NULL");
		if (op == JQ_LT || op == JQ_GT) {
			buf_str(out, " AND ");
			spark_piece_operand(out, more);
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
	spark_piece_operand(&out->sql, a);
	buf_printf(&out->sql, " %s ", signs[op]);
	spark_piece_operand(&out->sql, b);
	if (!plain) {
		buf_str(&out->sql, ", ");
		put_order_of_null(op, a, b, &out->sql);
		buf_byte(&out->sql, ')');
	}
	out->null = plain && (a->null || b->null);
	out->compound = plain;
}

int
spark_piece_comparison(struct translation *x, const struct jq_node *n,
	struct piece *a, struct piece *b, bool loose, struct piece *out)
{
	bool equality = n->op == JQ_EQ || n->op == JQ_NE;

	out->class = TRUTH;
	if (equality && (a->class == NOTHING) != (b->class == NOTHING)) {
		put_is_null((enum jq_op)n->op, a, b, out);
		return 0;
	}
	if (a->class != b->class || a->class == OTHER || a->class == RECORD ||
		a->class == MAP || a->class == NOTHING)
		return spark_piece_refuse(x, n,
			"a comparison of values whose types differ or are "
			"times, decimals or not known",
			"time > timestamp '2026-01-01 00:00:00', or cast(x as "
			"double) > 1");
	if (equality)
		put_equal((enum jq_op)n->op, a, b, loose, out);
	else if (a->class == LIST || a->class == STRUCT)
		return spark_piece_refuse(x, n, "an order of arrays or objects",
			"field by field");
	else
		put_order((enum jq_op)n->op, a, b, loose, out);
	return 0;
}

/* Of 64 bits, as all integers of jq's here. */
void
spark_piece_widen(struct piece *p)
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
	spark_piece_operand(&out->sql, a);
	buf_str(&out->sql, a->class == TEXT ? " || " : " + ");
	spark_piece_operand(&out->sql, b);
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

int
spark_piece_arithmetic(struct translation *x, const struct jq_node *n,
	struct piece *a, struct piece *b, struct piece *out)
{
	if (n->op == JQ_ADD && a->class == TEXT && b->class == TEXT) {
		put_sum(a, b, out);
		out->class = TEXT;
		return 0;
	}
	if (a->class != NUMBER || b->class != NUMBER)
		return spark_piece_refuse(x, n,
			"arithmetic with what is no number of known type",
			"such as a || b, array_union, split, cast");
	if (n->op == JQ_MOD && !(a->whole && b->whole))
		return spark_piece_refuse(x, n,
			"the rest of a division of fractions",
			"cast(a as bigint) % cast(b as bigint)");
	spark_piece_widen(a);
	spark_piece_widen(b);
	out->class = NUMBER;
	out->whole = a->whole && b->whole && n->op != JQ_DIV;
	if (n->op == JQ_ADD) {
		put_sum(a, b, out);
		return 0;
	}
	spark_piece_operand(&out->sql, a);
	buf_printf(&out->sql, " %s ", signs[n->op]);
	spark_piece_operand(&out->sql, b);
	out->compound = true;
	return 0;
}
