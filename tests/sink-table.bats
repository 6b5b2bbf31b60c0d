#!/usr/bin/env bats
# sink-table: tables on the terminal, tables in SQLite.

load lib

query() {
	sqlite3 -readonly "${2:-x.db}" "$1"
}

# Lines of a stream with control lines: header keys, then batches of one line.
stream() {
	local i=0 header="$1" line
	shift
	printf '{"#bief":{"stream":1%s}}\n' "${header:+,$header}"
	for line in "$@"; do
		printf '{"#bief":{"begin":%d,"time":"2026-11-21T08:00:0%dZ"}}\n' $i $i
		[ -z "$line" ] || printf '%b\n' "$line"
		printf '{"#bief":{"end":%d}}\n' $i
		i=$((i + 1))
	done
	printf '{"#bief":{"eof":1}}\n'
}

@test "a table has Spark's frame, right alignment and the batch's number" {
	printf '%s\n' '{"action":"Open","count":179}' '{"action":"Close","count":11}' |
		sink-table > out
	is out <<-'EOF'
	-------------------------------------------
	Batch: 0
	-------------------------------------------
	+------+-----+
	|action|count|
	+------+-----+
	|  Open|  179|
	| Close|   11|
	+------+-----+

	EOF
}

@test "columns are the fields in order of appearance, missing ones are NULL" {
	printf '%s\n' '{"a":1}' '{"b":true,"a":null}' '{}' | sink-table | tail -n +4 > out
	is out <<-'EOF'
	+----+----+
	|   a|   b|
	+----+----+
	|   1|NULL|
	|NULL|true|
	|NULL|NULL|
	+----+----+

	EOF
}

@test "of a name that stands twice in a record the last one is shown" {
	echo '{"a":1,"b":2,"a":3}' | sink-table | sed -n 7p > out
	is out <<< '|  3|  2|'
}

@test "values over 20 characters are cut, and whole with --no-truncate" {
	echo '{"s":"abcdefghijklmnopqrstuvwxyz"}' > in
	sink-table < in | sed -n 7p > out
	sink-table --truncate 5 < in | sed -n 7p >> out
	sink-table --truncate 2 < in | sed -n 7p >> out
	sink-table --truncate 0 < in | sed -n 7p >> out
	sink-table --no-truncate < in | sed -n 5p >> out
	is out <<-'EOF'
	|abcdefghijklmnopq...|
	|ab...|
	| ab|
	|abcdefghijklmnopqrstuvwxyz|
	|s                         |
	EOF
}

@test "more rows than --rows are told of" {
	printf '{"n":%d}\n' 1 2 3 | sink-table --rows 2 | tail -n 4 > out
	is out <<-'EOF'
	|  1|
	|  2|
	+---+
	only showing top 2 rows
	EOF
}

@test "East Asian wide characters count two columns" {
	printf '%s\n' '{"日本":"日本語"}' '{"日本":"abc"}' | sink-table | tail -n +4 > out
	is out <<-'EOF'
	+------+
	|  日本|
	+------+
	|日本語|
	|   abc|
	+------+

	EOF
}

@test "doubles are printed as Java does, integers as they are" {
	printf '{"d":%s}\n' 1.0 1e7 0.00099 1584786731698422519 |
		sink-table | sed -n 7,10p > out
	is out <<-'EOF'
	|                1.0|
	|              1.0E7|
	|             9.9E-4|
	|1584786731698422519|
	EOF
}

@test "times are shown in the zone, arrays and objects in Spark's form" {
	echo '{"t":"2016-07-26T02:45:07.5Z","a":[1,null],"o":{"x":1,"y":"z"}}' |
		sink-table --no-truncate --zone Europe/Paris | sed -n 7p > out
	is out <<< '|2016-07-26 04:45:07.5|[1, NULL]|{1, z}|'
}

@test "types are known from the header: a map shows its keys" {
	stream '"fields":"m map<string,int>, s struct<a:int,b:int>, d double"' \
		'{"m":{"k":1},"s":{"b":2},"d":7}' | sink-table | sed -n 7p > out
	is out <<< '|{k -> 1}|{NULL, 2}|7.0|'
}

