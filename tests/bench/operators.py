"""Jobs of one operator each, as in jobs.py; OTHER is the second input."""
from jobs import (COUNTED, DUCK_SENSORS, CH_SENSORS, EVENTS, DUCK_EVENTS,
    CH_EVENTS, SQLITE_LINES, awks)

CSV_COLUMNS = ", ".join("'%s': '%s'" % (name, {"bigint": "BIGINT",
    "double": "DOUBLE", "string": "VARCHAR"}[kind])
    for name, kind in (f.split() for f in COUNTED.split(", ")))
DUCK_CSV = ("read_csv('FILE', header=true, auto_detect=false, columns={%s})" %
    CSV_COLUMNS)
CH_CSV = CH_SENSORS.replace("JSONEachRow", "CSVWithNames")
PARSED = "parse-json --schema '%s'" % COUNTED

J7 = dict(
    name="J7", inputs=(("csv", 3000000, 0),),
    about="CSV: average of x and most of y by activity and model",
    source="stream-files FILE",
    rest="parse-csv --header --schema '%s' | agg --by gt,Model avg:x max:y" %
        COUNTED,
    fields=("gt", "Model", "avg(x)", "max(y)"),
    targets={"run": 1, "one thread": 1.8, "mlr": 15},
    others=dict(
        duckdb="SELECT gt, Model, avg(x), max(y) FROM %s GROUP BY ALL" %
            DUCK_CSV,
        chdb="SELECT gt, Model, avg(x), max(y) FROM %s GROUP BY gt, Model" %
            CH_CSV,
        **awks(",", "NR > 1 {k = $7 \"\\t\" $5; if (k == \"\\t\") {n[k] = 0; "
            "next} n[k]++; x[k] += $8; if (n[k] == 1 || $9 + 0 > y[k]) "
            "y[k] = $9 + 0} END {for (k in n) if (n[k] == 0) "
            "print \"None\\tNone\\tNone\\tNone\"; else "
            "printf \"%s\\t%.17g\\t%.17g\\n\", k, x[k] / n[k], y[k]}"),
        mlr="mlr --icsv --otsv --headerless-csv-output "
            "put 'if ($gt == \"\") {$gt = \"None\"; $Model = \"None\"}' then "
            "stats1 -a mean,max -f x,y -g gt,Model then "
            "cut -o -f gt,Model,x_mean,y_max then "
            "put 'if ($gt == \"None\") {$x_mean = \"None\"; "
            "$y_max = \"None\"}' 'FILE'",
        sqlite3=".mode csv\nCREATE TABLE t(a INT, c INT, Device TEXT, "
            "i INT, Model TEXT, u TEXT, gt TEXT, x REAL, y REAL, z REAL);\n"
            ".import --skip 1 'FILE' t\n.mode tabs\n.nullvalue None\n"
            "SELECT nullif(gt, ''), nullif(Model, ''), avg(nullif(x, '')), "
            "max(nullif(y, '')) FROM t GROUP BY gt, Model;"))

J8 = dict(
    name="J8", data="sensors", many=True, ordered=("x",),
    about="all records sorted by a number",
    source="stream-files FILE",
    rest=PARSED + " | order --by x",
    fields=("x", "Arrival_Time", "Index", "User", "gt"),
    targets={"run": 1.5, "one thread": 2.5},
    others=dict(
        duckdb="COPY (SELECT * FROM %s ORDER BY x NULLS FIRST) TO 'ANSWER' "
            "(FORMAT json)" % DUCK_SENSORS,
        chdb="INSERT INTO FUNCTION file('ANSWER', JSONEachRow) SELECT * FROM "
            "%s ORDER BY x NULLS FIRST" % CH_SENSORS))

