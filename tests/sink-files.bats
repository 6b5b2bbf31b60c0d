#!/usr/bin/env bats
# sink-files: a file per batch, and a log of what is complete.

load lib

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

@test "each batch with records is a file, byte for byte" {
	stream '' '{"a" : 1}\n{"a":2}' '' '{"a":3}' | sink-files d
	ls d | tee out
	cat d/part-00000.json d/part-00001.json >> out
	is out <<-'EOF'
	_bief_log
	part-00000.json
	part-00001.json
	{"a" : 1}
	{"a":2}
	{"a":3}
	EOF
}

@test "the log lists the files of each batch" {
	stream '' '{"a":1}' '' '{"a":2}\n{"a":3}' | sink-files d
	cat d/_bief_log/* > out
	is out <<-'EOF'
	{"version":2,"checkpoint":null,"batch":0}
	{"path":"part-00000.json","bytes":8,"records":1}
	{"crc32c":"b505ea26"}
	{"version":2,"checkpoint":null,"batch":2}
	{"path":"part-00001.json","bytes":16,"records":2}
	{"crc32c":"591474a7"}
	EOF
}

@test "a second run adds to the first one" {
	echo '{"a":1}' | sink-files d
	echo '{"a":2}' | sink-files d
	cat d/part-* > out
	is out <<-'EOF'
	{"a":1}
	{"a":2}
	EOF
}

@test "CSV has a header, quotes where they are needed, nothing for null" {
	printf '%s\n' '{"a":"x,y","b":null,"c":""}' '{"a":"say \"hi\"","b":1.50,"c":"é"}' |
		sink-files d --format csv
	is d/part-00000.csv <<-'EOF'
	a,b,c
	"x,y",,""
	"say ""hi""",1.50,é
	EOF
}

@test "CSV columns are those of the schema where it is known" {
	stream '"fields":"b int, a string"' '{"a":"x"}' | sink-files d --format csv --sep ';'
	is d/part-00000.csv <<-'EOF'
	b;a
	;x
	EOF
}

@test "a field that the CSV has no column for is an error" {
	printf '%s\n' '{"a":1}' '{"a":1,"b":2}' > in
	run -1 sink-files d --format csv < in
	[[ "$output" == *"line 2"*"no columns for"* ]]
	[ ! -e d/part-00000.csv ]
	sink-files d --format csv --on-error skip < in
	is d/part-00000.csv <<-'EOF'
	a
	1
	EOF
}

@test "--partition-by makes a directory for each value" {
	printf '%s\n' '{"d":"a/b","n":1,"v":1}' '{"d":null,"n":1.5,"v":2}' '{"d":"a/b","n":1,"v":3}' |
		sink-files out --partition-by d,n
	(cd out && grep -r . --include 'part-*') | LC_ALL=C sort > got
	is got <<-'EOF'
	d=__HIVE_DEFAULT_PARTITION__/n=1.5/part-00000.json:{"d":null,"n":1.5,"v":2}
	d=a%2Fb/n=1/part-00000.json:{"d":"a/b","n":1,"v":1}
	d=a%2Fb/n=1/part-00000.json:{"d":"a/b","n":1,"v":3}
	EOF
}

@test "thousands of partitions and megabytes a batch are no matter" {
	seq 200000 | jq -c '{p: (. % 3000), pad: "xxxxxxxxxxxxxxxxxxxxxxxx"}' > in
	sink-files d --partition-by p < in
	cat d/p=*/part-00000.json | sort > got
	sort in | cmp - got
	[ "$(tail -n +2 d/_bief_log/0000000000 | jq -s 'map(.records) | add')" = 200000 ]
}

@test "a batch that was cut off leaves nothing behind" {
	stream '' '{"n":1}' '{"n":2}' | head -n 6 > in
	run -1 sink-files d < in
	cat d/part-* > out
	is out <<< '{"n":1}'
	[ -z "$(find d -name '*.tmp')" ]
}

@test "update and complete results are refused" {
	stream '"mode":"update","aggregated":true' '{"n":1}' > in
	run -2 sink-files d < in
	[[ "$output" == *"only ever added"* ]]
	[ ! -e d ]
}

