#!/usr/bin/env bats
# Exported programs on a real Spark with Kafka, PostgreSQL and Delta, and tables
# of sink-delta read by it.  All of Spark's programs run in one session, in
# setup_file; the tests look at what has come of them.

load ../lib

setup_file() {
	local s=$BATS_TEST_DIRNAME
	export BROKER_DIR=$BATS_FILE_TMPDIR/broker PG_DIR=$BATS_FILE_TMPDIR/pg
	{ "$s/kafka" install && "$s/spark" install; } \
		>"$BATS_FILE_TMPDIR/log" 2>&1 </dev/null 3>&- || {
		without "Spark, Kafka or their packages cannot be installed" \
			"$BATS_FILE_TMPDIR/log"
		return
	}
	PORT=$("$s/pg" start "$PG_DIR" </dev/null 3>&-) || {
		without "no PostgreSQL here"
		return
	}
	"$s/kafka" start "$BROKER_DIR"
	K=$(cat "$BROKER_DIR/address")
	export K PG="host=127.0.0.1 port=$PORT user=test dbname=postgres"
	cd "$BATS_FILE_TMPDIR" || return
	PATH=${BIEF_BIN:-$TOP/bin}:$PATH
	prepare
	"$s/spark" run ./*.py >"$BATS_FILE_TMPDIR/log" 2>&1 </dev/null 3>&- ||
		{ tail -40 "$BATS_FILE_TMPDIR/log"; return 1; }
}

teardown_file() {
	[ ! -d "$BROKER_DIR" ] || "$BATS_TEST_DIRNAME/kafka" stop "$BROKER_DIR"
	[ ! -d "$PG_DIR" ] || "$BATS_TEST_DIRNAME/pg" stop "$PG_DIR" 3>&-
}

setup() {
	enter "$BATS_FILE_TMPDIR"
	PATH=${BIEF_BIN:-$TOP/bin}:$PATH
}

topic() { # topic COMMAND ...: see services/topic.c
	"$TOP/${B:-build}/services/topic" "$K" "$@"
}

# Messages with keys, in two partitions.
messages() { # from to
	local i k
	for i in $(seq "$1" "$2"); do
		k=$(printf 'abc' | cut -c$((i % 3 + 1)))
		printf '%s|{"k":"%s","n":%d,"s":"é %d"}\n' "$k" "$k" "$i" "$i"
	done
}

# both NAME PIPELINE: bief runs it with SIDE=ours, and it is exported to NAME.py
# with SIDE=theirs.
both() {
	bief run "${2//SIDE/ours}" >"$1.ours" </dev/null
	bief to-spark "${2//SIDE/theirs}" >"$1.py"
}

SCHEMA='b boolean, y tinyint, h smallint, i int, l bigint, f float, d double,
	c decimal(12,2), z decimal(38,3), s string, x binary, t timestamp,
	e date, a array<struct<p:int,q:array<string>>>, m map<string,double>,
	r struct<u:bigint,v:struct<w:date>>'

prepare() {
	prepare_kafka
	prepare_files
	prepare_delta
}

prepare_kafka() {
	local t read
	topic create in 2
	for t in ours theirs halves; do
		topic create $t 1
	done
	messages 1 40 | kcat -P -b "$K" -t in -K '|'
	both sink "stream-kafka --from earliest --trigger available-now --checkpoint sink-SIDE $K in |
		parse-json --field value -s 'k string, n int, s string' --keep |
		filter '.n > 3' | pick k,n,s,partition,offset | sink-kafka --key k $K SIDE"
	both source "stream-kafka --value-only --from earliest --to latest $K in |
		parse-json -s 'k string, n int' | agg --by k count sum:n"
	messages 1 20 | kcat -P -b "$K" -t halves -K '|'
	read="stream-kafka --value-only --from earliest --trigger available-now"
	t="$K halves | parse-json -s 'k string, n int' | agg --by k count sum:n avg:n"
	bief run "$read --checkpoint half $t | sink-exec cat" >/dev/null
	messages 21 40 | kcat -P -b "$K" -t halves -K '|'
	bief to-spark --from-checkpoint half "$read $t" >halves.py
	bief run "stream-kafka --value-only --from earliest --to latest $t" >halves.ours
}

# Three files, a batch each, into tables.
prepare_files() {
	local i from
	mkdir in
	for i in 1 2 3; do
		messages $((i * 9)) $((i * 9 + 11)) | cut -d'|' -f2 >in/$i
	done
	from="stream-files --order name --max-files 1 --checkpoint"
	psql -q "$PG" -c 'create schema ours' -c 'create schema theirs'
	both pg_append "$from pga-SIDE in | parse-json -s 'k string, n int, s string' |
		sink-pg '$PG' SIDE.a"
	both pg_update "$from pgu-SIDE in | parse-json -s 'k string, n int' |
		agg --mode update --by k count sum:n | sink-pg '$PG' SIDE.u"
	both pg_complete "$from pgc-SIDE in | parse-json -s 'k string, n int' |
		agg --mode complete --by k max:n | sink-pg '$PG' SIDE.c"
	both delta_append "$from da-SIDE in | parse-json -s 'k string, n int, s string' |
		sink-delta --partition-by k da.SIDE"
	both delta_complete "$from dc-SIDE in | parse-json -s 'k string, n int' |
		agg --mode complete --by k count | sink-delta dc.SIDE"
}

# Tables of bief's, and a program that reads them.
prepare_delta() {
	"$BATS_TEST_DIRNAME/records" 3000 >records
	stream-files --trigger once records | parse-json --schema "$SCHEMA" |
		sink-delta types
	stream-files --order name --max-files 1 --checkpoint keyed.ck in |
		parse-json --schema 'k string, n int' |
		agg --mode update --by k count total=sum:n |
		sink-delta --mode update --key k keyed
	bief to-spark "stream-files records | parse-json --schema '$SCHEMA'" >types.py
	cat >zz_read.py <<-'END'
	import json, os
	from pyspark.sql import SparkSession
	from pyspark.sql import functions as F
	spark = SparkSession.builder.getOrCreate()
	JSON = {"ignoreNullFields": "false", "timeZone": "UTC",
	        "timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"}
	def load(name):
	    return spark.read.format("delta").load(name)
	def save(name, out):
	    with open(out, "w") as f:
	        for row in load(name).select(F.to_json(F.struct("*"), JSON)).collect():
	            f.write(row[0] + "\n")
	def history(name, out):
	    with open(out, "w") as f:
	        for row in spark.sql(f"describe history delta.`{os.path.abspath(name)}`").collect():
	            p = row.operationParameters
	            print(row.version, row.operation, p["outputMode"], p["epochId"], file=f)
	save("types", "types.read")
	for name in "da", "dc":
	    save(name + ".ours", name + ".ours.read")
	    save(name + ".theirs", name + ".theirs.read")
	    history(name + ".ours", name + ".history")
	save("keyed", "keyed.read")
	history("keyed", "keyed.history")
	types = load("types")
	print(types.schema.simpleString())
	log = [json.loads(line) for line in open("types/_delta_log/00000000000000000000.json")]
	stats = json.loads([a["add"]["stats"] for a in log if "add" in a][0])
	print(stats["numRecords"] == types.count())
	for c in "y h i l d c s t e".split():
	    low, high, nulls = types.select(F.to_json(F.struct(
	        F.min(c).alias("v")), JSON), F.to_json(F.struct(F.max(c).alias("v")), JSON),
	        F.sum(F.col(c).isNull().cast("int"))).first()
	    low, high = (json.loads(x)["v"] for x in (low, high))
	    if c == "t":  # the least to milliseconds; the greatest is not less
	        low = low[:23].rstrip("0").rstrip(".") + "Z"
	        high = high if stats["maxValues"][c] < high[:23] else stats["maxValues"][c]
	    if (stats["minValues"][c], stats["maxValues"][c], stats["nullCount"][c]) != (low, high, nulls):
	        print(c, stats["minValues"][c], stats["maxValues"][c], low, high)
	# What is skipped by the bounds of files is not missed.
	print(load("da.ours").where("n > 20 and k = 'a'").count())
	END
	prepare_e9
}

# Killed in the middle, and started again.
prepare_e9() {
	[ -d "$TOP/../shared/data/events" ] || return 0
	local p
	p="stream-files --checkpoint e9.ck --max-files 10 $TOP/../shared/data/events |
		parse-json --schema 'time timestamp, action string' |
		window --on time --size 1h --watermark 2h |
		agg --mode complete --by action count | sink-delta e9"
	bief run "$p" >/dev/null 2>&1 </dev/null 3>&- &
	local pid=$!
	wait_for test -e e9/_delta_log/00000000000000000001.json
	kill -9 $pid
	wait $pid || true
	bief run "$p" 3>&-
	sed -e 's/save("types", "types.read")/save("e9", "e9.read")\nhistory("e9", "e9.history")/' \
		-e '/^for name/,$d' zz_read.py >zz_e9.py
}

# The rows of JSON lines, times without zeros behind, in one order.
rows() {
	jq -cS 'walk(if type == "string" and test("^\\d{4}-.*\\.\\d+Z$") then
		sub("\\.?0*Z$"; "Z") else . end)' "$@" | sort
}

@test "a program that reads a topic and writes one sends what bief sends" {
	local t
	for t in ours theirs; do
		kcat -C -b "$K" -t $t -e -q -X isolation.level=read_committed \
			-f '%k %s\n' | sort >$t
	done
	[ "$(wc -l <ours)" -eq 37 ]
	diff ours theirs
}

@test "a topic as a batch job has the same answer" {
	diff <(rows source.ours) <(rows source.py.out)
}

@test "with offsets and groups Spark goes on in a topic where bief stopped" {
	diff <(rows halves.ours) <(rows halves.py.out)
}

@test "tables of PostgreSQL are the same, row by row and by the number of their batch" {
	psql -q "$PG" -Atc 'select k, n, s from ours.a order by n, k' >ours
	psql -q "$PG" -Atc 'select k, n, s from theirs.a order by n, k' >theirs
	[ "$(wc -l <ours)" -eq 36 ]
	diff ours theirs
	psql -q "$PG" -Atc 'select batch_id, count(*) from theirs.a group by 1 order by 1' >out
	printf '%s\n' '0|12' '1|12' '2|12' | is out
	local t
	for t in u c; do
		psql -q "$PG" -Atc "select * from ours.$t order by 1" >ours
		psql -q "$PG" -Atc "select * from theirs.$t order by 1" >theirs
		diff ours theirs
	done
}

@test "Delta tables of Spark and of bief have the same rows" {
	[ "$(wc -l <da.ours.read)" -eq 36 ]
	diff <(rows da.ours.read) <(rows da.theirs.read)
	diff <(rows dc.ours.read) <(rows dc.theirs.read)
	stream-delta da.theirs >out
	diff <(rows out) <(rows da.theirs.read)
}

@test "delta-spark reads every type as it was written" {
	[ "$(wc -l <types.read)" -eq 3000 ]
	diff <(rows types.read) <(rows types.py.out)
	head -2 zz_read.py.out | is <(cat) <<-'END'
	struct<b:boolean,y:tinyint,h:smallint,i:int,l:bigint,f:float,d:double,c:decimal(12,2),z:decimal(38,3),s:string,x:binary,t:timestamp,e:date,a:array<struct<p:int,q:array<string>>>,m:map<string,double>,r:struct<u:bigint,v:struct<w:date>>>
	True
	END
}

@test "the bounds of files are those of their rows, and skipping by them misses none" {
	local n
	n=$(cat in/* | jq -c 'select(.n > 20 and .k == "a")' | wc -l)
	tail -n +3 zz_read.py.out | is <(echo "$n")
}

@test "the history of a table shows its batches" {
	is da.history <<-'END'
	2 STREAMING UPDATE Append 2
	1 STREAMING UPDATE Append 1
	0 STREAMING UPDATE Append 0
	END
	is keyed.history <<-'END'
	2 STREAMING UPDATE Update 2
	1 STREAMING UPDATE Update 1
	0 STREAMING UPDATE Update 0
	END
	bief run "stream-files in | parse-json --schema 'k string, n int' | agg --by k count total=sum:n" >out
	diff <(rows out) <(rows keyed.read)
}

@test "E9: a table that was written under kill -9 is whole for delta-spark" {
	shared
	cut -d' ' -f5 e9.history | sort -n >epochs
	seq 0 $(($(wc -l <epochs) - 1)) | is epochs
	stream-files "$SHARED/data/events" |
		parse-json --schema 'time timestamp, action string' |
		window --on time --size 1h | agg --by action count >out
	diff <(rows out) <(rows e9.read)
}