J9 = dict(
    name="J9", data="sensors",
    about="the 100 records with the greatest x",
    source="stream-files FILE",
    rest=PARSED + " | order --by -x,Index --limit 100",
    fields=("x", "Index", "Arrival_Time", "User", "gt", "z"),
    targets={"run": 0.6, "one thread": 1, "mlr": 15},
    others=dict(
        duckdb="SELECT x, \"Index\", Arrival_Time, \"User\", gt, z FROM %s "
            "ORDER BY x DESC NULLS LAST, \"Index\" NULLS FIRST LIMIT 100" %
            DUCK_SENSORS,
        chdb="SELECT x, Index, Arrival_Time, User, gt, z FROM %s ORDER BY "
            "x DESC NULLS LAST, Index NULLS FIRST LIMIT 100" % CH_SENSORS,
        sqlite3=SQLITE_LINES +
            "SELECT j ->> 'x' x, j ->> 'Index' i, j ->> 'Arrival_Time', "
            "j ->> 'User', j ->> 'gt', j ->> 'z' FROM t ORDER BY x DESC, i "
            "LIMIT 100;"))

J10 = dict(
    name="J10", data="sensors",
    about="SQL: a key made of text, a rounded root",
    source="stream-files FILE",
    rest=PARSED + " | derive --sql \"k = concat(upper(substring(gt,1,3)), "
        "'-', coalesce(Model,'?'))\" \"m = round(sqrt(x*x+y*y+z*z),2)\" | "
        "agg --by k avg:m count",
    fields=("k", "avg(m)", "count"),
    targets={"run": 0.8, "one thread": 1.4},
    others=dict(
        duckdb="SELECT k, avg(m), count(*) FROM (SELECT "
            "upper(substring(gt, 1, 3)) || '-' || coalesce(Model, '?') k, "
            "round(sqrt(x*x+y*y+z*z), 2) m FROM %s) GROUP BY k" %
            DUCK_SENSORS,
        chdb="SELECT k, avg(m), count() FROM (SELECT "
            "concat(upper(substring(gt, 1, 3)), '-', coalesce(Model, '?')) "
            "k, round(sqrt(x*x+y*y+z*z), 2) m FROM %s) GROUP BY k" %
            CH_SENSORS,
        **awks("[:,]", "$6 == \"null\" {none++; next} "
            "{k = toupper(substr($14, 2, 3)) \"-\" substr($10, 2, "
            "length($10) - 2); n[k]++; z = substr($20, 1, length($20) - 1); "
            "m[k] += sprintf(\"%.2f\", sqrt($16*$16 + $18*$18 + z*z))} "
            "END {for (k in n) printf \"%s\\t%.17g\\t%d\\n\", k, "
            "m[k] / n[k], n[k]; print \"None\\tNone\\t\" none}")))

AUTHORS = ("created_at timestamp, payload struct<size: bigint, commits: "
    "array<struct<sha: string, author: struct<name: string, email: string>, "
    "message: string>>>")
J11 = dict(
    name="J11", inputs=(("pushes", 800000, 0),),
    about="nested JSON: commits by author and day",
    source="stream-files FILE",
    rest="parse-json --schema 'id string, type string, actor "
        "struct<id: bigint, login: string>, repo struct<id: bigint, "
        "name: string>, %s' | explode payload.commits --as c | "
        "window --on created_at --size 1d | "
        "agg --by c.author.name count max:payload.size" % AUTHORS,
    fields=("window_start", "name", "count", "max(payload.size)"),
    targets={"run": 0.8, "one thread": 1.4},
    others=dict(
        duckdb="SELECT epoch(date_trunc('day', t))::BIGINT, c.author.name, "
            "count(*), max(size) FROM (SELECT created_at t, payload.size "
            "size, unnest(payload.commits) c FROM read_json('FILE', "
            "format='newline_delimited', columns={id: 'VARCHAR', type: "
            "'VARCHAR', actor: 'STRUCT(id BIGINT, login VARCHAR)', "
            "repo: 'STRUCT(id BIGINT, name VARCHAR)', created_at: "
            "'TIMESTAMP', payload: 'STRUCT(size BIGINT, commits "
            "STRUCT(sha VARCHAR, author STRUCT(name VARCHAR, email VARCHAR), "
            "message VARCHAR)[])'})) GROUP BY ALL",
        chdb="SELECT toUnixTimestamp(toStartOfDay(t, 'UTC')), "
            "tupleElement(tupleElement(c, 'author'), 'name') a, count(), "
            "max(size) FROM (SELECT created_at t, tupleElement(payload, "
            "'size') size, arrayJoin(tupleElement(payload, 'commits')) c "
            "FROM file('FILE', JSONEachRow, 'id String, type String, actor "
            "Tuple(id Int64, login String), repo Tuple(id Int64, name "
            "String), created_at DateTime(\\'UTC\\'), payload Tuple(size "
            "Int64, commits Array(Tuple(sha String, author Tuple(name "
            "String, email String), message String)))')) GROUP BY 1, a "
            "SETTINGS date_time_input_format = 'best_effort'"))

