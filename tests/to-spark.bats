#!/usr/bin/env bats
# bief to-spark: what the programs say, and what is refused.  That Spark gives
# the same answers with them is shown by make check-spark.

load lib

# exported PIPELINE: the statements behind the session, into file program; the
# whole of it is Python.
exported() {
	bief to-spark "$1" >program.py || return
	python3 -m py_compile program.py || return
	sed '1,/getOrCreate/d; /^)$/{ x; s/^/x/; /^x$/{ x; d }; x }' program.py |
		sed '/./,$!d' >program
}

# where PIPELINE: the SQL of its last where or withColumn, as Python has it.
where() {
	bief to-spark "stream-files in | parse-json -s '$SCHEMA' | $1" >program.py &&
		python3 - <<-'END'
		import ast
		for node in ast.walk(ast.parse(open("program.py").read())):
		    if isinstance(node, ast.Call) and ast.unparse(node.func) == "F.expr":
		        print(node.args[0].value)
		END
}
SCHEMA='a bigint, i int, s string, d double, b boolean, t timestamp, l array<string>, m map<string,int>, r struct<x:int>, `end` string, `two words` int'

@test "a batch job: whole program" {
	run -0 bief to-spark "stream-files in | parse-json -s 'k string, v bigint' | agg --by k sum:v"
	is <(echo "$output") <<'END'
#!/usr/bin/env python3
# stream-files in | parse-json -s 'k string, v bigint' | agg --by k sum:v
#
# Where bief answers differently:
# - a sum of integers that does not fit in 64 bits is an error in bief; Spark
#   lets it wrap
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = (
    SparkSession.builder
    .appName("bief")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.sql.ansi.enabled", "false")
    .getOrCreate()
)

JSON_OPTIONS = {
    "ignoreNullFields": "false",
    "timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
}


def json_lines(rows):
    line = F.to_json(F.struct("*"), JSON_OPTIONS)
    return [row[0] for row in rows.select(line).toLocalIterator()]


lines = spark.read.text("in")
records = (
    lines
    .select(F.from_json(F.col("value"), "k string, v bigint").alias("json"))
    .select("json.*")
)
results = records.groupBy(F.col("k")).agg(F.sum(F.col("v")).alias("sum(v)"))
for line in json_lines(results):
    print(line, flush=True)
END
}

@test "a watermark makes it a stream, a trigger says when" {
	exported "stream-files --trigger 5s --max-files 2 --name w in | parse-json -s 't timestamp, k string' | window --on t --size 1h --slide 5m --watermark 2h | agg --by k --mode append count | sink-table"
	is program <<'END'
lines = spark.readStream.option("maxFilesPerTrigger", 2).text("in")
records = (
    lines
    .select(F.from_json(F.col("value"), "t timestamp, k string").alias("json"))
    .select("json.*")
)
timed = records.withWatermark("t", "2 hours")
results = (
    timed
    .groupBy(
        F.window(F.col("t"), "1 hour", "5 minutes").alias("window"),
        F.col("k"),
    )
    .agg(F.count("*").alias("count"))
    .select(
        F.col("window.start").alias("window_start"),
        F.col("window.end").alias("window_end"),
        F.col("k"),
        F.col("count"),
    )
)
query = (
    results.writeStream
    .outputMode("append")
    .trigger(processingTime="5 seconds")
    .queryName("w")
    .format("console")
    .start()
)
query.awaitTermination()
END
}

@test "a join of two streams" {
	exported "join-stream <(stream-files --trigger 0s l | parse-json -s 'k string, lt timestamp, v int' | watermark --on lt --delay 10s) <(stream-files --trigger 0s r | parse-json -s 'k string, rt timestamp, v int' | watermark --on rt --delay 5s) --on k --where 'rt between lt and lt + interval 1 minute' --how left --policy max | sink-files out"
	sed -n '/^joined/,$p' program | is <(cat) <<'END'
joined = (
    timed.alias("left")
    .join(
        timed_2.alias("right"),
        (F.col("left.k") == F.col("right.k")) & F.expr("rt between lt and lt + interval 1 minute"),
        "left_outer",
    )
    .select(
        F.col("left.k"),
        F.col("left.lt"),
        F.col("left.v"),
        F.col("right.rt"),
        F.col("right.v").alias("right_v"),
    )
)
query = (
    joined.writeStream
    .outputMode("append")
    .trigger(processingTime="0 seconds")
    .option("checkpointLocation", tempfile.mkdtemp(prefix="bief-"))
    .format("json")
    .option("ignoreNullFields", "false")
    .option("timestampFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX")
    .option("path", "out")
    .start()
)
query.awaitTermination()
END
	grep -q 'config("spark.sql.streaming.multipleWatermarkPolicy", "max")' program.py
}

