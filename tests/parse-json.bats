#!/usr/bin/env bats

load lib

@test "a record has exactly the fields of the schema, in its order" {
	printf '%s\n' '{"b":"x","zz":[1,{"a":2}],"a":1}' '{}' >in
	parse-json -s 'a int, b string, c double' <in >out
	is out <<-'E'
	{"a":1,"b":"x","c":null}
	{"a":null,"b":null,"c":null}
	E
}

@test "keys in any order and spelling are found, and the last of equal ones counts" {
	printf '%s\n' '{"a":1,"b":2}' '{"b":2,"a":1}' '{ "a" : 1 , "b" :2}' \
		'{"\u0061":1,"b":2}' '{"a":1,"b":2}' '{"a":3,"a":1,"b":2}' \
		'{"A":9,"a":1,"b":2}' '{"a":1}' '{"b":2,"c":0,"a":1}' >in
	parse-json -s 'a int, b int' <in >out
	is out <<-'E'
	{"a":1,"b":2}
	{"a":1,"b":2}
	{"a":1,"b":2}
	{"a":1,"b":2}
	{"a":1,"b":2}
	{"a":1,"b":2}
	{"a":1,"b":2}
	{"a":1,"b":null}
	{"a":1,"b":2}
	E
}

@test "a mismatch leaves its field null and keeps the others" {
	printf '%s\n' '{"a":"1","b":2}' '{"a":1,"b":2.5}' \
		'{"a":2147483648,"b":1}' '{"a":1,"a":"x","b":1}' >in
	run -0 --separate-stderr parse-json -s 'a int, b int' <in
	[ "$output" = '{"a":null,"b":2}
{"a":1,"b":null}
{"a":null,"b":1}
{"a":1,"b":1}' ]
	[ "${stderr_lines[0]}" = \
		"parse-json: line 1: field 'a' holds no int: \"1\"" ]
	[ "${stderr_lines[4]}" = "parse-json: 4 records refused, kept" ]
}

@test "a syntax error before the end of the object leaves all fields null" {
	printf '%s\n' '{"a":1,"b":2' '{"a":1,"b":2,}' '{"a":1 "b":2}' \
		'{"a":01}' '[{"a":1}]' 'null' '{"a":1,"b":2}' >in
	parse-json -s 'a int, b int' <in >out 2>err
	is out <<-'E'
	{"a":null,"b":null}
	{"a":null,"b":null}
	{"a":null,"b":null}
	{"a":null,"b":null}
	{"a":null,"b":null}
	{"a":null,"b":null}
	{"a":1,"b":2}
	E
}

@test "what follows the object is not looked at" {
	printf '%s\n' '{"a":1} junk' '{"a":2}{"a":3}' '{"a":4}}' >in
	parse-json -s 'a int' <in >out
	is out <<-'E'
	{"a":1}
	{"a":2}
	{"a":4}
	E
}

@test "a blank line gives nulls and is not malformed" {
	printf '\n \t\r\n{"a":1}\n' |
		parse-json -s 'a int' --on-error fail >out
	is out <<-'E'
	{"a":null}
	{"a":null}
	{"a":1}
	E
}

@test "the schema's _corrupt_record takes the text of malformed lines" {
	printf '%s\n' '{"a":1}' '{"a" 1}' '{"a":"x\"","_corrupt_record":1}' >in
	parse-json -s '_corrupt_record string, a int' <in >out 2>err
	is out <<-'E'
	{"_corrupt_record":null,"a":1}
	{"_corrupt_record":"{\"a\" 1}","a":null}
	{"_corrupt_record":"{\"a\":\"x\\\"\",\"_corrupt_record\":1}","a":null}
	E
}

@test "--corrupt-field names the field, and adds it where the schema has none" {
	echo '{"a":[]}' >in
	parse-json -s 'bad string, a int' --corrupt-field bad <in >out 2>err
	parse-json -s 'a int' --corrupt-field bad <in >>out 2>err
	is out <<-'E'
	{"bad":"{\"a\":[]}","a":null}
	{"a":null,"bad":"{\"a\":[]}"}
	E
	run -2 parse-json -s 'bad int' --corrupt-field bad
	[[ $output == *"must be a string" ]]
}

@test "--on-error skip leaves malformed lines out, fail stops at the first" {
	printf '%s\n' '{"a":1}' '{"a":"x"}' '{"a":3}' >in
	parse-json -s 'a int' --on-error skip <in >out 2>err
	is out <<-'E'
	{"a":1}
	{"a":3}
	E
	run -1 --separate-stderr parse-json -s 'a int' --on-error fail <in
	[ "$output" = '{"a":1}' ]
	[[ $stderr == *"line 2: field 'a' holds no int: \"x\""* ]]
}

@test "--rejects keeps every malformed line with its reason" {
	printf '%s\n' '{"a":"x"}' '{"a":1' >in
	parse-json -s 'a int' --rejects bad <in >out 2>err
	run -0 jq -c '[.line, .reason, .record]' bad
	[ "$output" = '[1,"field '\''a'\'' holds no int: \"x\"","{\"a\":\"x\"}"]
[2,"it ends too early at byte 7","{\"a\":1"]' ]
}

@test "integers are exact and in range, -0 is 0" {
	printf '{"a":%s}\n' 1584786731698422519 9223372036854775807 \
		9223372036854775808 -9223372036854775808 -0 1.0 1e3 >in
	parse-json -s 'a bigint' <in >out 2>err
	is out <<-'E'
	{"a":1584786731698422519}
	{"a":9223372036854775807}
	{"a":null}
	{"a":-9223372036854775808}
	{"a":0}
	{"a":null}
	{"a":null}
	E
}

@test "the ranges of the integer types end where they should" {
	# Spark takes a byte without a sign too.
	for k in 127 -128 255 256 -129; do echo "{\"b\":$k}"; done >in
	for k in 32767 -32768 32768 -32769; do echo "{\"s\":$k}"; done >>in
	for k in 2147483647 -2147483648 2147483648 -2147483649; do
		echo "{\"i\":$k}"
	done >>in
	parse-json -s 'b tinyint, s smallint, i int' <in 2>err |
		jq -c '[.[] | select(. != null)]' >out
	[ "$(paste -sd ' ' out)" = "[127] [-128] [-1] [] [] [32767] [-32768] [] [] \
[2147483647] [-2147483648] [] []" ]
}

@test "doubles print in the shortest form, a whole number with its point" {
	printf '{"a":%s}\n' 7 1.50 1e22 -0 -0.0 1e400 '"NaN"' NaN -Infinity \
		'"+INF"' '"INF"' 0.1 >in
	parse-json -s 'a double' <in >out 2>err
	[ "$(jq -c .a out 2>/dev/null | wc -l)" -eq 12 ]
	[ "$(sed 's/{"a":\(.*\)}/\1/' out | paste -sd ' ')" = \
		'7.0 1.5 1e+22 0.0 -0.0 "Infinity" "NaN" "NaN" "-Infinity" "Infinity" null 0.1' ]
}

@test "decimals have their scale and are rounded half away from zero" {
	printf '{"a":%s}\n' 1.005 -1.005 '"1.5"' 12345678.905 100000000 '""' >in
	parse-json -s 'a decimal(10,2)' <in >out 2>err
	[ "$(sed 's/{"a":\(.*\)}/\1/' out | paste -sd ' ')" = \
		'1.01 -1.01 1.50 12345678.91 null null' ]
}

@test "a time is seconds or text, and in other units exact to the microsecond" {
	printf '{"a":%s}\n' 1469501107 '"2016-07-26 02:45"' -1 1.5 >in
	parse-json -s 'a timestamp' <in 2>err >out
	echo '{"a":1424696631914042029}' | parse-json -s 'a timestamp(ns)' >>out
	echo '{"a":-1}' | parse-json -s 'a timestamp(ms)' >>out
	is out <<-'E'
	{"a":"2016-07-26T02:45:07Z"}
	{"a":"2016-07-26T02:45:00Z"}
	{"a":"1969-12-31T23:59:59Z"}
	{"a":null}
	{"a":"2015-02-23T13:03:51.914042Z"}
	{"a":"1969-12-31T23:59:59.999Z"}
	E
}

@test "--zone is the zone of text that names none" {
	printf '{"a":"2016-07-26T02:45:07%s"}\n' '' Z >in
	parse-json -s 'a timestamp' --zone Europe/Paris <in >out
	is out <<-'E'
	{"a":"2016-07-26T00:45:07Z"}
	{"a":"2016-07-26T02:45:07Z"}
	E
}

@test "--timestamp-format reads times of that form only" {
	printf '{"a":"%s"}\n' '26/08/2015 18:00' '2015-08-26' >in
	parse-json -s 'a timestamp' --timestamp-format 'dd/MM/yyyy HH:mm' \
		<in >out 2>err
	is out <<-'E'
	{"a":"2015-08-26T18:00:00Z"}
	{"a":null}
	E
	run -2 parse-json -s 'a timestamp' --timestamp-format 'YYYY' </dev/null
	[[ $output == *"'YYYY' is not supported" ]]
}

@test "a fraction in --timestamp-format has one digit, or up to so many" {
	printf '{"a":"10:11:12.%s"}\n' 1 12 123456 1234567 '' >in
	parse-json -s 'a timestamp' --timestamp-format 'HH:mm:ss.SSSSSS' \
		<in >out 2>err
	is out <<-'E'
	{"a":"1970-01-01T10:11:12.1Z"}
	{"a":"1970-01-01T10:11:12.12Z"}
	{"a":"1970-01-01T10:11:12.123456Z"}
	{"a":null}
	{"a":null}
	E
}

@test "a nested value in a string is what Jackson writes" {
	printf '%s\n' '{"v":["\ud83d\ude39","😹","\ud83d","é","\u001f"]}' \
		'{"v":{"\ude39😹":"a\\b"}}' '{"v":"😹"}' >in
	parse-json -s 'v string' <in >out
	is out <<-'E'
	{"v":"[\"\\uD83D\\uDE39\",\"\\uD83D\\uDE39\",\"\\uD83D\",\"é\",\"\\u001F\"]"}
	{"v":"{\"\\uDE39\\uD83D\\uDE39\":\"a\\\\b\"}"}
	{"v":"😹"}
	E
}

@test "base 64 may have blanks between its groups of four, and leaves without" {
	printf '{"b":"%s"}\n' 'aGVs bG8=' ' aGVsbG8=\n' 'aGV sbG8=' 'QR==' \
		'QQ== QQ==' 'QQ=' 'Q===' '' >in
	parse-json -s 'b binary' <in >out 2>err
	is out <<-'E'
	{"b":"aGVsbG8="}
	{"b":"aGVsbG8="}
	{"b":null}
	{"b":"QQ=="}
	{"b":"QUE="}
	{"b":null}
	{"b":null}
	{"b":""}
	E
}

@test "a number of seconds beyond all times is null, and not what holds it" {
	printf '%s\n' '{"a":9223372036854775807}' '{"a":9223372036854}' >in
	parse-json -s 'a timestamp' <in >out 2>err
	is out <<-'E'
	{"a":null}
	{"a":"+294247-01-10T04:00:54Z"}
	E
	printf '{"a":[1,-9223372036855],"m":{"k":9223372036855}}\n' >in
	parse-json -s 'a array<timestamp>, m map<string,timestamp>, _corrupt_record string' \
		<in >out
	is out <<-'E'
	{"a":["1970-01-01T00:00:01Z",null],"m":{"k":null},"_corrupt_record":"{\"a\":[1,-9223372036855],\"m\":{\"k\":9223372036855}}"}
	E
	printf '{"a":[1,9223372036854775808]}\n' >in
	parse-json -s 'a array<timestamp>' <in >out 2>err
	is out <<-'E'
	{"a":null}
	E
}

@test "timestamp_ntz is refused by its name wherever a type stands" {
	for f in --schema --schema-file; do
		echo 'a struct<b: array<timestamp_ntz>>' >ddl
		[ $f = --schema ] && set -- "$(cat ddl)" || set -- ddl
		run -2 parse-json $f "$1" </dev/null
		[[ $output == *"timestamp_ntz is not supported"* ]]
	done
	echo '{"type":"struct","fields":[{"name":"a","type":"timestamp_ntz"}]}' >json
	run -2 parse-json --schema-file json </dev/null
	[[ $output == *"timestamp_ntz is not supported"* ]]
	run -2 parse-csv --schema 'a timestamp_ntz' </dev/null
	[[ $output == *"timestamp_ntz is not supported"* ]]
	run -2 filter true <<<'{"#bief":{"stream":1,"fields":"a timestamp_ntz"}}'
	[[ $output == *"timestamp_ntz is not supported"* ]]
	echo 'a' >table
	run -2 join-static table --table-schema 'a timestamp_ntz' --on a </dev/null
	[[ $output == *"timestamp_ntz is not supported"* ]]
}

@test "a date in --date-format is the day that is written, whatever its zone" {
	printf '{"a":"%s"}\n' '26.07.2016 +13' '26.07.2016 -11' >in
	parse-json -s 'a date' --date-format 'dd.MM.yyyy x' <in >out
	is out <<-'E'
	{"a":"2016-07-26"}
	{"a":"2016-07-26"}
	E
}

@test "anything fits a string: numbers as Spark writes them, nested values too" {
	printf '{"a":%s}\n' '"x\u00e9\/"' 12 1.50 1e3 true '[1, {"b" : 2.0}]' \
		"'it\\'s \"x\"'" 12345678.90 1e400 -Infinity '[NaN]' \
		'"a\ud800b\ud83d\ude00"' >in
	parse-json -s 'a string' <in >out
	is out <<-'E'
	{"a":"x\u00e9\/"}
	{"a":"12"}
	{"a":"1.5"}
	{"a":"1000.0"}
	{"a":"true"}
	{"a":"[1,{\"b\":2.0}]"}
	{"a":"it's \"x\""}
	{"a":"1.23456789E7"}
	{"a":"\"Infinity\""}
	{"a":"\"-Infinity\""}
	{"a":"[\"NaN\"]"}
	{"a":"a?b\ud83d\ude00"}
	E
}

@test "a bad element nulls arrays and maps up to the nearest struct" {
	printf '%s\n' '{"s":{"a":[1,"x"],"b":1}}' \
		'{"s":{"a":[1],"m":{"k":[{"c":"x"},{"c":"2016-07-26"}]}}}' \
		'{"s":{"m":{"k":[5]},"b":2}}' >in
	parse-json -s 's struct<a:array<int>,b:int,
		m:map<string,array<struct<c:date>>>>' <in >out 2>err
	is out <<-'E'
	{"s":{"a":null,"b":1,"m":null}}
	{"s":{"a":[1],"b":null,"m":{"k":[{"c":null},{"c":"2016-07-26"}]}}}
	{"s":{"a":null,"b":2,"m":null}}
	E
}

@test "a line of invalid UTF-8 is malformed and kept with U+FFFD" {
	printf '{"a":"x","b":"\xff"}\n' |
		parse-json -s 'a string, b string, _corrupt_record string' \
			>out 2>err
	is out <<-'E'
	{"a":null,"b":null,"_corrupt_record":"{\"a\":\"x\",\"b\":\"�\"}"}
	E
}

@test "objects may be nested 1000 deep" {
	python='import sys; n = int(sys.argv[1])
print("{\"zz\":" + "[" * n + "]" * n + ",\"a\":1}")'
	if command -v python3 >/dev/null; then
		python3 -c "$python" 999 >in
		python3 -c "$python" 1000 >>in
		python3 -c "$python" 100000 >>in
	else
		skip "no python3 to write it with"
	fi
	parse-json -s 'a int' <in >out 2>err
	is out <<-'E'
	{"a":1}
	{"a":null}
	{"a":null}
	E
}

@test "--schema-file takes DDL or Spark's JSON form" {
	printf 'a int,\n  b string\n' >ddl
	echo '{"type":"struct","fields":[{"name":"a","type":"integer"},
		{"name":"b","type":"string","nullable":true}]}' >json
	echo '{"b":"x","a":1}' >in
	parse-json --schema-file ddl <in >out
	parse-json --schema-file json <in >>out
	is out <<-'E'
	{"a":1,"b":"x"}
	{"a":1,"b":"x"}
	E
}

