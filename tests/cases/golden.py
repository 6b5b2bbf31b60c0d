"""Golden cases: what a live Spark answered."""
import re

import sqltext
from common import (Directory, Failed, NotExpressible, Refused, Stage,
                    batches_of, brief, compare_rows, deviates, dumps,
                    progress_of, run, same, stream_text)
from machine import micros


def select(items):
    """SQL expressions, each perhaps with a name: derive, then pick."""
    derived, picked = [], []
    for i, item in enumerate(sqltext.parts(items)):
        parts = re.match(r"(?is)^(.*\S)\s+as\s+`?(\w+)`?\s*$", item)
        expr, name = parts.groups() if parts else (item, item)
        derived.append(f"p{i}__ = {expr}")
        picked.append(f"{name}=p{i}__")
    return [Stage(["derive", "--sql"] + derived), Stage(["pick"] + picked)]


class Query:
    """The pipeline of a case."""

    def __init__(self, case, where):
        self.case = case
        self.where = where
        self.mode = case["mode"]
        self.windowed = None   # what stands for the window's time by name
        ops = case["ops"]
        self.last_agg = max((i for i, o in enumerate(ops)
                             if o["op"] == "window_agg"), default=-1)

    def window(self, o):
        if "on" not in o:
            return []
        on = "window" if o["on"] == self.windowed else o["on"]
        if "session" in o:
            return [Stage(["window", "--on", on, "--session", o["session"]])]
        if "session_expr" in o:
            return [Stage(["derive", "--sql",
                           "gap__ = " + o["session_expr"]]),
                    Stage(["window", "--on", on, "--session-field",
                           "gap__"])]
        argv = ["window", "--on", on, "--size", o["size"]]
        for k in ("slide", "start"):
            if o.get(k):
                argv += ["--" + k, o[k]]
        return [Stage(argv)]

    def window_agg(self, o, i):
        stages = self.window(o)
        argv = ["agg"]
        if o.get("by"):
            argv += ["--by", ",".join(o["by"])]
        if o.get("grouping"):
            argv.append("--" + o["grouping"])
        if o.get("grouping_id"):
            argv.append("--grouping-id")
        argv += ["--mode", self.mode]
        if "on" not in o:
            argv.append("--no-window")
        self.windowed = o.get("window_time")
        return stages + [Stage(argv + o["aggs"], stateful=True)]

    def join_static(self, o):
        names = [f.strip().split()[0] for f in o["schema"].split(",")]
        rows = "".join(dumps(dict(zip(names, r))) + "\n"
                       for r in o["rows"])
        table = self.where.write(rows, ".jsonl")
        return [Stage(["join-static", table, "--table-schema", o["schema"],
                       "--on", ",".join(o["on"]), "--how",
                       o["how"].replace("left_", "")])]

    def one(self, o, i):
        op = o["op"]
        if op == "watermark":
            return [Stage(["watermark", "--on", o["on"], "--delay",
                           o["delay"]])]
        if op == "window_agg":
            return self.window_agg(o, i)
        if op == "window":
            return self.window(o)
        if op in ("dedup", "dedup_within"):
            argv = ["dedup"]
            if o.get("by"):
                argv += ["--by", ",".join(o["by"])]
            if op == "dedup_within":
                argv.append("--within-watermark")
            return [Stage(argv, stateful=True)]
        if op == "join_static":
            return self.join_static(o)
        if op == "filter":
            return [Stage(["filter", "--sql", o["expr"]])]
        if op == "expr":
            return [Stage(["derive", "--sql", f"{o['name']} = {o['expr']}"])]
        if op == "pick":
            return select(o["fields"])
        if op == "explode":
            argv = ["explode", o["field"], "--as", o["as"], "--keep"]
            if "split" in o:
                argv += ["--regex", o["split"]]
            return [Stage(argv)]
        if op == "drop_null":
            return [Stage(["drop-null", "--how", o["how"]] +
                          o.get("subset", []))]
        if op == "fill_null":
            return [Stage(["fill-null"] +
                          [f"{k}={v}" for k, v in o["values"].items()])]
        if op == "order":
            return [Stage(["order", "--by", ",".join(o["by"])])]
        if op == "limit":
            return [Stage(["take", str(o["n"])],
                          stateful=self.mode != "complete")]
        raise NotExpressible(f"the operation '{op}'")

    def stages(self, ops, schema, first=0):
        out = [Stage(["parse-json", "--schema", schema])]
        for i, o in enumerate(ops):
            out += self.one(o, first + i)
        return out


