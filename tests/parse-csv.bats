#!/usr/bin/env bats

load lib

@test "columns are named by the header, or _c0, _c1 and so on" {
	printf 'a,b\n1,x y\n' >in
	parse-csv --header <in >out
	parse-csv <in >>out
	is out <<-'E'
	{"a":"1","b":"x y"}
	{"_c0":"a","_c1":"b"}
	{"_c0":"1","_c1":"x y"}
	E
}

@test "a later line equal to the header is the next file's header" {
	printf 'a,b\n1,2\na,b\n3,4\n' | parse-csv --header >out
	is out <<-'E'
	{"a":"1","b":"2"}
	{"a":"3","b":"4"}
	E
}

@test "a byte order mark is no part of the first name" {
	printf '\xef\xbb\xbfa,b\n1,2\n' | parse-csv --header >out
	is out <<-'E'
	{"a":"1","b":"2"}
	E
}

@test "quotes hold separators, doubled quotes and ends of lines" {
	printf '"a,""b""",c\n"one\ntwo\r\n",\n' | parse-csv >out
	is out <<-'E'
	{"_c0":"a,\"b\"","_c1":"c"}
	{"_c0":"one\ntwo\r\n","_c1":""}
	E
}

@test "a quoted cell goes on over the end of a batch" {
	printf 'a,"one\ntwo\nthree"\nb,c\n' | parse-csv --batch 1 --plain >out
	is out <<-'E'
	{"_c0":"a","_c1":"one\ntwo\nthree"}
	{"_c0":"b","_c1":"c"}
	E
}

@test "--sep and --quote are single characters" {
	printf "a;'b;''c'''\n" | parse-csv --sep ';' --quote "'" >out
	printf 'x\ty\n' | parse-csv --sep tab >>out
	is out <<-'E'
	{"_c0":"a","_c1":"b;'c'"}
	{"_c0":"x","_c1":"y"}
	E
	run -2 parse-csv --sep ';;'
	[[ $output == *"'--sep'"* || $output == *"--sep: ';;' is not one"* ]]
}

@test "with a schema cells are cast as Spark's CSV reader does" {
	cat >in <<-'E'
	1,1.5,true,2016-07-26 02:45,2016-07-26,1.005,x
	+2,.5,FALSE,2016,2016-07,-1,""
	3,1e3,,,,,
	E
	parse-csv -s 'i int, d double, b boolean, t timestamp, e date,
		n decimal(9,2), s string' <in >out
	is out <<-'E'
	{"i":1,"d":1.5,"b":true,"t":"2016-07-26T02:45:00Z","e":"2016-07-26","n":1.01,"s":"x"}
	{"i":2,"d":0.5,"b":false,"t":"2016-01-01T00:00:00Z","e":"2016-07-01","n":-1.00,"s":""}
	{"i":3,"d":1000.0,"b":null,"t":null,"e":null,"n":null,"s":null}
	E
}

@test "with a schema a malformed row is kept, with null where it is wrong" {
	printf '1,2\nx,2\n1\n1,2,3\n\n300,5" pipe\n' >in
	parse-csv -s 'a tinyint, _corrupt_record string, b string' \
		<in >out 2>err
	is out <<-'E'
	{"a":1,"_corrupt_record":null,"b":"2"}
	{"a":null,"_corrupt_record":"x,2","b":"2"}
	{"a":1,"_corrupt_record":"1","b":null}
	{"a":1,"_corrupt_record":"1,2,3","b":"2"}
	{"a":null,"_corrupt_record":"300,5\" pipe","b":"5\" pipe"}
	E
	[ "$(tail -1 err)" = "parse-csv: 4 records refused, kept" ]
}

@test "a header with other names than the schema's is reported" {
	printf 'x,b\n1,2\n' >in
	run -0 --separate-stderr parse-csv --header -s 'a int, b int' <in
	[ "$output" = '{"a":1,"b":2}' ]
	[ "$stderr" = "parse-csv: column 1 is 'a' in the schema but 'x' in the header; columns go by their place" ]
}

@test "without a schema a malformed row is an error" {
	printf 'a,b\n1\n' >few
	printf 'a,b\n1,2,3\n' >many
	printf 'a\nx "y" z\n' >quote
	printf 'a\n"x\n' >open
	for f in few many quote open; do
		run -1 parse-csv --header <$f
	done
	[[ $output == *"a quoted cell is not closed"* ]]
	printf 'a,b\n1\n2,"x"y\n3,4\n' |
		parse-csv --header --on-error skip >out 2>err
	is out <<-'E'
	{"a":"3","b":"4"}
	E
}

@test "nested types are refused" {
	run -2 parse-csv -s 'a array<int>' </dev/null
	[[ $output == *"parse it with parse-json --field"* ]]
}

@test "a restart knows the header and goes on in the middle of a cell" {
	mkdir in
	pipeline() {
		stream-files --checkpoint ck in | parse-csv --header |
			sink-files out
	}
	printf 'a,b\n1,"x\n' >in/1.csv
	pipeline
	printf 'y"\n2,z\n' >in/2.csv
	pipeline
	cat out/*.json >all
	is all <<-'E'
	{"a":"1","b":"x\ny"}
	{"a":"2","b":"z"}
	E
}

@test "csv-spectrum: each table is read as it must be" {
	shared
	local f name
	for f in "$SHARED"/data/csvtest/csv-spectrum/csvs/*.csv; do
		name=$(basename "$f" .csv)
		parse-csv --header <"$f" | jq -S . >out
		jq -S '.[]' "${f%csvs/*}json/$name.json" >want
		diff -u want out
	done
}

@test "csv-test-data: what is valid is read, what is not is refused" {
	shared
	local f name
	cd "$SHARED/data/csvtest/csv-test-data"
	for f in json/*.json; do
		name=$(basename "$f" .json)
		case $name in
		header-*) parse-csv --header <"csv/$name.csv" ;;
		*) parse-csv <"csv/$name.csv" ;;
		esac | jq -c . >"$BATS_TEST_TMPDIR/out"
		jq -c '.[] | if type == "array" then to_entries |
			map({key: "_c\(.key)", value}) | from_entries
			else . end' "$f" >"$BATS_TEST_TMPDIR/want"
		diff -u "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/out"
	done
	for f in bad-header-less-fields bad-header-more-fields \
		bad-missing-quote bad-quotes-with-unescaped-quote \
		bad-unescaped-quote; do
		run -1 parse-csv --header <"csv/$f.csv"
	done
}

@test "a name that is twice in the header gets a number" {
	printf 'a,a,b,a_2\n1,2,3,4\n' | parse-csv --header >out
	is out <<-'J'
	{"a":"1","a_2":"2","b":"3","a_2_2":"4"}
	J
}
