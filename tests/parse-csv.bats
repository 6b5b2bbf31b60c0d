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
	{"i":2,"d":0.5,"b":false,"t":"2016-01-01T00:00:00Z","e":"2016-07-01","n":-1.00,"s":null}
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
	pipeline() {
		stream-files --follow --trigger available-now --checkpoint ck \
			in.csv | parse-csv --header | sink-files out
	}
	printf 'a,b\n1,"x\n' >in.csv
	pipeline
	printf 'y"\n2,z\n' >>in.csv
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
		# blank lines of one column: no rows, as in Python and Spark
		[[ $name != all-empty && $name != empty-one-column ]] ||
			continue
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

# What follows is about quotes that are not closed as they should be.

# everyhow FILE ARGUMENT...: what parse-csv makes of the files in "in", in a pipe
# and in one process, with batches and without, and as operands, is FILE.
everyhow() {
	local want=$1 words t
	shift
	words=$(printf ' %q' "$@")
	parse-csv "$@" in/* >got 2>/dev/null
	diff -u "$want" got
	for t in '' '--trigger available-now' \
		'--trigger available-now --max-records 1' \
		'--trigger available-now --max-files 1'; do
		stream-files $t in | parse-csv "$@" --plain >got 2>/dev/null
		diff -u "$want" got
		bief run "stream-files $t in | parse-csv $words --plain" \
			>got 2>/dev/null
		diff -u "$want" got
	done
}

@test "a quote that no separator follows ends its cell at the next one, and the row is malformed" {
	printf '%s\n' '1,"x" ' '2,"x"y,z' '"3"",a"b",c' '4,""x,"y"' '5,y' >in
	parse-csv -s 'a string, b string, _corrupt_record string' \
		<in >out 2>err
	is out <<-'E'
	{"a":"1","b":"\"x\" ","_corrupt_record":"1,\"x\" "}
	{"a":"2","b":"\"x\"y","_corrupt_record":"2,\"x\"y,z"}
	{"a":"\"3\"\",a\"b\"","b":"c","_corrupt_record":"\"3\"\",a\"b\",c"}
	{"a":"4","b":"\"\"x","_corrupt_record":"4,\"\"x,\"y\""}
	{"a":"5","b":"y","_corrupt_record":null}
	E
	[ "$(head -1 err)" = "parse-csv: line 1: text behind the quote that closes a cell" ]
	[ "$(tail -1 err)" = "parse-csv: 4 records refused, kept" ]
	parse-csv --on-error skip --rejects rejects <in >out
	is out <<<'{"_c0":"5","_c1":"y"}'
	[ "$(wc -l <rejects)" -eq 4 ]
	run -1 parse-csv -s 'a string, b string' --on-error fail <in
}

@test "one badly closed quote costs one row of many" {
	(printf 'a,b\n1,"x" \n'; seq 2 100000 | sed 's/$/,y/') >in
	parse-csv --header -s 'a int, b string' <in | agg count >out
	parse-csv --header -s 'a int, b string' --batch 1000 <in |
		agg count --plain | tail -1 >>out
	parse-csv --header --on-error skip <in | agg count >>out
	(printf '1,"x\n'; seq 2 100000 | sed 's/$/,y/') >in
	parse-csv --on-error skip <in | agg count >>out
	(seq 2 100000 | sed 's/$/,y/'; printf '1,"x\n') >in
	parse-csv --on-error skip <in | agg count >>out
	is out <<-'E'
	{"count":100000}
	{"count":100000}
	{"count":99999}
	{"count":99999}
	{"count":99999}
	E
}

@test "a cell that is open at the end of its file is malformed; its later lines are rows" {
	mkdir in
	printf '1,"x\n2,""\r\n\n3,z' >in/1
	printf '4,y\n' >in/2
	printf '5,"one\ntwo"\n' >in/3
	printf '6,"' >in/4
	: >in/5
	printf '7,y\n' >in/6
	touch -d 2026-01-01 in/*
	cat >want <<-'E'
	{"a":1,"b":"x","_corrupt_record":"1,\"x"}
	{"a":2,"b":null,"_corrupt_record":null}
	{"a":3,"b":"z","_corrupt_record":null}
	{"a":4,"b":"y","_corrupt_record":null}
	{"a":5,"b":"one\ntwo","_corrupt_record":null}
	{"a":6,"b":null,"_corrupt_record":"6,\""}
	{"a":7,"b":"y","_corrupt_record":null}
	E
	everyhow want -s 'a int, b string, _corrupt_record string'
	printf '{"_c0":"%d","_c1":"%s"}\n' 2 '' 3 z 4 y 5 'one\ntwo' 7 y >want
	everyhow want --on-error skip
	printf '{"a":%d}\n' 2 3 4 5 7 >want
	everyhow want -s 'a int' --ragged --on-error skip
}

@test "with a header a cell ends where a later file's header comes" {
	mkdir in
	printf 'a,b\n1,"x\n2,y\n' >in/1
	printf 'a,b\n3,"z, ""z"""\n' >in/2
	touch -d 2026-01-01 in/*
	printf '{"a":"%d","b":"%s"}\n' 2 y 3 'z, \"z\"' >want
	everyhow want --header --on-error skip
}

@test "a cell that was never closed ends where the next quoted one begins" {
	mkdir in
	printf '1,"x\n2,"y",1\n3,"""z"" z"\n' >in/1
	printf '"4","x"\n' >in/2
	touch -d 2026-01-01 in/*
	printf '{"a":%d,"b":"%s"}\n' 1 x 2 y 3 '\"z\" z' 4 x >want
	everyhow want -s 'a int, b string' --ragged
}

@test "a cell over several lines that is closed badly ends there" {
	printf '1,"one\ntwo" ,3\n4,5,6\n' >in
	parse-csv -s 'a int, b string, c int, _corrupt_record string' <in >out
	is out <<-'E'
	{"a":1,"b":"\"one\ntwo\" ","c":3,"_corrupt_record":"1,\"one\ntwo\" ,3"}
	{"a":4,"b":"5","c":6,"_corrupt_record":null}
	E
}

@test "an open cell is not carried into the next file by a restart" {
	mkdir in
	pipeline() {
		stream-files --checkpoint ck in |
			parse-csv -s 'a int, b string' | sink-files out
	}
	printf '1,"x\n' >in/1.csv
	pipeline
	cat out/*.json >all
	is all <<<'{"a":1,"b":"x"}'
	printf 'y"\n2,z\n' >in/2.csv
	pipeline
	cat out/*.json >all
	is all <<-'E'
	{"a":1,"b":"x"}
	{"a":null,"b":null}
	{"a":2,"b":"z"}
	E
}

@test "a row that the end of the input ends is one of a batch that is not empty" {
	printf '1,x\n2,"y\n3,z\n' >in
	parse-csv -s 'a int, b string' --batch 1 <in |
		agg count --mode complete --plain | tail -1 >out
	is out <<<'{"count":3}'
	bief run "parse-csv -s 'a int, b string' --batch 1 in |
		agg count --mode complete --plain" | tail -1 >out
	is out <<<'{"count":3}'
}

@test "a row that is longer than --max-line is given up, its later lines are rows" {
	(printf '1,"x\n'; seq 2 100 | sed 's/$/,y/') >in
	parse-csv -s 'a int, b string' --max-line 100 <in >out 2>err
	[ "$(wc -l <out)" -eq 100 ]
	[ "$(head -1 err)" = "parse-csv: line 1: a row longer than --max-line; is a quote not closed?" ]
	[ "$(tail -1 err)" = "parse-csv: 1 record refused, kept" ]
}

@test "rows that are read again keep the numbers of their lines" {
	printf '1,"x\n2,y,z\n3,""x\n' >in
	run -0 parse-csv --on-error skip <in
	is <(printf '%s\n' "$output") <<-'E'
	parse-csv: line 1: a quoted cell is not closed
	parse-csv: line 2: too many cells
	parse-csv: line 3: text behind the quote that closes a cell
	parse-csv: 3 records refused, skipped
	E
}

@test "with --multi-line false each line is a row, as in Spark's default" {
	printf '1,"one\ntwo",2\n3,"x"\n' >in
	parse-csv --multi-line false -s 'a string, b string' <in >out 2>err
	is out <<-'E'
	{"a":"1","b":"one"}
	{"a":"two\"","b":"2"}
	{"a":"3","b":"x"}
	E
	[ "$(tail -1 err)" = "parse-csv: 1 record refused, kept" ]
}

# CSV as it is found.

@test "--null names texts that are null, quoted or not, of every type" {
	printf '1,NA,"NA"\n\\N,2,""\nx,NA ,\n' >in
	parse-csv --null NA --null '\N' \
		-s 'a int, b int, c string, _corrupt_record string' <in >out
	is out <<-'E'
	{"a":1,"b":null,"c":null,"_corrupt_record":null}
	{"a":null,"b":2,"c":"","_corrupt_record":null}
	{"a":null,"b":null,"c":null,"_corrupt_record":"x,NA ,"}
	E
	parse-csv --null NA --null '\N' <in >out
	is out <<-'E'
	{"_c0":"1","_c1":null,"_c2":null}
	{"_c0":null,"_c1":"2","_c2":""}
	{"_c0":"x","_c1":"NA ","_c2":""}
	E
}

@test "an empty cell is null for every type, in quotes too" {
	printf '"","","",""\n,,,\n' |
		parse-csv -s 'a int, b string, c binary, d boolean' >out
	is out < <(yes '{"a":null,"b":null,"c":null,"d":null}' | head -2)
}

@test "with --quote '' quotes are text" {
	printf 'n\ttitle\n1\t"Weird Al" Yankovic\n2\t"open\n3\ta""b\0\n' >in
	parse-csv --sep tab --quote '' --header <in >out
	is out <<-'E'
	{"n":"1","title":"\"Weird Al\" Yankovic"}
	{"n":"2","title":"\"open"}
	{"n":"3","title":"a\"\"b\u0000"}
	E
}

@test "--trim takes blanks off, around quotes too" {
	printf 'a , b\n 1 ,  "x, ""y"" "  \n2\t, "x"y \n3,   \n' >in
	parse-csv --trim --header -s 'a int, b string, _corrupt_record string' \
		<in >out
	is out <<-'E'
	{"a":1,"b":"x, \"y\" ","_corrupt_record":null}
	{"a":2,"b":"\"x\"y","_corrupt_record":"2\t, \"x\"y "}
	{"a":3,"b":null,"_corrupt_record":null}
	E
	printf 'a\t b\n 1\t"x"\t\n' | parse-csv --trim --sep tab --ragged >out
	is out <<-'E'
	{"_c0":"a","_c1":"b"}
	{"_c0":"1","_c1":"x","_c2":""}
	E
}

@test "--comment leaves out lines that begin with it, but not inside of a cell" {
	printf '#1\na,b\n#,x\n1,"x\n#y"\n #,2\n' >in
	parse-csv --comment '#' --header <in >out
	is out <<-'E'
	{"a":"1","b":"x\n#y"}
	{"a":" #","b":"2"}
	E
	run -2 parse-csv --comment '//' <in
}

@test "--ragged takes rows of any length" {
	printf 'a,b,_c2\n1\n1,2,3,4,5\n1,2,3,4\n' >in
	parse-csv --ragged --header <in >out
	is out <<-'E'
	{"a":"1","b":null,"_c2":null}
	{"a":"1","b":"2","_c2":"3","_c3":"4","_c4":"5"}
	{"a":"1","b":"2","_c2":"3","_c3":"4"}
	E
	parse-csv --ragged --header -s 'a int, b int, c int' \
		--on-error fail <in >out 2>err
	is out <<-'E'
	{"a":1,"b":null,"c":null}
	{"a":1,"b":2,"c":3}
	{"a":1,"b":2,"c":3}
	E
}

@test "--infer prints a schema that reads the file" {
	cat >in <<-'E'
	i,l,d,t,e,b,s,zip,big,n a
	1,3000000000,.5,2016-07-26 02:45:07,2016-07-26,true,x,01000,18446744073709551615,NA
	+2,1,3,2016-07-26T00:00:00Z,,FALSE,"1",75011,-1,
	-3,1,1e5,,2016-01-01,,,1,1,NaN
	E
	parse-csv --infer in --header --null NA >schema
	is schema <<<'i int, l bigint, d double, t timestamp, e date, b boolean, s string, zip string, big decimal(20,0), `n a` double'
	parse-csv --header --null NA -s "$(cat schema)" --on-error fail <in >out
	tail -1 out >last
	is last <<<'{"i":-3,"l":1,"d":100000.0,"t":null,"e":"2016-01-01","b":null,"s":null,"zip":"1","big":1,"n a":"NaN"}'
	parse-csv --infer - <in | cut -d, -f1-2 >schema
	is schema <<<'_c0 string, _c1 string'
	printf 'a,b\n1,"x\n2,3\n4\n' >in
	run -0 --separate-stderr parse-csv --infer in --header
	[ "$output" = 'a int, b int' ]
	[ "$stderr" = "parse-csv: 2 rows of 'in' are malformed" ]
}

@test "a blank line is no row, also where there is one column" {
	printf '\n\na\n\n \n1\n\r\n""\n' | parse-csv --header >out
	is out <<-'E'
	{"a":"1"}
	{"a":""}
	E
}

@test "a binary column takes the bytes of the text" {
	printf 'YWJj\n\xff\n' | parse-csv -s 'v binary' --batch 9 >typed
	derive --sql 'h=hex(v)' --plain <typed >out
	is out <<-'E'
	{"v":"WVdKag==","h":"59574A6A"}
	{"v":"/w==","h":"FF"}
	E
}

@test "doubles are what Java takes for one" {
	printf '%s\n' 1d 1.5F ' .5 ' 0x1.8p1 +Infinity -Inf NaN +Inf 1dd d 0x1 |
		parse-csv -s 'v double, _corrupt_record string' >out
	is out <<-'E'
	{"v":1.0,"_corrupt_record":null}
	{"v":1.5,"_corrupt_record":null}
	{"v":0.5,"_corrupt_record":null}
	{"v":3.0,"_corrupt_record":null}
	{"v":"Infinity","_corrupt_record":null}
	{"v":"-Infinity","_corrupt_record":null}
	{"v":"NaN","_corrupt_record":null}
	{"v":null,"_corrupt_record":"+Inf"}
	{"v":null,"_corrupt_record":"1dd"}
	{"v":null,"_corrupt_record":"d"}
	{"v":null,"_corrupt_record":"0x1"}
	E
}

parquet() {
	rm -rf d
	parse-csv --header | sink-files d --format parquet
	cat d/part-00000.parquet
}

@test "what is no CSV in UTF-8 is refused with what to do about it" {
	printf 'a,b\n1,2\n' >in
	for tool in 'gzip' 'zstd -q' 'iconv -f UTF-8 -t UTF-16' \
		'iconv -f UTF-8 -t UTF-16LE' 'iconv -f UTF-8 -t UTF-16BE' parquet; do
		$tool <in >f
		for how in --header '--header -s a:int,b:int' ''; do
			run -1 parse-csv $how <f
			[[ $output == *"the input is no CSV in UTF-8: it is "* ]]
		done
	done
	printf 'pr\xe9nom,b\n1,2\n' >f
	run -1 parse-csv --header <f
	[[ $output == *"the header is not UTF-8 (is it Latin-1?): convert it by iconv"* ]]
	run -0 --separate-stderr parse-csv --header --on-error skip <f
	[ "$output" = '{"pr�nom":"1","b":"2"}' ]
	[ "$stderr" = "parse-csv: the header is not UTF-8: its names have U+FFFD in place of what is none" ]
}

@test "a later file's header that differs is reported, a part without one is data" {
	printf 'a,b\n1,2\n' >f
	printf '"a",b\n3,4\n' >same
	printf 'B,a\n5,6\n' >other
	printf '7,8\n' >part
	run -0 --separate-stderr parse-csv --header f same other part
	is <(printf '%s\n' "$output") < <(printf '{"a":"%d","b":"%d"}\n' \
		1 2 3 4 5 6 7 8)
	[ "$stderr" = "parse-csv: line 5: the header is 'B,a', that of the first file 'a,b'; columns go by their place" ]
}

@test "names in a header keep separators, quotes and ends of lines; escapes do not reach the terminal" {
	printf '"a,""b""","c\nd",,\xc3\xa9\n1,2,3,4\n' | parse-csv --header >out
	is out <<<'{"a,\"b\"":"1","c\nd":"2","_c2":"3","é":"4"}'
	printf '\033[31m,b\n1,2\n' |
		parse-csv --header -s 'a int, b int' >out 2>err
	run ! grep -q $'\033' err
	: | parse-csv --header >out
	printf 'a,b\n' | parse-csv --header >>out
	[ ! -s out ]
}

@test "what it makes of texts at random is what a model says, and Python's csv" {
	"$TOP/tests/csv-diff" 20 1
	"$TOP/tests/csv-diff" 10
}

@test "the files of two CSV test suites are what Python's csv module reads" {
	shared
	cat >rows.py <<-'E'
	import csv, json, subprocess, sys
	for path in sys.argv[1:]:
	    with open(path, newline='', encoding='utf-8-sig') as f:
	        want = [row for row in csv.reader(f, strict=True) if row]
	        out = subprocess.run(['parse-csv', '--ragged', path],
	                             stdout=subprocess.PIPE, check=True).stdout
	    got = [[c for c in json.loads(line).values() if c is not None]
	           for line in out.splitlines()]
	    assert got == want, (path, want, got)
	E
	local f files=()
	for f in "$SHARED"/data/csvtest/*/*/*.csv; do
		[[ $f == */bad-* ]] || files+=("$f")
	done
	python3 rows.py "${files[@]}"
}
