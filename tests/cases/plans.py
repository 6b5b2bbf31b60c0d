"""Plans that Spark allows or refuses: "aggregate(stream, no watermarked key)",
"stream LeftOuter join stream on equal column, watermarked on the left"."""
import re

from common import (Directory, Failed, NotExpressible, Refused, deviates,
                    run, stream_text)
from machine import Stage, check_sink

JOIN = re.compile(
    r"\s+(inner|cross|left outer|right outer|full outer|left semi|left anti|"
    r"LeftOuter|RightOuter|FullOuter|LeftSemi|LeftAnti)\s+join\s+", re.I)
SET = re.compile(r"\s+(union|except|intersect)\s+", re.I)

HOW = {"inner": "inner", "cross": "inner", "leftouter": "left",
       "rightouter": "right", "fullouter": "full", "leftsemi": "semi",
       "leftanti": "anti"}
# The same join seen from the other side; bief has none that keep a table's
# rows.
MIRRORED = {"inner": "inner", "left": "right", "right": "left",
            "full": "full", "semi": "right-semi", "anti": "right-anti"}


class Side:
    """A stream or a table: n tells its fields apart from the others'."""

    def __init__(self, text, n, static):
        self.text = text
        self.n = n
        self.static = static
        self.time = f"t{n}"
        self.key = f"k{n}"


def outside(pattern, text):
    """A match that is not within brackets."""
    for m in pattern.finditer(text):
        before = text[:m.start()]
        if before.count("(") == before.count(")"):
            return m
    return None


