"""What is compared: the same question, put to bief and to others.

The pipelines are bief's; each of the others prints its answer as lines of
tab-separated fields, or as JSON lines, in any order.  FILE, USERS and STDIN
stand for the input.
"""

SENSORS = ", ".join("%s %s" % f for f in (
    ("Arrival_Time", "timestamp(ns)"), ("Creation_Time", "timestamp(ns)"),
    ("Device", "string"), ("Index", "bigint"), ("Model", "string"),
    ("User", "string"), ("gt", "string"), ("x", "double"), ("y", "double"),
    ("z", "double")))
COUNTED = SENSORS.replace("timestamp(ns)", "bigint")

DUCK_EVENTS = ("read_json('FILE', format='newline_delimited', columns="
    "{time: 'BIGINT', action: 'VARCHAR'})")
EVENTS = "parse-json --schema 'time timestamp, action string'"
CH_EVENTS = "file('FILE', JSONEachRow, 'time Int64, action String')"
DUCK_SENSORS = ("read_json('FILE', format='newline_delimited', columns={"
    "Arrival_Time: 'BIGINT', Creation_Time: 'BIGINT', Device: 'VARCHAR', "
    "\"Index\": 'BIGINT', Model: 'VARCHAR', \"User\": 'VARCHAR', "
    "gt: 'VARCHAR', x: 'DOUBLE', y: 'DOUBLE', z: 'DOUBLE'})")
CH_SENSORS = ("file('FILE', JSONEachRow, 'Arrival_Time Int64, "
    "Creation_Time Int64, Device Nullable(String), Index Nullable(Int64), "
    "Model Nullable(String), User Nullable(String), gt Nullable(String), "
    "x Nullable(Float64), y Nullable(Float64), z Nullable(Float64)')")
WHOLE = " AND ".join('"%s" IS NOT NULL' % f.split()[0]
    for f in COUNTED.split(", "))
SQLITE_LINES = (".mode ascii\n.separator \"\\037\" \"\\n\"\n"
    "CREATE TABLE t(j);\n.import 'FILE' t\n.mode tabs\n")


def awk(name, separator, program, more=""):
    return "%s -F'%s' '%s' 'FILE'%s" % (name, separator, program, more)


# jq copies an object that is added to: counting is left to awk.
COUNT = " | mawk '{n[$0]++} END {for (k in n) print k \"\\t\" n[k]}'"


def awks(separator, program, more=""):
    return {n: awk(n, separator, program, more) for n in ("mawk", "gawk")}


J1 = dict(
    name="J1", data="events",
    about="events by action and hour: parse, window, agg",
    source="stream-files FILE",
    rest=EVENTS + " | window --on time --size 1h | "
        "agg --by action count",
    fields=("window_start", "action", "count"),
    targets={"run": 0.42, "one thread": 0.75, "mawk": 0.5, "mlr": 15, "jq": 15},
    others=dict(
        duckdb="SELECT time // 3600 * 3600 w, action, count(*) FROM %s "
            "GROUP BY ALL" % DUCK_EVENTS,
        chdb="SELECT intDiv(time, 3600) * 3600 w, action, count() FROM %s "
            "GROUP BY w, action" % CH_EVENTS,
        **awks("[:,\"]+", "{n[$3 - $3 % 3600 \"\\t\" $5]++} "
            "END {for (k in n) print k \"\\t\" n[k]}"),
        mlr="mlr --ijsonl --otsv --headerless-csv-output "
            "put '$w = $time - $time % 3600' then count -g w,action 'FILE'",
        jq="jq -r '\"\\(.time - .time % 3600)\\t\\(.action)\"' 'FILE'" + COUNT,
        sqlite3=SQLITE_LINES +
            "SELECT (j ->> 'time') / 3600 * 3600 w, j ->> 'action' a, "
            "count(*) FROM t GROUP BY w, a;"))

