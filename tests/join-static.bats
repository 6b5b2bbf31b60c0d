#!/usr/bin/env bats
# join-static: records and the rows of a table that have the same key.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR"
	cat > users.csv <<-'EOF'
	k,name,age
	a,Alice,30
	b,Bob,
	b,Bis,41
	,Nul,5
	é,Été,7
	EOF
	printf '%s\n' '{"k":"b","v":1}' '{"k":"x","v":2}' '{"k":null,"v":3}' \
		'{"v":4}' '{"k":"a","v":5}' > in
}

@test "inner: a record for each row of its key, its own bytes first" {
	printf '%s\n' '{"k" : "b", "v":1.0}' '{"k":"x"}' |
		join-static users.csv --header --on k > out
	is out <<-'EOF'
	{"k" : "b", "v":1.0,"name":"Bob","age":null}
	{"k" : "b", "v":1.0,"name":"Bis","age":41}
	EOF
}

@test "left: records without a match get nulls, null keys never match" {
	join-static users.csv --header --on k --how left < in > out
	is out <<-'EOF'
	{"k":"b","v":1,"name":"Bob","age":null}
	{"k":"b","v":1,"name":"Bis","age":41}
	{"k":"x","v":2,"name":null,"age":null}
	{"k":null,"v":3,"name":null,"age":null}
	{"v":4,"name":null,"age":null}
	{"k":"a","v":5,"name":"Alice","age":30}
	EOF
}

@test "semi: each record with a match once, as it is" {
	join-static users.csv --header --on k --how semi < in > out
	is out <<-'EOF'
	{"k":"b","v":1}
	{"k":"a","v":5}
	EOF
}

@test "anti: each record without a match" {
	join-static users.csv --header --on k --how anti < in > out
	is out <<-'EOF'
	{"k":"x","v":2}
	{"k":null,"v":3}
	{"v":4}
	EOF
}

@test "the field and the column may have different names, the field may be nested" {
	echo '{"meta":{"user":"a"}}' |
		join-static users.csv --header --on meta.user=k > out
	is out <<< '{"meta":{"user":"a"},"name":"Alice","age":30}'
}

@test "several keys must all match" {
	printf 'a,b,x\n1,2,yes\n1,3,no\n' > t.csv
	printf '%s\n' '{"a":1,"b":2}' '{"a":1,"b":4}' '{"a":1,"b":null}' |
		join-static t.csv --header --on a,b > out
	is out <<< '{"a":1,"b":2,"x":"yes"}'
}

@test "a column whose name the record has gets right_ in front" {
	printf '%s\n' '{"k":"a","name":"mine"}' '{"k":"a","name":1,"right_name":2}' |
		join-static users.csv --header --on k > out
	is out <<-'EOF'
	{"k":"a","name":"mine","right_name":"Alice","age":30}
	{"k":"a","name":1,"right_name":2,"right_right_name":"Alice","age":30}
	EOF
}

@test "types of CSV are what all values show; leading zeros are text" {
	printf 'k;i;d;b;t;z;m;e\n1;12;1.50;true;2016-07-26 02:45:07;007;1;""\n2;-3;7;FALSE;2016-07-26T00:00:00Z;12;x;\n' > t.csv
	printf '{"k":%d}\n' 1 2 | join-static t.csv --sep ';' --header --on k > out
	is out <<-'EOF'
	{"k":1,"i":12,"d":1.5,"b":true,"t":"2016-07-26T02:45:07Z","z":"007","m":"1","e":""}
	{"k":2,"i":-3,"d":7.0,"b":false,"t":"2016-07-26T00:00:00Z","z":"12","m":"x","e":null}
	EOF
}

@test "--table-schema gives names and types" {
	printf 'a,1\nb,2\n' > t.csv
	echo '{"k":"b"}' |
		join-static t.csv --table-schema 'k string, n double' --on k > out
	is out <<< '{"k":"b","n":2.0}'
}