@test "a table is joined by its names" {
	printf 'id;name;age\n1;x;3\n' >users.csv
	exported "stream-files in | parse-json -s 'u string, name string' | join-static users.csv --sep ';' --header --on u=id --how left"
	sed -n '/^table/,/^for/p' program | is <(cat) <<'END'
table = (
    spark.read
    .option("header", True)
    .option("sep", ";")
    .csv("users.csv")
    .withColumn("age", F.col("age").cast("int"))
)
joined = (
    records.alias("left")
    .join(
        table.alias("right"),
        F.col("left.u") == F.col("right.id"),
        "left_outer",
    )
    .select(
        F.col("left.u"),
        F.col("left.name"),
        F.col("right.name").alias("right_name"),
        F.col("right.age"),
    )
)
for line in json_lines(joined):
END
}

@test "every program of records has its statement" {
	exported "stream-files in | parse-csv --header --sep tab -s 'a string, b double, c int' | drop-null a | fill-null b=0.5 | explode a --split ' ' --as w --keep | derive --sql 'n = c + 1' | pick word=w,b,n | dedup --by word | order --by -n,word --limit 3 | take 2"
	is program <<'END'
JSON_OPTIONS = {
    "ignoreNullFields": "false",
    "timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
}


def json_lines(rows):
    line = F.to_json(F.struct("*"), JSON_OPTIONS)
    return [row[0] for row in rows.select(line).toLocalIterator()]


records = (
    spark.read
    .option("header", True)
    .option("multiLine", True)
    .option("sep", "\t")
    .schema("a string, b double, c int")
    .csv("in")
)
present = records.na.drop(how="any", subset=["a"])
filled = present.na.fill({"b": 0.5})
exploded = (
    filled
    .select(
        F.col("a"),
        F.col("b"),
        F.col("c"),
        F.explode(F.split(F.col("a"), " ")).alias("w"),
    )
)
derived = exploded.withColumn("n", F.expr("c + 1"))
picked = derived.select(F.col("w").alias("word"), F.col("b"), F.col("n"))
distinct = picked.dropDuplicates(["word"])
ordered = distinct.orderBy(F.col("n").desc(), F.col("word").asc()).limit(3)
taken = ordered.limit(2)
for line in json_lines(taken):
    print(line, flush=True)
END
}

@test "sessions, cubes, chains of windows" {
	exported "stream-files in | parse-json -s 't timestamp, k string' | window --on t --session 10s | agg --by k count"
	grep -qF 'F.session_window(F.col("t"), "10 seconds").alias("window")' program
	exported "stream-files in | parse-json -s 'a string, b string, v int' | agg --by a,b --cube --grouping-id s=sum:v"
	grep -qF '.cube(F.col("a"), F.col("b"))' program
	grep -qF 'F.grouping_id().alias("grouping_id")' program
	exported "stream-files --trigger 1s in | parse-json -s 't timestamp, k string' | window --on t --size 5s --watermark 1s | agg --by k --mode append n=count | window --on window --size 10s | agg --mode append s=sum:n"
	grep -qF 'F.window(F.col("window"), "10 seconds").alias("window")' program
}

@test "what Spark does not take on a stream is done for each batch" {
	exported "stream-files --trigger 1s in | parse-json -s 'a string, b string, n int' | agg --by a,b --mode complete n=sum:n | pivot --rows a --cols b --value n --fill 0 | sink-table --truncate 30"
	sed -n '/^def write/,$p' program | is <(cat) <<'END'
def write_batch(rows, batch_id):
    matrix = rows.groupBy(F.col("a")).pivot("b").agg(F.first(F.col("n")))
    matrix_2 = (
        matrix
        .na.fill(0, subset=[c for c in matrix.columns if c not in ["a"]])
    )
    matrix_2.show(20, truncate=30)


query = (
    results.writeStream
    .outputMode("complete")
    .trigger(processingTime="1 second")
    .foreachBatch(write_batch)
    .start()
)
query.awaitTermination()
END
}