@test "a schema that cannot be read is shown with a caret at the place" {
	run -2 parse-json --schema 'time timestmp, action string' </dev/null
	[ "$output" = "parse-json: schema: no type 'timestmp' (did you mean 'timestamp'?)
  time timestmp, action string
       ^" ]
}

@test "--field parses a text field of a record; --keep adds to the record" {
	echo '{"key":7,"value":"{\"a\":1,\"key\":8}"}' >in
	parse-json --field value -s 'a int, b int' <in >out
	parse-json --field value --keep -s 'a int, b int' <in >>out
	parse-json --field value --keep -s 'a int, key int' <in >>out
	parse-json --field value <in >>out
	parse-json --field value --keep <in >>out
	is out <<-'E'
	{"a":1,"b":null}
	{"key":7,"value":"{\"a\":1,\"key\":8}","a":1,"b":null}
	{"key":8,"value":"{\"a\":1,\"key\":8}","a":1}
	{"a":1,"key":8}
	{"key":8,"value":"{\"a\":1,\"key\":8}","a":1}
	E
}

@test "--field of null or nothing gives nulls" {
	printf '%s\n' '{"v":null}' '{}' '{"v":""}' '{"v":{"a":2}}' '{"v":5}' >in
	parse-json --field v -s 'a int' <in >out 2>err
	is out <<-'E'
	{"a":null}
	{"a":null}
	{"a":null}
	{"a":2}
	{"a":null}
	E
	[ "$(wc -l <err)" -eq 2 ]
}

@test "without a schema objects pass byte for byte" {
	printf '%s\n' '{ "a" : 1.0e+3, "a":"\u0000\/" }' '' '{}' >in
	parse-json <in >out
	is out <<-'E'
	{ "a" : 1.0e+3, "a":"\u0000\/" }
	{}
	E
}

@test "without a schema anything else is an error that names the line" {
	printf '%s\n' '{"a":1}' "{'a':1}" >in
	run -1 --separate-stderr parse-json <in
	[ "$output" = '{"a":1}' ]
	[[ $stderr == "parse-json: line 2: invalid JSON: "* ]]
	for bad in '[1]' '17' '{"a":1} x' '{"a":NaN}' '{"a":01}' '{a:1}'; do
		run -1 parse-json <<<"$bad"
	done
}

@test "the fields and types are told to what follows" {
	echo '{"t":1,"x":2}' >in
	parse-json -s 't timestamp(ms), x double' --batch 1 <in >out
	run -0 jq -r 'select(."#bief".stream) | ."#bief" | tojson' out
	[[ $output == *'t timestamp, x double'* ]]
}

@test "--infer prints the DDL of a sample" {
	printf '%s\n' '{"i":1,"d":1,"s":"x","t":"2021-04-27T22:23:25.7"}' '' \
		'{"i":null,"d":1.5,"n":{"a b":[]},"t":"2021-04-27"}' 'junk' \
		'{"s":5,"b":true,"n":{"c":{"x":1}},"day":"2016-07-26"}' >in
	run -0 --separate-stderr parse-json --infer in
	[ "$output" = 'i bigint, d double, s string, t timestamp, n struct<`a b`:array<string>,c:struct<x:bigint>>, b boolean, day date' ]
	[ "$stderr" = "parse-json: 1 lines of 'in' are no JSON objects" ]
	run -1 parse-json --infer nowhere
	[[ $output == *"cannot open 'nowhere': No such file or directory" ]]
}

@test "the 318 documents of JSONTestSuite are taken or refused as they must be" {
	shared
	local f want
	for f in "$SHARED"/data/jsontest/test_parsing/[yn]_*.json; do
		case $(tr -d ' \t\r\n' <"$f" | head -c 1 | tr '\0' .) in
		'{') tr '\n' ' ' <"$f" >in ;;
		*) { printf '{"v":'; cat "$f"; printf '}'; } >in ;;
		esac
		case ${f##*/} in
		y_*) tr '\n' ' ' <in >line; want=0 ;;
		n_*) cp in line; want=1 ;;
		esac
		echo >>line
		run -$want parse-json <line
		[ $want -eq 1 ] || diff line <(parse-json <line)
	done
}

