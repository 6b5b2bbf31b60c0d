#!/usr/bin/env bats
load lib

@test "the named fields come out in the order in which they are named" {
	run pick c a <<< '{"a":1,"b":2,"c":"x"}'
	[ "$status" -eq 0 ]
	[ "$output" = '{"c":"x","a":1}' ]
}

@test "commas part fields too" {
	run pick a,c b <<< '{"a":1,"b":2,"c":3}'
	[ "$output" = '{"a":1,"c":3,"b":2}' ]
}

@test "NEW=OLD renames a field" {
	run pick x=a,y=b <<< '{"a":1,"b":2}'
	[ "$output" = '{"x":1,"y":2}' ]
}

@test "a missing field comes out as null" {
	run --separate-stderr pick a z <<< '{"a":1}'
	[ "$output" = '{"a":1,"z":null}' ]
}

@test "a path comes out under its last step" {
	run pick meta.domain .meta.l[1].x last=meta.l[-1] no=meta.l[7] <<< \
		'{"meta":{"domain":"fr","l":[0,{"x":[2, 3]}]}}'
	[ "$output" = '{"domain":"fr","x":[2, 3],"last":{"x":[2, 3]},"no":null}' ]
}

@test "a field of exactly the whole name comes before the path" {
	run pick a.b <<< '{"a":{"b":1},"a.b":2}
{"a":{"b":1}}'
	[ "${lines[0]}" = '{"a.b":2}' ]
	[ "${lines[1]}" = '{"b":1}' ]
}

@test "values keep their spelling" {
	line='{"i":1584786731698422519,"d":1.50,"e":1E5,"s":"\u00e9\/"}'
	run pick i,d,e,s <<< "$line"
	[ "$output" = "$line" ]
}

@test "of a name that stands twice the last one counts" {
	run pick a <<< '{"a":1,"a":2}'
	[ "$output" = '{"a":2}' ]
}

@test "--except keeps none of several of that name, however it is spelled" {
	printf '%s\n' '{"a":1,"b":2,"a":3}' '{"\u0061":1,"b":2,"a":3,"c":4,"a":5}' \
		'{"b":1,"b":2}' | pick --except a >out
	is out <<-'END'
	{"b":2}
	{"b":2,"c":4}
	{"b":1,"b":2}
	END
}

@test "names that need escapes in JSON are written as they are" {
	run pick 'a"b' é <<< '{"a\"b":1,"\u00e9":2}'
	[ "$output" = '{"a\"b":1,"é":2}' ]
}

@test "two fields of one name are refused" {
	run pick a b.a <<< '{}'
	[ "$status" -eq 2 ]
	[[ "$output" == *"two fields would be called 'a'"* ]]
}

@test "without a field it is refused" {
	run pick <<< '{}'
	[ "$status" -eq 2 ]
}

@test "a field that the stream is known not to have is refused" {
	printf '{"time":1}\n' > "$BATS_TEST_TMPDIR/in"
	run bief run "stream-files --trigger once $BATS_TEST_TMPDIR/in |
		parse-json --schema 'time timestamp' | pick tim"
	[ "$status" -eq 2 ]
	[[ "$output" == *"no field 'tim'"*"time"* ]]
}

@test "the header tells the new names of what it tells of" {
	printf '%s\n' '{"#bief":{"stream":1,"fields":"t timestamp, m struct<d: int>, n double","event_time":"t","keys":["n"]}}' \
		'{"#bief":{"eof":1}}' > in
	pick at=t m.d n < in > out
	grep -q '"event_time":"at","keys":\["n"\]' out
	grep -q '"fields":"at timestamp, d int, n double"' out
}

@test "the windows stand for the event time that they were made of" {
	printf '%s\n' '{"#bief":{"stream":1}}' '{"#bief":{"eof":1}}' > in
	window --on t --size 1h --watermark 1h < in |
		pick window_start window_end a > out
	grep -q '"event_time":"window"' out
	window --on t --size 1h --watermark 1h < in | pick a > out
	run ! grep -q 'window\|event_time' out
}

@test "a key of an updating result that is not picked is missed" {
	cd "$BATS_TEST_TMPDIR"
	printf '{"a":"x"}\n' > in
	run bief run "parse-json --schema 'a string' --batch 9 |
		agg --by a --mode update count | pick count |
		sink-table --db k.db --table t" < in
	[ "$status" -eq 2 ]
	[[ "$output" == *"updated by 'a', which is not among the fields"* ]]
}

@test "a field that no record has is told" {
	echo '{"name":1}' | pick nmae >out 2>err
	is err <<<"pick: no record had a field 'nmae' (did you mean 'name'?)"
	is out <<<'{"nmae":null}'
}

@test "a field of --sql that no record has is told" {
	echo '{"name":1,"b":"x"}' > in
	pick --sql 'nmae + 1 as n, B' < in > out 2> err
	is err <<< "pick: no record had a field 'nmae' (did you mean 'name'?)"
}
