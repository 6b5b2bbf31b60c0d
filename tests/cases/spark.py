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
import signal
import subprocess
import time

import dstream
import files
import jsonfn
import plans
import sqltext
from common import (BIN, Directory, Failed, NotExpressible, Refused, Text,
                    batches_of, brief, compare_rows, control, deviates,
                    progress_of, run)
from query import Program, Query, Source, Unknown, programs

# Spark settings that change nothing that a case can see here.
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def iso(seconds):
    t = EPOCH + datetime.timedelta(seconds=float(seconds))
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


def micros(text):
    """A time of a control line or a record as microseconds since 1970."""
    m = re.match(r"(-?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z$",
                 text)
    if m is None:
        return None
    t = datetime.datetime.strptime(m.group(1), "%Y-%m-%dT%H:%M:%S")
    t = t.replace(tzinfo=datetime.timezone.utc)
    return (t - EPOCH) // datetime.timedelta(microseconds=1) + \
        int((m.group(2) or "").ljust(6, "0") or 0)


def time_of(x):
    """A time of a case, in microseconds."""
    if isinstance(x, str) and not isinstance(x, Text):
        return micros(x)
    return round(float(x) * 1e6)


class Run:
    """What came out of a pipeline: batches, and per step which of them."""

    def __init__(self):
        self.steps = []      # rows of each step
        self.batches = []    # of each step: list of Batch
        self.marks = []      # of each step: watermark after it, in us or None
        self.during = []     # of each step: watermark of its data batch
        self.numbers = []    # of each step: numbers of its batches


# ---- without restart: one program after the other, over text ----

def stream_of(steps, name, case, once):
    """The records of a source as a stream with control lines.  The last
    batch is empty: it tells the watermark after the last step."""
    header = {"stream": 1}
    if once:
        header["trigger"] = "once"
    out = [control(header)]
    for n, step in enumerate(list(steps) + [{}]):
        out.append(control({"begin": n, "time": step_time(step, n)}))
        out.extend(line_of(r) + "\n" for r in records(step, name))
        out.append(control({"end": n}))
    out.append(control({"eof": 1}))
    return "".join(out)


def step_time(step, n):
    t = step.get("batch_time", step.get("clock"))
    if t is not None and not isinstance(t, (dict, list)):
        return t if isinstance(t, str) and not isinstance(t, Text) else iso(t)
    return iso(1767225600 + n)


def line_of(record):
    return json.dumps(record, ensure_ascii=False, default=str)


def records(step, name):
    """Records of one source in a step."""
    i = step.get("input")
    if i is None:
        return []
    if isinstance(i, dict):
        if name in i:
            return i[name] or []
        return []
    return i


def sources_of(case):
    """name -> all records of the case"""
    out = {}
    for step in case.get("batches") or []:
        i = step.get("input")
        if isinstance(i, dict):
            for k, v in i.items():
                out.setdefault(k, []).extend(v or [])
        elif i is not None:
            out.setdefault("input", []).extend(i)
    return out


def named(steps, name, sources):
    """A query may call the only source as it likes."""
    return "input" if name not in sources and len(sources) == 1 and \
        "input" in sources else name


class Sequential:
    """Runs a tree, each program to its end."""

    def __init__(self, case, where, once):
        self.case, self.where, self.once = case, where, once
        self.text = {}
        self.sources = sources_of(case)

    def out(self, node):
        if id(node) in self.text:
            return self.text[id(node)]
        if isinstance(node, Source):
            if "batches" not in self.case:
                text = ""
            elif self.case["kind"] == "batch" or \
                    self.case["query"].get("mode") == "batch":
                text = "".join(
                    line_of(r) + "\n" for s in self.case["batches"]
                    for r in records(s, named(None, node.name, self.sources)))
            else:
                text = stream_of(self.case["batches"],
                                 named(None, node.name, self.sources),
                                 self.case, self.once)
        else:
            inputs = [self.out(i) for i in node.inputs]
            merged = any(isinstance(a, int) for a in node.argv)
            argv = [self.where.write(inputs[a], ".stream")
                    if isinstance(a, int) else a for a in node.argv]
            if node.progress is None:
                node.progress = self.where.name(".progress")
            argv[1:1] = ["--progress", node.progress]
            text = run([Stage(argv)], "" if merged else inputs[0], self.where)
        self.text[id(node)] = text
        return text