@test "with a checkpoint, a batch is there once, however often it is run" {
	mkdir in
	echo '{"a":1}' > in/1
	stream-files in --checkpoint c | sink-files d
	echo '{"a":2}' > in/2
	stream-files in --checkpoint c | sink-files d
	# as if the commit of the last batch had not been written
	find c/commits -name '*.commit' | sort -V | tail -n 1 | xargs rm
	stream-files in --checkpoint c | sink-files d
	jq -r 'select(.path).path' d/_bief_log/0* | sed 's,^,d/,' | xargs cat > out
	is out <<-'EOF'
	{"a":1}
	{"a":2}
	EOF
}

@test "a directory of another checkpoint is refused, unless --mode append is told" {
	mkdir in
	echo '{"a":1}' > in/1
	stream-files in --checkpoint c1 | sink-files d
	run -3 bash -c 'set -o pipefail; stream-files in --checkpoint c2 | sink-files d'
	[[ "$output" == *"another checkpoint"* ]]
	stream-files in --checkpoint c2 | sink-files d --mode append
	cat d/part-* > out
	is out <<-'EOF'
	{"a":1}
	{"a":1}
	EOF
}

@test "a directory that has lost what was committed to it is refused" {
	mkdir in
	echo '{"a":1}' > in/1
	stream-files in --checkpoint c | sink-files d
	rm -r d
	run -3 bash -c 'set -o pipefail; stream-files in --checkpoint c | sink-files d'
	[[ "$output" == *"is gone"* ]]
}

@test "a damaged log is refused" {
	echo '{"a":1}' | sink-files d
	echo garbage > d/_bief_log/0000000000
	echo '{"a":1}' > in
	run -3 sink-files d < in
	[[ "$output" == *"damaged"* ]]
}

@test "a directory that cannot be written is an error that names it" {
	echo '{"a":1}' > in
	run -1 sink-files no/such < in
	[[ "$output" == *"directory 'no/such': cannot make it"* ]]
	run -1 sink-files in < in
	[[ "$output" == *"directory 'in': cannot open it"* ]]
}

@test "a field to partition by that no record has is told" {
	echo '{"a":1}' | sink-files parts --partition-by nosuch 2>err
	is err <<<"sink-files: no record had a field 'nosuch'"
}

@test "a file of its names that it has not written is not replaced" {
	mkdir -p d p/k=1
	echo mine | tee d/part-00000.json >p/k=1/part-00007.json
	echo '{"k":1}' >in
	run -2 sink-files d <in
	[ "$output" = "sink-files: directory 'd': there is a file 'part-00000.json', but no log that tells of it: take another directory, or move the file away" ]
	run -2 sink-files d <in
	run -2 sink-files p --partition-by k <in
	[ "$(cat d/part-00000.json p/k=1/part-00007.json)" = $'mine\nmine' ]
	sink-files d --format csv <in
	[ -e d/part-00000.csv ]
}

@test "a partition whose name would be too long is refused, the others go on" {
	jq -nc '{p:("x"*254)},{p:("é"*126)},{p:"a"},{p:("%"*85)},{p:("x"*253)}' >in
	run -1 sink-files d --partition-by p <in
	[[ $output == "sink-files: line 1: the value of 'p' makes a name of 256 bytes, and a directory's can have 255: partition by something shorter (--on-error skip goes on)" ]]
	sink-files d --partition-by p --on-error skip --rejects bad <in 2>err
	is err <<-'EOF'
	sink-files: line 1: the value of 'p' makes a name of 256 bytes, and a directory's can have 255: partition by something shorter
	sink-files: line 4: the value of 'p' makes a name of 257 bytes, and a directory's can have 255: partition by something shorter
	sink-files: 2 records refused, skipped
	EOF
	[ "$(jq -r .reason bad | grep -c 'makes a name')" = 2 ]
	[ "$(ls d | grep -c ^p=)" = 3 ]
	printf '{%s}\n' "$(for i in $(seq 20); do printf '"p%d":"%0250d",' $i 0; done | sed 's/,$//')" >in
	run -1 sink-files e --partition-by "$(seq -f 'p%.0f' -s, 20)" <in
	[[ $output == *"the path of its partition has"*"partition by less"* ]]
}