@test "21,232 numbers come out as they went in" {
	shared
	cat "$SHARED"/data/jsontest/numbers/*.txt | awk '{ print $4 }' >numbers
	[ "$(wc -l <numbers)" -eq 21232 ]
	sed 's/.*/{"v":&}/' numbers >in
	grep -E '^\{"v":-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\}$' in \
		>want
	parse-json --on-error skip <in >out 2>err
	diff want out
	[ "$(wc -l <want)" -eq $((21232 - 114)) ]
}

@test "--allow takes comments, names without quotes, leading zeros, escapes and control characters" {
	printf '%s\n' '{/* x */ a /**/ : /* y */ -0018, "d": 007.50 /* z */ }' \
		'{"s":"\$10 \é \"","a":1}' $'{"s":"a\x01b"}' '{"d":-00.5}' \
		'{"a":1' '{"a":2} // rest' >in
	parse-json -s 'a int, d double, s string' \
		--allow comments,bare-names,leading-zeros \
		--allow any-escape,control-characters <in >out 2>err
	is out <<-'E'
	{"a":-18,"d":7.5,"s":null}
	{"a":1,"d":null,"s":"$10 é \""}
	{"a":null,"d":null,"s":"a\u0001b"}
	{"a":null,"d":-0.5,"s":null}
	{"a":null,"d":null,"s":null}
	{"a":2,"d":null,"s":null}
	E
	grep -q '^parse-json: 1 record refused, kept$' err
	parse-json -s 'a int, d double, s string' <in >out 2>err
	[ "$(grep -c '^{"a":null,"d":null,"s":null}$' out)" -eq 5 ]
}