def side_lines(case, side):
    return [b if isinstance(b, list) else b.get(side, [])
            for b in case["batches"]]


def inputs_of_join(case, query, o, at):
    """Files of the two inputs, each written by its own programs.  What Spark
    filters in front of the watermark (11.9), drop-null filters here."""
    how = o["how"]
    right = case["sources"]["right"]
    cond = o["cond"]
    names = {s: [f.strip().split()[0] for f in text.split(",")]
             for s, text in (("left", case["schema"]),
                             ("right", right["schema"]))}
    files, stages = {}, []
    for side, schema, ops in (("left", case["schema"], case["ops"][:at]),
                              ("right", right["schema"], right["ops"])):
        mine = query.stages(ops, schema)
        filtered = how in ("inner", "left_semi") or \
            (how == "left" and side == "right") or \
            (how == "right" and side == "left")
        # The event time itself does not move the watermark when it is null.
        times = [x["on"] for x in ops if x["op"] == "watermark"]
        used = [n for n in names[side] if n in cond.replace("(", " ")
                .replace(")", " ").split() and n not in times]
        if not filtered or "<=>" in cond:
            used = []
        # A window behind the join drops its nulls in front of it (6.3).
        used += [x["on"] for x in case["ops"][at + 1:]
                 if x.get("on") in names[side] and x["on"] not in used]
        if used:
            mine.insert(1, Stage(["drop-null"] + used))
        text = run(mine, stream_text(side_lines(case, side)), query.where)
        files[side] = query.where.write(text, ".stream")
        stages += mine
    return files, stages


def global_watermarks(files):
    """The smallest of the inputs' watermarks, per batch: begin and end."""
    sides = []
    for path in files.values():
        with open(path, encoding="utf-8") as f:
            sides.append(batches_of(f.read()))
    out = []
    for both in zip(*sides):
        begins = [b.begin for b in both if b.begin is not None]
        ends = [b.end for b in both if b.end is not None]
        out.append((min(begins, default=None, key=micros),
                    min(ends, default=None, key=micros)))
    return out


def execute(case, where):
    """(batches, stateful stages in order, watermarks or None)"""
    query = Query(case, where)
    joins = [i for i, o in enumerate(case["ops"])
             if o["op"] == "join_stream"]
    if not joins:
        stages = query.stages(case["ops"], case["schema"])
        text = run(stages + [], stream_text(side_lines(case, "left")), where)
        marks = None
    else:
        at = joins[0]
        o = case["ops"][at]
        files, before = inputs_of_join(case, query, o, at)
        join = Stage(["join-stream", files["left"], files["right"], "--where",
                      o["cond"], "--how", o["how"].replace("left_semi",
                                                           "semi")],
                     stateful=True)
        after = []
        for i, x in enumerate(case["ops"][at + 1:]):
            after += query.one(x, at + 1 + i)
        text = run([join] + after, "", where)
        stages = before + [join] + after
        marks = global_watermarks(files)
    check_sink(case, text, where)
    return batches_of(text), [s for s in stages if s.stateful], marks


def check_sink(case, text, where):
    """The sink has a say in what is refused."""
    run([Stage(["sink-table", "--mode", case["mode"]])], text, where)


def expected_rows(micros, mode, session):
    rows = []
    for m in micros:
        if mode == "complete":
            rows = m["rows"]
        else:
            rows = rows + m["rows"]
    return rows


def moment(text):
    """A time without trailing zeros."""
    if text and "." in text:
        text = text.rstrip("Z").rstrip("0").rstrip(".") + "Z"
    return text