class Stage:
    def __init__(self, argv):
        self.argv = argv
        self.stateful = False


def check_sink(mode, text, where):
    """The sink has a say in what is refused."""
    if mode in ("append", "update", "complete"):
        run([Stage(["sink-table", "--mode", mode])], text, where)


def watermarks(streams, policy):
    """Per batch number: (begin, end) of the global watermark, in us."""
    out = {}
    for batches in streams:
        for b in batches:
            for k, v in (("begin", b.begin), ("end", b.end)):
                if v is not None:
                    out.setdefault(b.number, {}).setdefault(k, []).append(
                        micros(v))
    return {n: {k: policy(v) for k, v in d.items()} for n, d in out.items()}


def policy_of(query):
    conf = (query.get("conf") or {}).get(
        "spark.sql.streaming.multipleWatermarkPolicy")
    return max if conf == "max" else min


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
        mine = [b for b in all_batches if b.number == n]
        r.batches.append(mine)
        r.numbers.append([n])
        r.steps.append([row for b in mine for row in b.rows])
        r.during.append(marks.get(n, {}).get("begin"))
        r.marks.append(marks.get(n + 1, {}).get("begin"))
    return r


# ---- with restarts: files, a checkpoint, a shell ----

def segments(case):
    """Steps that run without a stop in between."""
    out = []
    alone = False
    for n, step in enumerate(case["batches"]):
        new = not out or step.get("restart") or step.get("fresh_query") or \
            step.get("trigger") or alone or step.get("inject_failure")
        alone = bool(step.get("trigger") or step.get("inject_failure"))
        if new:
            out.append([])
        out[-1].append(n)
    return out