@test "--deny refuses single quotes, NaN and infinities" {
	printf '%s\n' "{'a':1}" '{"a":1,"d":NaN}' '{"a":1,"d":"Infinity"}' \
		'{"a":1,"d":2.0}' >in
	parse-json -s 'a int, d double' --deny single-quotes,not-a-number \
		<in >out 2>err
	is out <<-'E'
	{"a":null,"d":null}
	{"a":null,"d":null}
	{"a":1,"d":null}
	{"a":1,"d":2.0}
	E
	run -2 parse-json -s 'a int' --deny quotes <in
	[ "$output" = "parse-json: --deny does not know 'quotes': see --help" ]
	run -2 parse-json --allow comments <in
}

@test "--date-format is the form of dates, and no other is taken" {
	printf '%s\n' '{"d":"26/08/2015"}' '{"d":"2015-08-26"}' '{"d":"12"}' >in
	parse-json -s 'd date' --date-format dd/MM/yyyy <in >out 2>err
	is out <<-'E'
	{"d":"2015-08-26"}
	{"d":null}
	{"d":null}
	E
}

@test "commas part the thousands of a decimal in text" {
	printf '%s\n' '{"d":"1,000.001"}' '{"d":","}' >in
	parse-json -s 'd decimal(10,5)' <in >out 2>err
	is out <<-'E'
	{"d":1000.00100}
	{"d":null}
	E
}