@test "tables of SQLite and commands are written by foreachBatch" {
	exported "stream-files --trigger 1s --checkpoint ck/ in | parse-json -s 'k string' | sink-table --db 'a b.db' --table 'it''s' --mode append"
	sed -n '/^def write/,/^query/p' program | is <(cat) <<'END'
def write_batch(rows, batch_id):
    values = [list(row.values()) for row in json_rows(rows)]
    with sqlite3.connect("a b.db") as db:
        db.execute("CREATE TABLE IF NOT EXISTS \"its\" (\"k\", \"batch_id\")")
        last = db.execute("SELECT COALESCE(MAX(batch_id), -1) FROM \"its\"").fetchone()[0]
        values = [row + [batch_id] for row in values if last < batch_id]
        db.executemany("INSERT INTO \"its\" VALUES (?, ?)", values)


query = (
END
	grep -qF '.option("checkpointLocation", "ck-spark")' program
	exported "stream-files in | parse-json -s 'k string' | sink-exec --ok 0,3 -- sh -c 'cat > \"x y\"'"
	sed -n '/^batch_id/,$p' program | is <(cat) <<'END'
batch_id = 0
output = json_lines(records)
if output:
    for attempt in range(1):
        done = subprocess.run(
            ["sh", "-c", "cat > \"x y\""],
            input="".join(line + "\n" for line in output).encode(),
            env=dict(os.environ, BIEF_BATCH_ID=str(batch_id)),
        )
        if done.returncode in [0, 3]:
            break
    else:
        done.check_returncode()
        raise RuntimeError("the command has failed")
END
}

@test "topics of Kafka" {
	exported "stream-kafka --from earliest --max-records 9 --trigger 5s h:9092 t,u | pick key,value | sink-kafka --key key h:9092 out"
	grep -qF '.option("startingOffsets", "earliest")' program
	grep -qF '.option("subscribe", "t,u")' program
	grep -qF '.option("maxOffsetsPerTrigger", 9)' program
	grep -qF '"CAST(value AS STRING) AS value"' program
	grep -qF 'F.to_json(F.struct("*"), JSON_OPTIONS).alias("value")' program
	exported "stream-kafka --to latest --value-only h:9092 t | parse-text"
	grep -qF 'spark.read' program
}

@test "jq's language as SQL, with its own meaning of null" {
	while IFS='@' read -r jq sql; do
		where "filter '$jq'" >got
		[ "$(cat got)" = "$sql" ] || {
			echo "$jq: $(cat got), not $sql"
			return 1
		}
	done <<'END'
.a > 5@a > 5
.a < 5@coalesce(a < 5, true)
.a <= .d@coalesce(a <= d, a IS NULL)
.s == "x"@s = 'x'
.s != "x"@NOT (s <=> 'x')
.a == .i@a <=> i
.a == null@a IS NULL
.b@b
.b | not@NOT coalesce(b, false)
.s@s IS NOT NULL
.a > 1 and (.b or .d < 2)@(a > 1) AND (b OR coalesce(d < 2, true))
.r.x == 1@r.x = 1
.m.k == 1@m['k'] = 1
.l[0] == "q"@get(l, 0) = 'q'
.l[-1] == "q"@try_element_at(l, -1) = 'q'
."two words" > 1@`two words` > 1
.end == "x"@`end` = 'x'
select(.a > 1)@a > 1
.s | IN("a", "b")@s IN ('a', 'b')
.s | test("^a\\d+"; "i")@s rlike '(?Uiu)^a\\d+'
.s | startswith("a") | not@NOT coalesce(startswith(s, 'a'), false)
.a // .i > 3@(a IS NOT NULL) OR (i > 3)
END
	while IFS='@' read -r jq sql; do
		where "derive 'n=$jq'" >got
		[ "$(cat got)" = "$sql" ] || {
			echo "$jq: $(cat got), not $sql"
			return 1
		}
	done <<'END'
.a + 1@coalesce(a + 1, 1)
.i * .i@cast(i as bigint) * cast(i as bigint)
.s + "x"@coalesce(s || 'x', 'x')
.a > 1@coalesce(a > 1, false)
"\(.s)-\(.a)"@concat(coalesce(s, 'null'), '-', coalesce(cast(a as string), 'null'))
.s // "none"@coalesce(s, 'none')
.s | length@coalesce(char_length(s), 0)
if .b then 1 else 2 end@if(b, 1, 2)
.l | join("-")@array_join(l, '-', '')
END
}

@test "what jq has and SQL has not is shown, with the SQL that would do" {
	run -2 bief to-spark "stream-files in | parse-json -s 's string, t timestamp' | filter '.s | gsub(\"a\"; \"b\") == \"b\"'"
	is <(echo "$output") <<'END'
bief: to-spark: filter: jq's 'gsub' has no counterpart that means the same in Spark: say it with --sql, regexp_replace(text, pattern, by)
  .s | gsub("a"; "b") == "b"
       ^
END
	run -2 bief to-spark "stream-files in | parse-json -s 's string, t timestamp' | filter '.t > \"2026\"'"
	[[ $output == *"time > timestamp"* ]]
	run -2 bief to-spark "stream-files in | parse-json -s 'a array<int>' | derive 'x=.a[]'"
	[[ $output == *"explode"* ]]
}

@test "SQL is taken as it stands" {
	[ "$(where "filter --sql \"s like '%\\\\_x' and \\\"q\\\" <> s\"")" = "s like '%\\_x' and \"q\" <> s" ]
}

