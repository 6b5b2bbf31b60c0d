"""Functions of JSON text: from_json is parse-json on a field, the others are
SQL."""
import re

import sqltext
from common import (Directory, Failed, NotExpressible, Refused, compare_rows,
                    deviates, loads, run)
from machine import Stage, alike, examples, line_of

# Options of Spark's parser that are as bief is.
DEFAULTS = {"mode": ("permissive",), "allowsinglequotes": ("true",),
            "allownonnumericnumbers": ("true",), "allowcomments": ("false",),
            "allowunquotedfieldnames": ("false",),
            "allownumericleadingzeros": ("false",),
            "allowbackslashescapinganycharacter": ("false",),
            "allowunquotedcontrolchars": ("false",),
            "ignorenullfields": ("true",), "pretty": ("false",),
            "dropfieldifallnull": ("false",),
            "primitivesasstring": ("false",), "prefersdecimal": ("false",)}


def split_ddl(text):
    """Fields of a DDL list, at the commas outside of <> and ()."""
    parts, depth, now = [], 0, ""
    for c in text:
        depth += (c in "<(") - (c in ">)")
        if c == "," and depth == 0:
            parts.append(now)
            now = ""
        else:
            now += c
    return [p.strip() for p in parts + [now] if p.strip()]


def names_of(ddl):
    return [re.match(r"`([^`]+)`|([^\s:]+)", f).group(1) or
            re.match(r"([^\s:]+)", f).group(1) for f in split_ddl(ddl)]


class Table:
    """Rows of text and values that functions are applied to."""

    def __init__(self, case, where):
        self.case, self.where = case, where
        self.query = case["query"]
        self.rows = [r for s in case.get("batches") or []
                     for r in s.get("input") or []]
        self.stages = []
        self.zone = []

    def read(self, schema):
        if re.search(r"\bINTERVAL\b", schema):
            raise NotExpressible("values of the type interval")
        self.stages.append(["parse-json", "--schema", schema])

    def derive(self, name, sql):
        self.stages.append(["derive", "--sql", f"{name} = {sql}"])

    def options(self, q, known):
        """name -> value of the options that are not the default; those that
        bief has not cannot be said."""
        out = {}
        conf = self.query.get("conf") or {}
        corrupt = conf.get("spark.sql.columnNameOfCorruptRecord")
        if corrupt and "columnNameOfCorruptRecord" in known:
            out["columnNameOfCorruptRecord"] = corrupt
        for k, v in (q.get("options") or {}).items():
            if str(v).lower() in DEFAULTS.get(k.lower(), ()):
                continue
            match = [x for x in known if x.lower() == k.lower()]
            if not match:
                raise NotExpressible(f"the option {k}={v} of {q['op']}")
            out[match[0]] = v
        return out

    # ---- functions ----

    def from_json(self, q):
        column, name = q["column"], q.get("as") or "parsed"
        schema = q["schema"]
        if schema == "inferred from the value":
            schema = self.inferred(column)
        options = self.options(q, ("timestampFormat", "mode", "timeZone",
                                   "columnNameOfCorruptRecord"))
        argv = []
        if "timestampFormat" in options:
            argv += ["--timestamp-format", options["timestampFormat"]]
        if "timeZone" in options:
            argv += ["--zone", options["timeZone"]]
        mode = options.get("mode", "").upper()
        if mode == "FAILFAST":
            argv += ["--on-error", "fail"]
        elif mode:
            raise NotExpressible(f"the mode {mode} of from_json")
        root = re.match(r"\s*(ARRAY|MAP)\s*<", schema, re.I)
        if root:
            self.nested(column, name, schema, root.group(1).upper(), argv)
        else:
            self.fields(column, name, schema,
                        options.get("columnNameOfCorruptRecord"), argv)

    def nested(self, column, name, schema, root, argv):
        """An array or a map: as the one field of an object.  An object where
        an array of structs is expected is an array of one."""
        text = column
        if re.match(r"\s*ARRAY\s*<\s*STRUCT", schema, re.I):
            text = (f"if(ltrim({column}) like '{{%', concat('[', {column}, "
                    f"']'), {column})")
        self.derive("document", f"concat('{{\"{name}\":', {text}, '}}')")
        self.stages.append(["parse-json", "--field", "document", "--keep",
                            "--schema", f"{name} {schema}"] + argv)

    def fields(self, column, name, schema, corrupt, argv):
        m = re.match(r"\s*STRUCT\s*<(.*)>\s*$", schema, re.I | re.S)
        schema = m.group(1) if m else schema
        names = names_of(schema)
        if corrupt and corrupt in names:
            argv = argv + ["--corrupt-field", corrupt]
        if column in names:
            raise NotExpressible("a field with the name of the text")
        self.stages.append(["parse-json", "--field", column, "--keep",
                            "--schema", schema] + argv)
        parts = ", ".join(f"'{n}', `{n}`" for n in names)
        # Null and blank text give no struct at all.
        self.derive(name, f"if(trim(coalesce({column}, '')) = '', null, "
                    f"named_struct({parts}))")

    def inferred(self, column):
        text = next(r[column] for r in self.rows if r.get(column))
        root = loads(text)
        if isinstance(root, list):
            inner = self.infer(line_of(root[0]))
            return f"ARRAY<STRUCT<{inner}>>"
        return self.infer(text)

    def infer(self, text):
        sample = self.where.write(text + "\n")
        return run([Stage(["parse-json", "--infer", sample])], "",
                   self.where).strip()

    def to_json(self, q):
        options = self.options(q, ("timeZone",))
        name = q.get("as") or "json"
        self.derive(name, f"to_json({q['column']})")
        if "timeZone" in options:
            self.stages[-1][1:1] = ["--zone", options["timeZone"]]

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
            self.stages.append(["pick", "--sql", ", ".join(q["columns"])])
        else:
            getattr(self, op)(q)

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
        if isinstance(q.get("select"), str):
            name = q.get("as") or "parsed"
            self.stages.append(["pick", "--sql", f"{q['select']} as {name}"])
        text = "".join(line_of(r) + "\n" for r in self.rows)
        out = run([Stage(s) for s in self.stages], text, self.where)
        return [loads(line) for line in out.split("\n") if line]


def literal(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def schemas(case, where):
    """schema_of_json: of each text on its own."""
    table = Table(case, where)
    q = case["query"]
    table.options(q, ())
    for row, want in zip(table.rows, case["batches"][0]["expect"]):
        if not row[q["column"]].lstrip().startswith("{"):
            raise NotExpressible("the schema of a text that is no object")
        ours = f"STRUCT<{table.infer(row[q['column']])}>"
        for w in want.values():
            def plain(x):
                return re.sub(r"[\s:]+", " ", x).lower()
            if plain(ours) != plain(w):
                raise Failed(f"the schema is {ours}, Spark's {w}")


def check(case):
    error = case.get("expect_error")
    with Directory() as where:
        try:
            if case["query"]["op"] == "schema_of_json":
                return schemas(case, where)
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
