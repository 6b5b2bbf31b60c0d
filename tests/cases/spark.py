"""Cases from Spark's own test suites: each query becomes a pipeline of the
real programs; each step a batch (Spark's data batches of the step and the
ones without data that follow are one of ours).

Steps with a restart run over files: everything is stopped, and started again
from its checkpoint."""
import datetime
import json
import os
import re
import shlex
import time

import dstream
import files
import jsonfn
import plans
import sqltext
from common import (Directory, Failed, NotExpressible, Refused, batches_of,
                    brief, compare_rows, control, deviates, loads, run)
from machine import (EPOCH, Restarting, Run, Sequential, Stage, check_sink,
                     examples, line_of, policy_of, read_stream,
                     shown, sources_in, sources_of, time_of, watermarks)
from query import Program, Query, Unknown, programs

def run_sequential(case, query, rel, where, once):
    machine = Sequential(case, where, once)
    text = machine.out(rel.node)
    check_sink(query.get("mode"), text, where)
    r = Run()
    r.text, r.machine = text, machine
    marks = watermarks([batches_of(machine.out(p)) for p in
                        programs(rel.node) if p.name == "watermark"],
                       policy_of(query))
    all_batches = batches_of(text)
    for n in range(len(case["batches"])):
        r.add([b for b in all_batches if b.number == n])
        # Without batches that have no data, "begin" tells what is late, one
        # batch behind; what closes is told by "end".
        key = "end" if once else "begin"
        r.during[n] = marks.get(n, {}).get(key)
        r.marks[n] = marks.get(n + 1, {}).get(key)
    return r


# ---- with restarts: files, a checkpoint, a shell ----

def needs_restart(case):
    """Steps before which Spark is started again; then bief is started again
    for every step, which is more."""
    return any(s.get("restart") or s.get("fresh_query") or
               s.get("inject_failure") for s in case["batches"]) or any(
                   s.get("trigger") == "available_now"
                   for s in case["batches"])


def run_restarting(case, query, where, once):
    machine = Restarting(case, where, once)
    r = Run()
    progress = None
    for first, steps in segments(case):
        step = steps[0]
        if step.get("fresh_query"):
            machine.checkpoint = where.name(".ck")
            machine.sink = where.name(".out")
            r.fresh = first
        changed = changed_query(query, step, case)
        rel = build(case, changed, where, first)
        progress = progress or [where.name(".progress")
                                for _ in programs(rel.node)]
        for p, path in zip(programs(rel.node), progress):
            p.progress = path
        for s in steps:
            for source in sources_in(rel.node):
                machine.put(source.name, source.options, s)
        single = once or step.get("trigger") in ("once", "single_batch")
        undo(step, machine)
        r.rels += [rel] * len(steps)
        try:
            out, taps = attempt(machine, rel, step, changed, single)
        except Refused:
            if step.get("expect_error"):
                r.nothing()
                continue
            raise
        if step.get("expect_error") and out:
            if query.get("sink") == "memory":
                raise NotExpressible("a sink that forgets: a table stays "
                                     "when the query is started again")
            if not damaged(step) or not deviates(
                    "MicroBatchExecutionSuite#offset", "*"):
                raise Failed(f"step {first}: runs, Spark refuses")
            r.nothing()
            continue
        collect(r, machine, out, taps, policy_of(query), single, len(steps))
    return r


def attempt(machine, rel, step, query, single):
    """What comes out of a run.  A failure that is injected ends one; where
    the step expects rows nevertheless, they are those of the next."""
    mode = query.get("mode") or "append"
    trigger = "once" if single else "available-now"
    out = machine.segment(rel.node, step, mode, trigger)
    if step.get("inject_failure") and not damaged(step) and \
            step.get("expect") and not step.get("expect_error"):
        out = machine.segment(rel.node, {**step, "inject_failure": None},
                              mode, trigger)
    return out


ALONE = ("restart", "fresh_query", "inject_failure", "expect_error",
         "query_change", "conf_on_restart", "before_restart", "trigger")