@test "without --header the columns are _c0, _c1" {
	printf 'a,1\n' > t.csv
	echo '{"k":"a"}' | join-static t.csv --on k=_c0 > out
	is out <<< '{"k":"a","_c1":1}'
}

@test "quotes, CRLF, line ends within quotes and a byte order mark are CSV too" {
	printf '\xef\xbb\xbfk,s\r\na,"x ""y""\nz"\r\n' > t.csv
	echo '{"k":"a"}' | join-static t.csv --header --on k > out
	is out <<< '{"k":"a","s":"x \"y\"\nz"}'
}

@test "a table of JSON lines keeps its values" {
	printf '%s\n' '{"k":"a","n":1584786731698422519,"o":{"x":[1]}}' '' '{"k":"b","other":"é"}' > t.jsonl
	printf '%s\n' '{"k":"a"}' '{"k":"b"}' | join-static t.jsonl --on k > out
	is out <<-'EOF'
	{"k":"a","n":1584786731698422519,"o":{"x":[1]},"other":null}
	{"k":"b","n":null,"o":null,"other":"é"}
	EOF
}

@test "a table of SQLite" {
	sqlite3 u.db "CREATE TABLE users (id INTEGER, \"full name\" TEXT, w REAL); INSERT INTO users VALUES (1, 'Zoé \"Z\"', 2), (2, NULL, NULL)"
	printf '%s\n' '{"id":1}' '{"id":2}' | join-static u.db:users --on id > out
	is out <<-'EOF'
	{"id":1,"full name":"Zoé \"Z\"","w":2.0}
	{"id":2,"full name":null,"w":null}
	EOF
}

@test "numbers match as numbers, text that spells one too" {
	printf 'k,x\n1,one\n2.5,two and a half\n' > t.csv
	printf '{"k":%s}\n' 1 1.0 '"1"' 2.50 '"x"' '[1]' |
		join-static t.csv --header --on k --how semi > out
	is out <<-'EOF'
	{"k":1}
	{"k":1.0}
	{"k":"1"}
	{"k":2.50}
	EOF
}

@test "a number matches a column of text by its spelling" {
	printf 'k,x\n1,one\nb,two\n' > t.csv
	printf '{"k":%s}\n' 1 2 '"1"' | join-static t.csv --header --on k --how semi > out
	is out <<-'EOF'
	{"k":1}
	{"k":"1"}
	EOF
}

@test "the header line gets the table's fields with their types" {
	printf '%s\n' '{"#bief":{"stream":1,"fields":"k string"}}' '{"#bief":{"eof":1}}' |
		join-static users.csv --header --on k | head -n 1 | jq -r '."#bief".fields' > out
	is out <<< 'k string, name string, age int'
}

@test "a table that was replaced is read again at the next batch" {
	mkfifo p
	join-static users.csv --header --on k < p > out &
	exec 7> p
	printf '%s\n' '{"#bief":{"stream":1}}' '{"#bief":{"begin":0}}' '{"k":"a"}' '{"#bief":{"end":0}}' >&7
	wait_for grep -q Alice out
	printf 'k,name,age\na,Anna,31\n' > new
	mv new users.csv
	printf '%s\n' '{"#bief":{"begin":1}}' '{"k":"a"}' '{"#bief":{"end":1}}' '{"#bief":{"eof":1}}' >&7
	exec 7>&-
	wait $!
	grep -v bief out > got
	is got <<-'EOF'
	{"k":"a","name":"Alice","age":30}
	{"k":"a","name":"Anna","age":31}
	EOF
}

@test "a table of SQLite that has changed is read again at the next batch" {
	sqlite3 u.db "PRAGMA journal_mode = WAL; CREATE TABLE t (k, x); INSERT INTO t VALUES ('a', 1)"
	mkfifo p
	join-static u.db:t --on k < p > out &
	exec 7> p
	printf '%s\n' '{"#bief":{"stream":1}}' '{"#bief":{"begin":0}}' '{"k":"a"}' '{"#bief":{"end":0}}' >&7
	wait_for grep -q '"x":1' out
	sqlite3 u.db "UPDATE t SET x = 2"
	printf '%s\n' '{"#bief":{"begin":1}}' '{"k":"a"}' '{"#bief":{"end":1}}' '{"#bief":{"eof":1}}' >&7
	exec 7>&-
	wait $!
	[ "$(grep -v bief out | tail -n 1)" = '{"k":"a","x":2}' ]
}

