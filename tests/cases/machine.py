"""Running the pipelines of the Spark cases: program after program over text,
or as a shell's pipeline over files with a checkpoint; and the values that come
out, in the form of the cases."""
import datetime
import json
import os
import re
import shlex
import signal
import subprocess

from common import (BIN, Failed, Refused, Text, batches_of, control, dumps,
                    run)
from query import Source

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


def shown(rel, row, like):
    """Our record as the case writes rows: columns of the query, times as
    numbers where the case has numbers.  Columns that the query does not name
    are the case's that we do not have, in their order."""
    out = {}
    free = [n for n in like if n not in rel.columns]
    unnamed = [n for n in rel.columns if n not in like]
    names = dict(zip(unnamed, free)) if len(free) == len(unnamed) else {}
    for column, c in rel.columns.items():
        name = names.get(column, column)
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



# ---- what came out ----

class Run:
    """What came out of a pipeline, step by step."""

    def __init__(self):
        self.steps = []      # rows, None: the step was refused
        self.batches = []    # list of Batch
        self.numbers = []    # of these batches
        self.marks = []      # watermark after it, in us or None
        self.during = []     # watermark of its batch
        self.unknown = []    # nothing tells the watermark after it
        self.rels = []       # the query it ran with
        self.fresh = 0       # the step that began with a new checkpoint

    def add(self, batches):
        self.batches.append(batches)
        self.numbers.append([b.number for b in batches])
        self.steps.append([row for b in batches for row in b.rows])
        self.marks.append(None)
        self.during.append(None)
        self.unknown.append(False)

    def nothing(self):
        self.add([])
        self.steps[-1] = None


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
    return dumps(record)


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


def watermarks(streams, policy, reached=0):
    """Per batch number: (begin, end) of the global watermark, in us; reached:
    what it was before."""
    out = {}
    for batches in streams:
        for b in batches:
            for k, v in b.fresh.items():
                if v is not None:
                    out.setdefault(b.number, {}).setdefault(k, []).append(
                        micros(v))
    for n in sorted(out):
        for k in ("begin", "end"):
            if k in out[n]:
                reached = out[n][k] = max(reached, policy(out[n][k]))
    return out


def policy_of(query):
    conf = (query.get("conf") or {}).get(
        "spark.sql.streaming.multipleWatermarkPolicy")
    return max if conf == "max" else min


# Of several sources each has a batch in every step, if only of a blank line,
# so that theirs stay together.
BLANK = object()


class Restarting:
    """Runs a tree as a shell pipeline over files, segment by segment."""

    def __init__(self, case, where, once):
        self.case, self.where, self.once = case, where, once
        self.sources = sources_of(case)
        self.checkpoint = where.name(".ck")
        self.sink = where.name(".out")
        self.dirs, self.files = {}, 0
        self.reached = 0  # the global watermark
        self.runs = 0

    def put(self, name, options, step):
        """The files of a step of a source; each is one batch."""
        d = self.dirs.setdefault(name, self.where.name(".in"))
        os.makedirs(d, exist_ok=True)
        rows = records(step, named(None, name, self.sources))
        per_file = [rows] if rows or len(self.sources) < 2 else [[BLANK]]
        if options.get("options", {}).get("maxFilesPerTrigger") or \
                options.get("format"):
            per_file = [[r] for r in rows]
        for lines in per_file:
            self.files += 1
            path = os.path.join(d, f"{self.files:06}")
            with open(path, "w", encoding="utf-8") as f:
                f.writelines("\n" if r is BLANK else line_of(r) + "\n"
                             for r in lines)
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
            text = self.command(argv, [])
            if len(self.sources) > 1:
                text += " | thru --ok 0,1 -- grep ."  # no BLANK
            return text
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

    def segment(self, node, step, mode, trigger):
        """Run; [batches, taps].  Raises Refused."""
        self.runs += 1
        self.count = self.commands = 0
        self.taps = []
        self.status = os.path.join(self.where.path, f"status{self.runs}")
        out = os.path.join(self.where.path, f"run{self.runs}")
        failing = fails(step)
        text = self.shell(node, out, trigger)
        if failing:
            # It has begun with the batch, and has nothing of it.
            sink = ["sh", "-c", "head -n 3 >/dev/null; exit 1"]
        elif mode == "append":
            sink = ["sink-files", self.sink]
        else:
            sink = ["sink-table", "--db", self.sink, "--table", "t",
                    "--mode", mode]
        text += f" | tee {shlex.quote(out)} | " + self.command(sink, [])
        env = dict(os.environ, PATH=BIN + ":" + os.environ["PATH"],
                   LC_ALL="C.UTF-8")
        if "batch_time" in step or "clock" in step:
            env["BIEF_CLOCK"] = step_time(step, 0)
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


def fails(step):
    """Does something fail while the step runs?  Damage to the checkpoint
    comes before."""
    failure = step.get("inject_failure")
    return bool(failure) and not (
        isinstance(failure, str) and
        re.search(r"\b(offset|commit)", failure))


PATIENCE = 20  # seconds that a pipeline may take


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