class Restarting:
    """Runs a tree as a shell pipeline over files, segment by segment."""

    def __init__(self, case, where, once):
        self.case, self.where, self.once = case, where, once
        self.sources = sources_of(case)
        self.checkpoint = where.name(".ck")
        self.sink = where.name(".out")
        self.dirs, self.files = {}, 0
        self.seen = -1
        self.runs = 0

    def put(self, name, options, step):
        """The files of a step of a source; each is one batch."""
        d = self.dirs.setdefault(name, self.where.name(".in"))
        os.makedirs(d, exist_ok=True)
        rows = records(step, named(None, name, self.sources))
        per_file = [rows]
        if options.get("options", {}).get("maxFilesPerTrigger") or \
                options.get("format"):
            per_file = [[r] for r in rows]
        for lines in per_file:
            self.files += 1
            path = os.path.join(d, f"{self.files:06}")
            with open(path, "w", encoding="utf-8") as f:
                f.writelines(line_of(r) + "\n" for r in lines)
            os.utime(path, (1.6e9 + self.files, 1.6e9 + self.files))

    def shell(self, node, where_to, trigger):
        """The text of a pipeline that writes node's stream."""
        if isinstance(node, Source):
            self.count += 1
            name = f"{node.name or 'input'}-{self.count}"
            n = (node.options.get("options") or {}).get("maxFilesPerTrigger",
                                                        "1")
            argv = ["stream-files", "--checkpoint", self.checkpoint,
                    "--trigger", trigger, "--name", name, self.dirs[node.name]]
            if trigger != "once":
                argv[1:1] = ["--max-files", str(n)]
            return self.command(argv, [])
        words = []
        merged = any(isinstance(a, int) for a in node.argv)
        for a in node.argv:
            if isinstance(a, int):
                words.append(
                    "<(" + self.shell(node.inputs[a], where_to, trigger) +
                    ")")
            else:
                words.append(a)
        if node.progress is None:
            node.progress = self.where.name(".progress")
        words[1:1] = ["--progress", node.progress]
        text = self.command(words, node.inputs if merged else [])
        if not merged:
            text = self.shell(node.inputs[0], where_to, trigger) + " | " + \
                text
        if node.name == "watermark":
            tap = f"{where_to}.mark{len(self.taps)}"
            self.taps.append(tap)
            text += f" | tee {shlex.quote(tap)}"
        return text

    def command(self, argv, inputs):
        self.commands += 1
        status = f"{self.status}.{self.commands}"
        words = " ".join(a if a.startswith("<(") else shlex.quote(a)
                         for a in argv)
        return "{ " + words + f"; echo $? >{shlex.quote(status)}; }}"

    def segment(self, node, steps, mode, trigger):
        """Run; [batches, taps].  Raises Refused."""
        self.runs += 1
        self.count = self.commands = 0
        self.taps = []
        self.status = os.path.join(self.where.path, f"status{self.runs}")
        out = os.path.join(self.where.path, f"run{self.runs}")
        failing = any(s.get("inject_failure") for s in steps)
        text = self.shell(node, out, trigger)
        if failing:
            sink = ["sh", "-c", "exit 1"]
        elif mode == "append":
            sink = ["sink-files", self.sink]
        else:
            sink = ["sink-table", "--db", self.sink, "--table", "t",
                    "--mode", mode]
        text += f" | tee {shlex.quote(out)} | " + self.command(sink, [])
        env = dict(os.environ, PATH=BIN + ":" + os.environ["PATH"],
                   LC_ALL="C.UTF-8")
        script = self.where.write("set -o pipefail\n" + text + "\n", ".sh")
        got = run_group(["bash", script], env, self.where.path)
        statuses = self.statuses()
        if failing:
            return [], []
        if got.returncode != 0 or any(statuses):
            worst = max(statuses + [got.returncode])
            raise Refused(2 if 2 in statuses else worst,
                          got.stderr.decode(errors="replace"))
        return out, self.taps

    def statuses(self):
        found = []
        for n in range(1, self.commands + 1):
            try:
                with open(f"{self.status}.{n}", encoding="ascii") as f:
                    found.append(int(f.read() or 1))
            except FileNotFoundError:
                found.append(0)
        return found


PATIENCE = 60  # seconds that a pipeline may take