class Planner:
    def __init__(self, mode, where):
        self.mode = mode
        self.where = where
        self.n = 0
        self.distinct = False
        self.united_result = False
        self.intersect = False

    # ---- programs ----

    def pipe(self, side, *argv):
        side.text = run([Stage(list(argv))], side.text, self.where)
        return side

    def file(self, side):
        return self.where.write(side.text, ".jsonl")

    def leaf(self, static, marked=None):
        """marked: the watermark is on its time."""
        self.n += 1
        n = self.n
        row = f'{{"k{n}":1,"t{n}":{n},"v{n}":1}}'
        side = Side(row + "\n" if static else stream_text([[row]]), n, static)
        self.pipe(side, "parse-json", "--schema",
                  f"k{n} bigint, t{n} timestamp, v{n} bigint")
        if marked:
            self.watermark(side)
        return side

    def watermark(self, side):
        return self.pipe(side, "watermark", "--on", side.time, "--delay",
                         "10 seconds")

    # ---- reading ----

    def read(self, text, marked=False):
        text = text.strip()
        text, rest = self.condition(text)
        m = outside(JOIN, text)
        if m:
            return self.join(text[:m.start()], m.group(1), text[m.end():],
                             rest)
        m = outside(SET, text)
        if m:
            return self.set(m.group(1).lower(), text[:m.start()],
                            text[m.end():])
        if text.startswith("(") and text.endswith(")"):
            return self.read(text[1:-1], marked)
        if text in ("stream", "static"):
            return self.leaf(text == "static", marked and text == "stream")
        m = re.match(r"(.+), over (stream|static)$", text)
        if m:
            return self.grouped(m.group(1), self.read(m.group(2)))
        m = re.match(r"select (.+) from (.+)$", text)
        if m:
            return self.pipe(self.read(m.group(2)), "derive", "--sql",
                             f"x = {m.group(1)}")
        m = re.match(r"([\w ]+?)\s*\((.*)\)$", text)
        if m:
            return self.function(m.group(1).lower(), m.group(2))
        raise NotExpressible(f"the plan '{text}'")

    def condition(self, text):
        """What stands behind a join: (text, its condition)"""
        for pattern in (r"\s*\((no usable watermark)\)$", r"\s+on (.+)$"):
            m = outside(re.compile(pattern), text)
            if m and outside(JOIN, text[:m.start()]):
                return text[:m.start()], m.group(1)
        return text, ""

    def arguments(self, text):
        """'plan, words': the last comma outside of brackets parts them."""
        depth, at = 0, None
        for i, c in enumerate(text):
            depth += (c == "(") - (c == ")")
            if c == "," and depth == 0:
                at = i
        if at is None:
            return text, ""
        return text[:at], text[at + 1:].strip()

    def function(self, name, inner):
        plan, words = self.arguments(inner)
        if name in ("aggregate", "aggregation"):
            return self.aggregate(plan, words)
        if name in ("distinct aggregate", "aggregate distinct",
                    "count distinct"):
            return self.agg(self.read(plan), "n=count_distinct:v{n}")
        if name in ("dedup", "deduplicate", "dropduplicates", "distinct"):
            return self.dedup(plan, words)
        if name == "sort":
            side = self.read(plan)
            return self.pipe(side, "order", "--by", self.any_field(side))
        if name == "limit":
            return self.pipe(self.read(plan), "take", "1")
        if name in ("filter", "where"):
            return self.pipe(self.read(plan), "filter", "--sql", "true")
        if name == "sample":
            return self.pipe(self.read(plan), "filter", "--sql",
                             "rand() < 0.5")
        if name in ("repartition", "coalesce"):
            return self.read(plan)
        if name.replace(" ", "") in ("dropduplicateswithinwatermark",
                                     "dedupwithinwatermark",
                                     "deduplicatewithinwatermark"):
            side = self.read(plan, "no watermark" not in words)
            return self.pipe(side, "dedup", "--by", side.key,
                             "--within-watermark")
        if name in ("select", "project", "map"):
            return self.pipe(self.read(plan), "derive", "--sql", "x = 1")
        if name == "explode":
            return self.pipe(self.read(plan), "explode", "v1")
        raise NotExpressible(f"the operation '{name}'")

    def any_field(self, side):
        fields = re.search(r'"fields":"([^"]*)"', side.text)
        if fields:
            return re.split(r"[ ,]", fields.group(1))[-2]
        return f"k{side.n}"

    # ---- aggregations ----

    def agg(self, side, *aggs, by=None):
        argv = ["agg"]
        side.key = by or "n"
        if by:
            argv += ["--by", by]
        if not side.static:
            argv += ["--mode", self.mode]
            self.distinct |= "count_distinct" in aggs[0]
        return self.pipe(side, *argv,
                         *[a.format(n=side.n) for a in aggs])

    def grouped(self, text, side):
        """'group by a non-watermarked column, count'"""
        if "non-watermarked" in text or "no watermark" in text:
            return self.agg(side, "count", by=f"k{side.n}")
        if "watermarked" in text:
            return self.agg(self.watermark(side), "count", by=side.time)
        return self.agg(side, "count", by=f"k{side.n}")

    def aggregate(self, plan, words):
        inner = plan.strip()
        plain = "no watermark" in words or "without watermark" in words
        if inner in ("stream", "static"):
            side = self.read(inner, not plain)
        elif re.match(r"aggregat\w+\s*\(", inner):
            side = self.read(inner)
            self.pipe(side, "window", "--on", "window", "--size",
                      "10 minutes")
            return self.agg(side, "n=count")
        else:
            side = self.read(inner)
        if "distinct" in words:
            return self.agg(side, "n=count_distinct:v{n}")
        if plain or side.static:
            return self.agg(side, "n=count", by=f"k{side.n}")
        self.pipe(side, "window", "--on", side.time, "--size", "1 minute")
        return self.agg(side, "n=count")

    def dedup(self, plan, words):
        inner = plan.strip()
        timed = words.startswith("on event time")
        side = self.read(inner, marked=True)
        aggregated = re.match(r"(aggregat|group by)", inner)
        if timed:
            by = "window_start,window_end" if aggregated else side.time
        elif words or aggregated:
            by = "n" if aggregated else f"k{side.n}"
        else:
            return self.pipe(side, "dedup")
        return self.pipe(side, "dedup", "--by", by)

    # ---- two inputs ----

    def join(self, left, how, right, rest):
        how = HOW[how.lower().replace(" ", "")]
        marks = self.marks(rest)
        a, b = (self.read(x, m) for x, m in zip((left, right), marks))
        if a.static and b.static:
            if how == "anti":
                return self.table(a, b, how)
            return self.streams(a, b, how, f"left.k{a.n} = right.k{b.n}")
        if b.static:
            return self.table(a, b, how)
        if a.static:
            return self.table(b, a, MIRRORED[how])
        return self.streams(a, b, how, self.where_of(a, b, rest))

    def marks(self, rest):
        """Which sides have a watermark."""
        if "no usable" in rest or "without watermark" in rest:
            return False, False
        m = re.search(r"watermarked on the (left|right)|"
                      r"watermark on (left|right)\.\w+ only", rest)
        if m:
            side = m.group(1) or m.group(2)
            return side == "left", side == "right"
        return True, True

    def where_of(self, a, b, rest):
        names = {"left": a, "right": b}
        m = re.match(r"((?:left|right)\..+?), watermark", rest)
        if m:
            def field(x):
                return f"{x.group(1)}.{names[x.group(1)].time}"
            text = re.sub(r"(left|right)\.\w+", field, m.group(1))
            text = re.sub(r"([-+]) (\d+)", r"\1 interval \2 seconds", text)
            return f"left.k{a.n} = right.k{b.n} and {text}"
        if rest.startswith("equal column") or not rest:
            return f"left.{a.time} = right.{b.time}"
        return f"left.k{a.n} = right.k{b.n}"

    def streams(self, a, b, how, where):
        a.text = run([Stage(["join-stream", self.file(a), self.file(b),
                             "--where", where, "--how", how])], "",
                     self.where)
        return a

    def table(self, a, b, how):
        return self.pipe(a, "join-static", self.file(b), "--on",
                         f"{a.key}={b.key}", "--how", how)

    def set(self, op, left, right):
        a, b = self.read(left), self.read(right)
        if op == "intersect":
            self.intersect |= not (a.static and b.static)
            # The rows that the other side has, too, each once.
            side = self.table(a, b, "semi") if b.static else \
                self.table(b, a, "semi") if a.static else \
                self.streams(a, b, "semi", f"left.k{a.n} = right.k{b.n}")
            return self.pipe(side, "dedup")
        if op == "except":
            # The rows that the other side does not have: an anti join.
            if b.static:
                return self.table(a, b, "anti")
            if a.static:
                return self.table(b, a, MIRRORED["anti"])
            return self.streams(a, b, "anti", f"left.k{a.n} = right.k{b.n}")
        self.pipe(b, "pick", *[f"{f}{a.n}={f}{b.n}" for f in "ktv"])
        self.united_result = any('"mode":"append"' not in x.text and
                                 '"mode":' in x.text for x in (a, b))
        a.text = run([Stage(["union", self.file(a), self.file(b)])], "",
                     self.where)
        return a


def check(case):
    q = case["query"]
    with Directory() as where:
        try:
            planner = Planner(q["mode"], where)
            side = planner.read(q["plan"])
            if side.text.startswith('{"#bief"'):
                check_sink(q["mode"], side.text, where)
        except Refused as e:
            if e.status != 2:
                raise
            if case["expect_supported"] and not (
                    planner.united_result and
                    deviates("union#updating", "*")):
                raise Failed("refused, Spark runs it: " +
                             e.words.strip()) from e
            return
        for done in ("distinct", "intersect"):
            if getattr(planner, done) and \
                    deviates("UnsupportedOperationsSuite#" + done, "*"):
                return
        if not case["expect_supported"]:
            raise Failed("runs, Spark refuses: " +
                         str(case.get("expect_error")))
