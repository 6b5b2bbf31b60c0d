/*
 * jq_impl: what the parts of the jq language share.  Private to jq*.c.
 *
 * A program is parsed to a tree (parse/).  When all of it is in the part of
 * the language that we run ourselves, the tree is walked for each record
 * (eval/, fn/, on the values of value/), otherwise libjq gets
 * the program and the record (jq_lib.c; jq_helper.c where libjq could come to
 * grief, which jq_safe.c tells).  libjq is also asked when the native
 * part meets a corner that it leaves alone (JQ_ASK); so both must agree, which
 * tests/diff-jq.c checks.
 */
#ifndef BIEF_JQ_IMPL_H
#define BIEF_JQ_IMPL_H

#include "floor/arena.h"
#include "floor/buf.h"
#include "floor/err.h"
#include "text/regex.h"
#include "value/record.h"
#include "types/schema.h"
#include "expr/expr_impl.h"

/* ---- the tree ---- */

enum jq_kind {
	JQ_SELF,    /* . */
	JQ_LITERAL, /* v */
	JQ_FIELD,   /* a, name: .a.name; opt: ? follows */
	JQ_INDEX,   /* a[b]; opt */
	JQ_SLICE,   /* a[b:c]; b or c may be NULL; opt */
	JQ_EACH,    /* a[]; opt */
	JQ_PIPE,    /* a | b */
	JQ_COMMA,   /* a, b */
	JQ_NEGATE,  /* -a */
	JQ_BINARY,  /* a op b */
	JQ_AND,     /* a and b */
	JQ_OR,      /* a or b */
	JQ_DEFAULT, /* a // b */
	JQ_IF,      /* if a then b else c */
	JQ_ARRAY,   /* [a]; a may be NULL */
	JQ_OBJECT,  /* args: key, value, key, value ... */
	JQ_FORMAT,  /* args: parts of an interpolated string */
	JQ_CALL,    /* func(args), a function of ours */
	/* the rest is libjq's */
	JQ_UNKNOWN,  /* name(args), maybe a function that libjq knows */
	JQ_RECURSE,  /* .. */
	JQ_VARIABLE, /* $name */
	JQ_BIND,     /* a as PATTERN | b; args: expressions in the pattern */
	JQ_FOLD,     /* reduce or foreach a as PATTERN (b; c; args[0]) */
	JQ_TRY,      /* try a catch b, a? */
	JQ_LABEL,    /* label $x | a; break $x */
	JQ_DEFINE,   /* def name: a; b */
	JQ_ASSIGN,   /* a op= b */
	JQ_ENCODE    /* @name, with a string after it: args its parts */
};

enum jq_op {
	JQ_ADD,
	JQ_SUB,
	JQ_MUL,
	JQ_DIV,
	JQ_MOD,
	JQ_EQ,
	JQ_NE,
	JQ_LT,
	JQ_LE,
	JQ_GT,
	JQ_GE
};

struct jq_func;

struct jq_node {
	uint8_t kind; /* enum jq_kind */
	uint8_t op;   /* enum jq_op */
	bool opt;
	bool single;   /* one result exactly, or an error */
	bool distinct; /* an object's keys are constant, no two alike */
	uint32_t at;   /* where in the text */
	struct jq_node *a, *b, *c;
	struct jq_node **args;
	uint32_t nargs;
	struct value v;
	char *name; /* plain text; of a literal string too */
	uint32_t nname;
	const struct jq_func *func;
	/* caches */
	uint64_t shape; /* of the record that has the field at index */
	int index;
	struct regex *regex; /* of a pattern ... */
	char *pattern;       /* ... with this text (of a literal: its bytes) */
	size_t npattern;
	unsigned options;     /* ... and these options */
	struct jq_node *next; /* of all nodes of the tree */
};

struct jq_tree {
	struct jq_node *root;
	struct jq_node *all;
	char *text;
	uint32_t nodes;
	bool foreign; /* something in it is libjq's */
	bool defines; /* functions */
	bool modules; /* refused: it begins with import, include or module */
};

