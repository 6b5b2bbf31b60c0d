/*
 * sql_impl: what the parts of SQL expressions share.  Private to sql*.c.  From
 * the top down; each uses what stands below it, and only that:
 *
 *	sql.c        expr.h's face
 *	sql_select.c select lists
 *	sql_join.c   conditions over two inputs
 *	steps/       trees whose types are known as lists of steps (step.h)
 *	sql_bind.c   names and types; casts are put in where types are known
 *	sql_parse.c  text to a tree of nodes, with sql_call.c, sql_literal.c,
 *	             sql_ddl.c and sql_tok.c (sql_parser.h)
 *	sql_fn.c     the table of all functions, operators among them
 *	sql_elsewhere.c  functions that another program has instead
 *	             the functions:
 *	sql_arith.c, sql_compare.c, sql_choice.c, sql_math.c    operators, numbers
 *	sql_text.c, sql_code.c, sql_like.c, sql_regex.c, sql_format.c    strings
 *	sql_time.c, sql_timetext.c                              times
 *	sql_make.c, sql_access.c, sql_sort.c, sql_list.c, sql_lambda.c   lists
 *	sql_json.c, sql_schema.c, sql_hash.c                    others
 *	sql_options.c                                           their options
 *	form/        what is written in a format: sql_char.c (sql_numform.c),
 *	             sql_csv.c (sql_csvline.c),
 *	             sql_url.c
 *	when/        times and intervals: sql_zones.c, sql_interval.c
 *	sql_eval.c   values; where types are not known, they are bound to the
 *	             kinds that are met, and what was found out is remembered
 *	sql_items.c  going over lists, making them (sql_items.h)
 *	sql_chars.c  strings by their characters (sql_chars.h)
 *	sql_sig.c    what signatures say
 *	sql_types.c  types that go together
 *	sql_clock.c  the calendar, the clock on the wall, words for times
 *	sql_limit.c  how large things may be
 *	sql_tree.c   memory, nodes, messages that show the place
 */
#ifndef BIEF_SQL_IMPL_H
#define BIEF_SQL_IMPL_H

#include "floor/err.h"
#include "value/record.h"
#include "expr/sql/datum/datum.h"

struct sql;
struct sql_node;

/*
 * What a function makes of the types of its arguments: it changes each to the
 * type that it wants (TYPE_UNKNOWN: as it is) and sets the type of its result.
 */
struct sql_rule {
	const struct sql_node *node;
	struct arena *arena; /* for types that are made */
	struct err *err;
	int n;
	struct ty *arg;
	struct ty result;
	bool open; /* set where it hangs on a type that is not known */
};

typedef int sql_run_fn(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out);
typedef int sql_rule_fn(struct sql_rule *r);

/* flags of functions */
#define SQL_NULLS 1     /* it gets nulls; else a null makes its result null */
#define SQL_LAZY 2      /* it evaluates its arguments itself: eval */
#define SQL_VOLATILE 4  /* not the same for the same arguments */
#define SQL_LAMBDA 8    /* the last argument is a lambda (or two) */
#define SQL_OPERATOR 16 /* not to be called by its name */
#define SQL_ZERO 32     /* the parser puts another function in its place */

/* tag of functions that take a lambda: what its variables are */
enum {
	SQL_VARS_ITEM = 1, /* an element and its place */
	SQL_VARS_TWO,      /* two elements */
	SQL_VARS_ZIP,      /* an element of each of two arrays */
	SQL_VARS_PAIR,     /* key and value */
	SQL_VARS_FOLD      /* what was made so far, and an element */
};

struct sql_fn {
	const char *name;
	/*
	 * "si?:s": the arguments, those behind ? may be missing, the last one
	 * before + may be repeated; then the result.  NULL: see rule.
	 *   s string, b boolean, i int, l bigint, d double, t timestamp,
	 *   D date, x binary, n a number, a anything, A array, M map
	 *   results also: y tinyint, 0 the type of the first argument, 1 of its elements,
	 *   S array of strings
	 */
	const char *sig;
	sql_run_fn *run;
	unsigned flags;
	sql_rule_fn *rule; /* instead of what sig says of types */
	int (*eval)(struct datum_ctx *c, struct sql_node *n, struct datum *out);
	/* Look at constant arguments when compiled: patterns and the like. */
	int (*prepare)(struct sql *x, struct sql_node *n, struct err *err);
	int tag; /* tells apart what shares run */
};