def run_group(argv, env, cwd):
    """Run; when it takes too long, end it with all that it started."""
    p = subprocess.Popen(argv, env=env, cwd=cwd, start_new_session=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    try:
        out, err = p.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        p.communicate()
        raise Failed(f"no end after {PATIENCE} seconds") from None
    return subprocess.CompletedProcess(argv, p.returncode, out, err)


def read_stream(path):
    with open(path, encoding="utf-8") as f:
        return batches_of(f.read())


def run_restarting(case, query, where, once):
    machine = Restarting(case, where, once)
    r = Run()
    progress = None
    first = case["batches"][0]
    for nth, seg in enumerate(segments(case)):
        steps = [case["batches"][n] for n in seg]
        if steps[0].get("fresh_query"):
            machine.checkpoint = where.name(".ck")
            machine.sink = where.name(".out")
        changed = changed_query(query, steps[0], case)
        rel = build(case, changed, where, seg)
        if progress is None:
            progress = [where.name(".progress")
                        for _ in programs(rel.node)]
        for p, path in zip(programs(rel.node), progress):
            p.progress = path
        for s in steps:
            for source in sources_in(rel.node):
                machine.put(source.name, source.options, s)
        trigger = "once" if once or steps[0].get("trigger") in (
            "once", "single_batch") else "available-now"
        undo(steps[0], machine)
        try:
            out, taps = machine.segment(rel.node, steps,
                                        changed.get("mode") or "append",
                                        trigger)
        except Refused as e:
            if steps[0].get("expect_error"):
                blank(r, len(seg))
                continue
            raise
        if steps[0].get("expect_error"):
            raise Failed(f"step {seg[0]}: runs, Spark refuses")
        collect(r, machine, out, taps, len(seg), policy_of(query))
        r.rel = rel
    return r


def blank(r, n):
    for _ in range(n):
        r.steps.append(None)
        r.batches.append([])
        r.numbers.append([])
        r.marks.append(None)
        r.during.append(None)


def collect(r, machine, out, taps, n, policy):
    """The batches of a segment of n steps.  One that is run again gives what
    it gave before."""
    if not out:
        blank(r, n)
        return
    batches = read_stream(out)
    old = {b.number: b for step in r.batches for b in step}
    for b in batches:
        if b.number in old and old[b.number].rows != b.rows:
            raise Failed(f"batch {b.number}, run again, gives "
                         f"{brief(b.rows)}, not {brief(old[b.number].rows)}")
    batches = [b for b in batches if b.number not in old]
    marks = watermarks([read_stream(t) for t in taps], policy)
    for k in range(n):
        mine = batches[k:k + 1] if k < n - 1 else batches[k:]
        r.batches.append(mine)
        r.numbers.append([b.number for b in mine])
        r.steps.append([row for b in mine for row in b.rows])
        r.during.append(marks.get(mine[0].number, {}).get("begin")
                        if mine else None)
        r.marks.append(marks.get(mine[-1].number, {}).get("end")
                       if mine else None)


def undo(step, machine):
    """before_restart: the newest batch loses its commit."""
    if "commit" not in (step.get("before_restart") or ""):
        return
    commits = []
    top = os.path.join(machine.checkpoint, "commits")
    for d, _, names in os.walk(top):
        numbers = [n for n in names if n.isdigit()]
        if numbers:
            commits.append(os.path.join(d, max(numbers, key=int)))
    if not commits:
        raise Failed("no commit in the checkpoint")
    for path in commits:
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


def sources_in(node):
    """Sources by name, each once."""
    out = {}

    def walk(n):
        if isinstance(n, Source):
            out.setdefault(n.name, n)
        for i in n.inputs:
            walk(i)

    walk(node)
    return list(out.values())


# ---- the whole case ----

def table_writer(where):
    def write(rows):
        return where.write("".join(line_of(r) + "\n" for r in rows),
                           ".jsonl")
    return write


def build(case, query, where, steps=None):
    """Relation of the query; steps: those whose records tell the schema."""
    sources = sources_of(case)
    if steps is not None:
        part = sources_of({"batches": [case["batches"][n] for n in
                                       range(max(steps) + 1)]})
        sources = {k: part.get(k) or v for k, v in sources.items()}
        mine = sources_of({"batches": [case["batches"][n] for n in steps]})
        # Columns that appear later do not exist yet.
        keys = {k: {x for r in v for x in r} for k, v in mine.items() if v}
        sources = {k: [{x: r.get(x) for x in r if x in keys.get(k, r)}
                       for r in v] for k, v in sources.items()}
    q = Query(query, sources, table_writer(where))
    rel = q.build()
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


def needs_restart(case):
    return len(segments(case)) > 1


def shown(rel, row, like):
    """Our record as the case writes rows: columns of the query, times as
    numbers where the case has numbers."""
    out = {}
    for name, c in rel.columns.items():
        if c.window:
            v = {"start": row.get(c.field), "end": row.get(c.end)}
            if v["start"] is None and v["end"] is None:
                v = None
        else:
            v = row.get(c.field.strip("`"))
        out[name] = alike(v, like.get(name, []))
    return out


def alike(v, likes):
    """v in the form in which the case writes such values."""
    some = [x for x in likes if x is not None]
    if not some or v is None:
        return v
    like = some[0]
    if isinstance(v, str) and all(
            isinstance(x, (int, float, Text)) and not isinstance(x, bool)
            for x in some):
        us = micros(v)
        if us is not None:
            return us // 10 ** 6 if us % 10 ** 6 == 0 else Text(us / 1e6)
        return v
    if isinstance(v, dict) and isinstance(like, list):
        return [alike(x, [y[i] for y in some if len(y) > i])
                for i, x in enumerate(v.values())]
    if isinstance(v, dict) and isinstance(like, dict):
        return {k: alike(x, [y.get(k) for y in some if isinstance(y, dict)])
                for k, x in v.items()}
    if isinstance(v, list) and isinstance(like, list):
        return [alike(x, [e for y in some for e in y]) for x in v]
    return v


def examples(case):
    """column -> expected values, over all steps"""
    out = {}
    for step in case["batches"]:
        for row in step.get("expect") or step.get("derived_expect") or []:
            for k, v in row.items():
                out.setdefault(k, []).append(v)
    return out


def check_rows(case, query, r, rel):
    like = examples(case)
    table = []
    for n, step in enumerate(case["batches"]):
        if r.steps[n] is None:
            continue
        rows = [shown(rel, row, like) for row in r.steps[n]]
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
        order = sort_key(case) if step.get("ordered") else None
        diff = ordered_by(want, rows, order) if order else \
            compare_rows(want, rows, bool(step.get("ordered")))
        if diff and not deviates(case["id"], n):
            raise Failed(f"step {n}: {diff}")
    if step.get("expect_count") is not None and \
            len(rows) != step["expect_count"]:
        raise Failed(f"step {n}: {len(rows)} rows, Spark has "
                     f"{step['expect_count']}")
    if step.get("expect_all"):
        check_all(n, step["expect_all"], rows)


def sort_key(case):
    """Ties of a sort may come in any order: None unless the sort is by
    columns that the rows show."""
    return None


def ordered_by(want, rows, order):
    return compare_rows(want, rows, True)


def check_all(n, text, rows, last={}):
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
            if want is None:
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
                dropped = p.get("numRowsDroppedByWatermark") or 0
                d = {"rows": p.get("numRowsTotal"), "dropped": dropped}
                if program.name == "dedup":
                    d["duplicates"] = p["numInputRows"] - \
                        p["numOutputRows"] - dropped
                out[p["batchId"]] = d
    except FileNotFoundError:
        pass
    return out


def check_operators(case, r, rel):
    """The watermarks that each stateful program ran with."""
    if not any("operator_watermarks" in s or
               "output_watermark_ms_for_input_watermark_0" in s
               for s in case["batches"]) or not hasattr(r, "machine"):
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
        ms = step.get("output_watermark_ms_for_input_watermark_0")
        if ms is not None:
            marks = watermarks([batches_of(r.machine.out(stateful[0]))], min)
            if marks.get(n, {}).get("end") != ms * 1000:
                raise Failed(f"step {n}: the output watermark is "
                             f"{marks.get(n)}, Spark's {ms} ms")


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
    got = run([Stage(argv)], text, where)
    want = "\n".join(x for s in case["batches"] for x in s["stdout"])
    if got.rstrip("\n") != want.rstrip("\n"):
        raise Failed(f"prints {got!r}, Spark {want!r}")


def check_files(case, query, rel, text, where):
    """What is in the directory in the end."""
    out = where.name(".files")
    argv = ["sink-files", out]
    by = query.get("partition_by") or []
    if by:
        argv += ["--partition-by", ",".join(by)]
    run([Stage(argv)], text, where)
    like = examples(case)
    rows = [shown(rel, row, like) for row in files.read_directory(out)]
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
            rel = r.rel
        else:
            rel = build(case, query, where)
            r = run_sequential(case, query, rel, where, once)
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
        from common import loads
        rows = [loads(line) for line in text.split("\n") if line]
        like = examples(case)
        rows = [shown(rel, row, like) for row in rows]
        for n, step in enumerate(case["batches"]):
            check_step(case, n, step, rows)


def check_error(case):
    """The query has to be refused."""
    query = case["query"]
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
    check_batch({**case, "kind": "batch", "query": query})


JSON_OPS = ("from_json", "to_json", "get_json_object", "json_tuple",
            "json_array_length", "json_object_keys", "schema_of_json")


def uses_json(query):
    return query["op"] in JSON_OPS or any(
        s.get("op") in JSON_OPS for s in query.get("stages") or [])


def check(case):
    kind, query = case["kind"], case.get("query") or {}
    try:
        if kind == "plan":
            return plans.check(case)
        if kind == "dstream":
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