@test "what cannot be exported is refused by name, and nothing is printed" {
	while IFS='@' read -r pipeline words; do
		run -2 --separate-stderr bief to-spark "$pipeline"
		[ -z "$output" ]
		[[ $stderr == "bief: to-spark: $words"* ]] || {
			echo "$pipeline: $stderr"
			return 1
		}
	done <<'END'
stream-files in | thru -- sort@thru: it hands records
stream-files in | sort@sort: it is no program of bief's
stream-files in | window --batches 3 | agg count@window: --batches: Spark has no windows by arrival
stream-socket --listen :9@stream-socket: --listen
stream-files --max-records 3 --trigger 1s in | parse-text@stream-files: --max-records has no counterpart
parse-json -s 'a int'@parse-json: Spark reads no standard input
stream-files in | parse-text | sink-files --stamp out@sink-files: --stamp has no counterpart
stream-files in | parse-text | sink-table --style pprint@sink-table: --style pprint
stream-files in | parse-json -s 'a int' | agg sum:b@agg: no field 'b'
stream-files in | parse-json -s 't timestamp' | watermark --on t --delay 1s --idle 1m@watermark: --idle has no counterpart
stream-rate | parse-text | order --by value@parse-text: lines are wanted
union <(stream-files a | parse-text) b@union: its inputs must be pipelines
stream-files in | parse-text > out@parse-text: a program of Spark writes no
stream-files in | frobnicate@frobnicate: it is no program
END
	run -2 bief to-spark 'stream-files $x | parse-text'
	[[ $output == *"more of the shell"* ]]
	run -2 bief to-spark
	[[ $output == *"one argument"* ]]
}

@test "names and texts are never code" {
	cat >field.py <<'END'
import ast, sys
# No text of the user's is a part of the program but in its literals.
tree = ast.parse(open("program.py").read())
names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
names |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
assert not any("evil" in x for x in names), names
END
	local name n=$'a"\\\n`$x`#\r\u2028'
	for name in class lambda 'two words' "it's" '"evil()' 'a"); evil(' \
		$'x\nevil()' '`evil`' '$evil' 'é' 'a.b' 'left' "$n"; do
		python3 - "$name" >pipeline <<-'END'
		import json, shlex, sys
		name = sys.argv[1]
		print(shlex.join(["stream-files", "evil\")"]), "|",
		      shlex.join(["parse-json", "-s", "`%s` string, v int"
		                  % name.replace("`", "``")]), "|",
		      shlex.join(["agg", "--by", json.dumps(name), "sum:v"]),
		      "| sink-table")
		END
		bief to-spark "$(cat pipeline)" >program.py
		python3 -m py_compile program.py
		python3 field.py
	done
}

@test "Spark puts no variables into expressions" {
	bief to-spark "stream-files in | parse-json -s 'k string' | filter --sql \"k = '\\\${x}'\"" >program.py
	grep -F '"k = '"'"'${x}'"'"'"' program.py
	grep -F '.config("spark.sql.variable.substitute", "false")' program.py
	bief to-spark "stream-files in | parse-json -s 'k string' | filter --sql \"k = 'x'\"" >program.py
	run ! grep -F substitute program.py
}