@test "no value leads out of the directory, or into another one's" {
	printf '{"p":%s}\n' '"/"' '".."' '"../../x"' '""' '"a\u0000b"' '"\n"' '"\u001b[m"' '"="' '"%2F"' null >in
	mkdir in.d
	cd in.d
	sink-files d --partition-by p <../in
	find . -name 'part-*' | sed 's,/part.*,,' | LC_ALL=C sort >../out
	cd ..
	[ "$(ls)" = $'in\nin.d\nout' ]
	is out <<-'EOF'
	./d/p=%0A
	./d/p=%1B%5Bm
	./d/p=%252F
	./d/p=%2F
	./d/p=%3D
	./d/p=..
	./d/p=..%2F..%2Fx
	./d/p=__HIVE_DEFAULT_PARTITION__
	./d/p=a%00b
	EOF
	sort in >want
	find in.d -name 'part-*' -exec cat {} + | sort | diff want -
}

@test "a record without fields makes no CSV" {
	printf '{}\n{"a":1}\n{}\n' >in
	run -1 sink-files d --format csv <in
	[[ $output == *"line 1: it has no fields, and a CSV needs a column"* ]]
	sink-files d --format csv --on-error skip <in 2>err
	grep -q '1 record refused, skipped' err
	head -n 2 d/part-00000.csv >out
	is out <<-'EOF'
	a
	1
	EOF
}

@test "standard output is no directory" {
	echo '{"a":1}' >in
	run -2 sink-files --format csv - <in
	[ "$output" = "sink-files: '-' is no directory: a stream leaves by standard output where no sink follows, as JSON; for CSV there say sink-table --style csv (a directory of that name is ./-)" ]
	run -2 sink-files - <in
	[[ $output == "sink-files: '-' is no directory: "* ]]
	[ "$(ls)" = in ]
	sink-files ./- <in
	[ "$(cat ./-/part-00000.json)" = '{"a":1}' ]
}

@test "Parquet has the columns of the schema, and each batch its file" {
	stream '"fields":"a int, s string, d date"' \
		'{"a":1,"s":"x","d":"2020-01-01"}' '' '{"a":2}' |
		sink-files d --format parquet
	parse-parquet d/part-00000.parquet d/part-00001.parquet \
		--trigger once | grep -v 'begin\|end\|eof' >out
	is out <<-'EOF'
	{"#bief":{"stream":1,"trigger":"once","fields":"a int, s string, d date"}}
	{"a":1,"s":"x","d":"2020-01-01"}
	{"a":2,"s":null,"d":null}
	EOF
	tail -n +2 d/_bief_log/*1 | jq -c '[.path, .records] | select(.[0])' >out
	is out <<<'["part-00001.parquet",1]'
}

@test "Parquet has partitions in the names of directories alone" {
	printf '%s\n' '{"day":"mon","n":1}' '{"day":"tue","n":2}' |
		sink-files d --format parquet --partition-by day
	parse-parquet d/day=tue/part-00000.parquet >out
	is out <<<'{"n":2}'
	stream-files --partitions d | sort >out
	is out <<-'EOF'
	{"n":1,"day":"mon"}
	{"n":2,"day":"tue"}
	EOF
}

@test "Parquet without a schema takes the fields and types of the records" {
	printf '%s\n' '{"a":1}' '{"b":"x","a":2.5}' '{"c":null}' |
		sink-files d --format parquet
	parse-parquet --trigger once d/part-00000.parquet |
		grep -v 'begin\|end\|eof' >out
	is out <<-'EOF'
	{"#bief":{"stream":1,"trigger":"once","fields":"a double, b string, c string"}}
	{"a":1.0,"b":null,"c":null}
	{"a":2.5,"b":"x","c":null}
	{"a":null,"b":null,"c":null}
	EOF
}
