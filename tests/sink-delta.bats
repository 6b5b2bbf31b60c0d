#!/usr/bin/env bats
# sink-delta: a Delta table, a version of it for each batch.  What other readers
# find in it is asked by services/delta.bats.

load lib

# stream FIELDS LINES...: a stream of these batches.
stream() {
	local i=0 line
	printf '{"#bief":{"stream":1,"trigger":"0s","fields":"%s"}}\n' "$1"
	shift
	for line in "$@"; do
		printf '{"#bief":{"begin":%d,"time":"2026-11-21T08:00:0%dZ"}}\n' $i $i
		[ -z "$line" ] || printf '%b\n' "$line"
		printf '{"#bief":{"end":%d}}\n' $i
		i=$((i + 1))
	done
	printf '{"#bief":{"eof":1}}\n'
}

# files N: so many files of a record each, in.
files() {
	mkdir -p in
	for i in $(seq "$1"); do
		echo "{\"k\":$((i % 3)),\"n\":$i}" >"in/$i"
	done
}

# versions DIR: the log, without what differs from run to run.
versions() {
	cat "$1"/_delta_log/*.json | jq -c '
		if .commitInfo then .commitInfo |
			[.operation, .operationParameters.outputMode //
			.operationParameters.mode, .operationMetrics.numOutputRows]
		elif .add then ["add", .add.partitionValues,
			(.add.stats | fromjson)]
		elif .remove then ["remove", .remove.dataChange]
		elif .txn then ["txn", .txn.version]
		elif .metaData then ["metaData", (.metaData.schemaString |
			fromjson | .fields | map(.name + " " + (.type | tostring))),
			.metaData.partitionColumns]
		else . end'
}

@test "a table has its columns, its rows and their bounds" {
	printf '%s\n' '{"a":1,"s":"x","t":"2020-01-01T10:00:00.5Z","l":[1]}' \
		'{"a":-7,"s":null,"t":null,"l":[]}' | sink-delta t
	versions t >out
	is out <<-'EOF'
	["WRITE","Append","2"]
	{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
	["metaData",["a long","s string","t timestamp","l {\"type\":\"array\",\"elementType\":\"long\",\"containsNull\":true}"],[]]
	["add",{},{"numRecords":2,"minValues":{"a":-7,"s":"x","t":"2020-01-01T10:00:00.5Z"},"maxValues":{"a":1,"s":"x","t":"2020-01-01T10:00:00.5Z"},"nullCount":{"a":0,"s":1,"t":1}}]
	EOF
	stream-delta t >out
	is out <<-'EOF'
	{"a":1,"s":"x","t":"2020-01-01T10:00:00.5Z","l":[1]}
	{"a":-7,"s":null,"t":null,"l":[]}
	EOF
}

@test "every type comes back as it was" {
	schema='b boolean, y tinyint, h smallint, i int, l bigint, f float,
		d double, c decimal(12,2), z decimal(38,3), s string, x binary,
		t timestamp, e date, a array<struct<p:int,q:array<string>>>,
		m map<string,double>, r struct<u:bigint,v:struct<w:date>>'
	cat >in <<-'EOF'
	{"b":true,"y":-128,"h":32767,"i":-2147483648,"l":9223372036854775807,"f":0.1,"d":1e+300,"c":-12.34,"z":12345678901234567890123456789012345.678,"s":"é\"\n","x":"AAEC/w==","t":"0001-01-01T00:00:00Z","e":"1969-12-31","a":[{"p":1,"q":["x",null]},{"q":[]},null],"m":{"k":1.5,"n":null},"r":{"u":7,"v":{"w":"2020-02-29"}}}
	{"b":null,"y":null,"h":null,"i":null,"l":null,"f":null,"d":null,"c":null,"z":null,"s":null,"x":null,"t":null,"e":null,"a":null,"m":null,"r":null}
	{"b":false,"y":0,"h":0,"i":0,"l":0,"f":"NaN","d":"-Infinity","c":0.00,"z":0.000,"s":"","x":"","t":"9999-12-31T23:59:59.999999Z","e":"9999-12-31","a":[],"m":{},"r":{}}
	EOF
	stream-files in --trigger once |
		parse-json --schema "$schema" | sink-delta t
	stream-delta t >out
	is out <in
	sink-delta u --compress none <out
	stream-delta u | head -1 | jq -c '[.a, .r]' >one
	head -1 in | jq -c '[.a, .r]' | diff - one
}

@test "each batch with rows is a version, that has its number" {
	files 3
	stream-files --checkpoint ck --order name --max-files 1 in |
		parse-json --schema 'k int, n int' | sink-delta t
	versions t >out
	is out <<-'EOF'
	["STREAMING UPDATE","Append","1"]
	{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
	["metaData",["k integer","n integer"],[]]
	["txn",0]
	["add",{},{"numRecords":1,"minValues":{"k":1,"n":1},"maxValues":{"k":1,"n":1},"nullCount":{"k":0,"n":0}}]
	["STREAMING UPDATE","Append","1"]
	["txn",1]
	["add",{},{"numRecords":1,"minValues":{"k":2,"n":2},"maxValues":{"k":2,"n":2},"nullCount":{"k":0,"n":0}}]
	["STREAMING UPDATE","Append","1"]
	["txn",2]
	["add",{},{"numRecords":1,"minValues":{"k":0,"n":3},"maxValues":{"k":0,"n":3},"nullCount":{"k":0,"n":0}}]
	EOF
	grep -ho '"appId":"[0-9a-f]*' t/_delta_log/*.json | sort -u >ids
	grep -o '[0-9a-f]*' ck/metadata | grep -cFf <(sed 's/.*"//' ids)
}

@test "an empty batch is no version, but a table is there after the first" {
	stream 'a int' '' '' '{"a":1}' '' | sink-delta t
	ls t/_delta_log >out
	is out <<-'EOF'
	00000000000000000000.json
	00000000000000000001.json
	EOF
	stream 'a int' '' | sink-delta u
	stream-delta u --trigger once | grep -o '"fields":"[^"]*"' >out
	is out <<<'"fields":"a int"'
}

@test "a complete result replaces all rows" {
	echo '{"a":1}' | sink-delta t
	echo '{"a":2}' | sink-delta t --mode complete
	stream-delta t >out
	is out <<<'{"a":2}'
	versions t | sed -n '5,$p' >out
	is out <<-'EOF'
	["WRITE","Overwrite","1"]
	["remove",true]
	["add",{},{"numRecords":1,"minValues":{"a":2},"maxValues":{"a":2},"nullCount":{"a":0}}]
	EOF
}

@test "an update replaces the rows of its keys, null among them" {
	printf '%s\n' '{"k":"a","n":1}' '{"k":null,"n":2}' '{"k":"c","n":3}' |
		sink-delta t
	printf '%s\n' '{"k":null,"n":7}' '{"k":"d","n":8}' '{"k":"d","n":9}' |
		sink-delta t --mode update --key k
	stream-delta t | sort >out
	is out <<-'EOF'
	{"k":"a","n":1}
	{"k":"c","n":3}
	{"k":"d","n":9}
	{"k":null,"n":7}
	EOF
}

@test "an update leaves files alone that have none of its keys" {
	echo '{"k":1.5,"n":1}' | sink-delta t
	echo '{"k":-0.0,"n":2}' | sink-delta t
	echo '{"k":0.0,"n":3}' | sink-delta t --mode update --key k
	grep -c remove t/_delta_log/*2.json >out
	is out <<<1
	stream-delta t | sort >out
	is out <<-'EOF'
	{"k":0.0,"n":3}
	{"k":1.5,"n":1}
	EOF
}

@test "keys may be columns that the table is partitioned by" {
	printf '{"day":"2020-01-0%d","n":%d}\n' 1 1 2 2 |
		sink-delta t --partition-by day
	echo '{"day":"2020-01-02","n":9}' |
		sink-delta t --mode update --key day
	stream-delta t | sort >out
	is out <<-'EOF'
	{"day":"2020-01-01","n":1}
	{"day":"2020-01-02","n":9}
	EOF
}

@test "partitions are directories, and their values not in the files" {
	printf '%s\n' '{"d":"a/b","n":1}' '{"d":"","n":2}' '{"d":null,"n":3}' |
		sink-delta t --partition-by d
	(cd t && ls -d d=*) >out
	is out <<-'EOF'
	d=__HIVE_DEFAULT_PARTITION__
	d=a%2Fb
	EOF
	parse-parquet t/d=a*/*.parquet >out
	is out <<<'{"n":1}'
	stream-delta t | sort >out
	is out <<-'EOF'
	{"d":"a/b","n":1}
	{"d":null,"n":2}
	{"d":null,"n":3}
	EOF
}

