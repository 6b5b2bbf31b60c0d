"""Queries of the Spark cases as pipelines: a tree of programs, and what the
columns of the query are called in the records."""
import re

import sqltext
from common import NotExpressible

TIME = sqltext.TIME


class Source:
    """Where a pipeline begins: a source of the case."""

    def __init__(self, name, options=None):
        self.name = name
        self.options = options or {}
        self.inputs = []


class Program:
    """A program and what it reads; a number in argv is one of its inputs."""

    def __init__(self, argv, inputs, stateful=False):
        self.argv = argv
        self.inputs = inputs
        self.stateful = stateful
        self.progress = None

    @property
    def name(self):
        return self.argv[0]


def programs(node, seen=None):
    """All programs of a tree in data-flow order, each once."""
    seen = [] if seen is None else seen
    for i in node.inputs:
        programs(i, seen)
    if isinstance(node, Program) and node not in seen:
        seen.append(node)
    return seen


def made_by(program):
    """The fields that a program adds."""
    if program.name == "window":
        return {"window_start", "window_end"}
    return {program.argv[2].split(" = ")[0].strip("`")}


class Column:
    """A column of a query: a field; or a window, with two."""

    def __init__(self, field, type_=None, end=None):
        self.field = field
        self.type = type_
        self.end = end

    @property
    def window(self):
        return self.end is not None


def ddl_type(values):
    """The type of a source's column from the values of the case."""
    values = [v for v in values if v is not None]
    if not values:
        return "string"
    v = values[0]
    if isinstance(v, bool):
        return "boolean"
    if all(isinstance(x, int) for x in values):
        return "bigint"
    if all(isinstance(x, (int, float)) or is_number(x) for x in values) and \
            any(not isinstance(x, str) or is_number(x) for x in values):
        return "double"
    if isinstance(v, dict):
        keys = list(dict.fromkeys(k for x in values for k in x))
        return "struct<" + ", ".join(
            f"{k}: {ddl_type([x.get(k) for x in values])}"
            for k in keys) + ">"
    if isinstance(v, list):
        return "array<" + ddl_type([e for x in values for e in x]) + ">"
    return "string"


def is_number(x):
    """A number with a point, as the cases are read (common.Text)."""
    return type(x).__name__ == "Text"


AGGREGATES = ("count", "sum", "avg", "min", "max", "stddev", "stddev_pop",
              "variance", "var_pop", "first", "last", "collect_list",
              "collect_set", "count_distinct", "approx_count_distinct")
# Functions that are an aggregate and what is made of it.
COMBINED = {
    "size(collect_set)": ("collect_set", "size({})"),
    "size(collect_list)": ("collect_list", "size({})"),
    "sum_distinct": ("collect_set", "aggregate({}, cast(0 as bigint), "
                     "(acc, x) -> acc + x)"),
}
# A filter behind all else of a query.
AFTER = ("where_after", "filter_after")


def listed(x):
    return x if isinstance(x, list) else [x]


class Relation:
    def __init__(self, node, columns, sides=None):
        self.node = node
        self.columns = columns     # name -> Column
        self.sides = sides or {}   # "left", "right" -> name -> Column
        self.event = None          # the column of the watermark

    def find(self, parts):
        """Column and what is left of the name."""
        if parts[0] in self.sides and len(parts) > 1:
            table, parts = self.sides[parts[0]], parts[1:]
        else:
            table = self.columns
        low = {n.lower(): c for n, c in table.items()}
        column = table.get(parts[0]) or low.get(parts[0].lower())
        if column is None:
            raise Unknown(".".join(parts))
        return column, parts[1:]

    def resolve(self, parts):
        column, rest = self.find(parts)
        if not column.window:
            sql = ".".join(map(sqltext.quote, [column.field] + rest))
            return sql, column.type if not rest else None
        start, end = map(sqltext.quote, (column.field, column.end))
        if not rest:
            return f"struct({start} as start, {end} as end)", None
        if rest == ["start"]:
            return start, TIME
        if rest == ["end"]:
            return end, TIME
        return f"({end} - interval 1 microsecond)", TIME

    def sql(self, node):
        if isinstance(node, str):
            node = sqltext.read(node)
        return sqltext.Writer(self.resolve)(node)

    def fields(self):
        """Fields of the visible columns."""
        return [f for c in self.columns.values()
                for f in ([c.field, c.end] if c.window else [c.field])]


class Unknown(Exception):
    """No such column: bief has to refuse it itself."""