def segments(case):
    """The steps of each run, with the number of the first.  Of one source it
    makes no difference whether it is started again, so each step has a run of
    its own; of several it does: they begin their watermarks anew."""
    out = []
    for n, step in enumerate(case["batches"]):
        if n > 0 and len(sources_of(case)) > 1 and \
                not any(step.get(k) for k in ALONE) and \
                not case["batches"][n - 1].get("trigger") and \
                not case["batches"][n - 1].get("inject_failure"):
            out[-1][1].append(step)
        else:
            out.append((n, [step]))
    return out


def collect(r, machine, out, taps, policy, once, steps):
    """The batches of a run of so many steps.  One that is run again gives what
    it gave before."""
    if not out:
        r.nothing()
        return
    batches = read_stream(out)
    old = {b.number: b for step in r.batches[r.fresh:] for b in step}
    for b in batches:
        if b.number in old and old[b.number].rows != b.rows:
            raise Failed(f"batch {b.number}, run again, gives "
                         f"{brief(b.rows)}, not {brief(old[b.number].rows)}")
    batches = [b for b in batches if b.number not in old]
    marks = watermarks([read_stream(t) for t in taps], policy,
                       machine.reached)
    if steps > 1 and len(batches) != steps:
        raise Failed(f"{len(batches)} batches of {steps} steps")
    for part in [[b] for b in batches] if steps > 1 else [batches]:
        add_step(r, machine, part, marks, once)


def add_step(r, machine, batches, marks, once):
    first = marks.get(batches[0].number, {}) if batches else {}
    last = marks.get(batches[-1].number, {}) if batches else {}
    machine.reached = max(machine.reached, last.get("end", 0))
    r.add(batches)
    if not once:
        r.during[-1], r.marks[-1] = first.get("begin"), last.get("end")
        return
    # What closes is told by "end"; what the batch itself makes of the
    # watermark, only the next one shows.
    r.during[-1] = last.get("end")
    if len(r.marks) > 1 and r.unknown[-2]:
        r.marks[-2], r.unknown[-2] = r.during[-1], False
    r.unknown[-1] = True


def damaged(step):
    """What the checkpoint loses in front of a step: (offset or commit, the
    number of the batch or None for the newest)."""
    text = step.get("before_restart") or step.get("inject_failure")
    if not isinstance(text, str) or not re.search(
            r"delet|remov|lost|loses|missing|gone", text):
        return []
    out = []
    for part in re.split(r",|;|\band\b", text):
        m = re.search(r"\b(offset|commit)", part)
        if m:
            n = re.search(r"\d+", part)
            out.append((m.group(1), int(n.group()) if n else None))
    return out


def undo(step, machine):
    """before_restart: entries of the checkpoint that are lost."""
    lost = []
    for kind, number in damaged(step):
        for d, _, names in os.walk(os.path.join(machine.checkpoint,
                                                kind + "s")):
            numbers = [int(n.split(".")[0]) for n in names
                       if re.match(rf"\d+\.{kind}$", n)]
            if numbers:
                n = max(numbers) if number is None else number
                lost.append(os.path.join(d, f"{n}.{kind}"))
    if damaged(step) and not any(map(os.path.exists, lost)):
        raise Failed("the checkpoint does not have what it loses")
    for path in lost:
        if os.path.exists(path):
            os.remove(path)


def changed_query(query, step, case):
    """The query that the pipeline is started again with."""
    change = step.get("query_change")
    conf = step.get("conf_on_restart")
    if conf:
        query = {**query, "conf": {**(query.get("conf") or {}), **conf}}
    if change is None:
        return query
    if isinstance(change, dict):
        return {**query, **change}
    m = re.search(r"(\w+) = (\w+) added", change)
    added = [k for k in step["input"][0] if not any(
        k in r for r in case["batches"][0]["input"])]
    query = json.loads(json.dumps(query))
    if m:
        for side, name in (("left", m.group(1)), ("right", m.group(2))):
            query[side].setdefault("columns", {})[name] = added[0]
        query["keys"].append([m.group(1), m.group(2)])
        query["select"] += [m.group(1)]
        return query
    m = re.search(r"output columns \((\w+) added\)", change)
    if m:
        for side in ("left", "right"):
            query[side].setdefault("columns", {})[side + "_added"] = \
                m.group(1)
        query["select"] += ["left_added"]
        return query
    raise NotExpressible(f"the change of the query: {change}")


