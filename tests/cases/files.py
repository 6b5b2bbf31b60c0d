"""Sources and sinks of files: real directories, a checkpoint, a run per
step."""
import os
import re

import machine
from common import (Directory, Failed, NotExpressible, Refused, compare_rows,
                    deviates, loads, run)
from query import Column, Program, Query, Relation, Source


def read_directory(top, where):
    """Rows of the files below a directory, with what the names of the
    directories tell."""
    out = run([machine.Stage(["stream-files", "--partitions", top])], "",
              where)
    return [loads(line) for line in out.split("\n") if line]


OPTIONS = {"maxfilespertrigger": "--max-files", "maxfileage":
           "--max-file-age", "maxbytespertrigger": "--max-bytes"}
# Of Spark's caches: they change no answer.
CACHES = ("maxcachedfiles", "discardcachedinputratio")


class FileQuery:
    def __init__(self, case, where):
        self.case = case
        self.query = case["query"]
        self.where = where
        self.top = where.name(".in")
        os.makedirs(self.top)
        self.checkpoint = where.name(".ck")
        self.sink = where.name(".out")
        self.runs = 0
        self.count = 0
        self.schema = None

    def path(self):
        path = self.query["path"]
        if path.startswith("/"):
            return path
        path = os.path.join(self.top, path)
        glob = self.options().get("pathglobfilter")
        return os.path.join(path, glob) if glob else path

    def options(self):
        return {k.lower(): str(v)
                for k, v in (self.query.get("options") or {}).items()}

    def argv(self, trigger):
        argv = ["stream-files", "--checkpoint", self.checkpoint, "--trigger",
                trigger]
        options = self.options()
        for k, v in options.items():
            if k in OPTIONS:
                argv += [OPTIONS[k], v]
            elif k == "latestfirst":
                if v == "true":
                    argv.append("--latest-first")
            elif k == "filenameonly":
                if v == "true":
                    argv.append("--file-name-only")
            elif k == "cleansource":
                clean = v.lower()
                if clean == "archive" and "sourcearchivedir" in options:
                    clean += "=" + self.inside(options["sourcearchivedir"])
                argv += ["--clean", clean]
            elif k in ("sourcearchivedir", "pathglobfilter",
                       "recursivefilelookup") or k in CACHES:
                continue
            elif k in ("modifiedafter", "modifiedbefore"):
                argv += ["--" + k, v]
            else:
                raise NotExpressible(f"the option {k} of the file source")
        if options.get("recursivefilelookup") == "true":
            return argv + [os.path.join(self.path(), *["*"] * n)
                           for n in range(1, self.depth() + 2)]
        if self.parted():
            argv.append("--partitions")
        return argv + [self.path()]

    def inputs(self):
        out = [s.get("input") for s in self.case.get("batches") or []]
        out.append({"files": self.query.get("existing_files") or []})
        return [f["name"] for i in out if isinstance(i, dict)
                for f in i.get("files", [])]

    def depth(self):
        """How many directories deep files lie."""
        return max((n.count("/") for n in self.inputs()), default=0)

    def parted(self):
        """Do names of directories tell columns?  Not through a glob."""
        if re.search(r"[*?\[]", self.query["path"]) or \
                self.options().get("recursivefilelookup") == "true":
            return False
        return any("=" in os.path.dirname(n) for n in self.inputs())

    def existing(self):
        """Files that are there when the schema is inferred."""
        there = self.query.get("existing_files")
        steps = self.case.get("batches") or []
        if there is not None or not steps or self.case["kind"] == "error":
            return there or []
        first = steps[0].get("input")
        return first.get("files", []) if isinstance(first, dict) else []

    def inside(self, path):
        return path if path.startswith("/") else os.path.join(self.top, path)

    def write(self, files):
        """Files of a step; the base of their paths is the query's."""
        base = os.path.join(self.top, re.split(
            r"/[^/]*[*?\[]", self.query["path"])[0])
        for f in files:
            path = os.path.join(base, f["name"])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as out:
                out.writelines(line + "\n" for line in f["lines"])
            self.count += 1
            mtime = f.get("mtime")
            mtime = 1.6e9 + (self.count if mtime is None else mtime)
            os.utime(path, (mtime, mtime))

    def infer(self, files):
        """The schema of the files that are there."""
        self.write(files)
        base = os.path.join(self.top, self.query["path"])
        if self.parted():
            lines = run([machine.Stage(["stream-files", "--partitions",
                                        base])], "", self.where)
            return self.schema_of(lines)
        paths = [os.path.join(base, f["name"]) for f in files] or [base]
        text = "".join(open(p, encoding="utf-8").read()
                       for p in paths if os.path.isfile(p))
        return self.schema_of(text)

    def schema_of(self, text):
        sample = self.where.write(text)
        return run([machine.Stage(["parse-json", "--infer", sample])], "",
                   self.where).strip()

    def relation(self):
        q, schema = self.query, self.query.get("schema")
        node = Source("files")
        if q["format"] == "text":
            rel = Relation(Program(["parse-text"], [node]),
                           {"value": Column("value", "string")})
            name = next(iter(columns(schema)), "value")
            if name != "value":
                rel = Relation(Program(["pick", f"{name}=value"], [rel.node]),
                               {name: Column(name, "string")})
        elif q["format"] == "json":
            ddl = self.schema if schema == "infer" else schema
            rel = Relation(Program(["parse-json"] + (
                ["--schema", ddl] if ddl else []), [node]), columns(ddl))
        elif q["format"] == "csv":
            rel = Relation(Program(["parse-csv"] + (
                ["--schema", schema] if schema else []), [node]),
                           columns(schema))
        else:
            raise NotExpressible(f"files of the format {q['format']}")
        maker = Query({"op": "file_source", "mode": q.get("mode")}, {},
                        None)
        if q.get("where"):
            rel = maker.filtered(rel, q["where"])
        return maker.finish(rel, q)

    def run(self, rel, trigger):
        pipeline = FileMachine(self, trigger)
        out, _ = pipeline.segment(rel.node, {}, self.query.get("mode"),
                                 trigger)
        return machine.read_stream(out)


