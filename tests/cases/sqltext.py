"""The small SQL of the Spark cases: expressions are read, columns resolved,
and written again as Spark's SQL over the fields of a stream.

In the cases a time is a number of seconds, so "ts2 + 10" adds ten seconds to
a timestamp and "a.end - a.start" is a number of seconds."""
import re

TOKEN = re.compile(r"""\s*(?:
    (?P<number>\d+\.\d+|\d+)
  | (?P<string>'(?:[^'\\]|\\.|'')*')
  | (?P<name>[A-Za-z_][A-Za-z_0-9]*|`[^`]+`)
  | (?P<op><=>|<=|>=|!=|<>|==|\|\||->|[-+*/%=<>(),.\[\]])
)""", re.X)

TIME, DATE, LONG, DOUBLE, STRING, BOOLEAN, OTHER = \
    "timestamp", "date", "bigint", "double", "string", "boolean", None

CASTS = {"int": LONG, "bigint": LONG, "long": LONG, "string": STRING,
         "double": DOUBLE, "float": DOUBLE, "boolean": BOOLEAN,
         "timestamp": TIME, "date": DATE}


# What a case calls the time of the batch.
CLOCK = {"batch_time": ("current_timestamp()", TIME),
         "batch_time_ms": ("unix_millis(current_timestamp())", LONG),
         "batch_date": ("current_date()", DATE),
         "batch_day": ("unix_date(current_date())", LONG)}


class SqlError(Exception):
    pass


class Name:
    def __init__(self, parts):
        self.parts = parts


class Literal:
    def __init__(self, text, type_):
        self.text, self.type = text, type_


class Call:
    def __init__(self, fn, args):
        self.fn, self.args = fn, args


class Cast(Call):
    """cast(x as a type), which may have brackets: decimal(10,2)"""

    def __init__(self, value, type_):
        super().__init__("cast", [value])
        self.to = type_


class Op:
    """Unary or binary operator; fn is its sign, in capitals."""

    def __init__(self, fn, args):
        self.fn, self.args = fn, args