# ---- the whole case ----

class Tables:
    """Static tables: files of their rows."""

    def __init__(self, where):
        self.where = where

    def __call__(self, rows):
        return self.where.write("".join(line_of(r) + "\n" for r in rows),
                                ".jsonl")

    def rows(self, rel, records):
        """What a query makes of a table."""
        case = {"kind": "batch", "query": {"mode": "batch"},
                "batches": [{"input": records}]}
        text = Sequential(case, self.where, False).out(rel.node)
        return [shown(rel, loads(line), {})
                for line in text.split("\n") if line]


def built(query, sources, where):
    """A query and its relation.  Where no record shows columns, they are
    those that the query asks for."""
    columns = []
    while True:
        q = Query(query, dict(sources), Tables(where))
        q.columns = columns
        try:
            return q, q.build()
        except Unknown as e:
            name = str(e).split(".")[0]
            if any(map(any, sources.values())) or name in columns:
                raise
            columns.append(name)


def build(case, query, where, step=None):
    """Relation of the query, as it is in one step: a column that comes later
    does not exist yet."""
    sources = sources_of(case)
    if step is not None:
        now_ = sources_of({"batches": [case["batches"][step]]})
        so_far = sources_of({"batches": case["batches"][:step + 1]})
        for name, all_records in sources.items():
            here = now_.get(name) or so_far.get(name) or all_records
            keys = {k for r in here for k in r}
            sources[name] = [{k: v for k, v in r.items() if k in keys}
                             for r in all_records]
    q, rel = built(query, sources, where)
    wanted = len(examples(case))
    if len(rel.sides) == 2 and len(rel.columns) < wanted == \
            sum(map(len, rel.sides.values())):
        # Without a select list Spark shows the columns of both.
        rel = q.select(rel, ["left.*", "right.*"])
    if query.get("sink") == "foreach_batch":
        foreach_batch(q, rel, query)
    return rel


def foreach_batch(q, rel, query):
    """A function on each batch: a pipeline of its own under thru."""
    text = query.get("sink_function")
    if not text:
        return
    names = list(rel.columns)
    expr, _, order = text.partition(",")
    sql, _ = rel.sql(expr.strip())
    command = f"derive --sql {shlex.quote(f'{names[0]} = {sql}')}"
    if "sorted" in order:
        sign = "-" if "descending" in order else ""
        command += f" | order --by {shlex.quote(sign + names[0])}"
    rel.node = Program(["thru", "--", "sh", "-c", command], [rel.node])


def check_rows(case, query, r, rel):
    like = examples(case)
    table = []
    for n, step in enumerate(case["batches"]):
        if r.steps[n] is None:
            continue
        rows = [shown(r.rels[n], row, like) for row in r.steps[n]]
        if step.get("check") == "last" and step.get("expect") and \
                len(rows) > len(step["expect"]):
            # Spark looked at the last batch of a step alone.
            rows = [shown(r.rels[n], row, like) for row in
                    [b for b in r.batches[n] if b.rows][-1].rows]
        if query.get("mode") == "complete":
            # A batch without input gives no table: the last one stands.
            if not rows and not r_any(step):
                rows = table
            table = rows
        check_step(case, n, step, rows)


def r_any(step):
    i = step.get("input")
    return any(i.values()) if isinstance(i, dict) else bool(i)


def check_step(case, n, step, rows):
    want = step.get("expect")
    if want is None:
        want = step.get("derived_expect")
    if want is not None:
        diff = compare_rows(want, rows, bool(step.get("ordered")))
        if diff and not deviates(case["id"], n):
            raise Failed(f"step {n}: {diff}")
    if step.get("expect_count") is not None and \
            len(rows) != step["expect_count"]:
        raise Failed(f"step {n}: {len(rows)} rows, Spark has "
                     f"{step['expect_count']}")
    if step.get("expect_all"):
        check_all(n, step["expect_all"], rows)


