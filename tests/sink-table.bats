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

@test "--style pprint escapes what Python's repr does" {
	python3 -c 'import sys, unicodedata; sys.exit(unicodedata.unidata_version != "14.0.0")' ||
		skip "another Unicode"
	python3 - >in <<-'EOF'
	import json
	for i in range(0, 0x110000, 64):
	    if not 0xd800 <= i < 0xe000:
	        s = "".join(map(chr, range(i, i + 64)))
	        print(json.dumps({"a": [s], "b": 1}, ensure_ascii=False))
	for s in ["'", '"', "'\"", "\\", "\u00a0\u200b\u202e\u3000"]:
	    print(json.dumps({"a": [s], "b": s}))
	EOF
	sink-table --style pprint --rows 99999 <in | sed '1,3d;$d' >out
	python3 - >want <<-'EOF'
	import json
	for line in open("in", encoding="utf-8"):
	    print(tuple(json.loads(line).values()))
	EOF
	cmp want out
}

# terminal ROWS COMMAND...: what it prints on a terminal of so many lines.
terminal() {
	python3 - "$@" <<-'EOF'
	import fcntl, os, pty, struct, subprocess, sys, termios
	main, side = pty.openpty()
	fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("4H", int(sys.argv[1]), 80, 0, 0))
	p = subprocess.Popen(sys.argv[2:], stdin=open("in"), stdout=side)
	os.close(side)
	try:
	    while data := os.read(main, 65536):
	        sys.stdout.buffer.write(data)
	except OSError:
	    pass
	sys.exit(p.wait())
	EOF
}