KEYS = "parse-json --schema 'k bigint, x bigint'"
DUCK_KEYS = ("read_json('%s', format='newline_delimited', "
    "columns={k: 'BIGINT', x: 'BIGINT'})")
CH_KEYS = "file('%s', JSONEachRow, 'k Int64, x Int64')"
J12 = dict(
    name="J12", inputs=(("keys", 1000000, 1000000),
        ("keys", 500000, 500000)), many=True,
    about="two streams joined by a number, all of both kept",
    alone="join-stream <(stream-files FILE | %s) <(stream-files OTHER | %s) "
        "--on k" % (KEYS, KEYS),
    fields=("k", "x", "right_x"),
    targets={"run": 2, "one thread": 3},
    others=dict(
        duckdb="COPY (SELECT l.k, l.x, r.x right_x FROM %s l JOIN %s r "
            "ON l.k = r.k) TO 'ANSWER' (FORMAT json)" %
            (DUCK_KEYS % "FILE", DUCK_KEYS % "OTHER"),
        chdb="INSERT INTO FUNCTION file('ANSWER', JSONEachRow) "
            "SELECT l.k k, l.x x, r.x right_x FROM %s l JOIN %s r "
            "ON l.k = r.k" % (CH_KEYS % "FILE", CH_KEYS % "OTHER")))

MANY_GROUPS = (("events", 10000000, 1000000),)
J13 = dict(
    name="J13", inputs=MANY_GROUPS, many=True,
    about="events counted by second: a million groups",
    source="stream-files FILE",
    rest="%s | agg --by time count" % EVENTS,
    fields=("time", "count"),
    targets={"run": 0.7, "one thread": 1.1},
    others=dict(
        duckdb="COPY (SELECT time, count(*) count FROM %s GROUP BY time) TO "
            "'ANSWER' (FORMAT json)" % DUCK_EVENTS,
        chdb="INSERT INTO FUNCTION file('ANSWER', JSONEachRow) SELECT time, "
            "count() count FROM %s GROUP BY time" % CH_EVENTS,
        **awks("[:,\"]+", "{n[$3]++} END {for (k in n) print k \"\\t\" n[k]}"),
        sqlite3=SQLITE_LINES + "SELECT (j ->> 'time') k, count(*) FROM t "
            "GROUP BY k;"))

J13_FIRST = dict(
    name="J13", inputs=MANY_GROUPS, many=True,
    about="the first event of each second",
    source="stream-files FILE",
    rest="%s | dedup --by time" % EVENTS,
    fields=("time",),
    targets={"run": 0.7, "one thread": 1.1},
    others=dict(
        duckdb="COPY (SELECT DISTINCT ON (time) time, action FROM %s) TO "
            "'ANSWER' (FORMAT json)" % DUCK_EVENTS,
        chdb="INSERT INTO FUNCTION file('ANSWER', JSONEachRow) SELECT "
            "DISTINCT ON (time) time, action FROM %s" % CH_EVENTS,
        **awks("[:,\"]+", "!($3 in n) {n[$3]; print $3}")))

ALL = (J7, J8, J9, J10, J11, J12, J13, J13_FIRST)