def check_all(n, text, rows):
    """'_1 <= 4 AND cur >= cur of the step before'"""
    for part in text.split(" AND "):
        m = re.match(r"(\w+) (<=|>=|=|<|>) (.+)$", part)
        if m is None:
            raise Failed(f"step {n}: cannot read '{part}'")
        name, op, value = m.groups()
        if "step before" in value:
            continue  # times of batches do not go back: see check_times
        for row in rows:
            v = row.get(name)
            want = int(value) if re.match(r"-?\d+$", value) else \
                value.strip("'")
            good = {"=": v == want, "<=": v <= want, ">=": v >= want,
                    "<": v < want, ">": v > want}[op]
            if not good:
                raise Failed(f"step {n}: {brief(row)} is not {part}")


def check_times(case, r, rel):
    """Columns that must not go back from step to step."""
    for n, step in enumerate(case["batches"]):
        m = re.search(r"(\w+) >= \1 of the step before",
                      step.get("expect_all") or "")
        if m and n > 0 and r.steps[n] and r.steps[n - 1]:
            field = rel.columns[m.group(1)].field
            before = max(row[field] for row in r.steps[n - 1])
            if any(row[field] < before for row in r.steps[n]):
                raise Failed(f"step {n}: {m.group(1)} goes back")


def check_marks(case, r):
    for n, step in enumerate(case["batches"]):
        if r.steps[n] is None:
            continue
        if deviates(case["id"], n):
            continue
        for key, ours in (("expect_watermark", r.marks[n]),
                          ("batch_watermark", r.during[n])):
            want = step.get(key)
            if want is None or (key == "expect_watermark" and r.unknown[n]):
                continue
            if ours != time_of(want):
                raise Failed(f"step {n}: {key} is {want}, ours "
                             f"{ours if ours is None else ours / 1e6}")
        stats = step.get("event_stats") or {}
        if stats.get("watermark") is not None and \
                r.during[n] != time_of(stats["watermark"]):
            raise Failed(f"step {n}: watermark of the batch is "
                         f"{stats['watermark']}, ours {r.during[n]}")
        behind = step.get("expect_watermark_months_behind")
        if behind:
            months = months_since(r.marks[n])
            if not behind[0] <= months <= behind[1]:
                raise Failed(f"step {n}: the watermark is {months} months "
                             f"behind, Spark's {behind}")


def months_since(us):
    t = EPOCH + datetime.timedelta(microseconds=us)
    now = datetime.datetime.fromtimestamp(time.time(), datetime.timezone.utc)
    return (now.year - t.year) * 12 + now.month - t.month - \
        (1 if now.day < t.day else 0)


COUNTERS = ("state_updated", "state_removed", "dropped_by_watermark",
            "dropped_duplicates")


def check_state(case, r, rel):
    stateful = [p for p in programs(rel.node) if p.stateful]
    progress = [details(p) for p in stateful]
    sums = [{} for _ in stateful]
    for n, step in enumerate(case["batches"]):
        if r.steps[n] is None:
            continue
        for i, p in enumerate(progress):
            for b in r.numbers[n]:
                for k, v in p.get(b, {}).items():
                    sums[i][k] = sums[i].get(k, 0) + v
        if deviates(case["id"], n):
            continue
        last = r.numbers[n][-1] if r.numbers[n] else None
        if step.get("state_rows") is not None:
            for i, want in expected(step["state_rows"], stateful):
                ours = progress[i].get(last, {}).get("rows")
                if ours is not None and \
                        ours < want <= ours + written(case, r, n):
                    continue
                if ours != want:
                    raise Failed(f"step {n}: {ours} rows in state of "
                                 f"{stateful[i].name}, Spark has {want}")
        for key, ours in (("dropped_by_watermark", "dropped"),
                          ("dropped_duplicates", "duplicates")):
            if step.get(key) is None:
                continue
            for i, want in expected(step[key], stateful):
                if sums[i].get(ours, 0) != want:
                    raise Failed(f"step {n}: {key} {sums[i].get(ours, 0)} "
                                 f"at {stateful[i].name}, Spark has {want}")
        check_sizes(n, step, stateful, progress, last)
        if step.get("counters_reset") or any(
                step.get(k) is not None for k in COUNTERS):
            sums = [{} for _ in stateful]