@test "control characters in values cannot break the table" {
	printf '%s\n' '{"s":"a\nb\tc\u0007"}' | sink-table | sed -n 7p > out
	is out <<< '|a\nb\tc\a|'
}

@test "each batch is a table; an empty one is not shown" {
	stream '' '{"n":1}' '' '{"n":2}' | sink-table | grep -e Batch -e '[0-9]|' > out
	is out <<-'EOF'
	Batch: 0
	|  1|
	Batch: 2
	|  2|
	EOF
}

@test "without any record the known columns are shown once" {
	stream '"fields":"a string, b int"' '' '' | sink-table > out
	is out <<-'EOF'
	-------------------------------------------
	Batch: 1
	-------------------------------------------
	+---+---+
	|  a|  b|
	+---+---+
	+---+---+

	EOF
}

@test "nothing is shown as a table of no columns, as in Spark" {
	sink-table < /dev/null > out
	is out <<-'EOF'
	-------------------------------------------
	Batch: 0
	-------------------------------------------
	++
	||
	++
	++

	EOF
}

@test "--style pprint calls a batch by the end of its interval" {
	printf '%s\n' '{"#bief":{"stream":1,"trigger":"5s"}}' \
		'{"#bief":{"begin":0,"time":"2026-11-21T08:00:05.001Z"}}' \
		'{"#bief":{"end":0}}' '{"#bief":{"eof":1}}' |
		sink-table --style pprint >out
	[ "$(sed -n 2p out)" = "Time: 2026-11-21 08:00:10" ]
}

@test "--style pprint prints batches as DStreams do, empty ones too" {
	stream '' '{"w":"it'\''s","n":1}\n{"w":"b","n":7.0}' '' '{"w":null}' |
		sink-table --style pprint --rows 1 > out
	is out <<-'EOF'
	-------------------------------------------
	Time: 2026-11-21 08:00:00
	-------------------------------------------
	("it's", 1)
	...

	-------------------------------------------
	Time: 2026-11-21 08:00:01
	-------------------------------------------

	-------------------------------------------
	Time: 2026-11-21 08:00:02
	-------------------------------------------
	None

	EOF
}

@test "mode complete without an aggregation is refused" {
	stream '' '{"n":1}' > in
	run -2 sink-table --mode complete < in
	[[ "$output" == *"needs an aggregation"* ]]
}

@test "a mode that is not the result's is refused" {
	stream '"mode":"update","aggregated":true' '{"n":1}' > in
	run -2 sink-table --mode append < in
	[[ "$output" == *"say --mode append to agg too"* ]]
}

@test "golden: tables are Spark's byte for byte" {
	shared
	while read -r case; do
		jq -r '.lines[]?' <<< "$case" > in
		schema=$(jq -r '.schema // empty' <<< "$case")
		[ -n "$schema" ] || continue
		jq -j '.text + "\n"' <<< "$case" > want
		{ stream '' '' | head -n 2; cat in; stream '' '' | tail -n 2; } |
			parse-json --schema "$schema" |
			sink-table --rows "$(jq .rows <<< "$case")" \
				--truncate "$(jq .truncate <<< "$case")" |
			tail -n +4 > got
		diff -u want got || { jq .name <<< "$case"; return 1; }
	done < "$SHARED/golden/console.jsonl"
}

# SQLite.

@test "a batch is kept as rows of a table, integers exact" {
	printf '%s\n' '{"k":"a","n":1584786731698422519,"d":7.0,"b":true,"o":{"x":[1]},"z":null}' |
		sink-table --db x.db --table t
	query "SELECT k, n, d, b, o, z IS NULL, typeof(d), typeof(b) FROM t" > out
	is out <<< 'a|1584786731698422519|7.0|1|{"x":[1]}|1|real|integer'
}

@test "column types come from the schema of the header" {
	stream '"fields":"i int, d double, e decimal(5,2), t timestamp, s string"' \
		'{"i":1,"d":2,"e":1.50,"t":"2016-07-26T02:45:07Z","s":"007"}' |
		sink-table --db x.db --table t
	query "SELECT group_concat(type) FROM pragma_table_info('t')" > out
	query "SELECT * FROM t" >> out
	is out <<-'EOF'
	INTEGER,REAL,TEXT,TEXT,TEXT
	1|2.0|1.50|2016-07-26T02:45:07Z|007
	EOF
}

