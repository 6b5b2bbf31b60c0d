#!/usr/bin/env bats
# order: the records of a result, sorted.

load lib

@test "records are sorted by a field, downwards with a dash" {
	printf '{"n":%d}\n' 7 -3 12 >in
	order --by n <in >out
	is out < <(printf '{"n":%d}\n' -3 7 12)
	order --by -n <in >out
	is out < <(printf '{"n":%d}\n' 12 7 -3)
}

@test "equal ones are sorted by the next field, then stay in the order of the input" {
	printf '{"a":%d,"b":"%s","i":%d}\n' 2 x 1 1 y 2 1 x 3 2 x 4 >in
	order --by a,b <in >out
	is out < <(printf '{"a":%d,"b":"%s","i":%d}\n' 1 x 3 1 y 2 2 x 1 2 x 4)
	order --by a --by -b <in >out
	is out < <(printf '{"a":%d,"b":"%s","i":%d}\n' 1 y 2 1 x 3 2 x 1 2 x 4)
}

@test "types are ordered: null, boolean, number, time, text, array, object" {
	printf '{"v":%s}\n' '{"a":1}' '[1]' '"b"' '"2016-07-26T02:45:07Z"' 1.5 \
		true null >in
	echo '{}' >>in
	order --by v <in >out
	is out < <(printf '{"v":null}\n{}\n{"v":true}\n{"v":1.5}\n'
		printf '{"v":%s}\n' '"2016-07-26T02:45:07Z"' '"b"' '[1]' '{"a":1}')
}

@test "numbers are compared exactly, across spellings, NaN above all" {
	printf '{"v":%s}\n' '"NaN"' 9007199254740993 9007199254740992.0 1e3 999 |
		order --by v >out
	is out < <(printf '{"v":%s}\n' 999 1e3 9007199254740992.0 \
		9007199254740993 '"NaN"')
}

@test "times are compared as times" {
	printf '{"t":"%s"}\n' 2026-11-21T08:00:00.5Z 2026-11-21T08:00:00Z |
		order --by t >out
	is out < <(printf '{"t":"%s"}\n' 2026-11-21T08:00:00Z 2026-11-21T08:00:00.5Z)
}

@test "nested fields are named by their path" {
	printf '{"m":{"k":%d}}\n' 2 1 | order --by m.k >out
	is out < <(printf '{"m":{"k":%d}}\n' 1 2)
}

@test "records pass byte for byte" {
	printf '{ "n" : 2 }\n{"n":1.0, "x":"\\u0041"}\n' | order --by n >out
	is out < <(printf '{"n":1.0, "x":"\\u0041"}\n{ "n" : 2 }\n')
}

@test "--limit gives the first ones only, of many too" {
	seq 5000 -1 1 | sed 's/.*/{"n":&}/' >in
	order --by n --limit 3 <in >out
	is out < <(printf '{"n":%d}\n' 1 2 3)
	order --by n --limit 0 <in >out
	[ ! -s out ]
}

@test "each batch of a complete result is sorted by itself" {
	printf '{"k":"%s"}\n' a b b a a | agg --batch 3 --mode complete --by k count |
		order --by -count --plain >out
	is out <<-'E'
	{"k":"b","count":2}
	{"k":"a","count":1}
	{"k":"a","count":3}
	{"k":"b","count":2}
	E
}

@test "a stream that is no complete result is refused" {
	echo '{"n":1}' >in
	run -2 order --by n --batch 1 <in
	[[ "$output" == "order: a stream has no last record"*"--mode complete"* ]]
}

@test "without --by, or by a field that is known not to exist, it is refused" {
	run -2 order </dev/null
	[ "$output" = "order: by what? --by FIELD, --by -FIELD for descending" ]
	printf '{"n":1}\n' | parse-json --batch 1 --schema 'n int' |
		agg --mode complete --by n count >in
	run -2 order --by m <in
	[[ "$output" == "order: no field 'm'"* ]]
}

@test "--max-state bounds the records that are gathered" {
	seq 20000 | sed 's/.*/{"a":&}/' >in
	run -1 order --by a --max-state 100K <in
	[ "$output" = "order: what it keeps has reached the limit of 102400 bytes: raise --max-state" ]
	order --by -a --limit 1 --max-state 1M <in >out
	is out <<<'{"a":20000}'
}