@test "--infer keeps the digits of large integers, and fields without a name" {
	printf '%s\n' '{"":1,"n":18446744073709551615}' '{"n":1,"m":9223372036854775808}' \
		'{"o":{"":2},"f":9223372036854775808}' '{"f":1.5}' >in
	parse-json --infer in >schema
	is schema <<<'`` bigint, n decimal(20,0), m decimal(19,0), o struct<``:bigint>, f double'
	parse-json -s "$(cat schema)" --on-error fail <in | head -1 >out
	is out <<<'{"":1,"n":18446744073709551615,"m":null,"o":null,"f":null}'
}

@test "a compressed file is read like any other, by every program that takes files" {
	seq 1 3 | sed 's/.*/{"a":&}/' > f
	gzip -k f
	zstd -q f
	cp f.gz named
	for z in f.gz f.zst named; do
		parse-json $z f > out
		cat f f | cmp - out
		[ "$(parse-json --infer $z)" = "$(parse-json --infer f)" ]
		[ "$(parse-text $z)" = "$(parse-text f)" ]
		[ "$(parse-csv --header $z)" = "$(parse-csv --header f)" ]
		union $z f > out
		cat f f | sort | cmp - <(sort out)
		join-stream $z f --on a > out
		join-stream f f --on a | cmp - out
		join-static $z --on a < f > out
		join-static f --on a < f | cmp - out
	done
	head -c 20 f.gz > cut.gz
	run -1 parse-json cut.gz
	[ "$output" = "parse-json: 'cut.gz': the compressed data end too early" ]
	run -1 parse-json --infer cut.gz
	[ "$output" = "parse-json: 'cut.gz': the compressed data end too early" ]
	run -1 union f cut.gz
	[[ $output = *"union: cut.gz: the compressed data end too early"* ]]
}