@test "several rows of a key become part of the key of an updating result" {
	printf '%s\n' '{"#bief":{"stream":1,"fields":"k string, n int","mode":"update","aggregated":true,"keys":["k"]}}' \
		'{"#bief":{"begin":0}}' '{"k":"b","n":1}' '{"#bief":{"end":0}}' '{"#bief":{"eof":1}}' |
		join-static users.csv --header --on k | sink-table --db x.db --table t
	sqlite3 x.db 'SELECT * FROM t' > out
	is out <<-'EOF'
	b|1|Bob|
	b|1|Bis|41
	EOF
}

@test "a table that is gone or broken leaves the one that was read" {
	mkfifo p
	join-static users.csv --header --on k < p > out 2> err &
	exec 7> p
	printf '%s\n' '{"#bief":{"stream":1}}' '{"#bief":{"begin":0}}' '{"k":"a"}' '{"#bief":{"end":0}}' >&7
	wait_for grep -q Alice out
	printf 'k,name,age\na,"broken\n' > new
	mv new users.csv
	printf '%s\n' '{"#bief":{"begin":1}}' '{"k":"a"}' '{"#bief":{"end":1}}' '{"#bief":{"eof":1}}' >&7
	exec 7>&-
	wait $!
	[ "$(grep -c Alice out)" = 2 ]
	grep -q 'going on with the table as it was' err
}

@test "a key that the table does not have is refused, with the nearest name" {
	run -2 join-static users.csv --header --on v=nam < in
	[[ "$output" == *"no column 'nam' (did you mean 'name'?)"* ]]
}

@test "a key that the stream does not have is refused" {
	printf '%s\n' '{"#bief":{"stream":1,"fields":"user string"}}' '{"#bief":{"eof":1}}' > s
	run -2 join-static users.csv --header --on usr=k < s
	[[ "$output" == *"usr"*"did you mean 'user'"* ]]
}

@test "a table that is not there, or broken, is an error that tells where" {
	run -1 join-static nowhere.csv --on k < in
	[[ "$output" == *"cannot open 'nowhere.csv': No such file"* ]]
	printf 'a,b\n1,2\n1,2,3\n' > t.csv
	run -1 join-static t.csv --header --on a < in
	[[ "$output" == *"row 3, field 3: more fields"* ]]
	printf '{"k":1}\n{"k":\n' > t.jsonl
	run -1 join-static t.jsonl --on k < in
	[[ "$output" == *"line 2"* ]]
	printf 'k\n\xff\n' > t.csv
	run -1 join-static t.csv --header --on k < in
	[[ "$output" == *"invalid UTF-8"* ]]
	printf 'k,n\na,x\n' > t.csv
	run -1 join-static t.csv --header --table-schema 'k string, n int' --on k < in
	[[ "$output" == *"row 2, field 2: it is no int"* ]]
}