@test "a table stays partitioned as it is" {
	echo '{"a":1,"b":2}' | sink-delta t --partition-by a
	echo '{"a":2,"b":3}' | sink-delta t
	echo '{"a":2,"b":3}' | sink-delta t --partition-by A
	run -2 sink-delta t --partition-by b <<<'{"a":1,"b":2}'
	echo "$output" >out
	is out <<-'EOF'
	sink-delta: --partition-by: table 't' is partitioned by 'a', which cannot change: say so, or write to another table
	EOF
	run -2 sink-delta u --partition-by a <<<'{"a":1}'
	echo "$output" >out
	is out <<-'EOF'
	sink-delta: --partition-by: no column is left for the files
	EOF
}

@test "a field without a column is refused, or added by --merge-schema" {
	echo '{"a":1,"s":{"x":1}}' | sink-delta t
	run -2 sink-delta t <<<'{"a":1,"b":2}'
	echo "$output" >out
	run -2 sink-delta t <<<'{"s":{"y":2}}'
	echo "$output" >>out
	is out <<-'EOF'
	sink-delta: table 't': the table has no column 'b': say --merge-schema to add it, or pick the fields that it has
	sink-delta: table 't': the table has no column 'y': say --merge-schema to add it, or pick the fields that it has
	EOF
	echo '{"b":"x","s":{"y":2}}' | sink-delta t --merge-schema
	stream-delta t | sort >out
	is out <<-'EOF'
	{"a":1,"s":{"x":1},"b":null}
	{"a":null,"s":{"y":2},"b":"x"}
	EOF
}