class Reader:
    def __init__(self, text):
        self.text = text
        self.tokens = []
        at = 0
        while text[at:].strip():
            m = TOKEN.match(text, at)
            if m is None:
                raise SqlError(f"cannot read '{text[at:]}' in '{text}'")
            kind = m.lastgroup
            self.tokens.append((kind, m.group(kind)))
            at = m.end()
        self.tokens.append(("end", ""))
        self.at = 0

    def peek(self, *words):
        kind, text = self.tokens[self.at]
        if kind == "string" or text == "":
            return None
        return text.upper() if text.upper() in words else None

    def take(self, *words):
        found = self.peek(*words)
        if found:
            self.at += 1
        return found

    def need(self, word):
        if not self.take(word):
            raise SqlError(f"'{word}' expected in '{self.text}'")

    def done(self):
        return self.tokens[self.at][0] == "end"

    def expr(self):
        return self.binary(self.both, "OR")

    def binary(self, below, *ops):
        left = below()
        while True:
            op = self.take(*ops)
            if not op:
                return left
            left = Op(op, [left, below()])

    def both(self):
        return self.binary(self.negation, "AND")

    def negation(self):
        if self.take("NOT"):
            return Op("NOT", [self.negation()])
        return self.comparison()

    def comparison(self):
        left = self.sum()
        if self.take("IS"):
            negated = self.take("NOT")
            self.need("NULL")
            return Op("IS NOT NULL" if negated else "IS NULL", [left])
        if self.take("CONTAINS"):
            return Call("contains", [left, self.sum()])
        negated = self.take("NOT")
        if self.take("IN"):
            self.need("(")
            args = [left] + self.arguments()
            node = Op("IN", args)
        elif self.take("BETWEEN"):
            low = self.sum()
            self.need("AND")
            node = Op("AND", [Op(">=", [left, low]),
                              Op("<=", [left, self.sum()])])
        elif self.take("LIKE"):
            node = Op("LIKE", [left, self.sum()])
        else:
            op = self.take("<=>", "<=", ">=", "<>", "!=", "==", "=", "<", ">")
            if not op:
                return left
            return Op({"==": "=", "<>": "!="}.get(op, op),
                      [left, self.sum()])
        return Op("NOT", [node]) if negated else node

    def sum(self):
        return self.binary(self.product, "+", "-", "||")

    def product(self):
        return self.binary(self.unary, "*", "/", "%")

    def unary(self):
        if self.take("-"):
            return Op("NEG", [self.unary()])
        return self.primary()

    def listed(self, end):
        args = []
        if self.take(end):
            return args
        while True:
            args.append(self.expr())
            if self.take(end):
                return args
            self.need(",")

    def arguments(self):
        self.distinct = bool(self.take("DISTINCT"))
        return self.listed(")")

    def case(self):
        """CASE [x] WHEN a THEN b ... [ELSE c] END"""
        value = None if self.peek("WHEN") else self.expr()
        args = []
        while self.take("WHEN"):
            test = self.expr()
            args.append(test if value is None else Op("=", [value, test]))
            self.need("THEN")
            args.append(self.expr())
        args.append(self.expr() if self.take("ELSE") else
                    Literal("NULL", OTHER))
        self.need("END")
        return Op("CASE", args)

    def call(self, name):
        """name(...), the bracket read"""
        self.distinct = False
        args = self.arguments()
        return Call(name + ("_distinct" if self.distinct else ""), args)

    def type_name(self):
        """A type, as it is written: decimal(10, 2), array<int>"""
        out, depth = "", 0
        while True:
            kind, text = self.tokens[self.at]
            if kind == "end" or (depth == 0 and text in (")", ",")):
                return out.lower()
            depth += (text in "(<") - (text in ")>")
            out += text + (" " if text == "," else "")
            self.at += 1

    def primary(self):
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return Literal(text, DOUBLE if "." in text else LONG)
        if kind == "string":
            return Literal(text, STRING)
        if text == "(":
            first = self.expr()
            if self.take(","):
                return Call("struct", [first] + self.arguments())
            self.need(")")
            return first
        if text == "*":
            return Name(["*"])
        if text == "[":
            return Call("array", self.listed("]"))
        if kind != "name":
            raise SqlError(f"'{text}' is not expected in '{self.text}'")
        if text.upper() in ("NULL", "TRUE", "FALSE"):
            return Literal(text.upper(),
                           OTHER if text.upper() == "NULL" else BOOLEAN)
        if text.upper() == "CASE" and not self.peek(".", "("):
            return self.case()
        if text.upper() == "CAST" and self.take("("):
            value = self.expr()
            self.need("AS")
            type_ = self.type_name()
            self.need(")")
            return Cast(value, type_)
        parts = [text.strip("`")]
        while self.take("."):
            parts.append(self.tokens[self.at][1].strip("`"))
            self.at += 1
        if self.take("("):
            return self.call(".".join(parts))
        return Name(parts)


def read(text):
    r = Reader(text)
    node = r.expr()
    if not r.done():
        raise SqlError(f"'{text}' goes on after an expression")
    return node


def item(text):
    """'expr as name': (name or None, expr)"""
    r = Reader(text)
    node = r.expr()
    name = None
    if r.take("AS"):
        name = r.tokens[r.at][1].strip("`")
        r.at += 1
    if not r.done():
        raise SqlError(f"'{text}' is no item of a select list")
    if name is None:
        name = node.parts[-1] if isinstance(node, Name) else text
    return name, node


def parts(text, brackets="()[]{}"):
    """What the commas outside of brackets and quotes part: the items of a
    select list; of a list of such texts, all of them."""
    if not isinstance(text, str):
        return [p for t in text for p in parts(t, brackets)]
    out, depth, quote_, start = [], 0, None, 0
    for i, c in enumerate(text):
        if quote_:
            quote_ = None if c == quote_ and text[i - 1] != "\\" else quote_
        elif c in "'`\"":
            quote_ = c
        elif c in brackets[::2]:
            depth += 1
        elif c in brackets[1::2]:
            depth -= 1
        elif c == "," and depth == 0:
            out.append(text[start:i].strip())
            start = i + 1
    return out + [text[start:].strip()]


def names(node):
    """Every Name in a tree."""
    if isinstance(node, Name):
        return [node]
    return [n for a in getattr(node, "args", []) for n in names(a)]