def columns(ddl):
    return {n: Column(n) for n in (
        f.strip().split()[0].strip("`:") for f in (ddl or "").split(",")
        if f.strip())}


class FileMachine(machine.Restarting):
    """A shell pipeline whose source is the case's own directory."""

    def __init__(self, files, trigger):
        super().__init__(files.case, files.where, False)
        self.files_query = files
        self.sink = files.sink
        files.runs += 1
        self.runs = files.runs

    def shell(self, node, where_to, trigger):
        if isinstance(node, Source):
            return self.command(self.files_query.argv(trigger), [])
        return super().shell(node, where_to, trigger)


def check(case):
    query = case["query"]
    with Directory() as where:
        f = FileQuery(case, where)
        try:
            if query.get("schema") == "infer":
                f.schema = f.infer(f.existing())
                check_schema(case, f)
            rel = f.relation()
            if f.parted() and query["format"] != "json":
                raise NotExpressible("columns that the names of directories "
                                     "tell, beside lines that are no JSON")
            if case["kind"] == "error":
                f.run(rel, "available-now")
            else:
                check_steps(case, f, rel)
        except Refused as e:
            if case["kind"] == "error" and e.status in (1, 2):
                return
            raise
        if case["kind"] == "error" and not (
                query.get("schema") in (None, "infer") and
                deviates("FileStreamSourceSuite#schema", "*")):
            raise Failed("runs, Spark refuses")


def check_schema(case, f):
    want, ours = case.get("expect_schema"), f.schema
    parted = f.parted() and deviates("FileStreamSourceSuite#partitions", "*")

    def plain(x):
        x = re.sub(r"[`\s:]+", " ", x).strip().lower()
        return re.sub(r"\bint\b", "bigint", x) if parted else x

    if want and plain(want) != plain(ours):
        raise Failed(f"the schema is {ours}, Spark's {want}")


def check_steps(case, f, rel):
    like = machine.examples(case)
    for n, step in enumerate(case.get("batches") or []):
        i = step.get("input")
        before(step, f)
        f.write(i.get("files", []) if isinstance(i, dict) else [])
        trigger = "once" if step.get("trigger") == "once" else \
            "available-now"
        batches = [b for b in f.run(rel, trigger) if b.rows]
        rows = [machine.shown(rel, row, like)
                for b in batches for row in b.rows]
        if step.get("expect") is not None and not deviates(case["id"], n):
            diff = compare_rows(step["expect"], rows,
                                bool(step.get("ordered")))
            if diff:
                raise Failed(f"step {n}: {diff}")
        if step.get("micro_batches") is not None:
            name = next(iter(rel.columns))
            ours = [sorted(str(row.get(rel.columns[name].field))
                           for row in b.rows) for b in batches]
            want = [sorted(map(str, b)) for b in step["micro_batches"]]
            if ours != want:
                raise Failed(f"step {n}: batches {ours}, Spark's {want}")
        for key, there in (("files_present", True), ("files_absent", False),
                           ("files_archived", True)):
            for name in step.get(key) or []:
                check_file(f, n, key, name, there)


def before(step, f):
    """Files that are gone or changed before a step."""
    i = step.get("input")
    for name in (i.get("delete", []) if isinstance(i, dict) else []):
        os.remove(os.path.join(f.top, f.query["path"], name))


def check_file(f, n, key, name, there):
    top = f.top
    if key == "files_archived":
        archive = f.inside(f.options()["sourcearchivedir"])
        found = any(
            os.path.join(d, x).endswith("/" + name.lstrip("/"))
            for d, _, names in os.walk(archive) for x in names)
    else:
        found = os.path.exists(os.path.join(top, f.query["path"], name)) or \
            os.path.exists(os.path.join(top, name))
    if found != there:
        raise Failed(f"step {n}: {key}: {name}")