/*
 * Parse a program.  0, or -1 with a caret (STATUS_USAGE); t is good for
 * jq_node_release in any case.
 */
int jq_parse(struct jq_tree *t, const char *text, struct err *err);
void jq_node_release(struct jq_tree *t);
/* The node of a call of this function that is not ours, or NULL. */
const struct jq_node *jq_node_unknown(
	const struct jq_tree *t, const char *name, size_t n, int nargs);

/* ---- what a program looks at ---- */

struct jq_uses {
	bool whole; /* more than the fields below */
	const struct jq_node **fields;
	size_t n;
};
/*
 * Which fields of the record the program may look at; of its results only the
 * truth matters if condition is set; and the paths that it reads of the record,
 * to be watched.  With a schema, refuses
 * those that cannot be there, and finds the type of the result (owned by the
 * caller, never NULL).  0, or -1 with a caret.
 */
int jq_uses_analyse(const struct jq_tree *t, const struct schema *fields,
	bool condition, struct jq_uses *uses, struct watch *watch,
	struct type **result, struct err *err);

/* Refuse a condition that is the same for every record.  0, or -1 with a
 * caret. */
int jq_truth_check(const struct jq_tree *t, struct err *err);

/* ---- values ---- */

/*
 * Results of calls: 0; -1 with *err set; JQ_ASK: libjq should answer for this
 * record.  A function that is given a value returns 0 to go on, or JQ_STOP
 * when it has what it wanted.
 */
#define JQ_ASK (-2)
#define JQ_STOP 1

/* One evaluation.  What it makes lives until the next one begins. */
struct jq_run {
	const struct record *r;
	const struct expr_env *env;
	struct err *err;
	bool asked_time;    /* once: the results are not of the record alone */
	struct arena arena; /* memory for values */
	struct buf line;    /* the record's text */
	struct value whole; /* the record as an object, when it was made */
	bool has_whole;
	struct buf tmp;
	struct buf **bufs; /* for texts that grow, one inside the other */
	int nbufs, buf;
};

void jq_run_init(struct jq_run *run);
void jq_run_release(struct jq_run *run);
void jq_run_begin(struct jq_run *run, const struct record *r,
	const struct expr_env *env, struct err *err);
/* Memory until the next evaluation, aligned for anything. */
void *jq_run_alloc(struct jq_run *run, size_t n);
/* An empty buf; what was taken last is given back first. */
struct buf *jq_run_take(struct jq_run *run);
void jq_run_give(struct jq_run *run);
/* A copy. */
char *jq_run_keep(struct jq_run *run, const char *s, size_t n);

/*
 * The record itself is an object whose text is only made when it must be: its
 * s is NULL until jq_value_text() gives it one.
 */
static inline bool
jq_is_record(const struct value *v)
{
	return v->type == VALUE_OBJECT && v->s == NULL;
}
void jq_value_text(struct jq_run *run, struct value *v);
/* The place of the last field of this plain name, however it is spelled; -1. */
int jq_value_place(struct jq_run *run, const struct shape *shape,
	const char *name, size_t n);

/* jq's order of kinds. */
enum jq_type {
	JQ_NULL,
	JQ_FALSE,
	JQ_TRUE,
	JQ_NUMBER,
	JQ_STRING,
	JQ_LIST,
	JQ_DICT
};
extern const uint8_t
	jq_value_types[]; /* by enum value_type; booleans: JQ_FALSE */
static inline enum jq_type
jq_type(const struct value *v)
{
	return (enum jq_type)(
		jq_value_types[v->type] + (v->type == VALUE_BOOL && v->i));
}
const char *jq_value_type_name(const struct value *v);
/* A record's value as it stands in the stream, where what is no finite number
 * is a string. */
struct value jq_value_load(const struct value *v);
static inline bool
jq_truth(const struct value *v)
{
	return v->type != VALUE_NULL && (v->type != VALUE_BOOL || v->i);
}