J2 = dict(
    name="J2", data="sensors",
    about="records without nulls by activity, 10 s every 5 s",
    source="stream-files FILE",
    rest="parse-json --schema '%s' | drop-null | window --on Creation_Time "
        "--size 10s --slide 5s | agg --by gt count" % SENSORS,
    fields=("window_start", "gt", "count"),
    targets={"run": 0.36, "one thread": 0.62, "mawk": 0.5, "mlr": 15, "jq": 15},
    others=dict(
        duckdb="WITH s AS (SELECT Creation_Time // 5000000000 * 5 w, gt "
            "FROM %s WHERE %s) SELECT w, gt, count(*) FROM (SELECT "
            "unnest([w - 5, w]) w, gt FROM s) GROUP BY ALL" %
            (DUCK_SENSORS, WHOLE),
        chdb="SELECT arrayJoin([w - 5, w]) v, gt, count() FROM (SELECT "
            "intDiv(Creation_Time, 5000000000) * 5 w, gt FROM %s WHERE %s) "
            "GROUP BY v, gt" % (CH_SENSORS, WHOLE),
        **awks("[:,]", "$6 != \"null\" {t = substr($4, 1, 10); t -= t % 5; "
            "n[t \"\\t\" $14]++; n[t - 5 \"\\t\" $14]++} "
            "END {for (k in n) {v = n[k]; gsub(\"\\\"\", \"\", k); "
            "print k \"\\t\" v}}"),
        mlr="mlr --ijsonl --otsv --headerless-csv-output "
            "filter 'is_string($Device)' then "
            "put '$w = $Creation_Time // 5000000000 * 5' then "
            "count -g w,gt then put -q 'emit1 mapsum($*, {\"w\": $w - 5}); "
            "emit1 $*' then stats1 -a sum -f count -g w,gt 'FILE'",
        jq="jq -r 'select(all(.[]; . != null)) | "
            "(.Creation_Time / 5000000000 | floor * 5) as $w | "
            "\"\\($w, $w - 5)\\t\\(.gt)\"' 'FILE'" + COUNT,
        sqlite3=SQLITE_LINES +
            "SELECT w - d, gt, count(*) FROM (SELECT (j ->> 'Creation_Time') "
            "/ 5000000000 * 5 w, j ->> 'gt' gt FROM t "
            "WHERE j ->> 'Device' IS NOT NULL), (SELECT 0 d UNION SELECT 5) "
            "GROUP BY 1, 2;"))

J3 = dict(
    name="J3", data="sensors",
    about="joined with users.csv: average of x, y, z by name and activity",
    source="stream-files FILE",
    rest="parse-json --schema '%s' | join-static USERS --sep ';' --header "
        "--on User | agg --by FirstName,gt avg:x avg:y avg:z" % SENSORS,
    fields=("FirstName", "gt", "avg(x)", "avg(y)", "avg(z)"),
    targets={"run": 0.45, "one thread": 0.85, "mawk": 0.5, "mlr": 15, "jq": 15},
    others=dict(
        duckdb="SELECT FirstName, gt, avg(x), avg(y), avg(z) FROM %s s JOIN "
            "read_csv('USERS', delim=';') u ON s.\"User\" = u.\"User\" "
            "GROUP BY ALL" % DUCK_SENSORS,
        chdb="SELECT FirstName, gt, avg(x), avg(y), avg(z) FROM %s s JOIN "
            "(SELECT * FROM file('USERS', CSVWithNames) SETTINGS "
            "format_csv_delimiter = ';') u ON s.User = u.User "
            "GROUP BY FirstName, gt" % CH_SENSORS,
        **awks("[:,]", "BEGIN {while ((getline l < \"USERS\") > 0) "
            "{split(l, u, \";\"); name[\"\\\"\" u[1] \"\\\"\"] = u[2]}} "
            "$12 in name {k = name[$12] \"\\t\" $14; n[k]++; x[k] += $16; "
            "y[k] += $18; z[k] += $20} END {for (k in n) {m = n[k]; l = k; "
            "gsub(\"\\\"\", \"\", l); printf \"%s\\t%.17g\\t%.17g\\t%.17g\\n\", "
            "l, x[k] / m, y[k] / m, z[k] / m}}"),
        mlr="mlr --ijsonl --otsv --headerless-csv-output "
            "join -i csv --ifs ';' -f 'USERS' -j User then "
            "stats1 -a mean -f x,y,z -g FirstName,gt 'FILE'",
        jq="jq -rn --rawfile u 'USERS' '($u | split(\"\\n\") | "
            "map(split(\";\") | {(.[0] // \"\"): .[1]}) | add) as $name | "
            "inputs | select(.User and $name[.User]) | "
            "\"\\($name[.User])\\t\\(.gt)\\t\\(.x)\\t\\(.y)\\t\\(.z)\"' "
            "'FILE' | mawk -F'\t' '{k = $1 \"\\t\" $2; n[k]++; x[k] += $3; "
            "y[k] += $4; z[k] += $5} END {for (k in n) {m = n[k]; "
            "printf \"%s\\t%.17g\\t%.17g\\t%.17g\\n\", k, x[k] / m, "
            "y[k] / m, z[k] / m}}'",
        sqlite3=".mode csv\n.separator ;\n.import 'USERS' u\n" +
            SQLITE_LINES +
            "SELECT FirstName, gt, avg(x), avg(y), avg(z) FROM (SELECT "
            "j ->> 'User' k, j ->> 'gt' gt, j ->> 'x' x, j ->> 'y' y, "
            "j ->> 'z' z FROM t) JOIN u ON k = User GROUP BY FirstName, gt;"))

