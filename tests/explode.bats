#!/usr/bin/env bats
load lib

@test "each element of an array makes a record and takes the field's place" {
	run explode l <<< '{"a":1,"l":[1, "x" ,{"y":[2, 3]},null],"b":2}'
	[ "$status" -eq 0 ]
	[ "$output" = '{"a":1,"l":1,"b":2}
{"a":1,"l":"x","b":2}
{"a":1,"l":{"y":[2, 3]},"b":2}
{"a":1,"l":null,"b":2}' ]
}

@test "--as names the element" {
	run explode l --as e <<< '{"l":[1],"b":2}'
	[ "$output" = '{"e":1,"b":2}' ]
}

@test "that name may stand in quotes, as any other" {
	explode a --as '"e, e"' <<<'{"a":[1]}' >out
	explode a --as '"x"' --keep <<<'{"a":[1]}' >>out
	explode a --as x.y <<<'{"a":[1]}' >>out
	is out <<-'END'
	{"e, e":1}
	{"a":[1],"x":1}
	{"x.y":1}
	END
}

@test "another field of the element's name gives way" {
	run explode l --as b <<< '{"a":1,"l":[1],"b":2}
{"b":2,"l":[3],"a":1}'
	[ "$output" = '{"a":1,"b":1}
{"b":3,"a":1}' ]
}

@test "so do all of them, where a record has several" {
	printf '%s\n' '{"b":1,"b":3,"a":[1,2]}' '{"b":0,"a":[3],"b":2,"c":5,"b":4}' \
		'{"a":[4],"c":1}' | explode a --as b >out
	is out <<-'END'
	{"b":1}
	{"b":2}
	{"b":3,"c":5}
	{"b":4,"c":1}
	END
}

@test "--keep keeps the field and adds the element at the end" {
	run explode l --as e --keep <<< '{"l": [1, 2], "b":2}'
	[ "$output" = '{"l": [1, 2], "b":2,"e":1}
{"l": [1, 2], "b":2,"e":2}' ]
}

@test "--keep without --as is refused" {
	run explode l --keep <<< '{"l":[1]}'
	[ "$status" -eq 2 ]
	[[ "$output" == *"--as"* ]]
}

@test "null, an absent field and an empty array give no record" {
	run explode l <<< '{"l":null}
{}
{"l":[ ]}
{"l":[7]}'
	[ "$output" = '{"l":7}' ]
}

@test "with --outer they give one with null" {
	run explode l --outer <<< '{"a":1,"l":null}
{"a":2}
{"a":3,"l":[]}
{"a":4,"l":[7]}'
	[ "$output" = '{"a":1,"l":null}
{"a":2,"l":null}
{"a":3,"l":null}
{"a":4,"l":7}' ]
}

@test "--split keeps empty parts, in front and at the end too" {
	run explode s --split ' ' <<< '{"s":" a  b "}
{"s":""}'
	[ "$output" = '{"s":""}
{"s":"a"}
{"s":""}
{"s":"b"}
{"s":""}
{"s":""}' ]
}

@test "--split parts at long separators and in long text" {
	local s=$(printf '%0150d' 0)
	run explode s --split ', ' <<< "{\"s\":\"$s, b, $s\"}"
	[ "$output" = "{\"s\":\"$s\"}
{\"s\":\"b\"}
{\"s\":\"$s\"}" ]
	run explode s --split , <<< "{\"s\":\"$s,$s,b\"}"
	[ "$output" = "{\"s\":\"$s\"}
{\"s\":\"$s\"}
{\"s\":\"b\"}" ]
}

@test "an empty separator parts text into characters" {
	run explode s --split '' <<< '{"s":"aé語"}
{"s":""}'
	[ "$output" = '{"s":"a"}
{"s":"é"}
{"s":"語"}
{"s":""}' ]
}

@test "text with escapes is taken apart by what it means" {
	run explode s --split ' ' <<< '{"s":"a\tb\u0020\"c\""}'
	[ "$output" = '{"s":"a\tb"}
{"s":"\"c\""}' ]
	run explode s --split "$(printf '\t')" <<< '{"s":"a\tb"}'
	[ "$output" = '{"s":"a"}
{"s":"b"}' ]
}

@test "--split takes a number as its text" {
	run explode n --split . <<< '{"n":12.50}
{"n":true}'
	[ "$output" = '{"n":"12"}
{"n":"50"}
{"n":"true"}' ]
}

@test "--regex parts at each match" {
	run explode s --regex "[ ']+" <<< "{\"s\":\"l'été  à\"}"
	[ "$output" = '{"s":"l"}
{"s":"été"}
{"s":"à"}' ]
}

@test "an empty match in front parts nothing" {
	run explode s --regex 'x*' <<< '{"s":"abxc"}'
	[ "$output" = '{"s":"a"}
{"s":"b"}
{"s":""}
{"s":"c"}
{"s":""}' ]
}

@test "a regular expression that is none is refused at the start" {
	run explode s --regex '(' <<< '{}'
	[ "$status" -eq 2 ]
}

@test "a regular expression cannot run for ever" {
	local s=$(printf '%060d' 0)
	run explode s --regex '(0+)+$' <<< "{\"s\":\"${s}x\"}"
	[ "$status" -eq 1 ]
}

@test "a field that is no array is an error, with its line" {
	printf '{"l":[1]}\n{"l":"a b"}\n' > "$BATS_TEST_TMPDIR/in"
	run explode l < "$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[[ "$output" == *"line 2: field 'l' is text, not an array"* ]]
	run explode l --on-error skip < "$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 0 ]
	[[ "$output" == *'{"l":1}'* ]]
	[[ "$output" != *'{"l":null}'* ]]
	run explode l --on-error keep < "$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 0 ]
	[[ "$output" == *'{"l":null}'* ]]
}

@test "the element of a path goes to the end" {
	run explode m.l --as e <<< '{"m":{"l":[1]},"a":0}'
	[ "$output" = '{"m":{"l":[1]},"a":0,"e":1}' ]
}

@test "what is known not to be an array is refused before data flows" {
	printf '{}\n' > "$BATS_TEST_TMPDIR/in"
	run bief run "stream-files --trigger once $BATS_TEST_TMPDIR/in |
		parse-json --schema 's string' | explode s"
	[ "$status" -eq 2 ]
	[[ "$output" == *"field 's' is string, not an array"* ]]
}

@test "parts of a text are counted as if they came one by one" {
	awk 'BEGIN {for (i = 0; i < 4000; i++) print "w" i % 700 " \"q\" w" i % 3 "  caf\303\251 " i}' >in
	BIEF_FUSE=0 bash -c 'parse-text <in | explode value --split " " --as w | agg --by w count' >want
	for n in 1 2 7; do
		bief run --threads $n 'parse-text in | explode value --split " " --as w | agg --by w count' >out
		cmp want out
	done
	BIEF_FUSE=0 bash -c 'parse-text <in | explode value --split " " --as w --keep | agg --by value,w count' >want
	bief run 'parse-text in | explode value --split " " --as w --keep | agg --by value,w count' >out
	cmp want out
}

@test "an array within objects is taken apart as one of its own" {
	local schema='id bigint, p struct<n: int, q: struct<l: array<string>, z: string>>'
	cat >in <<-'END'
	{"id":1,"p":{"n":1,"q":{"l":["a","]}\"{",null],"z":"x"}}}
	{"id":2,"p":{"n":1,"q":{"z":"x","l":[]}}}
	{"id":3,"p":{"n":1,"q":{"l":null}}}
	{"id":4,"p":{"n":1,"q":null}}
	{"id":5,"p":{"q":{"l":["b"]},"n":2}}
	{"id":6,"p":{"q":{"l":["c"],"l":["d","e"]}}}
	END
	parse-json --schema "$schema" <in | explode p.q.l --as e --outer |
		pick id,e >out
	parse-json <in | explode p.q.l --as e --outer | pick id,e | cmp - out
	parse-json --schema "$schema" <in | explode P.Q.L --as e --outer |
		pick id,e | cmp - out
	bief run "parse-json --schema '$schema' in | explode p.q.l --as e --outer | pick id,e" |
		cmp - out
	is out <<-'END'
	{"id":1,"e":"a"}
	{"id":1,"e":"]}\"{"}
	{"id":1,"e":null}
	{"id":2,"e":null}
	{"id":3,"e":null}
	{"id":4,"e":null}
	{"id":5,"e":"b"}
	{"id":6,"e":"d"}
	{"id":6,"e":"e"}
	END
	run -1 explode p.n --as e <in
	[[ $output == *"field 'p.n' is not an array"* ]]
}