@test "--array makes a record of each object of an array" {
	printf '[{"a":1},{"a":2,"b":[{"c":"]"}]}]\n[]\n{"a":3}\n\n [ ]\n' >in
	parse-json --array <in >out
	is out <<'END'
{"a":1}
{"a":2,"b":[{"c":"]"}]}
{"a":3}
END
	parse-json --array -s 'a int, b string' <in >out
	is out <<'END'
{"a":1,"b":null}
{"a":2,"b":"[{\"c\":\"]\"}]"}
{"a":3,"b":null}
END
	bief run "parse-json --array -s 'a int, b string' | derive c=1 | filter .c" <in |
		jq -c .a | paste -sd, >out
	is out <<<1,2,3
	run -0 parse-json --array --infer in
	[ "$output" = 'a bigint, b array<struct<c:string>>' ]
}

@test "--array takes an array over lines, as sqlite3 prints it" {
	sqlite3 -json t.db 'select 1 a union select 2 union select 3' |
		parse-json --array >out
	is out < <(printf '{"a":%d}\n' 1 2 3)
	printf '[\n {"a":1},\n {"a":2}\n]\n' | parse-json --array -s 'a int' >out
	is out < <(printf '{"a":%d}\n' 1 2)
}

@test "--array with --field takes the field apart, and keeps the others" {
	echo '{"id":7,"items":[{"a":1},{"a":2}]}' >in
	parse-json --field items --array --keep -s 'a int' <in >out
	is out <<'END'
{"id":7,"items":[{"a":1},{"a":2}],"a":1}
{"id":7,"items":[{"a":1},{"a":2}],"a":2}
END
	parse-json --field items --array --keep <in | derive b=.a | jq -c '[.a,.b]' |
		paste -sd, >out
	is out <<<'[1,1],[2,2]'
}