/* A number: an integer of 64 bits, else a double. */
struct jq_value_number {
	bool exact;
	int64_t i;
	double d;
};
struct jq_value_number jq_value_number(const struct value *v);
double jq_value_double(const struct value *v);
/* What stands in the stream for a double that jq has computed: an integer if it
 * is one, null for NaN, the largest number for an infinite one. */
struct value jq_value_result(double d);
/* A double as a value; an integer if integer is asked for and it is one. */
struct value jq_value_from_double(double d, bool integer);

/* The plain text of a string (times included); it stays. */
const char *jq_value_string(
	struct jq_run *run, const struct value *v, size_t *n);
/* A string of plain text that stays. */
struct value jq_value_from_string(struct jq_run *run, const char *s, size_t n);
/* A part of the plain text of v, which was got by jq_value_string. */
struct value jq_value_substring(
	struct jq_run *run, const struct value *v, const char *s, size_t n);
/* JSON text of an array or an object, copied from b. */
struct value jq_value_from_text(
	struct jq_run *run, enum value_type type, const struct buf *b);

int jq_order(struct jq_run *run, const struct value *a, const struct value *b);
bool jq_order_equal(
	struct jq_run *run, const struct value *a, const struct value *b);

/* The members of an object, names unique, in jq's order. */
struct jq_member {
	struct value key;
	struct value v;
	const char *s; /* plain text of key */
	size_t n;
};
struct jq_member *jq_member_list(
	struct jq_run *run, const struct value *object, size_t *n);
/* A later member of the same name replaces the first, in its place; returns
 * how many are left. */
size_t jq_member_unique(struct jq_run *run, struct jq_member *m, size_t n);
/* Put them in order of their names. */
void jq_member_sort(struct jq_member *m, size_t n);
int jq_member_compare(const void *x, const void *y);
/* The object that has them. */
void jq_member_object(struct jq_run *run, const struct jq_member *m, size_t n,
	struct value *out);

/* Append as jq itself prints a value: tostring. */
void jq_dump(struct jq_run *run, const struct value *v, struct buf *out);
/* The same as a string. */
struct value jq_dump_tostring(struct jq_run *run, const struct value *v);

/* Before, "number (1)", after: as jq says it; returns -1. */
int jq_refuse(struct jq_run *run, const char *before, const struct value *v,
	const char *after);
int jq_refuse_two(struct jq_run *run, const struct value *a,
	const struct value *b, const char *what);

/* ---- evaluation ---- */

typedef int jq_emit(struct jq_run *run, void *arg, const struct value *v);

/* A single node. */
int jq_eval_one(struct jq_run *run, struct jq_node *n, const struct value *in,
	struct value *out);
/* Any node: 0, an error, JQ_ASK, or what emit returned when not 0. */
int jq_eval_each(struct jq_run *run, struct jq_node *n, const struct value *in,
	jq_emit *emit, void *arg);

int jq_binary(struct jq_run *run, enum jq_op op, const struct value *a,
	const struct value *b, struct value *out);
int jq_binary_negate(
	struct jq_run *run, const struct value *a, struct value *out);
void jq_binary_join(struct jq_run *run, const struct value *a,
	const struct value *b, struct value *out);

/* .name, [at] and [from:to] of a value. */
int jq_access_field(struct jq_run *run, struct jq_node *n,
	const struct value *of, struct value *out);
int jq_access_index(struct jq_run *run, const struct value *of,
	const struct value *at, struct value *out);
int jq_access_slice(struct jq_run *run, const struct value *of,
	const struct value *from, const struct value *to, struct value *out);

/* The elements or members of a value; with opt none of what has none. */
int jq_access_each(struct jq_run *run, const struct value *of, bool opt,
	jq_emit *emit, void *arg);