/* The tables; a NULL name ends each. */
extern const struct sql_fn sql_arith_fns[], sql_compare_fns[], sql_choice_fns[],
	sql_math_fns[], sql_text_fns[], sql_code_fns[], sql_like_fns[],
	sql_regex_fns[], sql_format_fns[], sql_time_fns[], sql_timetext_fns[],
	sql_make_fns[], sql_access_fns[], sql_sort_fns[], sql_list_fns[],
	sql_lambda_fns[], sql_json_fns[], sql_schema_fns[], sql_hash_fns[],
	sql_char_fns[], sql_csv_fns[], sql_url_fns[], sql_zones_fns[],
	sql_interval_fns[];

const struct sql_fn *sql_fn_find(const char *name, size_t n);
/* Why there is no such function, and what does its work; NULL: not known. */
const char *sql_elsewhere(const char *name);
/* The nearest name, or NULL. */
const char *sql_fn_near(const char *name);
/* All functions, for tests: i from 0, NULL at the end. */
const struct sql_fn *sql_fn_at(size_t i);
enum sql_op {
	SQL_LITERAL, /* lit */
	SQL_NAME,    /* parts; becomes SQL_FIELD or SQL_VAR */
	SQL_FIELD,   /* a field of the record */
	SQL_VAR,     /* a lambda's argument */
	SQL_MEMBER,  /* arg[0].name */
	SQL_CAST,    /* arg[0] to ty */
	SQL_CALL,    /* fn(arg...) */
	SQL_FUNCTION /* a lambda: vars, arg[0] */
};

struct sql_name {
	const char *s; /* NUL-terminated */
	uint32_t n;
};

/* What is remembered between evaluations. */
struct sql_seen {
	bool known;
	struct ty *type, *want;
	struct ty result;
};

struct sql_node {
	int (*eval)(struct datum_ctx *c, struct sql_node *n, struct datum *out);
	int (*real)(struct datum_ctx *c, struct sql_node *n,
		struct datum *out); /* behind sql_eval_constant */
	struct ty ty; /* TYPE_UNKNOWN: it shows when it is evaluated */
	struct sql_node **arg;
	int narg;
	enum sql_op op;
	const struct sql_fn *fn;
	struct sql_node *become; /* a name's tree, once bound */
	bool bound;              /* types are known, casts are in place */
	bool implicit;           /* a cast that nobody asked for */
	bool attempt;            /* try_cast: null where a value does not fit */
	bool constant; /* made of literals (and the zone and time) alone */
	const char *from, *to; /* where it stands in the text */

	struct datum lit;
	/* names */
	struct sql_name *part;
	int npart;
	int side;               /* which record */
	int var;                /* place among the variables */
	int nvar;               /* of a lambda */
	struct ty *vars;        /* their types */
	struct sql_node *outer; /* the lambda around it */
	/* where the name is among the record's fields */
	uint64_t shape_id;
	int index;
	int skip;   /* parts that the field's name takes */
	bool exact; /* the name is the schema's */
	/* Its type is that of values that came: the node without. */
	struct sql_node *open;
	struct field *field; /* instead: a field of --on */

	struct sql_seen seen;
	/* a constant's value, and what it holds for */
	struct arena keep;
	struct datum kept;
	bool is_kept;
	const void *kept_zone;
	int64_t kept_us;

	void *data; /* prepared */
	void (*free)(void *data);
	struct sql_node *all; /* of the tree, to be freed */
};

/* The type of a call's result, settled by now. */
static inline struct ty
sql_result(const struct sql_node *n)
{
	return n->bound ? n->ty : n->seen.result;
}