@test "NaN and infinities are text, an integer beyond 64 bits keeps its digits" {
	printf '%s\n' '{"d":1.5,"h":123456789012345678901234567890}' '{"d":"NaN"}' |
		sink-table --db x.db --table t
	query "SELECT d, typeof(d), h FROM t" > out
	is out <<-'EOF'
	1.5|real|123456789012345678901234567890
	NaN|text|
	EOF
}

@test "any name can be a table, a column" {
	printf '%s\n' '{"select":1,"a \"b\"":2,"é;--":3,"":4}' |
		sink-table --db x.db --table 'my "tab'
	query 'SELECT "select", "a ""b""", "é;--", "" FROM "my ""tab"' > out
	is out <<< '1|2|3|4'
}

@test "names that differ in case only are refused, since to SQLite they are one" {
	echo '{"a":1,"A":2}' > in
	run -1 sink-table --db x.db --table t < in
	[[ "$output" == *"one column to SQLite"* ]]
}

@test "fields that appear later become columns" {
	stream '' '{"a":1}' '{"a":2,"b":"x"}' '{"c":3}' | sink-table --db x.db --table t
	query "SELECT * FROM t" > out
	is out <<-'EOF'
	1||
	2|x|
	||3
	EOF
}

@test "a table with rows and no mode is refused, with the remedy" {
	echo '{"a":1}' > in
	sink-table --db x.db --table t < in
	run -2 sink-table --db x.db --table t < in
	[[ "$output" == *"--mode append"* ]]
	query "SELECT count(*) FROM t" > out
	is out <<< 1
}

@test "mode append adds rows, mode complete replaces them" {
	echo '{"a":1}' > in
	sink-table --db x.db --table t < in
	sink-table --db x.db --table t --mode append < in
	query "SELECT count(*) FROM t" > out
	sink-table --db x.db --table t --mode complete < in
	query "SELECT count(*) FROM t" >> out
	sink-table --db x.db --table t --mode complete < /dev/null
	query "SELECT count(*) FROM t" >> out
	is out <<-'EOF'
	2
	1
	0
	EOF
}

@test "a complete result without rows empties the table, a batch without input does not" {
	stream '"mode":"complete","aggregated":true' '{"n":1}' '' |
		sed 's/"end":1/&,"empty":true/' > in
	sink-table --db x.db --table t < in
	sink-table < in | grep Batch > out
	query "SELECT count(*) FROM t" >> out
	sed -i 's/,"empty":true//' in
	sink-table --db x.db --table t < in
	sink-table < in | grep Batch >> out
	query "SELECT count(*) FROM t" >> out
	is out <<-'EOF'
	Batch: 0
	1
	Batch: 0
	Batch: 1
	0
	EOF
}

@test "mode update replaces the rows of the same key, and null is a key" {
	stream '"mode":"update","aggregated":true,"keys":["k","grouping_id"]' \
		'{"k":null,"grouping_id":0,"n":1}\n{"k":null,"grouping_id":1,"n":2}\n{"k":"a","grouping_id":0,"n":3}' \
		'{"k":null,"grouping_id":0,"n":10}\n{"k":"a","grouping_id":0,"n":30}\n{"k":"a","grouping_id":0,"n":31}' |
		sink-table --db x.db --table t
	query "SELECT * FROM t ORDER BY k, grouping_id" > out
	is out <<-'EOF'
	|0|10
	|1|2
	a|0|31
	EOF
}

@test "what could be a key but is no field does not become a column" {
	stream '"mode":"update","aggregated":true,"keys":["window_start","k"]' \
		'{"k":"a","n":1}' '{"k":"a","n":2}\n{"k":"b","n":1}' |
		sink-table --db x.db --table t
	query "SELECT * FROM t" > out
	stream '"mode":"update","aggregated":true,"keys":["window_start"]' '{"n":1}' '{"n":2}' |
		sink-table --db x.db --table u
	query "SELECT * FROM u" >> out
	is out <<-'EOF'
	a|2
	b|1
	2
	EOF
}