/* An emit that appends v to a struct buf that began with '['. */
int jq_put_append(struct jq_run *run, void *arg, const struct value *v);
/* Take the text of jq_run_take(), ended with this bracket, and give it back. */
struct value jq_value_finish(struct jq_run *run, char bracket);

/* The array of the parts of a between the b's; both are strings. */
/* Text in its own place; false for a number that is not finite. */
bool jq_put_settle(struct jq_run *run, struct value *v);
/* How many characters of UTF-8. */
size_t jq_put_count(const char *s, size_t n);
/* The next one. */
const char *jq_put_next(const char *p, const char *end);
int jq_put_split(struct jq_run *run, const struct value *a,
	const struct value *b, struct value *out);

/* A function of the native part. */
struct jq_func {
	const char *name;
	uint32_t nargs;
	/* one result; the arguments have been evaluated ... */
	int (*one)(struct jq_run *run, struct jq_node *n,
		const struct value *in, const struct value *a,
		struct value *out);
	/* ... or any number of them; it evaluates n->args itself */
	int (*each)(struct jq_run *run, struct jq_node *n,
		const struct value *in, jq_emit *emit, void *arg);
	uint8_t flags;
	enum type_kind type;
};
#define JQ_ALWAYS 1  /* each gives one result exactly */
#define JQ_LAZY 2    /* its arguments may have any number of results */
#define JQ_REGEX 4   /* its first argument is a regular expression */
#define JQ_REPLACE 8 /* its second one is what matches are replaced by */
/* Refuse a literal that is no regular expression.  0, or -1 with a caret. */
int jq_regex_check(const struct jq_tree *t, struct err *err);
/* NULL ends the families, a name that is NULL each of them. */
extern const struct jq_func *const jq_func_families[];
const struct jq_func *jq_func_find(const char *name, size_t n, uint32_t nargs);

/* ---- dates, as the C library's strptime and strftime have them ---- */
int jq_date_from(struct jq_run *run, const struct value *in, struct value *out);
int jq_date_strptime(struct jq_run *run, const struct value *in,
	const struct value *format, struct value *out);
int jq_date_mktime(
	struct jq_run *run, const struct value *in, struct value *out);
int jq_date_strftime(struct jq_run *run, const struct value *in,
	const char *format, struct value *out);

/* ---- libjq ---- */

struct jq_lib;
/*
 * Compile a program for libjq.  NULL with a caret where the place is known
 * (t tells), STATUS_USAGE.
 */
struct jq_lib *jq_lib_new(
	const struct jq_tree *t, const struct jq_uses *uses, struct err *err);
void jq_lib_free(struct jq_lib *lib);
/* The library that is open is newer than jq 1.6, whose answers ours are. */
bool jq_lib_newer(void);
/*
 * Run it on a record: start, then next until it returns 0 (no more results) or
 * -1 with a message; 1: *v is the next result.  The values live until the next
 * start.  All results are to be asked for, up to the last use of lib.
 */
int jq_lib_start(struct jq_lib *lib, const struct record *r,
	const struct expr_env *env, struct err *err);
int jq_lib_next(struct jq_lib *lib, struct value *v, struct err *err);
/* The text of the record, as far as the program may look at it. */
void jq_lib_print(struct jq_lib *lib, const struct record *r, struct buf *out);

/* Can the program neither run for ever, nor eat memory, nor break libjq 1.6,
 * whatever the record? */
bool jq_safe(const struct jq_tree *t);

/*
 * The same in a process of its own, for programs that are not safe: it may be
 * ended at any time, so not all results need be asked for.  A value lives until
 * the second call of next after it.  speaks: the program writes to standard
 * error.  Returns EXPR_ENDED as in expr.h.
 */
struct jq_helper;
struct jq_helper *jq_helper_new(struct jq_lib *lib, bool speaks);
void jq_helper_free(struct jq_helper *h);
int jq_helper_start(struct jq_helper *h, const struct record *r,
	const struct expr_env *env, struct err *err);
int jq_helper_next(struct jq_helper *h, struct value *v, struct err *err);

#endif
