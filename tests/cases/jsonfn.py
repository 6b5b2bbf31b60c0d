"""Functions of JSON text: all are SQL."""
import re

import sqltext
from common import (Directory, Failed, NotExpressible, Refused, batches_of,
                    compare_rows, deviates, loads, run, stream_text)
from machine import Stage, alike, examples, line_of


class Table:
    """Rows of text and values that functions are applied to."""

    def __init__(self, case, where):
        self.case, self.where = case, where
        self.query = case["query"]
        self.rows = [r for s in case.get("batches") or []
                     for r in s.get("input") or []]
        self.stages = []
        self.fields = {}  # of the structs that from_json made

    def read(self, schema):
        if re.search(r"\bINTERVAL\b", schema):
            raise NotExpressible("values of the type interval")
        self.stages.append(["parse-json", "--schema", schema])

    def derive(self, name, sql):
        self.stages.append(["derive", "--sql", f"{name} = {sql}"])

    def call(self, fn, q, *args):
        """fn(column, args, map('option', 'value'))"""
        options = dict(q.get("options") or {})
        conf = self.query.get("conf") or {}
        corrupt = conf.get("spark.sql.columnNameOfCorruptRecord")
        if corrupt and fn == "from_json":
            options.setdefault("columnNameOfCorruptRecord", corrupt)
        locale = options.get("locale", "en")
        if not locale.startswith("en"):
            raise NotExpressible(f"words and numbers of the locale {locale}")
        args = [q["column"]] + [literal(a) for a in args]
        if options:
            args.append("map(%s)" % ", ".join(
                literal(str(x)) for kv in options.items() for x in kv))
        return f"{fn}({', '.join(args)})"

    # ---- functions ----

    def from_json(self, q):
        schema = q["schema"]
        if re.search(r"\bINTERVAL\b", schema):
            raise NotExpressible("values of the type interval")
        if schema == "inferred from the value":
            schema = self.inferred(q["column"])
        name = q.get("as") or "parsed"
        self.fields[name] = [re.split(r"[\s:]", f.strip())[0]
                             for f in sqltext.parts(schema, "()<>")]
        self.derive(name, self.call("from_json", q, schema))

    def inferred(self, column):
        """Spark infers a schema from a constant; ours is of the first text."""
        text = next(r[column] for r in self.rows if r.get(column))
        out = run([Stage(["parse-json", "--schema", "value string"]),
                   Stage(["pick", "--sql", "schema_of_json(value) as s"])],
                  line_of({"value": text}) + "\n", self.where)
        return loads(out)["s"]

    def to_json(self, q):
        self.derive(q.get("as") or "json", self.call("to_json", q))

    def schema_of_json(self, q):
        self.derive(q.get("as") or "schema", self.call("schema_of_json", q))

    def get_json_object(self, q):
        text = literal(q["json"]) if "json" in q else "json"
        path = literal(q["path"]) if "path" in q else "path"
        self.derive(q.get("as") or "result",
                    f"get_json_object({text}, {path})")

    def json_tuple(self, q):
        """Each field as get_json_object finds it."""
        names = q.get("as") or q["fields"]
        for name, field in zip(names, q["fields"]):
            if not re.match(r"\w+$", field):
                sql = field  # an expression that gives the field's name
                self.derive(name, f"get_json_object({q['column']}, "
                            f"concat('$.', {sql}))")
            else:
                self.derive(name, f"get_json_object({q['column']}, "
                            f"'$.{field}')")

    def simple(self, q):
        self.derive(q.get("as") or q["op"], f"{q['op']}({q['column']})")

    def apply(self, q):
        op = q["op"]
        if op in ("json_array_length", "json_object_keys"):
            self.simple(q)
        elif op == "select":
            self.select(q["columns"])
        elif op == "filter":
            self.stages.append(["filter", "--sql",
                                q.get("where") or q["condition"]])
        elif op == "derive":
            for name, sql in q["columns"].items():
                self.derive(name, sql)
        elif op in FUNCTIONS:
            getattr(self, op)(q)
        else:
            raise NotExpressible(f"the operation '{op}' beside functions of "
                                 "JSON")

    def select(self, columns):
        items = []
        for text in sqltext.parts(columns):
            struct = re.match(r"(\w+)\.\*$", text)
            items += [f"{struct.group(1)}.{f} as {f}" for f in
                      self.fields[struct.group(1)]] if struct else [text]
        self.stages.append(["pick", "--sql", ", ".join(items)])

    def input_schema(self):
        """Types of the input's columns."""
        q = self.query
        names = list(dict.fromkeys(k for r in self.rows for k in r)) or \
            [q.get("column", "value")]
        first = q["stages"][0] if q["op"] == "pipeline" else q
        types = {n: "string" for n in names}
        if first["op"] == "to_json":
            types[first["column"]] = first["schema"]
        return ", ".join(f"{n} {t}" for n, t in types.items())

    def result(self):
        q = self.query
        self.read(self.input_schema())
        for stage in q["stages"] if q["op"] == "pipeline" else [q]:
            self.apply(stage)
        if q.get("select") and (not isinstance(q["select"], str) or
                                len(sqltext.parts(q["select"])) > 1 or
                                q["select"].endswith(".*")):
            self.select(q["select"])
        elif q.get("select"):
            name = q.get("as") or "parsed"
            self.stages.append(["pick", "--sql", f"{q['select']} as {name}"])
        # With a header, which tells the types.
        text = stream_text([[line_of(r) for r in self.rows]])
        out = run([Stage(s) for s in self.stages], text, self.where)
        return batches_of(out)[0].rows


FUNCTIONS = ("from_json", "to_json", "schema_of_json", "get_json_object",
             "json_tuple")


def literal(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def check(case):
    error = case.get("expect_error")
    with Directory() as where:
        try:
            rows = Table(case, where).result()
        except Refused as e:
            if error and (e.status == 2 or
                          e.status == 1 and error["when"] == "run"):
                return None
            raise
        except sqltext.SqlError as e:
            raise Failed(str(e)) from e
        if error:
            raise Failed("runs, Spark refuses")
        like = examples(case)
        for n, step in enumerate(case["batches"]):
            names = list(like)
            ours = [{k: alike(r.get(k), like[k]) for k in names}
                    for r in rows]
            diff = compare_rows(step["expect"], ours, True)
            if diff and not deviates(case["id"], n):
                raise Failed(diff)
    return None
