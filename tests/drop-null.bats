#!/usr/bin/env bats
load lib

setup() {
	cat > "$BATS_TEST_TMPDIR/in" <<-'END'
	{"a":1,"b":2.0,"c":"x"}
	{"a":null,"b":1.5,"c":"y"}
	{"a":1,"b":"NaN","c":"z"}
	{"a":null,"b":null,"c":""}
	{"a":null,"b":null,"c":null}
	{"a":5,"c":"w"}
	END
	cd "$BATS_TEST_TMPDIR"
}

@test "a record is dropped when any field is null or NaN" {
	run drop-null < in
	[ "$status" -eq 0 ]
	[ "$output" = '{"a":1,"b":2.0,"c":"x"}
{"a":5,"c":"w"}' ]
}

@test "named fields count alone, and one that is absent is missing" {
	run drop-null a,b < in
	[ "$output" = '{"a":1,"b":2.0,"c":"x"}' ]
	run drop-null c < in
	[ "${#lines[@]}" -eq 5 ]
}

@test "an empty string is not missing" {
	run drop-null c < in
	[ "${lines[3]}" = '{"a":null,"b":null,"c":""}' ]
}

@test "--how all drops a record when all fields are missing" {
	run drop-null --how all < in
	[ "${#lines[@]}" -eq 5 ]
	run drop-null --how all a b < in
	[ "${#lines[@]}" -eq 4 ]
}

@test "records that stay keep their bytes" {
	run drop-null <<< ' {"a" : 1.50, "b":[ 1 ] } '
	[ "$output" = ' {"a" : 1.50, "b":[ 1 ] } ' ]
}

@test "a path may be named" {
	run drop-null m.x <<< '{"m":{"x":null}}
{"m":{"x":0}}
{"m":1}'
	[ "$output" = '{"m":{"x":0}}' ]
}

@test "where the fields are known a string may be NaN" {
	printf '{"s":"NaN"}\n{"s":null}\n' > in
	run bief run "stream-files --trigger once in |
		parse-json --schema 's string' | drop-null --plain"
	[ "$status" -eq 0 ]
	[ "$output" = '{"s":"NaN"}' ]
}

@test "a word for --how that is none is refused" {
	run drop-null --how some < in
	[ "$status" -eq 2 ]
}

@test "of two fields of one name the last counts" {
	printf '{"a":null,"a":1}\n{"a":1,"a":null}\n' | drop-null >out
	is out <<<'{"a":null,"a":1}'
}