@test "what is no object in an array is malformed, and the others are read" {
	printf '[{"a":1},2,{"a":3}]\n[{"a":4},{"a":]\n[{"a":5}] x\n[{"a":6} {"a":7}]\n' >in
	parse-json --array -s 'a int' --corrupt-field bad <in >out 2>err
	is out <<'END'
{"a":1,"bad":null}
{"a":null,"bad":"2"}
{"a":3,"bad":null}
{"a":4,"bad":null}
{"a":null,"bad":"{\"a\":]"}
{"a":5,"bad":null}
{"a":null,"bad":"x"}
{"a":6,"bad":null}
{"a":null,"bad":"{\"a\":7}]"}
END
	parse-json --array --on-error skip --rejects no <in 2>err |
		jq .a | paste -sd, >out
	is out <<<1,3,4,5,6
	jq -c .text no >out 2>/dev/null || cat no >out
	[ "$(wc -l <out)" -eq 4 ]
	run -1 parse-json --array in
	[[ "$output" == *'parse-json: line 1: an element of the array is no object'* ]]
	run -1 bash -c "echo '[{\"a\":1}]' | parse-json"
	[[ "$output" == *"it is an array (parse-json --array makes records of one)"* ]]
}

@test "objects within are the same whatever the order of their keys" {
	schema='a struct<x: bigint, y: string, z: struct<k: double, l: boolean>>,
		n bigint, m map<string,bigint>'
	cat >in <<'EOF'
{"a":{"x":1,"y":"u","z":{"k":1.50,"l":true}},"n":1}
{"a":{"x":2,"o":[{"x":9}],"y":"v","z":{"k":2,"l":false,"p":"q\\"}},"n":2}
{"a":{"x":3,"z":{"l":true}},"n":3}
{"a":{"y":"w","x":4},"n":4}
{"a":{"x":5,"x":6,"y":"first","y":"last"},"n":5}
{"a":{"x":7,"y":8,"z":{}},"n":6}
{"a":{ "x" : 8 , "y" : "\u0041\"" , "z" : null },"n":7}
{"a":{},"n":8,"m":{"b":1,"b":2}}
{"a":null,"n":9}
{"a":{"x":10,"y":"é","z":{"l":false,"k":3e2}},"n":10}
EOF
	cat >expected <<'EOF'
{"a":{"x":1,"y":"u","z":{"k":1.5,"l":true}},"n":1,"m":null}
{"a":{"x":2,"y":"v","z":{"k":2.0,"l":false}},"n":2,"m":null}
{"a":{"x":3,"y":null,"z":{"k":null,"l":true}},"n":3,"m":null}
{"a":{"x":4,"y":"w","z":null},"n":4,"m":null}
{"a":{"x":6,"y":"last","z":null},"n":5,"m":null}
{"a":{"x":7,"y":"8","z":{"k":null,"l":null}},"n":6,"m":null}
{"a":{"x":8,"y":"\u0041\"","z":null},"n":7,"m":null}
{"a":{"x":null,"y":null,"z":null},"n":8,"m":{"b":1,"b":2}}
{"a":null,"n":9,"m":null}
{"a":{"x":10,"y":"é","z":{"k":300.0,"l":false}},"n":10,"m":null}
EOF
	parse-json --schema "$schema" in >out
	is out <expected
	# Each alone, and many of the usual kind in between.
	while read -r line; do
		echo "$line" | parse-json --schema "$schema"
	done <in >out
	is out <expected
	for i in {1..100}; do head -1 in; cat in; done >many
	parse-json --schema "$schema" many >out
	for i in {1..100}; do head -1 expected; cat expected; done | is out
}

@test "what does not fit within an object is told, and the rest is kept" {
	schema='a struct<x: bigint, y: struct<z: bigint>>, n bigint'
	printf '%s\n' '{"a":{"x":1,"y":{"z":1}},"n":1}' \
		'{"a":{"x":"no","y":{"z":2}},"n":2}' \
		'{"a":{"x":3,"y":{"z":"no"}},"n":3}' '{"a":{"x":4,"y":5' >in
	run parse-json --schema "$schema" --on-error keep in
	echo "$output" >out
	is out <<-'EOF'
	parse-json: line 2: field 'a' holds no bigint: "no"
	parse-json: line 3: field 'a' holds no bigint: "no"
	parse-json: line 4: it ends too early at byte 18
	{"a":{"x":1,"y":{"z":1}},"n":1}
	{"a":{"x":null,"y":{"z":2}},"n":2}
	{"a":{"x":3,"y":{"z":null}},"n":3}
	{"a":null,"n":null}
	parse-json: 3 records refused, kept
	EOF
}

