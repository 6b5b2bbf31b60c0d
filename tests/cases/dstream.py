"""DStreams: every batch on its own, and windows by arrival."""
import re

import sqltext
from common import (Directory, Failed, NotExpressible, batches_of,
                    compare_rows, deviates)
from machine import Sequential, examples, shown
from query import Column, Program, Query, Relation, microseconds

# What a reduce function of the cases is as an aggregate.
REDUCE = {"sum": "sum", "max": "max", "min": "min", "_ + _": "sum",
          "+": "sum"}

JOINS = {"join": "inner", "leftOuterJoin": "left", "rightOuterJoin": "right",
         "fullOuterJoin": "full"}


# Transformations that a case may write as calls.
CALLS = ("map", "filter", "flatMap", "mapValues", "flatMapValues",
         "mapPartitions", "reduceByKey", "groupByKey", "reduce", "count",
         "countByValue")


def expressions(text):
    """Trees of one or several expressions: 'a, b', '(a, b)', a list."""
    nodes = [sqltext.read(t) for t in sqltext.parts(text)]
    if isinstance(text, str) and text.strip().startswith("(") and \
            len(nodes) == 1 and isinstance(nodes[0], sqltext.Call) and \
            nodes[0].fn == "struct":
        return nodes[0].args
    return nodes


def chained(text):
    """'f(x).g(y)' as (f, x), (g, y)"""
    out = []
    while text.strip(" ."):
        m = re.match(r"[\s.]*(\w+)\(", text)
        if m is None:
            raise NotExpressible(f"user code: {text}")
        depth, at = 1, m.end()
        while depth and at < len(text):
            depth += (text[at] == "(") - (text[at] == ")")
            at += 1
        if depth:
            raise NotExpressible(f"user code: {text}")
        out.append((m.group(1), text[m.end():at - 1]))
        text = text[at:]
    return out