def conjuncts(node):
    if isinstance(node, Op) and node.fn == "AND":
        return conjuncts(node.args[0]) + conjuncts(node.args[1])
    return [node]


def quote(field):
    return "`" + field + "`"


class Writer:
    """Writes a tree; resolve(parts) gives (sql, type) of a column."""

    def __init__(self, resolve):
        self.resolve = resolve

    def __call__(self, node):
        return self.write(node)

    def write(self, node):
        if isinstance(node, Literal):
            return node.text, node.type
        if isinstance(node, Name):
            if len(node.parts) == 1 and node.parts[0] in CLOCK:
                return CLOCK[node.parts[0]]
            return self.resolve(node.parts)
        if isinstance(node, Call):
            return self.call(node)
        return self.operator(node)

    def call(self, node):
        fn = node.fn.lower()
        if fn == "window_time":
            return self.resolve(node.args[0].parts + ["time"])
        args = [self.write(a) for a in node.args]
        if isinstance(node, Cast):
            return f"cast({args[0][0]} as {node.to})", \
                CASTS.get(node.to, OTHER)
        if fn == "struct":
            # A tuple of Scala: its fields go by their places.
            fields = [f"'_{i + 1}', {a}" for i, (a, _) in enumerate(args)]
            return f"named_struct({', '.join(fields)})", OTHER
        if fn in CASTS and len(args) == 1:
            return f"cast({args[0][0]} as {fn})", CASTS[fn]
        type_ = {"length": LONG, "size": LONG, "split": "array<string>",
                 "contains": BOOLEAN, "upper": STRING, "lower": STRING,
                 "concat": STRING, "abs": args[0][1] if args else OTHER,
                 "unix_micros": LONG, "unix_millis": LONG,
                 "unix_seconds": LONG, "current_timestamp": TIME,
                 "current_date": DATE, "date_sub": DATE, "date_add": DATE
                 }.get(fn, OTHER)
        return f"{node.fn}({', '.join(a for a, _ in args)})", type_

    def operator(self, node):
        args = [self.write(a) for a in node.args]
        fn = node.fn
        if fn == "NEG":
            return f"(- {args[0][0]})", args[0][1]
        if fn in ("IS NULL", "IS NOT NULL"):
            return f"({args[0][0]} {fn})", BOOLEAN
        if fn == "CASE":
            tests = zip(args[:-1:2], args[1::2])
            return "(CASE " + " ".join(
                f"WHEN {a} THEN {b}" for (a, _), (b, _) in tests) + \
                f" ELSE {args[-1][0]} END)", args[1][1]
        if fn == "NOT":
            return f"(NOT {args[0][0]})", BOOLEAN
        if fn == "IN":
            rest = ", ".join(a for a, _ in args[1:])
            return f"({args[0][0]} IN ({rest}))", BOOLEAN
        (a, ta), (b, tb) = args
        if fn in ("+", "-") and ta == DATE and tb == LONG:
            return f"date_add({a}, cast({fn}{b} as int))", DATE
        if fn in ("+", "-") and ta == TIME and tb in (LONG, DOUBLE):
            return f"({a} {fn} interval {b} seconds)", TIME
        if fn == "-" and ta == TIME and tb == TIME:
            return f"(cast({a} as bigint) - cast({b} as bigint))", LONG
        if fn in ("=", "!=", "<", "<=", ">", ">=", "<=>"):
            if ta == TIME and tb == LONG:
                b = f"timestamp_seconds({b})"
            elif tb == TIME and ta == LONG:
                a = f"timestamp_seconds({a})"
            elif ta == DATE and tb == LONG:
                b = f"date_from_unix_date(cast({b} as int))"
            elif tb == DATE and ta == LONG:
                a = f"date_from_unix_date(cast({a} as int))"
            return f"({a} {fn} {b})", BOOLEAN
        if fn in ("AND", "OR", "LIKE"):
            return f"({a} {fn} {b})", BOOLEAN
        type_ = DOUBLE if fn == "/" or DOUBLE in (ta, tb) else \
            LONG if ta == tb == LONG else OTHER
        if fn == "||":
            type_ = STRING
        return f"({a} {fn} {b})", type_