/* A compiled expression's memory. */
struct sql {
	const char *text; /* the copy that from and to point into */
	struct arena arena;
	struct sql_node *nodes; /* all of them */
	int nvars, maxvars;     /* in scope while binding; most at a time */
	struct sql_node *scope; /* the innermost lambda */
	/* Names are looked up here; fields[1] for conditions over two. */
	const struct schema *fields[2];
	bool two;                /* a condition over two inputs */
	const struct sql_on *on; /* its fields of --on */
	size_t non;
};

/* sql_tree.c */
void sql_tree_begin(struct sql *x, const char *text);
void sql_tree_end(struct sql *x);
struct sql_node *sql_tree_node(struct sql *x, enum sql_op op, const char *from);
/* Give a node its arguments, which are copied. */
void sql_tree_args(struct sql *x, struct sql_node *n,
	struct sql_node *const *arg, int narg);
struct sql_node *sql_tree_cast(
	struct sql *x, struct sql_node *of, struct ty to, const char *from);
struct sql_node *sql_tree_member(
	struct sql *x, struct sql_node *of, struct sql_name name);
/* A list of nodes that grows; it lives as long as the tree. */
struct sql_nodes {
	struct sql_node **p;
	int n, cap;
};
void sql_tree_add(struct sql *x, struct sql_nodes *l, struct sql_node *n);
/* Point at the place; returns -1. */
int sql_tree_refuse(const struct sql *x, const char *at, struct err *err,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* sql_parse.c, sql_bind.c */
struct sql_node *sql_parse(struct sql *x, struct err *err);
int sql_bind(struct sql *x, struct sql_node **n, struct err *err);
/*
 * A copy of a tree that is bound, bound again with types for what had none:
 * fields, and what is inside of fields, are of the types in their seen.result.
 * NULL: it cannot be bound so.
 */
struct sql_node *sql_bind_again(struct sql *x, const struct sql_node *of);
/* Is the node one of these? */
bool sql_bind_is_open(const struct sql_node *n);
/*
 * One item of a select list, from *at on.  Returns 1 if another one follows, 0
 * at the end, or -1; *n is NULL for "*", *alias where no name is given.
 */
int sql_parse_item(struct sql *x, const char **at, struct sql_node **n,
	const char **alias, struct err *err);

/* sql_eval.c */
/* Of a whole tree: what an earlier one made is gone. */
int sql_eval(struct datum_ctx *c, struct sql_node *n, struct datum *out);
/* Of what a condition gave: 1 true; 0 false or null; -1 it is neither. */
int sql_eval_true(struct datum_ctx *c, const struct datum *d);
int sql_eval_literal(
	struct datum_ctx *c, struct sql_node *n, struct datum *out);
int sql_eval_field(struct datum_ctx *c, struct sql_node *n, struct datum *out);
int sql_eval_on(struct datum_ctx *c, struct sql_node *n, struct datum *out);
int sql_eval_var(struct datum_ctx *c, struct sql_node *n, struct datum *out);
int sql_eval_member(struct datum_ctx *c, struct sql_node *n, struct datum *out);
int sql_eval_cast(struct datum_ctx *c, struct sql_node *n, struct datum *out);
/* What the cast makes of a value. */
int sql_eval_cast_value(
	struct datum_ctx *c, const struct sql_node *n, struct datum *d);
int sql_eval_call(struct datum_ctx *c, struct sql_node *n, struct datum *out);
int sql_eval_constant(
	struct datum_ctx *c, struct sql_node *n, struct datum *out);
/* Call a lambda's body with up to three values for its variables. */
int sql_eval_lambda(struct datum_ctx *c, struct sql_node *f,
	const struct datum *a, int n, struct datum *out);
/* The field of a record that a name means; NULL if there is none, -1. */
int sql_eval_find(
	struct datum_ctx *c, struct sql_node *n, const struct value **v);

/* sql_sig.c */
/* How many arguments; max is -1 for any number. */
void sql_sig_arity(const struct sql_fn *f, int *min, int *max);
/* What a function makes of types: its own rule, or what its signature says. */
int sql_sig_rule(struct sql_rule *r);
/* Functions of strings that are functions of bytes where all of their strings
 * are binary: what they give is binary then. */
int sql_sig_bytes(struct sql_rule *r);

/* sql_types.c */
/* What two values are compared as; false if they cannot be. */
bool sql_types_compare(struct ty a, struct ty b, struct ty *out);
/* One type for both branches (CASE, coalesce, array): text wins. */
bool sql_types_wider(struct arena *m, struct ty a, struct ty b, struct ty *out);
/* The same without making text of what is none (greatest, least). */
bool sql_types_tightest(
	struct arena *m, struct ty a, struct ty b, struct ty *out);
/* One type for all arguments from first on, each step-th of them; where some
 * are not known: open, and the result is the one of those that are. */
int sql_types_common(
	struct sql_rule *r, int first, int step, bool text, struct ty *common);
/* The rule of a text that is made of a text, and of nothing else. */
int sql_types_text(struct sql_rule *r);
/* "'f' takes strings, not a map"; returns -1. */
int sql_types_mismatch(struct sql_rule *r, const char *what);
/* The decimal that an integer type fits into. */
struct ty sql_types_decimal(struct ty t);

/* sql_limit.c */
/* Nothing that a function makes is larger; all that an evaluation makes has
 * four times as much room. */
#define SQL_TEXT_MAX DATUM_TEXT_MAX
/* May so many things of that size be made?  0, or -1 with a message. */
int sql_limit(struct datum_ctx *c, const struct sql_node *n, int64_t times,
	size_t size);

/* sql_compare.c */
/* Order of two values that are not null, brought together as n's operands: 1,
 * 0 if one of them cannot be read as the other's type, or -1. */
int sql_compare(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *b, int *order);

/* sql_options.c */
/* Options, map('name', 'value', ...) of texts, as argument i of n if it is there.
 * set() takes one, or returns 1: there is none of this name. */
int sql_options_read(const struct sql_node *n, int i,
	int (*set)(void *arg, const char *name, const char *v, struct err *err),
	void *arg, struct err *err);
/* "option 'mode' is want, not 'got'"; returns -1. */
int sql_options_refuse(
	struct err *err, const char *name, const char *want, const char *got);

/* sql_regex.c */
struct regex;
/* The regular expression, compiled once while it stays the same; NULL with a
 * message. */
struct regex *sql_regex_get(
	struct sql_node *n, const char *s, size_t len, struct err *err);

/* when/sql_interval.c: calendar intervals in an operation "+-*" or "/", false
 * where there is none of them; and parts of intervals, "yMdhms", or '\0'. */
bool sql_interval_rule(struct sql_rule *r, char op);
int sql_interval_run(struct datum_ctx *c, const struct sql_node *n, char op,
	const struct datum *a, struct datum *out);
struct datum sql_interval_negative(const struct datum *d);
int sql_interval_part_rule(struct sql_rule *r, char unit);
struct datum sql_interval_part(const struct datum *d, char unit);

/* sql_clock.c */
#define SQL_MONTHS_MAX (12 * 600000)
/* Days since 1970 so many months later, at the month's end at most. */
int64_t sql_clock_months(int64_t days, int64_t months);
/* The zone's wall clock: the day, and the microseconds of it. */
int64_t sql_clock_day(struct datum_ctx *c, int64_t us, int64_t *us_of_day);
/* A wall clock, of the time us. */
struct sql_wall {
	int64_t us, days, rest;
};
/* Another wall clock in the same zone: where it is there twice, or not at all,
 * the offset of the first one counts if it may. */
struct datum sql_clock_moved(const struct zone *z, const struct sql_wall *from,
	int64_t days, int64_t rest);
/* A time so many months and days later by the zone's calendar, then so many
 * microseconds; null beyond all times. */
struct datum sql_clock_shift(struct datum_ctx *c, int64_t us, int64_t months,
	int64_t days, int64_t rest_us);
/* How far apart two times are by the zone's wall clocks. */
__int128 sql_clock_span(struct datum_ctx *c, int64_t from, int64_t to);
/* Words for times, which Spark knows in literals alone: epoch, now, today ...
 * As a date or a timestamp, to *out; false if it is none of them. */
bool sql_clock_is_word(const char *s, size_t n);
bool sql_clock_word(struct datum_ctx *c, const struct datum *text, int kind,
	struct datum *out);

#endif