@test "update of a single row without keys leaves a single row" {
	stream '"mode":"update","aggregated":true' '{"count":1}' '{"count":5}' |
		sink-table --db x.db --table t
	query "SELECT * FROM t" > out
	is out <<< 5
}

@test "update without control lines asks for the key" {
	echo '{"k":1}' > in
	run -2 sink-table --db x.db --table t --mode update < in
	[[ "$output" == *"--key"* ]]
	sink-table --db x.db --table t --mode update --key k < in
	sink-table --db x.db --table t --mode update --key k < in
	query "SELECT count(*) FROM t" > out
	is out <<< 1
}

@test "columns that somebody added are left alone by an update" {
	stream '"mode":"update","aggregated":true,"keys":["k"]' '{"k":1,"n":1}' > in
	sink-table --db x.db --table t < in
	sqlite3 x.db "ALTER TABLE t ADD COLUMN note; UPDATE t SET note = 'mine'"
	sink-table --db x.db --table t < in
	query "SELECT * FROM t" > out
	is out <<< '1|1|mine'
}

@test "a batch that was cut off is not in the table" {
	stream '' '{"n":1}' '{"n":2}' | head -n 6 > in
	run -1 sink-table --db x.db --table t < in
	query "SELECT * FROM t" > out
	is out <<< 1
}

@test "with a checkpoint, batches that the table has are skipped" {
	mkdir in
	echo '{"n":1}' > in/1
	stream-files in --checkpoint c | sink-table --db x.db --table t
	echo '{"n":2}' > in/2
	stream-files in --checkpoint c | sink-table --db x.db --table t
	# as if the commit of the last batch had not been written
	find c/commits -name '*.commit' | sort -V | tail -n 1 | xargs rm
	stream-files in --checkpoint c | sink-table --db x.db --table t
	query "SELECT n FROM t" > out
	is out <<-'EOF'
	1
	2
	EOF
}

@test "a table of another checkpoint is refused, unless --mode is told" {
	mkdir in
	echo '{"n":1}' > in/1
	stream-files in --checkpoint one | sink-table --db x.db --table t
	run -3 bash -o pipefail -c 'stream-files in --checkpoint two |
		sink-table --db x.db --table t'
	[[ "$output" == *"another checkpoint"* ]]
	stream-files in --checkpoint two | sink-table --db x.db --table t \
		--mode append
	query "SELECT n FROM t" > out
	is out <<-'EOF'
	1
	1
	EOF
}

@test "with a checkpoint, rows that are not of it are refused, unless --mode is told" {
	mkdir in
	echo '{"n":1}' > in/1
	sink-table --db x.db --table t < in/1
	run -2 bash -o pipefail -c 'stream-files in --checkpoint c |
		sink-table --db x.db --table t'
	[[ "$output" == *"rows already"* ]]
	stream-files in --checkpoint c | sink-table --db x.db --table t \
		--mode append
	query "SELECT n FROM t" > out
	is out <<-'EOF'
	1
	1
	EOF
}

@test "the table of a pipeline with a checkpoint is closed to those without" {
	mkdir in
	echo '{"n":1}' > in/1
	stream-files in --checkpoint c | sink-table --db x.db --table t
	run -2 sink-table --db x.db --table t --mode complete < /dev/null
	[[ "$output" == *"belongs to a pipeline with a checkpoint"* ]]
	query "SELECT n FROM t" > out
	is out <<< 1
}

@test "a table that is gone although the checkpoint knows of it is refused" {
	mkdir in
	echo '{"n":1}' > in/1
	stream-files in --checkpoint c | sink-table --db x.db --table t
	cp x.db old.db
	rm x.db*
	run -3 bash -o pipefail -c 'stream-files in --checkpoint c |
		sink-table --db x.db --table t'
	[[ "$output" == *"it is gone"*"batch 0"* ]]
	cp old.db x.db
	sqlite3 x.db 'DROP TABLE t'
	run -3 bash -o pipefail -c 'stream-files in --checkpoint c |
		sink-table --db x.db --table t'
	[[ "$output" == *"it is gone"*"batch 0"* ]]
}

