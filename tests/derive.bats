#!/usr/bin/env bats
load lib

@test "a field is added at the end, the rest keeps its bytes" {
	run derive 'b=.a + 1' <<< '{ "a" : 1 , "s":"\/" }'
	[ "$status" -eq 0 ]
	[ "$output" = '{ "a" : 1 , "s":"\/" ,"b":2}' ]
}

@test "a field that is there gets its new value in its place" {
	run derive 'a=.a * 2' <<< '{"a":1,"b":2}'
	[ "$output" = '{"a":2,"b":2}' ]
}

@test "later fields see earlier ones" {
	run derive 'b=.a + 1' 'c=.b * 10' 'a="\(.c)"' <<< '{"a":1}'
	[ "$output" = '{"a":"20","b":2,"c":20}' ]
}

@test "a record comes out for each result, none for none" {
	run derive 'i=.l[]' 'j=(.i, -.i)' <<< '{"l":[1,2]}
{"l":[]}'
	[ "$output" = '{"l":[1,2],"i":1,"j":1}
{"l":[1,2],"i":1,"j":-1}
{"l":[1,2],"i":2,"j":2}
{"l":[1,2],"i":2,"j":-2}' ]
}

@test "integers stay exact, doubles show that they are" {
	run derive 'b=.a + 1' 'c=.a / 3' 'd=.x * 2' 'e=.a - .a' <<< \
		'{"a":1584786731698422519,"x":3.5}'
	[ "$output" = '{"a":1584786731698422519,"x":3.5,"b":1584786731698422520,"c":528262243899474173,"d":7.0,"e":0}' ]
}

@test "what is beyond 64 bits becomes a double" {
	run derive 'b=.a + .a' <<< '{"a":9223372036854775807}'
	[ "$output" = '{"a":9223372036854775807,"b":1.8446744073709552e+19}' ]
}

@test "arrays, objects and the record itself" {
	run derive 'l=[.a, "x"]' 'o={a, n: {k: .a}}' <<< '{"a":1}'
	[ "$output" = '{"a":1,"l":[1,"x"],"o":{"a":1,"n":{"k":1}}}' ]
	run derive 'all=.' <<< '{"a":1}'
	[ "$output" = '{"a":1,"all":{"a":1}}' ]
}

@test "a name may hold dots and need escapes" {
	run derive 'a.b=1' 'q\r=2' <<< '{}'
	[ "$output" = '{"a.b":1,"q\\r":2}' ]
}

@test "in quotes it may hold any sign, the equals sign too" {
	derive '"a=b, c"=1' ' "" = 2' '"q\"d" =3' '"x" = 1 == 1' <<<'{}' >out
	derive --sql '"p|q"=`a=b, c` + 1' <out | is <(cat <<-'END'
	{"a=b, c":1,"":2,"q\"d":3,"x":true,"p|q":2}
	END
	)
}

@test "what has no name is refused" {
	for e in '"a" == 1' '"a"' '"=1' '"a".b=1' 'a b=1' '.a=1' '.a == 1' '=1' 'a' 'length > 1'; do
		run derive "$e" <<< '{}'
		[ "$status" -eq 2 ]
		[[ "$output" == *"is not NAME=EXPR"* ]]
	done
	run derive <<< '{}'
	[ "$status" -eq 2 ]
}

@test "a wrong expression is refused with its name and a caret" {
	run derive a=1 'b=.a +' <<< '{}'
	[ "$status" -eq 2 ]
	[ "$output" = 'derive: b: expression: it ends where a value is expected
  .a +
      ^' ]
}

@test "a record on which it fails: fail, skip, null" {
	printf '{"a":"x"}\n{"a":1}\n' > in
	run derive 'b=.a + 1' 'c=2' < in
	[ "$status" -eq 1 ]
	[[ "$output" == 'derive: line 1: b: string ("x") and number (1) cannot be added'* ]]
	derive --on-error skip 'b=.a + 1' 'c=2' < in > out 2> err
	is out <<< '{"a":1,"b":2,"c":2}'
	derive --on-error keep 'b=.a + 1' 'c=2' < in > out 2> err
	is out <<< '{"a":"x","b":null,"c":2}
{"a":1,"b":2,"c":2}'
}

@test "types are known downstream, and so are new fields" {
	printf '{"a":1}\n' > in
	run bief run "stream-files --trigger once . |
		parse-json --schema 'a long' | derive 'b=.a + 1' 's=\"x\"' |
		filter '.bb > 1'"
	[ "$status" -eq 2 ]
	[[ "$output" == *"no field 'bb' (did you mean 'b'?)"* ]]
}

@test "dates go both ways" {
	run derive 's=.t | fromdate' 'd=.s | todate' \
		'h=.s | strftime("%H:%M")' 'y=.t | strptime("%Y-%m-%dT%H:%M:%SZ") | mktime' \
		<<< '{"t":"2015-03-05T23:51:47Z"}'
	[ "$output" = '{"t":"2015-03-05T23:51:47Z","s":1425599507,"d":"2015-03-05T23:51:47Z","h":"23:51","y":1425599507}' ]
}

@test "a chain in one process gives the same bytes as pipes" {
	printf '{"a":1.50,"t":"2020-01-01T00:00:00Z"}\n{"a":"NaN","t":null}\n' > in
	p1="derive 's=\"\\(.a)\"' 'k=.a == \"NaN\"'"
	eval "derive 'x=.t' < in | $p1" > pipes
	bief run "derive 'x=.t' | $p1" < in > chain
	cmp pipes chain
}

@test "what is not known of a type passes to every program by the header" {
	local f n=0
	printf '{"value":"a b","z":1}\n' > static.jsonl
	printf '{"value":"a b","t":1}\n' > right
	printf 'a b\nc\n' > in
	derived="parse-text --batch 10 | derive 'len=.value|length' 'l=[.value]' 'o={x:1}' \
'q=.value // 7' 'w=.value|split(\" \")' 's=def f: .value; f'"
	eval "$derived" < in > pipe
	head -1 pipe > out
	is out <<'END'
{"#bief":{"stream":1,"fields":"value string, len unknown, l unknown, o unknown, q unknown, w unknown, s unknown"}}
END
	while read -r f; do
		eval "$f" < pipe > pipes || { echo "$f"; return 1; }
		bief run "$derived | $f" < in > chain
		diff -u <(grep -v '"#bief":{"begin"' pipes) <(grep -v '"#bief":{"begin"' chain) || {
			echo "$f"
			return 1
		}
		n=$((n + 1))
	done <<'END'
agg --plain stats:len
agg --plain --by w count
dedup --by l
derive 'a=.len + 1' 'b=.w[0]'
derive --sql 'a = len + 1'
drop-null len
explode w
fill-null q=1
filter '.len > 1'
filter --sql 'len > 1'
join-static static.jsonl --on value
join-stream - <(parse-text --batch 10 < in) --on value
agg --mode complete --by q max:len | order --by "-max(len)"
parse-json -s 'value string'
pick value,len,w
pick --sql 'w[0] as f, o.x as x'
agg --mode complete --by value,q max:len | pivot --rows value --cols q --value 'max(len)'
sink-table
take 1
union - <(parse-text --batch 10 < in)
thru --plain cat
derive 'q="2026-01-01T00:00:00Z" | [.] | .[0]' | watermark --on q --delay 1s
derive 'q="2026-01-01T00:00:00Z" | [.] | .[0]' | window --on q --size 1h
END
	[ "$n" -gt 20 ]
}

@test "a field that no record had is told, but for those that were made before" {
	printf '{"alt":1,"type":"x"}\n' > in
	derive 'a=.alt' 'b=.a + .alt' 'c=if .alt < 5 then "low" else .tpye end' 'd.e=1' < in > out 2> err
	is err <<< "derive: no record had a field 'tpye' (did you mean 'type'?)"
	derive --sql 'a = alt' 'b = A + tpye' < in > out 2> err
	is err <<< "derive: no record had a field 'tpye' (did you mean 'type'?)"
}