class Stream:
    """A DStream query as a pipeline."""

    def __init__(self, case, where):
        self.case = case
        self.q = case["query"]
        self.machine = Query({"op": "dstream", "mode": "update"},
                             sources(case), None)
        like = examples(case)
        self.names = list(like) or ["value"]
        self.period = microseconds(self.q.get("batch", "1 second"))

    # ---- pieces ----

    def batches(self, key, default=None):
        text = self.q.get(key)
        if text is None:
            return default
        us = microseconds(text)
        if us % self.period:
            # bief has to refuse it itself.
            return text
        return str(us // self.period)

    def windowed(self, rel):
        """The records of the window that ends with a batch: of the batch
        alone where the query names none."""
        self.machine.add(rel, [
            "window", "--batches", self.batches("window", "1"), "--every",
            self.batches("slide", "1")])
        return rel

    def mapped(self, rel, text):
        """map: an expression, or a pair that makes key and value."""
        if not text:
            return rel
        nodes = expressions(text)
        columns = dict(zip(("key", "value"), nodes)) if len(nodes) > 1 else \
            {"value": nodes[0]}
        items = []
        out = {}
        for name, n in columns.items():
            sql, type_ = rel.sql(n)
            items.append(f"{sql} as {sqltext.quote(name)}")
            out[name] = Column(name, type_)
        self.machine.add(rel, ["pick", "--sql", ", ".join(items)])
        rel.columns = out
        return rel

    def value_name(self):
        """What the case calls a result beside the key."""
        rest = [n for n in self.names if n != "key"]
        return rest[-1] if rest else "value"

    def reduced(self, rel, by, fn, name):
        argv = ["agg"]
        if by:
            argv += ["--by", by]
        self.machine.add(rel, argv + ["--mode", "update", f"{name}={fn}"],
                         stateful=True)
        rel.columns = {**({by: Column(by)} if by else {}),
                       name: Column(name)}
        return rel

    def function(self, key="reduce"):
        fn = REDUCE.get(self.q.get(key, "sum"))
        if fn is None:
            raise NotExpressible(f"user code: {self.q[key]}")
        return fn

    def then(self, rel, text):
        """mapValues(...), filter(...), flatMapValues(...), one or several"""
        calls = [c for t in ([text] if isinstance(text, str) else text)
                 for c in chained(t)]
        for op, inner in calls:
            rel = self.one(rel, op, inner)
        return rel

    def one(self, rel, op, inner):
        text = f"{op}({inner})"
        if op == "mapValues":
            self.machine.derive(rel, "value", rel.sql(inner)[0])
        elif op in ("flatMapValues", "flatMap"):
            self.exploded(rel, inner)
        elif op == "filter":
            self.machine.filtered(rel, inner)
        elif op in ("map", "mapPartitions"):
            self.mapped(rel, inner)
        elif op in ("reduceByKey", "reduce", "count", "countByValue",
                    "groupByKey"):
            self.q = {**self.q, "reduce": inner or "sum"}
            return self.aggregated(rel, op)
        else:
            raise NotExpressible(f"user code: {text}")
        return rel

    def exploded(self, rel, text):
        """Each element of an array, or of several expressions."""
        nodes = expressions(text)
        sql, _ = rel.sql(nodes[0] if len(nodes) == 1 else
                         sqltext.Call("array", nodes))
        self.machine.derive(rel, "element", sql)
        kept = [f for f in rel.fields() if f != "value"]
        self.machine.add(rel, ["pick"] + kept + ["element"])
        self.machine.add(rel, ["explode", "element", "--as", "value"])
        rel.columns["value"] = Column("value")
        return rel

    # ---- transformations ----

    def build(self):
        q, op = self.q, self.q["transform"]
        if op == "transformWith":
            op = q.get("function") or "join"
        if op in JOINS or op == "cogroup":
            return self.join(op)
        rel = self.machine.source("input" if q.get("initial") else None)
        rel = self.mapped(rel, q.get("map") if isinstance(
            q.get("map"), str) else None)
        for kind in (self.plain, self.aggregated):
            found = kind(rel, op)
            if found is not None:
                rel = found
                break
        else:
            raise NotExpressible(f"the transformation {op}")
        if q.get("then"):
            rel = self.then(rel, q["then"])
        return rel

    def plain(self, rel, op):
        """Record by record."""
        q = self.q
        if op in ("map", "transform", "mapPartitions"):
            text = q.get("function")
            if op == "transform" and isinstance(text, str) and \
                    re.match(r"(%s)\(" % "|".join(CALLS), text):
                return self.then(rel, text)
            return self.mapped(rel, self.code(text))
        if op in ("flatMap", "flatMapValues"):
            return self.exploded(rel, self.code(q["function"]))
        if op == "mapValues":
            self.machine.derive(rel, "value", rel.sql(q["function"])[0])
            return rel
        if op == "filter":
            return self.machine.filtered(rel, q["where"])
        if op == "union":
            return self.united(rel, q["with"])
        if op == "window":
            return self.windowed(rel)
        return None

    def code(self, text):
        try:
            expressions(text or "")
        except sqltext.SqlError:
            raise NotExpressible(f"user code: {text}") from None
        return text

    def united(self, rel, others):
        rels = [rel]
        for text in others:
            other = Relation(rels[0].node, dict(rel.columns))
            rels.append(self.mapped(other, text))
        return Relation(Program(["union"] + list(range(len(rels))),
                                [r.node for r in rels]), rel.columns)

    def aggregated(self, rel, op):
        q = self.q
        name = self.value_name()
        if op in ("reduceByKey", "reduceByKeyAndWindow"):
            fn = self.function()
            rel = self.reduced(self.windowed(rel), "key", f"{fn}:value", name)
            if q.get("filter"):
                self.machine.filtered(rel, q["filter"])
            return rel
        if op in ("reduce", "reduceByWindow"):
            return self.reduced(self.windowed(rel), None,
                                self.function() + ":value", name)
        if op in ("count", "countByWindow"):
            return self.reduced(self.windowed(rel), None, "count", name)
        if op in ("countByValue", "countByValueAndWindow"):
            by = next((n for n in self.names if n != name), "value")
            if by != "value":
                self.machine.derive(rel, by, "value")
            return self.reduced(self.windowed(rel), by, "count", name)
        if op in ("groupByKey", "groupByKeyAndWindow"):
            return self.reduced(self.windowed(rel), "key",
                                "collect_list:value", name)
        if op == "updateStateByKey":
            if q.get("update") != "sum(new) + (state or 0)":
                raise NotExpressible(f"user code: {q.get('update')}")
            if q.get("initial"):
                rel = self.begun(rel)
            self.machine.add(rel, ["agg", "--by", "key", "--mode",
                                   "complete", f"{name}=sum:value"], True)
            rel.columns = {"key": Column("key"), name: Column(name)}
            return rel
        return None

    def begun(self, rel):
        """With what a sum begins with: records of the first batch."""
        first = self.machine.source("initial")
        return Relation(Program(["union", 0, 1], [rel.node, first.node]),
                        rel.columns)

    def join(self, op):
        """Batch with batch: the batch's own window is part of the key."""
        q = self.q
        sides = []
        for side in ("left", "right"):
            rel = self.machine.source(side)
            rel = self.mapped(rel, q.get(side + "_map"))
            self.windowed(rel)
            if op == "cogroup":
                self.machine.add(rel, ["agg", "--by", "key", "--mode",
                                       "append", f"{side}=collect_list:value"],
                                 True)
            else:
                self.machine.add(rel, [
                    "pick", "window_start", "window_end", "key",
                    f"{side}=value"])
            sides.append(rel.node)
        how = JOINS.get(op, "full")
        rel = Relation(Program(
            ["join-stream", 0, 1, "--where",
             "left.window_start = right.window_start and "
             "left.window_end = right.window_end and left.key = right.key",
             "--how", how], sides, True),
            {"key": Column("key"), "left": Column("left"),
             "right": Column("right")})
        empty = ("coalesce(left, array()) as left, "
                 "coalesce(right, array()) as right" if op == "cogroup" else
                 "left, right")
        self.machine.add(rel, ["pick", "--sql",
                               "coalesce(key, right_key) as key, " + empty])
        return rel


def sources(case):
    out = {}
    for step in case["batches"]:
        i = step.get("input")
        if isinstance(i, dict):
            for k, v in i.items():
                out.setdefault(k, []).extend(v or [])
        else:
            out.setdefault("input", []).extend(i or [])
    return out


def any_input(step):
    i = step.get("input")
    return any(i.values()) if isinstance(i, dict) else bool(i)


def differences(case, rows):
    """What is different, step by step."""
    out = []
    for n, step in enumerate(case["batches"]):
        want = step.get("expect")
        if want is None or deviates(case["id"], n):
            continue
        diff = compare_rows(want, rows[n], bool(step.get("ordered")))
        if diff:
            out.append((n, want, diff))
    return out


def only_zeros(case, rows, found):
    """Is all that is missing rows with the value 0?"""
    for n, want, _ in found:
        rest = [r for r in want if list(r.values())[-1] != 0]
        if len(rest) == len(want) or compare_rows(rest, rows[n]):
            return False
    return True


def with_initial(case):
    """The initial state as a source of its own, all in the first batch."""
    initial = case["query"].get("initial")
    if not initial:
        return case
    rows = [{"key": k, "value": v} for k, v in initial.items()]
    return {**case, "batches": [
        {**b, "input": {"input": b.get("input") or [],
                        "initial": [] if n else rows}}
        for n, b in enumerate(case["batches"])]}


def check(case):
    case = with_initial(case)
    with Directory() as where:
        s = Stream(case, where)
        rel = s.build()
        timed = {**case, "batches": [
            {**b, "batch_time": b.get("time", n + 1)}
            for n, b in enumerate(case["batches"])]}
        machine = Sequential(timed, where, False)
        batches = batches_of(machine.out(rel.node))
        like = examples(case)
        rows, table = [], []
        for n, step in enumerate(case["batches"]):
            ours = [shown(rel, row, like) for b in batches
                    if b.number == n for row in b.rows]
            if s.q["transform"] == "updateStateByKey":
                # Without input there is no new table: the last one stands.
                if not ours and not any_input(step):
                    ours = table
                table = ours
            rows.append(ours)
        found = differences(case, rows)
        if not found:
            return
        if only_zeros(case, rows, found):
            if s.q.get("inverse"):
                raise NotExpressible("user code: an inverse function leaves "
                                     "keys whose value is back at zero")
            raise NotExpressible(
                "a row for a batch without records: as in Spark's Python, "
                "there is none")
        n, _, diff = found[0]
        raise Failed(f"step {n}: {diff}")