class Query:
    """Makes the pipeline of a query.  sources: name -> all records."""

    def __init__(self, query, sources, table, mode=None, conf=None):
        self.query = query
        self.sources = sources
        self.table = table       # rows -> path of a static table
        self.mode = mode or query.get("mode")
        self.conf = conf or query.get("conf") or {}
        self.columns = []        # of a source that never gives a record
        self.times = set()
        self.gather_times(query)
        self.hints = {}          # source -> columns that a join asks for
        self.gather_hints(query)
        self.temporary = 0

    @property
    def batch(self):
        return self.mode in (None, "batch")

    # ---- names that are times ----

    def gather_times(self, q):
        if isinstance(q, list):
            for x in q:
                self.gather_times(x)
        if not isinstance(q, dict):
            return
        for key in ("window", "session", "watermark", "time_range"):
            o = q.get(key)
            if isinstance(o, dict):
                self.times.update(x for x in (
                    o.get("time"), o.get("field"), o.get("left"),
                    o.get("right")) if isinstance(x, str))
        if q.get("op") in ("watermark", "window", "session_window"):
            self.times.update(x for x in (q.get("time"), q.get("field"))
                              if isinstance(x, str))
        for x in q.values():
            self.gather_times(x)

    def gather_hints(self, q):
        """Columns of sources that never give a record."""
        if isinstance(q, list):
            for x in q:
                self.gather_hints(x)
        if not isinstance(q, dict):
            return
        if q.get("op") == "join":
            _, pairs = self.conditions(q)
            for i, side in enumerate(("left", "right")):
                spec = q[side]
                names = [p[i] for p in pairs]
                names.append((q.get("time_range") or {}).get(side))
                names.append((spec.get("watermark") or {}).get("field"))
                computed = spec.get("columns") or {}
                self.hints.setdefault(spec.get("source"), []).extend(
                    n for n in names if n and n not in computed and
                    re.match(r"\w+$", n))
        for x in q.values():
            self.gather_hints(x)

    # ---- small steps ----

    def add(self, rel, argv, stateful=False):
        rel.node = Program(argv, [rel.node], stateful)

    def temp(self):
        self.temporary += 1
        return f"tmp{self.temporary}"

    def derive(self, rel, field, sql):
        self.add(rel, ["derive", "--sql", f"{field} = {sql}"])

    def source(self, name, options=None, schema=None):
        """A source with the schema of the case's records."""
        records = self.sources.get(name)
        if records is None:
            if name in (None, "input") and len(self.sources) == 1:
                name, records = next(iter(self.sources.items()))
            else:
                self.sources[name] = records = []
        columns = {}
        types = schema or {}
        if not any(records):
            records = [{k: None for k in self.hints.get(name, []) +
                        self.columns}]
        for k in dict.fromkeys(k for r in records for k in r):
            types.setdefault(k, ddl_type([r.get(k) for r in records]))
        for k, t in types.items():
            if k in self.times and schema is None:
                t = TIME
            columns[k] = Column(k, t)
        node = Source(name, options)
        ddl = ", ".join(f"`{k}` {c.type}" for k, c in columns.items())
        if not columns:
            ddl = "value string"
        return Relation(Program(["parse-json", "--schema", ddl], [node]),
                        columns)

    def as_time(self, sql, type_):
        if type_ == TIME:
            return sql
        if type_ in (sqltext.LONG, sqltext.DOUBLE):
            return f"timestamp_seconds({sql})"
        return f"cast({sql} as timestamp)"

    def computed(self, rel, columns):
        """New columns; all of them are made of the old ones."""
        made = {}
        # A column that takes the place of one comes when nobody reads that
        # any more.
        for name, text in sorted(columns.items(),
                                 key=lambda x: x[0] in rel.columns):
            sql, type_ = rel.sql(str(text))
            if name in self.times:
                sql, type_ = self.as_time(sql, type_), TIME
            if name in rel.columns and rel.columns[name].field == name and \
                    sql == sqltext.quote(name):
                made[name] = rel.columns[name]
                continue
            self.derive(rel, name, sql)
            made[name] = Column(name, type_)
        for name in columns:
            rel.columns[name] = made[name]
        return rel

    def filtered(self, rel, text):
        """Spark moves a filter in front of a watermark whose event time it
        does not use, so that what it drops does not move that."""
        sql = rel.sql(text)[0]
        used = set(re.findall(r"`([^`]+)`", sql))
        at = rel.node
        while isinstance(at, Program) and at.name in ("derive", "window") \
                and not used & made_by(at):
            at = at.inputs[0]
        if isinstance(at, Program) and at.name == "watermark" and \
                at.argv[2].strip("`") not in used:
            at.inputs[0] = Program(["filter", "--sql", sql], at.inputs[:1])
        else:
            self.add(rel, ["filter", "--sql", sql])
        return rel

    def marked(self, rel, w):
        """withWatermark"""
        if not w:
            return rel
        argv = ["watermark", "--on", self.field(rel, w["field"]), "--delay",
                w["delay"]]
        if self.batch:
            # Nothing is late in a batch: no batches, no watermark after it.
            self.add(rel, argv + ["--plain"])
            return rel
        self.add(rel, argv)
        rel.event = w["field"]
        return rel

    def field(self, rel, name):
        """A column that is no more than a field."""
        try:
            column, rest = rel.find(name.split("."))
        except Unknown:
            return name
        if column.window:
            if rest in (["start"], ["end"]):
                return column.field if rest == ["start"] else column.end
            return "window"
        return ".".join([column.field] + rest)

    # ---- windows ----

    def windowed(self, rel, w, name, plain=False):
        """Window columns by a window or session of the query.  plain: no
        aggregation follows, which has to know of sessions."""
        self.rename_window(rel, name)
        time = w["time"]
        m = re.match(r"window_time\((\w+)\)$", time)
        if m:
            time = m.group(1)
        column = rel.columns.get(time)
        if column is not None and column.window:
            on = "window"
        else:
            on = self.field(rel, time)
            if column is not None and column.type != TIME:
                self.derive(rel, on, self.as_time(sqltext.quote(on),
                                                  column.type))
                column.type = TIME
        argv = ["window", "--on", on]
        if "gap" in w:
            argv += self.gap(rel, w["gap"])
        else:
            argv += ["--size", w["size"]]
            for k in ("slide", "start"):
                if w.get(k):
                    argv += ["--" + k, w[k]]
        if self.batch and "gap" in w and plain:
            argv.append("--plain")
        self.add(rel, argv)
        if on == "window":
            rel.columns.pop(time)
        rel.columns[name] = Column("window_start", TIME, "window_end")
        return rel

    def rename_window(self, rel, name):
        """Two windows in a record: the first one goes by other names."""
        for n, c in list(rel.columns.items()):
            if c.window and c.field == "window_start" and n != name:
                start, end = f"{n}_start", f"{n}_end"
                self.derive(rel, start, "window_start")
                self.derive(rel, end, "window_end")
                rel.columns[n] = Column(start, TIME, end)
                rel.renamed = (n, start, end)

    def gap(self, rel, gap):
        if not isinstance(gap, dict):
            if is_number(gap) or not isinstance(gap, str) or (
                    DURATION.match(gap) and microseconds(gap) > 0):
                return ["--session", str(gap)]
            # To Spark a gap is an expression: where it is no duration, or
            # not above 0, the records go.
            name = self.temp()
            self.derive(rel, name, literal(gap, sqltext.STRING))
            return ["--session-field", name]
        if "column" in gap:
            sql, type_ = rel.sql(gap["column"])
            if type_ not in (sqltext.LONG, sqltext.DOUBLE):
                return ["--session-field", self.field(rel, gap["column"])]
            name = self.temp()
            self.derive(rel, name, f"concat({sql}, ' seconds')")
            return ["--session-field", name]
        by, type_ = rel.sql(gap["by"])
        cases = " ".join(
            f"when {by} = {literal(k, type_)} then '{v}'"
            for k, v in gap["map"].items())
        name = self.temp()
        self.derive(rel, name, f"case {cases} else '{gap['default']}' end")
        return ["--session-field", name]

    # ---- aggregation ----

    def keys(self, rel, group_by):
        """(columns of the result, fields for --by, is a window among them)"""
        columns, by, window = {}, [], False
        for text in group_by:
            if text in rel.columns:
                c = rel.columns[text]
                columns[text] = c
                if c.window:
                    window = window or c.field == "window_start"
                    if c.field != "window_start":
                        by += [c.field, c.end]
                else:
                    by.append(c.field)
                continue
            name, node = sqltext.item(text)
            sql, type_ = rel.sql(node)
            field = name if re.match(r"\w+$", name) else self.temp()
            self.derive(rel, field, sql)
            columns[name] = Column(field, type_)
            by.append(field)
        return columns, by, window

    def aggregates(self, rel, aggs):
        """(arguments of agg, columns, what is derived afterwards)"""
        args, columns, after = [], {}, []
        for a in aggs:
            tree = self.aggregate_tree(a)
            if tree is not None:
                name, node = tree
                made = {}
                sql, _ = sqltext.Writer(lambda parts: (sqltext.quote(
                    parts[0]), made.get(parts[0])))(
                        self.take_out(rel, node, args, made))
                after.append((name, sql))
                columns[name] = Column(name)
                continue
            fn, arg = a["fn"], a.get("arg", "*")
            name = a.get("as") or f"{fn}({arg})"
            if fn == "count" and arg in ("*", "1", None):
                args.append(f"{name}=count")
                columns[name] = Column(name, "bigint")
                continue
            field = self.argument(rel, arg)
            after_sql = COMBINED.get(fn)
            if after_sql:
                fn = after_sql[0]
                temp = self.temp()
                args.append(f"{temp}={fn}:{field}")
                after.append((name, after_sql[1].format(temp)))
                columns[name] = Column(name)
                continue
            args.append(f"{name}={fn}:{field}")
            columns[name] = Column(name)
        return args, columns, after

    def aggregate_tree(self, a):
        """(name, tree) of an aggregate that is part of an expression, in
        whatever form it is written; None of one that stands alone."""
        if isinstance(a, str):
            return sqltext.item(a)
        if a.get("expr"):
            return a.get("as") or a["expr"], sqltext.read(a["expr"])
        fn, arg = a["fn"], str(a.get("arg", "*"))
        if fn not in COMBINED and (not re.match(r"\w+$", fn) or a.get("cast")):
            node = sqltext.read(re.sub(
                rf"\b({'|'.join(AGGREGATES)})\b(?!\s*\()",
                lambda m: f"{m.group()}({arg})", fn))
            if a.get("cast"):
                node = sqltext.Cast(node, a["cast"])
            return a.get("as") or f"{fn}({arg})", node
        return None

    def take_out(self, rel, node, args, made):
        """The tree with a column in the place of each aggregate of it, which
        goes to args."""
        if not isinstance(node, (sqltext.Call, sqltext.Op)):
            return node
        fn = node.fn.lower()
        if not isinstance(node, sqltext.Call) or fn not in AGGREGATES or \
                len(node.args) != 1:
            node.args = [self.take_out(rel, x, args, made)
                         for x in node.args]
            return node
        name = self.temp()
        arg = node.args[0]
        if isinstance(arg, sqltext.Name) and arg.parts == ["*"] or \
                isinstance(arg, sqltext.Literal) and fn == "count":
            args.append(f"{name}=count")
        else:
            args.append(f"{name}={fn}:{self.argument(rel, arg)}")
        made[name] = sqltext.LONG if fn.startswith("count") else None
        return sqltext.Name([name])

    def argument(self, rel, arg):
        node = sqltext.read(arg) if isinstance(arg, str) else arg
        if isinstance(node, sqltext.Name):
            return self.field(rel, ".".join(node.parts))
        sql, _ = rel.sql(node)
        name = self.temp()
        self.derive(rel, name, sql)
        return name

    def aggregate(self, rel, q):
        session = q.get("session")
        if q.get("window"):
            rel = self.windowed(rel, q["window"],
                                q["window"].get("as") or "window")
        if session:
            rel = self.windowed(rel, session, session.get("as") or "session")
        columns, by, window = self.keys(rel, q.get("group_by") or [])
        args, results, after = self.aggregates(rel, q["aggs"])
        argv = ["agg"]
        if by:
            argv += ["--by", ",".join(by)]
        if not self.batch:
            argv += ["--mode", self.mode]
        if not window and any(c.field == "window_start"
                              for c in rel.columns.values()):
            argv.append("--no-window")
        self.add(rel, argv + args, stateful=True)
        for name, sql in after:
            self.derive(rel, name, sql)
        rel.columns = {**columns, **results}
        rel.sides = {}
        if q.get("having"):
            self.filtered(rel, q["having"])
        return rel

    # ---- joins ----

    def join(self, q):
        if any(q[s].get("static") is not None for s in ("left", "right")):
            return self.join_of_table(q)
        how = {"left_outer": "left", "right_outer": "right",
               "full_outer": "full", "left_semi": "semi",
               "left_anti": "anti"}.get(q["type"], q["type"])
        conditions, pairs = self.conditions(q)
        sides = {}
        for side in ("left", "right"):
            preserved = how == "full" or how == side
            sides[side] = self.side(
                q[side], side, None if preserved else conditions, pairs)
        left, right = sides["left"], sides["right"]
        if how == "full":
            rel = self.joined(q, left, right, how)
        else:
            rel = self.joined(q, left, right, how)
        return self.finish(rel, q)

    def conditions(self, q):
        out = []
        if q.get("condition"):
            out = sqltext.conjuncts(sqltext.read(q["condition"]))
        pairs = []
        for k in q.get("keys") or []:
            if isinstance(k, dict):
                pairs.append((k["left"], k["right"],
                              bool(k.get("null_safe"))))
            else:
                pairs.append((k[0], k[1], False))
        return out, pairs

    def side(self, spec, side, conditions, pairs):
        """One input of a join.  Rows that cannot match are filtered before
        the watermark, where Spark does it: those with
        a null in what is compared, those that fail a condition on this side
        alone; not where the event time itself is used."""
        if conditions is None:
            return self.relation(spec)
        event = (spec.get("watermark") or {}).get("field")

        def push(rel):
            # Only fields of the side's own records, in front of windows.
            own = [p[0] if side == "left" else p[1]
                   for p in pairs if not p[2]]
            for c in conditions:
                mine = [n for n in sqltext.names(c)
                        if self.of_side(rel, n, side, spec)]
                if len(mine) == len(sqltext.names(c)) and mine and \
                        all(n.parts[-1] != event for n in mine):
                    self.add(rel, ["filter", "--sql", sqltext.Writer(
                        lambda parts: rel.resolve(parts[1:])
                        if parts[0] == side else rel.resolve(parts))(c)[0]])
                if not isinstance(c, sqltext.Op) or c.fn in ("OR", "<=>"):
                    continue
                own += [n.parts[-1] for n in mine]
            fields = [rel.columns[n].field for n in dict.fromkeys(own)
                      if n in rel.columns and n != event and
                      not rel.columns[n].window]
            if fields and not self.batch:
                self.add(rel, ["drop-null"] + fields)

        return self.relation(spec, push)

    def of_side(self, rel, name, side, spec):
        if len(name.parts) > 1 and name.parts[0] in ("left", "right"):
            return name.parts[0] == side and name.parts[1] in rel.columns
        return name.parts[0] in rel.columns

    def joined(self, q, left, right, how):
        """The join itself; fields that both have get the prefix right_."""
        fields = set(self.all_fields(left))
        moved = {}
        for name, c in right.columns.items():
            def other(f):
                return f"right_{f}" if f in fields else f
            moved[name] = Column(other(c.field), c.type,
                                 other(c.end) if c.window else None)
        tables = {"left": left.columns, "right": right.columns}
        where = self.where(q, tables)
        if self.batch and q.get("static"):
            raise NotExpressible("a join of two tables")
        rel = Relation(Program(
            ["join-stream", 0, 1, "--where", " and ".join(where), "--how",
             how] + self.policy(), [left.node, right.node], True), {})
        rel.sides = {"left": dict(left.columns), "right": moved}
        rel.event = left.event or right.event
        for name, c in left.columns.items():
            rel.columns[name] = c
        if how == "semi":
            rel.sides.pop("right")
            return rel
        for name, c in moved.items():
            # A name that both have is the outer side's.
            if name not in rel.columns or how == "right":
                rel.columns[name] = c
        if how == "full":
            for a, b, safe in self.conditions(q)[1]:
                if a == b and not safe and a in rel.columns:
                    rel.columns[a] = self.using(rel, left.columns[a],
                                                moved[a])
        return rel

    def using(self, rel, left, right):
        """A key of both sides of a full join that has one name: the value of
        the side that is there."""
        fields = []
        for a, b in zip((left.field, left.end), (right.field, right.end)):
            if a is not None:
                fields.append(self.temp())
                self.derive(rel, fields[-1], "coalesce(%s, %s)" % (
                    sqltext.quote(a), sqltext.quote(b)))
        return Column(fields[0], left.type,
                      fields[1] if left.window else None)

    def policy(self):
        p = self.conf.get("spark.sql.streaming.multipleWatermarkPolicy")
        return ["--policy", p] if p else []

    def all_fields(self, rel):
        """Every field of the records, also those that no column shows."""
        fields = list(rel.fields())
        for p in programs(rel.node):
            if p.name == "parse-json":
                fields += re.findall(r"`([^`]+)` ", p.argv[2])
            elif p.name == "derive":
                fields.append(p.argv[2].split(" = ")[0])
            elif p.name == "window":
                fields += ["window_start", "window_end"]
            elif p.name in ("pick", "agg"):
                fields = list(rel.fields())
        return fields

    def where(self, q, tables):
        out = []

        def resolver(parts):
            if parts[0] in tables and len(parts) > 1:
                side, rest = parts[0], parts[1:]
            else:
                side = next((s for s in ("left", "right")
                             if parts[0] in tables[s]), None)
                rest = parts
                if side is None:
                    raise Unknown(parts[0])
            sql, type_ = Relation(None, tables[side]).resolve(rest)
            return re.sub(r"`[^`]+`", lambda m: f"{side}.{m.group()}", sql,
                          count=0 if "(" in sql else 1), type_

        _, pairs = self.conditions(q)
        for a, b, safe in pairs:
            ca = tables["left"].get(a)
            cb = tables["right"].get(b)
            op = "<=>" if safe else "="
            if ca is not None and ca.window and cb is not None:
                out += [f"left.`{ca.field}` {op} right.`{cb.field}`",
                        f"left.`{ca.end}` {op} right.`{cb.end}`"]
                continue
            sa, ta = resolver(["left"] + a.split("."))
            sb, tb = resolver(["right"] + b.split("."))
            out.append(f"{sa} {op} {sb}")
        r = q.get("time_range")
        if r:
            lt, rt = resolver(["left", r["left"]])[0], \
                resolver(["right", r["right"]])[0]
            for key, sign, inclusive in (
                    ("left_minus_right_min", ">", "min_inclusive"),
                    ("left_minus_right_max", "<", "max_inclusive")):
                if r.get(key) is not None:
                    eq = "=" if r.get(inclusive, True) else ""
                    out.append(f"{lt} {sign}{eq} {rt} + interval "
                               f"'{interval(r[key])}' second")
        if q.get("condition"):
            sql, _ = sqltext.Writer(resolver)(sqltext.read(q["condition"]))
            out.append(sql)
        return out

    def static_join(self, rel, q):
        """A join with a table.  Both sides' keys are in the result, so the
        table has its own twice."""
        how = {"left_outer": "left", "left_semi": "semi", "right_outer":
               "right", "full_outer": "full", "left_anti": "anti"}.get(
                   q.get("type", "inner"), q.get("type", "inner"))
        rows = []
        on = []
        static = self.static_rows(q)
        for i, pair in enumerate(q["keys"]):
            a, b = pair if isinstance(pair, list) else \
                (pair["left"], pair["right"])
            on.append((self.argument(rel, a), f"join_key_{i}", b))
        for r in static:
            row = {f"join_key_{i}": r.get(b)
                   for i, (_, _, b) in enumerate(on)}
            rows.append({**row, **{self.apart(rel, k): v
                                   for k, v in r.items()}})
        names = list(dict.fromkeys(k for r in static for k in r))
        self.add(rel, ["join-static", self.table(rows), "--on",
                       ",".join(f"{a}={k}" for a, k, _ in on), "--how", how])
        left = dict(rel.columns)
        right = {n: Column(self.apart(rel, n),
                           ddl_type([r.get(n) for r in static]))
                 for n in names}
        if how in ("inner", "left"):
            rel.columns = {**right, **left}
            rel.sides = {"left": left, "right": right}
        return self.finish(rel, q)

    def static_rows(self, q):
        """The rows of a table, which may be the result of a query of its
        own: "static" with what is done to it, or "static_where" and such."""
        static = q["static"]
        spec = {k[len("static_"):]: v for k, v in q.items()
                if k.startswith("static_")}
        if isinstance(static, dict):
            spec.update(static)
            static = next(spec.pop(k) for k in ("rows", "static", "input",
                                                "data", "values")
                          if k in spec)
        if isinstance(spec.get("aggregate"), dict):
            spec.update(spec.pop("aggregate"))
        stages = static_stages(spec)
        if not stages or not static:
            return static
        inner = Query({"op": "pipeline", "mode": "batch", "stages": stages},
                      {"static": static}, self.table)
        return self.table.rows(inner.apply(inner.source("static"),
                                           inner.query), static)

    def join_of_table(self, q):
        """A join one side of which is a table."""
        side = "left" if q["left"].get("static") is not None else "right"
        other = "right" if side == "left" else "left"
        how = q["type"].replace("_outer", "")
        if side == "left":
            how = {"left": "right", "right": "left", "left_semi": "right-semi",
                   "left_anti": "right-anti"}.get(how, how)
        keys = [tuple(k) if isinstance(k, list) else (k["left"], k["right"])
                for k in q.get("keys") or []]
        rel = self.static_join(self.relation(q[other]), {
            "type": how, "static": q[side],
            "keys": [list(k if side == "right" else k[::-1]) for k in keys]})
        if side == "left":
            rel.sides = {"left": rel.sides.get("right", {}),
                         "right": rel.sides.get("left", {})}
        if q.get("condition"):
            if how != "inner":
                raise NotExpressible("a condition beside the keys of an "
                                     "outer join with a table")
            rel = self.filtered(rel, q["condition"])
        return self.finish(rel, q)

    def apart(self, rel, name):
        return "table_" + name if name in rel.fields() else name

    # ---- select ----

    def items(self, rel, columns):
        """(name, expression) of each item of a select list; of a star, of
        each column that it stands for."""
        for text in sqltext.parts(columns):
            name, node = sqltext.item(text)
            if name != "*":
                yield name, node
                continue
            side = node.parts[:-1]
            if len(side) > 1 or side and side[0] not in rel.sides:
                raise NotExpressible(f"'{text}'")
            for column in rel.sides[side[0]] if side else rel.columns:
                yield column, sqltext.Name(side + [column])

    def finish(self, rel, q):
        """The select list of a query, and its filter behind that: in front
        of it where it has what the list leaves out."""
        keys = AFTER + (("filter", "where") if q.get("op") in
                        ("join", "static_join", "union") else ())
        after = [q[k] for k in keys if q.get(k)]
        names = [n for n, _ in self.items(rel, q["select"])] \
            if q.get("select") else list(rel.columns)
        seen = [all(n.parts[0] in names for n in sqltext.names(
            sqltext.read(text))) for text in after]
        for text, behind in zip(after, seen):
            if not behind:
                self.filtered(rel, text)
        if q.get("select"):
            rel = self.select(rel, q["select"])
        for text, behind in zip(after, seen):
            if behind:
                self.filtered(rel, text)
        return rel

    def select(self, rel, columns):
        items = []
        out = {}
        for name, node in self.items(rel, columns):
            if name in out:
                name = "right_" + name
            if isinstance(node, sqltext.Name):
                try:
                    c, rest = rel.find(node.parts)
                except Unknown:
                    c, rest = Column(node.parts[0]), node.parts[1:]
                if c.window and not rest:
                    items += [(c.field, sqltext.quote(c.field), True),
                              (c.end, sqltext.quote(c.end), True)]
                    out[name] = c
                    continue
                if c.window and rest in (["start"], ["end"]):
                    field = c.field if rest == ["start"] else c.end
                    items.append((name, field, True))
                    out[name] = Column(name, TIME)
                    continue
                if not c.window:
                    items.append((name, ".".join([c.field] + rest), True))
                    out[name] = Column(name, c.type if not rest else None)
                    continue
            sql, type_ = rel.sql(node)
            items.append((name, sql, False))
            out[name] = Column(name, type_)
        if all(plain for _, _, plain in items):
            self.add(rel, ["pick"] + [
                f"{n}={f}" if n != f.strip("`") else n
                for n, f, _ in items])
        else:
            self.add(rel, ["pick", "--sql", ", ".join(
                f"{sql} as {sqltext.quote(n)}" for n, sql, _ in items)])
        rel.columns = out
        rel.sides = {}
        return rel

    def sort(self, rel, by):
        keys = []
        for s in listed(by):
            field = self.field(rel, s["by"])
            keys.append(("-" if s.get("order") == "desc" else "") + field)
        self.add(rel, ["order", "--by", ",".join(keys)])
        return rel

    def explode(self, rel, q):
        nodes = [sqltext.read(t) for t in sqltext.parts(q["from"])]
        node = nodes[0] if len(nodes) == 1 else sqltext.Call("array", nodes)
        name = q.get("as") or "col"
        if isinstance(node, sqltext.Name):
            field = self.field(rel, ".".join(node.parts))
        else:
            sql, _ = rel.sql(node)
            field = self.temp()
            self.derive(rel, field, sql)
        keep = field in rel.fields() and field != name
        if name != field and name in rel.columns:
            kept = [f for f in rel.fields() if f != rel.columns[name].field]
            self.add(rel, ["pick"] + kept +
                     ([field] if field not in kept else []))
            del rel.columns[name]
        self.add(rel, ["explode", field, "--as", name] +
                 (["--keep"] if keep else []))
        rel.columns[name] = Column(name)
        return rel

    def dedup(self, rel, q, within):
        argv = ["dedup"]
        if q["keys"] == "all":
            # The query's columns are the record's fields.
            if set(self.all_fields(rel)) != set(rel.fields()):
                self.add(rel, ["pick"] + rel.fields())
        else:
            argv += ["--by", ",".join(
                f for k in q["keys"] for f in self.key_fields(rel, k))]
        if within:
            argv.append("--within-watermark")
        self.add(rel, argv, stateful=True)
        return rel

    def key_fields(self, rel, name):
        c = rel.columns.get(name)
        if c is not None and c.window:
            return [c.field, c.end]
        return [self.field(rel, name)]

    def union(self, q):
        rels = [self.relation(i) for i in q["inputs"]]
        first = rels[0]
        names = first.fields()
        for r in rels[1:]:
            # By place, as Spark does; the names are the first one's.
            mine = r.fields()
            if mine and mine != names:
                self.add(r, ["pick"] + [f"{n}={f}" if n != f else n
                                        for n, f in zip(names, mine)])
        if not names:
            first.columns = next((r.columns for r in rels if r.columns), {})
        rel = Relation(Program(
            ["union"] + list(range(len(rels))) + self.policy(),
            [r.node for r in rels]), dict(first.columns))
        rel.event = next((r.event for r in rels if r.event), None)
        return self.finish(rel, q)

    # ---- relations ----

    def relation(self, spec, push=None):
        """{source, columns, filter, watermark, window, select or stages}, or
        a query within a query."""
        if spec.get("op") == "join":
            return self.join(spec)
        if spec.get("op") == "union":
            return self.union(spec)
        if spec.get("op"):
            return self.apply(self.source(spec.get("source")), spec)
        rel = self.source(spec.get("source"), source_options(spec))
        if spec.get("columns"):
            rel = self.computed(rel, spec["columns"])
        if spec.get("filter"):
            rel = self.filtered(rel, spec["filter"])
        if push:
            push(rel)
        rel = self.marked(rel, spec.get("watermark"))
        if spec.get("window"):
            rel = self.windowed(rel, spec["window"],
                                spec["window"].get("as") or "window")
        for s in spec.get("stages") or []:
            rel = self.apply(rel, s)
        return self.finish(rel, spec)

    def apply(self, rel, q):
        op = q["op"]
        for s in q.get("prepare") or []:
            rel = self.apply(rel, s)
        if op == "join":
            return self.join(q)
        if op == "union":
            return self.union(q)
        if op == "pipeline":
            for s in q["stages"]:
                rel = self.apply(rel, s)
            return self.finish(rel, q)
        if op == "watermark":
            return self.finish(self.marked(rel, q), q)
        if op not in ("filter", "static_join"):
            for k in ("filter", "where"):
                if q.get(k):
                    rel = self.filtered(rel, q[k])
        rel = self.marked(rel, q.get("watermark"))
        if op in ("window", "session_window"):
            return self.windowed(rel, q, q.get("as") or op, True)
        if op in ("aggregate", "session_aggregate"):
            rel = self.aggregate(rel, q)
        elif op == "select":
            return self.finish(rel, {**q, "select": q["columns"]})
        elif op == "derive":
            rel = self.computed(rel, q["columns"])
        elif op == "filter":
            rel = self.filtered(rel, q.get("where") or q.get("filter") or
                                q["condition"])
        elif op in ("dedup", "dedup_within_watermark"):
            rel = self.dedup(rel, q, op != "dedup")
        elif op == "limit":
            self.add(rel, ["take", str(q["n"])],
                     stateful=self.mode != "complete" or
                     not any(p.name == "agg" for p in programs(rel.node)))
        elif op == "sort":
            return self.sort(rel, q["by"])
        elif op == "explode":
            return self.finish(self.explode(rel, q), q)
        elif op in ("flatMap", "flat_map"):
            return self.finish(self.explode(rel, {
                "from": q.get("from") or q["function"],
                "as": q.get("as") or "value"}), q)
        elif op == "static_join":
            return self.static_join(rel, q)
        elif op in ("from_json", "to_json"):
            return self.json(rel, q)
        elif op == "analytic_window":
            return self.analytic(rel, q)
        else:
            raise NotExpressible(f"the operation '{op}'")
        if q.get("sort"):
            rel = self.sort(rel, q["sort"])
        rel = self.finish(rel, q)
        if q.get("limit") is not None:
            self.add(rel, ["take", str(q["limit"])])
        return rel

    def analytic(self, rel, q):
        self.derive(rel, "n", f"{q['function']}() over (partition by "
                    f"{', '.join(q['partition_by'])} order by "
                    f"{', '.join(q['order_by'])})")
        return rel

    def json(self, rel, q):
        raise NotExpressible(f"the operation '{q['op']}' on a stream")

    def build(self):
        """The whole query: a Relation."""
        q = self.query
        if q["op"] in ("join", "union"):
            return self.relation(q)
        if q["op"] == "pipeline" and q["stages"] and \
                q["stages"][0]["op"] in ("join", "union"):
            rel = self.relation(q["stages"][0])
            for s in q["stages"][1:]:
                rel = self.apply(rel, s)
            return self.finish(rel, q)
        return self.apply(self.source(q.get("source_name"),
                                      schema=q.get("schema")
                                      if isinstance(q.get("schema"), dict)
                                      else None), q)