@test "--live draws no more than the screen has lines for" {
	stream '' "$(seq -f '{"n":%.0f}' -s '\n' 12)" '{"n":1}' >in
	terminal 10 sink-table --live | tr -d '\r' | sed 's/\x1b/ESC/g' >out
	echo >>out
	is out <<-'EOF'
	ESC[?7l-------------------------------------------
	Batch: 0
	-------------------------------------------
	+---+
	|  n|
	+---+
	|  1|
	|  2|
	... and 12 lines for which the screen is too low
	ESC[?7hESC[9FESC[JESC[?7l-------------------------------------------
	Batch: 1
	-------------------------------------------
	+---+
	|  n|
	+---+
	|  1|
	+---+
	
	ESC[?7h
	EOF
	terminal 40 sink-table --live | grep -c '^|' >out
	is out <<<15
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

# All kinds of values, one for each line.
kinds() {
	cat <<-'EOF'
	null
	true
	false
	0
	7
	7.0
	-0.0
	1.5
	1e3
	75011
	9007199254740993
	12345.25
	-9223372036854775808
	123456789012345678901234567890
	1e400
	""
	"7"
	"007"
	"7.0"
	" 7"
	"1e3"
	"01000"
	"9007199254740993"
	"true"
	"NaN"
	"Infinity"
	"2016-07-26"
	"2016-07-26T02:45:07Z"
	"x"
	[1,"01"]
	{"a":1.0}
	EOF
}

@test "what is stored does not depend on where batches end" {
	local a b i=0
	kinds >kinds
	while read -r a; do
		while read -r b; do
			i=$((i + 1))
			printf '{"i":%d,"c%d":%s}\n' $i $i "$a" $i $i "$b" >>in
		done <kinds
	done < <(sed -n "$((RANDOM % 5 + 1))~5p" kinds)
	sink-table --db x.db --table whole <in
	for i in 1 7; do
		sink-table --db x.db --table b$i --batch $i <in
		[ "$(query "SELECT count(*) FROM (SELECT * FROM whole EXCEPT SELECT * FROM b$i)")" = 0 ]
	done
	sqlite3 -readonly x.db '.mode quote' 'SELECT * FROM whole' >whole
	sqlite3 -readonly x.db '.mode quote' 'SELECT * FROM b1' >b1
	sqlite3 -readonly x.db '.mode quote' 'SELECT * FROM b7' >b7
	cmp whole b1
	cmp whole b7
}

@test "a column without a type keeps each value as it is" {
	kinds | sed 's/.*/{"v":&}/' | sink-table --db x.db --table t --batch 1
	query 'SELECT typeof(v), quote(v) FROM t' >out
	is out <<-'EOF'
	null|NULL
	integer|1
	integer|0
	integer|0
	integer|7
	real|7.0
	real|0.0
	real|1.5
	real|1000.0
	integer|75011
	integer|9007199254740993
	real|12345.25
	integer|-9223372036854775808
	text|'123456789012345678901234567890'
	text|'1e400'
	text|''
	text|'7'
	text|'007'
	text|'7.0'
	text|' 7'
	text|'1e3'
	text|'01000'
	text|'9007199254740993'
	text|'true'
	text|'NaN'
	text|'Infinity'
	text|'2016-07-26'
	text|'2016-07-26T02:45:07Z'
	text|'x'
	text|'[1,"01"]'
	text|'{"a":1.0}'
	EOF
}

@test "keys are told apart by value and type, in one batch and in many" {
	local n
	printf '{"k":%s,"n":1}\n' 7 7.0 '"7"' '"007"' null '""' '"null"' >in
	sed 's/"n":1/"n":2/' in >>in2
	for n in 1 3 100; do
		cat in in2 | sink-table --db x.db --table t$n --mode update --key k --batch $n
		query "SELECT quote(k), n FROM t$n ORDER BY rowid" >out
		is out <<-'EOF'
		7|2
		7.0|2
		'7'|2
		'007'|2
		NULL|2
		''|2
		'null'|2
		EOF
	done
}

@test "what the column of a table that is there would change is refused by name" {
	sqlite3 x.db 'CREATE TABLE t (i INTEGER, r REAL, s TEXT, n NUMERIC, b BLOB, a)'
	for v in 7 '"7"' true null 1.5 '"x"' '"NaN"' 7.0; do
		echo "{\"i\":$v,\"r\":$v,\"s\":$v,\"n\":$v,\"b\":$v,\"a\":$v}"
	done >in
	sink-table --db x.db --table t --mode append <in
	sqlite3 -readonly x.db '.mode quote' 'SELECT i, r, s, n, b, a FROM t' >out
	is out <<-'EOF'
	7,7.0,'7',7,7,7
	7,7.0,'7',7,'7','7'
	1,1.0,'true',1,1,1
	NULL,NULL,NULL,NULL,NULL,NULL
	1.5,1.5,'1.5',1.5,1.5,1.5
	'x','x','x','x','x','x'
	'NaN','NaN','NaN','NaN','NaN','NaN'
	7,7.0,'7.0',7,7.0,7.0
	EOF
	for v in i:'"007"' i:'" 7"' i:'"+7"' i:'"1e3"' i:123456789012345678901234567890 \
		r:9007199254740993 r:'"1.50"' r:1e400 n:'"01000"' n:'"123456789012345678901"'; do
		echo "{\"${v%%:*}\":${v#*:}}" >in
		run -1 sink-table --db x.db --table t --mode append <in
		[[ $output == *"line 1: column '${v%%:*}' is "*" and would change ${v#*:}: "* ]]
		sink-table --db x.db --table t --mode append --on-error skip <in
	done
	[ "$(query 'SELECT count(*) FROM t')" = 8 ]
}

@test "a key that its column would make another one's is refused" {
	sqlite3 x.db 'CREATE TABLE t (k INTEGER PRIMARY KEY, n); INSERT INTO t VALUES (7, 1)'
	echo '{"k":"7","n":2}' >in
	run -1 sink-table --db x.db --table t --mode update --key k <in
	[[ $output == *"column 'k' is INTEGER and would change the key \"7\": "* ]]
	echo '{"k":7,"n":3}' | sink-table --db x.db --table t --mode update --key k
	[ "$(query 'SELECT * FROM t')" = '7|3' ]
}

@test "a column that was made by the types of a header is safe when the types change" {
	stream '"fields":"zip int"' '{"zip":75011}' | sink-table --db x.db --table t
	stream '"fields":"zip string"' '{"zip":"01000"}' >in
	run -1 sink-table --db x.db --table t --mode append <in
	[[ $output == *"column 'zip' is INTEGER and would change \"01000\": "* ]]
	[ "$(query 'SELECT quote(zip) FROM t')" = 75011 ]
}

@test "a strict table's columns of type ANY keep values as they are" {
	sqlite3 x.db 'CREATE TABLE t (v ANY) STRICT'
	printf '{"v":%s}\n' 7 '"007"' | sink-table --db x.db --table t --mode append
	query 'SELECT quote(v) FROM t' >out
	is out <<-'EOF'
	7
	'007'
	EOF
}

@test "a record that cannot be a row is refused, and --on-error skip goes on" {
	{
		echo '{}'
		echo '{"a":1,"A":2}'
		echo '{"n\u0000l":1}'
		jq -nc '[range(2001)|{"c\(.)":.}]|add'
		echo '{"b":1}'
		echo '{}'
	} >in
	run -1 sink-table --db x.db --table t <in
	[[ $output == *"line 1: it has no fields, and a row needs a column"* ]]
	sink-table --db x.db --table t --on-error skip --batch 2 <in 2>err
	is err <<-'EOF'
	sink-table: line 1: it has no fields, and a row needs a column
	sink-table: line 2: fields 'a' and 'A' are one column to SQLite: rename one
	sink-table: line 3: a field's name holds a NUL, which no column's can: rename it
	sink-table: line 4: its fields are more than the 2000 columns that a table of SQLite can have: pick those that are needed
	sink-table: 4 records refused, skipped
	EOF
	sqlite3 -readonly -header -nullvalue NULL x.db 'SELECT * FROM t' >out
	is out <<-'EOF'
	b
	1
	NULL
	EOF
}

@test "what is no file keeps nothing, and is refused" {
	local db
	for db in '' :memory: 'file:x?mode=memory' file:x.db; do
		run -2 sink-table --db "$db" --table t <<<'{"a":1}'
		[[ $output == "sink-table: --db: '$db' is no file, and nothing would be kept in it: name the file"* ]]
	done
	[ -z "$(ls -A)" ]
	sink-table --db ./file:x.db --table t <<<'{"a":1}'
	[ "$(query 'SELECT a FROM t' ./file:x.db)" = 1 ]
}

@test "a database appears with its table in it, in WAL mode" {
	mkfifo p
	sink-table --db x.db --table t <p &
	exec 7>p
	stream '' '' >&7
	exec 7>&-
	wait $!
	[ "$(query 'PRAGMA journal_mode')" = wal ]
	sink-table --db y.db --table t <p &
	exec 7>p
	stream '' '' '{"n":1}' '{"n":2}' | head -n 3 >&7
	[ ! -e y.db ]
	stream '' '' '{"n":1}' '{"n":2}' | sed 1,3d | head -n 4 >&7
	wait_for [ -e y.db ]
	[ "$(query 'SELECT n FROM t; PRAGMA journal_mode' y.db)" = $'1\nwal' ]
	exec 7>&-
	wait $! || [ $? = 1 ]
	sink-table --db z.db --table t <p &
	exec 7>p
	stream '"fields":"n int"' '' | head -n 1 >&7
	wait_for [ -e z.db ]
	[ "$(query 'SELECT count(*) FROM t; PRAGMA journal_mode' z.db)" = $'0\nwal' ]
	exec 7>&-
	wait $! || [ $? = 1 ]
	[ -z "$(ls -A | grep bief)" ]
}

@test "a database that is deleted or replaced while it is written to is noticed" {
	local way
	for way in rm 'mv x.db y.db' 'mv x.db y.db; sqlite3 x.db "CREATE TABLE t (n)"'; do
		rm -f ./*.db*
		[ -p p ] || mkfifo p
		sink-table --db x.db --table t <p 2>err &
		exec 7>p
		stream '' '{"n":1}' '{"n":2}' | head -n 4 >&7
		wait_for [ -e x.db ]
		[ "$way" != rm ] || way='rm x.db*'
		eval "$way"
		stream '' '{"n":1}' '{"n":2}' | sed 1,4d >&7
		exec 7>&-
		status=0
		wait $! || status=$?
		[ "$status" = 1 ]
		is err <<-'EOF'
		sink-table: table 't' in 'x.db': the database was deleted, renamed or replaced while it was in use, and what is written now would be lost: put it back, then start again
		EOF
	done
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
	# It may wait for the sink to begin, but not for the end of the batch,
	# which comes afterwards.
	sqlite3 -cmd '.timeout 60000' x.db "INSERT INTO o VALUES (1)"
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

# Rows of text that have what makes quoting hard.
awkward() {
	printf '%s\n' '{"a":"x,\"y\"","b_c":1}' '{"a":"","b_c":null}' \
		'{"a":null,"b_c":2.5}' '{"a":"p|q\nr\t<b>_z_ \\","b_c":3}'
}

@test "--style csv is RFC 4180: null is nothing, an empty text is in quotes" {
	awkward | sink-table --style csv >out
	is out <<-'END'
	a,b_c
	"x,""y""",1
	"",
	,2.5
	"p|q
	r	<b>_z_ \",3
	END
	python3 -c 'import csv; print(list(csv.reader(open("out", newline=""))))' >read
	is read <<<"[['a', 'b_c'], ['x,\"y\"', '1'], ['', ''], ['', '2.5'], ['p|q\\nr\\t<b>_z_ \\\\', '3']]"
}

@test "--style tsv escapes tabs and ends of lines, and null is \N" {
	awkward | sink-table --style tsv >out
	printf '%s\n' 'a	b_c' 'x,"y"	1' '	\N' '\N	2.5' \
		'p|q\nr\t<b>_z_ \\	3' | diff -u - out
}

@test "--style markdown escapes what Markdown or HTML would obey, and numbers stand right" {
	awkward | sink-table --style markdown >out
	is out <<-'END'
	| a | b_c |
	| --- | ---: |
	| x,"y" | 1 |
	| "" |  |
	|  | 2.5 |
	| p\|q<br>r	&lt;b>\_z\_ \\ | 3 |
	END
}

@test "--no-header leaves the line of names out, --rows the rest of a batch" {
	printf '{"n":%d}\n' 1 2 3 | sink-table --style csv --no-header --rows 2 >out
	is out <<<$'1\n2'
	printf '{"n":%d}\n' 1 2 | sink-table --style markdown --no-header >out
	is out <<<$'| 1 |\n| 2 |'
}

@test "plain text takes the fields of the header, and a record with others is refused" {
	stream '"fields":"a int, b string"' '{"b":"x"}' | sink-table --style csv >out
	is out <<<$'a,b\n,x'
	stream '"fields":"a int, b string"' '' | sink-table --style csv >out
	is out <<<$'a,b'
	printf '{"a":1}\n{"b":1}\n{"a":2}\n' >in
	run -1 sink-table --style csv <in
	[[ $output == *"line 2: it has fields that the CSV has no columns for"* ]]
	sink-table --style csv --on-error skip <in >out 2>err
	is out <<<$'a\n1\n2'
}

@test "a complete result is a table for each batch, with an empty line between" {
	printf '{"a":"%s"}\n' x x y | agg --by a count --mode complete --batch 2 |
		sink-table --style csv >out
	is out <<<$'a,count\nx,2\n\na,count\nx,2\ny,1'
}

@test "--output holds the last complete result, and is replaced as a whole" {
	echo old >t.csv
	chmod 640 t.csv
	exec 7<t.csv
	printf '{"a":"%s"}\n' x x y | agg --by a count --mode complete --batch 2 |
		sink-table --output t.csv
	is t.csv <<<$'a,count\nx,2\ny,1'
	[ "$(cat <&7)" = old ]
	[ "$(stat -c %a t.csv)" = 640 ]
	[ "$(ls -A)" = t.csv ]
}

@test "--output in mode update has one row for each key, in append all rows of the run" {
	printf '{"a":"%s"}\n' x y x | agg --by a count --mode update --batch 1 |
		sink-table --output u.tsv
	is u.tsv <<<$'a\tcount\nx\t2\ny\t1'
	stream '' '{"a":1}' '' '{"a":2}' | sink-table --output a.md
	is a.md <<<$'| a |\n| ---: |\n| 1 |\n| 2 |'
	stream '' '{"a":3}' | sink-table --output a.md
	is a.md <<<$'| a |\n| ---: |\n| 3 |'
	printf '%s\n' '{"k":1,"v":1}' '{"k":2,"v":1}' '{"k":1,"v":9}' |
		sink-table --output k.csv --mode update --key k
	is k.csv <<<$'k,v\n1,9\n2,1'
}

@test "--output of an input without rows is a file with the names that are known" {
	stream '"fields":"a int, b string"' | sink-table --output e.csv
	is e.csv <<<'a,b'
}

@test "--output keeps the last complete result when a restart has nothing new" {
	echo '{"a":"x"}' >in.json
	for run in first second; do
		stream-files in.json --trigger once --checkpoint ck 2>err |
			parse-json --schema 'a string' | agg --by a --mode complete count |
			sink-table --output q.csv
		is q.csv <<<$'a,count\nx,1'
	done
	is err <<<'stream-files: no new data'
}

@test "a million rows go to a file as they come" {
	seq 1000000 | sed 's/.*/{"n":&}/' | sink-table --output n.csv --max-state 1M
	[ "$(wc -l <n.csv)" -eq 1000001 ]
	[ "$(tail -1 n.csv)" = 1000000 ]
}

@test "--output says what is missing: a directory, a style, a mode" {
	run -1 sink-table --output no/x.csv <<<'{"a":1}'
	[ "$output" = "sink-table: cannot write 'no/x.csv': there is no directory 'no': make it first (mkdir -p)" ]
	mkdir d.csv
	run -1 sink-table --output d.csv <<<'{"a":1}'
	[ "$output" = "sink-table: 'd.csv' is a directory: name a file in it" ]
	run -2 sink-table --output x.txt <<<'{"a":1}'
	[ "$output" = "sink-table: --output is for --style csv, tsv or markdown: say which (or name the file .csv, .tsv or .md)" ]
	run -2 sink-table --style csv --live <<<'{"a":1}'
	[[ $output == *"leave --truncate, --no-truncate and --live away" ]]
	run -2 sink-table --no-header <<<'{"a":1}'
	[[ $output == *"--no-header is for --style csv, tsv or markdown" ]]
	mkdir in
	echo '{"a":1}' >in/1
	run -2 bief run "stream-files in --trigger once --checkpoint cp |
		parse-json | sink-table --output x.csv"
	[[ $output == *"--output holds what one run gives"* ]]
}

@test "--output writes pipes and devices themselves" {
	mkfifo p
	cat p >got &
	printf '{"n":1}\n' | sink-table --style csv --output p
	wait $!
	is got <<<$'n\n1'
	[ -p p ]
}