def written(case, r, n):
    """How many rows too many Spark 3 may keep: a semi join's left rows that
    are written already.  The Spark of the golden cases does not keep them
    (join-stream-057 to 070)."""
    if case["query"].get("type") != "left_semi" or \
            not case["spark"].startswith("3."):
        return 0
    return sum(len(rows or []) for rows in r.steps[:n + 1])


def expected(want, stateful):
    if isinstance(want, dict):
        return [(int(k[2:]) - 1, v) for k, v in want.items()]
    if len(stateful) == 1:
        return [(0, want)]
    return []


def check_sizes(n, step, stateful, progress, last):
    """What Spark has in the state of each join, row by row: how many."""
    state = dict(step.get("state") or {})
    for side in ("left", "right"):
        if isinstance(step.get(side + "_state"), list):
            state["join1." + side] = step[side + "_state"]
    if not state:
        return
    joins = [i for i, p in enumerate(stateful) if p.name == "join-stream"]
    for nth, i in enumerate(joins):
        if nth + 1 < len(joins) and deviates("join-stream#before", "*"):
            continue
        want = sum(len(v) for k, v in state.items()
                   if k.startswith(f"join{nth + 1}."))
        ours = progress[i].get(last, {}).get("rows")
        if ours != want:
            raise Failed(f"step {n}: {ours} rows in state of join {nth + 1}, "
                         f"Spark has {want}")


def details(program):
    out = {}
    try:
        with open(program.progress, encoding="utf-8") as f:
            for line in f:
                p = json.loads(line)
                state = p.get("stateOperators", [{}])[0]
                dropped = state.get("numRowsDroppedByWatermark") or 0
                d = {"rows": state.get("numRowsTotal"), "dropped": dropped}
                if program.name == "dedup":
                    d["duplicates"] = p["numInputRows"] - \
                        p["numOutputRows"] - dropped
                out[p["batchId"]] = d
    except FileNotFoundError:
        pass
    return out


def check_operators(case, r, rel):
    """The watermarks that each stateful program ran with.  (Spark's output
    watermark for an input of 0, which it never uses in a query, is not looked
    at.)"""
    if not hasattr(r, "machine"):
        return
    stateful = [p for p in programs(rel.node) if p.stateful]
    for n, step in enumerate(case["batches"]):
        for name, want in (step.get("operator_watermarks") or {}).items():
            p = stateful[int(name[2:]) - 1]
            marks = watermarks([batches_of(r.machine.out(i))
                                for i in p.inputs], min)
            for key, ours in (("late", "begin"), ("evict", "end")):
                if want.get(key) is None:
                    continue
                w = time_of(want[key])
                if marks.get(n, {}).get(ours) != w:
                    raise Failed(f"step {n}: {name} {key} {want[key]}, ours "
                                 f"{marks.get(n, {}).get(ours)}")


def check_console(case, query, rel, text, where):
    options = {k.lower(): v for k, v in (query.get("options") or {}).items()}
    argv = ["sink-table"]
    if "numrows" in options:
        argv += ["--rows", str(options["numrows"])]
    truncate = str(options.get("truncate", "true")).lower()
    if truncate in ("false", "0"):
        argv.append("--no-truncate")
    elif truncate.isdigit():
        argv += ["--truncate", truncate]
    # The batch at the end tells the watermark; the case does not have it.
    last = control({"begin": len(case["batches"])})[:-3]
    text = text[:text.index(last)] + control({"eof": 1})
    ours = blocks(run([Stage(argv)], text, where))
    for n, step in enumerate(case["batches"]):
        if step.get("stdout") is None:
            continue
        want = blocks("\n".join(step["stdout"]) + "\n")
        got = [b for b in ours if b[0] == n]
        if [b[1] for b in want] != [b[1] for b in got] and \
                told(want, step) != told(got, step):
            raise Failed(f"step {n}: prints {got!r}, Spark {want!r}")


