"""What the readers of both kinds of cases share: running pipelines, reading
what they write, comparing rows."""
import json
import math
import os
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.environ.get("BIEF_BIN") or os.path.join(HERE, "..", "..", "bin")


class NotExpressible(Exception):
    """The case asks for what bief does not have."""


class Failed(Exception):
    """bief gives another answer."""


class Text(str):
    """A number as it was spelled."""


def loads(text):
    """JSON with the spelling of numbers that are no integers."""
    return json.loads(text, parse_float=Text)


def dumps(x):
    """JSON with numbers as they were spelled."""
    if isinstance(x, Text):
        return str(x)
    if isinstance(x, dict):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:"
                              f"{dumps(v)}" for k, v in x.items()) + "}"
    if isinstance(x, list):
        return "[" + ",".join(map(dumps, x)) + "]"
    return json.dumps(x, ensure_ascii=False)


class Directory:
    """A scratch directory with a name of its own for each file."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="bief-case-")
        self.n = 0
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def name(self, suffix=""):
        self.n += 1
        return os.path.join(self.path, f"{self.n}{suffix}")

    def write(self, text, suffix=""):
        path = self.name(suffix)
        with open(path, "w", encoding="utf-8", newline="") as f:
            f.write(text)
        return path


class Stage:
    """One program of a pipeline; out is what it wrote."""

    def __init__(self, argv, stateful=False):
        self.argv = argv
        self.stateful = stateful
        self.progress = None


def control(body):
    return json.dumps({"#bief": body}, separators=(",", ":")) + "\n"


def clock(n):
    """Any time for batch n: milliseconds as in Spark's batches."""
    return f"2026-11-21T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}Z"


def stream_text(batches, header=None):
    """Lines of batches (a list of lists of lines) as a stream with control
    lines, the source of a pipeline."""
    out = [control({"stream": 1, **(header or {})})]
    for n, lines in enumerate(batches):
        out.append(control({"begin": n, "time": clock(n)}))
        out.extend(line + "\n" for line in lines)
        out.append(control({"end": n}))
    out.append(control({"eof": 1}))
    return "".join(out)


class Refused(Exception):
    def __init__(self, status, words):
        super().__init__(words)
        self.status = status
        self.words = words


def run(stages, stdin, where):
    """Run programs one after the other; returns the last one's output.  Each
    stateful one writes its progress."""
    env = dict(os.environ, PATH=BIN + ":" + os.environ["PATH"],
               LC_ALL="C.UTF-8")
    data = stdin
    for stage in stages:
        argv = list(stage.argv)
        if stage.stateful:
            stage.progress = where.name(".progress")
            argv[1:1] = ["--progress", stage.progress]
        got = subprocess.run(argv, input=data.encode(), env=env,
                             cwd=where.path, capture_output=True, timeout=120)
        if got.returncode != 0:
            raise Refused(got.returncode, got.stderr.decode(errors="replace"))
        data = got.stdout.decode()
    return data


class Batch:
    def __init__(self, number, begin):
        self.number = number
        self.begin = begin
        self.end = None
        self.rows = []
        # The watermarks of the records since the newest clean start alone.
        self.fresh = {"begin": None, "end": None}


def batches_of(text):
    """A stream's batches: rows, watermarks of begin and end."""
    batches, now = [], None
    for line in text.split("\n"):
        if not line:
            continue
        if line.startswith('{"#bief":'):
            body = json.loads(line)["#bief"]
            if "begin" in body:
                now = Batch(body["begin"], body.get("watermark"))
                now.fresh["begin"] = body.get("fresh", now.begin)
                batches.append(now)
            elif "end" in body:
                now.end = body.get("watermark")
                now.fresh["end"] = body.get("fresh", now.end)
                now = None
        elif now is not None:
            now.rows.append(loads(line))
        else:
            raise Failed(f"a record outside of any batch: {line}")
    return batches


def progress_of(stage):
    """Per batch: (rows in state, dropped)."""
    out = {}
    try:
        with open(stage.progress, encoding="utf-8") as f:
            for line in f:
                p = json.loads(line)
                state = p.get("stateOperators", [{}])[0]
                out[p["batchId"]] = (state.get("numRowsTotal"),
                                     state.get("numRowsDroppedByWatermark"))
    except FileNotFoundError:
        pass
    return out


SPECIAL = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def number(x):
    if isinstance(x, bool) or x is None:
        return None
    if isinstance(x, (int, float)):
        return float(x)
    try:
        return float(x)
    except (TypeError, ValueError):
        return None


def same(want, got):
    """Spark's value against ours."""
    if isinstance(want, Text) or (isinstance(want, float)):
        a, b = number(want), number(got)
        if b is None or isinstance(got, bool):
            return False
        if isinstance(got, int):
            return False
        return a == b or (math.isclose(a, b, rel_tol=1e-9, abs_tol=0.0))
    if isinstance(want, str):
        if want in SPECIAL and got == SPECIAL[want]:
            return True
        # A decimal is a string in the case and a number of ours.
        if isinstance(got, (Text, int)) and not isinstance(got, bool):
            return str(got) == want
        return isinstance(got, str) and want == got
    if isinstance(want, dict):
        return isinstance(got, dict) and want.keys() == got.keys() and \
            all(same(want[k], got[k]) for k in want)
    if isinstance(want, list):
        return isinstance(got, list) and len(want) == len(got) and \
            all(map(same, want, got))
    if isinstance(want, int) and not isinstance(want, bool):
        return isinstance(got, int) and not isinstance(got, bool) and \
            want == got
    return want is got or (want == got and type(want) is type(got))


def order_key(x):
    """A stable order for rows of both kinds."""
    def flat(v):
        if v is None:
            return (0,)
        if isinstance(v, bool):
            return (1, v)
        if isinstance(v, dict):
            return (5, tuple((k, flat(w)) for k, w in v.items()))
        if isinstance(v, list):
            return (4, tuple(map(flat, v)))
        n = number(v)
        if n is not None and not math.isnan(n):
            return (2, float(f"{n:.9e}"))
        return (3, str(v).lower())
    return flat(x)


def compare_rows(want, got, ordered=False):
    """None, or what is different."""
    if len(want) != len(got):
        return f"{len(got)} rows, Spark has {len(want)}: " \
               f"ours {brief(got)} Spark's {brief(want)}"
    if not ordered:
        want, got = sorted(want, key=order_key), sorted(got, key=order_key)
        if not all(map(same, want, got)):
            # Rounding may have parted the two orders: pair them one by one.
            left = list(got)
            for w in want:
                for i, g in enumerate(left):
                    if same(w, g):
                        del left[i]
                        break
                else:
                    return f"no row {brief(w)} but {brief(left)}"
            return None
    for w, g in zip(want, got):
        if not same(w, g):
            return f"row {brief(g)}, Spark's {brief(w)}"
    return None


def brief(x):
    text = json.dumps(x, ensure_ascii=False, default=str)
    return text if len(text) < 400 else text[:400] + "..."


def deviations():
    """tests/deviations: case, then what differs (a row's number or *)."""
    out = {}
    path = os.path.join(HERE, "..", "deviations")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            for line in f:
                words = line.split()
                if words and not line.startswith("#"):
                    out.setdefault(words[0], {})[words[1]] = \
                        " ".join(words[2:])
    return out


DEVIATIONS = deviations()


def deviates(case, what):
    """Why case differs on purpose in what, or None."""
    d = DEVIATIONS.get(case, {})
    return d.get(str(what)) or d.get("*")