# Lines of which some are malformed, blank, without a field or with text that is not
# their own, two kinds of times among them.
some_lines() {
	awk 'BEGIN {
		for (i = 0; i < 3000; i++) {
			time = i % 7 == 3 ? sprintf("\"2026-01-01T%02d:00:00Z\"", i % 24) : 1767225600 + 40 * i
			s = i % 11 == 5 ? "caf\\u00e9 \\\"" i % 4 "\\\"" : "w" i % 90
			if (i % 41 == 7) print "{\"time\":" time ",\"s\":\"" s "\",\"x\":no}"
			else if (i % 53 == 2) print ""
			else if (i % 29 == 1) print "{\"s\":\"" s "\",\"x\":null}"
			else if (i % 13 == 4) print "{\"x\":" i / 8 ",\"x\":\"y\",\"time\":" time "}\r"
			else print "{\"time\":" time ",\"s\":\"" s "\",\"x\":" i / 16 "}"
		}
	}'
}

@test "many lines at once give what one by one gives, with the same messages" {
	some_lines >in
	parse="parse-json --schema 'time timestamp, s string, x double' --on-error skip"
	for rest in "window --on time --size 1h | agg --by s count avg:x max:x" \
		"window --on time --size 1h --slide 25m | agg --by s count avg:x" \
		"drop-null | agg --by s count sum:x" "agg count avg:x" \
		"drop-null --how all x s | pick s,x"; do
		BIEF_FUSE=0 bash -c "$parse <in | $rest" >want 2>want.err
		for n in 1 2 7; do
			bief run --threads $n "stream-files in | $parse | $rest" >out 2>err
			cmp want out
			cmp <(sort want.err) <(sort err)
		done
	done
}

# Nested records, of which some do not fit, some in ways of their own.
nested_lines() {
	awk 'BEGIN {
		for (i = 0; i < 2000; i++) {
			name = i % 17 == 3 ? i : "\"n" i % 40 (i % 9 == 2 ? "\\u0041" : "") "\""
			id = i % 31 == 5 ? "\"x\"" : i % 19 == 4 ? "1.5" : i
			who = i % 23 == 6 ? "[]" : "{\"id\":" id ",\"name\":" name ",\"more\":{\"name\":1}}"
			if (i % 13 == 1) who = "{\"name\":" name ", \"id\":" id "}"
			if (i % 37 == 7) who = who ",\"who\":{\"name\":\"last\"}"
			e = "{\"sha\":\"" i "\",\"who\":" who ",\"n\":" i % 5 "}"
			l = i % 29 == 8 ? "null" : i % 7 == 0 ? "[]" : "[" e "," (i % 41 == 9 ? "7" : e) "]"
			print "{\"id\":" id ",\"by\":" who ",\"p\":{\"size\":" i % 3 ",\"l\":" l "},\"m\":{\"k" i % 3 "\":" who "}" (i % 43 == 11 ? "" : "}")
		}
	}'
}

@test "what nobody behind looks at is read all the same, and refused as ever" {
	nested_lines >in
	who='struct<id: int, name: string>'
	parse="parse-json --schema 'id string, by $who, p struct<size: int, l: array<struct<sha: string, who: $who, n: int>>>, m map<string, $who>'"
	for rest in "explode p.l --as c | agg --by c.who.name count max:p.size" \
		"explode p.l --as c | agg --by c.who count" \
		"explode P.L --as E --keep | agg --by e.N count last:P.l" \
		"explode p.l --as c --outer | agg --by c count" \
		"explode p.l --as c | agg --by 'p.l[0].who.name',m.k1.id count" \
		"agg --by BY.name count count:m.k0 first:p" "agg count" \
		"explode p.l --as by | agg --by by.sha,by.who.id count" \
		"explode p.l --as c | pick c.who.name,by.id | agg --by name count max:id" \
		"drop-null by.id | explode p.l --as c | pick c.who.name,m" \
		"dedup --by p.l | pick id,n=p.size" \
		"agg --by by.name count --rejects rejected"; do
		for mode in keep skip; do
			BIEF_FUSE=0 bash -c "$parse --on-error $mode in | cat | $rest" >want 2>want.err
			for n in 1 2; do
				bief run --threads $n "$parse --on-error $mode in | $rest" >out 2>err
				cmp want out
				cmp <(sort want.err) <(sort err)
			done
		done
	done
}
