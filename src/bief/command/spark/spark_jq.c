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

#include "command/spark/spark_jq_fn.h"
#include "command/spark/spark_piece.h"

static int put_value(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out);
static int put_truth(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out);

/* ---- paths ---- */

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
		spark_piece_text(&out->sql, name, strlen(name));
		buf_byte(&out->sql, ']');
		spark_piece_set_type(out, of->type->elem);
		return 0;
	}
	if (s == NULL)
		return spark_piece_refuse(x, n,
			"a field of what is no object of known type",
			"or give a schema (parse-json --schema)");
	at = schema_find(s, name, strlen(name));
	if (at < 0)
		return err_caret(x->err, x->text, n->at, "no field '%s'", name);
	if (of->class == STRUCT) {
		buf_add(&out->sql, of->sql.p, of->sql.n);
		buf_byte(&out->sql, '.');
	}
	spark_piece_name(&out->sql, name);
	spark_piece_set_type(out, s->f[at].type);
	return 0;
}

static int
put_index(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out)
{
	bool name = n->b->kind == JQ_LITERAL && n->b->v.type == VALUE_STRING;
	struct piece of;
	int64_t i = 0;
	int rc;

	if (!name && !spark_piece_index(n->b, &i))
		return spark_piece_refuse(x, n, "an index that is computed",
			"element_at(array, index) or map[key]");
	spark_piece_init(&of);
	rc = put_value(x, n->a, in, &of);
	if (rc == 0 && name)
		rc = put_field(x, n, n->b->name, &of, out);
	else if (rc == 0 && of.class != LIST)
		rc = spark_piece_refuse(
			x, n, "an index of what is no array", "as it is");
	else if (rc == 0) {
		buf_printf(&out->sql, "%s(%s, %lld)",
			i >= 0 ? "get" : "try_element_at", buf_cstr(&of.sql),
			(long long)i);
		spark_piece_set_type(out, of.type->elem);
	}
	buf_release(&of.sql);
	return rc;
}

static int
put_binary(struct translation *x, const struct jq_node *n,
	const struct piece *in, bool loose, struct piece *out)
{
	struct piece a, b;
	int rc;

	spark_piece_init(&a);
	spark_piece_init(&b);
	rc = put_value(x, n->a, in, &a);
	if (rc == 0)
		rc = put_value(x, n->b, in, &b);
	if (rc == 0)
		rc = n->op >= JQ_EQ
			? spark_piece_comparison(x, n, &a, &b, loose, out)
			: spark_piece_arithmetic(x, n, &a, &b, out);
	buf_release(&a.sql);
	buf_release(&b.sql);
	return rc;
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

	spark_piece_init(&a);
	rc = put_truth(x, n, in, &a);
	if (rc == 0) {
		make_strict(&a);
		buf_str(&out->sql, "NOT ");
		spark_piece_operand(&out->sql, &a);
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

	spark_piece_init(&a);
	spark_piece_init(&b);
	rc = put_truth(x, n->a, in, &a);
	if (rc == 0)
		rc = put_truth(x, n->b, in, &b);
	if (rc == 0) {
		spark_piece_operand(&out->sql, &a);
		buf_printf(&out->sql, " %s ", word);
		spark_piece_operand(&out->sql, &b);
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

	spark_piece_init(&v);
	rc = put_value(x, n, in, &v);
	if (rc == 0 && v.class == TRUTH) {
		buf_add(&out->sql, v.sql.p, v.sql.n);
		out->null = v.null;
		out->compound = v.compound;
	} else if (rc == 0 && v.class == RECORD) {
		buf_str(&out->sql, "true");
		out->null = false;
	} else if (rc == 0) {
		spark_piece_operand(&out->sql, &v);
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
		spark_piece_init(&of);
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
		return spark_piece_refuse(x, n,
			"a choice between values of two types",
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

	spark_piece_init(&a);
	spark_piece_init(&b);
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

	spark_piece_init(&c);
	spark_piece_init(&a);
	spark_piece_init(&b);
	rc = put_truth(x, n->a, in, &c);
	if (rc == 0)
		rc = put_value(x, n->b, in, &a);
	if (rc == 0 && n->c == NULL)
		rc = spark_piece_refuse(
			x, n, "an if without else", "if(a, b, c)");
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
		spark_piece_init(&part);
		spark_piece_init(&text);
		rc = put_value(x, arg, in, &part);
		if (rc == 0)
			rc = spark_jq_fn_string(x, arg, &part, &text);
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
	spark_piece_init(&of);
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

	spark_piece_init(&of);
	rc = put_value(x, n->a, in, &of);
	if (rc == 0 && n->kind == JQ_FIELD)
		rc = put_field(x, n, n->name, &of, out);
	else if (rc == 0 && of.class == NUMBER) {
		spark_piece_widen(&of);
		buf_byte(&out->sql, '-');
		spark_piece_operand(&out->sql, &of);
		out->class = NUMBER;
		out->whole = of.whole;
		out->null = of.null;
		out->literal = of.literal;
		out->compound = true;
	} else if (rc == 0)
		rc = spark_piece_refuse(x, n, "a minus in front of this", "-x");
	buf_release(&of.sql);
	return rc;
}

/* What has no counterpart by its kind. */
static int
refuse_kind(struct translation *x, const struct jq_node *n)
{
	switch (n->kind) {
	case JQ_EACH:
		return spark_piece_refuse(x, n, "several results for a record",
			"or put explode in front");
	case JQ_COMMA:
		return spark_piece_refuse(x, n, "several results for a record",
			"array(a, b), and explode behind");
	case JQ_SLICE:
		return spark_piece_refuse(x, n, "a slice",
			"substring(text, 1, 3) or slice(array, 1, 3)");
	case JQ_ARRAY:
		return spark_piece_refuse(x, n, "an array that is made",
			"array(a, b), transform, filter");
	case JQ_OBJECT:
		return spark_piece_refuse(x, n, "an object that is made",
			"named_struct('a', a, 'b', b)");
	case JQ_FOLD:
		return spark_piece_refuse(x, n, "reduce",
			"aggregate(array, 0, (sum, x) -> sum + x)");
	case JQ_TRY:
		return spark_piece_refuse(
			x, n, "try", "try_cast, or coalesce(x, y)");
	case JQ_RECURSE:
		return spark_piece_refuse(
			x, n, "'..'", "by the names of the fields");
	default:
		return spark_piece_refuse(
			x, n, "this", "by the functions of bief-sql(7)");
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
		return spark_piece_literal(n, out);
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
		return spark_jq_fn(x, n, in, out);
	case JQ_UNKNOWN:
		return spark_jq_fn_refuse(x, n, n->name);
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

	spark_piece_init(&record);
	spark_piece_init(&out);
	record.class = RECORD;
	record.null = false;
	if (rc == 0)
		rc = condition ? put_truth(&x, tree.root, &record, &out)
			       : put_value(&x, tree.root, &record, &out);
	if (rc == 0 && out.class == RECORD)
		rc = spark_piece_refuse(&x, tree.root,
			"the whole record as a value", "struct(a, b)");
	if (rc == 0)
		buf_add(sql, out.sql.p, out.sql.n);
	buf_release(&record.sql);
	buf_release(&out.sql);
	jq_node_release(&tree);
	return rc;
}