@test "what does not fit a column's type is refused before data flow" {
	stream 'a int' '{"a":1}' | sink-delta t
	stream 'a tinyint' '{"a":2}' | sink-delta t
	run -2 sink-delta t < <(stream 'a string' '{"a":"x"}')
	echo "$output" >out
	is out <<-'EOF'
	sink-delta: table 't': column 'a' of the table is int, and what comes is string: convert it (derive 'a = cast(... as int)'), or write to another table
	EOF
}

@test "a value that does not fit is a record that is refused" {
	echo '{"a":1}' | sink-delta t
	printf '%s\n' '{"a":"x"}' '{"a":2}' |
		sink-delta t --on-error skip 2>err
	grep -o "'a' is no bigint: \"x\"" err
	stream-delta t >out
	is out <<-'EOF'
	{"a":1}
	{"a":2}
	EOF
}

@test "names that a table cannot have are refused" {
	run -2 sink-delta t <<<'{"a b":1}'
	echo "$output" >out
	run -2 sink-delta t <<<'{"a":1,"A":2}'
	echo "$output" >>out
	run -2 sink-delta s3://bucket/t <<<'{"a":1}'
	echo "$output" >>out
	is out <<-'EOF'
	sink-delta: 'a b' cannot be a column of a Delta table: blanks and ,;{}()= are not allowed in names; give it another one by pick
	sink-delta: 'a' and 'A' would be the same column of a Delta table: rename one of them by pick
	sink-delta: 's3://bucket/t' is no directory of this machine, and others are not written to: mount it
	EOF
}