@test "golden: the rows are Spark's" {
	shared
	# the cases that are a join alone: rows by batch, as bags
	jq -c 'select((.ops | map(.op) - ["watermark"]) == ["join_static"])' \
		"$SHARED/golden/join-static.jsonl" > cases
	[ -s cases ]
	while read -r case; do
		jq -c '.ops[] | select(.op == "join_static") | .rows[] |
			{k: .[0], name: .[1], age: .[2]}' <<< "$case" > t.jsonl
		how=$(jq -r '.ops[] | select(.op == "join_static").how |
			ltrimstr("left_")' <<< "$case")
		jq -r '.batches[][]' <<< "$case" |
			parse-json --schema "$(jq -r .schema <<< "$case")" |
			join-static t.jsonl --on k --how "$how" |
			jq -cS . | sort > got
		jq -cS '.spark.batches[][].rows[]' <<< "$case" | sort > want
		diff -u want got || { jq .name <<< "$case"; return 1; }
	done < cases
}

@test "text matches the number that it spells, as in Spark" {
	printf 'k,n\n1,one\n-1,minus\n' >t.csv
	for k in 01 +1 001.0 ' 1' 1e0 -01 -001.0; do
		printf '{"k":"%s"}\n' "$k"
	done >in
	join-static t.csv --header --on k <in | jq -r .n >out
	is out <<<$'one\none\none\none\none\nminus\nminus'
	printf '{"k":"0x1"}\n{"k":"+-1"}\n{"k":"+"}\n{"k":"1 1"}\n{"k":""}\n' |
		join-static t.csv --header --on k >out
	[ ! -s out ]
}

@test "a table that is gone is reported, once" {
	mkfifo p
	join-static users.csv --header --on k <p >out 2>err &
	exec 7>p
	printf '%s\n' '{"#bief":{"stream":1}}' '{"#bief":{"begin":0}}' '{"k":"a"}' '{"#bief":{"end":0}}' >&7
	wait_for grep -q Alice out
	rm users.csv
	printf '%s\n' '{"#bief":{"begin":1}}' '{"k":"a"}' '{"#bief":{"end":1}}' '{"#bief":{"begin":2}}' '{"k":"a"}' '{"#bief":{"end":2}}' '{"#bief":{"eof":1}}' >&7
	exec 7>&-
	wait $!
	[ "$(grep -c Alice out)" = 3 ]
	is err <<<"join-static: table 'users.csv': cannot open 'users.csv': No such file or directory: going on with the table as it was"
}

# keys TABLE KEY...: the names n of the rows that each key finds, in a line.
keys() {
	local table=$1 k
	shift
	for k in "$@"; do
		printf '{"k":%s}\n' "$k" | join-static "$table" ${HEADER-} --on k |
			jq -r .n | paste -sd ' '
	done
}

@test "a key is not arithmetic: all digits count, not how they are written" {
	printf 'k,n\n9007199254740992,a\n1.5,b\n9007199254740993,c\n18446744073709551615,d\n18446744073709551614,e\n0.1,f\n-0,g\n' >t.csv
	HEADER=--header keys t.csv 9007199254740992 9007199254740993 \
		9007199254740993.0 '"9007199254740993"' 1.50 15e-1 \
		18446744073709551615 18446744073709551614 \
		'"+018446744073709551614.00"' '".1"' 1e-1 0 -0.0 0e5 >out
	is out <<<$'a\nc\nc\nc\nb\nb\nd\ne\ne\nf\nf\ng\ng\ng'
	jq -Rc 'split(",") | {k: .[0], n: .[1]}' t.csv | tail -n +2 |
		sed 's/"k":"\([^"]*\)"/"k":\1/' >t.jsonl
	keys t.jsonl 9007199254740992 9007199254740993 1.5 \
		18446744073709551615 18446744073709551614 >out
	is out <<<$'a\nc\nb\nd\ne'
}

@test "a large integer finds a column of text by its digits, and text one of large integers" {
	printf '{"k":"18446744073709551615","n":"a"}\n{"k":"x","n":"b"}\n{"k":"18446744073709551614","n":"c"}\n' >t.jsonl
	keys t.jsonl 18446744073709551615 18446744073709551614 '"x"' >out
	is out <<<$'a\nc\nb'
	sqlite3 t.db "CREATE TABLE t (k, n); INSERT INTO t VALUES
		(9007199254740992, 'a'), (1.5, 'b'), (9007199254740993, 'c')"
	keys t.db:t 9007199254740993 9007199254740992 '"9007199254740993"' 1.5 >out
	is out <<<$'c\na\nc\nb'
}

@test "--on-error says what becomes of a row with a cell that does not fit" {
	printf 'k,n\na,1\nb,NA\nc,"x"y\nd,4,5\n\xff,6\n' >t.csv
	printf '{"k":"%s"}\n' a b c d >in
	run -1 join-static t.csv --header --table-schema 'k string, n int' --on k <in
	[[ $output == "join-static: table 't.csv': row "*": "* ]]
	join-static t.csv --header --table-schema 'k string, n int' --on k \
		--on-error skip --rejects rejects <in >out 2>err
	is out <<<'{"k":"a","n":1}'
	[ "$(tail -1 err)" = "join-static: 4 records refused, skipped" ]
	[ "$(wc -l <rejects)" -eq 4 ]
	grep -q "^join-static: table 't.csv': row 3, field 2: it is no int$" err
	join-static t.csv --header --table-schema 'k string, n int' --on k \
		--on-error keep <in >out 2>err
	is out <<-'E'
	{"k":"a","n":1}
	{"k":"b","n":null}
	{"k":"c","n":null}
	{"k":"d","n":4}
	E
	printf 'k,n\na,1\nb,NA\nc,3\n' >t.csv
	join-static t.csv --header --null NA --on k <in >out
	is out <<<$'{"k":"a","n":1}\n{"k":"b","n":null}\n{"k":"c","n":3}'
	printf '{"k":"a"}\n{"k":\n' >t.jsonl
	join-static t.jsonl --on k --on-error skip <in >out 2>/dev/null
	is out <<<'{"k":"a"}'
}

@test "a table is told by its name, or by its first line, compressed or not" {
	printf '{"k":"a","n":1}\n' >t.json
	printf 'k,n\na,1\n' >t.csv
	gzip -k t.json t.csv
	zstd -q t.json t.csv
	cp t.csv.gz t
	for table in t.json t.json.gz t.json.zst <(cat t.json); do
		echo '{"k":"a"}' | join-static "$table" --on k
	done >out
	for table in t.csv t.csv.gz t.csv.zst t <(cat t.csv); do
		echo '{"k":"a"}' | join-static "$table" --on k --header
	done >>out
	is out < <(yes '{"k":"a","n":1}' | head -9)
	run -1 join-static <(cat t.csv.gz) --on k <<<'{}'
	[[ $output == *"it is compressed by gzip: unpack it by gunzip" ]]
	run -1 join-static <(printf 'k\n1\n' | iconv -t UTF-16) --on k <<<'{}'
	[[ $output == *"it is UTF-16: "* ]]
	printf 'k,n\ra,1\r' >old.csv
	echo '{"k":"a"}' | join-static old.csv --header --on k >out
	is out <<<'{"k":"a","n":1}'
}

@test "without --header the columns that there are are told" {
	run -2 join-static users.csv --on k <in
	[[ $output == *"it has no column 'k', but '_c0', '_c1', '_c2'; where the first line holds the names, say --header" ]]
	run -2 join-static users.csv --header --on wholly <in
	[[ $output == *"it has no column 'wholly', but 'k', 'name', 'age'" ]]
}

@test "one quote that is not closed costs one row of a table" {
	(printf 'k,n\n1,"x\n'; seq 2 1000 | sed 's/$/,y/') >t.csv
	run -1 join-static t.csv --header --on k <<<'{"k":2}'
	[[ $output == *"row 2, field 2: a quoted cell is not closed"* ]]
	seq 1 1000 | jq -c '{k: .}' |
		join-static t.csv --header --on k --on-error skip 2>/dev/null |
		agg count >out
	is out <<<'{"count":999}'
}

@test "a table is bounded by --max-line and --max-state" {
	truncate -s 3G t.csv
	run -1 join-static t.csv --on _c0 <<<'{}'
	[[ $output == "join-static: table 't.csv': line 1 is too long (--max-line sets the limit)" ]]
	seq 100000 >t.csv
	run -1 join-static t.csv --on _c0 --max-state 1M <<<'{"_c0":7}'
	[[ $output == "join-static: table 't.csv': it is larger than the limit of 1048576 bytes: raise --max-state" ]]
	run -0 join-static t.csv --on _c0 --max-state 20M <<<'{"_c0":7}'
	[ "$output" = '{"_c0":7}' ]
	sqlite3 t.db "CREATE TABLE t AS WITH RECURSIVE n(k) AS
		(SELECT 1 UNION ALL SELECT k + 1 FROM n LIMIT 100000) SELECT k FROM n"
	run -1 join-static t.db:t --on k --max-state 1M <<<'{"k":7}'
	[[ $output == *"raise --max-state" ]]
}

@test "SIGTERM ends the reading of a table" {
	mkfifo t p
	join-static t --on _c0 <p >out 2>err &
	exec 7>p
	echo '{}' >&7
	exec 8>t
	echo 1 >&8
	kill $!
	local rc=0
	wait $! || rc=$?
	[ "$rc" -eq 1 ]
	is err <<<"join-static: table 't': stopped while it was read"
	exec 7>&- 8>&-
}

@test "SIGHUP has a table read again that does not seem to have changed" {
	local n=0
	printf 'k,v\na,old\n' >t.csv
	cp -p t.csv t.old
	mkfifo p
	join-static t.csv --header --on k <p >out 2>err &
	exec 7>p
	echo '{"#bief":{"stream":1}}' >&7
	# batch WORD: the next one has it.
	batch() {
		printf '%s\n' "{\"#bief\":{\"begin\":$n}}" '{"k":"a"}' \
			"{\"#bief\":{\"end\":$n}}" >&7
		wait_for grep -q "\"end\":$n" out
		n=$((n + 1))
		tail -2 out | grep -q "\"v\":\"$1\""
	}
	batch old
	printf 'k,v\na,new\n' 1<>t.csv
	touch -r t.old t.csv
	batch old
	kill -HUP $!
	wait_for batch new
	echo '{"#bief":{"eof":1}}' >&7
	exec 7>&-
	wait $!
	[ ! -s err ]
}

@test "what came by a pipe is not read again" {
	mkfifo p
	join-static <(cat users.csv) --header --on k <p >out 2>err &
	exec 7>p
	printf '%s\n' '{"#bief":{"stream":1}}' '{"#bief":{"begin":0}}' '{"k":"a"}' '{"#bief":{"end":0}}' >&7
	wait_for grep -q Alice out
	kill -HUP $!
	printf '%s\n' '{"#bief":{"begin":1}}' '{"k":"a"}' '{"#bief":{"end":1}}' >&7
	wait_for grep -q 'pipe' err
	printf '%s\n' '{"#bief":{"begin":2}}' '{"k":"a"}' '{"#bief":{"end":2}}' '{"#bief":{"eof":1}}' >&7
	exec 7>&-
	wait $!
	[ "$(grep -c Alice out)" = 3 ]
	[[ $(cat err) == *"came by a pipe and cannot be read again: going on with the table as it was" ]]
}

@test "many records at once are joined as one by one, with no row, one and several" {
	printf 'k;v\n' >t.csv
	for i in $(seq 0 2 40); do printf '%d;%d\n' "$i" $((i * i)); done >>t.csv
	printf '4;more\n8;\n' >>t.csv
	awk 'BEGIN {for (i = 0; i < 2000; i++) print "{\"k\":\"" i % 45 "\",\"n\":" i "}"; print "{\"n\":1}"}' >in
	for how in inner left semi anti; do
		join="join-static t.csv --sep ';' --header --on k --how $how"
		BIEF_FUSE=0 bash -c "parse-json --schema 'k string, n int' <in | $join" >want
		for n in 1 2; do
			bief run --threads $n "stream-files in | parse-json --schema 'k string, n int' | $join" >out
			cmp want out
			bief run --threads $n "stream-files in | parse-json --schema 'k string, n int' | $join | agg --by k count sum:n" >out
			BIEF_FUSE=0 agg --by k count sum:n <want | cmp - out
		done
	done
}
