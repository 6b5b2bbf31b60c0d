#!/usr/bin/env bats
load lib

@test "null, NaN and an absent field are filled" {
	run fill-null x=0.5 <<< '{"x":null,"y":1}
{"x":"NaN"}
{"y": 2}
{"x": 3}'
	[ "$status" -eq 0 ]
	[ "$output" = '{"x":0.5,"y":1}
{"x":0.5}
{"y": 2,"x":0.5}
{"x": 3}' ]
}

@test "a value is JSON where it is JSON, else text" {
	run fill-null a=-1 b=none c='"0"' d=true e='[1, 2]' f='a"b' g= \
		<<< '{"z":0}'
	[ "$output" = '{"z":0,"a":-1,"b":"none","c":"0","d":true,"e":[1, 2],"f":"a\"b","g":""}' ]
}

@test "an empty string is not filled" {
	run fill-null s=none <<< '{"s":""}'
	[ "$output" = '{"s":""}' ]
}

@test "the name of a field may hold a dot, it is no path" {
	run fill-null a.b=1 <<< '{"a":{"b":null}}'
	[ "$output" = '{"a":{"b":null},"a.b":1}' ]
}

@test "where the types are known the value becomes one" {
	cd "$BATS_TEST_TMPDIR"
	printf '{}\n' > in
	run bief run "stream-files --trigger once in | parse-json --schema \
		'i int, d double, s string, c decimal(5,2), t timestamp' |
		fill-null i=1.7 d=0 s=0 c=1.005 't=2020-01-01 12:00:00' --plain"
	[ "$status" -eq 0 ]
	[ "$output" = '{"i":1,"d":0.0,"s":"0","c":1.01,"t":"2020-01-01T12:00:00Z"}' ]
}

@test "a value that does not fit the type is refused before data flows" {
	cd "$BATS_TEST_TMPDIR"
	printf '{}\n' > in
	run bief run "stream-files --trigger once in |
		parse-json --schema 'i int' | fill-null i=none"
	[ "$status" -eq 2 ]
	[[ "$output" == *"field 'i' is int, which 'none' is not"* ]]
}

@test "an operand without a value is refused" {
	run fill-null a <<< '{}'
	[ "$status" -eq 2 ]
	[[ "$output" == *"names no value"* ]]
}

@test "two values for one field are refused" {
	run -2 fill-null n=1 n=2 </dev/null
	[ "$output" = "fill-null: 'n' is given two values" ]
	run -2 fill-null =1 </dev/null
	[ "$output" = "fill-null: '=1' names no field: say FIELD=VALUE" ]
	run -2 pick a, </dev/null
	[ "$output" = "pick: a field's name is empty" ]
}