def blocks(text):
    """(batch, text of its table) of each table on a console"""
    parts = re.split(r"^-{43}\nBatch: (\d+)\n-{43}\n", text, flags=re.M)
    return [(int(n), t.rstrip("\n"))
            for n, t in zip(parts[1::2], parts[2::2])]


def told(tables, step):
    """What tables say but for what bief does otherwise on purpose."""
    out = []
    for _, text in tables:
        lines = text.split("\n")
        rows = [x for x in lines[3:] if x.startswith("|")]
        if not rows and deviates("sink-table#empty", "*"):
            continue
        if deviates("sink-table#order", "*") and not step.get("ordered"):
            lines.sort()
        out.append(lines)
    return out


def check_files(case, query, rel, text, where):
    """What is in the directory in the end."""
    out = where.name(".files")
    argv = ["sink-files", out]
    by = query.get("partition_by") or []
    if by:
        argv += ["--partition-by", ",".join(by)]
    run([Stage(argv)], text, where)
    like = examples(case)
    rows = [shown(rel, row, like) for row in files.read_directory(out, where)]
    want = [row for s in case["batches"] for row in s.get("expect") or []]
    diff = compare_rows(want, rows)
    if diff:
        raise Failed(f"in the directory: {diff}")


def now(case):
    """The clock in place of 'now'."""
    t = int(time.time())

    def walk(x):
        if isinstance(x, dict):
            return {k: walk(v) for k, v in x.items()}
        if isinstance(x, list):
            return [walk(v) for v in x]
        return t if x == "now" else x

    for step in case.get("batches") or []:
        if "input" in step:
            step["input"] = walk(step["input"])


def no_data_batches(query):
    conf = query.get("conf") or {}
    return conf.get("spark.sql.streaming.noDataMicroBatches.enabled",
                    "true") != "false"


def check_stream(case):
    query = case["query"]
    now(case)
    once = not no_data_batches(query) or all(
        s.get("trigger") in ("once", "single_batch")
        for s in case["batches"]) and bool(case["batches"])
    with Directory() as where:
        if needs_restart(case):
            r = run_restarting(case, query, where, once)
            rel = r.rels[-1]
        else:
            rel = build(case, query, where)
            r = run_sequential(case, query, rel, where, once)
            r.rels = [rel] * len(case["batches"])
        check_rows(case, query, r, rel)
        check_times(case, r, rel)
        check_marks(case, r)
        check_state(case, r, rel)
        check_operators(case, r, rel)
        if query.get("sink") == "console" and hasattr(r, "text"):
            check_console(case, query, rel, r.text, where)
        if query.get("sink") == "file" and hasattr(r, "text"):
            check_files(case, query, rel, r.text, where)


def check_batch(case):
    query = case["query"]
    with Directory() as where:
        rel = build(case, query, where)
        machine = Sequential(case, where, False)
        text = machine.out(rel.node)
        if text.startswith('{"#bief"'):
            rows = [row for b in batches_of(text) for row in b.rows]
        else:
            rows = [loads(line) for line in text.split("\n") if line]
        like = examples(case)
        rows = [shown(rel, row, like) for row in rows]
        for n, step in enumerate(case["batches"]):
            check_step(case, n, step, rows)


def refused(run_it):
    try:
        run_it()
    except Refused as e:
        if e.status == 2:
            return
        raise
    raise Failed("runs, Spark refuses")


def check_restart(case):
    """A query that is refused when it is started again."""
    query = case["query"]
    with Directory() as where:
        try:
            run_restarting(case, query, where, not no_data_batches(query))
        except Refused as e:
            if e.status in (2, 3) or case["expect_error"]["when"] == "run":
                return
            raise
    if query.get("sink") == "memory":
        raise NotExpressible("a sink that forgets: a table stays when the "
                             "query is started again")
    if not any(map(damaged, case["batches"])) or \
            not deviates("MicroBatchExecutionSuite#offset", "*"):
        raise Failed("runs, Spark refuses: " + brief(case["expect_error"]))