J4 = dict(
    name="J4", data="text",
    about="words of a text, the 15 most frequent",
    source="cat FILE",
    rest="parse-text | explode value --split ' ' --as w | agg --by w count | "
        "order --by -count,w --limit 15",
    alone="parse-text FILE | explode value --split ' ' --as w | "
        "agg --by w count | order --by -count,w --limit 15",
    fields=("w", "count"),
    targets={"run": 0.5, "one thread": 0.9},
    others=dict(
        duckdb="SELECT w, count(*) n FROM (SELECT "
            "unnest(string_split(line, ' ')) w FROM read_csv('FILE', "
            "columns={line: 'VARCHAR'}, header=false, delim='\\t', quote='', "
            "escape='', auto_detect=false)) GROUP BY w "
            "ORDER BY n DESC, w LIMIT 15",
        chdb="SELECT w, count() n FROM (SELECT "
            "arrayJoin(splitByChar(' ', line)) w FROM file('FILE', "
            "LineAsString)) GROUP BY w ORDER BY n DESC, w LIMIT 15",
        **awks(" ", "{for (i = 1; i <= NF; i++) n[$i]++} "
            "END {for (w in n) print w \"\\t\" n[w]}",
            " | sort -k2,2nr -k1,1 | head -15"),
        mlr="mlr --inidx --ifs ' ' --otsv --headerless-csv-output "
            "put -q 'for (k, v in $*) {@n[v] += 1} end {emit @n, \"w\"}' then "
            "sort -nr n -f w then head -n 15 'FILE'",
        jq="jq -Rr 'split(\" \")[]' 'FILE'" + COUNT +
            " | sort -k2,2nr -k1,1 | head -15"))

J5 = dict(
    name="J5", data="sensors",
    about="records of which an expression is true, four fields of ten",
    source="stream-files FILE",
    rest="parse-json --schema '%s' | filter --on-error skip "
        "'.gt | contains(\"stairs\")' | "
        "pick gt,Model,Arrival_Time,Creation_Time" % COUNTED,
    fields=("gt", "Model", "Arrival_Time", "Creation_Time"),
    targets={"run": 0.33, "one thread": 0.58, "mawk": 0.5, "mlr": 15, "jq": 15},
    others=dict(
        duckdb="COPY (SELECT gt, Model, Arrival_Time, Creation_Time FROM %s "
            "WHERE contains(gt, 'stairs')) TO 'ANSWER' (FORMAT json)" %
            DUCK_SENSORS,
        chdb="INSERT INTO FUNCTION file('ANSWER', JSONEachRow, 'gt String, "
            "Model String, Arrival_Time Int64, Creation_Time Int64') "
            "SELECT gt, Model, Arrival_Time, Creation_Time FROM %s "
            "WHERE gt LIKE '%%stairs%%'" % CH_SENSORS,
        **awks("[:,]", "index($14, \"stairs\") {print \"{\\\"gt\\\":\" $14 "
            "\",\\\"Model\\\":\" $10 \",\\\"Arrival_Time\\\":\" $2 "
            "\",\\\"Creation_Time\\\":\" $4 \"}\"}"),
        mlr="mlr --ijsonl --ojsonl filter '$gt =~ \"stairs\"' then "
            "cut -o -f gt,Model,Arrival_Time,Creation_Time 'FILE'",
        jq="jq -c 'select(.gt != null and (.gt | contains(\"stairs\"))) | "
            "{gt, Model, Arrival_Time, Creation_Time}' 'FILE'",
        sqlite3=SQLITE_LINES +
            "SELECT j ->> 'gt' gt, j ->> 'Model', j ->> 'Arrival_Time', "
            "j ->> 'Creation_Time' FROM t WHERE gt LIKE '%stairs%';"))

ALL = (J1, J2, J3, J4, J5)