def check_batch(case, n, micros, ours, stages, marks):
    name = case["name"]
    want = expected_rows(micros, case["mode"], False)
    diff = compare_rows(want, ours.rows, case.get("ordered", False))
    if diff and not deviates(name, n):
        raise Failed(f"batch {n}: {diff}")
    begin, end = marks[n] if marks is not None else (ours.begin, ours.end)
    if "watermark" in micros[0] and \
            moment(micros[0]["watermark"]) != moment(begin):
        raise Failed(f"batch {n}: the watermark is {begin}, Spark's "
                     f"{micros[0]['watermark']}")
    if len(micros) > 1 and "watermark" in micros[-1] and \
            moment(micros[-1]["watermark"]) != moment(end):
        raise Failed(f"batch {n}: the watermark after it is {end}, Spark's "
                     f"{micros[-1]['watermark']}")
    check_state(n, micros, stages)


def check_state(n, micros, stages):
    state = micros[-1].get("state")
    if state is None:
        return
    ours = [progress_of(s).get(n, (None, None)) for s in reversed(stages)]
    if len(ours) != len(state):
        raise Failed(f"batch {n}: {len(ours)} stateful programs, Spark has "
                     f"{len(state)}")
    for i, (rows, dropped) in enumerate(ours):
        lost = sum(m["dropped"][i] for m in micros)
        if rows != state[i]:
            raise Failed(f"batch {n}: {rows} rows in state, Spark has "
                         f"{state[i]}")
        if dropped != lost:
            raise Failed(f"batch {n}: {dropped} dropped, Spark dropped "
                         f"{lost}")


def check_lines(case, micros, ours):
    """parse-*: a row per line, in order."""
    want = micros[0]["rows"]
    if len(want) != len(ours.rows):
        raise Failed(f"{len(ours.rows)} rows, Spark has {len(want)}")
    for i, (w, g) in enumerate(zip(want, ours.rows)):
        if not same(w, g) and not deviates(case["name"], i) and \
                not deviates("*", case["batches"][0][i]):
            raise Failed(f"line {i} {case['batches'][0][i]}: {brief(g)}, "
                         f"Spark's {brief(w)}")


# The cases that show a window do not say of what records: one each in the
# first and in the second hour.
WINDOW_LINES = ['{"k":"a","t":0}', '{"k":"a","t":3600}']


def window_table():
    return [Stage(["parse-json", "--schema", "k string, t timestamp"]),
            Stage(["window", "--on", "t", "--size", "1 hour"]),
            Stage(["agg", "--by", "k", "--mode", "complete", "count"]),
            Stage(["pick", "--sql", "k, named_struct('start', window_start, "
                   "'end', window_end) as window, count"])]


def check_console(case):
    argv = ["sink-table", "--rows", str(case.get("rows", 20))]
    if case.get("truncate", 20) == 0:
        argv.append("--no-truncate")
    elif case.get("truncate", 20) != 20:
        argv += ["--truncate", str(case["truncate"])]
    with Directory() as where:
        # A table without rows is shown when it is a whole result.
        if "schema" in case:
            text = run([Stage(["parse-json", "--schema", case["schema"]]),
                        Stage(argv)], stream_text([case["lines"]]), where)
        else:
            text = run(window_table() + [Stage(argv)],
                       stream_text([WINDOW_LINES]), where)
    head = "-" * 43 + "\nBatch: 0\n" + "-" * 43 + "\n"
    want = head + case["text"]
    if text.rstrip("\n") != want.rstrip("\n"):
        raise Failed(f"the table is {text!r}, Spark's {want!r}")


def check(case):
    name = case["name"]
    if name.startswith("console"):
        return check_console(case)
    error = case["spark"].get("error")
    with Directory() as where:
        try:
            batches, stages, marks = execute(case, where)
        except Refused as e:
            if error and e.status == 2:
                return
            if "does not fit in 64 bits" in e.words and \
                    deviates("agg#overflow", "*"):
                return
            raise Failed(f"status {e.status}: {e.words.strip()}") from e
        if error:
            if deviates(name, "*") or ("Distinct aggregations" in error and
                                       deviates("plan#distinct", "*")):
                return
            raise Failed(f"runs, Spark refuses: {error[:120]}")
        micros = case["spark"]["batches"]
        if len(batches) != len(micros):
            raise Failed(f"{len(batches)} batches, Spark has {len(micros)}")
        if name.startswith("parse-"):
            check_lines(case, micros[0], batches[0])
            return
        for n, (m, ours) in enumerate(zip(micros, batches)):
            if m:
                check_batch(case, n, m, ours, stages, marks)