def check_error(case):
    """The query has to be refused."""
    query = case["query"]
    if needs_restart({"batches": [], **case}):
        return check_restart(case)
    if query["op"] == "dstream":
        return refused(lambda: dstream.check({"batches": [{}], **case}))
    if query["op"] == "merge_sessions":
        raise NotExpressible("a piece of Spark's machinery, which wants its "
                             "input sorted: bief takes records in any order")
    try:
        with Directory() as where:
            if query.get("sink") == "memory" and \
                    query.get("query_name", "") is None:
                run([Stage(["sink-table", "--db", "result.db"])], "", where)
            elif query.get("sink") == "file":
                rel = build(case, query, where)
                text = Sequential({**case, "batches": [{}]}, where,
                                  False).out(rel.node)
                run([Stage(["sink-files", where.name(".files")])], text,
                    where)
            else:
                rel = build({"batches": [], **case}, query, where)
                machine = Sequential({"batches": [{}], **case}, where, False)
                text = machine.out(rel.node)
                check_sink(query.get("mode"), text, where)
    except Refused as e:
        if e.status == 2 or (e.status in (1, 3) and
                             case["expect_error"]["when"] == "run"):
            return
        raise Failed(f"status {e.status}: {e.words.strip()}") from e
    if not deviates(case["id"], "*"):
        raise Failed("runs, Spark refuses: " + brief(case["expect_error"]))


def check_unit(case):
    op = case["query"]["op"]
    if op == "merge_sessions":
        return check_merge(case)
    raise NotExpressible(f"a piece of Spark's machinery, '{op}'")


def check_merge(case):
    """Sessions of records that say where they start and end."""
    q = case["query"]
    keys = q.get("keys") or []
    query = {
        "op": "session_aggregate", "mode": "batch",
        "prepare": [{"op": "derive", "columns": {
            "at": "start", "gap": "end - start"}}],
        "session": {"time": "at", "gap": {"column": "gap"}, "as": "session"},
        "group_by": ["session"] + keys, "aggs": q["aggs"],
        "select": keys + ["session.start as start", "session.end as end"] +
        [a["as"] for a in q["aggs"]]}
    if not any(s.get("input") for s in case["batches"]):
        query["schema"] = {"start": "timestamp", "end": "timestamp",
                           **{k: "string" for k in keys}}
    check_batch({**case, "kind": "batch", "query": query})


JSON_OPS = ("from_json", "to_json", "get_json_object", "json_tuple",
            "json_array_length", "json_object_keys", "schema_of_json")


def uses_json(query):
    return query["op"] in JSON_OPS or any(
        s.get("op") in JSON_OPS for s in query.get("stages") or [])


# Settings that bring back what an older Spark did.
OLDER = {"spark.sql.streaming.statefulOperator.allowMultiple": "false",
         "spark.sql.json.enablePartialResults": "false",
         "spark.sql.legacy.timeParserPolicy": "LEGACY"}


def older(query):
    """A setting of the query that asks for what an older Spark did."""
    for key, value in (query.get("conf") or {}).items():
        if OLDER.get(key) == value:
            return f"{key}={value}"
    return None


def check(case):
    try:
        check_kind(case)
    except Failed as e:
        setting = older(case.get("query") or {})
        if setting is None:
            raise
        raise NotExpressible(f"the setting {setting}, an older behaviour of "
                             "Spark") from e


def check_kind(case):
    kind, query = case["kind"], case.get("query") or {}
    try:
        if kind == "plan":
            return plans.check(case)
        if kind == "dstream" and "expect_error" not in case:
            return dstream.check(case)
        if kind == "unit":
            return check_unit(case)
        if query.get("op") == "file_source":
            return files.check(case)
        if uses_json(query):
            return jsonfn.check(case)
        if kind == "error":
            return check_error(case)
        if kind == "stream":
            return check_stream(case)
        if kind == "batch":
            return check_batch(case)
    except Refused as e:
        raise Failed(f"status {e.status}: {e.words.strip()}") from e
    except sqltext.SqlError as e:
        raise Failed(str(e)) from e
    raise NotExpressible(f"the kind '{kind}'")