def static_stages(spec):
    """What a query does to a table, in Spark's order, as stages."""
    out = list(spec.get("stages") or spec.get("prepare") or [])
    if isinstance(spec.get("query"), dict):
        out.append(spec["query"])
    if spec.get("columns"):
        out.append({"op": "derive", "columns": spec["columns"]})
    for k in ("where", "filter", "condition"):
        if spec.get(k):
            out.append({"op": "filter", "where": spec[k]})
    if spec.get("aggs"):
        out.append({"op": "aggregate", **{k: spec[k] for k in (
            "window", "group_by", "aggs", "having") if spec.get(k)}})
    if spec.get("sort") or spec.get("order_by"):
        by = listed(spec.get("sort") or spec["order_by"])
        out.append({"op": "sort", "by": [
            b if isinstance(b, dict) else {"by": b} for b in by]})
    if spec.get("limit") is not None:
        out.append({"op": "limit", "n": spec["limit"]})
    if spec.get("select"):
        out.append({"op": "select", "columns": spec["select"]})
    return out


def source_options(spec):
    return {k: spec[k] for k in ("format", "options") if spec.get(k)}


def literal(text, type_):
    if type_ in (sqltext.LONG, sqltext.DOUBLE):
        return str(text)
    return "'" + str(text).replace("'", "\\'") + "'"


DURATION = re.compile(r"[-+]?\d+(\.\d+)? *[a-z]+( +[-+]?\d+ *[a-z]+)*$")
UNITS = {"microsecond": 1, "millisecond": 1000, "second": 10 ** 6,
         "minute": 60 * 10 ** 6, "hour": 3600 * 10 ** 6,
         "day": 86400 * 10 ** 6, "week": 7 * 86400 * 10 ** 6}


def microseconds(text):
    """'-5 seconds', '1 hour 30 minutes'"""
    total = 0
    for n, unit in re.findall(r"([-+]?\d+)\s*([a-z]+)", str(text)):
        total += int(n) * UNITS[unit.rstrip("s")]
    return total


def interval(text):
    us = microseconds(text)
    if us % 10 ** 6:
        return f"{us / 10 ** 6:.6f}"
    return str(us // 10 ** 6)