@test "a result that would replace rows of others needs --mode" {
	files 1
	echo '{"k":1,"count":1}' | sink-delta t
	run -2 bief run "stream-files --checkpoint ck in |
		parse-json --schema 'k int' |
		agg --mode complete --by k count | sink-delta t"
	echo "$output" >out
	is out <<-'EOF'
	sink-delta: table 't' has rows that are not of this pipeline, and the result would replace them: say --mode complete if that is meant, or take another directory
	EOF
}

@test "a restart writes no batch twice, and goes on" {
	files 2
	p="stream-files --checkpoint ck --order name --max-files 1 in |
		parse-json --schema 'k int, n int' | sink-delta t"
	bief run "$p"
	rm -r ck/commits/*/1.commit
	echo '{"k":1,"n":3}' >in/3
	bief run "$p"
	stream-delta t >out
	is out <<-'EOF'
	{"k":1,"n":1}
	{"k":2,"n":2}
	{"k":1,"n":3}
	EOF
	cat t/_delta_log/*.json | jq -c '.txn.version // empty' | paste -sd' ' >out
	is out <<<'0 1 2'
}

@test "a table that has lost what the checkpoint knows is refused" {
	files 2
	p="stream-files --checkpoint ck --order name --max-files 1 in |
		parse-json --schema 'k int, n int' | sink-delta t"
	bief run "$p"
	rm -r t
	run -3 bief run "$p"
	[[ $output == *"is gone"* ]]
}

@test "two writers: the second one reads the log again and appends" {
	sink-delta t <<<'{"w":0,"n":0}'
	for w in 1 2; do
		mkdir in$w
		for n in $(seq 8); do
			echo "{\"w\":$w,\"n\":$n}" >in$w/$n
		done
		stream-files --trigger available-now --max-files 1 in$w |
			parse-json --schema 'w int, n int' | sink-delta t &
	done
	wait
	stream-delta t | jq -c '[.w, .n]' | sort >out
	{
		echo '[0,0]'
		for w in 1 2; do
			for n in $(seq 8); do echo "[$w,$n]"; done
		done
	} | diff - out
	[ "$(find t/_delta_log -name '*.json' | wc -l)" = 17 ]
}

@test "every tenth version has a checkpoint, from which the log is read" {
	files 21
	stream-files --checkpoint ck --order name --max-files 1 in |
		parse-json --schema 'k int, n int' |
		sink-delta t --mode update --key k
	(cd t/_delta_log && ls) | grep check >out
	is out <<-'EOF'
	00000000000000000010.checkpoint.parquet
	00000000000000000020.checkpoint.parquet
	_last_checkpoint
	EOF
	rm t/_delta_log/000000000000000000[01]?.json
	stream-delta t | jq -c '[.k, .n]' | sort >out
	is out <<-'EOF'
	[0,21]
	[1,19]
	[2,20]
	EOF
}

@test "--retain deletes what no version of that time needs" {
	files 11
	stream-files --checkpoint ck --order name --max-files 1 in |
		parse-json --schema 'k int, n int' |
		sink-delta t --mode update --key k --retain 0s
	ls t | grep -c parquet >out
	is out <<<3
	stream-delta t | jq -c .n | sort -n | paste -sd' ' >out
	is out <<<'9 10 11'
}

@test "tables of newer protocols are refused by the name of what they have" {
	mkdir -p t/_delta_log
	table() {
		printf '%s\n' "{\"protocol\":$1}" "{\"metaData\":{\"id\":\"x\",\"format\":{\"provider\":\"parquet\",\"options\":{}},\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"a\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\",\"partitionColumns\":[],\"configuration\":{$2}}}" $3 >t/_delta_log/00000000000000000000.json
		echo '{"a":1}' | sink-delta ${4:-} t 2>&1 || echo "$?"
	}
	{
		table '{"minReaderVersion":2,"minWriterVersion":5}'
		table '{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}'
		table '{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["appendOnly","rowTracking"]}'
		table '{"minReaderVersion":1,"minWriterVersion":4}'
		table '{"minReaderVersion":9,"minWriterVersion":9}'
		table '{"minReaderVersion":1,"minWriterVersion":2}' '' '{"add":{"path":"x","deletionVector":{"storageType":"u"}}}'
		table '{"minReaderVersion":1,"minWriterVersion":2}' '"delta.appendOnly":"true"' '' '--mode=complete'
	} >out
	is out <<-'EOF'
	sink-delta: table 't' has column mapping (version 2 for readers), which is not read
	2
	sink-delta: table 't' has the feature deletionVectors, which is not read
	2
	sink-delta: table 't' has the feature rowTracking, which is not written: write to another table
	2
	sink-delta: table 't' has version 4 for writers (generated columns or a change data feed), which is not written: write to another table
	2
	sink-delta: table 't' asks for version 9 of its readers, and this one has version 1
	2
	sink-delta: table 't' has deletion vectors, which are not read
	2
	sink-delta: table 't' is append-only (delta.appendOnly), and a result in mode complete would change rows
	2
	EOF
}

@test "a log that is cut or damaged is refused" {
	for i in 1 2 3; do
		echo '{"a":1}' | sink-delta t
	done
	mv t/_delta_log/00000000000000000001.json x
	run -3 sink-delta t <<<'{"a":1}'
	echo "$output" >out
	is out <<-'EOF'
	sink-delta: the log of table 't' is cut: version 1 is missing, and no checkpoint stands for it
	EOF
	head -c 50 x >t/_delta_log/00000000000000000001.json
	run -3 sink-delta t <<<'{"a":1}'
	echo "$output" >out
	is out <<-'EOF'
	sink-delta: 't/_delta_log/00000000000000000001.json' is damaged: a line is no JSON object
	EOF
}

@test "killed at any moment, each batch is there once" {
	not_sanitized
	[ -f "$TOP/${B:-build}/shim.so" ] || skip "make check builds the shim"
	files 5
	p="stream-files --checkpoint ck --order name --max-files 1 in |
		parse-json --schema 'k int, n int' | sink-delta t"
	for op in write fsync open; do
		for i in 1 3 6 9 14 20 27 35; do
			rm -rf t ck
			LD_PRELOAD="$TOP/${B:-build}/shim.so" \
				BIEF_FAULT="bief $op $i kill" BIEF_FAULT_NOSYNC=1 \
				BIEF_FAULT_MARK=$PWD/mark bief run "$p" \
				>/dev/null 2>&1 || true
			rm -f mark
			bief run "$p"
			stream-delta t | jq -c .n | sort | paste -sd' ' >out
			is out <<<'1 2 3 4 5'
		done
	done
}

@test "a full disk in the middle of a batch fails, and a restart goes on" {
	not_sanitized
	[ -f "$TOP/${B:-build}/shim.so" ] || skip "make check builds the shim"
	files 3
	p="stream-files --checkpoint ck --order name --max-files 1 in |
		parse-json --schema 'k int, n int' | sink-delta t"
	for i in $(seq 24); do
		rm -rf t ck mark
		LD_PRELOAD="$TOP/${B:-build}/shim.so" \
			BIEF_FAULT="bief write $i enospc-on" \
			BIEF_FAULT_MARK=$PWD/mark BIEF_FAULT_NOSYNC=1 \
			bief run "$p" >log 2>&1 && [ ! -e mark ] && continue
		# Whatever is there is whole.
		if [ -e t/_delta_log/00000000000000000000.json ]; then
			stream-delta t >out
		fi
		bief run "$p"
		stream-delta t | jq -c .n | sort | paste -sd' ' >out
		is out <<<'1 2 3'
		[ -z "$(find t -name '*.tmp')" ]
	done
}