@test "two sinks behind one tee may write to one database" {
	seq -f '{"n":%.0f}' 2000 > in
	sink-table --db x.db --table a < in &
	sink-table --db x.db --table b < in
	wait $!
	query "SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)" > out
	is out <<< '2000|2000'
}

@test "sinks that come to a new database at the same moment wait for each other" {
	local i n pids
	for i in $(seq 20); do
		rm -f x.db*
		pids=
		for n in a b c d; do
			sink-table --db x.db --table $n <<< '{"n":1}' &
			pids+=" $!"
		done
		for n in $pids; do
			wait "$n"
		done
	done
	query "SELECT count(*) FROM a, b, c, d" > out
	is out <<< 1
}

@test "while a batch is under way others can write to the database" {
	mkfifo p
	sqlite3 x.db "CREATE TABLE o (x)"
	sink-table --db x.db --table t < p &
	exec 7> p
	stream '' '{"n":1}' | head -n 3 >&7
	wait_for query "SELECT 1 FROM sqlite_master WHERE name = 'o'" > /dev/null
	sqlite3 x.db "INSERT INTO o VALUES (1)"
	printf '%s\n' '{"#bief":{"end":0}}' '{"#bief":{"eof":1}}' >&7
	exec 7>&-
	wait $!
	query "SELECT n FROM t" > out
	is out <<< 1
}

@test "a database that cannot be made is an error that names it" {
	echo '{"n":1}' > in
	run -1 sink-table --db no/such/x.db --table t < in
	[[ "$output" == *"cannot open 'no/such/x.db'"* ]]
}

@test "--db and --table go together" {
	run -2 sink-table --db x.db < /dev/null
	run -2 sink-table --table t < /dev/null
	run -2 sink-table --db x.db --table t --rows 3 < /dev/null
	run -2 sink-table --key k < /dev/null
	run -2 sink-table --truncate 3 --no-truncate < /dev/null
}

@test "a table without a name, or with one of bief's own, is refused" {
	run -2 sink-table --db x.db --table '' </dev/null
	[ "$output" = "sink-table: --table: the name is empty" ]
	run -2 sink-table --db x.db --table _bief_batches </dev/null
	[ "$output" = "sink-table: --table: '_bief_batches' is a name of bief's own: take another one" ]
	[ ! -e x.db ]
}

@test "a result whose key fields are not picked is refused, not lost" {
	printf '{"k":"a"}\n{"k":"b"}\n' >in
	run -2 bash -o pipefail -c 'agg --by k count --batch 2 <in | pick count |
		sink-table --db x.db --table t'
	[[ "$output" == *"the result is updated by 'k', which is not among the fields of a record: pick it too, or say --key"* ]]
	agg --by k count --batch 2 <in | sink-table --db x.db --table t
	[ "$(sqlite3 x.db 'select * from t order by 1')" = $'a|1\nb|1' ]
}

@test "a key that no record has is refused, before anything is written" {
	printf '{"key":"a"}\n{"key":"b"}\n' >in
	run -2 sink-table --db x.db --table t --mode update --key kei <in
	[ "$output" = "sink-table: --key: no record had a field 'kei' (did you mean 'key'?)" ]
	sink-table --db x.db --table t --mode update --key key <in
	[ "$(sqlite3 x.db 'select * from t order by 1')" = $'a\nb' ]
	run -2 sink-table --db x.db --table t --mode update --key nosuch <in
	[[ "$output" == *"it has rows, but no column 'nosuch' to tell them apart" ]]
}

@test "a table that is kept by keys is closed to appended rows" {
	mkdir in
	echo '{"t":"2026-11-21T08:00:00Z"}' >in/1
	pipeline() {
		stream-files --checkpoint ck in | parse-json -s 't timestamp' |
			window --on t --size 1m --watermark 0s | agg "$@" count |
			{ sink-table --db x.db --table t; echo $? >status; }
	}
	pipeline
	echo '{"t":"2026-11-21T09:00:00Z"}' >in/2
	run pipeline --mode append
	[[ $output == *"table 't' in 'x.db': its rows have a key, from mode update"* ]]
	[ "$(cat status)" = 2 ]
	pipeline
	[ "$(sqlite3 x.db 'SELECT count(*) FROM t')" = 2 ]
}