@test "with a checkpoint Spark goes on where bief stopped" {
	mkdir in
	echo '{"k":"a"}' >'in/a b'
	bief run "stream-files --checkpoint ck in | parse-json -s 'k string' | sink-files out"
	exported "stream-files in | parse-json -s 'k string'" && run ! grep DONE program.py
	bief to-spark --from-checkpoint ck "stream-files --trigger 1s in | parse-json -s 'k string'" >program.py
	python3 -m py_compile program.py
	sed -n '/^# What bief has/,/^records/p' program.py | is <(cat) <<-END
	# What bief has read, as paths and as parts of addresses.
	DONE = [
	    "$PWD/in/a b",
	    "$PWD/in/a%20b",
	]
	lines = (
	    spark.readStream
	    .text("in")
	    .where(
	        ~F.regexp_replace(F.col("_metadata.file_path"), "^file:/+", "/").isin(DONE),
	    )
	)
	records = (
	END
	run -2 bief to-spark --from-checkpoint ck "stream-rate | take 1"
	[[ $output == *"stream-rate: --from-checkpoint: Spark's clock begins at 0" ]]
	run -2 bief to-spark --from-checkpoint ck "stream-files --name other in | parse-text"
	[[ $output == *"the checkpoint is of another source, 'stream-files,in'" ]]
	run -3 bief to-spark --from-checkpoint none "stream-files in | parse-text"
}

@test "groups that are open come along as a table, with the watermark" {
	mkdir in
	cat >in/1 <<-'END'
	{"t":"2026-01-01T00:01:00Z","k":"a","n":1}
	{"t":"2026-01-01T00:09:00Z","k":"b","n":5}
	{"t":"2026-01-01T00:12:00.123Z","k":"a","n":7}
	END
	local p="parse-json -s 't timestamp, k string, n int' |
		window --on t --size 10m --slide 5m --watermark 5m |
		agg --mode append --by k count avg:n"
	bief run "stream-files --checkpoint ck in | $p | sink-files out"
	bief to-spark --from-checkpoint ck "stream-files --checkpoint ck in | $p" >program.py
	python3 -m py_compile program.py
	sort ck-kept-0/groups.json | is <(cat) <<-'END'
	{"time":"2026-01-01T00:12:00.123Z"}
	{"window":{"start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:10:00Z"},"k":"a","count":1,"avg(n)":{"sum":1.0,"count":1}}
	{"window":{"start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:10:00Z"},"k":"b","count":1,"avg(n)":{"sum":5.0,"count":1}}
	{"window":{"start":"2026-01-01T00:05:00Z","end":"2026-01-01T00:15:00Z"},"k":"a","count":1,"avg(n)":{"sum":7.0,"count":1}}
	{"window":{"start":"2026-01-01T00:05:00Z","end":"2026-01-01T00:15:00Z"},"k":"b","count":1,"avg(n)":{"sum":5.0,"count":1}}
	{"window":{"start":"2026-01-01T00:10:00Z","end":"2026-01-01T00:20:00Z"},"k":"a","count":1,"avg(n)":{"sum":7.0,"count":1}}
	END
	sed -n '/^# The groups/,/^)$/p' program.py | is <(cat) <<-'END'
	# The groups that bief has kept, and a row with the newest time.
	groups = (
	    spark.readStream
	    .schema(
	        "time timestamp, window struct<start:timestamp,end:timestamp>, k string, count bigint, `avg(n)` struct<sum:double,count:bigint>",
	    )
	    .json("ck-kept-0")
	    .withWatermark("time", "5 minutes")
	    .where(F.col("time").isNull())
	    .drop("time")
	)
	END
	sed -n '/^parts/,/^    .select/p' program.py | is <(cat) <<-'END'
	parts = (
	    windowed
	    .where(
	        F.col("window.end") > F.lit("2026-01-01T00:07:00.123Z").cast("timestamp"),
	    )
	    .select(
	END
	grep '"spark.sql.streaming.multipleWatermarkPolicy", "max"' program.py
	grep '"checkpointLocation", "ck-spark-0"' program.py
}

@test "a batch job goes on from the groups, too" {
	mkdir in
	printf '{"k":"%s"}\n' a b a >in/1
	local p="parse-json -s 'k string' | agg --by k count"
	bief run "stream-files --checkpoint ck in | $p | sink-table --db t.db --table t"
	bief to-spark --from-checkpoint ck "stream-files in | $p" >program.py
	python3 -m py_compile program.py
	sort ck-kept-0/groups.json | is <(cat) <<-'END'
	{"k":"a","count":2}
	{"k":"b","count":1}
	END
	sed -n '/^# The groups/,/^results/p' program.py | is <(cat) <<-'END'
	# The groups that bief has kept.
	groups = spark.read.schema("k string, count bigint").json("ck-kept-0")
	parts = (
	    records
	    .select(F.col("k"), F.lit(1).cast("bigint").alias("count"))
	    .unionByName(groups)
	)
	results = parts.groupBy(F.col("k")).agg(F.sum(F.col("count")).alias("count"))
	END
}

@test "what is kept and cannot come along is refused by name" {
	mkdir in
	echo '{"t":"2026-01-01T00:01:00Z","k":"a","n":1}' >in/1
	local from="stream-files --checkpoint ck in | parse-json -s 't timestamp, k string, n int'"
	local first then words
	while IFS=@ read -r first then words; do
		rm -rf ck ck-* out
		bief run "$from | $first | sink-exec cat" >/dev/null
		run -2 --separate-stderr bief to-spark --from-checkpoint ck "$from | ${then:-$first}"
		[ -z "$output" ]
		[[ $stderr == "bief: to-spark: $words"* ]] || {
			echo "$first: $stderr"
			return 1
		}
		[ ! -e ck-kept-0 ]
	done <<'END'
dedup --by k@@--from-checkpoint: dedup keeps state there, the keys that it has passed on
take 3@@--from-checkpoint: take keeps state there, how many records have passed
agg --by k median:n@@agg: --from-checkpoint: median: what it has seen is kept in a form
agg --by k approx_count_distinct:n@@agg: --from-checkpoint: approx_count_distinct: what
agg --by k,n --cube count@@agg: --from-checkpoint: groups of --cube and --rollup
window --on t --session 1m --watermark 1m | agg --mode complete --by k count@@agg: --from-checkpoint: sessions in complete mode
window --on t --size 1m --watermark 1m | agg --mode append --by k count | agg --mode append --by window n=count@@--from-checkpoint: agg keeps state there
agg --by k count@agg --by k sum:n@agg: --from-checkpoint: its state was made with 'operand 'count'' there, and with 'operand 'sum:n'' here
agg --mode complete --by k count@agg --mode update --by k count@agg: --from-checkpoint: its state was made with '--mode complete' there, and with nothing here
window --on t --size 1m --watermark 1m | agg --by k count@window --on t --size 2m --watermark 1m | agg --by k count@window: --from-checkpoint: its state was made with '--size 1m' there, and with '--size 2m' here
agg --by k count@filter '.n > 0'@--from-checkpoint: the pipeline has no agg
filter '.n > 0'@agg --by k count@agg: --from-checkpoint: none has kept groups there
END
}

@test "a program takes less than a moment" {
	not_sanitized
	local i start end
	start=$(date +%s%N)
	for i in $(seq 20); do
		bief to-spark "stream-files in | parse-json -s 't timestamp, k string' | window --on t --size 1h | agg --by k count | sink-table" >/dev/null
	done
	end=$(date +%s%N)
	echo "$(((end - start) / 20000)) us each"
	# On a machine that does much else, too.
	[ $((end - start)) -lt 4000000000 ]
}

@test "aggregates of several fields, of different values and of shares are exported" {
	bief to-spark "stream-files in | parse-json -s 'a int, b int, s string' |
		agg --grouping-sets 'a,b;a;' n=count:a,b m=max_by:s,a
		'f=first(s) ignore nulls' u=sum_distinct:a 'v=avg(distinct b)'
		p=percentile:a,0.5,0.9 'l=listagg:s,; ' d=count_distinct:a,b" >out
	python3 -m py_compile out
	sed -n 's/^ *\(F\..*alias.*\),$/\1/p; s/^ *\(\[\[.*\),$/\1/p' out |
		grep -v from_json >got
	is got <<-'END'
	[[F.col("a"), F.col("b")], [F.col("a")], []]
	F.call_function("count", F.col("a"), F.col("b")).alias("n")
	F.max_by(F.col("s"), F.col("a")).alias("m")
	F.first(F.col("s"), True).alias("f")
	F.sum_distinct(F.col("a")).alias("u")
	F.expr("avg(DISTINCT b)").alias("v")
	F.percentile(F.col("a"), [0.5, 0.9]).alias("p")
	F.listagg(F.col("s"), "; ").alias("l")
	F.count_distinct(F.col("a"), F.col("b")).alias("d")
	END
	run -2 bief to-spark "stream-files --trigger 1s in | parse-json -s 'a int' | agg --mode complete sum_distinct:a"
	[[ $output == *"Spark has nothing of different values alone on a stream"* ]]
}
